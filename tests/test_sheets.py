"""Results in spreadsheets: numbers with formats, names as text, and staffings that are edited and played again."""

import csv
import datetime
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

import sim
from sim.cli import main
from sim.errors import InputError
from sim.reports.sheets import Column, Figure, Sheet, as_csv, text_in, time_cells, workbook, write_sheets
from sim.scenario.files import column, roster
from sim.scenario.planfiles import plan_from
from sim.scenario.tables import table
from sim.scenario.weeks import Grid

LONG = "x" * 300
NAMES = (
    "=HYPERLINK(1)", "  +1", "\t-1", "\r@SUM(A1)", "-1", "@x", LONG,
    "مركز الاتصال", "👩‍💻 ☎", "<script>", "#REF!", "0012",
    "'=1",
)  # fmt: skip
GRIDS = {
    "a day": (Grid(8 * 3600.0, 1800.0, 20), datetime.time(8, 30)),
    "past midnight": (Grid(20 * 3600.0, 1800.0, 20), datetime.time(20, 30)),
    "a week": (Grid(0.0, 3600.0, 168, 0), "mon 01:00"),
    "days without names": (Grid(8 * 3600.0, 3600.0, 72), datetime.timedelta(hours=9)),
}


def scenario(**changed: Any) -> dict[str, Any]:
    exponential = {"mean": "4 min", "distribution": "exponential"}
    queue = {"arrivals": {"rate": "30 / h"}, "talk": exponential, "patience": exponential}
    document = {
        "schema": 1, "name": "=Small", "currency": "EUR", "opens": "09:00", "length": "2 h", "interval": "30 min",
        "replications": 4,
        "queues": {"calls": queue, "=sales": queue},
        "agents": {
            "desk": {"staffing": [3, 4, 4, 3], "skills": ["calls", "=sales"], "cost_per_hour": 20},
            "=night": {"staffing": 1, "skills": ["=sales"]},
        },
        "plans": {"today": {}, "busy": {"queues.calls.arrivals.volume": "150%"}},
    }  # fmt: skip
    return document | changed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheets")
    (path / "s.json").write_text(json.dumps(scenario()))
    assert (
        main(["run", str(path / "s.json"), "--plan", "busy", "--quiet", "--out", str(path / "run.xlsx")]) == 0
    )
    assert main(["compare", str(path / "s.json"), "--quiet", "--out", str(path / "compare.xlsx")]) == 0
    return path


def rows_of(path: Path, sheet: str) -> list[dict[str, Any]]:
    header, rows = table(path, sheet)
    return [dict(zip(header, row, strict=True)) for row in rows]


def figures(row: Any, *keys: str) -> Any:
    """Numbers to be compared, or null."""
    return [pytest.approx(row[key], rel=1e-14, abs=1e-300) if row[key] is not None else None for key in keys]


