"""Small call centres as Markov chains, built from the rules of the model and solved by SciPy sparse.

Nothing here looks at the engines. A `Small` centre has Poisson arrivals and exponential times; its state says
who stands in line in which order, who is served by whom, who will dial again, and what the one constant
clock is doing, if there is one. From a state, `Chain` follows each thing that can happen, breadth first from
the empty centre, and solves for the long run.

A constant time is exact where only one such clock can run at a time (a deterministic and stochastic Petri
net: Lindemann, "Performance Modelling with Deterministic and Stochastic Petri Nets", 1998): between two of
its starts and ends the centre is a Markov chain, so exp(Qτ) and its integral are all that is needed.

Times are minutes, rates per minute.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Skill:
    level: int = 1
    prefer: int | None = None
    factor: float = 1.0


@dataclass(frozen=True)
class Group:
    agents: int
    skills: dict[str, Skill]


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

    def scenario(self, minutes: float, warm_up: float) -> dict[str, Any]:
        """What a planner would write for this centre."""
        return {
            "schema": 1,
            "length": f"{minutes + warm_up!r} min",
            "interval": f"{minutes + warm_up!r} min",
            "warm_up": f"{warm_up!r} min",
            "queues": {name: _written(queue) for name, queue in self.queues.items()},
            "agents": {
                name: {"staffing": group.agents, "skills": {q: _skill(s) for q, s in group.skills.items()}}
                for name, group in self.groups.items()
            },
        } | ({"lines": self.lines} if self.lines else {})


def _exponential(mean: float) -> dict[str, str]:
    return {"distribution": "exponential", "mean": f"{mean!r} min"}


def _skill(skill: Skill) -> dict[str, Any]:
    prefer = {} if skill.prefer is None else {"prefer": skill.prefer}
    return {"level": skill.level, "handle_factor": skill.factor} | prefer


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
    return written


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


class Clock(NamedTuple):
    """The one constant time that runs: after, ring and retry of the one request, or a head start."""

    kind: str
    queue: str
    dials: int = 0
    group: str = ""


class State(NamedTuple):
    """line: callers and requests in order; idle: requests for idle agents in order; busy: (group, queue,
    phase) → how many; orbit: (queue, attempt) → how many will dial again; both as sorted tuples of pairs."""

    line: tuple[Entry, ...] = ()
    idle: tuple[Entry, ...] = ()
    busy: tuple[tuple[tuple[str, str, str], int], ...] = ()
    orbit: tuple[tuple[tuple[str, int], int], ...] = ()
    clock: Clock | None = None


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
        for group in self.groups.values():
            classes = [(s.level, self.queues[q].rank) for q, s in group.skills.items()]
            assert small.merged or len(set(classes)) == len(classes), "the order of the line would matter"
        for queue in self.order:
            prefers = [self.prefer(name, queue) for name, g in self.groups.items() if queue in g.skills]
            assert len(set(prefers)) == len(prefers), "who has been free longest would matter"

    # Looking at a state

    def prefer(self, group: str, queue: str) -> int:
        skill = self.groups[group].skills[queue]
        return skill.level if skill.prefer is None else skill.prefer

    def free(self, s: State, group: str) -> int:
        ringing = s.clock is not None and s.clock.kind == "ring" and s.clock.group == group
        return self.groups[group].agents - ringing - sum(n for (g, _, _), n in s.busy if g == group)

    def on_line(self, s: State, queue: str) -> int:
        return sum(e.queue == queue and not e.request for e in s.line)

    def pending(self, s: State, queue: str) -> int:
        """Requests, those being dialled included."""
        clocked = s.clock is not None and s.clock.kind != "head start" and s.clock.queue == queue
        return clocked + sum(e.queue == queue and e.request for e in (*s.line, *s.idle))

    def engaged(self, s: State) -> int:
        """Lines: callers who wait and callers who talk."""
        return sum(not e.request for e in s.line) + sum(n for (_, _, phase), n in s.busy if phase == "talk")

    def group_for(self, s: State, queue: str, reserve: int = 0) -> str | None:
        able = [g for g in self.groups if queue in self.groups[g].skills and self.free(s, g) > reserve]
        return min(able, key=lambda g: self.prefer(g, queue)) if able else None

    def kept_free(self, entry: Entry) -> int:
        rules = self.queues[entry.queue].callback
        return rules.reserve if entry.request and rules and rules.place == "idle" else 0

    # Callers come, wait and go

    def arrives(self, s: State, queue: str, attempt: int) -> Outcomes:
        here = self.queues[queue]
        happened = (f"offered {queue}",) + (() if attempt else (f"customers {queue}",))
        if self.engaged(s) == self.small.lines:
            return _then([(1.0, s, happened)], lambda t: self.gives_up(t, queue, attempt, "blocked"))
        group = self.group_for(s, queue)
        if group:
            happened += (f"answered {queue}", f"at once {queue}")
            return [(1.0, self.taken(s, group, queue), happened)]
        if self.on_line(s, queue) == here.max_waiting:
            return _then([(1.0, s, happened)], lambda t: self.gives_up(t, queue, attempt, "blocked"))
        balked = _then([(here.balks, s, happened)], lambda t: self.gives_up(t, queue, attempt, "balked"))
        return balked + _then([(1 - here.balks, s, happened)], lambda t: self.stays(t, queue, attempt))

    def stays(self, s: State, queue: str, attempt: int) -> Outcomes:
        """Wait, or accept a callback."""
        cut = self.queues[queue].max_waiting is None and self.on_line(s, queue) == self.small.most
        waiting = s if cut else self.stands(s, Entry(queue, False, attempt))
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
            competing = sum(e.queue == queue for e in s.line)
            agents = sum(g.agents for g in self.groups.values() if queue in g.skills)
            handle = self.queues[queue].talk + self.queues[queue].wrap
            return (competing + 1) * handle / agents >= rules.threshold
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
        while place and self.goes_before(s, entry, s.line[place - 1]):
            place -= 1
        s = s._replace(line=(*s.line[:place], entry, *s.line[place:]))
        if any(q.rank == here.rank and q.head_start > here.head_start for q in self.queues.values()):
            s = self.starts(s, Clock("head start", entry.queue))
        return s

    def goes_before(self, s: State, entry: Entry, other: Entry) -> bool:
        """Whether a newcomer goes before somebody who stands there."""
        if entry.queue == other.queue:
            return False
        mine, theirs = self.queues[entry.queue], self.queues[other.queue]
        if mine.rank != theirs.rank:
            return mine.rank > theirs.rank
        if mine.head_start > theirs.head_start:
            return s.clock is not None  # the other joined less than the head start ago
        return not self.small.merged and self.order.index(entry.queue) < self.order.index(other.queue)

    def starts(self, s: State, clock: Clock) -> State:
        assert s.clock is None, "two constant clocks at once"
        return s._replace(clock=clock)

    def leaves(self, s: State, place: int) -> State:
        """The line without one of its entries; the head start of somebody who has gone decides nothing."""
        gone, rest = s.line[place], s.line[:place] + s.line[place + 1 :]
        over = s.clock is not None and s.clock.kind == "head start" and s.clock.queue == gone.queue
        return s._replace(line=rest, clock=None if over else s.clock)

    def gives_up(self, s: State, queue: str, attempt: int, how: str) -> Outcomes:
        again, happened = self.queues[queue].redial, (f"{how} {queue}",)
        unserved = (*happened, f"unserved {queue}")
        if not again or attempt + 1 >= again.attempts:
            return [(1.0, s, unserved)]
        key = (queue, attempt + 1)
        full = dict(s.orbit).get(key, 0) == self.small.most
        later = s if full else s._replace(orbit=_plus(s.orbit, key, 1))
        return [(again.share, later, happened), (1 - again.share, s, unserved)]

    # Agents

    def taken(self, s: State, group: str, queue: str, phase: str = "talk") -> State:
        return s._replace(busy=_plus(s.busy, (group, queue, phase), 1))

    def comes_free(self, s: State, group: str) -> Outcomes:
        """An agent looks, then requests that were not reached at this very instant look for agents."""
        return _then(self.looks(s, group), self.come_back)

    def looks(self, s: State, group: str) -> Outcomes:
        """A free agent takes what it may: the lowest level, then the first in line; then an idle request."""
        skills = self.groups[group].skills
        able = [p for p, e in enumerate(s.line) if e.queue in skills and not e.away]
        if able:
            place = min(able, key=lambda p: (skills[s.line[p].queue].level, p))
            return self.takes(self.leaves(s, place), s.line[place], place, group)
        for place, entry in enumerate(s.idle):
            if entry.queue in skills and not entry.away and self.free(s, group) > self.kept_free(entry):
                rest = s._replace(idle=s.idle[:place] + s.idle[place + 1 :])
                return self.takes(rest, entry, place, group)
        return [(1.0, s, ())]

    def takes(self, rest: State, entry: Entry, place: int, group: str) -> Outcomes:
        """The agent answers a caller, or dials whoever asked for a callback."""
        if not entry.request:
            return [(1.0, self.taken(rest, group, entry.queue), (f"answered {entry.queue}",))]
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
        group = self.group_for(s, entry.queue, self.kept_free(entry))
        if group is None:
            back = s._replace(**{which: (*row[:place], entry, *row[place + 1 :])})
            return self.come_back(back)
        rest = s._replace(**{which: row[:place] + row[place + 1 :]})
        return _then(self.takes(rest, entry, place, group), self.come_back)

    # What can happen, and how soon

    def moves(self, s: State) -> Iterator[tuple[float, Outcomes]]:
        """Everything that happens after an exponential time: rate, outcomes."""
        for name, queue in self.queues.items():
            yield queue.rate, self.arrives(s, name, 0)
        for (name, attempt), number in s.orbit:
            fewer = s._replace(orbit=_plus(s.orbit, (name, attempt), -1))
            yield number / self.queues[name].redial.delay, self.arrives(fewer, name, attempt)
        for place, entry in enumerate(s.line):
            if not entry.request and self.queues[entry.queue].patience:
                left = self.leaves(s, place)
                outcomes = self.gives_up(left, entry.queue, entry.count, "abandoned")
                yield 1 / self.queues[entry.queue].patience, outcomes
        for (group, name, phase), number in s.busy:
            queue = self.queues[name]
            left = s._replace(busy=_plus(s.busy, (group, name, phase), -1))
            mean = (queue.wrap if phase == "wrap" else queue.talk) * self.groups[group].skills[name].factor
            if phase == "talk" and queue.wrap:
                yield number / mean, [(1.0, self.taken(left, group, name, "wrap"), ())]
            else:
                yield number / mean, self.comes_free(left, group)

    def clock_time(self, clock: Clock) -> float:
        if clock.kind == "head start":
            starts = {q.head_start for q in self.queues.values() if q.rank == self.queues[clock.queue].rank}
            return max(starts) - min(starts)
        rules = self.queues[clock.queue].callback
        return {"after": rules.after, "ring": rules.ring, "retry": rules.retry_after}[clock.kind]

    def runs_out(self, s: State) -> Outcomes:
        """The constant time is over."""
        clock = s.clock
        s = s._replace(clock=None)
        if clock.kind == "head start":
            return [(1.0, s, ())]
        if clock.kind == "ring":
            return _then(self.rung(s, clock), self.come_back)
        entry = Entry(clock.queue, True, clock.dials)
        group = self.group_for(s, clock.queue, self.kept_free(entry))
        if group:
            return self.takes(s, entry, 0, group)
        if clock.kind == "retry":  # back to its place: before everybody who joined after it was first dialled
            assert clock.queue == self.order[0] and not self.small.merged
            return [(1.0, s._replace(line=(entry, *s.line)), ())]
        return [(1.0, self.stands(s, entry), ())]


class Chain:
    """The long run of a small centre.

    states; share: how much of the time is spent in each; flow: how often each named thing happens a minute.
    """

    def __init__(self, small: Small) -> None:
        self.small, self.rules = small, Rules(small)
        self.states, self.number = [State()], {State(): 0}
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
