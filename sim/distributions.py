"""Families of durations: from what a planner knows to parameters, mean, cv and one scalar quantile function.

Times are seconds, shares fractions. Every duration is the quantile of one uniform, never rejection.
`parameters` is what the quantile function reads:

| family | parameters | given by |
| --- | --- | --- |
| constant | value | value or mean (0 is allowed) |
| exponential | mean | mean, or 1 quantile |
| gamma | shape, scale, log of Γ(shape + 1)·(e ÷ shape)^shape | mean and cv, 2 quantiles, shape and scale |
| lognormal | mu, sigma (of log seconds) | mean and cv, 2 quantiles, mu and sigma |
| weibull | shape, scale | mean and cv, 2 quantiles, shape and scale |
| hyperexponential | share of the long ones, their mean, mean of the rest | mean and cv, 2 quantiles |
| uniform | low, high | mean and cv, 2 quantiles, low and high |
| empirical | the values, sorted | values |
| piecewise_exponential | time, share gone, cumulative hazard of each point | points {time: share gone} |
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sim.jit import kernel

FAMILIES: dict[str, int] = {
    "constant": 0,
    "exponential": 1,
    "gamma": 2,
    "lognormal": 3,
    "weibull": 4,
    "hyperexponential": 5,
    "uniform": 6,
    "empirical": 7,
    "piecewise_exponential": 8,
}
"""Family → the code that kernels know it by."""

Parameters = tuple[float, ...]
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Distribution:
    """A distribution of durations; make one with `distribution`, which checks what it is given."""

    family: str
    parameters: Parameters

    @property
    def code(self) -> int:
        """The family's code for kernels."""
        return FAMILIES[self.family]

    @property
    def mean(self) -> float:
        """The mean, s."""
        return float(_RULES[self.family].mean(*self.parameters))

    @property
    def cv(self) -> float:
        """The coefficient of variation: standard deviation ÷ mean (0 for a constant)."""
        return float(_RULES[self.family].cv(*self.parameters))

    def quantile(self, u: Any) -> Any:
        """Return the time by which the share `u` (0 < u < 1, scalar or array) is over, s."""
        shares = np.asarray(u, dtype=np.float64)
        if not np.all((shares > 0.0) & (shares < 1.0)):
            raise ValueError("a quantile is asked of shares above 0 and below 1")
        times = _quantiles(self.code, np.array(self.parameters), shares.ravel()).reshape(shares.shape)
        return times if times.ndim else float(times)

    def cdf(self, x: Any) -> Any:
        """Return the share that is over by the time `x` (s, scalar or array)."""
        times = np.asarray(x, dtype=np.float64)
        known = _RULES[self.family].cdf(np.maximum(times, 0.0), *self.parameters)
        shares = np.where(times < 0.0, 0.0, known)
        return shares if shares.ndim else float(shares)

    def scaled_to(self, mean: float) -> "Distribution":
        """Return the distribution of the same family and cv with another mean (s)."""
        if self.family in ("constant", "exponential"):
            return distribution(self.family, mean=mean)
        factor = _positive("mean", mean) / self.mean
        return Distribution(self.family, _RULES[self.family].scaled(factor, *self.parameters))


def distribution(
    family: str,
    *,
    mean: float | None = None,
    cv: float | None = None,
    quantiles: Mapping[float, float] | None = None,
    **own: Any,
) -> Distribution:
    """Return the distribution with this mean (s) and cv, through these quantiles {s: share}, or by its own.

    The table at the head of the module says which family takes what. Raises ValueError with one sentence.
    """
    if family not in _RULES:
        raise ValueError(f'there is no family "{family}": there are {", ".join(FAMILIES)}')
    rule = _RULES[family]
    own = {name: given for name, given in own.items() if given is not None}
    if strange := [name for name in own if name not in rule.own]:
        raise ValueError(f"{family} has no {strange[0]}: {_ways(family)}")
    by_moments = mean is not None or cv is not None
    if by_moments + (quantiles is not None) + bool(own) > 1:
        raise ValueError(f"{family} is given in several ways at once: {_ways(family)}")
    if quantiles is not None:
        parameters = _from_quantiles(family, rule, quantiles)
    elif own and set(own) == set(rule.own):
        parameters = rule.by_own(**own)
    elif by_moments and rule.by_mean is not None:
        parameters = rule.by_mean(*_moments(family, rule, mean, cv))
    else:
        raise ValueError(f"{family} lacks what it needs: {_ways(family)}")
    made = Distribution(family, tuple(float(number) for number in parameters))
    finite = math.isfinite(made.mean) and all(map(math.isfinite, made.parameters))
    if not finite or (made.mean <= 0 and family != "constant"):
        raise ValueError(f"{family} with these parameters has no finite mean above 0 in floating point")
    return made


