"""`ccsim erlang`: Erlang's formulas at a prompt, as a table or as JSON."""

import argparse
import math
import re
import textwrap
from collections.abc import Callable
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.scenario import units

NAMES = {"b": "Erlang B", "c": "Erlang C", "a": "Erlang A"}
ASSUMED = {
    "b": "Whoever finds no agent free is lost, and does not come back.",
    "c": "Everybody waits; nobody hangs up.",
    "a": "Waiting callers hang up when their patience, exponential, is over, and do not call back.",
}
LIMITS = {
    "asa": "asa",
    "abandonment": "abandonment_rate",
    "delayed": "delayed_share",
    "blocked": "blocked_share",
}
COLUMNS = {
    "a": ("service_level", "abandonment_rate", "delayed_share", "mean_wait", "asa", "occupancy"),
    "b": ("blocked_share", "carried_load", "occupancy"),
    "c": ("service_level", "delayed_share", "mean_wait", "mean_queue_length", "occupancy"),
}
HEADS = {
    "abandonment_rate": "hang up\n%", "delayed_share": "have to\nwait %", "mean_wait": "mean wait\ns",
    "asa": "mean wait of\nthe answered s", "occupancy": "occupancy\n%", "mean_queue_length": "mean\nline",
    "blocked_share": "lost\n%", "carried_load": "busy agents\n(mean)",
}  # fmt: skip
MOST_AROUND = 1000
MOST_CALLS = 1_000_000_000


