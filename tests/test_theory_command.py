"""`ccsim erlang`: tables and JSON that calculators agree with, and one sentence for bad input."""

import json
from typing import Any

import pytest

from sim.cli import main

LINE = ["--calls", "100", "--interval", "30 min", "--aht", "180 s"]


def said(capsys: Any, *arguments: str) -> str:
    assert main(["erlang", *arguments]) == 0
    return str(capsys.readouterr().out)


def document(capsys: Any, *arguments: str) -> dict[str, Any]:
    return dict(json.loads(said(capsys, *arguments, "--json")))


def test_a_target_gives_the_fewest_agents(capsys: Any) -> None:
    """Formula values of the reference README: 100 calls in 30 min, 180 s, T = 20 s."""
    found = document(capsys, "c", *LINE, "--target", "80% in 20 s")
    assert found["agents"] == 14
    assert found["service_level"] == pytest.approx(0.888350, abs=1e-6)
    assert found["mean_wait"] == pytest.approx(7.8359, abs=1e-4)
    found = document(capsys, "a", *LINE, "--target", "80/20", "--patience", "5 min", "--shrinkage", "30%")
    assert (found["agents"], found["scheduled"]) == (13, 19)
    wanted = {"service_level": 0.858178, "abandonment_rate": 0.024963, "delayed_share": 0.225797}
    assert {name: round(found[name], 6) for name in wanted} == wanted
    assert (round(found["asa"], 3), round(found["mean_wait"], 3)) == (6.914, 7.489)
    assert document(capsys, "b", *LINE, "--target", "blocked 1%")["agents"] == 18
    assert document(capsys, "c", *LINE, "--max-occupancy", "50%")["agents"] == 20


def test_around_is_a_table_with_the_number_in_the_middle(capsys: Any) -> None:
    text = said(capsys, "c", *LINE, "--agents", "14", "--around", "6")
    rows = [line for line in text.splitlines() if line.strip("→ ")[:1].isdigit()]
    assert len(rows) == 13
    assert rows[6].split()[:3] == ["→", "14", "88.84"]
    assert "∞" in rows[0]
    assert "With fewer than 11 agents the line grows without bound" in text
    found = document(capsys, "c", *LINE, "--agents", "14", "--around", "6")["around"]
    assert [row["agents"] for row in found] == list(range(8, 21))
    assert (found[0]["bounded"], found[0]["mean_wait"]) == (False, None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["d", *LINE, "--agents", "3"], "use b, c or a"),
        (["c", "--calls", "nan", "--aht", "3 min", "--agents", "3"], "--calls"),
        (["c", "--calls", "0", "--aht", "3 min", "--agents", "3"], "--calls"),
        (["c", "--calls", "9", "--aht", "180", "--agents", "3"], '--aht: "180" needs a unit'),
        (["c", *LINE], "give the agents, or a target"),
        (["c", *LINE, "--agents", "14", "--target", "80/20"], "give the agents, or a target"),
        (["c", *LINE, "--agents", "2.5"], "--agents"),
        (["c", *LINE, "--target", "80"], "--target"),
        (["c", *LINE, "--target", "800% in 20 s"], "--target"),
        (["c", *LINE, "--target", "100% in 20 s"], "--target"),
        (["c", *LINE, "--target", "abandonment 3%"], "another formula"),
        (["c", *LINE, "--target", "80/20", "--target", "90/10"], "second target"),
        (["c", *LINE, "--agents", "14", "--patience", "3 min"], "use erlang a"),
        (["a", *LINE, "--agents", "14"], "--patience: is missing"),
        (["c", *LINE, "--agents", "14", "--shrinkage", "30"], "--shrinkage"),
        (["c", *LINE, "--agents", "14", "--definition", "answerd"], 'did you mean "answered"'),
        (["b", *LINE, "--agents", "14", "--within", "20 s"], "Erlang B has no waiting"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(capsys: Any, arguments: list[str], words: str) -> None:
    assert main(["erlang", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert words in captured.err
