"""A table of contacts as a log of every format that is read: what our own engine made, written as others write it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from sim.history.contacts import Contacts, Outcome

MAPPING = """\
zone: UTC
stamps: unix
columns: {queue: queue, customer: phone, agent: agent, arrived: arrived, joined: joined, answered: answered,
          talk_end: talk_end, wrap_end: wrap_end, left: left}
outcome: {column: outcome, values: {answered: answered, abandoned: abandoned}}
"""


def queue_log(contacts: Contacts) -> str:
    """The events of every contact, in order of time; the log knows no wrap-up."""
    events: list[tuple[float, str]] = []
    for row in range(len(contacts)):
        queue, agent, call = _queue(contacts, row), f"PJSIP/{contacts.agent[row]}", f"17.{row}"
        joined, wait = contacts.joined[row], contacts.wait[row]
        events.append((joined, f"{call}|{queue}|NONE|ENTERQUEUE||{_phone(contacts, row)}|1"))
        if contacts.outcome[row] == Outcome.ABANDONED:
            events.append((contacts.left[row], f"{call}|{queue}|NONE|ABANDON|1|1|{wait:.0f}"))
            continue
        events.append((contacts.answered[row], f"{call}|{queue}|{agent}|CONNECT|{wait:.0f}|{call}9|3"))
        ended = f"{call}|{queue}|{agent}|COMPLETECALLER|{wait:.0f}|{contacts.talk[row]:.0f}|1"
        events.append((contacts.talk_end[row], ended))
    events.sort(key=lambda event: event[0])  # those of one second as they were written
    return "".join(f"{at:.0f}|{event}\n" for at, event in events)


def connect(contacts: Contacts) -> str:
    """A contact record a line."""
    return _lines(contacts, _connect_record)


def _connect_record(contacts: Contacts, row: int) -> dict[str, Any]:
    taken = contacts.outcome[row] == Outcome.ANSWERED
    queue = {
        "Name": _queue(contacts, row),
        "EnqueueTimestamp": _iso(contacts.joined[row]),
        "DequeueTimestamp": _iso(contacts.answered[row] if taken else contacts.left[row]),
    }
    agent = taken and {
        "ARN": f"arn:{contacts.agent[row]}",
        "ConnectedToAgentTimestamp": _iso(contacts.answered[row]),
        "AgentInteractionDuration": int(contacts.talk[row]),
        "CustomerHoldDuration": 0,
        "AfterContactWorkDuration": int(contacts.wrap[row]),
        "AfterContactWorkEndTimestamp": _iso(contacts.wrap_end[row]),
    }
    return {
        "ContactId": f"c{row}",
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": _iso(contacts.arrived[row]),
        "DisconnectTimestamp": _iso(contacts.talk_end[row] if taken else contacts.left[row]),
        "DisconnectReason": "CUSTOMER_DISCONNECT",
        "CustomerEndpoint": {"Address": _phone(contacts, row), "Type": "TELEPHONE_NUMBER"},
        "Queue": queue,
        "Agent": agent or None,
    }


def genesys(contacts: Contacts) -> str:
    """A conversation a line; queues are told by their ids."""
    return _lines(contacts, _genesys_record)


def _genesys_record(contacts: Contacts, row: int) -> dict[str, Any]:
    taken = contacts.outcome[row] == Outcome.ANSWERED
    over = contacts.answered[row] if taken else contacts.left[row]

    def segment(kind: str, start: float, end: float, **more: str) -> dict[str, Any]:
        times = {"segmentStart": _iso(start), "segmentEnd": _iso(end)}
        return {"segmentType": kind, "queueId": _queue(contacts, row)} | times | more

    queued = segment("interact", contacts.joined[row], over, disconnectType="transfer" if taken else "peer")
    acd = {"mediaType": "voice", "direction": "inbound", "segments": [queued]}
    acd["metrics"] = [{"name": "tAcd" if taken else "tAbandon"}]
    caller = {"mediaType": "voice", "ani": _phone(contacts, row), "segments": []}
    participants: list[dict[str, Any]] = [
        {"purpose": "customer", "sessions": [caller]},
        {"purpose": "acd", "sessions": [acd]},
    ]
    if taken:
        moments = (contacts.answered[row], contacts.talk_end[row], contacts.wrap_end[row])
        served = [segment("interact", *moments[:2]), segment("wrapup", *moments[1:])]
        session = {"mediaType": "voice", "segments": served}
        participants.append({"purpose": "agent", "userId": f"u{contacts.agent[row]}", "sessions": [session]})
    return {
        "conversationId": f"c{row}",
        "conversationStart": _iso(contacts.arrived[row]),
        "conversationEnd": _iso(contacts.wrap_end[row] if taken else over),
        "originatingDirection": "inbound",
        "participants": participants,
    }


def mapped(contacts: Contacts) -> str:
    """A CSV file for `MAPPING`."""
    names = ("arrived", "joined", "answered", "talk_end", "wrap_end", "left")
    rows = ["queue,phone,agent,outcome," + ",".join(names)]
    for row in range(len(contacts)):
        moments = (getattr(contacts, name)[row] for name in names)
        agent = "" if contacts.agent[row] < 0 else f"a{contacts.agent[row]}"
        who = [_queue(contacts, row), _phone(contacts, row), agent]
        who.append(Outcome(contacts.outcome[row]).name.lower())
        rows.append(",".join([*who, *("" if np.isnan(at) else f"{at:.0f}" for at in moments)]))
    return "\n".join(rows) + "\n"


def _lines(contacts: Contacts, record: Callable[[Contacts, int], dict[str, Any]]) -> str:
    return "".join(json.dumps(record(contacts, row)) + "\n" for row in range(len(contacts)))


def _queue(contacts: Contacts, row: int) -> str:
    return contacts.queues[contacts.queue[row]]


def _phone(contacts: Contacts, row: int) -> str:
    return f"+4416{contacts.customer[row]:08d}"


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


WRITERS: dict[str, Callable[[Contacts], str]] = {
    "asterisk": queue_log,
    "connect": connect,
    "genesys": genesys,
    "mapped": mapped,
}
