"""What the formulas refuse: everything that is no number, negative, or a share above 1, each in one sentence."""

import math
from typing import Any

import numpy as np

from sim.errors import InputError, shown

Array = np.ndarray[Any, Any]
MOST_AGENTS = 10_000_000


def _array(name: str, given: Any) -> Array:
    if isinstance(given, np.ndarray):
        raw = given
    else:
        if isinstance(given, bool) or given is None or isinstance(given, str):
            raise InputError(f"{shown(given)} is not a number: write one such as 12.5", path=name)
        try:
            raw = np.asarray(given)
        except (TypeError, ValueError):
            raise InputError(f"{shown(given)} is not a number, nor an array of numbers", path=name) from None
    if raw.dtype.kind not in "iuf":
        raise InputError(f"{shown(given)} is not a number, nor an array of numbers", path=name)
    return raw.astype(np.float64)


def _refuse(name: str, values: Array, wrong: Array, need: str) -> None:
    if wrong.any():
        value = float(values[wrong].ravel()[0]) if values.ndim else float(values)
        said = (
            "NaN is not a number" if math.isnan(value) else f"{shown(_plain(value))} is {need.split(':')[0]}"
        )
        raise InputError(f"{said}: {need.split(': ')[1]}", path=name)


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def positive(name: str, given: Any) -> Array:
    """Finite numbers above 0."""
    values = _array(name, given)
    _refuse(
        name, values, ~((values > 0.0) & (values < np.inf)), "not above 0 and finite: write a number above 0"
    )
    return values


def not_negative(name: str, given: Any) -> Array:
    """Finite numbers of 0 or more."""
    values = _array(name, given)
    _refuse(name, values, ~((values >= 0.0) & (values < np.inf)), "negative or infinite: write 0 or more")
    return values


def agents(given: Any, least: int = 1, name: str = "agents") -> Array:
    """Whole numbers of `least` or more."""
    values = _array(name, given)
    what = "places" if name == "max_waiting" else "agents"
    need = f"no number of {what}: write a whole number from {least} to {MOST_AGENTS:,}"
    with np.errstate(invalid="ignore"):
        wrong = ~((values >= least) & (values <= MOST_AGENTS) & (values == np.floor(values)))
    _refuse(name, values, wrong, need)
    return values


def share(name: str, given: Any, open_ends: bool = False) -> Array:
    """Fractions from 0 to 1, or strictly between."""
    values = _array(name, given)
    inside = (values > 0.0) & (values < 1.0) if open_ends else (values >= 0.0) & (values <= 1.0)
    percent = ~inside & (values > 1.0) & (values < 100.0)
    if percent.any():
        value = float(values[percent].ravel()[0]) if values.ndim else float(values)
        said = shown(_plain(value))
        raise InputError(f"{said} is not a share: write {value / 100:.6g} for {said}%", path=name)
    ends = "strictly between 0 and 1" if open_ends else "from 0 to 1"
    _refuse(name, values, ~inside, f"not a share: write a fraction {ends}")
    return values


def together(*values: Array) -> tuple[tuple[int, ...], list[Array]]:
    """The common shape of arrays that are broadcast against each other, and each of them flat."""
    try:
        shape = np.broadcast_shapes(*(value.shape for value in values))
    except ValueError:
        shapes = ", ".join(str(value.shape) for value in values)
        raise InputError(f"arrays of the shapes {shapes} do not fit each other; use one shape") from None
    return shape, [np.broadcast_to(value, shape).ravel() for value in values]


def shaped(values: Array, shape: tuple[int, ...]) -> Any:
    """A flat array in its shape; a plain number where all that was given were scalars."""
    return values.reshape(shape) if shape else values[0].item()
