"""Name the best of several plans with a stated probability, and stop playing those that are clearly behind."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.errors import InputError, nearest, shown
from sim.experiments.replicate import Part, Plan, Progress, engine_named, played, prepared
from sim.measures.estimate import CONFIDENCE, Estimate, difference, interval, of_count, t_quantile
from sim.measures.metrics import (
    AGENT_METRICS,
    QUEUE_METRICS,
    Metric,
    agent_figures,
    observed_seconds,
    queue_figures,
)
from sim.scenario import units
from sim.scenario.schema import Scenario

FIRST = 40  # days before anything is judged
FEWEST = 10  # with fewer, variances are guesses
MORE = 16  # days between two rounds, at least; later a quarter of those already played
ZONE = 0.01  # of the first plan's value: the indifference zone unless one is given
SAFE_DAYS = 2  # days added to every variance, each as far off as the farthest day seen
SAME = 1e-9  # of the values: what is less is rounding

LARGER = (
    "answered", "service_level", "target_met_share", "callbacks_served", "callback_within", "callbacks_kept",
    "first_contact_resolution",
)  # fmt: skip
NEITHER = (
    "offered", "customers", "self_served", "callbacks_offered", "callbacks_accepted", "callback_dials",
    "deferred_hours", "returned_hours", "on_duty_hours", "busy_hours", "absent_hours", "occupancy",
)  # fmt: skip


@dataclass(frozen=True)
class Aim:
    """What the plans are judged by: one metric, or a sum of several in one unit; `queue` None is all together."""

    metrics: tuple[Metric, ...]
    queue: str | None = None

    @property
    def name(self) -> str:
        """As it is written: `lost_customers`, `support.mean_wait`, `staff_cost + lost_value`."""
        return (f"{self.queue}." if self.queue else "") + " + ".join(metric.name for metric in self.metrics)

    @property
    def unit(self) -> str:
        """s, share, hours, money or "" for a number."""
        return self.metrics[0].unit

    @property
    def larger(self) -> bool:
        """Whether more is better."""
        return self.metrics[0].name in LARGER

    @property
    def is_mean_of_days(self) -> bool:
        """Whether each day's own ratio counts, every day alike."""
        return any(metric.kind == "ratio" for metric in self.metrics)

    def values(self, contacts: np.ndarray, agents: np.ndarray, scenario: Scenario) -> np.ndarray:
        """The value of every day, float64 (days,); contacts, agents: totals as in `Totals`."""
        return sum(
            (self._of(metric, contacts, agents, scenario) for metric in self.metrics),
            start=np.zeros(len(contacts)),
        )

    def _of(self, metric: Metric, contacts: np.ndarray, agents: np.ndarray, scenario: Scenario) -> np.ndarray:
        if metric.name in AGENT_METRICS:
            figures = agent_figures(agents, scenario, by_interval=False)
            picked = figures
        else:
            figures = queue_figures(contacts, scenario, observed_seconds(scenario).sum())
            names = list(scenario.queues)
            first = names.index(self.queue) if self.queue else 0
            stop = first + 1 if self.queue else len(names)
            picked = {name: values[:, first:stop] for name, values in figures.items()}
        if metric.kind == "largest":
            values = np.fmax.reduce(picked[metric.top], axis=1)
        else:
            values = picked[metric.top].sum(axis=1)
        if metric.kind == "ratio":
            below = picked[metric.bottom].sum(axis=1)
            values = np.divide(values, below, where=below > 0, out=np.full(below.shape, np.nan))
        if not np.isfinite(values).all():
            raise InputError(
                f"{metric.name} has no value on some days, on which nothing counts for it; "
                "choose a count, such as lost_customers",
                path="best",
            )
        return values


def aim_of(text: str, scenario: Scenario) -> tuple[Aim, float | None]:
    """`lost_customers`, `support.service_level=1%` or `staff_cost + lost_value=50`: the aim, and the zone if given.

    Raises InputError for metrics that are unknown, neither better when larger nor when smaller, or without a value
    of their own for each day.
    """
    name, equals, zone = (part.strip() for part in str(text).partition("="))
    queue, dot, rest = name.rpartition(".")
    if dot and queue not in scenario.queues:
        raise InputError(f"there is no queue {shown(queue)}{nearest(queue, scenario.queues)}", path="best")
    known = QUEUE_METRICS if dot else QUEUE_METRICS | AGENT_METRICS
    metrics = tuple(_metric(part.strip(), known) for part in rest.split("+"))
    aim = Aim(metrics, queue or None)
    if len(metrics) > 1:
        _check_sum(aim)
    if not equals:
        return aim, None
    parse = {"s": units.duration, "share": units.share}.get(aim.unit, units.number)
    try:
        size = parse(_plain(zone) if parse is units.number else zone)
    except InputError as error:
        raise error.at(path="best") from None
    if not 0 < size < math.inf:
        raise InputError(f"{shown(zone)} is no indifference zone: give more than 0", path="best")
    return aim, float(size)


