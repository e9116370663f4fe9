"""The same story as one loop: the reference engine's rules over plain arrays, compiled, without the GIL.

Every contact has a row in two tables of columns (`Work.f` and `Work.i`); rows of first contacts are those of
the Day, later contacts of a customer take rows after them. What is to happen is in four places: the next first
arrival of each queue; a heap of moments that always come (talk and ring ends, hands that shorten, IVR ends, callbacks
due, redials); a heap of moments that may be called off (patience, the offer after some waiting, overflow), with each
row's place in it; and the next step of hours, lines and staffing.

Pieces that take arrays are compiled `lean`: they make none. Where the room for later contacts runs out, the loop
stops and the replication is played again with more: nothing was lost, a replication is a pure function.
"""

import math

from sim.engines.agents import (
    best_hand,
    count_time,
    hand_takes,
    is_free_from,
    is_surplus,
    is_void,
    last_freed_goes,
    leaves_hand,
    longest_free_goes,
    order_of,
    resumes,
    set_wanted,
    takes_in_hand,
)
from sim.engines.calendar import (
    CALLBACK_DUE,
    END_OF_HOURS,
    FIRST_ARRIVAL,
    HAND_SHORTENS,
    IVR_END,
    KIND_SHIFT,
    OVERFLOW,
    PATIENCE_ENDS,
    REDIALS,
    RING_END,
    TALK_END,
    call_off,
    close_hole,
    enters,
    might,
    will,
)
from sim.engines.lines import (
    arm,
    is_request,
    is_served,
    leaves,
    line_changed,
    profile_at,
    stands,
    takes_number,
    was_asked,
)
from sim.engines.routing import (
    NOT_NOW,
    by_level,
    choose_group,
    choose_highest,
    choose_idle_request,
    estimated_wait,
    is_offered,
    no_number,
    score,
    shortest_delay,
)
from sim.engines.work import (
    AGENT,
    ASKED,
    BASE,
    BUSY,
    DIALLING,
    ENDED,
    ENGAGED,
    EVER,
    FACTOR,
    FINISHING,
    HEAPED,
    HOLDS,
    HOLE,
    IS_FINISHING,
    LATEST,
    LINES,
    LOOKING,
    NEED_ARRIVED,
    NEXT,
    NOBODY,
    NONE,
    NOWHERE,
    ORDER,
    OVER,
    PATIENT,
    PLACE,
    PLANNED,
    PRESENT,
    PROFILE,
    RETELL,
    ROWS,
    SIMPLE,
    STANDS,
    STATE,
    SURE,
    TAKEN,
    TALK,
    TALKING,
    THEN,
    UNCOVERED,
    UNREACHED,
    UNSURE,
    WAITING,
    WANTED,
    WITH_CALLBACKS,
    WITH_CLASSES,
    WITH_LINES,
    WRAP,
    WRAPPING,
    WRONG,
    WRONG_GROUP,
    WRONG_QUEUE,
    Work,
    room,
    workspace,
)
from sim.jit import ask, handle, kernel
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
    TRANSFER,
    u,
)
from sim.model.chance import TALK as TALK_NUMBER
from sim.model.chance import WRAP as WRAP_NUMBER
from sim.model.day import Day, duration, patience_of
from sim.model.records import (
    ANSWERED,
    ARRIVED,
    ATTEMPT,
    CLASS_ID,
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
    RELEASED,
    REQUESTED,
    TALK_ENDED,
    WAIT,
    Outcome,
    Records,
    from_tables,
)

__all__ = ["Work", "play", "plays", "room", "workspace"]

DONE, TOO_FEW_ROWS, WRONG_RULE = 1, 0, -1  # what `run` says

ANSWER, ABANDON, BALKING, BLOCK = (
    int(Outcome.ANSWERED),
    int(Outcome.ABANDONED),
    int(Outcome.BALKED),
    int(Outcome.BLOCKED),
)
CALLED_BACK, CALL_FAILED = int(Outcome.CALLBACK_SERVED), int(Outcome.CALLBACK_FAILED)
CUT_OFF, TURNED_AWAY, LEFT_OVER = int(Outcome.UNANSWERED), int(Outcome.CLOSED), int(Outcome.PENDING)
BY_MACHINE, HUNG_UP_ON_IT = int(Outcome.SELF_SERVED), int(Outcome.IVR_HANG_UP)


# Who serves whom


@kernel
def group_may(w, c, place, queue, base, now):
    """Whether an agent of a skill's group may take a contact that looks for one; base: what overflow counts from."""
    group = c.groups[place]
    if w.free[group] == 0 and not c.hands[group]:
        return 0
    if not group_serves(w, c, group, place, queue, base, now):
        return 0
    if w.free[group]:
        return 1
    return 1 if best_hand(w, c, group, place) >= 0 else 0


@kernel(seldom=True)
def group_serves(w, c, group, place, queue, base, now):
    """What does not depend on the agent: the queue's hours, overflow and reserve."""
    if c.overflow[place] > 0.0 and base + c.overflow[place] > now:
        return False
    void = is_void(w, c, group)
    if void and w.open[queue]:
        return False
    return c.reserve[place] == 0 or void or w.free[group] > c.reserve[place]


@kernel(often=True)
def finds_group(w, c, row, queue, base, idle, now):
    """The place in the list of skills of the group for a contact that looks for an agent; -1 if nobody may take it.

    idle: it is a request for agents who are idle.
    """
    if w.easy[queue] and not idle:
        for place in range(c.group_start[queue], c.group_start[queue + 1]):
            w.able[place] = w.free[c.groups[place]]
        return choose_group(queue, c.group_start, c.groups, w.rank, w.free_since, w.able)
    return finds_group_otherwise(w, c, row, queue, base, idle, now)


@kernel(seldom=True)
def finds_group_otherwise(w, c, row, queue, base, idle, now):
    """The same where overflow, reserves, hands or another rule have a say."""
    if not is_served(w, c, queue):
        return NONE
    asks, head = c.rule == OWN and not idle, w.head[queue]
    if asks and head != NONE and head != row:
        return NONE  # the rule has left others standing, who come first
    for place in range(c.group_start[queue], c.group_start[queue + 1]):
        w.able[place] = group_may(w, c, place, queue, base, now)
        if idle and w.able[place]:
            group = c.groups[place]
            if w.free[group] <= c.callbacks.reserve[queue] and not is_void(w, c, group):
                w.able[place] = 0
        if asks and w.able[place]:
            skill = c.queue_start[c.groups[place]]
            while c.place[skill] != place:
                skill += 1
            if wants(w, c, skill, w.f[STANDS, row], max(w.length[queue], 1), now) == -math.inf:
                w.able[place] = 0
        if c.rule == SHORTEST_DELAY and w.able[place]:
            w.rank[place] = delay_there(w, c, place)
    return choose_group(queue, c.group_start, c.groups, w.rank, w.free_since, w.able)


