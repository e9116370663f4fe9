"""What becomes of all contacts, from arrival to served, dialling again or lost, as a flow."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.reports.figures import a_day, said
from sim.reports.outcomes import ENDINGS, ORIGINS, Kind, sums
from sim.reports.plots import BLUE, GREY, PALE, VERMILLION, new_axes
from sim.reports.results import Result
from sim.reports.timeaxis import set_title

AT = (0.0, 1.0, 2.0, 3.0)  # of the columns: where contacts come from, all, how they end, what follows
THICK = 0.05  # of a column
GAP = 0.045  # between two nodes of a column, of all contacts
ROOM = 0.085  # that the name of a node takes at least
SERVED, WAITING, AGAIN, GONE = "served", "wait on", "dial again", "give up, unserved"
KINDS = {kind.name: kind for kind in ENDINGS}
SMALLEST = 0.0005  # of all contacts; a smaller stream is not drawn


class Node(NamedTuple):
    """A part of a column: how many contacts there are (size), its colour and its hatch."""

    name: str
    size: float
    colour: str
    hatch: str = ""


def plot_flow(result: Result, ax: Any = None) -> Any:
    """Draw as a flow where contacts come from, how they end, and what follows; heights are contacts a replication.

    Who dials again is taken in equal shares from all who hung up or were turned away.
    ax: matplotlib Axes to draw on; a new figure if None. Returns the Axes.
    """
    ax = new_axes(11.0, 5.8) if ax is None else ax
    columns, total = flow_of(result)
    ax.set_axis_off()
    ax.set_xlim(-0.75, 3.95)
    if total <= 0:
        ax.text(0.5, 0.5, "no contacts came", ha="center", va="center", transform=ax.transAxes)
        set_title(ax, result, _words(result))
        return ax
    places = [_placed(nodes, total) for nodes in columns]
    for x, nodes, spans in zip(AT, columns, places, strict=True):
        for number, (node, span) in enumerate(zip(nodes, spans, strict=True)):
            _draw_node(ax, x, node, span, total, named=x != AT[1])
            if number == 0:
                head = ("come as", f"contacts{a_day(result.scenario)}", "end as", "and then")[AT.index(x)]
                ax.text(x, 1.08, head, ha="center", va="bottom", fontweight="bold", fontsize="small")
    (whole,) = places[1]
    _draw_streams(ax, AT[:2], places[0], _parts(whole, places[0]), columns[0])
    _draw_streams(ax, AT[1:3], _parts(whole, places[2]), places[2], columns[2])
    _draw_outcomes(ax, columns, places)
    ax.set_ylim(min(low for spans in places for low, _ in spans) - 0.03, 1.16)
    set_title(ax, result, _words(result))
    return ax


def flow_of(result: Result) -> tuple[list[list[Node]], float]:
    """The four columns of the flow in contacts a replication, and their total."""
    places = range(len(result.scenario.queues))
    by_queue = [result.interval_figures(place) for place in places]
    figures = {name: np.sum([each[name] for each in by_queue]) for name in by_queue[0]}
    ends = [Node(kind.name, float(sums(figures, kind.totals)), kind.colour, kind.hatch) for kind in ENDINGS]
    total = sum(node.size for node in ends)
    again = {name: float(sums(figures, totals)) for name, totals in ORIGINS.items()}
    origins = [
        Node("first contact", max(0.0, total - sum(again.values())), BLUE),
        Node("dialling again", again["redials"], VERMILLION, "////"),
        Node("back with a question", again["repeats"], PALE, "----"),
        Node("transferred", again["transfers"], GREY),
    ]
    lost = sum(node.size for node in ends if KINDS[node.name].is_lost)
    retried = min(again["redials"], sum(node.size for node in ends if KINDS[node.name].may_redial))
    pending = sum(node.size for node in ends if "pending" in KINDS[node.name].totals)
    after = [
        Node(SERVED, total - lost - pending, BLUE),
        Node(WAITING, pending, PALE),
        Node(AGAIN, retried, VERMILLION, "////"),
        Node(GONE, lost - retried, "#000000", "||||"),
    ]
    columns = [origins, [Node("contacts", total, GREY)], ends, after]
    return [[node for node in nodes if node.size > SMALLEST * total] for nodes in columns], total


def _words(result: Result) -> str:
    """How many customers are lost, of how many, with the margin."""
    every = result.queue()
    lost, customers = said(every["lost_customers"]), f"{every['customers'].value:,.0f}"
    return f"of {customers} customers{a_day(result.scenario)} {lost} are lost"


def _placed(nodes: Sequence[Node], total: float) -> list[tuple[float, float]]:
    """Low and high of each node, from the top at 1 down, with gaps."""
    spans, top = [], 1.0
    for node in nodes:
        spans.append((top - node.size / total, top))
        top -= max(node.size / total + GAP, ROOM)
    return spans


def _parts(whole: tuple[float, float], spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The whole divided like some spans, without gaps."""
    parts, top = [], whole[1]
    for low, high in spans:
        parts.append((top - (high - low), top))
        top -= high - low
    return parts


