"""Columns come from CSV and XLSX files number by number, and what is blank or out of step is refused."""

# ruff: noqa: E501 (a table of cases reads best with one on a line)

import datetime
import io
import re
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.scenario.files import column, roster, values
from sim.scenario.tables import table
from sim.scenario.weeks import Grid

OPENS, HALF_HOUR = 8 * 3600.0, 1800.0
GOOD = "Time,support,sales\n08:00,31,1\n08:30,44.5,2\n09:00,52,3\n"


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def csv(folder, text, name="v.csv"):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def xlsx(folder, *rows, name="v.xlsx", **sheets):
    book = openpyxl.Workbook()
    book.active.title = "Mon"
    for row in rows:
        book.active.append(row)
    for title, lines in sheets.items():
        page = book.create_sheet(title)
        for row in lines:
            page.append(row)
    book.save(folder / name)


def got(folder, file="v.csv", name="support", count=3, **spec):
    return column(folder, {"file": file, "column": name, **spec}, Grid(OPENS, HALF_HOUR, count))


def refusal(folder, *args, **options):
    with pytest.raises(InputError) as caught:
        got(folder, *args, **options)
    message = str(caught.value)
    assert message.isprintable()
    return message


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD + "\n,,\n\n",
        "Time;support\n08:00;31\n08:30;44,5\n09:00;52\n",
        '"Time";"support"\n"08:00";"31"\n"08:30";"44.5"\n"09:00";"5,2e1"\n',
        "support\n31\n44.5\n52",
        " support , x\n31,\n44.5,\n52,\n",
        '"a, b";support\n1;31\n1;44,5\n1;52\n',
        "Time,support\n08:00-08:30,31\n08:30 – 09:00,44.5\n09:00-09:30,52\n",
        "interval,support\n2026-01-05 08:00,31\n2026-01-05T08:30:00,44.5\n2026-01-05 09:00,52\n",
    ],
)
def test_a_column_of_csv_is_read_however_a_spreadsheet_wrote_it(folder, text):
    csv(folder, text)
    assert got(folder) == [31, 44.5, 52]


