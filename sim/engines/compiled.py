"""The same story as one loop: the reference engine's rules over plain arrays, compiled, without the GIL.

Every contact has a row in two tables of columns (`Work.f` and `Work.i`); rows of first contacts are those of
the Day, redials take rows after them. What is to happen is in four places: the next first arrival of each
queue; a heap of moments that always come (talk and ring ends, hands that shorten, callbacks due, redials); a
heap of moments that may be called off (patience, the offer after some waiting), with each row's place in it;
and the next change of staffing. Ties are told apart by one integer that spells out the total order.

Pieces that take arrays are compiled `lean`: they make none. Where the room for redials runs out, the loop
stops and the replication is played again with more: nothing was lost, a replication is a pure function.
"""

import math
import threading
from typing import NamedTuple

import numpy as np

from sim.engines.routing import (
    choose_group,
    choose_group_for_idle,
    choose_idle_request,
    choose_queue,
    estimated_wait,
    is_offered,
)
from sim.jit import handle, kernel
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
from sim.model.records import (
    ANSWERED,
    ARRIVED,
    ATTEMPT,
    CONNECTED,
    CUSTOMER,
    DIALS,
    GROUP,
    HOME,
    JOINED,
    NEED,
    OFFERED,
    OUTCOME,
    QUEUE,
    RECORD_FLOATS,
    RECORD_INTEGERS,
    RELEASED,
    REQUESTED,
    TALK_ENDED,
    WAIT,
    Outcome,
    Records,
    from_tables,
)

# Columns of floats and of integers after those of the records: what the story needs to go on
NEED_ARRIVED, TALK, WRAP, PATIENT, STANDS, TAKEN = range(RECORD_FLOATS, RECORD_FLOATS + 6)
PLACE, NEXT, PREVIOUS, ORDER, HEAPED, THEN, ROW, WHO = range(RECORD_INTEGERS, RECORD_INTEGERS + 8)
FLOATS, INTEGERS = RECORD_FLOATS + 6, RECORD_INTEGERS + 8
# Numbers of the floor
SURE, UNSURE, ROWS, ENGAGED, LOOKING, ORDERS, CLOSED, HOLE, WITH_CALLBACKS = range(9)
# Numbers of a group
PLANNED, WANTED, PRESENT, HEAD, LAST = range(5)
ON_DUTY, OVERTIME, BUSY, UNREACHED = range(4)
# Kinds of moments, in the order in which they happen at the same instant
(
    STAFFING, TALK_END, RING_END, HAND_SHORTENS, PATIENCE_ENDS, END_OF_HOURS, WAITED_OFFER, CALLBACK_DUE, REDIALS,
    FIRST_ARRIVAL,
) = range(10)  # fmt: skip
KIND_SHIFT, HOME_SHIFT, CUSTOMER_SHIFT = 59, 49, 22
NOBODY, NONE = -1, -1

ANSWER, ABANDON, BALKING, BLOCK = (
    int(Outcome.ANSWERED),
    int(Outcome.ABANDONED),
    int(Outcome.BALKED),
    int(Outcome.BLOCKED),
)
CALLED_BACK, CALL_FAILED = int(Outcome.CALLBACK_SERVED), int(Outcome.CALLBACK_FAILED)
CUT_OFF, TURNED_AWAY = int(Outcome.UNANSWERED), int(Outcome.CLOSED)


class Work(NamedTuple):
    """The floor while it is played, and the contacts: arrays used again from replication to replication.

    f: float64 (FLOATS, rows); i: int64 (INTEGERS, rows); sure_*, unsure_*: the two heaps (moment, key, row); n:
    int64, numbers of the floor; teams: int64 (5, groups); ring: float64 (groups, most agents + 1), since when the
    free ones are free, round and round from HEAD; head, tail, length: int64 (2 × queues,), the lines, then those
    for idle agents; hours: float64 (4, groups, intervals).
    """

    f: np.ndarray
    i: np.ndarray
    sure_moment: np.ndarray
    sure_key: np.ndarray
    sure_row: np.ndarray
    unsure_moment: np.ndarray
    unsure_key: np.ndarray
    unsure_row: np.ndarray
    n: np.ndarray
    teams: np.ndarray
    ring: np.ndarray
    free: np.ndarray
    free_since: np.ndarray
    counted_to: np.ndarray
    next_row: np.ndarray
    on_line: np.ndarray
    pending: np.ndarray
    head: np.ndarray
    tail: np.ndarray
    length: np.ndarray
    first: np.ndarray
    idle_first: np.ndarray
    reserve: np.ndarray
    hours: np.ndarray


