"""M/M/n/K and M/M/n/K+M: a line with so many places; who finds none is turned away."""

from typing import Any

import numpy as np

from sim.errors import InputError
from sim.theory import checks
from sim.theory.checks import Array
from sim.theory.figures import Figures, figures_of
from sim.theory.windows import log_inverse_b

MOST_PLACES = 1_000_000
TAIL = 60.0  # a line whose probability is e^-60 of the likeliest one's counts no more


def erlang_k(
    *,
    arrival_rate: Any,
    mean_handle: Any,
    agents: Any,
    max_waiting: Any,
    mean_patience: Any = None,
    balks: Any = 0.0,
    within: Any = 20.0,
) -> Figures:
    """M/M/n/K, or M/M/n/K+M with `mean_patience`: at most `max_waiting` = K − n wait, the others are blocked.

    Assumes Poisson arrivals (`arrival_rate` a second), exponential handle times and, if any, exponential patience
    (means, s), first come first served, no redials; `balks` is the share of those who find a place to wait and
    leave at once all the same. Always bounded. Waits are over those who join, as in docs/model.md. Source: the
    birth–death equations; a wait behind j others is a sum of j + 1 exponentials whose rates rise in equal steps:
    −log of a beta variable (Rényi 1953), or without patience an Erlang one.
    """
    rate, mean = checks.positive("arrival_rate", arrival_rate), checks.positive("mean_handle", mean_handle)
    ending = np.zeros(()) if mean_patience is None else 1.0 / checks.positive("mean_patience", mean_patience)
    places = checks.agents(max_waiting, least=0, name="max_waiting")
    if (places > MOST_PLACES).any():
        raise InputError(f"is more than {MOST_PLACES:,}; use erlang_c or erlang_a", path="max_waiting")
    given = (rate, mean, checks.agents(agents), ending, places, checks.share("balks", balks))
    shape, flat = checks.together(*given, checks.not_negative("within", within))
    lines = [_Line(*(float(value) for value in place[:-1])) for place in zip(*flat, strict=True)]
    figures = np.array([line.figures(float(t)) for line, t in zip(lines, flat[-1], strict=True)]).T

    def tail(than: Array) -> Any:
        index = np.arange(len(lines)).reshape(shape)
        there, (time, which) = checks.together(than, index)
        return checks.shaped(
            np.array([lines[int(k)].longer(t) for t, k in zip(time, which, strict=True)]), there
        )

    everyone = (flat[2].astype(int), flat[0] * flat[1], flat[-1], np.ones(len(lines), bool), *figures)
    return figures_of(everyone, shape, tail)


class _Line:
    """The stationary line of one place."""

    def __init__(
        self, rate: float, mean: float, n: float, ending: float, places: float, balks: float
    ) -> None:
        self.rate, self.load, self.n, self.pace, self.ending = rate, rate * mean, n, n / mean, ending
        self.balks = balks
        waiting = np.arange(int(places) + 1.0)
        with np.errstate(divide="ignore"):
            steps = np.log(rate * (1.0 - balks)) - np.log(self.pace + waiting[1:] * ending)
        logs = np.append(
            0.0, np.cumsum(steps)
        )  # of 0, 1, … waiting, relative to none waiting and all agents busy
        free = np.log(n / self.load) + log_inverse_b(np.array([n - 1.0]), np.array([self.load]))[0]
        scale = max(float(logs.max()), float(free))
        lines, atom = np.exp(logs - scale), float(np.exp(free - scale))
        whole = atom + lines.sum()
        self.free, self.blocked = atom / whole, float(lines[-1] / whole)
        self.line = float(waiting @ lines) / whole
        counted = np.flatnonzero(logs[:-1] > scale - TAIL)
        self.ahead = waiting[: counted[-1] + 1] if counted.size else waiting[:0]
        self.found = lines[: self.ahead.size] / whole  # so many ahead of a caller who finds a place

    def figures(self, within: float) -> list[float]:
        """The figures from the delayed share on, in the order of `Figures`."""
        waits, sees = (1.0 - self.balks) * self.found, self.free + float(self.found.sum())
        leaving = (self.ahead + 1.0) * self.ending
        served = waits * self.pace / (self.pace + leaving)
        answered = self.free + float(served.sum())
        abandoned = float((waits * leaving / (self.pace + leaving)).sum() + self.balks * self.found.sum())
        met = self.free + float(served @ self._served_by(within))
        early = max(sees - met - self._longer(within), 0.0) if abandoned else 0.0
        # the wait of the answered: each step is faster by one hanging up, the caller's own
        own = np.cumsum(1.0 / (self.pace + leaving))
        asa = float(served @ own) / answered
        waiting = float(waits.sum())
        delay = self.line / (self.rate * waiting) if waiting > 0.0 else np.nan
        occupancy = self.load * answered / self.n
        return [
            waiting / sees, abandoned, self.blocked, met, early, self.line / (self.rate * sees), asa, delay,
            self.line, occupancy,
        ]  # fmt: skip

    def longer(self, than: float) -> float:
        """P(W > than) of those who join."""
        return self._longer(than) / (self.free + float(self.found.sum()))

    def _longer(self, than: float) -> float:
        from scipy.special import betainc, gammaincc

        if self.ending:
            share = np.exp(-self.ending * than)
            still = share * betainc(self.pace / self.ending, self.ahead + 1.0, share)
        else:
            still = gammaincc(self.ahead + 1.0, self.pace * than)
        return (1.0 - self.balks) * float(self.found @ still)

    def _served_by(self, time: float) -> Array:
        """Of those who are answered behind so many: the share whose wait is over by this time."""
        from scipy.special import betainc, gammainc

        if self.ending:
            return betainc(self.ahead + 1.0, self.pace / self.ending + 1.0, -np.expm1(-self.ending * time))
        return gammainc(self.ahead + 1.0, self.pace * time)
