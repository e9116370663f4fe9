"""What is asked of a store: SQL with parameters, on connections that only read."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sim.errors import InputError
from sim.experiments.store import answer, check_is_store
from sim.measures.estimate import Estimate
from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS, Metric
from sim.reports.conditions import EVERYWHERE, Column, Condition
from sim.reports.figures import clean
from sim.reports.sweeptotals import Member

METRICS: Mapping[str, Metric] = QUEUE_METRICS | AGENT_METRICS
PATIENCE = 30.0  # s to wait for a store that is busy
JOINED = 30  # metrics in one query; SQLite joins 64 tables at most
NAMED = 1000  # points that are named one by one in a query
T = TypeVar("T")
THERE = "(p.replications > 0 OR p.error IS NOT NULL)"  # played, or tried


class Row(NamedTuple):
    """One point: its number, replications played, error ("" if none), factors' values and metrics' estimates."""

    point: int
    replications: int
    error: str
    values: dict[str, float | str | None]
    estimates: dict[str, Estimate]


class Counts(NamedTuple):
    """How many points there are, were played, are short of replications, and failed; and of how many replications."""

    points: int
    played: int
    short: int
    failed: int
    least: int
    most: int


class Asked(NamedTuple):
    """A metric of a member, as the table of estimates knows it."""

    member: Member
    metric: str


def ask(path: Path, question: Callable[[sqlite3.Connection], T]) -> T:
    """What a question to a store brings, in as short as it takes: a log that is being read cannot be cleared away."""
    if path.is_dir():
        raise InputError("is a folder; name the store that ccsim sweep writes", file=str(path))
    if not check_is_store(path):
        what = "holds nothing yet" if path.exists() else "is not there"
        raise InputError(f"{what}; name the store that ccsim sweep writes", file=str(path))
    try:
        return answer(path, question, PATIENCE)
    except (sqlite3.Error, ValueError, OSError) as error:
        raise InputError(
            f"cannot be read, it may be damaged ({clean(str(error), 70)})", file=str(path)
        ) from None


def read(path: Path, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one query."""
    return ask(path, lambda store: store.execute(sql, tuple(parameters)).fetchall())


def counts_of(path: Path, wanted: int) -> Counts:
    """How far a sweep is; a point with fewer replications than wanted is short of them."""
    ((points, *others),) = read(
        path,
        "SELECT count(*), sum(replications > 0), sum(replications > 0 AND replications < ?), "
        "sum(error IS NOT NULL), min(nullif(replications, 0)), max(replications) FROM points",
        (wanted,),
    )
    return Counts(points, *(number or 0 for number in others))


def members_in(path: Path) -> list[Member]:
    """Whose estimates there are, by leaps from one name to the next in the key of the table."""
    found = read(
        path,
        "WITH RECURSIVE kinds(kind) AS (SELECT min(kind) FROM estimates UNION ALL "
        "SELECT (SELECT min(kind) FROM estimates e WHERE e.kind > k.kind) FROM kinds k WHERE k.kind IS NOT NULL), "
        "one(kind, name) AS ("
        "SELECT kind, (SELECT min(name) FROM estimates e WHERE e.kind = k.kind) FROM kinds k UNION ALL "
        "SELECT kind, (SELECT min(name) FROM estimates e WHERE e.kind = o.kind AND e.name > o.name) FROM one o "
        "WHERE o.name IS NOT NULL) "
        "SELECT kind, name FROM one WHERE name IS NOT NULL ORDER BY kind, name",
    )
    return [Member(*line) for line in found]


def count_there(path: Path, condition: Condition) -> int:
    """How many of the points that were played or failed meet a condition."""
    sql = f"SELECT count(*) FROM points p WHERE ({condition.sql}) AND {THERE}"
    return int(read(path, sql, condition.parameters)[0][0])


def numbers_there(path: Path, condition: Condition, limit: int | None) -> list[int]:
    """The points that were played or failed and meet a condition, in their order."""
    sql = f"SELECT p.point FROM points p WHERE ({condition.sql}) AND {THERE} ORDER BY p.point LIMIT ?"
    return [point for (point,) in read(path, sql, (*condition.parameters, _limit(limit)))]


def numbers_ranked(
    path: Path, asked: Asked, most: bool, condition: Condition, limit: int | None
) -> list[int]:
    """The points that have a value of a metric and meet a condition, the least first, or the most."""
    some = (
        ""
        if condition is EVERYWHERE
        else f" AND point IN (SELECT p.point FROM points p WHERE {condition.sql})"
    )
    sql = (
        "SELECT point FROM estimates WHERE kind = ? AND name = ? AND metric = ? AND value IS NOT NULL"
        f"{some} ORDER BY value {'DESC' if most else 'ASC'}, point LIMIT ?"
    )
    given = (*asked.member, asked.metric, *condition.parameters, _limit(limit))
    return [point for (point,) in read(path, sql, given)]


def _limit(limit: int | None) -> int:
    return -1 if limit is None else limit


def rows_of(
    path: Path, points: Sequence[int], factors: Sequence[Column], asked: Sequence[Asked], condition: Condition
) -> list[Row]:
    """These points in this order; all of them meet the condition, which finds them if they are many."""
    few = len(points) <= NAMED
    some = f"p.point IN ({','.join('?' * len(points))})" if few else condition.sql
    given = tuple(points) if few else condition.parameters
    fields = ", ".join(["p.point", "p.replications", "p.error", *(column.sql for column in factors)])

    def question(store: sqlite3.Connection) -> dict[int, list[Any]]:
        store.execute("BEGIN")  # all of it as it is at one moment
        found = store.execute(f"SELECT {fields} FROM points p WHERE {some}", given)
        lines = {line[0]: list(line) for line in found}
        for place in range(0, len(asked), JOINED):
            sql, whose = _figures(asked[place : place + JOINED])
            for point, *figures in store.execute(f"{sql} WHERE {some}", (*whose, *given)):
                lines[point] += figures
        return lines

    names, metrics = [column.name for column in factors], [each.metric for each in asked]
    lines = ask(path, question)
    return [_row(lines[point], names, metrics) for point in points if point in lines]


def _figures(asked: Sequence[Asked]) -> tuple[str, list[str]]:
    """A query for the number of each point and its estimates of some metrics, and the parameters of that."""
    joins, given, figures = "", list[str](), list[str]()
    for place, each in enumerate(asked):
        table = f"m{place}"
        joins += (
            f" LEFT JOIN estimates {table} ON {table}.kind = ? AND {table}.name = ?"
            f" AND {table}.metric = ? AND {table}.point = p.point"
        )
        given += [*each.member, each.metric]
        figures += [f"{table}.value", f"{table}.low", f"{table}.high"]
    return f"SELECT p.point, {', '.join(figures)} FROM points p{joins}", given


def _row(line: Sequence[Any], factors: Sequence[str], metrics: Sequence[str]) -> Row:
    values = dict(zip(factors, line[3:], strict=False))
    figures = [float("nan") if figure is None else figure for figure in line[3 + len(factors) :]]
    told = zip(figures[::3], figures[1::3], figures[2::3], strict=True)
    estimates = {name: Estimate(*three) for name, three in zip(metrics, told, strict=True)}
    return Row(line[0], line[1], line[2] or "", values, estimates)
