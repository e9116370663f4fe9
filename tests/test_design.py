"""A sweep file says which points are played, and what is wrong with it in one sentence."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from sim.errors import InputError
from sim.experiments.design import Sweep, read_sweep, sweep_from
from sim.scenario.schema import Scenario
from sim.verbs.sweeps import sweep_of

SCENARIO: dict[str, Any] = {
    "opens": "08:00",
    "closes": "10:00",
    "interval": "30 min",
    "replications": 30,
    "seed": 5,
    "queues": {
        "calls": {
            "arrivals": {"rate": "60 / h", "volume": "100%"},
            "talk": {"distribution": "lognormal", "mean": "3 min", "cv": 1},
            "wrap": {"distribution": "exponential", "mean": "30 s"},
            "patience": {"distribution": "exponential", "mean": "2 min"},
        },
        "mail": {"arrivals": {"rate": "10 / h"}, "talk": {"distribution": "exponential", "mean": "5 min"}},
    },
    "agents": {
        "front": {"staffing": [3, 4, 4, 3], "skills": ["calls"]},
        "back": {"staffing": 2, "skills": ["mail"]},
    },
    "plans": {"today": {}, "more": {"agents.front.staffing": {"add": 1}}},
}
STAFFING = "agents.front.staffing"
VOLUME = "queues.calls.arrivals.volume"
TALK = "queues.calls.talk.mean"
PATIENCE = "queues.calls.patience.mean"
RANGE = {"from": "90%", "to": "110%"}


def sweep(vary: Any = None, folder: Path = Path(), **more: Any) -> Sweep:
    said = {} if vary is None else {"vary": vary}
    return sweep_from({"scenario": Scenario(**SCENARIO), **said, **more}, folder)


def values(swept: Sweep) -> list[tuple[Any, ...]]:
    return [tuple(point.values.values()) for point in swept.points]


def overrides(vary: Any, folder: Path = Path(), **more: Any) -> list[dict[str, Any]]:
    return [dict(point.overrides) for point in sweep(vary, folder, **more).points]


def refusal(*args: Any, **more: Any) -> str:
    with pytest.raises(InputError) as refused:
        sweep(*args, **more)
    text = str(refused.value)
    assert "\n" not in text
    return text


# What is varied


def test_a_list_is_played_value_by_value_and_plotted_as_numbers() -> None:
    swept = sweep({TALK: ["2 min", "200 s"], VOLUME: ["90%", 1.1]})
    assert values(swept) == [(120.0, 0.9), (120.0, 1.1), (200.0, 0.9), (200.0, 1.1)]
    assert swept.points[1].overrides == {TALK: "2 min", VOLUME: 1.1}
    assert [(factor.unit, factor.numeric) for factor in swept.factors] == [("s", True), ("share", True)]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"add": [0, 2]}, [{"add": 0}, {"add": 2}]),
        ([{"add": 0}, {"add": 2}], [{"add": 0}, {"add": 2}]),
        ({"scale": {"from": "90%", "to": "110%", "steps": 2}}, [{"scale": 0.9}, {"scale": 1.1}]),
        ({"08:30-09:30": {"add": [1]}}, [{"08:30-09:30": {"add": 1}}]),
        ({"08:30-09:30": [5, 6]}, [{"08:30-09:30": 5}, {"08:30-09:30": 6}]),
        ({"from": 3, "to": 8, "by": 2}, [3, 5, 7]),
        ({"from": 3, "to": 6, "steps": 3}, [3, 5, 6]),  # 4.5 agents are 5
        ({"add": {"from": -1, "to": 1, "by": 1}}, [{"add": -1}, {"add": 0}, {"add": 1}]),
        ([[1, 2, 3, 4], {"08:00": 5}], [[1, 2, 3, 4], {"08:00": 5}]),
    ],
)
def test_ranges_changes_and_spans_become_overrides(entry: Any, expected: list[Any]) -> None:
    made = overrides({STAFFING: entry})
    assert made == [{STAFFING: value} for value in expected]
    for one in made:
        Scenario(**SCENARIO).with_(one)


def test_durations_are_written_with_their_unit_and_changes_keep_their_sign() -> None:
    assert overrides({TALK: {"from": "2 min", "to": "4 min", "steps": 3}})[1] == {TALK: "180.0 s"}
    swept = sweep({TALK: {"add": {"from": "-30 s", "to": "30 s", "steps": 2}}})
    assert swept.points[0].overrides == {TALK: {"add": "-30.0 s"}}
    assert values(swept) == [(-30.0,), (30.0,)]


def test_a_factor_may_have_a_name_several_paths_and_names_for_its_values() -> None:
    both = {"path": [TALK, "queues.calls.wrap.mean"], "scale": {"values": {"as now": 1, "slow": "120%"}}}
    swept = sweep({"work": both})
    assert values(swept) == [("as now",), ("slow",)]
    assert dict(swept.points[1].overrides) == {p: {"scale": "120%"} for p in (TALK, "queues.calls.wrap.mean")}


def test_words_null_and_mappings_stand_as_text() -> None:
    offer = {"offer": "always", "accept": "40%"}
    swept = sweep({"queues.calls.callback": [None, offer], "routing": ["by_level", "longest_wait"]})
    assert values(swept)[2] == (json.dumps(offer, separators=(",", ":")), "by_level")
    assert not any(factor.numeric for factor in swept.factors)
    gap = sweep({"queues.calls.max_waiting": [None, 10]})
    assert values(gap) == [(None,), (10,)] and gap.factors[0].numeric


def test_what_stands_together_goes_in_step() -> None:
    members = {STAFFING: {"add": [0, 1, 2]}, "agents.back.staffing": [2, 3, 4]}
    swept = sweep({"size": {"together": members, "names": ["small", "usual", "large"]}})
    assert values(swept) == [("small",), ("usual",), ("large",)]
    assert dict(swept.points[2].overrides) == {STAFFING: {"add": 2}, "agents.back.staffing": 4}
    again = {STAFFING: {"add": [0, 1, 2]}, "agents.back.staffing": {"add": [0, 0, 1]}}
    assert values(sweep({"size": {"together": again}})) == [("0, 0",), ("1, 0",), ("2, 1",)]
    same = sweep({"size": {"together": {STAFFING: {"add": [0, 1]}, "agents.back.staffing": {"add": [0, 1]}}}})
    assert values(same) == [(0,), (1,)] and same.factors[0].numeric


def test_two_factors_may_share_a_path_over_spans_that_do_not_overlap() -> None:
    late = {"path": STAFFING, "09:00-10:00": {"add": [0, 1]}}
    made = overrides({STAFFING: {"08:00-09:00": {"add": [2]}}, "late": late})
    assert made[1] == {STAFFING: {"08:00-09:00": {"add": 2}, "09:00-10:00": {"add": 1}}}
    assert Scenario(**SCENARIO).with_(made[1]).agents["front"].staffing == (5, 6, 5, 4)


def test_the_plan_and_the_settings_come_before_what_is_varied() -> None:
    swept = sweep({STAFFING: {"add": [1]}}, plan="more", set={STAFFING: {"scale": 2}})
    assert swept.scenario.with_(swept.points[0].overrides).agents["front"].staffing == (9, 11, 11, 9)
    assert sweep({VOLUME: [1]}).scenario.agents["front"].staffing == (3, 4, 4, 3)


def test_plans_of_the_scenario_are_levels_too() -> None:
    assert overrides({"plan": {"plans": ["today", "more"]}}) == [{}, {STAFFING: {"add": 1}}]


# Whole staffing plans from a file

STARTS = ("08:00", "08:30", "09:00", "09:30")
ROWS = [
    (plan, group, start, heads + place)
    for plan, heads in (("lean", 2), ("rich", 4))
    for place, start in enumerate(STARTS)
    for group in ("front", "back")
]


def plans_file(folder: Path, rows: Any = ROWS, name: str = "plans.csv") -> Mapping[str, Any]:
    lines = ["plan,group,start,agents", *(",".join(map(str, row)) for row in rows)]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return {"roster": {"plans": name}}


def test_whole_staffing_plans_come_from_a_file(tmp_path: Path) -> None:
    swept = sweep(plans_file(tmp_path), tmp_path)
    assert values(swept) == [("lean",), ("rich",)]
    assert swept.points[1].overrides == {STAFFING: [4, 5, 6, 7], "agents.back.staffing": [4, 5, 6, 7]}


def test_whole_staffing_plans_come_from_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [("plan", "group", "start", "agents"), *ROWS]:
        book.active.append(row)
    book.save(tmp_path / "plans.xlsx")
    assert values(sweep({"roster": {"plans": "plans.xlsx"}}, tmp_path)) == [("lean",), ("rich",)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS[:-1], 'plan "rich", group "back" ends before the row for 09:30'),
        (ROWS[:2] + ROWS[3:], '"09:00" stands where 08:30 is expected'),
        (ROWS + ROWS[-1:], '"09:30" is after the last of 4 intervals'),
        (
            [row for row in ROWS if row[:2] != ("rich", "back")],
            'the plan "rich" has no rows of the group "back"',
        ),
        ([*ROWS[:1], ("lean", "back", "08:00", ""), *ROWS[2:]], "row 3, column agents: the cell is blank"),
        ([*ROWS[:1], ("lean", "back", "08:00", 1.5), *ROWS[2:]], "1.5 is not a whole number"),
        ([*ROWS[:1], ("lean", "back", "08:00", "nan"), *ROWS[2:]], '"nan" is not a number'),
        ([*ROWS[:1], ("lean", "back", "", 1), *ROWS[2:]], "row 3: the time is blank"),
        ([*ROWS[:1], ("lean", "bakc", "08:00", 1), *ROWS[2:]], 'row 3: there is no group "bakc"'),
        ([*ROWS[:1], ("", "back", "08:00", 1), *ROWS[2:]], "row 3: the plan is blank"),
        ([(*row[:3], 3) for row in ROWS], '"lean" and "rich" are the same'),
        ([], "has no rows under its header"),
    ],
)
def test_a_file_of_plans_with_a_gap_is_refused(tmp_path: Path, rows: Any, said: str) -> None:
    assert said in refusal(plans_file(tmp_path, rows), tmp_path)


# Points that are drawn


@pytest.mark.parametrize("design", ["sobol", "latin_hypercube"])
def test_drawn_points_fill_their_ranges_and_are_the_same_again(design: str) -> None:
    vary = {VOLUME: RANGE, "agents": {"path": STAFFING, "add": {"from": -1, "to": 2}}}
    drawn = values(sweep(vary, design={design: 64}))
    assert drawn == values(sweep(vary, design={design: 64}))
    assert drawn != values(sweep(vary, design={design: 64}, seed=6))
    assert values(sweep(vary, design={design: 64, "seed": 6})) == values(
        sweep(vary, design={design: 64}, seed=6)
    )
    document = {"scenario": Scenario(**SCENARIO), "vary": vary, "design": {design: 64}}
    assert values(sweep_of(document, seed=6)) == values(sweep(vary, design={design: 64}, seed=6))
    volumes, agents = zip(*drawn, strict=True)
    assert np.histogram(volumes, 8, (0.9, 1.1))[0].tolist() == [8] * 8
    assert [agents.count(heads) for heads in (-1, 0, 1, 2)] == [16] * 4


def test_more_sobol_points_begin_with_the_fewer() -> None:
    vary = {VOLUME: RANGE, PATIENCE: {"from": "1 min", "to": "3 min"}, STAFFING: {"add": [0, 1]}}
    few, many = (sweep(vary, design={"sobol": n, "crossed_with": [STAFFING]}) for n in (16, 64))
    assert [point.key for point in few.points] == [point.key for point in many.points[:32]]


def test_factors_with_a_distribution_have_its_quantiles() -> None:
    scaled = {"distribution": "lognormal", "mean": "100%", "cv": "8%"}
    drawn = np.array(values(sweep({VOLUME: scaled, TALK: {"scale": scaled}}, design={"sobol": 1024})))
    assert drawn.mean(axis=0) == pytest.approx([1, 1], abs=1e-3)
    assert drawn.std(axis=0) == pytest.approx([0.08, 0.08], rel=0.01)
    given = {"distribution": "gamma", "quantiles": {"1 min": "10%", "3 min": "90%"}}
    waits = np.array(values(sweep({PATIENCE: given}, design={"sobol": 1024})))
    assert np.quantile(waits, [0.1, 0.9]) == pytest.approx([60, 180], rel=0.01)


def test_every_drawn_point_is_played_at_every_level_that_it_is_crossed_with() -> None:
    swept = sweep({STAFFING: {"add": [0, 1]}, VOLUME: RANGE}, design={"sobol": 4, "crossed_with": [STAFFING]})
    assert len(swept.points) == 8
    agents, volumes = zip(*values(swept), strict=True)
    assert agents == (0, 1) * 4
    assert volumes[::2] == volumes[1::2] and len(set(volumes)) == 4


def test_points_that_repeat_in_whole_numbers_are_left_out_with_a_note() -> None:
    swept = sweep({STAFFING: {"add": {"from": 0, "to": 3}}}, design={"sobol": 16})
    assert sorted(values(swept)) == [(0,), (1,), (2,), (3,)]
    assert "12 of 16 points" in swept.notes[0]
    assert "no power of two" in sweep({VOLUME: RANGE}, design={"sobol": 100}).notes[0]
    heads = {STAFFING: {"add": {"distribution": "uniform", "low": 0, "high": 3}}}
    assert "repeat one before them" in refusal(heads, design={"sobol": 16})


# Points from a file


def points_file(folder: Path, text: str) -> dict[str, Any]:
    (folder / "points.csv").write_text(text, encoding="utf-8")
    return {"points": "points.csv"}


def test_points_come_from_the_rows_of_a_file(tmp_path: Path) -> None:
    text = f'volume;{TALK};roster;queues.calls.callback\n0,9;3 min;lean;null\n1.1;200 s;rich;"{{offer: always}}"\n'
    vary = {"volume": {"path": VOLUME}, **plans_file(tmp_path)}
    swept = sweep(vary, tmp_path, design=points_file(tmp_path, text))
    assert values(swept) == [(0.9, "lean", 180.0, "null"), (1.1, "rich", 200.0, '{"offer":"always"}')]
    assert swept.points[0].overrides[VOLUME] == 0.9 and swept.points[0].overrides[TALK] == "3 min"
    assert swept.points[1].overrides["queues.calls.callback"] == {"offer": "always"}


def test_a_column_of_changes_is_plotted_as_numbers(tmp_path: Path) -> None:
    design = points_file(tmp_path, f"{STAFFING}\n{{add: 0}}\n{{add: 2}}\n")
    swept = sweep(None, tmp_path, design=design)
    assert values(swept) == [(0,), (2,)] and swept.factors[0].numeric
    assert swept.points[1].overrides == {STAFFING: {"add": 2}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("queues.calls.arrivals.volum\n1\n", 'knows no "volum" here (did you mean "volume"?)'),
        (f"{VOLUME}\n1\n\n2\n", "row 3: the cell is blank"),
        (f"{VOLUME}\n1\n.nan\n", 'row 3: ".nan" is not a factor'),
        (f"{VOLUME}\n1.1\n110%\n+1.1\n", "rows 2 and 4 are the same point"),
        (f"{VOLUME}\n", "has no rows under its header"),
        (f"{VOLUME},{VOLUME}\n1,2\n", "has two columns"),
        (f"{VOLUME}\n1\nmuch\n", 'row 3: "much" is not a factor'),
    ],
)
def test_a_file_of_points_that_cannot_be_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(None, tmp_path, design=points_file(tmp_path, text))


# Points in themselves


def test_a_hundred_thousand_points_cost_nothing_until_they_are_asked_for() -> None:
    wide = {"from": "50%", "to": "150%", "steps": 1000}
    points = sweep({VOLUME: wide, "mail": {"path": "queues.mail.arrivals.volume", **wide}}).points
    assert len(points) == 1_000_000
    assert points[999_999].values == {VOLUME: 1.5, "mail": 1.5} and points[-1].number == 999_999
    assert [point.number for point in points[10:13]] == [10, 11, 12]
    with pytest.raises(IndexError):
        points[1_000_000]


def test_the_key_of_a_point_is_that_of_its_overrides_in_their_order() -> None:
    one, other = (
        sweep(vary).points[0] for vary in ({VOLUME: [1], TALK: ["1 min"]}, {TALK: ["1 min"], VOLUME: [1]})
    )
    assert one.key != other.key
    assert one.key == sweep({"a": {"path": VOLUME, "values": [1]}, TALK: ["1 min", "2 min"]}).points[0].key
    keys = {point.key for point in sweep({VOLUME: [1, 2, 3], STAFFING: {"add": [0, 1, 2]}}).points}
    assert len(keys) == 9


# The rest of the file


def test_what_is_left_out_is_that_of_the_scenario() -> None:
    swept = sweep({VOLUME: [1]})
    assert (swept.replications, swept.seed, swept.margin, swept.best) == (30, 5, {}, "lost_customers")
    swept = sweep({VOLUME: [1]}, metrics=["asa", "occupancy"], margin={"asa": "2 s"}, replications=10, seed=0)
    assert (swept.replications, swept.max_replications, swept.margin) == (10, 1000, {"asa": 2.0})
    assert (swept.seed, swept.best, swept.by_interval) == (0, "asa", False)


SOBOL = {"sobol": 8}
POINTWISE = {"queues.calls.patience": {"distribution": "piecewise_exponential", "points": {"1 min": "15%"}}}


@pytest.mark.parametrize(
    ("vary", "more", "said"),
    [
        ({VOLUME: []}, {}, "is an empty list"),
        ({VOLUME: 1}, {}, "is a single value"),
        ({VOLUME: ["much"]}, {}, '"much" is not a factor'),
        ({VOLUME: [1, "100%"]}, {}, "stands here twice"),
        ({VOLUME: [float("nan")]}, {}, ".nan is no value"),
        ({VOLUME: {"from": 2, "to": 1, "steps": 3}}, {}, "write the lower end first"),
        ({VOLUME: {"from": 1, "steps": 3}}, {}, "has no to"),
        ({VOLUME: {"from": 1, "to": 2, "steps": 1}}, {}, "1 is too small"),
        ({VOLUME: {"from": 1, "to": 2, "by": 0}}, {}, "must be more than 0"),
        ({VOLUME: {"from": 1, "to": 2, "by": 1e-300}}, {}, "write a larger step"),
        ({VOLUME: {"from": 1, "to": 2, "by": 1, "steps": 2}}, {}, "both steps and by"),
        ({VOLUME: {"form": 1, "to": 2}}, {}, 'unknown key (did you mean "from"?)'),
        ({VOLUME: RANGE}, {}, "has no values to go through in a grid"),
        ({STAFFING: {"from": 1, "to": 3, "steps": 9}}, {}, "only whole numbers fit, 3 of them"),
        ({STAFFING: {"add": {"scale": [1]}}}, {}, "cannot stand within add"),
        (
            {STAFFING: {"09:00-09:30": {"add": [1]}, "09:30-10:00": {"add": [1]}}},
            {},
            "one factor for each span",
        ),
        ({STAFFING: {"07:00-09:30": {"add": [1]}}}, {}, "07:00"),
        ({STAFFING: {"add": [-9]}}, {}, "makes 3 negative"),
        ({"queues.call.talk.mean": ["1 min"]}, {}, 'no queue "call" (did you mean "calls"?)'),
        ({"queues.calls.talk.maen": ["1 min"]}, {}, 'no "maen" here (did you mean "mean"?)'),
        ({"routing": ["by_level", "longest_wiat"]}, {}, 'did you mean "longest_wait"?'),
        ({"volume": [1]}, {}, "has a key path"),
        (
            {VOLUME: [1], "again": {"path": VOLUME, "values": [2]}},
            {},
            "both set queues.calls.arrivals.volume",
        ),
        ({PATIENCE: ["1 min"], "queues.calls.patience": [None]}, {}, "would undo"),
        ({"a": {"path": [VOLUME, TALK], "values": [1]}}, {}, "the same kind of value"),
        ({"a": {"together": {STAFFING: [1, 2], VOLUME: [1]}}}, {}, "differ in length"),
        ({"a": {"together": {STAFFING: [1]}}}, {}, "at least two paths"),
        ({"service_level": {"path": VOLUME, "values": [1]}}, {}, "already means something"),
        ({"a": {"plans": ["mroe"]}}, {}, 'did you mean "more"?'),
        ({"a": {"plans": "none.csv"}}, {}, "no such file"),
        ({}, {}, "is no mapping"),
        (None, {}, "vary: is missing"),
        ({"routing": ["by_level"]}, {"design": SOBOL}, "from which nothing is drawn"),
        ({VOLUME: RANGE}, {"design": {"sobol": 0}}, "0 is too small"),
        ({VOLUME: RANGE}, {"design": {"sobol": 10**9}}, "is too large"),
        ({VOLUME: RANGE}, {"design": {"sobol": 8, "seed": -1}}, "design.seed: -1 must not be negative"),
        ({VOLUME: RANGE}, {"design": {"soboll": 8}}, "is no design"),
        ({VOLUME: RANGE}, {"design": {"sobol": 8, "crossed_with": ["x"]}}, 'there is no factor "x"'),
        ({VOLUME: RANGE}, {"design": {"sobol": 8, "crossed_with": [["x"]]}}, "there is no factor"),
        ({VOLUME: {"distribution": ["gamma"]}}, {"design": SOBOL}, "there is no distribution"),
        (
            {"a": {"together": {STAFFING: [1, 2], VOLUME: [1, 2]}, "names": ["x", "x"]}},
            {},
            "stands here twice",
        ),
        ({VOLUME: {"distribution": "lognormal", "mean": 1}}, {"design": SOBOL}, "needs a cv"),
        ({VOLUME: {"distribution": "normal", "mean": 1}}, {"design": SOBOL}, 'no distribution "normal"'),
        (
            {"queues.calls.balks": {"distribution": "exponential", "mean": "60%"}},
            {"design": {"sobol": 64}},
            "among others, which cannot be",
        ),
        (
            {VOLUME: {"from": 1, "to": 2, "steps": 9999}, TALK: {"from": "1 s", "to": "9 s", "steps": 999}},
            {},
            "makes 9,989,001 points",
        ),
        ({"seed": [1, 2]}, {}, "is the same for every plan"),
        ({PATIENCE: ["1 min"]}, {"set": POINTWISE}, f'vary.{PATIENCE}: "1 min" makes no scenario'),
        ({VOLUME: [1]}, {"sed": 1}, 'unknown key (did you mean "seed"?)'),
        ({VOLUME: [1]}, {"seed": -1}, "-1 must not be negative"),
        ({VOLUME: [1]}, {"replications": 0}, "0 is too small"),
        ({VOLUME: [1]}, {"max_replications": 9}, "only says when to stop for a margin"),
        ({VOLUME: [1]}, {"margin": {"mean_wait": 2}}, 'needs a unit, as in "2 s"'),
        ({VOLUME: [1]}, {"margin": {"asa": "2 s"}}, "is not kept: add it to metrics"),
        ({VOLUME: [1]}, {"metrics": ["mean_wiat"]}, 'did you mean "mean_wait"?'),
        ({VOLUME: [1]}, {"metrics": []}, "is no list of metrics"),
        ({VOLUME: [1]}, {"best": "asa"}, "is not kept: add it to metrics"),
        ({VOLUME: [1]}, {"by_interval": 1}, "neither true nor false"),
        ({VOLUME: [1]}, {"plan": "mroe"}, 'did you mean "more"?'),
        ({VOLUME: [1]}, {"set": {"seeed": 1}}, 'did you mean "seed"?'),
        ({VOLUME: [1]}, {"schema": 2}, "write schema: 1"),
        ({VOLUME: [1]}, {"scenario": None}, "name the scenario's file"),
        ({VOLUME: [1]}, {"scenario": "none.yaml"}, "no such file"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(vary: Any, more: Any, said: str) -> None:
    assert said in refusal(vary, **more)


def test_errors_name_the_file_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
    vary = f"  {VOLUME}: [1]\n  work:\n    path: {TALK}\n    values:\n      - 1 min\n      - 2\n"
    text = f"scenario: s.json\nvary:\n{vary}"
    (tmp_path / "sweep.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"sweep.yaml, line 8: vary.work.values, item 2: \"2\" needs a unit"):
        read_sweep(tmp_path / "sweep.yaml")
    (tmp_path / "sweep.yaml").write_text(text.replace("- 2\n", "- 2 min\n"), encoding="utf-8")
    swept = read_sweep(tmp_path / "sweep.yaml")
    assert len(swept.points) == 2 and swept.source == str(tmp_path / "sweep.yaml")


@pytest.mark.parametrize("name", ["sweep_staffing", "sweep_uncertainty"])
def test_the_sweeps_of_the_house_are_read(name: str) -> None:
    swept = read_sweep(Path(__file__).resolve().parent.parent / "configs" / f"{name}.yaml")
    assert swept.notes == ()
    swept.scenario.with_(swept.points[-1].overrides)
