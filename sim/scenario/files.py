"""Read volumes, rosters and staffings from CSV and XLSX files, and check their times against the horizon."""

import datetime
import math
import re
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.scenario.quantities import MOST_AGENTS, integer, roster_day
from sim.scenario.recorded import COLUMNS
from sim.scenario.tables import (
    FIRST_ROW,
    index_of,
    is_blank,
    number_of,
    numbers_of,
    opened,
    said_cell,
)
from sim.scenario.units import DAY, Days, day_clock, say_clock, say_duration, say_weekdays, span
from sim.scenario.weeks import Grid

TIME_COLUMNS = ("time", "start", "interval")  # names by which a first column is taken as the times

_ON_DAY = r"(?:[A-Za-z]+\s+)?[0-9]{1,2}:[0-9:]+"
_SPAN = re.compile(rf"({_ON_DAY})\s*[-–]\s*{_ON_DAY}")
_ROSTER = ("agent", "group", "day", "start", "end", "break start", "break end")
_BREAK = re.compile(r"break (?:start|end)((?: [0-9]+)?)")
_EPOCH = datetime.datetime(1901, 1, 1)  # spreadsheets write clock times as moments of 1899 or 1900


def column(folder: Path, spec: dict[str, Any], grid: Grid) -> list[float]:
    """Return the numbers of a column, one per interval of the horizon.

    spec: file (from `folder`), column, and optionally sheet and time. With a time column (named, or the first one
    if called time, start or interval) every row must stand at its moment of the horizon: "08:00", "mon 08:00" or
    a date with its time; without one the number of rows must be that of the intervals. A blank cell, text or NaN
    raises an InputError that names file and row.
    """
    where, header, rows, decimal = opened(folder, spec, ("file", "sheet", "column", "time"))
    wanted = index_of(where, header, spec.get("column"), "column")
    timed = _time_index(where, header, spec.get("time"), wanted)
    if timed is not None:
        _check_times(f"{where}, column {shown(header[timed])}", [row[timed] for row in rows], grid)
    if len(rows) != grid.count:
        horizon = f"{grid.count} intervals of {say_duration(grid.interval)} from {say_clock(grid.opens)}"
        raise InputError(
            f"{where} has {len(rows)} rows under the header, the horizon {horizon}: write {grid.count} rows"
        )
    return numbers_of(where, header[wanted], [row[wanted] for row in rows], decimal)


def columns(folder: Path, spec: dict[str, Any], grid: Grid) -> dict[str, list[float]]:
    """Return every column beside that of the times by its head, each as `column` reads one; spec: file, sheet, time."""
    where, header, rows, decimal = opened(folder, spec, ("file", "sheet", "time"))
    timed = index_of(where, header, spec.get("time"), "time")
    _check_times(f"{where}, column {shown(header[timed])}", [row[timed] for row in rows], grid)
    return {
        name: numbers_of(where, name, [row[index] for row in rows], decimal)
        for index, name in enumerate(header)
        if name and index != timed
    }


def values(folder: Path, spec: dict[str, Any]) -> list[float]:
    """Return all numbers of a column (an empirical distribution, in seconds); spec: file, column, sheet."""
    where, header, rows, decimal = opened(folder, spec, ("file", "sheet", "column"))
    wanted = index_of(where, header, spec.get("column"), "column")
    if not rows:
        raise InputError(f"{where} has no rows under its header: write one number per row")
    return numbers_of(where, header[wanted], [row[wanted] for row in rows], decimal)


