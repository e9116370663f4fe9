"""What was understood of a scenario, in words and one table: the page that `ccsim check` prints."""

import re
import textwrap
from collections.abc import Iterator, Sequence

from sim.reports.changes import plan_words
from sim.reports.groupwords import group_words
from sim.reports.loads import load_table, load_words, open_share
from sim.reports.oddities import odd
from sim.scenario.durations import Amounts, Duration_, Patience
from sim.scenario.quantities import UNLIMITED
from sim.scenario.queue import Announcement, Callback, Leaves, Queue, Redial, Tells
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, say_clock, say_duration, say_share, say_weekdays
from sim.scenario.weeks import Grid, Spans, say_span

__all__ = ["check_text", "odd", "said_blocks"]

WIDTH = 100
GONE_BY = (10.0, 20.0, 40.0, 60.0, 120.0)
ROUTING = {
    "longest_wait": "whoever has waited longest, whatever the level",
    "longest_queue": "from the queue in which most are waiting",
    "shortest_delay": "by level; a contact goes to the agent who is quickest with it",
    "weighted": "the contact with the highest score, base + weight × wait",
}


def check_text(scenario: Scenario, title: str) -> str:
    """Volume, offered load against agents by interval, patience, plans, and what looks odd."""
    parts = ["\n".join(map(_wrapped, block)) for block in said_blocks(scenario, title)]
    parts.append(load_table(scenario))
    if said := " ".join(load_words(scenario)):
        parts.append(_wrapped(said))
    if scenario.plans:
        plans = (_wrapped(f"  {line}") for line in plan_words(scenario))
        parts.append("\n".join(["Plans (the first is the baseline):", *plans]))
    remarks = list(odd(scenario))
    if remarks:
        parts.append("\n".join(_wrapped(f"Note: {remark}") for remark in remarks))
    return "\n\n".join(parts)


def said_blocks(scenario: Scenario, title: str, played: str | None = None) -> list[list[str]]:
    """The scenario in words: paragraphs of the whole, of each queue and of all groups, those below a queue set in.

    played: what is said of replications and seed, those of the scenario unless given.
    """
    if played is None:
        played = f"; {scenario.replications} replications, seed {scenario.seed}"
    return [
        [_head(scenario, title, played), *_whole(scenario)],
        *(_queue(name, scenario) for name in scenario.queues),
        [group_words(name, scenario) for name in scenario.agents],
    ]


def _wrapped(text: str) -> str:
    """One paragraph on lines of at most 100 columns, set in as its first is, those after the first more."""
    said = text.lstrip(" ")
    indent = text[: len(text) - len(said)]
    whole = re.sub(r"(?<=[0-9]) (?=(s|min|h)\b)", "\0", said)  # a number stays beside its unit
    lines = textwrap.fill(
        whole, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )
    return lines.replace("\0", " ")


def _head(scenario: Scenario, title: str, played: str) -> str:
    grid = scenario.grid
    if grid.horizon > DAY:
        span = f"{_length(grid.horizon)} from {grid.label(0)}"
    else:
        span = f"{grid.label(0)} to {say_clock(grid.opens + grid.horizon)}"
    extra = f", warm-up {say_duration(scenario.warm_up)}" if scenario.warm_up else ""
    lines = f", {scenario.lines} lines" if scenario.lines else ""
    return f"{title}: {span}, {grid.count} intervals of {say_duration(grid.interval)}{extra}{lines}{played}."


def _length(seconds: float) -> str:
    days = seconds / DAY
    return f"{days:g} days" if days > 1 and days.is_integer() else say_duration(seconds)


def _whole(scenario: Scenario) -> Iterator[str]:
    """What holds for the whole floor, a paragraph each: routing, events, shift types."""
    rule = ROUTING.get(scenario.routing)
    if rule:
        yield f"Routing ({scenario.routing}): an agent who comes free takes {rule}."
    for event in scenario.events:
        daily = event.at[0] is None and event.day is None and scenario.grid.horizon > DAY
        when = f"{'every day at ' if daily else 'at '}{event.said_when}"
        said = []
        if event.agents is not None:
            said.append(f"{say_share(event.agents)} of the agents of {_named(event.groups, 'every group')}")
        if event.volume is not None:
            said.append(f"{say_share(event.volume)} of the volume of {_named(event.queues, 'every queue')}")
        if event.lines is not None:
            said.append(f"{event.lines} lines")
        yield f"Event {when}, for {say_duration(event.for_)}: {', '.join(said)}."


