"""Read columns of numbers from CSV and XLSX files, and check their times against the horizon."""

import csv
import datetime
import io
import math
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.scenario.quantities import roster_day
from sim.scenario.recorded import COLUMNS
from sim.scenario.source import decode, read_bytes
from sim.scenario.units import DAY, Days, day_clock, say_clock, say_duration, say_weekdays, span
from sim.scenario.weeks import Grid

TIME_COLUMNS = ("time", "start", "interval")  # names by which a first column is taken as the times
CELLS = 20_000_000  # the most cells of a file
FIRST_ROW = 2  # the header is row 1

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_ON_DAY = r"(?:[A-Za-z]+\s+)?[0-9]{1,2}:[0-9:]+"
_SPAN = re.compile(rf"({_ON_DAY})\s*[-–]\s*{_ON_DAY}")
_BREAK = re.compile(r"break (?:start|end)((?: [0-9]+)?)")
_EPOCH = datetime.datetime(1901, 1, 1)  # spreadsheets write clock times as moments of 1899 or 1900


def column(folder: Path, spec: dict[str, Any], grid: Grid) -> list[float]:
    """Return the numbers of a column, one per interval of the horizon.

    spec: file (from `folder`), column, and optionally sheet and time. With a time column (named, or the first one
    if called time, start or interval) every row must stand at its moment of the horizon: "08:00", "mon 08:00" or
    a date with its time; without one the number of rows must be that of the intervals. A blank cell, text or NaN
    raises an InputError that names file and row.
    """
    where, header, rows, decimal = _open(folder, spec, ("file", "sheet", "column", "time"))
    wanted = _index(where, header, spec.get("column"), "column")
    timed = _time_index(where, header, spec.get("time"), wanted)
    if timed is not None:
        _check_times(f"{where}, column {shown(header[timed])}", [row[timed] for row in rows], grid)
    if len(rows) != grid.count:
        horizon = f"{grid.count} intervals of {say_duration(grid.interval)} from {say_clock(grid.opens)}"
        raise InputError(
            f"{where} has {len(rows)} rows under the header, the horizon {horizon}: write {grid.count} rows"
        )
    return _numbers(where, header[wanted], [row[wanted] for row in rows], decimal)


def values(folder: Path, spec: dict[str, Any]) -> list[float]:
    """Return all numbers of a column (an empirical distribution, in seconds); spec: file, column, sheet."""
    where, header, rows, decimal = _open(folder, spec, ("file", "sheet", "column"))
    wanted = _index(where, header, spec.get("column"), "column")
    if not rows:
        raise InputError(f"{where} has no rows under its header: write one number per row")
    return _numbers(where, header[wanted], [row[wanted] for row in rows], decimal)


def trace(folder: Path, spec: dict[str, Any], queue: str) -> dict[str, list[Any]]:
    """Return the recorded contacts of a queue by column, None where a cell is blank; spec: file, sheet.

    Columns: arrived, and, if wanted, queue, day, talk, wrap, wait, hung_up, attempt, last. With a column queue the
    rows of other queues are left out.
    """
    where, header, rows, decimal = _open(folder, spec, ("file", "sheet"))
    known = (*COLUMNS, "queue")
    for name in header:
        if name and name not in known:
            near = nearest(name, known)
            raise InputError(
                f"{where} has a column {shown(name)}{near}: the columns of a trace are {', '.join(known)}"
            )
    _index(where, header, "arrived", "column")
    if "queue" in header:
        of = header.index("queue")
        numbered = [(number, row) for number, row in enumerate(rows, FIRST_ROW) if _name(row[of]) == queue]
        if not numbered:
            raise InputError(
                f"{where} has no row of the queue {shown(queue)}: add some, or leave the column out"
            )
    else:
        numbered = list(enumerate(rows, FIRST_ROW))
    found: dict[str, list[Any]] = {}
    for place, name in enumerate(header):
        if name == "day":
            found[name] = [_name(row[place]) for _, row in numbered]
        elif name and name != "queue":
            said = f"{where}, column {shown(name)}, row"
            found[name] = [
                None if _blank(row[place]) else _number(f"{said} {number}", row[place], decimal)
                for number, row in numbered
            ]
    if "queue" in header and "day" in header:  # a day on which others came was recorded here too
        found["days"] = list(dict.fromkeys(_name(row[header.index("day")]) for row in rows))
    return found


