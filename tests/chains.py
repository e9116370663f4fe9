"""Small call centres as Markov chains, built from the rules of the model and solved by SciPy sparse.

Nothing here looks at the engines. A `Small` centre has Poisson arrivals and exponential times; its state says
who stands in line in which order, who is served by whom, who hears the IVR, who will come again, and what the
one constant clock is doing, if there is one. Agents who may have several contacts in hand, or put some aside,
stand in the state one by one, those first who have finished nothing for longest. From a state, `Chain` follows
each thing that can happen, breadth first from the empty centre, and solves for the long run.

A constant time is exact where only one such clock can run at a time (a deterministic and stochastic Petri
net: Lindemann, "Performance Modelling with Deterministic and Stochastic Petri Nets", 1998): between two of
its starts and ends the centre is a Markov chain, so exp(Qτ) and its integral are all that is needed.

Times are minutes, rates per minute.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import expm
from scipy.sparse import csc_matrix, csr_matrix, diags, identity, vstack
from scipy.sparse.linalg import splu

ALWAYS_FIRST = 1e6 / 60  # minutes of head start for each rank: longer than anybody ever waits


@dataclass(frozen=True)
class Callback:
    """Offered at joining if the rule holds; `rule` is always, queue_length or estimated_wait."""

    rule: str
    accept: float
    place: str
    threshold: float = 0.0
    after: float = 0.0
    reserve: int = 0
    ring: float = 0.0
    reached: float = 1.0
    attempts: int = 1
    retry_after: float = 0.0
    max_pending: int = 1


@dataclass(frozen=True)
class Redial:
    share: float
    delay: float
    attempts: int


@dataclass(frozen=True)
class Ivr:
    time: float
    self_served: float
    hangs_up: float


@dataclass(frozen=True)
class Transfer:
    to: str
    share: float


@dataclass(frozen=True)
class Repeat:
    share: float
    delay: float


@dataclass(frozen=True)
class Switch:
    """delay: None for at once."""

    to: str
    share: float
    delay: float | None = None


@dataclass(frozen=True)
class Announcement:
    leave_above: float
    leaves: float
    patience_factor: float


@dataclass(frozen=True)
class Kind:
    """A class of customers within a queue; rank as that of a queue."""

    share: float
    patience: float
    rank: int = 0


@dataclass(frozen=True)
class Queue:
    """rank: whole steps of a head start that always decides; head_start: minutes that may or may not."""

    rate: float
    talk: float
    wrap: float = 0.0
    patience: float | None = None
    balks: float = 0.0
    max_waiting: int | None = None
    rank: int = 0
    head_start: float = 0.0
    redial: Redial | None = None
    callback: Callback | None = None
    ivr: Ivr | None = None
    transfers: tuple[Transfer, ...] = ()
    repeat: Repeat | None = None
    switch: Switch | None = None
    announcement: Announcement | None = None
    kinds: dict[str, Kind] = field(default_factory=dict)

    @property
    def shares(self) -> dict[str, float]:
        """Customers by class, "" for those of none."""
        return {"": 1 - sum(k.share for k in self.kinds.values())} | {
            n: k.share for n, k in self.kinds.items()
        }


@dataclass(frozen=True)
class Skill:
    level: int = 1
    prefer: int | None = None
    factor: float = 1.0
    overflow: float = 0.0
    reserve: int = 0
    at_once: int = 1
    slowdown: tuple[float, ...] = (1.0,)
    interruptible: bool = False


@dataclass(frozen=True)
class Group:
    agents: int
    skills: dict[str, Skill]

    @property
    def by_hand(self) -> bool:
        """Whether agents may have more than one contact in hand."""
        return any(skill.at_once > 1 or skill.interruptible for skill in self.skills.values())


@dataclass(frozen=True)
class Small:
    """A small centre.

    merged: queues compete by the moment of joining, so that the order of the whole line belongs to the
    state; else only the order within each queue does. most: waiting callers of a queue, and people who will
    dial again, at which the chain is cut off; None where limits on lines or waiting do that.
    """

    queues: dict[str, Queue]
    groups: dict[str, Group]
    lines: int | None = None
    merged: bool = False
    most: int | None = None
    routing: str = "by_level"

    def scenario(self, minutes: float, warm_up: float) -> dict[str, Any]:
        """What a planner would write for this centre."""
        return {
            "schema": 1,
            "length": f"{minutes + warm_up!r} min",
            "interval": f"{minutes + warm_up!r} min",
            "warm_up": f"{warm_up!r} min",
            "routing": self.routing,
            "queues": {name: _written(queue) for name, queue in self.queues.items()},
            "agents": {
                name: {"staffing": group.agents, "skills": {q: _skill(s) for q, s in group.skills.items()}}
                for name, group in self.groups.items()
            },
        } | ({"lines": self.lines} if self.lines else {})


def _exponential(mean: float) -> dict[str, str]:
    return {"distribution": "exponential", "mean": f"{mean!r} min"}


def _skill(skill: Skill) -> dict[str, Any]:
    written: dict[str, Any] = {"level": skill.level, "handle_factor": skill.factor, "reserve": skill.reserve}
    written |= {"at_once": skill.at_once, "slowdown": list(skill.slowdown)}
    written |= {"interruptible": skill.interruptible, "overflow_after": f"{skill.overflow!r} min"}
    return written | ({} if skill.prefer is None else {"prefer": skill.prefer})


def _next_needs(queue: Queue) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if queue.ivr:
        written["ivr"] = {"time": _exponential(queue.ivr.time), "self_served": queue.ivr.self_served}
        written["ivr"]["hangs_up"] = queue.ivr.hangs_up
    if queue.transfers:
        written["transfer"] = [{"to": t.to, "share": t.share} for t in queue.transfers]
    if queue.repeat:
        written["repeat"] = {"share": queue.repeat.share, "after": _exponential(queue.repeat.delay)}
    if queue.switch:
        written["switch"] = {"to": queue.switch.to, "share": queue.switch.share}
        if queue.switch.delay:
            written["switch"]["after"] = _exponential(queue.switch.delay)
    return written


def _kinds(queue: Queue) -> dict[str, Any]:
    return {
        name: {
            "share": kind.share,
            "patience": _exponential(kind.patience),
            "head_start": f"{kind.rank * ALWAYS_FIRST!r} min",
        }
        for name, kind in queue.kinds.items()
    }


def _written(queue: Queue) -> dict[str, Any]:
    written: dict[str, Any] = {"arrivals": {"rate": f"{queue.rate!r} / min"}}
    written["talk"] = _exponential(queue.talk)
    written["head_start"] = f"{queue.head_start + queue.rank * ALWAYS_FIRST!r} min"
    written["balks"] = queue.balks
    if queue.wrap:
        written["wrap"] = _exponential(queue.wrap)
    if queue.patience:
        written["patience"] = _exponential(queue.patience)
    if queue.max_waiting is not None:
        written["max_waiting"] = queue.max_waiting
    if queue.redial:
        again = queue.redial
        written["redial"] = {
            "share": again.share,
            "after": _exponential(again.delay),
            "attempts": again.attempts,
        }
    if queue.callback:
        written["callback"] = _callback(queue.callback)
    if queue.announcement:
        told = queue.announcement
        written["announcement"] = {
            "leave_above": f"{told.leave_above!r} min",
            "leaves": told.leaves,
            "patience_factor": told.patience_factor,
        }
    if queue.kinds:
        written["classes"] = _kinds(queue)
    return written | _next_needs(queue)


def _callback(rules: Callback) -> dict[str, Any]:
    threshold = f"{rules.threshold!r} min" if rules.rule == "estimated_wait" else int(rules.threshold)
    written = {
        "offer": {"always": True} if rules.rule == "always" else {rules.rule: threshold},
        "accept": rules.accept,
        "place": rules.place,
        "ring": f"{rules.ring!r} min",
        "reached": rules.reached,
        "attempts": rules.attempts,
        "retry_after": f"{rules.retry_after!r} min",
        "max_pending": rules.max_pending,
    }
    more = {"later": {"after": f"{rules.after!r} min"}, "idle": {"reserve": rules.reserve}}
    return written | more.get(rules.place, {})


class Entry(NamedTuple):
    """Somebody in line: a caller (`count` attempts before this one) or a request (`count` dials)."""

    queue: str
    request: bool
    count: int
    away: bool = False  # a request that was not reached at this very instant: back before the instant is over
    kind: str = ""  # the customer's class
    calm: bool = False  # has heard an estimate, and more patience for it
    young: bool = False  # its overflow moment is still to come


class Later(NamedTuple):
    """Somebody who will come to a queue after an exponential delay, or who hears its IVR now."""

    queue: str
    attempt: int
    kind: str
    delay: float


class Held(NamedTuple):
    """A contact in the hand of one agent: talk or wrap, its slowdown, whether it is put aside."""

    queue: str
    phase: str
    slow: float
    aside: bool = False


Hand = tuple[Held, ...]  # sorted


class Clock(NamedTuple):
    """The one constant time that runs: after, ring and retry of the one request, or a head start."""

    kind: str
    queue: str
    dials: int = 0
    group: str = ""


class State(NamedTuple):
    """line: callers and requests in order; idle: requests for idle agents in order; busy: (group, queue,
    phase) → how many; orbit, ivr: who will come again, who hears the machine → how many; all as sorted tuples of
    pairs. hands: of each group whose agents may hold several contacts, their hands, longest since finishing first.
    """

    line: tuple[Entry, ...] = ()
    idle: tuple[Entry, ...] = ()
    busy: tuple[tuple[tuple[str, str, str], int], ...] = ()
    orbit: tuple[tuple[Later, int], ...] = ()
    clock: Clock | None = None
    ivr: tuple[tuple[Later, int], ...] = ()
    hands: tuple[tuple[str, tuple[Hand, ...]], ...] = ()


Outcomes = list[tuple[float, State, tuple[str, ...]]]  # probability, state after, what happened


def _plus(counts: tuple[tuple[Any, int], ...], key: Any, more: int) -> tuple[tuple[Any, int], ...]:
    changed = dict(counts)
    changed[key] = changed.get(key, 0) + more
    return tuple(sorted((k, n) for k, n in changed.items() if n))


def _then(outcomes: Outcomes, follow: Callable[[State], Outcomes]) -> Outcomes:
    """What follows after each outcome of what went before."""
    return [(p * q, t, a + b) for p, s, a in outcomes for q, t, b in follow(s)]


class Rules:
    """What may happen in a small centre, and what comes of it: model.md, sections 2 and 3."""

    def __init__(self, small: Small) -> None:
        self.small, self.queues, self.groups = small, small.queues, small.groups
        self.order = list(small.queues)
        hands = [(name, ((),) * group.agents) for name, group in self.groups.items() if group.by_hand]
        self.empty = State(hands=tuple(hands))
        for group in self.groups.values():
            classes = [(s.level, self.queues[q].rank) for q, s in group.skills.items()]
            apart = small.merged or small.routing == "longest_queue" or len(set(classes)) == len(classes)
            assert apart, "the order of the line would matter"
            calls = any(self.queues[q].callback for q in group.skills)
            assert not (group.by_hand and calls), "callbacks in several hands are not told here"
        for queue in self.order:
            prefers = [self.prefer(name, queue) for name, g in self.groups.items() if queue in g.skills]
            assert len(set(prefers)) == len(prefers), "who has been free longest would matter"
            here = self.queues[queue]
            limited = any(q.redial and q.redial.attempts for q in small.queues.values())
            assert not (here.switch and limited), "how often somebody has tried would matter"
            assert here.wrap or not here.transfers, "who is taken at this very instant would matter"
            overflows = any(g.skills[queue].overflow for g in self.groups.values() if queue in g.skills)
            assert here.max_waiting == 1 or not overflows, "two overflow moments at once"

    # Looking at a state

    def prefer(self, group: str, queue: str) -> int:
        skill = self.groups[group].skills[queue]
        return skill.level if skill.prefer is None else skill.prefer

    def rank(self, entry: Entry) -> int:
        here = self.queues[entry.queue]
        return here.kinds[entry.kind].rank if entry.kind else here.rank

    def patience(self, entry: Entry) -> float | None:
        here = self.queues[entry.queue]
        mean = here.kinds[entry.kind].patience if entry.kind else here.patience
        return mean * here.announcement.patience_factor if mean and entry.calm else mean

    def hands(self, s: State, group: str) -> tuple[Hand, ...]:
        return next(hands for name, hands in s.hands if name == group)

    def with_hands(self, s: State, group: str, hands: tuple[Hand, ...]) -> State:
        return s._replace(hands=tuple((g, hands if g == group else own) for g, own in s.hands))

    def free(self, s: State, group: str) -> int:
        if self.groups[group].by_hand:
            return sum(not hand for hand in self.hands(s, group))
        ringing = s.clock is not None and s.clock.kind == "ring" and s.clock.group == group
        return self.groups[group].agents - ringing - sum(n for (g, _, _), n in s.busy if g == group)

    def on_line(self, s: State, queue: str, kind: str | None = None) -> int:
        return sum(e.queue == queue and not e.request and kind in (None, e.kind) for e in s.line)

    def pending(self, s: State, queue: str) -> int:
        """Requests, those being dialled included."""
        clocked = (
            s.clock is not None and s.clock.kind in ("after", "ring", "retry") and s.clock.queue == queue
        )
        return clocked + sum(e.queue == queue and e.request for e in (*s.line, *s.idle))

    def engaged(self, s: State) -> int:
        """Lines: callers who hear the IVR, who wait and who talk."""
        talking = sum(n for (_, _, phase), n in s.busy if phase == "talk")
        talking += sum(held.phase == "talk" for _, hands in s.hands for hand in hands for held in hand)
        return sum(not e.request for e in s.line) + talking + sum(n for _, n in s.ivr)

    def estimate(self, s: State, queue: str) -> float:
        competing = sum(e.queue == queue for e in s.line)
        serving = [g for g in self.groups.values() if queue in g.skills]
        agents = sum(g.agents * g.skills[queue].at_once for g in serving)
        return (competing + 1) * (self.queues[queue].talk + self.queues[queue].wrap) / agents

    def way(self, group: str, hand: Hand, queue: str) -> str | None:
        """How an agent with this in hand may take a contact: free, aside, beside, or not at all."""
        skills = self.groups[group].skills
        if not hand:
            return "free"
        if not skills[queue].interruptible and all(skills[held.queue].interruptible for held in hand):
            return "aside"
        room = min(skills[q].at_once for q in (queue, *(held.queue for held in hand)))
        return "beside" if room > 1 and len(hand) < room else None

    def may_take(self, s: State, group: str, entry: Entry) -> bool:
        """Whether an agent of the group may: overflow, reserves, hands."""
        skill = self.groups[group].skills[entry.queue]
        kept = max(skill.reserve, self.kept_free(entry))
        if (entry.young and skill.overflow) or (kept and self.free(s, group) <= kept):
            return False
        if self.groups[group].by_hand:
            return any(self.way(group, hand, entry.queue) for hand in self.hands(s, group))
        return self.free(s, group) > 0

    def group_for(self, s: State, entry: Entry) -> str | None:
        able = [g for g in self.groups if entry.queue in self.groups[g].skills and self.may_take(s, g, entry)]
        return min(able, key=lambda g: self.prefer(g, entry.queue)) if able else None

    def kept_free(self, entry: Entry) -> int:
        rules = self.queues[entry.queue].callback
        return rules.reserve if entry.request and rules and rules.place == "idle" else 0

    # Callers come, wait and go

    def told(self, what: str, entry: Entry) -> tuple[str, ...]:
        """That it happened, in the queue and, if there are classes, to whom."""
        by_class = (
            (f"{what} {entry.queue} {entry.kind or 'others'}",) if self.queues[entry.queue].kinds else ()
        )
        return (f"{what} {entry.queue}", *by_class)

    def comes(self, queue: str, attempt: int, kind: str) -> Entry:
        """Somebody who comes to a queue that may not know the class."""
        overflows = any(g.skills[queue].overflow for g in self.groups.values() if queue in g.skills)
        known = kind if kind in self.queues[queue].kinds else ""
        return Entry(queue, False, attempt, kind=known, young=overflows)

    def arrives(self, s: State, entry: Entry) -> Outcomes:
        if self.engaged(s) == self.small.lines:
            happened = self.told("offered", entry)
            return _then([(1.0, s, happened)], lambda t: self.gives_up(t, entry, "blocked"))
        if self.queues[entry.queue].ivr:
            hears = Later(entry.queue, entry.count, entry.kind, self.queues[entry.queue].ivr.time)
            return [(1.0, s._replace(ivr=_plus(s.ivr, hears, 1)), ())]
        return self.joins(s, entry)

    def hears_the_end(self, s: State, hears: Later) -> Outcomes:
        """The IVR ends: served, gone, or on to the queue."""
        machine, name = self.queues[hears.queue].ivr, hears.queue
        s = s._replace(ivr=_plus(s.ivr, hears, -1))
        alone = [(machine.self_served, s, (f"self-served {name}",))]
        gone = [(machine.hangs_up, s, (f"hung up {name}", f"unserved {name}"))]
        on = [(1 - machine.self_served - machine.hangs_up, s, ())]
        return alone + gone + _then(on, lambda t: self.joins(t, self.comes(name, hears.attempt, hears.kind)))

    def joins(self, s: State, entry: Entry) -> Outcomes:
        queue, here, happened = entry.queue, self.queues[entry.queue], self.told("offered", entry)
        group = self.group_for(s, entry)
        if group:
            happened += self.told("answered", entry) + self.told("at once", entry)
            return [(1.0, self.taken(s, group, queue), happened)]
        if self.on_line(s, queue) == here.max_waiting:
            return _then([(1.0, s, happened)], lambda t: self.gives_up(t, entry, "blocked"))
        balked = _then([(here.balks, s, happened)], lambda t: self.gives_up(t, entry, "balked"))
        stay = [(1 - here.balks, s, happened)]
        said = here.announcement
        if said and self.estimate(s, queue) > said.leave_above:
            leave = [((1 - here.balks) * said.leaves, s, happened)]
            balked += _then(leave, lambda t: self.gives_up(t, entry, "balked"))
            stay = [((1 - here.balks) * (1 - said.leaves), s, happened)]
            return balked + _then(stay, lambda t: self.stays(t, entry._replace(calm=True)))
        return balked + _then(stay, lambda t: self.stays(t, entry))

    def stays(self, s: State, entry: Entry) -> Outcomes:
        """Wait, or accept a callback."""
        queue = entry.queue
        cut = self.queues[queue].max_waiting is None and self.on_line(s, queue) == self.small.most
        waiting = s if cut else self.stands(s, entry)
        rules = self.queues[queue].callback
        if not rules or not self.is_offered(s, queue, rules):
            return [(1.0, waiting, ())]
        offered, accepted = (f"cb offered {queue}",), (f"cb offered {queue}", f"cb accepted {queue}")
        return [(1 - rules.accept, waiting, offered), (rules.accept, self.asks(s, queue, rules), accepted)]

    def is_offered(self, s: State, queue: str, rules: Callback) -> bool:
        if self.pending(s, queue) == rules.max_pending:
            return False
        if rules.rule == "queue_length":
            return self.on_line(s, queue) >= rules.threshold
        if rules.rule == "estimated_wait":
            return self.estimate(s, queue) >= rules.threshold
        return True

    def asks(self, s: State, queue: str, rules: Callback) -> State:
        """Become a request; the agents who could take it are busy, or the caller would have been answered."""
        request = Entry(queue, True, 0)
        if rules.place == "later":
            return self.starts(s, Clock("after", queue))
        if rules.place == "idle":
            return s._replace(idle=(*s.idle, request))
        return self.stands(s, request)

    def stands(self, s: State, entry: Entry) -> State:
        """Stand in line behind everybody who joined earlier, head starts allowed for."""
        here, place = self.queues[entry.queue], len(s.line)
        if entry.young:
            s = self.starts(s, Clock("overflow", entry.queue))
        while place and self.goes_before(s, entry, s.line[place - 1]):
            place -= 1
        s = s._replace(line=(*s.line[:place], entry, *s.line[place:]))
        if any(q.rank == here.rank and q.head_start > here.head_start for q in self.queues.values()):
            s = self.starts(s, Clock("head start", entry.queue))
        return s

    def goes_before(self, s: State, entry: Entry, other: Entry) -> bool:
        """Whether a newcomer goes before somebody who stands there."""
        mine, theirs = self.queues[entry.queue], self.queues[other.queue]
        if entry.queue == other.queue or self.rank(entry) != self.rank(other):
            return self.rank(entry) > self.rank(other)
        if mine.head_start > theirs.head_start:
            return s.clock is not None  # the other joined less than the head start ago
        return not self.small.merged and self.order.index(entry.queue) < self.order.index(other.queue)

    def starts(self, s: State, clock: Clock) -> State:
        assert s.clock is None, "two constant clocks at once"
        return s._replace(clock=clock)

    def leaves(self, s: State, place: int) -> State:
        """The line without one of its entries; the head start of somebody who has gone decides nothing, nor does
        an overflow moment that was to come."""
        gone, rest = s.line[place], s.line[:place] + s.line[place + 1 :]
        kinds = ("head start", "overflow") if gone.young else ("head start",)
        over = s.clock is not None and s.clock.kind in kinds and s.clock.queue == gone.queue
        return s._replace(line=rest, clock=None if over else s.clock)

    def gives_up(self, s: State, entry: Entry, how: str) -> Outcomes:
        """Try another queue, dial again, or neither. Who may switch may do so again, however often it has tried."""
        switch, happened = self.queues[entry.queue].switch, self.told(how, entry)
        if not switch:
            return self.dials_again(s, entry, happened)
        other, moved = self.comes(switch.to, 0, entry.kind), (*happened, f"switched {entry.queue}")
        changes = [(switch.share, s, moved)]
        if switch.delay is None:
            changes = _then(changes, lambda t: self.arrives(t, other))
        else:
            later = Later(switch.to, other.count, entry.kind, switch.delay)
            changes = [(p, self.will_come(t, later), what) for p, t, what in changes]
        return changes + _then([(1 - switch.share, s, ())], lambda t: self.dials_again(t, entry, happened))

    def dials_again(self, s: State, entry: Entry, happened: tuple[str, ...]) -> Outcomes:
        again, unserved = self.queues[entry.queue].redial, (*happened, f"unserved {entry.queue}")
        if not again or entry.count + 1 >= again.attempts:
            return [(1.0, s, unserved)]
        later = self.will_come(s, Later(entry.queue, entry.count + 1, entry.kind, again.delay))
        return [(again.share, later, happened), (1 - again.share, s, unserved)]

    def will_come(self, s: State, later: Later) -> State:
        full = dict(s.orbit).get(later, 0) == self.small.most
        return s if full else s._replace(orbit=_plus(s.orbit, later, 1))

    # Agents

    def taken(self, s: State, group: str, queue: str, phase: str = "talk") -> State:
        if not self.groups[group].by_hand:
            return s._replace(busy=_plus(s.busy, (group, queue, phase), 1))
        hands = self.hands(s, group)
        able = [place for place, hand in enumerate(hands) if self.way(group, hand, queue)]
        return self.taken_by(s, group, min(able, key=lambda place: (len(hands[place]), place)), queue)

    def taken_by(self, s: State, group: str, place: int, queue: str) -> State:
        """Into the hand of one agent, who may put aside what is there."""
        skill, hands = self.groups[group].skills[queue], self.hands(s, group)
        hand = hands[place]
        if self.way(group, hand, queue) == "aside":
            hand = tuple(held._replace(aside=True) for held in hand)
        slow = skill.slowdown[min(len(hand) + 1, len(skill.slowdown)) - 1]
        hand = tuple(sorted((*hand, Held(queue, "talk", slow))))
        return self.with_hands(s, group, (*hands[:place], hand, *hands[place + 1 :]))

    def talk_ends(self, s: State, queue: str) -> Outcomes:
        """Transferred, or comes again, or is done; the agent still has the contact in hand."""
        here, stay, outcomes = self.queues[queue], 1.0, []
        for transfer in here.transfers:
            moved = [(transfer.share, s, (f"transferred {queue}",))]
            outcomes += _then(moved, lambda t, to=transfer.to: self.joins(t, self.comes(to, 0, "")))
            stay -= transfer.share
        if here.repeat:
            again = self.will_come(s, Later(queue, 0, "", here.repeat.delay))
            outcomes.append((stay * here.repeat.share, again, (f"repeats {queue}",)))
            stay *= 1 - here.repeat.share
        return [*outcomes, (stay, s, ())]

    def hand_shortens(self, s: State, group: str, place: int, held: Held) -> Outcomes:
        """That agent looks until it finds nothing and goes on with what it had put aside; then the others look."""
        hands, happened = self.hands(s, group), ()
        rest = list(hands[place])
        rest.remove(held)
        s = self.with_hands(s, group, (*hands[:place], *hands[place + 1 :], tuple(rest)))
        last = len(hands) - 1
        while (found := self.found(s, group, last)) is not None:
            s, happened = self.taken_from_line(s, group, last, found, happened)
        hands, skills = self.hands(s, group), self.groups[group].skills
        if all(skills[held.queue].interruptible for held in hands[last]):
            resumed = tuple(sorted(held._replace(aside=False) for held in hands[last]))
            s = self.with_hands(s, group, (*hands[:last], resumed))
        looking = True
        while looking:
            looking = False
            hands = self.hands(s, group)
            for agent in sorted(range(len(hands)), key=lambda agent: (len(hands[agent]), agent)):
                if (found := self.found(s, group, agent)) is not None:
                    s, happened = self.taken_from_line(s, group, agent, found, happened)
                    looking = True
                    break
        return [(1.0, s, happened)]

    def taken_from_line(
        self, s: State, group: str, agent: int, place: int, happened: tuple[str, ...]
    ) -> tuple[State, tuple[str, ...]]:
        entry = s.line[place]
        s = self.taken_by(self.leaves(s, place), group, agent, entry.queue)
        return s, happened + self.told("answered", entry)

    def found(self, s: State, group: str, agent: int | None = None) -> int | None:
        """Where in line the contact stands that an agent takes: of the first of each queue, by the routing rule."""
        skills, firsts = self.groups[group].skills, {}
        for place, entry in enumerate(s.line):
            if entry.queue in skills and not entry.away:
                firsts.setdefault(entry.queue, place)
        able = [place for place in firsts.values() if self.may_take(s, group, s.line[place])]
        if agent is not None:
            hand = self.hands(s, group)[agent]
            able = [place for place in able if self.way(group, hand, s.line[place].queue)]
        if not able:
            return None
        if self.small.routing == "longest_queue":
            standing = Counter(e.queue for e in s.line)
            return min(able, key=lambda p: (-standing[s.line[p].queue], self.order.index(s.line[p].queue)))
        return min(able, key=lambda p: (skills[s.line[p].queue].level, p))

    def comes_free(self, s: State, group: str) -> Outcomes:
        """An agent looks, and the others of the group who are free; then requests that were not reached at this
        very instant look for agents."""
        outcomes = self.looks(s, group)
        if any(skill.reserve for skill in self.groups[group].skills.values()):
            outcomes = _then(outcomes, lambda t: [(1.0, t, ())] if t == s else self.comes_free(t, group))
        return _then(outcomes, self.come_back)

    def looks(self, s: State, group: str) -> Outcomes:
        """A free agent takes what it may: the lowest level, then the first in line; then an idle request."""
        place = self.found(s, group)
        if place is not None:
            return self.takes(self.leaves(s, place), s.line[place], place, group)
        skills = self.groups[group].skills
        for place, entry in enumerate(s.idle):
            if entry.queue in skills and not entry.away and self.may_take(s, group, entry):
                rest = s._replace(idle=s.idle[:place] + s.idle[place + 1 :])
                return self.takes(rest, entry, place, group)
        return [(1.0, s, ())]

    def takes(self, rest: State, entry: Entry, place: int, group: str) -> Outcomes:
        """The agent answers a caller, or dials whoever asked for a callback."""
        if not entry.request:
            return [(1.0, self.taken(rest, group, entry.queue), self.told("answered", entry))]
        ringing = Clock("ring", entry.queue, entry.count, group)
        if self.queues[entry.queue].callback.ring:
            return [(1.0, self.starts(rest, ringing), (f"dialled {entry.queue}",))]
        return _then([(1.0, rest, (f"dialled {entry.queue}",))], lambda t: self.rung(t, ringing, place))

    def rung(self, s: State, ringing: Clock, place: int = -1) -> Outcomes:
        """Ringing ends: talk, or fail, or come back later; place: in line, for a return at once."""
        _, queue, dials, group = ringing
        rules = self.queues[queue].callback
        reached = [(rules.reached, self.taken(s, group, queue), (f"cb served {queue}",))]
        if dials + 1 == rules.attempts:
            missed = [(1 - rules.reached, s, (f"cb failed {queue}", f"unserved {queue}"))]
        elif rules.retry_after:
            missed = [(1 - rules.reached, self.starts(s, Clock("retry", queue, dials + 1)), ())]
        else:
            entry, which = Entry(queue, True, dials + 1, True), "idle" if rules.place == "idle" else "line"
            row = getattr(s, which)
            back = s._replace(**{which: (*row[:place], entry, *row[place:])})
            missed = [(1 - rules.reached, back, ())]
        return reached + _then(missed, lambda t: self.looks(t, group))

    def come_back(self, s: State) -> Outcomes:
        """Requests that may be dialled again at once look for an agent, one after the other."""
        places = [("line", p) for p, e in enumerate(s.line) if e.away]
        places += [("idle", p) for p, e in enumerate(s.idle) if e.away]
        if not places:
            return [(1.0, s, ())]
        which, place = places[0]
        row = getattr(s, which)
        entry = row[place]._replace(away=False)
        group = self.group_for(s, entry)
        if group is None:
            back = s._replace(**{which: (*row[:place], entry, *row[place + 1 :])})
            return self.come_back(back)
        rest = s._replace(**{which: row[:place] + row[place + 1 :]})
        return _then(self.takes(rest, entry, place, group), self.come_back)

    # What can happen, and how soon

    def moves(self, s: State) -> Iterator[tuple[float, Outcomes]]:
        """Everything that happens after an exponential time: rate, outcomes."""
        for name, queue in self.queues.items():
            for kind, share in queue.shares.items():
                first = [(1.0, s, (f"customers {name}",))]
                new = self.comes(name, 0, kind)
                yield queue.rate * share, _then(first, lambda t, e=new: self.arrives(t, e))
        for later, number in s.orbit:
            fewer = s._replace(orbit=_plus(s.orbit, later, -1))
            yield (
                number / later.delay,
                self.arrives(fewer, self.comes(later.queue, later.attempt, later.kind)),
            )
        for hears, number in s.ivr:
            yield number / hears.delay, self.hears_the_end(s, hears)
        for place, entry in enumerate(s.line):
            if not entry.request and (patience := self.patience(entry)):
                yield 1 / patience, self.gives_up(self.leaves(s, place), entry, "abandoned")
        for (group, name, phase), number in s.busy:
            left = s._replace(busy=_plus(s.busy, (group, name, phase), -1))
            yield number / self.mean(group, name, phase), self.ends(left, group, name, phase)
        for group, hands in s.hands:
            for agent, hand in enumerate(hands):
                for held, number in Counter(hand).items():
                    if not held.aside:
                        mean = self.mean(group, held.queue, held.phase) * held.slow
                        yield number / mean, self.ends_in_hand(s, group, agent, held)

    def mean(self, group: str, name: str, phase: str) -> float:
        queue = self.queues[name]
        return (queue.wrap if phase == "wrap" else queue.talk) * self.groups[group].skills[name].factor

    def ends(self, left: State, group: str, name: str, phase: str) -> Outcomes:
        """Talk or wrap ends; left: the state without it."""
        if phase == "talk" and self.queues[name].wrap:
            return self.talk_ends(self.taken(left, group, name, "wrap"), name)
        over = self.talk_ends(left, name) if phase == "talk" else [(1.0, left, ())]
        return _then(over, lambda t: self.comes_free(t, group))

    def ends_in_hand(self, s: State, group: str, agent: int, held: Held) -> Outcomes:
        """The same of one agent's contact."""
        if held.phase == "talk" and self.queues[held.queue].wrap:
            hands = self.hands(s, group)
            hand = list(hands[agent])
            hand.remove(held)
            wraps = tuple(sorted((*hand, held._replace(phase="wrap"))))
            return self.talk_ends(
                self.with_hands(s, group, (*hands[:agent], wraps, *hands[agent + 1 :])), held.queue
            )
        over = self.talk_ends(s, held.queue) if held.phase == "talk" else [(1.0, s, ())]
        return _then(over, lambda t: self.hand_shortens(t, group, agent, held))

    def clock_time(self, clock: Clock) -> float:
        if clock.kind == "head start":
            starts = {q.head_start for q in self.queues.values() if q.rank == self.queues[clock.queue].rank}
            return max(starts) - min(starts)
        if clock.kind == "overflow":
            delays = {g.skills[clock.queue].overflow for g in self.groups.values() if clock.queue in g.skills}
            (delay,) = delays - {0.0}
            return delay
        rules = self.queues[clock.queue].callback
        return {"after": rules.after, "ring": rules.ring, "retry": rules.retry_after}[clock.kind]

    def runs_out(self, s: State) -> Outcomes:
        """The constant time is over."""
        clock = s.clock
        s = s._replace(clock=None)
        if clock.kind == "head start":
            return [(1.0, s, ())]
        if clock.kind == "overflow":
            return self.overflows(s, clock.queue)
        if clock.kind == "ring":
            return _then(self.rung(s, clock), self.come_back)
        entry = Entry(clock.queue, True, clock.dials)
        group = self.group_for(s, entry)
        if group:
            return self.takes(s, entry, 0, group)
        if clock.kind == "retry":  # back to its place: before everybody who joined after it was first dialled
            assert clock.queue == self.order[0] and not self.small.merged
            return [(1.0, s._replace(line=(entry, *s.line)), ())]
        return [(1.0, self.stands(s, entry), ())]

    def overflows(self, s: State, queue: str) -> Outcomes:
        """The one in line who was too young for some groups is so no longer, and looks for an agent."""
        place = next(place for place, e in enumerate(s.line) if e.queue == queue and e.young)
        entry = s.line[place]._replace(young=False)
        group = self.group_for(s, entry)
        if group:
            return self.takes(self.leaves(s, place), entry, place, group)
        return [(1.0, s._replace(line=(*s.line[:place], entry, *s.line[place + 1 :])), ())]


