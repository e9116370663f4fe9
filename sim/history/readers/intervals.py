"""Read counts by interval: Amazon Connect and Genesys imports, Calabrio's queue data, and any table by a mapping.

Amazon: Amazon Connect Administrator Guide, "Import historical data for forecasting" (AverageHandleTime is a mean).
Genesys: Genesys Cloud Resource Center, "Prepare the historical data import .csv file" (Total Handle Time is a total).
Calabrio: "Queue data file format" of Calabrio WFM, formerly Teleopti: 21 fields without a header; durations are totals.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import InputError, nearest, shown, under
from sim.history.checks import joined, say_daylight_saving
from sim.history.intervals import Intervals
from sim.history.moments import (
    FIRST_YEAR,
    bounds,
    durations,
    in_order,
    known_zone,
    numbers,
)
from sim.history.readers import INTERVAL_FORMATS, recognise
from sim.history.readers.mapping import COUNTS, MEANS, TIMES, Column, Mapping, read_mapping
from sim.history.readers.rows import asked_for, cells_of, days_of, stamps_of
from sim.history.readers.sources import Chunk, Table, chunks, texts
from sim.history.tally import Names, Tally

Array = npt.NDArray[Any]
Columns = dict[str, Array]
QUARTER_HOUR = 900.0
LENGTHS = r"^\s*(\d{1,4})\s*(?:mins?|minutes?|m)?\s*$"

CONNECT = Mapping(
    {
        "queue": Column("QueueName"),
        "channel": Column("ChannelType"),
        "start": Column("TimeStamp"),
        "length": Column("IntervalDuration"),
        "offered": Column("IncomingContactVolume"),
        "handle": Column("AverageHandleTime"),
        "answered": Column("ContactsHandled"),
    },
    intervals=True,
)
GENESYS = Mapping(
    {
        "queue": Column("Queue"),
        "channel": Column("Media Type"),
        "start": Column("Interval Start UTC Date"),
        "offered": Column("Offered"),
        "answered": Column("Interactions Handled"),
        "total_handle": Column("Total Handle Time (Seconds)"),
    },
    intervals=True,
    interval=QUARTER_HOUR,
)
CALABRIO = Mapping(
    {
        "queue": Column("5", otherwise="4"),
        "start": Column("3"),
        "length": Column("1"),
        "offered": Column("6"),
        "abandoned": Column("8"),
        "answered": Column("10"),
        "within": Column("18"),
        "total_wait": Column("11"),
        "total_talk": Column("13"),
        "total_wrap": Column("14"),
    },
    intervals=True,
    header=tuple(str(number) for number in range(1, 22)),  # the fields by number, as in its manual
    stamps="time of day",
    date="2",
    date_pattern="%Y%m%d",
)
KNOWN = dict(zip(INTERVAL_FORMATS[:3], (CONNECT, GENESYS, CALABRIO), strict=True))


def read_intervals(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    mapping: str | os.PathLike[str] | None = None,
    zone: str | None = None,
    encoding: str = "utf-8",
) -> Intervals:
    """Counts and mean times by queue and interval, in order of time; InputError, one sentence, for anything wrong.

    format: one of INTERVAL_FORMATS, found from the file by default. mapping: a YAML file with `intervals`. zone: as
    for `read_log`. Rows of one queue and interval are added up, means weighted by the contacts answered.
    """
    place = Path(path)
    said = None if mapping is None else read_mapping(mapping)
    form = format or ("mapped intervals" if said is not None else recognise(place))
    if form not in INTERVAL_FORMATS:
        known = form in ("asterisk", "connect", "genesys", "mapped")
        why = "holds contacts: use read_log, or give a mapping with intervals" if known else ""
        raise InputError(
            why
            or f"unknown format {shown(form)}{nearest(form, INTERVAL_FORMATS)}: use {', '.join(INTERVAL_FORMATS)}",
            file=str(path),
        )
    if said is None and form == "mapped intervals":
        raise InputError(
            "a table needs a mapping that says which column holds what: give one", file=str(path)
        )
    if said is not None and not said.intervals:
        raise InputError("the mapping has columns of contacts: give one with intervals", file=str(mapping))
    chosen = said if said is not None else KNOWN[form]
    with under("zone"):
        where = known_zone(zone or chosen.zone or "UTC")
    tally = Tally(place.name, form)
    try:
        return _intervals(place, chosen, where, tally, chosen.encoding or encoding)
    except InputError as problem:
        raise problem.at(file=str(path)) from None


def _intervals(path: Path, mapping: Mapping, zone: str, tally: Tally, encoding: str) -> Intervals:
    queues = Names(frozenset(("",)))
    parts: list[Columns] = []
    forms: set[bool] = set()
    fitted = mapping

    def wanted(header: list[str]) -> list[str]:
        nonlocal fitted
        fitted = _fitted(mapping, header)
        return fitted.wanted()

    for chunk in chunks(path, Table(wanted, encoding, mapping.separator, mapping.header, mapping.sheet)):
        tally.rows += len(chunk.lines) + len(chunk.broken)
        tally.leave("with a wrong number of cells", chunk.broken)
        columns, aware = _columns(chunk, fitted, tally, queues)
        forms.add(aware)
        parts.append(columns)
    columns = joined(parts)
    if not columns or not len(columns["start"]):
        tally.account(0, "interval")
    if len(forms) > 1:
        raise InputError("some stamps name their zone and others do not: write all of them alike")
    if not forms.pop():
        _, doubtful, skipped = in_order(columns["start"], zone)
        columns["start"] = _by_queue(columns, zone)
        say_daylight_saving(tally, doubtful, skipped)
    earliest, latest = bounds()
    dated = (columns["start"] >= earliest) & (columns["start"] < latest)
    tally.kept(dated, columns["line"], f"with a date before {FIRST_YEAR} or after next year")
    return _summed({name: column[dated] for name, column in columns.items()}, queues, zone, tally)


def _fitted(mapping: Mapping, header: list[str]) -> Mapping:
    """Genesys' sample names the total of seconds in two ways."""
    short = "Total Handle Time"
    if mapping is GENESYS and short in header:
        return replace(mapping, columns={**mapping.columns, "total_handle": Column(short)})
    return mapping


