"""From the events of a queue_log to what became of each call in each queue that it entered."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.history.checks import Columns
from sim.history.contacts import Outcome
from sim.history.moments import FIRST_YEAR, bounds
from sim.history.tally import Tally

Array = npt.NDArray[Any]
ENTER, CONNECT, COMPLETE, TRANSFER, ABANDON, EXIT, REFUSED = range(7)
EVENTS = {
    "ENTERQUEUE": ENTER,
    "CONNECT": CONNECT,
    "COMPLETEAGENT": COMPLETE,
    "COMPLETECALLER": COMPLETE,
    "TRANSFER": TRANSFER,
    "BLINDTRANSFER": TRANSFER,
    "ATTENDEDTRANSFER": TRANSFER,
    "ABANDON": ABANDON,
    "EXITWITHTIMEOUT": EXIT,
    "EXITEMPTY": EXIT,
    "EXITWITHKEY": EXIT,
    "AGENTDUMP": EXIT,
    "SYSCOMPAT": EXIT,
    "JOINEMPTY": REFUSED,
    "FULL": REFUSED,
}


def sensible(events: Columns, tally: Tally) -> Columns:
    """The events with a call and a date that can be believed, each once, by call and time."""
    lines = events["line"]
    known = tally.kept(events["call"] != 0, lines, "without a call id")
    earliest, latest = bounds()
    dated = (events["time"] >= earliest) & (events["time"] < latest)
    events["time"][~dated] = 0
    known &= tally.kept(dated | ~known, lines, f"with no date, or one before {FIRST_YEAR} or after next year")
    known &= tally.kept(_first(events) | ~known, lines, "twice in the file", fault=False)
    order = np.lexsort((events["time"], events["call"]))
    order = order[known[order]]
    for name in events:
        events[name] = events[name][order]
    return events


def _first(events: Columns) -> Array:
    """Whether an event was not there before: of the same call, time, kind, queue and agent."""
    import pandas as pd

    key: Array = events["call"] ^ (events["time"] * 1000).astype(np.int64).view(np.uint64)
    for name, factor in (
        ("event", 0x9E3779B97F4A7C15),
        ("queue", 0xC2B2AE3D27D4EB4F),
        ("agent", 0x165667B19E3779F9),
    ):
        key = key * np.uint64(0xBF58476D1CE4E5B9)  # mixed as SplitMix64 does
        key = (key ^ (key >> np.uint64(31))) + events[name].astype(np.int64).view(np.uint64) * np.uint64(
            factor
        )
    return ~pd.Series(key).duplicated().to_numpy()


def stays(events: Columns, restarts: Sequence[float], tally: Tally) -> Columns:
    """One row for every stay of a call in a queue, and one for every call that was refused; events by call and time."""
    if not len(events.get("time", ())):
        return {}
    call, event = events["call"], events["event"]
    enter = np.flatnonzero(event == ENTER)
    refused = event == REFUSED
    stay = np.cumsum(event == ENTER) - 1
    inside = stay >= 0
    inside[inside] = call[enter[stay[inside]]] == call[inside]
    tally.kept(inside | refused, events["line"], "of calls that joined before the log began", fault=False)

    def first(*kinds: int) -> Array:
        places = np.flatnonzero(np.isin(event, kinds) & inside)[::-1]
        found = np.full(len(enter), -1)
        found[stay[places]] = places  # of several, the last written stands: the first event
        return found

    last = np.zeros(len(enter), np.int64)
    places = np.flatnonzero(inside)
    last[stay[places]] = places
    columns = _ends(events, enter, last, first, restarts)
    columns |= {name: events[name][enter] for name in ("queue", "customer", "line")}
    if not refused.any():
        return columns
    turned = np.flatnonzero(refused)
    blocked = {name: events[name][turned] for name in ("queue", "customer", "line")}
    blocked |= {"arrived": events["time"][turned], "left": events["time"][turned]}
    blocked["outcome"] = np.full(len(turned), Outcome.BLOCKED, np.int8)
    blocked["agent"] = np.full(len(turned), -1, np.int32)
    nothing = np.full(len(turned), np.nan)
    return {name: np.concatenate([column, blocked.get(name, nothing)]) for name, column in columns.items()}


def _ends(
    events: Columns, enter: Array, last: Array, first: Callable[..., Array], restarts: Sequence[float]
) -> Columns:
    """How each stay went on: `enter` and `last` are where its events begin and end, `first` finds those of a kind."""
    time = events["time"]
    connect, done, passed, gone = (
        first(CONNECT),
        first(COMPLETE, TRANSFER),
        first(TRANSFER),
        first(ABANDON, EXIT),
    )
    begun = np.where(done >= 0, time[done] - events["talk"][done], np.nan)  # a lost CONNECT
    answered = np.where(connect >= 0, time[connect], begun)
    taken = ~np.isnan(answered)
    again, rejoined = np.zeros(len(enter), bool), np.full(len(enter), np.nan)
    again[:-1] = events["call"][enter[1:]] == events["call"][enter[:-1]]
    rejoined[:-1] = time[enter[1:]]
    stops = np.sort(np.array(restarts, np.float64))
    lost = np.searchsorted(stops, time.max(), "right") > np.searchsorted(stops, time[last], "right")
    hung_up = (gone >= 0) & (events["event"][gone] == ABANDON)
    unfinished = np.where(lost, Outcome.UNKNOWN, Outcome.OPEN)
    talking = np.where(again, Outcome.TRANSFERRED, np.where(lost, Outcome.ANSWERED, Outcome.OPEN))
    waiting = np.where(again | (gone >= 0), Outcome.DIVERTED, unfinished)
    served = np.where(passed >= 0, Outcome.TRANSFERRED, np.where(done >= 0, Outcome.ANSWERED, talking))
    outcome = np.where(taken, served, np.where(hung_up, Outcome.ABANDONED, waiting)).astype(np.int8)
    left = np.where(gone >= 0, time[gone], np.where(again, rejoined, np.nan))
    return {
        "arrived": time[enter],
        "joined": time[enter],
        "answered": answered,
        "talk_end": np.where(taken & (done >= 0), time[done], np.nan),
        "left": np.where(taken, np.nan, left),
        "agent": np.where(taken, events["agent"][np.where(connect >= 0, connect, done)], -1).astype(np.int32),
        "outcome": outcome,
    }
