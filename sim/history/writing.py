"""A fit as a commented scenario in YAML: what was measured, from how much, and what is only assumed."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from sim.errors import one_line
from sim.history.arrivals import TOGETHER
from sim.history.durations import Durations
from sim.history.evidence import Fit, GroupFit, QueueFit
from sim.history.phrases import comment, listed, measured, number, percent, seconds, text
from sim.history.survival import Patience
from sim.measures.estimate import Estimate
from sim.scenario.units import DAY, say_clock, say_duration, say_weekdays

SEED = 1


def written(fit: Fit) -> str:
    """The YAML document of a fit."""
    together = _together(fit)
    parts = [*_head(fit), "", *_clock(fit), "", "queues:"]
    for queue in fit.queues:
        parts += [*_queue(queue, fit, together.get(queue.written)), ""]
    parts += [*_agents(fit), "", "plans:", "  today: {}", ""]
    return "\n".join(parts)


def title(fit: Fit) -> str:
    """What the scenario is called: the source and the dates."""
    return f"{fit.account.source}, {dates(fit)}"


def dates(fit: Fit) -> str:
    first, last = (
        date.fromordinal(int(day)).isoformat() for day in (fit.window.days[0], fit.window.days[-1])
    )
    return first if first == last else f"{first} to {last}"


def choice(fit: Fit) -> str:
    """Which days were made into what, in words."""
    window = fit.window
    count = f"{window.days.size} day{'s' * (window.days.size != 1)}"
    if window.weekdays is None:
        each = np.bincount(window.kind, minlength=7)
        said = ", ".join(f"{say_weekdays([k])} {n}" for k, n in enumerate(each))
        return f"A week, each weekday by itself, from {count} ({said})"
    return f"One day, {say_weekdays(window.weekdays)} pooled, from {count}"


def _head(fit: Fit) -> list[str]:
    said = [
        f"Fitted by ccsim fit to {fit.contacts:,} contacts, {dates(fit)}, in the time of {fit.zone}.",
        f"{choice(fit)}.",
        str(fit.account),
        *fit.remarks,
        "Behind a figure in brackets: its 95% interval. ASSUMED is what no log can tell: put in your own.",
    ]
    return comment(said)


def _clock(fit: Fit) -> list[str]:
    window = fit.window
    head = ["schema: 1", f"name: {text(one_line(title(fit)))}"]
    if window.weekdays is None:
        span = ["days: 7", "starts: monday"]
    else:
        first, end = (place * window.interval for place in window.hours[0])
        whole = end - first >= DAY
        span = [f'opens: "{say_clock(first)}"', "length: 24 h" if whole else f'closes: "{say_clock(end)}"']
    rest = [
        f"interval: {say_duration(window.interval)}",
        "at_close: finish",
        "replications: 100",
        f"seed: {SEED}",
    ]
    promise = "    service_level: {within: 20 s, target: 80%}   # ASSUMED"
    return [*head, *span, *rest, "", "defaults:", "  queue:", promise]


def _queue(queue: QueueFit, fit: Fit, together: str | None) -> list[str]:
    said = f"{queue.contacts:,} contacts, {queue.answered:,} answered, {queue.abandoned:,} hung up"
    lines = [f"  {text(queue.written)}:", *comment([said + "."], 4)]
    if fit.window.weekdays is None:
        lines.append(f"    hours: {_week_hours(fit)}")
    lines += _arrivals(queue, fit, together)
    if queue.ivr:
        lines += _duration("ivr", queue.ivr, queue.ivr_hang_ups)
    lines += _duration("talk", queue.talk)
    lines += _wrap(queue, fit)
    return lines + _patience(queue) + _classes(queue) + _redial(queue) + _transfer(queue, fit)


def _arrivals(queue: QueueFit, fit: Fit, together: str | None) -> list[str]:
    week = fit.window.weekdays is None
    rows = [number(value) for value in queue.volumes.mean]
    starts = [f"# {say_weekdays([k])}" for k in range(7)] if week else [""]
    size = len(rows) // len(starts)
    lines = ["    arrivals:", "      per_interval: ["]
    for place, start in enumerate(starts):
        if start:
            lines.append(f"        {start}")
        lines += listed(rows[place * size : (place + 1) * size], 8)
    lines.append("      ]")
    if queue.first_attempts < 1.0 - 1e-9:
        taken = "redials come by themselves" + (", talks left out go off" if queue.left_out else "")
        lines.append(f"      volume: {percent(queue.first_attempts)}   # of the above: {taken}")
    if queue.level.value > 0:
        days = measured(queue.level, percent)
        lines.append(f"      daily_variation: {percent(queue.level.value)}   # {days} beyond Poisson")
        if together:
            lines.append(f"      varies_with: {text(together)}   # queues whose days go up and down together")
    elif queue.level.value == 0:
        lines += comment([f"daily_variation: none beyond Poisson (at most {percent(queue.level.high)})."], 6)
    return lines


def _duration(key: str, found: Durations, hang_ups: Estimate | None = None) -> list[str]:
    if not found.counts.size:
        assumed = f"{key}: {found.contacts:,} contacts, mean {measured(found.mean, seconds)}; ASSUMED: family and cv."
        return [*comment([assumed], 4), f"    {key}: {{{family(found)}}}"]
    best, others = found.chosen, found.families[1:3]
    beside = ", ".join(f"{fit.family} +{number(fit.aic - best.aic)}" for fit in others)
    said = [
        f"{key}: {found.contacts:,} contacts, mean {measured(found.mean, seconds)}, cv {measured(found.cv)}; at most "
        f"{percent(best.distance)} apart from the data" + (f"; AIC against {beside}." if beside else "."),
    ]
    written_ = f"{{{family(found)}}}"
    if key == "ivr":
        said.append(f"Hung up there: {measured(hang_ups, percent)}." if hang_ups else "")
        share = f", hangs_up: {percent(hang_ups.value)}" if hang_ups and hang_ups.value > 0 else ""
        written_ = f"{{time: {written_}{share}}}"
    return [*comment(filter(None, said), 4), f"    {key}: {written_}"]


def family(found: Durations) -> str:
    """The keys of a distribution: the family chosen, by mean and cv."""
    best = found.chosen
    if best.family == "constant":
        return f"distribution: constant, value: {seconds(found.mean.value)}"
    cv = "" if best.family == "exponential" else f", cv: {number(best.cv)}"
    return f"distribution: {best.family}, mean: {seconds(found.mean.value)}{cv}"


def _wrap(queue: QueueFit, fit: Fit) -> list[str]:
    if queue.wrap:
        return _duration("wrap", queue.wrap)
    if not fit.wrap_gap:
        return comment(["wrap: none on record."], 4)
    gap = fit.wrap_gap
    said = (
        "wrap: ASSUMED to be the time to the next contact while three or more waited, picking up included: the Weibull "
        f"with the quartiles of {gap.contacts:,} gaps of at most 5 min; of all queues."
    )
    return [*comment([said], 4), f"    wrap: {{{family(gap)}}}"]


def _classes(queue: QueueFit) -> list[str]:
    """The classes of a queue's customers; whoever is of none has the patience of the queue."""
    if not queue.classes:
        return []
    lines, left = ["    classes:"], 100_00
    for own in queue.classes:
        share = min(round(100_00 * own.share.value), left)  # so that rounded shares are no more than all
        left -= share
        known = f"known of {own.known:,}, {measured(own.share, percent)} of all; head_start: not in the log"
        lines += [f"      {text(own.written)}:", *comment([known], 8), f"        share: {share / 100:g}%"]
        lines += [f"    {line}" for line in _curve(own.patience)]
    return lines


