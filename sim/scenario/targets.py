"""What staffing has to reach: targets of queues and of groups, by interval or by day."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, model_validator

from sim.errors import InputError, nearest, shown
from sim.scenario import units
from sim.scenario.durations import Frozen
from sim.scenario.quantities import DURATION, DURATION_TEXT, SHARE_TEXT, Quantity, leaf, one_of

QUEUE_TARGETS = ("service_level", "abandonment_rate", "asa", "lost_rate")
GROUP_TARGETS = ("occupancy",)
NUMBERS = (*QUEUE_TARGETS, *GROUP_TARGETS)


def _share_above_none(value: Any) -> float:
    share = units.share(value)
    if share <= 0:
        raise InputError(f"{shown(value)} asks for nothing; give more than 0%, or leave it out")
    if share >= 1:
        raise InputError(f"{shown(value)} can be neither reached for sure nor shown; give less than 100%")
    return share


def _wait(value: Any) -> float:
    seconds = units.duration(value)
    if seconds <= 0:
        raise InputError(f"{shown(value)} can be neither reached for sure nor shown; give more than 0 s")
    return seconds


def _share_below_all(value: Any) -> float:
    share = units.share(value)
    if share >= 1:
        raise InputError(f"{shown(value)} asks for nothing; give less than 100%, or leave it out")
    return share


def _occupancy(value: Any) -> float:
    share = _share_below_all(value)
    if share <= 0:
        raise InputError(f"{shown(value)} lets nobody ever work; give more than 0%")
    return share


def _most_days(value: Any) -> float:
    share = units.share(value)
    if not 0 < share < 1:
        said = "no number of days can show that; give less than 100%" if share >= 1 else "give more than 0%"
        raise InputError(f"{shown(value)} of the days: {said}")
    return share


def _quantity(parse: Any) -> Any:
    return leaf(float, Quantity(parse, unit="share"), SHARE_TEXT)


class Target(Frozen):
    """What one queue or group has to reach, in each interval or over each day.

    service_level is a least value, under the queue's own definition; the others are largest values. on_days: the
    least share of days whose own value reaches it; without it, it is to hold in the mean over days.
    """

    service_level: _quantity(_share_above_none) | None = None  # type: ignore[valid-type]
    abandonment_rate: _quantity(_share_below_all) | None = None  # type: ignore[valid-type]
    asa: leaf(float, Quantity(_wait, DURATION.write, unit="s"), DURATION_TEXT) | None = None  # type: ignore[valid-type]
    lost_rate: _quantity(_share_below_all) | None = None  # type: ignore[valid-type]
    occupancy: _quantity(_occupancy) | None = None  # type: ignore[valid-type]
    per: one_of("interval", "day") = "interval"  # type: ignore[valid-type]
    on_days: _quantity(_most_days) | None = None  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _asks_for_something(self) -> "Target":
        if not self.numbers:
            raise InputError(f"holds no target; give at least one of {', '.join(NUMBERS)}")
        return self

    @property
    def numbers(self) -> dict[str, float]:
        """The targets that are given, by metric."""
        return {name: getattr(self, name) for name in NUMBERS if getattr(self, name) is not None}


class Goal(NamedTuple):
    """One number that a queue or a group has to reach; kind: queue or group; on_days: None for in the mean."""

    kind: str
    name: str
    metric: str
    value: float
    per: str
    on_days: float | None


def _some(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise InputError(f"{shown(value)} is not a mapping of targets, as in {{service_level: 80%}}")
    if not value:
        raise InputError(f"holds no target; give at least one of {', '.join(NUMBERS)}")
    return value


Targets = dict[str, Annotated[tuple[Target, ...], BeforeValidator(_some)]]


def as_lists(targets: Any) -> Any:
    """Targets as written, each mapping as the list of one that it stands for."""
    if not isinstance(targets, Mapping):
        return targets
    return {name: [each] if isinstance(each, Mapping) else each for name, each in targets.items()}


def goals(scenario: Any) -> list[Goal]:
    """Every target of a scenario on its own, in the order of the file."""
    return [
        Goal("group" if metric in GROUP_TARGETS else "queue", name, metric, value, target.per, target.on_days)
        for name, each in scenario.targets.items()
        for target in each
        for metric, value in target.numbers.items()
    ]


def check_targets(scenario: Any) -> None:
    """Refuse targets of what does not exist, of the wrong kind, and two of one thing."""
    queues, groups = scenario.queues, scenario.agents
    for name, each in scenario.targets.items():
        path = f"targets.{name}"
        if name not in queues and name not in groups:
            known = f"queues: {', '.join(queues)}; groups: {', '.join(groups)}"
            said = f"there is no queue or group {shown(name)}{nearest(name, [*queues, *groups])}"
            raise InputError(f"{said}; {known}", path=path)
        seen: set[tuple[str, str, bool]] = set()
        for target in each:
            for metric in target.numbers:
                _check_kind(scenario, name, metric, f"{path}.{metric}")
                key = (metric, target.per, target.on_days is None)
                if key in seen:
                    said = "stands here twice with different conditions of one kind; keep one of the two"
                    raise InputError(said, path=f"{path}.{metric}")
                seen.add(key)


def _check_kind(scenario: Any, name: str, metric: str, path: str) -> None:
    if metric in GROUP_TARGETS and name not in scenario.agents:
        known = ", ".join(scenario.agents)
        raise InputError(f"is a target of groups, and {name} is a queue; the groups are {known}", path=path)
    if metric in QUEUE_TARGETS and name not in scenario.queues:
        known = ", ".join(scenario.queues)
        raise InputError(f"is a target of queues, and {name} is a group; the queues are {known}", path=path)