def roster(folder: Path, spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the shifts of a roster: where each stands ("roster.csv, row 2"), its group, and the row.

    spec: file, sheet. Columns: agent, group, start, end, and, if wanted, day (weekdays such as "mon-fri", a number
    from 1, blank or "every day"), break start, break end, break start 2, break end 2 … A row: agent, day, start,
    end, breaks, as the schema reads them.
    """
    where, header, rows, _ = _open(folder, spec, ("file", "sheet"))
    names = [name.casefold() for name in header]
    at = {key: _index(where, names, key, "column") for key in ("agent", "group", "start", "end")}
    numbers = dict.fromkeys(match[1] for match in map(_BREAK.fullmatch, names) if match)
    pauses = [
        tuple(_index(where, names, f"break {side}{number}", "column") for side in ("start", "end"))
        for number in numbers
    ]
    day = names.index("day") if "day" in names else None
    found = []
    for number, row in enumerate(rows, FIRST_ROW):
        place = f"{where}, row {number}"
        if all(_blank(cell) for cell in row):
            continue
        for key in ("agent", "group"):
            if _blank(row[at[key]]):
                raise InputError(f"{place}: the {key} is blank: write a name")
        times = {
            index: _time_of_day(f"{place}, column {shown(header[index])}", row[index])
            for index in (at["start"], at["end"], *_times_of_breaks(row, pauses))
        }
        shift: dict[str, Any] = {
            "agent": _name(row[at["agent"]]),
            "start": times[at["start"]],
            "end": times[at["end"]],
            "breaks": [f"{times[start]}-{times[end]}" for start, end in pauses if start in times],
        }
        for text in shift["breaks"]:
            try:
                span(text)
            except InputError as error:
                raise InputError(f"{place}: the break {error.problem}") from None
        if day is not None and (written := _day(f"{place}, column {shown(header[day])}", row[day])):
            shift["day"] = written
        found.append((place, _name(row[at["group"]]), shift))
    if not found:
        raise InputError(f"{where} has no rows under its header: write one shift per row")
    return found


def _times_of_breaks(row: list[Any], pauses: list[tuple[int, ...]]) -> list[int]:
    """The columns of the breaks that a row has: of each that is not wholly blank, both."""
    return [index for pause in pauses if not all(_blank(row[i]) for i in pause) for index in pause]


def _name(cell: Any) -> str:
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


def _time_of_day(place: str, cell: Any) -> str:
    moment = _moment(place, cell)
    if isinstance(moment, datetime.datetime):
        raise InputError(f"{place}: {_said(cell)} has a date: write 08:00, and the day in a column day")
    if isinstance(moment, tuple):
        raise InputError(f"{place}: {_said(cell)} has a weekday: write 08:00, and mon in a column day")
    return say_clock(moment)


def _day(place: str, cell: Any) -> str | int | None:
    """Weekdays as text, the number of a day from 1, or None for every day."""
    if isinstance(cell, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", cell):
        cell = int(cell)
    try:
        found = roster_day(cell)
    except InputError as error:
        raise InputError(f"{place}: {error.problem}") from None
    return cell.strip() if isinstance(found, tuple) else found


def table(path: Path, sheet: str | None = None) -> tuple[list[str], list[list[Any]]]:
    """Return the header and the rows of a CSV or XLSX file, each row as long as the header.

    Cells of CSV are text without outer spaces, "" where blank; those of XLSX are what the workbook holds,
    None where blank. Blank rows at the end are left out. Two columns of one name raise an InputError.
    """
    header, rows, _ = _table(Path(path), str(path), sheet)
    return header, rows


def _open(
    folder: Path, spec: dict[str, Any], keys: tuple[str, ...]
) -> tuple[str, list[str], list[list], str]:
    """The name to show, the header, the rows and the decimal sign of the file that `spec` names."""
    for key, value in spec.items():
        if key not in keys:
            raise InputError(f"unknown key {shown(key)}{nearest(str(key), keys)}: use {', '.join(keys)}")
        if value is not None and not isinstance(value, str):
            raise InputError(f"{key} must be text, not {shown(value)}: put it in quotes")
    if not spec.get("file"):
        raise InputError('"file" is missing: name a CSV or XLSX file')
    where = spec["file"]
    return where, *_table(Path(folder) / where, where, spec.get("sheet"))


def _table(path: Path, where: str, sheet: str | None) -> tuple[list[str], list[list], str]:
    try:
        raw = read_bytes(path)
    except InputError as problem:
        said = (
            problem.problem if problem.problem.startswith(("is", "cannot")) else f"{problem.problem} ({path})"
        )
        raise InputError(f"{where}: {said}") from None
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            f"{where} is protected by a password or in the old XLS format: save it as plain XLSX or CSV"
        )
    if raw.startswith(b"PK"):
        with warnings.catch_warnings(action="ignore"):  # openpyxl's, on what it leaves out of a workbook
            header, rows = _framed(where, _xlsx(where, raw, sheet), None)
        return header, rows, "."
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        raise InputError(f"{where} is not a workbook, or a damaged one: save it again as XLSX or CSV")
    if sheet is not None:
        raise InputError(f'{where} is a CSV file and has no sheet {shown(sheet)}: remove "sheet"')
    separator, lines = _csv(where, raw)
    header, rows = _framed(where, lines, "")
    return header, rows, "," if separator == ";" else "."


def _framed(where: str, lines: list[list[Any]], blank: Any) -> tuple[list[str], list[list[Any]]]:
    """The header and the rows below it, cut or filled to the width of the header."""
    while lines and all(_blank(cell) for cell in lines[-1]):
        lines.pop()
    header = ["" if _blank(cell) else str(cell).strip() for cell in lines[0]] if lines else []
    while header and not header[-1]:
        header.pop()
    if not header:
        raise InputError(f"{where} has no header: write the names of the columns in row 1")
    for index, name in enumerate(header):
        if name and name in header[:index]:
            first = header.index(name) + 1
            raise InputError(
                f"{where} has two columns {shown(name)} ({first} and {index + 1}): rename one of them"
            )
    width = len(header)
    for number, line in enumerate(lines[1:], FIRST_ROW):
        if not all(_blank(cell) for cell in line[width:]):
            remedy = 'a decimal comma needs ";" between the columns'
            raise InputError(
                f"{where}, row {number} has more cells than the header has columns ({width}): {remedy}"
            )
        del line[width:]
        line += [blank] * (width - len(line))
    return header, lines[1:]


def _csv(where: str, raw: bytes) -> tuple[str, list[list[Any]]]:
    try:
        text = decode(raw)
    except InputError as problem:
        row = "" if problem.line is None else f", row {problem.line}"
        raise InputError(f"{where}{row}: {problem.problem}") from None
    if "\x00" in text:
        raise InputError(f"{where} holds NUL characters and is not a CSV file: save it as CSV in UTF-8")
    head = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    separator = ";" if ";" in head else ","
    if "\t" in head and "," not in head and ";" not in head:
        raise InputError(f'{where} has its columns separated by tabs: use "," or ";"')
    try:
        lines: list[list[Any]] = [
            [cell.strip() for cell in line]
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        ]
    except csv.Error as problem:
        raise InputError(f"{where} is not CSV ({problem}): check its quotes") from None
    return separator, lines


def _xlsx(where: str, raw: bytes, sheet: str | None) -> list[list[Any]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        pages = {page.title: page for page in book.worksheets}
    except Exception:  # a damaged archive fails in a dozen ways: BadZipFile, KeyError, ParseError …
        raise InputError(f"{where} cannot be read as XLSX: save it again as XLSX or CSV") from None
    names = ", ".join(shown(name) for name in pages)
    if sheet is None and len(pages) != 1:
        raise InputError(f'{where} has {len(pages)} sheets ({names}): say which one with "sheet"')
    if sheet is not None and sheet not in pages:
        raise InputError(f"{where} has no sheet {shown(sheet)}{nearest(sheet, pages)}: it has {names}")
    page = pages[sheet] if sheet is not None else next(iter(pages.values()))
    try:
        page.reset_dimensions()  # some writers declare a size that is not so
        return _bounded(where, page.iter_rows(values_only=True))
    except InputError:
        raise
    except Exception:  # as above
        raise InputError(f"{where} is damaged: save it again as XLSX or CSV") from None


def _bounded(where: str, rows: Iterable[tuple]) -> list[list[Any]]:
    """All rows down to the last one that is not blank; a workbook that unpacks without end is stopped."""
    lines: list[list[Any]] = []
    cells = last = 0
    for row in rows:
        cells += len(row) + 1
        if cells > CELLS:
            raise InputError(f"{where} has more than {CELLS:,} cells: keep only the columns that are read")
        lines.append(list(row))
        if any(cell is not None for cell in row):
            last = len(lines)
    return lines[:last]


def _index(where: str, header: list[str], name: str | None, key: str) -> int:
    has = f"it has {', '.join(shown(other) for other in header[:20] if other)}"
    if not name:
        raise InputError(f'"{key}" is missing: name a column of {where}; {has}')
    if name not in header:
        raise InputError(f"{where} has no column {shown(name)}{nearest(name, header)}: {has}")
    return header.index(name)


def _time_index(where: str, header: list[str], name: str | None, wanted: int) -> int | None:
    if name is not None:
        return _index(where, header, name, "time")
    return 0 if wanted != 0 and header[0].casefold() in TIME_COLUMNS else None


def _check_times(where: str, cells: list[Any], grid: Grid) -> None:
    """Hold every time against the horizon; `where` names file and column."""
    steps = f"the horizon starts at {grid.label(0)} and steps by {say_duration(grid.interval)}"
    first_day: datetime.datetime | None = None
    for index, cell in enumerate(cells):
        row = f"{where}, row {index + FIRST_ROW}"
        moment = _moment(row, cell)
        if index >= grid.count:
            raise InputError(
                f"{row}: {_said(cell)} is after the last of {grid.count} intervals, {steps}: remove it"
            )
        expected = grid.opens + index * grid.interval
        if isinstance(moment, datetime.datetime):
            first_day = first_day or _first_day(row, cell, moment, expected, grid)
            fits = abs((moment - first_day).total_seconds() - expected) < 1
        elif isinstance(moment, tuple):
            fits = _off(_from_first_day(row, cell, moment, grid), expected, 7 * DAY) < 1
        else:
            fits = _off(moment, expected, DAY) < 1
        if not fits:
            raise InputError(f"{row}: {_said(cell)} stands where {grid.label(index)} is expected: {steps}")
    if len(cells) < grid.count:
        first = grid.label(len(cells))
        raise InputError(f"{where} ends before the row for {first}: {steps}, in {grid.count} intervals")


def _off(a: float, b: float, cycle: float) -> float:
    """Seconds between two moments of a day or a week, the shorter way round."""
    return min((a - b) % cycle, (b - a) % cycle)


def _first_day(
    row: str, cell: Any, moment: datetime.datetime, expected: float, grid: Grid
) -> datetime.datetime:
    """The midnight from which the horizon counts, by the first date of a column."""
    days = datetime.timedelta(days=math.floor((expected + 1e-6) / DAY))
    found = datetime.datetime.combine(moment.date(), datetime.time()) - days
    if grid.starts is not None and found.weekday() != grid.starts:
        given, wanted = (say_weekdays([day]) for day in (moment.weekday(), grid.weekday(days.days)))
        raise InputError(f"{row}: {_said(cell)} is of a {given}, where {wanted} is expected: check starts")
    return found


def _from_first_day(row: str, cell: Any, moment: tuple[Days, float], grid: Grid) -> float:
    """Seconds from the midnight from which the horizon counts of a clock time on one weekday."""
    days, seconds = moment
    if grid.starts is None:
        said = f"{_said(cell)} names a weekday, and the scenario does not say on which one it begins"
        raise InputError(f"{row}: {said}: add starts: monday")
    if days is None or len(days) > 1:
        raise InputError(f"{row}: {_said(cell)} names several days: write one row for each, as in mon 08:00")
    return (days[0] - grid.starts) * DAY + seconds


def _moment(row: str, cell: Any) -> float | tuple[Days, float] | datetime.datetime:
    """Seconds from some midnight of a clock time, with its weekdays if it has any, or the moment of a date."""
    if _blank(cell):
        raise InputError(f"{row}: the time is blank: write one such as 08:00")
    if isinstance(cell, datetime.timedelta):
        return cell.total_seconds()
    if isinstance(cell, datetime.time):
        return 3600.0 * cell.hour + 60 * cell.minute + cell.second + cell.microsecond / 1e6
    if isinstance(cell, str):
        both = _SPAN.fullmatch(cell.strip())
        try:
            days, seconds = day_clock(both[1] if both else cell.strip())
            return seconds if days is None else (days, seconds)
        except InputError as problem:
            try:
                cell = datetime.datetime.fromisoformat(cell.strip())
            except ValueError:
                raise InputError(f"{row}: {problem.problem}, or 2026-01-31 08:00") from None
    if not isinstance(cell, datetime.datetime) or cell.tzinfo is not None:
        raise InputError(
            f"{row}: {_said(cell)} is not a time: write 08:00 or 2026-01-31 08:00, or format it so"
        )
    if cell < _EPOCH:
        return (cell - datetime.datetime.combine(cell.date(), datetime.time())).total_seconds()
    return cell


def _numbers(where: str, name: str, cells: list[Any], decimal: str) -> list[float]:
    return [
        _number(f"{where}, column {shown(name)}, row {row}", cell, decimal)
        for row, cell in enumerate(cells, FIRST_ROW)
    ]


def _number(place: str, cell: Any, decimal: str) -> float:
    """The number of one cell; `decimal` is "," where ";" separates the columns of a CSV file."""
    if _blank(cell):
        reason = "" if cell == "" else ", or a formula that was never calculated"
        raise InputError(f"{place}: the cell is blank{reason}: a blank is not 0, write a number")
    if isinstance(cell, str):
        if decimal == "," and _THOUSANDS.fullmatch(cell):
            whole, comma = cell.replace(".", ""), cell.replace(".", ",", 1)
            raise InputError(f'{place}: "{cell}" may be {whole} or {comma}: write one of these')
        text = cell.replace(",", ".") if decimal == "," and "." not in cell else cell
        if not _NUMBER.fullmatch(text.strip()):
            raise InputError(f"{place}: {_said(cell)} is not a number: write one such as 12 or 12{decimal}5")
        cell = float(text)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise InputError(f"{place}: {_said(cell)} is not a number: format the cell as a number")
    if not math.isfinite(cell):
        raise InputError(f"{place}: {_said(cell)} is not a finite number: write one that is")
    return float(cell)


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _said(cell: Any) -> str:
    return shown(cell.isoformat(" ") if isinstance(cell, datetime.datetime) else cell)
