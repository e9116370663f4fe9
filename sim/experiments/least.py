"""Hours below which no staffing can meet the targets."""

from typing import NamedTuple

import numpy as np

from sim.experiments.moves import Search


class Bound(NamedTuple):
    """hours"""

    shares: dict[str, float]
    hours: float
    cost: float
    by_interval: dict[str, list[int]]
    simulated: float


def lower_bound(search: Search, load: np.ndarray, many: np.ndarray) -> Bound:
    return Bound({}, 0.0, 0.0, {}, 0.0)
