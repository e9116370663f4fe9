"""Plays cases at a given precision and holds every figure against the exact or published value.

For each judged figure z = (ours − exact) ÷ standard error; the standard error of a published value is added
in quadrature. The m judged figures of a part share one false-alarm level of 1%: a figure fails when its
two-sided p-value is under .01 ÷ m (Bonferroni, which needs no independence: figures of one run hang
together). p-values are Student's t with (replications − 1) degrees of freedom. Seeds follow from the case's
name and the replications stand in cases.py: nothing is chosen after a look at the outcome.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

import sim
from sim.measures.estimate import interval
from sim.model.centre import centre_of
from validation.cases import CASES, Case, Figure, Measure, Run

FAMILY_LEVEL = 0.01
RELATIVE, ABSOLUTE = 0.01, 0.001  # the goal at precision 1: 1% of the value, or .001 of a share
LEAST = 30  # replications, for the t-intervals
PILOT_CONTACTS = 2_000_000
SAFETY = 1.15  # on the replications that a pilot asks for
PERCENTILE_BATCHES = 64  # sim resamples percentiles over at most so many batches


class Ours(NamedTuple):
    """Our value of a figure, its standard error, and the degrees of freedom of that."""

    value: float
    error: float
    freedom: int


class Verdict(NamedTuple):
    """One figure held against ours. margin: half the 95% interval; z: in combined standard errors."""

    case: str
    figure: Figure
    ours: Ours
    margin: float
    z: float
    p: float
    reached: bool

    @property
    def inside(self) -> bool:
        """Whether the exact value lies in our 95% interval (widened by the other's error, if it has one)."""
        return self.p >= 0.05


def seed_of(case: Case, place: int) -> int:
    """The seed of a case's run: a hash of its name, fixed before anything is played."""
    return int.from_bytes(hashlib.sha256(f"validation {case.id} {place}".encode()).digest()[:6])


def missing(case: Case) -> str | None:
    """Why a case cannot be played yet: the schema's own sentence, or None."""
    try:
        sim.Scenario(**case.scenario)
    except sim.InputError as error:
        if "not available yet" in str(error):
            return str(error)
        raise
    return None


def replications_of(case: Case, run: Run, precision: float) -> int:
    """Replications for margins of `precision` × 1% or .001."""
    wanted = run.replications / (precision * case.loose) ** 2
    return max(LEAST, math.ceil(wanted))


def contacts_of(case: Case) -> float:
    """The expected first contacts of a replication, for the order of work."""
    return float(centre_of(sim.Scenario(**case.scenario)).demand.cumulative[:, -1].sum())


def play(case: Case, run: Run, replications: int, seed: int, **more: Any) -> sim.Result:
    """One run of a case."""
    scenario = sim.Scenario(**case.scenario)
    return sim.simulate(
        scenario,
        dict(run.overrides) or None,
        replications=replications,
        seed=seed,
        by_interval=run.by_interval,
        **more,
    )


def judge_run(
    case: Case, place: int, precision: float = 1.0, replications: int | None = None, **more: Any
) -> list[Verdict]:
    """Play one run of a case and hold its figures against the known ones.

    replications: so many instead of those that the precision asks for.
    """
    run = case.runs[place]
    count = replications_of(case, run, precision) if replications is None else replications
    result = play(case, run, count, seed_of(case, place), **more)
    return [held_against(case, figure, result, precision) for figure in run.figures]


def held_against(case: Case, figure: Figure, result: sim.Result, precision: float = 1.0) -> Verdict:
    """One figure beside ours."""
    ours = measured(figure.measure, result)
    margin = float(stdtrit(ours.freedom, 0.975)) * ours.error
    combined = math.hypot(ours.error, figure.error)
    distance = ours.value - figure.exact
    z = distance / combined if combined else math.copysign(math.inf, distance) if distance else 0.0
    p = 2.0 * float(stdtr(ours.freedom, -abs(z)))
    reached = not figure.goal or margin <= goal_of(figure) * precision * case.loose
    return Verdict(case.id, figure, ours, margin, z, p, reached)


def goal_of(figure: Figure) -> float:
    """The margin wanted at precision 1: 1% of the value, or .001 if that is larger and the figure a share."""
    return max(RELATIVE * abs(figure.exact), ABSOLUTE if figure.unit == "share" else 0.0)


def failures(verdicts: Iterable[Verdict], family: int) -> list[Verdict]:
    """The judged figures that fail in a family of so many."""
    return [v for v in verdicts if v.figure.judged and not v.p >= FAMILY_LEVEL / family]


def judged_figures(chosen: Iterable[tuple[Case, int]]) -> int:
    """The size of the family."""
    return sum(figure.judged for case, place in chosen for figure in case.runs[place].figures)


def playable() -> list[tuple[Case, int]]:
    """Every run of every case, those that the schema cannot play yet left out."""
    return [
        (case, place) for case in CASES.values() if missing(case) is None for place in range(len(case.runs))
    ]


# Our values


def measured(measure: Measure, result: sim.Result) -> Ours:
    """Our value of a figure with its standard error."""
    if measure.kind == "totals":
        value, error = _ratio(*_totals(measure, result))
        return Ours(value * measure.scale, error * measure.scale, result.count - 1)
    if measure.kind == "records":
        value, error = _ratio(*_recorded(measure, result))
        return Ours(value * measure.scale, error * measure.scale, result.count - 1)
    estimate = _estimate(measure, result)
    percentile = measure.name.startswith("p") and measure.name.endswith("_wait")
    freedom = (min(result.count, PERCENTILE_BATCHES) if percentile else result.count) - 1
    error = (estimate.high - estimate.low) / 2 / float(stdtrit(freedom, 0.975))
    return Ours(estimate.value * measure.scale, error * measure.scale, freedom)


def _estimate(measure: Measure, result: sim.Result) -> Any:
    if measure.at is None:
        return (result.queue if measure.kind == "queue" else result.group)(measure.of)[measure.name]
    rows = [
        row for kind, name, _, row in result.interval_samples if (kind, name) == (measure.kind, measure.of)
    ]
    return interval(rows[measure.at][measure.name])


def _totals(measure: Measure, result: sim.Result) -> tuple[np.ndarray, np.ndarray]:
    table = result.replications()
    table = table.groupby("replication").sum() if measure.of == "all" else table.xs(measure.of, level="queue")
    top = table.eval(measure.name).to_numpy(dtype=float)
    return top, table.eval(measure.bottom).to_numpy(dtype=float) if measure.bottom else np.ones(top.size)


def _ratio(top: np.ndarray, bottom: np.ndarray) -> tuple[float, float]:
    """Total over total, with the standard error by the delta method."""
    value = float(top.sum() / bottom.sum())
    moves = (top - value * bottom) / bottom.mean()
    return value, float(np.sqrt(np.dot(moves, moves) / (top.size - 1) / top.size))


def _recorded(measure: Measure, result: sim.Result) -> tuple[np.ndarray, np.ndarray]:
    function = OF_RECORDS[measure.name]
    warm_up = result.scenario.warm_up
    pairs = []
    for replication in range(result.count):
        rows = result.records(replication)
        pairs.append(function(rows[rows["arrived"] >= warm_up]))
    top, bottom = zip(*pairs, strict=True)
    return np.array(top, dtype=float), np.array(bottom, dtype=float)


def _answered_at_once(rows: Any) -> tuple[float, float]:
    return ((rows["outcome"] == "answered") & (rows["wait"] == 0)).sum(), len(rows)


def _new_calls_delayed(rows: Any) -> tuple[float, float]:
    new = rows["attempt"] == 0
    return (new & (rows["wait"] > 0)).sum(), new.sum()


def _new_calls_blocked(rows: Any) -> tuple[float, float]:
    new = rows["attempt"] == 0
    return (new & (rows["outcome"] == "blocked")).sum(), new.sum()


def _served_by(queue: str, group: str) -> Callable[[Any], tuple[float, float]]:
    def count(rows: Any) -> tuple[float, float]:
        answered = (rows["queue"] == queue) & (rows["outcome"] == "answered")
        return (answered & (rows["group"] == group)).sum(), answered.sum()

    return count


def _time_to_agent(rows: Any) -> Any:
    """Wait on the line, or until the callback connected."""
    called_back = (rows["callback_connected"] - rows["callback_requested"]).fillna(0.0)
    return rows["wait"] + called_back


def _wait_with_callbacks(rows: Any) -> tuple[float, float]:
    return _time_to_agent(rows).sum(), len(rows)


def _agent_within_20_s(rows: Any) -> tuple[float, float]:
    served = rows["outcome"].isin(("answered", "callback_served"))
    return (served & (_time_to_agent(rows) <= 20.0)).sum(), len(rows)


OF_RECORDS: dict[str, Callable[[Any], tuple[float, float]]] = {
    "answered_at_once": _answered_at_once,
    "new_calls_delayed": _new_calls_delayed,
    "new_calls_blocked": _new_calls_blocked,
    "one_served_by_B": _served_by("one", "B"),
    "two_served_by_A": _served_by("two", "A"),
    "wait_with_callbacks": _wait_with_callbacks,
    "agent_within_20_s": _agent_within_20_s,
}


# Work for other processes


def judged_apart(
    case_id: str, place: int, precision: float, engine: dict[str, Any]
) -> tuple[str, int, list[Verdict], float]:
    """`judge_run` by name, for another process, with the CPU seconds that it took."""
    started = time.process_time()
    verdicts = judge_run(CASES[case_id], place, precision, **engine)
    return case_id, place, verdicts, time.process_time() - started


def piloted(case_id: str, place: int, engine: dict[str, Any]) -> tuple[str, int, int, str, float]:
    """How many replications a run needs, by the figure that needs most, from a pilot with its own seed."""
    case = CASES[case_id]
    run = case.runs[place]
    started = time.process_time()
    count = int(min(max(PILOT_CONTACTS / contacts_of(case), 64), 1000))
    result = play(case, run, count, seed_of(case, place) + 1, **engine)
    needed, name = 0, ""
    for figure in run.figures:
        # a figure that is only shown sets no goal
        if figure.goal and figure.judged:
            verdict = held_against(case, figure, result)
            wanted = SAFETY * count * (verdict.ours.error * 1.96 / goal_of(figure)) ** 2
            if wanted > needed:
                needed, name = math.ceil(wanted), figure.name
    return case_id, place, max(needed, LEAST), name, time.process_time() - started


# The table


def table(verdicts: list[Verdict], family: int) -> list[list[str]]:
    """Rows of text: case, figure, exact, ours, ± margin, z, inside 95%?, and what to note."""
    failed = {id(v) for v in failures(verdicts, family)}
    return [
        [
            v.case,
            v.figure.name + ("" if v.figure.unit == "share" else f" ({v.figure.unit})"),
            significant(v.figure.exact) + (f" ± {NORMAL * v.figure.error:.2g}" if v.figure.error else ""),
            significant(v.ours.value),
            f"{v.margin:.2g}",
            f"{v.z:+.2f}",
            "yes" if v.inside else "no",
            _note(v, id(v) in failed),
        ]
        for v in verdicts
    ]


HEAD = ["case", "figure", "exact", "ours", "± margin", "z", "inside 95%", "note"]
NORMAL = 1.959964


def _note(v: Verdict, failed: bool) -> str:
    if failed:
        return "FAILS"
    if not v.figure.judged:
        return "shown only"
    return "" if v.reached else "margin wider than the goal"


def significant(value: float) -> str:
    """Five significant digits, not in powers of ten."""
    digits = 5 if value == 0 else max(0, min(7, 5 - 1 - math.floor(math.log10(abs(value)))))
    return f"{value:.{digits}f}"


def summary(verdicts: list[Verdict], family: int, precision: float) -> str:
    """One paragraph: how many figures, how many outside their 95% interval, how many fail."""
    judged = [v for v in verdicts if v.figure.judged]
    outside = sum(not v.inside for v in judged)
    failed = failures(verdicts, family)
    wide = sum(not v.reached for v in judged)
    limit = FAMILY_LEVEL / family
    return (
        f"{len(judged)} judged figures in {len({v.case for v in verdicts})} cases, for margins of "
        f"{precision:g}% of the value or {precision * ABSOLUTE:g} of a share ({wide} wider); {outside} "
        f"outside their 95% interval ({0.05 * len(judged):.0f} expected); {len(failed)} fail at the "
        f"family-wise level of {FAMILY_LEVEL:.0%} "
        f"(p < {limit:.2g} each, |z| > {float(-stdtrit(1e6, limit / 2)):.2f} with many replications)."
    )
