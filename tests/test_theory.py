"""The formulas against sums with 50 digits, against figures that others computed, and against each other.

Judges marked by a name such as EA-01 are quoted from the reference set of the project (`reference/exact_cases.json`
and its README): integrals with 40 digits in mpmath, birth–death chains with 30 digits.
"""

import math
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import sim
from sim import theory
from sim.distributions import Distribution, distribution
from sim.errors import InputError
from sim.theory.patience import limited_mean

FIGURES = (
    "delayed_share", "abandonment_rate", "blocked_share", "service_level", "abandoned_within", "mean_wait", "asa",
    "mean_delay", "mean_queue_length", "occupancy",
)  # fmt: skip
DIGITS = 1e-10
LINE = {"arrival_rate": 0.8, "mean_handle": 60.0, "agents": 50}


def near(found: Any, wanted: Any, relative: float = DIGITS) -> bool:
    return bool(np.allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=relative, atol=1e-15))


def agree(one: Any, other: Any, relative: float = DIGITS, leave: tuple[str, ...] = ()) -> None:
    for name in FIGURES:
        if name not in leave:
            found, wanted = np.asarray(getattr(one, name), float), np.asarray(getattr(other, name), float)
            assert np.allclose(found, wanted, rtol=relative, atol=1e-14, equal_nan=True), (
                name,
                found,
                wanted,
            )


# Sums with 50 digits.


def inverse_b(n: int, load: Any) -> Any:
    """1 ÷ B by the recursion; for many agents by the incomplete gamma function."""
    load = mp.mpf(load)
    if n > 2000:
        return mp.gammainc(n + 1, load, mp.inf) * mp.exp(load - n * mp.log(load))
    value = mp.mpf(1)
    for k in range(1, n + 1):
        value = 1 + k / load * value
    return value


def palm(s: Any, x: Any) -> Any:
    """Σ xᵏ ÷ (s·(s + 1)…(s + k)), term by term."""
    term = total = 1 / s
    k = 0
    while term > total * mp.mpf(10) ** -45:
        k += 1
        term *= x / (s + k)
        total += term
    return total


def exact_a(rate: float, mean: float, n: int, patience: float, within: float) -> dict[str, float]:
    """Erlang A with 50 digits, so that differences may cancel; from Zeltyn and Mandelbaum's integrals."""
    rate, mean, patience, within = (mp.mpf(v) for v in (rate, mean, patience, within))
    s, x, t = n * patience / mean, rate * patience, within / patience

    def height(v: Any) -> Any:
        return mp.exp(-s * v + x * (1 - mp.exp(-v)))

    def after(v: Any) -> Any:
        return height(v) * palm(s, x * mp.exp(-v))

    free = inverse_b(n - 1, rate * mean)
    whole = free + x * after(0)
    answered = 1 - (x * after(0) - (s * after(0) - 1)) / whole
    late = (s * after(t) - height(t)) / whole
    longer = x * mp.exp(-t) * after(t) / whole
    found = {
        "delayed_share": x * after(0) / whole, "abandonment_rate": 1 - answered, "mean_wait": patience * (1 - answered),
        "service_level": answered - late, "abandoned_within": 1 - (answered - late) - longer,
        "occupancy": rate * mean * answered / n,
    }  # fmt: skip
    return {name: float(value) for name, value in found.items()}


@pytest.mark.parametrize("n", [1, 2, 5, 19, 20, 21, 60, 500, 50_000])
def test_erlang_b_and_c_keep_ten_digits_from_one_agent_to_fifty_thousand(n: int) -> None:
    with mp.workdps(50):
        for rho in (1e-6, 0.02, 0.5, 0.9, 0.99, 0.9999, 1.0, 1.01, 1.4, 30.0, 1e6):
            load = n * rho
            inverse = inverse_b(n, load)
            found = theory.erlang_b(arrival_rate=load / 64.0, mean_handle=64.0, agents=n)
            if inverse < mp.mpf(10) ** 300:
                assert near(found.blocked_share * float(inverse) if inverse > 1e200 else found.blocked_share,
                            1.0 if inverse > 1e200 else float(1 / inverse))  # fmt: skip
            else:
                assert found.blocked_share < 1e-299
            if rho < 1.0 and inverse < mp.mpf(10) ** 250:
                c = 1 / (mp.mpf(load) / n + (1 - mp.mpf(load) / n) * inverse)
                wait = theory.erlang_c(arrival_rate=load / 64.0, mean_handle=64.0, agents=n, within=7.0)
                pace = (n - mp.mpf(load)) / 64
                assert near(wait.delayed_share, float(c))
                assert near(wait.mean_wait, float(c / pace))
                assert near(wait.service_level, float(1 - c * mp.exp(-7 * pace)))


