"""`ccsim fit`: a call log into a scenario; what commands that read logs share."""

import argparse
import json
from pathlib import Path
from typing import Any

from sim.cli.inout import DONE, PICTURES
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
    "format",
    "zone",
    "mapping",
)
OPTION = {"queues": "--queue", "since": "--from", "until": "--to", "mapping": "--map"}
"""The option for each choice whose name is another."""


def add_log(sub: argparse.ArgumentParser) -> None:
    """The log, how to read it, and what of it to look at."""
    sub.add_argument("log", metavar="LOG", help="a call log; its format is recognised")
    sub.add_argument("--format", metavar="F", help="the log's format, where it is not recognised")
    sub.add_argument("--map", dest="mapping", metavar="MAP.yaml", help="what the columns of a table mean")
    sub.add_argument("--zone", metavar="Z", help="time zone of days and hours, as in Europe/Berlin")
    sub.add_argument(
        "--queue", dest="queues", action="append", metavar="NAME", help="only this queue (repeatable)"
    )
    sub.add_argument(
        "--days", metavar="DAYS", help="pool these weekdays into one day, as in mon-thu (default: a week)"
    )
    sub.add_argument("--from", dest="since", metavar="DATE", help="the first day, as in 2026-03-31")
    sub.add_argument("--to", dest="until", metavar="DATE", help="the last day")
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


def log_settings(options: argparse.Namespace) -> dict[str, Any]:
    """What `add_log` asks for, as arguments of the verbs."""
    return {name: getattr(options, name) for name in CHOICES}


def placed(error: InputError, log: str) -> InputError:
    """An error of a setting under the name of its option, any other under that of the log."""
    if error.file or error.path not in CHOICES:
        return error.at(file=log)
    return InputError(error.problem, file=OPTION.get(error.path, f"--{error.path}"))


def add_fit(sub: argparse.ArgumentParser) -> None:
    add_log(sub)
    sub.add_argument("--out", metavar="FILE", help="write the scenario, commented YAML (.yaml)")
    sub.add_argument(
        "--plot",
        metavar="PLACE",
        help="draw the fits: all on one sheet (.png .svg .pdf), or one by one into a folder",
    )
    sub.add_argument("--json", action="store_true", help="one JSON document instead of tables")


def fit_log(options: argparse.Namespace) -> int:
    from sim.verbs import fit

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
