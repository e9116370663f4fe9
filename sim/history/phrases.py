"""Numbers, names and comments as they stand in a YAML document."""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from sim.errors import one_line
from sim.measures.estimate import Estimate

WIDTH = 110
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*")
TAKEN = ("true", "false", "null", "y", "n", "yes", "no", "on", "off")  # to some reader or other no text


def text(value: str) -> str:
    """Text as YAML reads it back: plain where that is safe, else in double quotes."""
    plain = PLAIN.fullmatch(value) and value.lower() not in TAKEN
    return value if plain else json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """A number to four significant digits, without an exponent."""
    rounded = float(f"{value:.4g}")
    return str(int(rounded)) if rounded.is_integer() else np.format_float_positional(rounded, trim="-")


def seconds(value: float) -> str:
    return f"{number(value)} s"


def percent(value: float) -> str:
    return f"{number(100 * value)}%"


def measured(estimate: Estimate, say: Callable[[float], str] = number) -> str:
    """A figure with its interval: "8.1% (7.2% to 9%)"."""
    if np.isnan(estimate.low):
        return f"{say(estimate.value)} (no interval)"
    return f"{say(estimate.value)} ({say(estimate.low)} to {say(estimate.high)})"


def comment(sentences: Iterable[str], indent: int = 0) -> list[str]:
    """Sentences as comment lines; whatever does not print is escaped, so that no line leaves the comment."""
    lead = " " * indent + "# "
    lines = []
    for sentence in sentences:
        lines += textwrap.wrap(one_line(sentence), WIDTH, initial_indent=lead, subsequent_indent=lead) or [
            lead
        ]
    return lines


def listed(items: Sequence[str], indent: int) -> list[str]:
    """Items of a list or a mapping on lines, broken between them only."""
    lead, whole = " " * indent, (item.replace(" ", "\xa0") for item in items)
    lines = textwrap.wrap(", ".join(whole) + ",", WIDTH, initial_indent=lead, subsequent_indent=lead)
    return [line.replace("\xa0", " ") for line in lines]
