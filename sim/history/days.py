"""The days a fit looks at: which of a log, during which hours, and without those on which the log was silent."""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.errors import InputError
from sim.history.choice import Choice
from sim.scenario.units import DAY, say_share, say_weekdays

Array = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

SILENCE = 50.0  # contacts expected in a gap without any: the log was off, whatever the day's level
QUIET = 0.02  # of the busiest interval: at the ends of the day, less is not open
LOW = 0.5  # of the usual contacts: a day below is pointed out
MOST_DATES = 6  # named in one remark


class Window(NamedTuple):
    """Days and hours of a log, on a grid of intervals of the day.

    days: int64 (d,), ordinals of the dates used, rising; kind: int64 (d,), which profile each follows: its weekday in
    a week, 0 where days of one kind are pooled. weekdays: those pooled, None for a week. interval: s. hours: (first,
    end) interval of the day that is open, by kind; (0, 0) where closed. remarks: what was left out, in sentences.
    """

    days: Days
    kind: Days
    weekdays: tuple[int, ...] | None
    interval: float
    hours: tuple[tuple[int, int], ...]
    remarks: tuple[str, ...]

    @property
    def slots(self) -> int:
        """Intervals in a calendar day."""
        return round(DAY / self.interval)

    def places(self, day: Days, second: Array) -> tuple[Days, Days]:
        """The row of each contact's day, −1 where it is not used or closed then, and its interval of the day."""
        row = np.searchsorted(self.days, day)
        row = np.where(self.days[np.minimum(row, self.days.size - 1)] == day, row, -1)
        slot = np.minimum((second // self.interval).astype(np.int64), self.slots - 1)
        first, end = np.array(self.hours)[self.kind[row]].T
        return np.where((row >= 0) & (slot >= first) & (slot < end), row, -1), slot

    def by_interval(self, matrix: Array) -> Array:
        """Numbers by kind and interval of the day, (kinds, slots), as a scenario's row of intervals."""
        if self.weekdays is None:
            return matrix.ravel()
        first, end = self.hours[0]
        return matrix[0, first:end]


def window_of(day: Days, second: Array, choice: Choice) -> Window:
    """The days and hours of a choice; all weekdays make a week.

    day, second: of every contact, in order of arrival. Raises InputError where nothing is left.
    """
    interval, weekdays, hours = choice.interval, choice.weekdays, choice.hours
    days, matrix, remarks = _days_with_contacts(day, second, choice)
    kind = np.zeros(days.size, np.int64) if weekdays is not None else (days + 6) % 7  # ordinal 1 was a Monday
    kinds = 7 if weekdays is None else 1
    profile = np.array(
        [matrix[kind == k].mean(axis=0) if (kind == k).any() else 0 * matrix[0] for k in range(kinds)]
    )
    spans = tuple(_hours(row, interval, hours) for row in profile)
    remarks += [
        f"No {say_weekdays([k])} has any contact: nothing is expected then."
        for k in range(kinds)
        if kinds == 7 and not profile[k].any()
    ]
    window = Window(days, kind, weekdays, interval, spans, ())
    silent = {} if choice.keep_gaps else _silences(window, profile, day, second)
    heard = np.array([place not in silent for place in range(days.size)])
    if not heard.any():
        heard[:] = True
    elif silent:
        gaps = {int(days[place]): gap for place, gap in silent.items()}
        remarks.append(
            f"Left out, because nothing was logged for {_minutes(gaps.values())} minutes: {_dates(gaps)}."
        )
    window = window._replace(days=days[heard], kind=kind[heard])
    remarks += _low_days(window, matrix[heard])
    outside = 1.0 - float(np.mean(window.places(day, second)[0][np.isin(day, window.days)] >= 0))
    if outside > 0:
        remarks.append(
            f"Contacts outside these hours, {say_share(outside)} of all, are left out of the volumes."
        )
    return window._replace(remarks=tuple(remarks))


def _days_with_contacts(day: Days, second: Array, choice: Choice) -> tuple[Days, Array, list[str]]:
    """The dates chosen that have contacts, these by date and interval of the day, and what was missing."""
    start, end = int(day.min()), int(day.max())
    low = max(start, choice.since.toordinal()) if choice.since else start
    high = min(end, choice.until.toordinal()) if choice.until else end
    all_days = np.arange(low, high + 1)
    wanted = ~np.isin(all_days, [one.toordinal() for one in choice.without])
    if choice.weekdays is not None:
        wanted &= np.isin((all_days + 6) % 7, choice.weekdays)
    days = all_days[wanted]
    slots = round(DAY / choice.interval)
    row = np.searchsorted(days, day)
    known = (row < days.size) & np.isin(day, days)
    slot = np.minimum(second[known] // choice.interval, slots - 1).astype(np.int64)
    matrix = (
        np.bincount(row[known] * slots + slot, minlength=days.size * slots).reshape(-1, slots).astype(float)
    )
    busy = matrix.any(axis=1)
    if not busy.any():
        which = f" on {say_weekdays(choice.weekdays)}" if choice.weekdays else ""
        raise InputError(
            f"no contact{which} is left of those from {_date(start)} to {_date(end)}; choose other days"
        )
    usual = {int(d % 7) for d in days[busy]}
    missing = [int(d) for d in days[~busy] if int(d % 7) in usual]
    remarks = [f"Nothing was logged on {_dates(missing)}: left out as missing."] if missing else []
    return days[busy], matrix[busy], remarks


def _hours(profile: Array, interval: float, hours: tuple[float, float] | None) -> tuple[int, int]:
    """The open intervals of a day: those given, or from the first to the last that is not `QUIET`."""
    if not profile.any():
        return 0, 0
    if hours is not None:
        return math.floor(hours[0] / interval), math.ceil(hours[1] / interval)
    open_ = np.flatnonzero(profile >= QUIET * profile.max())
    return int(open_[0]), int(open_[-1]) + 1


def _silences(window: Window, profile: Array, day: Days, second: Array) -> dict[int, float]:
    """Row of each day with a gap in which `SILENCE` contacts were to be expected → the gap's length in s."""
    row, _ = window.places(day, second)
    cumulative = np.insert(np.cumsum(profile, axis=1), 0, 0.0, axis=1)
    edges = np.arange(window.slots + 1) * window.interval
    found = {}
    kept = np.flatnonzero(row >= 0)
    kept = kept[np.argsort(row[kept], kind="stable")]
    starts = np.searchsorted(row[kept], np.arange(window.days.size + 1))
    for place, kind in enumerate(window.kind):
        first, end = window.hours[kind]
        own = np.sort(second[kept[starts[place] : starts[place + 1]]])
        moments = np.concatenate([[first * window.interval], own, [end * window.interval]])
        expected = np.diff(np.interp(moments, edges, cumulative[kind]))
        worst = int(expected.argmax())
        if expected[worst] > SILENCE:
            found[place] = float(moments[worst + 1] - moments[worst])
    return found


def _low_days(window: Window, matrix: Array) -> list[str]:
    """A remark on the days with far fewer contacts than usual; they are kept."""
    totals = matrix.sum(axis=1)
    usual = np.array([np.median(totals[window.kind == kind]) for kind in window.kind])
    low = window.days[(totals < LOW * usual) & (usual >= 20)]
    if not low.size:
        return []
    said = "day has" if low.size == 1 else "days have"
    return [f"{low.size} {said} less than half the usual contacts (kept; holidays?): {_dates(low.tolist())}."]


def _dates(ordinals: Iterable[int]) -> str:
    named = [_date(ordinal) for ordinal in ordinals]
    more = len(named) - MOST_DATES
    return ", ".join(named[:MOST_DATES]) + (f" and {more} more" if more > 0 else "")


def _date(ordinal: int) -> str:
    return date.fromordinal(int(ordinal)).isoformat()


def _minutes(seconds: Iterable[float]) -> str:
    lengths: Sequence[int] = sorted(round(gap / 60) for gap in seconds)
    return str(lengths[0]) if lengths[0] == lengths[-1] else f"{lengths[0]} to {lengths[-1]}"
