"""What the planner writes: frozen models, unknown keys refused; the one home of defaults."""

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, WithJsonSchema

from sim.errors import InputError, nearest, shown
from sim.scenario import checks, events
from sim.scenario.durations import Duration_ as Duration_
from sim.scenario.durations import Frozen
from sim.scenario.durations import Patience as Patience
from sim.scenario.events import Event
from sim.scenario.examples import example_at, example_of, members_of
from sim.scenario.expand import expand, where_written
from sim.scenario.known import NOTHING, Known, with_known
from sim.scenario.merge import merged
from sim.scenario.people import Group, ShiftType, spread
from sim.scenario.quantities import (
    TEXT,
    Clock,
    Duration,
    Positive,
    Replications,
    Seed,
    Text,
    Weekday,
    named,
    one_of,
)
from sim.scenario.queue import AtClose, Queue, class_names
from sim.scenario.queue import Callback as Callback
from sim.scenario.targets import Targets, check_targets
from sim.scenario.weeks import Grid, Spans

ROUTING = ("by_level", "longest_wait", "longest_queue", "shortest_delay", "weighted")


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
    schema_: Annotated[int, BeforeValidator(_parse_version), WithJsonSchema({"const": 1})] = Field(
        default=1, alias="schema"
    )
    name: Text = "Unnamed"
    currency: Text = ""
    opens: Clock = 0.0
    closes: Clock | None = None
    length: Duration | None = None
    days: Positive | None = None
    starts: Weekday | None = None
    interval: Duration = 1800.0
    at_close: AtClose = "finish"  # type: ignore[valid-type]
    warm_up: Duration = 0.0
    replications: Replications = 100
    seed: Seed = 1
    lines: Positive | None = None
    routing: one_of(*ROUTING) = "by_level"  # type: ignore[valid-type]
    queues: dict[str, Queue]
    agents: dict[str, Group]
    shift_types: Annotated[dict[str, ShiftType], named("a shift type")] = Field(default_factory=dict)
    events: tuple[Event, ...] = ()
    targets: Targets = Field(default_factory=dict)
    plans: dict[str, dict[str, Any]] = Field(default_factory=dict)

    _document: dict[str, Any] = PrivateAttr(default_factory=dict)
    _written_out: dict[str, Any] = PrivateAttr(default_factory=dict)
    _folder: Path = PrivateAttr(default_factory=Path)
    _grid: Grid = PrivateAttr()

    def __init__(self, folder: Path = Path("."), known: Known | None = None, /, **document: Any) -> None:
        """folder: where file names start; known: of the scenario there that this document was changed from."""
        document, known = (copy.deepcopy(document), NOTHING) if known is None else (document, known)
        base = merged(document, known.written)
        expanded, grid = expand(base, Scenario, folder, known)
        try:
            super().__init__(**with_known(expanded, known.written_out, known.read))
        except ValidationError as error:
            raise where_written(one_sentence(error, expanded), base, grid) from None
        self._document, self._written_out, self._folder, self._grid = base, expanded, folder, grid
        checks.check_whole(self)
        check_targets(self)

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

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of all customer classes in order of first mention; the number of a class is its place + 1."""
        return class_names(self.queues.values())

    def agent_events(self, group: str) -> list[tuple[Spans, float]]:
        """The spans of every event that changes the agents of a group, with its factor."""
        return events.on_agents(self.events, group, self.grid)

    def expected(self, queue: str) -> np.ndarray:
        """Expected first contacts of a queue in each interval, events included."""
        grid = self.grid
        found = events.on_volume(self.events, queue, grid)
        usual = self.queues[queue].expected(grid)
        if not found:
            return usual
        ends = events.ends_of((spans for spans, _ in found), grid.horizon)
        moments = events.merged_moments([[0.0], ends])
        factors = events.factor_at(moments, found)
        return usual * events.integral((moments, factors), grid) / grid.interval

    def planned_steps(self, group: str) -> tuple[np.ndarray, np.ndarray]:
        """Moments, float64, the first 0, and how many agents are planned from each on, int64; events included."""
        found = self.agent_events(group)
        return events.scaled(self.rostered_steps(group), found, self.grid.horizon)

    def rostered_steps(self, group: str) -> tuple[np.ndarray, np.ndarray]:
        """The same before events."""
        try:
            return self.agents[group].planned_steps(self.grid, self.shift_types)
        except InputError as error:
            raise error.under(f"agents.{group}") from None

    def planned_seconds(self, group: str, since: float = 0.0) -> np.ndarray:
        """Planned agent-seconds of a group within each interval, from `since` on, events included; float64."""
        return events.integral(self.planned_steps(group), self.grid, since)

    def paid_seconds(self, group: str, since: float = 0.0) -> np.ndarray:
        """Paid agent-seconds of a group within each interval, from `since` on, before shrinkage; float64.

        What is planned where staffing is written; of shifts the paid time, spread evenly over each.
        """
        members = self.agents[group]
        if members.staffing is not None:
            return events.integral(self.rostered_steps(group), self.grid, since)
        result = np.zeros(self.grid.count)
        for duty in members.duties(self.grid, self.shift_types):
            weight = duty.agents * duty.paid / (duty.end - duty.start)
            spread(result, duty.start, duty.end, weight, self.grid.interval, since)
        return result

    def with_(self, overrides: Mapping[str, Any]) -> "Scenario":
        """The same scenario with some values replaced, added to or scaled, by dotted path.

        What no override touches is taken over as it is; files that it was read from are not read again.
        """
        from sim.scenario.plans import apply

        known = Known(self._document, self._written_out, self._grid, self)
        return Scenario(self._folder, known, **apply(known.written, overrides, Scenario, self._folder, known))

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

    def and_plan(self, name: str, plan: Mapping[str, Any]) -> "Scenario":
        """The same scenario with one plan more, the last."""
        plans = {**self._document.get("plans", {}), name: dict(plan)}
        return Scenario(self._folder, **{**self._document, "plans": plans})

    def _changed_by(self, plan: Mapping[str, Any]) -> "Scenario":
        for key in ("seed", "replications"):
            if key in plan:
                raise InputError("is the same for every plan; set it outside the plans", path=key)
        return self.with_(plan) if plan else self


def one_sentence(error: ValidationError, document: Any) -> InputError:
    """The first thing that is wrong with a document, misspelt keys before missing ones."""
    order = {"extra_forbidden": 0, "value_error": 1, "missing": 3}
    first = min(error.errors(), key=lambda e: order.get(e["type"], 2))
    place = _place(first["loc"], document)
    path = ".".join("schema" if part == "schema_" else part for part in place)
    if first["type"] == "extra_forbidden":
        known = _keys_at(place[:-1])
        return InputError(
            f"unknown key{nearest(place[-1], known) or '; the keys here are ' + ', '.join(known)}", path=path
        )
    if first["type"] == "missing":
        example = example_at(_model_at(place[:-1]), place[-1])
        return InputError(f"is missing; it is required here{example and f', as in {example}'}", path=path)
    cause = (first.get("ctx") or {}).get("error")
    if isinstance(cause, InputError):
        return cause.under(path)
    if first["type"] == "tuple_type":
        member, said = _model_at([*place, "[0]"]), f"{shown(first['input'])} is not a list"
        one = example_of(member, first["input"]) if hasattr(member, "model_fields") else " … "
        return InputError(f"{said}; write it as one, [{one}]", path=path)
    if first["type"] in ("model_type", "model_attributes_type"):
        said = f"{shown(first['input'])} is not a mapping of keys to values"
        return InputError(f"{said}; write {example_of(_model_at(place), first['input'])}", path=path)
    if first["type"] == "dict_type":
        said = f"{shown(first['input'])} is not a mapping of keys to values"
        return InputError(f"{said}{members_of(place[-1])}", path=path)
    return InputError(f"{shown(first['input'])}: {first['msg'][0].lower()}{first['msg'][1:]}", path=path)


def _place(location: tuple[int | str, ...], document: Any) -> list[str]:
    """The keys and items that lead to a value; pydantic names the parts of its unions between them."""
    place, here = [], document
    for part in location:
        held = isinstance(here, Mapping) and part in here
        if not held and str(part).startswith(("function-", "tuple[", "constrained-")):
            continue
        place.append(f"[{part}]" if isinstance(part, int) else str(part))
        if held or (isinstance(here, list | tuple) and isinstance(part, int) and part < len(here)):
            here = here[part]  # type: ignore[index]
    return place


def _model_at(place: list[str]) -> Any:
    """The model that stands at a place of the file, or what else the schema has there."""
    from sim.scenario.plans import step_into

    model: Any = Scenario
    for part in place:
        model = step_into(model, part)
    return model


def _keys_at(place: list[str]) -> list[str]:
    model = _model_at(place)
    names = [field.alias or name for name, field in model.model_fields.items()]
    return [*names, "defaults"] if model is Scenario else names


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, for editors: the short forms included, each key with its meaning."""
    from sim.scenario.meanings import described

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
    transfers = parts["Queue"]["properties"]["transfer"]
    parts["Queue"]["properties"]["transfer"] = {"anyOf": [{"$ref": "#/$defs/Transfer"}, transfers]}
    one = {"$ref": "#/$defs/Target"}
    schema["properties"]["targets"]["additionalProperties"] = {
        "anyOf": [one, {"type": "array", "items": one, "minItems": 1}]
    }
    parts["Roster"]["properties"].update(file=TEXT, sheet=TEXT)
    parts["Roster"].pop("required")
    parts["Roster"]["anyOf"] = [{"required": ["file"]}, {"required": ["rows"]}]
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
    for name, part in [*parts.items(), ("Scenario", schema)]:
        form = next(form for form in (part, *part.get("anyOf", ())) if "properties" in form)
        form["properties"] = described(form["properties"], name)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Call-centre scenario"
    return schema
