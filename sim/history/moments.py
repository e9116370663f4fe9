"""Time stamps of logs: zones, daylight saving, whole seconds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from sim.errors import InputError, nearest, shown

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

QUARTERS = 130 * 366 * 96  # of 1970 to 2100
QUARTER = 900  # seconds: since 1972 every zone changes its clocks on a quarter of an hour of UTC
DAY = 86_400
EPOCH_DAY = datetime(1970, 1, 1).toordinal()
FIRST_YEAR = 1990  # earlier stamps are taken for mistakes
BACKWARDS = 1800  # seconds: a clock that falls so far behind the rows before it was set back


def known_zone(name: str) -> str:
    """The name of a zone in the IANA data base, as it was given; anything else is an InputError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):  # not there, no name at all, a folder of the data base
        meant = nearest(name, available_timezones())
        raise InputError(
            f"unknown time zone {shown(name)}{meant}: give an IANA name, as Europe/Paris"
        ) from None
    return name


def offsets(moments: Floats, zone: str) -> Floats:
    """Seconds that the local clock is ahead of UTC at each moment (Unix seconds): float64, 0 where NaN."""
    local = ZoneInfo(zone)
    return _by_quarter(moments, lambda quarter: datetime.fromtimestamp(quarter, UTC).astimezone(local))


def _by_quarter(moments: Floats, local: Callable[[int], datetime]) -> Floats:
    """The offset from UTC of the local time that begins each quarter of an hour (seconds since 1970), by moment.

    Only quarters that occur are asked for, each once; 0 where a moment is NaN or not between 1970 and 2100.
    """
    quarter = np.floor(moments / QUARTER)
    place = np.where((quarter >= 0) & (quarter < QUARTERS), quarter, QUARTERS).astype(np.int32)
    del quarter
    there = np.zeros(QUARTERS + 1, bool)
    there[place] = True
    table = np.zeros(QUARTERS + 1)
    for number in np.flatnonzero(there[:QUARTERS]).tolist():
        ahead = local(number * QUARTER).utcoffset()
        table[number] = 0.0 if ahead is None else ahead.total_seconds()
    return table[place]


def local_days_and_seconds(moments: Floats, zone: str) -> tuple[Ints, Floats]:
    """Local date ordinals (int64) and seconds since local midnight (float64) of Unix seconds without NaN."""
    wall = moments + offsets(moments, zone)
    days = np.floor(wall / DAY)
    return days.astype(np.int64) + EPOCH_DAY, wall - days * DAY


def bounds() -> tuple[float, float]:
    """The Unix seconds between which stamps are believed: from 1990 to the end of next year."""
    end = datetime(datetime.now(UTC).year + 2, 1, 1, tzinfo=UTC)
    return datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp(), end.timestamp()


def from_text(texts: npt.NDArray[Any], pattern: str | None = None) -> tuple[Floats, bool]:
    """Seconds since 1970 of date and time in ISO 8601 or by a strptime pattern; NaN where it cannot be read.

    Also whether the texts name their zone, so that the seconds are UTC and not those of the clock on the wall;
    a column that names it here and there is an InputError.
    """
    import pandas as pd

    column = pd.Series(texts, dtype=object)
    if pattern is None:
        aware = np.fromiter(map(_names_zone, texts), bool, len(texts))
    else:
        aware = np.full(len(texts), re.search(r"%[zZ]", pattern) is not None)
    blank = (column == "").to_numpy(bool)
    if aware.any() and not (aware | blank).all():
        place = int(np.flatnonzero(~(aware | blank))[0])
        raise InputError(
            f"some stamps name their zone and others do not, as {shown(texts[place])}: write all of them alike"
        )
    read = pd.to_datetime(column, format=pattern or "ISO8601", utc=True, errors="coerce")
    stamps = read.to_numpy("datetime64[us]")
    seconds = stamps.astype(np.int64) / 1e6
    seconds[np.isnat(stamps)] = np.nan
    return seconds, bool(aware.any())


