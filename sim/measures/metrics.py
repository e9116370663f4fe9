"""Records → totals: one pass over the contacts of a replication, by queue and interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sim.distributions import Distribution
from sim.jit import handle, kernel
from sim.model import records as r
from sim.model.centre import IVR_WAIT, Centre, Draws, interval_of, moment_within, profiles_of
from sim.model.chance import BALK, IVR_TIME, LEAVE, TRANSFER, VALUE, u
from sim.model.day import duration
from sim.model.records import AGENT_TIME, Outcome, Records, to_tables
from sim.scenario.durations import Amounts
from sim.scenario.once import once
from sim.scenario.queue import Backlog, Callback, Leaves, ServiceLevel, Tells, value_of
from sim.scenario.schema import Scenario
from sim.scenario.weeks import Grid, Spans, open_spans

TOTALS = (
    "offered", "answered", "abandoned", "blocked", "unanswered", "closed", "self_served", "pending",
    "callbacks_offered", "callbacks_accepted", "callbacks_served", "callbacks_failed", "callback_dials",
    "within_target", "counted_for_target", "answered_wait", "wait", "waited", "delayed", "line_seconds",
    "customers", "unserved_customers", "lost_customers", "lost_value", "deterred_value", "longest_wait",
    "callbacks_within", "callback_wait", "reached_agent", "time_to_agent", "work_put_off", "work_called_back",
    "ivr_hang_ups", "transfers", "repeats", "redials", "switches", "left_on_announcement", "further_contacts",
    "customer_transfers", "customer_wait", "pending_customers", "resolved_later", "time_to_resolution",
    "left_at_closing", "left_at_opening",
)  # fmt: skip
(
    OFFERED, ANSWERED, ABANDONED, BLOCKED, UNANSWERED, CLOSED, SELF_SERVED, PENDING,
    CALLBACKS_OFFERED, CALLBACKS_ACCEPTED, CALLBACKS_SERVED, CALLBACKS_FAILED, CALLBACK_DIALS,
    WITHIN_TARGET, COUNTED_FOR_TARGET, ANSWERED_WAIT, WAIT, WAITED, DELAYED, LINE_SECONDS,
    CUSTOMERS, UNSERVED_CUSTOMERS, LOST_CUSTOMERS, LOST_VALUE, DETERRED_VALUE, LONGEST_WAIT,
    CALLBACKS_WITHIN, CALLBACK_WAIT, REACHED_AGENT, TIME_TO_AGENT, WORK_PUT_OFF, WORK_CALLED_BACK,
    IVR_HANG_UPS, TRANSFERS, REPEATS, REDIALS, SWITCHES, LEFT_ON_ANNOUNCEMENT, FURTHER_CONTACTS,
    CUSTOMER_TRANSFERS, CUSTOMER_WAIT, PENDING_CUSTOMERS, RESOLVED_LATER, TIME_TO_RESOLUTION,
    LEFT_AT_CLOSING, LEFT_AT_OPENING,
) = range(len(TOTALS))  # fmt: skip
DEFINITIONS = ("offered", "answered", "early_abandons_excluded", "early_abandons_met")

O_ANSWERED, O_ABANDONED, O_BALKED = int(Outcome.ANSWERED), int(Outcome.ABANDONED), int(Outcome.BALKED)
O_BLOCKED, O_CLOSED, O_SELF_SERVED = int(Outcome.BLOCKED), int(Outcome.CLOSED), int(Outcome.SELF_SERVED)
O_CALLBACK_SERVED, O_CALLBACK_FAILED = int(Outcome.CALLBACK_SERVED), int(Outcome.CALLBACK_FAILED)
O_UNANSWERED, O_PENDING = int(Outcome.UNANSWERED), int(Outcome.PENDING)
O_IVR_HANG_UP = int(Outcome.IVR_HANG_UP)
OTHERS = "others"  # the customers of a queue with classes who belong to none of them
SOON = 1e-6  # s; what a caller who is cut off at a closing may seem to outlast it by in rounding


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
        Metric("ivr_hang_ups", "count", "", "contacts that hung up in the IVR", "ivr_hang_ups"),
        Metric(
            "left_on_announcement",
            "count",
            "",
            "contacts that left on hearing the estimated wait, abandoned too",
            "left_on_announcement",
        ),
        Metric("transfers", "count", "", "contacts whose customer was transferred on from here", "transfers"),
        Metric("repeats", "count", "", "contacts whose customer was served and came again", "repeats"),
        Metric("redials", "count", "", "contacts after which the customer tried here again", "redials"),
        Metric("switches", "count", "", "contacts after which the customer tried another queue", "switches"),
        Metric(
            "never_answered_share",
            "ratio",
            "share",
            "(offered − answered − callbacks served) ÷ offered",
            "never_answered",
            "offered",
        ),
        Metric(
            "backlog_at_closing",
            "ratio",
            "",
            "contacts on the line just after a closing of the queue's hours, mean over closings",
            "left_at_closing",
            "closings",
        ),
        Metric(
            "backlog_at_opening",
            "ratio",
            "",
            "contacts on the line just before an opening of the queue's hours, mean over openings",
            "left_at_opening",
            "openings",
        ),
        *_counts("customers", "unserved_customers", "lost_customers"),
        Metric(
            "contacts_per_customer",
            "ratio",
            "",
            "contacts of a customer in all, in whatever queue",
            "customer_contacts",
            "customers",
        ),
        Metric(
            "transfers_per_customer",
            "ratio",
            "",
            "how often a customer is transferred",
            "customer_transfers",
            "customers",
        ),
        Metric(
            "first_contact_resolution",
            "ratio",
            "share",
            "customers served at their first attempt, after which nothing followed ÷ customers",
            "resolved_at_once",
            "customers",
        ),
        Metric(
            "customer_wait",
            "ratio",
            "s",
            "mean waiting of a customer over all contacts, from request to callback included",
            "customer_wait",
            "customers",
        ),
        Metric(
            "time_to_resolution",
            "ratio",
            "s",
            "mean time from first arrival to last talk end, over customers with every need met",
            "time_to_resolution",
            "resolved",
        ),
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
        Metric("absent_hours", "count", "hours", "planned, but not there", "absent_hours"),
        Metric(
            "paid_hours", "count", "hours", "paid time of staffing ÷ (1 − shrinkage) + overtime", "paid_hours"
        ),
        Metric("occupancy", "ratio", "share", "busy ÷ (on duty + overtime)", "busy_hours", "attended_hours"),
        Metric("staff_cost", "count", "money", "paid hours × cost per hour", "staff_cost"),
    ]
}


class Rules(NamedTuple):
    """How contacts and customers are judged: what no engine needs to know.

    By queue: within, target, promise (what accepted callbacks are held to): float64; definition: int64; clock:
    int64, 1 where `within` runs in open hours only; watched: int64, 1 where backlogs are counted at the closings
    and openings of its hours.
    By profile (a queue, or a class within one): unserved, deterred: float64; late_start: int64 (profiles + 1,) into
    late_time and late_share, the steps of `leaves.served_late`; value: what customers are worth, one kind of draws.
    By queue and class number (0 for customers of none): profile_of and cell_of, int64 (queues, classes + 1). A
    cell is where totals are added: the queues first, then each class of each queue that has any, its others after
    them; cell_of is 0 for a queue without classes. cells: how many in all.
    """

    within: np.ndarray
    target: np.ndarray
    definition: np.ndarray
    clock: np.ndarray
    clock_start: np.ndarray
    clock_opens: np.ndarray
    clock_closes: np.ndarray
    promise: np.ndarray
    watched: np.ndarray
    unserved: np.ndarray
    late_start: np.ndarray
    late_time: np.ndarray
    late_share: np.ndarray
    value: Draws
    deterred: np.ndarray
    profile_of: np.ndarray
    cell_of: np.ndarray
    cells: int


class Cell(NamedTuple):
    """One place of the totals: a queue's number, and the name of a class of it, or "" for the queue as a whole."""

    queue: int
    name: str


