"""(Demand, seed, replication) → Day: what the outside world brings, dealt before anything is played."""

import math
from typing import NamedTuple

import numpy as np

from sim.distributions import quantile
from sim.jit import kernel
from sim.model.centre import DAY_LEVEL, NEVER, PATIENCE_TIME, TALK_TIME, WRAP_TIME, Demand, Draws, interval_of
from sim.model.chance import DAY, PATIENCE, TALK, WRAP, block, gap_u, u


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


@kernel
def duration(draws: Draws, kind: int, queue: int, index: int, uniform: float) -> float:
    """The quantile of one uniform for a kind of duration, in the interval where the need arose."""
    family = draws.family[kind, queue]
    if family == NEVER:
        return math.inf
    start = draws.start[kind, queue] + index * draws.stride[kind, queue]
    return quantile(family, draws.parameters, start, start + draws.size[kind, queue], uniform)


@kernel
def patience_of(draws: Draws, never: float, queue: int, index: int, uniform: float) -> float:
    """Patience: the share `never` waits for ever, the distribution describes the rest."""
    if uniform >= 1.0 - never:
        return math.inf
    return duration(draws, PATIENCE_TIME, queue, index, uniform / (1.0 - never))


@kernel
def day_level(demand: Demand, queue: int, seed: int, replication: int, day: int) -> float:
    """The factor on a whole day's rate: the queue's gamma quantile of the day's own number."""
    draws = demand.draws
    if draws.family[DAY_LEVEL, queue] == NEVER:
        return 1.0
    return duration(
        draws, DAY_LEVEL, queue, 0, u(seed, demand.day_streams[queue], replication, day, 0, 0, DAY)
    )


@kernel
def _grown(column: np.ndarray, size: int) -> np.ndarray:
    result = np.empty(size)
    result[: column.size] = column
    return result


@kernel
def arrivals(demand: Demand, queue: int, seed: int, replication: int) -> np.ndarray:
    """Moments of the first contacts: unit-rate exponential gaps, summed, through the inverse cumulative rate."""
    cumulative = demand.cumulative[queue]
    count = cumulative.size - 1
    level = day_level(demand, queue, seed, replication, 0)
    total = level * cumulative[count]
    moments = np.empty(int(total + 6.0 * math.sqrt(total)) + 16)
    customer, index = 0, 0
    reached = -math.log1p(-gap_u(seed, demand.streams[queue], replication, 0))
    while reached < total:
        if customer == moments.size:
            moments = _grown(moments, 2 * customer)
        while reached >= level * cumulative[index + 1]:
            index += 1
        rate = level * (cumulative[index + 1] - cumulative[index])
        within = (reached - level * cumulative[index]) / rate
        moments[customer] = min(
            (index + within) * demand.interval, np.nextafter((index + 1) * demand.interval, 0.0)
        )
        customer += 1
        reached += -math.log1p(-gap_u(seed, demand.streams[queue], replication, customer))
    return moments[:customer]


@kernel
def deal_queue(demand, queue, seed, replication, moments, talk, wrap, patience):
    """Fill the columns of one queue's customers, their moments of arrival given."""
    count = demand.cumulative.shape[1] - 1
    draws = demand.draws
    for customer in range(moments.size):
        index = interval_of(moments[customer], demand.interval, count)
        numbers = block(seed, demand.streams[queue], replication, customer, 0, 0, 0)
        talk[customer] = duration(draws, TALK_TIME, queue, index, numbers[TALK])
        wrap[customer] = duration(draws, WRAP_TIME, queue, index, numbers[WRAP])
        patience[customer] = patience_of(draws, demand.never[queue], queue, index, numbers[PATIENCE])


@kernel
def deal(demand: Demand, seed: int, replication: int) -> Day:
    """Deal one replication; the same arguments give the same Day, whatever else is dealt."""
    queues = demand.streams.size
    start = np.zeros(queues + 1, dtype=np.int64)
    moments = [arrivals(demand, queue, seed, replication) for queue in range(queues)]
    for queue in range(queues):
        start[queue + 1] = start[queue] + moments[queue].size
    size = start[queues]
    arrived, talk, wrap, patience = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    for queue in range(queues):
        a, b = start[queue], start[queue + 1]
        arrived[a:b] = moments[queue]
        deal_queue(demand, queue, seed, replication, moments[queue], talk[a:b], wrap[a:b], patience[a:b])
    return Day(start, arrived, talk, wrap, patience)
