"""Recorded contacts in place of drawn ones: what `arrivals: {trace: …}` holds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema

from sim.errors import InputError, nearest, shown

COLUMNS = ("day", "arrived", "talk", "wrap", "wait", "hung_up", "attempt", "last")
MOST_SECONDS = 1e9
EARLIEST = 1e-6  # s; by which rounding may put a next attempt before the end of the one before


@dataclass(frozen=True, eq=False)
class Recorded:
    """The contacts of a queue as they were, one row each, by day and in order of arrival.

    All of one length. day: text, the name of the recorded day; arrived: s from opening; talk, wrap: s, NaN where
    unknown; wait: s until the agent or until it was over, NaN where unknown; hung_up: whether the wait is the
    patience, which else was longer; attempt: 1, or one more than that of the row above, which it then follows: the
    same customer's next attempt; last: whether it is known that no further attempt came. No row is a first contact
    out of order. days: the names of all recorded days in order, also of those without a contact.
    """

    day: np.ndarray
    arrived: np.ndarray
    talk: np.ndarray
    wrap: np.ndarray
    wait: np.ndarray
    hung_up: np.ndarray
    attempt: np.ndarray
    last: np.ndarray
    days: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recorded) or self.days != other.days:
            return False
        pairs = ((getattr(self, name), getattr(other, name)) for name in COLUMNS)
        return all(np.array_equal(a, b, equal_nan=a.dtype == np.float64) for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]

    def expected(self, intervals: int, interval: float) -> np.ndarray:
        """Mean number of first contacts in each interval, over the recorded days; float64 (intervals,)."""
        places = (self.arrived[self.attempt == 1] // interval).astype(np.int64)
        return np.bincount(places, minlength=intervals)[:intervals] / len(self.days)

    @property
    def end(self) -> float:
        """The last arrival, s from opening."""
        return float(self.arrived.max(initial=0.0))


def recorded(value: Any) -> Recorded:
    """The columns of a trace, as lists of one length with null where something is unknown, checked."""
    if not isinstance(value, Mapping):
        raise InputError(f"{shown(value)} is no trace; name a CSV or XLSX file")
    for key in value:
        if key not in (*COLUMNS, "days"):
            raise InputError(
                f"there is no column {shown(key)} of a trace{nearest(str(key), COLUMNS)}; use {', '.join(COLUMNS)}"
            )
        if not isinstance(value[key], list | tuple):
            raise InputError(f"{shown(value[key])} is not a list, one value for each contact", path=str(key))
    if not value.get("arrived"):
        raise InputError("the trace has no contacts; its column arrived says when each came, s from opening")
    count = len(value["arrived"])
    for key, column in value.items():
        if key != "days" and len(column) != count:
            raise InputError(f"the trace has {count} values of arrived and {len(column)} of {key}")
    day = [_name(cell) for cell in value.get("day") or ["1"] * count]
    days = tuple(sorted({_name(cell) for cell in value.get("days") or day}, key=day_order))
    if missing := set(day) - set(days):
        raise InputError(f"the trace has contacts of day {shown(min(missing))}, which is not one of its days")
    seconds = {key: _seconds(value, key, count) for key in ("arrived", "talk", "wrap", "wait")}
    hung_up, last = (_whole(value, key, count, 0, 1).astype(bool) for key in ("hung_up", "last"))
    attempt = _whole(value, "attempt", count, 1, 1000)
    found = Recorded(
        np.array(day, dtype=object), **seconds, hung_up=hung_up, attempt=attempt, last=last, days=days
    )
    _check(found)
    return _in_order(found)


def day_order(day: str) -> tuple[int, str]:
    """What sorts the names of days: numbers by size, dates by time."""
    return (len(day), day) if day.isdigit() else (0, day)


def _name(cell: Any) -> str:
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


def _seconds(value: Mapping[str, Any], key: str, count: int) -> np.ndarray:
    """A column of seconds, NaN where there is none."""
    try:
        column = np.array(
            [math.nan if x is None else x for x in value.get(key) or [None] * count], dtype=np.float64
        )
    except (TypeError, ValueError):
        raise InputError(f"the trace's column {key} holds something that is no number") from None
    wrong = (
        ~(np.isnan(column) | (column <= MOST_SECONDS))
        | (column < 0)
        | (np.isnan(column) if key == "arrived" else False)
    )
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"contact {row + 1} of the trace: {key} is {column[row]:g}; give seconds, from 0 to {MOST_SECONDS:.0e}"
        )
    return column


def _whole(value: Mapping[str, Any], key: str, count: int, least: int, most: int) -> np.ndarray:
    cells = [least if x is None else x for x in value.get(key) or [least] * count]
    for row, cell in enumerate(cells):
        if not (isinstance(cell, int | float) and float(cell).is_integer() and least <= cell <= most):
            raise InputError(
                f"contact {row + 1} of the trace: {key} is {shown(cell)}; give a whole number from {least} to {most}"
            )
    return np.array(cells, dtype=np.int64)


def _check(r: Recorded) -> None:
    """Refuse hang-ups without a wait, and next attempts that cannot follow the row above."""
    if (wrong := r.hung_up & np.isnan(r.wait)).any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(f"contact {row + 1} of the trace hung up, and has no wait; give it, or hung_up: 0")
    above = np.arange(r.attempt.size) - 1
    later = np.flatnonzero(r.attempt > 1)
    before = above[later]
    follows = (before >= 0) & (r.attempt[before] == r.attempt[later] - 1) & (r.day[before] == r.day[later])
    follows &= ~np.isnan(r.wait[before]) & ~r.last[before]
    follows &= r.arrived[later] > r.arrived[before] + np.nan_to_num(r.wait[before]) - EARLIEST
    if not follows.all():
        row = int(later[~follows][0])
        raise InputError(
            f"contact {row + 1} of the trace is attempt {r.attempt[row]}, and does not follow the one above it: "
            "that must be the same customer's, one attempt lower, of the same day, over by then, and not the last"
        )


def _in_order(r: Recorded) -> Recorded:
    """By day and arrival of the first attempt, the next attempts behind it."""
    first = np.maximum.accumulate(np.where(r.attempt == 1, np.arange(r.attempt.size), 0))
    number = {name: place for place, name in enumerate(r.days)}
    day = np.array([number[name] for name in r.day], dtype=np.int64)
    order = np.lexsort((r.attempt, first, r.arrived[first], day))
    return replace(r, **{name: getattr(r, name)[order] for name in COLUMNS})


Trace = Annotated[
    Any,
    BeforeValidator(recorded),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"file": {"type": "string"}, "sheet": {"type": "string"}},
                },
                {
                    "type": "object",
                    "properties": {name: {"type": "array"} for name in (*COLUMNS, "days")},
                },
            ],
            "description": "recorded contacts: a CSV or XLSX file, or its columns",
        }
    ),
]
