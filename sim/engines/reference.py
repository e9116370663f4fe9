"""The model as a story, on SimPy: one contact, one process; the judge of every other engine.

At the same instant things happen in this order, each with all that it causes before the next: hours, lines and
staffing, talk ends, ringing ends, hands shorten (wrap ends), patience ends, end of hours, offers after some
waiting, overflow moments, callbacks due, the IVR ends, redials (with switches and repeats), first arrivals;
within a kind by home queue, customer, need and attempt. SimPy orders ties by priority, so every moment is put on
the calendar with a priority that spells this order out, above the 0 and 1 that SimPy itself uses for hops of no
duration: those are always finished before the next of our moments.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from heapq import heappush
from typing import Any, NamedTuple

import numpy as np
import simpy

from sim.engines.routing import (
    FIRST,
    NOT_NOW,
    by_level,
    choose_highest,
    estimated_wait,
    hand_allows,
    is_offered,
    no_number,
    score,
    shortest_delay,
)
from sim.errors import InputError
from sim.jit import RULE
from sim.model.centre import (
    BY_LEVEL,
    BY_WAITED,
    CARRY,
    DROP,
    FINISH,
    IDLE,
    IVR_WAIT,
    LATER,
    MOST_ATTEMPTS,
    MOST_NEEDS,
    NO_OFFER,
    OWN,
    REDIAL_TIME,
    REPEAT_TIME,
    SHORTEST_DELAY,
    SWITCH_TIME,
    TALK_TIME,
    UNKNOWN,
    WRAP_TIME,
    Centre,
    add_span,
    class_of,
    closing_after,
    count_present,
    interval_of,
    open_moment,
)
from sim.model.chance import (
    ANNOUNCED,
    BALK,
    CALLBACK,
    IVR,
    IVR_TIME,
    PATIENCE,
    REACHED,
    REDIAL,
    REDIAL_DELAY,
    REPEAT,
    REPEAT_DELAY,
    SWITCH,
    SWITCH_DELAY,
    TALK,
    TRANSFER,
    WRAP,
    u,
)
from sim.model.day import Day, duration, patience_of
from sim.model.records import CONTACT_COLUMNS, MOMENTS, Outcome, Records

(
    STAFFING, TALK_END, RING_END, HAND_SHORTENS, PATIENCE_ENDS, END_OF_HOURS, WAITED_OFFER, OVERFLOW, CALLBACK_DUE,
    IVR_END, REDIALS, FIRST_ARRIVAL,
) = ((place + 1) << 120 for place in range(12))  # fmt: skip
AT_ONCE = 2  # before all of these, after SimPy's own 0 and 1
NULL = math.nan
TRY_AGAIN = Outcome.ABANDONED, Outcome.BALKED, Outcome.BLOCKED, Outcome.CLOSED
Story = Generator[simpy.Event, Any, None]


class Contact:
    """One attempt to have one need met: a row of the records, and what the story needs to go on.

    stands: by what it is ordered in line; overflows_from: from when overflow delays count; agent, skill, factor:
    who has it in hand, and how much longer that takes; is_request: it accepted a callback; is_for_idle: one that only
    an agent dials who finds nothing in line; over: the event that ends the phase it is in (ringing,
    talk, wrap) at the moment `ends`; rest: what is left of the phase while it is paused.
    """

    __slots__ = (
        *CONTACT_COLUMNS, "need_arrived", "profile", "talk", "wrap", "retell", "patience", "key", "has_line",
        "order", "turn", "stands", "overflows_from", "agent", "skill", "factor", "dialled", "is_request", "is_for_idle",
        "is_ringing", "over", "phase", "ends", "timer", "is_paused", "rest",
    )  # fmt: skip
    talk: float
    wrap: float
    patience: float
    order: int
    turn: simpy.Event
    stands: float
    overflows_from: float
    agent: "Agent"
    skill: "Skill"
    factor: float
    dialled: float
    over: simpy.Event
    phase: int
    ends: float
    rest: float

    def __init__(
        self,
        home: int,
        customer: int,
        need: int,
        attempt: int,
        queue: int,
        arrived: float,
        need_arrived: float,
    ) -> None:
        self.home, self.customer, self.need, self.attempt = home, customer, need, attempt
        self.queue = self.profile = queue
        self.class_id = 0
        self.key = ((home << 40 | customer) << 20 | need) << 32 | attempt
        self.arrived = arrived
        self.need_arrived = need_arrived
        self.retell = 0.0
        self.outcome = self.group = -1
        self.joined = self.answered = self.talk_end = self.released = self.wait = NULL
        self.callback_offered = self.callback_requested = self.callback_connected = NULL
        self.dials = self.timer = 0
        self.has_line = self.is_request = self.is_for_idle = self.is_ringing = self.is_paused = False


class Clock(simpy.Environment):
    """SimPy's environment, with moments put on the calendar as they are instead of as delays from now."""

    def at(self, moment: float, priority: int) -> simpy.Event:
        """An event that happens at this moment, in the order that its priority gives."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        heappush(self._queue, (moment, priority, next(self._eid), event))  # type: ignore[misc, arg-type]
        return event


class Line:
    """Contacts of one queue that look for an agent, by `stands`, then by order.

    Callers on the line stand there since `joined` (earlier, if their class has a head start); requests that keep
    their place too, later ones since they fell due; requests for when agents are idle have a line of their own
    and stand there since they were made.
    """

    def __init__(self) -> None:
        self.entries: list[tuple[float, int, Contact]] = []

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, contact: Contact) -> None:
        """Take a place in the line."""
        insort(self.entries, (contact.stands, contact.order, contact))

    def remove(self, contact: Contact) -> None:
        """Give the place up."""
        del self.entries[bisect_left(self.entries, (contact.stands, contact.order))]

    def first(self) -> float:
        """By what the first contact is ordered; infinite if there is none."""
        return self.entries[0][0] if self.entries else math.inf


class Agent:
    """One agent on duty: the contacts in hand, and when it last finished something (number: in what order)."""

    __slots__ = ("busy_since", "finished", "hand", "number", "team")
    busy_since: float

    def __init__(self, team: "Group", finished: float, number: int) -> None:
        self.team = team
        self.hand: list[Contact] = []
        self.finished = finished
        self.number = number


class Group:
    """The agents of one group who are at work, their time, and their skills in the order of the file.

    free: those with an empty hand, longest free first; busy: the others, kept only where an agent may hold more
    than one contact (`hands`). planned: present by the roster, or by more than that; wanted: those whom events
    leave, or who are still to finish what is left after hours.
    """

    def __init__(
        self, number: int, hands: bool, rostered: list[int], present: list[int], within: list[int]
    ) -> None:
        self.number, self.hands = number, hands
        self.rostered_by_step, self.present_by_step, self.within_by_step = rostered, present, within
        self.skills: list[Skill] = []
        self.planned = self.wanted = self.present = 0
        self.finishing = False
        self.free: deque[Agent] = deque()
        self.busy: list[Agent] = []
        self.counted_to = 0.0

    def takers(self) -> Iterator[Agent]:
        """Those who may take more, shortest hand first, then longest since finishing; of the free ones the first."""
        if self.free:
            yield self.free[0]
        if self.hands:
            surplus = max(0, self.present - self.wanted)
            yield from sorted(self.busy, key=lambda agent: (len(agent.hand), agent.number))[surplus:]

    def may_take_more(self, agent: Agent) -> bool:
        """Whether an agent with something in hand may have more, and is not beyond the number that is wanted."""
        return self.hands and (self.present <= self.wanted or agent in self.takers())


class Skill(NamedTuple):
    """A queue that a group serves, as the scenario has it."""

    team: Group
    queue: int
    level: int
    prefer: int
    factor: float
    overflow: float
    reserve: int
    at_once: int
    slowdown: list[float]
    interruptible: bool
    base: float
    weight: float

    def slowdown_for(self, agent: Agent) -> float:
        """How much the hand that it comes into slows down whoever this agent takes next."""
        return self.slowdown[min(len(agent.hand), len(self.slowdown) - 1)]


class CallbackRules(NamedTuple):
    """The callback rules of one queue, as in `Callbacks`."""

    offer: int
    threshold: float
    accept: float
    place: int
    after: float
    reserve: int
    ring: float
    reached: float
    attempts: int
    retry_after: float
    max_pending: int
    last_offer: float


class Note(NamedTuple):
    """One thing that happened, for readers: when, what, to whom, by which group, how many then stand in line."""

    moment: float
    what: str
    queue: int = -1
    customer: int = -1
    attempt: int = 0
    group: int = -1
    seconds: float = NULL
    waiting: int = 0
    need: int = 0
    home: int = -1


class Floor:
    """One replication being played. `play` makes one, runs it and gives its records back."""

    def __init__(
        self, centre: Centre, day: Day, seed: int, replication: int, notes: list[Note] | None = None
    ) -> None:
        self.centre, self.day, self.seed, self.replication = centre, day, seed, replication
        self.clock = Clock()
        self.notes = notes
        queues, groups = centre.balks.size, centre.hands.size
        self.lines = [Line() for _ in range(queues)]
        self.idle_lines = [Line() for _ in range(queues)]
        self.first, self.idle_first = [math.inf] * queues, [math.inf] * queues
        self.on_line = [0] * queues
        self.requests: list[list[Contact]] = [[] for _ in range(queues)]
        self.open, self.lines_there, self.is_over = [0] * queues, -1, False
        self.groups = _groups_of(centre, seed, replication)
        self.serving = _skills_of(centre, self.groups)
        self.finishing: list[Group] = []
        shape = groups, centre.demand.intervals
        self.on_duty, self.overtime, self.busy, self.unreached = (np.zeros(shape) for _ in range(4))
        self.engaged = self.looking = self.joined = self.finished = 0
        self.contacts: list[Contact] = []
        self.own_rule = RULE(centre.rule_address) if centre.rule == OWN else None
        self.impossible: InputError | None = None
        self.moments, self.opens = centre.steps.moments.tolist(), centre.steps.open.T.tolist()
        self.streams, self.never = list(centre.demand.streams), centre.demand.never.tolist()
        self.profile_of, self.has_classes = centre.demand.profile_of.tolist(), _any(centre.demand.class_start)
        self.backlog = centre.demand.backlog.tolist()
        self.spans = [
            list(zip(centre.span_opens[a:b].tolist(), centre.span_closes[a:b].tolist(), strict=True))
            for a, b in _slices(centre.span_start)
        ]
        self.balks, self.head_start, self.lead = (
            column.tolist() for column in (centre.balks, centre.head_start, centre.lead)
        )
        self.max_waiting, self.redial_share = centre.max_waiting.tolist(), centre.redial_share.tolist()
        self.redial_attempts = centre.redial_attempts.tolist()
        self.ivr, self.self_served = centre.ivr.tolist(), centre.self_served.tolist()
        self.ivr_hangs_up = centre.ivr_hangs_up.tolist()
        transfers = (centre.transfer_until.tolist(), centre.transfer_to.tolist(), centre.retell.tolist())
        self.transfers = [
            list(zip(*(column[a:b] for column in transfers), strict=True))
            for a, b in _slices(centre.transfer_start)
        ]
        self.repeat_share = centre.repeat_share.tolist()
        self.switch_to, self.switch_share = centre.switch_to.tolist(), centre.switch_share.tolist()
        self.announce_above = centre.announce_above.tolist()
        self.at_close = centre.at_close.tolist()
        self.uncovered: set[int] = set()
        self.inbox = centre.inbox.tolist()
        self.over = [centre.over[a:b].tolist() for a, b in _slices(centre.over_start)]
        columns = (column.tolist() for column in centre.callbacks)
        self.callbacks = [CallbackRules(*row) for row in zip(*columns, strict=True)]

    def note(
        self,
        what: str,
        contact: Contact | None = None,
        group: int = -1,
        seconds: float = NULL,
        queue: int = -1,
    ) -> None:
        """Write down what happens, if anybody wants to read it."""
        if self.notes is None:
            return
        if contact is None:
            waiting = sum(self.on_line) if queue < 0 else self.on_line[queue]
            self.notes.append(Note(self.clock.now, what, queue, -1, 0, group, seconds, waiting))
            return
        queue, who = contact.queue, (contact.customer, contact.attempt)
        waiting = self.on_line[queue]
        self.notes.append(
            Note(self.clock.now, what, queue, *who, group, seconds, waiting, contact.need, contact.home)
        )

    # The customers

    def rows_of(self, queue: int, first: int, end: int) -> Iterator[Contact]:
        """The first contacts of a queue's customers number first … end − 1, as the day was dealt."""
        start = int(self.day.start[queue])
        columns = (self.day.arrived, self.day.talk, self.day.wrap, self.day.patience)
        rows = zip(*(column[start + first : start + end].tolist() for column in columns), strict=True)
        for customer, (arrived, talk, wrap, patience) in enumerate(rows, first):
            contact = Contact(queue, customer, 0, 0, queue, arrived, arrived)
            contact.talk, contact.wrap, contact.patience = talk, wrap, patience
            if self.has_classes[queue]:
                contact.class_id = int(
                    class_of(self.centre.demand, queue, self.seed, self.replication, customer)
                )
                contact.profile = self.profile_of[queue][contact.class_id]
            yield contact

    def backlogs(self) -> None:
        """Let those who joined before opening stand in line."""
        for queue, count in enumerate(self.backlog):
            for contact in self.rows_of(queue, 0, count):
                self.clock.process(self.waits_already(contact))

    def first_arrivals(self, queue: int) -> Story:
        """Let the customers of one queue in, one after the other, as the day was dealt."""
        customers = int(self.day.start[queue + 1]) - int(self.day.start[queue])
        for contact in self.rows_of(queue, self.backlog[queue], customers):
            yield self.clock.at(contact.arrived, FIRST_ARRIVAL | contact.key)
            self.clock.process(self.story(contact))

    def waits_already(self, contact: Contact) -> Story:
        """One of the backlog, from opening to the last thing that comes of it."""
        self.contacts.append(contact)
        self.takes_line(contact)
        self.begins_to_queue(contact, contact.arrived)
        yield from self.holds_on(contact)

    def story(self, contact: Contact) -> Story:
        """One attempt, from arriving to the last thing that comes of it."""
        self.contacts.append(contact)
        self.note("arrives", contact)
        if not self.lets_in(contact.queue):
            return self.gives_up(contact, Outcome.CLOSED)
        if 0 <= self.lines_there <= self.engaged:
            return self.gives_up(contact, Outcome.BLOCKED)
        self.takes_line(contact)
        if self.ivr[contact.queue]:
            yield self.hears_ivr(contact)
            outcome = self.leaves_ivr(contact)
            if outcome is not None:
                return self.gives_up(contact, outcome)
        yield from self.joins(contact)
        return None

    def hears_ivr(self, contact: Contact) -> simpy.Event:
        """Listen to the machine; the event is its end."""
        seconds = self.delay(contact, IVR_WAIT, contact.queue, self.chance(contact, IVR_TIME))
        self.note("ivr", contact)
        return self.clock.at(contact.arrived + seconds, IVR_END | contact.key)

    def leaves_ivr(self, contact: Contact) -> Outcome | None:
        """Whether the machine was enough, or too much, or has talked on beyond closing; None if the caller joins."""
        queue, number = contact.queue, self.chance(contact, IVR)
        if number < self.self_served[queue]:
            return Outcome.SELF_SERVED
        if number < self.self_served[queue] + self.ivr_hangs_up[queue]:
            return Outcome.IVR_HANG_UP
        return None if self.lets_in(queue) else Outcome.CLOSED

    def joins(self, contact: Contact) -> Story:
        """Join the queue: answered at once, turned away, called back later, or waiting."""
        self.begins_to_queue(contact, self.clock.now)
        if self.finds_agent(contact):
            yield from self.served(contact)
            return
        outcome = self.turned_away(contact)
        if outcome is not None:
            self.gives_up(contact, outcome)
        elif self.accepts_callback(contact):
            yield from self.request(contact)
        else:
            yield from self.holds_on(contact)

    def begins_to_queue(self, contact: Contact, joined: float) -> None:
        contact.joined = contact.stands = contact.overflows_from = joined
        lead = self.lead[contact.profile]
        if lead:
            contact.stands = joined - lead
        contact.order = self.joined
        self.joined += 1

    def turned_away(self, contact: Contact) -> Outcome | None:
        """Whether a contact that nobody can take now is blocked, balks or is told too much; None if it stays."""
        queue = contact.queue
        if 0 <= self.max_waiting[queue] <= self.on_line[queue]:
            contact.joined = NULL
            return Outcome.BLOCKED
        if self.balks[queue] and self.chance(contact, BALK) < self.balks[queue]:
            contact.wait = 0.0
            return Outcome.BALKED
        told = self.estimated_wait(queue) if self.announce_above[queue] < math.inf else 0.0
        if told > self.announce_above[queue]:
            self.note("announced", contact, seconds=told)
            if self.chance(contact, ANNOUNCED) < self.centre.announce_leaves[queue]:
                contact.wait = 0.0
                return Outcome.BALKED
            contact.patience = contact.patience * float(self.centre.announce_factor[queue])
        return None

    def holds_on(self, contact: Contact) -> Story:
        """Wait on the line, and what comes after."""
        taken = yield self.waits(contact)
        if taken:
            yield from self.served(contact)
        elif contact.is_request:
            yield from self.request(contact)
        else:
            self.gives_up(contact, Outcome(contact.outcome))

    def waits(self, contact: Contact) -> simpy.Event:
        """Stand on the line; the event gives True if an agent answers, False if the contact leaves the line."""
        turn = self.begins_to_stand(contact)
        self.on_line[contact.queue] += 1
        if contact.joined < 0:
            self.note("has waited", contact, seconds=-contact.joined)
        else:
            self.note("waits", contact)
        if contact.patience < math.inf:
            moment = max(contact.joined, 0.0) + contact.patience  # that of the backlog begins at opening
            _then(
                self.clock.at(moment, PATIENCE_ENDS | contact.key), partial(self.patience_ends, contact, turn)
            )
        rules = self.callbacks[contact.queue]
        if rules.offer == BY_WAITED and contact.joined + rules.threshold >= self.clock.now:
            offer = self.clock.at(contact.joined + rules.threshold, WAITED_OFFER | contact.key)
            _then(offer, partial(self.has_waited, contact, turn))
        return turn

    def patience_ends(self, contact: Contact, turn: simpy.Event) -> None:
        """Hang up, unless somebody has answered."""
        if not turn.triggered:
            wait = contact.patience if contact.joined >= 0 else self.clock.now - contact.joined
            contact.outcome, contact.wait = Outcome.ABANDONED, wait
            self.leaves_line(contact)
            turn.succeed(False)
            self.send_home()

    def served(self, contact: Contact) -> Story:
        """Talk, then the agent wraps up; at talk end the customer goes, is passed on, or will come again."""
        yield contact.over
        contact.released = contact.talk_end + contact.wrap * contact.factor
        self.begins_phase(contact, HAND_SHORTENS, contact.released)
        if not self.is_passed_on(contact):
            self.note("talk ends", contact, contact.group, contact.talk * contact.factor)
            self.frees_line(contact)
            self.comes_again(contact)
        yield contact.over
        self.note("hand empties", contact, contact.group)
        self.hand_shortens(contact)

    def is_passed_on(self, contact: Contact) -> bool:
        """Let a new need of the customer join another queue, if it has one; whether it does."""
        transfers, need = self.transfers[contact.queue], contact.need + 1
        if not transfers or need == MOST_NEEDS:
            return False
        number = self.chance(contact, TRANSFER, 0)
        for until, queue, retell in transfers:
            if number < until:
                new = self.following(contact, queue, need, 0, self.clock.now)
                self.draws_talk(new, retell)
                self.draws_patience(new)
                new.has_line, contact.has_line = contact.has_line, False
                self.note("transferred", contact, contact.group, contact.talk * contact.factor)
                self.clock.process(self.arrives_transferred(new))
                return True
        return False

    def arrives_transferred(self, contact: Contact) -> Story:
        """The story of a contact that an agent passes on: no lines, no IVR, but perhaps a closed door."""
        self.contacts.append(contact)
        self.note("arrives", contact)
        if not self.lets_in(contact.queue):
            return self.gives_up(contact, Outcome.CLOSED)
        yield from self.joins(contact)
        return None

    def comes_again(self, contact: Contact) -> None:
        """Let a served customer come again with a new need, if it does so before the last closing."""
        queue, need = contact.queue, contact.need + 1
        if not self.repeat_share[queue] or need == MOST_NEEDS:
            return
        if self.chance(contact, REPEAT, 0) >= self.repeat_share[queue]:
            return
        delay = self.delay(contact, REPEAT_TIME, queue, self.chance(contact, REPEAT_DELAY, 0))
        moment = self.open_moment(queue, delay)
        if moment < math.inf:
            new = self.following(contact, queue, need, 0, moment)
            self.draws_talk(new, 0.0)
            self.draws_patience(new)
            self.note("will repeat", contact, seconds=moment - self.clock.now)
            self.will_arrive(new)

    # Callbacks

    def accepts_callback(self, contact: Contact) -> bool:
        """Put the offer to a joining caller if the rule says so; whether it became a request."""
        queue, rules = contact.queue, self.callbacks[contact.queue]
        if rules.offer in (NO_OFFER, BY_WAITED):
            return False
        estimate = self.estimated_wait(queue)
        offered = is_offered(rules.offer, rules.threshold, estimate, self.on_line[queue])
        return offered and self.is_taken_up(contact)

    def estimated_wait(self, queue: int) -> float:
        """What a caller who joins now is told."""
        agents = sum(skill.team.present * skill.at_once for skill in self.serving[queue])
        handle = self.centre.mean_handle[queue, self.interval_of(self.clock.now)]
        return float(estimated_wait(len(self.lines[queue].entries), handle, agents))

    def is_taken_up(self, contact: Contact) -> bool:
        """Make the offer, unless offers have stopped; whether the caller accepts."""
        queue, rules = contact.queue, self.callbacks[contact.queue]
        if self.clock.now >= self.closing(queue) - rules.last_offer:
            return False
        if len(self.requests[queue]) == rules.max_pending:
            return False
        contact.callback_offered = self.clock.now
        if self.chance(contact, CALLBACK) >= rules.accept:
            self.note("declines", contact)
            return False
        contact.callback_requested = self.clock.now
        contact.wait = contact.callback_requested - contact.joined
        contact.is_request = True
        self.requests[queue].append(contact)
        self.note("requests", contact, seconds=contact.wait)
        return True

    def has_waited(self, contact: Contact, turn: simpy.Event) -> None:
        """The offer after some time on the line: whoever accepts leaves the line with its place."""
        if not turn.triggered and self.is_taken_up(contact):
            line = self.lines[contact.queue]
            was_first = line.entries[0][2] is contact
            line.remove(contact)
            self.on_line[contact.queue] -= 1
            self.has_left_line(contact, line, was_first)
            turn.succeed(False)

    def request(self, contact: Contact) -> Story:
        """A callback request, from being made to being served or failing; requests never hang up."""
        self.frees_line(contact)
        rules = self.callbacks[contact.queue]
        if rules.place == IDLE:
            contact.is_for_idle, contact.stands = True, contact.callback_requested
        elif rules.place == LATER:
            contact.stands = contact.overflows_from = contact.callback_requested + rules.after
            if not (yield self.falls_due(contact, contact.stands)):
                return
            contact.order = self.joined
            self.joined += 1
        while self.finds_agent(contact) or (yield self.begins_to_stand(contact)):
            yield contact.over
            contact.is_ringing = False
            if self.chance(contact, REACHED, contact.dials - 1) < rules.reached:
                self.picks_up(contact)
                yield from self.served(contact)
                return
            self.rings_in_vain(contact)
            if contact.outcome >= 0 or not (
                yield self.falls_due(contact, self.clock.now + rules.retry_after)
            ):
                return

    def falls_due(self, contact: Contact, moment: float) -> simpy.Event:
        """An event at the moment when a request may be dialled; it gives False if the request is dropped first."""
        contact.turn = turn = simpy.Event(self.clock)
        due = self.clock.at(moment, CALLBACK_DUE | contact.key)
        _then(due, lambda: turn.triggered or turn.succeed(True))
        return turn

    def picks_up(self, contact: Contact) -> None:
        """The customer is reached: talk begins."""
        contact.outcome, contact.callback_connected = Outcome.CALLBACK_SERVED, self.clock.now
        self.requests[contact.queue].remove(contact)
        self.note("picks up", contact, seconds=self.clock.now - contact.callback_requested)
        self.begins_talk(contact)
        self.send_home()
        if contact.skill.interruptible:  # while it rang, nothing could interrupt
            self.looks(contact.agent)

    def rings_in_vain(self, contact: Contact) -> None:
        """Nobody picks up: the request ends or will be tried again, the agent has it in hand no longer."""
        team, queue = contact.agent.team, contact.queue
        self.note("not reached", contact, team.number)
        if contact.dials == self.callbacks[queue].attempts or self.is_dropped(queue):
            self.request_ends(contact, Outcome.CALLBACK_FAILED)
        elif self.is_carried(queue):
            self.request_ends(contact, Outcome.PENDING)
        self.was_busy(self.unreached, team, contact.dialled)
        self.hand_shortens(contact)

    def request_ends(self, contact: Contact, outcome: Outcome) -> None:
        contact.outcome = outcome
        self.note("pending" if outcome == Outcome.PENDING else "callback fails", contact)
        self.requests[contact.queue].remove(contact)
        self.send_home()

    # What comes of it

    def gives_up(self, contact: Contact, outcome: Outcome) -> None:
        """End an attempt without an agent; the customer may switch to another queue or dial again later."""
        contact.outcome = outcome
        self.frees_line(contact)
        self.note(outcome.name.lower().replace("_", " "), contact, seconds=contact.wait)
        if outcome not in TRY_AGAIN or contact.attempt + 1 >= MOST_ATTEMPTS:
            return
        recorded = self.recorded_next(contact)
        if recorded >= 0:
            self.tries_as_recorded(contact, recorded)
        elif not self.switches(contact) and recorded == UNKNOWN:
            self.redials(contact)

    def recorded_next(self, contact: Contact) -> int:
        """The day's row of the attempt that was recorded after this one, NEVER_AGAIN, or UNKNOWN."""
        again = self.day.again
        if not again.size or contact.need > 0 or contact.queue != contact.home:
            return UNKNOWN
        row = int(self.day.start[contact.home]) + contact.customer
        for _ in range(contact.attempt):
            row = int(again[row])
            if row < 0:
                return UNKNOWN
        return int(again[row])

    def tries_as_recorded(self, contact: Contact, row: int) -> None:
        """The next attempt as it was recorded."""
        day = self.day
        new = self.tries_again(contact, contact.queue, float(day.arrived[row]), "will redial")
        if new is not None:
            new.talk, new.wrap, new.patience = (
                float(column[row]) for column in (day.talk, day.wrap, day.patience)
            )

    def switches(self, contact: Contact) -> bool:
        """Try another queue, if the customer does and that queue opens again; whether it wanted to."""
        queue, new_queue = contact.queue, self.switch_to[contact.queue]
        if new_queue < 0 or self.chance(contact, SWITCH) >= self.switch_share[queue]:
            return False
        delay = self.delay(contact, SWITCH_TIME, queue, self.chance(contact, SWITCH_DELAY))
        self.tries_again(contact, new_queue, delay, "switches")
        return True

    def redials(self, contact: Contact) -> None:
        """Dial again later, if the customer does and the queue is open then."""
        queue, profile = contact.queue, contact.profile
        if contact.attempt + 1 >= self.redial_attempts[profile] or not self.redial_share[profile]:
            return
        if self.chance(contact, REDIAL) >= self.redial_share[profile]:
            return
        delay = self.delay(contact, REDIAL_TIME, profile, self.chance(contact, REDIAL_DELAY))
        self.tries_again(contact, queue, delay, "will redial")

    def tries_again(self, contact: Contact, queue: int, delay: float, how: str) -> Contact | None:
        """A new attempt of the same need, unless the queue closes for good before; elsewhere its talk is another."""
        moment = self.open_moment(queue, delay)
        if moment == math.inf:
            return None
        new = self.following(contact, queue, contact.need, contact.attempt + 1, moment)
        new.need_arrived = contact.need_arrived
        if queue == contact.queue:
            new.talk, new.wrap, new.retell = contact.talk, contact.wrap, contact.retell
        else:
            self.draws_talk(new, contact.retell)
        self.draws_patience(new)
        self.note(how, contact, seconds=moment - self.clock.now)
        self.will_arrive(new)
        return new

    def following(self, contact: Contact, queue: int, need: int, attempt: int, arrives: float) -> Contact:
        """The customer's next contact."""
        new = Contact(contact.home, contact.customer, need, attempt, queue, arrives, arrives)
        new.class_id = contact.class_id
        new.profile = self.profile_of[queue][new.class_id]
        return new

    def draws_talk(self, contact: Contact, retell: float) -> None:
        """The need's talk (with what is told again) and wrap, as they last in the contact's queue."""
        draws, index = self.centre.demand.draws, self.interval_of(contact.need_arrived)
        talk = duration(draws, TALK_TIME, contact.queue, index, self.chance(contact, TALK, 0))
        contact.talk, contact.retell = talk + retell, retell
        contact.wrap = duration(draws, WRAP_TIME, contact.queue, index, self.chance(contact, WRAP, 0))

    def draws_patience(self, contact: Contact) -> None:
        draws, index = self.centre.demand.draws, self.interval_of(contact.need_arrived)
        number = self.chance(contact, PATIENCE)
        contact.patience = patience_of(draws, self.never[contact.profile], contact.profile, index, number)

    def will_arrive(self, contact: Contact) -> None:
        """Put an arrival that is not a first one on the calendar."""
        arrives = self.clock.at(contact.arrived, REDIALS | contact.key)
        _then(arrives, lambda: self.clock.process(self.story(contact)))

    def delay(self, contact: Contact, kind: int, profile: int, uniform: float) -> float:
        """A time between contacts or in the IVR, as in the interval in which the need arose."""
        index = self.interval_of(contact.need_arrived)
        return float(duration(self.centre.delays, kind, profile, index, uniform))

    def chance(self, contact: Contact, purpose: int, which: int | None = None) -> float:
        """A number for a purpose, from the home queue's stream: the attempt's own, the need's (0) or a dial's."""
        which, stream = contact.attempt if which is None else which, self.streams[contact.home]
        return u(self.seed, stream, self.replication, contact.customer, contact.need, which, purpose)

    # The clock

    def interval_of(self, moment: float) -> int:
        return interval_of(moment, self.centre.interval, self.centre.demand.intervals)

    def open_moment(self, queue: int, delay: float) -> float:
        """When so many seconds of the queue's hours have passed from now; infinite if it closes for good before."""
        if len(self.spans[queue]) != 1 or self.inbox[queue]:
            return float(open_moment(self.centre, queue, self.clock.now, delay))
        opens, closes = self.spans[queue][0]
        moment = max(self.clock.now, opens) + delay
        return moment if moment < closes else math.inf

    def closing(self, queue: int) -> float:
        """When the queue closes next; −∞ while it is closed."""
        if len(self.spans[queue]) != 1:
            return float(closing_after(self.centre, queue, self.clock.now))
        opens, closes = self.spans[queue][0]
        return closes if opens <= self.clock.now < closes else -math.inf

    # The lines

    def takes_line(self, contact: Contact) -> None:
        contact.has_line = True
        self.engaged += 1

    def frees_line(self, contact: Contact) -> None:
        if contact.has_line:
            contact.has_line = False
            self.engaged -= 1

    def begins_to_stand(self, contact: Contact) -> simpy.Event:
        """Stand where agents look for contacts; the event gives True if one takes it, False if it leaves.

        At each moment from which further groups may take it, the contact looks for an agent itself.
        """
        contact.turn = turn = simpy.Event(self.clock)
        self.line_of(contact).add(contact)
        self.looking += 1
        self.line_changed(contact.queue)
        for after in self.over[contact.queue]:
            moment = contact.overflows_from + after
            if moment > self.clock.now:
                _then(self.clock.at(moment, OVERFLOW | contact.key), partial(self.overflows, contact, turn))
        return turn

    def overflows(self, contact: Contact, turn: simpy.Event) -> None:
        """Look for an agent among all who may take the contact by now."""
        if turn.triggered:
            return
        chosen = self.choose_agent(contact)
        if chosen is not None:
            self.note("overflow", contact, chosen[1].team.number)
            self.leaves_line(contact)
            self.takes(*chosen, contact)
            turn.succeed(True)
            self.send_home()

    def leaves_line(self, contact: Contact) -> None:
        """Stand in line no more."""
        line = self.line_of(contact)
        was_first = line.entries[0][2] is contact
        line.remove(contact)
        self.has_left_line(contact, line, was_first)

    def has_left_line(self, contact: Contact, line: Line, was_first: bool) -> None:
        """Another may be first now, whom groups may take that could not take this one."""
        queue = contact.queue
        if not contact.is_request:
            self.on_line[queue] -= 1
        self.looking -= 1
        self.line_changed(queue)
        if was_first and line.entries and self.over[queue]:
            if not self.uncovered:
                _then(self.clock.at(self.clock.now, AT_ONCE), self.look_again)
            self.uncovered.add(queue)

    def look_again(self) -> None:
        """Groups to whom contacts of a queue overflow look at those who came first in its line just now."""
        while self.uncovered:
            for queue in range(len(self.lines)):
                if queue in self.uncovered:
                    self.uncovered.discard(queue)
                    for skill in self.serving[queue]:
                        if skill.overflow > 0.0:
                            self.look(skill.team)
        self.send_home()

    def line_of(self, contact: Contact) -> Line:
        return (self.idle_lines if contact.is_for_idle else self.lines)[contact.queue]

    def line_changed(self, queue: int) -> None:
        """Note the keys by which agents compare this queue's first contacts with others."""
        shut = not self.is_served(queue)
        self.first[queue] = math.inf if shut else self.lines[queue].first() - self.head_start[queue]
        self.idle_first[queue] = math.inf if shut else self.idle_lines[queue].first()

    def lets_in(self, queue: int) -> bool:
        """Whether contacts may join: while the queue is open, and into an inbox as long as the days last."""
        return bool(self.open[queue] or (self.inbox[queue] and not self.is_over))

    def is_served(self, queue: int) -> bool:
        """Whether anybody serves the queue now: while it is open, and after that if it finishes."""
        return bool(self.open[queue]) or self.at_close[queue] == FINISH

    # Who serves whom

    def finds_agent(self, contact: Contact) -> bool:
        """Look for an agent, who takes the contact at once; whether there is one."""
        chosen = self.choose_agent(contact)
        if chosen is None:
            return False
        self.takes(*chosen, contact)
        return True

    def choose_agent(self, contact: Contact) -> tuple[Agent, Skill] | None:
        """The agent for a contact: the group of lowest prefer, then longest free, then file order.

        By the rule of the shortest delay, that delay comes in place of `prefer`.
        """
        chosen, best, line = None, (math.inf, math.inf), self.lines[contact.queue]
        soonest = self.centre.rule == SHORTEST_DELAY
        asks = self.own_rule is not None and not contact.is_for_idle
        if not self.is_served(contact.queue):
            return None
        if asks and line.entries and line.entries[0][2] is not contact:
            return None  # the rule has left others standing, who come first
        for skill in self.serving[contact.queue]:
            team = skill.team
            if not (team.free or team.hands) or not self.may_take(skill, contact):
                continue
            agent = team.free[0] if team.free else self.busy_taker(skill)
            if asks and agent is not None and self.wants(skill, contact.stands, len(line) or 1) == -math.inf:
                continue
            if agent is not None:
                rank = shortest_delay(skill.factor, skill.slowdown_for(agent)) if soonest else skill.prefer
                key = rank, team.free[0].finished if team.free else math.inf
                if chosen is None or key < best:
                    chosen, best = (agent, skill), key
        return chosen

    def busy_taker(self, skill: Skill) -> Agent | None:
        """Where nobody is free: the agent with the shortest hand that allows one more."""
        return next((agent for agent in skill.team.takers() if hand_of(agent, skill) != NOT_NOW), None)

    def may_take(self, skill: Skill, contact: Contact) -> bool:
        """Whether this group may take a contact of a queue that is served now, if an agent's hand allows it."""
        team = skill.team
        if contact.overflows_from + skill.overflow > self.clock.now:
            return False
        if team.finishing:
            return not self.open[skill.queue]
        if skill.reserve and len(team.free) <= skill.reserve:
            return False
        return not contact.is_for_idle or len(team.free) > self.callbacks[skill.queue].reserve

    def finds_contact(self, agent: Agent) -> bool:
        """An agent looks, and takes what it finds: callers and requests in line, then requests for idle agents."""
        if not self.looking or (agent.hand and not agent.team.may_take_more(agent)):
            return False
        found = self.choose_queue(agent)
        lines = self.lines
        if found is None:
            found, lines = self.choose_idle_queue(agent), self.idle_lines
            if found is None:
                return False
        contact = lines[found.queue].entries.pop(0)[2]
        self.has_left_line(contact, lines[found.queue], True)
        self.takes(agent, found, contact)
        contact.turn.succeed(True)
        return True

    def may_find(self, agent: Agent, lines: list[Line], first: list[float]) -> Iterator[Skill]:
        """The skills of an agent in whose queues the first contact may be taken, in the order of the file."""
        for skill in agent.team.skills:
            if first[skill.queue] == math.inf or (agent.hand and hand_of(agent, skill) == NOT_NOW):
                continue
            if self.may_take(skill, lines[skill.queue].entries[0][2]):
                yield skill

    def choose_queue(self, agent: Agent) -> Skill | None:
        """The queue for an agent by the routing rule; of equals the first in the file."""
        centre, team = self.centre, agent.team
        by_score = centre.rule not in (BY_LEVEL, SHORTEST_DELAY)
        keys = np.full(len(self.lines), -math.inf if by_score else math.inf)
        for skill in self.may_find(agent, self.lines, self.first):
            keys[skill.queue] = self.score(skill) if by_score else self.first[skill.queue]
        start, queues = centre.queue_start, centre.queues
        if by_score:
            found = choose_highest(team.number, start, queues, keys)
        else:
            found = by_level(team.number, start, queues, centre.level, keys)
        return None if found < 0 else team.skills[found - start[team.number]]

    def score(self, skill: Skill) -> float:
        """How much a rule that is not by level wants the first contact of a queue served; −∞ is not at all."""
        queue, now = skill.queue, self.clock.now
        since, standing = self.lines[queue].first(), len(self.lines[queue])
        if self.own_rule is None:
            first, rule = self.first[queue], self.centre.rule
            return float(score(rule, now, first, since, standing, skill.base, skill.weight))
        return self.wants(skill, since, standing)

    def wants(self, skill: Skill, since: float, standing: int) -> float:
        """What the user's own rule says."""
        assert self.own_rule is not None
        waited = self.clock.now - since
        answer = float(self.own_rule(skill.team.number, skill.queue, skill.level, waited, standing))
        if math.isnan(answer):
            self.impossible = self.impossible or no_number(skill.team.number, skill.queue)
            return -math.inf
        return answer

    def choose_idle_queue(self, agent: Agent) -> Skill | None:
        """The queue with the oldest request for idle agents that this one may dial."""
        skills, first = self.may_find(agent, self.idle_lines, self.idle_first), self.idle_first
        return min(skills, key=lambda skill: first[skill.queue], default=None)

    # The agents

    def takes(self, agent: Agent, skill: Skill, contact: Contact) -> None:
        """An agent takes a contact into its hand, which may interrupt what is there: it answers or dials."""
        contact.agent, contact.skill = agent, skill
        contact.factor = skill.factor * skill.slowdown_for(agent)
        team, hand = agent.team, agent.hand
        if not hand:
            agent.busy_since = self.clock.now
            if team.free[0] is agent:
                team.free.popleft()
            else:
                team.free.pop()  # one who has just finished
            if team.hands:
                team.busy.append(agent)
        elif hand_of(agent, skill) == FIRST:
            for other in hand:
                self.pauses(other)
        hand.append(contact)
        if contact.is_request:
            self.dials(contact)
            return
        contact.outcome, contact.answered = Outcome.ANSWERED, self.clock.now
        contact.wait = contact.answered - contact.joined
        self.note("answered", contact, team.number, contact.wait)
        self.begins_talk(contact)

    def dials(self, contact: Contact) -> None:
        """The telephone rings at the other end."""
        contact.dials += 1
        contact.is_ringing, contact.dialled = True, self.clock.now
        self.note("dialled", contact, contact.agent.team.number)
        contact.over = self.clock.at(
            self.clock.now + self.callbacks[contact.queue].ring, RING_END | contact.key
        )

    def begins_talk(self, contact: Contact) -> None:
        contact.group = contact.agent.team.number
        contact.talk_end = self.clock.now + contact.talk * contact.factor
        self.begins_phase(contact, TALK_END, contact.talk_end)

    def begins_phase(self, contact: Contact, phase: int, ends: float) -> None:
        """Talk or wrap begins, up to the event `over`; it may be put off only where hands hold more than one."""
        if contact.agent.team.hands:
            contact.over, contact.phase, contact.ends = simpy.Event(self.clock), phase, ends
            self.puts_end(contact)
        else:
            contact.over = self.clock.at(ends, phase | contact.key)

    def puts_end(self, contact: Contact) -> None:
        """Put the end of a phase on the calendar, in place of any that is there."""
        contact.timer += 1
        timer, over = contact.timer, contact.over
        ends = self.clock.at(contact.ends, contact.phase | contact.key)
        _then(ends, lambda: over.succeed() if timer == contact.timer else None)

    def pauses(self, contact: Contact) -> None:
        """Lay a contact aside: what is left of its talk or wrap is put off."""
        if not contact.is_paused:
            contact.is_paused, contact.rest = True, contact.ends - self.clock.now
            contact.timer += 1
            self.note("paused", contact, contact.group)

    def resumes(self, contact: Contact) -> None:
        """Go on with a contact where it was left."""
        contact.is_paused, contact.ends = False, self.clock.now + contact.rest
        if contact.phase == TALK_END:
            contact.talk_end = contact.ends
        else:
            contact.released = contact.ends
        self.note("resumed", contact, contact.group)
        self.puts_end(contact)

    def hand_shortens(self, contact: Contact) -> None:
        """An agent has finished something: it leaves if it is surplus, else looks; then its colleagues look."""
        agent, team = contact.agent, contact.agent.team
        agent.hand.remove(contact)
        self.finished += 1
        agent.finished, agent.number = self.clock.now, self.finished
        leaves = False
        if not agent.hand:
            self.was_busy(self.busy, team, agent.busy_since)
            if team.hands:
                team.busy.remove(agent)
            leaves = team.present > team.wanted
            if leaves:
                self.count_time(team)
                team.present -= 1
            else:
                team.free.append(agent)
        if self.looking or team.hands:
            if not leaves:
                self.looks(agent)
            self.look(team)
        if self.finishing:
            self.send_home()

    def looks(self, agent: Agent) -> None:
        """An agent takes contacts until it finds no more, then goes on with what it had laid aside."""
        while self.finds_contact(agent):
            pass
        if agent.team.hands and may_pause(agent.hand):
            for contact in agent.hand:
                if contact.is_paused:
                    self.resumes(contact)

    def look(self, team: Group) -> None:
        """Agents of a group take contacts, one at a time, each time from the shortest hand on, while they find any."""
        while self.looking and any(self.finds_contact(agent) for agent in team.takers()):
            pass

    def was_busy(self, row: np.ndarray, team: Group, since: float) -> None:
        add_span(row[team.number], since, self.clock.now, self.centre.warm_up, self.centre.interval, 1.0)

    def set_wanted(self, team: Group, number: int) -> None:
        """Free agents leave, longest free first, or new ones come; busy ones beyond the number leave later."""
        self.count_time(team)
        team.wanted = number
        while team.present > number and team.free:
            team.free.popleft()
            team.present -= 1
        while team.present < number:
            self.finished += 1
            team.free.append(Agent(team, self.clock.now, self.finished))
            team.present += 1

    def count_time(self, team: Group) -> None:
        """Book the time of those present since the last change: within the plan, and beyond it."""
        now, since, centre = self.clock.now, team.counted_to, self.centre
        if now > since:
            within = min(team.present, team.planned)
            beyond = team.present - within
            if within:
                add_span(self.on_duty[team.number], since, now, centre.warm_up, centre.interval, within)
            if beyond:
                add_span(self.overtime[team.number], since, now, centre.warm_up, centre.interval, beyond)
            team.counted_to = now

    # The day

    def steps(self) -> None:
        """Put on the calendar what changes by the clock: the first at opening, the last at the horizon."""
        for step, moment in enumerate(self.moments):
            _then(self.clock.at(moment, STAFFING), partial(self.boundary, step))
        _then(self.clock.at(self.centre.horizon, STAFFING), partial(self.boundary, len(self.moments)))

    def boundary(self, step: int) -> None:
        """Bring hours, lines and all groups to a new step; then those who may take more look for contacts."""
        self.is_over = step == len(self.moments)
        closing = self.set_hours([0] * len(self.open) if self.is_over else self.opens[step])
        if not self.is_over:
            self.lines_there = int(self.centre.steps.lines[step])
        self.finishing = []
        for team in self.groups:
            self.count_time(team)
            self.set_staffing(team, step)
        for team in self.groups:
            self.look(team)
        self.send_home()
        if closing or self.is_over:
            _then(self.clock.at(self.clock.now, END_OF_HOURS), self.end_of_hours)

    def set_hours(self, opens: list[int]) -> bool:
        """Open and close queues; whether any closes."""
        before, self.open = self.open, opens
        for queue, (was, now) in enumerate(zip(before, opens, strict=True)):
            self.line_changed(queue)
            if was != now:
                self.note("opens" if now else "closes", queue=queue)
        return any(was > now for was, now in zip(before, opens, strict=True))

    def set_staffing(self, team: Group, step: int) -> None:
        """Bring a group to its staffing; one without any stays or comes back to finish what is left after hours."""
        here = 0 if self.is_over else team.present_by_step[step]
        rostered = 0 if self.is_over else team.rostered_by_step[step]
        if here != team.wanted:
            self.note("staffing", group=team.number, seconds=here)
        team.planned, team.finishing = 0 if self.is_over else max(here, team.within_by_step[step]), False
        if rostered == 0 and self.still_needed(team):
            here = next((number for number in reversed(team.present_by_step[:step]) if number), 0)
            team.finishing = here > 0
            if team.finishing:
                self.finishing.append(team)
        self.set_wanted(team, here)

    def still_needed(self, team: Group) -> bool:
        """Whether something waits or is pending in a closed queue that finishes and that the group serves."""
        return any(
            (self.on_line[queue] or self.requests[queue])
            and self.at_close[queue] == FINISH
            and not self.open[queue]
            for queue in (skill.queue for skill in team.skills)
        )

    def send_home(self) -> None:
        """Groups that only finish what is left after hours are wanted no longer when nothing is."""
        for team in list(self.finishing):
            if not self.still_needed(team):
                team.finishing = False
                self.finishing.remove(team)
                self.set_wanted(team, 0)

    def is_dropped(self, queue: int) -> bool:
        """Whether the queue is closed and cuts off whoever is left, or nobody can ever serve them."""
        if self.open[queue] or self.at_close[queue] == CARRY:
            return False
        answerable = any(any(skill.team.present_by_step) for skill in self.serving[queue])
        return self.at_close[queue] == DROP or not answerable

    def is_carried(self, queue: int) -> bool:
        """Whether the horizon is over for a queue whose contacts would be carried into the next day."""
        return self.is_over and self.at_close[queue] == CARRY

    def end_of_hours(self) -> None:
        """End the waiting, and the requests, of queues that drop, carry beyond the horizon, or cannot be served."""
        for queue, line in enumerate(self.lines):
            if self.is_dropped(queue):
                caller, requested = Outcome.UNANSWERED, Outcome.CALLBACK_FAILED
            elif self.is_carried(queue):
                caller = requested = Outcome.PENDING
            else:
                continue
            for _, _, contact in list(line.entries):
                if not contact.is_request:
                    contact.outcome, contact.wait = caller, self.clock.now - contact.joined
                    self.leaves_line(contact)
                    contact.turn.succeed(False)
            for contact in list(self.requests[queue]):
                if not contact.is_ringing:
                    self.drop_request(contact, requested)
        self.send_home()

    def drop_request(self, contact: Contact, outcome: Outcome) -> None:
        """A request that is not being dialled ends at once."""
        if any(entry[2] is contact for entry in self.line_of(contact).entries):
            self.leaves_line(contact)
        self.request_ends(contact, outcome)
        contact.turn.succeed(False)

    def cut_off_for_good(self) -> None:
        """Cut off, as of the horizon, those whom a rule of the user's own has left standing to the very end."""
        for contact in self.contacts:
            if contact.outcome < 0:
                contact.outcome = Outcome.CALLBACK_FAILED if contact.is_request else Outcome.UNANSWERED
                if not contact.is_request:
                    contact.wait = self.centre.horizon - contact.joined

    def records(self) -> Records:
        """The contacts as columns, sorted; the agents' time beside them."""
        rows = sorted(self.contacts, key=lambda c: c.key)
        columns: dict[str, np.ndarray] = {}
        for name in CONTACT_COLUMNS:
            kind = float if name in MOMENTS else np.int64
            columns[name] = np.array([getattr(row, name) for row in rows], dtype=kind)
        return Records(
            **columns, on_duty=self.on_duty, overtime=self.overtime, busy=self.busy, unreached=self.unreached
        )


