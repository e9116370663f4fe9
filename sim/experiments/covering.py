"""Shifts as columns of an integer programme: the cheapest numbers of them that cover a requirement."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.scenario.people import Duty, Group, Shift, ShiftType
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, Days

NODES = 2000  # of the search tree of one programme, so that its outcome does not depend on time
NEAR = 1e-4  # relative: what is proved this close to the bound is the cheapest
MOST_TURNS = 48  # different times of breaks of one shift
MOST_SHIFTS = 5000  # types × starts
SHORT = 1000.0  # times the dearest shift: what a missing agent costs where numbers of shifts are limited


class Turn(NamedTuple):
    """A shift type at one start: `cover` has a row for each agent in turn, 1 where this one works: (turns, steps)."""

    type: str
    days: Days
    clock: float
    duties: tuple[Duty, ...]
    cover: np.ndarray


@dataclass(frozen=True)
class Catalogue:
    """All shifts that there are to choose from.

    groups: numbers of the groups to schedule; moments: float64 (steps,), from which on coverage can differ, seconds
    from opening; interval_of_step: (steps,); price, paid: float64 (groups to schedule, shifts), of one agent, what it
    costs and the paid hours; limits: of some shifts together the least and the most agents, all groups added up.
    """

    groups: list[int]
    turns: list[Turn]
    moments: np.ndarray
    interval_of_step: np.ndarray
    price: np.ndarray
    paid: np.ndarray
    limits: list[tuple[list[int], int, int | None]]

    @property
    def coverable(self) -> np.ndarray:
        """Which steps some shift covers: bool (steps,)."""
        return np.any([turn.cover.any(axis=0) for turn in self.turns], axis=0)

    @property
    def one_turn(self) -> bool:
        """Whether all agents of a shift have their breaks at one time."""
        return all(len(turn.cover) == 1 for turn in self.turns)

    @property
    def on_edges(self) -> bool:
        """Whether every change falls on the edge of an interval."""
        return bool(self.moments.size == np.unique(self.interval_of_step).size)

    def coverage(self, counts: np.ndarray) -> np.ndarray:
        """Agents at work by step under so many of each shift: int64 (groups to schedule, steps)."""
        result = np.zeros((len(self.groups), self.moments.size), dtype=np.int64)
        for g, t in zip(*np.nonzero(counts), strict=True):
            cover = self.turns[t].cover
            whole, part = divmod(int(counts[g, t]), len(cover))
            result[g] += whole * cover.sum(axis=0) + cover[:part].sum(axis=0)
        return result

    def by_interval(self, coverage: np.ndarray) -> np.ndarray:
        """The fewest agents at a time within each interval: (groups to schedule, intervals)."""
        starts = np.flatnonzero(np.diff(self.interval_of_step, prepend=-1))
        return np.minimum.reduceat(coverage, starts, axis=1)

    def cost(self, counts: np.ndarray) -> float:
        """What so many of each shift cost."""
        return float((counts * self.price).sum())


class Cover(NamedTuple):
    """The cheapest shifts found: counts int64 (groups to schedule, shifts), their cost, and a bound below it."""

    counts: np.ndarray
    cost: float
    bound: float


def catalogue_of(scenario: Scenario, free: list[str]) -> Catalogue:
    """Every shift type of a scenario at each of its starts, for these groups.

    A type without starts may begin with any interval in which it fits. In scenarios of several days that name
    weekdays, each weekday is chosen for on its own. InputError for what cannot be worked.
    """
    if not scenario.shift_types:
        said = "is empty: there is nothing to choose from; add some, as in {full: {length: 8 h, starts: [08:00]}}"
        raise InputError(said, path="shift_types")
    grid, spans = scenario.grid, []
    for name, kind in scenario.shift_types.items():
        turns = math.lcm(*(pause.turns for pause in kind.breaks)) if kind.breaks else 1
        if turns > MOST_TURNS:
            said = f"the breaks fall in {turns:,} ways; let stagger and within fit each other, for at most {MOST_TURNS}"
            raise InputError(said, path=f"shift_types.{name}.breaks")
        for days, clock in _starts(scenario, name, kind):
            works = [_working(name, days, clock, n) for n in range(turns + 1)]
            try:
                duties = tuple(works[1].duties(grid, scenario.shift_types))
                steps = [group.planned_steps(grid, scenario.shift_types) for group in works]
            except InputError as error:
                raise InputError(error.problem, path=f"shift_types.{name}.starts") from None
            spans.append((name, days, clock, duties, steps))
    if len(spans) > MOST_SHIFTS:
        said = f"there are {len(spans):,} types and starts; give at most {MOST_SHIFTS:,}"
        raise InputError(said, path="shift_types")
    edges = np.arange(grid.count) * grid.interval
    moments = np.unique(np.concatenate([edges, *(m for *_, steps in spans for m, _ in steps)]).round(6))
    turns_found = []
    for name, days, clock, duties, steps in spans:
        levels = [counts[np.searchsorted(at.round(6), moments, side="right") - 1] for at, counts in steps]
        turns_found.append(Turn(name, days, clock, duties, np.diff(np.array(levels), axis=0)))
    price, paid = _prices(scenario, free, turns_found)
    names = list(scenario.agents)
    return Catalogue(
        groups=[names.index(name) for name in free],
        turns=turns_found,
        moments=moments,
        interval_of_step=np.searchsorted(edges.round(6), moments, side="right") - 1,
        price=price,
        paid=paid,
        limits=_limits(scenario, turns_found),
    )


def _working(kind: str, days: Days, clock: float, agents: int) -> Group:
    """A group of which so many agents work one shift."""
    shift = Shift.model_construct(type=kind, starts=((days, clock),), agents=agents, days=None)
    return Group.model_construct(staffing=None, shifts={"shift": shift}, roster=None, skills={})


def _starts(scenario: Scenario, name: str, kind: ShiftType) -> list[tuple[Days, float]]:
    grid = scenario.grid
    found: list[tuple[Days, float]] = list(kind.starts or ())
    if not found:
        moments = np.arange(grid.count) * grid.interval
        if not grid.round_the_clock:
            moments = moments[moments + kind.length <= grid.horizon + 1e-6]
        if not moments.size:
            raise InputError(f"is longer than {grid.said}", path=f"shift_types.{name}.length")
        found = [(None, float(clock)) for clock in np.unique((grid.opens + moments) % DAY)]
    if grid.starts is None or grid.horizon <= DAY:
        return list(dict.fromkeys(found))
    week = sorted(
        {grid.weekday(int((grid.opens + m) // DAY)) for m in np.arange(0.0, grid.horizon, grid.interval)}
    )
    each = [((day,), clock) for days, clock in found for day in (week if days is None else days)]
    return list(dict.fromkeys(each))


def _prices(scenario: Scenario, free: list[str], turns: list[Turn]) -> tuple[np.ndarray, np.ndarray]:
    """Cost and paid hours of one agent of each group on each shift; the cost is the hours where none is written."""
    groups = [scenario.agents[name] for name in free]
    kinds = [scenario.shift_types[turn.type] for turn in turns]
    hours = np.array([sum(duty.paid for duty in turn.duties) / 3600.0 for turn in turns])
    paid = np.array([hours / (1.0 - group.shrinkage) for group in groups])
    if not any(group.cost_per_hour for group in groups) and all(kind.cost is None for kind in kinds):
        return paid, paid
    price = np.array([
        [
            hour * group.cost_per_hour if kind.cost is None else len(turn.duties) * kind.cost / (1.0 - group.shrinkage)
            for hour, kind, turn in zip(row, kinds, turns, strict=True)
        ]
        for group, row in zip(groups, paid, strict=True)
    ])  # fmt: skip
    return np.maximum(price, 1e-6 * max(price.max(), 1e-6)), paid


def _limits(scenario: Scenario, turns: list[Turn]) -> list[tuple[list[int], int, int | None]]:
    """Least and most agents of each type, on each day that is chosen for."""
    found = []
    for name, kind in scenario.shift_types.items():
        if kind.least is None and kind.most is None:
            continue
        if kind.most is not None and (kind.least or 0) > kind.most:
            raise InputError(
                f"{kind.least} is above most: {kind.most}; give at most that",
                path=f"shift_types.{name}.least",
            )
        for days in dict.fromkeys(turn.days for turn in turns if turn.type == name):
            places = [t for t, turn in enumerate(turns) if turn.type == name and turn.days == days]
            found.append((places, kind.least or 0, kind.most))
    return found


def cheapest(catalogue: Catalogue, requirement: np.ndarray) -> Cover:
    """The cheapest shifts that cover a requirement: int64 (groups to schedule, intervals).

    Each step of an interval has as many agents as it asks for, as far as any shift covers it; where the most of a
    type are too few, what is missing is as little as can be. Dantzig's set covering (1954), by HiGHS through SciPy.
    """
    groups = range(len(catalogue.groups))
    parts = [list(groups)] if catalogue.limits else [[g] for g in groups]
    counts = np.zeros(catalogue.price.shape, dtype=np.int64)
    bound = 0.0
    for part in parts:
        found = _solved(catalogue, requirement, part, False)
        if found is None:
            found = _solved(catalogue, requirement, part, True)
        if found is None:
            said = "no numbers of shifts keep to least and most at once; widen them"
            raise InputError(said, path="shift_types")
        counts[part] = found[0]
        bound += found[1]
    return Cover(counts, catalogue.cost(counts), bound)


def least_cost(catalogue: Catalogue, requirement: np.ndarray) -> float:
    """A cost that no shifts covering a requirement go below: what they cost if parts of agents could work."""
    groups = range(len(catalogue.groups))
    parts = [list(groups)] if catalogue.limits else [[g] for g in groups]
    found = [_solved(catalogue, requirement, part, False, whole=False) for part in parts]
    return sum(each[1] for each in found if each is not None)


def relaxed(catalogue: Catalogue, requirement: np.ndarray) -> tuple[float, np.ndarray]:
    """The least cost if parts of agents could work, and what one agent less required in a cell saves of it.

    Returns the cost and float64 (groups to schedule, intervals); each group on its own, limits left out, agents spread
    evenly over the turns of their breaks: a bound where breaks have one turn, else only a hint.
    """
    from scipy.optimize import linprog

    total, saved = 0.0, np.zeros(requirement.shape)
    keep = catalogue.coverable
    for g in range(len(catalogue.groups)):
        columns = np.array([turn.cover.mean(axis=0) for turn in catalogue.turns]).T[keep]
        wanted = requirement[g, catalogue.interval_of_step[keep]]
        found = linprog(catalogue.price[g], A_ub=-columns, b_ub=-wanted, method="highs")
        total += float(found.fun)
        np.add.at(saved[g], catalogue.interval_of_step[keep], -found.ineqlin.marginals)
    return total, saved


def _solved(
    catalogue: Catalogue, requirement: np.ndarray, part: list[int], spare: bool, whole: bool = True
) -> tuple[np.ndarray, float] | None:
    """The counts of some groups at once, and a bound; None if there are none. spare: agents may be missing, dearly."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    turns, keep = catalogue.turns, catalogue.coverable
    sizes = [len(turn.cover) for turn in turns]
    first = np.concatenate([[0], np.cumsum(sizes)])
    each = int(first[-1])
    cover = np.concatenate([turn.cover for turn in turns])[:, keep].T
    steps = catalogue.interval_of_step[keep]
    intervals = requirement.shape[1]
    size = len(part) * (each + (intervals if spare else 0))
    rows: list[tuple[list[Any], list[Any], float, float]] = []
    seen: dict[tuple[int, bytes], int] = {}
    for place, g in enumerate(part):
        for row, i in zip(cover, steps, strict=True):
            key = (place, bytes(row) + bytes([]) + (i.tobytes() if spare else b""))
            wanted = float(requirement[g, i])
            if key in seen:  # two steps that the same agents cover: the larger number holds
                old = rows[seen[key]]
                rows[seen[key]] = (old[0], old[1], max(old[2], wanted), math.inf)
                continue
            seen[key] = len(rows)
            where = np.flatnonzero(row)
            places, values = list(where + place * each), list(row[where])
            if spare:
                places, values = [*places, len(part) * each + place * intervals + int(i)], [*values, 1]
            rows.append((places, values, wanted, math.inf))
        for t, turns_of in enumerate(sizes):  # agents in turn: the first of them have one more, or none has
            start = place * each + int(first[t])
            rows += [([start + w, start + w + 1], [1, -1], 0.0, 1.0) for w in range(turns_of - 1)]
            if turns_of > 2:
                rows.append(([start, start + turns_of - 1], [1, -1], 0.0, 1.0))
    for places_of, least, most in catalogue.limits:
        where_of = [
            p * each + w for p in range(len(part)) for t in places_of for w in range(first[t], first[t + 1])
        ]
        rows.append((where_of, [1] * len(where_of), float(least), math.inf if most is None else float(most)))
    indptr = np.concatenate([[0], np.cumsum([len(row[0]) for row in rows])])
    matrix = csr_array(
        (np.concatenate([row[1] for row in rows]), np.concatenate([row[0] for row in rows]), indptr),
        shape=(len(rows), size),
    )
    price = np.concatenate([np.repeat(catalogue.price[g], sizes) for g in part])
    kind = np.full(size, int(whole))
    if spare:
        kind[len(price) :] = 0
        price = np.concatenate([price, np.full(size - len(price), SHORT * price.max())])
    found = milp(
        price,
        integrality=kind,
        bounds=Bounds(0, np.inf),
        constraints=LinearConstraint(matrix, [row[2] for row in rows], [row[3] for row in rows]),
        options={"node_limit": NODES, "mip_rel_gap": 10 * NEAR if spare else NEAR},
    )
    if found.x is None:
        return None
    agents = np.rint(found.x[: len(part) * each]).astype(np.int64).reshape(len(part), each)
    counts = np.array([np.add.reduceat(row, first[:-1]) for row in agents])
    bound = found.mip_dual_bound if whole else found.fun
    return counts, float(bound) if bound is not None and np.isfinite(bound) and not spare else 0.0
