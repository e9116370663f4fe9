"""A day is dealt as the model says: retold here without arrays of parameters, on random scenarios."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from random_scenarios import Dealt, dealt_of, scenarios

from sim.distributions import Distribution, distribution
from sim.model.chance import CLASS, DAY, PATIENCE, TALK, WRAP, gap_u, stream_key, u
from sim.model.day import deal
from sim.scenario.schema import Queue

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

        for row in range(start, end) if queue.arrivals.trace is None else ():
            index, customer = max(0, int(day.arrived[row] // grid.interval)), row - start
            mine = queue.as_class(class_of(queue, number(customer, CLASS))).patience
            assert day.talk[row] == lasts(queue.talk.drawn, index, number(customer, TALK))
            wrap = lasts(queue.wrap.drawn, index, number(customer, WRAP)) if queue.wrap else 0.0
            assert day.wrap[row] == wrap
            patience, holds_on = np.inf, 1.0
            if mine:
                hang_up = 1.0 - mine.never_hangs_up
                holds_on = number(customer, PATIENCE) / hang_up if hang_up else 1.0
            if mine and holds_on < 1.0:
                patience = lasts(mine.drawn, index, holds_on)
            assert day.patience[row] == patience


def class_of(queue: Queue, share: float) -> str | None:
    """The name of the class of a customer with this number, if it is of one."""
    for name, rules in queue.classes.items():
        share -= rules.share
        if share < 0.0:
            return name
    return None


@FEW
@given(dealt=scenarios())
def test_first_contacts_arrive_where_unit_gaps_meet_the_cumulative_rate(dealt: Dealt) -> None:
    """Times the factor of each day, which queues that vary together share a number for, and those of events."""
    grid, day = dealt.scenario.grid, deal(dealt.centre.demand, dealt.seed, dealt.replication)
    for (name, queue), (start, end) in zip(dealt.scenario.queues.items(), pairwise(day.start), strict=True):
        arrivals, stream = queue.arrivals, stream_key(f"queue {name}")
        if arrivals.trace is not None:
            continue

        def level(number: int, arrivals: Any = arrivals, name: str = name) -> float:
            if not arrivals.daily_variation:
                return 1.0
            shared = f"varies_with {arrivals.varies_with}" if arrivals.varies_with else f"queue {name}"
            share = u(dealt.seed, stream_key(shared), dealt.replication, number, 0, 0, DAY)
            return distribution("gamma", mean=1.0, cv=arrivals.daily_variation).quantile(share)

        events = [
            (event.spans(grid), event.volume)
            for event in dealt.scenario.events
            if event.volume is not None and name in (event.queues or dealt.scenario.queues)
        ]
        ends = [moment for spans, _ in events for span in spans for moment in span]
        edges = np.unique([*np.arange(grid.count + 1) * grid.interval, *ends])
        edges = edges[(edges >= 0.0) & (edges <= grid.horizon)]
        rates = queue.expected(grid) / grid.interval
        middle = (edges[1:] + edges[:-1]) / 2
        factors = [[f for spans, f in events if any(a < m < b for a, b in spans)] for m in middle]
        rises = [
            rates[min(int(m / grid.interval), grid.count - 1)] * np.prod(f) * level(int(m // 86_400))
            for m, f in zip(middle, factors, strict=True)
        ]
        cumulative = np.concatenate([[0.0], np.cumsum(np.array(rises) * np.diff(edges))])
        waiting = queue.backlog.count if queue.backlog else 0
        assert (day.arrived[start : start + waiting] <= 0.0).all()
        customers = range(waiting, end - start + 1)
        uniforms = [gap_u(dealt.seed, stream, dealt.replication, customer) for customer in customers]
        reached = np.cumsum(-np.log1p(-np.array(uniforms)))
        assert reached[-1] >= cumulative[-1] * (1 - 1e-12), "somebody is missing"
        moments = np.interp(reached[:-1], cumulative, edges)
        assert day.arrived[start + waiting : end] == pytest.approx(moments, rel=1e-9)


def test_a_campaign_for_one_queue_brings_contacts_to_it_alone() -> None:
    each = {"arrivals": {"per_interval": 50}, "talk": {"distribution": "constant", "value": "60 s"}}
    mapping = {
        **{"length": "1 h", "interval": "30 min", "queues": {"calls": each, "mail": each}},
        "agents": {"desk": {"staffing": 1, "skills": ["calls", "mail"]}},
    }
    campaign = {"at": "00:10", "for": "10 min", "volume": 3, "queues": ["calls"]}
    usual, more = (deal(dealt_of(mapping | {"events": e}).centre.demand, 1, 0) for e in ([], [campaign]))
    calls, mail = (slice(*pair) for pair in pairwise(usual.start))
    assert more.arrived[more.start[1] :] == pytest.approx(usual.arrived[mail])
    assert more.start[1] > usual.start[1] + 10
    before = usual.arrived[calls] < 600.0
    assert more.arrived[: before.sum()] == pytest.approx(usual.arrived[calls][before])
