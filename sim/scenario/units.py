"""Read "40 s", "15%", "48 / min" and 08:30 into seconds, fractions and rates per second, and back."""

import math
import numbers
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sim.errors import InputError, nearest, shown

DAY = 86400.0
LONGEST = 80  # characters of a quantity; more is no quantity
LONGEST_DURATION = 1e10  # s

_NAMES = {
    Fraction(1, 1000): "ms millisecond milliseconds",
    Fraction(1): "s sec secs second seconds",
    Fraction(60): "min mins minute minutes",
    Fraction(3600): "h hr hrs hour hours",
    Fraction(86400): "d day days",
    Fraction(604800): "w week weeks",
}
_SECONDS = {name: seconds for seconds, names in _NAMES.items() for name in names.split()}
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?"
_PLAIN = re.compile(_NUMBER)
_PIECE = re.compile(rf"({_NUMBER})\s*([a-z]+)\s*")
_SHARE = re.compile(rf"({_NUMBER})\s*(%?)")
_RATE = re.compile(rf"({_NUMBER})\s*(?:/|\bper\b)\s*([a-z]+)")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_COMMA = re.compile(r"[0-9],[0-9]")
_ON_DAYS = re.compile(r"\s*([A-Za-z].*?)\s+([0-9].*)")

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = {name: day for day, full in enumerate(WEEKDAYS) for name in (full, full[:3])}
_WEEKDAYS |= {"tues": 1, "wednes": 2, "thur": 3, "thurs": 3}

Days = tuple[int, ...] | None
"""Weekdays, 0 for Monday, in the order written; None for every day."""


def duration(value: Any) -> float:
    """Return seconds of "40 s", "4 min", "1.5 h", "2 d" or "1 h 30 min"; a bare number is an InputError."""
    remedy = 'write a number and a unit, as in "40 s", "4 min" or "1 h 30 min"'
    text = _text(value, "a duration", remedy)
    if _PLAIN.fullmatch(text):
        raise InputError(f'"{text}" needs a unit, as in "{text.lstrip("+-")} s"')
    seconds, last, end = Fraction(0), None, 0
    while piece := _PIECE.match(text, end):
        unit = _unit(piece[2], value)
        if last is not None and unit >= last:
            raise InputError(f"{shown(value)} is not a duration: go from the larger unit to the smaller")
        if piece[1].startswith("-"):
            raise InputError(f"{shown(value)} must not be negative: write a duration of 0 s or more")
        seconds, last, end = seconds + Fraction(piece[1]) * unit, unit, piece.end()
    if last is None or end < len(text):
        raise InputError(f"{shown(value)} is not a duration: {remedy}")
    exact = _float(seconds, value)
    if exact > LONGEST_DURATION:
        raise InputError(f"{shown(value)} is more than 300 years: write a shorter duration")
    return exact


def duration_span(value: Any) -> tuple[float, float]:
    """Return (low, high) seconds of a span of ages or waits such as "0 h - 30 h"."""
    remedy = 'write two durations, as in "0 h - 30 h"'
    text = _text(value, "a span of durations", remedy)
    ends = re.split(r"(?<=[a-z])\s*[-–]\s*", text)
    if len(ends) != 2:
        raise InputError(f"{shown(value)} is not a span of durations: {remedy}")
    low, high = duration(ends[0]), duration(ends[1])
    if high < low:
        raise InputError(f'{shown(value)} runs backwards: write "{ends[1]} - {ends[0]}"')
    return low, high


def share(value: Any, most: float = 1.0) -> float:
    """Return the fraction of "15%", 0.15 or "0.15", between 0 and `most`; 15 is an InputError."""
    limits = f"a share lies between 0% and {say_share(most)}"
    fraction, percent = _fraction(value, "a share", "write 15% or 0.15")
    if fraction < 0:
        raise InputError(f"{shown(value)} must not be negative: {limits}")
    if fraction > most and not percent and fraction <= 100 * most:
        number = _plain(fraction)
        raise InputError(f"{shown(value)} is not a share: write {number}% or {_plain(fraction / 100)}")
    if fraction > most:
        raise InputError(f"{shown(value)} is over {say_share(most)}: {limits}")
    return fraction


def factor(value: Any, positive: bool = False) -> float:
    """Return the multiple of "110%", 1.1 or "1.1": zero or more (positive: more than 0), without an upper bound."""
    fraction, _ = _fraction(value, "a factor", "write 110% or 1.1")
    if positive and fraction <= 0:
        raise InputError(f"{shown(value)} must be more than 0%: write a factor such as 110%")
    if fraction < 0:
        raise InputError(f"{shown(value)} must not be negative: write 0% or more")
    return fraction


