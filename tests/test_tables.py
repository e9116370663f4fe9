"""What the tables and verdicts say, on results made up so that every figure is known."""

import math
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.engines.reference import Note
from sim.measures.estimate import Estimate, Sample, of_count, of_ratio
from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS
from sim.reports import figures, tables, verdicts
from sim.reports.layout import Table, notebook_html
from sim.reports.loads import capacity, load_table, offered_load
from sim.reports.results import Comparison, Result
from sim.reports.trace import told
from sim.scenario.schema import Scenario

NULL = math.nan
QUEUE = {"arrivals": {"per_interval": 20}, "talk": {"distribution": "constant", "value": "60 s"}}
SWING = np.array([-1.0, 1.0])  # what every second replication has less and more


def scenario(**changes: Any) -> Scenario:
    """Four intervals of one queue and one group, unless changed."""
    document: dict[str, Any] = {
        "name": "A morning", "currency": "EUR", "opens": "08:00", "closes": "10:00",
        "queues": {"support": QUEUE},
        "agents": {"front": {"staffing": 3, "skills": ["support"], "cost_per_hour": 20}},
    }  # fmt: skip
    return Scenario(**(document | changes))


class MadeUp(Result):
    """A result from figures given by name, float64 (replications, members, intervals), not played."""

    def __init__(
        self, made: Scenario, plan: str, count: int, figures: dict[str, Any], agents: dict[str, Any]
    ):
        super().__init__(made, plan, 1, count, None)  # type: ignore[arg-type]
        self.figures, self.agents = figures, agents

    @cached_property
    def queue_samples(self) -> dict[str, dict[str, Sample]]:
        return self.by_member(QUEUE_METRICS, self.figures, list(self.scenario.queues))

    @cached_property
    def agent_samples(self) -> dict[str, dict[str, Sample]]:
        return self.by_member(AGENT_METRICS, self.agents, list(self.scenario.agents))

    def interval_figures(self, queue: int | None) -> dict[str, np.ndarray]:
        assert queue is not None
        return {name: values[:, queue].mean(axis=0) for name, values in self.figures.items()}

    @cached_property
    def interval_samples(self) -> list[tuple[str, str, str, dict[str, Sample]]]:
        return [
            (
                kind,
                name,
                self.scenario.grid.label(span),
                self.samples(metrics, figures, (slice(None), member, span)),
            )
            for kind, metrics, figures, names in (
                ("queue", QUEUE_METRICS, self.figures, self.scenario.queues),
                ("group", AGENT_METRICS, self.agents, self.scenario.agents),
            )
            for member, name in enumerate(names)
            for span in range(self.scenario.grid.count)
        ]

    def by_member(self, metrics: Any, figures: Any, names: list[str]) -> dict[str, dict[str, Sample]]:
        places = {name: (slice(None), [member]) for member, name in enumerate(names)}
        return {
            name: self.samples(metrics, figures, at)
            for name, at in (places | {"all": (slice(None),)}).items()
        }

    def samples(self, metrics: Any, figures: Any, at: Any) -> dict[str, Sample]:
        """Percentiles are stood in for by the mean wait; figures that are not given are zero."""

        def total(name: str) -> np.ndarray:
            values = figures[name][at] if name in figures else np.zeros(self.count)
            return values.reshape(self.count, -1).sum(axis=1)

        result = {}
        for metric in metrics.values():
            top, bottom = ("wait", "waited") if metric.kind == "percentile" else (metric.top, metric.bottom)
            result[metric.name] = of_ratio(total(top), total(bottom)) if bottom else of_count(total(top))
            if metric.kind == "largest":
                result[metric.name] = of_count(figures[top][at].reshape(self.count, -1).max(axis=1))
        return result


