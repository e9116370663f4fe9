"""Play replications of one or more plans on the same dealt days, and gather their totals in order."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError, nearest, shown
from sim.experiments.blocks import ENGINES, play_days
from sim.measures.metrics import (
    NO_WAITS,
    Rules,
    Sheet,
    Waits,
    blank_sheet,
    joined_waits,
    rules_of,
    waits_of,
)
from sim.model.centre import Centre, centre_of, same
from sim.model.day import Day, days_of
from sim.scenario.schema import Scenario

BATCHES = 64  # replication r belongs to batch r mod 64: what percentiles are resampled by
CHUNK = 40_000  # expected contacts dealt at a time: they stay in the processor's cache
WORTH_WORKERS = {
    "compiled": 200_000,
    "reference": 30_000,
}  # contacts under which a second worker does not pay

Progress = Callable[[int, int], None]


class Plan(NamedTuple):
    """One plan made ready to be played: plain arrays, cheap to send to another process."""

    centre: Centre
    rules: Rules


@dataclass
class Totals:
    """The totals of all replications of one plan, in replication order.

    contacts: float64 (replications, cells, totals), the queues first, then the classes of each; agents:
    (replications, 4, groups); `interval_sums` (cells, intervals, totals) and `agent_sums` (4, groups,
    intervals): summed over replications; waits: by batch; the last two, by replication and interval, have no
    rows unless they were asked for.
    """

    contacts: np.ndarray
    agents: np.ndarray
    interval_sums: np.ndarray
    agent_sums: np.ndarray
    waits: list[Waits]
    contacts_by_interval: np.ndarray
    agents_by_interval: np.ndarray

    @property
    def has_intervals(self) -> bool:
        """Whether there are totals of every replication by interval."""
        return self.contacts_by_interval.shape[0] > 0


class Part(NamedTuple):
    """The totals of some replications of one plan, all of one batch."""

    sheet: Sheet
    waits: Waits


def engine_named(name: str) -> Any:
    """The module of an engine: its `play` plays one dealt day."""
    if name not in ENGINES:
        known = " and ".join(ENGINES)
        raise InputError(
            f"there is no engine {shown(name)}{nearest(str(name), ENGINES)}; the engines are {known}",
            path="engine",
        )
    return ENGINES[name]


def prepared(scenario: Scenario, rule_address: int = 0) -> Plan:
    """A scenario (already under its plan) as arrays; rule_address: a C function that routes in its stead."""
    centre = centre_of(scenario, rule_address=rule_address) if rule_address else centre_of(scenario)
    return Plan(centre, rules_of(scenario))


def play_part(
    plans: Sequence[Plan], replications: range, seed: int, engine: str, by_interval: bool
) -> list[Part]:
    """Play replications of one batch under every plan; each day is dealt once for all that share their demand."""
    sheets = [blank_sheet(len(replications), plan.centre, by_interval, plan.rules) for plan in plans]
    waits: list[list[Waits]] = [[] for _ in plans]
    expected = max(map(_expected, plans))
    size = max(1, int(CHUNK / max(expected, 1.0)))
    for first in range(0, len(replications), size):
        chunk = np.array(replications[first : first + size], dtype=np.int64)
        dealt: list[tuple[Any, Day]] = []
        for k, (plan, sheet) in enumerate(zip(plans, sheets, strict=True)):
            demand = plan.centre.demand
            days = next((days for known, days in dealt if same(known, demand)), None)
            if days is None:
                days = days_of(demand, seed, chunk)
                dealt.append((demand, days))
            sheets[k], taken = play_days(engine, plan.centre, plan.rules, days, seed, chunk, first, sheet)
            waits[k] += taken
    return [
        Part(
            sheet._replace(bins=sheet.bins[:0], codes=sheet.codes[:0], scratch=sheet.scratch[:0]),
            joined_waits([*of_plan, waits_of(sheet)]),
        )
        for sheet, of_plan in zip(sheets, waits, strict=True)
    ]


def _expected(plan: Plan) -> float:
    """First contacts of a replication, those that wait at opening included."""
    return float(plan.centre.demand.cumulative[:, -1].sum() + plan.centre.demand.backlog.sum())


_plans: list[Plan] = []


def _start_worker(plans: list[Plan]) -> None:
    """In a worker process: keep the plans, and leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _plans[:] = plans


def _work(replications: range, seed: int, engine: str, by_interval: bool) -> list[Part]:
    return play_part(_plans, replications, seed, engine, by_interval)


