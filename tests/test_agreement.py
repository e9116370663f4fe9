"""The two engines agree to the last bit: records, agents' time and totals, on random scenarios of every kind.

The reference engine is the judge. What fails is printed as the smallest scenario that does, with the first
row that differs. `CCSIM_AGREEMENT=2000 pytest tests/test_agreement.py` tries that many fresh scenarios;
without it the same few are tried every time.
"""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from random_scenarios import Dealt, Shape, dealt_of, scenarios, shapes, smallest
from test_stories import day_of

import sim
from sim.engines import compiled, reference
from sim.errors import InputError
from sim.experiments.replicate import Totals, replicate
from sim.jit import c_function
from sim.measures.metrics import TOTALS
from sim.model.centre import OWN, centre_of
from sim.model.day import deal
from sim.model.records import AGENT_TIME, CONTACT_COLUMNS, Outcome, Records

FRESH = os.environ.get("CCSIM_AGREEMENT")
SCENARIOS = int(FRESH or 300)


def tries(scenarios_: int) -> settings:
    """So many examples, the same ones each time unless a number was asked for."""
    return settings(
        max_examples=max(scenarios_, 1),
        derandomize=FRESH is None,
        database=None,
        deadline=None,
        print_blob=False,
        phases=[Phase.explicit, Phase.generate],  # what is wrong is made smaller by `smallest`
        suppress_health_check=list(HealthCheck),
    )


# Equal to the last bit


def bits(column: np.ndarray) -> np.ndarray:
    """Integers that are equal where the values are, NaN to NaN, and nowhere else: 0.0 is not −0.0."""
    if column.dtype.kind != "f":
        return column
    return np.where(np.isnan(column), math.nan, column).view(np.int64)


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and np.array_equal(bits(one), bits(other))


def difference(judge: Records, other: Records) -> str | None:
    """The first contact, or the first of the agents' time, in which two records differ, side by side."""
    if all(same_bits(a, b) for a, b in zip(judge, other, strict=True)):
        return None
    for name in Records._fields:
        a, b = getattr(judge, name), getattr(other, name)
        if a.dtype != b.dtype:
            return f"{name}: {a.dtype} and {b.dtype}"
    rows, others = (list(zip(*(getattr(r, c) for c in CONTACT_COLUMNS), strict=True)) for r in (judge, other))
    for row in range(max(len(rows), len(others))):
        pair = [side[row] if row < len(side) else None for side in (rows, others)]
        if None in pair or not all(
            same_bits(np.array([a]), np.array([b])) for a, b in zip(*pair, strict=True)
        ):
            return f"row {row} of {len(rows)} and {len(others)}:\n" + "\n".join(side_by_side(*pair))
    for name in Records._fields:
        a, b = getattr(judge, name), getattr(other, name)
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{name}: {a.dtype} {a.shape} and {b.dtype} {b.shape}"
        for place in np.argwhere(bits(a) != bits(b)).tolist():
            return f"{name}{place}: {a[tuple(place)]!r} and {b[tuple(place)]!r}"
    raise AssertionError("records differ, but nothing in them does")


def side_by_side(judge: Any, other: Any) -> Iterator[str]:
    yield f"  {'':20}{'reference':>26}{'compiled':>26}"
    for place, name in enumerate(CONTACT_COLUMNS):
        a, b = ("no such row" if side is None else side[place].item() for side in (judge, other))
        equal = repr(a) == repr(b)
        if name == "outcome":
            a, b = (Outcome(x).name.lower() if isinstance(x, int) and x >= 0 else x for x in (a, b))
        yield f"{' ' if equal else '>'} {name:20}{a!r:>26}{b!r:>26}"


def unequal_totals(judge: Totals, other: Totals) -> str | None:
    """The first of two plans' totals that differs, by name and place."""
    for name in (field.name for field in fields(Totals)):
        a, b = getattr(judge, name), getattr(other, name)
        pairs = [(name, a, b)] if name != "waits" else []
        for batch, (x, y) in enumerate(zip(a, b, strict=True) if name == "waits" else ()):
            pairs += [(f"waits[{batch}].{part}", *both) for part, *both in zip(x._fields, x, y, strict=True)]
        for what, x, y in pairs:
            if x.shape != y.shape or x.dtype != y.dtype:
                return f"{what}: {x.dtype} {x.shape} and {y.dtype} {y.shape}"
            for place in np.argwhere(bits(x) != bits(y)).tolist():
                return f"{what}{place}: {x[tuple(place)]!r} and {y[tuple(place)]!r}"
    return None


