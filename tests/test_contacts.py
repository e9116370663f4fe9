"""The tidy table of contacts, its account, and moments around the changes of the clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.history.contacts import Account, Contacts, LeftOut, Outcome, tidy
from sim.history.moments import (
    durations,
    first_and_second,
    from_text,
    known_zone,
    local_days_and_seconds,
    times_of_day,
)

NAN = float("nan")


def some() -> Contacts:
    base = datetime(2026, 7, 16, 22, 30, tzinfo=UTC).timestamp()
    columns = {
        "arrived": base + np.array([60.0, 0.0, 0.0]),
        "joined": base + np.array([70.0, 0.0, 5.0]),
        "answered": np.array([base + 80, NAN, base + 6]),
        "talk_end": np.array([base + 180, NAN, NAN]),
        "left": np.array([NAN, base + 40, NAN]),
        "queue": np.array([1, 0, 0]),
        "customer": np.array([0, -1, 1]),
        "agent": np.array([0, -1, 0]),
        "outcome": np.array([Outcome.ANSWERED, Outcome.ABANDONED, Outcome.OPEN]),
    }
    account = Account(
        "log", "mapped", 5, left_out=(LeftOut("test calls", 2, 4),), remarks=("Whole seconds.",)
    )
    return tidy(columns, queues=("sales", "help"), agents=("agent 1",), zone="Europe/Paris", account=account)


def test_contacts_stand_in_order_of_arrival_ties_as_given() -> None:
    contacts = some()
    assert [Outcome(code).name for code in contacts.outcome] == ["ABANDONED", "OPEN", "ANSWERED"]
    np.testing.assert_array_equal(contacts.wait, [40, 1, 10])
    np.testing.assert_array_equal(contacts.talk, [NAN, NAN, 100])
    assert np.isnan(contacts.wrap).all()
    assert contacts.was_answered.tolist() == [False, True, True]
    assert contacts.customers == 2


def test_days_and_hours_are_those_of_the_zone() -> None:
    contacts = some()
    assert date.fromordinal(int(contacts.day[0])) == date(2026, 7, 17)
    assert contacts.second.tolist() == [1800, 1800, 1860]
    assert date.fromordinal(int(replace(contacts, zone="UTC").day[0])) == date(2026, 7, 16)


def test_a_choice_of_contacts_keeps_codes_and_account() -> None:
    chosen = some().only(some().was_answered)
    assert len(chosen) == 2 and chosen.queues == ("sales", "help") and chosen.account == some().account


def test_the_frame_shows_names_and_local_time_and_leaves_gaps_where_nothing_is_known() -> None:
    frame = some().frame()
    assert frame["queue"].tolist() == ["sales", "sales", "help"]
    assert frame["outcome"].tolist() == ["abandoned", "open", "answered"]
    assert str(frame["arrived"][0]) == "2026-07-17 00:30:00+02:00"
    assert frame["customer"].isna().tolist() == [True, False, False]
    assert frame["talk_end"].isna().tolist() == [True, True, False]


def test_the_account_is_a_short_paragraph() -> None:
    said = "log (mapped): 5 rows, 3 contacts. Left out: 2 test calls (first in line 4). Whole seconds."
    assert str(some().account) == said


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(631_152_000, 2_000_000_000), min_size=1, max_size=20),
    st.sampled_from(
        [
            "Europe/Paris",
            "America/New_York",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
            "UTC",
            "Africa/Casablanca",
        ]
    ),
)
def test_local_time_and_back_agree_with_the_standard_library(seconds: list[int], zone: str) -> None:
    moments = np.array(seconds, np.float64)
    days, clock = local_days_and_seconds(moments, zone)
    local = [datetime.fromtimestamp(moment, ZoneInfo(zone)) for moment in seconds]
    assert days.tolist() == [there.toordinal() for there in local]
    midnight = [there.replace(hour=0, minute=0, second=0, tzinfo=None) for there in local]
    told = [start + timedelta(seconds=passed) for start, passed in zip(midnight, clock.tolist(), strict=True)]
    assert told == [there.replace(tzinfo=None) for there in local]
    wall = np.array([there.replace(tzinfo=UTC).timestamp() for there in local])
    first, second = first_and_second(wall, zone)
    folds = np.array([there.fold for there in local])
    np.testing.assert_array_equal(np.where(folds == 1, second, first), moments)


def test_stamps_are_read_with_or_without_a_zone_but_not_mixed() -> None:
    def read(*stamps: str, pattern: str | None = None) -> tuple[list[float], bool]:
        seconds, aware = from_text(np.array(stamps, object), pattern)
        return seconds.tolist(), aware

    assert read("2026-07-16T02:00:00+02:00", "2026-07-16 00:00:00Z", "2026-07-16 02:00:00+0200") == (
        [1784160000] * 3,
        True,
    )
    assert read("2026-07-16", "2026-07-16 00:00", "2026-07-16T00:00:00.5") == (
        [1784160000, 1784160000, 1784160000.5],
        False,
    )
    assert read("16/07/2026 0:00", pattern="%d/%m/%Y %H:%M") == ([1784160000], False)
    assert np.isnan(read("", "soon", "2026-02-30")[0]).all()
    with pytest.raises(InputError, match="some stamps name their zone"):
        read("2026-07-16 00:00:00Z", "2026-07-16 00:00:00")


def test_times_and_durations_are_read_and_nonsense_is_not() -> None:
    clock = times_of_day(np.array(["8:05", "08:05:10", "23:59:59.5", "8:65", "24:00", "25:00", "x"], object))
    np.testing.assert_array_equal(clock, [29100, 29110, 86399.5, NAN, 86400, NAN, NAN])
    spans = durations(np.array(["95", "95,5", "0:01:35", "1:35", "-4", "inf", ""], object), ",")
    np.testing.assert_array_equal(spans, [95, 95.5, 95, NAN, NAN, NAN, NAN])


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "/etc/passwd", "../UTC", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(InputError, match="unknown time zone"):
        known_zone(zone)
