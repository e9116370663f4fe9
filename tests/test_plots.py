"""The pictures say what the figures say, in letters of every script, and are written whole."""

import json
import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from test_tables import result, scenario

from sim.cli import main
from sim.errors import InputError
from sim.reports import lettering, plots
from sim.reports.costplots import Point, draw_cost, efficient
from sim.reports.flowplots import flow_of
from sim.reports.pictures import OF_COMPARISON, OF_RESULT
from sim.reports.planplots import plot_plans
from sim.reports.plots import as_label, figure_bytes, new_axes, save_figure, with_letters
from sim.reports.results import Comparison, Result
from sim.reports.timeaxis import clock_axis
from sim.scenario.weeks import Grid
from sim.verbs.play import simulate

TALK = {"distribution": "exponential", "mean": "4 min"}
REDIAL = {"share": "50%", "after": {"distribution": "exponential", "mean": "5 min"}}
BUSY = {
    "arrivals": {"per_interval": [20, 30, 30, 20]}, "talk": TALK,
    "patience": {"distribution": "exponential", "mean": "1 min"}, "redial": REDIAL,
}  # fmt: skip
EMPTY = BUSY | {"arrivals": {"per_interval": 0}}
NAMES = ["客服热线", "สายด่วน", "خدمة العملاء", "Đường dây hỗ trợ", "🙂 $x$", "_hidden " + "x" * 300]


@cache
def played(which: str = "two", count: int = 12, by_interval: bool = True) -> Result:
    """A small day that was really played: of two queues, one, one that nobody calls, eight, or names of all scripts."""
    names = {"two": ["support", "billing"], "one": ["support"], "names": NAMES, "silent": ["support"]}
    queues = names.get(which) or [f"queue {number}" for number in range(8)]
    made = {name: EMPTY if which == "silent" else BUSY for name in queues}
    if which == "two":
        made["billing"] = BUSY | {"callback": {"offer": "always", "accept": "50%"}, "at_close": "carry"}
    agents = {
        f"{name} team": {"staffing": [2, 2, 3, 0], "skills": [name], "cost_per_hour": 20} for name in queues
    }
    day = scenario(queues=made, agents=agents, targets={f"{queues[0]} team": {"occupancy": "85%"}})
    return simulate(day, replications=count, seed=1, by_interval=by_interval)


def drawn(kind: str, of: Result, **choices: Any) -> Any:
    return of.plot(kind=kind, **choices)


def ticks(labels: list[Any]) -> list[str]:
    return [label.get_text() for label in labels]


def legend(axes: Any) -> list[str]:
    return ticks(axes.get_legend().get_texts())


def texts(axes: Any) -> str:
    """Everything that is written in a picture."""
    from matplotlib.text import Text

    axes.figure.draw_without_rendering()
    return "\n".join(text.get_text() for text in axes.figure.findobj(Text))


# By interval


def test_service_wait_and_hang_ups_stand_below_each_other_with_their_units() -> None:
    level, wait, gone = drawn("service", played()).child_axes
    assert [level.get_ylabel(), wait.get_ylabel(), gone.get_ylabel()] == [
        "answered\nin 20 s, %", "mean wait, s", "hang up, %",
    ]  # fmt: skip
    assert legend(gone) == ["support", "billing", "target 80%"]
    assert gone.get_xlabel() == "time of day"


@pytest.mark.parametrize(
    ("panel", "metric", "scale"), [(0, "service_level", 100), (2, "abandonment_rate", 100)]
)
def test_lines_and_bands_are_the_estimates_by_interval(panel: int, metric: str, scale: float) -> None:
    found = played()
    axes = drawn("service", found).child_axes[panel]
    frame = found.intervals()
    for place, name in enumerate(("support", "billing")):
        rows = frame[(frame["name"] == name) & (frame["metric"] == metric)]
        assert np.allclose(axes.lines[place].get_ydata(), scale * rows["value"], equal_nan=True)
        band = axes.collections[place].get_paths()[0].vertices
        assert band[:, 1].max() == pytest.approx(scale * rows["high"].max())