def _named(names: Sequence[str] | None, otherwise: str) -> str:
    return " and ".join(names) if names else otherwise


def _queue(name: str, scenario: Scenario) -> list[str]:
    queue, grid = scenario.queues[name], scenario.grid
    volume = scenario.expected(name)
    peak = int(volume.argmax())
    said = [
        f"Queue {name}: {volume.sum():,.6g} contacts expected, "
        f"most at {grid.label(peak)} ({volume[peak]:,.4g})",
        *_hours(queue),
    ]
    outside = float((volume * (1 - open_share(scenario, name))).sum())
    if outside >= 0.5:
        then = " and wait for the opening" if queue.after_hours == "waits" else ""
        said.append(f"{outside:,.6g} of them come while it is closed{then}")
    if queue.arrivals.trace:
        days = len(queue.arrivals.trace.days)
        said.append(f"as recorded on {days} day{'s' * (days != 1)}, one a replication")
    if queue.arrivals.daily_variation:
        said.append(f"the day's level varies by {say_share(queue.arrivals.daily_variation)}")
    said += _before(queue)
    said.append(f"talk {_spec(queue.talk)}")
    if queue.wrap:
        said.append(f"wrap-up {_spec(queue.wrap)}")
    if queue.balks:
        said.append(f"{say_share(queue.balks)} balk")
    if queue.max_waiting is not None:
        said.append(f"at most {queue.max_waiting} wait")
    if queue.head_start:
        said.append(f"head start {say_duration(queue.head_start)}")
    if queue.announcement:
        said.append(_announcement(queue.announcement))
    if queue.switch:
        when = f"after {_spec(queue.switch.after)}" if queue.switch.after else "at once"
        said.append(f"{say_share(queue.switch.share)} of those who give up try {queue.switch.to} {when}")
    if queue.redial:
        said.append(_redial(queue.redial))
    if queue.callback:
        said.append(_callback(queue.callback))
    said += _afterwards(queue)
    if queue.customer_value != 0:
        said.append(_worth(queue.customer_value))
    if queue.leaves != Leaves():
        said.append(_leaves(queue.leaves))
    if queue.tells is not None:
        said.append(_tells(queue.tells))
    level = queue.service_level
    open_hours = " of open hours" if level.clock == "open_hours" else ""
    within = f"{say_duration(level.within)}{open_hours} ({level.definition})"
    said.append(f"promise {say_share(level.target)} within {within}")
    said.append(f"at closing: {queue.at_close or scenario.at_close}")
    below = [_patience(queue.patience, grid), *_classes(queue, grid)]
    return ["; ".join(said) + ".", *(f"  {line}" for line in below)]


def _hours(queue: Queue) -> Iterator[str]:
    """Opening hours, days with the same ones together; contacts that wait at opening."""
    if queue.hours is not None and len(queue.hours) == 1:
        yield f"open {_said_spans(queue.hours[0])}"
    elif queue.hours is not None:
        by_spans: dict[Spans, list[int]] = {}
        for day, spans in enumerate(queue.hours):
            by_spans.setdefault(spans, []).append(day)
        each = (f"{say_weekdays(days)} {_said_spans(spans)}" for spans, days in by_spans.items())
        yield f"open {', '.join(each)}"
    if queue.backlog and queue.backlog.count:
        low, high = queue.backlog.age
        age = say_duration(low) if low == high else f"{say_duration(low)} to {say_duration(high)}"
        yield f"{queue.backlog.count:,} wait already at opening, for {age}"


def _said_spans(spans: Spans) -> str:
    return " and ".join(map(say_span, spans)) or "closed"


def _before(queue: Queue) -> Iterator[str]:
    if queue.ivr:
        served, gone = say_share(queue.ivr.self_served), say_share(queue.ivr.hangs_up)
        yield (
            f"first an IVR ({_spec(queue.ivr.time)}; a chatbot before a chat queue is the same thing): "
            f"{served} are served by it, {gone} hang up in it"
        )


def _announcement(announcement: Announcement) -> str:
    above, factor = say_duration(announcement.leave_above), announcement.patience_factor
    others = f", the others' patience × {factor:.3g}" if factor != 1 else ""
    return f"told an estimated wait above {above}, {say_share(announcement.leaves)} leave at once{others}"


