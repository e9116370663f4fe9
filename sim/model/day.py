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
    WRAP_TIME,
    Demand,
    Draws,
    class_of,
    interval_of,
)
from sim.model.chance import DAY, PATIENCE, TALK, WRAP, block, gap_block, u


class Day(NamedTuple):
    """The first contacts of one replication, queue after queue, each in order of arrival.

    start: int64 (queues + 1,), where each queue's customers begin; the columns are float64, one value per
    customer, in seconds: arrived from opening, talk and wrap before any factor, patience from joining
    (infinite for those who never hang up). Customer number k of queue q is row start[q] + k.
    """

    start: np.ndarray
    arrived: np.ndarray
    talk: np.ndarray
    wrap: np.ndarray
    patience: np.ndarray


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
            end = deal_arrivals(demand, queue, seed, replications[k], days.arrived, row)
            if end < 0:
                return -1
            deal_contacts(demand, queue, seed, replications[k], days, row, end)
            row = end
        days.start[k, demand.streams.size] = row
    return row


def days_of(demand: Demand, seed: int, replications: np.ndarray) -> Day:
    """Several replications dealt into one Day whose `start` has a row for each; `day_at` takes one out.

    The same arguments give the same days, whatever else is dealt.
    """
    expected = float(demand.cumulative[:, -1].sum()) * len(replications)
    size = int(1.1 * expected + 6.0 * math.sqrt(expected)) + 64
    size += int(demand.backlog.sum()) * len(replications)
    while True:
        start = np.zeros((len(replications), demand.streams.size + 1), dtype=np.int64)
        days = Day(start, np.empty(size), np.empty(size), np.empty(size), np.empty(size))
        if deal_days(demand, seed, np.asarray(replications, dtype=np.int64), days) >= 0:
            return days
        size *= 2


def day_at(days: Day, place: int) -> Day:
    """One of several days; its columns are those of all, its customers are where its `start` says."""
    return days._replace(start=days.start[place])


def deal(demand: Demand, seed: int, replication: int) -> Day:
    """Deal one replication."""
    day = day_at(days_of(demand, seed, np.array([replication])), 0)
    return Day(day.start, *(column[: day.start[-1]] for column in day[1:]))
