"""What was understood of a scenario, in words and one table: the page that `ccsim check` prints."""

import re
import textwrap
from collections.abc import Iterator

import numpy as np
from tabulate import tabulate

from sim.errors import shown
from sim.scenario.expand import Grid
from sim.scenario.quantities import UNLIMITED
from sim.scenario.schema import Callback, Duration_, Patience, Scenario
from sim.scenario.units import say_clock, say_duration, say_share

WIDTH = 100
GONE_BY = (10.0, 20.0, 40.0, 60.0, 120.0)


def check_text(scenario: Scenario, title: str) -> str:
    """Volume, offered load against agents by interval, patience, plans, and what looks odd."""
    parts = [_wrapped(_head(scenario, title)), *(_queue(name, scenario) for name in scenario.queues)]
    parts += [_groups(scenario), _load_table(scenario)]
    if scenario.plans:
        parts.append(_plans(scenario))
    remarks = list(odd(scenario))
    if remarks:
        parts.append("\n".join(_wrapped(f"Note: {remark}") for remark in remarks))
    return "\n\n".join(parts)


def _wrapped(text: str, indent: str = "") -> str:
    """One paragraph on lines of at most 100 columns, those after the first set in."""
    whole = re.sub(r"(?<=[0-9]) (?=(s|min|h)\b)", "\0", text)  # a number stays beside its unit
    lines = textwrap.fill(
        whole, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )
    return lines.replace("\0", " ")


def _head(scenario: Scenario, title: str) -> str:
    grid = scenario.grid
    span = f"{grid.label(0)} to {say_clock(grid.opens + grid.horizon)}"
    extra = f", warm-up {say_duration(scenario.warm_up)}" if scenario.warm_up else ""
    lines = f", {scenario.lines} lines" if scenario.lines else ""
    return (
        f"{title}: {span}, {grid.count} intervals of {say_duration(grid.interval)}{extra}{lines}; "
        f"{scenario.replications} replications, seed {scenario.seed}."
    )


def offered_load(scenario: Scenario) -> dict[str, np.ndarray]:
    """Offered load of each queue by interval, in erlangs: expected contacts × mean handle time ÷ interval."""
    grid = scenario.grid
    return {n: q.expected(grid) * q.mean_handle(grid) / grid.interval for n, q in scenario.queues.items()}


def _queue(name: str, scenario: Scenario) -> str:
    queue, grid = scenario.queues[name], scenario.grid
    volume = queue.expected(grid)
    peak = int(volume.argmax())
    said = [
        f"Queue {name}: {volume.sum():,.6g} contacts expected, "
        f"most at {grid.label(peak)} ({volume[peak]:,.4g})"
    ]
    if queue.arrivals.daily_variation:
        said.append(f"the day's level varies by {say_share(queue.arrivals.daily_variation)}")
    said.append(f"talk {_spec(queue.talk)}")
    if queue.wrap:
        said.append(f"wrap-up {_spec(queue.wrap)}")
    if queue.balks:
        said.append(f"{say_share(queue.balks)} balk")
    if queue.max_waiting is not None:
        said.append(f"at most {queue.max_waiting} wait")
    if queue.head_start:
        said.append(f"head start {say_duration(queue.head_start)}")
    if queue.redial:
        most = "" if queue.redial.attempts == UNLIMITED else f", at most {queue.redial.attempts} attempts"
        said.append(
            f"{say_share(queue.redial.share)} of those who give up redial "
            f"after {_spec(queue.redial.after)}{most}"
        )
    if queue.callback:
        said.append(_callback(queue.callback))
    level = queue.service_level
    said.append(f"promise {say_share(level.target)} within {say_duration(level.within)} ({level.definition})")
    said.append(f"at closing: {queue.at_close or scenario.at_close}")
    return _wrapped("; ".join(said) + ".") + "\n" + _wrapped(_patience(queue.patience, grid), "  ")


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


def _groups(scenario: Scenario) -> str:
    lines = []
    for name, group in scenario.agents.items():
        skills = []
        for queue, skill in group.skills.items():
            extra = [f"level {skill.level}"] if len(group.skills) > 1 else []
            extra += [f"preferred {skill.prefer}"] if skill.prefer not in (None, skill.level) else []
            extra += [f"{skill.handle_factor:.3g} × the handle time"] if skill.handle_factor != 1 else []
            skills.append(queue + (f" ({', '.join(extra)})" if extra else ""))
        hours = sum(group.staffing) * scenario.grid.interval / 3600
        cost = (
            f", {group.cost_per_hour:g} {scenario.currency} a paid hour".replace("  ", " ")
            if group.cost_per_hour
            else ""
        )
        low, high = min(group.staffing), max(group.staffing)
        lines.append(
            _wrapped(
                f"Group {name}: {low if low == high else f'{low} to {high}'} agents, "
                f"{hours:,.6g} hours on the phones, shrinkage {say_share(group.shrinkage)}{cost}; "
                f"serves {', '.join(skills)}."
            )
        )
    return "\n".join(lines)


