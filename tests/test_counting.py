"""What chains of contacts, classes, lines over closing hours and open-hours promises count as, worked by hand."""

import json
import math
from typing import Any

import numpy as np
import pytest

from sim.experiments.replicate import Totals
from sim.measures.estimate import Sample, of_ratio
from sim.measures.metrics import (
    QUEUE_METRICS,
    TOTALS,
    agent_figures,
    blank_sheet,
    cells_of,
    enter_records,
    queue_figures,
    rules_of,
    waits_of,
)
from sim.model.centre import IVR_WAIT, centre_of
from sim.model.chance import IVR_TIME, LEAVE, VALUE, stream_key, u
from sim.model.day import duration
from sim.model.records import AGENT_TIME, MOMENTS, WHOLE, Outcome, Records
from sim.reports.results import Comparison, Result
from sim.reports.tables import run_table
from sim.scenario.schema import Scenario

HOUR = 3600.0
QUEUE: dict[str, Any] = {
    "arrivals": {"per_interval": 1},
    "talk": {"distribution": "constant", "value": "60 s"},
}
WORDS = {outcome.name.lower(): int(outcome) for outcome in Outcome}
SEED, REPLICATION = 7, 3
COUNTED = (*TOTALS, "customer_contacts", "resolved", "resolved_at_once")


def scenario(queues: dict[str, Any], **changes: Any) -> Scenario:
    """Two queues that one group serves, a day from 08:00 to 18:00 in intervals of an hour, unless changed."""
    return Scenario(
        **{
            "opens": "08:00", "closes": "18:00", "interval": "1 h",
            "queues": {name: QUEUE | own for name, own in queues.items()},
            "agents": {"front": {"staffing": 2, "skills": list(queues)}},
        }
        | changes
    )  # fmt: skip


def contact(
    outcome: str, arrived: float, wait: float | None = None, talk: float = 60.0, **more: Any
) -> dict[str, Any]:
    """One row: joined as it arrived if it has a wait, and all that follows for those who are answered."""
    row: dict[str, Any] = dict.fromkeys(WHOLE, 0) | dict.fromkeys(MOMENTS, math.nan)
    row |= {"outcome": WORDS[outcome], "arrived": arrived, "group": -1}
    if wait is not None:
        row |= {"joined": arrived, "wait": wait}
    if outcome == "answered":
        assert wait is not None
        answered = arrived + wait
        row |= {"group": 0, "answered": answered, "talk_end": answered + talk, "released": answered + talk}
    return row | more


def sheet_of(made: Scenario, rows: list[dict[str, Any]], by_interval: bool = True) -> Any:
    columns = {name: np.array([row[name] for row in rows], dtype=np.int64) for name in WHOLE}
    columns |= {name: np.array([row[name] for row in rows], dtype=float) for name in MOMENTS}
    hours = np.zeros((len(made.agents), made.grid.count))
    records = Records(**columns, **dict.fromkeys(AGENT_TIME, hours))
    centre, rules = centre_of(made), rules_of(made)
    sheet = blank_sheet(1, centre, by_interval, rules)
    enter_records(records, centre, rules, SEED, REPLICATION, 0, sheet)
    return sheet


def totals(made: Scenario, rows: list[dict[str, Any]]) -> list[dict[str, float]]:
    """By cell: total, or what is worked out of them → number, those that are not zero."""
    figures = queue_figures(sheet_of(made, rows).contacts, made, np.float64(made.grid.horizon))
    return [
        {name: float(figures[name][0, cell]) for name in COUNTED if abs(figures[name][0, cell]) > 0}
        for cell in range(len(cells_of(made)))
    ]


def picked(found: dict[str, float], *names: str) -> list[float]:
    return [found.get(name, 0.0) for name in names]


def value(made: Scenario, rows: list[dict[str, Any]], cell: int, metric: str) -> float:
    """A ratio metric of one cell over the one replication."""
    figures = queue_figures(sheet_of(made, rows).contacts, made, np.float64(made.grid.horizon))
    wanted = QUEUE_METRICS[metric]
    sample: Sample = of_ratio(figures[wanted.top][:, cell], figures[wanted.bottom][:, cell])
    return sample.value


