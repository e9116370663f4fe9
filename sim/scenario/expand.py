"""The short forms that a planner writes, made long, so that one mistake gives one message."""

import copy
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.scenario import files, units

DAY = 86_400.0
DISTRIBUTION_KEYS = ("talk", "wrap", "patience")


@dataclass(frozen=True)
class Grid:
    """Intervals of equal length from opening to the horizon.

    opens: seconds from midnight; interval: seconds; count: number of intervals.
    """

    opens: float
    interval: float
    count: int

    @property
    def horizon(self) -> float:
        """Seconds from opening to the end of the last interval."""
        return self.interval * self.count

    def label(self, index: int) -> str:
        """The clock time at which an interval starts."""
        return units.say_clock(self.opens + index * self.interval)

    def index_of(self, clock: float, what: str) -> int:
        """The boundary (0 … count) at a clock time; times before opening are of the next day."""
        moment = clock - self.opens if clock >= self.opens else clock + DAY - self.opens
        index = moment / self.interval
        if abs(index - round(index)) > 1e-9:
            raise InputError(f"{what} is not on the grid of intervals of {units.say_duration(self.interval)}")
        if round(index) > self.count:
            ends = units.say_clock(self.opens + self.horizon)
            raise InputError(f"{what} is outside the horizon, {units.say_clock(self.opens)} to {ends}")
        return round(index)


def merged(document: Any, model: Any) -> dict[str, Any]:
    """A copy of the document with `defaults` merged under every queue, group and skill.

    A key that the queue itself gives replaces that of the defaults whole, and null removes it. Keys of later
    versions are refused here.
    """
    if not isinstance(document, Mapping):
        raise InputError(f"{shown(document)} is not a mapping of keys to values")
    result = copy.deepcopy(dict(document))
    defaults = result.pop("defaults", None)
    defaults = {} if defaults is None else _mapping(defaults, "defaults")
    for key in defaults:
        if key not in ("queue", "group", "skill"):
            raise InputError(
                f"unknown key{nearest(key, ('queue', 'group', 'skill'))}", path=f"defaults.{key}"
            )
    queues = _members(result, "queues", defaults.get("queue"), "defaults.queue")
    groups = _members(result, "agents", defaults.get("group"), "defaults.group")
    for name, group in groups.items():
        if "skills" in group:
            group["skills"] = _skills(group["skills"], defaults.get("skill"), f"agents.{name}.skills")
    _check_plan_names(result.get("plans"))
    _refuse_later(result, model, queues, groups)
    return result


def _check_plan_names(plans: Any) -> None:
    if not isinstance(plans, Mapping):
        return
    for name, overrides in plans.items():
        if not isinstance(name, str) or not name or "." in name:
            said = (
                "holds a dot; write it without"
                if name and isinstance(name, str)
                else "is no text; give it one"
            )
            raise InputError(f"the name of a plan {said}", path=f"plans.{name}")
        if overrides is None:
            raise InputError(
                "null is not a mapping; write {} for a plan that changes nothing", path=f"plans.{name}"
            )