def cells_of(scenario: Scenario) -> list[Cell]:
    """All cells in the order of the totals: the queues, then the classes of each queue and its other customers."""
    return _cells([tuple(queue.classes) for queue in scenario.queues.values()])


def _cells(classes: Sequence[tuple[str, ...]]) -> list[Cell]:
    return [Cell(q, "") for q in range(len(classes))] + [
        Cell(q, name) for q, own in enumerate(classes) if own for name in (*own, OTHERS)
    ]


def rules_of(scenario: Scenario) -> Rules:
    """The judging rules of a scenario (already under its plan) as arrays, shared where these rules are the same."""
    queues = scenario.queues.values()
    return _rules(
        tuple(
            _Promise(q.service_level, q.callback, q.backlog, q.hours, q.at_close or scenario.at_close)
            for q in queues
        ),
        tuple((p.leaves, p.tells, p.customer_value) for p in profiles_of(scenario.queues)),
        tuple(tuple(queue.classes) for queue in queues),
        scenario.grid,
    )


class _Promise(NamedTuple):
    """What is promised to the contacts of a queue, and when it is open."""

    level: ServiceLevel
    callback: Callback | None
    backlog: Backlog | None
    hours: tuple[Spans, ...] | None
    at_close: str


@once(8)
def _rules(
    promises: tuple[_Promise, ...],
    losses: tuple[tuple[Leaves, Tells | None, float | Amounts], ...],
    classes: tuple[tuple[str, ...], ...],
    grid: Grid,
) -> Rules:
    """The rules of promises by queue, losses by profile, and the names of the classes of each queue."""
    levels, callbacks = [one.level for one in promises], [one.callback for one in promises]
    leaves, tells, values = zip(*losses, strict=True)
    steps = [one.served_late for one in leaves]
    clocks = [_clock(one, grid) for one in promises]
    names = list(dict.fromkeys(name for own in classes for name in own))
    profile_of = np.repeat(np.arange(len(classes))[:, None], len(names) + 1, axis=1)
    cell_of = np.zeros_like(profile_of)
    cells, profile = _cells(classes), len(classes)
    for place, cell in enumerate(cells):
        if cell.name == OTHERS:
            cell_of[cell.queue] = np.where(cell_of[cell.queue] > 0, cell_of[cell.queue], place)
        elif cell.name:
            number = names.index(cell.name) + 1
            cell_of[cell.queue, number] = place
            profile_of[cell.queue, number] = profile
            profile += 1
    return Rules(
        within=np.array([level.within for level in levels], dtype=float),
        target=np.array([level.target for level in levels], dtype=float),
        definition=np.array([DEFINITIONS.index(level.definition) for level in levels], dtype=np.int64),
        clock=np.array([level.clock == "open_hours" for level in levels], dtype=np.int64),
        clock_start=np.cumsum([0, *map(len, clocks)], dtype=np.int64),
        clock_opens=np.array([opens for spans in clocks for opens, _ in spans], dtype=float),
        clock_closes=np.array([closes for spans in clocks for _, closes in spans], dtype=float),
        promise=np.array([one.within if one else math.inf for one in callbacks], dtype=float),
        watched=np.array([_is_watched(one.hours, one.at_close, grid) for one in promises], dtype=np.int64),
        unserved=np.array([one.unserved for one in leaves], dtype=float),
        late_start=np.cumsum([0] + [len(step) for step in steps], dtype=np.int64),
        late_time=np.array([time for step in steps for time in step], dtype=float),
        late_share=np.array([share for step in steps for share in step.values()], dtype=float),
        value=_values([value_of(value) for value in values]),
        deterred=np.array([t.share * t.people * t.put_off if t else 0.0 for t in tells], dtype=float),
        profile_of=profile_of.astype(np.int64),
        cell_of=cell_of.astype(np.int64),
        cells=len(cells),
    )


