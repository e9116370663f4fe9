"""What holds on every day whatever the centre: laws of the records, on random scenarios with every mechanism.

Half of the days have all their moments in whole seconds, so that ties abound. Everything is read off the
records and the dealt day, nothing off an engine's inside. "At t" means the state after all of that instant.

`CCSIM_EXAMPLES=5000 pytest tests/test_properties.py` tries that many fresh random days for each law; without
it the same few are tried every time.
"""

import math
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from random_scenarios import Dealt as Scene
from random_scenarios import scenarios
from test_stories import ENGINES

from sim import Scenario
from sim.measures import metrics
from sim.model.centre import CARRY, DROP, FINISH, REDIAL_TIME, Centre, centre_of, interval_of
from sim.model.chance import BALK, PATIENCE, REDIAL, REDIAL_DELAY, u
from sim.model.day import Day, deal, duration, patience_of
from sim.model.records import Outcome, Records
from sim.scenario.events import at as steps_at
from sim.scenario.events import integral, merged_moments

EXAMPLES = os.environ.get("CCSIM_EXAMPLES")
LAW = settings(
    max_examples=int(EXAMPLES or 100),
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
GIVES_UP = (Outcome.ABANDONED, Outcome.BALKED, Outcome.BLOCKED)
INTERVAL = 300

pytestmark = pytest.mark.parametrize("engine", ENGINES)


# Random days


class Dealt(NamedTuple):
    """A scenario as arrays, and a day to be played in it."""

    scenario: Scenario
    centre: Centre
    day: Day
    seed: int


def seconds(value: float) -> str:
    return f"{value} s"


def lasting(draw: Callable[..., Any], means: list[int], whole: bool) -> dict[str, Any]:
    """A distribution of durations; in whole seconds where the day is to have ties."""
    mean = draw(st.sampled_from(means))
    if whole:
        values = [mean // 4, mean // 2, mean, mean, 2 * mean]
        return draw(
            st.sampled_from(
                [
                    {"distribution": "constant", "value": seconds(mean)},
                    {"distribution": "empirical", "values": [seconds(value) for value in values]},
                ]
            )
        )
    return draw(
        st.sampled_from(
            [
                {"distribution": "exponential", "mean": seconds(mean)},
                {"distribution": "lognormal", "mean": seconds(mean), "cv": 1.2},
                {"distribution": "uniform", "low": "0 s", "high": seconds(2 * mean)},
                {"distribution": "hyperexponential", "mean": seconds(mean), "cv": 2},
                {
                    "distribution": "piecewise_exponential",
                    "points": {seconds(mean): 0.6, seconds(3 * mean): 0.8},
                },
                {"distribution": "constant", "value": seconds(mean + 0.1)},
            ]
        )
    )


def maybe(draw: Callable[..., Any], times: int = 2) -> bool:
    """Yes once in so many times; no is the simple case."""
    return draw(st.integers(1, times)) == times


def each_interval(draw: Callable[..., Any], intervals: int, most: int) -> list[int]:
    return draw(st.lists(st.integers(0, most), min_size=intervals, max_size=intervals))


def random_queue(draw: Callable[..., Any], intervals: int, whole: bool) -> dict[str, Any]:
    queue: dict[str, Any] = {
        "arrivals": {"per_interval": each_interval(draw, intervals, 10)},
        "talk": lasting(draw, [120, 40, 300], whole),
        "at_close": draw(st.sampled_from(["finish", "drop"])),
    }
    if maybe(draw):
        queue["wrap"] = lasting(draw, [20, 60], whole)
    if maybe(draw, 4) is False:
        queue["patience"] = lasting(draw, [60, 15, 300], whole)
        if maybe(draw, 3):
            queue["patience"] = {**queue["patience"], "never_hangs_up": draw(st.sampled_from([0.2, 1.0]))}
    if maybe(draw, 4):
        queue["balks"] = draw(st.sampled_from([0.3, 1.0]))
    if maybe(draw, 3):
        queue["max_waiting"] = draw(st.integers(0, 3))
    if maybe(draw):
        queue["head_start"] = seconds(draw(st.sampled_from([60, 17, 1000])))
    if maybe(draw):
        attempts = draw(st.sampled_from([2, 1, 4, "unlimited"]))
        means = [60, 90] if attempts == "unlimited" else [60, 8, 300]
        queue["redial"] = {
            "share": draw(st.sampled_from([1.0, 0.5])),
            "after": lasting(draw, means, whole),
            "attempts": attempts,
        }
    return queue


def random_group(draw: Callable[..., Any], names: list[str], intervals: int, whole: bool) -> dict[str, Any]:
    skills: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=len(names), unique=True)):
        skills[name] = {
            "level": draw(st.sampled_from([1, 1, 1, 2, 3])),
            "handle_factor": draw(st.sampled_from([1, 2, 0.5] if whole else [1, 1.3, 0.7])),
        }
        if maybe(draw):
            skills[name]["prefer"] = draw(st.integers(1, 3))
    if maybe(draw, 3):
        return {"staffing": draw(st.integers(1, 2)), "skills": skills}
    return {"staffing": each_interval(draw, intervals, 3), "skills": skills}


