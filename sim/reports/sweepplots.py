"""Pictures of a sweep: lines over a factor, cost against harm, what matters most, how a figure is spread."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import InputError, nearest, shown
from sim.measures.estimate import Estimate
from sim.measures.metrics import AGENT_METRICS
from sim.reports.conditions import EVERYWHERE
from sim.reports.figures import a_day, clean, joined, unit_of
from sim.reports.layout import promise_head
from sim.reports.plots import (
    BLUE,
    GREY,
    LINES,
    MARKS,
    PALE,
    STYLES,
    as_label,
    draw_legend,
    new_axes,
)
from sim.reports.sweepqueries import METRICS
from sim.reports.sweeptables import changes_of, effects_table, level_of, said_value, short, spread_words

if TYPE_CHECKING:
    from sim.reports.conditions import Column
    from sim.reports.effects import Effects
    from sim.reports.sweepqueries import Row
    from sim.reports.sweeps import SweepResult

MOST_LINES = 8
MOST_PLACES = 40  # of x on a line; more are drawn as points
MOST_WHISKERS = 400  # points that get intervals
MOST_NAMED = 12  # efficient points
NEAR = 0.06  # of the picture: names closer than that would cover each other
DODGE = 0.008  # of the width of the picture, so that intervals do not hide each other
WHISKER = {"capsize": 2.5, "elinewidth": 1.0, "capthick": 1.0}
RANGE = (0.05, 0.95)


class _Axis(NamedTuple):
    """What a figure is multiplied with, and its title with the unit."""

    scale: float
    title: str


def plot_lines(result: "SweepResult", x: str, y: str, by: str | None, ax: Any = None) -> Any:
    """Draw a metric against a factor or another metric, one line for each level of the factor `by`.

    Points that differ in other factors only are averaged, value and ends of the interval alike: the margin of their
    mean is no wider than that. ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    across, up = _column(result, x), _metric(result, y)
    if by is not None and not _column(result, by).is_factor:
        raise InputError(f"{by} is a metric; lines are told apart by a factor", path="by")
    rows = _rows(result, [y] if across.is_factor else [x, y])
    ax = new_axes(8.5, 5.2) if ax is None else ax
    levels = _levels(result, by, rows)
    places: list[Any] = list(dict.fromkeys(row.values[x] for row in rows)) if across.is_factor else []
    named = across.is_factor and (not across.numeric or None in places)
    vertical = _axis(result, up, [row.estimates[y].value for row in rows])
    if named:
        ax.set_xticks(range(len(places)), [as_label(level_of(across, place), 24) for place in places])
        horizontal = _Axis(1.0, as_label(x, 60))
        width = float(max(1, len(places) - 1))
    else:
        values = [row.values[x] if across.is_factor else row.estimates[x].value for row in rows]
        horizontal = _axis(result, across, values)
        width = float(np.ptp(np.array(values, dtype=float))) * horizontal.scale
    as_points = not across.is_factor or len(places) > MOST_PLACES
    for number, level in enumerate(levels):
        own = rows if by is None else [row for row in rows if row.values[by] == level]
        name = "" if by is None else as_label(f"{short(by)} {level_of(result.columns[by], level)}", 50)
        style = {"color": LINES[number % len(LINES)], "marker": MARKS[number % len(MARKS)], "label": name}
        if as_points:
            _draw_points(ax, own, across, y, (horizontal.scale, vertical.scale), style)
            continue
        shift = DODGE * width * (number - (len(levels) - 1) / 2)
        means = _means(own, x, y)
        order: list[Any] = places if named else sorted(means)
        at = [places.index(place) if named else place * horizontal.scale for place in order if place in means]
        told = [means[place] for place in order if place in means]
        style |= {"linestyle": STYLES[number % len(STYLES)]}
        _draw_whiskers(ax, np.array(at, dtype=float) + shift, told, vertical.scale, style)
    ax.set_xlabel(horizontal.title)
    ax.set_ylabel(vertical.title)
    others = [
        c.name for c in result.factors if c.name not in (x, by) and len({r.values[c.name] for r in rows}) > 1
    ]
    mixed = f"averaged over {', '.join(short(name) for name in others)}" * (bool(others) and not as_points)
    _finish(result, ax, [mixed, "whiskers: 95% margins" * (len(rows) <= MOST_WHISKERS or not as_points)])
    return ax


