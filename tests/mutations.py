"""Mistakes made on purpose in a copy of the code: the tests must catch every one. Run on demand.

    python tests/mutations.py [--jobs N] [WORD …]      only those whose claim holds one of the words

Each mutation is one edit of one file, compiled into a cache of its own, and is held against the fast tests,
group by group, until one fails. Mistakes in what both engines use cannot be caught by their agreement; those
begin with the stories. Printed is which test caught what; the exit code is the number of survivors.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
GROUPS = {
    "agreement": ["test_agreement.py"],
    "stories": ["test_stories.py", "test_order.py"],
    "laws": ["test_floors.py", "test_laws.py", "test_properties.py"],
    "totals": ["test_totals.py"],
    "dealing": ["test_day.py", "test_routing.py", "test_chance.py", "test_distributions.py"],
    "exact": ["test_exact_cases.py", "test_tables.py"],
}
NO_SHRINKING = """
from hypothesis import Phase, settings
settings.register_profile("first", phases=[Phase.explicit, Phase.generate])
settings.load_profile("first")
"""
COMPILED, ROUTING = "engines/compiled.py", "engines/routing.py"
BLOCKS, METRICS, DAY, CENTRE = (
    "experiments/blocks.py",
    "measures/metrics.py",
    "model/day.py",
    "model/centre.py",
)


class Mutation(NamedTuple):
    """One wrong edit: what it breaks, in which file of `sim`, what stands there and what is put in its place."""

    claim: str
    file: str
    old: str
    new: str

    @property
    def shared(self) -> bool:
        """Whether both engines use that code, so that they still agree."""
        return self.file in (ROUTING, METRICS, DAY, CENTRE)


MUTATIONS = [
    Mutation(
        "patience ends before hands shorten",
        COMPILED,
        "STAFFING, TALK_END, RING_END, HAND_SHORTENS, PATIENCE_ENDS,",
        "STAFFING, TALK_END, RING_END, PATIENCE_ENDS, HAND_SHORTENS,",
    ),
    Mutation(
        "the calendar breaks ties the wrong way",
        COMPILED,
        "(moments[right] == moments[below] and keys[right] < keys[below])",
        "(moments[right] == moments[below] and keys[right] > keys[below])",
    ),
    Mutation(
        "the calendar of what may be called off is not mended upwards",
        COMPILED,
        "    if place > 0 and (\n        moment < w.unsure_moment[above]",
        "    if place > 9999 and (\n        moment < w.unsure_moment[above]",
    ),
    Mutation(
        "a request that keeps its place goes to the end of the line",
        COMPILED,
        "if before != NONE and comes_before(w, row, before):",
        "if before == NONE and comes_before(w, row, row):",
    ),
    Mutation(
        "surplus agents go on taking contacts",
        COMPILED,
        "if w.teams[PRESENT, group] > w.teams[WANTED, group]:",
        "if w.teams[PRESENT, group] > w.teams[WANTED, group] + 1:",
    ),
    Mutation(
        "a redial at the closing moment happens",
        COMPILED,
        "if moment >= c.horizon:",
        "if moment > c.horizon:",
    ),
    Mutation(
        "callbacks are offered at the last moment too",
        COMPILED,
        "if now >= callbacks.last_offer[queue]",
        "if now > callbacks.last_offer[queue]",
    ),
    Mutation(
        "an offer is put at the very moment patience ends",
        COMPILED,
        "joined + c.callbacks.threshold[queue] < gone",
        "joined + c.callbacks.threshold[queue] <= gone",
    ),
    Mutation(
        "a callback frees a line that it does not hold",
        COMPILED,
        "if w.i[OUTCOME, row] == ANSWER:",
        "if w.i[OUTCOME, row] >= ANSWER:",
    ),
    Mutation(
        "dials are numbered from 1",
        COMPILED,
        "i[DIALS, row] - 1, REACHED)",
        "i[DIALS, row], REACHED)",
    ),
    Mutation(
        "reserves still hold after closing",
        COMPILED,
        "    w.n[CLOSED] = 1\n    w.reserve[:] = 0\n",
        "    w.n[CLOSED] = 1\n",
    ),
    Mutation(
        "whoever comes after closing is let in",
        COMPILED,
        "    if n[CLOSED]:\n",
        "    if n[CLOSED] == 2:\n",
    ),
    Mutation(
        "head starts are forgotten",
        COMPILED,
        "w.f[STANDS, front] - c.head_start[queue]",
        "w.f[STANDS, front]",
    ),
    Mutation(
        "a redial has the patience of the attempt before",
        COMPILED,
        "uniform = chance(w, c, again, PATIENCE, seed, replication)",
        "uniform = chance(w, c, row, PATIENCE, seed, replication)",
    ),
    Mutation(
        "agents' time is left over from the replication before",
        COMPILED,
        "    w.hours[:] = 0.0\n",
        "",
    ),
    Mutation(
        "a block writes its first replications over and over",
        BLOCKS,
        "replication, row = replications[place], first + place",
        "replication, row = replications[place], place",
    ),
    Mutation(
        "the last of the preferred groups is chosen",
        ROUTING,
        "or (prefer[place] == prefer[best] and since < free_since[groups[best]])",
        "or (prefer[place] == prefer[best] and since > free_since[groups[best]])",
    ),
    Mutation(
        "the reserve counts one agent too few",
        ROUTING,
        "free > reserve[queue] and",
        "free >= reserve[queue] and",
    ),
    Mutation(
        "nobody's own place counts in the estimated wait",
        ROUTING,
        "(ahead + 1) * mean_handle",
        "ahead * mean_handle",
    ),
    Mutation(
        "wrap-up uses the number of the talk",
        DAY,
        "numbers[WRAP]",
        "numbers[TALK]",
    ),
    Mutation(
        "patience is not drawn from the rest of those who hang up",
        DAY,
        "uniform / (1.0 - never)",
        "uniform",
    ),
    Mutation(
        "an answer at the last moment of the target is late",
        METRICS,
        "[R_JOINED, row] + within",
        "[R_JOINED, row] + within - 1e-9",
    ),
    Mutation(
        "only the last contact of a customer decides whether he was served late",
        METRICS,
        "            waited += t.f[R_WAIT, row]\n",
        "            waited = t.f[R_WAIT, row]\n",
    ),
    Mutation(
        "agents' time in the interval it began in",
        CENTRE,
        "row[index] += weight * ((index + 1) * interval - start)",
        "row[index] += weight * (end - start)",
    ),
]


def not_applicable(mutation: Mutation) -> str | None:
    """Why the edit cannot be made any more, if so."""
    found = (ROOT / "sim" / mutation.file).read_text(encoding="utf-8").count(mutation.old)
    return None if found == 1 else f"{mutation.file}: stands there {found} times: {mutation.old!r}"


def caught_by(mutation: Mutation) -> str | None:
    """The first test that fails with this mistake, or None."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        for part in ("sim", "tests", "validation", "configs"):
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        (copy / "conftest.py").write_text(NO_SHRINKING)
        edited = copy / "sim" / mutation.file
        edited.write_text(edited.read_text(encoding="utf-8").replace(mutation.old, mutation.new))
        groups = list(GROUPS)[mutation.shared :]
        for group in groups:
            if failed := first_failure(copy, group):
                return f"{group}: {failed}"
    return None


