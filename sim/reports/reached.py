"""What was aimed at and what was reached: targets of a staffing or a schedule, as a table and as a document."""

import math
from collections.abc import Sequence
from typing import Any

from sim.experiments.aims import FEW_DAYS, Aim, Judged, is_floor
from sim.experiments.confirm import Confirmed
from sim.reports.figures import DASH, Cell, clean, compact, percent
from sim.reports.layout import Table
from sim.scenario.targets import Goal

SHORT = {
    "service_level": "in time", "abandonment_rate": "hang up", "asa": "mean wait", "lost_rate": "lost",
    "occupancy": "busy",
}  # fmt: skip
MOST_ROWS = 20  # of the targets that are missed


def aim_words(goal: Goal) -> str:
    """A target in a few words: "in time ≥ 80%", "mean wait ≤ 20 s on 90% of days", its days on a line of their own."""
    sign = "≥" if goal.metric == "service_level" else "≤"
    value = compact(goal.value) if goal.metric == "asa" else percent(goal.value)
    days = f"\non {percent(goal.on_days)} of days" if goal.on_days is not None else ""
    return f"{SHORT[goal.metric]} {sign} {value}{days}"


def value_words(goal: Goal, value: float) -> str:
    """What is reached of a target: a share, or a wait; of `on_days` the share of days."""
    if not math.isfinite(value):
        return DASH
    if goal.metric == "asa" and goal.on_days is None:
        return compact(value)
    return f"{100 * value:.1f}%"


def when(aim: Aim, starts: Sequence[str]) -> str:
    """The interval of an aim, or its day where there are several: "08:30", "mon 08:30", "mon", ""."""
    start = starts[aim.first]
    return start if aim.goal.per == "interval" else start.rpartition(" ")[0]


def surely(aim: Aim, low: float) -> float:
    """The figure that an aim reaches with the stated confidence, from the lower limit of its slack."""
    if aim.goal.on_days is not None:
        return aim.goal.on_days + low
    return aim.goal.value + low if is_floor(aim.goal) else max(0.0, aim.goal.value - low)


def limits(aims: Sequence[Aim], fresh: Confirmed) -> list[float]:
    """What every aim surely reaches; NaN where nothing was played, or on too few days to say."""
    if fresh.found is None:
        return [math.nan] * len(aims)
    return [
        surely(aim, float(fresh.low[k])) if fresh.found.days[k] >= FEW_DAYS else math.nan
        for k, aim in enumerate(aims)
    ]


def targets_table(
    aims: Sequence[Aim], judged: Judged | None, fresh: Confirmed, starts: Sequence[str]
) -> Table:
    """Every target: of those per interval the interval that comes closest to missing it, of those per day every day."""
    sure, rows = limits(aims, fresh), list[int]()
    for goal in dict.fromkeys(aim.goal for aim in aims):
        own = [k for k, aim in enumerate(aims) if aim.goal == goal]
        some = [k for k in own if judged is not None and judged.days[k] > 0]
        tight = [k for k in some if math.isfinite(sure[k])] or some or own
        rows += (
            (some or own) if goal.per == "day" else [min(tight, key=lambda k: _spare(aims, judged, sure, k))]
        )
    named = list[list[Cell]]([[], [], [], []])
    for k in rows:
        aim = aims[k]
        place = when(aim, starts)
        texts = (
            aim_words(aim.goal).replace("\n", " "),
            f"interval, worst {place}" if aim.goal.per == "interval" else f"day {place}".strip(),
            value_words(aim.goal, float(judged.value[k]) if judged else math.nan),
            value_words(aim.goal, sure[k]),
        )  # fmt: skip
        for column, text in zip(named, texts, strict=True):
            column.append((text, ""))
    heads = ["asked", "per", "reached", f"at {percent(fresh.confidence)}\nconfidence"]
    keep = 4 if fresh.found is not None else 3
    return Table("target", [clean(aims[k].goal.name, 24) for k in rows], heads[:keep], named[:keep])


def _spare(aims: Sequence[Aim], judged: Judged | None, sure: Sequence[float], k: int) -> float:
    """How far an aim is from being missed, by what it surely reaches where that is known."""
    value = sure[k] if math.isfinite(sure[k]) else float(judged.value[k]) if judged else math.nan
    sign = 1.0 if is_floor(aims[k].goal) or aims[k].goal.on_days is not None else -1.0
    return sign * value if math.isfinite(value) else math.inf


def missed_table(aims: Sequence[Aim], judged: Judged | None, starts: Sequence[str], corner: str) -> Table:
    """What comes closest to the targets that are missed; the worst of them, in order."""
    missed = [k for k in range(len(aims)) if judged is not None and judged.slack[k] < 0]
    shown = sorted(sorted(missed, key=lambda k: judged.slack[k] if judged else 0.0)[:MOST_ROWS])
    names = [f"{clean(aims[k].goal.name, 20)} {when(aims[k], starts)}".rstrip() for k in shown]
    asked: list[Cell] = [(aim_words(aims[k].goal).replace("\n", " "), "") for k in shown]
    values: list[Cell] = [
        (value_words(aims[k].goal, float(judged.value[k]) if judged else math.nan), "") for k in shown
    ]
    if len(missed) > len(shown):
        names.append(f"and {len(missed) - len(shown)} more")
        asked.append(("", ""))
        values.append(("", ""))
    return Table(corner, names, ["target", "comes\nclosest"], [asked, values])


def place_of(aim: Aim, starts: Sequence[str]) -> dict[str, Any]:
    """Which aim it is, in a document; `start` is that of its interval or day."""
    goal = aim.goal
    return {goal.kind: goal.name, "metric": goal.metric, "per": goal.per, "start": starts[aim.first]}


def targets_document(
    aims: Sequence[Aim], judged: Judged | None, on_search: Judged | None, fresh: Confirmed, starts: Sequence[str],
    only_missed: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """Every aim: target and value; `limit` is what it surely reaches, `on_search` its value on the search days."""
    sure = limits(aims, fresh)
    return [
        {
            **place_of(aim, starts), "target": aim.goal.value, "on_days": aim.goal.on_days,
            "value": judged.value[k] if judged else None, "limit": sure[k],
            "slack": judged.slack[k] if judged else None, "slack_low": fresh.low[k],
            "on_search": on_search.value[k] if on_search else None,
        }
        for k, aim in enumerate(aims)
        if not only_missed or (judged is not None and judged.slack[k] < 0)
    ]  # fmt: skip
