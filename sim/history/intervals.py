"""Recorded counts by queue and interval, for files that hold no single contacts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.history.contacts import Account
from sim.history.moments import local_days_and_seconds

if TYPE_CHECKING:
    from pandas import DataFrame

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Intervals:
    """One row for each queue and interval, in order of time: NumPy columns of one length, NaN where not given.

    `start` is in Unix seconds (UTC), `length` in seconds. `offered`, `answered`, `abandoned` and `within` (answered
    within the file's own threshold) are counts; `handle`, `talk`, `wrap` and `wait` (until answered) are mean seconds
    of the contacts answered. A `handle` of 0 s is taken for one that was not given.
    """

    queue: Array  # int32
    start: Array  # float64, as all below
    length: Array
    offered: Array
    answered: Array
    abandoned: Array
    within: Array
    handle: Array
    talk: Array
    wrap: Array
    wait: Array
    queues: tuple[str, ...]
    zone: str
    account: Account

    def __len__(self) -> int:
        return len(self.start)

    @property
    def day(self) -> Array:
        """The local date of the start as its proleptic ordinal: int64 (n,)."""
        return local_days_and_seconds(self.start, self.zone)[0]

    @property
    def second(self) -> Array:
        """Seconds since local midnight at the start, by the clock on the wall: float64 (n,)."""
        return local_days_and_seconds(self.start, self.zone)[1]

    def frame(self) -> "DataFrame":
        """A DataFrame, one row an interval: queue by name, start in the local zone."""
        import pandas as pd

        start = pd.to_datetime(np.round(self.start), unit="s", utc=True).tz_convert(self.zone)
        names = ("length", "offered", "answered", "abandoned", "within", "handle", "talk", "wrap", "wait")
        queue = pd.Categorical.from_codes(self.queue, categories=pd.Index(self.queues, dtype=object))
        return pd.DataFrame({"queue": queue, "start": start} | {name: getattr(self, name) for name in names})
