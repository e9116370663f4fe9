"""Hours, values and events by weekday and clock lie where the calendar puts them over the horizon."""

# ruff: noqa: E501 (a table of cases reads best with one on a line)

from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.model.centre import Centre, centre_of, open_moment, same
from sim.scenario.schema import Scenario

HOUR, DAY = 3600.0, 86400.0
DAYTIME = {"opens": "08:00", "closes": "20:00", "interval": "1 h"}
NIGHT = {"opens": "20:00", "closes": "06:00", "interval": "1 h"}
WEEK = {"days": 7, "starts": "Monday", "interval": "1 h"}


def scenario(when: Any, queue: Any = None, group: Any = None, **more: Any) -> Scenario:
    support = {"arrivals": {"rate": "30 / h"}, "talk": {"distribution": "constant", "value": "3 min"}}
    front = {"skills": ["support"], **({"staffing": 3} if group is None else group)}
    return Scenario(
        **{**when, "queues": {"support": support | (queue or {})}, "agents": {"front": front}} | more
    )


def spans(when: Any, hours: Any) -> list[tuple[float, float]]:
    made = scenario(when, {"hours": hours})
    return [(opens / HOUR, closes / HOUR) for opens, closes in made.queues["support"].open_spans(made.grid)]


@pytest.mark.parametrize(
    ("when", "hours", "open_"),
    [
        (DAYTIME, None, [(0, 12)]),
        (DAYTIME, "08:00-20:00", [(0, 12)]),
        (DAYTIME, "06:00-22:00", [(0, 12)]),
        (DAYTIME, "10:00-12:30", [(2, 4.5)]),
        (DAYTIME, ["13:00-18:00", "09:00-12:00"], [(1, 4), (5, 10)]),
        (DAYTIME, ["09:00-12:00", "12:00-18:00"], [(1, 10)]),
        (DAYTIME, "18:00-09:00", [(0, 1), (10, 12)]),
        (NIGHT, "22:00-02:00", [(2, 6)]),
        (NIGHT, "01:00-03:00", [(5, 7)]),
        (NIGHT, "00:00-24:00", [(0, 10)]),
        (DAYTIME | {"starts": "sat"}, {"mon-fri": "08:00-20:00", "sat": "09:00-14:00"}, [(1, 6)]),
        (NIGHT | {"starts": "sat"}, {"sat": "21:00-24:00", "sun": "00:00-02:00"}, [(1, 6)]),
        (NIGHT | {"starts": "sat"}, {"fri": "21:00-21:30", "sat": "closed", "sun": "00:00-02:00"}, [(4, 6)]),
        ({"length": "24 h", "interval": "1 h"}, "22:00-06:00", [(0, 6), (22, 24)]),
        (WEEK, "00:00-24:00", [(0, 168)]),
        (WEEK, "08:00-18:00", [(24 * d + 8, 24 * d + 18) for d in range(7)]),
        (
            WEEK,
            {"mon-fri": ["08:00-12:00", "13:00-20:00"], "fri": "08:00-13:00", "sun": None},
            [(24 * d + a, 24 * d + b) for d in range(4) for a, b in ((8, 12), (13, 20))] + [(104, 109)],
        ),
        (WEEK, {"sun": "22:00-06:00"}, [(0, 6), (166, 168)]),
        (WEEK, {"mon, wed": "22:00-06:00"}, [(22, 30), (70, 78)]),
        (WEEK | {"starts": "wed", "opens": "12:00", "days": 2}, {"wed-fri": "08:00-18:00"}, [(0, 6), (20, 30), (44, 48)]),
        (WEEK | {"days": 5}, {"sat": "09:00-14:00", "mon": "08:00-09:00"}, [(8, 9)]),
    ],
)  # fmt: skip
def test_hours_are_open_spans_of_the_horizon_disjoint_and_rising(when: Any, hours: Any, open_: Any) -> None:
    assert spans(when, hours) == open_
    centre = centre_of(scenario(when, {"hours": hours}))
    assert centre.span_start.tolist() == [0, len(open_)]
    assert list(zip(centre.span_opens / HOUR, centre.span_closes / HOUR, strict=True)) == open_
    moments, flags = centre.steps.moments, centre.steps.open[0]
    assert moments[0] == 0 and np.all(np.diff(moments) > 0) and moments[-1] < centre.horizon
    for moment in (*moments, *(moments + 1)):
        inside = any(opens * HOUR <= moment < closes * HOUR for opens, closes in open_)
        assert flags[np.searchsorted(moments, moment, side="right") - 1] == inside


