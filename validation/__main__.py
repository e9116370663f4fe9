"""`python -m validation`: our values beside the exact ones; exit 1 if a judged figure fails."""

import argparse
import math
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tabulate import tabulate

from validation.cases import CASES, Case
from validation.judge import (
    HEAD,
    Verdict,
    contacts_of,
    failures,
    judged_apart,
    judged_figures,
    missing,
    piloted,
    playable,
    replications_of,
    summary,
    table,
)

PRECISION = {"ci": 3.0, "whole": 1.0}
INTRODUCTION = """# Validation: every exact and published case

Written by `python -m validation --part {part} --write {path}`; do not edit.

The exact values were found by other means than simulation (integrals, Markov chains, forward equations): the
source of each case is named below. Published values carry the 95% margin that was printed with them. z is the
difference in (combined) standard errors. A figure fails when its two-sided p-value is below 1% divided by the
number of judged figures. Seeds follow from the cases' names, and the replications were fixed beforehand by a
pilot. Shares below .01 or above .99 are shown, not judged.

"""


def main() -> int:
    options = _options()
    if options.pilot:
        return _pilot(options)
    chosen = [(case, place) for case, place in playable() if not options.cases or case.id in options.cases]
    for case in CASES.values():
        if reason := missing(case):
            print(f"{case.id} is left out: {reason}", file=sys.stderr)
    if not chosen:
        print("There is no case of that name.", file=sys.stderr)
        return 2
    precision = options.precision or PRECISION[options.part]
    started = time.perf_counter()
    verdicts = _played(chosen, precision, options)
    family = judged_figures(playable())
    rows, words = table(verdicts, family), summary(verdicts, family, precision)
    print(tabulate(rows, HEAD, disable_numparse=True))
    print()
    print(words)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if options.write:
        _write(options.write, options.part, rows, words, [case for case, _ in chosen])
    return 1 if failures(verdicts, family) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument(
        "--part",
        choices=PRECISION,
        default="ci",
        help="ci: margins of 3%% or .003; whole: everything at 1%% or .001",
    )
    parser.add_argument(
        "--precision", type=float, help="margins wanted, in %% of the value (and thousandths of a share)"
    )
    parser.add_argument(
        "--case", action="append", dest="cases", metavar="ID", help="only this case; repeatable"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--engine", help="the engine; the default is that of sim.simulate")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write the table as Markdown, as in docs/validation.md"
    )
    parser.add_argument(
        "--pilot", action="store_true", help="say how many replications each run needs for 1%% or .001"
    )
    return parser.parse_args()


def _engine(options: argparse.Namespace) -> dict[str, Any]:
    return {"engine": options.engine} if options.engine else {}


def _played(chosen: list[tuple[Case, int]], precision: float, options: argparse.Namespace) -> list[Verdict]:
    """The verdicts of all runs, in the order of the cases; the longest runs are started first."""
    costs = {(c.id, p): contacts_of(c) * replications_of(c, c.runs[p], precision) for c, p in chosen}
    total, done = sum(costs.values()), 0.0
    print(
        f"{len(chosen)} runs, {total / 1e6:.1f} million contacts, {options.jobs} processes", file=sys.stderr
    )
    results: dict[tuple[str, int], list[Verdict]] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        order = sorted(costs, key=lambda key: -costs[key])
        futures = [pool.submit(judged_apart, *key, precision, _engine(options)) for key in order]
        for future in as_completed(futures):
            case_id, place, verdicts, seconds = future.result()
            results[case_id, place] = verdicts
            done += costs[case_id, place]
            worst = max((abs(v.z) for v in verdicts if v.figure.judged), default=math.nan)
            print(
                f"{done / total:4.0%}  {case_id}.{place}: {seconds:.1f} CPU-s, largest |z| {worst:.2f}",
                file=sys.stderr,
            )
    return [verdict for case, place in chosen for verdict in results[case.id, place]]


def _write(path: Path, name: str, rows: list[list[str]], words: str, cases: list[Case]) -> None:
    unique = {case.id: case for case in cases}
    text = INTRODUCTION.format(part=name, path=path) + words + "\n\n"
    text += tabulate(rows, HEAD, tablefmt="github", disable_numparse=True) + "\n\n## The cases\n\n"
    text += (
        tabulate(
            [[c.id, c.model, c.source] for c in unique.values()],
            ["case", "model", "source"],
            tablefmt="github",
        )
        + "\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _pilot(options: argparse.Namespace) -> int:
    chosen = [(c, p) for c, p in playable() if not options.cases or c.id in options.cases]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        futures = [pool.submit(piloted, c.id, p, _engine(options)) for c, p in chosen]
        for future in as_completed(futures):
            case_id, place, needed, name, seconds = future.result()
            contacts = needed * contacts_of(CASES[case_id])
            print(
                f"{case_id}.{place}: {needed} replications, {contacts / 1e6:.1f} million contacts, "
                f"for {name!r} (now {CASES[case_id].runs[place].replications}); {seconds:.0f} CPU-s",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
