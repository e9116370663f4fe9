"""What a run and a comparison write into a workbook: a sheet each for summary, agents, intervals and assumptions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.measures.estimate import Estimate, interval
from sim.reports.changes import plan_words
from sim.reports.results import ALL, Comparison, Result
from sim.reports.sheets import (
    NUMBER,
    WHOLE,
    Cell,
    Column,
    Figure,
    Sheet,
    format_of,
    three,
    time_cells,
    time_column,
    write_sheets,
)
from sim.reports.sweepqueries import METRICS
from sim.reports.tables import GROUP_COLUMNS, ONLY_IF_ANY, QUEUE_COLUMNS
from sim.reports.verdicts import money_words, remarks, verdict_lines
from sim.reports.words import odd, said_blocks
from sim.scenario.planfiles import PLAN, STAFFING, START
from sim.scenario.schema import Scenario

FIRST = (*QUEUE_COLUMNS, *GROUP_COLUMNS)  # metrics that stand before the others
OF_QUEUES = (
    "offered", "abandoned", "service_level", "abandonment_rate", "mean_wait", "asa", "mean_queue_length",
    "lost_customers", "callbacks_kept", "callbacks_broken", "deferred_hours", "returned_hours",
)  # fmt: skip
OF_GROUPS = (
    "on_duty_hours", "absent_hours", "overtime_hours", "unreached_hours", "occupancy", "paid_hours", "staff_cost",
)  # fmt: skip
VALUE = [Column("value"), Column("low"), Column("high")]
NAME, MEANING = Column("name", width=24.0), Column("meaning", width=60.0, aside=True)


def write_result(result: Result, path: Path, by_interval: bool = False) -> None:
    """Write a run as a workbook; as CSV its summary, or, by_interval, the figures of its intervals."""
    sheets = [summary_of(result), agents_of({"": result}), intervals_of({"": result}), *_plan_of(result)]
    said = [*money_words(result), *remarks(result)]
    sheets.append(assumptions(result.scenario, result.plan, said, _played(result), result.provenance))
    write_sheets(path, sheets, "intervals" if by_interval else "summary")


def write_comparison(comparison: Comparison, path: Path, by_interval: bool = False) -> None:
    """Write a comparison as a workbook, with intervals if wanted; as CSV its summary, or the intervals."""
    first = comparison.results[comparison.baseline]
    sheets = [summary_against(comparison), agents_of(comparison.results, by_interval)]
    if by_interval:
        sheets.append(intervals_of(comparison.results))
    said = [*verdict_lines(comparison), *filter(None, [comparison.correction])]
    plans = plan_words(first.scenario)
    sheets.append(assumptions(first.scenario, first.plan, said, _played(first), first.provenance, plans))
    write_sheets(path, sheets, "intervals" if by_interval else "summary")


def _played(result: Result) -> dict[str, int]:
    return {"seed": result.seed, "replications": result.count}


def summary_of(result: Result) -> Sheet:
    """Every metric of everyone: one row each, with low, high and what it means."""
    columns = [Column("kind"), NAME, Column("metric", width=26.0), *VALUE, MEANING]
    return Sheet("summary", columns, _summary_rows(result), fixed=3)


def _summary_rows(result: Result) -> Iterator[list[Cell]]:
    for kind, name in members_of([result]):
        for metric, sample in sorted(result.all_samples[kind, name].items(), key=_rank):
            form = format_of(METRICS[metric], result.scenario.currency)
            yield [kind, name, metric, *_figures(interval(sample), form), METRICS[metric].text]


def summary_against(comparison: Comparison) -> Sheet:
    """Every metric of everyone under every plan, and its paired difference to the baseline."""
    columns = [Column("kind"), NAME, Column("metric", width=26.0), Column("plan", width=24.0)]
    columns += [*VALUE, *three("difference", ""), MEANING]
    return Sheet("summary", columns, _difference_rows(comparison), fixed=4)


def _difference_rows(comparison: Comparison) -> Iterator[list[Cell]]:
    results = comparison.results
    nothing: list[Cell] = [None, None, None]
    for kind, name in members_of(results.values()):
        paired = {
            plan: comparison.difference(plan, kind, name) for plan in results if plan != comparison.baseline
        }
        metrics = dict.fromkeys(m for one in results.values() for m in one.all_samples.get((kind, name), {}))
        for metric in sorted(metrics, key=lambda metric: _rank((metric, None))):
            for plan, result in results.items():
                if (kind, name) not in result.all_samples:
                    continue
                known, currency = METRICS[metric], result.scenario.currency
                value = interval(result.all_samples[kind, name][metric])
                there = paired.get(plan, {}).get(metric)
                gap = _figures(there, format_of(known, currency, signed=True)) if there else nothing
                yield [
                    kind,
                    name,
                    metric,
                    plan,
                    *_figures(value, format_of(known, currency)),
                    *gap,
                    known.text,
                ]


def members_of(results: Iterable[Result]) -> list[tuple[str, str]]:
    """(kind, name) of all that any of the results has figures of, the totals first."""
    found = dict.fromkeys(member for result in results for member in result.all_samples)
    return sorted(found, key=lambda member: member[1] != ALL)


def _rank(item: tuple[str, Any]) -> int:
    return FIRST.index(item[0]) if item[0] in FIRST else len(FIRST)


def _figures(estimate: Estimate, form: str) -> list[Cell]:
    return [Figure(figure, form) for figure in estimate]


def agents_of(results: Mapping[str, Result], by_interval: bool = True) -> Sheet:
    """Figures of every group, by interval if wanted; results: by plan, "" where there is only one."""
    scenario = next(iter(results.values())).scenario
    columns = [*_plans(results), Column("group", width=24.0)]
    columns += [time_column(scenario.grid)] if by_interval else []
    fixed = len(columns)
    columns += [Column("agents planned", NUMBER)] if by_interval else []
    metrics = _telling(OF_GROUPS, [result.group() for result in results.values()])
    columns += _columns(metrics, scenario)
    rows = _interval_rows(results, "group", metrics) if by_interval else _group_rows(results, metrics)
    return Sheet("agents", columns, rows, fixed)


def _group_rows(results: Mapping[str, Result], metrics: Sequence[str]) -> Iterator[list[Cell]]:
    for plan, result in results.items():
        for name in result.agent_samples:
            found = result.group(name)
            yield [*_named(plan), name, *(figure for metric in metrics for figure in found[metric])]


def intervals_of(results: Mapping[str, Result]) -> Sheet:
    """Figures of every queue by interval, low and high where they were kept; results: as for `agents_of`."""
    scenario = next(iter(results.values())).scenario
    columns = [*_plans(results), Column("queue", width=24.0), time_column(scenario.grid)]
    fixed = len(columns)
    metrics = _telling(OF_QUEUES, [result.queue() for result in results.values()])
    columns += [Column("expected", NUMBER), *_columns(metrics, scenario)]
    return Sheet("intervals", columns, _interval_rows(results, "queue", metrics), fixed)


def _telling(metrics: Iterable[str], rows: Sequence[Mapping[str, Estimate]]) -> list[str]:
    """The metrics without costs, callbacks and absences where there are none."""
    return [m for m in metrics if m not in ONLY_IF_ANY or any(row[ONLY_IF_ANY[m]].value for row in rows)]


def _interval_rows(results: Mapping[str, Result], kind: str, metrics: Sequence[str]) -> Iterator[list[Cell]]:
    for plan, result in results.items():
        scenario = result.scenario
        starts = time_cells(scenario.grid)
        for name in scenario.queues if kind == "queue" else scenario.agents:
            asked = (
                scenario.expected(name)
                if kind == "queue"
                else scenario.planned_seconds(name) / scenario.grid.interval
            )
            figures = np.concatenate([asked[None], *(result.by_interval(m, name, kind) for m in metrics)])
            for start, row in zip(starts, figures.T.tolist(), strict=True):
                yield [*_named(plan), name, start, *row]


def _columns(metrics: Iterable[str], scenario: Scenario) -> list[Column]:
    return [column for m in metrics for column in three(m, format_of(METRICS[m], scenario.currency))]


def _plans(results: Mapping[str, Result]) -> list[Column]:
    return [] if "" in results else [Column("plan", width=24.0)]


def _named(plan: str) -> list[Cell]:
    return [plan] if plan else []


def _plan_of(result: Result) -> list[Sheet]:
    """The staffing that was played and what else the plan overrides: what `--plan FILE` reads back."""
    scenario = result.scenario
    staffing = {name: group.staffing for name, group in scenario.agents.items() if group.staffing is not None}
    return plan_sheets(scenario, staffing, scenario.plans.get(result.plan, {}))


def plan_sheets(
    scenario: Scenario, staffing: Mapping[str, Sequence[int]], overrides: Mapping[str, Any]
) -> list[Sheet]:
    """Agents by interval of these groups, and the paths and values that a plan overrides besides."""
    if not staffing:
        return []
    sheets = [staffing_sheet(scenario, staffing)]
    if overrides:
        said = ([path, json.dumps(value, ensure_ascii=False)] for path, value in overrides.items())
        name, *heads = PLAN
        sheets.append(Sheet(name, [Column(head, width=50.0) for head in heads], said))
    return sheets


def staffing_sheet(scenario: Scenario, staffing: Mapping[str, Sequence[int]], time: str = START) -> Sheet:
    """Agents by interval, a column for each group: `staffing: {file: …, sheet: staffing, column: …, time: start}`."""
    columns = [time_column(scenario.grid, time), *(Column(name, WHOLE, 14.0) for name in staffing)]
    starts = time_cells(scenario.grid)
    return Sheet(STAFFING, columns, map(list, zip(starts, *staffing.values(), strict=True)))


def assumptions(
    scenario: Scenario, plan: str, said: Iterable[str], played: Mapping[str, int], provenance: Mapping[str, Any],
    plans: Iterable[str] = (),
) -> Sheet:  # fmt: skip
    """The result in words, what was understood of the scenario, what looks odd, and where the figures come from."""
    title = f"{scenario.name}, plan {plan}"
    whole, *queues, groups = said_blocks(scenario, title)
    parts: dict[str, Iterable[str]] = {"result": said, "scenario": whole}
    parts |= {"queues": [line.strip() for block in queues for line in block], "agents": groups}
    parts |= {"plans": plans, "note": odd(scenario)}
    rows: list[list[Cell]] = [[about, line] for about, lines in parts.items() for line in lines]
    rows += [[name.replace("_", " "), str(each)] for name, each in (*played.items(), *provenance.items())]
    return Sheet(
        "assumptions", [Column("about", width=18.0), Column("in words", width=110.0)], rows, plain=True
    )
