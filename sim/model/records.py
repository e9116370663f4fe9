"""What happened: one row per contact, and the agents' time by group and interval."""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np


class Outcome(IntEnum):
    """How a contact ended."""

    ANSWERED = 0
    ABANDONED = 1
    BALKED = 2
    BLOCKED = 3
    CLOSED = 4
    SELF_SERVED = 5
    IVR_HANG_UP = 6
    CALLBACK_SERVED = 7
    CALLBACK_FAILED = 8
    UNANSWERED = 9
    PENDING = 10


class Records(NamedTuple):
    """The contacts of one replication, sorted by home, customer, need, attempt; float64 NaN is null.

    home, customer, need, attempt, queue, outcome, group, dials, class_id: int64, group -1 where nobody was spoken
    to, class_id 0 for customers of no class;
    arrived … wait and the callback moments: float64 seconds. on_duty, overtime, busy, unreached: float64
    (groups, intervals), seconds of agents' time after the warm-up; unreached is the part of busy that was
    spent on dials that nobody picked up.
    """

    home: np.ndarray
    customer: np.ndarray
    need: np.ndarray
    attempt: np.ndarray
    queue: np.ndarray
    outcome: np.ndarray
    group: np.ndarray
    arrived: np.ndarray
    joined: np.ndarray
    answered: np.ndarray
    talk_end: np.ndarray
    released: np.ndarray
    wait: np.ndarray
    callback_offered: np.ndarray
    callback_requested: np.ndarray
    callback_connected: np.ndarray
    dials: np.ndarray
    class_id: np.ndarray
    on_duty: np.ndarray
    overtime: np.ndarray
    busy: np.ndarray
    unreached: np.ndarray


# The same as two tables, one of floats and one of integers: a line for each column, contacts in whatever order
ARRIVED, JOINED, ANSWERED, TALK_ENDED, RELEASED, WAIT, OFFERED, REQUESTED, CONNECTED = range(9)
HOME, CUSTOMER, NEED, ATTEMPT, QUEUE, OUTCOME, GROUP, DIALS, CLASS_ID = range(9)
RECORD_FLOATS, RECORD_INTEGERS = 9, 9
AGENT_TIME = ("on_duty", "overtime", "busy", "unreached")

WHOLE = ("home", "customer", "need", "attempt", "queue", "outcome", "group", "dials", "class_id")
MOMENTS = (
    "arrived",
    "joined",
    "answered",
    "talk_end",
    "released",
    "wait",
    "callback_offered",
    "callback_requested",
    "callback_connected",
)
CONTACT_COLUMNS = (*WHOLE, *MOMENTS)


def to_tables(records: Records) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Records as a table of floats, one of integers, and the agents' time, float64 (4, groups, intervals)."""
    floats = np.stack([getattr(records, name) for name in MOMENTS])
    integers = np.stack([getattr(records, name) for name in WHOLE])
    return floats, integers, np.stack([getattr(records, name) for name in AGENT_TIME])


def from_tables(floats: np.ndarray, integers: np.ndarray, hours: np.ndarray) -> Records:
    """Records from tables whose first lines are those of the records, sorted."""
    order = np.lexsort([integers[column] for column in (ATTEMPT, NEED, CUSTOMER, HOME)])
    return Records(
        **{name: integers[column, order].astype(np.int64) for column, name in enumerate(WHOLE)},
        **{name: floats[column, order] for column, name in enumerate(MOMENTS)},
        **dict(zip(AGENT_TIME, hours.copy(), strict=True)),
    )


def frame(
    records: Records, replication: int, queues: list[str], groups: list[str], classes: list[str] | None = None
) -> Any:
    """The contacts as a pandas DataFrame with names in place of numbers, one row per contact.

    `class` is that of the customer; null for customers of none.
    """
    import pandas as pd

    table = pd.DataFrame(
        {"replication": replication, **{name: getattr(records, name) for name in CONTACT_COLUMNS}}
    )
    names = np.array([*queues], dtype=object)
    table["home"], table["queue"] = names[records.home], names[records.queue]
    table["group"] = np.array([*groups, None], dtype=object)[records.group]
    table["outcome"] = np.array([outcome.name.lower() for outcome in Outcome], dtype=object)[records.outcome]
    table["class"] = np.array([None, *(classes or [])], dtype=object)[records.class_id]
    order = [
        *("replication", "home", "customer", "need", "attempt", "queue", "arrived", "joined", "outcome"),
        *("group", "answered", "talk_end", "released", "wait"),
        *("callback_offered", "callback_requested", "callback_connected", "dials", "class"),
    ]
    return table[order]