def document_of(capsys: Any, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*arguments, "--json", "--quiet"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_run_has_in_its_sheets_what_the_document_has(folder: Path, capsys: Any) -> None:
    said = document_of(capsys, "run", str(folder / "s.json"), "--plan", "busy", "--by-interval")
    members = {("queue", n): e for n, e in said["queues"].items()} | {
        ("group", n): e for n, e in said["agents"].items()
    }
    rows = rows_of(folder / "run.xlsx", "summary")
    assert len(rows) == sum(map(len, members.values()))
    for row in rows:
        wanted = members[row["kind"], row["name"]][row["metric"]]
        assert [row["value"], row["low"], row["high"]] == figures(wanted, "value", "low", "high")
    starts = {(each.get("queue"), each["start"]): each for each in said["intervals"]}
    intervals = rows_of(folder / "run.xlsx", "intervals")
    assert len(intervals) == 8
    for row in intervals:
        wanted = starts[row["queue"], row["start"].strftime("%H:%M")]["mean_wait"]
        given = [row["mean_wait"], row["mean_wait low"], row["mean_wait high"]]
        assert given == figures(wanted, "value", "low", "high")
    assert [row["agents planned"] for row in rows_of(folder / "run.xlsx", "agents")[:4]] == [3, 4, 4, 3]


def test_heads_stay_in_sight_and_numbers_have_formats(folder: Path) -> None:
    book = load_workbook(folder / "run.xlsx")
    assert book.sheetnames == ["summary", "agents", "intervals", "staffing", "plan", "assumptions"]
    formats = {row[2].value: row[3].number_format for row in book["summary"].iter_rows(min_row=2)}
    assert formats["service_level"] == "0.0%" and formats["mean_wait"] == '#,##0.0" s"'
    assert formats["staff_cost"] == '#,##0.00" EUR"' and formats["paid_hours"] == '#,##0.0" h"'
    assert book["intervals"]["B2"].number_format == "hh:mm" and book["intervals"].freeze_panes == "C2"
    for sheet in book:
        assert sheet["A1"].font.bold and sheet.freeze_panes and sheet.column_dimensions["A"].width >= 13
        filtered = None if sheet.title == "assumptions" else sheet.dimensions
        assert sheet.auto_filter.ref == filtered
    words = {row[0].value: str(row[1].value) for row in book["assumptions"].iter_rows(min_row=2)}
    assert words["scenario"].startswith("=Small, plan busy: 09:00 to 11:00, 4 intervals of 30 min")
    assert len(words["scenario sha256"]) == 64 and words["version"] == sim.__version__ and "command" in words


def test_a_comparison_stands_beside_its_paired_differences(folder: Path, capsys: Any) -> None:
    said = document_of(capsys, "compare", str(folder / "s.json"))["plans"]
    rows = rows_of(folder / "compare.xlsx", "summary")
    waits = [row for row in rows if (row["name"], row["metric"]) == ("=sales", "mean_wait")]
    assert [row["plan"] for row in waits] == ["today", "busy"] and waits[0]["difference"] is None
    wanted = said["busy"]["difference"]["queues"]["=sales"]["mean_wait"]
    given = [waits[1][key] for key in ("difference", "difference low", "difference high")]
    assert given == figures(wanted, "value", "low", "high")
    assert any(
        row["about"] == "plans" and "150%" in row["in words"]
        for row in rows_of(folder / "compare.xlsx", "assumptions")
    )
    out = folder / "by interval.xlsx"
    assert main(["compare", str(folder / "s.json"), "--quiet", "--by-interval", "--out", str(out)]) == 0
    assert len(rows_of(out, "intervals")) == 16 and {row["plan"] for row in rows_of(out, "agents")} == {
        "today",
        "busy",
    }


def test_an_edited_staffing_goes_into_the_next_run_under_the_plan_it_came_from(
    folder: Path, capsys: Any
) -> None:
    book = load_workbook(folder / "run.xlsx")
    assert [cell.value for cell in book["staffing"][1]] == ["start", "desk", "=night"]
    book["staffing"]["B3"] = 6
    book.save(folder / "edited.xlsx")
    played = document_of(capsys, "run", str(folder / "s.json"), "--plan", str(folder / "edited.xlsx"))
    by_hand = scenario()["plans"]["busy"] | {"agents.desk.staffing": [3, 6, 4, 3]}
    expected = sim.simulate(sim.Scenario(**scenario()), by_hand)
    assert played["plan"] == "edited"
    assert played["queues"]["all"]["mean_wait"]["value"] == expected.queue()["mean_wait"].value
    from_file = {"file": str(folder / "edited.xlsx"), "sheet": "staffing", "column": "desk", "time": "start"}
    assert sim.Scenario(**scenario()).with_({"agents.desk.staffing": from_file}).agents["desk"].staffing == (
        3,
        6,
        4,
        3,
    )
    with_file = scenario(plans={"theirs": {"file": str(folder / "edited.xlsx")}})
    assert sim.Scenario(**with_file).under("theirs").agents["desk"].staffing == (3, 6, 4, 3)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [["start", "desk"], ["09:00", 3], ["09:30", None], ["10:00", 3], ["10:30", 3]],
            "row 3: the cell is blank",
        ),
        (
            [["start", "desk"], ["09:30", 3], ["09:00", 3], ["10:00", 3], ["10:30", 3]],
            "stands where 09:00 is expected",
        ),
        ([["start", "dusk"], ["09:00", 3], ["09:30", 3], ["10:00", 3], ["10:30", 3]], 'did you mean "desk"'),
        ([["start", "desk"], ["09:00", 3], ["09:30", 2.5], ["10:00", 3], ["10:30", 3]], "not a whole number"),
        ([["when", "desk"], ["09:00", 3], ["09:30", 3], ["10:00", 3], ["10:30", 3]], 'no column "start"'),
    ],
)
def test_a_staffing_that_does_not_fit_gets_one_sentence(
    rows: list[list[Any]], said: str, folder: Path, tmp_path: Path, capsys: Any
) -> None:
    book = Workbook()
    book.active.title = "staffing"
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "mine.xlsx")
    assert main(["run", str(folder / "s.json"), "--plan", str(tmp_path / "mine.xlsx")]) == 2
    error = capsys.readouterr().err
    assert said in error and "mine.xlsx" in error and error.count("\n") == 1


