"""Totals → a value and its interval; differences of two plans on the same days."""

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sim.measures.metrics import BINS, Metric, Waits, bin_edges, joined_waits

CONFIDENCE = 0.95
RESAMPLES = 400
SMALL = 1 << 17  # multiplications; OpenBLAS takes threads from twice as many on
BLOCK = 128  # bins looked at together in the search for a percentile
NULL = float("nan")


class Estimate(NamedTuple):
    """A value with its 95% interval; NaN where there is none (a zero denominator, a single replication)."""

    value: float
    low: float
    high: float

    @property
    def margin(self) -> float:
        """Half the interval's length: the ± of the tables."""
        return (self.high - self.low) / 2


class Sample(NamedTuple):
    """A value and how each replication (or batch, or resample) moves it: all that margins and differences need.

    moves: float64 (n,): for counts and ratios the influence of each replication, mean zero; for percentiles
    the deviations of the resampled values, already scaled so that their root mean square is the standard error.
    """

    value: float
    moves: np.ndarray
    resampled: bool
    freedom: int


def t_quantile(freedom: int) -> float:
    """The two-sided 95% point of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2))


def of_count(values: np.ndarray) -> Sample:
    """The mean over replications; null where it is not a number in any of them."""
    mean = float(np.mean(values))
    return Sample(mean, values - mean, False, values.size - 1)


def of_largest(values: np.ndarray) -> Sample:
    """The mean over those replications that have a value (the others are NaN)."""
    known = ~np.isnan(values)
    if not known.any():
        return Sample(NULL, np.zeros(0), False, 0)
    return of_ratio(np.where(known, values, 0.0), known.astype(float))


def of_ratio(top: np.ndarray, bottom: np.ndarray) -> Sample:
    """Total over total, by the delta method on the replications' totals.

    Source: Law, Simulation Modeling and Analysis, ch. 9; null when the denominator is zero throughout.
    """
    total = float(bottom.sum())
    if total == 0.0:
        return Sample(NULL, np.zeros(0), False, 0)
    ratio = float(top.sum()) / total
    return Sample(ratio, (top - ratio * bottom) / (total / bottom.size), False, bottom.size - 1)


def interval(sample: Sample) -> Estimate:
    """The 95% t-interval of a sample."""
    if math.isnan(sample.value) or sample.freedom < 1:
        return Estimate(sample.value, NULL, NULL)
    squares = float(
        (sample.moves * sample.moves).sum()
    )  # unlike BLAS the same wherever the array lies in memory
    n = sample.freedom + 1
    error = math.sqrt(squares / sample.moves.size) if sample.resampled else math.sqrt(squares / (n - 1) / n)
    half = t_quantile(sample.freedom) * error
    return Estimate(sample.value, sample.value - half, sample.value + half)


def difference(other: Sample, baseline: Sample) -> Estimate:
    """other − baseline on the same replications: the interval of the paired values."""
    if math.isnan(other.value) or math.isnan(baseline.value):
        return Estimate(NULL, NULL, NULL)
    paired = Sample(
        other.value - baseline.value, other.moves - baseline.moves, other.resampled, other.freedom
    )
    return interval(paired)


@cache
def resampling_weights(batches: int) -> np.ndarray:
    """How often each batch is drawn in each resample, shape (resamples, batches); the same for every metric."""
    generator = np.random.Generator(np.random.Philox(key=20261123))
    return generator.multinomial(batches, np.full(batches, 1.0 / batches), size=RESAMPLES).astype(float)


class Pool:
    """The waits of one cell (a queue, an interval, or several together) by batch, ready for percentiles."""

    def __init__(self, batches: list[Waits]) -> None:
        """batches: tables of waits whose codes are bins alone."""
        self.batches = len(batches)
        everything = joined_waits(batches)
        self.bins, self.total = everything.codes, everything.counts.astype(float)
        self.counts = np.zeros((len(batches), self.bins.size))
        for row, batch in enumerate(batches):
            self.counts[row, np.searchsorted(self.bins, batch.codes)] = batch.counts
        self.low, self.high = bin_edges(self.bins)
        self.blocks = np.arange(0, self.bins.size, BLOCK)

    def percentile(self, share: float) -> Sample:
        """The pooled percentile, with deviations from resampling whole batches of replications."""
        if self.bins.size == 0:
            return Sample(NULL, np.zeros(0), True, 0)
        value = float(self._percentiles(self.total[None, :], np.ones((1, 1)), share)[0])
        if self.batches < 2:
            return Sample(value, np.zeros(0), True, 0)
        drawn = self._percentiles(self.counts, resampling_weights(self.batches), share)
        scale = math.sqrt(self.batches / (self.batches - 1))
        return Sample(value, (drawn - drawn.mean()) * scale, True, self.batches - 1)

    def _percentiles(self, counts: np.ndarray, weights: np.ndarray, share: float) -> np.ndarray:
        """Percentile of each weighted sum of rows of counts, spread evenly inside its bin.

        counts: float64 (rows, bins), weights: (sums, rows). Blocks of bins first, then the bins of the one
        block that the percentile lies in: the whole product of the two would be large. All are whole numbers.
        """
        reached = np.cumsum(_product(weights, np.add.reduceat(counts, self.blocks, axis=1)), axis=1)
        wanted = share * reached[:, -1]
        where = np.minimum((reached < wanted[:, None]).sum(axis=1), self.blocks.size - 1)
        result = np.empty(wanted.size)
        for block in np.unique(where):
            rows = np.flatnonzero(where == block)
            bins = slice(block * BLOCK, min((block + 1) * BLOCK, self.bins.size))
            before = reached[rows, block - 1] if block else np.zeros(rows.size)
            inner = before[:, None] + np.cumsum(_product(weights[rows], counts[:, bins]), axis=1)
            place = np.minimum((inner < wanted[rows, None]).sum(axis=1), inner.shape[1] - 1)
            at = np.arange(rows.size)
            up_to = inner[at, place]
            under = np.where(place > 0, inner[at, np.maximum(place - 1, 0)], before)
            ahead = wanted[rows] - under
            inside = np.divide(ahead, up_to - under, where=up_to > under, out=np.ones(rows.size))
            low, high = self.low[bins][place], self.high[bins][place]
            result[rows] = low + np.clip(inside, 0.0, 1.0) * (high - low)
        return result


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The matrix product, in pieces too small to be spread over threads, which would spin longer than they work."""
    pieces = 1 + left.shape[0] * right.size // SMALL
    return np.concatenate([part @ right for part in np.array_split(left, pieces)])


