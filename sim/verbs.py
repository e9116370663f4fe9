"""The public verbs: load, simulate, compare, deal."""

import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from sim import __version__
from sim.errors import InputError, nearest, shown
from sim.experiments.replicate import Progress, Totals, engine_named, replicate
from sim.jit import c_function
from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS
from sim.model.centre import centre_of
from sim.model.day import deal as deal_day
from sim.reports.results import OWN_RULE, Comparison, Result
from sim.scenario.load import from_source
from sim.scenario.quantities import MOST_REPLICATIONS
from sim.scenario.schema import Scenario
from sim.scenario.source import read
from sim.scenario.units import number

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sim.experiments.design import Sweep
    from sim.experiments.sweep import Standing
    from sim.history.contacts import Contacts
    from sim.history.intervals import Intervals
    from sim.reports.backtests import BacktestResult
    from sim.reports.bridge import Bridge
    from sim.reports.history import FitResult
    from sim.reports.replays import ReplayResult
    from sim.reports.selection import Selection
    from sim.reports.shifts import ScheduleResult
    from sim.reports.staffing import StaffingResult
    from sim.reports.sweeps import SweepResult

Routing = str | Callable[[int, int, int, float, int], float]

OVERRIDDEN = "overrides"  # the plan of a mapping given in its stead
AS_WRITTEN = "as written"  # the plan of a scenario that has none


def load(path: str | os.PathLike[str]) -> Scenario:
    """Read a scenario from a YAML or JSON file, every plan checked; "-" is standard input.

    Raises InputError, one sentence with file, line, path, value and remedy, for the first thing wrong.
    """
    return from_source(read(str(path)))


def _whole_number(value: Any, name: str, least: int, most: int) -> int:
    try:
        return int(number(value, least=least, integer=True, most=most))
    except InputError as error:
        raise error.at(path=name) from None


def simulate(
    scenario: Scenario,
    plan: str | Mapping[str, Any] | None = None,
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
    jobs: int = 1,
    by_interval: bool = True,
    margin: Mapping[str, float] | None = None,
    max_replications: int | None = None,
    progress: Progress | None = None,
    routing: Routing | None = None,
) -> Result:
    """Play one plan of a scenario.

    plan: a name, or overrides as {path: value}; None for the first plan, or the scenario as written.
    replications, seed: those of the scenario unless given. by_interval: keep margins by interval too.
    margin: {metric: half width}; replications are repeated until every queue's (or group's) margin is that
    narrow, at most max_replications (default 100 times as many).
    routing: the name of a rule, in place of the scenario's, or your own: a `numba.njit` or plain function of
    (group, queue, level, waited, length), the numbers of a group and a queue in file order, the skill's level, how
    long the first contact there has waited (s) and how many stand in line, that returns a number: an agent who
    comes free takes the contact with the highest one, and none at −∞.
    """
    name = _plan_name(scenario, plan)
    return _played(
        {name: scenario.under(plan)},
        scenario,
        replications,
        seed,
        engine,
        jobs,
        by_interval,
        margin,
        max_replications,
        progress,
        routing,
    )[name]


def _plan_name(scenario: Scenario, plan: str | Mapping[str, Any] | None) -> str:
    if isinstance(plan, str):
        return plan
    return next(iter(scenario.plans), AS_WRITTEN) if plan is None else OVERRIDDEN


Plans = Mapping[str, Mapping[str, Any]] | list[str] | None


@overload
def compare(scenario: Scenario, plans: Plans = None, *, best: str, **settings: Any) -> "Selection": ...


@overload
def compare(scenario: Scenario, plans: Plans = None, *, best: None = None, **settings: Any) -> Comparison: ...


