"""What a staffing and a schedule that were found write into a workbook or as CSV."""

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.reports.reached import targets_document
from sim.reports.sheets import (
    CLOCK,
    HOURS,
    NUMBER,
    SHARE,
    WHOLE,
    Cell,
    Column,
    Figure,
    Sheet,
    clock_cell,
    format_of,
    time_cells,
    time_column,
    unit_format,
    write_sheets,
)
from sim.reports.sweepqueries import METRICS
from sim.reports.workbooks import assumptions, plan_sheets, staffing_sheet
from sim.scenario.planfiles import STAFFING
from sim.scenario.units import clock

if TYPE_CHECKING:
    from sim.reports.shifts import ScheduleResult
    from sim.reports.staffing import StaffingResult

GROUP, ROSTER = Column("group", width=24.0), "roster"
ROUNDED = (
    "The sheet staffing has the agents at work in each interval on average, rounded. Read back as a plan it takes the "
    "place of the shifts; the sheet roster gives them back as they are."
)


def write_staffing(result: "StaffingResult", path: Path, said: Iterable[str]) -> None:
    """Write a staffing that was found as a workbook, or its agents by interval as CSV; said: it in sentences."""
    scenario = result.scenario
    if path.suffix.lower() == ".csv":
        return write_sheets(path, [staffing_sheet(scenario, result.staffing, "time")], STAFFING)
    sheets = [_by_group(result), _by_interval(result), _targets(result)]
    sheets += plan_sheets(scenario, result.staffing, result.under)
    if result.found.curve:
        sheets.append(_curve(result))
    write_sheets(path, [*sheets, _assumptions(result, said)], STAFFING)


def write_schedule(result: "ScheduleResult", path: Path, said: Iterable[str]) -> None:
    """Write shifts that were found as a workbook, or their roster as CSV; said: them in sentences."""
    rows = result.intervals()
    starts = time_cells(result.scenario.grid)
    keys = ("required", "agents", "fewest", "over", "under")
    columns = [GROUP, time_column(result.scenario.grid), *(Column(key, NUMBER) for key in keys)]
    lines: Iterator[list[Cell]] = (
        [row["group"], starts[place % len(starts)], *(row[key] for key in keys)]
        for place, row in enumerate(rows)
    )
    sheets = [
        _shifts(result),
        Sheet("intervals", columns, lines, fixed=2),
        _targets(result),
        roster_sheet(result),
    ]
    staffing = {
        name: [math.floor(row["agents"] + 0.5) for row in rows if row["group"] == name]
        for name in result.found.free
    }
    sheets += plan_sheets(result.scenario, staffing, result.under)
    write_sheets(path, [*sheets, _assumptions(result, [*said, ROUNDED])], ROSTER)


def _assumptions(result: "StaffingResult | ScheduleResult", said: Iterable[str]) -> Sheet:
    found = result.found
    played = {"seed": found.seed, "days of search": found.days, "days of confirmation": found.confirmed.days}
    return assumptions(result.scenario, "as found", [f"{result.state}.", *said], played, result.provenance)


def _by_group(result: "StaffingResult") -> Sheet:
    formats = {"hours": HOURS, "paid_hours": HOURS, "fte": NUMBER, "most_heads": WHOLE}
    formats["cost"] = unit_format("money", result.scenario.currency)
    heads = {"hours": "hours on the phones", "fte": "full-time staff", "most_heads": "most heads scheduled"}
    columns = [GROUP, *(Column(heads.get(key, key.replace("_", " ")), form) for key, form in formats.items())]
    rows: Iterator[list[Cell]] = (
        [name, *(row[key] for key in formats)] for name, row in result.groups().items()
    )
    return Sheet("summary", columns, rows)


def _by_interval(result: "StaffingResult") -> Sheet:
    """Agents, and the heads to be scheduled for them."""
    grid, groups = result.scenario.grid, result.scenario.agents
    columns = [GROUP, time_column(grid), Column("agents", WHOLE), Column("heads scheduled", NUMBER)]
    rows: list[list[Cell]] = [
        [name, start, count, count / (1.0 - groups[name].shrinkage)]
        for name, agents in result.staffing.items()
        for start, count in zip(time_cells(grid), agents, strict=True)
    ]
    return Sheet("intervals", columns, rows, fixed=2)


def _targets(result: "StaffingResult | ScheduleResult") -> Sheet:
    """Every target: what was asked for, what was reached, and what is surely reached."""
    found, grid = result.found, result.scenario.grid
    columns = [Column("kind"), Column("name", width=24.0), Column("metric", width=20.0), Column("per")]
    columns += [time_column(grid), Column("target"), Column("on days", SHARE), Column("reached")]
    columns += [Column("surely reached"), Column("on search days")]
    fresh = found.confirmed
    judged = fresh.found or found.on_search
    told = targets_document(found.aims, judged, found.on_search, fresh, time_cells(grid))  # type: ignore[arg-type]
    return Sheet("targets", columns, map(_target, told), fixed=2)


def _target(row: Mapping[str, Any]) -> list[Cell]:
    kind = next(kind for kind in ("queue", "group") if kind in row)
    form = format_of(METRICS[row["metric"]])
    reached = SHARE if row["on_days"] is not None else form  # then these are shares of days
    figures = [
        None if row[key] is None else Figure(row[key], reached) for key in ("value", "limit", "on_search")
    ]
    asked = Figure(row["target"], form)
    return [kind, row[kind], row["metric"], row["per"], row["start"], asked, row["on_days"], *figures]


def _curve(result: "StaffingResult") -> Sheet:
    """Cost against lost customers with fewer and more agents than were found."""
    money = unit_format("money", result.scenario.currency)
    columns = [Column("agents", "+0%;-0%;0%"), Column("paid hours", HOURS), Column("cost", money)]
    columns += [
        Column("lost customers", NUMBER),
        Column("value of the lost", money),
        Column("targets missed", WHOLE),
    ]
    rows = ([p.percent / 100, p.hours, p.cost, p.lost, p.value, p.missed] for p in result.found.curve)
    return Sheet("curve", columns, rows)


def _shifts(result: "ScheduleResult") -> Sheet:
    money = unit_format("money", result.scenario.currency)
    formats = {"group": "", "type": "", "start": "", "agents": WHOLE, "paid_hours": HOURS, "cost": money}
    columns = [Column(key.replace("_", " "), form, 12.0 if form else 24.0) for key, form in formats.items()]
    return Sheet("summary", columns, ([row[key] for key in formats] for row in result.shifts), fixed=3)


def roster_sheet(result: "ScheduleResult") -> Sheet:
    """Who works when, as `roster: {file: …, sheet: roster}` reads it."""
    rows = result.roster()
    heads = list(dict.fromkeys(key for row in rows for key in row)) or ["agent", "group", "start", "end"]
    texts = ("agent", "group", "day")
    columns = [Column(head, "", 24.0) if head in texts[:2] else Column(head, CLOCK) for head in heads]

    def cell(row: Mapping[str, str], head: str) -> Cell:
        text = row.get(head, "")
        return clock_cell(clock(text)) if text and head not in texts else text

    return Sheet(ROSTER, columns, ([cell(row, head) for head in heads] for row in rows))
