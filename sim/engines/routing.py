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


# The routing rules, one function each. By `by_level` and `shortest_delay` an agent takes the first contact of the
# lowest level, by the others that of the highest score; by `shortest_delay` alone groups are ranked otherwise than
# by `prefer`.


@kernel(lean=True)
def by_level(group: int, start: np.ndarray, queues: np.ndarray, level: np.ndarray, first: np.ndarray) -> int:
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
def longest_wait(now: float, first: float) -> float:
    """The score of a queue over all levels: how long its first contact waits; first: its joined − head start."""
    return now - first


@kernel(lean=True)
def longest_queue(standing: int) -> float:
    """The score of a queue: how many stand there."""
    return float(standing)


@kernel(lean=True)
def weighted(base: float, weight: float, waited: float) -> float:
    """The score of a queue: base + weight × the seconds that its first contact has waited, both those of the skill."""
    return base + weight * waited


@kernel(lean=True)
def shortest_delay(factor: float, slowdown: float) -> float:
    """The rank of a group for a contact: how many times as long as usual talk and wrap would last there.

    factor: the skill's `handle_factor`; slowdown: the one for the hand that would take it.
    """
    return factor * slowdown


@kernel(lean=True)
def score(
    rule: int, now: float, first: float, since: float, standing: int, base: float, weight: float
) -> float:
    """How much a queue wants an agent under the rules that go by a score.

    first: joined − head start of its first contact; since: the moment since which that stands there; standing: how
    many stand there; base, weight: those of the skill.
    """
    if rule == LONGEST_WAIT:
        return longest_wait(now, first)
    if rule == LONGEST_QUEUE:
        return longest_queue(standing)
    return weighted(base, weight, now - since)


@kernel(lean=True)
def choose_highest(group: int, start: np.ndarray, queues: np.ndarray, scores: np.ndarray) -> int:
    """The queue for an agent by score, the highest, then file order; a skill, or -1 if all are −∞."""
    best = -1
    for skill in range(start[group], start[group + 1]):
        found = scores[queues[skill]]
        if found > -math.inf and (best < 0 or found > scores[queues[best]]):
            best = skill
    return best


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
