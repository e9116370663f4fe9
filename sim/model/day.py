"""(Demand, seed, replication) → Day: what the outside world brings, dealt before anything is played."""

import math
from typing import Any, NamedTuple

import numpy as np

from sim.distributions import log_rest, quantile
from sim.jit import kernel
from sim.model.centre import (
    DAY_LEVEL,
    NEVER,
    PATIENCE_TIME,
    TALK_TIME,
    UNKNOWN,
    WRAP_TIME,
    Demand,
    Draws,
    Trace,
    class_of,
    interval_of,
)
from sim.model.chance import DAY, PATIENCE, TALK, WRAP, block, gap_block, u

NOTHING_RECORDED = np.zeros(0, dtype=np.int64)


class Day(NamedTuple):
    """The first contacts of one replication, queue after queue, each in order of arrival.

    start: int64 (queues + 1,), where each queue's customers begin; the columns are float64, one value per
    customer, in seconds: arrived from opening, talk and wrap before any factor, patience from joining
    (infinite for those who never hang up). Customer number k of queue q is row start[q] + k.
    Where contacts are recorded, their customers' next attempts stand behind all first contacts, `arrived` then being
    the delay after the end of the attempt before; again: int64, the row of the next attempt, NEVER_AGAIN, or UNKNOWN;
    without rows where nothing is recorded.
    """

    start: np.ndarray
    arrived: np.ndarray
    talk: np.ndarray
    wrap: np.ndarray
    patience: np.ndarray
    again: np.ndarray = NOTHING_RECORDED


@kernel(lean=True)
def duration(draws: Draws, kind: int, queue: int, index: int, uniform: float) -> float:
    """The quantile of one uniform for a kind of duration, in the interval where the need arose."""
    family = draws.family[kind, queue]
    if family == NEVER:
        return math.inf
    start = draws.start[kind, queue] + index * draws.stride[kind, queue]
    return quantile(family, draws.parameters, start, start + draws.size[kind, queue], uniform)


@kernel(lean=True)
def patience_of(draws: Draws, never: float, profile: int, index: int, uniform: float) -> float:
    """Patience: the share `never` waits for ever, the distribution describes the rest."""
    if uniform >= 1.0 - never:
        return math.inf
    return duration(draws, PATIENCE_TIME, profile, index, uniform / (1.0 - never))


@kernel(lean=True)
def day_level(demand: Demand, queue: int, seed: int, replication: int, day: int) -> float:
    """The factor on a whole day's rate: the queue's gamma quantile of the day's own number."""
    draws = demand.draws
    if draws.family[DAY_LEVEL, queue] == NEVER:
        return 1.0
    return duration(
        draws, DAY_LEVEL, queue, 0, u(seed, demand.day_streams[queue], replication, day, 0, 0, DAY)
    )


@kernel(lean=True)
def deal_arrivals(
    demand: Demand, queue: int, seed: int, replication: int, arrived: np.ndarray, row: int
) -> int:
    """Write the moments of a queue's first contacts from `row` on; returns the row after the last.

    Contacts that wait at opening come first, their ages spread evenly. Then unit-rate exponential gaps, summed, go
    through the inverse of the cumulative rate, every day's with a level of its own. Returns −1 if the column is too
    short.
    """
    cumulative, stream, edges = demand.cumulative[queue], demand.streams[queue], demand.edges
    waiting, pieces, customer = demand.backlog[queue], edges.size - 1, 0
    if row + waiting > arrived.size:
        return -1
    span = demand.backlog_high[queue] - demand.backlog_low[queue]
    while customer < waiting:
        arrived[row] = -(demand.backlog_high[queue] - span * (customer + 0.5) / waiting)
        row += 1
        customer += 1
    piece, day = 0, demand.day_of[0]
    level = day_level(demand, queue, seed, replication, day)
    before, at = 0.0, 0.0  # expected contacts up to this day, with all levels; the cumulative rate there
    gaps = gap_block(seed, stream, replication, customer)
    reached = -log_rest(gap_of(gaps, customer))
    while True:
        while reached >= before + level * (cumulative[piece + 1] - at):
            piece += 1
            if piece == pieces:
                return row
            if demand.day_of[piece] != day:
                before += level * (cumulative[piece] - at)
                at, day = cumulative[piece], demand.day_of[piece]
                level = day_level(demand, queue, seed, replication, day)
        rate = level * (cumulative[piece + 1] - cumulative[piece])
        within = (reached - (before + level * (cumulative[piece] - at))) / rate
        if row == arrived.size:
            return -1
        moment = edges[piece] + within * (edges[piece + 1] - edges[piece])
        arrived[row] = min(moment, np.nextafter(edges[piece + 1], 0.0))
        row += 1
        customer += 1
        if customer & 3 == 0:
            gaps = gap_block(seed, stream, replication, customer)
        reached -= log_rest(gap_of(gaps, customer))


