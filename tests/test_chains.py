"""The engine in the long run against small Markov chains built from the rules (`chains.py`).

Every figure of a centre is an average over 40 replications, each a long stretch of time after a warm-up of
more than ten mean times of anything that happens in it. It is held against the chain's by Student's t with 39
degrees of freedom. The figures of all centres are one family: over all of them an engine that is right fails
with a chance of at most 1%, so each is judged at 1% divided by their number. Seeds are fixed; a figure that
fails is looked into, not drawn again. Shares under .01 are shown (pytest -s), not judged.

CHAIN_CONTACTS and CHAIN_CONTACTS_LONG are the contacts of each centre in the two runs, over all replications.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import isnan, sqrt
from typing import Any

import numpy as np
import pytest
from chains import (
    Announcement,
    Callback,
    Chain,
    Group,
    Ivr,
    Kind,
    Queue,
    Redial,
    Repeat,
    Skill,
    Small,
    Switch,
    Transfer,
)
from scipy.special import stdtrit

import sim
from sim.reports.results import Result

FAMILY = 0.01
PRECISE = 0.01
REPLICATIONS = 40
SEED = 20_261
WARM_UP = 240.0  # minutes
QUICK = int(os.environ.get("CHAIN_CONTACTS", 200_000))
LONG = int(os.environ.get("CHAIN_CONTACTS_LONG", 4_000_000))

CENTRES = {
    "a callback keeps its place in a line of two queues, and is tried again at once": Small(
        merged=True,
        queues={
            "orders": Queue(
                1.0, talk=2.0, patience=3.0, max_waiting=2,
                callback=Callback(
                    "estimated_wait", threshold=1.2, accept=0.6, place="keep", reached=0.7, attempts=2,
                    max_pending=2,
                ),
            ),
            "faults": Queue(0.5, talk=3.5, patience=5.0, max_waiting=2),
        },
        groups={
            "both": Group(2, {"orders": Skill(prefer=2), "faults": Skill()}),
            "sales": Group(1, {"orders": Skill(prefer=1, factor=1.2)}),
        },
    ),
    "a callback comes back later, rings, and is tried twice": Small(
        queues={
            "orders": Queue(
                0.8, talk=2.5, patience=4.0, max_waiting=3,
                callback=Callback(
                    "always", accept=0.7, place="later", after=5.0, ring=0.5, reached=0.6, attempts=2,
                    retry_after=3.0,
                ),
            ),
            "faults": Queue(0.5, talk=3.0, patience=3.0, max_waiting=2),
        },
        groups={
            "both": Group(2, {"orders": Skill(), "faults": Skill(level=2)}),
            "repair": Group(1, {"faults": Skill(prefer=1, factor=0.8)}),
        },
    ),
    "callbacks of two queues are dialled by idle agents, one kept free": Small(
        queues={
            "orders": Queue(
                1.0, talk=2.0, patience=2.5, max_waiting=3,
                callback=Callback(
                    "queue_length", threshold=1, accept=0.7, place="idle", reserve=1, reached=0.8,
                    max_pending=3,
                ),
            ),
            "faults": Queue(
                0.7, talk=3.5, patience=4.0, max_waiting=2,
                callback=Callback("always", accept=0.5, place="idle", max_pending=2),
            ),
        },
        groups={
            "both": Group(3, {"orders": Skill(), "faults": Skill(level=2, factor=1.1)}),
            "repair": Group(2, {"faults": Skill(prefer=1)}),
        },
    ),
    "no more callbacks are offered while two are pending": Small(
        queues={
            "orders": Queue(
                1.2, talk=2.2, patience=3.0, max_waiting=4,
                callback=Callback(
                    "queue_length", threshold=2, accept=0.9, place="idle", reserve=1, reached=0.6, attempts=2,
                    max_pending=2,
                ),
            ),
            "faults": Queue(0.4, talk=3.0, patience=5.0, max_waiting=3),
        },
        groups={"team": Group(4, {"orders": Skill(level=2), "faults": Skill(factor=1.3)})},
    ),
    "people who gave up dial again, three times at most": Small(
        most=13,
        queues={
            "orders": Queue(
                0.8, talk=2.0, patience=1.5, balks=0.2, max_waiting=2,
                redial=Redial(0.6, delay=3.0, attempts=3),
            ),
            "faults": Queue(0.4, talk=3.0, patience=4.0, max_waiting=1),
        },
        groups={
            "both": Group(1, {"orders": Skill(level=2), "faults": Skill()}),
            "sales": Group(1, {"orders": Skill(prefer=1, factor=1.3)}),
        },
    ),
    "head starts longer than any wait are priorities": Small(
        queues={
            "urgent": Queue(0.6, talk=1.5, patience=2.0, max_waiting=4, rank=2),
            "orders": Queue(0.5, talk=3.0, patience=3.0, max_waiting=4, rank=1),
            "faults": Queue(0.4, talk=4.0, patience=6.0, max_waiting=4),
        },
        groups={
            "everybody": Group(2, {"urgent": Skill(prefer=2), "orders": Skill(), "faults": Skill()}),
            "front": Group(2, {"urgent": Skill(factor=1.2), "orders": Skill(prefer=2, factor=0.9)}),
        },
    ),
    "equal head starts leave one line in order of joining": Small(
        merged=True,
        queues={
            "urgent": Queue(0.6, talk=1.5, patience=2.0, max_waiting=3, head_start=3.0),
            "orders": Queue(0.5, talk=3.0, patience=3.0, max_waiting=2, head_start=3.0),
            "faults": Queue(0.3, talk=4.0, patience=6.0, max_waiting=2, head_start=3.0),
        },
        groups={
            "everybody": Group(2, {"urgent": Skill(prefer=2), "orders": Skill(), "faults": Skill()}),
            "front": Group(1, {"urgent": Skill()}),
        },
    ),
    "a head start of two minutes among three queues": Small(
        merged=True,
        queues={
            "urgent": Queue(0.4, talk=1.5, patience=2.0, max_waiting=2, rank=1),
            "orders": Queue(0.6, talk=2.5, patience=4.0, max_waiting=3, head_start=2.0),
            "faults": Queue(0.3, talk=3.5, patience=8.0, max_waiting=1),
        },
        groups={"everybody": Group(3, {"urgent": Skill(), "orders": Skill(), "faults": Skill(factor=1.2)})},
    ),
    "an N of two groups that work at unequal speeds": Small(
        most=28,
        queues={
            "orders": Queue(1.2, talk=2.0, patience=2.5),
            "faults": Queue(0.5, talk=3.0, patience=4.0),
        },
        groups={
            "sales": Group(2, {"orders": Skill()}),
            "both": Group(2, {"orders": Skill(level=2, factor=1.4), "faults": Skill(factor=0.8)}),
        },
    ),
    "two queues share six lines, and wrap-up holds none": Small(
        lines=6,
        queues={
            "orders": Queue(0.9, talk=1.5, wrap=1.0, patience=4.0),
            "faults": Queue(0.5, talk=3.0, wrap=0.5, patience=6.0),
        },
        groups={
            "both": Group(2, {"orders": Skill(), "faults": Skill(level=2)}),
            "repair": Group(1, {"faults": Skill(prefer=1, factor=1.2)}),
        },
    ),
    "two levels, balking and short lines": Small(
        queues={
            "orders": Queue(0.9, talk=1.6, patience=5.0, balks=0.25, max_waiting=3),
            "faults": Queue(0.5, talk=4.0, balks=0.1, max_waiting=4),
        },
        groups={
            "team": Group(2, {"orders": Skill(level=2), "faults": Skill()}),
            "sales": Group(1, {"orders": Skill(prefer=1, factor=1.5)}),
        },
    ),
    "two of four agents are kept from callers of the second queue": Small(
        most=16,
        queues={
            "orders": Queue(0.9, talk=2.2, patience=3.0),
            "faults": Queue(0.6, talk=3.0, patience=3.0),
        },
        groups={
            "both": Group(4, {"orders": Skill(prefer=2), "faults": Skill(level=2, prefer=2, reserve=2)}),
            "repair": Group(1, {"faults": Skill(prefer=1, factor=1.3)}),
        },
    ),
    "orders spill over at no delay to those who are slower at them": Small(
        queues={
            "orders": Queue(1.3, talk=2.0, patience=3.0, balks=0.1, max_waiting=6),
            "faults": Queue(0.6, talk=2.5, wrap=1.5, patience=5.0, max_waiting=4),
        },
        groups={
            "repair": Group(
                2, {"orders": Skill(level=2, prefer=2, factor=1.5), "faults": Skill(prefer=1, factor=0.9)}
            ),
            "sales": Group(2, {"orders": Skill(prefer=1), "faults": Skill(level=2, prefer=2, factor=1.4)}),
        },
    ),
    "after one minute a caller may have an agent of the other group": Small(
        queues={
            "orders": Queue(1.0, talk=1.5, wrap=1.0, patience=3.0, balks=0.15, max_waiting=1),
            "faults": Queue(0.7, talk=2.5, patience=4.0, max_waiting=3),
        },
        groups={
            "sales": Group(2, {"orders": Skill(prefer=1)}),
            "repair": Group(3, {"orders": Skill(level=2, prefer=2, factor=1.3, overflow=1.0), "faults": Skill()}),
        },
    ),
    "customers are sent back and forth between two desks": Small(
        lines=8,
        queues={
            "orders": Queue(
                0.6, talk=1.8, wrap=0.5, patience=4.0, balks=0.1, transfers=(Transfer("faults", 0.3),)
            ),
            "faults": Queue(0.4, talk=2.6, wrap=0.8, patience=6.0, transfers=(Transfer("orders", 0.2),)),
        },
        groups={
            "sales": Group(1, {"orders": Skill()}),
            "both": Group(1, {"orders": Skill(level=2, prefer=2, factor=1.2), "faults": Skill(prefer=2)}),
            "repair": Group(1, {"faults": Skill(prefer=1, factor=0.8)}),
        },
    ),
    "who was not helped comes again": Small(
        most=15,
        queues={
            "orders": Queue(0.7, talk=1.5, wrap=0.5, patience=3.0, max_waiting=4, repeat=Repeat(0.35, delay=6.0)),
            "faults": Queue(0.4, talk=2.5, patience=2.0, max_waiting=3),
        },
        groups={
            "both": Group(2, {"orders": Skill(prefer=2), "faults": Skill(level=2, factor=1.2)}),
            "sales": Group(1, {"orders": Skill(prefer=1, factor=0.9)}),
        },
    ),
    "two chats at once, the second one slower": Small(
        queues={
            "chat": Queue(1.6, talk=3.0, wrap=0.4, patience=2.5, max_waiting=2),
            "social": Queue(0.5, talk=2.0, patience=6.0, max_waiting=1),
        },
        groups={
            "desk": Group(2, {"chat": Skill(prefer=1, at_once=2, slowdown=(1.0, 1.4))}),
            "others": Group(
                2, {"chat": Skill(level=2, prefer=2, factor=1.2), "social": Skill(level=1, factor=0.9)}
            ),
        },
    ),
    "three chats or one call at a time": Small(
        queues={
            "chat": Queue(1.2, talk=3.0, patience=4.0, max_waiting=2),
            "phone": Queue(0.5, talk=2.0, patience=1.5, max_waiting=2),
        },
        groups={
            "both": Group(
                2, {"phone": Skill(prefer=2), "chat": Skill(level=2, at_once=3, slowdown=(1.0, 1.25, 1.6))}
            ),
            "lines": Group(1, {"phone": Skill(prefer=1, factor=1.2)}),
        },
    ),
    "mails are put aside for calls, and two may be open at once": Small(
        queues={
            "phone": Queue(0.7, talk=2.0, patience=2.0, max_waiting=2),
            "mail": Queue(0.6, talk=3.0, wrap=0.5, patience=20.0, max_waiting=2),
        },
        groups={
            "both": Group(
                2,
                {
                    "phone": Skill(prefer=2),
                    "mail": Skill(level=2, at_once=2, slowdown=(1.0, 1.3), interruptible=True),
                },
            ),
            "lines": Group(1, {"phone": Skill(prefer=1, factor=1.3)}),
        },
    ),
    "the machine holds lines, serves some and loses some": Small(
        lines=7,
        queues={
            "orders": Queue(
                1.4, talk=1.5, wrap=0.6, patience=2.5, ivr=Ivr(0.8, self_served=0.2, hangs_up=0.1),
            ),
            "faults": Queue(0.6, talk=3.0, patience=4.0, balks=0.1),
        },
        groups={
            "both": Group(2, {"orders": Skill(level=2, prefer=2, factor=1.2), "faults": Skill()}),
            "sales": Group(1, {"orders": Skill(prefer=1)}),
        },
    ),
    "an announcement drives some away and calms the others": Small(
        queues={
            "orders": Queue(
                1.3, talk=2.0, wrap=0.3, patience=2.5, max_waiting=6, balks=0.05,
                announcement=Announcement(2.0, leaves=0.4, patience_factor=1.8),
            ),
            "faults": Queue(0.4, talk=3.0, patience=4.0, max_waiting=2),
        },
        groups={
            "both": Group(2, {"orders": Skill(level=2, prefer=2), "faults": Skill(factor=1.3)}),
            "sales": Group(1, {"orders": Skill(prefer=1, factor=0.9)}),
        },
    ),
    "classes wait with patience of their own, one of them in front": Small(
        queues={
            "orders": Queue(
                1.3, talk=2.0, wrap=0.3, patience=2.0, max_waiting=4, rank=1,
                kinds={"vip": Kind(0.2, patience=4.0, rank=2), "firm": Kind(0.3, patience=7.0, rank=1)},
            ),
            "faults": Queue(0.4, talk=3.0, patience=4.0, max_waiting=1),
        },
        groups={
            "both": Group(2, {"orders": Skill(prefer=2), "faults": Skill(factor=1.2)}),
            "sales": Group(1, {"orders": Skill(prefer=1, factor=0.9)}),
        },
    ),
    "callers who give up turn to the chat, and some chats to the phone": Small(
        most=9,
        queues={
            "phone": Queue(1.1, talk=2.2, patience=1.5, max_waiting=2, switch=Switch("chat", 0.5)),
            "chat": Queue(
                0.6, talk=3.0, patience=3.0, max_waiting=2, switch=Switch("phone", 0.3, delay=1.0)
            ),
        },
        groups={
            "lines": Group(2, {"phone": Skill()}),
            "desk": Group(
                2,
                {
                    "chat": Skill(at_once=2, slowdown=(1.0, 1.5)),
                    "phone": Skill(level=2, prefer=2, factor=1.3, reserve=1),
                },
            ),
        },
    ),
    "agents turn to the longest queue": Small(
        routing="longest_queue",
        queues={
            "orders": Queue(0.9, talk=2.0, patience=2.0, max_waiting=4),
            "faults": Queue(0.5, talk=2.4, wrap=1.2, patience=4.0, max_waiting=4),
            "bills": Queue(0.3, talk=1.5, patience=6.0, max_waiting=3),
        },
        groups={
            "both": Group(2, {"bills": Skill(), "orders": Skill(level=3, prefer=2), "faults": Skill(level=2)}),
            "sales": Group(1, {"orders": Skill(prefer=1, factor=1.2)}),
        },
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """What the chain says, and where a result says it: a metric, or one total over another; those of a class are
    `of` "queue · class"."""

    name: str
    exact: float
    of: str
    top: str
    bottom: str = ""
    share: bool = True

    @property
    def judged(self) -> bool:
        return not self.share or self.exact >= PRECISE


def figures(chain: Chain) -> Iterator[Figure]:
    """Everything that the chain says of each queue, class and group, and of the customers."""
    queues = chain.small.queues
    moving = any(queue.transfers or queue.repeat or queue.switch for queue in queues.values())
    for name, queue in queues.items():
        flow = {what: chain.flow[f"{what} {name}"] for what in WORDS}
        offered, waited = flow["offered"], flow["offered"] - flow["blocked"]
        length = chain.mean(lambda s, q=name: chain.rules.on_line(s, q))
        lost, unserved = flow["abandoned"] + flow["balked"], flow["unserved"] / flow["customers"]
        yield Figure("abandoned", lost / offered, name, "abandoned", "offered")
        yield Figure("blocked", flow["blocked"] / offered, name, "blocked", "offered")
        delayed = 1 - (flow["at once"] + flow["balked"]) / waited
        yield Figure("delayed", delayed, name, "delayed", "waited")
        yield Figure("mean queue length", length, name, "mean_queue_length", share=False)
        yield Figure("mean wait, s", 60 * length / waited, name, "mean_wait", share=False)
        if not moving:  # else an unserved customer may be of another queue
            yield Figure("unserved", unserved, name, "unserved_customers", "customers")
        if queue.redial:
            tries = offered / queue.rate
            yield Figure("contacts per customer", tries, name, "offered", "customers", share=False)
        if queue.callback:
            yield from _of_callbacks(chain, name, flow)
        yield from _of_next_needs(chain, name, flow)
        if queue.kinds:
            yield from _of_classes(chain, name)
    if moving:
        yield from _of_customers(chain)
    for name, group in chain.small.groups.items():
        busy = group.agents - chain.mean(lambda s, g=name: chain.rules.free(s, g))
        yield Figure("occupancy", busy / group.agents, name, "occupancy")


WORDS = (
    "customers", "offered", "blocked", "balked", "abandoned", "at once", "unserved",
    "cb offered", "cb accepted", "cb failed", "dialled",
    "self-served", "hung up", "transferred", "repeats", "switched", "answered",
)  # fmt: skip


def _of_next_needs(chain: Chain, name: str, flow: dict[str, float]) -> Iterator[Figure]:
    """What becomes of contacts in the IVR, and what follows on contacts."""
    queue = chain.small.queues[name]
    if queue.ivr:
        served = flow["self-served"] / flow["customers"]
        yield Figure("self-served", served, name, "self_served", "customers")
        yield Figure(
            "hung up in the IVR", flow["hung up"] / flow["customers"], name, "ivr_hang_ups", "customers"
        )
        yield Figure("joined or blocked", flow["offered"] / flow["customers"], name, "offered", "customers")
    if queue.transfers:
        sent = flow["transferred"] / flow["answered"]
        yield Figure("transferred", sent, name, "transfers", "answered")
    if queue.repeat:
        yield Figure("come again", flow["repeats"] / flow["answered"], name, "repeats", "answered")
    if queue.switch:
        yield Figure("turn elsewhere", flow["switched"] / flow["offered"], name, "switches", "offered")


def _of_classes(chain: Chain, name: str) -> Iterator[Figure]:
    for kind in ("", *chain.small.queues[name].kinds):
        who = f"{name} {kind or 'others'}"
        flow = {what: chain.flow[f"{what} {who}"] for what in WORDS}
        waited, of = flow["offered"] - flow["blocked"], f"{name} · {kind or 'others'}"
        length = chain.mean(lambda s, k=kind: chain.rules.on_line(s, name, k))
        yield Figure("abandoned", flow["abandoned"] / flow["offered"], of, "abandonment_rate")
        yield Figure("delayed", 1 - flow["at once"] / waited, of, "delayed_share")
        yield Figure("mean wait, s", 60 * length / waited, of, "mean_wait", share=False)
        yield Figure("mean queue length", length, of, "mean_queue_length", share=False)


def _of_customers(chain: Chain) -> Iterator[Figure]:
    """Of the customers of all queues together, whose contacts may be in any."""
    sums = {what: sum(chain.flow[f"{what} {name}"] for name in chain.small.queues) for what in WORDS}
    came, offered = sums["customers"], sums["offered"]
    length = sum(chain.mean(lambda s, q=name: chain.rules.on_line(s, q)) for name in chain.small.queues)
    yield Figure("contacts each", offered / came, "all", "contacts_per_customer", share=False)
    yield Figure("waiting each, s", 60 * length / came, "all", "customer_wait", share=False)
    yield Figure("unserved", sums["unserved"] / came, "all", "unserved_customers", "customers")
    if sums["transferred"]:
        sent = sums["transferred"] / came
        yield Figure("transfers each", sent, "all", "transfers_per_customer", share=False)


def _of_callbacks(chain: Chain, name: str, flow: dict[str, float]) -> Iterator[Figure]:
    rules, offered, accepted = chain.small.queues[name].callback, flow["offered"], flow["cb accepted"]
    yield Figure("callbacks offered", flow["cb offered"] / offered, name, "callbacks_offered", "offered")
    yield Figure("callbacks accepted", accepted / offered, name, "callbacks_accepted", "offered")
    failed, dials = flow["cb failed"] / accepted, flow["dialled"] / accepted
    yield Figure("callbacks failed", failed, name, "callbacks_failed", "callbacks_accepted")
    yield Figure("dials each", dials, name, "callback_dials", "callbacks_accepted", share=False)
    if rules.attempts == 1:  # whether it is reached says nothing about how long it took: Little's law
        waiting = chain.mean(lambda s: chain.rules.pending(s, name))
        yield Figure("callback wait, s", 60 * waiting / accepted, name, "callback_wait", share=False)
    if rules.ring:
        ringing = chain.mean(lambda s: s.clock is not None and s.clock.kind == "ring")
        missed = ringing * (1 - rules.reached) / 60
        group = next(g for g, members in chain.small.groups.items() if name in members.skills)
        yield Figure("unreached hours a minute", missed, group, "unreached_hours", share=False)


def measured(result: Result, figure: Figure, minutes: float) -> tuple[float, float]:
    """Our value and its standard error."""
    if figure.bottom:
        table = result.replications()
        of_all = figure.of == "all"
        rows = table.groupby(level="replication").sum() if of_all else table.xs(figure.of, level="queue")
        top, bottom = rows[figure.top].to_numpy(), rows[figure.bottom].to_numpy()
        value = top.sum() / bottom.sum()
        spread = np.std(top - value * bottom, ddof=1) / bottom.mean()
        return value, spread / sqrt(len(rows))
    is_group = figure.of in result.scenario.agents
    queue, _, kind = figure.of.partition(" · ")
    if kind:
        estimate = result.of_class(queue, kind)[figure.top]
    else:
        estimate = (result.group(figure.of) if is_group else result.queue(figure.of))[figure.top]
    error = estimate.margin / stdtrit(result.count - 1, 0.975)
    scale = 1 / minutes if figure.top == "unreached_hours" else 1.0
    return estimate.value * scale, error * scale


@cache
def chain_of(name: str) -> Chain:
    return Chain(CENTRES[name])


@cache
def played(name: str, contacts: int) -> tuple[Result, float]:
    """The engine's long run of so many contacts in all, and the minutes observed in each replication."""
    small = CENTRES[name]
    rate = sum(queue.rate for queue in small.queues.values())
    minutes = float(np.ceil(max(contacts / rate / REPLICATIONS, 600.0)))
    scenario = sim.Scenario(**small.scenario(minutes, WARM_UP))
    seed = SEED + list(CENTRES).index(name)
    return sim.simulate(scenario, replications=REPLICATIONS, seed=seed, by_interval=False), minutes


