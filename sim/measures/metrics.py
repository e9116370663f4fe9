"""Records → totals: one pass over the contacts of a replication, by queue and interval."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.jit import handle, kernel
from sim.model.centre import Centre, interval_of
from sim.model.chance import LEAVE, u
from sim.model.records import AGENT_TIME, Outcome, Records, to_tables
from sim.model.records import (
    ANSWERED as R_ANSWERED,
)
from sim.model.records import (
    ARRIVED as R_ARRIVED,
)
from sim.model.records import (
    CONNECTED as R_CONNECTED,
)
from sim.model.records import (
    CUSTOMER as R_CUSTOMER,
)
from sim.model.records import (
    DIALS as R_DIALS,
)
from sim.model.records import (
    HOME as R_HOME,
)
from sim.model.records import (
    JOINED as R_JOINED,
)
from sim.model.records import (
    NEED as R_NEED,
)
from sim.model.records import (
    OFFERED as R_OFFERED,
)
from sim.model.records import (
    OUTCOME as R_OUTCOME,
)
from sim.model.records import (
    QUEUE as R_QUEUE,
)
from sim.model.records import (
    RELEASED as R_RELEASED,
)
from sim.model.records import (
    REQUESTED as R_REQUESTED,
)
from sim.model.records import WAIT as R_WAIT
from sim.scenario.schema import Scenario

TOTALS = (
    "offered", "answered", "abandoned", "blocked", "unanswered", "closed", "self_served", "pending",
    "callbacks_offered", "callbacks_accepted", "callbacks_served", "callbacks_failed", "callback_dials",
    "within_target", "counted_for_target", "answered_wait", "wait", "waited", "delayed", "line_seconds",
    "customers", "unserved_customers", "lost_customers", "lost_value", "deterred_value", "longest_wait",
    "callbacks_within", "callback_wait", "reached_agent", "time_to_agent", "work_put_off", "work_called_back",
)  # fmt: skip
(
    OFFERED, ANSWERED, ABANDONED, BLOCKED, UNANSWERED, CLOSED, SELF_SERVED, PENDING,
    CALLBACKS_OFFERED, CALLBACKS_ACCEPTED, CALLBACKS_SERVED, CALLBACKS_FAILED, CALLBACK_DIALS,
    WITHIN_TARGET, COUNTED_FOR_TARGET, ANSWERED_WAIT, WAIT, WAITED, DELAYED, LINE_SECONDS,
    CUSTOMERS, UNSERVED_CUSTOMERS, LOST_CUSTOMERS, LOST_VALUE, DETERRED_VALUE, LONGEST_WAIT,
    CALLBACKS_WITHIN, CALLBACK_WAIT, REACHED_AGENT, TIME_TO_AGENT, WORK_PUT_OFF, WORK_CALLED_BACK,
) = range(len(TOTALS))  # fmt: skip
DEFINITIONS = ("offered", "answered", "early_abandons_excluded", "early_abandons_met")

O_ANSWERED, O_ABANDONED, O_BALKED = int(Outcome.ANSWERED), int(Outcome.ABANDONED), int(Outcome.BALKED)
O_BLOCKED, O_CLOSED, O_SELF_SERVED = int(Outcome.BLOCKED), int(Outcome.CLOSED), int(Outcome.SELF_SERVED)
O_CALLBACK_SERVED, O_CALLBACK_FAILED = int(Outcome.CALLBACK_SERVED), int(Outcome.CALLBACK_FAILED)
O_UNANSWERED, O_PENDING = int(Outcome.UNANSWERED), int(Outcome.PENDING)


@dataclass(frozen=True)
class Metric:
    """A named figure: a count, a ratio of two totals, a percentile of the waits, or the mean longest wait.

    kind: count | ratio | percentile | largest; top, bottom: names of totals; unit: s | share | hours | money
    | "" for a number; text: the definition in words.
    """

    name: str
    kind: str
    unit: str
    text: str
    top: str = ""
    bottom: str = ""
    percent: float = 0.0


def _counts(*names: str, unit: str = "") -> list[Metric]:
    return [
        Metric(name, "count", unit, f"{name.replace('_', ' ')} a replication", top=name) for name in names
    ]


QUEUE_METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in [
        *_counts(
            "offered", "answered", "abandoned", "blocked", "unanswered", "closed", "self_served", "pending"
        ),
        Metric("abandonment_rate", "ratio", "share", "abandoned ÷ offered", "abandoned", "offered"),
        Metric(
            "service_level",
            "ratio",
            "share",
            "by the queue's definition",
            "within_target",
            "counted_for_target",
        ),
        Metric(
            "target_met_share",
            "ratio",
            "share",
            "replications that meet the target",
            "target_met",
            "target_asked",
        ),
        Metric("asa", "ratio", "s", "mean wait of the answered", "answered_wait", "answered"),
        Metric("mean_wait", "ratio", "s", "mean wait of all with a wait", "wait", "waited"),
        Metric("p50_wait", "percentile", "s", "half of all waits are shorter", percent=0.5),
        Metric("p90_wait", "percentile", "s", "90% of all waits are shorter", percent=0.9),
        Metric("p95_wait", "percentile", "s", "95% of all waits are shorter", percent=0.95),
        Metric("p99_wait", "percentile", "s", "99% of all waits are shorter", percent=0.99),
        Metric("max_wait", "largest", "s", "mean of the replications' longest wait", "longest_wait"),
        Metric(
            "delayed_share", "ratio", "share", "waited at all ÷ contacts with a wait", "delayed", "waited"
        ),
        Metric("mean_queue_length", "count", "", "time average of contacts on the line", "queue_length"),
        *_counts(
            "callbacks_offered",
            "callbacks_accepted",
            "callbacks_served",
            "callbacks_failed",
            "callback_dials",
        ),
        Metric(
            "callback_within",
            "ratio",
            "share",
            "served within the promise ÷ accepted",
            "callbacks_within",
            "callbacks_accepted",
        ),
        Metric("callbacks_kept", "count", "", "callbacks served within the promise", "callbacks_within"),
        Metric(
            "callbacks_broken",
            "count",
            "",
            "accepted callbacks not served within the promise",
            "callbacks_broken",
        ),
        Metric(
            "callback_wait",
            "ratio",
            "s",
            "mean time from request to connection",
            "callback_wait",
            "callbacks_served",
        ),
        Metric(
            "time_to_agent",
            "ratio",
            "s",
            "mean time from joining to an agent, callbacks included",
            "time_to_agent",
            "reached_agent",
        ),
        Metric(
            "deferred_hours",
            "count",
            "hours",
            "work of served callbacks, in the interval of joining",
            "deferred_hours",
        ),
        Metric(
            "returned_hours",
            "count",
            "hours",
            "the same work, in the interval in which it was done",
            "returned_hours",
        ),
        *_counts("customers", "unserved_customers", "lost_customers"),
        Metric("lost_rate", "ratio", "share", "lost customers ÷ customers", "lost_customers", "customers"),
        *_counts("lost_value", "deterred_value", unit="money"),
    ]
}
AGENT_METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in [
        Metric("on_duty_hours", "count", "hours", "present within staffing", "on_duty_hours"),
        Metric(
            "overtime_hours",
            "count",
            "hours",
            "present beyond staffing or after the horizon",
            "overtime_hours",
        ),
        Metric("busy_hours", "count", "hours", "with a contact in hand", "busy_hours"),
        Metric(
            "unreached_hours", "count", "hours", "ringing customers who did not pick up", "unreached_hours"
        ),
        Metric("paid_hours", "count", "hours", "staffing ÷ (1 − shrinkage) + overtime", "paid_hours"),
        Metric("occupancy", "ratio", "share", "busy ÷ (on duty + overtime)", "busy_hours", "attended_hours"),
        Metric("staff_cost", "count", "money", "paid hours × cost per hour", "staff_cost"),
    ]
}


class Rules(NamedTuple):
    """How contacts and customers are judged, by queue: what no engine needs to know.

    within, target, unserved, value, deterred: float64 (queues,); definition: int64 (queues,);
    promise: float64 (queues,), what accepted callbacks are held to;
    late_start: int64 (queues + 1,) into late_time and late_share, the steps of `leaves.served_late`.
    """

    within: np.ndarray
    target: np.ndarray
    definition: np.ndarray
    unserved: np.ndarray
    late_start: np.ndarray
    late_time: np.ndarray
    late_share: np.ndarray
    value: np.ndarray
    deterred: np.ndarray
    promise: np.ndarray


def rules_of(scenario: Scenario) -> Rules:
    """The judging rules of a scenario (already under its plan) as arrays."""
    queues = list(scenario.queues.values())
    steps = [queue.leaves.served_late for queue in queues]
    return Rules(
        within=np.array([queue.service_level.within for queue in queues], dtype=float),
        target=np.array([queue.service_level.target for queue in queues], dtype=float),
        definition=np.array([DEFINITIONS.index(q.service_level.definition) for q in queues], dtype=np.int64),
        unserved=np.array([queue.leaves.unserved for queue in queues], dtype=float),
        late_start=np.cumsum([0] + [len(step) for step in steps], dtype=np.int64),
        late_time=np.array([time for step in steps for time in step], dtype=float),
        late_share=np.array([share for step in steps for share in step.values()], dtype=float),
        value=np.array([queue.customer_value for queue in queues], dtype=float),
        promise=np.array([q.callback.within if q.callback else math.inf for q in queues], dtype=float),
        deterred=np.array(
            [q.tells.share * q.tells.people * q.tells.put_off if q.tells else 0.0 for q in queues]
        ),
    )


BINS_PER_OCTAVE = 1024
LOWEST, OCTAVES = (
    -6,
    31,
)  # waits from 2⁻⁷ s (8 ms) to 2²⁴ s (194 days); what is outside counts in the end bins
BINS = 1 + OCTAVES * BINS_PER_OCTAVE
DENSE = 1 << 18  # codes up to here are counted in a table, beyond by sorting


@kernel(inner=True)
def bin_of(wait: float) -> int:
    """The bin of a wait: 0 for none, then 1024 bins an octave, each at most 0.1% wide."""
    if wait <= 0.0:
        return 0
    mantissa, exponent = math.frexp(wait)
    if exponent < LOWEST:
        return 1
    inside = int((mantissa - 0.5) * (2 * BINS_PER_OCTAVE))
    return min(1 + (exponent - LOWEST) * BINS_PER_OCTAVE + inside, BINS - 1)


def bin_edges(bins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper edge in seconds of each bin number."""
    octave, inside = np.divmod(np.maximum(bins, 1) - 1, BINS_PER_OCTAVE)
    low = np.ldexp(0.5 + inside / (2 * BINS_PER_OCTAVE), octave + LOWEST)
    high = np.ldexp(0.5 + (inside + 1) / (2 * BINS_PER_OCTAVE), octave + LOWEST)
    return np.where(bins == 0, 0.0, low), np.where(bins == 0, 0.0, high)