def compare(  # type: ignore[misc]
    scenario: Scenario,
    plans: Plans = None,
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
    jobs: int = 1,
    by_interval: bool = False,
    margin: Mapping[str, float] | None = None,
    max_replications: int | None = None,
    progress: Progress | None = None,
    routing: Routing | None = None,
    best: str | None = None,
    simultaneous: bool = False,
) -> "Comparison | Selection":
    """Play every plan of a scenario on the same days; the first is the baseline.

    plans: names of some of the scenario's plans, or {name: overrides} in their stead. routing: the rule under
    every plan, as for `simulate`. simultaneous: margins of the differences hold for all plans at once (Bonferroni).
    best: METRIC or METRIC=INDIFFERENCE; the plans are then played only until one is the best with a probability of
    95%, those that are behind dropped on the way, after max_replications at the latest; `replications` is then
    how many come before anybody is judged (default 40), and what is given back is a Selection.
    """
    named = scenario.plans if plans is None else plans
    chosen = {
        name: (scenario.under(named[name]) if isinstance(named, Mapping) else scenario.under(name))
        for name in named
    }
    if not chosen:
        raise InputError("there are no plans to compare; add plans, or use run", path="plans")
    if best is not None:
        if margin or by_interval or simultaneous:
            raise InputError(
                "says itself when to stop; leave margin, by_interval, simultaneous out", path="best"
            )
        return _best(
            chosen, scenario, best, replications, seed, engine, jobs, max_replications, progress, routing
        )
    return Comparison(
        _played(
            chosen,
            scenario,
            replications,
            seed,
            engine,
            jobs,
            by_interval,
            margin,
            max_replications,
            progress,
            routing,
        ),
        simultaneous,
    )


def _best(
    plans: dict[str, Scenario],
    scenario: Scenario,
    best: str,
    first: int | None,
    seed: int | None,
    engine: str,
    jobs: int,
    max_replications: int | None,
    progress: Progress | None,
    routing: Routing | None,
) -> "Selection":
    """The best of the plans, by the selection of `sim.experiments.select`."""
    from sim.experiments.select import FIRST, select
    from sim.reports.selection import Selection

    first = _whole_number(FIRST if first is None else first, "replications", 1, MOST_REPLICATIONS)
    most = (
        min(100 * scenario.replications, MOST_REPLICATIONS) if max_replications is None else max_replications
    )
    plans, rule = _routed(plans, routing)
    started, seed = time.perf_counter(), _seed(scenario, seed)
    found = select(
        plans,
        best,
        seed,
        first=first,
        at_most=_whole_number(most, "max_replications", 1, MOST_REPLICATIONS),
        engine=engine,
        jobs=_whole_number(jobs, "jobs", 1, 1000),
        progress=progress,
        rule_address=rule[0] if rule else 0,
    )
    return Selection(found, scenario, seed, _provenance(scenario, engine, started, routing))


def _routed(
    plans: dict[str, Scenario], routing: Routing | None
) -> tuple[dict[str, Scenario], tuple[int, Any] | None]:
    """The plans under the rule named, or the user's own rule as a C function."""
    if isinstance(routing, str):
        return {name: under.with_({"routing": routing}) for name, under in plans.items()}, None
    return plans, None if routing is None else _own_rule(routing)


def _provenance(scenario: Scenario, engine: str, started: float, routing: Routing | None) -> dict[str, Any]:
    found = {
        "version": __version__,
        "engine": engine,
        "scenario_sha256": scenario.sha256,
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seconds": round(time.perf_counter() - started, 3),
    }
    if routing is not None:
        found["routing"] = routing if isinstance(routing, str) else OWN_RULE
    return found


def _seed(scenario: Scenario, seed: int | None) -> int:
    return _whole_number(scenario.seed if seed is None else seed, "seed", 0, 2**63 - 1)


