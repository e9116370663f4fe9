"""A stored sweep as text, as small HTML tables and as a document."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sim.measures.estimate import Estimate
from sim.reports.figures import (
    CENTS,
    Cell,
    a_day,
    aligned,
    cell,
    clean,
    compact,
    finite,
    folded,
    number,
    percent,
    unit_of,
)
from sim.reports.layout import WIDTH, Table, notebook_html, table_of
from sim.reports.sweepqueries import METRICS
from sim.scenario.units import say_duration, say_share

if TYPE_CHECKING:
    from sim.reports.conditions import Column
    from sim.reports.effects import Effects
    from sim.reports.sweepqueries import Row
    from sim.reports.sweeps import SweepResult

FORMAT = 1
LONG = 1000  # rows
WIDEST = 24  # characters of a factor's name
FEW = 10  # points in a notebook, and failures that are told
DESIGNS = {
    "grid": "all combinations", "latin_hypercube": "Latin hypercube", "sobol": "Sobol points", "points": "a list",
}  # fmt: skip


def head_of(result: "SweepResult") -> str:
    """What was swept, how far it is, and what failed."""
    counts, seed = result.counts, result.head["seed"]
    varied = ", ".join(clean(column.name, 40) for column in result.factors)
    design = DESIGNS.get(result.design, result.design)
    done = f"{counts.played:,} of {counts.points:,} points" if counts.played < counts.points else ""
    done = done or f"all {counts.points:,} points" * (counts.points > 1) or "one point"
    parts = [f"{done} played", f"{_replications(counts.least, counts.most)}, seed {seed}"]
    parts += [f"{counts.short:,} points short of replications"] * bool(counts.short)
    parts += [f"{counts.failed:,} failed"] * bool(counts.failed)
    title = clean(result.name, 90)
    return f"{title}\nvaried: {varied} ({design})\n{' · '.join(parts)} · ± are 95% margins"


def _replications(least: int, most: int) -> str:
    said = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return f"{said} replication{'s' * (most != 1)}"


def points_table(result: "SweepResult", rows: Sequence["Row"], metrics: Sequence[str]) -> Table:
    """Points by number: the factors' values, then the metrics; columns of points that failed are empty."""
    numbers = [f"{row.point}" for row in rows]
    figures = _figures(result, numbers, [row.estimates for row in rows], metrics)
    heads = [short(column.name) for column in result.factors]
    columns = [[_level(column, row.values[column.name]) for row in rows] for column in result.factors]
    whose = " · ".join(
        f"{kind} {clean(name, 20)}"
        for kind, name in (("queue", result.queue), ("group", result.group))
        if name != "all"
    )
    return Table(
        f"{whose}\npoint".lstrip("\n"), numbers, [*heads, *figures.heads], [*columns, *figures.columns]
    )


def long_text(table: Table) -> str:
    """A table of any width as text, for thousands of rows: laying them out in full takes half a millisecond each."""
    if len(table.names) <= LONG:
        return table.text()
    columns = [table.names, *(aligned(column) for column in table.columns)]
    heads = [head.split("\n") for head in (table.corner, *table.heads)]
    tall = max(map(len, heads))
    tops = [[""] * (tall - len(head)) + head for head in heads]
    widths = [max(map(len, (*top, *column))) for top, column in zip(tops, columns, strict=True)]
    lines = [*zip(*tops, strict=True), ["-" * width for width in widths], *zip(*columns, strict=True)]
    form = "  ".join([f"{{:<{widths[0]}}}", *(f"{{:>{width}}}" for width in widths[1:])])
    return "\n".join(form.format(*line) for line in lines)