def disagreement(dealt: Dealt) -> str | None:
    """What a day played on both engines differs in."""
    day = dealt.day
    judge = reference.play(dealt.centre, day, dealt.seed, dealt.replication)
    return difference(judge, compiled.play(dealt.centre, day, dealt.seed, dealt.replication))


def agrees(dealt: Dealt) -> Records:
    """Play a day on both engines; they agree, and leave the day as it was. Gives the reference's records."""
    day, kept = dealt.day, dealt.day
    judge = reference.play(dealt.centre, day, dealt.seed, dealt.replication)
    played = compiled.play(dealt.centre, day, dealt.seed, dealt.replication)
    if unlike := difference(judge, played):
        least = smallest(dealt, disagreement)
        pytest.fail(f"the engines disagree, {least}\n{disagreement(least) or unlike}", pytrace=False)
    assert all(same_bits(a, b) for a, b in zip(day, kept, strict=True)), "the day was changed"
    return judge


# Random scenarios


@tries(SCENARIOS)
@given(dealt=scenarios())
def test_both_engines_give_the_same_records(dealt: Dealt) -> None:
    records = agrees(dealt)
    for outcome in np.unique(records.outcome):
        event(Outcome(outcome).name.lower())
    event("redials" if records.attempt.any() else "no redials")
    event("further needs" if records.need.any() else "one need each")


