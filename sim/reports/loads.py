"""Offered load by the traffic equations, the agents there are for it, and both as the table of `ccsim check`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from tabulate import tabulate

from sim.scenario.people import Skill
from sim.scenario.queue import Queue
from sim.scenario.schema import Scenario
from sim.scenario.units import DAY, say_clock, say_share, say_weekdays
from sim.scenario.weeks import Grid

WIDTH = 118
ALIKE = 0.6  # of their intervals that days in one block have in common, at least
COMPARED = 62  # days at most that are looked at for being nearly alike
Row = tuple[str, ...]


def open_share(scenario: Scenario, name: str) -> np.ndarray:
    """The share of each interval in which a queue is open."""
    grid, result = scenario.grid, np.zeros(scenario.grid.count)
    starts = np.arange(grid.count) * grid.interval
    for opens, closes in scenario.queues[name].open_spans(grid):
        result += np.clip(np.minimum(closes, starts + grid.interval) - np.maximum(opens, starts), 0.0, None)
    return result / grid.interval


def let_in(scenario: Scenario, name: str) -> np.ndarray:
    """The share of each interval in which a queue takes contacts: always, where they wait for the opening."""
    waits = scenario.queues[name].after_hours == "waits"
    return np.ones(scenario.grid.count) if waits else open_share(scenario, name)


def carries(scenario: Scenario, name: str) -> bool:
    """Whether a queue's line is kept over closing hours."""
    return (scenario.queues[name].at_close or scenario.at_close) == "carry"


def goes_on(queue: Queue) -> float:
    """The share of contacts that the IVR leaves for a person."""
    return max(0.0, 1 - queue.ivr.self_served - queue.ivr.hangs_up) if queue.ivr else 1.0


def come_to_line(scenario: Scenario) -> dict[str, np.ndarray]:
    """Contacts that come to the line of each queue by interval, if everybody is served at once.

    By the traffic equations S = open × (through × first contacts + Mᵀ S), where M has the share of each queue's
    contacts that are transferred to each other one, or come again and through the IVR. Transfers and repeats
    count in the interval of the contact before; redials and switches, of those who give up, are left out.
    """
    names = list(scenario.queues)
    queues = [scenario.queues[name] for name in names]
    through = np.array([goes_on(queue) for queue in queues])
    first = np.array([scenario.expected(name) * let_in(scenario, name) for name in names])
    follow = np.zeros((len(names), len(names)))
    for place, queue in enumerate(queues):
        for transfer in queue.transfer:
            follow[place, names.index(transfer.to)] += transfer.share
        if queue.repeat:
            done = 1 - sum(transfer.share for transfer in queue.transfer)
            follow[place, place] += max(0.0, done) * queue.repeat.share * through[place]
    result = first * through[:, None]
    if follow.any():
        entries = np.array([let_in(scenario, name) for name in names])
        patterns, which = np.unique(entries, axis=1, return_inverse=True)
        for number, pattern in enumerate(patterns.T):
            here = which.ravel() == number
            result[:, here] = np.linalg.solve(
                np.eye(len(names)) - pattern[:, None] * follow.T, result[:, here]
            )
    return dict(zip(names, result, strict=True))


def offered_load(scenario: Scenario) -> dict[str, np.ndarray]:
    """Offered load of each queue by interval, in erlangs: contacts to the line × mean handle time ÷ interval."""
    grid, contacts = scenario.grid, come_to_line(scenario)
    work = {name: contacts[name] * queue.mean_handle(grid) for name, queue in scenario.queues.items()}
    for name, queue in scenario.queues.items():
        for transfer in queue.transfer:
            retold = contacts[name] * transfer.share * transfer.retell * let_in(scenario, transfer.to)
            work[transfer.to] = work[transfer.to] + retold
    return {name: seconds / grid.interval for name, seconds in work.items()}


def work_at_opening(scenario: Scenario, name: str) -> float:
    """Seconds of work that wait in a queue at opening."""
    queue = scenario.queues[name]
    return queue.backlog.count * float(queue.mean_handle(scenario.grid)[0]) if queue.backlog else 0.0


