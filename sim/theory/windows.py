"""The one integral behind Erlang B and A, ∫ exp(−s·v + x·(1 − e^−v)) dv, to 13 digits for any size of s and x.

Over v ≥ 0 it is γ(s, x)·e^x ÷ x^s, the lower incomplete gamma function without its leading factor; over v ≤ 0 the
upper one (DLMF 8.2). The exponent is concave: it has one peak, and what lies 45 below the peak does not count in
double precision. So 64 Gauss–Legendre nodes on the window around the peak do, whose ends have simple bounds. All
is relative to the peak, in logs: nothing overflows, and no large numbers are taken from each other.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

DROP = 45.0  # e^-45 of the peak is less than rounding
SMALL = 20.0  # below this s the window would be wide and uneven: step up to it, and back by the recurrence
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
NODES, WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS  # on (0, 1)


@dataclass(frozen=True)
class Window:
    """Where an integral is: its peak, and by place (a row each) nodes around it and their weighted heights."""

    peak: Array  # the exponent at the peak
    mode: Array  # v at the peak
    off: Array  # v − mode of the nodes, shape (places, 64)
    rest: Array  # off − 1 + e^−off
    heights: Array  # weight × exp(exponent − peak)

    def kept(self) -> Array:
        """e^−v of the nodes."""
        return np.exp(-self.mode)[:, None] * (1.0 - self.off + self.rest)

    def gone(self) -> Array:
        """1 − e^−v of the nodes, exact for small v too."""
        mode = self.mode[:, None]
        return np.exp(-mode) * (self.off - self.rest) - np.expm1(-mode)


def window(s: Array, x: Array, low: float | Array, high: float | Array) -> Window:
    """The nodes of ∫ exp(−s·v + x·(1 − e^−v)) dv from low to high, both on one side of 0; s, x > 0, flat."""
    with np.errstate(divide="ignore"):
        top = np.log(x / s)
    mode = np.minimum(np.maximum(top, low), high)
    inside = mode == top
    here = np.where(inside, s, x * np.exp(-mode))  # x·e^−v at the peak
    slope = s - here
    left, right = _reach_left(slope, here), _reach_right(slope, here, s)
    start = np.where(slope > 0.0, 0.0, np.maximum(-left, low - mode))
    length = np.where(slope < 0.0, 0.0, np.minimum(right, high - mode)) - start
    off = start[:, None] + length[:, None] * NODES
    rest = rest_of_exp(off)
    heights = np.exp(-slope[:, None] * off - here[:, None] * rest)
    heights *= length[:, None] * WEIGHTS
    return Window(_exponent(s, x, mode, inside), mode, off, rest, heights)


def _reach_left(slope: Array, here: Array) -> Array:
    """How far left of the peak the exponent has surely fallen by DROP: from e^w − 1 ≥ w + w²/2."""
    uphill = np.maximum(-slope, 0.0)
    return 2.0 * DROP / (uphill + np.sqrt(uphill**2 + 2.0 * DROP * here))


def _reach_right(slope: Array, here: Array, s: Array) -> Array:
    """How far right of the peak the exponent has surely fallen by DROP: from w − 1 + e^−w ≥ w²/(2 + w)."""
    half = 2.0 * np.maximum(slope, 0.0) - DROP
    root = np.sqrt(half**2 + 8.0 * DROP * s)
    return np.where(half > 0.0, 4.0 * DROP / (root + np.abs(half)), (root + np.abs(half)) / (2.0 * s))


def _exponent(s: Array, x: Array, mode: Array, inside: Array) -> Array:
    """−s·v + x·(1 − e^−v) at the peak; inside it is s·(r − 1 − log r) with r = x ÷ s."""
    beyond = -s * mode - x * np.expm1(-mode)
    return np.where(inside, s * less_log(x / s, (x - s) / s), np.where(mode == 0.0, 0.0, beyond))


def rest_of_exp(w: Array) -> Array:
    """w − 1 + e^−w; near 0, where it would cancel, the series."""
    if w.size and np.abs(w).max() > 0.02:
        near = np.abs(w) <= 0.02
        direct = np.expm1(-w) + w
        return np.where(near, _rest_series(w), direct) if near.all(1).any() else direct
    return _rest_series(w)


def _rest_series(w: Array) -> Array:
    return w * w * (0.5 - w * (1 / 6 - w * (1 / 24 - w * (1 / 120 - w * (1 / 720 - w / 5040)))))


def less_log(r: Array, d: Array) -> Array:
    """r − 1 − log r for r > 0, given d = r − 1 too; near 1 without cancelling (Loader 2000)."""
    near = np.abs(d) < 0.2
    c = np.where(near, d, 0.0)
    q = c / (2.0 + c)
    y, total = q * q, np.zeros_like(q)
    for k in range(21, 1, -2):
        total = total * y + 1.0 / k
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(near, q * (c - 2.0 * y * total), d - np.log(r))


@dataclass(frozen=True)
class Lower:
    """Integrals over v ≥ 0, each without the factor exp(peak)."""

    peak: Array
    all: Array  # of the integrand itself
    gone: Array  # times 1 − e^−v
    kept: Array  # times e^−v
    kept_time: Array  # times v·e^−v


def lower(s: Array, x: Array) -> Lower:
    """The integrals over all v ≥ 0 for s > 0 and x ≥ 0 (flat arrays), relative error about 1e-14."""
    steps = np.maximum(np.ceil(SMALL - s), 0.0)
    found = window(s + steps, x, 0.0, np.inf)
    heights, keep = found.heights, found.kept()
    by_time = heights * (found.mode[:, None] + found.off)
    value, gone = heights.sum(1), (heights * found.gone()).sum(1)
    kept, kept_time = (heights * keep).sum(1), (by_time * keep).sum(1)
    if not steps.any():
        return Lower(found.peak, value, gone, kept, kept_time)
    # R(s) = (1 + x·R(s + 1)) ÷ s, and the same differentiated: all terms positive, so stable downward
    time, one = by_time.sum(1), np.exp(-found.peak)
    for k in range(int(steps.max()) - 1, -1, -1):
        on, at = k < steps, s + k
        kept, kept_time = np.where(on, value, kept), np.where(on, time, kept_time)
        value = np.where(on, (one + x * kept) / at, value)
        time = np.where(on, (value + x * kept_time) / at, time)
    return Lower(found.peak, value, np.where(steps > 0.0, value - kept, gone), kept, kept_time)


def log_upper(s: Array, x: Array) -> Array:
    """The log of the integral over v ≤ 0 for s ≥ SMALL and x > 0 (flat arrays)."""
    found = window(s, x, -np.inf, 0.0)
    return found.peak + np.log(found.heights.sum(1))


def log_inverse_b(n: Array, load: Array) -> Array:
    """log(1 ÷ B) of the Erlang loss formula for whole n ≥ 0 and load > 0 (flat arrays).

    1 ÷ B = load·∫ over v ≤ 0 with s = n + 1, x = load (Jagerman 1974, theorem 3, with u = load·(e^−v − 1)); few
    agents by the recursion 1/B(k) = 1 + k ÷ load · 1/B(k − 1), all of whose terms are positive.
    """
    few = n < SMALL
    logs = np.zeros_like(load)
    if not few.all():
        many = ~few
        logs[many] = np.log(load[many]) + log_upper(n[many] + 1.0, load[many])
    if few.any():
        m, log_load, log = n[few], np.log(load[few]), np.zeros(int(few.sum()))
        for k in range(1, int(m.max()) + 1):
            log = np.where(m >= k, np.logaddexp(0.0, np.log(k) - log_load + log), log)
        logs[few] = log
    return logs
