"""A sweep that was stored: its points with their estimates, ranked, filtered, compared, drawn and written."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.experiments.kept import ALL
from sim.experiments.store import quoted, stored_definition
from sim.measures.estimate import Estimate, Sample, difference
from sim.measures.metrics import AGENT_METRICS
from sim.reports.conditions import EVERYWHERE, Column, Condition, condition_of
from sim.reports.effects import Effects, Varied, effects_of
from sim.reports.sweepqueries import (
    METRICS,
    Asked,
    Counts,
    Row,
    ask,
    count_there,
    counts_of,
    members_in,
    numbers_ranked,
    numbers_there,
    read,
    rows_of,
)
from sim.reports.sweeptotals import Member, samples_of
from sim.scenario.schema import Scenario

DESIGNS = ("latin_hypercube", "sobol", "points")  # other than all combinations
COSTS = ("staff_cost", "paid_hours")  # what is taken for the cost of a point, and for the harm, if not said
HARMS = ("lost_customers", "lost_value", "abandonment_rate", "mean_wait")
_ESTIMATE = (
    "(SELECT e.value FROM estimates e WHERE e.kind = ? AND e.name = ? AND e.metric = ? AND e.point = p.point)"
)


@dataclass(frozen=True)
class SweepResult:
    """A store as it is now, read and never written, also while the sweep is running.

    queue, group: whose figures are told, "all" together or a class as "support · vip"; condition: which points.
    """

    path: Path
    head: Mapping[str, Any]
    queue: str = ALL
    group: str = ALL
    condition: Condition = EVERYWHERE

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "SweepResult":
        """Open a store that `ccsim sweep` or `sim.sweep` made; InputError if it is anything else."""
        head = ask(Path(path), stored_definition)
        if {"name", "scenario", "seed", "metrics", "factors"} - head.keys():
            raise InputError("is no store of a sweep; make one with ccsim sweep", file=str(path))
        return cls(Path(path), head)

    def __repr__(self) -> str:
        counts = self.counts
        return f"<SweepResult {shown(self.name)}: {counts.played:,} of {counts.points:,} points>"

    # What was swept

    @property
    def name(self) -> str:
        """The sweep's name."""
        return str(self.head["name"])

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario that was varied, under its plan."""
        return Scenario(**self.head["scenario"])

    @property
    def metrics(self) -> list[str]:
        """The metrics that were kept, those that margins and the ranking need among them."""
        needed = [*self.head.get("margin", {}), self.head.get("best")]
        return list(dict.fromkeys([*self.head["metrics"], *(name for name in needed if name)]))

    @property
    def design(self) -> str:
        """How the points were chosen: grid, latin_hypercube, sobol or points (a list)."""
        design = self.head.get("design", "grid")
        return next((name for name in DESIGNS if name in design), "grid")

    @property
    def drawn(self) -> list[str]:
        """The factors whose values were drawn, or listed, rather than combined with all others."""
        design = self.head.get("design", "grid")
        crossed = design.get("crossed_with", []) if isinstance(design, dict) else self.columns
        return [column.name for column in self.factors if column.name not in crossed]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Factors, then metrics, by name."""
        found = {
            factor["name"]: Column(
                factor["name"], factor.get("unit", ""), factor["numeric"], f"p.{quoted(factor['name'])}",
                is_factor=True,
            )
            for factor in self.head["factors"]
        }  # fmt: skip
        for name in self.metrics:
            column = Column(name, METRICS[name].unit, True, _ESTIMATE, (*self._member(name), name))
            found.setdefault(name, column)
        return found

    @property
    def factors(self) -> list[Column]:
        """What was varied."""
        return [column for column in self.columns.values() if column.is_factor]

    @cached_property
    def counts(self) -> Counts:
        """How far the sweep is."""
        wanted = 0 if self.head.get("margin") else self.head.get("replications") or 0
        return counts_of(self.path, wanted)

    @property
    def matching(self) -> int:
        """How many of the points that were played or failed meet the condition."""
        return count_there(self.path, self.condition)

    @cached_property
    def failures(self) -> list[tuple[int, str]]:
        """Number and error of each point that could not be played."""
        return read(self.path, "SELECT point, error FROM points WHERE error IS NOT NULL ORDER BY point")

    # Which of it

    def of(self, queue: str = ALL, group: str = ALL) -> "SweepResult":
        """The same with the figures of one queue, a class ("support · vip"), or one group of agents."""
        for kinds, name in ((("queue", "class"), queue), (("group",), group)):
            known = [member.name for member in self._members if member.kind in kinds]
            if name != ALL and name not in known:
                what = "group" if kinds == ("group",) else "queue"
                raise InputError(
                    f"there is no {what} {shown(name)}{nearest(name, known)}; known are {', '.join(known)}"
                )
        return replace(self, queue=queue, group=group)

    def where(self, text: str) -> "SweepResult":
        """The same for the points that meet a condition, as in "agents >= 10 and service_level > 80%"."""
        found = condition_of(text, self.columns)
        if self.condition is EVERYWHERE:
            return replace(self, condition=found)
        both = f"({self.condition.sql}) AND ({found.sql})"
        return replace(self, condition=Condition(both, (*self.condition.parameters, *found.parameters)))

    def rows(
        self, metrics: Sequence[str] | None = None, order: str | None = None, most: bool = False,
        limit: int | None = None, points: Sequence[int] | None = None,
    ) -> list[Row]:  # fmt: skip
        """Points that were played or failed, in their order or ranked by a metric; metrics: all unless given."""
        asked = [self._asked(name) for name in (self.metrics if metrics is None else metrics)]
        if points is None and order is None:
            points = numbers_there(self.path, self.condition, limit)
        elif points is None:
            points = numbers_ranked(self.path, self._asked(str(order)), most, self.condition, limit)
        return rows_of(self.path, points, self.factors, asked, self.condition) if points else []

    def _known(self, metrics: Sequence[str]) -> list[str]:
        """These metrics, each of which was kept."""
        for name in metrics:
            if name not in self.metrics:
                what = "was not kept in this sweep" if name in METRICS else "is no metric"
                known = ", ".join(self.metrics)
                raise InputError(f"{shown(name)} {what}{nearest(name, self.metrics)}; known are {known}")
        return list(metrics)

    # For analysts

    def points(self) -> Any:
        """DataFrame by point: replications, error, overrides, and the value of every factor."""
        import pandas as pd

        fields = ", ".join(
            ["p.point", "p.replications", "p.error", "p.overrides", *(c.sql for c in self.factors)]
        )
        names = ["point", "replications", "error", "overrides", *(column.name for column in self.factors)]
        found = read(
            self.path, f"SELECT {fields} FROM points p WHERE {self.condition.sql}", self.condition.parameters
        )
        return pd.DataFrame(found, columns=names).set_index("point")

    def estimates(self) -> Any:
        """Tidy DataFrame: point, kind, name, metric, value, low, high, of every queue, class and group."""
        import pandas as pd

        names = ["point", "kind", "name", "metric", "value", "low", "high"]
        return pd.DataFrame(self._of_points("estimates", names), columns=names)

    def totals(self, kind: str = "queue", by_interval: bool = False) -> Any:
        """DataFrame of the totals of each point and replication; kind: queue (and its classes) or group."""
        import pandas as pd

        if kind not in ("queue", "group"):
            raise InputError(f"{shown(kind)} is neither queue nor group")
        table = {"queue": "queue_totals", "group": "agent_totals"}[kind] + "_by_interval" * by_interval
        names = [line[1] for line in read(self.path, f"PRAGMA table_info({table})", ())]
        if not names:
            raise InputError("was made without intervals; sweep with by_interval: true", file=str(self.path))
        return pd.DataFrame(self._of_points(table, names), columns=names)

    def _of_points(self, table: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The rows of a table that belong to the points asked for."""
        fields = ", ".join(f"t.{quoted(name)}" for name in names)
        return read(
            self.path,
            f"SELECT {fields} FROM {table} t JOIN points p ON p.point = t.point WHERE {self.condition.sql}",
            self.condition.parameters,
        )

    def best(self, metric: str | None = None, most: bool | None = None, count: int = 10) -> Any:
        """DataFrame of the best points: factors, then the metrics' values and margins.

        metric: the sweep's own `best` unless given; most: whether more is better, as the metric has it unless given.
        """
        metric, most = self.aim(metric, most)
        return self._frame(self.rows(order=metric, most=most, limit=count))

    def aim(self, metric: str | None = None, most: bool | None = None) -> tuple[str, bool]:
        """A metric to rank by, and whether more of it is better."""
        from sim.experiments.select import LARGER, NEITHER  # late: it brings the engines along

        name = metric or self.head.get("best") or self._first_of(HARMS)
        (name,) = self._known([name])
        if most is None and name in NEITHER:
            raise InputError(
                f"{name} is neither better when larger nor when smaller; say {name}:min or {name}:max"
            )
        return name, name in LARGER if most is None else most

    def difference(self, point: int, other: int) -> dict[str, Estimate]:
        """Metric → point − other, paired by the replications that both have."""
        for one in (point, other):
            self._check_point(one)
        paired = {}
        for metric in self.metrics:
            found = self._samples(metric, [point, other])
            if len(found) == 2:
                paired[metric] = difference(found[point], found[other])
        return paired

    def efficient(self, cost: str | None = None, harm: str | None = None) -> Any:
        """DataFrame of the points that no other one beats in cost and harm at once, the cheapest first."""
        return self._frame(self.efficient_rows(*self.cost_and_harm(cost, harm)))

    def cost_and_harm(self, cost: str | None = None, harm: str | None = None) -> tuple[str, str]:
        """The two metrics that are weighed against each other; those given, or the first of the usual ones kept."""
        pair = cost or self._first_of(COSTS), harm or self._first_of(HARMS)
        self._known(pair)
        return pair

    def efficient_rows(self, cost: str, harm: str) -> list[Row]:
        """Of all points those with less harm than any that costs as little or less, as far as can be told.

        By their values, but of those whose cost does not surely differ from the cheapest's on the same days only the
        one with least harm.
        """
        from sim.experiments.select import LARGER

        rows = [row for row in self.rows([cost, harm]) if _has(row, cost) and _has(row, harm)]
        signs = [-1.0 if name in LARGER else 1.0 for name in (cost, harm)]
        keyed = sorted(
            (signs[0] * row.estimates[cost].value, signs[1] * row.estimates[harm].value, row.point)
            for row in rows
        )
        strict, least = [], float("inf")
        for _, damage, point in keyed:
            if damage < least:
                strict.append(point)
                least = damage
        samples, kept, cheapest = self._samples(cost, strict), list[int](), -1
        for point in strict:  # a run of points is as dear as its cheapest; the last of it does least harm
            alike = {point, cheapest} <= samples.keys()
            if alike:
                more = difference(samples[point], samples[cheapest])
                alike = more.low <= 0.0 <= more.high
            if alike:
                kept[-1] = point
            else:
                kept.append(point)
                cheapest = point
        return self.rows(points=kept)

    def effects(self, metric: str | None = None) -> Effects:
        """What matters most for a metric: what each factor changes and explains, with margins."""
        name = metric or self.head.get("best") or self.metrics[0]
        self._known([name])
        rows = [row for row in self.rows([name]) if _has(row, name)]
        samples = self._samples(name, [row.point for row in rows])
        rows = [row for row in rows if row.point in samples]
        factors = [
            Varied(column.name, [row.values[column.name] for row in rows], column.name in self.drawn)
            for column in self.factors
        ]
        return effects_of(name, factors, [samples[row.point] for row in rows])

    def plot(
        self, x: str | None = None, y: str | None = None, by: str | None = None, *, kind: str = "", ax: Any = None
    ) -> Any:  # fmt: skip
        """Draw y against x, one line for each level of `by`; without x how y is spread over the points.

        kind: "efficient" (x the cost, y the harm) or "effects" (of y). Returns the Axes.
        """
        from sim.reports import sweepplots

        if kind not in ("", "efficient", "effects"):
            raise InputError(f"{shown(kind)} is no kind of picture: use efficient or effects")
        if kind == "efficient":
            return sweepplots.plot_efficient(self, *self.cost_and_harm(x, y), ax)
        if kind == "effects":
            return sweepplots.plot_effects(self, self.effects(y), ax)
        y = y or self.aim()[0]
        if x is None:
            return sweepplots.plot_spread(self, y, ax)
        return sweepplots.plot_lines(self, x, y, by, ax)

    def to_dict(self, rows: Sequence[Row] | None = None, against: int | None = None) -> dict[str, Any]:
        """The document that `ccsim show --json` prints."""
        from sim.reports.sweeptables import document_of

        return document_of(self, self.rows() if rows is None else rows, against)

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the report, one HTML file that needs no other: the best points, what matters, all of them."""
        from sim.reports.page import write_page
        from sim.reports.reported import sweep_page

        write_page(lambda: sweep_page(self), path)

    def write(self, path: str | os.PathLike[str], rows: Sequence[Row] | None = None) -> None:
        """Write the points with their figures to a .csv, .parquet or .xlsx file."""
        from sim.reports.exports import write_rows

        write_rows(self, Path(path), self.rows() if rows is None else rows)

    def _repr_html_(self) -> str:
        from sim.reports.sweeptables import sweep_html

        return sweep_html(self)

    # How it is read

    def _asked(self, metric: str) -> Asked:
        (name,) = self._known([metric])
        return Asked(self._member(name), name)

    def _member(self, metric: str) -> Member:
        """Whose figures of a metric are told."""
        if metric in AGENT_METRICS:
            return Member("group", self.group)
        is_class = any(member == ("class", self.queue) for member in self._members)
        return Member("class" if is_class else "queue", self.queue)

    @cached_property
    def _members(self) -> list[Member]:
        """Whose estimates there are."""
        return members_in(self.path)

    def _samples(self, metric: str, points: Sequence[int]) -> dict[int, Sample]:
        member = self._member(metric)
        return ask(self.path, lambda store: samples_of(store, METRICS[metric], member, points))

    def _check_point(self, point: int) -> None:
        found = read(self.path, "SELECT replications FROM points WHERE point = ?", (point,))
        if not found:
            raise InputError(f"there is no point {point}; the last is {self.counts.points - 1}")
        if not found[0][0]:
            raise InputError(f"point {point} has not been played yet")

    def _first_of(self, names: Sequence[str]) -> str:
        found = next((name for name in names if name in self.metrics), None)
        if found is None:
            raise InputError(
                f"none of {', '.join(names)} was kept in this sweep; name one of {', '.join(self.metrics)}"
            )
        return found

    def _frame(self, rows: Sequence[Row]) -> Any:
        """DataFrame by point: factors, then value and margin of each metric."""
        import pandas as pd

        lines = [
            row.values
            | {
                key: figure
                for name, estimate in row.estimates.items()
                for key, figure in ((name, estimate.value), (f"{name} ±", estimate.margin))
            }
            for row in rows
        ]
        return pd.DataFrame(lines, index=pd.Index([row.point for row in rows], name="point"))


def _has(row: Row, metric: str) -> bool:
    value = row.estimates[metric].value
    return value == value  # not NaN