def _new_workspace(centre: Centre, rows: int) -> Work:
    """Arrays for a day of at most so many contacts, redials included."""
    queues, (groups, count) = centre.balks.size, centre.staffing.shape
    most = int(centre.staffing.max(initial=0))
    f = np.full((FLOATS, rows), math.nan)
    i = np.zeros((INTEGERS, rows), dtype=np.int64)
    i[ROW] = np.arange(rows)
    heaps = (np.empty(rows + 2), np.empty(rows + 2, dtype=np.int64), np.empty(rows + 2, dtype=np.int64))
    return Work(  # type: ignore[call-arg]
        f, i, *heaps, *(np.empty_like(part) for part in heaps), np.zeros(9, dtype=np.int64),
        np.zeros((5, groups), dtype=np.int64), np.zeros((groups, most + 1)), np.zeros(groups, dtype=np.int64),
        np.zeros(groups), np.zeros(groups), np.zeros(queues, dtype=np.int64), np.zeros(queues, dtype=np.int64),
        np.zeros(queues, dtype=np.int64), np.zeros(2 * queues, dtype=np.int64), np.zeros(2 * queues, dtype=np.int64),
        np.zeros(2 * queues, dtype=np.int64), np.zeros(queues), np.zeros(queues), np.zeros(queues, dtype=np.int64),
        np.zeros((4, groups, count)),
    )  # fmt: skip


# The calendar


@kernel(inner=True)
def key_of(w, kind, row):
    """The integer by which moments of the same instant are ordered."""
    return kind << KIND_SHIFT | w.i[WHO, row]


@kernel(inner=True)
def will(w, moment, kind, row):
    """Put a moment that always comes on the calendar; it takes the place of the one just happening, if any."""
    moments, keys, rows, n = w.sure_moment, w.sure_key, w.sure_row, w.n
    key = key_of(w, kind, row)
    if n[HOLE]:
        n[HOLE] = 0
        sink(moments, keys, rows, n[SURE], moment, key, row)
        return
    place = n[SURE]
    n[SURE] += 1
    while place > 0:
        above = (place - 1) >> 1
        if moments[above] < moment or (moments[above] == moment and keys[above] < key):
            break
        moments[place], keys[place], rows[place] = moments[above], keys[above], rows[above]
        place = above
    moments[place], keys[place], rows[place] = moment, key, row


@kernel(inner=True)
def sink(moments, keys, rows, size, moment, key, row):
    """Put an entry where the root was, as far down as it belongs."""
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        right = below + 1
        if right < size and (
            moments[right] < moments[below]
            or (moments[right] == moments[below] and keys[right] < keys[below])
        ):
            below = right
        if moment < moments[below] or (moment == moments[below] and key < keys[below]):
            break
        moments[place], keys[place], rows[place] = moments[below], keys[below], rows[below]
        place = below
    moments[place], keys[place], rows[place] = moment, key, row


@kernel(inner=True)
def close_hole(w):
    """Take the moment that has happened off the calendar, unless another took its place."""
    n = w.n
    if n[HOLE]:
        n[HOLE] = 0
        n[SURE] -= 1
        last = n[SURE]
        if last > 0:
            sink(
                w.sure_moment,
                w.sure_key,
                w.sure_row,
                last,
                w.sure_moment[last],
                w.sure_key[last],
                w.sure_row[last],
            )


@kernel(inner=True)
def set_unsure(w, place, moment, key, row):
    w.unsure_moment[place], w.unsure_key[place], w.unsure_row[place] = moment, key, row
    w.i[HEAPED, row] = place


@kernel(inner=True)
def rise_unsure(w, place, moment, key, row):
    """Put an entry of the heap of what may be called off as far up as it belongs, from a place."""
    while place > 0:
        above = (place - 1) >> 1
        if w.unsure_moment[above] < moment or (
            w.unsure_moment[above] == moment and w.unsure_key[above] < key
        ):
            break
        set_unsure(w, place, w.unsure_moment[above], w.unsure_key[above], w.unsure_row[above])
        place = above
    set_unsure(w, place, moment, key, row)


@kernel(inner=True)
def may(w, moment, kind, row):
    """Put a moment that may be called off on the calendar; a row has at most one."""
    place = w.n[UNSURE]
    w.n[UNSURE] += 1
    rise_unsure(w, place, moment, key_of(w, kind, row), row)


@kernel(inner=True)
def call_off(w, row):
    """Take a row's moment, if it has one, off the heap of what may be called off."""
    place = w.i[HEAPED, row]
    if place < 0:
        return
    w.i[HEAPED, row] = NONE
    w.n[UNSURE] -= 1
    last = w.n[UNSURE]
    if place == last:
        return
    moment, key, moved = w.unsure_moment[last], w.unsure_key[last], w.unsure_row[last]
    above = (place - 1) >> 1
    if place > 0 and (
        moment < w.unsure_moment[above] or (moment == w.unsure_moment[above] and key < w.unsure_key[above])
    ):
        rise_unsure(w, place, moment, key, moved)
        return
    while True:
        below = 2 * place + 1
        if below >= last:
            break
        right = below + 1
        if right < last and (
            w.unsure_moment[right] < w.unsure_moment[below]
            or (
                w.unsure_moment[right] == w.unsure_moment[below] and w.unsure_key[right] < w.unsure_key[below]
            )
        ):
            below = right
        if moment < w.unsure_moment[below] or (
            moment == w.unsure_moment[below] and key < w.unsure_key[below]
        ):
            break
        set_unsure(w, place, w.unsure_moment[below], w.unsure_key[below], w.unsure_row[below])
        place = below
    set_unsure(w, place, moment, key, moved)