@kernel(inner=True)
def count_contact(row, t, queue, interval, rules, totals):
    """Add one contact to the totals of its queue and interval."""
    outcome, wait = t.i[R_OUTCOME, row], t.f[R_WAIT, row]
    cell = totals[queue, interval]
    with_callbacks = rules.promise[queue] < math.inf
    requested = with_callbacks and not math.isnan(t.f[R_REQUESTED, row])
    if outcome == O_BLOCKED or not math.isnan(t.f[R_JOINED, row]):
        cell[OFFERED] += 1.0
    if outcome == O_ANSWERED:
        cell[ANSWERED] += 1.0
        cell[ANSWERED_WAIT] += wait
    elif outcome == O_ABANDONED or outcome == O_BALKED:
        cell[ABANDONED] += 1.0
    elif outcome == O_BLOCKED:
        cell[BLOCKED] += 1.0
    elif outcome == O_UNANSWERED:
        cell[UNANSWERED] += 1.0
    elif outcome == O_CLOSED:
        cell[CLOSED] += 1.0
    elif outcome == O_SELF_SERVED:
        cell[SELF_SERVED] += 1.0
    elif outcome == O_PENDING:
        cell[PENDING] += 1.0
    if not math.isnan(wait):
        cell[WAIT] += wait
        cell[WAITED] += 1.0
        cell[LONGEST_WAIT] = max(cell[LONGEST_WAIT], wait)
        if wait > 0.0 or requested:
            cell[DELAYED] += 1.0
    count_for_target(row, t, queue, requested, rules, cell)
    count_callback(row, t, queue, interval, rules, with_callbacks, totals)


