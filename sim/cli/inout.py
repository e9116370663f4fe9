"""What all commands share: exit codes, options read into arguments, results shown or written."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, nearest, shown

if TYPE_CHECKING:
    from sim.scenario.schema import Scenario

DONE, FAILED, BAD_INPUT, UNMET, INTERRUPTED = 0, 1, 2, 3, 130
PICTURES = (".png", ".svg", ".pdf")
SHEETS = (".xlsx", ".csv")
NOT_TABLES = dict.fromkeys((".xls", ".xlsm", ".xlsb", ".ods"), "let it end in .xlsx") | {
    **dict.fromkeys(PICTURES, "draw it by --plot"),
    **dict.fromkeys((".html", ".htm"), "ccsim report writes a page"),
}  # endings that would be believed


def add_scenario(sub: argparse.ArgumentParser) -> None:
    """The scenario, and what of it is overridden."""
    sub.add_argument("scenario", metavar="SCENARIO", help="YAML or JSON file; - for standard input")
    sub.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="override a value (repeatable)"
    )


def add_plan(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--plan",
        metavar="NAME",
        help="the plan to play, or a file of one (.yaml, .json, .xlsx); default: the first",
    )


def add_chance_and_workers(sub: argparse.ArgumentParser, whose: str = "the scenario's") -> None:
    """Seed, engine and jobs; whose: the seed that is taken where none is given."""
    sub.add_argument("--seed", type=int, metavar="S", help=f"seed of all chance (default: {whose})")
    sub.add_argument("--engine", default="compiled", metavar="NAME", help="compiled (default) or reference")
    sub.add_argument("--jobs", type=int, metavar="N", help="workers (default: one a processor, if worth it)")


def scenario_from(options: argparse.Namespace) -> "Scenario":
    from sim.scenario.load import from_source
    from sim.scenario.plans import read_assignment
    from sim.scenario.source import read

    overrides: dict[str, Any] = {}
    for path, value in map(read_assignment, options.set):
        if path in overrides:
            raise InputError("is given twice; keep one of the two", path=path, file="--set")
        overrides[path] = value
    source = read(options.scenario)
    scenario = _with_plan(options, from_source(source, overrides))
    try:
        scenario.under(getattr(options, "plan", None))
    except InputError as error:
        raise error.at(file=source.file) from None
    return scenario


def _with_plan(options: argparse.Namespace, scenario: "Scenario") -> "Scenario":
    """The scenario with the plan that --plan names by a file; `options.plan` is then the name it gets."""
    from sim.scenario.planfiles import ENDINGS, name_of, plan_from

    given = getattr(options, "plan", None)
    if given is None or given in scenario.plans or not given.lower().endswith(ENDINGS):
        return scenario
    options.plan = name_of(given)
    if options.plan in scenario.plans:
        said = f"the scenario has a plan {shown(options.plan)} of its own; rename the file, or name that plan"
        raise InputError(said, file=given)
    plan = plan_from(Path(given), scenario.grid)
    try:
        scenario.under(plan)
    except InputError as error:
        raise error.at(file=given) from None
    return scenario.and_plan(options.plan, plan)


def check_outputs(options: argparse.Namespace) -> None:
    """What is to be written can be, as far as can be seen before anything is played."""
    read = {"scenario": options.scenario, "plan": getattr(options, "plan", None)}
    for option in ("out", "plot", "report"):
        name, option = getattr(options, option, None), f"--{option}"
        if name is None:
            continue
        path = Path(name)
        for what, given in read.items():
            if path.exists() and given and Path(given).exists() and path.samefile(given):
                raise InputError(f"{shown(name)} is the {what} itself; choose another name", file=option)
        if not name or path.is_dir():
            raise InputError(f"{shown(name)} is a folder; add the name of a file", file=option)
        if not path.parent.is_dir():
            raise InputError(f"there is no folder {shown(str(path.parent))}; make it first", file=option)
    if options.out and options.plot and Path(options.out).absolute() == Path(options.plot).absolute():
        raise InputError(f"{shown(options.plot)} is --out already; choose another name", file="--plot")
    if options.plot and Path(options.plot).suffix.lower() not in PICTURES:
        raise InputError(f"{shown(options.plot)} does not end in {', '.join(PICTURES)}", file="--plot")


def check_page(name: str, option: str) -> None:
    """Refuse a name that is not one of a page."""
    from sim.reports.page import check_ending

    try:
        check_ending(name)
    except InputError as error:
        raise error.at(file=option) from None


def check_picture(options: argparse.Namespace, of: str) -> None:
    """Refuse a kind of picture that is not there, or that nobody draws; of: "run" or "compare"."""
    from sim.reports.pictures import OF_COMPARISON, OF_RESULT, check_kind

    if options.plot_kind is None:
        return
    if not options.plot:
        raise InputError("says what --plot FILE draws; add that", file="--plot-kind")
    try:
        check_kind(OF_RESULT if of == "run" else OF_COMPARISON, options.plot_kind)
    except InputError as error:
        raise error.at(file="--plot-kind") from None


def check_sheets(options: argparse.Namespace, apart: dict[str, Any]) -> None:
    """Refuse a workbook or CSV file as --out beside options that do not go with one; apart: those and their values."""
    ending = Path(options.out or "").suffix.lower()
    if ending in NOT_TABLES:
        raise InputError(
            f"{shown(options.out)} cannot hold a table of text: {NOT_TABLES[ending]}", file="--out"
        )
    if as_sheets(options) and (given := [name for name, value in apart.items() if value]):
        said = f"sheets of {shown(options.out)} do not go with {' and '.join(given)}"
        raise InputError(f"{said}; leave that out, or let the name end otherwise", file="--out")


def as_sheets(options: argparse.Namespace) -> bool:
    """Whether what is found goes into a workbook or a CSV file."""
    return bool(options.out) and Path(options.out).suffix.lower() in SHEETS


def settings_from(options: argparse.Namespace, scenario: "Scenario", plans: int) -> dict[str, Any]:
    """Arguments of `simulate` and `compare`, with progress on stderr unless it is not wanted."""
    from sim.experiments.replicate import worthwhile_jobs

    count = scenario.replications if options.replications is None else options.replications
    jobs = options.jobs
    if jobs is None:
        jobs = worthwhile_jobs([scenario] * plans, count, options.engine)
    margin = dict(margin_from(text) for text in options.margin)
    if options.max_replications is not None and not margin:
        raise InputError("only says when to stop for a --margin; give one", file="--max-replications")
    settings = {"replications": count, "seed": options.seed, "engine": options.engine, "jobs": jobs}
    return settings | {
        "by_interval": options.by_interval,
        "margin": margin or None,
        "max_replications": options.max_replications,
        "progress": None if options.quiet else Bar(count),
    }


def margin_from(text: str) -> tuple[str, float]:
    """`mean_wait=2 s`, `service_level=0.5%` or `lost_customers=2` as a metric and a number."""
    from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS
    from sim.scenario import units

    metrics = {**QUEUE_METRICS, **AGENT_METRICS}
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise InputError(f"{shown(text)} is not METRIC=VALUE", file="--margin")
    if name not in metrics:
        raise InputError(f"there is no metric {shown(name)}{nearest(name, metrics)}", file="--margin")
    parse = {"s": units.duration, "share": units.share}.get(metrics[name].unit, _plain_number)
    try:
        return name, parse(value)
    except InputError as error:
        raise error.at(path=name, file="--margin") from None


def _plain_number(text: str) -> float:
    from sim.scenario import units

    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{shown(text)} is not a number") from None
    return units.number(value, least=0.0)


class Bar:
    """A bar on stderr, drawn only where somebody looks."""

    def __init__(self, total: int) -> None:
        from tqdm import tqdm

        self.bar = tqdm(
            total=total, unit="day", file=sys.stderr, leave=False, disable=None, dynamic_ncols=True
        )

    def __call__(self, done: int, total: int) -> None:
        self.bar.update(done - self.bar.n)
        if done >= total:
            self.bar.close()


def show(options: argparse.Namespace, table: Callable[[], str], result: Any) -> None:
    """A result as text, as JSON or as sheets, wherever it is wanted, and its picture if that is."""
    if options.plot:
        from sim.reports.plots import save_figure

        save_figure(result.plot(kind=options.plot_kind or ""), options.plot)
    if as_sheets(options):
        result.write(options.out, by_interval=options.by_interval)
        print(f"wrote {options.out}")
    else:
        put(options, _document(options, result) if options.json else table())


def _document(options: argparse.Namespace, result: Any) -> str:
    import json

    document = result.to_dict(options.by_interval)
    if getattr(options, "formulas", False):
        from sim.reports.beside_formulas import formulas_document

        document["formulas"] = formulas_document(result)
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)


def put(options: argparse.Namespace, text: str) -> None:
    """Write to --out, or to stdout."""
    if options.out:
        from sim.reports.results import write_whole

        write_whole(Path(options.out), f"{text}\n".encode(errors="backslashreplace"))
    else:
        print(text)


def warn(options: argparse.Namespace, plans: "dict[str, Scenario]") -> None:
    """On stderr what is allowed but seldom meant, where no table on the screen will say it."""
    from sim.reports.words import odd

    if options.quiet or not (options.json or options.out):
        return
    for remark, names in _by_remark({name: list(odd(scenario)) for name, scenario in plans.items()}).items():
        where = "" if len(names) == len(plans) else f"plan {', '.join(names)}: "
        print(f"Note: {where}{remark}", file=sys.stderr)


def _by_remark(remarks: dict[str, list[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, said in remarks.items():
        for remark in said:
            found.setdefault(remark, []).append(name)
    return found
