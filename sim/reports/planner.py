"""What a planner would type into an Erlang formula, by queue and interval, and what the formula then says."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.distributions import Distribution
from sim.measures.metrics import observed_seconds
from sim.reports.loads import goes_on, let_in
from sim.scenario.queue import Queue
from sim.scenario.schema import Scenario
from sim.theory import Figures, erlang_a, erlang_c, erlang_g

Array = np.ndarray[Any, Any]
METRICS = ("service_level", "abandonment_rate", "mean_wait", "asa")
LEVELS = 16  # days of different level that stand for all of them
FITTED = 200  # rounds in which shared agents are divided


@dataclass(frozen=True)
class Asked:
    """The inputs of one queue; arrays by interval.

    calls: first contacts an interval; handle: s; exact: agents, shared queues in proportion; agents: the same in
    whole numbers; patience: the mean of an exponential, s, None where nobody hangs up; counted: the share of each
    interval after the warm-up.
    """

    calls: Array
    handle: Array
    exact: Array
    patience: Array | None
    interval: float
    within: float
    definition: str
    counted: Array

    @property
    def load(self) -> Array:
        """Erlangs."""
        return self.calls * self.handle / self.interval

    @property
    def agents(self) -> Array:
        """Whole agents: rounded, but not down to none."""
        return whole(self.exact)

    @property
    def asked(self) -> Array:
        """Where a formula can answer: calls come, there are agents, and the warm-up is over."""
        return (self.calls > 0.0) & (self.exact > 0.0) & (self.counted > 0.0)

    @property
    def silent(self) -> Array:
        """Where it cannot though calls come: nobody is there to serve them."""
        return (self.calls > 0.0) & (self.exact <= 0.0) & (self.counted > 0.0)


@dataclass(frozen=True)
class Said:
    """What a formula says: by metric an array, NaN where it cannot answer; and the day, weighted by calls."""

    bounded: Array
    line: Array  # mean number waiting
    values: dict[str, Array]
    day: dict[str, float]
    day_bounded: bool


def whole(agents: Array) -> Array:
    """Agents in whole numbers: rounded half up, and at least one where there is any at all."""
    return np.where(agents > 1e-9, np.maximum(np.floor(agents + 0.5 + 1e-9), 1.0), 0.0)


def inputs(scenario: Scenario) -> dict[str, Asked]:
    """The inputs of every queue, by its name."""
    grid = scenario.grid
    calls = {name: first_contacts(scenario, name) for name in scenario.queues}
    handle = {name: np.array(queue.mean_handle(grid), float) for name, queue in scenario.queues.items()}
    loads = {name: calls[name] * handle[name] / grid.interval for name in calls}
    counted = observed_seconds(scenario) / grid.interval
    agents = heads(scenario, loads)
    return {
        name: Asked(
            calls[name], handle[name], agents[name], mean_patience(queue, grid.count),
            grid.interval, queue.service_level.within, queue.service_level.definition, counted,
        )
        for name, queue in scenario.queues.items()
    }  # fmt: skip


def first_contacts(scenario: Scenario, name: str) -> Array:
    """Expected first contacts that come to the line in each interval."""
    return np.array(scenario.expected(name) * let_in(scenario, name) * goes_on(scenario.queues[name]), float)


def heads(scenario: Scenario, loads: dict[str, Array], present: bool = False) -> dict[str, Array]:
    """Agents for each queue by interval: shared groups in proportion to load, as far as skills allow.

    Each group divides its agents between its queues so that the agents of all of them are as much as possible in
    proportion to their loads (iterative proportional fitting). present: without those who are absent.
    """
    names, groups = list(scenario.queues), scenario.agents
    agents = np.array([scenario.planned_seconds(key) for key in groups]) / scenario.grid.interval
    if present:
        agents *= np.array([[1.0 - group.absence] for group in groups.values()])
    able = np.array([[name in group.skills for name in names] for group in groups.values()])[:, :, None]
    load = np.array([loads[name] for name in names])
    wanted = np.log(np.maximum(np.where(load.sum(axis=0) > 0, load, 1.0), 1e-9))
    scale, found = wanted.copy(), np.zeros_like(load)
    rounds = FITTED if (able.sum(axis=1) > 1).any() else 1
    for _ in range(rounds):
        logs = np.where(able, scale, -np.inf)
        parts = np.exp(logs - logs.max(axis=1, keepdims=True))
        found = (agents[:, None] * parts / parts.sum(axis=1, keepdims=True)).sum(axis=0)
        scale += wanted - np.log(np.maximum(found, 1e-9))
    return dict(zip(names, found, strict=True))


def mean_patience(queue: Queue, count: int) -> Array | None:
    """The mean of the exponential patience a planner would take: through the first point given, or of the same mean.

    Classes with their own patience count by their share, in the rate at which they hang up.
    """
    parts = [(one.share, queue.as_class(name)) for name, one in queue.classes.items()]
    parts.append((max(0.0, 1.0 - sum(share for share, _ in parts)), queue))
    rate = np.zeros(count)
    for share, customers in parts:
        patience = customers.patience
        if patience is None or share <= 0.0:
            continue
        if patience.points:
            at, gone = next(((t, p) for t, p in patience.points.items() if t > 0 and 0 < p < 1), (0.0, 0.0))
            means = np.array([-at / np.log1p(-gone)]) if at else np.array([_mean(patience.drawn[0])])
        else:
            means = np.array([_mean(drawn) for drawn in patience.drawn])
        rate += share / np.broadcast_to(means, count)
    return 1.0 / rate if (rate > 0.0).all() else None


def _mean(drawn: Distribution) -> float:
    mean = drawn.mean
    if not np.isfinite(mean):
        mean = float(drawn.quantile(0.5)) / np.log(2.0)
    return max(mean, 1e-3)


def erlang(asked: Asked, patience: Array | None) -> Said:
    """Erlang A with this mean patience, else Erlang C, each interval as if it had lasted for ever (SIPP)."""

    def formula(**known: Any) -> Figures:
        there = asked.asked
        return erlang_c(**known) if patience is None else erlang_a(mean_patience=patience[there], **known)

    return played(asked, formula)


def with_any_patience(asked: Asked, drawn: Distribution | None, never: float, balks: float) -> Said:
    """M/M/n+G: the patience as it is written, and those who leave at once."""
    return played(asked, lambda **known: erlang_g(patience=drawn, never_hangs_up=never, balks=balks, **known))


def played(asked: Asked, formula: Callable[..., Figures]) -> Said:
    """A formula asked for every interval where it can answer."""
    there = asked.asked
    values = {metric: np.full(there.size, np.nan) for metric in METRICS}
    bounded, line, kept = np.ones(there.size, bool), np.full(there.size, np.nan), np.zeros((2, there.size))
    if there.any():
        figures = formula(
            arrival_rate=asked.calls[there] / asked.interval, mean_handle=asked.handle[there],
            agents=asked.agents[there], within=asked.within,
        )  # fmt: skip
        for metric in METRICS:
            values[metric][there] = getattr(figures, metric)
        values["service_level"][there] = figures.service_level_by(asked.definition)
        bounded[there], line[there] = figures.bounded, figures.mean_queue_length
        kept[0][there], kept[1][there] = figures.answered_share, figures.abandoned_within
    day = over_day(asked, values, kept[0], kept[1])
    return Said(bounded, line, values, day, bool(bounded[there].all()))


def over_day(asked: Asked, values: dict[str, Array], answered: Array, soon: Array) -> dict[str, float]:
    """Each figure over all intervals that were asked, weighted by what it is a share or a mean of."""
    calls = np.where(asked.asked, asked.calls * asked.counted, 0.0)
    weights = dict.fromkeys(METRICS, calls)
    weights["asa"] = calls * answered
    if asked.definition == "answered":
        weights["service_level"] = calls * answered
    elif asked.definition == "early_abandons_excluded":
        weights["service_level"] = calls * (1.0 - soon)
    return {metric: weighted(values[metric], weight) for metric, weight in weights.items()}


def weighted(values: Array, weights: Array) -> float:
    """A mean over the places with weight; NaN without any."""
    some = (weights > 0.0) & ~np.isnan(values)
    return float(values[some] @ weights[some] / weights[some].sum()) if some.any() else np.nan


def over_levels(asked: Asked, patience: Array | None, level: Distribution) -> tuple[Array, float]:
    """The service level by interval and of the day, averaged over days by their calls."""
    factors = np.maximum(level.quantile((np.arange(LEVELS) + 0.5) / LEVELS), 1e-6)
    found = [erlang(replace(asked, calls=asked.calls * factor), patience) for factor in factors]
    weights = factors / factors.sum()
    levels = np.array([each.values["service_level"] for each in found])
    return weights @ levels, float(weights @ [each.day["service_level"] for each in found])


def neighbours(scenario: Scenario, name: str) -> list[str]:
    """The queue and all that share agents with it, directly or through others, in the order of the scenario."""
    found = {name}
    while True:
        more = found.union(*(g.skills for g in scenario.agents.values() if found & set(g.skills)))
        if more == found:
            return [queue for queue in scenario.queues if queue in found]
        found = more


def pooled(scenario: Scenario, name: str, every: Mapping[str, Asked], names: Iterable[str]) -> Asked:
    """The inputs of these queues as if they were one, with the promise and the patience of this one."""
    own, names = every[name], list(names)
    calls = np.sum([every[other].calls for other in names], axis=0)
    load = np.sum([every[other].load for other in names], axis=0)
    handle = np.divide(load * own.interval, calls, out=own.handle.copy(), where=calls > 0)
    groups = [key for key, group in scenario.agents.items() if set(names) & set(group.skills)]
    agents = np.sum([scenario.planned_seconds(key) for key in groups], axis=0) / own.interval
    return replace(own, calls=np.where(own.calls > 0, calls, 0.0), handle=handle, exact=agents)
