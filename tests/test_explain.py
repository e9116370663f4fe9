"""The headcount bridge: steps that add up exactly, in the stated order, and none where nothing differs."""

import json
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.cli import main
from sim.errors import InputError
from sim.experiments.explain import ORDER, required_hours

BASE: dict[str, Any] = {
    "name": "Small", "opens": "08:00", "closes": "10:00", "interval": "30 min",
    "queues": {
        "support": {
            "arrivals": {"per_interval": [10, 20, 20, 10]},
            "talk": {"distribution": "exponential", "mean": "4 min"},
            "patience": {"distribution": "exponential", "mean": "2 min"},
        }
    },
    "agents": {"front": {"staffing": 3, "skills": ["support"], "shrinkage": "20%"}},
}  # fmt: skip
OTHER = {
    "routing": "longest_wait",
    "agents.front.staffing": 4,
    "agents.front.shrinkage": "30%",
    "queues.support.service_level": {"within": "30 s", "target": "90%"},
    "queues.support.patience.mean": "3 min",
    "queues.support.talk.mean": "5 min",
    "queues.support.arrivals.volume": 1.2,
}


def base(**overrides: Any) -> sim.Scenario:
    return sim.Scenario(**BASE).with_(overrides)


def test_the_steps_come_in_the_stated_order_and_add_up_exactly() -> None:
    bridge = sim.explain(base(), base(**OTHER), replications=30)
    assert [step.title for step in bridge.steps] == list(ORDER[:7])
    start, end, document = bridge.found.start, bridge.found.end, bridge.to_dict()
    for key in ("required_hours", "planned_hours"):
        whole = sum(getattr(step, key) for step in bridge.steps)
        assert whole == getattr(end, key) - getattr(start, key)
        assert sum(step[key] for step in document["steps"]) == pytest.approx(whole, abs=1e-5)
        assert all(round(step[key], 6) == step[key] for step in document["steps"])
    assert sum(step.lost.value for step in bridge.steps) == end.lost.value - start.lost.value


def test_what_is_printed_adds_up_too() -> None:
    table = sim.explain(base(), base(**OTHER), replications=30).table
    for column in table.columns:
        first, *steps, last, whole = (float(value.replace(",", "")) for value, _ in column)
        assert first + sum(steps) == pytest.approx(last, abs=1e-9)
        assert sum(steps) == pytest.approx(whole, abs=1e-9)


def test_the_ends_are_what_compare_says_on_the_same_days() -> None:
    a, b = base(), base(**OTHER)
    bridge = sim.explain(a, b, replications=30, seed=4)
    for scenario, level in ((a, bridge.found.start), (b, bridge.found.end)):
        assert level.lost.value == pytest.approx(
            sim.simulate(scenario, replications=30, seed=4).queue()["lost_customers"].value, abs=1e-6
        )
    plans = {"a": {}, "b": OTHER}
    paired = sim.compare(a, plans, replications=30, seed=4).difference("b")["lost_customers"]
    assert bridge.found.lost == pytest.approx(paired, abs=1e-5)


@pytest.mark.parametrize("overrides", [{}, {"queues.support.arrivals.volume": "100%"}, {"seed": 7}])
def test_a_scenario_against_itself_has_no_steps(overrides: dict[str, Any]) -> None:
    bridge = sim.explain(base(), base(**overrides), replications=5)
    assert bridge.steps == () and "nothing to explain" in bridge.text()
    assert bridge.to_dict()["steps"] == []


def test_staffing_moves_planned_hours_and_shrinkage_both() -> None:
    bridge = sim.explain(base(), base(**{"agents.front.staffing": 4}), replications=5)
    (step,) = bridge.steps
    assert step.required_hours == 0 and step.planned_hours == pytest.approx(2 / 0.8, abs=1e-5)
    (step,) = sim.explain(base(), base(**{"agents.front.shrinkage": "50%"}), replications=5).steps
    assert step.planned_hours == pytest.approx(6 / 0.5 - 6 / 0.8, abs=1e-5) and step.lost.value == 0
    assert step.required_hours > 0


def test_a_handle_factor_counts_as_handle_time() -> None:
    slower = base(**{"agents.front.skills": {"support": {"handle_factor": 1.8}}})
    (step,) = sim.explain(base(), slower, replications=5).steps
    assert step.title == "handle time" and step.required_hours > 0


def test_required_hours_are_the_agents_of_the_formula_over_shrinkage() -> None:
    agents = [
        sim.theory.smallest_agents(
            arrival_rate=n / 1800, mean_handle=240, mean_patience=120, within=20, service_level=0.8
        )
        for n in (10, 20, 20, 10)
    ]
    assert required_hours(base()) == pytest.approx(sum(agents) * 0.5 / 0.8)


