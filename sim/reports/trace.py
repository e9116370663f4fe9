"""One replication as a readable story, event by event."""

from collections.abc import Iterator

from sim.engines import reference
from sim.engines.reference import Note
from sim.experiments.replicate import prepared
from sim.model.day import deal
from sim.scenario.schema import Scenario
from sim.scenario.units import say_duration

SENTENCES = {
    "arrives": "arrives",
    "has waited": "has waited for {seconds} already; {waiting} waiting",
    "ivr": "hears the recorded voice",
    "self served": "is served by the recorded voice",
    "ivr hang up": "hangs up on the recorded voice",
    "waits": "finds nobody free and waits; {waiting} waiting",
    "announced": "is told how long it may take",
    "overflow": "has waited long enough for {group}",
    "answered": "is answered by {group} after {seconds}",
    "answered at once": "is answered at once by {group}",
    "talk ends": "hangs up served after {seconds} of talk with {group}",
    "transferred": "is passed on to another queue after {seconds} of talk with {group}",
    "paused": "is laid aside by {group} for something urgent",
    "resumed": "is taken up again by {group}",
    "hand empties": "is wrapped up; an agent of {group} is done",
    "abandoned": "hangs up after {seconds}; {waiting} waiting",
    "balked": "hears that nobody is free and hangs up at once",
    "blocked": "gets the busy tone",
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
    "switches": "will try another queue in {seconds}",
}


def told(notes: list[Note], scenario: Scenario) -> Iterator[str]:
    """The notes of an engine as lines: `09:12:07 support 812 hangs up after 41 s; 3 waiting`."""
    queues, groups = list(scenario.queues), list(scenario.agents)
    for note in notes:
        clock = _clock(scenario.grid.opens + note.moment)
        group = groups[note.group] if note.group >= 0 else ""
        if note.what == "staffing":
            yield f"{clock} {group}: {note.seconds:.0f} agents from now on"
        elif note.what == "opens":
            yield f"{clock} {queues[note.queue]} opens; {note.waiting} waiting"
        elif note.what == "closes":
            yield f"{clock} {queues[note.queue]} closes; {note.waiting} waiting"
        else:
            seconds = say_duration(note.seconds)
            what = "answered at once" if (note.what, seconds) == ("answered", "0 s") else note.what
            sentence = SENTENCES[what].format(group=group, seconds=seconds, waiting=note.waiting)
            yield f"{clock} {_who(note, queues)} {sentence}"


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
