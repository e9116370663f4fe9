"""Days played by an engine as a call log has them: the table of contacts, with agents in place of groups."""

import heapq
from datetime import UTC, datetime, timedelta

import numpy as np

from sim.experiments.replicate import engine_named, prepared
from sim.history.contacts import Account, Contacts, Outcome, tidy
from sim.model.day import deal
from sim.model.records import Outcome as Played
from sim.scenario.schema import Scenario

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
TELLS = {
    Played.ANSWERED: Outcome.ANSWERED,
    Played.ABANDONED: Outcome.ABANDONED,
    Played.BALKED: Outcome.ABANDONED,
    Played.BLOCKED: Outcome.BLOCKED,
    Played.IVR_HANG_UP: Outcome.ABANDONED,
    Played.UNANSWERED: Outcome.DIVERTED,
}


def recorded(scenario: Scenario, days: int, *, seed: int = 1, whole_seconds: bool = False) -> Contacts:
    """Days of a scenario that opens and closes on one, from a Monday on; customers known, agents by whom they took."""
    plan = prepared(scenario)
    play = engine_named("compiled").play
    parts: dict[str, list[np.ndarray]] = {}
    customers = 0
    for number in range(days):
        records = play(plan.centre, deal(plan.centre.demand, seed, number), seed, number)
        told = np.array([TELLS.get(Played(code), -1) for code in range(len(Played))])[records.outcome]
        kept = told >= 0
        opens = (MONDAY + timedelta(days=number)).timestamp() + scenario.grid.opens
        gone = np.where(told == Outcome.ANSWERED, np.nan, records.joined + records.wait)
        moments = {
            "arrived": records.arrived, "joined": records.joined, "answered": records.answered,
            "talk_end": records.talk_end, "wrap_end": records.released, "left": gone,
        }  # fmt: skip
        taken = _agents(records.group, records.answered, records.released)
        # customers are known by (home, number), and those of another day are others
        customer = customers + records.customer * len(scenario.queues) + records.home
        customers = int(customer.max()) + 1
        columns = {name: opens + moment for name, moment in moments.items()}
        kind = records.class_id - 1
        columns |= {
            "queue": records.queue,
            "customer": customer,
            "agent": taken,
            "kind": kind,
            "outcome": told,
        }
        for name, column in columns.items():
            parts.setdefault(name, []).append(column[kept])
    columns = {name: np.concatenate(each) for name, each in parts.items()}
    if whole_seconds:
        columns |= {name: np.floor(columns[name]) for name in moments}
    return tidy(
        columns,
        queues=tuple(scenario.queues),
        agents=tuple(f"agent {number}" for number in range(int(columns["agent"].max()) + 1)),
        kinds=scenario.class_names,
        zone="UTC",
        account=Account("made.log", "made"),
    )


def _agents(group: np.ndarray, answered: np.ndarray, released: np.ndarray) -> np.ndarray:
    """The agent behind each contact, the longest free of the group first, as few as suffice: numbers by group."""
    taken = np.full(group.size, -1)
    free: dict[int, list[tuple[float, int]]] = {}
    count: dict[int, int] = {}
    for row in np.argsort(answered, kind="stable").tolist():
        if np.isnan(answered[row]):
            break
        one = int(group[row])
        heap = free.setdefault(one, [])
        if heap and heap[0][0] <= answered[row] + 1e-9:
            _, agent = heapq.heappop(heap)
        else:
            agent = count[one] = count.get(one, -1) + 1
        heapq.heappush(heap, (float(released[row]), agent))
        taken[row] = 1000 * one + agent
    return taken
