"""Recorded days played again under the plans of a scenario, beside what really happened on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import InputError, shown
from sim.experiments.replicate import replicate
from sim.history.contacts import Contacts
from sim.history.duty import wrap_gaps, wrap_of
from sim.history.presence import (
    Presence,
    Rostered,
    likest_groups,
    on_days,
    on_the_day,
    presences_of,
)
from sim.history.recording import AGAIN, Recording, queues_of, record, said_left
from sim.measures.metrics import UNANSWERED
from sim.scenario.schema import Scenario

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

AGENTS = ("scenario", "estimated")


@dataclass(frozen=True)
class Played:
    """The totals of one plan on the recorded days: by round, day and queue, and the mean round by interval.

    rounds: float64 (rounds, days, queues, totals); intervals: float64 (queues, intervals, totals), summed over days.
    """

    scenario: Scenario
    rounds: Array
    intervals: Array


@dataclass(frozen=True)
class Replay:
    """Recorded days, and what each plan would have made of them.

    presence: the guesses at who was at work, by turns under the rounds; none under the scenario's own agents.
    """

    scenario: Scenario
    recording: Recording
    plans: dict[str, Played]
    presence: tuple[Presence, ...]
    seed: int
    remarks: tuple[str, ...]


def replay_contacts(
    contacts: Contacts,
    scenario: Scenario,
    plans: Mapping[str, Mapping[str, Any]],
    *,
    days: Sequence[date] | None = None,
    rounds: int = 20,
    seed: int = 1,
    estimated: bool = False,
    again: float = AGAIN,
    engine: str = "compiled",
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """Play the recorded days under every plan, `rounds` times each with other draws of what nobody can know.

    plans: name → overrides. estimated: the agents who were at work on each day, as the log tells, in place of the
    scenario's; plans change these. again: s after a hang-up within which a redial is linked to it.
    """
    wanted = None if days is None else np.array(sorted({day.toordinal() for day in days}))
    recording = record(contacts, scenario, wanted, again)
    base, remarks = as_recorded(scenario, recording)
    if elsewhere := int(recording.happened[..., UNANSWERED].sum()):
        remarks.append(
            f"{elsewhere:,} contacts left their queue for elsewhere (time-out, a key, overflow); here they wait on, "
            "and come to the other queue all the same."
        )
    presence = presences_of(served_in(contacts, base), assumed_wrap(contacts)) if estimated else ()
    base, agents, more = agents_by_day(contacts, base, recording.days, presence)
    remarks += more
    found = {}
    queues = len(recording.queues)
    for number, (name, plan) in enumerate(plans.items()):
        if not agents:
            brought = {f"queues.{queue}.arrivals": {"trace": own} for queue, own in traces(recording).items()}
            whole = base.with_(brought).under(plan)
            found[name] = _played_at_once(whole, recording.days.size, rounds, seed, engine, jobs)
        else:
            each = [
                [on_the_day(base, own, traces(recording, [day]), plan) for day, own in enumerate(by_day)]
                for by_day in agents
            ]
            found[name] = _played_by_day(each, queues, rounds, seed, engine, jobs)
        if progress is not None:
            progress(number + 1, len(plans))
    return Replay(scenario, recording, found, presence, seed, tuple(remarks))


def _played_at_once(scenario: Scenario, days: int, rounds: int, seed: int, engine: str, jobs: int) -> Played:
    """Every recorded day under the same scenario: replication r is round r ÷ days of day r mod days."""
    totals = replicate([scenario], rounds * days, seed, engine=engine, jobs=jobs)[0]
    queues = len(scenario.queues)
    each = totals.contacts[:, :queues].reshape(rounds, days, queues, -1)
    return Played(scenario, each, totals.interval_sums[:queues] / rounds)


def _played_by_day(
    guesses: Sequence[Sequence[Scenario]], queues: int, rounds: int, seed: int, engine: str, jobs: int
) -> Played:
    """Every recorded day with its own agents; each guess at these has its part of the rounds."""
    parts, intervals, done = [], [], 0
    for turn, scenarios in enumerate(guesses):
        count = share_of(rounds, turn, len(guesses))
        if not count:
            continue
        totals = [
            replicate([one], count, day_seed(seed, turn, place), engine=engine, jobs=jobs)[0]
            for place, one in enumerate(scenarios)
        ]
        parts.append(np.stack([each.contacts[:, :queues] for each in totals], axis=1))
        intervals.append(np.sum([each.interval_sums[:queues] for each in totals], axis=0))
        done += count
    return Played(guesses[0][0], np.concatenate(parts), np.sum(intervals, axis=0) / done)


def share_of(rounds: int, turn: int, turns: int) -> int:
    """How many of the rounds fall to one of the guesses: as even as can be."""
    return (rounds + turns - 1 - turn) // turns


def day_seed(seed: int, turn: int, day: int) -> int:
    """A seed for each day and guess, so that their chance is not the same."""
    return (seed + 1_000_003 * turn + 7919 * day) % 2**63


def as_recorded(scenario: Scenario, recording: Recording) -> tuple[Scenario, list[str]]:
    """The scenario without what a record has already: volumes, time in the menu, those who come again after an answer.

    Queues without a contact on these days get one that never comes: they have no arrivals.
    """
    remarks = [f"Left out: {said_left(*each)}." for each in recording.left_out]
    document = scenario.document
    document.pop("plans", None)
    for place, (name, queue) in enumerate(document["queues"].items()):
        queue["arrivals"] = {"rate": "0 / h"}
        dropped = [key for key in ("ivr", "backlog", "repeat") if queue.pop(key, None)]
        if not recording.columns[place]["arrived"].size:
            remarks.append(f"{shown(name)} has no contact on these days.")
        if "repeat" in dropped:
            remarks.append(f"{shown(name)}: repeat is left out, as those who came again are in the log.")
    volumes = [event for event in document.get("events") or () if "volume" in event]
    for event in volumes:
        event.pop("volume")
    if volumes:
        document["events"] = [event for event in document["events"] if {"agents", "lines"} & set(event)]
        remarks.append("Events change no volumes here.")
    return Scenario(scenario.folder, **document), remarks


def traces(recording: Recording, days: Sequence[int] | None = None) -> dict[str, Any]:
    """The recorded contacts of some days by queue; none for queues without any."""
    each = {queue: recording.trace(place, days) for place, queue in enumerate(recording.queues)}
    return {queue: trace for queue, trace in each.items() if trace}


def served_in(contacts: Contacts, scenario: Scenario) -> Contacts:
    """The contacts of the scenario's queues: who is with another is not there for these."""
    return contacts.only(queues_of(contacts.queues, scenario)[contacts.queue] >= 0)