def in_whole_seconds(day: Day) -> Day:
    columns = (np.floor(column) for column in (day.arrived, day.talk, day.wrap, day.patience))
    return Day(day.start, *columns)


@st.composite
def days(draw: Callable[..., Any]) -> Dealt:
    """A random centre and a random day of it."""
    whole = draw(st.booleans())
    intervals = draw(st.integers(2, 6))
    names = [f"q{number}" for number in range(draw(st.integers(1, 4)))]
    groups = draw(st.integers(1, 4))
    mapping: dict[str, Any] = {
        "interval": seconds(INTERVAL),
        "length": seconds(INTERVAL * intervals),
        "queues": {name: random_queue(draw, intervals, whole) for name in names},
        "agents": {f"g{number}": random_group(draw, names, intervals, whole) for number in range(groups)},
    }
    if not any(np.any(group["staffing"]) for group in mapping["agents"].values()):
        mapping["agents"]["g0"]["staffing"] = 1
    if maybe(draw, 3):
        mapping["lines"] = draw(st.integers(1, 6))
    if maybe(draw, 4):
        mapping["warm_up"] = seconds(draw(st.sampled_from([300, 130])))
    seed = draw(st.integers(0, 2**31))
    scenario = Scenario(**mapping)
    centre = centre_of(scenario)
    day = deal(centre.demand, seed, 0)
    event("whole seconds" if whole else "any moments")
    return Dealt(scenario, centre, in_whole_seconds(day) if whole else day, seed)


# What the records say