@kernel(inner=True)
def count_callback(row, t, queue, interval, rules, with_callbacks, totals):
    """Add what a contact says of callbacks, and when a customer who reached an agent did."""
    cell = totals[queue, interval]
    if t.i[R_OUTCOME, row] == O_ANSWERED:
        cell[REACHED_AGENT] += 1.0
        cell[TIME_TO_AGENT] += t.f[R_ANSWERED, row] - t.f[R_JOINED, row]
    if not with_callbacks:
        return
    requested, connected = t.f[R_REQUESTED, row], t.f[R_CONNECTED, row]
    if not math.isnan(t.f[R_OFFERED, row]):
        cell[CALLBACKS_OFFERED] += 1.0
    if math.isnan(requested):
        return
    cell[CALLBACKS_ACCEPTED] += 1.0
    cell[CALLBACK_DIALS] += t.i[R_DIALS, row]
    if t.i[R_OUTCOME, row] == O_CALLBACK_FAILED:
        cell[CALLBACKS_FAILED] += 1.0
    if math.isnan(connected):
        return
    cell[CALLBACKS_SERVED] += 1.0
    cell[REACHED_AGENT] += 1.0
    cell[TIME_TO_AGENT] += connected - t.f[R_JOINED, row]
    cell[CALLBACK_WAIT] += connected - requested
    if connected <= requested + rules.promise[queue]:
        cell[CALLBACKS_WITHIN] += 1.0


