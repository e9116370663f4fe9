"""Read any table (CSV, XLSX, Parquet) with one row a contact, as a mapping file says."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import InputError, shown
from sim.history.checks import COURSE, Columns, contacts_from, joined, say_daylight_saving
from sim.history.contacts import MOMENTS, Contacts, Outcome
from sim.history.moments import DAY, durations, in_order, not_before
from sim.history.readers.mapping import DURATIONS, Mapping
from sim.history.readers.rows import asked_for, cells_of, days_of, stamps_of
from sim.history.readers.sources import Chunk, Table, chunks, texts
from sim.history.tally import Identities, Names, Tally, hashes

Array = npt.NDArray[Any]
HALF_DAY = DAY / 2
UNSERVED = (Outcome.ABANDONED, Outcome.DIVERTED, Outcome.BLOCKED)
MOST_CLASSES = 50
TAKEN = (Outcome.ANSWERED, Outcome.TRANSFERRED)


def read(path: Path, mapping: Mapping, zone: str, keep: bool = False, encoding: str = "utf-8") -> Contacts:
    """The contacts of a table, one a row; InputError, with file and line, where it cannot be read.

    Stamps without a zone are meant in `zone`. `joined` is `arrived` where the mapping names no column for it. `wait`,
    `talk`, `hold` and `wrap` are seconds (or h:mm:ss) that follow the moment before them.
    """
    tally = Tally(path.name, "mapped")
    queues = Names(frozenset(()) if mapping.queue else frozenset(("",)))
    kinds = Names(frozenset(("",)))
    names = (queues, Names(), Identities(keep), kinds)
    table = Table(
        lambda header: mapping.wanted(),
        mapping.encoding or encoding,
        mapping.separator,
        mapping.header,
        mapping.sheet,
    )
    parts: list[Columns] = []
    by_wall: bool | None = None
    try:
        for chunk in chunks(path, table):
            tally.rows += len(chunk.lines) + len(chunk.broken)
            tally.leave("with a wrong number of cells", chunk.broken)
            columns, aware = _columns(chunk, mapping, tally, names)
            if len(columns["line"]) and aware is not None:
                if by_wall is not None and by_wall == aware:
                    raise InputError("some stamps name their zone and others do not: write all of them alike")
                by_wall = not aware
            parts.append(columns)
        columns = joined(parts)
        if not columns:
            tally.account(0)
        if len(kinds.names) > MOST_CLASSES:
            column, held = mapping.columns["class"].column, len(kinds.names)
            raise InputError(
                f"column {shown(column)} holds {held:,} names of classes, at most {MOST_CLASSES} make sense; name "
                "another column, or give several cells one name with values: {cell: name}"
            )
        for name, found in (("queue", queues), ("class", kinds)):
            _say_unmet(mapping, name, found, tally)
        _drop_copies(columns, tally)
        if by_wall:
            _to_utc(columns, zone, tally)
        _put_together(columns, mapping, tally)
        return contacts_from(columns, tally, zone, *names)
    except InputError as problem:
        raise problem.at(file=str(path)) from None


def _columns(
    chunk: Chunk, mapping: Mapping, tally: Tally, names: tuple[Names, Names, Identities, Names]
) -> tuple[Columns, bool | None]:
    """The columns of one chunk, and whether its stamps name their zone (None: there is none)."""
    cells, lines = asked_for(chunk, mapping, tally)
    found: Columns = {"line": lines.astype(np.int32)}
    good = np.ones(len(lines), bool)
    zoned: set[bool] = set()
    days = days_of(cells, mapping)
    for name in (*MOMENTS, *DURATIONS):
        if name not in mapping.columns:
            continue
        told = cells_of(cells, mapping.columns[name])
        if name in DURATIONS:
            read = durations(told, chunk.decimal)
        else:
            read, aware = stamps_of(told, mapping, days)
            if (told != "").any():
                zoned.add(aware)
        unread = np.isnan(read) & (told != "")
        good &= tally.kept(~unread | ~good, lines, f"with {name} that cannot be read")
        found[name] = read
    if len(zoned) > 1:
        raise InputError("some stamps name their zone and others do not: write all of them alike")
    queues, agents, people, kinds = names
    found["queue"] = queues.codes(
        cells_of(cells, mapping.columns["queue"])
        if "queue" in mapping.columns
        else texts([mapping.queue] * len(lines))
    )
    if "queue" in mapping.columns and not mapping.queue:
        good &= tally.kept((found["queue"] >= 0) | ~good, lines, "without a queue")
    if "agent" in mapping.columns:
        found["agent"] = agents.codes(cells_of(cells, mapping.columns["agent"]))
    if "customer" in mapping.columns:
        found["customer"] = people.keys(cells_of(cells, mapping.columns["customer"]))
    if "class" in mapping.columns:
        found["kind"] = kinds.codes(cells_of(cells, mapping.columns["class"])).astype(np.int16)
    if mapping.contact:
        found["contact"] = hashes(cells[mapping.contact])
    if mapping.outcome:
        found["outcome"] = _outcomes(cells[mapping.outcome], mapping)
    return {name: column[good] for name, column in found.items()}, (zoned.pop() if zoned else None)


def _say_unmet(mapping: Mapping, name: str, found: Names, tally: Tally) -> None:
    """Remark on names that no cell was given, as where 1 is written and 1.0 stands in the file."""
    values = mapping.columns[name].values if name in mapping.columns else {}
    unmet = [cell for cell, given in values.items() if given not in found.names]
    if unmet:
        tally.remark(
            f"Of the values of {name}, none of these stands in the file: {', '.join(map(shown, unmet))}."
        )


def _outcomes(told: Array, mapping: Mapping) -> Array:
    import pandas as pd

    places, found = pd.factorize(told)
    return np.array([mapping.outcomes.get(text, Outcome.UNKNOWN) for text in found.tolist()], np.int8)[places]


def _to_utc(columns: Columns, zone: str, tally: Tally) -> None:
    """Wall-clock moments into Unix seconds, in place; a moment half a day early belongs to the next day."""
    before = columns["arrived"]
    wall = before.copy()
    columns["arrived"], doubtful, skipped = in_order(before, zone)
    before = columns["arrived"]
    for name in (*COURSE[1:], "left"):
        if name not in columns:
            continue
        columns[name] = columns[name] + DAY * (columns[name] < wall - HALF_DAY)
        columns[name] = not_before(columns[name], zone, before)
        if name != "left":
            before = np.fmax(before, columns[name])
    say_daylight_saving(tally, doubtful, skipped)


def _put_together(columns: Columns, mapping: Mapping, tally: Tally) -> None:
    """Moments from durations, and the outcome; in place."""
    count = len(columns["arrived"])
    nothing = np.full(count, np.nan)
    columns.setdefault("joined", columns["arrived"].copy())
    wait, talk, hold, wrap = (columns.pop(name, None) for name in DURATIONS)
    answered, left = columns.get("answered", nothing), columns.get("left", nothing)
    if "outcome" not in columns:
        gone = ~np.isnan(left) if wait is None else ~(np.isnan(left) & np.isnan(wait))
        guess = np.where(gone, Outcome.ABANDONED, Outcome.UNKNOWN)
        columns["outcome"] = np.where(np.isnan(answered), guess, Outcome.ANSWERED).astype(np.int8)
        tally.remark("The mapping names no outcome: contacts without a moment of answer count as hung up.")
    outcome = columns["outcome"]
    nameless = outcome == Outcome.UNKNOWN
    tally.remark(
        "{} contacts have an outcome that the mapping does not name: those with a moment of answer were answered.",
        int(nameless.sum()),
    )
    outcome[nameless & ~np.isnan(answered)] = Outcome.ANSWERED
    taken, unserved = np.isin(outcome, TAKEN), np.isin(outcome, UNSERVED)
    tally.remark(
        "{} contacts have a moment of answer and an outcome without one: the outcome stands.",
        int(np.count_nonzero(unserved & ~np.isnan(answered))),
    )
    if wait is not None:
        answered = np.where(taken & np.isnan(answered), columns["joined"] + wait, answered)
        left = np.where(unserved & np.isnan(left), columns["joined"] + wait, left)
    columns["answered"] = np.where(unserved, np.nan, answered)
    columns["left"] = np.where(taken, np.nan, left)
    if talk is not None:
        talk_end = columns["answered"] + talk + (0 if hold is None else np.nan_to_num(hold))
        columns["talk_end"] = _first_known(columns.get("talk_end"), talk_end)
    if wrap is not None and "talk_end" in columns:
        columns["wrap_end"] = _first_known(columns.get("wrap_end"), columns["talk_end"] + wrap)
    for name in ("talk_end", "wrap_end"):
        if name in columns:
            columns[name][unserved] = np.nan


def _first_known(told: Array | None, made: Array) -> Array:
    return made if told is None else np.where(np.isnan(told), made, told)


def _drop_copies(columns: Columns, tally: Tally) -> None:
    """Leave out all but the last row of a contact, or, without a column that names it, of a known customer's."""
    import pandas as pd

    if "contact" in columns:
        again = pd.Series(columns.pop("contact")).duplicated(keep="last").to_numpy()
        reason = "of a contact that stands again later"
    elif "customer" in columns:
        again = columns["customer"] != 0
        some = pd.DataFrame({name: column[again] for name, column in columns.items() if name != "line"})
        again[again] = some.duplicated(keep="last").to_numpy()
        reason = "twice in the file (the customer and all else that is read)"
    else:
        return
    if again.any():
        kept = tally.kept(~again, columns["line"], reason, fault=False)
        for name in columns:
            columns[name] = columns[name][kept]
