"""Things of one instant happen in the order of the model, each with all it causes before the next.

Hours and staffing, talk end, ring end, hand shortens, patience ends, end of hours, offer after some waiting,
overflow, callback due, IVR end, redial, first arrival; within a kind by home queue, customer, need, attempt,
groups in file order. Each test is a
tiny day on which two of these fall on one instant, 100 s, and the other order would give other records. Pairs
left out cannot be told apart by records with the mechanisms there are: staffing against talk end and end of
hours; talk end, ring end and hand shortens against end of hours, for at closing the staffing is 0 first and a
closed queue is served or not by its rule; talk end against ring end, for only the hand's end sets an agent free;
end of hours against offers, redials and first arrivals, which closing excludes; patience and offers against
callback due, for nobody waits on the line while an agent is free. What happens at closing itself is tested.
"""

import math
from typing import Any

import pytest
from test_stories import ENGINES, play, rows_of

INF = math.inf
TALK = {"arrivals": {"per_interval": 5}, "talk": {"distribution": "constant", "value": "60 s"}}
COLUMNS = ("queue", "customer", "attempt", "outcome", "group", "answered")
CALLBACK = ("queue", "customer", "outcome", "group", "callback_offered", "callback_connected", "dials")

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


def callback(offer: Any = "always", **rules: Any) -> dict[str, Any]:
    """A queue whose callers all accept a callback when it is offered; it rings for no time unless told."""
    return {"callback": {"offer": offer, "accept": 1.0, **rules}}


def nobody(ring: float) -> dict[str, Any]:
    """A queue whose callers all accept a callback at once and never pick up; there is one dial."""
    return callback(ring=f"{ring} s", reached=0.0, attempts=1)


def later(after: float, **queue: Any) -> dict[str, Any]:
    """A queue whose callers all accept a callback at once, for so many seconds later."""
    return callback(place="later", after=f"{after} s") | queue


WAITED = callback({"waited": "60 s"})
FIRST_OF_ALL = {"head_start": "1 h"}
Calls = list[tuple[str, float, float, float, float]]  # queue, arrived, talk, wrap, patience


def happened(
    scenario: dict[str, Any], day: Calls, engine: str, columns: tuple[str, ...] = COLUMNS
) -> list[Any]:
    return rows_of(*play(scenario, day, engine), columns)


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


# Ring end: customer 0 of `cb` asks at 10 to be called back, is dialled at 50 and not reached at 100

BUSY_TILL_50 = ("q", 0, 50, 0, INF)
ASKS = ("cb", 10, 5, 0, INF)


def test_staffing_falls_before_a_ring_ends(engine: str) -> None:
    """The agent takes nobody more, and comes back at closing to finish."""
    scenario = centre({"q": {}, "cb": nobody(50)}, {"g": ([1, 0], None)})
    rows = happened(scenario, [BUSY_TILL_50, ASKS, ("q", 60, 5, 0, INF)], engine)
    assert rows[1] == ("q", 1, 0, "answered", "g", 200.0)


def test_a_ring_ends_before_a_hand_shortens(engine: str) -> None:
    """Whoever has dialled in vain takes the caller, not the group whose wrap-up ends."""
    agents = {"talks": (1, ["q"]), "dials": (1, ["q", "cb"])}
    day = [("q", 0, 80, 20, INF), BUSY_TILL_50, ASKS, ("q", 60, 5, 0, INF)]
    rows = happened(centre({"q": {}, "cb": nobody(50)}, agents), day, engine)
    assert [row[4:] for row in rows[:3]] == [("talks", 0.0), ("dials", 0.0), ("dials", 100.0)]


def test_a_ring_ends_before_patience_ends(engine: str) -> None:
    scenario = centre({"q": {}, "cb": nobody(50)}, {"g": (1, None)})
    rows = happened(scenario, [BUSY_TILL_50, ASKS, ("q", 60, 5, 0, 40.0)], engine)
    assert rows[1] == ("q", 1, 0, "answered", "g", 100.0)


