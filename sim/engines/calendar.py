"""The compiled engine's calendar: a heap of moments that always come, and one of those that may be called off.

Ties are told apart by one integer, the key, that spells out the total order: kind, home queue, customer, need,
attempt.
"""

from sim.engines.work import HEAPED, HOLE, NONE, SURE, UNSURE
from sim.jit import kernel
from sim.model.records import ATTEMPT, CUSTOMER, HOME, NEED

# Kinds of moments, in the order in which they happen at the same instant
(
    STAFFING, TALK_END, RING_END, HAND_SHORTENS, PATIENCE_ENDS, END_OF_HOURS, WAITED_OFFER, OVERFLOW, CALLBACK_DUE,
    IVR_END, REDIALS, FIRST_ARRIVAL,
) = range(12)  # fmt: skip
KIND_SHIFT, HOME_SHIFT, CUSTOMER_SHIFT, NEED_SHIFT = 59, 49, 22, 14


@kernel(often=True)
def key_of(w, kind, row):
    """The integer by which moments of the same instant are ordered."""
    i = w.i
    who = (
        int(i[HOME, row]) << HOME_SHIFT
        | int(i[CUSTOMER, row]) << CUSTOMER_SHIFT
        | int(i[NEED, row]) << NEED_SHIFT
        | int(i[ATTEMPT, row])
    )
    return kind << KIND_SHIFT | who


@kernel(often=True)
def will(w, moment, kind, row):
    """Put a moment that always comes on the calendar; it takes the place of the one just happening, if any."""
    enters(w, moment, key_of(w, kind, row), row)


@kernel(often=True)
def enters(w, moment, key, row):
    """The same with a key of one's own."""
    moments, keys, rows, n = w.sure_moment, w.sure_key, w.sure_row, w.n
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


@kernel(often=True)
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


@kernel(often=True)
def close_hole(w):
    """Take the moment that has happened off the calendar, unless another took its place."""
    n = w.n
    if n[HOLE]:
        n[HOLE] = 0
        n[SURE] -= 1
        last = n[SURE]
        if last > 0:
            moments, keys, rows = w.sure_moment, w.sure_key, w.sure_row
            sink(moments, keys, rows, last, moments[last], keys[last], rows[last])


@kernel(often=True)
def set_unsure(w, place, moment, key, row):
    w.unsure_moment[place], w.unsure_key[place], w.unsure_row[place] = moment, key, row
    w.i[HEAPED, row] = place


@kernel(often=True)
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


@kernel(often=True)
def may(w, moment, kind, row):
    """Put a moment that may be called off on the calendar; a row has at most one."""
    place = w.n[UNSURE]
    w.n[UNSURE] += 1
    rise_unsure(w, place, moment, key_of(w, kind, row), row)


@kernel(seldom=True)
def might(w, moment, kind, row):
    """The same off the common way, where its many lines need not stand once more."""
    may(w, moment, kind, row)


@kernel(often=True)
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
