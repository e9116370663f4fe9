"""The pictures say what the figures say, and are written whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from test_tables import QUEUE, result, scenario

from sim.errors import InputError
from sim.reports.plots import plot_comparison, plot_result, save_figure
from sim.reports.results import Comparison, Result


def two(*queues: str) -> Result:
    """A result with these queues."""
    group = {"staffing": 3, "skills": list(queues)}
    return result(made=scenario(queues=dict.fromkeys(queues, QUEUE), agents={"front": group}))


def ticks(labels: list[Any]) -> list[str]:
    return [label.get_text() for label in labels]


def legend(axes: Any) -> list[str]:
    return ticks(axes.get_legend().get_texts())


def test_one_queue_is_drawn_with_its_contacts_and_its_service() -> None:
    axes = plot_result(result())
    assert axes.get_ylabel() == "contacts in 30 min" and axes.get_xlabel() == "time of day"
    assert legend(axes) == ["contacts offered", "hung up", "answered in 20 s", "target 80%"]
    beside = next(other for other in axes.figure.axes if other is not axes)
    assert beside.get_ylabel() == "answered in 20 s, %"
    assert list(beside.lines[0].get_ydata()) == [90.0, 60.0, 90.0, 90.0]


def test_several_queues_have_a_line_each() -> None:
    axes = plot_result(two("support", "billing", "_hidden $x$"))
    assert legend(axes) == ["support", "billing", r" _hidden \$x\$", "target 80%"]
    assert len({line.get_color() for line in axes.lines[:3]}) == 3


def test_the_clock_stands_under_a_run() -> None:
    axes = plot_result(result())
    assert ticks(axes.get_xticklabels()) == ["08:00", "08:30", "09:00", "09:30", "10:00"]


def test_a_night_shows_plain_clock_times_at_whole_hours() -> None:
    axes = plot_result(result(made=scenario(opens="21:30", closes="06:00", interval="15 min")))
    assert ticks(axes.get_xticklabels())[:4] == ["22:00", "23:00", "00:00", "01:00"]


@pytest.mark.parametrize("length", ["30 min", "7 h", "200 h", "8760 h"])
def test_there_are_at_most_a_dozen_and_one_times(length: str) -> None:
    axes = plot_result(result(made=scenario(closes=None, length=length), count=2))
    assert 1 <= len(axes.get_xticks()) <= 13


def test_intervals_without_contacts_leave_a_gap() -> None:
    made = result()
    for figures in made.figures.values():  # type: ignore[attr-defined]
        figures[:, :, 1] = 0.0
    beside = plot_result(made).figure.axes[1]
    assert [bool(gone) for gone in np.isnan(beside.lines[0].get_ydata())] == [False, True, False, False]


def test_plans_are_bars_of_lost_customers_coloured_by_verdict() -> None:
    axes = plot_comparison(Comparison({"today": result(10, 1), "more": result(6), "fewer": result(14)}))
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
    axes = plot_comparison(comparison)
    margin = comparison.difference("other swing")["lost_customers"].margin
    assert np.allclose(whiskers(axes), [[1, 6, 6], [2, 6 - margin, 6 + margin]])
    assert 0.4 < margin < 0.5 < plans["other swing"].queue()["lost_customers"].margin
    assert axes.get_title().endswith("20 replications; whiskers: 95% margin of the difference to today")


def test_the_words_beside_a_bar_begin_with_the_difference() -> None:
    axes = plot_comparison(Comparison({"today": result(10, 2), "more": result(6, 1), "fewer": result(14, 3)}))
    assert ticks(axes.texts) == [
        "wait 30 s · 120 EUR", "−4.00 ± 0.48 · wait 30 s · 120 EUR", "+4.00 ± 0.48 · wait 30 s · 120 EUR",
    ]  # fmt: skip


def test_where_there_are_callbacks_the_time_to_an_agent_stands_beside_every_bar() -> None:
    reached = {"reached_agent": 18, "time_to_agent": 18 * 45}
    axes = plot_comparison(
        Comparison({"today": result(**reached), "callbacks": result(callbacks_accepted=3, **reached)})
    )
    assert all("45 s to an agent" in text for text in ticks(axes.texts))


def test_where_nobody_is_lost_the_bars_are_waits() -> None:
    axes = plot_comparison(Comparison({"today": result(lost=0, wait=600), "more": result(lost=0, wait=300)}))
    assert axes.get_xlabel() == "mean wait, min"
    assert [round(bar.get_width(), 6) for bar in axes.patches] == [10, 5]


def test_one_replication_has_no_error_bars() -> None:
    axes = plot_comparison(Comparison({"today": result(count=1), "more": result(lost=6, count=1)}))
    assert not axes.containers[0].errorbar and len(axes.collections) == 0
    assert "no margins" in axes.get_title()


def test_the_axes_given_are_the_axes_drawn_on_and_returned() -> None:
    left, right = Figure().subplots(1, 2)
    assert plot_result(result(), left) is left
    assert plot_comparison(Comparison({"today": result()}), right) is right


def test_results_and_comparisons_plot_themselves() -> None:
    assert result().plot().get_title().startswith("A morning")
    assert Comparison({"today": result()}).plot().get_title().startswith("A morning")


@pytest.mark.parametrize(("name", "starts"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")])
def test_a_figure_is_saved_by_its_ending_the_same_each_time(tmp_path: Path, name: str, starts: bytes) -> None:
    written = []
    for _ in range(2):
        save_figure(plot_result(two("support", "a $ sign")), tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0].startswith(starts) and written[0] == written[1]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["picture.bmp", "picture"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"use \.png, \.svg or \.pdf"):
        save_figure(plot_result(result()), tmp_path / name)


def test_a_folder_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        save_figure(plot_result(result()), tmp_path / "missing" / "a.png")
