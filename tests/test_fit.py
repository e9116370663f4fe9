"""A log becomes a scenario: what our own engine recorded gives its parameters back, and nothing is invented."""

import dataclasses
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded import MONDAY, recorded
from written import MAPPING, WRITERS

import sim
from sim.distributions import distribution
from sim.errors import InputError
from sim.history import duty
from sim.history.arrivals import correlation, variation
from sim.history.choice import Choice, read_choice
from sim.history.contacts import Account, Contacts, Outcome, tidy
from sim.history.days import window_of
from sim.history.durations import durations_of
from sim.history.evidence import Fit
from sim.history.fit import fit_contacts, written_names
from sim.history.happened import happened_to
from sim.history.readers import read_log
from sim.history.returns import linked, redials_of
from sim.history.survival import kaplan_meier, patience_of
from sim.scenario.load import from_source
from sim.scenario.source import parse

ROOT = Path(__file__).resolve().parent.parent
EVERY_DAY = tuple(range(7))
DAY = 86_400
STAFFING = [8, 8, 12, 12, 15, 15, 15, 12, 12, 12, 12, 15, 15, 15, 12, 12, 10, 10, 6, 6]
CENTRE: dict[str, Any] = {
    "schema": 1,
    "name": "made",
    "opens": "08:00",
    "closes": "18:00",
    "interval": "30 min",
    "queues": {
        "support": {
            "arrivals": {"per_interval": [5.5 * heads for heads in STAFFING], "daily_variation": 0.12},
            "talk": {"distribution": "lognormal", "mean": "5 min", "cv": 1.1},
            "wrap": {"distribution": "exponential", "mean": "40 s"},
            "patience": {"distribution": "weibull", "mean": "3 min", "cv": 1.2},
            "redial": {"share": 0.4, "after": {"distribution": "exponential", "mean": "8 min"}},
        },
        "billing": {
            "arrivals": {"per_interval": 66},
            "talk": {"distribution": "gamma", "mean": "2 min", "cv": 0.6},
            "patience": {"distribution": "exponential", "mean": "2 min"},
        },
    },
    "agents": {
        "seniors": {"staffing": STAFFING, "skills": ["support"]},
        "all": {"staffing": 4, "skills": ["billing"]},
    },
}
CENTRE["agents"]["clerks"] = CENTRE["agents"].pop("all")


def made(days: int = 60, **more: Any) -> Contacts:
    return recorded(from_source(parse(json.dumps(CENTRE | more))), days, seed=4)


@cache
def sixty_days() -> Contacts:
    return made()


@cache
def fitted() -> Fit:
    return fit_contacts(sixty_days(), Choice(weekdays=EVERY_DAY))


# What our own engine made comes back.


def test_volumes_come_back_within_one_percent_of_what_came() -> None:
    """Of what was dealt: 60 days of a level that varies by 12% have a mean that is off by 1.5% itself."""
    contacts, fit = sixty_days(), fitted()
    for queue in fit.queues:
        came = np.unique(contacts.customer[contacts.queue == contacts.queues.index(queue.name)]).size / 60
        assert queue.volumes.mean.sum() * queue.first_attempts == pytest.approx(came, rel=0.01)
        assert fit.scenario.queues[queue.written].expected(fit.scenario.grid).sum() == pytest.approx(
            came, rel=0.01
        )


def test_handle_times_come_back_with_their_families() -> None:
    support, billing = fitted().queues
    assert support.talk.mean.value + support.wrap.mean.value == pytest.approx(340, rel=0.01)  # type: ignore[union-attr]
    assert billing.talk.mean.value == pytest.approx(120, rel=0.01)
    assert (support.talk.chosen.family, billing.talk.chosen.family) == ("lognormal", "gamma")
    assert support.talk.chosen.cv == pytest.approx(1.1, rel=0.03)
    assert billing.talk.chosen.cv == pytest.approx(0.6, rel=0.03)
    assert support.wrap.chosen.distance < 0.01  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["support", "billing"])
def test_patience_comes_back_within_three_percent(name: str) -> None:
    """By the time by which a tenth, a quarter and two fifths are gone."""
    scenario = fitted().scenario
    given = from_source(parse(json.dumps(CENTRE))).queues[name].patience
    found = scenario.queues[name].patience
    for share in (0.1, 0.25, 0.4):
        true = given.drawn[0].quantile(share)  # type: ignore[union-attr]
        assert found.drawn[0].quantile(share) == pytest.approx(true, rel=0.03)  # type: ignore[union-attr]


