"""Totals of a stored sweep → samples: what margins, paired differences and effects of its points are made of."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from sim.experiments.kept import ALL, BETWEEN
from sim.measures.estimate import Pool, Sample, sample_of
from sim.measures.metrics import Metric, Waits

FEW = 500  # points that are named one by one in a query


class Member(NamedTuple):
    """Whose figures: kind queue | class | group, and a name as in `Result.all_samples`."""

    kind: str
    name: str


def samples_of(
    store: sqlite3.Connection, metric: Metric, member: Member, points: Sequence[int]
) -> dict[int, Sample]:
    """Point → sample of a metric, on the replications that all these points have, of those that have any."""
    if metric.kind == "percentile":
        return {point: sample_of(metric, {}, None, pool) for point, pool in _pools(store, member, points)}
    return dict(_of_totals(store, metric, member, points))


def _of_totals(
    store: sqlite3.Connection, metric: Metric, member: Member, points: Sequence[int]
) -> Iterator[tuple[int, Sample]]:
    """The samples of counts, ratios and longest waits."""
    names = [name for name in (metric.top, metric.bottom) if name]
    over = "MAX" if metric.kind == "largest" else "SUM"
    whose, given = _whose(member)
    table = "agent_totals" if member.kind == "group" else "queue_totals"
    common = _common(store, points)
    sums = ", ".join(f'{over}(t."{name}")' for name in names)
    found = store.execute(
        f"SELECT t.point, {sums} FROM {table} t WHERE {_named(points)} AND {whose} AND t.replication < ? "
        "GROUP BY t.point, t.replication ORDER BY t.point, t.replication",
        (*_listed(points), *given, common),
    )
    for point, lines in _by_point(found, points):
        columns = np.array([line[1:] for line in lines], dtype=float).T
        yield point, sample_of(metric, dict(zip(names, columns, strict=True)), None, None)


def _pools(store: sqlite3.Connection, member: Member, points: Sequence[int]) -> Iterator[tuple[int, Pool]]:
    """The waits of each point, by batch."""
    whose, given = _whose(member)
    found = store.execute(
        f"SELECT t.point, t.batch, t.bin, SUM(t.count) FROM waits t WHERE {_named(points)} AND {whose} "
        "GROUP BY t.point, t.batch, t.bin ORDER BY t.point, t.batch, t.bin",
        (*_listed(points), *given),
    )
    for point, lines in _by_point(found, points):
        table = np.array([line[1:] for line in lines], dtype=np.int64)
        batches = (table[table[:, 0] == batch] for batch in range(int(table[:, 0].max()) + 1))
        yield point, Pool([Waits(batch[:, 1], batch[:, 2]) for batch in batches])


def _whose(member: Member) -> tuple[str, tuple[str, ...]]:
    """The condition on rows of totals that are of a queue, a class, a group, or of all."""
    if member.kind == "group":
        return ("1", ()) if member.name == ALL else ('t."group" = ?', (member.name,))
    if member.kind == "class":
        queue, _, own = member.name.rpartition(BETWEEN)
        return "t.queue = ? AND t.class = ?", (queue, own)
    return ("t.class = ''", ()) if member.name == ALL else ("t.class = '' AND t.queue = ?", (member.name,))


def _common(store: sqlite3.Connection, points: Sequence[int]) -> int:
    """The number of replications that every one of these points has, of those that have any."""
    wanted = set(points)
    found = store.execute("SELECT point, replications FROM points WHERE replications > 0")
    return min((count for point, count in found if point in wanted), default=0)


def _named(points: Sequence[int]) -> str:
    """The condition that a row is of one of these points; of many all are read, and the others passed over."""
    return f"t.point IN ({','.join('?' * len(points))})" if len(points) <= FEW else "1"


def _listed(points: Sequence[int]) -> Sequence[int]:
    return points if len(points) <= FEW else ()


def _by_point(lines: Iterable[Any], points: Sequence[int]) -> Iterator[tuple[int, list[Any]]]:
    wanted = set(points)
    for point, group in groupby(lines, key=itemgetter(0)):
        if point in wanted:
            yield point, list(group)