# Chains

AFTER = {"distribution": "constant", "value": "1 h"}
DESKS = {
    "support": {
        "transfer": {"to": "billing", "share": "10%"},
        "redial": {"share": "20%", "after": AFTER},
        "switch": {"to": "billing", "share": "10%"},
    },
    "billing": {"repeat": {"share": "10%", "after": AFTER}},
}


def test_a_chain_of_contacts_is_counted_where_each_step_begins_and_its_customer_at_home() -> None:
    rows = [
        contact("abandoned", 0, 30),  # redials
        contact("balked", 100, 0, attempt=1),  # switches
        contact("abandoned", 200, 10, attempt=2, queue=1),  # comes back to the first queue: another switch
        contact("answered", 300, 20, attempt=3),  # transferred at 380
        contact("answered", 380, 40, need=1, queue=1, talk=80),  # comes again
        contact("answered", 5000, 0, need=2, queue=1, talk=100),
        contact("answered", 60, 5, customer=1, talk=15),
    ]
    support, billing = totals(scenario(DESKS), rows)
    steps = ("redials", "switches", "transfers", "repeats")
    assert picked(support, *steps) == [1, 1, 1, 0]
    assert picked(billing, *steps) == [0, 1, 0, 1]
    names = ("customers", "customer_contacts", "customer_transfers", "resolved_at_once", "resolved")
    assert picked(support, *names) == [2, 7, 1, 1, 2]
    assert picked(billing, *names) == [0] * 5
    assert support["customer_wait"] == 30 + 0 + 10 + 20 + 40 + 0 + 5
    assert support["time_to_resolution"] == 5100 + (80 - 60)


def test_a_second_need_at_talk_end_is_a_repeat_where_nobody_is_transferred() -> None:
    rows = [contact("answered", 0, 0, queue=1, home=1), contact("answered", 60, 0, queue=1, home=1, need=1)]
    _, billing = totals(scenario(DESKS), rows)
    assert picked(billing, "transfers", "repeats", "customer_transfers") == [0, 1, 0]


@pytest.mark.parametrize(
    ("outcome", "unserved", "resolved"),
    [
        ("answered", 0, 1), ("abandoned", 1, 0), ("balked", 1, 0), ("blocked", 1, 0), ("closed", 1, 0),
        ("self_served", 0, 1), ("ivr_hang_up", 1, 0), ("callback_failed", 1, 0), ("unanswered", 1, 0),
        ("pending", 0, 0),
    ],
)  # fmt: skip
def test_how_the_last_contact_ended_says_whether_a_customer_was_served(
    outcome: str, unserved: int, resolved: int
) -> None:
    desks = {
        "support": DESKS["support"] | {"ivr": {"time": {"distribution": "constant", "value": "30 s"}}},
        "billing": {},
    }
    alone = totals(scenario(desks), [contact(outcome, 10, 20 if outcome == "answered" else None)])[0]
    assert picked(alone, "unserved_customers", "resolved", "resolved_at_once") == [
        unserved,
        resolved,
        resolved,
    ]
    after = [
        contact("answered", 10, 20),
        contact(outcome, 90, 5 if outcome == "answered" else None, need=1, queue=1),
    ]
    passed_on = totals(scenario(DESKS), after)[0]
    if outcome != "self_served":
        assert picked(passed_on, "unserved_customers", "resolved", "resolved_at_once") == [
            unserved,
            resolved,
            0,
        ]


def test_who_gave_up_and_was_served_later_is_resolved_but_not_at_once() -> None:
    rows = [contact("abandoned", 0, 30), contact("answered", 100, 20, attempt=1)]
    found = totals(scenario(DESKS), rows)[0]
    assert picked(found, "unserved_customers", "resolved", "resolved_at_once") == [0, 1, 0]
    assert value(scenario(DESKS), rows, 0, "first_contact_resolution") == 0.0
    assert value(scenario(DESKS), rows, 0, "contacts_per_customer") == 2.0
    assert value(scenario(DESKS), rows, 0, "customer_wait") == 50.0
    assert value(scenario(DESKS), rows, 0, "time_to_resolution") == 180.0


