"""The commands at a prompt: what they print and write, how they refuse, and how they stop."""

# ruff: noqa: E501 (a table of mistakes reads best with one on a line)

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.cli import main

ROOT = Path(__file__).resolve().parent.parent
TEXT = """\
name: Café
closes: 01:00
interval: 30 min
queues:
  support:
    arrivals: {per_interval: 5}
    talk: {distribution: exponential, mean: 3 min}
    patience: {distribution: exponential, mean: 1 min}
agents:
  front: {staffing: 1, skills: [support]}
plans:
  today: {}
  one more: {agents.front.staffing: {add: 1}}
"""
REFERENCE = ("--engine", "reference", "--jobs", "1")


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(TEXT, encoding="utf-8")
    return "s.yaml"


def ccsim(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as stop:  # argparse's way out
        return int(stop.code or 0)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert ccsim(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1 and printed.err.startswith("ccsim"), printed.err
    return printed.err


# What the commands do


def test_run_prints_a_table_and_nothing_else_on_stdout(scenario: str, capsys: Any) -> None:
    assert ccsim("run", scenario, "--replications", "3", *REFERENCE) == 0
    printed = capsys.readouterr()
    assert "Café" in printed.out and "support" in printed.out
    assert printed.err == ""


def test_run_with_json_prints_one_document(scenario: str, capsys: Any) -> None:
    assert (
        ccsim(
            "run", scenario, "--replications", "3", "--json", "--plan", "one more", "--seed", "7", *REFERENCE
        )
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert (document["format"], document["scenario"], document["plan"], document["seed"]) == (
        1,
        "Café",
        "one more",
        7,
    )
    assert set(document["queues"]) == {"support", "all"}
    assert "intervals" not in document


def test_compare_with_json_has_every_plan_with_its_difference(scenario: str, capsys: Any) -> None:
    assert ccsim("compare", scenario, "--replications", "3", "--json", *REFERENCE) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["baseline"] == "today"
    assert list(document["plans"]) == ["today", "one more"]
    assert "difference" in document["plans"]["one more"]


def test_set_overrides_the_scenario_before_the_plans(scenario: str, capsys: Any) -> None:
    assert ccsim("check", scenario, "--set", "agents.front.staffing=4", "--plan", "one more") == 0
    assert "5 agents" in capsys.readouterr().out


def test_check_says_what_was_understood_in_lines_of_a_hundred_columns(capsys: Any) -> None:
    assert ccsim("check", str(ROOT / "configs" / "support_line.yaml")) == 0
    printed = capsys.readouterr().out
    for part in (
        "Queue support: 1,050 contacts expected",
        "by 40 s",
        "load",
        "Plans (the first is the baseline)",
    ):
        assert part in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_check_tells_of_what_is_allowed_but_seldom_meant(scenario: str, capsys: Any) -> None:
    odd = "queues.support.talk.mean={scale: 20}"
    assert ccsim("check", scenario, "--set", odd) == 0
    assert "Note: the offered load reaches its agents in 2 of 2 intervals" in capsys.readouterr().out
    assert ccsim("run", scenario, "--set", odd, "--replications", "2", "--json", *REFERENCE) == 0
    printed = capsys.readouterr()
    json.loads(printed.out)
    assert printed.err.startswith("Note: the offered load reaches its agents")
    assert ccsim("run", scenario, "--set", odd, "--replications", "2", "--json", "--quiet", *REFERENCE) == 0
    assert capsys.readouterr().err == ""


CLASSES = """\
    customer_value: 10
    classes:
      vip: {share: 20%, head_start: 5 min, customer_value: 900}
"""


def test_run_and_compare_print_classes_below_their_queue(scenario: str, capsys: Any, tmp_path: Path) -> None:
    text = TEXT.replace("agents:\n", CLASSES + "agents:\n").replace("per_interval: 5", "per_interval: 40")
    (tmp_path / "classes.yaml").write_text(text, encoding="utf-8")
    assert ccsim("run", "classes.yaml", "--replications", "20", *REFERENCE) == 0
    names = [line.split("   ")[0].rstrip() for line in capsys.readouterr().out.splitlines()]
    place = names.index("support")
    assert names[place : place + 3] == ["support", "  vip", "  others"]
    assert ccsim("compare", "classes.yaml", "--replications", "20", *REFERENCE) == 0
    printed = capsys.readouterr().out
    assert "support by class," in printed and printed.count("  vip") == 3  # two plans and their difference
    assert max(map(len, printed.splitlines())) <= 120
    assert ccsim("check", "classes.yaml") == 0
    assert "Class vip, 20%; head start 5 min; worth 900 each." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            [
                "queues.support.ivr={time: {distribution: constant, value: 1 min}, self_served: 60%, hangs_up: 40%}"
            ],
            "the IVR of support lets nobody through to a person.",
        ),
        (
            ["agents.front.staffing=[1, 0]"],
            "nobody with the skill for support is on duty during 30 min of its hours, first at 00:30.",
        ),
        (
            ["agents.front.skills.support={score: {base: 5}}"],
            "the score that front has for support counts only with routing: weighted.",
        ),
        (
            ["queues.support.hours=00:00-00:30"],
            "5 of 10 contacts of support come while it is closed and are turned away;",
        ),
        (
            ["queues.support.hours=00:30-08:00"],
            "the hours of support, 00:30-08:00, are cut to the horizon, 00:00 to 01:00.",
        ),
        (
            ["starts=mon", "queues.support.hours={mon-fri: 00:00-01:00, sat: 00:30-01:00}"],
            "the hours of support on sat are never played: they are outside the horizon",
        ),
        (
            ["queues.support.repeat={share: 5%, after: {distribution: constant, value: 2 h}}"],
            "repeat.after of support is 2 h on average, and the queue is open for 1 h in all: hardly anybody",
        ),
        (
            ["queues.support.head_start=30 s", "routing=weighted"],
            "the head_start of support counts for nothing with routing: weighted.",
        ),
        (
            ["queues.support.head_start=90 s", "queues.support.classes={vip: {share: 5%, head_start: 30 s}}"],
            "vip of support stands behind the others: its head start, 30 s, comes in place of the queue's 90 s.",
        ),
        (
            ["agents.front.skills.support={prefer: 2}", "routing=shortest_delay"],
            "prefer of front counts for nothing with routing: shortest_delay.",
        ),
        (
            ["lines=9", "queues.support.at_close=carry"],
            "every contact that waits in support holds one of the lines, over closing hours too:",
        ),
    ],
)
def test_check_has_a_note_on(scenario: str, capsys: Any, overrides: list[str], said: str) -> None:
    assert ccsim("check", scenario, *(part for one in overrides for part in ("--set", one))) == 0
    assert f"Note: {said}" in " ".join(capsys.readouterr().out.split())