# The waiting lines: 0 … queues − 1 for agents who look, queues … 2 × queues − 1 for idle ones


@kernel(inner=True)
def is_request(w, row):
    return not math.isnan(w.f[REQUESTED, row])


@kernel(inner=True)
def line_of(w, c, row):
    queue = w.i[QUEUE, row]
    if c.callbacks.place[queue] == IDLE and is_request(w, row):
        return queue + c.balks.size
    return queue


@kernel(inner=True)
def comes_before(w, row, other):
    f, i = w.f, w.i
    if f[STANDS, row] != f[STANDS, other]:
        return f[STANDS, row] < f[STANDS, other]
    return i[ORDER, row] < i[ORDER, other]


@kernel(inner=True)
def stands(w, c, row):
    """Stand where agents look for contacts, by STANDS, then by ORDER; most come last."""
    i, line = w.i, line_of(w, c, row)
    before, after = w.tail[line], NONE
    if before != NONE and comes_before(w, row, before):
        after = w.head[line]
        while comes_before(w, after, row):
            after = i[NEXT, after]
        before = i[PREVIOUS, after]
    i[PREVIOUS, row], i[NEXT, row] = before, after
    if before == NONE:
        w.head[line] = row
    else:
        i[NEXT, before] = row
    if after == NONE:
        w.tail[line] = row
    else:
        i[PREVIOUS, after] = row
    w.n[LOOKING] += 1
    w.length[line] += 1
    if before == NONE:
        line_changed(w, c, i[QUEUE, row])


@kernel(inner=True)
def leaves(w, c, row):
    """Leave the line one stands in."""
    i, line = w.i, line_of(w, c, row)
    before, after = i[PREVIOUS, row], i[NEXT, row]
    if after == NONE:
        w.tail[line] = before
    else:
        i[PREVIOUS, after] = before
    w.n[LOOKING] -= 1
    w.length[line] -= 1
    if before == NONE:
        w.head[line] = after
        line_changed(w, c, i[QUEUE, row])
    else:
        i[NEXT, before] = after


@kernel(inner=True)
def line_changed(w, c, queue):
    """Note the keys by which agents compare this queue's first contacts with others."""
    w.first[queue] = w.idle_first[queue] = math.inf
    if w.n[CLOSED] and c.at_close[queue] == DROP:
        return
    front, idle_front = w.head[queue], w.head[queue + c.balks.size]
    if front != NONE:
        w.first[queue] = w.f[STANDS, front] - c.head_start[queue]
    if idle_front != NONE:
        w.idle_first[queue] = w.f[STANDS, idle_front]


# The agents


@kernel(inner=True)
def is_free_from(w, group, now):
    """An agent is free from now on: the last in the ring."""
    ring = w.ring[group]
    place = w.teams[HEAD, group] + w.free[group]
    ring[place if place < ring.size else place - ring.size] = now
    w.free[group] += 1
    if w.free[group] == 1:
        w.free_since[group] = now


@kernel(inner=True)
def longest_free_goes(w, group):
    """The agent who has been free longest is not free any more."""
    ring, teams = w.ring[group], w.teams
    teams[HEAD, group] += 1
    if teams[HEAD, group] == ring.size:
        teams[HEAD, group] = 0
    w.free[group] -= 1
    w.free_since[group] = ring[teams[HEAD, group]] if w.free[group] else math.inf


@kernel(inner=True)
def last_freed_goes(w, group):
    """The agent who came free last is not free any more."""
    w.free[group] -= 1
    if w.free[group] == 0:
        w.free_since[group] = math.inf


@kernel(inner=True)
def count_time(w, c, group, now):
    """Book the time of those present since the last change: within the plan, and beyond it."""
    since, teams = w.counted_to[group], w.teams
    if now > since:
        within = min(teams[PRESENT, group], teams[PLANNED, group])
        if within:
            add_span(w.hours[ON_DUTY, group], since, now, c.warm_up, c.interval, within)
        if teams[PRESENT, group] > within:
            add_span(
                w.hours[OVERTIME, group], since, now, c.warm_up, c.interval, teams[PRESENT, group] - within
            )
        w.counted_to[group] = now


@kernel(inner=True)
def set_wanted(w, c, group, number, now):
    """Free agents leave, longest free first, or new ones come; busy ones beyond the number leave later."""
    teams = w.teams
    count_time(w, c, group, now)
    teams[WANTED, group] = number
    while teams[PRESENT, group] > number and w.free[group]:
        longest_free_goes(w, group)
        teams[PRESENT, group] -= 1
    while teams[PRESENT, group] < number:
        is_free_from(w, group, now)
        teams[PRESENT, group] += 1


