"""One contestant, one work, one process: warms up, is timed, and prints what it did as one line of JSON.

Not for the prompt: `run.py` starts it, maybe with another Python for the others.
"""

import gc
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from workloads import DAYS, Row

OTHERS = {
    "simpy": "others.plain_simpy",
    "heapq": "others.handwritten_heapq",
    "ciw": "others.ciw_network",
    "salabim": "others.salabim_model",
    "cimba": "others.cimba_model",
}
OURS = {"compiled": ("compiled", 1), "compiled, 2 threads": ("compiled", 2), "reference": ("reference", 1)}
WARM_HOURS = 1.2


def cpu() -> float:
    """CPU seconds of this process, its threads and its children."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def peak() -> float:
    """The most memory this process had at any time, MB; nan where that is not known (Windows)."""
    try:
        import resource
    except ImportError:
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def timed(play: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What came out, with CPU and wall-clock seconds and the peak of memory before and after."""
    gc.collect()
    before, wall, used = peak(), time.perf_counter(), cpu()
    result = play()
    used, wall = cpu() - used, time.perf_counter() - wall
    return result, {"cpu": used, "wall": wall, "peak": peak(), "peak_before": before}


def moments(rows: list[Row]) -> dict[str, Any]:
    """Sums and sums of products over days: enough for ratios and their spread, and they add up over rounds."""
    counted = [row[1:] for row in rows]
    return {
        "days": len(rows),
        "calls": sum(row[0] for row in rows),
        "sums": [sum(column) for column in zip(*counted, strict=True)],
        "products": [[sum(row[i] * row[j] for row in counted) for j in range(4)] for i in range(4)],
    }


def main(contestant: str, work: str, days: int, seed: int, hours: float | None) -> dict[str, Any]:
    """Warm up, play, and report."""
    versions = {"python": platform.python_version()}
    if contestant in OURS:
        import ours

        engine, jobs = OURS[contestant]
        scenario = ours.prepared(work)
        ours.estimate(ours.play(scenario, 2 * jobs, seed + 1, engine, jobs))
        result, used = timed(lambda: ours.play(scenario, days, seed, engine, jobs))
        _, estimating = timed(lambda: ours.estimate(result))
        used |= {key: used[key] + estimating[key] for key in ("cpu", "wall")}
        used |= {"cpu_estimates": estimating["cpu"], "peak": estimating["peak"]}
        rows = ours.rows(result)
        packages = ["callcenter-sim", "numba", "numpy", "simpy"]
    else:
        other, day = importlib.import_module(OTHERS[contestant]), DAYS[work]
        other.play(day.of_hours(WARM_HOURS), 1, seed + 1)
        whole = day if hours is None else day.of_hours(hours)
        rows, used = timed(lambda: other.play(whole, days, seed))
        packages = [other.PACKAGE] if other.PACKAGE else []
    return moments(rows) | used | {"versions": versions | {name: version(name) for name in packages}}


if __name__ == "__main__":
    name, work, days, seed, hours = json.loads(sys.argv[1])
    try:
        report = main(name, work, days, seed, hours)
    except ModuleNotFoundError as error:
        if name in OURS:
            raise
        report = {"skipped": f"{error.name} is not installed; pip install -e '.[bench]'"}
    print(json.dumps(report))