class Played:
    """The records of a day, and what can be told from them."""

    def __init__(self, dealt: Dealt, engine: str) -> None:
        self.dealt = dealt
        self.scenario, self.centre, self.day, self.seed = dealt
        self.records: Records = ENGINES[engine](self.centre, self.day, self.seed, 0)
        r, centre = self.records, self.centre
        self.rows = range(r.home.size)
        self.outcome = [Outcome(number) for number in r.outcome]
        inside = np.searchsorted(
            centre.steps.moments, np.arange(centre.demand.intervals) * centre.interval, "right"
        )
        self.staffing = centre.steps.staffing[:, inside - 1]
        self.lines = int(centre.steps.lines[0])
        self.last_present = [next((int(n) for n in row[::-1] if n), 0) for row in self.staffing]
        self.skills = {  # (group, queue) → level, prefer, factor
            (g, q): (skill.level, skill.level if skill.prefer is None else skill.prefer, skill.handle_factor)
            for g, group in enumerate(self.scenario.agents.values())
            for q, queue in enumerate(self.scenario.queues)
            for name, skill in group.skills.items()
            if name == queue
        }
        answered = r.outcome == Outcome.ANSWERED
        self.left_line = np.where(answered, r.answered, r.joined + r.wait)  # NaN where it never joined
        self.left_line[r.outcome == Outcome.UNANSWERED] = centre.horizon
        self.left_centre = np.where(answered, r.talk_end, self.left_line)

    def number(self, row: int, purpose: int) -> float:
        r = self.records
        stream = self.centre.demand.streams[r.home[row]]
        return u(self.seed, stream, 0, int(r.customer[row]), 0, int(r.attempt[row]), purpose)

    def need_interval(self, row: int) -> int:
        first = self.day.arrived[self.dealt_row(row)]
        return interval_of(first, self.centre.interval, self.centre.demand.intervals)

    def dealt_row(self, row: int) -> int:
        return int(self.day.start[self.records.home[row]] + self.records.customer[row])

    def patience(self, row: int) -> float:
        if self.records.attempt[row] == 0:
            return float(self.day.patience[self.dealt_row(row)])
        queue, demand = int(self.records.queue[row]), self.centre.demand
        uniform = self.number(row, PATIENCE)
        return patience_of(demand.draws, demand.never[queue], queue, self.need_interval(row), uniform)

    def groups_for(self, queue: int) -> list[int]:
        return [g for g, q in self.skills if q == queue]

    def places(self, group: int, t: float) -> int:
        """How many of a group may have a contact in hand at t without being surplus."""
        if t >= self.centre.horizon:
            return self.last_present[group]
        return int(self.staffing[group, int(np.searchsorted(self.boundaries(), t, side="right")) - 1])

    def boundaries(self) -> np.ndarray:
        return np.arange(self.staffing.shape[1]) * self.centre.interval

    def busy(self, group: int, points: Any) -> np.ndarray:
        """How many of a group have a contact in hand at each of these points."""
        mine = self.records.group == group
        return count(self.records.answered[mine], self.records.released[mine], points)

    def waiting(self, queue: int, points: Any) -> np.ndarray:
        mine = (self.records.queue == queue) & ~np.isnan(self.left_line)
        return count(self.records.joined[mine], self.left_line[mine], points)

    def engaged(self, points: Any) -> np.ndarray:
        mine = ~np.isnan(self.left_centre)
        return count(self.records.arrived[mine], self.left_centre[mine], points)

    def points(self) -> np.ndarray:
        """Every moment at which something happened; between two of them nothing changes."""
        r = self.records
        columns = (r.arrived, r.answered, r.talk_end, r.released, self.left_line)
        every = np.concatenate([*columns, self.boundaries(), [self.centre.horizon]])
        return np.unique(every[~np.isnan(every)])

    def nobody_free(self, queue: int, t: float) -> bool:
        """Whether at t no agent of the skill could take one more contact."""
        return all(self.busy(g, t) >= self.places(g, t) for g in self.groups_for(queue))


def count(starts: np.ndarray, ends: np.ndarray, points: Any) -> np.ndarray:
    """How many spans [start, end) hold each point."""
    begun = np.searchsorted(np.sort(starts), points, side="right")
    return begun - np.searchsorted(np.sort(ends), points, side="right")


# The laws


@LAW
@given(dealt=days())
def test_every_contact_ends_once(engine: str, dealt: Dealt) -> None:
    """Each dealt customer has one row for each attempt, attempts are consecutive, only the last is served."""
    day, r = dealt.day, (played := Played(dealt, engine)).records
    expected = 0
    for row in played.rows:
        again = row > 0 and (r.home[row], r.customer[row]) == (r.home[row - 1], r.customer[row - 1])
        assert r.attempt[row] == (r.attempt[row - 1] + 1 if again else 0)
        if again:
            assert played.outcome[row - 1] in GIVES_UP
        else:
            assert played.dealt_row(row) == expected
            assert r.arrived[row] == day.arrived[expected]
            expected += 1
    assert expected == day.arrived.size
    assert (r.queue == r.home).all()
    assert not r.need.any()
    for row, outcome in enumerate(played.outcome):
        assert outcome in (*GIVES_UP, Outcome.ANSWERED, Outcome.UNANSWERED)
        joined = outcome != Outcome.BLOCKED
        assert (r.joined[row] == r.arrived[row]) if joined else math.isnan(r.joined[row])
        assert math.isnan(r.wait[row]) != joined
        served = outcome == Outcome.ANSWERED
        assert (r.group[row] >= 0) == served
        for column in (r.answered, r.talk_end, r.released):
            assert math.isnan(column[row]) != served
        if outcome == Outcome.BALKED:
            assert r.wait[row] == 0
        if outcome == Outcome.UNANSWERED:
            assert r.wait[row] == dealt.centre.horizon - r.joined[row]