def _clock(promise: _Promise, grid: Grid) -> tuple[tuple[float, float], ...]:
    """The open hours by which a queue's promise is counted, those before opening in which its backlog joined too."""
    if promise.level.clock != "open_hours":
        return ()
    return open_spans(promise.hours, grid, before=promise.backlog.age[1] if promise.backlog else 0.0)


def _is_watched(hours: tuple[Spans, ...] | None, at_close: str, grid: Grid) -> bool:
    """Whether a queue has hours of its own, or carries contacts over its closing."""
    return open_spans(hours, grid) != ((0.0, grid.horizon),) or at_close == "carry"


def _values(values: list[Distribution]) -> Draws:
    """The distributions of what customers are worth, laid end to end."""
    size = np.array([[len(value.parameters) for value in values]], dtype=np.int64)
    return Draws(
        family=np.array([[value.code for value in values]], dtype=np.int64),
        start=np.cumsum(size, axis=1, dtype=np.int64) - size,
        size=size,
        stride=np.zeros_like(size),
        parameters=np.array([parameter for value in values for parameter in value.parameters], dtype=float),
    )


BINS_PER_OCTAVE = 1024
LOWEST, OCTAVES = (
    -6,
    31,
)  # waits from 2⁻⁷ s (8 ms) to 2²⁴ s (194 days); what is outside counts in the end bins
BINS = 1 + OCTAVES * BINS_PER_OCTAVE
DENSE = 1 << 18  # codes up to here are counted in a table, beyond by sorting


@kernel(often=True)
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


@kernel(seldom=True)
def left_on_announcement(row, t, c, seed, replication):
    """1 for a contact that did not balk by its own number, so that it left on hearing the estimated wait, else 0."""
    queue, home = np.int64(t.i[r.QUEUE, row]), np.int64(t.i[r.HOME, row])
    stream, customer = c.demand.streams[home], np.int64(t.i[r.CUSTOMER, row])
    need, attempt = np.int64(t.i[r.NEED, row]), np.int64(t.i[r.ATTEMPT, row])
    return 1.0 if u(seed, stream, replication, customer, need, attempt, BALK) >= c.balks[queue] else 0.0


