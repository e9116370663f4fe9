"""Staffing, shifts and rosters say how many agents are planned at every moment, and what is paid."""

# ruff: noqa: E501 (a table of mistakes reads best with one on a line)

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.model.centre import centre_of
from sim.scenario.load import from_source
from sim.scenario.schema import Scenario
from sim.scenario.source import parse

HOUR, DAY = 3600.0, 86400.0
DAYTIME = {"opens": "08:00", "closes": "20:00", "interval": "1 h"}
NIGHT = {"opens": "20:00", "closes": "06:00", "interval": "1 h"}
WEEK = {"days": 7, "starts": "Monday", "interval": "1 h"}
QUEUES = {"support": {"arrivals": {"rate": "30 / h"}, "talk": {"distribution": "constant", "value": "3 min"}}}
FULL = {
    "length": "8 h",
    "paid": "7.5 h",
    "breaks": [{"after": "4 h", "length": "30 min", "stagger": "15 min"}],
}


def scenario(when: Any, group: Any, types: Any = None, folder: Path = Path(), **more: Any) -> Scenario:
    groups = {name: {"skills": ["support"], **said} for name, said in group.items()}
    return Scenario(
        folder, **{**when, "queues": QUEUES, "agents": groups, "shift_types": types or {}, **more}
    )


def planned(made: Scenario, name: str = "front") -> dict[float, int]:
    """Hours from opening → agents from then on."""
    moments, counts = made.planned_steps(name)
    assert moments.dtype == np.float64 and counts.dtype == np.int64
    return dict(zip((moments / HOUR).tolist(), counts.tolist(), strict=True))


def shifts(when: Any, shift: Any, kind: Any = None, **more: Any) -> Scenario:
    return scenario(
        when, {"front": {"shifts": {"early": {"type": "full", **shift}}}}, {"full": kind or FULL}, **more
    )


def test_staffing_steps_where_it_changes_and_nowhere_else() -> None:
    made = scenario(DAYTIME, {"front": {"staffing": {"08:00": 3, "10:00": 5, "12:00": 5, "19:00": 0}}})
    assert planned(made) == {0: 3, 2: 5, 11: 0}
    assert made.planned_seconds("front").tolist() == made.paid_seconds("front").tolist()
    assert made.planned_seconds("front").tolist() == [3 * HOUR] * 2 + [5 * HOUR] * 9 + [0]
    assert made.planned_seconds("front", since=1.5 * HOUR).tolist() == [0, 1.5 * HOUR] + [5 * HOUR] * 9 + [0]


def test_the_agents_of_a_shift_take_their_breaks_one_stagger_after_another() -> None:
    kind = FULL | {"breaks": [{"after": "4 h", "length": "30 min", "stagger": "15 min", "within": "45 min"}]}
    made = shifts(DAYTIME, {"starts": "09:00", "agents": 8}, kind)
    # agents 0 3 6 at 13:00, 1 4 7 at 13:15, 2 5 at 13:30
    assert planned(made) == {0: 0, 1: 8, 5: 5, 5.25: 2, 5.5: 3, 5.75: 6, 6: 8, 9: 0}
    together = FULL | {"breaks": [{"after": "4 h", "length": "30 min"}]}
    assert planned(shifts(DAYTIME, {"starts": "09:00", "agents": 8}, together)) == {
        0: 0,
        1: 8,
        5: 0,
        5.5: 8,
        9: 0,
    }
    hour = shifts(DAYTIME, {"starts": "09:00", "agents": 5})  # within 1 h unless given: four turns
    assert planned(hour) == {0: 0, 1: 5, 5: 3, 5.25: 2, 5.5: 3, 6: 4, 6.25: 5, 9: 0}


def test_a_stagger_longer_than_within_leaves_one_turn() -> None:
    kind = FULL | {"breaks": [{"after": "4 h", "length": "30 min", "stagger": "2 h"}]}
    assert planned(shifts(DAYTIME, {"starts": "09:00", "agents": 2}, kind)) == {
        0: 0,
        1: 2,
        5: 0,
        5.5: 2,
        9: 0,
    }