def test_the_target_is_a_line_across() -> None:
    level = drawn("service", played()).child_axes[0]
    (target,) = [line for line in level.lines if line.get_label() == "target 80%"]
    assert list(target.get_ydata()) == [80.0, 80.0]


def test_lines_are_told_apart_without_colour() -> None:
    lines = drawn("service", played("eight")).child_axes[0].lines
    looks = {
        (line.get_linestyle(), line.get_marker()) for line in lines if line.get_label().startswith("queue")
    }
    assert len(looks) == 6


def test_of_many_queues_those_with_most_contacts_have_a_line_and_the_others_are_faint() -> None:
    assert "2 other queues" in legend(drawn("service", played("eight")).child_axes[-1])


@pytest.mark.parametrize("count", [1, 12])
def test_where_nothing_is_known_of_margins_none_are_drawn_and_that_is_said(count: int) -> None:
    axes = drawn("service", played(count=count, by_interval=False))
    assert "no margins" in axes.get_title()
    assert not any(panel.collections for panel in axes.child_axes)
    assert np.nanmax(axes.child_axes[0].lines[0].get_ydata()) > 0


def test_a_day_has_its_contacts_above_and_agents_against_load_below() -> None:
    found = played()
    above, below = drawn("day", found).child_axes
    assert above.get_ylabel() == "contacts in 30 min" and below.get_ylabel() == "agents; erlangs"
    stairs = {patch.get_label(): patch.get_data() for patch in above.patches}
    support = found.interval_figures(0)["offered"]
    assert np.allclose(stairs["support"].values, support)
    assert np.allclose(stairs["billing"].values, support + found.interval_figures(1)["offered"])
    assert np.allclose(stairs["first contacts expected"].values, [40, 60, 60, 40])
    loads = {patch.get_label(): patch.get_data() for patch in below.patches}
    assert np.allclose(loads["offered load, erlangs"].values, np.array([40, 60, 60, 40]) * 240 / 1800)
    assert np.allclose(loads["billing team, agents"].values, [4, 4, 6, 0])
    assert "more load than agents" in loads


def test_occupancy_has_its_target_and_leaves_out_when_nobody_is_planned() -> None:
    axes = drawn("occupancy", played())
    assert legend(axes) == ["support team", "billing team", "target, at most 85%"]
    values = axes.lines[0].get_ydata()
    assert math.isnan(values[3]) and 0 < np.nanmax(values) <= 100


def test_intervals_without_contacts_leave_a_gap() -> None:
    level = drawn("service", played("silent")).child_axes[0]
    assert np.isnan(level.lines[0].get_ydata()).all()


# Times


def axis(opens: float, interval: float, count: int, starts: int | None = None) -> Any:
    axes = new_axes(8, 4)
    clock_axis(axes, Grid(opens, interval, count, starts))
    return axes


def test_a_night_shows_plain_clock_times_at_whole_hours() -> None:
    night = axis(21.5 * 3600, 900, 34)
    assert ticks(night.get_xticklabels())[:4] == ["22:00", "23:00", "00:00", "01:00"]


def test_a_day_that_ends_somewhat_later_keeps_its_clock_times() -> None:
    assert ticks(axis(0, 1800, 49).get_xticklabels())[-2:] == ["21:00", "00:00"]


@pytest.mark.parametrize("hours", [0.5, 7, 200, 8760])
def test_there_are_at_most_a_dozen_and_one_times(hours: float) -> None:
    assert 1 <= len(axis(0, 1800, round(2 * hours)).get_xticks()) <= 13


def test_a_week_has_the_names_of_its_days_between_midnights() -> None:
    week = axis(0, 1800, 336, 0)
    assert ticks(week.get_xticklabels()) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert [line.get_xdata()[0] for line in week.lines] == [48, 96, 144, 192, 240, 288]


# Distributions, flows, one day


