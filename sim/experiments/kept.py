"""What a sweep keeps of every replication, and the estimates made of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import NamedTuple

import numpy as np

from sim.errors import InputError, nearest, shown
from sim.experiments.replicate import BATCHES
from sim.measures.estimate import Estimate, Pool, cell_waits, interval, t_quantile
from sim.measures.metrics import AGENT_METRICS, BINS, QUEUE_METRICS, Cell, Metric, Waits, joined_waits

ALL = "all"
BETWEEN = " · "  # a class of a queue is named "support · vip"


@dataclass(frozen=True)
class Kept:
    """The metrics that are kept, and the figures that they are made of.

    queues, agents: the metrics of queues and of groups; by_interval: whether figures are kept by interval too.
    """

    queues: tuple[Metric, ...]
    agents: tuple[Metric, ...]
    by_interval: bool = False

    @property
    def queue_figures(self) -> tuple[str, ...]:
        """Names of the columns by queue, in order of first mention."""
        return _figures(self.queues)

    @property
    def agent_figures(self) -> tuple[str, ...]:
        """Names of the columns by group."""
        return _figures(self.agents)

    @property
    def waits(self) -> bool:
        """Whether the waits themselves are needed, for percentiles."""
        return any(map(_is_percentile, self.queues))


def kept_of(metrics: Iterable[str], by_interval: bool = False) -> Kept:
    """The metrics of these names, each once, in the order of the tables."""
    wanted = set(metrics)
    if unknown := sorted(wanted - QUEUE_METRICS.keys() - AGENT_METRICS.keys()):
        known = [*QUEUE_METRICS, *AGENT_METRICS]
        raise InputError(
            f"there is no metric {shown(unknown[0])}{nearest(unknown[0], known)}", path="metrics"
        )
    of_queues = tuple(metric for name, metric in QUEUE_METRICS.items() if name in wanted)
    of_agents = tuple(metric for name, metric in AGENT_METRICS.items() if name in wanted)
    return Kept(of_queues, of_agents, by_interval)


def _is_percentile(metric: Metric) -> bool:
    return metric.kind == "percentile"


def _figures(metrics: Iterable[Metric]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for m in metrics for name in (m.top, m.bottom) if name))


class Members(NamedTuple):
    """The names in a point's figures: of queues, of (queue, class) in the places after them, and of groups."""

    queues: tuple[str, ...]
    classes: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]

    @property
    def cells(self) -> list[tuple[str, str]]:
        """(queue, class) of every cell; the class of a whole queue is ""."""
        return [*((name, "") for name in self.queues), *self.classes]


def members_of(queues: Sequence[str], cells: Iterable[Cell], groups: Sequence[str]) -> Members:
    """The names of a scenario's queues, classes and groups."""
    classes = tuple((queues[cell.queue], cell.name) for cell in cells if cell.name)
    return Members(tuple(queues), classes, tuple(groups))


class Figures(NamedTuple):
    """What is kept of some replications of one point.

    queues: float64 (replications, cells, figures); agents: (replications, groups, figures); queues_by_interval
    (replications, cells, intervals, figures) and agents_by_interval (replications, groups, intervals, figures) have no
    rows unless they are wanted; starts: the intervals' names. waits: by batch, {} unless a percentile is kept.
    """

    members: Members
    queues: np.ndarray
    agents: np.ndarray
    queues_by_interval: np.ndarray
    agents_by_interval: np.ndarray
    starts: tuple[str, ...]
    waits: dict[int, Waits]


class Row(NamedTuple):
    """One estimate of a point: of a queue, a class ("support · vip") or a group, or of "all"."""

    kind: str
    name: str
    metric: str
    estimate: Estimate


def estimates(kept: Kept, figures: Sequence[Figures]) -> list[list[Row]]:
    """The estimates of several points with the same members and as many replications each.

    They are those of `sim.measures.estimate`, to the last bit, taken for all points at once.
    """
    rows: list[list[Row]] = [[] for _ in figures]
    if not figures:
        return rows
    members = figures[0].members
    of_queues = np.stack([each.queues for each in figures])
    of_agents = np.stack([each.agents for each in figures])
    count = len(members.queues)
    places = [("queue", name, range(q, q + 1)) for q, name in enumerate(members.queues)]
    places.append(("queue", ALL, range(count)))
    places += [
        ("class", BETWEEN.join(cell), range(count + place, count + place + 1))
        for place, cell in enumerate(members.classes)
    ]
    groups = [("group", name, range(g, g + 1)) for g, name in enumerate(members.groups)]
    groups.append(("group", ALL, range(len(members.groups))))
    for columns, names, metrics, found in (
        (of_queues, kept.queue_figures, kept.queues, places),
        (of_agents, kept.agent_figures, kept.agents, groups),
    ):
        for kind, name, place in found if metrics else ():
            part = columns[:, :, place.start : place.stop]
            pools = (
                [_pool(each.waits, place) for each in figures] if any(map(_is_percentile, metrics)) else []
            )
            for metric in metrics:
                if _is_percentile(metric):
                    values = [interval(pool.percentile(metric.percent)) for pool in pools]
                else:
                    values = _intervals(metric, names, part)
                for row, value in zip(rows, values, strict=True):
                    row.append(Row(kind, name, metric.name, value))
    return rows


