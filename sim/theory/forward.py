"""The forward equations of M(t)/M/n(t)+M: what a day of changing rates and staffing really does, without simulation.

The state is who is on the phone and who waits. When the staffing falls, agents on the phone finish their call before
they go, as in our engines, so for a while more may be busy than are on duty: b on the phone, b ≥ n, and q waiting,
none of whom is taken until b < n. Solved by uniformisation (Jensen 1953; Grassmann 1977), which adds up positive
terms only. The line is cut at a length that is made longer until the probability there is below `tail`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.theory import checks
from sim.theory.checks import Array

TAIL = 1e-13  # probability at the cut of the line, at any end of an interval
MOST_STATES = 3_000_000
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True)
class ForwardDay:
    """Figures by interval (arrays), and of the day (floats). Times are seconds.

    By interval of joining: `calls`, `delayed_share`, `service_level`, `blocked`. By the time at which it happens:
    `abandonments` (hanging up and balking), `mean_queue_length`, `mean_busy`, `overtime` (mean number of agents who
    finish a call after their duty), `occupancy`. The figures of the day also hold what comes after closing.
    """

    calls: Array
    delayed_share: Array
    service_level: Array
    blocked: Array
    abandonments: Array
    mean_queue_length: Array
    mean_busy: Array
    overtime: Array
    occupancy: Array
    day_calls: float
    day_service_level: float
    day_abandonment_rate: float
    day_mean_wait: float  # of all who join
    day_delayed_share: float
    waiting_at_close: float  # mean number on the line
    abandonments_after: float  # mean number who hang up after closing
    tail: float  # the largest probability seen at the cut of the line, and rounding


@dataclass(frozen=True)
class _Segment:
    """One stretch of constant rate and staffing; rows are agents beyond the staffing, columns callers who wait."""

    rate: float
    pace: float  # 1 ÷ mean handle time
    ending: float  # 1 ÷ mean patience, or 0
    balks: float
    n: int
    rows: int
    columns: int
    full: bool  # whether the last column is a true limit of the line, where callers are blocked

    @property
    def size(self) -> int:
        return self.n + self.rows * self.columns

    def grid(self, p: Array) -> Array:
        """The part of a vector in which all agents on duty are busy, by row and column."""
        return p[self.n :].reshape(self.rows, self.columns)

    @cached_property
    def busy(self) -> Array:
        """Agents on the phone, by state."""
        over = np.repeat(self.n + np.arange(self.rows), self.columns)
        return np.append(np.arange(self.n), over).astype(float)

    @cached_property
    def waiting(self) -> Array:
        """Callers on the line, by state."""
        return np.append(np.zeros(self.n), np.tile(np.arange(self.columns), self.rows)).astype(float)

    @cached_property
    def uniform(self) -> float:
        """A rate above that of leaving any state."""
        fastest = self.rate + (self.n + self.rows - 1) * self.pace + self.columns * self.ending
        return max(fastest, 1e-12)

    @cached_property
    def steps(self) -> Any:
        """The uniformised chain, transposed: p after a step is steps @ p."""
        at = np.arange(self.size)
        cell = self.grid(at)
        joins = self.rate * (1.0 - self.balks)
        moves = [(at[: self.n], at[1 : self.n + 1], np.full(self.n, self.rate))]
        moves.append((cell[:, :-1].ravel(), cell[:, 1:].ravel(), np.full(cell[:, 1:].size, joins)))
        if self.n:
            ends = np.arange(1, self.n + 1) * self.pace
            moves.append((at[1 : self.n + 1], at[: self.n], ends))
            line = cell[0, 1:]
            moves.append((line, cell[0, :-1], np.full(line.size, self.n * self.pace)))
        busy = np.repeat((self.n + np.arange(1, self.rows)) * self.pace, self.columns)
        moves.append((cell[1:].ravel(), cell[:-1].ravel(), busy))
        leaving = np.tile(np.arange(1, self.columns) * self.ending, self.rows)
        moves.append((cell[:, 1:].ravel(), cell[:, :-1].ravel(), leaving))
        return _chain(moves, self.size, self.uniform).T.tocsr()

    @cached_property
    def tagged(self) -> Any:
        """The chain of a caller with so many ahead, over (row, ahead) and one more state: answered."""
        size = self.rows * self.columns
        cell, answered = np.arange(size).reshape(self.rows, self.columns), size
        moves = [(cell[0, 1:], cell[0, :-1], np.full(self.columns - 1, self.n * self.pace))]
        moves.append((cell[0, :1], np.array([answered]), np.array([self.n * self.pace])))
        busy = np.repeat((self.n + np.arange(1, self.rows)) * self.pace, self.columns)
        moves.append((cell[1:].ravel(), cell[:-1].ravel(), busy))
        leaving = np.tile(np.arange(1, self.columns) * self.ending, self.rows)
        moves.append((cell[:, 1:].ravel(), cell[:, :-1].ravel(), leaving))
        lost = np.append(np.full(size, self.ending), 0.0)
        return _chain(moves, size + 1, self.uniform, lost)

    def after(self, p: Array, time: float) -> tuple[Array, Array]:
        """The probabilities after a time, and their integral over it."""
        return _evolved(self.steps, p, self.uniform * time, self.uniform)

    def answered_by(self, time: float, then: Array | None = None) -> Array:
        """P(answered within a time) of a caller by (row, ahead); `then` is what is still hoped for at its end."""
        start = np.zeros(self.rows * self.columns + 1) if then is None else np.append(then.ravel(), 0.0)
        start[-1] = 1.0
        return _evolved(self.tagged, start, self.uniform * time, self.uniform)[0][:-1].reshape(self.rows, -1)


def _chain(moves: list[Any], size: int, uniform: float, lost: Array | float = 0.0) -> Any:
    """The matrix of one step: rates ÷ uniform, and staying for the rest."""
    from scipy.sparse import csr_array

    sources, ends, rates = (np.concatenate(part) for part in zip(*moves, strict=True))
    out = np.bincount(sources, rates, size) + lost
    every = np.arange(size)
    data = np.append(rates / uniform, 1.0 - out / uniform)
    return csr_array((data, (np.append(sources, every), np.append(ends, every))), shape=(size, size))


def _evolved(steps: Any, p: Array, mean: float, uniform: float) -> tuple[Array, Array]:
    """Σ Poisson(mean; k)·stepsᵏ p, and the integral of that over time, to rounding."""
    from scipy.special import gammainc, gammaln

    if mean <= 0.0:
        return p.copy(), np.zeros_like(p)
    count = np.arange(int(mean + 9.0 * np.sqrt(mean) + 30.0))
    weights = np.exp(count * np.log(mean) - mean - gammaln(count + 1.0))
    weights /= weights.sum()
    more = gammainc(count + 1.0, mean)  # P(more than k steps)
    total, spent = np.zeros_like(p), np.zeros_like(p)
    for weight, still in zip(weights, more, strict=True):
        if weight > 1e-18:
            total += weight * p
        if still > 1e-17:
            spent += still * p
        p = steps @ p
    return total, spent / uniform


def forward_day(
    *,
    arrival_rates: Any,
    interval: Any,
    mean_handle: Any,
    agents: Any,
    mean_patience: Any = None,
    balks: float = 0.0,
    max_waiting: int | None = None,
    within: float = 20.0,
    at_close: str = "finish",
    tail: float = TAIL,
) -> ForwardDay:
    """A day of M(t)/M/n(t)+M from an empty start: rates a second and agents step by interval.

    Assumes Poisson arrivals, exponential handle times and, if any, exponential patience (means, s), first come first
    served, no redials. Agents on the phone when the staffing falls finish their call and take no other. After the
    last interval nobody comes; with `at_close` finish the last staffing above 0 answers who still waits, with drop
    they are cut off. The error is about `tail` a state. The service level is by interval of joining, exact over
    changes of staffing too: followed by the chain of a caller with so many ahead (16 nodes before each change). The
    work grows with events × states: half a second for a day of 20 agents, minutes for one of 1,000.
    Sources: Jensen (1953); Ingolfsson, Akhmetshina, Budge, Li and Wu (2007) compare such methods.
    """
    listed = arrival_rates if isinstance(arrival_rates, np.ndarray) else list(arrival_rates)
    rates = checks.not_negative("arrival_rates", listed)
    if rates.ndim != 1 or not rates.sum() > 0.0:
        raise InputError("needs one rate for each interval, one of them above 0", path="arrival_rates")
    n = checks.agents(agents, least=0)
    n = np.full(rates.size, float(n)) if n.ndim == 0 else n
    if n.shape != rates.shape:
        raise InputError(f"{n.size} numbers for {rates.size} intervals: write one for each", path="agents")
    if at_close not in ("finish", "drop"):
        raise InputError(f"{shown(at_close)} is not finish or drop", path="at_close")
    length = float(checks.positive("interval", interval))
    ending = 0.0 if mean_patience is None else 1.0 / float(checks.positive("mean_patience", mean_patience))
    limit = None if max_waiting is None else int(checks.agents(max_waiting, least=0, name="max_waiting"))
    if not n.any() and not ending and at_close == "finish":
        raise InputError(
            "is 0 all day and nobody hangs up; give agents, patience or at_close drop", path="agents"
        )
    pace = 1.0 / float(checks.positive("mean_handle", mean_handle))
    play = _Play(
        rates, length, pace, ending, float(checks.share("balks", balks)), n.astype(int), limit,
        float(checks.not_negative("within", within)), at_close == "finish",
        float(checks.positive("tail", tail)),
    )  # fmt: skip
    return play.day()


class _Play:
    """One day on its way: the probabilities now, and the sums so far."""

    def __init__(
        self, rates: Array, length: float, pace: float, ending: float, balks: float, n: Array,
        limit: int | None, within: float, finish: bool, tail: float,
    ) -> None:  # fmt: skip
        self.rates, self.length, self.pace, self.ending, self.balks = rates, length, pace, ending, balks
        self.n, self.limit, self.within, self.finish, self.tail = n, limit, within, finish, tail
        self.columns = 32 if limit is None else limit + 1
        self.cut = 0.0
        last = n[n > 0][-1] if n.any() else 0
        self.n_after = int(last if finish else 0)

    def segment(self, k: int, rows: int) -> _Segment:
        """The stretch of interval k; after the last one nobody comes."""
        rate, n = (self.rates[k], self.n[k]) if k < self.n.size else (0.0, self.n_after)
        made = _Segment(
            float(rate),
            self.pace,
            self.ending,
            self.balks,
            int(n),
            rows,
            self.columns,
            self.limit is not None,
        )
        if made.size > MOST_STATES:
            problem = (
                f"this day needs more than {MOST_STATES:,} states; take day_by_interval, or give patience"
            )
            raise InputError(problem)
        return made

    def day(self) -> ForwardDay:
        """Interval by interval, then what is left after closing."""
        count, parts = self.n.size, []
        here = self.segment(0, 1)
        p = np.zeros(here.size)
        p[0] = 1.0
        for k in range(count):
            here, p = self.enter(k, here, p)
            while True:
                done = self.interval(k, here, p)
                edge = float(here.grid(done[0])[:, -1].sum())
                if self.limit is not None or edge <= self.tail:
                    break
                here, p = self.longer(here, p)
            self.cut = max(self.cut, 0.0 if self.limit is not None else edge)
            p = done[0]
            parts.append(done[1])
        return self.summary(here, p, np.array(parts).T)

    def enter(self, k: int, before: _Segment, p: Array) -> tuple[_Segment, Array]:
        """The probabilities at the start of interval k, after its change of staffing."""
        n = int(self.n[k]) if k < self.n.size else self.n_after
        mass = np.zeros(before.n + before.rows + before.columns + max(n, 1))
        np.add.at(mass, before.busy.astype(int), p)
        highest = int(
            np.flatnonzero(mass > self.tail * 1e-4)[-1]
        )  # on the phone: what is above is next to nothing
        after = self.segment(k, max(highest - n, 0) + 1)
        busy, waiting = before.busy.astype(int), before.waiting.astype(int)
        taken = np.minimum(waiting, np.maximum(n - busy, 0))
        busy, waiting = np.minimum(busy + taken, n + after.rows - 1), waiting - taken
        place = np.where(busy < n, busy, n + (busy - n) * after.columns + waiting)
        return after, np.bincount(place, p, after.size)

    def longer(self, here: _Segment, p: Array) -> tuple[_Segment, Array]:
        """The same probabilities on a line twice as long."""
        before, self.columns = here.columns, 2 * here.columns
        made = _Segment(
            here.rate, here.pace, here.ending, here.balks, here.n, here.rows, self.columns, here.full
        )
        if made.size > MOST_STATES:
            raise InputError(f"the line grows too long for {MOST_STATES:,} states; take day_by_interval")
        grid = np.zeros((here.rows, self.columns))
        grid[:, :before] = here.grid(p)
        return made, np.append(p[: here.n], grid.ravel())

    def interval(self, k: int, here: _Segment, p: Array) -> tuple[Array, list[float]]:
        """The probabilities at the end of interval k, and its sums."""
        alone = max(self.length - self.within, 0.0)
        p, spent = here.after(p, alone)
        met = self.met(here, spent, here.answered_by(min(self.within, self.length))) if alone else 0.0
        rest, now = self.length - alone, alone
        for node, weight in zip(0.5 * (NODES + 1.0), 0.5 * WEIGHTS, strict=True):
            if not rest:
                break
            at = alone + rest * node
            p, more = here.after(p, at - now)
            spent, now = spent + more, at
            met += weight * rest * self.met(here, p, self.hope(k, here, self.length - at, self.within))
        p, more = here.after(p, self.length - now)
        spent = spent + more
        grid = here.grid(spent)
        line, busy = float(here.waiting @ spent), float(here.busy @ spent)
        full = float(grid[:, -1].sum()) if here.full else 0.0
        delayed = float(grid.sum()) - full
        over = float(np.arange(here.rows) @ grid.sum(1))
        balked = here.rate * here.balks * delayed
        sums = [met * here.rate, delayed * (1.0 - here.balks) * here.rate, full * here.rate, line, busy, over]
        return p, [*sums, balked]

    def met(self, here: _Segment, p: Array, hope: Array) -> float:
        """Callers answered in time among those who join in states of these probabilities (or times)."""
        grid, joining = here.grid(p), here.columns - 1 if here.full else here.columns
        waits = float((grid[:, :joining] * hope[:, :joining]).sum())
        return float(p[: here.n].sum()) + (1.0 - here.balks) * waits

    def hope(self, k: int, here: _Segment, left: float, time: float) -> Array:
        """P(answered within a time) of a caller by (row, ahead), `left` before the end of interval k."""
        if k >= self.n.size:
            return here.answered_by(time)
        if time <= left:
            return here.answered_by(time)
        if k + 1 == self.n.size and not self.finish:
            return here.answered_by(left)
        n = int(self.n[k + 1]) if k + 1 < self.n.size else self.n_after
        busy = here.n + np.arange(here.rows)[:, None]
        ahead = np.arange(here.columns)[None, :]
        after = self.segment(k + 1, max(int(busy[-1, 0]) - n, 0) + 1)
        then = self.hope(k + 1, after, self.length, time - left)
        free = np.maximum(n - busy, 0)
        row, place = np.broadcast_arrays(np.maximum(busy - n, 0), np.maximum(ahead - free, 0))
        return here.answered_by(left, np.where(ahead < free, 1.0, then[row, place]))

    def summary(self, last: _Segment, p: Array, sums: Array) -> ForwardDay:
        """The figures, with the line after closing played to its end."""
        met, delayed, blocked, line, busy, over, balked = sums
        calls = self.rates * self.length
        hung_up = self.ending * line + balked
        waiting, after = float(last.waiting @ p), 0.0
        if self.finish:
            here, p = self.enter(self.n.size, last, p)
            while float(here.waiting @ p) > 1e-13 * calls.sum():
                p, spent = here.after(p, min(self.length, 3.0 / (here.pace + here.ending)))
                after += float(here.waiting @ spent)
        joined, total = calls.sum() - blocked.sum(), calls.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = [np.where(calls > 0.0, part / calls, np.nan) for part in (delayed, met)]
            occupancy = busy / (self.n * self.length + over)
        return ForwardDay(
            calls, shares[0] * np.where(calls > blocked, calls / (calls - blocked), np.nan), shares[1], blocked,
            hung_up, line / self.length, busy / self.length, over / self.length, occupancy,
            float(total), float(met.sum() / total),
            float((hung_up.sum() + self.ending * after) / total),
            float((line.sum() + after) / joined), float(delayed.sum() / joined), waiting,
            self.ending * after, self.cut + 1e-15,
        )  # fmt: skip