@kernel(inner=True)
def count_deferred(row, t, queue, interval, centre, totals):
    """Add the work of a served callback where it was put off and where it was done."""
    connected = t.f[R_CONNECTED, row]
    if not math.isnan(connected):
        work = t.f[R_RELEASED, row] - connected
        totals[queue, interval, WORK_PUT_OFF] += work
        totals[queue, interval_of(connected, centre.interval, totals.shape[1]), WORK_CALLED_BACK] += work


@kernel(inner=True)
def count_for_target(row, t, queue, requested, rules, cell):
    """Add one contact to the two sides of the service level, under the queue's own definition."""
    outcome, within, definition = t.i[R_OUTCOME, row], rules.within[queue], rules.definition[queue]
    joined = not math.isnan(t.f[R_JOINED, row])
    if requested or not (joined or outcome == O_BLOCKED):
        return
    answered = outcome == O_ANSWERED
    in_time = answered and t.f[R_ANSWERED, row] <= t.f[R_JOINED, row] + within
    early = (outcome == O_ABANDONED or outcome == O_BALKED) and t.f[R_WAIT, row] <= within
    if in_time or (early and definition == 3):
        cell[WITHIN_TARGET] += 1.0
    if definition == 1:
        counts = answered
    elif definition == 2:
        counts = not early
    else:
        counts = True
    if counts:
        cell[COUNTED_FOR_TARGET] += 1.0