@kernel(seldom=True)
def delay_there(w, c, place):
    """The rank of a group whose agent may take the contact, by the shortest delay."""
    group, held = c.groups[place], 0
    if c.hands[group]:
        held = w.held[best_hand(w, c, group, place)]
    first, end = c.slow_start[place], c.slow_start[place + 1]
    return shortest_delay(c.factor[place], c.slowdown[min(first + held, end - 1)])


@kernel(often=True)
def group_takes(w, c, row, place, now):
    """The right agent of a group takes a contact that looked for one."""
    group = c.groups[place]
    if c.hands[group]:
        takes_in_hand(w, c, row, place, best_hand(w, c, group, place), now)
    else:
        longest_free_goes(w, group)


@kernel
def agent_serves(w, c, group, agent, place, queue, row, now):
    """Whether an agent (-1: any free one) who looks may take this contact."""
    if not group_serves(w, c, group, place, queue, w.f[BASE, row], now):
        return False
    return agent < 0 or hand_takes(w, c, agent, place) != NOT_NOW


@kernel(often=True)
def finds_queue(w, c, group, agent, now):
    """The skill whose first contact an agent (-1: any free one) takes who looks in the lines; -1 if none."""
    if w.teams[SIMPLE, group]:
        return by_level(group, c.queue_start, c.queues, c.level, w.first)
    return finds_queue_otherwise(w, c, group, agent, now)


@kernel(seldom=True)
def finds_queue_otherwise(w, c, group, agent, now):
    """The same where overflow, reserves, hands or another rule have a say."""
    by_score = c.rule != BY_LEVEL and c.rule != SHORTEST_DELAY
    for skill in range(c.queue_start[group], c.queue_start[group + 1]):
        queue, place = c.queues[skill], c.place[skill]
        w.key[queue] = -math.inf if by_score else math.inf
        if w.first[queue] == math.inf:
            continue
        if agent_serves(w, c, group, agent, place, queue, w.head[queue], now):
            w.key[queue] = score_of(w, c, skill, now) if by_score else w.first[queue]
    if by_score:
        return choose_highest(group, c.queue_start, c.queues, w.key)
    return by_level(group, c.queue_start, c.queues, c.level, w.key)


@kernel(seldom=True)
def score_of(w, c, skill, now):
    """How much a rule that is not by level wants the first contact of a skill's queue served; −∞ is not at all."""
    queue, place = c.queues[skill], c.place[skill]
    since, standing = w.f[STANDS, w.head[queue]], w.length[queue]
    if c.rule == OWN:
        return wants(w, c, skill, since, standing, now)
    return score(c.rule, now, w.first[queue], since, standing, c.base[place], c.weight[place])


@kernel(seldom=True)
def wants(w, c, skill, since, standing, now):
    """What the user's own rule says of a group's skill; the first place where it gives no number is noted."""
    group = 0
    while c.queue_start[group + 1] <= skill:
        group += 1
    queue = c.queues[skill]
    answer = ask(c.rule_address, group, queue, c.level[skill], now - since, standing)
    if not math.isnan(answer):
        return answer
    if not w.n[WRONG]:
        w.n[WRONG], w.n[WRONG_GROUP], w.n[WRONG_QUEUE] = 1, group, queue
    return -math.inf


@kernel(seldom=True)
def finds_idle_request(w, c, group, agent, now):
    """The skill of the idle request that an agent dials who has found nothing in the lines; -1 if none."""
    some = False
    for skill in range(c.queue_start[group], c.queue_start[group + 1]):
        queue, place = c.queues[skill], c.place[skill]
        w.may[skill] = 0
        if w.idle_first[queue] == math.inf:
            continue
        if w.free[group] <= c.callbacks.reserve[queue] and not is_void(w, c, group):
            continue
        if agent_serves(w, c, group, agent, place, queue, w.head[queue + c.balks.size], now):
            w.may[skill] = 1
            some = True
    if not some:
        return NONE
    return choose_idle_request(group, c.queue_start, c.queues, w.idle_first, w.may)


@kernel(often=True)
def finds_contact(w, c, day, group, agent, now):
    """An agent who may take more looks: callers and requests in line first, then requests for idle agents.

    agent: -1 where agents hold one contact at a time; then it is a free one, whom the caller takes off the ring.
    """
    if w.n[LOOKING] == 0:
        return False
    skill = finds_queue(w, c, group, agent, now)
    if skill >= 0:
        row = w.head[c.queues[skill]]
    elif w.n[WITH_CALLBACKS]:
        skill = finds_idle_request(w, c, group, agent, now)
        if skill < 0:
            return False
        row = w.head[c.queues[skill] + c.balks.size]
    else:
        return False
    place, queue = c.place[skill], c.queues[skill]
    leaves(w, c, row)
    if agent >= 0:
        takes_in_hand(w, c, row, place, agent, now)
    if is_request(w, row):
        dial(w, c, day, row, place, now)
    else:
        w.on_line[queue] -= 1
        answer(w, c, day, row, place, now)
    return True


@kernel(seldom=True)
def finds_another(w, c, day, group, agent, now):
    """The same off the common way, where its many lines need not stand once more."""
    return finds_contact(w, c, day, group, agent, now)


@kernel(often=True)
def look(w, c, day, group, now):
    """Agents of a group take contacts, shortest hand and longest since finishing first, until nobody finds one."""
    if w.n[LOOKING] == 0:
        return
    if c.hands[group]:
        look_by_name(w, c, day, group, now)
        return
    while w.free[group] and finds_another(w, c, day, group, NONE, now):
        longest_free_goes(w, group)


@kernel(seldom=True)
def look_again(w, c, day, now):
    """Groups to whom contacts of a queue overflow look at those who came first in its line just now."""
    while w.n[UNCOVERED]:
        w.n[UNCOVERED] = 0
        for queue in range(c.balks.size):
            if w.uncovered[queue]:
                w.uncovered[queue] = 0
                for place in range(c.group_start[queue], c.group_start[queue + 1]):
                    if c.overflow[place] > 0.0:
                        look(w, c, day, c.groups[place], now)
    if w.n[FINISHING]:
        send_home(w, c, now)


@kernel(seldom=True)
def look_by_name(w, c, day, group, now):
    """The same where agents may hold several contacts."""
    while True:
        best = NONE
        for skill in range(c.queue_start[group], c.queue_start[group + 1]):
            queue, place = c.queues[skill], c.place[skill]
            for idle in range(2):
                first = w.idle_first[queue] if idle else w.first[queue]
                if first == math.inf:
                    continue
                row = w.head[queue + c.balks.size] if idle else w.head[queue]
                if not group_serves(w, c, group, place, queue, w.f[BASE, row], now):
                    continue
                void = is_void(w, c, group)
                if idle and not void and w.free[group] <= c.callbacks.reserve[queue]:
                    continue
                agent = best_hand(w, c, group, place)
                if agent >= 0 and (best < 0 or order_of(w, agent) < order_of(w, best)):
                    best = agent
        if best < 0:
            return
        if not finds_another(w, c, day, group, best, now) and not others_find(w, c, day, group, best, now):
            return