def _names_zone(stamp: str) -> bool:
    """Whether a stamp ends in Z, +02:00, +0200 or +02; a date alone does not."""
    if len(stamp) <= 10:
        return False
    colon = stamp[-6] in "+-" and stamp[-3] == ":"
    return stamp[-1] in "Zz" or colon or (stamp[-5] in "+-" and stamp[-4:].isdigit()) or stamp[-3] in "+-"


def times_of_day(texts: npt.NDArray[Any]) -> Floats:
    """Seconds since midnight of "8:05", "08:05:10" or "08:05:10.5": float64, NaN where it cannot be read."""
    import pandas as pd

    parts = pd.Series(texts, dtype=object).str.extract(r"^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$")
    hours, minutes, seconds = (
        pd.to_numeric(parts[column]).to_numpy(np.float64, copy=True) for column in range(3)
    )
    seconds[np.isnan(seconds) & ~np.isnan(hours)] = 0
    told = hours * 3600 + minutes * 60 + seconds
    told[~((hours <= 24) & (minutes < 60) & (seconds < 61))] = np.nan
    return told


def numbers(texts: npt.NDArray[Any], decimal: str = ".") -> Floats:
    """Finite numbers: float64, NaN for anything else."""
    import pandas as pd

    column = pd.Series(texts, dtype=object)
    if decimal != ".":
        column = column.str.replace(decimal, ".", regex=False)
    read = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, copy=True)
    read[~np.isfinite(read)] = np.nan
    return read


def durations(texts: npt.NDArray[Any], decimal: str = ".") -> Floats:
    """Seconds of "95", "95.5" or "0:01:35": float64, NaN where it cannot be read or is negative."""
    import pandas as pd

    seconds = numbers(texts, decimal)
    rest = np.flatnonzero(np.isnan(seconds))
    parts = pd.Series(texts[rest], dtype=object).str.extract(r"^(\d{1,4}):([0-5]\d):([0-5]\d(?:\.\d+)?)$")
    hours, minutes, left = (
        pd.to_numeric(parts[column]).to_numpy(np.float64, copy=True) for column in range(3)
    )
    seconds[rest] = hours * 3600 + minutes * 60 + left
    seconds[seconds < 0] = np.nan
    return seconds


def first_and_second(wall: Floats, zone: str) -> tuple[Floats, Floats]:
    """The two moments (Unix seconds) that wall-clock seconds since 1970 may mean; one and the same all but always.

    They are an hour apart where the clocks were set back and that hour came twice. Where they were set forward and
    the hour never was, both are the moment an hour later by the wall: the second is then the smaller one.
    """
    local = ZoneInfo(zone)

    def at(quarter: int, fold: int) -> datetime:
        return datetime.fromtimestamp(quarter, UTC).replace(tzinfo=local, fold=fold)

    first = wall - _by_quarter(wall, lambda quarter: at(quarter, 0))
    second = _by_quarter(wall, lambda quarter: at(quarter, 1))
    np.subtract(wall, second, out=second)
    return first, second


def in_order(wall: Floats, zone: str) -> tuple[Floats, int, int]:
    """Moments (Unix seconds) of wall-clock stamps by rows as a log writes them, and how many are in doubt.

    In the hour that comes twice, rows are of the first time round until the clock falls back by half an hour, of the
    second from there on. Where it never falls back, which one is meant is not known: the first is taken, and
    counted. Counted last: stamps in the hour that the clocks leave out, which are read as an hour later.
    """
    first, second = first_and_second(wall, zone)
    twice = np.flatnonzero(second > first)
    doubtful = 0
    for change in np.split(twice, np.flatnonzero(np.diff(first[twice]) > 2 * DAY) + 1) if len(twice) else []:
        stamps = wall[change]
        fallen = np.flatnonzero(np.maximum.accumulate(stamps) - stamps > BACKWARDS)
        if len(fallen):
            later = change[fallen[0] :]
            first[later] = second[later]
        else:
            doubtful += len(change)
    skipped = int(np.count_nonzero(second < first))
    return first, doubtful, skipped


def not_before(wall: Floats, zone: str, earlier: Floats) -> Floats:
    """Moments of wall-clock stamps that follow `earlier` ones: in the hour that comes twice, the one that does."""
    first, second = first_and_second(wall, zone)
    return np.where((first < earlier - 1) & (second > first), second, first)
