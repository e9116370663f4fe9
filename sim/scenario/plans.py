"""Overrides by dotted path: a value replaces, `{add: 2}` and `{scale: 1.1}` change, null removes."""

import copy
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.errors import InputError, nearest, shown
from sim.scenario import units
from sim.scenario.expand import per_interval
from sim.scenario.known import NOTHING, Known, grid_under
from sim.scenario.quantities import HALF_UP, Quantity
from sim.scenario.weeks import Grid, span_indices

FIXED = ("schema", "plans", "defaults")
CHANGES = ("add", "scale")


def apply(
    document: Mapping[str, Any], overrides: Any, model: Any, folder: Path, known: Known = NOTHING
) -> dict[str, Any]:
    """The document with every override carried out, in the order given; only what is changed is copied.

    overrides: {dotted path: value}; known: the scenario that the document is of. Raises InputError for a path that
    the schema does not know, a queue or group that does not exist, or a change that does not fit what stands there.
    """
    if not isinstance(overrides, Mapping):
        raise InputError(f"{shown(overrides)} is not a mapping of paths to values")
    result = dict(document)
    for path, value in overrides.items():
        try:
            _carry_out(result, str(path), value, model, folder, known)
        except InputError as error:
            raise error.under(str(path)) from None
    return result


def _carry_out(
    document: dict[str, Any], path: str, value: Any, model: Any, folder: Path, known: Known
) -> None:
    parts = path.split(".")
    if parts[0] in FIXED:
        raise InputError("cannot be overridden")
    field = _field_at(document, parts, model, not (value is None or _is_a_change(value)))
    quantity = _quantity(field)
    parent, key = _parent(document, parts, removing=value is None)
    if value is None:
        if parent is not None:
            parent.pop(key, None)
        return
    if _is_a_change(value):
        if quantity is None:
            raise InputError("only numbers, shares, durations and lists of them can be added to or scaled")
        current = parent.get(key, _default(field))
        if current is None:
            raise InputError("has no value yet that could be changed; give the value itself")
        if isinstance(current, Mapping) and "distribution" in current:
            raise InputError("holds a distribution; change one of its numbers")
        parent[key] = _changed(current, value, quantity, grid_under(document, model, known), folder)
        return
    parent[key] = copy.deepcopy(value)


def quantity_at(document: Mapping[str, Any], path: str, model: Any) -> Quantity | None:
    """How the numbers at a dotted path are read and written; None where the schema has none.

    Raises InputError for a path that the schema does not know, or a queue or group that does not exist.
    """
    if path.split(".")[0] in FIXED:
        raise InputError("cannot be overridden")
    return _quantity(_field_at(document, path.split("."), model, adding=True))


def _default(field: FieldInfo) -> Any:
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    quantity = _quantity(field)
    return quantity.write(value) if quantity and isinstance(value, int | float) else None


def _quantity(field: FieldInfo) -> Quantity | None:
    """How the field's numbers are read and written, also inside `X | None`; None if it holds none."""
    marks = list(field.metadata)
    for annotation in typing.get_args(field.annotation):
        marks += typing.get_args(annotation)[1:]
    return next((mark for mark in marks if isinstance(mark, Quantity)), None)


def _is_a_change(value: Any) -> bool:
    """Whether this is `{add: …}`, `{scale: …}` or such a change (or a value) over spans of the day."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(str(key) in CHANGES or is_span(key) for key in value)
    )


def is_span(key: Any) -> bool:
    """Whether this is "10:00-13:00" or "mon-fri 10:00-13:00"."""
    return re.fullmatch(r"(?:[A-Za-z].*\s)?[^-–]*:[^-–]*[-–][^-–]*:[^-–]*", str(key)) is not None


def _changed(current: Any, change: Mapping[str, Any], quantity: Any, grid: Grid, folder: Path) -> Any:
    spans = [key for key in change if is_span(key)]
    seconds = quantity.unit == "s"
    if not spans:
        one = _changer(change, quantity)
        if isinstance(current, Mapping):
            current = per_interval(current, grid, folder, seconds)
        if isinstance(current, list | tuple):
            return [*map(one, current)]
        return one(current)
    if len(spans) < len(change):
        raise InputError("spans of the day and a change of the whole day cannot stand side by side")
    if not quantity.by_interval:
        said = f"{shown(spans[0])} is a span of the day, and this has no value for each interval"
        raise InputError(f"{said}; write one value or one change, as in {{scale: 110%}}")
    result = per_interval(current, grid, folder, seconds)
    for key in spans:
        new = change[key]
        changed = _changer(new, quantity) if isinstance(new, Mapping) else None
        try:
            for index in span_indices(key, grid):
                result[index] = changed(result[index]) if changed else new
        except InputError as error:
            raise error.under(str(key)) from None
    return result


def _changer(change: Mapping[str, Any], quantity: Any) -> Callable[[Any], Any]:
    """What turns one value into that after `{add: x}` or `{scale: x}`; whole numbers are rounded half up."""

    @cache  # once for all values, and not before the first one was read
    def parsed() -> float:
        ((how, amount),) = change.items()
        return _factor(amount) if how == "scale" else addend(amount, quantity)

    def one(current: Any) -> Any:
        if len(change) != 1 or next(iter(change)) not in CHANGES:
            raise InputError(f"{shown(dict(change))} is not a change; write {{add: x}} or {{scale: x}}")
        ((how, amount),) = change.items()
        value = quantity.parse(current)
        result = value * parsed() if how == "scale" else value + parsed()
        if quantity.whole:
            result = math.floor(result + HALF_UP)
        if result < 0:
            raise InputError(
                f"{{{how}: {amount}}} makes {shown(current)} negative ({result:g}); change it by less"
            )
        written = quantity.write(result)
        try:
            quantity.parse(written)
        except InputError:
            said = f"{{{how}: {amount}}} makes {shown(current)} into {shown(written)}, which cannot be"
            raise InputError(f"{said}; change it by less") from None
        return written

    return one


def _factor(amount: Any) -> float:
    try:
        return units.factor(amount)
    except InputError as error:
        raise error.at(path="scale") from None


def addend(amount: Any, quantity: Quantity) -> float:
    """What is added, in the quantity's own units; unlike the result it may be negative."""
    text = str(amount).strip()
    negative = text.startswith("-")
    try:
        size = quantity.parse((text[1:] if isinstance(amount, str) else -amount) if negative else amount)
    except InputError as error:
        raise error.at(path="add") from None
    except TypeError:
        raise InputError(f"{shown(amount)} cannot be added", path="add") from None
    return -size if negative else size


