"""Several stores of one sweep put together into one."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.experiments.store import (
    APPLICATION,
    answer,
    check_is_store,
    check_same,
    connected,
    locked,
    said_of,
    stored_definition,
)

TABLES = (
    "sweep",
    "points",
    "estimates",
    "waits",
    "queue_totals",
    "agent_totals",
    "queue_totals_by_interval",
    "agent_totals_by_interval",
)
"""What is put together; whatever else somebody keeps in a store, an index, a view or statistics, stays there."""


def merge(out: Path, stores: Sequence[Path]) -> tuple[int, int]:
    """Put the points of several stores of one sweep into one; returns how many were played, and how many there are.

    Of points that several have, the one with most replications is taken; what they hold is the same.
    """
    for store in stores:
        if not check_is_store(store):
            raise InputError("is no store of a sweep, or not there", file=str(store))
        if out.exists() and out.samefile(store):
            raise InputError("is to be written, and one of those to be read; choose another", file=str(out))
    _check_alike([out, *stores] if check_is_store(out) else stores)
    with locked(out), _whole_or_not(out):
        if not check_is_store(out):
            with said_of(out), closing(connected(out)) as connection:
                _copy_tables(connection, stores[0])
        with said_of(out), closing(connected(out)) as connection:
            for store in stores:
                _take_in(connection, out, store)
            query = "SELECT count(*) FILTER (WHERE replications), count(*) FROM points"
            played, points = connection.execute(query).fetchone()
            return played, points


def _check_alike(stores: Sequence[Path]) -> None:
    """InputError unless all are of one sweep, with the same point under each number."""
    keys: dict[int, str] = {}
    numbers: dict[str, int] = {}
    first: Mapping[str, Any] | None = None
    for store in stores:
        with said_of(store):
            defined, points = answer(store, stored_definition), answer(store, _keys)
        first = first or defined
        check_same(store, defined, first)
        for number, key in points:
            if keys.setdefault(number, key) != key or numbers.setdefault(key, number) != number:
                raise InputError(
                    f"has another point {number} than the stores before it; make all from one sweep file",
                    file=str(store),
                )


def _keys(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    return connection.execute("SELECT point, key FROM points").fetchall()


@contextmanager
def _whole_or_not(out: Path) -> Iterator[None]:
    """After an error a store that was not there before is not there again."""
    is_there = check_is_store(out)
    try:
        yield
    except BaseException:
        for ending in () if is_there else ("", "-wal", "-shm"):
            out.with_name(out.name + ending).unlink(missing_ok=True)
        raise


@contextmanager
def _attached(connection: sqlite3.Connection, store: Path) -> Iterator[None]:
    with said_of(store):
        connection.execute("ATTACH ? AS other", (str(store),))
    try:
        yield
    finally:
        with suppress(sqlite3.Error):
            connection.execute("DETACH other")


def _copy_tables(connection: sqlite3.Connection, store: Path) -> None:
    """The tables of another store, empty, and what it says of its sweep."""
    with _attached(connection, store):
        connection.execute("BEGIN IMMEDIATE")
        for (sql,) in connection.execute(
            f"SELECT sql FROM other.sqlite_schema WHERE type = 'table' AND name IN {TABLES}"
        ).fetchall():
            connection.execute(sql)
        connection.execute("INSERT INTO sweep SELECT * FROM other.sweep")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("COMMIT")


def _take_in(connection: sqlite3.Connection, out: Path, store: Path) -> None:
    """Whatever another store has more of."""
    with _attached(connection, store), said_of(out):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "CREATE TEMP TABLE taken AS SELECT o.point FROM other.points o LEFT JOIN points p USING (point)"
            " WHERE p.point IS NULL OR o.replications > p.replications"
            " OR (o.replications = p.replications AND o.error IS NOT NULL)"
        )
        tables = connection.execute(
            f"SELECT name FROM main.sqlite_schema WHERE name IN {TABLES} AND name <> 'sweep'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"DELETE FROM main.{table} WHERE point IN (SELECT point FROM taken)")
            connection.execute(
                f"INSERT INTO main.{table} SELECT * FROM other.{table}"
                " WHERE point IN (SELECT point FROM taken)"
            )
        connection.execute("DROP TABLE taken")
        connection.execute("COMMIT")
