"""Stores of sweeps: what they refuse, what damages them, and what is said then."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.cli import main
from sim.experiments.store import answer, locked
from tests.sweeps import contents, sweep_file

FEW = {"agents.front.staffing": [2, 3], "queues.support.arrivals.volume": ["80%", "100%"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of four points."""
    folder = tmp_path_factory.mktemp("made")
    sim.sweep(sweep_file(folder, vary=FEW), folder / "store.sqlite")
    return folder / "store.sqlite"


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """The same store for one test to spoil, beside its sweep file."""
    sweep_file(tmp_path, vary=FEW)
    return Path(shutil.copy(made, tmp_path / "store.sqlite"))


def _said(sweep: Path, store: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """The one sentence with which a sweep is refused."""
    assert main(["sweep", str(sweep), "--out", str(store), "--quiet", *options]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and str(store) in said.err
    return said.err


def test_a_store_can_be_read_with_any_sql_tool(made: Path) -> None:
    with closing(sqlite3.connect(made)) as connection:
        (mean,) = connection.execute(
            "SELECT sum(wait) / sum(waited) FROM queue_totals WHERE point = 1 AND queue = 'billing'"
        ).fetchone()
        query = "SELECT value FROM estimates WHERE point = 1 AND name = 'billing' AND metric = 'mean_wait'"
        assert connection.execute(query).fetchone()[0] == pytest.approx(mean, rel=1e-12)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(points)")]
        assert columns == ["point", "key", "overrides", "replications", "error", *FEW]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 7}, "another seed (1 there, 7 now)"),
        ({"metrics": ["mean_wait", "lost_customers"]}, "other metrics"),
        (
            {"set": {"queues.billing.balks": "3%"}},
            'another scenario: queues.billing.balks (null there, "3%" now)',
        ),
        ({"by_interval": True}, "another by_interval (false there, true now)"),
        ({"vary": {"agents.back.staffing": [1, 2]}}, "other factors"),
    ],
)
def test_a_store_of_another_sweep_is_refused_with_the_difference(
    copy: Path, changes: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(copy)
    other = sweep_file(copy.parent, "other.yaml", **{"vary": FEW, **changes})
    assert said in _said(other, copy, capsys)
    assert contents(copy) == before


def test_a_store_of_another_version_is_refused(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE sweep SET value = '\"0.0.9\"' WHERE key = 'version'")
    assert 'another version ("0.0.9" there' in _said(copy.parent / "sweep.yaml", copy, capsys)


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = sweep_file(tmp_path)
    text, other = tmp_path / "notes.txt", tmp_path / "other.sqlite"
    text.write_text("not a database, but long enough to look at " * 50)
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
    for path in (text, other):
        before = path.read_bytes()
        assert "no store of a sweep" in _said(sweep, path, capsys)
        assert path.read_bytes() == before
    assert "is a folder" in _said(sweep, tmp_path, capsys)
    assert "there is no folder" in _said(sweep, tmp_path / "gone" / "store.sqlite", capsys)
    assert main(["sweep", str(sweep), "--out", str(sweep)]) == 2
    assert "is the sweep itself" in capsys.readouterr().err


def test_an_empty_file_as_a_kill_may_leave_it_is_begun_anew(tmp_path: Path, made: Path) -> None:
    store = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    sim.sweep(made.parent / "sweep.yaml", store)
    assert contents(store) == contents(made)


def test_a_second_process_at_one_store_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(copy):
        command = [sys.executable, "-c", "import sys; from sim.cli import main; sys.exit(main(sys.argv[1:]))"]
        command += ["sweep", str(copy.parent / "sweep.yaml"), "--out", str(copy), "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "is in use: another process is at this store" in done.stderr
    assert main(["sweep", str(copy.parent / "sweep.yaml"), "--out", str(copy), "--quiet"]) == 0


def test_a_store_that_is_deleted_on_the_way_is_missed(tmp_path: Path, made: Path) -> None:
    store = tmp_path / "store.sqlite"
    with pytest.raises(sim.InputError, match="was deleted or replaced while the sweep ran"):
        sim.sweep(made.parent / "sweep.yaml", store, progress=lambda _: store.unlink(missing_ok=True))
    sim.sweep(made.parent / "sweep.yaml", store)
    assert contents(store) == contents(made)


def _spoil(store: Path) -> None:
    with store.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(os.path.getsize(store) - 4096))


def test_a_store_that_is_damaged_is_said_before_and_on_the_way(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _spoil(copy)
    more = sweep_file(tmp_path, "more.yaml", vary=FEW, replications=6)
    assert "is damaged (" in _said(more, copy, capsys)
    other = tmp_path / "other.sqlite"
    sim.sweep(sweep_file(tmp_path, vary=FEW), other)
    with pytest.raises(sim.InputError, match="is damaged"):
        sim.sweep(more, other, progress=lambda _: _spoil(other))


def test_a_full_disk_is_said_and_what_was_stored_is_kept(tmp_path: Path, made: Path) -> None:
    """A limit on the size of files stands for the disk; the program that met it goes on once there is room."""
    sweep, store = sweep_file(tmp_path, vary=FEW, replications=200), tmp_path / "store.sqlite"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
    try:
        with pytest.raises(
            sim.InputError, match=r"full.*what is stored is kept: give the same command again"
        ):
            sim.sweep(sweep, store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    sim.sweep(sweep, store)
    sim.sweep(sweep, tmp_path / "whole.sqlite")
    assert contents(store) == contents(tmp_path / "whole.sqlite")


def test_stores_of_different_sweeps_are_not_merged(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, out = tmp_path / "other.sqlite", tmp_path / "out.sqlite"
    sim.sweep(sweep_file(tmp_path, vary=FEW, seed=7, replications=1), other)
    for command, said in (
        ([str(out), str(copy), str(other)], "another seed"),
        ([str(copy), str(copy)], "choose another"),
        ([str(out), str(tmp_path / "gone.sqlite")], "is no store of a sweep, or not there"),
        ([str(out), str(tmp_path / "sweep.yaml")], "is no store of a sweep"),
    ):
        assert main(["merge", *command]) == 2
        assert said in capsys.readouterr().err


def test_what_is_refused_leaves_no_lock_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = sweep_file(tmp_path, vary=FEW)
    other = tmp_path / "notes.yaml"
    other.write_text("name: notes\n", encoding="utf-8")
    assert "is no store of a sweep" in _said(sweep, other, capsys)
    assert not other.with_name("notes.yaml.lock").exists()


def test_a_store_is_read_without_a_trace_and_where_nobody_may_write(copy: Path) -> None:
    names = {path.name for path in copy.parent.iterdir()}
    copy.chmod(0o444)
    copy.parent.chmod(0o555)
    try:
        assert len(sim.SweepResult.load(copy).rows()) == 4
    finally:
        copy.parent.chmod(0o755)
    assert {path.name for path in copy.parent.iterdir()} == names


def test_what_a_writer_does_meanwhile_is_read_as_it_is_then(copy: Path) -> None:
    asked = []

    def question(connection: sqlite3.Connection) -> int:
        (count,) = connection.execute("SELECT sum(replications) FROM points").fetchone()
        if not asked:
            with closing(sqlite3.connect(copy)) as writer, writer:
                writer.execute("UPDATE points SET replications = 9")
        asked.append(count)
        return int(count)

    assert answer(copy, question) == 36 and len(asked) == 2 and asked[0] < 36


def test_a_store_that_a_kill_left_half_written_is_read_as_before(copy: Path) -> None:
    other = copy.with_name("half.sqlite")
    with closing(sqlite3.connect(copy, isolation_level=None)) as writer:
        for line in ("PRAGMA journal_mode = DELETE", "PRAGMA cache_size = 2", "BEGIN IMMEDIATE"):
            writer.execute(line)
        writer.execute("DELETE FROM estimates")
        writer.execute("CREATE TABLE long AS SELECT zeroblob(500000)")
        shutil.copy(copy, other)
        shutil.copy(f"{copy}-journal", f"{other}-journal")
    assert len(sim.SweepResult.load(other).rows(["mean_wait"])) == 4


def test_a_merge_that_fails_leaves_no_half_of_a_store(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt, out = Path(shutil.copy(copy, tmp_path / "spoilt.sqlite")), tmp_path / "out.sqlite"
    with closing(sqlite3.connect(spoilt)) as connection, connection:
        connection.execute("DROP TABLE queue_totals")
    assert main(["merge", str(out), str(copy), str(spoilt)]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not out.exists()


def test_what_is_no_executor_is_refused(copy: Path) -> None:
    with pytest.raises(sim.errors.InputError, match="3 is no executor"):
        sim.sweep(copy.with_name("sweep.yaml"), copy, executor=3)  # type: ignore[arg-type]
