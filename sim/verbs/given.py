"""What all verbs do with what they are given: files read, numbers checked, provenance kept."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sim import __version__
from sim.errors import InputError
from sim.reports.results import OWN_RULE
from sim.scenario.load import from_source
from sim.scenario.schema import Scenario
from sim.scenario.source import read
from sim.scenario.units import number

Plans = Mapping[str, Mapping[str, Any]] | list[str] | None
Routing = str | Callable[[int, int, int, float, int], float]

AS_WRITTEN = "as written"  # the plan of a scenario that has none


def load(path: str | os.PathLike[str]) -> Scenario:
    """Read a scenario from a YAML or JSON file, every plan checked; "-" is standard input.

    Raises InputError, one sentence with file, line, path, value and remedy, for the first thing wrong.
    """
    return from_source(read(str(path)))


def whole_number(value: Any, name: str, least: int, most: int) -> int:
    """An argument that is a whole number; errors name it."""
    try:
        return int(number(value, least=least, integer=True, most=most))
    except InputError as error:
        raise error.at(path=name) from None


def provenance_of(scenario: Scenario, engine: str, started: float, routing: Routing | None) -> dict[str, Any]:
    """What a result says of where it comes from; started: a moment of time.perf_counter."""
    found = {
        "version": __version__,
        "engine": engine,
        "scenario_sha256": scenario.sha256,
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seconds": round(time.perf_counter() - started, 3),
    }
    if routing is not None:
        found["routing"] = routing if isinstance(routing, str) else OWN_RULE
    return found


def seed_of(scenario: Scenario, seed: int | None) -> int:
    """The seed that is given, else the scenario's."""
    return whole_number(scenario.seed if seed is None else seed, "seed", 0, 2**63 - 1)


def check_jobs(jobs: Any) -> int:
    """A number of workers."""
    return whole_number(jobs, "jobs", 1, 1000)


def overrides_of(scenario: Scenario, plan: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What a plan overrides: by its name, as it is given, or the first."""
    name = next(iter(scenario.plans), "") if plan is None else plan
    return name if isinstance(name, Mapping) else scenario.plans.get(name, {})