def test_the_daily_variation_comes_back_within_fifteen_percent_and_none_stays_none() -> None:
    support, billing = fitted().queues
    assert support.level.value == pytest.approx(0.12, rel=0.15)
    assert support.level.low < 0.12 < support.level.high
    assert billing.level.low == 0.0
    assert billing.level.value < 0.04


def test_redials_come_back_with_their_delay() -> None:
    redials = fitted().queues[0].redials
    assert redials is not None
    assert redials.share.low < 0.4 < redials.share.high
    assert redials.delay.low < 480 < redials.delay.high
    assert fitted().queues[1].redials is None


def test_agents_on_duty_come_back_to_one_agent_in_busy_intervals() -> None:
    groups = {group.skills: group.staffing for group in fitted().groups}
    assert np.abs(np.array(groups["support",]) - STAFFING).max() <= 1
    assert np.abs(np.array(groups["billing",]) - 4).max() <= 1
    assert sum(groups["billing",]) == pytest.approx(4 * 20, abs=2)


def test_the_scenario_runs_and_gives_what_was_recorded() -> None:
    contacts, result = sixty_days(), sim.simulate(fitted().scenario, replications=60, seed=2)
    for place, name in enumerate(contacts.queues):
        mine = contacts.queue == place
        hung_up = np.mean(contacts.outcome[mine] == Outcome.ABANDONED)
        assert result.queue(name)["abandonment_rate"].value == pytest.approx(hung_up, abs=0.025)


def test_stamps_of_whole_seconds_change_little() -> None:
    contacts = sixty_days()
    moments = {
        name: np.floor(getattr(contacts, name))
        for name in ("arrived", "joined", "answered", "talk_end", "left")
    }
    rounded = fit_contacts(dataclasses.replace(contacts, **moments), Choice(weekdays=EVERY_DAY))
    exact = fitted()
    for one, other in zip(rounded.queues, exact.queues, strict=True):
        assert one.talk.chosen.family == other.talk.chosen.family
        assert one.talk.chosen.cv == pytest.approx(other.talk.chosen.cv, rel=0.01)
        for share in (0.1, 0.25):
            times = [
                fit.scenario.queues[one.written].patience.drawn[0].quantile(share)  # type: ignore[union-attr]
                for fit in (rounded, exact)
            ]
            assert times[0] == pytest.approx(times[1], rel=0.04)


@cache
def week() -> tuple[Contacts, Fit]:
    contacts = recorded(from_source(parse(json.dumps(CENTRE))), 7, seed=4, whole_seconds=True)
    return contacts, fit_contacts(contacts, Choice(weekdays=EVERY_DAY))


@pytest.mark.parametrize("form", WRITERS)
def test_a_log_of_our_own_in_every_format_gives_the_same_contacts_and_the_same_fit(
    form: str, tmp_path: Path
) -> None:
    made_, exact = week()
    (tmp_path / "map.yaml").write_text(MAPPING)
    (tmp_path / "log").write_text(WRITERS[form](made_))
    read = read_log(tmp_path / "log", zone="UTC", mapping=tmp_path / "map.yaml" if form == "mapped" else None)
    assert (read.account.form, len(read), read.account.left_out) == (form, len(made_), ())
    assert [read.queues[code] for code in read.queue] == [made_.queues[code] for code in made_.queue]
    wrap = () if form == "asterisk" else ("wrap",)
    for name in ("arrived", "joined", "outcome", "wait", "talk", *wrap):
        np.testing.assert_array_equal(getattr(read, name), getattr(made_, name), err_msg=name)
    for name in ("agent", "customer"):  # the codes differ, who is who does not
        pairs = set(zip(getattr(read, name).tolist(), getattr(made_, name).tolist(), strict=True))
        assert len(pairs) == np.unique(getattr(made_, name)).size, name
    fit = fit_contacts(read, Choice(weekdays=EVERY_DAY))
    for queue in fit.queues:
        (same,) = (one for one in exact.queues if one.name == queue.name)
        np.testing.assert_array_equal(queue.volumes.mean, same.volumes.mean)
        assert queue.patience.points == same.patience.points  # type: ignore[union-attr]
        assert (queue.talk.mean, queue.talk.chosen) == (same.talk.mean, same.talk.chosen)
        assert (queue.level, queue.redials) == (same.level, same.redials)
        assert (queue.wrap and queue.wrap.mean) == (
            (same.wrap and form != "asterisk" and same.wrap.mean) or None
        )
    given = from_source(parse(json.dumps(CENTRE))).queues
    for queue in fit.queues:
        assert queue.talk.mean.value == pytest.approx(given[queue.name].talk.drawn[0].mean, rel=0.03)