def rate(value: Any) -> float:
    """Return the rate per second of "48 / min", "48/min" or "2880 per hour"."""
    remedy = 'write a number per time, as in "48 / min" or "2880 / h"'
    text = _text(value, "a rate", remedy)
    if _PLAIN.fullmatch(text):
        raise InputError(f'"{text}" needs a time, as in "{text.lstrip("+-")} / min"')
    found = _RATE.fullmatch(text)
    if not found:
        raise InputError(f"{shown(value)} is not a rate: {remedy}")
    if found[1].startswith("-"):
        raise InputError(f"{shown(value)} must not be negative: write a rate of 0 / min or more")
    return _float(Fraction(found[1]) / _unit(found[2], value), value)


def clock(value: Any) -> float:
    """Return seconds from midnight of "08:00", "8:30", "08:30:15" or "24:00"."""
    remedy = 'write hours and minutes of the 24-hour clock, as in "08:00"'
    if isinstance(value, int) and not isinstance(value, bool) and 60 <= value <= 1440:
        # YAML 1.1 tools turn 20:00 into 1200 when they write a file anew
        remedy = f'write "{say_clock(60 * value)}", in quotes, if minutes from midnight are meant'
    elif isinstance(value, numbers.Real):
        remedy = 'write it with a colon and in quotes, as in "08:00"'
    text = value.strip() if isinstance(value, str) else ""
    found = _CLOCK.fullmatch(text)
    if not found:
        raise InputError(f"{shown(value)} is not a clock time: {remedy}")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = 3600 * hours + 60 * minutes + seconds
    if minutes > 59 or seconds > 59 or total > DAY:
        raise InputError(f"{shown(value)} is not on the clock: times run from 00:00 to 24:00")
    return float(total)


def span(value: Any) -> tuple[float, float]:
    """Return (start, end) seconds from midnight of "10:00-13:00".

    An end before the start is returned as it stands: whether "22:00-06:00" runs over midnight is for the
    caller to say. Equal ends are refused.
    """
    remedy = 'write two clock times, as in "10:00-13:00"'
    ends = re.split(r"\s*[-–]\s*", value.strip()) if isinstance(value, str) else []
    if len(ends) != 2:
        raise InputError(f"{shown(value)} is not a span of the day: {remedy}")
    start, end = clock(ends[0]), clock(ends[1])
    if start == end:
        raise InputError(f"{shown(value)} is empty: {remedy}")
    return start, end


