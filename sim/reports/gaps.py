"""Why the simulation and Erlang's formulas differ: causes found by rules from the scenario and its arrays, in words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sim.distributions import Distribution, distribution
from sim.errors import InputError
from sim.measures.estimate import Estimate
from sim.reports.figures import clean, compact
from sim.reports.loads import carries, open_share, pace, work_at_opening
from sim.reports.planner import (
    Array,
    Asked,
    Said,
    erlang,
    heads,
    neighbours,
    over_levels,
    pooled,
    whole,
    with_any_patience,
)
from sim.scenario.queue import Queue
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, say_share
from sim.theory import modified_offered_load

BETTER = {"service_level": 1, "abandonment_rate": -1, "mean_wait": -1, "asa": -1}
WORTH = {"service_level": 0.01, "abandonment_rate": 0.005}  # smaller gaps need no reason
SURE = 1.5  # margins, as many figures are looked at together
NEAR = 0.95  # load ÷ agents from which a line is left over at the end of an interval
Then = tuple[Array, float]  # a service level by interval, and of the day


@dataclass(frozen=True)
class Cause:
    """What a formula leaves out of a queue.

    words: a sentence, for an interval or (None) for the day; of: the formulas that leave it out, "c" and "a"; sign: +1
    where the simulation serves better for it than the formula, −1 worse, 0 either, by interval or for all; where:
    the intervals it works in; then: the service level that a formula gives with it counted in.
    """

    kind: str
    words: Callable[[int | None], str]
    of: str = "ca"
    sign: Array | int = 0
    where: Array | None = None
    then: Then | None = None
    by: str = ""  # the formula that gives it: the better of C and A unless named

    def signs(self, at: int | None) -> set[int]:
        """The directions it can work in there; none where it does not."""
        where = self.where
        if at is None:
            signs = np.broadcast_to(self.sign, 1 if where is None else where.size)
            return set((signs if where is None else signs[where]).tolist())
        if where is not None and not where[at]:
            return set()
        return {int(self.sign if isinstance(self.sign, int) else self.sign[at])}


@dataclass(frozen=True)
class Floor:
    """One queue as the rules see it: the scenario, what was asked and said, and what was simulated by interval."""

    scenario: Scenario
    name: str
    every: Mapping[str, Asked]
    c: Said
    a: Said | None
    simulated: Mapping[str, Array]  # means a replication by interval
    seconds: Array = field(repr=False)  # observed, by interval

    @property
    def queue(self) -> Queue:
        return self.scenario.queues[self.name]

    @property
    def asked(self) -> Asked:
        return self.every[self.name]

    @property
    def last(self) -> Said:
        """What the better of the two formulas says."""
        return self.c if self.a is None else self.a

    def again(self, asked: Asked) -> Then:
        """The better formula with other inputs."""
        found = erlang(asked, asked.patience)
        return found.values["service_level"], found.day["service_level"]


def gap(metric: str, simulated: Estimate, formula: float) -> int:
    """+1 or −1 where the simulation is clearly better or worse than a formula, else 0."""
    if np.isnan(simulated.value) or np.isnan(formula):
        return 0
    if np.isinf(formula):
        return 1
    apart = simulated.value - formula
    worth = WORTH.get(metric, max(1.0, 0.05 * max(simulated.value, formula)))
    margin = 5 * worth if np.isnan(simulated.margin) else simulated.margin
    return int(np.sign(apart)) * BETTER[metric] if abs(apart) > max(worth, SURE * margin) else 0


def causes(floor: Floor) -> list[Cause]:
    """All that the formulas leave out of a queue, whether it shows or not."""
    seen = floor.seconds > 0
    found = [cause for rule in RULES for cause in rule(floor)]
    return [c if c.where is None else replace(c, where=c.where & seen) for c in found]


def _plain(text: str) -> Callable[[int | None], str]:
    return lambda at: text


def _abandonment(f: Floor) -> Iterator[Cause]:
    gone = f.a
    if gone is not None:
        then = gone.values["service_level"], gone.day["service_level"]
        text = "Erlang C leaves out that callers hang up, which makes room for the others"
        yield Cause("abandonment", _plain(text), "c", sign=1, then=then, by="a")


def _balking(f: Floor) -> Iterator[Cause]:
    if f.queue.balks > 0:
        text = f"{say_share(f.queue.balks)} of those who would have to wait leave at once"
        yield Cause("balking", _plain(text), then=_any_patience(f, f.queue.balks), by="g")


def _patience(f: Floor) -> Iterator[Cause]:
    patience, text = f.queue.patience, ""
    if any(one.patience for one in f.queue.classes.values()):
        text = "Its classes have patiences of their own; Erlang A takes one exponential for all"
    elif patience is not None and (patience.distribution != "exponential" or patience.never_hangs_up > 0):
        kind = f"{patience.distribution.replace('_', ' ')}"
        never = f", and {say_share(patience.never_hangs_up)} never hang up" * (patience.never_hangs_up > 0)
        text = f"Patience is {kind}{never}; Erlang A takes an exponential"
    if text:
        then = None if f.queue.classes else _any_patience(f, 0.0)
        yield Cause("patience", _plain(text), "a", then=then, by="g")


def _any_patience(f: Floor, balks: float) -> Then | None:
    patience = f.queue.patience
    if patience is not None and len(patience.drawn) > 1:
        return None
    drawn = patience.drawn[0] if patience else None
    try:
        found = with_any_patience(f.asked, drawn, patience.never_hangs_up if patience else 0.0, balks)
    except InputError:
        return None
    return found.values["service_level"], found.day["service_level"]


def _handle_shape(f: Floor) -> Iterator[Cause]:
    talk, wrap = f.queue.talk.drawn[0], f.queue.wrap.drawn[0] if f.queue.wrap else None
    parts: list[Distribution] = [talk] if wrap is None else [talk, wrap]
    mean = sum(part.mean for part in parts)
    if mean <= 0:
        return
    squared = sum((part.mean * part.cv) ** 2 for part in parts) / mean**2
    if np.isfinite(squared) and abs(squared - 1) > 0.1:
        text = (
            f"Handle times have a cv of {np.sqrt(squared):.2g}, the formulas one of 1: waits change by a factor of "
            f"about {0.5 * (1 + squared):.2g} where nobody hangs up"
        )
        yield Cause("handle_times", _plain(text), sign=-1 if squared > 1 else 1)


def _further(f: Floor) -> Iterator[Cause]:
    scenario, queue = f.scenario, f.queue
    others = [other for name, other in scenario.queues.items() if name != f.name]
    own = [queue.redial, *(one.redial for one in queue.classes.values())]
    found = {
        "redials": any(own),
        "repeats": bool(queue.repeat),
        "transfers": any(step.to == f.name for other in scenario.queues.values() for step in other.transfer),
        "switches": any(other.switch is not None and other.switch.to == f.name for other in others),
    }
    kinds = [kind for kind, some in found.items() if some]
    if not kinds:
        return
    seen = np.maximum(f.seconds, 1e-9) / f.asked.interval
    offered = np.where(f.seconds > 0, f.simulated["offered"] / seen, f.asked.calls)
    then = f.again(replace(f.asked, calls=np.where(f.asked.calls > 0, np.maximum(offered, 1e-9), 0.0)))
    counted = f.asked.calls * f.asked.counted

    def words(at: int | None) -> str:
        came = f.simulated["offered"].sum() if at is None else offered[at]
        first = counted.sum() if at is None else f.asked.calls[at]
        named = " and ".join(filter(None, [", ".join(kinds[:-1]), kinds[-1]]))
        return (
            f"{named.capitalize()} are not in the calls: {came:,.4g} come in all, {first:,.4g} were counted"
        )

    for kind in kinds:
        yield Cause(kind, words, sign=-1, then=then)


def _variation(f: Floor) -> Iterator[Cause]:
    variation = f.queue.arrivals.daily_variation
    if variation > 0:
        level = distribution("gamma", mean=1.0, cv=variation)
        text = f"Days differ by ± {say_share(variation)} beyond chance, and bad days cost more than good ones give"
        then = over_levels(f.asked, f.asked.patience, level)
        yield Cause("daily_variation", _plain(text), sign=-1, then=then)


def _unbounded(f: Floor) -> Iterator[Cause]:
    where = ~f.c.bounded
    if where.any():
        worst = int(np.argmax(np.where(where, f.asked.load / np.maximum(f.asked.agents, 1), 0)))

        def words(at: int | None) -> str:
            place = worst if at is None else at
            when = f" at {f.scenario.grid.label(place)}" if at is None and f.scenario.grid.count > 1 else ""
            load, agents = f.asked.load[place], f.asked.agents[place]
            end = "no day lasts for ever" if f.a is None else "no day lasts for ever, and callers hang up"
            return (
                f"The load{when} is {load:.4g} erlangs for {agents:.0f} agent{'s' * int(agents != 1)}: by Erlang C the "
                f"line grows without bound; {end}"
            )

        yield Cause("unbounded", words, "c", where=where)


def _opens(f: Floor) -> Array:
    """Intervals with calls after one without, where those who came before do not wait."""
    busy = f.asked.calls > 0
    return busy & ~np.append(False, busy[:-1])


def _openings(f: Floor) -> Iterator[Cause]:
    opens = _opens(f)
    first = np.zeros(opens.size, bool)
    first[0] = True
    backlog, kept = f.queue.backlog, carries(f.scenario, f.name)
    if backlog is not None and backlog.count:
        spare = np.maximum(f.asked.exact - f.asked.load, 0.0) * f.asked.interval
        done = np.append(0.0, np.cumsum(spare)[:-1])
        text = f"{backlog.count:,} contacts wait at opening already"
        yield Cause(
            "backlog",
            _plain(text),
            sign=-1,
            where=f.asked.asked & (done < work_at_opening(f.scenario, f.name)),
        )
    else:
        text = "It opens with every agent free, where the formulas begin with a settled line"
        yield Cause("opening", _plain(text), sign=1, where=opens & (first if kept else True))
    waits = f.queue.after_hours == "waits"
    if (kept and (opens & ~first).any()) or (waits and (open_share(f.scenario, f.name) < 1).any()):
        text = "Contacts of closed hours wait for the opening; the formulas know no closing"
        yield Cause("carried_line", _plain(text), sign=-1)


def _carry_over(f: Floor) -> Iterator[Cause]:
    asked, grid = f.asked, f.scenario.grid
    if grid.count < 2:
        return
    ratio = asked.load / np.maximum(asked.exact, 1e-9)
    line = f.simulated["line_seconds"] / np.maximum(f.seconds, 1e-9)
    usual = np.where(np.isfinite(f.last.line), f.last.line, np.inf)
    left = (ratio >= NEAR) | (asked.silent) | (asked.exact <= 0) & (line > 0)
    before = np.append(False, (left & (asked.calls > 0))[:-1])
    before |= np.append(False, line[:-1] > 1.0 + 2.0 * np.append(usual[1:], np.inf)[: line.size - 1])

    def words(at: int | None) -> str:
        if at is None:
            return (
                "Lines left over from a full interval wait on in the next; the formulas take each by itself"
            )
        had = f"{line[at - 1]:,.2g} waited on average" if f.seconds[at - 1] > 0 else "its line is left over"
        return (
            f"The load at {grid.label(at - 1)}, the interval before, was {100 * ratio[at - 1]:.0f}% of the "
            f"agents and {had}: those are served first"
            if asked.exact[at - 1] > 0
            else f"Nobody served at {grid.label(at - 1)}, and {had}: those are served first"
        )

    if before.any():
        yield Cause("carry_over", words, sign=-1, where=before)


def _settling(f: Floor) -> Iterator[Cause]:
    """A line needs about handle ÷ (√agents − √load)² to settle, or a patience: longer than an interval is too long."""
    asked = f.asked
    spare = np.sqrt(asked.agents) - np.sqrt(asked.load)
    with np.errstate(divide="ignore", over="ignore"):
        time = np.where(spare > 0, asked.handle / spare**2, np.inf)
    needs = time if asked.patience is None else np.minimum(time, asked.patience)
    where = asked.asked & (needs > asked.interval / 4) & np.isfinite(needs)
    if where.any():
        yield _slow("c" if f.a is None else "a", where, needs, asked.interval)


def _slow(of: str, where: Array, needs: Array, interval: float) -> Cause:
    def words(at: int | None) -> str:
        time = needs[where].max() if at is None else needs[at]
        said = f"about {compact(float(time))}" if time < DAY else "more than a day"
        return f"So near the limit a line needs {said} to settle, and an interval has {compact(interval)}"

    return Cause("settling", words, of, sign=1, where=where)


def _lag(f: Floor) -> Iterator[Cause]:
    asked = f.asked
    if asked.calls.size < 2 or not asked.load.any():
        return
    mean = float(np.average(asked.handle, weights=asked.calls))
    rates = asked.load / mean
    there = modified_offered_load(rates, asked.interval, mean, start=float(asked.load[0])).mean
    where = asked.asked & (np.abs(there - asked.load) > np.maximum(0.03 * asked.load, 0.2)) & ~_opens(f)

    def words(at: int | None) -> str:
        if at is None:
            return "The load follows the calls with a delay of about a handle time; the formulas have none"
        return (
            f"The load follows the calls by about a handle time: {there[at]:.3g} erlangs are really there, not "
            f"{asked.load[at]:.3g}"
        )

    if where.any():
        calls = np.where(asked.calls > 0, there * asked.interval / asked.handle, 0.0)
        then = f.again(replace(asked, calls=calls))
        yield Cause("lag", words, sign=np.where(there < asked.load, 1, -1), where=where, then=then)


def _closing(f: Floor) -> Iterator[Cause]:
    if (f.queue.at_close or f.scenario.at_close) == "drop":
        busy = f.asked.calls > 0
        where = busy & ~np.append(busy[1:], False) & (f.simulated["unanswered"] > 0)

        def words(at: int | None) -> str:
            cut = f.simulated["unanswered"]
            return f"{cut.sum() if at is None else cut[at]:.3g} who still wait are cut off at closing"

        yield Cause("closing", words, where=where)


def _skills(f: Floor) -> Iterator[Cause]:
    together = neighbours(f.scenario, f.name)
    serving = {key: group for key, group in f.scenario.agents.items() if f.name in group.skills}
    if len(together) > 1:
        others = " and ".join(clean(name, 30) for name in together if name != f.name)
        then = f.again(pooled(f.scenario, f.name, f.every, together))
        text = (
            f"Its agents also serve {others}: the queues lend each other idle agents, and take them from each other "
            "when busy; the formulas give each a fixed part"
        )
        yield Cause("skills", _plain(text), then=then)
        firsts = _places(f, serving)
        if firsts:
            yield Cause("priorities", _plain(firsts))
    elif any(one.head_start for one in f.queue.classes.values()):
        yield Cause("priorities", _plain("Some of its classes go before the others"))
    held = [k for k, g in serving.items() if g.skills[f.name].overflow_after or g.skills[f.name].reserve]
    if held:
        text = f"By overflow_after or reserve {' and '.join(clean(key, 30) for key in held)} may stay idle"
        yield Cause("overflow", _plain(text), sign=-1)
    slow = {key: group.skills[f.name].handle_factor for key, group in serving.items()}
    apart = {key: factor for key, factor in slow.items() if factor != 1}
    if apart:
        said = ", ".join(f"{clean(key, 30)} {factor:g}" for key, factor in apart.items())
        signs = {1 if factor < 1 else -1 for factor in apart.values()}
        text = f"Handle times differ by group, which the AHT does not show: times {said}"
        yield Cause("pace", _plain(text), sign=signs.pop() if len(signs) == 1 else 0)
    hands = {key: group.skills[f.name] for key, group in serving.items() if group.skills[f.name].at_once > 1}
    if hands:
        said = ", ".join(f"{s.at_once} in {clean(key, 30)}, worth {pace(s):.3g}" for key, s in hands.items())
        yield Cause("hands", _plain(f"An agent serves several contacts at once: up to {said}"), sign=1)


def _places(f: Floor, serving: Mapping[str, object]) -> str:
    """In which order a queue and its neighbours are served, if not in that of their waits."""
    said = []
    for key in serving:
        skills = f.scenario.agents[key].skills
        own = skills[f.name]
        above = [name for name, skill in skills.items() if skill.level < own.level]
        below = [name for name, skill in skills.items() if skill.level > own.level]
        if above:
            said.append(f"{clean(key, 30)} serves {' and '.join(clean(n, 30) for n in above)} before it")
        if below:
            said.append(f"{clean(key, 30)} serves it before {' and '.join(clean(n, 30) for n in below)}")
    starts = {f.scenario.queues[name].head_start for name in neighbours(f.scenario, f.name)}
    if len(starts) > 1 or any(one.head_start for one in f.queue.classes.values()):
        said.append("head starts move it in the line")
    return f"Priorities: {'; '.join(said)}" if said else ""


def _callbacks(f: Floor) -> Iterator[Cause]:
    if f.queue.callback:

        def words(at: int | None) -> str:
            taken, offered = f.simulated["callbacks_accepted"], f.simulated["offered"]
            share = (
                taken.sum() / max(offered.sum(), 1e-9) if at is None else taken[at] / max(offered[at], 1e-9)
            )
            return f"{100 * share:.2g}% take a callback instead of waiting on, which the formulas do not know"

        yield Cause("callbacks", words)
    if f.queue.announcement:
        yield Cause("announcement", _plain("Callers hear an estimated wait and act on it"))


def _lines(f: Floor) -> Iterator[Cause]:
    limits = [f.scenario.lines is not None, any(event.lines is not None for event in f.scenario.events)]
    if f.queue.max_waiting is not None or any(limits):

        def words(at: int | None) -> str:
            blocked, offered = f.simulated["blocked"], f.simulated["offered"]
            share = (
                blocked.sum() / max(offered.sum(), 1e-9)
                if at is None
                else blocked[at] / max(offered[at], 1e-9)
            )
            return (
                f"Places on the line are limited: {100 * share:.2g}% find it full, who wait in the formulas"
            )

        yield Cause("limited_lines", words, where=f.simulated["blocked"] > 0)


def _absence(f: Floor) -> Iterator[Cause]:
    absent = {k: g.absence for k, g in f.scenario.agents.items() if f.name in g.skills and g.absence > 0}
    if absent:
        loads = {name: asked.load for name, asked in f.every.items()}
        fewer = heads(f.scenario, loads, present=True)[f.name]
        said = " and ".join(f"{say_share(share)} of {clean(key, 30)}" for key, share in absent.items())
        then = f.again(replace(f.asked, exact=fewer))
        yield Cause("absence", _plain(f"{said} do not come; the formulas have all"), sign=-1, then=then)


def _rounding(f: Floor) -> Iterator[Cause]:
    exact = f.asked.exact
    used = whole(exact)
    where = f.asked.asked & (np.abs(used - exact) > 0.05)

    def words(at: int | None) -> str:
        if at is None:
            return "The formulas take whole agents; there are parts of them, by shared skills or within intervals"
        return f"The formulas take {used[at]:.0f} agents; there are {exact[at]:.3g} on average"

    if where.any():
        yield Cause("rounding", words, sign=np.where(used > exact, -1, 1), where=where)


RULES: tuple[Callable[[Floor], Iterator[Cause]], ...] = (
    _unbounded, _abandonment, _variation, _further, _carry_over, _openings, _settling, _lag, _closing, _absence,
    _skills, _callbacks, _lines, _balking, _patience, _handle_shape, _rounding,
)  # fmt: skip
