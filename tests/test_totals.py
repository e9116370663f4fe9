"""Totals are what the model's table of metrics says, counted again here from the records, on random scenarios."""

import math
from collections import Counter, defaultdict
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from random_scenarios import Dealt, dealt_of, scenarios
from test_agreement import everything

from sim.engines import reference
from sim.experiments.replicate import replicate
from sim.measures.metrics import TOTALS, cells_of
from sim.model.chance import BALK, IVR_TIME, LEAVE, VALUE, stream_key, u
from sim.model.day import deal
from sim.model.records import CONTACT_COLUMNS, Outcome, Records
from sim.scenario.queue import Queue
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
    """One row of the records, null as None, and its customer's class by name."""

    def __init__(self, records: Records, row: int, classes: tuple[str, ...] = ()) -> None:
        for name in CONTACT_COLUMNS:
            value = getattr(records, name)[row].item()
            setattr(self, name, None if isinstance(value, float) and math.isnan(value) else value)
        self.class_name = classes[self.class_id - 1] if self.class_id else None


Cells = dict[tuple[str, str], "Counter[str]"]


def places(scenario: Scenario, queue: int, contact: Contact) -> list[tuple[str, str]]:
    """A queue, and the class that a contact counts in there."""
    name = list(scenario.queues)[queue]
    classes = scenario.queues[name].classes
    own = contact.class_name if contact.class_name in classes else "others"
    return [(name, ""), (name, own)] if classes else [(name, "")]


def counted(scenario: Scenario, contacts: list[Contact], seed: int, replication: int) -> Cells:
    """The totals of each queue, and of each class of it, over the whole horizon."""
    names, totals = list(scenario.queues), defaultdict(Counter)
    following = {id(a): b for a, b in pairwise(contacts) if (a.home, a.customer) == (b.home, b.customer)}
    for contact in contacts:
        queue = scenario.queues[names[contact.queue]]
        for place in places(scenario, contact.queue, contact):
            total = totals[place]
            if contact.wait:
                start = max(contact.joined, scenario.warm_up)
                end = min(contact.joined + contact.wait, scenario.grid.horizon)
                total["line_seconds"] += max(0.0, end - start)
            if contact.wait is not None and has_hours(scenario, queue):
                count_left(total, contact, queue, scenario)
            if max(contact.arrived, 0.0) >= scenario.warm_up:
                count_contact(
                    total,
                    contact,
                    queue,
                    scenario,
                    (seed, stream_key(f"queue {names[contact.home]}"), replication),
                )
                if id(contact) in following:
                    total[step(contact, following[id(contact)], scenario)] += 1
    for (home, customer), rows in groupby(contacts, lambda contact: (contact.home, contact.customer)):
        own = list(rows)
        if max(own[0].arrived, 0.0) >= scenario.warm_up:
            known = seed, stream_key(f"queue {names[home]}"), replication, customer, 0, 0
            for place in places(scenario, home, own[0]):
                count_customer(totals[place], own, scenario, known)
    return totals


def has_hours(scenario: Scenario, queue: Queue) -> bool:
    whole = ((0.0, scenario.grid.horizon),)
    return queue.open_spans(scenario.grid) != whole or (queue.at_close or scenario.at_close) == "carry"


def count_left(total: Counter[str], contact: Contact, queue: Queue, scenario: Scenario) -> None:
    """On the line at a closing or an opening; those cut off then are not, those still there at the end are."""
    gone = contact.joined + contact.wait
    outcome = Outcome(contact.outcome)
    if outcome == Outcome.PENDING and contact.callback_requested is None:
        gone = math.inf
    elif outcome == Outcome.ANSWERED:
        gone = contact.answered
    elif outcome == Outcome.UNANSWERED:
        gone -= 1e-6
    for opens, closes in queue.open_spans(scenario.grid):
        was_there = contact.joined < opens or (opens == 0 and contact.joined <= 0)
        total["left_at_opening"] += opens >= scenario.warm_up and was_there and gone >= opens
        total["left_at_closing"] += closes >= scenario.warm_up and contact.joined < closes < gone


def step(contact: Contact, after: Contact, scenario: Scenario) -> str:
    """What leads from a contact to the same customer's next one."""
    if contact.need == after.need:
        return "redials" if contact.queue == after.queue else "switches"
    return "repeats" if contact.queue == after.queue else "transfers"  # which here lead to other queues


def due(contact: Contact, queue: Queue, scenario: Scenario) -> float:
    """The moment up to which an answer is in time."""
    left = queue.service_level.within
    if queue.service_level.clock == "always":
        return contact.joined + left
    for opens, closes in queue.open_spans(scenario.grid, before=max(0.0, -contact.joined)):
        start = max(contact.joined, opens)
        if start + left < closes:
            return start + left
        left -= max(0.0, closes - start)
    return math.inf


