"""What a sweep sets: dotted paths, over a span or the whole day, to a value or by a change."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.errors import InputError, shown
from sim.scenario import units
from sim.scenario.plans import addend, quantity_at
from sim.scenario.quantities import HALF_UP, Quantity
from sim.scenario.schema import Scenario

DIGITS = 9  # of a number that was computed

Value = float | str | None
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Level:
    """One value of a factor: what people plot and filter by, and the overrides {path: value} it stands for."""

    value: Value
    overrides: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The overrides as text, by which two levels are the same."""
        return canonical(self.overrides)


@dataclass(frozen=True)
class Setting:
    """What is set: paths that all take the same value, over a span or the whole day, in place or as a change.

    quantity: how numbers there are read and written, None where the schema has none.
    """

    paths: tuple[str, ...]
    quantity: Quantity | None
    span: str | None = None
    change: str | None = None

    @property
    def unit(self) -> str:
        """The unit of its numbers: s | share | 1/s | ""."""
        if self.change == "scale":
            return "share"
        return self.quantity.unit if self.quantity else ""

    @property
    def whole(self) -> bool:
        """Whether only whole numbers fit; what is scaled is rounded when it is carried out."""
        return self.change != "scale" and self.quantity is not None and self.quantity.whole

    def number(self, written: Any) -> float:
        """A number as the file has it; InputError where it is none."""
        try:
            if self.change == "scale":
                return units.factor(written)
            if self.quantity is None:
                return float(units.number(written))
            return addend(written, self.quantity) if self.change else self.quantity.parse(written)
        except InputError as error:
            raise InputError(error.problem) from None

    def fitted(self, number: float) -> float:
        """A computed number as it is used: whole where it must be, else to so many digits.

        What is left of a difference between processors in the last bit would give a point another key.
        """
        return math.floor(number + HALF_UP) if self.whole else float(f"{number:.{DIGITS}g}")

    def computed(self, number: float) -> Level:
        """The level of a number that was not written but computed."""
        number = self.fitted(number)
        if self.change == "scale" or self.quantity is None:
            return self.level(number, number)
        size = self.quantity.write(abs(number))
        signed = size if number >= 0 else f"-{size}" if isinstance(size, str) else -size
        return self.level(signed, number)

    def level(self, written: Any, value: Value) -> Level:
        """The level that writes this."""
        inner = written if self.change is None else {self.change: written}
        whole = inner if self.span is None else {self.span: inner}
        return Level(value, dict.fromkeys(self.paths, whole))

    def read(self, written: Any) -> Level:
        """The level of one value as a file has it: a number, null, a word, or something longer as text."""
        try:
            text = canonical(written)
        except (TypeError, ValueError):
            raise InputError(f"{shown(written)} is no value that an override could have") from None
        if written is None and self.change is None:
            return self.level(None, None)
        number = isinstance(written, int | float) and not isinstance(written, bool)
        if number if self.quantity is None else not isinstance(written, list | Mapping):
            return self.level(written, self.number(written))
        if self.change is not None:
            raise InputError(f"{shown(written)} is no number that could be used with {self.change}")
        return self.level(written, written if isinstance(written, str) else text)


def setting_at(paths: Any, scenario: Scenario) -> Setting:
    """The setting of a dotted path, or of a list of paths whose numbers are of one kind."""
    listed = [paths] if isinstance(paths, str) else paths
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(p, str) for p in listed):
        raise InputError(f"{shown(paths)} is no path such as queues.NAME.talk.mean, and no list of them")
    document, kinds = scenario.document, []
    for path in listed:
        try:
            kinds.append(quantity_at(document, path, Scenario))
        except InputError as error:
            free = (
                "" if "." in path else "; a factor with a name of its own has a key path, together or plans"
            )
            raise InputError(f"{shown(path)} is no path: {error.problem}{free}") from None
    if len(set(listed)) < len(listed):
        raise InputError("a path stands here twice: name it once")
    if any((k and (k.unit, k.whole)) != (kinds[0] and (kinds[0].unit, kinds[0].whole)) for k in kinds):
        raise InputError(f"{shown(listed)} do not hold the same kind of value: use together")
    return Setting(tuple(listed), kinds[0])


def merged(levels: Iterable[Level]) -> dict[str, Any]:
    """The overrides of several levels, in their order; of one path only different spans may meet."""
    overrides: dict[str, Any] = {}
    for level in levels:
        for path, value in level.overrides.items():
            overrides[path] = {**overrides[path], **value} if path in overrides else value
    return overrides


def canonical(value: Any) -> str:
    """JSON as short as it can be, in the order of its keys; ValueError or TypeError where there is none."""
    return _JSON.encode(value)


def as_shown(levels: Sequence[Level]) -> tuple[bool, tuple[Level, ...]]:
    """Whether the values of levels are numbers, and the levels; where one of them is text, all are."""
    values = [level.value for level in levels]
    numeric = any(value is not None for value in values) and not any(isinstance(v, str) for v in values)
    if numeric:
        return True, tuple(levels)
    texts = [value if isinstance(value, str) else shown(value) for value in values]
    return False, tuple(Level(text, level.overrides) for text, level in zip(texts, levels, strict=True))
