"""What a mapping makes of the rows of a table: which count, what their cells say, when they were."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.history.moments import from_text, numbers, times_of_day
from sim.history.readers.mapping import Column, Mapping
from sim.history.readers.sources import Chunk
from sim.history.tally import Tally

Array = npt.NDArray[Any]
Cells = dict[str, Array]


def asked_for(chunk: Chunk, mapping: Mapping, tally: Tally) -> tuple[Cells, Array]:
    """The cells and lines of the rows that no rule of the mapping leaves out; the others are counted."""
    kept = np.ones(len(chunk.lines), bool)
    for rule in mapping.leave_out:
        out = kept.copy()
        for name, values in rule.when.items():
            out &= np.isin(chunk.columns[name], list(values))
        kept &= tally.kept(~out, chunk.lines, rule.why, fault=False)
    return {name: column[kept] for name, column in chunk.columns.items()}, chunk.lines[kept]


def cells_of(cells: Cells, column: Column) -> Array:
    """A column of text, "" where not known and the other column does not say; cells renamed as the mapping asks."""
    told = cells[column.column]
    if len(column.unknown) > 1 or column.otherwise:
        unknown = np.isin(told, list(column.unknown))
        told = np.where(unknown, cells[column.otherwise] if column.otherwise else "", told)
    if column.values:
        import pandas as pd

        places, found = pd.factorize(np.asarray(told, object))
        told = np.array([column.values.get(cell, cell) for cell in found.tolist()], object)[places]
    return told


def days_of(cells: Cells, mapping: Mapping) -> Array | None:
    """Midnight by the wall of each row, in seconds since 1970, where the mapping names a column of the day."""
    return from_text(cells[mapping.date], mapping.date_pattern)[0] if mapping.date else None


def stamps_of(told: Array, mapping: Mapping, days: Array | None) -> tuple[Array, bool]:
    """Seconds since 1970, NaN where they cannot be read, and whether they are UTC rather than of the wall."""
    form = mapping.stamps
    if days is not None:
        return days + (times_of_day(told) if form == "time of day" else numbers(told)), False
    if form in ("unix", "unix ms"):
        return numbers(told) / (1000 if form == "unix ms" else 1), True
    return from_text(told, None if form == "iso" else form)
