"""What recorded days would have been under other plans: tables, words, JSON, and the trace as a file."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.history.presence import PASSED_OVER, Presence
from sim.history.replay import Played, Replay
from sim.measures.estimate import NULL, Estimate, Sample, difference, interval, of_ratio
from sim.measures.metrics import QUEUE_METRICS, TOTALS
from sim.reports.figures import Cell, cell, clean, finite, folded, said
from sim.reports.layout import WIDTH, Table, notebook_html
from sim.reports.results import write_whole
from sim.scenario.recorded import COLUMNS
from sim.scenario.units import say_duration

FORMAT = "ccsim replay 1"
WAS = "as it was"
ALL = "all"
METRICS = ("service_level", "abandonment_rate", "mean_wait")
CALLED_BACK = "time_to_agent"  # shown beside where a plan calls customers back
TITLES = {"abandonment_rate": "hang up\n%", "mean_wait": "mean wait\ns", "time_to_agent": "to an agent\ns"}


class ReplayResult:
    """Recorded days under plans, beside what happened."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay

    def table(self) -> str:
        """The figures by queue and plan, and what they mean in words."""
        return replay_text(self.replay)

    def __repr__(self) -> str:
        days, plans = len(self.replay.recording.names), len(self.replay.plans)
        return f"<ReplayResult of {shown(self.replay.scenario.name)}: days {days}, plans {plans}>"

    def _repr_html_(self) -> str:
        return notebook_html("\n".join(_head(self.replay)), [_table(self.replay)], _words(self.replay))

    def to_dict(self) -> dict[str, Any]:
        """The document that `--json` prints."""
        return replay_document(self.replay)

    def plot(self) -> Any:
        """Draw the share answered in time by interval: as it was, and under each plan; returns the Axes."""
        from sim.reports.backtestplots import plot_replay

        return plot_replay(self.replay)

    def keep(self, path: str | os.PathLike[str]) -> None:
        """Write the recorded contacts as a CSV file that a scenario can name as its trace; nobody is named in it."""
        path = Path(path)
        if path.suffix.lower() != ".csv":
            raise InputError(f"{shown(str(path))} does not end in .csv")
        write_whole(path, trace_csv(self.replay).encode())


