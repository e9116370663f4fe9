"""The points of a sweep as the rows of a CSV or XLSX file: a column for each factor, a cell for each value."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.experiments.factors import Factor, narrowed, shared_change
from sim.experiments.settings import Level, as_shown, setting_at
from sim.scenario import source, tables
from sim.scenario.schema import Scenario

MOST_POINTS = 3_000_000
_NOT_PLAIN = re.compile(r"[\[{\"'&*!|>%@`].*|~|null|Null|NULL|true|True|TRUE|false|False|FALSE")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def read_points(
    design: Mapping[str, Any], factors: Sequence[Factor], scenario: Scenario, folder: Path
) -> list[tuple[Factor, Sequence[Level]]]:
    """The factors that are the columns of a file, each with its level in every row."""
    spec = {"file": design["points"], "sheet": design.get("sheet")}
    where, header, rows, decimal = tables.opened(folder, spec, ("file", "sheet"))
    if not rows:
        raise InputError(f"{where} has no rows under its header: write one for each point")
    if len(rows) > MOST_POINTS:
        raise InputError(f"{where} has {len(rows):,} rows: write at most {MOST_POINTS:,}")
    known = {factor.name: factor for factor in factors}
    if lacking := [name for name in known if name not in header]:
        raise InputError(
            f"{where} has no column {shown(lacking[0])}, which vary names: add it to one of the two"
        )
    found = []
    for index, name in enumerate(header):
        factor = known.get(name) or _of_column(where, index, name, known, scenario)
        if factor.draw is not None:
            raise InputError(f"{where} has the values of {shown(name)}: leave its range away under vary")
        found.append(_column(where, factor, [row[index] for row in rows], decimal))
    _must_differ(where, [levels for _, levels in found])
    return found


def _of_column(where: str, index: int, name: str, known: Mapping[str, Factor], scenario: Scenario) -> Factor:
    try:
        return Factor(name, False, setting=setting_at(name, scenario))
    except InputError as error:
        meant = nearest(name, known)
        said = f"{where}, column {index + 1}: {error.problem}{meant and f'; or a factor{meant}'}"
        raise InputError(said) from None


def _column(where: str, factor: Factor, cells: list[Any], decimal: str) -> tuple[Factor, Sequence[Level]]:
    """A factor and its levels row by row; a cell that comes again is read once."""
    rows: dict[Any, int] = {}
    for number, cell in enumerate(cells, tables.FIRST_ROW):
        rows.setdefault(cell, number)
    place = f"{where}, column {shown(factor.name)}"
    written = {cell: _at_row(place, row, _cell, cell, decimal) for cell, row in rows.items()}
    if factor.setting and not factor.levels and (how := shared_change(list(written.values()))):
        factor = replace(factor, setting=narrowed(factor.setting, how))
        written = {cell: value[how] for cell, value in written.items()}
    same: dict[str, Level] = {}  # of cells that say the same in other words
    read: dict[Any, Level] = {}
    for cell, row in rows.items():
        level = _at_row(place, row, _level, factor, written[cell])
        read[cell] = same.setdefault(level.text, level)
    numeric, levels = as_shown(list(same.values()))
    shown_as = dict(zip(same, levels, strict=True))
    made = {cell: shown_as[level.text] for cell, level in read.items()}
    unit = factor.setting.unit if numeric and factor.setting else ""
    return replace(factor, numeric=numeric, unit=unit), [made[cell] for cell in cells]


def _at_row(place: str, row: int, read: Callable[..., Any], *of: Any) -> Any:
    """What is read from a cell; its errors name the row."""
    try:
        return read(*of)
    except InputError as error:
        raise InputError(f"{place}, row {row}: {error.problem}") from None


def _cell(cell: Any, decimal: str) -> Any:
    """The value of a cell, as an override in a file would have it."""
    if tables.is_blank(cell):
        raise InputError("the cell is blank: write a value; null removes what is there")
    if not isinstance(cell, str):
        if isinstance(cell, int | float):
            return cell
        raise InputError(f"{tables.said_cell(cell)} is no number and no text: format the cell as one of them")
    if _NOT_PLAIN.fullmatch(cell):
        return source.parse(f"value: {cell}").data["value"]
    if decimal == ",":
        cell = re.sub(r"(?<=[0-9]),(?=[0-9])", ".", cell)
    if _NUMBER.fullmatch(cell):
        return int(cell) if re.fullmatch(r"[+-]?[0-9]{1,18}", cell) else float(cell)
    return cell


def _level(factor: Factor, written: Any) -> Level:
    """The level of a value; where the factor lists its own, the one of that name or number."""
    if not factor.levels:
        assert factor.setting is not None
        return factor.setting.read(written)
    value = factor.setting.read(written).value if factor.numeric and factor.setting else str(written)
    known = {level.value: level for level in factor.levels}
    if value not in known:
        names = [shown(name) for name in list(known)[:6]]
        raise InputError(
            f"{shown(written)} is none of its values: {', '.join(names)}{' …' * (len(known) > 6)}"
        )
    return known[value]


def _must_differ(where: str, columns: Sequence[Sequence[Level]]) -> None:
    first: dict[tuple[int, ...], int] = {}
    for number, row in enumerate(zip(*columns, strict=True), tables.FIRST_ROW):
        before = first.setdefault(tuple(map(id, row)), number)
        if before != number:
            raise InputError(f"{where}: rows {before} and {number} are the same point: keep one of them")
