"""Figures as people write them: durations in a unit that suits them, values and their margins, names cut short."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sim.errors import one_line
from sim.measures.estimate import Estimate
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY

DASH = "–"
CENTS = 2  # decimal places of money

Cell = tuple[str, str]  # a value and its margin, either may be ""


def clean(name: str, width: int) -> str:
    """A name on one line, control characters escaped, shortened to a width."""
    name = " ".join(one_line(name).split())
    return name if len(name) <= width else name[: width - 1] + "…"


def finite(value: Any) -> Any:
    """A figure for a document: null where it is no finite number, arrays' numbers as plain ones, through all levels."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def unit_of(seconds: float) -> tuple[float, str]:
    """The seconds and the name of the unit in which a duration reads best."""
    return (1.0, "s") if seconds < 180 else (60.0, "min") if seconds < 180 * 60 else (3600.0, "h")


def compact(seconds: float) -> str:
    """A duration in one unit: "4.2 s", "41 s", "3.2 min", "15.1 h"."""
    if not math.isfinite(seconds):
        return DASH
    size, unit = unit_of(abs(seconds))
    value = seconds / size
    return f"{value:,.{1 if abs(value) < 9.95 or unit == 'h' else 0}f} {unit}"


def cell(estimate: Estimate, scale: float = 1.0, signed: bool = False, most: int = 6) -> Cell:
    """A value and its margin: the margin to two significant digits, the value to the same decimal place.

    Where that would give the value more than four digits, the margin has one digit. most: decimal places that
    make sense; what is less than the smallest of them is nothing.
    """
    value, margin = estimate.value * scale, estimate.margin * scale
    if margin < 0.5 * 10.0**-most:
        margin = 0.0
    if not math.isfinite(value):
        return DASH, ""
    if margin < 1e-9 * max(abs(value), 1.0):
        margin = 0.0
    if margin > 0:
        places = 1 - int(f"{margin:.1e}".partition("e")[2])
        if places > 0 and abs(value) * 10**places >= 9999.5:
            places = -int(f"{margin:.0e}".partition("e")[2])
        places = min(places, most)
        return number(value, places, signed), number(margin, places)
    digits = 3 if math.isnan(margin) else 4
    places = max(0, digits - 1 - (math.floor(math.log10(abs(value))) if value else 0))
    plain = number(value, min(places, most), signed)
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return plain, "" if math.isnan(margin) else "0"


def said(estimate: Estimate, kind: str = "") -> str:
    """The size of an estimate, without its sign, in a sentence: "12.3 ± 1.1", "14.0 ± 2.1 s"."""
    size, unit = unit_of(abs(estimate.value)) if kind == "s" else (1.0, kind)
    value, margin = cell(Estimate(abs(estimate.value), *_mirrored(estimate)), 1 / size)
    return f"{joined((value, margin if margin != '0' else ''))}{' ' * bool(unit)}{unit}"


def money(estimate: Estimate, currency: str) -> str:
    """The size of an amount in a sentence: "364 ± 20 EUR", "under 0.01 EUR"."""
    value, margin = cell(Estimate(abs(estimate.value), *_mirrored(estimate)), most=CENTS)
    if 0 < abs(estimate.value) < 0.005:
        value, margin = "under 0.01", "0"
    return f"{joined((value, margin if margin != '0' else ''))} {currency}".rstrip()


def price(value: float, currency: str) -> str:
    """An amount for each of something, to three digits and no less than cents: "20.3 EUR", "0.07 EUR"."""
    if value < 0.005:
        return f"under 0.01 {currency}".rstrip()
    places = min(CENTS, max(0, 2 - math.floor(math.log10(value))))
    return f"{number(value, places)} {currency}".rstrip()


def _mirrored(estimate: Estimate) -> tuple[float, float]:
    return (-estimate.high, -estimate.low) if estimate.value < 0 else (estimate.low, estimate.high)


def number(value: float, places: int, signed: bool = False) -> str:
    places = min(places, 6)
    rounded = round(value, places)
    return f"{rounded + 0.0:{'+' if signed and rounded else ''},.{max(places, 0)}f}"


def joined(parts: Cell) -> str:
    """A value and its margin with ± between them, or the value alone."""
    return " ± ".join(part for part in parts if part)


def aligned(cells: Sequence[Cell]) -> list[str]:
    """Cells padded so that decimal points and ± stand under each other."""
    if not cells:
        return []
    values, margins = (_by_point(texts) for texts in zip(*cells, strict=True))
    glue = [" ± " if margin else "   " if margins[0] else "" for _, margin in cells]
    return [value + mark + margin for value, mark, margin in zip(values, glue, margins, strict=True)]


def _by_point(texts: Sequence[str]) -> list[str]:
    """Numbers padded to one width with their decimal points under each other."""
    parts = [text.partition(".") for text in texts]
    left = max(len(whole) for whole, _, _ in parts)
    right = max(len(point + fraction) for _, point, fraction in parts)
    return [whole.rjust(left) + (point + fraction).ljust(right) for whole, point, fraction in parts]


def folded(sentences: Iterable[str], width: int) -> str:
    """Sentences on lines that fit, a value and its margin kept together."""
    fold = textwrap.TextWrapper(min(width, 100), subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(fold.fill(line.replace(" ± ", "\xa0±\xa0")) for line in sentences).replace("\xa0", " ")


def span_of(scenario: Scenario) -> str:
    """What the figures of a replication are for: "a day", "a week", "5 days", else "a replication"."""
    if scenario.days == 7:
        return "a week"
    if scenario.grid.horizon <= DAY:
        return "a day"
    return f"{scenario.days} days" if scenario.days else "a replication"


def a_day(scenario: Scenario) -> str:
    """The same behind a figure: " a day", " a week", " in 5 days"."""
    span = span_of(scenario)
    return f" {span}" if span.startswith("a ") else f" in {span}"


def rounded_up(number: float) -> int:
    """A positive number rounded up to two significant digits: 513 → 520."""
    step = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return math.ceil(round(number / step, 9)) * step


def percent(share: float) -> str:
    return f"{100 * share:.{1 if 0 < share < 0.0095 else 0}f}%"
