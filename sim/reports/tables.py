"""Results as text that a planner reads at a glance, and as small HTML tables for notebooks."""

from collections.abc import Iterable, Sequence

from sim.measures.estimate import Estimate, interval
from sim.reports.beside import further_tables, unlike_hang_ups
from sim.reports.figures import clean, folded, span_of
from sim.reports.layout import WIDTH, Table, notebook_html, table_of
from sim.reports.results import ALL, Comparison, Result
from sim.reports.verdicts import money_words, remarks, verdict_lines
from sim.scenario.schema import Queue

QUEUE_COLUMNS = (
    "offered", "service_level", "abandonment_rate", "never_answered_share", "mean_wait", "time_to_agent",
    "p90_wait", "lost_customers", "lost_rate", "callbacks_kept", "callbacks_broken",
)  # fmt: skip
CUSTOMER_COLUMNS = (
    "customers", "first_contact_resolution", "contacts_per_customer", "transfers_per_customer", "customer_wait",
    "time_to_resolution",
)  # fmt: skip
BACKLOG_COLUMNS = ("backlog_at_opening", "backlog_at_closing", "pending")
GROUP_COLUMNS = (
    "on_duty_hours",
    "absent_hours",
    "overtime_hours",
    "unreached_hours",
    "occupancy",
    "paid_hours",
    "staff_cost",
)
PLAN_COLUMNS = (
    "lost_customers", "lost_rate", "mean_wait", "time_to_agent", "p90_wait", "service_level",
    "callbacks_kept", "callbacks_broken", "occupancy", "paid_hours", "staff_cost",
)  # fmt: skip
ONLY_IF_ANY = {
    "unreached_hours": "unreached_hours",  # a column that is left out, unless somewhere this is not zero
    "time_to_agent": "callbacks_accepted", "callbacks_kept": "callbacks_accepted",
    "callbacks_broken": "callbacks_accepted", "deferred_hours": "deferred_hours",
    "returned_hours": "returned_hours", "staff_cost": "staff_cost", "absent_hours": "absent_hours",
    "transfers_per_customer": "transfers_per_customer",
}  # fmt: skip
INTERVAL_COLUMNS = {
    "queue": (
        "offered",
        "service_level",
        "abandonment_rate",
        "mean_wait",
        "p90_wait",
        "mean_queue_length",
        "deferred_hours",
        "returned_hours",
    ),
    "group": ("on_duty_hours", "overtime_hours", "occupancy"),
}
INTERVAL_COLUMNS["class"] = INTERVAL_COLUMNS["queue"]  # fmt: skip


def run_table(result: Result, by_interval: bool = False, width: int = WIDTH) -> str:
    """What one plan came to: by queue, by group, in words; by_interval needs a result made so."""
    tables = (table.text(width) for table in run_tables(result))
    parts = [run_title(result), *tables, folded([*money_words(result), *remarks(result)], width)]
    if by_interval:
        members = dict.fromkeys((kind, name) for kind, name, _, _ in result.interval_samples)
        parts += [_interval_table(result, kind, name).text(width) for kind, name in members]
    return "\n\n".join(part for part in parts if part)


def compare_table(comparison: Comparison, width: int = WIDTH) -> str:
    """Every plan's figures, the paired differences to the baseline, and a verdict in words on each."""
    tables = [table.text(width) for table in comparison_tables(comparison)]
    parts = [comparison_title(comparison), *tables, folded(verdict_lines(comparison), width)]
    return "\n\n".join(part for part in parts if part)


def result_html(result: Result) -> str:
    """The tables and remarks of a run, for a notebook."""
    return notebook_html(run_title(result), run_tables(result), [*money_words(result), *remarks(result)])


def comparison_html(comparison: Comparison) -> str:
    """The tables and verdicts of a comparison, for a notebook."""
    return notebook_html(
        comparison_title(comparison), comparison_tables(comparison), verdict_lines(comparison)
    )


def run_title(result: Result) -> str:
    return f"{clean(result.scenario.name, 90)}\nplan {clean(result.plan, 60)} · {_played(result)}"


def comparison_title(comparison: Comparison) -> str:
    first, others = comparison.results[comparison.baseline], len(comparison.results) - 1
    against = f"{others} plan{'s' * (others != 1)} against {clean(first.plan, 40)}"
    return f"{clean(first.scenario.name, 90)}\n{against} · {_played(first)}"


