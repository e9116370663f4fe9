"""`ccsim show`: what a store of a sweep holds, as a table, a picture or a file."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.inout import DONE, PICTURES
from sim.errors import InputError, shown

if TYPE_CHECKING:
    from sim.reports.sweepqueries import Row
    from sim.reports.sweeps import SweepResult

APART = (
    ("--plot", "--to"), ("--plot", "--json"), ("--plot", "--against"), ("--plot", "--best"), ("--to", "--json"),
    ("--to", "--effects"), ("--to", "--against"), ("--effects", "--efficient"), ("--effects", "--best"),
    ("--effects", "--against"), ("--efficient", "--best"),
)  # fmt: skip
LIMIT = 40  # points in a table, unless more are asked for


def add_show(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("store", metavar="STORE", help="what ccsim sweep wrote, also while it is running")
    sub.add_argument("--best", metavar="METRIC[:min|:max]", help="rank by a metric, the best first")
    sub.add_argument("--where", metavar="CONDITION", help='as in "agents >= 10 and service_level > 80%%"')
    sub.add_argument(
        "--metric", action="append", metavar="METRIC", help="show this one (repeatable; default: all)"
    )
    sub.add_argument(
        "--queue", default="all", metavar="NAME", help='of this queue, or class: "support · vip"'
    )
    sub.add_argument("--group", default="all", metavar="NAME", help="of this group of agents")
    sub.add_argument("--limit", type=int, metavar="N", help=f"at most so many points ({LIMIT}; 0: all)")
    sub.add_argument("--against", type=int, metavar="POINT", help="differences to this point, paired by day")
    sub.add_argument(
        "--efficient", nargs="?", const="", metavar="COST,HARM", help="points that none beats in both"
    )
    sub.add_argument("--effects", metavar="METRIC", help="what matters most for a metric")
    sub.add_argument(
        "--plot", nargs="+", metavar="WHAT", help="x=… y=… by=…, efficient, effects, or a METRIC; with --out"
    )
    sub.add_argument("--out", metavar="FILE", help="the picture: .png, .svg or .pdf")
    sub.add_argument("--to", metavar="FILE", help="write the points: .csv, .parquet or .xlsx")
    sub.add_argument("--json", action="store_true", help="one JSON document instead of tables")


def show_store(options: argparse.Namespace) -> int:
    from sim.reports.sweeps import SweepResult

    _check(options)
    result = SweepResult.load(options.store).of(options.queue, options.group)
    if options.where:
        try:
            result = result.where(options.where)
        except InputError as error:
            raise error.at(file="--where") from None
    if options.plot:
        return _draw(options, result)
    if options.effects:
        return _show_effects(options, result)
    rows, metrics = _rows(options, result)
    if options.to:
        result.write(options.to, rows)
        print(f"wrote {len(rows):,} points to {options.to}")
    elif options.json:
        _print_json(result.to_dict(rows, options.against))
    else:
        print("\n\n".join(part for part in _parts(options, result, rows, metrics) if part))
    return DONE


def _check(options: argparse.Namespace) -> None:
    """What can be wrong before anything is read."""
    from sim.reports.exports import check_export

    for option, name in (("--out", options.out), ("--to", options.to)):
        if name and Path(name).is_dir():
            raise InputError(f"{shown(name)} is a folder; add the name of a file", file=option)
        if name and not Path(name).parent.is_dir():
            raise InputError(
                f"there is no folder {shown(str(Path(name).parent))}; make it first", file=option
            )
        store = Path(options.store)
        if name and Path(name).exists() and store.exists() and store.samefile(name):
            raise InputError(f"{shown(name)} is the store itself; choose another name", file=option)
    if options.to:
        check_export(options.to)
    if bool(options.plot) != bool(options.out):
        raise InputError("--plot and --out FILE go together; give both")
    if options.out and Path(options.out).suffix.lower() not in PICTURES:
        raise InputError(f"{shown(options.out)} does not end in {', '.join(PICTURES)}", file="--out")
    if options.limit is not None and options.limit < 0:
        raise InputError(f"{options.limit} is negative; write 0 for all points", file="--limit")
    given = {
        "--plot": options.plot, "--to": options.to, "--json": options.json, "--effects": options.effects,
        "--efficient": options.efficient is not None, "--best": options.best, "--against": options.against is not None,
    }  # fmt: skip
    for one, other in APART:
        if given[one] and given[other]:
            raise InputError(f"{one} and {other} do not go together; leave one of them out")


def _rows(options: argparse.Namespace, result: "SweepResult") -> tuple[list["Row"], list[str]]:
    """The points to be shown, and their metrics; a file takes all of them."""
    metrics = list(dict.fromkeys(options.metric or result.metrics))
    limit = options.limit if options.limit is not None else None if options.to or options.json else LIMIT
    limit = limit or None
    if options.efficient is not None:
        rows = result.efficient_rows(*_cost_and_harm(options, result))
        return result.rows(metrics, points=[row.point for row in rows[:limit]]), metrics
    order, most = None, False
    if options.best:
        name, _, way = options.best.partition(":")
        if way not in ("", "min", "max"):
            raise InputError(f"{shown(options.best)} is not METRIC, METRIC:min or METRIC:max", file="--best")
        try:
            order, most = result.aim(name, way == "max" if way else None)
        except InputError as error:
            raise error.at(file="--best") from None
    return result.rows(metrics, order, most, limit), metrics


def _cost_and_harm(options: argparse.Namespace, result: "SweepResult") -> tuple[str, str]:
    cost, _, harm = (options.efficient or "").partition(",")
    return result.cost_and_harm(cost.strip() or None, harm.strip() or None)


def _parts(
    options: argparse.Namespace, result: "SweepResult", rows: list["Row"], metrics: list[str]
) -> list[str]:
    """Head, table, differences if asked for, failures."""
    from sim.reports.sweeptables import difference_table, failures_of, head_of, long_text, points_table

    parts = [head_of(result)]
    if not rows:
        return [*parts, "No point meets the condition." if options.where else "No point has been played yet."]
    played = [row for row in rows if row.replications]
    if played:
        parts.append(long_text(points_table(result, played, metrics)))
    if options.against is not None:
        others = [row for row in played if row.point != options.against]
        parts.append(difference_table(result, others, options.against, metrics).text())
    more = result.matching - len(rows)
    if options.efficient is None and more > 0:
        parts.append(f"… {more:,} more points: --limit 0 shows all, --to FILE.csv writes them.")
    return [*parts, failures_of(result)]


def _show_effects(options: argparse.Namespace, result: "SweepResult") -> int:
    from sim.reports.sweeptables import effects_document, effects_table, effects_words, head_of

    effects = result.effects(options.effects)
    if options.json:
        _print_json(effects_document(effects))
    else:
        print(
            f"{head_of(result)}\n\n{effects_table(result, effects).text()}\n\n{effects_words(result, effects)}"
        )
    return DONE


def _draw(options: argparse.Namespace, result: "SweepResult") -> int:
    from sim.reports.plots import save_figure

    save_figure(result.plot(**_picture(options, result)), options.out)
    print(f"wrote {options.out}")
    return DONE


def _picture(options: argparse.Namespace, result: "SweepResult") -> dict[str, Any]:
    """The arguments of `SweepResult.plot` that the words after --plot ask for."""
    words = [word.partition("=") for word in options.plot]
    if all(equals for _, equals, _ in words):
        found = {name: value for name, _, value in words}
        unknown = [name for name in found if name not in ("x", "y", "by")]
        if unknown or "x" not in found or len(found) < len(words):
            raise InputError(
                "say what is drawn once each, as in x=agents y=lost_customers by=threshold", file="--plot"
            )
        return found
    if len(words) > 1:
        raise InputError('say x=… y=… by=…, "efficient", "effects" or one metric', file="--plot")
    word = options.plot[0]
    if word == "efficient":
        cost, harm = _cost_and_harm(options, result)
        return {"kind": word, "x": cost, "y": harm}
    return {"kind": word, "y": options.effects} if word == "effects" else {"y": word}


def _print_json(document: Any) -> None:
    import json

    print(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False))
