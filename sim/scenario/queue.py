"""What the planner says of a queue: who comes, how long they stay, and what becomes of them."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from sim.distributions import Distribution, distribution
from sim.errors import InputError, nearest, shown
from sim.scenario import units
from sim.scenario.durations import Amounts, Duration_, Frozen, Patience
from sim.scenario.quantities import (
    UNLIMITED,
    Ages,
    Amount,
    Attempts,
    Contacts,
    Count,
    Duration,
    Factor,
    Positive,
    PositiveFactor,
    Quantity,
    Rate,
    Share,
    Steps,
    Text,
    amount,
    named,
    one_of,
)  # fmt: skip
from sim.scenario.recorded import Trace
from sim.scenario.weeks import Grid, Hours, Spans, open_spans

MANY_ATTEMPTS = 1000  # beyond these, dials that follow at once would never end
OFFERS = "always, {estimated_wait: 2 min}, {queue_length: 10}, {waited: 90 s}"
ROUNDING = 1e-9  # by which a sum of shares may be over 100%
AtClose = one_of("finish", "drop", "carry")


class Arrivals(Frozen):
    """First contacts: how many are expected, and how much the days differ beyond chance; or those recorded."""

    per_interval: Contacts | None = None
    rate: Rate | None = None
    trace: Trace | None = None
    volume: Factor = 1.0
    daily_variation: Factor = 0.0
    varies_with: Text | None = None

    @model_validator(mode="after")
    def _exactly_one_way(self) -> "Arrivals":
        if sum(way is not None for way in (self.per_interval, self.rate, self.trace)) != 1:
            raise InputError("give exactly one of per_interval, rate and trace")
        if self.trace is not None and (self.volume, self.daily_variation, self.varies_with) != (
            1.0,
            0.0,
            None,
        ):
            key = (
                "volume"
                if self.volume != 1.0
                else "daily_variation"
                if self.daily_variation
                else "varies_with"
            )
            raise InputError(
                "does not go with a trace: recorded contacts come as they came; leave it out", path=key
            )
        if self.daily_variation and not 0.001 <= self.daily_variation <= 10:
            raise InputError(
                f"{units.say_share(self.daily_variation)} is no variation that can be drawn; "
                "give 0%, or from 0.1% to 1000%",
                path="daily_variation",
            )
        return self

    def expected(self, grid: Grid) -> np.ndarray:
        """Expected first contacts of each interval, events left aside."""
        if self.trace is not None:
            return self.trace.expected(grid.count, grid.interval)  # type: ignore[no-any-return]
        each_interval = self.per_interval or [(self.rate or 0.0) * grid.interval] * grid.count
        return np.array(each_interval, dtype=float) * self.volume


class Redial(Frozen):
    """Those who gave up and dial again: which share, after how long, at most how often in all."""

    share: Share
    after: Duration_
    attempts: Attempts = UNLIMITED

    @model_validator(mode="after")
    def _ends(self) -> "Redial":
        if self.attempts > MANY_ATTEMPTS and min(d.mean for d in self.after.drawn) < 1:
            raise InputError(
                f"callers who redial within 1 s on average need attempts of {MANY_ATTEMPTS} or fewer; "
                "make after longer",
                path="after",
            )
        return self


def _parse_true(value: Any) -> bool:
    if value is not True:
        raise InputError(f"{shown(value)} is not true; write offer: always, or another rule")
    return True


class Offer(Frozen):
    """When a caller who cannot be answered at once is offered a callback: exactly one of these."""

    estimated_wait: Duration | None = None
    queue_length: Count | None = None
    waited: Duration | None = None
    always: Annotated[bool, BeforeValidator(_parse_true), WithJsonSchema({"const": True})] | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_a_mapping(cls, value: Any) -> Any:
        if not isinstance(value, Mapping | Offer):
            near = nearest(value, ("always",)) if isinstance(value, str) else ""
            raise InputError(f"{shown(value)} is no rule{near}; give one of {OFFERS}")
        return value

    @model_validator(mode="after")
    def _exactly_one_rule(self) -> "Offer":
        if sum(rule is not None for _, rule in self) != 1:
            raise InputError(f"give exactly one of {OFFERS}")
        return self


class Callback(Frozen):
    """A callback instead of waiting: when it is offered, who accepts, when and how it is dialled.

    `place`: keep the place in line, come back `later` (after `after`), or be dialled when agents are `idle`
    (more than `reserve` of the group free). `within` is the promise that is reported on.
    """

    offer: Offer
    accept: Share
    place: one_of("keep", "later", "idle") = "keep"  # type: ignore[valid-type]
    after: Duration | None = None
    reserve: Count | None = None
    ring: Duration = 0.0
    reached: Share = 1.0
    attempts: Positive = 3
    retry_after: Duration = 600.0
    max_pending: Count | None = None
    last_offer: Duration = 0.0
    within: Duration = 3600.0

    @model_validator(mode="after")
    def _fits_its_place(self) -> "Callback":
        if self.place == "later" and self.after is None:
            raise InputError("is missing; place: later needs it, as in after: 30 min", path="after")
        if self.place != "later" and self.after is not None:
            raise InputError("belongs to place: later; leave it out or write place: later", path="after")
        if self.reserve is not None and self.place != "idle":
            raise InputError("belongs to place: idle; leave it out or write place: idle", path="reserve")
        if self.attempts > MANY_ATTEMPTS and self.retry_after < 1:
            raise InputError(
                f"attempts that follow within 1 s must be {MANY_ATTEMPTS} or fewer; make retry_after longer",
                path="attempts",
            )
        return self


class ServiceLevel(Frozen):
    """The promise: answered within so long, for this share of contacts, counted by this definition."""

    within: Duration = 20.0
    target: Share = 0.8
    definition: one_of("offered", "answered", "early_abandons_excluded", "early_abandons_met") = "offered"  # type: ignore[valid-type]
    clock: one_of("always", "open_hours") = "always"  # type: ignore[valid-type]


class Leaves(Frozen):
    """Which customers are lost: of the unserved, and of those served late by their total waiting."""

    unserved: Share = 1.0
    served_late: Steps = Field(default_factory=dict)


class Tells(Frozen):
    """Lost customers who tell others: the share that tells, how many people, how many of them stay away."""

    share: Share
    people: Amount
    put_off: Share


def _kind_of_value(value: Any) -> str:
    return "function-amounts" if isinstance(value, Mapping | Amounts) else "function-amount"


Value = Annotated[
    Annotated[Amount, Tag("function-amount")] | Annotated[Amounts, Tag("function-amounts")],
    Discriminator(_kind_of_value),
    Quantity(amount),
]


class Backlog(Frozen):
    """Contacts that wait already at opening, their ages spread evenly over the span given."""

    count: Count
    age: Ages = (0.0, 0.0)


class Ivr(Frozen):
    """The recorded voice (or the chatbot) before the queue: how long, who is served by it, who hangs up."""

    time: Duration_
    self_served: Share = 0.0
    hangs_up: Share = 0.0

    @model_validator(mode="after")
    def _shares_fit(self) -> "Ivr":
        both = self.self_served + self.hangs_up
        if both > 1 + ROUNDING:
            raise InputError(
                f"self_served and hangs_up are {units.say_share(both)} together; at most 100% fit"
            )
        return self


class Transfer(Frozen):
    """Customers sent on to another queue when their talk ends; `retell` is added to the next talk."""

    to: Text
    share: Share
    retell: Duration = 0.0


class Repeat(Frozen):
    """Customers who were not helped and come again: which share, how long after their talk."""

    share: Share
    after: Duration_


class Switch(Frozen):
    """Those who gave up and try another queue: which share, after how long (at once unless given)."""

    to: Text
    share: Share
    after: Duration_ | None = None


class Announcement(Frozen):
    """An estimated wait that is told: who leaves on hearing it, and how much patience the others gain."""

    leave_above: Duration
    leaves: Share
    patience_factor: PositiveFactor = 1.0


class CustomerClass(Frozen):
    """Customers within a queue who differ from the others; a key that is absent is that of the queue."""

    share: Share
    patience: Patience | None = None
    redial: Redial | None = None
    leaves: Leaves | None = None
    customer_value: Value | None = None  # type: ignore[valid-type]
    head_start: Duration | None = None
    tells: Tells | None = None


class Queue(Frozen):
    """One kind of contact with its own waiting line."""

    hours: Hours | None = None
    after_hours: one_of("closed", "waits") = "closed"  # type: ignore[valid-type]
    arrivals: Arrivals
    backlog: Backlog | None = None
    ivr: Ivr | None = None
    talk: Duration_
    wrap: Duration_ | None = None
    patience: Patience | None = None
    at_close: AtClose | None = None  # type: ignore[valid-type]
    balks: Share = 0.0
    max_waiting: Count | None = None
    head_start: Duration = 0.0
    announcement: Announcement | None = None
    redial: Redial | None = None
    switch: Switch | None = None
    transfer: tuple[Transfer, ...] = ()
    repeat: Repeat | None = None
    callback: Callback | None = None
    classes: Annotated[dict[str, CustomerClass], named("a class")] = Field(default_factory=dict)
    service_level: ServiceLevel = Field(default_factory=ServiceLevel)
    customer_value: Value = 0.0  # type: ignore[valid-type]
    leaves: Leaves = Field(default_factory=Leaves)
    tells: Tells | None = None

    @model_validator(mode="after")
    def _shares_fit(self) -> "Queue":
        for key, parts in (("transfer", self.transfer), ("classes", tuple(self.classes.values()))):
            total = sum(part.share for part in parts)
            if total > 1 + ROUNDING:
                raise InputError(
                    f"the shares are {units.say_share(total)} together; at most 100% fit", path=key
                )
        for key in ("backlog", "ivr") if self.arrivals.trace is not None else ():
            if getattr(self, key) is not None:
                raise InputError(
                    "does not go with a trace, whose contacts come to the queue itself; leave it out",
                    path=key,
                )
        for name, who in (("others", "the customers of no class"), ("all", "those of every class")):
            if name in self.classes:
                said = f"{shown(name)} are {who}; give the class another name"
                raise InputError(said, path="classes")
        return self

    def expected(self, grid: Grid) -> np.ndarray:
        """Expected first contacts of each interval, events left aside."""
        return self.arrivals.expected(grid)

    def mean_handle(self, grid: Grid) -> np.ndarray:
        """Mean talk + mean wrap of each interval, s, before any handle factor."""
        return mean_handle(self.talk, self.wrap, grid)

    def open_spans(self, grid: Grid, before: float = 0.0) -> Spans:
        """(opens, closes) of each span of its hours within the horizon, seconds from opening, rising.

        before: seconds before opening from which on they are wanted, as negative moments.
        """
        return open_spans(self.hours, grid, before)

    def as_class(self, name: str | None) -> "Queue":
        """The queue as customers of one of its classes find it: their own keys in place of the queue's."""
        if name is None or name not in self.classes:
            return self
        own = {key: value for key, value in self.classes[name] if key != "share" and value is not None}
        return self.model_copy(update=own)

    @property
    def value(self) -> Distribution:
        """The distribution of what a customer is worth."""
        return value_of(self.customer_value)


def value_of(written: float | Amounts) -> Distribution:
    """The distribution of what a customer is worth."""
    return written.drawn if isinstance(written, Amounts) else distribution("constant", value=written)


def mean_handle(talk: Duration_, wrap: Duration_ | None, grid: Grid) -> np.ndarray:
    """Mean talk + mean wrap of each interval, s, before any handle factor."""
    return talk.means(grid) + (wrap.means(grid) if wrap else 0.0)


def class_names(queues: Iterable[Queue]) -> tuple[str, ...]:
    """The names of all customer classes of these queues in order of first mention."""
    return tuple(dict.fromkeys(name for queue in queues for name in queue.classes))
