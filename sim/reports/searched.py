"""What staffings and schedules have in common: the plan as a file, and the whole result saved and loaded."""

import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.experiments.aims import Judged
from sim.experiments.confirm import Confirmed
from sim.experiments.schedule import Schedule
from sim.experiments.staff import IMPOSSIBLE, Staffing
from sim.reports.archive import FORMAT, packed, parts, unpacked
from sim.reports.figures import clean, finite
from sim.reports.reached import targets_document
from sim.scenario.schema import Scenario

ALIKE = ("free", "seed", "days", "state", "tried", "seconds")
CONFIRMED = ("holds", "confidence", "days", "rounds")
JUDGED = ("on_search", "fresh")


def plan_under(under: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides of a plan with others after them; what both say stands once, as the later ones have it."""
    return {key: value for key, value in under.items() if key not in own} | dict(own)


def plan_text(plan: Mapping[str, Any], suffix: str, title: str, provenance: Mapping[str, Any]) -> str:
    """A plan as JSON (.json) or YAML, there with where it comes from; `--plan` and {file: …} under plans read both."""
    if suffix == ".json":
        return json.dumps(plan, ensure_ascii=False, indent=1) + "\n"
    lines = [f"# {line}" for line in title.splitlines()]
    lines.append(f"# {clean(str(provenance.get('command', '')), 200)}")
    for key, value in plan.items():
        if isinstance(value, dict) and value:
            lines += [f"{_quoted(key)}:", *(f"  {_quoted(n)}: {_quoted(each)}" for n, each in value.items())]
        else:
            lines.append(f"{_quoted(key)}: {_quoted(value)}")
    return "\n".join(lines) + "\n"


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def document_of(
    found: Staffing | Schedule, starts: Sequence[str], own: Mapping[str, Any], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """The document of a result; own: what only its kind has. Of targets that cannot be met only those missed."""
    fresh = found.confirmed
    document = {
        "format": FORMAT, "scenario": found.scenario.name, "seed": found.seed, "replications": found.days,
        "state": found.state, "confidence": fresh.confidence, "confirmed_on": fresh.days, "rounds": fresh.rounds,
        **own,
        "targets": targets_document(
            found.aims, fresh.found or found.on_search, found.on_search, fresh, starts, found.state == IMPOSSIBLE
        ),
        "provenance": provenance,
    }  # fmt: skip
    cleaned: dict[str, Any] = finite(document)
    return cleaned


def saved(found: Staffing | Schedule, head: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """A result as the bytes of one file: head and arrays that are its own, and what both kinds have."""
    fresh = found.confirmed
    common = {name: getattr(found, name) for name in ALIKE} | {"document": found.scenario.written_out}
    common["confirmed"] = {name: getattr(fresh, name) for name in CONFIRMED}
    columns = {"low": fresh.low}
    for name, judged in zip(JUDGED, (found.on_search, fresh.found), strict=True):
        if judged is not None:
            columns |= {f"{name}_{key}": getattr(judged, key) for key in ("value", "slack", "days")}
    return packed({**common, **head}, {**columns, **arrays})


Made = Callable[[dict[str, Any], dict[str, np.ndarray], dict[str, Any]], Any]


def restored(path: str | os.PathLike[str], kind: str, made: Made) -> Any:
    """What `saved` wrote; made: called with head, arrays, and the arguments that both kinds take."""

    def from_zip(archive: zipfile.ZipFile) -> Any:
        head, arrays = parts(archive)
        if head.get("kind") != kind:
            raise InputError(f"holds {shown(head.get('kind', 'a result'))}, not a {kind}")
        known = {name: head[name] for name in ALIKE} | {"scenario": Scenario(**head["document"])}
        on_search, fresh = (_judged(arrays, name) for name in JUDGED)
        known |= {
            "on_search": on_search,
            "confirmed": Confirmed(low=arrays["low"], found=fresh, **head["confirmed"]),
        }
        return made(head, arrays, known)

    return unpacked(path, from_zip)


def _judged(arrays: Mapping[str, np.ndarray], name: str) -> Judged | None:
    """What days said of every aim; how each day moved it is not kept."""
    if f"{name}_value" not in arrays:
        return None
    columns = {key: arrays[f"{name}_{key}"] for key in ("value", "slack", "days")}
    return Judged(**columns, moves=np.zeros((0, columns["value"].size)))
