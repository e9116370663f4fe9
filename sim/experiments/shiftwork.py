"""Shifts tried on given days: a requirement raised where a target fails, lowered where that makes shifts cheaper.

What is required of an interval is only a means: neighbouring intervals help each other, and shifts bring more agents
than are asked for in some places. So the integer programme proposes, and the days decide.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sim.experiments.aims import ROUNDING, Aim, Judged, judged
from sim.experiments.covering import Catalogue, Cover, cheapest, least_cost, relaxed
from sim.experiments.trials import Trials

CUTS = 80  # times that a requirement is raised until every target holds
FEW_CUTS = 4  # the same, to make good for having lowered it elsewhere
STUCK = 3  # the same shifts so often in a row: asking for more brings no more
SWAPS = 60  # shifts for cheaper ones that are tried, those that leave the least uncovered
WIDE = (1, 2, 4)  # intervals next to each other that are relaxed at once
EQUAL = 1e-6


@dataclass
class Rota:
    """What a search for shifts knows.

    helpers: by queue, the places in the catalogue of the groups with the skill; guide: a requirement by interval
    that meets every target, (groups to schedule, intervals); floor: below which none is lowered; margins: by how much
    each aim has to be exceeded; most: integer programmes that may be solved.
    """

    catalogue: Catalogue
    trials: Trials
    aims: list[Aim]
    helpers: list[list[int]]
    groups: int
    guide: np.ndarray
    floor: np.ndarray
    margins: np.ndarray
    most: int
    tell: Callable[[str, float], None]
    best: np.ndarray | None = None
    solved: int = 0
    known: dict[bytes, Judged] = field(default_factory=dict)
    covers: dict[bytes, Cover] = field(default_factory=dict)

    @property
    def spent(self) -> bool:
        """Whether as many programmes have been solved as may be."""
        return self.solved >= self.most

    def staffing(self, counts: np.ndarray) -> np.ndarray:
        """Agents at work of every group by step: int64 (groups, steps)."""
        full = np.zeros((self.groups, self.catalogue.moments.size), dtype=np.int64)
        full[self.catalogue.groups] = self.catalogue.coverage(counts)
        return full

    def judge(self, counts: np.ndarray) -> Judged:
        """What the days say of so many of each shift; asked twice, they are played once."""
        staffing = self.staffing(counts)
        key = staffing.tobytes()
        if key not in self.known:
            found = judged(self.aims, self.trials.play(staffing))
            self.known[key] = found._replace(moves=found.moves[:0])
        found = self.known[key]
        if self.holds(found) and (self.best is None or self.cost(counts) < self.cost(self.best) - EQUAL):
            self.best = counts.copy()
        self.tell("searching", float("nan") if self.best is None else self.cost(self.best))
        return found

    def holds(self, found: Judged) -> bool:
        """Whether every aim is reached by its margin."""
        return bool((found.slack - self.margins >= -ROUNDING).all())

    def cost(self, counts: np.ndarray) -> float:
        """What so many of each shift cost."""
        return self.catalogue.cost(counts)

    def solve(self, required: np.ndarray) -> Cover:
        """The cheapest shifts for a requirement; asked twice, it is solved once."""
        key = required.tobytes()
        if key not in self.covers:
            self.solved += 1
            self.covers[key] = cheapest(self.catalogue, required)
        return self.covers[key]

    def places_of(self, aim: Aim) -> list[int]:
        """The places in the catalogue of the groups that an aim depends on."""
        if aim.goal.kind == "queue":
            return self.helpers[aim.member]
        return [place for place, g in enumerate(self.catalogue.groups) if g == aim.member]


Found = tuple[np.ndarray, np.ndarray]  # requirement, counts


def repaired(rota: Rota, required: np.ndarray, below: float = float("inf"), cuts: int = CUTS) -> Found | None:
    """A requirement raised until its cheapest shifts meet every target; None if they would cost `below` or more."""
    fails, last, same = np.zeros(len(rota.aims), dtype=int), None, 0
    for _ in range(cuts + 1):
        cover = rota.solve(required)
        same = same + 1 if last is not None and np.array_equal(cover.counts, last) else 0
        last = cover.counts
        if cover.cost >= below - EQUAL or same == STUCK:  # as many as may be do not do
            return None
        found = rota.judge(cover.counts)
        if rota.holds(found):
            return required, cover.counts
        higher = _raised(rota, required, cover.counts, found, fails)
        if np.array_equal(higher, required):
            return None
        required = higher
    return None


def _raised(
    rota: Rota, required: np.ndarray, counts: np.ndarray, found: Judged, fails: np.ndarray
) -> np.ndarray:
    """The requirement with more agents for every aim that fails: where there are fewest beside the guide."""
    have = rota.catalogue.by_interval(rota.catalogue.coverage(counts))
    coverable = np.unique(rota.catalogue.interval_of_step[rota.catalogue.coverable])
    result, gap = required.copy(), rota.guide - have
    for k in np.flatnonzero(found.slack - rota.margins < -ROUNDING):
        aim, places = rota.aims[k], rota.places_of(rota.aims[k])
        early = aim.first - 1 - (fails[k] > 3) if aim.first == aim.last else aim.first
        span = np.intersect1d(np.arange(max(0, early), aim.last + 1), coverable)
        if not span.size or not places:
            continue
        wide = gap[np.ix_(np.array(places), span)]
        if wide.max() > 0:
            p, i = np.unravel_index(int(np.argmax(wide[:, ::-1])), wide.shape)
            g, where, more = places[p], int(span[::-1][i]), max(1, int(wide.max()) // 2)
        else:
            turn, g = divmod(int(fails[k]), len(places))
            by_size = span[np.argsort(-rota.guide[places[g]][span], kind="stable")]
            order = span[::-1] if aim.first == aim.last else by_size
            g, where, more = places[g], int(order[turn % order.size]), 1
        fails[k] += 1
        result[g, where] = max(result[g, where], have[g, where] + more)
    return result


def relieved(rota: Rota, required: np.ndarray, counts: np.ndarray) -> Found:
    """Lower the requirement wherever that makes shifts cheaper and every target still holds, until it helps no more.

    What fails by it may be made good elsewhere, if that costs less than what was saved.
    """
    again = True
    while again and not rota.spent:
        again = False
        cost = rota.cost(counts)
        for other in _lower(rota, required):
            if rota.spent:
                break
            if least_cost(rota.catalogue, other) >= cost - EQUAL:
                continue
            found = repaired(rota, other, cost, FEW_CUTS)
            if found is not None:
                required, counts, again = *found, True
                break
    return required, counts


def _lower(rota: Rota, required: np.ndarray) -> Iterator[np.ndarray]:
    """Requirements that ask for less: everywhere that it would save, then in one to four intervals in a row."""
    _, saved = relaxed(rota.catalogue, required)
    can = required > rota.floor
    if (can & (saved > EQUAL)).sum() > 1:
        yield required - (can & (saved > EQUAL))
    runs = [
        (-float((saved[g, i : i + wide] * can[g, i : i + wide]).sum()), wide, g, i)
        for wide in WIDE
        for g in range(required.shape[0])
        for i in range(required.shape[1] - wide + 1)
        if can[g, i : i + wide].all()
    ]
    for gain, wide, g, i in sorted(runs):
        if -gain > EQUAL:
            other = required.copy()
            other[g, i : i + wide] -= 1
            yield other


def swapped(rota: Rota, required: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Leave out a shift, or have a cheaper one for it, as long as every target holds."""
    again = True
    while again:
        again = False
        for other in _swaps(rota, required, counts)[:SWAPS]:
            if rota.holds(rota.judge(other)):
                counts, again = other, True
                break
    return counts


def _swaps(rota: Rota, required: np.ndarray, counts: np.ndarray) -> list[np.ndarray]:
    """Schedules with one shift less or cheaper, those first that leave the least of the requirement uncovered."""
    price, limits = rota.catalogue.price, rota.catalogue.limits
    found: list[tuple[int, float, int, np.ndarray]] = []
    for g, t in zip(*np.nonzero(counts), strict=True):
        less = counts.copy()
        less[g, t] -= 1
        for to in [-1, *np.flatnonzero(price[g] < price[g, t] - EQUAL)]:
            other = less.copy()
            if to >= 0:
                other[g, to] += 1
            sums = [(int(other[:, places].sum()), least, most) for places, least, most in limits]
            if any(n < least or (most is not None and n > most) for n, least, most in sums):
                continue
            have = rota.catalogue.by_interval(rota.catalogue.coverage(other))
            short = int(np.maximum(required - have, 0).sum())
            found.append((short, rota.cost(other), len(found), other))
    return [other for *_, other in sorted(found, key=lambda one: one[:3])]
