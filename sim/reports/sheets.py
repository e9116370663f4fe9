"""Tables as sheets of a workbook or as CSV: numbers with their formats, texts that no spreadsheet computes with."""

import csv
import datetime
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import InputError, shown
from sim.measures.metrics import Metric
from sim.reports.results import write_whole
from sim.scenario.planfiles import START
from sim.scenario.tables import guarded, is_formula
from sim.scenario.units import DAY, say_clock
from sim.scenario.weeks import Grid

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell

ENDINGS = (".xlsx", ".csv")
MOST_ROWS = 1_048_575  # of a sheet, below its head
LONGEST = 32_767  # letters of a cell
A4 = 9  # the number of the paper
LINE, MOST_LINES = 15.0, 27  # points high, and how many a row may have

SHARE, SECONDS, HOURS, NUMBER, WHOLE = "0.0%", '#,##0.0" s"', '#,##0.0" h"', "#,##0.0", "#,##0"
CLOCK, LONG_CLOCK = "hh:mm", "[hh]:mm"
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Column(NamedTuple):
    """A column of a sheet: its head, the number format of its figures ("" as they come), its width in letters.

    aside: left out of CSV.
    """

    head: str
    format: str = ""
    width: float = 13.0
    aside: bool = False


class Figure(NamedTuple):
    """A number that has a format of its own, in a column that has none."""

    value: float
    format: str


Cell = str | int | float | datetime.time | datetime.timedelta | Figure | None


class Sheet(NamedTuple):
    """A table with its columns; fixed: how many of them stay in sight; plain: text to be read, without a filter."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    fixed: int = 1
    plain: bool = False


def format_of(metric: Metric, currency: str = "", signed: bool = False) -> str:
    """The number format for the figures of a metric; signed: for differences, with + before what is more."""
    plain = unit_format(metric.unit, currency) or ("0.00" if metric.kind == "ratio" else NUMBER)
    return f"+{plain};-{plain};{plain}" if signed else plain


def unit_format(unit: str, currency: str = "") -> str:
    """The number format for a unit, "" for plain numbers; unit: s | share | hours | money | ""."""
    money = f'#,##0.00" {currency}"' if re.fullmatch(r"[\w€$£¥]{1,8}", currency) else "#,##0.00"
    return {"share": SHARE, "s": SECONDS, "hours": HOURS, "money": money}.get(unit, "")


def three(head: str, format_: str) -> list[Column]:
    """The columns of a value, its low and its high."""
    return [Column(head, format_), Column(f"{head} low", format_), Column(f"{head} high", format_)]


def time_column(grid: Grid, head: str = START) -> Column:
    """The column of the moments at which intervals start."""
    return Column(head, CLOCK if grid.horizon <= DAY else LONG_CLOCK)


def time_cells(grid: Grid) -> list[str | datetime.time | datetime.timedelta]:
    """When each interval starts, in a form that a scenario reads back.

    Clock times; over several days with their weekday, as text, or, where that is not known, from the first midnight.
    """
    if grid.horizon > DAY and grid.starts is not None and grid.horizon <= 7 * DAY:
        return [grid.label(index) for index in range(grid.count)]
    moments = [grid.opens + index * grid.interval for index in range(grid.count)]
    if grid.horizon > DAY:
        return [datetime.timedelta(seconds=moment) for moment in moments]
    return [clock_cell(moment) for moment in moments]


def clock_cell(seconds: float) -> datetime.time:
    """A moment as the time of day."""
    return (datetime.datetime.min + datetime.timedelta(seconds=seconds % DAY)).time()


def write_sheets(path: Path, sheets: Sequence[Sheet], one: str) -> None:
    """Write a workbook, or that one of the sheets as CSV, whole or not at all."""
    check_ending(path)
    if path.suffix.lower() == ".xlsx":
        return write_whole(path, workbook(sheets))
    write_whole(path, as_csv(next(sheet for sheet in sheets if sheet.name == one)))


def check_ending(path: Path) -> None:
    """Refuse a name that is neither of a workbook nor of a CSV file."""
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{shown(str(path))} does not end in {' or '.join(ENDINGS)}", file="--out")


def as_csv(sheet: Sheet) -> bytes:
    """One sheet as CSV: plain numbers, shares as fractions, durations in seconds, and text that is no formula.

    Text outside ASCII has a byte order mark before it, without which Excel takes it for something else.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    kept = [place for place, column in enumerate(sheet.columns) if not column.aside]
    writer.writerow([guarded(text_in(sheet.columns[place].head)) for place in kept])
    writer.writerows([_in_csv(line[place]) for place in kept] for line in sheet.rows)
    text = written.getvalue()
    return text.encode("ascii" if text.isascii() else "utf-8-sig")