@pytest.mark.parametrize(
    "times",
    [
        ["08:00", "08:30", "09:00"],
        [datetime.time(8), datetime.time(8, 30), datetime.time(9)],
        [datetime.datetime(2026, 1, 5, 8 + i // 2, 30 * (i % 2)) for i in range(3)],
        [datetime.timedelta(hours=8 + i / 2) for i in range(3)],
    ],
)
def test_a_column_of_xlsx_is_read_with_times_as_text_or_as_times(folder, times):
    xlsx(
        folder,
        ["Time", "support"],
        *[[t, n] for t, n in zip(times, [31, 44.5, 52], strict=True)],
        [None, None],
    )
    assert got(folder, "v.xlsx") == [31, 44.5, 52]


def test_a_workbook_of_several_sheets_needs_the_name_of_one(folder):
    xlsx(folder, ["support"], [1], [2], [3], Tue=[["support"], [4], [5], [6]])
    assert got(folder, "v.xlsx", sheet="Tue") == [4, 5, 6]
    assert 'v.xlsx has 2 sheets ("Mon", "Tue"): say which one with "sheet"' in refusal(folder, "v.xlsx")
    assert 'has no sheet "tue" (did you mean "Tue"?): it has "Mon", "Tue"' in refusal(
        folder, "v.xlsx", sheet="tue"
    )


def test_times_may_run_over_midnight_by_clock_or_by_date(folder):
    clock = ["22:00", "24:00", "02:00"]
    dated = ["2026-01-05 22:00", "2026-01-06 00:00", "2026-01-06 02:00"]
    for times in (clock, dated):
        csv(folder, "start,n\n" + "".join(f"{t},1\n" for t in times))
        assert column(folder, {"file": "v.csv", "column": "n"}, Grid(79200, 7200, 3)) == [1, 1, 1]
    days = [f"{hour:02d}:00" for _ in range(7) for hour in range(0, 24, 6)]
    csv(folder, "start,n\n" + "".join(f"{t},1\n" for t in days))
    assert len(column(folder, {"file": "v.csv", "column": "n"}, Grid(0, 21600, 28))) == 28


WEEK = Grid(0, 21600, 28, starts=2)  # from Wednesday midnight
NAMES = ("Wed", "thu", "Friday", "sat", "sun", "mon", "tue")


def of_week(folder, times, grid=WEEK):
    csv(folder, "Time,n\n" + "".join(f"{time},{n}\n" for n, time in enumerate(times)))
    return column(folder, {"file": "v.csv", "column": "n"}, grid)


def test_the_times_of_a_week_may_name_weekdays_or_dates(folder):
    clocks = ["00:00", "06:00", "12:00", "18:00"]
    weekdays = [f"{name} {clock}" for name in NAMES for clock in clocks]
    spans = [f"{name} {clock}-{int(clock[:2]) + 6:02d}:00" for name in NAMES for clock in clocks]
    dates = [f"2026-01-{day:02d} {clock}" for day in range(7, 14) for clock in clocks]
    for times in (weekdays, spans, dates, ["wed 00:00", "06:00", *dates[2:]]):
        assert of_week(folder, times) == list(range(28))
    two = Grid(0, 43200, 28, starts=2)
    twice = [f"{name} {clock}" for name in 2 * NAMES for clock in clocks[::2]]
    assert of_week(folder, twice, two) == list(range(28))
    night = Grid(79200, 7200, 3, starts=6)
    assert of_week(folder, ["sun 22:00", "sun 24:00", "mon 02:00"], night) == [0, 1, 2]
    moments = [datetime.datetime(2026, 1, 7) + index * datetime.timedelta(hours=6) for index in range(28)]
    xlsx(folder, ["Time", "n"], *([moment, index] for index, moment in enumerate(moments)))
    assert column(folder, {"file": "v.xlsx", "column": "n"}, WEEK) == list(range(28))


@pytest.mark.parametrize(
    ("times", "grid", "said"),
    [
        (["wed 00:00", "thu 06:00"], WEEK, 'row 3: "thu 06:00" stands where wed 06:00 is expected: the horizon starts at wed 00:00 and'),
        (["mon 00:00"], WEEK, 'row 2: "mon 00:00" stands where wed 00:00 is expected'),
        (["wed 00:00"], Grid(0, 21600, 28), 'row 2: "wed 00:00" names a weekday, and the scenario does not say on which one it begins: add'),
        (["mon-fri 00:00"], WEEK, 'row 2: "mon-fri 00:00" names several days: write one row for each, as in mon 08:00'),
        (["wend 00:00"], WEEK, 'row 2: "wend" is not a weekday (did you mean "wed"?)'),
        (["2026-01-06 00:00"], WEEK, 'row 2: "2026-01-06 00:00" is of a tue, where wed is expected: check starts'),
        (["wed 00:00", "2026-01-08 06:00"], WEEK, 'row 3: "2026-01-08 06:00" is of a thu, where wed is expected'),
        (["2026-01-07 00:00", "2026-01-08 06:00"], WEEK, 'row 3: "2026-01-08 06:00" stands where wed 06:00 is expected'),
        (["wed 00:00"], WEEK, "ends before the row for wed 06:00: the horizon starts at wed 00:00 and steps by 6 h, in 28"),
    ],
)  # fmt: skip
def test_a_time_on_another_day_of_the_week_is_refused_with_its_row(folder, times, grid, said):
    with pytest.raises(InputError) as caught:
        of_week(folder, times, grid)
    assert str(caught.value).startswith('v.csv, column "Time"') and said in str(caught.value)


def test_a_repeated_date_is_not_taken_for_the_next_day(folder):
    csv(folder, "start,n\n2026-01-05 22:00,1\n2026-01-05 00:00,1\n")
    with pytest.raises(InputError, match=r"row 3: .* stands where 24:00 is expected"):
        column(folder, {"file": "v.csv", "column": "n"}, Grid(79200, 7200, 2))


def test_a_time_column_is_found_by_its_name_or_given(folder):
    csv(folder, "n,when\n1,08:00\n2,09:00\n3,09:30\n")
    assert got(folder, name="n") == [1, 2, 3]
    said = 'v.csv, column "when", row 3: "09:00" stands where 08:30 is expected: the horizon starts at 08:00'
    assert said in refusal(folder, name="n", time="when")
    csv(folder, "Time\n1\n2\n3\n")
    assert got(folder, name="Time") == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("08:00", "07:30"), 'column "Time", row 2: "07:30" stands where 08:00 is expected'),
        (GOOD.replace("09:00", "08:30"), 'row 4: "08:30" stands where 09:00 is expected: the horizon starts'),
        (GOOD.replace("09:00", "09:30"), "and steps by 30 min"),
        (GOOD.replace("09:00", "9 am"), 'row 4: "9 am" is not a clock time'),
        (GOOD.replace("08:30", ""), "row 3: the time is blank"),
        (GOOD.replace("09:00", "2026-01-05T09:00+01:00"), "is not a time"),
        (GOOD + "09:30,1,1\n", 'row 5: "09:30" is after the last of 3 intervals'),
        ("Time,support\n08:00,31\n", "ends before the row for 08:30"),
        ("Time,support\n", "ends before the row for 08:00"),
        (
            "support\n1\n2\n",
            "v.csv has 2 rows under the header, the horizon 3 intervals of 30 min from 08:00",
        ),
        ("support\n1\n2\n3\n4\n", "v.csv has 4 rows"),
        (
            "support,x\n1,\n,1\n3,\n",
            'column "support", row 3: the cell is blank: a blank is not 0, write a number',
        ),
        ("support,x\n1,\n\n3,\n", "row 3: the cell is blank"),
        ("x,support\n1,1\n1\n1,3\n", "row 3: the cell is blank"),
        ("support\n1\nmany\n3\n", 'row 3: "many" is not a number: write one such as 12 or 12.5'),
        ("support;x\n1;\nmany;\n3;\n", "write one such as 12 or 12,5"),
        ("support\n1\nnan\n3\n", 'row 3: "nan" is not a number'),
        ("support\n1\n1e999\n3\n", "row 3: .inf is not a finite number"),
        ("support\n1\n40 s\n3\n", 'row 3: "40 s" is not a number'),
        ('support\n1\n"1,500"\n3\n', 'row 3: "1,500" is not a number'),
        ("support;x\n1;\n1.500;\n3;\n", '"1.500" may be 1500 or 1,500'),
        ("support;x\n1;\n1.500,5;\n3;\n", '"1.500,5" is not a number'),
        (
            "support\n1\n2,5\n3\n",
            'row 3 has more cells than the header has columns (1): a decimal comma needs ";"',
        ),
        ("support,x,support\n1,2,3\n", 'two columns "support" (1 and 3): rename one of them'),
        ("suport\n1\n2\n3\n", 'v.csv has no column "support" (did you mean "suport"?): it has "suport"'),
        ("support\tx\n1\t2\n", "has its columns separated by tabs"),
        ('support\n"1\n2\n', "is not CSV"),
        ("", "has no header"),
        ("\n1\n2\n", "has no header"),
        (b"support\n1\n\xe9\n", "v.csv, row 3: the file is not UTF-8 (byte 0xe9)"),
        ("support\n1\n".encode("utf-16"), "looks like UTF-16"),
        (b"support\n1\n\x00\n", "NUL"),
        (b"\xd0\xcf\x11\xe0 old", "protected by a password or in the old XLS format: save it as plain XLSX"),
        (b"PK\x03\x04 broken", "cannot be read as XLSX: save it again"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_its_row(folder, text, said):
    csv(folder, text)
    message = refusal(folder)
    assert message.startswith("v.csv")
    assert said in message


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (None, 'v.xlsx, column "support", row 3: the cell is blank, or a formula that was never calculated'),
        ("=1+1", "a formula that was never calculated"),
        ("12 calls", '"12 calls" is not a number'),
        ("#DIV/0!", '"#DIV/0!" is not a number'),
        (True, "true is not a number"),
        (datetime.time(0, 4), '"00:04:00" is not a number: format the cell as a number'),
        (datetime.datetime(2026, 1, 5), '"2026-01-05 00:00:00" is not a number'),
    ],
)
def test_a_cell_of_a_workbook_that_is_no_number_is_refused(folder, cell, said):
    xlsx(folder, ["support"], [1], [cell], [3])
    assert said in refusal(folder, "v.xlsx")


