"""What staffing costs against the customers that are lost."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.measures.estimate import Estimate
from sim.reports.figures import a_day
from sim.reports.plots import BLUE, GREY, as_label, draw_legend, new_axes
from sim.reports.results import Comparison
from sim.scenario.schema import Scenario

if TYPE_CHECKING:
    from sim.reports.staffing import StaffingResult

NEAR = 0.03  # of the picture: numbers of points closer than that stand below each other


class Point(NamedTuple):
    """A plan, or a staffing: its name, what it costs, and the customers lost under it."""

    name: str
    cost: Estimate
    lost: Estimate


def plot_cost(comparison: Comparison, ax: Any = None) -> Any:
    """Draw each plan by its cost and its lost customers, with 95% margins, and those that no other one beats in both.

    Without a cost per hour, paid hours stand in for it. ax: matplotlib Axes to draw on; a new figure if None.
    Returns the Axes.
    """
    results = comparison.results
    first = results[comparison.baseline]
    has_cost = any(result.group()["staff_cost"].value for result in results.values())
    points = [
        Point(
            plan, result.group()["staff_cost" if has_cost else "paid_hours"], result.queue()["lost_customers"]
        )
        for plan, result in results.items()
    ]
    words = (
        f"{first.count:,} replications; whiskers: 95% margins"
        if first.count > 1
        else "one replication, no margins"
    )
    return draw_cost(points, first.scenario, has_cost, words, ax)


def plot_curve(result: "StaffingResult", ax: Any = None) -> Any:
    """Draw cost against lost customers for the staffing found and for fewer and more agents.

    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    curve = result.found.curve
    has_cost = any(point.cost for point in curve)
    points = [
        Point(
            f"{point.percent:+d}% agents".replace("-", "−") if point.percent else "as found",
            _exact(cost),
            _exact(point.lost),
        )
        for point in curve
        for cost in (point.cost if has_cost else point.hours,)
    ]
    return draw_cost(
        points, result.scenario, has_cost, f"{result.found.days:,} days of search, no margins", ax
    )


def _exact(value: float) -> Estimate:
    return Estimate(value, math.nan, math.nan)


def draw_cost(points: Sequence[Point], scenario: Scenario, has_cost: bool, words: str, ax: Any = None) -> Any:
    """Draw points by cost and lost customers, numbered, with their names beside and the efficient ones joined.

    has_cost: whether the cost is money, else paid hours. ax: matplotlib Axes to draw on; a new figure if None.
    Returns the Axes.
    """
    ax = new_axes(10.5, max(4.8, 1.2 + 0.24 * len(points))) if ax is None else ax
    known = [point for point in points if math.isfinite(point.cost.value) and math.isfinite(point.lost.value)]
    best = efficient(known)
    steps = sorted(best, key=lambda point: point.cost.value)
    at = [point.cost.value for point in steps]
    ax.step(at, [point.lost.value for point in steps], where="post", color=BLUE, linewidth=1.0, alpha=0.7)
    for of, label, look in (
        (best, "no other costs as little and loses fewer", {"color": BLUE, "marker": "o"}),
        ([point for point in known if point not in best], "others", {"color": GREY, "marker": "D"}),
    ):
        if of:
            fill = {} if of is best else {"markerfacecolor": "white"}
            ax.errorbar(
                [point.cost.value for point in of], [point.lost.value for point in of],
                xerr=_reach([point.cost for point in of]), yerr=_reach([point.lost for point in of]),
                linestyle="", markersize=6, capsize=2.5, elinewidth=1.0, label=label, **look, **fill,
            )  # fmt: skip
    ax.margins(0.08)
    losses = [point.lost.value for point in known]
    if min(losses, default=0.0) < 0.5 * max(losses, default=0.0) or not any(losses):
        ax.set_ylim(0, None if any(losses) else 1)  # points that are close need the room
    _number(ax, points)
    names = "\n".join(
        f"{number}  {as_label(point.name, 42).strip()}" for number, point in enumerate(points, 1)
    )
    ax.text(1.03, 1.0, names, transform=ax.transAxes, va="top", fontsize="small", linespacing=1.5)
    span, currency = a_day(scenario), as_label(scenario.currency, 8)
    ax.set_xlabel(f"staff cost{span}, {currency}".rstrip(", ") if has_cost else f"paid hours{span}")
    ax.set_ylabel(f"lost customers{span}")
    ax.set_title(f"{as_label(scenario.name, 70)}\n{words}", fontsize="medium")
    draw_legend(ax)
    return ax


def efficient(points: Sequence[Point]) -> list[Point]:
    """Those points that no other one beats in cost or in lost customers without being worse in the other."""

    def beats(a: Point, b: Point) -> bool:
        no_worse = a.cost.value <= b.cost.value and a.lost.value <= b.lost.value
        return no_worse and (a.cost.value < b.cost.value or a.lost.value < b.lost.value)

    return [point for point in points if not any(beats(other, point) for other in points)]


def _reach(estimates: Sequence[Estimate]) -> np.ndarray | None:
    """How far the whiskers reach; None where no margin is known."""
    margins = np.array([estimate.margin for estimate in estimates])
    return np.nan_to_num(margins) if np.isfinite(margins).any() else None


def _number(ax: Any, points: Sequence[Point]) -> None:
    """The number of each point above it to the right; those that would cover each other in one text."""
    ax.autoscale_view()
    texts: list[tuple[np.ndarray, Point, list[str]]] = []
    for number, point in enumerate(points, 1):
        place = (point.cost.value, point.lost.value)
        if not all(map(math.isfinite, place)):
            continue
        at = ax.transAxes.inverted().transform(ax.transData.transform(place))
        close = next((said for other, _, said in texts if np.hypot(*(at - other)) < NEAR), None)
        if close is None:
            texts.append((at, point, [str(number)]))
        else:
            close.append(str(number))
    for _, point, said in texts:
        look = {"xytext": (5, 5), "textcoords": "offset points", "fontsize": "small", "fontweight": "bold"}
        ax.annotate(", ".join(said), (point.cost.value, point.lost.value), **look)
