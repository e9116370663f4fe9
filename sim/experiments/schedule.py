"""The cheapest shifts found whose staffing meets every target in simulation, confirmed on fresh days."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.experiments import staff
from sim.experiments.aims import ROUNDING, Aim, Judged, aims_of, judged
from sim.experiments.confirm import LOOKS, MOST_CONTACTS, Confirmed, FreshDays, nothing_confirmed
from sim.experiments.covering import Catalogue, catalogue_of, cheapest
from sim.experiments.growth import by_load, grown, offered_load, very_many
from sim.experiments.least import by_work
from sim.experiments.moves import Search, fewer
from sim.experiments.shiftwork import Rota, relieved, repaired, swapped
from sim.experiments.staff import EFFORT, FOUND, IMPOSSIBLE, STOPPED, UNSURE
from sim.experiments.trials import Stage, Trials, stage_of
from sim.scenario.schema import Scenario
from sim.scenario.targets import goals

MOST_TRIED = 1500  # staffings by interval, for the requirement
PROGRAMMES = 400  # integer programmes that a search solves, and a tenth as many after each confirmation
HARD = 120  # the same where breaks are taken in turn, which takes longer to solve
ROUNDS = 12

Progress = Callable[
    [str, int, float], None
]  # what is done, schedules tried, the least cost so far (NaN: none)


@dataclass
class Schedule:
    """What a search came to.

    counts: int64 (groups to schedule, shifts of the catalogue); requirement: by interval, which meets the targets on
    the search days by itself; covered: what the cheapest shifts for that cost; searched: the cost before the
    confirmation asked for more. work, days: costs below which no schedule gets, by the work alone and by each interval
    on its own on the search days (NaN: not known). missed: with state IMPOSSIBLE the aims that no schedule meets;
    uncovered: intervals in which no shift works all the time.
    """

    scenario: Scenario
    free: list[str]
    catalogue: Catalogue
    seed: int
    days: int
    aims: list[Aim]
    state: str
    counts: np.ndarray
    requirement: np.ndarray
    confirmed: Confirmed
    on_search: Judged | None = None
    covered: float = float("nan")
    searched: float = float("nan")
    work: float = 0.0
    below: float = float("nan")
    missed: tuple[int, ...] = ()
    uncovered: tuple[int, ...] = ()
    tried: int = 0
    programmes: int = 0
    seconds: float = 0.0


def schedule_for(
    scenario: Scenario,
    *,
    days: int,
    seed: int,
    engine: str = "compiled",
    jobs: int = 1,
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> Schedule:
    """Search a scenario (already under its plan) for the cheapest shifts of its `shift_types` that meet its targets.

    The groups scheduled are those that a target concerns, however they are staffed now. days: replications of the
    search; the confirmation takes further ones. The outcome depends on neither jobs nor time. After Ctrl-C it is the
    best schedule so far, state STOPPED; without one, the KeyboardInterrupt goes on.
    """
    started = time.perf_counter()
    bare = unstaffed(scenario)
    staff.check_days(bare, days)
    free = staff.sought(bare)
    catalogue = catalogue_of(bare, free)
    stage = stage_of(bare, free)
    aims = aims_of(bare)
    trials = Trials(stage, seed, range(days), engine, jobs)
    load = offered_load(bare)
    search = _by_interval(bare, free, catalogue, trials, aims, days, load)
    shape = (len(free), bare.grid.count)
    many = very_many(search, load)
    rota = Rota(
        catalogue=catalogue,
        trials=Trials(stage_on(stage, catalogue.moments), seed, range(days), engine, jobs),
        aims=aims,
        helpers=[[free.index(list(bare.agents)[g]) for g in helpers] for helpers in search.helpers],
        groups=len(bare.agents),
        guide=np.zeros(shape, dtype=np.int64),
        floor=np.zeros(shape, dtype=np.int64),
        margins=np.zeros(len(aims)),
        most=PROGRAMMES if catalogue.one_turn else HARD,
        tell=lambda what, best: None,
    )
    if progress is not None:
        search.tell = lambda what, best: progress("the requirement by interval", trials.played, float("nan"))
        rota.tell = lambda what, best: progress(what, rota.trials.played, best)
    result = Schedule(
        bare, free, catalogue, seed, days, aims, UNSURE, np.zeros(catalogue.price.shape, dtype=np.int64),
        np.zeros(shape, dtype=np.int64), nothing_confirmed(len(aims), confidence),
    )  # fmt: skip
    try:
        _sought_out(rota, search, result, load, many, (seed, days, engine, jobs), confidence)
    except KeyboardInterrupt:
        if rota.best is None and not result.counts.any():
            raise
        rota.tell = lambda what, best: None
        if result.state != FOUND:
            result.state = STOPPED
            result.counts = result.counts if rota.best is None else rota.best
            result.on_search = rota.judge(result.counts)
    finally:
        trials.close()
        rota.trials.close()
    result.tried, result.programmes = rota.trials.played, rota.solved
    result.seconds = time.perf_counter() - started
    return result


def unstaffed(scenario: Scenario) -> Scenario:
    """The scenario with the groups that a target concerns staffed by interval, whatever they have now."""
    wanted = goals(scenario)
    queues = {goal.name for goal in wanted if goal.kind == "queue"}
    named = {goal.name for goal in wanted if goal.kind == "group"}
    plain: dict[str, Any] = {}
    for name, group in scenario.agents.items():
        if name in named or queues & set(group.skills):
            plain |= {
                f"agents.{name}.{key}": None
                for key in ("shifts", "roster")
                if getattr(group, key) is not None
            }
            plain[f"agents.{name}.staffing"] = 1
    return scenario.with_(plain) if plain else scenario


def stage_on(stage: Stage, moments: np.ndarray) -> Stage:
    """A stage whose staffings are given by step from these moments on, which the edges of intervals are among."""
    steps = stage.plan.centre.steps
    merged = np.unique(np.concatenate([steps.moments, moments]))
    before = np.searchsorted(steps.moments, merged, side="right") - 1
    finer = type(steps)(*(np.ascontiguousarray(column[..., before]) for column in steps))._replace(
        moments=merged
    )
    return dataclasses.replace(
        stage,
        plan=stage.plan._replace(centre=stage.plan.centre._replace(steps=finer)),
        interval_of_step=np.searchsorted(moments, merged, side="right") - 1,
        factors=stage.factors[:, before],
    )


def _by_interval(
    scenario: Scenario, free: list[str], catalogue: Catalogue, trials: Trials, aims: list[Aim], days: int,
    load: np.ndarray,
) -> Search:  # fmt: skip
    """A search for staffing by interval; an agent of a group costs in one what the cheapest shift asks for as long."""
    grid = scenario.grid
    lengths = np.diff(np.append(catalogue.moments, grid.horizon))
    worked = np.array([turn.cover.mean(axis=0) @ lengths for turn in catalogue.turns])
    prices = np.ones((len(scenario.agents), grid.count))
    rate = (catalogue.price[:, worked > 0] / worked[worked > 0]).min(axis=1)
    prices[catalogue.groups] = np.repeat(rate[:, None] * grid.interval, grid.count, axis=1)
    contacts = max(1.0, float(sum(scenario.expected(name).sum() for name in scenario.queues)) * days)
    return Search(
        scenario=scenario,
        trials=trials,
        aims=aims,
        price=prices,
        teams=staff.teams_of(scenario, free),
        helpers=staff.helpers_of(scenario, free, prices),
        most=int(min(MOST_TRIED, max(200, EFFORT / 4 / contacts))),
        tell=lambda what, best: None,
    )


def _sought_out(
    rota: Rota, search: Search, result: Schedule, load: np.ndarray, many: np.ndarray, fresh: tuple[int, int, str, int],
    confidence: float,
) -> None:  # fmt: skip
    """Fill in a result step by step, so that what is there at an interruption stands."""
    if _impossible(rota, result, many):
        return
    many = many if search.judge(many).holds.all() else np.minimum(4 * many, 100_000)
    full = fewer(search, grown(search, np.minimum(by_load(search, load, 0.0), many), load, many))
    rota.guide = result.requirement = full[rota.catalogue.groups]
    result.work = by_work(search, load)[1]
    rota.floor = _alone(search, full, many)[rota.catalogue.groups]
    if rota.catalogue.on_edges:
        result.below = cheapest(rota.catalogue, rota.floor).bound
    result.covered = rota.solve(rota.guide).cost
    found = repaired(rota, rota.guide)
    if found is None:
        result.state, result.on_search = IMPOSSIBLE, rota.judge(rota.solve(rota.guide).counts)
        result.missed = tuple(int(k) for k in np.flatnonzero(~result.on_search.holds))
        return
    start = np.maximum(rota.floor, rota.guide - np.ceil(np.sqrt(rota.guide)).astype(np.int64))
    other = repaired(rota, start, rota.cost(found[1]))
    required, counts = _improved(rota, *(other or found))
    result.counts, result.searched, result.on_search = counts, rota.cost(counts), rota.judge(counts)
    _confirm(rota, result, required, fresh, confidence)
    result.on_search = rota.judge(result.counts)


def _impossible(rota: Rota, result: Schedule, many: np.ndarray) -> bool:
    """Whether a target fails even with very many agents whenever some shift is at work."""
    catalogue = rota.catalogue
    hole = np.unique(catalogue.interval_of_step[~catalogue.coverable])
    result.uncovered = tuple(int(i) for i in hole)
    staffing = np.where(catalogue.coverable, many[:, catalogue.interval_of_step], 0)
    found = judged(rota.aims, rota.trials.play(staffing))
    if found.holds.all():
        return False
    result.state, result.on_search = IMPOSSIBLE, found
    result.missed = tuple(int(k) for k in np.flatnonzero(~found.holds))
    return True


def _alone(search: Search, staffing: np.ndarray, many: np.ndarray) -> np.ndarray:
    """The fewest agents of each cell with very many everywhere else, granted that more are never worse."""
    result = staffing.copy()
    for g in search.free:
        for i in range(staffing.shape[1]):
            low, high = 0, int(staffing[g, i])
            while low < high:
                other = many.copy()
                other[g, i] = (low + high) // 2
                if search.judge(other).holds.all():
                    high = int(other[g, i])
                else:
                    low = int(other[g, i]) + 1
            result[g, i] = high
    return result


def _improved(rota: Rota, required: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Relax and swap in turn until neither saves anything."""
    while True:
        cost = rota.cost(counts)
        required, counts = relieved(rota, required, counts)
        counts = swapped(rota, required, counts)
        have = rota.catalogue.by_interval(rota.catalogue.coverage(counts))
        required = np.minimum(required, have)
        if rota.cost(counts) >= cost - 1e-6 or rota.spent:
            return required, counts


