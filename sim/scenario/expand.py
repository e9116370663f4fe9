"""The short forms that a planner writes, made long, so that one mistake gives one message."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.scenario import files, people, units
from sim.scenario.known import NOTHING, Known, is_known
from sim.scenario.targets import as_lists
from sim.scenario.weeks import GRID_KEYS, Grid, grid_of, keys_by_interval

FILE_KEYS = ("file", "column", "sheet")

Form = Callable[[Any, str, Grid, Path], Any]
"""What a value stands for, written out: (value, its path, the grid, where file names start) → the value itself if it
is long already; it changes nothing in its place."""


def expand(
    document: Mapping[str, Any], model: Any, folder: Path, known: Known = NOTHING
) -> tuple[dict[str, Any], Grid]:
    """The merged document with a value for every interval written out and files read in.

    known: a scenario of the same folder; what it wrote out of the same parts on the same grid is taken over.
    """
    grid = known.grid
    if grid is None or not all(is_known(document, known.written, key) for key in GRID_KEYS):
        grid = grid_of(document, model)
    known = known if grid == known.grid else NOTHING
    result = dict(document)
    for kind, forms in (("queues", QUEUE_FORMS), ("agents", GROUP_FORMS)):
        written, before = known.written.get(kind, {}), known.written_out.get(kind, {})
        if kind in document:
            result[kind] = {
                name: before[name]
                if is_known(document[kind], written, name)
                else _made_long(
                    member, forms, f"{kind}.{name}", grid, folder, written.get(name, {}), before.get(name, {})
                )
                for name, member in document[kind].items()
            }
    _place_rosters(document.get("agents", {}), result.get("agents", {}), grid, folder, known)
    if "targets" in result:
        result["targets"] = as_lists(result["targets"])
    return result, grid


def _made_long(
    mapping: Mapping[str, Any],
    forms: Mapping[str, Form],
    path: str,
    grid: Grid,
    folder: Path,
    written: Mapping[str, Any] = NOTHING.written,
    before: Mapping[str, Any] = NOTHING.written_out,
) -> Mapping[str, Any]:
    """The mapping with its short forms made long; itself if it has none.

    written, before: such a mapping, and what was made of it, from which the same objects are taken over.
    """
    changed = {}
    for key, form in forms.items():
        if key in mapping:
            value = mapping[key]
            long = (
                before[key] if is_known(mapping, written, key) else form(value, f"{path}.{key}", grid, folder)
            )
            if long is not value:
                changed[key] = long
    return {**mapping, **changed} if changed else mapping


def _place_rosters(
    groups: Mapping[str, Any], expanded: dict[str, Any], grid: Grid, folder: Path, known: Known
) -> None:
    """Put the rows of each roster that is read from a file in its place."""
    written, before = known.written.get("agents", {}), known.written_out.get("agents", {})
    if [*groups] == [*written] and all(is_known(groups[name], written[name], "roster") for name in groups):
        rosters = {name: before[name]["roster"] for name in groups if "roster" in groups[name]}
    else:
        rosters = _read_rosters(groups, grid, folder)
    for name, roster in rosters.items():
        if expanded[name]["roster"] is not roster:
            expanded[name] = {**expanded[name], "roster": roster}


def _read_rosters(groups: Mapping[str, Any], grid: Grid, folder: Path) -> dict[str, Any]:
    """Read each file once, keep the rows of each group, and check that nobody works twice at a time."""
    tables: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    readers: dict[str, list[str]] = {}
    found: list[people.WrittenRow] = []
    rosters = {}
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
        rosters[name] = {"rows": mine}
        readers.setdefault(key, []).append(name)
    for key, names in readers.items():
        for where, of, row in tables[key]:
            reader = of if of in names else names[0]
            found.append(people.WrittenRow(f"agents.{reader}.roster", where, of == reader, row))
    people.check_rosters(found, grid)
    return rosters


def _must_know_groups(rows: list[tuple[str, str, dict[str, Any]]], groups: Mapping[str, Any]) -> None:
    for where, of, _ in rows:
        if of not in groups:
            known = nearest(of, groups) or f"; the groups are {', '.join(groups)}"
            raise InputError(f"{where}: there is no group {shown(of)}{known}")


def _by_interval(value: Any, path: str, grid: Grid, folder: Path, seconds: bool = False) -> Any:
    if value is None:
        return None
    try:
        return per_interval(value, grid, folder, seconds)
    except InputError as error:
        raise error.under(path) from None


def _distribution(spec: Any, path: str, grid: Grid, folder: Path) -> Any:
    if not isinstance(spec, dict):
        return spec
    if isinstance(spec.get("mean"), list | tuple | dict):
        spec = {**spec, "mean": _by_interval(spec["mean"], f"{path}.mean", grid, folder, seconds=True)}
    if "file" not in spec:
        return spec
    if spec.get("distribution") != "empirical":
        raise InputError("only an empirical distribution reads its values from a file", path=f"{path}.file")
    return _with_values(spec, path, folder, lambda seconds: f"{seconds!r} s")


def _amounts(spec: Any, path: str, grid: Grid, folder: Path) -> Any:
    return _with_values(spec, path, folder, float) if isinstance(spec, dict) and "file" in spec else spec


def _with_values(
    spec: dict[str, Any], path: str, folder: Path, write: Callable[[float], Any]
) -> dict[str, Any]:
    """A distribution with the values of a file in the file's place."""
    try:
        found = files.values(folder, {key: spec[key] for key in FILE_KEYS if key in spec})
    except InputError as error:
        raise error.at(path=path) from None
    return {key: value for key, value in spec.items() if key not in FILE_KEYS} | {
        "values": [*map(write, found)]
    }


def _of(forms: Mapping[str, Form]) -> Form:
    """The long form of a mapping some of whose keys have short forms."""

    def made_long(value: Any, path: str, grid: Grid, folder: Path) -> Any:
        return _made_long(value, forms, path, grid, folder) if isinstance(value, Mapping) else value

    return made_long


def _classes(value: Any, path: str, grid: Grid, folder: Path) -> Any:
    return (
        _made_long(value, dict.fromkeys(value, _CLASS), path, grid, folder)
        if isinstance(value, dict)
        else value
    )


def _callback(value: Any, path: str, grid: Grid, folder: Path) -> Any:
    always = isinstance(value, dict) and value.get("offer") == "always"
    return {**value, "offer": {"always": True}} if always else value


def _transfers(value: Any, path: str, grid: Grid, folder: Path) -> Any:
    return [value] if isinstance(value, dict) else value


_CLASS = _of({"patience": _distribution, "redial": _of({"after": _distribution}), "customer_value": _amounts})
QUEUE_FORMS: dict[str, Form] = {
    "arrivals": _of({"per_interval": _by_interval}),
    **dict.fromkeys(("talk", "wrap", "patience"), _distribution),
    "ivr": _of({"time": _distribution}),
    **dict.fromkeys(("redial", "repeat", "switch"), _of({"after": _distribution})),
    "customer_value": _amounts,
    "classes": _classes,
    "callback": _callback,
    "transfer": _transfers,
}
GROUP_FORMS: dict[str, Form] = {"staffing": _by_interval}


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
