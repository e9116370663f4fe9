"""What a scenario allows and a planner seldom means: the notes of `ccsim check`."""

from collections.abc import Iterator

import numpy as np

from sim.scenario.people import Score, Skill
from sim.scenario.queue import Callback
from sim.scenario.schema import Scenario
from sim.scenario.units import say_duration
from sim.scenario.weeks import Grid


def offered_load(scenario: Scenario) -> dict[str, np.ndarray]:
    """Offered load of each queue by interval, in erlangs: expected contacts × mean handle time ÷ interval."""
    grid = scenario.grid
    return {n: scenario.expected(n) * q.mean_handle(grid) / grid.interval for n, q in scenario.queues.items()}


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
        if queue.ivr and queue.ivr.self_served + queue.ivr.hangs_up >= 1 - 1e-9:
            yield f"the IVR of {name} lets nobody through to a person."
        most = max((scenario.planned_seconds(group).max() for group in serving), default=0.0)
        yield from _odd_callbacks(name, queue.callback, most / grid.interval, grid)
    for name, group in scenario.agents.items():
        for served, skill in group.skills.items():
            yield from _odd_skill(scenario, name, served, skill)
    loads = offered_load(scenario)
    yield from _overloaded(scenario, "the offered load", list(loads))
    if len(loads) > 1:
        for name in loads:
            if _agents_for(scenario, [name]).any():
                yield from _overloaded(scenario, f"the offered load of {name} alone", [name])


def _is_sent_to(scenario: Scenario, name: str) -> bool:
    """Whether contacts come to a queue from another one."""
    return any(
        (queue.switch and queue.switch.to == name) or any(transfer.to == name for transfer in queue.transfer)
        for queue in scenario.queues.values()
    )


def open_share(scenario: Scenario, name: str) -> np.ndarray:
    """The share of each interval in which a queue is open."""
    grid, result = scenario.grid, np.zeros(scenario.grid.count)
    starts = np.arange(grid.count) * grid.interval
    for opens, closes in scenario.queues[name].open_spans(grid):
        result += np.clip(np.minimum(closes, starts + grid.interval) - np.maximum(opens, starts), 0.0, None)
    return result / grid.interval


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


def _agents_for(scenario: Scenario, queues: list[str]) -> np.ndarray:
    """Agents by interval with a skill for any of these queues; several contacts at once as so many agents."""
    result = np.zeros(scenario.grid.count)
    for name, group in scenario.agents.items():
        skills = [skill for queue, skill in group.skills.items() if queue in queues]
        if skills:
            result += scenario.planned_seconds(name) / scenario.grid.interval * max(map(_pace, skills))
    return result


def _pace(skill: Skill) -> float:
    """How much more an agent gets done with several contacts at once than with one."""
    slowdown = [*skill.slowdown, *[skill.slowdown[-1]] * (skill.at_once - len(skill.slowdown))]
    return max((held + 1) / factor for held, factor in enumerate(slowdown))


def _overloaded(scenario: Scenario, what: str, queues: list[str]) -> Iterator[str]:
    """Intervals whose load is more than the agents; over the whole horizon where all queues may carry lines over."""
    grid, loads = scenario.grid, offered_load(scenario)
    total = np.sum([loads[name] * open_share(scenario, name) for name in queues], axis=0)
    agents = _agents_for(scenario, queues)
    if all((scenario.queues[name].at_close or scenario.at_close) == "carry" for name in queues):
        if total.sum() >= agents.sum() > 0:
            yield f"{what} over the whole horizon reaches its agents: lines grow from day to day."
        return
    over = np.flatnonzero(total >= np.maximum(agents, 1e-9))
    over = over[total[over] > 0]
    if over.size:
        worst = int(over[np.argmax(total[over] - agents[over])])
        patient = all(scenario.queues[name].patience is None for name in queues)
        yield (
            f"{what} reaches its agents in {over.size} of {grid.count} intervals, worst at "
            f"{grid.label(worst)} ({total[worst]:.1f} erlangs, {agents[worst]:g} agents): lines grow there"
            + (", and nobody hangs up." if patient else " until callers give up.")
        )
