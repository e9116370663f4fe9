"""A scenario as the plain arrays that dealing and both engines read."""

from typing import Any, NamedTuple

import numpy as np

from sim.distributions import Distribution, distribution
from sim.jit import kernel
from sim.model.chance import stream_key
from sim.scenario.quantities import UNLIMITED
from sim.scenario.schema import Callback, Patience, Queue, Scenario

NEVER = -1  # the family of a duration that never ends: patience where nobody hangs up
TALK_TIME, WRAP_TIME, PATIENCE_TIME, DAY_LEVEL = range(4)
REDIAL_TIME = 0
FINISH, DROP = 0, 1
NO_OFFER, ALWAYS, BY_ESTIMATED_WAIT, BY_QUEUE_LENGTH, BY_WAITED = range(5)
KEEP, LATER, IDLE = range(3)


class Draws(NamedTuple):
    """Distributions of durations by kind and queue, flat.

    family, start, size, stride: int64, shape (kinds, queues); parameters: float64, all sets end to end. The
    set for interval i begins at start + i × stride; a stride of 0 is one set for the whole horizon.
    """

    family: np.ndarray
    start: np.ndarray
    size: np.ndarray
    stride: np.ndarray
    parameters: np.ndarray


class Demand(NamedTuple):
    """What dealing reads: two plans whose Demand is equal share a Day.

    streams, day_streams: uint64 (queues,), keys of the queues' and the days' numbers; cumulative: float64
    (queues, intervals + 1), expected contacts up to each boundary; never: float64 (queues,), share whose
    patience never ends; draws: talk, wrap, patience, and the factor on the day's volume.
    """

    streams: np.ndarray
    day_streams: np.ndarray
    interval: float
    cumulative: np.ndarray
    never: np.ndarray
    draws: Draws


class Callbacks(NamedTuple):
    """Callback rules by queue, each of shape (queues,); -1 stands for unlimited.

    offer: the rule (NO_OFFER …); threshold: its seconds or number; place: KEEP, LATER or IDLE; the rest as in
    the scenario file, last_offer as the moment from which nothing is offered any more.
    """

    offer: np.ndarray
    threshold: np.ndarray
    accept: np.ndarray
    place: np.ndarray
    after: np.ndarray
    reserve: np.ndarray
    ring: np.ndarray
    reached: np.ndarray
    attempts: np.ndarray
    retry_after: np.ndarray
    max_pending: np.ndarray
    last_offer: np.ndarray


class Centre(NamedTuple):
    """What both engines read. Seconds from opening; -1 stands for unlimited.

    Queues: balks, max_waiting, head_start, redial_share, redial_attempts, at_close, shape (queues,).
    mean_handle: float64 (queues, intervals), mean talk + mean wrap, for estimated waits.
    Groups: staffing int64 (groups, intervals). Skills twice, by queue and by group, as flat lists with
    offsets: `groups[group_start[q]:group_start[q + 1]]` serve queue q with `prefer` and `factor` beside
    them; `queues[queue_start[g]:queue_start[g + 1]]` are served by group g with `level` beside them.
    """

    demand: Demand
    interval: float
    horizon: float
    warm_up: float
    lines: int
    balks: np.ndarray
    max_waiting: np.ndarray
    head_start: np.ndarray
    redial_share: np.ndarray
    redial_attempts: np.ndarray
    delays: Draws
    callbacks: Callbacks
    mean_handle: np.ndarray
    at_close: np.ndarray
    staffing: np.ndarray
    group_start: np.ndarray
    groups: np.ndarray
    prefer: np.ndarray
    factor: np.ndarray
    queue_start: np.ndarray
    queues: np.ndarray
    level: np.ndarray


@kernel(lean=True)
def interval_of(moment: float, interval: float, count: int) -> int:
    """The interval that a moment falls in; what comes after the last counts in the last."""
    return min(int(moment / interval), count - 1)


@kernel(lean=True)
def add_span(row: np.ndarray, start: float, end: float, from_: float, interval: float, weight: float) -> None:
    """Add `weight` × the seconds from start (or `from_`) to end to the intervals they fall in."""
    start = max(start, from_)
    if end <= start:
        return
    last = row.size - 1
    index = min(int(start / interval), last)
    while index < last and end > (index + 1) * interval:
        row[index] += weight * ((index + 1) * interval - start)
        start = (index + 1) * interval
        index += 1
    row[index] += weight * (end - start)


def centre_of(scenario: Scenario) -> Centre:
    """Turn a scenario (already under its plan) into arrays."""
    queues = list(scenario.queues.values())
    redials = [queue.redial for queue in queues]
    at_close = [queue.at_close or scenario.at_close for queue in queues]
    return Centre(
        demand=_demand(scenario),
        interval=scenario.grid.interval,
        horizon=scenario.grid.horizon,
        warm_up=scenario.warm_up,
        lines=-1 if scenario.lines is None else scenario.lines,
        balks=np.array([queue.balks for queue in queues], dtype=float),
        max_waiting=np.array(
            [-1 if q.max_waiting is None else q.max_waiting for q in queues], dtype=np.int64
        ),
        head_start=np.array([queue.head_start for queue in queues], dtype=float),
        redial_share=np.array([r.share if r else 0.0 for r in redials], dtype=float),
        redial_attempts=np.array([r.attempts if r else UNLIMITED for r in redials], dtype=np.int64),
        delays=_draws([[r.after.drawn if r else None for r in redials]]),
        callbacks=_callbacks(queues, scenario.grid.horizon),
        mean_handle=np.array([queue.mean_handle(scenario.grid) for queue in queues]),
        at_close=np.array([{"finish": FINISH, "drop": DROP}[word] for word in at_close], dtype=np.int64),
        staffing=np.array([group.staffing for group in scenario.agents.values()], dtype=np.int64),
        **_skills(scenario),
    )


