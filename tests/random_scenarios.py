"""Random scenarios of every mechanism and their combinations, small enough that thousands are played in seconds.

Half of them have a *grain* of 1 or 20 seconds: the dealt day is floored to multiples of it, and whatever is
drawn while it is played is made of such multiples too, so that ties abound, with closing and with the ends of
intervals as well. `smallest` makes a scenario in which something is wrong as small as it can: by taking parts
away one by one it gets further in a second than Hypothesis's own shrinking, which knows nothing of queues, in
five minutes.
"""

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
from hypothesis import event
from hypothesis import strategies as st

from sim import Scenario
from sim.model.centre import Centre, centre_of
from sim.model.day import Day, deal
from sim.scenario import units

Draw = Callable[..., Any]
Mapping = dict[str, Any]


class Shape(NamedTuple):
    """How large a scenario is; most: of the agents of one group; grain: of its moments, s, 0 for none."""

    queues: int
    groups: int
    intervals: int
    most: int
    interval: float
    grain: int

    def seconds(self, value: float, odd: float = 0.0) -> str:
        """A duration of about so long: a multiple of the grain; a little more, `odd`, where there is none."""
        return seconds(math.ceil(value / self.grain) * self.grain if self.grain else value + odd)


class Dealt(NamedTuple):
    """A scenario as it is written and as arrays, and the replication of it that is to be played."""

    mapping: Mapping
    scenario: Scenario
    centre: Centre
    grain: int
    seed: int
    replication: int

    @property
    def day(self) -> Day:
        """The dealt day, floored where it is to have ties."""
        day = deal(self.centre.demand, self.seed, self.replication)
        return floored(day, self.grain) if self.grain else day

    def __repr__(self) -> str:
        floor = f", day floored to {self.grain} s" if self.grain else ""
        rows = [
            f"{name} {arrived:g} talk {talk:g} wrap {wrap:g} patience {patience:g}"
            for name, arrived, talk, wrap, patience in self.rows()
        ]
        dealt = "\n".join(["its day:", *rows]) if len(rows) <= 30 else f"{len(rows)} first contacts"
        scenario = json.dumps(self.mapping)
        return f"seed {self.seed}, replication {self.replication}{floor}, scenario:\n{scenario}\n{dealt}"

    def rows(self) -> list[tuple[Any, ...]]:
        """The day's contacts: queue, arrived, talk, wrap, patience."""
        day = self.day
        names = np.repeat(list(self.scenario.queues), np.diff(day.start)).tolist()
        return list(zip(names, *(column.tolist() for column in day[1:]), strict=True))


def dealt_of(mapping: Mapping, grain: int = 0, seed: int = 1, replication: int = 0) -> Dealt:
    """A replication of the scenario that this mapping describes."""
    scenario = Scenario(**mapping)
    return Dealt(mapping, scenario, centre_of(scenario), grain, seed, replication)


def floored(day: Day, grain: int) -> Day:
    """The same customers with every moment and duration floored to a multiple of so many seconds."""
    return Day(day.start, *(np.floor(column / grain) * grain for column in day[1:]))


def seconds(value: float) -> str:
    return f"{value:.10g} s"


def maybe(draw: Draw, times: int = 2) -> bool:
    """Yes once in so many times; no is the simple case."""
    return draw(st.integers(1, times)) == times


def one(draw: Draw, *choices: Any) -> Any:
    return draw(st.sampled_from(choices))


def each(draw: Draw, shape: Shape, most: int) -> list[int]:
    return draw(st.lists(st.integers(0, most), min_size=shape.intervals, max_size=shape.intervals))


