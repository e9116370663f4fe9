"""`ccsim staff` and `schedule`."""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from sim.cli.inout import (
    DONE,
    FAILED,
    INTERRUPTED,
    UNMET,
    add_chance_and_workers,
    check_outputs,
    scenario_from,
)
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario


def _add_search(sub: argparse.ArgumentParser, what: str) -> None:
    """What `staff` and `schedule` have in common; what: for the plan, what is sought."""
    sub.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="override a value (repeatable)"
    )
    sub.add_argument(
        "--plan",
        metavar="NAME",
        help=f"the plan to {what}, or a file of one (.yaml, .json, .xlsx); default: the first",
    )
    sub.add_argument(
        "--replications", type=int, metavar="N", help="days to search on (default: the scenario's)"
    )
    add_chance_and_workers(sub)
    sub.add_argument(
        "--confidence", default="95%", metavar="SHARE", help="of the confirmation (default: 95%%)"
    )
    sub.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


def add_staff(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "scenario", metavar="SCENARIO", help="YAML or JSON file with targets; - for standard input"
    )
    _add_search(sub, "staff")
    sub.add_argument(
        "--fte-hours", type=float, default=8.0, metavar="H", help="paid hours of a full-time day (8)"
    )
    sub.add_argument(
        "--curve", action="store_true", help="cost against lost customers, 15%% fewer to 15%% more agents"
    )
    sub.add_argument(
        "--plot",
        metavar="FILE",
        help="draw the agents, or with --curve cost against loss: .png, .svg or .pdf",
    )
    sub.add_argument(
        "--out", action="append", default=[], metavar="FILE",
        help="write the staffing as a plan that `run --plan FILE` reads (.yaml, .json; .xlsx with all figures), or as "
        "columns for `staffing: {file: …}` (.csv)",
    )  # fmt: skip


def add_schedule(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "scenario", metavar="SCENARIO", help="YAML or JSON file with targets and shift_types; - for stdin"
    )
    _add_search(sub, "make shifts for")
    sub.add_argument(
        "--out", action="append", default=[], metavar="FILE",
        help="write a roster (.csv), the plan that `run --plan FILE` reads (.yaml, .json), or a workbook (.xlsx); "
        "may be given for each",
    )  # fmt: skip


def staff_plan(options: argparse.Namespace) -> int:
    from sim.reports import staffing
    from sim.verbs.search import staff

    return _searched(options, staff, staffing, curve=options.curve, fte_hours=options.fte_hours)


def schedule_plan(options: argparse.Namespace) -> int:
    from sim.reports import shifts
    from sim.verbs.search import schedule

    return _searched(options, schedule, shifts)


def _searched(options: argparse.Namespace, verb: Any, words: Any, **more: Any) -> int:
    """Search by a verb, write and print what it found; words: the module that knows endings and last stage."""
    import json

    from sim.scenario import units

    picture = getattr(options, "plot", None)
    given = {"scenario": options.scenario, "plan": options.plan}
    check_outputs(argparse.Namespace(**given, out=None, plot=picture))
    for name in options.out:
        words.check_ending(name)
        check_outputs(argparse.Namespace(**given, out=name, plot=None))
    try:
        confidence = units.share(options.confidence)
    except InputError as error:
        raise error.at(file="--confidence") from None
    scenario = scenario_from(options)
    result = verb(
        scenario,
        options.plan,
        replications=options.replications,
        seed=options.seed,
        engine=options.engine,
        jobs=(os.cpu_count() or 1) if options.jobs is None else options.jobs,
        confidence=confidence,
        progress=None if options.quiet else _told(scenario, sys.stderr, words.LAST_STAGE),
        **more,
    )
    if result.state == "cannot be met" and (options.out or picture):
        print("ccsim: nothing was written: the targets cannot be met", file=sys.stderr)
    else:
        for name in options.out:
            result.write(name)
        if picture:
            from sim.reports.plots import save_figure

            save_figure(result.plot(), picture)
    document = (
        json.dumps(result.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) if options.json else ""
    )
    print(document or result.table())
    return {"cannot be met": UNMET, "interrupted": INTERRUPTED, "not confirmed": FAILED}.get(
        result.state, DONE
    )


def _told(scenario: "Scenario", stream: TextIO, last: str) -> Callable[[str, int, float], None]:
    """Progress for a terminal: what is done and the best cost so far, on one line that is written anew.

    last: the stage after which the line is left standing.
    """
    state: dict[str, Any] = {"what": "", "at": 0.0}
    alive = stream.isatty()

    def tell(what: str, tried: int, cost: float) -> None:
        now = time.monotonic()
        if not (what != state["what"] or (alive and now - state["at"] > 0.2) or now - state["at"] > 10):
            return
        state["what"], state["at"] = what, now
        best = f", the best so far costs {cost:,.0f} {scenario.currency}" if math.isfinite(cost) else ""
        line = f"{what}: {tried:,} tried{best}".rstrip()
        print(f"\r{line:<100}" if alive else line, end="" if alive else "\n", file=stream, flush=True)
        if alive and what == last:
            print(file=stream)

    return tell
