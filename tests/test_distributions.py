"""A duration's quantile agrees with SciPy, keeps what the planner gave, and refuses what cannot be."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.distributions import FAMILIES, Distribution, distribution

ROOT = Path(__file__).resolve().parent.parent
TAIL = 10.0 ** np.arange(-12.0, -1.0, 0.25)
GRID = np.concatenate([TAIL, np.linspace(0.1, 0.9, 161), 1.0 - TAIL[::-1]])

GAMMAS = [0.01, 0.03, 0.1, 0.3, 0.69, 0.71, 0.99, 1.0, 1.5, 4.0, 10.0, 31.9, 32.1, 100.0, 1e3, 1e4]
BY_SCIPY = [
    (distribution("exponential", mean=240), stats.expon(scale=240)),
    *((distribution("gamma", shape=a, scale=7.0), stats.gamma(a, scale=7.0)) for a in GAMMAS),
    *(
        (distribution("lognormal", mu=5, sigma=s), stats.lognorm(s, scale=math.exp(5)))
        for s in (0.05, 0.3, 1, 3)
    ),
    *(
        (distribution("weibull", shape=k, scale=50), stats.weibull_min(k, scale=50))
        for k in (0.3, 0.7, 1, 2, 5)
    ),
]
MIXED = [distribution("hyperexponential", mean=100, cv=cv) for cv in (1, 1.0001, 1.2, 2, 5, 10)]
POINTS = {20.0: 0.05, 40.0: 0.15, 90.0: 0.15, 180.0: 0.6}
EVERY = [
    distribution("constant", value=20),
    distribution("exponential", mean=240),
    distribution("gamma", mean=240, cv=0.8),
    distribution("gamma", mean=240, cv=2),
    distribution("gamma", mean=240, cv=0.05),
    distribution("lognormal", mean=240, cv=1.1),
    distribution("weibull", mean=240, cv=0.6),
    distribution("weibull", mean=240, cv=1.8),
    distribution("hyperexponential", mean=240, cv=1.5),
    distribution("uniform", mean=240, cv=0.3),
    distribution("empirical", values=[60, 0, 30, 60, 600]),
    distribution("piecewise_exponential", points={40: 0.15}),
    distribution("piecewise_exponential", points=POINTS),
]


def named(made: object) -> str | None:
    if not isinstance(made, Distribution):
        return None
    return f"{made.family}-{'-'.join(f'{number:.4g}' for number in made.parameters[:2])}"


def agree(lower: np.ndarray, upper: np.ndarray) -> None:
    """The share gone by the quantile of u is u: to 1e-8 at least, in each tail in proportion to it."""
    small = GRID < 0.5
    np.testing.assert_allclose(lower[small], GRID[small], rtol=1e-10)
    np.testing.assert_allclose(upper[~small], 1.0 - GRID[~small], rtol=1e-10)


@pytest.mark.parametrize(("made", "judge"), BY_SCIPY, ids=named)
def test_quantiles_agree_with_scipy_far_into_both_tails(made: Distribution, judge: object) -> None:
    times = made.quantile(GRID)
    lower, upper = judge.cdf(times), judge.sf(times)
    # A gamma of shape 0.01 has times below the smallest float: those are 0.
    agree(np.where(times > 1e-300, lower, GRID), upper)
    assert np.all(judge.cdf(1e-300) >= GRID[times <= 1e-300] * (1 - 1e-9))
    np.testing.assert_allclose(made.cdf(times), lower, rtol=1e-10, atol=1e-15)
    assert made.mean == pytest.approx(judge.mean(), rel=1e-12)
    assert made.cv == pytest.approx(judge.std() / judge.mean(), rel=1e-9)


@pytest.mark.parametrize("made", MIXED, ids=named)
def test_hyperexponential_quantiles_solve_the_mixture_far_into_both_tails(made: Distribution) -> None:
    p, mean1, mean2 = made.parameters
    assert p * mean1 == pytest.approx((1 - p) * mean2, rel=1e-12)
    times = made.quantile(GRID)
    lower = -p * np.expm1(-times / mean1) - (1 - p) * np.expm1(-times / mean2)
    agree(lower, p * np.exp(-times / mean1) + (1 - p) * np.exp(-times / mean2))
    np.testing.assert_allclose(made.cdf(times), lower, rtol=1e-12)


@pytest.mark.parametrize("made", EVERY, ids=named)
def test_mean_and_cv_are_those_of_the_quantile_function(made: Distribution) -> None:
    """Summed over z with u = Φ(z), where the tails are tame."""
    z, step = np.linspace(-8.1, 8.1, 100_001, retstep=True)
    weights = stats.norm.pdf(z) * step
    times = made.quantile(np.where(z < 0, stats.norm.cdf(z), 1 - stats.norm.sf(z)))
    mean = np.sum(weights * times)
    jumps = made.family == "empirical" or POINTS.keys() <= set(made.parameters)
    assert made.mean == pytest.approx(mean, rel=1e-3 if jumps else 1e-7)
    cv = math.sqrt(np.sum(weights * (times - mean) ** 2)) / mean
    assert made.cv == pytest.approx(cv, rel=1e-3 if jumps else 1e-6)


@pytest.mark.parametrize("family", ["gamma", "lognormal", "weibull", "hyperexponential", "uniform"])
@pytest.mark.parametrize("cv", [0.02, 0.3, 0.5, 1.0, 2.5, 8.0])
def test_a_mean_and_a_cv_come_back(family: str, cv: float) -> None:
    if (family == "hyperexponential" and cv < 1) or (family == "uniform" and cv > 0.577):
        return
    made = distribution(family, mean=250, cv=cv)
    assert (made.mean, made.cv) == pytest.approx((250, cv), rel=1e-9)


@pytest.mark.parametrize(
    ("family", "quantiles"),
    [
        ("exponential", {40: 0.15}),
        ("gamma", {40: 0.15, 300: 0.8}),
        ("gamma", {40: 0.15, 41: 0.8}),
        ("gamma", {1: 0.15, 3000: 0.3}),
        ("lognormal", {40: 0.15, 300: 0.8}),
        ("weibull", {40: 0.15, 300: 0.8}),
        ("hyperexponential", {40: 0.15, 1000: 0.95}),
        ("hyperexponential", {40: -math.expm1(-0.4), 100: -math.expm1(-1.0)}),
        ("uniform", {40: 0.15, 100: 0.8}),
        ("piecewise_exponential", POINTS),
    ],
)
def test_a_distribution_goes_through_its_quantiles(family: str, quantiles: dict[float, float]) -> None:
    if family == "piecewise_exponential":
        made = distribution(family, points=quantiles)
        quantiles = {time: quantiles[time] for time in (20.0, 40.0, 180.0)}  # nobody goes from 40 to 90 s
    else:
        made = distribution(family, quantiles=quantiles)
    for time, share in quantiles.items():
        assert made.quantile(share) == pytest.approx(time, rel=1e-9)
        assert made.cdf(time) == pytest.approx(share, rel=1e-9)


@pytest.mark.parametrize("points", [{40.0: 0.15}, {0.1: 0.1}, POINTS, {7.3: 0.0, 11.9: 0.123, 400.0: 0.9}])
def test_a_point_is_hit_exactly(points: dict[float, float]) -> None:
    made = distribution("piecewise_exponential", points=points)
    for time, share in points.items():
        if share > 0:
            assert made.quantile(np.nextafter(share, 0)) <= made.quantile(share) <= time
            assert np.all(made.quantile(share * (1 - TAIL)) <= time)
        assert made.quantile(np.nextafter(share, 1)) > time
        assert np.all(made.quantile(share + (1 - share) * TAIL) > time)
    assert made.quantile(points[max(points)]) == max(points)


@given(
    st.dictionaries(st.floats(0.01, 1e5), st.floats(0.001, 0.999), min_size=1, max_size=6),
    st.floats(1e-12, 1 - 1e-12),
)
@settings(max_examples=200, deadline=None)
def test_the_same_share_is_gone_by_each_point_whatever_the_uniform(
    drawn: dict[float, float], u: float
) -> None:
    points = dict(zip(sorted(drawn), sorted(set(drawn.values())), strict=False))
    made = distribution("piecewise_exponential", points=points)
    for time, share in points.items():
        assert (made.quantile(u) <= time) == (u <= share)


def test_one_point_is_the_exponential_through_it() -> None:
    made = distribution("piecewise_exponential", points={40: 0.15})
    same = distribution("exponential", quantiles={40: 0.15})
    np.testing.assert_allclose(made.quantile(GRID), same.quantile(GRID), rtol=1e-12)
    assert (made.mean, made.cv) == pytest.approx((same.mean, 1.0))


def test_empirical_quantiles_are_the_steps_of_the_values() -> None:
    values = [30.0, 10.0, 20.0, 20.0, 0.0, 50.0, 40.0]
    made = distribution("empirical", values=values)
    for k, value in enumerate(sorted(values)):
        assert made.quantile((k + 1) / 7 if k < 6 else 1 - 1e-16) == value
        assert made.quantile(np.nextafter(k / 7, 1)) == value
    assert made.cdf(20.0) == pytest.approx(4 / 7)


@pytest.mark.parametrize("made", EVERY, ids=named)
@given(st.floats(1e-12, 1 - 1e-12), st.floats(1e-12, 1 - 1e-12))
@settings(max_examples=100, deadline=None)
def test_quantiles_never_fall_as_u_rises(made: Distribution, u: float, v: float) -> None:
    """Neighbouring floats may differ by the rounding of the last digits."""
    first, second = made.quantile(np.array(sorted([u, v])))
    assert first <= second * (1 + 1e-13)


@pytest.mark.parametrize("made", EVERY, ids=named)
def test_scaling_moves_the_mean_and_keeps_the_shape(made: Distribution) -> None:
    scaled = made.scaled_to(60.0)
    assert (scaled.family, scaled.mean) == (made.family, pytest.approx(60.0, rel=1e-12))
    assert scaled.cv == pytest.approx(made.cv, rel=1e-12)
    np.testing.assert_allclose(scaled.quantile(GRID), made.quantile(GRID) * 60.0 / made.mean, rtol=1e-12)


def test_scaled_points_are_hit_exactly_too() -> None:
    made = distribution("piecewise_exponential", points=POINTS)
    scaled = made.scaled_to(made.mean * 1.7)
    for time, share in zip(scaled.parameters[::3], scaled.parameters[1::3], strict=True):
        assert scaled.quantile(share) <= time < scaled.quantile(np.nextafter(share, 1))


def test_a_constant_may_be_0_and_nothing_else_may() -> None:
    assert distribution("constant", value=0).quantile(0.5) == 0.0
    assert distribution("constant", mean=0).cv == 0.0
    assert distribution("constant", value=0).scaled_to(5).mean == 5.0


def test_quantiles_come_as_they_are_asked_for() -> None:
    made = distribution("exponential", mean=10)
    assert isinstance(made.quantile(0.5), float)
    assert made.quantile([[0.1, 0.2]]).shape == (1, 2)
    assert made.cdf(-1) == 0.0
    with pytest.raises(ValueError, match="above 0 and below 1"):
        made.quantile(1.0)


def test_a_uniform_keeps_within_its_ends() -> None:
    times = distribution("uniform", low=30, high=90).quantile(GRID)
    assert np.all((times >= 30) & (times <= 90))
    np.testing.assert_allclose((times - 30) / 60, GRID, atol=1e-15)


def test_codes_number_the_families() -> None:
    assert sorted(FAMILIES.values()) == list(range(9))
    assert all(made.code == FAMILIES[made.family] for made in EVERY)


@pytest.mark.parametrize(
    ("family", "given", "said"),
    [
        ("normal", {"mean": 1}, 'there is no family "normal"'),
        ("exponential", {}, "exponential lacks what it needs: it takes mean, or 1 quantile"),
        ("exponential", {"mean": 0}, "mean must be above 0, not 0"),
        ("exponential", {"mean": -3}, "mean must be above 0, not -3"),
        ("exponential", {"mean": math.nan}, "mean must be a finite number, not nan"),
        ("exponential", {"mean": math.inf}, "mean must be a finite number, not inf"),
        ("exponential", {"mean": "40 s"}, "mean must be a number, not '40 s'"),
        ("exponential", {"mean": 60, "cv": 1}, "exponential takes no cv"),
        ("exponential", {"mean": 60, "quantiles": {40: 0.15}}, "several ways at once"),
        ("exponential", {"quantiles": {40: 0.15, 60: 0.2}}, "exponential needs 1 quantile, not 2"),
        ("exponential", {"quantiles": {40: 0.0}}, "quantiles must have shares above 0%, not 40 s: 0%"),
        ("exponential", {"quantiles": {40: 1.0}}, "below 100%, not 40 s: 100%"),
        ("exponential", {"quantiles": {0: 0.5}}, "quantiles must have times above 0 s, not 0 s: 50%"),
        ("exponential", {"rate": 0.1}, "exponential has no rate: it takes mean, or 1 quantile"),
        ("constant", {"value": -1}, "value must not be below 0, but is -1"),
        ("constant", {"quantiles": {40: 0.5}}, "constant is not given by quantiles"),
        ("gamma", {"mean": 60}, "gamma needs a cv beside its mean"),
        ("gamma", {"cv": 1}, "gamma needs a mean beside its cv"),
        ("gamma", {"mean": 60, "cv": 0}, "cv must be above 0, not 0"),
        ("gamma", {"mean": 60, "cv": 20}, "a gamma's cv must be from 0.001 to 10, not 20"),
        (
            "gamma",
            {"shape": 2},
            "gamma lacks what it needs: it takes mean and cv, or 2 quantiles, or shape and",
        ),
        ("gamma", {"shape": 2, "scale": 3, "mean": 6}, "several ways at once"),
        ("gamma", {"quantiles": {40: 0.15}}, "gamma needs 2 quantiles, not 1"),
        ("gamma", {"quantiles": {40: 0.15, 60: 0.1}}, "quantiles must rise: 40 s: 15% then 60 s: 10%"),
        ("gamma", {"quantiles": {40: 0.15, 60: 0.15}}, "quantiles must rise: 40 s: 15% then 60 s: 15%"),
        ("weibull", {"mean": 60, "cv": 1e9}, "a weibull's cv must be from 0.001 to 1000"),
        ("hyperexponential", {"mean": 60, "cv": 0.5}, "a hyperexponential needs a cv of at least 1, not 0.5"),
        ("hyperexponential", {"quantiles": {40: 0.15, 60: 0.9}}, "would need a cv below 1"),
        ("hyperexponential", {"quantiles": {1: 0.15, 60000: 0.2}}, "they lie too far apart"),
        ("uniform", {"mean": 60, "cv": 0.9}, "uniform with mean 60 s and cv 0.9 would start below 0"),
        ("uniform", {"low": 60, "high": 60}, "high must be above low (60 s), not 60 s"),
        ("uniform", {"low": -1, "high": 60}, "low must not be below 0, but is -1"),
        ("uniform", {"quantiles": {1: 0.5, 60: 0.6}}, "would start below 0"),
        ("empirical", {"values": []}, "values must hold at least one number"),
        ("empirical", {"values": [0, 0]}, "values must hold at least one number above 0"),
        ("empirical", {"values": [3, -1]}, "each of values must not be below 0, but is -1"),
        ("empirical", {"values": 3}, "values must be a list of numbers, not 3"),
        ("empirical", {"mean": 3}, "empirical lacks what it needs: it takes values"),
        ("piecewise_exponential", {"points": {}}, "points must hold at least one time"),
        (
            "piecewise_exponential",
            {"points": {40: 0.2, 60: 0.1}},
            "points must rise: 40 s: 20% then 60 s: 10%",
        ),
        ("piecewise_exponential", {"points": {40: 0.2, 60: 0.2}}, "points must rise at the end"),
        ("piecewise_exponential", {"points": {40: 0.0}}, "points must rise at the end"),
        ("piecewise_exponential", {"points": 3}, "points must map times to shares"),
        ("piecewise_exponential", {"quantiles": {40: 0.2}}, "is not given by quantiles: it takes points"),
        ("lognormal", {"mu": 600, "sigma": 30}, "no finite mean above 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(family: str, given: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        distribution(family, **given)
    assert said in str(caught.value)


def test_without_the_jit_quantiles_are_the_same_and_scipy_stats_stays_away() -> None:
    code = (
        "import sys; from sim.distributions import distribution as d\n"
        "made = [d('exponential', mean=3), d('gamma', mean=3, cv=.7), d('gamma', mean=3, cv=3),\n"
        "    d('lognormal', mean=3, cv=1), d('weibull', mean=3, cv=2), d('hyperexponential', mean=3, cv=2),\n"
        "    d('uniform', low=1, high=4), d('empirical', values=[1, 2, 3]), d('constant', value=3),\n"
        "    d('piecewise_exponential', points={40: .15, 90: .5}), d('gamma', quantiles={1: .2, 3: .8})]\n"
        "u = [1e-9, .0123, .2, .4999, .5, .77, .99, 1 - 1e-9]\n"
        "print([one.quantile(u).tolist() for one in made], 'scipy.stats' in sys.modules)\n"
    )
    outputs = []
    for off in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": off, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].endswith("False\n")
