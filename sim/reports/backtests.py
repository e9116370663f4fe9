"""How a fit held on days that it has not seen: tables, a verdict in words, JSON."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from sim.errors import shown
from sim.history.backtest import FORMULAS, MODES, Backtest
from sim.history.scores import BAND, METRICS, Score
from sim.history.writing import dates
from sim.measures.estimate import NULL, Estimate
from sim.reports.figures import DASH, Cell, cell, clean, finite, folded
from sim.reports.layout import WIDTH, Table, notebook_html
from sim.reports.replays import agents_said
from sim.scenario.units import say_duration

FORMAT = "ccsim backtest 1"
GOOD, FAIR = 0.8, 0.5  # correlations
NEAR = {"service_level": 0.05, "abandonment_rate": 0.03}  # a bias below is small; of a wait a tenth
HOLDS = (0.7, 0.9)  # shares inside between which a band of 80% can be trusted


class BacktestResult:
    """A fit held against days that it has not seen."""

    def __init__(self, backtest: Backtest, provenance: Mapping[str, Any]) -> None:
        self.backtest, self.provenance = backtest, provenance

    def table(self) -> str:
        """The scores, and the verdict in words."""
        return backtest_text(self.backtest)

    def __repr__(self) -> str:
        fit, tested = self.backtest.fit, len(self.backtest.test.days)
        return (
            f"<BacktestResult of {shown(fit.account.source)}: {tested} days by {fit.window.days.size} others>"
        )

    def _repr_html_(self) -> str:
        backtest = self.backtest
        tables = [
            replace(score_table(backtest, mode), corner=mode_title(mode)) for mode in backtest.intervals
        ]
        words = [*verdict(backtest), *behind(backtest)]
        return notebook_html("\n".join(head_words(backtest)), [*tables, queue_table(backtest)], words)

    def to_dict(self) -> dict[str, Any]:
        """The document that `--json` prints."""
        return backtest_document(self.backtest) | {"provenance": dict(self.provenance)}

    def plot(self) -> Any:
        """Draw what happened against what was predicted, by interval and by day; returns an Axes."""
        from sim.reports.backtestplots import plot_backtest

        return plot_backtest(self.backtest)

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the report, one HTML file that needs no other: the verdict, scores, pictures, assumptions."""
        from sim.reports.page import write_page
        from sim.reports.pagebacktest import backtest_page

        write_page(lambda: backtest_page(self), path)


def within(backtest: Backtest) -> str:
    """The promise of the service level: "in 20 s"."""
    queues = backtest.fit.scenario.queues.values()
    return f"in {say_duration(next(iter(queues)).service_level.within)}"


def backtest_text(backtest: Backtest) -> str:
    """A table for each mode, figures by queue, and the verdict."""
    blocks = [folded(head_words(backtest), WIDTH)]
    for mode in backtest.intervals:
        blocks.append(f"{mode_title(mode)}\n\n{score_table(backtest, mode).text()}")
    blocks.append(queue_table(backtest).text())
    blocks.append(folded([*verdict(backtest), *behind(backtest)], WIDTH))
    return "\n\n".join(blocks)


def mode_title(mode: str) -> str:
    """Where the contacts come from, as a heading."""
    return f"{MODES[mode].capitalize()} ({mode})"


def head_words(backtest: Backtest) -> list[str]:
    """What was fitted, what was tested, and how it is scored."""
    days = [date.fromordinal(int(day)).isoformat() for day in backtest.test.days]
    fit, interval = backtest.fit, say_duration(backtest.fit.window.interval)
    return [
        f"{fit.account.source}: fitted to {fit.window.days.size} days ({dates(fit)}), tested on {len(days)} others "
        f"({days[0]} to {days[-1]}), {backtest.rounds} rounds of each; intervals of {interval}. Each counts by its "
        f"contacts; the band holds {BAND:.0%} of single simulated days.",
    ]


def _title(backtest: Backtest, metric: str) -> str:
    titles = {
        "service_level": f"{within(backtest)}, %",
        "abandonment_rate": "hang up, %",
        "mean_wait": "mean wait, s",
    }
    return titles[metric]


def _rows(backtest: Backtest, mode: str, metric: str, cells: str) -> list[tuple[str, Score]]:
    own, beside = {
        "intervals": (backtest.intervals, backtest.formulas),
        "days": (backtest.by_day, backtest.formulas_by_day),
    }[cells]
    return [
        (f"{_title(backtest, metric)}: {cells}", own[mode][metric]),
        *((f"  {FORMULAS[key]}", each[metric]) for key, each in beside[mode].items()),
    ]


