"""A staffing held against fresh days until every target is sure to hold: agents added where it is not, then taken back.

What one round shows only says what to try next; whatever is confirmed has been held against days of its own, and all
rounds together are wrong at most at the stated rate.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from sim.experiments.aims import ROUNDING, Aim, Judged, bounds, judged
from sim.experiments.moves import Search
from sim.experiments.trials import Played, Stage, Trials
from sim.measures.metrics import OFFERED

LOOKS = (4, 12, 48)  # times the days of the search: played one after the other while it is open
ROUNDS = 20
MOST_CONTACTS = 40_000_000  # that one round plays
WEIGHED = 12  # times the days of the search: on so many it is seen which additions may go again
GIVE_BACKS = 3  # times that something is taken back


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


class Round(NamedTuple):
    """What one round says, what was played in it, and the upper limits of the slack of every aim."""

    said: Confirmed
    played: Played
    high: np.ndarray


def nothing_confirmed(aims: int, confidence: float) -> Confirmed:
    """Where there was nothing to confirm, or no time."""
    return Confirmed(False, confidence, 0, 0, np.full(aims, np.nan), None)


@dataclass
class FreshDays:
    """Replications from `first` on, which no search has seen; every round takes its own, and more while it is open.

    days: of the search, by which a round is measured; stage: that of the trials; number: aims to be sure of. Round r
    (from 1) is wrong with probability at most (1 − confidence) × 6 ÷ (π·r)², split evenly over its looks and over the
    aims (Bonferroni), so that all rounds together are wrong at most at the stated rate: what is held against them is
    changed only between rounds.
    """

    stage: Stage
    seed: int
    days: int
    engine: str
    jobs: int
    confidence: float
    number: int
    first: int = 0
    turn: int = 0

    def __post_init__(self) -> None:
        self.first = self.days

    @property
    def contacts(self) -> float:
        """Expected first contacts of a day."""
        return max(1.0, float(self.stage.plan.centre.demand.cumulative[:, -1].sum()))

    def hold(self, aims: list[Aim], staffing: np.ndarray, tell: Callable[[], None]) -> Round:
        """One round: until every aim is sure to hold, or one is sure to be missed, or there were days enough."""
        self.turn += 1
        error = self.error(self.turn)
        seen, played = 0, None
        for look in LOOKS:
            size = look * self.days
            if seen and (seen + size) * self.contacts > MOST_CONTACTS:
                break
            trials = Trials(
                self.stage, self.seed, range(self.first, self.first + size), self.engine, self.jobs
            )
            try:
                part = trials.play(staffing)
            finally:
                trials.close()
            self.first, seen = self.first + size, seen + size
            played = part if played is None else Played(*map(np.concatenate, zip(played, part, strict=True)))
            found = judged(aims, played)
            low, high = bounds(aims, found, error)
            holds = bool((low >= -ROUNDING).all())
            said = Confirmed(holds, self.confidence, seen, self.turn, low, found)
            tell()
            if holds or (high < 0).any():
                break
        assert played is not None
        return Round(said, played, high)

    def spared(self, search: Search, staffing: np.ndarray, least: np.ndarray) -> np.ndarray:
        """The staffing without those additions to `least` without which a full round of days would likely confirm it.

        The dearest first, on days of their own, the narrower limits of a whole round reckoned with.
        """
        cells = sorted(zip(*np.nonzero(staffing > least), strict=True), key=lambda c: (-search.price[c], c))
        size = WEIGHED * self.days
        if not cells or size * self.contacts > MOST_CONTACTS:
            return staffing
        trials = Trials(self.stage, self.seed, range(self.first, self.first + size), self.engine, self.jobs)
        self.first += size
        whole = max(size, min(sum(LOOKS) * self.days, MOST_CONTACTS / self.contacts))
        try:
            for cell in cells:
                while staffing[cell] > least[cell]:
                    other = staffing.copy()
                    other[cell] -= 1
                    found = judged(search.aims, trials.play(other))
                    low, _ = bounds(search.aims, found, self.error(self.turn + 1))
                    slack, low = (each[np.isfinite(found.slack)] for each in (found.slack, low))
                    if (slack - (slack - low) * math.sqrt(size / whole) < -ROUNDING).any():
                        break
                    staffing = other
        finally:
            trials.close()
        return staffing

    def error(self, turn: int) -> float:
        """How often one look of a round may be wrong of one aim."""
        return (1.0 - self.confidence) * 6.0 / (math.pi * turn) ** 2 / len(LOOKS) / self.number


def confirmed(
    search: Search, staffing: np.ndarray, most: np.ndarray, fresh: FreshDays
) -> tuple[np.ndarray, Confirmed]:
    """The staffing, with agents added where needed and none that can be seen to be spared, and what fresh days say."""
    fails, least = np.zeros(len(search.aims), dtype=int), staffing
    for _ in range(ROUNDS):
        said, played, high = fresh.hold(search.aims, staffing, partial(search.tell, "confirming", staffing))
        if said.holds:
            return _taken_back(search, staffing, least, said, fresh)
        open_ones = np.flatnonzero((high < 0) if (high < 0).any() else (said.low < -ROUNDING))
        staffing = _raised(search, staffing, open_ones, fails, played, most)
    return staffing, said


def _taken_back(
    search: Search, staffing: np.ndarray, least: np.ndarray, said: Confirmed, fresh: FreshDays
) -> tuple[np.ndarray, Confirmed]:
    """A confirmed staffing without the additions to `least` that can be spared, once that is confirmed in its turn."""
    for _ in range(GIVE_BACKS):
        other = fresh.spared(search, staffing, least)
        if np.array_equal(other, staffing):
            break
        again = fresh.hold(search.aims, other, partial(search.tell, "confirming", other)).said
        if not again.holds:
            break
        staffing, said = other, again
    return staffing, said


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