def trace_csv(replay: Replay) -> str:
    """The tidy trace of all queues, one row a contact, blank where nothing is known."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["queue", *COLUMNS])
    for place, queue in enumerate(replay.recording.queues):
        columns = replay.recording.trace(place) or {}
        for row in zip(*(columns.get(name, ()) for name in COLUMNS), strict=True):
            writer.writerow([queue, *("" if value is None else value for value in row)])
    return text.getvalue()


def sample(totals: Any, metric: str) -> Sample:
    """A ratio over rounds; totals: (rounds, totals)."""
    top, bottom = (TOTALS.index(name) for name in (QUEUE_METRICS[metric].top, QUEUE_METRICS[metric].bottom))
    return of_ratio(totals[:, top], totals[:, bottom])


def as_it_was(replay: Replay, queue: int | None, metric: str) -> float:
    """What happened: of a queue, or of all."""
    totals = replay.recording.happened.sum(axis=(0, 2))
    totals = totals.sum(axis=0) if queue is None else totals[queue]
    return sample(totals[None], metric).value


def of_plan(played: Played, queue: int | None, metric: str) -> Sample:
    """What a plan would have made of all days together."""
    totals = played.rounds.sum(axis=1)
    return sample(totals.sum(axis=1) if queue is None else totals[:, queue], metric)


def _shown_metrics(replay: Replay) -> tuple[str, ...]:
    called = TOTALS.index("callbacks_accepted")
    back = any(played.rounds[..., called].any() for played in replay.plans.values())
    return (*METRICS, CALLED_BACK) if back else METRICS


def _scale(metric: str) -> float:
    return 100.0 if QUEUE_METRICS[metric].unit == "share" else 1.0


def _places(replay: Replay) -> list[tuple[str, int | None]]:
    queues: list[tuple[str, int | None]] = [
        (name, place) for place, name in enumerate(replay.recording.queues) if _came(replay, place)
    ]
    return [*queues, (ALL, None)] if len(queues) > 1 else queues


def _came(replay: Replay, queue: int | None) -> float:
    totals = replay.recording.happened[..., TOTALS.index("offered")].sum(axis=(0, 2))
    return float(totals.sum() if queue is None else totals[queue])


def in_time(replay: Replay) -> str:
    """The head of the service level: within how long."""
    within = {queue.service_level.within for queue in replay.scenario.queues.values()}
    return f"in {say_duration(within.pop())}" if len(within) == 1 else "in time"


def replay_text(replay: Replay) -> str:
    """A table by queue and plan, and sentences on what it is worth."""
    return "\n\n".join([folded(_head(replay), WIDTH), _table(replay).text(), folded(_words(replay), WIDTH)])


def _table(replay: Replay) -> Table:
    """As it was and under each plan, queue by queue."""
    names: list[str] = []
    metrics = _shown_metrics(replay)
    columns: list[list[Cell]] = [[] for _ in range(1 + len(metrics))]
    for name, place in _places(replay):
        names += [clean(name, 60), f"  {WAS}", *(f"  {clean(plan, 60)}" for plan in replay.plans)]
        for column in columns:
            column.append(("", ""))
        columns[0].append((f"{_came(replay, place):,.0f}", ""))
        offered = TOTALS.index("offered")
        for played in replay.plans.values():
            count = played.rounds[..., offered].sum(axis=1)
            mean = float((count.sum(axis=1) if place is None else count[:, place]).mean())
            columns[0].append((f"{mean:,.0f}", ""))
        for column, metric in zip(columns[1:], metrics, strict=True):
            was = as_it_was(replay, place, metric)
            column.append(cell(Estimate(was, NULL, NULL), _scale(metric)))
            column += [
                cell(interval(of_plan(each, place, metric)), _scale(metric)) for each in replay.plans.values()
            ]
    heads = ["contacts", *(f"{in_time(replay)}\n%" if m == "service_level" else TITLES[m] for m in metrics)]
    return Table("queue", names, heads, columns)


def _head(replay: Replay) -> list[str]:
    days, rounds = replay.recording.names, next(iter(replay.plans.values())).rounds.shape[0]
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return [
        f"{replay.scenario.name}: {len(days)} recorded day{'s' * (len(days) > 1)}, {span}, "
        f"{rounds} round{'s' * (rounds > 1)} each; ± is the 95% margin of the mean over rounds.",
    ]


def _words(replay: Replay) -> list[str]:
    """How near the first plan is to what happened, what the others change, and what stands behind it."""
    first, *others = replay.plans
    base = replay.plans[first]
    sentences = [_trust(replay, first, base), *(_change(replay, first, base, name) for name in others)]
    if replay.presence:
        sentences.append(agents_said(replay.presence))
    else:
        sentences.append(
            "Agents are those of the scenario, the same on all days; with --agents estimated they are those whom the "
            "log saw at work."
        )
    if replay.recording.linked:
        sentences.append(
            f"{replay.recording.linked:,} redials are linked to the hang-up before: they come only if it comes again."
        )
    return [*sentences, *replay.remarks]


def _trust(replay: Replay, name: str, played: Played) -> str:
    level, wait = (interval(of_plan(played, None, metric)) for metric in ("service_level", "mean_wait"))
    was_level, was_wait = (as_it_was(replay, None, metric) for metric in ("service_level", "mean_wait"))
    return (
        f'"{clean(name, 40)}" gives {100 * level.value:.1f}% {in_time(replay)} and a mean wait of {wait.value:.1f} s; '
        f"it was {100 * was_level:.1f}% and {was_wait:.1f} s. Compare the plans with each other, not with what was."
    )


def _change(replay: Replay, first: str, base: Played, name: str) -> str:
    """What a plan changes against the first, on the same days and draws."""
    changes = {
        metric: difference(of_plan(replay.plans[name], None, metric), of_plan(base, None, metric))
        for metric in METRICS
    }
    parts = [
        _moved(changes["service_level"], f"{in_time(replay)}", 100.0, "points"),
        _moved(changes["abandonment_rate"], "hang-ups", 100.0, "points"),
        _moved(changes["mean_wait"], "mean wait", 1.0, "s"),
    ]
    return f'"{clean(name, 40)}" against "{clean(first, 40)}": {", ".join(parts)}.'


def _moved(change: Estimate, what: str, scale: float, unit: str) -> str:
    scaled = Estimate(*(value * scale for value in change))
    if np.isnan(change.value):
        return f"{what} unknown"
    if change.low <= 0 <= change.high:
        return f"{what} no sure change"
    return f"{what} {'+' if change.value > 0 else '−'}{said(scaled)} {unit}"


def agents_said(presence: Sequence[Presence]) -> str:
    """Where the agents come from, in a sentence."""
    least, most = (presence[place].away / max(presence[place].gaps, 1) for place in (-1, 0))
    return (
        "Agents are an ESTIMATE, day by day: at work from contact to contact, away where 15 min or more lie between "
        f"two or where {PASSED_OVER[0]} to {PASSED_OVER[-1]} contacts went to agents who came free later (each number "
        f"for its part of the rounds: {100 * least:.0f} to {100 * most:.0f}% of {presence[0].gaps:,} gaps). Waits were "
        "not looked at."
    )


def replay_document(replay: Replay) -> dict[str, Any]:
    """All figures, by queue and plan, and by day."""
    metrics = _shown_metrics(replay)

    def figures(played: Played, place: int | None) -> dict[str, Any]:
        return {metric: interval(of_plan(played, place, metric))._asdict() for metric in metrics}

    happened = replay.recording.happened.sum(axis=(1, 2))
    document = {
        "format": FORMAT,
        "scenario": replay.scenario.name,
        "days": replay.recording.names,
        "seed": replay.seed,
        "rounds": next(iter(replay.plans.values())).rounds.shape[0],
        "agents": "estimated" if replay.presence else "scenario",
        "happened": {
            name: {"offered": _came(replay, place)} | {m: as_it_was(replay, place, m) for m in metrics}
            for name, place in _places(replay)
        },
        "plans": {
            plan: {
                "queues": {name: figures(played, place) for name, place in _places(replay)},
                "days": [
                    {m: sample(played.rounds[:, day].sum(axis=1), m).value for m in metrics}
                    for day in range(len(replay.recording.names))
                ],
            }
            for plan, played in replay.plans.items()
        },
        "happened_by_day": [{m: sample(day[None], m).value for m in metrics} for day in happened],
        "remarks": _words(replay),
    }
    return finite(document)  # type: ignore[no-any-return]
