"""The compiled engine's floor: the arrays that are used again from replication to replication."""

import math
import threading
from typing import NamedTuple

import numpy as np

from sim.model.centre import NO_OFFER, Centre
from sim.model.records import CLASS_ID, CONNECTED, DIALS, OFFERED, RECORD_FLOATS, RECORD_INTEGERS

# Columns of floats and of integers after those of the records: what the story needs to go on
NEED_ARRIVED, TALK, WRAP, PATIENT, STANDS, BASE, TAKEN, FACTOR, REST, RETELL = range(
    RECORD_FLOATS, RECORD_FLOATS + 10
)
PLACE, NEXT, PREVIOUS, ORDER, HEAPED, THEN, STATE, PROFILE, HOLDS, AGENT, BESIDE_IT, OVER = range(
    RECORD_INTEGERS, RECORD_INTEGERS + 12
)
FLOATS, INTEGERS = RECORD_FLOATS + 10, RECORD_INTEGERS + 12
# What a contact is at
NOWHERE, WAITING, ASKED, DIALLING, TALKING, WRAPPING = range(6)
PAUSED = 8  # added to TALKING or WRAPPING
# Numbers of the floor
(
    SURE, UNSURE, ROWS, ENGAGED, LOOKING, ORDERS, HOLE, WITH_CALLBACKS, WITH_CLASSES, WITH_LINES, LINES, TURNS,
    FINISHING, ENDED, UNCOVERED, WRONG, WRONG_GROUP, WRONG_QUEUE,
) = range(18)  # fmt: skip
# Numbers of a group
PLANNED, WANTED, PRESENT, HEAD, LATEST, EVER, IS_FINISHING, SIMPLE = range(8)
ON_DUTY, OVERTIME, BUSY, UNREACHED = range(4)
NOBODY, NONE = -1, -1


class Work(NamedTuple):
    """The floor while it is played, and the contacts.

    f: float64 (FLOATS, rows); i: int32 (INTEGERS, rows); rows: int32, 0, 1, …; sure_*, unsure_*: the two heaps
    (moment, key, row); n: int64, numbers of the floor; teams: int64 (8, groups); ring: float64 (groups, most agents
    + 1), since when the free ones are free, round and round from HEAD, in groups that hold one contact at a time;
    free, free_since, counted_to: by group; next_row, on_line, pending: int64 by queue; head, tail, length: int64 (2 ×
    queues,), the lines, then those for idle agents; first, idle_first: float64 by queue, by which agents compare
    them; open, easy (any free agent may take any contact), uncovered (another is first in line): int64 by queue;
    present, within (of the roster, before events): int64 (groups, steps); rank, able, own: by place, key: by
    queue, may: by skill, for one decision; own: the factor on talk and wrap of the first contact in hand.
    Agents of groups that may hold several contacts, from agent_start[group] on: held (-1: not here), turn
    (finishing number), finished, busy_since, hand (the row taken last; the others by BESIDE_IT); orders: room
    to sort. hours: float64 (4,
    groups, intervals).
    """

    f: np.ndarray
    i: np.ndarray
    rows: np.ndarray
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
    open: np.ndarray
    easy: np.ndarray
    uncovered: np.ndarray
    present: np.ndarray
    within: np.ndarray
    rank: np.ndarray
    able: np.ndarray
    own: np.ndarray
    key: np.ndarray
    may: np.ndarray
    agent_start: np.ndarray
    held: np.ndarray
    turn: np.ndarray
    finished: np.ndarray
    busy_since: np.ndarray
    hand: np.ndarray
    orders: np.ndarray
    hours: np.ndarray


def _new_workspace(centre: Centre, rows: int) -> Work:
    """Arrays for a day of at most so many contacts, those after the first ones included."""
    queues, (groups, steps) = centre.balks.size, centre.steps.staffing.shape
    most = centre.steps.staffing.max(axis=1, initial=0)
    heap = rows + steps + 4

    def whole(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype=np.int64)

    agents = whole(groups + 1)
    agents[1:] = np.cumsum(np.where(centre.hands > 0, most, 0))
    some = int(agents[groups])
    heaps = [part for _ in range(2) for part in (np.empty(heap), whole(heap), whole(heap))]
    return Work(
        f=np.full((FLOATS, rows), math.nan),
        i=np.zeros((INTEGERS, rows), dtype=np.int32),
        rows=np.arange(rows, dtype=np.int32),
        sure_moment=heaps[0],
        sure_key=heaps[1],
        sure_row=heaps[2],
        unsure_moment=heaps[3],
        unsure_key=heaps[4],
        unsure_row=heaps[5],
        n=whole(18),
        teams=whole(8, groups),
        ring=np.zeros((groups, int(np.where(centre.hands > 0, 0, most).max(initial=0)) + 1)),
        free=whole(groups),
        free_since=np.zeros(groups),
        counted_to=np.zeros(groups),
        next_row=whole(queues),
        on_line=whole(queues),
        pending=whole(queues),
        head=whole(2 * queues),
        tail=whole(2 * queues),
        length=whole(2 * queues),
        first=np.zeros(queues),
        idle_first=np.zeros(queues),
        open=whole(queues),
        easy=whole(queues),
        uncovered=whole(queues),
        present=whole(groups, steps),
        within=whole(groups, steps),
        rank=np.zeros(centre.groups.size),
        able=whole(centre.groups.size),
        own=np.zeros(centre.groups.size),
        key=np.zeros(queues),
        may=whole(centre.queues.size),
        agent_start=agents,
        held=whole(some),
        turn=whole(some),
        finished=np.zeros(some),
        busy_since=np.zeros(some),
        hand=whole(some),
        orders=whole(some),
        hours=np.zeros((4, groups, centre.demand.intervals)),
    )


_kept = threading.local()


def workspace(centre: Centre, rows: int) -> Work:
    """This thread's workspace for days of so many contacts, made anew where the last one does not fit."""
    staffing = centre.steps.staffing
    shape = (
        centre.balks.size, staffing.shape, tuple(staffing.max(axis=1, initial=0)), tuple(centre.hands),
        centre.groups.size, centre.demand.intervals,
    )  # fmt: skip
    if getattr(_kept, "shape", None) != shape or _kept.work.rows.size < rows:
        _kept.shape, _kept.work, _kept.touched = shape, _new_workspace(centre, rows), (False, False)
    work: Work = _kept.work
    used = bool((centre.callbacks.offer != NO_OFFER).any()), centre.demand.class_id.size > 0
    if _kept.touched[0] and not used[0]:  # plans without any never touch these columns
        work.f[OFFERED : CONNECTED + 1] = math.nan
        work.i[DIALS] = 0
    if _kept.touched[1] and not used[1]:
        work.i[CLASS_ID] = 0
    _kept.touched = used
    return work


def room(start: np.ndarray) -> int:
    """Rows for the longest of some days and a good number of redials; start: int64 (…, queues + 1)."""
    return int(1.3 * (start[..., -1] - start[..., 0]).max(initial=0)) + 64