def _load_table(scenario: Scenario) -> str:
    """Volume, offered load and agents, interval by interval; runs of equal rows as one."""
    grid, loads = scenario.grid, offered_load(scenario)
    volumes = {name: queue.expected(grid) for name, queue in scenario.queues.items()}
    total = np.sum(list(loads.values()), axis=0)
    agents = np.sum([group.staffing for group in scenario.agents.values()], axis=0)
    rows, previous = [], None
    for i in range(grid.count):
        share = f"{100 * total[i] / agents[i]:.0f}" if agents[i] else "–"
        heads = [group.staffing[i] for group in scenario.agents.values()]
        row = [*(f"{v[i]:,.4g}" for v in volumes.values()), f"{total[i]:.2f}", *heads, share]
        if row != previous:
            rows.append([grid.label(i), *row])
        previous = row
    names = [f"calls\n{_short(n)}" for n in volumes], [f"agents\n{_short(n)}" for n in scenario.agents]
    heads = ["from", *names[0], "load\nerlangs", *names[1], "load ÷\nagents %"]
    return tabulate(rows, heads, tablefmt="simple", stralign="right", numalign="right", disable_numparse=True)


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"


def _plans(scenario: Scenario) -> str:
    lines = ["Plans (the first is the baseline):"]
    for name, overrides in scenario.plans.items():
        said = (
            "; ".join(f"{path} {_change(value)}" for path, value in overrides.items()) or "as written above"
        )
        lines.append(_wrapped(f"{name}: {said}", "  "))
    return "\n".join(lines)


def _change(value: object) -> str:
    if value is None:
        return "removed"
    if isinstance(value, dict) and list(value) == ["add"]:
        return f"{'' if str(value['add']).startswith('-') else '+'}{value['add']}"
    if isinstance(value, dict) and list(value) == ["scale"]:
        return f"× {value['scale']}"
    if (
        isinstance(value, dict)
        and value
        and all("-" in str(key) and isinstance(v, dict) for key, v in value.items())
    ):
        return ", ".join(f"{_change(v)} from {str(key).replace('-', ' to ')}" for key, v in value.items())
    return f"= {shown(value)}"


def odd(scenario: Scenario) -> Iterator[str]:
    """What is allowed but seldom meant, one sentence each."""
    grid = scenario.grid
    for name, queue in scenario.queues.items():
        serving = [group for group in scenario.agents.values() if name in group.skills]
        if not any(any(group.staffing) for group in serving):
            yield f"nobody with the skill for {name} is ever on duty; its callers are never answered."
        if queue.expected(grid).sum() == 0:
            yield f"{name} expects no contacts at all."
        yield from _odd_callbacks(
            name, queue.callback, max((max(g.staffing) for g in serving), default=0), grid
        )
    loads = offered_load(scenario)
    yield from _overloaded(scenario, "the offered load", list(loads))
    if len(loads) > 1:
        for name in loads:
            if _agents_for(scenario, [name]).any():
                yield from _overloaded(scenario, f"the offered load of {name} alone", [name])


def _odd_callbacks(name: str, callback: Callback | None, most: int, grid: Grid) -> Iterator[str]:
    if callback is None:
        return
    if callback.accept == 0 or callback.max_pending == 0 or callback.last_offer >= grid.horizon:
        yield f"the callback of {name} is never offered or never accepted."
    if callback.place == "idle" and (callback.reserve or 0) >= most:
        yield (
            f"the callbacks of {name} want more than {callback.reserve or 0} agents of a group free, and no group "
            f"with the skill has more than {most}: nobody is dialled before closing."
        )


def _agents_for(scenario: Scenario, queues: list[str]) -> np.ndarray:
    """Agents by interval with a skill for any of these queues."""
    able = [
        group.staffing for group in scenario.agents.values() if not group.skills.keys().isdisjoint(queues)
    ]
    return np.sum(able, axis=0) if able else np.zeros(scenario.grid.count)


def _overloaded(scenario: Scenario, what: str, queues: list[str]) -> Iterator[str]:
    grid, loads = scenario.grid, offered_load(scenario)
    total = np.sum([loads[name] for name in queues], axis=0)
    agents = _agents_for(scenario, queues)
    over = np.flatnonzero(total >= np.maximum(agents, 1e-9))
    over = over[total[over] > 0]
    if over.size:
        worst = int(over[np.argmax(total[over] - agents[over])])
        patient = all(scenario.queues[name].patience is None for name in queues)
        yield (
            f"{what} reaches its agents in {over.size} of {grid.count} intervals, worst at "
            f"{grid.label(worst)} ({total[worst]:.1f} erlangs, {agents[worst]:g} agents): lines grow there"
            + (", and nobody hangs up." if patient else " until callers give up.")
        )
