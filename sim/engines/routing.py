"""Who serves whom: small functions that both engines call."""

import math

import numpy as np

from sim.errors import InputError
from sim.jit import kernel
from sim.model.centre import ALWAYS, BY_ESTIMATED_WAIT, BY_QUEUE_LENGTH, LONGEST_QUEUE, LONGEST_WAIT

NOT_NOW, BESIDE, FIRST = range(3)  # what a hand says to one contact more: no; beside the others; they pause


@kernel(lean=True)
def choose_group(
    queue: int,
    start: np.ndarray,
    groups: np.ndarray,
    rank: np.ndarray,
    free_since: np.ndarray,
    able: np.ndarray,
) -> int:
    """The group for a contact: lowest rank, then longest free, then file order; the place in the list, or -1.

    start, groups: the centre's skills by queue; beside them rank: float64, `prefer` (or how long the contact would
    take there), and able: int64, whether somebody there may take it; free_since: float64 (groups,), the moment
    since which the longest-free agent of each group is free, infinite where nobody is.
    """
    best = -1
    for place in range(start[queue], start[queue + 1]):
        if able[place] and (
            best < 0
            or rank[place] < rank[best]
            or (rank[place] == rank[best] and free_since[groups[place]] < free_since[groups[best]])
        ):
            best = place
    return best


@kernel(lean=True)
def choose_queue(
    group: int, start: np.ndarray, queues: np.ndarray, level: np.ndarray, first: np.ndarray
) -> int:
    """The queue for an agent: lowest level, then smallest joined − head start, then file order; a skill, or -1.

    start, queues, level: the centre's skills by group; first: float64 (queues,), joined − head start of each
    queue's first contact, infinite where nobody waits that the agent may take.
    """
    best = -1
    for skill in range(start[group], start[group + 1]):
        key = first[queues[skill]]
        if key == math.inf:
            continue
        if (
            best < 0
            or level[skill] < level[best]
            or (level[skill] == level[best] and key < first[queues[best]])
        ):
            best = skill
    return best


@kernel(lean=True)
def choose_highest(group: int, start: np.ndarray, scores: np.ndarray) -> int:
    """The skill of a group with the highest score, the first of several; -1 if all are −∞."""
    best = -1
    for skill in range(start[group], start[group + 1]):
        if scores[skill] > -math.inf and (best < 0 or scores[skill] > scores[best]):
            best = skill
    return best


@kernel(lean=True)
def score(
    rule: int, key: float, since: float, standing: int, base: float, weight: float, now: float
) -> float:
    """How much a queue wants an agent under the rules that go by a score.

    key: joined − head start of its first contact; since: the moment since which that stands there; standing: how
    many stand there; base, weight: those of the skill.
    """
    if rule == LONGEST_WAIT:
        return now - key
    if rule == LONGEST_QUEUE:
        return float(standing)
    return base + weight * (now - since)


@kernel(lean=True)
def choose_idle_request(
    group: int, start: np.ndarray, queues: np.ndarray, first: np.ndarray, able: np.ndarray
) -> int:
    """The skill whose longest-standing `idle` request an agent of the group dials, or -1.

    first: float64 (queues,), the moment of each queue's oldest such request, infinite where there is none; able:
    int64, by skill, whether the agent may.
    """
    best = -1
    for skill in range(start[group], start[group + 1]):
        key = first[queues[skill]]
        if key < math.inf and able[skill] and (best < 0 or key < first[queues[best]]):
            best = skill
    return best


@kernel(lean=True)
def hand_allows(held: int, least: int, all_interruptible: bool, at_once: int, interruptible: int) -> int:
    """Whether a hand takes one contact more: NOT_NOW, BESIDE what is in it, or FIRST while that pauses.

    held: contacts in hand, ringing and paused ones included; least: the smallest `at_once` among them;
    all_interruptible: whether all may be put aside; at_once, interruptible: those of the new contact's skill.
    """
    if held == 0:
        return BESIDE
    if all_interruptible and not interruptible:
        return FIRST
    if at_once > 1 and least > 1 and held < min(least, at_once):
        return BESIDE
    return NOT_NOW


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


def no_number(group: int, queue: int) -> InputError:
    """The error of a rule of the user's own that answered NaN; group, queue: their numbers in the file, from 0."""
    said = f"the rule answered NaN, or failed, for group number {group + 1} and queue number {queue + 1} of the file"
    return InputError(
        f"{said}; it must return a number, −inf for a queue that is not to be served now", path="routing"
    )
