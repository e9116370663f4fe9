"""The store of a sweep: one SQLite file that one process writes, made, checked and extended."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sim.errors import InputError, shown
from sim.experiments.design import Sweep
from sim.experiments.kept import Kept, kept_of

FORMAT = 2  # 1: before left_on_announcement
APPLICATION = 0x63637377  # what PRAGMA application_id says of a store: "ccsw"
CACHE = 64_000  # kB of pages kept in memory
CHECKPOINT = 4_000  # pages of the log after which they are moved into the file
SAME = ("format", "version", "scenario_sha256", "seed", "metrics", "by_interval", "factors")
T = TypeVar("T")
GO_ON = "what is stored is kept: give the same command again to go on"


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def text_of(value: Any) -> str:
    """JSON as it stands in a store."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@contextmanager
def said_of(path: Path) -> Iterator[None]:
    """Whatever SQLite complains of in one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(_sentence(error), file=str(path)) from None


def _sentence(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name == "SQLITE_FULL":
        return f"the disk is full; make room: {GO_ON}"
    if name.startswith("SQLITE_IOERR"):
        return f"cannot be written or read (is the disk full, or gone?); once that is mended, {GO_ON}"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"is damaged ({error}); put a copy in its place, or delete it and begin again"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "is being written by another program; end that one first"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return f"cannot be written ({error}); choose a place where you may"
    return f"cannot be used ({error}); put a copy in its place, or delete it and begin again"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else writes this store meanwhile; the lock goes with the process, however that ends.

    InputError, and no lock left behind, where there is something that is no store.
    """
    from filelock import FileLock, Timeout

    if path.is_dir() or not path.name:
        raise InputError("is a folder; add the name of a file", file=str(path))
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {shown(str(path.parent))}; make it first", file=str(path))
    check_is_store(path)
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not Path(lock.lock_file).exists():
            raise InputError("cannot be written: no file can be made there", file=str(path)) from None
        raise InputError(
            "is in use: another process is at this store; wait for it, or choose another file", file=str(path)
        ) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=str(path)) from None
    try:
        yield
    finally:
        lock.release()