@kernel(seldom=True)
def others_find(w, c, day, group, agent, now):
    """A rule of the user's own left this agent with nothing: the next ones are asked, one after the other."""
    while True:
        following = NONE
        for other in range(w.agent_start[group], w.agent_start[group + 1]):
            if w.held[other] < 0 or order_of(w, other) <= order_of(w, agent):
                continue
            if following < 0 or order_of(w, other) < order_of(w, following):
                following = other
        if following < 0:
            return False
        if not is_surplus(w, group, following) and finds_another(w, c, day, group, following, now):
            return True
        agent = following


@kernel(often=True)
def comes_free(w, c, day, group, now):
    """An agent's hand empties: a surplus agent leaves; any other looks first, then its colleagues."""
    if w.teams[PRESENT, group] > w.teams[WANTED, group]:
        count_time(w, c, group, now)
        w.teams[PRESENT, group] -= 1
    else:
        is_free_from(w, group, now)
        if finds_contact(w, c, day, group, NONE, now):
            last_freed_goes(w, group)
        if w.n[LOOKING]:
            look(w, c, day, group, now)
    if w.n[FINISHING]:
        send_home(w, c, now)


@kernel(seldom=True)
def hand_lightens(w, c, day, row, group, now):
    """The same where agents may hold several contacts: the agent looks while it finds something, then resumes."""
    agent = leaves_hand(w, c, row, now)
    if w.held[agent] >= 0:
        looks(w, c, day, group, agent, now)
    look(w, c, day, group, now)
    if w.n[FINISHING]:
        send_home(w, c, now)


@kernel(seldom=True)
def looks(w, c, day, group, agent, now):
    """An agent takes contacts until it finds no more, then goes on with what it had laid aside."""
    while not is_surplus(w, group, agent) and finds_another(w, c, day, group, agent, now):
        pass
    resumes(w, c, agent, now)


# The life of a contact


@kernel(often=True)
def is_dealt(day, row):
    return row + day.start[0] < day.start[day.start.size - 1]


@kernel(often=True)
def talk_of(w, day, row):
    """Talk and wrap of a row: dealt for first contacts, kept beside the others."""
    if is_dealt(day, row):
        return day.talk[row + day.start[0]], day.wrap[row + day.start[0]]
    return w.f[TALK, row], w.f[WRAP, row]


@kernel(often=True)
def patience_at(w, day, row):
    """The patience that a contact comes with."""
    return day.patience[row + day.start[0]] if is_dealt(day, row) else w.f[PATIENT, row]


@kernel(often=True)
def need_arrived(w, day, row):
    """When the contact's need arose."""
    return w.f[ARRIVED, row] if is_dealt(day, row) else w.f[NEED_ARRIVED, row]


@kernel
def need_interval(w, c, day, row):
    """The interval in which the contact's need arose."""
    return interval_of(need_arrived(w, day, row), c.interval, c.mean_handle.shape[1])


@kernel(often=True)
def answer(w, c, day, row, place, now):
    f = w.f
    w.i[OUTCOME, row] = ANSWER
    f[ANSWERED, row] = now
    f[WAIT, row] = now - f[JOINED, row]
    talks(w, c, day, row, place, now)


@kernel(often=True)
def talks(w, c, day, row, place, now):
    """Talk, then the agent wraps up; the end of the talk is a moment of its own only where it matters."""
    f, i, group = w.f, w.i, c.groups[place]
    factor = f[FACTOR, row] if c.hands[group] else w.own[place]
    i[GROUP, row] = group
    talk, wrap = talk_of(w, day, row)
    talk_end = now + talk * factor
    released = talk_end + wrap * factor
    f[TALK_ENDED, row], f[RELEASED, row] = talk_end, released
    if c.interruptible[place]:
        i[STATE, row] = TALKING
        might(w, talk_end, TALK_END, row)
    else:
        matters = c.talk_matters[i[QUEUE, row]]
        will(w, talk_end if matters else released, TALK_END if matters else HAND_SHORTENS, row)
    if c.hands[group] or c.talk_matters[i[QUEUE, row]]:
        i[PLACE, row] = place


@kernel(seldom=True)
def talk_ends(w, c, day, row, seed, replication, now):
    """Wrap-up begins; the customer goes, or is transferred, or will come again."""
    f, i, place = w.f, w.i, w.i[PLACE, row]
    if c.interruptible[place]:
        f[RELEASED, row] = now + talk_of(w, day, row)[1] * f[FACTOR, row]
        i[STATE, row] = WRAPPING
        might(w, f[RELEASED, row], HAND_SHORTENS, row)
    else:
        will(w, f[RELEASED, row], HAND_SHORTENS, row)
    queue = i[QUEUE, row]
    first, end = c.transfer_start[queue], c.transfer_start[queue + 1]
    if (first < end or c.repeat_share[queue] > 0.0) and i[NEED, row] + 1 < MOST_NEEDS:
        if first < end:
            uniform = need_chance(w, c, row, TRANSFER, seed, replication)
            for transfer in range(first, end):
                if uniform < c.transfer_until[transfer]:
                    to, retell = c.transfer_to[transfer], c.retell[transfer]
                    return is_transferred(w, c, day, row, to, retell, seed, replication, now)
        free_line(w, row)
        return may_repeat(w, c, day, row, seed, replication, now)
    free_line(w, row)
    return True


@kernel(seldom=True)
def is_transferred(w, c, day, row, to, retell, seed, replication, now):
    """A new need joins another queue at once, with the line it has; False if there is no row left."""
    i = w.i
    again = new_need(w, c, day, row, to, retell, now, seed, replication)
    if again < 0:
        return False
    i[HOLDS, again], i[HOLDS, row] = i[HOLDS, row], 0
    if lets_in(w, c, to):
        return joins_later(w, c, day, again, seed, replication, now)
    is_not_answered(w, again)
    return turned_away(w, c, day, again, TURNED_AWAY, seed, replication, now)


@kernel(seldom=True)
def may_repeat(w, c, day, row, seed, replication, now):
    """A customer who was not helped comes again after some time; False if there is no row left."""
    queue = w.i[QUEUE, row]
    if c.repeat_share[queue] == 0.0:
        return True
    if need_chance(w, c, row, REPEAT, seed, replication) >= c.repeat_share[queue]:
        return True
    uniform = need_chance(w, c, row, REPEAT_DELAY, seed, replication)
    delay = duration(c.delays, REPEAT_TIME, queue, need_interval(w, c, day, row), uniform)
    moment = open_moment(c, queue, now, delay)
    if moment == math.inf:
        return True
    again = new_need(w, c, day, row, queue, 0.0, moment, seed, replication)
    if again < 0:
        return False
    will(w, moment, REDIALS, again)
    return True


