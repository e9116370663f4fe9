"""Plans side by side, and what each changes on the same days."""

import math
import textwrap
from typing import Any

from sim.measures.estimate import Estimate
from sim.reports.figures import a_day, cell, compact, joined, unit_of
from sim.reports.plots import (
    BLUE,
    GREY,
    HATCHES,
    PALE,
    SKY,
    VERMILLION,
    as_label,
    bare,
    draw_legend,
    new_axes,
    panels,
)
from sim.reports.results import Comparison, Result
from sim.reports.verdicts import verdict, wait_metric

# By the word of the verdict: colour, hatch, and what the legend says
VERDICTS = {
    "better": (BLUE, "", "better"), "worse": (VERMILLION, HATCHES[1], "worse"), "": (GREY, "", ""),
    "cannot tell yet": (PALE, "", "cannot tell yet"), "no difference": (PALE, "", "no difference"),
    "differs": (SKY, HATCHES[2], "better in some things, worse in others"),
}  # fmt: skip
WAITS = {"mean_wait": "wait {}", "time_to_agent": "{} to an agent"}


def plot_plans(comparison: Comparison, ax: Any = None) -> Any:
    """Draw lost customers (or the wait, where none are lost) by plan, and what stands beside them in words.

    The colour says how a plan fares against the baseline on the same days; its whisker is the 95% margin of that
    difference, so one that does not reach the baseline's dotted line shows a difference that is sure.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    plans = list(comparison.results)
    first = comparison.results[plans[0]]
    ax = new_axes(10.5, 1.8 + 0.55 * len(plans)) if ax is None else ax
    queues = {plan: result.queue() for plan, result in comparison.results.items()}
    wait = wait_metric(comparison.results.values())
    metric = "lost_customers" if any(row["lost_customers"].value for row in queues.values()) else wait
    values = [row[metric].value for row in queues.values()]
    longest = max((value for value in values if math.isfinite(value)), default=0.0)
    scale, unit = (1.0, "lost") if metric == "lost_customers" else unit_of(longest)
    labels = set()
    for row, plan in enumerate(plans):
        end, change = values[row] / scale, comparison.difference(plan)[metric]
        colour, hatch, label = (
            (GREY, "", "baseline") if row == 0 else VERDICTS[verdict(comparison, plan).word]
        )
        look = {"facecolor": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0}
        ax.barh(row, end, height=0.62, label="" if label in labels else label, **look)
        labels.add(label)
        if row and math.isfinite(change.margin):
            ax.errorbar(end, row, xerr=change.margin / scale, color="black", capsize=3, linewidth=1.2)
        words = [] if row == 0 else [f"{_signed(change, scale)} {unit}"]
        words += [WAITS[wait].format(compact(queues[plan][wait].value))] if metric == "lost_customers" else []
        beside = " · ".join([*words, _spent(comparison.results[plan])])
        ax.text(1.02, row, beside, transform=ax.get_yaxis_transform(), va="center", fontsize="small")
    ax.axvline(values[0] / scale, color="black", linewidth=0.8, linestyle=":")
    ax.set_yticks(range(len(plans)), [_folded(plan) for plan in plans])
    ax.set_ylim(len(plans) - 0.4, -0.6)
    heads = {"lost_customers": f"lost customers{a_day(first.scenario)}", "mean_wait": f"mean wait, {unit}"}
    ax.set_xlabel(heads.get(metric, f"mean time to an agent, {unit}"))
    ax.set_xlim(left=0)
    margins = (
        f"; whiskers: 95% margin of the difference to {as_label(plans[0], 40)}" if len(plans) > 1 else ""
    )
    played = f"{first.count:,} replications{margins}" if first.count > 1 else "one replication, no margins"
    ax.set_title(f"{as_label(first.scenario.name, 70)}\n{played}", fontsize="medium")
    against = f"against {as_label(plans[0], 40)}, on the same days"
    draw_legend(ax, title=against if len(plans) > 1 else "")
    return ax


def plot_differences(comparison: Comparison, ax: Any = None) -> Any:
    """Draw what each plan changes against the baseline on the same days: lost customers, wait, service level, cost.

    Points are paired differences, whiskers their 95% margins; where one does not reach the line at 0 the change is
    sure. ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    first, plans = comparison.results[comparison.baseline], list(comparison.results)[1:]
    ax = new_axes(12.0, 1.9 + 0.5 * max(1, len(plans))) if ax is None else ax
    changes = {plan: comparison.difference(plan) for plan in plans}
    costs = {plan: comparison.difference(plan, "group", "all") for plan in plans}
    wait = wait_metric(comparison.results.values())
    span, currency = a_day(first.scenario), as_label(first.scenario.currency, 8)
    seconds, unit = unit_of(max((abs(each[wait].value) for each in changes.values()), default=0.0))
    said = {"mean_wait": "mean wait", "time_to_agent": "time to an agent"}[wait]
    has_cost = any(result.group()["staff_cost"].value for result in comparison.results.values())
    cost, money = (
        ("staff_cost", f"cost{span}, {currency}") if has_cost else ("paid_hours", f"paid hours{span}")
    )
    columns = [
        (f"lost customers{span}", {plan: each["lost_customers"] for plan, each in changes.items()}, 1.0, -1),
        (f"{said}, {unit}", {plan: each[wait] for plan, each in changes.items()}, 1 / seconds, -1),
        (
            "service level,\npercentage points",
            {p: each["service_level"] for p, each in changes.items()},
            100.0,
            1,
        ),
        (money.rstrip(", "), {plan: each[cost] for plan, each in costs.items()}, 1.0, -1),
    ]
    for place, (panel, column) in enumerate(
        zip(panels(ax, [1.0] * 4, 0.12, across=True), columns, strict=True)
    ):
        _draw_changes(panel, *column)
        panel.set_yticks(range(len(plans)), [_folded(plan) for plan in plans] if not place else [])
    draw_legend(ax, ax.child_axes, below=6.5)
    words = "whiskers: 95% margins" if first.count > 1 else "no margins"
    head = f"change against {as_label(comparison.baseline, 40)} on the same days"
    played = f"{first.count:,} replication{'s' * (first.count != 1)}; {words}"
    ax.set_title(f"{as_label(first.scenario.name, 70)}\n{head} · {played}", fontsize="medium")
    return ax