def difference_table(
    result: "SweepResult", points: Sequence["Row"], other: int, metrics: Sequence[str]
) -> Table:
    """The differences of points to another one, paired by replication."""
    paired = [result.difference(row.point, other) for row in points]
    rows = [
        {metric: one.get(metric, Estimate(math.nan, math.nan, math.nan)) for metric in metrics}
        for one in paired
    ]
    names = [f"{row.point}" for row in points]
    figures = _figures(result, names, rows, metrics, signed=True)
    heads = [short(column.name) for column in result.factors]
    columns = [[_level(column, row.values[column.name]) for row in points] for column in result.factors]
    corner = f"difference\nto point {other}"
    return Table(corner, names, [*heads, *figures.heads], [*columns, *figures.columns])


def _figures(
    result: "SweepResult", names: Sequence[str], rows: Sequence[Any], metrics: Sequence[str], signed: bool = False
) -> Table:  # fmt: skip
    return table_of("", names, rows, metrics, [result.scenario], signed)


def effects_table(result: "SweepResult", effects: "Effects") -> Table:
    """Factors by their share of the spread, what each changes, and what is left to all together and to chance."""
    columns = {column.name: column for column in result.factors}
    names = [short(effect.factor) for effect in effects.effects]
    steps: list[Cell] = [
        (f"{level_of(columns[e.factor], e.low)} → {level_of(columns[e.factor], e.high)}", "")
        for e in effects.effects
    ]
    unit, changes = changes_of(result, effects)
    shares = [effect.share for effect in effects.effects]
    rest = [("together", effects.together)]
    if not math.isnan(effects.noise):
        rest.append(("chance in the days", Estimate(effects.noise, math.nan, math.nan)))
    named = [*names, *(f"({name})" for name, _ in rest)]
    blank: list[Cell] = [("", "")] * len(rest)
    share = [_percent(estimate) for estimate in [*shares, *(estimate for _, estimate in rest)]]
    title = clean(effects.metric.replace("_", " "), 40)
    heads = ["from → to", f"change\n{unit}".rstrip(), "share of\nthe spread, %"]
    return Table(f"what matters for\n{title}", named, heads, [[*steps, *blank], [*changes, *blank], share])


def changes_of(result: "SweepResult", effects: "Effects") -> tuple[str, list[Cell]]:
    """What each factor changes, in one unit, which comes first."""
    kind = METRICS[effects.metric].unit
    changes = [effect.change for effect in effects.effects]
    size, unit = unit_of(max(abs(change.value) for change in changes)) if kind == "s" else (1.0, "")
    size, unit = (0.01, "% points") if kind == "share" else (size, unit)
    unit = {"money": clean(result.scenario.currency, 8), "hours": "h"}.get(kind, unit)
    most = CENTS if kind == "money" else 6
    return unit, [cell(change, 1 / size, signed=True, most=most) for change in changes]


def effects_words(result: "SweepResult", effects: "Effects") -> str:
    """How the table of effects is to be read."""
    sentences = [
        "The share says how much of the spread of the metric over the points a factor explains alone; (together) is "
        + ("what they do only in combination, and what is no parabola." if effects.drawn else "what they do only in "
        "combination."),
    ]  # fmt: skip
    counts = result.counts
    if effects.points < counts.points:
        unplayed = ": shares may change when all are played" * (counts.played < counts.points)
        sentences.append(f"{effects.points:,} of {counts.points:,} points are in it{unplayed}.")
    return folded(sentences, WIDTH)


def _percent(estimate: Estimate) -> Cell:
    """A share in whole percent, with one decimal below ten; never −0."""
    value, margin = 100.0 * estimate.value, 100.0 * estimate.margin
    places = 1 if abs(value) < 9.95 else 0
    told = f"{round(value, places) + 0.0:.{places}f}"
    return told, "" if math.isnan(margin) else f"{margin:.{places}f}"


def failures_of(result: "SweepResult") -> str:
    """The errors of points that failed, the first few of them."""
    failed = result.failures
    told = [f"Point {point} failed: {clean(error, 300)}" for point, error in failed[:FEW]]
    return folded([*told, *[f"{len(failed) - FEW:,} more failed."] * (len(failed) > FEW)], WIDTH)