def _patience(queue: QueueFit) -> list[str]:
    balks = queue.patience.balks if queue.patience else None
    return [*_curve(queue.patience), *([f"    balks: {percent(balks.value)}"] if balks else [])]


def _curve(found: Patience | None) -> list[str]:
    if found is None or not found.points:
        return []
    shares = ", ".join(f"{number(at)} s {measured(share, percent)}" for at, share in found.shares.items())
    curve = found.curve
    said = [
        f"patience: Kaplan-Meier, {curve.contacts:,} contacts, {curve.hung_up:,} hung up; gone by {shares}."
    ]
    if found.balks:
        said.append(
            f"balks: {measured(found.balks, percent)} hang up at once, beyond the rate of the seconds after."
        )
    if found.never:
        said.append(f"The curve levels: {measured(found.never, percent)} never hang up.")
    points, last = [], ("", "")
    for at, share in found.points:
        point = number(at), percent(min(share, 0.9999))
        if point[0] != last[0] and point[1] != last[1]:
            points.append(f"{point[0]} s: {point[1]}")
        last = point
    never = [f"      never_hangs_up: {percent(found.never.value)}"] if found.never else []
    body = listed(points, 15)
    lines = [
        "    patience:",
        "      distribution: piecewise_exponential",
        "      points: {",
        *body,
        "      }",
    ]
    return [*comment(said, 4), *lines, *never]