@kernel(inner=True)
def finds_contact(w, c, day, group, now):
    """A free agent looks: callers and requests in line first, then requests for idle agents."""
    if w.n[LOOKING] == 0:
        return False
    queue = choose_queue(group, c.queue_start, c.queues, c.level, w.first)
    if queue >= 0:
        row = w.head[queue]
    else:
        queue = choose_idle_request(group, w.free[group], c.queue_start, c.queues, w.reserve, w.idle_first)
        if queue < 0:
            return False
        row = w.head[queue + c.balks.size]
    place = c.group_start[queue]
    while c.groups[place] != group:
        place += 1
    leaves(w, c, row)
    if is_request(w, row):
        dial(w, c, day, row, place, now)
    else:
        w.on_line[queue] -= 1
        call_off(w, row)
        answer(w, c, day, row, place, now)
    return True


@kernel(inner=True)
def look(w, c, day, group, now):
    """Free agents of a group take contacts, the longest free first, until nobody finds one."""
    while w.free[group] and finds_contact(w, c, day, group, now):
        longest_free_goes(w, group)


@kernel(inner=True)
def comes_free(w, c, day, group, now):
    """An agent's hand empties: a surplus agent leaves; any other looks first, then its colleagues."""
    if w.teams[PRESENT, group] > w.teams[WANTED, group]:
        count_time(w, c, group, now)
        w.teams[PRESENT, group] -= 1
    else:
        is_free_from(w, group, now)
        if finds_contact(w, c, day, group, now):
            last_freed_goes(w, group)
        if w.n[LOOKING]:
            look(w, c, day, group, now)
    if w.n[CLOSED]:
        send_home(w, c, now)


# The life of a contact


@kernel(inner=True)
def talk_of(w, day, row):
    """Talk and wrap of a row: dealt for first contacts, kept beside the others."""
    dealt = row + day.start[0]
    if dealt < day.start[day.start.size - 1]:
        return day.talk[dealt], day.wrap[dealt]
    return w.f[TALK, row], w.f[WRAP, row]


@kernel(inner=True)
def patience_at(w, day, row):
    dealt = row + day.start[0]
    return day.patience[dealt] if dealt < day.start[day.start.size - 1] else w.f[PATIENT, row]


@kernel(inner=True)
def need_arrived(w, day, row):
    dealt = row + day.start[0]
    return w.f[ARRIVED, row] if dealt < day.start[day.start.size - 1] else w.f[NEED_ARRIVED, row]


@kernel(inner=True)
def answer(w, c, day, row, place, now):
    f = w.f
    w.i[OUTCOME, row] = ANSWER
    f[ANSWERED, row] = now
    f[WAIT, row] = now - f[JOINED, row]
    talks(w, c, day, row, place, now)


@kernel(inner=True)
def talks(w, c, day, row, place, now):
    """Talk, then the agent wraps up; the end of the talk matters by itself only where lines are limited."""
    f, factor = w.f, c.factor[place]
    w.i[GROUP, row] = c.groups[place]
    talk, wrap = talk_of(w, day, row)
    talk_end = now + talk * factor
    released = talk_end + wrap * factor
    f[TALK_ENDED, row], f[RELEASED, row] = talk_end, released
    if c.lines >= 0:
        will(w, talk_end, TALK_END, row)
    else:
        will(w, released, HAND_SHORTENS, row)


@kernel(inner=True)
def talk_ends(w, row):
    if w.i[OUTCOME, row] == ANSWER:
        w.n[ENGAGED] -= 1
    will(w, w.f[RELEASED, row], HAND_SHORTENS, row)


@kernel(inner=True)
def hand_shortens(w, c, day, row, now):
    group = w.i[GROUP, row]
    since = w.f[ANSWERED, row] if w.i[OUTCOME, row] == ANSWER else w.f[TAKEN, row]
    add_span(w.hours[BUSY, group], since, now, c.warm_up, c.interval, 1.0)
    comes_free(w, c, day, group, now)


@kernel(inner=True)
def new_row(w, row, home, customer, attempt, arrived):
    """Fill a contact's row with what it has on arriving; callback columns are touched only where there are any."""
    f, i = w.f, w.i
    f[ARRIVED, row] = arrived
    i[HOME, row], i[CUSTOMER, row], i[NEED, row], i[ATTEMPT, row], i[QUEUE, row] = (
        home,
        customer,
        0,
        attempt,
        home,
    )
    i[HEAPED, row], i[THEN, row] = NONE, NONE
    i[WHO, row] = home << HOME_SHIFT | customer << CUSTOMER_SHIFT | attempt
    if w.n[WITH_CALLBACKS]:
        f[OFFERED, row] = f[REQUESTED, row] = f[CONNECTED, row] = math.nan
        i[DIALS, row] = 0


@kernel(inner=True)
def is_not_answered(w, row):
    """Whatever comes of it, the contact is not answered at once: nothing of that is known yet."""
    f = w.f
    f[JOINED, row] = f[ANSWERED, row] = f[TALK_ENDED, row] = f[RELEASED, row] = f[WAIT, row] = math.nan
    w.i[OUTCOME, row], w.i[GROUP, row] = NONE, NOBODY


