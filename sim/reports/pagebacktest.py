"""The report of a backtest: what stands on its page."""

from collections.abc import Iterator
from pathlib import Path

from sim.history.backtest import MODES, Backtest
from sim.history.scores import METRICS
from sim.reports.backtests import (
    HOLDS,
    BacktestResult,
    behind,
    bias_words,
    but_days,
    head_words,
    mode_title,
    near,
    queue_table,
    score_table,
    verdict,
)
from sim.reports.figures import clean
from sim.reports.history import fit_remarks, fit_tables
from sim.reports.page import Block, Page, Pairs, Section, Words
from sim.reports.pagepictures import backtest_pictures, with_room
from sim.reports.pagewarnings import FEW
from sim.reports.reported import closing, figures, provenance_of

FEW_CELLS = {"intervals": 100, "days": 10}  # 100 alike: a share of 80% has a standard error of 4 points


def backtest_page(result: BacktestResult) -> Page:
    """The page of a backtest: the verdict, scores by interval and by day, pictures, queues, the fit behind it."""
    backtest = result.backtest
    said = [clean(sentence, 1000) for sentence in _warnings(backtest)]
    first, *others = verdict(backtest)
    source = clean(backtest.fit.account.source, 60)
    sections = [
        Section("verdict", "Verdict", [Words(others, points=True)]),
        Section("scores", "Scores", list(_scores(backtest))),
        Section("pictures", "Pictures", list(with_room(backtest_pictures(backtest)))),
        Section("queues", "By queue", [figures(queue_table(backtest), "queue", title="All test days")]),
        Section("fit", "The fit", list(_fitted(backtest))),
        *closing(backtest.fit.scenario, backtest.fit.scenario.name, said, _provenance(result)),
    ]
    shown = [section for section in sections if section.blocks]
    return Page(f"Backtest of {source}", " ".join(head_words(backtest)), first, shown, len(said))


def _scores(backtest: Backtest) -> Iterator[Block]:
    for mode in backtest.intervals:
        for cells in FEW_CELLS:
            title = f"{mode_title(mode)}, by {cells.removesuffix('s')}"
            yield figures(score_table(backtest, mode, [cells]), "metric", title=title)
    yield Words(
        [
            "Bias is predicted less happened; the mean error is absolute. The formulas are asked with the same "
            "contacts and agents, all queues as one, and give no band."
        ]
    )


def _fitted(backtest: Backtest) -> Iterator[Block]:
    """The evidence of the fit: its tables, to be unfolded, and what they do not say."""
    for table in fit_tables(backtest.fit):
        yield figures(table, "group" if table.corner.startswith("agents") else "queue", folded=True)
    if said := [*fit_remarks(backtest.fit), *behind(backtest)]:
        yield Words(said, points=True)


def _warnings(backtest: Backtest) -> Iterator[str]:
    """Few days or rounds, and of each mode a bias or a band that holds too few."""
    scored = next(iter(backtest.intervals.values())), next(iter(backtest.by_day.values()))
    for (cells, least), scores in zip(FEW_CELLS.items(), scored, strict=True):
        count = scores["service_level"].cells
        if count < least:
            yield (
                f"Only {count} {cells if count != 1 else cells[:-1]} could be tested: scores by "
                f"{cells[:-1]} are rough; test at least {least}."
            )
    if backtest.rounds < FEW:
        yield (
            f"Only {backtest.rounds} rounds were played: the ends of the bands are rough; play at least {FEW}, "
            "better 100."
        )
    for mode, scores in backtest.intervals.items():
        if not near(backtest, mode):
            yield f"Biased with {MODES[mode]}. {bias_words(backtest, mode)}"
        narrow = [
            metric.name.replace("_", " ") for metric in METRICS if scores[metric.name].inside < HOLDS[0]
        ]
        if narrow:
            yield f"With {MODES[mode]} the band is too narrow for {' and '.join(narrow)}."
        elif proviso := but_days(backtest, mode):
            yield f"With {MODES[mode]} the band can be trusted for intervals{proviso}."


def _provenance(result: BacktestResult) -> Pairs:
    backtest = result.backtest
    command = " ".join(map(_without_folder, str(result.provenance["command"]).split(" ")))
    return provenance_of(
        {**result.provenance, "command": command},
        {
            "log": clean(Path(backtest.fit.account.source).name, 100),
            "seed": f"{backtest.seed}",
            "rounds": f"{backtest.rounds:,}",
        },
    )


def _without_folder(word: str) -> str:
    """A word of a command, a file in it by its name alone: folders may be named for people or clients."""
    option, equals, value = word.rpartition("=")
    known = "/" in value and Path(value).parent.is_dir()
    return f"{option}{equals}{Path(value).name}" if known else word
