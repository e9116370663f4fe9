"""What was understood of a group of agents, in words: how many, when, and whom they serve."""

from sim.scenario.people import Group, Skill
from sim.scenario.schema import Scenario
from sim.scenario.units import say_day_clock, say_duration, say_share, say_weekdays

NTH = ("first", "second", "third")


def group_words(name: str, scenario: Scenario) -> str:
    """One paragraph on a group."""
    group, seconds = scenario.agents[name], scenario.planned_seconds(name)
    heads = seconds / scenario.grid.interval
    low, high = f"{heads.min():.4g}", f"{heads.max():.4g}"
    rate = f"{group.cost_per_hour:g} {scenario.currency} a paid hour".replace("  ", " ")
    said = [
        f"Group {name}: {low if low == high else f'{low} to {high}'} agent{'s' * (low != '1' or high != '1')}"
        f"{_working(group, scenario)}, "
        f"{seconds.sum() / 3600:,.6g} hours on the phones, shrinkage {say_share(group.shrinkage)}"
        + (f", {rate}" if group.cost_per_hour else "")
    ]
    if group.absence:
        said.append(f"each is absent for the day with {say_share(group.absence)}")
    weighted = scenario.routing == "weighted"
    skills = [_skill(queue, group, weighted) for queue in group.skills]
    return "; ".join([*said, f"serves {', '.join(skills)}"]) + "."


def _working(group: Group, scenario: Scenario) -> str:
    """By shifts or a roster, where it is not by staffing."""
    if group.roster is not None:
        agents = len({row.agent for row in group.roster.rows})
        return f" by a roster of {len(group.roster.rows)} shifts and {agents} names"
    if group.shifts is None:
        return ""
    said = []
    for name, shift in group.shifts.items():
        kind = scenario.shift_types[shift.type]
        starts = ", ".join(say_day_clock(days, clock) for days, clock in shift.starts)
        days = f" {say_weekdays(shift.days)}" if shift.days else ""
        breaks = f", {len(kind.breaks)} break{'s' * (len(kind.breaks) != 1)}" if kind.breaks else ""
        said.append(f"{name}: {shift.agents} at{days} {starts} for {say_duration(kind.length)}{breaks}")
    return f" by shifts ({'; '.join(said)})"


def _skill(queue: str, group: Group, weighted: bool) -> str:
    skill = group.skills[queue]
    extra = [f"level {skill.level}"] if len(group.skills) > 1 else []
    extra += [f"preferred {skill.prefer}"] if skill.prefer not in (None, skill.level) else []
    extra += [f"{skill.handle_factor:.3g} × the handle time"] if skill.handle_factor != 1 else []
    if skill.overflow_after:
        extra.append(f"only after {say_duration(skill.overflow_after)}")
    if skill.reserve:
        extra.append(f"only while more than {skill.reserve} are free")
    extra += [f"{skill.at_once} at once"] if skill.at_once > 1 else []
    extra += _slowdown(skill)
    if skill.interruptible:
        others = [other for other, beside in group.skills.items() if not beside.interruptible]
        extra.append(f"put aside for {' and '.join(others) or 'nothing else'}")
    if weighted:
        extra.append(f"score {skill.score.base:g} + {skill.score.weight:g} × seconds of wait")
    return queue + (f" ({', '.join(extra)})" if extra else "")


def _slowdown(skill: Skill) -> list[str]:
    """How much longer a contact takes that is the first, second … in hand, where it does."""
    factors = skill.slowdown
    if set(factors) == {1.0}:
        return []
    if len(set(factors)) == 1:
        return [f"each × {factors[0]:.3g} as long"]
    names = [NTH[place] if place < len(NTH) else f"{place + 1}th" for place in range(len(factors))]
    if len(factors) < skill.at_once:
        names[-1] += " and further"
    each = zip(names, factors, strict=True)
    return [f"the {' and '.join(f'{name} × {factor:.3g}' for name, factor in each if factor != 1)} as long"]
