"""What a reader of a fit should know: what was left out, what is weak, what a scenario cannot hold."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim.errors import shown
from sim.history.contacts import Contacts
from sim.history.duty import Duty
from sim.history.evidence import QueueFit

Codes = npt.NDArray[np.int64]

FEWEST = 20  # contacts: a queue with fewer is left out
MOSTLY = 0.9  # of the contacts: customers known of fewer are pointed out
POOR = 0.05  # a Kolmogorov–Smirnov distance above is pointed out
FOLLOWS = 0.4  # a correlation of contacts and agents over days above is pointed out


def remarks_on(contacts: Contacts, counts: Codes, queues: Sequence[QueueFit], duty: Duty | None) -> list[str]:
    """What a reader of the fit should know."""
    said = [
        f"Queue {shown(queue.name)} is written as {shown(queue.written)}: names hold no dot and no line end."
        for queue in queues
        if queue.name != queue.written
    ]
    few = [shown(contacts.queues[code]) for code in np.flatnonzero((counts < FEWEST) & (counts > 0))]
    if few:
        said.append(
            f"Left out for fewer than {FEWEST} contacts: {', '.join(few[:6])}{' …' * (len(few) > 6)}."
        )
    if duty is None:
        said.append("No agent is known: the staffing is assumed, the load and its square root.")
    elif duty.merged:
        said.append(
            f"{duty.merged} agents who serve other queues than any large group were put with the likest one."
        )
    if duty is not None:
        said += _follows(queues, duty)
    return said + [remark for queue in queues for remark in _queue_remarks(queue)]


def _follows(queues: Sequence[QueueFit], duty: Duty) -> list[str]:
    """A remark where more agents were there on days of more contacts, which a scenario cannot have."""
    contacts = np.sum([queue.volumes.totals for queue in queues], axis=0)
    agents = np.sum([group.seen.totals for group in duty.groups], axis=0)
    if contacts.size < 10 or not contacts.std() or not agents.std():
        return []
    found = float(np.corrcoef(contacts, agents)[0, 1])
    if found < FOLLOWS:
        return []
    return [
        f"Days of more contacts had more agents (correlation {found:.2f}); here all days have the same, and busy ones "
        "are worse than they were."
    ]


def _queue_remarks(queue: QueueFit) -> list[str]:
    said, name = [], shown(queue.written)
    if not queue.own_talk:
        said.append(f"{name} has no talk of its own on record: it has that of all queues.")
    if queue.talk.short.value >= 0.02:
        said.append(
            f"{name}: {queue.talk.short.value:.1%} of the talks last under 10 s; if these are agents hanging up, leave "
            "them out (--shortest 10s)."
        )
    if queue.talk.chosen.distance > POOR:
        said.append(f"{name}: no family comes nearer to the talks than {queue.talk.chosen.distance:.1%}.")
    if queue.ivr is not None and queue.ivr.chosen.distance > POOR:
        said.append(
            f"{name}: no family comes nearer to the time in the IVR than {queue.ivr.chosen.distance:.1%}; its mean is "
            "right, its course is not."
        )
    if queue.talk.by_interval:
        low, high = queue.talk.by_interval
        said.append(
            f"{name}: mean talk differs by time of day, from {low:.0f} to {high:.0f} s; one mean is written."
        )
    if queue.known < MOSTLY:
        said.append(
            f"{name}: the customer is known of {queue.known:.0%} of the contacts; other redials are not seen."
        )
    if queue.transfers and not queue.transfers.to:
        said.append(
            f"{name}: {queue.transfers.share.value:.1%} were passed on, the log does not say where to."
        )
    if queue.patience is None:
        said.append(f"{name}: nobody is known to have hung up, so nobody does.")
    if np.isnan(queue.level.value):
        said.append(f"{name}: too few days to tell how much they differ beyond chance.")
    return said
