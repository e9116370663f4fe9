"""The headcount bridge in words and a table: what `explain` shows."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sim.experiments.explain import MISSING, Change, Level, Step, Steps, level_of
from sim.measures.estimate import Estimate
from sim.reports.changes import change_in_words
from sim.reports.figures import DASH, Cell, a_day, clean, finite, folded, number, span_of
from sim.reports.layout import WIDTH, Table, notebook_html
from sim.reports.results import FORMAT
from sim.scenario.schema import Scenario

LONGEST = 60  # letters of a value
RULE = (
    "Required hours: the fewest agents by Erlang A (Erlang C without patience) for each queue's promise or targets, "
    "interval by interval, every queue with agents of its own, ÷ (1 − absence) ÷ (1 − shrinkage); what sharing "
    "agents saves, redials and callbacks are left out; a target on a share of days counts as one in the mean. "
    "Planned hours are those of the staffing as it is written."
)


SEARCHED = (
    "Required hours: the paid hours of the cheapest staffing that a search by simulation finds for the targets, step "
    "by step; a search may miss an agent or two. Planned hours are those of the staffing as it is written."
)


@dataclass
class Bridge:
    """What differs between two scenarios, and what each difference does; `steps` in order, as they add up.

    names: what the two are called; scenario: the first; count: replications played; searched: whether required
    hours come from a search for the targets.
    """

    found: Steps
    names: tuple[str, str]
    scenario: Scenario
    seed: int
    count: int
    provenance: dict[str, Any]
    searched: bool = False

    def __repr__(self) -> str:
        return f"<Bridge from {self.names[0]} to {self.names[1]}: {len(self.steps)} steps>"

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step from the first scenario to the second."""
        return self.found.steps

    @property
    def sentences(self) -> list[str]:
        """What differs, a sentence for each step."""
        if not self.steps:
            return [
                f"{_name(self.names[0])} and {_name(self.names[1])} do the same: there is nothing to explain."
            ]
        return [f"{step.title}: {_listed(step.changes)}." for step in self.steps]

    @property
    def table(self) -> Table:
        """Begin, steps and end: required and planned hours, lost customers; as printed, the steps add up."""
        levels = [self.found.start, *(step.after for step in self.steps)]
        names = [_name(self.names[0])]
        names += [f"  {step.title}" for step in self.steps]
        names += [_name(self.names[1]), "difference"]
        columns = [
            _column([level.required_hours for level in levels], None),
            _column([level.planned_hours for level in levels], None),
            _column([level.lost.value for level in levels], self._margins()),
        ]
        heads = ["required\nh", "planned\nh", "lost\ncustomers"]
        return Table(span_of(self.scenario), names, heads, columns)

    def _margins(self) -> list[float]:
        """Of the first level, of each step (paired), of the last level, and of the whole difference (paired)."""
        steps = [step.lost for step in self.steps]
        ends = (level_of(self.found.start), level_of(self.found.end))
        return [one.margin for one in (ends[0], *steps, ends[1], self.found.lost)]

    def text(self, width: int = WIDTH) -> str:
        """The table, what differs in words, and what the figures rest on."""
        if not self.steps:
            return folded(self.sentences, width)
        return "\n\n".join([self._title, self.table.text(width), folded(self._words, width)])

    @property
    def _title(self) -> str:
        return (
            f"From {_name(self.names[0])} to {_name(self.names[1])}\n"
            f"{self.count:,} replications, seed {self.seed} · ± are 95% margins, of steps paired"
        )

    @property
    def _words(self) -> list[str]:
        """What differs, what it comes to, and what the figures rest on."""
        return [*self.sentences, self._whole, *self._left_out, SEARCHED if self.searched else RULE]

    @property
    def _left_out(self) -> list[str]:
        """Which targets the required hours do not heed."""
        names = ", ".join(clean(name, 40) for name in self.found.left_out)
        said = "Not in the required hours, as no formula knows it: the target"
        return [f"{said} {names} (--search heeds it)."] if names else []

    @property
    def _whole(self) -> str:
        """The whole difference, and the step that does most."""
        hours, _, lost = (column[-1] for column in self.table.columns)
        sure = self.found.lost.low > 0 or self.found.lost.high < 0
        said = f"In all {_more(hours[0])} required hours and {_more(lost[0])} lost customers{a_day(self.scenario)}"
        said += "" if sure or not self.found.lost.value else ", which is not clear"
        if len(self.steps) > 1:
            by_hours = max(self.steps, key=lambda step: abs(step.required_hours))
            by_lost = max(self.steps, key=lambda step: abs(step.lost.value))
            said += f"; the largest step in hours is {by_hours.title}, in lost customers {by_lost.title}"
            said += (
                ". Each step rests on those before it: in another order they would share the whole otherwise"
            )
        return f"{said}."

    def summary(self) -> Any:
        """DataFrame: a row for each step, with required_hours, planned_hours, lost_customers, low, high."""
        import pandas as pd

        rows = {step.title: (step.required_hours, step.planned_hours, *step.lost) for step in self.steps}
        columns = ["required_hours", "planned_hours", "lost_customers", "low", "high"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("step")

    def to_dict(self, by_interval: bool = False) -> dict[str, Any]:
        """The document that `ccsim explain --json` prints."""
        return {
            "format": FORMAT, "scenario": self.scenario.name, "seed": self.seed, "replications": self.count,
            "required_hours_by": "search" if self.searched else "formula",
            "targets_left_out": list(self.found.left_out),
            "from": {"name": self.names[0], **_level(self.found.start)},
            "steps": [
                {
                    "step": step.title, "required_hours": _tidy(step.required_hours),
                    "planned_hours": _tidy(step.planned_hours),
                    "lost_customers": _row(step.lost),
                    "changes": [
                        {"path": ".".join(c.path), "from": _plain(c.old), "to": _plain(c.new)} for c in step.changes
                    ],
                }
                for step in self.steps
            ],
            "to": {"name": self.names[1], **_level(self.found.end)},
            "provenance": self.provenance,
        }  # fmt: skip

    def _repr_html_(self) -> str:
        if not self.steps:
            return notebook_html("", [], self.sentences)
        return notebook_html(self._title, [self.table], self._words)


def _more(printed: str) -> str:
    """A difference as printed, in words."""
    size = printed.lstrip("+-−")
    if not size.strip("0.,"):
        return "as many"
    return f"{size} {'more' if printed[0] == '+' else 'fewer'}"


def _name(name: str) -> str:
    return clean(name, 60)


def _column(levels: list[float], margins: list[float] | None) -> list[Cell]:
    """First level, every step, last level, whole; rounded so that what is printed adds up."""
    known = [m for m in margins or [] if math.isfinite(m) and m > 0]
    places = min(max(0, 1 - math.floor(math.log10(max(known)))), 4) if known else 1
    rounded = [round(level, places) for level in levels]
    steps = [after - before for before, after in pairwise(rounded)]
    values = [number(rounded[0], places), *(number(step, places, True) for step in steps)]
    values += [number(rounded[-1], places), number(rounded[-1] - rounded[0], places, True)]
    if margins is None:
        return [(value, "") for value in values]
    return [
        (v, number(m, places) if math.isfinite(m) else DASH) for v, m in zip(values, margins, strict=True)
    ]


def _listed(changes: tuple[Change, ...], most: int = 6) -> str:
    said = [_said(change) for change in changes[:most]]
    return "; ".join(said + [f"and {len(changes) - most} more"] * (len(changes) > most))


def _said(change: Change) -> str:
    """A path and what becomes of the value there."""
    path = ".".join(clean(part, 40) for part in change.path)
    if change.old is MISSING and change.new is MISSING:
        return f"the {path} differs"
    if change.new is MISSING:
        return f"{path} removed" if isinstance(change.old, dict) else f"{path} {_value(change.old)} removed"
    if change.old is MISSING:
        whole = len(change.path) == 2 and change.path[0] in ("queues", "agents")
        return f"{path} is new" if whole else f"{path} not given → {_value(change.new)}"
    old, new = change.old, change.new
    if isinstance(old, list) and isinstance(new, list) and _numbers(old + new):
        return f"{path} {sum(old):,.6g} → {sum(new):,.6g} in all"
    return f"{path} {_value(old)} → {_value(new)}"


def _numbers(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _value(value: Any) -> str:
    return clean(change_in_words(value).removeprefix("= "), LONGEST)


def _plain(value: Any) -> Any:
    return None if value is MISSING else value


def _level(level: Level) -> dict[str, Any]:
    return {
        "required_hours": _tidy(level.required_hours),
        "planned_hours": _tidy(level.planned_hours),
        "lost_customers": _row(level_of(level)),
    }


def _row(estimate: Estimate) -> dict[str, float | None]:
    return {key: finite(_tidy(value)) for key, value in estimate._asdict().items()}


def _tidy(value: float) -> float:
    """Without the digits that the pieces in which levels are kept leave behind."""
    return round(value, 6)