def _plain(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{shown(text)} is not a number") from None


def _metric(name: str, known: Mapping[str, Metric]) -> Metric:
    if name not in known:
        fit = [each for each in known if each not in NEITHER and known[each].kind != "percentile"]
        near = _holding(name, fit) or nearest(name, known)
        raise InputError(
            f"there is no metric {shown(name)}{near}; those that fit are {', '.join(fit)}", path="best"
        )
    if known[name].kind == "percentile":
        raise InputError(
            f"{name} is taken over the waits of all days and has no value for each; choose mean_wait or max_wait",
            path="best",
        )
    if name in NEITHER:
        raise InputError(
            f"{name} is neither better when larger nor when smaller; choose lost_customers, staff_cost …",
            path="best",
        )
    return known[name]


def _holding(name: str, metrics: list[str]) -> str:
    """Up to three metrics that have a word of the name in theirs: "cost" is in staff_cost."""
    words = {word for word in name.lower().split("_") if len(word) > 2}
    found = [shown(metric) for metric in metrics if words & set(metric.split("_"))][:3]
    return f" (did you mean {' or '.join(found)}?)" if found else ""


def _check_sum(aim: Aim) -> None:
    """Only counts in one unit and with one direction can be added up, each once."""
    names = [metric.name for metric in aim.metrics]
    odd = [m.name for m in aim.metrics if m.kind != "count" or m.unit != aim.unit]
    odd += [name for name in names if (name in LARGER) != aim.larger or names.count(name) > 1]
    if odd:
        raise InputError(
            f"{odd[0]} cannot be added here; a sum takes different counts in one unit, as in staff_cost + lost_value",
            path="best",
        )


class Race:
    """KN++: a fully sequential selection of the best among k alternatives, looked at after every day.

    After r days plan i is dropped if, for some plan l still there, the sum of its differences X_i − X_l (smaller is
    better) is above W = max(0, (h²·S² ÷ δ − δ·r) ÷ 2), with S² the variance of these differences so far, h² = 2ηd,
    η = ((2α ÷ (k − 1))^(−2 ÷ d) − 1) ÷ 2 and d = r − 1. As W falls to 0, one is always left in the end; of two
    whose sums are then equal the first stays.

    Sources: Kim and Nelson (2001), ACM TOMACS 11, 251–273 (KN, c = 1, common random numbers); Kim and Nelson
    (2006), Operations Research 54, 475–488 (KN++: the variances brought up to date on the way). Assumes days that
    are independent and alike, with finite variances; days may be compared as they are dealt alike. The best is
    kept with a probability of at least 1 − α whenever it is better than all others by δ or more: exactly for KN
    with normal differences, as δ falls for KN++. With rare events and few days KN++ alone errs more often, as
    those days on which it errs are also those that show no variance; therefore every S² holds two days more, as far
    from the mean as the farthest day seen, which errs on the safe side and fades.
    """

    def __init__(self, count: int, zone: float, alpha: float = 1.0 - CONFIDENCE) -> None:
        self.zone, self.log_share = zone, math.log(2.0 * alpha / max(count - 1, 1))
        self.left = list(range(count))
        self.days = 0
        self.dropped: dict[int, tuple[int, int]] = {}  # plan → (after so many days, behind which plan)
        shape = (count, count)
        self._shift, self._sum, self._squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._low, self._high = np.full(shape, np.inf), np.full(shape, -np.inf)
        self._size = 0.0

    def add(self, values: np.ndarray, judge: bool = True) -> None:
        """One more day: float64 (plans,), smaller is better; what plans already dropped hold does not matter."""
        gaps = values[:, None] - values[None, :]
        if self.days == 0:
            self._shift = gaps
        self.days += 1
        off = gaps - self._shift
        self._sum += off
        self._squares += off * off
        self._low, self._high = np.minimum(self._low, off), np.maximum(self._high, off)
        self._size = max(self._size, float(np.abs(values[self.left]).max()))
        if judge and self.days > 1:
            self._drop()

    def _drop(self) -> None:
        r, d = self.days, self.days - 1
        mean = self._sum / r
        farthest = np.maximum(self._high - mean, mean - self._low)
        variance = np.maximum(self._squares - r * mean * mean, 0.0) + SAFE_DAYS * farthest**2
        h2 = d * math.expm1(-2.0 / d * self.log_share)
        width = np.maximum(0.0, (h2 * variance / d / self.zone - self.zone * r) / 2.0)
        behind = self._sum + r * self._shift
        behind[np.abs(behind) < SAME * self._size * r] = 0.0
        out = {}
        for i in self.left:
            for other in self.left:
                ends = width[i, other] == 0.0 and behind[i, other] == 0.0 and other < i
                if behind[i, other] > width[i, other] or ends:
                    out[i] = (r, other)
        self.left = [i for i in self.left if i not in out]
        self.dropped |= out


@dataclass
class Selected:
    """What a selection came to: the value of every day played, who was dropped when, and who is left.

    values: plan → float64 (days played,); dropped: plan → (after so many days, behind which plan).
    """

    aim: Aim
    zone: float
    zone_given: bool
    first: int
    values: dict[str, np.ndarray]
    dropped: dict[str, tuple[int, str]]
    left: list[str]
    days: int
    interrupted: bool = False
    probability: float = field(default=CONFIDENCE)

    @property
    def best(self) -> str | None:
        """The plan named, or None while several are left."""
        return self.left[0] if len(self.left) == 1 else None

    @property
    def leader(self) -> str:
        """The best by its mean among those that are left."""
        sign = -1.0 if self.aim.larger else 1.0
        return min(self.left, key=lambda name: sign * float(self.values[name].mean()))

    def estimate(self, plan: str) -> Estimate:
        """The mean over the days that this plan was played, with its 95% interval."""
        return interval(of_count(self.values[plan]))

    def behind(self, plan: str) -> Estimate:
        """Plan − leader on the days that both were played, with its 95% interval."""
        one, other = self.values[plan], self.values[self.leader]
        days = min(one.size, other.size)
        return difference(of_count(one[:days]), of_count(other[:days]))


def select(
    plans: Mapping[str, Scenario],
    best: str,
    seed: int,
    *,
    first: int = FIRST,
    at_most: int = 100 * FIRST,
    engine: str = "compiled",
    jobs: int = 1,
    progress: Progress | None = None,
    rule_address: int = 0,
) -> Selected:
    """Play plans on the same days until one of them is known to be the best, as `Race` describes.

    best: METRIC or METRIC=ZONE, see `aim_of`; without a zone, it is 1% of the first plan's mean over the first
    days. first: days before anybody is judged; at_most: days at the end of which several may be left. The result
    does not depend on `jobs`. Ctrl-C gives what is known so far, once the first days are played.
    """
    engine_named(engine)
    if len(plans) < 2:
        raise InputError("there is only one plan, which is the best of its kind; add plans", path="plans")
    aim, zone = aim_of(best, next(iter(plans.values())))
    first = min(first, at_most)
    if first < FEWEST:
        raise InputError(f"{first} days tell nothing; allow at least {FEWEST}", path="best")
    names = list(plans)
    ready = {name: prepared(scenario, rule_address) for name, scenario in plans.items()}
    found = Selected(
        aim, zone or math.nan, zone is not None, first, {n: np.zeros(0) for n in names}, {}, names, 0
    )
    race: Race | None = None
    try:
        while len(found.left) > 1 and found.days < at_most:
            count = first if race is None else max(MORE, found.days // 4)
            stop = min(found.days + count, at_most)
            played = _days(
                {n: ready[n] for n in found.left}, plans, aim, range(found.days, stop), seed, engine, jobs
            )
            for name, values in played.items():
                found.values[name] = np.concatenate([found.values[name], values])
            if race is None:
                found.zone = zone or _zone(found.values)
                race = Race(len(names), found.zone)
            _run_on(race, found, stop)
            if progress is not None:
                progress(found.days, at_most if len(found.left) > 1 else found.days)
    except KeyboardInterrupt:
        if race is None:
            raise
        found.interrupted = True
    return found


def _run_on(race: Race, found: Selected, stop: int) -> None:
    """Judge the days that were just played, one after the other, until one plan is left."""
    names, sign = list(found.values), -1.0 if found.aim.larger else 1.0
    for day in range(found.days, stop):
        values = np.array([found.values[n][day] if n in found.left else 0.0 for n in names])
        race.add(sign * values, judge=day + 1 >= found.first)
        found.left = [names[place] for place in race.left]
        if len(race.left) == 1:
            break
    found.days = race.days
    found.dropped = {names[i]: (after, names[by]) for i, (after, by) in race.dropped.items()}


def _zone(values: Mapping[str, np.ndarray]) -> float:
    """1% of the first plan's mean, to two digits; of the largest where that is 0; where all are 0 anything does."""
    means = [abs(float(of_plan.mean())) for of_plan in values.values()]
    return float(f"{ZONE * (means[0] or max(means)):.2g}") or 1.0


def _days(
    ready: Mapping[str, Plan],
    plans: Mapping[str, Scenario],
    aim: Aim,
    days: range,
    seed: int,
    engine: str,
    jobs: int,
) -> dict[str, np.ndarray]:
    """The values of some days under every plan still there."""
    ranges = [range(int(p[0]), int(p[-1]) + 1) for p in np.array_split(np.array(days), 4 * jobs) if p.size]
    parts: list[list[Part]] = list(played(list(ready.values()), ranges, seed, engine, jobs, False))
    return {
        name: np.concatenate(
            [aim.values(of[place].sheet.contacts, of[place].sheet.agents, plans[name]) for of in parts]
        )
        for place, name in enumerate(ready)
    }


def bonferroni(freedoms: Sequence[int], comparisons: int) -> dict[int, float]:
    """By how much 95% margins grow to hold for several comparisons at once, by degrees of freedom.

    Bonferroni: each of m margins holds with 1 − 5% ÷ m, so that all do with 95%, however they depend on each other.
    """
    from scipy.special import stdtrit

    level = 1.0 - (1.0 - CONFIDENCE) / (2 * max(comparisons, 1))
    return {f: float(stdtrit(f, level)) / t_quantile(f) for f in set(freedoms) if f > 0}