def test_a_number_in_a_time_column_of_a_workbook_is_refused(folder):
    xlsx(folder, ["Time", "support"], [0.3333, 1], [0.35, 2], [0.375, 3])
    assert 'column "Time", row 2: 0.3333 is not a time' in refusal(folder, "v.xlsx")


def test_a_file_that_is_missing_or_no_file_is_named(folder):
    csv(folder, GOOD)
    assert 'w.csv: no such file (did you mean "v.csv"?)' in refusal(folder, "w.csv")
    (folder / "sub").mkdir()
    assert "sub: cannot be read" in refusal(folder, "sub")
    assert "cannot be read" in refusal(folder, "a\0b.csv")
    csv(folder, GOOD, name="fake.xlsx")
    assert "fake.xlsx is not a workbook, or a damaged one" in refusal(folder, "fake.xlsx")


def test_a_damaged_workbook_is_refused(folder):
    xlsx(folder, ["support"], [1], [2], [3])
    raw = (folder / "v.xlsx").read_bytes()
    (folder / "cut.xlsx").write_bytes(raw[: len(raw) // 2])
    assert "save it again as XLSX or CSV" in refusal(folder, "cut.xlsx")
    with zipfile.ZipFile(folder / "v.xlsx") as good, zipfile.ZipFile(folder / "bad.xlsx", "w") as bad:
        for name in good.namelist():
            bad.writestr(name, b"<broken" if "sheet1" in name else good.read(name))
    assert "save it again as XLSX or CSV" in refusal(folder, "bad.xlsx")
    with zipfile.ZipFile(folder / "other.xlsx", "w") as other:
        other.writestr("readme.txt", "no workbook")
    assert "cannot be read as XLSX" in refusal(folder, "other.xlsx")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"column": "support"}, '"file" is missing: name a CSV or XLSX file'),
        ({"file": "v.csv"}, '"column" is missing: name a column of v.csv; it has "Time", "support", "sales"'),
        ({"file": 3, "column": "support"}, "file must be text, not 3"),
        ({"file": "v.csv", "colum": "x"}, 'unknown key "colum" (did you mean "column"?)'),
        ({"file": "v.csv", "column": "support", "time": "Tim"}, 'no column "Tim" (did you mean "Time"?)'),
        ({"file": "v.csv", "column": "support", "sheet": "Mon"}, "is a CSV file and has no sheet"),
    ],
)
def test_a_mistake_in_the_keys_is_refused(folder, spec, said):
    csv(folder, GOOD)
    with pytest.raises(InputError) as caught:
        column(folder, spec, Grid(OPENS, HALF_HOUR, 3))
    assert said in str(caught.value)


