"""Read the queue_log of Asterisk and FreePBX: the text file, and its table in a database (CSV dump or SQLite).

Events and their data: Asterisk, "Queue Logs", docs.asterisk.org/Operation/Logging/Queue-Logs; the table (time,
callid, queuename, agent, event, data1 … data5): the realtime family queue_log; JOINEMPTY and FULL: Wazo, "Queue logs".
"""

import csv
import io
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import InputError
from sim.history.checks import Columns, contacts_from, joined, say_daylight_saving
from sim.history.contacts import Contacts
from sim.history.moments import from_text, in_order, numbers
from sim.history.readers.sources import CHUNK, SQLITE, Table, chunks, head, opened, texts
from sim.history.readers.stays import COMPLETE, ENTER, EVENTS, TRANSFER, sensible, stays
from sim.history.tally import Identities, Names, Tally, hashes

Array = npt.NDArray[Any]
BLOCK = 8_000_000  # characters of text parsed at once
NO_CALL = ["", "NONE", "REALTIME", "MANAGER"]
"""Call ids that stand for no call."""
COLUMNS = ("time", "callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4")
WIDTH = len(COLUMNS)


_Names = tuple[Names, Names, Identities]  # of queues, agents and customers
Block = tuple[dict[str, Array], Array]  # the columns as text, and the line of each row


@dataclass
class _Aside:
    """Events that are no calls: how many of each, the first line, restarts, and rings that nobody answered."""

    counts: Counter[str]
    line: int | None
    restarts: list[float]
    rung: float  # milliseconds


def read(path: Path, zone: str, keep: bool = False, encoding: str = "utf-8") -> Contacts:
    """The contacts of a queue_log: one for every queue that a call enters.

    A call enters several queues when it overflows or is passed on; each stay is a contact of its own, the ones before
    the last DIVERTED. Stamps are Unix seconds in the text file; dates without a zone, as databases hold, are meant in
    `zone`. InputError, with file and line, where the file cannot be read.
    """
    tally = Tally(path.name, "asterisk")
    names = (Names(frozenset()), Names(), Identities(keep))
    try:
        events, restarts = _gathered(_blocks(path, encoding, tally), tally, zone, names)
        columns = stays(events, restarts, tally)
        del events
        order = np.argsort(
            columns.get("line", ()), kind="stable"
        )  # those of one second as they are in the file
        for name in columns:
            columns[name] = columns[name][order]
        return contacts_from(columns, tally, zone, *names)
    except InputError as problem:
        raise problem.at(file=str(path)) from None


def _blocks(path: Path, encoding: str, tally: Tally) -> Iterator[Block]:
    start = head(path)
    if start.startswith(SQLITE):
        return _from_sqlite(path, tally)
    if b"|" in start.split(b"\n", 1)[0]:
        return _from_text(path, encoding, tally)
    return _from_dump(path, encoding, tally)


def _from_text(path: Path, encoding: str, tally: Tally) -> Iterator[Block]:
    """Blocks of whole lines, split by pandas; a first line of bars alone tells it how many fields there may be."""
    import pandas as pd

    bars = "|" * (WIDTH - 1) + "\n"
    options: dict[str, Any] = {
        "sep": "|",
        "header": None,
        "names": list(COLUMNS),
        "usecols": list(range(WIDTH)),
        "dtype": object,
    }
    options |= {
        "quoting": csv.QUOTE_NONE,
        "na_filter": False,
        "skip_blank_lines": False,
        "lineterminator": "\n",
    }
    with opened(path, encoding, newline=None) as stream:
        start = 1
        while block := stream.read(BLOCK) + stream.readline():
            table = pd.read_csv(io.StringIO(bars + block), low_memory=False, **options).iloc[1:]
            columns = {name: table[name].to_numpy(object) for name in COLUMNS}
            lines = np.arange(start, start + len(table))
            start += len(table)
            blank = (columns["time"] == "") & (columns["event"] == "")
            tally.rows += int(np.count_nonzero(~blank))
            yield columns, lines


def _from_dump(path: Path, encoding: str, tally: Tally) -> Iterator[Block]:
    for chunk in chunks(path, Table(_wanted, encoding)):
        tally.rows += len(chunk.lines) + len(chunk.broken)
        tally.leave("with a wrong number of cells", chunk.broken)
        yield _as_now(chunk.columns), chunk.lines


def _wanted(header: list[str]) -> list[str]:
    old = (
        ["data"]
        if "data" in header and "data1" not in header
        else [name for name in COLUMNS[5:] if name in header]
    )
    return [*COLUMNS[:5], *old]


def _as_now(columns: dict[str, Array]) -> dict[str, Array]:
    """The columns under their names of today; tables of Asterisk before 1.8 hold all data in one."""
    if "data" in columns:
        data = [text.split("|") for text in columns.pop("data").tolist()]
        for place, name in enumerate(COLUMNS[5:]):
            columns[name] = texts([row[place] if len(row) > place else "" for row in data])
    blank = texts([""] * len(columns["time"]))
    return {name: columns.get(name, blank) for name in COLUMNS}


