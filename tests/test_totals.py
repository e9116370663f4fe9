"""Totals are what the model's table of metrics says, counted again here from the records, on random scenarios."""

import math
from collections import Counter, defaultdict
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from random_scenarios import Dealt, dealt_of, scenarios
from test_agreement import everything

from sim.engines import reference
from sim.experiments.replicate import replicate
from sim.measures.metrics import TOTALS
from sim.model.chance import LEAVE, stream_key, u
from sim.model.day import deal
from sim.model.records import CONTACT_COLUMNS, Outcome, Records
from sim.scenario.schema import Scenario

FEW = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
NOT_UNSERVED = Outcome.ANSWERED, Outcome.SELF_SERVED, Outcome.CALLBACK_SERVED, Outcome.PENDING


class Contact:
    """One row of the records, null as None."""

    def __init__(self, records: Records, row: int) -> None:
        for name in CONTACT_COLUMNS:
            value = getattr(records, name)[row].item()
            setattr(self, name, None if isinstance(value, float) and math.isnan(value) else value)


def counted(scenario: Scenario, contacts: list[Contact], seed: int, replication: int) -> list[Counter[str]]:
    """The totals of each queue over the whole day."""
    names, totals = list(scenario.queues), [Counter[str]() for _ in scenario.queues]
    for contact in contacts:
        total, queue = totals[contact.queue], scenario.queues[names[contact.queue]]
        if contact.wait:
            start = max(contact.joined, scenario.warm_up)
            end = min(contact.joined + contact.wait, scenario.grid.horizon)
            total["line_seconds"] += max(0.0, end - start)
        if contact.arrived >= scenario.warm_up:
            count_contact(total, contact, queue)
    for (home, customer), rows in groupby(contacts, lambda contact: (contact.home, contact.customer)):
        own = list(rows)
        if own[0].arrived >= scenario.warm_up:
            number = u(seed, stream_key(f"queue {names[home]}"), replication, customer, 0, 0, LEAVE)
            count_customer(totals[home], own, scenario.queues[names[home]], number)
    return totals


def count_contact(total: Counter[str], contact: Contact, queue: object) -> None:
    outcome, level = Outcome(contact.outcome), queue.service_level
    requested = contact.callback_requested is not None
    offered = contact.joined is not None or outcome == Outcome.BLOCKED
    total["offered"] += offered
    kind = {Outcome.BALKED: "abandoned", Outcome.CALLBACK_SERVED: "", Outcome.CALLBACK_FAILED: ""}
    total[kind.get(outcome, outcome.name.lower())] += 1
    if contact.wait is not None:
        total["waited"] += 1
        total["wait"] += contact.wait
        total["answered_wait"] += contact.wait if outcome == Outcome.ANSWERED else 0.0
        total["delayed"] += contact.wait > 0 or requested
        total["longest_wait"] = max(total["longest_wait"], contact.wait)
    if offered and not requested:
        answered = outcome == Outcome.ANSWERED
        in_time = answered and contact.answered <= contact.joined + level.within
        gone = outcome in (Outcome.ABANDONED, Outcome.BALKED)
        early = gone and contact.wait <= level.within
        sides = {
            "offered": (in_time, True),
            "answered": (in_time, answered),
            "early_abandons_excluded": (in_time, not early),
            "early_abandons_met": (in_time or early, True),
        }
        top, bottom = sides[level.definition]
        total["within_target"] += top
        total["counted_for_target"] += bottom
    total["callbacks_offered"] += contact.callback_offered is not None
    total["callbacks_accepted"] += requested
    total["callbacks_failed"] += outcome == Outcome.CALLBACK_FAILED
    total["callback_dials"] += contact.dials
    if contact.callback_connected is not None:
        total["callbacks_served"] += 1
        waited = contact.callback_connected - contact.callback_requested
        total["callback_wait"] += waited
        promised = contact.callback_requested + queue.callback.within
        total["callbacks_within"] += contact.callback_connected <= promised
        total["work_put_off"] += contact.released - contact.callback_connected
    reached = contact.callback_connected if contact.answered is None else contact.answered
    if reached is not None:
        total["reached_agent"] += 1
        total["time_to_agent"] += reached - contact.joined


def count_customer(total: Counter[str], contacts: list[Contact], queue: object, number: float) -> None:
    """contacts: all attempts of one customer, in order; number: the one that decides whether he leaves."""
    last = [a for a, b in pairwise([*contacts, None]) if b is None or b.need != a.need]
    unserved = any(Outcome(contact.outcome) not in NOT_UNSERVED for contact in last)
    waited = sum(contact.wait or 0.0 for contact in contacts)
    waited += sum(c.callback_connected - c.callback_requested for c in contacts if c.callback_connected)
    late = [share for moment, share in queue.leaves.served_late.items() if waited >= moment]
    leaves = number < (queue.leaves.unserved if unserved else (late or [0.0])[-1])
    total["customers"] += 1
    total["unserved_customers"] += unserved
    total["lost_customers"] += leaves
    total["lost_value"] += leaves * queue.customer_value
    tells = queue.tells
    deterred = tells.share * tells.people * tells.put_off if tells else 0.0
    total["deterred_value"] += leaves * queue.customer_value * deterred


def recount(dealt: Dealt) -> None:
    """Count two replications again; the engine that is counted is the default one."""
    scenario, seed = dealt.scenario, dealt.seed
    totals = replicate([scenario], 2, seed)[0]
    seen = defaultdict(float)
    for replication in range(2):
        day = deal(dealt.centre.demand, seed, replication)
        records = reference.play(dealt.centre, day, seed, replication)
        contacts = [Contact(records, row) for row in range(records.home.size)]
        for queue, expected in enumerate(counted(scenario, contacts, seed, replication)):
            found = dict(zip(TOTALS, totals.contacts[replication, queue].tolist(), strict=True))
            assert set(expected) - {""} <= set(found)
            for name in set(found) - {"work_called_back"}:
                assert found[name] == pytest.approx(expected[name], abs=1e-6), name
            seen["put off"] += found["work_put_off"]
            seen["called back"] += found["work_called_back"]
        for kind, hours in enumerate((records.on_duty, records.overtime, records.busy, records.unreached)):
            assert totals.agents[replication, kind] == pytest.approx(hours.sum(axis=1), abs=1e-6)
    assert seen["called back"] == pytest.approx(seen["put off"]), "the same work, elsewhere in the day"
    waits = sum(int(batch.counts.sum()) for batch in totals.waits)
    assert waits == np.sum(totals.contacts[..., TOTALS.index("waited")])


@FEW
@given(dealt=scenarios())
def test_totals_are_what_the_records_say(dealt: Dealt) -> None:
    recount(dealt)


@pytest.mark.parametrize(
    "definition", ["offered", "answered", "early_abandons_excluded", "early_abandons_met"]
)
def test_totals_of_a_busy_day_are_what_its_records_say(definition: str) -> None:
    """Hundreds of customers who try again, wait long in all, are called back and leave in part."""
    mapping = everything(20, 6, False, warm_up="4 min", lines=40)
    judged = {
        "service_level": {"within": "20 s", "definition": definition},
        "customer_value": 12.3,
        "leaves": {"unserved": 0.4, "served_late": {"10 s": 0.3, "3 min": 0.9}},
        "tells": {"share": 0.3, "people": 2.1, "put_off": 0.07},
    }
    recount(dealt_of(mapping | {"queues": {name: q | judged for name, q in mapping["queues"].items()}}))
