"""Small cases searched to the end."""

import numpy as np

from sim.experiments.moves import Search


def completed(search: Search, staffing: np.ndarray, many: np.ndarray) -> tuple[np.ndarray, bool]:
    return staffing, False
