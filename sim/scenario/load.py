"""From what was read to a scenario whose every plan is checked."""

from collections.abc import Mapping
from typing import Any

from sim.errors import InputError
from sim.scenario.schema import Scenario
from sim.scenario.source import Source


def from_source(source: Source, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """A scenario from what was read, under overrides if there are any; errors name file and line."""
    try:
        scenario = Scenario(source.folder, **source.data)
        _check_plans(scenario)
    except InputError as error:
        place = source.line_at(error.path) if error.path else None
        raise error.at(file=source.file, line=place) from None
    if not overrides:
        return scenario
    try:
        changed = scenario.with_(overrides)
        _check_plans(changed)
    except InputError as error:
        raise error.at(file="--set") from None
    return changed


def _check_plans(scenario: Scenario) -> None:
    for plan in scenario.plans:
        scenario.under(plan)
