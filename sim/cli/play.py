"""`ccsim run`, `compare` and `explain`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.inout import (
    DONE,
    INTERRUPTED,
    Bar,
    add_chance_and_workers,
    add_plan,
    add_scenario,
    as_sheets,
    check_outputs,
    check_picture,
    check_sheets,
    margin_from,
    put,
    scenario_from,
    settings_from,
    show,
    warn,
)
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.reports.results import Result
    from sim.scenario.schema import Scenario

MOST_KEPT = 500_000  # replications × intervals × queues, some 360 bytes each


def add_run(sub: argparse.ArgumentParser) -> None:
    add_scenario(sub)
    add_plan(sub)
    _add_play_options(sub, "service (default), day, occupancy, waits, days, flow, lost or line")
    sub.add_argument(
        "--trace", nargs="?", type=int, const=0, metavar="R", help="replication R (0) as a story"
    )
    sub.add_argument(
        "--formulas", action="store_true", help="what Erlang C and A would have said, and why they differ"
    )


def add_compare(sub: argparse.ArgumentParser) -> None:
    add_scenario(sub)
    _add_play_options(sub, "plans (default), differences or cost")
    sub.add_argument(
        "--best",
        metavar="METRIC[=ZONE]",
        help="play until one plan is surely best; less than ZONE is no difference",
    )
    sub.add_argument(
        "--simultaneous", action="store_true", help="margins that hold for all plans at once (Bonferroni)"
    )


def _add_play_options(sub: argparse.ArgumentParser, kinds: str) -> None:
    sub.add_argument("--replications", type=int, metavar="N", help="days to play (default: the scenario's)")
    add_chance_and_workers(sub)
    sub.add_argument(
        "--margin", action="append", default=[], metavar="METRIC=VALUE", help="play until it is met"
    )
    sub.add_argument("--max-replications", type=int, metavar="N", help="at most so many for --margin")
    sub.add_argument("--by-interval", action="store_true", help="figures for every interval too")
    sub.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    sub.add_argument(
        "--out",
        metavar="FILE",
        help="write what would be printed to a file; .xlsx: a workbook, .csv: one table",
    )
    sub.add_argument("--plot", metavar="FILE", help="draw it: a .png, .svg or .pdf file")
    sub.add_argument("--plot-kind", metavar="KIND", help=f"what --plot draws: {kinds}")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run_plan(options: argparse.Namespace) -> int:
    from sim.verbs.play import simulate

    check_outputs(options)
    check_picture(options, "run")
    idle = {"--trace": options.trace is not None, "--formulas": options.formulas}
    check_sheets(options, {"--json": options.json, **idle})
    scenario = scenario_from(options)
    if options.trace is not None:
        return _trace(options, scenario)
    settings = settings_from(options, scenario, 1)
    workbook = as_sheets(options) and options.out.lower().endswith(".xlsx")
    bands = bool(options.plot) and _fits(scenario, settings["replications"])
    settings["by_interval"] = options.by_interval or options.formulas or workbook or bands
    result = simulate(scenario, options.plan, **settings)
    warn(options, {result.plan: result.scenario})
    _say_unmet(options, {result.plan: result})
    show(options, lambda: "\n\n".join(_run_parts(options, result)), result)
    return DONE


def _fits(scenario: "Scenario", replications: int) -> bool:
    """Whether what every replication came to by interval can be kept for the margins of a picture."""
    return replications * scenario.grid.count * len(scenario.queues) <= MOST_KEPT


def _run_parts(options: argparse.Namespace, result: "Result") -> list[str]:
    """The tables of a run, and what the formulas would have said if that is asked for."""
    from sim.reports.tables import run_table

    parts = [run_table(result, options.by_interval)]
    if options.formulas:
        from sim.reports.beside_formulas import formulas_table

        parts.append(formulas_table(result, every=options.by_interval))
    return parts


def _say_unmet(options: argparse.Namespace, results: "dict[str, Result]") -> None:
    """Say on stderr, quiet or not, which margins were asked for and not reached."""
    margins = dict(margin_from(text) for text in options.margin)
    for plan, result in results.items():
        for sentence in result.too_wide(margins):
            print(f"ccsim: --margin not reached: {plan}: {sentence}", file=sys.stderr)


def _trace(options: argparse.Namespace, scenario: "Scenario") -> int:
    from sim.verbs.play import trace

    idle = {"--json": options.json, "--plot": options.plot, "--by-interval": options.by_interval}
    idle |= {"--margin": options.margin, "--replications": options.replications is not None}
    idle |= {"--formulas": options.formulas}
    if given := [name for name, value in idle.items() if value]:
        raise InputError(f"tells one replication; leave {' and '.join(given)} out", file="--trace")
    put(options, "\n".join(trace(scenario, options.plan, replication=options.trace, seed=options.seed)))
    return DONE


def compare_plans(options: argparse.Namespace) -> int:
    from sim.reports.figures import folded
    from sim.reports.layout import WIDTH
    from sim.reports.tables import compare_table
    from sim.verbs.play import compare

    if options.by_interval and not (options.json or as_sheets(options)):
        raise InputError(
            "of compare is for --json; add it, or run one plan by interval, or name a workbook with --out",
            file="--by-interval",
        )
    check_outputs(options)
    check_picture(options, "compare")
    check_sheets(options, {"--json": options.json, "--best": options.best is not None})
    scenario = scenario_from(options)
    if options.best is not None:
        return _best(options, scenario)
    settings = settings_from(options, scenario, len(scenario.plans))
    comparison = compare(scenario, simultaneous=options.simultaneous, **settings)
    warn(options, {name: result.scenario for name, result in comparison.results.items()})
    _say_unmet(options, comparison.results)
    note = "\n" + folded([comparison.correction], WIDTH) if comparison.correction else ""
    show(options, lambda: compare_table(comparison) + note, comparison)
    return DONE


def _best(options: argparse.Namespace, scenario: "Scenario") -> int:
    from sim.experiments.replicate import worthwhile_jobs
    from sim.verbs.play import compare

    idle = {"--margin": options.margin, "--plot": options.plot, "--by-interval": options.by_interval}
    idle |= {"--simultaneous": options.simultaneous}
    if given := [name for name, value in idle.items() if value]:
        raise InputError(f"names one plan; leave {' and '.join(given)} out", file="--best")
    most = 100 * scenario.replications if options.max_replications is None else options.max_replications
    jobs = options.jobs or worthwhile_jobs([scenario] * len(scenario.plans), 40, options.engine)
    try:
        found = compare(
            scenario, best=options.best, replications=options.replications, seed=options.seed,
            engine=options.engine, jobs=jobs, max_replications=options.max_replications,
            progress=None if options.quiet else Bar(most),
        )  # fmt: skip
    except InputError as error:
        if error.path != "best":
            raise
        raise InputError(error.problem, file="--best") from None
    show(options, found.text, found)
    return INTERRUPTED if found.found.interrupted else DONE


def add_explain(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("scenario", metavar="A", help="YAML or JSON file; - for standard input")
    sub.add_argument("other", metavar="B", nargs="?", help="the scenario to compare it with")
    sub.add_argument("--plans", nargs=2, metavar="PLAN", help="two plans of A, in place of B")
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="override a value in both (repeatable)",
    )
    sub.add_argument(
        "--replications", type=int, metavar="N", help="days to play (default: the first scenario's)"
    )
    add_chance_and_workers(sub, "the first scenario's")
    sub.add_argument(
        "--search", action="store_true", help="required hours by the search of staff for the targets (slow)"
    )
    sub.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    sub.add_argument("--out", metavar="FILE", help="write what would be printed to a file")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


def explain_difference(options: argparse.Namespace) -> int:
    from sim.experiments.replicate import worthwhile_jobs
    from sim.verbs.search import explain

    options.plot = None
    check_outputs(options)
    check_sheets(options, {"explain": True})
    if options.other is None and options.plans is None:
        raise InputError("explain takes two scenario files, or one and --plans with two of its plans")
    a = scenario_from(options)
    b = scenario_from(argparse.Namespace(set=options.set, scenario=options.other)) if options.other else None
    plans = tuple(options.plans or (None, None))
    try:
        one, _ = a.under(plans[0]), (b or a).under(plans[1])
    except InputError as error:
        raise InputError(error.problem, file="--plans") from None
    count = a.replications if options.replications is None else options.replications
    jobs = options.jobs or worthwhile_jobs([one] * 6, count, options.engine)
    files = None if b is None or options.plans else (Path(options.scenario).name, Path(options.other).name)
    found = explain(
        a, b, plans=plans, replications=options.replications, seed=options.seed, engine=options.engine, jobs=jobs,
        progress=None if options.quiet else Bar(count), names=files, search=options.search,
    )  # fmt: skip
    options.by_interval = False
    show(options, found.text, found)
    return DONE