def add_erlang(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command and its options to the commands of `ccsim`."""
    what = "Erlang's formulas: figures of a number of agents, or the fewest agents for a target"
    sub: argparse.ArgumentParser = subparsers.add_parser("erlang", help=what, description=what)
    sub.set_defaults(action=run_erlang)
    sub.add_argument("formula", metavar="b|c|a", help="b: no line; c: nobody hangs up; a: with patience")
    sub.add_argument("--calls", required=True, metavar="N", help="calls in an interval")
    sub.add_argument("--interval", default="30 min", metavar="TIME", help="its length (default: 30 min)")
    sub.add_argument("--aht", required=True, metavar="TIME", help="mean handle time, talk and wrap: 180 s")
    sub.add_argument("--agents", metavar="N", help="agents on the phones")
    sub.add_argument(
        "--target", action="append", default=[], metavar="TARGET",
        help='instead of --agents: "80%% in 20 s", "asa 15 s", "abandonment 3%%", "delayed 20%%", '
        '"blocked 1%%" (repeatable)',
    )  # fmt: skip
    sub.add_argument("--within", metavar="TIME", help="time of the service level (default: 20 s)")
    sub.add_argument("--definition", metavar="NAME", help="of the service level (default: offered)")
    sub.add_argument("--patience", metavar="TIME", help="mean patience, for a")
    sub.add_argument(
        "--shrinkage", metavar="SHARE", help="paid time off the phones: adds the agents to schedule"
    )
    sub.add_argument("--max-occupancy", metavar="SHARE", help="one more target: no busier than this")
    sub.add_argument("--around", metavar="N", help="a table of N agents fewer to N more")
    sub.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    return sub


def run_erlang(options: argparse.Namespace) -> int:
    """Print what the formula says; wrong input raises InputError."""
    asked = _Asked(options)
    if options.json:
        import json

        print(json.dumps(asked.document(), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print(asked.text())
    return 0


class _Asked:
    """The options as numbers, and what follows from them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.formula = str(options.formula).lower()
        if self.formula not in NAMES:
            raise InputError(f"there is no formula {shown(options.formula)}: use b, c or a", file="erlang")
        self.calls = _option("--calls", _amount, options.calls)
        self.interval = _option("--interval", _time, options.interval)
        self.aht = _option("--aht", _time, options.aht)
        self.patience = self._patience(options.patience)
        self.within, self.definition, self.targets = self._targets(options)
        self.shrinkage = None
        if options.shrinkage is not None:
            self.shrinkage = _option("--shrinkage", _below_1, options.shrinkage)
        self.around = (
            0 if options.around is None else _option("--around", _up_to(MOST_AROUND, 0), options.around)
        )
        if (options.agents is None) == (not self.targets):
            raise InputError(
                "give the agents, or a target that they are to meet, one of the two", file="--agents"
            )
        if options.agents is None:
            self.agents = self._fewest()
        else:
            self.agents = _option("--agents", _up_to(10_000_000, 1), options.agents)

    def _patience(self, given: str | None) -> float | None:
        if self.formula != "a":
            if given is not None:
                raise InputError(f"{NAMES[self.formula]} knows no patience; use erlang a", file="--patience")
            return None
        if given is None:
            raise InputError("is missing; Erlang A needs it, as in 3 min", file="--patience")
        return _option("--patience", _time, given)

    def _targets(self, options: argparse.Namespace) -> tuple[float, str, dict[str, float]]:
        """The time and definition of the service level, and the targets by metric."""
        within = None if options.within is None else _option("--within", units.duration, options.within)
        found: dict[str, float] = {}
        for text in options.target:
            name, value, time = _option("--target", _target, text)
            if (name == "blocked_share") != (self.formula == "b") or (
                name == "abandonment_rate" and self.formula != "a"
            ):
                fits = (
                    'blocked, as in "blocked 1%"'
                    if self.formula == "b"
                    else "another target, or another formula"
                )
                problem = f"{NAMES[self.formula]} says nothing of {shown(text)}; give {fits}"
                raise InputError(problem, file="--target")
            if name in found:
                raise InputError(f"{shown(text)} is a second target of its kind; keep one", file="--target")
            if time is not None and within is not None and time != within:
                raise InputError("differs from the time in the target; leave it out", file="--within")
            found[name], within = value, time if time is not None else within
        if options.max_occupancy is not None:
            found["occupancy"] = _option("--max-occupancy", _inside, options.max_occupancy)
        if self.formula == "b" and (within is not None or options.definition is not None):
            raise InputError("Erlang B has no waiting, so no service level; leave it out", file="--within")
        return 20.0 if within is None else within, self._definition(options.definition), found

    def _definition(self, given: str | None) -> str:
        from sim.theory.figures import DEFINITIONS

        if given is not None and given not in DEFINITIONS:
            near = nearest(given, DEFINITIONS)
            problem = f"there is no service level {shown(given)}{near}: use {', '.join(DEFINITIONS)}"
            raise InputError(problem, file="--definition")
        return given or "offered"

    def _fewest(self) -> int:
        from sim import theory

        known = {"arrival_rate": self.calls / self.interval, "mean_handle": self.aht, **self.targets}
        if self.formula == "b":
            return int(theory.smallest_agents(max_waiting=0, **known))
        known |= {"within": self.within, "definition": self.definition, "mean_patience": self.patience}
        return int(theory.smallest_agents(**known))

    @property
    def load(self) -> float:
        """Erlangs."""
        return self.calls / self.interval * self.aht

    def row(self, agents: int) -> dict[str, Any]:
        """The figures with so many agents; None for what is infinite or does not exist."""
        from sim import theory
        from sim.reports.figures import finite

        known = {"arrival_rate": self.calls / self.interval, "mean_handle": self.aht, "agents": agents}
        found: dict[str, Any] = {"agents": agents}
        if self.shrinkage is not None:
            found["scheduled"] = math.ceil(agents / (1.0 - self.shrinkage) - 1e-9)
        if self.formula == "b":
            loss = theory.erlang_b(**known)
            return found | {name: getattr(loss, name) for name in COLUMNS["b"]}
        if self.formula == "c":
            figures = theory.erlang_c(within=self.within, **known)
        else:
            figures = theory.erlang_a(within=self.within, mean_patience=self.patience, **known)
        found |= {
            "bounded": figures.bounded,
            "service_level": float(figures.service_level_by(self.definition)),
        }
        for name in (
            "abandonment_rate", "delayed_share", "mean_wait", "asa", "mean_queue_length", "occupancy",
        ):  # fmt: skip
            found[name] = getattr(figures, name)
        cleaned: dict[str, Any] = finite(found)
        return cleaned

    def rows(self) -> list[dict[str, Any]]:
        """The number of agents and those around it."""
        low = max(self.agents - self.around, 1)
        return [self.row(agents) for agents in range(low, self.agents + self.around + 1)]

    def document(self) -> dict[str, Any]:
        """What --json prints: times in seconds, shares as fractions."""
        given: dict[str, Any] = {"calls": self.calls, "interval": self.interval, "aht": self.aht}
        if self.formula == "a":
            given["patience"] = self.patience
        if self.formula != "b":
            given |= {"within": self.within, "definition": self.definition}
        if self.shrinkage is not None:
            given["shrinkage"] = self.shrinkage
        found = {"format": 1, "formula": self.formula, "given": given, "targets": self.targets}
        found |= {"offered_load": self.load, **self.row(self.agents)}
        return found | ({"around": self.rows()} if self.around else {})

    def text(self) -> str:
        """A title, the table, and what to mind."""
        from tabulate import tabulate

        columns = [name for name in COLUMNS[self.formula] if name != "mean_queue_length" or not self.targets]
        names = ["agents", *(["scheduled"] if self.shrinkage is not None else []), *columns]
        rows = []
        for row in self.rows():
            mark = "→ " if row["agents"] == self.agents and self.around else ""
            shares = [_said(name, row[name], row.get("bounded", True)) for name in names[1:]]
            rows.append([f"{mark}{row['agents']}", *shares])
        heads = [self._head(name) for name in names]
        deep = max(head.count("\n") for head in heads)
        heads = ["\n" * (deep - head.count("\n")) + head for head in heads]
        sides = ["right"] * len(names)
        table = tabulate(rows, heads, colalign=sides, disable_numparse=True, preserve_whitespace=True)
        return "\n\n".join([self._title(), table, "\n".join(self._remarks())])

    def _head(self, name: str) -> str:
        if name == "service_level":
            other = "" if self.definition == "offered" else f"\n({self.definition.replace('_', ' ')})"
            return f"answered in\n{units.say_duration(self.within)} %{other}"
        return HEADS.get(name, name)

    def _title(self) -> str:
        said = [
            f"{_amount_words(self.calls)} calls in {units.say_duration(self.interval)}",
            f"{units.say_duration(self.aht)} each",
        ]
        if self.patience is not None:
            said.append(f"patience {units.say_duration(self.patience)}")
        return f"{NAMES[self.formula]} · {' · '.join(said)} · {_amount_words(self.load)} erlangs"

    def _remarks(self) -> list[str]:
        said = [ASSUMED[self.formula]]
        if self.targets:
            one = "agent is" if self.agents == 1 else "agents are"
            said.insert(0, f"{self.agents} {one} the fewest that meet {self._goals()}.")
        if self.formula == "c" and max(self.agents - self.around, 1) <= self.load:
            need = math.floor(self.load) + 1
            said.append(f"With fewer than {need} agents the line grows without bound: ∞ is where it goes.")
        return textwrap.wrap(" ".join(said), 110)

    def _goals(self) -> str:
        words = []
        for name, value in self.targets.items():
            share = units.say_share(value)
            words.append({
                "service_level": f"{share} in {units.say_duration(self.within)}",
                "asa": f"a mean wait of the answered of {units.say_duration(value)}",
                "abandonment_rate": f"{share} hanging up",
                "delayed_share": f"{share} having to wait",
                "blocked_share": f"{share} lost",
                "occupancy": f"{share} occupancy",
            }[name])  # fmt: skip
        return ", ".join(words)


def _amount_words(value: float) -> str:
    """Calls or erlangs, never as a power of ten: "0.075", "5", "12.35", "50,000"."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _said(name: str, value: Any, bounded: bool) -> str:
    if value is None:
        return "–" if bounded else "∞"
    if name == "scheduled":
        return str(value)
    if name.endswith(("_share", "_rate", "_level")) or name == "occupancy":
        return f"{100.0 * value:.2f}"
    return f"{value:.1f}" if value >= 100.0 else f"{value:.2f}"


# Options, each read into a number or refused in one sentence.


def _option(name: str, parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except InputError as error:
        raise error.at(file=name) from None


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{shown(text)} is not a number: write one such as 100") from None
    if not 0.0 < value < math.inf:
        raise InputError(
            f"{shown(text)} is not above 0 and finite: write the calls of an interval, such as 100"
        )
    return value


def _up_to(most: int, least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,12}", text.strip()) or not least <= int(text) <= most:
            raise InputError(f"{shown(text)} is not a whole number from {least} to {most:,}")
        return int(text)

    return parse


def _time(text: str) -> float:
    seconds = units.duration(text)
    if not seconds > 0.0:
        raise InputError(f'{shown(text)} is no time above 0: write one such as "180 s"')
    return seconds


def _below_1(text: str) -> float:
    value = units.share(text)
    if value == 1.0:
        raise InputError("100% leaves nobody on the phones; write a smaller share")
    return value


def _inside(text: str) -> float:
    value = units.share(text)
    if not 0.0 < value < 1.0:
        raise InputError(
            f"{shown(text)} is not reached by any number of agents, or by all: write one such as 80%"
        )
    return value


def _target(text: str) -> tuple[str, float, float | None]:
    """`80% in 20 s`, `80/20` or `asa 15 s` as a metric, its limit, and the time of a service level."""
    plain = text.strip().lower()
    if short := re.fullmatch(r"([0-9]+)\s*/\s*([0-9]+)", plain):
        return "service_level", _inside(f"{short[1]}%"), float(short[2])
    share, word, time = (part.strip() for part in plain.partition(" in "))
    if word:
        return "service_level", _inside(share), units.duration(time)
    name, _, value = (part.strip() for part in plain.partition(" "))
    if name not in LIMITS:
        near = nearest(name, LIMITS) if name.isalpha() else ""
        problem = f'{shown(text)} is no target{near}: write "80% in 20 s", "asa 15 s", "abandonment 3%"'
        raise InputError(f'{problem}, "delayed 20%" or "blocked 1%"')
    return LIMITS[name], _time(value) if name == "asa" else _inside(value), None