@kernel(often=True)
def count_contact(row, t, queue, place, interval, c, rules, totals, seed, replication):
    """Add one contact of a queue to the totals of a cell and an interval."""
    outcome, wait = t.i[r.OUTCOME, row], t.f[r.WAIT, row]
    cell = totals[place, interval]
    with_callbacks = rules.promise[queue] < math.inf
    requested = with_callbacks and not math.isnan(t.f[r.REQUESTED, row])
    if outcome == O_BLOCKED or not math.isnan(t.f[r.JOINED, row]):
        cell[OFFERED] += 1.0
    if outcome == O_ANSWERED:
        cell[ANSWERED] += 1.0
        cell[ANSWERED_WAIT] += wait
    elif outcome == O_ABANDONED or outcome == O_BALKED:
        cell[ABANDONED] += 1.0
        if outcome == O_BALKED and c.announce_leaves[queue] > 0.0:
            cell[LEFT_ON_ANNOUNCEMENT] += left_on_announcement(row, t, c, seed, replication)
    elif outcome == O_BLOCKED:
        cell[BLOCKED] += 1.0
    elif outcome == O_UNANSWERED:
        cell[UNANSWERED] += 1.0
    elif outcome == O_CLOSED:
        cell[CLOSED] += 1.0
    elif outcome == O_SELF_SERVED:
        cell[SELF_SERVED] += 1.0
    elif outcome == O_IVR_HANG_UP:
        cell[IVR_HANG_UPS] += 1.0
    elif outcome == O_PENDING:
        cell[PENDING] += 1.0
    if not math.isnan(wait):
        cell[WAIT] += wait
        cell[WAITED] += 1.0
        cell[LONGEST_WAIT] = max(cell[LONGEST_WAIT], wait)
        if wait > 0.0 or requested:
            cell[DELAYED] += 1.0
    count_for_target(row, t, queue, requested, c, rules, cell)
    count_callback(row, t, queue, rules, with_callbacks, cell)
    if with_callbacks:
        count_deferred(row, t, place, interval, c, totals)


@kernel(often=True)
def count_callback(row, t, queue, rules, with_callbacks, cell):
    """Add what a contact says of callbacks, and when a customer who reached an agent did."""
    if t.i[r.OUTCOME, row] == O_ANSWERED:
        cell[REACHED_AGENT] += 1.0
        cell[TIME_TO_AGENT] += t.f[r.ANSWERED, row] - t.f[r.JOINED, row]
    if not with_callbacks:
        return
    requested, connected = t.f[r.REQUESTED, row], t.f[r.CONNECTED, row]
    if not math.isnan(t.f[r.OFFERED, row]):
        cell[CALLBACKS_OFFERED] += 1.0
    if math.isnan(requested):
        return
    cell[CALLBACKS_ACCEPTED] += 1.0
    cell[CALLBACK_DIALS] += t.i[r.DIALS, row]
    if t.i[r.OUTCOME, row] == O_CALLBACK_FAILED:
        cell[CALLBACKS_FAILED] += 1.0
    if math.isnan(connected):
        return
    cell[CALLBACKS_SERVED] += 1.0
    cell[REACHED_AGENT] += 1.0
    cell[TIME_TO_AGENT] += connected - t.f[r.JOINED, row]
    cell[CALLBACK_WAIT] += connected - requested
    if connected <= requested + rules.promise[queue]:
        cell[CALLBACKS_WITHIN] += 1.0


@kernel(seldom=True)
def count_deferred(row, t, place, interval, c, totals):
    """Add the work of a served callback where it was put off and where it was done."""
    connected = t.f[r.CONNECTED, row]
    if not math.isnan(connected):
        work = t.f[r.RELEASED, row] - connected
        totals[place, interval, WORK_PUT_OFF] += work
        totals[place, interval_of(connected, c.interval, totals.shape[1]), WORK_CALLED_BACK] += work


@kernel(often=True)
def count_for_target(row, t, queue, requested, c, rules, cell):
    """Add one contact to the two sides of the service level, under the queue's own definition and clock."""
    outcome, within, definition = t.i[r.OUTCOME, row], rules.within[queue], rules.definition[queue]
    joined = t.f[r.JOINED, row]
    if requested or not (outcome == O_BLOCKED or not math.isnan(joined)):
        return
    answered, gone = outcome == O_ANSWERED, outcome == O_ABANDONED or outcome == O_BALKED
    if rules.clock[queue]:
        due = moment_within(rules.clock_start, rules.clock_opens, rules.clock_closes, queue, joined, within)
        early = gone and joined + t.f[r.WAIT, row] <= due
    else:
        due = joined + within
        early = gone and t.f[r.WAIT, row] <= within
    if (
        outcome == O_PENDING
        and due >= c.horizon
        and moment_within(c.span_start, c.span_opens, c.span_closes, queue, joined, 0.0) == math.inf
    ):
        return  # it came when the queue had closed for good, and its time has not run out: nobody could have answered
    in_time = answered and t.f[r.ANSWERED, row] <= due
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