def _field_at(document: Mapping[str, Any], parts: list[str], model: Any, adding: bool) -> FieldInfo:
    """The schema's field for a path, each queue and group on the way checked to exist.

    adding: whether what stands at the path is replaced, so that a class or a shift may be new.
    """
    here, field = model, None
    for depth, part in enumerate(parts):
        if typing.get_origin(here) is tuple and isinstance(_value_at(document, parts[:depth]), Mapping):
            here = _inside(typing.get_args(here)[0])  # one member of a list, written without the list
        if isinstance(here, type) and issubclass(here, BaseModel):
            fields = _fields(here)
            if part not in fields:
                raise InputError(f"the schema knows no {shown(part)} here{nearest(part, fields)}")
            field = fields[part]
            here = _inside(field.annotation)
        elif typing.get_origin(here) is dict:
            _must_exist(document, parts, depth, adding)
            field = FieldInfo(annotation=typing.get_args(here)[1])
            here = _inside(field.annotation)
        else:
            raise InputError(
                f"{shown(parts[depth - 1])} has no keys of its own that could be overridden; replace it whole"
            )
    assert field is not None
    return field


def _must_exist(document: Mapping[str, Any], parts: list[str], depth: int, adding: bool) -> None:
    """Queues and groups are there already; a class, a shift or a shift type may be added whole."""
    kind, name = parts[depth - 1], parts[depth]
    what = {
        "queues": "queue",
        "agents": "group",
        "skills": "queue",
        "classes": "class",
        "shifts": "shift",
        "shift_types": "shift type",
    }.get(kind, kind)
    if kind not in ("queues", "agents", "skills"):
        known = _value_at(document, parts[:depth]) or {}
        if adding and depth == len(parts) - 1:
            return
    else:
        known = document.get("queues" if kind == "skills" else kind, {})
    if name not in known:
        raise InputError(f"there is no {what} {shown(name)}{nearest(name, known)}")


def _value_at(document: Any, parts: list[str]) -> Any:
    for part in parts:
        if not isinstance(document, Mapping) or part not in document:
            return None
        document = document[part]
    return document


def _inside(annotation: Any) -> Any:
    """The model, mapping or list inside `X | None` or `Annotated[X, …]`; of several the one that has keys."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _inside(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        found = [_inside(a) for a in typing.get_args(annotation) if a is not type(None)]
        return next(
            (one for one in found if typing.get_origin(one) or hasattr(one, "model_fields")), found[0]
        )
    return annotation


def step_into(model: Any, part: str) -> Any:
    """The model that a key of another model (or of a mapping of models) leads to."""
    if part.startswith("[") and typing.get_origin(model) is tuple:
        return _inside(typing.get_args(model)[0])
    if typing.get_origin(model) is dict:
        return _inside(typing.get_args(model)[1])
    return _inside(_fields(model)[part].annotation)


@cache
def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the keys that a document has for them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _parent(document: dict[str, Any], parts: list[str], removing: bool) -> tuple[Any, str]:
    """The mapping that holds the last part, copied on the way, or made unless something is only to be removed."""
    here: Any = document
    for part in parts[:-1]:
        if here.get(part) is None:
            if removing:
                return None, ""
            here[part] = {}
        if not isinstance(here[part], dict):
            raise InputError(f"{shown(part)} holds a single value; replace it whole")
        here[part] = dict(here[part])
        here = here[part]
    return here, parts[-1]


def read_assignment(text: str) -> tuple[str, Any]:
    """`queues.support.balks=5%` as (path, value); the value is read as YAML."""
    from sim.scenario.source import parse

    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise InputError(f"{shown(text)} is not PATH=VALUE", file="--set")
    if not value.strip():
        raise InputError('no value is given; "null" removes what is there', path=path.strip(), file="--set")
    try:
        return path.strip(), parse(f"value: {value}").data["value"]
    except InputError as error:
        raise InputError(error.problem, path=path.strip(), file="--set") from None