def test_several_breaks_are_taken_by_the_same_agents_in_turn() -> None:
    breaks = [
        {"after": "1 h", "length": "15 min", "stagger": "15 min", "within": "30 min"},
        {"after": "3 h", "length": "1 h"},
    ]
    made = shifts(DAYTIME, {"starts": "08:00", "agents": 3}, {"length": "5 h", "breaks": breaks})
    assert planned(made) == {0: 3, 1: 1, 1.25: 2, 1.5: 3, 3: 0, 4: 3, 5: 0}
    assert made.paid_seconds("front").sum() == pytest.approx(3 * 3.75 * HOUR)


def test_shifts_are_paid_by_their_paid_time_spread_evenly_over_their_length() -> None:
    made = shifts(DAYTIME, {"starts": ["08:00", "11:30"], "agents": 2})
    paid = made.paid_seconds("front") / HOUR
    assert paid.sum() == pytest.approx(2 * 2 * 7.5)
    rate = 2 * 7.5 / 8
    assert paid.tolist() == pytest.approx(
        [rate] * 3 + [1.5 * rate] + [2 * rate] * 4 + [rate] * 3 + [rate / 2]
    )
    assert made.planned_seconds("front").sum() == pytest.approx(4 * 7.5 * HOUR)
    unpaid = shifts(
        DAYTIME, {"starts": "08:00", "agents": 2}, {key: FULL[key] for key in ("length", "breaks")}
    )
    assert unpaid.paid_seconds("front").sum() == pytest.approx(2 * 7.5 * HOUR)
    late = made.paid_seconds("front", since=1.5 * HOUR) / HOUR
    assert late[:3].tolist() == pytest.approx([0, rate / 2, rate])


def test_shifts_come_on_their_days_and_those_of_the_night_run_on_into_the_next() -> None:
    made = shifts(WEEK, {"starts": "22:00", "agents": 2, "days": "mon-tue"}, {"length": "8 h"})
    assert planned(made) == {0: 0, 22: 2, 30: 0, 46: 2, 54: 0}
    every = shifts(WEEK, {"starts": "22:00", "agents": 2}, {"length": "8 h"})
    assert planned(every)[0] == 2 and planned(every)[6] == 0 and planned(every)[166] == 2
    assert every.paid_seconds("front").sum() == pytest.approx(7 * 2 * 8 * HOUR)
    listed = shifts(WEEK, {"starts": ["mon 07:00", "wed 09:00"], "agents": 2}, {"length": "8 h"})
    assert planned(listed) == {0: 0, 7: 2, 15: 0, 57: 2, 65: 0}
    night = shifts(NIGHT, {"starts": "22:00", "agents": 2}, {"length": "8 h"})
    assert planned(night) == {0: 0, 2: 2}
    clock = shifts({"length": "24 h"}, {"starts": "22:00", "agents": 2}, {"length": "8 h"})
    assert planned(clock) == {0: 2, 6: 0, 22: 2}


def test_touching_shifts_make_no_step() -> None:
    made = shifts(WEEK, {"starts": ["00:00", "08:00", "16:00"], "agents": 2}, {"length": "8 h"})
    assert planned(made) == {0: 2}


def test_absence_makes_a_step_of_every_day() -> None:
    made = scenario(WEEK, {"front": {"staffing": 3, "absence": "4%"}, "back": {"staffing": 1}})
    steps = centre_of(made).steps
    assert steps.moments.tolist() == [day * DAY for day in range(7)]
    assert steps.staffing.tolist() == [[3] * 7, [1] * 7]
    assert centre_of(made.with_({"agents.front.absence": 0})).steps.moments.tolist() == [0]


def test_steps_of_all_groups_and_queues_are_merged() -> None:
    made = scenario(
        DAYTIME,
        {
            "front": {"staffing": {"08:00": 3, "10:00": 5}},
            "back": {"shifts": {"one": {"type": "full", "starts": "08:10", "agents": 1}}},
        },
        {"full": {"length": "3 h"}},
        lines=9,
    )
    steps = centre_of(made.with_({"queues.support.hours": "08:30-18:00"})).steps
    assert (steps.moments / 60).tolist() == [0, 10, 30, 120, 190, 600]
    assert steps.staffing.tolist() == [[3, 3, 3, 5, 5, 5], [0, 1, 1, 1, 0, 0]]
    assert steps.open.tolist() == [[0, 0, 1, 1, 1, 0]] and steps.lines.tolist() == [9] * 6
    assert steps.staffing.dtype == steps.open.dtype == steps.lines.dtype == np.int64


