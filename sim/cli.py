"""The verbs at a prompt: `ccsim run`, `compare`, `check`, `new`, `schema`."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from sim import __version__
from sim.errors import InputError, nearest, shown
from sim.reports.formulas import add_erlang

if TYPE_CHECKING:
    from sim.reports.results import Result
    from sim.scenario.schema import Scenario

DONE, FAILED, BAD_INPUT, UNMET, INTERRUPTED = 0, 1, 2, 3, 130
COMMANDS = ("new", "run", "compare", "explain", "staff", "schedule", "erlang", "check", "schema")
PICTURES = (".png", ".svg", ".pdf")
OPTIONS = ("replications", "seed", "engine", "jobs", "confidence")  # errors of these name the option


class _Parser(argparse.ArgumentParser):
    """Wrong usage in one sentence, like every other wrong input."""

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"argument COMMAND: invalid choice: '([^']*)'", message)
        if unknown:
            known = ", ".join(COMMANDS)
            message = f"there is no command {shown(unknown[1])}{nearest(unknown[1], COMMANDS)}: use {known}"
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = _Parser(
        prog="ccsim", description="Call-centre simulation: waits and lost customers under any staffing plan."
    )
    top.add_argument("--version", action="version", version=f"ccsim {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, what: str, action: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=what, description=what)
        sub.set_defaults(action=action)
        return sub

    new = command("new", "write a commented scenario to start from", _new)
    new.add_argument("name", metavar="NAME", help="file to write; .yaml is added if it has no ending")
    run = command("run", "play one plan: metrics by queue, agents and intervals", _run)
    compare = command("compare", "play every plan on the same days, against the first", _compare)
    check = command("check", "validate a scenario and say in words what was understood", _check)
    for sub in (run, compare, check):
        sub.add_argument("scenario", metavar="SCENARIO", help="YAML or JSON file; - for standard input")
        sub.add_argument(
            "--set", action="append", default=[], metavar="PATH=VALUE", help="override a value (repeatable)"
        )
    for sub in (run, check):
        sub.add_argument("--plan", metavar="NAME", help="the plan to play (default: the first)")
    for sub in (run, compare):
        _add_play_options(sub)
    compare.add_argument(
        "--best",
        metavar="METRIC[=ZONE]",
        help="play until one plan is surely best; less than ZONE is no difference",
    )
    compare.add_argument(
        "--simultaneous", action="store_true", help="margins that hold for all plans at once (Bonferroni)"
    )
    _add_explain(
        command("explain", "what differs between two scenarios or plans, and what each does", _explain)
    )
    _add_staff(command("staff", "the fewest agents by interval that meet the targets", _staff))
    _add_schedule(command("schedule", "the cheapest shifts that meet the targets", _schedule))
    run.add_argument(
        "--trace", nargs="?", type=int, const=0, metavar="R", help="replication R (0) as a story"
    )
    run.add_argument(
        "--formulas", action="store_true", help="what Erlang C and A would have said, and why they differ"
    )
    add_erlang(commands)
    command("schema", "print the JSON Schema of a scenario file, for editors", _schema)
    return top


def _add_play_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--replications", type=int, metavar="N", help="days to play (default: the scenario's)")
    sub.add_argument("--seed", type=int, metavar="S", help="seed of all chance (default: the scenario's)")
    sub.add_argument("--engine", default="compiled", metavar="NAME", help="compiled (default) or reference")
    sub.add_argument("--jobs", type=int, metavar="N", help="workers (default: one a processor, if worth it)")
    sub.add_argument(
        "--margin", action="append", default=[], metavar="METRIC=VALUE", help="play until it is met"
    )
    sub.add_argument("--max-replications", type=int, metavar="N", help="at most so many for --margin")
    sub.add_argument("--by-interval", action="store_true", help="figures for every interval too")
    sub.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    sub.add_argument("--out", metavar="FILE", help="write what would be printed to a file")
    sub.add_argument("--plot", metavar="FILE", help="draw it: a .png, .svg or .pdf file")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


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


def _add_staff(sub: argparse.ArgumentParser) -> None:
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


def _add_schedule(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "scenario", metavar="SCENARIO", help="YAML or JSON file with targets and shift_types; - for stdin"
    )
    _add_search(sub, "make shifts for")
    sub.add_argument(
        "--out", action="append", default=[], metavar="FILE",
        help="write a roster (.csv) or the plan (.yaml, .json); may be given for each",
    )  # fmt: skip


def _staff(options: argparse.Namespace) -> int:
    from sim.reports import staffing
    from sim.verbs import staff

    return _searched(options, staff, staffing, curve=options.curve, fte_hours=options.fte_hours)


def _schedule(options: argparse.Namespace) -> int:
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
        _check_outputs(argparse.Namespace(scenario=options.scenario, out=name, plot=None))
    try:
        confidence = units.share(options.confidence)
    except InputError as error:
        raise error.at(file="--confidence") from None
    scenario = _scenario(options)
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


def _scenario(options: argparse.Namespace) -> "Scenario":
    from sim.scenario.plans import read_assignment
    from sim.scenario.source import read
    from sim.verbs import from_source

    overrides: dict[str, Any] = {}
    for path, value in map(read_assignment, options.set):
        if path in overrides:
            raise InputError("is given twice; keep one of the two", path=path, file="--set")
        overrides[path] = value
    source = read(options.scenario)
    scenario = from_source(source, overrides)
    try:
        scenario.under(getattr(options, "plan", None))
    except InputError as error:
        raise error.at(file=source.file) from None
    return scenario


def _check_outputs(options: argparse.Namespace) -> None:
    """What is to be written can be, as far as can be seen before anything is played."""
    for option, name in (("--out", options.out), ("--plot", options.plot)):
        if name is None:
            continue
        path = Path(name)
        if options.scenario != "-" and path.exists() and path.samefile(options.scenario):
            raise InputError(f"{shown(name)} is the scenario itself; choose another name", file=option)
        if not name or path.is_dir():
            raise InputError(f"{shown(name)} is a folder; add the name of a file", file=option)
        if not path.parent.is_dir():
            raise InputError(f"there is no folder {shown(str(path.parent))}; make it first", file=option)
    if options.plot and Path(options.plot).suffix.lower() not in PICTURES:
        raise InputError(f"{shown(options.plot)} does not end in {', '.join(PICTURES)}", file="--plot")


def _settings(options: argparse.Namespace, scenario: "Scenario", plans: int) -> dict[str, Any]:
    """Arguments of `simulate` and `compare`, with progress on stderr unless it is not wanted."""
    from sim.experiments.replicate import worthwhile_jobs

    count = scenario.replications if options.replications is None else options.replications
    jobs = options.jobs
    if jobs is None:
        jobs = worthwhile_jobs([scenario] * plans, count, options.engine)
    margin = dict(_margin(text) for text in options.margin)
    if options.max_replications is not None and not margin:
        raise InputError("only says when to stop for a --margin; give one", file="--max-replications")
    settings = {"replications": count, "seed": options.seed, "engine": options.engine, "jobs": jobs}
    return settings | {
        "by_interval": options.by_interval,
        "margin": margin or None,
        "max_replications": options.max_replications,
        "progress": None if options.quiet else _Progress(count),
    }


def _margin(text: str) -> tuple[str, float]:
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


class _Progress:
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


def _run(options: argparse.Namespace) -> int:
    from sim.verbs import simulate

    _check_outputs(options)
    scenario = _scenario(options)
    if options.trace is not None:
        return _trace(options, scenario)
    settings = _settings(options, scenario, 1)
    settings["by_interval"] = options.by_interval or options.formulas
    result = simulate(scenario, options.plan, **settings)
    _warn(options, {result.plan: result.scenario})
    _say_unmet(options, {result.plan: result})
    _show(options, lambda: "\n\n".join(_run_parts(options, result)), result)
    return DONE


def _run_parts(options: argparse.Namespace, result: "Result") -> list[str]:
    """The tables of a run, and what the formulas would have said if that is asked for."""
    from sim.reports.tables import run_table

    parts = [run_table(result, options.by_interval)]
    if options.formulas:
        from sim.reports.beside_formulas import formulas_table

        parts.append(formulas_table(result))
    return parts


def _say_unmet(options: argparse.Namespace, results: "dict[str, Result]") -> None:
    """Say on stderr, quiet or not, which margins were asked for and not reached."""
    margins = dict(_margin(text) for text in options.margin)
    for plan, result in results.items():
        for sentence in result.too_wide(margins):
            print(f"ccsim: --margin not reached: {plan}: {sentence}", file=sys.stderr)


def _trace(options: argparse.Namespace, scenario: "Scenario") -> int:
    from sim.verbs import trace

    idle = {"--json": options.json, "--plot": options.plot, "--by-interval": options.by_interval}
    idle |= {"--margin": options.margin, "--replications": options.replications is not None}
    idle |= {"--formulas": options.formulas}
    if given := [name for name, value in idle.items() if value]:
        raise InputError(f"tells one replication; leave {' and '.join(given)} out", file="--trace")
    _print(options, "\n".join(trace(scenario, options.plan, replication=options.trace, seed=options.seed)))
    return DONE


def _compare(options: argparse.Namespace) -> int:
    from sim.reports.figures import folded
    from sim.reports.layout import WIDTH
    from sim.reports.tables import compare_table
    from sim.verbs import compare

    if options.by_interval and not options.json:
        raise InputError(
            "of compare is for --json; add it, or run one plan by interval", file="--by-interval"
        )
    _check_outputs(options)
    scenario = _scenario(options)
    if options.best is not None:
        return _best(options, scenario)
    settings = _settings(options, scenario, len(scenario.plans))
    comparison = compare(scenario, simultaneous=options.simultaneous, **settings)
    _warn(options, {name: result.scenario for name, result in comparison.results.items()})
    _say_unmet(options, comparison.results)
    note = "\n" + folded([comparison.correction], WIDTH) if comparison.correction else ""
    _show(options, lambda: compare_table(comparison) + note, comparison)
    return DONE


def _best(options: argparse.Namespace, scenario: "Scenario") -> int:
    from sim.experiments.replicate import worthwhile_jobs
    from sim.verbs import compare

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
            progress=None if options.quiet else _Progress(most),
        )  # fmt: skip
    except InputError as error:
        if error.path != "best":
            raise
        raise InputError(error.problem, file="--best") from None
    _show(options, found.text, found)
    return INTERRUPTED if found.found.interrupted else DONE


def _add_explain(sub: argparse.ArgumentParser) -> None:
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
    sub.add_argument(
        "--seed", type=int, metavar="S", help="seed of all chance (default: the first scenario's)"
    )
    sub.add_argument("--engine", default="compiled", metavar="NAME", help="compiled (default) or reference")
    sub.add_argument("--jobs", type=int, metavar="N", help="workers (default: one a processor, if worth it)")
    sub.add_argument(
        "--search", action="store_true", help="required hours by the search of staff for the targets (slow)"
    )
    sub.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    sub.add_argument("--out", metavar="FILE", help="write what would be printed to a file")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _explain(options: argparse.Namespace) -> int:
    from sim.experiments.replicate import worthwhile_jobs
    from sim.verbs import explain

    options.plot = None
    _check_outputs(options)
    if options.other is None and options.plans is None:
        raise InputError("explain takes two scenario files, or one and --plans with two of its plans")
    a = _scenario(options)
    b = _scenario(argparse.Namespace(set=options.set, scenario=options.other)) if options.other else None
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
        progress=None if options.quiet else _Progress(count), names=files, search=options.search,
    )  # fmt: skip
    options.by_interval = False
    _show(options, found.text, found)
    return DONE


def _show(options: argparse.Namespace, table: Callable[[], str], result: Any) -> None:
    if options.json:
        import json

        document = result.to_dict(options.by_interval)
        if getattr(options, "formulas", False):
            from sim.reports.beside_formulas import formulas_document

            document["formulas"] = formulas_document(result)
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    else:
        text = table()
    if options.plot:
        from sim.reports.plots import save_figure

        save_figure(result.plot(), options.plot)
    _print(options, text)


def _print(options: argparse.Namespace, text: str) -> None:
    """Write to --out, or to stdout."""
    if options.out:
        from sim.reports.results import write_whole

        write_whole(Path(options.out), f"{text}\n".encode(errors="backslashreplace"))
    else:
        print(text)


def _warn(options: argparse.Namespace, plans: "dict[str, Scenario]") -> None:
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


def _check(options: argparse.Namespace) -> int:
    from sim.reports.words import check_text

    scenario = _scenario(options)
    title = scenario.name + (f', plan "{options.plan}"' if options.plan else "")
    print(check_text(scenario.under(options.plan) if options.plan else scenario, title))
    return DONE


def _new(options: argparse.Namespace) -> int:
    from importlib.resources import files

    path = Path(options.name)
    if not path.name or path.is_dir():
        raise InputError(f"{shown(options.name)} is a folder; add the name of a file")
    path = path if path.suffix in (".yaml", ".yml") else path.with_name(f"{path.name}.yaml")
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(files("sim.scenario").joinpath("template.yaml").read_text(encoding="utf-8"))
    except FileExistsError:
        raise InputError("is there already; choose another name", file=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=str(path)) from None
    name = f'"{path}"' if " " in str(path) else path
    print(f"wrote {path}; try: ccsim check {name}    ccsim compare {name}")
    return DONE


def _schema(options: argparse.Namespace) -> int:
    import json

    from sim.scenario.schema import json_schema

    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
    return DONE


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code says how it went: 0 done, 2 bad input, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        options = parser().parse_args(arguments)
        code = int(options.action(options))
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except InputError as error:
        said = f"--{error}" if error.path in OPTIONS and not error.file else error
        print(f"ccsim: {said}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("ccsim: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _leave_stdout()
        return DONE
    except OSError as error:
        _leave_stdout()
        print(f"ccsim: the output cannot be written: {error.strerror or error}", file=sys.stderr)
        return BAD_INPUT
    except MemoryError:
        print("ccsim: out of memory; ask for fewer replications or a shorter horizon", file=sys.stderr)
        return BAD_INPUT


def _leave_stdout() -> None:
    """Nobody reads on: let Python's own last flush go nowhere, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
