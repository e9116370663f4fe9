"""The headcount bridge: from one scenario to another, one difference at a time, on the same days."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.experiments.replicate import Progress, replicate
from sim.measures.estimate import Estimate, Sample, difference, interval, of_count
from sim.measures.metrics import LOST_CUSTOMERS
from sim.scenario.queue import Queue
from sim.scenario.schema import Scenario
from sim.scenario.targets import goals
from sim.scenario.units import say_clock, say_duration
from sim.scenario.weeks import Grid

Path = tuple[str, ...]

VOLUME, HANDLE, BEHAVIOUR, PROMISE = "volume", "handle time", "patience and behaviour", "hours and targets"
SHRINKAGE, STAFFING, SKILLS, REST = (
    "shrinkage and absence",
    "staffing and shifts",
    "skills and routing",
    "the rest",
)
ORDER = (VOLUME, HANDLE, BEHAVIOUR, PROMISE, SHRINKAGE, STAFFING, SKILLS, REST)
BEHAVES = (
    "patience", "balks", "redial", "repeat", "transfer", "switch", "ivr", "classes", "leaves", "tells",
    "customer_value",
)  # fmt: skip
OF_QUEUES = (
    dict.fromkeys(("arrivals", "backlog"), VOLUME) | dict.fromkeys(("talk", "wrap"), HANDLE)
    | dict.fromkeys(BEHAVES, BEHAVIOUR)
    | dict.fromkeys(("hours", "after_hours", "at_close", "service_level"), PROMISE)
)  # fmt: skip
OF_GROUPS = (
    dict.fromkeys(("shrinkage", "absence"), SHRINKAGE) | dict.fromkeys(("staffing", "shifts", "roster"), STAFFING)
    | {"skills": SKILLS}
)  # fmt: skip
OF_ALL = {"at_close": PROMISE, "targets": PROMISE, "shift_types": STAFFING, "routing": SKILLS}
IGNORED = ("schema", "name", "plans", "seed", "replications", "defaults")
PIECE = 2.0**-20  # lost customers a day are kept in these, so that steps add up to the last bit
MOST, LEAST = 0.9999, 0.0001  # the promises that formulas take


class _Missing:
    """What stands at a path that a scenario does not have."""


MISSING = _Missing()


class Change(NamedTuple):
    """One difference: a path, what stands there in the one scenario and in the other (or MISSING)."""

    path: Path
    old: Any
    new: Any

    @property
    def group(self) -> str:
        """The step that this difference belongs to."""
        kind, *rest = self.path
        whole = len(self.path) == 2 and (self.old is MISSING or self.new is MISSING)
        if kind == "queues":
            return VOLUME if whole else OF_QUEUES.get(rest[1], REST)
        if kind == "agents":
            if whole:
                return STAFFING
            handling = len(rest) == 4 and rest[1] == "skills" and rest[3] in ("handle_factor", "slowdown")
            return HANDLE if handling else OF_GROUPS.get(rest[1], REST)
        return OF_ALL.get(kind, REST)


@dataclass(frozen=True)
class Level:
    """Where a scenario on the way stands.

    required_hours: agent hours to pay, by the rule of `required_hours`; planned_hours: those that are planned to be
    paid; lost: lost customers of a replication, as a sample over the days played.
    """

    required_hours: float
    planned_hours: float
    lost: Sample


@dataclass(frozen=True)
class Step:
    """One difference carried over: what changes, and where the scenario stands after it."""

    title: str
    changes: tuple[Change, ...]
    before: Level
    after: Level

    @property
    def required_hours(self) -> float:
        """By how much the required hours move."""
        return self.after.required_hours - self.before.required_hours

    @property
    def planned_hours(self) -> float:
        """By how much the planned hours move."""
        return self.after.planned_hours - self.before.planned_hours

    @property
    def lost(self) -> Estimate:
        """By how much the lost customers move, with the paired margin."""
        return difference(self.after.lost, self.before.lost)


@dataclass(frozen=True)
class Steps:
    """The whole way: where it begins, and every step in order; none between scenarios that do the same."""

    start: Level
    steps: tuple[Step, ...]
    left_out: tuple[str, ...] = ()  # targets that the required hours do not heed: "support.lost_rate"

    @property
    def end(self) -> Level:
        """Where the way ends."""
        return self.steps[-1].after if self.steps else self.start

    @property
    def lost(self) -> Estimate:
        """The whole difference in lost customers, paired."""
        return difference(self.end.lost, self.start.lost)


def bridge(
    a: Scenario,
    b: Scenario,
    replications: int,
    seed: int,
    *,
    engine: str = "compiled",
    jobs: int = 1,
    progress: Progress | None = None,
    search: bool = False,
) -> Steps:
    """The steps from a to b, both as they stand (plans aside), on the same days.

    Differences are found by comparing what the two say path by path; those of one group (see `ORDER`) are carried
    over together, one group after the other; a group that changes nothing is no step, and one that cannot stand
    without the next is joined with it. search: take the required hours from `searched_hours` in place of
    `required_hours`. Raises InputError for scenarios of different intervals or horizons.
    """
    _check_grids(a.grid, b.grid)
    way = _way(a, b)
    scenarios = [a, *(scenario for _, _, scenario in way)]
    totals = replicate(scenarios, replications, seed, engine=engine, jobs=jobs, progress=progress)
    levels = [
        _level(s, t.contacts[:, : len(s.queues), LOST_CUSTOMERS])
        for s, t in zip(scenarios, totals, strict=True)
    ]
    if search:
        hours = [_rounded(searched_hours(s, replications, seed, engine=engine, jobs=jobs)) for s in scenarios]
        levels = [replace(level, required_hours=found) for level, found in zip(levels, hours, strict=True)]
    steps = [
        Step(title, changes, before, after)
        for (title, changes, _), before, after in zip(way, levels, levels[1:], strict=False)
    ]
    return Steps(levels[0], tuple(steps), () if search else left_out(scenarios))


def left_out(scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """The targets that no formula knows, of any of the scenarios."""
    names = [goal.name for scenario in scenarios for goal in goals(scenario) if goal.metric == "lost_rate"]
    return tuple(f"{name}.lost_rate" for name in dict.fromkeys(names))


def _check_grids(a: Grid, b: Grid) -> None:
    said = [
        f"{say_clock(grid.opens)}, {grid.count} intervals of {say_duration(grid.interval)}"
        + (f", from weekday {grid.starts}" if grid.starts is not None else "")
        for grid in (a, b)
    ]
    if said[0] != said[1]:
        raise InputError(
            f"the two have different horizons (from {said[0]}; from {said[1]}); give both the same opens, closes "
            "and interval"
        )


def _way(a: Scenario, b: Scenario) -> list[tuple[str, tuple[Change, ...], Scenario]]:
    """Title, changes and the scenario reached, for each step.

    A queue that goes has no more volume from the first step on; it is taken out, with the skills for it, at the end.
    """
    here, goal = _bare(a), _bare(b)
    by_group: dict[str, list[Change]] = {title: [] for title in ORDER}
    gone = [name for name in here["queues"] if name not in goal["queues"]]
    for change in _changes((), here, goal):
        if not (change.path[0] == "agents" and change.path[2:3] == ("skills",) and change.path[-1] in gone):
            by_group[change.group].append(change)
    titles_left = [title for title in ORDER if by_group[title]]
    way: list[tuple[str, tuple[Change, ...], Scenario]] = []
    before, titles, changes = a, list[str](), list[Change]()
    for title in titles_left:
        titles.append(title)
        changes += by_group[title]
        for change in by_group[title]:
            _put(here, change, gone)
        last = title == titles_left[-1]
        try:
            after = Scenario(**(goal if last else here))
        except InputError:
            continue
        if not _same(before, after):
            way.append((", ".join(titles), tuple(changes), after))
            before = after
        titles, changes = [], []
    if _orders(before) != _orders(b):
        order = Change(("order of queues, groups or skills",), MISSING, MISSING)
        if way and way[-1][0].endswith(REST):
            way[-1] = (way[-1][0], (*way[-1][1], order), b)
        else:
            way.append((REST, (order,), b))
    return way


def _bare(scenario: Scenario) -> dict[str, Any]:
    return {key: value for key, value in scenario.written_out.items() if key not in IGNORED}


def _same(a: Scenario, b: Scenario) -> bool:
    """Whether both say the same of everything that is played."""
    return all(
        getattr(a, key) == getattr(b, key)
        for key in Scenario.model_fields
        if key not in (*IGNORED, "schema_")
    )


def _orders(scenario: Scenario) -> list[list[str]]:
    """Names in the order of the file, by which ties are broken."""
    skills = [list(group.skills) for group in scenario.agents.values()]
    return [list(scenario.queues), list(scenario.agents), list(scenario.class_names), *skills]


def _changes(path: Path, old: Any, new: Any) -> Iterator[Change]:
    """Every difference, as deep in the document as both have keys; a distribution is one value."""
    both = isinstance(old, Mapping) and isinstance(new, Mapping)
    if not both or "distribution" in old or "distribution" in new:
        if old is MISSING or new is MISSING or old != new:
            yield Change(path, old, new)
        return
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _changes((*path, str(key)), old.get(key, MISSING), new.get(key, MISSING))


def _put(document: dict[str, Any], change: Change, gone: list[str]) -> None:
    """Carry one change over, in place; a queue that goes loses its volume only."""
    if change.path[0] == "queues" and change.path[1] in gone:
        queue = document["queues"][change.path[1]]
        queue["arrivals"] = {"rate": "0 / h"}
        queue.pop("backlog", None)
        return
    *parents, last = change.path
    for key in parents:
        document = document.setdefault(key, {})
    if change.new is MISSING:
        document.pop(last, None)
    else:
        document[last] = copy.deepcopy(change.new)


def _level(scenario: Scenario, lost: np.ndarray) -> Level:
    """Where a scenario stands; lost: float64 (replications, queues)."""
    sample = of_count(lost.sum(axis=1))
    rounded = round(sample.value / PIECE) * PIECE
    planned = sum(
        float(scenario.paid_seconds(name, scenario.warm_up).sum()) / (1.0 - group.shrinkage)
        for name, group in scenario.agents.items()
    )
    return Level(
        _rounded(required_hours(scenario)), _rounded(planned / 3600.0), sample._replace(value=rounded)
    )


def _rounded(hours: float) -> float:
    return round(hours / PIECE) * PIECE


def required_hours(scenario: Scenario) -> float:
    """Paid hours that the volume asks for: in each interval and queue the fewest agents by formula, plus shrinkage.

    The contacts of an interval are those that reach the queue, transfers and repeats of those served included and
    redials not; they meet as many agents as Erlang A takes for the queue's promise (or its service level,
    abandonment and ASA under `targets`, and an occupancy of its groups), with its own patience, or Erlang C without
    any. Each queue has agents of its own: what sharing them between queues, and callbacks, would save is left out. The
    hours are divided by (1 − absence) × (1 − shrinkage), mean over the groups that serve the queue first.
    """
    contacts = _contacts(scenario)
    return sum(_queue_hours(scenario, name, contacts[place]) for place, name in enumerate(scenario.queues))


def searched_hours(scenario: Scenario, days: int, seed: int, *, engine: str, jobs: int) -> float:
    """Paid hours of the cheapest staffing that a search finds for the targets, over the groups it staffs.

    Raises InputError for a scenario without targets, or with targets that no staffing meets.
    """
    from sim.experiments.staff import IMPOSSIBLE, STOPPED, hours_of, staffing_for

    found = staffing_for(scenario, days=days, seed=seed, engine=engine, jobs=jobs)
    if found.state == STOPPED:
        raise KeyboardInterrupt
    if found.state == IMPOSSIBLE:
        raise InputError(
            "no staffing meets them on the way from one to the other; leave the search out", path="targets"
        )
    sought = [name in found.free for name in scenario.agents]
    return float((found.staffing * hours_of(scenario)[:, None])[sought].sum())


def _contacts(scenario: Scenario) -> np.ndarray:
    """Contacts of each queue and interval, float64 (queues, intervals), as if everybody were served at once."""
    names = list(scenario.queues)
    first = np.array([scenario.expected(name) for name in names])
    on = np.zeros((len(names), len(names)))
    for place, queue in enumerate(scenario.queues.values()):
        first[place, 0] += queue.backlog.count if queue.backlog else 0
        if queue.ivr:
            first[place] *= max(0.0, 1.0 - queue.ivr.self_served - queue.ivr.hangs_up)
        for transfer in queue.transfer:
            on[names.index(transfer.to), place] += transfer.share
        on[place, place] += queue.repeat.share if queue.repeat else 0.0
    return np.linalg.solve(np.eye(len(names)) - on, first)


def _queue_hours(scenario: Scenario, name: str, contacts: np.ndarray) -> float:
    from sim.theory.staffing import smallest_agents

    queue, grid = scenario.queues[name], scenario.grid
    busy = np.flatnonzero(contacts > 1e-9)
    level = min((g.skills[name].level for g in scenario.agents.values() if name in g.skills), default=1)
    groups = [g for g in scenario.agents.values() if name in g.skills and g.skills[name].level == level]
    skills = [group.skills[name] for group in groups]
    factor = float(np.mean([s.handle_factor * s.slowdown[-1] / s.at_once for s in skills])) if skills else 1.0
    there = float(np.mean([(1.0 - g.absence) * (1.0 - g.shrinkage) for g in groups])) if groups else 1.0
    handle = np.maximum(queue.mean_handle(grid) * factor, 1e-6)
    targets = _targets(scenario, name, queue)
    hours = 0.0
    for patience, places in _by_patience(queue, busy):
        agents = smallest_agents(
            arrival_rate=contacts[places] / grid.interval,
            mean_handle=handle[places],
            patience=patience,
            never_hangs_up=queue.patience.never_hangs_up if queue.patience else 0.0,
            within=queue.service_level.within,
            definition=queue.service_level.definition,
            **targets,
        )
        hours += float(np.sum(agents)) * grid.interval / 3600.0
    return hours / there


def _targets(scenario: Scenario, name: str, queue: Queue) -> dict[str, float]:
    """What the queue has to reach: its targets, or its own promise."""
    found: dict[str, float] = {}
    for target in scenario.targets.get(name, ()):
        found |= {
            key: value
            for key, value in target.numbers.items()
            if key in ("service_level", "abandonment_rate", "asa")
        }
    if queue.patience is None:
        found.pop("abandonment_rate", None)  # nobody hangs up
    found = found or {"service_level": queue.service_level.target}
    level = min((g.skills[name].level for g in scenario.agents.values() if name in g.skills), default=1)
    for key, group in scenario.agents.items():
        if name in group.skills and group.skills[name].level == level:
            for target in scenario.targets.get(key, ()):
                if target.occupancy is not None:
                    found["occupancy"] = min(target.occupancy, found.get("occupancy", 1.0))
    return {key: value if key == "asa" else min(max(value, LEAST), MOST) for key, value in found.items()}


def _by_patience(queue: Queue, places: np.ndarray) -> Iterator[tuple[Any, np.ndarray]]:
    """Each distribution of patience with the intervals in which it holds; None for endless patience."""
    if places.size == 0:
        return
    drawn = queue.patience.drawn if queue.patience else (None,)
    if len(drawn) == 1:
        yield drawn[0], places
        return
    for one in dict.fromkeys(drawn):
        here = places[[drawn[place] is one or drawn[place] == one for place in places]]
        if here.size:
            yield one, here


def level_of(level: Level) -> Estimate:
    """The lost customers of a level with their own 95% interval."""
    return interval(level.lost)
