"""Who serves whom: small functions that both engines call."""

import math

import numpy as np

from sim.jit import kernel
from sim.model.centre import ALWAYS, BY_ESTIMATED_WAIT, BY_QUEUE_LENGTH


@kernel(lean=True)
def choose_group(
    queue: int, start: np.ndarray, groups: np.ndarray, prefer: np.ndarray, free_since: np.ndarray
) -> int:
    """The group for a contact: lowest prefer, then longest free, then file order; the place in the list, or -1.

    start, groups, prefer: the centre's skills by queue; free_since: float64 (groups,), the moment since
    which the longest-free agent of each group is free, infinite where nobody is.
    """
    best = -1
    for place in range(start[queue], start[queue + 1]):
        since = free_since[groups[place]]
        if since == math.inf:
            continue
        if (
            best < 0
            or prefer[place] < prefer[best]
            or (prefer[place] == prefer[best] and since < free_since[groups[best]])
        ):
            best = place
    return best


@kernel(lean=True)
def choose_queue(
    group: int, start: np.ndarray, queues: np.ndarray, level: np.ndarray, first: np.ndarray
) -> int:
    """The queue for an agent: lowest level, then smallest joined − head start, then file order; or -1.

    start, queues, level: the centre's skills by group; first: float64 (queues,), joined − head start of each
    queue's first contact, infinite where nobody waits.
    """
    best = -1
    for place in range(start[group], start[group + 1]):
        key = first[queues[place]]
        if key == math.inf:
            continue
        if (
            best < 0
            or level[place] < level[best]
            or (level[place] == level[best] and key < first[queues[best]])
        ):
            best = place
    return -1 if best < 0 else queues[best]


@kernel(lean=True)
def choose_group_for_idle(
    queue: int,
    reserve: int,
    start: np.ndarray,
    groups: np.ndarray,
    prefer: np.ndarray,
    free_since: np.ndarray,
    free: np.ndarray,
) -> int:
    """As `choose_group`, for a request that leaves `reserve` agents of the group free; free: int64 (groups,)."""
    best = -1
    for place in range(start[queue], start[queue + 1]):
        group = groups[place]
        if free[group] <= reserve:
            continue
        if best < 0 or prefer[place] < prefer[best]:
            best = place
        elif prefer[place] == prefer[best] and free_since[group] < free_since[groups[best]]:
            best = place
    return best


@kernel(lean=True)
def choose_idle_request(
    group: int, free: int, start: np.ndarray, queues: np.ndarray, reserve: np.ndarray, first: np.ndarray
) -> int:
    """The queue whose longest-standing `idle` request an agent of the group dials, or -1.

    free: agents of the group that are free, this one included; reserve: int64 (queues,); first: float64
    (queues,), the moment of each queue's oldest such request, infinite where there is none.
    """
    best = -1
    for place in range(start[group], start[group + 1]):
        queue = queues[place]
        if first[queue] < math.inf and free > reserve[queue] and (best < 0 or first[queue] < first[best]):
            best = queue
    return best


@kernel(lean=True)
def estimated_wait(ahead: int, mean_handle: float, agents: int) -> float:
    """What a caller is told: everybody ahead and this one, times the mean handle time, shared by the agents."""
    return math.inf if agents == 0 else (ahead + 1) * mean_handle / agents


@kernel(lean=True)
def is_offered(rule: int, threshold: float, estimate: float, on_line: int) -> bool:
    """Whether a joining caller who cannot be answered is offered a callback now."""
    if rule == BY_ESTIMATED_WAIT:
        return estimate >= threshold
    if rule == BY_QUEUE_LENGTH:
        return on_line >= threshold
    return rule == ALWAYS
