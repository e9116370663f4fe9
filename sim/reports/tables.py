"""Results as text that a planner reads at a glance, and as small HTML tables for notebooks."""

import html
import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import one_line
from sim.measures.estimate import Estimate, interval
from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS, observed_seconds
from sim.reports.results import ALL, Comparison, Result
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, say_duration, say_share

WIDTH = 120
DASH = "–"
ENOUGH = 1e5  # replications; nobody is sent off to run more
TITLES = {
    "abandonment_rate": "hang up", "lost_customers": "lost\ncustomers", "p90_wait": "90% wait\nless than",
    "on_duty_hours": "on duty", "overtime_hours": "overtime", "paid_hours": "paid", "staff_cost": "cost",
    "mean_queue_length": "mean\nline", "callbacks_kept": "callbacks\nkept",
    "callbacks_broken": "callbacks\nbroken", "deferred_hours": "work\nput off",
    "returned_hours": "work\ncalled back",
}  # fmt: skip
QUEUE_COLUMNS = (
    "offered", "service_level", "abandonment_rate", "mean_wait", "p90_wait", "lost_customers", "lost_rate",
    "callbacks_kept", "callbacks_broken",
)  # fmt: skip
GROUP_COLUMNS = ("on_duty_hours", "overtime_hours", "occupancy", "paid_hours", "staff_cost")
PLAN_COLUMNS = (
    "lost_customers", "mean_wait", "p90_wait", "service_level", "callbacks_kept", "callbacks_broken",
    "occupancy", "paid_hours", "staff_cost",
)  # fmt: skip
ONLY_IF_ANY = {"callbacks_kept", "callbacks_broken", "deferred_hours", "returned_hours", "staff_cost"}
INTERVAL_COLUMNS = {
    "queue": (
        "offered", "service_level", "abandonment_rate", "mean_wait", "p90_wait", "mean_queue_length",
        "deferred_hours", "returned_hours",
    ),
    "group": ("on_duty_hours", "overtime_hours", "occupancy"),
}  # fmt: skip

Cell = tuple[str, str]  # a value and its margin, either may be ""


@dataclass(frozen=True)
class Table:
    """A column of names and columns of figures: heads (one or two lines each), columns[place][row]."""

    corner: str
    names: Sequence[str]
    heads: Sequence[str]
    columns: Sequence[Sequence[Cell]]

    def text(self, width: int = WIDTH) -> str:
        """Lines of text, figures under each other by their decimal points; what is too wide in two blocks."""
        from tabulate import tabulate

        aligned = [_aligned(column) for column in self.columns]
        plain = [[_joined(cell) for cell in column] for column in self.columns]
        lines = max(head.count("\n") for head in (self.corner, *self.heads))
        heads = ["\n" * (lines - head.count("\n")) + head for head in (self.corner, *self.heads)]
        sides = ("left", *["right"] * len(self.columns))
        for name_width, columns in ((24, aligned), (18, aligned), (18, plain)):
            names = ["\n".join(textwrap.wrap(name, name_width)) for name in self.names]
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
            cells = "".join(f"<{tag} style='text-align:right'>{other}</{tag}>" for other in others)
            return f"<tr><th style='text-align:left'>{first}</th>{cells}</tr>"

        rows = zip(self.names, *(map(_joined, column) for column in self.columns), strict=True)
        body = "".join(row("td", texts) for texts in rows)
        return f"<table><thead>{row('th', [self.corner, *self.heads])}</thead><tbody>{body}</tbody></table>"


def run_table(result: Result, by_interval: bool = False, width: int = WIDTH) -> str:
    """What one plan came to: by queue, by group, in words; by_interval needs a result made so."""
    queues, groups = (table.text(width) for table in _run_tables(result))
    parts = [_title(result), queues, groups, _folded([*_money_words(result), *remarks(result)], width)]
    if by_interval:
        for kind, names in (("queue", result.scenario.queues), ("group", result.scenario.agents)):
            parts += [_interval_table(result, kind, name).text(width) for name in names]
    return "\n\n".join(part for part in parts if part)