@kernel(seldom=True)
def new_need(w, c, day, row, queue, retell, moment, seed, replication):
    """The row of the next need of a contact's customer; -1 if there is none left."""
    i, f, n, need = w.i, w.f, w.n, w.i[NEED, row] + 1
    again = n[ROWS]
    if again == w.rows.size:
        return NONE
    n[ROWS] += 1
    new_row(w, c, again, i[HOME, row], i[CUSTOMER, row], need, 0, queue, i[CLASS_ID, row], moment)
    i[THEN, row] = again
    f[NEED_ARRIVED, again], f[RETELL, again] = moment, retell
    has_talk(w, c, again, seed, replication)
    has_patience(w, c, again, interval_of(moment, c.interval, c.mean_handle.shape[1]), seed, replication)
    return again


@kernel
def has_talk(w, c, row, seed, replication):
    """Talk and wrap of a need that was not dealt, or that is another queue's now; what is told again comes on top."""
    f, queue = w.f, w.i[QUEUE, row]
    index = interval_of(f[NEED_ARRIVED, row], c.interval, c.mean_handle.shape[1])
    talk = need_chance(w, c, row, TALK_NUMBER, seed, replication)
    f[TALK, row] = duration(c.demand.draws, TALK_TIME, queue, index, talk) + f[RETELL, row]
    wrap = need_chance(w, c, row, WRAP_NUMBER, seed, replication)
    f[WRAP, row] = duration(c.demand.draws, WRAP_TIME, queue, index, wrap)


@kernel
def has_patience(w, c, row, index, seed, replication):
    """Every attempt has a patience of its own."""
    profile = profile_at(w, row)
    uniform = chance(w, c, row, PATIENCE, seed, replication)
    w.f[PATIENT, row] = patience_of(c.demand.draws, c.demand.never[profile], profile, index, uniform)


@kernel(often=True)
def hand_shortens(w, c, day, row, now):
    group = w.i[GROUP, row]
    if c.hands[group]:
        hand_shortens_by_name(w, c, day, row, now)
        return
    since = w.f[ANSWERED, row] if w.i[OUTCOME, row] == ANSWER else w.f[TAKEN, row]
    add_span(w.hours[BUSY, group], since, now, c.warm_up, c.interval, 1.0)
    comes_free(w, c, day, group, now)


@kernel(seldom=True)
def hand_shortens_by_name(w, c, day, row, now):
    """The same where agents may hold several contacts."""
    if c.interruptible[w.i[PLACE, row]] and (w.i[STATE, row] != WRAPPING or w.f[RELEASED, row] != now):
        return
    w.i[STATE, row] = NOWHERE
    hand_lightens(w, c, day, row, w.i[GROUP, row], now)


@kernel(often=True)
def new_row(w, c, row, home, customer, need, attempt, queue, class_id, arrived):
    """Fill a contact's row with what it has on arriving; columns that few plans need are touched only by these."""
    f, i, n = w.f, w.i, w.n
    f[ARRIVED, row] = arrived
    i[HOME, row], i[CUSTOMER, row], i[NEED, row], i[ATTEMPT, row], i[QUEUE, row] = (
        home,
        customer,
        need,
        attempt,
        queue,
    )
    i[HEAPED, row], i[THEN, row] = NONE, NONE
    if n[WITH_LINES]:
        i[HOLDS, row] = 0
    if n[WITH_CLASSES]:
        i[CLASS_ID, row] = class_id
        i[PROFILE, row] = c.demand.profile_of[queue, class_id]
    if n[WITH_CALLBACKS]:
        f[OFFERED, row] = f[REQUESTED, row] = f[CONNECTED, row] = math.nan
        i[DIALS, row], i[STATE, row] = 0, NOWHERE


@kernel(often=True)
def is_not_answered(w, row):
    """Whatever comes of it, the contact is not answered at once: nothing of that is known yet."""
    f = w.f
    f[JOINED, row] = f[ANSWERED, row] = f[TALK_ENDED, row] = f[RELEASED, row] = f[WAIT, row] = math.nan
    w.i[OUTCOME, row], w.i[GROUP, row] = NONE, NOBODY


@kernel
def lets_in(w, c, queue):
    """Whether contacts may join: while the queue is open, and into an inbox as long as the days last."""
    return w.open[queue] or (c.inbox[queue] and not w.n[ENDED])


@kernel(often=True)
def arrives(w, c, day, row, seed, replication, now):
    """An attempt from its arrival until it is in the IVR, answered, waits, is a request, or is turned away."""
    queue = w.i[QUEUE, row]
    if w.open[queue] and not w.n[WITH_LINES] and not c.ivr[queue]:
        return joins(w, c, day, row, seed, replication, now)
    return arrives_otherwise(w, c, day, row, seed, replication, now)


@kernel(seldom=True)
def arrives_otherwise(w, c, day, row, seed, replication, now):
    """The same where something may stand between the contact and the queue."""
    n, i, queue = w.n, w.i, w.i[QUEUE, row]
    if not w.open[queue] and not lets_in(w, c, queue):
        is_not_answered(w, row)
        return gives_up(w, c, day, row, TURNED_AWAY, seed, replication, now)
    if n[WITH_LINES]:
        if n[LINES] >= 0 and n[ENGAGED] >= n[LINES]:
            is_not_answered(w, row)
            return gives_up(w, c, day, row, BLOCK, seed, replication, now)
        n[ENGAGED] += 1
        i[HOLDS, row] = 1
    if c.ivr[queue]:
        is_not_answered(w, row)
        uniform = chance(w, c, row, IVR_TIME, seed, replication)
        time = duration(c.delays, IVR_WAIT, queue, need_interval(w, c, day, row), uniform)
        will(w, now + time, IVR_END, row)
        return True
    return joins_later(w, c, day, row, seed, replication, now)


@kernel(seldom=True)
def ivr_ends(w, c, day, row, seed, replication, now):
    """The machine has served the caller, or the caller hangs up, or goes on to the queue."""
    queue = w.i[QUEUE, row]
    uniform = chance(w, c, row, IVR, seed, replication)
    if uniform < c.self_served[queue] + c.ivr_hangs_up[queue]:
        w.i[OUTCOME, row] = BY_MACHINE if uniform < c.self_served[queue] else HUNG_UP_ON_IT
        free_line(w, row)
        return True
    if not lets_in(w, c, queue):
        return turned_away(w, c, day, row, TURNED_AWAY, seed, replication, now)
    return joins_later(w, c, day, row, seed, replication, now)