def _draw_changes(ax: Any, title: str, changes: dict[str, Estimate], scale: float, good: int) -> None:
    """The changes of one figure, a row for each plan; good: the sign of a change for the better."""
    ax.axvline(0.0, color="black", linewidth=0.9)
    for row, change in enumerate(changes.values()):
        if not math.isfinite(change.value):
            continue
        sure = math.isfinite(change.margin) and abs(change.value) > change.margin
        better = change.value * good > 0
        colour, mark = (BLUE, "o") if sure and better else (VERMILLION, "s") if sure else (GREY, "D")
        reach = scale * change.margin if math.isfinite(change.margin) else 0.0
        label = "surely better" if sure and better else "surely worse" if sure else "not sure"
        look = {"color": colour, "marker": mark, "markersize": 6, "capsize": 3, "linestyle": ""}
        look |= {} if sure else {"markerfacecolor": "white"}
        ax.errorbar(scale * change.value, row, xerr=reach, label=label, **look)
    ax.set_ylim(max(1, len(changes)) - 0.4, -0.6)
    ax.set_xlabel(title)
    ax.margins(x=0.12)
    ax.locator_params(axis="x", nbins=4)
    ax.tick_params(axis="x", labelsize="small")
    bare(ax)


def _signed(change: Estimate, scale: float) -> str:
    """A difference as the tables have it, with a minus as long as the plus."""
    return joined(cell(change, 1 / scale, signed=True)).replace("-", "−")


def _spent(result: Result) -> str:
    """What a plan costs, or its paid hours where nothing has a cost."""
    agents, currency = result.group(), as_label(result.scenario.currency, 8)
    cost, hours = agents["staff_cost"].value, agents["paid_hours"].value
    return f"{cost:,.0f} {currency}".rstrip() if cost else f"{hours:,.1f} paid h"


def _folded(name: str) -> str:
    """A name on three lines at most."""
    return "\n".join(textwrap.wrap(as_label(name, 72), 26))