def compare_table(comparison: Comparison, width: int = WIDTH) -> str:
    """Every plan's figures, the paired differences to the baseline, and a verdict in words on each."""
    tables = [table.text(width) for table in _comparison_tables(comparison)]
    parts = [_comparison_title(comparison), *tables, _folded(_verdict_lines(comparison), width)]
    return "\n\n".join(part for part in parts if part)


def result_html(result: Result) -> str:
    """The tables and remarks of a run, for a notebook."""
    return _page(_title(result), _run_tables(result), [*_money_words(result), *remarks(result)])


def comparison_html(comparison: Comparison) -> str:
    """The tables and verdicts of a comparison, for a notebook."""
    return _page(_comparison_title(comparison), _comparison_tables(comparison), _verdict_lines(comparison))


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


def _run_tables(result: Result) -> tuple[Table, Table]:
    queues = [name for name in result.queue_samples if name != ALL or len(result.scenario.queues) > 1]
    groups = [name for name in result.agent_samples if name != ALL or len(result.scenario.agents) > 1]
    by_queue, by_group = [result.queue(name) for name in queues], [result.group(name) for name in groups]
    when, scenarios = _a_day(result.scenario, ", "), [result.scenario]
    return (
        _table(f"queues{when}", queues, by_queue, _telling(QUEUE_COLUMNS, by_queue), scenarios),
        _table(f"agents{when}", groups, by_group, _telling(GROUP_COLUMNS, by_group), scenarios),
    )


def _interval_table(result: Result, kind: str, wanted: str) -> Table:
    found = [(start, row) for k, name, start, row in result.interval_samples if (k, name) == (kind, wanted)]
    known = [metric for metric in INTERVAL_COLUMNS[kind] if metric in found[0][1]]
    rows = [{metric: interval(row[metric]) for metric in known} for _, row in found]
    starts = [start for start, _ in found]
    return _table(clean(wanted, 24), starts, rows, _telling(known, rows), [result.scenario])


def _comparison_tables(comparison: Comparison) -> list[Table]:
    scenarios = [result.scenario for result in comparison.results.values()]
    when = _a_day(scenarios[0], ", ")
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
    return [m for m in known if m not in ONLY_IF_ANY or any(row[m].value for row in rows)]


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
        unit = clean(scenarios[0].currency, 8) if kind == "money" else unit
        title = (
            _promise(scenarios) if metric == "service_level" else TITLES.get(metric, metric.replace("_", " "))
        )
        heads.append(f"{title}\n{unit}" if unit else title)
        columns.append([cell(estimate, scale, signed) for estimate in estimates])
    return Table(corner, [clean(name, 90) for name in names], heads, columns)


def _scaled(estimates: Sequence[Estimate], kind: str, signed: bool) -> tuple[float, str]:
    """What to multiply a column with, and the unit for its head: that of the longest duration."""
    if kind == "s":
        seconds, unit = unit_of(max((abs(e.value) for e in estimates if math.isfinite(e.value)), default=0.0))
        return 1 / seconds, unit
    if kind == "share":
        return 100.0, "% points" if signed else "%"
    return 1.0, "h" if kind == "hours" else ""


def _promise(scenarios: Iterable[Scenario]) -> str:
    """The head of the service level: the time that all queues promise, if it is the same."""
    times = {queue.service_level.within for scenario in scenarios for queue in scenario.queues.values()}
    return f"answered\nin {say_duration(times.pop())}" if len(times) == 1 else "answered\nin time"


# Figures as people write them


def clean(name: str, width: int) -> str:
    """A name on one line, control characters escaped, shortened to a width."""
    name = " ".join(one_line(name).split())
    return name if len(name) <= width else name[: width - 1] + "…"


def unit_of(seconds: float) -> tuple[float, str]:
    """The seconds and the name of the unit in which a duration reads best."""
    return (1.0, "s") if seconds < 180 else (60.0, "min") if seconds < 180 * 60 else (3600.0, "h")


def compact(seconds: float) -> str:
    """A duration in one unit: "4.2 s", "41 s", "3.2 min", "15.1 h"."""
    if not math.isfinite(seconds):
        return DASH
    size, unit = unit_of(abs(seconds))
    value = seconds / size
    return f"{value:,.{1 if abs(value) < 9.95 or unit == 'h' else 0}f} {unit}"


