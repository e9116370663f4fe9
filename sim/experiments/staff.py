"""The cheapest staffing found, by interval and group, such that every target holds; confirmed on fresh days."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.experiments.aims import Aim, Judged, aims_of
from sim.experiments.confirm import Confirmed, FreshDays, confirmed, nothing_confirmed
from sim.experiments.exchange import exchanged
from sim.experiments.growth import by_formula, by_load, grown, offered_load, very_many
from sim.experiments.least import NO_BOUND, Bound, completed, lower_bound
from sim.experiments.moves import Search, fewer, try_moves
from sim.experiments.trials import Trials, stage_of
from sim.scenario.schema import Scenario
from sim.scenario.targets import goals

EFFORT = 250_000_000  # contacts that a search plays at most, in all the staffings it tries
LEAST_TRIED, MOST_TRIED = 300, 20_000  # staffings, whatever their contacts
MOST_CELLS = 200  # of the table of one agent more
CURVE = (-15, -10, -5, 0, 5, 10, 15)  # percent

FOUND, UNSURE, IMPOSSIBLE, STOPPED = "confirmed", "not confirmed", "cannot be met", "interrupted"

Progress = Callable[
    [str, int, float], None
]  # what is done, staffings tried, the least cost so far (NaN: none)


class Neighbour(NamedTuple):
    """One agent fewer or more in a cell: what breaks (numbers of aims), and what it changes, a replication."""

    group: int
    interval: int
    more: int
    breaks: tuple[int, ...]
    cost: float
    lost: float
    value: float


class CurvePoint(NamedTuple):
    """The whole staffing scaled: paid hours and cost of the groups sought, customers lost, what holds."""

    percent: int
    hours: float
    cost: float
    lost: float
    value: float
    missed: int


@dataclass
class Staffing:
    """What a search came to.

    staffing: int64 (groups, intervals), those of groups that are not `free` as they were; searched: the cheapest one
    found on the search days, before the confirmation added any. state: FOUND … STOPPED. on_search: what the search
    days say of `staffing`; closest: with state IMPOSSIBLE what very many agents come to.
    """

    scenario: Scenario
    free: list[str]
    seed: int
    days: int
    aims: list[Aim]
    state: str
    staffing: np.ndarray
    searched: np.ndarray
    on_search: Judged | None
    confirmed: Confirmed
    bound: Bound
    neighbours: list[Neighbour] = field(default_factory=list)
    curve: list[CurvePoint] = field(default_factory=list)
    lost: np.ndarray = field(default_factory=lambda: np.zeros(3))
    complete: bool = False
    tried: int = 0
    seconds: float = 0.0


def staffing_for(
    scenario: Scenario,
    *,
    days: int,
    seed: int,
    engine: str = "compiled",
    jobs: int = 1,
    confidence: float = 0.95,
    curve: bool = False,
    progress: Progress | None = None,
) -> Staffing:
    """Search a scenario (already under its plan) for the cheapest staffing that meets its targets.

    days: replications of the search; the confirmation takes further ones. The outcome depends on neither jobs nor
    time. After Ctrl-C it is the best staffing so far, state STOPPED; without one, the KeyboardInterrupt goes on.
    """
    started = time.perf_counter()
    check_days(scenario, days)
    free = sought(scenario)
    stage = stage_of(scenario, free)
    trials = Trials(stage, seed, range(days), engine, jobs)
    prices, load = prices_of(scenario), offered_load(scenario)
    contacts = max(1.0, float(sum(scenario.expected(name).sum() for name in scenario.queues)) * days)
    search = Search(
        scenario=scenario,
        trials=trials,
        aims=aims_of(scenario),
        price=prices,
        teams=teams_of(scenario, free),
        helpers=helpers_of(scenario, free, prices),
        most=int(min(MOST_TRIED, max(LEAST_TRIED, EFFORT / contacts))),
        tell=lambda what, best: None,
    )
    if progress is not None:
        search.tell = lambda what, best: progress(what, trials.played, search.cost(best))
    result = Staffing(
        scenario, free, seed, days, search.aims, UNSURE, search.price * 0, search.price * 0, None,
        nothing_confirmed(len(search.aims), confidence), NO_BOUND,
    )  # fmt: skip
    try:
        _sought_out(search, result, load, stage, seed, engine, jobs, confidence, curve)
    except KeyboardInterrupt:
        if search.best is None:
            raise
        if result.state != FOUND:
            result.state = STOPPED
            result.staffing = result.searched = search.best
        result.on_search, result.lost = search.judge(result.staffing), search.lost(result.staffing)
    finally:
        trials.close()
    result.tried, result.seconds = trials.played, time.perf_counter() - started
    return result


def _sought_out(
    search: Search, result: Staffing, load: np.ndarray, stage: Any, seed: int, engine: str, jobs: int,
    confidence: float, curve: bool,
) -> None:  # fmt: skip
    """Fill in a result step by step, so that what is there at an interruption stands."""
    many = _enough(search, very_many(search, load))
    result.staffing = result.searched = many
    result.on_search, result.lost = search.judge(many), search.lost(many)
    if not result.on_search.holds.all():
        result.state = IMPOSSIBLE
        return
    staffing = exchanged(search, _first(search, load, many))
    staffing, result.complete = completed(search, staffing, many)
    staffing = least_by_one(search, staffing)
    result.searched, result.bound = staffing, lower_bound(search, load, staffing, many)
    search.tell("confirming", staffing)
    number = max(1, int((search.judge(staffing).days > 0).sum()))
    fresh = FreshDays(stage, seed, result.days, engine, jobs, confidence, number)
    result.staffing, result.confirmed = confirmed(search, staffing, many, fresh)
    result.state = FOUND if result.confirmed.holds else UNSURE
    result.on_search, result.lost = search.judge(result.staffing), search.lost(result.staffing)
    search.tell("looking at neighbours", result.staffing)
    result.neighbours = _neighbours(search, result.staffing, many)
    result.curve = _curve(search, result.staffing) if curve else []


def check_days(scenario: Scenario, days: int) -> None:
    """Refuse targets on a share of days so large that so few days could not tell."""
    for goal in goals(scenario):
        least = math.ceil(2.0 / (1.0 - goal.on_days) - 1e-9) if goal.on_days else 1
        if days < least:
            said = f"{goal.on_days:.6g} of the days cannot be told from all on {days} days; search on {least} or more"
            raise InputError(f"{said} (--replications {least})", path=f"targets.{goal.name}.on_days")


def sought(scenario: Scenario) -> list[str]:
    """The groups whose staffing is sought: those with the skill for a queue with a target, or with one of their own.

    InputError where there is nothing to seek, or where such a group works in shifts.
    """
    wanted = goals(scenario)
    if not wanted:
        raise InputError(
            "there are none to staff for; add some, as in {support: {service_level: 80%}}", path="targets"
        )
    queues = {goal.name for goal in wanted if goal.kind == "queue"}
    groups = {goal.name for goal in wanted if goal.kind == "group"}
    free = [name for name, group in scenario.agents.items() if name in groups or queues & set(group.skills)]
    for queue in scenario.queues:
        if queue in queues and not any(queue in scenario.agents[name].skills for name in free):
            said = "no group has the skill for this queue, so that no staffing meets its target; give one the skill"
            raise InputError(said, path=f"targets.{queue}")
    for name in free:
        if scenario.agents[name].staffing is None:
            key = "shifts" if scenario.agents[name].shifts is not None else "roster"
            said = "staff seeks agents by interval; give the group staffing instead (a number will do), or use schedule"
            raise InputError(said, path=f"agents.{name}.{key}")
    return free


def hours_of(scenario: Scenario) -> np.ndarray:
    """Paid hours of one agent planned for one interval, by group: (groups,)."""
    shrinkage = np.array([group.shrinkage for group in scenario.agents.values()])
    return scenario.grid.interval / 3600.0 / (1.0 - shrinkage)


def prices_of(scenario: Scenario) -> np.ndarray:
    """What one agent in a cell costs: (groups, intervals); paid hours where no group has a cost.

    Where only some cost nothing, an hour of them counts for a millionth.
    """
    cost = np.array([group.cost_per_hour for group in scenario.agents.values()])
    each = hours_of(scenario) * (np.maximum(cost, 1e-6 * cost.max()) if cost.any() else 1.0)
    return np.repeat(each[:, None], scenario.grid.count, axis=1)


def helpers_of(scenario: Scenario, free: list[str], prices: np.ndarray) -> list[list[int]]:
    groups = list(scenario.agents.items())
    return [
        sorted(
            (g for g, (name, group) in enumerate(groups) if name in free and queue in group.skills),
            key=lambda g: (prices[g, 0] * groups[g][1].skills[queue].handle_factor, g),
        )
        for queue in scenario.queues
    ]


def teams_of(scenario: Scenario, free: list[str]) -> np.ndarray:
    """A number for every free group, the same for those that share customers; −1 for the others."""
    names = list(scenario.queues)
    team = {name: place for place, name in enumerate(names)}

    def join(a: str, b: str) -> None:
        low, high = sorted((team[a], team[b]))
        for name in names:
            team[name] = low if team[name] == high else team[name]

    for name, queue in scenario.queues.items():
        for transfer in queue.transfer:
            join(name, transfer.to)
        if queue.switch:
            join(name, queue.switch.to)
    for group in scenario.agents.values():
        skills = list(group.skills)
        for skill in skills[1:]:
            join(skills[0], skill)
    return np.array([team[next(iter(g.skills))] if n in free else -1 for n, g in scenario.agents.items()])


def _first(search: Search, load: np.ndarray, many: np.ndarray) -> np.ndarray:
    """The cheapest of a few staffings that the search can begin with.

    All work goes to the groups that contacts come to first, or a part of it to the others with the skill, who are
    then taken away last: what is saved by agents who can do several things shows only where there are enough of them.
    """
    found: list[np.ndarray] = []
    needed = by_formula(search.scenario, load)
    several = np.unique(search.teams[search.free]).size < len(search.free)
    for share in (0.0, 0.2, 0.5) if several else (0.0,):
        start = np.minimum(by_load(search, needed, share), many)
        start = fewer(search, grown(search, start, load, many), dearest_first=share == 0)
        found.append(fewer(search, start) if share else start)
    return min(found, key=search.cost)


def _enough(search: Search, many: np.ndarray) -> np.ndarray:
    """Very many agents; four times as many where these do not do."""
    return many if search.judge(many).holds.all() else np.minimum(4 * many, 100_000)


def least_by_one(search: Search, staffing: np.ndarray) -> np.ndarray:
    """The staffing after taking away, one by one, whoever can be spared: then one fewer anywhere breaks a target."""
    search.most = max(search.most, search.trials.played) + 4 * staffing.size
    again = True
    while again:
        again = False
        order = sorted(
            ((g, int(i)) for g in search.free for i in np.flatnonzero(staffing[g])),
            key=lambda cell: (-search.price[cell], cell),
        )
        for g, i in order:
            staffing, made = try_moves(search, staffing, [((g, i, -1),)])
            again = again or bool(made)
    return staffing


def _neighbours(search: Search, staffing: np.ndarray, many: np.ndarray) -> list[Neighbour]:
    """One agent fewer in every cell that has any, and one more in those next to the least slack."""
    base, rows = search.lost(staffing), []
    cells = [(g, int(i)) for g in search.free for i in range(staffing.shape[1])]
    slack = {cell: math.inf for cell in cells}
    found = search.judge(staffing)
    for k, aim in enumerate(search.aims):
        for g in search.helpers_of(aim):
            for i in range(aim.first, aim.last + 1):
                slack[g, i] = min(slack[g, i], float(found.slack[k]))
    close = sorted((cell for cell in cells if slack[cell] < math.inf), key=lambda cell: (slack[cell], cell))
    for more, where in (
        (-1, [cell for cell in cells if staffing[cell] > 0]),
        (1, sorted(close[:MOST_CELLS])),
    ):
        for g, i in where:
            other = staffing.copy()
            other[g, i] += more
            breaks = tuple(int(k) for k in np.flatnonzero(~search.judge(other).holds))
            change = search.lost(other) - base
            cost = more * float(search.price[g, i])
            rows.append(Neighbour(g, i, more, breaks, cost, float(change[1]), float(change[2])))
    return rows


def scaled(staffing: np.ndarray, percent: int) -> np.ndarray:
    """A staffing with so many percent more agents, spread over its cells in order: the running sum is rounded."""
    wanted = np.cumsum(staffing, axis=1) * (100 + percent) / 100
    return np.diff(np.floor(wanted + 0.5), axis=1, prepend=0.0).astype(np.int64)


def _curve(search: Search, staffing: np.ndarray) -> list[CurvePoint]:
    points = []
    hours = hours_of(search.scenario)
    for percent in CURVE:
        other = np.where((search.teams >= 0)[:, None], scaled(staffing, percent), staffing)
        missed = int(np.count_nonzero(~search.judge(other).holds))
        _, lost, value = search.lost(other)
        paid = float((other.sum(axis=1) * hours)[search.free].sum())
        points.append(CurvePoint(percent, paid, search.cost(other), float(lost), float(value), missed))
    return points
