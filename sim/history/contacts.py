"""The tidy table of recorded contacts, and the account of how it was made; no log format is known here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.history.moments import local_days_and_seconds

if TYPE_CHECKING:
    from pandas import DataFrame

Array = npt.NDArray[Any]
MOMENTS = ("arrived", "joined", "answered", "talk_end", "wrap_end", "left")
CODES = {"queue": np.int32, "customer": np.int64, "agent": np.int32, "kind": np.int16, "outcome": np.int8}


class Outcome(IntEnum):
    """What became of a contact.

    A contact that an agent took is ANSWERED or TRANSFERRED. Those that left the queue without an agent: ABANDONED
    hung up while waiting; DIVERTED went elsewhere (time-out, a key pressed, overflow to another queue, nobody left
    to answer), so that their patience is only known to have lasted so long; BLOCKED never waited: no line, no
    place, or nobody on duty when they came. OPEN: the log ended first. UNKNOWN: the log does not say.
    """

    ANSWERED = 0
    TRANSFERRED = 1  # answered, and passed on by the agent
    ABANDONED = 2
    DIVERTED = 3
    BLOCKED = 4
    OPEN = 5
    UNKNOWN = 6


@dataclass(frozen=True)
class LeftOut:
    """Rows that did not become contacts: why, how many, and the first one's line (from 1; None if unknown)."""

    reason: str
    count: int
    line: int | None = None


@dataclass(frozen=True)
class Account:
    """What was read, how many contacts it gave, what was left out and why, and what else is worth knowing."""

    source: str
    form: str  # "asterisk", "connect", "genesys", "mapped", …
    rows: int = 0
    contacts: int = 0
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()
    noun: str = "contact"

    def __str__(self) -> str:
        parts = [
            f"{self.source} ({self.form}): {counted(self.rows, 'row')}, {counted(self.contacts, self.noun)}."
        ]
        if self.left_out:
            parts.append(f"Left out: {self.reasons}.")
        return " ".join([*parts, *self.remarks])

    @property
    def reasons(self) -> str:
        """What was left out, as one list in words; "" for nothing."""
        return "; ".join(map(_said, self.left_out))


def _said(gone: LeftOut) -> str:
    where = "" if gone.line is None else f" ({'first in ' if gone.count > 1 else ''}line {gone.line})"
    return f"{gone.count:,} {gone.reason}{where}"


def counted(number: int, noun: str) -> str:
    """A number of things in words: "1 row", "2 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Contacts:
    """One row a contact, in order of arrival: NumPy columns of one length n.

    `queue`, `agent` and `kind`, the customer's class, are codes into `queues`, `agents` and `kinds` (−1: not known);
    `customer` is a code below `customers`, −1 where unknown; `outcome` is of `Outcome`. The moments are Unix seconds
    (UTC), NaN where not known or not happened: `arrived` first seen, `joined` entered the queue, `answered` an agent
    took it, `talk_end` the customer was let go (holding included), `wrap_end` the agent was free again, `left` a
    contact that no agent took left the queue; of one that still waited when the log ended (OPEN), the log's end, so
    that it waited at least so long.
    `zone` is the IANA name of the zone in which days and hours are meant.
    """

    queue: Array  # int32
    customer: Array  # int64
    agent: Array  # int32
    kind: Array  # int16
    arrived: Array  # float64, as the five below
    joined: Array
    answered: Array
    talk_end: Array
    wrap_end: Array
    left: Array
    outcome: Array  # int8
    queues: tuple[str, ...]
    agents: tuple[str, ...]
    customers: int
    zone: str
    account: Account
    kinds: tuple[str, ...] = ()
    customer_names: tuple[str, ...] = ()  # only where identities were asked for

    def __len__(self) -> int:
        return len(self.arrived)

    @property
    def was_answered(self) -> Array:
        """Whether an agent took the contact, at a moment known or not: bool (n,)."""
        return ~np.isnan(self.answered) | np.isin(self.outcome, (Outcome.ANSWERED, Outcome.TRANSFERRED))

    @property
    def wait(self) -> Array:
        """Seconds in the queue, until answered or until the contact left: float64 (n,), NaN where not known."""
        return np.where(self.was_answered, self.answered, self.left) - self.joined

    @property
    def talk(self) -> Array:
        """Seconds with an agent, holding included: float64 (n,), NaN where not known."""
        return self.talk_end - self.answered

    @property
    def wrap(self) -> Array:
        """Seconds of work after the contact: float64 (n,), NaN where not known."""
        return self.wrap_end - self.talk_end

    @property
    def day(self) -> Array:
        """The local date of arrival as its proleptic ordinal (`datetime.date.fromordinal`): int64 (n,)."""
        return local_days_and_seconds(self.arrived, self.zone)[0]

    @property
    def second(self) -> Array:
        """Seconds since local midnight at arrival, by the clock on the wall: float64 (n,)."""
        return local_days_and_seconds(self.arrived, self.zone)[1]

    def only(self, kept: Array) -> "Contacts":
        """The contacts chosen by a mask or by increasing indices; codes, names and the account stay."""
        columns = [*CODES, *MOMENTS]
        return replace(self, **{name: getattr(self, name)[kept] for name in columns})

    def frame(self) -> "DataFrame":
        """A DataFrame, one row a contact: names instead of codes, moments in the local zone, durations in seconds."""
        import pandas as pd

        def named(codes: Array, names: tuple[str, ...]) -> Any:
            return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype=object))

        moments = {
            name: pd.to_datetime(np.round(getattr(self, name), 6), unit="s", utc=True).tz_convert(self.zone)
            for name in MOMENTS
        }
        return pd.DataFrame(
            {
                "queue": named(self.queue, self.queues),
                "customer": self._customers_shown(),
                **({"class": named(self.kind, self.kinds)} if self.kinds else {}),
                **moments,
                "outcome": named(self.outcome, tuple(kind.name.lower() for kind in Outcome)),
                "agent": named(self.agent, self.agents),
                "wait": self.wait,
                "talk": self.talk,
                "wrap": self.wrap,
            }
        )

    def _customers_shown(self) -> Any:
        import pandas as pd

        if self.customer_names:
            names = np.array([*self.customer_names, None], object)
            return names[self.customer]
        return pd.arrays.IntegerArray(self.customer, self.customer < 0)


def tidy(
    columns: Mapping[str, Array],
    *,
    queues: tuple[str, ...],
    zone: str,
    account: Account,
    agents: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
    customers: int | None = None,
    customer_names: tuple[str, ...] = (),
) -> Contacts:
    """The table from columns in any order of rows; what is not given is unknown.

    `columns` holds arrays of one length under the names of `Contacts`; `arrived` and `outcome` must be there. Rows
    are put in order of arrival, ties in the order given. `account.contacts` is set to the number of rows.
    """
    count = len(columns["arrived"])
    order: Any = np.argsort(columns["arrived"], kind="stable")
    if np.array_equal(order, np.arange(count)):
        order = slice(None)  # no copy of columns that are in order
    default = {"queue": 0, "customer": -1, "agent": -1, "kind": -1}
    table = {}
    for name in (*CODES, *MOMENTS):
        kind = CODES.get(name, np.float64)
        given = columns.get(name)
        if given is None:
            given = np.full(count, default.get(name, np.nan), kind)
        table[name] = np.asarray(given, kind)[order]
    if customers is None:
        customers = int(table["customer"].max(initial=-1)) + 1
    return Contacts(
        **table,
        queues=queues,
        agents=agents,
        kinds=kinds,
        customers=customers,
        zone=zone,
        account=replace(account, contacts=count),
        customer_names=customer_names,
    )