@LAW
@given(dealt=days())
def test_nobody_is_answered_outside_an_agents_skills(engine: str, dealt: Dealt) -> None:
    """And talk and wrap are those that were dealt, whatever the attempt, times the factor of that skill."""
    day, r = dealt.day, (played := Played(dealt, engine)).records
    for row in np.flatnonzero(r.outcome == Outcome.ANSWERED):
        skill = (int(r.group[row]), int(r.queue[row]))
        assert skill in played.skills
        factor, customer = played.skills[skill][2], played.dealt_row(row)
        assert r.wait[row] == r.answered[row] - r.joined[row] >= 0
        assert r.talk_end[row] == r.answered[row] + day.talk[customer] * factor
        assert r.released[row] == r.talk_end[row] + day.wrap[customer] * factor


@LAW
@given(dealt=days())
def test_nobody_who_could_be_served_waits_beside_a_free_agent(engine: str, dealt: Dealt) -> None:
    """While somebody waits, every group of the skill has at least its staffing busy; also when one balks."""
    played = Played(dealt, engine)
    points = played.points()
    for queue in range(len(dealt.scenario.queues)):
        waited = points[played.waiting(queue, points) > 0]
        balked = (played.records.queue == queue) & (played.records.outcome == Outcome.BALKED)
        moments = np.concatenate([waited, played.records.arrived[balked]])
        for group in played.groups_for(queue):
            places = np.array([played.places(group, t) for t in moments])
            assert (played.busy(group, moments) >= places).all()


@LAW
@given(dealt=days())
def test_answers_come_no_later_than_the_moment_patience_ends(engine: str, dealt: Dealt) -> None:
    """A wait that ends by hanging up is the patience itself; those cut off would have held on longer."""
    r = (played := Played(dealt, engine)).records
    for row, outcome in enumerate(played.outcome):
        patience = played.patience(row)
        if outcome == Outcome.ABANDONED:
            assert r.wait[row] == patience
        elif outcome == Outcome.ANSWERED:
            assert r.answered[row] <= r.joined[row] + patience
        elif outcome == Outcome.UNANSWERED:
            assert dealt.centre.horizon < r.joined[row] + patience


@LAW
@given(dealt=days())
def test_customers_are_served_or_unserved(engine: str, dealt: Dealt) -> None:
    r = Played(dealt, engine).records
    sheet = metrics.blank_sheet(1, dealt.centre, by_interval=False)
    metrics.enter_records(r, dealt.centre, metrics.rules_of(dealt.scenario), dealt.seed, 0, 0, sheet)
    totals = sheet.contacts[0]
    last = np.append(r.attempt[1:] == 0, True) if r.home.size else np.empty(0, dtype=bool)
    served = {(r.home[row], r.customer[row]) for row in np.flatnonzero(last & (r.group >= 0))}
    for home in range(len(dealt.scenario.queues)):
        start, end = dealt.day.start[home], dealt.day.start[home + 1]
        counted = np.flatnonzero(dealt.day.arrived[start:end] >= dealt.centre.warm_up).tolist()
        assert totals[home, metrics.CUSTOMERS] == len(counted)
        assert totals[home, metrics.UNSERVED_CUSTOMERS] == sum(
            (home, customer) not in served for customer in counted
        )