def test_waits_are_the_share_that_waits_at_most_so_long_with_percentiles() -> None:
    found = played("one")
    axes = drawn("waits", found)
    times, shares = axes.lines[0].get_data()
    size = 60.0 if "min" in axes.get_xlabel() else 1.0
    p90 = found.queue("support")["p90_wait"]
    assert np.interp(p90.value / size, times, shares) == pytest.approx(90, abs=1.5)
    assert np.all(np.diff(shares) >= 0) and shares[-1] == pytest.approx(100)
    reaches = [segment for lines in axes.collections for segment in lines.get_segments()]
    assert any(np.isclose(segment[:, 0], (p90.low / size, p90.high / size)).all() for segment in reaches)


def test_a_curve_of_waits_is_level_where_nobody_waits_so_long() -> None:
    axes = drawn("waits", played("one", 1))
    times, shares = axes.lines[0].get_data()
    assert np.all((np.diff(times) < 0.1 * times[-1]) | (np.diff(shares) == 0))
    assert "50, 90, 95, 99%" in legend(axes)


def test_days_of_one_queue_are_a_histogram_with_the_share_that_meets_the_target() -> None:
    axes = drawn("days", played("one"))
    assert sum(bar.get_height() for bar in axes.patches) == 12
    assert axes.get_xlabel() == "answered in 20 s in one replication (a day), %"
    assert any("% meet it" in text for text in legend(axes))


def test_days_of_several_queues_have_a_row_each() -> None:
    axes = drawn("days", played())
    assert ticks(axes.get_yticklabels()) == ["support", "billing"]
    assert all("meet it" in text for text in ticks(axes.texts))


def test_the_flow_keeps_every_contact() -> None:
    columns, total = flow_of(played())
    assert total == pytest.approx(sum(sum(p["offered"]) for p in map(played().interval_figures, (0, 1))))
    assert [sum(node.size for node in column) for column in columns] == pytest.approx([total] * 4)
    kinds = {"answered", "called back", "still waiting at the end", "hung up waiting"}
    assert {node.name for node in columns[2]} == kinds
    sizes = {node.name: node.size for node in (*columns[0], *columns[3])}
    assert sizes["dialling again"] == pytest.approx(sizes["dial again"])


def test_the_flow_says_how_many_customers_are_lost_and_its_unit() -> None:
    axes = drawn("flow", played())
    assert re.search(r"of \d+ customers a day [\d.]+ ± [\d.]+ are lost", axes.get_title())
    assert "contacts a day" in texts(axes)


def test_a_day_without_contacts_says_so() -> None:
    assert "no contacts came" in texts(drawn("flow", played("silent")))


def test_who_is_lost_and_when() -> None:
    found = played()
    when, who = drawn("lost", found).child_axes
    assert legend(when)[-1] == "customers lost, by first arrival"
    assert np.allclose(when.lines[0].get_ydata(), found.by_interval("lost_customers")[0])
    lost = [found.queue(name)["lost_customers"].value for name in ("support", "billing")]
    assert [bar.get_width() for bar in who.patches] == pytest.approx(lost)
    assert who.get_xlabel().startswith("customers lost a day")


def test_the_line_of_a_replayed_day_is_that_of_its_records() -> None:
    found = played()
    axes = drawn("line", found, replication=3).child_axes[0]
    records = found.records(3)
    own = records[(records["queue"] == "support") & (records["wait"] > 0)]
    waiting = own["wait"].sum() / 1800
    path = axes.collections[0].get_paths()
    area = sum(abs(np.trapezoid(each.vertices[:, 1], each.vertices[:, 0])) for each in path)
    assert area == pytest.approx(waiting, rel=1e-6)
    gone = int((records.loc[records["queue"] == "support", "outcome"] == "abandoned").sum())
    assert np.isfinite(axes.lines[0].get_ydata()).sum() == 2 * gone > 0
    assert f"{gone:,} hang up" in axes.get_title(loc="left")


@pytest.mark.parametrize("replication", [-1, 12, 1.5, True])
def test_a_day_that_was_not_played_is_refused(replication: Any) -> None:
    with pytest.raises(InputError, match=r"replication"):
        drawn("line", played(), replication=replication)


# Plans


