"""What a store of a sweep says: tables, conditions, differences, what matters most, pictures and files."""

import csv
import json
import math
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.cli import main
from sim.errors import InputError
from sim.measures.estimate import Sample, of_count
from sim.reports.conditions import Column, condition_of
from sim.reports.effects import Varied, effects_of
from sim.reports.sweepqueries import read
from sim.reports.sweeps import SweepResult

SCENARIO = """
schema: 1
name: Small
currency: EUR
length: 2 h
interval: 30 min
queues:
  calls: {arrivals: {rate: 60 / h}, classes: {vip: {share: 20%}}, talk: {mean: 4 min, distribution: exponential},
          patience: {mean: 3 min, distribution: exponential}}
  "=sales": {arrivals: {rate: 6 / h}, talk: {mean: 4 min, distribution: exponential}}
agents: {desk: {staffing: 5, skills: [calls, "=sales"], cost_per_hour: 20}}
"""
METRICS = ["service_level", "mean_wait", "p90_wait", "lost_customers", "staff_cost", "occupancy"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweeps")
    (path / "small.yaml").write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def grid(folder: Path) -> Path:
    """Agents × volume × line, 12 points of 12 replications, and one that cannot be played."""
    vary = {
        "agents": {"path": "agents.desk.staffing", "add": [0, 1, -6]},
        "volume": {"path": "queues.calls.arrivals.volume", "values": ["90%", "110%"]},
        "line": {"path": "lines", "values": [None, 8]},
    }
    return swept(folder, "grid", {"vary": vary, "metrics": METRICS, "replications": 12})


@pytest.fixture(scope="module")
def drawn(folder: Path) -> Path:
    """A Sobol sample of volume and patience, 32 points."""
    vary = {
        "volume": {"path": "queues.calls.arrivals.volume", "from": "80%", "to": "120%"},
        "patience": {"path": "queues.calls.patience.mean", "from": "2 min", "to": "4 min"},
    }
    more = {"design": {"sobol": 32}, "metrics": METRICS[:2], "best": "mean_wait", "replications": 6}
    return swept(folder, "drawn", {"vary": vary, **more})


def swept(folder: Path, name: str, what: dict[str, Any]) -> Path:
    document = {"schema": 1, "name": "=A sweep", "scenario": "small.yaml", "seed": 3, **what}
    (folder / f"{name}.json").write_text(json.dumps(document))
    sim.sweep(folder / f"{name}.json", folder / f"{name}.sqlite")
    return folder / f"{name}.sqlite"


def test_a_row_has_the_values_and_the_estimates_of_a_simulation(grid: Path, folder: Path) -> None:
    row = next(row for row in SweepResult.load(grid).rows() if row.values["agents"] == 1 and row.replications)
    overrides = json.loads(SweepResult.load(grid).points().loc[row.point, "overrides"])
    alone = sim.simulate(sim.load(folder / "small.yaml"), overrides, replications=12, seed=3)
    assert row.estimates["mean_wait"] == alone.queue()["mean_wait"]
    assert row.estimates["p90_wait"] == alone.queue()["p90_wait"]
    assert row.estimates["staff_cost"] == alone.group()["staff_cost"]


def test_a_difference_is_that_of_compare_on_the_same_days(grid: Path, folder: Path) -> None:
    result = SweepResult.load(grid)
    one, other = (json.loads(result.points().loc[point, "overrides"]) for point in (0, 4))
    compared = sim.compare(
        sim.load(folder / "small.yaml"), {"one": one, "other": other}, replications=12, seed=3
    )
    found = result.difference(4, 0)
    for kind, metrics in (("queue", METRICS[:4]), ("group", METRICS[4:])):
        expected = compared.difference("other", kind)
        for metric in metrics:
            assert found[metric] == pytest.approx(expected[metric], rel=1e-9, nan_ok=True)
    of_vip = result.of(queue="calls · vip").difference(4, 0)["mean_wait"]
    assert of_vip == pytest.approx(
        compared.difference("other", "class", "calls · vip")["mean_wait"], rel=1e-9
    )
    of_calls = result.of(queue="calls").difference(4, 0)
    for metric in ("mean_wait", "lost_customers"):
        expected = compared.difference("other", "queue", "calls")
        assert of_calls[metric] == pytest.approx(expected[metric], rel=1e-9)


def test_a_point_that_failed_is_told_and_the_others_are_listed(grid: Path, capsys: Any) -> None:
    assert main(["show", str(grid)]) == 0
    said = capsys.readouterr().out
    assert "8 of 12 points played" in said and "4 failed" in said
    assert "Point 8 failed: " in said and "negative" in said


def test_points_are_ranked_the_best_first(grid: Path) -> None:
    result = SweepResult.load(grid)
    levels = [row.estimates["service_level"].value for row in result.rows(order="service_level", most=True)]
    assert levels == sorted(levels, reverse=True) and len(levels) == 8
    assert list(result.best("service_level", count=3)["service_level"]) == levels[:3]
    assert list(result.best("service_level", most=False, count=1)["service_level"]) == levels[-1:]
    with pytest.raises(InputError, match="occupancy is neither better"):
        result.best("occupancy")


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("agents = 1", lambda row: row.values["agents"] == 1),
        ("volume > 100% and line = none", lambda r: r.values["volume"] > 1 and r.values["line"] is None),
        ("line != none", lambda row: row.values["line"] is not None),
        (
            "agents >= 1 or (volume = 90% and line=8)",
            lambda r: r.values["agents"] >= 1 or (r.values["volume"] == 0.9 and r.values["line"] == 8),
        ),
        ("agents = 0 or agents = 1 and volume = 90%", lambda r: r.values["agents"] == 0 or r.values["volume"] == 0.9),
        ("mean_wait < 30 s", lambda row: row.estimates["mean_wait"].value < 30),
        ('"service_level" <= 0.8 and staff_cost > 200', lambda r: r.estimates["service_level"].value <= 0.8),
    ],
)  # fmt: skip
def test_conditions_choose_the_points_that_meet_them(grid: Path, text: str, met: Any) -> None:
    result = SweepResult.load(grid)
    every = [row for row in result.rows() if row.replications]
    found = [row.point for row in result.where(text).rows() if row.replications]
    assert found == [row.point for row in every if met(row)]
    assert found or "wait" in text or "level" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agnts > 3", "did you mean"),
        ("volume > 15", "write 15% or 0.15"),
        ("mean_wait < 30", "needs a unit"),
        ("agents > ", "a value is missing"),
        ("agents", "compared with nothing"),
        ("(agents > 1", "a bracket is not closed"),
        ("agents > 1 agents", "is not a number"),
        ("agents > 1) or (1=1", "is one too many"),
        ("agents = 1; DROP TABLE points", "is not a number"),
        ('"agents', "quotes come in pairs"),
        ("(" * 40 + "agents > 1" + ")" * 40, "too deep"),
        (" or ".join(["agents > 1"] * 101), "too long"),
        ("", "a comparison is missing"),
    ],
)
def test_a_condition_that_cannot_be_read_gets_one_sentence(grid: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        SweepResult.load(grid).where(text)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_whatever_is_written_in_a_condition_reaches_sql_as_a_parameter_only() -> None:
    columns = {"name": Column("name", "", False, 'p."name"', is_factor=True)}
    found = condition_of('name = "x\' OR 1=1 --"', columns)
    assert found.sql == 'CAST(p."name" AS TEXT) = ?' and found.parameters == ("x' OR 1=1 --",)


def test_numbers_within_rounding_of_each_other_are_equal() -> None:
    columns = {"x": Column("x", "", True, "?", (0.1 + 0.2,), is_factor=True)}
    store = sqlite3.connect(":memory:")
    for text, met in (("x = 0.3", 1), ("x != 0.3", 0), ("x > 0.3", 0), ("x >= 0.3", 1), ("x <= 0.3", 1)):
        found = condition_of(text, columns)
        assert store.execute(f"SELECT {found.sql}", found.parameters).fetchone() == (met,)


def test_efficient_points_are_beaten_by_none(grid: Path) -> None:
    result = SweepResult.load(grid)
    points = {
        row.point: (row.estimates["staff_cost"].value, row.estimates["lost_customers"].value)
        for row in result.rows()
        if row.replications
    }
    found = list(result.efficient().index)
    costs = [points[point][0] for point in found]
    assert costs == sorted(costs) and len(found) >= 1
    for point in found:
        cost, harm = points[point]
        assert not any(c <= cost and h < harm for c, h in points.values())


def test_of_points_whose_cost_does_not_surely_differ_one_is_efficient(grid: Path) -> None:
    """Volume moves the cost by overtime alone, by chance: one point for each number of agents is left."""
    result = SweepResult.load(grid)
    agents = [row.values["agents"] for row in result.efficient_rows("staff_cost", "lost_customers")]
    assert len(agents) == len(set(agents)) == 2


# What matters most


def crossed(noise: float = 0.0, replications: int = 10, seed: int = 7) -> tuple[list[Varied], list[Sample]]:
    """3 × 2 × 2 points: a does 10 a level, b 4, c nothing, a and b together something; days differ for all alike."""
    cells = [(a, b, c) for a in (0.0, 1.0, 2.0) for b in ("low", "high") for c in (1.0, 2.0)]
    generator = np.random.default_rng(seed)
    days = generator.normal(0, 50, replications)
    samples = []
    for a, b, _ in cells:
        true = 100 + 10 * a + 4 * (b == "high") + 3 * (a - 1) * (1 if b == "high" else -1)
        samples.append(of_count(true + days + generator.normal(0, noise, replications)))
    names = zip("abc", zip(*cells, strict=True), strict=True)
    return [Varied(name, list(values), False) for name, values in names], samples


def test_shares_of_a_grid_are_those_of_the_analysis_of_variance() -> None:
    effects = effects_of("wait", *crossed())
    shares = {effect.factor: effect.share.value for effect in effects.effects}
    squares = {"a": 12 * 200 / 3, "b": 12 * 4.0, "together": 12 * 6.0}
    whole = sum(squares.values())
    assert shares["a"] == pytest.approx(squares["a"] / whole) and shares["c"] == pytest.approx(0, abs=1e-12)
    assert shares["b"] == pytest.approx(squares["b"] / whole)
    assert effects.together.value == pytest.approx(squares["together"] / whole)
    assert effects.noise == pytest.approx(0, abs=1e-12)
    first = effects.effects[0]
    assert (first.factor, first.low, first.high) == ("a", 0.0, 2.0) and first.change.value == pytest.approx(
        20
    )
    assert next(e for e in effects.effects if e.factor == "b")[1:3] == ("low", "high")


def test_chance_is_taken_off_the_shares_and_margins_cover_the_truth() -> None:
    """Days that are bad at all points alike cost no precision; what is left of chance is told apart."""
    factors, samples = crossed(noise=6.0, replications=40)
    effects = effects_of("wait", factors, samples)
    shares = {effect.factor: effect.share for effect in effects.effects}
    assert shares["c"].low <= 0.0 <= shares["c"].high and abs(shares["c"].value) < 0.01
    assert effects.noise == pytest.approx(11 * 36 / 40 / (12 * (200 / 3 + 10)), rel=0.3)
    alone = [effects_of("wait", *crossed(noise=20.0, seed=seed)).effects for seed in range(40)]
    nothing = [effect.share.value for each in alone for effect in each if effect.factor == "c"]
    assert np.mean(nothing) == pytest.approx(0.0, abs=0.015)  # 0.04 with chance left in
    change = effects.effects[0].change
    assert change.low < 20 < change.high and change.margin < 3
    total = sum(share.value for share in shares.values()) + effects.together.value + effects.noise
    assert total == pytest.approx(1.0)


def test_drawn_points_give_first_order_shares_with_margins() -> None:
    """y = 3 u + 4 v² + 2 u w on uniform draws: the shares are known exactly; w alone does nothing."""
    generator = np.random.default_rng(11)
    u, v, w = generator.uniform(-1, 1, (3, 600))
    y = 3 * u + 4 * v**2 + 2 * u * w
    samples = [of_count(np.array([value + 0.0, value + 0.0])) for value in y]
    effects = effects_of("y", [Varied(n, list(x), True) for n, x in (("u", u), ("v", v), ("w", w))], samples)
    exact = {"u": 9 / 3, "v": 16 * 4 / 45, "w": 0.0}
    whole = sum(exact.values()) + 4 / 9
    for effect in effects.effects:
        true = exact[effect.factor] / whole
        assert abs(effect.share.value - true) < 1.5 * effect.share.margin < 0.08
    assert effects.together.value == pytest.approx(4 / 9 / whole, abs=0.03)


def test_what_cannot_be_told_apart_is_refused() -> None:
    samples = [of_count(np.array([float(x), x + 1.0])) for x in range(8)]
    x = [float(value) for value in range(8)]
    with pytest.raises(InputError, match="go hand in hand"):
        effects_of(
            "wait",
            [Varied("a", [v // 4 for v in x], False), Varied("b", [-(v // 4) for v in x], False)],
            samples,
        )
    with pytest.raises(InputError, match="are too few"):
        effects_of("wait", [Varied("a", x, False)], samples)
    with pytest.raises(InputError, match="is the same at all 8 points"):
        effects_of("wait", [Varied("a", x, True)], [samples[0]] * 8)


def test_more_agents_matter_most_at_the_small_centre(grid: Path, drawn: Path, capsys: Any) -> None:
    for metric in ("mean_wait", "p90_wait"):
        names = [effect.factor for effect in SweepResult.load(grid).effects(metric).effects]
        assert names[0] == "agents" and set(names) == {"agents", "volume", "line"}
    assert SweepResult.load(drawn).effects("mean_wait").effects[0].factor == "volume"
    assert main(["show", str(drawn), "--effects", "mean_wait", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["effects"][0]["share"]["value"] > 0.5
    assert main(["show", str(drawn), "--effects", "mean_wait", "--where", "volume > 90%"]) == 0
    said = capsys.readouterr().out
    assert "points are in it." in said and "may change" not in said  # left out, not lacking


# Pictures and files


def test_lines_have_a_level_each_and_whiskers(grid: Path) -> None:
    axes = SweepResult.load(grid).plot(x="volume", y="mean_wait", by="agents")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["agents 0", "agents 1"]
    assert axes.get_xlabel() == "volume, %" and axes.get_ylabel() == "mean wait, s"
    assert len(axes.containers) == 2 and all(container.has_yerr for container in axes.containers)
    assert "averaged over line" in axes.get_title()


def test_the_spread_of_drawn_points_is_a_chance(grid: Path, drawn: Path) -> None:
    result = SweepResult.load(drawn)
    values = [100 * row.estimates["service_level"].value for row in result.rows()]
    low, high = np.quantile(values, [0.05, 0.95])
    said = result.plot(y="service_level").get_title()
    assert f"90% chance of service level between {low:.0f}% and {high:.0f}%" in said
    assert "chance of" not in SweepResult.load(grid).plot(y="service_level").get_title()


@pytest.mark.parametrize(
    ("words", "ending"),
    [
        (["x=agents", "y=p90_wait"], "png"), (["x=line", "y=staff_cost", "by=agents"], "svg"),
        (["x=staff_cost", "y=mean_wait", "by=volume"], "png"), (["efficient"], "pdf"), (["effects"], "png"),
    ],
)  # fmt: skip
def test_every_picture_can_be_written(grid: Path, tmp_path: Path, words: list[str], ending: str) -> None:
    picture = tmp_path / f"picture.{ending}"
    assert main(["show", str(grid), "--plot", *words, "--out", str(picture)]) == 0
    assert picture.stat().st_size > 5000


def test_files_hold_numbers_as_numbers_and_formulas_as_text(grid: Path, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    with sqlite3.connect(tmp_path / "s.sqlite") as copy, sqlite3.connect(grid) as store:
        store.backup(copy)
        copy.execute("UPDATE points SET error = '=HYPERLINK(1)' WHERE point = 8")
    copy.close(), store.close()
    for name in ("points.csv", "points.xlsx"):
        assert main(["show", str(tmp_path / "s.sqlite"), "--to", str(tmp_path / name)]) == 0
    book = load_workbook(tmp_path / "points.xlsx")
    sheet = book.active
    head = [cell.value for cell in sheet[1]]
    assert sheet.freeze_panes == "B2" and head[:4] == ["point", "replications", "error", "agents"]
    wait = head.index("mean_wait")
    assert isinstance(sheet[2][wait].value, float) and sheet.max_row == 13
    failed = sheet[10][2]
    assert (failed.value, failed.data_type) == ("=HYPERLINK(1)", "s")
    lines = list(csv.reader((tmp_path / "points.csv").open(newline="")))
    assert lines[9][2] == "'=HYPERLINK(1)" and float(lines[1][wait]) == pytest.approx(sheet[2][wait].value)
    assert lines[9][wait] == "" and len(lines) == 13


def test_parquet_without_its_library_gets_one_sentence(grid: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["show", str(grid), "--to", "points.parquet"]) == 2
    assert "callcenter-sim[parquet]" in capsys.readouterr().err


def test_frames_hold_everything_that_is_stored(grid: Path) -> None:
    result = SweepResult.load(grid)
    assert list(result.points().columns[-3:]) == ["agents", "volume", "line"] and len(result.points()) == 12
    totals = result.where("agents = 1").totals()
    assert len(totals) == 4 * 12 * 4 and {"wait", "waited"} <= set(totals.columns)
    assert set(result.totals("group")["group"]) == {"desk"}
    estimates = result.estimates().query("kind == 'queue' and metric == 'mean_wait'")
    assert set(estimates["name"]) == {"calls", "=sales", "all"} and len(estimates) == 24
    with pytest.raises(InputError, match="without intervals"):
        result.totals(by_interval=True)


def test_a_store_in_a_notebook_is_escaped(grid: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s.sqlite") as copy, sqlite3.connect(grid) as store:
        store.backup(copy)
        copy.execute("UPDATE sweep SET value = '\"<b>bold</b>\"' WHERE key = 'name'")
    copy.close(), store.close()
    shown = SweepResult.load(tmp_path / "s.sqlite")._repr_html_()
    assert "&lt;b&gt;" in shown and "<b>" not in shown


def test_the_document_has_no_numbers_that_json_lacks(grid: Path, capsys: Any) -> None:
    assert main(["show", str(grid), "--json", "--against", "0"]) == 0
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    rows = {row["point"]: row for row in document["rows"]}
    assert len(rows) == 12 and rows[8]["metrics"]["mean_wait"]["value"] is None and rows[8]["error"]
    assert rows[4]["difference"]["mean_wait"]["value"] == pytest.approx(
        rows[4]["metrics"]["mean_wait"]["value"] - rows[0]["metrics"]["mean_wait"]["value"]
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--best", "lost_custmers"], "did you mean"), (["--best", "mean_wait:up"], "METRIC:min"),
        (["--queue", "cals"], "did you mean"), (["--metric", "asa"], "was not kept"), (["--limit", "-1"], "negative"),
        (["--against", "99"], "there is no point 99"), (["--against", "8"], "has not been played"),
        (["--to", "x.doc"], ".csv, .parquet, .xlsx"), (["--plot", "efficient"], "go together"),
        (["--plot", "x=agents", "z=2", "--out", "x.png"], "as in x=agents"),
        (["--plot", "x=nobody", "--out", "x.png"], "no factor"),
        (["--plot", "agents", "--out", "x.png"], "is a factor"),
        (["--effects", "mean_wait", "--best", "mean_wait"], "do not go together"),
        (["--efficient", "occupancy,asa"], "was not kept"),
        (["--plot", "x=agents", "y=mean_wait", "by=occupancy", "--out", "x.png"], "is a metric"),
    ],
)  # fmt: skip
def test_wrong_options_get_one_sentence(grid: Path, arguments: list[str], said: str, capsys: Any) -> None:
    assert main(["show", str(grid), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


@pytest.mark.parametrize("content", [None, b"", b"hello", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_store_gets_one_sentence(tmp_path: Path, content: bytes | None, capsys: Any) -> None:
    path = tmp_path / "results.sqlite"
    if content is not None:
        path.write_bytes(content)
    assert main(["show", str(path)]) == 2
    error = capsys.readouterr().err
    assert "results.sqlite" in error and error.count("\n") == 1


def test_a_damaged_store_gets_one_sentence_wherever_it_is_damaged(
    grid: Path, tmp_path: Path, capsys: Any
) -> None:
    whole = grid.read_bytes()
    for page in range(1, len(whole) // 4096):
        path = tmp_path / "results.sqlite"
        path.write_bytes(whole[: page * 4096] + b"\xff" * 4096 + whole[(page + 1) * 4096 :])
        assert main(["show", str(path)]) in (0, 2)
        error = capsys.readouterr().err
        assert "Traceback" not in error and error.count("\n") <= 1


def test_reading_neither_waits_for_a_writer_nor_holds_it_up(grid: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with sqlite3.connect(path) as copy, sqlite3.connect(grid) as store:
        store.backup(copy)
    copy.close(), store.close()
    writer = sqlite3.connect(path, isolation_level=None, timeout=0.0)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE points SET replications = 13 WHERE point = 0")
    result = SweepResult.load(path)
    assert result.counts.most == 12
    writer.execute("COMMIT")
    assert SweepResult.load(path).counts.most == 13
    (busy, _, _) = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0  # nobody still reads
    with pytest.raises(InputError, match="readonly"):
        read(path, "DELETE FROM points")
    writer.close()


def test_a_long_table_is_laid_out_like_a_short_one(grid: Path, monkeypatch: Any, capsys: Any) -> None:
    main(["show", str(grid), "--metric", "mean_wait"])
    short = capsys.readouterr().out.split()
    monkeypatch.setattr("sim.reports.sweeptables.LONG", 1)
    main(["show", str(grid), "--metric", "mean_wait"])
    assert [w for w in capsys.readouterr().out.split() if "--" not in w] == [
        w for w in short if "--" not in w
    ]


def test_a_single_replication_has_no_margins_and_no_share_of_chance(folder: Path) -> None:
    vary = {"agents": {"path": "agents.desk.staffing", "add": [0, 1, 2, 3, 4]}, "lines": [None, 6]}
    result = SweepResult.load(
        swept(folder, "one", {"vary": vary, "metrics": ["mean_wait"], "replications": 1})
    )
    effects = result.effects("mean_wait")
    assert math.isnan(effects.noise) and math.isnan(effects.effects[0].share.margin)
    assert effects.effects[0].factor == "agents"


def test_more_metrics_than_sqlite_joins_are_listed(grid: Path, monkeypatch: Any) -> None:
    result = sim.SweepResult.load(grid)
    whole = result.rows()
    monkeypatch.setattr("sim.reports.sweepqueries.JOINED", 2)
    assert len(result.metrics) > 2 and repr(result.rows()) == repr(whole)


def test_a_picture_of_no_points_says_that_none_meets_the_condition(grid: Path) -> None:
    result = sim.SweepResult.load(grid)
    nothing = result.where(f"{result.metrics[0]} < -1")
    with pytest.raises(InputError, match="no point that meets the condition"):
        nothing.plot(y=result.metrics[0])
