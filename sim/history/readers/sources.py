"""Open log files as text, plain or gzipped, and tables (CSV, XLSX, Parquet) as chunks of text columns."""

import codecs
import csv
import datetime
import gzip
import io
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np
import numpy.typing as npt

from sim.errors import InputError, nearest, shown
from sim.scenario.source import read_bytes

Array = npt.NDArray[Any]
CHUNK = 50_000  # rows of a chunk
HEAD = 65_536  # bytes from which a format is recognised
SEPARATORS = ",;\t|"
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"
SQLITE = b"SQLite format 3\x00"
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table: the wanted columns as text, "" where blank, and the line of each row (from 1).

    `broken` are the lines of rows with a wrong number of cells, which stand in no column.
    """

    columns: dict[str, Array]
    lines: Array
    broken: Array
    decimal: str = "."


@dataclass(frozen=True)
class Table:
    """Which columns of a table are wanted, and how it is written; None: as the file shows."""

    wanted: Callable[[list[str]], Sequence[str]]  # the columns to read, from the header
    encoding: str = "utf-8"
    separator: str | None = None
    header: tuple[str, ...] | None = None  # of a file that has none
    sheet: str | None = None


def head(path: Path) -> bytes:
    """The first bytes of a file, unpacked if it is gzipped; an InputError where it cannot be read."""
    with _binary(path) as stream:
        return stream.read(HEAD)


@contextmanager
def opened(path: Path, encoding: str = "utf-8", newline: str | None = "") -> Iterator[TextIO]:
    """A text file, plain or gzipped, with or without byte order mark; what cannot be decoded is an InputError."""
    name = _codec(encoding)
    start = head(path)
    if start.startswith(_WIDE) or b"\x00" in start[:4]:
        raise InputError("the file is UTF-16 or no text: save it as UTF-8", file=str(path))
    with _binary(path) as stream:
        try:
            yield io.TextIOWrapper(stream, "utf-8-sig" if name == "utf-8" else name, newline=newline)
        except UnicodeDecodeError:
            raise _undecodable(path, name) from None


def _codec(encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
        if getattr(found, "_is_text_encoding", True) and not found.name.startswith(("utf-16", "utf-32")):
            return found.name
    except (LookupError, ValueError, TypeError):
        pass
    raise InputError(
        f"unknown encoding {shown(encoding)}: use utf-8, latin-1, cp1252 or another of one byte a letter"
    )


@contextmanager
def _binary(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked if it is gzipped."""
    packed = read_bytes(path, 1) == GZIP
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            yield stream  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError("the gzip file is damaged or cut off: copy it again", file=str(path)) from None
    except OSError as problem:
        raise InputError(
            f"cannot be read ({problem.strerror}): name a file that can", file=str(path)
        ) from None


