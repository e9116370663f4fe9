"""Results as text that a planner reads at a glance, and as small HTML tables for notebooks."""

import html
import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sim.measures.estimate import Estimate, interval
from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS
from sim.reports.figures import DASH, Cell, a_day, aligned, cell, clean, folded, joined, unit_of
from sim.reports.results import ALL, Comparison, Result
from sim.reports.verdicts import money_words, remarks, verdict_lines
from sim.scenario.schema import Queue, Scenario
from sim.scenario.units import say_duration

WIDTH = 120
TITLES = {
    "abandonment_rate": "hang up", "lost_customers": "lost\ncustomers", "time_to_agent": "time to\nagent",
    "p90_wait": "90% wait\nless than", "on_duty_hours": "on duty", "overtime_hours": "overtime",
    "unreached_hours": "rung in\nvain",
    "paid_hours": "paid", "staff_cost": "cost", "mean_queue_length": "mean\nline",
    "callbacks_kept": "callbacks\nkept", "callbacks_broken": "callbacks\nbroken",
    "deferred_hours": "work\nput off", "returned_hours": "work\ncalled back", "absent_hours": "absent",
    "first_contact_resolution": "solved at\nfirst contact", "contacts_per_customer": "contacts\neach",
    "transfers_per_customer": "transfers\neach", "customer_wait": "waiting\nin all",
    "time_to_resolution": "time until\nsolved", "backlog_at_opening": "waiting\nat opening",
    "backlog_at_closing": "waiting\nat closing", "never_answered_share": "never\nanswered",
    "pending": "still waiting\nat the end",
}  # fmt: skip
QUEUE_COLUMNS = (
    "offered", "service_level", "abandonment_rate", "mean_wait", "time_to_agent", "p90_wait", "lost_customers",
    "lost_rate", "callbacks_kept", "callbacks_broken",
)  # fmt: skip
CUSTOMER_COLUMNS = (
    "customers", "first_contact_resolution", "contacts_per_customer", "transfers_per_customer", "customer_wait",
    "time_to_resolution",
)  # fmt: skip
BACKLOG_COLUMNS = ("backlog_at_opening", "backlog_at_closing", "pending", "never_answered_share")
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


@dataclass(frozen=True)
class Table:
    """A column of names and columns of figures: heads (one or two lines each), columns[place][row].

    Names may be indented by spaces.
    """

    corner: str
    names: Sequence[str]
    heads: Sequence[str]
    columns: Sequence[Sequence[Cell]]

    def text(self, width: int = WIDTH) -> str:
        """Lines of text, figures under each other by their decimal points; what is too wide in two blocks."""
        from tabulate import tabulate

        lined_up = [aligned(column) for column in self.columns]
        plain = [[joined(cell) for cell in column] for column in self.columns]
        lines = max(head.count("\n") for head in (self.corner, *self.heads))
        heads = ["\n" * (lines - head.count("\n")) + head for head in (self.corner, *self.heads)]
        sides = ("left", *["right"] * len(self.columns))
        for name_width, columns in ((24, lined_up), (18, lined_up), (18, plain)):
            names = [_wrapped(name, name_width) for name in self.names]
            rows = zip(names, *columns, strict=True)
            text = tabulate(rows, heads, colalign=sides, disable_numparse=True, preserve_whitespace=True)
            if max(map(len, text.splitlines())) <= width or len(self.columns) == 1:
                return text
        half = (len(self.columns) + 1) // 2
        parts = (
            Table(self.corner, self.names, self.heads[p], self.columns[p])
            for p in (slice(half), slice(half, None))
        )
        return "\n\n".join(part.text(width) for part in parts)

    def html(self) -> str:
        """The same as an HTML table, every name escaped."""

        def row(tag: str, texts: Sequence[str]) -> str:
            first, *others = (html.escape(text).replace("\n", "<br>") for text in texts)
            first = first.replace("  ", "&nbsp;&nbsp;")
            cells = "".join(f"<{tag} style='text-align:right'>{other}</{tag}>" for other in others)
            return f"<tr><th style='text-align:left'>{first}</th>{cells}</tr>"

        rows = zip(self.names, *(map(joined, column) for column in self.columns), strict=True)
        body = "".join(row("td", texts) for texts in rows)
        return f"<table><thead>{row('th', [self.corner, *self.heads])}</thead><tbody>{body}</tbody></table>"


