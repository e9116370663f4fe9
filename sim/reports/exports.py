"""The points of a sweep written as CSV, as a workbook or as Parquet: one row a point, numbers as numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, shown
from sim.reports.figures import finite
from sim.reports.results import write_whole
from sim.reports.sheets import WHOLE, Column, Sheet, format_of, three, unit_format, write_sheets
from sim.reports.sweepqueries import METRICS
from sim.reports.workbooks import assumptions

if TYPE_CHECKING:
    from sim.reports.sweepqueries import Row
    from sim.reports.sweeps import SweepResult

ENDINGS = (".csv", ".parquet", ".xlsx")
PROVENANCE = ("version", "scenario_sha256")  # of what a store says of itself


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
    columns = _columns(result, list(rows[0].estimates) if rows else result.metrics)
    if path.suffix.lower() == ".parquet":
        return write_whole(path, _parquet([column.head for column in columns], _lines(result, rows)))
    points = Sheet("points", columns, _lines(result, rows))
    write_sheets(path, [points, _assumptions(result)], points.name)


def _columns(result: "SweepResult", metrics: Sequence[str]) -> list[Column]:
    currency = result.scenario.currency
    columns = [Column("point", WHOLE), Column("replications", WHOLE), Column("error", width=16.0)]
    columns += [Column(factor.name, unit_format(factor.unit, currency)) for factor in result.factors]
    return columns + [column for m in metrics for column in three(m, format_of(METRICS[m], currency))]


def _assumptions(result: "SweepResult") -> Sheet:
    from sim.reports.sweeptables import head_of

    title, *said = head_of(result).splitlines()
    provenance = {name: result.head[name] for name in PROVENANCE if name in result.head}
    played = {"seed": result.head["seed"]}
    return assumptions(result.scenario, f"{title}, at the point that was varied", said, played, provenance)


def _lines(result: "SweepResult", rows: Sequence["Row"]) -> Iterator[list[Any]]:
    """Each point's cells: text, numbers, or None where there is nothing."""
    names = [column.name for column in result.factors]
    for row in rows:
        figures = finite([figure for estimate in row.estimates.values() for figure in estimate])
        varied = (row.values[name] for name in names)
        yield [row.point, row.replications, row.error or None, *varied, *figures]


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
