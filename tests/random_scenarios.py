"""Random scenarios of every mechanism and their combinations, small enough that thousands are played in seconds.

Half of them are *whole*: the dealt day is floored to whole seconds, and whatever is drawn while it is played
is made of whole seconds too, so that ties abound. Shrinking leads to one queue, one group, one interval and
nothing that is not needed.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import event
from hypothesis import strategies as st

from sim import Scenario
from sim.model.centre import Centre, centre_of
from sim.model.day import Day, deal

Draw = Callable[..., Any]
Mapping = dict[str, Any]


class Shape(NamedTuple):
    """How large a scenario is, and whether its moments are whole seconds; most: of the agents of one group."""

    queues: int
    groups: int
    intervals: int
    most: int
    interval: float
    whole: bool


class Dealt(NamedTuple):
    """A scenario as it is written and as arrays, and the replication of it that is to be played."""

    mapping: Mapping
    scenario: Scenario
    centre: Centre
    whole: bool
    seed: int
    replication: int

    @property
    def day(self) -> Day:
        """The dealt day, floored where it is to have ties."""
        day = deal(self.centre.demand, self.seed, self.replication)
        return in_whole_seconds(day) if self.whole else day

    def __repr__(self) -> str:
        whole = ", day in whole seconds" if self.whole else ""
        return (
            f"seed {self.seed}, replication {self.replication}{whole}, scenario:\n{json.dumps(self.mapping)}"
        )


def in_whole_seconds(day: Day) -> Day:
    """The same customers with every moment and duration floored."""
    return Day(day.start, *(np.floor(column) for column in day[1:]))


def seconds(value: float) -> str:
    return f"{value:.10g} s"


def maybe(draw: Draw, times: int = 2) -> bool:
    """Yes once in so many times; no is the simple case."""
    return draw(st.integers(1, times)) == times


def one(draw: Draw, *choices: Any) -> Any:
    return draw(st.sampled_from(choices))


def each(draw: Draw, shape: Shape, most: int) -> list[int]:
    return draw(st.lists(st.integers(0, most), min_size=shape.intervals, max_size=shape.intervals))


def lasting(draw: Draw, shape: Shape, *means: float, whole: bool = False) -> Mapping:
    """A distribution of durations, some with a mean for each interval; whole: takes whole seconds only."""
    mean = one(draw, *means)
    kinds = ["constant", "by interval"] if whole else [*FAMILIES, "by interval"]
    kind = one(draw, *kinds, *(["empirical"] if mean else []))
    if kind == "by interval":
        chosen = [one(draw, *means) for _ in range(shape.intervals)]
        family = "constant" if whole or not all(chosen) else one(draw, "exponential", "lognormal")
        more = {"cv": 0.7} if family == "lognormal" else {}
        return {"distribution": family, "mean": [seconds(m) for m in chosen], **more}
    if kind == "empirical":
        values = [mean // 4, mean // 2, mean, mean, 2 * mean]
        return {"distribution": kind, "values": [seconds(value) for value in values]}
    if not mean or kind == "constant":
        return {"distribution": "constant", "value": seconds(mean)}
    return {"distribution": kind, **FAMILIES[kind](mean)}


FAMILIES: dict[str, Callable[[float], Mapping]] = {
    "exponential": lambda mean: {"mean": seconds(mean)},
    "constant": lambda mean: {"value": seconds(mean)},
    "lognormal": lambda mean: {"mean": seconds(mean), "cv": 1.2},
    "gamma": lambda mean: {"mean": seconds(mean), "cv": 0.8},
    "weibull": lambda mean: {"mean": seconds(mean), "cv": 1.5},
    "hyperexponential": lambda mean: {"mean": seconds(mean), "cv": 2},
    "uniform": lambda mean: {"low": "0 s", "high": seconds(2 * mean)},
    "piecewise_exponential": lambda mean: {"points": {seconds(mean): 0.6, seconds(3 * mean): 0.8}},
}


def callback(draw: Draw, shape: Shape) -> Mapping:
    """Three places × four rules of offering × everything that may happen to a request."""
    part = 0.0 if shape.whole else 0.3
    rules = (
        "always",
        {"queue_length": draw(st.integers(0, 3))},
        {"estimated_wait": one(draw, "60 s", "0 s", "3 min")},
        {"waited": seconds(one(draw, 20, 0, 60) + part)},
    )
    chosen = {
        "offer": one(draw, *rules),
        "accept": one(draw, 1.0, 0.6, 0.8, 0.0),
        "place": one(draw, "keep", "later", "idle"),
        "ring": seconds(one(draw, 0, 10 + part, 25)),
        "reached": one(draw, 1.0, 0.5, 0.7, 0.0),
        "attempts": draw(st.integers(1, 3)),
        "retry_after": seconds(one(draw, 30 + part, 0, 200, 1)),
        "last_offer": one(draw, "0 s", "100 s", "1 h"),
        "within": one(draw, "1 h", "100 s", "0 s"),
    }
    if chosen["place"] == "later":
        chosen["after"] = seconds(one(draw, 60 + part, 0, 300))
    if chosen["place"] == "idle":
        chosen["reserve"] = one(draw, 0, 1, 2)
    if maybe(draw, 3):
        chosen["max_pending"] = one(draw, 2, 1, 4, 0)
    return chosen


def redial(draw: Draw, shape: Shape) -> Mapping:
    """Redials, capped or not; those that follow fast have few attempts, so that a day stays small."""
    attempts = one(draw, 2, 4, 1, "unlimited")
    means = (60, 90) if attempts == "unlimited" else (60, 0, 8, 200)
    after = lasting(draw, shape, *means, whole=shape.whole)
    return {"share": one(draw, 1.0, 0.5), "after": after, "attempts": attempts}


def judged(draw: Draw) -> Mapping:
    """How a queue's contacts and customers are counted: nothing that an engine sees."""
    definitions = "offered", "answered", "early_abandons_excluded", "early_abandons_met"
    chosen: Mapping = {
        "service_level": {"within": one(draw, "20 s", "0 s"), "definition": one(draw, *definitions)},
        "customer_value": 12.3,
        "leaves": {"unserved": one(draw, 1.0, 0.4)},
    }
    if maybe(draw):
        chosen["leaves"]["served_late"] = {"10 s": 0.3, "2 min": 0.9}
        chosen["tells"] = {"share": 0.3, "people": 2.1, "put_off": 0.07}
    return chosen


