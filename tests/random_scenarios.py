"""Random scenarios of every mechanism and their combinations, small enough to play thousands of them.

Half of them have a *grain* of 1 or 20 seconds: the dealt day is floored to multiples of it, and whatever is
drawn while it is played is made of such multiples too, so that ties abound, with closing and with the ends of
intervals as well. A few are as long as days: every duration is `scale` times as long, and so is the grain.
Each mechanism is in about a third of the scenarios, drawn by itself, so that all pairs meet. Hypothesis draws
one number for each scenario and all else follows from it: of its own draws many repeat others, so that a fifth
of the scenarios would be no new ones and some pairs would never meet.

`smallest` makes a scenario in which something is wrong as small as it can, by taking parts away one by one.
Hypothesis could only look for a smaller number, which says nothing of the scenario. It prints what fails as
`scenario_of(Random(number))`; what `smallest` found is printed in full, for `dealt_of`.
"""

import copy
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
from hypothesis import event
from hypothesis import strategies as st

from sim import Scenario
from sim.errors import InputError
from sim.model.centre import Centre, centre_of
from sim.model.day import Day, deal
from sim.scenario import units

Draw = random.Random
Mapping = dict[str, Any]
DAY = 86_400
MECHANISMS = (
    *("hours", "carry", "backlog", "ivr", "transfer", "repeat", "switch", "classes", "overflow", "reserve"),
    *(
        "hands",
        "interruptible",
        "absence",
        "events",
        "shifts",
        "roster",
        "routing",
        "announcement",
        "values",
        "lines",
    ),
    *("callback", "redial", "trace"),
)
FOR_TWO = {"routing", "interruptible"}  # mean nothing where a group has one queue


class Shape(NamedTuple):
    """How large a scenario is, and which mechanisms are in it.

    most: of the agents of one group; grain: of its moments, s, 0 for none; scale: how many times as long as
    usual everything lasts.
    """

    queues: int
    groups: int
    intervals: int
    most: int
    interval: float
    grain: int
    scale: int = 1
    mechanisms: frozenset[str] = frozenset()

    def seconds(self, value: float, odd: float = 0.0) -> str:
        """A duration of about so long: a multiple of the grain; a little more, `odd`, where there is none."""
        value *= self.scale
        return seconds(math.ceil(value / self.grain) * self.grain if self.grain else value + odd)

    @property
    def horizon(self) -> float:
        return self.interval * self.intervals

    def has(self, mechanism: str, draw: Draw, times: int = 2) -> bool:
        """Whether a mechanism is in the scenario, and this part of the scenario has it."""
        return mechanism in self.mechanisms and maybe(draw, times)

    @property
    def exact(self) -> bool:
        """Whether what is drawn while the day is played must be a multiple of the grain as it is drawn."""
        return self.grain > 0 and bool(
            self.mechanisms & {"redial", "transfer", "repeat", "switch", "callback"}
        )


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
        columns = (day.arrived, day.talk, day.wrap, day.patience)
        return list(zip(names, *(column[: len(names)].tolist() for column in columns), strict=True))


def dealt_of(mapping: Mapping, grain: int = 0, seed: int = 1, replication: int = 0) -> Dealt:
    """A replication of the scenario that this mapping describes."""
    scenario = Scenario(**mapping)
    return Dealt(mapping, scenario, centre_of(scenario), grain, seed, replication)


def floored(day: Day, grain: int) -> Day:
    """The same customers with every moment and duration floored to a multiple of so many seconds."""
    columns = {
        name: np.floor(getattr(day, name) / grain) * grain for name in ("arrived", "talk", "wrap", "patience")
    }
    return day._replace(**columns)


def seconds(value: float) -> str:
    return f"{value:.10g} s"


def clock(value: float) -> str:
    """A clock time, for scenarios that open at 00:00."""
    value = int(value)
    return f"{value // 3600:02}:{value // 60 % 60:02}:{value % 60:02}"


# All draws go through these


def whole(draw: Draw, low: int, high: int) -> int:
    return draw.randint(low, high)


def maybe(draw: Draw, times: int = 2) -> bool:
    """Yes once in so many times; no is the simple case."""
    return whole(draw, 1, times) == times