def _redial(queue: QueueFit) -> list[str]:
    found = queue.redials
    if found is None:
        return []
    unseen = (
        f", {percent(found.came)} with those who need not wait and so are not known"
        if found.came > found.seen
        else ""
    )
    tries = ", ".join(f"{percent(share)} of {count:,}" for count, share in found.by_attempt)
    said = (
        f"redial: {found.asked:,} hang-ups of known customers, {percent(found.seen)} called again within 1 h{unseen} "
        f"({percent(found.usual)} do after an answer, taken off): {measured(found.share, percent)}; mean delay "
        f"{measured(found.delay, seconds)}, at most {percent(found.distance)} apart from an exponential; by attempt: "
        f"{tries}."
    )
    after = f"{{distribution: exponential, mean: {seconds(found.delay.value)}}}"
    return [*comment([said], 4), f"    redial: {{share: {percent(found.share.value)}, after: {after}}}"]


def _transfer(queue: QueueFit, fit: Fit) -> list[str]:
    names = {other.name: other.written for other in fit.queues}
    if queue.transfers is None:
        return []
    lines = []
    for to, share in queue.transfers.to.items():
        if to in names:
            lines.append(
                f"      - {{to: {text(names[to])}, share: {percent(share.value)}}}   # {measured(share, percent)}"
            )
    if not lines:
        return []
    passed = queue.transfers
    said = f"transfer: {measured(passed.share, percent)} of {passed.answered:,} answered were passed on."
    return [*comment([said], 4), "    transfer:", *lines]


def _agents(fit: Fit) -> list[str]:
    lines = ["agents:"]
    for group in fit.groups:
        lines += _group(group, fit)
    return lines


def _group(group: GroupFit, fit: Fit) -> list[str]:
    said = _evidence(group)
    week = fit.window.weekdays is None
    rows = [str(value) for value in group.staffing]
    size = len(rows) // 7 if week else len(rows)
    lines = [f"  {text(group.name)}:", *comment(said, 4), "    staffing: ["]
    for place in range(len(rows) // size):
        if week:
            lines.append(f"      # {say_weekdays([place])}")
        lines += listed(rows[place * size : (place + 1) * size], 6)
    skills = ", ".join(text(name) for name in group.skills)
    return [*lines, "    ]", f"    skills: [{skills}]"]


def _evidence(group: GroupFit) -> list[str]:
    """Where the staffing comes from, in sentences."""
    found = group.estimate
    if found is None:
        return ["ASSUMED: the load in erlangs and its square root; put in the agents who are there."]
    said = [
        f"ESTIMATED, no roster was read: {found.agents} agents, {found.contacts:,} contacts; on duty from their "
        f"first contact to their last, breaks out; at the busiest {number(float(found.on_duty.max()))}, not rounded."
    ]
    if found.moments:
        said.append(
            f"Taken off: those not at work although somebody waited, {percent(1 - found.present)} of them at "
            f"{found.moments:,} such moments."
        )
    return said


def _week_hours(fit: Fit) -> str:
    """Opening hours by weekday, days of the same hours together."""
    length, spans = fit.window.interval, fit.window.hours
    parts = []
    for span in dict.fromkeys(spans):
        days = [day for day in range(7) if spans[day] == span]
        said = (
            "closed" if span == (0, 0) else f'"{say_clock(span[0] * length)}-{say_clock(span[1] * length)}"'
        )
        parts.append(f"{_key(days)}: {said}")
    return "{" + ", ".join(parts) + "}"


def _key(days: Sequence[int]) -> str:
    return f'"{say_weekdays(days)}"' if len(days) > 1 else say_weekdays(days)


def _together(fit: Fit) -> dict[str, str]:
    """Queues whose days' levels correlate by `TOGETHER` or more → the name that they share."""
    shared: dict[str, str] = {}
    for a, b, found in fit.correlations:
        if found.value >= TOGETHER:
            shared[a] = shared[b] = shared.get(a) or shared.get(b) or f"level of {a}"
    return shared