def _wrapped(name: str, width: int) -> str:
    """A name on lines of a width, all indented as it is."""
    set_in = " " * (len(name) - len(name.lstrip()))
    return "\n".join(textwrap.wrap(name.lstrip(), width, initial_indent=set_in, subsequent_indent=set_in))


def run_table(result: Result, by_interval: bool = False, width: int = WIDTH) -> str:
    """What one plan came to: by queue, by group, in words; by_interval needs a result made so."""
    tables = (table.text(width) for table in _run_tables(result))
    parts = [_title(result), *tables, folded([*money_words(result), *remarks(result)], width)]
    if by_interval:
        members = dict.fromkeys((kind, name) for kind, name, _, _ in result.interval_samples)
        parts += [_interval_table(result, kind, name).text(width) for kind, name in members]
    return "\n\n".join(part for part in parts if part)


def compare_table(comparison: Comparison, width: int = WIDTH) -> str:
    """Every plan's figures, the paired differences to the baseline, and a verdict in words on each."""
    tables = [table.text(width) for table in _comparison_tables(comparison)]
    parts = [_comparison_title(comparison), *tables, folded(verdict_lines(comparison), width)]
    return "\n\n".join(part for part in parts if part)


def result_html(result: Result) -> str:
    """The tables and remarks of a run, for a notebook."""
    return _page(_title(result), _run_tables(result), [*money_words(result), *remarks(result)])


def comparison_html(comparison: Comparison) -> str:
    """The tables and verdicts of a comparison, for a notebook."""
    return _page(_comparison_title(comparison), _comparison_tables(comparison), verdict_lines(comparison))


def _page(title: str, tables: Iterable[Table], sentences: Iterable[str]) -> str:
    words = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    head = html.escape(title).replace("\n", "<br>")
    shown = "<br>".join(table.html() for table in tables)
    return f"<div><p>{head}</p>{shown}{f'<ul>{words}</ul>' if words else ''}</div>"


def _title(result: Result) -> str:
    return f"{clean(result.scenario.name, 90)}\nplan {clean(result.plan, 60)} · {_played(result)}"


def _comparison_title(comparison: Comparison) -> str:
    first, others = comparison.results[comparison.baseline], len(comparison.results) - 1
    against = f"{others} plan{'s' * (others != 1)} against {clean(first.plan, 40)}"
    return f"{clean(first.scenario.name, 90)}\n{against} · {_played(first)}"


def _played(result: Result) -> str:
    if result.count == 1:
        return f"one replication, seed {result.seed}: no margins"
    return f"{result.count:,} replications, seed {result.seed} · ± are 95% margins"


def _run_tables(result: Result) -> list[Table]:
    """By queue and class; customers where they may come more than once; lines over closing hours; by group."""
    when, scenarios = a_day(result.scenario, ", "), [result.scenario]
    names, by_queue = _with_classes(result)
    tables = [_table(f"queues{when}", names, by_queue, _telling(QUEUE_COLUMNS, by_queue), scenarios)]
    if any(_comes_again(queue) for queue in result.scenario.queues.values()):
        metrics = _telling(CUSTOMER_COLUMNS, by_queue)
        tables.append(_table("customers by\nfirst queue", names, by_queue, metrics, scenarios))
    lasting = [(name, row) for name, row in zip(names, by_queue, strict=True) if name != ALL and _lasts(row)]
    if lasting:
        lines, rows = zip(*lasting, strict=True)
        tables.append(_table("lines over\nclosing hours", lines, rows, BACKLOG_COLUMNS, scenarios))
    groups = [name for name in result.agent_samples if name != ALL or len(result.scenario.agents) > 1]
    by_group = [result.group(name) for name in groups]
    tables.append(_table(f"agents{when}", groups, by_group, _telling(GROUP_COLUMNS, by_group), scenarios))
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
    found = [(start, row) for k, name, start, row in result.interval_samples if (k, name) == (kind, wanted)]
    known = [metric for metric in INTERVAL_COLUMNS[kind] if metric in found[0][1]]
    rows = [{metric: interval(row[metric]) for metric in known} for _, row in found]
    starts = [start for start, _ in found]
    return _table(clean(wanted, 24), starts, rows, _telling(known, rows), [result.scenario])