def _played(
    plans: dict[str, Scenario],
    scenario: Scenario,
    replications: int | None,
    seed: int | None,
    engine: str,
    jobs: int,
    by_interval: bool,
    margin: Mapping[str, float] | None,
    max_replications: int | None,
    progress: Progress | None,
    routing: Routing | None,
) -> dict[str, Result]:
    count = scenario.replications if replications is None else replications
    count = _whole_number(count, "replications", 1, MOST_REPLICATIONS)
    seed = _seed(scenario, seed)
    jobs = _whole_number(jobs, "jobs", 1, 1000)
    most = min(100 * count, MOST_REPLICATIONS) if max_replications is None else max_replications
    most = _whole_number(most, "max_replications", 1, MOST_REPLICATIONS)
    plans, rule = _routed(plans, routing)  # the rule lives until all results that were made with it are gone
    started = time.perf_counter()

    def results(all_totals: list[Totals]) -> dict[str, Result]:
        return {
            name: Result(plans[name], name, seed, len(totals.contacts), totals, {"engine": engine}, rule)
            for name, totals in zip(plans, all_totals, strict=True)
        }

    wanted = _margins(margin)
    all_totals: list[Totals] = replicate(
        list(plans.values()),
        count,
        seed,
        engine=engine,
        jobs=jobs,
        by_interval=by_interval,
        progress=progress,
        enough=(lambda totals: all(r.is_within(wanted) for r in results(totals).values()))
        if wanted
        else None,
        at_most=most,
        rule_address=rule[0] if rule else 0,
    )
    hashed = next(iter(plans.values())) if OVERRIDDEN in plans else scenario
    provenance = _provenance(hashed, engine, started, routing)
    finished = results(all_totals)
    for result in finished.values():
        result.provenance = provenance
    return finished


def _own_rule(rule: Any) -> tuple[int, Any]:
    """A user's rule as a C function; InputError where it cannot be one."""
    if not callable(rule):
        raise InputError(f"{shown(rule)} is neither the name of a rule nor a function", path="routing")
    try:
        return c_function(rule)
    except InputError as error:
        raise error.at(path="routing") from None


def _margins(margin: Mapping[str, float] | None) -> dict[str, float]:
    """The wanted margins, every metric known and every width above 0."""
    metrics = [*QUEUE_METRICS, *AGENT_METRICS]
    for metric, width in (margin or {}).items():
        if metric not in metrics:
            raise InputError(f"there is no metric {shown(metric)}{nearest(metric, metrics)}", path="margin")
        if not (isinstance(width, int | float) and 0 < width < math.inf):
            raise InputError(
                f"{shown(width)} is not a margin: give a number above 0", path=f"margin.{metric}"
            )
    return dict(margin or {})


def explain(
    a: Scenario,
    b: Scenario | None = None,
    *,
    plans: tuple[str | None, str | None] = (None, None),
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
    jobs: int = 1,
    progress: Progress | None = None,
    names: tuple[str, str] | None = None,
    search: bool = False,
) -> "Bridge":
    """What differs between two scenarios, and what each difference does to required hours and lost customers.

    One difference after the other is carried over from a to b, on the same days (replications and seed of a unless
    given), so that the steps add up to the whole. plans: the plan of each, the first unless named; without b, both
    are plans of a. names: what to call the two. search: required hours by a search for the staffing that meets the
    targets, which takes as long as `staff` for every step, in place of a formula.
    """
    from sim.experiments.explain import bridge
    from sim.reports.bridge import Bridge

    count = a.replications if replications is None else replications
    count = _whole_number(count, "replications", 1, MOST_REPLICATIONS)
    jobs, seed = _whole_number(jobs, "jobs", 1, 1000), _seed(a, seed)
    started = time.perf_counter()
    if b is None and None in plans:
        raise InputError("name two plans, or give two scenarios", path="plans")
    one, other = a.under(plans[0]), (b or a).under(plans[1])
    steps = bridge(one, other, count, seed, engine=engine, jobs=jobs, progress=progress, search=search)
    names = names or (plans[0] or a.name, plans[1] or (b or a).name)
    return Bridge(steps, names, a, seed, count, _provenance(a, engine, started, None), search)


def sweep(
    what: "str | os.PathLike[str] | Mapping[str, Any] | Sweep",
    out: str | os.PathLike[str],
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
    jobs: int = 1,
    executor: "Executor | None" = None,
    cluster: str | None = None,
    shard: str | None = None,
    progress: "Callable[[Standing], None] | None" = None,
) -> "SweepResult":
    """Play all points of a sweep that its store, an SQLite file on a local disk, does not hold yet.

    what: a sweep file, or what it would hold (files named there are looked for in the working folder). replications,
    seed: in place of the sweep's own. executor: any of concurrent.futures, in place of `jobs`; cluster: the address of
    a Dask scheduler. shard: "3/50" for the third of fifty parts. progress: called after every result. Points that
    cannot be played leave their error in the store, and the others go on.
    """
    from sim.experiments.sweep import run_sweep, shard_from
    from sim.reports.sweeps import SweepResult

    run_sweep(
        sweep_of(what, replications, seed),
        Path(out),
        __version__,
        engine=engine,
        jobs=check_jobs(jobs),
        executor=executor,
        cluster=cluster,
        shard=shard_from(shard),
        tell=progress,
    )
    return SweepResult.load(out)


