"""What a sweep would take: points, contacts, time and size, from a short trial of some of its points."""

import sqlite3
from contextlib import closing
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
PAGE = 512  # bytes, the least that SQLite has, so that a few rows show in the size of a file


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
        first, store = (_blank(Path(folder, name)) for name in ("first", "trial"))
        run_sweep(replace(trial, points=chosen[:1], replications=1), first, "", engine=engine)
        started = perf_counter()
        done = run_sweep(trial, store, "", engine=engine)
        seconds, least, size = perf_counter() - started, first.stat().st_size, store.stat().st_size
    if done.failed and len(done.failed) == count:
        raise InputError(f"the points that were tried cannot be played: {done.failed[0][1]}")
    scale = points * sweep.replications / max(1, (count - len(done.failed)) * replications)
    contacts = each * points * sweep.replications
    whole = least + (size - least) * scale
    return Rehearsal(points, sweep.replications, contacts, seconds * scale / jobs, whole, jobs)


def _blank(store: Path) -> Path:
    """A store of small pages, with nothing in it."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("VACUUM")
    return store
