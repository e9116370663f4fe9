"""Exchanges that make a staffing cheaper: a few agents go, fewer or cheaper ones come, nearby in time.

What one agent more or fewer does to every aim is measured first; by these effects, added up, the most promising of
all exchanges are found, and tried.
"""

from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np

from sim.experiments.moves import Cell, Move, Search, after, fewer, in_batches, try_moves

APART = 4  # intervals between changes that are measured in one go
PROMISING = 240  # exchanges that are tried after each measurement
NEAR = (0, 1, -1, 2)  # intervals from those who come to those who go


def exchanged(search: Search, staffing: np.ndarray) -> np.ndarray:
    """Make exchanges that save money, and take away what they make superfluous, until nothing more is found."""
    while not search.spent:
        before = search.cost(staffing)
        moves = promising(search, staffing)
        for batch in in_batches(moves, search.teams, APART - 1):
            alive = [move for move in batch if after(staffing, [move]) is not None]
            staffing, _ = try_moves(search, staffing, alive)
        if search.cost(staffing) > before - 1e-9:
            return staffing
        staffing = fewer(search, staffing)
    return staffing


def promising(search: Search, staffing: np.ndarray) -> list[Move]:
    """The exchanges that save money and by the measured effects fall least short of any aim, best first."""
    slack = search.judge(staffing).slack
    slack = np.where(np.isfinite(slack), slack, 1.0)
    effects = {more: measured(search, staffing, slack, more) for more in (1, -1)}
    rows = []
    for move in candidates(search, staffing.shape[1]):
        saved = -sum(more * search.price[g, i] for g, i, more in move)
        if saved <= 1e-9 or after(staffing, [move]) is None:
            continue
        expected = slack.copy()
        for g, i, more in move:
            expected = expected + abs(more) * effects[1 if more > 0 else -1][g, i]
        rows.append((float(np.maximum(-expected, 0.0).sum()), -saved, move))
    return [move for _, _, move in sorted(rows)[:PROMISING]]


def measured(search: Search, staffing: np.ndarray, slack: np.ndarray, more: int) -> dict[Cell, np.ndarray]:
    """How one agent more (or fewer) in each cell changes the slack of every aim.

    Cells far from each other are measured in one go, where any aim is of a day those of different days: an aim follows
    the last change up to its own end.
    """
    last = staffing.shape[1]
    longest = max(aim.last - aim.first for aim in search.aims)
    apart = longest + 1 if longest else APART
    ends = np.array([aim.last for aim in search.aims])
    result = {(g, i): np.zeros(slack.size) for g in search.free for i in range(last)}
    for g in search.free:
        for place in range(apart):
            cells = np.arange(place, last, apart)
            if more < 0:
                cells = cells[staffing[g, cells] > 0]
            if not cells.size:
                continue
            other = staffing.copy()
            other[g, cells] += more
            found = search.judge(other).slack
            change = np.where(np.isfinite(found), found, 1.0) - slack
            until = [*cells[1:].tolist(), last]
            for i, stop in zip(cells.tolist(), until, strict=True):
                mine = np.ones(slack.size, dtype=bool) if cells.size == 1 else (ends >= i) & (ends < stop)
                result[g, i] = np.where(mine, change, 0.0)
    return result


def candidates(search: Search, intervals: int) -> Iterator[Move]:
    """All exchanges that are looked at: one comes and up to two go, nearby in time, or two come and up to three go
    at one time; of one team."""
    for team in np.unique(search.teams[search.teams >= 0]):
        groups = [g for g in search.free if search.teams[g] == team]
        spots = [(g, d) for d in NEAR for g in groups]
        shapes = [
            (ins, outs)
            for comes, goes, where in (
                (1, 1, spots),
                (1, 2, spots),
                (2, 3, spots[: len(groups)]),
                (2, 2, spots[: len(groups)]),
            )
            for ins in combinations_with_replacement(groups, comes)
            for outs in combinations_with_replacement(where, goes)
            if not any(g in ins for g, d in outs if d == 0)
        ]
        for i in range(intervals):
            for ins, outs in shapes:
                if all(0 <= i + d < intervals for _, d in outs):
                    yield (*((g, i, 1) for g in ins), *((g, i + d, -1) for g, d in outs))
