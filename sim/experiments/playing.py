"""Play some points of a sweep: those of equal demand on the same dealt days, figures taken for many at once."""

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.experiments.blocks import play_days
from sim.experiments.kept import Figures, Kept, Members, members_of, waits_by_batch
from sim.experiments.replicate import CHUNK, Plan, prepared
from sim.measures.metrics import (
    DENSE,
    OFFERED,
    Sheet,
    Waits,
    agent_figures,
    blank_sheet,
    cells_of,
    observed_seconds,
    queue_figures,
)
from sim.model.centre import Demand
from sim.model.day import Day, days_of
from sim.scenario.schema import Scenario

NO_TABLE = np.zeros((0, 0, 0, 0))
SOURCES = (
    "jit.py",
    "distributions.py",
    "scenario/*.py",
    "model/*.py",
    "engines/*.py",
    "measures/*.py",
    "experiments/*.py",
)


class Task(NamedTuple):
    """Some points, by number and overrides {path: value}, and the replications to play at each."""

    numbers: tuple[int, ...]
    overrides: tuple[Mapping[str, Any], ...]
    replications: range


class Settings(NamedTuple):
    """What is the same for every task of a sweep."""

    seed: int
    engine: str
    kept: Kept


class Played(NamedTuple):
    """What came of a task: of each point its figures, or the sentence that says why there are none.

    contacts: how many were played in all.
    """

    points: list[Figures | str]
    contacts: float


class _Ready(NamedTuple):
    """A point made ready, with keys that are equal where days can be shared, and figures be taken together."""

    place: int
    scenario: Scenario
    plan: Plan
    members: Members
    dealt: Any
    judged: Any
    staffed: str


class _Totals(NamedTuple):
    """Totals of one point's replications, as in a `Sheet`, and its waits by batch."""

    contacts: np.ndarray
    agents: np.ndarray
    contacts_by_interval: np.ndarray
    agents_by_interval: np.ndarray
    waits: dict[int, Waits]


def play_points(base: Scenario, task: Task, settings: Settings) -> Played:
    """Play a task; a point that cannot be played leaves its sentence, and the others are played all the same."""
    said: dict[int, str] = {}
    runs: dict[Any, list[_Ready]] = {}
    for place, overrides in enumerate(task.overrides):
        try:
            one = _made_ready(base, place, overrides)
            runs.setdefault((one.dealt, one.members), []).append(one)
        except Exception as error:
            said[place] = sentence(error)
    played: list[tuple[_Ready, _Totals]] = []
    for run in runs.values():
        _play_run(run, task.replications, settings, played, said)
    figures = _figures(played, settings.kept)
    contacts = sum(float(t.contacts[:, : len(one.members.queues), OFFERED].sum()) for one, t in played)
    return Played([figures.get(place) or said[place] for place in range(len(task.numbers))], contacts)


