"""Small days worked by hand, one for each thing that happens on a floor beyond calls, queues and agents.

What is expected is computed beside each day. Shares are 0 or 100% and durations constant, so that chance has no
say; where it must have one, the number that decides is looked up. A day's own talk times hold for first needs;
later needs have those of their queue, 100 s unless a test says otherwise.
"""

import ctypes
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim import Scenario
from sim.engines import reference
from sim.errors import InputError
from sim.jit import RULE
from sim.model.centre import MOST_ATTEMPTS, MOST_NEEDS, OWN, Centre, centre_of, class_of
from sim.model.chance import ABSENT, stream_key, u
from sim.model.day import Day
from sim.model.records import Outcome, Records
from sim.reports.trace import told

ENGINES = ["reference", "compiled"]

Row = tuple[Any, ...]
FOR_EVER = math.inf


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Callable[[Centre, Day, int, int], Records]:
    if request.param == "reference":
        return reference.play
    from sim.engines import compiled

    return compiled.play


def constant(seconds: float) -> dict[str, Any]:
    return {"distribution": "constant", "value": f"{seconds} s"}


def queue(**keys: Any) -> dict[str, Any]:
    return {"arrivals": {"rate": "1 / h"}, "talk": constant(100), **keys}


def floor(queues: dict[str, Any], agents: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """An hour from midnight, in steps of ten minutes."""
    return {"interval": "10 min", "length": "1 h", "queues": queues, "agents": agents, **keys}


def group(staffing: Any = 1, **skills: Any) -> dict[str, Any]:
    return {"staffing": staffing, "skills": skills}


class Played:
    """The records of one day, told as rows."""

    def __init__(self, scenario: Scenario, records: Records) -> None:
        self.queues, self.groups, self.records = list(scenario.queues), list(scenario.agents), records

    def rows(self, columns: str) -> list[Row]:
        """The rows of these columns, null as None, numbers of queues, groups and outcomes as names."""
        told = [self._column(name) for name in columns.split()]
        return list(zip(*told, strict=True))

    def _column(self, name: str) -> list[Any]:
        values = getattr(self.records, name).tolist()
        if name in ("queue", "home"):
            return [self.queues[value] for value in values]
        if name == "group":
            return [self.groups[value] if value >= 0 else None for value in values]
        if name == "outcome":
            return [Outcome(value).name.lower() for value in values]
        return [None if isinstance(value, float) and math.isnan(value) else value for value in values]

    def seconds(self, kind: str, group: int = 0) -> float:
        """A group's seconds over the day."""
        return float(getattr(self.records, kind)[group].sum())


def day_of(scenario: Scenario, rows: list[Row]) -> Day:
    """A Day from rows of queue, arrived, talk, and, if they are not 0 and for ever, wrap and patience."""
    full = [(*row, *(0.0, FOR_EVER)[len(row) - 3 :]) for row in rows]
    by_queue = [[row[1:] for row in full if row[0] == name] for name in scenario.queues]
    columns = np.array([row for part in by_queue for row in part], dtype=float).reshape(-1, 4)
    start = np.cumsum([0, *map(len, by_queue)], dtype=np.int64)
    return Day(start, *(column.copy() for column in columns.T))


def play(engine: Any, mapping: dict[str, Any], rows: list[Row], **changes: Any) -> Played:
    """These rows played in this scenario; changes: fields of the Centre."""
    scenario = Scenario(**mapping)
    centre = centre_of(scenario)._replace(**changes)
    return Played(scenario, engine(centre, day_of(scenario, rows), scenario.seed, 0))


LIFE = "queue outcome arrived joined answered talk_end released wait"


# Hours


def test_a_redial_waits_for_the_queue_to_open(engine: Any) -> None:
    """Closed at 300, it dials after 60 s of open hours: the hours begin at 600, so at 660."""
    redial = {"share": "100%", "after": constant(60), "attempts": 3}
    mapping = floor({"a": queue(hours="00:10-00:30", redial=redial)}, {"g": group(a={})})
    assert play(engine, mapping, [("a", 300, 50)]).rows(LIFE) == [
        ("a", "closed", 300, None, None, None, None, None),
        ("a", "answered", 660, 660, 660, 710, 710, 0),
    ]


def test_a_redial_counts_open_hours_only_over_a_break(engine: Any) -> None:
    """The caller of 590 hangs up at 595; of the 60 s before it redials 5 pass until 600, and 55 from 1200 on."""
    redial = {"share": "100%", "after": constant(60), "attempts": 2}
    hours = ["00:00-00:10", "00:20-00:30"]
    mapping = floor({"a": queue(hours=hours, at_close="carry", redial=redial)}, {"g": group(a={})})
    rows = [("a", 500, 200), ("a", 590, 50, 0, 5)]
    assert play(engine, mapping, rows).rows(LIFE) == [
        ("a", "answered", 500, 500, 500, 700, 700, 0),
        ("a", "abandoned", 590, 590, None, None, None, 5),
        ("a", "answered", 1255, 1255, 1255, 1305, 1305, 0),
    ]


def test_a_redial_at_the_last_closing_does_not_happen(engine: Any) -> None:
    redial = {"share": "100%", "after": constant(600), "attempts": 2}
    mapping = floor({"a": queue(hours="00:10-00:20", redial=redial)}, {"g": group(a={})})
    assert len(play(engine, mapping, [("a", 300, 50)]).rows(LIFE)) == 1


def test_carried_callers_stay_unserved_while_closed_and_are_first_when_it_opens(engine: Any) -> None:
    """The agent is free from 700 on, but the queue is closed until 1200; the patience of the third ends at 650."""
    hours = ["00:00-00:10", "00:20-00:30"]
    mapping = floor({"a": queue(hours=hours, at_close="carry")}, {"g": group(a={})})
    rows = [("a", 500, 200), ("a", 590, 30), ("a", 595, 30, 0, 55), ("a", 1200, 10)]
    assert play(engine, mapping, rows).rows(LIFE) == [
        ("a", "answered", 500, 500, 500, 700, 700, 0),
        ("a", "answered", 590, 590, 1200, 1230, 1230, 610),
        ("a", "abandoned", 595, 595, None, None, None, 55),
        ("a", "answered", 1200, 1200, 1230, 1240, 1240, 30),
    ]


def test_carried_callers_and_requests_are_pending_at_the_horizon(engine: Any) -> None:
    """The hour ends at 3600; the first is in hand and stays, the second waits, the third has asked for a call."""
    callback = {"offer": {"waited": "10 s"}, "accept": "100%"}
    mapping = floor({"a": queue(callback=callback), "b": queue()}, {"g": group(a={}, b={})}, at_close="carry")
    rows = [("a", 3500, 200), ("a", 3560, 10), ("b", 3550, 10)]
    columns = "queue outcome joined wait callback_requested released dials"
    assert play(engine, mapping, rows).rows(columns) == [
        ("a", "answered", 3500, 0, None, 3700, 0),
        ("a", "pending", 3560, 10, 3570, None, 0),
        ("b", "pending", 3550, 50, None, None, 0),
    ]


def test_a_request_being_dialled_at_the_horizon_is_pending_if_nobody_picks_up(engine: Any) -> None:
    """Asked for at 3530, dialled at 3550 when the agent comes free; it rings until 3620."""
    callback = {"offer": {"waited": "10 s"}, "accept": "100%", "ring": "70 s", "reached": "0%"}
    mapping = floor({"a": queue(callback=callback)}, {"g": group(a={})}, at_close="carry")
    played = play(engine, mapping, [("a", 3500, 50), ("a", 3520, 10)])
    assert played.rows("outcome dials wait group")[1] == ("pending", 1, 10, None)
    assert played.seconds("busy") == 50 + 70
    assert played.seconds("unreached") == 70


def test_a_queue_that_drops_cuts_off_at_its_own_closing(engine: Any) -> None:
    queues = {"a": queue(hours="00:00-00:10", at_close="drop"), "b": queue()}
    mapping = floor(queues, {"g": group(a={}, b={})})
    rows = [("a", 590, 10), ("b", 500, 300), ("b", 620, 10)]
    assert play(engine, mapping, rows).rows(LIFE) == [
        ("a", "unanswered", 590, 590, None, None, None, 10),
        ("b", "answered", 500, 500, 500, 800, 800, 0),
        ("b", "answered", 620, 620, 800, 810, 810, 180),
    ]


def test_a_dial_in_progress_goes_on_at_the_closing_of_a_queue_that_drops(engine: Any) -> None:
    """Dialled at 550, it rings until 650: nobody picks up. The other request ends at 600 without a dial."""
    callback = {"offer": "always", "accept": "100%", "ring": "100 s", "reached": "0%"}
    mapping = floor({"a": queue(hours="00:00-00:10", at_close="drop", callback=callback)}, {"g": group(a={})})
    rows = [("a", 500, 50), ("a", 510, 50), ("a", 520, 50)]
    assert play(engine, mapping, rows).rows("outcome dials callback_requested") == [
        ("answered", 0, None),
        ("callback_failed", 1, 510),
        ("callback_failed", 0, 520),
    ]


def test_a_group_without_staffing_finishes_a_closed_queue_and_nothing_else(engine: Any) -> None:
    """From 600 on staffing is 0, but somebody waits in a: the agent who comes free at 700 takes that caller, and
    leaves at 760; the other leaves at 800. b is open, and nobody serves it.
    """
    queues = {"a": queue(hours="00:00-00:10", at_close="finish"), "b": queue(at_close="drop")}
    mapping = floor(queues, {"g": group([2, 0, 0, 0, 0, 0], a={}, b={})})
    rows = [("a", 500, 200), ("a", 510, 290), ("a", 590, 60), ("b", 595, 10)]
    played = play(engine, mapping, rows)
    assert played.rows(LIFE) == [
        ("a", "answered", 500, 500, 500, 700, 700, 0),
        ("a", "answered", 510, 510, 510, 800, 800, 0),
        ("a", "answered", 590, 590, 700, 760, 760, 110),
        ("b", "unanswered", 595, 595, None, None, None, 3005),
    ]
    assert played.seconds("on_duty") == 1200
    assert played.seconds("overtime") == 160 + 200


def test_a_closed_queue_that_finishes_is_served_beside_open_ones_by_those_on_duty(engine: Any) -> None:
    queues = {"a": queue(hours="00:00-00:10", at_close="finish"), "b": queue()}
    mapping = floor(queues, {"g": group(a={}, b={})})
    rows = [("a", 500, 200), ("a", 590, 60), ("b", 650, 10)]
    played = play(engine, mapping, rows)
    assert [row[4] for row in played.rows(LIFE)] == [500, 700, 760]
    assert played.seconds("overtime") == 0


def test_what_nobody_can_ever_finish_is_cut_off_at_closing(engine: Any) -> None:
    mapping = floor(
        {"a": queue(hours="00:00-00:10"), "b": queue()}, {"none": group(0, a={}), "g": group(b={})}
    )
    assert play(engine, mapping, [("a", 590, 60)]).rows(LIFE) == [
        ("a", "unanswered", 590, 590, None, None, None, 10)
    ]


def test_an_offer_stops_so_long_before_each_closing(engine: Any) -> None:
    """Offers stop 100 s before 600: the caller of 495 has one, the caller of 500 none."""
    callback = {"offer": "always", "accept": "100%", "last_offer": "100 s"}
    mapping = floor({"a": queue(hours=["00:00-00:10", "00:20-00:30"], callback=callback)}, {"g": group(a={})})
    rows = [("a", 0, 550), ("a", 495, 10), ("a", 500, 10), ("a", 1200, 10), ("a", 1205, 10)]
    offered = [row[0] for row in play(engine, mapping, rows).rows("callback_offered")]
    assert offered == [None, 495, None, None, 1205]


# Steps


def test_lines_and_agents_change_at_moments_that_are_not_on_the_grid(engine: Any) -> None:
    """One line from 100 to 200 only: of two callers at 110 the second is blocked. A second agent comes at 150."""
    events = [
        {"at": "00:01:40", "for": "100 s", "lines": 1},
        {"at": "00:02:30", "for": "1000 s", "agents": 2.0},
    ]
    mapping = floor({"a": queue()}, {"g": group(a={})}, events=events)
    rows = [("a", 50, 55), ("a", 110, 300), ("a", 120, 10), ("a", 210, 10)]
    played = play(engine, mapping, rows)
    assert played.rows("outcome joined answered") == [
        ("answered", 50, 50),
        ("answered", 110, 110),
        ("blocked", None, None),
        ("answered", 210, 210),
    ]
    assert played.seconds("on_duty") == 3600 + 1000


def test_lines_that_become_fewer_cut_nobody_off(engine: Any) -> None:
    events = [{"at": "00:01:40", "for": "100 s", "lines": 1}]
    mapping = floor({"a": queue()}, {"g": group(2, a={})}, events=events)
    rows = [("a", 0, 150), ("a", 0, 160), ("a", 155, 10), ("a", 165, 10)]
    assert [row[1] for row in play(engine, mapping, rows).rows(LIFE)] == [
        "answered",
        "answered",
        "blocked",
        "answered",
    ]


def test_absent_agents_are_away_the_whole_day(engine: Any) -> None:
    """Positions whose own number is below the share stay away: the others are on duty for the hour."""
    mapping = floor({"a": queue()}, {"g": group(8, a={}) | {"absence": "50%"}})
    seed, stream = Scenario(**mapping).seed, stream_key("group g")
    here = sum(u(seed, stream, 0, position, 0, 0, ABSENT) >= 0.5 for position in range(8))
    assert 0 < here < 8
    assert play(engine, mapping, []).seconds("on_duty") == here * 3600


# Backlog


def test_the_backlog_is_served_first_and_its_patience_begins_at_opening(engine: Any) -> None:
    """Two of ages 75 s and 25 s; the second gives up 30 s after opening, having waited 55 s; its line is free."""
    waiting = {"backlog": {"count": 2, "age": "0 s - 100 s"}}
    mapping = floor({"a": queue(**waiting)}, {"g": group(a={})}, lines=2)
    rows = [("a", -75, 50), ("a", -25, 50, 0, 30), ("a", 20, 10), ("a", 40, 10)]
    assert play(engine, mapping, rows).rows(LIFE) == [
        ("a", "answered", -75, -75, 0, 50, 50, 75),
        ("a", "abandoned", -25, -25, None, None, None, 55),
        ("a", "blocked", 20, None, None, None, None, None),
        ("a", "answered", 40, 40, 50, 60, 60, 10),
    ]


def test_the_backlog_of_a_closed_queue_waits_for_it_to_open(engine: Any) -> None:
    waiting = {"backlog": {"count": 1, "age": "10 s"}, "hours": "00:10-00:20"}
    mapping = floor({"a": queue(**waiting, at_close="carry")}, {"g": group(a={})})
    assert play(engine, mapping, [("a", -10, 50)]).rows(LIFE) == [
        ("a", "answered", -10, -10, 600, 650, 650, 610)
    ]


def test_the_backlog_of_a_closed_queue_that_finishes_is_served_by_whoever_is_there(engine: Any) -> None:
    waiting = {"backlog": {"count": 1, "age": "10 s"}, "hours": "00:10-00:20"}
    mapping = floor({"a": queue(**waiting, at_close="finish")}, {"g": group(a={})})
    assert play(engine, mapping, [("a", -10, 50)]).rows(LIFE) == [("a", "answered", -10, -10, 0, 50, 50, 10)]


# IVR


@pytest.mark.parametrize(
    ("ivr", "outcome", "joined"),
    [
        ({}, "answered", 30),
        ({"self_served": "100%"}, "self_served", None),
        ({"hangs_up": "100%"}, "ivr_hang_up", None),
    ],
)
def test_a_caller_hears_the_ivr_before_it_joins(engine: Any, ivr: Any, outcome: str, joined: Any) -> None:
    """Its patience counts from joining. Neither being served by the machine nor hanging up on it brings a redial."""
    redial = {"share": "100%", "after": constant(60)}
    mapping = floor({"a": queue(ivr={"time": constant(30), **ivr}, redial=redial)}, {"g": group(a={})})
    assert play(engine, mapping, [("a", 0, 50, 0, 10)]).rows("outcome arrived joined answered") == [
        (outcome, 0, joined, joined)
    ]


def test_a_caller_in_the_ivr_holds_a_line_until_the_machine_is_enough(engine: Any) -> None:
    ivr = {"time": constant(30), "self_served": "100%"}
    mapping = floor({"a": queue(ivr=ivr)}, {"g": group(a={})}, lines=1)
    rows = [("a", 0, 50), ("a", 29, 50), ("a", 31, 50)]
    outcomes = [row[1] for row in play(engine, mapping, rows).rows(LIFE)]
    assert outcomes == ["self_served", "blocked", "self_served"]


def test_a_caller_whom_the_ivr_keeps_beyond_closing_finds_it_closed(engine: Any) -> None:
    mapping = floor({"a": queue(ivr={"time": constant(30)}, hours="00:00-00:10")}, {"g": group(a={})})
    rows = [("a", 560, 5), ("a", 570, 5), ("a", 580, 5)]
    outcomes = [row[1] for row in play(engine, mapping, rows).rows(LIFE)]
    assert outcomes == ["answered", "closed", "closed"]


# Transfers and repeats


def test_a_transferred_customer_joins_the_other_queue_at_talk_end_and_tells_all_again(engine: Any) -> None:
    """Talk ends at 50, the second need talks 100 + 20 s, times the factor 2; the first agent wraps up meanwhile."""
    queues = {
        "a": queue(transfer={"to": "b", "share": "100%", "retell": "20 s"}),
        "b": queue(wrap=constant(5)),
    }
    mapping = floor(queues, {"ga": group(a={}), "gb": group(b={"handle_factor": 2})})
    columns = "home queue need attempt outcome group arrived joined answered talk_end released"
    assert play(engine, mapping, [("a", 0, 50, 7)]).rows(columns) == [
        ("a", "a", 0, 0, "answered", "ga", 0, 0, 0, 50, 57),
        ("a", "b", 1, 0, "answered", "gb", 50, 50, 50, 290, 300),
    ]


def test_a_transferred_customer_keeps_its_line_and_a_closed_queue_frees_it(engine: Any) -> None:
    """One line: the caller of 40 is blocked, the one of 60 too, for the first talks on in b until 150."""
    transfer = {"to": "b", "share": "100%"}
    agents = {"ga": group(a={}), "gb": group(b={})}
    mapping = floor({"a": queue(transfer=transfer), "b": queue()}, agents, lines=1)
    rows = [("a", 0, 50), ("b", 40, 10), ("b", 60, 10), ("b", 151, 10)]
    assert [row[:2] for row in play(engine, mapping, rows).rows(LIFE)] == [
        ("a", "answered"),
        ("b", "answered"),
        ("b", "blocked"),
        ("b", "blocked"),
        ("b", "answered"),
    ]
    mapping["queues"]["b"]["hours"] = "00:10-00:20"
    rows = [("a", 0, 50), ("a", 60, 10)]
    assert [row[:4] for row in play(engine, mapping, rows).rows(LIFE)] == [
        ("a", "answered", 0, 0),
        ("b", "closed", 50, None),
        ("a", "answered", 60, 60),
        ("b", "closed", 70, None),
    ]


def test_an_agent_may_take_the_customer_it_transfers_only_when_its_hand_is_empty(engine: Any) -> None:
    """Talk ends at 50, wrap at 60: the transferred need waits 10 s for the same agent."""
    queues = {"a": queue(transfer={"to": "b", "share": "100%"}), "b": queue()}
    mapping = floor(queues, {"g": group(a={}, b={})})
    assert [row[4] for row in play(engine, mapping, [("a", 0, 50, 10)]).rows(LIFE)] == [0, 60]


def test_served_customers_come_again_as_long_as_the_queue_is_open(engine: Any) -> None:
    """Each talk ends 100 s after it began, 900 s later the next need arrives; after 4000 s none does."""
    mapping = floor({"a": queue(repeat={"share": "50%", "after": constant(900)})}, {"g": group(a={})})
    played = play(engine, mapping, [("a", 0, 100)], repeat_share=np.array([1.0]))
    assert played.rows("need attempt outcome arrived answered talk_end") == [
        (0, 0, "answered", 0, 0, 100),
        (1, 0, "answered", 1000, 1000, 1100),
        (2, 0, "answered", 2000, 2000, 2100),
        (3, 0, "answered", 3000, 3000, 3100),
    ]


def test_a_customer_has_no_more_needs_than_can_be_told_apart(engine: Any) -> None:
    """Every 2 s the next of 256 needs: the hour would have room for more."""
    keys = {"talk": constant(1), "repeat": {"share": "50%", "after": constant(1)}}
    played = play(
        engine, floor({"a": queue(**keys)}, {"g": group(a={})}), [("a", 0, 1)], repeat_share=np.ones(1)
    )
    assert played.rows("need arrived") == [(need, 2 * need) for need in range(MOST_NEEDS)]


def test_a_need_has_no_more_attempts_than_can_be_told_apart(engine: Any) -> None:
    """It balks every second, for hours."""
    keys = {"balks": "100%", "redial": {"share": "100%", "after": constant(1)}}
    mapping = floor({"a": queue(**keys), "b": queue()}, {"g": group(b={})}) | {"length": "5 h"}
    assert len(play(engine, mapping, [("a", 0, 1)]).rows("attempt")) == MOST_ATTEMPTS


def test_a_customer_who_was_transferred_does_not_repeat_what_was_transferred(engine: Any) -> None:
    keys = {"transfer": {"to": "b", "share": "100%"}, "repeat": {"share": "100%", "after": constant(60)}}
    mapping = floor({"a": queue(**keys), "b": queue()}, {"g": group(2, a={}, b={})})
    assert [row[0] for row in play(engine, mapping, [("a", 0, 50)]).rows(LIFE)] == ["a", "b"]


def test_a_customer_who_was_called_back_may_be_transferred_and_holds_no_line(engine: Any) -> None:
    """Asked at 10, dialled at 100 when the only agent is free; transferred at 150. The line is free all the while."""
    callback = {"offer": "always", "accept": "100%"}
    queues = {
        "a": queue(callback=callback, transfer={"to": "b", "share": "100%"}),
        "b": queue(),
        "c": queue(),
    }
    agents = {"ga": group(a={}, c={}), "gb": group(b={}), "gc": group(c={"prefer": 2, "level": 2})}
    mapping = floor(queues, agents, lines=2)
    rows = [("c", 0, 100), ("a", 10, 50), ("c", 20, 300), ("c", 160, 200), ("c", 170, 10)]
    assert [(*row[:2], row[3]) for row in play(engine, mapping, rows).rows(LIFE)] == [
        ("a", "callback_served", 10),
        ("b", "answered", 150),
        ("c", "answered", 0),
        ("c", "answered", 20),
        ("c", "answered", 160),
        ("c", "blocked", None),
    ]


# Switching


def test_a_caller_who_gives_up_tries_another_queue_with_the_talk_of_that_queue(engine: Any) -> None:
    """It hangs up at 30, joins b 20 s later and talks 40 s there, not the 10 s it would have in a; no redial."""
    keys = {"switch": {"to": "b", "share": "100%", "after": constant(20)}, "patience": constant(30)}
    redial = {"share": "100%", "after": constant(1)}
    queues = {"a": queue(**keys, redial=redial), "b": queue(talk=constant(40))}
    mapping = floor(queues, {"ga": group(a={}), "gb": group(b={})})
    rows = [("a", 0, 500), ("a", 0, 10, 0, 30)]
    columns = "home queue need attempt outcome arrived talk_end wait"
    assert play(engine, mapping, rows).rows(columns) == [
        ("a", "a", 0, 0, "answered", 0, 500, 0),
        ("a", "a", 0, 0, "abandoned", 0, None, 30),
        ("a", "b", 0, 1, "answered", 50, 90, 0),
    ]


def test_a_caller_who_cannot_switch_any_more_does_not_redial_instead(engine: Any) -> None:
    keys = {"switch": {"to": "b", "share": "100%"}, "redial": {"share": "100%", "after": constant(1)}}
    queues = {"a": queue(**keys, max_waiting=0), "b": queue(hours="00:00-00:10")}
    mapping = floor(queues, {"g": group(a={}, b={})})
    rows = [("a", 650, 500), ("a", 700, 10)]
    assert [row[:2] for row in play(engine, mapping, rows).rows(LIFE)] == [
        ("a", "answered"),
        ("a", "blocked"),
    ]


# Overflow and reserves


def test_a_caller_is_taken_by_others_once_it_has_waited_so_long(engine: Any) -> None:
    """Free agents of g2 take what has waited 30 s: the second caller at 40, the third, of 35, at 65."""
    agents = {"g1": group(a={}), "g2": group(2, a={"overflow_after": "30 s", "level": 2})}
    rows = [("a", 0, 500), ("a", 10, 100), ("a", 35, 100)]
    assert play(engine, floor({"a": queue()}, agents), rows).rows("group joined answered") == [
        ("g1", 0, 0),
        ("g2", 10, 40),
        ("g2", 35, 65),
    ]


def test_an_agent_who_comes_free_before_the_overflow_moment_leaves_the_caller_alone(engine: Any) -> None:
    """g2 is free at 30, the caller of 10 overflows at 40 by the clock; the one of 0 at 30 on the instant."""
    agents = {"g1": group(a={}), "g2": group(a={"overflow_after": "30 s"}, b={})}
    rows = [("a", 0, 500), ("a", 10, 100), ("b", 0, 30)]
    assert play(engine, floor({"a": queue(), "b": queue()}, agents), rows).rows("joined answered") == [
        (0, 0),
        (10, 40),
        (0, 0),
    ]
    rows = [("a", 0, 500), ("a", 0, 100), ("b", 0, 30)]
    assert play(engine, floor({"a": queue(), "b": queue()}, agents), rows).rows("group answered") == [
        ("g1", 0),
        ("g2", 30),
        ("g2", 0),
    ]


def test_a_later_request_overflows_so_long_after_it_fell_due(engine: Any) -> None:
    """Asked for at 10 and due at 70, it is dialled by g2 from 100 on; a caller of 10 would be answered at 40."""
    callback = {"offer": "always", "accept": "100%", "place": "later", "after": "60 s"}
    agents = {"g1": group(a={}), "g2": group(a={"overflow_after": "30 s"})}
    mapping = floor({"a": queue(callback=callback)}, agents)
    rows = [("a", 0, 500), ("a", 10, 100)]
    assert play(engine, mapping, rows).rows("group callback_connected")[1] == ("g2", 100)


def test_a_reserve_of_agents_stays_free_for_other_queues(engine: Any) -> None:
    """Of two agents b may have one. Its second caller waits until 100, when two are free again, one of them stays."""
    agents = {"g": group(2, a={}, b={"reserve": 1})}
    rows = [("a", 120, 5), ("b", 0, 100), ("b", 10, 100), ("b", 20, 100)]
    assert play(engine, floor({"a": queue(), "b": queue()}, agents), rows).rows("queue joined answered") == [
        ("a", 120, 120),
        ("b", 0, 0),
        ("b", 10, 100),
        ("b", 20, 200),
    ]


# Hands


def test_an_agent_with_several_chats_takes_longer_over_each_and_no_more_than_fit(engine: Any) -> None:
    """Three at once, factors 1, 1.5 and 2, fixed when taken. At 100 the first ends, the fourth is the third again."""
    chat = {"at_once": 3, "slowdown": [1, 1.5, 2]}
    mapping = floor({"chat": queue()}, {"g": group(chat=chat)})
    rows = [("chat", 0, 100), ("chat", 10, 100, 10), ("chat", 20, 100), ("chat", 30, 100)]
    played = play(engine, mapping, rows)
    assert played.rows(LIFE) == [
        ("chat", "answered", 0, 0, 0, 100, 100, 0),
        ("chat", "answered", 10, 10, 10, 160, 175, 0),
        ("chat", "answered", 20, 20, 20, 220, 220, 0),
        ("chat", "answered", 30, 30, 100, 300, 300, 70),
    ]
    assert played.seconds("busy") == 300


def test_a_chat_goes_to_the_shortest_hand_then_to_whom_finished_longest_ago(engine: Any) -> None:
    """Of two agents each has a chat at 20; the third goes to the one who came free at 10 (the other did at 15)."""
    chat = {"at_once": 2, "slowdown": [1, 3]}
    mapping = floor({"chat": queue()}, {"g": group(2, chat=chat)})
    rows = [
        ("chat", 0, 10),
        ("chat", 0, 15),
        ("chat", 16, 50),
        ("chat", 17, 100),
        ("chat", 20, 20),
        ("chat", 67, 10),
    ]
    assert play(engine, mapping, rows).rows("joined talk_end") == [
        (0, 10),
        (0, 15),
        (16, 66),
        (17, 117),
        (20, 80),  # beside the one of 16, 3 × 20 s
        (67, 97),  # one each: at 66 the other agent has finished something, so beside that of 17
    ]


def test_a_call_is_no_chat_and_needs_an_empty_hand(engine: Any) -> None:
    """The agent holds two chats or more until 120; the call of 10 waits until then, the chat of 90 does not."""
    agents = {"g": group(chat={"at_once": 3}, call={})}
    rows = [("chat", 0, 100), ("chat", 5, 115), ("chat", 90, 10), ("call", 10, 50)]
    assert play(engine, floor({"chat": queue(), "call": queue()}, agents), rows).rows(
        "queue answered released"
    ) == [
        ("chat", 0, 100),
        ("chat", 5, 120),
        ("chat", 90, 100),
        ("call", 120, 170),
    ]


def test_a_call_interrupts_a_mail_which_goes_on_where_it_stopped(engine: Any) -> None:
    """Of 100 s 70 are left at 30, when the call comes; it is wrapped up at 90, so the mail ends at 160, done at 180."""
    agents = {"g": group(mail={"interruptible": True}, call={})}
    rows = [("mail", 0, 100, 20), ("call", 30, 50, 10)]
    played = play(engine, floor({"mail": queue(), "call": queue()}, agents), rows)
    assert played.rows("queue answered talk_end released wait") == [
        ("mail", 0, 160, 180, 0),
        ("call", 30, 80, 90, 0),
    ]
    assert played.seconds("busy") == 180


def test_a_mail_is_interrupted_again_and_in_its_wrap_up_too(engine: Any) -> None:
    """Calls at 30 and 35: 70 s of talk are left at 30, and go on from 50. At 120 it ends; of 20 s of wrap 10 are left
    when the call of 130 comes, and go on from 140."""
    agents = {"g": group(mail={"interruptible": True}, call={})}
    rows = [("mail", 0, 100, 20), ("mail", 1, 5), ("call", 30, 10), ("call", 35, 10), ("call", 130, 10)]
    played = play(engine, floor({"mail": queue(), "call": queue()}, agents), rows)
    assert played.rows("queue answered talk_end released") == [
        ("mail", 0, 120, 150),
        ("mail", 150, 155, 155),
        ("call", 30, 40, 40),
        ("call", 40, 50, 50),
        ("call", 130, 140, 140),
    ]


def test_agents_beyond_the_staffing_take_nobody_and_go_when_their_hands_empty(engine: Any) -> None:
    """From 600 on one of two is too many: of equal hands the one who finished longer ago, on duty as number one.

    It holds the chat of 500 until 700. The chat of 610 goes to the other, whose hand is full then; that of 620
    waits until the other has a place again, at 650.
    """
    mapping = floor({"chat": queue()}, {"g": group([2, 1, 1, 1, 1, 1], chat={"at_once": 2})})
    rows = [("chat", 500, 200), ("chat", 510, 140), ("chat", 610, 100), ("chat", 620, 10)]
    played = play(engine, mapping, rows)
    assert played.rows("answered released") == [(500, 700), (510, 650), (610, 710), (650, 660)]
    assert played.seconds("overtime") == 100


def test_a_callback_that_rings_is_interrupted_only_when_it_is_reached(engine: Any) -> None:
    """The mail of 10 becomes a request, dialled at 100; it rings until 130. The call of 110 interrupts it at 130."""
    callback = {"offer": "always", "accept": "100%", "ring": "30 s"}
    agents = {"g": group(mail={"interruptible": True}, call={})}
    mapping = floor({"mail": queue(callback=callback), "call": queue()}, agents)
    rows = [("mail", 10, 50), ("call", 0, 100), ("call", 110, 20)]
    columns = "queue callback_connected answered talk_end"
    assert play(engine, mapping, rows).rows(columns) == [
        ("mail", 130, None, 200),
        ("call", None, 0, 100),
        ("call", None, 130, 150),
    ]


# Classes


def with_classes(**keys: Any) -> dict[str, Any]:
    return queue(classes={"vip": {"share": "50%", **keys}})


def classes_of(mapping: dict[str, Any], count: int) -> list[int]:
    """The classes of the first customers of the first queue."""
    scenario = Scenario(**mapping)
    demand = centre_of(scenario).demand
    return [int(class_of(demand, 0, scenario.seed, 0, customer)) for customer in range(count)]


def test_a_class_with_a_head_start_overtakes_the_others_in_line(engine: Any) -> None:
    """Customer 0 talks until 1000; whoever is vip counts as having come 300 s earlier, all come within 60 s."""
    mapping = floor({"a": with_classes(head_start="300 s")}, {"g": group(a={})})
    classes = classes_of(mapping, 7)
    assert {1, 0} == set(classes[1:])
    rows = [("a", 10 * number, 1000 if number == 0 else 10) for number in range(7)]
    played = play(engine, mapping, rows).rows("customer class_id answered")
    assert [row[1] for row in played] == classes
    in_line = sorted(range(1, 7), key=lambda number: (-classes[number], number))
    assert [row[0] for row in sorted(played, key=lambda row: row[2])] == [0, *in_line]


def test_a_class_redials_by_its_own_rules(engine: Any) -> None:
    """Nobody is there; only the vips among six dial once more, 60 s later."""
    keys = {"redial": {"share": "100%", "after": constant(60), "attempts": 2}, "patience": constant(5)}
    mapping = floor({"a": with_classes(**keys) | {"at_close": "drop"}, "b": queue()}, {"g": group(b={})})
    classes = classes_of(mapping, 6)
    rows = [("a", 10 * number, 10, 0, 5) for number in range(6)]
    played = play(engine, mapping, rows).rows("customer attempt arrived wait")
    expected = []
    for number, its_class in enumerate(classes):
        expected += [(number, 0, 10 * number, 5)]
        expected += [(number, 1, 10 * number + 65, 5)] if its_class else []
    assert played == expected


# Announcements


@pytest.mark.parametrize(("leaves", "outcome", "wait"), [("100%", "balked", 0), ("0%", "abandoned", 80)])
def test_an_announced_wait_makes_callers_leave_or_hold_on_longer(
    engine: Any, leaves: str, outcome: str, wait: float
) -> None:
    """One agent, talks of 100 s: the second caller is told 100 s, more than 99; its patience of 40 s is doubled."""
    announcement = {"leave_above": "99 s", "leaves": leaves, "patience_factor": 2}
    mapping = floor({"a": queue(announcement=announcement)}, {"g": group(a={})})
    rows = [("a", 0, 500), ("a", 10, 50, 0, 40)]
    assert play(engine, mapping, rows).rows("outcome wait")[1] == (outcome, wait)
    mapping["queues"]["a"]["announcement"]["leave_above"] = "100 s"
    assert play(engine, mapping, rows).rows("outcome wait")[1] == ("abandoned", 40)


# Routing


def routed(engine: Any, routing: str, **changes: Any) -> list[str]:
    """In which order one agent takes what waits at 100: one in a since 50, two in b since 60, level 1 being a's."""
    skills = {
        "a": {"level": 1, "score": {"base": 10, "weight": 1}},
        "b": {"level": 2, "score": {"base": 0, "weight": 2}},
    }
    mapping = floor({"a": queue(), "b": queue()}, {"g": group(**skills)}, routing=routing)
    rows = [("a", 0, 100), ("a", 50, 10), ("b", 60, 10), ("b", 61, 10)]
    played = play(engine, mapping, rows, **changes).rows("answered queue joined")
    return [f"{name} of {joined:.0f}" for _, name, joined in sorted(played)[1:]]


@pytest.mark.parametrize(
    ("routing", "order"),
    [
        ("by_level", ["a of 50", "b of 60", "b of 61"]),
        ("longest_wait", ["a of 50", "b of 60", "b of 61"]),
        ("longest_queue", ["b of 60", "a of 50", "b of 61"]),  # at 110 one in each: file order
        ("weighted", ["b of 60", "b of 61", "a of 50"]),  # at 100: 60 against 80; at 110: 70 against 98
        ("shortest_delay", ["a of 50", "b of 60", "b of 61"]),
    ],
)
def test_an_agent_chooses_by_the_routing_rule(engine: Any, routing: str, order: list[str]) -> None:
    assert routed(engine, routing) == order


def test_the_longest_wait_goes_before_any_level(engine: Any) -> None:
    mapping = floor(
        {"a": queue(), "b": queue()}, {"g": group(a={"level": 1}, b={"level": 2})}, routing="longest_wait"
    )
    rows = [("a", 0, 100), ("a", 50, 10), ("b", 40, 10)]
    assert play(engine, mapping, rows).rows("queue answered") == [("a", 0), ("a", 110), ("b", 100)]


def test_by_the_shortest_delay_a_contact_goes_where_it_takes_least_time(engine: Any) -> None:
    """g1 is preferred, but slower; and where a second chat takes twice as long, it goes elsewhere."""
    agents = {
        "g1": group(a={"handle_factor": 1.5}),
        "g2": group(a={"prefer": 2, "at_once": 2, "slowdown": [1, 2]}),
    }
    rows = [("a", 0, 100), ("a", 10, 100), ("a", 20, 100)]
    mapping = floor({"a": queue()}, agents, routing="shortest_delay")
    assert play(engine, mapping, rows).rows("group talk_end") == [("g2", 100), ("g1", 160), ("g2", 220)]


def address(rule: Any) -> int:
    return int(ctypes.cast(rule, ctypes.c_void_p).value or 0)


def test_a_rule_of_ones_own_is_asked_with_what_it_needs_and_obeyed(engine: Any) -> None:
    """It sees group, queue, level, seconds waited and how many stand there; at 100 one in a, two in b."""
    asked = set()

    def later_queue_first(group: int, queue: int, level: int, waited: float, length: int) -> float:
        asked.add((group, queue, level, waited, length))
        return float(queue)

    rule = RULE(later_queue_first)
    order = routed(engine, "by_level", rule=OWN, rule_address=address(rule))
    assert order == ["b of 60", "b of 61", "a of 50"]
    assert asked == {
        (0, 0, 1, 0.0, 1),  # on joining, while nobody stands there
        *((0, 0, 1, 50.0, 1), (0, 1, 2, 40.0, 2)),
        *((0, 0, 1, 60.0, 1), (0, 1, 2, 49.0, 1)),
        (0, 0, 1, 70.0, 1),
    }


def test_what_a_rule_of_ones_own_gives_minus_infinity_is_not_taken(engine: Any) -> None:
    """Never an agent for b: cut off when the hour ends, for then no rule can be asked either."""
    rule = RULE(lambda group, queue, level, waited, length: -math.inf if queue == 1 else 1.0)
    mapping = floor({"a": queue(), "b": queue(at_close="drop")}, {"g": group(a={}, b={})})
    rows = [("a", 0, 100), ("a", 50, 10), ("b", 60, 10)]
    played = play(engine, mapping, rows, rule=OWN, rule_address=address(rule))
    assert played.rows("queue outcome answered") == [
        ("a", "answered", 0),
        ("a", "answered", 100),
        ("b", "unanswered", None),
    ]


def test_a_rule_of_ones_own_that_answers_nan_is_an_error(engine: Any) -> None:
    rule = RULE(lambda group, queue, level, waited, length: math.nan)
    with pytest.raises(InputError, match="NaN"):
        routed(engine, "by_level", rule=OWN, rule_address=address(rule))


# The trace


def test_a_trace_tells_what_happens_on_the_floor() -> None:
    mapping = floor(
        {"mail": queue(hours="00:00-00:10", transfer={"to": "call", "share": "100%"}), "call": queue()},
        {"back": group(mail={"interruptible": True}, call={})},
    )
    scenario = Scenario(**mapping)
    notes: list[reference.Note] = []
    rows = [("mail", 0, 100, 20), ("call", 30, 50, 10)]
    reference.play(centre_of(scenario), day_of(scenario, rows), 1, 0, notes=notes)
    assert list(told(notes, scenario)) == [
        "00:00:00 mail opens; 0 waiting",
        "00:00:00 call opens; 0 waiting",
        "00:00:00 back: 1 agent from now on",
        "00:00:00 mail 0 arrives",
        "00:00:00 mail 0 is answered at once by back",
        "00:00:30 call 0 arrives",
        "00:00:30 mail 0 is laid aside by back for something urgent",
        "00:00:30 call 0 is answered at once by back",
        "00:01:20 call 0 hangs up served after 50 s of talk with back",
        "00:01:30 call 0 is wrapped up; an agent of back is done",
        "00:01:30 mail 0 is taken up again by back",
        "00:02:40 mail 0 is passed on to call after 100 s of talk with back",
        "00:02:40 mail 0 (need 2 in call) arrives",
        "00:02:40 mail 0 is laid aside by back for something urgent",
        "00:02:40 mail 0 (need 2 in call) is answered at once by back",
        "00:04:20 mail 0 (need 2 in call) hangs up served after 100 s of talk with back",
        "00:04:20 mail 0 (need 2 in call) is wrapped up; an agent of back is done",
        "00:04:20 mail 0 is taken up again by back",
        "00:04:40 mail 0 is wrapped up; an agent of back is done",
        "00:10:00 mail closes; 0 waiting",
        "01:00:00 call closes; 0 waiting",
        "01:00:00 back: 0 agents from now on",
    ]


def test_a_trace_tells_where_a_caller_turns_to_and_how_many_lines_there_are() -> None:
    patience = {"distribution": "constant", "value": "10 s"}
    mapping = floor(
        {"call": queue(patience=patience, switch={"to": "chat", "share": "100%"}), "chat": queue()},
        {"back": group(call={}, chat={})},
        lines=2,
        events=[{"at": "00:00:20", "for": "30 s", "lines": 1}],
    )
    scenario = Scenario(**mapping)
    notes: list[reference.Note] = []
    rows = [("call", 0, 100, 20), ("call", 5, 50, 10), ("call", 30, 50, 10)]
    reference.play(centre_of(scenario), day_of(scenario, rows), 1, 0, notes=notes)
    lines = list(told(notes, scenario))
    assert [line for line in lines if line.endswith(("line from now on", "lines from now on"))] == [
        "00:00:00 2 lines from now on",
        "00:00:20 1 line from now on",
        "00:00:50 2 lines from now on",
    ]
    assert "00:00:30 call 2 finds no room and is turned away" in lines
    assert "00:00:30 call 2 will try chat in 0 s" in lines