def _pool(waits: dict[int, Waits], cells: range) -> Pool:
    return Pool([cell_waits(waits[batch], cells) for batch in sorted(waits)])


def _intervals(metric: Metric, names: Sequence[str], part: np.ndarray) -> list[Estimate]:
    """An estimate a point; part: float64 (points, replications, places, figures), the places taken together."""

    def column(name: str) -> np.ndarray:
        values = np.ascontiguousarray(part[..., names.index(name)])
        return values[..., 0] if values.shape[2] == 1 else values.sum(axis=2)

    if metric.kind == "ratio":
        return _ratios(column(metric.top), column(metric.bottom))
    if metric.kind == "largest":
        largest = np.fmax.reduce(part[..., names.index(metric.top)], axis=2)
        known = ~np.isnan(largest)
        return _ratios(np.where(known, largest, 0.0), known.astype(float))
    values = np.ascontiguousarray(column(metric.top))
    means = values.mean(axis=1)
    return _with_margins(means, values - means[:, None])


def _ratios(top: np.ndarray, bottom: np.ndarray) -> list[Estimate]:
    """Total over total of every row, as `estimate.of_ratio` has it."""
    top, bottom = np.ascontiguousarray(top), np.ascontiguousarray(bottom)
    totals = bottom.sum(axis=1)
    some = totals != 0.0
    safe = np.where(some, totals, 1.0)
    ratios = top.sum(axis=1) / safe
    moves = (top - ratios[:, None] * bottom) / (safe / bottom.shape[1])[:, None]
    return _with_margins(np.where(some, ratios, np.nan), moves)


def _with_margins(values: np.ndarray, moves: np.ndarray) -> list[Estimate]:
    """The 95% t-interval of every row, as `estimate.interval` has it."""
    n = moves.shape[1]
    if n < 2:
        return [Estimate(value, np.nan, np.nan) for value in values.tolist()]
    squares = (moves * moves).sum(axis=1)
    half = _quantile(n - 1) * np.sqrt(squares / (n - 1) / n)
    return list(map(Estimate, values.tolist(), (values - half).tolist(), (values + half).tolist()))


_quantile = cache(t_quantile)


def waits_by_batch(
    codes: Sequence[np.ndarray], replications: Iterable[int], intervals: int
) -> dict[int, Waits]:
    """The waits of each batch, counted by cell and bin; codes: those of each replication, as in a `Sheet`."""
    batches: dict[int, list[np.ndarray]] = {}
    for replication, found in zip(replications, codes, strict=True):
        cells, places = found // (intervals * BINS), found % BINS
        batches.setdefault(replication % BATCHES, []).append(cells * BINS + places)
    counted = {
        batch: np.unique(np.concatenate(of_days), return_counts=True) for batch, of_days in batches.items()
    }
    return {batch: Waits(found, counts.astype(np.int64)) for batch, (found, counts) in counted.items()}


def waits_rows(
    number: int, waits: dict[int, Waits], members: Members
) -> Iterator[tuple[int, int, str, str, int, int]]:
    """(point, batch, queue, class, bin, count) of every bin that occurs at a point."""
    queues, classes = zip(*members.cells, strict=True)
    for batch, found in waits.items():
        cells, places = np.divmod(found.codes, BINS)
        cells = cells.tolist()
        names = map(queues.__getitem__, cells), map(classes.__getitem__, cells)
        yield from zip(
            repeat(number), repeat(batch), *names, places.tolist(), found.counts.tolist(), strict=False
        )


def waits_from(rows: Iterable[tuple[int, str, str, int, int]], members: Members) -> dict[int, Waits]:
    """What `waits_rows` gave, put together again."""
    places = {cell: place for place, cell in enumerate(members.cells)}
    found: dict[int, list[tuple[int, int]]] = {}
    for batch, queue, name, place, count in rows:
        found.setdefault(batch, []).append((places[queue, name] * BINS + place, count))
    return {
        batch: joined_waits([Waits(*np.array(sorted(pairs), dtype=np.int64).T)])
        for batch, pairs in found.items()
    }
