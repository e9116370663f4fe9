"""What no single key can see: names that belong together, loops without end, and that somebody is there."""

from collections.abc import Iterable, Mapping
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.scenario.queue import ROUNDING, Queue
from sim.scenario.units import say_duration
from sim.scenario.weeks import Grid, check_hours

MOST_CONTACTS = 100_000_000
MOST_MEMBERS = 1000  # queues, and groups: what the order of ties has room for
MOST_CLASSES = 50


def check_whole(scenario: Any) -> None:
    """Raise InputError for the first thing of a Scenario that does not fit the rest of it."""
    for kind, members in (("queues", scenario.queues), ("agents", scenario.agents)):
        if not members:
            raise InputError(f"there are no {kind}: add at least one", path=kind)
        if len(members) > MOST_MEMBERS:
            raise InputError(f"{len(members)} {kind} are more than the {MOST_MEMBERS} that fit", path=kind)
    for name, group in scenario.agents.items():
        if not group.skills:
            raise InputError(
                "a group needs at least one skill: the name of a queue", path=f"agents.{name}.skills"
            )
        for queue in group.skills:
            _must_know(queue, scenario.queues, "queue", f"agents.{name}.skills.{queue}")
    if len(scenario.class_names) > MOST_CLASSES:
        said = f"{len(scenario.class_names)} names of classes are more than the {MOST_CLASSES} that fit"
        raise InputError(said, path="queues")
    grid = scenario.grid
    for name, queue in scenario.queues.items():
        _check_queue(name, queue, scenario, grid)
    _check_events(scenario, grid)
    _check_agents(scenario)
    if scenario.warm_up >= grid.horizon:
        raise InputError("the warm-up must end before the horizon does", path="warm_up")
    _check_loops(scenario.queues)
    _check_volume(scenario)


def _check_agents(scenario: Any) -> None:
    if not any(scenario.rostered_steps(name)[1].any() for name in scenario.agents):
        every = "every group has staffing 0 all day; give one a positive number"
        raise InputError(f"no agents anywhere: {every}", path="agents")
    if not any(scenario.planned_steps(name)[1].any() for name in scenario.agents):
        said = "they take all agents of every group away for the whole horizon; have one of them shorter"
        raise InputError(f"{said}, or its factor on agents larger", path="events")


def _must_know(name: str, known: Iterable[str], what: str, path: str) -> None:
    known = list(known)
    if name not in known:
        said = f"there is no {what} {shown(name)}{nearest(name, known)}; the {what}s are {', '.join(known)}"
        raise InputError(said, path=path)


def _check_queue(name: str, queue: Queue, scenario: Any, grid: Grid) -> None:
    path = f"queues.{name}"
    try:
        check_hours(queue.hours, grid)
    except InputError as error:
        raise error.under(f"{path}.hours") from None
    _check_inbox(queue, path, scenario.at_close)
    if queue.arrivals.trace is not None and queue.arrivals.trace.end >= grid.horizon:
        last, horizon = queue.arrivals.trace.end, grid.horizon
        said = (
            f"a contact arrives {say_duration(last)} from opening, and the horizon is {say_duration(horizon)}"
        )
        raise InputError(f"{said}; leave it out, or make the horizon longer", path=f"{path}.arrivals.trace")
    for index, transfer in enumerate(queue.transfer):
        item = f"[{index}]." if isinstance(_written(scenario, name, "transfer"), list | tuple) else ""
        _must_know(transfer.to, scenario.queues, "queue", f"{path}.transfer.{item}to")
    if queue.switch is not None:
        _must_know(queue.switch.to, scenario.queues, "queue", f"{path}.switch.to")
        if queue.switch.to == name:
            said = "is the queue itself; for customers who try the same queue again write redial"
            raise InputError(f"{shown(name)} {said}", path=f"{path}.switch.to")


