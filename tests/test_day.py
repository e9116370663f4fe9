"""A day is dealt as the model says: retold here without arrays of parameters, on random scenarios."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from random_scenarios import Dealt, scenarios

from sim.distributions import Distribution, distribution
from sim.model.chance import DAY, PATIENCE, TALK, WRAP, gap_u, stream_key, u
from sim.model.day import deal

FEW = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@FEW
@given(dealt=scenarios())
def test_every_first_contact_has_the_quantiles_of_its_own_numbers(dealt: Dealt) -> None:
    grid, day = dealt.scenario.grid, deal(dealt.centre.demand, dealt.seed, dealt.replication)
    for (name, queue), (start, end) in zip(dealt.scenario.queues.items(), pairwise(day.start), strict=True):

        def number(customer: int, purpose: int, name: str = name) -> float:
            return u(dealt.seed, stream_key(f"queue {name}"), dealt.replication, customer, 0, 0, purpose)

        def lasts(drawn: tuple[Distribution, ...], index: int, share: float) -> float:
            return drawn[index if len(drawn) > 1 else 0].quantile(share)

        for row in range(start, end):
            index, customer = int(day.arrived[row] // grid.interval), row - start
            assert day.talk[row] == lasts(queue.talk.drawn, index, number(customer, TALK))
            wrap = lasts(queue.wrap.drawn, index, number(customer, WRAP)) if queue.wrap else 0.0
            assert day.wrap[row] == wrap
            patience, holds_on = np.inf, 1.0
            if queue.patience:
                hang_up = 1.0 - queue.patience.never_hangs_up
                holds_on = number(customer, PATIENCE) / hang_up if hang_up else 1.0
            if queue.patience and holds_on < 1.0:
                patience = lasts(queue.patience.drawn, index, holds_on)
            assert day.patience[row] == patience


@FEW
@given(dealt=scenarios())
def test_first_contacts_arrive_where_unit_gaps_meet_the_cumulative_rate(dealt: Dealt) -> None:
    """Times the factor of the day, which queues that vary together share a number for."""
    grid, day = dealt.scenario.grid, deal(dealt.centre.demand, dealt.seed, dealt.replication)
    for (name, queue), (start, end) in zip(dealt.scenario.queues.items(), pairwise(day.start), strict=True):
        level, arrivals = 1.0, queue.arrivals
        if arrivals.daily_variation:
            shared = f"varies_with {arrivals.varies_with}" if arrivals.varies_with else f"queue {name}"
            share = u(dealt.seed, stream_key(shared), dealt.replication, 0, 0, 0, DAY)
            level = distribution("gamma", mean=1.0, cv=arrivals.daily_variation).quantile(share)
        stream, customers = stream_key(f"queue {name}"), range(end - start + 1)
        uniforms = [gap_u(dealt.seed, stream, dealt.replication, customer) for customer in customers]
        reached = np.cumsum(-np.log1p(-np.array(uniforms)))
        cumulative = level * np.concatenate([[0.0], np.cumsum(queue.expected(grid))])
        assert reached[-1] >= cumulative[-1] * (1 - 1e-12), "somebody is missing"
        for row, sum_ in zip(range(start, end), reached, strict=False):
            index = int(np.searchsorted(cumulative, sum_, side="right")) - 1
            within = (sum_ - cumulative[index]) / (cumulative[index + 1] - cumulative[index])
            assert day.arrived[row] == pytest.approx((index + within) * grid.interval, rel=1e-9)