@kernel(seldom=True)
def count_following(row, following, t, c, seed, replication, cell):
    """Add what came after a contact: the same customer's next one."""
    if t.i[r.NEED, following] == t.i[r.NEED, row]:
        if t.i[r.QUEUE, following] == t.i[r.QUEUE, row]:
            cell[REDIALS] += 1.0
        else:
            cell[SWITCHES] += 1.0
    elif is_transfer(row, t, c, seed, replication):
        cell[TRANSFERS] += 1.0
    else:
        cell[REPEATS] += 1.0


@kernel(seldom=True)
def is_transfer(row, t, c, seed, replication):
    """Whether a customer's next need is a transfer, by the need's own number."""
    queue, home = np.int64(t.i[r.QUEUE, row]), np.int64(t.i[r.HOME, row])
    first, end = c.transfer_start[queue], c.transfer_start[queue + 1]
    if first == end:
        return False
    customer, need = np.int64(t.i[r.CUSTOMER, row]), np.int64(t.i[r.NEED, row])
    uniform = u(seed, c.demand.streams[home], replication, customer, need, 0, TRANSFER)
    return uniform < c.transfer_until[end - 1]


@kernel(seldom=True)
def count_left(row, t, queue, place, c, totals):
    """Add a contact to the closings and openings of its queue, from the end of the warm-up on, that it waits through.

    It leaves the line when it is answered, asks for a callback, or after its wait; pending ones never do.
    """
    joined, outcome = t.f[r.JOINED, row], t.i[r.OUTCOME, row]
    left = joined + t.f[r.WAIT, row]
    if outcome == O_PENDING and math.isnan(t.f[r.REQUESTED, row]):
        left = math.inf
    elif outcome == O_ANSWERED:
        left = t.f[r.ANSWERED, row]
    elif outcome == O_UNANSWERED:
        left -= SOON
    for span in range(c.span_start[queue], c.span_start[queue + 1]):
        opens, closes = c.span_opens[span], c.span_closes[span]
        if c.warm_up <= opens and (joined < opens or (opens == 0.0 and joined <= 0.0)) and left >= opens:
            totals[place, interval_of(opens, c.interval, totals.shape[1]), LEFT_AT_OPENING] += 1.0
        if c.warm_up <= closes and joined < closes and left > closes:
            totals[place, interval_of(closes, c.interval, totals.shape[1]), LEFT_AT_CLOSING] += 1.0


@kernel(often=True)
def late_share(rules, profile: int, waited: float) -> float:
    """The share of served customers who leave after waiting so long in all."""
    share = 0.0
    for step in range(rules.late_start[profile], rules.late_start[profile + 1]):
        if waited >= rules.late_time[step]:
            share = rules.late_share[step]
    return share


@kernel(often=True)
def is_met(outcome: int) -> bool:
    """Whether a need whose last contact ended so was met."""
    return outcome == O_ANSWERED or outcome == O_SELF_SERVED or outcome == O_CALLBACK_SERVED


@kernel(often=True)
def waiting(row, t):
    """How long a contact waited: on the line, and from a request to the callback."""
    wait, waited = t.f[r.WAIT, row], 0.0
    if not math.isnan(wait):
        waited += wait
    if not math.isnan(t.f[r.CONNECTED, row]):
        waited += t.f[r.CONNECTED, row] - t.f[r.REQUESTED, row]
    return waited


@kernel
def worth(rules, profile, stream, seed, replication, customer):
    """What a customer is worth: a number, or the quantile of its own one."""
    if rules.value.family[0, profile] == 0:
        return rules.value.parameters[rules.value.start[0, profile]]
    return duration(rules.value, 0, profile, 0, u(seed, stream, replication, customer, 0, 0, VALUE))


@kernel
def served_at(row, arose, t, c, stream, seed, replication):
    """When a need was met: at talk end, or when the IVR had served it; arose: the need's first arrival."""
    if t.i[r.OUTCOME, row] != O_SELF_SERVED:
        return t.f[r.TALK_ENDED, row]
    customer, need, attempt = t.i[r.CUSTOMER, row], t.i[r.NEED, row], t.i[r.ATTEMPT, row]
    uniform = u(seed, stream, replication, np.int64(customer), np.int64(need), np.int64(attempt), IVR_TIME)
    interval = interval_of(arose, c.interval, c.demand.intervals)
    return t.f[r.ARRIVED, row] + duration(c.delays, IVR_WAIT, np.int64(t.i[r.QUEUE, row]), interval, uniform)