def cell(estimate: Estimate, scale: float = 1.0, signed: bool = False) -> Cell:
    """A value and its margin: the margin to two significant digits, the value to the same decimal place.

    Where that would give the value more than four digits, the margin has one digit.
    """
    value, margin = estimate.value * scale, estimate.margin * scale
    if not math.isfinite(value):
        return DASH, ""
    if margin < 1e-9 * max(abs(value), 1.0):
        margin = 0.0
    if margin > 0:
        places = 1 - int(f"{margin:.1e}".partition("e")[2])
        if places > 0 and abs(value) * 10**places >= 9999.5:
            places = -int(f"{margin:.0e}".partition("e")[2])
        return _number(value, places, signed), _number(margin, places)
    digits = 3 if math.isnan(margin) else 4
    plain = _number(value, max(0, digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)), signed)
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return plain, "" if math.isnan(margin) else "0"


def said(estimate: Estimate, kind: str = "") -> str:
    """The size of an estimate, without its sign, in a sentence: "12.3 ± 1.1", "14.0 ± 2.1 s"."""
    size, unit = unit_of(abs(estimate.value)) if kind == "s" else (1.0, kind)
    value, margin = cell(Estimate(abs(estimate.value), *_mirrored(estimate)), 1 / size)
    return f"{_joined((value, margin if margin != '0' else ''))}{' ' * bool(unit)}{unit}"


def _mirrored(estimate: Estimate) -> tuple[float, float]:
    return (-estimate.high, -estimate.low) if estimate.value < 0 else (estimate.low, estimate.high)


def _number(value: float, places: int, signed: bool = False) -> str:
    places = min(places, 6)
    rounded = round(value, places)
    return f"{rounded + 0.0:{'+' if signed and rounded else ''},.{max(places, 0)}f}"


def _joined(cell: Cell) -> str:
    return " ± ".join(part for part in cell if part)


def _aligned(cells: Sequence[Cell]) -> list[str]:
    """Cells padded so that decimal points and ± stand under each other."""
    values, margins = (_by_point(texts) for texts in zip(*cells, strict=True))
    glue = [" ± " if margin else "   " if margins[0] else "" for _, margin in cells]
    return [value + mark + margin for value, mark, margin in zip(values, glue, margins, strict=True)]


def _by_point(texts: Sequence[str]) -> list[str]:
    """Numbers padded to one width with their decimal points under each other."""
    parts = [text.partition(".") for text in texts]
    left = max(len(whole) for whole, _, _ in parts)
    right = max(len(point + fraction) for _, point, fraction in parts)
    return [whole.rjust(left) + (point + fraction).ljust(right) for whole, point, fraction in parts]


