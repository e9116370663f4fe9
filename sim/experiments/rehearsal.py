"""What a sweep would still take: points, contacts, time and size, from a short trial of some of its points."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from sim.errors import InputError
from sim.experiments.design import Sweep
from sim.experiments.store import answer, check_is_store, check_same, definition, said_of, stored_definition
from sim.experiments.sweep import run_sweep
from sim.experiments.tasks import CONTACTS, contacts_by_demand, contacts_counted, contacts_played

POINTS = 32  # played at most
COUNTED = 1000  # points whose contacts are counted at most
PAGE = 512  # bytes, the least that SQLite has, so that a few rows show in the size of a file


class Rehearsal(NamedTuple):
    """What is left to play, and the store that will come of it.

    points, of_points: with something left to play, and in the design; replications: of each in the end; contacts:
    expected in all after any warm-up; seconds: with so many jobs; size: of the store in bytes.
    """

    points: int
    of_points: int
    replications: int
    contacts: float
    seconds: float
    size: float
    jobs: int


class _Left(NamedTuple):
    """Places of points in the design with something left to play, their replications in all, and bytes stored."""

    places: Sequence[int]
    days: int
    size: int


def rehearse(
    sweep: Sweep, version: str, engine: str, jobs: int, out: Path | None, shard: tuple[int, int] | None
) -> Rehearsal:
    """Play some of the points that `run_sweep` would play, spread over them, into a store thrown away, and reckon."""
    left, days, stored = _left(sweep, version, out, *(shard or (1, 1)))
    points, of_points = len(left), len(sweep.points)
    if not points:
        return Rehearsal(0, of_points, sweep.replications, 0.0, 0.0, stored, jobs)
    looked_at = [sweep.points[place].overrides for place in left[:: max(1, points // COUNTED)]]
    played, counted = (
        sum(map(contacts_by_demand(sweep.scenario, kind), looked_at)) / len(looked_at)
        for kind in (contacts_played, contacts_counted)
    )
    enough = CONTACTS[engine] / max(played, 1.0)  # replications in all
    replications = max(1, min(sweep.replications, int(enough / 2)))
    count = max(1, min(points, POINTS, int(enough / replications)))
    chosen: Any = [sweep.points[left[place * points // count]] for place in range(count)]
    trial = replace(sweep, points=chosen, replications=replications, margin={})
    with TemporaryDirectory() as folder:
        first, store = (_blank(Path(folder, name)) for name in ("first", "trial"))
        run_sweep(replace(trial, points=chosen[:1], replications=1), first, "", engine=engine)
        started = perf_counter()
        done = run_sweep(trial, store, "", engine=engine)
        seconds, least, size = perf_counter() - started, first.stat().st_size, store.stat().st_size
    if done.failed and len(done.failed) == count:
        raise InputError(f"the points that were tried cannot be played: {done.failed[0][1]}")
    scale = days / max(1, (count - len(done.failed)) * replications)
    whole = (stored or least) + (size - least) * scale
    return Rehearsal(
        points, of_points, sweep.replications, counted * days, seconds * scale / jobs, whole, jobs
    )


def _left(sweep: Sweep, version: str, out: Path | None, part: int, parts: int) -> _Left:
    """What a run would have to play, or begin with where it goes by margins."""
    if out is None or not check_is_store(out):
        places = range(part - 1, len(sweep.points), parts)
        return _Left(places, len(places) * sweep.replications, 0)
    with said_of(out):
        defined, known = answer(out, stored_definition), answer(out, _known)
    check_same(out, defined, definition(sweep, version))
    left, days = [], 0
    for place, point in enumerate(sweep.points):
        number, count = known.setdefault(point.key, (len(known), 0))
        if number % parts == part - 1 and count < sweep.replications:
            left.append(place)
            days += sweep.replications - count
    return _Left(left, days, out.stat().st_size)


def _known(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Key → number and replications of the points of a store, whose numbers go from 0 without gaps."""
    rows = connection.execute("SELECT key, point, replications FROM points")
    return {key: (number, count) for key, number, count in rows}


def _blank(store: Path) -> Path:
    """A store of small pages, with nothing in it."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("VACUUM")
    return store