# What may be given, and checks.


def _ways(family: str) -> str:
    """Say in which ways a family may be given."""
    rule, ways = _RULES[family], []
    if rule.by_mean is not None:
        ways.append("mean and cv" if rule.has_cv else "mean")
    if rule.by_quantiles is not None:
        ways.append("2 quantiles" if rule.has_cv else "1 quantile")
    if rule.own:
        ways.append(" and ".join(rule.own))
    return f"it takes {', or '.join(ways)}"


def _moments(family: str, rule: "_Rule", mean: float | None, cv: float | None) -> list[float]:
    """Return the mean, and the cv where the family has one."""
    if mean is None:
        raise ValueError(f"{family} needs a mean beside its cv")
    if cv is not None and not rule.has_cv:
        raise ValueError(f"{family} takes no cv: the mean says all")
    if cv is None and rule.has_cv:
        raise ValueError(f"{family} needs a cv beside its mean")
    first = _not_negative("mean", mean) if family == "constant" else _positive("mean", mean)
    return [first] if cv is None else [first, _positive("cv", cv)]


def _from_quantiles(family: str, rule: "_Rule", quantiles: Mapping[float, float]) -> Parameters:
    if rule.by_quantiles is None:
        raise ValueError(f"{family} is not given by quantiles: {_ways(family)}")
    points = _points("quantiles", quantiles)
    wanted = 2 if rule.has_cv else 1
    if len(points) != wanted:
        raise ValueError(f"{family} needs {wanted} quantile{'s' * (wanted > 1)}, not {len(points)}")
    for point in points:
        if not point[1] > 0:
            raise ValueError(f"quantiles must have shares above 0%, not {_said(point)}")
    if wanted == 2 and not points[0][1] < points[1][1]:
        raise ValueError(f"quantiles must rise: {_said(points[0])} then {_said(points[1])}")
    return rule.by_quantiles(*points)


def _points(name: str, given: Mapping[float, float]) -> Points:
    """Return (time, share) by time: times above 0, shares from 0 to below 1, never falling."""
    try:
        pairs = list(dict(given).items())
    except (TypeError, ValueError):
        raise ValueError(f"{name} must map times to shares") from None
    points = sorted((_number(f"a time in {name}", t), _number(f"a share in {name}", s)) for t, s in pairs)
    for point in points:
        if not point[0] > 0:
            raise ValueError(f"{name} must have times above 0 s, not {_said(point)}")
        if not 0 <= point[1] < 1:
            raise ValueError(f"{name} must have shares from 0% to below 100%, not {_said(point)}")
    for first, second in pairwise(points):
        if second[1] < first[1]:
            raise ValueError(f"{name} must rise: {_said(first)} then {_said(second)}")
    return points


def _said(point: tuple[float, float]) -> str:
    return f"{point[0]:.6g} s: {100 * point[1]:.6g}%"