def plot_efficient(result: "SweepResult", cost: str, harm: str, ax: Any = None) -> Any:
    """Draw all points by cost and harm, and those that no other one beats in both, named by number and levels.

    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    rows = _rows(result, [cost, harm])
    best = result.efficient_rows(cost, harm)
    ax = new_axes(10.0, 5.6) if ax is None else ax
    across, up = (
        _axis(result, result.columns[name], [row.estimates[name].value for row in rows])
        for name in (cost, harm)
    )
    xs, ys = (
        np.array([row.estimates[name].value for row in rows]) * axis.scale
        for name, axis in ((cost, across), (harm, up))
    )
    others = f"{len(rows):,} points" if len(rows) > 1 else "the point"
    ax.scatter(
        xs,
        ys,
        s=14,
        facecolors="none",
        edgecolors=GREY if len(rows) <= 2000 else PALE,
        linewidths=0.7,
        label=others,
        rasterized=len(rows) > 2000,
    )
    line = {
        "color": BLUE,
        "linestyle": "-",
        "marker": "o",
        "label": "efficient: no other costs as little and does less harm",
    }
    at = np.array([row.estimates[cost].value for row in best]) * across.scale
    ax.step(
        at,
        [row.estimates[harm].value * up.scale for row in best],
        where="post",
        color=BLUE,
        linewidth=0.9,
        alpha=0.6,
    )
    _draw_whiskers(ax, at, [row.estimates[harm] for row in best], up.scale, line | {"linestyle": ""})
    seen = _framed(
        ax,
        xs,
        ys,
        [row.estimates[cost].value * across.scale for row in best],
        [row.estimates[harm].value * up.scale for row in best],
    )
    told = _apart(
        ax, best, lambda row: (row.estimates[cost].value * across.scale, row.estimates[harm].value * up.scale)
    )
    for row in told:
        place = (row.estimates[cost].value * across.scale, row.estimates[harm].value * up.scale)
        ax.annotate(
            str(row.point),
            place,
            xytext=(4, 5),
            textcoords="offset points",
            fontsize="small",
            fontweight="bold",
        )
    words = [f"{row.point}:  {_levels_of(result, row)}" for row in told]
    words += [f"… {len(best) - len(told):,} more, see ccsim show --efficient"] * (len(best) > len(told))
    ax.text(1.02, 1.0, "\n".join(words), transform=ax.transAxes, va="top", fontsize="small", linespacing=1.5)
    ax.set_xlabel(across.title)
    ax.set_ylabel(up.title)
    hidden = len(rows) - seen
    _finish(result, ax, ["whiskers: 95% margins", f"{hidden:,} points lie beyond the edges" * bool(hidden)])
    return ax


def _framed(
    ax: Any, xs: np.ndarray, ys: np.ndarray, best_xs: Sequence[float], best_ys: Sequence[float]
) -> int:
    """Leave out what is far worse than all efficient points; how many are left."""
    inside = np.ones(xs.size, dtype=bool)
    for values, efficient, limit in ((xs, best_xs, ax.set_xlim), (ys, best_ys, ax.set_ylim)):
        low, high = min(efficient), max(efficient)
        span = high - low
        if span > 0 and values.max() > high + span:
            limit(low - 0.1 * span, high + span)
            inside &= values <= high + span
    return int(inside.sum())


def _apart(ax: Any, rows: Sequence["Row"], place: Callable[["Row"], tuple[float, float]]) -> list["Row"]:
    """Those rows, a dozen at most and from end to end, whose names do not cover each other in the picture."""
    ax.autoscale_view()
    told: list[tuple[np.ndarray, Row]] = []
    for row in rows:
        at = ax.transAxes.inverted().transform(ax.transData.transform(place(row)))
        if all(np.hypot(*(at - other)) > NEAR for other, _ in told):
            told.append((at, row))
    chosen = np.linspace(0, len(told) - 1, min(len(told), MOST_NAMED)).round().astype(int)
    return [told[place][1] for place in chosen]


def plot_effects(result: "SweepResult", effects: "Effects", ax: Any = None) -> Any:
    """Draw the share of the spread that each factor explains as bars, with margins and what it changes beside.

    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    table, unit = effects_table(result, effects), changes_of(result, effects)[0]
    count = len(effects.effects)
    ax = new_axes(10.0, 1.9 + 0.5 * len(table.names)) if ax is None else ax
    rest = [
        effects.together,
        *([Estimate(effects.noise, *[np.nan] * 2)] if len(table.names) > count + 1 else []),
    ]
    shares = [*(effect.share for effect in effects.effects), *rest]
    for row, share in enumerate(shares):
        own = {"color": BLUE} if row < count else {"color": "white", "edgecolor": GREY, "hatch": "////"}
        ax.barh(row, 100 * share.value, height=0.62, **own)
        if np.isfinite(share.margin):
            ax.errorbar(
                100 * share.value, row, xerr=100 * share.margin, color="black", linewidth=1.2, capsize=3
            )
        steps, change = (joined(column[row]) for column in table.columns[:2])
        words = "" if row >= count else f"{change.replace('-', '−')} {unit}: {steps}"
        ax.text(
            1.02,
            row,
            as_label(words.rstrip(), 70),
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize="small",
        )
    names = [as_label(name, 30) for name in table.names]
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_xlim(min(0.0, 100 * min(share.value for share in shares) - 5), 105)
    title = clean(effects.metric.replace("_", " "), 40)
    ax.set_xlabel(f"share of the spread of {title} over the points, %")
    _finish(result, ax, [f"what matters most for {title}", "whiskers: 95% margins"])
    return ax


