"""What the formula would have said: Erlang C and A by interval beside the simulation, with the reason for each gap."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from tabulate import tabulate

from sim.experiments.trials import day_of_intervals
from sim.measures.estimate import Estimate, interval, sample_of
from sim.measures.metrics import QUEUE_METRICS, observed_seconds, queue_figures
from sim.reports.figures import DASH, cell, clean, compact, finite, folded, joined, percent, span_of, unit_of
from sim.reports.gaps import BETTER, Cause, Floor, causes, gap
from sim.reports.layout import WIDTH
from sim.reports.planner import METRICS, Array, Asked, Said, erlang, inputs, neighbours
from sim.scenario.schema import Scenario
from sim.scenario.units import say_duration

if TYPE_CHECKING:
    from sim.reports.results import Result

NAMES = {"c": "Erlang C", "a": "Erlang A", "g": "M/M/n+G"}
KEYS = {"c": "erlang_c", "a": "erlang_a", "g": "erlang_g"}
SAME = 0.001  # of a service level; a cause that changes a formula by less explains no gap
MARGINS = (
    METRICS,
    ("service_level", "mean_wait"),
    ("service_level",),
)  # what has its margin beside it, if it fits
HANG_UPS_BY_C = ("c", "abandonment_rate")  # 0 by definition: a gap that no other cause explains
FARTHEST = "Of each day the table has the interval where the two are farthest apart; --by-interval has all."
UNKNOWN = "None of the known causes explains the gap: chance, or an interval too short for a settled line"


@dataclass(frozen=True)
class Reason:
    """Why the simulation is not what the formulas (of) say; kind names the rule.

    then: the service level that `by` gives with this cause counted in, was: without it; None where it is not known.
    """

    kind: str
    text: str
    of: tuple[str, ...]
    by: str | None = None
    was: float | None = None
    then: float | None = None

    @property
    def idle(self) -> bool:
        """Whether it is known to change nothing there."""
        known = self.was is not None and self.then is not None and self.kind != "abandonment"
        return known and 0.02 < self.was < 0.98 and abs(self.then - self.was) < SAME  # type: ignore[operator]

    def telling(self, gaps: Mapping[str, set[int]]) -> bool:
        """Whether the hint is of a formula that is explained, and what it changes goes in the direction of a gap."""
        if self.was is None or self.then is None or self.kind == "abandonment" or self.idle:
            return True
        of = "a" if self.by == "g" and "a" in gaps else "c" if self.by == "g" else self.by
        return of in self.of and int(np.sign(self.then - self.was)) in gaps[of]

    def sentence(self) -> str:
        """In words, with the hint in points."""
        if self.by is None or self.was is None or self.then is None:
            return f"{self.text}."
        points = 100 * (self.then - self.was)
        if self.kind == "abandonment":
            return f"{self.text}: {percent(self.was)} in time by Erlang C, {percent(self.then)} by Erlang A."
        said = f"{self.text}. With that {NAMES[self.by]} says {percent(self.then)} in time"
        return f"{said} ({points:+.1f} points)."

    def to_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "kind": self.kind, "text": self.sentence(), "formulas": [KEYS[one] for one in self.of],
        }  # fmt: skip
        if self.by is not None:
            document["counted_in"] = {
                "formula": KEYS[self.by], "service_level": self.then, "instead_of": self.was,
            }  # fmt: skip
        return document


@dataclass(frozen=True)
class Row:
    """One queue in one interval (start), or over the day (start None)."""

    queue: str
    start: str | None
    at: int | None
    calls: float
    handle: float
    agents: float
    load: float
    patience: float | None
    simulated: dict[str, Estimate]
    c: dict[str, float] | None
    a: dict[str, float] | None
    bounded: bool
    reasons: tuple[Reason, ...]

    def to_dict(self) -> dict[str, Any]:
        """The entry of the JSON document; what is without bound, or does not exist, is null."""
        simulated = {
            metric: {key: finite(value) for key, value in estimate._asdict().items()}
            for metric, estimate in self.simulated.items()
        }
        formulas: dict[str, Any] = {
            KEYS[key]: None if said is None else {metric: finite(value) for metric, value in said.items()}
            for key, said in (("c", self.c), ("a", self.a))
        }
        if formulas["erlang_c"] is not None:
            formulas["erlang_c"]["bounded"] = self.bounded
        return {
            "queue": self.queue, "start": self.start, "calls": self.calls, "mean_handle": finite(self.handle),
            "agents": self.agents, "offered_load": self.load, "mean_patience": self.patience,
            "simulated": simulated, **formulas, "reasons": [reason.to_dict() for reason in self.reasons],
        }  # fmt: skip


def beside(result: "Result") -> list[Row]:
    """Every queue by interval and over the day; needs a result with intervals."""
    result._need_intervals()
    scenario = result.scenario
    every = inputs(scenario)
    columns = queue_figures(result.totals.contacts_by_interval, scenario, observed_seconds(scenario))
    rows: list[Row] = []
    for place, name in enumerate(scenario.queues):
        asked = every[name]
        c = erlang(asked, None)
        a = None if asked.patience is None else erlang(asked, asked.patience)
        floor = Floor(scenario, name, every, c, a, result.interval_figures(place), observed_seconds(scenario))
        known = causes(floor)
        seen = floor.simulated["offered"] > 0
        for i in np.flatnonzero(seen | asked.asked | asked.silent):
            index = int(i)
            simulated = {
                metric: interval(sample_of(QUEUE_METRICS[metric], columns, (place, index), None))
                for metric in METRICS
            }
            rows.append(_row(floor, known, index, simulated))
        day = result.queue(name)
        rows.append(_row(floor, known, None, {metric: day[metric] for metric in METRICS}))
    return rows


def _row(floor: Floor, known: Iterable[Cause], at: int | None, simulated: dict[str, Estimate]) -> Row:
    asked, c, a = floor.asked, floor.c, floor.a
    there = bool(asked.asked.any() if at is None else asked.asked[at])
    said_c = _figures(c, at) if there else None
    said_a = _figures(a, at) if there and a is not None else None
    reasons = list(_reasons(floor, known, at, simulated, {"c": said_c, "a": said_a}))
    return Row(
        floor.name, None if at is None else floor.scenario.grid.label(at), at, *_given(asked, at), simulated,
        said_c, said_a, c.day_bounded if at is None else bool(c.bounded[at]), tuple(reasons),
    )  # fmt: skip


def _figures(said: Said, at: int | None) -> dict[str, float]:
    return said.day if at is None else {metric: float(values[at]) for metric, values in said.values.items()}


def _given(asked: Asked, at: int | None) -> tuple[float, float, float, float, float | None]:
    """Calls, AHT, agents, load and patience: of an interval, or of the day (its calls, and means)."""
    if at is not None:
        patience = None if asked.patience is None else float(asked.patience[at])
        return (
            float(asked.calls[at]), float(asked.handle[at]), float(asked.agents[at]), float(asked.load[at]),
            patience,
        )  # fmt: skip
    calls = asked.calls * asked.counted
    busy = (asked.calls > 0) & (asked.counted > 0)
    if not busy.any():
        return 0.0, math.nan, 0.0, 0.0, None
    return (
        float(calls.sum()),
        float(np.average(asked.handle, weights=calls)),
        float(asked.agents[busy].mean()),
        float(asked.load[busy].mean()),
        None if asked.patience is None else float(np.average(asked.patience, weights=calls)),
    )


def _reasons(
    floor: Floor, known: Iterable[Cause], at: int | None, simulated: Mapping[str, Estimate],
    said: Mapping[str, dict[str, float] | None],
) -> Iterator[Reason]:  # fmt: skip
    """The causes that a formula leaves out there and that work in the direction of one of its gaps."""
    silent = floor.asked.silent
    if silent.any() if at is None else silent[at]:
        yield Reason("no_agents", _no_agents(floor, at), ("c", "a"))
    if at is not None and not floor.asked.calls[at] > 0:
        text = "No first contacts are expected then, so no formula has anything to say"
        yield Reason("no_calls", text, ("c", "a"))
        return
    gaps = {
        of: {
            gap(metric, simulated[metric], figures[metric])
            for metric in BETTER
            if (of, metric) != HANG_UPS_BY_C
        }
        - {0}
        for of, figures in said.items()
        if figures is not None
    }
    by_a = said["a"]  # hang-ups of which Erlang A knows nothing either have other causes
    lost = "c" in gaps and by_a is not None and by_a["abandonment_rate"] >= 0.005
    lost = lost and bool(gap("abandonment_rate", simulated["abandonment_rate"], 0.0))
    explained: set[str] = set()
    for cause in known:
        signs = cause.signs(at)
        of = tuple(
            key for key in cause.of
            if key in gaps and (gaps[key] if 0 in signs else gaps[key] & signs)
        )  # fmt: skip
        if signs and "c" in gaps and (cause.kind == "unbounded" or (cause.kind == "abandonment" and lost)):
            of = ("c",)  # whatever the other figures say
        if of:
            reason = _reason(floor, cause, at, of, said)
            if not reason.telling(gaps):
                reason = replace(reason, by=None, was=None, then=None)
            if not reason.idle:
                explained.update(of)
                yield reason
    for key in gaps:
        if gaps[key] and key not in explained:
            yield Reason("unexplained", UNKNOWN, (key,))


def _reason(
    floor: Floor, cause: Cause, at: int | None, of: tuple[str, ...], said: Mapping[str, dict[str, float] | None]
) -> Reason:  # fmt: skip
    """In words, and with the service level that comes out with it, where that is known."""
    text = cause.words(at)
    figures = said["c" if cause.kind == "abandonment" or floor.a is None else "a"]
    by = cause.by or ("c" if floor.a is None else "a")
    if cause.then is None or figures is None:
        return Reason(cause.kind, text, of)
    was = figures["service_level"]
    then = cause.then[1] if at is None else float(cause.then[0][at])
    if not math.isfinite(then) or not math.isfinite(was):
        return Reason(cause.kind, text, of)
    return Reason(cause.kind, text, of, by, was, then)


def _no_agents(floor: Floor, at: int | None) -> str:
    when = (
        _spans(floor.scenario, np.flatnonzero(floor.asked.silent))
        if at is None
        else floor.scenario.grid.label(at)
    )
    return (
        f"Nobody is planned to serve {clean(floor.name, 40)} at {when}: no formula can say anything of that"
    )


# As a frame, a document, a table


def formulas_frame(result: "Result") -> Any:
    """Tidy DataFrame: queue, interval ("day" for all of it), metric, simulated with low and high, both formulas."""
    import pandas as pd

    columns = ["queue", "interval", "metric", "simulated", "low", "high", "erlang_c", "erlang_a", "reasons"]
    rows = []
    for row in beside(result):
        kinds = ", ".join(dict.fromkeys(reason.kind for reason in row.reasons))
        for metric, estimate in row.simulated.items():
            formulas = [math.nan if said is None else said[metric] for said in (row.c, row.a)]
            rows.append((row.queue, row.start or "day", metric, *estimate, *formulas, kinds))
    return pd.DataFrame(rows, columns=columns)


def formulas_document(result: "Result") -> list[dict[str, Any]]:
    """The list that `--formulas --json` adds to the document; `start` is null for the day."""
    return [row.to_dict() for row in beside(result)]


def formulas_table(result: "Result", width: int = WIDTH, every: bool = True) -> str:
    """By queue: the figures side by side, what the formulas were asked with, and the reasons in words.

    every: every interval; else, of several days, the one of each day where the service levels are farthest apart.
    """
    rows = beside(result)
    parts = []
    for name in result.scenario.queues:
        own = [row for row in rows if row.queue == name]
        told = own if every else _farthest(result.scenario, own)
        words = [_assumed(result.scenario, name, own), *_explained(result.scenario, own)]
        if len(told) < len(own):
            words.insert(1, FARTHEST)
        tables = (_table(result.scenario, name, told, margins) for margins in MARGINS)
        fits = (text for text in tables if max(map(len, text.splitlines())) <= width)
        narrow = _table(result.scenario, name, told, ())
        parts += [next(fits, narrow), folded(words, width)]
    return "\n\n".join(parts)


def _farthest(scenario: Scenario, rows: list[Row]) -> list[Row]:
    """Of each of several days the interval whose service level is farthest from the formula's; and the whole."""
    days = day_of_intervals(scenario)
    if days[-1] == 0:
        return rows
    found: dict[int, Row] = {}
    for row in rows:
        if row.at is None:
            continue
        day = int(days[row.at])
        if day not in found or _apart(row) > _apart(found[day]):
            found[day] = row
    return [*found.values(), *(row for row in rows if row.at is None)]