def test_plans_are_bars_of_lost_customers_coloured_by_verdict() -> None:
    axes = plot_plans(Comparison({"today": result(10, 1), "more": result(6), "fewer": result(14)}))
    assert ticks(axes.get_yticklabels()) == ["today", "more", "fewer"]
    assert [round(bar.get_width(), 6) for bar in axes.patches] == [10, 6, 14]
    assert legend(axes) == ["baseline", "better", "worse"]
    assert axes.get_xlabel() == "lost customers a day"
    assert "wait 30 s" in axes.texts[0].get_text() and "EUR" in axes.texts[0].get_text()


def whiskers(axes: Any) -> list[list[float]]:
    """Row, left and right end of every whisker."""
    ends = (lines.get_segments()[0] for lines in axes.collections)
    return [[left[1], left[0], right[0]] for left, right in ends]


def test_whiskers_are_the_margins_of_the_paired_differences_and_the_baseline_has_none() -> None:
    # both plans lose more on the same days: 4 fewer on every day, or 4 ± 0.48 fewer
    plans = {"today": result(10, 5), "same swing": result(6, 5), "other swing": result(6, 4)}
    comparison = Comparison(plans)
    axes = plot_plans(comparison)
    margin = comparison.difference("other swing")["lost_customers"].margin
    assert np.allclose(whiskers(axes), [[1, 6, 6], [2, 6 - margin, 6 + margin]])
    assert 0.4 < margin < 0.5 < plans["other swing"].queue()["lost_customers"].margin
    assert axes.get_title().endswith("20 replications; whiskers: 95% margin of the difference to today")


def test_the_words_beside_a_bar_begin_with_the_difference() -> None:
    axes = plot_plans(Comparison({"today": result(10, 2), "more": result(6, 1), "fewer": result(14, 3)}))
    assert ticks(axes.texts) == [
        "wait 30 s · 120 EUR", "−4.00 ± 0.48 lost · wait 30 s · 120 EUR", "+4.00 ± 0.48 lost · wait 30 s · 120 EUR",
    ]  # fmt: skip


def test_where_there_are_callbacks_the_time_to_an_agent_stands_beside_every_bar() -> None:
    reached = {"reached_agent": 18, "time_to_agent": 18 * 45}
    axes = plot_plans(
        Comparison({"today": result(**reached), "callbacks": result(callbacks_accepted=3, **reached)})
    )
    assert all("45 s to an agent" in text for text in ticks(axes.texts))


def test_where_nobody_is_lost_the_bars_are_waits() -> None:
    axes = plot_plans(Comparison({"today": result(lost=0, wait=600), "more": result(lost=0, wait=300)}))
    assert axes.get_xlabel() == "mean wait, min"
    assert [round(bar.get_width(), 6) for bar in axes.patches] == [10, 5]


def test_one_replication_has_no_error_bars() -> None:
    axes = plot_plans(Comparison({"today": result(count=1), "more": result(lost=6, count=1)}))
    assert not axes.containers[0].errorbar and len(axes.collections) == 0
    assert "no margins" in axes.get_title()


def test_the_axes_given_are_the_axes_drawn_on_and_returned() -> None:
    left, right = Figure().subplots(1, 2)
    assert played().plot(left) is left
    assert plot_plans(Comparison({"today": result()}), right) is right


def test_differences_are_the_paired_ones_and_say_whether_they_are_sure() -> None:
    comparison = Comparison({"today": result(10, 5), "more": result(6, 5), "maybe": result(10, 4)})
    axes = comparison.plot(kind="differences")
    lost, wait, level, cost = axes.child_axes
    heads = ["lost customers a day", "mean wait, s", "service level,\npercentage points", "cost a day, EUR"]
    assert [panel.get_xlabel() for panel in (lost, wait, level, cost)] == heads
    assert [float(bar[0].get_xdata()[0]) for bar in lost.containers] == pytest.approx([-4, 0])
    margin = comparison.difference("maybe")["lost_customers"].margin
    assert lost.containers[1][2][0].get_segments()[0][:, 0] == pytest.approx([-margin, margin])
    assert legend(axes) == ["surely better", "not sure"]
    assert ticks(lost.get_yticklabels()) == ["more", "maybe"]
    assert not any(ticks(wait.get_yticklabels()))