def pace(skill: Skill) -> float:
    """How much more an agent gets done with all hands full than with one contact at a time.

    Whoever has n hands full and is done with one contact takes the next one at the n-th slowdown.
    """
    slowest = skill.slowdown[min(len(skill.slowdown), skill.at_once) - 1]
    return skill.at_once / slowest / skill.handle_factor


def present(scenario: Scenario, group: str) -> np.ndarray:
    """Agents of a group by interval who are there on average: those planned, without the absent."""
    return scenario.planned_seconds(group) * (1 - scenario.agents[group].absence) / scenario.grid.interval


def agents_for(scenario: Scenario, queues: Sequence[str]) -> np.ndarray:
    """Agents by interval who are there with a skill for any of these queues."""
    serving = [n for n, group in scenario.agents.items() if any(queue in group.skills for queue in queues)]
    return np.sum([np.zeros(scenario.grid.count), *(present(scenario, name) for name in serving)], axis=0)


def capacity(scenario: Scenario, queues: Sequence[str]) -> np.ndarray:
    """The most load that the agents with a skill for any of these queues can carry, by interval, in erlangs.

    Agents × pace, where each group's work is shared between its queues as their loads are.
    """
    loads, result = offered_load(scenario), np.zeros(scenario.grid.count)
    for name, group in scenario.agents.items():
        paces = {queue: pace(skill) for queue, skill in group.skills.items() if queue in queues}
        if not paces:
            continue
        total = np.sum([loads[queue] for queue in paces], axis=0)
        needed = np.sum([loads[queue] / each for queue, each in paces.items()], axis=0)
        mean = np.divide(total, needed, where=needed > 0, out=np.full(total.size, max(paces.values())))
        result += present(scenario, name) * mean
    return result


def load_words(scenario: Scenario) -> Iterator[str]:
    """What the load of the table counts and leaves out, a sentence each; nothing where that is plain."""
    queues = list(scenario.queues.values())
    if any(queue.ivr for queue in queues):
        yield "The load is that of contacts that go on from the IVR to a person."
    further = [
        word for word, some in (("transfers", "transfer"), ("repeats", "repeat"))
        if any(getattr(queue, some) for queue in queues)
    ]  # fmt: skip
    if further:
        yield f"The load includes {' and '.join(further)} by the traffic equations, as if they followed at once."
    if any(queue.switch for queue in queues):
        yield "The load leaves out those who give up and switch to another queue."
    inboxes = [name for name, queue in scenario.queues.items() if queue.after_hours == "waits"]
    if inboxes:
        yield f"Contacts of {' and '.join(inboxes)} that come while it is closed count when they come."
    away = [
        f"{say_share(group.absence)} of {name}" for name, group in scenario.agents.items() if group.absence
    ]
    if away:
        yield f"The agents are those who are there on average: {', '.join(away)} are absent."
    for name, group in scenario.agents.items():
        for queue, skill in group.skills.items():
            if skill.at_once > 1:
                yield f"An agent of {name} counts as {pace(skill):.3g} for {queue}, with all hands full."


def load_table(scenario: Scenario) -> str:
    """Volume, offered load and agents, interval by interval; runs of equal rows as one, days alike as one block."""
    grid, names = scenario.grid, list(scenario.queues)
    volumes = [(f"contacts\n{_short(name)}", scenario.expected(name)) for name in names]
    groups = [(f"agents\n{_short(name)}", present(scenario, name)) for name in scenario.agents]
    load, able = np.sum(list(offered_load(scenario).values()), axis=0), capacity(scenario, names)
    text = ""
    for level in range(3):  # what is too wide has all agents, then all contacts as one column
        if level > 0 and len(groups) > 1:
            groups = [("agents\nall", np.sum([heads for _, heads in groups], axis=0))]
        if level > 1 and len(volumes) > 1:
            volumes = [("contacts\nall", np.sum([volume for _, volume in volumes], axis=0))]
        rows = [
            (
                *(f"{volume[i]:,.4g}" for _, volume in volumes), f"{load[i]:.2f}",
                *(f"{group[i]:.4g}" for _, group in groups),
                f"{100 * load[i] / able[i]:.0f}" if able[i] else "–",
            )
            for i in range(grid.count)
        ]  # fmt: skip
        heads = [
            "from",
            *(head for head, _ in volumes),
            "load\nerlangs",
            *(head for head, _ in groups),
            "load ÷\nagents %",
        ]
        labelled = [[label, *row] for label, row in _labelled(rows, grid)]
        text = tabulate(labelled, heads, stralign="right", numalign="right", disable_numparse=True)
        if max(map(len, text.splitlines())) <= WIDTH:
            break
    return text


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"


