"""Volumes by interval, how much the days differ beyond chance, and how far queues go up and down together."""

import math
from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.history.days import Days, Window
from sim.measures.estimate import NULL, Estimate, t_quantile

Array = npt.NDArray[np.float64]

TOGETHER = 0.7  # a correlation of days' levels from which queues are said to vary together
SPREAD = (0.1, 0.9)  # shares of days, for the picture


class Volumes(NamedTuple):
    """Contacts by interval of the scenario: mean a day, its 95% interval, and between what four days in five lie.

    All float64 (intervals,); days: how many days each mean is of; totals: contacts by day of the window (d,).
    """

    mean: Array
    low: Array
    high: Array
    least: Array
    most: Array
    days: Days
    totals: Array


def volumes_of(row: Days, slot: Days, window: Window) -> Volumes:
    """Volumes from each contact's day and interval of the day, as `Window.places` gives them."""
    kept = row >= 0
    size = window.days.size * window.slots
    matrix = np.bincount(row[kept] * window.slots + slot[kept], minlength=size)
    return volumes_of_counts(matrix.reshape(window.days.size, window.slots).astype(float), window)


def volumes_of_counts(matrix: Array, window: Window) -> Volumes:
    """Volumes from contacts by day of the window and interval of the day, float64 (d, slots)."""
    parts = [_summary(matrix[window.kind == kind]) for kind in range(len(window.hours))]
    mean, low, high, least, most, days = (
        window.by_interval(np.array(each)) for each in zip(*parts, strict=True)
    )
    return Volumes(mean, low, high, least, most, days.astype(np.int64), matrix.sum(axis=1))


def _summary(days: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Mean, ends of its interval (Student's, or Poisson's for a single day), and the spread over days."""
    count, nothing = len(days), np.zeros(days.shape[1])
    if not count:
        return (nothing,) * 6
    mean = days.mean(axis=0)
    if count > 1:
        margin = t_quantile(count - 1) * days.std(axis=0, ddof=1) / math.sqrt(count)
    else:
        margin = 1.96 * np.sqrt(mean)
    least, most = np.quantile(days, SPREAD, axis=0)
    return mean, np.maximum(mean - margin, 0.0), mean + margin, least, most, nothing + count


def total(totals: Array, kind: Days) -> Estimate:
    """Contacts of a whole scenario, a day or a week of one day of each kind, with the 95% interval over days."""
    parts = [totals[kind == each] for each in np.unique(kind)]
    mean = sum(float(own.mean()) for own in parts)
    free = sum(own.size - 1 for own in parts)
    if not free or any(own.size < 2 for own in parts):
        return Estimate(mean, NULL, NULL)
    margin = t_quantile(free) * math.sqrt(sum(float(own.var(ddof=1)) / own.size for own in parts))
    return Estimate(mean, mean - margin, mean + margin)


def variation(totals: Array, kind: Days) -> Estimate:
    """How much days differ beyond Poisson: the sd of the day's level, with a 95% interval; 0 where chance explains all.

    totals: contacts by day; kind: days of one kind have one mean. Moments: the variance within kinds less the mean,
    over the squared mean, both unbiased; the interval from that of the variance (chi-square, with Satterthwaite's
    degrees of freedom, as kinds of many contacts weigh more). NaN from one day of each kind.
    """
    mean, variance, square, freedom = _moments(totals, totals, kind)
    if not freedom or not square > 0:
        return Estimate(NULL, NULL, NULL)
    from scipy.special import chdtri

    free = _freedom(totals, kind, max(variance - mean, 0.0) / square)
    low, high = (free / float(chdtri(free, tail)) for tail in (0.025, 0.975))
    level = (math.sqrt(max(variance * times - mean, 0.0) / square) for times in (1.0, low, high))
    return Estimate(*level)


def _freedom(totals: Array, kind: Days, excess: float) -> float:
    """Satterthwaite's degrees of freedom of a variance pooled over kinds; excess: relative variance beyond Poisson."""
    parts = [(own.size - 1, float(own.mean())) for own in (totals[kind == each] for each in np.unique(kind))]
    spread = [(free, mean + excess * mean**2) for free, mean in parts]
    return sum(f * v for f, v in spread) ** 2 / sum(f * v**2 for f, v in spread)


def correlation(a: Array, b: Array, kind: Days) -> Estimate:
    """The correlation of the levels of two queues over days, Poisson's part taken off; NaN where one has none.

    The interval is Fisher's for the correlation of the counts, scaled alike.
    """
    mean_a, variance_a, _, freedom = _moments(a, a, kind)
    mean_b, variance_b, _, _ = _moments(b, b, kind)
    _, shared, _, _ = _moments(a, b, kind)
    beyond = (variance_a - mean_a) * (variance_b - mean_b)
    if freedom < 3 or variance_a <= mean_a or variance_b <= mean_b or not beyond > 0:
        return Estimate(NULL, NULL, NULL)
    seen = float(np.clip(shared / math.sqrt(variance_a * variance_b), -0.999999, 0.999999))
    scale = math.sqrt(variance_a * variance_b / beyond)
    spread = 1.96 / math.sqrt(freedom - 2)
    bounds = (math.tanh(math.atanh(seen) + step) * scale for step in (0.0, -spread, spread))
    return Estimate(*(max(-1.0, min(1.0, bound)) for bound in bounds))


def correlations(
    levels: Mapping[str, tuple[Estimate, Array]], kind: Days
) -> tuple[tuple[str, str, Estimate], ...]:
    """Of the levels of every two queues that vary beyond chance; levels: name → variation, contacts by day."""
    varies = {name: totals for name, (level, totals) in levels.items() if level.low > 0}
    pairs = ((a, b, correlation(varies[a], varies[b], kind)) for a, b in combinations(varies, 2))
    return tuple(pair for pair in pairs if not math.isnan(pair[2].value))


def _moments(a: Array, b: Array, kind: Days) -> tuple[float, float, float, int]:
    """Mean, covariance within kinds, squared mean and degrees of freedom, kinds weighted by these; a and b by day."""
    mean = shared = square = 0.0
    freedom = 0
    for each in np.unique(kind):
        own_a, own_b = a[kind == each], b[kind == each]
        free = own_a.size - 1
        if not free:
            continue
        products = float(np.sum((own_a - own_a.mean()) * (own_b - own_b.mean())))
        mean += free * float(own_a.mean())
        shared += products
        square += free * max(float(own_a.mean() * own_b.mean()) - products / free / own_a.size, 0.0)
        freedom += free
    if not freedom:
        return 0.0, 0.0, 0.0, 0
    return mean / freedom, shared / freedom, square / freedom, freedom