def test_cost_is_drawn_against_lost_customers_with_margins_and_the_efficient_joined() -> None:
    comparison = Comparison({"today": result(10, 5), "more": result(6, 5)})
    axes = comparison.plot(kind="cost")
    assert axes.get_xlabel() == "staff cost a day, EUR" and axes.get_ylabel() == "lost customers a day"
    assert "1  today\n2  more" in texts(axes)
    assert axes.get_legend() is not None and "1, 2" not in texts(axes)


def point(name: str, cost: float, lost: float) -> Point:
    from sim.reports.costplots import _exact

    return Point(name, _exact(cost), _exact(lost))


@pytest.mark.parametrize(("lost", "from_nothing"), [((3.0, 40.0), True), ((900.0, 1000.0), False)])
def test_losses_that_are_close_are_seen_apart(lost: tuple[float, float], from_nothing: bool) -> None:
    axes = draw_cost([point("a", 10.0, lost[0]), point("b", 5.0, lost[1])], scenario(), True, "")
    assert (axes.get_ylim()[0] == 0) == from_nothing


def test_a_point_is_efficient_where_no_other_beats_it() -> None:
    points = [point("a", 1, 9), point("b", 2, 5), point("c", 2, 6), point("d", 3, 5), point("e", 4, 1)]
    assert [each.name for each in efficient(points)] == ["a", "b", "e"]


def test_points_at_one_place_share_a_text() -> None:
    axes = draw_cost([point("a", 1, 9), point("b", 1, 9), point("c", 9, 1)], scenario(), True, "")
    assert {"1, 2", "3"} <= set(ticks(axes.texts))


# All kinds


@pytest.mark.parametrize("kind", OF_RESULT)
def test_every_picture_of_a_run_stands_any_names_and_its_words_are_cut(kind: str) -> None:
    axes = drawn(kind, played("names"))
    said = texts(axes)
    assert "x" * 80 not in said
    assert kind in ("flow",) or ("客服热线" in said and "خدمة" in said)


@pytest.mark.parametrize("kind", OF_RESULT)
def test_every_picture_of_a_run_can_be_drawn_when_nobody_calls_and_once_only(kind: str) -> None:
    for found in (played("silent"), played("one", count=1)):
        left, right = Figure().subplots(1, 2)
        assert found.plot(left, kind=kind) is left and right.has_data() is False
        assert figure_bytes(left, "svg").startswith(b"<?xml")


@pytest.mark.parametrize("kind", OF_COMPARISON)
def test_every_picture_of_plans_can_be_drawn_of_one_plan(kind: str) -> None:
    assert "A morning" in texts(Comparison({"today": result(count=1)}).plot(kind=kind))


def test_a_kind_that_is_given_as_the_axes_says_how_it_is_named() -> None:
    with pytest.raises(InputError, match='"lost" is no Axes; name a kind'):
        played().plot("lost")


def test_an_unknown_kind_names_those_there_are() -> None:
    with pytest.raises(InputError, match=r'"servise" \(did you mean "service"\?\); use service'):
        played().plot(kind="servise")
    with pytest.raises(InputError, match="use plans"):
        Comparison({"today": result()}).plot(kind="service")
    with pytest.raises(InputError, match="cannot be told replication"):
        played().plot(kind="day", replication=1)


# Letters


def test_names_are_cut_by_their_width_and_dollars_are_no_mathematics() -> None:
    assert as_label("客" * 50, 20) == "客" * 9 + "…"
    assert as_label("_a $x$", 40) == r" _a \$x\$"


def test_a_name_from_right_to_left_turns_nothing_around_it() -> None:
    mark = lettering.LEFT_TO_RIGHT
    assert as_label("خدمة", 40) == f"{mark}خدمة{mark}" and as_label("plain", 40) == "plain"


