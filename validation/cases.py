"""Models solved exactly elsewhere, and results that others printed, written as scenarios.

Each case quotes its figures with their source. Rates and times are per minute and in minutes unless a figure
says otherwise; shares are per contact offered. A case's `scenario` is what a scenario file would hold.

Steady-state cases start empty, leave out a warm-up of ten relaxation times and more, and finish those who
wait at the horizon: first come, first served, what comes later changes nothing for them. (Where it does, by
priority or by redials that would fall after the horizon, it touches fewer than 1 in 1,000 contacts and moves
shares and waits by far less than the margins.)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import gamma, sqrt
from typing import Any

RARE = 0.01  # a share that is smaller, or larger than 1 minus it, is shown and not judged
CTMC = "stationary law of the Markov chain, sparse LU, residual below 1e-15"
INTEGRALS = "Baccelli–Hebuterne and Zeltyn–Mandelbaum integrals, mpmath with 40 digits"
CHAIN = "birth–death chain, mpmath with 30 digits"
CLOSED_FORM = "closed form, 30 digits"
COBHAM = "Cobham and Davis, closed form"
FORWARD = (
    "forward Kolmogorov equations by uniformization; service levels by the backward chain of a tagged caller"
)


@dataclass(frozen=True)
class Measure:
    """Where a figure is found in a Result.

    kind: `queue` or `group`, a metric of that; `totals`, one sum of totals over another, as
    `Result.replications()` names them (bottom "" for each replication); `records`, a function in judge.py of
    one replication's records giving such a pair. of: the queue or group. at: the interval, None for the
    whole. scale: what our value is multiplied by to be in the figure's unit.
    """

    kind: str
    name: str
    of: str = "all"
    bottom: str = ""
    at: int | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class Figure:
    """One number to hold against ours.

    error: standard error of a published number, rounding included; judged: it counts for the verdict; goal:
    the replications are to bring its margin down to 1% or, for a share, .001.
    """

    name: str
    exact: float
    measure: Measure
    unit: str = "share"
    judged: bool = True
    goal: bool = True
    error: float = 0.0


@dataclass(frozen=True)
class Run:
    """The figures that one simulation gives, and how long it takes.

    replications: enough for margins of 1% or .001, found by a pilot (`python -m validation --pilot`) and then
    fixed; overrides: what the scenario is played under.
    """

    figures: tuple[Figure, ...]
    replications: int
    overrides: Mapping[str, Any] = field(default_factory=dict)
    by_interval: bool = False


@dataclass(frozen=True)
class Case:
    """A model, its scenario and the figures known of it. loose: its goal is that many times wider."""

    id: str
    model: str
    source: str
    scenario: Mapping[str, Any]
    runs: tuple[Run, ...]
    loose: float = 1.0


# How figures are found


def share(name: str, exact: float, metric: str, queue: str = "calls", **more: Any) -> Figure:
    """A share that is a metric of a queue; one near 0 or 1 is shown, not judged."""
    judged = more.pop("judged", RARE <= exact <= 1 - RARE)
    return Figure(name, exact, Measure("queue", metric, queue), judged=judged, **more)


def minutes(name: str, exact: float, metric: str, queue: str = "calls") -> Figure:
    """A mean wait in minutes."""
    return Figure(name, exact, Measure("queue", metric, queue, scale=1 / 60), "min")


def seconds(name: str, exact: float, metric: str, queue: str = "calls", **more: Any) -> Figure:
    """A wait in seconds."""
    return Figure(name, exact, Measure("queue", metric, queue), "s", **more)


def length(name: str, exact: float, queue: str = "calls") -> Figure:
    """The mean number on the line."""
    return Figure(name, exact, Measure("queue", "mean_queue_length", queue), "contacts")


def use(exact: float, group: str = "team", name: str = "utilisation") -> Figure:
    """The share of agents' time with a contact in hand."""
    judged = RARE <= exact <= 1 - RARE
    return Figure(name, exact, Measure("group", "occupancy", group), judged=judged)


def ratio(name: str, exact: float, top: str, bottom: str, queue: str = "calls") -> Figure:
    """A share computed from totals."""
    return Figure(name, exact, Measure("totals", top, queue, bottom), judged=RARE <= exact <= 1 - RARE)


def recorded(name: str, exact: float, function: str, unit: str = "share", scale: float = 1.0) -> Figure:
    """A figure that no metric gives, from the records."""
    return Figure(name, exact, Measure("records", function, scale=scale), unit)


def numbers(text: str) -> tuple[float, ...]:
    """One number for each interval."""
    return tuple(float(word) for word in text.split())


# How scenarios are written


def exponential(mean_minutes: float) -> dict[str, str]:
    return {"distribution": "exponential", "mean": f"{mean_minutes!r} min"}