def spread_words(result: "SweepResult", metric: str, rows: Sequence["Row"], low: float, high: float) -> str:
    """The 90% range of a metric over some points, "90% chance of service level between 71% and 86%".

    It is a chance only where points were drawn, and differ in nothing else.
    """
    chosen = [column.name for column in result.factors if column.name not in result.drawn]
    drawn = result.design in ("latin_hypercube", "sobol")
    drawn = drawn and all(len({row.values[name] for row in rows}) == 1 for name in chosen)
    kind, title = METRICS[metric].unit, metric.replace("_", " ")
    told = [said_value(value, kind, result) for value in (low, high)]
    per = a_day(result.scenario) if METRICS[metric].kind == "count" else ""
    head = f"90% chance of {title}" if drawn else f"{title} at 90% of the points"
    return f"{head} between {told[0]} and {told[1]}{per}"


def said_value(value: float, kind: str, result: "SweepResult") -> str:
    """A value of a metric in words, with its unit."""
    if kind == "s":
        return compact(value)
    if kind == "share":
        return percent(value)
    places = 0 if abs(value) >= 100 else 1
    unit = clean(result.scenario.currency, 8) if kind == "money" else "h" if kind == "hours" else ""
    return f"{number(value, places)} {unit}".rstrip()


def level_of(column: "Column", value: float | str | None) -> str:
    """The value of a factor as people write it."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return clean(value, 40)
    if column.unit == "s":
        return say_duration(value)
    if column.unit == "share":
        return say_share(value)
    if column.unit == "1/s":
        return f"{3600 * value:,.4g} / h"
    return f"{value:,.4g}" if value != int(value) else f"{int(value):,}"


def short(name: str) -> str:
    """A factor's name, of a long path the end: "agents.front_line.staffing" as "front_line.staffing"."""
    while len(name) > WIDEST and "." in name:
        name = name.partition(".")[2]
    return clean(name, WIDEST)


def _level(column: "Column", value: float | str | None) -> Cell:
    return level_of(column, value), ""


def document_of(result: "SweepResult", rows: Iterable["Row"], against: int | None = None) -> dict[str, Any]:
    """Everything about some points, numbers in seconds and fractions; with differences to another one if wanted."""
    points = []
    for row in rows:
        told: dict[str, Any] = {
            "point": row.point, "replications": row.replications, "error": row.error or None, "factors": row.values,
            "metrics": {name: estimate._asdict() for name, estimate in row.estimates.items()},
        }  # fmt: skip
        if against is not None and row.replications:
            paired = result.difference(row.point, against)
            told["difference"] = {name: estimate._asdict() for name, estimate in paired.items()}
        points.append(told)
    head = {key: result.head.get(key) for key in ("name", "version", "scenario_sha256", "seed", "design")}
    document = {"format": FORMAT, **head, "queue": result.queue, "group": result.group, "against": against}
    document |= {**result.counts._asdict(), "rows": points}
    cleaned: dict[str, Any] = finite(document)
    return cleaned


def effects_document(effects: "Effects") -> dict[str, Any]:
    """What matters most, as `--json` prints it."""
    rows = [
        effect._asdict() | {"change": effect.change._asdict(), "share": effect.share._asdict()}
        for effect in effects.effects
    ]
    document = {
        "format": FORMAT, "metric": effects.metric, "points": effects.points, "effects": rows,
        "together": effects.together._asdict(), "noise": effects.noise,
    }  # fmt: skip
    cleaned: dict[str, Any] = finite(document)
    return cleaned


def sweep_html(result: "SweepResult") -> str:
    """The head and the first points, for a notebook."""
    rows = result.rows(limit=FEW)
    tables = [points_table(result, rows, result.metrics)] if rows else []
    more = [f"The first {FEW} points; best() ranks them, points() has all."] * (
        len(rows) == FEW < result.counts.points
    )
    return notebook_html(head_of(result), tables, more)