def test_a_week_has_each_weekday_by_itself() -> None:
    fit = fit_contacts(sixty_days())
    grid = fit.scenario.grid
    assert (grid.count, grid.label(16)) == (7 * 48, "mon 08:00")
    expected = fit.scenario.queues["support"].expected(grid).reshape(7, 48)
    assert not expected[:, :16].any() and not expected[:, 36:].any()
    assert expected.sum(axis=1) == pytest.approx(np.full(7, sum(STAFFING) * 6), rel=0.2)
    assert fit.scenario.queues["support"].hours[0] == ((8 * 3600.0, 18 * 3600.0),)  # type: ignore[index]


# Patience.


def waits(count: int = 20_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patience, the wait offered, and which of the two ended it."""
    chance = np.random.default_rng(5)
    patience, offered = (
        chance.exponential(150.0, count),
        chance.exponential(60.0, count) * chance.integers(0, 2, count),
    )
    return np.minimum(patience, offered), patience < offered, patience


def test_kaplan_meier_is_that_of_scipy_with_its_band() -> None:
    from scipy import stats

    waited, hung_up, _ = waits(3_000)
    waited = np.floor(waited)  # ties
    curve = kaplan_meier(waited, hung_up)
    other = stats.ecdf(stats.CensoredData.right_censored(waited, ~hung_up)).sf
    assert curve.alive == pytest.approx(other.evaluate(curve.times), abs=1e-12)
    band = other.confidence_interval(method="log-log")
    low, high = curve.band()
    assert 1 - high[:-1] == pytest.approx(band.low.evaluate(curve.times[:-1]), abs=1e-12)
    assert 1 - low[:-1] == pytest.approx(band.high.evaluate(curve.times[:-1]), abs=1e-12)


def test_kaplan_meier_by_hand() -> None:
    """Of 5: one hangs up at 2 of 5 left, one is answered at 3, one hangs up at 3 of 4, and of 2 one at 7."""
    curve = kaplan_meier(np.array([2.0, 3, 3, 7, 9]), np.array([True, False, True, True, False]))
    assert curve.alive == pytest.approx([4 / 5, 4 / 5 * 3 / 4, 4 / 5 * 3 / 4 / 2])
    assert curve.gone_by(6.9).value == pytest.approx(0.4)
    assert curve.gone_by(1.9).value == 0.0


def test_balking_is_told_apart_from_patience() -> None:
    waited, hung_up, patience = waits()
    balks = (np.random.default_rng(6).random(waited.size) < 0.06) & (waited > 0)
    found = patience_of(np.where(balks, 0.0, waited), hung_up | balks, False)
    assert found is not None and found.balks is not None
    assert found.balks.low < 0.06 < found.balks.high
    fit = distribution("piecewise_exponential", points=dict(found.points))
    assert fit.quantile(0.2) == pytest.approx(np.quantile(patience, 0.2), rel=0.06)
    plain = patience_of(waited, hung_up, False)
    assert plain is not None and plain.balks is None


def test_those_who_never_hang_up_are_seen_where_the_curve_levels() -> None:
    chance = np.random.default_rng(7)
    patience = np.where(chance.random(20_000) < 0.3, np.inf, chance.exponential(60.0, 20_000))
    offered = chance.exponential(300.0, 20_000)
    found = patience_of(np.minimum(patience, offered), patience < offered, False)
    assert found is not None and found.never is not None
    assert found.never.low < 0.3 < found.never.high
    fit = distribution("piecewise_exponential", points=dict(found.points))
    assert fit.quantile(0.5) == pytest.approx(60 * math.log(2), rel=0.05)


def test_a_handful_of_hang_ups_gives_one_point() -> None:
    found = patience_of(np.array([10.0, 20, 30]), np.array([True, False, False]), False)
    assert found is not None and len(found.points) == 1
    assert distribution("piecewise_exponential", points=dict(found.points)).mean == pytest.approx(60)
    assert patience_of(np.array([10.0, 20]), np.array([False, False]), False) is None


# Durations.


@pytest.mark.parametrize(
    ("family", "cv"),
    [("exponential", 1.0), ("gamma", 0.5), ("lognormal", 1.3), ("weibull", 0.4), ("hyperexponential", 1.8)],
)
@pytest.mark.parametrize("whole", [False, True])
def test_the_family_is_found(family: str, cv: float, whole: bool) -> None:
    chance = np.random.default_rng(8)
    known = {"mean": 90.0} if family == "exponential" else {"mean": 90.0, "cv": cv}
    seconds = distribution(family, **known).quantile(chance.random(20_000))  # type: ignore[arg-type]
    if whole:  # both ends cut to the second
        start = chance.random(20_000)
        seconds = np.floor(start + seconds)
    days = np.arange(20_000) % 20
    found = durations_of(seconds, days, days * 0, whole)
    assert found is not None
    own = next(fit for fit in found.families if fit.family == family)
    assert own.aic < found.chosen.aic + 4  # a gamma of cv 1 is an exponential, too
    assert found.chosen.cv == pytest.approx(cv, rel=0.03)
    assert found.mean.low < 90.5 and found.mean.high > 89.5
    assert found.chosen.distance < 0.012


def test_very_short_talks_are_flagged_and_can_be_left_out_with_their_contacts() -> None:
    contacts = sixty_days()
    cut_off = np.random.default_rng(9).random(len(contacts)) < 0.05
    talk_end = np.where(cut_off, contacts.answered + 4.0, contacts.talk_end)
    log = dataclasses.replace(contacts, talk_end=talk_end)
    kept, without = (
        fit_contacts(log, Choice(weekdays=EVERY_DAY, queues=("support",), shortest=least))
        for least in (0.0, 10.0)
    )
    assert kept.queues[0].talk.short.value == pytest.approx(0.05, abs=0.005)
    assert any("under 10 s" in remark for remark in kept.remarks)
    assert without.queues[0].talk.mean.value == pytest.approx(300, rel=0.015)
    lost = kept.queues[0].first_attempts - without.queues[0].first_attempts
    assert lost == pytest.approx(0.05 * kept.queues[0].answered / kept.queues[0].contacts, abs=0.005)


# Days.


def moments_of(days: dict[int, list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Local date ordinals and seconds of contacts, by day."""
    pairs = [(day, second) for day, seconds in days.items() for second in sorted(seconds)]
    first = MONDAY.toordinal()
    return np.array([first + day for day, _ in pairs]), np.array([second for _, second in pairs])


def steady(first: float = 9.0, end: float = 17.0) -> list[float]:
    return [second for second in range(int(first * 3600) + 5, int(end * 3600), 120)]


def test_a_day_without_a_row_and_a_day_with_a_long_silence_are_left_out_and_named() -> None:
    days: dict[int, list[float]] = {day: list(steady()) for day in range(14) if day != 3}
    days[8] = steady(9, 11) + steady(14, 17)
    window = window_of(*moments_of(days), Choice(weekdays=EVERY_DAY))
    assert window.days.size == 12
    assert any("2026-03-05" in remark and "missing" in remark for remark in window.remarks)
    assert any("2026-03-10" in remark and "for 182 minutes" in remark for remark in window.remarks)
    assert window.hours == ((18, 34),)


def test_a_weekday_that_is_always_closed_is_no_missing_day() -> None:
    days = {day: list(steady()) for day in range(14) if day % 7 != 6}
    window = window_of(*moments_of(days), Choice())
    assert window.days.size == 12
    assert window.hours[6] == (0, 0)
    assert window.remarks == ("No sun has any contact: nothing is expected then.",)


def test_chance_alone_gives_no_variation_and_shared_levels_correlate() -> None:
    chance = np.random.default_rng(10)
    level = chance.gamma(25, 1 / 25, 200)
    a, b, c = chance.poisson(400 * level), chance.poisson(200 * level), chance.poisson(300, 200)
    a, b, c = (column.astype(float) for column in (a, b, c))
    kind = np.zeros(200, int)
    assert variation(a, kind).value == pytest.approx(0.2, rel=0.15)
    assert variation(c, kind).low == 0.0
    assert correlation(a, b, kind).value == pytest.approx(1.0, abs=0.05)


# What else stands in a log.


def test_a_redial_is_told_from_a_customer_who_would_have_come_anyway() -> None:
    """All call again after a hang-up with a chance of a half, and after an answer with a chance of a fifth."""
    chance = np.random.default_rng(11)
    count = 6_000
    start = np.sort(chance.random(count)) * 6 * 3600
    hung_up = chance.random(count) < 0.3
    again = chance.random(count) < np.where(hung_up, 0.2 + 0.8 * 0.5, 0.2)
    later = start + 60 + chance.exponential(600, count)
    arrived = np.concatenate([start, later[again], [36_000.0]])
    customer = np.concatenate([np.arange(count), np.flatnonzero(again), [count]])
    lost = np.concatenate([hung_up, np.zeros(again.sum() + 1, bool)])
    columns = {
        "arrived": arrived, "joined": arrived, "customer": customer,
        "answered": np.where(lost, np.nan, arrived), "talk_end": np.where(lost, np.nan, arrived + 60),
        "left": np.where(lost, arrived + 60, np.nan),
        "outcome": np.where(lost, Outcome.ABANDONED, Outcome.ANSWERED),
    }  # fmt: skip
    contacts = tidy(columns, queues=("q",), zone="UTC", account=Account("made", "made"))
    found = redials_of(
        contacts, linked(contacts), np.ones(len(contacts), bool), contacts.day, np.zeros(len(contacts), bool)
    )
    assert found is not None
    assert found.usual == pytest.approx(0.2 * count / (count + again.sum()), abs=0.03)
    assert found.share.value == pytest.approx(0.5, abs=0.06)


def test_redials_are_made_up_for_where_only_those_who_wait_are_known() -> None:
    """Half of the callers are answered at once; a redial among them cannot be seen, but reckoned."""
    contacts = sixty_days()
    at_once = contacts.wait == 0
    assert 0.3 < at_once.mean() < 0.7
    waited = dataclasses.replace(contacts, customer=np.where(at_once, -1, contacts.customer))
    found = fit_contacts(waited, Choice(weekdays=EVERY_DAY)).queues[0].redials
    assert found is not None and found.seen < 0.33 < found.came
    assert found.share.low < 0.4 < found.share.high
    assert found.share.value == pytest.approx(0.4, abs=0.03)


def test_redials_of_customers_who_withhold_their_number_are_no_reason_to_make_up_for_others() -> None:
    contacts = sixty_days()
    withheld = contacts.customer % 10 < 3
    some = dataclasses.replace(contacts, customer=np.where(withheld, -1, contacts.customer))
    found = fit_contacts(some, Choice(weekdays=EVERY_DAY)).queues[0].redials
    assert found is not None and found.came == found.seen
    assert found.share.low < 0.4 < found.share.high


def test_classes_come_back_where_they_are_known_of_those_who_wait() -> None:
    """Those with the longer patience are 15% in the morning and 30% in the afternoon, of which more is known."""
    valued = {"distribution": "exponential", "mean": "9 min"}
    billing = CENTRE["queues"]["billing"] | {"classes": {"valued": {"share": "30%", "patience": valued}}}
    log = made(40, queues=CENTRE["queues"] | {"billing": billing})
    morning = log.second < 13 * 3600
    half, some = np.arange(len(log)) % 2 == 0, np.arange(len(log)) % 8 < 2
    kind = np.where((log.kind == 0) & ~(morning & half), 0, 1)  # fewer of the valued call in the morning,
    kind[(log.wait == 0) | (morning & ~some)] = -1  # when fewer contacts are known
    log = dataclasses.replace(log, kind=kind, kinds=("valued", "others"))
    queue = fit_contacts(log, Choice(weekdays=EVERY_DAY)).queues[1]
    found = {own.written: own for own in queue.classes}
    assert list(found) == ["valued", "others contacts"]
    assert np.mean(kind[(log.queue == 1) & (kind >= 0)] == 0) > 0.25
    assert found["valued"].share.low < 0.225 < found["valued"].share.high
    assert sum(own.share.value for own in queue.classes) == pytest.approx(1.0)
    patience = found["valued"].patience
    assert (
        patience is not None
        and patience.shares[120.0].low < 1 - math.exp(-120 / 540) < patience.shares[120.0].high
    )
    others = fit_contacts(log, Choice(weekdays=EVERY_DAY)).scenario.queues["billing"].classes
    assert sum(own.share for own in others.values()) <= 1.0


def test_a_class_known_of_few_says_nothing_of_the_others() -> None:
    log = sixty_days()
    kind = np.full(len(log), -1)
    kind[::25] = np.arange(kind[::25].size) % 2
    fit = fit_contacts(dataclasses.replace(log, kind=kind, kinds=("a", "b")), Choice(weekdays=EVERY_DAY))
    assert [queue.classes for queue in fit.queues] == [(), ()]


def test_what_happened_is_what_a_table_of_contacts_says() -> None:
    """Four contacts by hand, of two queues: waits of 0, 10, 30 and 60 s; the last one hung up."""
    moments = np.array([0.0, 100.0, 200.0, 300.0]) + MONDAY.timestamp() + 9 * 3600
    wait = np.array([0.0, 10.0, 30.0, 60.0])
    answered = np.where(wait < 60, moments + wait, np.nan)
    log = tidy(
        {
            "arrived": moments, "joined": moments, "answered": answered, "talk_end": answered + 60,
            "left": np.where(wait < 60, np.nan, moments + wait),
            "outcome": np.where(wait < 60, Outcome.ANSWERED, Outcome.ABANDONED), "queue": np.array([0, 0, 1, 1]),
        },
        queues=("a", "b"), zone="UTC", account=Account("made", "made"),
    )  # fmt: skip
    found = happened_to(log, np.ones(4, bool), log.day)
    assert [part.value for part in found[1:]] == pytest.approx([0.75, 0.25, 0.5, 25.0, 40 / 3])


def test_days_with_long_silences_are_kept_on_request() -> None:
    log = made(10)
    silent = log.only(~((log.day == log.day[0]) & (log.second > 11 * 3600) & (log.second < 15 * 3600)))
    left_out, kept = (
        fit_contacts(silent, Choice(weekdays=EVERY_DAY, keep_gaps=keep)).window.days.size
        for keep in (False, True)
    )
    assert (left_out, kept) == (9, 10)


def test_agents_who_take_the_next_contact_at_once_have_no_wrap() -> None:
    """One of two agents is away for 90 s now and then while three or more wait: that is no wrap."""
    count = 400
    answered = np.repeat(np.arange(count // 2) * 100.0, 2)
    answered[1::2] += (
        np.cumsum(np.arange(count // 2) % 20 == 19) * 90.0
    )  # the second agent is away for 90 s at times
    joined = answered - 600.0
    agent = np.tile([0, 1], count // 2)
    done = answered + 100.0
    columns = {
        "arrived": joined, "joined": joined, "answered": answered, "talk_end": done, "agent": agent,
        "outcome": np.zeros(count),
    }  # fmt: skip
    made_ = {
        name: column + MONDAY.timestamp()
        for name, column in columns.items()
        if name not in ("agent", "outcome")
    }
    log = tidy(columns | made_, queues=("q",), agents=("a", "b"), zone="UTC", account=Account("made", "made"))
    assert duty.wrap_gaps(log).size == 0
    later = dataclasses.replace(log, talk_end=log.talk_end - 7.0)
    assert np.median(duty.wrap_gaps(later)) == pytest.approx(7.0)


@pytest.mark.parametrize(("mean", "cv"), [(30.0, 0.0), (5.0, 1.0), (20.0, 1.0), (40.0, 0.5)])
def test_wrap_is_read_from_the_quartiles_of_gaps_however_long_the_breaks(mean: float, cv: float) -> None:
    """4,000 gaps of which a twentieth are breaks of 100 to 300 s, in whole seconds: that makes up to an eighth."""
    rng = np.random.default_rng(8)
    shape = {0.0: math.inf, 1.0: 1.0, 0.5: 2.1013}[cv]
    gaps = mean * (1.0 if cv == 0 else rng.weibull(shape, 4000) / math.gamma(1 + 1 / shape)) + np.zeros(4000)
    gaps[::20] = rng.uniform(100, 300, 200)
    found = duty.wrap_of(np.floor(gaps + 0.5))
    assert found is not None
    assert found.mean.value == pytest.approx(mean, rel=0.125)
    assert found.cv == pytest.approx(cv, abs=0.16)


def test_a_fit_of_any_classes_runs() -> None:
    """Names that scenarios keep for themselves."""
    log = made(5)
    named = dataclasses.replace(log, kind=np.arange(len(log)) % 3, kinds=("all", "others", "a.b"))
    queue = fit_contacts(named, Choice(weekdays=EVERY_DAY)).scenario.queues["support"]
    assert list(queue.classes) == ["all contacts", "others contacts", "a b"]


def test_transfers_and_the_ivr_come_back() -> None:
    support = CENTRE["queues"]["support"] | {
        "ivr": {"time": {"distribution": "gamma", "mean": "40 s", "cv": 0.5}, "hangs_up": 0.05},
        "transfer": [{"to": "billing", "share": 0.1}],
    }
    log = passed_on(made(20, queues=CENTRE["queues"] | {"support": support}))
    queue, billing = fit_contacts(log, Choice(weekdays=EVERY_DAY)).queues
    assert queue.ivr is not None and queue.transfers is not None
    assert queue.ivr.mean.value == pytest.approx(40, rel=0.02)
    assert queue.ivr_hang_ups.value == pytest.approx(0.05, abs=0.007)
    assert queue.transfers.to["billing"].low < 0.1 < queue.transfers.to["billing"].high
    assert billing.volumes.mean.sum() == pytest.approx(1320, rel=0.03)


def passed_on(contacts: Contacts) -> Contacts:
    """The engine's records call the first part of a transferred contact answered; a log says where it went."""
    links = linked(contacts)
    away = np.zeros(len(contacts), bool)
    known = links.next >= 0
    away[known] = (links.delay[known] == 0) & (contacts.queue[links.next[known]] != contacts.queue[known])
    outcome = np.where(away & contacts.was_answered, Outcome.TRANSFERRED, contacts.outcome)
    return dataclasses.replace(contacts, outcome=outcome)


def test_unknown_agents_and_customers_are_said_and_nothing_is_made_of_them() -> None:
    contacts = sixty_days()
    nobody = dataclasses.replace(
        contacts,
        agent=np.full(len(contacts), -1),
        customer=np.full(len(contacts), -1),
        wrap_end=contacts.left * np.nan,
    )
    fit = fit_contacts(nobody, Choice(weekdays=EVERY_DAY))
    assert [group.estimate for group in fit.groups] == [None]
    assert all(queue.redials is None and queue.wrap is None for queue in fit.queues)
    assert any("staffing is assumed" in remark for remark in fit.remarks)
    assert "ASSUMED" in fit.yaml.partition("agents:")[2]
    assert fit.scenario.queues["support"].wrap is None


# The document.


def test_names_that_a_scenario_cannot_have_are_changed_and_said() -> None:
    names = written_names(["a: b #c", "v1.2", "v1 2", "all", "", "x\ny", "no"])
    assert names == ("a: b #c", "v1 2", "v1 2 2", "all contacts", "unnamed", "x\\ny", "no")
    contacts = dataclasses.replace(sixty_days(), queues=("a: b #c", "v1.2\n'\"}"))
    fit = fit_contacts(contacts, Choice(weekdays=EVERY_DAY))
    assert list(fit.scenario.queues) == ["a: b #c", "v1 2\\n'\"}"]
    assert any("written as" in remark for remark in fit.remarks)


def test_the_document_says_how_much_every_figure_rests_on() -> None:
    text = fitted().yaml
    assert "2026-03-02 to 2026-04-30" in text
    assert f"{len(sixty_days()):,} contacts" in text
    for key in ("per_interval", "daily_variation", "talk", "wrap", "patience", "redial", "staffing"):
        assert f"{key}:" in text
    assert "ESTIMATED, no roster was read" in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_tables_and_the_json_hold_every_figure_with_its_interval() -> None:
    result = sim.fit(sixty_days(), days="mon-sun")
    table = result.table()
    assert "lognormal" in table and "±" in table and "agents (estimated)" in table
    document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    support = document["queues"]["support"]
    assert support["level"]["low"] < support["level"]["value"] < support["level"]["high"]
    assert support["patience"]["hung_up"] == support["abandoned"]
    assert len(support["volumes"]["mean"]) == 20
    assert from_source(parse(json.dumps(document["scenario"]))) == result.scenario


def test_pictures_are_drawn_on_a_sheet_or_into_a_folder(tmp_path: Path) -> None:
    log = sixty_days()
    result = sim.fit(log.only(log.queue == 1), days="mon-sun")
    result.save_plots(tmp_path / "pictures")
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["1_billing_patience.png", "1_billing_talk.png", "1_billing_volumes.png", "agents.png"]
    assert len(result.plot().figure.axes) == 4


# The command.

LOG = [
    f"{int(MONDAY.timestamp()) + day * DAY + 9 * 3600 + 60 * n + at}|c{day}-{n}|support|{agent}|{event}|{rest}"
    for day in range(5)
    for n in range(400)
    for at, agent, event, rest in (
        (0, "NONE", "ENTERQUEUE", f"|{n}|1"),
        (20 + n % 30, f"A{n % 3}", "CONNECT", "20|x|3")
        if n % 7
        else (15 + n % 60, "NONE", "ABANDON", "1|1|15"),
        *([(50 + n % 90, f"A{n % 3}", "COMPLETECALLER", "20|30|1")] if n % 7 else []),
    )
]


def test_the_command_reads_a_log_and_writes_a_scenario_that_runs(tmp_path: Path, capsys: Any) -> None:
    from sim.cli import main

    log, out = tmp_path / "queue_log", tmp_path / "out.yaml"
    log.write_text("\n".join(LOG))
    assert main(["fit", str(log), "--days", "mon-fri", "--out", str(out)]) == 0
    assert "support" in capsys.readouterr().out
    scenario = sim.load(out)
    assert scenario.queues["support"].expected(scenario.grid).sum() == pytest.approx(400)
    assert main(["fit", str(log), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["contacts"] == 2000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--days", "mon-tuesday!"], "--days"),
        (["--days", "sat"], "no contact on sat is left"),
        (["--from", "31.3.2026"], '--from: "31.3.2026" is not a date'),
        (["--from", "2026-03-05", "--to", "2026-03-03"], "--to: 2026-03-03 is before 2026-03-05"),
        (["--hours", "22:00-06:00"], "runs over midnight"),
        (["--interval", "7 min"], "--interval"),
        (["--queue", "suport"], 'did you mean "support"'),
        (["--out", "x.txt"], "does not end in .yaml"),
        (["--plot", "x.gif"], "--plot"),
        (["--out", "nowhere/x.yaml"], "there is no folder"),
        (["--zone", "Mars/Base"], "Mars/Base"),
    ],
)
def test_wrong_options_get_one_sentence(options: list[str], said: str, tmp_path: Path, capsys: Any) -> None:
    from sim.cli import main

    log = tmp_path / "queue_log"
    log.write_text("\n".join(LOG[:3000]))
    assert main(["fit", str(log), *options]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_too_few_contacts_are_refused() -> None:
    contacts = sixty_days()
    with pytest.raises(InputError, match="too few to fit"):
        fit_contacts(contacts.only(np.arange(10)), Choice(weekdays=EVERY_DAY))
    with pytest.raises(InputError, match="no contact to fit"):
        fit_contacts(contacts.only(np.zeros(len(contacts), bool)))


def test_a_choice_is_read_as_it_is_written() -> None:
    choice = read_choice(
        days="sun-thu", since="2026-03-02", without=["2026-03-04"], hours="07:00-24:00", interval="15 min"
    )
    assert choice.weekdays == (6, 0, 1, 2, 3)
    assert choice.hours == (7 * 3600, DAY) and choice.interval == 900


def test_an_agent_who_comes_and_goes_unseen_is_on_duty_between_contacts_and_around_them() -> None:
    """Two hours on duty a day, talking two fifths of the time: without the idle time at both ends 9% would be lost."""
    chance = np.random.default_rng(12)
    answered, talk_end = [], []
    for day in range(60):
        now = MONDAY.timestamp() + day * DAY + 9 * 3600 + chance.exponential(360)
        while now < MONDAY.timestamp() + day * DAY + 11 * 3600:
            answered.append(now)
            talk_end.append(now + chance.exponential(240))
            now = talk_end[-1] + chance.exponential(360)
    columns = {
        "arrived": answered,
        "joined": answered,
        "answered": answered,
        "talk_end": talk_end,
        "wrap_end": talk_end,
    }
    columns |= {"agent": np.zeros(len(answered)), "outcome": np.full(len(answered), Outcome.ANSWERED)}
    table = {name: np.array(column) for name, column in columns.items()}
    contacts = tidy(table, queues=("q",), agents=("a",), zone="UTC", account=Account("made", "made"))
    fit = fit_contacts(contacts, Choice(weekdays=EVERY_DAY, hours=(8 * 3600.0, 12 * 3600.0)))
    estimate = fit.groups[0].estimate
    assert estimate is not None
    assert estimate.seen.mean.sum() / 2 == pytest.approx(2.0, rel=0.04)


# Counts by interval.


def test_counts_by_interval_give_the_volumes_and_say_what_is_assumed(tmp_path: Path) -> None:
    rows = [
        "QueueName,ChannelType,TimeStamp,IncomingContactVolume,AverageHandleTime,ContactsHandled,IntervalDuration"
    ]
    for day in range(14):
        for half in range(16, 36):
            stamp = f"2026-03-{2 + day:02d}T{half // 2:02d}:{half % 2 * 30:02d}:00Z"
            rows.append(f"support,VOICE,{stamp},{20 + half % 5},240,{18 + half % 5},30")
    path = tmp_path / "forecast.csv"
    path.write_text("\n".join(rows))
    result = sim.fit(path, days="mon-sun")
    assert result.scenario.queues["support"].expected(result.scenario.grid)[:5] == pytest.approx(
        [21, 22, 23, 24, 20]
    )
    assert result.scenario.queues["support"].talk.drawn[0].mean == pytest.approx(240)
    assert "ASSUMED: family and cv" in result.yaml()
    assert "support" in result.table()
    assert json.dumps(result.to_dict(), allow_nan=False)


def test_a_queue_that_is_nobodys_own_is_a_skill_of_whoever_took_it() -> None:
    """Six agents with a hundred contacts each of one queue and one of another: no seventh agent is invented."""
    agent = np.repeat(np.arange(6), 101)
    queue = np.tile(np.append(np.zeros(100, np.int64), 1), 6)
    sets, group_of, _ = duty._groups(agent, queue, 2, 6)
    assert sets == [(0, 1)]
    assert group_of.tolist() == [0] * 6
