"""What a reader of a report has to know before trusting or using it: a sentence each."""

from collections.abc import Iterator, Mapping

import numpy as np

from sim.experiments.aims import aims_of, judged
from sim.experiments.trials import KEPT, Played
from sim.measures.estimate import interval
from sim.reports.figures import clean, compact
from sim.reports.oddities import odd
from sim.reports.reached import aim_words, value_words, when
from sim.reports.results import Result
from sim.reports.verdicts import alarms
from sim.scenario.units import say_duration, say_share

FEW = 30  # replications; with fewer, margins are rough themselves
MOST = 12  # sentences of a plan


def warnings_of(results: Mapping[str, Result]) -> list[str]:
    """Few replications, overload, promises and targets unmet, figures too uncertain: of all plans, then by plan."""
    said = {plan: list(_begun(result)) for plan, result in results.items()}
    (name, first), *_ = results.items()
    common = [sentence for sentence in said[name] if all(sentence in own for own in said.values())]
    lines = [*few_words(first.count, first.count), *common]
    for plan, own in said.items():
        if rest := [sentence for sentence in own if sentence not in common]:
            lines.append(f"“{clean(plan, 40)}”: {' '.join([*rest[:MOST], *_more(len(rest))])}")
    return [*lines[: 2 * MOST], *_more(len(lines), 2 * MOST)]


def _begun(result: Result) -> Iterator[str]:
    """What is to be said of a result, each beginning with a capital unless it begins with a name."""
    names = tuple(clean(name, 40) for name in (*result.scenario.queues, *result.scenario.agents))
    for sentence in _of_result(result):
        yield sentence if sentence.startswith(names) else sentence[:1].upper() + sentence[1:]


def _more(count: int, most: int = MOST) -> list[str]:
    """That some are left out, where they are."""
    return [f"{count - most:,} more; ccsim check and ccsim run say all."] if count > most else []


def few_words(least: int, most: int) -> Iterator[str]:
    """That so few replications say little; nothing where they are enough."""
    if most == 1:
        yield "Only one replication was played: there are no margins, and chance alone may explain any difference."
    elif least < FEW:
        yield f"Only {least} replications were played: margins are rough; play at least {FEW}, better 100."


def _of_result(result: Result) -> Iterator[str]:
    yield from odd(result.scenario)
    yield from alarms(result)
    yield from _promises_unmet(result)
    yield from _targets_unmet(result)
    yield from _unknown(result)


def _promises_unmet(result: Result) -> Iterator[str]:
    """Queues whose service level over the whole horizon is below what they promise."""
    for name, queue in result.scenario.queues.items():
        promise, level = queue.service_level, interval(result.queue_samples[name]["service_level"])
        if not level.value < promise.target:
            continue
        not_sure = ", though that is within its margin" if level.high >= promise.target else ""
        yield (
            f"{clean(name, 40)} answers {100 * level.value:.1f}% within {say_duration(promise.within)}, below its "
            f"target of {say_share(promise.target)}{not_sure}."
        )


def _targets_unmet(result: Result) -> Iterator[str]:
    """Targets of the scenario that are missed: in how many intervals or days, and where most."""
    aims = aims_of(result.scenario)
    if not aims:
        return
    played = _played(result)
    if not result.totals.has_intervals:
        aims = [aim for aim in aims if aim.goal.on_days is None]  # asks for single days, which were not kept
    found, starts = (
        judged(aims, played),
        [result.scenario.grid.label(i) for i in range(result.scenario.grid.count)],
    )
    for goal in dict.fromkeys(aim.goal for aim in aims):
        own = [k for k, aim in enumerate(aims) if aim.goal == goal]
        missed = [k for k in own if found.slack[k] < -1e-9]
        if not missed:
            continue
        worst = min(missed, key=lambda k: found.slack[k])
        asked = aim_words(goal).replace("\n", " ")
        place, reached = when(aims[worst], starts), value_words(goal, float(found.value[worst]))
        many = f" in {len(missed)} of {len(own)} {goal.per}s, worst" * (len(own) > 1)
        at = f" at {place}" * bool(place)
        yield f"the target of {clean(goal.name, 40)}, {asked}, is missed{many}{at}: {reached}."


def _played(result: Result) -> Played:
    """The totals by interval as the targets are judged by; their sums, as of one long day, where no more is kept."""
    totals, queues = result.totals, len(result.scenario.queues)
    if totals.has_intervals:
        return Played(totals.contacts_by_interval[:, :queues][..., list(KEPT)], totals.agents_by_interval)
    return Played(totals.interval_sums[None, :queues][..., list(KEPT)], totals.agent_sums[None])


def _unknown(result: Result) -> Iterator[str]:
    """Figures whose margin is as large as they are, and waits beyond what the day holds."""
    if result.count < 2:
        return
    lost = interval(result.queue_samples["all"]["lost_customers"])
    if lost.value > 0 and np.isfinite(lost.margin) and lost.margin > 0.5 * lost.value:
        yield "the number of lost customers is known to no more than half of itself; play more replications."
    longest = result.queue()["max_wait"].value
    if longest >= 0.9 * result.scenario.grid.horizon:
        yield (
            f"the longest wait, {compact(longest)}, is as long as all that is played: who still waits at the end may "
            "wait longer than any figure here."
        )
