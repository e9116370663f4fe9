"""Many points of a scenario, played into a store."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import __version__
from sim.scenario.quantities import MOST_REPLICATIONS
from sim.verbs.given import check_jobs, whole_number

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sim.experiments.design import Sweep
    from sim.experiments.sweep import Standing
    from sim.reports.sweeps import SweepResult


def sweep(
    what: "str | os.PathLike[str] | Mapping[str, Any] | Sweep",
    out: str | os.PathLike[str],
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
    jobs: int = 1,
    executor: "Executor | None" = None,
    cluster: str | None = None,
    shard: str | None = None,
    progress: "Callable[[Standing], None] | None" = None,
) -> "SweepResult":
    """Play all points of a sweep that its store, an SQLite file on a local disk, does not hold yet.

    what: a sweep file, or what it would hold (files named there are looked for in the working folder). replications,
    seed: in place of the sweep's own. executor: any of concurrent.futures, in place of `jobs`; cluster: the address of
    a Dask scheduler. shard: "3/50" for the third of fifty parts. progress: called after every result. Points that
    cannot be played leave their error in the store, and the others go on.
    """
    from sim.experiments.sweep import run_sweep, shard_from
    from sim.reports.sweeps import SweepResult

    run_sweep(
        sweep_of(what, replications, seed),
        Path(out),
        __version__,
        engine=engine,
        jobs=check_jobs(jobs),
        executor=executor,
        cluster=cluster,
        shard=shard_from(shard),
        tell=progress,
    )
    return SweepResult.load(out)


def sweep_of(
    what: "str | os.PathLike[str] | Mapping[str, Any] | Sweep",
    replications: int | None = None,
    seed: int | None = None,
) -> "Sweep":
    """A sweep from a file or a mapping, with other replications or another seed, which draws its points too."""
    from dataclasses import replace

    from sim.experiments.design import Sweep, read_sweep, sweep_from

    if seed is not None:
        seed = whole_number(seed, "seed", 0, 2**63 - 1)
    if isinstance(what, Sweep):
        found = what if seed is None else replace(what, seed=seed)
    else:
        found = sweep_from(what, seed=seed) if isinstance(what, Mapping) else read_sweep(what, seed)
    if replications is None:
        return found
    count = whole_number(replications, "replications", 1, MOST_REPLICATIONS)
    return replace(found, replications=count, max_replications=max(count, found.max_replications))