@kernel(often=True)
def joins(w, c, day, row, seed, replication, now):
    """A contact reaches its queue: it is answered, turned away, becomes a request, or waits."""
    f, queue = w.f, w.i[QUEUE, row]
    if c.rule == OWN:
        f[STANDS, row] = now - c.lead[profile_at(w, row)]
    place = finds_group(w, c, row, queue, now, False, now)
    if place >= 0:
        group_takes(w, c, row, place, now)
        f[JOINED, row] = now
        answer(w, c, day, row, place, now)
        return True
    is_not_answered(w, row)
    takes_number(w, row)
    if c.max_waiting[queue] >= 0 and w.on_line[queue] >= c.max_waiting[queue]:
        return turned_away(w, c, day, row, BLOCK, seed, replication, now)
    f[JOINED, row] = now
    balks = c.balks[queue]
    if balks > 0.0 and chance(w, c, row, BALK, seed, replication) < balks:
        f[WAIT, row] = 0.0
        return turned_away(w, c, day, row, BALKING, seed, replication, now)
    patience = patience_at(w, day, row)
    if c.announce_above[queue] < math.inf and estimate(w, c, queue, now) > c.announce_above[queue]:
        if chance(w, c, row, ANNOUNCED, seed, replication) < c.announce_leaves[queue]:
            f[WAIT, row] = 0.0
            return turned_away(w, c, day, row, BALKING, seed, replication, now)
        patience *= c.announce_factor[queue]
    f[PATIENT, row] = patience
    if accepts_callback(w, c, row, seed, replication, now):
        free_line(w, row)
        makes_request(w, c, day, row, now)
    else:
        waits(w, c, row, WAITING, now)
    return True


@kernel(seldom=True)
def joins_later(w, c, day, row, seed, replication, now):
    """The same off the common way."""
    return joins(w, c, day, row, seed, replication, now)


@kernel(often=True)
def free_line(w, row):
    if w.n[WITH_LINES] and w.i[HOLDS, row]:
        w.i[HOLDS, row] = 0
        w.n[ENGAGED] -= 1


@kernel(often=True)
def turned_away(w, c, day, row, outcome, seed, replication, now):
    free_line(w, row)
    return gives_up(w, c, day, row, outcome, seed, replication, now)


@kernel(often=True)
def waits(w, c, row, state, now):
    """Wait on the line until answered, until patience ends, or until an offer or an overflow falls due."""
    f, joined = w.f, w.f[JOINED, row]
    f[BASE, row] = f[STANDS, row] = joined
    if w.n[WITH_CLASSES]:
        lead = c.lead[w.i[PROFILE, row]]
        if lead != 0.0:
            f[STANDS, row] = joined - lead
    w.on_line[w.i[QUEUE, row]] += 1
    stands(w, c, row, state, now)


@kernel(often=True)
def patience_ends(w, c, day, row, seed, replication, now):
    joined = w.f[JOINED, row]
    w.f[WAIT, row] = w.f[PATIENT, row] if joined >= 0.0 else now - joined
    w.on_line[w.i[QUEUE, row]] -= 1
    leaves(w, c, row)
    enough = turned_away(w, c, day, row, ABANDON, seed, replication, now)
    if w.n[FINISHING]:
        send_home(w, c, now)
    return enough


@kernel(seldom=True)
def overflows(w, c, day, row, now):
    """More groups may take a contact that stands: it looks for an agent, or goes on standing."""
    i, queue = w.i, w.i[QUEUE, row]
    requested = is_request(w, row)
    idle = requested and c.callbacks.place[queue] == IDLE
    place = finds_group(w, c, row, queue, w.f[BASE, row], idle, now)
    if place < 0:
        i[OVER, row] += 1
        arm(w, c, row)
        return
    leaves(w, c, row)
    group_takes(w, c, row, place, now)
    if requested:
        dial(w, c, day, row, place, now)
    else:
        w.on_line[queue] -= 1
        answer(w, c, day, row, place, now)
    if w.n[FINISHING]:
        send_home(w, c, now)


@kernel(often=True)
def chance(w, c, row, purpose, seed, replication):
    """The contact's own number for a purpose, from its home queue's stream."""
    i = w.i
    stream = c.demand.streams[i[HOME, row]]
    return u(seed, stream, replication, i[CUSTOMER, row], i[NEED, row], i[ATTEMPT, row], purpose)


@kernel
def need_chance(w, c, row, purpose, seed, replication):
    """The number of the contact's need, whatever the attempt."""
    i = w.i
    return u(seed, c.demand.streams[i[HOME, row]], replication, i[CUSTOMER, row], i[NEED, row], 0, purpose)


@kernel(often=True)
def gives_up(w, c, day, row, outcome, seed, replication, now):
    """End an attempt without an answer; switch or redial later if the customer does; False without a row left."""
    w.i[OUTCOME, row] = outcome
    may = c.switch_to[w.i[QUEUE, row]] >= 0 or c.redial_share[profile_at(w, row)] > 0.0 or day.again.size > 0
    if not may:
        return True
    return may_try_again(w, c, day, row, seed, replication, now)


@kernel(seldom=True)
def may_try_again(w, c, day, row, seed, replication, now):
    """Whether the customer switches or redials is its own number; False if there is no row left."""
    queue, profile = w.i[QUEUE, row], profile_at(w, row)
    attempt = w.i[ATTEMPT, row] + 1
    if attempt >= MOST_ATTEMPTS:
        return True
    recorded = recorded_next(w, day, row) if day.again.size > 0 else UNKNOWN
    if recorded >= 0:
        return tries_as_recorded(w, c, day, row, recorded, seed, replication, now)
    if c.switch_to[queue] >= 0 and chance(w, c, row, SWITCH, seed, replication) < c.switch_share[queue]:
        uniform = chance(w, c, row, SWITCH_DELAY, seed, replication)
        delay = duration(c.delays, SWITCH_TIME, queue, need_interval(w, c, day, row), uniform)
        return tries_again(w, c, day, row, c.switch_to[queue], delay, seed, replication, now)
    share = c.redial_share[profile] if recorded == UNKNOWN else 0.0
    if share == 0.0 or attempt >= c.redial_attempts[profile]:
        return True
    if chance(w, c, row, REDIAL, seed, replication) >= share:
        return True
    uniform = chance(w, c, row, REDIAL_DELAY, seed, replication)
    delay = duration(c.delays, REDIAL_TIME, profile, need_interval(w, c, day, row), uniform)
    return tries_again(w, c, day, row, queue, delay, seed, replication, now)


@kernel(seldom=True)
def recorded_next(w, day, row):
    """The day's row of the attempt that was recorded after this one, NEVER_AGAIN, or UNKNOWN."""
    i = w.i
    if i[NEED, row] > 0 or i[QUEUE, row] != i[HOME, row]:
        return UNKNOWN
    at = day.start[i[HOME, row]] + i[CUSTOMER, row]
    for _ in range(i[ATTEMPT, row]):
        at = day.again[at]
        if at < 0:
            return UNKNOWN
    return day.again[at]


@kernel(seldom=True)
def tries_as_recorded(w, c, day, row, recorded, seed, replication, now):
    """The next attempt as it was recorded; False if there is no row left."""
    again = w.n[ROWS]
    if not tries_again(w, c, day, row, w.i[QUEUE, row], day.arrived[recorded], seed, replication, now):
        return False
    if w.n[ROWS] > again:
        w.f[TALK, again], w.f[WRAP, again] = day.talk[recorded], day.wrap[recorded]
        w.f[PATIENT, again] = day.patience[recorded]
    return True