def test_an_event_scales_shifts_rounded_half_up_and_leaves_their_pay() -> None:
    event = {"at": "10:00", "for": "1 h", "agents": "50%"}
    made = shifts(DAYTIME, {"starts": "09:00", "agents": 5}, {"length": "8 h"}, events=[event])
    assert planned(made) == {0: 0, 1: 5, 2: 3, 3: 5, 9: 0}
    assert made.paid_seconds("front").sum() == pytest.approx(40 * HOUR)
    assert made.planned_seconds("front").sum() == pytest.approx(38 * HOUR)


@pytest.mark.parametrize(
    ("when", "shift", "kind", "said"),
    [
        (DAYTIME, {"starts": "07:00"}, None, "agents.front.shifts.early.starts: a shift of 8 h at 07:00 is outside the horizon, 08:00 to 20:00"),
        (DAYTIME, {"starts": "13:00"}, None, "early.starts: a shift of 8 h at 13:00 ends outside the horizon, 08:00 to 20:00"),
        (DAYTIME, {"starts": "21:00"}, None, "early.starts: a shift of 8 h at 21:00 is outside the horizon"),
        (WEEK | {"days": 2}, {"starts": "thu 09:00"}, None, "a shift of 8 h at thu 09:00 is outside the horizon, 48 h from mon 00:00"),
        (DAYTIME, {"starts": "mon 09:00"}, None, "at mon 09:00 names a weekday, and the scenario does not say on which one"),
        (DAYTIME, {"starts": ["09:00", "09:00"]}, None, "early.starts: 09:00 stands here twice; raise agents instead"),
        (WEEK, {"starts": ["09:00", "mon 09:00"]}, None, "early.starts: 09:00 stands here twice; raise agents instead"),
        (DAYTIME, {"starts": []}, None, 'early.starts: is empty; write at least one time, as in "08:00"'),
        (DAYTIME, {"starts": "09:00", "type": "ful"}, None, 'early.type: there is no shift type "ful" (did you mean "full"?); those under shift_types are full'),
        (DAYTIME, {"starts": "09:00", "agents": -1}, None, "early.agents: -1 must not be negative"),
        (WEEK, {"starts": "mon 09:00", "days": "mon-fri"}, None, "early.days: starts names weekdays already; leave days out"),
        (WEEK, {"starts": "09:00", "days": "mo"}, None, 'early.days: "mo" is not a weekday'),
        (DAYTIME, {}, None, "agents.front.shifts.early.starts: is missing"),
        (DAYTIME, {"starts": "09:00"}, {"length": "25 h"}, "shift_types.full.length: 25 h is no length of a shift; give more than 0 s and at most 24 h"),
        (DAYTIME, {"starts": "09:00"}, {"length": "0 h"}, "shift_types.full.length: 0 s is no length of a shift"),
        (DAYTIME, {"starts": "09:00"}, {"length": "8 h", "paid": "9 h"}, "shift_types.full.paid: 9 h are more than the shift has; write at most 8 h"),
        (DAYTIME, {"starts": "09:00"}, {"lenght": "8 h"}, 'shift_types.full.lenght: unknown key (did you mean "length"?)'),
        (DAYTIME, {"starts": "09:00"}, {"length": "1 h", "breaks": [{"after": "50 min", "length": "15 min"}]}, "shift_types.full.breaks, item 1: the last break ends 1 h 5 min after the start of a shift of 1 h; have it earlier"),
        (DAYTIME, {"starts": "09:00"}, {"length": "2 h", "breaks": [{"after": "1 h", "length": "30 min", "stagger": "15 min"}]}, "the last break ends 2 h 15 min after the start"),
        (DAYTIME, {"starts": "09:00"}, {"length": "8 h", "breaks": [{"after": "1 h", "length": "1 h"}, {"after": "90 min", "length": "1 h"}]}, "shift_types.full.breaks, item 2: overlaps another break of the same agent"),
        (DAYTIME, {"starts": "09:00"}, {"length": "8 h", "breaks": {"after": "1 h", "length": "1 h"}}, "is not a list; write it as one"),
    ],
)  # fmt: skip
def test_a_shift_that_cannot_be_is_refused(when: Any, shift: Any, kind: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        shifts(when, {"agents": 3, **shift} if shift else {"agents": 3}, kind)
    assert said in str(caught.value)


def test_exactly_one_of_staffing_shifts_and_roster_says_who_is_there() -> None:
    with pytest.raises(
        InputError, match=r"agents.front.staffing: is missing; give staffing, or shifts, or a roster"
    ):
        scenario(DAYTIME, {"front": {}})
    with pytest.raises(InputError, match=r"agents.front.shifts: stands beside staffing; give exactly one of"):
        scenario(DAYTIME, {"front": {"staffing": 3, "shifts": {}}})
    with pytest.raises(
        InputError, match=r"agents.front.absence: .* leaves nobody at work: give less than 100%"
    ):
        scenario(DAYTIME, {"front": {"staffing": 3, "absence": "100%"}})
    with pytest.raises(InputError, match=r"agents: no agents anywhere"):
        scenario(DAYTIME, {"front": {"shifts": {}}})
    with pytest.raises(
        InputError, match=r'front.shifts: "a.b" cannot be the name of a shift: names are text without'
    ):
        scenario(DAYTIME, {"front": {"shifts": {"a.b": {"type": "full", "starts": "08:00", "agents": 1}}}})


# Rosters

HEAD = "agent,group,start,end,break start,break end,day\n"


def roster(tmp_path: Path, when: Any, rows: str, *groups: str, head: str = HEAD) -> Scenario:
    (tmp_path / "r.csv").write_text(head + rows, encoding="utf-8")
    members = {name: {"roster": {"file": "r.csv"}} for name in groups or ("front",)}
    return scenario(when, {"back": {"staffing": 1}} | members, folder=tmp_path)


def test_a_roster_plans_each_shift_of_its_group_with_its_breaks(tmp_path: Path) -> None:
    rows = "Ann,front,08:00,16:00,12:00,12:30,\nBob,front,09:10,11:00,,,\nCy,back,07:00,23:00,,,\n"
    made = roster(tmp_path, DAYTIME, rows)
    assert planned(made) == {0: 1, 7 / 6: 2, 3: 1, 4: 0, 4.5: 1, 8: 0}
    paid = made.paid_seconds("front") / HOUR
    assert paid.sum() == pytest.approx(7.5 + 11 / 6) and paid[0] == pytest.approx(7.5 / 8)
    again = Scenario(**made.written_out)
    assert again == made and again.sha256 == made.sha256


def test_a_roster_follows_its_days_over_midnight_and_over_the_week(tmp_path: Path) -> None:
    made = roster(tmp_path, WEEK, "Ann,front,08:00,16:00,,,tue\nBob,front,22:00,06:00,01:00,02:00,3\n")
    assert planned(made) == {0: 0, 32: 1, 40: 0, 70: 1, 73: 0, 74: 1, 78: 0}
    every = roster(tmp_path, WEEK, "Ann,front,08:00,16:00\n", head="agent,group,start,end\n")
    assert planned(every) == {0: 0} | {24 * d + h: n for d in range(7) for h, n in ((8, 1), (16, 0))}
    night = roster(tmp_path, NIGHT, "Ann,front,22:00,06:00,01:00,01:30,\nBob,front,01:00,05:00,,,2\n")
    assert planned(night) == {0: 0, 2: 1, 5.5: 2, 9: 1}  # at 01:00 Ann has her break and Bob comes
    sunday = roster(tmp_path, WEEK, "Ann,front,22:00,06:00,,,sun\n")
    assert planned(sunday) == {0: 1, 6: 0, 166: 1}


def test_one_row_of_a_roster_may_be_of_several_days_or_of_every_day(tmp_path: Path) -> None:
    week = planned(roster(tmp_path, WEEK, "Ann,front,08:00,16:00,,,mon-fri\n"))
    assert week == {0: 0} | {24 * d + h: n for d in range(5) for h, n in ((8, 1), (16, 0))}
    some = planned(roster(tmp_path, WEEK, 'Ann,front,08:00,16:00,,,"sat, mon"\n'))
    assert some == {0: 0, 8: 1, 16: 0, 128: 1, 136: 0}
    blank = roster(tmp_path, WEEK, "Ann,front,08:00,16:00,,,\n")
    assert roster(tmp_path, WEEK, "Ann,front,08:00,16:00,,,Every day\n") == blank
    twice = "Ann,front,08:00,16:00,,,mon-fri\nAnn,front,15:00,18:00,,,wed\n"
    with pytest.raises(InputError, match=r'row 3: "Ann" works already then, by r.csv, row 2'):
        roster(tmp_path, WEEK, twice)
    rows = [{"agent": "Ann", "day": day, "start": "08:00", "end": "16:00"} for day in ("mon-thu", "fri")]
    assert planned(scenario(WEEK, {"front": {"roster": {"rows": rows}}})) == week
    rows[0]["day"] = "mon-fry"
    said = (
        r'agents.front.roster.rows, item 1, day: "fry" is not a weekday.*"every day", or the number of a day'
    )
    with pytest.raises(InputError, match=said):
        scenario(WEEK, {"front": {"roster": {"rows": rows}}})


def test_two_groups_may_share_a_file_and_an_agent_may_change_group(tmp_path: Path) -> None:
    made = roster(tmp_path, DAYTIME, "Ann,a,08:00,12:00,,,\nAnn,b,12:00,16:00,,,\n", "a", "b")
    assert planned(made, "a") == {0: 1, 4: 0} and planned(made, "b") == {0: 0, 4: 1, 8: 0}


def test_a_plan_may_give_one_of_two_groups_another_version_of_the_roster(tmp_path: Path) -> None:
    rows = "Ann,a,08:00,12:00,,,\nBob,b,08:00,16:00,,,\n"
    for file, more in (("old.csv", ""), ("new.csv", "Cy,a,10:00,14:00,,,\n")):
        (tmp_path / file).write_text(HEAD + rows + more, encoding="utf-8")
    both = {name: {"roster": {"file": "old.csv"}} for name in "ab"}
    made = scenario(DAYTIME, both, folder=tmp_path).with_({"agents.a.roster": {"file": "new.csv"}})
    assert planned(made, "a") == {0: 1, 2: 2, 4: 1, 6: 0} and planned(made, "b") == {0: 1, 8: 0}


def test_a_roster_may_stand_in_the_scenario_itself() -> None:
    rows = [{"agent": "Ann", "start": "08:00", "end": "12:00", "breaks": ["09:00-09:30"]}]
    made = scenario(DAYTIME, {"front": {"roster": {"rows": rows}}})
    assert planned(made) == {0: 1, 1: 0, 1.5: 1, 4: 0}
    twice = [*rows, {"agent": "Ann", "start": "11:00", "end": "13:00"}]
    with pytest.raises(
        InputError,
        match=r'agents.front.roster.rows, item 2: "Ann" works already then, by agents.front.roster.rows, item 1; ',
    ):
        scenario(DAYTIME, {"front": {"roster": {"rows": twice}}})


def test_the_hash_follows_the_rows_of_a_roster_file(tmp_path: Path) -> None:
    before = roster(tmp_path, DAYTIME, "Ann,front,08:00,16:00,,,\n").sha256
    assert roster(tmp_path, DAYTIME, "Ann,front,08:00,15:00,,,\n").sha256 != before


@pytest.mark.parametrize(
    ("when", "rows", "said"),
    [
        (DAYTIME, "Ann,front,08:00,12:00,,,\nAnn,front,11:00,13:00,,,\n", 'r.csv, row 3: "Ann" works already then, by r.csv, row 2; let the shifts of one agent follow each other'),
        (DAYTIME, "Ann,front,08:00,12:00,,,\nAnn,back,11:00,13:00,,,\n", 'r.csv, row 3: "Ann" works already then, by r.csv, row 2'),
        (DAYTIME, "Ann,front,08:00,12:00,,,\nAnn,back,06:00,09:00,,,\n", 'r.csv, row 2: "Ann" works already then, by r.csv, row 3'),
        (WEEK, "Ann,front,22:00,06:00,,,mon\nAnn,front,05:00,09:00,,,tue\n", 'row 3: "Ann" works already then, by r.csv, row 2'),
        (WEEK, "Ann,front,08:00,16:00,,,\nAnn,front,15:00,18:00,,,4\n", 'row 3: "Ann" works already then, by r.csv, row 2'),
        (DAYTIME, "Ann,front,07:00,12:00,,,\n", "r.csv, row 2: the shift 07:00-12:00 is outside the horizon, 08:00 to 20:00; have it begin within, or leave it out"),
        (DAYTIME, "Ann,front,12:00,21:00,,,\n", "r.csv, row 2: the shift 12:00-21:00 ends outside the horizon, 08:00 to 20:00; have it end by then"),
        (DAYTIME, "Ann,front,12:00,16:00,,,2\n", "r.csv, row 2: the shift 12:00-16:00 of day 2 is outside the horizon"),
        (WEEK, "Ann,front,12:00,16:00,,,8\n", "r.csv, row 2: the shift 12:00-16:00 of day 8 is outside the horizon, 168 h from mon 00:00"),
        (WEEK | {"days": 5}, "Ann,front,12:00,16:00,,,sat\n", "r.csv, row 2: the shift 12:00-16:00 of sat is outside the horizon, 120 h"),
        (DAYTIME, "Ann,front,12:00,16:00,,,tue\n", "r.csv, row 2: the shift 12:00-16:00 of tue names a weekday, and the scenario does not say on which one it begins"),
        (DAYTIME, "Ann,front,12:00,16:00,16:00,16:30,\n", "r.csv, row 2: the break 16:00-16:30 is outside the shift 12:00-16:00; write one within it"),
        (DAYTIME, "Ann,front,12:00,16:00,11:30,12:30,\n", "r.csv, row 2: the break 11:30-12:30 is outside the shift 12:00-16:00"),
        (DAYTIME, "Ann,frnt,12:00,16:00,,,\n", 'r.csv, row 2: there is no group "frnt" (did you mean "front"?)'),
        (DAYTIME, "Ann,front,12:00,16:00,,,\nBob,nobody,12:00,16:00,,,\n", 'r.csv, row 3: there is no group "nobody"; the groups'),
        (DAYTIME, "Ann,back,12:00,16:00,,,\n", 'r.csv has no row of the group "front"; add some'),
        (DAYTIME, "Ann,front,12:00,,,,\n", 'r.csv, row 2, column "end": the time is blank'),
    ],
)  # fmt: skip
def test_a_roster_that_cannot_be_is_refused_with_file_and_row(
    tmp_path: Path, when: Any, rows: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        roster(tmp_path, when, rows)
    assert str(caught.value).startswith("agents.front.roster: r.csv") and said in str(caught.value)


def test_breaks_of_one_row_may_not_overlap(tmp_path: Path) -> None:
    head = "agent,group,start,end,break start,break end,break start 2,break end 2\n"
    rows = "Ann,front,08:00,16:00,10:00,10:30,10:15,11:00\n"
    with pytest.raises(
        InputError,
        match=r"row 2: the break 10:15-11:00 overlaps another in the shift 08:00-16:00; let one follow",
    ):
        roster(tmp_path, DAYTIME, rows, head=head)


def test_a_mistake_in_a_roster_has_the_line_of_its_key(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("agent,group,start\n", encoding="utf-8")
    text = """\
opens: 08:00
closes: 10:00
queues:
  support:
    arrivals: {rate: 1 / min}
    talk: {distribution: constant, value: 1 min}
agents:
  front:
    roster: {file: r.csv}
    skills: [support]
"""
    with pytest.raises(InputError, match=r'^s.yaml, line 9: agents.front.roster: r.csv has no column "end"'):
        from_source(parse(text, "s.yaml", tmp_path))
