"""The clock and the days of the week laid over the horizon: the grid, values by interval, opening hours."""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from sim.errors import InputError, shown
from sim.scenario import units
from sim.scenario.units import DAY, Days

MOST_INTERVALS = 100_000

GRID_KEYS = ("opens", "closes", "length", "days", "starts", "interval")
Span = tuple[float, float]
Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Grid:
    """Intervals of equal length from opening to the horizon.

    opens: seconds from midnight; interval: seconds; count: number of intervals; starts: the weekday of opening,
    0 for Monday, None where the scenario does not say. A calendar day begins at midnight, day 0 is that of opening.
    """

    opens: float
    interval: float
    count: int
    starts: int | None = None

    @property
    def horizon(self) -> float:
        """Seconds from opening to the end of the last interval."""
        return self.interval * self.count

    @property
    def round_the_clock(self) -> bool:
        """Whether every moment of a day comes up: what runs over its ends is then cut off there."""
        return self.horizon >= DAY

    def label(self, index: int) -> str:
        """The clock time at which an interval starts, after its weekday in scenarios of several days."""
        moment = self.opens + index * self.interval
        if self.starts is None or not DAY < self.horizon <= 7 * DAY:
            return units.say_clock(moment)
        day = int(moment // DAY)
        return f"{units.say_weekdays([self.weekday(day)])} {units.say_clock(moment - day * DAY)}"

    def weekday(self, day: int) -> int:
        """The weekday of a calendar day."""
        if self.starts is None:
            raise InputError("weekdays need the one on which the horizon begins: add starts: monday")
        return (self.starts + day) % 7

    def days(self, which: Days, what: str) -> list[int]:
        """The calendar days of these weekdays, from the day before opening to the last one of the horizon."""
        if which is not None and self.starts is None:
            raise InputError(
                f"{what} names a weekday, and the scenario does not say on which one it begins: "
                "add starts: monday"
            )
        last = math.ceil((self.opens + self.horizon) / DAY)
        return [day for day in range(-1, last) if which is None or self.weekday(day) in which]

    def moments(self, which: Days, clock: float, what: str) -> list[float]:
        """Seconds from opening of a clock time on these weekdays, before opening and after the horizon too."""
        return [day * DAY + clock - self.opens for day in self.days(which, what)]

    def index_of(self, clock: float, what: str) -> int:
        """The boundary (0 … count) at a clock time; times before opening are of the next day."""
        return self.boundary(clock - self.opens if clock >= self.opens else clock + DAY - self.opens, what)

    def boundary(self, moment: float, what: str) -> int:
        """The boundary (0 … count) at a moment from opening on."""
        index = moment / self.interval
        if abs(index - round(index)) > 1e-9:
            raise InputError(f"{what} is not on the grid of intervals of {units.say_duration(self.interval)}")
        if round(index) > self.count:
            raise InputError(f"{what} is outside {self.said}")
        return round(index)

    @property
    def said(self) -> str:
        """The horizon in words."""
        if self.starts is not None and self.horizon > DAY:
            days = units.say_weekdays([self.starts])
            return (
                f"the horizon, {units.say_duration(self.horizon)} from {days} {units.say_clock(self.opens)}"
            )
        return f"the horizon, {units.say_clock(self.opens)} to {units.say_clock(self.opens + self.horizon)}"


def grid_of(document: Mapping[str, Any], model: Any) -> Grid:
    """The grid that `opens`, `closes`, `length` or `days`, `starts` and `interval` describe."""

    def read(key: str, parse: Any, otherwise: Any) -> Any:
        if document.get(key) is None:
            return otherwise
        try:
            return parse(document[key])
        except InputError as error:
            raise error.at(path=key) from None

    opens = read("opens", units.clock, 0.0)
    interval = read("interval", units.duration, model.model_fields["interval"].default)
    starts = read("starts", units.weekday, None)
    days = read("days", lambda value: units.number(value, least=1, most=3660, integer=True), None)
    closes, length = read("closes", units.clock, None), read("length", units.duration, None)
    if days is not None and not (closes is None and length is None):
        where = "closes" if length is None else "length"
        raise InputError(f"days says how long the scenario is: leave out {where}, or days", path=where)
    if days is None and (closes is None) == (length is None):
        raise InputError("give exactly one of closes and length", path="closes")
    if interval <= 0:
        raise InputError("the interval must be more than 0 s", path="interval")
    if days is not None:
        where, horizon = "days", days * DAY
    elif closes is not None:
        where, horizon = "closes", closes - opens + (DAY if closes < opens else 0.0)
    else:
        where, horizon = "length", length
    if horizon <= 0:
        raise InputError(
            "the day has no length; for one that runs round the clock write length: 24 h", path=where
        )
    count = horizon / interval
    if abs(count - round(count)) > 1e-9:
        said = f"{units.say_duration(horizon)} is not a whole number of intervals"
        raise InputError(f"{said} of {units.say_duration(interval)}; change {where} or interval", path=where)
    if round(count) > MOST_INTERVALS:
        raise InputError(
            f"{count:.3g} intervals are more than the {MOST_INTERVALS} that fit; make the interval longer",
            path="interval",
        )
    return Grid(opens, interval, round(count), starts)


def keys_by_interval(written: Mapping[str, Any], grid: Grid) -> list[Any]:
    """The key whose value holds in each interval: `{"08:00": 31, "mon 09:00": 44}` holds until the next key.

    Where two keys name one moment, the one for fewer days counts.
    """
    if not written:
        raise InputError(
            f'is empty; write a value for each time, as in {{"{units.say_clock(grid.opens)}": 10}}'
        )
    chosen: list[tuple[int, Any] | None] = [None] * grid.count
    for key in written:
        try:
            rank, indices = _starts_of(key, grid)
        except InputError as error:
            raise error.at(path=str(key)) from None
        for index in indices:
            there = chosen[index]
            if there is not None and there[0] == rank:
                raise InputError(f"{shown(key)} names a time that already has a value")
            if there is None or rank < there[0]:
                chosen[index] = rank, key
    if chosen[0] is None:
        raise InputError(f'nothing is said from opening on; add a value for "{units.say_clock(grid.opens)}"')
    last = chosen[0][1]
    return [last := last if place is None else place[1] for place in chosen]


def _starts_of(key: Any, grid: Grid) -> tuple[int, list[int]]:
    """How many days a key is for, and the intervals that start at its moments."""
    days, clock = units.day_clock(key)
    what = shown(key)
    if days is None and grid.index_of(clock, what) == grid.count:
        raise InputError(f"{what} is the end of the horizon, where no interval starts")
    found = [m for m in grid.moments(days, clock, what) if -1e-6 < m < grid.horizon - 1e-6]
    if not found:
        raise InputError(f"{what} is outside {grid.said}")
    return 7 if days is None else len(days), [grid.boundary(moment, what) for moment in found]


def span_indices(text: str, grid: Grid) -> list[int]:
    """The intervals of a span, "10:00-13:00" of every day or "mon-fri 10:00-13:00", in their order."""
    days, start, end = units.day_span(text)
    what = shown(text)
    if days is None and grid.horizon <= DAY:
        return list(_one_day(start, end, what, grid))
    length = end - start + (DAY if end < start else 0.0)
    found: set[int] = set()
    for moment in grid.moments(days, start, what):
        first, last = max(0.0, moment), min(grid.horizon, moment + length)
        if first < last:
            low, high = (
                grid.boundary(m, f"the {side} of {what}") for m, side in ((first, "start"), (last, "end"))
            )
            found |= set(range(low, high))
    if not found:
        raise InputError(f"the span {what} is outside {grid.said}")
    return sorted(found)


def _one_day(start: float, end: float, what: str, grid: Grid) -> range:
    first = grid.index_of(start, f"the start of {what}")
    last = grid.index_of(end, f"the end of {what}")
    if math.isclose(end - start, DAY):
        last = grid.count
    if first >= last:
        raise InputError(f"the span {what} is empty or outside the horizon")
    return range(first, last)


def parse_hours(value: Any) -> tuple[Spans, ...]:
    """Opening hours: the spans of every day, or seven of them, Monday first; an end beyond 24 h is of the next day.

    "08:00-18:00", "22:00-06:00", a list of such spans, or a mapping of weekdays to these or to `closed`.
    """
    if not isinstance(value, Mapping):
        spans = _spans(value)
        if not spans:
            raise InputError(f"{shown(value)} leaves the queue closed for good; give at least one span")
        return (spans,)
    if not value:
        raise InputError("is empty; write hours by weekday, as in {mon-fri: 08:00-20:00}")
    week: list[tuple[int, Spans]] = [(8, ())] * 7
    for key, written in value.items():
        try:
            days, spans = units.weekdays(key), _spans(written)
        except InputError as error:
            raise error.under(str(key)) from None
        for day in days:
            if week[day][0] == len(days):
                said = f"{units.say_weekdays([day])} has its hours twice"
                raise InputError(f"{said}; name it in one of the two keys, or alone", path=str(key))
            if len(days) < week[day][0]:
                week[day] = len(days), spans
    if not any(spans for _, spans in week):
        raise InputError("the queue is closed on every day; give at least one span")
    return tuple(spans for _, spans in week)


def _spans(value: Any) -> Spans:
    if value is None or value == "closed":
        return ()
    if not isinstance(value, str | list | tuple):
        raise InputError(f'{shown(value)} is no span of hours: write one such as "08:00-18:00", or closed')
    found = []
    for text in [value] if isinstance(value, str) else value:
        start, end = units.span(text)
        found.append((start, end if end > start else end + DAY))
    found.sort()
    for (_, end), (start, _) in itertools.pairwise(found):
        if start < end:
            raise InputError(
                f"{shown(value)} overlaps itself at {units.say_clock(start)}; keep the spans apart"
            )
    return tuple(found)


HOURS_TEXT = {"type": "string", "pattern": "^([0-9]{1,2}:[0-9]{2}.*[0-9]{1,2}:[0-9]{2}|closed)"}
_DAY_HOURS = {"anyOf": [HOURS_TEXT, {"type": "array", "items": HOURS_TEXT}, {"type": "null"}]}
Hours = Annotated[
    tuple[Spans, ...],
    BeforeValidator(parse_hours),
    WithJsonSchema(
        {
            "anyOf": [
                HOURS_TEXT,
                {"type": "array", "items": HOURS_TEXT},
                {"type": "object", "additionalProperties": _DAY_HOURS, "minProperties": 1},
            ],
            "description": '"08:00-18:00", a list of spans, or these by weekday: {mon-fri: 08:00-18:00}',
        }
    ),
]


def open_spans(hours: tuple[Spans, ...] | None, grid: Grid, before: float = 0.0) -> Spans:
    """The spans of the horizon in which the hours let contacts in: seconds from opening, disjoint, rising.

    before: seconds before opening from which on they are wanted, as negative moments.
    """
    if hours is None:
        return ((-before, grid.horizon),)
    by_weekday = None if len(hours) == 1 else tuple(range(7))
    found = []
    for day in [*range(-1 - math.ceil(before / DAY), -1), *grid.days(by_weekday, "the mapping")]:
        for start, end in hours[0] if by_weekday is None else hours[grid.weekday(day)]:
            found.append((day * DAY + start - grid.opens, day * DAY + end - grid.opens))
    return clipped(found, grid.horizon, -before)


def clipped(spans: list[Span], horizon: float, least: float = 0.0) -> Spans:
    """The parts of spans that lie within the horizon, or from `least` on; what touches or overlaps becomes one span."""
    result: list[Span] = []
    for start, end in sorted((max(least, start), min(horizon, end)) for start, end in spans):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(result[-1][1], end)
        else:
            result.append((start, end))
    return tuple(result)


def check_hours(hours: tuple[Spans, ...] | None, grid: Grid) -> None:
    """Refuse hours of which nothing, or one span of the opening day nothing, lies within the horizon."""
    if hours is None:
        return
    spans = open_spans(hours, grid)
    for span, played in hours_of_opening_day(hours, grid):
        if not played:
            raise InputError(f"{shown(say_span(span))} is outside {grid.said}; give hours within it")
    if not spans:
        raise InputError(f"the queue is closed throughout {grid.said}; give hours within it")


def hours_of_opening_day(hours: tuple[Spans, ...], grid: Grid) -> Iterator[tuple[Span, float]]:
    """Each span of the opening day, and how many seconds of it are played; none where the clock goes round."""
    if grid.round_the_clock:
        return
    for start, end in hours[0] if len(hours) == 1 else hours[grid.weekday(0)]:
        begins = [day * DAY + start - grid.opens for day in (-1, 0, 1)]
        parts = clipped([(begin, begin + end - start) for begin in begins], grid.horizon)
        yield (start, end), sum(last - first for first, last in parts)


def say_span(span: Span) -> str:
    """A span of hours as it is written, "22:00-06:00"."""
    start, end = span
    return f"{units.say_clock(start)}-{units.say_clock(end % DAY or DAY)}"


def runs(starts: list[float], length: float, grid: Grid, what: str) -> Iterator[Span]:
    """The (start, end) of everything that begins at these moments and lasts so long, as far as it matters.

    Within a horizon shorter than a day each must begin and end in it; else its ends are cut off there. Raises
    InputError, without a path, for what lies outside.
    """
    if grid.round_the_clock:
        within = [start for start in starts if start < grid.horizon and start + length > 0.0]
    else:
        within = [start for start in starts if 0.0 <= start < grid.horizon]
        if any(start + length > grid.horizon + 1e-6 for start in within):
            raise InputError(f"{what} ends outside {grid.said}; have it end by then")
    if not within:
        raise InputError(f"{what} is outside {grid.said}; have it begin within, or leave it out")
    for start in within:
        yield start, start + length
