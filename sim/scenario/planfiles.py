"""Plans that stand in a file of their own: overrides in YAML or JSON, or a staffing in the sheets of a workbook."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.errors import InputError, shown
from sim.scenario.files import columns
from sim.scenario.source import parse, read
from sim.scenario.tables import is_blank, sheet_names, table
from sim.scenario.weeks import Grid

ENDINGS = (".yaml", ".yml", ".json", ".xlsx")
STAFFING, START = (
    "staffing",
    "start",
)  # a sheet of a workbook: a column of times, and one of agents for each group
PLAN = ("plan", "path", "value")  # a sheet, if there is one, and its columns: what else the plan overrides


def read_plan(path: Path) -> dict[str, Any]:
    """The overrides that a file holds; names of files in them start at the scenario's folder, as in its own plans."""
    found = read(path).data
    if "queues" in found and "agents" in found:
        raise InputError("is a scenario, not a plan; name a file of overrides {path: value}", file=str(path))
    return found


def plan_from(path: Path, grid: Grid) -> dict[str, Any]:
    """The overrides of a file of any kind; grid: the intervals that the times in a workbook must be those of."""
    return _of_workbook(path, grid) if path.suffix.lower() == ".xlsx" else read_plan(path)


def _of_workbook(path: Path, grid: Grid) -> dict[str, Any]:
    """Each group of the sheet `staffing` by that staffing, after what the sheet `plan` overrides."""
    sheets = sheet_names(path)
    if STAFFING not in sheets:
        has = ", ".join(map(shown, sheets))
        raise InputError(f'has no sheet "{STAFFING}" to take a plan from: it has {has}', file=str(path))
    spec = {"file": path.name, "sheet": STAFFING, "time": START}
    agents = columns(path.parent, spec, grid)
    plan = _overrides(path) if PLAN[0] in sheets else {}
    for group, numbers in agents.items():
        by = f"agents.{group}.{STAFFING}"
        plan = {at: value for at, value in plan.items() if at != by and not at.startswith(f"{by}.")}
        plan[by] = [int(number) if number.is_integer() else number for number in numbers]
        plan |= {f"agents.{group}.shifts": None, f"agents.{group}.roster": None}
    return plan


def _overrides(path: Path) -> dict[str, Any]:
    """What a sheet of paths and values says; a value is read as YAML."""
    sheet, *heads = PLAN
    header, rows = table(path, sheet)
    if not set(heads) <= set(header):
        raise InputError(f'the sheet "{sheet}" has no columns {" and ".join(heads)}', file=str(path))
    plan: dict[str, Any] = {}
    for row in rows:
        at, value = (row[header.index(head)] for head in heads)
        if not is_blank(at):
            text = "null" if is_blank(value) else value if isinstance(value, str) else repr(value)
            try:
                plan[str(at).strip()] = parse(f"value: {text}").data["value"]
            except InputError as error:
                raise InputError(error.problem, path=str(at), file=str(path)) from None
    return plan


def with_files_read(plans: Any, folder: Path, grid: Grid) -> Any:
    """The plans, those that are written as {file: plan.yaml} read in; whatever is no mapping is left as it is."""
    if not isinstance(plans, Mapping):
        return plans
    return {
        name: _from_file(each["file"], name, folder, grid) if _names_a_file(each) else each
        for name, each in plans.items()
    }


def _names_a_file(plan: Any) -> bool:
    return isinstance(plan, Mapping) and list(plan) == ["file"]


def _from_file(given: Any, name: str, folder: Path, grid: Grid) -> dict[str, Any]:
    if not isinstance(given, str) or not given:
        raise InputError(f"{shown(given)} is not the name of a file", path=f"plans.{name}.file")
    try:
        return plan_from(folder / given, grid)
    except InputError as error:
        raise error.at(path=f"plans.{name}.file") from None


def name_of(path: str) -> str:
    """What a plan from this file is called: the file's name without its ending and without dots."""
    return Path(path).stem.replace(".", " ").strip() or "plan"
