"""Plans that stand in a file of their own: overrides in YAML or JSON, as `staff` and `schedule` write them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.errors import InputError, shown
from sim.scenario.source import read

ENDINGS = (".yaml", ".yml", ".json")


def read_plan(path: Path) -> dict[str, Any]:
    """The overrides that a file holds; names of files in them start at the scenario's folder, as in its own plans."""
    found = read(path).data
    if "queues" in found and "agents" in found:
        raise InputError("is a scenario, not a plan; name a file of overrides {path: value}", file=str(path))
    return found


def with_files_read(plans: Any, folder: Path) -> Any:
    """The plans, those that are written as {file: plan.yaml} read in; whatever is no mapping is left as it is."""
    if not isinstance(plans, Mapping):
        return plans
    return {
        name: _from_file(each["file"], name, folder) if _names_a_file(each) else each
        for name, each in plans.items()
    }


def _names_a_file(plan: Any) -> bool:
    return isinstance(plan, Mapping) and list(plan) == ["file"]


def _from_file(given: Any, name: str, folder: Path) -> dict[str, Any]:
    if not isinstance(given, str) or not given:
        raise InputError(f"{shown(given)} is not the name of a file", path=f"plans.{name}.file")
    try:
        return read_plan(folder / given)
    except InputError as error:
        raise error.at(path=f"plans.{name}.file") from None


def name_of(path: str) -> str:
    """What a plan from this file is called: the file's name without its ending and without dots."""
    return Path(path).stem.replace(".", " ").strip() or "plan"
