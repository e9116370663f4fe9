"""What the planner writes: frozen models, unknown keys refused; the one home of defaults."""

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)  # fmt: skip

from sim.distributions import FAMILIES, Distribution, distribution
from sim.errors import InputError, nearest, shown
from sim.scenario import units
from sim.scenario.expand import Grid, expand, merged, where_written
from sim.scenario.quantities import (
    SHARE_TEXT,
    TEXT,
    UNLIMITED,
    AboveZero,
    Amount,
    Attempts,
    Clock,
    Contacts,
    Count,
    Duration,
    Factor,
    Heads,
    Mean,
    Positive,
    Quantity,
    Rate,
    Real,
    Replications,
    Seed,
    Share,
    SharesByTime,
    Steps,
    Text,
    each,
    leaf,
    one_of,
)  # fmt: skip

MOST_CONTACTS = 100_000_000
MOST_MEMBERS = 1000  # queues, and groups: what the order of ties has room for
MANY_ATTEMPTS = 1000  # beyond these, dials that follow at once would never end
OFFERS = "always, {estimated_wait: 2 min}, {queue_length: 10}, {waited: 90 s}"
AtClose = one_of("finish", "drop")


class Frozen(BaseModel):
    """Read once, never changed; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    later: ClassVar[tuple[str, ...]] = ()


class Duration_(Frozen):
    """A distribution of durations: by `mean` (and `cv`), by `quantiles`, or by its own parameters."""

    distribution: one_of(*FAMILIES)  # type: ignore[valid-type]
    mean: Mean | None = None
    cv: Amount | None = None
    quantiles: SharesByTime | None = None
    value: Duration | None = None
    shape: AboveZero | None = None
    scale: Duration | None = None
    mu: Real | None = None
    sigma: AboveZero | None = None
    low: Duration | None = None
    high: Duration | None = None
    points: SharesByTime | None = None
    values: Annotated[tuple[float, ...], BeforeValidator(each(units.duration))] | None = None

    _drawn: tuple[Distribution, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _is_possible(self) -> "Duration_":
        given = {
            key: getattr(self, key)
            for key in (
                "mean",
                "cv",
                "quantiles",
                "value",
                "shape",
                "scale",
                "mu",
                "sigma",
                "low",
                "high",
                "points",
                "values",
            )
            if getattr(self, key) is not None
        }
        means = given.pop("mean", None)
        try:
            if isinstance(means, tuple):
                by_mean = {m: distribution(self.distribution, mean=m, **given) for m in dict.fromkeys(means)}
                self._drawn = tuple(by_mean[m] for m in means)
            else:
                self._drawn = (distribution(self.distribution, mean=means, **given),)
        except InputError:
            raise
        except ValueError as error:
            raise InputError(str(error)) from None
        except ArithmeticError:
            raise InputError(f"no {self.distribution} fits numbers so far apart; check them") from None
        for drawn in self._drawn:
            if drawn.mean > units.LONGEST_DURATION:
                raise InputError(
                    f"the mean would be {drawn.mean:.3g} s, more than 300 years; check the numbers"
                )
        return self

    @property
    def drawn(self) -> tuple[Distribution, ...]:
        """One distribution, or one for each interval."""
        return self._drawn

    def means(self, grid: Grid) -> np.ndarray:
        """The mean of each interval, s."""
        return np.broadcast_to(np.array([d.mean for d in self._drawn]), grid.count)


class Patience(Duration_):
    """How long a waiting caller holds on, counted from joining the queue."""

    never_hangs_up: Share = 0.0


class Arrivals(Frozen):
    """First contacts: how many are expected, and how much the days differ beyond chance."""

    later = ("trace",)
    per_interval: Contacts | None = None
    rate: Rate | None = None
    volume: Factor = 1.0
    daily_variation: Factor = 0.0
    varies_with: Text | None = None

    @model_validator(mode="after")
    def _exactly_one_way(self) -> "Arrivals":
        if (self.per_interval is None) == (self.rate is None):
            raise InputError("give exactly one of per_interval and rate")
        if self.daily_variation and not 0.001 <= self.daily_variation <= 10:
            raise InputError(
                f"{units.say_share(self.daily_variation)} is no variation that can be drawn; "
                "give 0%, or from 0.1% to 1000%",
                path="daily_variation",
            )
        return self


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
        if not isinstance(value, Mapping):
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


class Leaves(Frozen):
    """Which customers are lost: of the unserved, and of those served late by their total waiting."""

    unserved: Share = 1.0
    served_late: Steps = Field(default_factory=dict)


class Tells(Frozen):
    """Lost customers who tell others: the share that tells, how many people, how many of them stay away."""

    share: Share
    people: Amount
    put_off: Share


class Queue(Frozen):
    """One kind of contact with its own waiting line."""

    later = ("hours", "backlog", "ivr", "repeat", "transfer", "switch", "classes")
    arrivals: Arrivals
    talk: Duration_
    wrap: Duration_ | None = None
    patience: Patience | None = None
    at_close: AtClose | None = None  # type: ignore[valid-type]
    balks: Share = 0.0
    max_waiting: Count | None = None
    head_start: Duration = 0.0
    redial: Redial | None = None
    callback: Callback | None = None
    service_level: ServiceLevel = Field(default_factory=ServiceLevel)
    customer_value: Amount = 0.0
    leaves: Leaves = Field(default_factory=Leaves)
    tells: Tells | None = None

    def expected(self, grid: Grid) -> np.ndarray:
        """Expected first contacts of each interval."""
        arrivals = self.arrivals
        each_interval = arrivals.per_interval or [(arrivals.rate or 0.0) * grid.interval] * grid.count
        return np.array(each_interval, dtype=float) * arrivals.volume

    def mean_handle(self, grid: Grid) -> np.ndarray:
        """Mean talk + mean wrap of each interval, s, before any handle factor."""
        return self.talk.means(grid) + (self.wrap.means(grid) if self.wrap else 0.0)


class Skill(Frozen):
    """A queue that a group may serve: how gladly (level), how gladly sent there (prefer), how fast."""

    later = ("overflow_after", "reserve", "at_once", "slowdown", "interruptible")
    level: Positive = 1
    prefer: Positive | None = None
    handle_factor: AboveZero = 1.0


def _parse_shrinkage(value: Any) -> float:
    share = units.share(value)
    if share >= 1:
        raise InputError(f"{shown(value)} leaves nobody at work: give less than 100%")
    return share


class Group(Frozen):
    """Agents who share skills, hours and cost, interchangeable."""

    later = ("shifts", "absence")
    staffing: Heads
    skills: dict[str, Skill]
    shrinkage: leaf(float, Quantity(_parse_shrinkage), SHARE_TEXT) = 0.0  # type: ignore[valid-type]
    cost_per_hour: Amount = 0.0


def _parse_version(value: Any) -> int:
    if isinstance(value, bool) or value != 1:
        raise InputError(f"{shown(value)} is not a version that is read here; write schema: 1")
    return 1


class Scenario(Frozen):
    """Everything that one YAML file says.

    `Scenario(**mapping)` takes what the file would hold and raises `InputError`, one sentence, for the
    first thing that is wrong. Durations inside are seconds, shares fractions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)
    later = ("days", "starts", "shift_types", "targets", "events", "routing")

    schema_: Annotated[int, BeforeValidator(_parse_version), WithJsonSchema({"const": 1})] = Field(
        default=1, alias="schema"
    )
    name: Text = "Unnamed"
    currency: Text = ""
    opens: Clock = 0.0
    closes: Clock | None = None
    length: Duration | None = None
    interval: Duration = 1800.0
    at_close: AtClose = "finish"  # type: ignore[valid-type]
    warm_up: Duration = 0.0
    replications: Replications = 100
    seed: Seed = 1
    lines: Positive | None = None
    queues: dict[str, Queue]
    agents: dict[str, Group]
    plans: dict[str, dict[str, Any]] = Field(default_factory=dict)

    _document: dict[str, Any] = PrivateAttr(default_factory=dict)
    _written_out: dict[str, Any] = PrivateAttr(default_factory=dict)
    _folder: Path = PrivateAttr(default_factory=Path)
    _grid: Grid = PrivateAttr()

    def __init__(self, folder: Path = Path("."), /, **document: Any) -> None:
        base = merged(document, Scenario)
        expanded, grid = expand(base, Scenario, folder)
        try:
            super().__init__(**expanded)
        except ValidationError as error:
            raise where_written(one_sentence(error), base, grid) from None
        self._document, self._written_out, self._folder, self._grid = base, expanded, folder, grid
        _check_whole(self)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, wherever they were read from."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    @property
    def grid(self) -> Grid:
        """The planning and reporting grid: intervals of equal length from opening to the horizon."""
        return self._grid

    @property
    def document(self) -> dict[str, Any]:
        """A copy of the mapping this scenario was made from, defaults merged in."""
        return copy.deepcopy(self._document)

    @property
    def written_out(self) -> dict[str, Any]:
        """A copy of the document, files read in and shorthands expanded: it gives this scenario anywhere."""
        return copy.deepcopy(self._written_out)

    @property
    def folder(self) -> Path:
        """Where relative file names start."""
        return self._folder

    @property
    def sha256(self) -> str:
        """A hash of all that the scenario says, files read in and shorthands expanded."""
        text = json.dumps(self._written_out, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_(self, overrides: Mapping[str, Any]) -> "Scenario":
        """The same scenario with some values replaced, added to or scaled, by dotted path."""
        from sim.scenario.plans import apply

        return Scenario(self._folder, **apply(self._document, overrides, Scenario, self._folder))

    def under(self, plan: str | Mapping[str, Any] | None) -> "Scenario":
        """This scenario under one of its plans (by name), or under overrides given as a mapping."""
        if plan is None:
            plan = next(iter(self.plans), None)
        if plan is None or (plan == "today" and not self.plans):
            return self
        if isinstance(plan, Mapping):
            return self._changed_by(plan)
        if isinstance(plan, str):
            if plan not in self.plans:
                known = ", ".join(shown(name) for name in self.plans) or "none"
                raise InputError(
                    f"there is no plan {shown(plan)}{nearest(plan, self.plans)}; the plans are {known}",
                    path="plans",
                )
            try:
                return self._changed_by(self.plans[plan])
            except InputError as error:
                raise error.under(f"plans.{plan}") from None
        raise InputError(f"{shown(plan)} is neither the name of a plan nor a mapping of paths to values")

    def _changed_by(self, plan: Mapping[str, Any]) -> "Scenario":
        for key in ("seed", "replications"):
            if key in plan:
                raise InputError("is the same for every plan; set it outside the plans", path=key)
        return self.with_(plan) if plan else self


def _check_whole(scenario: Scenario) -> None:
    """What no single key can see: names that belong together, and that somebody is there to answer."""
    for kind, members in (("queues", scenario.queues), ("agents", scenario.agents)):
        if not members:
            raise InputError(f"there are no {kind}: add at least one", path=kind)
        if len(members) > MOST_MEMBERS:
            raise InputError(f"{len(members)} {kind} are more than the {MOST_MEMBERS} that fit", path=kind)
    for name, group in scenario.agents.items():
        if not group.skills:
            raise InputError(
                "a group needs at least one skill: the name of a queue", path=f"agents.{name}.skills"
            )
        for queue in group.skills:
            if queue not in scenario.queues:
                known = ", ".join(scenario.queues)
                hint = nearest(queue, scenario.queues)
                raise InputError(
                    f"there is no queue {shown(queue)}{hint}; the queues are {known}",
                    path=f"agents.{name}.skills.{queue}",
                )
    if not any(any(group.staffing) for group in scenario.agents.values()):
        raise InputError(
            "no agents anywhere: every group has staffing 0 all day; give one a positive number",
            path="agents",
        )
    if scenario.warm_up >= scenario.grid.horizon:
        raise InputError("the warm-up must end before the horizon does", path="warm_up")
    _check_volume(scenario)


def _check_volume(scenario: Scenario) -> None:
    for name, queue in scenario.queues.items():
        contacts = queue.expected(scenario.grid).sum()
        if contacts > MOST_CONTACTS:
            said = f"{contacts:.3g} contacts a replication are more than the {MOST_CONTACTS:.0e} that fit"
            raise InputError(f"{said}; make the horizon shorter", path=f"queues.{name}.arrivals")


def one_sentence(error: ValidationError) -> InputError:
    """The first thing that is wrong, misspelt keys before missing ones."""
    order = {"extra_forbidden": 0, "value_error": 1, "missing": 3}
    first = min(error.errors(), key=lambda e: order.get(e["type"], 2))
    place = [
        str(part)
        for part in first["loc"]
        if not str(part).startswith(("function-", "tuple[", "constrained-"))
    ]
    path = ".".join("schema" if part == "schema_" else part for part in place)
    if first["type"] == "extra_forbidden":
        known = _keys_at(Scenario, place[:-1])
        return InputError(
            f"unknown key{nearest(place[-1], known) or '; the keys here are ' + ', '.join(known)}", path=path
        )
    if first["type"] == "missing":
        return InputError("is missing; it is required here", path=path)
    cause = (first.get("ctx") or {}).get("error")
    if isinstance(cause, InputError):
        return cause.under(path)
    if first["type"] in ("dict_type", "model_type", "model_attributes_type"):
        return InputError(f"{shown(first['input'])} is not a mapping of keys to values", path=path)
    return InputError(f"{shown(first['input'])}: {first['msg'][0].lower()}{first['msg'][1:]}", path=path)


def _keys_at(model: Any, place: list[str]) -> list[str]:
    from sim.scenario.plans import step_into

    for part in place:
        model = step_into(model, part)
    names = [field.alias or name for name, field in model.model_fields.items()]
    return [*names, "defaults"] if model is Scenario else names


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, for editors: the short forms included."""
    schema = Scenario.model_json_schema(by_alias=True)
    parts = schema["$defs"]
    for name in ("Queue", "Group"):
        parts[name].pop("required", None)
    parts["Group"]["properties"]["skills"] = {
        "anyOf": [
            {"type": "array", "items": TEXT},
            {
                "type": "object",
                "additionalProperties": {"anyOf": [{"$ref": "#/$defs/Skill"}, {"type": "null"}]},
            },
        ]
    }
    parts["Offer"] = {
        "anyOf": [{"const": "always"}, {**parts["Offer"], "minProperties": 1, "maxProperties": 1}]
    }
    for part in parts.values():
        if "distribution" in part.get("properties", {}):
            part["properties"].update(file=TEXT, column=TEXT, sheet=TEXT)
    defaults = {
        key: {"$ref": f"#/$defs/{part}"}
        for key, part in (("queue", "Queue"), ("group", "Group"), ("skill", "Skill"))
    }
    schema["properties"]["defaults"] = {
        "type": "object",
        "properties": defaults,
        "additionalProperties": False,
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Call-centre scenario"
    return schema
