"""The short forms that a planner writes, made long, so that one mistake gives one message."""

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.scenario import files, people, units
from sim.scenario.planfiles import with_files_read
from sim.scenario.targets import as_lists
from sim.scenario.weeks import Grid as Grid
from sim.scenario.weeks import grid_of, keys_by_interval

DISTRIBUTION_KEYS = ("talk", "wrap", "patience", "ivr.time", "redial.after", "repeat.after", "switch.after")
CLASS_KEYS = ("patience", "redial.after")


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
    _refuse_later(result, model, queues)
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


def _refuse_later(document: dict[str, Any], model: Any, queues: dict) -> None:
    """Say of keys that a later version brings that they are not available yet."""
    arrivals_model = model.model_fields["queues"].annotation.__args__[1].model_fields["arrivals"].annotation
    places = [("", document, model)]
    for name, queue in queues.items():
        if isinstance(queue.get("arrivals"), Mapping):
            places.append((f"queues.{name}.arrivals.", queue["arrivals"], arrivals_model))
    for path, mapping, part in places:
        for key in mapping:
            if key in part.later:
                raise InputError("is not available yet; leave it out", path=f"{path}{key}")


def expand(document: Mapping[str, Any], model: Any, folder: Path) -> tuple[dict[str, Any], Grid]:
    """The merged document with a value for every interval written out and files read in."""
    result = copy.deepcopy(dict(document))
    grid = grid_of(result, model)
    for name, queue in result.get("queues", {}).items():
        _expand_queue(queue, f"queues.{name}", grid, folder)
    groups = result.get("agents", {})
    for name, group in groups.items():
        if group.get("staffing") is not None:
            _write_out(group, "staffing", f"agents.{name}", grid, folder)
    _read_rosters(groups, grid, folder)
    if "targets" in result:
        result["targets"] = as_lists(result["targets"])
    if "plans" in result:
        result["plans"] = with_files_read(result["plans"], folder)
    return result, grid


def _expand_queue(queue: dict[str, Any], path: str, grid: Grid, folder: Path) -> None:
    arrivals = queue.get("arrivals")
    if isinstance(arrivals, dict) and arrivals.get("per_interval") is not None:
        _write_out(arrivals, "per_interval", f"{path}.arrivals", grid, folder)
    if isinstance(arrivals, dict) and arrivals.get("trace") is not None:
        arrivals["trace"] = _read_trace(arrivals["trace"], path, folder)
    for key in DISTRIBUTION_KEYS:
        _expand_distribution(_at(queue, key), f"{path}.{key}", grid, folder)
    _read_amounts(queue.get("customer_value"), f"{path}.customer_value", folder)
    classes = queue.get("classes")
    for name, own in classes.items() if isinstance(classes, dict) else ():
        for key in CLASS_KEYS:
            _expand_distribution(_at(own, key), f"{path}.classes.{name}.{key}", grid, folder)
        _read_amounts(_at(own, "customer_value"), f"{path}.classes.{name}.customer_value", folder)
    callback = queue.get("callback")
    if isinstance(callback, dict) and callback.get("offer") == "always":
        callback["offer"] = {"always": True}
    if isinstance(queue.get("transfer"), dict):
        queue["transfer"] = [queue["transfer"]]


def _read_trace(written: Any, path: str, folder: Path) -> Any:
    """The columns of recorded contacts, read from a file where one is named."""
    spec = {"file": written} if isinstance(written, str) else written
    if not (isinstance(spec, Mapping) and "file" in spec):
        return written
    try:
        return files.trace(folder, dict(spec), path.partition(".")[2])
    except InputError as error:
        raise error.under(f"{path}.arrivals.trace") from None


def _read_rosters(groups: dict[str, dict[str, Any]], grid: Grid, folder: Path) -> None:
    """Read each file once, keep the rows of each group, and check that nobody works twice at a time."""
    tables: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    readers: dict[str, list[str]] = {}
    found: list[people.WrittenRow] = []
    for name, group in groups.items():
        roster, path = group.get("roster"), f"agents.{name}.roster"
        if not isinstance(roster, dict):
            continue
        if "file" not in roster:
            rows = roster.get("rows")
            of_group = enumerate(rows) if isinstance(rows, list | tuple) else ()
            found += [people.WrittenRow(f"{path}.rows.[{item}]", "", True, row) for item, row in of_group]
            continue
        key = f"{roster['file']!r} {roster.get('sheet')!r}"
        try:
            if key not in tables:
                tables[key] = files.roster(folder, roster)
                _must_know_groups(tables[key], groups)
            mine = [row for _, of, row in tables[key] if of == name]
            if not mine:
                raise InputError(f"{roster['file']} has no row of the group {shown(name)}; add some")
        except InputError as error:
            raise error.under(path) from None
        group["roster"] = {"rows": mine}
        readers.setdefault(key, []).append(name)
    for key, names in readers.items():
        for where, of, row in tables[key]:
            reader = of if of in names else names[0]
            found.append(people.WrittenRow(f"agents.{reader}.roster", where, of == reader, row))
    people.check_rosters(found, grid)


def _must_know_groups(rows: list[tuple[str, str, dict[str, Any]]], groups: Mapping[str, Any]) -> None:
    for where, of, _ in rows:
        if of not in groups:
            known = nearest(of, groups) or f"; the groups are {', '.join(groups)}"
            raise InputError(f"{where}: there is no group {shown(of)}{known}")


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


def _read_amounts(spec: Any, path: str, folder: Path) -> None:
    if isinstance(spec, dict) and "file" in spec:
        where = {key: spec.pop(key) for key in ("file", "column", "sheet") if key in spec}
        try:
            spec["values"] = files.values(folder, where)
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
            column = files.column(folder, dict(value), grid)
            return [f"{number!r} s" for number in column] if seconds else list(column)
        return [value[key] for key in keys_by_interval(value, grid)]
    if isinstance(value, list | tuple):
        if len(value) != grid.count:
            said = f"{grid.count} intervals of {units.say_duration(grid.interval)}"
            raise InputError(
                f"the list has {len(value)} values, the horizon has {said}; give one value for each"
            )
        return list(value)
    return [value] * grid.count


def where_written(error: InputError, document: Mapping[str, Any], grid: Grid) -> InputError:
    """The error of a value that was written out, at the place where the file has it.

    That of one interval, `….staffing.[3]`, may stand in one value, under a clock time or in a file; what is a list
    of one, `….transfer.[0].to`, may have been written without it.
    """
    found = re.fullmatch(r"(queues\..*\.transfer|targets\.[^.]*)\.\[0\](.*)", error.path)
    if found and isinstance(_at(document, found[1]), Mapping):
        return InputError(error.problem, path=found[1] + found[2])
    path, _, item = error.path.rpartition(".")
    if not re.fullmatch(r"\[[0-9]{1,9}\]", item):
        return error
    index, written = int(item[1:-1]), _at(document, path)
    if isinstance(written, list | tuple):
        return error
    if not isinstance(written, Mapping):
        return InputError(error.problem, path=path)
    if "file" in written:
        column = f"{written['file']}, column {shown(written.get('column'))}, row {index + files.FIRST_ROW}"
        return InputError(f"{column}: {error.problem}", path=path)
    if path.rpartition(".")[2] not in ("staffing", "per_interval", "mean"):
        return error
    return InputError(error.problem, path=f"{path}.{keys_by_interval(written, grid)[index]}")


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(document, Mapping) or part not in document:
            return None
        document = document[part]
    return document