@kernel(inner=True)
def arrives(w, c, day, row, seed, replication, now):
    """An attempt from its arrival until it is answered, waits, is a request, or is turned away."""
    n, i, f, queue = w.n, w.i, w.f, w.i[QUEUE, row]
    if n[CLOSED]:
        is_not_answered(w, row)
        return gives_up(w, c, day, row, TURNED_AWAY, seed, replication, now)
    if n[ENGAGED] == c.lines:
        is_not_answered(w, row)
        return gives_up(w, c, day, row, BLOCK, seed, replication, now)
    if c.lines >= 0:
        n[ENGAGED] += 1
    place = choose_group(queue, c.group_start, c.groups, c.prefer, w.free_since)
    if place >= 0:
        longest_free_goes(w, c.groups[place])
        f[JOINED, row] = now
        answer(w, c, day, row, place, now)
        return True
    is_not_answered(w, row)
    f[JOINED, row] = f[STANDS, row] = now
    i[ORDER, row] = n[ORDERS]
    n[ORDERS] += 1
    if w.on_line[queue] == c.max_waiting[queue]:
        f[JOINED, row] = math.nan
        return turned_away(w, c, day, row, BLOCK, seed, replication, now)
    balks = c.balks[queue]
    if balks > 0.0 and chance(w, c, row, BALK, seed, replication) < balks:
        f[WAIT, row] = 0.0
        return turned_away(w, c, day, row, BALKING, seed, replication, now)
    if accepts_callback(w, c, row, seed, replication, now):
        free_line(w, c)
        makes_request(w, c, day, row, now)
    else:
        waits(w, c, day, row)
    return True


@kernel(inner=True)
def free_line(w, c):
    if c.lines >= 0:
        w.n[ENGAGED] -= 1


@kernel(inner=True)
def turned_away(w, c, day, row, outcome, seed, replication, now):
    free_line(w, c)
    return gives_up(w, c, day, row, outcome, seed, replication, now)


@kernel(inner=True)
def waits(w, c, day, row):
    """Wait on the line until answered, until patience ends, or until an offer falls due before that."""
    queue, joined = w.i[QUEUE, row], w.f[JOINED, row]
    stands(w, c, row)
    w.on_line[queue] += 1
    gone = joined + patience_at(w, day, row)
    if c.callbacks.offer[queue] == BY_WAITED and joined + c.callbacks.threshold[queue] < gone:
        may(w, joined + c.callbacks.threshold[queue], WAITED_OFFER, row)
    elif gone < math.inf:
        may(w, gone, PATIENCE_ENDS, row)


@kernel(inner=True)
def patience_ends(w, c, day, row, seed, replication, now):
    w.f[WAIT, row] = patience_at(w, day, row)
    w.on_line[w.i[QUEUE, row]] -= 1
    leaves(w, c, row)
    enough = turned_away(w, c, day, row, ABANDON, seed, replication, now)
    if w.n[CLOSED]:
        send_home(w, c, now)
    return enough


@kernel(inner=True)
def chance(w, c, row, purpose, seed, replication):
    """The contact's own number for a purpose, from its home queue's stream."""
    i = w.i
    stream = c.demand.streams[i[HOME, row]]
    return u(seed, stream, replication, i[CUSTOMER, row], i[NEED, row], i[ATTEMPT, row], purpose)


@kernel(inner=True)
def gives_up(w, c, day, row, outcome, seed, replication, now):
    """End an attempt without an answer and redial later if the customer does; False if there is no row left."""
    f, i, n, queue = w.f, w.i, w.n, w.i[QUEUE, row]
    i[OUTCOME, row] = outcome
    attempt, share = i[ATTEMPT, row] + 1, c.redial_share[queue]
    if share == 0.0 or attempt >= c.redial_attempts[queue]:
        return True
    if chance(w, c, row, REDIAL, seed, replication) >= share:
        return True
    since = need_arrived(w, day, row)
    index = interval_of(since, c.interval, c.staffing.shape[1])
    uniform = chance(w, c, row, REDIAL_DELAY, seed, replication)
    moment = now + duration(c.delays, REDIAL_TIME, queue, index, uniform)
    if moment >= c.horizon:
        return True
    again = n[ROWS]
    if again == f.shape[1]:
        return False
    n[ROWS] += 1
    new_row(w, again, i[HOME, row], i[CUSTOMER, row], attempt, moment)
    i[THEN, row] = again
    f[NEED_ARRIVED, again] = since
    f[TALK, again], f[WRAP, again] = talk_of(w, day, row)
    uniform = chance(w, c, again, PATIENCE, seed, replication)
    f[PATIENT, again] = patience_of(c.demand.draws, c.demand.never[queue], queue, index, uniform)
    will(w, moment, REDIALS, again)
    return True


# Callbacks


