"""Everything the project shows runs as it stands: scenarios, the README's Python, the notebook, the figures."""

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import matplotlib
import pytest

import sim
from sim.measures.metrics import AGENT_METRICS, QUEUE_METRICS
from sim.scenario.schema import json_schema
from sim.scenario.source import parse

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = sorted((ROOT / "configs").glob("*.yaml"))
FEW = 2  # replications in place of what the README and the notebook ask for
# Kaplan-Meier: share gone by 10, 20, 40, 60 and 120 s
GONE = {
    "all types": (0.0345, 0.0699, 0.1183, 0.1748, 0.2828),
    "PS": (0.0255, 0.0562, 0.0930, 0.1437, 0.2319),
    "NW": (0.0697, 0.1251, 0.2099, 0.2852, 0.4311),
}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_every_scenario_loads_validates_and_plays_a_day_of_every_plan(path: Path) -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(parse(path.read_bytes()).data)
    scenario = sim.load(path)
    played = sim.compare(scenario, replications=1).results
    assert list(played) == list(scenario.plans)
    for result in played.values():
        assert result.queue()["offered"].value > 0


def plans_with(path: str, place: str) -> list[str]:
    scenario = sim.load(ROOT / "configs" / path)
    under = {plan: scenario.under(plan).queues.values() for plan in scenario.plans}
    return [plan for plan, qs in under.items() if any(q.callback and q.callback.place == place for q in qs)]


def test_callbacks_stand_beside_none_in_every_place() -> None:
    first = sim.load(ROOT / "configs" / "callbacks.yaml").under(None)
    assert all(queue.callback is None for queue in first.queues.values())
    for place in ("keep", "later", "idle"):
        assert plans_with("callbacks.yaml", place)


def test_the_bank_keeps_its_four_plans_and_offers_callbacks() -> None:
    plans = list(sim.load(ROOT / "configs" / "anonymous_bank.yaml").plans)
    assert plans[:4] == ["today", "one more at the peak", "two fewer", "pooled"]
    for place in ("keep", "idle"):
        assert plans_with("anonymous_bank.yaml", place)


def test_callbacks_when_idle_save_customers_and_at_their_place_do_not() -> None:
    scenario = sim.load(ROOT / "configs" / "callbacks.yaml")
    comparison = sim.compare(scenario, replications=60)
    lost = {plan: comparison.difference(plan)["lost_customers"] for plan in scenario.plans}
    assert lost["when agents are idle"].high < -10 and lost["two hours later"].high < -10
    assert abs(lost["at their place"].value) < 6  # 0.8 ± 0.4 over 1,000 days
    assert lost["when idle, half not reached"].value > lost["when agents are idle"].value


# The README, the notebook and the pages


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few replications, whatever is asked for, and pictures without windows."""

    def few(verb: Any) -> Any:
        @functools.wraps(verb)
        def called(*arguments: Any, **options: Any) -> Any:
            return verb(*arguments, **{**options, "replications": FEW})

        return called

    for verb in ("simulate", "compare"):
        monkeypatch.setattr(sim, verb, few(getattr(sim, verb)))
    with matplotlib.rc_context({"backend": "agg"}):
        yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def run(sources: list[str], name: str) -> None:
    """Execute pieces of code one after the other; a day that is not among the few is replaced by one that is."""
    names: dict[str, Any] = {}
    for source in sources:
        exec(compile(re.sub(r"\.records\(\d+\)", ".records(1)", source), name, "exec"), names)


def test_the_python_of_the_readme_runs(cheap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = Path("README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    run(blocks, "README.md")


def cells_of_the_notebook() -> list[dict[str, Any]]:
    text = (ROOT / "notebooks" / "first_look.ipynb").read_text(encoding="utf-8")
    return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def test_every_cell_of_the_notebook_runs(cheap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "notebooks")
    run(["".join(cell["source"]) for cell in cells_of_the_notebook()], "first_look.ipynb")


def test_the_notebook_is_stored_as_it_ran_in_order_and_small() -> None:
    cells = cells_of_the_notebook()
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output["output_type"] == "error" for cell in cells for output in cell["outputs"])
    assert (ROOT / "notebooks" / "first_look.ipynb").stat().st_size < 150_000


def test_the_page_of_the_model_names_every_metric() -> None:
    named = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "model.md").read_text(encoding="utf-8")))
    assert {*QUEUE_METRICS, *AGENT_METRICS} <= named


@pytest.mark.parametrize("page", ["README.md", "docs/model.md"])
def test_links_to_files_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", (ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


# The bank


@pytest.fixture(scope="module")
def printed_figures() -> str:
    """What anonymous_bank_figures.py prints."""
    if not os.environ.get("CCSIM_DATA"):
        pytest.skip("CCSIM_DATA is not set: the call logs of the bank are no part of this project")
    script = ROOT / "configs" / "anonymous_bank_figures.py"
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, encoding="utf-8", check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    return done.stdout


def gone_by(printed: str, kind: str) -> dict[int, float]:
    """The Kaplan-Meier line of one kind of call: share gone by so many seconds."""
    line = re.search(rf"^{re.escape(kind)}: n=\d+ hung up=\d+\n(.*)$", printed, re.MULTILINE)
    assert line
    return {int(seconds): float(share) for seconds, share in re.findall(r"(\d+):([\d.]+)\(", line[1])}


@pytest.mark.parametrize("kind", GONE)
def test_the_logs_of_the_bank_give_the_known_patience(printed_figures: str, kind: str) -> None:
    gone = gone_by(printed_figures, kind)
    assert tuple(gone[seconds] for seconds in (10, 20, 40, 60, 120)) == GONE[kind]


@pytest.mark.parametrize(
    ("queue", "kind"),
    [("regular", "PS priority 0/1"), ("priority", "PS priority 2"), ("new", "NW"), ("stocks", "NE")],
)
def test_the_scenario_of_the_bank_has_the_patience_of_the_logs(
    printed_figures: str, queue: str, kind: str
) -> None:
    patience = sim.load(ROOT / "configs" / "anonymous_bank.yaml").queues[queue].patience
    assert patience is not None and patience.points is not None
    measured = gone_by(printed_figures, kind)
    assert dict(patience.points) == pytest.approx({float(s): measured[int(s)] for s in patience.points})
