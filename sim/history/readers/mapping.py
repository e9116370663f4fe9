"""The mapping file: which columns of a table hold what, and how they are written."""

import os
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any

from sim.errors import InputError, nearest, shown, under
from sim.history.contacts import MOMENTS, Outcome
from sim.history.moments import known_zone
from sim.scenario import units
from sim.scenario.source import read

KEYS = (
    "zone",
    "encoding",
    "separator",
    "sheet",
    "header",
    "stamps",
    "date",
    "queue",
    "contact",
    "columns",
    "outcome",
    "leave_out",
    "interval",
    "intervals",
)
DURATIONS = ("wait", "talk", "hold", "wrap")
FIELDS = ("queue", "customer", "agent", "class", *MOMENTS, *DURATIONS)
NAMED = ("queue", "class")  # whose cells may be given other names
COUNTS = ("offered", "answered", "abandoned", "within")
MEANS = ("handle", "talk", "wrap", "wait")
TIMES = (*MEANS, *(f"total_{name}" for name in MEANS))
INTERVAL_FIELDS = ("queue", "channel", "start", "length", *COUNTS, *TIMES)
DAY_CLOCKS = ("seconds of the day", "time of day")
STAMPS = ("iso", "unix", "unix ms", *DAY_CLOCKS)


@dataclass(frozen=True)
class Column:
    """A column: cells that mean "not known", the column to read instead where it is not, and cells to be renamed."""

    column: str
    unknown: frozenset[str] = frozenset(("",))
    otherwise: str | None = None
    values: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeaveOut:
    """Rows to leave out: those in which all these columns hold one of these texts."""

    why: str
    when: Dict[str, frozenset[str]]


@dataclass(frozen=True)
class Mapping:
    """What a mapping file says; see docs/history.md. `columns` is of contacts or, with `intervals`, of intervals."""

    columns: Dict[str, Column]
    intervals: bool = False
    interval: float | None = None  # seconds
    zone: str | None = None
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    header: tuple[str, ...] | None = None
    stamps: str = "iso"
    date: str | None = None
    date_pattern: str | None = None
    queue: str = ""
    contact: str | None = None
    outcome: str | None = None
    outcomes: Dict[str, Outcome] = field(default_factory=dict)
    leave_out: tuple[LeaveOut, ...] = ()

    def wanted(self) -> list[str]:
        """Every column that is read, once."""
        names = [name for one in self.columns.values() for name in (one.column, one.otherwise)]
        names += [
            self.date,
            self.contact,
            self.outcome,
            *(name for rule in self.leave_out for name in rule.when),
        ]
        return list(dict.fromkeys(name for name in names if name is not None))


def read_mapping(path: str | os.PathLike[str]) -> Mapping:
    """Read a mapping file (YAML or JSON); InputError, one sentence with file and line, for the first thing wrong."""
    source = read(path)
    try:
        return mapping_from(source.data)
    except InputError as error:
        raise error.at(file=source.file, line=source.line_at(error.path) if error.path else None) from None


def mapping_from(data: Dict[str, Any]) -> Mapping:
    """A mapping from plain data, as the file holds it."""
    _only(data, KEYS)
    if ("columns" in data) == ("intervals" in data):
        raise InputError('needs "columns", of contacts, or "intervals": say which column holds what')
    part = "intervals" if "intervals" in data else "columns"
    with under(part):
        columns = _columns(data[part], INTERVAL_FIELDS if part == "intervals" else FIELDS)
    with under("outcome"):
        outcome, outcomes = _outcome(data.get("outcome"))
    with under("leave_out"):
        leave_out = tuple(_rule(number, rule) for number, rule in enumerate(_list(data.get("leave_out"))))
    with under("date"):
        date = _map(data["date"], ("column", "pattern")) if "date" in data else {}
    mapping = Mapping(
        columns,
        intervals=part == "intervals",
        interval=_interval(data.get("interval")),
        zone=_zone(data.get("zone")),
        encoding=_text(data, "encoding"),
        separator=_separator(data),
        sheet=_text(data, "sheet"),
        header=_header(data.get("header")),
        stamps=_stamps(data.get("stamps", "iso")),
        date=_text(date, "column"),
        date_pattern=_text(date, "pattern"),
        queue=_text(data, "queue") or "",
        contact=_text(data, "contact"),
        outcome=outcome,
        outcomes=outcomes,
        leave_out=leave_out,
    )
    _fits(mapping)
    return mapping


