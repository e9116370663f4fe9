"""From counts by interval to a fit: volumes are measured, families and agents assumed."""

import numpy as np
import numpy.typing as npt

from sim.errors import InputError
from sim.history.arrivals import correlations, variation, volumes_of
from sim.history.choice import Choice
from sim.history.days import Window, window_of
from sim.history.durations import Durations, Fitted
from sim.history.evidence import Fit, QueueFit
from sim.history.fit import EVERYTHING, assumed_group, named_codes, written_names
from sim.history.intervals import Intervals
from sim.history.moments import local_days_and_seconds
from sim.history.remarks import FEWEST
from sim.history.survival import Curve, Patience
from sim.measures.estimate import NULL, Estimate, interval, of_ratio

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

USUAL_CV = 1.0  # of handle times, assumed
UNKNOWN = Estimate(NULL, NULL, NULL)
ASSUMED = (
    "Read from counts by interval: families of talk and wrap, patience where there is one, and agents are assumed.",
)


def fit_intervals(counts: Intervals, choice: Choice = EVERYTHING) -> Fit:
    """Fit a scenario to counts by interval; contacts are taken to have come evenly within each.

    talk has the mean handle time (or talk and wrap each have their own) and is lognormal; patience is exponential with
    the mean wait over the share that hung up. Raises InputError where nothing is left to fit.
    """
    chosen = np.isin(counts.queue, named_codes(counts.queues, choice.queues))
    offered = np.nan_to_num(np.where(np.isnan(counts.offered), _sum(counts), counts.offered))
    offered = np.where(chosen, np.round(offered), 0).astype(np.int64)
    longest = float(counts.length[offered > 0].max(initial=0.0))
    if not longest:
        raise InputError("there is no contact to fit")
    if longest > choice.interval:
        raise InputError(f"the file counts by {longest / 60:g} min; give that or more", path="interval")
    row_day, row_second = local_days_and_seconds(counts.start, counts.zone)
    of = np.repeat(np.arange(len(counts)), offered)
    nth = np.arange(of.size) - np.repeat(np.cumsum(offered) - offered, offered)
    second = row_second[of] + (nth + 0.5) / offered[of] * counts.length[of]
    window = window_of(row_day[of], second, choice)
    row, slot = window.places(row_day[of], second)
    row_used = np.isin(np.arange(len(counts)), of[row >= 0])
    total = np.bincount(counts.queue[of[row >= 0]], minlength=len(counts.queues))
    codes = [code for code in range(len(counts.queues)) if total[code] >= FEWEST]
    if not codes:
        raise InputError(
            f"{int(total.sum())} contacts are too few to fit anything; {FEWEST} of one queue are the least"
        )
    names = written_names([counts.queues[code] for code in codes])
    fitted = tuple(
        _queue(
            counts, code, name, window, (np.where(counts.queue[of] == code, row, -1), slot), row_used, row_day
        )
        for code, name in zip(codes, names, strict=True)
    )
    groups = assumed_group(fitted, window.interval)
    pairs = correlations(
        {queue.written: (queue.level, queue.volumes.totals) for queue in fitted}, window.kind
    )
    return Fit(counts.account, counts.zone, window, fitted, groups, pairs, None, (*window.remarks, *ASSUMED))


def _sum(counts: Intervals) -> Array:
    return np.asarray(np.nan_to_num(counts.answered) + np.nan_to_num(counts.abandoned))


def _queue(
    counts: Intervals,
    code: int,
    name: str,
    window: Window,
    places: tuple[Codes, Codes],
    used: Mask,
    day: Codes,
) -> QueueFit:
    mine = used & (counts.queue == code)
    volumes = volumes_of(*places, window)
    contacts = int(volumes.totals.sum())
    answered = np.where(
        np.isnan(counts.answered), counts.offered - np.nan_to_num(counts.abandoned), counts.answered
    )
    talk, wrap = (_mean(column, answered, mine, day) for column in (counts.talk, counts.wrap))
    if talk is None:
        talk, wrap = _mean(counts.handle, answered, mine, day), None
    if talk is None:
        raise InputError(
            f"no mean handle time of queue {counts.queues[code]!r} is given; without one nothing runs"
        )
    abandoned = float(np.nansum(counts.abandoned[mine]))
    return QueueFit(
        name=counts.queues[code],
        written=name,
        contacts=contacts,
        answered=int(np.nansum(answered[mine])),
        abandoned=int(abandoned),
        volumes=volumes,
        level=variation(volumes.totals, window.kind),
        first_attempts=1.0,
        talk=talk,
        own_talk=True,
        wrap=wrap,
        patience=_patience(_mean(counts.wait, answered, mine, day), contacts, abandoned),
        known=0.0,
        redials=None,
        transfers=None,
        ivr=None,
        ivr_hang_ups=Estimate(0.0, NULL, NULL),
        left_out=0.0,
    )


def _mean(column: Array, answered: Array, mine: Mask, day: Codes) -> Durations | None:
    """The mean of a column of means, weighted by contacts answered, with its interval over days; None if not given."""
    known = mine & ~np.isnan(column) & (answered > 0)
    if not known.any() or not float(np.sum(column[known] * answered[known])) > 0:
        return None
    _, place = np.unique(day[known], return_inverse=True)
    seconds = np.bincount(place, column[known] * answered[known])
    found = interval(of_ratio(seconds, np.bincount(place, answered[known])))
    family = (Fitted("lognormal", USUAL_CV, NULL, NULL),)
    nothing = np.zeros(0)
    return Durations(int(answered[known].sum()), found, UNKNOWN, UNKNOWN, family, nothing, nothing, None)


def _patience(wait: Durations | None, contacts: int, abandoned: float) -> Patience | None:
    """Exponential: all wait as long as those answered did, and so many hang up in that time."""
    if wait is None or not abandoned:
        return None
    mean, nothing = wait.mean.value * contacts / abandoned, np.zeros(0)
    curve = Curve(nothing, nothing, nothing, nothing, nothing, contacts, int(abandoned))
    return Patience(curve, ((mean, -float(np.expm1(-1.0))),), None, None, {})
