"""Selection of the best plan: who is named, how often that is wrong, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.cli import main
from sim.errors import InputError
from sim.experiments import select as module
from sim.experiments.select import FIRST, Race, Selected, aim_of, bonferroni, select

SMALL: dict[str, Any] = {
    "name": "Small", "closes": "01:00", "interval": "30 min", "currency": "EUR",
    "queues": {
        "support": {
            "arrivals": {"per_interval": 10},
            "talk": {"distribution": "exponential", "mean": "4 min"},
            "patience": {"distribution": "exponential", "mean": "2 min"},
            "customer_value": 100,
        }
    },
    "agents": {"front": {"staffing": 2, "skills": ["support"], "cost_per_hour": 20}},
    "plans": {
        "two": {}, "three": {"agents.front.staffing": 3}, "calm": {"queues.support.patience.mean": "3 min"},
    },
}  # fmt: skip
BUSIER = {"queues.support.arrivals.volume": 1.55, "agents.front.staffing": 3}  # hardly paired with two
TRUTH = {
    "two": 3.617,
    "busier": 4.113,
}  # lost customers a day over 600,000 days; they differ by 0.497 ± 0.006
RUNS = 400  # seeds; the error rate of so many is known to ± 2.1% at 5%


def small(**changes: Any) -> sim.Scenario:
    return sim.Scenario(**{**SMALL, **changes})


def plans_of(scenario: sim.Scenario, *names: str) -> dict[str, sim.Scenario]:
    return {name: scenario.under(name) for name in names or scenario.plans}


def raced(days: np.ndarray, zone: float, first: int = FIRST) -> Race:
    """Days × plans until one is left."""
    race = Race(days.shape[1], zone)
    for number, values in enumerate(days, 1):
        race.add(values, judge=number >= first)
        if len(race.left) == 1:
            break
    return race


def test_the_best_plan_is_named_and_the_others_are_dropped_on_the_way() -> None:
    found = select(plans_of(small()), "lost_customers", 1)
    assert found.best == "three" and set(found.dropped) == {"two", "calm"}
    assert all(found.values[name].size >= after for name, (after, _) in found.dropped.items())


def test_the_values_are_those_of_compare_on_the_same_days() -> None:
    scenario = small()
    found = select(plans_of(scenario), "staff_cost + lost_value", 3, first=20, at_most=20)
    same = sim.compare(scenario, replications=20, seed=3).results
    for name, values in found.values.items():
        figures = same[name].queue()["lost_value"].value + same[name].group()["staff_cost"].value
        assert values.mean() == pytest.approx(figures, rel=1e-12)


def test_a_dropped_plan_is_not_played_any_further(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[str], range]] = []
    play = module._days

    def days(ready: Any, plans: Any, aim: Any, span: range, *rest: Any) -> Any:
        asked.append((list(ready), span))
        return play(ready, plans, aim, span, *rest)

    monkeypatch.setattr(module, "_days", days)
    found = select(plans_of(small()), "lost_customers=0.01", 1, at_most=600)
    assert asked[0] == (["two", "three", "calm"], range(40))
    for names, span in asked[1:]:
        assert all(found.dropped.get(name, (10**9,))[0] > span.start for name in names)
    assert [span.start for _, span in asked[1:]] == [span.stop for _, span in asked[:-1]]


def test_the_number_of_jobs_changes_nothing() -> None:
    one, four = (select(plans_of(small()), "mean_wait", 5, jobs=jobs) for jobs in (1, 4))
    assert one.dropped == four.dropped and one.zone == four.zone
    assert all(np.array_equal(one.values[name], four.values[name]) for name in one.values)


def test_without_enough_days_it_cannot_tell_and_says_who_is_left() -> None:
    scenario = small(plans={"two": {}, "calm": {"queues.support.patience.mean": "2.05 min"}})
    found = sim.compare(scenario, best="lost_customers", max_replications=50)
    assert found.best is None and found.found.left == ["two", "calm"]
    assert "Cannot tell yet" in found.text() and found.to_dict()["best"]["left"] == ["two", "calm"]


def test_of_two_plans_that_do_the_same_the_first_is_named() -> None:
    scenario = small(plans={"a": {}, "b": {"agents.front.cost_per_hour": 30}})
    assert select(plans_of(scenario), "lost_customers", 1).best == "a"
    assert select(plans_of(scenario), "staff_cost", 1).best == "a"


def test_more_is_better_where_it_is() -> None:
    assert select(plans_of(small(), "two", "three"), "service_level=0.01", 1).best == "three"
    assert select(plans_of(small(), "two", "three"), "staff_cost=1", 1).best == "two"


def test_a_constant_difference_needs_no_more_than_the_first_days() -> None:
    days = np.random.default_rng(1).normal(size=(100, 1)) + np.array([1000.3, 1000.0])
    race = raced(days, zone=0.1)
    assert race.left == [1] and race.days == FIRST


@pytest.mark.parametrize("kind", ["normal", "skewed", "rare"])
def test_the_error_rate_is_at_most_five_percent_where_the_best_is_just_best_enough(kind: str) -> None:
    """The hardest case, the others exactly the zone behind; 300 seeds. With a true rate of 5% more than 8.3% of
    these are wrong once in 200."""
    rng, wrong, zone = np.random.default_rng(20261123), 0, {"normal": 0.3, "skewed": 0.3, "rare": 0.05}[kind]
    for _ in range(300):
        if kind == "rare":
            days = (rng.random((1200, 3)) < [0.05, 0.1, 0.1]).astype(float)
        else:
            noise = rng.normal(size=(600, 3)) if kind == "normal" else rng.gamma(0.2, 5**0.5, size=(600, 3))
            days = noise + np.array([0.0, zone, zone])
        wrong += raced(days, zone).left != [0]
    assert wrong / 300 <= 0.083


def runs_wrong(runs: int) -> tuple[int, float]:
    """How often the plan that is worse by just the zone is named, and the mean number of days."""
    plans = plans_of(small(plans={"two": {}, "busier": BUSIER}))
    zone = TRUTH["busier"] - TRUTH["two"]
    found = [select(plans, f"lost_customers={zone}", seed, at_most=100_000) for seed in range(runs)]
    return sum(one.best != "two" for one in found), sum(one.days for one in found) / runs


def test_the_truth_that_the_error_rate_is_counted_by_holds() -> None:
    results = sim.compare(small(), {"two": {}, "busier": BUSIER}, replications=20_000, seed=99).results
    for name, truth in TRUTH.items():
        estimate = results[name].queue()["lost_customers"]
        assert abs(estimate.value - truth) < 2 * estimate.margin + 0.005


def test_a_worse_plan_is_named_in_at_most_five_percent_of_the_seeds() -> None:
    """80 seeds: with a true rate of 5% more than 10 are wrong once in 500; these seeds are fixed."""
    wrong, _ = runs_wrong(80)
    assert wrong <= 10


@pytest.mark.slow
def test_the_error_rate_over_400_seeds_is_within_five_percent_and_its_own_error() -> None:
    wrong, _ = runs_wrong(RUNS)
    assert wrong / RUNS <= 0.05 + 1.96 * (0.05 * 0.95 / RUNS) ** 0.5


@pytest.mark.parametrize(
    ("best", "said"),
    [
        ("lost_custmers", 'did you mean "lost_customers"'),
        ("offered", "neither better"),
        ("p90_wait", "no value for each"),
        ("lost_customers=0", "more than 0"),
        ("lost_customers=x", "not a number"),
        ("mean_wait=2", "needs a unit"),
        ("lost_customers=nan", ""),
        ("staff_cost + lost_customers", "cannot be added"),
        ("staff_cost + staff_cost", "cannot be added"),
        ("suport.mean_wait", 'did you mean "support"'),
        ("support.staff_cost", "no metric"),
        ("", "no metric"),
        ("callback_wait", "has no value on some days"),
    ],
)
def test_what_cannot_be_best_is_refused_in_one_sentence(best: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        sim.compare(small(), best=best, max_replications=20)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_one_plan_alone_or_too_few_days_are_refused() -> None:
    with pytest.raises(InputError, match="only one plan"):
        sim.compare(small(plans={"two": {}}), best="lost_customers")
    with pytest.raises(InputError, match="at least 10"):
        sim.compare(small(), best="lost_customers", max_replications=5)
    with pytest.raises(InputError, match="margin"):
        sim.compare(small(), best="lost_customers", margin={"mean_wait": 1.0})


def test_ctrl_c_gives_what_is_known_so_far() -> None:
    def stop(done: int, most: int) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    scenario = small(plans={"two": {}, "calm": {"queues.support.patience.mean": "2.02 min"}})
    found = select(plans_of(scenario), "lost_customers=0.0001", 1, at_most=10_000, progress=stop)
    assert found.interrupted and 100 <= found.days < 10_000 and len(found.left) == 2


def test_the_command_prints_the_plan_and_its_probability(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "s.json"
    file.write_text(json.dumps(SMALL))
    assert main(["compare", str(file), "--best", "lost_customers", "--jobs", "1"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "three is best by lost_customers" in said and "at least 95%" in said and "KN++" in said
    assert main(["compare", str(file), "--best", "lost_customers=0.2", "--json", "--jobs", "1"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["best"]["plan"] == "three" and document["best"]["indifference"] == 0.2
    assert main(["compare", str(file), "--best", "lost"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_simultaneous_margins_are_wider_by_the_correction_that_is_named(tmp_path: Path, capsys: Any) -> None:
    scenario = small()
    alone = sim.compare(scenario, replications=30)
    together = sim.compare(scenario, replications=30, simultaneous=True)
    factor = bonferroni([29], 2)[29]
    one, both = (c.difference("three")["lost_customers"] for c in (alone, together))
    assert both.value == one.value and both.margin == pytest.approx(factor * one.margin)
    assert factor == pytest.approx(2.3638 / 2.0452, rel=1e-3)  # t at 97.5% two-sided ÷ at 95%, 29 degrees
    file = tmp_path / "s.json"
    file.write_text(json.dumps(SMALL))
    assert main(["compare", str(file), "--replications", "30", "--simultaneous"]) == 0
    assert "Bonferroni" in capsys.readouterr().out


def test_a_selection_tells_its_leader_and_how_far_others_are_behind() -> None:
    aim, zone = aim_of("lost_customers=1", small())
    values = {"a": np.array([3.0, 4.0, 6.0]), "b": np.array([1.0, 2.0])}
    found = Selected(aim, zone or 0.0, True, 2, values, {}, ["a", "b"], 2)
    assert found.leader == "b" and found.behind("a").value == 2.0


def test_a_word_of_a_metric_leads_to_it_and_all_that_fit_are_named() -> None:
    with pytest.raises(InputError) as error:
        aim_of("cost", small())
    assert '(did you mean "staff_cost"?)' in str(error.value) and "lost_customers, " in str(error.value)
