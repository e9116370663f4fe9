"""The model as a story, on SimPy: one contact, one process; the judge of every other engine.

At the same instant things happen in this order, each with all that it causes before the next: hours and
staffing, talk ends, ringing ends, hands shorten (wrap ends), patience ends, end of hours, offers after some
waiting, callbacks due, redials, first arrivals; within a kind by home queue, customer, need and attempt.
SimPy orders ties by priority, so every moment is put on the calendar with a priority that spells this order
out, above the 0 and 1 that SimPy itself uses for hops of no duration: those are always finished before the
next of our moments.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from heapq import heappush
from typing import Any, NamedTuple

import numpy as np
import simpy

from sim.engines.routing import (
    choose_group,
    choose_group_for_idle,
    choose_idle_request,
    choose_queue,
    estimated_wait,
    is_offered,
)
from sim.model.centre import (
    BY_WAITED,
    DROP,
    FINISH,
    IDLE,
    LATER,
    NO_OFFER,
    REDIAL_TIME,
    Centre,
    add_span,
    interval_of,
)
from sim.model.chance import BALK, CALLBACK, PATIENCE, REACHED, REDIAL, REDIAL_DELAY, u
from sim.model.day import Day, duration, patience_of
from sim.model.records import CONTACT_COLUMNS, MOMENTS, Outcome, Records

(
    STAFFING, TALK_END, RING_END, HAND_SHORTENS, PATIENCE_ENDS, END_OF_HOURS, WAITED_OFFER, CALLBACK_DUE, REDIALS,
    FIRST_ARRIVAL,
) = ((place + 1) << 120 for place in range(10))  # fmt: skip
NULL = math.nan


class Contact:
    """One attempt to have one need met: a row of the records, and what the story needs to go on."""

    __slots__ = (
        *CONTACT_COLUMNS, "need_arrived", "talk", "wrap", "patience", "key", "order", "turn", "stands_since",
    )  # fmt: skip
    talk: float
    wrap: float
    patience: float
    order: int
    turn: simpy.Event
    stands_since: float

    def __init__(self, home: int, customer: int, attempt: int, arrived: float, need_arrived: float) -> None:
        self.home = self.queue = home
        self.customer = customer
        self.need = 0
        self.attempt = attempt
        self.key = ((home << 40 | customer) << 20 | self.need) << 32 | attempt
        self.arrived = arrived
        self.need_arrived = need_arrived
        self.outcome = self.group = -1
        self.joined = self.answered = self.talk_end = self.released = self.wait = NULL
        self.callback_offered = self.callback_requested = self.callback_connected = NULL
        self.dials = 0


class Clock(simpy.Environment):
    """SimPy's environment, with moments put on the calendar as they are instead of as delays from now."""

    def at(self, moment: float, priority: int) -> simpy.Event:
        """An event that happens at this moment, in the order that its priority gives."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        heappush(self._queue, (moment, priority, next(self._eid), event))  # type: ignore[misc, arg-type]
        return event


class Line:
    """Contacts of one queue that look for an agent, by the moment since which they stand there, then by order.

    Callers on the line stand there since `joined`; requests that keep their place too, later ones since they
    fell due; requests for when agents are idle have a line of their own and stand there since they were made.
    """

    def __init__(self) -> None:
        self.entries: list[tuple[float, int, Contact]] = []

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, contact: Contact) -> None:
        """Take a place in the line."""
        insort(self.entries, (contact.stands_since, contact.order, contact))

    def remove(self, contact: Contact) -> None:
        """Give the place up."""
        del self.entries[bisect_left(self.entries, (contact.stands_since, contact.order))]

    def first(self) -> float:
        """Since when the first contact stands there; infinite if there is none."""
        return self.entries[0][0] if self.entries else math.inf


class Group:
    """The agents of one group who are at work: how many, since when the free ones are free, their time."""

    def __init__(self, staffing: list[int]) -> None:
        self.staffing = staffing
        self.planned = 0  # by the plan, 0 after the horizon
        self.wanted = 0  # by the plan, or by the waiting contacts that are still to be served after closing
        self.present = 0
        self.free: deque[float] = deque()
        self.counted_to = 0.0


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


class Floor:
    """One replication being played. `play` makes one, runs it and gives its records back."""

    def __init__(
        self, centre: Centre, day: Day, seed: int, replication: int, notes: list[Note] | None = None
    ) -> None:
        self.centre, self.day, self.seed, self.replication = centre, day, seed, replication
        self.clock = Clock()
        self.notes = notes
        queues, groups = centre.balks.size, centre.staffing.shape[0]
        self.lines = [Line() for _ in range(queues)]
        self.idle_lines = [Line() for _ in range(queues)]
        self.first = np.full(queues, math.inf)
        self.idle_first = np.full(queues, math.inf)
        self.on_line = [0] * queues
        self.requests: list[list[Contact]] = [[] for _ in range(queues)]
        self.groups = [Group(row.tolist()) for row in centre.staffing]
        self.free = np.zeros(groups, dtype=np.int64)
        self.free_since = np.full(groups, math.inf)
        shape = centre.staffing.shape
        self.on_duty, self.overtime, self.busy, self.unreached = (np.zeros(shape) for _ in range(4))
        self.engaged = 0
        self.looking = 0
        self.joined = 0
        self.closed = False
        self.contacts: list[Contact] = []
        self.by_queue = centre.group_start, centre.groups, centre.prefer
        self.by_group = centre.queue_start, centre.queues
        self.reserve = centre.callbacks.reserve
        self.serving_groups = [centre.groups[a:b].tolist() for a, b in _slices(centre.group_start)]
        self.served_queues = [centre.queues[a:b].tolist() for a, b in _slices(centre.queue_start)]
        self.streams, self.never = list(centre.demand.streams), centre.demand.never.tolist()
        self.balks, self.head_start = centre.balks.tolist(), centre.head_start.tolist()
        self.max_waiting, self.redial_share = centre.max_waiting.tolist(), centre.redial_share.tolist()
        self.redial_attempts = centre.redial_attempts.tolist()
        self.factor = centre.factor.tolist()
        columns = (column.tolist() for column in centre.callbacks)
        self.callbacks = [CallbackRules(*row) for row in zip(*columns, strict=True)]

    def note(self, what: str, contact: Contact | None = None, group: int = -1, seconds: float = NULL) -> None:
        """Write down what happens, if anybody wants to read it."""
        if self.notes is None:
            return
        who = (-1, -1, 0) if contact is None else (contact.queue, contact.customer, contact.attempt)
        waiting = sum(self.on_line) if contact is None else self.on_line[contact.queue]
        self.notes.append(Note(self.clock.now, what, *who, group, seconds, waiting))

    # The customers

    def first_arrivals(self, queue: int) -> Generator[simpy.Event, Any, None]:
        """Let the customers of one queue in, one after the other, as the day was dealt."""
        start, end = int(self.day.start[queue]), int(self.day.start[queue + 1])
        columns = (self.day.arrived, self.day.talk, self.day.wrap, self.day.patience)
        rows = zip(*(column[start:end].tolist() for column in columns), strict=True)
        for customer, (arrived, talk, wrap, patience) in enumerate(rows):
            contact = Contact(queue, customer, 0, arrived, arrived)
            contact.talk, contact.wrap, contact.patience = talk, wrap, patience
            yield self.clock.at(arrived, FIRST_ARRIVAL | contact.key)
            self.clock.process(self.story(contact))

    def story(self, contact: Contact) -> Generator[simpy.Event, Any, None]:
        """One attempt, from arriving to the last thing that comes of it."""
        self.contacts.append(contact)
        self.note("arrives", contact)
        if self.closed:
            return self.gives_up(contact, Outcome.CLOSED)
        if self.engaged == self.centre.lines:
            return self.gives_up(contact, Outcome.BLOCKED)
        self.engaged += 1
        contact.joined = contact.stands_since = contact.arrived
        place = choose_group(contact.queue, *self.by_queue, self.free_since)
        if place >= 0:
            self.take_agent(place)
        else:
            outcome = self.turned_away(contact)
            if outcome is None and not self.accepts_callback(contact):
                place = yield self.waits(contact)
                if place is None and not self.is_request(contact):
                    outcome = Outcome(contact.outcome)
            if outcome is not None:
                self.engaged -= 1
                return self.gives_up(contact, outcome)
            if self.is_request(contact):
                self.engaged -= 1
                yield from self.request(contact)
                return None
        contact.outcome, contact.answered = Outcome.ANSWERED, self.clock.now
        contact.wait = contact.answered - contact.joined
        self.note("answered", contact, int(self.centre.groups[place]), contact.wait)
        yield from self.served(contact, place, contact.answered)
        return None

    def turned_away(self, contact: Contact) -> Outcome | None:
        """Whether a contact that nobody can take now is blocked or balks; None if it stays."""
        queue = contact.queue
        contact.order = self.joined
        self.joined += 1
        if self.on_line[queue] == self.max_waiting[queue]:
            contact.joined = NULL
            return Outcome.BLOCKED
        if self.balks[queue] and self.chance(contact, BALK) < self.balks[queue]:
            contact.wait = 0.0
            return Outcome.BALKED
        return None

    def waits(self, contact: Contact) -> simpy.Event:
        """Wait on the line; the event gives the place in the list of skills of whoever answers, or None."""
        contact.turn = simpy.Event(self.clock)
        self.stands(contact)
        self.on_line[contact.queue] += 1
        self.note("waits", contact)
        if contact.patience < math.inf:
            ends = self.clock.at(contact.joined + contact.patience, PATIENCE_ENDS | contact.key)
            _then(ends, partial(self.patience_ends, contact))
        rules = self.callbacks[contact.queue]
        if rules.offer == BY_WAITED:
            offer = self.clock.at(contact.joined + rules.threshold, WAITED_OFFER | contact.key)
            _then(offer, partial(self.has_waited, contact))
        return contact.turn

    def patience_ends(self, contact: Contact) -> None:
        """Hang up, unless somebody has answered."""
        if not contact.turn.triggered and not self.is_request(contact):
            contact.outcome, contact.wait = Outcome.ABANDONED, contact.patience
            self.leaves_line(contact)
            contact.turn.succeed(None)
            self.send_home()

    def served(self, contact: Contact, place: int, taken: float) -> Generator[simpy.Event, Any, None]:
        """Talk, then the agent wraps up; at talk end the customer goes and a line is free again.

        taken: the moment since which the agent is busy with this contact, the ringing of a callback included.
        """
        group, factor = int(self.centre.groups[place]), self.factor[place]
        contact.group = group
        contact.talk_end = self.clock.now + contact.talk * factor
        yield self.clock.at(contact.talk_end, TALK_END | contact.key)
        self.note("talk ends", contact, group, contact.talk * factor)
        if contact.outcome == Outcome.ANSWERED:
            self.engaged -= 1
        contact.released = contact.talk_end + contact.wrap * factor
        yield self.clock.at(contact.released, HAND_SHORTENS | contact.key)
        self.was_busy(self.busy, group, taken)
        self.note("hand empties", contact, group)
        self.comes_free(group)

    # Callbacks

    def is_request(self, contact: Contact) -> bool:
        return contact.callback_requested == contact.callback_requested

    def accepts_callback(self, contact: Contact) -> bool:
        """Put the offer to a joining caller if the rule says so; whether it became a request."""
        queue, rules = contact.queue, self.callbacks[contact.queue]
        if rules.offer in (NO_OFFER, BY_WAITED):
            return False
        agents = sum(self.groups[group].present for group in self.serving_groups[queue])
        handle = self.centre.mean_handle[queue, self.interval_of(self.clock.now)]
        estimate = estimated_wait(len(self.lines[queue].entries), handle, agents)
        return is_offered(rules.offer, rules.threshold, estimate, self.on_line[queue]) and self.is_taken_up(
            contact
        )

    def is_taken_up(self, contact: Contact) -> bool:
        """Make the offer, unless offers have stopped; whether the caller accepts."""
        queue, rules = contact.queue, self.callbacks[contact.queue]
        if self.clock.now >= rules.last_offer or len(self.requests[queue]) == rules.max_pending:
            return False
        contact.callback_offered = self.clock.now
        if self.chance(contact, CALLBACK) >= rules.accept:
            self.note("declines", contact)
            return False
        contact.callback_requested = self.clock.now
        contact.wait = contact.callback_requested - contact.joined
        self.requests[queue].append(contact)
        self.note("requests", contact, seconds=contact.wait)
        return True

    def has_waited(self, contact: Contact) -> None:
        """The offer after some time on the line: whoever accepts leaves the line with its place."""
        if not contact.turn.triggered and self.is_taken_up(contact):
            self.leaves_line(contact)
            contact.turn.succeed(None)

    def request(self, contact: Contact) -> Generator[simpy.Event, Any, None]:
        """A callback request, from being made to being served or failing; requests never hang up."""
        rules = self.callbacks[contact.queue]
        if rules.place == IDLE:
            contact.stands_since = contact.callback_requested
        elif rules.place == LATER:
            contact.stands_since = contact.callback_requested + rules.after
            if not (yield self.falls_due(contact, contact.stands_since)):
                return
            contact.order = self.joined
            self.joined += 1
        while True:
            place = self.finds_agent(contact)
            if place < 0:
                contact.turn = simpy.Event(self.clock)
                self.stands(contact)
                place = yield contact.turn
                if place is None:
                    return
            began = self.clock.now
            contact.dials += 1
            self.note("dialled", contact, int(self.centre.groups[place]))
            yield self.clock.at(began + rules.ring, RING_END | contact.key)
            if self.chance(contact, REACHED, contact.dials - 1) < rules.reached:
                contact.outcome, contact.callback_connected = Outcome.CALLBACK_SERVED, self.clock.now
                self.requests[contact.queue].remove(contact)
                self.note("picks up", contact, seconds=self.clock.now - contact.callback_requested)
                self.send_home()
                yield from self.served(contact, place, began)
                return
            group = int(self.centre.groups[place])
            self.note("not reached", contact, group)
            if contact.dials == rules.attempts or self.is_dropped(contact.queue):
                self.fails(contact)
            self.was_busy(self.busy, group, began)
            self.was_busy(self.unreached, group, began)
            self.comes_free(group)
            if contact.outcome == Outcome.CALLBACK_FAILED:
                return
            if not (yield self.falls_due(contact, self.clock.now + rules.retry_after)):
                return

    def falls_due(self, contact: Contact, moment: float) -> simpy.Event:
        """An event at the moment when a request may be dialled; it gives False if the request is dropped first."""
        contact.turn = turn = simpy.Event(self.clock)
        due = self.clock.at(moment, CALLBACK_DUE | contact.key)
        _then(due, lambda: turn.triggered or turn.succeed(True))
        return turn

    def finds_agent(self, contact: Contact) -> int:
        """An agent for a request at the moment it may be dialled: the place in the list of skills, or -1."""
        queue, rules = contact.queue, self.callbacks[contact.queue]
        if rules.place == IDLE:
            reserve = 0 if self.closed else rules.reserve
            place = choose_group_for_idle(queue, reserve, *self.by_queue, self.free_since, self.free)
        else:
            place = choose_group(queue, *self.by_queue, self.free_since)
        if place >= 0:
            self.take_agent(place)
        return place

    def fails(self, contact: Contact) -> None:
        contact.outcome = Outcome.CALLBACK_FAILED
        self.note("callback fails", contact)
        self.requests[contact.queue].remove(contact)
        self.send_home()

    def is_dropped(self, queue: int) -> bool:
        """Whether the queue has closed and cuts off whoever is left."""
        return self.closed and (self.centre.at_close[queue] == DROP or not self.is_answerable(queue))

    # What comes of it

    def gives_up(self, contact: Contact, outcome: Outcome) -> None:
        """End an attempt without an answer, and dial again later if the customer does."""
        contact.outcome = outcome
        self.note(outcome.name.lower(), contact, seconds=contact.wait)
        queue, attempt = contact.queue, contact.attempt + 1
        if outcome == Outcome.UNANSWERED or attempt >= self.redial_attempts[queue]:
            return
        if not self.redial_share[queue] or self.chance(contact, REDIAL) >= self.redial_share[queue]:
            return
        index = self.interval_of(contact.need_arrived)
        delay = duration(self.centre.delays, REDIAL_TIME, queue, index, self.chance(contact, REDIAL_DELAY))
        moment = self.clock.now + delay
        if moment >= self.centre.horizon:
            return
        again = Contact(contact.home, contact.customer, attempt, moment, contact.need_arrived)
        again.talk, again.wrap = contact.talk, contact.wrap
        again.patience = patience_of(
            self.centre.demand.draws, self.never[queue], queue, index, self.chance(again, PATIENCE)
        )
        self.note("will redial", contact, seconds=delay)
        dials = self.clock.at(moment, REDIALS | again.key)
        _then(dials, lambda: self.clock.process(self.story(again)))

    def chance(self, contact: Contact, purpose: int, dial: int | None = None) -> float:
        """The contact's own number for a purpose (each dial has its own), from its home queue's stream."""
        which, stream = contact.attempt if dial is None else dial, self.streams[contact.home]
        return u(self.seed, stream, self.replication, contact.customer, contact.need, which, purpose)

    def interval_of(self, moment: float) -> int:
        return interval_of(moment, self.centre.interval, self.centre.staffing.shape[1])

    # The waiting lines

    def line_of(self, contact: Contact) -> Line:
        idle = self.is_request(contact) and self.callbacks[contact.queue].place == IDLE
        return (self.idle_lines if idle else self.lines)[contact.queue]

    def stands(self, contact: Contact) -> None:
        """Stand where agents look for contacts."""
        self.line_of(contact).add(contact)
        self.looking += 1
        self.line_changed(contact.queue)

    def leaves_line(self, contact: Contact) -> None:
        """A caller is not on the line any more."""
        self.lines[contact.queue].remove(contact)
        self.on_line[contact.queue] -= 1
        self.looking -= 1
        self.line_changed(contact.queue)

    def line_changed(self, queue: int) -> None:
        """Note the keys by which agents compare this queue's first contacts with others."""
        shut = self.closed and self.centre.at_close[queue] == DROP
        self.first[queue] = math.inf if shut else self.lines[queue].first() - self.head_start[queue]
        self.idle_first[queue] = math.inf if shut else self.idle_lines[queue].first()

    # The agents

    def take_agent(self, place: int) -> None:
        """The longest-free agent of a group takes a contact."""
        group = int(self.centre.groups[place])
        self.groups[group].free.popleft()
        self.free_changed(group)

    def free_changed(self, group: int) -> None:
        free = self.groups[group].free
        self.free[group] = len(free)
        self.free_since[group] = free[0] if free else math.inf

    def was_busy(self, row: np.ndarray, group: int, since: float) -> None:
        add_span(row[group], since, self.clock.now, self.centre.warm_up, self.centre.interval, 1.0)

    def comes_free(self, group: int) -> None:
        """An agent's hand empties: a surplus agent leaves; any other looks first, then its colleagues."""
        team = self.groups[group]
        if team.present > team.wanted:
            self.count_time(group)
            team.present -= 1
        else:
            team.free.append(self.clock.now)
            self.free_changed(group)
            if self.finds_contact(group):
                team.free.pop()
                self.free_changed(group)
            self.look(group)
        self.send_home()

    def look(self, group: int) -> None:
        """Free agents of a group take contacts, the longest free first, until nobody finds one."""
        team = self.groups[group]
        while team.free and self.finds_contact(group):
            team.free.popleft()
            self.free_changed(group)

    def finds_contact(self, group: int) -> bool:
        """A free agent looks: callers and requests in line first, then requests for idle agents."""
        if not self.looking:
            return False
        lines, queue = self.lines, choose_queue(group, *self.by_group, self.centre.level, self.first)
        if queue < 0:
            reserve = np.zeros_like(self.reserve) if self.closed else self.reserve
            lines = self.idle_lines
            queue = choose_idle_request(
                group, int(self.free[group]), *self.by_group, reserve, self.idle_first
            )
            if queue < 0:
                return False
        contact = lines[queue].entries.pop(0)[2]
        self.looking -= 1
        if not self.is_request(contact):
            self.on_line[queue] -= 1
        self.line_changed(queue)
        start = int(self.centre.group_start[queue])
        contact.turn.succeed(start + self.serving_groups[queue].index(group))
        return True

    def staffing_changes(self, planned: list[int]) -> None:
        """Bring every group to its new staffing, then let those who may take more look for contacts."""
        for group, number in enumerate(planned):
            if number != self.groups[group].planned:
                self.note("staffing", group=group, seconds=number)
            self.count_time(group)
            self.groups[group].planned = number
            self.set_wanted(group, number)
        for group in range(len(self.groups)):
            self.look(group)

    def set_wanted(self, group: int, number: int) -> None:
        """Free agents leave, longest free first, or new ones come; busy ones beyond the number leave later."""
        team = self.groups[group]
        self.count_time(group)
        team.wanted = number
        while team.present > number and team.free:
            team.free.popleft()
            team.present -= 1
        while team.present < number:
            team.free.append(self.clock.now)
            team.present += 1
        self.free_changed(group)

    def count_time(self, group: int) -> None:
        """Book the time of those present since the last change: within the plan, and beyond it."""
        team, now, centre = self.groups[group], self.clock.now, self.centre
        if now > team.counted_to:
            within = min(team.present, team.planned)
            if within:
                add_span(self.on_duty[group], team.counted_to, now, centre.warm_up, centre.interval, within)
            if team.present > within:
                add_span(
                    self.overtime[group],
                    team.counted_to,
                    now,
                    centre.warm_up,
                    centre.interval,
                    team.present - within,
                )
            team.counted_to = now

    # The day

    def shifts(self) -> None:
        """Put the changes of staffing on the calendar, the first at opening, the last at the horizon."""
        staffing = self.centre.staffing
        for index in range(staffing.shape[1]):
            if index == 0 or (staffing[:, index] != staffing[:, index - 1]).any():
                change = self.clock.at(index * self.centre.interval, STAFFING)
                planned = staffing[:, index].tolist()
                _then(change, partial(self.staffing_changes, planned))
        _then(self.clock.at(self.centre.horizon, STAFFING), self.closes)
        _then(self.clock.at(self.centre.horizon, END_OF_HOURS), self.end_of_hours)

    def closes(self) -> None:
        """From this instant nobody new is let in; only groups that still have callers to serve stay."""
        self.closed = True
        self.note("closes")
        for queue in range(len(self.lines)):
            self.line_changed(queue)
        for group in range(len(self.groups)):
            self.count_time(group)
            self.groups[group].planned = 0
            self.set_wanted(group, self.last_present(group) if self.still_needed(group) else 0)
        for group in range(len(self.groups)):
            self.look(group)
        self.send_home()

    def last_present(self, group: int) -> int:
        """The last positive staffing of the day, 0 if there was none."""
        return next((number for number in reversed(self.groups[group].staffing) if number), 0)

    def still_needed(self, group: int) -> bool:
        """Whether something waits or is pending in a closed queue that finishes and that the group serves."""
        return any(
            (self.on_line[queue] or self.requests[queue]) and self.centre.at_close[queue] == FINISH
            for queue in self.served_queues[group]
        )

    def send_home(self) -> None:
        """After closing, groups for whom nothing waits any more are wanted no longer."""
        if self.closed:
            for group, team in enumerate(self.groups):
                if team.wanted and not self.still_needed(group):
                    self.set_wanted(group, 0)

    def is_answerable(self, queue: int) -> bool:
        """Whether a group with the skill has anybody to bring after closing."""
        return any(self.last_present(group) for group in self.serving_groups[queue])

    def end_of_hours(self) -> None:
        """Cut off those who wait, and requests, where the queue drops them or nobody can ever answer."""
        for queue, line in enumerate(self.lines):
            if not self.is_dropped(queue):
                continue
            for _, _, contact in list(line.entries):
                if not self.is_request(contact):
                    contact.outcome, contact.wait = Outcome.UNANSWERED, self.clock.now - contact.joined
                    self.leaves_line(contact)
                    contact.turn.succeed(None)
            for contact in list(self.requests[queue]):
                if not contact.turn.triggered:
                    self.drop_request(contact)
        self.send_home()

    def drop_request(self, contact: Contact) -> None:
        """A request that is not being dialled fails at once."""
        line = self.line_of(contact)
        if any(entry[2] is contact for entry in line.entries):
            line.remove(contact)
            self.looking -= 1
            self.line_changed(contact.queue)
        self.fails(contact)
        contact.turn.succeed(None)

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
    which everything that happens is added, for a trace.
    """
    floor = Floor(centre, day, seed, replication, notes)
    floor.shifts()
    for queue in range(len(floor.lines)):
        floor.clock.process(floor.first_arrivals(queue))
    if watch is None:
        floor.clock.run()
    else:
        while floor.clock.peek() < math.inf:
            floor.clock.step()
            watch(floor)
    return floor.records()