def _mapping(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{shown(value)} is not a mapping of keys to values", path=path)
    return dict(value)


def _members(
    document: dict[str, Any], key: str, default: Any, default_path: str
) -> dict[str, dict[str, Any]]:
    """Queues or groups by name, each over its defaults; a key set to null removes the default."""
    if key not in document:
        return {}
    default = {} if default is None else _mapping(default, default_path)
    members = _mapping(document[key], key)
    for name, member in members.items():
        if not isinstance(name, str) or not name or "." in name or name == "all":
            raise InputError(
                f'{shown(name)} cannot be a name: names are text without a dot, and "all" is taken', path=key
            )
        own = {} if member is None else _mapping(member, f"{key}.{name}")
        members[name] = {k: v for k, v in {**copy.deepcopy(default), **own}.items() if v is not None}
    document[key] = members
    return members


def _skills(value: Any, default: Any, path: str) -> dict[str, Any]:
    """`[support, billing]` as `{support: {}, billing: {}}`."""
    if isinstance(value, str):
        raise InputError(f"{shown(value)} is not a list; write {shown([value])}", path=path)
    if isinstance(value, list | tuple):
        for name in value:
            if not isinstance(name, str):
                raise InputError(f"{shown(name)} is not the name of a queue", path=path)
        if len(set(value)) < len(value):
            raise InputError("a queue stands here twice; name it once", path=path)
        value = {name: {} for name in value}
    default = {} if default is None else _mapping(default, "defaults.skill")
    skills = _mapping(value, path)
    result = {}
    for name, own in skills.items():
        whole = {**default, **({} if own is None else _mapping(own, f"{path}.{name}"))}
        result[name] = {key: value for key, value in whole.items() if value is not None}
    return result


def _refuse_later(document: dict[str, Any], model: Any, queues: dict, groups: dict) -> None:
    """Say of keys that a later version brings that they are not available yet."""
    queue_model = model.model_fields["queues"].annotation.__args__[1]
    group_model = model.model_fields["agents"].annotation.__args__[1]
    skill_model = group_model.model_fields["skills"].annotation.__args__[1]
    arrivals_model = queue_model.model_fields["arrivals"].annotation
    places = [("", document, model)]
    for name, queue in queues.items():
        places.append((f"queues.{name}.", queue, queue_model))
        if isinstance(queue.get("arrivals"), Mapping):
            places.append((f"queues.{name}.arrivals.", queue["arrivals"], arrivals_model))
    for name, group in groups.items():
        places.append((f"agents.{name}.", group, group_model))
        for queue, skill in group.get("skills", {}).items():
            places.append((f"agents.{name}.skills.{queue}.", skill, skill_model))
    for path, mapping, part in places:
        for key in mapping:
            if key in part.later:
                raise InputError("is not available yet; leave it out", path=f"{path}{key}")


def grid_of(document: Mapping[str, Any], model: Any) -> Grid:
    """The grid that `opens`, `closes` or `length`, and `interval` describe."""

    def read(key: str, parse: Any, otherwise: Any) -> Any:
        if document.get(key) is None:
            return otherwise
        try:
            return parse(document[key])
        except InputError as error:
            raise error.at(path=key) from None

    opens = read("opens", units.clock, 0.0)
    interval = read("interval", units.duration, model.model_fields["interval"].default)
    closes, length = read("closes", units.clock, None), read("length", units.duration, None)
    if (closes is None) == (length is None):
        raise InputError("give exactly one of closes and length", path="closes")
    if interval <= 0:
        raise InputError("the interval must be more than 0 s", path="interval")
    horizon = length if closes is None else closes - opens + (DAY if closes < opens else 0.0)
    where = "length" if closes is None else "closes"
    if horizon <= 0:
        raise InputError(
            "the day has no length; for one that runs round the clock write length: 24 h", path=where
        )
    count = horizon / interval
    if abs(count - round(count)) > 1e-9:
        said = f"{units.say_duration(horizon)} is not a whole number of intervals"
        raise InputError(f"{said} of {units.say_duration(interval)}; change {where} or interval", path=where)
    if round(count) > 100_000:
        raise InputError(
            f"{count:.3g} intervals are more than the 100000 that fit; make the interval longer",
            path="interval",
        )
    return Grid(opens, interval, round(count))


def expand(document: Mapping[str, Any], model: Any, folder: Path) -> tuple[dict[str, Any], Grid]:
    """The merged document with a value for every interval written out and files read in."""
    result = copy.deepcopy(dict(document))
    grid = grid_of(result, model)
    for name, queue in result.get("queues", {}).items():
        arrivals = queue.get("arrivals")
        if isinstance(arrivals, dict) and arrivals.get("per_interval") is not None:
            _write_out(arrivals, "per_interval", f"queues.{name}.arrivals", grid, folder)
        for key in DISTRIBUTION_KEYS:
            _expand_distribution(queue.get(key), f"queues.{name}.{key}", grid, folder)
        callback = queue.get("callback")
        if isinstance(callback, dict) and callback.get("offer") == "always":
            callback["offer"] = {"always": True}
        redial = queue.get("redial")
        if isinstance(redial, dict):
            _expand_distribution(redial.get("after"), f"queues.{name}.redial.after", grid, folder)
    for name, group in result.get("agents", {}).items():
        if group.get("staffing") is not None:
            _write_out(group, "staffing", f"agents.{name}", grid, folder)
    return result, grid


def _expand_distribution(spec: Any, path: str, grid: Grid, folder: Path) -> None:
    if not isinstance(spec, dict):
        return
    if isinstance(spec.get("mean"), list | tuple | dict):
        _write_out(spec, "mean", path, grid, folder)
    if "file" in spec:
        where = {key: spec.pop(key) for key in ("file", "column", "sheet") if key in spec}
        if spec.get("distribution") != "empirical":
            raise InputError(
                "only an empirical distribution reads its values from a file", path=f"{path}.file"
            )
        try:
            spec["values"] = [f"{seconds!r} s" for seconds in files.values(folder, where)]
        except InputError as error:
            raise error.at(path=path) from None


def _write_out(mapping: dict[str, Any], key: str, path: str, grid: Grid, folder: Path) -> None:
    try:
        mapping[key] = per_interval(mapping[key], grid, folder, seconds=key == "mean")
    except InputError as error:
        raise error.under(f"{path}.{key}") from None


def per_interval(value: Any, grid: Grid, folder: Path, seconds: bool = False) -> list[Any]:
    """One value for each interval, from a list, one value, steps by clock time, or a column of a file.

    seconds: the column of a file holds durations in seconds.
    """
    if isinstance(value, Mapping):
        if "file" in value:
            column = files.column(folder, dict(value), grid.opens, grid.interval, grid.count)
            return [f"{number!r} s" for number in column] if seconds else list(column)
        return _steps(value, grid)
    if isinstance(value, list | tuple):
        if len(value) != grid.count:
            said = f"{grid.count} intervals of {units.say_duration(grid.interval)}"
            raise InputError(
                f"the list has {len(value)} values, the horizon has {said}; give one value for each"
            )
        return list(value)
    return [value] * grid.count


def _steps(value: Mapping[str, Any], grid: Grid) -> list[Any]:
    """`{"08:00": 31, "09:00": 44}`: each value holds until the next key, day after day."""
    if not value:
        raise InputError(
            f'is empty; write a value for each time, as in {{"{units.say_clock(grid.opens)}": 10}}'
        )
    result: list[Any] = [None] * grid.count
    starts = set()
    for key, step in value.items():
        try:
            index = grid.index_of(units.clock(key), f"{shown(key)}")
        except InputError as error:
            raise error.at(path=str(key)) from None
        if index >= grid.count:
            raise InputError(f"{shown(key)} is the end of the horizon, where no interval starts")
        if index in starts:
            raise InputError(f"{shown(key)} names a time that already has a value")
        starts.add(index)
        for again in range(index, grid.count, max(1, round(DAY / grid.interval))):
            result[again] = (step,)
    if result[0] is None:
        raise InputError(f'nothing is said from opening on; add a value for "{units.say_clock(grid.opens)}"')
    for index in range(1, grid.count):
        result[index] = result[index] or result[index - 1]
    return [step for (step,) in result]


def where_written(error: InputError, document: Mapping[str, Any], grid: Grid) -> InputError:
    """The error of one interval's value, `….staffing.[3]`, at the place where that value is written."""
    path, _, item = error.path.rpartition(".")
    if not re.fullmatch(r"\[[0-9]+\]", item):
        return error
    index, written = int(item[1:-1]), _at(document, path)
    if isinstance(written, list | tuple):
        return error
    if not isinstance(written, Mapping):
        return InputError(error.problem, path=path)
    if "file" in written:
        column = f"{written['file']}, column {shown(written.get('column'))}, row {index + files.FIRST_ROW}"
        return InputError(f"{column}: {error.problem}", path=path)
    keys = {grid.index_of(units.clock(key), key): key for key in written}
    per_day = max(1, round(DAY / grid.interval))
    start = max((s for s in keys if s <= index), key=lambda s: s + (index - s) // per_day * per_day)
    return InputError(error.problem, path=f"{path}.{keys[start]}")


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(document, Mapping) or part not in document:
            return None
        document = document[part]
    return document


def span_indices(text: str, grid: Grid) -> range:
    """The intervals of a span of the day, `"10:00-13:00"`."""
    start, end = units.span(text)
    first = grid.index_of(start, f"the start of {shown(text)}")
    last = grid.index_of(end, f"the end of {shown(text)}")
    if math.isclose(end - start, DAY):
        last = grid.count
    if first >= last:
        raise InputError(f"the span {shown(text)} is empty or outside the horizon")
    return range(first, last)