def score_table(backtest: Backtest, mode: str, by: Sequence[str] = ("intervals", "days")) -> Table:
    """How the simulation held, the formulas below each of its rows; by: what is held against what happened."""
    rows = [
        (name, score, 100.0 if metric.unit == "share" else 1.0)
        for metric in METRICS
        for cells in by
        for name, score in _rows(backtest, mode, metric.name, cells)
    ]
    columns: list[list[Cell]] = [
        [(f"{score.cells:,}", "") for _, score, _ in rows],
        [_plain(score.happened, scale) for _, score, scale in rows],
        [_plain(score.predicted, scale) for _, score, scale in rows],
        [_plain(score.bias, scale, signed=True) for _, score, scale in rows],
        [_plain(score.error, scale) for _, score, scale in rows],
        [(DASH if np.isnan(score.correlation) else f"{score.correlation:.2f}", "") for _, score, _ in rows],
        *([_percent(getattr(score, key)) for _, score, _ in rows] for key in ("inside", "below", "above")),
    ]
    heads = [
        "n", "was", "predicted", "bias", "mean\nerror", "correlation", "in the band\n%", "below it\n%", "above it\n%",
    ]  # fmt: skip
    return Table("", [name for name, _, _ in rows], heads, columns)


def _plain(value: float, scale: float, signed: bool = False) -> Cell:
    if np.isnan(value):
        return DASH, ""
    if np.isinf(value):
        return "∞", ""
    return f"{value * scale:{'+' if signed else ''}.1f}", ""


def _percent(share: float) -> Cell:
    return (DASH if np.isnan(share) else f"{100 * share:.0f}"), ""


def queue_table(backtest: Backtest) -> Table:
    """What was and what was predicted over all test days, queue by queue."""
    names, columns = [], [[] for _ in range(1 + len(METRICS))]  # type: ignore[var-annotated]
    for queue in backtest.fit.queues:
        was, predicted = totals_of(backtest, queue.written)
        names += [clean(queue.written, 60), "  as it was", *(f"  {mode}" for mode in predicted)]
        rows = [was, *predicted.values()]
        columns[0] += [("", ""), *((f"{row[0]:,.0f}", "") for row in rows)]
        for column, metric in zip(columns[1:], METRICS, strict=True):
            scale = 100.0 if metric.unit == "share" else 1.0
            figures = [row[metric.top] / row[metric.bottom] if row[metric.bottom] else NULL for row in rows]
            column += [("", ""), *(cell(Estimate(figure, NULL, NULL), scale) for figure in figures)]
    heads = ["contacts", f"{within(backtest)}\n%", "hang up\n%", "mean wait\ns"]
    return Table("queue", names, heads, columns)


def totals_of(backtest: Backtest, queue: str) -> tuple[Any, dict[str, Any]]:
    """What was, and by mode what was predicted, of a queue over all test days: float64 (KEPT,) each."""
    place = [part.recording.queues.index(queue) for part in backtest.parts]
    was = sum(
        part.happened_by_queue[:, at].sum(axis=0) for part, at in zip(backtest.parts, place, strict=True)
    )
    return was, {
        mode: sum(
            part.simulated_by_queue[mode][:, :, at].sum(axis=(0, 1)) / backtest.rounds
            for part, at in zip(backtest.parts, place, strict=True)
        )
        for mode in backtest.intervals
    }


def verdict(backtest: Backtest) -> list[str]:
    """In words: whether the simulation follows, how far it is off, what the band is worth, and the formulas beside."""
    return [sentence for mode in backtest.intervals for sentence in _verdict(backtest, mode)]


def _verdict(backtest: Backtest, mode: str) -> list[str]:
    level, wait = backtest.intervals[mode]["service_level"], backtest.by_day[mode]["mean_wait"]
    follows = _follows(level.correlation)
    beside = ", ".join(
        f"{FORMULAS[key]} {_number(each['service_level'].correlation)}"
        for key, each in backtest.formulas[mode].items()
    )
    lead = (
        f"With {MODES[mode]} the simulation {follows} the intervals: the share {within(backtest)} correlates by "
        f"{_number(level.correlation)}{f' ({beside})' if beside else ''}, the days' mean wait by "
        f"{_number(wait.correlation)}."
    )
    return [lead, bias_words(backtest, mode), _band(backtest, mode)]


def _number(value: float) -> str:
    return "nothing that can be told" if np.isnan(value) else f"{value:.2f}"


def _follows(value: float) -> str:
    if np.isnan(value):
        return "cannot be held against"
    return "follows" if value >= GOOD else "follows in part" if value >= FAIR else "hardly follows"