@LAW
@given(dealt=days())
def test_lines_and_places_to_wait_are_never_exceeded_nor_anyone_blocked_before(
    engine: str, dealt: Dealt
) -> None:
    played, centre = Played(dealt, engine), dealt.centre
    r, points = played.records, played.points()
    if played.lines >= 0:
        assert (played.engaged(points) <= played.lines).all()
    for queue, most in enumerate(centre.max_waiting):
        assert most < 0 or (played.waiting(queue, points) <= most).all()
    for row in np.flatnonzero(r.outcome == Outcome.BLOCKED):
        queue, t = int(r.queue[row]), float(r.arrived[row])
        no_line = played.engaged(t) == played.lines
        no_place = played.waiting(queue, t) == centre.max_waiting[queue] and played.nobody_free(queue, t)
        assert no_line or no_place


@LAW
@given(dealt=days())
def test_nobody_answers_beyond_the_staffing(engine: str, dealt: Dealt) -> None:
    """Surplus agents finish and take nobody: who answers is one of those who are staffed at that moment."""
    r = (played := Played(dealt, engine)).records
    for row in np.flatnonzero(r.outcome == Outcome.ANSWERED):
        group, t = int(r.group[row]), float(r.answered[row])
        assert 1 <= played.places(group, t) >= played.busy(group, t)


@LAW
@given(dealt=days())
def test_within_a_queue_the_first_come_are_the_first_served(engine: str, dealt: Dealt) -> None:
    r = (played := Played(dealt, engine)).records
    for queue in range(len(dealt.scenario.queues)):
        mine = [row for row in played.rows if r.queue[row] == queue and not np.isnan(r.joined[row])]
        mine.sort(key=lambda row: (r.joined[row], r.attempt[row] == 0, r.customer[row], r.attempt[row]))
        for place, later in enumerate(mine):
            if played.outcome[later] != Outcome.ANSWERED:
                continue
            for earlier in mine[:place]:
                left, taken = played.left_line[earlier], r.answered[later]
                at_once = r.joined[later] == taken or played.outcome[earlier] != Outcome.ABANDONED
                assert left < taken or (left == taken and at_once)


@LAW
@given(dealt=days())
def test_an_agent_takes_the_best_level_then_who_waits_longest_with_head_start(
    engine: str, dealt: Dealt
) -> None:
    """Nobody who is answered leaves behind one who stood before him in the eyes of that agent's group."""
    r = (played := Played(dealt, engine)).records
    keys = r.joined - dealt.centre.head_start[r.queue]
    for row in np.flatnonzero(r.outcome == Outcome.ANSWERED):
        t, group, queue = r.answered[row], int(r.group[row]), int(r.queue[row])
        taken = (played.skills[group, queue][0], keys[row], queue)
        for left in np.flatnonzero((r.joined < t) & (played.left_line > t)):
            other = int(r.queue[left])
            if (group, other) in played.skills:
                assert r.joined[row] < t, "an arrival went before one who waited"
                assert taken <= (played.skills[group, other][0], keys[left], other)


@LAW
@given(dealt=days())
def test_a_call_answered_at_once_goes_to_the_lowest_prefer_then_the_longest_free(
    engine: str, dealt: Dealt
) -> None:
    """The second half is told from the records where both groups have one agent all day."""
    r = (played := Played(dealt, engine)).records
    alone = (played.staffing == 1).all(axis=1)
    for row in np.flatnonzero((r.outcome == Outcome.ANSWERED) & (r.wait == 0)):
        t, group, queue = float(r.joined[row]), int(r.group[row]), int(r.queue[row])
        for other in played.groups_for(queue):
            if other == group or played.busy(other, t) >= played.places(other, t):
                continue
            prefer, others = played.skills[group, queue][1], played.skills[other, queue][1]
            assert prefer <= others
            if prefer == others and alone[group] and alone[other] and np.sum(r.answered == t) == 1:
                before = (np.arange(r.home.size) != row) & (r.released <= t)
                free = [(max(r.released[before & (r.group == g)], default=0.0), g) for g in (group, other)]
                assert free[0] < free[1]


