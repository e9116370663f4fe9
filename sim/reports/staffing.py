"""A staffing that was found, as tables and sentences, as a JSON document, and as a plan that a scenario reads back."""

import csv
import io
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from sim.errors import InputError, shown
from sim.experiments.aims import Aim
from sim.experiments.staff import FOUND, IMPOSSIBLE, STOPPED, Staffing, hours_of
from sim.reports.figures import Cell, clean, compact, finite, folded, number, percent, price, span_of
from sim.reports.layout import WIDTH, Table
from sim.reports.results import FORMAT, write_whole
from sim.reports.staffwords import aim_words, sentences
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY

ENDINGS = (".csv", ".yaml", ".yml", ".json")
LAST_STAGE = "looking at neighbours"  # of the search, after which its line of progress is left standing


class StaffingResult:
    """What `sim.staff` came to: the staffing, how it was confirmed, its neighbours, and what it costs.

    state: "confirmed", "not confirmed", "cannot be met" or "interrupted"; plan: the overrides that make the scenario
    so, for `scenario.with_`, `sim.simulate(scenario, plan)` or a plan in the file.
    """

    def __init__(self, found: Staffing, provenance: dict[str, Any], fte_hours: float = 8.0) -> None:
        self.found, self.provenance, self.fte_hours = found, provenance, fte_hours
        self.scenario: Scenario = found.scenario
        self.state = found.state
        self.names = list(self.scenario.agents)
        self.starts = [self.scenario.grid.label(i) for i in range(self.scenario.grid.count)]

    @property
    def staffing(self) -> dict[str, list[int]]:
        """Agents by interval of every group that was sought."""
        return {name: self.found.staffing[self.names.index(name)].tolist() for name in self.found.free}

    @property
    def plan(self) -> dict[str, list[int]]:
        """The staffing as overrides by dotted path."""
        return {f"agents.{name}.staffing": agents for name, agents in self.staffing.items()}

    @property
    def cost(self) -> float:
        """Cost of the staffing of the groups that were sought, a replication; overtime is not in it."""
        return sum(group["cost"] for group in self.groups().values())

    def groups(self) -> dict[str, dict[str, float]]:
        """By group: hours on the phones, paid hours, full-time equivalents, the most heads at a time, and cost."""
        days = max(1.0, self.scenario.grid.horizon / DAY)
        each = dict(zip(self.names, hours_of(self.scenario), strict=True))
        result = {}
        for name, agents in self.staffing.items():
            group = self.scenario.agents[name]
            paid = sum(agents) * float(each[name])
            result[name] = {
                "hours": sum(agents) * self.scenario.grid.interval / 3600.0,
                "paid_hours": paid,
                "fte": paid / self.fte_hours / days,
                "most_heads": float(math.ceil(max(agents) / (1.0 - group.shrinkage) - 1e-9)),
                "cost": paid * group.cost_per_hour,
            }
        return result

    def table(self, width: int = WIDTH) -> str:
        """Everything as text."""
        tables = [table.text(width) for table in self._tables()]
        return "\n\n".join([self._title(), *tables, folded(sentences(self), width)])

    def to_dict(self) -> dict[str, Any]:
        """The document that `ccsim staff --json` prints."""
        found, fresh = self.found, self.found.confirmed
        judged = fresh.found or found.on_search
        document = {
            "format": FORMAT, "scenario": self.scenario.name, "seed": found.seed, "replications": found.days,
            "state": self.state, "confidence": fresh.confidence, "confirmed_on": fresh.days,
            "rounds": fresh.rounds, "staffing": self.staffing, "searched": {
                name: found.searched[self.names.index(name)].tolist() for name in found.free
            },
            "plan": self.plan, "groups": self.groups(), "cost": self.cost,
            "paid_hours": sum(group["paid_hours"] for group in self.groups().values()),
            "lower_bound": {
                "work_paid_hours": found.bound.work_hours, "work_cost": found.bound.work_cost,
                "days_cost": found.bound.days_cost,
            },
            "complete": found.complete,
            "targets": [
                {
                    **_place(aim, self.starts), "target": aim.goal.value, "on_days": aim.goal.on_days,
                    "value": judged.value[k] if judged else None,
                    "slack": judged.slack[k] if judged else None, "slack_low": fresh.low[k],
                }
                for k, aim in enumerate(found.aims)
            ],
            "lost_customers": float(found.lost[1]), "lost_value": float(found.lost[2]),
            "neighbours": [
                {
                    "group": self.names[row.group], "start": self.starts[row.interval], "more": row.more,
                    "breaks": [_place(found.aims[k], self.starts) for k in row.breaks],
                    "cost": row.cost, "lost_customers": row.lost, "lost_value": row.value,
                }
                for row in found.neighbours
            ],
            "curve": [point._asdict() for point in found.curve],
            "provenance": self.provenance,
        }  # fmt: skip
        cleaned: dict[str, Any] = finite(document)
        return cleaned

    def write(self, path: str | Path) -> None:
        """Write the staffing as a plan: .yaml or .json as overrides, .csv as a column for each group."""
        check_ending(path)
        suffix = Path(path).suffix.lower()
        if suffix == ".csv":
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(["time", *self.staffing])
            writer.writerows(zip(self.starts, *self.staffing.values(), strict=True))
            content = text.getvalue()
        elif suffix == ".json":
            content = json.dumps(self.plan, ensure_ascii=False, indent=1) + "\n"
        else:
            lines = [
                f"{json.dumps(path_, ensure_ascii=False)}: {json.dumps(agents)}"
                for path_, agents in self.plan.items()
            ]
            content = "\n".join([f"# {self._title().splitlines()[1]}", *lines]) + "\n"
        write_whole(Path(path), content.encode())

    def _repr_html_(self) -> str:
        from html import escape

        words = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(self))
        shown_ = "<br>".join(table.html() for table in self._tables())
        return f"<div><p>{escape(self._title()).replace(chr(10), '<br>')}</p>{shown_}<ul>{words}</ul></div>"

    def _title(self) -> str:
        said = {FOUND: "confirmed", STOPPED: "interrupted: the best so far", IMPOSSIBLE: "cannot be met"}
        state = said.get(self.state, self.state)
        return (
            f"{clean(self.scenario.name, 90)}\nstaffing for the targets, {state} · "
            f"{self.found.days:,} days of search, seed {self.found.seed}"
        )

    def _tables(self) -> list[Table]:
        if self.state == IMPOSSIBLE:
            return [self._closest()]
        tables = [self._by_group(), self._by_interval()]
        return [*tables, self._curve()] if self.found.curve else tables

    def _by_group(self) -> Table:
        rows, currency = self.groups(), clean(self.scenario.currency, 8)
        names, figures = list(rows), list(rows.values())
        if len(rows) > 1:
            names.append("all")
            figures.append({key: sum(row[key] for row in figures) for key in figures[0]})
        heads = {"hours": "on the\nphones\nh", "paid_hours": "paid\nh", "fte": "full-time\nstaff"}
        heads |= {"most_heads": "most heads\nscheduled"} | (
            {"cost": f"cost\n{currency}"} if self.cost else {}
        )
        columns = [
            [(number(row[key], 0 if key == "most_heads" else 1), "") for row in figures] for key in heads
        ]
        return Table(f"agents,\n{span_of(self.scenario)}", names, list(heads.values()), columns)

    def _by_interval(self) -> Table:
        """Agents and scheduled heads by interval, every figure with a target, and what one agent fewer breaks."""
        shown_ = [i for i in range(len(self.starts)) if any(row[i] for row in self.staffing.values())]
        heads, columns = [], []
        for name, agents in self.staffing.items():
            heads.append(f"{clean(name, 14)}\nagents")
            columns.append([(str(agents[i]), "") for i in shown_])
            if self.scenario.agents[name].shrinkage:
                share = 1.0 - self.scenario.agents[name].shrinkage
                heads.append("heads\nscheduled")
                columns.append([(number(agents[i] / share, 1), "") for i in shown_])
        judged = self.found.confirmed.found or self.found.on_search
        goals = dict.fromkeys(aim.goal for aim in self.found.aims if aim.goal.per == "interval")
        for goal in goals:
            own = {aim.first: k for k, aim in enumerate(self.found.aims) if aim.goal == goal}
            heads.append(f"{clean(goal.name, 14)}\n{aim_words(goal)}")
            values = judged.value if judged else np.full(len(self.found.aims), math.nan)
            columns.append([(_said(goal, float(values[own[i]])), "") for i in shown_])
        return Table("from", [self.starts[i] for i in shown_], heads, columns)

    def _closest(self) -> Table:
        """What very many agents come to, of the targets that they miss."""
        found = self.found.on_search
        missed = [k for k in range(len(self.found.aims)) if found is not None and found.slack[k] < 0]
        names = [
            f"{clean(self.found.aims[k].goal.name, 20)} {self.starts[self.found.aims[k].first]}"
            for k in missed
        ]
        values: list[Cell] = []
        asked: list[Cell] = []
        for k in missed:
            goal = self.found.aims[k].goal
            values.append((_said(goal, float(found.value[k]) if found else math.nan), ""))
            asked.append((aim_words(goal), ""))
        return Table("missed with\nvery many agents", names, ["target", "comes\nclosest"], [asked, values])

    def _curve(self) -> Table:
        currency, points = clean(self.scenario.currency, 8), self.found.curve
        worth = any(point.value for point in points)
        columns: list[list[Cell]] = [[(number(p.hours, 1), "")] for p in points]
        columns = [
            [(number(p.hours, 1), "") for p in points],
            [(number(p.cost, 0), "") for p in points],
            [(number(p.lost, 1), "") for p in points],
            [(str(p.missed), "") for p in points],
            [(self._pays(k), "") for k in range(len(points))],
        ]
        last = "pays from a\nvalue share of" if worth else f"a customer kept\ncosts, {currency}"
        heads = ["paid\nh", f"cost\n{currency}", "lost\ncustomers", "targets\nmissed", last]
        return Table("agents", [f"{p.percent:+d}%" if p.percent else "found" for p in points], heads, columns)

    def _pays(self, k: int) -> str:
        """From what share of their value on, lost customers pay for the step to this point from the one before."""
        if k == 0:
            return "–"
        before, here = self.found.curve[k - 1], self.found.curve[k]
        more, kept = here.cost - before.cost, before.lost - here.lost
        saved = before.value - here.value
        if here.value or before.value:
            return percent(more / saved) if saved > 0 and more > 0 else "–"
        return price(more / kept, "") if kept > 0 and more > 0 else "–"


def check_ending(path: str | Path) -> None:
    """Refuse a file for the plan that no scenario could read back."""
    if Path(path).suffix.lower() not in ENDINGS:
        raise InputError(
            f"{shown(str(path))} is no name for a plan; let it end in .csv, .yaml or .json", file="--out"
        )


def told(scenario: Scenario, stream: TextIO, last: str) -> Callable[[str, int, float], None]:
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


def _said(goal: Any, value: float) -> str:
    if not math.isfinite(value):
        return "–"
    if goal.metric == "asa" and goal.on_days is None:
        return compact(value)
    return f"{100 * value:.1f}%"


def _place(aim: Aim, starts: list[str]) -> dict[str, Any]:
    return {
        aim.goal.kind: aim.goal.name,
        "metric": aim.goal.metric,
        "per": aim.goal.per,
        "start": starts[aim.first],
    }
