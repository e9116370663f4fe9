"""The sweep file: a scenario, what is varied, and the points at which it is to be played."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, said_path, shown, under
from sim.experiments.factors import Factor, check_apart, factor_from, places, plan_of
from sim.experiments.pointsets import Point as Point
from sim.experiments.pointsets import Points, points_of
from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS
from sim.scenario import units
from sim.scenario.load import from_source
from sim.scenario.quantities import MOST_REPLICATIONS
from sim.scenario.schema import Scenario
from sim.scenario.source import read

KEYS = (
    "schema",
    "name",
    "scenario",
    "plan",
    "set",
    "vary",
    "design",
    "replications",
    "margin",
    "max_replications",
    "seed",
    "metrics",
    "best",
    "by_interval",
)
METRICS = (
    "service_level",
    "mean_wait",
    "abandonment_rate",
    "lost_customers",
    "lost_value",
    "occupancy",
    "staff_cost",
)
"""What is kept of every point unless the file says otherwise."""
MOST_WORDS = 20  # levels of a factor of words that are tried
TAKEN = ("point", "key", "overrides", "replications", "error")  # columns beside the factors in tables


@dataclass(frozen=True)
class Sweep:
    """All that a sweep file says: the scenario (its plan and `set` made), the factors and the points.

    replications: of every point; with `margin` {metric: half width} the first ones, up to `max_replications`.
    best: the metric by which points are ranked. design: as it is written. source: the file, "" if there is none.
    notes: sentences on what is allowed but seldom meant.
    """

    name: str
    scenario: Scenario
    factors: tuple[Factor, ...]
    points: Points
    replications: int
    margin: Mapping[str, float]
    max_replications: int
    seed: int
    metrics: tuple[str, ...]
    best: str
    by_interval: bool
    design: Any
    source: str
    notes: tuple[str, ...]


def read_sweep(path: str | os.PathLike[str], seed: int | None = None) -> Sweep:
    """Read a sweep file (YAML or JSON); InputError, one sentence with file and line, for the first thing wrong.

    seed: in place of the file's.
    """
    source = read(path)
    try:
        return replace(sweep_from(source.data, source.folder, seed), source=source.file)
    except InputError as error:
        place = source.line_at(error.path) if error.path else None
        raise error.at(file=source.file, line=place) from None


def sweep_from(document: Mapping[str, Any], folder: Path = Path(), seed: int | None = None) -> Sweep:
    """A sweep from what a file would hold; files that it names are looked for in `folder`.

    seed: in place of the document's; points that are drawn depend on it, too.
    """
    if not isinstance(document, Mapping):
        raise InputError(f"{shown(document)} is no mapping of keys to values")
    for key in document:
        if key not in KEYS:
            raise InputError(f"unknown key{nearest(key, KEYS) or ': use ' + ', '.join(KEYS)}", path=str(key))
    if document.get("schema", 1) != 1 or document.get("schema") is True:
        raise InputError(
            f"{shown(document['schema'])} is no version that is read: write schema: 1", path="schema"
        )
    scenario = _scenario(document, folder)
    replications = _whole(document, "replications", scenario.replications, 1, MOST_REPLICATIONS)
    metrics = _metrics(document.get("metrics", list(METRICS)))
    margin = _margin(document.get("margin"), metrics)
    most = _whole(
        document, "max_replications", min(100 * replications, MOST_REPLICATIONS), 1, MOST_REPLICATIONS
    )
    if "max_replications" in document and not margin:
        raise InputError(
            "only says when to stop for a margin: write one, or leave it out", path="max_replications"
        )
    if most < replications:
        raise InputError(f"{most} is less than replications: {replications}", path="max_replications")
    own_seed = _whole(document, "seed", scenario.seed, 0, 2**63 - 1)
    seed = own_seed if seed is None else seed
    design = document.get("design", "grid")
    factors, points, notes = points_of(design, _factors(document, scenario, folder), scenario, folder, seed)
    _check_names(factors)
    _check_first(points, factors, scenario)
    return Sweep(
        name=_text(document, "name", scenario.name),
        scenario=scenario,
        factors=factors,
        points=points,
        replications=replications,
        margin=margin,
        max_replications=most,
        seed=seed,
        metrics=metrics,
        best=_best(document.get("best"), metrics),
        by_interval=_flag(document, "by_interval"),
        design=design,
        source="",
        notes=notes,
    )


def _scenario(document: Mapping[str, Any], folder: Path) -> Scenario:
    """The scenario that is named, under its plan and under `set`; it may also stand there whole."""
    named = document.get("scenario")
    if isinstance(named, Scenario):
        scenario = named
    elif isinstance(named, str) and named:
        scenario = from_source(read(folder / named))
    else:
        raise InputError("is missing or no text: name the scenario's file, as in bank.yaml", path="scenario")
    if document.get("plan") is not None:
        with under("plan"):
            scenario = plan_of(scenario, document["plan"])
    changes = document.get("set")
    if changes is not None:
        with under("set"):
            scenario = scenario.with_(changes)
    return scenario


def _factors(document: Mapping[str, Any], scenario: Scenario, folder: Path) -> list[Factor]:
    vary = document.get("vary")
    if vary is None:
        return []
    with under("vary"):
        if not isinstance(vary, Mapping) or not vary:
            raise InputError(f"{shown(vary)} is no mapping of paths, or names, to what they are varied over")
        found = []
        for name, entry in vary.items():
            with under(str(name)):
                found.append(factor_from(str(name), entry, scenario, folder))
        return found


def _check_names(factors: tuple[Factor, ...]) -> None:
    """Names become columns of tables, beside others, where case makes no difference."""
    seen: dict[str, str] = {}
    for factor in factors:
        name, folded = factor.name, factor.name.casefold()
        if not name.strip() or len(name) > 200 or not name.isprintable():
            raise InputError("has no name that a table could show: give it a short one", path=f"vary.{name}")
        if folded in TAKEN or name in QUEUE_METRICS or name in AGENT_METRICS:
            raise InputError(
                f"{shown(name)} already means something in the results: choose another name",
                path=f"vary.{name}",
            )
        if folded in seen:
            raise InputError(
                f"differs from {shown(seen[folded])} in case only: choose another name", path=f"vary.{name}"
            )
        seen[folded] = name


def _check_first(points: Points, factors: tuple[Factor, ...], scenario: Scenario) -> None:
    """The first point, and each word in the place of its first one, makes a scenario: typing errors are found early."""
    with under("vary"):
        check_apart(factors, scenario.grid)
        first = points[0].overrides
        _must_make(scenario, first, factors)
        for factor in factors:
            for level in factor.levels[1:MOST_WORDS]:
                if all(isinstance(value, str) for value in level.overrides.values()) and not factor.numeric:
                    _must_make(scenario, {**first, **level.overrides}, factors)


def _must_make(scenario: Scenario, overrides: Mapping[str, Any], factors: tuple[Factor, ...]) -> None:
    """Refuse overrides that make no scenario, at the factor that sets what is wrong."""
    try:
        scenario.under(overrides)
    except InputError as error:
        for factor in factors:
            for path, _ in places(factor):
                if f"{error.path}.".startswith(f"{path}.") or error.path == path.rpartition(".")[0]:
                    below = error.path.removeprefix(path).lstrip(".")
                    said = f"{shown(overrides[path])} makes no scenario"
                    said += f", {said_path(below)}" if below else ""
                    raise InputError(f"{said}: {error.problem}", path=factor.name) from None
        raise InputError(f"the first point makes no scenario: {error.path}: {error.problem}") from None


def _whole(document: Mapping[str, Any], key: str, default: int, least: int, most: int) -> int:
    with under(key):
        return int(units.number(document.get(key, default), least, True, most))


def _text(document: Mapping[str, Any], key: str, default: str) -> str:
    value = document.get(key, default)
    if not isinstance(value, str):
        raise InputError(f"{shown(value)} is not text: put it in quotes", path=key)
    return value


def _flag(document: Mapping[str, Any], key: str) -> bool:
    value = document.get(key, False)
    if not isinstance(value, bool):
        raise InputError(f"{shown(value)} is neither true nor false: write one of these", path=key)
    return value


def _metric(name: Any) -> Any:
    """A metric by its name."""
    known = {**QUEUE_METRICS, **AGENT_METRICS}
    if not isinstance(name, str) or name not in known:
        raise InputError(
            f"there is no metric {shown(name)}{nearest(str(name), known)}: name one such as mean_wait"
        )
    return known[name]


def _metrics(names: Any) -> tuple[str, ...]:
    with under("metrics"):
        if not isinstance(names, list | tuple) or not names:
            raise InputError(f"{shown(names)} is no list of metrics, as in [service_level, staff_cost]")
        for name in names:
            _metric(name)
        if len(set(names)) < len(names):
            raise InputError("a metric stands here twice: name it once")
        return tuple(names)


def _margin(written: Any, metrics: tuple[str, ...]) -> dict[str, float]:
    """The wanted half widths {metric: number}, in the metric's own unit."""
    if written is None:
        return {}
    with under("margin"):
        if not isinstance(written, Mapping) or not written:
            raise InputError(f"{shown(written)} is no mapping of metrics to widths, as in {{mean_wait: 2 s}}")
        found = {}
        for name, width in written.items():
            read_width = {"s": units.duration, "share": units.share}.get(_metric(name).unit, units.number)
            with under(name):
                _must_be_kept(name, metrics)
                found[name] = float(read_width(width))
                if found[name] <= 0:
                    raise InputError(f"{shown(width)} is no margin: write more than 0")
        return found


def _best(named: Any, metrics: tuple[str, ...]) -> str:
    """The metric to rank by: the one named, else lost customers if they are kept, else the first."""
    if named is None:
        return "lost_customers" if "lost_customers" in metrics else metrics[0]
    with under("best"):
        _metric(named)
        _must_be_kept(named, metrics)
        return named


def _must_be_kept(name: str, metrics: tuple[str, ...]) -> None:
    if name not in metrics:
        raise InputError(f"{shown(name)} is not kept: add it to metrics")