def result(
    lost: float = 10.0, swing: float = 0.0, *, wait: float = 30.0, wait_swing: float = 0.0, count: int = 20,
    line: tuple[float, ...] = (1, 1, 1, 1), met: tuple[float, ...] = (18, 12, 18, 18), plan: str = "today",
    made: Scenario | None = None, **totals: float,
) -> Result:  # fmt: skip
    """A result in which each interval of each queue has 20 contacts; `swing` alternates between replications.

    lost, wait: lost customers, mean wait in seconds; line: contacts waiting; met: contacts answered in time;
    line and met by interval, totals a number for every interval.
    """
    made = made or scenario()
    queues, spans = len(made.queues), made.grid.count
    turn = np.resize(SWING, count)[:, None, None]
    figures: dict[str, Any] = {"offered": 20, "answered": 18, "abandoned": 2, "counted_for_target": 20}
    figures |= {"customers": 20, "waited": 20, "longest_wait": 100} | totals
    figures["lost_customers"] = (lost + swing * turn) / spans / queues
    figures["wait"] = (wait + wait_swing * turn) * figures["waited"]
    figures["within_target"] = np.resize(met, spans)
    figures["line_seconds"] = np.resize(line, spans) * made.grid.interval
    figures = {name: np.zeros((count, queues, spans)) + values for name, values in figures.items()}
    hours = np.array([group.staffing for group in made.agents.values()]) * made.grid.interval / 3600.0
    rates = np.array([[group.cost_per_hour] for group in made.agents.values()])
    agents = {"on_duty_hours": hours, "busy_hours": hours / 2, "attended_hours": hours, "paid_hours": hours}
    agents |= {"overtime_hours": 0 * hours, "staff_cost": hours * rates}
    agents = {name: np.zeros((count, *hours.shape)) + values for name, values in agents.items()}
    return MadeUp(made, plan, count, figures, agents)


def verdict(baseline: Result, other: Result) -> verdicts.Verdict:
    return verdicts.verdict(Comparison({"today": baseline, "other": other}), "other")


def dearer(agents: int) -> Scenario:
    return scenario(agents={"front": {"staffing": agents, "skills": ["support"], "cost_per_hour": 20}})


# Figures


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"), (4.21, "4.2 s"), (41.0, "41 s"), (179.0, "179 s"), (192.0, "3.2 min"),
        (2460.0, "41 min"), (54_360.0, "15.1 h"), (NULL, "–"),
    ],
)  # fmt: skip
def test_a_duration_takes_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert figures.compact(seconds) == text


@pytest.mark.parametrize(
    ("value", "margin", "cell"),
    [
        (12.345, 1.149, ("12.3", "1.1")), (12.345, 0.0996, ("12.35", "0.10")), (0.5, 0.25, ("0.50", "0.25")),
        (12_345.0, 1234.0, ("12,300", "1,200")), (127.354, 0.069, ("127.35", "0.07")),
        (5113.0, 2.6, ("5,113", "3")),
        (88.0, 0.0, ("88", "0")), (0.0, 0.0, ("0", "0")), (-0.0001, 0.1, ("0.00", "0.10")),
        (66.306, NULL, ("66.3", "")), (1202.0, NULL, ("1,202", "")), (NULL, NULL, ("–", "")),
    ],
)  # fmt: skip
def test_a_value_has_the_decimals_of_its_margin(value: float, margin: float, cell: tuple[str, str]) -> None:
    assert figures.cell(Estimate(value, value - margin, value + margin)) == cell


def test_differences_show_their_sign() -> None:
    assert figures.cell(Estimate(1.5, 1.0, 2.0), signed=True) == ("+1.50", "0.50")
    assert figures.cell(Estimate(-1.5, -2.0, -1.0), signed=True) == ("-1.50", "0.50")


@pytest.mark.parametrize(
    ("number", "up"), [(10.0, 10), (10.1, 11), (99.5, 100), (513.0, 520), (12_001.0, 13_000)]
)
def test_numbers_of_replications_are_rounded_up_to_two_digits(number: float, up: int) -> None:
    assert figures.rounded_up(number) == up


# A run


def test_the_first_table_has_units_in_its_heads_and_margins_in_its_cells() -> None:
    text = tables.run_table(result(10, 2))
    assert "20 replications, seed 1 · ± are 95% margins" in text
    assert "in 20 s" in text and "EUR" in text
    assert "10.00 ± 0.96" in text  # t(19) × sqrt(4 × 20 / 19 / 20)
    assert max(map(len, text.splitlines())) <= 120
    assert "\x1b" not in text and not text.endswith("\n")


def test_a_column_of_durations_has_one_unit_that_of_the_longest() -> None:
    heads = {
        unit: tables.run_tables(result(wait=wait))[0].heads
        for unit, wait in (("s", 30), ("min", 600), ("h", 40_000))
    }
    assert all(f"mean wait\n{unit}" in names for unit, names in heads.items())


def test_the_worst_interval_is_named_with_what_happens_there() -> None:
    assert verdicts.remarks(result()) == [
        "support is worst at 08:30: 60% within 20 s, 10% hang up, 20 contacts expected; "
        "below its target of 80% in 1 of 4 intervals."
    ]