def _number(name: str, given: Any) -> float:
    try:
        number = float(given)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, not {given!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, not {number}")
    return number


def _positive(name: str, given: Any) -> float:
    number = _number(name, given)
    if not number > 0:
        raise ValueError(f"{name} must be above 0, not {number:.6g}")
    return number


def _not_negative(name: str, given: Any) -> float:
    number = _number(name, given)
    if number < 0:
        raise ValueError(f"{name} must not be below 0, but is {number:.6g}")
    return number


def _between(name: str, given: Any, low: float, high: float) -> float:
    number = _number(name, given)
    if not low <= number <= high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}, not {number:.6g}")
    return number


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function crosses 0, by halving down to neighbouring floats."""
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (low, middle) if rising(middle) >= 0.0 else (middle, high)
    return middle


# The families: from what is given to parameters, and what follows from those.


def _constant(value: Any) -> Parameters:
    return (_not_negative("value", value),)


def _exponential_through(point: tuple[float, float]) -> Parameters:
    time, share = point
    return (time / -math.log1p(-share),)


_SHAPES = 0.01, 1e6


def _gamma(shape: Any, scale: Any) -> Parameters:
    shape, scale = _between("shape", shape, *_SHAPES), _positive("scale", scale)
    return shape, scale, _height(shape)


def _height(a: float) -> float:
    """Return log of Γ(a + 1)·(e ÷ a)^a; Stirling's series where the difference would lose digits."""
    if a < 32:
        return math.lgamma(a + 1.0) - a * math.log(a) + a
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / a**2) / a**2) / a**2) / a
    return 0.5 * math.log(2.0 * math.pi * a) + series


def _gamma_by_mean(mean: float, cv: float) -> Parameters:
    _between("a gamma's cv", cv, 1 / math.sqrt(_SHAPES[1]), 1 / math.sqrt(_SHAPES[0]))
    shape = min(max(cv**-2, _SHAPES[0]), _SHAPES[1])
    return _gamma(shape, mean / shape)


def _gamma_through(first: tuple[float, float], second: tuple[float, float]) -> Parameters:
    """The ratio of two quantiles falls with the shape."""
    target = math.log(second[0] / first[0])

    def excess(log_shape: float) -> float:
        a = math.exp(log_shape)
        c = _height(a)
        return target - (_log_gamma_quantile(a, c, second[1]) - _log_gamma_quantile(a, c, first[1]))

    low, high = math.log(_SHAPES[0]), math.log(_SHAPES[1])
    if excess(low) > 0 or excess(high) < 0:
        raise ValueError(f"no gamma of shape 0.01 to 1e+06 has {_said(first)} and {_said(second)}")
    a = math.exp(_root(excess, low, high))
    return _gamma(a, first[0] / a * math.exp(-_log_gamma_quantile(a, _height(a), first[1])))


def _gamma_cdf(x: Any, shape: float, scale: float, height: float) -> Any:
    from scipy.special import gammainc

    return gammainc(shape, x / scale)


def _lognormal(mu: Any, sigma: Any) -> Parameters:
    return _between("mu", mu, -600.0, 600.0), _between("sigma", sigma, 1e-6, 30.0)


def _lognormal_by_mean(mean: float, cv: float) -> Parameters:
    variance = math.log1p(cv**2)
    return math.log(mean) - 0.5 * variance, math.sqrt(variance)


def _lognormal_through(first: tuple[float, float], second: tuple[float, float]) -> Parameters:
    z = _normal(first[1])
    sigma = math.log(second[0] / first[0]) / (_normal(second[1]) - z)
    return _lognormal(math.log(first[0]) - sigma * z, sigma)


def _lognormal_mean(mu: float, sigma: float) -> float:
    log_mean = mu + 0.5 * sigma**2
    return math.exp(log_mean) if log_mean < 709.0 else math.inf


def _lognormal_cv(mu: float, sigma: float) -> float:
    return math.exp(0.5 * sigma**2) * math.sqrt(-math.expm1(-(sigma**2)))


def _lognormal_cdf(x: Any, mu: float, sigma: float) -> Any:
    from scipy.special import ndtr

    with np.errstate(divide="ignore"):
        return ndtr((np.log(x) - mu) / sigma)


def _weibull(shape: Any, scale: Any) -> Parameters:
    return _between("shape", shape, 0.05, 1e4), _positive("scale", scale)


