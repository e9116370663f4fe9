"""Small call logs for tests: one story told in every format."""

import json
from typing import Any

BASE = 1_784_160_000  # 2026-07-16 00:00:00 UTC

QUEUE_LOG = f"""\
{BASE}|1.1|sales|NONE|ENTERQUEUE||441632960111|1
{BASE + 5}|1.1|sales|PJSIP/201|RINGNOANSWER|5000
{BASE + 10}|1.1|sales|PJSIP/201|CONNECT|10|1.2|3
{BASE + 11}|NONE|NONE|PJSIP/202|PAUSE|lunch
{BASE + 130}|1.1|sales|PJSIP/201|COMPLETEAGENT|10|120|1
{BASE + 200}|1.2|sales|NONE|ENTERQUEUE||441632960222|1
{BASE + 290}|1.2|sales|NONE|ABANDON|1|1|90
{BASE + 300}|1.3|sales|NONE|ENTERQUEUE||441632960222|1
{BASE + 360}|1.3|sales|NONE|EXITWITHTIMEOUT|1|1|60
{BASE + 360}|1.3|help|NONE|ENTERQUEUE||441632960222|1
{BASE + 370}|1.3|help|PJSIP/205|CONNECT|10|1.9|3
{BASE + 400}|1.3|help|PJSIP/205|BLINDTRANSFER|100|ctx|10|30|1
{BASE + 405}|1.4|help|NONE|ENTERQUEUE||anonymous|1
"""
"""Answered after 10 s for 120 s; hung up after 90 s; timed out after 60 s into help, answered, passed on; open."""


def connect_record(**changed: Any) -> dict[str, Any]:
    """An Amazon Connect contact record: 346 s in the queue, 460 s with the agent (221 s on hold), 5 s of work after."""
    agent = {
        "ARN": "arn:aws:connect:agent/57db30ae",
        "ConnectedToAgentTimestamp": "2022-01-05T17:20:32Z",
        "AgentInteractionDuration": 239,
        "CustomerHoldDuration": 221,
        "AfterContactWorkDuration": 5,
        "AfterContactWorkStartTimestamp": "2022-01-05T17:28:12Z",
        "AfterContactWorkEndTimestamp": "2022-01-05T17:28:17Z",
    }
    queue = {
        "Name": "Fridges",
        "EnqueueTimestamp": "2022-01-05T17:14:46Z",
        "DequeueTimestamp": "2022-01-05T17:20:32Z",
    }
    record = {
        "ContactId": "6fe40d2a",
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": "2022-01-05T17:12:59Z",
        "DisconnectTimestamp": "2022-01-05T17:28:12Z",
        "LastUpdateTimestamp": "2022-01-05T17:48:35Z",
        "DisconnectReason": "CUSTOMER_DISCONNECT",
        "CustomerEndpoint": {"Address": "+441632960111", "Type": "TELEPHONE_NUMBER"},
        "NextContactId": None,
        "Agent": agent,
        "Queue": queue,
    }
    return record | changed


def genesys_record(key: str = "c1", answered: bool = True, metric: str = "tAcd") -> dict[str, Any]:
    """A Genesys conversation: 30 s of menu, 33 s in the queue, 270 s with the agent, hold included, 10 s of wrap-up."""

    def segment(kind: str, start: str, end: str | None, **more: str) -> dict[str, Any]:
        day = "2026-09-20T"
        times = {"segmentStart": f"{day}{start}.000Z", "segmentEnd": end and f"{day}{end}.000Z"}
        return {"segmentType": kind, "queueId": "q-in"} | times | more

    queued = segment("interact", "12:00:30", "12:01:03", disconnectType="transfer" if answered else "peer")
    acd = {"mediaType": "voice", "direction": "inbound", "metrics": [{"name": metric}], "segments": [queued]}
    caller = {"mediaType": "voice", "ani": "tel:+441632960111", "segments": []}
    participants = [
        {"purpose": "customer", "sessions": [caller]},
        {
            "purpose": "ivr",
            "sessions": [{"segments": [segment("ivr", "12:00:00", "12:00:30") | {"queueId": None}]}],
        },
        {"purpose": "acd", "sessions": [acd]},
    ]
    if answered:
        served = [
            segment("alert", "12:01:00", "12:01:03"),
            segment("interact", "12:01:03", "12:03:03"),
            segment("hold", "12:03:03", "12:04:03"),
            segment("interact", "12:04:03", "12:05:33", disconnectType="peer"),
            segment("wrapup", "12:05:33", "12:05:43"),
        ]
        session = {"mediaType": "voice", "segments": served}
        participants.append({"purpose": "agent", "userId": "u-1", "sessions": [session]})
    return {
        "conversationId": key,
        "conversationStart": "2026-09-20T12:00:00.000Z",
        "conversationEnd": "2026-09-20T12:05:43.000Z",
        "originatingDirection": "inbound",
        "participants": participants,
    }


MAPPING = """\
zone: Europe/Paris
contact: id
columns: {queue: queue, customer: phone, agent: agent, arrived: arrived, answered: answered, talk: talk, left: left}
outcome: {column: how, values: {served: answered, gone: abandoned}}
"""
TABLE = """\
id,queue,phone,agent,arrived,answered,talk,left,how
1,sales,441632960111,Ann,2026-07-16 08:00:00,2026-07-16 08:00:10,120,,served
2,sales,441632960222,,2026-07-16 08:03:20,,,2026-07-16 08:04:50,gone
3,help,441632960222,Bob,2026-07-16 23:59:50,2026-07-17 00:00:20,0:01:30,,served
"""

FORMS = {
    "asterisk": QUEUE_LOG,
    "connect": json.dumps(connect_record())
    + "\n"
    + json.dumps(connect_record(ContactId="b", Agent=None))
    + "\n",
    "genesys": json.dumps({"conversations": [genesys_record(), genesys_record("c2", False, "tAbandon")]}),
    "mapped": TABLE,
}
"""One file of each format."""
