"""Read Genesys Cloud conversation details (JSON, as the analytics query or the export job gives them).

Fields: Genesys Cloud Developer Center, "Conversation detail" of /api/v2/analytics/conversations/details: participants
(purpose customer, external, ivr, acd, agent …), their sessions (mediaType, direction, metrics), and segments
(segmentType ivr, interact, alert, hold, wrapup …; queueId; disconnectType). Metrics: "tAbandon", "tFlowOut", in ms.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

from sim.history.contacts import Contacts, Outcome
from sim.history.readers.records import Json, Unusable, contacts_of, either, items, moment_of, text_of

CUSTOMER = ("customer", "external")
TALKING = ("interact", "hold", "dialing", "contacting")
ELSEWHERE = ("tFlowOut", "tVoicemail")


class Service(NamedTuple):
    """What an agent did for a queue in one session; Unix seconds, NaN where not known."""

    queue: str
    agent: str
    begun: float
    talk_end: float
    wrap_end: float
    passed: bool
    open: bool


class Stay(NamedTuple):
    """A conversation's stay in a queue; `end` is NaN while it lasts."""

    queue: str
    begun: float
    end: float
    metrics: frozenset[str]
    parting: str  # the disconnectType at its end
    media: str


def read(path: Path, zone: str, keep: bool = False, encoding: str = "utf-8") -> Contacts:
    """The contacts of conversation details: one for every stay in a queue, that is every acd session.

    arrived: conversationStart for the first stay, joined for those that follow. joined: where the acd participant's
    segment with a queueId begins. answered: where the first interact segment of the agent who took it from that queue
    begins. talk_end: where his last interact or hold segment ends. wrap_end: where his wrapup segment ends. A queue is
    named by its queueId, with the mediaType unless that is voice. Left out: outbound conversations, and callbacks, for
    which nobody waits on the line.
    """
    return contacts_of(path, "genesys", _told, "conversations", zone, keep, encoding)


def _told(record: Json) -> list[tuple[Any, ...]]:
    key = text_of(record, "conversationId")
    if not key:
        raise Unusable("without a conversationId", fault=True)
    if text_of(record, "originatingDirection") == "outbound":
        raise Unusable("that an agent dialled", fault=False)
    stays = sorted(_stays(record), key=lambda stay: stay.begun)
    if not stays:
        raise Unusable("that no customer waited for in a queue")
    services = sorted(_services(record), key=lambda service: service.begun)
    start, over = moment_of(record, "conversationStart"), moment_of(record, "conversationEnd")
    customer = _customer(record)
    rows = []
    for number, stay in enumerate(stays):
        later = [other.begun for other in stays[number + 1 :] if other.queue == stay.queue]
        until = min(later, default=math.inf)
        service = next(
            (one for one in services if one.queue == stay.queue and stay.begun - 1 <= one.begun < until), None
        )
        if service is not None:
            services.remove(service)
        rows.append(
            (
                f"{key} {number}",
                0.0,
                stay.queue if stay.media in ("", "voice") else f"{stay.queue} ({stay.media})",
                customer,
                service.agent if service else "",
                either(start, stay.begun) if number == 0 else stay.begun,
                stay.begun,
                service.begun if service else math.nan,
                service.talk_end if service else math.nan,
                service.wrap_end if service else math.nan,
                math.nan if service else either(stay.end, over),
                _outcome(stay, service, number < len(stays) - 1, over),
            )
        )
    return rows


def _stays(record: Json) -> list[Stay]:
    found = []
    for participant in items(record, "participants"):
        if text_of(participant, "purpose") != "acd":
            continue
        for session in items(participant, "sessions"):
            segments = [one for one in items(session, "segments") if text_of(one, "queueId")]
            begun = [moment_of(one, "segmentStart") for one in segments]
            begun = [moment for moment in begun if not math.isnan(moment)]
            media = text_of(session, "mediaType").lower()
            if not begun or media == "callback" or text_of(session, "direction") == "outbound":
                continue
            ends = [moment_of(one, "segmentEnd") for one in segments]
            names = frozenset(text_of(metric, "name") for metric in items(session, "metrics"))
            parting = text_of(segments[-1], "disconnectType")
            found.append(
                Stay(text_of(segments[0], "queueId"), min(begun), _latest(ends), names, parting, media)
            )
    return found


def _services(record: Json) -> list[Service]:
    found = []
    for participant in items(record, "participants"):
        if text_of(participant, "purpose") not in ("agent", "user"):
            continue
        agent = text_of(participant, "userId", "participantId")
        for session in items(participant, "sessions"):
            segments = items(session, "segments")
            talks = [one for one in segments if text_of(one, "segmentType") in TALKING]
            first = next((one for one in talks if text_of(one, "segmentType") == "interact"), None)
            if first is None or math.isnan(moment_of(first, "segmentStart")):
                continue
            ends = [moment_of(one, "segmentEnd") for one in talks]
            wraps = [
                moment_of(one, "segmentEnd") for one in segments if text_of(one, "segmentType") == "wrapup"
            ]
            found.append(
                Service(
                    text_of(first, "queueId"),
                    agent,
                    moment_of(first, "segmentStart"),
                    _latest(ends),
                    _latest(wraps),
                    "transfer" in text_of(talks[-1], "disconnectType").lower(),
                    any(map(math.isnan, ends)),
                )
            )
    return found


def _latest(moments: list[float]) -> float:
    """The last of some moments, NaN where there are none or one is still to come."""
    return math.nan if any(map(math.isnan, moments)) else max(moments, default=math.nan)


def _customer(record: Json) -> str:
    for participant in items(record, "participants"):
        if text_of(participant, "purpose") in CUSTOMER:
            known = text_of(participant, "externalContactId")
            for session in items(participant, "sessions"):
                known = known or text_of(session, "ani", "addressFrom", "remote")
            return known
    return ""


def _outcome(stay: Stay, service: Service | None, again: bool, over: float) -> Outcome:
    if service is not None:
        if service.passed:
            return Outcome.TRANSFERRED
        return Outcome.OPEN if service.open else Outcome.ANSWERED
    if "tAbandon" in stay.metrics:
        return Outcome.ABANDONED
    if again or stay.metrics.intersection(ELSEWHERE) or "transfer" in stay.parting.lower():
        return Outcome.DIVERTED
    if math.isnan(stay.end) and math.isnan(over):
        return Outcome.OPEN
    return Outcome.ABANDONED if stay.parting.lower() == "peer" else Outcome.UNKNOWN
