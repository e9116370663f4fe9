"""What a scenario allows and a planner seldom means: the notes of `ccsim check`."""

import math
from collections.abc import Iterator

import numpy as np

from sim.reports.loads import (
    agents_for,
    capacity,
    carries,
    goes_on,
    let_in,
    offered_load,
    open_share,
    work_at_opening,
)
from sim.scenario.people import Group, Score, Skill
from sim.scenario.queue import Callback, Queue, Redial, Repeat
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, say_duration, say_weekdays
from sim.scenario.weeks import Grid, hours_of_opening_day, say_span

SELDOM = 0.05  # of those who come again, within the hours: fewer is hardly anybody


def odd(scenario: Scenario) -> Iterator[str]:
    """What is allowed but seldom meant, one sentence each."""
    grid = scenario.grid
    for name, queue in scenario.queues.items():
        serving = [group for group, skilled in scenario.agents.items() if name in skilled.skills]
        if not any(scenario.planned_seconds(group).any() for group in serving):
            yield f"nobody with the skill for {name} is ever on duty; its callers are never answered."
        else:
            yield from _unattended(scenario, name, serving)
        if scenario.expected(name).sum() == 0 and not queue.backlog and not _is_sent_to(scenario, name):
            yield f"{name} expects no contacts at all."
        yield from _turned_away(scenario, name)
        if goes_on(queue) <= 1e-9:
            yield f"the IVR of {name} lets nobody through to a person."
        most = max((scenario.planned_seconds(group).max() for group in serving), default=0.0)
        yield from _odd_callbacks(name, queue.callback, most / grid.interval, grid)
        yield from _odd_hours(name, queue, grid)
        yield from _odd_delays(name, queue, grid)
    for name, group in scenario.agents.items():
        for served, skill in group.skills.items():
            yield from _odd_skill(scenario, name, served, skill)
        yield from _odd_hands(name, group)
    yield from _odd_routing(scenario)
    yield from _odd_lines(scenario)
    names = list(scenario.queues)
    yield from _overloaded(scenario, "the offered load", names)
    if len(names) > 1:
        for name in names:
            if agents_for(scenario, [name]).any():
                yield from _overloaded(scenario, f"the offered load of {name} alone", [name])


def _is_sent_to(scenario: Scenario, name: str) -> bool:
    """Whether contacts come to a queue from another one."""
    return any(
        (queue.switch and queue.switch.to == name) or any(transfer.to == name for transfer in queue.transfer)
        for queue in scenario.queues.values()
    )


def _turned_away(scenario: Scenario, name: str) -> Iterator[str]:
    """Contacts that come while a queue is closed and do not wait for it."""
    volume = scenario.expected(name)
    outside = float((volume * (1 - let_in(scenario, name))).sum())
    if outside >= 0.5:
        rest = "" if carries(scenario, name) else " (with at_close: carry)"
        yield (
            f"{outside:,.0f} of {volume.sum():,.0f} contacts of {name} come while it is closed and are turned away; "
            f"with after_hours: waits{rest} they would wait for the opening."
        )


def _unattended(scenario: Scenario, name: str, serving: list[str]) -> Iterator[str]:
    """Hours of a queue in which no agent with the skill is planned."""
    grid = scenario.grid
    planned = np.sum([scenario.planned_seconds(group) for group in serving], axis=0)
    alone = np.where(planned > 0, 0.0, open_share(scenario, name))
    if alone.any():
        first = grid.label(int(np.argmax(alone > 0)))
        hours = say_duration(float(alone.sum() * grid.interval))
        yield f"nobody with the skill for {name} is on duty during {hours} of its hours, first at {first}."


def _odd_skill(scenario: Scenario, group: str, queue: str, skill: Skill) -> Iterator[str]:
    if skill.score != Score() and scenario.routing != "weighted":
        yield f"the score that {group} has for {queue} counts only with routing: weighted."
    most = int(scenario.planned_steps(group)[1].max(initial=0))
    if 0 < most <= (skill.reserve or 0):
        yield f"{group} has at most {_agents(most)} and keeps {skill.reserve} free of {queue}: it never takes any."
    patience = scenario.queues[queue].patience
    if patience is not None and skill.overflow_after:
        gone = float(patience.drawn[0].cdf(skill.overflow_after)) * (1 - patience.never_hangs_up)
        if gone > 0.5:
            yield (
                f"most callers of {queue} have hung up before {group} may take them, "
                f"after {say_duration(skill.overflow_after)}."
            )


def _odd_hours(name: str, queue: Queue, grid: Grid) -> Iterator[str]:
    """Hours that the horizon cuts, and those of weekdays that it does not reach."""
    hours = queue.hours or ()
    for (start, end), played in hours_of_opening_day(hours, grid) if hours else ():
        if played < end - start < DAY:
            yield f"the hours of {name}, {say_span((start, end))}, are cut to {grid.said}."
    if len(hours) == 7:
        before = hours[grid.weekday(-1)]
        reached = any(end > DAY + grid.opens for _, end in before)  # a night that began the day before
        played_on = {
            grid.weekday(day) for day in range(-int(reached), math.ceil((grid.opens + grid.horizon) / DAY))
        }
        known = {hours[day] for day in played_on} | {()}
        if others := [day for day in range(7) if day not in played_on and hours[day] not in known]:
            yield f"the hours of {name} on {say_weekdays(others)} are never played: they are outside {grid.said}."