@tries(SCENARIOS // 3)
@given(dealt=scenarios(), which=st.sampled_from(["by turns", "not now", "no number"]))
def test_a_rule_of_the_users_own_is_the_same_in_both(dealt: Dealt, which: str) -> None:
    """Also one that leaves contacts to others, and one that gives no number: both say so alike."""
    address, _ = own_rule(which)

    def under_it(dealt: Dealt) -> str | None:
        centre = dealt.centre._replace(rule=OWN, rule_address=address)
        results = []
        for engine in (reference, compiled):
            try:
                results.append(engine.play(centre, dealt.day, dealt.seed, dealt.replication))
            except InputError as error:
                results.append(str(error))
        if any(isinstance(result, str) for result in results):
            return None if results[0] == results[1] else f"{results[0]!r} and {results[1]!r}"
        return difference(*results)

    if unlike := under_it(dealt):
        least = smallest(dealt, under_it)
        pytest.fail(f"the engines disagree, {least}\n{under_it(least) or unlike}", pytrace=False)


def test_a_rule_that_refuses_what_one_hand_could_take_leaves_the_other_hands_to_ask() -> None:
    """Two agents come back from surplus: the first, with a mail, could take the call only, which the rule refuses."""
    talk = {"arrivals": {"per_interval": 1}, "talk": {"distribution": "constant", "value": "10 s"}}
    skills = {"call": {}, "chat": {"at_once": 2, "interruptible": True}, "mail": {"interruptible": True}}
    mapping = {
        **{"length": "300 s", "interval": "100 s", "at_close": "drop"},
        "queues": dict.fromkeys(("call", "chat", "mail"), talk),
        "agents": {"g": {"staffing": [2, 0, 2], "skills": skills}},
    }
    scenario = sim.Scenario(**mapping)
    rows = [("mail", 0, 290), ("chat", 1, 280), ("call", 120, 10), ("chat", 130, 10)]
    day = day_of(scenario, [(*row, 0, math.inf) for row in rows])
    centre = centre_of(scenario)._replace(rule=OWN, rule_address=own_rule("no calls")[0])
    judge, played = (engine.play(centre, day, 1, 0) for engine in (reference, compiled))
    assert judge.answered.tolist()[1:] == [1.0, 200.0, 0.0]
    unlike = difference(judge, played)
    assert unlike is None, unlike


@cache
def own_rule(which: str) -> tuple[int, Any]:
    return c_function(RULES[which])


def by_turns(group: int, queue: int, level: int, waited: float, length: int) -> float:
    return waited * (1 + (group + queue) % 2) - 10.0 * level + length


def not_now(group: int, queue: int, level: int, waited: float, length: int) -> float:
    return -math.inf if (queue + group) % 2 and waited < 60 else waited


def no_number(group: int, queue: int, level: int, waited: float, length: int) -> float:
    return math.nan if length > 3 else waited


def no_calls(group: int, queue: int, level: int, waited: float, length: int) -> float:
    return -math.inf if queue == 0 else waited


RULES = {"by turns": by_turns, "not now": not_now, "no number": no_number, "no calls": no_calls}


@tries(SCENARIOS // 3)
@given(dealt=scenarios(), changes=st.data())
def test_both_engines_give_the_same_totals(dealt: Dealt, changes: st.DataObject) -> None:
    """Of several plans on the same days: one as it is, one with other staffing, one with other customers."""
    most, group = changes.draw(st.integers(1, 4)), next(iter(dealt.scenario.agents))

    def unequal(dealt: Dealt) -> str | None:
        recorded = "trace" in dealt.mapping["queues"]["q0"]["arrivals"]  # which come as they came
        more = {"queues.q0.head_start": "70 s"} if recorded else {"queues.q0.arrivals.volume": 1.4}
        plans = [
            dealt.scenario,
            dealt.scenario.with_({f"agents.{group}.staffing": most}),
            dealt.scenario.with_(more),
        ]
        judge, played = (replicate(plans, 3, dealt.seed, engine=e, by_interval=True) for e in ENGINES)
        return next(filter(None, map(unequal_totals, judge, played)), None)

    if unlike := unequal(dealt):
        least = smallest(dealt, unequal)
        pytest.fail(f"totals differ, {least}\n{unequal(least) or unlike}", pytrace=False)


ENGINES = "reference", "compiled"


# The workspace


@st.composite
def alike(draw: Callable[..., Any]) -> tuple[Dealt, Dealt]:
    """Two scenarios of one shape, which share a workspace whatever else differs."""
    shape: Shape = draw(shapes())
    one = draw(scenarios(shape))
    return one, draw(scenarios(shape, like=one.mapping))


@tries(SCENARIOS // 3)
@given(pair=alike())
def test_nothing_is_left_in_the_workspace_for_the_next_replication(pair: tuple[Dealt, Dealt]) -> None:
    """One plan, another, and the first again: it gives what it gave, and both give what the reference does."""
    one, other = pair
    judge = agrees(one)
    agrees(other)
    again = compiled.play(one.centre, one.day, one.seed, one.replication)
    unlike = difference(judge, again)
    assert unlike is None, f"not the same again, {one}\nafter {other}\n{unlike}"


@tries(SCENARIOS // 8)
@given(pair=alike())
def test_plans_that_take_turns_do_not_touch_each_other(pair: tuple[Dealt, Dealt]) -> None:
    """Totals of a plan are the same alone, before another and after it."""
    one, other = (dealt.scenario for dealt in pair)
    seed = pair[0].seed
    alone = replicate([one], 3, seed, by_interval=True)[0]
    together = replicate([one, other, one], 3, seed, by_interval=True)
    judge = replicate([one, other], 3, seed, engine="reference", by_interval=True)
    pairs = (judge[0], alone), (judge[0], together[0]), (judge[1], together[1]), (judge[0], together[2])
    for a, b in pairs:
        unlike = unequal_totals(a, b)
        assert unlike is None, f"{pair[0]}\nand {pair[1]}\n{unlike}"


# Days that small ones are not like


def everything(contacts: float, agents: int, constant: bool = True, **more: Any) -> dict[str, Any]:
    """A day with every mechanism: four queues, three groups, eight intervals of 5 minutes.

    constant: durations are multiples of 10 s, the same for everybody.
    """

    def lasts(value: float) -> dict[str, Any]:
        family = {"distribution": "constant", "value": f"{value} s"}
        return family if constant else {"distribution": "exponential", "mean": f"{value} s"}

    def calls(place: str, **rules: Any) -> dict[str, Any]:
        common = {"accept": 0.5, "ring": "10 s", "reached": 0.6, "attempts": 2, "retry_after": "60 s"}
        return {**common, "place": place, **rules}

    each = {"talk": lasts(90), "arrivals": {"per_interval": [contacts] * 8, "daily_variation": 0.3}}
    again = {"share": 0.7, "after": lasts(70)}
    queues = {
        "plain": {**each, "wrap": lasts(20), "patience": lasts(120), "redial": again},
        "kept": {**each, "head_start": "30 s", "callback": calls("keep", offer={"queue_length": 3})},
        "later": {**each, "callback": calls("later", offer={"waited": "20 s"}, after="5 min"), "balks": 0.2},
        "idle": {
            **each,
            "callback": calls("idle", offer="always", reserve=2, last_offer="10 min"),
        },
    }
    # As long as the offer takes to come, the patience of some.
    held = {"distribution": "empirical", "values": ["20 s", "60 s", "400 s"]}
    queues["later"] |= {"patience": held if constant else lasts(200), "at_close": "drop"}
    queues["kept"] |= {"patience": lasts(200) | {"never_hangs_up": 0.3}, "max_waiting": 20, "redial": again}
    skills: list[dict[str, Any]] = [
        {"plain": {}, "kept": {}},
        {"kept": {}, "later": {}, "idle": {}},
        {"idle": {}, "plain": {"level": 2}},
    ]
    staffing = [agents, agents + 2, agents - 1, 0, agents, agents, agents + 1, agents]
    groups = {f"g{n}": {"staffing": staffing[n:] + staffing[:n], "skills": s} for n, s in enumerate(skills)}
    return {"interval": "5 min", "length": "40 min", "queues": queues, "agents": groups, **more}


def whole_floor(contacts: float, agents: int, constant: bool = True, **more: Any) -> dict[str, Any]:
    """Two days of six hours each, in intervals of an hour: everything that goes beyond one queue on one day.

    constant: durations are multiples of a minute, the same for everybody.
    """

    def lasts(minutes: float) -> dict[str, Any]:
        family = {"distribution": "constant", "value": f"{minutes} min"}
        return family if constant else {"distribution": "exponential", "mean": f"{minutes} min"}

    by_day = [0] * 8 + [contacts] * 6 + [0] * 18 + [contacts] * 6 + [0] * 10
    each = {"talk": lasts(6), "wrap": lasts(2), "arrivals": {"per_interval": by_day, "daily_variation": 0.2}}
    each["hours"] = "08:00-14:00"
    vip = {"share": 0.2, "head_start": "10 min", "patience": lasts(40), "customer_value": 900}
    queues = {
        "phone": {
            **each,
            "ivr": {"time": lasts(1), "self_served": 0.1, "hangs_up": 0.05},
            "patience": lasts(9),
            "redial": {"share": 0.5, "after": lasts(20), "attempts": 4},
            "switch": {"to": "chat", "share": 0.3, "after": lasts(2)},
            "transfer": [{"to": "desk", "share": 0.2, "retell": "1 min"}, {"to": "mail", "share": 0.1}],
            "repeat": {"share": 0.1, "after": lasts(60)},
            "announcement": {"leave_above": "2 min", "leaves": 0.2, "patience_factor": 2},
            "callback": {
                "offer": {"queue_length": 4},
                "accept": 0.3,
                "ring": "1 min",
                "reached": 0.4,
                "attempts": 1,
            },
            "classes": {"vip": vip, "new": {"share": 0.3}},
            "at_close": "finish",
        },
        "chat": {**each, "patience": lasts(12), "at_close": "drop", "max_waiting": 12},
        "desk": {
            **each,
            "arrivals": {"per_interval": [0] * 48},
            "transfer": {"to": "phone", "share": 0.3},
            "classes": {"vip": vip | {"share": 0.0}},
            "at_close": "carry",
        },
        "mail": {
            **each,
            "hours": "09:00-13:00",
            "backlog": {"count": 30, "age": "1 h - 20 h"},
            "at_close": "carry",
        },
    }
    chat = {"at_once": 3, "slowdown": [1, 1.5, 2]}
    skills: list[dict[str, Any]] = [
        {
            "phone": {},
            "chat": {"level": 2, "overflow_after": "2 min", **chat},
            "mail": {"interruptible": True},
        },
        {"chat": chat, "mail": {"level": 2, "at_once": 2, "interruptible": True}, "phone": {"level": 3}},
        {"desk": {"reserve": 1}, "phone": {"level": 2, "overflow_after": "4 min"}},
    ]
    staffing = {"00:00": 0, "08:00": agents, "10:00": agents + 2, "12:00": agents - 1, "14:00": 0}
    groups: dict[str, Any] = {
        f"g{n}": {"staffing": staffing, "skills": own, "absence": 0.1} for n, own in enumerate(skills)
    }
    groups["g3"] = {"skills": {"mail": {"at_once": 2, "slowdown": [1, 1.5]}}}
    groups["g3"]["shifts"] = {"early": {"type": "part", "starts": "08:00", "agents": 2}}
    pause = {"after": "1 h", "length": "30 min", "stagger": "15 min"}
    events = [
        {"at": "09:30", "for": "50 min", "agents": 0.5},
        {"at": "mon 11:00", "for": "40 min", "volume": 2, "queues": ["phone"]},
        {"at": "tue 12:10", "for": "20 min", "lines": 3},
    ]
    return {
        "days": 2,
        "starts": "Monday",
        "interval": "1 h",
        "queues": queues,
        "agents": groups,
        "shift_types": {"part": {"length": "5 h", "breaks": [pause]}},
        "events": events,
        "lines": 60,
        **more,
    }


ROUTING = "by_level", "longest_wait", "longest_queue", "shortest_delay", "weighted"


@pytest.mark.parametrize("grain", [0, 60])
@pytest.mark.parametrize("routing", ROUTING)
def test_a_large_floor_is_the_same_too(grain: int, routing: str) -> None:
    """Two days with every mechanism, hundreds of contacts, every outcome."""
    seen: set[int] = set()
    for seed, agents in enumerate((3, 5)):
        records = agrees(dealt_of(whole_floor(90, agents, grain > 0, routing=routing), grain, seed))
        assert records.home.size > 700
        assert records.need.max() > 1
        seen |= set(records.outcome.tolist())
    assert seen == set(range(len(Outcome)))


@pytest.mark.parametrize("grain", [0, 1, 10])
@pytest.mark.parametrize("more", [{}, {"lines": 45, "warm_up": "10 min"}], ids=["plain", "lines"])
def test_a_large_day_is_the_same_too(grain: int, more: dict[str, Any]) -> None:
    """Long lines and deep calendars: a thousand contacts, dozens of agents, every outcome."""
    seen: set[int] = set()
    for seed, agents in enumerate((8, 9, 10, 13)):
        records = agrees(dealt_of(everything(30, agents, grain > 0, **more), grain, seed))
        assert records.home.size > 700
        seen |= set(records.outcome.tolist())
    assert seen >= {0, 1, 2, Outcome.CALLBACK_SERVED, Outcome.CALLBACK_FAILED, Outcome.UNANSWERED}


@pytest.mark.parametrize("grain", [0, 1, 10])
def test_a_day_that_goes_on_after_closing_is_the_same(grain: int) -> None:
    """No dealt day does, but one that is given may: the last to come find it closed, those of that instant too."""
    dealt = dealt_of(everything(10, 3, grain > 0), grain)
    day = dealt.day._replace(arrived=dealt.day.arrived + 200.0)
    judge, played = (engine.play(dealt.centre, day, dealt.seed, 0) for engine in (reference, compiled))
    unlike = difference(judge, played)
    assert unlike is None, unlike
    assert (judge.outcome == Outcome.CLOSED).sum() == (day.arrived >= dealt.centre.horizon).sum() > 10


@pytest.mark.parametrize("grain", [0, 1, 5])
def test_any_number_of_redials_is_the_same(grain: int) -> None:
    """Far more attempts than the workspace has rows for at first: the day is played again with more."""
    many = redialling(grain)
    records = agrees(many)
    assert records.home.size > 20 * (records.attempt == 0).sum() > 0
    assert records.attempt.max() > 50
    few = dealt_of(many.mapping | {"queues": {"q": {**many.mapping["queues"]["q"], "redial": None}}}, grain)
    agrees(few)
    agrees(many)


def test_replications_that_need_more_rows_leave_the_others_alone() -> None:
    """Days of one block that fit and days that do not, each entered once."""
    often, seldom = redialling().scenario, dealt_of(everything(3, 2, False)).scenario
    for plan in (often, seldom, often.with_({"queues.q.redial.share": 0.97})):
        judge, played = (replicate([plan], 70, 5, engine=e, by_interval=True)[0] for e in ENGINES)
        assert unequal_totals(judge, played) is None


def redialling(grain: int = 0) -> Dealt:
    after = {"distribution": "constant", "value": "5 s"}
    if not grain:
        after = {"distribution": "exponential", "mean": "5 s"}
    talk = {"distribution": "exponential", "mean": "100 s"}
    queue = {"arrivals": {"per_interval": [3, 8]}, "talk": talk, "max_waiting": 0}
    queue["redial"] = {"share": 1.0, "after": after}
    agents = {"g": {"staffing": [1, 0], "skills": {"q": {}}}}
    mapping = {"interval": "5 min", "length": "10 min", "queues": {"q": queue}, "agents": agents}
    return dealt_of(mapping, grain)


# Documents


def document(scenario: sim.Scenario, count: int = 130, **how: Any) -> dict[str, Any]:
    """What `--json` prints, without what says how it was made."""
    written = sim.simulate(scenario, replications=count, seed=7, **how).to_dict(True)
    del written["provenance"]
    return written


@pytest.mark.parametrize("constant", [True, False], ids=["constants", "exponentials"])
def test_the_document_is_the_same_for_any_number_of_threads_and_for_both_engines(constant: bool) -> None:
    """130 replications: the batches of percentiles, 64 of them, have two or three replications each."""
    day, floor = (
        everything(2, 2, constant, lines=12, warm_up="6 min"),
        whole_floor(2, 1, constant, warm_up="9 h"),
    )
    for scenario in (sim.Scenario(**day), sim.Scenario(**floor)):
        single = document(scenario)
        assert document(scenario, jobs=2) == single
        assert document(scenario, jobs=5) == single
        assert document(scenario, engine="reference") == single


@pytest.mark.parametrize("contacts, replications", [(5, 12), (700, 66)], ids=["few", "several parts a batch"])
def test_a_days_own_replication_is_what_replicate_counts(contacts: float, replications: int) -> None:
    """The tenth of many replications is the tenth day played alone; also where a batch is played in parts."""
    dealt = dealt_of(everything(contacts, 2, False))
    totals = replicate([dealt.scenario], replications, 1)[0]
    for replication in (0, 1, 2, replications - 2, replications - 1):
        day = deal(dealt.centre.demand, 1, replication)
        records = compiled.play(dealt.centre, day, 1, replication)
        answered = np.bincount(records.queue[records.outcome == Outcome.ANSWERED], minlength=4)
        assert totals.contacts[replication, :, TOTALS.index("answered")].tolist() == answered.tolist()
        assert totals.agents[replication, AGENT_TIME.index("busy")] == pytest.approx(records.busy.sum(axis=1))


# The comparison itself


def test_a_difference_in_the_last_bit_is_seen_and_shown() -> None:
    dealt = dealt_of(everything(3, 2), 1)
    records = reference.play(dealt.centre, dealt.day, 1, 0)
    assert difference(records, records) is None
    row = int(np.flatnonzero(records.wait == 0)[0])
    for value in (-0.0, math.nan, 5e-324):
        wait = records.wait.copy()
        wait[row] = value
        said = difference(records, records._replace(wait=wait))
        assert said is not None
        assert said.startswith(f"row {row} ")
        assert "> wait" in said
    contacts = len(CONTACT_COLUMNS)
    cut = Records(*(column[:-1] for column in records[:contacts]), *records[contacts:])
    assert "no such row" in str(difference(records, cut))
    busy = records.busy.copy()
    busy[1, 2] = np.nextafter(busy[1, 2], 1e9)
    assert str(difference(records, records._replace(busy=busy))).startswith("busy[1, 2]: ")


def test_whoever_is_first_after_an_accepted_offer_is_looked_at_at_once() -> None:
    """The offer and the overflow of both callers fall on one moment: the first accepts, the second is answered."""
    offer = {"offer": {"waited": "1440 s"}, "accept": 1.0, "place": "later", "after": "6 h"}
    queue = {
        "arrivals": {"per_interval": [4]},
        "talk": {"distribution": "constant", "value": "60 s"},
        "callback": offer,
    }
    skills = {"q0": {"overflow_after": "1440 s"}}
    mapping = {
        "interval": "6 h",
        "length": "6 h",
        "queues": {"q0": queue},
        "agents": {"g": {"skills": skills, "staffing": 1}},
    }
    records = agrees(dealt_of(mapping, 1440, 844747659, 1))
    assert records.answered[1] == records.callback_offered[0] == 12_960.0