@kernel(seldom=True)
def tries_again(w, c, day, row, queue, delay, seed, replication, now):
    """The next attempt of the same need, in this queue or another; False if there is no row left."""
    f, i, n = w.f, w.i, w.n
    moment = open_moment(c, queue, now, delay)
    if moment == math.inf:
        return True
    again = n[ROWS]
    if again == w.rows.size:
        return False
    n[ROWS] += 1
    attempt = i[ATTEMPT, row] + 1
    new_row(
        w, c, again, i[HOME, row], i[CUSTOMER, row], i[NEED, row], attempt, queue, i[CLASS_ID, row], moment
    )
    i[THEN, row] = again
    f[NEED_ARRIVED, again] = need_arrived(w, day, row)
    f[RETELL, again] = 0.0 if is_dealt(day, row) else f[RETELL, row]
    if queue == i[QUEUE, row]:
        f[TALK, again], f[WRAP, again] = talk_of(w, day, row)
    else:
        has_talk(w, c, again, seed, replication)
    has_patience(w, c, again, need_interval(w, c, day, again), seed, replication)
    will(w, moment, REDIALS, again)
    return True


# Callbacks


@kernel(seldom=True)
def estimate(w, c, queue, now):
    """The estimated wait of a caller who joins now."""
    agents = 0
    for place in range(c.group_start[queue], c.group_start[queue + 1]):
        agents += w.teams[PRESENT, c.groups[place]] * c.at_once[place]
    handle_time = c.mean_handle[queue, interval_of(now, c.interval, c.mean_handle.shape[1])]
    return estimated_wait(w.length[queue], handle_time, agents)


@kernel(often=True)
def accepts_callback(w, c, row, seed, replication, now):
    """Put the offer to a joining caller if the rule says so; whether it became a request."""
    queue = w.i[QUEUE, row]
    rule = c.callbacks.offer[queue]
    if rule == NO_OFFER or rule == BY_WAITED:
        return False
    if not is_offered(rule, c.callbacks.threshold[queue], estimate(w, c, queue, now), w.on_line[queue]):
        return False
    return takes_up(w, c, row, seed, replication, now)


@kernel(seldom=True)
def takes_up(w, c, row, seed, replication, now):
    """Make the offer, unless offers have stopped; whether the caller accepts."""
    queue, callbacks, f = w.i[QUEUE, row], c.callbacks, w.f
    if now >= closing_after(c, queue, now) - callbacks.last_offer[queue]:
        return False
    if callbacks.max_pending[queue] >= 0 and w.pending[queue] >= callbacks.max_pending[queue]:
        return False
    f[OFFERED, row] = now
    if chance(w, c, row, CALLBACK, seed, replication) >= callbacks.accept[queue]:
        return False
    w.pending[queue] += 1
    f[WAIT, row] = now - f[JOINED, row]
    return True


@kernel(seldom=True)
def has_waited(w, c, day, row, seed, replication, now):
    """The offer after some time on the line: whoever declines goes on waiting until patience ends."""
    queue = w.i[QUEUE, row]
    if takes_up(w, c, row, seed, replication, now):
        w.on_line[queue] -= 1
        leaves(w, c, row)
        free_line(w, row)
        makes_request(w, c, day, row, now)
    else:
        was_asked(w, row)
        arm(w, c, row)


@kernel(seldom=True)
def makes_request(w, c, day, row, now):
    """From now on this is a request: in line at its place, for idle agents, or for later."""
    queue, f = w.i[QUEUE, row], w.f
    f[REQUESTED, row] = now
    f[BASE, row] = f[STANDS, row] = f[JOINED, row]
    if c.callbacks.place[queue] == LATER:
        f[BASE, row] = f[STANDS, row] = now + c.callbacks.after[queue]
        w.i[ORDER, row] = NONE
        will(w, f[STANDS, row], CALLBACK_DUE, row)
        return
    if c.callbacks.place[queue] == IDLE:
        f[STANDS, row] = now
    elif w.n[WITH_CLASSES]:
        lead = c.lead[w.i[PROFILE, row]]
        if lead != 0.0:
            f[STANDS, row] = f[JOINED, row] - lead
    seeks(w, c, day, row, now)


@kernel(seldom=True)
def falls_due(w, c, day, row, now):
    """A request may be dialled from now on, unless it was dropped meanwhile."""
    if w.i[OUTCOME, row] != NONE:
        return
    if w.i[ORDER, row] == NONE:
        takes_number(w, row)
    seeks(w, c, day, row, now)


@kernel
def seeks(w, c, day, row, now):
    """A request looks for an agent, or stands in line for one."""
    queue = w.i[QUEUE, row]
    idle = c.callbacks.place[queue] == IDLE
    place = finds_group(w, c, row, queue, w.f[BASE, row], idle, now)
    if place < 0:
        stands(w, c, row, ASKED, now)
    else:
        group_takes(w, c, row, place, now)
        dial(w, c, day, row, place, now)


@kernel(seldom=True)
def dial(w, c, day, row, place, now):
    i = w.i
    i[PLACE, row] = place
    i[DIALS, row] += 1
    i[STATE, row] = DIALLING
    w.f[TAKEN, row] = now
    will(w, now + c.callbacks.ring[i[QUEUE, row]], RING_END, row)


@kernel(seldom=True)
def ring_ends(w, c, day, row, seed, replication, now):
    """The customer picks up, or the agent is free again and the request goes back or fails."""
    i, queue = w.i, w.i[QUEUE, row]
    stream = c.demand.streams[i[HOME, row]]
    reached = u(seed, stream, replication, i[CUSTOMER, row], i[NEED, row], i[DIALS, row] - 1, REACHED)
    i[STATE, row] = NOWHERE
    place = int(i[PLACE, row])
    if reached < c.callbacks.reached[queue]:
        i[OUTCOME, row] = CALLED_BACK
        w.f[CONNECTED, row] = now
        w.pending[queue] -= 1
        if w.n[FINISHING]:
            send_home(w, c, now)
        talks(w, c, day, row, place, now)
        if c.interruptible[place]:  # while it rang, nothing could put it aside
            looks(w, c, day, c.groups[place], int(i[AGENT, row]), now)
        return
    over = True
    if i[DIALS, row] == c.callbacks.attempts[queue] or is_dropped(w, c, queue):
        fails(w, c, row, CALL_FAILED, now)
    elif w.n[ENDED] and c.at_close[queue] == CARRY:
        fails(w, c, row, LEFT_OVER, now)
    else:
        over = False
    group, since = c.groups[place], w.f[TAKEN, row]
    add_span(w.hours[UNREACHED, group], since, now, c.warm_up, c.interval, 1.0)
    if c.hands[group]:
        hand_lightens(w, c, day, row, group, now)
    else:
        add_span(w.hours[BUSY, group], since, now, c.warm_up, c.interval, 1.0)
        comes_free(w, c, day, group, now)
    if not over:
        will(w, now + c.callbacks.retry_after[queue], CALLBACK_DUE, row)