@kernel(often=True)
def next_cell(place, row, queue, t, rules, classes):
    """After a queue the cell of the contact's class there, if the queue has classes; −1 after that."""
    if classes and place == queue:
        cell = rules.cell_of[queue, t.i[r.CLASS_ID, row]]
        return cell if cell > 0 else -1
    return -1


@kernel(often=True)
def count_customer(first, then, t, seed, replication, c, rules, classes, totals):
    """Add a customer, whose contacts are row `first` and the chain of `then` from there: met or not, lost or not."""
    home, customer = np.int64(t.i[r.HOME, first]), np.int64(t.i[r.CUSTOMER, first])
    stream, arrived = c.demand.streams[home], t.f[r.ARRIVED, first]
    unserved, waited, further, transfers, last = False, waiting(first, t), 0, 0, first
    arose, following = arrived, then[first]
    while following >= 0:
        if t.i[r.NEED, following] != t.i[r.NEED, last]:
            unserved = unserved or not (is_met(t.i[r.OUTCOME, last]) or t.i[r.OUTCOME, last] == O_PENDING)
            transfers += is_transfer(last, t, c, seed, replication)
            arose = t.f[r.ARRIVED, following]
        further += 1
        waited += waiting(following, t)
        last = following
        following = then[last]
    met, pending = is_met(t.i[r.OUTCOME, last]), t.i[r.OUTCOME, last] == O_PENDING
    unserved = unserved or not (met or pending)
    profile = rules.profile_of[home, t.i[r.CLASS_ID, first]] if classes else home
    if unserved:
        share = rules.unserved[profile]
    else:
        share = 0.0 if pending else late_share(rules, profile, waited)
    lost = share > 0.0 and u(seed, stream, replication, customer, 0, 0, LEAVE) < share
    value = worth(rules, profile, stream, seed, replication, customer) if lost else 0.0
    ended = served_at(last, arose, t, c, stream, seed, replication) if met else 0.0
    interval, place = interval_of(arrived, c.interval, totals.shape[1]), home
    while place >= 0:
        cell = totals[place, interval]
        cell[CUSTOMERS] += 1.0
        if waited > 0.0:
            cell[CUSTOMER_WAIT] += waited
        if unserved:
            cell[UNSERVED_CUSTOMERS] += 1.0
        elif met:
            cell[TIME_TO_RESOLUTION] += ended - arrived
        else:
            cell[PENDING_CUSTOMERS] += 1.0
        if further > 0:
            cell[FURTHER_CONTACTS] += further
            cell[CUSTOMER_TRANSFERS] += transfers
            if met and not unserved:
                cell[RESOLVED_LATER] += 1.0
        if lost:
            cell[LOST_CUSTOMERS] += 1.0
            cell[LOST_VALUE] += value
            cell[DETERRED_VALUE] += value * rules.deterred[profile]
        place = next_cell(place, first, home, t, rules, classes)


@kernel(often=True)
def tally(t, firsts, then, c, rules, seed, replication, totals, sheet):
    """One pass over the records of a replication, customer by customer.

    firsts: int32, the row of each customer's first contact, in order of home and customer; then: int32, the
    row of the same customer's next contact, or -1. totals: float64 (cells, intervals, totals), added to; the
    counted waits are added to the sheet's bins or, by interval, to its codes. What waits at opening has moments
    before 0: it counts in the first interval, and as if it had arrived at 0.
    """
    count, each = totals.shape[1], sheet.codes.size > 0
    classes = totals.shape[0] > rules.within.size
    for first in firsts:
        row = first
        while row >= 0:
            queue, joined, wait = np.int64(t.i[r.QUEUE, row]), t.f[r.JOINED, row], t.f[r.WAIT, row]
            arrived, following = t.f[r.ARRIVED, row], then[row]
            interval = interval_of(arrived if math.isnan(joined) else joined, c.interval, count)
            counted = max(arrived, 0.0) >= c.warm_up
            place = queue
            while place >= 0:
                if wait > 0.0:
                    end = min(joined + wait, c.horizon)
                    add_line_time(totals[place], joined, end, c.warm_up, c.interval)
                if rules.watched[queue] and (wait > 0.0 or joined <= 0.0):
                    count_left(row, t, queue, place, c, totals)
                if counted:
                    count_contact(row, t, queue, place, interval, c, rules, totals, seed, replication)
                    if following >= 0:
                        count_following(row, following, t, c, seed, replication, totals[place, interval])
                    if not math.isnan(wait) and each:
                        sheet.codes[sheet.used[0]] = (place * count + interval) * BINS + bin_of(wait)
                        sheet.used[0] += 1
                    elif not math.isnan(wait):
                        sheet.bins[place, bin_of(wait)] += 1
                place = next_cell(place, row, queue, t, rules, classes)
            row = following
        if max(t.f[r.ARRIVED, first], 0.0) >= c.warm_up:
            count_customer(first, then, t, seed, replication, c, rules, classes, totals)