def first_failure(copy: Path, group: str) -> str | None:
    """The first test of a group that fails in a copy of the repository."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "CCSIM_CACHE": str(copy / "cache")}
    tests = [f"tests/{name}" for name in GROUPS[group] if (copy / "tests" / name).exists()]
    command = [sys.executable, "-m", "pytest", "-x", "--tb=no", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    if done.returncode in (2, 3, 4, 5):  # no test has failed: they could not be run
        raise RuntimeError(f"{group} cannot be run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    named = re.search(r"^(?:FAILED|ERROR) tests/(\S+\.py(?:::.*?)?)(?: - |$)", done.stdout, re.MULTILINE)
    if named is None:
        return f"the process ended with {done.returncode}"
    return named[1]


def main() -> int:
    """Try the mutations and print the table."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("words", nargs="*")
    given.add_argument("--jobs", type=int, default=1)
    options = given.parse_args()
    chosen = [m for m in MUTATIONS if not options.words or any(word in m.claim for word in options.words)]
    unfit = [why for why in map(not_applicable, chosen) if why]
    if unfit:
        sys.exit("some mutations have to be written anew:\n" + "\n".join(unfit))

    def tried(mutation: Mutation) -> bool:
        started = time.perf_counter()
        caught = caught_by(mutation)
        seconds = time.perf_counter() - started
        where = mutation.file.removesuffix(".py")
        print(f"{where:20} {mutation.claim:68} {caught or 'SURVIVED'}  ({seconds:.0f} s)", flush=True)
        return caught is not None

    with ThreadPoolExecutor(options.jobs) as pool:
        survivors = list(pool.map(tried, chosen)).count(False)
    print(f"{len(chosen) - survivors} of {len(chosen)} caught")
    return survivors


if __name__ == "__main__":
    sys.exit(main())