def _fits(mapping: Mapping) -> None:
    """What no single key can see."""
    needed = "start" if mapping.intervals else "arrived"
    if needed not in mapping.columns:
        raise InputError(f"{needed} is missing: name the column of the moment", path=_part(mapping))
    if "queue" not in mapping.columns and not mapping.queue:
        raise InputError(
            'queue is missing: name its column, or give all rows one with "queue: NAME" at the top'
        )
    if (mapping.stamps in DAY_CLOCKS) != (mapping.date is not None):
        needs = "needs date, the column of the day" if mapping.date is None else "does not go with date"
        raise InputError(f"{shown(mapping.stamps)} {needs}", path="stamps")
    if mapping.intervals and mapping.interval is None and "length" not in mapping.columns:
        raise InputError(
            'the length of intervals is missing: write "interval: 30 min" or name the column of length'
        )
    twice = [name for name in MEANS if {name, f"total_{name}"} <= set(mapping.columns)]
    if twice:
        raise InputError(f"give {twice[0]} (a mean) or total_{twice[0]}, not both", path="intervals")
    if (
        "wait" in mapping.columns
        and not mapping.intervals
        and not mapping.outcome
        and "answered" not in mapping.columns
    ):
        raise InputError(
            "wait does not say how it ended: give outcome, or the column of answered", path="columns"
        )


def _part(mapping: Mapping) -> str:
    return "intervals" if mapping.intervals else "columns"


def _columns(data: Any, fields: tuple[str, ...]) -> dict[str, Column]:
    _only(data, fields)
    found = {}
    for name, value in data.items():
        with under(name):
            spec = _map(value, ("column", "unknown", "otherwise", *(("values",) if name in NAMED else ())))
            unknown = frozenset(("", *_texts(spec.get("unknown", []))))
            found[name] = Column(
                _text(spec, "column") or "", unknown, _text(spec, "otherwise"), _values(spec)
            )
            if not found[name].column:
                raise InputError("column is missing: name one of the file")
    return found


def _values(spec: Dict[str, Any]) -> dict[str, str]:
    """Cells and the names to give them."""
    values = spec.get("values", {})
    with under("values"):
        if not isinstance(values, dict):
            raise InputError(
                f"{shown(values)} is no mapping: write {{cell: name}}, as in {{1: regular, 2: priority}}"
            )
        named = {_scalar(key): _scalar(value) for key, value in values.items()}
        if not all(named.values()):
            raise InputError("a name is missing: write {cell: name}, or list the cell under unknown")
    return named


def _outcome(data: Any) -> tuple[str | None, dict[str, Outcome]]:
    if data is None:
        return None, {}
    _only(data, ("column", "values"))
    kinds = {kind.name.lower(): kind for kind in Outcome}
    values = data.get("values")
    if not data.get("column") or not isinstance(values, dict) or not values:
        raise InputError(
            "needs column and values, as in {column: result, values: {OK: answered, GONE: abandoned}}"
        )
    for value in values.values():
        if not isinstance(value, str) or value not in kinds:
            said = f"unknown outcome {shown(value)}{nearest(value, kinds)}"
            raise InputError(f"{said}: use {', '.join(kinds)}", path="values")
    return _text(data, "column"), {_scalar(key): kinds[value] for key, value in values.items()}


def _rule(number: int, data: Any) -> LeaveOut:
    with under(f"[{number}]"):
        _only(data, ("why", "when"))
        when = data.get("when")
        if not isinstance(when, dict) or not when or not data.get("why"):
            raise InputError("needs why and when, as in {why: test calls, when: {queue: test}}")
        return LeaveOut(
            _text(data, "why") or "", {_scalar(key): frozenset(_texts(value)) for key, value in when.items()}
        )


def _only(data: Any, keys: tuple[str, ...] | list[str]) -> None:
    if not isinstance(data, dict):
        raise InputError(f"{shown(data)} is no mapping: write keys and values, of {', '.join(keys)}")
    for key in data:
        if key not in keys:
            raise InputError(f"unknown key{nearest(key, keys)}: use {', '.join(keys)}", path=str(key))


def _map(value: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    """A column by its name alone, or as a mapping."""
    if isinstance(value, dict):
        _only(value, keys)
        return value
    return {"column": value}


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    return [_scalar(item) for item in _list(value)] or [""] * (value is None)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value).strip()
    raise InputError(f"{shown(value)} is no text: put it in quotes")


def _text(data: Dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    with under(key):
        return _scalar(value)


def _separator(data: Dict[str, Any]) -> str | None:
    value = data.get("separator")
    if value is None or (isinstance(value, str) and len(value) == 1 and value not in '"\r\n'):
        return value
    raise InputError(f'{shown(value)} is not one sign: use ",", ";", "|" or "\\t"', path="separator")


def _header(value: Any) -> tuple[str, ...] | None:
    with under("header"):
        names = tuple(_scalar(name) for name in _list(value))
        if len(set(names)) < len(names):
            raise InputError("names a column twice: give every column its own name")
        return names or None


def _stamps(value: Any) -> str:
    if isinstance(value, str) and (value in STAMPS or "%" in value):
        return value
    remedy = f"use {', '.join(STAMPS)} or a pattern as %d/%m/%Y %H:%M:%S"
    raise InputError(f"unknown form {shown(value)}{nearest(value, STAMPS)}: {remedy}", path="stamps")


def _zone(value: Any) -> str | None:
    with under("zone"):
        return None if value is None else known_zone(value)


def _interval(value: Any) -> float | None:
    with under("interval"):
        if value is None:
            return None
        seconds = units.duration(value)
        if not 60 <= seconds <= 86_400:
            raise InputError(f"{shown(value)} is no interval: use 1 min to 24 h")
        return seconds
