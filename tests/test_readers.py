"""Call logs of every format become one tidy table; what cannot be read is counted, or refused in one sentence."""

import gzip
import json
import os
import random
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import BASE, FORMS, MAPPING, QUEUE_LOG, TABLE, connect_record, genesys_record

from sim.errors import InputError
from sim.history.contacts import MOMENTS, Contacts, Outcome
from sim.history.readers import FORMATS, read_log, recognise

ROOT = Path(__file__).resolve().parent.parent
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def log(folder: Path, content: str | bytes, name: str = "log", **options: Any) -> Contacts:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_log(path, **options)


def mapped(folder: Path, table: str | bytes, mapping: str = MAPPING, **options: Any) -> Contacts:
    (folder / "map.yaml").write_text(mapping)
    return log(folder, table, "table.csv", mapping=folder / "map.yaml", **options)


def outcomes(contacts: Contacts) -> list[str]:
    return [Outcome(code).name for code in contacts.outcome]


def left_out(contacts: Contacts) -> dict[str, int]:
    return {gone.reason: gone.count for gone in contacts.account.left_out}


def refused(folder: Path, content: str | bytes, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        log(folder, content, **options)
    said = str(caught.value)
    assert "\n" not in said and "log" in said
    return said


# ---- queue_log


def test_a_queue_log_tells_waits_talk_and_how_each_stay_in_a_queue_ended(tmp_path: Path) -> None:
    contacts = log(tmp_path, QUEUE_LOG)
    assert outcomes(contacts) == ["ANSWERED", "ABANDONED", "DIVERTED", "TRANSFERRED", "OPEN"]
    assert [contacts.queues[code] for code in contacts.queue] == ["sales", "sales", "sales", "help", "help"]
    np.testing.assert_array_equal(contacts.arrived - BASE, [0, 200, 300, 360, 405])
    np.testing.assert_array_equal(contacts.wait, [10, 90, 60, 10, 0])
    np.testing.assert_array_equal(contacts.talk, [120, np.nan, np.nan, 30, np.nan])
    assert contacts.customer.tolist() == [0, 1, 1, 1, -1]
    assert [contacts.agents[code] if code >= 0 else "" for code in contacts.agent] == [
        "agent 1",
        "",
        "",
        "agent 2",
        "",
    ]
    assert np.isnan(contacts.wrap).all()
    assert "1, for 5.0 s on average" in str(contacts.account)
    assert left_out(contacts) == {"of other events (PAUSE 1, RINGNOANSWER 1)": 2}


def test_rows_twice_and_out_of_order_change_nothing(tmp_path: Path) -> None:
    lines = QUEUE_LOG.splitlines(keepends=True)
    # rows of one second keep their order: nothing else tells that the call left one queue before it joined the next
    shuffled = lines[5:] + lines[:5] + lines[2:7]
    straight, twice = log(tmp_path, QUEUE_LOG), log(tmp_path, "".join(shuffled))
    for name in (*MOMENTS, "outcome"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(straight, name))
    assert left_out(twice)["twice in the file"] == 4  # and one PAUSE, which is no event of a call


def test_a_call_that_joined_before_the_log_began_is_left_out_and_counted(tmp_path: Path) -> None:
    contacts = log(tmp_path, f"{BASE - 5}|0.9|sales|PJSIP/1|COMPLETECALLER|3|60|1\n" + QUEUE_LOG)
    assert len(contacts) == 5
    assert left_out(contacts)["of calls that joined before the log began"] == 1


def test_a_call_is_open_at_the_end_of_the_log_but_lost_after_a_restart_or_a_day(tmp_path: Path) -> None:
    enter = f"{BASE}|1|q|NONE|ENTERQUEUE||5551|1\n"
    later = f"{BASE + 60}|2|q|NONE|ENTERQUEUE||5552|1\n"
    contacts = log(tmp_path, enter + later)
    assert outcomes(contacts) == ["OPEN", "OPEN"] and contacts.wait.tolist() == [60, 0]
    restarted = log(tmp_path, enter + f"{BASE + 30}|NONE|NONE|NONE|QUEUESTART|\n" + later)
    assert outcomes(restarted) == ["UNKNOWN", "OPEN"] and np.isnan(restarted.left[0])
    a_day_on = log(tmp_path, enter + later.replace(str(BASE + 60), str(BASE + 90_000)))
    assert outcomes(a_day_on) == ["UNKNOWN", "OPEN"]


def test_a_lost_connect_is_made_good_by_the_length_of_the_call(tmp_path: Path) -> None:
    lines = [line for line in QUEUE_LOG.splitlines(keepends=True) if "|CONNECT|" not in line]
    contacts = log(tmp_path, "".join(lines))
    np.testing.assert_array_equal(contacts.wait[[0, 3]], [10, 10])
    np.testing.assert_array_equal(contacts.talk[[0, 3]], [120, 30])


def test_keys_empty_queues_and_refused_joins(tmp_path: Path) -> None:
    rows = [
        f"{BASE}|1|q|NONE|ENTERQUEUE||1|1",
        f"{BASE + 20}|1|q|NONE|EXITWITHKEY|0|1|1|20",
        f"{BASE + 30}|2|q|NONE|ENTERQUEUE||2|1",
        f"{BASE + 70}|2|q|NONE|EXITEMPTY|1|1|40",
        f"{BASE + 80}|3|q|NONE|JOINEMPTY|",
    ]
    contacts = log(tmp_path, "\n".join(rows))
    assert outcomes(contacts) == ["DIVERTED", "DIVERTED", "BLOCKED"]
    np.testing.assert_array_equal(contacts.wait, [20, 40, np.nan])
    assert outcomes(log(tmp_path, rows[-1])) == ["BLOCKED"]
    assert "no contact found" in refused(tmp_path, rows[1])


@pytest.mark.parametrize("form", ["unix", "wall"])
def test_the_table_of_a_database_gives_the_same_as_the_text(tmp_path: Path, form: str) -> None:
    fields = ["time", "callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4", "data5"]
    rows = [(line.split("|") + [""] * 10)[:10] for line in QUEUE_LOG.splitlines()]
    if form == "wall":
        stamps = np.array([int(row[0]) for row in rows], "datetime64[s]") + np.timedelta64(2, "h")
        rows = [[str(stamp).replace("T", " "), *row[1:]] for stamp, row in zip(stamps, rows, strict=True)]
    dump = "\n".join(",".join(row) for row in [fields, *rows])
    base = sqlite3.connect(tmp_path / "base")
    base.execute(f"CREATE TABLE queue_log ({', '.join(fields)})")
    base.executemany("INSERT INTO queue_log VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
    base.commit()
    base.close()
    text = log(tmp_path, QUEUE_LOG, zone="Europe/Paris")
    for other in (log(tmp_path, dump, zone="Europe/Paris"), read_log(tmp_path / "base", zone="Europe/Paris")):
        for name in (*MOMENTS, "outcome", "customer", "agent", "queue"):
            np.testing.assert_array_equal(getattr(other, name), getattr(text, name))


# ---- Amazon Connect


def test_a_connect_record_counts_holding_as_talk_and_says_where_the_wait_ended(tmp_path: Path) -> None:
    gone = connect_record(ContactId="b", Agent=None)
    contacts = log(tmp_path, json.dumps(connect_record()) + json.dumps(gone))  # Firehose writes no line ends
    assert outcomes(contacts) == ["ANSWERED", "ABANDONED"]
    np.testing.assert_array_equal(contacts.wait, [346, 346])
    assert contacts.talk[0] == 460 and contacts.wrap[0] == 5
    assert (contacts.joined - contacts.arrived).tolist() == [107, 107]


def test_durations_stand_in_where_connect_gives_no_stamp_and_nothing_is_made_zero(tmp_path: Path) -> None:
    agent = connect_record()["Agent"]
    bare = {key: value for key, value in agent.items() if not key.startswith("AfterContactWork")}
    contacts = log(tmp_path, json.dumps(connect_record(Agent=bare)))
    assert contacts.talk[0] == 460 and np.isnan(contacts.wrap[0])
    del bare["AgentInteractionDuration"]
    assert np.isnan(log(tmp_path, json.dumps(connect_record(Agent=bare))).talk[0])


def test_of_records_delivered_twice_the_last_update_stands(tmp_path: Path) -> None:
    first = connect_record(LastUpdateTimestamp="2022-01-05T17:30:00Z", Agent=None)
    last = connect_record(LastUpdateTimestamp="2022-01-11T03:41:32Z")
    for order in ([first, last], [last, first]):
        contacts = log(tmp_path, "\n".join(map(json.dumps, order)))
        assert outcomes(contacts) == ["ANSWERED"]
        assert left_out(contacts) == {"delivered again later": 1}


def test_calls_that_no_customer_waits_for_are_left_out_and_transfers_told(tmp_path: Path) -> None:
    records = [
        connect_record(TransferCompletedTimestamp="2022-01-05T17:28:12Z"),
        connect_record(ContactId="b", InitiationMethod="OUTBOUND"),
        connect_record(ContactId="c", Queue=None),
        connect_record(ContactId="d", Agent=None, NextContactId="e"),
        connect_record(ContactId="e", Agent=None, Channel="CHAT"),
    ]
    contacts = log(tmp_path, "\n".join(map(json.dumps, records)))
    assert outcomes(contacts) == ["TRANSFERRED", "DIVERTED", "ABANDONED"]
    assert [contacts.queues[code] for code in contacts.queue] == ["Fridges", "Fridges", "Fridges (chat)"]
    assert left_out(contacts) == {"that no customer waited for (OUTBOUND)": 1, "that joined no queue": 1}


# ---- Genesys


@pytest.mark.parametrize("written", ["page", "lines", "list", "indented"])
def test_a_genesys_conversation_is_menu_queue_talk_with_hold_and_wrap_up(
    tmp_path: Path, written: str
) -> None:
    records = [
        genesys_record(),
        genesys_record("c2", False, "tAbandon"),
        genesys_record("c3", False, "tFlowOut"),
    ]
    text = {
        "page": json.dumps({"conversations": records[:1]})
        + json.dumps({"conversations": records[1:], "totalHits": 3}),
        "lines": "\n".join(map(json.dumps, records)),
        "list": json.dumps(records),
        "indented": json.dumps({"totalHits": 3, "conversations": records}, indent=2),
    }[written]
    contacts = log(tmp_path, text)
    assert outcomes(contacts) == ["ANSWERED", "ABANDONED", "DIVERTED"]
    assert (contacts.joined - contacts.arrived).tolist() == [30, 30, 30]
    np.testing.assert_array_equal(contacts.wait, [33, 33, 33])
    assert (contacts.talk[0], contacts.wrap[0], contacts.customers) == (270, 10, 1)
    assert contacts.account.rows == 3 and not contacts.account.left_out


def test_a_broken_record_is_counted_with_its_line_and_the_next_ones_are_read(tmp_path: Path) -> None:
    lines = [json.dumps(genesys_record(f"c{number}")) for number in range(4)]
    lines[1] = lines[1][:300]
    contacts = log(tmp_path, "\n".join(lines) + "\n" + lines[0][:50])
    assert len(contacts) == 3
    (gone,) = contacts.account.left_out
    assert (gone.reason, gone.count, gone.line) == ("that are no whole JSON records", 2, 2)


# ---- any table by a mapping


def test_a_mapping_says_which_column_holds_what_and_midnight_is_no_end(tmp_path: Path) -> None:
    contacts = mapped(tmp_path, TABLE)
    assert outcomes(contacts) == ["ANSWERED", "ABANDONED", "ANSWERED"]
    np.testing.assert_array_equal(contacts.wait, [10, 90, 30])
    np.testing.assert_array_equal(contacts.talk, [120, np.nan, 90])
    assert contacts.second[0] == 8 * 3600  # 08:00 in Paris
    assert contacts.arrived[0] == BASE + 6 * 3600
    assert contacts.day[2] == contacts.day[0]


def test_the_same_table_in_other_dress(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    plain = mapped(tmp_path, TABLE)
    book = openpyxl.Workbook()
    for line in TABLE.splitlines():
        book.active.append([cell or None for cell in line.split(",")])
    book.save(tmp_path / "table.xlsx")
    others = [
        mapped(tmp_path, "\ufeff" + TABLE),
        mapped(tmp_path, TABLE.replace(",", ";").replace("120", "120,0")),
        mapped(tmp_path, TABLE.replace("\n", ",\r\n").replace("how,", "how")),
        mapped(tmp_path, gzip.compress(TABLE.encode())),
        mapped(tmp_path, TABLE.replace("sales", '"sales"') + "\n\n"),
        mapped(
            tmp_path,
            TABLE.replace(" 08", "T08").replace("sales", "vérité").encode("latin-1"),
            encoding="latin-1",
        ),
        read_log(tmp_path / "table.xlsx", mapping=tmp_path / "map.yaml"),
    ]
    for other in others:
        for name in (*MOMENTS, "outcome", "queue", "customer", "agent"):
            np.testing.assert_array_equal(getattr(other, name), getattr(plain, name))


def test_stamps_of_the_day_go_past_midnight(tmp_path: Path) -> None:
    mapping = """
zone: UTC
stamps: time of day
date: {column: day, pattern: "%d.%m.%Y"}
queue: all
columns: {arrived: came, answered: taken, talk_end: {column: over, unknown: "-"}}
"""
    contacts = mapped(
        tmp_path,
        "day,came,taken,over\n15.07.2026,23:59:50,0:00:10,00:02:00\n16.07.2026,8:00,8:01,-\n",
        mapping,
    )
    np.testing.assert_array_equal(contacts.arrived - BASE, [-10, 8 * 3600])
    np.testing.assert_array_equal(contacts.wait, [20, 60])
    np.testing.assert_array_equal(contacts.talk, [110, np.nan])
    assert "no outcome" in str(contacts.account)


def test_the_hour_that_comes_twice_is_told_by_the_order_of_rows(tmp_path: Path) -> None:
    stamps = ["01:50:00", "02:10:00", "02:55:00", "02:05:00", "02:58:00", "03:01:00"]
    rows = [f"{place},sales,,,2026-10-25 {stamp},,,," for place, stamp in enumerate(stamps)]
    header = TABLE.splitlines()[0]
    contacts = mapped(tmp_path, "\n".join([header, *rows]))
    minutes = ((contacts.arrived - contacts.arrived[0]) / 60).tolist()
    assert minutes == [0, 20, 65, 75, 128, 131]
    assert "came twice" not in str(contacts.account)
    unsure = mapped(tmp_path, "\n".join([header, *rows[:3]]))
    assert "2 stamps stand in an hour that came twice" in str(unsure.account)
    spring = mapped(
        tmp_path,
        "\n".join([header, "1,sales,,,2026-03-29 02:30:00,,,,", "2,sales,,,2026-03-29 03:40:00,,,,"]),
    )
    assert np.diff(spring.arrived).tolist() == [600]
    assert "1 stamps stand in an hour that the clocks left out" in str(spring.account)


def test_an_answer_in_the_hour_that_comes_twice_follows_its_arrival(tmp_path: Path) -> None:
    rows = [
        "1,sales,,,2026-10-25 02:59:50,2026-10-25 02:00:20,60,,served",
        "2,sales,,,2026-10-25 03:30:00,,,,",
    ]
    contacts = mapped(tmp_path, "\n".join([TABLE.splitlines()[0], *rows]))
    assert contacts.wait[0] == 30


def test_what_a_table_holds_wrong_is_counted_by_reason(tmp_path: Path) -> None:
    wrong = [
        "4,sales,,Ann,1926-07-16 08:00:00,,,,gone",
        "5,sales,,Ann,2226-07-16 08:00:00,,,,gone",
        "6,sales,,Ann,yesterday,,,,gone",
        "7,sales,,Ann,2026-07-16 08:00:00,2026-07-16 07:00:00,5,,served",
        "8,sales,,Ann,2026-07-16 08:00:00,2026-07-16 08:00:01,-5,,served",
        "9,sales,Ann,2026-07-16 08:00:00",
        "1,sales,441632960111,Ann,2026-07-16 08:00:00,2026-07-16 08:00:12,120,,served",
    ]
    good = [f"{number},sales,,,2026-07-16 09:00:{number},,,,gone" for number in range(20, 40)]
    contacts = mapped(tmp_path, TABLE + "\n".join(good + wrong))
    assert len(contacts) == 23 and contacts.account.rows == 30
    assert left_out(contacts) == {
        "with a date before 1990 or after next year": 2,
        "with arrived that cannot be read": 1,
        "whose moments run backwards": 1,
        "with talk that cannot be read": 1,
        "with a wrong number of cells": 1,
        "of a contact that stands again later": 1,
    }
    assert contacts.wait[0] == 12


def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="most of its 3 rows make no sense"):
        mapped(tmp_path, TABLE.replace("2026-07-16 08", "1926-07-16 08"))
    with pytest.raises(InputError, match="no contact found in 3 rows"):
        mapped(tmp_path, TABLE.replace("2026", "1926"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("arrived: arrived,", "arrived: arived,"), 'no column "arived" \\(did you mean "arrived"\\?\\)'),
        (("columns:", "colums:"), 'line 3: colums: unknown key \\(did you mean "columns"\\?\\)'),
        (
            ("Europe/Paris", "Europe/Pariss"),
            'unknown time zone "Europe/Pariss" \\(did you mean "Europe/Paris"\\?\\)',
        ),
        (("gone: abandoned", "gone: abandonned"), 'unknown outcome "abandonned"'),
        (("arrived: arrived, ", ""), "arrived is missing"),
        (("queue: queue, ", ""), "queue is missing"),
        (("zone:", "stamps: epoch\nzone:"), 'line 1: stamps: unknown form "epoch"'),
        (
            ("queue: queue", "queue: {column: queue, values: [a]}"),
            "columns.queue.values: .*is no mapping: write",
        ),
        (("queue: queue", "queue: {column: queue, values: {a: ''}}"), "a name is missing"),
        (("agent: agent", "agent: {column: agent, values: {a: b}}"), "columns.agent.values: unknown key"),
        (
            ("contact: id", "leave_out: {why: tests}"),
            "leave_out, item 1: needs why and when|leave_out.*needs why and when",
        ),
    ],
)
def test_a_mistake_in_a_mapping_is_one_sentence_with_its_place(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        mapped(tmp_path, TABLE, MAPPING.replace(*change))


def test_cells_are_renamed_and_classes_are_read(tmp_path: Path) -> None:
    columns = "queue: {column: queue, values: {sales: Verkauf}}, class: {column: agent, unknown: Bob, values: {Ann: A}}"
    contacts = mapped(tmp_path, TABLE, MAPPING.replace("queue: queue", columns))
    assert contacts.queues == ("Verkauf", "help")
    assert contacts.kinds == ("A",)
    assert contacts.kind.tolist() == [0, -1, -1]
    assert list(contacts.frame()["class"].astype(object).fillna("")) == ["A", "", ""]
    assert "class" not in mapped(tmp_path, TABLE).frame()
    unmet = columns.replace("{Ann: A}", "{Ann: A, 1: gold}")  # where the file says 1.0
    account = str(mapped(tmp_path, TABLE, MAPPING.replace("queue: queue", unmet)).account)
    assert 'Of the values of class, none of these stands in the file: "1".' in account


def test_a_column_with_too_many_names_is_no_class(tmp_path: Path) -> None:
    table = "\n".join([TABLE.splitlines()[0], *(f"{n},q,,,2026-07-16 08:00:00,,,,gone" for n in range(60))])
    with pytest.raises(InputError, match='column "id" holds 60 names of classes, at most 50'):
        mapped(tmp_path, table, MAPPING.replace("queue: queue", "queue: queue, class: id"))


# ---- files of any format


def test_formats_are_recognised(tmp_path: Path) -> None:
    for form, text in FORMS.items():
        (tmp_path / "log").write_text(text)
        assert recognise(tmp_path / "log") == form
        (tmp_path / "log").write_bytes(gzip.compress(text.encode()))
        assert recognise(tmp_path / "log") == form


def test_files_that_are_no_log_are_refused_in_one_sentence(tmp_path: Path) -> None:
    assert "line 2" in refused(tmp_path, QUEUE_LOG.splitlines()[0].encode() + b"\n1|2|caf\xe9|x|ABANDON|1\n")
    assert "latin-1" in refused(tmp_path, b"\xe9|1|q|x|ABANDON|1|1|1\n")
    assert "UTF-16" in refused(tmp_path, QUEUE_LOG.encode("utf-16"))
    assert "empty" in refused(tmp_path, "")
    assert "needs a mapping" in refused(tmp_path, TABLE)
    assert "gzip file is damaged" in refused(tmp_path, gzip.compress(QUEUE_LOG.encode())[:-9])
    assert "no contact found" in refused(tmp_path, f"{BASE}|NONE|q|x|PAUSE|\n")
    assert "read_intervals" in refused(tmp_path, "QueueName,IncomingContactVolume\n")
    assert "unknown encoding" in refused(tmp_path, QUEUE_LOG, encoding="klingon")
    with pytest.raises(InputError, match=r"needs pyarrow|a damaged Parquet file"):
        mapped(tmp_path, b"PAR1 and no more")
    with pytest.raises(InputError, match="a damaged workbook"):
        mapped(tmp_path, b"PK\x03\x04 and no more")
    with pytest.raises(InputError, match="no such file"):
        read_log(tmp_path / "nothing")


def test_identities_are_codes_unless_they_are_asked_for(tmp_path: Path) -> None:
    for form, text in FORMS.items():
        options: dict[str, Any] = {}
        if form == "mapped":
            (tmp_path / "map.yaml").write_text(MAPPING)
            options = {"mapping": tmp_path / "map.yaml"}
        shown = log(tmp_path, text, **options).frame().to_csv()
        kept = log(tmp_path, text, identities="keep", **options).frame().to_csv()
        assert "441632960111" not in shown and "441632960111" in kept
        for agent in ("PJSIP/201", "57db30ae", "u-1", "Ann"):
            assert agent not in shown
        assert "agent 1" in shown and "agent 1" not in kept
        assert shown == log(tmp_path, text, **options).frame().to_csv(), (
            "the codes change from reading to reading"
        )


# ---- whatever is in the file


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, bytes]:
    """A log of some format with bytes changed, cut out, doubled or put in."""
    form = draw(st.sampled_from(FORMATS))
    raw = FORMS[form].encode()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        end = draw(st.integers(at, min(len(raw), at + 40)))
        kind = draw(st.integers(0, 3))
        put = draw(
            st.sampled_from(
                [b"", b"\n", b"|", b",", b'"', b"\x00", b"\xff", b"{", b"9" * 30, b"-1", "é😀".encode()]
            )
        )
        raw = [raw[:at], raw[:at] + put + raw[end:], raw[:end] + raw[at:], raw[:at] + put + raw[at:]][kind]
    return form, raw


@QUICK
@given(spoilt())
def test_a_spoilt_log_is_read_with_an_account_or_refused_in_one_sentence(
    tmp_path: Path, case: tuple[str, bytes]
) -> None:
    form, raw = case
    try:
        contacts = mapped(tmp_path, raw) if form == "mapped" else log(tmp_path, raw, format=form)
    except InputError as problem:
        assert str(problem).isprintable()
        return
    assert_sound(contacts)


@QUICK
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=6), st.sampled_from(FORMATS))
def test_any_text_is_refused_in_one_sentence(tmp_path: Path, lines: list[str], form: str) -> None:
    text = "\n".join(lines)
    try:
        contacts = mapped(tmp_path, text) if form == "mapped" else log(tmp_path, text, format=form)
    except InputError as problem:
        assert str(problem).isprintable()
    else:
        assert_sound(contacts)


