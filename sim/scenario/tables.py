"""Read the header and rows of CSV and XLSX files, and one cell as a number."""

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
from sim.scenario.source import decode, read_bytes

CELLS = 20_000_000  # the most cells of a file
FIRST_ROW = 2  # the header is row 1

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_FORMULA = re.compile(r"[\t\r]|\s*[=+\-@]")  # what a spreadsheet takes for one, or for the edge of one
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")


def table(path: Path, sheet: str | None = None) -> tuple[list[str], list[list[Any]]]:
    """Return the header and the rows of a CSV or XLSX file, each row as long as the header.

    Cells of CSV are text without outer spaces, "" where blank; those of XLSX are what the workbook holds,
    None where blank. Blank rows at the end are left out. Two columns of one name raise an InputError.
    """
    header, rows, _ = _table(Path(path), str(path), sheet)
    return header, rows


def opened(
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


def sheet_names(path: Path) -> list[str]:
    """The names of the sheets of an XLSX file; InputError if it is none."""
    with warnings.catch_warnings(action="ignore"):  # as above
        return [page.title for page in _book(str(path), read_bytes(path)).worksheets]


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would compute with this text, if it came from a CSV file or were typed."""
    return _FORMULA.match(text) is not None


def guarded(text: str) -> str:
    """Text for a CSV file, with an apostrophe before what a spreadsheet would compute with; `table` takes it off."""
    return f"'{text}" if is_formula(text) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def _framed(where: str, lines: list[list[Any]], blank: Any) -> tuple[list[str], list[list[Any]]]:
    """The header and the rows below it, cut or filled to the width of the header."""
    while lines and all(is_blank(cell) for cell in lines[-1]):
        lines.pop()
    header = ["" if is_blank(cell) else str(cell).strip() for cell in lines[0]] if lines else []
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
        if not all(is_blank(cell) for cell in line[width:]):
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
            [_unguarded(cell.strip()) for cell in line]
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        ]
    except csv.Error as problem:
        raise InputError(f"{where} is not CSV ({problem}): check its quotes") from None
    return separator, lines


def _xlsx(where: str, raw: bytes, sheet: str | None) -> list[list[Any]]:
    pages = {page.title: page for page in _book(where, raw).worksheets}
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


def _book(where: str, raw: bytes) -> Any:
    import openpyxl

    try:
        return openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except Exception:  # a damaged archive fails in a dozen ways: BadZipFile, KeyError, ParseError …
        raise InputError(f"{where} cannot be read as XLSX: save it again as XLSX or CSV") from None


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


def index_of(where: str, header: list[str], name: str | None, key: str) -> int:
    has = f"it has {', '.join(shown(other) for other in header[:20] if other)}"
    if not name:
        raise InputError(f'"{key}" is missing: name a column of {where}; {has}')
    if name not in header:
        raise InputError(f"{where} has no column {shown(name)}{nearest(name, header)}: {has}")
    return header.index(name)


def numbers_of(where: str, name: str, cells: list[Any], decimal: str) -> list[float]:
    return [
        number_of(f"{where}, column {shown(name)}, row {row}", cell, decimal)
        for row, cell in enumerate(cells, FIRST_ROW)
    ]


def number_of(place: str, cell: Any, decimal: str) -> float:
    """The number of one cell; `decimal` is "," where ";" separates the columns of a CSV file."""
    if is_blank(cell):
        reason = "" if cell == "" else ", or a formula that was never calculated"
        raise InputError(f"{place}: the cell is blank{reason}: a blank is not 0, write a number")
    if isinstance(cell, str):
        if decimal == "," and _THOUSANDS.fullmatch(cell):
            whole, comma = cell.replace(".", ""), cell.replace(".", ",", 1)
            raise InputError(f'{place}: "{cell}" may be {whole} or {comma}: write one of these')
        text = cell.replace(",", ".") if decimal == "," and "." not in cell else cell
        if not _NUMBER.fullmatch(text.strip()):
            raise InputError(
                f"{place}: {said_cell(cell)} is not a number: write one such as 12 or 12{decimal}5"
            )
        cell = float(text)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise InputError(f"{place}: {said_cell(cell)} is not a number: format the cell as a number")
    if not math.isfinite(cell):
        raise InputError(f"{place}: {said_cell(cell)} is not a finite number: write one that is")
    return float(cell)


def is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def said_cell(cell: Any) -> str:
    return shown(cell.isoformat(" ") if isinstance(cell, datetime.datetime) else cell)