def _undecodable(path: Path, encoding: str) -> InputError:
    remedy = "save it as UTF-8, or name its encoding (latin-1, cp1252)"
    with _binary(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as problem:
                byte = f"0x{line[problem.start]:02x}"
                return InputError(f"not {encoding} (byte {byte}): {remedy}", file=str(path), line=number)
    return InputError(f"not {encoding}: {remedy}", file=str(path))


def chunks(path: Path, table: Table) -> Iterator[Chunk]:
    """The wanted columns of a CSV (also gzipped), XLSX or Parquet file, some rows at a time."""
    start = head(path)
    if start.startswith(PARQUET):
        return _parquet(path, table)
    if start.startswith(ZIP):
        return _xlsx(path, table)
    return _csv(path, table)


def separator_of(line: str) -> str:
    """The sign that stands most often between the cells of a header."""
    return max(SEPARATORS, key=line.count)


def _csv(path: Path, table: Table) -> Iterator[Chunk]:
    with opened(path, table.encoding) as stream:
        first = stream.readline(HEAD)
        separator = table.separator or separator_of(first)
        lines = _chained(first, stream)
        reader = csv.reader(lines, delimiter=separator, strict=True)
        try:
            header = list(table.header or [cell.strip() for cell in next(reader, [])])
            places = _places(header, table.wanted)
            start = reader.line_num
            while rows := list(islice(reader, CHUNK)):
                numbers = np.arange(start + 1, start + 1 + len(rows))
                if reader.line_num - start != len(rows):  # a quoted cell goes over several lines
                    spans = [1 + sum(cell.count("\n") for cell in row) for row in rows]
                    numbers = start + np.cumsum([1, *spans])[:-1]
                start = reader.line_num
                yield _chunk(rows, numbers, places, len(header), "," if separator == ";" else ".")
        except csv.Error as problem:
            remedy = "check its quotes and that it is CSV"
            raise InputError(f"not CSV ({problem}): {remedy}", file=str(path), line=reader.line_num) from None
        except InputError as problem:
            raise problem.at(file=str(path)) from None


def _chained(first: str, stream: Iterable[str]) -> Iterator[str]:
    yield first
    yield from stream


def _places(header: list[str], wanted: Callable[[list[str]], Sequence[str]]) -> dict[str, int]:
    """Where the wanted columns stand; one that is not there, or there twice, is an InputError."""
    places = {}
    for name in wanted(header):
        if header.count(name) > 1:
            raise InputError(
                f"there are {header.count(name)} columns {shown(name)}: rename all but one", line=1
            )
        if name not in header:
            said = ", ".join(map(shown, header[:8])) + (" …" if len(header) > 8 else "")
            raise InputError(
                f"no column {shown(name)}{nearest(name, header)}: the file has {said or 'none'}", line=1
            )
        places[name] = header.index(name)
    return places


def _chunk(rows: list[Any], lines: Array, places: dict[str, int], width: int, decimal: str = ".") -> Chunk:
    """The wanted cells of rows of text; blank rows are passed over."""
    sizes = np.fromiter(map(len, rows), np.int64, len(rows))
    odd = np.flatnonzero(sizes != width)
    broken = []
    if len(odd):
        good = sizes == width
        for place in odd.tolist():
            row = rows[place]
            if len(row) == width + 1 and not row[-1].strip():  # a separator at the end of every line
                good[place] = True
            elif any(cell.strip() for cell in row):
                broken.append(lines[place])
        rows = [row for row, kept in zip(rows, good.tolist(), strict=True) if kept]
        lines = lines[good]
    columns = {name: texts([row[place].strip() for row in rows]) for name, place in places.items()}
    return Chunk(columns, lines, np.array(broken, np.int64), decimal)


def texts(cells: list[str]) -> Array:
    """A column of text: an array of objects."""
    column = np.empty(len(cells), object)
    column[:] = cells
    return column


def _written(cell: Any) -> str:
    """A cell of a workbook or Parquet file as a CSV file would hold it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        return repr(cell.total_seconds())
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)


def _xlsx(path: Path, table: Table) -> Iterator[Chunk]:
    import openpyxl

    try:
        with warnings.catch_warnings(action="ignore"):  # openpyxl's, on what it leaves out of a workbook
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            names = book.sheetnames
            if table.sheet is not None and table.sheet not in names:
                raise InputError(f"no sheet {shown(table.sheet)}{nearest(table.sheet, names)}")
            sheet = book[table.sheet] if table.sheet is not None else book[names[0]]
            rows = ([_written(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
            header = list(table.header or [cell.strip() for cell in next(rows, [])])
            places = _places(header, table.wanted)
            start = 0 if table.header else 1
            while some := list(islice(rows, CHUNK)):
                numbers = np.arange(start + 1, start + 1 + len(some))
                start += len(some)
                yield _chunk(some, numbers, places, len(header))
    except InputError as problem:
        raise problem.at(file=str(path)) from None
    except Exception as problem:  # openpyxl raises whatever a damaged workbook leads it to
        remedy = "save it again as XLSX or CSV"
        raise InputError(f"a damaged workbook ({type(problem).__name__}): {remedy}", file=str(path)) from None


def _parquet(path: Path, table: Table) -> Iterator[Chunk]:
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-not-found]
    except ImportError:
        remedy = '"pip install pyarrow" reads it, or save it as CSV'
        raise InputError(f"a Parquet file needs pyarrow: {remedy}", file=str(path)) from None
    try:
        file = parquet.ParquetFile(path)
        places = _places(list(file.schema_arrow.names), table.wanted)
        start = 0
        for batch in file.iter_batches(CHUNK, columns=list(places)):
            columns = {name: texts([_written(cell) for cell in batch[name].to_pylist()]) for name in places}
            numbers = np.arange(start + 1, start + 1 + batch.num_rows)
            start += batch.num_rows
            yield Chunk(columns, numbers, np.zeros(0, np.int64))
    except InputError as problem:
        raise problem.at(file=str(path)) from None
    except Exception as problem:  # pyarrow's errors have no common parent of their own
        remedy = "write it again, or save it as CSV"
        raise InputError(
            f"a damaged Parquet file ({type(problem).__name__}): {remedy}", file=str(path)
        ) from None
