"""Several dealt days played and totalled in one call, by either engine."""

from typing import Any

import numpy as np

from sim.engines import compiled, reference
from sim.engines.compiled import plays
from sim.engines.routing import no_number
from sim.engines.work import THEN, WRONG_GROUP, WRONG_QUEUE
from sim.jit import handle, kernel
from sim.measures.metrics import Rules, Sheet, Tables, Waits, enter_records, enters, waits_of
from sim.model.centre import Centre
from sim.model.day import Day, day_at

ENGINES: dict[str, Any] = {"compiled": compiled, "reference": reference}


@kernel(lean=True, big=True)
def play_and_enter(work, centre, judge, days, seed, replications, place, first, page):
    """Play the days from `place` on into the sheet; returns the place of the first that had too few rows.

    Returns −1 where the user's routing rule gave no number.
    """
    w, c, rules, sheet = handle(work), handle(centre), handle(judge), handle(page)
    tables = handle(Tables(work.f, work.i))
    while place < replications.size:
        if sheet.codes.size > 0 and sheet.used[0] + 2 * w.rows.size > sheet.codes.size:
            break
        start = days.start[place]
        replication, row = replications[place], first + place
        day = handle(Day(start, days.arrived, days.talk, days.wrap, days.patience, days.again))
        done = plays(w, c, day, seed, replication)
        if done < 0:
            return -1
        if done == 0:
            break
        firsts = w.rows[: start[start.size - 1] - start[0]]
        enters(tables, w.hours, firsts, w.i[THEN], c, rules, seed, replication, row, sheet)
        place += 1
    return place


def play_days(
    engine: str,
    centre: Centre,
    rules: Rules,
    days: Day,
    seed: int,
    replications: np.ndarray,
    first: int,
    sheet: Sheet,
) -> tuple[Sheet, list[Waits]]:
    """Play several dealt days and write their totals into rows `first`, `first` + 1, … of the sheet.

    Returns the sheet, its codes made longer where they were too short for a day, and waits taken out of it meanwhile.
    """
    place, rows = 0, compiled.room(days.start)
    taken: list[Waits] = []
    while place < replications.size:
        replication = int(replications[place])
        if engine == "reference":
            records = reference.play(centre, day_at(days, place), seed, replication)
            rows = records.home.size
        else:
            work = compiled.workspace(centre, rows)
            rows = work.rows.size
        if sheet.codes.size and sheet.used[0] + 2 * rows > sheet.codes.size:
            taken.append(waits_of(sheet))
            if sheet.codes.size < 2 * rows:
                sheet = sheet._replace(codes=np.zeros(4 * rows, dtype=np.int64))
        if engine == "reference":
            enter_records(records, centre, rules, seed, replication, first + place, sheet)
            place += 1
            continue
        before = place
        place = play_and_enter(work, centre, rules, days, seed, replications, place, first, sheet)
        if place < 0:
            raise no_number(int(work.n[WRONG_GROUP]), int(work.n[WRONG_QUEUE]))
        if place == before:
            rows *= 2
    return sheet, taken