def test_a_ring_ends_before_a_waited_offer(engine: str) -> None:
    """The offer of 100 is not made, for the agent who has dialled in vain answers."""
    scenario = centre({"q": {}, "cb": nobody(50), "w": WAITED}, {"g": (1, None)})
    rows = happened(scenario, [BUSY_TILL_50, ASKS, ("w", 40, 5, 0, INF)], engine, (*CALLBACK, "answered"))
    # w0 waits from 40; cb0 stands before it, since 10
    assert rows[1] == ("cb", 0, "callback_failed", None, 10.0, None, 1, None)
    assert rows[2] == ("w", 0, "answered", "g", None, None, 0, 100.0)


def test_a_ring_ends_before_a_callback_is_due(engine: str) -> None:
    """The agent takes who waits, though the request due at 100 would come first by its head start."""
    scenario = centre({"late": later(80, **FIRST_OF_ALL), "q": {}, "cb": nobody(50)}, {"g": (1, None)})
    day = [BUSY_TILL_50, ASKS, ("late", 20, 5, 0, INF), ("q", 60, 5, 0, INF)]
    rows = happened(scenario, day, engine, (*CALLBACK, "answered"))
    assert rows[0] == ("late", 0, "callback_served", "g", 20.0, 105.0, 1, None)
    assert rows[2] == ("q", 1, "answered", "g", None, None, 0, 100.0)


def test_a_ring_ends_before_a_redial(engine: str) -> None:
    scenario = centre({"q": redials(60, balks=1.0), "cb": nobody(50)}, {"g": (1, None)})
    rows = happened(scenario, [BUSY_TILL_50, ASKS, ("q", 40, 5, 0, INF)], engine)
    assert rows[1:3] == [("q", 1, 0, "balked", None, None), ("q", 1, 1, "answered", "g", 100.0)]


def test_a_ring_ends_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {"balks": 1.0}, "cb": nobody(50)}, {"g": (1, None)})
    rows = happened(scenario, [BUSY_TILL_50, ASKS, ("q", 100, 5, 0, INF)], engine)
    assert rows[1] == ("q", 1, 0, "answered", "g", 100.0)


def test_rings_that_end_together_do_so_by_home_queue_then_customer(engine: str) -> None:
    """Three agents have dialled in vain at 100, each of a group of its own; the callers go to them in order."""
    queues = {"a": nobody(50), "b": nobody(50), "c": {}}
    agents = {"gb": (1, ["b", "c"]), "ga1": (1, ["a", "c"]), "ga2": (1, ["a", "c"])}
    day = [("b", 0, 50, 0, INF), ("a", 0, 50, 0, INF), ("a", 0, 50, 0, INF)]
    day += [("b", 10, 5, 0, INF), ("a", 11, 5, 0, INF), ("a", 12, 5, 0, INF)]
    day += [("c", moment, 5, 0, INF) for moment in (60, 61, 62)]
    rows = happened(centre(queues, agents), day, engine)
    assert [row[3] for row in rows[2:4]] == ["callback_failed"] * 2
    assert [row[4] for row in rows if row[0] == "c"] == ["ga1", "ga2", "gb"]


@pytest.mark.parametrize("at_close", ["drop", "finish"])
def test_a_caller_who_picks_up_at_the_very_moment_of_closing_is_served(engine: str, at_close: str) -> None:
    scenario = centre({"cb": callback(ring="50 s") | {"at_close": at_close}}, {"g": (1, None)})
    rows = happened(scenario, [("cb", 100, 50, 0, INF), ("cb", 110, 5, 0, INF)], engine, CALLBACK)
    assert rows[1] == ("cb", 1, "callback_served", "g", 110.0, 200.0, 1)


def test_a_dial_in_vain_that_ends_at_closing_fails_where_the_queue_drops(engine: str) -> None:
    """It would be tried again at that very instant; nor does the agent take who waits."""
    cb = callback(ring="50 s", reached=0.0, retry_after="0 s") | {"at_close": "drop"}
    scenario = centre({"cb": cb, "q": {"at_close": "drop"}}, {"g": (1, None)})
    day = [("cb", 100, 50, 0, INF), ("cb", 110, 5, 0, INF), ("q", 120, 5, 0, INF)]
    assert happened(scenario, day, engine, CALLBACK)[1:] == [
        ("cb", 1, "callback_failed", None, 110.0, None, 1),
        ("q", 0, "unanswered", None, None, None, 0),
    ]


