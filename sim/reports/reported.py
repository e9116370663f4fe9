"""The reports of runs, comparisons and sweeps: what stands on the page of each."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.reports.answers import answer_plan, comparison_answer, run_answer, sweep_answer
from sim.reports.changes import plan_words
from sim.reports.figures import clean, compact
from sim.reports.layout import Table
from sim.reports.loads import load_table, load_words
from sim.reports.oddities import odd
from sim.reports.page import Block, Figures, Page, Pairs, Plain, Section, Words
from sim.reports.pageintervals import MOST_ROWS, interval_blocks, interval_words
from sim.reports.pagepictures import comparison_pictures, run_pictures, sweep_pictures, with_room
from sim.reports.pagewarnings import few_words, warnings_of
from sim.reports.results import Comparison, Result
from sim.reports.tables import comparison_tables, comparison_title, run_tables, run_title
from sim.reports.verdicts import money_words, remarks, verdict_lines
from sim.reports.words import said_blocks
from sim.scenario.schema import Scenario

if TYPE_CHECKING:
    from sim.reports.sweepqueries import Row
    from sim.reports.sweeps import SweepResult

BY_PLAN = ("service", "day")  # pictures of the baseline and of the plan that the answer is about
MOST_POINTS = 500  # of a sweep in its table of all
BEST = 15  # points of a sweep told first


def run_page(result: Result) -> Page:
    """The page of one plan played."""
    tables = [
        figures(table, "group" if table.corner.startswith("agents") else "queue")
        for table in run_tables(result)
    ]
    said = [*money_words(result), *remarks(result)]
    sections = [
        Section("figures", "Figures", [Words(said, points=True), *tables] if said else tables),
        Section("pictures", "Pictures", list(with_room(run_pictures(result, words=interval_words(result))))),
        Section("intervals", "By interval", list(interval_blocks(result))),
    ]
    return _page(run_title(result), run_answer(result), sections, {result.plan: result})


def comparison_page(comparison: Comparison) -> Page:
    """The page of several plans; by interval the baseline and the plan that the answer is about."""
    results = comparison.results
    told = dict.fromkeys([answer_plan(comparison), comparison.baseline])
    said = [*verdict_lines(comparison), *[comparison.correction] * bool(comparison.correction)]
    tables = [figures(table, "plan") for table in comparison_tables(comparison)]
    pictures = list(comparison_pictures(comparison))
    for plan in told:
        for each in run_pictures(results[plan], BY_PLAN, interval_words(results[plan])):
            pictures.append(replace(each, title=f"{clean(plan, 60)}: {each.title}"))
    sections = [
        Section("plans", "Plans", [*tables[:2], Words(said, points=True), *tables[2:]]),
        Section("pictures", "Pictures", list(with_room(pictures))),
        *(
            Section(
                f"intervals-{number}",
                f"By interval: {clean(plan, 60)}",
                list(interval_blocks(results[plan], MOST_ROWS // len(told))),
            )
            for number, plan in enumerate(told)
        ),
    ]
    return _page(comparison_title(comparison), comparison_answer(comparison), sections, results)


def sweep_page(result: "SweepResult") -> Page:
    """The page of a stored sweep: the best points, what matters, what no point beats, all of them."""
    from sim.reports.sweeptables import head_of

    answer = _or_none(sweep_answer, result) or "The points of a sweep, none of which is named the best."
    said = _sweep_warnings(result)
    sections = [
        Section("points", "Points", list(_sweep_tables(result))),
        Section("pictures", "Pictures", list(with_room(sweep_pictures(result, _sweep_shown(result))))),
        *closing(result.scenario, result.scenario.name, said, _sweep_provenance(result)),
    ]
    title, *played = head_of(result).split("\n")
    return Page(title, " · ".join(played), answer, [s for s in sections if s.blocks], len(said))


def _page(title: str, answer: str, sections: Sequence[Section], results: Mapping[str, Result]) -> Page:
    first = next(iter(results.values()))
    said = warnings_of(results)
    name, played = title.split("\n")
    end = closing(
        first.scenario,
        name,
        said,
        provenance_of(first.provenance, {"seed": f"{first.seed}", "replications": f"{first.count:,}"}),
        len(results) > 1,
    )
    return Page(name, played, answer, [s for s in (*sections, *end) if s.blocks], len(said))


def closing(
    scenario: Scenario, title: str, said: Sequence[str], provenance: Pairs, plans: bool = False
) -> Iterator[Section]:
    """What stands at the end of every report: warnings, assumptions, provenance."""
    yield Section("warnings", "Warnings", [Words(said, points=True)] if said else [])
    yield Section("assumptions", "Assumptions", list(_assumptions(scenario, title, plans)))
    yield Section("provenance", "Provenance", [provenance])


def _assumptions(scenario: Scenario, title: str, plans: bool) -> Iterator[Block]:
    """The scenario in words, as `ccsim check` has it, and its load against the agents."""
    for block in said_blocks(scenario, title, played=""):
        yield Words([line for line in block if not line.startswith(" ")])
        below = [line for line in block if line.startswith(" ")]
        if below:
            yield Words([line.strip() for line in below], points=True)
    if plans and scenario.plans:
        yield Words(["Plans (the first is the baseline):"])
        yield Words(list(plan_words(scenario)), points=True)
    yield Words(list(load_words(scenario)))
    yield Plain("Contacts, load and agents by interval", load_table(scenario))


def provenance_of(known: Mapping[str, Any], played: Mapping[str, str]) -> Pairs:
    """Where figures come from; known: as results keep it, played: seed, replications and the like."""
    return _pairs(
        {
            "version": f"callcenter-sim {known.get('version', '')}",
            "command": clean(str(known.get("command", "")), 400),
            **played,
            "engine": str(known.get("engine", "")),
            "routing": clean(str(known.get("routing", "")), 60),
            "scenario SHA-256": str(known.get("scenario_sha256", "")),
            "time taken": compact(known["seconds"]) if "seconds" in known else "",
        }
    )


def _pairs(pairs: Mapping[str, str]) -> Pairs:
    return Pairs({name: value for name, value in pairs.items() if value})


def figures(table: Table, names: str, folded: bool = False, title: str = "") -> Figures:
    """A table under the words of its corner, unless it is given another title."""
    corner = " ".join(table.corner.split())
    return Figures(title or corner[:1].upper() + corner[1:], table, names, folded=folded)


# Sweeps


def _sweep_tables(result: "SweepResult") -> Iterator[Block]:
    """The best points, what matters, what no other point beats, all points; what cannot be said is left out."""
    from sim.reports.sweeptables import effects_table, effects_words, points_table

    def table(rows: Sequence["Row"]) -> Table:
        return points_table(result, rows, result.metrics)

    aim = _or_none(result.aim)
    if aim:
        best = [row for row in result.rows(order=aim[0], most=aim[1], limit=BEST) if row.replications]
        if best:
            yield figures(table(best), "point", title=f"Best by {aim[0].replace('_', ' ')}")
    effects = _or_none(result.effects, aim[0] if aim else None)
    if effects:
        yield figures(effects_table(result, effects), "factor")
        yield Words([" ".join(effects_words(result, effects).split())])
    pair = _or_none(result.cost_and_harm)
    if pair:
        points = [row.point for row in result.efficient_rows(*pair)]
        if points:
            names = " and ".join(name.replace("_", " ") for name in pair)
            yield figures(
                table(result.rows(points=points)), "point", title=f"Points that no other beats in {names}"
            )
    rows = [row for row in result.rows(limit=MOST_POINTS) if row.replications]
    if rows:
        more = result.counts.played - len(rows)
        title = f"The first {len(rows):,} of {result.counts.played:,} points" if more > 0 else "All points"
        yield figures(table(rows), "point", folded=True, title=title)


def _sweep_shown(result: "SweepResult") -> dict[str, dict[str, Any]]:
    """What the pictures of a sweep show → the arguments of its `plot`."""
    aim, pair = _or_none(result.aim), _or_none(result.cost_and_harm)
    shown: dict[str, dict[str, Any]] = {}
    if pair:
        shown[f"{pair[0]} against {pair[1]} of all points".replace("_", " ")] = {"kind": "efficient"}
    if aim:
        name = aim[0].replace("_", " ")
        shown[f"what matters for {name}"] = {"kind": "effects", "y": aim[0]}
        shown[f"how {name} differs between the points"] = {"y": aim[0]}
    return shown


def _sweep_warnings(result: "SweepResult") -> list[str]:
    """What failed, is not played yet, or was played too seldom, and the oddities of the scenario."""
    counts, failed = result.counts, result.failures
    said = [
        f"{counts.points - counts.played - counts.failed:,} of {counts.points:,} points are not played yet."
    ]
    said = said if counts.points > counts.played + counts.failed else []
    said += [f"Point {point} failed: {clean(error, 300)}" for point, error in failed[:BEST]]
    said += [f"{len(failed) - BEST:,} more points failed."] * (len(failed) > BEST)
    said += [f"{counts.short:,} points are short of replications."] * bool(counts.short)
    said += few_words(counts.least, counts.most) if counts.played else []
    return said + [remark[:1].upper() + remark[1:] for remark in odd(result.scenario)]


def _sweep_provenance(result: "SweepResult") -> Pairs:
    known = {key: str(result.head.get(key, "")) for key in ("version", "scenario_sha256", "seed")}
    return _pairs(
        {
            "version": f"callcenter-sim {known['version']}",
            "store": result.path.name,
            "seed": known["seed"],
            "design": result.design.replace("_", " "),
            "scenario SHA-256": known["scenario_sha256"],
            "command": clean(" ".join([Path(sys.argv[0]).name, *sys.argv[1:]]), 400),
        }
    )


def _or_none(ask: Callable[..., Any], *arguments: Any) -> Any:
    """What is asked for, or nothing where the sweep cannot tell."""
    try:
        return ask(*arguments)
    except InputError:
        return None