@kernel(inner=True)
def late_share(rules, queue: int, waited: float) -> float:
    """The share of served customers who leave after waiting so long in all."""
    share = 0.0
    for step in range(rules.late_start[queue], rules.late_start[queue + 1]):
        if waited >= rules.late_time[step]:
            share = rules.late_share[step]
    return share


@kernel(inner=True)
def is_unserved(outcome: int) -> bool:
    """Whether a need whose last contact ended so was not met."""
    return not (
        outcome == O_ANSWERED
        or outcome == O_SELF_SERVED
        or outcome == O_CALLBACK_SERVED
        or outcome == O_PENDING
    )


@kernel(inner=True)
def count_customer(first, then, t, stream, seed, replication, interval, rules, totals):
    """Add a customer, whose contacts are row `first` and the chain of `then` from there: met or not, lost or not."""
    home, customer = t.i[R_HOME, first], t.i[R_CUSTOMER, first]
    unserved, pending, waited, row = False, False, 0.0, first
    while row >= 0:
        following = then[row]
        if not math.isnan(t.f[R_WAIT, row]):
            waited += t.f[R_WAIT, row]
        if not math.isnan(t.f[R_CONNECTED, row]):
            waited += t.f[R_CONNECTED, row] - t.f[R_REQUESTED, row]
        if following < 0 or t.i[R_NEED, following] != t.i[R_NEED, row]:
            unserved = unserved or is_unserved(t.i[R_OUTCOME, row])
            pending = pending or t.i[R_OUTCOME, row] == O_PENDING
        row = following
    cell = totals[home, interval]
    cell[CUSTOMERS] += 1.0
    if unserved:
        cell[UNSERVED_CUSTOMERS] += 1.0
        share = rules.unserved[home]
    else:
        share = 0.0 if pending else late_share(rules, home, waited)
    if share > 0.0 and u(seed, stream, replication, customer, 0, 0, LEAVE) < share:
        cell[LOST_CUSTOMERS] += 1.0
        cell[LOST_VALUE] += rules.value[home]
        cell[DETERRED_VALUE] += rules.value[home] * rules.deterred[home]


@kernel(inner=True)
def tally(t, firsts, then, centre, rules, seed, replication, totals, bins):
    """One pass over the records of a replication, customer by customer.

    firsts: int64, the row of each customer's first contact, in order of home and customer; then: int64, the
    row of the same customer's next contact, or -1. totals: float64 (queues, intervals, totals), added to; bins:
    int32 (queues or queues × intervals, BINS), the counted waits, added to.
    """
    count, each = totals.shape[1], bins.shape[0] > totals.shape[0]
    for first in firsts:
        row = first
        while row >= 0:
            queue, joined, wait = t.i[R_QUEUE, row], t.f[R_JOINED, row], t.f[R_WAIT, row]
            moment = t.f[R_ARRIVED, row] if math.isnan(joined) else joined
            interval = interval_of(moment, centre.interval, count)
            if wait > 0.0:
                end = min(joined + wait, centre.horizon)
                add_line_time(totals[queue], joined, end, centre.warm_up, centre.interval)
            if t.f[R_ARRIVED, row] >= centre.warm_up:
                count_contact(row, t, queue, interval, rules, totals)
                if rules.promise[queue] < math.inf:
                    count_deferred(row, t, queue, interval, centre, totals)
                if not math.isnan(wait):
                    bins[queue * count + interval if each else queue, bin_of(wait)] += 1
            row = then[row]
        if t.f[R_ARRIVED, first] >= centre.warm_up:
            interval = interval_of(t.f[R_ARRIVED, first], centre.interval, count)
            stream = centre.demand.streams[t.i[R_HOME, first]]
            count_customer(first, then, t, stream, seed, replication, interval, rules, totals)


