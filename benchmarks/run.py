"""Calls per CPU-second: our engines and what users would take instead, side by side in one go.

    python benchmarks/run.py [--quick] [--only W1,W2,growth] [--growth [--full]] [--json FILE]

Exit code 1 if a contestant failed or came to a wrong result; one that is not installed is passed over.
"""

import argparse
import json
import math
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import growth
from measure import FIGURES, Tally, Task, distance, load, machine, rounds
from tabulate import tabulate
from workloads import CLOSE, EXACT, GOALS, SIZES, TITLES

SPREADS = "abandoned", "mean wait", "within 20 s"


def main() -> int:
    """Measure, print, write; returns the exit code."""
    options = _parsed()
    started, before = time.perf_counter(), load()
    works = {work: _measured(work, options) for work in TITLES if work in options.only}
    goals: dict[str, float] = _goal_figures(works)
    document: dict[str, Any] = {
        "machine": machine(),
        "versions": _versions(works),
        "quick": options.quick,
        "rounds": options.rounds,
        "works": {work: _work_document(work, tallies) for work, tallies in works.items()},
    }
    wrong = [text for work, tallies in works.items() for text in _wrong(work, tallies)]
    for work, tallies in works.items():
        print(f"\n{work}: {TITLES[work]}\n")
        print(_work_table(work, tallies))
        if "compiled" in tallies and (seconds := tallies["compiled"].estimates):
            share = seconds / statistics.median(r["cpu"] for r in tallies["compiled"].reports)
            print(
                f"compiled: estimates and margins took {1e3 * seconds:.0f} ms of each round, {share:.0%} of it"
            )
    if "growth" in options.only:
        document["growth"] = {}
        for series, points in growth.measured(options.quick, options.full, options.rounds, options.others):
            print(f"\n{series.title}\n")
            print(_growth_table(points))
            document["growth"][series.name] = {name: _point(tally) for name, tally in points.items()}
            document["versions"] |= _versions({series.name: points})
            goals |= _growth_goals(series.name, points)
            wrong += [tally.skipped for tally in points.values() if tally.skipped]
    after = load()
    document |= {"goals": _goal_documents(goals), "load": {"before": before, "after": after}, "wrong": wrong}
    print("\nGoals\n")
    print(_goal_table(goals, options.full and not options.quick))
    print(f"\n{_circumstances(document, options, time.perf_counter() - started)}")
    for text in wrong:
        print(f"wrong: {text}")
    if options.json:
        Path(options.json).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return 1 if wrong else 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, two rounds: does it run?")
    parser.add_argument("--only", metavar="WORKS", help=f"some of {', '.join(TITLES)}, growth")
    parser.add_argument("--contestants", metavar="NAMES", help="some of them, separated by commas")
    parser.add_argument("--rounds", type=int, help="so many rounds (5; 2 with --quick)")
    parser.add_argument("--growth", action="store_true", help="also how the cost grows")
    parser.add_argument("--full", action="store_true", help="growth up to 10⁸ calls; implies --growth")
    parser.add_argument("--others", metavar="PYTHON", default=sys.executable, help="runs the others")
    parser.add_argument("--json", metavar="FILE", help="write everything as JSON, too")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else list(TITLES)
    if unknown := [work for work in options.only if work not in (*TITLES, "growth")]:
        parser.error(f"there is no work {unknown[0]}; there are {', '.join(TITLES)}, growth")
    if options.growth or options.full:
        options.only.append("growth")
    if options.rounds is None:
        options.rounds = 2 if options.quick else 5
    elif options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def _measured(work: str, options: argparse.Namespace) -> dict[str, Tally]:
    chosen = options.contestants.split(",") if options.contestants else list(SIZES[work])
    tasks = [
        Task(name, work, size.quick if options.quick else size.days, size.hours)
        for name, size in SIZES[work].items()
        if name.split(",")[0] in chosen
    ]
    return {tally.task.contestant: tally for tally in rounds(tasks, options.rounds, options.others)}


# Results checked


