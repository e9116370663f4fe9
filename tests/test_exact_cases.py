"""Models with exact answers, played by the engine: a handful in every run, the others on demand (-m slow).

The judged figures of the handful share one false-alarm level of 1% (Bonferroni over all of them), and so do
those of the others; seeds follow from the cases' names. A figure that fails is looked into, never re-seeded.
"""

from dataclasses import replace

import pytest

from validation.cases import CASES, Case
from validation.judge import (
    FAMILY_LEVEL,
    HEAD,
    failures,
    held_against,
    judge_run,
    judged_figures,
    missing,
    play,
    seed_of,
    table,
)

PRECISION = 3.0  # margins of 3% of the value or .003 of a share
HANDFUL = ["EA-01", "MG-10", "BL-02", "EC-02", "PR-05", "PH-01", "SB-X1", "RT-01", "CB-04", "TV-01"]
RUNS_OF_THE_HANDFUL = [(CASES[name], 0) for name in HANDFUL]
THE_OTHERS = [
    (case, place)
    for case in CASES.values()
    for place in range(len(case.runs))
    if (case, place) not in RUNS_OF_THE_HANDFUL
]


def said(verdicts: list, family: int) -> str:
    """The failing figures as lines of the validation table."""
    return "\n".join([", ".join(HEAD), *(", ".join(row) for row in table(verdicts, family))])


@pytest.mark.parametrize("name", HANDFUL)
def test_the_engine_agrees_with_the_exact_values(name: str) -> None:
    family = judged_figures(RUNS_OF_THE_HANDFUL)
    failed = failures(judge_run(CASES[name], 0, PRECISION), family)
    assert not failed, said(failed, family)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "place"), THE_OTHERS, ids=[f"{case.id}.{place}" for case, place in THE_OTHERS]
)
def test_the_engine_agrees_with_the_other_exact_and_published_values(case: Case, place: int) -> None:
    if reason := missing(case):
        pytest.skip(reason)
    family = judged_figures(THE_OTHERS)
    failed = failures(judge_run(case, place, PRECISION), family)
    assert not failed, said(failed, family)


def test_a_wrong_exact_value_is_found_and_the_right_one_is_not() -> None:
    case, family = CASES["EA-03"], judged_figures(RUNS_OF_THE_HANDFUL)
    run = case.runs[0]
    result = play(case, run, 16, seed_of(case, 0))
    assert not failures([held_against(case, figure, result) for figure in run.figures], family)
    for figure in run.figures:
        wrong = replace(figure, exact=1.3 * figure.exact)
        assert failures([held_against(case, wrong, result)], family), figure.name


def test_a_value_that_cannot_be_computed_fails() -> None:
    case = CASES["EA-03"]
    figure = replace(case.runs[0].figures[0], exact=float("nan"))
    result = play(case, case.runs[0], 2, seed_of(case, 0))
    assert failures([held_against(case, figure, result)], 1)


def test_every_case_of_the_reference_is_there() -> None:
    groups = {
        "EA": "01 02 03", "MG": "01 03 05 06 10 12 16", "CB": "01 04", "BL": "01 02 04", "EC": "01 02",
        "PR": "01 02 05", "RT": "01 03", "PH": "01 04 05", "SB": "N1 X1", "TV": "01 03", "AR": "01",
        "PUB": "SSJ-400 CC-singleQueue CC-MMC CC-MMCAb CRAN-ErlangC",
    }  # fmt: skip
    assert set(CASES) == {f"{group}-{name}" for group, names in groups.items() for name in names.split()}
    assert FAMILY_LEVEL == 0.01


def test_shares_near_0_or_1_are_shown_and_not_judged() -> None:
    figures = [figure for case in CASES.values() for run in case.runs for figure in run.figures]
    small = [figure for figure in figures if figure.unit == "share" and not 0.01 <= figure.exact <= 0.99]
    assert small
    assert not any(figure.judged for figure in small)


def test_every_run_has_a_seed_of_its_own() -> None:
    seeds = [seed_of(case, place) for case in CASES.values() for place in range(len(case.runs))]
    assert len(set(seeds)) == len(seeds)