def _weibull_cv(shape: float, scale: float = 1.0) -> float:
    return math.sqrt(math.expm1(math.lgamma(1.0 + 2.0 / shape) - 2.0 * math.lgamma(1.0 + 1.0 / shape)))


def _weibull_by_mean(mean: float, cv: float) -> Parameters:
    _between("a weibull's cv", cv, 0.001, 1000.0)
    shape = math.exp(
        _root(lambda log_shape: cv - _weibull_cv(math.exp(log_shape)), math.log(0.05), math.log(2e3))
    )
    return shape, mean / math.gamma(1.0 + 1.0 / shape)


def _weibull_through(first: tuple[float, float], second: tuple[float, float]) -> Parameters:
    hazard = -math.log1p(-first[1])
    shape = math.log(-math.log1p(-second[1]) / hazard) / math.log(second[0] / first[0])
    return _weibull(shape, first[0] / hazard ** (1.0 / shape))


def _hyperexponential_by_mean(mean: float, cv: float) -> Parameters:
    """Balanced means: each kind brings half of the mean (Whitt 1982, "Approximating a point process", II)."""
    if not cv >= 1:
        raise ValueError(f"a hyperexponential needs a cv of at least 1, not {cv:.6g}")
    _between("a hyperexponential's cv", cv, 1.0, 1000.0)
    rare = 1.0 / (cv**2 + 1.0) / (1.0 + math.sqrt((cv**2 - 1.0) / (cv**2 + 1.0)))
    return rare, 0.5 * mean / rare, 0.5 * mean / (1.0 - rare)


def _hyperexponential_through(first: tuple[float, float], second: tuple[float, float]) -> Parameters:
    """The ratio of two quantiles rises with the cv, then falls again: the smaller cv is taken."""
    target = math.log(second[0] / first[0])

    def excess(log_cv: float) -> float:
        kinds = _hyperexponential_by_mean(1.0, math.exp(log_cv))
        return math.log(_hyperexponential(*kinds, second[1]) / _hyperexponential(*kinds, first[1])) - target

    said = f"{_said(first)} and {_said(second)}"
    if excess(0.0) > 1e-12:
        raise ValueError(
            f"a hyperexponential with {said} would need a cv below 1: a gamma or weibull can have it"
        )
    grid = np.linspace(0.0, math.log(1000.0), 200).tolist()
    above = next((k for k, log_cv in enumerate(grid) if excess(log_cv) >= 0.0), None)
    if above is None:
        raise ValueError(f"no hyperexponential with balanced means has {said}: they lie too far apart")
    log_cv = _root(excess, grid[above - 1], grid[above]) if above else 0.0
    kinds = _hyperexponential_by_mean(1.0, math.exp(log_cv))
    return _hyperexponential_by_mean(first[0] / _hyperexponential(*kinds, first[1]), math.exp(log_cv))


def _hyperexponential_cv(p: float, mean1: float, mean2: float) -> float:
    mean = p * mean1 + (1.0 - p) * mean2
    return math.sqrt(2.0 * (p * mean1**2 + (1.0 - p) * mean2**2) / mean**2 - 1.0)


def _uniform(low: Any, high: Any) -> Parameters:
    low, high = _not_negative("low", low), _positive("high", high)
    if not low < high:
        raise ValueError(f"high must be above low ({low:.6g} s), not {high:.6g} s")
    return low, high


def _uniform_by_mean(mean: float, cv: float) -> Parameters:
    half = math.sqrt(3.0) * cv * mean
    if half > mean * (1.0 + 1e-12):
        raise ValueError(f"uniform with mean {mean:.6g} s and cv {cv:.6g} would start below 0")
    return max(mean - half, 0.0), mean + half


def _uniform_through(first: tuple[float, float], second: tuple[float, float]) -> Parameters:
    width = (second[0] - first[0]) / (second[1] - first[1])
    low = first[0] - width * first[1]
    if low < -1e-12 * width:
        raise ValueError(f"uniform with {_said(first)} and {_said(second)} would start below 0")
    return max(low, 0.0), second[0] + width * (1.0 - second[1])