def _draw_node(ax: Any, x: float, node: Node, span: tuple[float, float], total: float, named: bool) -> None:
    low, high = span
    look = {"color": node.colour, "hatch": node.hatch, "edgecolor": "white", "linewidth": 0}
    ax.bar(x, high - low, bottom=low, width=2 * THICK, **look)
    count = f"{node.size:,.{int(node.size < 10)}f}"
    words = f"{node.name}\n{count} · {100 * node.size / total:.{int(node.size < 0.1 * total)}f}%"
    if not named:
        ax.text(x, low - 0.02, count, ha="center", va="top", fontsize="small")
        return
    side = -1 if x == AT[0] else 1
    # names of thin nodes lie on the stream: white behind them keeps them readable
    behind = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6}
    place = {"ha": "right" if side < 0 else "left", "va": "center", "fontsize": "small", "linespacing": 1.0}
    ax.text(x + side * 1.6 * THICK, (low + high) / 2, words, bbox=behind, zorder=5, **place)


def _draw_streams(
    ax: Any,
    xs: Sequence[float],
    left: Sequence[tuple[float, float]],
    right: Sequence[tuple[float, float]],
    nodes: Sequence[Node],
) -> None:
    for start, end, node in zip(left, right, nodes, strict=True):
        _draw_stream(ax, xs, start, end, node.colour)


def _draw_stream(
    ax: Any, xs: Sequence[float], start: tuple[float, float], end: tuple[float, float], colour: str
) -> None:
    """A ribbon from one span to another, as smooth as a stream."""
    t = np.linspace(0.0, 1.0, 40)
    bend = t * t * (3 - 2 * t)
    low, high = (a + (b - a) * bend for a, b in zip(start, end, strict=True))
    across = xs[0] + THICK + (xs[1] - xs[0] - 2 * THICK) * t
    ax.fill_between(across, low, high, color=colour, alpha=0.28, linewidth=0, zorder=1)


def _draw_outcomes(
    ax: Any, columns: Sequence[Sequence[Node]], places: Sequence[Sequence[tuple[float, float]]]
) -> None:
    """The last streams: who was served is, who waits waits on, the others dial again or give up."""
    tops = {node.name: high for node, (_, high) in zip(columns[3], places[3], strict=True)}
    again = next((node.size for node in columns[3] if node.name == AGAIN), 0.0)
    redialling = again / max(1e-9, sum(node.size for node in columns[2] if KINDS[node.name].may_redial))
    for node, (low, high) in zip(columns[2], places[2], strict=True):
        shares, top = _shares(KINDS[node.name], redialling), high
        for name, share in shares.items():
            thick = share * (high - low)
            if name in tops and thick > 0:
                _draw_stream(ax, AT[2:], (top - thick, top), (tops[name] - thick, tops[name]), node.colour)
                top -= thick
                tops[name] -= thick


def _shares(kind: Kind, redialling: float) -> dict[str, float]:
    """What follows an ending, and for what share of it."""
    if not kind.is_lost:
        return {WAITING if "pending" in kind.totals else SERVED: 1.0}
    again = min(1.0, redialling) if kind.may_redial else 0.0
    return {AGAIN: again, GONE: 1.0 - again}
