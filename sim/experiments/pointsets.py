"""Where a sweep is played: every combination of levels, points drawn from ranges, or the rows of a file."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from sim.errors import InputError, nearest, shown, under
from sim.experiments import draws
from sim.experiments.factors import Factor
from sim.experiments.pointfile import MOST_POINTS, read_points
from sim.experiments.settings import Level, Setting, Value, canonical, merged
from sim.scenario import units
from sim.scenario.schema import Scenario


@dataclass(frozen=True)
class Point:
    """One point of a design.

    number: its place, from 0. values: {factor: number, text or None}, durations in seconds, shares as fractions.
    overrides: {path: value}, carried out in this order.
    """

    number: int
    values: Mapping[str, Value]
    overrides: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The hash by which the point is known again: that of its overrides, in their order."""
        return hashlib.sha256(canonical(self.overrides).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Points(Sequence[Point]):
    """The points of a design, each made when it is asked for; the last crossed factor changes fastest.

    columns: of each factor its levels, and how many neighbouring points share one before the next comes.
    """

    names: tuple[str, ...]
    columns: tuple[tuple[Sequence[Level], int], ...]
    total: int

    def __len__(self) -> int:
        return self.total

    @overload
    def __getitem__(self, number: int) -> Point: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Point, ...]: ...
    def __getitem__(self, number: int | slice) -> Point | tuple[Point, ...]:
        if isinstance(number, slice):
            return tuple(self[one] for one in range(*number.indices(self.total)))
        if not -self.total <= number < self.total:
            raise IndexError(f"there are {self.total} points, from 0 on")
        number %= self.total
        chosen = [levels[number // stride % len(levels)] for levels, stride in self.columns]
        values = {name: level.value for name, level in zip(self.names, chosen, strict=True)}
        return Point(number, values, merged(chosen))


@dataclass(frozen=True, eq=False)
class _Computed(Sequence[Level]):
    """The levels of drawn numbers."""

    setting: Setting
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        return self.setting.computed(float(self.numbers[index]))


Design = tuple[tuple[Factor, ...], Points, tuple[str, ...]]


def points_of(design: Any, factors: Sequence[Factor], scenario: Scenario, folder: Path, seed: int) -> Design:
    """The factors in the end, the points of a design, and notes on it.

    design: "grid", {latin_hypercube: 200}, {sobol: 256} or {points: points.csv}, the last three with `crossed_with`,
    factors of which every level is played at every point. seed: of what is drawn, unless the design has its own.
    """
    if design == "grid":
        return *_crossed(factors, {}, 1), ()
    kind = _kind(design)
    with under("design"):
        crossed = _crossed_with(design.get("crossed_with", []), factors)
    others = [factor for factor in factors if factor.name not in crossed]
    if kind == "points":
        with under("design.points"):
            read = read_points(design, others, scenario, folder)
        found = {factor.name: factor for factor, _ in read}
        named = [found.pop(factor.name, factor) for factor in factors] + list(found.values())
        columns = {factor.name: levels for factor, levels in read}
        return *_crossed(named, columns, len(next(iter(columns.values())))), ()
    with under("design.seed"):
        seed = int(units.number(design.get("seed", seed), 0, True, 2**63 - 1))
    with under(f"design.{kind}"):
        count = int(units.number(design[kind], 1, True, MOST_POINTS))
    drawn, notes = _drawn(kind, count, others, seed)
    return *_crossed(factors, drawn, len(next(iter(drawn.values())))), notes


def _kind(design: Any) -> str:
    """`latin_hypercube`, `sobol` or `points`."""
    kinds = (*draws.SAMPLES, "points")
    with under("design"):
        said = "write grid, {latin_hypercube: 200}, {sobol: 256} or {points: points.csv}"
        if not isinstance(design, Mapping) or len(given := [kind for kind in kinds if kind in design]) != 1:
            meant = nearest(design, ("grid",)) if isinstance(design, str) else ""
            raise InputError(f"{shown(design)} is no design{meant}: {said}")
        keys = (given[0], "crossed_with", "sheet" if given[0] == "points" else "seed")
        for key in design:
            if key not in keys:
                raise InputError(f"unknown key{nearest(key, keys)}: use {', '.join(keys)}", path=str(key))
        return given[0]


def _crossed_with(names: Any, factors: Sequence[Factor]) -> list[str]:
    """The factors all of whose levels are played at every point."""
    levels = {factor.name: factor.levels for factor in factors}
    with under("crossed_with"):
        if not isinstance(names, list | tuple):
            raise InputError(f"{shown(names)} is no list of factors")
        for name in names:
            if not isinstance(name, str) or name not in levels:
                raise InputError(f"there is no factor {shown(name)}{nearest(str(name), levels)} under vary")
            if not levels[name]:
                raise InputError(f"{shown(name)} has no list of values: give it one, or steps")
        return list(names)


def _crossed(
    factors: Sequence[Factor], columns: Mapping[str, Sequence[Level]], rows: int
) -> tuple[tuple[Factor, ...], Points]:
    """The points of the rows of some columns, crossed with the levels of all other factors."""
    if not factors:
        raise InputError("is missing: name at least one path and its values", path="vary")
    for factor in factors:
        if factor.name not in columns and not factor.levels:
            remedy = "give it a list, or steps, or draw it with design: {sobol: 256}"
            raise InputError(f"has no values to go through in a grid: {remedy}", path=f"vary.{factor.name}")
    total = rows * math.prod(len(factor.levels) for factor in factors if factor.name not in columns)
    if total > MOST_POINTS:
        raise InputError(f"makes {total:,} points: make at most {MOST_POINTS:,}", path="vary")
    stride, strides = 1, {}
    for factor in reversed(factors):
        if factor.name not in columns:
            strides[factor.name] = stride
            stride *= len(factor.levels)
    placed = tuple(
        (columns[factor.name], stride) if factor.name in columns else (factor.levels, strides[factor.name])
        for factor in factors
    )
    return tuple(factors), Points(tuple(factor.name for factor in factors), placed, total)


def _drawn(
    kind: str, count: int, factors: Sequence[Factor], seed: int
) -> tuple[dict[str, Sequence[Level]], tuple[str, ...]]:
    """The drawn levels of every factor, repeated points left out, and notes."""
    for factor in factors:
        if factor.draw is None:
            remedy = (
                f"write {{from: …, to: …}} or a distribution, or add it to crossed_with of the {kind} design"
            )
            raise InputError(
                f"has a list of values, from which nothing is drawn: {remedy}", path=f"vary.{factor.name}"
            )
    if not factors:
        raise InputError("nothing is left to be drawn: give at least one factor a range", path="design")
    shares = draws.shares(kind, count, len(factors), seed)
    numbers = np.column_stack([_numbers(factor, shares[:, column]) for column, factor in enumerate(factors)])
    notes = []
    if kind == "sobol" and count & (count - 1):
        lower = 2 ** (count.bit_length() - 1)
        notes.append(
            f"{count} points are no power of two and lie less evenly than {lower} or {2 * lower} would"
        )
    kept = np.sort(np.unique(numbers, axis=0, return_index=True)[1])
    if len(kept) < count:
        repeated = f"{count - len(kept)} of {count} points, in whole numbers, repeat one before them"
        if not all(factor.draw.even for factor in factors if factor.draw):
            raise InputError(f"{repeated}: draw fewer, or play every whole number in a grid", path="design")
        notes.append(f"{repeated} and are left out")
    columns = {f.name: _Computed(f.setting, numbers[kept, k]) for k, f in enumerate(factors) if f.setting}
    return columns, tuple(notes)  # type: ignore[return-value]


def _numbers(factor: Factor, shares: np.ndarray) -> np.ndarray:
    """The numbers drawn for a factor, whole where they must be; the least and the largest must fit."""
    draw, setting = factor.draw, factor.setting
    assert draw is not None and setting is not None
    with under(f"vary.{factor.name}"):
        exact = draw.quantile(shares)
        if not np.isfinite(exact).all():
            raise InputError("draws numbers beyond all bounds: write ends that are less far apart")
        numbers = np.array([setting.fitted(number) for number in exact.tolist()])
        for extreme in (float(numbers.min()), float(numbers.max())):
            _must_fit(setting, extreme)
    return numbers


def _must_fit(setting: Setting, number: float) -> None:
    if setting.change is not None or setting.quantity is None:
        return
    try:
        setting.quantity.parse(setting.quantity.write(number))
    except InputError as error:
        said = f"draws {shown(number)} among others, which cannot be: {error.problem}"
        raise InputError(said) from None
