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
    "stories": ["test_stories.py", "test_order.py", "test_floor.py"],
    "laws": ["test_floors.py", "test_laws.py", "test_properties.py"],
    "totals": ["test_totals.py", "test_counting.py"],
    "dealing": ["test_day.py", "test_trace.py", "test_chance.py", "test_distributions.py"],
    "planning": ["test_weeks.py", "test_people.py"],
    "routing": ["test_routing.py", "test_own_rule.py"],
    "exact": ["test_exact_cases.py", "test_tables.py"],
}
NO_SHRINKING = """
from hypothesis import Phase, settings
settings.register_profile("first", phases=[Phase.explicit, Phase.generate])
settings.load_profile("first")
"""
COMPILED, ROUTING = "engines/compiled.py", "engines/routing.py"
AGENTS, LINES, CALENDAR = "engines/agents.py", "engines/lines.py", "engines/calendar.py"
BLOCKS, METRICS, DAY, CENTRE, EVENTS = (
    "experiments/blocks.py",
    "measures/metrics.py",
    "model/day.py",
    "model/centre.py",
    "scenario/events.py",
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
        return self.file in (ROUTING, METRICS, DAY, CENTRE, EVENTS)


MUTATIONS = [
    Mutation(
        "patience ends before hands shorten",
        CALENDAR,
        "STAFFING, TALK_END, RING_END, HAND_SHORTENS, PATIENCE_ENDS,",
        "STAFFING, TALK_END, RING_END, PATIENCE_ENDS, HAND_SHORTENS,",
    ),
    Mutation(
        "the calendar breaks ties the wrong way",
        CALENDAR,
        "(moments[right] == moments[below] and keys[right] < keys[below])",
        "(moments[right] == moments[below] and keys[right] > keys[below])",
    ),
    Mutation(
        "the calendar of what may be called off is not mended upwards",
        CALENDAR,
        "    if place > 0 and (\n        moment < w.unsure_moment[above]",
        "    if place > 9999 and (\n        moment < w.unsure_moment[above]",
    ),
    Mutation(
        "a request that keeps its place goes to the end of the line",
        LINES,
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
        CENTRE,
        "if start + delay < closes[span]:",
        "if start + delay <= closes[span]:",
    ),
    Mutation(
        "callbacks are offered at the last moment too",
        COMPILED,
        "if now >= closing_after(c, queue, now)",
        "if now > closing_after(c, queue, now)",
    ),
    Mutation(
        "an offer is put at the very moment patience ends",
        LINES,
        "if offer < moment:",
        "if offer <= moment:",
    ),
    Mutation(
        "a callback frees a line that it does not hold",
        COMPILED,
        "if w.n[WITH_LINES] and w.i[HOLDS, row]:",
        "if w.n[WITH_LINES]:",
    ),
    Mutation(
        "dials are numbered from 1",
        COMPILED,
        "i[DIALS, row] - 1, REACHED)",
        "i[DIALS, row], REACHED)",
    ),
    Mutation(
        "reserves still hold after closing",
        AGENTS,
        "return w.teams[IS_FINISHING, group] == 1",
        "return w.teams[IS_FINISHING, group] == 2",
    ),
    Mutation(
        "whoever comes after closing is let in",
        COMPILED,
        "    if not w.open[queue] and not lets_in(w, c, queue):\n        is_not_answered",
        "    if w.open[queue] == 2 and not lets_in(w, c, queue):\n        is_not_answered",
    ),
    Mutation(
        "head starts are forgotten",
        LINES,
        "w.f[STANDS, front] - c.head_start[queue]",
        "w.f[STANDS, front]",
    ),
    Mutation(
        "a redial has the patience of the attempt before",
        COMPILED,
        "uniform = chance(w, c, row, PATIENCE, seed, replication)",
        "uniform = need_chance(w, c, row, PATIENCE, seed, replication)",
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
        "(rank[place] == rank[best] and free_since[groups[place]] < free",
        "(rank[place] == rank[best] and free_since[groups[place]] > free",
    ),
    Mutation(
        "the reserve counts one agent too few",
        COMPILED,
        "if w.free[group] <= c.callbacks.reserve[queue] and not is_void(w, c, group):\n            continue",
        "if w.free[group] < c.callbacks.reserve[queue] and not is_void(w, c, group):\n            continue",
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
        "due = joined + within",
        "due = joined + within - 1e-9",
    ),
    Mutation(
        "only the last contact of a customer decides whether he was served late",
        METRICS,
        "        waited += waiting(following, t)\n",
        "        waited = waiting(following, t)\n",
    ),
    Mutation(
        "agents' time in the interval it began in",
        CENTRE,
        "row[index] += weight * ((index + 1) * interval - start)",
        "row[index] += weight * (end - start)",
    ),
    Mutation(
        "what is carried beyond the horizon ends only where a queue closes there",
        COMPILED,
        "if closes or ends:",
        "if closes:",
    ),
    Mutation(
        "contacts beside others are slowed down a step too far",
        AGENTS,
        "slow = c.slowdown[min(first + w.held[agent] - 1, end - 1)]",
        "slow = c.slowdown[min(first + w.held[agent], end - 1)]",
    ),
    Mutation(
        "an interrupted talk takes its wrap-up twice",
        AGENTS,
        "f[REST, row] = f[TALK_ENDED, row] - now",
        "f[REST, row] = f[RELEASED, row] - now",
    ),
    Mutation(
        "agents beyond the staffing take contacts beside others",
        AGENTS,
        "    return beyond > 0 and order_of",
        "    return beyond > 1 and order_of",
    ),
    Mutation(
        "the line of whoever is transferred is never free again",
        COMPILED,
        "i[HOLDS, again], i[HOLDS, row] = i[HOLDS, row], 0",
        "i[HOLDS, again], i[HOLDS, row] = 0, 0",
    ),
    Mutation(
        "the patience of the backlog begins when it joined",
        LINES,
        "moment = max(f[JOINED, row], 0.0) + f[PATIENT, row]",
        "moment = f[JOINED, row] + f[PATIENT, row]",
    ),
    Mutation(
        "an agent who looks overflows only after the moment",
        COMPILED,
        "base + c.overflow[place] > now:",
        "base + c.overflow[place] >= now:",
    ),
    Mutation(
        "classes redial after the delay of their queue",
        COMPILED,
        "delay = duration(c.delays, REDIAL_TIME, profile,",
        "delay = duration(c.delays, REDIAL_TIME, queue,",
    ),
    Mutation(
        "what was told once is not told again",
        COMPILED,
        "TALK_TIME, queue, index, talk) + f[RETELL, row]",
        "TALK_TIME, queue, index, talk)",
    ),
    Mutation(
        "a class with a head start stands behind the others",
        COMPILED,
        "f[STANDS, row] = joined - lead",
        "f[STANDS, row] = joined + lead",
    ),
    Mutation(
        "the same agents are absent every day",
        CENTRE,
        "replication, position, day, 0, ABSENT)",
        "replication, position, 0, 0, ABSENT)",
    ),
    Mutation(
        "a hand holds one contact more than fit",
        ROUTING,
        "held < min(least, at_once)",
        "held <= min(least, at_once)",
    ),
    Mutation(
        "a mail is put aside for another mail",
        ROUTING,
        "if all_interruptible and not interruptible:",
        "if all_interruptible:",
    ),
    Mutation(
        "the longest queue is counted without its requests",
        COMPILED,
        "since, standing = w.f[STANDS, w.head[queue]], w.length[queue]",
        "since, standing = w.f[STANDS, w.head[queue]], w.on_line[queue]",
    ),
    Mutation(
        "whoever was not seen to come back comes back",
        COMPILED,
        "share = c.redial_share[profile] if recorded == UNKNOWN else 0.0",
        "share = c.redial_share[profile]",
    ),
    Mutation(
        "a recorded attempt keeps the patience of the one before",
        COMPILED,
        "        w.f[PATIENT, again] = day.patience[recorded]\n",
        "",
    ),
    Mutation(
        "patience of the recorded is drawn among all, not among what outlasts",
        DAY,
        "uniform = min(least + uniform * (1.0 - least), 1.0 - 2.0**-53)",
        "uniform = min(uniform, 1.0 - 2.0**-53)",
    ),
    Mutation(
        "whoever is absent is there, and the others are away",
        CENTRE,
        "here += number >= c.absence[group]",
        "here += number < c.absence[group]",
    ),
    Mutation(
        "absence is drawn anew with every change of the staffing",
        CENTRE,
        "day, here = int(c.steps.moments[step] / DAY_LENGTH), 0",
        "day, here = step, 0",
    ),
    Mutation(
        "hours of those whom an event has left over are overtime",
        COMPILED,
        "count_present(c, c.steps.rostered, seed, replication, w.within)",
        "count_present(c, c.steps.staffing, seed, replication, w.within)",
    ),
    Mutation(
        "half an agent whom an event leaves is lost",
        EVENTS,
        "factor_at(moments, found) + HALF_UP)",
        "factor_at(moments, found))",
    ),
    Mutation(
        "an outage in one group takes the agents of the others too",
        EVENTS,
        "if event.agents is not None and (event.groups is None or group in event.groups)",
        "if event.agents is not None and (event.groups is None or event.groups)",
    ),
    Mutation(
        "a campaign for one queue brings contacts to the others too",
        EVENTS,
        "if event.volume is not None and (event.queues is None or queue in event.queues)",
        "if event.volume is not None and (event.queues is None or event.queues)",
    ),
    Mutation(
        "an event's volume goes on to the end of the horizon",
        CENTRE,
        "row[(middles > start) & (middles < end)] *= factor",
        "row[middles > start] *= factor",
    ),
    Mutation(
        "of two events the larger number of lines holds",
        EVENTS,
        "result[inside] = np.minimum(result[inside], number)",
        "result[inside] = np.maximum(result[inside] % most, number)",
    ),
    Mutation(
        "whoever stays on hearing the wait is among those who would leave",
        COMPILED,
        "chance(w, c, row, ANNOUNCED, seed, replication) < c.announce_leaves[queue]",
        "chance(w, c, row, ANNOUNCED, seed, replication) >= c.announce_leaves[queue]",
    ),
    Mutation(
        "a wait as long as the announced limit is above it",
        COMPILED,
        "estimate(w, c, queue, now) > c.announce_above[queue]",
        "estimate(w, c, queue, now) >= c.announce_above[queue]",
    ),
    Mutation(
        "nobody becomes more patient on hearing the wait",
        CENTRE,
        "_floats(one.patience_factor if one else 1.0 for one in told)",
        "_floats(1.0 for one in told)",
    ),
    Mutation(
        "the shortest delay forgets that hands are slowed down",
        ROUTING,
        "return factor * slowdown",
        "return factor",
    ),
    Mutation(
        "the shortest delay is that of a hand with one contact more",
        COMPILED,
        "shortest_delay(c.factor[place], c.slowdown[min(first + held, end - 1)])",
        "shortest_delay(c.factor[place], c.slowdown[min(first + held + 1, end - 1)])",
    ),
    Mutation(
        "the longest wait forgets head starts",
        ROUTING,
        "return longest_wait(now, first)",
        "return longest_wait(now, since)",
    ),
    Mutation(
        "of equals by level the last in the file is chosen",
        ROUTING,
        "(level[skill] == level[best] and key < first[queues[best]])",
        "(level[skill] == level[best] and key <= first[queues[best]])",
    ),
    Mutation(
        "whoever comes overtakes those whom an own rule has left standing",
        COMPILED,
        "if asks and head != NONE and head != row:",
        "if asks and head == row:",
    ),
    Mutation(
        "an own rule is told of one more who stands in line",
        COMPILED,
        "ask(c.rule_address, group, queue, c.level[skill], now - since, standing)",
        "ask(c.rule_address, group, queue, c.level[skill], now - since, standing + 1)",
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