def _then(event: simpy.Event, action: Callable[[], Any]) -> None:
    """Do something when the event happens."""
    assert event.callbacks is not None
    event.callbacks.append(lambda _: action())


def _slices(offsets: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True))


def _any(offsets: np.ndarray) -> list[bool]:
    return [first < end for first, end in _slices(offsets)]


def _groups_of(centre: Centre, seed: int, replication: int) -> list[Group]:
    """The groups, with how many are planned and how many come at each step."""
    planned = centre.steps.staffing, centre.steps.rostered
    here = [np.array(numbers) for numbers in planned]
    if centre.absence.any():
        for numbers, present in zip(planned, here, strict=True):
            count_present(centre, numbers, seed, replication, present)
    rows = zip(
        centre.hands.tolist(), planned[1].tolist(), *(present.tolist() for present in here), strict=True
    )
    return [Group(number, bool(hands), *steps) for number, (hands, *steps) in enumerate(rows)]


def _skills_of(centre: Centre, groups: list[Group]) -> list[list[Skill]]:
    """The skills by queue; each group gets its own, in the order of its list."""
    slowdowns = [centre.slowdown[a:b].tolist() for a, b in _slices(centre.slow_start)]
    levels = dict(zip(centre.place.tolist(), centre.level.tolist(), strict=True))
    columns = (
        centre.prefer, centre.factor, centre.overflow, centre.reserve, centre.at_once, centre.interruptible,
        centre.base, centre.weight,
    )  # fmt: skip
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    skills: list[Skill] = []
    for queue, (start, end) in enumerate(_slices(centre.group_start)):
        for place in range(start, end):
            prefer, factor, overflow, reserve, at_once, interruptible, base, weight = rows[place]
            skills.append(
                Skill(
                    groups[int(centre.groups[place])], queue, levels[place], prefer, factor, overflow, reserve,
                    at_once, slowdowns[place], bool(interruptible), base, weight,
                )
            )  # fmt: skip
    for team, (start, end) in zip(groups, _slices(centre.queue_start), strict=True):
        team.skills = [skills[place] for place in centre.place[start:end].tolist()]
    return [skills[start:end] for start, end in _slices(centre.group_start)]