TWO_QUEUES = """\
length: 1 h
interval: 30 min
routing: longest_queue
queues:
  mail: {arrivals: {rate: 1 / h}, talk: {distribution: exponential, mean: 3 min}}
  chat: {arrivals: {rate: 1 / h}, talk: {distribution: exponential, mean: 3 min}}
agents:
  front:
    staffing: 10
    absence: 40%
    skills:
      mail: {level: 2, interruptible: true}
      chat: {at_once: 3, slowdown: [2, 1, 1.5]}
"""


def test_check_tells_of_hands_levels_and_those_who_are_absent(capsys: Any, tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(TWO_QUEUES, encoding="utf-8")
    assert ccsim("check", str(tmp_path / "two.yaml")) == 0
    said = " ".join(capsys.readouterr().out.split())
    for part in (
        "mail (level 2, put aside for chat), chat (level 1, 3 at once, the first × 2 and third × 1.5 as long)",
        "00:00 0.5 0.5 0.10 6 1",  # contacts of both, erlangs, six of ten agents, load ÷ what they carry
        "The agents are those who are there on average: 40% of front are absent.",
        "Note: an agent of front who has put mail aside takes chat one at a time: what is put aside counts,",
        "Note: with routing: longest_queue the levels of front do not say which queue its agents serve first.",
    ):
        assert part in said


def test_check_tells_whom_a_queue_loses_and_when_its_events_come(capsys: Any, tmp_path: Path) -> None:
    lost = """
    customer_value: 120
    leaves: {unserved: 6%, served_late: {5 min: 10%}}
    tells: {share: 90%, people: 3, put_off: 2%}
agents:
"""
    events = "events: [{at: 10:00, for: 1 h, agents: 50%}, {at: 10:00, day: 2, for: 1 h, volume: 50%}]\n"
    text = TEXT.replace("\nagents:\n", lost).replace("closes: 01:00", "days: 2") + events
    (tmp_path / "lost.yaml").write_text(text, encoding="utf-8")
    assert ccsim("check", str(tmp_path / "lost.yaml")) == 0
    said = " ".join(capsys.readouterr().out.split())
    for part in (
        "worth 120 each; 6% of the unserved leave, of those served 10% from 5 min of waiting on; "
        "90% of the lost tell 3 others, 2% of whom stay away;",
        "Event every day at 10:00, for 1 h: 50% of the agents",
        "Event at 10:00 of day 2, for 1 h: 50% of the volume",
        "Group front: 1 agent, 48 hours",
    ):
        assert part in said


def test_check_has_no_note_on_an_inbox_that_is_open_at_night(scenario: str, capsys: Any) -> None:
    inbox = (
        "queues.support.hours=00:00-00:30",
        "queues.support.at_close=carry",
        "queues.support.after_hours=waits",
    )
    assert ccsim("check", scenario, *(part for one in inbox for part in ("--set", one))) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "5 of them come while it is closed and wait for the opening" in printed
    assert "turned away" not in printed


def test_check_tells_of_a_plan_only_what_it_changes(scenario: str, capsys: Any, tmp_path: Path) -> None:
    patient = "  patient: {queues.support.patience: {distribution: exponential, mean: 9 min}}\n"
    (tmp_path / "p.yaml").write_text(TEXT + patient, encoding="utf-8")
    assert ccsim("check", "p.yaml") == 0
    assert "patient: queues.support.patience.mean = 9 min\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (ROOT / "configs").glob("*.yaml") if path.name[:6] != "sweep_")
)
def test_check_of_every_scenario_keeps_to_a_hundred_and_twenty_columns(name: str, capsys: Any) -> None:
    assert ccsim("check", str(ROOT / "configs" / name)) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 120


