"""What happened to the contacts of a log, in the figures that a simulation of them is held against."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.history.contacts import Contacts, Outcome
from sim.history.durations import mean_by_days
from sim.measures.estimate import NULL, Estimate

Mask = npt.NDArray[np.bool_]
Days = npt.NDArray[np.int64]

WITHIN = 20.0  # s, in which the share answered is told


class Happened(NamedTuple):
    """Some contacts: how many, the shares that had to wait, hung up, and were answered within `WITHIN`, and mean s.

    wait: of all whose wait is known, until they were answered or left; answer: of those answered. 95% intervals over
    days; NaN where the log does not say.
    """

    contacts: int
    waited: Estimate
    hung_up: Estimate
    within: Estimate
    wait: Estimate
    answer: Estimate


def happened_to(contacts: Contacts, mine: Mask, day: Days) -> Happened:
    """What happened to the contacts chosen; mine: bool (n,), day: local date ordinals (n,)."""
    wait, answered = contacts.wait, contacts.was_answered
    known = mine & ~np.isnan(wait)

    def mean(values: npt.NDArray[np.generic], of: Mask) -> Estimate:
        return mean_by_days(values[of].astype(float), day[of]) if of.any() else Estimate(NULL, NULL, NULL)

    with np.errstate(invalid="ignore"):
        soon = answered & (wait <= WITHIN)
    return Happened(
        int(mine.sum()),
        mean(wait > 0, known),
        mean(np.asarray(contacts.outcome == Outcome.ABANDONED), mine),
        mean(soon, known),
        mean(wait, known),
        mean(wait, known & answered),
    )