@kernel(inner=True)
def accepts_callback(w, c, row, seed, replication, now):
    """Put the offer to a joining caller if the rule says so; whether it became a request."""
    queue = w.i[QUEUE, row]
    rule = c.callbacks.offer[queue]
    if rule == NO_OFFER or rule == BY_WAITED:
        return False
    agents = 0
    for place in range(c.group_start[queue], c.group_start[queue + 1]):
        agents += w.teams[PRESENT, c.groups[place]]
    handle = c.mean_handle[queue, interval_of(now, c.interval, c.staffing.shape[1])]
    estimate = estimated_wait(w.length[queue], handle, agents)
    if not is_offered(rule, c.callbacks.threshold[queue], estimate, w.on_line[queue]):
        return False
    return takes_up(w, c, row, seed, replication, now)


@kernel(inner=True)
def takes_up(w, c, row, seed, replication, now):
    """Make the offer, unless offers have stopped; whether the caller accepts."""
    queue, callbacks, f = w.i[QUEUE, row], c.callbacks, w.f
    if now >= callbacks.last_offer[queue] or w.pending[queue] == callbacks.max_pending[queue]:
        return False
    f[OFFERED, row] = now
    if chance(w, c, row, CALLBACK, seed, replication) >= callbacks.accept[queue]:
        return False
    w.pending[queue] += 1
    f[WAIT, row] = now - f[JOINED, row]
    return True


@kernel(inner=True)
def has_waited(w, c, day, row, seed, replication, now):
    """The offer after some time on the line: whoever declines goes on waiting until patience ends."""
    queue = w.i[QUEUE, row]
    if takes_up(w, c, row, seed, replication, now):
        w.on_line[queue] -= 1
        leaves(w, c, row)
        free_line(w, c)
        makes_request(w, c, day, row, now)
    else:
        gone = w.f[JOINED, row] + patience_at(w, day, row)
        if gone < math.inf:
            may(w, gone, PATIENCE_ENDS, row)


@kernel(inner=True)
def makes_request(w, c, day, row, now):
    """From now on this is a request: in line at its place, for idle agents, or for later."""
    queue, f = w.i[QUEUE, row], w.f
    f[REQUESTED, row] = now
    if c.callbacks.place[queue] == LATER:
        f[STANDS, row] = now + c.callbacks.after[queue]
        w.i[ORDER, row] = NONE
        will(w, f[STANDS, row], CALLBACK_DUE, row)
        return
    if c.callbacks.place[queue] == IDLE:
        f[STANDS, row] = now
    seeks(w, c, day, row, now)


@kernel(inner=True)
def falls_due(w, c, day, row, now):
    """A request may be dialled from now on, unless it was dropped meanwhile."""
    if w.i[OUTCOME, row] != NONE:
        return
    if w.i[ORDER, row] == NONE:
        w.i[ORDER, row] = w.n[ORDERS]
        w.n[ORDERS] += 1
    seeks(w, c, day, row, now)


@kernel(inner=True)
def seeks(w, c, day, row, now):
    """A request looks for an agent, or stands in line for one."""
    queue = w.i[QUEUE, row]
    if c.callbacks.place[queue] == IDLE:
        reserve = w.reserve[queue]
        place = choose_group_for_idle(queue, reserve, c.group_start, c.groups, c.prefer, w.free_since, w.free)
    else:
        place = choose_group(queue, c.group_start, c.groups, c.prefer, w.free_since)
    if place < 0:
        stands(w, c, row)
    else:
        longest_free_goes(w, c.groups[place])
        dial(w, c, day, row, place, now)


@kernel(inner=True)
def dial(w, c, day, row, place, now):
    i = w.i
    i[PLACE, row] = place
    i[DIALS, row] += 1
    i[HEAPED, row] = DIALLING
    w.f[TAKEN, row] = now
    will(w, now + c.callbacks.ring[i[QUEUE, row]], RING_END, row)


DIALLING = -2  # in HEAPED: a request that is being dialled is not dropped at closing


@kernel(inner=True)
def ring_ends(w, c, day, row, seed, replication, now):
    """The customer picks up, or the agent is free again and the request goes back or fails."""
    i, queue = w.i, w.i[QUEUE, row]
    stream = c.demand.streams[i[HOME, row]]
    reached = u(seed, stream, replication, i[CUSTOMER, row], i[NEED, row], i[DIALS, row] - 1, REACHED)
    i[HEAPED, row] = NONE
    if reached < c.callbacks.reached[queue]:
        i[OUTCOME, row] = CALLED_BACK
        w.f[CONNECTED, row] = now
        w.pending[queue] -= 1
        if w.n[CLOSED]:
            send_home(w, c, now)
        talks(w, c, day, row, i[PLACE, row], now)
        return
    failed = i[DIALS, row] == c.callbacks.attempts[queue] or is_dropped(w, c, queue)
    if failed:
        fails(w, c, row, now)
    group, since = c.groups[i[PLACE, row]], w.f[TAKEN, row]
    add_span(w.hours[BUSY, group], since, now, c.warm_up, c.interval, 1.0)
    add_span(w.hours[UNREACHED, group], since, now, c.warm_up, c.interval, 1.0)
    comes_free(w, c, day, group, now)
    if not failed:
        will(w, now + c.callbacks.retry_after[queue], CALLBACK_DUE, row)