@pytest.mark.parametrize(
    ("n", "patience"),
    [(1, 3.0), (2, 0.05), (2, 6400.0), (5, 60.0), (5, 1e4), (19, 20.0), (60, 180.0), (500, 32.0), (500, 3000.0),
     (5000, 128.0), (50_000, 64.0)],
)  # fmt: skip
def test_erlang_a_keeps_ten_digits_from_one_agent_to_fifty_thousand(n: int, patience: float) -> None:
    with mp.workdps(50):
        for rho in (0.02, 0.6, 0.95, 1.0, 1.02, 1.3, 4.0) if n * patience < 1e6 else (0.95, 1.0, 1.02):
            wanted = exact_a(n * rho / 64.0, 64.0, n, patience, 16.0)
            found = theory.erlang_a(
                arrival_rate=n * rho / 64.0, mean_handle=64.0, agents=n, mean_patience=patience, within=16.0
            )
            for name, value in wanted.items():
                # the service level of a hopeless line may be smaller than anything: 14 places will do there;
                # what 50 digits lose when they cancel cannot be held against anybody
                size = 1e-14 if value < 1e-9 and name == "service_level" else 1e-35
                assert math.isclose(getattr(found, name), value, rel_tol=DIGITS, abs_tol=size), (rho, name)


# Figures that others computed.

ERLANG_A = [  # rate a minute, handle and patience in minutes, agents; figures of EA-01, EA-02, EA-03 with T = 20 s
    (48.0, 1.0, 2.0, 50, (0.4677740685537904, 0.03091224916219322, 0.06182449832438644, 0.06026500399255191,
     2.967575919570549, 0.9303242408042945, 0.0271356082921919, 0.943018954746981, 0.02984543696082703,
     0.9720296029869869)),
    (60.0, 1.0, 2.0, 50, (0.9752413935190263, 0.1682285894471569, 0.3364571788943138, 0.3590178713425319,
     20.18743073365883, 0.9981256926634117, 0.4886602349815103, 0.3836171668015322, 0.1277225982169575,
     0.4397880376327203)),
    (4.2, 2.0, 1.0, 12, (0.127372281808747, 0.0296789055423734, 0.0296789055423734, 0.0240600770091979,
     0.1246514032779683, 0.6792247661203386, 0.03137818990973119, 0.9452695755589992, 0.02335223453126964,
     0.9678715387275048)),
]  # fmt: skip


def quoted(found: Any) -> tuple[float, ...]:
    """In the order of the reference set, times in minutes."""
    return (
        found.delayed_share, found.abandonment_rate, found.mean_wait / 60, found.asa / 60, found.mean_queue_length,
        found.occupancy, found.waiting_longer(20.0), found.service_level, found.abandoned_within,
        found.service_level_by("early_abandons_excluded"),
    )  # fmt: skip


@pytest.mark.parametrize(("rate", "handle", "patience", "agents", "wanted"), ERLANG_A)
def test_erlang_a_gives_the_reference_figures(
    rate: float, handle: float, patience: float, agents: int, wanted: tuple[float, ...]
) -> None:
    line = {"arrival_rate": rate / 60, "mean_handle": 60 * handle, "agents": agents}
    assert near(quoted(theory.erlang_a(mean_patience=60 * patience, **line)), wanted)
    assert near(
        quoted(theory.erlang_g(patience=distribution("exponential", mean=60 * patience), **line)), wanted
    )