def replicate(
    scenarios: Sequence[Scenario],
    replications: int,
    seed: int,
    *,
    engine: str = "compiled",
    jobs: int = 1,
    by_interval: bool = False,
    progress: Progress | None = None,
    enough: Callable[[list[Totals]], bool] | None = None,
    at_most: int | None = None,
    rule_address: int = 0,
) -> list[Totals]:
    """Play every scenario for the given number of replications; the result does not depend on `jobs`.

    jobs: threads, or processes for the reference engine (where a script that asks for more than one needs the
    usual `if __name__ == "__main__"`). progress: called with replications done and all replications.
    enough: asked after every `replications` whether to stop, which happens after `at_most` at the latest;
    without it they are played once. rule_address: a C function that routes under every scenario; as addresses
    mean nothing in another process, the reference engine then plays in this one alone.
    """
    engine_named(engine)
    jobs = 1 if rule_address and engine == "reference" else jobs
    plans = [prepared(scenario, rule_address) for scenario in scenarios]
    parts: list[list[Part]] = [[] for _ in plans]
    ranges: list[range] = []
    done, most = 0, replications if enough is None or at_most is None else at_most
    while True:
        block = _ranges(plans, done, min(done + replications, most))
        for covered, of_plans in zip(
            block, played(plans, block, seed, engine, jobs, by_interval), strict=True
        ):
            for kept, part in zip(parts, of_plans, strict=True):
                kept.append(part)
            done += len(covered)
            if progress is not None:
                progress(done, most)
        ranges += block
        totals = [_gathered(of_plan, ranges, done) for of_plan in parts]
        if done >= most or (enough is not None and enough(totals)):
            return totals


def worthwhile_jobs(scenarios: Sequence[Scenario], replications: int, engine: str) -> int:
    """As many workers as there are processors, or one where starting more costs more than it brings."""
    contacts = replications * sum(q.expected(s.grid).sum() for s in scenarios for q in s.queues.values())
    return 1 if contacts < WORTH_WORKERS.get(engine, 0) else os.cpu_count() or 1


def _ranges(plans: Sequence[Plan], first: int, stop: int) -> list[range]:
    """Replications of one batch each, in parts of at most some million contacts: the units of work."""
    expected = max(1.0, max(map(_expected, plans)))
    most = max(1, int(2_000_000 / expected)) * BATCHES
    return [
        range(start + place, min(start + most, stop), BATCHES)
        for start in range(first, stop, most)
        for place in range(min(BATCHES, stop - start))
    ]


def _gathered(parts: list[Part], ranges: list[range], replications: int) -> Totals:
    """The parts put together, replication by replication; sums are taken in the order of the parts."""

    def placed(name: str, count: int) -> np.ndarray:
        first = getattr(parts[0].sheet, name)
        result = np.zeros((count, *first.shape[1:]))
        for part, covered in zip(parts, ranges, strict=True):
            if count:
                result[covered.start : covered.stop : covered.step] = getattr(part.sheet, name)
        return result

    by_interval = replications if parts[0].sheet.contacts_by_interval.shape[0] else 0
    batches: list[list[Waits]] = [[] for _ in range(min(BATCHES, replications))]
    for part, covered in zip(parts, ranges, strict=True):
        batches[covered.start % BATCHES].append(part.waits)
    return Totals(
        contacts=placed("contacts", replications),
        agents=placed("agents", replications),
        interval_sums=np.sum([part.sheet.interval_sums for part in parts], axis=0),
        agent_sums=np.sum([part.sheet.agent_sums for part in parts], axis=0),
        waits=[joined_waits(batch) if batch else NO_WAITS for batch in batches],
        contacts_by_interval=placed("contacts_by_interval", by_interval),
        agents_by_interval=placed("agents_by_interval", by_interval),
    )


def played(
    plans: list[Plan], ranges: list[range], seed: int, engine: str, jobs: int, by_interval: bool
) -> Iterator[list[Part]]:
    """The parts in order, by as many workers as there are jobs."""
    workers = min(jobs, len(ranges))
    if workers <= 1:
        for replications in ranges:
            yield play_part(plans, replications, seed, engine, by_interval)
        return
    pool: Executor
    if engine == "reference":
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (plans,))
    else:
        _start_here(plans, seed, engine, by_interval)
        pool = ThreadPoolExecutor(workers)
    with ended(pool):
        waiting: list[Future[list[Part]]] = []
        for replications in ranges:
            if isinstance(pool, ProcessPoolExecutor):
                with deaf_to_ctrl_c():  # the workers are started by a submit, and inherit it
                    waiting.append(pool.submit(_work, replications, seed, engine, by_interval))
            else:
                waiting.append(pool.submit(play_part, plans, replications, seed, engine, by_interval))
            if len(waiting) >= 3 * workers:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


@contextmanager
def ended(pool: Executor) -> Iterator[Executor]:
    """A pool that is ended with this; after an error nobody waits for what its processes are at."""
    try:
        yield pool
    except BaseException:
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Start workers that never hear Ctrl-C; one that comes meanwhile is held back for us, not lost."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_here(plans: list[Plan], seed: int, engine: str, by_interval: bool) -> None:
    """Compile before the threads start, so that they do not all wait for one of them."""
    play_part(plans, range(0), seed, engine, by_interval)
