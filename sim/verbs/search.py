"""The fewest agents, the cheapest shifts, and what differs between two scenarios."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, shown
from sim.experiments.replicate import Progress, engine_named
from sim.scenario.quantities import MOST_REPLICATIONS
from sim.scenario.schema import Scenario
from sim.verbs.given import check_jobs, overrides_of, provenance_of, seed_of, whole_number

if TYPE_CHECKING:
    from sim.reports.bridge import Bridge
    from sim.reports.shifts import ScheduleResult
    from sim.reports.staffing import StaffingResult


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
    count = whole_number(count, "replications", 1, MOST_REPLICATIONS)
    jobs, seed = check_jobs(jobs), seed_of(a, seed)
    started = time.perf_counter()
    if b is None and None in plans:
        raise InputError("name two plans, or give two scenarios", path="plans")
    one, other = a.under(plans[0]), (b or a).under(plans[1])
    steps = bridge(one, other, count, seed, engine=engine, jobs=jobs, progress=progress, search=search)
    names = names or (plans[0] or a.name, plans[1] or (b or a).name)
    return Bridge(steps, names, a, seed, count, provenance_of(a, engine, started, None), search)


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
    count = whole_number(count, "replications", 2, MOST_REPLICATIONS)
    jobs, seed = check_jobs(jobs), seed_of(scenario, seed)
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
    given = overrides_of(scenario, plan)
    return StaffingResult(found, provenance_of(under, engine, started, None), fte_hours, given)


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
    count = whole_number(count, "replications", 2, MOST_REPLICATIONS)
    jobs, seed = check_jobs(jobs), seed_of(scenario, seed)
    if not (isinstance(confidence, int | float) and 0 < confidence < 1):
        raise InputError(
            f"{shown(confidence)} does not fit; give more than 0 and below 100%", path="confidence"
        )
    engine_named(engine)
    started, under = time.perf_counter(), scenario.under(plan)
    found = schedule_for(
        under, days=count, seed=seed, engine=engine, jobs=jobs, confidence=confidence, progress=progress
    )
    return ScheduleResult(found, provenance_of(under, engine, started, None), overrides_of(scenario, plan))