def test_a_queue_that_meets_its_target_all_day_is_said_to() -> None:
    (sentence,) = verdicts.remarks(result(met=(18, 17, 18, 18)))
    assert sentence == "support meets 80% within 20 s in every interval; lowest at 08:30: 85%."


def test_a_line_that_grows_all_day_is_flagged() -> None:
    grows = "The line of support grows all day: 70 are waiting in the last interval"
    assert any(sentence.startswith(grows) for sentence in verdicts.remarks(result(line=(10, 30, 50, 70))))


@pytest.mark.parametrize("line", [(50, 50, 50, 50), (0, 0, 1, 60), (10, 40, 60, 20), (0.1, 0.3, 0.5, 0.7)])
def test_a_line_that_is_level_late_past_or_short_is_not_flagged(line: tuple[float, ...]) -> None:
    assert not any("grows" in sentence for sentence in verdicts.remarks(result(line=line)))


def test_a_queue_that_no_group_serves_is_flagged() -> None:
    made = scenario(queues={"support": QUEUE, "orphan": QUEUE})
    remarks = verdicts.remarks(result(made=made))
    assert "No group with agents serves orphan: nobody there is ever answered." in remarks
    assert not any("serves support" in sentence for sentence in remarks)


def test_callers_cut_off_full_lines_and_waits_of_hours_are_told() -> None:
    text = "\n".join(verdicts.remarks(result(unanswered=3.0, blocked=1.0, longest_wait=54_360.0)))
    assert "12 contacts of support a day wait until closing and are cut off." in text
    assert "4 contacts of support a day find all lines taken." in text
    assert "The longest wait of a day in support is 15.1 h on average." in text


@pytest.mark.parametrize(
    ("more", "lines", "said"),
    [
        ({"max_waiting": 5}, {}, "find its waiting line full."),
        ({"max_waiting": 5}, {"lines": 9}, "find its waiting line full or all lines taken."),
        ({}, {"events": [{"at": "09:00", "for": "1 h", "lines": 2}]}, "find all lines taken."),
    ],
)
def test_contacts_that_are_turned_away_find_full_what_may_be_full(more: Any, lines: Any, said: str) -> None:
    made = scenario(queues={"support": QUEUE | more}, **lines)
    assert f"4 contacts of support a day {said}" in verdicts.remarks(result(blocked=1.0, made=made))


def test_what_an_ivr_does_is_told_without_those_who_went_on() -> None:
    ivr = {"ivr": {"time": {"distribution": "constant", "value": "9 s"}}}
    said = [
        line
        for line in verdicts.remarks(result(made=scenario(queues={"support": QUEUE | ivr})))
        if "IVR" in line
    ]
    assert said == ["The IVR of support serves 0 contacts a day, and 0 hang up in it."]


def test_what_lost_customers_were_worth_is_told_apart_from_those_put_off() -> None:
    text = tables.run_table(result(lost_value=100.0, deterred_value=5.0))
    assert "Lost customers are worth 400 EUR a day." in text
    assert "Others whom they put off are worth 20 EUR a day more." in text


def test_one_replication_has_no_margins_and_says_so() -> None:
    text = tables.run_table(result(count=1))
    assert "±" not in text and "one replication, seed 1: no margins" in text


def test_what_cannot_be_computed_is_a_dash() -> None:
    nothing = result(
        wait=0, met=(0, 0, 0, 0), offered=0, answered=0, abandoned=0, counted_for_target=0, waited=0
    )
    row = next(
        line
        for line in tables.run_table(nothing, by_interval=True).splitlines()
        if line.startswith("support")
    )
    assert row.split().count("–") == 4


def test_by_interval_adds_a_table_for_each_queue_and_group() -> None:
    brief, full = tables.run_table(result(10, 2)), tables.run_table(result(10, 2), by_interval=True)
    assert "09:30" not in brief
    assert sum(line.startswith("09:30") for line in full.splitlines()) == 2


def test_intervals_in_which_nothing_was_open_are_left_out() -> None:
    one = result(10, 2)
    one.figures["offered"][:, :, 2] = 0.0
    lines = tables.run_table(one, by_interval=True).splitlines()
    assert [line[:5] for line in lines if line.startswith(("08:", "09:"))] == (
        ["08:00", "08:30", "09:30", "08:00", "08:30", "09:00", "09:30"]
    )