@kernel
def fails(w, c, row, outcome, now):
    """A request is over without the customer having been reached."""
    w.i[OUTCOME, row] = outcome
    w.pending[w.i[QUEUE, row]] -= 1
    if w.n[FINISHING]:
        send_home(w, c, now)


# The day


@kernel
def still_needed(w, c, group):
    """Whether something waits or is pending in a closed queue that finishes and that the group serves."""
    for skill in range(c.queue_start[group], c.queue_start[group + 1]):
        queue = c.queues[skill]
        if c.at_close[queue] == FINISH and not w.open[queue] and (w.on_line[queue] or w.pending[queue]):
            return True
    return False


@kernel(seldom=True)
def send_home(w, c, now):
    """Groups that only finish what closed queues left are wanted no longer once nothing of it is left."""
    for group in range(w.free.size):
        if w.teams[IS_FINISHING, group] and not still_needed(w, c, group):
            w.teams[IS_FINISHING, group] = 0
            w.n[FINISHING] -= 1
            set_wanted(w, c, group, 0, now)


@kernel(seldom=True)
def changes(w, c, day, step, now):
    """Hours, lines and staffing change, all of them, then whoever may take more looks; the last closes for good."""
    n, teams, steps = w.n, w.teams, c.steps
    ends = step == steps.moments.size
    closes = False
    for queue in range(c.balks.size):
        opened = 0 if ends else steps.open[queue, step]
        closes = closes or (w.open[queue] and not opened)
        w.open[queue] = opened
        line_changed(w, c, queue)
    n[ENDED] = ends
    if not ends:
        n[LINES] = steps.lines[step]
    n[FINISHING] = 0
    for group in range(w.free.size):
        count_time(w, c, group, now)
        planned, within, rostered = 0, 0, 0
        if not ends:
            planned, rostered = w.present[group, step], steps.rostered[group, step]
            within = max(planned, w.within[group, step])
        if planned:
            teams[LATEST, group] = planned
        finishing = rostered == 0 and still_needed(w, c, group)
        teams[IS_FINISHING, group], teams[PLANNED, group] = finishing, within
        teams[SIMPLE, group] = is_simple(w, c, group)
        n[FINISHING] += finishing
        set_wanted(w, c, group, teams[LATEST, group] if finishing else planned, now)
    for queue in range(c.balks.size):
        w.easy[queue] = is_easy(w, c, queue)
    for group in range(w.free.size):
        look(w, c, day, group, now)
    if n[FINISHING]:
        send_home(w, c, now)
    if closes or ends:
        enters(w, now, END_OF_HOURS << KIND_SHIFT, NONE)


@kernel
def is_simple(w, c, group):
    """Whether a free agent of the group may take the first contact of each of its queues, by level, at any time."""
    if c.rule != BY_LEVEL and c.rule != SHORTEST_DELAY:
        return 0
    if c.hands[group] or w.teams[IS_FINISHING, group]:
        return 0
    for skill in range(c.queue_start[group], c.queue_start[group + 1]):
        place = c.place[skill]
        if c.overflow[place] > 0.0 or c.reserve[place] > 0:
            return 0
    return 1


@kernel
def is_easy(w, c, queue):
    """Whether any free agent with the skill may take any contact of the queue."""
    if not w.open[queue] or c.rule == SHORTEST_DELAY or c.rule == OWN:
        return 0
    for place in range(c.group_start[queue], c.group_start[queue + 1]):
        group = c.groups[place]
        if c.hands[group] or w.teams[IS_FINISHING, group] or c.overflow[place] > 0.0 or c.reserve[place] > 0:
            return 0
    return 1


@kernel
def is_dropped(w, c, queue):
    """Whether the queue is closed and cuts off whoever is left: it drops them, or nobody can ever answer."""
    if w.open[queue] or c.at_close[queue] == CARRY:
        return False
    if c.at_close[queue] == DROP:
        return True
    for place in range(c.group_start[queue], c.group_start[queue + 1]):
        if w.teams[EVER, c.groups[place]]:
            return False
    return True


@kernel(seldom=True)
def end_of_hours(w, c, now):
    """Cut off those who wait, and requests that are not being dialled, where queues drop or keep them for good."""
    for queue in range(c.balks.size):
        if is_dropped(w, c, queue):
            cut_off(w, c, queue, CUT_OFF, CALL_FAILED, now)
        elif w.n[ENDED] and c.at_close[queue] == CARRY:
            cut_off(w, c, queue, LEFT_OVER, LEFT_OVER, now)
    if w.n[FINISHING]:
        send_home(w, c, now)


@kernel(seldom=True)
def cut_off(w, c, queue, outcome, of_requests, now):
    """End the waiting of everybody in a queue, and its requests."""
    row = w.head[queue]
    while row != NONE:
        after = int(w.i[NEXT, row])
        if not is_request(w, row):
            w.i[OUTCOME, row] = outcome
            w.f[WAIT, row] = now - w.f[JOINED, row]
            w.on_line[queue] -= 1
            leaves(w, c, row)
            free_line(w, row)
        row = after
    if w.pending[queue]:
        drop_requests(w, c, queue, of_requests, now)


@kernel(seldom=True)
def is_never_taken(w, c):
    """Cut off, as of the horizon, those whom a rule of the user's own has left standing to the very end."""
    for queue in range(c.balks.size):
        cut_off(w, c, queue, CUT_OFF, CALL_FAILED, c.horizon)


@kernel
def drop_requests(w, c, queue, outcome, now):
    """Requests of a queue end at once, in line or not yet due; dials in progress go on."""
    queues = c.balks.size
    for line in (queue, queue + queues):
        row = w.head[line]
        while row != NONE:
            after = int(w.i[NEXT, row])
            leaves(w, c, row)
            fails(w, c, row, outcome, now)
            row = after
    for row in range(w.n[ROWS]):
        waiting = w.i[OUTCOME, row] == NONE and w.i[STATE, row] != DIALLING
        if w.i[QUEUE, row] == queue and waiting and is_request(w, row):
            fails(w, c, row, outcome, now)