class Chain:
    """The long run of a small centre.

    states; share: how much of the time is spent in each; flow: how often each named thing happens a minute.
    """

    def __init__(self, small: Small) -> None:
        self.small, self.rules = small, Rules(small)
        self.states, self.number = [self.rules.empty], {self.rules.empty: 0}
        exits = [self._exits(s) for s in self._explored()]
        self._solve(exits)

    def _explored(self) -> Iterator[State]:
        place = 0
        while place < len(self.states):
            yield self.states[place]
            place += 1

    def _numbered(self, s: State) -> int:
        if s not in self.number:
            self.number[s] = len(self.states)
            self.states.append(s)
        return self.number[s]

    def _exits(self, s: State) -> tuple[list, list]:
        """(rate, number, what happened) of the exponential moves, and of what the end of the clock brings."""
        exponential = [
            (rate * p, self._numbered(t), happened)
            for rate, outcomes in self.rules.moves(s)
            for p, t, happened in outcomes
            if p > 0
        ]
        outcomes = self.rules.runs_out(s) if s.clock else []
        return exponential, [(p, self._numbered(t), happened) for p, t, happened in outcomes if p > 0]

    def _solve(self, exits: list[tuple[list, list]]) -> None:
        size = len(self.states)
        rows, columns, rates = zip(
            *((i, j, rate) for i, (moves, _) in enumerate(exits) for rate, j, _ in moves), strict=True
        )
        moving = csr_matrix((rates, (rows, columns)), shape=(size, size))
        ending = [(i, j, p) for i, (_, ends) in enumerate(exits) for p, j, _ in ends]
        ends = csr_matrix((size, size))
        if ending:
            rows, columns, chances = zip(*ending, strict=True)
            ends = csr_matrix((chances, (rows, columns)), shape=(size, size))
        self.share, ended = _long_run(moving, ends, [s.clock for s in self.states], self.rules.clock_time)
        self.flow: Counter[str] = Counter()
        for i, (moves, out) in enumerate(exits):
            for often, reached in ((self.share[i], moves), (ended[i], out)):
                for weight, _, happened in reached:
                    for what in happened:
                        self.flow[what] += often * weight

    def mean(self, of: Callable[[State], float]) -> float:
        """The average over time of a function of the state."""
        return float(self.share @ np.array([of(s) for s in self.states], dtype=float))

    @cached_property
    def cut_off(self) -> float:
        """The share of time spent where the chain is cut off."""
        most = self.small.most
        endless = [name for name, queue in self.small.queues.items() if queue.max_waiting is None]

        def at_the_edge(s: State) -> bool:
            waiting = (self.rules.on_line(s, q) for q in endless)
            return most in waiting or any(n == most for _, n in s.orbit)

        return 0.0 if most is None else self.mean(at_the_edge)