def _confirm(
    rota: Rota, result: Schedule, required: np.ndarray, fresh: tuple[int, int, str, int], confidence: float
) -> None:
    """Hold the schedule against fresh days; where a target is not sure, ask for more of it on the search days."""
    seed, days, engine, jobs = fresh
    number = max(1, int((rota.judge(result.counts).days > 0).sum()))
    held = FreshDays(rota.trials.stage, seed, days, engine, jobs, confidence, number)
    last = max(1.0, min(days * float(sum(LOOKS)), MOST_CONTACTS / held.contacts))
    for _ in range(ROUNDS):
        found = held.hold(
            rota.aims,
            rota.staffing(result.counts),
            lambda: rota.tell("confirming", rota.cost(result.counts)),
        )
        result.confirmed = said = found.said
        if said.holds:
            result.state = FOUND
            return
        assert said.found is not None
        share = min(1.0, math.sqrt(said.days / last))
        required, counts = _tightened(rota, result, required, said.found, said.low, share)
        if counts is None:
            return
        result.counts = counts


def _tightened(
    rota: Rota, result: Schedule, required: np.ndarray, found: Judged, low: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray | None]:
    """A schedule for targets that are tighter on the search days by what was missing on fresh ones.

    share: how much narrower the limits would be on as many days as are played at most.
    """
    ours = rota.judge(result.counts)
    width = (found.slack - low) * share
    wrong = np.isfinite(ours.slack) & (found.slack - width < 0)
    wrong |= np.isfinite(ours.slack) & (low < -ROUNDING) if not wrong.any() else False
    rota.margins = np.where(
        wrong, np.maximum(rota.margins + 1e-6, ours.slack - found.slack + width), rota.margins
    )
    rota.best = None
    rota.most = rota.solved + (PROGRAMMES if rota.catalogue.one_turn else HARD) // 10
    better = repaired(rota, required) or repaired(rota, np.maximum(required, rota.guide))
    return _improved(rota, *better) if better else (required, None)
