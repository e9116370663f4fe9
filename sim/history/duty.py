"""Agents on duty, estimated from when they talked, where no roster exists; and who serves which queues."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.history.arrivals import Volumes, volumes_of_counts
from sim.history.contacts import Contacts
from sim.history.days import Window
from sim.history.durations import are_whole
from sim.history.moments import EPOCH_DAY
from sim.history.survival import NORMAL
from sim.measures.estimate import Estimate

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

BREAK, LONGEST_BREAK = (
    900.0,
    3600.0,
)  # s: without a contact for so long, an agent is away; more where it is quiet
BREAK_GAPS = 6.0  # … so many times the usual time between two contacts
HAD_TO_WAIT = 10.0  # s: who waits so long found nobody free
PRIOR = 20.0  # moments that the share in all is worth, beside those of an interval
SERVES = 0.02  # of an agent's contacts: a queue below is no skill
KNOWN_AGENT = 50  # contacts, to know what an agent serves
SMALL = 0.03  # of all contacts: a group below is merged
MOST_GROUPS = 8
AT_WORK, ENOUGH_GAPS = 3, 100  # waiting, gaps: what wrap is read from where it is not logged
LONGEST_GAP = 300.0  # s: longer ones are breaks
LEAST_RATIO, LEAST_SHAPE = 1.05, 0.7  # of quartiles, and of a Weibull: wrap is hardly steadier, or wilder
NEXT_AT_ONCE = 1.0  # s: half of the gaps below this, and agents need no time between two contacts


class Group(NamedTuple):
    """Agents who serve the same queues (codes): how many, their contacts, and how many are on duty by interval.

    seen: between first and last contact, breaks out; on_duty: what the staffing is made from, `seen` times the share of
    these that was at work whenever somebody had to wait, by interval; `present`: in all, at so many `moments`.
    by_day: `seen` of every day of the window by interval of the day, (d, slots), and share: that of `present` in each
    interval of the scenario.
    """

    queues: tuple[int, ...]
    agents: int
    contacts: int
    seen: Volumes
    on_duty: Array
    present: float
    moments: int
    by_day: Array
    share: Array


class Duty(NamedTuple):
    """The groups, and how many agents were of small groups and counted with another."""

    groups: tuple[Group, ...]
    merged: int
    pause: float


class _Spans(NamedTuple):
    """Starts and ends (Unix s) of what agents did, by agent and start, and whose each is."""

    agent: Codes
    start: Array
    end: Array

    def of(self, chosen: Mask) -> "_Spans":
        return _Spans(self.agent[chosen], self.start[chosen], self.end[chosen])


def duty_of(
    contacts: Contacts, window: Window, places: tuple[Codes, Codes], ahead: Array, wrap: float
) -> Duty | None:
    """The groups and their agents on duty; None if no agent is known.

    places: row and interval of each contact, as `Window.places` has them; ahead: seconds the local clock is ahead of
    UTC, (n,). wrap: mean s to add to the work of each contact where wrap is not logged.
    """
    worked = np.flatnonzero((contacts.agent >= 0) & contacts.was_answered & ~np.isnan(contacts.talk_end))
    if not worked.size:
        return None
    worked = worked[np.lexsort((contacts.answered[worked], contacts.agent[worked]))]
    agent = contacts.agent[worked].astype(np.int64)
    ended = contacts.wrap_end[worked]
    ended = np.where(np.isnan(ended), contacts.talk_end[worked] + wrap, ended)
    work = _joined(_Spans(agent, contacts.answered[worked], ended), 0.0)
    gaps = _gaps(work)
    pause = float(np.clip(BREAK_GAPS * np.median(gaps), BREAK, LONGEST_BREAK)) if gaps.size else BREAK
    spells = _lengthened(work, pause)
    sets, group_of, merged = _groups(
        agent, contacts.queue[worked], len(contacts.queues), int(agent.max()) + 1
    )
    local = float(np.median(ahead[worked])) if np.ptp(ahead[worked]) == 0 else None
    shift = _shift(spells.start, contacts.answered[worked], ahead[worked]) if local is None else local
    row, slot = places
    cell = np.where(row >= 0, window.kind[row] * window.slots + slot, -1)
    groups = []
    for place, queues in enumerate(sets):
        worked_by, on = (spans.of(group_of[spans.agent] == place) for spans in (work, spells))
        own = group_of[spells.agent] == place
        matrix = _on_duty(on.start + _part(shift, own), on.end + _part(shift, own), window)
        seen = volumes_of_counts(matrix, window)
        found = [
            window.by_interval(each) for each in _rushes(contacts, queues, (worked_by, on), window, cell)
        ]
        present, by_interval = _present(*found)
        size = int(np.count_nonzero(group_of[np.unique(agent)] == place))
        served = int(np.count_nonzero(group_of[agent] == place))
        moments = int(found[2].sum())
        groups.append(
            Group(queues, size, served, seen, seen.mean * by_interval, present, moments, matrix, by_interval)
        )
    return Duty(tuple(groups), merged, pause)


def staffing(on_duty: Array, volumes: Sequence[Array], serves: Sequence[Sequence[bool]]) -> Codes:
    """Agents on duty rounded, (groups, intervals), somebody there for every queue in which contacts are expected.

    on_duty: (groups, intervals); volumes: by queue, (intervals,); serves: by queue, whether each group does. The sum of
    the groups is that rounded; the groups with the largest remainders are rounded up.
    """
    whole = np.floor(on_duty).astype(np.int64)
    lacking = np.floor(on_duty.sum(axis=0) + 0.5).astype(np.int64) - whole.sum(axis=0)
    rank = np.argsort(np.argsort(whole - on_duty, axis=0, kind="stable"), axis=0, kind="stable")
    whole += rank < lacking
    for expected, able in zip(volumes, np.array(serves, dtype=bool), strict=True):
        if able.any():
            empty = (expected > 0) & (whole[able].sum(axis=0) == 0)
            fullest = np.flatnonzero(able)[np.argmax(on_duty[able], axis=0)]
            whole[fullest[empty], np.flatnonzero(empty)] = 1
    return whole


def wrap_gaps(contacts: Contacts) -> Array:
    """Seconds from one contact to the same agent's next while `AT_WORK` or more waited: wrap and picking up.

    Gaps over `LONGEST_GAP` are taken for breaks. Where most agents had their next contact at once, there is no wrap,
    and the few gaps are those of agents who came back: none.
    """
    worked = np.flatnonzero((contacts.agent >= 0) & contacts.was_answered & ~np.isnan(contacts.talk_end))
    worked = worked[np.lexsort((contacts.answered[worked], contacts.agent[worked]))]
    if worked.size < 2:
        return np.zeros(0)
    before, after = worked[:-1], worked[1:]
    end, start = contacts.talk_end[before], contacts.answered[after]
    same = (contacts.agent[before] == contacts.agent[after]) & (start >= end) & (start - end <= LONGEST_GAP)
    end, start = end[same], start[same]
    waited = contacts.wait > 0
    joined = np.sort(contacts.joined[waited])
    gone = np.sort((contacts.joined + contacts.wait)[waited])
    fewest = np.full(end.size, np.inf)
    for moment in (end, start):
        line = np.searchsorted(joined, moment, "right") - np.searchsorted(gone, moment, "right")
        fewest = np.minimum(fewest, line)
    gaps = (start - end)[fewest >= AT_WORK]
    return gaps if gaps.size and float(np.median(gaps)) >= NEXT_AT_ONCE else np.zeros(0)


class Wrap(NamedTuple):
    """Wrap read from gaps: mean s with its 95% interval, and cv, of the Weibull with their quartiles."""

    mean: Estimate
    cv: float


def wrap_of(gaps: Array) -> Wrap | None:
    """The Weibull with the quartiles of some gaps; None for too few.

    Quartiles, because the longest gaps are breaks: F(t) = 1 − exp(−(t ÷ scale)^shape) has the ratio of its quartiles
    (ln 4 ÷ ln 4⁄3)^(1 ÷ shape); 1 is the exponential. The interval is that of the median.
    """
    if gaps.size < ENOUGH_GAPS:
        return None
    spread = 0.5 * NORMAL / math.sqrt(gaps.size)
    first, low, median, high, third = np.quantile(
        gaps, [0.25, 0.5 - spread, 0.5, 0.5 + spread, 0.75]
    ).tolist()
    if are_whole(gaps):  # known to half a second
        low, high = low - 0.5, high + 0.5
    ratio = max(third / max(first, 1e-3), LEAST_RATIO)
    shape = max(math.log(math.log(4.0) / math.log(4.0 / 3.0)) / math.log(ratio), LEAST_SHAPE)
    mean = median * math.gamma(1.0 + 1.0 / shape) / math.log(2.0) ** (1.0 / shape)
    cv = math.sqrt(math.gamma(1.0 + 2.0 / shape) / math.gamma(1.0 + 1.0 / shape) ** 2 - 1.0)
    return Wrap(Estimate(mean, mean * low / median, mean * high / median), cv)


def _joined(spans: _Spans, most: float, lengthen: Array | None = None) -> _Spans:
    """Spans of one agent with at most so many seconds between them made one; each then lengthened at both ends."""
    base = float(spans.start.min())
    size = float(spans.end.max()) - base + most + 1.0
    own = spans.agent * size
    reached = np.maximum.accumulate(spans.end - base + own)
    fresh = np.insert((spans.start[1:] - base + own[1:] - reached[:-1] > most), 0, True)
    fresh[1:] |= spans.agent[1:] != spans.agent[:-1]
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], fresh.size) - 1
    agent = spans.agent[first]
    end = reached[last] - own[last] + base
    more = 0.0 if lengthen is None else lengthen[agent]
    return _Spans(agent, spans.start[first] - more, end + more)


def _gaps(work: _Spans) -> Array:
    """Seconds between two contacts of one agent, up to `LONGEST_BREAK`."""
    gaps = (work.start[1:] - work.end[:-1])[work.agent[1:] == work.agent[:-1]]
    return gaps[gaps <= LONGEST_BREAK]


def _lengthened(work: _Spans, pause: float) -> _Spans:
    """Spells on duty: work with pauses up to so long, and before and after it the agent's usual idle time.

    Who comes on duty waits for the first contact as for any other, and goes some time after the last.
    """
    gaps = work.start[1:] - work.end[:-1]
    idle = (work.agent[1:] == work.agent[:-1]) & (gaps <= pause)
    size = int(work.agent.max()) + 1
    count = np.bincount(work.agent[1:][idle], minlength=size)
    total = np.bincount(work.agent[1:][idle], gaps[idle], minlength=size)
    usual = float(gaps[idle].mean()) if idle.any() else 0.0
    own = np.where(count >= KNOWN_AGENT, total / np.maximum(count, 1), usual)
    return _joined(_joined(work, pause, own), 0.0)


def _shift(moments: Array, known: Array, ahead: Array) -> Array:
    """The local clock's lead at some moments, from that at others nearby."""
    order = np.argsort(known)
    return ahead[order][np.minimum(np.searchsorted(known[order], moments), order.size - 1)]


