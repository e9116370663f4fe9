"""One example of each part of a scenario file, for whoever wrote a single value in its place or left a key out."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

_DURATION = {"distribution": "constant", "value": "5 min"}
_SHARE_AFTER = {"share": "10%", "after": _DURATION}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "Queue": {"arrivals": {"rate": "2 / min"}, "talk": _DURATION},
    "Arrivals": {"rate": "2 / min"},
    "Duration_": _DURATION,
    "Patience": _DURATION,
    "Amounts": {"distribution": "constant", "value": 40},
    "Redial": _SHARE_AFTER,
    "Repeat": _SHARE_AFTER,
    "Switch": {"to": "chat", "share": "10%"},
    "Transfer": {"to": "chat", "share": "10%"},
    "Callback": {"offer": "always", "accept": "40%"},
    "ServiceLevel": {"target": "80%", "within": "20 s"},
    "Leaves": {"unserved": "50%"},
    "Tells": {"share": "90%", "people": 10, "put_off": "2%"},
    "Backlog": {"count": 40, "age": "0 h - 12 h"},
    "Ivr": {"time": _DURATION | {"value": "45 s"}, "self_served": "20%"},
    "Announcement": {"leave_above": "2 min", "leaves": "20%"},
    "CustomerClass": {"share": "10%", "head_start": "1 min"},
    "Group": {"staffing": 10, "skills": ["calls"]},
    "Skill": {"level": 1},
    "Score": {"base": 0, "weight": 1},
    "ShiftType": {"length": "8 h"},
    "Break": {"after": "4 h", "length": "30 min"},
    "Shift": {"type": "full", "starts": "08:00", "agents": 8},
    "Roster": {"file": "roster.csv"},
    "RosterRow": {"agent": "Ann", "start": "08:00", "end": "16:00"},
    "Event": {"at": "10:00", "for": "40 min", "agents": "50%"},
    "Target": {"service_level": "80%"},
}


_MEMBERS = {
    "queues": ("calls", "Queue"), "agents": ("desk", "Group"), "classes": ("vip", "CustomerClass"),
    "shift_types": ("full", "ShiftType"), "shifts": ("early", "Shift"), "targets": ("calls", "Target"),
}  # fmt: skip
"""Keys that hold parts by name: a name, and what it stands for."""


def members_of(key: str) -> str:
    """What a remedy says of a key that holds parts by name, as `classes`; nothing of any other."""
    name, part = _MEMBERS.get(key, ("", ""))
    return f"; write names and what they stand for, as in {_written({name: EXAMPLES[part]})}" if part else ""


def member_of(key: str) -> str:
    """The same for one of the parts."""
    return f"; write {_written(EXAMPLES[_MEMBERS[key][1]])}" if key in _MEMBERS else ""


def example_of(model: type[BaseModel], given: Any = None) -> str:
    """A part as it may be written, with a value that was given in its place under the first key that takes it.

    `{to: chat, share: 10%}` of a transfer, and `{to: billing, share: 10%}` for one that was given as `billing`.
    """
    example = EXAMPLES[model.__name__]
    for key in example:
        value = f"{given} s" if key == "value" and isinstance(given, int | float) else given
        if value is not None and _fits(model, key, value):
            return _written({**example, key: value})
    return _written(example)


def example_at(model: type[BaseModel], key: str) -> str:
    """One key of a part as it may be written, `share: 10%`; nothing where there is no example."""
    example = EXAMPLES.get(model.__name__, {})
    return f"{key}: {_written(example[key])}" if key in example else ""


def _fits(model: type[BaseModel], key: str, value: Any) -> bool:
    field = next((field for name, field in model.model_fields.items() if key in (name, field.alias)), None)
    if field is None:  # read before the schema sees it: the name of a file
        return isinstance(value, str)
    kind: Any = field.annotation
    for mark in field.metadata:
        kind = Annotated[kind, mark]
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def _written(value: Any) -> str:
    """A value as YAML has it on one line; examples need no quotes."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_written(inner)}' for key, inner in value.items())}}}"
    return f"[{', '.join(map(_written, value))}]" if isinstance(value, list) else str(value)