def _redial(redial: Redial) -> str:
    most = "" if redial.attempts == UNLIMITED else f", at most {redial.attempts} attempts"
    return f"{say_share(redial.share)} of those who give up redial after {_spec(redial.after)}{most}"


def _afterwards(queue: Queue) -> Iterator[str]:
    for transfer in queue.transfer:
        retell = f", telling it again for {say_duration(transfer.retell)}" if transfer.retell else ""
        yield f"{say_share(transfer.share)} are transferred to {transfer.to}{retell}"
    if queue.repeat:
        yield f"{say_share(queue.repeat.share)} of those served come again after {_spec(queue.repeat.after)}"


def _classes(queue: Queue, grid: Grid) -> Iterator[str]:
    """A line for each class: what is its own, the rest being that of the queue."""
    for name, one in queue.classes.items():
        said = [f"Class {name}, {say_share(one.share)}"]
        if one.head_start is not None:
            said.append(f"head start {say_duration(one.head_start)}")
        if one.customer_value is not None:
            said.append(_worth(one.customer_value))
        if one.patience is not None:
            gone = _patience(one.patience, grid).rstrip(".")
            said.append(gone[0].lower() + gone[1:])
        if one.redial is not None:
            said.append(_redial(one.redial))
        if one.leaves is not None:
            said.append(_leaves(one.leaves))
        if one.tells is not None:
            said.append(_tells(one.tells))
        yield "; ".join(said) + "."
    if queue.classes:
        yield f"The others: {say_share(max(0.0, 1 - sum(one.share for one in queue.classes.values())))}."


def _worth(value: float | Amounts) -> str:
    """What a customer is worth, an amount or its distribution."""
    if not isinstance(value, Amounts):
        return f"worth {value:,g} each"
    family = value.distribution.replace("_", " ")
    return f"worth {value.drawn.mean:,.6g} on average ({family}, cv {value.drawn.cv:.3g})"


def _leaves(leaves: Leaves) -> str:
    late = " and ".join(
        f"{say_share(share)} from {say_duration(t)}" for t, share in leaves.served_late.items()
    )
    said = f"{say_share(leaves.unserved)} of the unserved leave"
    return f"{said}, of those served {late} of waiting on" if late else said


def _tells(tells: Tells) -> str:
    put_off = f"{say_share(tells.put_off)} of whom stay away"
    return f"{say_share(tells.share)} of the lost tell {tells.people:g} others, {put_off}"


def _spec(spec: Duration_) -> str:
    means = [d.mean for d in spec.drawn]
    mean = say_duration(means[0])
    if min(means) != max(means):
        mean = f"{say_duration(min(means))} to {say_duration(max(means))}"
    cv = spec.drawn[0].cv
    return f"{spec.distribution.replace('_', ' ')}, mean {mean}" + (
        f", cv {cv:.3g}" if cv not in (0.0, 1.0) else ""
    )


def _callback(callback: Callback) -> str:
    rule, value = next((rule, v) for rule, v in callback.offer if v is not None)
    when = {
        "always": "to all who cannot be answered at once",
        "estimated_wait": f"from an estimated wait of {say_duration(float(value))} on",
        "queue_length": f"when {value} are on the line",
        "waited": f"after {say_duration(float(value))} on the line",
    }[rule]
    place = {
        "keep": "called back at their place in line",
        "later": f"called back {say_duration(callback.after or 0.0)} later",
        "idle": f"called back when more than {callback.reserve or 0} agents of a group are free",
    }[callback.place]
    reach = f"{say_share(callback.reached)} reached at each of at most {callback.attempts} dials"
    return f"callbacks offered {when}, {say_share(callback.accept)} accept, {place}, {reach}"


def _patience(patience: Patience | None, grid: Grid) -> str:
    if patience is None:
        return "Nobody hangs up while waiting (no patience given)."
    at = f" at {grid.label(0)}" if len(patience.drawn) > 1 else ""
    gone = [float(patience.drawn[0].cdf(t)) * (1 - patience.never_hangs_up) for t in GONE_BY]
    each = ", ".join(
        f"{say_share(share)} by {say_duration(t)}" for t, share in zip(GONE_BY, gone, strict=True)
    )
    never = f"; {say_share(patience.never_hangs_up)} never hang up" if patience.never_hangs_up else ""
    return f"If nobody answers, gone{at}: {each}{never}."
