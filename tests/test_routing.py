"""Who serves whom and who is offered a callback: what both engines ask, with the answers worked by hand."""

import math

import numpy as np
import pytest

from sim.engines.routing import estimated_wait, is_offered
from sim.model.centre import ALWAYS, BY_ESTIMATED_WAIT, BY_QUEUE_LENGTH, BY_WAITED, NO_OFFER


def test_the_estimated_wait_counts_the_caller_himself_and_shares_the_work_out() -> None:
    assert estimated_wait(0, 90.0, 1) == 90.0
    assert estimated_wait(3, 90.0, 8) == 45.0
    assert estimated_wait(3, 90.0, 0) == math.inf


@pytest.mark.parametrize(
    "rule, threshold, estimate, on_line, offered",
    [
        (ALWAYS, 0.0, 0.0, 0, True),
        (NO_OFFER, 0.0, math.inf, 99, False),
        (BY_WAITED, 0.0, math.inf, 99, False),
        (BY_ESTIMATED_WAIT, 60.0, 60.0, 0, True),
        (BY_ESTIMATED_WAIT, 60.0, np.nextafter(60.0, 0.0), 99, False),
        (BY_ESTIMATED_WAIT, 60.0, math.inf, 0, True),
        (BY_QUEUE_LENGTH, 3.0, 0.0, 3, True),
        (BY_QUEUE_LENGTH, 3.0, math.inf, 2, False),
    ],
)
def test_an_offer_is_made_from_its_threshold_on(
    rule: int, threshold: float, estimate: float, on_line: int, offered: bool
) -> None:
    """Whoever has waited is asked at a moment of its own, not on joining."""
    assert is_offered(rule, threshold, estimate, on_line) == offered