def test_a_scenario_is_read_from_stdin(scenario: str, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.scenario.source import parse

    for text in (TEXT, json.dumps(parse(TEXT).data)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert ccsim("check", "-") == 0
        assert "Queue support: 10 contacts expected" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT.replace("3 min", "3").encode())))
    assert 'ccsim: stdin, line 7: queues.support.talk.mean: "3" needs a unit' in refusal(capsys, "check", "-")


def test_out_and_plot_write_files(scenario: str, capsys: Any, tmp_path: Path) -> None:
    more = ("--replications", "2", "--out", "o.json", "--plot", "o.svg", "--json", "--quiet")
    assert ccsim("compare", scenario, *more, *REFERENCE) == 0
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))["scenario"] == "Café"
    assert (tmp_path / "o.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert ccsim("run", scenario, "--replications", "2", "--plot", "r.png", *REFERENCE) == 0
    assert (tmp_path / "r.png").stat().st_size > 1000


def test_out_never_takes_the_place_of_what_is_no_file(scenario: str, capsys: Any, tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert ccsim("run", scenario, "--replications", "2", "--out", "pipe", *REFERENCE) == 0
    assert "Café".encode() in os.read(reader, 1000)
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_new_writes_a_scenario_that_loads_and_never_over_another(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ccsim("new", "mine") == 0
    assert "wrote mine.yaml; try: ccsim check mine.yaml" in capsys.readouterr().out
    assert len(sim.load("mine.yaml").plans) > 1
    before = (tmp_path / "mine.yaml").read_bytes()
    assert "ccsim: mine.yaml: is there already; choose another name" in refusal(capsys, "new", "mine.yaml")
    assert (tmp_path / "mine.yaml").read_bytes() == before
    assert "cannot be written" in refusal(capsys, "new", "nowhere/mine")
    for name in ("", ".", ".."):
        assert "is a folder; add the name of a file" in refusal(capsys, "new", name)


def test_the_small_scenario_of_the_house_is_what_new_writes() -> None:
    template = files("sim.scenario").joinpath("template.yaml").read_text(encoding="utf-8")
    assert (ROOT / "configs" / "support_line.yaml").read_text(encoding="utf-8") == template
    uncommented = [line for line in template.splitlines() if ":" in line and "#" not in line]
    assert len(uncommented) < 20, "a template that teaches says what its lines mean"


def test_what_the_template_has_commented_out_is_right_too() -> None:
    template = files("sim.scenario").joinpath("template.yaml").read_text(encoding="utf-8")
    from sim.scenario.load import from_source
    from sim.scenario.source import parse

    live = re.sub(
        r"^( *)# (lines|warm_up|balks|max_waiting|at_close|callback):", r"\1\2:", template, flags=re.M
    )
    made = from_source(parse(live))
    assert (
        made.lines and made.warm_up and made.queues["billing"].callback and made.queues["support"].max_waiting
    )


def test_schema_prints_the_json_schema(capsys: Any) -> None:
    assert ccsim("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Call-centre scenario"


# How they refuse


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rn", "s.yaml"], 'there is no command "rn" (did you mean "run"?): use new, run, compare, '),
        ([], "COMMAND"),
        (["run"], "SCENARIO"),
        (["run", "s.yml"], 'ccsim: s.yml: no such file (did you mean "s.yaml"?): check the name and the folder'),
        (["run", "."], "ccsim: .: cannot be read (Is a directory)"),
        (["run", "s.yaml", "--plan", "one mor"], 'ccsim: s.yaml: plans: there is no plan "one mor" (did you mean "one more"?)'),
        (["check", "s.yaml", "--plan", "x"], 'there is no plan "x"; the plans are "today", "one more"'),
        (["run", "s.yaml", "--replications", "0"], "ccsim: --replications: 0 is too small: write a whole number of 1 or more"),
        (["run", "s.yaml", "--replications", "1000000000000"], "--replications: 1000000000000 is too large"),
        (["run", "s.yaml", "--replications", "many"], "--replications: invalid int value: 'many'"),
        (["run", "s.yaml", "--seed", "-1"], "ccsim: --seed: -1 must not be negative: write a whole number of 0 or more"),
        (["run", "s.yaml", "--jobs", "0"], "ccsim: --jobs: 0 is too small: write a whole number of 1 or more"),
        (["run", "s.yaml", "--engine", "refrence"], 'ccsim: --engine: there is no engine "refrence"'),
        (["run", "s.yaml", "--set", "queues.support.balks=5"], "ccsim: --set: queues.support.balks: 5 is not a share: write 5%"),
        (["run", "s.yaml", "--set", "queues.suport.balks=5%"], '--set: queues.suport.balks: there is no queue "suport"'),
        (["run", "s.yaml", "--set", "queues.support.ivr=5%"], '--set: queues.support.ivr: "5%" is not a mapping of keys to values'),
        (["run", "s.yaml", "--set", "routing=longest_wiat"], '--set: routing: "longest_wiat" is not one of'),
        (["run", "s.yaml", "--set", "seed=1", "--set", "seed=2"], "--set: seed: is given twice; keep one of the two"),
        (["compare", "s.yaml", "--set", "agents.front.staffing"], '--set: "agents.front.staffing" is not PATH=VALUE'),
        (["run", "s.yaml", "--out", "nowhere/o.txt"], 'ccsim: --out: there is no folder "nowhere"; make it first'),
        (["run", "s.yaml", "--out", "."], 'ccsim: --out: "." is a folder; add the name of a file'),
        (["run", "s.yaml", "--plot", "o.jpg"], 'ccsim: --plot: "o.jpg" does not end in .png, .svg, .pdf'),
        (["compare", "s.yaml", "--by-interval"], "--by-interval: of compare is for --json; add it, or run one plan"),
        (["run", "s.yaml", "--jsn"], "unrecognized arguments: --jsn"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_sentence_and_exit_2(
    scenario: str, capsys: Any, arguments: list[str], said: str
) -> None:
    if os.name == "nt" and "Is a directory" in said:
        pytest.skip("Windows words it otherwise")
    assert said in refusal(capsys, *arguments)


def test_a_mistake_in_the_file_is_said_with_file_and_line(scenario: str, capsys: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(TEXT.replace("mean: 1 min", "mean: 40"), encoding="utf-8")
    said = refusal(capsys, "run", "bad.yaml")
    assert said == 'ccsim: bad.yaml, line 8: queues.support.patience.mean: "40" needs a unit, as in "40 s"\n'


def test_a_scenario_without_plans_is_run_but_not_compared(scenario: str, capsys: Any, tmp_path: Path) -> None:
    (tmp_path / "bare.yaml").write_text(TEXT[: TEXT.index("plans:")], encoding="utf-8")
    assert "plans: there are no plans to compare; add plans, or use run" in refusal(
        capsys, "compare", "bare.yaml"
    )
    assert ccsim("run", "bare.yaml", "--replications", "2", *REFERENCE) == 0


def test_memory_that_runs_out_is_said_and_not_traced(scenario: str, capsys: Any, monkeypatch: Any) -> None:
    def out_of_memory(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("sim.verbs.play.simulate", out_of_memory)
    assert "ccsim: out of memory" in refusal(capsys, "run", scenario)


# How they stop: in processes of their own


def process(*arguments: str, **more: Any) -> subprocess.Popen[bytes]:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONIOENCODING", "PYTHONUTF8")
    }
    environment |= {"PYTHONPATH": str(ROOT)} | more.pop("env", {})
    return subprocess.Popen(
        [sys.executable, "-m", "sim", *arguments], env=environment, stderr=subprocess.PIPE, **more
    )


def test_output_is_utf8_whatever_the_locale(scenario: str, tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    with (tmp_path / "out.txt").open("wb") as out:
        running = process("check", scenario, stdout=out, env=ascii_only)
        assert running.wait(60) == 0, running.communicate()
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").startswith("Café: 00:00 to 01:00")


@pytest.mark.skipif(os.name == "nt", reason="pipes and signals of POSIX")
def test_a_reader_that_goes_away_is_no_error(scenario: str) -> None:
    running = process("schema", stdout=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.close()
    assert running.communicate()[1] == b""
    assert running.returncode == 0
    closed = process("check", scenario, stdout=None, preexec_fn=lambda: os.close(1))
    assert closed.communicate()[1] == b""
    assert closed.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_said_and_not_traced(scenario: str) -> None:
    with Path("/dev/full").open("wb") as full:
        running = process("schema", stdout=full)
        said = running.communicate()[1].decode()
    assert said == "ccsim: the output cannot be written: No space left on device\n"
    assert running.returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("jobs", "after"), [("1", 3.0), ("2", 1.0), ("2", 4.0)])
def test_ctrl_c_ends_with_130_without_a_traceback_and_leaves_no_process(
    scenario: str, jobs: str, after: float
) -> None:
    running = process(
        "run", scenario, "--replications", "3000000", "--jobs", jobs, "--engine", "reference",
        stdout=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        time.sleep(after)
        os.killpg(running.pid, signal.SIGINT)  # a terminal sends it to all processes
        out, said = running.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        raise
    assert running.returncode == 130
    assert out == b""
    assert said.decode() == "ccsim: interrupted\n"
    with pytest.raises(ProcessLookupError):
        for _ in range(50):
            os.killpg(running.pid, 0)
            time.sleep(0.1)


def test_help_comes_at_once_and_imports_next_to_nothing() -> None:
    code = "import sys; from sim.cli import main\ntry: main(['--help'])\nexcept SystemExit: print(*sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "compare" in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & {
        "numpy",
        "pydantic",
        "scipy",
        "numba",
        "pandas",
        "matplotlib",
        "simpy",
        "ruamel",
        "tqdm",
    }