def one(draw: Draw, *choices: Any) -> Any:
    return choices[whole(draw, 0, len(choices) - 1)]


def shuffled(draw: Draw, choices: list[Any]) -> list[Any]:
    left = list(choices)
    return [left.pop(whole(draw, 0, len(left) - 1)) for _ in choices]


def some(draw: Draw, choices: list[Any]) -> list[Any]:
    """At least one of these, in any order."""
    return shuffled(draw, choices)[: whole(draw, 1, len(choices))]


def each(draw: Draw, shape: Shape, most: int) -> list[int]:
    return [whole(draw, 0, most) for _ in range(shape.intervals)]


# Times


def moment(draw: Draw, shape: Shape, until: float) -> int:
    """A whole second before `until`: the end of an interval, a multiple of the grain, or any."""
    step = one(draw, shape.interval, shape.interval / 4, shape.grain or 7 * shape.scale)
    at = whole(draw, 0, max(0, math.ceil(until / step) - 1)) * step
    if shape.grain:
        at = math.floor(at / shape.grain) * shape.grain
    return int(at)


def weekday_and_moment(draw: Draw, shape: Shape) -> tuple[str | None, int]:
    """A moment within the horizon, over more than a day perhaps on one weekday alone."""
    weekday = one(draw, None, "mon", "tue") if shape.horizon > DAY else None
    return weekday, moment(draw, shape, min(DAY, shape.horizon - (DAY if weekday == "tue" else 0)))


def day_clock(weekday: str | None, at: float) -> str:
    return clock(at) if weekday is None else f"{weekday} {clock(at)}"


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
    return {"distribution": kind, **FAMILIES[kind](mean * shape.scale)}


FAMILIES: dict[str, Callable[[float], Mapping]] = {
    "exponential": lambda mean: {"mean": seconds(mean)},
    "lognormal": lambda mean: {"mean": seconds(mean), "cv": 1.2},
    "gamma": lambda mean: {"mean": seconds(mean), "cv": 0.8},
    "weibull": lambda mean: {"mean": seconds(mean), "cv": 1.5},
    "hyperexponential": lambda mean: {"mean": seconds(mean), "cv": 2},
    "uniform": lambda mean: {"low": "0 s", "high": seconds(2 * mean)},
    "piecewise_exponential": lambda mean: {"points": {seconds(mean): 0.6, seconds(3 * mean): 0.8}},
}


def hours(draw: Draw, shape: Shape) -> Any:
    """Opening hours: one to three spans within the horizon; over more than a day perhaps by weekday."""
    if shape.horizon > DAY and maybe(draw):
        days = {"mon": spans(draw, shape, DAY), "tue": one(draw, "closed", spans(draw, shape, DAY))}
        return dict(days)
    return spans(draw, shape, min(DAY, math.floor(shape.horizon)))


def spans(draw: Draw, shape: Shape, until: int) -> list[str]:
    """Opens early as a rule, so that somebody comes."""
    if shape.grain:
        until = until // shape.grain * shape.grain
    moments = {0 if maybe(draw) else moment(draw, shape, until)}
    moments |= {moment(draw, shape, until) for _ in range(whole(draw, 1, 5))}
    ends = [*sorted(moments), *([until] if len(moments) % 2 or maybe(draw) else [])]
    pairs = list(zip(ends[::2], ends[1::2], strict=False))
    return [f"{clock(start)}-{clock(end)}" for start, end in pairs]


def events(draw: Draw, shape: Shape, queues: list[str], groups: list[str]) -> list[Mapping]:
    """One to three outages or campaigns."""
    found = []
    for _ in range(whole(draw, 1, 3)):
        happens: Mapping = {
            "at": day_clock(*weekday_and_moment(draw, shape)),
            "for": shape.seconds(one(draw, 100, 40, 300, 700)),
        }
        what = one(draw, "agents", "volume", "lines", "agents and volume")
        if "agents" in what:
            happens["agents"] = one(draw, 0.5, 0, 2)
            if maybe(draw):
                happens["groups"] = some(draw, groups)
        if "volume" in what:
            happens["volume"] = one(draw, 2, 0, 0.5)
            if maybe(draw):
                happens["queues"] = some(draw, queues)
        if what == "lines":
            happens["lines"] = one(draw, 1, 0, 3)
        found.append(happens)
    return found


