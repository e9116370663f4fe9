"""`ccsim sweep` and `merge`."""

import argparse
import json
import os
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from sim.cli.inout import DONE, FAILED, INTERRUPTED, SHEETS, add_chance_and_workers
from sim.errors import InputError, shown

if TYPE_CHECKING:
    from sim.experiments.design import Sweep
    from sim.experiments.rehearsal import Rehearsal
    from sim.experiments.sweep import Done, Standing

RANK_EVERY = 2.0  # s between two looks at the best points
DRAW_EVERY = 0.5  # s between two drawings of the bar
MOST_SAID = 5  # errors of points that are told one by one


def add_sweep(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("sweep", metavar="SWEEP", help="YAML or JSON file that says what to vary")
    sub.add_argument(
        "--out", metavar="FILE", help="the store, an SQLite file on a local disk; made or gone on"
    )
    sub.add_argument("--cluster", metavar="ADDRESS", help="play on a Dask cluster, as in tcp://HOST:8786")
    sub.add_argument("--shard", metavar="K/N", help="only the K-th of N parts; put together with ccsim merge")
    sub.add_argument(
        "--dry-run",
        action="store_true",
        help="say what is left: points, contacts, time and size; play nothing",
    )
    sub.add_argument("--replications", type=int, metavar="N", help="days at each point (default: the file's)")
    add_chance_and_workers(sub, "the file's")
    sub.add_argument("--json", action="store_true", help="one JSON document instead of words")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


def add_merge(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("out", metavar="OUT", help="the store to write, or to add to")
    sub.add_argument("stores", metavar="STORE", nargs="+", help="stores of one sweep, as --shard makes them")
    sub.add_argument("--quiet", action="store_true", help="no word on what was done")


def play_sweep(options: argparse.Namespace) -> int:
    from sim import __version__
    from sim.experiments.replicate import worthwhile_jobs
    from sim.experiments.sweep import run_sweep, shard_from
    from sim.verbs.given import check_jobs
    from sim.verbs.sweeps import sweep_of

    sweep = sweep_of(options.sweep, options.replications, options.seed)
    shard = shard_from(options.shard)
    jobs = options.jobs
    if jobs is None:
        jobs = worthwhile_jobs([sweep.scenario], len(sweep.points) * sweep.replications, options.engine)
    jobs = check_jobs(jobs)
    for note in () if options.quiet else sweep.notes:
        print(f"Note: {note}", file=sys.stderr)
    if options.out:
        _check_is_not_input(options)
    if options.dry_run:
        return _rehearse(options, sweep, jobs, shard)
    if not options.out:
        raise InputError(
            "is missing: name the file to keep the results in, as in results.sqlite", file="--out"
        )
    if options.cluster:
        _hush()
    started, bar = monotonic(), _Bar(sweep, options.quiet)
    try:
        done = run_sweep(
            sweep, Path(options.out), __version__,
            engine=options.engine, jobs=jobs, cluster=options.cluster, shard=shard, tell=bar,
        )  # fmt: skip
    except KeyboardInterrupt:
        bar.close()
        said = "what is stored is kept: give the same command again to go on"
        print(f"ccsim: interrupted; {said}", file=sys.stderr)
        return INTERRUPTED
    finally:
        bar.close()
    return _tell(options, sweep, done, monotonic() - started)


def _check_is_not_input(options: argparse.Namespace) -> None:
    out = Path(options.out)
    if out.suffix.lower() in SHEETS:
        said = f"{shown(options.out)} cannot be the store; end it in .sqlite, then ccsim show STORE --to {options.out}"
        raise InputError(said, file="--out")
    if out.exists() and Path(options.sweep).exists() and out.samefile(options.sweep):
        raise InputError(f"{shown(options.out)} is the sweep itself; choose another name", file="--out")


def _hush() -> None:
    """What the library says of lost connections is said once, by us."""
    import logging

    logging.getLogger("distributed").setLevel(logging.CRITICAL)


def _tell(options: argparse.Namespace, sweep: "Sweep", done: "Done", seconds: float) -> int:
    """What was done, and which points failed; the exit code."""
    if options.json:
        failed = [{"point": number, "error": said} for number, said in done.failed]
        document = {"format": 1, "name": sweep.name, "store": options.out, "seed": sweep.seed}
        document |= {"points": done.of_points, "finished": done.points, "failed": failed}
        document |= {"contacts": done.contacts, "seconds": round(seconds, 3)}
        print(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print(f"{done.points:,} of {done.of_points:,} points are in {options.out}", end="")
        rate = f", {done.contacts / seconds:,.0f} a second" if seconds > 1 else ""
        print(f" ({done.contacts:,.0f} contacts in {seconds:.1f} s{rate})" if done.contacts else "")
        print(f"ccsim show {options.out} lists them")
    for number, said in done.failed[:MOST_SAID]:
        print(f"ccsim: point {number}: {said}", file=sys.stderr)
    if (more := len(done.failed) - MOST_SAID) > 0:
        print(f"ccsim: and {more} more points that could not be played", file=sys.stderr)
    return FAILED if done.failed else DONE


def _rehearse(options: argparse.Namespace, sweep: "Sweep", jobs: int, shard: tuple[int, int] | None) -> int:
    from sim import __version__
    from sim.experiments.rehearsal import rehearse

    out = Path(options.out) if options.out else None
    found = rehearse(sweep, __version__, options.engine, jobs, out, shard)
    print(_document(sweep, found) if options.json else "\n".join(_lines(sweep, found)))
    return DONE


def _document(sweep: "Sweep", found: "Rehearsal") -> str:
    document: dict[str, Any] = {"format": 1, "name": sweep.name, **found._asdict()}
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)


def _lines(sweep: "Sweep", found: "Rehearsal") -> list[str]:
    least = "at least " if sweep.margin else ""
    factors = ", ".join(factor.name for factor in sweep.factors) or "nothing varied"
    of_points = f" of {found.of_points:,}" * (found.points < found.of_points)
    lines = [
        f"{sweep.name}",
        f"points        {found.points:,}{of_points} ({factors})",
        f"replications  {least}{found.replications:,} of each, seed {sweep.seed}",
        f"contacts      {least}{found.contacts:,.0f}, first attempts as expected",
        f"time          {least}{_duration(found.seconds)} with {found.jobs} of {os.cpu_count() or 1} processors",
        f"size          {least}{_size(found.size)}",
    ]
    if sweep.margin:
        lines.append(
            f"              at most {sweep.max_replications:,} replications of each, until margins are met"
        )
    return lines


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.1f} s" if seconds < 10 else f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def _size(size: float) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"about {size / scale:.1f} {unit}"
    return f"about {max(1, round(size / 1e3))} kB"


class _Bar:
    """Contacts, points, time left and the best points so far, on stderr where somebody looks."""

    def __init__(self, sweep: "Sweep", quiet: bool) -> None:
        from tqdm import tqdm

        self._metric, self._ranked = sweep.best, -RANK_EVERY
        self._bar = tqdm(
            total=1,
            unit="contact",
            unit_scale=True,
            file=sys.stderr,
            leave=False,
            disable=True if quiet else None,
            dynamic_ncols=True,
            mininterval=DRAW_EVERY,
        )

    def __call__(self, standing: "Standing") -> None:
        bar = self._bar
        if bar.disable:
            return
        bar.total = standing.contacts + standing.left
        bar.set_description(f"{standing.points:,}/{standing.of_points:,} points", refresh=False)
        if monotonic() - self._ranked >= RANK_EVERY:
            self._ranked = monotonic()
            best = ", ".join(f"{value:.4g} (point {number})" for number, value in standing.best())
            failed = f"{standing.failed} failed; " if standing.failed else ""
            bar.set_postfix_str(f"{failed}best {self._metric}: {best}" if best else failed, refresh=False)
        bar.update(standing.contacts - bar.n)

    def close(self) -> None:
        self._bar.close()


def merge_stores(options: argparse.Namespace) -> int:
    from sim.experiments.merge import merge

    played, points = merge(Path(options.out), [Path(store) for store in options.stores])
    if not options.quiet:
        print(f"{played:,} of {points:,} points are in {options.out}")
    return DONE
