"""What a sweep would take: points, contacts, time and size, from a short trial of some of its points."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from sim.errors import InputError
from sim.experiments.design import Sweep
from sim.experiments.sweep import run_sweep
from sim.experiments.tasks import CONTACTS, contacts_by_demand

POINTS = 32  # played at most
COUNTED = 1000  # points whose contacts are counted at most
EMPTY = 60_000  # bytes of a store without points, about


class Rehearsal(NamedTuple):
    """Points, replications of each, expected contacts in all; seconds with so many jobs, and bytes of the store."""

    points: int
    replications: int
    contacts: float
    seconds: float
    size: float
    jobs: int


def rehearse(sweep: Sweep, engine: str, jobs: int) -> Rehearsal:
    """Play some points, spread over the design, into a store that is thrown away, and reckon from these."""
    points, expected = len(sweep.points), contacts_by_demand(sweep.scenario)
    step = max(1, points // COUNTED)
    counted = [expected(sweep.points[number].overrides) for number in range(0, points, step)]
    each = sum(counted) / len(counted)
    enough = CONTACTS[engine] / max(each, 1.0)  # replications in all
    replications = max(1, min(sweep.replications, int(enough / 2)))
    count = max(1, min(points, POINTS, int(enough / replications)))
    chosen: Any = [sweep.points[place * points // count] for place in range(count)]
    trial = replace(sweep, points=chosen, replications=replications, margin={})
    with TemporaryDirectory() as folder:
        run_sweep(replace(trial, points=chosen[:1], replications=1), Path(folder, "first"), "", engine=engine)
        store, started = Path(folder, "trial"), perf_counter()
        done = run_sweep(trial, store, "", engine=engine)
        seconds, size = perf_counter() - started, max(0, store.stat().st_size - EMPTY)
    if done.failed and len(done.failed) == count:
        raise InputError(f"the points that were tried cannot be played: {done.failed[0][1]}")
    scale = points * sweep.replications / max(1, (count - len(done.failed)) * replications)
    contacts = each * points * sweep.replications
    return Rehearsal(points, sweep.replications, contacts, seconds * scale / jobs, size * scale, jobs)
