"""Fit on some days, predict the others, and hold the prediction against what happened, the formulas beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import InputError
from sim.experiments.replicate import replicate
from sim.history.choice import Choice
from sim.history.contacts import Contacts, Outcome
from sim.history.days import Window, window_of
from sim.history.evidence import Fit
from sim.history.fit import fit_contacts, named_codes
from sim.history.moments import local_days_and_seconds
from sim.history.presence import Presence, Rostered, mean_agents, on_the_day, presences_of
from sim.history.recording import Recording, record, said_left
from sim.history.replay import agents_by_day, as_recorded, day_seed, served_in, share_of, traces
from sim.history.scores import KEPT, METRICS, Score, score, score_formula
from sim.measures.metrics import TOTALS
from sim.scenario.schema import Scenario
from sim.scenario.units import say_clock
from sim.theory.profiles import day_by_interval

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

PLACES = [TOTALS.index(name) for name in KEPT]
MODES = {"replay": "recorded contacts", "forecast": "contacts drawn from the fit"}
FORMULAS = {"c": "Erlang C", "a": "Erlang A"}


@dataclass(frozen=True)
class Days:
    """Test days of one kind, on the grid of the scenario for them.

    happened: float64 (days, intervals, KEPT), simulated: by mode (rounds, days, intervals, KEPT), all queues
    together; by_queue: the same two over the intervals, (days, queues, KEPT) and (rounds, days, queues, KEPT).
    agents, came, expected: float64 (days, intervals), mean agents at work, contacts that came and that the fit
    expects; formulas: by mode and formula the metrics, (days, intervals) each.
    """

    scenario: Scenario
    recording: Recording
    happened: Array
    happened_by_queue: Array
    simulated: dict[str, Array]
    simulated_by_queue: dict[str, Array]
    agents: Array
    expected: Array
    formulas: dict[str, dict[str, dict[str, Array]]]


@dataclass(frozen=True)
class Backtest:
    """A fit held against days that it has not seen.

    days: the test days by kind; intervals, by_day: mode → metric → how the simulation held; formulas: mode →
    formula → metric → how it held by interval.
    """

    fit: Fit
    test: Window
    parts: tuple[Days, ...]
    rounds: int
    seed: int
    presence: tuple[Presence, ...]
    intervals: dict[str, dict[str, Score]]
    by_day: dict[str, dict[str, Score]]
    formulas: dict[str, dict[str, dict[str, Score]]]
    formulas_by_day: dict[str, dict[str, dict[str, Score]]]
    remarks: tuple[str, ...]


def backtest_contacts(
    contacts: Contacts,
    choice: Choice,
    train: Sequence[date],
    test: Sequence[date],
    *,
    modes: Sequence[str] = tuple(MODES),
    rounds: int = 100,
    seed: int = 1,
    estimated: bool = True,
    engine: str = "compiled",
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Fit on the training days, simulate the test days, and score both modes and the formulas.

    choice: weekdays, hours, queues and interval of both. estimated: the agents of each test day, told from whom the
    log saw at work; else those of the fit, the same on all days. Raises InputError where a day is in both.
    """
    if both := sorted(set(train) & set(test)):
        raise InputError(
            f"{both[0].isoformat()} is among the training days too; keep them apart", path="test"
        )
    fit = fit_contacts(_on(contacts, train, "train"), _within(choice, train))
    window = _test_window(contacts, choice, fit, test)
    presence = presences_of(served_in(contacts, fit.scenario), _wrap(fit)) if estimated else ()
    remarks, parts = [], []
    kinds = np.unique(window.kind)
    patience = _mean_patience(_on(contacts, train, "train"), fit)
    for number, kind in enumerate(kinds):
        scenario = day_scenario(fit, int(kind))
        part, said = _days(
            contacts, fit, scenario, window.days[window.kind == kind], presence, patience, modes,
            rounds=rounds, seed=seed, engine=engine, jobs=jobs,
        )  # fmt: skip
        parts.append(part)
        remarks += [one for one in said if one not in remarks]
        if progress is not None:
            progress(number + 1, kinds.size)
    return Backtest(
        fit, window, tuple(parts), rounds, seed, presence, *_scores(parts, modes),
        remarks=tuple([*window.remarks, *_left_out(parts), *remarks]),
    )  # fmt: skip


def _on(contacts: Contacts, days: Sequence[date], key: str) -> Contacts:
    chosen = np.isin(contacts.day, [day.toordinal() for day in days])
    if not chosen.any():
        first, last = (
            date.fromordinal(int(day)).isoformat() for day in (contacts.day.min(), contacts.day.max())
        )
        raise InputError(f"no contact of the log is of these days; it runs from {first} to {last}", path=key)
    return contacts.only(chosen)


def _within(choice: Choice, days: Sequence[date]) -> Choice:
    """A choice of exactly these days."""
    since, until = min(days), max(days)
    between = (date.fromordinal(day) for day in range(since.toordinal(), until.toordinal() + 1))
    gaps = tuple(day for day in between if day not in set(days))
    return replace(choice, since=since, until=until, without=(*choice.without, *gaps))