Row = tuple[Figure, float, float]  # a figure, our value, how many standard errors between them


def compared(name: str, chain: Chain, contacts: int) -> list[Row]:
    """Everything the chain says beside what the engine says."""
    result, minutes = played(name, contacts)
    rows = []
    for figure in figures(chain):
        value, error = measured(result, figure, minutes)
        if error:
            z = (value - figure.exact) / error
        else:
            z = 0.0 if np.isclose(value, figure.exact) else np.inf
        assert not isnan(z), figure
        rows.append((figure, value, z))
    return rows


def shown(name: str, chain: Chain, rows: list[Row]) -> None:
    """Print a table (pytest -s)."""
    limit = critical(all_judged())
    print(f"\n{name}: {len(chain.states)} states, cut off {chain.cut_off:.1e}, |t| below {limit:.2f}")
    for figure, value, z in rows:
        note = "" if figure.judged else "  shown"
        print(f"  {figure.of:10} {figure.name:24} {figure.exact:12.6f} {value:12.6f} {z:+6.2f}{note}")


def critical(number_judged: int) -> float:
    """The |t| beyond which one figure fails."""
    return float(stdtrit(REPLICATIONS - 1, 1 - FAMILY / number_judged / 2))


@cache
def all_judged() -> int:
    return sum(figure.judged for name in CENTRES for figure in figures(chain_of(name)))