def queue(draw: Draw, shape: Shape) -> Mapping:
    # What a first contact has is floored with the day; what a redial draws must be whole as it is drawn.
    chosen: Mapping = {
        "arrivals": {"per_interval": each(draw, shape, one(draw, 6, 12))},
        "talk": lasting(draw, shape, 60, 20, 200, 0),
        "at_close": one(draw, "finish", "finish", "drop"),
    }
    if maybe(draw):
        chosen["wrap"] = lasting(draw, shape, 20, 60)
    if maybe(draw):
        chosen["redial"] = redial(draw, shape)
    if not maybe(draw, 4):
        chosen["patience"] = lasting(draw, shape, 60, 15, 300, 0, whole=shape.whole and "redial" in chosen)
        if maybe(draw, 3):
            chosen["patience"] |= {"never_hangs_up": one(draw, 0.3, 1.0)}
    if maybe(draw, 4):
        chosen["balks"] = one(draw, 0.3, 0.1, 1.0)
    if maybe(draw, 4):
        chosen["max_waiting"] = one(draw, 2, 0, 1, 4)
    if maybe(draw, 3):
        chosen["head_start"] = seconds(one(draw, 60, 17, 1000) + (0 if shape.whole else 0.7))
    if not maybe(draw, 3):
        chosen["callback"] = callback(draw, shape)
    if maybe(draw, 5):
        chosen["arrivals"] |= {"daily_variation": 0.4} | ({"varies_with": "all"} if maybe(draw) else {})
    if maybe(draw):
        chosen |= judged(draw)
    return chosen


def group(draw: Draw, shape: Shape, names: list[str]) -> Mapping:
    skills: Mapping = {}
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=len(names), unique=True)):
        factor = one(draw, 1, 2, 0.5) if shape.whole else one(draw, 1, 1.3, 0.7)
        skills[name] = {"level": draw(st.integers(1, 3)), "handle_factor": factor}
        if maybe(draw):
            skills[name]["prefer"] = draw(st.integers(1, 3))
    constant = maybe(draw, 3)
    staffing = one(draw, 1, shape.most) if constant else each(draw, shape, shape.most)
    return {"staffing": staffing, "skills": skills}


@st.composite
def shapes(draw: Draw) -> Shape:
    whole = draw(st.booleans())
    return Shape(
        queues=draw(st.integers(1, 4)),
        groups=draw(st.integers(1, 4)),
        intervals=draw(st.integers(1, 6)),
        most=one(draw, 2, 1, 3, 5),
        interval=one(draw, 300, 120) if whole else one(draw, 300, 120.1),
        whole=whole,
    )


@st.composite
def scenarios(draw: Draw, given: Shape | None = None) -> Dealt:
    """A random scenario, of the given shape if there is one: then some group has the most agents at some time."""
    shape = draw(shapes()) if given is None else given
    names = [f"q{number}" for number in range(shape.queues)]
    agents = {f"g{number}": group(draw, shape, names) for number in range(shape.groups)}
    mapping: Mapping = {
        "interval": seconds(shape.interval),
        "length": seconds(shape.interval * shape.intervals),
        "queues": {name: queue(draw, shape) for name in names},
        "agents": agents,
    }
    if given is not None or not any(np.any(one_group["staffing"]) for one_group in agents.values()):
        agents["g0"]["staffing"] = [shape.most, *[1] * (shape.intervals - 1)]
    if maybe(draw, 4):
        mapping["lines"] = one(draw, 4, 1, 2, 8)
    if maybe(draw, 4):
        mapping["warm_up"] = seconds(one(draw, 100, 30.5, 119))
    event("whole seconds" if shape.whole else "any moments")
    scenario = Scenario(**mapping)
    seed, replication = draw(st.integers(0, 2**31)), draw(st.integers(0, 3))
    return Dealt(mapping, scenario, centre_of(scenario), shape.whole, seed, replication)
