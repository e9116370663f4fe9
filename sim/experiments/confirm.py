"""A staffing held against fresh days until every target is sure to hold, with agents added where it is not."""

import math
from typing import Any, NamedTuple

import numpy as np

from sim.experiments.aims import ROUNDING, Judged, bounds, judged
from sim.experiments.moves import Search
from sim.experiments.trials import Played, Trials
from sim.measures.metrics import OFFERED

LOOKS = (4, 12, 48)  # times the days of the search: played one after the other while it is open
ROUNDS = 20
MOST_CONTACTS = 40_000_000  # that one round plays


class Confirmed(NamedTuple):
    """What fresh days say. holds: whether every aim is confirmed; low: lower limits of the slack of every aim.

    days: of the last round; rounds: how often agents had to be added, and one; found: None if nothing was played.
    """

    holds: bool
    confidence: float
    days: int
    rounds: int
    low: np.ndarray
    found: Judged | None


def nothing_confirmed(aims: int, confidence: float) -> Confirmed:
    """Where there was nothing to confirm, or no time."""
    return Confirmed(False, confidence, 0, 0, np.full(aims, np.nan), None)


def confirmed(
    search: Search,
    staffing: np.ndarray,
    most: np.ndarray,
    fresh: tuple[Any, int, int, str, int],
    confidence: float,
) -> tuple[np.ndarray, Confirmed]:
    """The staffing, with agents added where needed, and what fresh days say of it.

    fresh: stage, seed, the first replication that was not seen yet (as many as the search had), engine and jobs.
    Round r (from 1) is wrong with probability at most (1 − confidence) × 6 ÷ (π·r)², split evenly over its looks and
    over the aims (Bonferroni), so that all rounds together are wrong at most at the stated rate: each has days of its
    own, and a staffing is changed only between rounds.
    """
    stage, seed, first, engine, jobs = fresh
    days, number = first, max(1, int((search.judge(staffing).days > 0).sum()))
    contacts = max(1.0, float(stage.plan.centre.demand.cumulative[:, -1].sum()))
    fails = np.zeros(len(search.aims), dtype=int)
    result = nothing_confirmed(len(search.aims), confidence)
    for turn in range(1, ROUNDS + 1):
        error = (1.0 - confidence) * 6.0 / (math.pi * turn) ** 2 / len(LOOKS) / number
        played: Played | None = None
        seen = 0
        for look in LOOKS:
            size = look * days
            if seen and (seen + size) * contacts > MOST_CONTACTS:
                break
            trials = Trials(stage, seed, range(first, first + size), engine, jobs)
            try:
                part = trials.play(staffing)
            finally:
                trials.close()
            first, seen = first + size, seen + size
            played = part if played is None else Played(*map(np.concatenate, zip(played, part, strict=True)))
            found = judged(search.aims, played)
            low, high = bounds(search.aims, found, error)
            result = Confirmed(bool((low >= -ROUNDING).all()), confidence, seen, turn, low, found)
            search.tell("confirming", staffing)
            if result.holds:
                return staffing, result
            if (high < 0).any():
                break
        assert played is not None
        open_ones = np.flatnonzero((high < 0) if (high < 0).any() else (low < -ROUNDING))
        staffing = _raised(search, staffing, open_ones, fails, played, most)
    return staffing, result


def _raised(
    search: Search, staffing: np.ndarray, wrong: np.ndarray, fails: np.ndarray, played: Played, most: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """One agent more for every aim that is not sure, where it helps it most for its price on the search days."""
    result, base = staffing.copy(), search.judge(staffing).slack
    for k in wrong.tolist():
        fails[k] += 1
        aim = search.aims[k]
        groups = search.helpers_of(aim) or search.free
        intervals = [aim.first]
        if aim.last > aim.first:
            size = played.total(OFFERED)[:, :, aim.first : aim.last + 1].sum(axis=(0, 1))
            intervals = (np.argsort(-size, kind="stable")[: 2 + fails[k]] + aim.first).tolist()
        elif fails[k] > 1 and aim.first > 0:
            intervals.append(aim.first - 1)
        spots = [(g, i) for i in intervals for g in groups]
        if any(result[spot] > staffing[spot] for spot in spots):
            continue  # another target has asked for somebody there
        gains = []
        for place, spot in enumerate(spots):
            other = staffing.copy()
            other[spot] += 1
            gain = (search.judge(other).slack[k] - base[k]) / search.price[spot]
            gains.append((gain if np.isfinite(gain) else 0.0, -place))
        spot = spots[-max(gains)[1]]
        result[spot] = min(result[spot] + 1, most[spot])
    return result
