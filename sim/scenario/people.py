"""Agents: their skills, and when they are at work, by staffing, by shifts or by a roster."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field, ValidationError, model_validator

from sim.errors import InputError, nearest, said_path, shown
from sim.scenario import units
from sim.scenario.durations import Frozen
from sim.scenario.once import once
from sim.scenario.quantities import (
    SHARE_TEXT,
    AboveZero,
    Amount,
    Clock,
    Count,
    DayClocks,
    Duration,
    Factors,
    Flag,
    Heads,
    Positive,
    Quantity,
    Real,
    RosterDay,
    SpanTexts,
    Text,
    Weekdays,
    leaf,
    named,
)  # fmt: skip
from sim.scenario.units import DAY
from sim.scenario.weeks import Grid, Span, runs

MOST_AGENTS = 100_000  # of a group, at any moment


class Score(Frozen):
    """What a weighted routing rule gives a contact: base + weight × its wait in seconds."""

    base: Real = 0.0
    weight: Real = 1.0


class Skill(Frozen):
    """A queue that a group may serve: how gladly (level), how gladly sent there (prefer), how fast, how many."""

    level: Positive = 1
    prefer: Positive | None = None
    handle_factor: AboveZero = 1.0
    overflow_after: Duration = 0.0
    reserve: Count = 0
    at_once: Positive = 1
    slowdown: Factors = (1.0,)
    interruptible: Flag = False
    score: Score = Field(default_factory=Score)

    @model_validator(mode="after")
    def _hands_fit(self) -> "Skill":
        if len(self.slowdown) > self.at_once:
            raise InputError(
                f"{len(self.slowdown)} values do not fit at_once: {self.at_once}; "
                "give at most one for each contact at once; a plan that sets at_once may set slowdown too",
                path="slowdown",
            )
        return self


def _parse_shrinkage(value: Any) -> float:
    share = units.share(value)
    if share >= 1:
        raise InputError(f"{shown(value)} leaves nobody at work: give less than 100%")
    return share


BelowOne = leaf(float, Quantity(_parse_shrinkage, unit="share"), SHARE_TEXT)


class Break(Frozen):
    """A break so long after the start of a shift; the n-th agent has it (n mod m) × stagger later.

    m is the number of times that stagger fits into `within`, at least 1.
    """

    after: Duration
    length: Duration
    stagger: Duration = 0.0
    within: Duration = 3600.0

    @property
    def turns(self) -> int:
        """How many different times there are."""
        return max(1, math.floor(self.within / self.stagger + 1e-9)) if self.stagger else 1


class ShiftType(Frozen):
    """A way to work a day: its length, what of it is paid, its breaks; the rest is for making schedules."""

    length: Duration
    paid: Duration | None = None
    breaks: tuple[Break, ...] = ()
    starts: DayClocks | None = None
    cost: Amount | None = None
    least: Count | None = None
    most: Count | None = None

    @model_validator(mode="after")
    def _breaks_fit(self) -> "ShiftType":
        if not 0 < self.length <= DAY:
            said = units.say_duration(self.length)
            raise InputError(
                f"{said} is no length of a shift; give more than 0 s and at most 24 h", path="length"
            )
        for index, pause in enumerate(self.breaks):
            end = pause.after + (pause.turns - 1) * pause.stagger + pause.length
            if end > self.length + 1e-6:
                said = f"the last break ends {units.say_duration(end)} after the start of a shift of "
                raise InputError(
                    f"{said}{units.say_duration(self.length)}; have it earlier or the shift longer",
                    path=f"breaks.[{index}]",
                )
        self._apart()
        if self.paid is not None and self.paid > self.length:
            said = f"{units.say_duration(self.paid)} are more than the shift has"
            raise InputError(f"{said}; write at most {units.say_duration(self.length)}", path="paid")
        return self

    def _apart(self) -> None:
        """Refuse breaks of which an agent would have two at a time."""
        for index, one in enumerate(self.breaks):
            for other in self.breaks[:index]:
                agents = np.arange(min(math.lcm(one.turns, other.turns), MOST_AGENTS))
                a, b = (p.after + agents % p.turns * p.stagger for p in (one, other))
                if np.any((a < b + other.length) & (b < a + one.length)):
                    raise InputError("overlaps another break of the same agent", path=f"breaks.[{index}]")

    @property
    def paid_time(self) -> float:
        """Paid seconds of one agent: as given, or all but the breaks."""
        return self.length - sum(pause.length for pause in self.breaks) if self.paid is None else self.paid


class Shift(Frozen):
    """So many agents who work shifts of one type from each of these times on."""

    type: Text
    starts: DayClocks
    agents: Count
    days: Weekdays | None = None

    @model_validator(mode="after")
    def _days_once(self) -> "Shift":
        if self.days is not None and any(days is not None for days, _ in self.starts):
            raise InputError("starts names weekdays already; leave days out", path="days")
        return self


class RosterRow(Frozen):
    """One shift of one agent: on every day, on some weekdays, or on a day counted from 1."""

    agent: Text
    day: RosterDay = None  # type: ignore[valid-type]
    start: Clock
    end: Clock
    breaks: SpanTexts = ()

    @property
    def length(self) -> float:
        """Seconds from start to end, over midnight where the end is not later."""
        return self.end - self.start + (DAY if self.end <= self.start else 0.0)

    def pauses(self) -> tuple[Span, ...]:
        """(after the start, length) of each break; InputError for one that does not fit into the shift."""
        found: list[Span] = []
        for start, end in sorted(((s - self.start) % DAY, (e - s) % DAY) for s, e in self.breaks):
            if start + end > self.length + 1e-6 or (found and start < sum(found[-1]) - 1e-6):
                at = units.say_clock((self.start + start) % DAY)
                until = units.say_clock((self.start + start + end) % DAY)
                outside = start + end > self.length + 1e-6
                problem = "is outside" if outside else "overlaps another in"
                remedy = "write one within it" if outside else "let one follow the other"
                raise InputError(
                    f"the break {at}-{until} {problem} the shift "
                    f"{units.say_clock(self.start)}-{units.say_clock(self.end)}; {remedy}"
                )
            found.append((start, end))
        return tuple(found)

    def runs(self, grid: Grid, anywhere: bool = False) -> list[Span]:
        """When this shift is worked, seconds from opening; anywhere: outside the horizon too."""
        what = f"the shift {units.say_clock(self.start)}-{units.say_clock(self.end)}"
        if isinstance(self.day, int):
            what += f" of day {self.day}"
            starts = [(self.day - 1) * DAY + self.start - grid.opens]
        else:
            if self.day is not None:
                what += f" of {units.say_weekdays(self.day)}"
            starts = grid.moments(self.day, self.start, what)
        if anywhere:
            return [(start, start + self.length) for start in starts]
        return list(runs(starts, self.length, grid, what))


class Roster(Frozen):
    """Who works when, by name; from a file, each row of it one shift of one agent."""

    rows: tuple[RosterRow, ...]


class Duty(NamedTuple):
    """Agents who work from start to end, s from opening; paid: seconds of each; breaks within it."""

    start: float
    end: float
    agents: int
    paid: float
    breaks: tuple[Break, ...]


class Group(Frozen):
    """Agents who share skills, hours and cost, interchangeable."""

    staffing: Heads | None = None
    shifts: Annotated[dict[str, Shift], named("a shift")] | None = None
    roster: Roster | None = None
    skills: dict[str, Skill]
    absence: BelowOne = 0.0  # type: ignore[valid-type]
    shrinkage: BelowOne = 0.0  # type: ignore[valid-type]
    cost_per_hour: Amount = 0.0

    @model_validator(mode="after")
    def _exactly_one_way(self) -> "Group":
        given = [key for key in ("staffing", "shifts", "roster") if getattr(self, key) is not None]
        if not given:
            raise InputError("is missing; give staffing, or shifts, or a roster", path="staffing")
        if len(given) > 1:
            raise InputError(
                f"stands beside {given[0]}; give exactly one of staffing, shifts and roster", path=given[1]
            )
        return self

    def duties(self, grid: Grid, shift_types: Mapping[str, ShiftType]) -> list[Duty]:
        """All that shifts or a roster say of the horizon; nothing for groups with staffing."""
        return [*self._shift_duties(grid, shift_types), *self._roster_duties(grid)]

    def _shift_duties(self, grid: Grid, shift_types: Mapping[str, ShiftType]) -> Iterator[Duty]:
        for name, shift in (self.shifts or {}).items():
            kind = shift_types.get(shift.type)
            if kind is None:
                known = ", ".join(shift_types) or "none"
                raise InputError(
                    f"there is no shift type {shown(shift.type)}{nearest(shift.type, shift_types)}; "
                    f"those under shift_types are {known}",
                    path=f"shifts.{name}.type",
                )
            try:
                yield from _of_shift(shift, kind, grid)
            except InputError as error:
                raise error.under(f"shifts.{name}.starts") from None

    def _roster_duties(self, grid: Grid) -> Iterator[Duty]:
        for index, row in enumerate(self.roster.rows if self.roster else ()):
            try:
                breaks = tuple(
                    Break.model_construct(after=a, length=b, stagger=0.0, within=3600.0)
                    for a, b in row.pauses()
                )
                paid = row.length - sum(pause.length for pause in breaks)
                for start, end in row.runs(grid):
                    yield Duty(start, end, 1, paid, breaks)
            except InputError as error:
                raise error.under(f"roster.rows.[{index}]") from None

    @once(256)
    def planned_steps(
        self, grid: Grid, shift_types: Mapping[str, ShiftType]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The moments from which on so many agents are planned: float64, the first 0, and int64; no events."""
        if self.staffing is not None:
            moments = np.arange(grid.count) * grid.interval
            counts = np.array(self.staffing, dtype=np.int64)
        else:
            moments, counts = _summed(self.duties(grid, shift_types), grid.horizon)
        keep = np.concatenate(([True], counts[1:] != counts[:-1]))
        return moments[keep], counts[keep]