@kernel(inner=True)
def add_line_time(rows, start, end, from_, interval):
    """Add the seconds that a contact stood on the line to the intervals they fall in."""
    start = max(start, from_)
    if end <= start:
        return
    last = rows.shape[0] - 1
    index = min(int(start / interval), last)
    while index < last and end > (index + 1) * interval:
        rows[index, LINE_SECONDS] += (index + 1) * interval - start
        start = (index + 1) * interval
        index += 1
    rows[index, LINE_SECONDS] += end - start


class Tables(NamedTuple):
    """The contacts of one replication as the two tables of `model.records`."""

    f: np.ndarray
    i: np.ndarray


class Sheet(NamedTuple):
    """Where the totals of some replications of one plan are written.

    contacts: float64 (replications, queues, totals); agents: (replications, 4, groups); interval_sums: (queues,
    intervals, totals) and agent_sums: (4, groups, intervals), summed over replications; bins: int32 (queues, or
    queues × intervals, BINS); the two by interval have no rows unless they are wanted; scratch: one replication's.
    """

    contacts: np.ndarray
    agents: np.ndarray
    interval_sums: np.ndarray
    agent_sums: np.ndarray
    bins: np.ndarray
    contacts_by_interval: np.ndarray
    agents_by_interval: np.ndarray
    scratch: np.ndarray


def blank_sheet(replications: int, centre: Centre, by_interval: bool) -> Sheet:
    """A sheet of zeros for so many replications."""
    queues, (groups, count) = centre.balks.size, centre.staffing.shape
    rows = replications if by_interval else 0
    return Sheet(
        contacts=np.zeros((replications, queues, len(TOTALS))),
        agents=np.zeros((replications, len(AGENT_TIME), groups)),
        interval_sums=np.zeros((queues, count, len(TOTALS))),
        agent_sums=np.zeros((len(AGENT_TIME), groups, count)),
        bins=np.zeros((queues * count if by_interval else queues, BINS), dtype=np.int32),
        contacts_by_interval=np.zeros((rows, queues, count, len(TOTALS))),
        agents_by_interval=np.zeros((rows, len(AGENT_TIME), groups, count)),
        scratch=np.zeros((queues, count, len(TOTALS))),
    )


@kernel(lean=True)
def enter(f, i, hours, firsts, then, centre, rules, seed, replication, row, sheet):
    """Write the totals of one replication into row `row` of a sheet; hours: float64 (4, groups, intervals)."""
    tables, c, judge, totals = handle(Tables(f, i)), handle(centre), handle(rules), sheet.scratch
    queues, count, kinds = totals.shape
    whole = sheet.contacts_by_interval.shape[0] > 0
    for queue in range(queues):
        for interval in range(count):
            for kind in range(kinds):
                totals[queue, interval, kind] = 0.0
    tally(tables, firsts, then, c, judge, seed, replication, totals, sheet.bins)
    for queue in range(queues):
        day = sheet.contacts[row, queue]
        for interval in range(count):
            for kind in range(kinds):
                value = totals[queue, interval, kind]
                sheet.interval_sums[queue, interval, kind] += value
                day[kind] = max(day[kind], value) if kind == LONGEST_WAIT else day[kind] + value
                if whole:
                    sheet.contacts_by_interval[row, queue, interval, kind] = value
    for kind in range(hours.shape[0]):
        for group in range(hours.shape[1]):
            for interval in range(count):
                value = hours[kind, group, interval]
                sheet.agents[row, kind, group] += value
                sheet.agent_sums[kind, group, interval] += value
                if whole:
                    sheet.agents_by_interval[row, kind, group, interval] = value


def enter_records(
    records: Records, centre: Centre, rules: Rules, seed: int, replication: int, row: int, sheet: Sheet
) -> None:
    """Write the totals of one replication's records, sorted as they are, into a row of a sheet."""
    f, i, hours = to_tables(records)
    firsts = np.flatnonzero((records.need == 0) & (records.attempt == 0))
    then = np.arange(1, records.home.size + 1)
    if firsts.size:
        then[np.append(firsts[1:], then.size) - 1] = -1
    enter(f, i, hours, firsts, then, centre, rules, seed, replication, row, sheet)