def _apart(row: Row) -> float:
    """How far the service level of the simulation is from that of the formula that knows most; −1: not known."""
    said = row.a or row.c
    gap = math.nan if said is None else abs(row.simulated["service_level"].value - said["service_level"])
    return gap if math.isfinite(gap) else -1.0


def _table(scenario: Scenario, name: str, rows: list[Row], margins: tuple[str, ...]) -> str:
    """The figures; margins: the metrics that have theirs beside them."""
    patient = any(row.patience is not None for row in rows)
    within = say_duration(scenario.queues[name].service_level.within)
    waits = [row.simulated["mean_wait"].value for row in rows]
    size, unit = unit_of(max((wait for wait in waits if math.isfinite(wait)), default=0.0))
    kinds = (("service_level", 100.0, f"in {within}\n%"), ("abandonment_rate", 100.0, "hang up\n%"))
    heads = [f"{clean(name, 20)}\n\nfrom", "\n\ncalls", "\nAHT\ns", "\n\nagents"]
    body = [
        [
            row.start or span_of(scenario).removeprefix("a "),
            f"{row.calls:,.4g}",
            _said(row.handle),
            f"{row.agents:.4g}",
        ]
        for row in rows
    ]
    for metric, scale, said in (*kinds, ("mean_wait", 1 / size, f"wait\n{unit}")):
        if (
            metric == "abandonment_rate"
            and not patient
            and not any(row.simulated[metric].value > 0 for row in rows)
        ):
            continue
        shown = [
            key for key in "ca" if (key == "c" or patient) and (key, metric) != ("c", "abandonment_rate")
        ]
        heads += [f"{said}\nsim.", *(f"\n\nby {key.upper()}" for key in shown)]
        for row, line in zip(rows, body, strict=True):
            value, margin = cell(row.simulated[metric], scale)
            line.append(joined((value, margin if metric in margins else "")))
            for key in shown:
                figures = row.c if key == "c" else row.a
                line.append(DASH if figures is None else _said(figures[metric] * scale, 1))
    return tabulate(body, heads, stralign="right", numalign="right", disable_numparse=True)