def sweep_of(
    what: "str | os.PathLike[str] | Mapping[str, Any] | Sweep",
    replications: int | None = None,
    seed: int | None = None,
) -> "Sweep":
    """A sweep from a file or a mapping, with other replications or another seed, which draws its points too."""
    from dataclasses import replace

    from sim.experiments.design import Sweep, read_sweep, sweep_from

    if seed is not None:
        seed = _whole_number(seed, "seed", 0, 2**63 - 1)
    if isinstance(what, Sweep):
        found = what if seed is None else replace(what, seed=seed)
    else:
        found = sweep_from(what, seed=seed) if isinstance(what, Mapping) else read_sweep(what, seed)
    if replications is None:
        return found
    count = _whole_number(replications, "replications", 1, MOST_REPLICATIONS)
    return replace(found, replications=count, max_replications=max(count, found.max_replications))


def check_jobs(jobs: Any) -> int:
    """A number of workers."""
    return _whole_number(jobs, "jobs", 1, 1000)


def staff(
    scenario: Scenario,
    plan: str | Mapping[str, Any] | None = None,
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
    jobs: int = 1,
    confidence: float = 0.95,
    curve: bool = False,
    fte_hours: float = 8.0,
    progress: Callable[[str, int, float], None] | None = None,
) -> "StaffingResult":
    """The cheapest staffing found, by interval and group, such that all `targets` hold, confirmed on fresh days.

    replications: days of the search, those of the scenario unless given; the confirmation takes further ones, until
    all targets hold with this confidence. curve: also cost against lost customers from fewer to more agents.
    fte_hours: paid hours of a full-time day. progress: called with what is done, staffings tried, and the least cost.
    Ctrl-C gives the best so far, in the state "interrupted".
    """
    from sim.experiments.staff import staffing_for
    from sim.reports.staffing import StaffingResult

    count = scenario.replications if replications is None else replications
    count = _whole_number(count, "replications", 2, MOST_REPLICATIONS)
    jobs, seed = _whole_number(jobs, "jobs", 1, 1000), _seed(scenario, seed)
    for name, value, most in (("confidence", confidence, 1.0), ("fte_hours", fte_hours, 24.0001)):
        if not (isinstance(value, int | float) and 0 < value < most):
            above = "and below 100%" if name == "confidence" else "and at most 24"
            raise InputError(f"{shown(value)} does not fit; give more than 0 {above}", path=name)
    engine_named(engine)
    started, under = time.perf_counter(), scenario.under(plan)
    found = staffing_for(
        under,
        days=count,
        seed=seed,
        engine=engine,
        jobs=jobs,
        confidence=confidence,
        curve=curve,
        progress=progress,
    )
    given = _overrides(scenario, plan)
    return StaffingResult(found, _provenance(under, engine, started, None), fte_hours, given)


