"""Counts by interval from Amazon Connect, Genesys, Calabrio, and from any table by a mapping."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.history.intervals import Intervals
from sim.history.readers import read_log
from sim.history.readers.intervals import read_intervals

START = 1_784_160_000  # 2026-07-16 00:00:00 UTC

CONNECT = """\
QueueName,QueueId,ChannelType,TimeStamp,IntervalDuration,IncomingContactVolume,AverageHandleTime,ContactsHandled
Basic,1,VOICE,2026-07-16T00:00:00Z,15mins,10,200,8
Basic,1,VOICE,2026-07-16T00:15:00Z,15mins,0,0,0
Basic,1,CHAT,2026-07-16T00:15:00Z,15mins,4,300,4
"""
GENESYS = """\
Interval Start UTC Date,Queue,Media Type,Skill Set,Language,Offered,Interactions Handled,Total Handle Time (Seconds)
2026-07-16T00:00:00Z,A,Voice,x,Spanish,16,6,600
2026-07-16T00:00:00.000Z,A,Voice,y,French,4,4,800
"""
CALABRIO = """\
15;20260716;02:00;11;Sales;10;0;2;0;8;80;40;1600;160;30;30;3;7;0;1;1
15;20260716;02:15;11;Sales;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0
"""
MAPPING = """\
zone: Europe/Paris
interval: 30 min
queue: all
stamps: "%d/%m/%Y %H:%M"
intervals: {start: When, offered: Calls, abandoned: Lost, answered: Taken, handle: AHT, wait: ASA}
"""
TABLE = "When;Calls;Lost;Taken;AHT;ASA\n16/07/2026 02:00;12;2;10;3:00;12,5\n16/07/2026 02:30;;;;;\n"
FILES = {"connect": CONNECT, "genesys": GENESYS, "calabrio": CALABRIO, "mapped": TABLE}


def read(folder: Path, form: str, text: str | bytes, mapping: str = MAPPING) -> Intervals:
    (folder / "map.yaml").write_text(mapping)
    path = folder / "counts"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_intervals(
        path, mapping=folder / "map.yaml" if form == "mapped" else None, zone="Europe/Paris"
    )


def test_amazon_gives_a_mean_and_its_channels_are_queues_of_their_own(tmp_path: Path) -> None:
    intervals = read(tmp_path, "connect", CONNECT)
    np.testing.assert_array_equal(intervals.start - START, [0, 900, 900])
    np.testing.assert_array_equal(intervals.handle, [200, np.nan, 300])
    np.testing.assert_array_equal(intervals.offered, [10, 0, 4])
    assert intervals.queues == ("Basic", "Basic (CHAT)") and np.isnan(intervals.abandoned).all()
    assert intervals.second[0] == 7200 and set(intervals.length) == {900}


def test_genesys_gives_totals_which_are_added_up_over_skills(tmp_path: Path) -> None:
    intervals = read(tmp_path, "genesys", GENESYS)
    assert (intervals.offered.tolist(), intervals.answered.tolist(), intervals.handle.tolist()) == (
        [20],
        [10],
        [140],
    )


def test_calabrio_has_no_header_and_stamps_of_the_wall(tmp_path: Path) -> None:
    intervals = read(tmp_path, "calabrio", CALABRIO)
    np.testing.assert_array_equal(intervals.start - START, [0, 900])
    told = [intervals.talk[0], intervals.wrap[0], intervals.handle[0], intervals.wait[0], intervals.within[0]]
    assert told == [200, 20, 220, 10, 7]
    assert intervals.offered.tolist() == [10, 0] and np.isnan(intervals.handle[1])


def test_a_mapping_reads_any_other_and_blank_is_not_zero(tmp_path: Path) -> None:
    text = TABLE.replace("3:00", "0:03:00")
    intervals = read(tmp_path, "mapped", text)
    np.testing.assert_array_equal(intervals.start - START, [0, 1800])
    assert (intervals.handle[0], intervals.wait[0]) == (180, 12.5)
    assert np.isnan([intervals.offered[1], intervals.answered[1], intervals.handle[1]]).all()
    assert read(tmp_path, "mapped", text + text.splitlines()[1]).offered[0] == 12


def test_what_is_no_interval_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds contacts"):
        read(tmp_path, "connect", f"{START}|1|q|x|ABANDON|1|1|5\n")
    with pytest.raises(InputError, match="interval: 30 min"):
        read(tmp_path, "mapped", TABLE, MAPPING.replace("interval: 30 min", ""))
    with pytest.raises(InputError, match="no interval found"):
        read(tmp_path, "mapped", TABLE.replace("16/07/2026", "2026"))
    with pytest.raises(InputError, match="use read_intervals"):
        read_log(tmp_path / "counts", mapping=tmp_path / "map.yaml")


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from(sorted(FILES)),
    st.integers(0, 200),
    st.sampled_from([b"", b"\xff", b'"', b"\n", b",", b";;", b"-9"]),
)
def test_a_spoilt_file_is_read_or_refused_in_one_sentence(
    tmp_path: Path, form: str, at: int, put: bytes
) -> None:
    raw = FILES[form].encode()
    try:
        intervals = read(tmp_path, form, raw[:at] + put + raw[at + 3 :])
    except InputError as problem:
        assert str(problem).isprintable()
    else:
        assert len(intervals) > 0 and not (intervals.offered < 0).any() and not (intervals.handle <= 0).any()
