"""Customers of several classes in one queue: how many are of each, where the log knows it of some contacts only."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.history.durations import mean_by_days
from sim.history.survival import Patience
from sim.measures.estimate import Estimate

Array = npt.NDArray[np.float64]
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


def stands_for(kind: Codes, hung_up: Mask, wait: Array) -> float:
    """How many hang-ups one of a known class stands for.

    That is not 1 where the class is known more often, or less, of those answered after a wait: else the classes
    would seem more patient than they are, or less. Classes are taken to be known alike.
    """
    answered = ~hung_up & (wait > 0)
    if not answered.any() or not hung_up.any():
        return 1.0
    of_answered, of_hung_up = (float(np.mean(kind[part] >= 0)) for part in (answered, hung_up))
    return of_answered / of_hung_up if of_hung_up and of_answered else 1.0


def shares_of(kind: Codes, mine: Mask, slot: Codes, day: Codes, weight: Array) -> dict[int, Estimate]:
    """The share of each class among the contacts chosen, of those with `FEWEST` known; empty for fewer than two,
    or where the class is known of a few contacts only.

    kind: int (n,), −1 not known; slot, day: interval of the day and date of each; weight: what each stands for.

    Who is known may depend on the hour
    (as where only those who have to wait are asked for their number): each interval's shares count by all
    contacts of the interval. The 95% interval is over days, of those known.
    """
    known = mine & (kind >= 0)
    counts = np.bincount(kind[known])
    codes = np.flatnonzero(counts >= FEWEST)
    if codes.size < 2 or np.count_nonzero(known) < FEW * np.count_nonzero(mine):
        return {}
    size = int(slot[mine].max()) + 1
    all_of = np.bincount(slot[mine], minlength=size)
    known_of = np.bincount(slot[known], weight[known], minlength=size)
    found = {}
    for code in codes.tolist():
        mine_known = known & (kind == code)
        own = np.bincount(slot[mine_known], weight[mine_known], minlength=size)
        plain = float(own.sum() / known_of.sum())
        by_slot = np.divide(own, known_of, out=np.full(size, plain), where=known_of > 0)
        share = float((by_slot * all_of).sum() / all_of.sum())
        over_days = mean_by_days((kind[known] == code).astype(float), day[known])
        moved = share - over_days.value
        found[code] = Estimate(share, max(over_days.low + moved, 0.0), min(over_days.high + moved, 1.0))
    return found