def test_a_horizon_of_more_than_a_day_is_called_a_replication() -> None:
    made = scenario(closes=None, length="48 h", interval="12 h")
    assert "queues, a replication" in tables.run_table(result(made=made))


@pytest.mark.parametrize(
    ("days", "head", "behind"),
    [(1, "a day", " a day"), (7, "a week", " a week"), (2, "2 days", " in 2 days")],
)
def test_days_are_called_what_they_are(days: int, head: str, behind: str) -> None:
    made = scenario(opens="00:00", closes=None, days=days, interval="12 h")
    text = tables.run_table(result(made=made, lost_value=1.0))
    assert f"queues, {head}" in text and f"agents, {head}" in text
    assert f"EUR{behind}." in text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.001, "under 0.01 EUR"),
        (0.0698, "0.07 EUR"),
        (1.2345, "1.23 EUR"),
        (20.34, "20.3 EUR"),
        (835.4, "835 EUR"),
    ],
)
def test_an_amount_for_each_has_no_more_than_cents(value: float, said: str) -> None:
    assert figures.price(value, "EUR") == said


def test_money_has_no_more_than_cents() -> None:
    assert figures.money(Estimate(0.0012, 0.001, 0.0014), "EUR") == "under 0.01 EUR"
    assert figures.money(Estimate(-3.14159, -3.142, -3.141), "EUR") == "3.14 EUR"
    assert figures.cell(Estimate(0.0698, 0.0678, 0.0718), most=figures.CENTS) == ("0.07", "0")


def test_never_answered_has_a_column_only_where_it_is_more_than_those_who_hang_up() -> None:
    assert "not " not in tables.run_table(result(never_answered=2.0))
    assert "not " in tables.run_table(result(never_answered=5.0))


def test_a_mean_wait_that_counts_closed_hours_and_old_mail_says_so() -> None:
    backlog = {"backlog": {"count": 9, "age": "0 h - 12 h"}, "service_level": {"clock": "open_hours"}}
    (sentence,) = (
        line
        for line in verdicts.remarks(result(made=scenario(queues={"support": QUEUE | backlog})))
        if "mean" in line
    )
    assert sentence == (
        "The mean wait of support, 30 s, counts closed hours and the time before opening of those who wait then; "
        "half of all wait less than 30 s."
    )


@pytest.mark.parametrize("width", [80, 100, 120])
def test_tables_keep_to_the_width_asked_for(width: int) -> None:
    long = Comparison({f"{word} name of a plan that goes on and on {word}": result(*figures)
                       for word, figures in {"a": (10, 2), "b": (12, 2), "c": (14, 9)}.items()})  # fmt: skip
    for text in (tables.compare_table(long, width), tables.run_table(result(10, 2), width=width)):
        assert max(map(len, text.splitlines())) <= width


# Names


def test_long_plan_names_are_wrapped_whole() -> None:
    names = ["one more agent at the peak of Monday morning", "one more agent at the peak of Monday evening"]
    text = tables.compare_table(Comparison({name: result(10, 2, plan=name) for name in names}))
    assert "morning" in text and "evening" in text


def test_names_with_line_ends_and_control_characters_stay_on_their_row() -> None:
    text = tables.compare_table(
        Comparison({"a\nb": result(10, 2), "c\x1b[31m": result(12, 2), "=cmd|x": result()})
    )
    assert "a\\nb" in text and "\x1b" not in text and "=cmd|x" in text


def test_html_escapes_every_name() -> None:
    evil = "<script>x</script>"
    agents = {evil: {"staffing": 3, "skills": [evil]}}
    made = scenario(name=evil, currency="<b>", queues={evil: QUEUE}, agents=agents)
    one = result(made=made, plan=evil, lost_value=1.0)
    for page in (
        tables.result_html(one),
        tables.comparison_html(Comparison({evil: one, "b" + evil: result(made=made)})),
    ):
        assert "<script" not in page and "<b>" not in page and "&lt;script&gt;" in page
        assert page.count("<table>") == page.count("</table>") >= 2


def test_what_a_notebook_shows_is_escaped_in_titles_tables_and_sentences() -> None:
    evil = "<script>x</script>"
    page = notebook_html(f"{evil}\nsecond", [Table(evil, [evil], [evil], [[(evil, "")]])], [evil])
    assert "<script" not in page and page.count("&lt;script&gt;") == 6 and "<br>second" in page


