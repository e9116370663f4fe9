"""A routing rule given to `simulate` or `compare`: by name, or a function of the user's own, in both engines."""

import math
import warnings
from typing import Any

import numba
import pytest

import sim
from sim.errors import InputError
from sim.jit import disabled
from sim.reports.results import Result
from sim.scenario.schema import Scenario

ENGINES = "compiled", "reference"
QUEUE = {
    "arrivals": {"rate": "30 / h"},
    "talk": {"distribution": "exponential", "mean": "3 min"},
    "patience": {"distribution": "exponential", "mean": "5 min"},
}
BUSY = Scenario(
    closes="03:00",
    queues={"calls": QUEUE, "chat": QUEUE | {"head_start": "20 s"}},
    agents={
        "front": {"staffing": 2, "skills": {"calls": {}, "chat": {"level": 2}}},
        "back": {"staffing": 1, "skills": ["chat", "calls"]},
    },
    replications=4,
    plans={"today": {}, "more": {"agents.front.staffing": 3}},
)


def waited(group: int, queue: int, level: int, wait: float, length: int) -> float:
    return wait


@numba.njit
def longest(group: int, queue: int, level: int, wait: float, length: int) -> int:
    return length


def never_chat(group: int, queue: int, level: int, wait: float, length: int) -> float:
    return -math.inf if queue == 1 else 1.0


def no_number(group: int, queue: int, level: int, wait: float, length: int) -> float:
    return math.nan if wait > 60 else 1.0


def fails(group: int, queue: int, level: int, wait: float, length: int) -> float:
    return 1.0 / (length - length)


def figures(result: Any) -> dict[str, Any]:
    document: dict[str, Any] = result.to_dict(by_interval=True)
    document.pop("provenance")
    return document


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rule", "name"), [(waited, "weighted"), (longest, "longest_queue")])
def test_a_rule_of_ones_own_plays_as_the_named_one_that_says_the_same(
    rule: Any, name: str, engine: str
) -> None:
    own, named, usual = (sim.simulate(BUSY, engine=engine, routing=r) for r in (rule, name, None))
    assert figures(own) == figures(named) != figures(usual)


@pytest.mark.parametrize("engine", ENGINES)
def test_minus_infinity_leaves_a_contact_to_others(engine: str) -> None:
    alone = BUSY.with_({"agents.back.staffing": 0})
    records = sim.simulate(alone, engine=engine, routing=never_chat).records(0)
    assert not (records.query("queue == 'chat'").outcome == "answered").any()
    assert (records.query("queue == 'calls'").outcome == "answered").any()


def only_after_a_minute(group: int, queue: int, level: int, wait: float, length: int) -> float:
    return wait if wait >= 60 else -math.inf


@pytest.mark.parametrize("engine", ENGINES)
def test_nobody_overtakes_a_line_that_the_rule_has_left_standing(engine: str) -> None:
    patient = BUSY.with_({"queues.calls.patience": None, "queues.chat.patience": None})
    records = sim.simulate(patient, engine=engine, routing=only_after_a_minute).records(0)
    assert (records.outcome == "answered").any() and set(records.outcome) <= {"answered", "unanswered"}
    for _, queue in records[records.outcome == "answered"].groupby("queue"):
        assert queue.sort_values("joined").answered.is_monotonic_increasing


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rule", [no_number, fails])
def test_an_answer_that_is_no_number_is_one_sentence(rule: Any, engine: str) -> None:
    with pytest.raises(InputError) as caught:
        sim.simulate(BUSY, engine=engine, routing=rule)
    assert caught.value.path == "routing" and "number" in str(caught.value)


def two_arguments(group: int, queue: int) -> float:
    return 1.0


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (3, "routing: 3 is neither the name of a rule nor a function"),
        (two_arguments, "routing: a rule is a function of (group, queue, level, waited, length)"),
        ("longest_wiat", "longest_wait"),
    ],
)
def test_what_is_no_rule_is_refused_before_anything_is_played(rule: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        sim.simulate(BUSY, routing=rule)
    assert said in str(caught.value)


def nothing(group: int, queue: int, level: int, wait: float, length: int) -> Any:
    pass


def pair(group: int, queue: int, level: int, wait: float, length: int) -> Any:
    return wait, length


@numba.njit
def text(group: int, queue: int, level: int, wait: float, length: int) -> Any:
    return str(length)


def imaginary(group: int, queue: int, level: int, wait: float, length: int) -> Any:
    return complex(wait, 1)


@pytest.mark.skipif(disabled, reason="nothing is compiled")
@pytest.mark.parametrize(
    ("rule", "kind"),
    [(nothing, "none"), (pair, "Tuple(float64, int64)"), (text, "unicode_type"), (imaginary, "complex128")],
)
def test_a_rule_that_returns_no_number_is_told_to_return_one(rule: Any, kind: str) -> None:
    with pytest.raises(InputError) as caught:
        sim.simulate(BUSY, routing=rule)
    said = f"routing: the rule returns {kind}, as numba calls it, and no number; let it return one, −inf for a queue"
    assert str(caught.value).startswith(said)


def misspelt(group: int, queue: int, level: int, wait: float, length: int) -> float:
    return wiat  # type: ignore[name-defined,no-any-return]  # noqa: F821


@pytest.mark.skipif(disabled, reason="nothing is compiled")
def test_a_rule_that_numba_cannot_compile_is_said_to_be_so() -> None:
    with pytest.raises(InputError, match="routing: numba cannot compile the rule: NameError: name 'wiat'"):
        sim.simulate(BUSY, routing=misspelt)


@numba.njit
def nobody(group: int, queue: int, level: int, wait: float, length: int) -> float:
    return -math.inf


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rule_under_which_nobody_is_served_is_warned_of(engine: str) -> None:
    with pytest.warns(UserWarning, match='nobody was served under the plan "today" by'):
        sim.simulate(BUSY, engine=engine, routing=nobody)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sim.simulate(BUSY, engine=engine, routing=never_chat)


@pytest.mark.parametrize("engine", ENGINES)
def test_several_workers_route_by_it_too(engine: str) -> None:
    one, two = (sim.simulate(BUSY, engine=engine, routing=waited, jobs=jobs) for jobs in (1, 2))
    assert figures(one) == figures(two)


def test_compare_routes_every_plan_by_it() -> None:
    both = sim.compare(BUSY, routing=waited)
    for plan, result in both.results.items():
        assert result.queue() == sim.simulate(BUSY, plan, routing=waited, by_interval=False).queue()


def test_records_are_those_played_under_the_rule_and_not_to_be_had_of_a_saved_result(tmp_path: Any) -> None:
    result = sim.simulate(BUSY, routing=waited)
    assert result.records(1).equals(sim.simulate(BUSY, routing="weighted").records(1))
    result.save(tmp_path / "r.zip")
    loaded = Result.load(tmp_path / "r.zip")
    assert figures(loaded) == figures(result)
    with pytest.raises(InputError, match="routing rule of your own"):
        loaded.records(1)
