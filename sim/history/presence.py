"""Who was at work when, day by day: estimated from what each agent answered, for days without a roster."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.errors import InputError
from sim.history.contacts import Contacts
from sim.history.duty import BREAK, SERVES
from sim.history.moments import EPOCH_DAY, offsets
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, say_clock

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PASSED_OVER = (
    1,
    2,
    4,
    8,
)  # contacts that went to others who came free later: after so many, an agent was away
PAIRS = 4_000_000  # gaps × contacts looked at together
AROUND, ENOUGH = 1800.0, 10  # s, contacts: over which the idle time of agents is averaged, and from how many
LONGEST_ROW = 12 * 3600.0  # s: of a roster, whose rows are of one day or run over one midnight


class Presence(NamedTuple):
    """Spells at work, by agent and start: the agent's code and both ends, Unix s.

    start: before the first contact, by the time for which agents at work are usually free then; end: the middle of
    the last contact, as agents of a scenario finish what they have and so stay as long as the real ones did, and
    later by the share of those who were free when they went; over: the end of that contact. served: bool (agents,
    queues), which of the log's queues each agent serves. gaps: how many there are below `BREAK` between two contacts
    of one agent; away: in how many of these the agent was passed over so often that it was not at work.
    """

    agent: Codes
    start: Array
    end: Array
    over: Array
    served: Mask
    gaps: int
    away: int


def presences_of(contacts: Contacts, wrap: float = 0.0) -> tuple[Presence, ...]:
    """When each agent was at work, told from contacts alone, waits not looked at: one guess for each of `PASSED_OVER`.

    An agent is at work from the start of a contact to its end (wrap: mean s to add where it is not logged), and
    between two contacts unless `BREAK` or more lies between them, or so many contacts of its queues went meanwhile
    to agents who had come free after it: where the longest free is asked first, it was not there. How many prove it
    is not known, so that each number is a guess of its own.
    Raises InputError where the log knows no agents.
    """
    worked = np.flatnonzero((contacts.agent >= 0) & contacts.was_answered & ~np.isnan(contacts.talk_end))
    if not worked.size:
        raise InputError(
            "the log does not say which agent took a contact, so agents cannot be estimated from it; take those of "
            "the scenario or the fit",
            path="agents",
        )
    worked = worked[np.lexsort((contacts.answered[worked], contacts.agent[worked]))]
    agent, queue = contacts.agent[worked].astype(np.int64), contacts.queue[worked].astype(np.int64)
    start, end = contacts.answered[worked], contacts.wrap_end[worked]
    end = np.where(np.isnan(end), contacts.talk_end[worked] + wrap, end)
    same = np.append(agent[1:] == agent[:-1], False)
    size = float(end.max() - start.min()) + 1.0
    over = np.maximum.accumulate(end + agent * size) - agent * size  # when all so far were done
    served = _served(agent, queue, len(contacts.queues))
    since = np.where(np.insert(same[:-1], 0, False), np.insert(over[:-1], 0, 0.0), -np.inf)
    gap = np.append(start[1:], np.inf) - over
    short = np.flatnonzero(same & (gap > 0) & (gap <= BREAK))
    passed = np.zeros(agent.size, np.int64)
    answers = (
        start,
        since - wrap * np.isnan(contacts.wrap_end[worked]),
        queue,
    )  # a wrap that is a mean may be shorter
    passed[short] = _passed_over(over[short], start[short + 1], agent[short], answers, served)
    middle = (start + over) / 2
    found = []
    for most in PASSED_OVER:
        away = (gap > BREAK) | (passed >= most)
        last = np.flatnonzero(~same | away)
        first = np.insert(last[:-1] + 1, 0, 0)
        free, there = np.maximum(gap[:-1], 0.0), same[:-1] & ~away[:-1]
        came = np.maximum(start[first] - _usual_idle(start[1:], free, there, start[first]), since[first])
        idle, busy = float(free[there].sum()), float(np.maximum(over - start, 0.0).sum())
        was_free = idle / (idle + busy) if idle + busy > 0 else 0.0
        stayed = over[last] - middle[last] + _usual_idle(start[1:], free, there, over[last])
        back = np.append(np.where(agent[first[1:]] == agent[first[:-1]], came[1:], np.inf), np.inf)
        went = np.minimum(middle[last] + was_free * stayed, np.maximum(back, over[last]))
        found.append(
            Presence(
                agent[first], came, np.maximum(went, start[first]), over[last], served, short.size,
                int(np.count_nonzero(passed >= most)),
            )
        )  # fmt: skip
    return tuple(found)


def _usual_idle(moment: Array, idle: Array, counted: Mask, asked: Array) -> Array:
    """Mean s that agents at work were free before a contact around each of some moments.

    moment, idle, counted: of every contact but the first, whether it follows another of an agent who was there.
    """
    base = float(moment.min(initial=np.inf))
    place = ((moment[counted] - base) // AROUND).astype(np.int64)
    size = (
        int((max(float(moment.max(initial=base)), float(asked.max())) - base) // AROUND) + 1
        if moment.size
        else 1
    )
    each, total = np.bincount(place, minlength=size), np.bincount(place, idle[counted], minlength=size)
    overall = float(idle[counted].mean()) if counted.any() else 0.0
    mean = np.where(each >= ENOUGH, total / np.maximum(each, 1), overall)
    return (
        mean[np.maximum((asked - base) // AROUND, 0).astype(np.int64)]
        if moment.size
        else np.zeros(asked.size)
    )


def _served(agent: Codes, queue: Codes, queues: int) -> Mask:
    """Which queues each agent serves: those of `SERVES` of its contacts, and 3, or of most."""
    agents = int(agent.max()) + 1
    counts = np.bincount(agent * queues + queue, minlength=agents * queues).reshape(agents, queues)
    enough = counts >= np.maximum(SERVES * counts.sum(axis=1, keepdims=True), 3)
    return np.asarray((enough | (counts == counts.max(axis=1, keepdims=True))) & (counts > 0))


def _passed_over(
    free: Array, until: Array, agent: Codes, answers: tuple[Array, Array, Codes], served: Mask
) -> Codes:
    """How many contacts, while an agent was free, went to others who had come free later.

    answers: of every contact the moment of answer, since when its agent had been free (−∞ unknown), and its queue.
    """
    order = np.argsort(answers[0], kind="stable")
    at, since, queue = (column[order] for column in answers)
    low, high = np.searchsorted(at, free, "right"), np.searchsorted(at, until, "left")
    count = np.maximum(high - low, 0)
    found = np.zeros(free.size, np.int64)
    blocks = np.cumsum(count) // PAIRS
    for block in np.unique(blocks):
        mine = np.flatnonzero(blocks == block)
        each = np.repeat(mine, count[mine])
        steps = np.arange(each.size) - np.repeat(np.cumsum(count[mine]) - count[mine], count[mine])
        contact = low[each] + steps
        later = (since[contact] > free[each]) & served[agent[each], queue[contact]]
        found[mine] = np.bincount(each[later], minlength=free.size)[mine]
    return found


def likest_groups(served: Mask, skills: Sequence[Sequence[int]]) -> Codes:
    """For each agent the group whose queues are most like its own: shared queues ÷ queues of either.

    served: bool (agents, queues); skills: the queues of each group, as codes of the log.
    """
    able = np.zeros((len(skills), served.shape[1]), bool)
    for group, own in enumerate(skills):
        able[group, list(own)] = True
    shared = (served[:, None, :] & able).sum(axis=2)
    either = np.maximum((served[:, None, :] | able).sum(axis=2), 1)
    return np.argmax(shared / either, axis=1)


class Rostered(NamedTuple):
    """A group's agents on one day of a scenario: whole numbers by interval, and spells beside them, s from opening."""

    staffing: Codes
    spells: tuple[tuple[float, float], ...]


