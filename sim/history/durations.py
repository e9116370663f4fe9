"""Talk and wrap from recorded durations: the family that fits best, held against the data; very short calls flagged."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.distributions import distribution
from sim.measures.estimate import NULL, Estimate, interval, of_count, of_ratio

Array = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

SHORT = 10.0  # s: a talk below is flagged
FAMILIES = {"exponential": None, "gamma": 0.05, "lognormal": 0.05, "weibull": 0.05, "hyperexponential": 1.001}
"""Family → the least cv that is tried; None where there is nothing to try."""
MOST_CV = 9.0
NO_SPREAD = 0.02  # a cv below which the duration is called constant
BINS = 1500
ENOUGH = 20  # durations, to tell families apart
OF_AN_INTERVAL = 100  # durations, to tell intervals of the day apart


class Fitted(NamedTuple):
    """One family through the data: its cv, Akaike's criterion, and the Kolmogorov–Smirnov distance to the data."""

    family: str
    cv: float
    aic: float
    distance: float


class Durations(NamedTuple):
    """Recorded durations and the families through them, the best first.

    mean (s), cv, short (the share under `SHORT`): of the data, with intervals over days. edges, counts: the
    durations by bins, edges float64 (m + 1,), counts (m,). by_interval: None, or the least and the greatest mean of an
    interval of the day where these differ beyond chance.
    """

    contacts: int
    mean: Estimate
    cv: Estimate
    short: Estimate
    families: tuple[Fitted, ...]
    edges: Array
    counts: Array
    by_interval: tuple[float, float] | None

    @property
    def chosen(self) -> Fitted:
        return self.families[0]

    def quantile(self, share: float) -> float:
        """The duration (s) below which a share of the data lies: a whole second, or straight between edges of bins."""
        below = np.append(0.0, np.cumsum(self.counts) / self.counts.sum())
        if np.all(self.edges[1:] % 1.0 == 0.5):
            return float(self.edges[max(int(np.searchsorted(below, share)), 1)] - 0.5)
        return float(np.interp(share, below, self.edges))


def are_whole(moments: Array) -> bool:
    """Whether all of some moments or durations are whole seconds; NaN left aside."""
    known = moments[~np.isnan(moments)]
    return bool(known.size) and bool(np.all(known == np.round(known)))


def durations_of(seconds: Array, day: Days, slot: Days, whole_seconds: bool) -> Durations | None:
    """The families through some durations; None without any above 0.

    seconds: float64 (n,), not negative, no NaN; day, slot: int64 (n,), the day and the interval of the day of each.
    Every family has the mean of the data, on which the load hangs; the cv is that of greatest likelihood, on
    bins: of whole seconds where stamps were rounded so, else narrow ones on a logarithmic scale.
    """
    if not seconds.size or not seconds.max() > 0:
        return None
    mean = mean_by_days(seconds, day)
    edges, counts = binned(seconds, whole_seconds)
    families = families_through(edges, counts, mean.value, float(seconds.std()) / mean.value)
    return Durations(
        seconds.size,
        mean,
        cv_by_days(seconds, day),
        mean_by_days((seconds < SHORT).astype(float), day),
        families,
        edges,
        counts,
        _between_intervals(seconds, slot),
    )


def mean_by_days(values: Array, day: Days) -> Estimate:
    """The mean of some values with its 95% interval over days, or over the values where there is one day only."""
    _, place = np.unique(day, return_inverse=True)
    each = np.bincount(place)
    if each.size < 2:
        return interval(of_count(values))
    return interval(of_ratio(np.bincount(place, values), each.astype(float)))


def cv_by_days(values: Array, day: Days) -> Estimate:
    """The coefficient of variation with its 95% interval over days, by the delta method."""
    _, place = np.unique(day, return_inverse=True)
    if place.max() < 1:
        place = np.arange(values.size)
    each, count = np.bincount(place).astype(float), values.size
    mean, square = float(values.mean()), float(np.mean(values**2))
    cv = math.sqrt(max(square / mean**2 - 1.0, 0.0))
    if cv == 0.0 or each.size < 2:
        return Estimate(cv, NULL, NULL)
    first = (np.bincount(place, values) - mean * each) / (count / each.size)
    second = (np.bincount(place, values**2) - square * each) / (count / each.size)
    moves = (second / mean**2 - 2.0 * square / mean**3 * first) / (2.0 * cv)
    return interval(of_count(moves)._replace(value=cv))