def _folded(sentences: Iterable[str], width: int) -> str:
    """Sentences on lines that fit, a value and its margin kept together."""
    fold = textwrap.TextWrapper(min(width, 100), subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(fold.fill(line.replace(" ± ", "\xa0±\xa0")) for line in sentences).replace("\xa0", " ")


def _a_day(scenario: Scenario, before: str = " ") -> str:
    return f"{before}a {'day' if scenario.grid.horizon <= DAY else 'replication'}"


# What went wrong, in words


def remarks(result: Result) -> list[str]:
    """What a planner should not miss: the worst interval of each queue, lines that grow, callers cut off."""
    found = [sentence for name in result.scenario.queues for sentence in _worst_interval(result, name)]
    return [
        *alarms(result),
        *found,
        *(line for name in result.scenario.queues for line in _turned_away(result, name)),
    ]


def alarms(result: Result) -> list[str]:
    """Queues that nobody serves, and lines that grow all day."""
    sentences = []
    for name in result.scenario.queues:
        if not any(name in group.skills and any(group.staffing) for group in result.scenario.agents.values()):
            sentences.append(f"No group with agents serves {clean(name, 40)}: nobody there is ever answered.")
        else:
            sentences += _growing_line(result, name)
    return sentences


def _worst_interval(result: Result, name: str) -> list[str]:
    """The interval with the lowest service level, among those with at least one contact a replication."""
    promise, figures = result.scenario.queues[name].service_level, _by_interval(result, name)
    counted = figures["counted_for_target"]
    busy = np.flatnonzero(counted >= min(1.0, counted.max()))
    if counted.size < 2 or counted.max() == 0.0 or not figures["answered"].any():
        return []
    level = figures["within_target"][busy] / counted[busy]
    low, below = float(level.min()), int((level < promise.target).sum())
    lowest = busy[level <= low + 1e-9]
    worst = int(lowest[np.argmax(figures["offered"][lowest])])
    who, start, within = clean(name, 40), result.scenario.grid.label(worst), say_duration(promise.within)
    target = say_share(promise.target)
    if not below:
        return [
            f"{who} meets {target} within {within} in every interval; lowest at {start}: {_percent(low)}."
        ]
    often = "every interval" if below == busy.size else f"{below} of {busy.size} intervals"
    offered = figures["offered"][worst]
    gone, expected = _percent(figures["abandoned"][worst] / offered), f"{offered:,.{int(offered < 10)}f}"
    return [
        f"{who} is worst at {start}: {_percent(low)} within {within}, {gone} hang up, "
        f"{expected} contacts expected; below its target of {target} in {often}."
    ]


def _by_interval(result: Result, name: str) -> dict[str, np.ndarray]:
    return result.interval_figures(list(result.scenario.queues).index(name))


def _growing_line(result: Result, name: str) -> list[str]:
    """Whether the line grows from opening to the end and is longest there: more comes than can be served."""
    seconds = observed_seconds(result.scenario)
    seen = seconds > 0
    line = _by_interval(result, name)["line_seconds"][seen] / seconds[seen]
    if line.size < 4 or line[-1] < 5.0 or line[-1] < 0.95 * line.max():
        return []
    first, middle, last = (float(part.mean()) for part in np.array_split(line, 3))
    # a line that grows evenly has parts like 1 : 3 : 5; a rush at the end alone leaves the middle short
    if not (first < middle and 0.25 * last < middle < 0.8 * last):
        return []
    grows = f"The line of {clean(name, 40)} grows all day: {line[-1]:,.0f} are waiting in the last interval"
    return [f"{grows}; more contacts come than the agents can take."]


def _turned_away(result: Result, name: str) -> list[str]:
    """Callers cut off at closing, those who met full lines, and waits of hours."""
    figures, when, who = result.queue(name), _a_day(result.scenario), clean(name, 40)
    unanswered, blocked, longest = figures["unanswered"], figures["blocked"], figures["max_wait"]
    sentences = []
    if unanswered.value > 0:
        sentences.append(f"{said(unanswered)} contacts of {who}{when} wait until closing and are cut off.")
    if blocked.value > 0:
        sentences.append(f"{said(blocked)} contacts of {who}{when} find the lines full.")
    if longest.value >= 3600.0:
        sentences.append(f"The longest wait of{when} in {who} is {compact(longest.value)} on average.")
    return sentences


def _money_words(result: Result) -> list[str]:
    """What the lost customers were worth; those put off by them always apart."""
    every, currency, when = result.queue(), clean(result.scenario.currency, 8), _a_day(result.scenario)
    lost, deterred = every["lost_value"], every["deterred_value"]
    lines = [f"Lost customers are worth {said(lost, currency)}{when}."] if lost.value > 0 else []
    if deterred.value > 0:
        lines.append(f"Others whom they put off are worth {said(deterred, currency)}{when} more.")
    return lines


def _percent(share: float) -> str:
    return f"{100 * share:.{1 if 0 < share < 0.0095 else 0}f}%"


# Verdicts


@dataclass(frozen=True)
class Verdict:
    """better | worse | cannot tell yet | no difference, and what it rests on; word "" without margins."""

    word: str
    why: str


def verdict(comparison: Comparison, plan: str) -> Verdict:
    """Judge a plan against the baseline: by lost customers; where those are the same, by the mean wait."""
    change, agents = comparison.difference(plan), comparison.difference(plan, "group")
    result = comparison.results[plan]
    lost, wait, cost = change["lost_customers"], change["mean_wait"], _cost_words(comparison, plan)
    if result.count < 2:
        return Verdict("", "one replication has no margins; run at least 10")
    if all(_nothing(estimate) for estimate in (*change.values(), *agents.values())):
        return Verdict("no difference", f"callers and agents fare as under {clean(comparison.baseline, 40)}")
    when = _a_day(result.scenario)
    if _nothing(lost) and _nothing(wait):
        return Verdict("no difference", f"to lost customers and mean wait; {cost}")
    if _nothing(lost):
        judged, basis = wait, f"{_shorter(wait)}, as many lost customers"
    else:
        judged, basis = lost, f"{said(lost)} {'fewer' if lost.value < 0 else 'more'} lost customers{when}"
        if _sure(lost):
            worth, currency = change["lost_value"], clean(result.scenario.currency, 8)
            basis += f" (worth {said(worth, currency)})" if _sure(worth) else ""
            but = "but " if (wait.value < 0) != (lost.value < 0) else ""
            basis += f", {but}{_shorter(wait)}" if _sure(wait) else ", no clear change in mean wait"
    if _sure(judged):
        return Verdict("better" if judged.value < 0 else "worse", f"{basis}; {cost}")
    also = f"; {_shorter(wait)}" if judged is lost and _sure(wait) else ""
    return Verdict("cannot tell yet", f"{basis}; {_needed(judged, result.count)}{also}; {cost}")


def _verdict_lines(comparison: Comparison) -> list[str]:
    """A sentence on each plan, then what is alarming under any of them."""
    plans, lines = list(comparison.results), []
    if comparison.results[plans[0]].count < 2:
        lines.append("One replication has no margins; run at least 10.")
    else:
        judged = {plan: verdict(comparison, plan) for plan in plans[1:]}
        lines += [f"{clean(plan, 60)}: {found.word}: {found.why}." for plan, found in judged.items()]
    alarming = {plan: " ".join(alarms(comparison.results[plan])) for plan in plans}
    return lines + [f"{clean(plan, 60)}: {alarm}" for plan, alarm in alarming.items() if alarm]


def _needed(estimate: Estimate, count: int) -> str:
    """How many replications would tell: n × (margin ÷ difference)², as margins shrink with √n."""
    ratio = estimate.margin / abs(estimate.value) if estimate.value else math.inf
    if count * ratio**2 > ENOUGH:
        return f"more than {ENOUGH:,.0f} replications would be needed to tell"
    return f"about {rounded_up(max(count * ratio**2, 10.0)):,} replications would tell"


def rounded_up(number: float) -> int:
    """A positive number rounded up to two significant digits: 513 → 520."""
    step = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return math.ceil(round(number / step, 9)) * step


def _cost_words(comparison: Comparison, plan: str) -> str:
    """What the plan costs or saves, also by customer saved or lost where that is clear."""
    first = comparison.results[comparison.baseline]
    agents, lost = comparison.difference(plan, "group"), comparison.difference(plan)["lost_customers"]
    currency, when = clean(first.scenario.currency, 8), _a_day(first.scenario)
    cost, hours = agents["staff_cost"], agents["paid_hours"]
    if _nothing(cost):
        if any(result.group()["staff_cost"].value for result in comparison.results.values()):
            return "at the same cost"
        if _nothing(hours):
            return "with the same paid hours"
        return f"{said(hours)} {'more' if hours.value > 0 else 'fewer'} paid hours{when}"
    if not _sure(cost):
        return "at about the same cost"
    words = f"costs {said(cost, currency)} more" if cost.value > 0 else f"saves {said(cost, currency)}"
    words += when
    if not _sure(lost) or (cost.value > 0) == (lost.value > 0):
        return words
    each = abs(cost.value / lost.value)
    each_said = f"{_number(each, max(0, 2 - math.floor(math.log10(each))))} {currency}".rstrip()
    return f"{words}, {each_said} for each customer {'saved' if cost.value > 0 else 'lost'}"


def _shorter(wait: Estimate) -> str:
    return f"{said(wait, 's')} {'shorter' if wait.value < 0 else 'longer'} mean wait"


def _sure(estimate: Estimate) -> bool:
    return not _nothing(estimate) and (estimate.low > 0 or estimate.high < 0)


def _nothing(estimate: Estimate) -> bool:
    """No difference at all (but for rounding), or none that can be had."""
    return not math.isfinite(estimate.value) or (abs(estimate.value) < 1e-7 and not estimate.margin > 1e-7)
