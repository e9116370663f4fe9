"""The compiled engine's waiting lines: who stands where, who is first, and the moments of those who stand.

Lines 0 … queues − 1 are for agents who look, queues … 2 × queues − 1 for those who find nothing there.
"""

import math

from sim.engines.calendar import OVERFLOW, PATIENCE_ENDS, WAITED_OFFER, call_off, may
from sim.engines.work import (
    ASKED,
    BASE,
    LOOKING,
    NEXT,
    NONE,
    NOWHERE,
    ORDER,
    ORDERS,
    OVER,
    PATIENT,
    PREVIOUS,
    PROFILE,
    STANDS,
    STATE,
    UNCOVERED,
    WAITING,
    WITH_CALLBACKS,
    WITH_CLASSES,
)
from sim.jit import kernel
from sim.model.centre import BY_WAITED, FINISH, IDLE
from sim.model.records import JOINED, QUEUE, REQUESTED


@kernel(often=True)
def profile_at(w, row):
    """The queue, or the class within the queue, whose patience, redials and head start a contact has."""
    return w.i[PROFILE, row] if w.n[WITH_CLASSES] else w.i[QUEUE, row]


@kernel(often=True)
def is_request(w, row):
    return w.n[WITH_CALLBACKS] and not math.isnan(w.f[REQUESTED, row])


@kernel(often=True)
def is_served(w, c, queue):
    """Whether contacts of a queue may be taken: while it is open, and afterwards if it finishes."""
    return w.open[queue] or c.at_close[queue] == FINISH


@kernel(often=True)
def line_of(w, c, row):
    queue = w.i[QUEUE, row]
    if c.callbacks.place[queue] == IDLE and is_request(w, row):
        return queue + c.balks.size
    return int(queue)


@kernel(often=True)
def comes_before(w, row, other):
    f, i = w.f, w.i
    if f[STANDS, row] != f[STANDS, other]:
        return f[STANDS, row] < f[STANDS, other]
    return i[ORDER, row] < i[ORDER, other]


@kernel(often=True)
def stands(w, c, row, state, now):
    """Stand where agents look for contacts, by STANDS, then by ORDER; most come last."""
    i, line = w.i, line_of(w, c, row)
    before, after = w.tail[line], NONE
    if before != NONE and comes_before(w, row, before):
        f, first = w.f, w.head[line]
        if f[STANDS, row] - f[STANDS, first] < f[STANDS, before] - f[STANDS, row]:
            after = first
            while comes_before(w, after, row):
                after = i[NEXT, after]
            before = i[PREVIOUS, after]
        else:
            while before != NONE and comes_before(w, row, before):
                after = before
                before = i[PREVIOUS, before]
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
    i[STATE, row] = state
    queue = i[QUEUE, row]
    over, end = c.over_start[queue], c.over_start[queue + 1]
    if over < end:
        while over < end and w.f[BASE, row] + c.over[over] <= now:
            over += 1
        i[OVER, row] = over
    arm(w, c, row)


@kernel(often=True)
def arm(w, c, row):
    """Put the next moment of a contact that stands on the calendar: patience, the offer, the next overflow."""
    queue, f, moment, kind = w.i[QUEUE, row], w.f, math.inf, PATIENCE_ENDS
    if not is_request(w, row):
        moment = max(f[JOINED, row], 0.0) + f[PATIENT, row]
        if c.callbacks.offer[queue] == BY_WAITED and w.i[STATE, row] == WAITING:
            offer = f[JOINED, row] + c.callbacks.threshold[queue]
            if offer < moment:
                moment, kind = offer, WAITED_OFFER
    if c.over_start[queue] < c.over_start[queue + 1] and w.i[OVER, row] < c.over_start[queue + 1]:
        over = f[BASE, row] + c.over[w.i[OVER, row]]
        if over < moment:
            moment, kind = over, OVERFLOW
    if moment < math.inf:
        may(w, moment, kind, row)


@kernel(often=True)
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
    i[STATE, row] = NOWHERE
    if before == NONE:
        queue = i[QUEUE, row]
        w.head[line] = after
        line_changed(w, c, queue)
        if after != NONE and c.over_start[queue] < c.over_start[queue + 1]:
            w.uncovered[queue] = w.n[UNCOVERED] = 1
    else:
        i[NEXT, before] = after
    call_off(w, row)


@kernel(often=True)
def line_changed(w, c, queue):
    """Note the keys by which agents compare this queue's first contacts with others."""
    w.first[queue] = w.idle_first[queue] = math.inf
    if not is_served(w, c, queue):
        return
    front, idle_front = w.head[queue], w.head[queue + c.balks.size]
    if front != NONE:
        w.first[queue] = w.f[STANDS, front] - c.head_start[queue]
    if idle_front != NONE:
        w.idle_first[queue] = w.f[STANDS, idle_front]


@kernel(often=True)
def takes_number(w, row):
    """The order of joining, by which ties in a line are told apart."""
    w.i[ORDER, row] = w.n[ORDERS]
    w.n[ORDERS] += 1


@kernel
def was_asked(w, row):
    """The offer after some waiting is put once."""
    w.i[STATE, row] = ASKED
