"""Forty lines by hand: a heap of moments, a line of callers, and a few counters."""

import random
from collections import deque
from heapq import heappop, heappush

from workloads import WITHIN, Day, Row

PACKAGE = None
WORKS = ("W1", "W2")
SHIFT, ARRIVAL, DONE, GIVES_UP = range(4)


def one_day(day: Day) -> Row:
    calls = offered = abandoned = within = busy = agents = number = 0
    wait, rate, shift_ends = 0.0, 0.0, 0.0
    expovariate, handle, patience, end = random.expovariate, 1 / day.handle, 1 / day.patience, day.length
    heap = [(k * day.interval, SHIFT, k) for k in range(len(day.rates))]
    line, joined = deque(), {}  # numbers in order of joining, some of them gone; when the others joined
    while heap:
        now, kind, which = heappop(heap)
        if now >= end and not day.finish:
            break
        if kind == ARRIVAL:
            calls += 1
            number += 1
            line.append(number)
            joined[number] = now
            if busy >= agents:
                heappush(heap, (now + expovariate(patience), GIVES_UP, number))
        elif kind == DONE:
            busy -= 1
        elif kind == GIVES_UP:
            since = joined.pop(which, None)
            if since is not None and since >= day.warm_up:
                offered, abandoned, wait = offered + 1, abandoned + 1, wait + now - since
            continue
        else:
            agents, rate, shift_ends = day.staffing[which], day.rates[which], now + day.interval
        while busy < agents and line:
            since = joined.pop(line.popleft(), None)
            if since is not None:
                busy += 1
                heappush(heap, (now + expovariate(handle), DONE, 0))
                if since >= day.warm_up:
                    offered, wait, within = offered + 1, wait + now - since, within + (now - since <= WITHIN)
        if kind <= ARRIVAL and (then := now + expovariate(rate)) < shift_ends:
            heappush(heap, (then, ARRIVAL, 0))
    return calls, offered, abandoned, wait, within


def play(day: Day, days: int, seed: int) -> list[Row]:
    random.seed(seed)
    return [one_day(day) for _ in range(days)]
