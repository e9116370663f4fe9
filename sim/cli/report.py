"""`ccsim report`: a scenario, a saved result, a comparison or the store of a sweep as one HTML file."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.inout import DONE, add_plan, check_outputs, check_page, scenario_from, settings_from
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario

KEPT_CELLS = (
    20_000_000  # totals by replication and interval that are kept for margins by interval: some 160 MB
)
PLAYS = ("plan", "set", "replications", "seed", "engine", "jobs")  # options that say what is to be played


def add_report(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "scenario", metavar="WHAT", help="a scenario, what result.save wrote, or the store of a sweep"
    )
    sub.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="override a value (repeatable)"
    )
    add_plan(sub)
    sub.add_argument("--replications", type=int, metavar="N", help="days to play (default: the scenario's)")
    sub.add_argument("--seed", type=int, metavar="S", help="seed of all chance (default: the scenario's)")
    sub.add_argument("--engine", metavar="NAME", help="compiled (default) or reference")
    sub.add_argument("--jobs", type=int, metavar="N", help="workers (default: one a processor, if worth it)")
    sub.add_argument("--out", default="report.html", metavar="FILE", help="the file (report.html)")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


def write_report(options: argparse.Namespace) -> int:
    """Read or play what is asked for, and write its page."""
    options.plot = None
    check_page(options.out, "--out")
    told = _kept(options)
    check_outputs(options)
    if told is None:
        told = _played(options)
    told.report(options.out)
    print(f"wrote {options.out} ({Path(options.out).stat().st_size / 1000:,.0f} kB)")
    return DONE


def _kept(options: argparse.Namespace) -> Any:
    """What is in a file that was written before; None for a scenario."""
    from sim.reports.opening import opened

    told = None if options.scenario == "-" else opened(Path(options.scenario))
    given = [f"--{name}" for name in PLAYS if getattr(options, name)]
    if told is not None and given:
        raise InputError(f"was played already; leave {' and '.join(given)} out", file=options.scenario)
    return told


def _played(options: argparse.Namespace) -> Any:
    """The scenario played: all plans compared if it has several and none was named."""
    from sim.verbs.play import compare, simulate

    scenario = scenario_from(options)
    several = options.plan is None and len(scenario.plans) > 1
    options.margin, options.max_replications = [], None
    options.engine = options.engine or "compiled"
    options.by_interval = _kept_cells(options, scenario, len(scenario.plans) if several else 1) <= KEPT_CELLS
    settings = settings_from(options, scenario, len(scenario.plans) if several else 1)
    return compare(scenario, **settings) if several else simulate(scenario, options.plan, **settings)


def _kept_cells(options: argparse.Namespace, scenario: "Scenario", plans: int) -> int:
    """How many totals by replication and interval there would be."""
    from sim.measures.metrics import TOTALS, cells_of

    count = scenario.replications if options.replications is None else options.replications
    return plans * count * len(cells_of(scenario)) * scenario.grid.count * len(TOTALS)
