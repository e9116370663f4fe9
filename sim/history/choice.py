"""Which part of a log is looked at: queues, days, hours, as a user writes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sim.errors import InputError, shown
from sim.scenario import units
from sim.scenario.units import DAY


@dataclass(frozen=True)
class Choice:
    """What of a log to look at, and on which grid.

    queues: names, None for all. weekdays: days (0 Monday) pooled into one scenario of a day, None for a scenario of a
    week. since, until: dates, both included; without: dates left out. hours: seconds from midnight, None to go by the
    volumes. interval: s. shortest: s; talks below are left out, and their contacts with them. keep_gaps: whether days
    on which the log was silent for long are kept.
    """

    queues: tuple[str, ...] | None = None
    weekdays: tuple[int, ...] | None = None
    since: date | None = None
    until: date | None = None
    without: tuple[date, ...] = ()
    hours: tuple[float, float] | None = None
    interval: float = 1800.0
    shortest: float = 0.0
    keep_gaps: bool = False


def read_choice(
    *,
    queues: Sequence[str] | None = None,
    days: str | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    without: Sequence[str | date] = (),
    hours: str | None = None,
    interval: str | float = "30 min",
    shortest: str | float = "0 s",
    keep_gaps: bool = False,
) -> Choice:
    """A choice as users write one: "mon-thu", "2026-03-31", "08:00-20:00", "30 min"; InputError names the key."""
    every_day = days is None or days == "all"
    first, last = _read("since", since, _date), _read("until", until, _date)
    if first and last and last < first:
        raise InputError(
            f"{last.isoformat()} is before {first.isoformat()}; give the later date", path="until"
        )
    return Choice(
        queues=None if queues is None else tuple(queues),
        weekdays=None if every_day else _read("days", days, units.weekdays),
        since=first,
        until=last,
        without=tuple(_read("without", one, _date) for one in without),
        hours=_read("hours", hours, _hours),
        interval=_read("interval", interval, _interval),
        shortest=_read("shortest", shortest, _seconds),
        keep_gaps=keep_gaps,
    )


def _read(key: str, value: Any, parse: Callable[[Any], Any]) -> Any:
    """A value read, None as it is; errors name the key."""
    if value is None:
        return None
    try:
        return parse(value)
    except InputError as error:
        raise error.at(path=key) from None


def _date(value: str | date) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(f"{shown(value)} is not a date: write one as 2026-03-31") from None


def _hours(value: Any) -> tuple[float, float]:
    start, end = units.span(value)
    if end < start:
        raise InputError(f"{shown(value)} runs over midnight: give hours of one day, such as 00:00-24:00")
    return start, end


def _interval(value: Any) -> float:
    seconds = _seconds(value)
    if seconds < 60 or abs(DAY / seconds - round(DAY / seconds)) > 1e-9:
        raise InputError(
            f"{shown(value)} does not divide a day into intervals of 1 min or more, as 15 min or 1 h do"
        )
    return seconds


def _seconds(value: Any) -> float:
    return (
        float(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else units.duration(value)
    )