def near(backtest: Backtest, mode: str) -> bool:
    """Whether the bias over all is small in every metric."""
    level, gone, wait = (backtest.intervals[mode][metric.name] for metric in METRICS)
    return (
        abs(level.bias) <= NEAR["service_level"]
        and abs(gone.bias) <= NEAR["abandonment_rate"]
        and abs(wait.bias) <= 0.1 * max(wait.happened, 10.0)
    )


def bias_words(backtest: Backtest, mode: str) -> str:
    """What was predicted over all and what was, and why they may differ."""
    level, gone, wait = (backtest.intervals[mode][metric.name] for metric in METRICS)
    told = (
        f"It says {100 * level.predicted:.1f}% {within(backtest)} where {100 * level.happened:.1f}% was, "
        f"{100 * gone.predicted:.1f}% hang up where {100 * gone.happened:.1f}% did, and waits of "
        f"{wait.predicted:.1f} s where they were {wait.happened:.1f} s: "
    )
    if near(backtest, mode):
        return f"{told}no bias worth the name."
    way = "kinder than it was" if level.bias > 0 or wait.bias < 0 else "worse than it was"
    return f"{told}{way}. {_why(backtest, mode, level.bias > 0 or wait.bias < 0)}"


def _why(backtest: Backtest, mode: str, kind: bool) -> str:
    """What is known to push the prediction this way."""
    if mode == "forecast" and backtest.presence:
        return (
            "The agents are those who were there for the contacts that really came: they came on when it was busy and "
            "went when it was quiet, which they cannot do for other contacts."
        )
    if not backtest.presence:
        return "The agents are those of the fit, the same on all days, whoever really was there."
    if kind:
        return (
            "Agents who were away without being passed over are taken to be there: the log cannot show them."
        )
    return "Agents who were there and got no contact are not seen, nor who came back before the next one."


def _band(backtest: Backtest, mode: str) -> str:
    scores = backtest.intervals[mode]
    inside = [f"{100 * scores[metric.name].inside:.0f}%" for metric in METRICS]
    least, most = (pick(round(scores[metric.name].inside, 2) for metric in METRICS) for pick in (min, max))
    if least < HOLDS[0]:
        worth = "too narrow, take it for wider than it is"
    else:
        worth = "wider than need be" if most > HOLDS[1] else f"it can be trusted{but_days(backtest, mode)}"
    return (
        f"Inside their {BAND:.0%} band lie {inside[0]} of the intervals by service level, {inside[1]} by hang-ups, "
        f"{inside[2]} by mean wait: {worth}."
    )


def but_days(backtest: Backtest, mode: str) -> str:
    """A proviso where fewer whole days are inside than chance explains for so few."""
    days = min(backtest.by_day[mode].values(), key=lambda score: score.inside)
    chance = 2.0 * (BAND * (1.0 - BAND) / max(days.cells, 1)) ** 0.5
    return f", but not for whole days ({100 * days.inside:.0f}%)" if days.inside < BAND - chance else ""


def behind(backtest: Backtest) -> Sequence[str]:
    """Where the agents come from, and what was left out."""
    said = [agents_said(backtest.presence)] if backtest.presence else []
    if "replay" in backtest.intervals:
        said.append(
            "Recorded contacts hang up after no less than they did, and the answered after more than they waited: a "
            "replay does not test patience, and follows the better for it."
        )
    return [*said, *backtest.remarks]


def backtest_document(backtest: Backtest) -> dict[str, Any]:
    """All scores, what happened and was predicted by interval, and the verdict."""

    def plain(scores: dict[str, Score]) -> dict[str, Any]:
        return {metric: score._asdict() | {"bias": score.bias} for metric, score in scores.items()}

    document = {
        "format": FORMAT,
        "source": backtest.fit.account.source,
        "train": [date.fromordinal(int(day)).isoformat() for day in backtest.fit.window.days],
        "test": [date.fromordinal(int(day)).isoformat() for day in backtest.test.days],
        "rounds": backtest.rounds,
        "seed": backtest.seed,
        "agents": "estimated" if backtest.presence else "fit",
        "band": BAND,
        "modes": {
            mode: {
                "intervals": plain(backtest.intervals[mode]),
                "days": plain(backtest.by_day[mode]),
                "formulas": {
                    key: {"intervals": plain(each), "days": plain(backtest.formulas_by_day[mode][key])}
                    for key, each in backtest.formulas[mode].items()
                },
            }
            for mode in backtest.intervals
        },
        "verdict": verdict(backtest),
        "remarks": behind(backtest),
    }
    return finite(document)  # type: ignore[no-any-return]