def _distances(work: str, tallies: dict[str, Tally], name: str) -> dict[str, float]:
    """Figure → distance from the exact value, or from the compiled engine's where there is none."""
    tally, judge = tallies[name], tallies.get("compiled", tallies[name])
    if tally.skipped or judge.skipped or (work not in EXACT and tally is judge):
        return {}
    return {figure: distance(tally, judge, figure, EXACT.get(work, {}).get(figure)) for figure in FIGURES}


def _wrong(work: str, tallies: dict[str, Tally]) -> list[str]:
    """Sentences for those who failed, and for results too far from the truth."""
    texts = []
    for name, tally in tallies.items():
        if tally.skipped and "not installed" not in tally.skipped:
            texts.append(tally.skipped)
        texts += [
            f"{name} at {work}: {figure} is {tally.figure(figure):.6g}, {far:+.1f} standard errors away"
            for figure, far in _distances(work, tallies, name).items()
            if abs(far) > CLOSE
        ]
    return texts


# Tables


def _work_table(work: str, tallies: dict[str, Tally]) -> str:
    """One row a contestant: rates in millions of calls per CPU-second, and how far off its results are."""
    rows = []
    for name, tally in tallies.items():
        if tally.skipped:
            rows.append([name, tally.skipped])
            continue
        rates = [rate / 1e6 for rate in tally.rates]
        far = _distances(work, tallies, name)
        rows.append(
            [
                name,
                f"{statistics.median(rates):.4g}",
                f"{min(rates):.3g} – {max(rates):.3g}",
                *(_times(_ratio(tallies, *pair)) for pair in ((name, "simpy"), ("compiled", name))),
                f"{sum(r['calls'] for r in tally.reports) / 1e6:.3g} M",
                f"{tally.figure('abandoned'):.3%}",
                f"{tally.figure('wait'):.3f}",
                f"{tally.figure('within'):.2%}",
                " ".join(f"{far[figure]:+.1f}" for figure in FIGURES) if far else "",
            ]
        )
    if work in EXACT:
        known = EXACT[work]
        shown = [f"{known['abandoned']:.3%}", f"{known['wait']:.3f}", f"{known['within']:.2%}"]
        rows.append(["exact", *[""] * 5, *shown])
    heads = [
        "",
        "M calls/CPU-s",
        "least – most",
        "÷ SimPy",
        "ours is",
        "calls",
        "gone",
        "wait s",
        "in 20 s",
        "off, SE",
    ]
    return tabulate(rows, heads, disable_numparse=True, colalign=("left", *["right"] * 9))


def _ratio(tallies: dict[str, Tally], name: str, other: str) -> float:
    """The median over rounds of the ratio of two rates of the same round; nan where one is missing."""
    pair = [tallies.get(n) for n in (name, other)]
    if any(tally is None or tally.skipped for tally in pair):
        return math.nan
    return statistics.median(a / b for a, b in zip(*(tally.rates for tally in pair), strict=True))


def _times(ratio: float) -> str:
    return "" if math.isnan(ratio) else f"{ratio:.3g}×"


def _growth_table(points: dict[str, Tally]) -> str:
    done = {name: tally for name, tally in points.items() if not tally.skipped}
    least = min((tally.cost for tally in done.values()), default=math.nan)
    rows = [
        [
            name,
            f"{tally.cost:.1f}",
            f"{tally.cost / least:.2f}",
            f"{1e3 * (tally.estimates or 0):.0f}",
            f"{tally.peak:.0f}",
            f"{tally.peak - min(r['peak_before'] for r in tally.reports):.0f}",
            f"{sum(r['calls'] for r in tally.reports) / 1e6:.3g} M",
        ]
        for name, tally in done.items()
    ]
    heads = ["", "CPU ns/call", "÷ least", "+ estimates, ms", "peak MB", "of it for the run", "calls"]
    return tabulate(rows, heads, disable_numparse=True, colalign=["right"] * 7)