def _part(shift: Array | float, own: Mask) -> Array | float:
    return shift[own] if isinstance(shift, np.ndarray) else shift


def _on_duty(start: Array, end: Array, window: Window) -> Array:
    """Mean agents by day of the window and interval of the day, from spells in local seconds since 1970."""
    length, slots = window.interval, window.slots
    first = np.floor(start / length).astype(np.int64)
    pieces = np.maximum(np.ceil(end / length).astype(np.int64) - first, 1)
    spell = np.repeat(np.arange(start.size), pieces)
    step = np.arange(spell.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    cell = first[spell] + step
    inside = np.minimum(end[spell], (cell + 1) * length) - np.maximum(start[spell], cell * length)
    day, slot = cell // slots + EPOCH_DAY, cell % slots
    row = np.minimum(np.searchsorted(window.days, day), window.days.size - 1)
    kept = window.days[row] == day
    flat = np.bincount(
        row[kept] * slots + slot[kept], np.maximum(inside[kept], 0.0), minlength=window.days.size * slots
    )
    return flat.reshape(-1, slots) / length


def _rushes(
    contacts: Contacts, queues: Sequence[int], activities: Sequence[_Spans], window: Window, cell: Codes
) -> Array:
    """Agents at work, agents on duty, and how often, summed over the moments when one joined who had to wait.

    activities: the work and the spells on duty of a group; cell: kind and interval of the day of each contact, −1
    where it is not used. float64 (3, kinds, slots).
    """
    size = len(window.hours) * window.slots
    chosen = (contacts.wait >= HAD_TO_WAIT) & (cell >= 0) & np.isin(contacts.queue, queues)
    at, where = contacts.joined[chosen], cell[chosen]
    counts = [
        np.searchsorted(np.sort(spans.start), at, "right") - np.searchsorted(np.sort(spans.end), at, "right")
        for spans in activities
    ]
    found = [np.bincount(where, weights, minlength=size) for weights in (*counts, np.ones(at.size))]
    return np.array(found, dtype=float).reshape(3, -1, window.slots)


def _present(busy: Array, there: Array, count: Array) -> tuple[float, Array]:
    """The share of those on duty who were at work, in all and by interval; few moments lean on the share in all."""
    total = float(there.sum())
    if not total:
        return 1.0, np.ones(there.size)
    present = float(busy.sum()) / total
    lean = PRIOR * total / float(count.sum())
    return present, np.minimum((busy + lean * present) / (there + lean), 1.0)


def _groups(agent: Codes, queue: Codes, queues: int, agents: int) -> tuple[list[tuple[int, ...]], Codes, int]:
    """Sets of queues, the largest first; the set of each agent; and how many agents were put with others.

    An agent of few contacts, or of a set that few contacts fall to, goes to the likest set that is kept.
    """
    counts = np.bincount(agent * queues + queue, minlength=agents * queues).reshape(agents, queues)
    total = counts.sum(axis=1)
    serves = (counts >= np.maximum(SERVES * total, 3)[:, None]) | (
        counts == counts.max(axis=1, keepdims=True)
    )
    serves &= counts > 0
    known = total >= min(KNOWN_AGENT, int(total.max()))
    weights: dict[tuple[int, ...], int] = {}
    for one in np.flatnonzero(known):
        own = tuple(np.flatnonzero(serves[one]).tolist())
        weights[own] = weights.get(own, 0) + int(total[one])
    kept = sorted(weights, key=lambda each: -weights[each])
    kept = [each for each in kept if weights[each] >= SMALL * total.sum()][:MOST_GROUPS] or kept[:1]
    kept += [(q,) for q in range(queues) if counts[:, q].any() and not any(q in each for each in kept)]
    group_of = np.zeros(agents, np.int64)
    merged = 0
    for one in np.flatnonzero(total):
        mine = set(np.flatnonzero(serves[one]).tolist())
        likeness = [len(mine & set(each)) / len(mine | set(each)) for each in kept]
        group_of[one] = int(np.argmax(likeness))
        merged += max(likeness) < 1.0
    return *_without_nobody(kept, group_of, counts), merged


def _without_nobody(
    sets: list[tuple[int, ...]], group_of: Codes, counts: Codes
) -> tuple[list[tuple[int, ...]], Codes]:
    """The sets that have an agent, the queues of the others given to whoever took most of them; the set of each agent.

    counts: contacts of each agent and queue, int64 (agents, queues).
    """
    there = np.bincount(group_of, minlength=len(sets)) > 0
    added: dict[int, set[int]] = {}
    for place in np.flatnonzero(~there):
        for queue in sets[place]:
            taken = np.bincount(group_of, weights=counts[:, queue], minlength=len(sets))
            added.setdefault(int(np.argmax(taken)), set()).add(queue)
    whole = [tuple(sorted({*each, *added.get(place, ())})) for place, each in enumerate(sets) if there[place]]
    return whole, (np.cumsum(there) - 1)[group_of]