def _comparison_tables(comparison: Comparison) -> list[Table]:
    scenarios = [result.scenario for result in comparison.results.values()]
    when = a_day(scenarios[0], ", ")
    values = [result.queue() | result.group() for result in comparison.results.values()]
    metrics = _telling(PLAN_COLUMNS, values)
    tables = [_table(f"plans{when}", list(comparison.results), values, metrics, scenarios)]
    others = list(comparison.results)[1:]
    if others:
        paired = [comparison.difference(plan) | comparison.difference(plan, "group") for plan in others]
        corner = f"difference to\n{clean(comparison.baseline, 20)}"
        tables.append(_table(corner, others, paired, metrics, scenarios, signed=True))
    return tables


def _telling(metrics: Iterable[str], rows: Sequence[dict[str, Estimate]]) -> list[str]:
    """The metrics worth a column: those that are known, without costs and callbacks where there are none."""
    known = [metric for metric in metrics if metric in rows[0]]
    return [m for m in known if m not in ONLY_IF_ANY or any(row[ONLY_IF_ANY[m]].value for row in rows)]


def _table(
    corner: str, names: Sequence[str], rows: Sequence[dict[str, Estimate]], metrics: Iterable[str],
    scenarios: Sequence[Scenario], signed: bool = False,
) -> Table:  # fmt: skip
    """Figures by name and metric, each column in one unit, which stands in its head."""
    heads, columns = [], []
    for metric in metrics:
        estimates = [row[metric] for row in rows]
        kind = (QUEUE_METRICS.get(metric) or AGENT_METRICS[metric]).unit
        scale, unit = _scaled(estimates, kind, signed)
        if kind == "s" and _far_apart(estimates):
            heads.append(TITLES.get(metric, metric.replace("_", " ")))
            columns.append([_with_unit(estimate, signed) for estimate in estimates])
            continue
        unit = clean(scenarios[0].currency, 8) if kind == "money" else unit
        title = (
            _promise(scenarios) if metric == "service_level" else TITLES.get(metric, metric.replace("_", " "))
        )
        heads.append(f"{title}\n{unit}" if unit else title)
        columns.append([cell(estimate, scale, signed) for estimate in estimates])
    return Table(corner, [_cleaned(name) for name in names], heads, columns)


def _cleaned(name: str) -> str:
    """A name on one line, indented as it was."""
    return " " * (len(name) - len(name.lstrip(" "))) + clean(name, 90)


def _scaled(estimates: Sequence[Estimate], kind: str, signed: bool) -> tuple[float, str]:
    """What to multiply a column with, and the unit for its head: that of the longest duration."""
    if kind == "s":
        seconds, unit = unit_of(max((abs(e.value) for e in estimates if math.isfinite(e.value)), default=0.0))
        return 1 / seconds, unit
    if kind == "share":
        return 100.0, "% points" if signed else "%"
    return 1.0, "h" if kind == "hours" else ""


def _far_apart(estimates: Sequence[Estimate]) -> bool:
    """Whether durations differ so much, seconds at the phone and days of mail, that no one unit suits them."""
    sizes = [abs(e.value) for e in estimates if math.isfinite(e.value) and e.value]
    return bool(sizes) and max(sizes) > 200 * min(sizes)


def _with_unit(estimate: Estimate, signed: bool) -> Cell:
    """A duration in the unit that suits it, which stands behind it."""
    size, unit = unit_of(abs(estimate.value) if math.isfinite(estimate.value) else 0.0)
    value, margin = cell(estimate, 1 / size, signed)
    if value == DASH:
        return value, margin
    return (value, f"{margin} {unit}") if margin else (f"{value} {unit}", "")


def _promise(scenarios: Iterable[Scenario]) -> str:
    """The head of the service level: the time that all queues promise, if it is the same."""
    promises = [queue.service_level for scenario in scenarios for queue in scenario.queues.values()]
    times = {promise.within for promise in promises}
    if len(times) > 1 or any(promise.clock != "always" for promise in promises):
        return "answered\nin time"
    return f"answered\nin {say_duration(times.pop())}"