def test_queues_and_groups_may_come_and_go() -> None:
    more = json.loads(json.dumps(BASE))
    more["queues"]["billing"] = BASE["queues"]["support"]
    more["agents"]["second"] = {"staffing": 2, "skills": ["billing"]}
    there = sim.explain(sim.Scenario(**BASE), sim.Scenario(**more), replications=10)
    back = sim.explain(sim.Scenario(**more), sim.Scenario(**BASE), replications=10)
    assert [step.title for step in there.steps] == ["volume", "staffing and shifts"]
    assert [step.title for step in back.steps] == ["volume", "staffing and shifts"]
    assert there.found.lost.value == -back.found.lost.value
    assert back.steps[0].required_hours < 0 < there.steps[0].required_hours


def test_what_refers_to_a_new_queue_comes_after_it() -> None:
    more = json.loads(json.dumps(BASE))
    more["queues"]["billing"] = BASE["queues"]["support"]
    more["queues"]["support"]["transfer"] = {"to": "billing", "share": "20%"}
    more["agents"]["front"]["skills"] = ["support", "billing"]
    bridge = sim.explain(sim.Scenario(**BASE), sim.Scenario(**more), replications=10)
    assert [step.title for step in bridge.steps] == ["volume", "patience and behaviour", "skills and routing"]


def test_shifts_and_their_types_are_carried_over_together() -> None:
    shifts = {"early": {"type": "long", "starts": "08:00", "agents": 3}}
    one = {**BASE, "shift_types": {"long": {"length": "2 h"}}}
    one["agents"] = {"front": {"shifts": shifts, "skills": ["support"]}}
    two = json.loads(json.dumps(one))
    two["shift_types"] = {"short": {"length": "1 h"}}
    two["agents"]["front"]["shifts"]["early"]["type"] = "short"
    (step,) = sim.explain(sim.Scenario(**one), sim.Scenario(**two), replications=5).steps
    assert step.title == "staffing and shifts" and step.planned_hours == -3.0


def test_required_hours_may_come_from_the_search_for_the_targets() -> None:
    wanted = {"targets": {"support": {"service_level": "80%", "per": "day"}}}
    one, two = (
        sim.Scenario(**(scenario.document | wanted))
        for scenario in (base(), base(**{"queues.support.arrivals.volume": 2}))
    )
    bridge = sim.explain(one, two, replications=30, search=True)
    assert bridge.found.start.required_hours > 0 and bridge.steps[0].required_hours > 0
    assert "cheapest staffing" in bridge.text()
    with pytest.raises(InputError, match="targets"):
        sim.explain(base(), two, replications=5, search=True)


def test_different_horizons_are_refused() -> None:
    for change in ({"closes": "11:00"}, {"interval": "15 min"}):
        other = {
            **BASE,
            **change,
            "queues": {"support": {**BASE["queues"]["support"], "arrivals": {"rate": "9 / h"}}},
        }
        with pytest.raises(InputError, match="different horizons"):
            sim.explain(base(), sim.Scenario(**other))


def test_the_command_takes_two_files_or_two_plans(tmp_path: Path, capsys: Any) -> None:
    one, two = tmp_path / "a.json", tmp_path / "b.json"
    one.write_text(
        json.dumps(BASE | {"plans": {"today": {}, "more": {"queues.support.arrivals.volume": 1.3}}})
    )
    two.write_text(json.dumps(base(**OTHER).document))
    few = ("--replications", "5", "--jobs", "1")
    assert main(["explain", str(one), str(two), *few]) == 0
    assert "patience and behaviour" in capsys.readouterr().out
    assert main(["explain", str(one), "--plans", "today", "more", "--json", *few]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [step["step"] for step in document["steps"]] == ["volume"] and document["to"]["name"] == "more"
    for wrong in (["--plans", "today", "mor"], [], [str(tmp_path / "c.json")]):
        assert main(["explain", str(one), *wrong]) == 2
        printed = capsys.readouterr()
        assert printed.err.count("\n") == 1 and printed.out == ""


def test_an_occupancy_asks_for_hours_and_a_target_that_no_formula_knows_is_named() -> None:
    hours = []
    for targets in ({}, {"front": {"occupancy": "40%"}}, {"support": {"lost_rate": "5%"}}):
        found = sim.explain(
            base(targets=targets), base(targets=targets, **{"agents.front.staffing": 5}), replications=5
        )
        hours.append(found.found.start.required_hours)
    assert hours[1] > hours[0] == hours[2]
    assert found.to_dict()["targets_left_out"] == ["support.lost_rate"]
    assert "Not in the required hours, as no formula knows it: the target support.lost_rate" in found.text()
