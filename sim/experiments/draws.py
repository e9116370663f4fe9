"""Points spread over ranges and distributions: Latin hypercubes and Sobol sequences, seeded."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.distributions import FAMILIES, distribution
from sim.errors import InputError, nearest, shown
from sim.scenario import units

SAMPLES = ("latin_hypercube", "sobol")
EDGE = 2.0**-40  # shares are kept off 0 and 1, where a quantile may be infinite

Reader = Callable[[Any], float]


@dataclass(frozen=True)
class Draw:
    """How a factor is drawn.

    quantile: shares, float64 in (0, 1), to numbers. even: whether all numbers of a range are as likely.
    """

    quantile: Callable[[np.ndarray], np.ndarray]
    even: bool


def shares(method: str, count: int, factors: int, seed: int) -> np.ndarray:
    """Points of the unit cube, float64 (count, factors), each strictly between 0 and 1.

    A longer Sobol sequence of one seed begins with the shorter one; a larger Latin hypercube is another one.
    """
    from scipy.stats import qmc  # late: it takes 0.6 s

    chance = np.random.default_rng(seed)
    made = qmc.Sobol(factors, rng=chance) if method == "sobol" else qmc.LatinHypercube(factors, rng=chance)
    with warnings.catch_warnings(action="ignore"):  # that a count is no power of two is said in our own words
        return np.clip(made.random(count), EDGE, 1.0 - EDGE)


def between(low: float, high: float, whole: bool) -> Draw:
    """Numbers spread evenly from `low` to `high`, or the whole numbers from one to the other, each as often."""
    if whole:
        return Draw(lambda share: np.floor(low + share * (high - low + 1.0)), True)
    return Draw(lambda share: low + share * (high - low), True)


def of_distribution(spec: Mapping[str, Any], read: Reader) -> Draw:
    """Numbers with the distribution that a mapping describes, as in a scenario; `read` reads one of its numbers."""
    family = spec["distribution"]
    if not isinstance(family, str) or family not in FAMILIES:
        known = nearest(str(family), FAMILIES) or f": use one of {', '.join(FAMILIES)}"
        raise InputError(f"there is no distribution {shown(family)}{known}", path="distribution")
    given = {}
    for key, value in spec.items():
        if key == "distribution":
            continue
        reader = _READERS.get(key)
        if reader is None:
            known = nearest(key, _READERS) or f": use {', '.join(_READERS)}"
            raise InputError(f"unknown key{known}", path=key)
        try:
            given[key] = reader(value, read)
        except InputError as error:
            raise error.under(key) from None
    try:
        return Draw(distribution(family, **given).quantile, False)
    except ValueError as error:
        raise InputError(str(error)) from None
    except ArithmeticError:
        raise InputError(f"no {family} fits numbers so far apart: check them") from None


def _by_value(value: Any, read: Reader) -> dict[float, float]:
    """{value: share below it}; keys of a file are text, whatever they look like."""
    if not isinstance(value, Mapping) or not value:
        raise InputError(f"{shown(value)} is no mapping of values to shares, as in {{95%: 10%, 120%: 90%}}")
    found = {}
    for key, share in value.items():
        try:
            number = float(key)
        except ValueError:
            number = key
        found[read(number)] = units.share(share)
    return found


def _each(value: Any, read: Reader) -> list[float]:
    if not isinstance(value, list | tuple):
        raise InputError(f"{shown(value)} is no list of values")
    return [read(one) for one in value]


_READERS: dict[str, Callable[[Any, Reader], Any]] = {
    **dict.fromkeys(("mean", "low", "high", "value"), lambda value, read: read(value)),
    "cv": lambda value, read: units.factor(value),
    "quantiles": _by_value,
    "points": _by_value,
    "values": _each,
}
