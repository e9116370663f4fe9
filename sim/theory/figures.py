"""What a formula says of a queue: one frozen set of figures under the names of docs/model.md."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from sim.errors import InputError, nearest, shown
from sim.theory import checks
from sim.theory.checks import Array

DEFINITIONS = ("offered", "answered", "early_abandons_excluded", "early_abandons_met")


@dataclass(frozen=True)
class Figures:
    """Long-run figures of one queue; floats, or arrays of one shape. Times are seconds, shares fractions.

    Shares are of offered calls unless said. A figure that does not exist is NaN: the `asa` where nobody is
    answered. `bounded` is False where the line grows without bound: the other figures are then the limits that
    are approached (waits inf, the service level 0).
    """

    agents: Any
    offered_load: Any  # erlangs: calls a second × mean handle time
    within: Any  # T of the service level, s
    bounded: Any  # whether the line settles down
    delayed_share: Any  # wait > 0, of those who join (balked ones join and wait 0 s)
    abandonment_rate: Any  # hang up or balk
    blocked_share: Any  # find no place on the line
    service_level: Any  # answered within T ÷ offered
    abandoned_within: Any  # hang up or balk within T
    mean_wait: Any  # of all who join, s
    asa: Any  # mean wait of the answered, s
    mean_delay: Any  # mean wait of those who wait at all, s
    mean_queue_length: Any
    occupancy: Any  # busy ÷ on duty
    _tail: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)

    @property
    def answered_share(self) -> Any:
        """Answered ÷ offered."""
        answered = 1.0 - self.abandonment_rate - self.blocked_share
        return np.where(self.bounded, answered, np.minimum(answered, self.agents / self.offered_load))[()]

    def service_level_by(self, definition: str) -> Any:
        """The service level in one of the four definitions of a scenario (docs/model.md, section 6)."""
        if definition not in DEFINITIONS:
            near = nearest(definition, DEFINITIONS)
            raise InputError(
                f"there is no service level {shown(definition)}{near}: use {', '.join(DEFINITIONS)}"
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            if definition == "answered":
                return np.divide(self.service_level, self.answered_share)[()]
            if definition == "early_abandons_excluded":
                return np.divide(self.service_level, 1.0 - np.asarray(self.abandoned_within))[()]
        return (
            self.service_level + self.abandoned_within
            if definition == "early_abandons_met"
            else self.service_level
        )

    def waiting_longer(self, than: Any) -> Any:
        """The share of those who join whose wait, ended by an agent or by hanging up, is longer than this (s)."""
        if self._tail is None:
            raise InputError("the distribution of the wait is not among what this formula answers")
        return self._tail(checks.not_negative("than", than))

    def wait_quantile(self, share: Any) -> Any:
        """The time within which this share of the waits ends, s: closed for Erlang C, else a root to 12 digits."""
        wanted = checks.share("share", share, open_ends=True)
        if self._tail is None:
            raise InputError("the distribution of the wait is not among what this formula answers")
        shape, (left, delayed, mean, bounded) = checks.together(
            1.0 - wanted, *(np.asarray(v, float) for v in (self.delayed_share, self.mean_delay, self.bounded))
        )
        start = np.where(np.isfinite(mean) & (mean > 0.0), mean, 1.0).reshape(shape)
        times = _root(lambda t: np.asarray(self._tail(t)), left.reshape(shape), start)  # type: ignore[misc]
        times = np.where(left.reshape(shape) >= delayed.reshape(shape), 0.0, times)
        return checks.shaped(np.where(bounded.reshape(shape) > 0, times, np.inf).ravel(), shape)


def figures_of(columns: Iterable[Array], shape: tuple[int, ...], tail: Callable[[Any], Any]) -> Figures:
    """Flat arrays, in the order of the fields, in their shape."""
    names = [one.name for one in fields(Figures) if one.init and one.name != "_tail"]
    values: dict[str, Any] = {
        name: checks.shaped(column, shape) for name, column in zip(names, columns, strict=True)
    }
    return Figures(**values, _tail=tail)


def _root(tail: Callable[[Any], Any], left: Any, start: Any) -> Any:
    """Where a falling tail comes down to `left`: doubling, then halving."""
    low, high = np.zeros_like(start), start.copy()
    for _ in range(200):
        short = tail(high) > left
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, 2.0 * high, high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        short = tail(middle) > left
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return 0.5 * (low + high)
