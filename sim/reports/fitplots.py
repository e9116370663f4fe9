"""Pictures of a fit: volumes with their spread, patience and talk against the data, agents on duty."""

import math
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from sim.distributions import distribution
from sim.history.durations import Durations
from sim.history.evidence import Fit, GroupFit, QueueFit
from sim.history.survival import Patience
from sim.reports.plots import (
    BLUE,
    GREY,
    LINES,
    PALE,
    SKY,
    VERMILLION,
    as_label,
    draw_legend,
    new_axes,
    save_figure,
)
from sim.scenario.units import say_clock, say_duration, say_weekdays

BARS = 60  # of a histogram
LONGEST = 0.98  # of the durations are shown; the rest is the tail
TOGETHER = 2  # groups of agents in one drawing; more have lanes
SIZE = 5.6, 3.9  # inches of a picture


def plot_volumes(fit: Fit, queue: QueueFit, ax: Any = None) -> Any:
    """Draw contacts by interval: the mean with its interval, and between what four days in five lie."""
    ax = new_axes(*SIZE) if ax is None else ax
    found, starts = queue.volumes, np.arange(queue.volumes.mean.size + 1)
    ax.stairs(found.most, starts, baseline=found.least, fill=True, color="#DDEAF3", label="four days in five")
    ax.stairs(
        found.high,
        starts,
        baseline=found.low,
        fill=True,
        color=SKY,
        alpha=0.6,
        label="95% interval of the mean",
    )
    ax.stairs(found.mean, starts, color=BLUE, label="mean", linewidth=1.4)
    ax.set_ylabel(f"contacts in {say_duration(fit.window.interval)}")
    _clock(ax, fit)
    return _finished(ax, f"{as_label(queue.written, 40)}: volumes")


def plot_patience(found: Patience, name: str, ax: Any = None) -> Any:
    """Draw the share gone by Kaplan–Meier, its 95% band, and what the scenario takes from it."""
    ax = new_axes(*SIZE) if ax is None else ax
    curve, (low, high) = found.curve, found.curve.band()
    end = min(float(curve.times[-1]), 1.15 * max(at for at, _ in found.points))
    shown = curve.times <= end
    times = np.append(curve.times[shown], end)
    ax.stairs(
        100 * (1 - curve.alive[shown]), times, color=GREY, label="Kaplan–Meier", baseline=None, linewidth=1.4
    )
    ax.stairs(
        100 * high[shown],
        times,
        baseline=100 * low[shown],
        fill=True,
        color=PALE,
        alpha=0.5,
        label="95% band",
    )
    balks, never = (part.value if part else 0.0 for part in (found.balks, found.never))

    def gone(share: Any) -> Any:
        return 100 * (balks + (1 - balks) * (1 - never) * np.asarray(share))

    grid = np.linspace(0.0, end, 300)
    fitted = distribution("piecewise_exponential", points=dict(found.points))
    ax.plot(grid, gone(fitted.cdf(grid)), color=VERMILLION, linewidth=1.2, label="scenario")
    at, shares = zip(*found.points, strict=True)
    ax.plot(at, gone(shares), "o", color=VERMILLION, markersize=4, label="its points")
    ax.set_xlabel("seconds waited")
    ax.set_ylabel("hung up, %")
    ax.set_xlim(0, end)
    ax.set_ylim(bottom=0)
    return _finished(ax, f"{as_label(name, 40)}: patience, {curve.hung_up:,} of {curve.contacts:,} hung up")


def plot_durations(found: Durations, name: str, ax: Any = None) -> Any:
    """Draw a histogram of durations against the family chosen and the next best."""
    ax = new_axes(*SIZE) if ax is None else ax
    shares = np.append(0.0, np.cumsum(found.counts) / found.counts.sum())
    end = found.quantile(LONGEST)
    width = max(end / BARS, 1.0 if np.all((found.edges[1:] % 1.0) == 0.5) else 0.0)
    bars = np.arange(0.0, end + width, math.ceil(width) if width >= 1 else width)
    heights = np.diff(np.interp(bars, found.edges, shares)) / np.diff(bars)
    ax.stairs(100 * heights, bars, fill=True, color="#D9D9D9", label="data")
    grid = np.linspace(0.0, bars[-1], 400)
    for family, colour, style in zip(found.families, (VERMILLION, BLUE), ("-", "--"), strict=False):
        if family.family == "constant":
            ax.axvline(found.mean.value, color=colour, label="constant")
            continue
        known = {"mean": found.mean.value} | ({} if family.family == "exponential" else {"cv": family.cv})
        gone = np.asarray(distribution(family.family, **known).cdf(grid))  # type: ignore[arg-type]
        label = f"{family.family} ({100 * family.distance:.1f}% apart)"
        ax.plot(grid[1:], 100 * np.diff(gone) / np.diff(grid), color=colour, linestyle=style, label=label)
    ax.set_xlabel("seconds")
    ax.set_ylabel("% in a second")
    ax.set_xlim(0, bars[-1])
    return _finished(ax, f"{as_label(name, 40)}, {found.contacts:,} contacts")