def _check_inbox(queue: Queue, path: str, at_close: str) -> None:
    """Refuse an inbox without hours, outside of which contacts wait, or one that is not kept over the closing."""
    if queue.after_hours != "waits":
        return
    if queue.hours is None:
        said = "waits needs hours, outside of which contacts wait; give the queue hours, or leave it out"
        raise InputError(said, path=f"{path}.after_hours")
    if (queue.at_close or at_close) != "carry":
        rule = f"at_close: {queue.at_close or at_close}" + ("" if queue.at_close else " of the scenario")
        said = f"waits needs at_close: carry, and {rule} keeps nobody over the closing"
        raise InputError(f"{said}; give the queue at_close: carry", path=f"{path}.after_hours")


def _written(scenario: Any, queue: str, key: str) -> Any:
    return scenario._document["queues"][queue].get(key)


def _check_events(scenario: Any, grid: Grid) -> None:
    for index, event in enumerate(scenario.events):
        path = f"events.[{index}]"
        try:
            event.spans(grid)
        except InputError as error:
            raise error.under(path) from None
        for name in event.queues or ():
            _must_know(name, scenario.queues, "queue", f"{path}.queues")
        for name in (
            scenario.queues if event.volume is not None and event.queues is None else event.queues or ()
        ):
            if event.volume is not None and scenario.queues[name].arrivals.trace is not None:
                said = f"the contacts of {shown(name)} are recorded and come as they came"
                raise InputError(f"{said}; leave volume out, or name other queues", path=f"{path}.volume")
        for name in event.groups or ():
            _must_know(name, scenario.agents, "group", f"{path}.groups")


def _check_loops(queues: Mapping[str, Queue]) -> None:
    """Refuse queues from which customers come for ever: by transfers and repeats, or by switching."""
    following = {name: _sure_to_follow(name, queue) for name, queue in queues.items()}
    if loop := _endless(following):
        name = loop[0]
        key = "transfer" if _transferred(queues[name]) >= 1 - ROUNDING else "repeat"
        said = "so that no customer is ever done" + (f", over {', '.join(loop)}" if len(loop) > 1 else "")
        raise InputError(
            f"the shares multiply to 100%, {said}; make one of them smaller", path=f"queues.{name}.{key}"
        )
    switching = {
        name: {queue.switch.to} if queue.switch and queue.switch.share >= 1 - ROUNDING else set()
        for name, queue in queues.items()
    }
    if loop := _endless(switching):
        said = f"everybody switches for ever, over {', '.join(loop)}"
        raise InputError(
            f"the shares multiply to 100%: {said}; make one of them smaller", path=f"queues.{loop[0]}.switch"
        )


def _sure_to_follow(name: str, queue: Queue) -> set[str]:
    """The queues that a customer may come to next if it surely comes to one; else none."""
    transferred = _transferred(queue)
    repeats = queue.repeat.share if queue.repeat else 0.0
    if transferred + (1 - transferred) * repeats < 1 - ROUNDING:
        return set()
    targets = {transfer.to for transfer in queue.transfer if transfer.share > 0}
    return targets | ({name} if transferred < 1 - ROUNDING else set())


def _transferred(queue: Queue) -> float:
    return sum(transfer.share for transfer in queue.transfer)


def _endless(following: Mapping[str, set[str]]) -> list[str]:
    """The names of a loop, in file order: each leads to all others, and no step to anything else; none without one.

    following: where the next step may lead from each; from nowhere on where it may be the last one.
    """
    for name in following:
        reached = _reached(name, following)
        if all(following[other] and name in _reached(other, following) for other in {name} | reached):
            return [other for other in following if other in reached]
    return []


def _reached(name: str, following: Mapping[str, set[str]]) -> set[str]:
    """All that one or more steps from a name may lead to."""
    found: set[str] = set()
    new = following[name]
    while new:
        found |= new
        new = set().union(*(following[other] for other in new)) - found
    return found


def _check_volume(scenario: Any) -> None:
    for name, queue in scenario.queues.items():
        contacts = scenario.expected(name).sum() + (queue.backlog.count if queue.backlog else 0)
        if contacts > MOST_CONTACTS:
            said = f"{contacts:.3g} contacts a replication are more than the {MOST_CONTACTS:.0e} that fit"
            large = queue.backlog is not None and queue.backlog.count > MOST_CONTACTS
            key, remedy = ("backlog", "give fewer") if large else ("arrivals", "make the horizon shorter")
            raise InputError(f"{said}; {remedy}", path=f"queues.{name}.{key}")
