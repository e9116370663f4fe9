"""What is conserved: contacts, lines, agents, requests, work; on random days with callbacks of every place.

The floor is looked at whenever an instant is over, and counted again from the contacts alone: who waits, who
talks, whose telephone rings. Days have no ties but those that rings and retries of no duration make; those of
the whole floor, with every mechanism, have as many as the scenarios of the agreement do.
"""

import math
import os
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st
from random_scenarios import Dealt as Scene
from random_scenarios import dealt_of, scenarios, smallest
from scipy.special import ndtri
from test_stories import ENGINES

import sim
from sim.engines import reference
from sim.model.centre import CARRY, FINISH, IDLE, LATER, Centre, centre_of
from sim.model.chance import ABSENT, u
from sim.model.day import Day, deal
from sim.model.records import Outcome, Records

EXAMPLES = os.environ.get("CCSIM_EXAMPLES")  # so many fresh random days instead of the same few
LAW = settings(
    max_examples=int(EXAMPLES or 100),
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
INTERVAL = 300.0


# Random days


class Dealt(NamedTuple):
    """A scenario as arrays, and a day to be played in it."""

    scenario: sim.Scenario
    centre: Centre
    day: Day
    seed: int


Draw = Callable[..., Any]


def lasting(draw: Draw, *means: int) -> dict[str, Any]:
    mean = draw(st.sampled_from(means))
    family = draw(st.sampled_from(["exponential", "lognormal"]))
    return {"distribution": family, "mean": f"{mean} s"} | ({"cv": 1.5} if family == "lognormal" else {})


def random_callback(draw: Draw) -> dict[str, Any]:
    place = draw(st.sampled_from(["idle", "keep", "later"]))
    rules = [{"always": True}, {"queue_length": 1}, {"estimated_wait": "90 s"}, {"waited": "20 s"}]
    callback: dict[str, Any] = {
        "offer": draw(st.sampled_from(rules)),
        "accept": draw(st.sampled_from([0.7, 1.0])),
        "place": place,
        "ring": draw(st.sampled_from(["11.3 s", "0 s"])),
        "reached": draw(st.sampled_from([0.5, 1.0, 0.0])),
        "attempts": draw(st.integers(1, 3)),
        "retry_after": draw(st.sampled_from(["47.1 s", "0 s", "300.3 s"])),
        "last_offer": draw(st.sampled_from(["0 s", "200 s"])),
    }
    if place == "later":
        callback["after"] = draw(st.sampled_from(["71.7 s", "0 s", "401.3 s"]))
    if place == "idle":
        callback["reserve"] = draw(st.integers(0, 2))
    if draw(st.booleans()):
        callback["max_pending"] = draw(st.integers(1, 3))
    return callback


def random_queue(draw: Draw, intervals: int) -> dict[str, Any]:
    queue: dict[str, Any] = {
        "arrivals": {"per_interval": [draw(st.integers(0, 12)) for _ in range(intervals)]},
        "talk": lasting(draw, 60, 150),
        "at_close": draw(st.sampled_from(["finish", "drop"])),
        "head_start": draw(st.sampled_from(["0 s", "31 s"])),
    }
    optional: dict[str, Callable[[], Any]] = {
        "wrap": lambda: lasting(draw, 20),
        "patience": lambda: lasting(draw, 60, 300),
        "balks": lambda: 0.3,
        "max_waiting": lambda: draw(st.integers(0, 4)),
        "redial": lambda: {"share": 0.8, "after": lasting(draw, 60), "attempts": 3},
    }
    queue |= {key: value() for key, value in optional.items() if draw(st.booleans())}
    if draw(st.integers(1, 4)) > 1:
        queue["callback"] = random_callback(draw)
    return queue


def random_group(draw: Draw, names: list[str], intervals: int, factors: list[float]) -> dict[str, Any]:
    served = draw(st.lists(st.sampled_from(names), min_size=1, max_size=len(names), unique=True))
    skills = {
        name: {"level": draw(st.integers(1, 2)), "handle_factor": draw(st.sampled_from(factors))}
        for name in served
    }
    return {"staffing": [draw(st.integers(0, 4)) for _ in range(intervals)], "skills": skills}


@st.composite
def days(draw: Draw, factors: tuple[float, ...] = (1.0, 1.4, 0.7)) -> Dealt:
    """A random centre and a random day of it."""
    intervals = draw(st.integers(2, 5))
    names = [f"q{number}" for number in range(draw(st.integers(1, 3)))]
    groups = draw(st.integers(1, 3))
    mapping: dict[str, Any] = {
        "interval": f"{INTERVAL} s",
        "length": f"{INTERVAL * intervals} s",
        "queues": {name: random_queue(draw, intervals) for name in names},
        "agents": {
            f"g{number}": random_group(draw, names, intervals, list(factors)) for number in range(groups)
        },
    }
    if not any(any(group["staffing"]) for group in mapping["agents"].values()):
        mapping["agents"]["g0"]["staffing"] = 1
    if draw(st.booleans()):
        mapping["lines"] = draw(st.integers(1, 8))
    seed = draw(st.integers(0, 2**31))
    scenario = sim.Scenario(**mapping)
    centre = centre_of(scenario)
    return Dealt(scenario, centre, deal(centre.demand, seed, 0), seed)


# What a floor looks like when an instant is over


class Recount:
    """Counts the contacts of a floor again after every instant, and adds up time between instants."""

    def __init__(self, dealt: Dealt) -> None:
        self.centre, self.rules = dealt.centre, dealt.centre.callbacks
        self.queues, self.groups = dealt.centre.balks.size, dealt.centre.hands.size
        self.skills = [
            set(dealt.centre.queues[a:b].tolist())
            for a, b in zip(dealt.centre.queue_start[:-1], dealt.centre.queue_start[1:], strict=True)
        ]
        self.dials: dict[int, int] = {}  # a request's key → dials so far
        self.rings_until: dict[int, float] = {}
        self.line_seconds = np.zeros(self.queues)
        self.free_seconds = np.zeros(self.groups)
        self.before, self.waiting, self.free = 0.0, np.zeros(self.queues), np.zeros(self.groups)
        self.instants = self.seen_pending = self.seen_ringing = 0

    def __call__(self, floor: reference.Floor) -> None:
        now = floor.clock.now
        if floor.clock.peek() <= now:
            return
        span = now - self.before
        self.line_seconds += self.waiting * span
        self.free_seconds += self.free * span
        on_line = [c for c in floor.contacts if not math.isnan(c.joined) and math.isnan(c.wait)]
        pending = [c for c in floor.contacts if not math.isnan(c.callback_requested) and c.outcome < 0]
        self.note_dials(floor, now)
        self.waiting = np.bincount([c.queue for c in on_line], minlength=self.queues)
        self.free = np.array([len(team.free) for team in floor.groups])
        self.before = now
        self.instants += 1
        self.seen_pending += bool(pending)
        self.lines_are_conserved(floor, on_line, now)
        self.requests_are_conserved(floor, pending)
        self.agents_are_conserved(floor, pending, now)
        self.nobody_waits_beside_a_free_agent(floor, on_line, pending, now)
        self.reserves_are_kept(floor, now)

    def note_dials(self, floor: reference.Floor, now: float) -> None:
        self.dialled = [c for c in floor.contacts if c.dials > self.dials.get(c.key, 0)]
        for contact in self.dialled:
            self.dials[contact.key] = contact.dials
            self.rings_until[contact.key] = now + float(self.rules.ring[contact.queue])

    def lines_are_conserved(self, floor: reference.Floor, on_line: list[Any], now: float) -> None:
        talking = sum(c.outcome == Outcome.ANSWERED and c.talk_end > now for c in floor.contacts)
        assert floor.engaged == len(on_line) + talking
        most = self.centre.steps.lines[0]
        assert most < 0 or floor.engaged <= most
        assert floor.on_line == self.waiting.tolist()
        for queue, most in enumerate(self.centre.max_waiting):
            assert most < 0 or floor.on_line[queue] <= most

    def requests_are_conserved(self, floor: reference.Floor, pending: list[Any]) -> None:
        for queue, most in enumerate(self.rules.max_pending):
            of_queue = [c for c in pending if c.queue == queue]
            assert sorted(c.key for c in floor.requests[queue]) == sorted(c.key for c in of_queue)
            assert most < 0 or len(of_queue) <= most

    def agents_are_conserved(self, floor: reference.Floor, pending: list[Any], now: float) -> None:
        """Present = free + busy, at the plan's number unless hands are still full, and lists agree."""
        ringing = sum(self.rings_until.get(c.key, -1.0) > now for c in pending)
        self.seen_ringing += bool(ringing)
        for group, team in enumerate(floor.groups):
            busy = sum(c.group == group and not c.released <= now for c in floor.contacts)
            ringing -= team.present - len(team.free) - busy
            assert team.present >= len(team.free) + busy
            assert team.present == team.wanted or (team.present > team.wanted and not team.free)
            if now < self.centre.horizon:
                step = np.searchsorted(self.centre.steps.moments, now, side="right") - 1
                assert team.wanted == self.centre.steps.staffing[group, step]
            free = [(agent.finished, agent.number) for agent in team.free]
            assert sorted(free) == free, "the first has been free longest"
        assert ringing == 0

    def nobody_waits_beside_a_free_agent(
        self, floor: reference.Floor, on_line: list[Any], pending: list[Any], now: float
    ) -> None:
        for group, team in enumerate(floor.groups):
            if not team.free:
                continue
            assert not any(c.queue in self.skills[group] for c in on_line)
            for contact in pending:
                if contact.queue in self.skills[group] and self.is_due(contact, now):
                    assert self.rules.place[contact.queue] == IDLE, "a request in line beside a free agent"
                    assert now < self.centre.horizon, "the reserve is void after closing"
                    assert len(team.free) <= self.rules.reserve[contact.queue]

    def reserves_are_kept(self, floor: reference.Floor, now: float) -> None:
        """Whoever dials an idle request leaves so many of its group free."""
        dialled = [c for c in self.dialled if self.rules.place[c.queue] == IDLE]
        if now >= self.centre.horizon or not dialled:
            return
        least = min(self.rules.reserve[c.queue] for c in dialled)
        for contact in dialled:
            able = [g for g, skills in enumerate(self.skills) if contact.queue in skills]
            groups = able if contact.group < 0 else [contact.group]
            assert any(len(floor.groups[g].free) >= least for g in groups)

    def is_due(self, contact: Any, now: float) -> bool:
        """Whether a request may be dialled now."""
        queue = contact.queue
        if contact.dials:
            return now >= self.rings_until[contact.key] + float(self.rules.retry_after[queue])
        wait = float(self.rules.after[queue]) if self.rules.place[queue] == LATER else 0.0
        return now >= contact.callback_requested + wait


def watched(dealt: Dealt) -> tuple[Records, Recount]:
    recount = Recount(dealt)
    return reference.play(dealt.centre, dealt.day, dealt.seed, 0, watch=recount), recount


@LAW
@given(dealt=days())
def test_lines_agents_and_requests_are_conserved_and_nobody_waits_beside_a_free_agent(dealt: Dealt) -> None:
    records, recount = watched(dealt)
    event("requests were pending" if recount.seen_pending else "no requests")
    event("telephones rang" if recount.seen_ringing else "no rings")
    assert not (records.outcome < 0).any(), "every contact ends"


@LAW
@given(dealt=days())
def test_time_in_line_and_time_free_are_what_the_records_say(dealt: Dealt) -> None:
    """Little's law as a conservation: the number in line, added up over time, is the sum of all waits."""
    records, recount = watched(dealt)
    for queue in range(recount.queues):
        waits = records.wait[records.queue == queue]
        assert recount.line_seconds[queue] == pytest.approx(np.nansum(waits), rel=1e-9, abs=1e-6)
    present, busy = (records.on_duty + records.overtime).sum(axis=1), records.busy.sum(axis=1)
    assert present - busy == pytest.approx(recount.free_seconds, rel=1e-9, abs=1e-6)


# The whole floor, with every mechanism


class Whole:
    """Counts a floor of any scenario again after every instant: lines, hands, agents, who might be taken."""

    def __init__(self, scene: Scene) -> None:
        self.centre, self.scene = scene.centre, scene
        self.present = present_by_step(scene)
        self.before = -1.0
        self.paused: dict[int, float] = {}  # a contact's key → seconds put aside
        self.were_paused: list[Any] = []
        self.engaged = int(self.centre.demand.backlog.sum())
        self.standing: list[list[Any]] = [[] for _ in self.centre.balks]  # on the line of each queue
        self.was_open = [0] * self.centre.balks.size
        self.taken: set[tuple[int, int]] = set()  # a contact's key and dial
        self.aside_since: dict[int, float] = {}  # a contact's key → when it was first seen put aside
        self.holds: dict[int, bool] = {}  # a contact's key → whether it came with a line
        self.seen: set[str] = set()

    def __call__(self, floor: reference.Floor) -> None:
        now = floor.clock.now
        self.reserves_are_left(floor, now)
        if floor.clock.peek() <= now:
            return
        for contact in self.were_paused:
            self.paused[contact.key] = self.paused.get(contact.key, 0.0) + now - self.before
        self.were_paused = [c for c in floor.contacts if c.is_paused]
        self.seen |= {"paused"} if self.were_paused else set()
        self.lines_are_given_back(floor, now)
        self.nights_are_survived(floor, now)
        self.nobody_is_served_behind_closed_doors(floor, now)
        for group, team in enumerate(floor.groups):
            self.those_are_there_who_are_not_away(floor, group, team, now)
            for agent in (*team.free, *team.busy):
                self.hand_is_within_its_limit(agent)
                self.all_that_was_in_hand_is_put_aside(agent, now)
        for queue in range(self.centre.balks.size):
            self.nobody_waits_beside_an_agent_who_may(floor, queue, now)
        self.before = now

    def lines_are_given_back(self, floor: reference.Floor, now: float) -> None:
        """A line is engaged for each contact in the IVR, on the line or talking that came with one."""
        holding = 0
        for contact in floor.contacts:
            if contact.key not in self.holds:
                self.holds[contact.key] = self.came_with_a_line(contact, floor)
            begun = contact.outcome == Outcome.ANSWERED and math.isnan(contact.released)
            waits = contact.outcome < 0 and not contact.is_request
            holding += self.holds[contact.key] and (begun or waits)
        assert floor.engaged == holding
        there = floor.lines_there
        assert there < 0 or floor.engaged <= max(there, self.engaged), "a contact came in without a line"
        self.engaged = floor.engaged

    def came_with_a_line(self, contact: Any, floor: reference.Floor) -> bool:
        """Whoever is transferred goes on with the line there was; callbacks had none."""
        if contact.attempt or not contact.need:
            return True
        known = [c for c in floor.contacts if (c.home, c.customer, c.need) == who_before(contact)]
        served = max(known, key=lambda c: c.attempt)
        transferred = contact.queue != served.queue
        self.seen |= {"transferred"} if transferred else set()
        return not transferred or (self.holds[served.key] and served.outcome == Outcome.ANSWERED)

    def nights_are_survived(self, floor: reference.Floor, now: float) -> None:
        """Only an agent, a request or the end of patience takes anybody out of the line of a queue that carries.

        While it is closed only an inbox lets anybody in.
        """
        for queue, rule in enumerate(self.centre.at_close):
            before = self.standing[queue]
            here = [c for c in floor.contacts if c.queue == queue and is_on_line(c)]
            self.standing[queue] = here
            assert floor.on_line[queue] == len(here)
            if rule != CARRY or not 0.0 < now < self.centre.horizon:
                continue
            stay = {c.key for c in before if is_on_line(c)}
            assert all(c.key in stay or left_of_itself(c, now) for c in before)
            if not floor.open[queue] and not self.was_open[queue]:
                assert self.centre.inbox[queue] or stay == {c.key for c in here}
            if floor.open[queue] and not self.was_open[queue] and stay:
                self.seen.add("a night")
        self.was_open = list(floor.open)

    def nobody_is_served_behind_closed_doors(self, floor: reference.Floor, now: float) -> None:
        for contact in floor.contacts:
            if contact.answered == now or (contact.is_ringing and contact.dialled == now):
                queue = contact.queue
                assert floor.open[queue] or self.centre.at_close[queue] == FINISH
                if contact.agent.team.finishing:
                    assert not floor.open[queue], "a group that only finishes serves no open queue"

    def those_are_there_who_are_not_away(
        self, floor: reference.Floor, group: int, team: reference.Group, now: float
    ) -> None:
        """As many as are planned and not away, more only with something in hand; or those who finish."""
        step = int(np.searchsorted(self.centre.steps.moments, now, side="right")) - 1
        over = now >= self.centre.horizon
        planned = 0 if over else self.present[group][step]
        if team.finishing:
            assert over or self.centre.steps.staffing[group, step] == 0
            assert team.wanted in self.present[group]
            assert self.something_is_left(floor, group)
            self.seen.add("finishing")
        else:
            assert team.wanted == planned
        in_hand = [c for c in floor.contacts if is_in_hand(c) and c.agent.team is team]
        if team.hands:
            assert sorted(c.key for agent in team.busy for c in agent.hand) == sorted(c.key for c in in_hand)
            assert all(agent.hand for agent in team.busy)
        busy = len({id(contact.agent) for contact in in_hand})
        assert team.present == len(team.free) + busy
        assert team.present == team.wanted or (team.present > team.wanted and not team.free)
        taken = {id(c.agent) for c in in_hand if now in (c.answered, c.dialled if c.dials else math.nan)}
        if not over and self.centre.steps.staffing[group, step] > 0:  # else some may be sent home at once
            assert len(taken) <= team.wanted, "an agent beyond those who are wanted has taken somebody"

    def something_is_left(self, floor: reference.Floor, group: int) -> bool:
        start, end = self.centre.queue_start[group : group + 2]
        return any(
            (floor.on_line[queue] or floor.requests[queue])
            and not floor.open[queue]
            and self.centre.at_close[queue] == FINISH
            for queue in self.centre.queues[start:end]
        )

    def hand_is_within_its_limit(self, agent: reference.Agent) -> None:
        """One contact, or at most the smallest `at_once`; what is put aside gives way to what is not."""
        aside = [c for c in agent.hand if c.is_paused]
        others = [c for c in agent.hand if not c.is_paused]
        most = min((c.skill.at_once for c in agent.hand), default=1)
        if aside:
            self.seen.add("aside")
            assert all(c.skill.interruptible and not c.is_ringing for c in aside)
            assert any(c.is_ringing or not c.skill.interruptible for c in others), "and nobody resumes"
            assert len(aside) <= min(c.skill.at_once for c in aside)
            assert len(others) == 1 or len(agent.hand) <= most
        elif len(agent.hand) > 1:
            self.seen.add("several in hand")
            assert len(agent.hand) <= most
        for contact in agent.hand:
            steps = {contact.skill.factor * slow for slow in contact.skill.slowdown}
            assert contact.factor in steps

    def all_that_was_in_hand_is_put_aside(self, agent: reference.Agent, now: float) -> None:
        """Not one of several: whatever goes on beside what is put aside came no sooner than the interruption."""
        for contact in agent.hand:
            if contact.is_paused:
                self.aside_since.setdefault(contact.key, now)
            else:
                self.aside_since.pop(contact.key, None)
        aside = [c for c in agent.hand if c.is_paused]
        if aside:
            since = min(self.aside_since[c.key] for c in aside)
            assert all(taken_at(c) >= since for c in agent.hand if not c.is_paused)
        self.seen |= {"several aside"} if len(aside) > 1 else set()
        self.seen |= {"aside after a ring"} if any(c.dials for c in aside) else set()

    def reserves_are_left(self, floor: reference.Floor, now: float) -> None:
        """Whoever was taken in this event found more agents free than its skill, and an idle request, leaves free.

        Of several who were taken at once, in the order that leaves most; but by a group that only finishes.
        """
        new = [c for c in floor.contacts if is_in_hand(c) and (c.key, c.dials) not in self.taken]
        self.taken |= {(c.key, c.dials) for c in new}
        step = int(np.searchsorted(self.centre.steps.moments, now, side="right")) - 1
        for team in {c.agent.team for c in new}:
            if floor.is_over or not team.rostered_by_step[step]:
                continue
            mine = [c for c in new if c.agent.team is team]
            free = len(team.free) + sum(c is c.agent.hand[0] for c in mine)
            for contact in sorted(mine, key=self.kept_free, reverse=True):
                kept = self.kept_free(contact)
                assert kept < 0 or free > kept
                self.seen |= {"a reserve"} if kept > 0 else set()
                free -= contact is contact.agent.hand[0]

    def kept_free(self, contact: Any) -> int:
        """How many agents must be free beyond the taker's; −1 where none need be, not even that one."""
        idle = self.centre.callbacks.reserve[contact.queue] if contact.is_for_idle else -1
        return max(contact.skill.reserve or -1, int(idle))

    def nobody_waits_beside_an_agent_who_may(self, floor: reference.Floor, queue: int, now: float) -> None:
        """The first contact of each line cannot be taken by anybody, by the words of the model."""
        for line, idle in ((floor.lines[queue], False), (floor.idle_lines[queue], True)):
            if not line.entries:
                continue
            contact = line.entries[0][2]
            base = contact.joined
            if contact.is_request and self.centre.callbacks.place[queue] == LATER:
                base = contact.callback_requested + self.centre.callbacks.after[queue]
            for place in range(self.centre.group_start[queue], self.centre.group_start[queue + 1]):
                assert not self.may_be_taken(floor, queue, place, base, idle, now)

    def may_be_taken(
        self, floor: reference.Floor, queue: int, place: int, base: float, idle: bool, now: float
    ) -> bool:
        centre, team = self.centre, floor.groups[int(self.centre.groups[place])]
        if not floor.open[queue] and centre.at_close[queue] != FINISH:
            return False
        if team.finishing and floor.open[queue]:
            return False
        if base + centre.overflow[place] > now:
            return False
        needed = max(centre.reserve[place] + 1 if centre.reserve[place] else 0, 0)
        if idle:
            needed = max(needed, centre.callbacks.reserve[queue] + 1)
        if not team.finishing and len(team.free) < needed:
            return False
        if team.free:
            return True
        spare = sorted(team.busy, key=lambda agent: (len(agent.hand), agent.number))
        return any(self.hand_has_room(agent, place) for agent in spare[max(0, team.present - team.wanted) :])

    def hand_has_room(self, agent: reference.Agent, place: int) -> bool:
        held, at_once = agent.hand, self.centre.at_once[place]
        gives_way = all(c.skill.interruptible and not c.is_ringing for c in held)
        if gives_way and not self.centre.interruptible[place]:
            return True
        return len(held) < min([at_once, *(c.skill.at_once for c in held)]) and at_once > 1


def is_in_hand(contact: Any) -> bool:
    """Whether an agent talks, wraps up or rings for a contact now."""
    served = contact.outcome in (Outcome.ANSWERED, Outcome.CALLBACK_SERVED)
    return contact.is_ringing or (served and contact in contact.agent.hand)


def is_on_line(contact: Any) -> bool:
    return not math.isnan(contact.joined) and math.isnan(contact.wait)


def left_of_itself(contact: Any, now: float) -> bool:
    """Whether a contact has left its line at this moment for an agent, for a callback or out of patience."""
    if contact.outcome == Outcome.ABANDONED:
        return left_at(contact) == now
    return now in (contact.answered, contact.callback_requested)


def taken_at(contact: Any) -> float:
    """When an agent took a contact: answered it, or dialled for the last time."""
    return float(contact.dialled if contact.dials else contact.answered)


def left_at(contact: Any) -> float:
    """When a contact's patience ran out; that of the backlog begins at opening."""
    if contact.joined >= 0:
        return float(contact.joined + contact.wait)
    return float(contact.patience)


def who_before(contact: Any) -> tuple[int, int, int]:
    return contact.home, contact.customer, contact.need - 1


def present_by_step(scene: Scene) -> list[list[int]]:
    """How many of each group are not away at each step: a day's absence is a position's own number."""
    centre, steps = scene.centre, scene.centre.steps

    def here(group: int, step: int) -> int:
        day = int(steps.moments[step] // 86_400)
        stream, share = centre.group_streams[group], centre.absence[group]
        return sum(
            u(scene.seed, stream, scene.replication, position, day, 0, ABSENT) >= share
            for position in range(steps.staffing[group, step])
        )

    return [[here(group, step) for step in range(steps.moments.size)] for group in range(centre.hands.size)]


MAIL_AND_CALLS = {
    "interval": "5 min",
    "length": "40 min",
    "queues": {
        "mail": {
            "arrivals": {"per_interval": 3},
            "talk": {"distribution": "exponential", "mean": "4 min"},
            "callback": {
                "offer": "always",
                "accept": 0.5,
                "ring": "60 s",
                "reached": 0.7,
                "retry_after": "60 s",
            },
        },
        "calls": {"arrivals": {"per_interval": 4}, "talk": {"distribution": "exponential", "mean": "1 min"}},
        "faxes": {
            "arrivals": {"per_interval": 1},
            "talk": {"distribution": "exponential", "mean": "1 min"},
            "hours": ["00:00-00:15", "00:25-00:40"],
            "at_close": "carry",
        },
    },
    "agents": {
        "g": {
            "staffing": 2,
            "skills": {"calls": {}, "mail": {"level": 2, "at_once": 2, "interruptible": True}},
        }
    },
}
"""Mails are put aside for calls, several at once, those who were called back too; faxes wait for nobody."""


def test_the_whole_floor_keeps_its_books_at_every_instant() -> None:
    """No line held twice, hands within limits, the absent away, nobody waiting beside an agent who may.

    What seldom happens must have happened: a law that nothing has tried says nothing.
    """
    met: Counter[str] = Counter()

    @settings(LAW, phases=[Phase.explicit, Phase.generate])  # what is wrong is made smaller by `smallest`
    @example(scene=dealt_of(MAIL_AND_CALLS))
    @given(scene=scenarios())
    def keeps_its_books(scene: Scene) -> None:
        try:
            met.update(books_of(scene))
        except AssertionError as wrong:
            raise AssertionError(f"the books are wrong, {smallest(scene, has_wrong_books)}") from wrong

    keeps_its_books()
    for what in ("a night", "a reserve", "several aside", "aside after a ring", "finishing"):
        assert met[what], what


def has_wrong_books(scene: Scene) -> bool:
    try:
        books_of(scene)
    except AssertionError:
        return True
    return False


def books_of(scene: Scene) -> set[str]:
    """Play a scene and look at it after every instant; what was seen of what is rare."""
    whole = Whole(scene)
    floor = play_watched(scene, whole)
    assert floor.engaged == 0, "every line has been given back"
    assert not any(floor.on_line)
    assert not any(floor.requests)
    assert all(contact.outcome >= 0 for contact in floor.contacts), "every contact ends"
    for contact in floor.contacts:
        if contact.outcome not in (Outcome.ANSWERED, Outcome.CALLBACK_SERVED):
            continue
        begun = contact.answered if contact.outcome == Outcome.ANSWERED else contact.callback_connected
        work = (contact.talk + contact.wrap) * contact.factor
        aside = whole.paused.get(contact.key, 0.0)
        assert contact.released - begun == pytest.approx(work + aside, rel=1e-9, abs=1e-6)
        assert contact.talk_end - begun >= contact.talk * contact.factor - 1e-6
        if not aside:
            assert contact.talk_end == begun + contact.talk * contact.factor
    return whole.seen


def play_watched(scene: Scene, watch: Callable[[reference.Floor], None]) -> reference.Floor:
    """Play a scene on the reference engine; the floor as it is when all is over."""
    floors: list[reference.Floor] = []

    def keep(floor: reference.Floor) -> None:
        floors[:] = [floor]
        watch(floor)

    reference.play(scene.centre, scene.day, scene.seed, scene.replication, watch=keep)
    return floors[0]


# Work


def work_of_rows(dealt: Dealt, r: Records) -> np.ndarray:
    """The talk and wrap that was dealt to the customer of each row, before any factor."""
    row = dealt.day.start[r.home] + r.customer
    return dealt.day.talk[row] + dealt.day.wrap[row]


def work_done(r: Records) -> np.ndarray:
    """From answer or connection to release, of each row; null where nobody was served."""
    return r.released - np.where(np.isnan(r.callback_connected), r.answered, r.callback_connected)


@pytest.mark.parametrize("engine", ENGINES)
@LAW
@given(dealt=days(factors=(1.0,)))
def test_the_work_served_and_the_work_left_are_the_work_dealt(engine: str, dealt: Dealt) -> None:
    r = ENGINES[engine](dealt.centre, dealt.day, dealt.seed, 0)
    served = np.isin(r.outcome, [Outcome.ANSWERED, Outcome.CALLBACK_SERVED])
    customers = dealt.day.start[r.home] + r.customer
    times = np.bincount(customers[served], minlength=dealt.day.talk.size)
    assert (times <= 1).all(), "nobody is served twice"
    everything = dealt.day.talk + dealt.day.wrap
    left = everything[times == 0].sum()
    assert np.nansum(work_done(r)) + left == pytest.approx(everything.sum(), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@LAW
@given(dealt=days())
def test_agents_are_busy_with_served_work_and_with_ringing_alone(engine: str, dealt: Dealt) -> None:
    """Of each group: the work of its rows × its factor, and all the ringing of all groups together."""
    r = ENGINES[engine](dealt.centre, dealt.day, dealt.seed, 0)
    factor = {
        (int(dealt.centre.groups[place]), queue): dealt.centre.factor[place]
        for queue in range(dealt.centre.balks.size)
        for place in range(dealt.centre.group_start[queue], dealt.centre.group_start[queue + 1])
    }
    served = r.group >= 0
    factors = np.array([factor[g, q] for g, q in zip(r.group[served], r.queue[served], strict=True)])
    done = work_done(r)[served]
    assert done == pytest.approx(work_of_rows(dealt, r)[served] * factors, rel=1e-9, abs=1e-6)
    ring = dealt.centre.callbacks.ring[r.queue]
    called = r.outcome == Outcome.CALLBACK_SERVED
    assert r.busy.sum() == pytest.approx(done.sum() + (ring * r.dials).sum(), rel=1e-9, abs=1e-6)
    unreached = (ring * (r.dials - called)).sum()
    assert r.unreached.sum() == pytest.approx(unreached, rel=1e-9, abs=1e-6)
    for group, busy in enumerate(r.busy.sum(axis=1) - r.unreached.sum(axis=1)):
        mine = r.group == group
        expected = np.nansum(work_done(r)[mine]) + ring[mine & called].sum()
        assert busy == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_callbacks_do_not_remove_work() -> None:
    """What they put off comes back within the day, to the last second; and it is the work of those served."""
    exponential = lambda mean: {"distribution": "exponential", "mean": mean}  # noqa: E731
    callback = {"offer": {"queue_length": 2}, "accept": 0.6, "reached": 0.7, "ring": "15 s"}
    scenario = sim.Scenario(
        length="8 h",
        warm_up="30 min",
        queues={
            "calls": {
                "arrivals": {"per_interval": [8, 12, 25, 30, 25, 15, 10, 8, 10, 20, 25, 18, 9, 7, 6, 5]},
                "talk": exponential("4 min"),
                "patience": exponential("3 min"),
                "callback": callback | {"place": "later", "after": "1 h"},
            },
            "faults": {
                "arrivals": {"per_interval": 6},
                "talk": exponential("5 min"),
                "wrap": exponential("1 min"),
                "callback": callback | {"place": "idle", "reserve": 1},
            },
        },
        agents={"team": {"staffing": 4, "skills": ["calls", "faults"]}},
    )
    result = sim.simulate(scenario, replications=8, seed=3)
    for name in ("calls", "faults"):
        figures = result.queue(name)
        assert figures["returned_hours"].value == pytest.approx(figures["deferred_hours"].value, rel=1e-9)
        rows = [rows[rows.queue == name] for rows in map(result.records, range(8))]
        counted = [r[(r.arrived >= 1800) & (r.outcome == "callback_served")] for r in rows]
        hours = sum((r.released - r.callback_connected).sum() for r in counted) / 3600 / 8
        assert hours > 0
        assert figures["deferred_hours"].value == pytest.approx(hours, rel=1e-9)


# Little's law


def long_day() -> sim.Scenario:
    """Two queues for 100 hours; whoever still waits at the end is cut off, so that all waits end in time."""
    exponential = lambda mean: {"distribution": "exponential", "mean": mean}  # noqa: E731
    return sim.Scenario(
        length="100 h",
        interval="100 h",
        at_close="drop",
        queues={
            "calls": {
                "arrivals": {"rate": "1 / min"},
                "talk": {"distribution": "lognormal", "mean": "3 min", "cv": 1.3},
                "patience": exponential("4 min"),
                "head_start": "30 s",
            },
            "faults": {"arrivals": {"rate": "0.5 / min"}, "talk": exponential("4 min"), "max_waiting": 30},
        },
        agents={
            "both": {"staffing": 3, "skills": ["calls", "faults"]},
            "repair": {"staffing": 2, "skills": {"faults": {"handle_factor": 1.2}}},
        },
    )


RATES = {"calls": 1 / 60, "faults": 0.5 / 60}


def test_little_s_law_holds_to_the_last_digit_on_a_long_day() -> None:
    """The mean number in line × the time is the sum of the waits, each queue for itself."""
    result = sim.simulate(long_day(), replications=2, seed=11)
    totals = result.replications()
    for name in RATES:
        waits = totals.xs(name, level="queue")["wait"]
        length = result.queue(name)["mean_queue_length"].value
        assert length * 360_000 == pytest.approx(waits.mean(), rel=1e-9)
        rows = result.records(1)
        assert waits[1] == pytest.approx(rows[rows.queue == name].wait.sum(), rel=1e-9)


def test_little_s_law_holds_for_the_rate_that_was_asked_for() -> None:
    """L = λW with the λ of the scenario; W counts those who do not wait, too.

    L ÷ λW is the number of arrivals over that expected, so its error is Poisson's; 1% for both together.
    """
    replications = 10
    result = sim.simulate(long_day(), replications=replications, seed=12)
    for name, rate in RATES.items():
        figures = result.queue(name)
        assert figures["blocked"].value == 0
        z = figures["mean_queue_length"].value / (rate * figures["mean_wait"].value) - 1
        z *= math.sqrt(rate * 360_000 * replications)
        print(f"{name}: L {figures['mean_queue_length'].value:.4f}, z of L ÷ λW {z:+.2f}")
        assert abs(z) < ndtri(1 - 0.01 / 2 / 2)


# One more agent


@st.composite
def plain_days(draw: Draw) -> tuple[Dealt, Dealt]:
    """One queue, one group, nobody gives up or is turned away; and the same day with one agent more."""
    intervals = draw(st.integers(2, 6))
    staffing = [*(draw(st.integers(0, 5)) for _ in range(intervals - 1)), draw(st.integers(1, 5))]
    mapping = {
        "interval": f"{INTERVAL} s",
        "length": f"{INTERVAL * intervals} s",
        "queues": {
            "q": {
                "arrivals": {"per_interval": [draw(st.integers(0, 20)) for _ in range(intervals)]},
                "talk": lasting(draw, 40, 90, 250),
                "wrap": lasting(draw, 15),
                "head_start": "17 s",
            }
        },
        "agents": {"g": {"staffing": staffing, "skills": {"q": {"handle_factor": 1.3}}}},
    }
    scenario, seed = sim.Scenario(**mapping), draw(st.integers(0, 2**31))
    more = scenario.with_({"agents.g.staffing": [number + 1 for number in staffing]})
    centre = centre_of(scenario)
    day = deal(centre.demand, seed, 0)
    return Dealt(scenario, centre, day, seed), Dealt(more, centre_of(more), day, seed)


@pytest.mark.parametrize("engine", ENGINES)
@LAW
@given(pair=plain_days())
def test_one_more_agent_makes_nobody_wait_longer(engine: str, pair: tuple[Dealt, Dealt]) -> None:
    before, after = (ENGINES[engine](d.centre, d.day, d.seed, 0) for d in pair)
    assert (before.outcome == Outcome.ANSWERED).all()
    assert (after.outcome == Outcome.ANSWERED).all()
    assert (after.wait <= before.wait + 1e-6).all(), "but for the last digits of sums in another order"
    event("somebody waits less" if (after.wait < before.wait - 1e-6).any() else "no difference")
