"""Which plan is best, as a table and a sentence: what `compare --best` shows."""

from dataclasses import dataclass
from typing import Any

from sim.experiments.select import ZONE, Selected
from sim.measures.estimate import Estimate
from sim.reports.figures import a_day, cell, clean, finite, folded, money, number, percent, said
from sim.reports.layout import WIDTH, Table, notebook_html
from sim.reports.results import FORMAT
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY

PROCEDURE = "KN++"


@dataclass
class Selection:
    """The best of several plans by one metric, with a stated probability; or those that are left.

    `best` is the name of the plan, or None while several are left.
    """

    found: Selected
    scenario: Scenario
    seed: int
    provenance: dict[str, Any]

    def __repr__(self) -> str:
        return f"<Selection by {self.found.aim.name}: {self.found.best or 'cannot tell yet'}>"

    @property
    def best(self) -> str | None:
        """The plan named, or None while several are left."""
        return self.found.best

    @property
    def _order(self) -> list[str]:
        """Who is left, the leader first, then the others, the last dropped first."""
        found = self.found
        others = [name for name in found.left if name != found.leader]
        gone = sorted(found.dropped, key=lambda name: -found.dropped[name][0])
        return [found.leader, *others, *gone]

    def _size(self, estimate: Estimate) -> str:
        """A difference without its sign, in a sentence."""
        kind, currency = self.found.aim.unit, clean(self.scenario.currency, 8)
        if kind == "money":
            return money(estimate, currency)
        if kind == "share":
            return said(Estimate(*(100.0 * value for value in estimate)), "% points")
        return said(estimate, "h" if kind == "hours" else kind)

    @property
    def _zone(self) -> str:
        """The indifference zone in a sentence."""
        size, kind = self.found.zone, self.found.aim.unit
        unit = {"share": "% points", "hours": "h", "money": clean(self.scenario.currency, 8)}.get(kind, kind)
        return f"{100 * size if kind == 'share' else size:,.4g} {unit}".rstrip()

    @property
    def _days(self) -> str:
        """What is played again and again."""
        return "days" if self.scenario.grid.horizon <= DAY else "replications"

    @property
    def sentences(self) -> list[str]:
        """The plan that is best, or who is left; what the figures rest on."""
        found, when = self.found, a_day(self.scenario)
        counts = all(metric.kind == "count" for metric in found.aim.metrics)
        when = when if counts and found.aim.unit in ("", "money", "hours") else ""
        likely, days = percent(found.probability), f"{found.days:,} {self._days}"
        by = f"by {found.aim.name} ({'more' if found.aim.larger else 'less'} is better)"
        if found.best:
            words = [
                f"{clean(found.best, 60)} is best {by}, sure after {days}: with a probability of at least {likely} "
                f"no other plan is better by {self._zone} or more{when}."
            ]
        else:
            rest = [clean(name, 40) for name in self._order[: len(found.left)]]
            gap = self.found.behind(self._order[1])
            ahead = f"ahead of {rest[1]} by {self._size(gap)}{when}" if gap.value else f"level with {rest[1]}"
            stopped = "Interrupted, and cannot" if found.interrupted else "Cannot"
            words = [
                f"{stopped} tell yet which plan is best {by}: after {days} {', '.join(rest)} are left; {rest[0]} "
                f"is {ahead}.",
                f"More {self._days} would tell (--max-replications), or a larger indifference zone.",
            ]
        if not found.zone_given:
            words.append(
                f"Differences of less than {self._zone}{when} count as none: {percent(ZONE)} of the value under "
                f"{clean(next(iter(found.values)), 40)} in the first {found.first} {self._days}; another is set by "
                f'"{found.aim.name} = VALUE".'
            )
        if found.aim.is_mean_of_days:
            words.append(
                f"{found.aim.name} is taken day by day, every day alike, unlike in the tables of run and compare."
            )
        words.append(
            f"Selected by {PROCEDURE} (Kim and Nelson) on common days, for all {len(found.values)} plans together; "
            "± are 95% margins of each figure alone."
        )
        return words

    @property
    def table(self) -> Table:
        """Plan × value, difference to the best, days played, and what became of it."""
        found, kind = self.found, self.found.aim.unit
        scale = 100.0 if kind == "share" else 1.0
        units = {"share": "%", "hours": "h", "money": clean(self.scenario.currency, 8)}
        unit = units.get(kind, kind)
        names = self._order
        values = [cell(found.estimate(name), scale) for name in names]
        apart = [("", "") if n == found.leader else cell(found.behind(n), scale, True) for n in names]
        days = [(number(found.values[name].size, 0), "") for name in names]
        what = [(self._fate(name), "") for name in names]
        head = found.aim.name.replace(" + ", "\n+ ").replace("_", " ")
        points = "% points" if kind == "share" else unit
        against = "difference to\nthe best" if found.best else "difference to\nthe leader"
        heads = [f"{head}\n{unit}".rstrip(), f"{against} {points}".rstrip(), f"{self._days}\nplayed", ""]
        return Table("plan", [clean(name, 60) for name in names], heads, [values, apart, days, what])

    def _fate(self, name: str) -> str:
        if name in self.found.dropped:
            after, _ = self.found.dropped[name]
            return f"dropped after {after:,} {self._days}"
        return "best" if self.found.best else "leads" if name == self.found.leader else "left"

    def text(self, width: int = WIDTH) -> str:
        """The table and the sentences."""
        return "\n\n".join([self._title, self.table.text(width), folded(self.sentences, width)])

    @property
    def _title(self) -> str:
        count = len(self.found.values)
        return f"{clean(self.scenario.name, 90)}\nthe best of {count} plans · seed {self.seed}"

    def summary(self) -> Any:
        """DataFrame: plan → value, low, high, days, dropped_after."""
        import pandas as pd

        rows = {
            name: (*self.found.estimate(name), self.found.values[name].size, self._after(name))
            for name in self._order
        }
        columns = ["value", "low", "high", "days", "dropped_after"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("plan")

    def _after(self, name: str) -> int | None:
        return self.found.dropped[name][0] if name in self.found.dropped else None

    def to_dict(self, by_interval: bool = False) -> dict[str, Any]:
        """The document that `ccsim compare --best … --json` prints."""
        found = self.found
        return {
            "format": FORMAT, "scenario": self.scenario.name, "seed": self.seed, "replications": found.days,
            "best": {
                "plan": found.best, "metric": found.aim.name, "better": "larger" if found.aim.larger else "smaller",
                "probability": found.probability, "indifference": found.zone,
                "indifference_given": found.zone_given, "procedure": PROCEDURE, "left": found.left,
                "leader": found.leader, "interrupted": found.interrupted,
            },
            "plans": {
                name: {
                    "value": _row(found.estimate(name)), "difference_to_leader": _row(found.behind(name)),
                    "days": int(found.values[name].size), "dropped_after": self._after(name),
                    "dropped_behind": found.dropped[name][1] if name in found.dropped else None,
                }
                for name in found.values
            },
            "provenance": self.provenance,
        }  # fmt: skip

    def _repr_html_(self) -> str:
        return notebook_html(self._title, [self.table], self.sentences)


def _row(estimate: Estimate) -> dict[str, float | None]:
    return {key: finite(value) for key, value in estimate._asdict().items()}
