"""Sweeps: what is stored does not depend on who plays it, in what order, or on how often it was interrupted."""

import io
import json
import os
import signal
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.cli import main
from sim.experiments.entries import Store
from sim.experiments.kept import kept_of
from sim.experiments.tasks import Work
from sim.measures.estimate import interval
from sim.measures.metrics import AGENT_METRICS
from tests.sweeps import METRICS, contents, sweep_file


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a sweep that nothing disturbed."""
    folder = tmp_path_factory.mktemp("once")
    sim.sweep(sweep_file(folder), folder / "store.sqlite")
    return folder / "store.sqlite"


def _rows(store: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute(query).fetchall()


def test_estimates_are_those_of_simulate_to_the_last_bit(once: Path) -> None:
    from sim.experiments.design import read_sweep

    sweep = read_sweep(once.parent / "sweep.yaml")
    for number in (0, 7):
        scenario = sweep.scenario.with_(sweep.points[number].overrides)
        result = sim.simulate(scenario, replications=4, seed=sweep.seed, by_interval=False)
        expected = {
            (kind, name, metric): estimate
            for (kind, name, metric), *estimate in result.summary().itertuples(name=None)
            if metric in METRICS and (kind == "group") == (metric in AGENT_METRICS)
        }
        query = f"SELECT kind, name, metric, value, low, high FROM estimates WHERE point = {number}"
        found = {row[:3]: row[3:] for row in _rows(once, query)}
        assert found.keys() == expected.keys()
        for key, values in expected.items():
            np.testing.assert_array_equal(np.array(found[key], dtype=float), values, err_msg=str(key))


@pytest.mark.parametrize("jobs", [1, 2])
def test_more_jobs_give_the_same_store(once: Path, tmp_path: Path, jobs: int) -> None:
    sim.sweep(once.parent / "sweep.yaml", tmp_path / "other.sqlite", jobs=jobs)
    assert contents(tmp_path / "other.sqlite") == contents(once)


def _kill_after(seconds: float, sweep: Path, store: Path) -> int:
    """Run a sweep in a process of its own and kill it; returns its exit code, negative for the signal."""
    process = get_context("fork").Process(target=sim.sweep, args=(sweep, store), kwargs={"jobs": 2})
    process.start()
    process.join(seconds)
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)  # type: ignore[arg-type]
    process.join()
    return process.exitcode or 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("kills", "replications"), [(4, 40), pytest.param(20, 1500, marks=pytest.mark.slow)])
def test_a_sweep_goes_on_where_it_was_killed(tmp_path: Path, kills: int, replications: int) -> None:
    sweep, random = sweep_file(tmp_path, replications=replications), np.random.default_rng(20261123)
    started = time.perf_counter()
    sim.sweep(sweep, tmp_path / "whole.sqlite", jobs=2)
    lasts = time.perf_counter() - started
    killed = [
        _kill_after(lasts * random.uniform(0.02, 0.5), sweep, tmp_path / "killed.sqlite")
        for _ in range(kills)
    ]
    assert -signal.SIGKILL in killed
    sim.sweep(sweep, tmp_path / "killed.sqlite", jobs=2)
    assert contents(tmp_path / "killed.sqlite") == contents(tmp_path / "whole.sqlite")


def test_shards_merged_are_the_whole(once: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = once.parent / "sweep.yaml"
    stores = [str(tmp_path / f"{k}.sqlite") for k in (1, 2, 3)]
    for k, store in enumerate(stores, 1):
        assert main(["sweep", str(sweep), "--out", store, "--shard", f"{k}/3", "--quiet"]) == 0
    assert [count for (count,) in _rows(Path(stores[1]), "SELECT replications FROM points")] == [0, 4, 0] * 4
    out = tmp_path / "merged.sqlite"
    with closing(sqlite3.connect(stores[0])) as connection:  # what others keep there is passed over
        connection.executescript(
            "ANALYZE; CREATE TABLE notes (note); CREATE VIEW mine AS SELECT * FROM points"
        )
    assert main(["merge", str(out), *stores]) == 0
    assert "12 of 12 points are in" in capsys.readouterr().out
    assert contents(out) == contents(once)
    assert main(["merge", str(out), stores[0]]) == 0  # again changes nothing
    assert contents(out) == contents(once)


def test_the_same_with_the_reference_engine_and_any_executor(once: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        store = tmp_path / "store.sqlite"
        sim.sweep(once.parent / "sweep.yaml", store, engine="reference", executor=executor)
    assert contents(store) == contents(once)


def test_more_replications_and_more_points_extend_a_store(once: Path, tmp_path: Path) -> None:
    """Also where the replications of a point are played piece by piece."""
    vary = {"queues.support.arrivals.volume": ["80%", "100%"], "agents.front.staffing": [2]}
    vary |= {"queues.billing.patience.mean": ["1 min", "2 min"]}
    store = tmp_path / "store.sqlite"
    sim.sweep(sweep_file(tmp_path, vary=vary, replications=3), store)
    sim.sweep(sweep_file(tmp_path), store)
    order = "SELECT key FROM points ORDER BY point"
    assert _rows(store, order)[:4] == [_rows(once, order)[k] for k in (0, 1, 6, 7)]
    assert _rows(store, order) != _rows(once, order)
    known = (
        "SELECT p.key, e.* FROM points p JOIN estimates e USING (point) ORDER BY p.key, kind, name, metric"
    )
    strip = [(row[0], *row[2:]) for row in _rows(store, known)]
    assert strip == [(row[0], *row[2:]) for row in _rows(once, known)]


def test_a_finished_sweep_returns_at_once(once: Path) -> None:
    before = contents(once)
    told: list[object] = []
    sim.sweep(once.parent / "sweep.yaml", once, progress=told.append)
    assert told == [] and contents(once) == before


def test_points_are_played_until_their_margins_are_met(tmp_path: Path) -> None:
    margin = {"lost_customers": 2.5}
    sweep = sweep_file(tmp_path, margin=margin, max_replications=30, replications=5, by_interval=True)
    sim.sweep(sweep, tmp_path / "store.sqlite", jobs=2)
    counts = {count for (count,) in _rows(tmp_path / "store.sqlite", "SELECT replications FROM points")}
    assert len(counts) > 1 and all(count % 5 == 0 and count <= 30 for count in counts)
    query = (
        "SELECT DISTINCT replications FROM points JOIN estimates USING (point) WHERE metric = 'lost_customers'"
        " AND kind = 'queue' AND name <> 'all' AND (high - low) / 2 > 2.5"
    )
    assert _rows(tmp_path / "store.sqlite", query) in ([], [(30,)])
    day = "SELECT point, replication, queue, class, {} FROM queue_totals{} GROUP BY 1, 2, 3, 4"
    assert _rows(tmp_path / "store.sqlite", day.format("sum(lost_customers)", "_by_interval")) == _rows(
        tmp_path / "store.sqlite", day.format("lost_customers", "")
    )
    cut = sweep_file(
        tmp_path, "cut.yaml", margin=margin, max_replications=5, replications=5, by_interval=True
    )
    sim.sweep(cut, tmp_path / "cut.sqlite")
    sim.sweep(sweep, tmp_path / "cut.sqlite")
    assert contents(tmp_path / "cut.sqlite") == contents(tmp_path / "store.sqlite")


def test_a_point_that_fails_keeps_its_error_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vary = {"agents.front.staffing": [{"add": 0}, {"add": -2}, {"add": -9}, {"add": 1}]}
    sweep, store = sweep_file(tmp_path, vary=vary), tmp_path / "store.sqlite"
    assert main(["sweep", str(sweep), "--out", str(store), "--jobs", "1"]) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "point 2: agents.front.staffing: {add: -9} makes 3 negative" in said.err
    assert "3 of 4 points" in said.out
    rows = _rows(store, "SELECT replications, error IS NULL FROM points ORDER BY point")
    assert rows == [(4, 1), (4, 1), (0, 0), (4, 1)]
    assert main(["sweep", str(sweep), "--out", str(store), "--quiet"]) == 1  # tried again


def test_what_it_takes_is_said_and_nothing_is_played(
    once: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = sweep_file(tmp_path)
    assert main(["sweep", str(sweep), "--dry-run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["points"] == 12 and document["replications"] == 4
    assert document["contacts"] == pytest.approx(12 * 4 * (0.9 * 120 + 40))
    assert document["seconds"] > 0 and 0.5 < document["size"] / once.stat().st_size < 1.5
    assert [path.name for path in tmp_path.iterdir() if "sqlite" in path.name] == []


@pytest.mark.parametrize("shard", ["0/5", "6/5", "half", "1/0"])
def test_a_shard_that_there_is_not_is_refused(
    once: Path, shard: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["sweep", str(once.parent / "sweep.yaml"), "--out", str(once), "--shard", shard, "--quiet"]
    assert main(command) == 2
    assert "--shard: " in capsys.readouterr().err


def test_ctrl_c_says_how_to_go_on(
    tmp_path: Path, once: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:

    write, taken = Store.write, []

    def interrupted(self: Store, *args: object) -> None:
        taken.append(write(self, *args))  # type: ignore[arg-type]
        if len(taken) == 2:
            raise KeyboardInterrupt

    sweep, store = once.parent / "sweep.yaml", tmp_path / "store.sqlite"
    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", interrupted)
        assert main(["sweep", str(sweep), "--out", str(store), "--quiet", "--jobs", "2"]) == 130
    assert "give the same command again to go on" in capsys.readouterr().err
    assert 0 < _rows(store, "SELECT count(*) FROM points WHERE replications")[0][0] < 12
    assert main(["sweep", str(sweep), "--out", str(store), "--quiet"]) == 0
    assert contents(store) == contents(once)


def test_progress_says_points_contacts_and_the_best_so_far(
    tmp_path: Path, once: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("sim.cli.sweeps.DRAW_EVERY", 0.0)
    command = ["sweep", str(once.parent / "sweep.yaml"), "--out", str(tmp_path / "store.sqlite")]
    assert main(command) == 0
    told = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "/12 points" in told and "contact/s" in told and "best lost_customers: " in told
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert main([*command[:-1], str(tmp_path / "other.sqlite")]) == 0
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_the_best_are_the_lowest_or_the_highest(once: Path) -> None:
    with closing(sqlite3.connect(once)) as connection:
        connection.execute("SELECT count(*) FROM sweep").fetchone()  # the log is there from now on
        store = Store(once, connection, kept_of(METRICS))
        for metric, larger, kind in (
            ("lost_customers", False, "queue"), ("service_level", True, "queue"), ("staff_cost", False, "group")
        ):  # fmt: skip
            query = (
                f"SELECT point, value FROM estimates WHERE kind = '{kind}' AND name = 'all' AND metric = ?"
            )
            values = dict(connection.execute(query, (metric,)).fetchall())
            found = store.best(metric, larger, 3)
            assert [value for _, value in found] == sorted(values.values(), reverse=larger)[:3]
            assert all(values[number] == value for number, value in found)


class _FirstComesLast(ThreadPoolExecutor):
    """Threads; the first replications of a point are late."""

    def submit(self, fn: Any, *args: Any, **more: Any) -> Any:
        def late() -> Any:
            played = fn(*args)
            time.sleep(0.2 * (args[2].replications.start == 0))
            return played

        return super().submit(late)


@pytest.mark.parametrize("margin", [None, {"lost_customers": 2.2}])  # met amid the second block
def test_large_points_are_played_in_pieces_stored_in_order(
    tmp_path: Path, margin: dict[str, float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the run stops amid blocks, and goes on otherwise cut."""
    changes = {"replications": 20, "margin": margin, "max_replications": 60 if margin else None}
    sweep = sweep_file(tmp_path, vary={"agents.front.staffing": [3]}, **changes)
    with monkeypatch.context() as patched:
        patched.setattr(Work, "share_out", lambda self, workers: None)
        sim.sweep(sweep, tmp_path / "whole.sqlite")
    written: list[range] = []
    write = Store.write

    def noted(self: Store, task: Any, played: Any) -> None:
        written.append(task.replications)
        write(self, task, played)
        if len(written) % 3 == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "write", noted)
    with _FirstComesLast(2) as executor:
        before = -1
        while len(written) > before:
            before = len(written)
            with suppress(KeyboardInterrupt):
                sim.sweep(sweep, tmp_path / "pieces.sqlite", executor=executor)
    assert len(written) > 6 and all(a.stop == b.start for a, b in pairwise(written))
    assert contents(tmp_path / "pieces.sqlite") == contents(tmp_path / "whole.sqlite")


