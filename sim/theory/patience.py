"""M/M/n+G: any patience that a scenario can write, with balking and with callers who never hang up."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, shown
from sim.theory import checks
from sim.theory.checks import Array
from sim.theory.figures import Figures, figures_of
from sim.theory.windows import DROP, log_inverse_b

if TYPE_CHECKING:
    from sim.distributions import Distribution

DEEPEST = 50  # halvings of a panel
CLOSE = 1e-13  # a panel is done when halving it changes the owner's integrals by less than this share
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
NODES, WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS


@dataclass(frozen=True)
class Hold:
    """Who still holds on after waiting x seconds: (1 − balks)·(never + (1 − never)·P(patience > x))."""

    patience: "Distribution | None"
    never: float
    balks: float

    def stays(self, x: Array) -> Array:
        """The share that has neither balked nor hung up by x."""
        return (1.0 - self.balks) * (self.never + (1.0 - self.never) * (1.0 - self._over(x)))

    def gone(self, x: Array) -> Array:
        """The share that has balked or hung up by x."""
        return self.balks + (1.0 - self.balks) * (1.0 - self.never) * self._over(x)

    def held(self, x: Array) -> Array:
        """∫ stays from 0 to x: what a caller waits on average who would be answered after x."""
        return (1.0 - self.balks) * (self.never * x + (1.0 - self.never) * self._limited(x))

    def _over(self, x: Array) -> Array:
        return np.zeros_like(x) if self.patience is None else np.asarray(self.patience.cdf(x))

    def _limited(self, x: Array) -> Array:
        return x if self.patience is None else limited_mean(self.patience, x)

    @property
    def faithful(self) -> float:
        """The share that waits however long it takes."""
        return (1.0 - self.balks) * (1.0 if self.patience is None else self.never)

    @cached_property
    def breaks(self) -> Array:
        """Where the distribution of patience has jumps, corners or its bulk: places to cut integrals at."""
        if self.patience is None:
            return np.empty(0)
        family, given = self.patience.family, np.array(self.patience.parameters)
        if family in ("constant", "uniform", "empirical"):
            return np.unique(given)
        if family == "piecewise_exponential":
            return given[::3]
        return np.asarray(self.patience.quantile(np.array([0.001, 0.1, 0.5, 0.9, 0.999])))


def limited_mean(patience: "Distribution", x: Array) -> Array:
    """E[min(patience, x)] = ∫ P(patience > u) du from 0 to x, closed for every family."""
    from scipy.special import gamma, gammainc, gammaincc, ndtr

    family, given = patience.family, patience.parameters
    if family == "constant":
        return np.minimum(x, given[0])
    if family == "exponential":
        return -given[0] * np.expm1(-x / given[0])
    if family == "gamma":
        shape, scale = given[0], given[1]
        return shape * scale * gammainc(shape + 1.0, x / scale) + x * gammaincc(shape, x / scale)
    if family == "lognormal":
        with np.errstate(divide="ignore"):
            z = (np.log(x) - given[0]) / given[1]
        return patience.mean * ndtr(z - given[1]) + x * ndtr(-z)
    if family == "weibull":
        shape, scale = given
        return scale * gamma(1.0 + 1.0 / shape) * gammainc(1.0 / shape, (x / scale) ** shape)
    if family == "hyperexponential":
        p, one, two = given
        return -p * one * np.expm1(-x / one) - (1.0 - p) * two * np.expm1(-x / two)
    if family == "uniform":
        low, high = given
        into = np.clip(x - low, 0.0, high - low)
        return np.minimum(x, low) + into * (1.0 - 0.5 * into / (high - low))
    if family == "empirical":
        values = np.array(given)
        below = np.searchsorted(values, x, side="right")
        return (np.append(0.0, np.cumsum(values))[below] + x * (values.size - below)) / values.size
    return _limited_piecewise(np.array(given).reshape(-1, 3), x)


def _limited_piecewise(points: Array, x: Array) -> Array:
    """∫ of a survival function whose hazard is constant between the points, the last one kept on."""
    starts = np.append(0.0, points[:, 0])
    hazards = np.append(0.0, points[:, 2])
    paces = np.diff(hazards) / np.diff(starts)
    paces, alive = np.append(paces, paces[-1]), np.exp(-hazards)
    done = np.append(0.0, np.cumsum(alive[:-1] * _decay(paces[:-1], np.diff(starts))))
    at = np.clip(np.searchsorted(starts, x, side="right") - 1, 0, starts.size - 1)
    return done[at] + alive[at] * _decay(paces[at], x - starts[at])


def _decay(pace: Array, span: Array) -> Array:
    """∫ e^(−pace·u) du from 0 to span."""
    flat = pace == 0.0
    return np.where(flat, span, -np.expm1(-pace * span) / np.where(flat, 1.0, pace))


def erlang_g(
    *,
    arrival_rate: Any,
    mean_handle: Any,
    agents: Any,
    patience: "Distribution | None",
    never_hangs_up: float = 0.0,
    balks: float = 0.0,
    within: Any = 20.0,
) -> Figures:
    """M/M/n+G: first come first served, patience of any distribution of `sim.distributions` (None: endless).

    Assumes Poisson arrivals (`arrival_rate` a second), exponential handle times (mean, s), independent patience
    counted from joining, and no redials. `balks` is the share that leaves at once when no agent is free, after
    which `never_hangs_up` of the others wait for ever. Where those alone are more than the agents can serve the
    line grows without bound: see `Figures`. Sources: Baccelli and Hebuterne (1981); Zeltyn and Mandelbaum
    (2005), table of performance measures, integrated panel by panel to a relative error of about 1e-12 in logs.
    """
    rate, mean = checks.positive("arrival_rate", arrival_rate), checks.positive("mean_handle", mean_handle)
    given = (rate, mean, checks.agents(agents), checks.not_negative("within", within))
    shape, flat = checks.together(*given)
    hold = _hold(patience, never_hangs_up, balks)
    figures = _erlang_g(hold, *flat)

    def tail(than: Array) -> Any:
        there, (time, *places) = checks.together(than, *(part.reshape(shape) for part in flat[:3]))
        return checks.shaped(_longer(hold, time, *places), there)

    everyone = (flat[2].astype(int), flat[0] * flat[1], flat[3], *figures)
    return figures_of(everyone, shape, tail)


def _hold(patience: Any, never_hangs_up: Any, balks: Any) -> Hold:
    if patience is not None and not all(hasattr(patience, name) for name in ("family", "parameters", "cdf")):
        problem = f'{shown(patience)} is no distribution: write sim.distributions.distribution("exponential", mean=120)'
        raise InputError(problem, path="patience")
    never, leave = checks.share("never_hangs_up", never_hangs_up), checks.share("balks", balks)
    for name, value in (("never_hangs_up", never), ("balks", leave)):
        if value.ndim:
            raise InputError("is one share for all places: write one number", path=name)
    return Hold(patience, float(never), float(leave))


def _erlang_g(hold: Hold, rate: Array, mean: Array, n: Array, within: Array) -> tuple[Array, ...]:
    """The figures from `bounded` on, in the order of `Figures`."""
    bounded = rate * hold.faithful < n / mean
    settled = np.where(
        bounded, rate, 0.5 * n / mean
    )  # any rate that settles, where the limits are put in below
    found = _integrals(hold, settled, n / mean, within)
    whole, unit, atom = _whole(found, settled, mean, n)
    early, late = found.early, found.late
    answered = atom + unit * (early.kept + late.kept)
    abandoned = unit * (early.gone + late.gone) / whole
    start, end = hold.stays(np.zeros_like(rate)), hold.gone(within)
    delayed = start * unit * (early.all + late.all) / whole
    met = (atom + unit * early.kept) / whole
    early_gone = unit * (early.gone + end * late.all) / whole
    wait = unit * (early.held + late.held) / whole
    asa = unit * (early.kept_time + late.kept_time) / answered
    with np.errstate(invalid="ignore", divide="ignore"):
        delay = (early.held + late.held) / ((early.all + late.all) * start)
    occupancy = rate * mean / n * (answered / whole)
    nobody, for_ever = np.zeros_like(rate), np.full_like(rate, np.inf)
    limits = (
        start,
        nobody + 1.0 - hold.faithful,
        nobody,
        nobody,
        end,
        for_ever,
        for_ever,
        for_ever,
        for_ever,
    )
    figures = (delayed, abandoned, nobody, met, early_gone, wait, asa, delay, rate * wait, occupancy)
    pairs = zip(figures, (*limits, nobody + 1.0), strict=True)
    return bounded, *(np.where(bounded, figure, limit) for figure, limit in pairs)


def _longer(hold: Hold, time: Array, rate: Array, mean: Array, n: Array) -> Array:
    """P(W > time): patience and the offered wait are both longer."""
    bounded = rate * hold.faithful < n / mean
    settled = np.where(bounded, rate, 0.5 * n / mean)
    found = _integrals(hold, settled, n / mean, time)
    whole, unit, _ = _whole(found, settled, mean, n)
    return hold.stays(time) * np.where(bounded, unit * found.late.all / whole, 1.0)


@dataclass(frozen=True)
class Sums:
    """Integrals over waits x of the unnormalised density φ of the offered wait."""

    all: Array
    gone: Array  # times the share gone by x
    kept: Array  # times the share that stays
    kept_time: Array  # times x and the share that stays
    held: Array  # times ∫ of the share that stays, up to x


@dataclass(frozen=True)
class Integrals:
    """The sums up to T and beyond, without the factor exp(peak)."""

    peak: Array
    early: Sums
    late: Sums


def _whole(found: Integrals, rate: Array, mean: Array, n: Array) -> tuple[Array, Array, Array]:
    """The normalising sum E + λJ, the factor λ of the integrals and E, all on one scale."""
    free = log_inverse_b(n - 1.0, rate * mean)
    scale = np.maximum(free, found.peak)
    unit, atom = rate * np.exp(found.peak - scale), np.exp(free - scale)
    return atom + unit * (found.early.all + found.late.all), unit, atom


def _integrals(hold: Hold, rate: Array, pace: Array, within: Array) -> Integrals:
    """The sums of φ(x) = exp(rate·held(x) − pace·x): the exponent is concave, so one window holds all of it."""
    mode = _mode(hold, rate, pace)

    def exponent(x: Array, owner: Array) -> Array:
        return rate[owner] * hold.held(x) - pace[owner] * x

    places = np.arange(rate.size)
    peak = exponent(mode, places)

    def low_enough(x: Array) -> Array:
        return peak - exponent(x, places) > DROP

    left, right = _edges(low_enough, mode, 1.0 / pace)
    cuts = _cuts(hold, left, mode, right, within)
    totals = _adaptive(hold, exponent, peak, cuts, within)
    return Integrals(peak, Sums(*totals[0]), Sums(*totals[1]))


def _mode(hold: Hold, rate: Array, pace: Array) -> Array:
    """Where rate·stays(x) falls below pace: the density of the offered wait peaks there."""
    low, high = np.zeros_like(pace), 1.0 / pace
    for _ in range(1000):
        more = rate * hold.stays(high) > pace
        if not more.any():
            break
        low, high = np.where(more, high, low), np.where(more, 2.0 * high, high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        more = rate * hold.stays(middle) > pace
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.where(rate * hold.stays(np.zeros_like(pace)) > pace, 0.5 * (low + high), 0.0)


def _edges(low_enough: Any, mode: Array, step: Array) -> tuple[Array, Array]:
    """Around the peak, where the exponent has fallen by DROP; 0 on the left if it never does."""
    reach = step.copy()
    for _ in range(1000):
        short = ~low_enough(mode + reach)
        if not short.any():
            break
        reach = np.where(short, 2.0 * reach, reach)
    inner, outer = np.zeros_like(reach), reach
    left_in, left_out = mode, np.zeros_like(mode)
    for _ in range(12):  # within 1/4096 of the reach is close enough
        middle = 0.5 * (inner + outer)
        past = low_enough(mode + middle)
        inner, outer = np.where(past, inner, middle), np.where(past, middle, outer)
    for _ in range(50):
        middle = 0.5 * (left_in + left_out)
        past = low_enough(middle)
        left_in, left_out = np.where(past, left_in, middle), np.where(past, middle, left_out)
    return left_out, mode + outer


def _cuts(hold: Hold, left: Array, mode: Array, right: Array, within: Array) -> tuple[Array, Array, Array]:
    """The first panels: (start, end, owner), cut at the peak, at T and at the breaks of the patience."""
    inner = np.broadcast_to(hold.breaks, (left.size, hold.breaks.size))
    thirds = mode[:, None] + (right - mode)[:, None] * np.array([1 / 16, 1 / 4])
    points = np.concatenate([left[:, None], mode[:, None], within[:, None], thirds, inner, right[:, None]], 1)
    points = np.sort(np.clip(points, left[:, None], right[:, None]), 1)
    starts, ends = points[:, :-1], points[:, 1:]
    owner, place = np.nonzero(ends > starts)
    return starts[owner, place], ends[owner, place], owner


def _adaptive(hold: Hold, exponent: Any, peak: Array, cuts: tuple[Array, ...], within: Array) -> Array:
    """Sums by (up to T, beyond) × integral × place; panels are halved until that changes nothing."""
    starts, ends, owner = cuts
    totals = np.zeros((2, 5, peak.size))

    def measured(a: Array, b: Array, owner: Array) -> Array:
        x = a[:, None] + (b - a)[:, None] * NODES
        places = owner[:, None]
        heights = np.exp(exponent(x, places) - peak[places]) * WEIGHTS * (b - a)[:, None]
        kept = heights * hold.stays(x)
        parts = (heights, heights * hold.gone(x), kept, kept * x, heights * hold.held(x))
        return np.array([part.sum(1) for part in parts])

    def by_owner(values: Array, owner: Array) -> Array:
        return np.array([np.bincount(owner, row, peak.size) for row in values])

    whole = measured(starts, ends, owner)
    sizes = by_owner(whole, owner)
    for depth in range(DEEPEST):
        middles = 0.5 * (starts + ends)
        first, second = measured(starts, middles, owner), measured(middles, ends, owner)
        change = np.abs(first + second - whole)
        done = (change <= CLOSE * sizes[:, owner]).all(0) | (depth == DEEPEST - 1)
        done |= middles <= starts
        late = (middles > within[owner]) & done
        for side, chosen in ((0, done & ~late), (1, late)):
            totals[side] += by_owner((first + second)[:, chosen], owner[chosen])
        if done.all():
            break
        more = ~done
        starts, ends = (
            np.concatenate([starts[more], middles[more]]),
            np.concatenate([middles[more], ends[more]]),
        )
        whole = np.concatenate([first[:, more], second[:, more]], 1)
        owner = np.concatenate([owner[more], owner[more]])
    return totals
