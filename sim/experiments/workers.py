"""Those who play the tasks of a sweep: threads, processes, the workers of a cluster, or any executor."""

import math
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from time import monotonic
from typing import Any, NamedTuple

from sim.errors import InputError, shown
from sim.experiments.playing import Played, Settings, Task, packed, play_elsewhere, play_points, sources_here
from sim.experiments.replicate import deaf_to_ctrl_c, ended
from sim.scenario.schema import Scenario

CONNECT = "10 s"  # until a scheduler that does not answer is taken to be away
LOOK = 2.0  # s between two questions how many work in a cluster
ALONE = 60.0  # s without any worker until a cluster is given up


class Workers(NamedTuple):
    """Those who play: how a task is handed over, how many work at once, and a look whether they are still there."""

    submit: Callable[[Task], Future[Played]]
    threads: Callable[[], int]
    check: Callable[[], None]


def _all_well() -> None:
    """Threads and processes of our own do not go away unseen."""


@contextmanager
def workers_for(
    base: Scenario, settings: Settings, jobs: int, executor: Executor | None, cluster: str | None
) -> Iterator[Workers]:
    """Workers of a sweep: the executor given, those of a cluster, or as many of our own as there are jobs."""
    if executor is not None:
        count = getattr(executor, "_max_workers", None) or max(jobs, os.cpu_count() or 1)
        yield Workers(_elsewhere(executor, base, settings), lambda: count, _all_well)
    elif cluster is not None:
        with _cluster(cluster, base, settings) as workers:
            yield workers
    elif settings.engine == "compiled" or jobs == 1:
        # Have the kernels before threads start, so that they do not all wait for one of them.
        play_points(base, Task((0,), ({},), range(1)), settings)
        with ended(ThreadPoolExecutor(jobs)) as pool:
            yield Workers(
                lambda task: pool.submit(play_points, base, task, settings), lambda: jobs, _all_well
            )
    else:
        with ended(ProcessPoolExecutor(jobs, get_context("spawn"), _start_worker)) as pool:
            hand_over = _elsewhere(pool, base, settings)

            def submit(task: Task) -> Future[Played]:
                with deaf_to_ctrl_c():  # the workers are started by a submit, and inherit it
                    return hand_over(task)

            yield Workers(submit, lambda: jobs, _all_well)


def _elsewhere(executor: Executor, base: Scenario, settings: Settings) -> Callable[[Task], Future[Played]]:
    sent, sources = packed(base), sources_here()
    return lambda task: executor.submit(play_elsewhere, sent, sources, task, settings)


def _start_worker() -> None:
    """In a worker process: leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _cluster(address: str, base: Scenario, settings: Settings) -> Iterator[Workers]:
    """The workers of a Dask scheduler."""
    client = _client(address)
    try:
        seen, asked, threads = monotonic(), -math.inf, 1

        def count() -> int:
            nonlocal seen, asked, threads
            if monotonic() - asked > LOOK:
                try:
                    threads = sum(client.nthreads().values())
                except OSError:
                    raise gone(address) from None
                asked = monotonic()
                seen = asked if threads else seen
            return max(1, threads)

        def check() -> None:
            count()
            if client.status != "running":
                raise gone(address)
            if monotonic() - seen > ALONE:
                said = f"has had no worker for {ALONE:.0f} s; start some with `dask worker {address}`"
                raise InputError(f"the cluster {said}, and give the same command again", file="--cluster")

        yield Workers(_elsewhere(client.get_executor(pure=False), base, settings), count, check)
    finally:
        client.close(timeout=2)


def _client(address: str) -> Any:
    """A connection to a scheduler; InputError if there is none, or no library to speak to it."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "needs the library distributed; pip install 'callcenter-sim[cluster]'", file="--cluster"
        ) from None
    try:
        return Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError):  # a timeout is an OSError
        raise InputError(
            f"no scheduler answers at {shown(address)}; start one with `dask scheduler`, and give its address",
            file="--cluster",
        ) from None


def gone(address: str | None) -> InputError:
    """What is said when the workers went away."""
    who = f"the cluster {shown(address)} went away" if address else "a worker died (out of memory?)"
    return InputError(f"{who}; what is stored is kept: give the same command again to go on")