def _long_run(
    moving: csr_matrix, ends: csr_matrix, clocks: list[Clock | None], time: Callable[[Clock], float]
) -> tuple[np.ndarray, np.ndarray]:
    """Shares of time, and how often the clock runs out, of every state.

    The unknowns are, of states without a clock, their share of time, and of states with one, how often it
    starts there. A clock that started in states φ leaves φ∫exp(Qt)dt behind, and φ exp(Qτ) when it runs out;
    moves to a state under the same clock leave it running.
    """
    size = moving.shape[0]
    generator = (moving - diags(np.asarray(moving.sum(axis=1)).ravel())).tocsr()
    kinds: dict[Clock | None, list[int]] = {}
    for i, clock in enumerate(clocks):
        kinds.setdefault(clock, []).append(i)
    balance, time_left, run_out = [], [], []
    order: list[int] = []
    for clock, members in kinds.items():
        rows, n = generator[members], len(members)
        order += members
        if clock is None:
            spent, over = identity(n, format="csr"), csr_matrix((n, n))
            balance.append(rows)
        else:
            inside = rows[:, members].toarray()
            both = expm(np.block([[inside, np.eye(n)], [np.zeros((n, 2 * n))]]) * time(clock))
            spent, over = csr_matrix(both[:n, n:]), csr_matrix(both[:n, :n])
            leaving = rows.tolil()
            leaving[:, members] = 0.0
            started = identity(size, format="csr")[members]
            balance.append(spent @ leaving.tocsr() + over @ ends[members] - started)
        time_left.append((spent, members))
        run_out.append((over, members))
    equations = vstack(balance).T.tocsr()  # columns: unknowns; rows: what flows in and out of each state
    times = np.concatenate([np.asarray(spent.sum(axis=1)).ravel() for spent, _ in time_left])
    unknown = _stationary(equations, times)
    share, ended, at = np.zeros(size), np.zeros(size), 0
    for (spent, members), (over, _) in zip(time_left, run_out, strict=True):
        part = unknown[at : at + len(members)]
        share[members], ended[members] = spent.T @ part, over.T @ part
        at += len(members)
    return share, ended


def _stationary(equations: csr_matrix, time: np.ndarray) -> np.ndarray:
    """The solution x of equations · x = 0 with time · x = 1.

    One equation follows from the others and is dropped; the unknown of the empty centre, which comes first,
    is set to 1 and the rest are solved for.
    """
    reduced = equations[1:].tocsc()
    factors = splu(csc_matrix(reduced[:, 1:]))
    x = np.concatenate([[1.0], factors.solve(-reduced[:, [0]].toarray().ravel())])
    residual = np.abs(equations @ x).max() / np.abs(x).max()
    assert residual < 1e-11, f"residual {residual}"
    assert x.min() > -1e-12 * x.max()
    return x / (time @ x)
