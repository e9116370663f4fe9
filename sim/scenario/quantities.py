"""How each kind of value is read and written back: the leaves of the schema, with their JSON Schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from sim.errors import InputError, nearest, shown
from sim.scenario import units

NUMBER = {"type": "number"}
TEXT = {"type": "string"}
MOST_REPLICATIONS = 10_000_000
MOST_AGENTS = 100_000
MOST_DAYS = 3660
MOST_AMOUNT = 1e12
HALF_UP = 0.5 + 1e-9  # 58% of 25 is 14.5, though not in binary
SHARE_TEXT = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": "%$|^[0-9.]+$"}]
}
FACTOR_TEXT = {"anyOf": [NUMBER, {"type": "string", "pattern": "%$|^[0-9.]+$"}]}
DURATION_TEXT = {"type": "string", "description": 'a number with a unit, as in "40 s", "4 min", "1.5 h"'}


@dataclass(frozen=True)
class Quantity:
    """How a leaf is read from text and written back, so that overrides can add to it or scale it.

    unit: s | share | 1/s | "", of the number that is read; by_interval: whether there may be one for each interval.
    """

    parse: Callable[[Any], float]
    write: Callable[[float], Any] = float
    whole: bool = False
    unit: str = ""
    by_interval: bool = False


def _parse_ages(value: Any) -> tuple[float, float]:
    """Read "0 h - 30 h", or one duration for all."""
    if not isinstance(value, str) or not any(dash in value for dash in "-–"):
        age = units.duration(value)
        return age, age
    return units.duration_span(value)


Ages = Annotated[tuple[float, float], BeforeValidator(_parse_ages), WithJsonSchema(TEXT)]


def leaf(kind: type, quantity: Quantity, schema: Mapping[str, Any]) -> Any:
    return Annotated[kind, BeforeValidator(quantity.parse), WithJsonSchema(dict(schema)), quantity]


def integer(least: int, most: int = 1_000_000_000) -> Callable[[Any], int]:
    return lambda value: int(units.number(value, least=least, most=most, integer=True))


def _real(least: float | None = None, above: float | None = None) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        result = units.number(value, least=least, most=MOST_AMOUNT)
        if above is not None and not result > above:
            raise InputError(f"{shown(value)} must be more than {above:g}")
        return result

    return parse


def _capped(parse: Callable[[Any], float], most: float) -> Callable[[Any], float]:
    def parse_up_to(value: Any) -> float:
        result = parse(value)
        if result > most:
            raise InputError(f"{shown(value)} is too large: check the number")
        return result

    return parse_up_to


def _duration_text(seconds: float) -> str:
    return f"{seconds!r} s"


DURATION = Quantity(units.duration, _duration_text, unit="s")
Duration = leaf(float, DURATION, DURATION_TEXT)
Clock = leaf(
    float,
    Quantity(units.clock, units.say_clock, unit="s"),
    {"type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2}"},
)
Share = leaf(float, Quantity(units.share, unit="share"), SHARE_TEXT)
Factor = leaf(
    float,
    Quantity(_capped(units.factor, 1e9), unit="share"),
    FACTOR_TEXT,
)


def _parse_positive_factor(value: Any) -> float:
    return _capped(lambda written: units.factor(written, positive=True), 1e9)(value)


PositiveFactor = leaf(float, Quantity(_parse_positive_factor, unit="share"), FACTOR_TEXT)
Factors = Annotated[
    tuple[float, ...],
    BeforeValidator(lambda value: each(_parse_positive_factor)(_listed(value))),
    WithJsonSchema({"type": "array", "items": FACTOR_TEXT, "minItems": 1}),
    Quantity(_parse_positive_factor, unit="share"),
]


def _listed(value: Any) -> Any:
    if not isinstance(value, list | tuple) or not value:
        raise InputError(f"{shown(value)} is not a list of at least one number")
    return value


Rate = leaf(
    float, Quantity(_capped(units.rate, 1e9), lambda per_second: f"{per_second!r} / s", unit="1/s"), TEXT
)
Count = leaf(int, Quantity(integer(0), int, whole=True), {"type": "integer", "minimum": 0})
Positive = leaf(int, Quantity(integer(1), int, whole=True), {"type": "integer", "minimum": 1})
Seed = leaf(int, Quantity(integer(0, 2**63 - 1), int, whole=True), {"type": "integer", "minimum": 0})
DayNumber = leaf(int, Quantity(integer(1, MOST_DAYS), int, whole=True), {"type": "integer", "minimum": 1})
Replications = leaf(
    int, Quantity(integer(1, MOST_REPLICATIONS), int, whole=True), {"type": "integer", "minimum": 1}
)
amount = _real(least=0.0)
Amount = leaf(float, Quantity(amount), {"type": "number", "minimum": 0})
Real = leaf(float, Quantity(_real()), NUMBER)
AboveZero = leaf(float, Quantity(_real(above=0.0)), {"type": "number", "exclusiveMinimum": 0})


def each(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Read a list (already one item per interval) item by item, naming the item that is wrong."""

    def parse_all(values: Any) -> Any:
        result = []
        for index, value in enumerate(values):
            try:
                result.append(parse(value))
            except InputError as error:
                raise error.at(path=f"[{index}]") from None
        return tuple(result)

    return parse_all