def _test_window(contacts: Contacts, choice: Choice, fit: Fit, test: Sequence[date]) -> Window:
    """The test days that were logged in full, with the hours of the fit."""
    chosen = _on(contacts, test, "test")
    chosen = chosen.only(np.isin(chosen.queue, named_codes(contacts.queues, [q.name for q in fit.queues])))
    if not len(chosen):
        raise InputError("the queues of the fit have no contact on these days", path="test")
    day, second = local_days_and_seconds(chosen.arrived, chosen.zone)
    try:
        window = window_of(day, second, _within(choice, test))
    except InputError as error:
        raise error.at(path="test") from None
    open_ = np.array([fit.window.hours[kind] != (0, 0) for kind in window.kind])
    if not open_.any():
        raise InputError("the fit expects nothing on the weekdays of these days", path="test")
    return window._replace(days=window.days[open_], kind=window.kind[open_], hours=fit.window.hours)


def day_scenario(fit: Fit, kind: int) -> Scenario:
    """The scenario of one day of a kind: the fit itself, or a weekday cut out of a week."""
    document = fit.scenario.document
    document.pop("plans", None)
    if fit.window.weekdays is None:
        first, end = fit.window.hours[kind]
        length, slots = fit.window.interval, fit.window.slots
        part = slice(kind * slots + first, kind * slots + end)
        for key in ("days", "starts"):
            document.pop(key)
        document |= {"opens": say_clock(first * length), "length": f"{(end - first) * length:g} s"}
        for queue in document["queues"].values():
            queue.pop("hours", None)
            queue["arrivals"]["per_interval"] = queue["arrivals"]["per_interval"][part]
        for group in document["agents"].values():
            group["staffing"] = group["staffing"][part]
    return Scenario(**document)


def _days(
    contacts: Contacts,
    fit: Fit,
    scenario: Scenario,
    days: Codes,
    presence: Sequence[Presence],
    patience: float,
    modes: Sequence[str],
    *,
    rounds: int,
    seed: int,
    engine: str,
    jobs: int,
) -> tuple[Days, list[str]]:
    recording = record(contacts, scenario, days)
    remarks: list[str] = []
    whole = [guess._replace(end=guess.over) for guess in presence]
    at_work = agents_by_day(contacts, scenario, recording.days, whole)[1]
    scenario, guesses, said = agents_by_day(contacts, scenario, recording.days, presence)
    remarks += said
    base = {"replay": as_recorded(scenario, recording)[0], "forecast": scenario}
    each = {
        mode: _simulated(base[mode], recording, guesses, mode, rounds, seed, engine, jobs) for mode in modes
    }
    happened = recording.happened[..., PLACES]
    if at_work:
        length = scenario.grid.interval
        agents = np.mean([[mean_agents(day, length) for day in by_day] for by_day in at_work], axis=0)
    else:
        planned = np.array([group.staffing for group in scenario.agents.values()], float).sum(axis=0)
        agents = np.broadcast_to(planned, (recording.days.size, planned.size))
    expected = np.sum([scenario.expected(queue) for queue in scenario.queues], axis=0)
    expected = np.broadcast_to(expected, agents.shape)
    rates = {"replay": happened[..., 0].sum(axis=1), "forecast": expected}
    formulas = {mode: _formulas(rates[mode], agents, scenario, _mean_handle(fit), patience) for mode in modes}
    found = Days(
        scenario, recording, happened.sum(axis=1), happened.sum(axis=2),
        {mode: totals.sum(axis=2) for mode, totals in each.items()},
        {mode: totals.sum(axis=3) for mode, totals in each.items()}, agents, expected, formulas,
    )  # fmt: skip
    return found, remarks


def _simulated(
    base: Scenario, recording: Recording, guesses: Sequence[Sequence[Mapping[str, Rostered]]], mode: str, rounds: int,
    seed: int, engine: str, jobs: int,
) -> Array:  # fmt: skip
    """Single simulated days, each guess at the agents by its part of the rounds.

    float64 (rounds, days, queues, intervals, KEPT).
    """
    turns = guesses or [[{}] * recording.days.size]
    parts = []
    for turn, by_day in enumerate(turns):
        count = share_of(rounds, turn, len(turns))
        played = []
        for place, own in enumerate(by_day if count else ()):
            brought = traces(recording, [place]) if mode == "replay" else {}
            totals = replicate(
                [on_the_day(base, own, brought)], count, day_seed(seed, turn, int(recording.days[place])),
                engine=engine, jobs=jobs, by_interval=True,
            )[0]  # fmt: skip
            played.append(totals.contacts_by_interval[:, : len(base.queues)][..., PLACES])
        parts += [np.stack(played, axis=1)] if played else []
    return np.concatenate(parts)


def _left_out(parts: Sequence[Days]) -> list[str]:
    """What of the test days was not played, all kinds of days together."""
    counts: dict[str, int] = {}
    for part in parts:
        for count, why in part.recording.left_out:
            why = why.partition(" (")[0]
            counts[why] = counts.get(why, 0) + count
    return [f"Of the test days, left out: {said_left(count, why)}." for why, count in counts.items()]