def weekday(value: Any) -> int:
    """Return 0 … 6 for "mon" … "sun" or "Monday" … "Sunday"."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if text not in _WEEKDAYS:
        near = nearest(text, _WEEKDAYS) if text else ""
        raise InputError(f'{shown(value)} is not a weekday{near}: write one such as "mon" or "Monday"')
    return _WEEKDAYS[text]


def weekdays(value: Any) -> tuple[int, ...]:
    """Return the days of "mon", "mon-fri", "sat-mon" or "mon, wed-fri"; a day named twice is refused."""
    days: list[int] = []
    for part in value.split(",") if isinstance(value, str) else [value]:
        ends = re.split(r"\s*[-–]\s*", part.strip()) if isinstance(part, str) else [part]
        if len(ends) > 2:
            raise InputError(f'{shown(value)} is no span of weekdays: write one such as "mon-fri"')
        first, last = weekday(ends[0]), weekday(ends[-1])
        days += [day % 7 for day in range(first, first + (last - first) % 7 + 1)]
    if len(set(days)) < len(days):
        raise InputError(f"{shown(value)} names a day twice: name it once")
    return tuple(days)


def day_clock(value: Any) -> tuple[Days, float]:
    """Return the weekdays and the clock time of "mon 08:00", "mon-fri 08:00", or "08:00" of every day."""
    found = _ON_DAYS.fullmatch(value) if isinstance(value, str) else None
    return (weekdays(found[1]), clock(found[2])) if found else (None, clock(value))


def day_span(value: Any) -> tuple[Days, float, float]:
    """Return the weekdays and both ends of "mon 10:00-13:00" or "10:00-13:00", as `span` does."""
    found = _ON_DAYS.fullmatch(value) if isinstance(value, str) else None
    return (weekdays(found[1]), *span(found[2])) if found else (None, *span(value))


def say_day_clock(days: Days, seconds: float) -> str:
    """Return a clock time with its weekdays: "mon-fri 08:00", "08:00"."""
    return say_clock(seconds) if days is None else f"{say_weekdays(days)} {say_clock(seconds)}"


def say_weekdays(days: Iterable[int]) -> str:
    """Return days as they are written: "mon-fri", "sat", "mon, wed"."""
    ordered = list(days)
    names = [WEEKDAYS[day][:3] for day in ordered]
    follow = all((b - a) % 7 == 1 for a, b in pairwise(ordered))
    return f"{names[0]}-{names[-1]}" if len(names) > 2 and follow else ", ".join(names)


def number(
    value: Any, least: float | None = None, integer: bool = False, most: float | None = None
) -> float | int:
    """Return a plain finite number between `least` and `most`, as an int if `integer`; text is refused."""
    kind = "a whole number" if integer else "a number"
    if isinstance(value, str) and _PLAIN.fullmatch(value.strip().lower()):
        raise InputError(f"{shown(value)} is text: write the number without quotes")
    if isinstance(value, bool) or not isinstance(value, (float, int, numbers.Real)):
        raise InputError(f"{shown(value)} is not a number: write one such as {'12' if integer else '12.5'}")
    real = _float(value, value)
    if integer and not real.is_integer():
        raise InputError(f"{shown(value)} is not a whole number: write one such as {round(real)}")
    if least == 0 and real < 0:
        raise InputError(f"{shown(value)} must not be negative: write {kind} of 0 or more")
    if least is not None and real < least:
        raise InputError(f"{shown(value)} is too small: write {kind} of {_plain(least)} or more")
    if most is not None and real > most:
        raise InputError(f"{shown(value)} is too large: write {kind} of {_plain(most)} or less")
    exact: Any = value  # an int of more than 53 bits (a seed) keeps them all
    return int(exact) if integer else real


def say_duration(seconds: float) -> str:
    """Return a duration to three significant digits or so: "40 s", "12.4 s", "4 min", "1 h 30 min"."""
    if math.isnan(seconds) or math.isinf(seconds):
        return "–" if math.isnan(seconds) else "∞" if seconds > 0 else "-∞"
    if seconds < 0:
        return f"-{say_duration(-seconds)}"
    rounded = float(f"{seconds:.3g}")
    if rounded < 120 and rounded != 60:
        return f"{_three(seconds)} s"
    if round(seconds) < 3600:
        return _pair(round(seconds), "min", "s")
    if round(seconds / 60) < 6000:
        return _pair(round(seconds / 60), "h", "min")
    return f"{_three(seconds / 3600)} h"


def say_share(fraction: float) -> str:
    """Return a share to three significant digits, "15%" or "12.3%"; 100% only of what is 1 to six digits."""
    if math.isnan(fraction) or math.isinf(fraction):
        return "–" if math.isnan(fraction) else "∞" if fraction > 0 else "-∞"
    for digits in (3, 4, 5, 6):
        text = _three(100 * fraction, digits)
        if text != "100" or fraction == 1:
            break
    return f"{text}%"


def say_clock(seconds: float) -> str:
    """Return the clock time of a moment, "08:30", "08:30:15", "24:00"; "+1 02:00" on the day after."""
    whole = round(seconds)
    if whole == DAY:
        return "24:00"
    days, rest = divmod(whole, int(DAY))
    text = f"{rest // 3600:02d}:{rest // 60 % 60:02d}" + (f":{rest % 60:02d}" if rest % 60 else "")
    return f"{days:+d} {text}" if days else text


def _text(value: Any, kind: str, remedy: str) -> str:
    """The text of a quantity in lower case; numbers as text too, so that they meet the same sentences."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        _float(value, value)
        return shown(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise InputError(f"{shown(value)} is not {kind}: {remedy}")
    text = value.strip().lower()
    if _COMMA.search(text):
        example = '"1.5 h" or "1500 s"' if "duration" in kind else '"1.5" or "1500"'
        problem = f"{shown(value)} contains a comma: write a decimal point and no thousands separator"
        raise InputError(f"{problem}, as in {example}")
    return text


def _fraction(value: Any, kind: str, remedy: str) -> tuple[float, bool]:
    """A share or factor as a float, and whether it was written with a % sign."""
    if isinstance(value, (float, int, numbers.Real)) and not isinstance(value, bool):
        return _float(value, value), False
    found = _SHARE.fullmatch(_text(value, kind, remedy))
    if not found:
        raise InputError(f"{shown(value)} is not {kind}: {remedy}")
    return _float(Fraction(found[1]) / (100 if found[2] else 1), value), bool(found[2])


def _unit(name: str, value: Any) -> Fraction:
    if name == "m":
        raise InputError(f'{shown(value)} has the unit "m": write "min" for minutes')
    if name not in _SECONDS:
        raise InputError(f"{shown(value)} has no unit that is known: use ms, s, min, h or d")
    return _SECONDS[name]


def _float(exact: Any, value: Any) -> float:
    """Round once, at the end, so that 4.1 min is 246 s and 12.3% is 0.123."""
    try:
        real = float(exact)
    except OverflowError:
        real = math.inf
    if not math.isfinite(real):
        raise InputError(f"{shown(value)} is not a finite number: write one that is")
    return real


def _pair(count: int, large: str, small: str) -> str:
    whole, rest = divmod(count, 60)
    return f"{whole} {large}" + (f" {rest} {small}" if rest else "")


def _three(value: float, digits: int = 3) -> str:
    return format(Decimal(f"{value:.{digits}g}"), "f") if abs(value) >= 1e-6 else "0"


def _plain(value: float) -> str:
    return format(Decimal(f"{value:.12g}"), "f")