def _empirical(values: Any) -> Parameters:
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise ValueError(f"values must be a list of numbers, not {values!r}")
    numbers = sorted(_not_negative("each of values", given) for given in values)
    if not numbers:
        raise ValueError("values must hold at least one number")
    if numbers[-1] == 0:
        raise ValueError("values must hold at least one number above 0")
    return tuple(numbers)


def _piecewise(points: Mapping[float, float]) -> Parameters:
    known = _points("points", points)
    if not known:
        raise ValueError("points must hold at least one time and the share gone by then")
    hazards = [-math.log1p(-share) for _, share in known]
    if not hazards[-1] > (hazards[-2] if len(known) > 1 else 0.0):
        raise ValueError(f"points must rise at the end, or the rest would never go: {_said(known[-1])}")
    return tuple(
        number
        for (time, share), hazard in zip(known, hazards, strict=True)
        for number in (time, share, hazard)
    )


def _piecewise_moments(*parameters: float) -> tuple[float, float]:
    """Return mean and mean square: ∫ S and 2 ∫ t·S, segment by segment."""
    ends, _, hazards = np.array(parameters).reshape(-1, 3).T
    starts, before = np.append(0.0, ends[:-1]), np.append(0.0, hazards[:-1])
    spans, rises = ends - starts, hazards - before
    alive, flat = np.exp(-before), rises < 0.01  # where differences would lose digits, the series serve
    safe = np.where(flat, 1.0, rises)
    level, slope = -np.expm1(-safe) / safe, (-np.expm1(-safe) / safe - np.exp(-safe)) / safe
    level[flat] = (1 - rises / 2 + rises**2 / 6 - rises**3 / 24 + rises**4 / 120)[flat]
    slope[flat] = (1 / 2 - rises / 3 + rises**2 / 8 - rises**3 / 30 + rises**4 / 144)[flat]
    rest, over = spans[-1] / rises[-1], math.exp(-hazards[-1])
    mean = np.sum(alive * spans * level) + over * rest
    half_square = np.sum(alive * spans * (starts * level + spans * slope)) + over * rest * (ends[-1] + rest)
    return float(mean), float(2.0 * half_square)


def _piecewise_cv(*parameters: float) -> float:
    mean, square = _piecewise_moments(*parameters)
    return math.sqrt(max(square / mean**2 - 1.0, 0.0))


def _piecewise_cdf(x: Any, *parameters: float) -> Any:
    times, _, hazards = np.array(parameters).reshape(-1, 3).T
    times, hazards = np.append(0.0, times), np.append(0.0, hazards)
    last = (hazards[-1] - hazards[-2]) / (times[-1] - times[-2])
    return -np.expm1(-np.interp(x, times, hazards) - last * np.maximum(x - times[-1], 0.0))


@dataclass(frozen=True)
class _Rule:
    """What a family takes and what follows: scaled(factor, *parameters), cdf(x, *parameters)."""

    own: tuple[str, ...]
    by_own: Callable[..., Parameters]
    mean: Callable[..., float]
    cv: Callable[..., float]
    scaled: Callable[..., Parameters]
    cdf: Callable[..., Any]
    by_mean: Callable[..., Parameters] | None = None
    by_quantiles: Callable[..., Parameters] | None = None
    has_cv: bool = False


def _all_scaled(factor: float, *parameters: float) -> Parameters:
    return tuple(factor * number for number in parameters)