class Waits(NamedTuple):
    """How often each bin of waits occurs: codes int64 rising, cell × BINS + bin, with a cell for each queue, or
    queue and interval."""

    codes: np.ndarray
    counts: np.ndarray


NO_WAITS = Waits(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def waits_of(bins: np.ndarray) -> Waits:
    """The bins that occur, out of a sheet's table."""
    codes = np.flatnonzero(bins)
    return Waits(codes, bins.ravel()[codes].astype(np.int64))


def joined_waits(parts: list[Waits]) -> Waits:
    """Several tables of waits as one."""
    codes, counts = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if codes.size and codes.max() < DENSE:
        found = np.bincount(codes, weights=counts)
        codes = np.flatnonzero(found)
        return Waits(codes, found[codes].astype(np.int64))
    codes, where = np.unique(codes, return_inverse=True)
    return Waits(codes, np.bincount(where, weights=counts, minlength=codes.size).astype(np.int64))


def observed_seconds(scenario: Scenario) -> np.ndarray:
    """Seconds of each interval after the warm-up, shape (intervals,)."""
    starts = np.arange(scenario.grid.count) * scenario.grid.interval
    return np.clip(starts + scenario.grid.interval - scenario.warm_up, 0.0, scenario.grid.interval)


def queue_figures(totals: np.ndarray, scenario: Scenario, seconds: Any) -> dict[str, np.ndarray]:
    """Totals by name, with those that are computed for each replication added.

    totals: (replications, queues, …, totals); seconds: observed time, broadcast against the last axes before
    that. The figures have the shape of totals without the last axis.
    """
    figures = {name: totals[..., place] for place, name in enumerate(TOTALS)}
    rules = rules_of(scenario)
    target = rules.target.reshape((-1,) + (1,) * (totals.ndim - 3))
    asked = figures["counted_for_target"] > 0
    level = np.divide(
        figures["within_target"], figures["counted_for_target"], where=asked, out=np.zeros(asked.shape)
    )
    figures["callbacks_broken"] = figures["callbacks_accepted"] - figures["callbacks_within"]
    figures["deferred_hours"] = figures["work_put_off"] / 3600.0
    figures["returned_hours"] = figures["work_called_back"] / 3600.0
    figures["target_asked"] = asked.astype(float)
    figures["target_met"] = (asked & (level >= target)).astype(float)
    line, watched = figures["line_seconds"], np.broadcast_to(seconds, figures["line_seconds"].shape)
    figures["queue_length"] = np.divide(line, watched, where=watched > 0, out=np.full(line.shape, np.nan))
    figures["longest_wait"] = np.where(figures["waited"] > 0, figures["longest_wait"], np.nan)
    return figures


def agent_figures(totals: np.ndarray, scenario: Scenario, by_interval: bool) -> dict[str, np.ndarray]:
    """Hours and cost by name; totals: (replications, 4, groups) or with intervals as the last axis."""
    groups = list(scenario.agents.values())
    seconds = observed_seconds(scenario)
    planned = np.array([group.staffing for group in groups], dtype=float) * seconds / 3600.0
    planned = planned if by_interval else planned.sum(axis=1)
    column = (-1, 1) if by_interval else (-1,)
    available = 1.0 - np.array([group.shrinkage for group in groups]).reshape(column)
    cost = np.array([group.cost_per_hour for group in groups]).reshape(column)
    on_duty, overtime, busy, unreached = (totals[:, place] / 3600.0 for place in range(len(AGENT_TIME)))
    paid = planned / available + overtime
    return {
        "on_duty_hours": on_duty, "overtime_hours": overtime, "busy_hours": busy, "paid_hours": paid,
        "unreached_hours": unreached, "attended_hours": on_duty + overtime, "staff_cost": paid * cost,
    }  # fmt: skip