def plot_spread(result: "SweepResult", metric: str, ax: Any = None) -> Any:
    """Draw how a metric is spread over the points, with the range that holds 90% of them.

    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    rows = _rows(result, [_metric(result, metric).name])
    values = np.array([row.estimates[metric].value for row in rows])
    axis = _axis(result, result.columns[metric], list(values))
    low, middle, high = np.quantile(values, [RANGE[0], 0.5, RANGE[1]])
    ax = new_axes(8.5, 4.8) if ax is None else ax
    bins = np.histogram_bin_edges(values * axis.scale, bins=int(np.clip(np.sqrt(values.size) * 1.5, 5, 40)))
    inside = (values >= low) & (values <= high)
    parts = [values[inside] * axis.scale, values[~inside] * axis.scale]
    ax.hist(
        parts, bins=bins, stacked=True, color=[BLUE, PALE], edgecolor="white", linewidth=0.5,
        label=["90% of the points", "5% on either side"],
    )  # fmt: skip
    for value, style in ((low, "--"), (high, "--"), (middle, "-")):
        ax.axvline(
            value * axis.scale, color="black", linewidth=1.1, linestyle=style, label="median" * (style == "-")
        )
    ax.set_xlabel(axis.title)
    ax.set_ylabel(f"points, of {values.size:,}")
    words = spread_words(result, metric, rows, float(low), float(high))
    _finish(
        result,
        ax,
        [as_label(words, 110), f"median {said_value(float(middle), METRICS[metric].unit, result)}"],
    )
    return ax


def _draw_whiskers(
    ax: Any, at: np.ndarray, told: Sequence[Estimate], scale: float, style: dict[str, Any]
) -> None:
    """A line of values with their intervals."""
    values, margins = (
        np.array(part) * scale for part in zip(*((e.value, e.margin) for e in told), strict=True)
    )
    ax.errorbar(at, values, yerr=np.nan_to_num(margins), markersize=5, linewidth=1.4, **WHISKER, **style)


def _draw_points(
    ax: Any,
    rows: Sequence["Row"],
    across: "Column",
    y: str,
    scales: tuple[float, float],
    style: dict[str, Any],
) -> None:
    """Points with their intervals, both ways where x is a metric too."""
    heights = [row.estimates[y] for row in rows]
    values = [
        row.values[across.name] if across.is_factor else row.estimates[across.name].value for row in rows
    ]
    whiskers: dict[str, Any] = {}
    if len(rows) <= MOST_WHISKERS:
        whiskers["yerr"] = np.nan_to_num([e.margin for e in heights]) * scales[1]
        if not across.is_factor:
            whiskers["xerr"] = np.nan_to_num([row.estimates[across.name].margin for row in rows]) * scales[0]
    ax.errorbar(
        np.array(values, dtype=float) * scales[0], np.array([e.value for e in heights]) * scales[1], linestyle="",
        markersize=4, elinewidth=0.6, alpha=0.8, rasterized=len(rows) > 2000, **whiskers, **style,
    )  # fmt: skip


def _means(rows: Sequence["Row"], x: str, y: str) -> dict[Any, Estimate]:
    """The mean of the estimates at each x."""
    found: dict[Any, list[Estimate]] = {}
    for row in rows:
        found.setdefault(row.values[x], []).append(row.estimates[y])
    return {place: Estimate(*(float(v) for v in np.mean(told, axis=0))) for place, told in found.items()}


def _levels(result: "SweepResult", by: str | None, rows: Sequence["Row"]) -> list[Any]:
    """The levels that get a line each."""
    if by is None:
        return [None]
    levels = list(dict.fromkeys(row.values[by] for row in rows))
    if len(levels) > MOST_LINES:
        raise InputError(
            f"{clean(by, 40)} has {len(levels):,} levels, and {MOST_LINES} lines can be told apart; "
            "choose some of them with --where, or another factor",
            path="by",
        )
    return levels if None in levels or not result.columns[by].numeric else sorted(levels)


def _column(result: "SweepResult", name: str) -> "Column":
    if name not in result.columns:
        known = f"{nearest(name, result.columns)}; known are {', '.join(result.columns)}"
        raise InputError(f"there is no factor or metric {shown(name)}{known}")
    return result.columns[name]


def _metric(result: "SweepResult", name: str) -> "Column":
    column = _column(result, name)
    if column.is_factor:
        raise InputError(f"{name} is a factor; draw a metric: {', '.join(result.metrics)}")
    return column


def _rows(result: "SweepResult", metrics: Sequence[str]) -> list["Row"]:
    """The points that have all of these metrics."""
    rows = result.rows(metrics)
    rows = [row for row in rows if all(np.isfinite(row.estimates[name].value) for name in metrics)]
    if not rows:
        wanted = " and ".join(metrics)
        if result.condition is not EVERYWHERE:
            raise InputError(f"no point that meets the condition has a value of {wanted}; choose others")
        raise InputError(f"no point has a value of {wanted} yet, so there is nothing to draw")
    return rows


def _axis(result: "SweepResult", column: "Column", values: Sequence[Any]) -> _Axis:
    """The unit that suits some values, and a title."""
    title = as_label(column.name if column.is_factor else column.name.replace("_", " "), 60)
    scale = 1.0
    if column.unit == "s":
        size, unit = unit_of(max(abs(value) for value in values))
        scale = 1 / size
    elif column.unit == "1/s":
        scale, unit = 3600.0, "an hour"
    elif column.unit == "share":
        scale, unit = 100.0, "%"
    else:
        unit = {"money": as_label(result.scenario.currency, 8), "hours": "h"}.get(column.unit, "")
    if column.is_factor:
        return _Axis(scale, f"{title}, {unit}" if unit else title)
    if column.name == "service_level":
        title = promise_head([result.scenario]).replace("\n", " ")
    if METRICS[column.name].kind == "count" and column.name != "mean_queue_length":
        title += a_day(result.scenario)
    whose = result.group if column.name in AGENT_METRICS else result.queue
    title += f" ({as_label(whose, 30)})" * (whose != "all")
    return _Axis(scale, f"{title}, {unit}" if unit else title)


def _levels_of(result: "SweepResult", row: "Row") -> str:
    """The levels of a point in a few words."""
    told = [f"{short(c.name)} {clean(level_of(c, row.values[c.name]), 24)}" for c in result.factors]
    return as_label(" · ".join(told), 100)


def _finish(result: "SweepResult", ax: Any, words: Sequence[str]) -> None:
    """Title, what is to be known, and the legend below."""
    told = "; ".join(word for word in words if word)
    ax.set_title(f"{as_label(result.name, 80)}\n{told}", fontsize="medium")
    draw_legend(ax)
