"""Call logs: fitted, played again, and held against what the model says."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, shown
from sim.experiments.replicate import Progress, engine_named
from sim.scenario.quantities import MOST_REPLICATIONS
from sim.scenario.schema import Scenario
from sim.scenario.units import number
from sim.verbs.given import AS_WRITTEN, Plans, check_jobs, overrides_of, provenance_of, seed_of, whole_number

if TYPE_CHECKING:
    from sim.history.contacts import Contacts
    from sim.history.intervals import Intervals
    from sim.reports.backtests import BacktestResult
    from sim.reports.history import FitResult
    from sim.reports.replays import ReplayResult


def fit(
    log: "str | os.PathLike[str] | Contacts | Intervals",
    *,
    format: str | None = None,
    mapping: str | os.PathLike[str] | None = None,
    zone: str | None = None,
    queues: list[str] | None = None,
    days: str | None = None,
    since: str | None = None,
    until: str | None = None,
    without: Sequence[str] = (),
    hours: str | None = None,
    interval: str | float = "30 min",
    shortest: str | float = "0 s",
    keep_gaps: bool = False,
) -> "FitResult":
    """A scenario from a call log, with the evidence for every figure of it.

    log: a file, or what was read from one. format, mapping (a YAML file that says what the columns are), zone (as in
    "Europe/Berlin"): how to read the file. queues: only these. days: weekdays pooled into a scenario of one day, as in
    "mon-thu"; a week unless given. since, until: dates, both included; without: dates left out. hours: of the day,
    as in "08:00-20:00", by the volumes unless given. shortest: talks below are left out, and their contacts with them.
    keep_gaps: whether days on which the log is silent for long are kept.
    """
    from sim.history.choice import read_choice
    from sim.history.counts import fit_intervals
    from sim.history.fit import fit_contacts
    from sim.history.intervals import Intervals
    from sim.reports.history import FitResult

    choice = read_choice(
        queues=queues, days=days, since=since, until=until, without=without, hours=hours, interval=interval,
        shortest=shortest, keep_gaps=keep_gaps,
    )  # fmt: skip
    history = _history(log, format, mapping, zone)
    if isinstance(history, Intervals):
        return FitResult(fit_intervals(history, choice))
    return FitResult(fit_contacts(history, choice))


def replay(
    log: "str | os.PathLike[str] | Contacts",
    scenario: Scenario,
    plans: Plans = None,
    *,
    days: str | None = None,
    agents: str = "scenario",
    rounds: int = 20,
    seed: int | None = None,
    again: str | float = "1 h",
    engine: str = "compiled",
    jobs: int = 1,
    format: str | None = None,
    mapping: str | os.PathLike[str] | None = None,
    zone: str | None = None,
    progress: Progress | None = None,
) -> "ReplayResult":
    """Play recorded days again under the scenario's plans, beside what really happened.

    log: a file, or what was read from one. plans: names, or {name: overrides}; all of the scenario unless given. days:
    dates as "1999-02-02", "1999-02-01..1999-02-05", or several with commas; all unless given. agents: those of
    the "scenario", or "estimated": whom the log saw at work, day by day. rounds: how often each day is played, with
    other draws of what nobody can know. again: after a hang-up, within which a redial is taken for the next attempt.
    """
    from sim.history.replay import AGENTS, read_dates, replay_contacts
    from sim.reports.replays import ReplayResult

    engine_named(engine)
    if agents not in AGENTS:
        raise InputError(f"{shown(agents)} is not known; use {' or '.join(AGENTS)}", path="agents")
    rounds = whole_number(rounds, "rounds", 1, MOST_REPLICATIONS)
    jobs, seed = check_jobs(jobs), seed_of(scenario, seed)
    within, wanted = _seconds(again, "again"), None
    if days is not None:
        wanted = _under("days", read_dates, days)
    named = scenario.plans if plans is None else plans
    if not isinstance(named, Mapping):
        named = {name: overrides_of(scenario, name) for name in named if scenario.under(name) is not None}
    contacts = _contacts(log, format, mapping, zone)
    found = replay_contacts(
        contacts, scenario, named or {AS_WRITTEN: {}}, days=wanted, rounds=rounds, seed=seed,
        estimated=agents == "estimated", again=within, engine=engine, jobs=jobs, progress=progress,
    )  # fmt: skip
    return ReplayResult(found)


def backtest(
    log: "str | os.PathLike[str] | Contacts",
    train: str,
    test: str,
    *,
    modes: Sequence[str] | None = None,
    agents: str = "estimated",
    rounds: int = 100,
    seed: int = 1,
    engine: str = "compiled",
    jobs: int = 1,
    format: str | None = None,
    mapping: str | os.PathLike[str] | None = None,
    zone: str | None = None,
    queues: list[str] | None = None,
    days: str | None = None,
    without: Sequence[str] = (),
    hours: str | None = None,
    interval: str | float = "30 min",
    shortest: str | float = "0 s",
    keep_gaps: bool = False,
    progress: Progress | None = None,
) -> "BacktestResult":
    """Fit on some days, predict others that the fit has not seen, and hold the prediction against what happened.

    train, test: dates as "1999-01-01..1999-01-31". modes: "replay" (recorded contacts), "forecast" (contacts drawn from
    the fit); both unless given. agents: "estimated", whom the log saw at work on each test day, or "fit", the same
    on all days. rounds: simulated days for each test day. The other arguments are those of `fit`.
    """
    from sim.history.backtest import MODES, backtest_contacts
    from sim.history.choice import read_choice
    from sim.history.replay import read_dates
    from sim.reports.backtests import BacktestResult

    started = time.perf_counter()
    engine_named(engine)
    for one in modes or ():
        if one not in MODES:
            raise InputError(f"{shown(one)} is not known; use {' or '.join(MODES)}", path="modes")
    if agents not in ("estimated", "fit"):
        raise InputError(f"{shown(agents)} is not known; use estimated or fit", path="agents")
    choice = read_choice(
        queues=queues, days=days, without=without, hours=hours, interval=interval, shortest=shortest,
        keep_gaps=keep_gaps,
    )  # fmt: skip
    found = backtest_contacts(
        _contacts(log, format, mapping, zone), choice, _under("train", read_dates, train),
        _under("test", read_dates, test), modes=tuple(modes or MODES),
        rounds=whole_number(rounds, "rounds", 4, MOST_REPLICATIONS), seed=whole_number(seed, "seed", 0, 2**63 - 1),
        estimated=agents == "estimated", engine=engine, jobs=check_jobs(jobs), progress=progress,
    )  # fmt: skip
    return BacktestResult(found, provenance_of(found.fit.scenario, engine, started, None))


def _under(path: str, parse: Callable[[Any], Any], value: Any) -> Any:
    """A value read; errors name the argument."""
    try:
        return parse(value)
    except InputError as error:
        raise error.at(path=path) from None


def _seconds(value: str | float, path: str) -> float:
    from sim.scenario.units import duration

    return float(_under(path, duration, value) if isinstance(value, str) else _under(path, number, value))


def _contacts(
    log: "str | os.PathLike[str] | Contacts",
    format: str | None,
    mapping: str | os.PathLike[str] | None,
    zone: str | None,
) -> "Contacts":
    """The contacts of a log; InputError where it holds counts alone."""
    from sim.history.intervals import Intervals

    history = _history(log, format, mapping, zone)
    if isinstance(history, Intervals):
        raise InputError("holds counts by interval; this needs a log with one row a contact")
    return history


def _history(
    log: "str | os.PathLike[str] | Contacts | Intervals",
    format: str | None,
    mapping: str | os.PathLike[str] | None,
    zone: str | None,
) -> "Contacts | Intervals":
    """What a file holds, contacts or counts by interval, or what was read already."""
    from sim.history.readers import INTERVAL_FORMATS, read_log, recognise
    from sim.history.readers.intervals import read_intervals
    from sim.history.readers.mapping import read_mapping

    if not isinstance(log, str | os.PathLike):
        return log
    if mapping is not None:
        counts = read_mapping(mapping).intervals
    else:
        counts = (format or recognise(Path(log))) in INTERVAL_FORMATS
    reader: Callable[..., Contacts | Intervals] = read_intervals if counts else read_log
    return reader(log, format=format, mapping=mapping, zone=zone)