@LAW
@given(dealt=days())
def test_who_gives_up_dials_again_as_dealt_and_only_then(engine: str, dealt: Dealt) -> None:
    """Share, delay, number of attempts and closing decide; balking too is the contact's own number."""
    played, centre = Played(dealt, engine), dealt.centre
    r = played.records
    for row, outcome in enumerate(played.outcome):
        queue = int(r.queue[row])
        waited = outcome in (Outcome.ABANDONED, Outcome.UNANSWERED) or r.wait[row] > 0
        if outcome == Outcome.BALKED or waited:
            assert (played.number(row, BALK) < centre.balks[queue]) == (outcome == Outcome.BALKED)
        again = row + 1 < r.home.size and r.attempt[row + 1] > 0
        allowed = outcome in GIVES_UP and r.attempt[row] + 1 < centre.redial_attempts[queue]
        if not (allowed and played.number(row, REDIAL) < centre.redial_share[queue]):
            assert not again
            continue
        uniform = played.number(row, REDIAL_DELAY)
        delay = duration(centre.delays, REDIAL_TIME, queue, played.need_interval(row), uniform)
        gave_up = r.arrived[row] if outcome == Outcome.BLOCKED else played.left_line[row]
        assert again == (gave_up + delay < centre.horizon)
        if again:
            assert r.arrived[row + 1] == gave_up + delay


@LAW
@given(dealt=days())
def test_closing_keeps_its_word_to_those_who_wait(engine: str, dealt: Dealt) -> None:
    """Who waits where the queue drops is cut off; where it finishes, only if nobody is there all day."""
    played, centre = Played(dealt, engine), dealt.centre
    r = played.records
    assert (r.arrived < centre.horizon).all()
    for row, outcome in enumerate(played.outcome):
        queue = int(r.queue[row])
        hopeless = not any(played.last_present[group] for group in played.groups_for(queue))
        cut_off = centre.at_close[queue] == DROP or hopeless
        if outcome == Outcome.UNANSWERED:
            assert cut_off
        elif played.left_line[row] >= centre.horizon:
            at_closing = outcome == Outcome.ABANDONED and played.left_line[row] == centre.horizon
            assert at_closing or (centre.at_close[queue] == FINISH and not hopeless)


@LAW
@given(dealt=days())
def test_agents_are_conserved_and_their_time_is_what_the_records_say(engine: str, dealt: Dealt) -> None:
    """All of the staffing is on duty; beyond it only those are present who have a contact in hand."""
    played, centre = Played(dealt, engine), dealt.centre
    r, count_ = played.records, played.staffing.shape[1]
    observed = metrics.observed_seconds(dealt.scenario)
    points = np.unique(np.concatenate([played.points(), [centre.warm_up]]))
    spans, points = np.diff(points), points[:-1]
    spans[points < centre.warm_up] = 0.0
    inside = np.minimum(np.searchsorted(played.boundaries(), points, side="right") - 1, count_ - 1)
    for group, staffing in enumerate(played.staffing):
        busy = played.busy(group, points)
        planned = np.where(points < centre.horizon, staffing[inside], 0)
        for column, agents in ((r.busy, busy), (r.overtime, np.maximum(busy - planned, 0))):
            expected = np.bincount(inside, weights=agents * spans, minlength=count_)
            assert column[group] == pytest.approx(expected, abs=1e-6)
        assert r.on_duty[group] == pytest.approx(staffing * observed, abs=1e-6)
        assert (r.on_duty[group] + r.overtime[group] >= r.busy[group] - 1e-6).all()


@LAW
@given(dealt=days())
def test_the_same_day_is_played_the_same_way_again(engine: str, dealt: Dealt) -> None:
    """An engine keeps nothing, and leaves the day and the centre as they were."""
    before = [column.copy() for column in dealt.day]
    first, second = (ENGINES[engine](dealt.centre, dealt.day, dealt.seed, 0) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one, other, equal_nan=True)
    for column, kept in zip(dealt.day, before, strict=True):
        assert np.array_equal(column, kept)