def assumed_wrap(contacts: Contacts) -> float:
    """Mean s from one contact to the next in a rush, where wrap is not logged."""
    if np.any(~np.isnan(contacts.wrap_end)):
        return 0.0
    found = wrap_of(wrap_gaps(contacts))
    return found.mean.value if found else 0.0


def agents_by_day(
    contacts: Contacts, scenario: Scenario, days: Codes, presence: Sequence[Presence]
) -> tuple[Scenario, list[list[dict[str, Rostered]]], list[str]]:
    """By guess and day the agents of each of the scenario's groups, as the log tells; and remarks.

    Agents go to the group whose queues are most like theirs. The scenario is given back with a skill more wherever
    a queue would have nobody.
    """
    if not presence:
        return scenario, [], []
    of, names, queues = queues_of(contacts.queues, scenario), list(scenario.agents), list(scenario.queues)
    able = np.array([[queue in group.skills for queue in queues] for group in scenario.agents.values()])
    group = likest_groups(presence[0].served, [np.flatnonzero((of >= 0) & own[of]).tolist() for own in able])
    guesses = [on_days(guess, group, days, scenario, contacts.zone, len(names)) for guess in presence]
    there = np.array(
        [
            any(day[g].staffing.any() or day[g].spells for by_day in guesses for day in by_day)
            for g in range(len(names))
        ]
    )
    for place, day in enumerate(guesses[0]):
        if not any(own.staffing.any() or own.spells for own in day):
            raise InputError(
                f"nobody was seen at work on {date.fromordinal(int(days[place])).isoformat()}; leave this day out"
            )
    said = []
    if not there.all():
        empty = ", ".join(shown(name) for name, seen in zip(names, there, strict=True) if not seen)
        said.append(f"Nobody of {empty} was seen at work on these days.")
    lonely = np.flatnonzero(~(able & there[:, None]).any(axis=0))
    if lonely.size and there.any():
        taken = _taken(contacts, of, group, (len(names), len(queues)))
        takers = {
            queues[place]: names[int(np.argmax(np.where(there, taken[:, place], -1.0)))] for place in lonely
        }
        scenario = _with_skills(scenario, takers)
        said += [
            f"{shown(queue)} is served by {shown(name)}, who took most of it."
            for queue, name in takers.items()
        ]
    found = [[dict(zip(names, day, strict=True)) for day in by_day] for by_day in guesses]
    return scenario, found, said


def _taken(contacts: Contacts, of: Codes, group: Codes, shape: tuple[int, int]) -> Array:
    """How many contacts of each queue the agents of each group took: (groups, queues)."""
    took = contacts.was_answered & (contacts.agent >= 0) & (contacts.agent < group.size)
    took &= of[contacts.queue] >= 0
    found = np.zeros(shape)
    np.add.at(found, (group[contacts.agent[took]], of[contacts.queue[took]]), 1.0)
    return found


def _with_skills(scenario: Scenario, takers: Mapping[str, str]) -> Scenario:
    """The scenario with a skill more for some groups; takers: queue → group."""
    document = scenario.document
    for queue, name in takers.items():
        members = document["agents"][name]
        skills = members["skills"]
        known = skills if isinstance(skills, Mapping) else {key: {} for key in skills}
        members["skills"] = {**known, queue: {}}
    return Scenario(scenario.folder, **document)


def read_dates(text: str) -> tuple[date, ...]:
    """The dates of "1999-02-02", "1999-02-01..1999-02-05", or several of these with commas."""
    found: list[date] = []
    for part in text.split(","):
        ends = [_date(end.strip()) for end in part.split("..")]
        if len(ends) > 2:
            raise InputError(f"{shown(part)} is no range of dates; write one as 2026-03-02..2026-03-06")
        first, last = ends[0], ends[-1]
        if last < first:
            raise InputError(f"{shown(part.strip())} ends before it begins; give the earlier date first")
        if last.toordinal() - first.toordinal() > 3660:
            raise InputError(f"{shown(part.strip())} is longer than ten years; give fewer days")
        found += [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    return tuple(sorted(set(found)))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{shown(text)} is not a date; write one as 2026-03-02, or a range as 2026-03-02..2026-03-06"
        ) from None
