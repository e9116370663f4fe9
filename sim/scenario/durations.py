"""Distributions as a planner writes them: of durations, of patience, of amounts; and the model that all are."""

from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, WithJsonSchema, model_validator

from sim.distributions import FAMILIES, Distribution, distribution
from sim.errors import InputError
from sim.scenario import units
from sim.scenario.once import once
from sim.scenario.quantities import (
    MOST_AMOUNT,
    AboveZero,
    Amount,
    Duration,
    Mean,
    Real,
    Share,
    SharesByAmount,
    SharesByTime,
    amount,
    each,
    one_of,
)
from sim.scenario.weeks import Grid

NUMBERS = (
    "mean", "cv", "quantiles", "value", "shape", "scale", "mu", "sigma", "low", "high", "points", "values",
)  # fmt: skip


class Frozen(BaseModel):
    """Read once, never changed; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Duration_(Frozen):
    """A distribution of durations: by `mean` (and `cv`), by `quantiles`, or by its own parameters."""

    distribution: one_of(*FAMILIES)  # type: ignore[valid-type]
    mean: Mean | None = None
    cv: Amount | None = None
    quantiles: SharesByTime | None = None
    value: Duration | None = None
    shape: AboveZero | None = None
    scale: Duration | None = None
    mu: Real | None = None
    sigma: AboveZero | None = None
    low: Duration | None = None
    high: Duration | None = None
    points: SharesByTime | None = None
    values: Annotated[tuple[float, ...], BeforeValidator(each(units.duration))] | None = None

    _drawn: tuple[Distribution, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _is_possible(self) -> "Duration_":
        if self._drawn:  # taken over from another scenario
            return self
        self._drawn = _fitted(self)
        for drawn in self._drawn:
            if drawn.mean > units.LONGEST_DURATION:
                raise InputError(
                    f"the mean would be {drawn.mean:.3g} s, more than 300 years; check the numbers"
                )
        return self

    @property
    def drawn(self) -> tuple[Distribution, ...]:
        """One distribution, or one for each interval."""
        return self._drawn

    @once(256)
    def means(self, grid: Grid) -> np.ndarray:
        """The mean of each interval, s."""
        means = [d.mean for d in self._drawn]
        return np.array(means if len(means) > 1 else means * grid.count)


class Patience(Duration_):
    """How long a waiting caller holds on, counted from joining the queue."""

    never_hangs_up: Share = 0.0


class Amounts(Frozen):
    """A distribution of amounts of money, as of durations with plain numbers in their place."""

    distribution: one_of(*FAMILIES)  # type: ignore[valid-type]
    mean: Amount | None = None
    cv: Amount | None = None
    quantiles: SharesByAmount | None = None
    value: Amount | None = None
    shape: AboveZero | None = None
    scale: Amount | None = None
    mu: Real | None = None
    sigma: AboveZero | None = None
    low: Amount | None = None
    high: Amount | None = None
    points: SharesByAmount | None = None
    values: (
        Annotated[
            tuple[float, ...],
            BeforeValidator(each(amount)),
            WithJsonSchema({"type": "array", "items": {"type": "number", "minimum": 0}}),
        ]
        | None
    ) = None

    _drawn: tuple[Distribution, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _is_possible(self) -> "Amounts":
        if self._drawn:  # taken over from another scenario
            return self
        self._drawn = _fitted(self)
        if self._drawn[0].mean > MOST_AMOUNT:
            raise InputError(f"the mean would be {self._drawn[0].mean:.3g}; check the numbers")
        return self

    @property
    def drawn(self) -> Distribution:
        """The distribution of the amounts."""
        return self._drawn[0]


def _fitted(model: Any) -> tuple[Distribution, ...]:
    """The distribution that the keys of a model describe, or one for each of several means."""
    given = {key: getattr(model, key) for key in NUMBERS if getattr(model, key) is not None}
    means, family = given.pop("mean", None), model.distribution
    try:
        with np.errstate(all="ignore"):  # what overflows is refused as not finite
            if isinstance(means, tuple):
                by_mean = {m: distribution(family, mean=m, **given) for m in dict.fromkeys(means)}
                return tuple(by_mean[m] for m in means)
            return (distribution(family, mean=means, **given),)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from None
    except ArithmeticError:
        raise InputError(f"no {family} fits numbers so far apart; check them") from None