def test_a_customer_whom_the_ivr_serves_is_served_when_it_has_ended() -> None:
    means = ["10 s"] * 5 + ["1000 s"] * 5
    made = scenario(
        {
            "support": DESKS["support"] | {"ivr": {"time": {"distribution": "exponential", "mean": means}}},
            "billing": {},
        }
    )
    rows = [
        contact("closed", 4 * HOUR + 3599, customer=5),
        contact("self_served", 6 * HOUR, customer=5, attempt=1),
    ]
    centre = centre_of(made)
    uniform = u(SEED, stream_key("queue support"), REPLICATION, 5, 0, 1, IVR_TIME)
    expected = rows[1]["arrived"] + duration(centre.delays, IVR_WAIT, 0, 4, uniform) - rows[0]["arrived"]
    assert totals(made, rows)[0]["time_to_resolution"] == pytest.approx(expected, rel=1e-12)


def test_never_answered_are_offered_contacts_that_no_agent_ever_spoke_to() -> None:
    rows = [
        contact("answered", 0, 5), contact("abandoned", 1, 5, customer=1), contact("blocked", 2, customer=2),
        contact("closed", 3, customer=3), contact("ivr_hang_up", 4, customer=4),
    ]  # fmt: skip
    made = scenario(DESKS)
    assert value(made, rows, 0, "never_answered_share") == pytest.approx(2 / 3)
    assert totals(made, rows)[0]["ivr_hang_ups"] == 1


def test_mail_of_closed_hours_whose_promise_has_not_run_out_at_the_end_is_on_neither_side() -> None:
    level = {"service_level": {"within": "2 h", "clock": "open_hours"}}
    made = scenario({"mail": MAIL["mail"] | level}, **WEEK)
    rows = [
        contact("pending", AGAIN + HOUR, HOUR),  # after the last closing: nobody could have answered it
        contact("pending", AGAIN - HOUR, 3 * HOUR, customer=1),  # an hour of the two was left for it
        contact("pending", 9 * HOUR, 10 * HOUR, customer=2),
    ]
    found = totals(made, rows)[0]
    assert picked(found, "within_target", "counted_for_target", "pending") == [0, 2, 3]
    short = {"service_level": {"within": "20 min"}}
    late = totals(scenario({"mail": MAIL["mail"] | short}, **WEEK), rows[:1])[0]
    assert late["counted_for_target"] == 1  # whose time has passed


# Contacts that wait at opening


def test_a_backlog_counts_in_the_first_interval_and_stands_in_line_from_opening_on() -> None:
    made = scenario({"email": {"at_close": "carry"}})
    sheet = sheet_of(made, [contact("answered", -7200, 7200 + 600)])
    found = dict(zip(TOTALS, sheet.contacts_by_interval[0, 0, 0].tolist(), strict=True))
    assert (found["offered"], found["answered"], found["customers"]) == (1, 1, 1)
    assert (found["line_seconds"], found["wait"], found["left_at_opening"]) == (600, 7800, 1)


def test_a_backlog_is_not_counted_under_a_warm_up() -> None:
    made = scenario({"email": {"at_close": "carry"}}, warm_up="1 h")
    found = totals(made, [contact("answered", -7200, 7200 + 4000)])[0]
    assert found == {"line_seconds": 400.0}


# Lines over closing hours

WEEK = {"opens": "00:00", "closes": None, "days": 2, "starts": "monday"}
MAIL = {"mail": {"hours": "08:00-18:00", "at_close": "carry"}}
CLOSES, OPENS, AGAIN = 18 * HOUR, 32 * HOUR, 42 * HOUR


