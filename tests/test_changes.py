"""A changed scenario takes over what it shares with the one before, and is what it would be if made from scratch."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from sim.errors import InputError
from sim.measures.metrics import rules_of
from sim.model.centre import centre_of, same
from sim.scenario.once import once
from sim.scenario.plans import apply
from sim.scenario.schema import Scenario

CONFIGS = Path(__file__).parent.parent / "configs"
NAMES = (
    "support_line",
    "valued_customers",
    "callbacks",
    "transfers",
    "chat_agents",
    "week",
    "schedule_hotline",
)
EXPONENTIAL = {"distribution": "exponential", "mean": "3 min"}
BY_CLOCK = {"distribution": "lognormal", "mean": {"10:00": "3 min", "00:00": "4 min"}, "cv": 1}
EVENTS = [
    {"at": "12:00", "for": "1 h", "volume": 1.5},
    {"at": "13:00", "for": "30 min", "agents": "50%", "lines": 9},
]
# What fits most queues, most groups, and most scenarios.
OF_QUEUE: tuple[tuple[str, Any], ...] = (
    ("arrivals.volume", 1.2), ("arrivals.daily_variation", "20%"), ("arrivals.varies_with", "rain"),
    ("arrivals", {"rate": "40 / h"}), ("talk", EXPONENTIAL), ("talk", BY_CLOCK), ("wrap.mean", {"scale": 2}),
    ("wrap", None), ("patience", None), ("patience", EXPONENTIAL), ("hours", "09:00-17:00"),
    ("backlog", {"count": 5, "age": "1 h"}), ("at_close", "carry"), ("after_hours", "waits"), ("customer_value", 9),
    ("customer_value", {"distribution": "exponential", "mean": 5}), ("service_level.within", "9 s"),
    ("service_level.clock", "open_hours"), ("callback", {"offer": "always", "accept": "40%"}), ("balks", 0.1),
    ("classes", {"vip": {"share": "10%", "head_start": "60 s", "patience": BY_CLOCK, "leaves": {"unserved": 0.1}}}),
    ("redial", {"share": "30%", "after": EXPONENTIAL}), ("redial", None), ("repeat", {"share": 0.1, "after": BY_CLOCK}),
    ("ivr", {"time": EXPONENTIAL, "self_served": 0.1}), ("head_start", {"add": "5 s"}), ("max_waiting", 30),
    ("announcement", {"leave_above": "3 min", "leaves": "30%"}), ("tells", {"share": 1, "people": 2, "put_off": 0.1}),
)  # fmt: skip
OF_GROUP: tuple[tuple[str, Any], ...] = (
    ("staffing", {"add": 1}), ("staffing", {"11:00-12:00": {"scale": 2}, "12:00-13:00": 3}), ("staffing", 4),
    ("staffing", {"scale": 0.5}), ("absence", "5%"), ("cost_per_hour", 30), ("shrinkage", 0.2),
)  # fmt: skip
OF_ALL: tuple[tuple[str, Any], ...] = (
    ("events", EVENTS), ("events", EVENTS[:1]), ("events", None), ("lines", 40), ("warm_up", "30 min"), ("seed", 7),
    ("at_close", "carry"), ("routing", "longest_wait"), ("name", "Another"), ("targets", None), ("currency", "CHF"),
    ("interval", "15 min"), ("interval", "60 min"), ("starts", "tuesday"), ("opens", "07:30"),
)  # fmt: skip
# What fits nowhere, or hardly anywhere.
ODD = (
    None, {"add": "x"}, {"add": -99}, {}, [], "x", True, {"10:00-12:00": {"add": 1}},
    {"file": "none.csv", "column": "a"},
    {"mon-fri": "08:00-18:00"}, {"08:00": 3, "12:01": 4}, {"share": "300%"}, {"nobody": {"share": 0.1}}, ["nobody"],
)  # fmt: skip
NOWHERE = (
    "queues",
    "agents",
    "queues.nobody.talk",
    "schema",
    "plans.x",
    "days",
    "closes",
    "length",
    "shift_types",
)


def nodes(document: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted path of everything that a document says of queues and groups, and what stands there."""
    for key, value in document.items() if isinstance(document, Mapping) else ():
        if above or key in ("queues", "agents"):
            yield f"{above}{key}", value
            yield from nodes(value, f"{above}{key}.")


BASES = {name: sim.load(CONFIGS / f"{name}.yaml") for name in NAMES}
FITTING = {
    name: [
        *((path, {"scale": 1.1}) for path, value in nodes(base.document) if not isinstance(value, Mapping)),
        *((f"queues.{queue}.{key}", value) for queue in base.queues for key, value in OF_QUEUE),
        *((f"agents.{group}.{key}", value) for group in base.agents for key, value in OF_GROUP),
        *OF_ALL,
    ]
    for name, base in BASES.items()
}
ANYWHERE = {name: [*(path for path, _ in FITTING[name]), *NOWHERE] for name in NAMES}


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """A scenario, and overrides to be carried out one after the other; one in eight is odd."""
    name = draw(st.sampled_from(NAMES))
    fitting = st.sampled_from(FITTING[name])
    odd = st.tuples(st.sampled_from(ANYWHERE[name]), st.sampled_from(ODD))
    one = st.one_of([fitting] * 7 + [odd])
    return name, [dict(draw(st.lists(one, min_size=1, max_size=2))) for _ in range(draw(st.integers(1, 4)))]