STEPS = {"type": "object", "description": "clock time → value from then on, or {file: …, column: …}"}


def _per_interval(kind: type, quantity: Quantity, schema: Mapping[str, Any]) -> Any:
    """One value for each interval of the horizon; `expand` has turned every way to write it into a list."""
    forms = {"anyOf": [dict(schema), {"type": "array", "items": dict(schema)}, STEPS]}
    marked = replace(quantity, by_interval=True)
    return Annotated[kind, BeforeValidator(each(quantity.parse)), WithJsonSchema(forms), marked]


Contacts = _per_interval(tuple[float, ...], Quantity(_real(least=0.0)), {"type": "number", "minimum": 0})
Heads = _per_interval(
    tuple[int, ...],
    Quantity(integer(0, MOST_AGENTS), int, whole=True),
    {"type": "integer", "minimum": 0},
)


def _parse_means(value: Any) -> Any:
    return each(units.duration)(value) if isinstance(value, list | tuple) else units.duration(value)


Mean = Annotated[
    float | tuple[float, ...],
    BeforeValidator(_parse_means),
    WithJsonSchema({"anyOf": [DURATION_TEXT, {"type": "array", "items": DURATION_TEXT}, STEPS]}),
    replace(DURATION, by_interval=True),
]


def _shares_by(parse: Callable[[Any], float], example: str) -> Callable[[Any], dict[float, float]]:
    """Read `{40 s: 15%}` as {seconds: share}, or the like of amounts; the order is that of the file."""

    def parse_all(value: Any) -> dict[float, float]:
        if not isinstance(value, Mapping) or not value:
            raise InputError(f"{shown(value)} is not a mapping {example}")
        result: dict[float, float] = {}
        for key, share in value.items():
            try:
                at = parse(key)
                if at in result:
                    raise InputError("the same time stands here twice; keep one")
                result[at] = units.share(share)
            except InputError as error:
                raise error.at(path=str(key)) from None
        return result

    return parse_all


def _amount_of_key(key: Any) -> float:
    """The keys of a file are text, whatever they look like."""
    try:
        return amount(float(key) if isinstance(key, str) else key)
    except ValueError as error:
        raise (
            error if isinstance(error, InputError) else InputError(f"{shown(key)} is not a number")
        ) from None


_parse_shares_by_time = _shares_by(units.duration, "of times to shares, as in {40 s: 15%}")
_SHARES = {"type": "object", "additionalProperties": SHARE_TEXT, "minProperties": 1}
SharesByTime = Annotated[dict[float, float], BeforeValidator(_parse_shares_by_time), WithJsonSchema(_SHARES)]
SharesByAmount = Annotated[
    dict[float, float],
    BeforeValidator(_shares_by(_amount_of_key, "of amounts to shares, as in {40: 15%}")),
    WithJsonSchema(_SHARES),
]


def _parse_steps(value: Any) -> dict[float, float]:
    if value == {}:
        return {}
    steps = _parse_shares_by_time(value)
    if list(steps) != sorted(steps):
        raise InputError("the times must rise from one step to the next")
    return steps


Steps = Annotated[
    dict[float, float],
    BeforeValidator(_parse_steps),
    WithJsonSchema({"type": "object", "additionalProperties": SHARE_TEXT}),
]


