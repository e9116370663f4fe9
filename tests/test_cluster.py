"""Sweeps on a Dask cluster: a real scheduler and worker processes on loopback, some of which are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import sim
from sim.cli import main
from tests.sweeps import contents, sweep_file

pytest.importorskip("distributed")
ROOT = Path(__file__).resolve().parent.parent


class Cluster:
    """A scheduler and two workers, each a process of its own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        file = folder / "scheduler.json"
        quiet = ["--no-dashboard", "--scheduler-file", str(file)]
        self.scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", "0", *quiet)
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        alone = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--scheduler-file", str(file)]
        folders = ["--local-directory", str(folder)]
        self.workers = [self._started("worker", *alone, *folders) for _ in range(2)]
        import json

        self.address = json.loads(file.read_text())["address"]

    def _started(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments]
        log = self._stack.enter_context((self._folder / f"{what}{os.getpid()}.log").open("ab"))
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path_factory.mktemp("cluster"), stack)


def test_a_cluster_gives_the_same_store_also_when_a_worker_is_killed(
    tmp_path: Path, cluster: Cluster
) -> None:
    sweep, told = sweep_file(tmp_path), []

    def kill_one(standing: object) -> None:
        if not told:
            os.kill(cluster.workers[0].pid, signal.SIGKILL)
        told.append(standing)

    sim.sweep(sweep, tmp_path / "here.sqlite")
    sim.sweep(sweep, tmp_path / "cluster.sqlite", cluster=cluster.address, progress=kill_one)
    assert len(told) > 2
    assert contents(tmp_path / "cluster.sqlite") == contents(tmp_path / "here.sqlite")


def test_a_cluster_that_goes_away_is_said_and_the_sweep_goes_on_without_it(
    tmp_path: Path, cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep, store = sweep_file(tmp_path), tmp_path / "store.sqlite"
    with pytest.raises(sim.InputError, match="went away; what is stored is kept"):
        sim.sweep(sweep, store, cluster=cluster.address, progress=lambda _: cluster.scheduler.kill())
    capsys.readouterr()
    assert main(["sweep", str(sweep), "--out", str(store), "--quiet"]) == 0
    sim.sweep(sweep, tmp_path / "here.sqlite")
    assert contents(store) == contents(tmp_path / "here.sqlite")


def test_a_cluster_that_was_never_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.experiments.workers.CONNECT", "300 ms")
    command = ["sweep", str(sweep_file(tmp_path)), "--out", str(tmp_path / "store.sqlite"), "--quiet"]
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1"):
        assert main([*command, "--cluster", address]) == 2
        said = capsys.readouterr().err
        assert "no scheduler answers at" in said and said.count("\n") == 1


def test_without_the_library_it_is_said_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    command = ["sweep", str(sweep_file(tmp_path)), "--out", str(tmp_path / "store.sqlite"), "--quiet"]
    assert main([*command, "--cluster", "tcp://127.0.0.1:8786"]) == 2
    assert "pip install 'callcenter-sim[cluster]'" in capsys.readouterr().err