def _goal_table(goals: dict[str, float], at_full: bool) -> str:
    rows = []
    for goal in GOALS:
        value = goals.get(goal.name, math.nan)
        shown = "not measured" if math.isnan(value) else f"{value:.3g} {goal.unit}"
        verdict = "" if math.isnan(value) else goal.verdict(value)
        if goal.name == "memory" and verdict and not at_full:
            verdict += ", with fewer calls; see --full"
        rows.append([goal.text, f"{goal.goal:g}", f"{goal.short:g}", shown, verdict])
    heads = ["", "goal", "falls short at", "measured", ""]
    return tabulate(rows, heads, disable_numparse=True, colalign=("left", "right", "right", "right", "left"))


def _circumstances(document: dict[str, Any], options: argparse.Namespace, seconds: float) -> str:
    loads = document["load"]
    versions = ", ".join(f"{name} {number}" for name, number in document["versions"].items()) or "ours alone"
    busy = max(loads["before"] or 0, loads["after"] or 0) > 1.5
    return (
        f"{document['machine']['processor']}, {document['machine']['cores']} cores; {versions}.\n"
        f"{options.rounds} rounds, medians; {seconds:.0f} s in all; load {loads['before']} before, "
        f"{loads['after']} after{': NOT A QUIET MACHINE, rates are too low' if busy else ''}."
    )


# Goals and the document


def _goal_figures(works: dict[str, dict[str, Tally]]) -> dict[str, float]:
    """Goal → figure measured."""
    figures = {}
    for work, tallies in works.items():
        if "compiled" in tallies and not tallies["compiled"].skipped:
            figures[work] = tallies["compiled"].median / 1e6
    figures["simpy"] = _ratio(works.get("W1", {}), "compiled", "simpy")
    pair = [works.get("W2", {}).get(name) for name in ("compiled", "compiled, 2 threads")]
    if all(tally and not tally.skipped for tally in pair):
        one, two = (tally.paces for tally in pair)
        figures["threads"] = statistics.median(b / a for a, b in zip(one, two, strict=True))
    return figures


def _growth_goals(name: str, points: dict[str, Tally]) -> dict[str, float]:
    if any(tally.skipped for tally in points.values()):
        return {}
    if name == "agents":
        return {"agents": points["2,000"].cost / points["50"].cost}
    return {"memory": max(tally.peak for tally in points.values())} if name == "memory" else {}


def _goal_documents(goals: dict[str, float]) -> list[dict[str, Any]]:
    measured = {name: value for name, value in goals.items() if not math.isnan(value)}
    return [
        {"what": g.text, "goal": g.goal, "falls_short": g.short, "unit": g.unit, "measured": measured[g.name]}
        | {"verdict": g.verdict(measured[g.name])}
        for g in GOALS
        if g.name in measured
    ]


def _work_document(work: str, tallies: dict[str, Tally]) -> dict[str, Any]:
    return {
        name: {"skipped": tally.skipped}
        if tally.skipped
        else {
            "median": tally.median,
            "rates": tally.rates,
            "wall_rates": tally.paces,
            "against_simpy": _or_none(_ratio(tallies, name, "simpy")),
            "compiled_is_faster": _or_none(_ratio(tallies, "compiled", name)),
            "calls": sum(r["calls"] for r in tally.reports),
            "estimates_seconds": tally.estimates,
            "peak_mb": tally.peak,
            "figures": {figure: tally.figure(figure) for figure in FIGURES},
            "standard_errors_off": _distances(work, tallies, name),
        }
        for name, tally in tallies.items()
    }


def _point(tally: Tally) -> dict[str, Any]:
    if tally.skipped:
        return {"skipped": tally.skipped}
    calls = sum(r["calls"] for r in tally.reports)
    seen = {"ns_per_call": tally.cost, "estimates_seconds": tally.estimates, "peak_mb": tally.peak}
    return seen | {"rates": tally.rates, "calls": calls}


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _versions(works: dict[str, dict[str, Tally]]) -> dict[str, str]:
    """Package → version, of all who took part."""
    found: dict[str, str] = {}
    for tallies in works.values():
        for tally in tallies.values():
            for report in tally.reports:
                found = report["versions"] | found
    return found


if __name__ == "__main__":
    raise SystemExit(main())