def _of_shift(shift: Shift, kind: ShiftType, grid: Grid) -> Iterator[Duty]:
    seen: set[float] = set()
    for days, clock in shift.starts:
        days = shift.days if days is None else days
        what = f"a shift of {units.say_duration(kind.length)} at {units.say_day_clock(days, clock)}"
        for start, end in runs(grid.moments(days, clock, what), kind.length, grid, what):
            if start in seen:
                raise InputError(f"{units.say_clock(clock)} stands here twice; raise agents instead")
            seen.add(start)
            yield Duty(start, end, shift.agents, kind.paid_time, kind.breaks)


def _summed(duties: Iterable[Duty], horizon: float) -> tuple[np.ndarray, np.ndarray]:
    changes: dict[float, int] = {0.0: 0}

    def change(start: float, end: float, agents: int) -> None:
        start, end = max(0.0, start), min(horizon, end)
        if start < end:
            changes[start] = changes.get(start, 0) + agents
            if end < horizon:
                changes[end] = changes.get(end, 0) - agents

    for duty in duties:
        change(duty.start, duty.end, duty.agents)
        for pause in duty.breaks:
            for turn in range(min(pause.turns, duty.agents)):
                away = (duty.agents - turn + pause.turns - 1) // pause.turns
                begin = duty.start + pause.after + turn * pause.stagger
                change(begin, begin + pause.length, -away)
    moments = np.array(sorted(changes), dtype=float)
    counts = np.cumsum([changes[moment] for moment in moments.tolist()]).astype(np.int64)
    return moments, counts