def queue(
    rate: float, talk: Mapping[str, Any] | None = None, patience: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A queue with Poisson arrivals per minute; talk is exponential with mean 1 min unless given."""
    written = {"arrivals": {"rate": f"{rate!r} / min"}, "talk": dict(talk or exponential(1.0)), **more}
    return written | {"patience": dict(patience)} if patience else written


def steady(
    queues: Mapping[str, Any], agents: Mapping[str, Any], hours: float, warm_up: float
) -> dict[str, Any]:
    """A scenario in its steady state: hours observed after hours of warm-up, in one interval."""
    whole = f"{hours + warm_up!r} h"
    return {
        "schema": 1,
        "length": whole,
        "interval": whole,
        "warm_up": f"{warm_up!r} h",
        "at_close": "finish",
        "queues": dict(queues),
        "agents": dict(agents),
    }


def one_group(agents: int, **queues: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Queues served by one group, the first named before the others."""
    skills = {name: {"level": place + 1} for place, name in enumerate(queues)}
    return queues, {"team": {"staffing": agents, "skills": skills}}


def within(limit: str, definition: str = "offered") -> dict[str, Any]:
    return {"queues.calls.service_level": {"within": limit, "definition": definition}}


# Waiting callers with any patience: M/M/n+G


def _impatient(
    id_: str,
    model: str,
    rate: float,
    agents: int,
    patience: Mapping[str, Any],
    talk: float,
    figures: Mapping[str, float],
    replications: tuple[int, int, int, int],
    hours: float,
    warm_up: float,
    **more: Any,
) -> Case:
    """M/M/n+G: the figures of one 20 s promise under three definitions, and of a 60 s promise."""
    f = figures
    promise = lambda name, key: share(name, f[key], "service_level")  # noqa: E731
    base = [
        share("delayed", f.get("delayed_of_waiting", f["P_delay"]), "delayed_share"),
        share("abandoned", f["P_Ab"], "abandonment_rate"),
        minutes("mean wait", f["E_W"], "mean_wait"),
        minutes("mean wait of answered", f["E_W_served"], "asa"),
        length("mean queue length", f["E_Q"]),
        use(f["utilisation"]),
        promise("answered within 20 s", "served_20"),
    ]
    if "W90_sec" in f:
        base.append(seconds("90% of waits within", f["W90_sec"], "p90_wait"))
    if "at_once" in f:
        base.append(recorded("answered at once", f["at_once"], "answered_at_once"))
    runs = [
        Run(tuple(base), replications[0]),
        Run(
            (promise("… within 20 s, early abandons excluded", "excluding_20"),),
            replications[1],
            within("20 s", "early_abandons_excluded"),
        ),
        Run(
            (share("… within 20 s, early abandons met", 1 - f["P_W_gt_20"], "service_level"),),
            replications[2],
            within("20 s", "early_abandons_met"),
        ),
        Run(
            (promise("answered within 60 s", "served_60"),),
            replications[3],
            within("60 s"),
        ),
    ]
    calls = queue(rate, exponential(talk), patience, **more)
    scenario = steady(*one_group(agents, calls=calls), hours, warm_up)
    return Case(id_, model, INTEGRALS, scenario, tuple(runs))


# fmt: off
ERLANG_A = [
    _impatient(
        "EA-01", "Erlang A, M/M/50+M: 48 calls a minute, talk 1 min, patience 2 min",
        rate=48.0, agents=50, patience=exponential(2.0), talk=1.0,
        figures={
            "P_delay": 0.4677740685537904, "P_Ab": 0.03091224916219322, "E_W": 0.06182449832438644,
            "E_W_served": 0.06026500399255191, "E_Q": 2.967575919570549, "utilisation": 0.9303242408042945,
            "served_20": 0.943018954746981, "excluding_20": 0.9720296029869869,
            "P_W_gt_20": 0.0271356082921919, "served_60": 0.9690874244760139, "W90_sec": 12.444647715180759,
        },
        replications=(1300, 100, 100, 100), hours=5.0, warm_up=0.5,
    ),
    _impatient(
        "EA-02", "Erlang A overloaded: 60 calls a minute for 50 agents", rate=60.0, agents=50,
        patience=exponential(2.0), talk=1.0,
        figures={
            "P_delay": 0.9752413935190263, "P_Ab": 0.1682285894471569, "E_W": 0.3364571788943138,
            "E_W_served": 0.3590178713425319, "E_Q": 20.18743073365883, "utilisation": 0.9981256926634117,
            "served_20": 0.3836171668015322, "excluding_20": 0.4397880376327203,
            "P_W_gt_20": 0.4886602349815103, "served_60": 0.8309297167532101,
        },
        replications=(950, 950, 400, 100), hours=4.0, warm_up=0.5,
    ),
    _impatient(
        "EA-03", "Erlang A small: 4.2 calls a minute, talk 2 min, 12 agents, patience 1 min",
        rate=4.2, agents=12, patience=exponential(1.0), talk=2.0,
        figures={
            "P_delay": 0.127372281808747, "P_Ab": 0.0296789055423734, "E_W": 0.0296789055423734,
            "E_W_served": 0.0240600770091979, "E_Q": 0.1246514032779683, "utilisation": 0.6792247661203386,
            "served_20": 0.9452695755589992, "excluding_20": 0.9678715387275048,
            "P_W_gt_20": 0.03137818990973119, "served_60": 0.9695130140514788,
        },
        replications=(500, 100, 100, 100), hours=50.0, warm_up=1.0,
    ),
]

GENERAL_PATIENCE = [
    _impatient(
        "MG-01", "M/M/50+D: everyone holds on for exactly 2 min", rate=55.0, agents=50,
        patience={"distribution": "constant", "value": "2 min"}, talk=1.0,
        figures={
            "P_delay": 0.9999784880818392, "P_Ab": 0.0909108874146247, "E_W": 1.818226002988301,
            "E_W_served": 1.80004820815118, "E_Q": 100.0024301643565, "utilisation": 0.9999980238439128,
            "served_20": 0.0001987604632150073, "excluding_20": 0.0001987604632150073,
            "P_W_gt_20": 0.999801239536785, "served_60": 0.006105765849523813,
        },
        replications=(450, 100, 100, 100), hours=8.0, warm_up=3.0,
    ),
    _impatient(
        "MG-03", "M/M/50+U: patience uniform from 1 to 3 min", rate=55.0, agents=50,
        patience={"distribution": "uniform", "low": "1 min", "high": "3 min"},
        talk=1.0,
        figures={
            "P_delay": 0.9991478802332215, "P_Ab": 0.09098025322316432, "E_W": 1.119378857110611,
            "E_W_served": 1.11464627847642, "E_Q": 61.56583714108361, "utilisation": 0.9999217214545193,
            "served_20": 0.007873203974340742, "excluding_20": 0.007873203974340742,
            "P_W_gt_20": 0.9921267960256593, "served_60": 0.241858663314059,
        },
        replications=(320, 100, 100, 1600), hours=8.0, warm_up=2.0,
    ),
    _impatient(
        "MG-05", "M/M/50+G: patience lognormal, mean 2 min, sd 4 min", rate=55.0, agents=50,
        patience={"distribution": "lognormal", "mean": "2 min", "cv": 2.0},
        talk=1.0,
        figures={
            "P_delay": 0.8417689743053762, "P_Ab": 0.1041232966881781, "E_W": 0.1602599053237957,
            "E_W_served": 0.1594445869418888, "E_Q": 8.814294792808766, "utilisation": 0.9854643736430041,
            "served_20": 0.7948584476508364, "excluding_20": 0.8799876794985269,
            "P_W_gt_20": 0.1084024344831015, "served_60": 0.8958763811052654,
        },
        replications=(400, 100, 100, 100), hours=4.0, warm_up=0.5,
    ),
    _impatient(
        "MG-06",
        "M/M/50+G: patience Weibull with shape 0.7 (those who stay are the patient ones), mean 2 min",
        rate=55.0, agents=50,
        patience={"distribution": "weibull", "shape": 0.7, "scale": f"{2 / gamma(1 + 1 / 0.7)!r} min"},
        talk=1.0,
        figures={
            "P_delay": 0.7201699194738249, "P_Ab": 0.1142782895287587, "E_W": 0.09107087470735173,
            "E_W_served": 0.0929062371185917, "E_Q": 5.008898108904345, "utilisation": 0.9742938815183654,
            "served_20": 0.8551912025361882, "excluding_20": 0.9639213746047214,
            "P_W_gt_20": 0.03200896240141314, "served_60": 0.8857216323755539,
        },
        replications=(470, 100, 100, 100), hours=4.0, warm_up=0.5,
    ),
    _impatient(
        "MG-10", "M/M/50+G: one in ten will not wait at all, the others exponential with mean 2 min",
        rate=55.0, agents=50, patience=exponential(2.0), talk=1.0,
        figures={
            "P_delay": 0.6960168888703795, "delayed_of_waiting": 1 - 0.3735848000166584,
            "at_once": 0.3039831111296205, "P_Ab": 0.116295359917966, "E_W": 0.09338734206185602,
            "E_W_served": 0.09926205239352343, "E_Q": 5.136303813402081, "utilisation": 0.9720751040902375,
            "served_20": 0.8341438577049894, "excluding_20": 0.9415676844233422,
            "P_W_gt_20": 0.051765749755526, "served_60": 0.8837034402331114,
        },
        replications=(650, 100, 100, 100), hours=4.0, warm_up=0.5, balks=0.1,
    ),
    _impatient(
        "MG-12", "M/M/10+G: patience lognormal, mean 1 min, sd 1 min", rate=9.0, agents=10,
        patience={"distribution": "lognormal", "mean": "1 min", "cv": 1.0},
        talk=1.0,
        figures={
            "P_delay": 0.4576265622133082, "P_Ab": 0.07080693933816994, "E_W": 0.1149598634538354,
            "E_W_served": 0.1000870727244139, "E_Q": 1.034638771084519, "utilisation": 0.8362737545956471,
            "served_20": 0.8264650908924464, "excluding_20": 0.8648458095947922,
            "P_W_gt_20": 0.1291562253276919, "served_60": 0.9283251317068615,
        },
        replications=(300, 100, 100, 100), hours=25.0, warm_up=0.5,
    ),
    _impatient(
        "MG-16", "M/M/1+D: one agent, 1.2 calls a minute, everyone holds on for exactly 3 min",
        rate=1.2, agents=1, patience={"distribution": "constant", "value": "3 min"}, talk=1.0,
        figures={
            "P_delay": 0.8768359959978271, "P_Ab": 0.2693033366684775, "E_W": 1.809796763385846,
            "E_W_served": 1.371139083641676, "E_Q": 2.171756116063015, "utilisation": 0.8768359959978271,
            "served_20": 0.1741089017791334, "excluding_20": 0.1741089017791334,
            "P_W_gt_20": 0.8258910982208666, "served_60": 0.2867771051549607,
        },
        replications=(100, 100, 100, 100), hours=150.0, warm_up=3.0,
    ),
]
# fmt: on


# A full waiting room: M/M/n/K+M


def _limited(
    id_: str,
    model: str,
    rate: float,
    agents: int,
    room: int,
    talk: Mapping[str, Any],
    f: Mapping[str, float],
    replications: int,
    hours: float,
    warm_up: float,
    **more: Any,
) -> Case:
    figures = [
        ratio("blocked", f["P_block"], "blocked", "offered"),
        ratio("answered", f["P_served"], "answered", "offered"),
        use(f["utilisation"]),
    ]
    if room:
        figures += [
            length("mean queue length", f["E_Q"]),
            minutes("mean wait of admitted", f["E_W"], "mean_wait"),
            ratio("admitted and delayed", f["P_delay"], "delayed", "offered"),
        ]
    if "P_Ab" in f:
        figures.append(share("abandoned", f["P_Ab"], "abandonment_rate"))
    scenario = steady(*one_group(agents, calls=queue(rate, talk, max_waiting=room, **more)), hours, warm_up)
    return Case(id_, model, CHAIN, scenario, (Run(tuple(figures), replications),))


# fmt: off
BLOCKED = [
    _limited(
        "BL-01", "M/M/12/17: 4.2 calls a minute, talk 2 min, 5 may wait, nobody hangs up",
        rate=4.2, agents=12, room=5, talk=exponential(2.0),
        f={
            "P_block": 0.009476874302514943, "P_served": 0.990523125697485, "E_Q": 0.25428889085361317,
            "E_W": 0.06112424075927737, "P_delay": 0.1563653247355518, "utilisation": 0.6933661879882396,
        },
        replications=550, hours=50.0, warm_up=2.0,
    ),
    _limited(
        "BL-02", "M/M/50/60+M: 48 calls a minute, 10 may wait, patience 2 min",
        rate=48.0, agents=50, room=10, talk=exponential(1.0),
        f={
            "P_block": 0.020882811803449697, "P_served": 0.9614850312618896, "P_Ab": 0.017632156934660793,
            "E_Q": 1.6926870657274362, "E_W": 0.036016438373710324, "P_delay": 0.39114001740476856,
            "utilisation": 0.9230256300114139,
        },
        replications=570, hours=5.0, warm_up=0.5, patience=exponential(2.0),
    ),
    _limited(
        "BL-04",
        "M/G/10/10, Erlang B for any law of service: lognormal talk, exponential wrap, 1 min together",
        rate=8.0, agents=10, room=0, talk={"distribution": "lognormal", "mean": "40 s", "cv": 1.5},
        f={"P_block": 0.1216610642529515, "P_served": 0.8783389357470485, "utilisation": 0.7026711485976388},
        replications=100, hours=25.0, warm_up=1.0, wrap={"distribution": "exponential", "mean": "20 s"},
    ),
]
# fmt: on


# Endless patience: M/M/n


def _patient(
    id_: str,
    model: str,
    source: str,
    rate: float,
    agents: int,
    talk: float,
    figures: tuple[Figure, ...],
    replications: int,
    hours: float,
    warm_up: float,
) -> Case:
    scenario = steady(*one_group(agents, calls=queue(rate, exponential(talk))), hours, warm_up)
    return Case(id_, model, source, scenario, (Run(figures, replications),))


# fmt: off
ERLANG_C = [
    _patient(
        "EC-01", "Erlang C, M/M/50: 48 calls a minute", CLOSED_FORM, rate=48.0, agents=50, talk=1.0,
        figures=(
            share("delayed", 0.6944556111968343, "delayed_share"),
            seconds("mean wait", 20.83366833590503, "mean_wait"),
            length("mean queue length", 16.666934668724025),
            share("answered within 20 s", 0.6434546008033034, "service_level"), use(0.96),
            seconds("90% of waits within", 58.13874178200882, "p90_wait"),
        ),
        replications=1450, hours=50.0, warm_up=8.0,
    ),
    _patient(
        "EC-02", "Erlang C: 100 calls in 30 min, handled in 180 s, 14 agents",
        CLOSED_FORM, rate=100 / 30, agents=14, talk=3.0,
        figures=(
            share("delayed", 0.17413193359504983, "delayed_share"),
            seconds("mean wait", 7.835937011777243, "mean_wait"),
            length("mean queue length", 0.4353298339876246),
            share("answered within 20 s", 0.8883500191794669, "service_level"), use(0.7142857142857143),
            seconds("90% of waits within", 24.95893792322008, "p90_wait"),
        ),
        replications=3000, hours=75.0, warm_up=3.0,
    ),
    _patient(
        "PUB-CRAN-ErlangC",
        "Erlang C as the R package ErlangC prints it: 100 calls in 30 min, 180 s, 14 agents",
        "readme of CRAN package ErlangC", rate=100 / 30, agents=14, talk=3.0,
        figures=(
            share("delayed", 0.1741319, "delayed_share"),
            share("answered within 20 s", 0.88835, "service_level"),
            seconds("mean wait", 7.83593701177724, "asa"), use(0.7142857),
        ),
        replications=1600, hours=75.0, warm_up=3.0,
    ),
]
# fmt: on


# Priorities


def _priority(
    id_: str,
    model: str,
    rates: tuple[float, float],
    agents: int,
    talk: float,
    f: Mapping[str, float],
    replications: int,
    hours: float,
    warm_up: float,
) -> Case:
    first, second = (queue(rate, exponential(talk)) for rate in rates)
    figures = (
        share("delayed", f["P_delay"], "delayed_share", "all"),
        minutes("mean wait of the first", f["E_W1"], "mean_wait", "first"),
        minutes("mean wait of the second", f["E_W2"], "mean_wait", "second"),
        minutes("mean wait of all", f["E_W"], "mean_wait", "all"),
    )
    scenario = steady(*one_group(agents, first=first, second=second), hours, warm_up)
    return Case(id_, model, COBHAM, scenario, (Run(figures, replications),))


# fmt: off
PRIORITIES = [
    _priority(
        "PR-01", "M/M/10 with two priorities: 1 and 1.7 calls a minute, talk 3 min",
        rates=(1.0, 1.7), agents=10, talk=3.0,
        f={
            "P_delay": 0.43186035492865354, "E_W1": 0.18508300925513724, "E_W2": 0.9741211013428276,
            "E_W": 0.6818847709399793,
        },
        replications=800, hours=200.0, warm_up=24.0,
    ),
    _priority(
        "PR-02", "M/M/1 with two priorities: 0.3 and 0.5 calls a minute", rates=(0.3, 0.5), agents=1,
        talk=1.0, f={"P_delay": 0.8, "E_W1": 1.1428571428571428, "E_W2": 5.714285714285714, "E_W": 4.0},
        replications=1000, hours=200.0, warm_up=20.0,
    ),
    Case(
        "PR-05", "M/M/10+M with two priorities: 5 and 6 calls a minute, patience 2 and 5 min",
        CTMC,
        steady(
            *one_group(
                10, first=queue(5.0, None, exponential(2.0)), second=queue(6.0, None, exponential(5.0))
            ),
            25.0, 1.5,
        ),
        (
            Run(
                (
                    share("delayed", 0.8394189972643659, "delayed_share", "all"), use(0.9597607449919696),
                    length("mean queue length, first", 0.6751153616788146, "first"),
                    minutes("mean wait, first", 0.1350230723357629, "mean_wait", "first"),
                    share("abandoned, first", 0.06751153616788146, "abandonment_rate", "first"),
                    length("mean queue length, second", 5.324174346204198, "second"),
                    minutes("mean wait, second", 0.887362391034033, "mean_wait", "second"),
                    share("abandoned, second", 0.1774724782068066, "abandonment_rate", "second"),
                ),
                310,
            ),
        ),
    ),
]
# fmt: on


# Redials


# fmt: off
REDIALS = [
    Case(
        "RT-01",
        "M/M/10+M, 9 new calls a minute, patience 2 min: 60% of those who hang up dial again after 5 min",
        CTMC,
        steady(
            *one_group(
                10, calls=queue(9.0, None, exponential(2.0), redial={"share": 0.6, "after": exponential(5.0)})
            ),
            25.0, 2.0,
        ),
        (
            Run(
                (
                    Figure(
                        "attempts a minute", 9.502621936399773,
                        Measure("totals", "offered", "calls", scale=1 / 1500.0), "/ min",
                    ),
                    Figure(
                        "answered a minute", 8.664918709066825,
                        Measure("totals", "answered", "calls", scale=1 / 1500.0), "/ min",
                    ),
                    use(0.8664918709066824), length("mean queue length", 1.6754064546659098),
                    minutes("mean wait of an attempt", 0.17630991381949743, "mean_wait"),
                    share("attempts that find all busy", 0.5488013939453481, "delayed_share"),
                    share("attempts abandoned", 0.08815495690974871, "abandonment_rate"),
                    share("customers lost", 0.03723125454813133, "lost_rate"),
                    recorded("new calls that find all busy", 0.5419919771748914, "new_calls_delayed"),
                ),
                400,
            ),
        ),
    ),
    Case(
        "RT-03",
        "M/M/5/5 with redials: 4 new calls a minute, 80% of those who find all busy dial again after 2 min",
        CTMC,
        steady(
            *one_group(5, calls=queue(4.0, max_waiting=0, redial={"share": 0.8, "after": exponential(2.0)})),
            50.0, 1.0,
        ),
        (
            Run(
                (
                    Figure(
                        "attempts a minute", 5.4906736605726625,
                        Measure("totals", "offered", "calls", scale=1 / 3000.0), "/ min",
                    ),
                    Figure(
                        "answered a minute", 3.627331584856838,
                        Measure("totals", "answered", "calls", scale=1 / 3000.0), "/ min",
                    ),
                    use(0.7254663169713675),
                    ratio("attempts that find all busy", 0.33936492876932056, "blocked", "offered"),
                    share("customers lost", 0.09316710378579052, "lost_rate"),
                    recorded("new calls that find all busy", 0.31042889431263165, "new_calls_blocked"),
                ),
                100,
            ),
        ),
    ),
]
# fmt: on


# Callbacks


def callback(**more: Any) -> dict[str, Any]:
    return {"ring": "0 s", "reached": 1.0, **more}


# fmt: off
CALLBACKS = [
    Case(
        "CB-01",
        "M/M/58+M, 55 calls a minute, patience 2 min: 40% of the delayed are called back in their turn",
        INTEGRALS,
        steady(
            *one_group(
                58,
                calls=queue(
                    55.0, None, exponential(2.0), callback=callback(offer="always", accept=0.4, place="keep")
                ),
            ),
            5.0, 1.0,
        ),
        (
            Run(
                (
                    share("delayed", 0.4532873555700027, "delayed_share"),
                    share("abandoned", 0.01879603130147099, "abandonment_rate"), use(0.930452039283088),
                    minutes("mean time to an agent of the served", 0.06317774847875963, "time_to_agent"),
                    recorded(
                        "mean wait, callbacks until connected", 0.06423172826027856, "wait_with_callbacks",
                        "min", 1 / 60,
                    ),
                    recorded("an agent within 20 s", 0.9462370609742083, "agent_within_20_s"),
                ),
                1600,
            ),
        ),
    ),
    Case(
        "CB-04",
        "M/M/11+M, 10 calls a minute: with 2 waiting half accept a callback, dialled when 2 agents are free",
        CTMC,
        steady(
            *one_group(
                11,
                calls=queue(
                    10.0, None, exponential(2.0),
                    callback=callback(offer={"queue_length": 2}, accept=0.5, place="idle", reserve=1),
                ),
            ),
            30.0, 3.0,
        ),
        (
            Run(
                (
                    ratio("callbacks accepted", 0.09899457685078358, "callbacks_accepted", "offered"),
                    length("mean queue length", 0.6633935529060196),
                    Figure(
                        "mean wait of those without a callback", 0.0736281420579368,
                        Measure("totals", "wait", "calls", "offered - callbacks_accepted", scale=1 / 60),
                        "min",
                    ),
                    ratio(
                        "abandoned of those without a callback", 0.0368140710289684, "abandoned",
                        "offered - callbacks_accepted",
                    ),
                    share("abandoned of all", 0.03316967764530098, "abandonment_rate"),
                    minutes("mean wait for the callback", 3.3360131125611394, "callback_wait"),
                    ratio("answered at once", 0.49084816514374824, "waited - delayed", "offered"),
                    use(0.8789366566860899),
                ),
                1700,
            ),
        ),
    ),
]
# fmt: on


# Service that is not exponential: M/G/n+M


def _phases(
    id_: str,
    model: str,
    rate: float,
    agents: int,
    talk: Mapping[str, Any],
    f: Mapping[str, float],
    replications: int,
    hours: float,
    warm_up: float,
    patience: Mapping[str, Any] | None = None,
) -> Case:
    figures = [
        share("delayed", f["P_delay"], "delayed_share"),
        length("mean queue length", f["E_Q"]),
        minutes("mean wait", f["E_W"], "mean_wait"),
        use(f["utilisation"]),
    ]
    if patience:
        figures.append(share("abandoned", f["P_Ab"], "abandonment_rate"))
    scenario = steady(*one_group(agents, calls=queue(rate, talk, patience)), hours, warm_up)
    return Case(id_, model, CTMC, scenario, (Run(tuple(figures), replications),))


HYPEREXPONENTIAL = {"distribution": "hyperexponential", "mean": "1 min", "cv": 2.0}
ERLANG_2 = {"distribution": "gamma", "mean": "1 min", "cv": 1 / sqrt(2.0)}

# fmt: off
PHASES = [
    _phases(
        "PH-01", "M/H2/10+M: talk hyperexponential with cv 2, patience 2 min",
        rate=9.0, agents=10, talk=HYPEREXPONENTIAL,
        f={
            "P_delay": 0.45343315909077275, "E_Q": 1.4027634958044395, "E_W": 0.15586261064493773,
            "P_Ab": 0.07793130532246886, "utilisation": 0.8298618252097769,
        },
        replications=650, hours=25.0, warm_up=1.5, patience=exponential(2.0),
    ),
    _phases(
        "PH-04", "M/H2/5: talk hyperexponential with cv 2, nobody hangs up", rate=4.0, agents=5,
        talk=HYPEREXPONENTIAL,
        f={
            "P_delay": 0.5695546174202328, "E_Q": 5.016605618627967, "E_W": 1.2541514046569917,
            "utilisation": 0.8,
        },
        replications=1800, hours=100.0, warm_up=10.0,
    ),
    _phases(
        "PH-05", "M/E2/10+M: talk of two exponential phases, patience 2 min", rate=9.0, agents=10,
        talk=ERLANG_2,
        f={
            "P_delay": 0.4779964641025939, "E_Q": 1.101841215767156, "E_W": 0.12242680175190622,
            "P_Ab": 0.06121340087595311, "utilisation": 0.8449079392116422,
        },
        replications=280, hours=25.0, warm_up=1.0, patience=exponential(2.0),
    ),
]
# fmt: on


# Skills: the N and the X


# fmt: off
SKILLS = [
    Case(
        "SB-N1",
        "N: 5 calls a minute for A (6 agents), then B (4); 3 a minute for B alone, first; patience 2 min",
        CTMC,
        steady(
            {"one": queue(5.0, None, exponential(2.0)), "two": queue(3.0, None, exponential(2.0))},
            {
                "A": {"staffing": 6, "skills": {"one": {"level": 1, "prefer": 1}}},
                "B": {"staffing": 4, "skills": {"two": {"level": 1}, "one": {"level": 2, "prefer": 2}}},
            },
            25.0, 0.75,
        ),
        (
            Run(
                (
                    share("abandoned, one", 0.030159853684235516, "abandonment_rate", "one"),
                    share("abandoned, two", 0.11595458655285255, "abandonment_rate", "two"),
                    minutes("mean wait, one", 0.06031970736847103, "mean_wait", "one"),
                    minutes("mean wait, two", 0.2319091731057051, "mean_wait", "two"),
                    length("mean queue length, one", 0.30159853684235516, "one"),
                    length("mean queue length, two", 0.6957275193171153, "two"),
                    share("delayed, one", 0.23723193820330266, "delayed_share", "one"),
                    share("delayed, two", 0.5672235468872785, "delayed_share", "two"),
                    use(0.7188169308824827, "A", "utilisation of A"),
                    use(0.7971088466563419, "B", "utilisation of B"),
                    recorded("of one, served by B", 0.1105953694165419, "one_served_by_B"),
                ),
                580,
            ),
        ),
    ),
    Case(
        "SB-X1",
        "X: 3 and 2 calls a minute, two groups of 3, own first, the other's take 1.25 min; patience 2 min",
        CTMC,
        steady(
            {"one": queue(3.0, None, exponential(2.0)), "two": queue(2.0, None, exponential(2.0))},
            {
                "A": {
                    "staffing": 3,
                    "skills": {"one": {"level": 1}, "two": {"level": 2, "handle_factor": 1.25}},
                },
                "B": {
                    "staffing": 3,
                    "skills": {"two": {"level": 1}, "one": {"level": 2, "handle_factor": 1.25}},
                },
            },
            40.0, 1.0,
        ),
        (
            Run(
                (
                    share("abandoned, one", 0.09816409743034328, "abandonment_rate", "one"),
                    share("abandoned, two", 0.09177702900264176, "abandonment_rate", "two"),
                    minutes("mean wait, one", 0.19632819486068656, "mean_wait", "one"),
                    minutes("mean wait, two", 0.18355405800528352, "mean_wait", "two"),
                    share("delayed", 0.4962047477503594, "delayed_share", "all"),
                    use(0.8150540481682791, "A", "utilisation of A"),
                    use(0.7912931792176937, "B", "utilisation of B"),
                    recorded("of one, served by B", 0.2867871211998701, "one_served_by_B"),
                    recorded("of two, served by A", 0.2270628337478082, "two_served_by_A"),
                ),
                230,
            ),
        ),
    ),
]
# fmt: on


# Days whose volumes and staffing change


def by_interval(
    name: str,
    exact: tuple[float, ...],
    metric: str,
    unit: str = "share",
    kind: str = "queue",
    scale: float = 1.0,
    error: tuple[float, ...] | None = None,
) -> list[Figure]:
    """One figure for each interval, judged at whatever margin the whole day's figures bring with them."""
    of = "calls" if kind == "queue" else "team"
    return [
        Figure(
            f"{name}, interval {i + 1}",
            value,
            Measure(kind, metric, of, at=i, scale=scale),
            unit,
            goal=False,
            error=error[i] if error else 0.0,
        )
        for i, value in enumerate(exact)
    ]


def day(
    interval: str,
    opens: str,
    closes: str,
    volumes: list[float],
    agents: list[int],
    calls: Mapping[str, Any],
    **arrivals: Any,
) -> dict[str, Any]:
    """A day from empty to empty: those who wait at closing are served by the agents last present."""
    return {
        "schema": 1,
        "opens": opens,
        "closes": closes,
        "interval": interval,
        "at_close": "finish",
        "queues": {"calls": {"arrivals": {"per_interval": volumes, **arrivals}, **calls}},
        "agents": {"team": {"staffing": agents, "skills": ["calls"]}},
    }


# fmt: off
THIRTEEN_HOURS = (
    "1 h", "08:00", "21:00", [100, 150, 150, 180, 200, 150, 150, 150, 120, 100, 80, 70, 60],
    [4, 6, 8, 8, 8, 7, 8, 8, 6, 6, 4, 4, 4],
    {
        "talk": {"distribution": "exponential", "mean": "100 s"}, "balks": 0.1,
        "patience": {"distribution": "exponential", "mean": "1000 s"},
    },
)
# fmt: on
# fmt: off
TWELVE_HOURS = (
    "30 min", "08:00", "20:00",
    [
        40, 60, 85, 110, 130, 140, 135, 120, 105, 100, 105, 115, 120, 118, 110, 100, 90, 82, 74, 66, 56, 46,
        36, 26,
    ],
    [6, 9, 12, 16, 18, 19, 19, 17, 15, 13, 14, 15, 17, 17, 15, 13, 12, 11, 10, 9, 8, 7, 5, 4],
    {"talk": exponential(4.0), "patience": exponential(3.0)},
)

PART_DAYS = [
    Case(
        "TV-01",
        "a day of 13 hours, 1660 calls, 4 to 8 agents; talk 100 s, 10% will not wait, patience 1000 s",
        FORWARD, day(*THIRTEEN_HOURS),
        (
            Run(
                (
                    Figure("calls", 1660.0, Measure("queue", "offered", "calls"), "calls"),
                    Figure(
                        "abandoned calls", 32.34147660224949, Measure("queue", "abandoned", "calls"), "calls"
                    ),
                    share("abandoned", 0.019482817230270778, "abandonment_rate"),
                    seconds("mean wait", 4.594376242223878, "mean_wait"),
                    share("answered within 20 s", 0.9094928516526186, "service_level"),
                    *by_interval(
                        "answered within 20 s",
                        numbers(
                            "0.7540534 0.82719822 0.96855146 0.92508979 0.87675557 0.91816537 "
                            "0.96897575 0.96905166 0.92145801 0.96263104 0.85551407 0.90171182 "
                            "0.93825215"
                        ),
                        "service_level",
                    ),
                    *by_interval(
                        "delayed",
                        # of those who find all busy, a tenth leave at once and do not wait
                        tuple(
                            0.9 * all_busy
                            for all_busy in numbers(
                                "0.3317471785 0.2648820886 0.06514766802 0.1399968354 0.2132984928 "
                                "0.144647667 0.06452381263 0.06431270574 0.1336612044 0.0683631885 "
                                "0.2082708045 0.1469866238 0.09601318222"
                            )
                        ),
                        "delayed_share",
                    ),
                    *by_interval(
                        "mean queue length",
                        numbers(
                            "0.4350966851 0.374025544 0.05529822341 0.1629696851 0.3126066512 "
                            "0.1588140827 0.05394249483 0.05347285725 0.1228164969 0.04690422594 "
                            "0.1826368582 0.1052912475 0.05411448538"
                        ),
                        "mean_queue_length", "contacts",
                    ),
                    *by_interval(
                        "mean agents busy",
                        numbers(
                            "2.555770328 3.98291698 4.139984163 4.888931218 5.387922364 4.131702713 "
                            "4.135846939 4.13452242 3.298457377 2.770709356 2.170439372 1.914550478"
                        ),  # what follows closing counts in the last hour
                        "busy_hours", "agents", kind="group",
                    ),
                ),
                15000, by_interval=True,
            ),
            Run(
                (
                    share("… within 20 s, early abandons excluded", 0.9251297270144592, "service_level"),
                    *by_interval(
                        "… within 20 s, early abandons excluded",
                        numbers(
                            "0.78399174 0.85297565 0.97566715 0.93991226 0.89844648 0.93342685 "
                            "0.97602433 0.97607753 0.93562762 0.97011062 0.87642635 0.91711635 "
                            "0.94863277"
                        ),
                        "service_level",
                    ),
                ),
                4000, within("20 s", "early_abandons_excluded"), by_interval=True,
            ),
            Run(
                (share("… within 20 s, early abandons met", 0.9263952112949827, "service_level"),), 4000,
                within("20 s", "early_abandons_met"),
            ),
            Run(
                (
                    share("answered within 30 s", 0.9276421990030949, "service_level"),
                    *by_interval(
                        "answered within 30 s",
                        numbers(
                            "0.78719444 0.85883404 0.97707953 0.94347673 0.90424587 0.93687478 "
                            "0.9774261 0.97743637 0.93849583 0.97147207 0.87857862 0.91867038 "
                            "0.94973456"
                        ),
                        "service_level",
                    ),
                ),
                4000, within("30 s"), by_interval=True,
            ),
            Run(
                (
                    share("… within 30 s, early abandons excluded", 0.9442032349006109, "service_level"),
                    *by_interval(
                        "… within 30 s, early abandons excluded",
                        numbers(
                            "0.82006633 0.88674443 0.984451 0.9590724 0.92741683 0.9529831 "
                            "0.98472622 0.98471293 0.95345164 0.97926547 0.90105273 0.93505221 "
                            "0.96067523"
                        ),
                        "service_level",
                    ),
                ),
                4000, within("30 s", "early_abandons_excluded"), by_interval=True,
            ),
        ),
    ),
    Case(
        "TV-03",
        "a day of 24 half-hours, 2169 calls, 4 to 19 agents; talk 4 min, patience 3 min",
        FORWARD, day(*TWELVE_HOURS),
        (
            Run(
                (
                    share("abandoned", 0.10253801866439755, "abandonment_rate"),
                    Figure(
                        "abandoned calls", 222.40496248307826, Measure("queue", "abandoned", "calls"), "calls"
                    ),
                    minutes("mean wait", 0.3076140559931927, "mean_wait"),
                    share("answered within 20 s", 0.6638039340113828, "service_level"),
                    *by_interval(
                        "answered within 20 s",
                        numbers(
                            "0.73425148 0.74111219 0.71511065 0.77213178 0.71778 0.68296498 "
                            "0.71343076 0.69381396 0.68819793 0.57324316 0.629698 0.61321325 "
                            "0.72394425 0.73305353 0.64039334 0.56427367 0.59066499 0.59328202 "
                            "0.59303974 0.59297322 0.62256569 0.66118275 0.54670866 0.59541535"
                        ),
                        "service_level",
                    ),
                    *by_interval(
                        "delayed",
                        numbers(
                            "0.32913822 0.34093514 0.3866404 0.33419242 0.40872106 0.45369414 "
                            "0.41747195 0.43164246 0.42939412 0.54892984 0.49328557 0.51667302 "
                            "0.39737819 0.38580149 0.48396739 0.55636811 0.52365416 0.51566235 "
                            "0.51038533 0.504634 0.46650966 0.41766592 0.52545893 0.46620806"
                        ),
                        "delayed_share",
                    ),
                    *by_interval(
                        "mean queue length",
                        numbers(
                            "0.38301912 0.49487977 0.72393668 0.68346441 0.99032069 1.19769272 "
                            "1.04321406 1.03206099 0.950867 1.32925258 1.15473 1.30617323 "
                            "0.90534044 0.86308922 1.15638048 1.36485852 1.17162238 1.08202683 "
                            "1.00395093 0.92337131 0.74795095 0.56690988 0.6800451 0.47147585"
                        ),
                        "mean_queue_length", "contacts",
                    ),
                    *by_interval(
                        "mean agents busy",
                        numbers(
                            "4.13458473 6.98749232 9.93533462 13.30866334 15.6707865 16.89913996 "
                            "16.68711921 14.88718892 12.99528462 11.66896227 12.36716926 "
                            "13.42213469 14.68471324 14.61416926 13.27806084 11.69964452 "
                            "10.60729346 9.62951841 8.66685619 7.70752255 6.63900305 5.54745098 "
                            "4.07587264"
                        ),
                        "busy_hours", "agents", kind="group", scale=2.0,
                    ),
                ),
                3000, by_interval=True,
            ),
        ),
    ),
]

VARYING = [
    Case(
        "AR-01",
        "Erlang A whose rate is 48 a minute × gamma(25, 25), one level a day; days weighted by their calls",
        "Gauss–Laguerre quadrature over exact Erlang A",
        steady(
            *one_group(
                50,
                calls={
                    "arrivals": {"rate": "48.0 / min", "daily_variation": 0.2}, "talk": exponential(1.0),
                    "patience": exponential(2.0),
                },
            ),
            0.5, 0.25,
        ),
        (
            Run(
                (
                    share("abandoned", 0.07456393774442932, "abandonment_rate"),
                    share("delayed", 0.5348948088010601, "delayed_share"),
                    share("answered within 20 s", 0.7659442942347866, "service_level"),
                    length("mean queue length", 7.158138023465215),
                ),
                100000,
            ),
        ),
        loose=3.0,
    )
]
# fmt: on


# What others printed


def rounded(error: float, unit: float) -> float:
    """The standard error of a printed number, that of rounding to `unit` included."""
    return sqrt(error**2 + unit**2 / 12)


def _bracket(value: float, low: float, high: float, quantile: float, unit: float) -> tuple[float, float]:
    """A printed value and its standard error, from the interval printed with it."""
    return value, rounded((high - low) / 2 / quantile, unit)


def printed(name: str, value: tuple[float, float], measure: Measure, unit: str = "share") -> Figure:
    """A published figure with its standard error; its goal is reached long before ours."""
    return Figure(name, value[0], measure, unit, error=value[1], goal=False)


def shown(name: str, value: float, measure: Measure, goal: bool = False) -> Figure:
    """A published figure without a margin, or whose definition is not quite known."""
    return Figure(name, value, measure, judged=False, goal=goal)


NORMAL_95 = 1.959964
EIGHT_HOURS = {"schema": 1, "length": "8 h", "interval": "8 h", "at_close": "finish"}
SL20_BY_HOUR = numbers("0.781 0.859 0.975 0.937 0.901 0.930 0.974 0.973 0.935 0.970 0.873 0.918 0.947")
SL20_HALF_WIDTHS = numbers("1.3 1.05 0.35 0.65 0.85 0.75 0.35 0.35 0.65 0.45 1.1 0.9 0.65")
SL30_BY_HOUR = numbers("0.818 0.892 0.984 0.957 0.930 0.949 0.984 0.983 0.954 0.979 0.896 0.935 0.958")

# fmt: off
PUBLISHED = [
    Case(
        "PUB-SSJ-400",
        "the day of TV-01 with busyness gamma(400, 400), SSJ tutorial; shares are of 1660 expected calls",
        "umontreal-simul/ssj @98d9a6af, tutorial/CallCenter.res: 10,000 days, standard deviations as printed",
        day(*THIRTEEN_HOURS, daily_variation=0.05),
        (
            Run(
                (
                    printed("calls", (1660.366, 93.62 / 100), Measure("queue", "offered", "calls"), "calls"),
                    printed(
                        "waiting per expected call", (4.713, rounded(1.997 / 100, 0.001)),
                        Measure("totals", "wait", "calls", scale=1 / 1660), "s",
                    ),
                    printed(
                        "waits under 20 s of expected calls", (0.925, rounded(0.04 / 100, 0.001)),
                        Measure("totals", "within_target", "calls", scale=1 / 1660),
                    ),
                    printed(
                        "lost of expected calls", (0.020, rounded(0.0067 / 100, 0.001)),
                        Measure("totals", "abandoned", "calls", scale=1 / 1660),
                    ),
                ),
                5000, within("20 s", "early_abandons_met"),
            ),
        ),
    ),
    Case(
        "PUB-CC-singleQueue", "the day of TV-01, from ContactCenters' singleQueue.xml: 300 days",
        "umontreal-simul/contactcenters @f5ddb4a, doc/msk/mskuse.tex; 95% half-widths as printed",
        day(*THIRTEEN_HOURS),
        (
            Run(
                (
                    *by_interval(
                        "… within 20 s, early abandons excluded", SL20_BY_HOUR, "service_level",
                        error=tuple(rounded(half / 100 / NORMAL_95, 0.001) for half in SL20_HALF_WIDTHS),
                    ),
                    Figure(
                        "… the whole day", 0.925, Measure("queue", "service_level", "calls"), judged=False
                    ),
                    Figure(
                        "occupancy", 0.558, Measure("group", "occupancy", "team"), judged=False, goal=False
                    ),
                ),
                4000, within("20 s", "early_abandons_excluded"), by_interval=True,
            ),
            Run(
                (
                    Figure(
                        "… within 30 s, early abandons excluded", 0.944,
                        Measure("queue", "service_level", "calls"), judged=False,
                    ),
                    *(
                        Figure(
                            f"…, interval {hour + 1}",
                            value,
                            Measure("queue", "service_level", "calls", at=hour),
                            judged=False,
                            goal=False,
                        )
                        for hour, value in enumerate(SL30_BY_HOUR)
                    ),
                ),
                4000, within("30 s", "early_abandons_excluded"), by_interval=True,
            ),
        ),
    ),
    Case(
        "PUB-CC-MMC",
        "M/M/12, 4.2 calls a minute, talk 2 min, 480 min from empty, then drained; ContactCenters, 1000 days",
        "umontreal-simul/contactcenters @f5ddb4a, doc/examples/MMC.res; brackets read as 95% intervals",
        EIGHT_HOURS
        | {
            "queues": {"calls": queue(4.2, exponential(2.0))},
            "agents": {"team": {"staffing": 12, "skills": ["calls"]}},
        },
        (
            Run(
                (
                    printed(
                        "answered within 20 s", _bracket(1816.158, 1812.618, 1819.698, NORMAL_95, 0.001),
                        Measure("totals", "within_target", "calls"), "calls",
                    ),
                    printed(
                        "share of them", _bracket(0.902, 0.900, 0.904, NORMAL_95, 0.001),
                        Measure("queue", "service_level", "calls"),
                    ),
                    printed(
                        "mean wait of answered", _bracket(0.099, 0.097, 0.102, NORMAL_95, 0.001),
                        Measure("queue", "asa", "calls", scale=1 / 60), "min",
                    ),
                    shown(
                        "occupancy", 0.695, Measure("group", "occupancy", "team")
                    ),  # it is not said whether the drain counts
                ),
                4000,
            ),
        ),
    ),
    Case(
        "PUB-CC-MMCAb", "the same with exponential patience of 1 min",
        "umontreal-simul/contactcenters @f5ddb4a, doc/examples/MMCAb.res; brackets read as 95% intervals",
        EIGHT_HOURS
        | {
            "queues": {"calls": queue(4.2, exponential(2.0), exponential(1.0))},
            "agents": {"team": {"staffing": 12, "skills": ["calls"]}},
        },
        (
            Run(
                (
                    printed(
                        "abandoned calls", _bracket(58.609, 57.660, 59.558, NORMAL_95, 0.001),
                        Measure("queue", "abandoned", "calls"), "calls",
                    ),
                    printed(
                        "answered within 20 s", _bracket(1906.008, 1903.785, 1908.231, NORMAL_95, 0.001),
                        Measure("totals", "within_target", "calls"), "calls",
                    ),
                    printed(
                        "share of the answered", _bracket(0.975, 0.974, 0.975, NORMAL_95, 0.001),
                        Measure("totals", "within_target", "calls", "answered"),
                    ),
                    printed(
                        "mean wait of answered", _bracket(0.024, 0.023, 0.024, NORMAL_95, 0.001),
                        Measure("queue", "asa", "calls", scale=1 / 60), "min",
                    ),
                    shown(
                        "occupancy", 0.675, Measure("group", "occupancy", "team")
                    ),  # it is not said whether the drain counts
                ),
                4000,
            ),
            Run(
                (
                    printed(
                        "… within 20 s, early abandons excluded",
                        _bracket(0.968, 0.968, 0.969, NORMAL_95, 0.001),
                        Measure("queue", "service_level", "calls"),
                    ),
                ),
                4000, within("20 s", "early_abandons_excluded"),
            ),
        ),
    ),
]
# fmt: on


CASES: dict[str, Case] = {
    case.id: case
    for case in [
        *ERLANG_A,
        *GENERAL_PATIENCE,
        *BLOCKED,
        *ERLANG_C,
        *PRIORITIES,
        *PHASES,
        *SKILLS,
        *REDIALS,
        *CALLBACKS,
        *PART_DAYS,
        *VARYING,
        *PUBLISHED,
    ]
}