def test_a_dial_in_vain_that_ends_at_closing_is_tried_again_where_the_queue_finishes(engine: str) -> None:
    """The agent first takes who waits; the request, due again at 200, is dialled at 205."""
    cb = callback(ring="50 s", reached=0.0, retry_after="0 s", attempts=2)
    scenario = centre({"cb": cb, "q": {}}, {"g": (1, None)}, at_close="finish")
    day = [("cb", 100, 50, 0, INF), ("cb", 110, 5, 0, INF), ("q", 120, 5, 0, INF)]
    assert happened(scenario, day, engine, (*CALLBACK, "answered"))[1:] == [
        ("cb", 1, "callback_failed", None, 110.0, None, 2, None),
        ("q", 0, "answered", "g", None, None, 0, 200.0),
    ]


# Offers after some waiting: put at 100 to who has waited since 40


def test_staffing_rises_before_a_waited_offer(engine: str) -> None:
    scenario = centre({"q": WAITED}, {"g": ([0, 1], None)})
    rows = happened(scenario, [("q", 40, 5, 0, INF)], engine, CALLBACK)
    assert rows == [("q", 0, "answered", "g", None, None, 0)]


@pytest.mark.parametrize("wrap", [0, 20])
def test_an_agent_comes_free_before_a_waited_offer(engine: str, wrap: float) -> None:
    scenario = centre({"q": WAITED}, {"g": (1, None)})
    rows = happened(scenario, [("q", 0, 100 - wrap, wrap, INF), ("q", 40, 5, 0, INF)], engine, CALLBACK)
    assert rows[1] == ("q", 1, "answered", "g", None, None, 0)


def test_patience_ends_before_a_waited_offer(engine: str) -> None:
    """No offer at the very instant of hanging up; a second later there is one."""
    scenario = centre({"q": WAITED}, {"g": (1, None)})
    day = [("q", 0, 150, 0, INF), ("q", 40, 5, 0, 60.0), ("q", 40, 5, 0, 61.0)]
    assert happened(scenario, day, engine, CALLBACK)[1:] == [
        ("q", 1, "abandoned", None, None, None, 0),
        ("q", 2, "callback_served", "g", 100.0, 150.0, 1),
    ]


@pytest.mark.parametrize(("at_close", "outcome"), [("drop", "unanswered"), ("finish", "answered")])
def test_at_closing_and_after_it_there_are_no_waited_offers(engine: str, at_close: str, outcome: str) -> None:
    """Joined at 139, 140 and 141: offered at 199, and at 200 and 201 not any more."""
    scenario = centre({"q": WAITED | {"at_close": at_close}}, {"g": (1, None)})
    day = [("q", 100, 150, 0, INF), *(("q", moment, 5, 0, INF) for moment in (139, 140, 141))]
    rows = happened(scenario, day, engine, CALLBACK)
    assert [row[4] for row in rows] == [None, 199.0, None, None]
    assert [row[2] for row in rows[2:]] == [outcome] * 2


def test_a_waited_offer_comes_before_a_redial(engine: str) -> None:
    """The one place to wait is left at 100, and the redial of that instant gets it."""
    scenario = centre({"q": redials(60, max_waiting=1) | WAITED}, {"g": (1, None)})
    day = [("q", 0, 150, 0, INF), ("q", 40, 5, 0, INF), ("q", 40, 5, 0, INF)]
    assert happened(scenario, day, engine, (*CALLBACK, "attempt", "wait"))[1:] == [
        ("q", 1, "callback_served", "g", 100.0, 150.0, 1, 0, 60.0),
        ("q", 2, "blocked", None, None, None, 0, 0, None),
        ("q", 2, "answered", "g", None, None, 0, 1, 55.0),
    ]


def test_a_waited_offer_comes_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {"max_waiting": 1} | WAITED}, {"g": (1, None)})
    day = [("q", 0, 150, 0, INF), ("q", 40, 5, 0, INF), ("q", 100, 5, 0, INF)]
    rows = happened(scenario, day, engine)
    assert rows[2] == ("q", 2, 0, "answered", "g", 155.0)


