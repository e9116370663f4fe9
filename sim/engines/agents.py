"""The compiled engine's agents: who is free, whose hand takes one contact more, and where their time goes.

In most groups an agent holds one contact at a time. There it is enough to know since when the free ones are free:
a ring of moments. In the other groups (`hands`) every agent has a place of its own, with the contacts in its hand.
"""

import math

from sim.engines.calendar import HAND_SHORTENS, TALK_END, call_off, might
from sim.engines.routing import FIRST, NOT_NOW, hand_allows
from sim.engines.work import (
    AGENT,
    BESIDE_IT,
    BUSY,
    DIALLING,
    FACTOR,
    HEAD,
    IS_FINISHING,
    NONE,
    ON_DUTY,
    OVERTIME,
    PAUSED,
    PLACE,
    PLANNED,
    PRESENT,
    REST,
    STATE,
    TALKING,
    TURNS,
    WANTED,
    WRAPPING,
)
from sim.jit import kernel
from sim.model.centre import add_span
from sim.model.records import RELEASED, TALK_ENDED


@kernel(often=True)
def is_free_from(w, group, now):
    """An agent is free from now on: the last in the ring."""
    ring = w.ring[group]
    place = w.teams[HEAD, group] + w.free[group]
    ring[place if place < ring.size else place - ring.size] = now
    w.free[group] += 1
    if w.free[group] == 1:
        w.free_since[group] = now


@kernel(often=True)
def longest_free_goes(w, group):
    """The agent who has been free longest is not free any more."""
    ring, teams = w.ring[group], w.teams
    teams[HEAD, group] += 1
    if teams[HEAD, group] == ring.size:
        teams[HEAD, group] = 0
    w.free[group] -= 1
    w.free_since[group] = ring[teams[HEAD, group]] if w.free[group] else math.inf


@kernel(often=True)
def last_freed_goes(w, group):
    """The agent who came free last is not free any more."""
    w.free[group] -= 1
    if w.free[group] == 0:
        w.free_since[group] = math.inf


@kernel
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


@kernel
def set_wanted(w, c, group, number, now):
    """Free agents leave, longest free first, or new ones come; busy ones beyond the number leave later."""
    teams = w.teams
    count_time(w, c, group, now)
    teams[WANTED, group] = number
    if c.hands[group]:
        set_wanted_by_name(w, group, number, now)
        return
    while teams[PRESENT, group] > number and w.free[group]:
        longest_free_goes(w, group)
        teams[PRESENT, group] -= 1
    while teams[PRESENT, group] < number:
        is_free_from(w, group, now)
        teams[PRESENT, group] += 1


# Groups whose agents may hold several contacts


@kernel(seldom=True)
def set_wanted_by_name(w, group, number, now):
    """The same where every agent has a place of its own."""
    teams = w.teams
    while teams[PRESENT, group] > number and w.free[group]:
        w.held[longest_free(w, group)] = -1
        w.free[group] -= 1
        teams[PRESENT, group] -= 1
    place = w.agent_start[group]
    while teams[PRESENT, group] < number:
        while w.held[place] >= 0:
            place += 1
        w.held[place], w.hand[place] = 0, NONE
        takes_turn(w, place, now)
        w.free[group] += 1
        teams[PRESENT, group] += 1
    note_free(w, group)


@kernel
def takes_turn(w, agent, now):
    """The agent has just finished something, or come on duty."""
    w.n[TURNS] += 1
    w.turn[agent], w.finished[agent] = w.n[TURNS], now


@kernel
def longest_free(w, group):
    """The agent with an empty hand who finished first; -1 if there is none."""
    best = NONE
    for agent in range(w.agent_start[group], w.agent_start[group + 1]):
        if w.held[agent] == 0 and (best < 0 or w.turn[agent] < w.turn[best]):
            best = agent
    return best


@kernel
def note_free(w, group):
    """Since when the longest-free agent is free."""
    best = longest_free(w, group)
    w.free_since[group] = w.finished[best] if best >= 0 else math.inf


@kernel
def order_of(w, agent):
    """What agents are ordered by: the shorter hand first, then who has finished something longer ago."""
    return w.held[agent] << 48 | w.turn[agent]


