"""What a found staffing means, in sentences."""

import math
from collections.abc import Iterator
from typing import Any

from sim.experiments.staff import FOUND, IMPOSSIBLE, STOPPED, UNSURE, Neighbour
from sim.reports.figures import clean, number, percent, rounded_up, span_of

MANY = 0.02  # of all agents and intervals, that the confirmation adds


def sentences(result: Any) -> list[str]:
    """All that there is to say, the most important first."""
    return [*_state(result), *_neighbours(result), *_bounds(result), *_left_alone(result)]


def _amount(result: Any, cost: float) -> str:
    if not any(group.cost_per_hour for group in result.scenario.agents.values()):
        return f"{number(cost, 1)} paid hours"
    return f"{number(cost, 0 if abs(cost) >= 100 else 2)} {clean(result.scenario.currency, 8)}".rstrip()


def _state(result: Any) -> Iterator[str]:
    found, fresh = result.found, result.found.confirmed
    span = span_of(result.scenario)
    if result.state == IMPOSSIBLE:
        yield (
            "These targets cannot be met: not even with very many agents at all times, as the table shows. What is "
            "missed does not hang on the number of agents; look at opening hours, lines, the IVR, or at the target."
        )
        return
    cost = f": {_amount(result, result.cost)}" if result.cost else ""
    yield f"The cheapest staffing found takes {number(result.paid_hours, 1)} paid hours {span}{cost}."
    if result.state == FOUND:
        added = int((found.staffing - found.searched).sum())
        more = "; for it one agent was added in one interval" if added == 1 else ""
        more = f"; for it {added} agents were added, each in one interval" if added > 1 else more
        yield (
            f"Confirmed on {fresh.days:,} fresh days: all targets hold at once with a confidence of at least "
            f"{percent(fresh.confidence)} (one-sided, Bonferroni){more}. The figures of the tables are of these days."
        )
        if added > max(1, MANY * found.searched.sum()):
            yield (
                f"So many were added because {found.days:,} days of search show the targets roughly; more of them "
                f"(--replications {rounded_up(4 * found.days)}) take longer and may find less."
            )
    elif result.state == UNSURE:
        yield (
            f"Not confirmed: on {fresh.days:,} fresh days some targets stay too close to call; the plan meets them on "
            f"the days of the search. More of these (--replications {rounded_up(4 * found.days)}) would tell."
        )
    elif result.state == STOPPED:
        yield "Interrupted: the best plan so far meets every target on the days of the search and is not confirmed."
    if found.complete and result.state != STOPPED:
        yield "On the days of the search no cheaper staffing meets the targets: every one was tried or ruled out."


def _neighbours(result: Any) -> Iterator[str]:
    rows: list[Neighbour] = result.found.neighbours
    fewer, more = [row for row in rows if row.more < 0], [row for row in rows if row.more > 0]
    if fewer:
        safe = [row for row in fewer if not row.breaks]
        what = "breaks a target on the days of the search"
        if safe:
            where = ", ".join(_cell(result, row) for row in safe[:6]) + (" …" if len(safe) > 6 else "")
            said = f"One agent fewer {what} in {len(fewer) - len(safe)} of {len(fewer)} places (group and interval)."
            if result.state == FOUND:
                said = (
                    f"One agent fewer anywhere {what}, except next to what the confirmation added ({where})."
                )
            yield said
        else:
            yield f"One agent fewer anywhere {what}."
        worst = max(fewer, key=lambda row: row.lost)
        yield f"One agent fewer does most harm {_cell(result, worst)}: it {_does(result, worst)}."
        least = min(fewer, key=lambda row: row.lost)
        if least is not worst:
            broken = ", ".join(dict.fromkeys(result.found.aims[k].goal.name for k in least.breaks))
            missed = f", and misses the target of {broken}" if broken else ""
            yield f"It does least harm {_cell(result, least)}: it {_does(result, least)}{missed}."
    if more:
        best = min(more, key=lambda row: row.lost)
        yield f"One agent more does most good {_cell(result, best)}: it {_does(result, best)}."


def _cell(result: Any, row: Neighbour) -> str:
    return f"in {clean(result.names[row.group], 20)} at {result.starts[row.interval]}"


def _does(result: Any, row: Neighbour) -> str:
    money = "saves" if row.cost < 0 else "costs"
    lost = f"{'loses' if row.lost > 0 else 'keeps'} {number(abs(row.lost), 2)} customers"
    worth = f" worth {_amount_of_value(result, abs(row.value))}" if row.value else ""
    return f"{money} {_amount(result, abs(row.cost))} and {lost}{worth} {span_of(result.scenario)}"


def _amount_of_value(result: Any, value: float) -> str:
    return f"{number(value, 2)} {clean(result.scenario.currency, 8)}".rstrip()


def _bounds(result: Any) -> Iterator[str]:
    bound = result.found.bound
    if bound.work_hours > 0 and result.state != IMPOSSIBLE:
        money = f" ({_amount(result, bound.work_cost)})" if result.cost else ""
        least = f"{number(bound.work_hours, 1)} paid hours{money}"
        yield (
            f"No staffing can do it with less than {least}: the targets want that share of the first contacts "
            "answered, and each takes its handle time (overtime and redials left out)."
        )
    if math.isfinite(bound.days_cost):
        yield (
            f"On the days of the search none costs less than {_amount(result, bound.days_cost)}: each interval was "
            "given the fewest agents that do with very many at all other times (granted that more agents at other "
            "times never hurt)."
        )


def _left_alone(result: Any) -> Iterator[str]:
    free = result.found.free
    kept = [name for name in result.names if name not in free]
    if kept:
        yield f"Left as written, as no target concerns them: {', '.join(clean(name, 30) for name in kept)}."
    wanted = {aim.goal.name for aim in result.found.aims if aim.goal.kind == "queue"}
    bare = [
        q
        for q in result.scenario.queues
        if q not in wanted and any(q in result.scenario.agents[g].skills for g in free)
    ]
    if bare:
        yield f"Without a target, so that nothing is staffed for them: {', '.join(clean(name, 30) for name in bare)}."
