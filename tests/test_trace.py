"""Recorded contacts: `arrivals: {trace: …}` brings them as they were, and draws only what nobody can know."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, lognorm

import sim
from sim.engines import compiled, reference
from sim.errors import InputError
from sim.model.centre import NEVER_AGAIN, UNKNOWN, centre_of
from sim.model.day import deal

ENGINES = {"reference": reference, "compiled": compiled}
FOUR = {
    "arrived": [0, 10, 20, 100],
    "talk": [100, None, 30, 40],
    "wait": [0, 25, 80, 0],
    "hung_up": [0, 1, 0, 0],
}  # the second hangs up at 35; the third is answered when the first is done


def document(trace: Any, staffing: Any = 1, **queue: Any) -> dict[str, Any]:
    return {
        "length": "1 h",
        "interval": "30 min",
        "queues": {
            "calls": {
                "arrivals": {"trace": trace},
                "talk": {"distribution": "constant", "value": "60 s"},
                "patience": {"distribution": "exponential", "mean": "5 min"},
            }
            | queue
        },
        "agents": {"team": {"staffing": staffing, "skills": ["calls"]}},
    }


def played(mapping: dict[str, Any], engine: str = "reference", replication: int = 0, seed: int = 1) -> Any:
    centre = centre_of(sim.Scenario(**mapping))
    return ENGINES[engine].play(centre, deal(centre.demand, seed, replication), seed, replication)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_recorded_day_under_its_own_staffing_is_the_day_that_was(engine: str) -> None:
    r = played(document(FOUR), engine)
    assert r.wait.tolist() == [0, 25, 80, 30]
    assert [int(x) for x in r.outcome] == [0, 1, 0, 0]
    assert r.talk_end.tolist()[0::2] == [100, 130]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_attempt_that_followed_a_hang_up_is_spared_where_the_first_is_answered(engine: str) -> None:
    again = {
        "arrived": [0, 10, 95],
        "talk": [100, None, 40],
        "wait": [0, 25, 5],
        "hung_up": [0, 1, 0],
        "attempt": [1, 1, 2],
    }
    alone, two = (played(document(again, staffing), engine) for staffing in (1, 2))
    assert alone.attempt.tolist() == [0, 0, 1]
    assert alone.arrived.tolist() == [0, 10, 95]
    assert alone.wait.tolist() == [0, 25, 5]
    assert two.attempt.tolist() == [0, 0], "nobody dials again who was served"
    assert two.talk_end.tolist() == [100, 50], (
        "the talk of the need is known from the attempt that was answered"
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_whoever_is_known_not_to_have_come_back_does_not(engine: str) -> None:
    redial = {"share": 1, "after": {"distribution": "constant", "value": "60 s"}}
    known, unknown = (
        played(document(FOUR | {"last": [0, last, 0, 0]}, redial=redial), engine) for last in (1, 0)
    )
    assert known.attempt.tolist() == [0, 0, 0, 0]
    assert unknown.attempt.tolist()[:3] == [0, 0, 1]
    assert unknown.arrived[2] == 35 + 60


def test_replication_r_brings_recorded_day_r_again_and_again() -> None:
    two = {"day": ["2026-02-01", "2026-01-31", "2026-02-01"], "arrived": [5, 7, 6], "talk": [1, 2, 3]}
    demand = centre_of(sim.Scenario(**document(two))).demand
    days = [deal(demand, 1, r).arrived.tolist() for r in range(4)]
    assert days == [[7], [5, 6], [7], [5, 6]]


def test_days_that_are_numbers_follow_by_size_and_a_day_without_contacts_is_a_day() -> None:
    three = {"day": [10, 2], "arrived": [5, 7], "days": [10, 2, 3]}
    scenario = sim.Scenario(**document(three))
    days = [deal(centre_of(scenario).demand, 1, r).arrived.tolist() for r in range(3)]
    assert days == [[7], [], [5]]
    assert scenario.expected("calls").tolist() == [2 / 3, 0]


def test_patience_of_the_answered_is_drawn_among_what_outlasts_their_wait() -> None:
    """A KS test at level 0.001, seed fixed: what lies beyond 3 min of a lognormal patience."""
    n, wait = 2000, 180.0
    trace = {"arrived": [float(k) for k in range(n)], "wait": [wait] * n, "talk": [1.0] * n}
    patience = {"distribution": "lognormal", "mean": "4 min", "cv": 1.0}
    demand = centre_of(sim.Scenario(**document(trace, patience=patience))).demand
    drawn = deal(demand, 7, 0).patience
    sigma = math.sqrt(math.log(2.0))
    law = lognorm(sigma, scale=240.0 * math.exp(-(sigma**2) / 2))
    assert drawn.min() >= wait
    beyond = (law.cdf(drawn) - law.cdf(wait)) / law.sf(wait)
    assert kstest(beyond, "uniform").pvalue > 0.001
    assert kstest(law.cdf(drawn), "uniform").pvalue < 1e-9, "the test can fail"


def test_a_hang_up_has_the_patience_it_had_and_those_who_never_hang_up_stay_so() -> None:
    trace = {"arrived": [0.0, 1.0], "wait": [17.0, 500.0], "hung_up": [1, 0]}
    patience = {"distribution": "constant", "value": "60 s", "never_hangs_up": 0.5}
    day = deal(centre_of(sim.Scenario(**document(trace, patience=patience))).demand, 1, 0)
    assert day.patience.tolist() == [17.0, math.inf]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_day_of_our_own_recorded_and_replayed_is_the_same_day(engine: str) -> None:
    """Whatever is drawn anew is what nobody saw: the patience of the answered, the talk of those who hung up."""
    mapping = document(None, [3, 5])
    mapping["queues"]["calls"]["arrivals"] = {"per_interval": [60, 90]}
    mapping["queues"]["calls"]["talk"] = {"distribution": "exponential", "mean": "3 min"}
    was = played(mapping, engine, replication=4)
    hung_up = was.outcome == 1
    trace = {
        "arrived": was.arrived.tolist(),
        "talk": [None if math.isnan(x) else x for x in (was.talk_end - was.answered).tolist()],
        "wait": was.wait.tolist(),
        "hung_up": hung_up.astype(int).tolist(),
    }
    mapping["queues"]["calls"]["arrivals"] = {"trace": trace}
    now = played(mapping, engine, seed=99)
    assert hung_up.sum() > 5
    assert np.array_equal(now.outcome, was.outcome)
    assert np.allclose(now.wait, was.wait, rtol=0, atol=1e-9)


def test_a_trace_is_read_from_a_file_of_several_queues(tmp_path: Path) -> None:
    lines = [
        "queue,day,arrived,talk,wait,hung_up,attempt,last",
        "calls,2026-01-05,10,100,0,0,1,",
        "mail,2026-01-05,1,2,3,0,1,",
        "calls,2026-01-05,20,,25,1,1,",
        "calls,2026-01-05,60,30,0,0,2,",
        "mail,2026-01-06,5,2,3,0,1,",
    ]
    (tmp_path / "log.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps(document("log.csv")), encoding="utf-8")
    scenario = sim.load(tmp_path / "s.json")
    trace = scenario.queues["calls"].arrivals.trace
    assert trace.days == ("2026-01-05", "2026-01-06")
    assert trace.attempt.tolist() == [1, 1, 2]
    day = deal(centre_of(scenario).demand, 1, 0)
    assert day.again.tolist() == [UNKNOWN, 2, UNKNOWN]
    assert day.arrived.tolist() == [10, 20, 15], "of a next attempt the delay since the end of the one before"
    assert sim.Scenario(**scenario.written_out) == scenario, "the columns stand in what is written out"


def test_a_known_last_attempt_is_marked_in_the_day() -> None:
    day = deal(centre_of(sim.Scenario(**document(FOUR | {"last": [0, 1, 0, 0]}))).demand, 1, 0)
    assert day.again.tolist() == [UNKNOWN, NEVER_AGAIN, UNKNOWN, UNKNOWN]


def test_a_plan_may_bring_recorded_contacts_and_another_may_not_scale_them() -> None:
    scenario = sim.Scenario(**document(FOUR))
    assert scenario.with_({"queues.calls.arrivals": {"rate": "1 / min"}}).expected("calls").sum() == 60
    with pytest.raises(InputError, match="volume: does not go with a trace"):
        scenario.with_({"queues.calls.arrivals.volume": 1.1})


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        ({}, "the trace has no contacts"),
        ("no.csv", "no such file"),
        (7, "7 is no trace; name a CSV or XLSX file"),
        ({"arrived": [1, 2], "talk": [1]}, "2 values of arrived and 1 of talk"),
        ({"arived": [1]}, 'no column "arived" of a trace (did you mean "arrived"?)'),
        ({"arrived": [1, None]}, "contact 2 of the trace: arrived is nan"),
        ({"arrived": [1], "talk": [-3]}, "contact 1 of the trace: talk is -3"),
        ({"arrived": [1], "talk": [1e300]}, "contact 1 of the trace: talk is 1e+300"),
        ({"arrived": [1], "talk": ["x"]}, "column talk holds something that is no number"),
        ({"arrived": [1], "hung_up": [1]}, "contact 1 of the trace hung up, and has no wait"),
        ({"arrived": [1], "hung_up": [2]}, "hung_up is 2; give a whole number from 0 to 1"),
        ({"arrived": [1], "attempt": [2]}, "is attempt 2, and does not follow the one above"),
        ({"arrived": [1, 5], "attempt": [1, 2], "wait": [30, 0]}, "does not follow the one above"),
        ({"arrived": [1, 50], "attempt": [1, 2], "wait": [30, 0], "last": [1, 0]}, "does not follow"),
        ({"arrived": [3600]}, "a contact arrives 1 h from opening, and the horizon is 1 h"),
        ({"arrived": [1], "day": ["a"], "days": ["b"]}, 'contacts of day "a", which is not one of its days'),
    ],
)
def test_a_trace_that_cannot_be_is_refused_in_a_sentence(trace: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        sim.Scenario(**document(trace))
    assert said in str(error.value)
    assert error.value.path.startswith("queues.calls.arrivals")


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"backlog": {"count": 3, "age": "1 h"}}, "queues.calls.backlog"),
        ({"ivr": {"time": {"distribution": "constant", "value": "5 s"}}}, "queues.calls.ivr"),
    ],
)
def test_what_a_record_has_already_cannot_be_added(more: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError, match="does not go with a trace") as error:
        sim.Scenario(**document(FOUR, **more))
    assert error.value.path == path


def test_an_event_cannot_change_the_volume_of_recorded_contacts() -> None:
    event = {"at": "00:10", "for": "10 min", "volume": 2}
    with pytest.raises(InputError, match='the contacts of "calls" are recorded') as error:
        sim.Scenario(**document(FOUR), events=[event])
    assert error.value.path == "events.[0].volume"
