"""The fewest agents: what is found is good, nothing cheaper is, and what cannot be is said."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim import cli
from sim.experiments.aims import aims_of, judged
from sim.experiments.confirm import FreshDays
from sim.experiments.moves import Search
from sim.experiments.staff import prices_of, sought, staffing_for
from sim.experiments.trials import KEPT, Trials, stage_of
from sim.reports.shifts import ScheduleResult
from sim.reports.staffing import StaffingResult
from sim.scenario.schema import Scenario

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def queue(contacts: Any, mean: str = "3 min", **more: Any) -> dict[str, Any]:
    return {
        "arrivals": {"per_interval": contacts},
        "talk": {"distribution": "exponential", "mean": mean},
        "patience": {"distribution": "exponential", "mean": "2 min"},
        "service_level": {"within": "30 s"},
        "customer_value": 30,
        **more,
    }


def small(contacts: Any = (9, 14, 6), targets: Any = None, closes: str = "01:30", **more: Any) -> Scenario:
    """One queue, one group, three intervals."""
    return Scenario(
        closes=closes,
        queues={"calls": queue(list(contacts))},
        agents={"team": {"staffing": 3, "skills": ["calls"], "cost_per_hour": 20, "shrinkage": "20%"}},
        targets={"calls": {"service_level": "75%"}} if targets is None else targets,
        **more,
    )


def two_groups(first: list[int], second: list[int], cost: float, level: float = 0.7) -> Scenario:
    """Two queues; one group serves the first, the other both."""
    return Scenario(
        closes="01:30",
        queues={"a": queue(first), "b": queue(second, "4 min")},
        agents={
            "plain": {"staffing": 3, "skills": ["a"], "cost_per_hour": 20},
            "both": {"staffing": 3, "skills": {"b": {}, "a": {"level": 2}}, "cost_per_hour": cost},
        },
        targets={"a": {"service_level": level}, "b": {"service_level": level}},
    )


def on_days(scenario: Scenario, staffing: Any, replications: range, seed: int = 1) -> Any:
    trials = Trials(stage_of(scenario, sought(scenario)), seed, replications)
    return judged(aims_of(scenario), trials.play(np.array(staffing, dtype=np.int64)))


def cheapest(scenario: Scenario, days: int, seed: int, most: int, below: float) -> float:
    """The cost of the cheapest of all staffings with up to `most` agents a cell that meets the targets."""
    stage, aims, prices = stage_of(scenario, sought(scenario)), aims_of(scenario), prices_of(scenario)
    trials = Trials(stage, seed, range(days))
    best = below
    for cells in itertools.product(range(most + 1), repeat=prices.size):
        staffing = np.array(cells, dtype=np.int64).reshape(prices.shape)
        cost = float((staffing * prices).sum())
        if cost < best - 1e-9 and judged(aims, trials.play(staffing)).holds.all():
            best = cost
    return best


@pytest.mark.parametrize(
    ("first", "second", "cost"), [([4, 7, 3], [3, 4, 2], 24), ([8, 5, 4], [2, 3, 5], 21), ([3, 6, 5], [4, 2, 3], 39)]
)  # fmt: skip
def test_no_staffing_of_two_groups_and_three_intervals_is_cheaper_than_the_one_found(
    first: list[int], second: list[int], cost: float
) -> None:
    scenario = two_groups(first, second, cost)
    found = staffing_for(scenario, days=20, seed=3)
    price = float((found.searched * prices_of(scenario)).sum())
    assert on_days(scenario, found.searched, range(20), 3).holds.all()
    assert found.searched.max() <= 4 and found.complete
    assert cheapest(scenario, 20, 3, 4, price) == pytest.approx(price)


def test_a_staffing_tried_on_kept_days_gives_the_totals_of_the_scenario_written_so() -> None:
    scenario = Scenario(
        **two_groups([9, 12, 8], [5, 6, 4], 20).document,
        events=[{"at": "00:40", "for": "25 min", "agents": "50%"}],
    )
    staffing = np.array([[2, 0, 3], [1, 4, 0]], dtype=np.int64)
    played = Trials(stage_of(scenario, ["plain", "both"]), 5, range(7), jobs=2).play(staffing)
    written = scenario.with_({"agents.plain.staffing": [2, 0, 3], "agents.both.staffing": [1, 4, 0]})
    totals = sim.simulate(written, replications=7, seed=5).totals
    assert np.array_equal(totals.contacts_by_interval[..., list(KEPT)], played.contacts)
    assert np.allclose(totals.agents_by_interval, played.agents, rtol=1e-12, atol=1e-9)


def test_one_agent_fewer_anywhere_breaks_a_target_on_the_days_of_the_search() -> None:
    scenario = small((20, 31, 12))
    found = staffing_for(scenario, days=60, seed=2)
    assert on_days(scenario, found.searched, range(60), 2).holds.all()
    for cell in zip(*np.nonzero(found.searched), strict=True):
        fewer = found.searched.copy()
        fewer[cell] -= 1
        assert not on_days(scenario, fewer, range(60), 2).holds.all()


@pytest.mark.parametrize(
    "targets",
    [
        {"calls": {"service_level": "80%", "abandonment_rate": "6%"}},
        {"calls": {"asa": "20 s", "per": "day"}, "team": {"occupancy": "80%"}},
        {"calls": [{"lost_rate": "5%"}, {"service_level": "70%", "per": "day", "on_days": "90%"}]},
    ],
)
def test_the_confirmed_staffing_meets_its_targets_on_further_days(targets: Any) -> None:
    scenario = small((20, 31, 12), targets)
    found = sim.staff(scenario, replications=50, seed=4)
    assert found.state == "confirmed"
    again = on_days(scenario, found.found.staffing, range(2000), seed=99)
    assert (again.slack > -0.004).all()


def test_a_plan_that_just_misses_is_seldom_confirmed() -> None:
    scenario = small((14,) * 3)
    wrong = 0
    for seed in range(40):
        found = staffing_for(scenario, days=12, seed=seed).staffing
        wrong += not on_days(scenario, found, range(3000), seed=1000).holds.all()
    assert wrong <= 5  # 40 × 5% are 2; more than 5 have a probability of 1%


def test_the_result_does_not_depend_on_the_number_of_jobs() -> None:
    scenario = two_groups([9, 14, 6], [4, 5, 3], 22)
    one, two = (
        sim.staff(scenario, replications=30, seed=1, jobs=jobs, curve=True).to_dict() for jobs in (1, 2)
    )
    one.pop("provenance"), two.pop("provenance")
    assert one == two


def test_each_target_wants_its_agents_more_demanding_ones_more() -> None:
    costs = [
        sim.staff(small(targets={"calls": {"service_level": level}}), replications=40).cost
        for level in (0.5, 0.7, 0.9)
    ]
    assert costs == sorted(costs) and costs[0] < costs[2]


def test_a_target_that_no_number_of_agents_meets_ends_with_3_and_what_comes_closest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = small(lines=1)
    path = tmp_path / "s.json"
    path.write_text(json.dumps(scenario.document))
    assert (
        cli.main(["staff", str(path), "--quiet", "--replications", "20", "--out", str(tmp_path / "p.csv")])
        == 3
    )
    said = capsys.readouterr().out
    assert "cannot be met" in said and "calls 00:00" in said and "in time ≥ 75%" in said
    assert not (tmp_path / "p.csv").exists()
    assert sim.staff(scenario, replications=20).state == "cannot be met"


@pytest.mark.parametrize("ending", ["csv", "yaml", "json"])
def test_the_plan_that_is_written_is_read_back_by_a_scenario(
    tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "s.json", tmp_path / f"plan.{ending}"
    path.write_text(json.dumps(small().document))
    assert cli.main(["staff", str(path), "--quiet", "--json", "--replications", "20", "--out", str(out)]) == 0
    document = json.loads(capsys.readouterr().out)
    agents = document["staffing"]["team"]
    if ending == "csv":
        overrides = {"agents.team.staffing": {"file": str(out), "column": "team"}}
    else:
        from sim.scenario.planfiles import read_plan

        overrides = read_plan(out)
    assert list(small().with_(overrides).agents["team"].staffing) == agents
    assert document["plan"] == {"agents.team.staffing": agents}


@pytest.mark.parametrize("how", ["--plan", "plans"])
def test_a_staffing_written_to_a_file_plays_as_it_did_in_the_search(
    how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the plan it was found under, whose overrides the file holds too."""
    path, out = tmp_path / "s.json", tmp_path / "found.yaml"
    plans = {"as written": {}, "busier": {"queues.calls.arrivals.volume": "120%"}}
    path.write_text(json.dumps({**small().document, "plans": plans}))
    options = ["--quiet", "--json", "--replications", "20", "--seed", "7"]
    assert cli.main(["staff", str(path), *options, "--plan", "busier", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    name = str(out)
    if how == "plans":
        path.write_text(json.dumps({**small().document, "plans": {**plans, "found": {"file": out.name}}}))
        name = "found"
    assert cli.main(["run", str(path), *options, "--plan", name, "--by-interval"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert run["plan"] == "found"
    levels = [row["service_level"]["value"] for row in run["intervals"] if row.get("queue") == "calls"]
    assert levels == pytest.approx([target["on_search"] for target in found["targets"]], rel=1e-12)


def test_a_confirmed_staffing_from_a_file_has_the_confirmed_figures_on_the_same_fresh_days(
    tmp_path: Path,
) -> None:
    found = sim.staff(small(), replications=20, seed=7)
    found.write(tmp_path / "plan.json")
    from sim.scenario.planfiles import read_plan

    again = small().with_(read_plan(tmp_path / "plan.json"))
    days = found.found.confirmed.days
    first = next(
        first
        for first in range(20, 20 + 200 * 20, 20)
        if _levels(again, range(first, first + days)) == pytest.approx(_said(found), rel=1e-12)
    )
    assert first >= 20


def _levels(scenario: Scenario, replications: range) -> list[float]:
    staffing = [scenario.agents["team"].staffing]
    return list(on_days(scenario, staffing, replications, 7).value)


def _said(found: Any) -> list[float]:
    return [target["value"] for target in found.to_dict()["targets"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such file"),
        ("queues: {}\nagents: {}\n", "is a scenario, not a plan"),
        ("agents.tam.staffing: 3\n", 'there is no group "tam"'),
        ("agents.team.staffing: [1, 2]\n", "agents.team.staffing"),
        ("seed: 3\n", "is the same for every plan"),
    ],
)
def test_a_file_that_is_no_plan_for_the_scenario_is_refused_in_a_sentence(
    text: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, plan = tmp_path / "s.json", tmp_path / "p.yaml"
    path.write_text(json.dumps(small().document))
    if text is not None:
        plan.write_text(text)
    assert cli.main(["run", str(path), "--quiet", "--plan", str(plan)]) == 2
    error = capsys.readouterr().err
    assert said in error and "p.yaml" in error and error.count("\n") == 1


def week() -> Scenario:
    """Two days of six hours, one queue whose calls come in the morning and one that is open on the second day."""
    return Scenario(
        days=2,
        starts="monday",
        interval="6 h",
        queues={
            "calls": queue({"00:00": 0, "06:00": 60, "18:00": 0}, hours={"mon-tue": "06:00-18:00"}),
            "late": queue({"00:00": 0, "tue 06:00": 30, "tue 18:00": 0}),
        },
        agents={"team": {"staffing": 2, "skills": ["calls", "late"]}},
        targets={
            "calls": [{"service_level": "70%"}, {"abandonment_rate": "20%", "per": "day"}],
            "team": {"occupancy": "90%", "per": "day"},
        },
    )


def test_a_staffing_of_several_days_is_confirmed_shown_by_day_and_read_back_from_columns(
    tmp_path: Path,
) -> None:
    found = sim.staff(week(), replications=20, seed=3)
    assert found.state == "confirmed" and found.staffing["team"][0] == found.staffing["team"][4] == 0
    said = " ".join(found.table().split())
    for shown in ("interval, worst", "hang up ≤ 20% day mon", "hang up ≤ 20% day tue", "busy ≤ 90% day tue"):
        assert shown in said
    found.write(tmp_path / "plan.csv")
    again = week().with_({"agents.team.staffing": {"file": str(tmp_path / "plan.csv"), "column": "team"}})
    assert list(again.agents["team"].staffing) == found.staffing["team"]


def test_mail_of_a_closed_day_whose_promise_has_not_run_out_is_no_target_missed() -> None:
    """Friday and Saturday of an inbox that opens on Fridays only: Saturday's mail is due on a day that never comes."""
    mail = queue({"00:00": 4}, "1 min", hours={"fri": "09:00-17:00"}, at_close="carry", after_hours="waits")
    mail |= {"patience": None, "service_level": {"within": "2 h", "clock": "open_hours"}}
    scenario = Scenario(
        days=2, starts="friday", interval="1 h", queues={"mail": mail},
        agents={"team": {"staffing": 2, "skills": ["mail"]}}, targets={"mail": {"service_level": "80%", "per": "day"}},
    )  # fmt: skip
    enough, none = (on_days(scenario, [[agents] * 48], range(10)) for agents in (2, 0))
    assert enough.days.tolist() == [10, 0]
    assert enough.holds.tolist() == [True, True]
    assert none.holds.tolist() == [False, True]


def test_moves_on_different_days_are_tried_at_the_same_time_and_none_is_lost() -> None:
    """A day target says nothing of the interval: the second half of each day is tried again."""
    targets = {"calls": {"abandonment_rate": "20%", "per": "day"}}
    scenario = week().with_({"targets": targets, "queues.late.arrivals": {"rate": "0 / h"}})
    found = staffing_for(scenario, days=20, seed=3)
    for cell in zip(*np.nonzero(found.searched), strict=True):
        fewer = found.searched.copy()
        fewer[cell] -= 1
        assert not on_days(scenario, fewer, range(20), 3).holds.all()


CALLBACKS = {"offer": {"estimated_wait": "60 s"}, "accept": "40%", "place": "idle", "reserve": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"queues.calls.callback": CALLBACKS},
        {"agents.team.skills.calls": {"at_once": 2, "slowdown": [1, 1.3]}},
        {"queues.calls.patience": None, "targets": {"calls": {"asa": "20 s", "abandonment_rate": "5%"}}},
        {"agents.team.cost_per_hour": 0, "agents.team.shrinkage": 0},
    ],
)
def test_callbacks_chats_and_endless_patience_are_staffed_for(change: dict[str, Any]) -> None:
    scenario = small((20, 31, 12)).with_(change)
    found = sim.staff(scenario, replications=20, seed=1)
    assert found.state == "confirmed"
    assert (on_days(scenario, found.found.staffing, range(1000), seed=99).slack > -0.01).all()
    assert ": 0.0 paid hours" not in found.table()


def test_both_engines_find_the_same_staffing() -> None:
    one, other = (sim.staff(small(), replications=5, engine=e).to_dict() for e in ("compiled", "reference"))
    assert one["staffing"] == other["staffing"] and one["targets"] == other["targets"]


def test_a_result_is_saved_and_loaded_whole(tmp_path: Path) -> None:
    found = sim.staff(small(), replications=20, curve=True)
    found.save(tmp_path / "found.zip")
    again = StaffingResult.load(tmp_path / "found.zip")
    assert again.to_dict() == found.to_dict() and again.table() == found.table()
    assert repr(again) == repr(found) and again._repr_html_() == found._repr_html_()
    with pytest.raises(sim.InputError, match="not a schedule"):
        ScheduleResult.load(tmp_path / "found.zip")
    with pytest.raises(sim.InputError, match="is not a saved result"):
        sim.Result.load(tmp_path / "found.zip")


def test_what_cannot_be_met_is_told_shortly_in_json() -> None:
    document = sim.staff(small(lines=1), replications=20).to_dict()
    assert {"staffing", "plan", "cost"}.isdisjoint(document)
    assert document["targets"] and all(target["slack"] < 0 for target in document["targets"])


def test_additions_that_fresh_days_do_not_need_are_taken_back() -> None:
    scenario = small((40, 52, 36, 44, 60, 30), closes="03:00")
    stage, aims = stage_of(scenario, sought(scenario)), aims_of(scenario)
    found = staffing_for(scenario, days=30, seed=1)
    fresh = FreshDays(stage, 1, 30, "compiled", 1, 0.95, len(aims))
    search = Search(
        scenario=scenario, trials=Trials(stage, 1, range(30)), aims=aims, price=prices_of(scenario),
        teams=np.array([0]), helpers=[[0]], most=1000, tell=lambda what, best: None,
    )  # fmt: skip
    assert np.array_equal(fresh.spared(search, found.staffing + 3, found.staffing), found.staffing)


def test_ctrl_c_gives_the_best_plan_so_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    path, out, play = tmp_path / "s.json", tmp_path / "p.csv", Trials.play
    path.write_text(json.dumps(small((20, 31, 12)).document))

    def play_and_stop(self: Trials, staffing: Any) -> Any:
        if self.played == 12:
            self.played += 1
            raise KeyboardInterrupt
        return play(self, staffing)

    monkeypatch.setattr(Trials, "play", play_and_stop)
    assert cli.main(["staff", str(path), "--quiet", "--replications", "20", "--out", str(out)]) == 130
    assert "interrupted: the best so far" in capsys.readouterr().out
    assert out.read_text().startswith("time,team\n00:00,")


def test_what_is_said_of_neighbours_heads_and_bounds_adds_up() -> None:
    found = sim.staff(small((20, 31, 12)), replications=60, seed=2, curve=True, fte_hours=7.5)
    team = found.groups()["team"]
    agents = found.staffing["team"]
    assert team["paid_hours"] == pytest.approx(sum(agents) * 0.5 / 0.8)
    assert team["fte"] == pytest.approx(team["paid_hours"] / 7.5)
    assert found.cost == pytest.approx(20 * team["paid_hours"])
    bound = found.found.bound
    assert 0 < bound.work_cost <= bound.days_cost <= found.cost
    assert [point.percent for point in found.found.curve] == [-15, -10, -5, 0, 5, 10, 15]
    lost = [point.lost for point in found.found.curve]
    assert lost == sorted(lost, reverse=True)
    assert {row.more for row in found.found.neighbours} == {-1, 1}
    assert "full-time" in found.table() and "<table>" in found._repr_html_()


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ({}, "targets: there are none to staff for"),
        ({"calls": {}}, "targets.calls: holds no target; give at least one of service_level"),
        ({"calls": []}, "targets.calls: holds no target"),
        ({"calls": 80}, "targets.calls: 80 is not a mapping of targets, as in {service_level: 80%}"),
        ({"calls": {"service_level": 80}}, "targets.calls.service_level: 80 is not a share: write 80% or 0.8"),
        ({"calls": {"service_level": float("nan")}}, "targets.calls.service_level: .nan is not a finite number"),
        ({"calls": {"service_level": 0}}, "targets.calls.service_level: 0 asks for nothing"),
        ({"calls": {"abandonment_rate": "100%"}}, "targets.calls.abandonment_rate: \"100%\" asks for nothing"),
        ({"calls": {"asa": 20}}, 'targets.calls.asa: "20" needs a unit, as in "20 s"'),
        ({"calls": {"servicelevel": "80%"}}, 'targets.calls.servicelevel: unknown key (did you mean "service_level"?)'),
        ({"calls": {"occupancy": "80%"}}, "targets.calls.occupancy: is a target of groups, and calls is a queue"),
        ({"team": {"asa": "20 s"}}, "targets.team.asa: is a target of queues, and team is a group"),
        ({"team": {"occupancy": "0%"}}, 'targets.team.occupancy: "0%" lets nobody ever work'),
        ({"cals": {"asa": "20 s"}}, 'targets.cals: there is no queue or group "cals" (did you mean "calls"?)'),
        ({"calls": {"asa": "9 s", "per": "week"}}, 'targets.calls.per: "week" is not one of interval, day'),
        ({"calls": {"asa": "9 s", "on_days": "100%"}}, 'targets.calls.on_days: "100%" of the days: no number of days'),
        ({"calls": [{"asa": "9 s"}, {"asa": "8 s"}]}, "targets.calls.asa: stands here twice with different conditions"),
    ],
)  # fmt: skip
def test_targets_that_cannot_be_meant_are_refused_in_a_sentence(targets: Any, said: str) -> None:
    with pytest.raises(sim.InputError) as error:
        sim.staff(small(targets=targets))
    assert str(error.value).startswith(said)


def test_groups_that_work_in_shifts_are_not_staffed_by_interval() -> None:
    day = {"length": "1.5 h"}
    scenario = small(shift_types={"all": day}).with_({"agents.team": {
        "skills": ["calls"], "shifts": {"s": {"type": "all", "starts": "00:00", "agents": 3}}}})  # fmt: skip
    with pytest.raises(sim.InputError, match=r"agents\.team\.shifts: staff seeks agents by interval"):
        sim.staff(scenario)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--confidence", "95"], '--confidence: "95" is not a share'),
        (["--confidence", "100%"], "--confidence: 1.0 does not fit"),
        (
            ["--out", "plan.txt"],
            '--out: "plan.txt" is no name for a plan; let it end in .csv, .yaml or .json',
        ),
        (["--replications", "0"], "--replications: 0"),
        (["--fte-hours", "0"], "fte_hours: 0.0 does not fit"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps(small().document))
    assert cli.main(["staff", str(path), *options]) == 2
    assert said in capsys.readouterr().err


def test_targets_change_neither_the_days_nor_the_centre() -> None:
    from sim.model.centre import centre_of, same

    assert same(centre_of(small()), centre_of(small(targets={"calls": {"asa": "9 s"}})))


@pytest.mark.parametrize("name", ["staff_hotline.yaml", "staff_three_queues.yaml"])
def test_the_configurations_are_read_and_have_something_to_seek(name: str) -> None:
    assert sought(sim.load(CONFIGS / name))
