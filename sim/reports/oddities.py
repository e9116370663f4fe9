"""What a scenario allows and a planner seldom means: the notes of `ccsim check`."""

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
from sim.scenario.people import Score, Skill
from sim.scenario.queue import Callback
from sim.scenario.schema import Scenario
from sim.scenario.units import say_duration
from sim.scenario.weeks import Grid


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
    for name, group in scenario.agents.items():
        for served, skill in group.skills.items():
            yield from _odd_skill(scenario, name, served, skill)
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
        yield f"{group} has at most {most} agents and keeps {skill.reserve} free of {queue}: it never takes any."
    patience = scenario.queues[queue].patience
    if patience is not None and skill.overflow_after:
        gone = float(patience.drawn[0].cdf(skill.overflow_after)) * (1 - patience.never_hangs_up)
        if gone > 0.5:
            yield (
                f"most callers of {queue} have hung up before {group} may take them, "
                f"after {say_duration(skill.overflow_after)}."
            )


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
            f"{grid.label(worst)} ({total[worst]:.1f} erlangs, {agents[worst]:g} agents{worth}): lines grow there"
            + (", and nobody hangs up." if patient else " until callers give up.")
        )