@kernel(lean=True)
def gap_of(gaps: Any, customer: int) -> float:
    """A customer's gap out of its block."""
    lane = customer & 3
    return gaps[0] if lane == 0 else gaps[1] if lane == 1 else gaps[2] if lane == 2 else gaps[3]


@kernel(lean=True)
def deal_contacts(
    demand: Demand, queue: int, seed: int, replication: int, day: Day, first: int, end: int
) -> None:
    """Write talk, wrap and patience of a queue's customers, rows first … end − 1, whose arrivals are there."""
    draws, classes = demand.draws, demand.class_start[queue + 1] - demand.class_start[queue]
    profile = queue
    for row in range(first, end):
        index = interval_of(day.arrived[row], demand.interval, demand.intervals)
        numbers = block(seed, demand.streams[queue], replication, row - first, 0, 0, 0)
        day.talk[row] = duration(draws, TALK_TIME, queue, index, numbers[TALK])
        day.wrap[row] = duration(draws, WRAP_TIME, queue, index, numbers[WRAP])
        if classes:
            profile = demand.profile_of[queue, class_of(demand, queue, seed, replication, row - first)]
        day.patience[row] = patience_of(draws, demand.never[profile], profile, index, numbers[PATIENCE])


@kernel(lean=True)
def deal_days(demand: Demand, seed: int, replications: np.ndarray, days: Day) -> int:
    """Write several days one after the other; returns the rows used, or −1 if the columns are too short."""
    row = 0
    for k in range(replications.size):
        for queue in range(demand.streams.size):
            days.start[k, queue] = row
            if demand.trace.traced[queue]:
                end = recorded_arrivals(demand.trace, queue, replications[k], days, row)
            else:
                end = deal_arrivals(demand, queue, seed, replications[k], days.arrived, row)
            if end < 0:
                return -1
            deal_contacts(demand, queue, seed, replications[k], days, row, end)
            row = end
        days.start[k, demand.streams.size] = row
        if days.again.size:
            row = recorded_attempts(demand, seed, replications[k], days, days.start[k], row)
            if row < 0:
                return -1
    return row


@kernel(seldom=True)
def recorded_arrivals(trace: Trace, queue: int, replication: int, days: Day, row: int) -> int:
    """Copy the arrivals of a recorded day from `row` on; returns the row after the last, −1 if there are too few."""
    day = replication % trace.days
    for place in range(trace.start[queue, day], trace.start[queue, day + 1]):
        if row == days.arrived.size:
            return -1
        days.arrived[row] = trace.arrived[place]
        row += 1
    return row


