"""Targets as numbers to be held: what days say of each, how far it is met, and with what confidence."""

from typing import NamedTuple

import numpy as np

from sim.experiments.trials import Played, day_of_intervals
from sim.measures.metrics import (
    ABANDONED,
    ANSWERED,
    ANSWERED_WAIT,
    COUNTED_FOR_TARGET,
    CUSTOMERS,
    LOST_CUSTOMERS,
    OFFERED,
    WITHIN_TARGET,
)
from sim.scenario.schema import Scenario
from sim.scenario.targets import Goal, goals

SIDES = {
    "service_level": (WITHIN_TARGET, COUNTED_FOR_TARGET),
    "abandonment_rate": (ABANDONED, OFFERED),
    "asa": (ANSWERED_WAIT, ANSWERED),
    "lost_rate": (LOST_CUSTOMERS, CUSTOMERS),
}
ON_DUTY, OVERTIME, BUSY = range(3)  # of AGENT_TIME
ROUNDING = 1e-9
FEW_DAYS = 20  # with contacts: on fewer, nothing is said of an aim


class Aim(NamedTuple):
    """One thing that has to hold: a goal in one interval, or over one day.

    member: the number of the queue or group; first, last: its intervals; asked: the total without which there is
    nothing to hold.
    """

    goal: Goal
    member: int
    first: int
    last: int
    asked: int = OFFERED


class Judged(NamedTuple):
    """What days say of every aim, in order: float64 (aims,).

    value: the figure, or the share of days that reach it; slack: how far it is above what is asked, negative where
    it is missed; days: on how many there was anything to judge; moves: (replications, aims), how each replication
    moves the value, mean zero.
    """

    value: np.ndarray
    slack: np.ndarray
    days: np.ndarray
    moves: np.ndarray

    @property
    def holds(self) -> np.ndarray:
        """Which aims are reached."""
        return self.slack >= -ROUNDING


def aims_of(scenario: Scenario) -> list[Aim]:
    """Every aim of a scenario, by target and then by interval or day."""
    days = day_of_intervals(scenario)
    spans = {
        "interval": [(i, i) for i in range(days.size)],
        "day": [
            (int(np.flatnonzero(days == d)[0]), int(np.flatnonzero(days == d)[-1])) for d in np.unique(days)
        ],
    }
    queues, groups = list(scenario.queues), list(scenario.agents)
    return [
        Aim(
            goal,
            (queues if goal.kind == "queue" else groups).index(goal.name),
            first,
            last,
            _asked(goal, scenario),
        )
        for goal in goals(scenario)
        for first, last in spans[goal.per]
    ]


def _asked(goal: Goal, scenario: Scenario) -> int:
    """The total that says whether somebody came; what is pending or was promised a callback has no service level."""
    if goal.kind == "queue" and goal.metric == "service_level":
        of_all = scenario.queues[goal.name].service_level.definition in ("offered", "early_abandons_met")
        return COUNTED_FOR_TARGET if of_all else OFFERED
    return CUSTOMERS if goal.metric == "lost_rate" else OFFERED


def is_floor(goal: Goal) -> bool:
    """Whether the goal is a least value; the others are largest values."""
    return goal.metric == "service_level"


def sides(aim: Aim, played: Played) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Top, bottom and what there was to judge, each by replication, of the figure of an aim."""
    span = slice(aim.first, aim.last + 1)
    if aim.goal.kind == "group":
        hours = played.agents[:, :, aim.member, span].sum(axis=2)
        attended = hours[:, ON_DUTY] + hours[:, OVERTIME]
        return hours[:, BUSY], attended, attended
    rows = played.contacts[:, aim.member, span].sum(axis=1)
    from sim.experiments.trials import IN_SHEET

    top, bottom = SIDES[aim.goal.metric]
    return rows[:, IN_SHEET[top]], rows[:, IN_SHEET[bottom]], rows[:, IN_SHEET[aim.asked]]


def judged(aims: list[Aim], played: Played) -> Judged:
    """Hold every aim against the days that were played."""
    count = played.contacts.shape[0]
    value, slack, days = np.full(len(aims), np.nan), np.full(len(aims), np.inf), np.zeros(len(aims))
    moves = np.zeros((count, len(aims)))
    for k, aim in enumerate(aims):
        top, bottom, asked = sides(aim, played)
        days[k] = np.count_nonzero(asked)
        if not days[k]:
            continue  # nobody came: there is nothing to hold
        sign = 1.0 if is_floor(aim.goal) else -1.0
        if aim.goal.on_days is None:
            total = bottom.sum()
            if not total:
                slack[k] = -1.0  # people came and nobody was served
                continue
            value[k] = top.sum() / total
            slack[k] = sign * (value[k] - aim.goal.value)
            moves[:, k] = (top - value[k] * bottom) / (total / count)
        else:
            own = np.divide(top, bottom, out=np.full(count, np.nan), where=bottom > 0)
            met = (sign * (own - aim.goal.value) >= -ROUNDING) & (bottom > 0)
            value[k] = np.count_nonzero(met & (asked > 0)) / days[k]
            slack[k] = value[k] - aim.goal.on_days
    return Judged(value, slack, days, moves)


def bounds(aims: list[Aim], found: Judged, error: float) -> tuple[np.ndarray, np.ndarray]:
    """One-sided limits of the slack of every aim, each wrong with probability `error`: lowest and highest.

    Means and ratios by Student's t on the replications' moves (delta method; Law, Simulation Modeling and
    Analysis, ch. 9), shares of days exactly (Clopper and Pearson 1934). Where too few days had contacts, nothing is
    said: the slack itself stands.
    """
    from scipy.special import betaincinv, stdtrit

    count = found.moves.shape[0]
    low, high = found.slack.copy(), found.slack.copy()
    half = stdtrit(count - 1, 1.0 - error) if count > 1 else np.inf
    for k, aim in enumerate(aims):
        if found.days[k] < FEW_DAYS:
            continue
        if aim.goal.on_days is None:
            squares = float((found.moves[:, k] ** 2).sum())
            width = half * np.sqrt(squares / (count - 1) / count)
            low[k], high[k] = found.slack[k] - width, found.slack[k] + width
            continue
        n = found.days[k]
        hits = round(found.value[k] * n)
        lower = betaincinv(hits, n - hits + 1, error) if hits > 0 else 0.0
        upper = betaincinv(hits + 1, n - hits, 1.0 - error) if hits < n else 1.0
        low[k], high[k] = lower - aim.goal.on_days, upper - aim.goal.on_days
    return low, high