@kernel(inner=True)
def fails(w, c, row, now):
    w.i[OUTCOME, row] = CALL_FAILED
    w.pending[w.i[QUEUE, row]] -= 1
    if w.n[CLOSED]:
        send_home(w, c, now)


# The day


@kernel(inner=True)
def still_needed(w, c, group):
    """Whether something waits or is pending in a closed queue that finishes and that the group serves."""
    for place in range(c.queue_start[group], c.queue_start[group + 1]):
        queue = c.queues[place]
        if c.at_close[queue] == FINISH and (w.on_line[queue] or w.pending[queue]):
            return True
    return False


@kernel(inner=True)
def send_home(w, c, now):
    """After closing, groups for whom nothing waits any more are wanted no longer."""
    for group in range(w.free.size):
        if w.teams[WANTED, group] and not still_needed(w, c, group):
            set_wanted(w, c, group, 0, now)


@kernel(inner=True)
def staffing_changes(w, c, day, index, now):
    """Bring every group to its new staffing, then let those who may take more look for contacts."""
    for group in range(w.free.size):
        count_time(w, c, group, now)
        w.teams[PLANNED, group] = c.staffing[group, index]
        set_wanted(w, c, group, c.staffing[group, index], now)
    for group in range(w.free.size):
        look(w, c, day, group, now)


@kernel(inner=True)
def closes(w, c, day, now):
    """From this instant nobody new is let in; only groups that still have callers to serve stay."""
    w.n[CLOSED] = 1
    w.reserve[:] = 0
    for queue in range(c.balks.size):
        line_changed(w, c, queue)
    for group in range(w.free.size):
        count_time(w, c, group, now)
        w.teams[PLANNED, group] = 0
        set_wanted(w, c, group, w.teams[LAST, group] if still_needed(w, c, group) else 0, now)
    for group in range(w.free.size):
        look(w, c, day, group, now)
    send_home(w, c, now)


@kernel(inner=True)
def is_dropped(w, c, queue):
    """Whether the queue has closed and cuts off whoever is left: it drops them, or nobody can ever answer."""
    if not w.n[CLOSED]:
        return False
    if c.at_close[queue] == DROP:
        return True
    for place in range(c.group_start[queue], c.group_start[queue + 1]):
        if w.teams[LAST, c.groups[place]]:
            return False
    return True


@kernel(inner=True)
def end_of_hours(w, c, now):
    """Cut off those who wait, and requests that are not being dialled, in the queues that drop them."""
    for queue in range(c.balks.size):
        if not is_dropped(w, c, queue):
            continue
        row = w.head[queue]
        while row != NONE:
            after = w.i[NEXT, row]
            if not is_request(w, row):
                w.i[OUTCOME, row] = CUT_OFF
                w.f[WAIT, row] = now - w.f[JOINED, row]
                w.on_line[queue] -= 1
                leaves(w, c, row)
                call_off(w, row)
                free_line(w, c)
            row = after
        if w.pending[queue]:
            drop_requests(w, c, queue, now)
    send_home(w, c, now)


@kernel(inner=True)
def drop_requests(w, c, queue, now):
    """Requests of a queue fail at once, in line or not yet due."""
    queues = c.balks.size
    for line in (queue, queue + queues):
        row = w.head[line]
        while row != NONE:
            after = w.i[NEXT, row]
            leaves(w, c, row)
            fails(w, c, row, now)
            row = after
    for row in range(w.n[ROWS]):
        waiting = w.i[OUTCOME, row] == NONE and w.i[HEAPED, row] != DIALLING
        if w.i[QUEUE, row] == queue and waiting and is_request(w, row):
            fails(w, c, row, now)


@kernel(inner=True)
def opens(w, c, day):
    """Clear the floor before a replication."""
    n, teams = w.n, w.teams
    n[:] = 0
    n[ROWS] = day.start[day.start.size - 1] - day.start[0]
    teams[:] = 0
    w.hours[:] = 0.0
    for group in range(w.free.size):
        w.free[group], w.free_since[group], w.counted_to[group] = 0, math.inf, 0.0
        for index in range(c.staffing.shape[1]):
            if c.staffing[group, index]:
                teams[LAST, group] = c.staffing[group, index]
    for queue in range(c.balks.size):
        w.next_row[queue] = day.start[queue]
        w.on_line[queue] = w.pending[queue] = 0
        w.first[queue] = w.idle_first[queue] = math.inf
        w.reserve[queue] = c.callbacks.reserve[queue]
        if c.callbacks.offer[queue] != NO_OFFER:
            n[WITH_CALLBACKS] = 1
    w.head[:] = NONE
    w.tail[:] = NONE
    w.length[:] = 0