def _in_csv(cell: Cell) -> Any:
    cell = _known(cell)
    if isinstance(cell, Figure):
        return cell.value
    if isinstance(cell, str):
        return guarded(text_in(cell))
    if isinstance(cell, datetime.timedelta):
        return say_clock(cell.total_seconds() % DAY)
    return cell.isoformat("auto").removesuffix(":00") if isinstance(cell, datetime.time) else cell


def _known(cell: Any) -> Any:
    """A cell as it is written: nothing where there is no finite number."""
    value = cell.value if isinstance(cell, Figure) else cell
    if isinstance(value, float | np.floating) and not math.isfinite(value):
        return None
    return cell.item() if isinstance(cell, np.generic) else cell


def text_in(text: str) -> str:
    """Text as a cell can hold it: what XML forbids stands there by its number, and not more than fits."""
    text = _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def workbook(sheets: Iterable[Sheet]) -> bytes:
    """The bytes of a workbook: heads stay in sight, columns have widths and filters, a printed page fits its width."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    try:
        for sheet in sheets:
            _add(book, sheet)
    except BaseException:
        book.worksheets[-1].close()  # a page left open complains on stderr when it is thrown away
        raise
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _add(book: Any, sheet: Sheet) -> None:
    from openpyxl.utils import get_column_letter

    page = book.create_sheet(sheet.name)
    for place, column in enumerate(sheet.columns, 1):
        page.column_dimensions[get_column_letter(place)].width = column.width
    page.freeze_panes = f"{get_column_letter(sheet.fixed + 1)}2"
    page.print_title_rows = "1:1"
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", A4
    page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage = 0, True
    pens = _Pens(page, sheet)
    _give_height(page, 1, sheet.columns, [column.head for column in sheet.columns])
    page.append(pens.head())
    count = 0
    for count, line in enumerate(sheet.rows, 1):
        if count > MOST_ROWS:
            raise InputError(f"a sheet holds {MOST_ROWS:,} rows; write .csv", file=sheet.name)
        if sheet.plain:
            _give_height(page, count + 1, sheet.columns, line)
        page.append(list(pens.line(line)))
    if not sheet.plain:
        page.auto_filter.ref = f"A1:{get_column_letter(len(sheet.columns))}{count + 1}"


def _give_height(page: Any, row: int, columns: Sequence[Column], cells: Sequence[Cell]) -> None:
    """Room for all lines of wrapped text: not every program makes it by itself."""
    lines = (math.ceil(len(str(cell)) / column.width) for cell, column in zip(cells, columns, strict=True))
    page.row_dimensions[row].height = LINE * min(max(1, *lines), MOST_LINES)


class _Pens:
    """Cells with their styles, each used again for every row: a row is written as soon as it is appended."""

    def __init__(self, page: Any, sheet: Sheet) -> None:
        self._page, self._sheet = page, sheet
        self._cells: dict[tuple[int, str], WriteOnlyCell] = {}

    def head(self) -> list["WriteOnlyCell"]:
        from openpyxl.styles import Alignment, Font, PatternFill

        cells = [self._text(place, column.head) for place, column in enumerate(self._sheet.columns)]
        for cell in cells:
            cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
            cell.fill = PatternFill("solid", fgColor="E7E9EE")
        self._cells.clear()
        return cells

    def line(self, cells: Sequence[Cell]) -> Iterator[Any]:
        for place, (cell, column) in enumerate(zip(cells, self._sheet.columns, strict=True)):
            known = _known(cell)
            if known is None or known == "":
                yield None
            elif isinstance(known, str):
                yield self._text(place, known)
            else:
                value, format_ = known if isinstance(known, Figure) else (known, column.format)
                yield self._number(place, value, format_) if format_ else value

    def _number(self, place: int, value: Any, format_: str) -> "WriteOnlyCell":
        pen = self._cells.get((place, format_))
        if pen is None:
            pen = self._cells[place, format_] = self._cell()
        pen.value = value
        if pen.number_format != format_:  # a time brings its own
            pen.number_format = format_
        return pen

    def _text(self, place: int, text: str) -> "WriteOnlyCell":
        """Text is no formula, not even when somebody edits the cell (quotePrefix, what an apostrophe sets)."""
        text = text_in(text)
        kind = "formula" if is_formula(text) else "text"
        pen = self._cells.get((place, kind))
        if pen is None:
            from openpyxl.styles import Alignment

            pen = self._cells[place, kind] = self._cell()
            pen.quotePrefix = kind == "formula"
            wrapped, aside = self._sheet.plain, self._sheet.columns[place].aside
            if wrapped or aside:
                pen.alignment = Alignment("left", "top", wrap_text=wrapped, indent=int(aside))
        pen.value = text
        pen.data_type = "s"  # also where it begins like a formula, or is written like an error
        return pen

    def _cell(self) -> "WriteOnlyCell":
        from openpyxl.cell import WriteOnlyCell

        return WriteOnlyCell(self._page)
