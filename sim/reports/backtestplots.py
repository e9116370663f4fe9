"""Pictures of a replay and of a backtest: what was predicted against what happened."""

from typing import Any

import numpy as np

from sim.history.backtest import FORMULAS, MODES, Backtest, Days
from sim.history.replay import Replay
from sim.history.scores import BAND, METRICS
from sim.measures.metrics import COUNTED_FOR_TARGET, WITHIN_TARGET
from sim.reports.plots import (
    BLUE,
    GREY,
    PALE,
    SKY,
    VERMILLION,
    as_label,
    draw_legend,
    line_style,
    new_axes,
    panels,
)
from sim.reports.replays import in_time
from sim.scenario.units import DAY, say_clock, say_duration

SERVICE, WAIT = METRICS[0], METRICS[2]
MOST_DATES = 10


def plot_backtest(backtest: Backtest, ax: Any = None, mode: str | None = None) -> Any:
    """Draw the service level of every interval, predicted against happened, and the mean wait of every day.

    mode: the first that was played unless given. The area of a point is its contacts. Returns the Axes, with a panel
    for each.
    """
    ax = new_axes(12.0, 5.4) if ax is None else ax
    mode = mode or next(iter(backtest.intervals))
    left, right = panels(ax, [4.6, 6.0], 1.1, across=True)
    _draw_intervals(backtest, mode, left)
    _draw_days(backtest, mode, right)
    source = as_label(backtest.fit.account.source, 60)
    ax.set_title(f"{source}: {MODES[mode]} on days that the fit has not seen", fontsize="medium", pad=12)
    return ax


def _ratio(totals: Any, metric: Any) -> Any:
    bottom = totals[..., metric.bottom]
    return np.divide(totals[..., metric.top], bottom, where=bottom > 0, out=np.full(bottom.shape, np.nan))


def _draw_intervals(backtest: Backtest, mode: str, ax: Any) -> None:
    score = backtest.intervals[mode]["service_level"]
    for number, part in enumerate(backtest.parts):
        happened, contacts = 100 * _ratio(part.happened, SERVICE), part.happened[..., SERVICE.bottom]
        area = 30.0 * contacts / max(float(contacts.max()), 1.0)
        formula = part.formulas[mode].get("a")
        label = {} if number else {"label": f"{FORMULAS['a']}, same agents"}
        if formula:
            ax.scatter(100 * formula["service_level"], happened, s=area, color=PALE, linewidths=0, **label)
        label = {} if number else {"label": f"simulation (correlation {score.correlation:.2f})"}
        predicted = 100 * _ratio(part.simulated[mode].sum(axis=0), SERVICE)
        ax.scatter(predicted, happened, s=area, color=BLUE, alpha=0.55, linewidths=0, **label)
    ax.plot([0, 100], [0, 100], color="black", linewidth=0.8, linestyle=":")
    promise = say_duration(next(iter(backtest.fit.scenario.queues.values())).service_level.within)
    ax.set_xlabel(f"predicted: answered in {promise}, %")
    ax.set_ylabel(f"happened, % in {say_duration(backtest.fit.window.interval)}")
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100)
    draw_legend(ax)


def _days_of(backtest: Backtest, mode: str) -> tuple[list[str], Any, Any]:
    """The dates, what happened (days, KEPT) and single simulated days (rounds, days, KEPT), in order of the dates."""
    names = [name for part in backtest.parts for name in part.recording.names]
    order = np.argsort(names)
    parts: tuple[Days, ...] = backtest.parts
    happened = np.concatenate([part.happened.sum(axis=1) for part in parts])[order]
    simulated = np.concatenate([part.simulated[mode].sum(axis=2) for part in parts], axis=1)[:, order]
    return [names[place] for place in order], happened, simulated


def _draw_days(backtest: Backtest, mode: str, ax: Any) -> None:
    names, happened, simulated = _days_of(backtest, mode)
    places = np.arange(len(names))
    edge = (1 - BAND) / 2
    with np.errstate(invalid="ignore"):
        low, middle, high = np.nanquantile(_ratio(simulated, WAIT), [edge, 0.5, 1 - edge], axis=0)
    ax.vlines(
        places, low, high, color=SKY, linewidth=5, alpha=0.6, label=f"{BAND:.0%} of single simulated days"
    )
    ax.plot(places, middle, "_", color=BLUE, markersize=9, label="their median")
    ax.plot(places, _ratio(happened, WAIT), "o", color=VERMILLION, markersize=4.5, label="happened")
    step = max(1, -(-len(names) // MOST_DATES))
    ax.set_xticks(places[::step], names[::step], rotation=30, ha="right", fontsize="small")
    ax.set_ylabel("mean wait of the day, s")
    ax.set_ylim(bottom=0)
    draw_legend(ax, below=7.0)


def plot_replay(replay: Replay, ax: Any = None) -> Any:
    """Draw the share answered in time by interval, all queues and days together: as it was, and under each plan."""
    grid = replay.scenario.grid
    ax = new_axes(10.0, 4.8) if ax is None else ax
    middles = np.arange(grid.count) + 0.5
    was = replay.recording.happened.sum(axis=(0, 1))
    ax.plot(middles, 100 * _level(was), color=GREY, linewidth=2.6, alpha=0.7, label="as it was")
    for number, (name, played) in enumerate(replay.plans.items()):
        ax.plot(
            middles, 100 * _level(played.intervals.sum(axis=0)), label=as_label(name, 40),
            **line_style(number, grid.count),
        )  # fmt: skip
    ax.set_ylabel(f"answered {in_time(replay)}, %")
    ax.set_ylim(0, 100)
    ax.set_xlim(0, grid.count)
    step = max(1, -(-grid.count // 12))
    ticks = range(0, grid.count + 1, step)
    day = grid.horizon <= DAY
    ax.set_xticks(
        list(ticks),
        [say_clock((grid.opens + at * grid.interval) % DAY) if day else grid.label(at) for at in ticks],
        rotation=0 if day else 30,
    )
    names = replay.recording.names
    span = names[0] if len(names) == 1 else f"{len(names)} days, {names[0]} to {names[-1]}"
    ax.set_title(f"{as_label(replay.scenario.name, 70)}\n{span}", fontsize="medium")
    draw_legend(ax, below=5.0 if day else 8.5)
    return ax


def _level(totals: Any) -> Any:
    bottom = totals[..., COUNTED_FOR_TARGET]
    return np.divide(totals[..., WITHIN_TARGET], bottom, where=bottom > 0, out=np.full(bottom.shape, np.nan))