def _odd_delays(name: str, queue: Queue, grid: Grid) -> Iterator[str]:
    """Returns after a longer time than the queue is open, which alone counts for them."""
    returns: dict[str, Repeat | Redial | None] = {"repeat": queue.repeat, "redial": queue.redial}
    returns |= {f"classes.{kind}.redial": one.redial for kind, one in queue.classes.items()}
    spans = queue.open_spans(grid)
    hours = grid.horizon if queue.after_hours == "waits" else sum(closes - opens for opens, closes in spans)
    for key, again in returns.items():
        if not again or not again.share:
            continue
        mean = min(drawn.mean for drawn in again.after.drawn)
        if mean > hours and max(float(drawn.cdf(hours)) for drawn in again.after.drawn) < SELDOM:
            yield (
                f"{key}.after of {name} is {say_duration(mean)} on average, and the queue is open for "
                f"{say_duration(hours)} in all: hardly anybody comes again within the horizon."
            )


def _odd_hands(name: str, group: Group) -> Iterator[str]:
    """Contacts put aside that keep an agent from several others at once."""
    alone = [q for q, skill in group.skills.items() if skill.interruptible and skill.at_once == 1]
    several = [q for q, skill in group.skills.items() if not skill.interruptible and skill.at_once > 1]
    if alone and several:
        aside = " or ".join(alone)
        yield (
            f"an agent of {name} who has put {aside} aside takes {' and '.join(several)} one at a time: "
            f"what is put aside counts, and at_once of {aside} is 1."
        )


def _odd_routing(scenario: Scenario) -> Iterator[str]:
    """Keys that the routing rule does not look at, and head starts that set a class back."""
    rule = scenario.routing
    for name, queue in scenario.queues.items():
        starts = {kind: one.head_start for kind, one in queue.classes.items() if one.head_start is not None}
        if queue.head_start and not starts and rule in ("longest_queue", "weighted"):
            yield f"the head_start of {name} counts for nothing with routing: {rule}."
        for kind, start in starts.items():
            if start < queue.head_start:
                yield (
                    f"{kind} of {name} stands behind the others: its head start, {say_duration(start)}, comes in "
                    f"place of the queue's {say_duration(queue.head_start)}."
                )
    for name, group in scenario.agents.items():
        skills = group.skills.values()
        if rule == "shortest_delay" and any(skill.prefer is not None for skill in skills):
            yield f"prefer of {name} counts for nothing with routing: {rule}."
        if rule in ("longest_wait", "longest_queue", "weighted") and len({s.level for s in skills}) > 1:
            yield f"with routing: {rule} the levels of {name} do not say which queue its agents serve first."


def _odd_lines(scenario: Scenario) -> Iterator[str]:
    """Contacts that wait for long beside a number of lines, of which they hold one all the while."""
    if scenario.lines is None and all(event.lines is None for event in scenario.events):
        return
    long = [
        n
        for n, queue in scenario.queues.items()
        if carries(scenario, n) or (queue.backlog and queue.backlog.count)
    ]
    if long:
        yield (
            f"every contact that waits in {' and '.join(long)} holds one of the lines, over closing hours too: "
            "others may find none free."
        )


def _agents(count: float) -> str:
    return f"{count:g} agent{'' if count == 1 else 's'}"


def _odd_callbacks(name: str, callback: Callback | None, most: float, grid: Grid) -> Iterator[str]:
    if callback is None:
        return
    if callback.accept == 0 or callback.max_pending == 0 or callback.last_offer >= grid.horizon:
        yield f"the callback of {name} is never offered or never accepted."
    if callback.place == "idle" and (callback.reserve or 0) >= most:
        yield (
            f"the callbacks of {name} want more than {callback.reserve or 0} agents of a group free, and no group "
            f"with the skill has more than {most:g}: nobody is dialled before closing."
        )


def _overloaded(scenario: Scenario, what: str, queues: list[str]) -> Iterator[str]:
    """Intervals whose load is more than the agents can carry; what may wait for days over the whole horizon."""
    grid, loads, able = scenario.grid, offered_load(scenario), capacity(scenario, queues)
    if any(carries(scenario, name) for name in queues):
        seen = np.max([let_in(scenario, name) for name in queues], axis=0)
        work = sum(float(loads[n].sum()) * grid.interval + work_at_opening(scenario, n) for n in queues)
        hours = float((able * seen).sum()) * grid.interval
        if work >= hours > 0:
            yield (
                f"{what} over the whole horizon is {work / 3600:,.0f} hours of work, for {hours / 3600:,.0f} hours "
                "of agents: lines grow from day to day."
            )
    at_once = [name for name in queues if not carries(scenario, name)]
    if not at_once:
        return
    total = np.sum([loads[name] for name in at_once], axis=0)
    agents, able = agents_for(scenario, at_once), capacity(scenario, at_once)
    over = np.flatnonzero((total >= np.maximum(able, 1e-9)) & (total > 0))
    if over.size:
        worst = int(over[np.argmax(total[over] - able[over])])
        patient = all(scenario.queues[name].patience is None for name in at_once)
        worth = f", who carry {able[worst]:.1f}" if able[worst] > 1.001 * agents[worst] else ""
        beside = f" of {' and '.join(at_once)}" if len(at_once) < len(queues) else ""
        yield (
            f"{what}{beside} reaches its agents in {over.size} of {grid.count} intervals, worst at "
            f"{grid.label(worst)} ({total[worst]:.1f} erlangs, {_agents(agents[worst])}{worth}): lines grow there"
            + (", and nobody hangs up." if patient else " until callers give up.")
        )