def _played(result: Result) -> str:
    if result.count == 1:
        return f"one replication, seed {result.seed}: no margins"
    return f"{result.count:,} replications, seed {result.seed} · ± are 95% margins"


def run_tables(result: Result) -> list[Table]:
    """By queue and class; customers where they may come more than once; lines over closing hours; by group."""
    when, scenarios = f", {span_of(result.scenario)}", [result.scenario]
    names, by_queue = _with_classes(result)
    tables = [table_of(f"queues{when}", names, by_queue, _telling(QUEUE_COLUMNS, by_queue), scenarios)]
    if any(_comes_again(queue) for queue in result.scenario.queues.values()):
        metrics = _telling(CUSTOMER_COLUMNS, by_queue)
        tables.append(table_of("customers by\nfirst queue", names, by_queue, metrics, scenarios))
    lasting = [(name, row) for name, row in zip(names, by_queue, strict=True) if name != ALL and _lasts(row)]
    if lasting:
        lines, rows = zip(*lasting, strict=True)
        tables.append(table_of("lines over\nclosing hours", lines, rows, BACKLOG_COLUMNS, scenarios))
    groups = [name for name in result.agent_samples if name != ALL or len(result.scenario.agents) > 1]
    by_group = [result.group(name) for name in groups]
    tables.append(table_of(f"agents{when}", groups, by_group, _telling(GROUP_COLUMNS, by_group), scenarios))
    return tables


def _comes_again(queue: Queue) -> bool:
    """Whether customers of a queue may have more than one contact."""
    redials = [queue.redial, *(one.redial for one in queue.classes.values())]
    return bool(queue.transfer or queue.repeat or queue.switch or any(redials))


def _lasts(row: dict[str, Estimate]) -> bool:
    """Whether any contact is ever left over at a closing or an opening of a queue's hours."""
    return any(row[metric].value > 0 for metric in ("backlog_at_closing", "backlog_at_opening"))


def _with_classes(result: Result) -> tuple[list[str], list[dict[str, Estimate]]]:
    """The names of queues, classes indented below theirs, and their figures."""
    names, rows = [], []
    for queue in result.queue_samples:
        if queue != ALL or len(result.scenario.queues) > 1:
            names.append(queue)
            rows.append(result.queue(queue))
        for name in result.class_samples.get(queue, {}):
            names.append(f"  {clean(name, 80)}")
            rows.append(result.of_class(queue, name))
    return names, rows


def _interval_table(result: Result, kind: str, wanted: str) -> Table:
    """The intervals of a queue, class or group, without those in which nothing was open and nobody there."""
    every = [(start, row) for k, name, start, row in result.interval_samples if (k, name) == (kind, wanted)]
    seen = ("on_duty_hours", "overtime_hours") if kind == "group" else ("offered", "mean_queue_length")
    found = [(start, row) for start, row in every if any(row[metric].value for metric in seen)] or every[:1]
    known = [metric for metric in INTERVAL_COLUMNS[kind] if metric in found[0][1]]
    rows = [{metric: interval(row[metric]) for metric in known} for _, row in found]
    starts = [start for start, _ in found]
    return table_of(clean(wanted, 24), starts, rows, _telling(known, rows), [result.scenario])


def comparison_tables(comparison: Comparison) -> list[Table]:
    scenarios = [result.scenario for result in comparison.results.values()]
    when = f", {span_of(scenarios[0])}"
    values = [result.queue() | result.group() for result in comparison.results.values()]
    metrics = _telling(PLAN_COLUMNS, values)
    tables = [table_of(f"plans{when}", list(comparison.results), values, metrics, scenarios)]
    others = list(comparison.results)[1:]
    if others:
        paired = [comparison.difference(plan) | comparison.difference(plan, "group") for plan in others]
        corner = f"difference to\n{clean(comparison.baseline, 20)}"
        tables.append(table_of(corner, others, paired, metrics, scenarios, signed=True))
    return [*tables, *further_tables(comparison)]


def _telling(metrics: Iterable[str], rows: Sequence[dict[str, Estimate]]) -> list[str]:
    """The metrics worth a column: those that are known, without costs and callbacks where there are none."""
    known = [metric for metric in metrics if metric in rows[0]]
    if not any(map(unlike_hang_ups, rows)):
        known = [metric for metric in known if metric != "never_answered_share"]
    return [m for m in known if m not in ONLY_IF_ANY or any(row[ONLY_IF_ANY[m]].value for row in rows)]