def _wrap(fit: Fit) -> float:
    return fit.wrap_gap.mean.value if fit.wrap_gap else 0.0


def _mean_handle(fit: Fit) -> float:
    """Mean s of talk and wrap over all queues, weighted by contacts."""
    weights = [queue.answered for queue in fit.queues]
    handle = [
        queue.talk.mean.value + (queue.wrap.mean.value if queue.wrap else _wrap(fit)) for queue in fit.queues
    ]
    return float(np.average(handle, weights=weights)) if sum(weights) else float(np.mean(handle))


def _mean_patience(contacts: Contacts, fit: Fit) -> float:
    """Mean s of exponential patience: all seconds waited ÷ those who hung up; infinite where nobody did."""
    mine = np.isin(contacts.queue, named_codes(contacts.queues, [queue.name for queue in fit.queues]))
    gone = np.count_nonzero(mine & (contacts.outcome == Outcome.ABANDONED))
    return float(np.nansum(contacts.wait[mine])) / gone if gone else float("inf")


def _formulas(
    came: Array, agents: Array, scenario: Scenario, handle: float, patience: float
) -> dict[str, dict[str, Array]]:
    """Erlang C and A interval by interval, all queues and agents as one; a part of an agent by interpolation.

    came: contacts, agents: mean at work, both (days, intervals).
    """
    queue = next(iter(scenario.queues.values()))
    length, whole = scenario.grid.interval, np.floor(agents.ravel() + 1e-9)
    part = agents.ravel() - whole
    found: dict[str, dict[str, Array]] = {}
    for key in FORMULAS:
        if key == "a" and not np.isfinite(patience):
            continue
        known: dict[str, Any] = {
            "arrival_rates": came.ravel() / length, "interval": length, "mean_handle": handle,
            "mean_patience": patience if key == "a" else None, "within": queue.service_level.within,
        }  # fmt: skip
        low, high = (day_by_interval(agents=whole + more, **known).intervals for more in (0.0, 1.0))
        found[key] = {}
        for metric in METRICS:
            below, above = (np.asarray(getattr(side, metric.name), float) for side in (low, high))
            with np.errstate(invalid="ignore"):
                value = np.where(part > 1e-9, (1 - part) * below + part * above, below)
            found[key][metric.name] = np.where(came.ravel() > 0, value, np.nan).reshape(came.shape)
    return found


Scored = dict[str, dict[str, Score]]


def _scores(
    parts: Sequence[Days], modes: Sequence[str]
) -> tuple[Scored, Scored, dict[str, Scored], dict[str, Scored]]:
    """All scores: of the simulation by interval and by day, and of the formulas by interval and by day."""
    cells = np.concatenate([part.happened.reshape(-1, len(KEPT)) for part in parts])
    days = np.concatenate([part.happened.sum(axis=1) for part in parts])
    intervals, by_day, formulas, formulas_by_day = {}, {}, {}, {}
    for mode in modes:
        each = [part.simulated[mode] for part in parts]
        simulated = np.concatenate([one.reshape(one.shape[0], -1, len(KEPT)) for one in each], axis=1)
        by_days = np.concatenate([one.sum(axis=2) for one in each], axis=1)
        intervals[mode] = {metric.name: score(cells, simulated, metric) for metric in METRICS}
        by_day[mode] = {metric.name: score(days, by_days, metric) for metric in METRICS}
        known = [key for key in FORMULAS if all(key in part.formulas[mode] for part in parts)]
        formulas[mode] = {key: _by_interval(parts, mode, key, cells) for key in known}
        formulas_by_day[mode] = {key: _by_day(parts, mode, key, days) for key in known}
    return intervals, by_day, formulas, formulas_by_day


def _weights(part: Days, mode: str) -> Array:
    """Contacts that a formula was asked with: (days, intervals)."""
    return part.happened[..., 0] if mode == "replay" else part.expected


def _by_interval(parts: Sequence[Days], mode: str, key: str, cells: Array) -> dict[str, Score]:
    weight = np.concatenate([_weights(part, mode).ravel() for part in parts])
    return {
        metric.name: score_formula(
            cells,
            np.concatenate([part.formulas[mode][key][metric.name].ravel() for part in parts]),
            weight,
            metric,
        )
        for metric in METRICS
    }


def _by_day(parts: Sequence[Days], mode: str, key: str, days: Array) -> dict[str, Score]:
    weight = [_weights(part, mode) for part in parts]
    total = np.concatenate([each.sum(axis=1) for each in weight])
    found = {}
    for metric in METRICS:
        mean = np.concatenate(
            [
                _over_day(part.formulas[mode][key][metric.name], own)
                for part, own in zip(parts, weight, strict=True)
            ]
        )
        found[metric.name] = score_formula(days, mean, total, metric)
    return found


def _over_day(values: Array, weight: Array) -> Array:
    """The mean over the intervals of each day, weighted by contacts."""
    used = ~np.isnan(values) & (weight > 0)
    parts = np.where(used, np.where(used, values, 0.0) * weight, 0.0)
    return np.asarray(parts.sum(axis=1) / np.where(used, weight, 0.0).sum(axis=1))
