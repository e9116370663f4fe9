"""The points of a sweep written as CSV, as a workbook or as Parquet: one row a point, numbers as numbers."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, shown
from sim.reports.results import write_whole

if TYPE_CHECKING:
    from sim.reports.sweepqueries import Row
    from sim.reports.sweeps import SweepResult

ENDINGS = (".csv", ".parquet", ".xlsx")
MOST_ROWS = 1_048_575  # of a sheet, below its head
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for one


def check_export(name: str) -> None:
    """Refuse a file that could not be written, before anything is read."""
    path = Path(name)
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{shown(name)} does not end in {', '.join(ENDINGS)}", file="--to")
    if path.suffix.lower() == ".parquet":
        _need_pyarrow()


def write_rows(result: "SweepResult", path: Path, rows: Sequence["Row"]) -> None:
    """Write rows to a .csv, .parquet or .xlsx file, whole or not at all."""
    check_export(str(path))
    metrics = list(rows[0].estimates) if rows else result.metrics
    heads = ["point", "replications", "error", *(column.name for column in result.factors)]
    heads += [name for metric in metrics for name in (metric, f"{metric} low", f"{metric} high")]
    written = {".csv": _csv, ".xlsx": _xlsx, ".parquet": _parquet}[path.suffix.lower()]
    write_whole(path, written(heads, _lines(result, rows)))


def _lines(result: "SweepResult", rows: Sequence["Row"]) -> Iterator[list[Any]]:
    """Each point's cells: text, numbers, or None where there is nothing."""
    names = [column.name for column in result.factors]
    for row in rows:
        figures = [
            figure if math.isfinite(figure) else None
            for estimate in row.estimates.values()
            for figure in estimate
        ]
        yield [
            row.point,
            row.replications,
            row.error or None,
            *(row.values[name] for name in names),
            *figures,
        ]


def _csv(heads: Sequence[str], lines: Iterator[list[Any]]) -> bytes:
    """Text that a spreadsheet would compute with gets an apostrophe before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_harmless, heads))
    writer.writerows([_harmless(cell) if isinstance(cell, str) else cell for cell in line] for line in lines)
    return text.getvalue().encode()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _xlsx(heads: Sequence[str], lines: Iterator[list[Any]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("points")
    sheet.freeze_panes = "B2"

    def as_text(text: str) -> Any:
        written = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
        written.data_type = "s"  # also where it begins like a formula
        return written

    sheet.append([as_text(head) for head in heads])
    for count, line in enumerate(lines):
        if count >= MOST_ROWS:
            raise InputError(f"a sheet holds {MOST_ROWS:,} points; write .csv or .parquet", file="--to")
        sheet.append([as_text(cell) if isinstance(cell, str) else cell for cell in line])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _parquet(heads: Sequence[str], lines: Iterator[list[Any]]) -> bytes:
    import pandas as pd

    _need_pyarrow()
    frame = pd.DataFrame(list(lines), columns=list(heads))
    for name in heads:  # levels may be text at some points and numbers at others
        kinds = set(map(type, frame[name].dropna()))
        if str in kinds and len(kinds) > 1:
            frame[name] = frame[name].map(str, na_action="ignore")
    return bytes(frame.to_parquet(engine="pyarrow", index=False))


def _need_pyarrow() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise InputError(
            'Parquet needs pyarrow, which is not installed: pip install "callcenter-sim[parquet]", or write .csv',
            file="--to",
        )