def test_a_waited_offer_frees_its_line_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": WAITED}, {"g": (1, None)}, lines=2)
    day = [("q", 0, 150, 0, INF), ("q", 40, 5, 0, INF), ("q", 100, 5, 0, INF)]
    assert happened(scenario, day, engine)[2] == ("q", 2, 0, "answered", "g", 155.0)


def test_waited_offers_of_one_instant_come_in_order_of_customers(engine: str) -> None:
    """Only one request may be pending."""
    scenario = centre({"q": callback({"waited": "60 s"}, max_pending=1)}, {"g": (1, None)})
    day = [("q", 0, 150, 0, INF), ("q", 40, 5, 0, INF), ("q", 40, 5, 0, INF)]
    assert [row[4] for row in happened(scenario, day, engine, CALLBACK)] == [None, 100.0, None]


# Callbacks due: the customer of `late` asks at 20, to be called back at 100


def test_staffing_rises_before_a_callback_is_due(engine: str) -> None:
    """Who comes on duty takes the caller on the line, though the request would come first by its head start."""
    scenario = centre({"late": later(80, **FIRST_OF_ALL), "q": {}}, {"g": ([0, 1], None)})
    day = [("late", 20, 5, 0, INF), ("q", 60, 5, 0, INF)]
    assert happened(scenario, day, engine, (*CALLBACK, "answered")) == [
        ("late", 0, "callback_served", "g", 20.0, 105.0, 1, None),
        ("q", 0, "answered", "g", None, None, 0, 100.0),
    ]


@pytest.mark.parametrize("wrap", [0, 20])
def test_an_agent_comes_free_before_a_callback_is_due(engine: str, wrap: float) -> None:
    scenario = centre({"late": later(80, **FIRST_OF_ALL), "q": {}}, {"g": (1, None)})
    day = [("q", 0, 100 - wrap, wrap, INF), ("late", 20, 5, 0, INF), ("q", 60, 5, 0, INF)]
    rows = happened(scenario, day, engine, (*CALLBACK, "answered"))
    assert rows[0] == ("late", 0, "callback_served", "g", 20.0, 105.0, 1, None)
    assert rows[2] == ("q", 1, "answered", "g", None, None, 0, 100.0)


def test_a_callback_is_due_before_a_redial(engine: str) -> None:
    """One agent is free at 100: the request has him."""
    scenario = centre({"q": redials(60, balks=1.0), "late": later(80)}, {"g": (1, None)})
    day = [BUSY_TILL_50, ("late", 20, 5, 0, INF), ("q", 40, 5, 0, INF)]
    rows = happened(scenario, day, engine)
    assert rows[1:4] == [
        ("q", 1, 0, "balked", None, None),
        ("q", 1, 1, "balked", None, None),
        ("q", 1, 2, "answered", "g", 160.0),
    ]


def test_a_callback_is_due_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"q": {"balks": 1.0}, "late": later(80)}, {"g": (1, None)})
    day = [BUSY_TILL_50, ("late", 20, 5, 0, INF), ("q", 100, 5, 0, INF)]
    assert happened(scenario, day, engine, CALLBACK)[1:] == [
        ("q", 1, "balked", None, None, None, 0),
        ("late", 0, "callback_served", "g", 20.0, 100.0, 1),
    ]


def test_a_callback_is_due_again_before_a_first_arrival(engine: str) -> None:
    """Dialled at 50 and 100, in vain both times, for 10 s."""
    cb = callback(ring="10 s", reached=0.0, attempts=2, retry_after="40 s")
    scenario = centre({"q": {"balks": 1.0}, "cb": cb}, {"g": (1, None)})
    rows = happened(scenario, [BUSY_TILL_50, ASKS, ("q", 100, 5, 0, INF)], engine, CALLBACK)
    assert rows[1:] == [
        ("q", 1, "balked", None, None, None, 0),
        ("cb", 0, "callback_failed", None, 10.0, None, 2),
    ]


