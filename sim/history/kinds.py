"""Customers of several classes in one queue: how many are of each, where the log knows it of some contacts only."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.history.durations import mean_by_days
from sim.history.survival import Patience
from sim.measures.estimate import Estimate

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FEWEST = 20  # contacts: a class of fewer is none
FEW = 0.1  # of the contacts: classes known of fewer say nothing of the others


class ClassFit(NamedTuple):
    """One class of a queue's customers: as in the scenario, of how many contacts it is known, and what these say.

    share: of all contacts of the queue; patience: of those known, None where nobody is known to have hung up.
    """

    written: str
    known: int
    share: Estimate
    patience: Patience | None


def shares_of(kind: Codes, mine: Mask, slot: Codes, day: Codes) -> dict[int, Estimate]:
    """The share of each class among the contacts chosen, of those with `FEWEST` known; empty for fewer than two,
    or where the class is known of a few contacts only.

    kind: int (n,), −1 not known; slot, day: interval of the day and date of each. Who is known may depend on the hour
    (as where only those who have to wait are asked for their number): each interval's shares count by all
    contacts of the interval. The 95% interval is over days, of those known.
    """
    known = mine & (kind >= 0)
    counts = np.bincount(kind[known])
    codes = np.flatnonzero(counts >= FEWEST)
    if codes.size < 2 or np.count_nonzero(known) < FEW * np.count_nonzero(mine):
        return {}
    size = int(slot[mine].max()) + 1
    all_of, known_of = (np.bincount(slot[chosen], minlength=size) for chosen in (mine, known))
    found = {}
    for code in codes.tolist():
        own = np.bincount(slot[known & (kind == code)], minlength=size)
        plain = counts[code] / counts.sum()
        by_slot = np.where(known_of > 0, own / np.maximum(known_of, 1), plain)
        share = float((by_slot * all_of).sum() / all_of.sum())
        over_days = mean_by_days((kind[known] == code).astype(float), day[known])
        moved = share - over_days.value
        found[code] = Estimate(share, max(over_days.low + moved, 0.0), min(over_days.high + moved, 1.0))
    return found