@kernel(inner=True)
def next_change(c, index):
    """The next interval from `index` on at which some staffing changes; the number of intervals if none."""
    count = c.staffing.shape[1]
    while index < count:
        for group in range(c.staffing.shape[0]):
            if index == 0 or c.staffing[group, index] != c.staffing[group, index - 1]:
                return index
        index += 1
    return count


@kernel(inner=True)
def next_queue(w, day):
    """The queue whose customer arrives next, the earlier in the file on a tie; -1 when all have come."""
    best, soonest = -1, math.inf
    for queue in range(w.next_row.size):
        row = w.next_row[queue]
        if row < day.start[queue + 1] and day.arrived[row] < soonest:
            best, soonest = queue, day.arrived[row]
    return best


@kernel(inner=True)
def happens(w, c, day, kind, row, seed, replication, now):
    """Carry out a moment that always comes; False if there is no row left for a redial."""
    if kind == HAND_SHORTENS:
        hand_shortens(w, c, day, row, now)
    elif kind == TALK_END:
        talk_ends(w, row)
    elif kind == RING_END:
        ring_ends(w, c, day, row, seed, replication, now)
    elif kind == CALLBACK_DUE:
        falls_due(w, c, day, row, now)
    elif kind == REDIALS:
        return arrives(w, c, day, row, seed, replication, now)
    else:
        end_of_hours(w, c, now)
    return True


@kernel(lean=True, big=True)
def run(work, centre, dealt, seed, replication):
    """Play one day; False if it has more redials than there are rows for."""
    w, c, day = handle(work), handle(centre), handle(dealt)
    opens(w, c, day)
    n, count, enough = w.n, c.staffing.shape[1], True
    index = next_change(c, 0)
    queue = next_queue(w, day)
    w.sure_moment[0], w.sure_key[0], w.sure_row[0] = c.horizon, END_OF_HOURS << KIND_SHIFT, NONE
    n[SURE] = 1
    while enough:
        moment, key, source = math.inf, 0, 0
        if queue >= 0:
            row = w.next_row[queue]
            moment = day.arrived[row]
            key = FIRST_ARRIVAL << KIND_SHIFT
            source = 1
        if n[SURE] and (w.sure_moment[0] < moment or (w.sure_moment[0] == moment and w.sure_key[0] < key)):
            moment, key, source = w.sure_moment[0], w.sure_key[0], 2
        if n[UNSURE] and (
            w.unsure_moment[0] < moment or (w.unsure_moment[0] == moment and w.unsure_key[0] < key)
        ):
            moment, key, source = w.unsure_moment[0], w.unsure_key[0], 3
        if index <= count and index * c.interval <= moment:
            now = index * c.interval
            if index == count:
                closes(w, c, day, c.horizon)
                index += 1
            else:
                staffing_changes(w, c, day, index, now)
                index = next_change(c, index + 1)
        elif source == 1:
            own = w.next_row[queue] - day.start[0]
            new_row(w, own, queue, w.next_row[queue] - day.start[queue], 0, moment)
            w.next_row[queue] += 1
            enough = arrives(w, c, day, own, seed, replication, moment)
            queue = next_queue(w, day)
        elif source == 2:
            row = w.sure_row[0]
            n[HOLE] = 1
            enough = happens(w, c, day, key >> KIND_SHIFT, row, seed, replication, moment)
            close_hole(w)
        elif source == 3:
            row = w.unsure_row[0]
            call_off(w, row)
            if key >> KIND_SHIFT == PATIENCE_ENDS:
                enough = patience_ends(w, c, day, row, seed, replication, moment)
            else:
                has_waited(w, c, day, row, seed, replication, moment)
        else:
            break
    return enough


_kept = threading.local()


def workspace(centre: Centre, rows: int) -> Work:
    """This thread's workspace for days of so many contacts, made anew where the last one does not fit."""
    shape = (centre.balks.size, *centre.staffing.shape, int(centre.staffing.max(initial=0)))
    if getattr(_kept, "shape", None) != shape or _kept.work.f.shape[1] < rows:
        _kept.shape, _kept.work, _kept.with_callbacks = shape, _new_workspace(centre, rows), False
    work: Work = _kept.work
    with_callbacks = bool((centre.callbacks.offer != NO_OFFER).any())
    if _kept.with_callbacks and not with_callbacks:  # plans without any never touch these columns
        work.f[OFFERED : CONNECTED + 1] = math.nan
        work.i[DIALS] = 0
    _kept.with_callbacks = with_callbacks
    return work


def room(start: np.ndarray) -> int:
    """Rows for the longest of some days and a good number of redials; start: int64 (…, queues + 1)."""
    return int(1.3 * (start[..., -1] - start[..., 0]).max(initial=0)) + 64


def play(centre: Centre, day: Day, seed: int, replication: int) -> Records:
    """Play one dealt day in one centre: the same records, to the last bit, as the reference engine's."""
    work = workspace(centre, room(day.start))
    while not run(work, centre, day, seed, replication):
        work = workspace(centre, 2 * work.f.shape[1])
    rows = int(work.n[ROWS])
    return from_tables(work.f[:, :rows], work.i[:, :rows], work.hours)
