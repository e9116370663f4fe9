"""A day of intervals by stationary formulas: each for itself (SIPP), lagged, or by the modified offered load."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import InputError, nearest, shown
from sim.theory import checks
from sim.theory.checks import Array
from sim.theory.erlang import erlang_a, erlang_c
from sim.theory.figures import Figures
from sim.theory.staffing import smallest_agents

METHODS = ("sipp", "lagged", "offered_load")
FAINT = 1e-9  # erlangs: an interval without calls has the figures of a caller who comes all the same


@dataclass(frozen=True)
class OfferedLoad:
    """m(t), the mean number of busy agents if there were always one free, by interval (erlangs)."""

    start: Array
    end: Array
    mean: Array
    most: Array  # m rises or falls all through an interval: its most is at one of the ends


@dataclass(frozen=True)
class Day:
    """Figures by interval, and over the day weighted by calls."""

    intervals: Figures  # arrays, one number an interval
    effective_rates: Array  # what the formula was asked with, calls a second
    calls: float
    bounded: bool  # in every interval with calls
    service_level: float
    abandonment_rate: float
    mean_wait: float
    delayed_share: float


def lagged_rates(arrival_rates: Any, interval: Any, lag: Any, before: float = 0.0) -> Array:
    """The mean arrival rate of each interval moved back by `lag` (s); `before` is the rate before the first.

    Callers who came a handle time ago are those on the phone now: lagged SIPP takes `lag` = mean handle time.
    Source: Green, Kolesar and Soares (2001); Green, Kolesar and Whitt (2007).
    """
    rates, length, back = (
        _rates(arrival_rates),
        _scalar("interval", interval),
        checks.not_negative("lag", lag),
    )
    if back.ndim:
        raise InputError("is one time for the day: write one number", path="lag")
    padding = int(np.ceil(float(back) / length)) + 1
    early = np.full(padding, float(checks.not_negative("before", before)))
    done = np.append(0.0, np.cumsum(np.append(early, rates)))
    ends = np.arange(rates.size + 1) + padding - float(back) / length
    return np.maximum(np.diff(np.interp(ends, np.arange(done.size), done)), 0.0)


def modified_offered_load(
    arrival_rates: Any, interval: Any, mean_handle: Any, start: float = 0.0
) -> OfferedLoad:
    """The offered load that follows the day: m′ = rate − m ÷ handle, exact for rates that step by interval.

    Assumes Poisson arrivals and exponential handle times (mean, s); m is then the mean of M(t)/M/∞, from `start`
    erlangs at the beginning of the first interval (0: the day opens empty). Sources: Jennings, Mandelbaum, Massey
    and Whitt (1996); Green, Kolesar and Whitt (2007).
    """
    rates, length, mean = (
        _rates(arrival_rates),
        _scalar("interval", interval),
        _scalar("mean_handle", mean_handle),
    )
    steps = length / mean
    ends, level = [], float(checks.not_negative("start", start))
    for load in rates * mean:
        level = float(load + (level - load) * np.exp(-steps))
        ends.append(level)
    end = np.array(ends)
    begin = np.append(start, end[:-1])
    target = rates * mean
    average = target - (begin - target) * np.expm1(-steps) / steps
    return OfferedLoad(begin, end, average, np.maximum(begin, end))


def effective_rates(arrival_rates: Any, interval: Any, mean_handle: Any, method: str = "sipp") -> Array:
    """The rates that a stationary formula is asked with: as they are, lagged, or offered load ÷ handle time."""
    if method not in METHODS:
        raise InputError(
            f"there is no method {shown(method)}{nearest(method, METHODS)}: use {', '.join(METHODS)}"
        )
    if method == "lagged":
        return lagged_rates(arrival_rates, interval, mean_handle)
    if method == "offered_load":
        return modified_offered_load(arrival_rates, interval, mean_handle).mean / float(mean_handle)
    return _rates(arrival_rates)


def day_by_interval(
    *,
    arrival_rates: Any,
    interval: Any,
    mean_handle: Any,
    agents: Any,
    mean_patience: Any = None,
    within: Any = 20.0,
    method: str = "sipp",
) -> Day:
    """Erlang C, or A with `mean_patience`, interval by interval, as if each had lasted for ever.

    `method`: `sipp` takes every rate as it is (stationary, independent, period by period), `lagged` and
    `offered_load` the rates of `effective_rates`. Good where rates change slowly against the handle time and no
    interval is overloaded; `forward_day` says what really happens. With 0 agents nobody is answered.
    """
    rates, mean = _rates(arrival_rates), _scalar("mean_handle", mean_handle)
    asked = effective_rates(rates, interval, mean, method)
    n = checks.agents(agents, least=0)
    n = np.full(rates.size, float(n)) if n.ndim == 0 else n
    if n.shape != rates.shape:
        raise InputError(f"{n.size} numbers for {rates.size} intervals: write one for each", path="agents")
    known = {"arrival_rate": np.maximum(asked, FAINT / mean), "mean_handle": mean, "within": within}
    known["agents"] = np.maximum(n, 1.0)
    if mean_patience is None:
        figures = erlang_c(**known)
    else:
        figures = erlang_a(mean_patience=mean_patience, **known)
    figures = _without_agents(figures, asked, n, mean_patience)
    weights = rates / rates.sum() if rates.sum() > 0.0 else np.zeros_like(rates)
    busy = weights > 0.0

    def over_day(values: Any) -> float:
        return float(weights[busy] @ np.asarray(values)[busy])

    return Day(
        figures,
        asked,
        float(rates.sum() * _scalar("interval", interval)),
        bool(np.asarray(figures.bounded)[busy].all()),
        over_day(figures.service_level),
        over_day(figures.abandonment_rate),
        over_day(figures.mean_wait),
        over_day(figures.delayed_share),
    )


def _without_agents(figures: Figures, rates: Array, n: Array, mean_patience: Any) -> Figures:
    """Intervals without agents put right: nobody is answered, all hang up or wait for ever."""
    patience = np.inf if mean_patience is None else float(np.max(mean_patience))
    none, gone = n == 0, float(mean_patience is not None)
    soon = 0.0 if mean_patience is None else -np.expm1(-np.asarray(figures.within) / patience)
    limits: dict[str, Any] = {
        "bounded": bool(gone), "delayed_share": 1.0, "abandonment_rate": gone, "service_level": 0.0,
        "abandoned_within": soon, "mean_wait": patience, "asa": np.nan, "mean_delay": patience,
        "mean_queue_length": np.where(rates > 0.0, rates, FAINT) * patience, "occupancy": np.nan,
    }  # fmt: skip
    values: dict[str, Any] = {
        name: np.where(none, limit, getattr(figures, name)) for name, limit in limits.items()
    }
    return Figures(
        agents=n.astype(int), offered_load=figures.offered_load, within=figures.within,
        blocked_share=figures.blocked_share, **values,
    )  # fmt: skip


def agents_by_interval(
    *, arrival_rates: Any, interval: Any, mean_handle: Any, method: str = "sipp", **targets: Any
) -> Array:
    """The smallest number of agents of every interval by itself that meets the targets of `smallest_agents`.

    The rates are those of `effective_rates`; an interval without calls needs 0 agents.
    """
    asked = effective_rates(arrival_rates, interval, mean_handle, method)
    some = asked * _scalar("mean_handle", mean_handle) > FAINT
    found = np.zeros(asked.size, int)
    if some.any():
        found[some] = smallest_agents(arrival_rate=asked[some], mean_handle=mean_handle, **targets)
    return found


def _rates(given: Any) -> Array:
    rates = checks.not_negative("arrival_rates", given if isinstance(given, np.ndarray) else list(given))
    if rates.ndim != 1 or not rates.size:
        raise InputError("needs one rate for each interval", path="arrival_rates")
    return rates


def _scalar(name: str, given: Any) -> float:
    values = checks.positive(name, given)
    if values.ndim:
        raise InputError("is one time for the day: write one number", path=name)
    return float(values)
