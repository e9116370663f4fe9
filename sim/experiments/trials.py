"""Days that are dealt once, and any number of staffings tried on them."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.experiments.blocks import play_days
from sim.experiments.replicate import CHUNK, Plan, engine_named, prepared
from sim.measures.metrics import (
    ABANDONED,
    ANSWERED,
    ANSWERED_WAIT,
    BINS,
    COUNTED_FOR_TARGET,
    CUSTOMERS,
    LOST_CUSTOMERS,
    LOST_VALUE,
    OFFERED,
    WITHIN_TARGET,
    blank_sheet,
)
from sim.model.centre import DAY_LENGTH, Centre
from sim.model.day import Day, days_of
from sim.scenario import events
from sim.scenario.schema import Scenario

KEPT = (
    OFFERED, ANSWERED, ABANDONED, WITHIN_TARGET, COUNTED_FOR_TARGET, ANSWERED_WAIT, CUSTOMERS, LOST_CUSTOMERS,
    LOST_VALUE,
)  # fmt: skip
IN_SHEET = {total: place for place, total in enumerate(KEPT)}
MOST_KEPT = 4_000_000  # contacts dealt and kept: more days are dealt again for every staffing


class Played(NamedTuple):
    """What some days came to under one staffing, by replication and interval.

    contacts: float64 (replications, queues, intervals, kept totals); agents: (replications, 4, groups, intervals).
    """

    contacts: np.ndarray
    agents: np.ndarray

    def total(self, total: int) -> np.ndarray:
        """One of the totals that are kept: (replications, queues, intervals)."""
        return self.contacts[..., IN_SHEET[total]]


@dataclass(frozen=True)
class Stage:
    """A scenario made ready for any staffing by interval: everything that does not depend on it.

    The steps of the plan's centre say what is planned as the scenario has it. free: which groups are staffed by what
    is tried; interval_of_step: the interval of each step; factors: (groups, steps), of events.
    """

    scenario: Scenario
    plan: Plan
    free: np.ndarray
    interval_of_step: np.ndarray
    factors: np.ndarray

    def centre(self, staffing: np.ndarray) -> Centre:
        """The centre with so many agents: int64 (groups, intervals); rows of groups that are not free do not count."""
        steps, rostered = self.plan.centre.steps, staffing[:, self.interval_of_step]
        planned = np.floor(rostered * self.factors + 0.5).astype(np.int64)
        free = self.free[:, None]
        tried = steps._replace(
            staffing=np.ascontiguousarray(np.where(free, planned, steps.staffing)),
            rostered=np.ascontiguousarray(np.where(free, rostered, steps.rostered)),
        )
        return self.plan.centre._replace(steps=tried)


def stage_of(scenario: Scenario, free: Iterable[str]) -> Stage:
    """A scenario (already under its plan) whose `free` groups may be staffed anyhow by interval."""
    plan, grid, names = prepared(scenario), scenario.grid, list(scenario.agents)
    steps = plan.centre.steps
    found = {name: scenario.agent_events(name) for name in names}
    ends = [list(events.ends_of((spans for spans, _ in found[name]), grid.horizon)) for name in names]
    moments = np.unique(np.concatenate([np.arange(grid.count) * grid.interval, steps.moments, *ends]))
    moments = moments[moments < grid.horizon]
    before = np.searchsorted(steps.moments, moments, side="right") - 1
    wider = type(steps)(*(np.ascontiguousarray(column[..., before]) for column in steps))._replace(
        moments=moments
    )
    intervals = np.arange(grid.count) * grid.interval
    return Stage(
        scenario=scenario,
        plan=plan._replace(centre=plan.centre._replace(steps=wider)),
        free=np.array([name in set(free) for name in names]),
        interval_of_step=np.searchsorted(intervals, moments, side="right") - 1,
        factors=np.array([events.factor_at(moments, found[name]) for name in names]),
    )


class Trials:
    """Some replications, dealt once, on which staffings are played; the outcome does not depend on `jobs`."""

    def __init__(
        self, stage: Stage, seed: int, replications: range, engine: str = "compiled", jobs: int = 1
    ) -> None:
        engine_named(engine)
        self.stage, self.seed, self.engine = stage, seed, engine
        self.jobs = jobs if engine == "compiled" else 1
        self.count, self.played = len(replications), 0
        demand = stage.plan.centre.demand
        expected = max(1.0, float(demand.cumulative[:, -1].sum() + demand.backlog.sum()))
        size = max(1, min(int(CHUNK / expected), -(-len(replications) // self.jobs)))
        self._numbers = [
            np.array(replications[first : first + size], dtype=np.int64)
            for first in range(0, len(replications), size)
        ]
        keep = expected * len(replications) <= MOST_KEPT
        self._days = [days_of(demand, seed, numbers) if keep else None for numbers in self._numbers]
        self._pool = ThreadPoolExecutor(self.jobs) if self.jobs > 1 else None

    def play(self, staffing: np.ndarray) -> Played:
        """Every day under so many agents: int64 (groups, intervals)."""
        centre = self.stage.centre(staffing)
        self.played += 1
        chunks = range(len(self._numbers))
        if self._pool is None or self.played == 1:  # the first one compiles, where nothing else waits for it
            parts = [self._chunk(centre, place) for place in chunks]
        else:
            parts = list(self._pool.map(lambda place: self._chunk(centre, place), chunks))
        return Played(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def close(self) -> None:
        """Let the workers go."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _chunk(self, centre: Centre, place: int) -> tuple[np.ndarray, np.ndarray]:
        numbers, rules = self._numbers[place], self.stage.plan.rules
        days: Day | None = self._days[place]
        if days is None:
            days = days_of(centre.demand, self.seed, numbers)
        sheet = blank_sheet(len(numbers), centre, True, rules)
        sheet = sheet._replace(  # waits are not asked for by interval: a table of bins is quicker than a list
            bins=np.zeros((sheet.contacts.shape[1], BINS), dtype=np.int32), codes=np.zeros(0, dtype=np.int64)
        )
        sheet, _ = play_days(self.engine, centre, rules, days, self.seed, numbers, 0, sheet)
        queues = centre.balks.size
        return sheet.contacts_by_interval[:, :queues][..., list(KEPT)], sheet.agents_by_interval


def day_of_intervals(scenario: Scenario) -> np.ndarray:
    """The day of each interval, in 24 h from opening."""
    return ((np.arange(scenario.grid.count) * scenario.grid.interval + 1e-6) // DAY_LENGTH).astype(np.int64)
