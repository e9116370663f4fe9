"""What the formula would have said: figures beside the simulation, and a reason for each gap that is the right one."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.cli import main
from sim.errors import InputError
from sim.measures.estimate import Estimate
from sim.reports.beside_formulas import Row, beside, formulas_document, formulas_table
from sim.reports.gaps import gap
from sim.reports.planner import heads, inputs, mean_patience
from sim.scenario.schema import Scenario
from sim.theory import erlang_a, erlang_c

EXPONENTIAL = {"distribution": "exponential", "mean": "3 min"}
QUEUE: dict[str, Any] = {"arrivals": {"per_interval": 100}, "talk": EXPONENTIAL}
PATIENT: dict[str, Any] = {"patience": {"distribution": "exponential", "mean": "2 min"}}


def scenario(
    queue: dict[str, Any] | None = None, group: dict[str, Any] | None = None, **top: Any
) -> Scenario:
    """M/M/12 with 10 erlangs, the first two of six hours a warm-up, unless changed."""
    document: dict[str, Any] = {
        "opens": "08:00", "closes": "14:00", "warm_up": "2 h",
        "queues": {"q": QUEUE | (queue or {})},
        "agents": {"g": {"staffing": 12, "skills": ["q"]} | (group or {})},
    }  # fmt: skip
    return Scenario(**(document | top))


def rows(made: Scenario, replications: int = 60) -> list[Row]:
    return beside(sim.simulate(made, replications=replications, by_interval=True))


def kinds(found: list[Row], queue: str = "q") -> set[str]:
    return {reason.kind for row in found if row.queue == queue for reason in row.reasons}


@cache
def plain() -> tuple[Row, ...]:
    return tuple(rows(scenario(), 400))


def test_a_stationary_queue_agrees_with_erlang_c_and_needs_no_reasons() -> None:
    day = plain()[-1]
    known = erlang_c(arrival_rate=100 / 1800, mean_handle=180.0, agents=12, within=20.0)
    assert day.start is None and day.c is not None and day.a is None
    assert day.c["service_level"] == pytest.approx(known.service_level, rel=1e-12)
    assert day.c["mean_wait"] == pytest.approx(known.mean_wait, rel=1e-12)
    for metric in ("service_level", "mean_wait"):
        estimate = day.simulated[metric]
        assert abs(estimate.value - day.c[metric]) < 1.5 * estimate.margin
    assert [row.reasons for row in plain()] == [()] * 9


def test_a_stationary_queue_with_patience_agrees_with_erlang_a() -> None:
    found = rows(scenario(PATIENT), 200)
    day = found[-1]
    known = erlang_a(arrival_rate=100 / 1800, mean_handle=180.0, agents=12, mean_patience=120.0, within=20.0)
    assert day.a is not None and day.a["abandonment_rate"] == pytest.approx(known.abandonment_rate, rel=1e-12)
    for metric in ("service_level", "abandonment_rate", "mean_wait", "asa"):
        assert gap(metric, day.simulated[metric], day.a[metric]) == 0
    assert {reason.kind for reason in day.reasons} == {"abandonment"}
    assert day.reasons[0].of == ("c",)


def test_intervals_of_the_warm_up_are_left_out() -> None:
    assert [row.start for row in plain()] == [
        "10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "13:00", "13:30", None,
    ]  # fmt: skip


NO_WARM_UP: dict[str, Any] = {"warm_up": "0 s"}
TWO: dict[str, Any] = {
    "queues": {"q": QUEUE, "other": QUEUE | {"arrivals": {"per_interval": 40}}},
    "agents": {"g": {"staffing": 16, "skills": ["q", "other"]}},
}
FIRST = {"g": {"staffing": 16, "skills": {"q": {}, "other": {"level": 2}}}}
REDIAL = {"redial": {"share": 0.9, "after": {"distribution": "exponential", "mean": "5 min"}}}
STEPS = {"arrivals": {"per_interval": [100, 100, 100, 100, 150, 60, 100, 100, 100, 100, 100, 100]}}
CASES: dict[str, Scenario] = {
    "unbounded": scenario(group={"staffing": 10}),
    "abandonment": scenario(PATIENT),
    "daily_variation": scenario({"arrivals": {"per_interval": 100, "daily_variation": 0.4}} | PATIENT),
    "redials": scenario(PATIENT | REDIAL, {"staffing": 9}),
    "repeats": scenario({"repeat": {"share": 0.1, "after": EXPONENTIAL}} | PATIENT),
    "transfers": scenario(
        queues={
            "q": QUEUE,
            "other": QUEUE | {"arrivals": {"per_interval": 40}, "transfer": [{"to": "q", "share": 0.2}]},
        },
        agents={"g": {"staffing": 12, "skills": ["q"]}, "h": {"staffing": 8, "skills": ["other"]}},
    ),
    "switches": scenario(
        queues={"q": QUEUE, "other": QUEUE | PATIENT | {"switch": {"to": "q", "share": 0.5}}},
        agents={"g": {"staffing": 13, "skills": ["q"]}, "h": {"staffing": 7, "skills": ["other"]}},
    ),
    "carry_over": scenario(STEPS),
    "opening": scenario(PATIENT | {"talk": {"distribution": "exponential", "mean": "12 min"}},
                        {"staffing": 40}, **NO_WARM_UP),
    "settling": scenario(group={"staffing": 11}, **NO_WARM_UP),
    "lag": scenario(
        {"arrivals": {"per_interval": [20] * 6 + [60] * 6},
         "talk": {"distribution": "exponential", "mean": "15 min"}} | PATIENT, {"staffing": 26}),
    "closing": scenario(
        {"arrivals": {"per_interval": 33}, "talk": {"distribution": "exponential", "mean": "12 min"},
         "patience": {"distribution": "exponential", "mean": "10 min"}, "at_close": "drop",
         "service_level": {"within": "5 min"}}, {"staffing": 36}, interval="10 min"),
    "backlog": scenario(PATIENT | {"backlog": {"count": 60}}, **NO_WARM_UP),
    "carried_line": scenario(
        PATIENT | {"hours": "09:00-17:00", "after_hours": "waits"}, {"staffing": 18}, closes=None, days=2,
        starts="monday", at_close="carry", opens="00:00", warm_up="0 s"),
    "skills": scenario(**TWO),
    "priorities": scenario(**(TWO | {"agents": FIRST})),
    "overflow": scenario(group={"skills": {"q": {"reserve": 2}}}),
    "pace": scenario(group={"skills": {"q": {"handle_factor": 1.1}}}),
    "hands": scenario(group={"skills": {"q": {"at_once": 2, "slowdown": [1, 1.5]}}}),
    "callbacks": scenario({"callback": {"offer": "always", "accept": 0.5, "place": "idle"}}),
    "announcement": scenario(
        PATIENT | {"announcement": {"leave_above": "30 s", "leaves": 0.6}}, {"staffing": 10}),
    "limited_lines": scenario({"max_waiting": 2}),
    "absence": scenario(PATIENT, {"absence": 0.1}),
    "balking": scenario(PATIENT | {"balks": 0.3}),
    "patience": scenario({"patience": {"distribution": "constant", "value": "2 min"}}, {"staffing": 10}),
    "handle_times": scenario({"talk": {"distribution": "constant", "value": "3 min"}}),
    "rounding": scenario(
        PATIENT, events=[{"at": "10:15", "for": "100 min", "agents": 0.8}], agents={
            "g": {"staffing": 12, "skills": ["q"]}}),
    "no_agents": scenario(PATIENT, {"staffing": [12] * 8 + [0] + [12] * 3}),
    "no_calls": scenario({"arrivals": {"per_interval": [100] * 8 + [0] + [100] * 3}} | PATIENT | REDIAL,
                         {"staffing": 7}),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_each_reason_is_found_in_a_scenario_made_for_it(kind: str) -> None:
    found = rows(CASES[kind])
    assert kind in kinds(found)
    assert kind not in {reason.kind for row in plain() for reason in row.reasons}
    json.dumps([row.to_dict() for row in found], allow_nan=False)
    for row in found:
        for reason in row.reasons:
            text = reason.sentence()
            assert text[0].isupper() or text[0].isdigit(), text
            assert text.endswith(".") and "\n" not in text


def test_without_agents_one_sentence_says_that_no_formula_can_answer() -> None:
    found = rows(CASES["no_agents"])
    row = next(row for row in found if row.start == "12:00")
    assert row.c is None and row.a is None
    [reason] = row.reasons
    said = "Nobody is planned to serve q at 12:00: no formula can say anything of that."
    assert reason.sentence() == said
    assert said in formulas_table(sim.simulate(CASES["no_agents"], replications=5, by_interval=True)).replace(
        "\n  ", " "
    )


def test_without_bound_the_document_has_null_and_the_table_says_so() -> None:
    result = sim.simulate(CASES["unbounded"], replications=5, by_interval=True)
    day = formulas_document(result)[-1]
    assert day["erlang_c"]["bounded"] is False
    assert day["erlang_c"]["mean_wait"] is None and day["erlang_c"]["service_level"] == 0
    assert "no bound" in formulas_table(result)


def test_the_cause_counted_in_brings_the_formula_nearer() -> None:
    """Redials, absence, variation: with them Erlang A is nearer to the simulation than without."""
    for kind in ("redials", "absence", "daily_variation"):
        day = rows(CASES[kind], 150)[-1]
        [reason] = [reason for reason in day.reasons if reason.kind == kind]
        seen = day.simulated["service_level"].value
        assert reason.then is not None and reason.was is not None
        assert abs(reason.then - seen) < abs(reason.was - seen)


def test_shared_agents_are_divided_in_proportion_to_load() -> None:
    made = scenario(**TWO)
    found = inputs(made)
    assert found["q"].exact == pytest.approx(16 * 10 / 14)
    assert found["other"].exact == pytest.approx(16 * 4 / 14)


def test_a_shared_group_fills_up_the_queue_with_the_fewest_agents_of_its_own() -> None:
    own = {"h": {"staffing": 6, "skills": ["q"]}, "g": {"staffing": 8, "skills": ["q", "other"]}}
    made = scenario(**(TWO | {"agents": own}))
    agents = heads(made, {name: asked.load for name, asked in inputs(made).items()})
    assert agents["q"] == pytest.approx(10, rel=1e-6)
    assert agents["other"] == pytest.approx(4, rel=1e-6)


def test_a_queue_with_more_than_its_part_of_own_agents_leaves_the_shared_ones_to_the_other() -> None:
    own = {"h": {"staffing": 20, "skills": ["q"]}, "g": {"staffing": 3, "skills": ["q", "other"]}}
    made = scenario(**(TWO | {"agents": own}))
    agents = heads(made, {name: asked.load for name, asked in inputs(made).items()})
    assert agents["q"] == pytest.approx(20, abs=0.01)
    assert agents["q"] + agents["other"] == pytest.approx(23)


def test_patience_is_the_exponential_of_the_same_mean_or_through_the_first_point() -> None:
    def of(patience: dict[str, Any]) -> float:
        found = mean_patience(scenario({"patience": patience}).queues["q"], 12)
        assert found is not None
        return float(found[0])

    assert of({"distribution": "lognormal", "mean": "2 min", "cv": 1.5}) == pytest.approx(120)
    points = {"distribution": "piecewise_exponential", "points": {"40 s": 0.15, "2 min": 0.35}}
    assert of(points) == pytest.approx(-40 / math.log(0.85))
    assert mean_patience(scenario().queues["q"], 12) is None


def test_a_gap_within_the_margin_is_none_and_its_sign_says_who_serves_better() -> None:
    level = Estimate(0.80, 0.78, 0.82)
    assert gap("service_level", level, 0.82) == 0
    assert gap("service_level", level, 0.70) == 1
    assert gap("service_level", level, 0.90) == -1
    assert gap("mean_wait", Estimate(50, 49, 51), 30.0) == -1
    assert gap("mean_wait", Estimate(50, 49, 51), math.inf) == 1
    assert gap("mean_wait", Estimate(math.nan, math.nan, math.nan), 30.0) == 0


def test_the_frame_is_tidy_and_needs_intervals() -> None:
    made = scenario(PATIENT)
    frame = sim.simulate(made, replications=3, by_interval=True).formulas()
    assert list(frame.columns) == [
        "queue", "interval", "metric", "simulated", "low", "high", "erlang_c", "erlang_a", "reasons",
    ]  # fmt: skip
    assert len(frame) == 9 * 4 and frame.interval.iloc[-1] == "day"
    with pytest.raises(InputError, match="by_interval=True"):
        sim.simulate(made, replications=2, by_interval=False).formulas()


def test_run_puts_the_formulas_below_its_tables_and_into_its_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps(scenario(PATIENT).document))
    asked = ["run", str(path), "--formulas", "--quiet", "--replications", "20"]
    assert main(asked) == 0
    text = capsys.readouterr().out
    assert "by C" in text and "by A" in text and "Erlang C leaves out that callers hang up" in text
    assert max(map(len, text.splitlines())) <= 120
    assert main([*asked, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "intervals" not in document
    entry = document["formulas"][0]
    assert entry["queue"] == "q" and entry["start"] == "10:00"
    assert {"simulated", "erlang_c", "erlang_a", "reasons"} <= set(entry)
    assert document["formulas"][-1]["start"] is None
    assert np.isclose(entry["offered_load"], 10.0)
    assert main(["run", str(path), "--formulas", "--trace"]) == 2
    assert "leave --formulas out" in capsys.readouterr().err


def test_of_a_week_each_day_has_the_interval_that_is_farthest_apart_and_by_interval_all() -> None:
    made = Scenario(
        days=2,
        starts="monday",
        interval="3 h",
        queues={
            "q": {
                "arrivals": {"per_interval": {"00:00": 40, "09:00": 90}},
                "talk": {"distribution": "exponential", "mean": "4 min"},
                "patience": {"distribution": "exponential", "mean": "2 min"},
            }
        },
        agents={"g": {"staffing": 3, "skills": ["q"]}},
    )
    result = sim.simulate(made, replications=20)
    every, few = (formulas_table(result, every=e).splitlines() for e in (True, False))
    starts = [
        [line.split()[:2] for line in table if line.strip()[:3] in ("mon", "tue")] for table in (every, few)
    ]
    assert len(starts[0]) == 16 and len(starts[1]) == 2 and starts[1][0] in starts[0]
    apart: dict[str, list[tuple[float, str]]] = {
        (row.start or "").split()[0]: []  # by day
        for row in beside(result)
        if row.at is not None
    }
    for row in beside(result):
        if row.at is not None and row.a is not None:
            gap_ = abs(row.simulated["service_level"].value - row.a["service_level"])
            apart[str(row.start).split()[0]].append((gap_, str(row.start)))
    assert [max(each)[1].split() for each in apart.values()] == starts[1]
    assert any("farthest apart; --by-interval has all" in line for line in few)