@st.composite
def plain_days(draw: Callable[..., Any]) -> tuple[Dealt, Dealt]:
    """One queue, one group, nobody gives up or is turned away, and one more agent for a while.

    In the last interval somebody is on duty: `finish` brings back the last positive number of agents, so that
    one agent more in an empty last interval may leave fewer to finish the queue after closing: no such law.
    """
    whole = draw(st.booleans())
    intervals = draw(st.integers(2, 6))
    staffing = [*each_interval(draw, intervals - 1, 4), draw(st.integers(1, 4))]
    more = [1] * intervals if maybe(draw) else each_interval(draw, intervals, 1)
    queue: dict[str, Any] = {
        "arrivals": {"per_interval": each_interval(draw, intervals, 15)},
        "talk": lasting(draw, [60, 20, 240], whole),
        "wrap": lasting(draw, [20, 60], whole),
        "at_close": "finish",
    }
    mapping = {
        "interval": seconds(INTERVAL),
        "length": seconds(INTERVAL * intervals),
        "queues": {"q": queue},
        "agents": {"g": {"staffing": staffing, "skills": ["q"]}},
    }
    scenario, seed = Scenario(**mapping), draw(st.integers(0, 2**31))
    richer = scenario.with_({"agents.g.staffing": [a + b for a, b in zip(staffing, more, strict=True)]})
    centre = centre_of(scenario)
    day = deal(centre.demand, seed, 0)
    day = in_whole_seconds(day) if whole else day
    return Dealt(scenario, centre, day, seed), Dealt(richer, centre_of(richer), day, seed)


@LAW
@given(pair=plain_days())
def test_one_more_agent_makes_nobody_wait_longer(engine: str, pair: tuple[Dealt, Dealt]) -> None:
    """The narrow law, path by path; true only where nothing but an answer can happen to a caller."""
    before, after = (Played(dealt, engine).records for dealt in pair)
    assert (before.outcome == Outcome.ANSWERED).all()
    assert (after.outcome == Outcome.ANSWERED).all()
    assert (after.wait <= before.wait + 1e-6).all(), "sums in another order may differ in their last digits"


# The whole floor, with every mechanism: read off the records and the arrays that the scenario became

SERVED = (Outcome.ANSWERED, Outcome.CALLBACK_SERVED)
TRIES_AGAIN = (*GIVES_UP, Outcome.CLOSED)


def played_whole(scene: Scene, engine: str) -> tuple[Centre, Day, Records]:
    day = scene.day
    return scene.centre, day, ENGINES[engine](scene.centre, day, scene.seed, scene.replication)


def is_open(centre: Centre, queue: int, moments: np.ndarray) -> np.ndarray:
    """Whether a queue lets contacts in at these moments, by its hours."""
    first, end = centre.span_start[queue : queue + 2]
    opens, closes = centre.span_opens[first:end], centre.span_closes[first:end]
    return ((moments[:, None] >= opens) & (moments[:, None] < closes)).any(axis=1)


@LAW
@given(scene=scenarios())
def test_a_customers_contacts_are_one_chain_of_needs_and_attempts(engine: str, scene: Scene) -> None:
    """Each contact has at most one that follows: the next attempt after giving up, the next need after a talk."""
    centre, day, r = played_whole(scene, engine)
    dealt = 0
    for row in range(r.home.size):
        outcome = Outcome(r.outcome[row])
        who = (r.home[row], r.customer[row])
        if row and who == (r.home[row - 1], r.customer[row - 1]):
            before, queue, old = row - 1, int(r.queue[row]), int(r.queue[row - 1])
            ended = Outcome(r.outcome[before])
            assert r.class_id[row] == r.class_id[before]
            if r.need[row] == r.need[before]:
                assert r.attempt[row] == r.attempt[before] + 1
                assert ended in TRIES_AGAIN
                assert queue in (old, centre.switch_to[old])
            else:
                assert (r.need[row], r.attempt[row]) == (r.need[before] + 1, 0)
                assert ended in SERVED
                targets = centre.transfer_to[slice(*centre.transfer_start[old : old + 2])]
                if queue != old:
                    assert queue in targets
                    assert r.arrived[row] == r.talk_end[before]
                assert r.arrived[row] >= r.talk_end[before]
        else:
            assert (r.need[row], r.attempt[row], r.queue[row]) == (0, 0, r.home[row])
            assert r.arrived[row] == day.arrived[dealt], "nobody who was dealt is left out"
            dealt += 1
        if outcome in (Outcome.CLOSED, Outcome.SELF_SERVED, Outcome.IVR_HANG_UP, Outcome.BLOCKED):
            assert math.isnan(r.joined[row])
            assert math.isnan(r.wait[row])
        else:
            assert r.joined[row] >= r.arrived[row]
            assert r.wait[row] >= 0
        if outcome in (Outcome.SELF_SERVED, Outcome.IVR_HANG_UP):
            assert centre.ivr[r.queue[row]]
        if outcome == Outcome.PENDING:
            assert centre.at_close[r.queue[row]] == CARRY
            if math.isnan(r.callback_requested[row]):
                assert r.wait[row] == centre.horizon - r.joined[row]
    assert dealt == day.start[-1]