def binned(seconds: Array, whole_seconds: bool) -> tuple[Array, Array]:
    """Edges and counts: bins that end at k + ½ for the whole seconds k that occur, else `BINS` of equal ratio."""
    if whole_seconds:
        found, counts = np.unique(np.round(seconds), return_counts=True)
        return np.append(0.0, found + 0.5), counts.astype(float)
    least = max(float(seconds[seconds > 0].min()), 1e-3)
    inner = np.geomspace(least, max(float(seconds.max()), least * 1.01) * (1.0 + 1e-9), BINS)
    edges = np.append(0.0, inner)
    return edges, np.histogram(seconds, edges)[0].astype(float)


def families_through(edges: Array, counts: Array, mean: float, cv: float) -> tuple[Fitted, ...]:
    """The families by Akaike's criterion on binned data, the best first; all have the mean given (s).

    cv: of the data, which settles what is constant or, with fewer than `ENOUGH` durations, exponential.
    """
    if cv < NO_SPREAD:
        return (Fitted("constant", 0.0, 0.0, 0.0),)
    if counts.sum() < ENOUGH:
        return (_fitted("exponential", edges, counts, mean, 1.0, 1),)
    found = []
    for family, least in FAMILIES.items():
        if least is None:
            found.append(_fitted(family, edges, counts, mean, 1.0, 1))
        else:
            found.append(
                _fitted(family, edges, counts, mean, _best_cv(family, least, edges, counts, mean), 2)
            )
    return tuple(sorted(found, key=lambda fit: fit.aic))


def _best_cv(family: str, least: float, edges: Array, counts: Array, mean: float) -> float:
    from scipy.optimize import minimize_scalar

    def loss(log_cv: float) -> float:
        return _loss(family, edges, counts, mean, math.exp(log_cv))

    tried = np.linspace(math.log(least), math.log(MOST_CV), 16)
    best = int(np.argmin([loss(log_cv) for log_cv in tried]))
    bounds = tried[max(best - 1, 0)], tried[min(best + 1, tried.size - 1)]
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def _loss(family: str, edges: Array, counts: Array, mean: float, cv: float) -> float:
    """Minus the log-likelihood of binned data."""
    gone = _gone(family, edges, mean, cv)
    return -float(np.sum(counts * np.log(np.maximum(np.diff(gone), 1e-300))))


def _gone(family: str, edges: Array, mean: float, cv: float) -> Array:
    """The share over by each edge; by the last, which is as long as any duration on record, everything."""
    known = {"mean": mean} if family == "exponential" else {"mean": mean, "cv": cv}
    gone = np.asarray(distribution(family, **known).cdf(edges[:-1]))  # type: ignore[arg-type]
    return np.append(gone, 1.0)


def _fitted(family: str, edges: Array, counts: Array, mean: float, cv: float, parameters: int) -> Fitted:
    aic = 2.0 * parameters + 2.0 * _loss(family, edges, counts, mean, cv)
    seen = np.append(0.0, np.cumsum(counts) / counts.sum())
    distance = float(np.max(np.abs(seen - _gone(family, edges, mean, cv))))
    return Fitted(family, cv, aic, distance)


def _between_intervals(seconds: Array, slot: Days) -> tuple[float, float] | None:
    """The least and the greatest mean of an interval with enough durations, where they differ beyond chance.

    By the F test of one-way analysis of variance on logarithms, at 0.1%, and by a tenth at least.
    """
    from scipy.special import fdtrc

    logs = np.log(seconds + 1.0)
    each = np.bincount(slot)
    kept = each >= OF_AN_INTERVAL
    chosen = kept[slot]
    if np.count_nonzero(kept) < 2:
        return None
    size = each[kept].astype(float)
    sums = np.bincount(slot, logs)[kept]
    total, count, groups = float(sums.sum()), float(size.sum()), size.size
    between = float(np.sum(sums**2 / size)) - total**2 / count
    within = float(np.sum(logs[chosen] ** 2)) - float(np.sum(sums**2 / size))
    if within <= 0 or count <= groups:
        return None
    ratio = between / (groups - 1) / (within / (count - groups))
    means = np.bincount(slot, seconds)[kept] / size
    low, high = float(means.min()), float(means.max())
    return (low, high) if fdtrc(groups - 1, count - groups, ratio) < 0.001 and high > 1.1 * low else None
