"""Recorded days laid over a scenario: traces that it can play, and what really happened on its own grid."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.errors import InputError, nearest, shown
from sim.history.contacts import Contacts, Outcome
from sim.history.fit import written_names
from sim.history.moments import EPOCH_DAY, offsets
from sim.history.returns import linked, received
from sim.measures.metrics import (
    ABANDONED,
    ANSWERED,
    ANSWERED_WAIT,
    BLOCKED,
    COUNTED_FOR_TARGET,
    DEFINITIONS,
    DELAYED,
    OFFERED,
    REACHED_AGENT,
    TIME_TO_AGENT,
    TOTALS,
    UNANSWERED,
    WAIT,
    WAITED,
    WITHIN_TARGET,
)
from sim.scenario.recorded import COLUMNS
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, say_duration

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

AGAIN = 3600.0  # s after a hang-up in which another contact of the customer in the queue is its next attempt


class Recording(NamedTuple):
    """Recorded days of a scenario's length, from its opening on.

    days: ordinals of the dates on which they open, rising; queues: the scenario's, in order; columns: of each queue
    those of a trace, arrays of one length in its order, `day` an index into `days`. happened: float64 (days, queues,
    intervals, totals), what of `TOTALS` a log can tell. linked: redials that became next attempts; left_out:
    how many contacts are not in it, and why. row, moment: of every contact of the log its day (−1: not used), and s
    from opening.
    """

    days: Codes
    queues: tuple[str, ...]
    columns: tuple[dict[str, Any], ...]
    happened: Array
    linked: int
    left_out: tuple[tuple[int, str], ...]
    row: Codes
    moment: Array

    @property
    def names(self) -> tuple[str, ...]:
        """The dates, as text."""
        return tuple(date.fromordinal(int(day)).isoformat() for day in self.days)

    def trace(self, queue: int, days: Sequence[int] | None = None) -> dict[str, list[Any]] | None:
        """The trace of a queue on some days (indices, all unless given) as a scenario has it; None without contacts."""
        chosen = range(len(self.days)) if days is None else days
        columns, names = self.columns[queue], self.names
        kept = np.isin(columns["day"], list(chosen))
        if not kept.any():
            return None
        found = {name: _listed(columns[name][kept]) for name in COLUMNS if name != "day"}
        found["day"] = [names[day] for day in columns["day"][kept]]
        return found | {"days": [names[day] for day in chosen]}


def _listed(column: npt.NDArray[Any]) -> list[Any]:
    """A column as plain numbers, None where nothing is known."""
    if column.dtype != np.float64:
        return [int(value) for value in column]
    return [None if math.isnan(value) else value for value in np.round(column, 6).tolist()]


def record(
    contacts: Contacts, scenario: Scenario, wanted: Codes | None = None, again: float = AGAIN
) -> Recording:
    """Lay the contacts over a scenario of a day or a week; wanted: ordinals of local dates, all unless given.

    again: s after a hang-up in which the customer's next contact in the same queue is taken for its next attempt.
    Raises InputError where nothing is left.
    """
    grid = scenario.grid
    moments = np.where(np.isnan(contacts.joined) & _blocked(contacts), contacts.arrived, contacts.joined)
    opened, moment = _opened(moments, contacts, scenario)
    queue = queues_of(contacts.queues, scenario)[contacts.queue]
    said: list[tuple[int, str]] = []
    kept = ~np.isnan(moments)
    _say(said, ~kept, "never joined a queue")
    inside = kept & (moment < grid.horizon)
    chosen = inside
    if wanted is not None:
        opening = np.unique(_opening(wanted - EPOCH_DAY, scenario) + EPOCH_DAY)
        chosen = inside & np.isin(opened, opening)
        missing = np.setdiff1d(opening, opened[inside])
        if missing.size:
            dates = ", ".join(date.fromordinal(int(day)).isoformat() for day in missing[:6])
            said.append((0, f"no contacts on {dates}{' and others' if missing.size > 6 else ''}"))
    on_days = kept & np.isin(opened, np.unique(opened[chosen]))
    _say(said, on_days & ~(moment < grid.horizon), "outside the scenario's hours")
    known = chosen & (queue >= 0)
    others = sorted({contacts.queues[code] for code in np.unique(contacts.queue[chosen & ~known])})
    _say(
        said,
        chosen & ~known,
        f"of queues that the scenario does not have ({', '.join(map(shown, others[:5]))})",
    )
    links = linked(contacts, again)
    if any(queue.transfer for queue in scenario.queues.values()):
        far = known & received(contacts, links)
        _say(said, far, "passed on from another queue, as the scenario transfers by itself")
        known &= ~far
    if not known.any():
        why = "; ".join(said_left(*each) for each in said) or "the log is empty"
        raise InputError(f"no contact of the log is left to replay ({why}); choose other days")
    days, row = np.unique(opened[known], return_inverse=True)
    rows = np.full(len(contacts), -1)
    rows[known] = row
    follows = _follows(contacts, links.next, links.delay, rows, moment, again)
    columns = tuple(
        _columns(contacts, (rows >= 0) & (queue == q), rows, moment, follows)
        for q in range(len(scenario.queues))
    )
    happened = _happened(contacts, scenario, rows, queue, moment, days.size)
    return Recording(
        days, tuple(scenario.queues), columns, happened, int(np.count_nonzero(follows >= 0)), tuple(said), rows, moment,
    )  # fmt: skip


def _say(said: list[tuple[int, str]], left: Mask, why: str) -> None:
    if count := int(np.count_nonzero(left)):
        said.append((count, why))


def said_left(count: int, why: str) -> str:
    """What is left out, in words."""
    return f"{count:,} {why}" if count else why


def _blocked(contacts: Contacts) -> Mask:
    return np.asarray(contacts.outcome == Outcome.BLOCKED)


def queues_of(names: Sequence[str], scenario: Scenario) -> Codes:
    """For each queue of a log the number of that of the scenario, by its name or as `ccsim fit` writes it; else −1."""
    known = {name: place for place, name in enumerate(scenario.queues)}
    found = [
        known.get(name, known.get(as_, -1)) for name, as_ in zip(names, written_names(names), strict=True)
    ]
    if max(found, default=-1) < 0:
        near = nearest(next(iter(names), ""), known)
        raise InputError(
            f"the scenario has none of the log's queues, {', '.join(map(shown, names[:6]))}{near}; name its queues so"
        )
    return np.array(found)


def _opened(moments: Array, contacts: Contacts, scenario: Scenario) -> tuple[Codes, Array]:
    """For each moment the date on which its day (or week) of the scenario opened, and the s since then."""
    local = moments + offsets(moments, contacts.zone) - scenario.grid.opens
    days = _opening(np.floor(np.nan_to_num(local) / DAY).astype(np.int64), scenario)
    return days + EPOCH_DAY, np.where(np.isnan(local), np.nan, local - days * DAY)


def _opening(days: Codes, scenario: Scenario) -> Codes:
    """The day (counted from 1 January 1970) on which the scenario that a day falls into opens."""
    grid = scenario.grid
    whole = max(1, math.ceil(grid.horizon / DAY))
    if whole == 1:
        return days
    if whole != 7 or grid.starts is None:
        raise InputError(
            f"a horizon of {say_duration(grid.horizon)} cannot be laid over recorded days; take a scenario of one day, "
            "or of a week that says the weekday on which it starts"
        )
    first = (grid.starts - 3) % 7  # 1 January 1970 was a Thursday
    return np.asarray((days - first) // 7 * 7 + first)


def _follows(
    contacts: Contacts, after: Codes, delay: Array, rows: Codes, moment: Array, again: float
) -> Codes:
    """The contact that is the next attempt of each one that hung up, −1 for none: same queue, same day.

    Later by the local clock as well: not where the clocks were set back between the two.
    """
    ended = np.asarray(contacts.outcome == Outcome.ABANDONED) & (after >= 0) & ~np.isnan(contacts.wait)
    ended &= (delay >= 0) & (delay <= again) & (rows >= 0)
    ended &= (rows[after] == rows) & (contacts.queue[after] == contacts.queue)
    with np.errstate(invalid="ignore"):
        ended &= moment[after] >= moment + contacts.wait
    return np.where(ended, after, -1)


def _columns(
    contacts: Contacts, mine: Mask, rows: Codes, moment: Array, follows: Codes
) -> dict[str, npt.NDArray[Any]]:
    """The columns of a trace, attempts of one customer behind each other.

    A hang-up without a linked redial is `last`: whatever its customer did then stands in the log by itself.
    """
    count = len(contacts)
    root, attempt = np.arange(count), np.ones(count, np.int64)
    for one in np.flatnonzero(mine & (follows >= 0)).tolist():  # in order of arrival
        after = int(follows[one])
        root[after], attempt[after] = root[one], attempt[one] + 1
    places = np.flatnonzero(mine)
    places = places[np.lexsort((attempt[places], root[places], moment[root[places]], rows[places]))]
    hung_up = np.asarray(contacts.outcome[places] == Outcome.ABANDONED) & ~np.isnan(contacts.wait[places])
    with np.errstate(invalid="ignore"):
        past = {
            name: np.where(getattr(contacts, name)[places] >= 0, getattr(contacts, name)[places], np.nan)
            for name in ("talk", "wrap", "wait")
        }
    return past | {
        "day": rows[places], "arrived": moment[places], "hung_up": hung_up.astype(np.int64),
        "attempt": attempt[places], "last": (hung_up & (follows[places] < 0)).astype(np.int64),
    }  # fmt: skip


def _happened(
    contacts: Contacts, scenario: Scenario, rows: Codes, queue: Codes, moment: Array, days: int
) -> Array:
    """The totals of what happened by day, queue and interval of joining, as a run would have counted them."""
    grid = scenario.grid
    used = np.flatnonzero(rows >= 0)
    place = np.minimum((moment[used] // grid.interval).astype(np.int64), grid.count - 1)
    cell = (rows[used] * len(scenario.queues) + queue[used]) * grid.count + place
    outcome, wait = contacts.outcome[used], contacts.wait[used]
    answered, known = contacts.was_answered[used], ~np.isnan(wait)
    gone = np.asarray(outcome == Outcome.ABANDONED)
    promises = [q.service_level for q in scenario.queues.values()]
    within = np.array([promise.within for promise in promises])[queue[used]]
    kind = np.array([DEFINITIONS.index(promise.definition) for promise in promises])[queue[used]]
    with np.errstate(invalid="ignore"):
        soon = known & (wait <= within)
    counted = np.select([kind == 1, kind == 2], [answered, ~(gone & soon)], True)
    seconds = np.nan_to_num(wait)
    told = {
        OFFERED: np.ones(used.size), ANSWERED: answered, ABANDONED: gone, BLOCKED: outcome == Outcome.BLOCKED,
        UNANSWERED: outcome == Outcome.DIVERTED, COUNTED_FOR_TARGET: counted,
        WITHIN_TARGET: (answered & soon) | (gone & soon & (kind == 3)),
        WAIT: seconds, WAITED: known, DELAYED: seconds > 0, ANSWERED_WAIT: np.where(answered, seconds, 0.0),
        REACHED_AGENT: answered, TIME_TO_AGENT: np.where(answered, seconds, 0.0),
    }  # fmt: skip
    size = days * len(scenario.queues) * grid.count
    found = np.zeros((size, len(TOTALS)))
    for total, values in told.items():
        found[:, total] = np.bincount(cell, np.asarray(values, np.float64), minlength=size)
    return found.reshape(days, len(scenario.queues), grid.count, len(TOTALS))
