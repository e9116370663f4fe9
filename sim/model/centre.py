"""A scenario as the plain arrays that dealing and both engines read."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from sim.distributions import Distribution, distribution
from sim.jit import kernel
from sim.model.chance import ABSENT, CLASS, stream_key, u
from sim.scenario import events
from sim.scenario.events import Event
from sim.scenario.once import once
from sim.scenario.people import Group, ShiftType, Skill
from sim.scenario.quantities import UNLIMITED
from sim.scenario.queue import (
    Announcement,
    Arrivals,
    Backlog,
    CustomerClass,
    Ivr,
    Redial,
    Repeat,
    Switch,
    Transfer,
    mean_handle,
)
from sim.scenario.recorded import Recorded, day_order
from sim.scenario.schema import Callback, Duration_, Patience, Queue, Scenario
from sim.scenario.weeks import Grid, Spans, open_spans

NEVER = -1  # the family of a duration that never ends: patience where nobody hangs up
TALK_TIME, WRAP_TIME, PATIENCE_TIME, DAY_LEVEL = range(4)
REDIAL_TIME, REPEAT_TIME, SWITCH_TIME, IVR_WAIT = range(4)
NEVER_AGAIN, UNKNOWN = -1, -2  # of a recorded contact that is not answered: no further attempt, or who knows
FINISH, DROP, CARRY = range(3)
NO_OFFER, ALWAYS, BY_ESTIMATED_WAIT, BY_QUEUE_LENGTH, BY_WAITED = range(5)
KEEP, LATER, IDLE = range(3)
BY_LEVEL, LONGEST_WAIT, LONGEST_QUEUE, SHORTEST_DELAY, WEIGHTED, OWN = range(6)
MOST_NEEDS, MOST_ATTEMPTS = 256, 16384  # of a customer, of a need: what the order of ties has room for
DAY_LENGTH = 86400.0


class Draws(NamedTuple):
    """Distributions of durations by kind and profile, flat.

    family, start, size, stride: int64, shape (kinds, profiles); parameters: float64, all sets end to end. The
    set for interval i begins at start + i × stride; a stride of 0 is one set for the whole horizon.
    """

    family: np.ndarray
    start: np.ndarray
    size: np.ndarray
    stride: np.ndarray
    parameters: np.ndarray


class Trace(NamedTuple):
    """Recorded contacts, which come in place of drawn ones; replication r brings day r mod `days`.

    traced: int64 (queues,), 1 where they do; start: int64 (queues, days + 1), where the first contacts of each day
    begin in the columns; the next attempts come behind all of them. arrived: s from opening, of a next attempt s
    after the end of the one before; talk, wrap: s, NaN where they are to be drawn; patience: s, NaN where it is to
    be drawn, among what is longer than outlasted, s; then: int64, the row of the customer's next attempt, or
    NEVER_AGAIN or UNKNOWN.
    """

    traced: np.ndarray
    days: int
    start: np.ndarray
    arrived: np.ndarray
    talk: np.ndarray
    wrap: np.ndarray
    patience: np.ndarray
    outlasted: np.ndarray
    then: np.ndarray


class Demand(NamedTuple):
    """What dealing reads: two plans whose Demand is equal share a Day.

    streams, day_streams: uint64 (queues,), keys of the queues' and the days' numbers; interval, intervals: the
    reporting grid; edges: float64 (pieces + 1,), where the expected rate may change; day_of: int64 (pieces,);
    cumulative: float64 (queues, pieces + 1), expected contacts up to each edge; draws: talk, wrap, the factor on a
    day's volume (by queue), patience (by profile).

    A profile is a queue (the first ones) or a class within a queue; never: float64 (profiles,), share whose patience
    never ends; profile_of: int64 (queues, classes + 1), by class number, 0 for customers of none; a home queue's
    classes `class_id` with running sums of their shares `class_until` from class_start[q] on. backlog: int64
    (queues,), contacts that wait at opening, of ages from backlog_high down to backlog_low, s. trace: those recorded.
    """

    streams: np.ndarray
    day_streams: np.ndarray
    interval: float
    intervals: int
    edges: np.ndarray
    day_of: np.ndarray
    cumulative: np.ndarray
    never: np.ndarray
    draws: Draws
    profile_of: np.ndarray
    class_start: np.ndarray
    class_id: np.ndarray
    class_until: np.ndarray
    backlog: np.ndarray
    backlog_low: np.ndarray
    backlog_high: np.ndarray
    trace: Trace


class Callbacks(NamedTuple):
    """Callback rules by queue, each of shape (queues,); -1 stands for unlimited.

    offer: the rule (NO_OFFER …); threshold: its seconds or number; place: KEEP, LATER or IDLE; the rest as in
    the scenario file.
    """

    offer: np.ndarray
    threshold: np.ndarray
    accept: np.ndarray
    place: np.ndarray
    after: np.ndarray
    reserve: np.ndarray
    ring: np.ndarray
    reached: np.ndarray
    attempts: np.ndarray
    retry_after: np.ndarray
    max_pending: np.ndarray
    last_offer: np.ndarray


class Steps(NamedTuple):
    """What changes by the clock: at moments[k], float64, the first 0, rising, all before the horizon.

    staffing: int64 (groups, steps), planned; rostered: the same before events; open: int64 (queues, steps), 1 while
    the queue lets contacts in; lines: int64 (steps,), -1 without limit.
    """

    moments: np.ndarray
    staffing: np.ndarray
    rostered: np.ndarray
    open: np.ndarray
    lines: np.ndarray


class Centre(NamedTuple):
    """What both engines read. Seconds from opening; -1 stands for unlimited or none.

    By queue: balks, max_waiting, head_start, ivr …, repeat_share, switch_…, announce_…, at_close, inbox (contacts
    are let in while it is closed), talk_matters (a talk end has consequences of its own); open spans `span_opens`,
    `span_closes` from span_start[q] on; transfers `transfer_to`, `transfer_until` (running sums of shares), `retell`
    from transfer_start[q] on; the distinct overflow delays `over` from over_start[q] on; mean_handle: float64 (queues,
    intervals), for estimated waits.
    By profile: lead (a class's head start beyond its queue's), redial_share, redial_attempts. delays: by kind.
    Groups: steps.staffing; absence and its streams; hands: whether agents may hold more than one contact.
    Skills twice, by queue (a skill's number there is its *place*) and by group, as flat lists with offsets:
    `groups[group_start[q]:group_start[q + 1]]` serve queue q with `prefer`, `factor`, `overflow`, `reserve`,
    `at_once`, `interruptible`, `base`, `weight` beside them and `slowdown` from slow_start[place] on;
    `queues[queue_start[g]:queue_start[g + 1]]` are served by group g with `level` and `place` beside them.
    rule: the routing rule (BY_LEVEL …); rule_address: a C function for OWN.
    """

    demand: Demand
    interval: float
    horizon: float
    warm_up: float
    steps: Steps
    span_start: np.ndarray
    span_opens: np.ndarray
    span_closes: np.ndarray
    absence: np.ndarray
    group_streams: np.ndarray
    balks: np.ndarray
    max_waiting: np.ndarray
    head_start: np.ndarray
    lead: np.ndarray
    redial_share: np.ndarray
    redial_attempts: np.ndarray
    delays: Draws
    ivr: np.ndarray
    self_served: np.ndarray
    ivr_hangs_up: np.ndarray
    transfer_start: np.ndarray
    transfer_to: np.ndarray
    transfer_until: np.ndarray
    retell: np.ndarray
    repeat_share: np.ndarray
    switch_to: np.ndarray
    switch_share: np.ndarray
    announce_above: np.ndarray
    announce_leaves: np.ndarray
    announce_factor: np.ndarray
    callbacks: Callbacks
    mean_handle: np.ndarray
    at_close: np.ndarray
    inbox: np.ndarray
    talk_matters: np.ndarray
    group_start: np.ndarray
    groups: np.ndarray
    prefer: np.ndarray
    factor: np.ndarray
    overflow: np.ndarray
    reserve: np.ndarray
    at_once: np.ndarray
    slow_start: np.ndarray
    slowdown: np.ndarray
    interruptible: np.ndarray
    base: np.ndarray
    weight: np.ndarray
    queue_start: np.ndarray
    queues: np.ndarray
    level: np.ndarray
    place: np.ndarray
    over_start: np.ndarray
    over: np.ndarray
    hands: np.ndarray
    rule: int
    rule_address: int


@kernel(lean=True)
def interval_of(moment: float, interval: float, count: int) -> int:
    """The interval that a moment falls in; what comes before the first or after the last counts in these."""
    return max(0, min(int(moment / interval), count - 1))


@kernel(lean=True)
def moment_within(first: Any, opens: Any, closes: Any, queue: int, now: float, delay: float) -> float:
    """When `delay` seconds of a queue's spans have passed since now; infinite at or after the end of the last.

    Spans opens[k] to closes[k], k from first[queue] to first[queue + 1] − 1, rising.
    """
    for span in range(first[queue], first[queue + 1]):
        start = max(now, opens[span])
        if start + delay < closes[span]:
            return start + delay
        delay -= max(0.0, closes[span] - start)
    return math.inf


@kernel(lean=True)
def open_moment(c: Any, queue: int, now: float, delay: float) -> float:
    """When somebody who waits `delay` seconds comes to a queue: they pass while it is open, into an inbox always.

    Infinite at or after the last closing, or the horizon.
    """
    if c.inbox[queue]:
        return now + delay if now + delay < c.horizon else math.inf
    return moment_within(c.span_start, c.span_opens, c.span_closes, queue, now, delay)


@kernel(lean=True)
def closing_after(c: Any, queue: int, now: float) -> float:
    """The closing of the span of hours that a moment lies in; −∞ while the queue is closed."""
    for span in range(c.span_start[queue], c.span_start[queue + 1]):
        if c.span_opens[span] <= now < c.span_closes[span]:
            return c.span_closes[span]
    return -math.inf


@kernel(lean=True)
def class_of(demand: Any, home: int, seed: int, replication: int, customer: int) -> int:
    """The number of a customer's class, 0 for none, by its own number and the shares of its home queue."""
    first, end = demand.class_start[home], demand.class_start[home + 1]
    if first == end:
        return 0
    uniform = u(seed, demand.streams[home], replication, customer, 0, 0, CLASS)
    for place in range(first, end):
        if uniform < demand.class_until[place]:
            return demand.class_id[place]
    return 0


@kernel(lean=True)
def count_present(c: Any, planned: Any, seed: int, replication: int, present: Any) -> None:
    """Write how many of the planned agents are not absent; planned, present: int64 (groups, steps).

    The n-th position of a group is away for a whole day by its own number.
    """
    for group in range(planned.shape[0]):
        for step in range(planned.shape[1]):
            here = planned[group, step]
            if c.absence[group] > 0.0:
                day, here = int(c.steps.moments[step] / DAY_LENGTH), 0
                for position in range(planned[group, step]):
                    number = u(seed, c.group_streams[group], replication, position, day, 0, ABSENT)
                    here += number >= c.absence[group]
            present[group, step] = here


@kernel(lean=True)
def add_span(row: np.ndarray, start: float, end: float, from_: float, interval: float, weight: float) -> None:
    """Add `weight` × the seconds from start (or `from_`) to end to the intervals they fall in."""
    start = max(start, from_)
    if end <= start:
        return
    last = row.size - 1
    index = min(int(start / interval), last)
    while index < last and end > (index + 1) * interval:
        row[index] += weight * ((index + 1) * interval - start)
        start = (index + 1) * interval
        index += 1
    row[index] += weight * (end - start)


Hours = tuple[Spans, ...]
Sets = tuple[Distribution, ...] | None  # one distribution, one for each interval, or none at all


def centre_of(scenario: Scenario, rule_address: int = 0) -> Centre:
    """Turn a scenario (already under its plan) into arrays; rule_address: a user's own routing rule, 0 without.

    Scenarios with the same parts share the arrays that are made of these: nobody may write into them.
    """
    queues, groups, grid, happen = scenario.queues, scenario.agents, scenario.grid, scenario.events
    hours = tuple(queue.hours for queue in queues.values())
    rules = ("by_level", "longest_wait", "longest_queue", "shortest_delay", "weighted")
    steps = _steps(groups, scenario.shift_types, hours, happen, scenario.lines, grid)
    return Centre(
        demand=_demand(
            {n: _Dealt(q.arrivals, q.talk, q.wrap, q.backlog, q.classes) for n, q in queues.items()},
            tuple(profile.patience for profile in profiles_of(queues)),
            happen,
            grid,
        ),
        interval=grid.interval,
        horizon=grid.horizon,
        warm_up=scenario.warm_up,
        steps=steps,
        absence=_floats(group.absence for group in groups.values()),
        group_streams=_streams(tuple(f"group {name}" for name in groups)),
        **_queues(queues, scenario.at_close, bool(steps.lines.max() >= 0), grid),
        **_skills({name: group.skills for name, group in groups.items()}, tuple(queues)),
        rule=OWN if rule_address else rules.index(scenario.routing),
        rule_address=rule_address,
    )


@once(8)
def _queues(queues: Mapping[str, Queue], at_close: str, lines: bool, grid: Grid) -> dict[str, Any]:
    """All that queues and their profiles say but demand; lines: whether there is a limit to them."""
    each, profiles = tuple(queues.values()), profiles_of(queues)
    redials = tuple(profile.redial for profile in profiles)
    at_ends = {"finish": FINISH, "drop": DROP, "carry": CARRY}
    return {
        **_hours(tuple(queue.hours for queue in each), grid),
        "balks": _floats(0.0 if queue.arrivals.trace else queue.balks for queue in each),
        "max_waiting": _whole(-1 if q.max_waiting is None else q.max_waiting for q in each),
        "head_start": _floats(queue.head_start for queue in each),
        "lead": _leads(each, profiles),
        "redial_share": _floats(r.share if r else 0.0 for r in redials),
        "redial_attempts": _whole(r.attempts if r else UNLIMITED for r in redials),
        "delays": _delays(
            tuple((queue.repeat, queue.switch, queue.ivr) for queue in each),
            redials,
            _homes(tuple(queue.classes for queue in each)),
        ),
        "ivr": _whole(queue.ivr is not None for queue in each),
        "self_served": _floats(queue.ivr.self_served if queue.ivr else 0.0 for queue in each),
        "ivr_hangs_up": _floats(queue.ivr.hangs_up if queue.ivr else 0.0 for queue in each),
        **_next_needs({name: (queue.transfer, queue.repeat, queue.switch) for name, queue in queues.items()}),
        **_announcements(tuple(queue.announcement for queue in each)),
        "callbacks": _callbacks(tuple(queue.callback for queue in each)),
        "mean_handle": _mean_handle(tuple((queue.talk, queue.wrap) for queue in each), grid),
        "at_close": _whole(at_ends[queue.at_close or at_close] for queue in each),
        "inbox": _whole(queue.after_hours == "waits" for queue in each),
        "talk_matters": _whole(bool(lines or q.transfer or q.repeat is not None) for q in each),
    }


def _floats(values: Iterable[float]) -> np.ndarray:
    return np.fromiter(values, dtype=float)


def _whole(values: Iterable[int]) -> np.ndarray:
    return np.fromiter(values, dtype=np.int64)


def _starts(lists: Iterable[Collection[Any]]) -> np.ndarray:
    """Where each of several lists, laid end to end, begins, and where the last one ends."""
    return _whole(accumulate(map(len, lists), initial=0))


def _running(shares: Sequence[float]) -> list[float]:
    """Running sums of shares; a last one that is 100% but for rounding is 1."""
    sums = [*accumulate(shares)]
    return [*sums[:-1], 1.0 if abs(sums[-1] - 1.0) < 1e-9 else sums[-1]] if sums else []


@once(8)
def profiles_of(queues: Mapping[str, Queue]) -> tuple[Queue, ...]:
    """The queues, then each class of each queue as its customers find it."""
    each = queues.values()
    return (*each, *(queue.as_class(name) for queue in each for name in queue.classes))


@once(8)
def _steps(
    groups: Mapping[str, Group],
    shift_types: Mapping[str, ShiftType],
    hours: tuple[Hours | None, ...],
    happen: tuple[Event, ...],
    lines: int | None,
    grid: Grid,
) -> Steps:
    """Everything that changes by the clock, at the moments at which anything does."""
    rostered = [group.planned_steps(grid, shift_types) for group in groups.values()]
    planned = [
        events.scaled(steps, events.on_agents(happen, name, grid), grid.horizon)
        for name, steps in zip(groups, rostered, strict=True)
    ]
    opened = {each: _open_steps(open_spans(each, grid)) for each in hours}
    sources = [*planned, *rostered, *(opened[each] for each in hours), events.line_steps(happen, lines, grid)]
    distinct = {id(source): source for source in sources}
    moments = np.unique(np.concatenate([source[0] for source in distinct.values()]))
    moments = moments[moments < grid.horizon]
    days = np.arange(0.0, grid.horizon, DAY_LENGTH)
    if any(group.absence for group in groups.values()):
        moments = np.union1d(moments, days)
    else:
        days = days[:1]
    values = {number: events.at(source, moments) for number, source in distinct.items()}
    rows = np.array([values[id(source)] for source in sources])
    keep = np.ones(moments.size, dtype=bool)
    keep[1:] = (rows[:, 1:] != rows[:, :-1]).any(axis=0)
    keep[np.searchsorted(moments, days)] = True
    rows, count = rows[:, keep], len(groups)
    return Steps(
        moments=moments[keep],
        staffing=np.ascontiguousarray(rows[:count]),
        rostered=np.ascontiguousarray(rows[count : 2 * count]),
        open=np.ascontiguousarray(rows[2 * count : -1]),
        lines=np.ascontiguousarray(rows[-1]),
    )


def _open_steps(spans: Iterable[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    changes = {0.0: 0} | {moment: value for span in spans for moment, value in zip(span, (1, 0), strict=True)}
    return np.array(list(changes)), _whole(changes.values())


@once(8)
def _hours(hours: tuple[Hours | None, ...], grid: Grid) -> dict[str, Any]:
    spans = [open_spans(each, grid) for each in hours]
    return {
        "span_start": _starts(spans),
        "span_opens": _floats(opens for each in spans for opens, _ in each),
        "span_closes": _floats(closes for each in spans for _, closes in each),
    }


@once(8)
def _mean_handle(handled: tuple[tuple[Duration_, Duration_ | None], ...], grid: Grid) -> np.ndarray:
    return np.array([mean_handle(talk, wrap, grid) for talk, wrap in handled])


def _leads(queues: tuple[Queue, ...], profiles: tuple[Queue, ...]) -> np.ndarray:
    homes = [*queues, *(queue for queue in queues for _ in queue.classes)]
    return _floats(
        profile.head_start - home.head_start for profile, home in zip(profiles, homes, strict=True)
    )


@once(8)
def _delays(
    of_queues: tuple[tuple[Repeat | None, Switch | None, Ivr | None], ...],
    redials: tuple[Redial | None, ...],
    homes: tuple[int, ...],
) -> Draws:
    more: list[Sets] = [None] * (len(homes) - len(of_queues))
    kinds: list[list[Sets]] = [
        [redial.after.drawn if redial else None for redial in redials],
        [*(repeat.after.drawn if repeat else None for repeat, _, _ in of_queues), *more],
        [*((s.after.drawn if s.after else NOTHING) if s else None for _, s, _ in of_queues), *more],
        [*(ivr.time.drawn if ivr else None for _, _, ivr in of_queues), *more],
    ]
    return _draws(kinds, homes)


def _homes(classes: tuple[Mapping[str, CustomerClass], ...]) -> tuple[int, ...]:
    """The queue of each profile, by the classes of each queue."""
    return (*range(len(classes)), *(q for q, own in enumerate(classes) for _ in own))


@once(8)
def _next_needs(
    needs: Mapping[str, tuple[tuple[Transfer, ...], Repeat | None, Switch | None]],
) -> dict[str, Any]:
    """Transfers, repeats, and switching to another queue."""
    number = {name: q for q, name in enumerate(needs)}
    transfers, repeats, switches = zip(*needs.values(), strict=True)
    return {
        "transfer_start": _starts(transfers),
        "transfer_to": _whole(number[transfer.to] for each in transfers for transfer in each),
        "transfer_until": _floats(
            until for each in transfers for until in _running([transfer.share for transfer in each])
        ),
        "retell": _floats(transfer.retell for each in transfers for transfer in each),
        "repeat_share": _floats(repeat.share if repeat else 0.0 for repeat in repeats),
        "switch_to": _whole(number[switch.to] if switch else -1 for switch in switches),
        "switch_share": _floats(switch.share if switch else 0.0 for switch in switches),
    }


@once(8)
def _announcements(told: tuple[Announcement | None, ...]) -> dict[str, Any]:
    return {
        "announce_above": _floats(one.leave_above if one else math.inf for one in told),
        "announce_leaves": _floats(one.leaves if one else 0.0 for one in told),
        "announce_factor": _floats(one.patience_factor if one else 1.0 for one in told),
    }


class _Dealt(NamedTuple):
    """The parts of a queue that demand is made of."""

    arrivals: Arrivals
    talk: Duration_
    wrap: Duration_ | None
    backlog: Backlog | None
    classes: dict[str, CustomerClass]


@once(8)
def _demand(
    queues: Mapping[str, _Dealt],
    patience: tuple[Patience | None, ...],
    happen: tuple[Event, ...],
    grid: Grid,
) -> Demand:
    each, classes = queues.values(), tuple(queue.classes for queue in queues.values())
    shared = {name: queue.arrivals.varies_with for name, queue in queues.items()}
    usual = np.array([queue.arrivals.expected(grid) for queue in each])
    factors = [events.on_volume(happen, name, grid) for name in queues]
    edges = _edges(factors, grid)
    return Demand(
        streams=_streams(tuple(f"queue {name}" for name in queues)),
        day_streams=_streams(
            tuple(f"queue {name}" if s is None else f"varies_with {s}" for name, s in shared.items())
        ),
        interval=grid.interval,
        intervals=grid.count,
        edges=edges,
        day_of=((edges[:-1] + 1e-6) // DAY_LENGTH).astype(np.int64),
        cumulative=_cumulative(usual, factors, edges, grid),
        never=_floats(p.never_hangs_up if p else 0.0 for p in patience),
        draws=_served(
            tuple((queue.talk, queue.wrap, queue.arrivals.daily_variation) for queue in each),
            patience,
            _homes(classes),
        ),
        **_classes(classes),
        **_backlogs(tuple(queue.backlog for queue in each)),
        trace=_trace(tuple(queue.arrivals.trace for queue in each)),
    )


@once(8)
def _trace(traces: tuple[Recorded | None, ...]) -> Trace:
    """The recorded contacts of all queues that have any."""
    days = sorted({day for trace in traces if trace is not None for day in trace.days}, key=day_order)
    start = np.zeros((len(traces), len(days) + 1), dtype=np.int64)
    firsts: list[np.ndarray] = []
    laters: list[np.ndarray] = []
    total = sum(int((trace.attempt == 1).sum()) for trace in traces if trace is not None)
    row, behind = 0, total
    for queue, trace in enumerate(traces):
        start[queue] = row
        if trace is None:
            continue
        columns, first = _trace_columns(trace), trace.attempt == 1
        count, more = int(first.sum()), int((~first).sum())
        places = np.empty(first.size, dtype=np.int64)
        places[first] = row + np.arange(count)
        places[~first] = behind + np.arange(more)
        follows = np.append(~first[1:], False)
        columns[-1, follows] = places[np.flatnonzero(follows) + 1]
        start[queue, 1:] += np.cumsum([((trace.day == day) & first).sum() for day in days])
        firsts.append(columns[:, first])
        laters.append(columns[:, ~first])
        row, behind = row + count, behind + more
    whole = np.concatenate([*firsts, *laters], axis=1) if firsts else np.zeros((6, 0))
    names = ("arrived", "talk", "wrap", "patience", "outlasted")
    return Trace(
        traced=_whole(trace is not None for trace in traces),
        days=len(days),
        start=start,
        then=whole[-1].astype(np.int64),
        **{name: whole[place].copy() for place, name in enumerate(names)},
    )


def _trace_columns(trace: Recorded) -> np.ndarray:
    """The columns of Trace for one queue, in the order of the record: arrived … then, as far as the last says it."""
    ended = np.append(0.0, (trace.arrived + np.nan_to_num(trace.wait))[:-1])
    arrived = np.where(trace.attempt == 1, trace.arrived, np.maximum(trace.arrived - ended, 0.0))
    patience = np.where(trace.hung_up, trace.wait, np.nan)
    talk, wrap = (_of_the_need(column, trace.attempt) for column in (trace.talk, trace.wrap))
    return np.array(
        [arrived, talk, wrap, patience, np.nan_to_num(trace.wait), np.where(trace.last, NEVER_AGAIN, UNKNOWN)]
    )


def _of_the_need(column: np.ndarray, attempt: np.ndarray) -> np.ndarray:
    """A duration of every attempt: where it is unknown, as in another attempt for the same need."""
    need = np.cumsum(attempt == 1) - 1
    known = np.full(need[-1] + 1, np.nan)
    at = ~np.isnan(column)
    known[need[at]] = column[at]
    return np.where(at, column, known[need])


@once(8)
def _backlogs(waiting: tuple[Backlog | None, ...]) -> dict[str, Any]:
    return {
        "backlog": _whole(one.count if one else 0 for one in waiting),
        "backlog_low": _floats(one.age[0] if one else 0.0 for one in waiting),
        "backlog_high": _floats(one.age[1] if one else 0.0 for one in waiting),
    }


@once(8)
def _served(
    of_queues: tuple[tuple[Duration_, Duration_ | None, float], ...],
    patience: tuple[Patience | None, ...],
    homes: tuple[int, ...],
) -> Draws:
    """What the customers of a day bring; of_queues: talk, wrap and the variation of the days."""
    more: list[Sets] = [None] * (len(homes) - len(of_queues))
    kinds: list[list[Sets]] = [
        [*(talk.drawn for talk, _, _ in of_queues), *more],
        [*(wrap.drawn if wrap else NOTHING for _, wrap, _ in of_queues), *more],
        [one.drawn if one else None for one in patience],
        [*(_level(variation) for _, _, variation in of_queues), *more],
    ]
    return _draws(kinds, homes)


Factors = list[tuple[Spans, float]]  # the factor of each event on a queue's volume, and when it holds


def _edges(factors: list[Factors], grid: Grid) -> np.ndarray:
    """The boundaries of intervals, of days, and of events that change somebody's volume."""
    edges = np.arange(grid.count + 1) * grid.interval
    days = np.arange(DAY_LENGTH, edges[-1], DAY_LENGTH)
    moments = [moment for each in factors for spans, _ in each for span in spans for moment in span]
    if not days.size and not moments:
        return edges
    more = np.unique(np.concatenate((days, np.array(moments, dtype=float))))
    near = edges[np.clip(np.rint(more / grid.interval).astype(np.int64), 0, grid.count)]
    return np.union1d(edges, more[np.abs(more - near) > 1e-6])


def _cumulative(usual: np.ndarray, factors: list[Factors], edges: np.ndarray, grid: Grid) -> np.ndarray:
    """Expected first contacts up to each edge; usual, float64 (queues, intervals), are those without events."""
    pieces = usual.copy()
    if edges.size != grid.count + 1:
        boundaries = np.arange(grid.count + 1) * grid.interval
        index = np.searchsorted(boundaries, edges[:-1], side="right") - 1
        whole = (edges[:-1] == boundaries[index]) & (edges[1:] == boundaries[index + 1])
        pieces = usual[:, index] * np.where(whole, 1.0, np.diff(edges) / grid.interval)
    middles = (edges[:-1] + edges[1:]) / 2
    for row, each in zip(pieces, factors, strict=True):
        for spans, factor in each:
            for start, end in spans:
                row[(middles > start) & (middles < end)] *= factor
    result = np.zeros((len(pieces), edges.size))
    np.cumsum(pieces, axis=1, out=result[:, 1:])
    return result


@once(8)
def _classes(classes: tuple[Mapping[str, CustomerClass], ...]) -> dict[str, Any]:
    number = {name: k for k, name in enumerate(dict.fromkeys(name for own in classes for name in own), 1)}
    profile_of = np.repeat(np.arange(len(classes))[:, None], len(number) + 1, axis=1).astype(np.int64)
    profile = len(classes)
    for q, own in enumerate(classes):
        for name in own:
            profile_of[q, number[name]] = profile
            profile += 1
    return {
        "profile_of": profile_of,
        "class_start": _starts(classes),
        "class_id": _whole(number[name] for own in classes for name in own),
        "class_until": _floats(
            until for own in classes for until in _running([one.share for one in own.values()])
        ),
    }


NOTHING = (distribution("constant", value=0.0),)


@once(64)
def _level(variation: float) -> Sets:
    """The factor on a whole day's rate: gamma with mean 1; None where days differ by chance alone."""
    return (distribution("gamma", mean=1.0, cv=variation),) if variation else None


@once(16)
def _streams(names: tuple[str, ...]) -> np.ndarray:
    return np.array([*map(stream_key, names)], dtype=np.uint64)


def _draws(kinds: list[list[Sets]], homes: tuple[int, ...]) -> Draws:
    """Lay the parameter sets of all kinds and profiles end to end.

    Sets that are None for a class are those of its queue; equal sets of one kind are laid once.
    """
    shape = (len(kinds), len(homes))
    family, start = np.full(shape, NEVER, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    size, stride = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    flat: list[float] = []
    for kind, row in enumerate(kinds):
        laid: dict[Any, int] = {}
        for profile, home in enumerate(homes):
            sets = row[home] if row[profile] is None else row[profile]
            if sets is None:
                continue
            place = kind, profile
            family[place], size[place] = sets[0].code, len(sets[0].parameters)
            stride[place] = len(sets[0].parameters) if len(sets) > 1 else 0
            if sets not in laid:
                laid[sets] = len(flat)
                for one in sets:
                    flat.extend(one.parameters)
            start[place] = laid[sets]
    return Draws(family, start, size, stride, np.array(flat, dtype=float))


@once(8)
def _callbacks(callbacks: tuple[Callback | None, ...]) -> Callbacks:
    rows = [_callback_row(callback) for callback in callbacks]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    whole = ("offer", "place", "reserve", "attempts", "max_pending")
    kinds = [np.int64 if name in whole else float for name in Callbacks._fields]
    return Callbacks(*(column.astype(kind) for column, kind in zip(columns, kinds, strict=True)))


def _callback_row(callback: Callback | None) -> tuple[float, ...]:
    if callback is None:
        return (NO_OFFER, 0.0, 0.0, KEEP, 0.0, 0, 0.0, 0.0, 1, 0.0, -1, 0.0)
    offer = callback.offer
    rules = {
        BY_ESTIMATED_WAIT: offer.estimated_wait,
        BY_QUEUE_LENGTH: offer.queue_length,
        BY_WAITED: offer.waited,
    }
    rule, threshold = next(((rule, t) for rule, t in rules.items() if t is not None), (ALWAYS, 0.0))
    return (
        rule, threshold, callback.accept, ("keep", "later", "idle").index(callback.place), callback.after or 0.0,
        callback.reserve or 0, callback.ring, callback.reached, callback.attempts, callback.retry_after,
        -1 if callback.max_pending is None else callback.max_pending, callback.last_offer,
    )  # fmt: skip


@once(8)
def _skills(of_groups: Mapping[str, Mapping[str, Skill]], queues: tuple[str, ...]) -> dict[str, Any]:
    """All skills by queue, each at its place, and by group."""
    groups = list(of_groups.values())
    by_queue = [[(g, own[name]) for g, own in enumerate(groups) if name in own] for name in queues]
    skills = [skill for each in by_queue for _, skill in each]
    keys = [(g, q) for q, each in enumerate(by_queue) for g, _ in each]
    places = {key: place for place, key in enumerate(keys)}
    by_group = [
        [(q, own[name].level, places[g, q]) for q, name in enumerate(queues) if name in own]
        for g, own in enumerate(groups)
    ]
    over = [sorted({skill.overflow_after for _, skill in each} - {0.0}) for each in by_queue]
    hands = (any(skill.at_once > 1 or skill.interruptible for skill in own.values()) for own in groups)
    return {
        "group_start": _starts(by_queue),
        "groups": _whole(g for each in by_queue for g, _ in each),
        "prefer": _whole(skill.level if skill.prefer is None else skill.prefer for skill in skills),
        "factor": _floats(skill.handle_factor for skill in skills),
        "overflow": _floats(skill.overflow_after for skill in skills),
        "reserve": _whole(skill.reserve for skill in skills),
        "at_once": _whole(skill.at_once for skill in skills),
        "slow_start": _starts([skill.slowdown for skill in skills]),
        "slowdown": _floats(factor for skill in skills for factor in skill.slowdown),
        "interruptible": _whole(skill.interruptible for skill in skills),
        "base": _floats(skill.score.base for skill in skills),
        "weight": _floats(skill.score.weight for skill in skills),
        "queue_start": _starts(by_group),
        "queues": _whole(q for each in by_group for q, _, _ in each),
        "level": _whole(level for each in by_group for _, level, _ in each),
        "place": _whole(place for each in by_group for _, _, place in each),
        "over_start": _starts(over),
        "over": _floats(delay for each in over for delay in each),
        "hands": _whole(hands),
    }


def same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether two of these tuples of arrays hold the same values throughout."""
    return a is b or all(
        same(x, y) if isinstance(x, tuple) else np.array_equal(x, y) for x, y in zip(a, b, strict=True)
    )  # type: ignore[arg-type]
