"""Simulate and compare; what was dealt, and one day as a story."""

import math
import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

from sim.errors import InputError, nearest, shown
from sim.experiments.replicate import Progress, Totals, replicate
from sim.jit import c_function
from sim.measures.metrics import AGENT_METRICS, OFFERED, QUEUE_METRICS, REACHED_AGENT
from sim.model.centre import centre_of
from sim.model.day import deal as deal_day
from sim.reports.results import Comparison, Result
from sim.scenario.quantities import MOST_REPLICATIONS
from sim.scenario.schema import Scenario
from sim.verbs.given import AS_WRITTEN, Plans, Routing, check_jobs, provenance_of, seed_of, whole_number

if TYPE_CHECKING:
    from sim.reports.selection import Selection

OVERRIDDEN = "overrides"  # the plan of a mapping given in its stead


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
    comes free takes the contact with the highest one, and none at −∞. It must go by its arguments alone.
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

    first = whole_number(FIRST if first is None else first, "replications", 1, MOST_REPLICATIONS)
    most = (
        min(100 * scenario.replications, MOST_REPLICATIONS) if max_replications is None else max_replications
    )
    plans, rule = _routed(plans, routing)
    started, seed = time.perf_counter(), seed_of(scenario, seed)
    found = select(
        plans,
        best,
        seed,
        first=first,
        at_most=whole_number(most, "max_replications", 1, MOST_REPLICATIONS),
        engine=engine,
        jobs=check_jobs(jobs),
        progress=progress,
        rule_address=rule[0] if rule else 0,
    )
    return Selection(found, scenario, seed, provenance_of(scenario, engine, started, routing))


def _routed(
    plans: dict[str, Scenario], routing: Routing | None
) -> tuple[dict[str, Scenario], tuple[int, Any] | None]:
    """The plans under the rule named, or the user's own rule as a C function."""
    if isinstance(routing, str):
        return {name: under.with_({"routing": routing}) for name, under in plans.items()}, None
    return plans, None if routing is None else _own_rule(routing)


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
    count = whole_number(count, "replications", 1, MOST_REPLICATIONS)
    seed = seed_of(scenario, seed)
    jobs = check_jobs(jobs)
    most = min(100 * count, MOST_REPLICATIONS) if max_replications is None else max_replications
    most = whole_number(most, "max_replications", 1, MOST_REPLICATIONS)
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
    provenance = provenance_of(hashed, engine, started, routing)
    finished = results(all_totals)
    for result in finished.values():
        result.provenance = provenance
    if rule is not None:
        _warn_of_idleness(dict(zip(plans, all_totals, strict=True)))
    return finished


def _warn_of_idleness(played: dict[str, Totals]) -> None:
    """Say under which plans nobody was served by a rule of the user's own: it may answer −∞ to everything."""
    for name, totals in played.items():
        counted = totals.contacts.sum(axis=(0, 1))
        if counted[OFFERED] and not counted[REACHED_AGENT]:
            said = f"nobody was served under the plan {shown(name)} by this routing rule"
            warnings.warn(f"{said}; see that it does not answer −inf to everything", stacklevel=4)


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


def deal(scenario: Scenario, replication: int = 0, seed: int | None = None) -> Any:
    """What was dealt in one replication: DataFrame with queue, customer, arrived, talk, wrap, patience (seconds)."""
    import numpy as np
    import pandas as pd

    whole_number(replication, "replication", 0, MOST_REPLICATIONS)
    centre = centre_of(scenario)
    day = deal_day(centre.demand, seed_of(scenario, seed), replication)
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

    whole_number(replication, "replication", 0, MOST_REPLICATIONS)
    return tell(scenario.under(plan), replication, seed_of(scenario, seed))
