"""Read call logs of any known format into the tidy table of contacts."""

import os
from dataclasses import replace
from pathlib import Path

from sim.errors import InputError, nearest, shown, under
from sim.history.contacts import Contacts
from sim.history.moments import known_zone
from sim.history.readers.mapping import read_mapping
from sim.history.readers.sources import PARQUET, SQLITE, ZIP, head

FORMATS = ("asterisk", "connect", "genesys", "mapped")
INTERVAL_FORMATS = ("connect forecast", "genesys historical", "calabrio", "mapped intervals")


def read_log(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    mapping: str | os.PathLike[str] | None = None,
    zone: str | None = None,
    identities: str = "hash",
    encoding: str = "utf-8",
) -> Contacts:
    """The contacts of a call log, in order of arrival.

    format: one of FORMATS, found from the file by default. mapping: a YAML file that says which column holds what,
    for tables of any other system. zone: the IANA name of the zone in which days and hours are meant, and in which
    stamps without a zone were written; by default that of the mapping, else UTC. identities: "hash" makes plain
    codes of customers and agents, "keep" keeps their names. InputError, one sentence, for anything wrong.
    """
    from sim.history.readers import asterisk, connect, genesys, mapped

    place = Path(path)
    if identities not in ("hash", "keep"):
        raise InputError(f'identities is "hash" or "keep", not {shown(identities)}')
    said = None if mapping is None else read_mapping(mapping)
    form = format or ("mapped" if said is not None else recognise(place))
    if form in INTERVAL_FORMATS or (said is not None and said.intervals):
        raise InputError("counts by interval, not contacts: use read_intervals", file=str(path))
    if form not in FORMATS:
        raise InputError(f"unknown format {shown(form)}{nearest(form, FORMATS)}: use {', '.join(FORMATS)}")
    with under("zone"):
        where = known_zone(zone or (said.zone if said is not None else None) or "UTC")
    keep = identities == "keep"
    if form != "mapped":
        readers = {"asterisk": asterisk.read, "connect": connect.read, "genesys": genesys.read}
        contacts = readers[form](place, where, keep, encoding)
    elif said is None:
        raise InputError(
            "a table needs a mapping that says which column holds what: give one", file=str(path)
        )
    else:
        contacts = mapped.read(place, said, where, keep, encoding)
    if zone or (said is not None and said.zone):
        return contacts
    remark = "No zone was given: days and hours are those of UTC."
    account = contacts.account
    return replace(contacts, account=replace(account, remarks=(*account.remarks, remark)))


def recognise(path: Path) -> str:
    """The format of a file, of FORMATS or INTERVAL_FORMATS, from its first bytes; an InputError if it is none."""
    start = head(path)
    if start.startswith(SQLITE):
        return "asterisk"
    if start.startswith((ZIP, PARQUET)):
        return "mapped"
    text = start.decode("utf-8-sig", "replace").lstrip()
    first = text.partition("\n")[0]
    columns = {name.strip().strip('"').casefold() for name in first.replace(";", ",").split(",")}
    if text.startswith(("{", "[")):
        return "genesys" if '"conversationId"' in text or '"conversations"' in text else "connect"
    if first.count("|") >= 4:
        return "asterisk"
    if {"callid", "queuename", "event"} <= columns:
        return "asterisk"
    if {"queuename", "incomingcontactvolume"} <= columns:
        return "connect forecast"
    if "interval start utc date" in columns:
        return "genesys historical"
    if not text:
        raise InputError("the file is empty: name a call log", file=str(path))
    if _headerless(first):
        return "calabrio"
    return "mapped"


def _headerless(line: str) -> bool:
    """Whether a line is of Calabrio's queue data: 21 fields that begin with interval, date and time."""
    cells = line.strip().replace(";", ",").split(",")
    return len(cells) == 21 and cells[0].isdigit() and cells[1].isdigit() and ":" in cells[2]