_RULES = {
    "constant": _Rule(
        own=("value",),
        by_own=_constant,
        by_mean=lambda mean: (mean,),
        mean=lambda value: value,
        cv=lambda value: 0.0,
        scaled=_all_scaled,
        cdf=lambda x, value: np.where(x >= value, 1.0, 0.0),
    ),
    "exponential": _Rule(
        own=(),
        by_own=lambda: (),
        by_mean=lambda mean: (mean,),
        by_quantiles=_exponential_through,
        mean=lambda mean: mean,
        cv=lambda mean: 1.0,
        scaled=_all_scaled,
        cdf=lambda x, mean: -np.expm1(-x / mean),
    ),
    "gamma": _Rule(
        own=("shape", "scale"),
        by_own=_gamma,
        by_mean=_gamma_by_mean,
        by_quantiles=_gamma_through,
        has_cv=True,
        mean=lambda shape, scale, height: shape * scale,
        cv=lambda shape, scale, height: shape**-0.5,
        scaled=lambda factor, shape, scale, height: (shape, factor * scale, height),
        cdf=_gamma_cdf,
    ),
    "lognormal": _Rule(
        own=("mu", "sigma"),
        by_own=_lognormal,
        by_mean=_lognormal_by_mean,
        by_quantiles=_lognormal_through,
        has_cv=True,
        mean=_lognormal_mean,
        cv=_lognormal_cv,
        scaled=lambda factor, mu, sigma: (mu + math.log(factor), sigma),
        cdf=_lognormal_cdf,
    ),
    "weibull": _Rule(
        own=("shape", "scale"),
        by_own=_weibull,
        by_mean=_weibull_by_mean,
        by_quantiles=_weibull_through,
        has_cv=True,
        mean=lambda shape, scale: scale * math.gamma(1.0 + 1.0 / shape),
        cv=_weibull_cv,
        scaled=lambda factor, shape, scale: (shape, factor * scale),
        cdf=lambda x, shape, scale: -np.expm1(-((x / scale) ** shape)),
    ),
    "hyperexponential": _Rule(
        own=(),
        by_own=lambda: (),
        by_mean=_hyperexponential_by_mean,
        by_quantiles=_hyperexponential_through,
        has_cv=True,
        mean=lambda p, mean1, mean2: p * mean1 + (1.0 - p) * mean2,
        cv=_hyperexponential_cv,
        scaled=lambda factor, p, mean1, mean2: (p, factor * mean1, factor * mean2),
        cdf=lambda x, p, mean1, mean2: -p * np.expm1(-x / mean1) - (1.0 - p) * np.expm1(-x / mean2),
    ),
    "uniform": _Rule(
        own=("low", "high"),
        by_own=_uniform,
        by_mean=_uniform_by_mean,
        by_quantiles=_uniform_through,
        has_cv=True,
        mean=lambda low, high: 0.5 * (low + high),
        cv=lambda low, high: (high - low) / (high + low) / math.sqrt(3.0),
        scaled=_all_scaled,
        cdf=lambda x, low, high: np.clip((x - low) / (high - low), 0.0, 1.0),
    ),
    "empirical": _Rule(
        own=("values",),
        by_own=_empirical,
        mean=lambda *values: math.fsum(values) / len(values),
        cv=lambda *values: float(np.std(values)) / (math.fsum(values) / len(values)),
        scaled=_all_scaled,
        cdf=lambda x, *values: np.searchsorted(np.array(values), x, side="right") / len(values),
    ),
    "piecewise_exponential": _Rule(
        own=("points",),
        by_own=_piecewise,
        mean=lambda *parameters: _piecewise_moments(*parameters)[0],
        cv=_piecewise_cv,
        scaled=lambda factor, *parameters: tuple(
            number if k % 3 else factor * number for k, number in enumerate(parameters)
        ),
        cdf=_piecewise_cdf,
    ),
}


# The quantile functions, called by all who draw. u lies strictly between 0 and 1.


@kernel
def log_rest(u: float) -> float:
    """Return log(1 − u), as exact as `log1p(-u)` and faster: what 1 − u lost in rounding is put back."""
    rest = 1.0 - u
    return math.log(rest) + ((1.0 - rest) - u) / rest


@kernel(lean=True)
def quantile(code: int, parameters: Any, start: int, stop: int, u: float) -> float:
    """Return the quantile of u for the distribution whose parameters are parameters[start:stop], s."""
    if code == 1:  # the two commonest here, so that this small function is inlined
        return -parameters[start] * log_rest(u)
    if code == 0:
        return parameters[start]
    return _other_quantile(code, parameters, start, stop, u)


