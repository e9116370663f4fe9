"""Erlang's formulas: B (who finds no agent is lost), C (everybody waits), A (waiting callers hang up).

Each takes scalars or arrays that broadcast; scalars in, floats out. All rest on one integral (`windows`), in log
space, so that 5 agents and 50,000 cost the same and keep more than 10 digits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.theory import checks
from sim.theory.checks import Array
from sim.theory.figures import Figures, figures_of
from sim.theory.windows import log_inverse_b, lower, window

CHUNK = 128  # places at a time: what they need stays in the processor's cache
FOREVER = 45.0  # mean patiences: nobody waits that long


@dataclass(frozen=True)
class Loss:
    """What the Erlang loss formula says; floats, or arrays of one shape."""

    agents: Any
    offered_load: Any  # erlangs
    blocked_share: Any
    carried_load: Any  # mean number of busy agents
    occupancy: Any


def erlang_b(*, arrival_rate: Any, mean_handle: Any, agents: Any) -> Loss:
    """The loss formula: calls that find every agent (line) busy go away and do not come back.

    Assumes Poisson arrivals (`arrival_rate` a second) and any handle time of the mean given (s): the formula is
    insensitive to its distribution. Source: Erlang (1917); evaluated by Jagerman's integral (1974).
    """
    rate, mean = checks.positive("arrival_rate", arrival_rate), checks.positive("mean_handle", mean_handle)
    shape, (load, n) = checks.together(rate * mean, checks.agents(agents, least=0))
    (log,) = by_chunks(lambda n, load: (log_inverse_b(n, load),), n, load)
    blocked = np.exp(-log)
    carried = load * -np.expm1(-log)
    figures = (
        n.astype(int),
        load,
        blocked,
        carried,
        np.divide(carried, n, out=np.full_like(load, np.nan), where=n > 0),
    )
    return Loss(*(checks.shaped(figure, shape) for figure in figures))


def erlang_c(*, arrival_rate: Any, mean_handle: Any, agents: Any, within: Any = 20.0) -> Figures:
    """M/M/n: everybody waits, first come first served, and nobody hangs up.

    Assumes Poisson arrivals (`arrival_rate` a second) and exponential handle times (mean, s). With agents ≤ offered
    load the line grows without bound: `bounded` is False, every wait inf, the service level 0 and the occupancy 1;
    nobody hangs up all the same. Source: Erlang (1917); 1 ÷ C = ρ + (1 − ρ) ÷ B.
    """
    rate, mean = checks.positive("arrival_rate", arrival_rate), checks.positive("mean_handle", mean_handle)
    given = (rate, mean, checks.agents(agents), checks.not_negative("within", within))
    shape, (rate, mean, n, t) = checks.together(*given)
    load = rate * mean
    (log_loss,) = by_chunks(lambda n, load: (log_inverse_b(n, load),), n, load)
    bounded, spare = load < n, np.maximum(n - load, 0.0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        log_c = -np.log1p(spare / n * np.expm1(log_loss))
        log_c = np.where(log_loss > 700.0, -(log_loss + np.log(spare / n)), log_c)
        log_c = np.where(bounded, log_c, 0.0)
        delay = np.where(bounded, mean / spare, np.inf)
        met = np.where(bounded, -np.expm1(log_c - t / delay), 0.0)
        delayed = np.exp(log_c)
        wait = np.where(bounded, delayed * delay, np.inf)
    nobody = np.zeros_like(load)
    figures = (n.astype(int), load, t, bounded, delayed, nobody, nobody, met, nobody, wait, wait, delay)
    line, occupancy = rate * wait, np.minimum(load / n, 1.0)
    log_delayed = log_c.reshape(shape)
    delay_there, settles = delay.reshape(shape), bounded.reshape(shape)

    def tail(than: Array) -> Any:
        return np.where(settles, np.exp(log_delayed - than / delay_there), 1.0)[()]

    return figures_of((*figures, line, occupancy), shape, tail)


def erlang_a(
    *, arrival_rate: Any, mean_handle: Any, agents: Any, mean_patience: Any, within: Any = 20.0
) -> Figures:
    """M/M/n+M: first come first served, and callers hang up when their patience ends before an agent is free.

    Assumes Poisson arrivals (`arrival_rate` a second), exponential handle times and exponential patience (means, s)
    and no redials; always bounded. Sources: Palm (1957); Zeltyn and Mandelbaum (2005), whose integrals are evaluated
    without subtracting large numbers.
    """
    rate, mean = checks.positive("arrival_rate", arrival_rate), checks.positive("mean_handle", mean_handle)
    patience = checks.positive("mean_patience", mean_patience)
    given = (rate, mean, checks.agents(agents), patience, checks.not_negative("within", within))
    shape, flat = checks.together(*given)
    figures = by_chunks(_erlang_a, *flat)
    rate, mean, n, patience, _ = flat

    def tail(than: Array) -> Any:
        shape_there, (time, *places) = checks.together(than, *(part.reshape(shape) for part in flat[:4]))
        (share,) = by_chunks(_longer, time, *places)
        return checks.shaped(share, shape_there)

    everyone = (n.astype(int), rate * mean, flat[4], np.ones(n.size, bool), *figures)
    return figures_of(everyone, shape, tail)


def _erlang_a(rate: Array, mean: Array, n: Array, patience: Array, within: Array) -> tuple[Array, ...]:
    """The figures from the delayed share on, in the order of `Figures`.

    In units of the mean patience the wait V that a caller with endless patience would have has the density
    x·exp(−s·v + x·(1 − e^−v)) ÷ D beside its mass E ÷ D at 0, s = n·patience ÷ mean, x = rate × patience, E = 1 ÷ B.
    """
    s, x, t = n * patience / mean, rate * patience, np.minimum(within / patience, FOREVER)
    every = lower(s, x)
    free = log_inverse_b(n - 1.0, rate * mean)
    scale = np.maximum(free, every.peak)
    unit, atom = x * np.exp(every.peak - scale), np.exp(free - scale)
    whole = atom + unit * every.all
    answered, gone = atom + unit * every.kept, unit * every.gone
    early = window(s, x, 0.0, t)
    soon = x * np.exp(early.peak - scale)
    kept_soon = (early.heights * early.kept()).sum(1)
    gone_soon = (early.heights * early.gone()).sum(1)
    later = np.exp(_log_after(s, x, t) - scale) * x
    met = np.where(t < FOREVER, atom + soon * kept_soon, answered) / whole
    early_gone = np.where(t < FOREVER, soon * gone_soon - np.expm1(-t) * later, gone) / whole
    abandoned = gone / whole
    wait, delayed = abandoned * patience, unit * every.all / whole
    asa = patience * unit * every.kept_time / answered
    nobody = np.zeros_like(n)
    occupancy = rate * mean / n * (answered / whole)
    delay = patience * every.gone / every.all
    return delayed, abandoned, nobody, met, early_gone, wait, asa, delay, rate * wait, occupancy


def _log_after(s: Array, x: Array, t: Array) -> Array:
    """log ∫ exp(−s·v + x·(1 − e^−v)) dv over v > t: the integral from 0 again, with x·e^−t for x."""
    found = lower(s, x * np.exp(-t))
    return found.peak + np.log(found.all) - s * t - x * np.expm1(-t)


def _longer(time: Array, rate: Array, mean: Array, n: Array, patience: Array) -> tuple[Array]:
    """P(W > time): patience and the offered wait are both longer; no wait is over at once."""
    s, x = n * patience / mean, rate * patience
    t = np.minimum(time / patience, 700.0)
    every, free = lower(s, x), log_inverse_b(n - 1.0, rate * mean)
    whole = np.logaddexp(free, np.log(x) + every.peak + np.log(every.all))
    return (np.exp(np.log(x) + _log_after(s, x, t) - t - whole),)


def by_chunks(formula: Callable[..., tuple[Array, ...]], *flat: Array) -> tuple[Array, ...]:
    """A formula over flat arrays, a cache's worth of places at a time."""
    size = flat[0].size
    if size <= CHUNK:
        return formula(*flat)
    parts = [formula(*(part[at : at + CHUNK] for part in flat)) for at in range(0, size, CHUNK)]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