def plot_duty(fit: Fit, ax: Any = None) -> Any:
    """Draw the staffing of each group, and the estimate behind it before it was rounded."""
    ax = new_axes(1.8 * SIZE[0], max(SIZE[1], 0.75 * len(fit.groups))) if ax is None else ax
    if len(fit.groups) > TOGETHER:
        _draw_lanes(ax, fit)
    else:
        for place, group in enumerate(fit.groups):
            _draw_group(ax, group, LINES[place % len(LINES)], first=not place)
        ax.set_ylabel("agents on duty")
        ax.set_ylim(bottom=0)
    _clock(ax, fit)
    estimated = all(group.estimate for group in fit.groups)
    return _finished(
        ax, "agents on duty, estimated from activity" if estimated else "agents on duty, assumed"
    )


def _draw_lanes(ax: Any, fit: Fit) -> None:
    """Each group in a lane of its own, the first on top, all to one scale."""
    height = max(float(max(group.staffing)) for group in fit.groups) + 0.6
    starts = np.arange(len(fit.groups[0].staffing) + 1)
    for place, group in enumerate(fit.groups):
        floor, colour = (len(fit.groups) - 1 - place) * height, LINES[place % len(LINES)]
        ax.axhline(floor, color=GREY, linewidth=0.5)
        ax.stairs(
            floor + np.array(group.staffing), starts, baseline=floor, fill=True, color=colour, alpha=0.35
        )
        ax.stairs(floor + np.array(group.staffing), starts, baseline=floor, color=colour, linewidth=1.0)
        if group.estimate:
            label = "before rounding" if not place else ""
            ax.plot(
                starts[:-1] + 0.5,
                floor + group.estimate.on_duty,
                ".",
                color="black",
                markersize=2.5,
                label=label,
            )
    names = [f"{as_label(group.name, 30)}\n(at most {max(group.staffing)})" for group in fit.groups]
    ax.set_yticks(
        [place * height + height / 3 for place in reversed(range(len(names)))], names, fontsize="small"
    )
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(0, height * len(names))


def _draw_group(ax: Any, group: GroupFit, colour: str, first: bool) -> None:
    starts = np.arange(len(group.staffing) + 1)
    ax.stairs(group.staffing, starts, color=colour, linewidth=1.6, label=as_label(group.name, 40))
    if group.estimate:
        middles, labels = starts[:-1] + 0.5, ("before rounding", "seen, those not at work in a rush included")
        marks = ((group.estimate.on_duty, ".", 1.0), (group.estimate.seen.mean, "_", 0.5))
        for (values, mark, alpha), label in zip(marks, labels, strict=True):
            ax.plot(
                middles, values, mark, color=colour, markersize=5, alpha=alpha, label=label if first else ""
            )


def draw_sheet(fit: Fit) -> Any:
    """All pictures of a fit on one figure, a row for each queue and the agents last; returns one of its Axes."""
    rows = len(fit.queues) + 1
    only = new_axes(3 * SIZE[0], rows * SIZE[1])
    figure = only.figure
    only.remove()
    grid = figure.add_gridspec(rows, 3)
    for row, queue in enumerate(fit.queues):
        for column, (_, draw) in enumerate(_pictures(fit, queue)):
            draw(figure.add_subplot(grid[row, column]))
    return plot_duty(fit, figure.add_subplot(grid[rows - 1, :]))


def save_pictures(fit: Fit, folder: Path, ending: str = ".png") -> list[Path]:
    """Write every picture of a fit into a folder; the files written."""
    written = []
    for number, queue in enumerate(fit.queues, 1):
        name = re.sub(r"\W+", "_", queue.written)[:40].strip("_")
        for kind, draw in (*_pictures(fit, queue), *_of_classes(queue)):
            written.append(folder / f"{number}_{name}_{kind}{ending}")
            save_figure(draw(None), written[-1])
    written.append(folder / f"agents{ending}")
    save_figure(plot_duty(fit), written[-1])
    return written


def _pictures(fit: Fit, queue: QueueFit) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """The pictures of a queue: kind, and what draws it on some Axes."""
    yield "volumes", lambda ax: plot_volumes(fit, queue, ax)
    if queue.talk.counts.size:
        yield "talk", lambda ax: plot_durations(queue.talk, f"{queue.written}: talk", ax)
    if _is_drawn(queue.patience):
        yield "patience", partial(plot_patience, queue.patience, queue.written)


def _of_classes(queue: QueueFit) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """The patience of a queue's classes, in pictures by themselves."""
    for own in queue.classes:
        if _is_drawn(own.patience):
            name = f"{queue.written}, {own.written}"
            kind = "patience_of_" + re.sub(r"\W+", "_", own.written)[:40].strip("_")
            yield kind, partial(plot_patience, own.patience, name)


def _is_drawn(patience: Patience | None) -> TypeGuard[Patience]:
    return patience is not None and bool(patience.points) and bool(patience.curve.times.size)


def _clock(ax: Any, fit: Fit) -> None:
    """Clock times below intervals, or the days of a week."""
    window = fit.window
    if window.weekdays is None:
        ax.set_xticks(np.arange(7) * window.slots, [say_weekdays([day]) for day in range(7)], ha="left")
        ax.set_xlim(0, 7 * window.slots)
        return
    first, end = window.hours[0]
    step = max(1, math.ceil((end - first) / 9 / (3600 / window.interval)) * round(3600 / window.interval))
    places = np.arange(0, end - first + 1, step)
    ax.set_xticks(places, [say_clock((first + place) * window.interval % 86_400) for place in places])
    ax.set_xlim(0, end - first)


def _finished(ax: Any, title: str) -> Any:
    ax.set_title(title, fontsize="medium")
    draw_legend(ax)
    return ax
