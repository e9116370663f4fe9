"""`ccsim fit`, `replay` and `backtest`: what is done with call logs."""

import argparse
import json
from pathlib import Path
from typing import Any

from sim.cli.inout import (
    DONE,
    PICTURES,
    Bar,
    add_plan,
    add_scenario,
    check_outputs,
    check_page,
    put,
    scenario_from,
)
from sim.errors import InputError, shown

CHOICES = (
    "queues",
    "days",
    "since",
    "until",
    "without",
    "hours",
    "interval",
    "shortest",
    "keep_gaps",
    "format",
    "zone",
    "mapping",
)
SETTINGS = (*CHOICES, "agents", "rounds", "again", "train", "test", "modes", "jobs", "seed", "engine")
OPTION = {"queues": "--queue", "since": "--from", "until": "--to", "mapping": "--map"}
"""The option for each choice whose name is another."""


def add_log(sub: argparse.ArgumentParser) -> None:
    """The log, and how to read it."""
    sub.add_argument("log", metavar="LOG", help="a call log; its format is recognised")
    sub.add_argument("--format", metavar="F", help="the log's format, where it is not recognised")
    sub.add_argument("--map", dest="mapping", metavar="MAP.yaml", help="what the columns of a table mean")
    sub.add_argument("--zone", metavar="Z", help="time zone of days and hours, as in Europe/Berlin")


def add_choice(sub: argparse.ArgumentParser) -> None:
    """What of the log to look at."""
    sub.add_argument(
        "--queue", dest="queues", action="append", metavar="NAME", help="only this queue (repeatable)"
    )
    sub.add_argument(
        "--days", metavar="DAYS", help="pool these weekdays into one day, as in mon-thu (default: a week)"
    )
    sub.add_argument(
        "--without", action="append", default=[], metavar="DATE", help="leave a day out (repeatable)"
    )
    sub.add_argument(
        "--hours", metavar="SPAN", help="of the day, as in 08:00-20:00 (default: by the volumes)"
    )
    sub.add_argument("--interval", default="30 min", metavar="T", help="of the grid (default: 30 min)")
    sub.add_argument(
        "--shortest",
        default="0 s",
        metavar="T",
        help="leave out talks below, and their contacts (default: none)",
    )
    sub.add_argument("--keep-gaps", action="store_true", help="keep days on which the log is silent for long")


def log_settings(options: argparse.Namespace) -> dict[str, Any]:
    """What `add_log` and `add_choice` ask for, as arguments of the verbs."""
    return {name: getattr(options, name) for name in CHOICES if hasattr(options, name)}


def placed(error: InputError, log: str) -> InputError:
    """An error of a setting under the name of its option, any other under that of the log."""
    if error.file or error.path not in SETTINGS:
        return error.at(file=log)
    return InputError(error.problem, file=OPTION.get(error.path, f"--{error.path}"))


def add_fit(sub: argparse.ArgumentParser) -> None:
    add_log(sub)
    add_choice(sub)
    sub.add_argument("--from", dest="since", metavar="DATE", help="the first day, as in 2026-03-31")
    sub.add_argument("--to", dest="until", metavar="DATE", help="the last day")
    sub.add_argument("--out", metavar="FILE", help="write the scenario, commented YAML (.yaml)")
    sub.add_argument(
        "--plot",
        metavar="PLACE",
        help="draw the fits: all on one sheet (.png .svg .pdf), or one by one into a folder",
    )
    sub.add_argument("--json", action="store_true", help="one JSON document instead of tables")


def fit_log(options: argparse.Namespace) -> int:
    from sim.verbs.history import fit

    _check_places(options)
    try:
        result = fit(options.log, **log_settings(options))
    except InputError as error:
        raise placed(error, options.log) from None
    if options.out:
        result.write(options.out)
    if options.plot:
        result.save_plots(options.plot)
    document = result.to_dict() if options.json else {}
    print(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) if document else result.table())
    return DONE


def _check_places(options: argparse.Namespace) -> None:
    """What is to be written can be, as far as can be seen before anything is read."""
    for option, name in (("--out", options.out), ("--plot", options.plot)):
        if name is None:
            continue
        path = Path(name)
        if path.exists() and Path(options.log).exists() and path.samefile(options.log):
            raise InputError(f"{shown(name)} is the log itself; choose another name", file=option)
        if not path.parent.is_dir():
            raise InputError(f"there is no folder {shown(str(path.parent))}; make it first", file=option)
    if options.out is not None and Path(options.out).suffix.lower() not in (".yaml", ".yml"):
        raise InputError(f"{shown(options.out)} does not end in .yaml", file="--out")
    suffix = Path(options.plot).suffix.lower() if options.plot is not None else ""
    if options.plot is not None and suffix not in ("", *PICTURES) and not Path(options.plot).is_dir():
        raise InputError(
            f"{shown(options.plot)} is no folder and does not end in {', '.join(PICTURES)}", file="--plot"
        )


