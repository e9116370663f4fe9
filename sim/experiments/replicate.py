"""Play replications of one or more plans on the same dealt days, and gather their totals in order."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError, shown
from sim.measures.estimate import BATCHES
from sim.measures.metrics import LONGEST_WAIT, NO_WAITS, Rules, Tally, Waits, joined_waits, rules_of, tallied
from sim.model.centre import Centre, centre_of, same
from sim.model.day import deal
from sim.model.records import Records
from sim.scenario.schema import Scenario

ENGINES = ("reference",)
WORTH_A_PROCESS = 30_000  # expected contacts under which other processes cost more than they bring

Progress = Callable[[int, int], None]


class Plan(NamedTuple):
    """One plan made ready to be played: plain arrays, cheap to send to another process."""

    centre: Centre
    rules: Rules


@dataclass
class Totals:
    """The totals of all replications of one plan, in replication order.

    contacts: float64 (replications, totals, queues); agents: (replications, 4, groups); the same with intervals
    as the last axis in `contacts_by_interval` and `agents_by_interval` where they were asked for;
    `interval_sums`, `agent_interval_sums`: sums over replications, always there; waits: by batch, where replication r is in batch r mod 64.
    """

    contacts: np.ndarray
    agents: np.ndarray
    interval_sums: np.ndarray
    agent_interval_sums: np.ndarray
    waits: list[Waits]
    contacts_by_interval: np.ndarray | None = None
    agents_by_interval: np.ndarray | None = None


@dataclass
class _Gathering:
    """Totals being gathered, one replication after the other."""

    by_interval: bool
    contacts: list[np.ndarray] = field(default_factory=list)
    agents: list[np.ndarray] = field(default_factory=list)
    whole: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    sums: list[np.ndarray] = field(default_factory=list)
    batches: list[list[Waits]] = field(default_factory=lambda: [[] for _ in range(BATCHES)])

    def add(self, replication: int, tally: Tally) -> None:
        day = tally.contacts.sum(axis=2)
        day[LONGEST_WAIT] = tally.contacts[LONGEST_WAIT].max(axis=1)
        self.contacts.append(day)
        self.agents.append(tally.agents.sum(axis=2))
        if self.by_interval:
            self.whole.append((tally.contacts, tally.agents))
        if self.sums:
            self.sums[0] += tally.contacts
            self.sums[1] += tally.agents
        else:
            self.sums = [tally.contacts.copy(), tally.agents.copy()]
        batch = self.batches[replication % BATCHES]
        batch.append(tally.waits)
        if len(batch) > 16:
            batch[:] = [joined_waits(batch)]

    def totals(self) -> Totals:
        waits = [joined_waits(batch) if batch else NO_WAITS for batch in self.batches[: len(self.contacts)]]
        contacts, agents = zip(*self.whole, strict=True) if self.whole else ((), ())
        return Totals(
            np.stack(self.contacts), np.stack(self.agents), self.sums[0], self.sums[1], waits,
            np.stack(contacts) if contacts else None, np.stack(agents) if agents else None,
        )  # fmt: skip


def engine_named(name: str) -> Callable[..., Records]:
    """The play function of an engine."""
    if name not in ENGINES:
        raise InputError(
            f"there is no engine {shown(name)}; the engines are {', '.join(ENGINES)}", path="engine"
        )
    from sim.engines import reference

    return reference.play


def prepared(scenario: Scenario) -> Plan:
    """A scenario (already under its plan) as arrays."""
    return Plan(centre_of(scenario), rules_of(scenario))


def play_block(plans: Sequence[Plan], replications: range, seed: int, engine: str) -> list[list[Tally]]:
    """Tallies by plan and replication; each day is dealt once for all plans that share their demand."""
    play = engine_named(engine)
    result: list[list[Tally]] = [[] for _ in plans]
    for replication in replications:
        dealt: list[tuple[Any, Any]] = []
        for place, plan in enumerate(plans):
            demand = plan.centre.demand
            day = next((day for known, day in dealt if known is demand or same(known, demand)), None)
            if day is None:
                day = deal(demand, seed, replication)
                dealt.append((demand, day))
            records = play(plan.centre, day, seed, replication)
            result[place].append(tallied(records, plan.centre, plan.rules, seed, replication))
    return result


_plans: list[Plan] = []


def _start_worker(plans: list[Plan]) -> None:
    """In a worker process: keep the plans, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _plans[:] = plans


def _work(replications: range, seed: int, engine: str) -> list[list[Tally]]:
    return play_block(_plans, replications, seed, engine)


def replicate(
    scenarios: Sequence[Scenario],
    replications: int,
    seed: int,
    *,
    engine: str = "reference",
    jobs: int = 1,
    by_interval: bool = False,
    progress: Progress | None = None,
) -> list[Totals]:
    """Play every scenario for the given number of replications; the result does not depend on `jobs`.

    jobs: processes (a script that asks for more than one needs the usual `if __name__ == "__main__"`).
    progress: called with replications done and all replications.
    """
    plans = [prepared(scenario) for scenario in scenarios]
    gathered = [_Gathering(by_interval) for _ in plans]
    engine_named(engine)
    for block, tallies in _played(plans, _blocks(replications, jobs), seed, engine, jobs):
        for gathering, of_plan in zip(gathered, tallies, strict=True):
            for replication, tally in zip(block, of_plan, strict=True):
                gathering.add(replication, tally)
        if progress is not None:
            progress(block.stop, replications)
    return [gathering.totals() for gathering in gathered]


def worthwhile_jobs(scenarios: Sequence[Scenario], replications: int) -> int:
    """As many processes as there are processors, or one where starting more costs more than it brings."""
    contacts = replications * sum(float(centre_of(s).demand.cumulative[:, -1].sum()) for s in scenarios)
    return 1 if contacts < WORTH_A_PROCESS else os.cpu_count() or 1


def _blocks(replications: int, jobs: int) -> list[range]:
    size = max(1, min(16, replications // (4 * jobs)))
    return [range(start, min(start + size, replications)) for start in range(0, replications, size)]


def _played(
    plans: list[Plan], blocks: list[range], seed: int, engine: str, jobs: int
) -> Iterator[tuple[range, list[list[Tally]]]]:
    """The blocks' tallies in order of replication."""
    if jobs <= 1 or len(blocks) == 1:
        for block in blocks:
            yield block, play_block(plans, block, seed, engine)
        return
    workers = min(jobs, len(blocks))
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (plans,))
    try:
        waiting: list[tuple[range, Any]] = []
        ahead = iter(blocks)
        for block in ahead:
            waiting.append((block, pool.submit(_work, block, seed, engine)))
            if len(waiting) >= 4 * workers:
                done, future = waiting.pop(0)
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