def test_callbacks_due_at_one_instant_come_by_home_queue_then_customer(engine: str) -> None:
    """Who asked first does not matter."""
    scenario = centre({"a": later(60), "b": later(80), "q": {}}, {"g": (1, None)})
    day = [BUSY_TILL_50, ("b", 20, 5, 0, INF), ("a", 40, 5, 0, INF), ("a", 40, 5, 0, INF)]
    rows = happened(scenario, day, engine, CALLBACK)
    assert [(row[0], row[1], row[5]) for row in rows[:3]] == [
        ("a", 0, 100.0),
        ("a", 1, 105.0),
        ("b", 0, 110.0),
    ]


def test_a_request_that_falls_due_stands_before_the_first_arrivals_of_its_instant(engine: str) -> None:
    """One request may be pending, so the caller of 100 waits on the line."""
    queue = callback(place="later", after="80 s", max_pending=1)
    scenario = centre({"q": queue}, {"g": (1, None)})
    day = [("q", 0, 150, 0, INF), ("q", 20, 5, 0, INF), ("q", 100, 5, 0, INF)]
    assert happened(scenario, day, engine, (*CALLBACK, "answered"))[1:] == [
        ("q", 1, "callback_served", "g", 20.0, 150.0, 1, None),
        ("q", 2, "answered", "g", None, None, 0, 155.0),
    ]


@pytest.mark.parametrize(
    ("at_close", "expected"),
    [("drop", ("callback_failed", None, None, 0)), ("finish", ("callback_served", "g", 200.0, 1))],
)
def test_a_request_that_falls_due_at_closing_goes_by_the_rule_of_its_queue(
    engine: str, at_close: str, expected: tuple[Any, ...]
) -> None:
    """The agent is free, but nobody dials for a queue that has dropped its requests."""
    scenario = centre({"q": {}, "late": later(80, at_close=at_close)}, {"g": (1, None)})
    day = [("q", 100, 50, 0, INF), ("late", 120, 5, 0, INF)]
    columns = ("outcome", "group", "callback_connected", "dials")
    assert happened(scenario, day, engine, columns)[1] == expected


# Hours, the IVR, overflow

UNTIL_100, FROM_100 = "00:00:00-00:01:40", "00:01:40-00:03:20"


def ivr(seconds: float) -> dict[str, Any]:
    """A queue whose callers all go on to it after so long."""
    return {"ivr": {"time": {"distribution": "constant", "value": f"{seconds} s"}}}


def passes_on(to: str) -> dict[str, Any]:
    return {"transfer": {"to": to, "share": 1.0}}


def test_hours_end_before_a_talk_does(engine: str) -> None:
    """Whoever is transferred at the moment of closing finds it closed."""
    scenario = centre({"a": passes_on("b"), "b": {"hours": UNTIL_100}}, {"g": (2, None)})
    rows = happened(scenario, [("a", 40, 60, 0, INF)], engine)
    assert rows == [("a", 0, 0, "answered", "g", 40.0), ("b", 0, 0, "closed", None, None)]


def test_hours_begin_before_a_talk_ends(engine: str) -> None:
    scenario = centre({"a": passes_on("b"), "b": {"hours": FROM_100}}, {"g": (2, None)})
    rows = happened(scenario, [("a", 40, 60, 0, INF)], engine)
    assert rows[1] == ("b", 0, 0, "answered", "g", 100.0)


@pytest.mark.parametrize(("hours", "outcome"), [(UNTIL_100, "closed"), (FROM_100, "answered")])
def test_hours_change_before_a_first_arrival(engine: str, hours: str, outcome: str) -> None:
    rows = happened(centre({"q": {"hours": hours}}, {"g": (1, None)}), [("q", 100, 5, 0, INF)], engine)
    assert rows[0][3] == outcome


def test_hours_end_before_the_ivr_does(engine: str) -> None:
    scenario = centre({"q": {"hours": UNTIL_100} | ivr(60)}, {"g": (1, None)})
    assert happened(scenario, [("q", 40, 5, 0, INF)], engine) == [("q", 0, 0, "closed", None, None)]