def test_a_dry_run_counts_what_is_left_of_a_part_after_the_warm_up(
    once: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def left(sweep: Path, *options: str) -> tuple[int, int, float]:
        assert main(["sweep", str(sweep), "--dry-run", "--json", "--quiet", *options]) == 0
        document = json.loads(capsys.readouterr().out)
        return document["points"], document["of_points"], document["contacts"]

    whole = left(sweep_file(tmp_path))
    assert left(once.parent / "sweep.yaml", "--out", str(once)) == (0, 12, 0.0)
    points, _, contacts = left(once.parent / "sweep.yaml", "--out", str(once), "--replications", "6")
    assert points == 12 and contacts == pytest.approx(whole[2] / 2)
    assert left(tmp_path / "sweep.yaml", "--shard", "2/5")[:2] == (3, 12)
    later = sweep_file(tmp_path, set={"warm_up": "30 min"})
    assert 0.0 < left(later)[2] < whole[2]


def test_waits_of_more_days_than_batches_are_those_of_simulate(tmp_path: Path) -> None:
    what: dict[str, Any] = {
        "vary": {"agents.front.staffing": [3]},
        "metrics": ["p50_wait", "p90_wait"],
        "by_interval": True,
    }
    store = tmp_path / "store.sqlite"
    for days in (30, 70):  # the second time there are batches to add to
        sweep = sweep_file(tmp_path, **what, replications=days)
        result = sim.sweep(sweep, store)
    found = result.rows()[0].estimates
    scenario = result.scenario.with_({"agents.front.staffing": 3})
    alone = sim.simulate(scenario, replications=70, seed=result.head["seed"])
    wanted = alone.all_samples["queue", "all"]
    for metric in what["metrics"]:
        assert found[metric] == interval(wanted[metric])
