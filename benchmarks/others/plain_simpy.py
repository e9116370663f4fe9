"""Plain SimPy: a Resource, a timeout for patience, and a few counters."""

import random

import simpy
from workloads import WITHIN, Day, Row

PACKAGE = "simpy"
WORKS = ("W1", "W2")


def caller(env, agents, day, tally):
    joined = env.now
    with agents.request() as turn:
        yield turn | env.timeout(random.expovariate(1 / day.patience))
        waited = env.now - joined
        if joined >= day.warm_up:
            tally[1] += 1
            tally[2] += not turn.triggered
            tally[3] += waited
            tally[4] += turn.triggered and waited <= WITHIN
        if turn.triggered:
            yield env.timeout(random.expovariate(1 / day.handle))


def callers(env, agents, day, tally):
    for k, (rate, staffing) in enumerate(zip(day.rates, day.staffing, strict=True)):
        agents._capacity = staffing  # SimPy has no staffing that changes: who is busy finishes, then leaves
        agents._trigger_put(None)
        end = (k + 1) * day.interval
        while (gap := random.expovariate(rate)) < end - env.now:
            yield env.timeout(gap)
            tally[0] += 1
            env.process(caller(env, agents, day, tally))
        yield env.timeout(end - env.now)


def play(day: Day, days: int, seed: int) -> list[Row]:
    random.seed(seed)
    rows = []
    for _ in range(days):
        env, tally = simpy.Environment(), [0, 0, 0, 0.0, 0]
        agents = simpy.Resource(env, day.staffing[0])
        env.process(callers(env, agents, day, tally))
        env.run(None if day.finish else day.length)
        rows.append(tuple(tally))
    return rows