# Queues


def callback(draw: Draw, shape: Shape) -> Mapping:
    """Three places × four rules of offering × everything that may happen to a request."""
    rules = (
        "always",
        {"queue_length": whole(draw, 0, 3)},
        {"estimated_wait": one(draw, "60 s", "0 s", "3 min")},
        {"waited": shape.seconds(one(draw, 20, 0, 60), 0.3)},
    )
    chosen = {
        "offer": one(draw, *rules),
        "accept": one(draw, 1.0, 0.6, 0.8, 1.0, 0.0),
        "place": one(draw, "keep", "later", "idle"),
        "ring": shape.seconds(one(draw, 0, 10, 25.3)),
        "reached": one(draw, 1.0, 0.5, 0.7, 1.0, 0.0),
        "attempts": whole(draw, 1, 3),
        "retry_after": shape.seconds(one(draw, 30, 0, 200, 1.3)),
        "last_offer": one(draw, "0 s", "0 s", "100 s", "1 h"),
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


def judged(draw: Draw, shape: Shape) -> Mapping:
    """How a queue's contacts and customers are counted: nothing that an engine sees."""
    definitions = "offered", "answered", "early_abandons_excluded", "early_abandons_met"
    chosen: Mapping = {
        "service_level": {"within": one(draw, "20 s", "0 s"), "definition": one(draw, *definitions)},
        "customer_value": 12.3,
        "leaves": {"unserved": one(draw, 1.0, 0.4)},
    }
    if maybe(draw):
        chosen["leaves"]["served_late"] = {"10 s": 0.3, "2 min": 0.9}
        chosen["tells"] = tells()
    if maybe(draw, 3):
        chosen["service_level"]["clock"] = "open_hours"
    if shape.has("values", draw):
        chosen["customer_value"] = value(draw)
    return chosen


def tells() -> Mapping:
    return {"share": 0.3, "people": 2.1, "put_off": 0.07}


def value(draw: Draw) -> Mapping:
    """A distribution of what customers are worth."""
    return one(
        draw,
        {"distribution": "exponential", "mean": 80},
        {"distribution": "lognormal", "mean": 120, "cv": 0.7},
        {"distribution": "empirical", "values": [10, 20, 500]},
    )


def patience(draw: Draw, shape: Shape) -> Mapping:
    chosen = lasting(draw, shape, 60, 15, 300, 0, exact=shape.exact)
    return chosen | ({"never_hangs_up": one(draw, 0.3, 1.0)} if maybe(draw, 3) else {})


def classes(draw: Draw, shape: Shape) -> Mapping:
    """One or two classes, by names that other queues may have too."""
    chosen: Mapping = {}
    for name in some(draw, ["vip", "new"]):
        own: Mapping = {"share": one(draw, 0.5, 0.2, 0.4)}
        if maybe(draw):
            own["head_start"] = shape.seconds(one(draw, 60, 0, 17, 500), 0.7)
        if maybe(draw, 3):
            own["patience"] = patience(draw, shape)
        if shape.has("redial", draw):
            own["redial"] = redial(draw, shape)
        if maybe(draw, 3):
            own |= {"leaves": {"unserved": 0.7}, "tells": tells()}
        if maybe(draw, 3):
            own["customer_value"] = value(draw) if maybe(draw) else 900
        chosen[name] = own
    return chosen


def transfers(draw: Draw, shape: Shape, names: list[str], own: str) -> Any:
    """To one or two other queues; never all, so that loops end."""
    targets = some(draw, [name for name in names if name != own])[:2]
    found = []
    for name in targets:
        transfer: Mapping = {"to": name, "share": one(draw, 0.4, 0.2, 0.3)}
        if maybe(draw):
            transfer["retell"] = shape.seconds(one(draw, 40, 20, 5.3))
        found.append(transfer)
    return found[0] if len(found) == 1 else found


def switch(draw: Draw, shape: Shape, names: list[str], own: str) -> Mapping:
    """To another queue; everybody only towards the end of the file, so that loops end."""
    to = one(draw, *(name for name in names if name != own))
    chosen: Mapping = {"to": to, "share": one(draw, 0.5, 0.3, *([1.0] if to > own else []))}
    if maybe(draw):
        chosen["after"] = lasting(draw, shape, 30, 0, 100, exact=True)
    return chosen


def queue(draw: Draw, shape: Shape, names: list[str], own: str) -> Mapping:
    # What a first contact has is floored with the day; what is drawn later must be exact as it is drawn.
    exact = shape.exact
    chosen: Mapping = {
        "arrivals": {"per_interval": each(draw, shape, one(draw, 6, 12))},
        "talk": lasting(draw, shape, 60, 20, 200, 0, exact=exact),
        "at_close": one(
            draw, "finish", "finish", "drop", *(["carry"] * 3 if "carry" in shape.mechanisms else [])
        ),
    }
    optional: dict[str, Callable[[], Any]] = {
        "hours": lambda: hours(draw, shape),
        "backlog": lambda: backlog(draw, shape),
        "ivr": lambda: ivr(draw, shape),
        "redial": lambda: redial(draw, shape),
        "callback": lambda: callback(draw, shape),
        "classes": lambda: classes(draw, shape),
        "repeat": lambda: {
            "share": one(draw, 0.3, 0.5),
            "after": lasting(draw, shape, 60, 0, 200, exact=True),
        },
        "announcement": lambda: announcement(draw),
    }
    if len(names) > 1:
        optional["transfer"] = lambda: transfers(draw, shape, names, own)
        optional["switch"] = lambda: switch(draw, shape, names, own)
    chosen |= {key: part() for key, part in optional.items() if shape.has(key, draw)}
    if chosen["at_close"] == "carry" and "hours" not in chosen and not maybe(draw, 4):
        chosen["hours"] = hours(draw, shape)
    if maybe(draw):
        chosen["wrap"] = lasting(draw, shape, 20, 60, exact=exact)
    if not maybe(draw, 4):
        chosen["patience"] = patience(draw, shape)
    if maybe(draw, 4):
        chosen["balks"] = one(draw, 0.3, 0.1, 1.0)
    if maybe(draw, 4):
        chosen["max_waiting"] = one(draw, 2, 0, 1, 4)
    if maybe(draw, 3):
        chosen["head_start"] = shape.seconds(one(draw, 60, 17, 1000), 0.7)
    if maybe(draw, 5):
        chosen["arrivals"] |= {"daily_variation": 0.4} | ({"varies_with": "all"} if maybe(draw) else {})
    if maybe(draw):
        chosen |= judged(draw, shape)
    if shape.has("trace", draw):
        chosen["arrivals"] = {"trace": trace(draw, shape)}
        chosen = {key: part for key, part in chosen.items() if key not in ("backlog", "ivr")}
    if "hours" in chosen and chosen["at_close"] == "carry" and maybe(draw):
        chosen["after_hours"] = "waits"
    return chosen


def backlog(draw: Draw, shape: Shape) -> Mapping:
    low = one(draw, 0, 0, 20, 50)
    high = low + one(draw, 100, 0, 30, 2000)
    return {"count": whole(draw, 0, 6), "age": f"{shape.seconds(low)} - {shape.seconds(high)}"}


def trace(draw: Draw, shape: Shape) -> Mapping:
    """Up to ten customers on up to three days as they were, some with further attempts."""
    columns: Mapping = {
        key: [] for key in ("day", "arrived", "talk", "wrap", "wait", "hung_up", "attempt", "last")
    }
    for _ in range(whole(draw, 1, 10)):
        day, at = one(draw, "1", "2", "3"), moment(draw, shape, shape.horizon) % shape.horizon
        for attempt in range(1, whole(draw, 1, 3) + 1):
            wait, hung_up = one(draw, 0, 20, 40, 500) * shape.scale, maybe(draw)
            row = {
                "day": day, "arrived": at, "wait": wait if hung_up or maybe(draw) else None, "hung_up": int(hung_up),
                "talk": None if hung_up or maybe(draw, 3) else one(draw, 60, 0, 300) * shape.scale,
                "wrap": one(draw, None, 0, 20), "attempt": attempt, "last": None,
            }  # fmt: skip
            for key, cell in row.items():
                columns[key].append(cell)
            at += wait + one(draw, 20, 1, 100) * shape.scale
            if row["wait"] is None or at >= shape.horizon:
                break
        columns["last"][-1] = one(draw, None, 1)
    return columns


def spares_the_recorded(mapping: Mapping) -> None:
    """Let events change the volume of those queues only whose contacts are drawn."""
    drawn = [name for name, part in mapping["queues"].items() if "trace" not in part["arrivals"]]
    for found in mapping.get("events", []):
        if "volume" in found and len(drawn) < len(mapping["queues"]):
            found["queues"] = [name for name in found.get("queues", drawn) if name in drawn]
            if not found["queues"]:
                found.pop("queues")
                found.pop("volume")
                found.setdefault("agents", 0.5)


def ivr(draw: Draw, shape: Shape) -> Mapping:
    return {
        "time": lasting(draw, shape, 20, 0, 60, 200, exact=True),
        "self_served": one(draw, 0.2, 0, 0.5),
        "hangs_up": one(draw, 0.1, 0, 0.5),
    }


def announcement(draw: Draw) -> Mapping:
    chosen: Mapping = {
        "leave_above": one(draw, "20 s", "0 s", "0 s", "2 min"),
        "leaves": one(draw, 0.4, 0.7, 1.0, 0),
    }
    return chosen | ({"patience_factor": 2} if maybe(draw) else {})


# Agents


def skill(draw: Draw, shape: Shape) -> Mapping:
    factor = one(draw, 1, 2, 0.5) if shape.grain else one(draw, 1, 1.3, 0.7)
    chosen: Mapping = {"level": whole(draw, 1, 3), "handle_factor": factor}
    if maybe(draw):
        chosen["prefer"] = whole(draw, 1, 3)
    if shape.has("overflow", draw):
        chosen["overflow_after"] = shape.seconds(one(draw, 20, 40, 100), 0.3)
    if shape.has("reserve", draw):
        chosen["reserve"] = one(draw, 1, 1, 2)
    if shape.has("hands", draw):
        chosen["at_once"] = whole(draw, 1, 3)
        if maybe(draw):
            factors = (1, 2, 1.5) if shape.grain else (1, 1.25, 1.6)
            chosen["slowdown"] = [one(draw, *factors) for _ in range(whole(draw, 1, chosen["at_once"]))]
    if shape.has("interruptible", draw):
        chosen["interruptible"] = True
    if shape.has("routing", draw):
        chosen["score"] = {"base": one(draw, 0.0, 10.0, -30.0), "weight": one(draw, 1.0, 0.0, 2.5, -1.0)}
    return chosen


def group(draw: Draw, shape: Shape, names: list[str], own: str) -> Mapping:
    chosen: Mapping = {"skills": {name: skill(draw, shape) for name in some(draw, names)}}
    if own != "g0" and shape.has("shifts", draw):
        return chosen | {"shifts": shifts(draw, shape)} | absence(draw, shape)
    if own != "g0" and shape.has("roster", draw):
        return chosen | {"roster": {"rows": roster(draw, shape, own)}} | absence(draw, shape)
    constant = maybe(draw, 3)
    chosen["staffing"] = one(draw, 1, shape.most) if constant else each(draw, shape, shape.most)
    return chosen | absence(draw, shape)


def absence(draw: Draw, shape: Shape) -> Mapping:
    return {"absence": one(draw, 0.3, 0.6, 0.1)} if shape.has("absence", draw) else {}


def shift_types(draw: Draw, shape: Shape) -> Mapping:
    """One as long as a part of the horizon or of the day, with a break for which the agents take turns."""
    length = whole(draw, 1, 4) * min(shape.horizon, DAY) / 4
    long = math.floor(length / shape.grain) * shape.grain if shape.grain else length
    kind: Mapping = {"length": seconds(long)}
    pause = math.floor(long / 5 / shape.grain) * shape.grain if shape.grain else long / 5
    if pause and maybe(draw):
        kind["breaks"] = [{"after": seconds(pause), "length": seconds(pause), "stagger": seconds(pause)}]
        kind["breaks"][0]["within"] = seconds(2 * pause)
    return {"t": kind}


def shifts(draw: Draw, shape: Shape) -> Mapping:
    """One to three, begun at any time; `fitted` draws those that would end too late back to opening."""
    found: Mapping = {}
    for number in range(whole(draw, 1, 3)):
        weekday, start = weekday_and_moment(draw, shape)
        among_starts = weekday is not None and maybe(draw)
        found[f"s{number}"] = {
            "type": "t",
            "starts": [day_clock(weekday if among_starts else None, start)],
            "agents": whole(draw, 0, shape.most),
        }
        if weekday and not among_starts:
            found[f"s{number}"]["days"] = weekday
    return found


def roster(draw: Draw, shape: Shape, own: str) -> list[Mapping]:
    """One to four agents by name with a shift each, some over midnight where there is one, some with a break."""
    rows = []
    for number in range(whole(draw, 1, 4)):
        day, start = weekday_and_moment(draw, shape)
        if shape.horizon >= DAY:
            end = moment(draw, shape, DAY)
        else:
            until = math.floor(shape.horizon)
            grain = shape.grain or 1
            end = start + max(grain, (until - start) // whole(draw, 1, 3) // grain * grain)
        row: Mapping = {"agent": f"{own} {number}", "start": clock(start), "end": clock(end)}
        if day is not None:
            row["day"] = {"mon": 1, "tue": 2}[day] if maybe(draw) else day
        pause = ((end - start) % DAY or DAY) // 4
        pause -= pause % (shape.grain or 1)
        if pause and maybe(draw):
            row["breaks"] = [f"{clock((start + pause) % DAY)}-{clock((start + 2 * pause) % DAY)}"]
        rows.append(row)
    return rows


def fitted(mapping: Mapping, horizon: float) -> None:
    """Shifts that would end after the horizon begin at opening."""
    length = units.duration(mapping["shift_types"]["t"]["length"])
    for team in mapping["agents"].values():
        for shift in team.get("shifts", {}).values():
            if horizon < DAY and units.clock(shift["starts"][0]) + length > horizon:
                shift["starts"] = ["00:00"]


# Scenarios


def shape_of(draw: Draw) -> Shape:
    grain, scale = one(draw, 0, 0, 1, 20), 72 if maybe(draw, 4) else 1
    interval = one(draw, 300, 120) if grain or scale > 1 else one(draw, 300, 120.1)
    mechanisms = frozenset(name for name in MECHANISMS if maybe(draw, 3))
    return Shape(
        queues=whole(draw, 2 if mechanisms & FOR_TWO else 1, 4),
        groups=whole(draw, 1, 4),
        intervals=whole(draw, 3, 8) if scale > 1 else whole(draw, 1, 6),
        most=one(draw, 2, 1, 3, 5),
        interval=(300 if scale > 1 else interval) * scale,
        grain=grain * scale,
        scale=scale,
        mechanisms=mechanisms,
    )


RULES = "longest_wait", "longest_queue", "shortest_delay", "weighted"


def mapping_of(draw: Draw, shape: Shape, most: bool = False) -> Mapping:
    """A scenario as it is written; most: some group has the most agents at some time."""
    names = [f"q{number}" for number in range(shape.queues)]
    teams = [f"g{number}" for number in range(shape.groups)]
    agents = {name: group(draw, shape, names, name) for name in teams}
    mapping: Mapping = {
        "interval": seconds(shape.interval),
        "length": seconds(shape.interval * shape.intervals),
        "queues": {name: queue(draw, shape, names, name) for name in names},
        "agents": agents,
    }
    if shape.mechanisms & FOR_TWO:
        work_for_two(draw, shape, mapping)
    if most or not any(np.any(team.get("staffing", 0)) for team in agents.values()):
        agents["g0"]["staffing"] = [shape.most, *[1] * (shape.intervals - 1)]
    if shape.horizon > DAY:
        mapping["starts"] = "Monday"
    if any("shifts" in team for team in agents.values()):
        mapping["shift_types"] = shift_types(draw, shape)
        fitted(mapping, shape.horizon)
    if "events" in shape.mechanisms:
        mapping["events"] = events(draw, shape, names, teams)
        spares_the_recorded(mapping)
    if "lines" in shape.mechanisms:
        mapping["lines"] = one(draw, 4, 1, 2, 8)
    if "routing" in shape.mechanisms:
        mapping["routing"] = one(draw, *RULES)
    if maybe(draw, 4):
        mapping["warm_up"] = seconds(one(draw, 100, 30.5, 119) * shape.scale)
    return mapping


def work_for_two(draw: Draw, shape: Shape, mapping: Mapping) -> None:
    """Gives two queues that share a group more than it can do; the talks of one may be put aside for the other.

    Elsewhere there is seldom a choice between two queues, or a talk during which something urgent comes.
    """
    team = one(draw, *mapping["agents"].values())
    urgent, patient = shuffled(draw, list(mapping["queues"]))[:2]
    for level, name in enumerate((urgent, patient), start=1):
        team["skills"][name] = skill(draw, shape) | {"level": level}
        queue = mapping["queues"][name]
        queue["talk"] = lasting(draw, shape, *(60, 200) if name == urgent else (200, 500), exact=shape.exact)
        if "patience" in queue:
            queue["patience"] = lasting(draw, shape, 300, exact=shape.exact)
        if "per_interval" in queue["arrivals"]:
            queue["arrivals"]["per_interval"] = [whole(draw, 3, 12) for _ in range(shape.intervals)]
    if "staffing" in team:
        team["staffing"] = 1 + max(own.get("reserve", 0) for own in team["skills"].values())
    if "interruptible" in shape.mechanisms:
        team["skills"][patient]["interruptible"] = True
        team["skills"][urgent].pop("interruptible", None)
        if "hands" in shape.mechanisms:
            team["skills"][patient]["at_once"] = max(2, team["skills"][patient].get("at_once", 0))
        if "callback" in shape.mechanisms:
            mapping["queues"][patient].setdefault("callback", callback(draw, shape))


def with_the_floor_of(mapping: Mapping, other: Mapping) -> Mapping:
    """The scenario with the agents, hours and events of another of its shape: they share a workspace."""
    result = copy.deepcopy(mapping)
    for key in ("agents", "shift_types", "events"):
        result.pop(key, None)
        if key in other:
            result[key] = copy.deepcopy(other[key])
    for name, part in result["queues"].items():
        for key in ("hours", "after_hours"):
            part.pop(key, None)
        if "hours" in other["queues"][name]:
            part["hours"] = copy.deepcopy(other["queues"][name]["hours"])
    spares_the_recorded(result)
    return result


def scenarios() -> st.SearchStrategy[Dealt]:
    return NUMBERS.map(scenario_of)


def alike() -> st.SearchStrategy[tuple[Dealt, Dealt]]:
    """Two scenarios of one shape, which share a workspace whatever else differs."""
    return NUMBERS.map(two_alike)


NUMBERS = st.integers(0, 2**63 - 1).map(random.Random)


def two_alike(draw: Draw) -> tuple[Dealt, Dealt]:
    shape = shape_of(draw)
    one = scenario_of(draw, shape)
    return one, scenario_of(draw, shape, like=one.mapping)


def scenario_of(draw: Draw, given: Shape | None = None, like: Mapping | None = None) -> Dealt:
    """A random scenario, of the given shape if there is one, on the floor of another if that is given."""
    shape = shape_of(draw) if given is None else given
    mapping = mapping_of(draw, shape, given is not None)
    if like is not None:
        mapping = with_the_floor_of(mapping, like)
    event(f"moments every {shape.grain} s" if shape.grain else "any moments")
    for mechanism in sorted(shape.mechanisms):
        event(mechanism)
    play = shape.grain, whole(draw, 0, 2**31), whole(draw, 0, 3)
    try:
        return dealt_of(mapping, *play)
    except InputError:  # events have left nobody at work all day
        return dealt_of({key: part for key, part in mapping.items() if key != "events"}, *play)


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


def shorter(mapping: Mapping, name: str, keep: slice) -> Mapping:
    """The scenario with fewer of a queue's recorded contacts."""
    result = copy.deepcopy(mapping)
    columns = result["queues"][name]["arrivals"]["trace"]
    result["queues"][name]["arrivals"]["trace"] = {key: column[keep] for key, column in columns.items()}
    return result


def with_less(mapping: Mapping) -> Iterator[Mapping]:
    """The scenario with one part less, large parts first; not all of these are possible."""
    intervals = round(units.duration(mapping["length"]) / units.duration(mapping["interval"]))
    for name in mapping["queues"]:
        yield without(mapping, "queues", name)
    for name in mapping["agents"]:
        yield without(mapping, "agents", name)
    if intervals > 1:
        length = units.duration(mapping["interval"]) * (intervals - 1)
        yield cut(mapping, intervals) | {"length": seconds(length)}
    halved = copy.deepcopy(mapping)
    for part in halved["queues"].values():
        if "per_interval" in part["arrivals"]:
            part["arrivals"]["per_interval"] = [number // 2 for number in part["arrivals"]["per_interval"]]
    for name, part in mapping["queues"].items():
        if "trace" in part["arrivals"]:
            yield from (shorter(mapping, name, keep) for keep in (slice(None, -1), slice(1, None)))
    if halved != mapping:
        yield halved
    paths = sorted(parts(mapping), key=len)
    yield from (without(mapping, *path) for path in paths if len(path) != 2 and path[-1] not in NEEDED)
    for path in paths:
        yield from (replaced(mapping, less, *path) for less in plainer(at(mapping, path), path))


NEEDED = {
    "interval",
    "length",
    "queues",
    "agents",
    "arrivals",
    "talk",
    "skills",
    "distribution",
    "at",
    "for",
    "to",
}
LISTS = "transfer", "events", "hours", "breaks", "slowdown", "starts", "rows"


def parts(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to all parts that may be left out: keys, and members of lists that may be shorter."""
    if isinstance(tree, dict):
        for key, part in tree.items():
            yield (*path, key)
            yield from parts(part, (*path, key))
    elif isinstance(tree, list) and path and path[-1] in LISTS:
        for index, part in enumerate(tree):
            yield (*path, index)
            yield from parts(part, (*path, index))


def at(mapping: Mapping, path: tuple[Any, ...]) -> Any:
    part: Any = mapping
    for key in path:
        part = part[key]
    return part


def plainer(part: Any, path: tuple[Any, ...]) -> Iterator[Any]:
    """What may stand in the place of a part and says less."""
    plain = {"distribution": "constant", "value": "60 s"}
    if isinstance(part, dict) and "distribution" in part and part != plain and path[-1] != "customer_value":
        yield plain
    if (isinstance(part, list) and path[-1] == "per_interval") or path[-1] == "staffing":
        numbers = part if isinstance(part, list) else []
        for index, number in enumerate(numbers):
            for less in sorted({0, number // 2, number - 1} if number else set()):
                yield [*numbers[:index], less, *numbers[index + 1 :]]
    if path[-1] == "staffing" and isinstance(part, list) and len(set(part)) == 1:
        yield part[0]
    if path[-1] in ("count", "agents") and isinstance(part, int) and part:
        yield part - 1
    if path[-1] in ("share", "balks", "leaves", "accept", "reached") and isinstance(part, float) and part < 1:
        yield 1.0
    if path[-1] == "at_close" and part != "finish":
        yield "finish"


def without(mapping: Mapping, *path: Any) -> Mapping:
    """A copy without the part at this path, what names it, and the groups that have no skill left."""
    *above, last = path
    result, part = copied(mapping, above)
    del part[last]
    if above == ["queues"]:
        for name, team in list(result["agents"].items()):
            team["skills"].pop(last, None)
            if not team["skills"]:
                del result["agents"][name]
        for other in result["queues"].values():
            if other.get("switch", {}).get("to") == last:
                del other["switch"]
            sent = other.get("transfer", [])
            sent = [t for t in (sent if isinstance(sent, list) else [sent]) if t["to"] != last]
            other.pop("transfer", None)
            if sent:
                other["transfer"] = sent
    for happens in result.get("events", []):
        for key, names in (("queues", result["queues"]), ("groups", result["agents"])):
            if key in happens:
                happens[key] = [name for name in happens[key] if name in names]
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
