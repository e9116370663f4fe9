"""What a planner should be told in words: what goes wrong under a plan, and how it fares against the baseline."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sim.measures.estimate import Estimate
from sim.measures.metrics import observed_seconds
from sim.reports.figures import a_day, clean, compact, money, percent, price, rounded_up, said, span_of
from sim.reports.results import Comparison, Result
from sim.scenario.schema import Scenario
from sim.scenario.units import say_duration, say_share

CLEAR = 0.01  # share of contacts; smaller differences of a service level are not worth a word
OVERTIME = 0.01  # of the cost; what overtime alone adds or saves up to this is not worth a word
ENOUGH = 1e5  # replications; nobody is sent off to run more
WAITS = {"mean_wait": "mean wait", "time_to_agent": "time to an agent"}

# What goes wrong


def remarks(result: Result) -> list[str]:
    """What a planner should not miss: the worst interval of each queue, lines that grow, callers cut off."""
    found = [sentence for name in result.scenario.queues for sentence in _worst_interval(result, name)]
    return [
        *alarms(result),
        *found,
        *(line for name in result.scenario.queues for line in _turned_away(result, name)),
    ]


def alarms(result: Result) -> list[str]:
    """Queues that nobody serves, and lines that grow all day."""
    sentences = []
    for name in result.scenario.queues:
        if not _is_served(result.scenario, name):
            sentences.append(f"No group with agents serves {clean(name, 40)}: nobody there is ever answered.")
        else:
            sentences += _growing_line(result, name)
    return sentences


def _is_served(scenario: Scenario, name: str) -> bool:
    """Whether a group with the skill has agents at some time."""
    groups = scenario.agents.items()
    return any(name in group.skills and scenario.planned_seconds(key).any() for key, group in groups)


def _worst_interval(result: Result, name: str) -> list[str]:
    """The interval with the lowest service level, among those with at least one contact a replication."""
    promise, figures = result.scenario.queues[name].service_level, _by_interval(result, name)
    counted = figures["counted_for_target"]
    busy = np.flatnonzero(counted >= min(1.0, counted.max()))
    if counted.size < 2 or counted.max() == 0.0 or not figures["answered"].any():
        return []
    level = figures["within_target"][busy] / counted[busy]
    low, below = float(level.min()), int((level < promise.target).sum())
    lowest = busy[level <= low + 1e-9]
    worst = int(lowest[np.argmax(figures["offered"][lowest])])
    who, start, within = clean(name, 40), result.scenario.grid.label(worst), say_duration(promise.within)
    within += " of open hours" if promise.clock == "open_hours" else ""
    target = say_share(promise.target)
    if not below:
        return [f"{who} meets {target} within {within} in every interval; lowest at {start}: {percent(low)}."]
    often = "every interval" if below == busy.size else f"{below} of {busy.size} intervals"
    offered = figures["offered"][worst]
    gone, expected = percent(figures["abandoned"][worst] / offered), f"{offered:,.{int(offered < 10)}f}"
    hang_up = f", {gone} hang up" if figures["abandoned"].any() else ""
    return [
        f"{who} is worst at {start}: {percent(low)} within {within}{hang_up}, "
        f"{expected} contacts expected; below its target of {target} in {often}."
    ]


def _by_interval(result: Result, name: str) -> dict[str, np.ndarray]:
    return result.interval_figures(list(result.scenario.queues).index(name))


def _growing_line(result: Result, name: str) -> list[str]:
    """Whether the line grows from opening to the end and is longest there: more comes than can be served."""
    seconds = observed_seconds(result.scenario)
    seen = seconds > 0
    line = _by_interval(result, name)["line_seconds"][seen] / seconds[seen]
    if line.size < 4 or line[-1] < 5.0 or line[-1] < 0.95 * line.max():
        return []
    first, middle, last = (float(part.mean()) for part in np.array_split(line, 3))
    # a line that grows evenly has parts like 1 : 3 : 5; a rush at the end alone leaves the middle short
    if not (first < middle and 0.25 * last < middle < 0.8 * last):
        return []
    grows = f"The line of {clean(name, 40)} grows all day: {line[-1]:,.0f} are waiting in the last interval"
    return [f"{grows}; more contacts come than the agents can take."]


def _turned_away(result: Result, name: str) -> list[str]:
    """Callers cut off at closing or left at the end, those lost in the IVR or to full lines, and waits of hours."""
    figures, when, who = result.queue(name), a_day(result.scenario), clean(name, 40)
    unanswered, blocked, longest = figures["unanswered"], figures["blocked"], figures["max_wait"]
    sentences = []
    if unanswered.value > 0:
        sentences.append(f"{said(unanswered)} contacts of {who}{when} wait until closing and are cut off.")
    if figures["closed"].value >= 0.5:
        sentences.append(f"{said(figures['closed'])} contacts of {who}{when} find it closed.")
    if figures["pending"].value > 0:
        sentences.append(f"{said(figures['pending'])} contacts of {who}{when} are still waiting at the end.")
    if figures["left_on_announcement"].value > 0:
        left = said(figures["left_on_announcement"])
        sentences.append(f"{left} contacts of {who}{when} leave on hearing how long it may take.")
    if result.scenario.queues[name].ivr:
        served, gone = figures["self_served"], figures["ivr_hang_ups"]
        sentences.append(
            f"The IVR of {who} serves {said(served)} contacts{when}, and {said(gone)} hang up in it."
        )
    if blocked.value > 0:
        sentences.append(f"{said(blocked)} contacts of {who}{when} {_no_room(result.scenario, name)}.")
    if longest.value >= 3600.0:
        span = span_of(result.scenario)
        sentences.append(f"The longest wait of {span} in {who} is {compact(longest.value)} on average.")
    return sentences + _long_nights(result, name)


def _no_room(scenario: Scenario, name: str) -> str:
    """What turns contacts of a queue away: its waiting line, the lines of the centre, or one of these."""
    limited = scenario.lines is not None or any(event.lines is not None for event in scenario.events)
    full = ["its waiting line full"] if scenario.queues[name].max_waiting is not None else []
    return f"find {' or '.join([*full, *['all lines taken'] * (limited or not full)])}"


def _long_nights(result: Result, name: str) -> list[str]:
    """That a mean wait counts closed hours, and the age of what waits at opening, where the promise does not."""
    queue, figures = result.scenario.queues[name], result.queue(name)
    aged = queue.backlog is not None and queue.backlog.count > 0 and queue.backlog.age[1] > 0
    counted = ["the time before opening of those who wait then"] if aged else []
    if queue.service_level.clock == "open_hours":
        counted.insert(0, "closed hours")
    if not counted or not figures["mean_wait"].value > 0:
        return []
    half = figures["p50_wait"].value
    most = f"half of all wait less than {compact(half)}" if half > 0 else "at least half of all do not wait"
    return [
        f"The mean wait of {clean(name, 40)}, {compact(figures['mean_wait'].value)}, "
        f"counts {' and '.join(counted)}; {most}."
    ]


def money_words(result: Result) -> list[str]:
    """What the lost customers were worth; those put off by them always apart."""
    every, currency, when = result.queue(), clean(result.scenario.currency, 8), a_day(result.scenario)
    lost, deterred = every["lost_value"], every["deterred_value"]
    lines = [f"Lost customers are worth {money(lost, currency)}{when}."] if lost.value > 0 else []
    if deterred.value > 0:
        lines.append(f"Others whom they put off are worth {money(deterred, currency)}{when} more.")
    return lines


# Verdicts


@dataclass(frozen=True)
class Verdict:
    """better | worse | cannot tell yet | no difference, and what it rests on; word "" without margins."""

    word: str
    why: str


def wait_metric(results: Iterable[Result]) -> str:
    """The wait to compare these results by: the time to an agent as soon as one has callbacks."""
    return "time_to_agent" if any(r.queue()["callbacks_accepted"].value for r in results) else "mean_wait"


def verdict(comparison: Comparison, plan: str) -> Verdict:
    """Judge a plan against the baseline: by lost customers and what they are worth, else by the wait, else by the rest.

    The wait is the time to an agent if either has callbacks: those who accept one hardly count in the mean wait. The
    rest are the value of those put off and the service level of each queue. "differs" is what is better in one of
    these and worse in another, or cannot be held against the baseline because it promises something else.
    """
    change, agents = comparison.difference(plan), comparison.difference(plan, "group")
    result = comparison.results[plan]
    name = wait_metric((comparison.results[comparison.baseline], result))
    lost, wait, cost = change["lost_customers"], change[name], cost_words(comparison, plan)
    waiting, shorter = WAITS[name], _shorter(wait, WAITS[name])
    worth, when = change["lost_value"], a_day(result.scenario)
    if result.count < 2:
        return Verdict("", "one replication has no margins; run at least 10")
    rest = _rest(comparison, plan)
    also = "".join(f"; {found.said}" for found in rest)
    members = (comparison.difference(plan, *member) for member in comparison.results[plan].all_samples)
    if not rest and all(_nothing(e) for row in (change, agents, *members) for e in row.values()):
        return Verdict("no difference", f"callers and agents fare as under {clean(comparison.baseline, 40)}")
    if _nothing(lost) and _nothing(wait) and not sure(worth):
        if not rest:
            return Verdict("no difference", f"to lost customers and {waiting}; {cost}")
        return Verdict(_word(rest), f"as many lost customers, the same {waiting}{also}; {cost}")
    if _nothing(lost) and not sure(worth):
        word = _as_word(wait) if sure(wait) else "cannot tell yet"
        needed = "" if sure(wait) else f"; {_needed(wait, result.count)}"
        return Verdict(word, f"{shorter}, as many lost customers{needed}{also}; {cost}")
    basis = f"{said(lost)} {'fewer' if lost.value < 0 else 'more'} lost customers{when}"
    if sure(lost):
        against = sure(worth) and (worth.value < 0) != (lost.value < 0)
        basis += _worth_words(comparison, worth, against)
        but = "but " if (wait.value < 0) != (lost.value < 0) else ""
        basis += f", {but}{shorter}" if sure(wait) else f", no clear change in {waiting}"
        opposed = [found for found in rest if found.better != (lost.value < 0)]
        also = f"; but {' and '.join(found.said for found in opposed)}" if opposed else ""
        return Verdict("differs" if against else _as_word(lost), f"{basis}{also}; {cost}")
    if sure(wait):
        also = f"; {shorter}{also}"
    if sure(worth):
        basis = "as many lost customers" if _nothing(lost) else f"{basis}, which is not clear"
        return Verdict(
            _as_word(worth), f"{basis}, but{_worth_words(comparison, worth, True)[5:]}{when}{also}; {cost}"
        )
    return Verdict("cannot tell yet", f"{basis}; {_needed(lost, result.count)}{also}; {cost}")


def _worth_words(comparison: Comparison, worth: Estimate, against: bool) -> str:
    """What those lost or saved are worth, where that is clear; against: where it goes the other way."""
    if not sure(worth):
        return ""
    amount = money(worth, clean(comparison.results[comparison.baseline].scenario.currency, 8))
    if not against:
        return f" (worth {amount})"
    return f", but those lost are worth {amount} {'less' if worth.value < 0 else 'more'}"


@dataclass(frozen=True)
class _Found:
    """One thing in which a plan clearly differs: in words, and whether it is better; None if that cannot be said."""

    said: str
    better: bool | None


def _rest(comparison: Comparison, plan: str) -> list[_Found]:
    """Clear differences beyond lost customers and waits: service levels by queue, the value of those put off."""
    first, other = comparison.results[comparison.baseline], comparison.results[plan]
    found = []
    for name in other.scenario.queues:
        change = comparison.difference(plan, "queue", name).get("service_level")
        if change is None or not sure(change) or abs(change.value) < CLEAR:
            continue
        old, new = first.scenario.queues[name].service_level, other.scenario.queues[name].service_level
        points = Estimate(*(100 * value for value in change))
        often = "more" if change.value > 0 else "less"
        words = f"{clean(name, 40)} answered in time {said(points, '% points')} {often} often"
        if (old.within, old.definition, old.clock) == (new.within, new.definition, new.clock):
            found.append(_Found(words, change.value > 0))
        else:
            promised = f"within {say_duration(new.within)} instead of {say_duration(old.within)}"
            promised = promised if old.within != new.within else "by another definition"
            found.append(_Found(f"{words}, {promised}", None))
    deterred = comparison.difference(plan)["deterred_value"]
    if sure(deterred):
        amount = money(deterred, clean(first.scenario.currency, 8))
        more = "less" if deterred.value < 0 else "more"
        told = f"others put off are worth {amount} {more}{a_day(first.scenario)}"
        found.append(_Found(told, deterred.value < 0))
    return found


def _word(found: list[_Found]) -> str:
    """better or worse if all agree, else differs."""
    (word, *more) = {one.better for one in found}
    return "differs" if more or word is None else "better" if word else "worse"


def _as_word(judged: Estimate) -> str:
    return "better" if judged.value < 0 else "worse"


def verdict_lines(comparison: Comparison) -> list[str]:
    """A sentence on each plan, then what is alarming under any of them."""
    plans, lines = list(comparison.results), []
    if comparison.results[plans[0]].count < 2:
        lines.append("One replication has no margins; run at least 10.")
    else:
        judged = {plan: verdict(comparison, plan) for plan in plans[1:]}
        lines += [f"{clean(plan, 60)}: {found.word}: {found.why}." for plan, found in judged.items()]
    alarming = {plan: " ".join(alarms(comparison.results[plan])) for plan in plans}
    return lines + [f"{clean(plan, 60)}: {alarm}" for plan, alarm in alarming.items() if alarm]


def _needed(estimate: Estimate, count: int) -> str:
    """How many replications would tell: n × (margin ÷ difference)², as margins shrink with √n."""
    ratio = estimate.margin / abs(estimate.value) if estimate.value else math.inf
    if count * ratio**2 > ENOUGH:
        return f"more than {ENOUGH:,.0f} replications would be needed to tell"
    return f"about {rounded_up(max(count * ratio**2, 10.0)):,} replications would tell"


def cost_words(comparison: Comparison, plan: str) -> str:
    """What the plan costs or saves, also by customer saved or lost where that is clear."""
    first = comparison.results[comparison.baseline]
    agents, lost = comparison.difference(plan, "group"), comparison.difference(plan)["lost_customers"]
    currency, when = clean(first.scenario.currency, 8), a_day(first.scenario)
    cost, hours = agents["staff_cost"], agents["paid_hours"]
    if _nothing(cost):
        if any(result.group()["staff_cost"].value for result in comparison.results.values()):
            return "at the same cost"
        if _nothing(hours):
            return "with the same paid hours"
        return f"{said(hours)} {'more' if hours.value > 0 else 'fewer'} paid hours{when}"
    if not sure(cost) or (abs(cost.value) < OVERTIME * _cost(first) and _as_planned(comparison, plan)):
        return "at about the same cost"
    words = f"costs {money(cost, currency)} more" if cost.value > 0 else f"saves {money(cost, currency)}"
    words += when
    if not sure(lost) or (cost.value > 0) == (lost.value > 0):
        return words
    each = price(abs(cost.value / lost.value), currency)
    return f"{words}, {each} for each customer {'saved' if cost.value > 0 else 'lost'}"


def _cost(result: Result) -> float:
    return result.group()["staff_cost"].value


def _as_planned(comparison: Comparison, plan: str) -> bool:
    """Whether what is planned under a plan costs as much as under the baseline: only overtime differs."""
    one, other = (
        sum(
            float(s.paid_seconds(name).sum()) * group.cost_per_hour / (1 - group.shrinkage)
            for name, group in s.agents.items()
        )
        for s in (comparison.results[comparison.baseline].scenario, comparison.results[plan].scenario)
    )
    return math.isclose(one, other, rel_tol=1e-9)


def _shorter(wait: Estimate, name: str) -> str:
    return f"{said(wait, 's')} {'shorter' if wait.value < 0 else 'longer'} {name}"


def sure(estimate: Estimate) -> bool:
    """Whether a difference is beyond its margin."""
    return not _nothing(estimate) and (estimate.low > 0 or estimate.high < 0)


def _nothing(estimate: Estimate) -> bool:
    """No difference at all (but for rounding), or none that can be had."""
    return not math.isfinite(estimate.value) or (abs(estimate.value) < 1e-7 and not estimate.margin > 1e-7)