def left(made: Scenario, rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Contacts on the line at closings, and at openings, in all."""
    found = totals(made, rows)[0]
    return found.get("left_at_closing", 0.0), found.get("left_at_opening", 0.0)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (contact("answered", CLOSES - 10, 9), (0, 0)),
        (contact("answered", CLOSES - 10, 10), (0, 0)),  # gone at the very closing
        (contact("answered", CLOSES - 10, 14 * HOUR + 10), (1, 1)),  # the first thing in the morning
        (contact("answered", CLOSES - 10, 15 * HOUR), (1, 1)),
        (contact("abandoned", CLOSES - 10, HOUR), (1, 0)),
        (contact("abandoned", CLOSES, HOUR), (0, 0)),
        (contact("pending", CLOSES - 10, 30 * HOUR + 10), (2, 1)),  # nobody ever got to it
        (contact("answered", -HOUR, 9 * HOUR), (0, 1)),
        (contact("balked", CLOSES - 10, 0), (0, 0)),
        (contact("closed", CLOSES + 10), (0, 0)),
    ],
)
def test_a_contact_is_left_over_where_it_stands_just_after_a_closing_or_before_an_opening(
    row: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert left(scenario(MAIL, **WEEK), [row]) == expected


def test_who_is_cut_off_at_a_closing_is_not_left_over_whatever_the_rounding() -> None:
    made = scenario({"mail": MAIL["mail"] | {"at_close": "drop"}}, **WEEK)
    for k in range(300):
        joined = CLOSES - 0.1 * (k + 1) / 3
        assert left(made, [contact("unanswered", joined, CLOSES - joined)]) == (0, 0)


def test_who_accepts_a_callback_has_left_the_line() -> None:
    row = contact("pending", CLOSES - 10, 5, callback_requested=CLOSES - 5)
    callback = {"offer": "always", "accept": "50%"}
    assert left(scenario({"mail": MAIL["mail"] | {"callback": callback}}, **WEEK), [row]) == (0, 0)


def test_backlogs_are_means_over_closings_and_openings_after_the_warm_up() -> None:
    rows = [
        contact("pending", CLOSES - 10, 30 * HOUR + 10),
        contact("answered", CLOSES - 9, 20 * HOUR, customer=1),
    ]
    made = scenario(MAIL, **WEEK)
    assert value(made, rows, 0, "backlog_at_closing") == 1.5  # two, then one
    assert value(made, rows, 0, "backlog_at_opening") == 1.0  # none, then two
    late = scenario(MAIL, **WEEK, warm_up="19 h")
    assert value(late, rows, 0, "backlog_at_closing") == 1.0
    assert value(late, rows, 0, "backlog_at_opening") == 2.0
    by_interval = queue_figures(sheet_of(made, rows).contacts_by_interval, made, np.ones(made.grid.count))
    assert np.flatnonzero(by_interval["closings"][0, 0]).tolist() == [18, 42]
    assert by_interval["left_at_closing"][0, 0, [18, 42]].tolist() == [2, 1]
    assert by_interval["left_at_opening"][0, 0, [8, 32]].tolist() == [0, 2]


def test_a_plain_day_has_no_backlogs() -> None:
    assert math.isnan(value(scenario(DESKS), [contact("answered", 9.9 * HOUR, 900)], 0, "backlog_at_closing"))


# Promises in open hours


@pytest.mark.parametrize(
    ("joined", "answered", "in_time"),
    [
        (CLOSES - HOUR, CLOSES - HOUR + 10, True),
        (CLOSES - HOUR, OPENS + HOUR, True),  # two open hours later, to the second
        (CLOSES - HOUR, OPENS + HOUR + 1, False),
        (6 * HOUR, 10 * HOUR, True),  # joined before opening
        (6 * HOUR, 10 * HOUR + 1, False),
        (-5 * HOUR, 10 * HOUR, True),  # was there already
        (20 * HOUR, OPENS + 2 * HOUR, True),
        (AGAIN - HOUR, AGAIN + 9 * HOUR, True),  # after the last closing no open hours pass
    ],
)
def test_a_promise_in_open_hours_stands_still_while_the_queue_is_closed(
    joined: float, answered: float, in_time: bool
) -> None:
    level = {"service_level": {"within": "2 h", "clock": "open_hours"}}
    row = contact("answered", joined, answered - joined, answered=answered)
    found = totals(scenario({"mail": MAIL["mail"] | level}, **WEEK), [row])[0]
    assert picked(found, "within_target", "counted_for_target") == [in_time, 1]


def test_who_hangs_up_overnight_can_still_be_early_in_open_hours() -> None:
    level = {"within": "2 h", "clock": "open_hours", "definition": "early_abandons_excluded"}
    rows = [
        contact("abandoned", CLOSES - HOUR, 14 * HOUR), contact("abandoned", CLOSES - HOUR, 17 * HOUR, customer=1),
        contact("balked", 9 * HOUR, 0, customer=2),
    ]  # fmt: skip
    found = totals(scenario({"mail": MAIL["mail"] | {"service_level": level}}, **WEEK), rows)[0]
    assert found["counted_for_target"] == 1


# Classes

CLASSES = {
    "support": {
        "customer_value": 10, "transfer": {"to": "billing", "share": "100%"},
        "tells": {"share": "50%", "people": 2, "put_off": "10%"},
        "classes": {"vip": {"share": "10%", "customer_value": 900}, "new": {"share": "20%", "leaves": {"unserved": 0}}},
    },
    "billing": {"classes": {"vip": {"share": "5%"}}},
    "chat": {},
}  # fmt: skip
VIP, NEW = 1, 2


def test_cells_are_the_queues_then_each_class_and_the_others() -> None:
    cells = [(cell.queue, cell.name) for cell in cells_of(scenario(CLASSES))]
    assert cells == [
        (0, ""), (1, ""), (2, ""), (0, "vip"), (0, "new"), (0, "others"), (1, "vip"), (1, "others"),
    ]  # fmt: skip


def test_contacts_count_in_the_class_their_queue_defines_and_customers_in_that_of_their_home() -> None:
    rows = [
        contact("answered", 0, 10, class_id=VIP), contact("answered", 70, 20, class_id=VIP, need=1, queue=1),
        contact("answered", 0, 1, class_id=NEW, customer=1),
        contact("abandoned", 61, 4, class_id=NEW, customer=1, need=1, queue=1),
        contact("answered", 5, 0, customer=2), contact("answered", 0, 3, home=2, queue=2),
    ]  # fmt: skip
    found = totals(scenario(CLASSES), rows)
    assert [cell.get("offered", 0) for cell in found] == [3, 2, 1, 1, 1, 1, 1, 1]
    assert [cell.get("wait", 0) for cell in found] == [11, 24, 3, 10, 1, 0, 20, 4]
    assert [cell.get("customers", 0) for cell in found] == [3, 0, 1, 1, 1, 1, 0, 0]
    assert [cell.get("transfers", 0) for cell in found] == [2, 0, 0, 1, 1, 0, 0, 0]
    assert [cell.get("customer_contacts", 0) for cell in found] == [5, 0, 1, 2, 2, 1, 0, 0]
    assert [cell.get("unserved_customers", 0) for cell in found] == [1, 0, 0, 0, 1, 0, 0, 0]


def test_the_line_and_the_waits_are_counted_by_class_too() -> None:
    rows = [contact("answered", 0, 10, class_id=VIP), contact("answered", 0, 30, customer=1)]
    sheet = sheet_of(scenario(CLASSES), rows, by_interval=False)
    line = sheet.contacts[0, :, TOTALS.index("line_seconds")]
    assert line.tolist() == [40, 0, 0, 10, 0, 30, 0, 0]
    counted = sheet.bins.sum(axis=1)
    assert counted.tolist() == [2, 0, 0, 1, 0, 1, 0, 0] and waits_of(sheet).counts.sum() == 4


def test_a_class_has_its_own_value_and_its_own_leave() -> None:
    rows = [
        contact("abandoned", 0, 10, class_id=VIP), contact("abandoned", 0, 10, class_id=NEW, customer=1),
        contact("abandoned", 0, 10, customer=2),
    ]  # fmt: skip
    found = totals(scenario(CLASSES), rows)
    assert [cell.get("lost_customers", 0) for cell in found] == [2, 0, 0, 1, 0, 1, 0, 0]
    assert [cell.get("lost_value", 0) for cell in found] == [910, 0, 0, 900, 0, 10, 0, 0]
    assert found[0]["deterred_value"] == pytest.approx(91)


def test_without_classes_a_class_number_means_nothing() -> None:
    assert len(totals(scenario({"chat": {}}), [contact("answered", 0, 3, class_id=4)])) == 1


def test_a_customers_worth_may_be_drawn_by_its_own_number() -> None:
    made = scenario(
        {
            "support": {
                "customer_value": {"distribution": "exponential", "mean": 100},
                "leaves": {"unserved": "50%"},
            }
        }
    )
    rows = [contact("abandoned", k, 1, customer=k) for k in range(40)]
    stream, expected, lost = stream_key("queue support"), 0.0, 0
    for customer in range(40):
        if u(SEED, stream, REPLICATION, customer, 0, 0, LEAVE) < 0.5:
            lost += 1
            expected += -100 * math.log1p(-u(SEED, stream, REPLICATION, customer, 0, 0, VALUE))
    found = totals(made, rows)[0]
    assert found["lost_customers"] == lost and found["lost_value"] == pytest.approx(expected, rel=1e-9)


# From totals to a result


def result_of(made: Scenario, days: list[list[dict[str, Any]]], plan: str = "today") -> Result:
    """A result of so many replications, each with these contacts."""
    sheets = [sheet_of(made, rows) for rows in days]

    def stacked(name: str) -> np.ndarray:
        return np.concatenate([getattr(sheet, name) for sheet in sheets])

    sums = {name: sum(getattr(s, name) for s in sheets) for name in ("interval_sums", "agent_sums")}
    by_replication = ("contacts", "agents", "contacts_by_interval", "agents_by_interval")
    waits = [waits_of(sheet) for sheet in sheets]
    return Result(
        made, plan, SEED, len(days), Totals(**sums, **{n: stacked(n) for n in by_replication}, waits=waits)
    )


def two_days(vip_wait: float) -> list[list[dict[str, Any]]]:
    return [
        [
            contact("answered", 0, vip_wait, class_id=VIP),
            contact("answered", 0, 30 + k, customer=1),
            contact("answered", 0, 600, home=1, queue=1),
        ]
        for k in (0, 10)
    ]


def test_every_metric_is_there_by_class_and_all_adds_up_queues_alone() -> None:
    result = result_of(scenario(CLASSES), two_days(10))
    document = result.to_dict()
    assert {queue: list(members) for queue, members in document["classes"].items()} == {
        "support": ["vip", "new", "others"], "billing": ["vip", "others"],
    }  # fmt: skip
    assert list(document["classes"]["support"]["vip"]) == list(document["queues"]["support"])
    assert document["classes"]["support"]["vip"]["asa"]["value"] == 10
    assert document["classes"]["support"]["others"]["asa"]["value"] == 35
    assert document["queues"]["support"]["asa"]["value"] == 22.5
    assert document["queues"]["all"]["offered"]["value"] == 3
    assert document["queues"]["all"]["max_wait"]["value"] == 600
    assert document["classes"]["support"]["vip"]["p90_wait"]["value"] == pytest.approx(10, rel=1e-3)
    assert document["queues"]["all"]["p90_wait"]["value"] == pytest.approx(600, rel=1e-3)
    assert document["classes"]["billing"]["vip"]["asa"]["value"] is None
    json.dumps(document, allow_nan=False)


def test_a_scenario_without_classes_has_none_in_its_document() -> None:
    result = result_of(scenario(DESKS), [[contact("answered", 0, 5)]])
    assert "classes" not in result.to_dict()
    assert "classes" not in Comparison({"today": result}).to_dict()["plans"]["today"]["difference"]


def test_frames_and_intervals_name_a_class_beside_its_queue() -> None:
    result = result_of(scenario(CLASSES), two_days(10))
    assert result.summary().loc[("class", "support · vip", "asa"), "value"] == 10
    assert result.replications().shape[0] == 2 * 3
    intervals = result.intervals()
    chosen = intervals[(intervals.name == "support · others") & (intervals.metric == "asa")]
    assert chosen.value.tolist()[0] == 35 and len(chosen) == 10
    rows = [row for row in result.to_dict(by_interval=True)["intervals"] if row.get("class") == "vip"]
    assert [row["queue"] for row in rows] == ["support"] * 10 + ["billing"] * 10


def test_differences_are_paired_by_class_too() -> None:
    results = {
        name: result_of(scenario(CLASSES), two_days(wait), name)
        for name, wait in (("today", 10), ("first", 4))
    }
    comparison = Comparison(results)
    assert comparison.difference("first", "class", "support · vip")["asa"] == (-6, -6, -6)
    difference = comparison.to_dict()["plans"]["first"]["difference"]
    assert difference["classes"]["support"]["vip"]["asa"]["value"] == -6
    assert difference["classes"]["support"]["others"]["asa"]["value"] == 0
    table = comparison.differences()
    assert table[(table.name == "support · vip") & (table.metric == "asa")].difference.tolist() == [-6]


def test_a_plan_that_adds_a_class_has_no_difference_for_it() -> None:
    plain = result_of(scenario({name: {} for name in CLASSES}), two_days(10))
    both = Comparison({"today": plain, "classes": result_of(scenario(CLASSES), two_days(10))})
    assert both.difference("classes", "class", "support · vip") == {}
    assert both.difference("classes", "queue", "support")["asa"].value == 0
    both.to_dict()


def test_a_saved_result_keeps_its_classes(tmp_path: Any) -> None:
    result = result_of(scenario(CLASSES), two_days(10))
    result.save(tmp_path / "r.zip")
    assert Result.load(tmp_path / "r.zip").to_dict(True) == result.to_dict(True)


def test_tables_set_classes_in_below_their_queue() -> None:
    result = result_of(scenario(CLASSES), two_days(10))
    text = run_table(result)
    names = [line.split("  ")[0] or f"  {line.split()[0]}" for line in text.splitlines() if line.strip()]
    start = names.index("support")
    assert names[start : start + 8] == [
        "support",
        "  vip",
        "  new",
        "  others",
        "billing",
        "  vip",
        "  others",
        "chat",
    ]
    assert "&nbsp;&nbsp;vip" in result._repr_html_()


def test_customers_and_lines_over_closing_hours_have_tables_where_there_are_any() -> None:
    plain = run_table(result_of(scenario({"chat": {}}), [[contact("answered", 0, 5)]]))
    assert "customers by" not in plain and "lines over" not in plain
    again = run_table(result_of(scenario(DESKS), [[contact("answered", 0, 5)]]))
    assert "customers by" in again and "first contact" in again and "lines over" not in again
    made = scenario(MAIL | {"phone": {}}, **WEEK)
    mail = run_table(result_of(made, [[contact("pending", CLOSES - 10, 30 * HOUR + 10)]]))
    table = mail[mail.index("lines over") :].split("\n\n")[0]
    assert "\nmail" in table and "\nphone" not in table and "at closing" in table
    assert "1 contacts of mail in 2 days are still waiting at the end." in mail


def test_absent_hours_are_those_planned_and_not_worked() -> None:
    made = scenario({"chat": {}}, agents={"front": {"staffing": 2, "skills": ["chat"], "absence": "10%"}})
    on_duty = np.zeros((3, 4, 1))
    on_duty[:, 0, 0] = np.array([20, 19, 10]) * HOUR
    figures = agent_figures(on_duty, made, by_interval=False)
    assert figures["absent_hours"][:, 0].tolist() == [0, 1, 10]
    assert figures["paid_hours"][:, 0].tolist() == [20, 20, 20]


def test_paid_hours_are_those_of_the_shifts_after_the_warm_up() -> None:
    shifts = {"early": {"type": "full", "starts": "09:00", "agents": 3}}
    kind = {"length": "8 h", "paid": "7 h", "breaks": [{"after": "4 h", "length": "30 min"}]}
    group = {"shifts": shifts, "skills": ["chat"], "shrinkage": "50%", "cost_per_hour": 10}
    made = scenario({"chat": {}}, agents={"front": group}, shift_types={"full": kind}, warm_up="3 h")
    figures = agent_figures(np.zeros((1, 4, 1)), made, by_interval=False)
    assert figures["paid_hours"].tolist() == [[3 * 6 * 7 / 8 / 0.5]]
    assert figures["absent_hours"].tolist() == [[3 * 5.5]]
    assert figures["staff_cost"].tolist() == [[10 * 31.5]]
