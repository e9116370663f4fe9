"""Read JSON documents one record after the other, and put what formats make of them into columns."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.history.checks import Columns, contacts_from, joined
from sim.history.contacts import Contacts, Outcome
from sim.history.readers.sources import CHUNK, head, opened, texts
from sim.history.tally import Identities, Names, Tally, hashes

READ = 4_000_000  # characters
LONGEST = 500_000_000  # characters of one record or document
_GAP = re.compile(r"[\s,\[\]]*")
_START = re.compile(r"\n\s*[{]")
_BRACE = re.compile("[{]")
_TAIL = re.compile(r'\s*("[^"]*"\s*:\s*[^{\[]*)?[}\]]*\s*')
Json = dict[str, Any]


class Record(NamedTuple):
    """A contact as a format tells it; moments in Unix seconds, NaN and "" where it does not."""

    line: int
    key: str  # of two records with one key the last updated stands
    updated: float
    queue: str
    customer: str
    agent: str
    arrived: float
    joined: float
    answered: float
    talk_end: float
    wrap_end: float
    left: float
    outcome: Outcome


class Unusable(Exception):
    """A record that is no contact: the reason, and whether that is a fault of the file."""

    def __init__(self, reason: str, fault: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.fault = reason, fault


def contacts_of(
    path: Path,
    form: str,
    told: Callable[[Json], list[tuple[Any, ...]]],
    within: str,
    zone: str,
    keep: bool,
    encoding: str,
) -> Contacts:
    """The contacts of a JSON file, from what `told` says of each record (the fields of `Record` after `line`).

    Records stand on lines of their own, one after the other, in a list, or in a list under the key `within`.
    """
    tally = Tally(path.name, form)
    queues, agents, people = names = (Names(frozenset()), Names(), Identities(keep))
    try:
        records = _records(_objects(path, within, encoding, tally), told, tally)
        parts = []
        while some := list(islice(records, CHUNK)):
            parts.append(_columns(some, *names))
        columns = _last(joined(parts), tally) if parts else {}
        return contacts_from(columns, tally, zone, queues, agents, people)
    except InputError as problem:
        raise problem.at(file=str(path)) from None


def _records(
    objects: Iterable[tuple[Any, int]], told: Callable[[Json], list[tuple[Any, ...]]], tally: Tally
) -> Iterator[Record]:
    for record, line in objects:
        tally.rows += 1
        try:
            if not isinstance(record, dict):
                raise Unusable("that are no JSON objects", fault=True)
            for fields in told(record):
                yield Record(line, *fields)
        except Unusable as problem:
            tally.leave(problem.reason, line, fault=problem.fault)


def _columns(records: list[Record], queues: Names, agents: Names, people: Identities) -> Columns:
    columns = dict(zip(Record._fields, zip(*records, strict=True), strict=True))
    text = {name: texts(list(columns[name])) for name in ("key", "queue", "customer", "agent")}
    moments = ("updated", "arrived", "joined", "answered", "talk_end", "wrap_end", "left")
    return {
        **{name: np.array(columns[name], np.float64) for name in moments},
        "line": np.array(columns["line"], np.int64),
        "outcome": np.array(columns["outcome"], np.int8),
        "key": hashes(text["key"]),
        "queue": queues.codes(text["queue"]),
        "agent": agents.codes(text["agent"]),
        "customer": people.keys(text["customer"]),
    }


def _last(columns: Columns, tally: Tally) -> Columns:
    """Of records with one key the one updated last, the later in the file if two are as new."""
    key, updated = columns.pop("key"), columns.pop("updated")
    order = np.lexsort((np.arange(len(key)), np.nan_to_num(updated), key))
    stands = np.ones(len(key), bool)
    stands[order[:-1]] = key[order[1:]] != key[order[:-1]]
    tally.kept(stands, columns["line"], "delivered again later", fault=False)
    return {name: column[stands] for name, column in columns.items()}


def _objects(path: Path, within: str, encoding: str, tally: Tally) -> Iterator[tuple[Any, int]]:
    """Every record and the line on which it begins; text that is none is counted."""
    if not head(path).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        raise InputError('not JSON: a record begins with "{"')
    decode = json.JSONDecoder().raw_decode
    opening = re.compile(r'\s*\{\s*"' + re.escape(within) + r'"\s*:\s*\[')
    with opened(path, encoding) as stream:
        text, at, line, step = stream.read(READ), 0, 1, READ
        while True:
            start = _GAP.match(text, at).end()  # type: ignore[union-attr]  # matches nothing too
            wrapped = opening.match(text, start)
            start = wrapped.end() if wrapped else start
            line, at = line + text.count("\n", at, start), start
            if wrapped:
                continue
            whole = False
            if text.startswith("{", at):
                try:
                    record, end = decode(text, at)
                    held = record.get(within)
                    for item in held if isinstance(held, list) else [record]:
                        yield item, line
                    line, at, step = line + text.count("\n", at, end), end, READ
                    continue
                except (ValueError, RecursionError) as problem:
                    whole = not _unfinished(problem, len(text))
            more = "" if whole else stream.read(step)
            if more:
                if len(text) - at > LONGEST:
                    raise InputError("a record is longer than 500 MB: write one record a line", line=line)
                text, at, step = text[at:] + more, 0, 2 * step
            elif at < len(text):
                end = _next(text, at)
                if not _TAIL.fullmatch(text, at, end):
                    tally.rows += 1
                    tally.leave("that are no whole JSON records", line)
                line, at = line + text.count("\n", at, end), end
            else:
                return


def _unfinished(problem: Exception, length: int) -> bool:
    """Whether a record may only be cut off by the end of what was read so far."""
    at = getattr(problem, "pos", 0)
    return str(problem).startswith("Unterminated string") or at >= length - 16


def _next(text: str, at: int) -> int:
    """Where the next record may begin: at the next brace, after a line end if a broken record is to be passed over."""
    found = _START.search(text, at + 1) if text.startswith("{", at) else _BRACE.search(text, at)
    return found.end() - 1 if found else len(text)


def part(record: Json, *keys: str) -> Json:
    """An object within an object, {} where it is not there or something else."""
    for key in keys:
        inner = record.get(key)
        record = inner if isinstance(inner, dict) else {}
    return record


def items(record: Json, key: str) -> list[Json]:
    """The objects in a list of an object, [] where there are none."""
    inner = record.get(key)
    return [item for item in inner if isinstance(item, dict)] if isinstance(inner, list) else []


def text_of(record: Json, *keys: str) -> str:
    """The first of these keys that holds text, "" if none does."""
    for key in keys:
        if isinstance(record.get(key), str) and record[key]:
            return record[key]
    return ""


def moment_of(record: Json, key: str) -> float:
    """Unix seconds of a stamp in ISO 8601 (UTC if it names no zone) or Unix milliseconds; NaN where there is none."""
    stamp = record.get(key)
    if stamp is None or stamp == "":
        return math.nan
    try:
        if isinstance(stamp, str):
            moment = datetime.fromisoformat(stamp)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        if isinstance(stamp, int | float) and not isinstance(stamp, bool) and math.isfinite(stamp):
            return stamp / 1000
    except (ValueError, OverflowError):
        pass
    raise Unusable(f"with a {key} that cannot be read", fault=True)


def seconds_of(record: Json, key: str) -> float:
    """A duration in seconds, NaN where there is none."""
    told = record.get(key)
    if isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told < 1e9:
        return float(told)
    return math.nan


def either(first: float, second: float) -> float:
    """The first unless it is NaN."""
    return second if math.isnan(first) else first
