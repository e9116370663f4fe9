"""A schedule that was found, as tables and sentences, as a JSON document, as a roster, and as a plan."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.experiments.aims import aims_of
from sim.experiments.covering import catalogue_of
from sim.experiments.schedule import FOUND, IMPOSSIBLE, STOPPED, UNSURE, Schedule
from sim.reports.figures import Cell, clean, folded, number, percent, span_of
from sim.reports.layout import WIDTH, Table, notebook_html
from sim.reports.reached import aim_words, missed_table, targets_table, when
from sim.reports.results import write_whole
from sim.reports.searched import document_of, plan_text, plan_under, restored, saved
from sim.scenario.people import Break
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, say_clock, say_day_clock, say_weekdays

ENDINGS = (".xlsx", ".csv", ".yaml", ".yml", ".json")
LAST_STAGE = "confirming"
SAVED = (
    "covered",
    "searched",
    "work",
    "below",
    "missed",
    "uncovered",
    "programmes",
)  # of a schedule, as they are
FEW = 12  # places named in a sentence


class ScheduleResult:
    """What `sim.schedule` came to: the shifts, what they cost, how they were confirmed, and who would work when.

    state: "confirmed", "not confirmed", "cannot be met" or "interrupted"; plan: the overrides that make the scenario
    so, for `scenario.with_`, `sim.simulate(scenario, plan)` or a plan in the file.
    """

    def __init__(
        self, found: Schedule, provenance: dict[str, Any], under: Mapping[str, Any] | None = None
    ) -> None:
        self.found, self.provenance, self.under = found, provenance, dict(under or {})
        self.scenario: Scenario = found.scenario
        self.state = found.state
        self.starts = [self.scenario.grid.label(i) for i in range(self.scenario.grid.count)]

    def __repr__(self) -> str:
        hours = "" if self.state == IMPOSSIBLE else f", {self.paid_hours:,.1f} paid hours"
        return f"<ScheduleResult of {shown(self.scenario.name)}: {self.state}{hours}>"

    @property
    def cost(self) -> float:
        """Cost of all shifts, a replication; in paid hours where nothing has a cost."""
        return self.found.catalogue.cost(self.found.counts)

    @property
    def paid_hours(self) -> float:
        """Paid hours of all shifts, shrinkage included."""
        return float((self.found.counts * self.found.catalogue.paid).sum())

    @property
    def shifts(self) -> list[dict[str, Any]]:
        """Every shift that somebody works: group, type, start, agents, paid hours and cost of them all."""
        catalogue = self.found.catalogue
        rows = []
        for g, name in enumerate(self.found.free):
            for t in self._in_order(g):
                turn, agents = catalogue.turns[t], int(self.found.counts[g, t])
                rows.append({
                    "group": name, "type": turn.type, "start": say_day_clock(turn.days, turn.clock), "agents": agents,
                    "paid_hours": agents * float(catalogue.paid[g, t]), "cost": agents * float(catalogue.price[g, t]),
                })  # fmt: skip
        return rows

    @property
    def plan(self) -> dict[str, Any]:
        """The schedule as overrides by dotted path, after those of the plan it was found under.

        Shifts, and no staffing or roster beside them.
        """
        found: dict[str, Any] = {}
        for g, name in enumerate(self.found.free):
            rows = [self.found.catalogue.turns[t] for t in self._in_order(g)]
            agents = [int(self.found.counts[g, t]) for t in self._in_order(g)]
            found |= {f"agents.{name}.roster": None}
            if not rows:
                found |= {f"agents.{name}.shifts": None, f"agents.{name}.staffing": 0}
                continue
            shifts = {}
            for turn, count in zip(rows, agents, strict=True):
                start = say_day_clock(turn.days, turn.clock)
                shifts[f"{turn.type} {start}"] = {"type": turn.type, "starts": start, "agents": count}
            found |= {f"agents.{name}.staffing": None, f"agents.{name}.shifts": shifts}
        return plan_under(self.under, found)

    def roster(self) -> list[dict[str, str]]:
        """Who works when: a row for each agent and shift, with the columns that `roster: {file: …}` reads."""
        rows, most = [], max((len(kind.breaks) for kind in self.scenario.shift_types.values()), default=0)
        for g, name in enumerate(self.found.free):
            number_ = 0
            for t in self._in_order(g):
                turn = self.found.catalogue.turns[t]
                kind = self.scenario.shift_types[turn.type]
                for n in range(int(self.found.counts[g, t])):
                    number_ += 1
                    row = {"agent": f"{name} {number_}", "group": name}
                    if self.scenario.grid.starts is not None and turn.days is not None:
                        row["day"] = say_weekdays(turn.days)
                    row |= {"start": _clock(turn.clock), "end": _clock(turn.clock + kind.length)}
                    for place in range(most):
                        pauses = sorted((_begins(p, n), p.length) for p in kind.breaks)
                        pause = pauses[place] if place < len(pauses) else None
                        tail = "" if place == 0 else f" {place + 1}"
                        row[f"break start{tail}"] = _clock(turn.clock + pause[0]) if pause else ""
                        row[f"break end{tail}"] = _clock(turn.clock + sum(pause)) if pause else ""
                    rows.append(row)
        return rows

    def write(self, path: str | Path) -> None:
        """Write a roster (.csv), the plan as overrides (.yaml, .json), or a workbook with both and the figures."""
        from sim.reports.searchsheets import write_schedule

        check_ending(path)
        suffix = Path(path).suffix.lower()
        if suffix in (".xlsx", ".csv"):
            return write_schedule(self, Path(path), self._sentences())
        write_whole(Path(path), plan_text(self.plan, suffix, self._title(), self.provenance).encode())

    def intervals(self) -> list[dict[str, Any]]:
        """By group and interval: what the interval asks for by itself, agents at work (mean, fewest), over, under."""
        found = self.found
        fewest = found.catalogue.by_interval(found.catalogue.coverage(found.counts))
        mean = self._mean()
        return [
            {
                "group": name, "start": start, "required": int(found.requirement[g, i]), "agents": float(mean[g, i]),
                "fewest": int(fewest[g, i]), "over": max(0.0, float(mean[g, i] - found.requirement[g, i])),
                "under": max(0.0, float(found.requirement[g, i] - mean[g, i])),
            }
            for g, name in enumerate(found.free)
            for i, start in enumerate(self.starts)
        ]  # fmt: skip

    def bound(self) -> float:
        """The largest cost below which no schedule gets, of those known."""
        return max(self.found.work, self.found.below if math.isfinite(self.found.below) else 0.0)

    def to_dict(self) -> dict[str, Any]:
        """The document that `ccsim schedule --json` prints."""
        where = {
            "missed": [self._place(k) for k in self.found.missed],
            "uncovered": [self.starts[i] for i in self.found.uncovered],
        }
        own = where if self.state == IMPOSSIBLE else self._found() | where
        return document_of(self.found, self.starts, own, self.provenance)

    def _found(self) -> dict[str, Any]:
        """What there is to say in the document of shifts that were found."""
        found = self.found
        return {
            "shifts": self.shifts, "plan": self.plan, "cost": self.cost, "paid_hours": self.paid_hours,
            "searched_cost": found.searched, "covering_cost": found.covered,
            "lower_bound": {"work_cost": found.work, "days_cost": found.below},
            "gap": 1.0 - self.bound() / self.cost if self.cost else None,
            "intervals": self.intervals(),
        }  # fmt: skip

    def table(self, width: int = WIDTH) -> str:
        """Everything as text."""
        said = folded(self._sentences(), width)
        return "\n\n".join([self._title(), *(table.text(width) for table in self._tables()), said])

    def _tables(self) -> list[Table]:
        found, fresh = self.found, self.found.confirmed
        if self.state == IMPOSSIBLE:
            return [missed_table(found.aims, found.on_search, self.starts, "missed")]
        targets = targets_table(found.aims, fresh.found or found.on_search, fresh, self.starts)
        return [self._by_shift(), *self._by_interval(), targets]

    def save(self, path: str | Path) -> None:
        """Write everything to one file, whole or not at all; `ScheduleResult.load` reads it."""
        found = self.found
        head = {"kind": "schedule", "under": self.under, "provenance": self.provenance}
        head |= {name: getattr(found, name) for name in SAVED}
        write_whole(
            Path(path), saved(found, head, {"counts": found.counts, "requirement": found.requirement})
        )

    @classmethod
    def load(cls, path: str | Path) -> "ScheduleResult":
        """Read what `save` wrote; InputError if it is anything else."""

        def made(
            head: dict[str, Any], arrays: dict[str, np.ndarray], known: dict[str, Any]
        ) -> ScheduleResult:
            scenario = known["scenario"]
            own: dict[str, Any] = {name: head[name] for name in SAVED}
            found = Schedule(
                **known,
                **own,
                counts=arrays["counts"],
                requirement=arrays["requirement"],
                aims=aims_of(scenario),
                catalogue=catalogue_of(scenario, known["free"]),
            )
            return cls(found, head["provenance"], head["under"])

        result: ScheduleResult = restored(path, "schedule", made)
        return result

    def _repr_html_(self) -> str:
        return notebook_html(self._title(), self._tables(), self._sentences())

    def _in_order(self, g: int) -> list[int]:
        """The shifts that agents of a group work, by start and type."""
        turns = self.found.catalogue.turns
        return sorted(
            (int(t) for t in np.flatnonzero(self.found.counts[g])),
            key=lambda t: (turns[t].duties[-1].start, t),
        )

    def _mean(self) -> np.ndarray:
        catalogue, grid = self.found.catalogue, self.scenario.grid
        lengths = np.diff(np.append(catalogue.moments, grid.horizon))
        starts = np.flatnonzero(np.diff(catalogue.interval_of_step, prepend=-1))
        weighed = catalogue.coverage(self.found.counts) * lengths
        mean: np.ndarray = np.add.reduceat(weighed, starts, axis=1) / grid.interval
        return mean

    def _title(self) -> str:
        said = {FOUND: "confirmed", STOPPED: "interrupted: the best so far", IMPOSSIBLE: "cannot be met"}
        return (
            f"{clean(self.scenario.name, 90)}\nshifts for the targets, {said.get(self.state, self.state)} · "
            f"{self.found.days:,} days of search, seed {self.found.seed}"
        )

    def _by_shift(self) -> Table:
        rows = self.shifts
        several = len(self.found.free) > 1
        names = [f"{clean(r['group'], 20)}: {r['type']}" if several else clean(r["type"], 24) for r in rows]
        columns: list[list[Cell]] = [[(r["start"], "") for r in rows], [(str(r["agents"]), "") for r in rows]]
        columns += [[(number(r[key], 1), "") for r in rows] for key in ("paid_hours", "cost")]
        total = ["", str(sum(r["agents"] for r in rows)), number(self.paid_hours, 1), number(self.cost, 1)]
        columns = [[*column, (each, "")] for column, each in zip(columns, total, strict=True)]
        heads = ["from", "agents", "paid\nh", f"cost\n{clean(self.scenario.currency, 8)}".rstrip()]
        keep = 4 if self._priced() else 3
        return Table("shift", [*names, "all"], heads[:keep], columns[:keep])

    def _by_interval(self) -> list[Table]:
        rows, tables = self.intervals(), []
        for name in self.found.free:
            own = [row for row in rows if row["group"] == name]
            columns: list[list[Cell]] = [[(str(row["required"]), "") for row in own]]
            for key in ("agents", "over", "under"):
                columns.append(
                    [(f"{row[key]:.3g}" if row[key] or key == "agents" else "", "") for row in own]
                )
            heads = ["asked for\nby itself", "at work\n(mean)", "over", "under"]
            tables.append(Table(clean(name, 20), self.starts, heads, columns))
        return tables

    def _priced(self) -> bool:
        return self.found.catalogue.price is not self.found.catalogue.paid

    def _amount(self, cost: float) -> str:
        if not self._priced():
            return f"{number(cost, 1)} paid hours"
        return f"{number(cost, 0 if abs(cost) >= 100 else 2)} {clean(self.scenario.currency, 8)}".rstrip()

    def _place(self, k: int) -> str:
        aim = self.found.aims[k]
        place = when(aim, self.starts)
        return f"{clean(aim.goal.name, 30)} ({aim_words(aim.goal)}){' at ' * bool(place)}{place}".replace(
            "\n", " "
        )

    def _sentences(self) -> list[str]:
        return [*(self._unmet() if self.state == IMPOSSIBLE else self._met())]

    def _unmet(self) -> Iterator[str]:
        found = self.found
        where = ", ".join(self._place(k) for k in found.missed[:FEW]) + (
            " …" if len(found.missed) > FEW else ""
        )
        yield (
            "These shifts cannot meet every target, with any number of agents that they allow: it is missed by "
            f"{where}."
        )
        holes = [self.starts[i] for i in found.uncovered]
        if holes:
            said = ", ".join(holes[:FEW]) + (" …" if len(holes) > FEW else "")
            yield f"No shift of the catalogue covers all of the intervals from {said}; add a type or a start that does."

    def _met(self) -> Iterator[str]:
        found, fresh, span = self.found, self.found.confirmed, span_of(self.scenario)
        more = f", {self._amount(self.cost)}" if self._priced() else ""
        yield f"The cheapest shifts found take {number(self.paid_hours, 1)} paid hours {span}{more}."
        if self.state == FOUND:
            yield (
                f"Confirmed on {fresh.days:,} fresh days: all targets hold at once with a confidence of at least "
                f"{percent(fresh.confidence)} (one-sided, Bonferroni)."
            )
        elif self.state == UNSURE:
            yield (
                f"Not confirmed: on {fresh.days:,} fresh days some targets stay too close to call; the shifts meet "
                "them on the days of the search."
            )
        elif self.state == STOPPED:
            yield "Interrupted: the best shifts so far meet all targets on the days of search; they are not confirmed."
        if math.isfinite(found.searched) and math.isfinite(found.covered):
            yield (
                f"On the days of the search, shifts for {self._amount(found.searched)} met every target; covering each "
                f"interval's own requirement takes {self._amount(found.covered)}. To be sure costs "
                f"{self._amount(max(0.0, self.cost - found.searched))} more."
            )
        if self.bound() > 0:
            alone = (
                "on the days of the search, where each interval was given the fewest agents that do with very many at "
                "all other times, granted that more never hurt"
            )
            how = alone if found.below == self.bound() else "by the work alone"
            yield (
                f"No shifts of this catalogue do it for less than {self._amount(self.bound())} ({how}): the gap is "
                f"{percent(max(0.0, 1.0 - self.bound() / self.cost))} at most."
            )


def _clock(seconds: float) -> str:
    return say_clock(seconds % DAY)


def _begins(pause: Break, n: int) -> float:
    """When the n-th agent of a shift has a break, s after its start."""
    return pause.after + n % pause.turns * pause.stagger


def check_ending(path: str | Path) -> None:
    """Refuse a file that no scenario could read back."""
    if Path(path).suffix.lower() not in ENDINGS:
        said = "let it end in .csv for a roster, in .yaml or .json for a plan, in .xlsx for both"
        raise InputError(f"{shown(str(path))} is no name for a schedule; {said}", file="--out")