def _from_sqlite(path: Path, tally: Tally) -> Iterator[Block]:
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as base:
            header = [row[1] for row in base.execute("PRAGMA table_info(queue_log)")]
            if not header:
                raise InputError("the database has no table queue_log: name the one that Asterisk writes")
            missing = [name for name in COLUMNS[:5] if name not in header]
            if missing:
                raise InputError(
                    f"the table queue_log has no column {missing[0]}: it needs {', '.join(COLUMNS[:5])}"
                )
            names = _wanted(header)
            cursor = base.execute(f"SELECT {', '.join(names)} FROM queue_log ORDER BY rowid")
            start = 1
            while rows := cursor.fetchmany(CHUNK):
                tally.rows += len(rows)
                cells = zip(*rows, strict=True)
                columns = {
                    name: texts(list(map(_cell, column))) for name, column in zip(names, cells, strict=True)
                }
                yield _as_now(columns), np.arange(start, start + len(rows))
                start += len(rows)
    except sqlite3.Error as problem:
        raise InputError(f"cannot be read as a SQLite database ({problem}): name a whole one") from None


def _cell(cell: Any) -> str:
    return "" if cell is None else cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def _gathered(blocks: Iterable[Block], tally: Tally, zone: str, names: _Names) -> tuple[Columns, list[float]]:
    """The events of calls from all blocks, each once, by call and time; and when Asterisk was restarted."""
    aside = _Aside(Counter(), None, [], 0.0)
    parts: list[Columns] = []
    form = ""
    for columns, lines in blocks:
        given, told = columns["event"] != "", columns["time"] != ""
        tally.kept(given | ~told, lines, "with fewer than the five fields of an event")
        form = form or _form(columns["time"][given][:100])
        kinds = _kinds(columns["event"])
        _put_aside(columns, lines, given & (kinds < 0), form, aside)
        calls = kinds >= 0
        parts.append(_events({name: columns[name][calls] for name in columns}, kinds[calls], form, names))
        parts[-1]["line"] = lines[calls].astype(np.int32)
    _say_aside(aside, tally)
    events = joined(parts)
    if form == "wall":
        events["time"], doubtful, skipped = in_order(events["time"], zone)
        say_daylight_saving(tally, doubtful, skipped)
    return (sensible(events, tally) if events else events), aside.restarts


def _form(stamps: Array) -> str:
    """How stamps are written: "unix" seconds, or date and time of the "wall" or with their own zone ("utc")."""
    if not len(stamps):
        return ""
    if np.isnan(numbers(stamps)).mean() <= 0.5:
        return "unix"
    return "utc" if from_text(stamps)[1] else "wall"


def _kinds(names: Array) -> Array:
    """int8: the kind of each event, −1 for one that is of no call."""
    import pandas as pd

    places, found = pd.factorize(names)
    return np.array([EVENTS.get(name, -1) for name in found.tolist()], np.int8)[places]


def _events(columns: dict[str, Array], kinds: Array, form: str, names: _Names) -> Columns:
    """The events of calls of one block."""
    queues, agents, people = names
    talk = np.full(len(kinds), np.nan, np.float32)
    for kind, field in ((COMPLETE, "data2"), (TRANSFER, "data4")):
        talk[kinds == kind] = numbers(columns[field][kinds == kind])
    customer = np.zeros(len(kinds), np.uint64)
    customer[kinds == ENTER] = people.keys(columns["data2"][kinds == ENTER])
    call = hashes(columns["callid"])
    call[np.isin(columns["callid"], NO_CALL)] = 0
    return {
        "time": numbers(columns["time"]) if form == "unix" else from_text(columns["time"])[0],
        "call": call,
        "queue": queues.codes(columns["queuename"]),
        "agent": agents.codes(columns["agent"]),
        "event": kinds,
        "talk": talk,
        "customer": customer,
    }


def _put_aside(columns: dict[str, Array], lines: Array, none: Array, form: str, aside: _Aside) -> None:
    """Count the events of a block that are of no call, those where `none` holds."""
    events = columns["event"][none]
    if not len(events):
        return
    if aside.line is None:
        aside.line = int(lines[none][0])
    aside.counts.update(events.tolist())
    aside.rung += float(np.nansum(numbers(columns["data1"][none][events == "RINGNOANSWER"])))
    if form == "unix":
        aside.restarts += numbers(columns["time"][none][events == "QUEUESTART"]).tolist()


def _say_aside(aside: _Aside, tally: Tally) -> None:
    plain = [name for name in aside.counts if name.isascii() and name.isalnum() and len(name) < 30]
    often = sorted(plain, key=lambda name: (-aside.counts[name], name))
    most = ", ".join(f"{name} {aside.counts[name]:,}" for name in often[:5])
    more = ", …" if len(aside.counts) > len(often[:5]) else ""
    tally.leave(f"of other events ({most}{more})", aside.line, aside.counts.total(), fault=False)
    rings = aside.counts["RINGNOANSWER"]
    mean = aside.rung / max(rings, 1) / 1000
    tally.remark(f"Calls that rang at an agent who did not answer: {{}}, for {mean:.1f} s on average.", rings)