def count_contact(
    total: Counter[str], contact: Contact, queue: Queue, scenario: Scenario, known: tuple[Any, ...]
) -> None:
    """known: seed, stream and replication of the customer's numbers."""
    outcome, level = Outcome(contact.outcome), queue.service_level
    requested = contact.callback_requested is not None
    offered = contact.joined is not None or outcome == Outcome.BLOCKED
    total["offered"] += offered
    kind = {Outcome.BALKED: "abandoned", Outcome.CALLBACK_SERVED: "", Outcome.CALLBACK_FAILED: ""}
    kind[Outcome.IVR_HANG_UP] = "ivr_hang_ups"
    total[kind.get(outcome, outcome.name.lower())] += 1
    if outcome == Outcome.BALKED and queue.announcement:
        number = u(*known, contact.customer, contact.need, contact.attempt, BALK)
        total["left_on_announcement"] += number >= queue.balks
    if contact.wait is not None:
        total["waited"] += 1
        total["wait"] += contact.wait
        total["answered_wait"] += contact.wait if outcome == Outcome.ANSWERED else 0.0
        total["delayed"] += contact.wait > 0 or requested
        total["longest_wait"] = max(total["longest_wait"], contact.wait)
    undecided = outcome == Outcome.PENDING and due(contact, queue, scenario) >= scenario.grid.horizon
    undecided = undecided and all(contact.joined >= closes for _, closes in queue.open_spans(scenario.grid))
    if offered and not requested and not undecided:
        answered = outcome == Outcome.ANSWERED
        in_time = answered and contact.answered <= due(contact, queue, scenario)
        gone = outcome in (Outcome.ABANDONED, Outcome.BALKED)
        early = gone and contact.wait <= level.within
        if level.clock == "open_hours":
            early = gone and contact.joined + contact.wait <= due(contact, queue, scenario)
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


def count_customer(
    total: Counter[str], contacts: list[Contact], scenario: Scenario, known: tuple[Any, ...]
) -> None:
    """contacts: all of one customer, in order; known: seed … attempt, what its own numbers are drawn by."""
    first, final = contacts[0], contacts[-1]
    queue = list(scenario.queues.values())[first.home].as_class(first.class_name)
    last = [a for a, b in pairwise([*contacts, None]) if b is None or b.need != a.need]
    unserved = any(Outcome(contact.outcome) not in NOT_UNSERVED for contact in last)
    pending = any(Outcome(contact.outcome) == Outcome.PENDING for contact in last)
    waited = sum(contact.wait or 0.0 for contact in contacts)
    waited += sum(c.callback_connected - c.callback_requested for c in contacts if c.callback_connected)
    late = [share for moment, share in queue.leaves.served_late.items() if waited >= moment and not pending]
    leaves = u(*known, LEAVE) < (queue.leaves.unserved if unserved else (late or [0.0])[-1])
    value = queue.customer_value
    if not isinstance(value, int | float):
        value = float(queue.value.quantile(u(*known, VALUE)))
    total["customers"] += 1
    total["further_contacts"] += len(contacts) - 1
    total["customer_transfers"] += sum(step(a, b, scenario) == "transfers" for a, b in pairwise(contacts))
    total["customer_wait"] += waited
    total["unserved_customers"] += unserved
    total["pending_customers"] += pending and not unserved
    if not unserved and not pending:
        total["resolved_later"] += len(contacts) > 1
        ended = final.talk_end
        if Outcome(final.outcome) == Outcome.SELF_SERVED:
            arose = next(contact.arrived for contact in contacts if contact.need == final.need)
            ended = final.arrived + ivr_time(final, arose, scenario, known)
        total["time_to_resolution"] += ended - first.arrived
    total["lost_customers"] += leaves
    total["lost_value"] += leaves * value
    tells = queue.tells
    deterred = tells.share * tells.people * tells.put_off if tells else 0.0
    total["deterred_value"] += leaves * value * deterred


def ivr_time(contact: Contact, arose: float, scenario: Scenario, known: tuple[Any, ...]) -> float:
    """How long a contact was in the IVR; arose: the moment of its need."""
    drawn = list(scenario.queues.values())[contact.queue].ivr.time.drawn
    interval = min(max(int(arose / scenario.grid.interval), 0), scenario.grid.count - 1)
    uniform = u(*known[:4], contact.need, contact.attempt, IVR_TIME)
    return float(drawn[interval if len(drawn) > 1 else 0].quantile(uniform))


def recount(dealt: Dealt) -> None:
    """Count two replications again; the engine that is counted is the default one."""
    scenario, seed = dealt.scenario, dealt.seed
    totals = replicate([scenario], 2, seed)[0]
    seen = defaultdict(float)
    for replication in range(2):
        day = deal(dealt.centre.demand, seed, replication)
        records = reference.play(dealt.centre, day, seed, replication)
        contacts = [Contact(records, row, scenario.class_names) for row in range(records.home.size)]
        cells = counted(scenario, contacts, seed, replication)
        names = list(scenario.queues)
        for place, cell in enumerate(cells_of(scenario)):
            expected = cells[names[cell.queue], cell.name]
            found = dict(zip(TOTALS, totals.contacts[replication, place].tolist(), strict=True))
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