def _overrides(scenario: Scenario, plan: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What a plan overrides: by its name, as it is given, or the first."""
    name = next(iter(scenario.plans), "") if plan is None else plan
    return name if isinstance(name, Mapping) else scenario.plans.get(name, {})


def schedule(
    scenario: Scenario,
    plan: str | Mapping[str, Any] | None = None,
    *,
    replications: int | None = None,
    seed: int | None = None,
    engine: str = "compiled",
    jobs: int = 1,
    confidence: float = 0.95,
    progress: Callable[[str, int, float], None] | None = None,
) -> "ScheduleResult":
    """The cheapest shifts found of `shift_types` such that all `targets` hold, confirmed on fresh days.

    replications: days of the search, those of the scenario unless given; the confirmation takes further ones, until
    all targets hold with this confidence. progress: called with what is done, schedules tried, and the least cost.
    Ctrl-C gives the best so far, in the state "interrupted".
    """
    from sim.experiments.schedule import schedule_for
    from sim.reports.shifts import ScheduleResult

    count = scenario.replications if replications is None else replications
    count = _whole_number(count, "replications", 2, MOST_REPLICATIONS)
    jobs, seed = _whole_number(jobs, "jobs", 1, 1000), _seed(scenario, seed)
    if not (isinstance(confidence, int | float) and 0 < confidence < 1):
        raise InputError(
            f"{shown(confidence)} does not fit; give more than 0 and below 100%", path="confidence"
        )
    engine_named(engine)
    started, under = time.perf_counter(), scenario.under(plan)
    found = schedule_for(
        under, days=count, seed=seed, engine=engine, jobs=jobs, confidence=confidence, progress=progress
    )
    return ScheduleResult(found, _provenance(under, engine, started, None), _overrides(scenario, plan))


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
) -> "FitResult":
    """A scenario from a call log, with the evidence for every figure of it.

    log: a file, or what was read from one. format, mapping (a YAML file that says what the columns are), zone (as in
    "Europe/Berlin"): how to read the file. queues: only these. days: weekdays pooled into a scenario of one day, as in
    "mon-thu"; a week unless given. since, until: dates, both included; without: dates left out. hours: of the day,
    as in "08:00-20:00", by the volumes unless given. shortest: talks below are left out, and their contacts with them.
    """
    from sim.history.choice import read_choice
    from sim.history.counts import fit_intervals
    from sim.history.fit import fit_contacts
    from sim.history.intervals import Intervals
    from sim.reports.history import FitResult

    choice = read_choice(
        queues=queues, days=days, since=since, until=until, without=without, hours=hours, interval=interval,
        shortest=shortest,
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
    rounds = _whole_number(rounds, "rounds", 1, MOST_REPLICATIONS)
    jobs, seed = _whole_number(jobs, "jobs", 1, 1000), _seed(scenario, seed)
    within, wanted = _seconds(again, "again"), None
    if days is not None:
        wanted = _under("days", read_dates, days)
    named = scenario.plans if plans is None else plans
    if not isinstance(named, Mapping):
        named = {name: _overrides(scenario, name) for name in named if scenario.under(name) is not None}
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
        queues=queues, days=days, without=without, hours=hours, interval=interval, shortest=shortest
    )
    found = backtest_contacts(
        _contacts(log, format, mapping, zone), choice, _under("train", read_dates, train),
        _under("test", read_dates, test), modes=tuple(modes or MODES),
        rounds=_whole_number(rounds, "rounds", 4, MOST_REPLICATIONS), seed=_whole_number(seed, "seed", 0, 2**63 - 1),
        estimated=agents == "estimated", engine=engine, jobs=_whole_number(jobs, "jobs", 1, 1000), progress=progress,
    )  # fmt: skip
    return BacktestResult(found, _provenance(found.fit.scenario, engine, started, None))


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


def deal(scenario: Scenario, replication: int = 0, seed: int | None = None) -> Any:
    """What was dealt in one replication: DataFrame with queue, customer, arrived, talk, wrap, patience (seconds)."""
    import numpy as np
    import pandas as pd

    _whole_number(replication, "replication", 0, MOST_REPLICATIONS)
    centre = centre_of(scenario)
    day = deal_day(centre.demand, _seed(scenario, seed), replication)
    sizes = np.diff(day.start)
    columns = {"queue": np.repeat(np.array(list(scenario.queues), dtype=object), sizes)}
    columns["customer"] = np.concatenate([np.arange(size) for size in sizes])
    return pd.DataFrame(
        columns | {key: getattr(day, key)[: day.start[-1]] for key in ("arrived", "talk", "wrap", "patience")}
    )


def trace(
    scenario: Scenario,
    plan: str | Mapping[str, Any] | None = None,
    *,
    replication: int = 0,
    seed: int | None = None,
) -> list[str]:
    """One replication as a readable story: a line for each thing that happens, in order."""
    from sim.reports.trace import trace as tell

    _whole_number(replication, "replication", 0, MOST_REPLICATIONS)
    return tell(scenario.under(plan), replication, _seed(scenario, seed))