def test_patience_ends_before_the_end_of_hours_during_the_day(engine: str) -> None:
    scenario = centre({"q": {"hours": UNTIL_100, "at_close": "drop"}}, {"g": ([0, 1], None)})
    day = [("q", 40, 5, 0, 60.0), ("q", 40, 5, 0, 61.0)]
    assert [row[3] for row in happened(scenario, day, engine)] == ["abandoned", "unanswered"]


def test_patience_ends_before_an_overflow(engine: str) -> None:
    scenario = centre({"q": {}}, {"g": (1, {"q": {"overflow_after": "60 s"}})})
    day = [("q", 40, 5, 0, 60.0), ("q", 40, 5, 0, 61.0)]
    assert [row[3] for row in happened(scenario, day, engine)] == ["abandoned", "answered"]


def test_an_offer_is_put_before_an_overflow(engine: str) -> None:
    """The caller accepts at 100, and is dialled at once: the moment from which others may has come."""
    scenario = centre({"q": WAITED}, {"g": (1, {"q": {"overflow_after": "60 s"}})})
    rows = happened(scenario, [("q", 40, 5, 0, INF)], engine, CALLBACK)
    assert rows == [("q", 0, "callback_served", "g", 100.0, 100.0, 1)]


def test_an_overflow_comes_before_a_callback_is_due(engine: str) -> None:
    """The agent is free from 45 on; at 100 it takes the caller, and dials when that has gone."""
    scenario = centre({"a": later(60), "b": {}}, {"g": (1, {"a": {}, "b": {"overflow_after": "60 s"}})})
    day = [("a", 0, 45, 0, INF), ("a", 40, 5, 0, INF), ("b", 40, 5, 0, INF)]
    rows = happened(scenario, day, engine, ("queue", "customer", "outcome", "answered", "callback_connected"))
    assert rows[1:] == [("a", 1, "callback_served", None, 105.0), ("b", 0, "answered", 100.0, None)]


def test_a_callback_is_due_before_the_ivr_ends(engine: str) -> None:
    scenario = centre({"a": ivr(60), "b": later(60)}, {"g": (1, None)})
    day = [("b", 0, 45, 0, INF), ("b", 40, 5, 0, INF), ("a", 40, 5, 0, INF)]
    rows = happened(scenario, day, engine, ("queue", "customer", "outcome", "answered", "callback_connected"))
    assert rows == [
        ("a", 0, "answered", 105.0, None),
        ("b", 0, "answered", 0.0, None),
        ("b", 1, "callback_served", None, 100.0),
    ]


def test_the_ivr_ends_before_a_redial(engine: str) -> None:
    scenario = centre({"a": redials(60, max_waiting=0), "b": ivr(60)}, {"g": (1, None)})
    day = [("a", 0, 50, 0, INF), ("a", 40, 5, 0, INF), ("b", 40, 10, 0, INF)]
    rows = happened(scenario, day, engine)
    assert rows[2:] == [
        ("a", 1, 1, "blocked", None, None),
        ("a", 1, 2, "answered", "g", 160.0),
        ("b", 0, 0, "answered", "g", 100.0),
    ]


def test_the_ivr_ends_before_a_first_arrival(engine: str) -> None:
    scenario = centre({"a": {"max_waiting": 0}, "b": ivr(60)}, {"g": (1, None)})
    rows = happened(scenario, [("a", 100, 5, 0, INF), ("b", 40, 10, 0, INF)], engine)
    assert rows == [("a", 0, 0, "blocked", None, None), ("b", 0, 0, "answered", "g", 100.0)]


def test_the_hours_of_all_queues_change_before_anybody_looks(engine: str) -> None:
    """At 100 the agent is free and both lines open: the head start decides, not the order of the file."""
    backlog = {"hours": FROM_100, "at_close": "carry", "backlog": {"count": 1, "age": "10 s"}}
    scenario = centre({"a": backlog, "b": backlog | FIRST_OF_ALL}, {"g": (1, None)})
    day = [("a", -10, 5, 0, INF), ("b", -10, 5, 0, INF)]
    rows = happened(scenario, day, engine)
    assert rows == [("a", 0, 0, "answered", "g", 105.0), ("b", 0, 0, "answered", "g", 100.0)]
