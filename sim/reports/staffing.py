"""A staffing that was found, as tables and sentences, as a JSON document, and as a plan that a scenario reads back."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.experiments.aims import aims_of
from sim.experiments.least import Bound
from sim.experiments.staff import (
    FOUND,
    IMPOSSIBLE,
    STOPPED,
    CurvePoint,
    Neighbour,
    Staffing,
    hours_of,
)
from sim.reports.figures import Cell, clean, folded, number, percent, price, span_of
from sim.reports.layout import WIDTH, Table, notebook_html
from sim.reports.reached import (
    aim_words,
    missed_table,
    place_of,
    targets_table,
    value_words,
)
from sim.reports.results import write_whole
from sim.reports.searched import document_of, plan_text, plan_under, restored, saved
from sim.reports.staffwords import sentences
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY

ENDINGS = (".xlsx", ".csv", ".yaml", ".yml", ".json")
LAST_STAGE = "looking at neighbours"  # of the search, after which its line of progress is left standing


class StaffingResult:
    """What `sim.staff` came to: the staffing, how it was confirmed, its neighbours, and what it costs.

    state: "confirmed", "not confirmed", "cannot be met" or "interrupted"; under: the overrides of the plan it was found
    under; plan: these and the staffing, for `scenario.with_`, `sim.simulate(scenario, plan)` or a plan in the file.
    """

    def __init__(
        self, found: Staffing, provenance: dict[str, Any], fte_hours: float = 8.0,
        under: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.found, self.provenance, self.fte_hours, self.under = (
            found,
            provenance,
            fte_hours,
            dict(under or {}),
        )
        self.scenario: Scenario = found.scenario
        self.state = found.state
        self.names = list(self.scenario.agents)
        self.starts = [self.scenario.grid.label(i) for i in range(self.scenario.grid.count)]

    def __repr__(self) -> str:
        hours = "" if self.state == IMPOSSIBLE else f", {self.paid_hours:,.1f} paid hours"
        return f"<StaffingResult of {shown(self.scenario.name)}: {self.state}{hours}>"

    @property
    def staffing(self) -> dict[str, list[int]]:
        """Agents by interval of every group that was sought."""
        return {name: self.found.staffing[self.names.index(name)].tolist() for name in self.found.free}

    @property
    def plan(self) -> dict[str, Any]:
        """The staffing as overrides by dotted path, after those of the plan it was found under."""
        own = {f"agents.{name}.staffing": agents for name, agents in self.staffing.items()}
        return plan_under(self.under, own)

    @property
    def cost(self) -> float:
        """Cost of the staffing of the groups that were sought, a replication; overtime is not in it."""
        return sum(group["cost"] for group in self.groups().values())

    @property
    def paid_hours(self) -> float:
        """Paid hours of the groups that were sought, a replication."""
        return sum(group["paid_hours"] for group in self.groups().values())

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
        own = {} if self.state == IMPOSSIBLE else self._found()
        return document_of(self.found, self.starts, own, self.provenance)

    def _found(self) -> dict[str, Any]:
        """What there is to say in the document of a staffing that was found."""
        found = self.found
        return {
            "staffing": self.staffing,
            "searched": {name: found.searched[self.names.index(name)].tolist() for name in found.free},
            "plan": self.plan, "groups": self.groups(), "cost": self.cost, "paid_hours": self.paid_hours,
            "lower_bound": {
                "work_paid_hours": found.bound.work_hours, "work_cost": found.bound.work_cost,
                "days_cost": found.bound.days_cost,
            },
            "complete": found.complete,
            "lost_customers": float(found.lost[1]), "lost_value": float(found.lost[2]),
            "neighbours": [
                {
                    "group": self.names[row.group], "start": self.starts[row.interval], "more": row.more,
                    "breaks": [place_of(found.aims[k], self.starts) for k in row.breaks],
                    "cost": row.cost, "lost_customers": row.lost, "lost_value": row.value,
                }
                for row in found.neighbours
            ],
            "curve": [point._asdict() for point in found.curve],
        }  # fmt: skip

    def write(self, path: str | Path) -> None:
        """Write a plan (.yaml, .json), a workbook that holds one (.xlsx), or a column for each group (.csv)."""
        from sim.reports.searchsheets import write_staffing

        check_ending(path)
        suffix = Path(path).suffix.lower()
        if suffix in (".xlsx", ".csv"):
            return write_staffing(self, Path(path), sentences(self))
        write_whole(Path(path), plan_text(self.plan, suffix, self._title(), self.provenance).encode())

    def save(self, path: str | Path) -> None:
        """Write everything to one file, whole or not at all; `StaffingResult.load` reads it."""
        found = self.found
        head = {
            "kind": "staffing", "fte_hours": self.fte_hours, "under": self.under, "provenance": self.provenance,
            "bound": found.bound, "complete": found.complete,
            "neighbours": found.neighbours, "curve": found.curve,
        }  # fmt: skip
        arrays = {"staffing": found.staffing, "searched": found.searched, "lost": found.lost}
        write_whole(Path(path), saved(found, head, arrays))

    @classmethod
    def load(cls, path: str | Path) -> "StaffingResult":
        """Read what `save` wrote; InputError if it is anything else."""

        def made(
            head: dict[str, Any], arrays: dict[str, np.ndarray], known: dict[str, Any]
        ) -> StaffingResult:
            found = Staffing(
                **known,
                staffing=arrays["staffing"],
                searched=arrays["searched"],
                lost=arrays["lost"],
                aims=aims_of(known["scenario"]),
                bound=Bound(*head["bound"]),
                neighbours=[Neighbour(*row) for row in head["neighbours"]],
                curve=[CurvePoint(*row) for row in head["curve"]],
                complete=head["complete"],
            )
            return cls(found, head["provenance"], head["fte_hours"], head["under"])

        result: StaffingResult = restored(path, "staffing", made)
        return result

    def plot(self, ax: Any = None) -> Any:
        """Draw cost against lost customers where `curve` was asked for, else the agents found against the load."""
        from sim.reports.costplots import plot_curve
        from sim.reports.dayplots import plot_staffing

        if self.state == IMPOSSIBLE:
            raise InputError("the targets cannot be met, so there is no staffing to draw")
        return plot_curve(self, ax) if self.found.curve else plot_staffing(self, ax)

    def _repr_html_(self) -> str:
        return notebook_html(self._title(), self._tables(), sentences(self))

    def _title(self) -> str:
        said = {FOUND: "confirmed", STOPPED: "interrupted: the best so far", IMPOSSIBLE: "cannot be met"}
        state = said.get(self.state, self.state)
        return (
            f"{clean(self.scenario.name, 90)}\nstaffing for the targets, {state} · "
            f"{self.found.days:,} days of search, seed {self.found.seed}"
        )

    def _tables(self) -> list[Table]:
        found, fresh = self.found, self.found.confirmed
        if self.state == IMPOSSIBLE:
            return [missed_table(found.aims, found.on_search, self.starts, "missed with\nvery many agents")]
        targets = targets_table(found.aims, fresh.found or found.on_search, fresh, self.starts)
        tables = [self._by_group(), self._by_interval(), targets]
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
        calls = np.sum([self.scenario.expected(name) for name in self.scenario.queues], axis=0)
        shown_ = [
            i
            for i in range(len(self.starts))
            if calls[i] > 0 or any(row[i] for row in self.staffing.values())
        ]
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
            columns.append([(value_words(goal, float(values[own[i]])), "") for i in shown_])
        return Table("from", [self.starts[i] for i in shown_], heads, columns)

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
            f"{shown(str(path))} is no name for a plan; let it end in .csv, .yaml or .json, or in .xlsx",
            file="--out",
        )