def sentence(error: BaseException) -> str:
    """An error as it is kept with a point."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory; fewer replications or a shorter horizon need less"
    return f"{type(error).__name__}: {error}"


def _made_ready(base: Scenario, place: int, overrides: Mapping[str, Any]) -> _Ready:
    """A point under its overrides, as arrays."""
    scenario = base.under(overrides)
    plan = prepared(scenario)
    centre, rules = plan
    hours = (centre.span_start, centre.span_opens, centre.span_closes)
    return _Ready(
        place=place,
        scenario=scenario,
        plan=plan,
        members=members_of(tuple(scenario.queues), cells_of(scenario), tuple(scenario.agents)),
        dealt=_key(centre.demand),
        judged=_key((rules.target, rules.watched, *hours, centre.interval, centre.horizon, centre.warm_up)),
        # Paths under `queues` alone never touch hours and cost of agents.
        staffed=json.dumps([item for item in overrides.items() if not item[0].startswith("queues.")]),
    )


def _key(value: Any) -> Any:
    """Arrays, and tuples of them, as something that is equal where they are, to the last bit."""
    if isinstance(value, tuple):
        return tuple(map(_key, value))
    return (value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


def _play_run(
    run: list[_Ready],
    replications: range,
    settings: Settings,
    played: list[tuple[_Ready, _Totals]],
    said: dict[int, str],
) -> None:
    """Play points that share their days; after an error each is played alone, to see whose it is."""
    try:
        played += zip(run, _totals([one.plan for one in run], replications, settings), strict=True)
    except Exception as error:
        if len(run) == 1:
            said[run[0].place] = sentence(error)
            return
        for one in run:
            _play_run([one], replications, settings, played, said)


def _totals(plans: list[Plan], replications: range, settings: Settings) -> list[_Totals]:
    """The totals of plans that share their days, all of them written into one sheet."""
    count, centre, kept = len(replications), plans[0].centre, settings.kept
    sheet = blank_sheet(len(plans) * count, centre, kept.by_interval, plans[0].rules)
    # Codes of waits bring those of each day by themselves; a table of bins would have to be searched for them.
    sheet = sheet._replace(codes=np.zeros(DENSE if kept.waits else 0, dtype=np.int64))
    size = max(1, int(CHUNK / max(_expected(centre.demand), 1.0)))
    codes: list[list[np.ndarray]] = [[] for _ in plans]
    for first in range(0, count, size):
        chunk = np.array(replications[first : first + size], dtype=np.int64)
        days = days_of(centre.demand, settings.seed, chunk)
        for k, plan in enumerate(plans):
            row = k * count + first
            if kept.waits:
                sheet, of_days = _day_by_day(plan, days, chunk, row, sheet, settings)
                codes[k] += of_days
            else:
                sheet, _ = play_days(settings.engine, *plan, days, settings.seed, chunk, row, sheet)
    tables = sheet.contacts, sheet.agents, sheet.contacts_by_interval, sheet.agents_by_interval
    found = []
    for k, of_plan in enumerate(codes):
        waits = waits_by_batch(of_plan, replications, centre.demand.intervals) if kept.waits else {}
        a, b, c, d = (table[k * count : (k + 1) * count] for table in tables)
        found.append(_Totals(a, b, c, d, waits))
    return found


def _day_by_day(
    plan: Plan, days: Day, replications: np.ndarray, first: int, sheet: Sheet, settings: Settings
) -> tuple[Sheet, list[np.ndarray]]:
    """Play days one at a time; returns the sheet, and the codes of the waits of each day."""
    codes = []
    for place in range(replications.size):
        day, one = days._replace(start=days.start[place : place + 1]), replications[place : place + 1]
        sheet, _ = play_days(settings.engine, *plan, day, settings.seed, one, first + place, sheet)
        codes.append(sheet.codes[: sheet.used[0]].copy())
        sheet.used[0] = 0
    return sheet, codes


def _expected(demand: Demand) -> float:
    """First contacts of a replication, those that wait at opening included."""
    return float(demand.cumulative[:, -1].sum() + demand.backlog.sum())


# Totals → figures


def _figures(played: list[tuple[_Ready, _Totals]], kept: Kept) -> dict[int, Figures]:
    """The figures of every point, taken together for all that are judged, or staffed, alike."""
    points = [one for one, _ in played]

    def queues(tables: list[np.ndarray]) -> list[np.ndarray]:
        return _together(tables, [(one.judged, one.members) for one in points], points, of_queues)

    def groups(tables: list[np.ndarray]) -> list[np.ndarray]:
        return _together(tables, [one.staffed for one in points], points, of_groups)

    def of_queues(totals: np.ndarray, scenario: Scenario) -> np.ndarray:
        seconds = observed_seconds(scenario)
        figures = queue_figures(totals, scenario, seconds.sum() if totals.ndim == 3 else seconds)
        return _columns(figures, kept.queue_figures, totals.shape[:-1])

    def of_groups(totals: np.ndarray, scenario: Scenario) -> np.ndarray:
        figures = agent_figures(totals, scenario, by_interval=totals.ndim == 4)
        return _columns(figures, kept.agent_figures, (totals.shape[0], *totals.shape[2:]))

    nothing = [NO_TABLE] * len(points)
    columns = zip(
        played,
        queues([t.contacts for _, t in played]) if kept.queues else nothing,
        groups([t.agents for _, t in played]) if kept.agents else nothing,
        queues([t.contacts_by_interval for _, t in played]) if kept.by_interval and kept.queues else nothing,
        groups([t.agents_by_interval for _, t in played]) if kept.by_interval and kept.agents else nothing,
        strict=True,
    )
    found = {}
    for (one, totals), of_queue, of_group, by_queue, by_group in columns:
        grid = one.scenario.grid
        starts = tuple(grid.label(index) for index in range(grid.count)) if kept.by_interval else ()
        found[one.place] = Figures(one.members, of_queue, of_group, by_queue, by_group, starts, totals.waits)
    return found


def _columns(figures: Mapping[str, np.ndarray], names: Sequence[str], shape: tuple[int, ...]) -> np.ndarray:
    """Some figures side by side, as the last axis."""
    return np.stack([figures[name] for name in names], axis=-1) if names else np.zeros((*shape, 0))


def _together(
    tables: list[np.ndarray],
    keys: list[Any],
    points: list[_Ready],
    figures: Callable[[np.ndarray, Scenario], np.ndarray],
) -> list[np.ndarray]:
    """The figures of each table, those with equal keys in one call."""
    alike: dict[Any, list[int]] = {}
    for k, key in enumerate(keys):
        alike.setdefault(key, []).append(k)
    result = [NO_TABLE] * len(tables)
    for places in alike.values():
        taken = figures(np.concatenate([tables[k] for k in places]), points[places[0]].scenario)
        for k, part in zip(places, np.split(taken, len(places)), strict=True):
            result[k] = part
    return result


# Elsewhere: in another process, or on another machine


def packed(base: Scenario) -> bytes:
    """A scenario as it is sent to workers."""
    return pickle.dumps(base)


def play_elsewhere(base: bytes, sources: str, task: Task, settings: Settings) -> Played:
    """The same by a worker in another process, whose sources must be those of the one that asks."""
    if sources != sources_here():
        raise InputError("a worker runs another version of callcenter-sim; install the same everywhere")
    return play_points(_unpacked(base), task, settings)


@cache
def sources_here() -> str:
    """A hash of all sources that results depend on, the same wherever they are installed."""
    digest, package = hashlib.sha256(), Path(__file__).parents[1]
    for path in sorted(path for pattern in SOURCES for path in package.glob(pattern)):
        digest.update(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


_base: tuple[bytes, Scenario] | None = None


def _unpacked(base: bytes) -> Scenario:
    """The scenario that `packed` was given; that of the last task is kept."""
    global _base
    if _base is None or _base[0] != base:
        _base = (base, pickle.loads(base))
    return _base[1]