@kernel(often=True)
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

    contacts: float64 (replications, cells, totals); agents: (replications, 4, groups); interval_sums (cells,
    intervals, totals) and agent_sums (4, groups, intervals): summed over replications; bins: int32 (cells, BINS),
    the waits, or, by interval, codes: int64, (cell × intervals + interval) × BINS + bin of the first `used` waits; the
    two by interval have no rows unless they are wanted; scratch: one replication's.
    """

    contacts: np.ndarray
    agents: np.ndarray
    interval_sums: np.ndarray
    agent_sums: np.ndarray
    bins: np.ndarray
    codes: np.ndarray
    used: np.ndarray
    contacts_by_interval: np.ndarray
    agents_by_interval: np.ndarray
    scratch: np.ndarray


def blank_sheet(replications: int, centre: Centre, by_interval: bool, rules: Rules | None = None) -> Sheet:
    """A sheet of zeros for so many replications; without rules, none for classes."""
    cells = centre.balks.size if rules is None else rules.cells
    groups, count = centre.steps.staffing.shape[0], centre.demand.intervals
    rows = replications if by_interval else 0
    return Sheet(
        contacts=np.zeros((replications, cells, len(TOTALS))),
        agents=np.zeros((replications, len(AGENT_TIME), groups)),
        interval_sums=np.zeros((cells, count, len(TOTALS))),
        agent_sums=np.zeros((len(AGENT_TIME), groups, count)),
        bins=np.zeros((0 if by_interval else cells, BINS), dtype=np.int32),
        codes=np.zeros(DENSE if by_interval else 0, dtype=np.int64),
        used=np.zeros(1, dtype=np.int64),
        contacts_by_interval=np.zeros((rows, cells, count, len(TOTALS))),
        agents_by_interval=np.zeros((rows, len(AGENT_TIME), groups, count)),
        scratch=np.zeros((cells, count, len(TOTALS))),
    )


@kernel
def enters(tables, hours, firsts, then, c, rules, seed, replication, row, sheet):
    """Write the totals of one replication into row `row` of a sheet; hours: float64 (4, groups, intervals)."""
    totals = sheet.scratch
    cells, count, kinds = totals.shape
    whole = sheet.contacts_by_interval.shape[0] > 0
    for cell in range(cells):
        for interval in range(count):
            for kind in range(kinds):
                totals[cell, interval, kind] = 0.0
    tally(tables, firsts, then, c, rules, seed, replication, totals, sheet)
    for cell in range(cells):
        day = sheet.contacts[row, cell]
        for interval in range(count):
            for kind in range(kinds):
                value = totals[cell, interval, kind]
                sheet.interval_sums[cell, interval, kind] += value
                day[kind] = max(day[kind], value) if kind == LONGEST_WAIT else day[kind] + value
                if whole:
                    sheet.contacts_by_interval[row, cell, interval, kind] = value
    for kind in range(hours.shape[0]):
        for group in range(hours.shape[1]):
            for interval in range(count):
                value = hours[kind, group, interval]
                sheet.agents[row, kind, group] += value
                sheet.agent_sums[kind, group, interval] += value
                if whole:
                    sheet.agents_by_interval[row, kind, group, interval] = value


@kernel(lean=True)
def enter(f, i, hours, firsts, then, centre, rules, seed, replication, row, sheet):
    """Write the totals of one replication by itself."""
    tables, c, judge, page = handle(Tables(f, i)), handle(centre), handle(rules), handle(sheet)
    enters(tables, hours, firsts, then, c, judge, seed, replication, row, page)


def enter_records(
    records: Records, centre: Centre, rules: Rules, seed: int, replication: int, row: int, sheet: Sheet
) -> None:
    """Write the totals of one replication's records, sorted as they are, into a row of a sheet."""
    f, i, hours = to_tables(records)
    firsts = np.flatnonzero((records.need == 0) & (records.attempt == 0)).astype(np.int32)
    then = np.arange(1, records.home.size + 1, dtype=np.int32)
    if firsts.size:
        then[np.append(firsts[1:], then.size) - 1] = -1
    i = np.ascontiguousarray(i, dtype=np.int32)  # as in the compiled engine, so that one kernel serves both
    enter(f, i, hours, firsts, then, centre, rules, seed, replication, row, sheet)


class Waits(NamedTuple):
    """How often each bin of waits occurs: codes int64 rising, place × BINS + bin, with a place for each cell, or
    cell and interval."""

    codes: np.ndarray
    counts: np.ndarray