def cell_waits(waits: Waits, cells: range) -> Waits:
    """Those waits whose place (cell, or cell × intervals + interval) lies in a range, coded by bin alone."""
    a, b = np.searchsorted(waits.codes, [cells.start * BINS, cells.stop * BINS])
    if len(cells) == 1:
        return Waits(waits.codes[a:b] - cells.start * BINS, waits.counts[a:b])
    return joined_waits([Waits(waits.codes[a:b] % BINS, waits.counts[a:b])])


def sample_of(metric: Metric, figures: dict[str, np.ndarray], pick: Any, pool: Pool | None) -> Sample:
    """The sample of one metric; `pick` indexes the last axes of the figures, after the replications.

    None is everything. Several places, as in a slice, are summed over (`all`), or, for the longest wait, the
    largest is taken.
    """

    def picked(name: str) -> np.ndarray:
        values = figures[name] if pick is None else figures[name][(slice(None), *pick)]
        return values.reshape(values.shape[0], -1)

    def column(name: str) -> np.ndarray:
        values = picked(name)
        return values[:, 0] if values.shape[1] == 1 else values.sum(axis=1)

    if metric.kind == "ratio":
        return of_ratio(column(metric.top), column(metric.bottom))
    if metric.kind == "largest":
        return of_largest(np.fmax.reduce(picked(metric.top), axis=1))
    if metric.kind == "percentile":
        assert pool is not None
        return pool.percentile(metric.percent)
    return of_count(column(metric.top))