def test_results_show_themselves_in_a_notebook() -> None:
    assert result()._repr_html_().startswith("<div>")
    assert Comparison({"today": result()})._repr_html_().startswith("<div>")


# Verdicts


def test_fewer_lost_customers_is_better_and_what_each_costs_is_told() -> None:
    found = verdict(result(10, 2), result(6, 1, wait=20, made=dearer(4)))
    assert found.word == "better"
    assert found.why == (
        "4.00 ± 0.48 fewer lost customers a day, 10 s shorter mean wait; "
        "costs 40 EUR more a day, 10.0 EUR for each customer saved"
    )


def test_more_lost_customers_is_worse_and_what_it_saves_is_told() -> None:
    found = verdict(result(10, 2), result(15, 1, wait=45, made=dearer(2)))
    assert found.word == "worse"
    assert "5.00 ± 0.48 more lost customers a day, 15 s longer mean wait; saves 40 EUR a day" in found.why
    assert "8.00 EUR for each customer lost" in found.why


def test_fewer_lost_customers_at_longer_waits_is_better_with_a_but() -> None:
    found = verdict(result(10, 2), result(6, 1, wait=45))
    assert found.word == "better" and "lost customers a day, but 15 s longer mean wait" in found.why


def test_better_and_cheaper_has_no_cost_for_each_customer() -> None:
    found = verdict(result(10, 2), result(6, 1, made=dearer(2)))
    assert found.word == "better"
    assert found.why.endswith("no clear change in mean wait; saves 40 EUR a day")


def test_a_difference_within_its_margin_cannot_be_told_and_the_replications_it_takes_are_named() -> None:
    found = verdict(result(10, 1), result(9.9, -1))
    assert found.word == "cannot tell yet"
    # the paired differences are −0.1 ∓ 2: margin 2.0930 × 2 / √19 = 0.9603, and 20 × 9.603² = 1844
    assert found.why == (
        "0.10 ± 0.96 fewer lost customers a day; about 1,900 replications would tell; at the same cost"
    )


def test_a_wait_that_can_be_told_is_told_even_if_lost_customers_cannot() -> None:
    found = verdict(result(10, 1), result(9.9, -1, wait=20))
    assert found.word == "cannot tell yet" and "10 s shorter mean wait" in found.why


def test_nobody_is_sent_to_run_a_million_replications() -> None:
    found = verdict(result(10, 1), result(10.0001, -1))
    assert "more than 100,000 replications would be needed to tell" in found.why


def test_where_as_many_are_lost_the_mean_wait_decides() -> None:
    found = verdict(result(0, wait=40, wait_swing=2), result(0, wait=30))
    assert found.word == "better"
    assert "10.00 ± 0.96 s shorter mean wait, as many lost customers" in found.why
    assert verdict(result(0, wait=30, wait_swing=9), result(0, wait=31)).word == "cannot tell yet"


def test_a_plan_like_the_baseline_makes_no_difference() -> None:
    found = verdict(result(10, 2), result(10, 2))
    assert found == verdicts.Verdict("no difference", "callers and agents fare as under today")


def test_a_plan_that_changes_cost_alone_makes_no_difference_to_callers() -> None:
    found = verdict(result(10, 2), result(10, 2, made=dearer(4)))
    assert found == verdicts.Verdict(
        "no difference", "to lost customers and mean wait; costs 40 EUR more a day"
    )


def test_a_service_level_that_clearly_differs_is_never_no_difference() -> None:
    found = verdict(result(), result(met=(18, 18, 18, 18)))
    assert found == verdicts.Verdict(
        "better",
        "as many lost customers, the same mean wait; support answered in time 7.5 % points more often; "
        "at the same cost",
    )


def test_another_promise_differs_and_is_neither_better_nor_worse() -> None:
    other = scenario(queues={"support": QUEUE | {"service_level": {"within": "8 h"}}})
    found = verdict(result(), result(met=(20, 20, 20, 20), made=other))
    assert found.word == "differs" and "more often, within 8 h instead of 20 s" in found.why


def test_a_value_of_those_put_off_that_clearly_differs_is_never_no_difference() -> None:
    found = verdict(result(deterred_value=5.0), result(deterred_value=0.0))
    assert found.word == "better" and "others put off are worth 20 EUR less a day" in found.why


