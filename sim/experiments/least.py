"""What no staffing can go below: by the work alone, and by each interval on its own on the search days."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim.experiments.moves import Search
from sim.scenario.schema import Scenario
from sim.scenario.targets import goals

MOST_CASES = 4000  # staffings of one interval that are looked at


class Bound(NamedTuple):
    """Paid hours and cost of a replication below which no staffing of the groups sought meets the targets.

    work_hours, work_cost: by the work that has to be done; days_cost: by each interval on its own on the search days,
    NaN where that was not worked out; the argument of each is in `by_work` and `by_days`.
    """

    work_hours: float
    work_cost: float
    days_cost: float


NO_BOUND = Bound(0.0, 0.0, float("nan"))


def lower_bound(search: Search, load: np.ndarray, staffing: np.ndarray, many: np.ndarray) -> Bound:
    """Both bounds; that by days where every team that is sought is a single group."""
    hours, cost = by_work(search, load)
    return Bound(hours, cost, by_days(search, staffing, many))


def by_work(search: Search, load: np.ndarray) -> tuple[float, float]:
    """Paid hours and cost of the work that has to be done.

    A service level of x% per interval or day, in the mean, by the definition `offered` or `early_abandons_excluded`,
    needs x% of the first contacts answered, an abandonment rate of y% all but y% of them where nobody can be turned
    away; each takes its mean handle time from the group that does it for least. Overtime after closing is not counted,
    nor are redials and transfers.
    """
    scenario, total = search.scenario, np.zeros(2)
    groups, interval = list(scenario.agents.values()), scenario.grid.interval
    occupancy = {g.name: g.value for g in goals(scenario) if g.kind == "group" and g.on_days is None}
    prices = search.price[:, 0]
    hours = interval / 3600.0 / (1.0 - np.array([group.shrinkage for group in groups]))
    for q, (name, queue) in enumerate(scenario.queues.items()):
        share = _served_share(scenario, name)
        if not share or not search.helpers[q] or queue.callback or queue.hours is not None:
            continue
        names = list(scenario.agents)
        for place, each in enumerate((hours, prices)):
            total[place] += share * load[q].sum() * min(
                each[g] * groups[g].skills[name].handle_factor / groups[g].skills[name].at_once
                / occupancy.get(names[g], 1.0)
                for g in search.helpers[q]
            )  # fmt: skip
    return float(total[0]), float(total[1])


def _served_share(scenario: Scenario, name: str) -> float:
    """The least share of a queue's contacts that its targets want answered; 0 where that is not sure."""
    queue, share = scenario.queues[name], 0.0
    if queue.after_hours == "waits":
        return 0.0
    for goal in goals(scenario):
        if goal.name != name or goal.on_days is not None:
            continue
        if goal.metric == "service_level" and queue.service_level.definition == "offered":
            share = max(share, goal.value)
        open_door = scenario.lines is None and queue.max_waiting is None
        served_out = (queue.at_close or scenario.at_close) == "finish"
        if goal.metric == "abandonment_rate" and open_door and served_out:
            share = max(share, 1.0 - goal.value)
    return share


def by_days(search: Search, staffing: np.ndarray, many: np.ndarray) -> float:
    """Cost of the fewest agents of each interval with very many agents at all other times, on the search days.

    Granted that more agents at other times make no interval worse, no staffing has fewer. NaN if some team has more
    than one group, whose agents could stand in for each other.
    """
    if np.unique(search.teams[search.free]).size < len(search.free):
        return float("nan")
    total = 0.0
    for g in search.free:
        for i in range(staffing.shape[1]):
            least = int(staffing[g, i])
            while least > 0:
                other = many.copy()
                other[g, i] = least - 1
                if not search.judge(other).holds.all():
                    break
                least -= 1
            total += least * float(search.price[g, i])
    return total


def completed(search: Search, staffing: np.ndarray, many: np.ndarray) -> tuple[np.ndarray, bool]:
    """The cheapest staffing on the search days of a small case, by looking at all that are cheaper than a known one.

    First every interval on its own, with very many agents at all other times; then every cheaper way to put together
    what can be, the dearest first. What is nowhere above a staffing that fails need not be tried, granted that fewer
    agents are never better. Returns the staffing and whether it is sure to be the cheapest.
    """
    free, intervals = search.free, staffing.shape[1]
    if len(free) * intervals > 12 or len(free) > 3:
        return staffing, False
    limit = search.trials.played + search.most
    best, floor = search.cost(staffing), np.zeros(intervals)
    options: list[list[tuple[float, tuple[int, ...]]]] = []
    for i in range(intervals):
        column: list[tuple[float, tuple[int, ...]]] = []
        failed: list[tuple[int, ...]] = []
        wanted = best - floor[:i].sum()
        cases = list(_columns(search.price[free, i], wanted - 1e-9))
        if len(cases) > MOST_CASES:
            return staffing, False
        known: set[tuple[int, ...]] = set()
        for price, case in sorted(cases, reverse=True):  # the dearest first: what fails rules others out
            if any(_below(case, other) for other in failed):
                continue
            if not any(_below(other, case) for other in known):
                if search.trials.played > limit:
                    return staffing, False
                alone = many.copy()
                alone[free, i] = case
                if not search.judge(alone).holds.all():
                    failed.append(case)
                    continue
            column.append((price, case))
        options.append(sorted(column))
        if not column:
            return staffing, True
        floor[i] = options[i][0][0]
    return _put_together(search, staffing, options, floor, limit)


def _columns(prices: np.ndarray, most: float) -> Iterator[tuple[float, tuple[int, ...]]]:
    """All numbers of agents of one interval that cost at most so much, with their cost."""
    if prices.size == 0:
        yield 0.0, ()
        return
    n = 0
    while n * prices[0] <= most:
        for price, rest in _columns(prices[1:], most - n * prices[0]):
            yield n * float(prices[0]) + price, (n, *rest)
        n += 1
        if n > MOST_CASES:
            return


def _below(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


def _put_together(
    search: Search, staffing: np.ndarray, options: list[list[tuple[float, tuple[int, ...]]]], floor: np.ndarray,
    limit: int,
) -> tuple[np.ndarray, bool]:  # fmt: skip
    best = search.cost(staffing)
    found: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for i, column in enumerate(options):
        rest = floor[i + 1 :].sum()
        found = [
            (cost + price, (*chosen, *case))
            for cost, chosen in found
            for price, case in column
            if cost + price + rest < best - 1e-9
        ]
        if len(found) > 50 * MOST_CASES:
            return staffing, False
    failed: list[tuple[int, ...]] = []
    for cost, chosen in sorted(found, reverse=True):
        if cost >= best - 1e-9 or any(_below(chosen, other) for other in failed):
            continue
        if search.trials.played > limit:
            return staffing, False
        other = staffing.copy()
        other[search.free] = np.array(chosen).reshape(len(options), -1).T
        if search.judge(other).holds.all():
            staffing, best = other, cost
        else:
            failed.append(chosen)
    return staffing, True