def failures(rows: list[Row]) -> list[str]:
    """The judged figures that are further from the chain than chance allows."""
    limit = critical(all_judged())
    return [
        f"{figure.name} of {figure.of}: {value:.6f}, exactly {figure.exact:.6f}, t {z:+.1f}"
        for figure, value, z in rows
        if figure.judged and not abs(z) <= limit
    ]


def disagreements(name: str, contacts: int) -> list[str]:
    chain = chain_of(name)
    rows = compared(name, chain, contacts)
    shown(name, chain, rows)
    return failures(rows)


@pytest.mark.parametrize("name", CENTRES)
def test_next_to_no_time_is_spent_where_a_chain_is_cut_off(name: str) -> None:
    chain = chain_of(name)
    assert chain.cut_off < 1e-9
    assert abs(chain.share.sum() - 1) < 1e-9


@pytest.mark.parametrize("name", CENTRES)
def test_the_engine_agrees_with_the_chain_in_the_long_run(name: str) -> None:
    assert not disagreements(name, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("name", CENTRES)
def test_the_engine_agrees_with_the_chain_in_a_much_longer_run(name: str) -> None:
    assert not disagreements(name, LONG)


NUMBERS = {
    "ivr": ("time", "self_served", "hangs_up"),
    "announcement": ("patience_factor", "leaves"),
    "repeat": ("share",),
    "switch": ("share",),
}
"""What may be wrong in a part of a queue."""


def wrong_by_a_twentieth(small: Small) -> Iterator[tuple[str, Small]]:
    """The same centre with one of its rates, shares, factors or mean times wrong by 5%, each in turn.

    Not the delay of repeats, that of the switch from chat to phone and the estimate above which callers leave: on
    these the figures of the long run hardly depend, or not at all.
    """
    for name, queue in small.queues.items():
        for what, wrong in wrong_queues(queue):
            yield f"{what} of {name}", replace(small, queues={**small.queues, name: wrong})
    for name, group in small.groups.items():
        for queue, skill in group.skills.items():
            for what, wrong in wrong_skills(skill):
                changed = replace(group, skills={**group.skills, queue: wrong})
                yield f"{what} of {queue} in {name}", replace(small, groups={**small.groups, name: changed})


def wrong_queues(queue: Queue) -> Iterator[tuple[str, Queue]]:
    for number in ("rate", "talk", "wrap", "patience"):
        if getattr(queue, number):
            yield number, a_twentieth_more(queue, number)
    for what, numbers in NUMBERS.items():
        if part := getattr(queue, what):
            for number in numbers:
                yield f"{number} of {what}", replace(queue, **{what: a_twentieth_more(part, number)})
    for transfer in queue.transfers:
        changed = (a_twentieth_more(t, "share") if t is transfer else t for t in queue.transfers)
        yield f"share sent to {transfer.to}", replace(queue, transfers=tuple(changed))
    for kind, own in queue.kinds.items():
        for number in ("patience", "share"):
            kinds = {**queue.kinds, kind: a_twentieth_more(own, number)}
            yield f"{number} of {kind}", replace(queue, kinds=kinds)


def wrong_skills(skill: Skill) -> Iterator[tuple[str, Skill]]:
    if skill.factor != 1.0:
        yield "factor", a_twentieth_more(skill, "factor")
    if skill.overflow:
        yield "overflow", a_twentieth_more(skill, "overflow")
    if len(skill.slowdown) > 1:
        yield "slowdown", replace(skill, slowdown=(1.0, *(1.05 * slow for slow in skill.slowdown[1:])))


def a_twentieth_more(part: Any, number: str) -> Any:
    return replace(part, **{number: getattr(part, number) * 1.05})


@pytest.mark.slow
@pytest.mark.parametrize("name", CENTRES)
def test_a_chain_with_one_rate_wrong_by_a_twentieth_is_caught(name: str) -> None:
    """What does not fail proves nothing: the longer run tells the right chain from those next to it.

    Known to be missed are the delays and the estimate that `wrong_by_a_twentieth` leaves out, the handle factor of the
    chat desk for calls, of which it takes few (t 2), and a wrap-up of half a minute (t 4.6, just within the limit).
    """
    missed = {what for what, small in wrong_by_a_twentieth(CENTRES[name]) if not caught(name, small)}
    assert missed <= MISSED.get(name, set())


MISSED = {
    "callers who give up turn to the chat, and some chats to the phone": {"factor of phone in desk"},
    "two queues share six lines, and wrap-up holds none": {"wrap of faults"},
}


def caught(name: str, wrong: Small) -> bool:
    """Whether figures of a wrong chain fail."""
    return bool(failures(compared(name, Chain(wrong), LONG)))
