"""The day by interval in a report: the worst intervals first, then all of every queue and group, to be unfolded."""

from collections.abc import Iterator, Sequence

import numpy as np

from sim.measures.estimate import Estimate
from sim.reports.figures import clean, compact, percent
from sim.reports.layout import table_of
from sim.reports.page import Figures, Words
from sim.reports.results import Result
from sim.scenario.units import say_share

COLUMNS = {
    "queue": ("offered", "service_level", "abandonment_rate", "mean_wait", "mean_queue_length"),
    "group": ("on_duty_hours", "overtime_hours", "occupancy"),
}
SEEN = {"queue": ("offered", "mean_queue_length"), "group": ("on_duty_hours", "overtime_hours")}
WORST = 10  # intervals that are told first
MOST_ROWS = 18_000  # of all intervals together: some 2 MB


def interval_blocks(result: Result, most: int = MOST_ROWS) -> Iterator[Words | Figures]:
    """The worst intervals of all queues, then every queue (the worst first) and group while there is room.

    most: rows in all.
    """
    worst = _worst(result)
    if worst is None:
        yield Words(["Every queue meets its target in every interval."])
    else:
        yield worst
    members = [
        ("queue", name) for name in sorted(result.scenario.queues, key=lambda q: -_missed(result, q).sum())
    ]
    members += [("group", name) for name in result.scenario.agents]
    told = members[: max(1, most // result.scenario.grid.count)]
    for kind, name in told:
        table = _table(result, kind, name)
        if table is not None:
            yield table
    if len(told) < len(members):
        left = len(members) - len(told)
        yield Words([f"{left:,} more are left out here; ccsim run --by-interval has all."])
    if not result.totals.has_intervals and result.count > 1:
        yield Words(
            ["Margins by interval were not kept for these figures; ccsim run --by-interval keeps them."]
        )


def interval_words(result: Result) -> list[str]:
    """Each interval in a line, for whoever points at it: contacts, service level, hang-ups and wait of all queues."""
    columns = {name: result.by_interval(name)[0] for name in COLUMNS["queue"][:4]}
    words = []
    for place in range(result.scenario.grid.count):
        offered, level, gone, wait = (float(columns[name][place]) for name in COLUMNS["queue"][:4])
        said = [f"{offered:,.1f} contacts"]
        said += [f"{percent(level)} answered in time"] if np.isfinite(level) else []
        said += [f"{percent(gone)} hang up"] if np.isfinite(gone) else []
        said += [f"{compact(wait)} mean wait"] if np.isfinite(wait) else []
        words.append(f"{result.scenario.grid.label(place)}: {', '.join(said)}")
    return words


def _missed(result: Result, queue: str) -> np.ndarray:
    """Contacts of each interval that would have had to be answered in time to meet the queue's target."""
    figures = result.interval_figures(list(result.scenario.queues).index(queue))
    target = result.scenario.queues[queue].service_level.target
    return np.maximum(target * figures["counted_for_target"] - figures["within_target"], 0.0)


def _worst(result: Result) -> Figures | None:
    """The intervals in which most contacts are answered too late for the target; None if there are none."""
    queues = list(result.scenario.queues)
    missed = np.array([_missed(result, queue) for queue in queues])
    order = np.argsort(-missed, axis=None, kind="stable")[:WORST]
    chosen = [divmod(int(place), missed.shape[1]) for place in order if missed.flat[place] > 1e-9]
    if not chosen:
        return None
    several = len(queues) > 1
    names = [
        f"{f'{clean(queues[q], 60)}, ' if several else ''}{result.scenario.grid.label(place)}"
        for q, place in chosen
    ]
    by_queue = {q: _estimates(result, "queue", queues[q]) for q, _ in chosen}
    rows = [by_queue[q][place] for q, place in chosen]
    below = int((missed > 1e-9).sum())
    targets = {result.scenario.queues[name].service_level.target for name in queues}
    target = f"the target of {say_share(targets.pop())}" if len(targets) == 1 else "their targets"
    many = (
        f"The {len(chosen)} worst of the {below:,} intervals"
        if below > len(chosen)
        else "Intervals, the worst first,"
    )
    title = f"{many} below {target}"
    table = table_of("interval", names, rows, COLUMNS["queue"], [result.scenario])
    return Figures(title, table, "interval", in_order=not several)


def _table(result: Result, kind: str, name: str) -> Figures | None:
    """All intervals of a queue or group but those in which nothing was open and nobody there."""
    estimates = _estimates(result, kind, name)
    kept = [place for place, row in enumerate(estimates) if any(row[metric].value for metric in SEEN[kind])]
    if not kept:
        return None
    rows = [estimates[place] for place in kept]
    metrics = [m for m in COLUMNS[kind] if m != "overtime_hours" or any(row[m].value for row in rows)]
    names = [result.scenario.grid.label(place) for place in kept]
    table = table_of("interval", names, rows, metrics, [result.scenario])
    what = "All intervals of" if kind == "queue" else "Agents by interval:"
    return Figures(f"{what} {clean(name, 80)}", table, "interval", folded=True, in_order=True)


def _estimates(result: Result, kind: str, name: str) -> Sequence[dict[str, Estimate]]:
    """The figures of every interval of a queue or group."""
    columns = {metric: result.by_interval(metric, name, kind) for metric in COLUMNS[kind]}
    return [
        {metric: Estimate(*map(float, figures[:, place])) for metric, figures in columns.items()}
        for place in range(result.scenario.grid.count)
    ]