NO_WAITS = Waits(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def waits_of(sheet: Sheet) -> Waits:
    """The waits that a sheet has counted since the last time; by interval, its codes are free again."""
    if sheet.codes.size:
        codes, counts = np.unique(sheet.codes[: sheet.used[0]], return_counts=True)
        sheet.used[0] = 0
        return Waits(codes, counts.astype(np.int64))
    codes = np.flatnonzero(sheet.bins)
    return Waits(codes, sheet.bins.ravel()[codes].astype(np.int64))


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


def moments_by_interval(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """How many closings and openings of each cell's queue fall in each interval after the warm-up.

    Two of shape (cells, intervals); zero for queues whose backlogs are not counted.
    """
    cells, queues, grid = cells_of(scenario), list(scenario.queues.values()), scenario.grid
    closings, openings = np.zeros((len(cells), grid.count)), np.zeros((len(cells), grid.count))
    for place, cell in enumerate(cells):
        queue = queues[cell.queue]
        watched = _is_watched(queue.hours, queue.at_close or scenario.at_close, grid)
        for opens, closes in queue.open_spans(grid) if watched else ():
            openings[place, interval_of(opens, grid.interval, grid.count)] += opens >= scenario.warm_up
            closings[place, interval_of(closes, grid.interval, grid.count)] += closes >= scenario.warm_up
    return closings, openings


def queue_figures(totals: np.ndarray, scenario: Scenario, seconds: Any) -> dict[str, np.ndarray]:
    """Totals by name, with those that are computed for each replication added.

    totals: (replications, cells, …, totals); seconds: observed time, broadcast against the last axes before
    that. The figures have the shape of totals without the last axis.
    """
    figures = {name: totals[..., place] for place, name in enumerate(TOTALS)}
    targets = np.array([queue.service_level.target for queue in scenario.queues.values()])
    target = targets[[cell.queue for cell in cells_of(scenario)]].reshape((-1,) + (1,) * (totals.ndim - 3))
    asked = figures["counted_for_target"] > 0
    level = np.divide(
        figures["within_target"], figures["counted_for_target"], where=asked, out=np.zeros(asked.shape)
    )
    figures["callbacks_broken"] = figures["callbacks_accepted"] - figures["callbacks_within"]
    figures["never_answered"] = figures["offered"] - figures["answered"] - figures["callbacks_served"]
    resolved = figures["customers"] - figures["unserved_customers"] - figures["pending_customers"]
    figures["resolved"], figures["resolved_at_once"] = resolved, resolved - figures["resolved_later"]
    figures["customer_contacts"] = figures["customers"] + figures["further_contacts"]
    figures["deferred_hours"] = figures["work_put_off"] / 3600.0
    figures["returned_hours"] = figures["work_called_back"] / 3600.0
    figures["target_asked"] = asked.astype(float)
    figures["target_met"] = (asked & (level >= target)).astype(float)
    line, watched = figures["line_seconds"], np.broadcast_to(seconds, figures["line_seconds"].shape)
    figures["queue_length"] = np.divide(line, watched, where=watched > 0, out=np.full(line.shape, np.nan))
    figures["longest_wait"] = np.where(figures["waited"] > 0, figures["longest_wait"], np.nan)
    for name, moments in zip(("closings", "openings"), moments_by_interval(scenario), strict=True):
        figures[name] = np.broadcast_to(moments.sum(axis=1) if totals.ndim == 3 else moments, line.shape)
    return figures


def agent_figures(totals: np.ndarray, scenario: Scenario, by_interval: bool) -> dict[str, np.ndarray]:
    """Hours and cost by name; totals: (replications, 4, groups) or with intervals as the last axis."""
    groups = list(scenario.agents.values())
    since = scenario.warm_up
    planned = np.array([scenario.planned_seconds(name, since) for name in scenario.agents]) / 3600.0
    paid = np.array([scenario.paid_seconds(name, since) for name in scenario.agents]) / 3600.0
    if not by_interval:
        planned, paid = planned.sum(axis=1), paid.sum(axis=1)
    column = (-1, 1) if by_interval else (-1,)
    available = 1.0 - np.array([group.shrinkage for group in groups]).reshape(column)
    cost = np.array([group.cost_per_hour for group in groups]).reshape(column)
    on_duty, overtime, busy, unreached = (totals[:, place] / 3600.0 for place in range(len(AGENT_TIME)))
    paid = paid / available + overtime
    return {
        "on_duty_hours": on_duty, "overtime_hours": overtime, "busy_hours": busy, "paid_hours": paid,
        "unreached_hours": unreached, "attended_hours": on_duty + overtime, "staff_cost": paid * cost,
        "absent_hours": np.maximum(planned - on_duty, 0.0),
    }  # fmt: skip