def _labelled(rows: Sequence[Row], grid: Grid) -> Iterator[tuple[str, Row]]:
    """Rows that differ from the one before, with the time from which they hold; days alike as one block."""
    if grid.horizon <= DAY or not (DAY / grid.interval).is_integer():
        yield from ((grid.label(i), row) for i, row in enumerate(rows) if not i or row != rows[i - 1])
        return
    days: dict[int, dict[float, Row]] = {}
    for i, row in enumerate(rows):
        moment = grid.opens + i * grid.interval
        days.setdefault(int(moment // DAY), {})[moment % DAY] = row
    for block in _alike(days):
        usual = _usual([days[day] for day in block])
        name, before = _said_days(block, list(days), grid), None
        for clock, row in usual.items():
            if row != before:
                yield f"{name} {say_clock(clock)}", row
            before = row
        for day in block:
            yield from _exceptions(days[day], usual, _said_days([day], list(days), grid), grid.interval)


def _alike(days: dict[int, dict[float, Row]]) -> list[list[int]]:
    """Days of which most intervals are the same, each block in order."""
    blocks: list[list[int]] = []
    close = len(days) <= COMPARED
    exact: dict[tuple[tuple[float, Row], ...], list[int]] = {}
    for day, rows in days.items():
        found = exact.get(tuple(rows.items()))
        if found is None and close:
            found = next((block for block in blocks if _in_common(days[block[0]], rows) >= ALIKE), None)
        if found is None:
            blocks.append(found := [])
        found.append(day)
        exact.setdefault(tuple(rows.items()), found)
    return blocks


def _in_common(one: dict[float, Row], other: dict[float, Row]) -> float:
    return sum(one.get(clock) == row for clock, row in other.items()) / max(len(one), len(other))


def _usual(days: Sequence[dict[float, Row]]) -> dict[float, Row]:
    """The most frequent row at each time of the day."""
    return {
        clock: Counter(day[clock] for day in days if clock in day).most_common(1)[0][0]
        for clock in sorted(set().union(*days))
    }


def _exceptions(
    rows: dict[float, Row], usual: dict[float, Row], name: str, interval: float
) -> Iterator[tuple[str, Row]]:
    """What is otherwise on one of the days of a block, from when to when."""
    runs: list[tuple[float, float, Row]] = []
    for clock, row in rows.items():
        if row == usual[clock]:
            continue
        if runs and runs[-1][1] == clock and runs[-1][2] == row:
            runs[-1] = runs[-1][0], clock + interval, row
        else:
            runs.append((clock, clock + interval, row))
    for start, end, row in runs:
        yield f"but {name} {say_clock(start)}-{say_clock(end % DAY or DAY)}", row


def _said_days(chosen: Sequence[int], every: Iterable[int], grid: Grid) -> str:
    """Days by their weekday where that says which they are, else by number from 1."""
    every = list(every)
    if len(chosen) == len(every) > 1:
        return "every day"
    if grid.starts is not None:
        weekdays = sorted({grid.weekday(day) for day in chosen})
        if len(chosen) == sum(grid.weekday(day) in weekdays for day in every):
            return say_weekdays(weekdays)
    runs: list[list[int]] = []
    for day in chosen:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = ", ".join(f"{run[0] + 1}-{run[-1] + 1}" if len(run) > 1 else f"{run[0] + 1}" for run in runs)
    if len(said) > 16:
        said = f"{said[:12].rpartition(', ')[0] or runs[0][0] + 1}, …"
    return f"{'days' if len(chosen) > 1 else 'day'} {said}"