def _parse_attempts(value: Any) -> int:
    if value == "unlimited":
        return UNLIMITED
    try:
        return integer(1)(value)
    except InputError:
        raise InputError(f'{shown(value)} is neither a whole number from 1 nor "unlimited"') from None


UNLIMITED = 2**31 - 1
Attempts = Annotated[
    int,
    BeforeValidator(_parse_attempts),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": "unlimited"}]}),
    Quantity(_parse_attempts, int, whole=True),
]


def one_of(*choices: str) -> Any:
    """A word out of a fixed list, with the nearest one offered for a misspelt one."""

    def parse(value: Any) -> str:
        if value not in choices:
            known = ", ".join(choices)
            raise InputError(f"{shown(value)} is not one of {known}{nearest(str(value), choices)}")
        return value

    return Annotated[str, BeforeValidator(parse), WithJsonSchema({"enum": list(choices)})]


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"{shown(value)} is not text; put it in quotes")
    return value


Text = Annotated[str, BeforeValidator(_parse_text)]


def _parse_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{shown(value)} is neither true nor false; write one of these")
    return value


Flag = Annotated[bool, BeforeValidator(_parse_flag), WithJsonSchema({"type": "boolean"})]


def named(what: str) -> BeforeValidator:
    """Refuse names of members that a dotted path could not hold."""

    def parse(value: Any) -> Any:
        for name in value if isinstance(value, Mapping) else ():
            if not isinstance(name, str) or not name or "." in name:
                raise InputError(f"{shown(name)} cannot be the name of {what}: names are text without a dot")
        return value

    return BeforeValidator(parse)


Weekday = leaf(int, Quantity(units.weekday, lambda day: units.WEEKDAYS[int(day)]), TEXT)


def _parse_day_clocks(value: Any) -> tuple[tuple[units.Days, float], ...]:
    """One or several of "08:00" and "mon-fri 08:00"."""
    if isinstance(value, list | tuple):
        if not value:
            raise InputError('is empty; write at least one time, as in "08:00"')
        return each(units.day_clock)(value)
    return (units.day_clock(value),)


_CLOCK = {"type": "string", "pattern": "[0-9]{1,2}:[0-9]{2}"}
DayClock = Annotated[tuple[Any, float], BeforeValidator(units.day_clock), WithJsonSchema(_CLOCK)]
DayClocks = Annotated[
    tuple[tuple[Any, float], ...],
    BeforeValidator(_parse_day_clocks),
    WithJsonSchema({"anyOf": [_CLOCK, {"type": "array", "items": _CLOCK, "minItems": 1}]}),
]
Weekdays = Annotated[tuple[int, ...], BeforeValidator(units.weekdays), WithJsonSchema(TEXT)]


def roster_day(value: Any) -> tuple[int, ...] | int | None:
    """Weekdays of "mon" or "mon-fri", the number of a day from 1, or None for "every day" and blank."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "every day")):
        return None
    try:
        return units.weekdays(value) if isinstance(value, str) else integer(1, MOST_DAYS)(value)
    except InputError as error:
        problem = error.problem.rpartition(": ")[0]
        remedy = f'write "mon", "mon-fri", "every day", or the number of a day from 1 to {MOST_DAYS}'
        raise InputError(f"{problem}: {remedy}") from None


def _parse_spans(value: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list | tuple):
        raise InputError(f'{shown(value)} is not a list of spans, as in ["12:00-12:30"]')
    return each(units.span)(value)


RosterDay = Annotated[
    tuple[int, ...] | int | None,
    BeforeValidator(roster_day),
    WithJsonSchema({"anyOf": [TEXT, {"type": "integer", "minimum": 1}, {"type": "null"}]}),
]
SpanTexts = Annotated[
    tuple[tuple[float, float], ...],
    BeforeValidator(_parse_spans),
    WithJsonSchema({"type": "array", "items": TEXT}),
]


def _parse_names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise InputError(f"{shown(value)} is not a list of names; write {shown([value])}")
    if not value:
        raise InputError("[] names nothing; write at least one name, or leave it out for all")
    return each(_parse_text)(value)


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_parse_names),
    WithJsonSchema({"type": "array", "items": TEXT, "minItems": 1}),
]