def from_scratch(base: Scenario, overrides: dict[str, Any]) -> Scenario:
    return Scenario(base.folder, **apply(base.document, overrides, Scenario, base.folder))


def outcome(made: Any, base: Scenario, overrides: dict[str, Any]) -> Scenario | str:
    try:
        return made(base, overrides)
    except InputError as error:
        return f"{error.path}: {error}"


def dtypes(arrays: Any) -> Any:
    return [dtypes(one) if isinstance(one, tuple) else getattr(one, "dtype", type(one)) for one in arrays]


def assert_equal(fast: Scenario, slow: Scenario) -> None:
    assert fast == slow and fast.grid == slow.grid
    assert repr(fast.document) == repr(slow.document) and repr(fast.written_out) == repr(slow.written_out)
    assert fast.sha256 == slow.sha256
    for arrays in (centre_of, rules_of):
        assert same(arrays(fast), arrays(slow)) and dtypes(arrays(fast)) == dtypes(arrays(slow))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(changes())
def test_a_changed_scenario_is_the_one_made_from_scratch_errors_included(
    drawn: tuple[str, list[dict[str, Any]]],
) -> None:
    name, steps = drawn
    fast = slow = BASES[name]
    for overrides in steps:
        before = repr((fast.document, fast.written_out))
        changed, made = outcome(Scenario.with_, fast, overrides), outcome(from_scratch, slow, overrides)
        assert repr((fast.document, fast.written_out)) == before
        if isinstance(changed, str) or isinstance(made, str):
            assert changed == made
        else:
            assert_equal(changed, made)
            fast, slow = changed, made


@pytest.mark.parametrize("name", NAMES)
def test_the_plans_of_a_file_are_the_scenarios_made_from_scratch(name: str) -> None:
    base = BASES[name]
    for plan, overrides in base.plans.items():
        assert_equal(base.under(plan), from_scratch(base, overrides))


def test_what_an_override_does_not_touch_is_the_same_object() -> None:
    base = BASES["support_line"]
    made = base.with_({"agents.front_line.staffing": {"add": 1}, "queues.billing.talk.mean": "5 min"})
    assert made.queues["support"] is base.queues["support"]
    assert made.agents["specialists"] is base.agents["specialists"]
    assert made.queues["billing"].patience is base.queues["billing"].patience
    assert made.queues["billing"].talk is not base.queues["billing"].talk


def test_plans_that_share_their_demand_share_its_arrays() -> None:
    base = BASES["support_line"]
    dealt = centre_of(base).demand
    for path, value in (("agents.front_line.staffing", {"add": 1}), ("queues.support.redial.share", "9%")):
        assert centre_of(base.with_({path: value})).demand is dealt, path
    assert centre_of(base.with_({"queues.support.arrivals.volume": 1.1})).demand is not dealt


def test_a_file_is_read_when_the_scenario_is_and_not_again_for_each_plan(tmp_path: Path) -> None:
    (tmp_path / "volumes.csv").write_text("calls\n4\n6\n")
    queues = {"q": {"arrivals": {"per_interval": {"file": "volumes.csv", "column": "calls"}},
                    "talk": {"distribution": "exponential", "mean": "3 min"}}}  # fmt: skip
    base = Scenario(tmp_path, length="1 h", queues=queues, agents={"g": {"staffing": 1, "skills": ["q"]}})
    (tmp_path / "volumes.csv").write_text("calls\n5\n7\n")
    assert base.with_({"queues.q.arrivals.volume": 2}).expected("q").tolist() == [8.0, 12.0]
    assert base.with_({"agents.g.staffing": 2}).expected("q").tolist() == [4.0, 6.0]


def test_one_part_used_twice_is_changed_in_one_place_alone() -> None:
    talk = {"distribution": "exponential", "mean": "3 min"}
    queue = {"arrivals": {"rate": "9 / h"}, "talk": talk}
    base = Scenario(
        length="1 h", queues={"a": queue, "b": queue}, agents={"g": {"staffing": 1, "skills": ["a", "b"]}}
    )
    made = base.with_({"queues.a.talk.mean": {"scale": 2}})
    assert (made.queues["a"].talk.mean, made.queues["b"].talk.mean) == (360.0, 180.0)
    talk["mean"] = "9 min"
    assert base.document["queues"]["a"]["talk"]["mean"] == "3 min"


def test_a_result_is_given_again_for_the_same_parts_only() -> None:
    asked = []

    @once(2)
    def listed(parts: Any, number: float) -> list[Any]:
        asked.append(number)
        return [parts, number]

    one, other = [1], [1]
    first = listed({"a": (one,)}, 1.0)
    assert listed({"a": (one,)}, 1.0) is first and asked == [1.0]
    assert listed({"a": (other,)}, 1.0) is not first  # equal, but not one object
    assert listed({"b": (one,)}, 1.0) is not first and listed({"a": (one,)}, 2.0) is not first
    assert asked == [1.0, 1.0, 1.0, 2.0]
