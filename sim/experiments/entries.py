"""What is written into a store and read out of it: figures and estimates of each point, a transaction a result."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.experiments.kept import ALL, Figures, Kept, Members, Row, estimates, waits_from, waits_rows
from sim.experiments.playing import NO_TABLE, Task
from sim.experiments.store import quoted, said_of

VALUES = 900  # that a statement is given at most; every SQLite takes so many


class Store:
    """A store that is open, and what it is asked and told."""

    def __init__(self, path: Path, connection: sqlite3.Connection, kept: Kept) -> None:
        self.path, self.kept, self._connection = path, kept, connection
        self._files = self._identity()

    def _identity(self) -> list[tuple[int, int]]:
        """Which files are written to: a deleted one would be written to all the same."""
        names = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return [(found.st_dev, found.st_ino) for found in map(os.stat, names)]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, into a file that is still there."""
        with said_of(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
        self.check_in_place()

    def check_in_place(self) -> None:
        """InputError if the file was deleted or another one put in its place."""
        try:
            if self._identity() == self._files:
                return
        except OSError:
            pass
        raise InputError(
            "was deleted or replaced while the sweep ran; give the same command again to begin anew",
            file=str(self.path),
        )

    def check_sound(self) -> None:
        """InputError if the file is damaged; takes about a second for each gigabyte."""
        # By a connection of its own: pages that this one holds in memory would hide what became of the file.
        with said_of(self.path), closing(sqlite3.connect(self.path)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise InputError(
                f"is damaged ({shown(found)}); put a copy in its place, or delete it and begin again",
                file=str(self.path),
            )

    def replications(self) -> dict[str, tuple[int, int]]:
        """Key → number and replications stored, of every point."""
        with said_of(self.path):
            rows = self._connection.execute("SELECT key, point, replications FROM points")
            return {key: (point, count) for key, point, count in rows}

    def too_wide(self, margins: Mapping[str, float], points: Sequence[int] | None = None) -> set[int]:
        """The points at which the margin of a queue or a group is wider than wanted; of all, or of these."""
        chosen = "" if points is None else f" AND point IN ({','.join(map(str, points))})"
        query = (
            "SELECT DISTINCT point FROM estimates WHERE metric = ? AND kind IN ('queue', 'group') AND name <> ?"
            f" AND value IS NOT NULL AND abs(value) < 9e999 AND (low IS NULL OR NOT (high - low) / 2 <= ?){chosen}"
        )
        with said_of(self.path):
            return {
                point
                for metric, width in margins.items()
                for (point,) in self._connection.execute(query, (metric, ALL, width))
            }

    def best(self, metric: str, larger: bool, count: int) -> list[tuple[int, float]]:
        """(number, value) of the best points, by the value of all queues, or groups, together."""
        query = (
            "SELECT point, value FROM estimates WHERE kind IN ('queue', 'group') AND name = ? AND metric = ?"
            f" AND value IS NOT NULL ORDER BY value {'DESC' if larger else ''}, point LIMIT ?"
        )
        with said_of(self.path):
            return self._connection.execute(query, (ALL, metric, count)).fetchall()

    def errors(self) -> list[tuple[int, str]]:
        """(number, sentence) of the points that could not be played."""
        query = "SELECT point, error FROM points WHERE error IS NOT NULL ORDER BY point"
        with said_of(self.path):
            return self._connection.execute(query).fetchall()

    def write(self, task: Task, played: Sequence[Figures | str]) -> None:
        """What came of a task: figures, estimates of all that is now there, or why there are none."""
        first, stop = task.replications.start, task.replications.stop
        done = [(n, f) for n, f in zip(task.numbers, played, strict=True) if isinstance(f, Figures)]
        failed = [(f, n) for n, f in zip(task.numbers, played, strict=True) if isinstance(f, str)]
        with self._transaction() as connection:
            self._write_figures(connection, first, done)
            if first:
                done = [(number, self._stored(number, stop, figures.members)) for number, figures in done]
            alike: dict[Members, list[tuple[int, Figures]]] = {}
            for number, figures in done:
                alike.setdefault(figures.members, []).append((number, figures))
            for group in alike.values():
                found = estimates(self.kept, [figures for _, figures in group])
                self._write_estimates(connection, zip((number for number, _ in group), found, strict=True))
            connection.executemany(
                "UPDATE points SET replications = ?, error = NULL WHERE point = ?",
                [(stop, number) for number, _ in done],
            )
            connection.executemany("UPDATE points SET error = ? WHERE point = ?", failed)

    def _write_figures(
        self, connection: sqlite3.Connection, first: int, done: Sequence[tuple[int, Figures]]
    ) -> None:
        """The rows of all points in one go for each table."""
        tables: dict[str, list[tuple[Any, ...]]] = {}
        for number, figures in sorted(done, key=lambda each: each[0]):
            members = figures.members
            cells, groups = members.cells, [(name,) for name in members.groups]
            for table, names, values, by_interval in (
                ("queue_totals", cells, figures.queues, figures.queues_by_interval),
                ("agent_totals", groups, figures.agents, figures.agents_by_interval),
            ):
                replications = range(first, first + len(values))
                keys = [(number, r, *name) for r in replications for name in names]
                tables.setdefault(table, []).extend(_rows(keys, values))
                if self.kept.by_interval:
                    longer = [(*key, *start) for key in keys for start in enumerate(figures.starts)]
                    tables.setdefault(f"{table}_by_interval", []).extend(_rows(longer, by_interval))
            if figures.waits:
                tables.setdefault("waits", []).extend(waits_rows(number, figures.waits, members))
        for table, found in tables.items():
            more = " ON CONFLICT DO UPDATE SET count = count + excluded.count" if table == "waits" else ""
            _insert(connection, f"INSERT INTO {table} VALUES", found, more)

    def _stored(self, number: int, count: int, members: Members) -> Figures:
        """The figures of all replications of a point, out of the store."""

        def read(table: str, keys: Sequence[tuple[str, ...]], columns: Sequence[str]) -> np.ndarray:
            found = np.full((count, len(keys), len(columns)), np.nan)
            if not columns:
                return found
            places = {key: place for place, key in enumerate(keys)}
            named = ("queue", "class") if table == "queue_totals" else ("group",)
            chosen = ", ".join(map(quoted, ("replication", *named, *columns)))
            rows = self._connection.execute(f"SELECT {chosen} FROM {table} WHERE point = ?", (number,))
            for replication, *rest in rows:
                found[replication, places[tuple(rest[: len(named)])]] = rest[len(named) :]
            return found

        query = "SELECT batch, queue, class, bin, count FROM waits WHERE point = ?"
        waits = waits_from(self._connection.execute(query, (number,)), members)
        return Figures(
            members,
            read("queue_totals", members.cells, self.kept.queue_figures),
            read("agent_totals", [(name,) for name in members.groups], self.kept.agent_figures),
            NO_TABLE,
            NO_TABLE,
            (),
            waits,
        )

    def _write_estimates(
        self, connection: sqlite3.Connection, found: Iterable[tuple[int, list[Row]]]
    ) -> None:
        lines = [
            (number, row.kind, row.name, row.metric, *row.estimate) for number, rows in found for row in rows
        ]
        _insert(connection, "INSERT OR REPLACE INTO estimates VALUES", lines)


def _insert(
    connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]], more: str = ""
) -> None:
    """Insert rows, many with each statement, which takes half the time."""
    if not rows:
        return
    width = len(rows[0])
    count = VALUES // width
    whole = len(rows) // count * count
    for number, chosen in ((count, rows[:whole]), (1, rows[whole:])):
        marks = ", ".join([f"({', '.join('?' * width)})"] * number)
        taken = [chosen[place : place + number] for place in range(0, len(chosen), number)]
        connection.executemany(f"{statement} {marks}{more}", (tuple(chain(*each)) for each in taken))


def _rows(keys: list[tuple[Any, ...]], values: np.ndarray) -> Iterator[tuple[Any, ...]]:
    """Figures under their keys; none where no figure is kept."""
    width = values.shape[-1]
    if not width:
        return iter(())
    return ((*key, *row) for key, row in zip(keys, values.reshape(-1, width).tolist(), strict=True))