def rostered(start: Array, end: Array, interval: float, count: int) -> Rostered:
    """The spells of a group as the least there in each interval, which plans can add to, and the rest as spells.

    start, end: s from opening, cut to the horizon here.
    """
    start, end = (
        np.clip(np.round(start), 0.0, interval * count),
        np.clip(np.round(end), 0.0, interval * count),
    )
    start, end = start[end > start], end[end > start]
    moments = np.unique(np.concatenate([start, end, np.arange(count + 1) * interval]))
    begun, over = (np.searchsorted(np.sort(ends), moments[:-1], "right") for ends in (start, end))
    there = begun - over
    least = np.minimum.reduceat(there, np.searchsorted(moments, np.arange(count) * interval))
    beyond = there - least[np.minimum(moments[:-1] // interval, count - 1).astype(np.int64)]
    spells: list[tuple[float, float]] = []
    for level in range(1, int(beyond.max(initial=0)) + 1):
        spells += _runs(beyond >= level, moments)
    return Rostered(least, tuple(spells))


def on_days(
    presence: Presence, group: Codes, days: Codes, scenario: Scenario, zone: str, groups: int
) -> list[list[Rostered]]:
    """By day and group who was at work; days: ordinals of the dates on which the scenario opens; group: by agent."""
    grid = scenario.grid
    start, end = (moments + offsets(moments, zone) for moments in (presence.start, presence.end))
    of = group[presence.agent]
    found = []
    for day in days:
        opens = float(day - EPOCH_DAY) * DAY + grid.opens
        today = (end > opens) & (start < opens + grid.horizon)
        own = [(start[today & (of == g)] - opens, end[today & (of == g)] - opens) for g in range(groups)]
        found.append([rostered(first, last, grid.interval, grid.count) for first, last in own])
    return found


def mean_agents(agents: Mapping[str, Rostered], interval: float) -> Array:
    """Mean agents at work in each interval, all groups together: float64 (intervals,)."""
    found = np.sum([own.staffing for own in agents.values()], axis=0).astype(float)
    edges = np.arange(found.size + 1) * interval
    for own in agents.values():
        for start, end in own.spells:
            found += np.diff(np.clip(edges, start, end)) / interval
    return found


def on_the_day(
    scenario: Scenario,
    agents: Mapping[str, Rostered],
    traces: Mapping[str, Any] | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Scenario:
    """The scenario with the agents of a day in place of its own, under a plan, with recorded contacts.

    A plan finds the numbers by interval in each group's `staffing`; what it adds to them or takes away is added to or
    taken from those who were there, who come and go at their own moments. A group to which the plan gives shifts or
    a roster has these. traces: by queue, in place of its arrivals.
    """
    document = scenario.document
    nobody = (
        0 if any(own.staffing.any() for own in agents.values()) else 1
    )  # no scenario is without any agent
    for name, own in agents.items():
        members = document["agents"][name]
        for key in ("shifts", "roster"):
            members.pop(key, None)
        members |= {"staffing": (own.staffing + nobody).tolist(), "absence": 0}
    for queue, trace in (traces or {}).items():
        document["queues"][queue]["arrivals"] = {"trace": trace}
    if plan:
        document = Scenario(scenario.folder, **document).under(plan).document
    for name, own in agents.items():
        members = document["agents"].get(name, {})
        if "staffing" in members and (own.spells or nobody):
            more = np.array(members.pop("staffing"), np.int64) - own.staffing - nobody
            members["roster"] = {"rows": _rows(name, own, more, scenario)}
    for key in ("plans", "targets"):
        document.pop(key, None)
    return Scenario(scenario.folder, **document)


def _rows(name: str, own: Rostered, more: Codes, scenario: Scenario) -> list[dict[str, Any]]:
    """The roster of a group: those who were there, and so many more in each interval; as few agents as suffice."""
    interval, opens = scenario.grid.interval, scenario.grid.opens
    edges = np.arange(more.size + 1) * interval
    moments = np.unique(np.concatenate([edges, *(np.array(spell) for spell in own.spells)]))
    there = (own.staffing + more)[np.minimum(moments[:-1] // interval, more.size - 1).astype(np.int64)]
    for start, end in own.spells:
        there = there + ((moments[:-1] >= start) & (moments[:-1] < end))
    rows = []
    for level in range(1, int(there.max(initial=0)) + 1):
        for start, end in _runs(there >= level, moments):
            cuts = [*np.arange(start, end, LONGEST_ROW).tolist(), end]
            rows += [_row(f"{name} {level}", opens, *span) for span in pairwise(cuts)]
    return rows or [_row(f"{name} 1", opens, 0.0, 1.0)]


def _runs(there: Mask, moments: Array) -> list[tuple[float, float]]:
    """Spans of moments throughout which something is."""
    edges = np.diff(np.concatenate([[0], there.astype(np.int64), [0]]))
    return list(zip(moments[edges == 1].tolist(), moments[edges == -1].tolist(), strict=True))


def _row(agent: str, opens: float, start: float, end: float) -> dict[str, Any]:
    day, clock = divmod(opens + start, DAY)
    until = (opens + end) % DAY
    return {
        "agent": agent, "day": int(day) + 1, "start": say_clock(clock), "end": say_clock(until),
    }  # fmt: skip