class WrittenRow(NamedTuple):
    """A row of a roster as it is written: its path, its file and row if it has one, and whether it is played."""

    path: str
    where: str
    played: bool
    row: Any

    def wrong(self, problem: str) -> InputError:
        return InputError(f"{self.where}: {problem}" if self.where else problem, path=self.path)


def check_rosters(found: Iterable[WrittenRow], grid: Grid) -> None:
    """Refuse shifts outside the horizon, breaks outside their shift, and agents who would work twice at a time.

    Rows that are not played (of groups without a roster) only count for agents who work twice; a row that cannot be
    read is left to the schema.
    """
    by_agent: dict[str, list[tuple[float, float, WrittenRow]]] = {}
    for written in found:
        try:
            row = RosterRow.model_validate(written.row)
        except ValidationError:
            continue
        try:
            if written.played:
                row.pauses()
            spans = row.runs(grid, anywhere=not written.played)
        except InputError as error:
            raise written.wrong(error.problem) from None
        by_agent.setdefault(row.agent, []).extend((start, end, written) for start, end in spans)
    for agent, shifts in by_agent.items():
        shifts.sort(key=lambda shift: shift[:2])
        for (_, end, first), (start, _, second) in pairwise(shifts):
            if start < end:
                said = f"{shown(agent)} works already then, by {first.where or said_path(first.path)}"
                raise second.wrong(f"{said}; let the shifts of one agent follow each other")


def spread(row: np.ndarray, start: float, end: float, weight: float, interval: float, since: float) -> None:
    """Add weight × the seconds from start (at least `since`) to end to the intervals they fall in."""
    start = max(start, since, 0.0)
    first, last = int(start / interval), min(len(row), math.ceil(end / interval))
    if first >= last or start >= end:
        return
    edges = np.arange(first, last + 1) * interval
    seconds = np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)
    row[first:last] += weight * np.maximum(seconds, 0.0)