def test_a_workbook_without_a_staffing_is_no_plan(folder: Path, capsys: Any) -> None:
    assert main(["run", str(folder / "s.json"), "--plan", str(folder / "compare.xlsx")]) == 2
    assert 'has no sheet "staffing" to take a plan from: it has "summary"' in capsys.readouterr().err


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_the_times_of_a_staffing_are_read_back(name: str, ending: str, tmp_path: Path) -> None:
    grid, second = GRIDS[name]
    agents = [index % 7 for index in range(grid.count)]
    rows = list(map(list, zip(time_cells(grid), agents, strict=True)))
    assert rows[1][0] == second
    written = Sheet(
        "staffing", [Column("start", "hh:mm" if "d" not in name else "[hh]:mm"), Column("n", "0")], rows
    )
    write_sheets(tmp_path / f"s{ending}", [written], "staffing")
    spec = {"file": f"s{ending}", "column": "n", "time": "start"}
    assert column(tmp_path, spec, grid) == agents


def test_names_of_all_kinds_stay_text(tmp_path: Path) -> None:
    rows = [[name, 1.5] for name in NAMES]
    names = Sheet("names", [Column("=1+1"), Column("n", "0.0%")], rows)
    (tmp_path / "n.xlsx").write_bytes(workbook([names]))
    page = load_workbook(tmp_path / "n.xlsx")["names"]
    assert (page["A1"].value, page["A1"].data_type, page["A1"].quotePrefix) == ("=1+1", "s", True)
    for (cell, number), name in zip(page.iter_rows(min_row=2), NAMES, strict=True):
        assert (cell.value, cell.data_type) == (text_in(name), "s") and number.value == 1.5
        assert cell.quotePrefix == (name.strip(" \t")[0] in "=+-@")
    lines = list(csv.reader(as_csv(names).decode("utf-8-sig").splitlines()[1:]))
    assert [line[0] for line in lines[:6]] == [
        "'=HYPERLINK(1)",
        "'  +1",
        "'\t-1",
        "\\u000d@SUM(A1)",
        "'-1",
        "'@x",
    ]
    assert [line[0] for line in lines[6:10]] == list(NAMES[6:10])


