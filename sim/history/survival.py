"""Patience from waits of which most end with an answer: Kaplan–Meier, its points, balking and those who never go."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.measures.estimate import NULL, Estimate

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

ASKED = (10.0, 20.0, 40.0, 60.0, 120.0)  # s, at which the share gone by is reported
ENOUGH_AT_RISK = 20  # a point of the curve is used while so many still wait
HANG_UPS_A_SEGMENT = 25  # at least, between two points
HALF = 8  # points of either kind at most
FIRST, THEREAFTER = 3.0, 13.0  # s: balking is sought up to the first, against the rate between the two
LEAST_BALKING = 0.01
NORMAL = 1.959963984540054


class Curve(NamedTuple):
    """The Kaplan–Meier curve of patience at the moments when somebody hung up.

    times: s, rising; at_risk: how many had waited so long at least; left: how many hung up then; alive: the share
    still there after it; variance: Greenwood's sum Σ d ÷ (n (n − d)); contacts, hung_up: how many in all.
    """

    times: Array
    at_risk: Array
    left: Array
    alive: Array
    variance: Array
    contacts: int
    hung_up: int

    def gone_by(self, moment: float) -> Estimate:
        """The share gone by a moment (s), with its 95% interval by log(−log) of Greenwood's variance.

        Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed., section 1.4.
        """
        place = int(np.searchsorted(self.times, moment, "right")) - 1
        if place < 0:
            return Estimate(0.0, NULL, NULL)
        low, high = (float(bound[place]) for bound in self.band())
        return Estimate(1.0 - float(self.alive[place]), low, high)

    def band(self) -> tuple[Array, Array]:
        """The ends of the 95% intervals of the shares gone, one for each of `times`; NaN where nobody is left."""
        with np.errstate(divide="ignore", invalid="ignore"):
            log_alive = np.log(self.alive)
            spread = NORMAL * np.sqrt(self.variance) / np.abs(log_alive)
            bounds = 1.0 - self.alive ** np.exp(-spread), 1.0 - self.alive ** np.exp(spread)
        return bounds


class Patience(NamedTuple):
    """What is known of patience: the curve, and what a scenario takes from it.

    points: (s, share gone) of a piecewise-exponential distribution, empty if nobody hung up; balks, never: None where
    the data show none; shares: gone by each of `ASKED` that was reached, by the curve as it is, balking included. The
    curve is of all who joined, who were answered at once after a wait of 0; with balking, of those who had to wait.
    """

    curve: Curve
    points: tuple[tuple[float, float], ...]
    balks: Estimate | None
    never: Estimate | None
    shares: dict[float, Estimate]


def kaplan_meier(waited: Array, hung_up: Mask, each: float = 1.0) -> Curve:
    """The curve of patience: who did not hang up was censored after the wait, those of the same moment included.

    waited: seconds, float64 (n,), no NaN; hung_up: bool (n,); each: how many each hang-up stands for.
    Who is answered at the very moment another hangs up
    was still at risk. Source: Kaplan and Meier 1958; Greenwood 1926.
    """
    times, counts = np.unique(waited[hung_up], return_counts=True)
    left = np.asarray(each * counts, np.float64)
    at_risk = (waited.size - np.searchsorted(np.sort(waited), times)).astype(np.float64)
    at_risk += (each - 1.0) * (np.count_nonzero(hung_up) - np.searchsorted(np.sort(waited[hung_up]), times))
    with np.errstate(divide="ignore"):
        variance = np.cumsum(left / (at_risk * (at_risk - left)))
    alive = np.asarray(np.cumprod(1.0 - left / at_risk), np.float64)
    return Curve(times, at_risk, left, alive, variance, int(waited.size), int(hung_up.sum()))


def patience_of(waited: Array, hung_up: Mask, whole_seconds: bool, each: float = 1.0) -> Patience | None:
    """The patience behind some waits; None if nobody waited or hung up.

    waited, hung_up, each as for `kaplan_meier`. whole_seconds: the waits were taken from stamps of whole seconds; what
    was written as 10 s then lasted up to 10.5 s on average over the rounding of both ends.
    """
    curve = kaplan_meier(waited, hung_up, each)
    if not curve.hung_up or not waited.max() > 0:
        return None
    late = 0.5 if whole_seconds else 0.0
    balks, usual = balking(waited, hung_up, late)
    had_to_wait = (waited > 0) | hung_up  # hang-ups in second 0 are not among those answered at once
    kept, before = had_to_wait, 0.0
    if balks is not None:
        curve = kaplan_meier(waited[had_to_wait], hung_up[had_to_wait], each)
        kept, before = had_to_wait & ~(hung_up & (waited <= FIRST)), usual * (FIRST + late)
    fitted = kaplan_meier(waited[kept], hung_up[kept], each)
    never = _never(waited[kept], fitted)
    points = _points(fitted, before, never.value if never else 0.0, late)
    if not points and fitted.hung_up:
        points = _one_point(waited[kept], fitted)
    shares = {moment: curve.gone_by(moment) for moment in ASKED if moment <= waited.max()}
    return Patience(curve, points, balks, never, shares)


def balking(waited: Array, hung_up: Mask, late: float = 0.0) -> tuple[Estimate | None, float]:
    """The share of those who had to wait that hung up at once, and the rate of hanging up thereafter (1 ÷ s).

    At once: within `FIRST` seconds and beyond what the rate from then to `THEREAFTER` explains. None unless the
    excess is sure and above `LEAST_BALKING`. late: by how much (s) rounded waits may be longer than they say.
    """
    had_to_wait = int(np.count_nonzero((waited > 0) | hung_up))
    first = np.count_nonzero(hung_up & (waited <= FIRST))
    later = np.count_nonzero(hung_up & (waited > FIRST) & (waited <= THEREAFTER))
    exposed = float(np.clip(waited - FIRST - late, 0.0, THEREAFTER - FIRST).sum())
    if not had_to_wait or not exposed > 0:
        return None, 0.0
    rate, spent = later / exposed, float(np.minimum(waited, FIRST + late).sum())
    excess = (first - rate * spent) / had_to_wait
    spread = NORMAL * math.sqrt(first + later * (spent / exposed) ** 2) / had_to_wait
    found = Estimate(float(excess), float(excess - spread), float(excess + spread))
    return (found if excess - spread > 0 and excess > LEAST_BALKING else None), rate


def _never(waited: Array, curve: Curve) -> Estimate | None:
    """The share that never hangs up, where the curve levels: None unless the waits beyond its end are sure to say so.

    Beyond the last hang-up the rate is at most 3 ÷ exposure with 95% confidence; that must be under a tenth of the
    mean rate before.
    """
    if not curve.hung_up:
        return None
    last, alive = float(curve.times[-1]), float(curve.alive[-1])
    beyond = float(np.maximum(waited - last, 0.0).sum())
    before = float(np.minimum(waited, last).sum())
    if not beyond or not before or 3.0 / beyond > 0.1 * curve.hung_up / before:
        return None
    low, high = (1.0 - float(bound[-1]) for bound in curve.band())
    return Estimate(alive, high, low)


def _points(curve: Curve, before: float, never: float, late: float) -> tuple[tuple[float, float], ...]:
    """Points of the curve while enough are at risk, each hazard between two resting on enough hang-ups.

    before: cumulative hazard to add (of the first seconds, where balking was taken out); never: the share that is
    left aside; late: seconds to add to each moment.
    """
    usable = (curve.at_risk >= ENOUGH_AT_RISK) & (curve.times > 0)
    gone = 1.0 - curve.alive * math.exp(-before)
    gone = gone / (1.0 - never)
    usable &= gone < 0.98 if never else gone < 1.0
    if not usable.any():
        return ()
    last = int(np.flatnonzero(usable)[-1])
    points: list[tuple[float, float]] = []
    for place in _chosen(np.cumsum(curve.left)[: last + 1], -np.log(curve.alive[: last + 1])):
        time, share = float(curve.times[place]) + late, float(gone[place])
        if usable[place] and time > 0 and share > (points[-1][1] if points else 0.0):
            points.append((time, share))
    return tuple(points)


def _chosen(events: Array, hazard: Array) -> list[int]:
    """Places for points: half of them with equal numbers of hang-ups between, which are dense where callers go early,
    half at equal steps of cumulative hazard, dense where few are left; never two close to each other.
    """
    shares = np.arange(1, HALF + 1) / HALF
    wanted = [np.searchsorted(rising, rising[-1] * shares) for rising in (events, hazard)]
    least = max(HANG_UPS_A_SEGMENT, events[-1] / (4 * HALF))
    last, chosen, before = events.size - 1, [], 0
    for place in np.unique(np.minimum(np.concatenate(wanted), last)).tolist():
        ahead = events[last] - events[place]
        if events[place] - before >= least and ahead >= least:
            chosen.append(place)
            before = events[place]
    return [*chosen, last]


def _one_point(waited: Array, curve: Curve) -> tuple[tuple[float, float], ...]:
    """The exponential by hang-ups over time waited, for too few contacts to draw a curve: one point at its mean."""
    mean = float(waited.sum()) / curve.hung_up
    return ((mean, -math.expm1(-1.0)),) if mean > 0 else ()