def _add_playing(sub: argparse.ArgumentParser, rounds: int) -> None:
    sub.add_argument(
        "--rounds",
        type=int,
        default=rounds,
        metavar="N",
        help=f"times each day is played (default: {rounds})",
    )
    sub.add_argument("--seed", type=int, metavar="S", help="seed of all chance")
    sub.add_argument("--engine", default="compiled", metavar="NAME", help="compiled (default) or reference")
    sub.add_argument("--jobs", type=int, default=1, metavar="N", help="workers (default: 1)")
    sub.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    sub.add_argument("--out", metavar="FILE", help="write what would be printed to a file")
    sub.add_argument("--plot", metavar="FILE", help="draw it: a .png, .svg or .pdf file")
    sub.add_argument("--quiet", action="store_true", help="no progress on stderr")


def add_replay(sub: argparse.ArgumentParser) -> None:
    add_log(sub)
    add_scenario(sub)
    add_plan(sub)
    sub.add_argument(
        "--days",
        metavar="DATES",
        help="as in 2026-03-02, 2026-03-02..2026-03-06, or several with commas (default: all)",
    )
    sub.add_argument(
        "--agents", default="scenario", metavar="WHOSE",
        help="scenario (default), or estimated: whom the log saw at work, day by day",
    )  # fmt: skip
    sub.add_argument(
        "--again",
        default="1 h",
        metavar="T",
        help="after a hang-up, until when the customer's next contact is a redial",
    )
    sub.add_argument(
        "--keep", metavar="FILE", help="write the recorded contacts as a trace (.csv), nobody named"
    )
    _add_playing(sub, 20)


def replay_log(options: argparse.Namespace) -> int:
    from sim.verbs.history import replay

    _spare_the_log(options)
    if options.keep is not None and Path(options.keep).suffix.lower() != ".csv":
        raise InputError(f"{shown(options.keep)} does not end in .csv", file="--keep")
    if options.keep is not None and not Path(options.keep).parent.is_dir():
        raise InputError(
            f"there is no folder {shown(str(Path(options.keep).parent))}; make it first", file="--keep"
        )
    scenario = scenario_from(options)
    plans = None if options.plan is None else [options.plan]
    try:
        result = replay(
            options.log, scenario, plans, days=options.days, agents=options.agents, rounds=options.rounds,
            seed=options.seed, again=options.again, engine=options.engine, jobs=options.jobs,
            format=options.format, mapping=options.mapping, zone=options.zone,
            progress=None if options.quiet else Bar(len(scenario.plans) if plans is None else 1),
        )  # fmt: skip
    except InputError as error:
        raise placed(error, options.log) from None
    if options.keep:
        result.keep(options.keep)
    return _shown(options, result)


def add_backtest(sub: argparse.ArgumentParser) -> None:
    add_log(sub)
    add_choice(sub)
    sub.add_argument(
        "--train", required=True, metavar="DATES", help="fit on these, as in 2026-01-01..2026-01-31"
    )
    sub.add_argument(
        "--test", required=True, metavar="DATES", help="predict these, as in 2026-02-01..2026-02-28"
    )
    sub.add_argument(
        "--replay", dest="modes", action="append_const", const="replay", help="only with recorded contacts"
    )
    sub.add_argument(
        "--forecast",
        dest="modes",
        action="append_const",
        const="forecast",
        help="only with contacts drawn from the fit",
    )
    sub.add_argument(
        "--agents", default="estimated", metavar="WHOSE",
        help="estimated (default): whom the log saw at work on each day; or fit: the same on all days",
    )  # fmt: skip
    _add_playing(sub, 100)
    sub.add_argument("--report", metavar="FILE", help="write a page to be sent: a .html file")


def backtest_log(options: argparse.Namespace) -> int:
    from sim.verbs.history import backtest

    options.scenario = "-"
    _spare_the_log(options)
    if options.report is not None:
        check_page(options.report, "--report")
        if options.out is not None and Path(options.out).absolute() == Path(options.report).absolute():
            raise InputError(
                f"{shown(options.report)} is --out already; choose another name", file="--report"
            )
    settings = log_settings(options)
    try:
        result = backtest(
            options.log, options.train, options.test, modes=options.modes, agents=options.agents,
            rounds=options.rounds, seed=1 if options.seed is None else options.seed, engine=options.engine,
            jobs=options.jobs, progress=None if options.quiet else Bar(1), **settings,
        )  # fmt: skip
    except InputError as error:
        raise placed(error, options.log) from None
    if options.report:
        result.report(options.report)
    return _shown(options, result)


def _spare_the_log(options: argparse.Namespace) -> None:
    """What is to be written can be, and is not the log."""
    check_outputs(options)
    for option in ("out", "plot", "keep", "report"):
        path = Path(getattr(options, option, None) or "")
        if path.is_file() and Path(options.log).exists() and path.samefile(options.log):
            raise InputError(f"{shown(str(path))} is the log itself; choose another name", file=f"--{option}")


def _shown(options: argparse.Namespace, result: Any) -> int:
    """A result printed or written, and drawn if that is asked for."""
    if options.plot:
        from sim.reports.plots import save_figure

        save_figure(result.plot(), options.plot)
    if options.json:
        text = json.dumps(result.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    else:
        text = result.table()
    put(options, text)
    return DONE