@kernel(seldom=True)
def last_surplus(w, group):
    """The order of the last agent who is beyond the staffing, those with the shortest hands being; -1 if none is.

    Found by halving, as in Hoare, "Algorithm 65: find", CACM 4 (1961).
    """
    beyond = w.teams[PRESENT, group] - w.teams[WANTED, group]
    if beyond <= 0:
        return -1
    orders, count = w.orders, 0
    for agent in range(w.agent_start[group], w.agent_start[group + 1]):
        if w.held[agent] >= 0:
            orders[count] = order_of(w, agent)
            count += 1
    wanted, low, high = min(beyond, count) - 1, 0, count - 1
    while low < high:
        pivot, left, right = orders[(low + high) >> 1], low, high
        while left <= right:
            while orders[left] < pivot:
                left += 1
            while orders[right] > pivot:
                right -= 1
            if left <= right:
                orders[left], orders[right] = orders[right], orders[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    return orders[wanted] if count else -1


@kernel
def is_surplus(w, group, agent):
    """Whether an agent is beyond the staffing: then it takes nobody new."""
    beyond = w.teams[PRESENT, group] - w.teams[WANTED, group]
    return beyond > 0 and order_of(w, agent) <= last_surplus(w, group)


@kernel
def is_interruptible(w, c, row):
    return c.interruptible[w.i[PLACE, row]] and w.i[STATE, row] != DIALLING


@kernel
def all_interruptible(w, c, agent):
    """Whether everything in a hand may be put aside."""
    row = w.hand[agent]
    while row != NONE:
        if not is_interruptible(w, c, row):
            return False
        row = w.i[BESIDE_IT, row]
    return True


@kernel
def hand_takes(w, c, agent, place):
    """What the agent's hand says to a contact of a skill: NOT_NOW, BESIDE or FIRST."""
    held, least, row = w.held[agent], 1 << 30, w.hand[agent]
    while row != NONE:
        least = min(least, c.at_once[w.i[PLACE, row]])
        row = w.i[BESIDE_IT, row]
    return hand_allows(held, least, all_interruptible(w, c, agent), c.at_once[place], c.interruptible[place])


@kernel(seldom=True)
def best_hand(w, c, group, place):
    """The agent for a contact of a skill: the shortest hand, then the longest since finishing; -1 if none may."""
    best, beyond = NONE, last_surplus(w, group)
    for agent in range(w.agent_start[group], w.agent_start[group + 1]):
        order = order_of(w, agent)
        if w.held[agent] < 0 or order <= beyond or (best >= 0 and order_of(w, best) < order):
            continue
        if hand_takes(w, c, agent, place) != NOT_NOW:
            best = agent
    return best


@kernel(seldom=True)
def takes_in_hand(w, c, row, place, agent, now):
    """Add a contact to a hand, what is in it put aside or slowed down; its factor on talk and wrap is fixed."""
    i, group = w.i, c.groups[place]
    if hand_takes(w, c, agent, place) == FIRST:
        other = w.hand[agent]
        while other != NONE:
            pauses(w, other, now)
            other = i[BESIDE_IT, other]
    if w.held[agent] == 0:
        w.busy_since[agent] = now
        w.free[group] -= 1
    w.held[agent] += 1
    i[BESIDE_IT, row], w.hand[agent] = w.hand[agent], row
    i[AGENT, row] = agent
    first, end = c.slow_start[place], c.slow_start[place + 1]
    slow = c.slowdown[min(first + w.held[agent] - 1, end - 1)]
    w.f[FACTOR, row] = c.factor[place] * slow
    note_free(w, group)


@kernel
def pauses(w, row, now):
    """Put a contact aside: what is left of its talk, or of its wrap-up, is kept."""
    i, f = w.i, w.f
    if i[STATE, row] == TALKING:
        f[REST, row] = f[TALK_ENDED, row] - now
        i[STATE, row] = TALKING + PAUSED
        call_off(w, row)
    elif i[STATE, row] == WRAPPING:
        f[REST, row] = f[RELEASED, row] - now
        i[STATE, row] = WRAPPING + PAUSED
        call_off(w, row)


@kernel(seldom=True)
def resumes(w, c, agent, now):
    """Go on with what was put aside once nothing else is in the hand."""
    i, f, row = w.i, w.f, w.hand[agent]
    if row == NONE or not all_interruptible(w, c, agent):
        return
    while row != NONE:
        if i[STATE, row] == TALKING + PAUSED:
            i[STATE, row] = TALKING
            f[TALK_ENDED, row] = now + f[REST, row]
            might(w, f[TALK_ENDED, row], TALK_END, row)
        elif i[STATE, row] == WRAPPING + PAUSED:
            i[STATE, row] = WRAPPING
            f[RELEASED, row] = now + f[REST, row]
            might(w, f[RELEASED, row], HAND_SHORTENS, row)
        row = i[BESIDE_IT, row]


@kernel(seldom=True)
def leaves_hand(w, c, row, now):
    """A contact is out of its agent's hand: the agent has finished something, and may be free."""
    i = w.i
    agent, group = int(i[AGENT, row]), c.groups[i[PLACE, row]]
    if w.hand[agent] == row:
        w.hand[agent] = i[BESIDE_IT, row]
    else:
        before = w.hand[agent]
        while i[BESIDE_IT, before] != row:
            before = i[BESIDE_IT, before]
        i[BESIDE_IT, before] = i[BESIDE_IT, row]
    w.held[agent] -= 1
    takes_turn(w, agent, now)
    if w.held[agent] == 0:
        add_span(w.hours[BUSY, group], w.busy_since[agent], now, c.warm_up, c.interval, 1.0)
        if w.teams[PRESENT, group] > w.teams[WANTED, group]:
            count_time(w, c, group, now)
            w.teams[PRESENT, group] -= 1
            w.held[agent] = -1
        else:
            w.free[group] += 1
            note_free(w, group)
    return agent


@kernel(often=True)
def is_void(w, c, group):
    """Whether reserves do not hold in a group: it only finishes what is left in closed queues."""
    return w.teams[IS_FINISHING, group] == 1
