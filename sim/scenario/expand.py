"""The short forms that a planner writes, made long, so that one mistake gives one message."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import InputError, nearest, shown
from sim.scenario import files, people, units
from sim.scenario.known import NOTHING, Known, grid_under, is_known
from sim.scenario.planfiles import with_files_read
from sim.scenario.targets import as_lists
from sim.scenario.weeks import Grid, keys_by_interval

FILE_KEYS = ("file", "column", "sheet")
_ABSENT = object()


class Part(NamedTuple):
    """A value as it was written and its path; what stood there in the known scenario, and what that was made into."""

    value: Any
    path: str
    written: Any
    before: Any

    def at(self, key: str) -> "Part":
        """The same of a key that the value has."""
        path = f"{self.path}.{key}" if self.path else key
        if not isinstance(self.written, dict) or key not in self.written:
            return Part(self.value[key], path, _ABSENT, None)
        return Part(self.value[key], path, self.written[key], self.before[key])


Form = Callable[[Part, Grid, Path], Any]
"""What makes a value long; it gives the value itself where that is long already, and never changes it."""


def expand(
    document: Mapping[str, Any], model: Any, folder: Path, known: Known = NOTHING
) -> tuple[dict[str, Any], Grid]:
    """The merged document with a value for every interval written out and files read in.

    known: a scenario of the same folder; what it wrote out of the same parts on the same grid is taken over.
    """
    grid = grid_under(document, model, known)
    known = known if grid == known.grid else NOTHING
    result = dict(_DOCUMENT(Part(document, "", known.written, known.written_out), grid, folder))
    if "agents" in result:
        rosters = _rosters(document["agents"], grid, folder, known)
        result["agents"] = {
            name: {**group, "roster": rosters[name]} if name in rosters else group
            for name, group in result["agents"].items()
        }
    if "targets" in result:
        result["targets"] = as_lists(result["targets"])
    if "plans" in result:
        taken = is_known(document, known.written, "plans")
        result["plans"] = (
            known.written_out["plans"] if taken else with_files_read(result["plans"], folder, grid)
        )
    return result, grid


def _of(forms: Mapping[str, Form]) -> Form:
    """The long form of a mapping some of whose keys have long forms."""

    def long(part: Part, grid: Grid, folder: Path) -> Any:
        return _with_long(part, forms, grid, folder) if isinstance(part.value, Mapping) else part.value

    return long


def _each(form: Form) -> Form:
    """The long form of a mapping all of whose members have this one."""

    def long(part: Part, grid: Grid, folder: Path) -> Any:
        if not isinstance(part.value, dict):
            return part.value
        return _with_long(part, dict.fromkeys(part.value, form), grid, folder)

    return long


def _with_long(part: Part, forms: Mapping[str, Form], grid: Grid, folder: Path) -> Any:
    changed = {}
    for key, form in forms.items():
        if key in part.value:
            member = part.at(key)
            long = member.before if member.value is member.written else form(member, grid, folder)
            if long is not member.value:
                changed[key] = long
    return {**part.value, **changed} if changed else part.value


def _trace(part: Part, grid: Grid, folder: Path) -> Any:
    """The columns of recorded contacts, read from a file where one is named."""
    spec = {"file": part.value} if isinstance(part.value, str) else part.value
    if not (isinstance(spec, Mapping) and "file" in spec):
        return part.value
    try:
        return files.trace(folder, dict(spec), part.path.split(".")[1])
    except InputError as error:
        raise error.under(part.path) from None


def _rosters(groups: Mapping[str, Any], grid: Grid, folder: Path, known: Known) -> dict[str, Any]:
    """The rows of each roster that is read from a file, by group."""
    written, before = known.written.get("agents", {}), known.written_out.get("agents", {})
    if [*groups] == [*written] and all(is_known(groups[name], written[name], "roster") for name in groups):
        rosters = {name: before[name]["roster"] for name in groups if "roster" in groups[name]}
        return {name: roster for name, roster in rosters.items() if roster is not groups[name]["roster"]}
    return _read_rosters(groups, grid, folder)


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
            if of not in names and isinstance(groups[of].get("roster"), dict):
                continue  # the group works by another roster, perhaps an older version of this one
            reader = of if of in names else names[0]
            found.append(people.WrittenRow(f"agents.{reader}.roster", where, of == reader, row))
    people.check_rosters(found, grid)
    return rosters


def _must_know_groups(rows: list[tuple[str, str, dict[str, Any]]], groups: Mapping[str, Any]) -> None:
    for where, of, _ in rows:
        if of not in groups:
            known = nearest(of, groups) or f"; the groups are {', '.join(groups)}"
            raise InputError(f"{where}: there is no group {shown(of)}{known}")


def _by_interval(part: Part, grid: Grid, folder: Path, seconds: bool = False) -> Any:
    if part.value is None:
        return None
    try:
        return per_interval(part.value, grid, folder, seconds)
    except InputError as error:
        raise error.under(part.path) from None


def _mean(part: Part, grid: Grid, folder: Path) -> Any:
    several = isinstance(part.value, list | tuple | dict)
    return _by_interval(part, grid, folder, seconds=True) if several else part.value


def _distribution(part: Part, grid: Grid, folder: Path) -> Any:
    if not isinstance(part.value, dict):
        return part.value
    spec = _with_long(part, {"mean": _mean}, grid, folder)
    if "file" not in spec:
        return spec
    if spec.get("distribution") != "empirical":
        raise InputError(
            "only an empirical distribution reads its values from a file", path=f"{part.path}.file"
        )
    return _with_values(spec, part.path, folder, lambda seconds: f"{seconds!r} s")


def _amounts(part: Part, grid: Grid, folder: Path) -> Any:
    spec = part.value
    return _with_values(spec, part.path, folder, float) if isinstance(spec, dict) and "file" in spec else spec


def _with_values(
    spec: dict[str, Any], path: str, folder: Path, write: Callable[[float], Any]
) -> dict[str, Any]:
    """A distribution with the values of a file in the file's place."""
    try:
        found = files.values(folder, {key: spec[key] for key in FILE_KEYS if key in spec})
    except InputError as error:
        raise error.at(path=path) from None
    own = {key: value for key, value in spec.items() if key not in FILE_KEYS}
    return {**own, "values": [*map(write, found)]}


def _callback(part: Part, grid: Grid, folder: Path) -> Any:
    always = isinstance(part.value, dict) and part.value.get("offer") == "always"
    return {**part.value, "offer": {"always": True}} if always else part.value


def _transfers(part: Part, grid: Grid, folder: Path) -> Any:
    return [part.value] if isinstance(part.value, dict) else part.value


_CLASS = _of({"patience": _distribution, "redial": _of({"after": _distribution}), "customer_value": _amounts})
_QUEUE = _of(
    {
        "arrivals": _of({"per_interval": _by_interval, "trace": _trace}),
        **dict.fromkeys(("talk", "wrap", "patience"), _distribution),
        "ivr": _of({"time": _distribution}),
        **dict.fromkeys(("redial", "repeat", "switch"), _of({"after": _distribution})),
        "customer_value": _amounts,
        "classes": _each(_CLASS),
        "callback": _callback,
        "transfer": _transfers,
    }
)
_GROUP = _of({"staffing": _by_interval})
_DOCUMENT = _of({"queues": _each(_QUEUE), "agents": _each(_GROUP)})


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
