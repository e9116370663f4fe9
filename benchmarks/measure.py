"""Starts contestants in processes of their own, turn by turn, and adds up what they report."""

import json
import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from child import OURS

HERE = Path(__file__).parent
FIGURES = {"abandoned": 1, "wait": 2, "within": 3}  # places in the moments' sums; all are divided by place 0


class Task(NamedTuple):
    """One contestant at one work, so many days a round."""

    contestant: str
    work: str
    days: int
    hours: float | None = None


@dataclass
class Tally:
    """What one contestant did at one work, over all rounds so far."""

    task: Task
    reports: list[dict[str, Any]] = field(default_factory=list)
    skipped: str | None = None

    @property
    def rates(self) -> list[float]:
        """Calls per CPU-second of each round."""
        return [r["calls"] / r["cpu"] for r in self.reports]

    @property
    def paces(self) -> list[float]:
        """Calls per second of wall-clock time of each round."""
        return [r["calls"] / r["wall"] for r in self.reports]

    @property
    def median(self) -> float:
        """The median of the rates."""
        return statistics.median(self.rates)

    @property
    def cost(self) -> float:
        """Median CPU nanoseconds per call of dealing, playing and totalling (ours alone)."""
        return statistics.median(1e9 * (r["cpu"] - r["cpu_estimates"]) / r["calls"] for r in self.reports)

    @property
    def estimates(self) -> float | None:
        """Median CPU seconds for estimates and margins at the end."""
        parts = [r["cpu_estimates"] for r in self.reports if "cpu_estimates" in r]
        return statistics.median(parts) if parts else None

    @property
    def peak(self) -> float:
        """The most memory that any round took, MB, Python and libraries included."""
        return max(r["peak"] for r in self.reports)

    def sums(self) -> tuple[list[float], list[list[float]], int]:
        """Moments and days of all rounds together."""
        sums = [sum(column) for column in zip(*(r["sums"] for r in self.reports), strict=True)]
        products = [[sum(r["products"][i][j] for r in self.reports) for j in range(4)] for i in range(4)]
        return sums, products, sum(r["days"] for r in self.reports)

    def figure(self, name: str) -> float:
        """Share abandoned, mean wait in seconds, or share answered within 20 s, of all calls counted."""
        sums, _, _ = self.sums()
        return sums[FIGURES[name]] / sums[0]

    def spread(self, name: str) -> float:
        """The variance of such a figure times the calls that it is made of: the same for every number of them."""
        place, ratio = FIGURES[name], self.figure(name)
        sums, products, days = self.sums()
        squares = (products[place][place] - 2 * ratio * products[0][place] + ratio**2 * products[0][0]) / max(
            days - 1, 1
        )
        return max(squares, 0.0) / (sums[0] / days)


def distance(tally: Tally, judge: Tally, name: str, exact: float | None) -> float:
    """How far a figure lies from the exact value, or else from the judge's, in standard errors.

    The spread from day to day is the judge's, who plays the same model for many more days.
    """
    variance = judge.spread(name) / tally.sums()[0][0]
    if exact is None:
        exact = judge.figure(name)
        variance += judge.spread(name) / judge.sums()[0][0]
    return (tally.figure(name) - exact) / math.sqrt(variance) if variance else math.nan


def play(task: Task, seed: int, python: str) -> dict[str, Any]:
    """One contestant in a fresh process; raises RuntimeError with its last words if it fails."""
    command = [sys.executable if task.contestant in OURS else python, str(HERE / "child.py")]
    argument = json.dumps([task.contestant, task.work, task.days, seed, task.hours])
    done = subprocess.run([*command, argument], capture_output=True, text=True)
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(f"{task.contestant} failed at {task.work}: {words[0]}")
    return json.loads(done.stdout.splitlines()[-1])


def rounds(tasks: Iterable[Task], count: int, python: str) -> Iterator[Tally]:
    """Every task once a round, all rounds interleaved; yields the tallies at the end. Progress on stderr."""
    tallies = [Tally(task) for task in tasks]
    for number in range(count):
        for tally in tallies:
            if tally.skipped:
                continue
            contestant, work, days, _ = tally.task
            say(f"round {number + 1} of {count}: {contestant} at {work}, {days:,} days")
            try:
                report = play(tally.task, 1000 * (number + 1), python)
                tally.skipped = report.get("skipped")
            except RuntimeError as error:
                tally.skipped = str(error)
            if not tally.skipped:
                tally.reports.append(report)
    say("")
    yield from tallies


def say(text: str) -> None:
    """One line of progress, written over the last where stderr is a terminal."""
    if sys.stderr.isatty():
        print(f"\r{text:<79}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What this was measured on."""
    model = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"processor": model or platform.machine(), "cores": os.cpu_count(), "system": platform.platform()}


def load() -> float | None:
    """How many processes wanted a processor during the last minute; None on Windows."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