def _columns(chunk: Chunk, mapping: Mapping, tally: Tally, queues: Names) -> tuple[Columns, bool]:
    """The columns of one chunk as numbers, and whether its stamps name their zone."""
    cells, lines = asked_for(chunk, mapping, tally)
    spec = mapping.columns
    good = np.ones(len(lines), bool)

    def told(name: str) -> Array:
        return cells_of(cells, spec[name])

    found: Columns = {"line": lines.astype(np.int64)}
    start, aware = stamps_of(told("start"), mapping, days_of(cells, mapping))
    found["start"] = start
    good &= tally.kept(~np.isnan(start) | ~good, lines, "with start that cannot be read")
    if "length" in spec:
        found["length"] = _lengths(told("length"))
        good &= tally.kept(~np.isnan(found["length"]) | ~good, lines, "with length that cannot be read")
    else:
        found["length"] = np.full(len(lines), mapping.interval)
    for name in (*COUNTS, *TIMES):
        if name not in spec:
            continue
        text = told(name)
        found[name] = (durations if name in TIMES else numbers)(text, chunk.decimal)
        bad = (np.isnan(found[name]) & (text != "")) | (found[name] < 0)
        good &= tally.kept(~bad | ~good, lines, f"with {name} that cannot be read")
    names = told("queue") if "queue" in spec else texts([mapping.queue] * len(lines))
    if "channel" in spec:
        kinds = told("channel")
        plain = np.isin(kinds, ["", "VOICE", "Voice", "voice"])
        names = np.where(plain, names, names + " (" + kinds + ")")
    found["queue"] = queues.codes(names)
    good &= tally.kept((found["queue"] >= 0) | ~good, lines, "without a queue")
    return {name: column[good] for name, column in found.items()}, aware


def _lengths(told: Array) -> Array:
    """Seconds of "15mins", "30" (minutes) or "daily"."""
    import pandas as pd

    column = pd.Series(told, dtype=object)
    minutes = pd.to_numeric(column.str.extract(LENGTHS)[0], errors="coerce").to_numpy(np.float64, copy=True)
    minutes[(column.str.lower() == "daily").to_numpy(bool)] = 1440
    minutes[(minutes <= 0) | (minutes > 1440)] = np.nan
    return minutes * 60


def _by_queue(columns: Columns, zone: str) -> Array:
    """Unix seconds of starts by the wall, queue by queue, as the order of rows tells the hour that comes twice."""
    start = np.empty(len(columns["start"]))
    for queue in np.unique(columns["queue"]):
        rows = columns["queue"] == queue
        start[rows] = in_order(columns["start"][rows], zone)[0]
    return start


def _summed(columns: Columns, queues: Names, zone: str, tally: Tally) -> Intervals:
    """One row for each queue and interval; rows that say the same twice count once, others are added up."""
    import pandas as pd

    table = pd.DataFrame({name: column for name, column in columns.items() if name != "line"})
    again = table.duplicated().to_numpy()
    tally.kept(~again, columns["line"], "twice in the file", fault=False)
    table = table[~again]
    weight = table["answered"] if "answered" in table else table.get("offered")
    for name in MEANS:
        if name in table:
            table[f"total_{name}"] = table.pop(name) * (1.0 if weight is None else weight)
    summed = (
        table.groupby(["queue", "start", "length"])
        .sum(min_count=1)
        .reset_index()
        .sort_values(["start", "queue"])
    )
    tally.remark("{} rows were added to others of the same queue and interval.", len(table) - len(summed))
    account = tally.account(len(summed), "interval")

    def column(name: str) -> Array:
        return summed[name].to_numpy(np.float64) if name in summed else np.full(len(summed), np.nan)

    by = "answered" if "answered" in summed else "offered"
    count = column(by) if by in summed else np.ones(len(summed))
    with np.errstate(divide="ignore", invalid="ignore"):
        means = {name: np.where(count > 0, column(f"total_{name}") / count, np.nan) for name in MEANS}
    for name in ("handle", "talk"):
        nothing = means[name] == 0  # a file without these times holds 0
        means[name][nothing] = np.nan
    if np.isnan(means["handle"]).all():
        means["handle"] = means["talk"] + np.nan_to_num(means["wrap"])
    counts = {name: column(name) for name in COUNTS}
    if np.isnan(counts["offered"]).all():
        counts["offered"] = counts["answered"] + counts["abandoned"]
    queue, start, length = summed["queue"].to_numpy(np.int32), column("start"), column("length")
    return Intervals(queue, start, length, **counts, **means, queues=queues.names, zone=zone, account=account)
