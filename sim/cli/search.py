"""`ccsim staff` and `schedule`."""

import argparse
import os
import sys
from typing import Any

from sim.cli.inout import DONE, FAILED, INTERRUPTED, UNMET, check_outputs, scenario_from
from sim.errors import InputError


def _add_search(sub: argparse.ArgumentParser, what: str) -> None:
    """What `staff` and `schedule` have in common; what: for the plan, what is sought."""
    sub.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="override a value (repeatable)"
    )
    sub.add_argument("--plan", metavar="NAME", help=f"the plan to {what} (default: the first)")
    sub.add_argument(
        "--replications", type=int, metavar="N", help="days to search on (default: the scenario's)"
    )
    sub.add_argument("--seed", type=int, metavar="S", help="seed of all chance (default: the scenario's)")
    sub.add_argument("--engine", default="compiled", metavar="NAME", help="compiled (default) or reference")
    sub.add_argument("--jobs", type=int, metavar="N", help="workers (default: one a processor)")
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
        "--out", action="append", default=[], metavar="FILE",
        help="write the staffing as a plan (.yaml, .json) or as columns that `staffing: {file: …}` reads (.csv)",
    )  # fmt: skip


def add_schedule(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "scenario", metavar="SCENARIO", help="YAML or JSON file with targets and shift_types; - for stdin"
    )
    _add_search(sub, "make shifts for")
    sub.add_argument(
        "--out", action="append", default=[], metavar="FILE",
        help="write a roster (.csv) or the plan (.yaml, .json); may be given for each",
    )  # fmt: skip


def staff_plan(options: argparse.Namespace) -> int:
    from sim.reports import staffing
    from sim.verbs import staff

    return _searched(options, staff, staffing, curve=options.curve, fte_hours=options.fte_hours)


def schedule_plan(options: argparse.Namespace) -> int:
    from sim.reports import shifts
    from sim.verbs import schedule

    return _searched(options, schedule, shifts)


def _searched(options: argparse.Namespace, verb: Any, words: Any, **more: Any) -> int:
    """Search by a verb, write and print what it found; words: the module that knows endings and last stage."""
    import json

    from sim.reports.staffing import told
    from sim.scenario import units

    for name in options.out:
        words.check_ending(name)
        check_outputs(argparse.Namespace(scenario=options.scenario, out=name, plot=None))
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
        progress=None if options.quiet else told(scenario, sys.stderr, words.LAST_STAGE),
        **more,
    )
    if result.state == "cannot be met" and options.out:
        print("ccsim: nothing was written: the targets cannot be met", file=sys.stderr)
    elif options.out:
        for name in options.out:
            result.write(name)
    document = (
        json.dumps(result.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) if options.json else ""
    )
    print(document or result.table())
    return {"cannot be met": UNMET, "interrupted": INTERRUPTED, "not confirmed": FAILED}.get(
        result.state, DONE
    )
