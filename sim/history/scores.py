"""How well a prediction held: bias, correlation and the share inside the prediction band, on any cells."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BAND = 0.8  # of what single days may be
SAME = 1e-9
TOLD_APART = {
    "share": SAME,
    "s": 1e-3,
}  # by unit; no log has finer stamps, and moments of 10⁹ s round above a µs


class Metric(NamedTuple):
    """A ratio of two of the columns that are kept of the totals, and its unit: "share" or "s"."""

    name: str
    top: int
    bottom: int
    unit: str


KEPT = ("offered", "within_target", "counted_for_target", "abandoned", "wait", "waited")
METRICS = (
    Metric("service_level", 1, 2, "share"),
    Metric("abandonment_rate", 3, 0, "share"),
    Metric("mean_wait", 4, 5, "s"),
)


class Score(NamedTuple):
    """How a prediction of a metric held over cells (intervals or days), each with the weight of its contacts.

    cells: how many; happened, predicted: over all; error: mean absolute, by cell; correlation: NaN where one side does
    not vary; inside, below, above: shares of cells within, under and over the prediction band, NaN without one;
    unbounded: cells for which the prediction is infinite, left out of error and correlation.
    """

    cells: int
    happened: float
    predicted: float
    error: float
    correlation: float
    inside: float
    below: float
    above: float
    unbounded: int

    @property
    def bias(self) -> float:
        """Predicted less happened."""
        return self.predicted - self.happened


def score(happened: Array, simulated: Array, metric: Metric) -> Score:
    """Hold simulated single days against what happened; happened: (cells, KEPT), simulated: (rounds, cells, KEPT)."""
    top, bottom = happened[:, metric.top], happened[:, metric.bottom]
    used = bottom > 0
    total = simulated.sum(axis=0)
    used &= total[:, metric.bottom] > 0
    seen = top[used] / bottom[used]
    mean = total[used, metric.top] / total[used, metric.bottom]
    overall = float(total[used, metric.top].sum() / max(total[used, metric.bottom].sum(), SAME))
    low, high = ranks(seen, simulated[:, used], metric)
    inside, below, above = _banded(low, high)
    return _scored(seen, mean, bottom[used], overall)._replace(inside=inside, below=below, above=above)


def score_formula(happened: Array, predicted: Array, expected: Array, metric: Metric) -> Score:
    """The same for a formula that gives one figure a cell; predicted, expected (contacts): (cells,)."""
    top, bottom = happened[:, metric.top], happened[:, metric.bottom]
    used = (bottom > 0) & ~np.isnan(predicted)
    seen, weight = top[used] / bottom[used], bottom[used]
    overall = (
        float(np.average(predicted[used], weights=np.maximum(expected[used], SAME))) if used.any() else np.nan
    )
    return _scored(seen, predicted[used], weight, overall)


def _scored(seen: Array, mean: Array, weight: Array, overall: float) -> Score:
    if not seen.size:
        return Score(0, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, 0)
    finite = np.isfinite(mean)
    a, b, w = seen[finite], mean[finite], weight[finite]
    error = float(np.average(np.abs(a - b), weights=w)) if a.size else np.nan
    happened = float(np.average(seen, weights=weight))
    none = int(np.count_nonzero(~finite))
    return Score(seen.size, happened, overall, error, correlation(a, b, w), np.nan, np.nan, np.nan, none)


def correlation(a: Array, b: Array, weight: Array) -> float:
    """Pearson's correlation of two figures by cell, each with a weight; NaN where one does not vary."""
    if a.size < 3:
        return float("nan")
    da, db = a - np.average(a, weights=weight), b - np.average(b, weights=weight)
    spread = float(np.sqrt(np.average(da**2, weights=weight) * np.average(db**2, weights=weight)))
    return float(np.average(da * db, weights=weight)) / spread if spread > SAME else float("nan")


def ranks(seen: Array, simulated: Array, metric: Metric) -> tuple[Array, Array]:
    """The ends of the rank of each value that was seen among the simulated ones, as shares.

    Between them it is even: if what was seen is one more day like those simulated, a number drawn between the ends
    is uniform from 0 to 1, however few the rounds.
    """
    bottom = simulated[..., metric.bottom]
    known = bottom > 0
    value = np.divide(simulated[..., metric.top], bottom, where=known, out=np.full(bottom.shape, np.nan))
    count = known.sum(axis=0)
    same = TOLD_APART[metric.unit]
    with np.errstate(invalid="ignore"):
        below = (value < seen - same).sum(axis=0)
        upto = (value <= seen + same).sum(axis=0)
    return below / (count + 1), (upto + 1) / (count + 1)


def _banded(low: Array, high: Array) -> tuple[float, float, float]:
    """The shares of cells inside, below and above the band, what lies on its edge by parts.

    A share of few contacts has few possible values: one that many rounds have covers a stretch of ranks, and counts
    as inside by the part of it that is. A right prediction is then inside as often as it should be, whatever the
    number of contacts. Source: Czado, Gneiting and Held (2009), the nonrandomized probability integral transform.
    """
    edge = (1.0 - BAND) / 2
    length = np.maximum(high - low, SAME)
    below = np.clip(edge - low, 0.0, length) / length
    above = np.clip(high - (1.0 - edge), 0.0, length) / length
    under, over = float(np.mean(below)), float(np.mean(above))
    return max(0.0, 1.0 - under - over), under, over