def test_fewer_lost_customers_who_are_worth_more_differ() -> None:
    found = verdict(result(10, lost_value=5.0), result(6, lost_value=9.0))
    assert found.word == "differs"
    assert "4 fewer lost customers a day, but those lost are worth 16 EUR more" in found.why


def test_as_many_lost_customers_who_are_worth_less_are_better() -> None:
    found = verdict(result(10, lost_value=9.0), result(10, lost_value=5.0))
    assert found.word == "better"
    assert found.why.startswith("as many lost customers, but those lost are worth 16 EUR less a day")


def test_a_better_plan_says_which_queue_is_served_worse() -> None:
    found = verdict(result(10), result(6, met=(10, 10, 10, 10)))
    assert found.word == "better"
    assert "; but support answered in time 32.5 % points less often; " in found.why


def test_overtime_alone_is_about_the_same_cost() -> None:
    other = result(6, 1)
    other.agents["staff_cost"] = other.agents["staff_cost"] + 0.01
    assert verdict(result(10, 2), other).why.endswith("at about the same cost")


def test_a_comparison_shows_values_only_where_plans_differ_in_them() -> None:
    same = tables.compare_table(
        Comparison({"today": result(lost_value=5.0), "other": result(6, lost_value=5.0)})
    )
    less = tables.compare_table(
        Comparison({"today": result(lost_value=5.0), "other": result(6, lost_value=3.0)})
    )
    assert "value of" not in same and "further" not in same
    assert "further, a day" in less and "value of" in less


def test_a_comparison_of_several_queues_has_the_service_level_of_each() -> None:
    made = scenario(
        queues={"mail": QUEUE, "phone": QUEUE}, agents={"front": {"staffing": 3, "skills": ["mail", "phone"]}}
    )
    both = Comparison({"today": result(made=made), "other": result(made=made, met=(20, 20, 20, 20))})
    text = tables.compare_table(both)
    assert "by queue" in text and "mail" in text and "phone" in text and "% points" in text
    alike = Comparison({"today": result(made=made), "other": result(6, made=made)})
    assert "by queue" not in tables.compare_table(alike)


def test_long_waits_and_chains_of_contacts_stand_in_the_comparison_where_they_differ() -> None:
    passed = scenario(queues={"support": QUEUE | {"transfer": {"to": "support", "share": "10%"}}})
    plans = {
        name: result(made=passed, longest_wait=wait, customer_contacts=contacts)
        for name, wait, contacts in (("today", 9000, 30), ("other", 5000, 24))
    }
    (table,) = (
        table for table in tables.comparison_tables(Comparison(plans)) if table.corner == "further, a day"
    )
    assert [head.replace("\n", " ") for head in table.heads] == ["longest wait min", "contacts each"]


# The offered load of `check`


def loads(queues: dict[str, Any], **changes: Any) -> dict[str, list[float]]:
    agents = {"front": {"staffing": 3, "skills": list(queues)}}
    made = scenario(**({"queues": {n: QUEUE | own for n, own in queues.items()}, "agents": agents} | changes))
    return {name: load.tolist() for name, load in offered_load(made).items()}


def test_the_load_is_that_of_contacts_that_go_on_from_the_ivr() -> None:
    ivr = {"time": {"distribution": "constant", "value": "1 min"}, "self_served": "40%", "hangs_up": "10%"}
    assert loads({"a": {"ivr": ivr}})["a"] == pytest.approx([20 * 0.5 * 60 / 1800] * 4)


def test_the_load_solves_the_traffic_equations_of_transfers_and_repeats() -> None:
    after = {"distribution": "constant", "value": "1 h"}
    found = loads({
        "a": {"transfer": [{"to": "b", "share": "30%", "retell": "30 s"}]},
        "b": {"transfer": [{"to": "a", "share": "10%"}], "repeat": {"share": "20%", "after": after}},
    })  # fmt: skip
    # a = 20 + 0.1 b;  b = 20 + 0.3 a + 0.9 × 0.2 b
    b = (20 + 0.3 * 20) / (1 - 0.18 - 0.03)
    a = 20 + 0.1 * b
    assert found["a"] == pytest.approx([a * 60 / 1800] * 4)
    assert found["b"] == pytest.approx([(b * 60 + a * 0.3 * 30) / 1800] * 4)


def test_a_closed_queue_has_no_load_unless_contacts_wait_for_it() -> None:
    hours = {"hours": "08:30-10:00", "at_close": "carry"}
    assert loads({"a": hours})["a"][0] == 0.0
    assert loads({"a": hours | {"after_hours": "waits"}})["a"][0] == pytest.approx(20 * 60 / 1800)