@LAW
@given(scene=scenarios())
def test_queues_let_in_and_serve_by_their_hours(engine: str, scene: Scene) -> None:
    """Nobody joins a closed queue but an inbox, only out of an IVR is an open one closed, only `finish` goes on."""
    centre, _, r = played_whole(scene, engine)
    was_there = (r.customer < centre.demand.backlog[r.home]) & (r.need == 0) & (r.attempt == 0)
    for queue in range(centre.balks.size):
        mine = r.queue == queue
        joined = r.joined[mine & (r.joined >= 0) & ~was_there]
        shut = mine & (r.outcome == Outcome.CLOSED)
        if centre.inbox[queue]:
            assert (is_open(centre, queue, joined) | (joined < centre.horizon)).all()
            assert centre.ivr[queue] or not (r.arrived[shut] < centre.horizon).any()
        else:
            assert is_open(centre, queue, joined).all()
        if not centre.ivr[queue]:
            assert not is_open(centre, queue, r.arrived[shut]).any()
        if centre.at_close[queue] != FINISH:
            assert is_open(centre, queue, r.answered[mine & ~np.isnan(r.answered)]).all()


@LAW
@given(scene=scenarios())
def test_agents_time_is_within_the_plan_but_for_overtime(engine: str, scene: Scene) -> None:
    """On duty at most what is planned, or rostered before an outage; never busy for longer than present."""
    centre, _, r = played_whole(scene, engine)
    scenario = scene.scenario
    for number, name in enumerate(scenario.agents):
        planned = scenario.planned_seconds(name, centre.warm_up)
        steps = scenario.planned_steps(name), scenario.rostered_steps(name)
        moments = merged_moments([moments for moments, _ in steps])
        most = np.maximum(*(steps_at(each, moments) for each in steps))
        assert (r.on_duty[number] <= integral((moments, most), scenario.grid, centre.warm_up) + 1e-6).all()
        if not centre.absence[number] and not scenario.agent_events(name):
            assert r.on_duty[number] == pytest.approx(planned, abs=1e-6)
    assert (r.busy <= r.on_duty + r.overtime + 1e-6).all()
    assert (r.unreached <= r.busy * np.maximum(1, centre.at_once.max(initial=1)) + 1e-6).all()


@LAW
@given(scene=scenarios())
def test_nobody_answers_sooner_than_the_skill_s_overflow_or_without_the_skill(
    engine: str, scene: Scene
) -> None:
    centre, _, r = played_whole(scene, engine)
    places = {
        (int(centre.groups[place]), queue): place
        for queue in range(centre.balks.size)
        for place in range(centre.group_start[queue], centre.group_start[queue + 1])
    }
    for row in np.flatnonzero(r.group >= 0):
        place = places[int(r.group[row]), int(r.queue[row])]
        if r.outcome[row] == Outcome.ANSWERED:
            assert r.answered[row] >= r.joined[row] + centre.overflow[place]
        assert r.released[row] >= r.talk_end[row]