def trace(folder: Path, spec: dict[str, Any], queue: str) -> dict[str, list[Any]]:
    """Return the recorded contacts of a queue by column, None where a cell is blank; spec: file, sheet.

    Columns: arrived, and, if wanted, queue, day, talk, wrap, wait, hung_up, attempt, last. With a column queue the
    rows of other queues are left out.
    """
    where, header, rows, decimal = opened(folder, spec, ("file", "sheet"))
    known = (*COLUMNS, "queue")
    for name in header:
        if name and name not in known:
            raise _unknown_column(where, name, "a trace", known)
    index_of(where, header, "arrived", "column")
    if "queue" in header:
        of = header.index("queue")
        numbered = [(number, row) for number, row in enumerate(rows, FIRST_ROW) if _name(row[of]) == queue]
        if not numbered:
            raise InputError(
                f"{where} has no row of the queue {shown(queue)}: add some, or leave the column out"
            )
    else:
        numbered = list(enumerate(rows, FIRST_ROW))
    found: dict[str, list[Any]] = {}
    for place, name in enumerate(header):
        if name == "day":
            found[name] = [_name(row[place]) for _, row in numbered]
        elif name and name != "queue":
            said = f"{where}, column {shown(name)}, row"
            found[name] = [
                None if is_blank(row[place]) else number_of(f"{said} {number}", row[place], decimal)
                for number, row in numbered
            ]
    if "queue" in header and "day" in header:  # a day on which others came was recorded here too
        found["days"] = list(dict.fromkeys(_name(row[header.index("day")]) for row in rows))
    return found