def lasting(draw: Draw, shape: Shape, *means: float, exact: bool = False) -> Mapping:
    """A distribution of durations, some with a mean for each interval; exact: only multiples of the grain."""
    exact = exact and shape.grain > 0
    mean = one(draw, *means)
    kinds = ["constant", "by interval"] if exact else [*FAMILIES, "constant", "by interval"]
    kind = one(draw, *kinds, *(["empirical"] if mean else []))
    if kind == "by interval":
        chosen = [one(draw, *means) for _ in range(shape.intervals)]
        family = "constant" if exact or not all(chosen) else one(draw, "exponential", "lognormal")
        more = {"cv": 0.7} if family == "lognormal" else {}
        return {"distribution": family, "mean": [shape.seconds(m) for m in chosen], **more}
    if kind == "empirical":
        values = [mean // 4, mean // 2, mean, mean, 2 * mean]
        return {"distribution": kind, "values": [shape.seconds(value) for value in values]}
    if not mean or kind == "constant":
        return {"distribution": "constant", "value": shape.seconds(mean, 0.1 if mean else 0.0)}
    return {"distribution": kind, **FAMILIES[kind](mean)}


FAMILIES: dict[str, Callable[[float], Mapping]] = {
    "exponential": lambda mean: {"mean": seconds(mean)},
    "lognormal": lambda mean: {"mean": seconds(mean), "cv": 1.2},
    "gamma": lambda mean: {"mean": seconds(mean), "cv": 0.8},
    "weibull": lambda mean: {"mean": seconds(mean), "cv": 1.5},
    "hyperexponential": lambda mean: {"mean": seconds(mean), "cv": 2},
    "uniform": lambda mean: {"low": "0 s", "high": seconds(2 * mean)},
    "piecewise_exponential": lambda mean: {"points": {seconds(mean): 0.6, seconds(3 * mean): 0.8}},
}


def callback(draw: Draw, shape: Shape) -> Mapping:
    """Three places × four rules of offering × everything that may happen to a request."""
    rules = (
        "always",
        {"queue_length": draw(st.integers(0, 3))},
        {"estimated_wait": one(draw, "60 s", "0 s", "3 min")},
        {"waited": shape.seconds(one(draw, 20, 0, 60), 0.3)},
    )
    chosen = {
        "offer": one(draw, *rules),
        "accept": one(draw, 1.0, 0.6, 0.8, 0.0),
        "place": one(draw, "keep", "later", "idle"),
        "ring": shape.seconds(one(draw, 0, 10, 25.3)),
        "reached": one(draw, 1.0, 0.5, 0.7, 0.0),
        "attempts": draw(st.integers(1, 3)),
        "retry_after": shape.seconds(one(draw, 30, 0, 200, 1.3)),
        "last_offer": one(draw, "0 s", "100 s", "1 h"),
        "within": one(draw, "1 h", "100 s", "0 s"),
    }
    if chosen["place"] == "later":
        chosen["after"] = shape.seconds(one(draw, 60, 0, 300), 0.3)
    if chosen["place"] == "idle":
        chosen["reserve"] = one(draw, 0, 1, 2)
    if maybe(draw, 3):
        chosen["max_pending"] = one(draw, 2, 1, 4, 0)
    return chosen


def redial(draw: Draw, shape: Shape) -> Mapping:
    """Redials, capped or not; those that follow fast have few attempts, so that a day stays small."""
    attempts = one(draw, 2, 4, 1, "unlimited")
    means = (60, 90) if attempts == "unlimited" else (60, 0, 8, 200)
    after = lasting(draw, shape, *means, exact=True)
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
    # What a first contact has is floored with the day; what a redial draws must be exact as it is drawn.
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
        chosen["patience"] = lasting(draw, shape, 60, 15, 300, 0, exact="redial" in chosen)
        if maybe(draw, 3):
            chosen["patience"] |= {"never_hangs_up": one(draw, 0.3, 1.0)}
    if maybe(draw, 4):
        chosen["balks"] = one(draw, 0.3, 0.1, 1.0)
    if maybe(draw, 4):
        chosen["max_waiting"] = one(draw, 2, 0, 1, 4)
    if maybe(draw, 3):
        chosen["head_start"] = shape.seconds(one(draw, 60, 17, 1000), 0.7)
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
        factor = one(draw, 1, 2, 0.5) if shape.grain else one(draw, 1, 1.3, 0.7)
        skills[name] = {"level": draw(st.integers(1, 3)), "handle_factor": factor}
        if maybe(draw):
            skills[name]["prefer"] = draw(st.integers(1, 3))
    constant = maybe(draw, 3)
    staffing = one(draw, 1, shape.most) if constant else each(draw, shape, shape.most)
    return {"staffing": staffing, "skills": skills}


@st.composite
def shapes(draw: Draw) -> Shape:
    grain = one(draw, 0, 0, 1, 20)
    return Shape(
        queues=draw(st.integers(1, 4)),
        groups=draw(st.integers(1, 4)),
        intervals=draw(st.integers(1, 6)),
        most=one(draw, 2, 1, 3, 5),
        interval=one(draw, 300, 120) if grain else one(draw, 300, 120.1),
        grain=grain,
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
    event(f"moments every {shape.grain} s" if shape.grain else "any moments")
    return dealt_of(mapping, shape.grain, draw(st.integers(0, 2**31)), draw(st.integers(0, 3)))


# Smaller ones


def smallest(dealt: Dealt, wrong: Callable[[Dealt], Any]) -> Dealt:
    """The smallest scenario that can be reached from this one, a part less at a time, and is still wrong.

    After a minute, the smallest that was found by then.
    """
    until = time.monotonic() + 60.0

    def still_wrong(mapping: Mapping) -> Dealt | None:
        try:
            made = dealt_of(mapping, dealt.grain, dealt.seed, dealt.replication)
            return made if wrong(made) else None
        except Exception:
            return None  # no scenario any more, or another mistake than the one that is looked for

    found: Dealt | None = dealt
    while found is not None:
        dealt = found
        tries = takewhile(lambda _: time.monotonic() < until, with_less(dealt.mapping))
        found = next(filter(None, map(still_wrong, tries)), None)
    return dealt


def with_less(mapping: Mapping) -> Iterator[Mapping]:
    """The scenario with one part less, large parts first; not all of these are possible."""
    intervals = len(next(iter(mapping["queues"].values()))["arrivals"]["per_interval"])
    for name in mapping["queues"]:
        yield without(mapping, "queues", name)
    for name in mapping["agents"]:
        yield without(mapping, "agents", name)
    if intervals > 1:
        length = units.duration(mapping["interval"]) * (intervals - 1)
        yield cut(mapping, intervals) | {"length": seconds(length)}
    yield from (without(mapping, key) for key in ("lines", "warm_up") if key in mapping)
    halved = copy.deepcopy(mapping)
    for part in halved["queues"].values():
        part["arrivals"]["per_interval"] = [number // 2 for number in part["arrivals"]["per_interval"]]
    if halved != mapping:
        yield halved
    for name, part in mapping["queues"].items():
        yield from (without(mapping, "queues", name, key) for key in part if key not in ("arrivals", "talk"))
        inner = [(key, k) for key, value in part.items() if isinstance(value, dict) for k in value]
        yield from (without(mapping, "queues", name, *path) for path in inner)
        for index, number in enumerate(part["arrivals"]["per_interval"]):
            smaller = {0, number // 2, number - 1} if number else set()
            for less in sorted(smaller):
                yield replaced(mapping, less, "queues", name, "arrivals", "per_interval", index)
        for key in ("talk", "wrap", "patience"):
            plain = {"distribution": "constant", "value": "60 s"}
            if part.get(key, plain) != plain:
                yield replaced(mapping, plain, "queues", name, key)
    for name, team in mapping["agents"].items():
        for skill, rules in team["skills"].items():
            yield without(mapping, "agents", name, "skills", skill)
            yield from (without(mapping, "agents", name, "skills", skill, key) for key in rules)
        for index, number in enumerate(team["staffing"] if isinstance(team["staffing"], list) else []):
            if number:
                yield replaced(mapping, number - 1, "agents", name, "staffing", index)


def without(mapping: Mapping, *path: str) -> Mapping:
    """A copy without the part at this path; a queue's skills go with it, and groups that have none left."""
    *above, last = path
    result, part = copied(mapping, above)
    del part[last]
    if above == ["queues"]:
        for name, team in list(result["agents"].items()):
            team["skills"].pop(last, None)
            if not team["skills"]:
                del result["agents"][name]
    return result


def replaced(mapping: Mapping, value: Any, *path: Any) -> Mapping:
    *above, last = path
    result, part = copied(mapping, above)
    part[last] = value
    return result


def copied(mapping: Mapping, path: list[Any]) -> tuple[Mapping, Any]:
    """A copy, and the part of the copy at this path."""
    part = result = copy.deepcopy(mapping)
    for key in path:
        part = part[key]
    return result, part


def cut(tree: Any, intervals: int) -> Any:
    """A copy without the last interval."""
    if not isinstance(tree, dict):
        return tree
    by_interval = ("per_interval", "staffing", "mean")
    return {
        key: value[: intervals - 1]
        if key in by_interval and isinstance(value, list)
        else cut(value, intervals)
        for key, value in tree.items()
    }