@kernel(lean=True)
def _other_quantile(code: int, parameters: Any, start: int, stop: int, u: float) -> float:
    if code == 7:
        return parameters[start + _step(stop - start, u)]
    if code == 8:
        return _piecewise_quantile(parameters, start, stop, u)
    first, second = parameters[start], parameters[start + 1]
    if code == 2:
        return first * second * math.exp(_log_gamma_quantile(first, parameters[start + 2], u))
    if code == 3:
        return math.exp(first + second * _normal(u))
    if code == 4:
        return second * (-log_rest(u)) ** (1.0 / first)
    if code == 5:
        return _hyperexponential(first, second, parameters[start + 2], u)
    return min(first + (second - first) * u, second)


@kernel
def _quantiles(code: int, parameters: Any, shares: Any) -> Any:
    times = np.empty_like(shares)
    for k in range(shares.size):
        times[k] = quantile(code, parameters, 0, parameters.size, shares[k])
    return times


@kernel
def _step(n: int, u: float) -> int:
    """Return k where k ÷ n < u ≤ (k + 1) ÷ n, compared as floats."""
    k = min(int(u * n), n - 1)
    if u <= k / n:
        return max(k - 1, 0)
    if u > (k + 1) / n:
        return min(k + 1, n - 1)
    return k


@kernel(lean=True)
def _piecewise_quantile(points: Any, start: int, stop: int, u: float) -> float:
    """Return the quantile, such that exactly the u ≤ share of a point come at or before its time."""
    k = start
    while k < stop and u > points[k + 1]:
        k += 3
    if k < stop and u == points[k + 1]:
        return points[k]
    last = min(k, stop - 3)
    time, hazard = 0.0, 0.0
    if last > start:
        time, hazard = points[last - 3], points[last - 1]
    pace = (points[last] - time) / max(points[last + 2] - hazard, 1e-300)
    rest = -log_rest(u)
    if k == stop:
        after = points[last] + (rest - points[last + 2]) * pace
        return max(after, points[last] * (1.0 + 2.0**-52))
    return min(max(time + (rest - hazard) * pace, time * (1.0 + 2.0**-52)), points[k])


@kernel
def _hyperexponential(p: float, mean1: float, mean2: float, u: float) -> float:
    """Solve log S(t) = log(1 − u) by Newton: log S is convex, so from the left no step goes too far."""
    q, goal = 1.0 - p, math.log1p(-u)
    t = max(-goal / (p / mean1 + q / mean2), mean1 * (math.log(p) - goal), mean2 * (math.log(q) - goal))
    for _ in range(60):
        one, two = math.expm1(-t / mean1), math.expm1(-t / mean2)
        alive = 1.0 + p * one + q * two
        if alive > 0.5:
            level = math.log1p(p * one + q * two)
        else:
            share = p + q * math.exp(t / mean1 - t / mean2)
            level, alive = math.log(share) - t / mean1, share * math.exp(-t / mean1)
        step = (level - goal) * alive / (p * (one + 1.0) / mean1 + q * (two + 1.0) / mean2)
        t += step
        if step <= 1e-9 * t:  # the next error is of the order of its square
            break
    return t


@kernel
def _log_gamma_quantile(a: float, c: float, u: float) -> float:
    """Return y = log(quantile ÷ mean) of the gamma distribution of shape a; c is its third parameter.

    The logs of both tails are concave in y, so Newton's steps on the log of the smaller one always converge;
    near the end Householder's step of order 4 takes over.
    """
    lower = u < 0.5
    goal = math.log(u) if lower else math.log1p(-u)
    y = _gamma_start(a, c, u)
    for _ in range(100):
        x = a * math.exp(y)
        level, slope = _gamma_tail(a, c, x, y, lower)
        step = newton = (goal - level) / slope
        bend = a - x - slope  # second derivative ÷ first
        under = 1.0 + newton * bend + newton * newton * (bend * bend - x - slope * bend) / 6.0
        if abs(newton * bend) < 0.5 and under > 0.25:
            step = newton * (1.0 + 0.5 * newton * bend) / under
        y += min(step, 1.0)
        if abs(newton) * (1.0 + abs(bend)) < 3e-4:  # the next error is of the order of its fourth power
            break
    return y


