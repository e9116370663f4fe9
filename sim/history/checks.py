"""Hold the moments of contacts against sense before they become the table, whatever format they came from."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sim.history.contacts import MOMENTS, Contacts, Outcome, tidy
from sim.history.moments import FIRST_YEAR, bounds
from sim.history.tally import Identities, Names, Tally, agent_names

Array = npt.NDArray[Any]
Columns = dict[str, Array]
COURSE = ("arrived", "joined", "answered", "talk_end", "wrap_end")
GIVEN_UP = 12 * 3600  # seconds: a contact without an end so long before the log's is not open any more
LATE = 600.0  # seconds: clocks of the menu and of the queue that differ by more are not believed
SLACK = 1.0  # seconds: stamps cut to whole seconds may run backwards by so much


def contacts_from(
    columns: Columns,
    tally: Tally,
    zone: str,
    queues: Names,
    agents: Names,
    people: Identities,
    kinds: Names | None = None,
) -> Contacts:
    """The table from what a reader found; rows that make no sense are left out and counted.

    `columns` is used up: arrays under the names of `Contacts` (moments in Unix seconds, `customer` as keys of
    `people`) and `line`, where each row stands in the file. InputError where nothing or little is left.
    """
    if not len(columns.get("arrived", ())):
        tally.account(0)
    _keep(columns, _believable(columns, tally))
    _keep(columns, _forward(columns, tally))
    del columns["line"]
    _close(columns)
    _say_whole_seconds(columns, tally)
    account = tally.account(len(columns["arrived"]))
    customers, names = 0, tuple[str, ...]()
    if "customer" in columns:
        columns["customer"], customers, names = people.numbered(columns["customer"])
    return tidy(
        columns,
        queues=queues.names,
        agents=agent_names(agents.names, people.keep),
        kinds=kinds.names if kinds else (),
        customers=customers,
        customer_names=names,
        zone=zone,
        account=account,
    )


def _keep(columns: Columns, kept: Array) -> None:
    if kept.all():
        return
    for name in columns:
        columns[name] = columns[name][kept]


def _moments(columns: Columns) -> list[str]:
    return [name for name in MOMENTS if name in columns]


def _believable(columns: Columns, tally: Tally) -> Array:
    """Rows whose arrival is known and whose moments lie between 1990 and the end of next year."""
    lines = columns["line"]
    known = tally.kept(~np.isnan(columns["arrived"]), lines, "without a moment of arrival that can be read")
    earliest, latest = bounds()
    absurd = np.zeros(len(lines), bool)
    for name in _moments(columns):
        absurd |= (columns[name] < earliest) | (columns[name] >= latest)
    tally.kept(~absurd | ~known, lines, f"with a date before {FIRST_YEAR} or after next year")
    return known & ~absurd


def _forward(columns: Columns, tally: Tally) -> Array:
    """Rows whose moments follow each other; those a second early, as cut stamps may be, are put right."""
    lines = columns["line"]
    backward = np.zeros(len(lines), bool)
    if "joined" in columns:
        late = columns["arrived"] - columns["joined"]
        late = (late > SLACK) & (late <= LATE)
        columns["arrived"][late] = columns["joined"][late]
        tally.remark(
            "{} contacts arrived after they joined: the moment of joining stands for both.", int(late.sum())
        )
    latest = columns["arrived"].copy()
    for name in [*COURSE[1:], "left"]:
        if name not in columns:
            continue
        if name == "left":
            latest = (
                np.fmax(columns["arrived"], columns["joined"]) if "joined" in columns else columns["arrived"]
            )
        ahead = columns[name] - latest
        early = (ahead < 0) & (ahead >= -SLACK)
        columns[name][early] = latest[early]
        backward |= ahead < -SLACK
        latest = np.fmax(latest, columns[name])
    return tally.kept(~backward, lines, "whose moments run backwards")


def _close(columns: Columns) -> None:
    """Contacts whose end the log does not tell: open at its end, or long lost."""
    still = np.flatnonzero(columns["outcome"] == Outcome.OPEN)
    if not len(still):
        return
    nothing = np.full(len(still), np.nan)
    moments = _moments(columns)
    end = max(np.nanmax(columns[name], initial=-np.inf) for name in moments)
    seen = np.fmax.reduce([columns[name][still] for name in moments])
    taken = ~np.isnan(columns["answered"][still]) if "answered" in columns else np.zeros(len(still), bool)
    lost = end - seen > GIVEN_UP
    columns["outcome"][still[lost]] = np.where(taken[lost], Outcome.ANSWERED, Outcome.UNKNOWN)
    left = columns.setdefault("left", np.full(len(columns["arrived"]), np.nan))
    left[still] = np.where(taken | lost, nothing, end)


def _say_whole_seconds(columns: Columns, tally: Tally) -> None:
    for name in _moments(columns):
        known = columns[name][~np.isnan(columns[name])]
        if np.any(known != np.floor(known)):
            return
    joined, answered = columns.get("joined"), columns.get("answered")
    at_once = 0 if joined is None or answered is None else int(np.count_nonzero(answered == joined))
    told = f"; {at_once:,} contacts were answered in the second in which they joined (a wait of 0 s)"
    tally.remark(f"Stamps are whole seconds{told if at_once else ''}.")


def joined(parts: list[Columns]) -> Columns:
    """The columns of all parts end to end; `parts` is used up column by column, so that memory stays low."""
    names = list(parts[0]) if parts else []
    return {name: np.concatenate([part.pop(name) for part in parts]) for name in names}


def say_daylight_saving(tally: Tally, doubtful: int, skipped: int) -> None:
    """Tell of stamps around the changes of the clock that are not certain."""
    tally.remark(
        "{} stamps stand in an hour that came twice as the clocks were set back, and the order of rows does not tell "
        "which is meant: the first was taken.",
        doubtful,
    )
    tally.remark(
        "{} stamps stand in an hour that the clocks left out, and were read as an hour later.",
        skipped,
    )
