"""Read Amazon Connect contact records (JSON, as delivered by Kinesis or Firehose).

Fields: Amazon Connect Administrator Guide, "Data model for Amazon Connect contact records"
(docs.aws.amazon.com/connect/latest/adminguide/ctr-data-model.html). Records are delivered at least once; as it
advises there, copies are told by ContactId and the one with the last LastUpdateTimestamp stands. Its "How to identify
abandoned contacts": a Queue and an EnqueueTimestamp, and no ConnectedToAgentTimestamp.
"""

import math
from pathlib import Path
from typing import Any

from sim.history.contacts import Contacts, Outcome
from sim.history.readers.records import (
    Json,
    Unusable,
    contacts_of,
    either,
    moment_of,
    part,
    seconds_of,
    text_of,
)

CUSTOMERS = frozenset(
    ("INBOUND", "TRANSFER", "QUEUE_TRANSFER", "API", "WEBRTC_API", "MESSAGING_PLATFORM", "WIDGET")
)
"""Ways in which a contact begins whose customer waits in the queue; of callbacks and dialled calls he does not."""
HANGS_UP = frozenset(("", "CUSTOMER_DISCONNECT"))


def read(path: Path, zone: str, keep: bool = False, encoding: str = "utf-8") -> Contacts:
    """The contacts of a file of contact records; InputError, with file and line, where it cannot be read.

    arrived: InitiationTimestamp. joined: Queue.EnqueueTimestamp. answered: Agent.ConnectedToAgentTimestamp. talk_end:
    Agent.AfterContactWorkStartTimestamp, else answered + AgentInteractionDuration + CustomerHoldDuration. wrap_end:
    Agent.AfterContactWorkEndTimestamp, else talk_end + AfterContactWorkDuration. left: Queue.DequeueTimestamp, else
    DisconnectTimestamp. A queue is named by Queue.Name, with the Channel unless that is VOICE.
    """
    return contacts_of(path, "connect", _told, "ContactRecords", zone, keep, encoding)


def _told(record: Json) -> list[tuple[Any, ...]]:
    key = text_of(record, "ContactId")
    if not key:
        raise Unusable("without a ContactId", fault=True)
    method = text_of(record, "InitiationMethod").upper()
    if method and method not in CUSTOMERS:
        raise Unusable(f"that no customer waited for ({method[:30]})")
    queue, agent = part(record, "Queue"), part(record, "Agent")
    joined = moment_of(queue, "EnqueueTimestamp")
    if math.isnan(joined):
        raise Unusable("that joined no queue")
    answered = moment_of(agent, "ConnectedToAgentTimestamp")
    talk_end = either(moment_of(agent, "AfterContactWorkStartTimestamp"), answered + _talk(agent))
    wrap_end = either(
        moment_of(agent, "AfterContactWorkEndTimestamp"),
        talk_end + seconds_of(agent, "AfterContactWorkDuration"),
    )
    over = moment_of(record, "DisconnectTimestamp")
    left = math.nan if answered == answered else either(moment_of(queue, "DequeueTimestamp"), over)
    channel = text_of(record, "Channel").upper()
    name = text_of(queue, "Name", "ARN")
    return [
        (
            key,
            moment_of(record, "LastUpdateTimestamp"),
            name if channel in ("", "VOICE") else f"{name} ({channel.lower()})",
            text_of(part(record, "CustomerEndpoint"), "Address"),
            text_of(agent, "ARN", "Username"),
            either(moment_of(record, "InitiationTimestamp"), joined),
            joined,
            answered,
            talk_end,
            wrap_end,
            left,
            _outcome(record, answered, left, over),
        )
    ]


def _talk(agent: Json) -> float:
    """Seconds with the agent: the interaction and, where it is told, the holding, which is no part of it."""
    hold = seconds_of(agent, "CustomerHoldDuration")
    return seconds_of(agent, "AgentInteractionDuration") + (0.0 if math.isnan(hold) else hold)


def _outcome(record: Json, answered: float, left: float, over: float) -> Outcome:
    passed = bool(text_of(record, "NextContactId", "TransferCompletedTimestamp"))
    if not math.isnan(answered):
        if passed:
            return Outcome.TRANSFERRED
        return Outcome.OPEN if math.isnan(over) else Outcome.ANSWERED
    if math.isnan(left):
        return Outcome.OPEN
    hung_up = not passed and text_of(record, "DisconnectReason").upper() in HANGS_UP
    return Outcome.ABANDONED if hung_up else Outcome.DIVERTED
