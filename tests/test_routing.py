"""Who serves whom and who is offered a callback: what both engines ask, with the answers worked by hand."""

import math

import numpy as np
import pytest

from sim.engines.routing import (
    by_level,
    choose_highest,
    estimated_wait,
    is_offered,
    longest_queue,
    longest_wait,
    score,
    shortest_delay,
    weighted,
)
from sim.model.centre import (
    ALWAYS,
    BY_ESTIMATED_WAIT,
    BY_QUEUE_LENGTH,
    BY_WAITED,
    LONGEST_QUEUE,
    LONGEST_WAIT,
    NO_OFFER,
    WEIGHTED,
)


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


START, QUEUES = (
    np.array([0, 1, 4]),
    np.array([2, 2, 0, 1]),
)  # group 0 serves queue 2, group 1 queues 2, 0 and 1


@pytest.mark.parametrize(
    "level, first, chosen",
    [
        ([1, 2, 1, 1], [9.0, 7.0, 0.0], 3),  # of the two of level 1 the one who came before
        ([1, 2, 1, 1], [7.0, 7.0, 0.0], 2),  # the first in the file
        ([1, 2, 1, 1], [math.inf, math.inf, 5.0], 1),  # the other level, where nobody waits on this one
        ([1, 1, 1, 1], [math.inf, math.inf, math.inf], -1),
    ],
)
def test_by_level_the_lowest_comes_first_then_who_came_first_then_the_file(
    level: list[int], first: list[float], chosen: int
) -> None:
    assert by_level(1, START, QUEUES, np.array(level), np.array(first)) == chosen


@pytest.mark.parametrize(
    "scores, chosen",
    [([1.0, 2.0, 2.0], 1), ([1.0, 2.0, -math.inf], 3), ([1.0, 1.0, 1.0], 1), ([-math.inf] * 3, -1)],
)
def test_by_score_the_highest_comes_first_then_the_file(scores: list[float], chosen: int) -> None:
    assert choose_highest(1, START, QUEUES, np.array(scores)) == chosen


def test_each_rule_scores_a_queue_in_its_own_way() -> None:
    """At 100 somebody stands first, since 60 and with a head start of 30 s of the queue, before two others."""
    given = 100.0, 30.0, 60.0, 3, 5.0, 2.0
    assert score(LONGEST_WAIT, *given) == longest_wait(100.0, 30.0) == 70.0
    assert score(LONGEST_QUEUE, *given) == longest_queue(3) == 3.0
    assert score(WEIGHTED, *given) == weighted(5.0, 2.0, 40.0) == 85.0
    assert shortest_delay(1.2, 1.5) == pytest.approx(1.8)