def play(
    centre: Centre,
    day: Day,
    seed: int,
    replication: int,
    watch: Callable[[Floor], None] | None = None,
    notes: list[Note] | None = None,
) -> Records:
    """Play one dealt day in one centre.

    seed, replication: those the day was dealt with; what was not dealt is drawn from the same chance.
    watch: called with the floor after every moment (for tests and for stepping through). notes: a list to
    which everything that happens is added, for a trace. Raises InputError after the day if the user's own
    routing rule has answered NaN.
    """
    floor = Floor(centre, day, seed, replication, notes)
    floor.steps()
    floor.backlogs()
    for queue in range(len(floor.lines)):
        floor.clock.process(floor.first_arrivals(queue))
    if watch is None:
        floor.clock.run()
    else:
        while floor.clock.peek() < math.inf:
            floor.clock.step()
            watch(floor)
    floor.cut_off_for_good()
    if floor.impossible is not None:
        raise floor.impossible
    return floor.records()


def hand_of(agent: Agent, skill: Skill) -> int:
    """What an agent's hand says to one more contact of this skill: NOT_NOW, BESIDE or FIRST."""
    hand = agent.hand
    least = min((contact.skill.at_once for contact in hand), default=0)
    return hand_allows(len(hand), least, may_pause(hand), skill.at_once, skill.interruptible)


def may_pause(hand: list[Contact]) -> bool:
    """Whether everything in hand may be laid aside: being dialled may not."""
    return all(contact.skill.interruptible and not contact.is_ringing for contact in hand)
