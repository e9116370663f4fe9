"""Making a staffing cheaper on given days: moves of one or a few agents, many intervals at a time.

A staffing is good where every aim holds on the days. A move takes agents away, or changes some for cheaper ones; many
moves far from each other are tried in one go, and those next to an aim that breaks are taken back. Whatever is kept
has been played as a whole.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from sim.experiments.aims import Aim, Judged, judged
from sim.experiments.trials import Played, Trials
from sim.scenario.schema import Scenario

Cell = tuple[int, int]  # group, interval
Move = tuple[tuple[int, int, int], ...]  # (group, interval, agents more), the anchor first

Told = Callable[[str, np.ndarray], None]


@dataclass
class Search:
    """The state of a search: the days, what has to hold, prices, and which staffings are known.

    price: float64 (groups, intervals), of one agent in a cell; teams: groups that share work, by number of the group,
    −1 for those that are not free.
    """

    scenario: Scenario
    trials: Trials
    aims: list[Aim]
    price: np.ndarray
    teams: np.ndarray
    helpers: list[list[int]]  # by queue: the free groups with the skill, cheapest first
    most: int  # staffings that may be tried
    tell: Told
    best: np.ndarray | None = None
    known: dict[bytes, tuple[Judged, np.ndarray]] = field(default_factory=dict)

    @property
    def free(self) -> list[int]:
        """The numbers of the groups whose staffing is sought."""
        return [int(g) for g in np.flatnonzero(self.teams >= 0)]

    @property
    def spent(self) -> bool:
        """Whether as many staffings have been tried as may be."""
        return self.trials.played >= self.most

    def judge(self, staffing: np.ndarray) -> Judged:
        """What the days say of a staffing; asked twice, it is played once."""
        key = staffing.tobytes()
        if key not in self.known:
            played = self.trials.play(staffing)
            found = judged(self.aims, played)
            self.known[key] = found._replace(moves=found.moves[:0]), summary_of(played)
            if found.holds.all() and (self.best is None or self.cost(staffing) < self.cost(self.best)):
                self.best = staffing.copy()
                self.tell("searching", self.best)
        return self.known[key][0]

    def lost(self, staffing: np.ndarray) -> np.ndarray:
        """Customers, lost customers and their value, a replication, under a staffing that was judged."""
        self.judge(staffing)
        return self.known[staffing.tobytes()][1]

    def cost(self, staffing: np.ndarray) -> float:
        """Planned cost of a replication, in the units of `price`."""
        return float((staffing * self.price)[self.free].sum())

    def helpers_of(self, aim: Aim) -> list[int]:
        """The free groups that an aim depends on in the first place, cheapest first."""
        if aim.goal.kind == "group":
            return [aim.member] if self.teams[aim.member] >= 0 else []
        return self.helpers[aim.member]


def summary_of(played: Played) -> np.ndarray:
    """Customers, lost customers and lost value, a replication."""
    from sim.measures.metrics import CUSTOMERS, LOST_CUSTOMERS, LOST_VALUE

    count = played.contacts.shape[0]
    return np.array([played.total(t).sum() / count for t in (CUSTOMERS, LOST_CUSTOMERS, LOST_VALUE)])


def after(staffing: np.ndarray, moves: Iterable[Move]) -> np.ndarray | None:
    """A staffing after some moves; None where somebody would be less than nobody."""
    result = staffing.copy()
    for move in moves:
        for group, interval, more in move:
            result[group, interval] += more
    return result if (result >= 0).all() else None


def try_moves(search: Search, staffing: np.ndarray, moves: list[Move]) -> tuple[np.ndarray, list[Move]]:
    """The staffing after as many of these moves as can be found to hold together, and those that were made."""
    if not moves or search.spent:
        return staffing, []
    there = after(staffing, moves)
    if there is not None:
        found = search.judge(there)
        if found.holds.all():
            return there, moves
        wrong, later = _blamed(search, moves, found)
    else:
        wrong, later = _divided(moves)
    staffing, first = try_moves(search, staffing, [m for m in moves if m not in wrong and m not in later])
    staffing, second = try_moves(search, staffing, later)
    return staffing, first + second


def _blamed(search: Search, moves: list[Move], found: Judged) -> tuple[list[Move], list[Move]]:
    """The moves next to aims that broke: those that are out, and those to be tried again after the others.

    Of an interval: the last move of the same team before its end or in it is out. Of a whole day: which one it was
    cannot be seen, so the second half of those in it is tried again, day by day at the same time; a single one is out.
    """
    wrong: set[Move] = set()
    later: set[Move] = set()
    for k in np.flatnonzero(~found.holds):
        aim = search.aims[k]
        teams = {int(search.teams[g]) for g in search.helpers_of(aim)}
        same = [move for move in moves if int(search.teams[move[0][0]]) in teams] or moves
        within = [move for move in same if aim.first <= _start(move) <= aim.last]
        before = [move for move in same if _start(move) <= aim.last]
        if aim.first < aim.last or not before:
            out, again = _divided(within or before or same)
            later.update(again)
        else:
            latest = max(map(_start, before))
            out = [move for move in before if _start(move) == latest]
        wrong.update(out)
    return [m for m in moves if m in wrong], [m for m in moves if m in later - wrong]


def _divided(moves: list[Move]) -> tuple[list[Move], list[Move]]:
    """A single move is out; of several the second half is to be tried again."""
    return (moves, []) if len(moves) == 1 else ([], moves[(len(moves) + 1) // 2 :])


def _start(move: Move) -> int:
    return min(interval for _, interval, _ in move)


def in_batches(moves: Iterable[Move], teams: np.ndarray, apart: int) -> Iterator[list[Move]]:
    """Moves in as few batches as may be, those of one team in a batch at least `apart` intervals from each other."""
    left = list(moves)
    while left:
        batch: list[Move] = []
        rest: list[Move] = []
        taken: dict[int, list[int]] = {}
        for move in left:
            places, team = [i for _, i, _ in move], int(teams[move[0][0]])
            near = taken.setdefault(team, [])
            if all(abs(a - b) >= apart for a in places for b in near):
                batch.append(move)
                near.extend(places)
            else:
                rest.append(move)
        yield batch
        left = rest


def fewer(search: Search, staffing: np.ndarray, dearest_first: bool = True) -> np.ndarray:
    """Take agents away, many at first and then one by one, until none can be spared by itself."""
    largest = max(1, int(staffing[search.free].max(initial=0)) // 6)
    sizes = sorted({max(1, largest >> k) for k in range(largest.bit_length())}, reverse=True)
    for size in sizes:
        alive = {(g, int(i)) for g in search.free for i in np.flatnonzero(staffing[g])}
        while alive and not search.spent:
            before = staffing
            order = _by_price(search, alive)
            order = order if dearest_first else order[::-1]
            moves = [((g, i, -min(size, int(staffing[g, i]))),) for g, i in order if staffing[g, i]]
            made: list[Move] = []
            for batch in in_batches(moves, search.teams, 2):
                staffing, kept = try_moves(search, staffing, batch)
                made += kept
            alive = {(g, i) for ((g, i, _),) in made}
            if np.array_equal(before, staffing):
                break
    return staffing


def _by_price(search: Search, cells: Iterable[Cell]) -> list[Cell]:
    """Cells, the dearest first; where prices are the same, group after group."""
    return sorted(cells, key=lambda cell: (-search.price[cell], cell))