def assert_sound(contacts: Contacts) -> None:
    """What every table holds to."""
    assert len(contacts) == contacts.account.contacts > 0
    assert (np.diff(contacts.arrived) >= 0).all() and (contacts.arrived > 6e8).all()
    for duration in (contacts.wait, contacts.talk, contacts.wrap):
        assert not (duration < 0).any()
    served = np.isin(contacts.outcome, [Outcome.ANSWERED, Outcome.TRANSFERRED, Outcome.OPEN])
    assert served[~np.isnan(contacts.answered)].all()
    assert np.isnan(contacts.left[contacts.was_answered]).all()
    for codes, names in ((contacts.queue, contacts.queues), (contacts.agent, contacts.agents)):
        assert codes.max() < len(names)
    assert contacts.customer.max() < contacts.customers or contacts.customers == 0
    assert str(contacts.account).isprintable()


@pytest.mark.parametrize("rows", [5000])
def test_a_long_log_in_pieces_is_the_same_as_in_one(
    tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(1)
    lines = []
    for call in range(rows // 3):
        joined = BASE + 7 * call
        lines.append(f"{joined}|{call}|q{call % 3}|NONE|ENTERQUEUE||{rng.randrange(99)}|1")
        lines.append(f"{joined + 20}|{call}|q{call % 3}|a{call % 5}|CONNECT|20|x|1")
        lines.append(f"{joined + 80}|{call}|q{call % 3}|a{call % 5}|COMPLETECALLER|20|60|1")
    lines.sort(key=lambda line: int(line.split("|")[0]))
    whole = log(tmp_path, "\n".join(lines))
    monkeypatch.setattr("sim.history.readers.asterisk.BLOCK", 10_000)
    pieces = log(tmp_path, "\n".join(lines))
    assert len(whole) == rows // 3
    for name in (*MOMENTS, "outcome", "customer", "agent", "queue"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


# ---- a real log


def test_the_anonymous_bank_is_read_by_its_example_mapping() -> None:
    folder = os.environ.get("CCSIM_DATA")
    path = Path(folder or "", "anonymous_bank", "calls_1999_jan_feb.csv.gz")
    if not folder or not path.is_file():
        pytest.skip("CCSIM_DATA does not name a folder with anonymous_bank/calls_1999_jan_feb.csv.gz")
    contacts = read_log(path, mapping=ROOT / "configs" / "maps" / "anonymous_bank.yaml")
    assert (contacts.account.rows, len(contacts), contacts.customers, len(contacts.agents)) == (
        64943,
        61286,
        5770,
        29,
    )
    assert left_out(contacts) == {"phantom calls": 518, "callers who never queued": 3139}
    assert np.bincount(contacts.outcome).tolist() == [54222, 0, 7064]
    assert int(np.sum(contacts.wait[contacts.was_answered] == 0)) == 26541
    assert contacts.zone == "Asia/Jerusalem" and np.unique(contacts.day).size == 57
