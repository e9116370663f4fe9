"""How the cost of a call grows: with agents, with queues, with the number of calls; and the memory it takes."""

from collections.abc import Iterator
from typing import NamedTuple

from measure import Tally, Task, rounds
from workloads import AGENTS, CALLS_OF_W2, CALLS_OF_W4, QUEUES


class Series(NamedTuple):
    """One table: what is varied, its values, and the tasks."""

    name: str
    title: str
    tasks: dict[str, Task]


def series(quick: bool, full: bool) -> list[Series]:
    """Everything that growth looks at. full: up to 10⁸ calls, which takes some minutes."""
    calls = 200_000 if quick else 3_000_000
    most = 6 if quick else 8 if full else 7

    def task(work: str, expected: float, wanted: float = calls) -> Task:
        return Task("compiled", work, max(1, round(wanted / expected)))

    return [
        Series(
            "agents",
            "agents, one group at 96% load",
            {f"{n:,}": task(f"agents-{n}", expected) for n, expected in AGENTS.items()},
        ),
        *(
            Series(
                f"queues, {kind}",
                text,
                {f"{n}": task(f"{kind}-{n}", expected) for n, expected in QUEUES.items()},
            )
            for kind, text in (
                ("own", "queues, each with ten agents of its own"),
                ("shared", "queues, each group helping the next queue out"),
            )
        ),
        Series(
            "calls",
            "calls, in days of W4 (600 each)",
            {f"{10**e:,}": task("W4", CALLS_OF_W4, 10**e) for e in range(4, most + 1)},
        ),
        Series("memory", "calls, in days of W2", {f"{10**most:,}": task("W2", CALLS_OF_W2, 10**most)}),
    ]


def measured(quick: bool, full: bool, count: int, python: str) -> Iterator[tuple[Series, dict[str, Tally]]]:
    """Every series with its tallies; its points are interleaved. The million and more are played once."""
    for each in series(quick, full):
        once = each.name in ("calls", "memory")
        tallies = rounds(each.tasks.values(), 1 if once else count, python)
        yield each, dict(zip(each.tasks, tallies, strict=True))
