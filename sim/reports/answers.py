"""The answer in a sentence: what a planner would say of a run, a comparison or a sweep, and of the plan to take."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.measures.estimate import Estimate
from sim.reports.figures import a_day, cell, clean, joined, said
from sim.reports.results import Comparison, Result
from sim.reports.verdicts import WAITS, cost_words, sure, verdict, wait_metric
from sim.scenario.units import say_duration

if TYPE_CHECKING:
    from sim.reports.sweeps import SweepResult

COUNTED = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
SHORT = 60  # characters of a plan's name


def run_answer(result: Result) -> str:
    """Who is lost under a plan, who is answered in time, how long they wait."""
    figures, scenario = result.queue(), result.scenario
    promises = [queue.service_level for queue in scenario.queues.values()]
    times = {promise.within for promise in promises}
    in_time = f"within {say_duration(times.pop())}" if len(times) == 1 else "in time"
    wait = wait_metric([result])
    if not figures["customers"].value > 0:
        return f"{_named(result.plan, 'Under ')}no customers come."
    lost = f"{said(figures['lost_customers'])} of {figures['customers'].value:,.0f} customers are lost"
    if not figures["lost_customers"].value > 0:
        lost = f"none of {figures['customers'].value:,.0f} customers is lost"
    parts = [f"{lost}{a_day(scenario)}"]
    if figures["service_level"].value == figures["service_level"].value:
        parts.append(f"{_percent(figures['service_level'])} are answered {in_time}")
    if figures[wait].value == figures[wait].value:
        parts.append(f"the {WAITS[wait]} is {said(figures[wait], 's')}")
    return f"{_named(result.plan, 'Under ')}{_listed(parts)}."


def comparison_answer(comparison: Comparison) -> str:
    """Which plan saves most, and what it costs; else that none is surely better, and why the nearest is not."""
    first, others = comparison.results[comparison.baseline], list(comparison.results)[1:]
    if not others:
        return run_answer(first)
    if first.count < 2:
        return f"One replication has no margins and cannot tell plans apart. {run_answer(first)}"
    plan = answer_plan(comparison)
    who, several = subject(first, plan)
    lost, judged = comparison.difference(plan)["lost_customers"], verdict(comparison, plan)
    if judged.word != "better":
        return _none_better(comparison, plan)
    if sure(lost):
        saves = f"save{'' if several else 's'} {said(lost)} lost customers{a_day(first.scenario)}"
        return f"{who} {saves}{_and(cost_words(comparison, plan), several)}."
    return f"{who} {'do' if several else 'does'} better than “{clean(comparison.baseline, SHORT)}”: {judged.why}."


def _none_better(comparison: Comparison, plan: str) -> str:
    """That no plan is better than the baseline, and how the nearest fares."""
    first, others = comparison.results[comparison.baseline], list(comparison.results)[1:]
    judged, base, name = verdict(comparison, plan), clean(comparison.baseline, SHORT), clean(plan, SHORT)
    why = f"{' ' if judged.why.startswith('to ') else ': '}{judged.why}"
    if len(others) > 1:
        unsure = any(verdict(comparison, other).word == "cannot tell yet" for other in others)
        none = f"None of the {len(others)} other plans is {'surely ' * unsure}better than “{base}”"
        return f"{none}; the nearest, “{name}”: {judged.word}{why}."
    who, several = subject(first, plan)
    verb = "are" if several else "is"
    sentence = {
        "worse": f"{who} {verb} worse than “{base}”",
        "cannot tell yet": f"Whether “{name}” is better than “{base}” cannot be told yet",
        "no difference": f"{who} make{'' if several else 's'} no difference",
        "differs": f"{who} {verb} better in some things and worse in others",
    }[judged.word]
    return f"{sentence}{why}."


def answer_plan(comparison: Comparison) -> str:
    """The plan that the answer is about: of those better than the baseline, or else of all, the one that loses fewest.

    Where as many are lost under all of them, the one with the shortest wait.
    """
    others = list(comparison.results)[1:]
    if not others:
        return comparison.baseline
    better = [plan for plan in others if verdict(comparison, plan).word == "better"] or others
    wait = wait_metric(comparison.results.values())

    def harm(plan: str) -> tuple[float, float]:
        figures = comparison.results[plan].queue()
        return round(figures["lost_customers"].value, 6), figures[wait].value

    return min(better, key=harm)


def subject(first: Result, plan: str) -> tuple[str, bool]:
    """What a plan is, to begin a sentence with, and whether it is several: "One more agent from 10:00 to 13:00"."""
    overrides = first.scenario.plans.get(plan, {})
    change = _agents_changed(overrides)
    if change is None:
        return f"“{clean(plan, SHORT)}”", False
    group, number, span = change
    size = abs(number)
    count = COUNTED[size] if size < len(COUNTED) else str(size)
    which = f" of {clean(group, 40)}" if len(first.scenario.agents) > 1 else ""
    who = f"{count} {'more' if number > 0 else 'fewer'} agent{'s' * (size != 1)}{which}{span}"
    return who[0].upper() + who[1:], size != 1


def _agents_changed(overrides: Mapping[str, Any]) -> tuple[str, int, str] | None:
    """Group, agents more or fewer, and when, where a plan changes just that; None for any other plan."""
    if len(overrides) != 1:
        return None
    ((path, value),) = overrides.items()
    parts = path.split(".")
    if len(parts) != 3 or (parts[0], parts[2]) != ("agents", "staffing") or not isinstance(value, dict):
        return None
    span = " all day"
    if len(value) == 1 and isinstance(inner := next(iter(value.values())), dict):
        start, dash, end = str(next(iter(value))).partition("-")
        span, value = (f" from {start} to {end}" if dash else f" at {start}"), inner
    number = value.get("add") if list(value) == ["add"] else None
    if isinstance(number, bool) or not isinstance(number, int) or number == 0:
        return None
    return parts[1], number, span


def sweep_answer(result: "SweepResult") -> str:
    """The best point of a sweep, and what matters most for its metric."""
    from sim.reports.sweeptables import level_of, said_value, short

    metric, most = result.aim()
    best = next(iter(result.rows([metric], order=metric, most=most, limit=1)), None)
    if best is None or not best.replications:
        return "No point of the sweep has been played yet."
    estimate, title = best.estimates[metric], metric.replace("_", " ")
    kind = result.columns[metric].unit
    told = said(estimate) if kind == "" else said_value(estimate.value, kind, result)
    when = a_day(result.scenario) if kind in ("", "money", "hours") else ""
    levels = _listed(
        [f"{short(column.name)} {level_of(column, best.values[column.name])}" for column in result.factors]
    )
    way = "most" if most else "fewest" if kind == "" else "least"
    return f"Of {result.counts.played:,} points, number {best.point} has the {way} {title}, {told}{when}: {levels}."


def _and(cost: str, several: bool) -> str:
    """What it costs, joined on to what it saves, in the number of what does both."""
    verb, _, rest = cost.partition(" ")
    if verb in ("costs", "saves"):
        return f" and {verb[:-1] if several else verb} {rest}"
    return f" {cost}" if cost.startswith(("at ", "with ")) else f" for {cost}"


def _percent(estimate: Estimate) -> str:
    return f"{joined(cell(estimate, 100.0)).removesuffix(' ± 0')}%"


def _named(plan: str, before: str) -> str:
    return f"{before}“{clean(plan, SHORT)}” "


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