@pytest.mark.parametrize(
    ("when", "hours", "said"),
    [
        (DAYTIME, "06:00-08:00", 'hours: "06:00-08:00" is outside the horizon, 08:00 to 20:00; give hours within it'),
        (DAYTIME, ["09:00-12:00", "20:00-22:00"], '"20:00-22:00" is outside the horizon'),
        (NIGHT, "08:00-18:00", '"08:00-18:00" is outside the horizon, 20:00 to +1 06:00'),
        (DAYTIME | {"starts": "mon"}, {"tue": "08:00-20:00"}, "closed throughout the horizon, 08:00 to 20:00; give"),
        (WEEK | {"days": 5}, {"sat": "09:00-14:00"}, "closed throughout the horizon, 120 h from mon 00:00; give"),
        (DAYTIME, {"mon": "09:00-14:00"}, "names a weekday, and the scenario does not say on which one it begins: add"),
    ],
)  # fmt: skip
def test_hours_outside_the_horizon_are_refused(when: Any, hours: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(when, {"hours": hours})
    assert str(caught.value).startswith("queues.support.hours: ") and said in str(caught.value)


def test_a_moment_of_open_hours_is_found_over_the_night() -> None:
    centre = centre_of(scenario(WEEK, {"hours": "08:00-18:00"}))
    assert open_moment(centre, 0, 17 * HOUR, 2 * HOUR) == 33 * HOUR
    assert open_moment(centre, 0, 20 * HOUR, 0.0) == 32 * HOUR
    assert open_moment(centre, 0, 161 * HOUR, HOUR) == np.inf


def staffing(when: Any, value: Any) -> list[int]:
    return list(scenario(when, group={"staffing": value}).agents["front"].staffing or ())


def test_a_value_holds_until_the_next_key_of_that_or_a_later_day() -> None:
    half = WEEK | {"interval": "12 h"}
    assert staffing(half, {"00:00": 1, "12:00": 2}) == [1, 2] * 7
    assert staffing(half, {"mon 00:00": 1, "wed 12:00": 2}) == [1] * 5 + [2] * 9
    assert staffing(half, {"00:00": 1, "mon-fri 12:00": 2}) == [1, 2] * 5 + [1] * 4
    assert staffing(half, {"sat-sun 12:00": 7, "00:00": 1}) == [1] * 11 + [7, 1, 7]
    assert staffing(half | {"starts": "sat"}, {"00:00": 1, "sun 00:00": 2}) == [1, 1, 2, 2] + [1] * 10
    fortnight = half | {"days": 14}
    assert staffing(fortnight, {"00:00": 1, "tue 12:00": 2}) == ([1, 1, 1, 2] + [1] * 10) * 2


def test_of_two_keys_for_one_moment_the_one_for_fewer_days_counts_in_whatever_order() -> None:
    half = WEEK | {"interval": "12 h"}
    keys = {"00:00": 1, "mon-fri 00:00": 2, "mon 00:00": 3, "12:00": 0}
    for order in (list(keys), list(reversed(keys))):
        assert staffing(half, {key: keys[key] for key in order}) == [3, 0] + [2, 0] * 4 + [1, 0] * 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"fri 12:00": 3}, 'staffing: nothing is said from opening on; add a value for "00:00"'),
        ({"00:00": 1, "mon-wed 12:00": 2, "tue-thu 12:00": 3}, '"tue-thu 12:00" names a time that already has a value'),
        ({"00:00": 1, "mon 08:30": 2}, 'staffing.mon 08:30: "mon 08:30" is not on the grid of intervals of 1 h'),
        ({"00:00": 1, "mon-fri 08:00": -2}, "staffing.mon-fri 08:00: -2 must not be negative"),
        ({"00:00": 1, "fry 08:00": 2}, 'staffing.fry 08:00: "fry" is not a weekday (did you mean "friday"?)'),
    ],
)  # fmt: skip
def test_a_key_that_does_not_fit_the_week_is_refused(value: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        staffing(WEEK, value)
    assert said in str(caught.value)


def test_weekdays_need_the_day_on_which_the_horizon_begins() -> None:
    with pytest.raises(
        InputError, match=r'staffing.mon 08:00: "mon 08:00" names a weekday, .*: add starts: monday'
    ):
        staffing({"days": 7, "interval": "1 h"}, {"00:00": 1, "mon 08:00": 3})
    with pytest.raises(InputError, match=r"staffing.tue 08:00: .* outside the horizon, 08:00 to 20:00"):
        staffing(DAYTIME | {"starts": "mon"}, {"mon 08:00": 1, "tue 08:00": 3})
    assert staffing(DAYTIME | {"starts": "mon"}, {"08:00": 1, "mon 19:00": 3}) == [1] * 11 + [3]


def test_days_make_a_horizon_of_so_many_days_from_opening() -> None:
    grid = scenario(WEEK | {"opens": "06:00"}).grid
    assert (grid.horizon, grid.count, grid.starts) == (7 * DAY, 168, 0)
    assert [grid.label(k) for k in (0, 17, 18, 167)] == ["mon 06:00", "mon 23:00", "tue 00:00", "mon 05:00"]
    assert scenario({"days": 2}).grid.label(49) == "+1 00:30"
    assert scenario(DAYTIME | {"starts": "mon"}).grid.label(1) == "09:00"


# Events


def edges(made: Scenario) -> list[float]:
    return (centre_of(made).demand.edges / HOUR).tolist()


def test_a_plain_day_changes_its_rate_at_the_ends_of_intervals_and_nowhere_else() -> None:
    made = scenario(DAYTIME | {"interval": "0.1 h"})
    demand = centre_of(made).demand
    assert demand.edges.tolist() == [k * 360.0 for k in range(121)]
    assert demand.cumulative[0].tolist() == [0.0, *np.cumsum(made.queues["support"].expected(made.grid))]
    assert set(demand.day_of) == {0} and (demand.interval, demand.intervals) == (360.0, 120)


def test_the_days_of_the_demand_are_counted_from_opening() -> None:
    demand = centre_of(scenario({"days": 2, "interval": "32 h", "opens": "06:00"} | {"days": 4})).demand
    assert (demand.edges / HOUR).tolist() == [0, 24, 32, 48, 64, 72, 96]
    assert demand.day_of.tolist() == [0, 1, 1, 2, 2, 3]
    assert demand.cumulative[0] == pytest.approx(demand.edges / HOUR * 30)


def test_an_event_changes_the_volume_of_its_queues_within_its_span() -> None:
    event = {"at": "09:30", "for": "90 min", "volume": "200%"}
    made = scenario(DAYTIME, events=[event, {"at": "10:00", "for": "30 min", "volume": 0.5}])
    demand = centre_of(made).demand
    assert edges(made)[:5] == [0, 1, 1.5, 2, 2.5]
    assert np.diff(demand.cumulative[0])[:6] == pytest.approx([30, 15, 30, 15, 30, 30])
    assert made.expected("support")[:5] == pytest.approx([30, 45, 45, 30, 30])
    other = scenario(DAYTIME, events=[{**event, "queues": ["support"]}])
    assert centre_of(other).demand.cumulative[0, -1] == pytest.approx(12 * 30 + 45)


def test_an_event_without_a_weekday_comes_every_day_and_with_one_on_that_day() -> None:
    every = scenario(WEEK, events=[{"at": "10:30", "for": "1 h", "volume": 3}])
    tuesday = scenario(WEEK, events=[{"at": "tue 10:30", "for": "1 h", "volume": 3}])
    assert every.expected("support").sum() == pytest.approx(30 * (168 + 14))
    assert tuesday.expected("support").sum() == pytest.approx(30 * (168 + 2))
    assert [e for e in edges(tuesday) if e % 1] == [34.5, 35.5]


def test_an_event_of_many_hours_begins_when_it_is_said_to() -> None:
    day = scenario(DAYTIME, group={"staffing": 10}, events=[{"at": "10:00", "for": "24 h", "agents": "40%"}])
    assert_steps(day, {0: 10, 2: 4})
    before = scenario(
        DAYTIME, group={"staffing": 10}, events=[{"at": "07:00", "for": "3 h", "agents": "40%"}]
    )
    assert_steps(before, {0: 4, 2: 10})
    night = scenario(NIGHT, group={"staffing": 10}, events=[{"at": "02:00", "for": "23 h", "agents": "40%"}])
    assert_steps(night, {0: 10, 6: 4})
    sunday = {"at": "sun 21:00", "for": "12 h", "agents": "40%"}
    assert_steps(
        scenario(DAYTIME | {"starts": "mon"}, group={"staffing": 10}, events=[sunday]), {0: 4, 1: 10}
    )


def assert_steps(made: Scenario, agents: dict[float, int]) -> None:
    moments, counts = made.planned_steps("front")
    assert dict(zip((moments / HOUR).tolist(), counts.tolist(), strict=True)) == agents


def test_an_event_may_come_on_one_day_of_many() -> None:
    event = {"at": "10:00", "day": 9, "for": "30 h", "agents": 0}
    long = {"days": 14, "interval": "1 h"}
    assert_steps(scenario(long, events=[event]), {0: 3, 202: 0, 232: 3})
    assert_steps(scenario(long, events=[event | {"day": 14}]), {0: 3, 322: 0})


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"at": "10:00", "for": "30 h"}, "events, item 1, for: 30 h from 10:00 on, every day, would never end; write at most 24 h, or day: 1"),
        ({"at": "10:00", "for": "1 h", "day": 8}, "events, item 1, day: 10:00 of day 8 is outside the horizon, 168 h from mon 00:00; write a time within it"),
        ({"at": "tue 10:00", "for": "1 h", "day": 2}, "events, item 1, day: at names weekdays already; leave day out"),
        ({"at": "10:00", "for": "1 h", "day": 0}, "events, item 1, day: 0 is too small"),
    ],
)  # fmt: skip
def test_an_event_of_a_week_that_cannot_be_is_refused(event: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(WEEK, events=[event | {"agents": "50%"}])
    assert said in str(caught.value)


def test_an_event_takes_agents_and_lines_away_and_gives_them_back() -> None:
    event = {"at": "10:00", "for": "40 min", "agents": "50%", "lines": 0}
    made = scenario(DAYTIME, group={"staffing": {"08:00": 3, "10:00": 5}}, lines=120, events=[event])
    steps = centre_of(made).steps
    assert (steps.moments / 60).tolist() == [0, 120, 160]
    assert steps.staffing.tolist() == [[3, 3, 5]] and steps.lines.tolist() == [120, 0, 120]
    assert made.planned_seconds("front")[2] == 40 * 60 * 3 + 20 * 60 * 5
    assert made.paid_seconds("front")[2] == 5 * HOUR
    late = scenario(DAYTIME, events=[{"at": "19:30", "for": "2 h", "lines": 7}])
    assert centre_of(late).steps.lines.tolist() == [-1, 7]


def test_of_two_events_at_a_time_factors_multiply_and_the_fewest_lines_count() -> None:
    events = [
        {"at": "10:00", "for": "2 h", "agents": "50%", "lines": 5},
        {"at": "11:00", "for": "2 h", "agents": "50%", "lines": 9},
    ]
    steps = centre_of(scenario(DAYTIME, group={"staffing": 10}, events=events)).steps
    assert (steps.moments / HOUR).tolist() == [0, 2, 3, 4, 5]
    assert steps.staffing.tolist() == [[10, 5, 3, 5, 10]] and steps.lines.tolist() == [-1, 5, 5, 9, -1]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"at": "07:00", "for": "1 h", "agents": 0}, "events, item 1, at: 07:00 is outside the horizon, 08:00 to 20:00; write a time within it"),
        ({"at": "21:00", "for": "12 h", "agents": 0}, "events, item 1, at: 21:00 is outside the horizon, 08:00 to 20:00; write"),
        ({"at": "20:00", "for": "2 h", "agents": 0}, "events, item 1, at: 20:00 is outside the horizon, 08:00 to 20:00"),
        ({"at": "tue 09:00", "for": "2 h", "agents": 0}, "events, item 1, at: tue 09:00 names a weekday, and the scenario"),
        ({"at": "09:00", "for": "2 h"}, "events, item 1: changes nothing; give agents, volume or lines"),
        ({"at": "09:00", "agents": 0}, "events, item 1, for: is missing; it is required here, as in for: 40 min"),
        ({"at": "09:00", "for": "0 s", "agents": 0}, "events, item 1, for: an event must last more than 0 s"),
        ({"at": 9, "for": "1 h", "agents": 0}, "events, item 1, at: 9 is not a clock time: write it with a colon"),
        ({"at": "09:00", "for": "1 h", "lines": -1}, "events, item 1, lines: -1 must not be negative"),
        ({"at": "09:00", "for": "1 h", "agents": "-5%"}, 'events, item 1, agents: "-5%" must not be negative'),
        ({"at": "09:00", "for": "1 h", "volume": 2, "queues": ["sup"]}, 'events, item 1, queues: there is no queue "sup"'),
        ({"at": "09:00", "for": "1 h", "agents": 2, "groups": ["x"]}, 'events, item 1, groups: there is no group "x"; the'),
        ({"at": "09:00", "for": "1 h", "agents": 2, "queues": ["x"]}, "queues: belongs to volume; leave it out or give"),
        ({"at": "09:00", "for": "1 h", "agents": 2, "groups": "x"}, 'groups: "x" is not a list of names; write ["x"]'),
        ({"at": "09:00", "for": "1 h", "agnts": 2}, 'events, item 1, agnts: unknown key (did you mean "agents"?)'),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_is_refused(event: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(DAYTIME, events=[event])
    assert said in str(caught.value)


def test_events_are_a_list() -> None:
    with pytest.raises(InputError, match=r"events: .* is not a list"):
        scenario(DAYTIME, events={"at": "09:00", "for": "1 h", "lines": 3})


# What dealing reads, and what it does not


def test_only_what_is_dealt_changes_the_demand() -> None:
    base = scenario(WEEK, {"patience": {"distribution": "exponential", "mean": "3 min"}})
    dealt = centre_of(base).demand
    again = {"distribution": "exponential", "mean": "1 h"}
    for path, value in {
        "agents.front.staffing": 9,
        "agents.front.absence": "10%",
        "queues.support.hours": "08:00-18:00",
        "queues.support.ivr": {"time": again},
        "queues.support.callback": {"offer": "always", "accept": "40%"},
        "queues.support.repeat": {"share": "10%", "after": again},
        "queues.support.transfer": {"to": "support", "share": "10%"},
        "queues.support.at_close": "carry",
        "events": [{"at": "09:30", "for": "10 min", "agents": 0.5, "lines": 3}],
        "routing": "longest_wait",
    }.items():
        assert same(centre_of(base.with_({path: value})).demand, dealt), path
    for path, value in {
        "queues.support.classes": {"vip": {"share": "10%"}},
        "queues.support.backlog": {"count": 3, "age": "1 h"},
        "queues.support.patience.mean": "4 min",
        "queues.support.arrivals.volume": 1.1,
        "events": [{"at": "09:30", "for": "10 min", "volume": 2}],
        "interval": "2 h",
    }.items():
        assert not same(centre_of(base.with_({path: value})).demand, dealt), path


def centre() -> Centre:
    """A small centre with every key of a queue and a skill."""
    slow = {"distribution": "exponential", "mean": "9 min"}
    queues = {
        "a": {
            "arrivals": {"rate": "30 / h", "daily_variation": "10%"},
            "talk": {"distribution": "constant", "value": "3 min"},
            "patience": {**slow, "never_hangs_up": "1%"},
            "head_start": "10 s",
            "backlog": {"count": 30, "age": "0 h - 30 h"},
            "ivr": {"time": slow, "self_served": "20%", "hangs_up": "3%"},
            "redial": {"share": "40%", "after": slow, "attempts": 3},
            "repeat": {"share": "12%", "after": {"distribution": "constant", "mean": ["1 h"] * 12}},
            "transfer": [{"to": "b", "share": "30%", "retell": "40 s"}, {"to": "a", "share": "70%"}],
            "switch": {"to": "b", "share": "20%"},
            "announcement": {"leave_above": "2 min", "leaves": "30%", "patience_factor": "150%"},
            "classes": {
                "vip": {"share": "10%", "head_start": "90 s", "patience": {"distribution": "constant", "value": "1 h"}},
                "new": {"share": "5%", "redial": {"share": "1%", "after": {"distribution": "constant", "value": "1 s"}}},
            },
        },
        "b": {
            "arrivals": {"rate": "30 / h"},
            "talk": {"distribution": "constant", "value": "5 min"},
            "wrap": {"distribution": "constant", "value": "1 min"},
            "switch": {"to": "a", "share": "5%", "after": {"distribution": "constant", "value": "7 s"}},
            "at_close": "carry",
            "classes": {"old": {"share": "60%"}, "vip": {"share": "40%", "head_start": "9 s"}},
        },
        "c": {"arrivals": {"rate": "3 / h"}, "talk": {"distribution": "constant", "value": "5 min"}, "at_close": "drop"},
    }  # fmt: skip
    agents = {
        "one": {
            "staffing": 3,
            "absence": "4%",
            "skills": {
                "b": {"level": 2, "overflow_after": "40 s", "reserve": 1, "score": {"base": -3, "weight": 2}},
                "a": {"overflow_after": "20 s", "handle_factor": 1.5},
            },
        },
        "two": {
            "staffing": 2,
            "skills": {
                "b": {"at_once": 3, "slowdown": [1, "125%"], "prefer": 4},
                "c": {"interruptible": True, "overflow_after": "9 s"},
            },
        },
        "three": {"staffing": 1, "skills": {"b": {"overflow_after": "20 s"}}},
    }
    return centre_of(Scenario(**DAYTIME, queues=queues, agents=agents, routing="weighted"))


def test_an_inbox_is_marked_by_queue_and_is_not_dealt() -> None:
    mail = {"hours": "09:00-17:00", "at_close": "carry"}
    shut, open_ = (centre_of(scenario(DAYTIME, mail | more)) for more in ({}, {"after_hours": "waits"}))
    assert shut.inbox.tolist() == [0] and open_.inbox.tolist() == [1]
    assert shut.inbox.dtype == np.int64 and same(shut.demand, open_.demand) and same(shut.steps, open_.steps)


def test_profiles_are_the_queues_and_then_their_classes_and_classes_are_known_by_name() -> None:
    demand = centre().demand
    # queues a b c, then (a, vip) (a, new) (b, old) (b, vip); classes vip 1, new 2, old 3
    assert demand.profile_of.tolist() == [[0, 3, 4, 0], [1, 6, 1, 5], [2, 2, 2, 2]]
    assert demand.class_start.tolist() == [0, 2, 4, 4] and demand.class_id.tolist() == [1, 2, 3, 1]
    assert demand.class_until == pytest.approx([0.1, 0.15, 0.6, 1.0]) and demand.class_until[-1] == 1.0
    assert demand.never == pytest.approx([0.01, 0, 0, 0, 0.01, 0, 0])
    talk, wrap, patience, day = demand.draws.family.tolist()
    assert talk == [0] * 7 and wrap == [0] * 7
    assert patience == [1, -1, -1, 0, 1, -1, -1] and day == [2, -1, -1, 2, 2, -1, -1]
    values = [demand.draws.parameters[start] for start in demand.draws.start[0]]
    assert values == [180, 300, 300, 180, 180, 300, 300]
    assert demand.backlog.tolist() == [30, 0, 0] and demand.backlog_high.tolist() == [30 * HOUR, 0, 0]


def test_what_a_class_does_not_say_is_that_of_its_queue() -> None:
    c = centre()
    assert c.lead.tolist() == [0, 0, 0, 80, 0, 0, 9] and c.head_start.tolist() == [10, 0, 0]
    assert c.redial_share == pytest.approx([0.4, 0, 0, 0.4, 0.01, 0, 0])
    assert c.redial_attempts.tolist()[0] == 3 and c.redial_attempts[4] > 10**9
    redial, repeat, switch, ivr = c.delays.family.tolist()
    assert redial == [1, -1, -1, 1, 0, -1, -1] and repeat == [0, -1, -1, 0, 0, -1, -1]
    assert switch == [0, 0, -1, 0, 0, 0, 0] and ivr == [1, -1, -1, 1, 1, -1, -1]
    assert c.delays.parameters[c.delays.start[2, :2]].tolist() == [0, 7]
    assert c.delays.stride[1, 0] == 1 and c.delays.stride[0, 0] == 0


def test_transfers_switches_and_the_rest_of_a_queue_are_laid_out_queue_by_queue() -> None:
    c = centre()
    assert c.transfer_start.tolist() == [0, 2, 2, 2] and c.transfer_to.tolist() == [1, 0]
    assert c.transfer_until[0] == 0.3 and c.transfer_until[1] == 1.0 and c.retell.tolist() == [40, 0]
    assert c.switch_to.tolist() == [1, 0, -1] and c.switch_share.tolist() == [0.2, 0.05, 0]
    assert c.repeat_share.tolist() == [0.12, 0, 0] and c.talk_matters.tolist() == [1, 0, 0]
    assert (c.ivr.tolist(), c.self_served.tolist(), c.ivr_hangs_up.tolist()) == (
        [1, 0, 0],
        [0.2, 0, 0],
        [0.03, 0, 0],
    )
    assert c.announce_above.tolist() == [120, np.inf, np.inf] and c.announce_factor.tolist() == [1.5, 1, 1]
    assert c.at_close.tolist() == [0, 2, 1] and c.mean_handle[:, 0].tolist() == [180, 360, 300]
    assert (c.rule, c.rule_address, c.steps.lines.tolist()) == (4, 0, [-1])
    assert c.absence.tolist() == [0.04, 0, 0] and len(set(c.group_streams.tolist())) == 3


def test_skills_stand_by_queue_and_by_group_and_know_their_place() -> None:
    c = centre()
    assert c.group_start.tolist() == [0, 1, 4, 5] and c.groups.tolist() == [0, 0, 1, 2, 1]
    assert c.prefer.tolist() == [1, 2, 4, 1, 1] and c.factor.tolist() == [1.5, 1, 1, 1, 1]
    assert c.overflow.tolist() == [20, 40, 0, 20, 9] and c.reserve.tolist() == [0, 1, 0, 0, 0]
    assert c.at_once.tolist() == [1, 1, 3, 1, 1] and c.interruptible.tolist() == [0, 0, 0, 0, 1]
    assert c.slow_start.tolist() == [0, 1, 2, 4, 5, 6] and c.slowdown.tolist() == [1, 1, 1, 1.25, 1, 1]
    assert c.base.tolist() == [0, -3, 0, 0, 0] and c.weight.tolist() == [1, 2, 1, 1, 1]
    assert c.queue_start.tolist() == [0, 2, 4, 5] and c.queues.tolist() == [0, 1, 1, 2, 1]
    assert c.level.tolist() == [1, 2, 1, 1, 1] and c.place.tolist() == [0, 1, 2, 4, 3]
    assert c.over_start.tolist() == [0, 1, 3, 4] and c.over.tolist() == [20, 20, 40, 9]
    assert c.hands.tolist() == [0, 1, 0]


def test_a_rule_of_the_users_own_stands_in_for_the_one_that_is_named() -> None:
    made = scenario(DAYTIME, routing="longest_queue")
    assert centre_of(made).rule == 2
    own = centre_of(made, 4711)
    assert (own.rule, own.rule_address) == (5, 4711)
    assert not same(own, centre_of(made)) and same(own, centre_of(made, 4711))
