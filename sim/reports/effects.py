"""What matters most in a sweep: how much of the spread of a metric over the points each factor explains.

A metric is split into a part for each factor, fitted together by least squares. Factors of a grid, and those in
words, have a value for each level; numbers drawn from ranges or distributions a parabola. The share of a factor is the
covariance of its part with the metric over the metric's variance, which is the main effect's share of the sum of
squares where all combinations are played, and the first-order index where the factors are drawn independently. What
chance in the days adds to a share is estimated from the replications, or from the scatter about the fit, and taken off.
Sources: Law, Simulation Modeling and Analysis, ch. 12 (main effects by replication, on common days); Saltelli et
al., Global Sensitivity Analysis: The Primer, ch. 1 and 4 (regression on sampled points, first-order indices).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.measures.estimate import RESAMPLES, Estimate, Sample, interval, t_quantile

LOW, HIGH = 0.05, 0.95  # of the drawn values of a factor: between these the change is told
SAME = 1e-12  # of the squared values: less is no spread, or rounding in a rank
WIDE = 1.96  # standard errors to either side
CHUNK = 25  # resamples at a time


class Varied(NamedTuple):
    """A factor as the points have it; drawn: from a range or distribution, or listed, not combined with all others."""

    name: str
    values: Sequence[float | str | None]
    drawn: bool

    @property
    def is_smooth(self) -> bool:
        """Whether a parabola stands for it, not a value for each level."""
        return self.drawn and all(isinstance(value, int | float) for value in self.values)


class Effect(NamedTuple):
    """What one factor does; change: of the metric when the factor goes from `low` to `high`, all else mixed."""

    factor: str
    low: float | str | None
    high: float | str | None
    change: Estimate
    share: Estimate


@dataclass(frozen=True)
class Effects:
    """What matters for one metric, the largest share first.

    together: the share that factors have only together (in drawn points: and of what is no parabola); noise: the
    share that is chance in the days, NaN after a single replication. The shares and both add up to 1.
    """

    metric: str
    effects: tuple[Effect, ...]
    together: Estimate
    noise: float
    points: int
    drawn: bool


class _Part(NamedTuple):
    """The columns that stand for a factor (points, columns), and the step in them from its low to its high."""

    low: float | str | None
    high: float | str | None
    columns: np.ndarray
    step: np.ndarray


def effects_of(metric: str, factors: Sequence[Varied], samples: Sequence[Sample]) -> Effects:
    """The effect of each factor on a metric; samples: of each point, on common days.

    InputError if the metric does not vary, or the points are too few or too much alike to tell factors apart.
    """
    factors = [factor for factor in factors if len(set(factor.values)) > 1]
    values = np.array([sample.value for sample in samples])
    centred = values - values.mean() if values.size else values
    squares = float(centred @ centred)
    if not factors or squares <= SAME * float(values @ values):
        raise InputError(f"{metric} is the same at all {values.size:,} points, so nothing matters for it")
    parts = [_part_of(factor, values) for factor in factors]
    columns = np.hstack([part.columns for part in parts])
    if values.size < columns.shape[1] + 2:
        raise InputError(
            f"{values.size:,} points are too few to tell the {len(parts)} factors apart; "
            f"play at least {columns.shape[1] + 2}"
        )
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        raise InputError(
            "some factors go hand in hand over these points, so their effects cannot be told apart"
        )
    moves = np.array([sample.moves for sample in samples])
    moves -= moves.mean(axis=0)
    noise = _mean_square(moves, samples[0])
    drawn = any(factor.drawn for factor in factors)
    shares, changes = _by_days(parts, columns, centred, moves, samples[0])
    if drawn:
        draws = list(zip(*(factor.values for factor in factors if factor.drawn), strict=True))
        shares, changes = _by_draws(parts, columns, centred, draws, shares, changes)
    names = [factor.name for factor in factors]
    found = [
        Effect(name, part.low, part.high, change, share)
        for name, part, change, share in zip(names, parts, changes, shares[:-1], strict=True)
    ]
    lost = 0.0 if np.isnan(noise) else noise / squares
    together = Estimate(*(value - lost for value in shares[-1]))
    ranked = tuple(sorted(found, key=lambda effect: -effect.share.value))
    return Effects(metric, ranked, together, noise / squares, values.size, drawn)


def _part_of(factor: Varied, metric: np.ndarray) -> _Part:
    """The columns of a factor, each with mean zero: one for every level but the first, or x and x² if drawn."""
    if factor.is_smooth:
        x = np.array(factor.values, dtype=float)
        low, high = np.quantile(x, [LOW, HIGH])
        scaled = (np.append(x, [low, high]) - x.mean()) / x.std()
        powers = np.stack([scaled, scaled**2][: len(set(factor.values)) - 1], axis=1)
        return _Part(float(low), float(high), powers[:-2] - powers[:-2].mean(axis=0), powers[-1] - powers[-2])
    levels = list(dict.fromkeys(factor.values))
    place = np.array([levels.index(value) for value in factor.values])
    if all(isinstance(level, int | float) for level in levels):
        order = sorted(range(len(levels)), key=lambda at: levels[at])  # type: ignore[arg-type, return-value]
    else:
        order = sorted(range(len(levels)), key=lambda at: metric[place == at].mean())
    indicators = (place[:, None] == np.arange(len(levels))).astype(float)
    step = np.zeros(len(levels))
    step[order[-1]], step[order[0]] = 1.0, -1.0
    return _Part(levels[order[0]], levels[order[-1]], (indicators - indicators.mean(axis=0))[:, 1:], step[1:])


def _mean_square(moves: np.ndarray, like: Sample) -> float:
    """The squares that chance adds to those of the points, NaN where nothing tells."""
    if like.freedom < 1:
        return float("nan")
    count = moves.shape[1]
    return float((moves**2).sum()) / (count if like.resampled else count * (count - 1))


def _by_days(
    parts: Sequence[_Part], columns: np.ndarray, values: np.ndarray, moves: np.ndarray, like: Sample
) -> tuple[list[Estimate], list[Estimate]]:
    """Shares (the last: of no factor alone, chance included) and changes; margins from the replications.

    Chance is taken off the shares as the mean of what the replications differ by.
    """
    squares = float(values @ values)
    fitted = np.linalg.lstsq(columns, np.column_stack([values, moves]), rcond=None)[0]
    of_value, of_moves = fitted[:, 0], fitted[:, 1:]
    whole = 2.0 * (values @ moves)
    shares, changes, least, place = [], [], [], 0
    for part in parts:
        own = slice(place, place + part.columns.shape[1])
        place = own.stop
        along, along_moves = part.columns.T @ values, part.columns.T @ moves
        raw = float(of_value[own] @ along) / squares
        chance = _mean_product(of_moves[own], along_moves, like) / squares
        moved = (along @ of_moves[own] + of_value[own] @ along_moves - raw * whole) / squares
        shares.append(Sample(raw - chance, moved, like.resampled, like.freedom))
        least.append(chance * math.sqrt(2.0 / part.columns.shape[1]))
        changes.append(
            Sample(float(part.step @ of_value[own]), part.step @ of_moves[own], like.resampled, like.freedom)
        )
    rest_moves = -np.sum([share.moves for share in shares], axis=0)
    rest = 1.0 - sum(share.value for share in shares)
    shares.append(Sample(rest, rest_moves, like.resampled, like.freedom))
    found = [_widened(interval(share), wide) for share, wide in zip(shares, [*least, 0.0], strict=True)]
    return found, [interval(change) for change in changes]


def _widened(share: Estimate, error: float) -> Estimate:
    """A share with no less error than chance alone has, which near nothing adds its square and no slope."""
    half = max(share.margin, WIDE * error)
    return Estimate(share.value, share.value - half, share.value + half)


def _mean_product(a: np.ndarray, b: np.ndarray, like: Sample) -> float:
    if like.freedom < 1:
        return 0.0
    count = a.shape[1]
    return float((a * b).sum()) / (count if like.resampled else count * (count - 1))


def _by_draws(
    parts: Sequence[_Part], columns: np.ndarray, values: np.ndarray, draws: Sequence[tuple[Any, ...]],
    shares: list[Estimate], changes: list[Estimate],
) -> tuple[list[Estimate], list[Estimate]]:  # fmt: skip
    """The same where points were drawn: others might have been, which bootstrapping them adds to the margins.

    draws: what was drawn for each point; the points of one draw stay together.
    """
    table = np.column_stack([np.ones(values.size), columns, values])
    size = table.shape[1]
    place = {draw: number for number, draw in enumerate(dict.fromkeys(draws))}
    count = len(place)
    products = np.zeros((count, size * size))
    np.add.at(
        products,
        [place[draw] for draw in draws],
        (table[:, :, None] * table[:, None, :]).reshape(-1, size * size),
    )
    generator = np.random.Generator(np.random.Philox(key=20261123))
    whole = _fit(products.sum(axis=0).reshape(1, size, size), parts)[0]
    drawn = []
    for _ in range(RESAMPLES // CHUNK):
        weights = generator.multinomial(count, np.full(count, 1.0 / count), size=CHUNK).astype(float)
        drawn.append(_fit((weights @ products).reshape(CHUNK, size, size), parts))
    half = t_quantile(count - 1) * np.concatenate(drawn).std(axis=0)
    days = np.nan_to_num([estimate.margin for estimate in (*shares, *changes)])
    both = np.hypot(half, days)
    told = [Estimate(float(v), float(v - h), float(v + h)) for v, h in zip(whole, both, strict=True)]
    return told[: len(shares)], told[len(shares) :]


def _fit(gram: np.ndarray, parts: Sequence[_Part]) -> np.ndarray:
    """Shares, that of no factor alone, and changes, from sums of products of (1, columns, value).

    gram: (fits, size, size); result (fits, 2 × parts + 1). The scatter about the fit is taken off as the mean square
    of the residuals times a part's columns (the adjustment of ε² and of adjusted R²).
    """
    count = gram[:, :1, :1]
    centred = gram[:, 1:, 1:] - gram[:, 1:, :1] * gram[:, :1, 1:] / count
    along, squares = centred[:, :-1, -1], np.maximum(centred[:, -1, -1], 1e-300)
    fitted = (np.linalg.pinv(centred[:, :-1, :-1], hermitian=True) @ along[:, :, None])[:, :, 0]
    freedom = np.maximum(count[:, 0, 0] - fitted.shape[1] - 1, 1.0)
    scatter = np.maximum(squares - (fitted * along).sum(axis=1), 0.0) / freedom
    shares, changes, place = [], [], 0
    for part in parts:
        own = slice(place, place + part.columns.shape[1])
        place = own.stop
        explained = (fitted[:, own] * along[:, own]).sum(axis=1)
        shares.append((explained - part.columns.shape[1] * scatter) / squares)
        changes.append(fitted[:, own] @ part.step)
    rest = 1.0 - np.sum(shares, axis=0)
    return np.stack([*shares, rest, *changes], axis=1)
