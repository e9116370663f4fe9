"""The verbs at a prompt: what commands there are, and what becomes of their errors."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sim import __version__
from sim.cli.history import add_backtest, add_fit, add_replay, backtest_log, fit_log, replay_log
from sim.cli.inout import BAD_INPUT, DONE, INTERRUPTED, add_plan, add_scenario, scenario_from
from sim.cli.play import add_compare, add_explain, add_run, compare_plans, explain_difference, run_plan
from sim.cli.report import add_report, write_report
from sim.cli.search import add_schedule, add_staff, schedule_plan, staff_plan
from sim.cli.shows import add_show, show_store
from sim.cli.sweeps import add_merge, add_sweep, merge_stores, play_sweep
from sim.errors import InputError, nearest, shown
from sim.reports.formulas import add_erlang

COMMANDS = (
    *("new", "run", "compare", "explain", "sweep", "show", "merge", "staff", "schedule", "erlang", "fit"),
    *("replay", "backtest", "report", "check", "schema"),
)
OPTIONS = ("replications", "seed", "engine", "jobs", "confidence")  # errors of these name the option


class _Parser(argparse.ArgumentParser):
    """Wrong usage in one sentence, like every other wrong input."""

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"argument COMMAND: invalid choice: '([^']*)'", message)
        if unknown:
            known = ", ".join(COMMANDS)
            message = f"there is no command {shown(unknown[1])}{nearest(unknown[1], COMMANDS)}: use {known}"
        bare = re.match(r"argument (--[a-z-]+)[^:]*: expected one argument", message)
        if bare:
            message = f"{bare[1]} is given no value; one that begins with a minus is joined on: {bare[1]}=-3"
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
    add_run(command("run", "play one plan: metrics by queue, agents and intervals", run_plan))
    add_compare(command("compare", "play every plan on the same days, against the first", compare_plans))
    add_explain(
        command(
            "explain", "what differs between two scenarios or plans, and what each does", explain_difference
        )
    )
    add_sweep(
        command("sweep", "play many plans and conditions into a store, from where it stands", play_sweep)
    )
    add_show(command("show", "what a store of a sweep holds: tables, pictures, files", show_store))
    add_merge(command("merge", "put the stores of several shards together", merge_stores))
    add_staff(command("staff", "the fewest agents by interval that meet the targets", staff_plan))
    add_schedule(command("schedule", "the cheapest shifts that meet the targets", schedule_plan))
    add_fit(
        command("fit", "a call log into a scenario that runs, with the evidence for its figures", fit_log)
    )
    add_replay(command("replay", "recorded days under any plan, beside what happened", replay_log))
    add_backtest(
        command("backtest", "fit on some days, predict others, hold against what happened", backtest_log)
    )
    add_report(
        command("report", "one HTML file of a scenario, a saved result or a sweep, to be sent", write_report)
    )
    check = command("check", "validate a scenario and say in words what was understood", _check)
    add_scenario(check)
    add_plan(check)
    add_erlang(commands)
    command("schema", "print the JSON Schema of a scenario file, for editors", _schema)
    return top


def _check(options: argparse.Namespace) -> int:
    from sim.reports.words import check_text

    scenario = scenario_from(options)
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