def test_a_guarded_name_is_itself_again_where_csv_is_read(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_bytes(as_csv(Sheet("n", [Column("=night"), Column("desk")], [[1, -2]])))
    assert table(tmp_path / "n.csv") == (["=night", "desk"], [["1", "-2"]])


@pytest.mark.parametrize("bad", ["bell \x07", "half \ud83d", "not \uffff", "null \x00"])
def test_what_xml_forbids_stands_there_by_its_number(bad: str) -> None:
    assert text_in(bad) == bad[:-1] + f"\\u{ord(bad[-1]):04x}"
    assert workbook(
        [
            Sheet(
                "s",
                [Column(bad)],
                [
                    [
                        bad,
                    ][:1]
                ],
            )
        ]
    )
    assert len(text_in("y" * 40_000)) == 32_767


def test_csv_has_plain_numbers_and_a_mark_only_where_it_needs_one() -> None:
    rows = [
        ["a", Figure(0.25, "0%"), datetime.time(8, 30)],
        ["b", float("nan"), datetime.timedelta(hours=33)],
    ]
    columns = [Column("name"), Column("n"), Column("at"), Column("meaning", aside=True)]
    written = as_csv(Sheet("s", columns, [[*row, "÷"] for row in rows]))
    assert written == b"name,n,at\na,0.25,08:30\nb,,09:00\n"
    assert as_csv(Sheet("s", columns, [["é", 1, None, ""]])).startswith(b"\xef\xbb\xbfname")


def test_a_run_as_csv_is_one_table(folder: Path) -> None:
    run = ["run", str(folder / "s.json"), "--quiet", "--out"]
    assert main([*run, str(folder / "run.csv")]) == 0
    lines = list(csv.DictReader((folder / "run.csv").open()))
    assert list(lines[0]) == ["kind", "name", "metric", "value", "low", "high"]
    assert {line["name"] for line in lines} == {"all", "calls", "'=sales", "desk", "'=night"}
    assert main([*run, str(folder / "intervals.csv"), "--by-interval"]) == 0
    lines = list(csv.DictReader((folder / "intervals.csv").open()))
    assert [line["start"] for line in lines[:4]] == ["09:00", "09:30", "10:00", "10:30"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--json", "--out", "x.xlsx"], "--json"),
        (["run", "--trace", "--out", "x.csv"], "--trace"),
        (["run", "--formulas", "--out", "x.xlsx"], "--formulas"),
        (["compare", "--best", "mean_wait", "--out", "x.xlsx"], "--best"),
        (["compare", "--json", "--out", "x.csv"], "--json"),
        (["explain", "--plans", "today", "busy", "--out", "x.xlsx"], "explain"),
        (["run", "--plan", "run.xlsx", "--out", "run.xlsx"], "is the plan itself"),
        (["staff", "--out", "x.ods"], ".xlsx"),
        (["run", "--out", "x.ods"], ".xlsx"),
        (["compare", "--out", "x.html"], "ccsim report"),
        (["run", "--out", "x.png", "--plot", "./x.png"], "is --out already"),
    ],
)
def test_sheets_beside_what_does_not_fit_get_one_sentence(
    arguments: list[str], said: str, folder: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(folder)
    assert main([arguments[0], "s.json", *arguments[1:]]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not (folder / "x.xlsx").exists()


def test_a_workbook_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "kept.xlsx").write_bytes(b"before")

    def broken() -> Any:
        yield ["a"]
        raise InputError("no more")

    with pytest.raises(InputError):
        write_sheets(tmp_path / "kept.xlsx", [Sheet("s", [Column("a")], broken())], "s")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.xlsx"]
    assert (tmp_path / "kept.xlsx").read_bytes() == b"before"


def searched(tmp_path: Path, verb: str) -> Path:
    """The workbook of a search in a scenario with a target, shift types and a second plan."""
    types = {"full": {"length": "2 h", "paid": "2 h", "starts": ["09:00"]}}
    types["short"] = {"length": "1 h", "paid": "1 h", "starts": ["09:00", "10:00"]}
    document = scenario(
        shift_types=types, targets={"calls": {"service_level": "60%", "per": "day"}}, replications=10
    )
    document["agents"] = {"=desk": {"staffing": 6, "skills": ["calls", "=sales"], "cost_per_hour": 20}}
    (tmp_path / "s.json").write_text(json.dumps(document))
    run = [
        verb,
        str(tmp_path / "s.json"),
        "--plan",
        "busy",
        "--quiet",
        "--jobs",
        "1",
        "--confidence",
        "60%",
        "--out",
    ]
    assert main([*run, str(tmp_path / "found.xlsx")]) in (0, 1)
    return tmp_path / "found.xlsx"


def test_a_staffing_that_was_found_plays_from_its_workbook(tmp_path: Path, capsys: Any) -> None:
    found = searched(tmp_path, "staff")
    assert load_workbook(found).sheetnames == [
        "summary", "intervals", "targets", "staffing", "plan", "assumptions",
    ]  # fmt: skip
    agents = [row["=desk"] for row in rows_of(found, "staffing")]
    assert (
        rows_of(found, "intervals")[0]["agents"] == agents[0]
        and rows_of(found, "targets")[0]["target"] == 0.6
    )
    played = document_of(capsys, "run", str(tmp_path / "s.json"), "--plan", str(found))
    again = sim.load(tmp_path / "s.json").with_(
        {"queues.calls.arrivals.volume": "150%", "agents.=desk.staffing": agents}
    )
    assert (
        played["queues"]["calls"]["offered"]["value"] == sim.simulate(again).queue("calls")["offered"].value
    )


def test_shifts_that_were_found_are_read_back_as_staffing_and_as_a_roster(
    tmp_path: Path, capsys: Any
) -> None:
    found = searched(tmp_path, "schedule")
    agents = tuple(row["=desk"] for row in rows_of(found, "staffing"))
    people = roster(tmp_path, {"file": "found.xlsx", "sheet": "roster"})
    assert len(people) == sum(row["agents"] for row in rows_of(found, "summary"))
    written = sim.load(tmp_path / "s.json")
    from_roster = {
        "agents.=desk.staffing": None,
        "agents.=desk.roster": {"file": str(found), "sheet": "roster"},
    }
    planned = written.with_(from_roster).planned_seconds("=desk") / 1800
    assert tuple(planned) == agents
    shifts = {
        "agents.=desk.staffing": None,
        "agents.=desk.shifts": {"all": {"type": "full", "starts": "09:00", "agents": 4}},
    }
    for otherwise in (from_roster, shifts):  # which the staffing takes the place of
        planned_otherwise = written.with_(otherwise)
        plan = plan_from(found, planned_otherwise.grid)
        assert planned_otherwise.with_(plan).agents["=desk"].staffing == agents
    assert document_of(capsys, "run", str(tmp_path / "s.json"), "--plan", str(found))["plan"] == "found"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice Calc (soffice)")
def test_libreoffice_reads_the_same_and_what_it_saves_is_a_plan(
    folder: Path, tmp_path: Path, capsys: Any
) -> None:
    names = Sheet("names", [Column("name"), Column("n", "0.0%")], [[name, 0.25] for name in NAMES])
    (tmp_path / "names.xlsx").write_bytes(workbook([names]))
    home = f"-env:UserInstallation=file://{tmp_path / 'home'}"
    asked = ["soffice", home, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    files = [folder / "run.xlsx", folder / "compare.xlsx", tmp_path / "names.xlsx"]
    subprocess.run(
        [*asked, *map(str, [tmp_path / "lo", *files])], check=True, capture_output=True, timeout=120
    )
    for file in files:
        ours, theirs = load_workbook(file), load_workbook(tmp_path / "lo" / file.name)
        assert theirs.sheetnames == ours.sheetnames
        for sheet in ours:
            told = theirs[sheet.title]
            assert (
                told.auto_filter.ref == sheet.auto_filter.ref
            )  # frozen heads it drops where there is no window
            for row in sheet.iter_rows():
                for cell in row:
                    other = told[cell.coordinate]
                    if isinstance(cell.value, float):
                        assert other.value == pytest.approx(cell.value, rel=1e-13, abs=1e-13)
                    else:
                        assert (other.value, other.data_type) == (cell.value, cell.data_type), cell.coordinate
    played = document_of(capsys, "run", str(folder / "s.json"), "--plan", str(tmp_path / "lo" / "run.xlsx"))
    asis = document_of(capsys, "run", str(folder / "s.json"), "--plan", "busy")
    assert played["queues"] == asis["queues"]
