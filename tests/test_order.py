"""Things of one instant happen in the order of the model, each with all it causes before the next.

Staffing, talk end, hand shortens, patience ends, end of hours, redial, first arrival; within a kind by home
queue, customer, attempt, groups in file order. Each test is a tiny day on which two of these fall on one
instant, 100 s, and the other order would give other records. Pairs left out cannot be told apart by records
with the mechanisms there are: staffing against talk end and end of hours; talk end and hand shortens against
end of hours, for at closing the staffing is 0 first and a closed queue is served or not by its rule; end of
hours against redials and first arrivals, which closing excludes.
"""

import math
from typing import Any

import pytest
from test_stories import ENGINES, play, rows_of

INF = math.inf
TALK = {"arrivals": {"per_interval": 5}, "talk": {"distribution": "constant", "value": "60 s"}}
COLUMNS = ("queue", "customer", "attempt", "outcome", "group", "answered")

pytestmark = pytest.mark.parametrize("engine", ENGINES)


def centre(queues: dict[str, Any], agents: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A scenario of two intervals of 100 s, with what these tests have in common left out."""
    return {
        "length": "200 s",
        "interval": "100 s",
        "queues": {name: TALK | queue for name, queue in queues.items()},
        "agents": {
            name: {"staffing": staffing, "skills": list(queues) if skills is None else skills}
            for name, (staffing, skills) in agents.items()
        },
        **more,
    }


def redials(seconds: float, **queue: Any) -> dict[str, Any]:
    """A queue whose callers all dial again after so long, then to wait for ever."""
    after = {"distribution": "constant", "value": f"{seconds} s"}
    return {"redial": {"share": 1.0, "after": after}, **queue}


Calls = list[tuple[str, float, float, float, float]]  # queue, arrived, talk, wrap, patience


def happened(scenario: dict[str, Any], day: Calls, engine: str) -> list[Any]:
    return rows_of(*play(scenario, day, engine), COLUMNS)


def test_staffing_falls_before_a_hand_shortens(engine: str) -> None:
    """The agent who finishes as the shift ends takes nobody more; the other one does, at 110."""
    scenario = centre({"q": {}}, {"g": ([2, 1], None)})
    day = [("q", 0, 90, 10, INF), ("q", 0, 110, 0, INF), ("q", 10, 5, 0, INF)]
    assert happened(scenario, day, engine)[2] == ("q", 2, 0, "answered", "g", 110.0)


def test_staffing_rises_before_a_hand_shortens(engine: str) -> None:
    """The group that comes on duty takes the one caller, not the group that comes free."""
    scenario = centre({"q": {}}, {"day": ([1, 1], None), "late": ([0, 1], None)})
    day = [("q", 0, 90, 10, INF), ("q", 10, 5, 0, INF)]
    assert happened(scenario, day, engine)[1] == ("q", 1, 0, "answered", "late", 100.0)


def test_staffing_rises_before_patience_ends(engine: str) -> None:
    scenario = centre({"q": {}}, {"g": ([0, 1], None)})
    day = [("q", 40, 5, 0, 60.0)]
    assert happened(scenario, day, engine) == [("q", 0, 0, "answered", "g", 100.0)]


def test_staffing_rises_before_a_redial(engine: str) -> None:
    """Where nobody may wait: blocked at 40, and again at 100 were it not for the agent who has come."""
    scenario = centre({"q": redials(60, max_waiting=0)}, {"g": ([0, 1], None)})
    rows = happened(scenario, [("q", 40, 5, 0, INF)], engine)
    assert rows == [("q", 0, 0, "blocked", None, None), ("q", 0, 1, "answered", "g", 100.0)]


def test_staffing_rises_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {"max_waiting": 0}}, {"g": ([0, 1], None)})
    assert happened(scenario, [("q", 100, 5, 0, INF)], engine) == [("q", 0, 0, "answered", "g", 100.0)]


def test_staffing_falls_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {"max_waiting": 0}}, {"g": ([1, 0], None)})
    assert happened(scenario, [("q", 100, 5, 0, INF)], engine) == [("q", 0, 0, "blocked", None, None)]


def test_staffing_falls_before_a_redial(engine: str) -> None:
    """The first attempt finds the agent busy; at 100 he is free but gone; at 160 there is still nobody."""
    scenario = centre({"q": redials(60, max_waiting=0)}, {"g": ([1, 0], None)})
    rows = happened(scenario, [("q", 0, 50, 0, INF), ("q", 40, 5, 0, INF)], engine)
    assert rows[1:] == [("q", 1, attempt, "blocked", None, None) for attempt in range(3)]


def test_all_talks_end_before_a_hand_shortens(engine: str) -> None:
    """Customer 0's talk ends without wrap-up as customer 1's wrap-up ends: both hands shorten, 0 first."""
    scenario = centre({"q": {}}, {"first": ([1, 1], None), "second": ([1, 1], None)})
    day = [("q", 0, 100, 0, INF), ("q", 0, 50, 50, INF), ("q", 10, 5, 0, INF)]
    assert happened(scenario, day, engine)[2] == ("q", 2, 0, "answered", "first", 100.0)


def test_a_talk_ends_before_patience_ends(engine: str) -> None:
    """Without wrap-up the agent is free at talk end, still before the caller hangs up."""
    day = [("q", 0, 100, 0, INF), ("q", 10, 5, 0, 90.0)]
    rows = happened(centre({"q": {}}, {"g": (1, None)}), day, engine)
    assert rows[1] == ("q", 1, 0, "answered", "g", 100.0)


def test_a_talk_ends_before_a_redial(engine: str) -> None:
    """The only line is free again when the redial comes; the agent, in wrap-up, is not until 130."""
    scenario = centre({"q": redials(60)}, {"g": (1, None)}, lines=1)
    rows = happened(scenario, [("q", 0, 100, 30, INF), ("q", 40, 5, 0, INF)], engine)
    assert rows[1:] == [("q", 1, 0, "blocked", None, None), ("q", 1, 1, "answered", "g", 130.0)]


def test_a_talk_ends_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {}}, {"g": (1, None)}, lines=1)
    rows = happened(scenario, [("q", 0, 100, 30, INF), ("q", 100, 5, 0, INF)], engine)
    assert rows[1] == ("q", 1, 0, "answered", "g", 130.0)


def test_a_hand_shortens_before_patience_ends(engine: str) -> None:
    day = [("q", 0, 80, 20, INF), ("q", 10, 5, 0, 90.0)]
    rows = happened(centre({"q": {}}, {"g": (1, None)}), day, engine)
    assert rows[1] == ("q", 1, 0, "answered", "g", 100.0)


def test_a_hand_shortens_before_a_redial(engine: str) -> None:
    scenario = centre({"q": redials(60, balks=1.0)}, {"g": (1, None)})
    rows = happened(scenario, [("q", 0, 80, 20, INF), ("q", 40, 5, 0, INF)], engine)
    assert rows[1:] == [("q", 1, 0, "balked", None, None), ("q", 1, 1, "answered", "g", 100.0)]


def test_a_hand_shortens_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {"balks": 1.0}}, {"g": (1, None)})
    rows = happened(scenario, [("q", 0, 80, 20, INF), ("q", 100, 5, 0, INF)], engine)
    assert rows[1] == ("q", 1, 0, "answered", "g", 100.0)


def test_a_hand_that_shortens_takes_who_waits_before_the_arrival_of_that_instant(engine: str) -> None:
    """Even where the new one would come first by its head start."""
    queues = {"plain": {}, "vip": {"head_start": "1 h"}}
    day = [("plain", 0, 80, 20, INF), ("plain", 10, 5, 0, INF), ("vip", 100, 5, 0, INF)]
    rows = happened(centre(queues, {"g": (1, None)}), day, engine)
    assert rows[1:] == [("plain", 1, 0, "answered", "g", 100.0), ("vip", 0, 0, "answered", "g", 105.0)]


def test_patience_ends_before_the_end_of_hours(engine: str) -> None:
    scenario = centre({"q": {"at_close": "drop"}}, {"g": (1, None)})
    day = [("q", 0, 300, 0, INF), ("q", 140, 5, 0, 60.0), ("q", 140, 5, 0, 61.0)]
    assert [row[3] for row in happened(scenario, day, engine)] == ["answered", "abandoned", "unanswered"]


def test_patience_ends_before_a_redial(engine: str) -> None:
    """The one place to wait is left at 100, and the redial of that instant gets it."""
    scenario = centre({"q": redials(60, max_waiting=1), "other": {}}, {"g": (1, ["q"]), "h": (1, ["other"])})
    day = [("q", 0, 150, 0, INF), ("q", 10, 5, 0, 90.0), ("q", 40, 5, 0, INF)]
    rows = [row for row in happened(scenario, day, engine) if row[1] == 2]
    assert rows == [("q", 2, 0, "blocked", None, None), ("q", 2, 1, "answered", "g", 150.0)]


def test_patience_ends_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {"max_waiting": 1}}, {"g": (1, None)})
    day = [("q", 0, 150, 0, INF), ("q", 10, 5, 0, 90.0), ("q", 100, 5, 0, INF)]
    assert happened(scenario, day, engine)[2] == ("q", 2, 0, "answered", "g", 150.0)


def test_patience_ends_and_frees_its_line_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {}}, {"g": (1, None)}, lines=2)
    day = [("q", 0, 150, 0, INF), ("q", 10, 5, 0, 90.0), ("q", 100, 5, 0, INF)]
    assert happened(scenario, day, engine)[2] == ("q", 2, 0, "answered", "g", 150.0)


def test_a_redial_comes_before_a_first_arrival(engine: str) -> None:
    """One agent is free at 100: the redial has him, though its queue and number are the higher ones."""
    scenario = centre({"a": {"balks": 1.0}, "b": redials(60, balks=1.0)}, {"g": (1, None)})
    day = [("b", 0, 50, 0, INF), ("b", 40, 50, 0, INF), ("a", 100, 5, 0, INF)]
    assert happened(scenario, day, engine) == [
        ("a", 0, 0, "balked", None, None),
        ("b", 0, 0, "answered", "g", 0.0),
        ("b", 1, 0, "balked", None, None),
        ("b", 1, 1, "answered", "g", 100.0),
    ]


def test_at_closing_a_patience_that_ends_is_later_than_a_group_that_comes_back(engine: str) -> None:
    """`finish` begins with the hours, the first thing of the closing moment."""
    scenario = centre({"q": {"at_close": "finish"}}, {"g": ([1, 0], None)})
    assert happened(scenario, [("q", 140, 5, 0, 60.0)], engine) == [("q", 0, 0, "answered", "g", 200.0)]


@pytest.mark.parametrize("ends", ["talk", "wrap"])
def test_at_closing_a_hand_that_empties_serves_no_queue_that_drops(engine: str, ends: str) -> None:
    talk, wrap = (100, 0) if ends == "talk" else (60, 40)
    scenario = centre({"q": {"at_close": "drop"}}, {"g": (1, None)})
    day = [("q", 100, talk, wrap, INF), ("q", 110, 5, 0, INF)]
    assert happened(scenario, day, engine)[1] == ("q", 1, 0, "unanswered", None, None)


@pytest.mark.parametrize("ends", ["talk", "wrap"])
def test_at_closing_a_hand_that_empties_serves_a_queue_that_finishes(engine: str, ends: str) -> None:
    talk, wrap = (100, 0) if ends == "talk" else (60, 40)
    scenario = centre({"q": {"at_close": "finish"}}, {"g": (1, None)})
    day = [("q", 100, talk, wrap, INF), ("q", 110, 5, 0, 90.0)]
    assert happened(scenario, day, engine)[1] == ("q", 1, 0, "answered", "g", 200.0)


def test_hands_that_shorten_together_do_so_by_home_queue_then_customer(engine: str) -> None:
    """Three agents come free at 100, each of a group of its own; the callers go to them in that order."""
    queues = {"a": {}, "b": {}, "c": {}}
    agents = {"gb": (1, ["b", "c"]), "ga1": (1, ["a", "c"]), "ga2": (1, ["a", "c"])}
    day = [("b", 0, 100, 0, INF), ("a", 0, 90, 10, INF), ("a", 0, 40, 60, INF)]
    day += [("c", moment, 5, 0, INF) for moment in (10, 11, 12)]
    rows = happened(centre(queues, agents), day, engine)
    assert [row[4] for row in rows] == ["ga1", "ga2", "gb", "ga1", "ga2", "gb"]


def test_redials_of_one_instant_come_by_home_queue_then_customer(engine: str) -> None:
    """At 100 three dial again where one may wait; who gave up first does not matter."""
    queues = {"a": redials(30), "b": redials(60)}
    scenario = centre(queues, {"g": (1, None)}, lines=2)
    day = [("a", 0, 150, 0, INF), ("a", 10, 5, 0, 60.0), ("b", 40, 5, 0, INF), ("a", 70, 5, 0, 0.0)]
    rows = happened(scenario, day, engine)
    assert [row[:4] for row in rows if row[2] == 1][:3] == [
        ("a", 1, 1, "answered"),
        ("a", 2, 1, "blocked"),
        ("b", 0, 1, "blocked"),
    ]


def test_first_arrivals_of_one_instant_come_by_home_queue_then_customer(engine: str) -> None:
    scenario = centre({"a": {"balks": 1.0}, "b": {"balks": 1.0}}, {"g": (2, None)})
    day = [("b", 100, 5, 0, INF), ("a", 100, 5, 0, INF), ("a", 100, 5, 0, INF)]
    assert [row[:4] for row in happened(scenario, day, engine)] == [
        ("a", 0, 0, "answered"),
        ("a", 1, 0, "answered"),
        ("b", 0, 0, "balked"),
    ]


def test_groups_that_come_on_duty_together_look_in_file_order(engine: str) -> None:
    scenario = centre({"q": {}}, {"first": ([0, 1], None), "second": ([0, 1], None)})
    day = [("q", 10, 50, 0, INF), ("q", 20, 50, 0, INF)]
    assert [row[4:] for row in happened(scenario, day, engine)] == [("first", 100.0), ("second", 100.0)]


def test_within_a_queue_callers_of_one_instant_stand_in_order_of_joining(engine: str) -> None:
    """A redial joins before the first arrivals of its instant, and so is served before them."""
    scenario = centre({"q": redials(60, max_waiting=3)}, {"g": (1, None)})
    day = [("q", 0, 150, 0, INF), ("q", 30, 5, 0, 10.0), ("q", 100, 5, 0, INF), ("q", 100, 5, 0, INF)]
    rows = happened(scenario, day, engine)
    answers = [(row[1], row[5]) for row in rows if row[3] == "answered"]
    assert answers == [(0, 0.0), (1, 150.0), (2, 155.0), (3, 160.0)]


def test_each_event_is_carried_out_whole_before_the_next(engine: str) -> None:
    """A call of no length at 100 leaves the agent free again for the next arrival of that instant."""
    scenario = centre({"q": {"balks": 1.0}}, {"g": (1, None)}, lines=1)
    day = [("q", 100, 0, 0, INF), ("q", 100, 0, 0, INF), ("q", 100, 5, 0, INF), ("q", 100, 5, 0, INF)]
    outcomes = [row[3] for row in happened(scenario, day, engine)]
    assert outcomes == ["answered", "answered", "answered", "blocked"]