@pytest.mark.parametrize(
    ("skill", "pace"),
    [({}, 1.0), ({"at_once": 3}, 3.0), ({"at_once": 3, "slowdown": [1, 1.25, 1.6]}, 1.875),
     ({"at_once": 2, "slowdown": [1, 2]}, 1.0), ({"handle_factor": 1.25}, 0.8)],
)  # fmt: skip
def test_an_agent_with_full_hands_carries_them_at_the_last_slowdown(
    skill: dict[str, Any], pace: float
) -> None:
    made = scenario(agents={"front": {"staffing": 3, "skills": {"support": skill}}})
    assert capacity(made, ["support"]).tolist() == pytest.approx([3 * pace] * 4)


def test_agents_with_several_queues_share_their_time_as_the_loads_are() -> None:
    made = scenario(
        queues={"a": QUEUE, "b": QUEUE},
        agents={"front": {"staffing": 3, "skills": {"a": {}, "b": {"at_once": 2}}}},
    )
    assert capacity(made, ["a", "b"])[0] == pytest.approx(3 / (0.5 + 0.5 / 2))


def week(**per_interval: float) -> Scenario:
    volumes = {"00:00": 0} | {key.replace("_", " ").replace("h", ":"): v for key, v in per_interval.items()}
    return scenario(
        opens="00:00", closes=None, days=7, starts="monday", interval="6 h",
        queues={"support": QUEUE | {"arrivals": {"per_interval": volumes}}},
    )  # fmt: skip


def test_days_alike_are_one_block_of_the_load_table() -> None:
    every = {
        "mon_06h00": 9,
        "mon_12h00": 7,
        "mon_18h00": 8,
        "tue-fri_06h00": 5,
        "tue-fri_12h00": 6,
        "tue-fri_18h00": 4,
    }
    labels = [line[:15].strip() for line in load_table(week(**every, sat_00h00=0)).splitlines()[3:]]
    assert labels == [
        *(f"mon {clock}" for clock in ("00:00", "06:00", "12:00", "18:00")),
        *(f"tue-fri {clock}" for clock in ("00:00", "06:00", "12:00", "18:00")),
        "sat, sun 00:00",
    ]


def test_a_day_that_is_nearly_like_others_is_told_as_an_exception() -> None:
    made = week(**{"mon-sun_06h00": 5, "wed_12h00": 6, "wed_18h00": 5})
    lines = [line.split() for line in load_table(made).splitlines()[3:]]
    assert [" ".join(line[:3]) for line in lines if line[0] == "but"] == ["but wed 12:00-18:00"]
    assert lines[0][:3] == ["every", "day", "00:00"]


def test_the_load_table_keeps_to_its_width_with_many_queues_and_groups() -> None:
    names = [f"a queue with a long name {number}" for number in range(12)]
    made = scenario(
        queues=dict.fromkeys(names, QUEUE), agents={name: {"staffing": 1, "skills": [name]} for name in names}
    )
    text = load_table(made)
    assert max(map(len, text.splitlines())) <= 120 and "all" in text


def test_without_costs_paid_hours_are_told() -> None:
    free = {"skills": ["support"]}
    four, three = (scenario(agents={"front": free | {"staffing": n}}) for n in (4, 3))
    assert verdict(result(10, 2, made=three), result(6, made=four)).why.endswith("2 more paid hours a day")
    assert verdict(result(10, 2, made=three), result(6, made=three)).why.endswith("with the same paid hours")


def test_one_replication_gives_no_verdict_but_advice() -> None:
    text = tables.compare_table(Comparison({"today": result(count=1), "other": result(5, count=1)}))
    assert text.endswith("One replication has no margins; run at least 10.")
    assert "better" not in text


def test_the_comparison_shows_values_then_paired_differences_then_verdicts() -> None:
    text = tables.compare_table(Comparison({"today": result(10, 2), "other": result(6, 2)}))
    order = [text.index(words) for words in ("plans, a day", "difference to", "other: better: 4 fewer")]
    assert order == sorted(order)
    assert "-4 ± 0" in text


def test_a_plan_whose_line_grows_all_day_is_flagged_in_the_comparison() -> None:
    text = tables.compare_table(Comparison({"today": result(), "fewer": result(line=(10, 30, 50, 70))}))
    assert "fewer: The line of support grows all day" in text and "today: The line" not in text