def test_all_values_of_a_column_are_read_for_an_empirical_distribution(folder):
    csv(folder, "talk;x\n1,5;\n2;\n")
    assert values(folder, {"file": "v.csv", "column": "talk"}) == [1.5, 2]
    csv(folder, "talk\n")
    with pytest.raises(InputError, match="has no rows under its header"):
        values(folder, {"file": "v.csv", "column": "talk"})


def test_a_table_is_the_header_and_rows_as_wide_as_it(folder):
    csv(folder, 'a,b,\n"x\ny",2\n3\n,,\n')
    assert table(folder / "v.csv") == (["a", "b"], [["x\ny", "2"], ["3", ""]])
    xlsx(folder, ["a", 2026, None], [1, "x"], [None, datetime.time(8)], [None])
    assert table(folder / "v.xlsx") == (["a", "2026"], [[1, "x"], [None, datetime.time(8)]])


lines = st.lists(
    st.sampled_from(["support", "Time", "08:00", "1", "", ",", ";", "\n", '"', "1,5", "\r", "\t"])
)


@given(st.binary() | st.text().map(str.encode) | lines.map(lambda parts: "".join(parts).encode()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_become_numbers_or_one_sentence(folder, raw):
    csv(folder, raw)
    try:
        assert len(got(folder, count=1)) == 1
    except InputError as problem:
        assert str(problem).isprintable()


ROSTER = "agent,group,start,end,break start,break end,day\n"


def test_a_roster_is_read_shift_by_shift_from_csv_and_xlsx(folder):
    csv(folder, ROSTER + "Ann,front,08:00,16:00,12:00,12:30,mon\n,,,,,,\n7,back,22:00,6:00,,,2\n")
    rows = (
        ["Agent", "Group", "Start", "End", "Break start", "Break end", "Day"],
        ["Ann", "front", datetime.time(8), datetime.time(16), datetime.time(12), "12:30", "mon"],
        [],
        [7.0, "back", datetime.timedelta(hours=22), datetime.time(6), None, None, 2],
    )
    xlsx(folder, *rows)
    for file in ("v.csv", "v.xlsx"):
        ann = {"agent": "Ann", "start": "08:00", "end": "16:00", "breaks": ["12:00-12:30"], "day": "mon"}
        bob = {"agent": "7", "start": "22:00", "end": "06:00", "breaks": [], "day": 2}
        assert roster(folder, {"file": file}) == [
            (f"{file}, row 2", "front", ann),
            (f"{file}, row 4", "back", bob),
        ]


def test_a_roster_may_have_several_breaks_and_no_day(folder):
    csv(
        folder,
        "agent;group;start;end;break start;break end;break start 2;break end 2\n"
        "Ann;a;08:00;16:00;10:00;10:15;12:00;12:30\nBob;a;08:00;16:00;;;12:00;12:30\n",
    )
    found = [row["breaks"] for _, _, row in roster(folder, {"file": "v.csv"})]
    assert found == [["10:00-10:15", "12:00-12:30"], ["12:00-12:30"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agent,group,end\nAnn,a,16:00\n", 'v.csv has no column "start": it has "agent", "group"'),
        (ROSTER.replace("break start", "brake start"), 'v.csv has a column "brake start" (did you mean "break start"?): the columns of a roster are agent, group, day, start, end, break start, break end'),
        ("agent,group,start,end,break_start,break start,break end\n", 'v.csv has "break_start" and "break start": keep one of'),
        (ROSTER, "v.csv has no rows under its header: write one shift per row"),
        (ROSTER + ",,,,,,\n", "v.csv has no rows under its header: write one shift per row"),
        (ROSTER + ",a,08:00,16:00,,,\n", "v.csv, row 2: the agent is blank: write a name"),
        (ROSTER + "Ann,,08:00,16:00,,,\n", "v.csv, row 2: the group is blank: write a name"),
        (ROSTER + "Ann,a,08:00,,,,\n", 'v.csv, row 2, column "end": the time is blank: write one such as 08:00'),
        (ROSTER + "Ann,a,08:00,16:00,12:00,,\n", 'v.csv, row 2, column "break end": the time is blank: write one'),
        (ROSTER + "Ann,a,08:00,16:00,,12:30,\n", 'v.csv, row 2, column "break start": the time is blank'),
        (ROSTER + "Ann,a,08:00,16:00,12:00,12:00,\n", 'v.csv, row 2: the break "12:00-12:00" is empty: write two'),
        (ROSTER + "Ann,a,8,16,,,\n", 'v.csv, row 2, column "start": "8" is not a clock time'),
        (ROSTER + "Ann,a,2026-01-31 08:00,16:00,,,\n", 'row 2, column "start": "2026-01-31 08:00" has a date: write 08:00, and'),
        (ROSTER + "Ann,a,mon 08:00,16:00,,,\n", 'column "start": "mon 08:00" has a weekday: write 08:00, and mon in'),
        (ROSTER + "Ann,a,08:00,16:00,,,funday\n", '"funday" is not a weekday (did you mean "sunday"?): write "mon", "mon-fri"'),
        (ROSTER + "Ann,a,08:00,16:00,,,mon-fri-sat\n", '"mon-fri-sat" is no span of weekdays: write "mon", "mon-fri", "every day"'),
        (ROSTER + "Ann,a,08:00,16:00,,,0\n", 'v.csv, row 2, column "day": 0 is too small: write "mon", "mon-fri", "every day", or the'),
        (ROSTER + "Ann,a,08:00,16:00,,,5000\n", 'column "day": 5000 is too large: write "mon", "mon-fri", "every day", or the number of a day from 1 to 3660'),
        ("agent,group,start,end,break start\nAnn,a,08:00,16:00,\n", 'v.csv has no column "break end"'),
        ("agent,group,start,end,break end 2\nAnn,a,08:00,16:00,\n", 'v.csv has no column "break start 2" (did you'),
        (ROSTER.replace("day", "end"), 'v.csv has two columns "end" (4 and 7): rename one of them'),
    ],
)  # fmt: skip
def test_a_roster_that_cannot_be_read_is_refused_with_file_and_row(folder, text, said):
    csv(folder, text)
    with pytest.raises(InputError) as caught:
        roster(folder, {"file": "v.csv"})
    assert said in str(caught.value)


def test_a_roster_may_have_underscores_in_the_names_of_its_columns(folder):
    csv(folder, "Agent,Group,Start,End,Break_start,Break_end\nAnn,a,08:00,16:00,10:00,10:15\n")
    assert roster(folder, {"file": "v.csv"})[0][2]["breaks"] == ["10:00-10:15"]


def test_hours_of_a_workbook_that_count_on_past_midnight_are_refused_with_row_and_remedy(folder):
    late = datetime.timedelta(hours=26, minutes=5)
    xlsx(folder, ["agent", "group", "start", "end"], ["Ann", "a", datetime.time(18), late])
    said = 'v.xlsx, row 2, column "end": 26:05 is not on the clock: write 02:05; an end not later than its start is of'
    with pytest.raises(InputError, match=re.escape(said)):
        roster(folder, {"file": "v.xlsx"})


def small_workbook():
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    for row in (["support"], [1], [2], [3]):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


RAW = small_workbook()
changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4)


@given(changes)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_workbook_with_any_bytes_changed_is_read_or_refused(folder, changes):
    raw = bytearray(RAW)
    for place, byte in changes:
        raw[4 + int(place * (len(raw) - 4))] = byte
    csv(folder, bytes(raw), name="v.xlsx")
    try:
        got(folder, "v.xlsx")
    except InputError as problem:
        assert str(problem).isprintable()
