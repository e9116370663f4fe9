"""Conditions on the points of a sweep, "agents >= 10 and service_level > 80%", read into SQL with parameters."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sim.errors import InputError, nearest, shown
from sim.scenario import units

NONE = ("none", "null")  # what is written for a factor that a point leaves unset
DEEPEST, MOST = 30, 100  # brackets inside brackets, comparisons in all
MOST_SHARE = 10.0  # of a factor: a volume may be 110%, but 15 is no share
CLOSE = 1e-9  # relative; levels of a range such as 0.1 + 0.2 are equal to what people write
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<sign><=|>=|!=|==|=|<|>)|(?P<bracket>[()])|(?P<word>[^\s()<>=!"']+))"""
)
_JOINTS = ("and", "or")


class Column(NamedTuple):
    """What every point has: a factor's value or a metric's estimate.

    unit: s | share | hours | money | ""; numeric: whether it is a number; sql, parameters: the expression that
    gives it for a row `p` of the table of points; is_factor: whether it was varied.
    """

    name: str
    unit: str
    numeric: bool
    sql: str
    parameters: tuple[Any, ...] = ()
    is_factor: bool = False


class Condition(NamedTuple):
    """An SQL expression over rows `p` of the table of points, and its parameters."""

    sql: str
    parameters: tuple[Any, ...]


EVERYWHERE = Condition("1", ())


class _Token(NamedTuple):
    kind: str
    text: str


def condition_of(text: str, columns: Mapping[str, Column]) -> Condition:
    """Comparisons NAME (= != < <= > >=) VALUE joined by and, or and brackets; names with spaces in quotes.

    Values carry the unit of their column: 80%, 2 min. InputError names what is unknown or cannot be read.
    """
    return _Reading(text, columns).whole()


class _Reading:
    """The tokens of a condition and how far they are read."""

    def __init__(self, text: str, columns: Mapping[str, Column]) -> None:
        self.text, self.columns = text, columns
        self.tokens, self.place, self.depth = list(_tokens(text)), 0, 0

    def whole(self) -> Condition:
        if sum(token.kind == "sign" for token in self.tokens) > MOST:
            raise InputError(f"a condition of more than {MOST} comparisons is too long")
        found = self._joined("or")
        if self.place < len(self.tokens):
            raise self._wrong(f"{shown(self.tokens[self.place].text)} is one too many")
        return found

    def _joined(self, joint: str) -> Condition:
        """Comparisons joined by `or`, or, binding closer, by `and`."""
        inner: Callable[[], Condition] = self._one if joint == "and" else lambda: self._joined("and")
        parts = [inner()]
        while self._next_is("word", joint):
            self.place += 1
            parts.append(inner())
        sql = f" {joint.upper()} ".join(part.sql for part in parts)
        return Condition(
            f"({sql})" if len(parts) > 1 else sql, tuple(p for part in parts for p in part.parameters)
        )

    def _one(self) -> Condition:
        if not self._next_is("bracket", "("):
            return self._comparison()
        self.place += 1
        self.depth += 1
        if self.depth > DEEPEST:
            raise InputError(f"a condition with more than {DEEPEST} brackets inside each other is too deep")
        found = self._joined("or")
        if not self._next_is("bracket", ")"):
            raise self._wrong("a bracket is not closed")
        self.place += 1
        self.depth -= 1
        return found

    def _comparison(self) -> Condition:
        name, sign = self._words(), self._take("sign")
        if not name or not sign:
            raise self._wrong(
                f"{shown(name)} is compared with nothing" if name else "a comparison is missing"
            )
        if name not in self.columns:
            known = f"{nearest(name, self.columns)}; known are {', '.join(self.columns)}"
            raise InputError(f"there is no factor or metric {shown(name)}{known}")
        value = self._words()
        if not value:
            raise self._wrong(f"after {shown(f'{name} {sign}')} a value is missing")
        return _compared(self.columns[name], "=" if sign == "==" else sign, value)

    def _words(self) -> str:
        """One quoted text, or the words up to the next sign, bracket, `and` or `or`."""
        quoted = self._take("quoted")
        if quoted:
            return quoted[1:-1]
        words = []
        while not any(self._next_is("word", joint) for joint in _JOINTS) and (word := self._take("word")):
            words.append(word)
        return " ".join(words)

    def _next_is(self, kind: str, text: str) -> bool:
        token = self.tokens[self.place] if self.place < len(self.tokens) else None
        return token is not None and token.kind == kind and token.text.lower() == text

    def _take(self, kind: str) -> str:
        if self.place >= len(self.tokens) or self.tokens[self.place].kind != kind:
            return ""
        self.place += 1
        return self.tokens[self.place - 1].text

    def _wrong(self, what: str) -> InputError:
        remedy = 'write comparisons such as "agents >= 10 and service_level > 80%"'
        return InputError(f"{shown(self.text)} cannot be read, {what}: {remedy}")


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise InputError(
                f"{shown(text)} cannot be read at {shown(text[place:].strip()[:20])}: quotes come in pairs"
            )
        found.append(_Token(str(match.lastgroup), match[str(match.lastgroup)]))
        place = match.end()
    return found


def _compared(column: Column, sign: str, value: str) -> Condition:
    """One comparison; numbers within rounding of each other are equal."""
    sql, given = column.sql, column.parameters
    if column.is_factor and value.lower() in NONE and sign in ("=", "!="):
        unset = f"coalesce(CAST({sql} AS TEXT), ?) {'NOT ' * (sign == '!=')}IN (?, ?)"
        return Condition(unset, (*given, NONE[0], *NONE))
    if not column.numeric:
        if sign not in ("=", "!="):
            raise InputError(f"{column.name} is text: compare it with = or !=")
        return Condition(f"CAST({sql} AS TEXT) {sign} ?", (*given, value))
    number = value_of(column, value)
    slack = CLOSE * abs(number)
    if sign in ("=", "!="):
        inside = f"{sql} {'NOT ' * (sign == '!=')}BETWEEN ? AND ?"
        return Condition(inside, (*given, number - slack, number + slack))
    return Condition(f"{sql} {sign} ?", (*given, number + slack * (1 if sign in ("<=", ">") else -1)))


def value_of(column: Column, text: str) -> float:
    """A number written with the unit of a column; InputError names the column."""
    minus, size = (-1.0, text[1:]) if text.startswith("-") else (1.0, text)
    try:
        if column.unit == "s":
            return minus * units.duration(size)
        if column.unit == "share":
            return minus * units.share(size, MOST_SHARE if column.is_factor else 1.0)
        return minus * (units.factor(size) if size.endswith("%") else _plain(size))
    except InputError as error:
        raise error.at(path=column.name) from None


def _plain(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"{shown(text)} is not a number") from None
    if not math.isfinite(number):
        raise InputError(f"{shown(text)} is not a number")
    return number