def roster(folder: Path, spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the shifts of a roster: where each stands ("roster.csv, row 2"), its group, and the row.

    spec: file, sheet. Columns: agent, group, start, end, and, if wanted, day (weekdays such as "mon-fri", a number
    from 1, blank or "every day"), break start, break end, break start 2, break end 2 … (or break_start …). A row:
    agent, day, start, end, breaks, as the schema reads them.
    """
    where, header, rows, _ = opened(folder, spec, ("file", "sheet"))
    names = _roster_columns(where, header)
    at = {key: index_of(where, names, key, "column") for key in ("agent", "group", "start", "end")}
    numbers = dict.fromkeys(match[1] for match in map(_BREAK.fullmatch, names) if match)
    pauses = [
        tuple(index_of(where, names, f"break {side}{number}", "column") for side in ("start", "end"))
        for number in numbers
    ]
    day = names.index("day") if "day" in names else None
    found = []
    for number, row in enumerate(rows, FIRST_ROW):
        place = f"{where}, row {number}"
        if all(is_blank(cell) for cell in row):
            continue
        _must_be_named(place, row, at, ("agent", "group"))
        times = {
            index: _time_of_day(f"{place}, column {shown(header[index])}", row[index])
            for index in (at["start"], at["end"], *_times_of_breaks(row, pauses))
        }
        shift: dict[str, Any] = {
            "agent": _name(row[at["agent"]]),
            "start": times[at["start"]],
            "end": times[at["end"]],
            "breaks": [f"{times[start]}-{times[end]}" for start, end in pauses if start in times],
        }
        for text in shift["breaks"]:
            try:
                span(text)
            except InputError as error:
                raise InputError(f"{place}: the break {error.problem}") from None
        if day is not None and (written := _day(f"{place}, column {shown(header[day])}", row[day])):
            shift["day"] = written
        found.append((place, _name(row[at["group"]]), shift))
    if not found:
        raise InputError(f"{where} has no rows under its header: write one shift per row")
    return found


def _roster_columns(where: str, header: list[str]) -> list[str]:
    """The names of the columns as they are looked for; InputError for one that would not be read."""
    names = [name.casefold().replace("_", " ") for name in header]
    for index, name in enumerate(names):
        if name and name not in _ROSTER and not _BREAK.fullmatch(name):
            raise _unknown_column(where, header[index], "a roster", _ROSTER)
        if name and name in names[:index]:
            first = header[names.index(name)]
            raise InputError(f"{where} has {shown(first)} and {shown(header[index])}: keep one of them")
    return names


def _unknown_column(where: str, name: str, what: str, known: Sequence[str]) -> InputError:
    said = f"{where} has a column {shown(name)}{nearest(name, known)}"
    return InputError(f"{said}: the columns of {what} are {', '.join(known)}")


def staffings(
    folder: Path, spec: dict[str, Any], grid: Grid, groups: Container[str]
) -> dict[str, dict[str, list[int]]]:
    """Return whole staffing plans, {plan: {group: agents in each interval}}, in the order of the file.

    spec: file, sheet. Columns: plan, group, start, agents; one row for each interval of each group of each plan.
    groups: those there are. Every plan must have the same groups, and each of them every interval in its order.
    """
    where, header, rows, decimal = opened(folder, spec, ("file", "sheet"))
    names = [name.casefold() for name in header]
    at = {key: index_of(where, names, key, "column") for key in ("plan", "group", "start", "agents")}
    found: dict[str, dict[str, list[int]]] = {}  # the numbers of the rows, from 0
    for index, row in enumerate(rows):
        place = f"{where}, row {index + FIRST_ROW}"
        _must_be_named(place, row, at, ("plan", "group"))
        plan, group = _name(row[at["plan"]]), _name(row[at["group"]])
        if group not in groups:
            raise InputError(f"{place}: there is no group {shown(group)}: name one of the scenario")
        found.setdefault(plan, {}).setdefault(group, []).append(index)
    if not found:
        raise InputError(f"{where} has no rows under its header: write one row for each interval")
    _must_have_same_groups(where, found)
    for plan, indices in found.items():
        for group, mine in indices.items():
            place = f"{where}, plan {shown(plan)}, group {shown(group)}"
            starts = [rows[index][at["start"]] for index in mine]
            _check_times(place, starts, grid, [index + FIRST_ROW for index in mine])
            indices[group] = [_agents(where, index, rows[index][at["agents"]], decimal) for index in mine]
    return found


def _must_have_same_groups(where: str, plans: dict[str, dict[str, Any]]) -> None:
    every = dict.fromkeys(group for groups in plans.values() for group in groups)
    for plan, groups in plans.items():
        if lacking := [group for group in every if group not in groups]:
            said = f"{where}: the plan {shown(plan)} has no rows of the group {shown(lacking[0])}"
            raise InputError(f"{said}, which other plans have: add them")


def _agents(where: str, index: int, cell: Any, decimal: str) -> int:
    place = f"{where}, row {index + FIRST_ROW}, column agents"
    try:
        return integer(0, MOST_AGENTS)(number_of(place, cell, decimal))
    except InputError as error:
        raise error if error.problem.startswith(where) else InputError(f"{place}: {error.problem}") from None


def _must_be_named(place: str, row: list[Any], at: dict[str, int], keys: Sequence[str]) -> None:
    for key in keys:
        if is_blank(row[at[key]]):
            raise InputError(f"{place}: the {key} is blank: write a name")


def _times_of_breaks(row: list[Any], pauses: list[tuple[int, ...]]) -> list[int]:
    """The columns of the breaks that a row has: of each that is not wholly blank, both."""
    return [index for pause in pauses if not all(is_blank(row[i]) for i in pause) for index in pause]


def _name(cell: Any) -> str:
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


def _time_of_day(place: str, cell: Any) -> str:
    moment = _moment(place, cell, dated="")
    if isinstance(moment, datetime.datetime):
        raise InputError(f"{place}: {said_cell(cell)} has a date: write 08:00, and the day in a column day")
    if isinstance(moment, tuple):
        raise InputError(f"{place}: {said_cell(cell)} has a weekday: write 08:00, and mon in a column day")
    if not 0 <= moment <= DAY:  # hours that a spreadsheet counts on past midnight, 26:00
        hours, rest = divmod(round(moment), 3600)
        said, clock_ = f"{hours:02d}:{rest // 60:02d}", say_clock(moment % DAY)
        remedy = f"write {clock_}; an end not later than its start is of the next day"
        raise InputError(f"{place}: {said} is not on the clock: {remedy}")
    return say_clock(moment)


def _day(place: str, cell: Any) -> str | int | None:
    """Weekdays as text, the number of a day from 1, or None for every day."""
    if isinstance(cell, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", cell):
        cell = int(cell)
    try:
        found = roster_day(cell)
    except InputError as error:
        raise InputError(f"{place}: {error.problem}") from None
    return cell.strip() if isinstance(found, tuple) else found


def _time_index(where: str, header: list[str], name: str | None, wanted: int) -> int | None:
    if name is not None:
        return index_of(where, header, name, "time")
    return 0 if wanted != 0 and header[0].casefold() in TIME_COLUMNS else None


def _check_times(where: str, cells: list[Any], grid: Grid, numbers: Sequence[int] = ()) -> None:
    """Hold every time against the horizon; `where` names file and column, `numbers` the rows unless in order."""
    steps = f"the horizon starts at {grid.label(0)} and steps by {say_duration(grid.interval)}"
    first_day: datetime.datetime | None = None
    for index, cell in enumerate(cells):
        row = f"{where}, row {numbers[index] if numbers else index + FIRST_ROW}"
        moment = _moment(row, cell)
        if index >= grid.count:
            raise InputError(
                f"{row}: {said_cell(cell)} is after the last of {grid.count} intervals, {steps}: remove it"
            )
        expected = grid.opens + index * grid.interval
        if isinstance(moment, datetime.datetime):
            first_day = first_day or _first_day(row, cell, moment, expected, grid)
            fits = abs((moment - first_day).total_seconds() - expected) < 1
        elif isinstance(moment, tuple):
            fits = _off(_from_first_day(row, cell, moment, grid), expected, 7 * DAY) < 1
        else:
            fits = _off(moment, expected, DAY) < 1
        if not fits:
            raise InputError(
                f"{row}: {said_cell(cell)} stands where {grid.label(index)} is expected: {steps}"
            )
    if len(cells) < grid.count:
        first = grid.label(len(cells))
        raise InputError(f"{where} ends before the row for {first}: {steps}, in {grid.count} intervals")


def _off(a: float, b: float, cycle: float) -> float:
    """Seconds between two moments of a day or a week, the shorter way round."""
    return min((a - b) % cycle, (b - a) % cycle)


def _first_day(
    row: str, cell: Any, moment: datetime.datetime, expected: float, grid: Grid
) -> datetime.datetime:
    """The midnight from which the horizon counts, by the first date of a column."""
    days = datetime.timedelta(days=math.floor((expected + 1e-6) / DAY))
    found = datetime.datetime.combine(moment.date(), datetime.time()) - days
    if grid.starts is not None and found.weekday() != grid.starts:
        given, wanted = (say_weekdays([day]) for day in (moment.weekday(), grid.weekday(days.days)))
        raise InputError(
            f"{row}: {said_cell(cell)} is of a {given}, where {wanted} is expected: check starts"
        )
    return found


def _from_first_day(row: str, cell: Any, moment: tuple[Days, float], grid: Grid) -> float:
    """Seconds from the midnight from which the horizon counts of a clock time on one weekday."""
    days, seconds = moment
    if grid.starts is None:
        said = f"{said_cell(cell)} names a weekday, and the scenario does not say on which one it begins"
        raise InputError(f"{row}: {said}: add starts: monday")
    if days is None or len(days) > 1:
        raise InputError(
            f"{row}: {said_cell(cell)} names several days: write one row for each, as in mon 08:00"
        )
    return (days[0] - grid.starts) * DAY + seconds


def _moment(
    row: str, cell: Any, dated: str = " or 2026-01-31 08:00"
) -> float | tuple[Days, float] | datetime.datetime:
    """Seconds from some midnight of a clock time, with its weekdays if it has any, or the moment of a date.

    dated: what an error says of dates, nothing where they are not taken.
    """
    if is_blank(cell):
        raise InputError(f"{row}: the time is blank: write one such as 08:00")
    if isinstance(cell, datetime.timedelta):
        return cell.total_seconds()
    if isinstance(cell, datetime.time):
        return 3600.0 * cell.hour + 60 * cell.minute + cell.second + cell.microsecond / 1e6
    if isinstance(cell, str):
        both = _SPAN.fullmatch(cell.strip())
        try:
            days, seconds = day_clock(both[1] if both else cell.strip())
            return seconds if days is None else (days, seconds)
        except InputError as problem:
            try:
                cell = datetime.datetime.fromisoformat(cell.strip())
            except ValueError:
                raise InputError(f"{row}: {problem.problem}{dated and ','}{dated}") from None
    if not isinstance(cell, datetime.datetime) or cell.tzinfo is not None:
        raise InputError(f"{row}: {said_cell(cell)} is not a time: write 08:00{dated}, or format it so")
    if cell < _EPOCH:
        return (cell - datetime.datetime.combine(cell.date(), datetime.time())).total_seconds()
    return cell
