"""Where a search for staffing begins: by offered load, and then with more agents until every target holds."""

import math
from typing import Any

import numpy as np

from sim.experiments.aims import Aim, Judged
from sim.experiments.moves import Search
from sim.scenario.quantities import MOST_AGENTS
from sim.scenario.schema import Scenario
from sim.scenario.targets import goals
from sim.theory.staffing import smallest_agents

ROUNDS = 40
FORMULA_KNOWS = ("service_level", "abandonment_rate", "asa")


def offered_load(scenario: Scenario) -> np.ndarray:
    """Agents' worth of work that comes in with first contacts: float64 (queues, intervals).

    Expected contacts, less those whom the IVR keeps, × mean talk and wrap ÷ the interval; of the backlog in the
    first. Redials, repeats and transfers are not in it.
    """
    grid, rows = scenario.grid, []
    for name, queue in scenario.queues.items():
        contacts = scenario.expected(name).copy()
        if queue.ivr:
            contacts *= 1.0 - queue.ivr.self_served - queue.ivr.hangs_up
        if queue.backlog:
            contacts[0] += queue.backlog.count
        rows.append(contacts * mean_handle(queue, grid.count) / grid.interval)
    return np.array(rows)


def mean_handle(queue: object, count: int) -> np.ndarray:
    """Mean talk and wrap of a queue by interval, s."""
    total = np.zeros(count)
    for part in (queue.talk, queue.wrap):  # type: ignore[attr-defined]
        if part is not None:
            means = np.array([one.mean for one in part.drawn])
            total += means if means.size == count else means[0]
    return total


def by_formula(scenario: Scenario, load: np.ndarray) -> np.ndarray:
    """Agents that each queue would need by itself: float64 (queues, intervals), Erlang A or C in each interval.

    With exponential patience of the queue's mean, else without any; for the targets in the mean that the formula
    knows. Where there are none of these, the offered load and its square root.
    """
    result = load + np.sqrt(load)
    for q, (name, queue) in enumerate(scenario.queues.items()):
        known: dict[str, Any] = {
            goal.metric: goal.value
            for goal in goals(scenario)
            if goal.name == name and goal.on_days is None and goal.metric in FORMULA_KNOWS
        }
        busy, handle = load[q] > 0, mean_handle(queue, scenario.grid.count)
        patience = queue.patience.drawn[0].mean if queue.patience else math.inf
        if not 0 < patience < math.inf:
            known.pop("abandonment_rate", None)  # nobody hangs up
        if not known or not busy.any():
            continue
        result[q, busy] = smallest_agents(
            arrival_rate=load[q, busy] / handle[busy],
            mean_handle=handle[busy],
            mean_patience=patience if 0 < patience < math.inf else None,
            within=queue.service_level.within,
            definition=queue.service_level.definition,
            **known,
        )
    return result


def by_load(search: Search, needed: np.ndarray, share: float) -> np.ndarray:
    """What each queue would need by itself, split over the groups that it goes to first: int64 (groups, intervals).

    share: of the work that goes to the other groups with the skill.
    """
    scenario = search.scenario
    result = np.zeros(search.price.shape)
    groups, names = list(scenario.agents.values()), list(scenario.queues)
    for q, row in enumerate(needed):
        skills = {g: groups[g].skills[names[q]] for g in search.helpers[q]}
        if not skills:
            continue
        order = {g: skill.level if skill.prefer is None else skill.prefer for g, skill in skills.items()}
        chosen = [g for g in skills if order[g] == min(order.values())]
        others = [g for g in skills if g not in chosen]
        part = share if others else 0.0
        for some, whole in ((chosen, 1.0 - part), (others, part)):
            for g in some:
                result[g] += whole * row * skills[g].handle_factor / len(some)
    return np.ceil(result - 1e-9).astype(np.int64)


def very_many(search: Search, load: np.ndarray) -> np.ndarray:
    """So many agents everywhere that more would change nothing: several times the work of the busiest time."""
    peak = float(load.sum(axis=0).max(initial=0.0))
    total = float(load.sum())
    factor = max(
        (s.handle_factor for g in search.scenario.agents.values() for s in g.skills.values()), default=1
    )
    many = min(MOST_AGENTS, math.ceil(factor * min(4 * peak + 10 * math.sqrt(peak), 2 * total + 10) + 30))
    result = np.zeros(search.price.shape, dtype=np.int64)
    result[search.free] = many
    return result


def grown(search: Search, staffing: np.ndarray, load: np.ndarray, most: np.ndarray) -> np.ndarray:
    """A staffing under which every aim holds: agents added where one fails, by how much, and just before.

    most: where all hold; what still fails after many rounds is staffed so.
    """
    fails = np.zeros(len(search.aims), dtype=int)
    for _ in range(ROUNDS):
        found = search.judge(staffing)
        if found.holds.all():
            return staffing
        more = np.zeros(staffing.shape)
        for k in np.flatnonzero(~found.holds).tolist():
            fails[k] += 1
            _add(search, search.aims[k], found, k, int(fails[k]), load, more)
        staffing = np.minimum(staffing + np.ceil(more - 1e-9).astype(np.int64), most)
    return most


def _add(
    search: Search, aim: Aim, found: Judged, k: int, times: int, load: np.ndarray, more: np.ndarray
) -> None:
    """Write the agents that a missed aim asks for: for a day where it is busiest, for an interval there and before."""
    groups = search.helpers_of(aim) or search.free
    size = load[aim.member] if aim.goal.kind == "queue" else load.sum(axis=0)
    span = np.arange(aim.first, aim.last + 1)
    if aim.first == aim.last and times > 1:
        span = np.arange(max(0, aim.first - times // 2), aim.last + 1)
    gap = float(np.clip(-found.slack[k], 0.0, 1.0))
    if aim.goal.metric == "asa":
        gap = float(np.clip(gap * -found.slack[k] / max(aim.goal.value, 1.0), 0.05, 1.0))
    wanted = np.maximum(1.0, gap * (1 + times // 3) * (np.sqrt(size[span]) + gap * size[span]))
    if aim.last > aim.first:
        wanted = np.where(size[span] > 0, wanted, 0.0)
    chosen = groups if times > 4 else groups[:1]
    for g in chosen:
        more[g, span] = np.maximum(more[g, span], wanted)