@kernel(seldom=True)
def opens(w, c, day, seed, replication):
    """Clear the floor before a replication, and let those stand in line who wait already."""
    n, teams = w.n, w.teams
    n[:] = 0
    n[ROWS] = day.start[day.start.size - 1] - day.start[0]
    n[WITH_CLASSES] = c.demand.class_id.size > 0
    for step in range(c.steps.lines.size):
        if c.steps.lines[step] >= 0:
            n[WITH_LINES] = 1
    teams[:] = 0
    w.hours[:] = 0.0
    w.held[:] = -1
    count_present(c, c.steps.staffing, seed, replication, w.present)
    count_present(c, c.steps.rostered, seed, replication, w.within)
    for group in range(w.free.size):
        w.free[group], w.free_since[group], w.counted_to[group] = 0, math.inf, 0.0
        for step in range(c.steps.moments.size):
            if w.present[group, step]:
                teams[EVER, group] = 1
    for place in range(c.groups.size):
        w.rank[place] = c.prefer[place]
        w.own[place] = c.factor[place] * c.slowdown[c.slow_start[place]]
    for queue in range(c.balks.size):
        w.next_row[queue] = day.start[queue]
        w.on_line[queue] = w.pending[queue] = w.open[queue] = w.uncovered[queue] = 0
        w.first[queue] = w.idle_first[queue] = math.inf
        if c.callbacks.offer[queue] != NO_OFFER:
            n[WITH_CALLBACKS] = 1
    w.head[:] = NONE
    w.tail[:] = NONE
    w.length[:] = 0
    for queue in range(c.balks.size):
        for _ in range(c.demand.backlog[queue]):
            waits_already(w, c, day, queue, seed, replication)


@kernel(seldom=True)
def waits_already(w, c, day, queue, seed, replication):
    """A contact of the backlog stands in line at opening; its patience begins then."""
    row = first_contact(w, c, day, queue, seed, replication)
    if w.n[WITH_LINES]:
        w.n[ENGAGED] += 1
        w.i[HOLDS, row] = 1
    is_not_answered(w, row)
    takes_number(w, row)
    w.f[JOINED, row] = w.f[ARRIVED, row]
    w.f[PATIENT, row] = patience_at(w, day, row)
    state = WAITING
    if c.callbacks.offer[queue] == BY_WAITED and w.f[JOINED, row] + c.callbacks.threshold[queue] < 0.0:
        state = ASKED
    waits(w, c, row, state, 0.0)


@kernel(often=True)
def first_contact(w, c, day, queue, seed, replication):
    """Fill the row of the next first contact of a queue."""
    dealt = w.next_row[queue]
    row, customer, class_id = dealt - day.start[0], dealt - day.start[queue], 0
    w.next_row[queue] += 1
    if w.n[WITH_CLASSES]:
        class_id = class_of(c.demand, queue, seed, replication, customer)
    new_row(w, c, row, queue, customer, 0, 0, queue, class_id, day.arrived[dealt])
    return row


@kernel(often=True)
def next_queue(w, day):
    """The queue whose customer arrives next, the earlier in the file on a tie; -1 when all have come."""
    best, soonest = -1, math.inf
    for queue in range(w.next_row.size):
        row = w.next_row[queue]
        if row < day.start[queue + 1] and day.arrived[row] < soonest:
            best, soonest = queue, day.arrived[row]
    return best


@kernel(often=True)
def happens(w, c, day, kind, row, seed, replication, now):
    """Carry out a moment that always comes; False if there is no row left for a later contact."""
    if kind == HAND_SHORTENS:
        hand_shortens(w, c, day, row, now)
    elif kind == TALK_END:
        return talk_ends(w, c, day, row, seed, replication, now)
    elif kind == RING_END:
        ring_ends(w, c, day, row, seed, replication, now)
    elif kind == CALLBACK_DUE:
        falls_due(w, c, day, row, now)
    elif kind == IVR_END:
        return ivr_ends(w, c, day, row, seed, replication, now)
    elif kind == REDIALS:
        return arrives_otherwise(w, c, day, row, seed, replication, now)
    else:
        end_of_hours(w, c, now)
    return True


@kernel(often=True)
def might_happen(w, c, day, kind, row, seed, replication, now):
    """Carry out a moment that has not been called off; False if there is no row left for a later contact."""
    if kind == PATIENCE_ENDS:
        return patience_ends(w, c, day, row, seed, replication, now)
    if kind == TALK_END:
        return talk_ends(w, c, day, row, seed, replication, now)
    if kind == HAND_SHORTENS:
        hand_shortens_by_name(w, c, day, row, now)
    elif kind == OVERFLOW:
        overflows(w, c, day, row, now)
    else:
        has_waited(w, c, day, row, seed, replication, now)
    return True


@kernel
def plays(w, c, day, seed, replication):
    """Play one day; DONE, TOO_FEW_ROWS for its later contacts, or WRONG_RULE: the user's gave no number."""
    opens(w, c, day, seed, replication)
    n, steps, step, enough = w.n, c.steps.moments.size, 0, True
    change = c.steps.moments[0]
    queue = next_queue(w, day)
    while enough:
        moment, key, source = math.inf, 0, 0
        if queue >= 0:
            moment, key, source = day.arrived[w.next_row[queue]], FIRST_ARRIVAL << KIND_SHIFT, 1
        if n[SURE] and (w.sure_moment[0] < moment or (w.sure_moment[0] == moment and w.sure_key[0] < key)):
            moment, key, source = w.sure_moment[0], w.sure_key[0], 2
        if n[UNSURE] and (
            w.unsure_moment[0] < moment or (w.unsure_moment[0] == moment and w.unsure_key[0] < key)
        ):
            moment, key, source = w.unsure_moment[0], w.unsure_key[0], 3
        if change <= moment and step <= steps:
            moment = change
            changes(w, c, day, step, moment)
            step += 1
            change = c.steps.moments[step] if step < steps else c.horizon
        elif source == 1:
            row = first_contact(w, c, day, queue, seed, replication)
            enough = arrives(w, c, day, row, seed, replication, moment)
            queue = next_queue(w, day)
        elif source == 2:
            row = w.sure_row[0]
            n[HOLE] = 1
            enough = happens(w, c, day, key >> KIND_SHIFT, row, seed, replication, moment)
            close_hole(w)
        elif source == 3:
            row = w.unsure_row[0]
            call_off(w, row)
            enough = might_happen(w, c, day, key >> KIND_SHIFT, row, seed, replication, moment)
        else:
            break
        if n[UNCOVERED]:
            look_again(w, c, day, moment)
    if n[LOOKING]:
        is_never_taken(w, c)
    if n[WRONG]:
        return WRONG_RULE
    return DONE if enough else TOO_FEW_ROWS


@kernel(lean=True, big=True)
def run(work, centre, day, seed, replication):
    """Play one day by itself."""
    return plays(handle(work), handle(centre), handle(day), seed, replication)


def play(centre: Centre, day: Day, seed: int, replication: int) -> Records:
    """Play one dealt day in one centre: the same records, to the last bit, as the reference engine's."""
    work = workspace(centre, room(day.start))
    while (said := run(work, centre, day, seed, replication)) == TOO_FEW_ROWS:
        work = workspace(centre, 2 * work.rows.size)
    if said == WRONG_RULE:
        raise no_number(int(work.n[WRONG_GROUP]), int(work.n[WRONG_QUEUE]))
    rows = int(work.n[ROWS])
    return from_tables(work.f[:, :rows], work.i[:, :rows], work.hours)