@kernel
def _gamma_tail(a: float, c: float, x: float, y: float, lower: bool) -> tuple[float, float]:
    """Return log of the lower or upper tail at x = a·exp(y), and its derivative in y."""
    log_density = math.log(a) - a * (math.expm1(y) - y) - c
    near = x < a + 1.0
    ratio = _gamma_series(a, x) / a if near else _gamma_fraction(a, x)
    sign = 1.0 if lower else -1.0
    if near == lower:
        return log_density + math.log(ratio), sign / ratio
    density = math.exp(log_density)
    other = density * ratio
    return math.log1p(-other), sign * max(density / (1.0 - other), 1e-300)


@kernel
def _gamma_series(a: float, x: float) -> float:
    """Return Σ xⁿ ÷ ((a + 1)…(a + n)): the lower tail without its leading factor (DLMF 8.7.1)."""
    term = total = 1.0
    n = a
    while term > 1e-17 * total:
        n += 1.0
        term *= x / n
        total += term
    return total


@kernel
def _gamma_fraction(a: float, x: float) -> float:
    """Return Legendre's continued fraction of the upper tail (DLMF 8.9.2), by Lentz's method."""
    b = x + 1.0 - a
    above, below = 1e300, 1.0 / b
    total = below
    for k in range(1, 100_000):
        numerator = k * (a - k)
        b += 2.0
        below = 1.0 / (numerator * below + b)
        above = b + numerator / above
        total *= above * below
        if abs(above * below - 1.0) < 3e-16:
            break
    return total


@kernel
def _gamma_start(a: float, c: float, u: float) -> float:
    """Return a first guess of y: the series' first term, Wilson and Hilferty's cube, or an exponential."""
    y = (math.log(u) + c) / a - 1.0
    if y < -1.5:
        return y + a / (a + 1.0) * math.exp(y)
    if a >= 0.7:
        root = 1.0 - 1.0 / (9.0 * a) + _normal(u) / (3.0 * math.sqrt(a))
        return 3.0 * math.log(max(root, 0.2))
    edge = 1.0 - a * (0.253 + 0.12 * a)
    if u < edge:
        return math.log(u / edge) / a - math.log(a)
    return math.log((1.0 - math.log((1.0 - u) / (1.0 - edge))) / a)


# Wichura's coefficients, highest power first.
# fmt: off
_CENTRE_TOP = (
    2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
    4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
    1.3314166789178437745e2, 3.3871328727963666080,
)
_CENTRE_BELOW = (
    5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
    2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
    4.2313330701600911252e1, 1.0,
)
_TAIL_TOP = (
    7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
    1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
    4.63033784615654529590, 1.42343711074968357734,
)
_TAIL_BELOW = (
    1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
    1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
    2.05319162663775882187, 1.0,
)
_FAR_TOP = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
    2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
    5.46378491116411436990, 6.65790464350110377720,
)
_FAR_BELOW = (
    2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
    7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
    5.99832206555887937690e-1, 1.0,
)
# fmt: on


@kernel
def _normal(u: float) -> float:
    """Return the standard normal quantile: PPND16 of Wichura (1988), algorithm AS 241, good to 1e-16."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _horner(r, _CENTRE_TOP) / _horner(r, _CENTRE_BELOW)
    r = math.sqrt(-math.log(min(u, 1.0 - u)))
    if r <= 5.0:
        z = _horner(r - 1.6, _TAIL_TOP) / _horner(r - 1.6, _TAIL_BELOW)
    else:
        z = _horner(r - 5.0, _FAR_TOP) / _horner(r - 5.0, _FAR_BELOW)
    return math.copysign(z, q)


@kernel
def _horner(r: float, k: Any) -> float:
    """Return k₀·r⁷ + … + k₇."""
    return ((((((k[0] * r + k[1]) * r + k[2]) * r + k[3]) * r + k[4]) * r + k[5]) * r + k[6]) * r + k[7]
