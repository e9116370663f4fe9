"""What a comparison shows beyond its first table: figures by queue and class, and those that few scenarios need."""

import math
from collections.abc import Iterator

from sim.measures.estimate import Estimate
from sim.reports.figures import cell, clean, span_of
from sim.reports.layout import Table, table_of
from sim.reports.results import ALL, BETWEEN, Comparison
from sim.reports.verdicts import sure

HOUR = 3600.0
WORTH_A_COLUMN = 0.0005  # share of contacts never answered beyond those who hang up
MOST_QUEUES = 6  # with more, only those are shown in which plans differ
CLASS_COLUMNS = (
    "service_level",
    "abandonment_rate",
    "mean_wait",
    "lost_customers",
    "lost_rate",
    "lost_value",
)
BY_QUEUE = {  # metric → head and scale
    "service_level": ("answered\nin time, %", 100.0), "never_answered_share": ("not\nanswered, %", 100.0),
    "backlog_at_closing": ("waiting\nat closing", 1.0),
}  # fmt: skip
UNKNOWN = Estimate(math.nan, math.nan, math.nan)


def further_tables(comparison: Comparison) -> Iterator[Table]:
    """Values and differences, where the scenario is about them and plans differ in them beyond their margins."""
    if len(comparison.results) < 2:
        return
    metrics = [metric for metric in _telling(comparison) if _differ(comparison, "queue", ALL, metric)]
    if metrics:
        scenarios = [result.scenario for result in comparison.results.values()]
        span = span_of(scenarios[0])
        values = [result.queue() for result in comparison.results.values()]
        yield table_of(f"further, {span}", list(comparison.results), values, metrics, scenarios)
        changes = [comparison.difference(plan) for plan in _others(comparison)]
        yield table_of(_corner(comparison), _others(comparison), changes, metrics, scenarios, signed=True)
    if len(_queues(comparison)) > 1:
        yield from _by_queue(comparison)
    for queue in _queues(comparison):
        yield from _by_class(comparison, queue)


def _others(comparison: Comparison) -> list[str]:
    return list(comparison.results)[1:]


def _queues(comparison: Comparison) -> list[str]:
    return list(comparison.results[comparison.baseline].scenario.queues)


def _corner(comparison: Comparison) -> str:
    return f"difference to\n{clean(comparison.baseline, 20)}"


def _differ(comparison: Comparison, kind: str, name: str, metric: str) -> bool:
    """Whether any plan differs from the baseline in a metric beyond the margin."""
    changes = (comparison.difference(plan, kind, name) for plan in _others(comparison))
    return any(metric in change and sure(change[metric]) for change in changes)


def _telling(comparison: Comparison) -> Iterator[str]:
    """Metrics of all queues together that the scenario is about under any of its plans."""
    queues = [q for result in comparison.results.values() for q in result.scenario.queues.values()]
    every = [result.queue() for result in comparison.results.values()]
    several = len(_queues(comparison)) > 1
    if any(queue.ivr for queue in queues):
        yield "ivr_hang_ups"
    if not several and any(unlike_hang_ups(row) for row in every):
        yield "never_answered_share"
    if any(row["max_wait"].value >= HOUR for row in every):
        yield "max_wait"
    if any(queue.transfer or queue.repeat or queue.switch for queue in queues):
        yield from ("contacts_per_customer", "customer_wait", "time_to_resolution")
    if not several and any(row["backlog_at_closing"].value > 0 for row in every):
        yield "backlog_at_closing"
    yield from (
        metric for metric in ("lost_value", "deterred_value") if any(row[metric].value for row in every)
    )


def unlike_hang_ups(row: dict[str, Estimate]) -> bool:
    """Whether more are never answered than hang up: some find it closed, are cut off or wait on."""
    never, gone = (row.get(m, UNKNOWN).value for m in ("never_answered_share", "abandonment_rate"))
    return math.isfinite(never) and math.isfinite(gone) and never - gone > WORTH_A_COLUMN


def _by_queue(comparison: Comparison) -> Iterator[Table]:
    """Every queue's service level, and what is never answered or waits at closing: plans down, queues across."""
    results, others = list(comparison.results.values()), _others(comparison)
    heads, values, changes = [], [], []
    for metric, (head, scale) in BY_QUEUE.items():
        differing = {name for name in _queues(comparison) if _differ(comparison, "queue", name, metric)}
        names = []
        for name in _queues(comparison) if differing else ():
            rows = [result.queue(name) for result in results if name in result.queue_samples]
            if metric == "service_level" or any(_is_telling(row, metric) for row in rows):
                names.append(name)
        for name in names if len(names) <= MOST_QUEUES else sorted(differing, key=names.index):
            heads.append(f"{clean(name, 16)}\n{head}")
            shown = [
                r.queue(name).get(metric, UNKNOWN) if name in r.queue_samples else UNKNOWN for r in results
            ]
            values.append([cell(estimate, scale) for estimate in shown])
            paired = [comparison.difference(plan, "queue", name).get(metric, UNKNOWN) for plan in others]
            changes.append([cell(estimate, scale, signed=True) for estimate in paired])
    if heads:
        yield Table("by queue", [clean(name, 90) for name in comparison.results], heads, values)
        heads = [head.replace(", %", ",\n% points") for head in heads]
        yield Table(_corner(comparison), [clean(name, 90) for name in others], heads, changes)


def _is_telling(row: dict[str, Estimate], metric: str) -> bool:
    return unlike_hang_ups(row) if metric == "never_answered_share" else row[metric].value > 0


def _by_class(comparison: Comparison, queue: str) -> Iterator[Table]:
    """The figures of each class of a queue: below each plan its classes."""
    first = comparison.results[comparison.baseline]
    classes = list(first.class_samples.get(queue, {}))
    members = [("class", f"{queue}{BETWEEN}{name}") for name in classes]
    metrics = [m for m in CLASS_COLUMNS if any(_differ(comparison, *member, m) for member in members)]
    if not metrics:
        return
    scenarios = [result.scenario for result in comparison.results.values()]
    blank = dict.fromkeys(metrics, UNKNOWN)
    indented = [f"  {clean(name, 80)}" for name in classes]
    names, rows = [], []
    for plan, result in comparison.results.items():
        names += [plan, *indented]
        known = result.class_samples.get(queue, {})
        rows += [result.queue(queue)]
        rows += [result.of_class(queue, name) if name in known else blank for name in classes]
    yield table_of(f"{clean(queue, 20)} by class,\n{span_of(scenarios[0])}", names, rows, metrics, scenarios)
    names, rows = [], []
    for plan in _others(comparison):
        names += [plan, *indented]
        rows += [comparison.difference(plan, *member) or blank for member in [("queue", queue), *members]]
    yield table_of(_corner(comparison), names, rows, metrics, scenarios, signed=True)
