"""What is played: W1 to W4, the works by which the growth of cost is seen, their sizes, and what is known of them.

Only the standard library is imported, so that contestants in another environment can read it too.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

Row = tuple[float, float, float, float, float]
"""One day: all calls; of those after the warm-up: calls, abandoned, seconds waited, answered within 20 s."""

WITHIN = 20.0  # s, the promise
HOUR = 3600.0


@dataclass(frozen=True)
class Day:
    """One queue and one group: exponential talk and patience, calls and agents by interval.

    rates: calls a second, staffing: agents, each by interval of `interval` s; finish: who waits at the end is
    still served.
    """

    rates: tuple[float, ...]
    staffing: tuple[int, ...]
    interval: float
    handle: float = 60.0
    patience: float = 120.0
    warm_up: float = 0.0
    finish: bool = True

    @property
    def length(self) -> float:
        """Seconds from opening to closing."""
        return self.interval * len(self.rates)

    def of_hours(self, hours: float) -> "Day":
        """The same day with all its intervals made longer or shorter."""
        return replace(self, interval=hours * HOUR / len(self.rates))


def _staffed(rates: tuple[float, ...], handle: float) -> tuple[int, ...]:
    return tuple(math.ceil(rate * handle + math.sqrt(rate * handle)) for rate in rates)


_wave = tuple((32.5 - 27.5 * math.cos(2 * math.pi * (k + 0.5) / 48)) / 60 for k in range(48))
DAYS = {
    "W1": Day((48 / 60,), (50,), 20 * HOUR, warm_up=HOUR, finish=False),
    "W2": Day(_wave, _staffed(_wave, 60.0), HOUR / 2),
}
TITLES = {
    "W1": "M/M/50+M: 48 calls/min, handle 1 min, patience 2 min, days of 20 h",
    "W2": "a day: 48 half-hours, 5 to 60 calls/min, staffing ceil(load + √load)",
    "W3": "five queues, six groups with two or three skills, redials, callbacks; contacts",
    "W4": "a small centre: 600 calls a day, 10 agents, replications",
}
EXACT = {"W1": {"abandoned": 0.03091225, "wait": 3.709470, "within": 0.94301895}}  # theory: Erlang A
CLOSE = 4.5  # standard errors


@dataclass(frozen=True)
class Size:
    """How many days a contestant plays in each round; hours: of each day, where the whole would take too long."""

    days: int
    quick: int
    hours: float | None = None


SIZES: dict[str, dict[str, Size]] = {
    "W1": {
        "compiled": Size(300, 30),
        "reference": Size(2, 1),
        "simpy": Size(3, 1),
        "heapq": Size(12, 2),
        "ciw": Size(1, 1),
        "salabim": Size(1, 1, hours=3),
        "cimba": Size(15, 2),
    },
    "W2": {
        "compiled": Size(300, 40),
        "compiled, 2 threads": Size(300, 40),
        "reference": Size(2, 1),
        "simpy": Size(3, 1),
        "heapq": Size(12, 2),
    },
    "W3": {"compiled": Size(1000, 100), "reference": Size(10, 2)},
    "W4": {"compiled": Size(10_000, 2000), "reference": Size(100, 20)},
}


# Ours, as a planner would write them


def document(name: str) -> dict[str, Any]:
    """The scenario of a work: W1 to W4, agents-N, own-N and shared-N (queues)."""
    if name in DAYS:
        return _document_of(DAYS[name])
    if name in ("W3", "W4"):
        return {"W3": _five_queues, "W4": _small_centre}[name]()
    kind, _, count = name.partition("-")
    if kind == "agents":
        return _document_of(Day((0.96 * int(count) / 60,), (int(count),), 10 * HOUR))
    return _many_queues(int(count), shared=kind == "shared")


def _document_of(day: Day) -> dict[str, Any]:
    """A Day as a scenario with half-hour intervals."""
    count = round(day.length / 1800)
    each = [min(k * len(day.rates) // count, len(day.rates) - 1) for k in range(count)]
    return {
        "length": f"{count * 30} min",
        "warm_up": f"{day.warm_up} s",
        "at_close": "finish" if day.finish else "drop",
        "queues": {"calls": _queue([day.rates[k] * 1800 for k in each], "1 min", "2 min")},
        "agents": {"agents": {"staffing": [day.staffing[k] for k in each], "skills": ["calls"]}},
    }


def _queue(per_interval: Any, talk: str, patience: str, **more: Any) -> dict[str, Any]:
    return {
        "arrivals": {"per_interval": per_interval},
        "talk": {"distribution": "exponential", "mean": talk},
        "patience": {"distribution": "exponential", "mean": patience},
        "service_level": {"within": f"{WITHIN} s"},
    } | more


def _five_queues() -> dict[str, Any]:
    """Twelve hours, some 5,000 first calls; lognormal talk, wrap-up, daily variation."""
    shape = [0.5 + 0.8 * math.sin(math.pi * (k + 0.5) / 24) for k in range(24)]

    def queue(volume: float, talk: str, patience: str, **more: Any) -> dict[str, Any]:
        made = _queue([volume * level for level in shape], talk, patience, **more)
        made["arrivals"]["daily_variation"] = "10%"
        made["talk"] = {"distribution": "lognormal", "mean": talk, "cv": 1.1}
        return made | {"wrap": {"distribution": "exponential", "mean": "30 s"}}

    redial = {"share": "40%", "after": {"distribution": "exponential", "mean": "10 min"}, "attempts": 3}
    keep = {"offer": {"estimated_wait": "30 s"}, "accept": "40%"}
    later = {"offer": {"queue_length": 3}, "accept": "50%", "place": "later", "after": "30 min"}
    idle = {"offer": {"waited": "45 s"}, "accept": "30%", "place": "idle", "reserve": 1, "reached": "80%"}
    return {
        "length": "12 h",
        "queues": {
            "sales": queue(60, "4 min", "2 min", redial=redial),
            "support": queue(70, "5 min", "4 min", redial=redial, callback=keep),
            "billing": queue(40, "4 min", "3 min", redial=redial, callback=later),
            "technical": queue(25, "8 min", "5 min", callback=idle),
            "priority": queue(15, "4 min", "1 min", redial=redial, head_start="1 min"),
        },
        "agents": {
            "front": _group(11, "sales", "support"),
            "desk": _group(11, "support", "billing"),
            "accounts": _group(8, "billing", "sales", "priority"),
            "engineers": _group(8, "technical", "support"),
            "seniors": _group(5, "priority", "technical", "support"),
            "all-rounders": _group(5, "sales", "billing", "technical"),
        },
    }


def _group(staffing: int, *queues: str) -> dict[str, Any]:
    """First queue first, the others when none of it waits, and a little slower."""
    skills = {name: {"level": k + 1, "handle_factor": 1 + 0.1 * k} for k, name in enumerate(queues)}
    return {"staffing": staffing, "skills": skills}


def _small_centre() -> dict[str, Any]:
    return {
        "length": "10 h",
        "queues": {"calls": _queue(30, "8 min", "2 min")},
        "agents": {"agents": {"staffing": 10, "skills": ["calls"]}},
    }


def _many_queues(count: int, shared: bool) -> dict[str, Any]:
    """Queues like a fifth of W1 (9.6 calls/min for 10 agents); shared: each group helps the next queue out."""
    names = [f"q{k}" for k in range(count)]
    return {
        "length": "10 h",
        "queues": {name: _queue(9.6 * 30, "1 min", "2 min") for name in names},
        "agents": {
            f"g{k}": _group(10, name, *([names[(k + 1) % count]] if shared and count > 1 else []))
            for k, name in enumerate(names)
        },
    }


# How the cost grows: (work, expected calls a day)

AGENTS = {n: 0.96 * n * 600 for n in (10, 50, 200, 500, 1000, 2000)}
QUEUES = {n: 9.6 * n * 600 for n in (1, 2, 5, 10, 20, 50)}
CALLS_OF_W2 = 32.5 * 1440
CALLS_OF_W4 = 600.0

# Goals of issue 4: (what, work, goal, falls short below or above, unit)


@dataclass(frozen=True)
class Goal:
    """A figure asked for. name: key of the figure measured; short: where it falls short of what is bearable."""

    name: str
    text: str
    goal: float
    short: float
    unit: str

    def verdict(self, value: float) -> str:
        """Met, short of the goal, or beyond the bearable."""
        if self.goal > self.short:
            return "met" if value >= self.goal else "below the goal" if value >= self.short else "FALLS SHORT"
        return "met" if value <= self.goal else "above the goal" if value <= self.short else "FALLS SHORT"


GOALS = [
    Goal("W1", "W1", 10, 5, "M calls/CPU-s"),
    Goal("W2", "W2", 8, 4, "M calls/CPU-s"),
    Goal("W3", "W3", 4, 2, "M contacts/CPU-s"),
    Goal("W4", "W4", 4, 2, "M calls/CPU-s"),
    Goal("simpy", "W1 against plain SimPy", 120, 60, "×"),
    Goal("threads", "2 threads against 1, W2 (wall clock)", 1.9, 1.6, "×"),
    Goal("memory", "peak memory, 10⁸ calls of W2", 300, 600, "MB"),
    Goal("agents", "cost per call, 2,000 agents against 50", 2, 3, "×"),
]