def test_svg_keeps_names_as_text_and_asks_for_the_readers_fonts() -> None:
    written = figure_bytes(drawn("days", played("names")), "svg").decode()
    assert all(
        name in written for name in ("客服热线", "สายด่วน", "خدمة العملاء", "Đường dây hỗ trợ", "🙂 $x$")
    )
    assert "Noto Sans CJK" in written.partition(">")[2].partition(">")[2].partition(">")[0]
    assert "font-family:" not in written


@pytest.fixture
def fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, str]], None]]:
    """Pretend that these fonts are installed: family → the letters it has."""
    cached = (plots._fonts_for, plots._family_with)

    def install(families: dict[str, str]) -> None:
        monkeypatch.setattr(plots, "_installed", lambda: families)
        monkeypatch.setattr(plots, "_has", lambda family, letter: letter in families.get(family, ""))
        for function in cached:
            function.cache_clear()

    yield install
    for function in cached:
        function.cache_clear()


def test_a_font_that_has_the_letters_is_added_to_the_texts_that_need_it(fonts: Any) -> None:
    fonts({plots._usual(): "line", "Any": "客服", "Noto Sans CJK SC": "客服"})
    axes = new_axes(3, 2)
    title = axes.set_title("客服 line")
    axes.set_xlabel("line")
    assert with_letters(axes) == set()
    assert title.get_fontfamily() == [plots._usual(), "Noto Sans CJK SC"]
    assert axes.xaxis.label.get_fontfamily() != title.get_fontfamily()


def test_letters_that_no_font_has_are_said_once_with_the_package_to_install(
    fonts: Any, tmp_path: Path, capsys: Any
) -> None:
    fonts({plots._usual(): "line"})
    axes = new_axes(3, 2)
    axes.set_title("客服 🙂 line 🙂")
    save_figure(axes, tmp_path / "a.png")
    said = capsys.readouterr().err
    assert said.count("no installed font has") == 1
    assert "客服 (Chinese, Japanese or Korean), 🙂 (emoji)" in said
    assert "apt install fonts-noto-cjk fonts-symbola" in said and ".svg" in said
    save_figure(axes, tmp_path / "a.svg")
    assert capsys.readouterr().err == ""


def test_the_font_of_boxes_is_no_font() -> None:
    assert not any("Last Resort" in family for family in plots._installed())


@pytest.mark.parametrize(
    ("letter", "name", "package"),
    [
        ("客", "Chinese, Japanese or Korean", "fonts-noto-cjk"), ("ก", "Thai", "fonts-noto-core"),
        ("خ", "Arabic", "fonts-noto-core"), ("🙂", "emoji", "fonts-symbola"), ("ქ", "other", "fonts-noto-core"),
    ],
)  # fmt: skip
def test_every_letter_has_a_script_and_a_package(letter: str, name: str, package: str) -> None:
    assert lettering.script_of(letter)[::3] == (name, package)
    assert package in lettering.missing_words([letter])


# Files


def test_a_kind_is_chosen_at_the_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    (tmp_path / "s.json").write_text(json.dumps(played("one").scenario.written_out), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run = ["run", "s.json", "--replications", "2", "--quiet", "--plot", "a.svg", "--plot-kind"]
    assert main([*run, "occupancy"]) == 0
    assert "busy ÷ at work, %" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert main([*run, "servise"]) == 2
    assert (
        '--plot-kind: there is no kind of picture "servise" (did you mean "service"?)'
        in capsys.readouterr().err
    )
    assert main(["run", "s.json", "--plot-kind", "day"]) == 2
    assert "--plot-kind: says what --plot FILE draws; add that" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "starts"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")])
def test_a_figure_is_saved_by_its_ending_the_same_each_time(tmp_path: Path, name: str, starts: bytes) -> None:
    written = []
    for _ in range(2):
        save_figure(drawn("days", played()), tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0].startswith(starts) and written[0] == written[1]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["picture.bmp", "picture"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"use \.png, \.svg or \.pdf"):
        save_figure(new_axes(3, 2), tmp_path / name)


def test_a_folder_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        save_figure(new_axes(3, 2), tmp_path / "missing" / "a.png")