@kernel(seldom=True)
def recorded_attempts(
    demand: Demand, seed: int, replication: int, days: Day, start: np.ndarray, row: int
) -> int:
    """Put what was recorded over what was dealt, and the customers' next attempts from `row` on.

    Returns the row after the last, or −1 if the columns are too short.
    """
    trace = demand.trace
    for queue in range(demand.streams.size):
        if not trace.traced[queue]:
            days.again[start[queue] : start[queue + 1]] = UNKNOWN
            continue
        first = trace.start[queue, replication % trace.days]
        for customer in range(start[queue + 1] - start[queue]):
            at, place, attempt = start[queue] + customer, first + customer, 0
            index = interval_of(days.arrived[at], demand.interval, demand.intervals)
            talk, wrap = days.talk[at], days.wrap[at]
            while True:
                days.talk[at] = talk if math.isnan(trace.talk[place]) else trace.talk[place]
                days.wrap[at] = wrap if math.isnan(trace.wrap[place]) else trace.wrap[place]
                days.patience[at] = recorded_patience(
                    demand, queue, seed, replication, customer, attempt, index, place
                )
                place = trace.then[place]
                days.again[at] = row if place >= 0 else place
                if place < 0:
                    break
                if row == days.arrived.size:
                    return -1
                days.arrived[row] = trace.arrived[place]
                at, attempt = row, attempt + 1
                row += 1
    return row


@kernel(seldom=True)
def recorded_patience(
    demand: Demand,
    queue: int,
    seed: int,
    replication: int,
    customer: int,
    attempt: int,
    index: int,
    place: int,
) -> float:
    """The patience of a recorded attempt: as it was, or drawn among those that outlast what the customer outlasted."""
    trace, profile = demand.trace, queue
    if not math.isnan(trace.patience[place]):
        return trace.patience[place]
    if demand.class_start[queue + 1] > demand.class_start[queue]:
        profile = demand.profile_of[queue, class_of(demand, queue, seed, replication, customer)]
    never, outlasted = demand.never[profile], trace.outlasted[place]
    uniform = u(seed, demand.streams[queue], replication, customer, 0, attempt, PATIENCE)
    if outlasted > 0.0:
        least = share_gone(demand.draws, never, profile, index, outlasted)
        uniform = min(least + uniform * (1.0 - least), 1.0 - 2.0**-53)
    return max(patience_of(demand.draws, never, profile, index, uniform), outlasted)


@kernel(seldom=True)
def share_gone(draws: Draws, never: float, profile: int, index: int, moment: float) -> float:
    """The largest uniform, to 2^-53, whose patience is not beyond a moment: what the distribution has up to there."""
    low, high = 0.0, 1.0
    for _ in range(53):
        middle = 0.5 * (low + high)
        if patience_of(draws, never, profile, index, middle) <= moment:
            low = middle
        else:
            high = middle
    return low


def days_of(demand: Demand, seed: int, replications: np.ndarray) -> Day:
    """Several replications dealt into one Day whose `start` has a row for each; `day_at` takes one out.

    The same arguments give the same days, whatever else is dealt.
    """
    return _dealt(demand, seed, replications)[0]


def _dealt(demand: Demand, seed: int, replications: np.ndarray) -> tuple[Day, int]:
    """The days, and how many rows of the columns they fill."""
    expected = float(demand.cumulative[:, -1].sum()) * len(replications)
    size = int(1.1 * expected + 6.0 * math.sqrt(expected)) + 64
    size += int(demand.backlog.sum()) * len(replications)
    while True:
        start = np.zeros((len(replications), demand.streams.size + 1), dtype=np.int64)
        again = np.empty(size, dtype=np.int64) if demand.trace.days else NOTHING_RECORDED
        days = Day(start, np.empty(size), np.empty(size), np.empty(size), np.empty(size), again)
        used = deal_days(demand, seed, np.asarray(replications, dtype=np.int64), days)
        if used >= 0:
            return days, used
        size *= 2


def day_at(days: Day, place: int) -> Day:
    """One of several days; its columns are those of all, its customers are where its `start` says."""
    return days._replace(start=days.start[place])


def deal(demand: Demand, seed: int, replication: int) -> Day:
    """Deal one replication."""
    days, used = _dealt(demand, seed, np.array([replication]))
    day = day_at(days, 0)
    return Day(day.start, *(column[:used] for column in day[1:]))