def _demand(scenario: Scenario) -> Demand:
    queues = list(scenario.queues.values())
    grid = scenario.grid
    patience = [queue.patience for queue in queues]
    kinds: list[list[tuple[Distribution, ...] | None]] = [
        [queue.talk.drawn for queue in queues],
        [queue.wrap.drawn if queue.wrap else _nothing() for queue in queues],
        [p.drawn if p else None for p in patience],
        [_level(queue.arrivals.daily_variation) for queue in queues],
    ]
    return Demand(
        streams=np.array([stream_key(f"queue {name}") for name in scenario.queues], dtype=np.uint64),
        day_streams=np.array([_day_stream(name, q) for name, q in scenario.queues.items()], dtype=np.uint64),
        interval=grid.interval,
        cumulative=np.array([[0.0, *np.cumsum(queue.expected(grid))] for queue in queues]),
        never=np.array([p.never_hangs_up if isinstance(p, Patience) else 0.0 for p in patience], dtype=float),
        draws=_draws(kinds),
    )


def _nothing() -> tuple[Distribution, ...]:
    return (distribution("constant", value=0.0),)


def _level(variation: float) -> tuple[Distribution, ...] | None:
    """The factor on a whole day's rate: gamma with mean 1; None where days differ by chance alone."""
    return (distribution("gamma", mean=1.0, cv=variation),) if variation else None


def _day_stream(name: str, queue: Any) -> np.uint64:
    shared = queue.arrivals.varies_with
    return stream_key(f"queue {name}" if shared is None else f"varies_with {shared}")


def _draws(kinds: list[list[tuple[Distribution, ...] | None]]) -> Draws:
    """Lay the parameter sets of all kinds and queues end to end; equal sets are laid once."""
    shape = (len(kinds), len(kinds[0]))
    family, start = np.full(shape, NEVER, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    size, stride = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    flat: list[float] = []
    for kind, row in enumerate(kinds):
        for queue, sets in enumerate(row):
            if sets is None:
                continue
            place = kind, queue
            family[place], start[place], size[place] = sets[0].code, len(flat), len(sets[0].parameters)
            stride[place] = len(sets[0].parameters) if len(sets) > 1 else 0
            for one in sets:
                flat.extend(one.parameters)
    return Draws(family, start, size, stride, np.array(flat, dtype=float))


def _callbacks(queues: list[Queue], horizon: float) -> Callbacks:
    rows = [_callback_row(queue.callback, horizon) for queue in queues]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    whole = ("offer", "place", "reserve", "attempts", "max_pending")
    kinds = [np.int64 if name in whole else float for name in Callbacks._fields]
    return Callbacks(*(column.astype(kind) for column, kind in zip(columns, kinds, strict=True)))


def _callback_row(callback: Callback | None, horizon: float) -> tuple[float, ...]:
    if callback is None:
        return (NO_OFFER, 0.0, 0.0, KEEP, 0.0, 0, 0.0, 0.0, 1, 0.0, -1, 0.0)
    offer = callback.offer
    rules = {
        BY_ESTIMATED_WAIT: offer.estimated_wait,
        BY_QUEUE_LENGTH: offer.queue_length,
        BY_WAITED: offer.waited,
    }
    rule, threshold = next(((rule, t) for rule, t in rules.items() if t is not None), (ALWAYS, 0.0))
    return (
        rule, threshold, callback.accept, ("keep", "later", "idle").index(callback.place), callback.after or 0.0,
        callback.reserve or 0, callback.ring, callback.reached, callback.attempts, callback.retry_after,
        -1 if callback.max_pending is None else callback.max_pending, horizon - callback.last_offer,
    )  # fmt: skip


def _skills(scenario: Scenario) -> dict[str, np.ndarray]:
    names = list(scenario.queues)
    group_start, queue_start = [0], [0]
    groups, prefer, factor, queues, level = [], [], [], [], []
    for name in names:
        for g, group in enumerate(scenario.agents.values()):
            if name in group.skills:
                skill = group.skills[name]
                groups.append(g)
                prefer.append(skill.level if skill.prefer is None else skill.prefer)
                factor.append(skill.handle_factor)
        group_start.append(len(groups))
    for group in scenario.agents.values():
        for q, name in enumerate(names):
            if name in group.skills:
                queues.append(q)
                level.append(group.skills[name].level)
        queue_start.append(len(queues))
    whole = {
        "group_start": group_start,
        "groups": groups,
        "prefer": prefer,
        "queue_start": queue_start,
        "queues": queues,
        "level": level,
    }
    return {key: np.array(value, dtype=np.int64) for key, value in whole.items()} | {
        "factor": np.array(factor, dtype=float)
    }


def same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether two of these tuples of arrays hold the same values throughout."""
    return all(
        same(x, y) if isinstance(x, tuple) else np.array_equal(x, y) for x, y in zip(a, b, strict=True)
    )  # type: ignore[arg-type]