ANY_PATIENCE = [  # 1 − delayed share, abandonment, mean wait and asa (min), service level and abandoned in 20 s
    ("MG-01", 55.0, 50, distribution("constant", value=120), {},
     (2.151191816083118e-05, 0.0909108874146247, 1.818226002988301, 1.80004820815118, 0.0001987604632150073, 0.0)),
    ("MG-03", 55.0, 50, distribution("uniform", low=60, high=180), {},
     (0.0008521197667784506, 0.09098025322316432, 1.119378857110611, 1.11464627847642, 0.007873203974340742, 0.0)),
    ("MG-05", 55.0, 50, distribution("lognormal", mean=120, cv=2), {},
     (0.1582310256946238, 0.1041232966881781, 0.1602599053237957, 0.1594445869418888, 0.7948584476508364,
      0.09673911786606217)),
    ("MG-06", 55.0, 50, distribution("weibull", shape=0.7, scale=120 / math.gamma(1 + 1 / 0.7)), {},
     (0.2798300805261751, 0.1142782895287587, 0.09107087470735173, 0.0929062371185917, 0.8551912025361882,
      0.1127998350623987)),
    ("MG-10", 55.0, 50, distribution("exponential", mean=120), {"balks": 0.1},
     (0.3735848000166584, 0.116295359917966, 0.09338734206185602, 0.09926205239352343, 0.8341438577049894,
      0.1140903925394846)),
    ("MG-12", 9.0, 10, distribution("lognormal", mean=60, cv=1), {},
     (0.5423734377866918, 0.07080693933816994, 0.1149598634538354, 0.1000870727244139, 0.8264650908924464,
      0.04437868377986175)),
    ("MG-16", 1.2, 1, distribution("constant", value=180), {},
     (0.1231640040021729, 0.2693033366684775, 1.809796763385846, 1.371139083641676, 0.1741089017791334, 0.0)),
    ("CB-01", 55.0, 58, distribution("exponential", mean=120), {"never_hangs_up": 0.4},
     (0.5467126444299973, 0.01879603130147099, 0.06423172826027856, 0.06317774847875963, 0.9462370609742083,
      0.01787139533327304)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rate", "agents", "patience", "more", "wanted"),
    ANY_PATIENCE,
    ids=[row[0] for row in ANY_PATIENCE],
)
def test_any_patience_gives_the_reference_figures(
    name: str,
    rate: float,
    agents: int,
    patience: Distribution,
    more: dict[str, float],
    wanted: tuple[float, ...],
) -> None:
    r = theory.erlang_g(arrival_rate=rate / 60, mean_handle=60, agents=agents, patience=patience, **more)
    found = (
        1 - r.delayed_share, r.abandonment_rate, r.mean_wait / 60, r.asa / 60, r.service_level, r.abandoned_within
    )  # fmt: skip
    assert near(found, wanted)


def test_limited_lines_give_the_reference_figures() -> None:
    """BL-01, BL-02, BL-04."""
    one = theory.erlang_k(arrival_rate=4.2 / 60, mean_handle=120, agents=12, max_waiting=5)
    assert near((one.blocked_share, one.mean_queue_length, one.mean_wait / 60, one.occupancy),
                (0.009476874302514943, 0.25428889085361317, 0.06112424075927737, 0.6933661879882396))  # fmt: skip
    two = theory.erlang_k(arrival_rate=0.8, mean_handle=60, agents=50, max_waiting=10, mean_patience=120)
    assert near((two.blocked_share, two.abandonment_rate, two.answered_share, two.mean_queue_length),
                (0.020882811803449697, 0.017632156934660793, 0.9614850312618896, 1.6926870657274362))  # fmt: skip
    three = theory.erlang_b(arrival_rate=8 / 60, mean_handle=60, agents=10)
    assert near((three.blocked_share, three.carried_load), (0.1216610642529515, 7.026711485976388))


def test_erlang_c_gives_the_reference_figures() -> None:
    """EC-01, EC-02, and the values printed by the R package ErlangC."""
    one = theory.erlang_c(**LINE)
    assert near((one.delayed_share, one.mean_wait, one.service_level, one.wait_quantile(0.9)),
                (0.6944556111968343, 20.83366833590503, 0.6434546008033034, 58.13874178200882))  # fmt: skip
    two = theory.erlang_c(arrival_rate=1 / 18, mean_handle=180, agents=14)
    assert near((two.delayed_share, two.mean_wait, two.service_level, two.wait_quantile(0.9)),
                (0.17413193359504983, 7.835937011777243, 0.8883500191794669, 24.95893792322008))  # fmt: skip


def test_priorities_give_the_reference_figures() -> None:
    """PR-01, PR-02."""
    one = theory.priorities(arrival_rates=[1 / 60, 1.7 / 60], mean_handle=180, agents=10)
    found = (one.delayed_share, *one.mean_wait, one.mean_wait_all)
    wanted = (0.43186035492865354, 0.18508300925513724, 0.9741211013428276, 0.6818847709399793)
    assert near(found, (wanted[0], *(60 * wait for wait in wanted[1:])))
    two = theory.priorities(arrival_rates=[0.3, 0.5], mean_handle=1, agents=1)
    assert near(two.mean_wait, (1.1428571428571428, 5.714285714285714))


def test_the_ninetieth_percentile_of_the_wait_in_erlang_a_is_that_of_the_reference() -> None:
    """EA-01q."""
    assert near(theory.erlang_a(mean_patience=120, **LINE).wait_quantile(0.9), 12.444647715180759)
    patience = distribution("exponential", mean=120)
    assert near(theory.erlang_g(patience=patience, **LINE).wait_quantile(0.9), 12.444647715180759)


CALLS = [
    40, 60, 85, 110, 130, 140, 135, 120, 105, 100, 105, 115, 120, 118, 110, 100, 90, 82, 74, 66, 56, 46, 36, 26,
]  # fmt: skip
DAY = {"arrival_rates": np.array(CALLS) / 1800, "interval": 1800, "mean_handle": 240, "mean_patience": 180}
STAFF = [6, 9, 12, 16, 18, 19, 19, 17, 15, 13, 14, 15, 17, 17, 15, 13, 12, 11, 10, 9, 8, 7, 5, 4]


def test_eighty_percent_in_twenty_seconds_by_interval_needs_the_agents_of_the_reference() -> None:
    """The requirement of ST-03."""
    found = theory.agents_by_interval(service_level=0.8, **DAY)
    assert found.tolist() == [
        8, 10, 14, 17, 20, 21, 21, 19, 17, 16, 17, 18, 19, 18, 17, 16, 15, 14, 12, 11, 10, 8, 7, 6,
    ]  # fmt: skip


def test_the_forward_equations_give_the_reference_days() -> None:
    """TV-03 and TV-01: half-hours and hours, agents finish their call when the staffing falls."""
    day = theory.forward_day(agents=STAFF, **DAY)
    assert near(day.day_abandonment_rate, 0.10253801866439755)
    assert near(day.day_mean_wait, 60 * 0.3076140559931927)
    assert near(day.day_service_level, 0.6638039340113828)
    assert near(day.service_level[[0, 9, 23]], (0.73425148, 0.57324316, 0.59541535), 1e-7)
    assert near(day.abandonments[[0, 9, 23]], (3.83019118, 13.29252582, 4.71475852), 1e-7)
    assert day.tail < 1e-12
    hours = np.array([100, 150, 150, 180, 200, 150, 150, 150, 120, 100, 80, 70, 60]) / 3600
    agents = [4, 6, 8, 8, 8, 7, 8, 8, 6, 6, 4, 4, 4]
    day = theory.forward_day(
        arrival_rates=hours, interval=3600, mean_handle=100, agents=agents, mean_patience=1000, balks=0.1
    )
    assert near(day.day_abandonment_rate, 0.019482817230270778)
    assert near(day.day_mean_wait, 4.594376242223878)
    assert near(day.day_service_level, 0.9094928516526186)
    assert near(np.sum(day.mean_busy) / (sum(agents) + np.sum(day.overtime)), 0.5575784003638925)


# Against each other.

SIZES = np.array([1, 5, 50, 1000, 50_000])


def test_erlang_a_becomes_erlang_c_as_patience_grows() -> None:
    line = {"arrival_rate": SIZES * 0.9 / 60, "mean_handle": 60.0, "agents": SIZES}
    patient, endless = theory.erlang_a(mean_patience=1e14, **line), theory.erlang_c(**line)
    agree(patient, endless, 1e-9, leave=("abandonment_rate", "abandoned_within"))
    assert (patient.abandonment_rate < 1e-11).all()


def test_erlang_a_loses_as_many_as_erlang_b_as_patience_shrinks() -> None:
    for rho in (0.7, 1.0, 1.5):
        line = {"arrival_rate": SIZES * rho / 60, "mean_handle": 60.0, "agents": SIZES}
        blocked = theory.erlang_b(**line).blocked_share
        assert near(theory.erlang_a(mean_patience=1e-11, **line).abandonment_rate, blocked, 1e-9)


@pytest.mark.parametrize("rho", [0.3, 0.9, 1.0, 1.2])
@pytest.mark.parametrize("patience", [4.0, 90.0, 2000.0])
def test_any_patience_with_an_exponential_one_is_erlang_a(rho: float, patience: float) -> None:
    line = {"arrival_rate": SIZES * rho / 60, "mean_handle": 60.0, "agents": SIZES}
    law = distribution("exponential", mean=patience)
    agree(theory.erlang_g(patience=law, **line), theory.erlang_a(mean_patience=patience, **line))


def test_endless_patience_is_erlang_c_and_one_point_is_the_exponential_through_it() -> None:
    agree(theory.erlang_g(patience=None, **LINE), theory.erlang_c(**LINE))
    law = distribution("piecewise_exponential", points={40.0: 0.15})
    through = distribution("exponential", quantiles={40.0: 0.15})
    agree(theory.erlang_g(patience=law, **LINE), theory.erlang_g(patience=through, **LINE))


def test_a_long_line_is_no_limit_and_no_line_is_erlang_b() -> None:
    agree(
        theory.erlang_k(max_waiting=500, mean_patience=120, **LINE),
        theory.erlang_a(mean_patience=120, **LINE),
    )
    agree(theory.erlang_k(max_waiting=5000, **LINE), theory.erlang_c(**LINE))
    none = theory.erlang_k(max_waiting=0, mean_patience=120, **LINE)
    assert near(none.blocked_share, theory.erlang_b(**LINE).blocked_share)
    assert none.delayed_share == none.mean_wait == 0.0


def test_balking_is_the_same_in_a_limited_line_and_in_any_patience() -> None:
    law = distribution("exponential", mean=120)
    long = theory.erlang_k(max_waiting=400, mean_patience=120, balks=0.1, **LINE)
    agree(long, theory.erlang_g(patience=law, balks=0.1, **LINE))
    assert near(
        long.waiting_longer(15.0), theory.erlang_g(patience=law, balks=0.1, **LINE).waiting_longer(15.0)
    )


FAMILIES = [
    distribution("constant", value=30), distribution("gamma", mean=90, cv=0.5), distribution("gamma", mean=90, cv=3),
    distribution("lognormal", mean=90, cv=0.3), distribution("weibull", mean=90, cv=2),
    distribution("hyperexponential", mean=90, cv=2), distribution("uniform", low=5, high=50),
    distribution("empirical", values=[0, 3, 5, 5, 60, 200]),
    distribution("piecewise_exponential", points={5.0: 0.0, 20.0: 0.3, 60.0: 0.3, 90.0: 0.6}),
]  # fmt: skip


@pytest.mark.parametrize("law", FAMILIES, ids=lambda law: law.family)
@pytest.mark.parametrize("rate", [0.7, 1.1])
def test_every_family_of_patience_agrees_with_sums_of_many_digits(law: Distribution, rate: float) -> None:
    n, mean, t = 50, 60.0, 20.0
    known = (
        [float(v) for v in np.unique(law.parameters)]
        if law.family in ("constant", "uniform", "empirical")
        else []
    )
    known += list(law.parameters[::3]) if law.family == "piecewise_exponential" else []
    pieces = sorted({0.0, t, 1e-4, 0.01, 0.1, 1.0, *np.arange(4.0, 100.0, 4.0), 150.0, 250.0, 400.0, *known})
    nodes, weights = np.polynomial.legendre.leggauss(30)

    def integral(of: Any, most: float = math.inf) -> float:
        total = []
        for a, b in pairwise(pieces):
            if b <= most:
                x = 0.5 * (a + b) + 0.5 * (b - a) * nodes
                total.append(
                    0.5 * (b - a) * weights @ (of(x) * np.exp(rate * limited_mean(law, x) - n / mean * x))
                )
        return math.fsum(total)

    with mp.workdps(40):
        free = float(inverse_b(n - 1, rate * mean))
    j = integral(np.ones_like)
    whole = free + rate * j
    found = theory.erlang_g(arrival_rate=rate, mean_handle=mean, agents=n, patience=law, within=t)
    # the mean of min(patience, x) itself, against the integral of the survival function
    for a, b in pairwise(pieces[:20]):
        x = 0.5 * (a + b) + 0.5 * (b - a) * nodes
        rise = 0.5 * (b - a) * float(weights @ (1 - law.cdf(x)))
        ends = limited_mean(law, np.array([a, b]))
        assert math.isclose(ends[1] - ends[0], rise, rel_tol=1e-7, abs_tol=1e-7)
    assert near(found.abandonment_rate, rate * integral(law.cdf) / whole, 1e-8)
    assert near(found.mean_wait, rate * integral(lambda x: limited_mean(law, x)) / whole, 1e-8)
    assert near(found.service_level, (free + rate * integral(lambda x: 1 - law.cdf(x), t)) / whole, 1e-8)
    answered = free + rate * integral(lambda x: 1 - law.cdf(x))
    assert near(found.asa, rate * integral(lambda x: x * (1 - law.cdf(x))) / answered, 1e-8)
    assert near(found.answered_share + found.abandonment_rate, 1.0)
    assert near(found.occupancy, rate * mean * found.answered_share / n)  # what comes in and stays goes out


def test_the_forward_equations_settle_down_to_erlang_a() -> None:
    day = theory.forward_day(
        arrival_rates=[0.8] * 3, interval=3600, mean_handle=60, agents=50, mean_patience=120
    )
    steady = theory.erlang_a(mean_patience=120, **LINE)
    assert near(day.service_level[-1], steady.service_level)
    assert near(day.delayed_share[-1], steady.delayed_share)
    assert near(day.mean_queue_length[-1], steady.mean_queue_length)
    assert near(day.occupancy[-1], steady.occupancy)
    assert near(day.abandonments[-1], 0.8 * 3600 * steady.abandonment_rate)


def test_the_forward_equations_with_a_limited_line_settle_down_to_erlang_k() -> None:
    day = theory.forward_day(
        arrival_rates=[0.1] * 3, interval=7200, mean_handle=60, agents=5, max_waiting=4, at_close="drop"
    )
    steady = theory.erlang_k(arrival_rate=0.1, mean_handle=60, agents=5, max_waiting=4)
    assert near(day.service_level[-2], steady.service_level)
    assert near(day.delayed_share[-2], steady.delayed_share)
    assert near(day.blocked[-2], 720 * steady.blocked_share)


def test_in_a_short_interval_the_service_level_looks_over_its_end() -> None:
    """One agent, patience endless: a caller who waits at the change is answered by the agent who comes."""
    whole = theory.forward_day(
        arrival_rates=[0.05], interval=240, mean_handle=60, agents=[2], mean_patience=90
    )
    split = theory.forward_day(
        arrival_rates=[0.05] * 24, interval=10, mean_handle=60, agents=[2] * 24, mean_patience=90
    )
    assert near(split.day_service_level, whole.day_service_level, 1e-9)
    assert near(split.day_mean_wait, whole.day_mean_wait)
    assert near(split.day_abandonment_rate, whole.day_abandonment_rate)


def test_a_class_of_its_own_is_erlang_c_and_all_classes_together_wait_as_long() -> None:
    alone = theory.priorities(arrival_rates=[0.8], mean_handle=60, agents=50)
    assert near(alone.service_level[0], theory.erlang_c(**LINE).service_level)
    three = theory.priorities(arrival_rates=[0.1, 0.3, 0.4], mean_handle=60, agents=50)
    assert near(three.mean_wait_all, theory.erlang_c(**LINE).mean_wait)


@pytest.mark.parametrize(
    "shares", [(0.1, 0.8), (0.45, 0.45), (0.8, 0.1), (0.25, 0.25), (0.25, 0.2501), (0.25, 0.249)]
)
def test_the_wait_of_a_class_has_the_mean_that_it_should(shares: tuple[float, float]) -> None:
    """Also where the pole meets the cut: load of the class above = square of the load with its own."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    mean = 0.0
    for a, b in pairwise([0, 0.1, 0.5, 2, 8, 30, 100, 300, 1000, 3000]):
        for at, weight in zip(0.5 * (a + b) + 0.5 * (b - a) * nodes, 0.5 * (b - a) * weights, strict=True):
            found = theory.priorities(arrival_rates=shares, mean_handle=2.0, agents=2, within=at)
            mean += weight * (1.0 - found.service_level[1])
    assert near(mean, found.mean_wait[1], 1e-7)


def test_an_overloaded_low_class_leaves_the_higher_one_right() -> None:
    found = theory.priorities(arrival_rates=[0.5, 0.5], mean_handle=60, agents=50)
    assert found.bounded == (True, False)
    assert found.mean_wait[0] == pytest.approx(1 / (50 / 60 - 0.5))
    assert found.mean_wait[1] == math.inf
    assert found.service_level[1] == 0.0


# What grows without bound.


def test_erlang_c_without_enough_agents_says_that_the_line_grows_without_bound() -> None:
    for agents in (48, 40, 1):
        found = theory.erlang_c(arrival_rate=0.8, mean_handle=60, agents=agents)
        assert not found.bounded
        assert found.mean_wait == found.asa == found.mean_queue_length == found.wait_quantile(0.5) == math.inf
        assert (found.service_level, found.abandonment_rate, found.delayed_share) == (0.0, 0.0, 1.0)
        assert found.occupancy == 1.0
        assert found.answered_share == pytest.approx(agents / 48)


def test_patience_bounds_the_line_unless_too_many_never_hang_up() -> None:
    law = distribution("exponential", mean=60)
    line = {"arrival_rate": 2.0, "mean_handle": 60, "agents": 50, "patience": law}
    assert theory.erlang_g(never_hangs_up=0.3, **line).bounded
    lost = theory.erlang_g(never_hangs_up=0.5, **line)
    assert not lost.bounded
    assert (lost.mean_wait, lost.service_level, lost.occupancy) == (math.inf, 0.0, 1.0)


# How many agents.


def test_the_smallest_number_meets_the_target_and_one_fewer_does_not() -> None:
    targets: list[dict[str, Any]] = [
        {"service_level": 0.8}, {"service_level": 0.95, "definition": "answered"}, {"abandonment_rate": 0.02},
        {"service_level": 0.9, "definition": "early_abandons_excluded"}, {"asa": 5.0}, {"delayed_share": 0.1},
        {"service_level": 0.9, "definition": "early_abandons_met"}, {"occupancy": 0.85},
        {"service_level": 0.8, "occupancy": 0.8},
    ]  # fmt: skip
    for target in targets:
        for load in (0.2, 5.0, 48.0, 1000.0):
            need = theory.smallest_agents(arrival_rate=load / 60, mean_handle=60, mean_patience=120, **target)
            assert meets(load, need, target), (target, load)
            assert need == 1 or not meets(load, need - 1, target), (target, load)


def meets(load: float, agents: int, target: dict[str, Any]) -> bool:
    found = theory.erlang_a(arrival_rate=load / 60, mean_handle=60, mean_patience=120, agents=agents)
    good = True
    for name, limit in target.items():
        if name == "service_level":
            good &= found.service_level_by(target.get("definition", "offered")) >= limit
        elif name != "definition":
            good &= getattr(found, name) <= limit
    return bool(good)


@pytest.mark.parametrize("law", FAMILIES, ids=lambda law: law.family)
def test_every_target_moves_one_way_as_agents_are_added(law: Distribution) -> None:
    n = np.arange(1, 120)
    found = theory.erlang_g(arrival_rate=0.8, mean_handle=60, agents=n, patience=law, balks=0.02)
    for definition in theory.DEFINITIONS:
        level = found.service_level_by(definition)
        assert (np.diff(level) >= -1e-13).all(), definition
    for name in ("abandonment_rate", "delayed_share", "mean_wait", "occupancy", "asa"):
        values = getattr(found, name)
        assert (np.diff(values) <= 1e-13 * np.abs(values[1:]).max()).all(), name


def test_known_answers_of_calculators() -> None:
    line = {"arrival_rate": 100 / 1800, "mean_handle": 180}
    assert theory.smallest_agents(service_level=0.8, **line) == 14
    assert theory.smallest_agents(service_level=0.8, mean_patience=300, **line) == 13
    assert theory.smallest_agents(blocked_share=0.01, max_waiting=0, **line) == 18


def test_the_square_root_rules_are_near_the_exact_numbers() -> None:
    load = np.array([10, 100, 1000, 20_000])
    exact_c = theory.smallest_agents(arrival_rate=load / 60, mean_handle=60, delayed_share=0.2)
    assert (np.abs(theory.staff_balanced(load, 0.2) - exact_c) <= 1).all()
    exact_a = theory.smallest_agents(
        arrival_rate=load / 60, mean_handle=60, mean_patience=120, delayed_share=0.2
    )
    assert (np.abs(theory.staff_balanced(load, 0.2, 2.0) - exact_a) <= 1).all()
    many = theory.erlang_a(arrival_rate=1e6 / 60, mean_handle=60, agents=1_000_500, mean_patience=120)
    assert near(theory.garnett(0.5, 2.0), many.delayed_share, 2e-3)
    assert near(theory.garnett_abandonment(0.5, 2.0, 1e6), many.abandonment_rate, 2e-3)
    assert near(theory.halfin_whitt(1.0), 1 / (1 + 0.8413447460685429 / 0.24197072451914337))
    assert (theory.staff_quality_driven(100, 0.1), theory.staff_efficiency_driven(100, 0.1)) == (110, 90)


# A day by stationary formulas.


def test_the_modified_offered_load_follows_its_differential_equation() -> None:
    rates = np.array([0.1, 0.4, 0.0, 0.2])
    found = theory.modified_offered_load(rates, 1800, 300.0)
    level, steps, levels = 0.0, 20_000, []
    for rate in rates:
        inside = []
        for _ in range(steps):  # midpoint rule
            half = level + 0.5 * 1800 / steps * (rate - level / 300)
            inside.append(half)
            level += 1800 / steps * (rate - half / 300)
        levels.append((level, np.mean(inside)))
    assert near(found.end, [one for one, _ in levels], 1e-6)
    assert near(found.mean, [two for _, two in levels], 1e-6)


def test_a_lag_of_one_interval_moves_the_rates_by_one() -> None:
    rates = [1.0, 2.0, 4.0]
    assert near(theory.lagged_rates(rates, 60, 60, before=0.5), [0.5, 1.0, 2.0])
    assert near(theory.lagged_rates(rates, 60, 30), [0.5, 1.5, 3.0])
    assert near(theory.lagged_rates(rates, 60, 0), rates)
    assert near(theory.lagged_rates(rates, 60, 150), [0.0, 0.0, 0.5])


def test_intervals_without_calls_or_agents_have_the_figures_that_are_true() -> None:
    day = theory.day_by_interval(
        arrival_rates=[0.0, 0.1, 0.1], interval=1800, mean_handle=60, agents=[2, 8, 0], mean_patience=120
    )
    assert day.intervals.service_level[0] == pytest.approx(1.0)
    assert day.intervals.service_level[2] == 0.0
    assert (day.intervals.abandonment_rate[2], day.intervals.mean_wait[2]) == (1.0, 120.0)
    assert day.abandonment_rate == pytest.approx(0.5 * (1 + day.intervals.abandonment_rate[1]))
    assert theory.agents_by_interval(
        arrival_rates=[0.0, 0.1], interval=1800, mean_handle=60, service_level=0.8
    ).tolist() == [0, 8]


def test_on_a_day_that_never_changes_all_methods_agree() -> None:
    day = {
        "arrival_rates": [0.8] * 200,
        "interval": 60,
        "mean_handle": 60,
        "agents": 50,
        "mean_patience": 120,
    }
    levels = [
        theory.day_by_interval(method=method, **day).intervals.service_level[-1]
        for method in ("sipp", "lagged", "offered_load")
    ]
    assert near(levels, levels[0])


# Shapes, speed and bad input.


def test_scalars_give_plain_numbers_and_arrays_are_broadcast() -> None:
    one = theory.erlang_a(mean_patience=120, **LINE)
    assert all(type(getattr(one, name)) is float for name in FIGURES)
    assert type(one.agents) is int
    assert type(theory.smallest_agents(arrival_rate=0.8, mean_handle=60, service_level=0.8)) is int
    table = theory.erlang_a(
        arrival_rate=np.array([[0.7], [0.8]]), mean_handle=60, agents=np.arange(45, 55), mean_patience=120
    )
    assert table.service_level.shape == (2, 10)
    assert near(table.service_level[1, 5], one.service_level, 1e-14)
    assert near(table.wait_quantile(0.9)[1, 5], one.wait_quantile(0.9))


def test_the_wait_quantile_is_where_the_tail_says() -> None:
    for found in (theory.erlang_c(**LINE), theory.erlang_a(mean_patience=30, **LINE),
                  theory.erlang_g(patience=distribution("weibull", mean=90, cv=2), **LINE),
                  theory.erlang_k(max_waiting=9, **LINE)):  # fmt: skip
        for share in (0.8, 0.9, 0.99):
            assert found.waiting_longer(found.wait_quantile(share)) == pytest.approx(1 - share, rel=1e-9)
        assert found.wait_quantile(0.01) == 0.0
        assert found.waiting_longer(0.0) == pytest.approx(found.delayed_share)


def test_erlang_a_is_fast() -> None:
    def seconds(agents: Any) -> float:
        start = time.process_time()
        theory.erlang_a(arrival_rate=1000 / 60, mean_handle=60, agents=agents, mean_patience=120)
        return time.process_time() - start

    seconds(1010)
    assert min(seconds(1010) for _ in range(50)) < 1e-3
    assert min(seconds(np.arange(100_000) % 200 + 900) for _ in range(2)) < 2.0  # 10⁶ under 20 s


BAD = [
    ({"arrival_rate": math.nan}, "arrival_rate: NaN"), ({"arrival_rate": 0.0}, "arrival_rate: 0 is not above 0"),
    ({"mean_handle": -60}, "mean_handle: -60"), ({"agents": 2.5}, "agents: 2.5"), ({"agents": 0}, "agents: 0"),
    ({"mean_patience": -1}, "mean_patience: -1"), ({"within": math.inf}, "within: .inf"),
    ({"arrival_rate": "1"}, 'arrival_rate: "1" is not a number'), ({"agents": True}, "agents: true"),
    ({"arrival_rate": [1, 2], "agents": [1, 2, 3]}, "do not fit"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "said"), BAD)
def test_bad_input_is_one_sentence(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        theory.erlang_a(**{"mean_patience": 120, **LINE, **wrong})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ({"service_level": 80}, "service_level: 80 is not a share: write 0.8"), ({}, "no target is given"),
        ({"service_levle": 0.8}, 'did you mean "service_level"?'), ({"service_level": 1.0}, "service_level: 1"),
        ({"service_level": math.nan}, "NaN"), ({"asa": -5}, "asa: -5"),
        ({"service_level": 0.8, "definition": "ofered"}, 'did you mean "offered"?'),
        ({"service_level": 0.8, "max_waiting": 3, "patience": FAMILIES[0]}, "max_waiting"),
    ],
)  # fmt: skip
def test_targets_that_make_no_sense_are_refused(targets: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        theory.smallest_agents(arrival_rate=1.0, mean_handle=60, **targets)
    assert said in str(caught.value)


def test_the_formulas_come_with_the_package_and_only_when_asked_for() -> None:
    code = "import sys, sim; assert 'sim.theory' not in sys.modules; sim.theory.erlang_b; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")
    assert sim.theory is theory


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"abandonment_rate": 0.05}, "abandonment_rate: nobody hangs up without patience"),
        ({"abandonment_rate": 0.05, "max_waiting": 3}, "abandonment_rate: nobody hangs up without patience"),
        ({"blocked_share": 0.05}, "blocked_share: nobody is blocked where all may wait"),
        ({"asa": 10.0, "max_waiting": -1}, "max_waiting: -1 is no number of places"),
    ],
)
def test_targets_that_a_formula_does_not_know_are_refused(given: dict, said: str) -> None:
    with pytest.raises(sim.InputError) as error:
        sim.theory.smallest_agents(arrival_rate=1.0, mean_handle=60.0, **given)
    assert str(error.value).startswith(said)
