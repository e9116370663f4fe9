"""Figures laid out in tables: units in the heads, decimal points under each other, no wider than asked for."""

import html
import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sim.measures.estimate import Estimate
from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS
from sim.reports.figures import CENTS, DASH, Cell, aligned, cell, clean, joined, unit_of
from sim.scenario.schema import Scenario
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
    "backlog_at_closing": "waiting\nat closing", "never_answered_share": "not\nanswered",
    "pending": "still waiting\nat the end", "max_wait": "longest\nwait", "lost_value": "value of\nthe lost",
    "deterred_value": "value of\nthose put off", "ivr_hang_ups": "hang up\nin the IVR",
}  # fmt: skip


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


def notebook_html(title: str, tables: Iterable[Table], sentences: Iterable[str]) -> str:
    """A title, tables and sentences as a notebook shows them, all escaped."""
    head = html.escape(title).replace("\n", "<br>")
    shown = "<br>".join(table.html() for table in tables)
    words = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f"<div><p>{head}</p>{shown}{f'<ul>{words}</ul>' if words else ''}</div>"


def _wrapped(name: str, width: int) -> str:
    """A name on lines of a width, all indented as it is."""
    set_in = " " * (len(name) - len(name.lstrip()))
    return "\n".join(textwrap.wrap(name.lstrip(), width, initial_indent=set_in, subsequent_indent=set_in))


def table_of(
    corner: str, names: Sequence[str], rows: Sequence[dict[str, Estimate]], metrics: Iterable[str],
    scenarios: Sequence[Scenario], signed: bool = False,
) -> Table:  # fmt: skip
    """Figures by name and metric, each column in one unit, which stands in its head."""
    heads, columns = [], []
    for metric in metrics:
        estimates = [row[metric] for row in rows]
        kind = (QUEUE_METRICS.get(metric) or AGENT_METRICS[metric]).unit
        scale, unit = _scaled(estimates, kind, signed)
        if kind == "s" and _far_apart(estimates, signed):
            heads.append(TITLES.get(metric, metric.replace("_", " ")))
            columns.append([_with_unit(estimate, signed) for estimate in estimates])
            continue
        unit = clean(scenarios[0].currency, 8) if kind == "money" else unit
        title = (
            promise_head(scenarios)
            if metric == "service_level"
            else TITLES.get(metric, metric.replace("_", " "))
        )
        heads.append(f"{title}\n{unit}" if unit else title)
        most = CENTS if kind == "money" else 6
        columns.append([cell(estimate, scale, signed, most) for estimate in estimates])
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


def _far_apart(estimates: Sequence[Estimate], signed: bool) -> bool:
    """Whether durations differ so much, seconds at the phone and days of mail, that no one unit suits them.

    Differences, of which some are always near zero, must differ by more.
    """
    sizes = [abs(e.value) for e in estimates if math.isfinite(e.value) and e.value]
    if not sizes or unit_of(min(sizes)) == unit_of(max(sizes)):
        return False
    return max(sizes) > 200 * min(sizes) if signed else min(sizes) < 0.1995 * unit_of(max(sizes))[0]


def _with_unit(estimate: Estimate, signed: bool) -> Cell:
    """A duration in the unit that suits it, which stands behind it."""
    size, unit = unit_of(abs(estimate.value) if math.isfinite(estimate.value) else 0.0)
    value, margin = cell(estimate, 1 / size, signed)
    if value == DASH:
        return value, margin
    return (value, f"{margin} {unit}") if margin else (f"{value} {unit}", "")


def promise_head(scenarios: Iterable[Scenario]) -> str:
    """The head of the service level: the time that all queues promise, if it is the same."""
    promises = [queue.service_level for scenario in scenarios for queue in scenario.queues.values()]
    times = {promise.within for promise in promises}
    if len(times) > 1 or any(promise.clock != "always" for promise in promises):
        return "answered\nin time"
    return f"answered\nin {say_duration(times.pop())}"
