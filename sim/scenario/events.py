"""What happens on a day beyond the usual: outages, campaigns, the letter that went out."""

from collections.abc import Iterable, Sequence

import numpy as np
from pydantic import Field, model_validator

from sim.errors import InputError
from sim.scenario import units
from sim.scenario.durations import Frozen
from sim.scenario.once import once
from sim.scenario.quantities import HALF_UP, Count, DayClock, DayNumber, Duration, Factor, Names
from sim.scenario.units import DAY
from sim.scenario.weeks import Grid, Spans, clipped

MOST_TIMES = 20  # a larger factor is a percent sign forgotten


class Event(Frozen):
    """For a while from a time on: a factor on agents or on volume, another number of lines.

    On the day given, counted from 1, or on the weekdays of `at`; without either on every day.
    """

    at: DayClock
    day: DayNumber | None = None
    for_: Duration = Field(alias="for")
    agents: Factor | None = None
    volume: Factor | None = None
    lines: Count | None = None
    queues: Names | None = None
    groups: Names | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "Event":
        if self.agents is None and self.volume is None and self.lines is None:
            raise InputError("changes nothing; give agents, volume or lines")
        for key, factor in (("agents", self.agents), ("volume", self.volume)):
            if factor is not None and factor > MOST_TIMES:
                said = f"{factor:g} would be {factor:g} times as many; write {factor:g}% or a factor up to {MOST_TIMES}"
                raise InputError(said, path=key)
        if self.day is not None and self.at[0] is not None:
            raise InputError("at names weekdays already; leave day out", path="day")
        if self.for_ <= 0:
            raise InputError("an event must last more than 0 s", path="for")
        for key, names, what in (("queues", self.queues, "volume"), ("groups", self.groups, "agents")):
            if names is not None and getattr(self, what) is None:
                raise InputError(f"belongs to {what}; leave it out or give {what}", path=key)
        return self

    @once(256)
    def spans(self, grid: Grid) -> Spans:
        """(start, end) of each time it happens, seconds from opening, what is outside the horizon cut off."""
        what = self.said_when
        try:
            within = [start for start in self._starts(grid, what) if -self.for_ < start < grid.horizon]
            if not within:
                raise InputError(f"{what} is outside {grid.said}; write a time within it")
        except InputError as error:
            raise error.at(path="at" if self.day is None else "day") from None
        return clipped([(start, start + self.for_) for start in within], grid.horizon)

    @property
    def said_when(self) -> str:
        """The time as it is written: "10:00", "tue 10:00", "10:00 of day 3"."""
        when = units.say_day_clock(*self.at)
        return when if self.day is None else f"{when} of day {self.day}"

    def _starts(self, grid: Grid, what: str) -> list[float]:
        """When it begins, seconds from opening, also outside the horizon."""
        days, clock = self.at
        if self.day is not None:
            return [(self.day - 1) * DAY + clock - grid.opens]
        starts = grid.moments(days, clock, what)
        if days is not None:
            return starts
        if grid.horizon > DAY:
            if self.for_ > DAY:
                said = f"{units.say_duration(self.for_)} from {what} on, every day, would never end"
                raise InputError(f"{said}; write at most 24 h, or day: 1 for once", path="for")
            return starts
        # of a single day there is one event: at its time, or earlier on the day of opening; not yesterday's too
        return [start for start in starts if 0 <= start < grid.horizon] or [clock - grid.opens]


def on_volume(happen: Iterable[Event], queue: str, grid: Grid) -> list[tuple[Spans, float]]:
    """The spans of every event that changes the volume of a queue, with its factor."""
    return [
        (event.spans(grid), event.volume)
        for event in happen
        if event.volume is not None and (event.queues is None or queue in event.queues)
    ]


def on_agents(happen: Iterable[Event], group: str, grid: Grid) -> list[tuple[Spans, float]]:
    """The spans of every event that changes the agents of a group, with its factor."""
    return [
        (event.spans(grid), event.agents)
        for event in happen
        if event.agents is not None and (event.groups is None or group in event.groups)
    ]


def scaled(
    steps: tuple[np.ndarray, np.ndarray], found: Sequence[tuple[Spans, float]], horizon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Steps of agents with the factors of events on them, rounded half up."""
    if not found:
        return steps
    moments = merged_moments([steps[0], ends_of((spans for spans, _ in found), horizon)])
    values = np.floor(at(steps, moments) * factor_at(moments, found) + HALF_UP).astype(np.int64)
    keep = np.concatenate(([True], values[1:] != values[:-1]))
    return moments[keep], values[keep]


@once(8)
def line_steps(happen: Iterable[Event], lines: int | None, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Moments, float64, the first 0, and how many lines there are from each on, int64, -1 without limit."""
    found = [(event.spans(grid), event.lines) for event in happen if event.lines is not None]
    moments = merged_moments([[0.0], ends_of((spans for spans, _ in found), grid.horizon)])
    return moments, least_at(moments, -1 if lines is None else lines, found)


def factor_at(moments: np.ndarray, spans: Iterable[tuple[Spans, float]]) -> np.ndarray:
    """The product of the factors of all spans that a moment lies in (start ≤ moment < end); 1 without."""
    result = np.ones(len(moments))
    for each, factor in spans:
        for start, end in each:
            result[(moments >= start) & (moments < end)] *= factor
    return result


def least_at(moments: np.ndarray, base: int, spans: Iterable[tuple[Spans, int]]) -> np.ndarray:
    """The smallest number of the spans that a moment lies in; `base` outside of all."""
    most = np.iinfo(np.int64).max
    result = np.full(len(moments), most, dtype=np.int64)
    for each, number in spans:
        for start, end in each:
            inside = (moments >= start) & (moments < end)
            result[inside] = np.minimum(result[inside], number)
    return np.where(result == most, base, result)


def ends_of(spans: Iterable[Spans], horizon: float) -> set[float]:
    """Every moment before the horizon at which a span begins or ends."""
    return {moment for each in spans for span in each for moment in span if moment < horizon}


def at(steps: tuple[np.ndarray, np.ndarray], moments: np.ndarray) -> np.ndarray:
    """The value that holds at each of these moments; steps: moments (the first 0, rising) and values."""
    return steps[1][np.searchsorted(steps[0], moments, side="right") - 1]


def merged_moments(sets: Iterable[Iterable[float]]) -> np.ndarray:
    """All these moments once, rising."""
    return np.array(sorted({float(moment) for each in sets for moment in each}))


def integral(steps: tuple[np.ndarray, np.ndarray], grid: Grid, since: float = 0.0) -> np.ndarray:
    """Value × seconds within each interval, from `since` on; float64 (count,)."""
    edges = np.arange(grid.count + 1) * grid.interval
    moments = merged_moments([steps[0], edges[:-1], [min(since, grid.horizon)]])
    values = at(steps, moments).astype(float)
    values[moments < since] = 0.0
    ends = np.append(moments[1:], grid.horizon)
    index = np.searchsorted(edges[:-1], moments, side="right") - 1
    return np.bincount(index, weights=values * (ends - moments), minlength=grid.count)
