"""Days of five contacts worked by hand from the rules of the model; what happens is exactly what is expected.

One story is one file of `tests/stories`, its name a claim:

- `story`: what happens and why; the hand working stands beside the rows as comments;
- `scenario`: as a planner writes it. The arrivals in it mean nothing, for the day is given;
- `day`: rows of queue, arrived, talk, wrap, patience, in seconds; customers are numbered by arrival, rows of
  one instant in the order of the file; later needs have the talk and the patience of their queue; what waits at
  opening arrived before 0;
- `expect`: every row of the records, under `columns` (those below unless the file names others; any of the
  records, with `class` for the name of the customer's class), `~` for null;
- `agents`: seconds of each group by interval; a group or a name that is left out is not looked at.

Chance has no say: shares are 0 or 100% and the delays and patience of redials constant (repeats, which may not
go on for ever, are sure but for one in a million; who is absent follows from the seed of the story). So every
figure is compared exactly.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from sim import Scenario
from sim.engines import compiled, reference
from sim.model.centre import Centre, centre_of
from sim.model.day import Day
from sim.model.records import Outcome, Records

STORIES = sorted((Path(__file__).parent / "stories").glob("*.yaml"))
COLUMNS = (
    *("queue", "customer", "attempt", "outcome", "group"),
    *("arrived", "joined", "answered", "talk_end", "released", "wait"),
)
KEYS = {"story", "scenario", "day", "expect", "columns", "agents"}

Engine = Callable[[Centre, Day, int, int], Records]
ENGINES: dict[str, Engine] = {"reference": reference.play, "compiled": compiled.play}


def day_of(scenario: Scenario, rows: Sequence[Sequence[Any]]) -> Day:
    """A Day from rows of queue, arrived, talk, wrap, patience; rows of one instant stay in order."""
    unknown = {row[0] for row in rows} - set(scenario.queues)
    assert not unknown, f"the day has contacts of queues that do not exist: {unknown}"
    in_order = sorted(rows, key=lambda row: row[1])
    by_queue = [[row[1:] for row in in_order if row[0] == name] for name in scenario.queues]
    columns = np.array([row for queue in by_queue for row in queue], dtype=float).reshape(-1, 4)
    start = np.cumsum([0, *map(len, by_queue)], dtype=np.int64)
    return Day(start, *(column.copy() for column in columns.T))


def play(
    mapping: Mapping[str, Any], rows: Sequence[Sequence[Any]], engine: str = "reference"
) -> tuple[Scenario, Records]:
    """A day of these rows, played in this scenario."""
    scenario = Scenario(**mapping)
    return scenario, ENGINES[engine](centre_of(scenario), day_of(scenario, rows), scenario.seed, 0)


def _name(names: Sequence[str], number: int) -> str | None:
    return names[number] if number >= 0 else None


def rows_of(scenario: Scenario, records: Records, columns: Sequence[str] = COLUMNS) -> list[tuple[Any, ...]]:
    """The records as rows of names and numbers, null as None."""
    queues, groups, classes = list(scenario.queues), list(scenario.agents), list(scenario.class_names)
    spelt: dict[str, Callable[[Any], Any]] = {
        "home": lambda number: queues[number],
        "queue": lambda number: queues[number],
        "group": lambda number: _name(groups, number),
        "class": lambda number: _name(classes, number - 1),
        "outcome": lambda number: Outcome(number).name.lower(),
    }

    def value(name: str, row: int) -> Any:
        given = getattr(records, "class_id" if name == "class" else name)[row].item()
        if name in spelt:
            return spelt[name](given)
        return None if isinstance(given, float) and math.isnan(given) else given

    return [tuple(value(name, row) for name in columns) for row in range(records.home.size)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem.replace("_", " "))
def test_story(path: Path, engine: str) -> None:
    told = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    assert set(told) <= KEYS, f"what is {set(told) - KEYS}?"
    columns = tuple(told.get("columns", COLUMNS))
    scenario, records = play(told["scenario"], told["day"], engine)
    expected = [tuple(row) for row in told["expect"]]
    assert all(len(row) == len(columns) for row in expected), f"each row needs {len(columns)} values"
    order = {name: number for number, name in enumerate(scenario.queues)}
    if columns == COLUMNS:
        expected.sort(key=lambda row: (order[row[0]], *row[1:3]))
    assert rows_of(scenario, records, columns) == expected
    for name, times in told.get("agents", {}).items():
        group = list(scenario.agents).index(name)
        for kind, seconds in times.items():
            assert getattr(records, kind)[group].tolist() == seconds, f"{kind} of {name}"


def test_every_story_is_of_about_five_contacts() -> None:
    """Small enough to be worked by hand: nobody should have to trust a long one."""
    assert len(STORIES) >= 12
    for path in STORIES:
        told = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        assert len(told["day"]) <= 6, path.name
        assert told["story"].strip(), path.name
