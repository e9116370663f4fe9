"""The order of work of a sweep: which points are played together, and how many at a time."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sim.errors import InputError
from sim.experiments.playing import Task
from sim.measures.metrics import observed_seconds
from sim.scenario.schema import Scenario

CONTACTS = {"compiled": 1_000_000, "reference": 10_000}  # of a task: some 0.2 s
PROBES = 256  # sets of demand whose contacts are counted; beyond, all are taken to be as large as the base
UNTOUCHED = ("agents", "lines", "routing", "targets", "shift_types", "at_close")  # parts that deal nothing
DEALING = ("arrivals", "talk", "wrap", "patience", "classes", "backlog", "hours")  # parts of a queue that do


class Piece(NamedTuple):
    """Replications of one point that are to be played; contacts: how many each is expected to bring."""

    number: int
    overrides: Mapping[str, Any]
    contacts: float
    first: int
    stop: int

    @property
    def cost(self) -> float:
        """Expected contacts in all."""
        return (self.stop - self.first) * self.contacts


def touches_demand(path: str) -> bool:
    """Whether an override there may change what is dealt.

    Only the order of work depends on it: days are shared where the demand is found to be equal.
    """
    parts = path.split(".")
    if parts[0] == "queues":
        return len(parts) < 3 or parts[2] in DEALING
    return parts[0] not in UNTOUCHED


def demand_of(overrides: Mapping[str, Any]) -> str:
    """Those overrides that may change what is dealt, as a key."""
    return json.dumps([item for item in overrides.items() if touches_demand(item[0])], ensure_ascii=False)


def in_order(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces with equal demand together, in the order in which each demand comes first."""
    groups: dict[str, list[Piece]] = {}
    for piece in pieces:
        groups.setdefault(demand_of(piece.overrides), []).append(piece)
    return [piece for group in groups.values() for piece in group]


def contacts_played(scenario: Scenario) -> float:
    """First contacts that a replication is expected to bring, those of the warm-up and those that wait included."""
    waiting = sum(queue.backlog.count for queue in scenario.queues.values() if queue.backlog)
    return float(sum(scenario.expected(name).sum() for name in scenario.queues) + waiting)


def contacts_counted(scenario: Scenario) -> float:
    """Those of them that arrive after the warm-up."""
    if not scenario.warm_up:
        return contacts_played(scenario)
    shares = observed_seconds(scenario) / scenario.grid.interval
    return float(sum((scenario.expected(name) * shares).sum() for name in scenario.queues))


def contacts_by_demand(
    base: Scenario, contacts: Callable[[Scenario], float] = contacts_played
) -> Callable[[Mapping[str, Any]], float]:
    """A function that gives the expected contacts of a replication under some overrides."""
    known: dict[str, float] = {}

    def counted(overrides: Mapping[str, Any]) -> float:
        key = demand_of(overrides)
        if key not in known:
            if len(known) >= PROBES:
                return known[demand_of({})]
            try:
                scenario = base.under({p: v for p, v in overrides.items() if touches_demand(p)})
            except InputError:
                return known[demand_of({})]  # it will be said where the point is played
            known[key] = max(1.0, contacts(scenario))
        return known[key]

    counted({})
    return counted


class Work:
    """What is still to be played, and what is held back until the replications before it are stored."""

    def __init__(self, pieces: Iterable[Piece], engine: str) -> None:
        self._pieces = deque(in_order(pieces))
        self._most = float(CONTACTS[engine])

    def add(self, piece: Piece) -> None:
        """A further piece, after all the others."""
        self._pieces.append(piece)

    def add_apart(self, task: Task) -> None:
        """The points of a task again, each by itself and before all others."""
        span = task.replications
        for number, overrides in zip(task.numbers, task.overrides, strict=True):
            self._pieces.appendleft(Piece(number, overrides, self._most, span.start, span.stop))

    def expected(self) -> float:
        """Contacts that are still to come."""
        return sum(piece.cost for piece in self._pieces)

    def share_out(self, workers: int) -> None:
        """Make tasks so small that every worker gets some."""
        self._most = min(self._most, self.expected() / (4 * workers))

    def next_task(self) -> Task | None:
        """Neighbours with the same replications to play, as many as make a task; None if nothing is left."""
        if not self._pieces:
            return None
        first = self._pieces.popleft()
        cost = first.cost
        if cost > 2 * self._most and first.stop - first.first > 1:
            return self._split(first)
        taken = [first]
        while self._pieces:
            other = self._pieces[0]
            if (other.first, other.stop) != (first.first, first.stop):
                break
            cost += other.cost
            if cost > self._most:
                break
            taken.append(self._pieces.popleft())
        span = range(first.first, first.stop)
        return Task(tuple(p.number for p in taken), tuple(p.overrides for p in taken), span)

    def _split(self, piece: Piece) -> Task:
        """The first replications of a large piece; the others are next."""
        until = piece.first + max(1, int(self._most / piece.contacts))
        if until < piece.stop:
            self._pieces.appendleft(piece._replace(first=until))
        return Task((piece.number,), (piece.overrides,), range(piece.first, until))