def _said(value: float, places: int = 0) -> str:
    if math.isnan(value):
        return DASH
    return "no bound" if math.isinf(value) else f"{value:,.{places}f}"


def _assumed(scenario: Scenario, name: str, rows: list[Row]) -> str:
    """What the formulas were asked with."""
    parts = ["first contacts and planned agents of each interval, as if it lasted for ever (SIPP)"]
    together = neighbours(scenario, name)
    if len(together) > 1:
        parts.append("agents with several skills shared out in proportion to load, in whole numbers")
    patience = rows[-1].patience
    if patience is not None:
        own = scenario.queues[name].patience
        how = "through the first point" if own is not None and own.points else "of the same mean"
        plain = own is not None and own.distribution == "exponential"
        parts.append(
            f"a mean patience of {compact(patience)}" + ("" if plain else f" (the exponential {how})")
        )
    return f"{clean(name, 40)}: sim. is the simulation; the formulas, C and A, are asked with {'; '.join(parts)}."


def _explained(scenario: Scenario, rows: list[Row]) -> Iterator[str]:
    """Each reason once: as it is for the day, else as in the interval with most calls; and when it holds."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for reason in row.reasons:
            found.setdefault(reason.kind, [])
            if row not in found[reason.kind]:
                found[reason.kind].append(row)
    twins, span = set[str](), span_of(scenario).removeprefix("a ")
    for kind, holding in found.items():
        best = next((row for row in holding if row.at is None), max(holding, key=lambda row: row.calls))
        reason = next(reason for reason in best.reasons if reason.kind == kind)
        sentence = reason.sentence()
        if sentence in twins:  # redials and repeats share one
            continue
        twins.add(sentence)
        places = np.array([row.at for row in holding if row.at is not None], dtype=int)
        count = sum(row.at is not None for row in rows)
        whole = best.at is None
        if kind in ("no_agents",) or not places.size or places.size == count:
            when = ""
        else:
            when = f" [{f'the {span}; ' if whole else ''}{_spans(scenario, places)}]"
        example = f" (at {best.start})" if best.at is not None and places.size > 1 else ""
        alone = rows[-1].a is not None and len(reason.of) == 1 and "Erlang" not in reason.text
        of = f"{NAMES[reason.of[0]]}: " if alone else ""
        yield f"· {of}{sentence}{example}{when}"


def _spans(scenario: Scenario, places: Array) -> str:
    """Intervals by their start, runs of them from the first to the last: "08:00, 10:00-11:30"."""
    runs: list[list[int]] = []
    for place in map(int, places):
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    label = scenario.grid.label
    said = [label(run[0]) if len(run) == 1 else f"{label(run[0])} to {label(run[-1])}" for run in runs]
    return ", ".join(said[:4]) + (f" and {len(said) - 4} more times" if len(said) > 4 else "")