def test_a_comparison_of_one_plan_has_no_differences() -> None:
    text = tables.compare_table(Comparison({"today": result(10, 2)}))
    assert "0 plans against today" in text and "difference to" not in text


# Callbacks: those who accept one hardly count in the mean wait, so the time to an agent stands beside it


def called_back(lost: float, swing: float, minutes: float) -> Result:
    callbacks = {"callbacks_accepted": 5, "callbacks_within": 4, "callbacks_broken": 1}
    reached = {"reached_agent": 18, "time_to_agent": 18 * 60 * minutes}
    return result(lost, swing, wait=20, **callbacks, **reached)


def test_the_time_to_an_agent_stands_in_the_comparison_wherever_there_are_callbacks() -> None:
    plain = Comparison({"today": result(10, 2), "other": result(8, 2)})
    offered = Comparison({"today": result(10, 2), "callbacks": called_back(6, 1, 5)})
    heads = {
        "plain": [head.split("\n")[0] for head in tables.comparison_tables(plain)[0].heads],
        "offered": [head.replace("\n", " ") for head in tables.comparison_tables(offered)[0].heads],
    }
    assert "lost rate" in heads["plain"] and "time to" not in heads["plain"]
    assert {"time to agent min", "callbacks kept", "callbacks broken"} <= set(heads["offered"])


def test_a_comparison_shows_what_a_planner_decides_by() -> None:
    text = tables.compare_table(Comparison({"today": result(10, 2), "more": called_back(6, 1, 5)}))
    figures_wanted = (
        "customers", "lost rate", "mean wait", "less than", "in 20 s", "kept", "broken", "occupancy", "paid", "cost",
    )  # fmt: skip
    assert [name for name in figures_wanted if name not in text] == []
    assert max(map(len, text.splitlines())) <= 120


def test_a_plan_with_callbacks_is_judged_by_the_time_to_an_agent() -> None:
    today = result(10, 2, reached_agent=18, time_to_agent=18 * 30)
    found = verdict(today, called_back(6, 1, 5))
    assert found.word == "better"
    assert "fewer lost customers a day, but 4.5 min longer time to an agent" in found.why
    assert "mean wait" not in found.why


def test_where_as_many_are_lost_the_time_to_an_agent_decides_on_callbacks() -> None:
    found = verdict(called_back(10, 2, 2), called_back(10, 2, 3))
    assert found.word == "worse" and "60 s longer time to an agent, as many lost customers" in found.why


# As objects, as files, as stories


def test_results_and_comparisons_say_in_one_line_what_they_are() -> None:
    assert repr(result()) == '<Result "today" of "A morning": 20 replications, seed 1>'
    assert repr(result(count=1)).endswith(": 1 replication, seed 1>")
    both = Comparison({"today": result(), "other": result()})
    assert repr(both) == '<Comparison of "A morning": 2 plans against "today", 20 replications, seed 1>'


def test_a_saved_result_needs_no_file_that_its_scenario_was_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, elsewhere = tmp_path / "written", tmp_path / "elsewhere"
    for folder in (written, elsewhere):
        folder.mkdir()
    (written / "volumes.csv").write_text("calls\n4\n5\n6\n5\n", encoding="utf-8")
    queue = QUEUE | {"arrivals": {"per_interval": {"file": "volumes.csv", "column": "calls"}}}
    text = scenario().document | {"queues": {"support": queue}}
    made = sim.simulate(Scenario(written, **text), replications=2, seed=1, engine="reference")
    made.save(written / "made.zip")
    (written / "made.zip").rename(elsewhere / "made.zip")
    (written / "volumes.csv").unlink()
    monkeypatch.chdir(elsewhere)
    loaded = Result.load("made.zip")
    assert loaded.scenario == made.scenario and loaded.scenario.sha256 == made.scenario.sha256
    assert loaded.scenario.document == made.scenario.written_out
    assert loaded.to_dict(by_interval=False) == made.to_dict(by_interval=False)
    assert loaded.records(1).equals(made.records(1))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "at once by front"), (41.0, "by front after 41 s")]
)  # fmt: skip
def test_a_story_says_at_once_where_nobody_waited(seconds: float, words: str) -> None:
    notes = [Note(67.0, "answered", queue=0, customer=8, group=0, seconds=seconds)]
    assert list(told(notes, scenario())) == [f"08:01:07 support 8 is answered {words}"]
