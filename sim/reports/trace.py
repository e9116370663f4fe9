"""One replication as a readable story, event by event."""

from collections.abc import Iterator
from heapq import merge
from math import inf

from sim.engines import reference
from sim.engines.reference import Note
from sim.experiments.replicate import prepared
from sim.model.day import deal
from sim.scenario.events import line_steps
from sim.scenario.schema import Scenario
from sim.scenario.units import say_duration

SENTENCES = {
    "arrives": "arrives",
    "has waited": "has waited for {seconds} already; {waiting} waiting",
    "ivr": "goes through the IVR first",
    "self served": "is served by the IVR",
    "ivr hang up": "gives up in the IVR",
    "waits": "finds nobody free and waits; {waiting} waiting",
    "announced": "is told that it may take {seconds}",
    "overflow": "has waited long enough for {group}",
    "answered": "is answered by {group} after {seconds}",
    "answered at once": "is answered at once by {group}",
    "talk ends": "hangs up served after {seconds} of talk with {group}",
    "transferred": "is passed on to {onward} after {seconds} of talk with {group}",
    "paused": "is laid aside by {group} for something urgent",
    "resumed": "is taken up again by {group}",
    "hand empties": "is wrapped up; an agent of {group} is done",
    "abandoned": "hangs up after {seconds}; {waiting} waiting",
    "balked": "hears that nobody is free and hangs up at once",
    "blocked": "finds no room and is turned away",
    "closed": "finds it closed",
    "unanswered": "is cut off after {seconds}",
    "pending": "is left for another day",
    "declines": "declines a callback",
    "requests": "accepts a callback after {seconds} and hangs up; {waiting} waiting",
    "dialled": "is dialled by {group}",
    "picks up": "picks up, {seconds} after asking for the callback",
    "not reached": "does not pick up; an agent of {group} has rung in vain",
    "callback fails": "is not called back any more",
    "will redial": "will dial again in {seconds}",
    "will repeat": "will come again in {seconds}",
    "switches": "will try {onward} in {seconds}",
}


def told(notes: list[Note], scenario: Scenario) -> Iterator[str]:
    """The notes of an engine as lines: `09:12:07 support 812 hangs up after 41 s; 3 waiting`."""
    queues, groups = list(scenario.queues), list(scenario.agents)
    arrivals = {_contact(note): queues[note.queue] for note in notes if note.what == "arrives"}
    for note in merge(_lines(scenario), notes, key=lambda note: note.moment):
        clock = _clock(scenario.grid.opens + note.moment)
        group = groups[note.group] if note.group >= 0 else ""
        if note.what == "staffing":
            yield f"{clock} {group}: {_counted(note.seconds, 'agent')} from now on"
        elif note.what == "lines":
            yield f"{clock} {_counted(note.seconds, 'line')} from now on"
        elif note.what in ("opens", "closes"):
            yield f"{clock} {queues[note.queue]} {note.what}; {note.waiting} waiting"
        else:
            seconds = say_duration(note.seconds) if note.seconds != inf else "for ever"
            what = "answered at once" if (note.what, seconds) == ("answered", "0 s") else note.what
            onward = arrivals.get(_contact_after(note), "another queue")
            sentence = SENTENCES[what].format(
                group=group, seconds=seconds, waiting=note.waiting, onward=onward
            )
            yield f"{clock} {_who(note, queues)} {sentence}"


def _counted(number: float, what: str) -> str:
    """So many agents or lines; below 0 stands for lines without limit."""
    return f"{number:.0f} {what}{'s' * (number != 1)}" if number >= 0 else f"any number of {what}s"


def _lines(scenario: Scenario) -> Iterator[Note]:
    """The changes of the number of lines as notes, from without limit on."""
    moments, numbers = line_steps(scenario.events, scenario.lines, scenario.grid)
    changes = zip(moments.tolist(), numbers.tolist(), [-1, *numbers.tolist()], strict=False)
    return (Note(moment, "lines", seconds=number) for moment, number, before in changes if number != before)


def _contact(note: Note) -> tuple[int, int, int, int]:
    """Whose contact a note is of, which need and which attempt."""
    return note.home, note.customer, note.need, note.attempt


def _contact_after(note: Note) -> tuple[int, int, int, int]:
    """The contact that follows one, of the next need after a transfer, else the next attempt."""
    home, customer, need, attempt = _contact(note)
    return (
        (home, customer, need + 1, 0) if note.what == "transferred" else (home, customer, need, attempt + 1)
    )


def _who(note: Note, queues: list[str]) -> str:
    """A customer by home queue and number, and which of its contacts this is: `support 812 (need 2 in billing)`."""
    home = note.queue if note.home < 0 else note.home
    which = [f"need {note.need + 1}"] * (note.need > 0) + [f"attempt {note.attempt + 1}"] * (note.attempt > 0)
    said = ", ".join(which) + f" in {queues[note.queue]}" * (note.queue != home)
    return f"{queues[home]} {note.customer}" + f" ({said.strip()})" * bool(said)


def _clock(moment: float) -> str:
    whole = int(moment)
    days, seconds = divmod(whole, 86_400)
    return f"{f'+{days} ' if days else ''}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def trace(scenario: Scenario, replication: int, seed: int) -> list[str]:
    """Play one replication of a scenario (already under its plan) and tell it line by line."""
    plan = prepared(scenario)
    notes: list[Note] = []
    day = deal(plan.centre.demand, seed, replication)
    reference.play(plan.centre, day, seed, replication, notes=notes)
    return list(told(notes, scenario))