def check_is_store(path: Path) -> bool:
    """Whether there is a store; False where there is nothing yet, InputError where there is something else."""
    if not path.exists():
        return False
    try:
        if path.stat().st_size == 0 and not path.with_name(f"{path.name}-wal").exists():
            return False
        application, tables = answer(path, _marks)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
            raise InputError("is no store of a sweep; choose another file", file=str(path)) from None
        raise InputError(_sentence(error), file=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    if application != APPLICATION and tables:
        raise InputError(
            "is a database, but no store of a sweep; choose another file", file=str(path)
        ) from None
    return bool(tables)  # none: killed before anything was stored


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """What a file says it is, and how many tables and indices it has."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return application, tables


def answer(path: Path, question: Callable[[sqlite3.Connection], T], patience: float = 5.0) -> T:
    """What a question to a store brings, which is only read; nothing is made beside it.

    Without a log nobody writes, and none is needed to read; if somebody began meanwhile, the question is asked again.
    """
    file, before = path.resolve().as_uri(), _at_rest(path)
    if before is not None:
        try:
            with closing(sqlite3.connect(f"{file}?mode=ro&immutable=1", uri=True)) as connection:
                found = question(connection)
            if _at_rest(path) == before:
                return found
        except sqlite3.Error:
            if _at_rest(path) == before:
                raise
    try:
        with closing(sqlite3.connect(f"{file}?mode=ro", uri=True, timeout=patience)) as connection:
            return question(connection)
    except sqlite3.OperationalError as error:
        if not (getattr(error, "sqlite_errorname", None) or "").startswith("SQLITE_READONLY"):
            raise
    # A kill left something half written, which SQLite takes back when it may write.
    with closing(sqlite3.connect(f"{file}?mode=rw", uri=True, timeout=patience)) as connection:
        return question(connection)


def _at_rest(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever a file is written to; None while it has a log, which may hold what it lacks."""
    for ending in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            if path.with_name(path.name + ending).stat().st_size:
                return None
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def definition(sweep: Sweep, version: str) -> dict[str, Any]:
    """What a store says of its sweep, as JSON values by key."""
    return {
        "format": FORMAT,
        "version": version,
        "name": sweep.name,
        "scenario": sweep.scenario.written_out,
        "scenario_sha256": sweep.scenario.sha256,
        "seed": sweep.seed,
        "metrics": list(sweep.metrics),
        "best": sweep.best,
        "by_interval": sweep.by_interval,
        "replications": sweep.replications,
        "margin": dict(sweep.margin or {}),
        "max_replications": sweep.max_replications,
        "factors": [{"name": f.name, "unit": f.unit, "numeric": f.numeric} for f in sweep.factors],
        "design": sweep.design,
    }


def kept_by(sweep: Sweep) -> Kept:
    """What a sweep keeps: its metrics, and those that its margin and its ranking need."""
    return kept_of([*sweep.metrics, *(sweep.margin or ()), sweep.best], sweep.by_interval)


@contextmanager
def opened(path: Path, sweep: Sweep, version: str) -> Iterator[tuple[sqlite3.Connection, Kept]]:
    """The store of a sweep, made or extended where needed; InputError if it is that of another one."""
    with locked(path):
        is_there = check_is_store(path)
        with said_of(path), closing(connected(path)) as connection:
            kept = kept_by(sweep)
            if is_there:
                check_same(path, stored_definition(connection), definition(sweep, version))
            connection.execute("BEGIN IMMEDIATE")
            if not is_there:
                _create(connection, sweep, kept)
            _define(connection, definition(sweep, version))
            _add_points(connection, sweep)
            connection.execute("COMMIT")
            yield connection, kept


def connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # with a log whole after a loss of power, too
    connection.execute(f"PRAGMA cache_size = -{CACHE}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
    return connection


def _create(connection: sqlite3.Connection, sweep: Sweep, kept: Kept) -> None:
    factors = "".join(f", {quoted(factor.name)}" for factor in sweep.factors)
    queues = "".join(f", {quoted(name)} REAL" for name in kept.queue_figures)
    agents = "".join(f", {quoted(name)} REAL" for name in kept.agent_figures)
    tables = [
        "sweep (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
        "points (point INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, overrides TEXT NOT NULL, "
        f"replications INTEGER NOT NULL DEFAULT 0, error TEXT{factors})",
        "estimates (point INTEGER, kind TEXT, name TEXT, metric TEXT, value REAL, low REAL, high REAL, "
        "PRIMARY KEY (kind, name, metric, point)) WITHOUT ROWID",
        "waits (point INTEGER, batch INTEGER, queue TEXT, class TEXT, bin INTEGER, count INTEGER, "
        "PRIMARY KEY (point, batch, queue, class, bin)) WITHOUT ROWID",
    ]
    for suffix, columns, key in (
        ("", "", ""),
        ("_by_interval", ", interval INTEGER, start TEXT", ", interval"),
    ):
        if suffix and not kept.by_interval:
            continue
        tables += [
            f"queue_totals{suffix} (point INTEGER, replication INTEGER, queue TEXT, class TEXT{columns}{queues}, "
            f"PRIMARY KEY (point, replication, queue, class{key})) WITHOUT ROWID",
            f'agent_totals{suffix} (point INTEGER, replication INTEGER, "group" TEXT{columns}{agents}, '
            f'PRIMARY KEY (point, replication, "group"{key})) WITHOUT ROWID',
        ]
    for table in tables:
        connection.execute(f"CREATE TABLE {table}")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")


def _define(connection: sqlite3.Connection, defined: Mapping[str, Any]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO sweep VALUES (?, ?)",
        [(key, text_of(value)) for key, value in defined.items()],
    )


def _add_points(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Points that are not known yet, with the next numbers in the order of the design."""
    known = {key for (key,) in connection.execute("SELECT key FROM points")}
    (number,) = connection.execute("SELECT coalesce(max(point), -1) + 1 FROM points").fetchone()
    names = [factor.name for factor in sweep.factors]
    columns = ", ".join(map(quoted, ("point", "key", "overrides", *names)))
    rows: list[tuple[Any, ...]] = []
    for point in sweep.points:
        key = point.key
        if key not in known:
            known.add(key)
            values = [point.values[name] for name in names]
            rows.append((number + len(rows), key, text_of(point.overrides), *values))
    marks = ", ".join("?" * (3 + len(names)))
    connection.executemany(f"INSERT INTO points ({columns}) VALUES ({marks})", rows)


def stored_definition(connection: sqlite3.Connection) -> dict[str, Any]:
    """What a store says of its sweep."""
    return {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM sweep")}


def check_same(path: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """InputError that names the first thing in which the two differ, and may not."""
    wanted = json.loads(text_of(wanted))
    for key in SAME:
        there, here = stored.get(key), wanted.get(key)
        if there == here:
            continue
        what = {"scenario_sha256": "scenario", "by_interval": "by_interval"}.get(key, key)
        if key == "scenario_sha256":
            there, here = stored.get("scenario"), wanted["scenario"]
        place, old, new = next(differences(there, here), ("", there, here))
        where = f"{what}{': ' if key == 'scenario_sha256' else '.'}{place}" if place else what
        article = "other" if what in ("metrics", "factors") else "another"
        raise InputError(
            f"was made with {article} {where} ({shown(old)} there, {shown(new)} now); "
            "choose another file, or go back to what was",
            file=str(path),
        )


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(dotted path, old, new) of everything in which two documents differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    elif old != new:
        yield path, old, new
