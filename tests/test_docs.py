"""The pages of the documentation agree with the code: links lead somewhere, and every name has its place."""

import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

import sim
from sim import theory
from sim.scenario.meanings import MEANINGS
from sim.scenario.schema import json_schema
from sim.scenario.source import parse

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


@pytest.fixture(scope="module")
def keys() -> ModuleType:
    """docs/keys.py, which makes the page of every key."""
    spec = importlib.util.spec_from_file_location("keys", DOCS / "keys.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def links(page: Path) -> list[tuple[str, str]]:
    """(file, anchor) of every link of a page that leads to a file of the project or within the page."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"\]\(((?!https?:)[^)#\s]*)(?:#([^)]*))?\)", text)


def anchors(page: Path) -> set[str]:
    """The anchors that mkdocs gives to the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_every_link_between_pages_leads_to_a_file_and_a_heading(page: Path) -> None:
    for path, anchor in links(page):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_every_page_is_in_the_navigation_and_the_navigation_names_pages_that_are_there() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"([\w/]+\.md)\b", text[text.index("\nnav:") :]))
    made = {"reference/scenario.md", "changelog.md", "benchmarks.md"}
    assert named == {page.relative_to(DOCS).as_posix() for page in PAGES} | made


def test_every_public_name_has_its_place_in_the_reference() -> None:
    directives = "\n".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    named = set(re.findall(r"^::: (.*)$", directives, re.MULTILINE))
    public = {f"sim.{name}" for name in sim.__all__ if name != "__version__"}
    public |= {f"sim.theory.{name}" for name in theory.__all__ if name != "DEFINITIONS"}
    assert public <= named
    for name in named - {"sim.theory"}:
        module, _, attribute = name.rpartition(".")
        assert getattr(importlib.import_module(module), attribute).__doc__, name


def test_every_key_of_a_scenario_has_a_meaning_and_no_meaning_is_of_nothing(keys: ModuleType) -> None:
    schema = json_schema()
    for name, part in {**schema["$defs"], "Scenario": schema}.items():
        form = next(form for form in (part, *part.get("anyOf", ())) if "properties" in form)
        assert set(form["properties"]) == set(MEANINGS[name]), name
    assert set(MEANINGS) == {*schema["$defs"], "Scenario"}
    page = keys.page()
    for meanings in MEANINGS.values():
        for key, meaning in meanings.items():
            assert re.search(rf"^\| `{key}` \| .* \| {re.escape(meaning)} \|$", page, re.MULTILINE)


@pytest.mark.parametrize(
    "row",
    [
        "| `interval` | duration | `30 min` |",
        "| `opens` | clock time | `00:00` |",
        "| `balks` | share | `0%` |",
        "| `attempts` | whole number or `unlimited` | `unlimited` |",
        "| `talk` | [Duration](#duration) | required |",
        "| `transfer` | [Transfer](#transfer) or list of [Transfer](#transfer) |  |",
    ],
)
def test_the_page_of_every_key_says_type_and_default(keys: ModuleType, row: str) -> None:
    assert row in keys.page()


def test_the_architecture_names_every_module_once() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"```\n(sim/\n.*?)```", text, re.DOTALL)
    assert block
    named = Counter(named_in(block[1]))
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sim").rglob("*.py")}
    without = {path for path in there if path.endswith("__init__.py")} - {
        "sim/__init__.py",
        "sim/cli/__init__.py",
    }
    assert named == Counter(there - without)


def named_in(picture: str) -> list[str]:
    """The paths of the modules that an indented picture of folders names."""
    folders: list[str] = []
    found = []
    for line in filter(str.strip, picture.splitlines()):
        depth = (len(line) - len(line.lstrip())) // 2
        folders = folders[:depth]
        if folder := re.match(r"\s*(\w+)/", line):
            folders.append(folder[1])
        found += ["/".join([*folders, name]) for name in re.findall(r"\w+\.py\b", line)]
    return found


def test_the_sweep_and_the_targets_of_the_tutorial_are_read(tmp_path: Path) -> None:
    """What the tutorial has its reader type is a scenario and a sweep of it."""
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / "tutorial.md").read_text(encoding="utf-8"), re.DOTALL)
    targets, plans, sweep = (parse(block.encode()).data for block in blocks)
    template = parse((ROOT / "configs" / "support_line.yaml").read_bytes()).data
    (tmp_path / "found.yaml").write_text("agents.front_line.staffing: {add: 1}\n", encoding="utf-8")
    scenario = sim.Scenario(tmp_path, **{**template, **targets, **plans})
    assert set(scenario.targets) == {"support", "billing"} and set(scenario.plans) == {"today", "found"}
    for factor in sweep["vary"].values():
        for path in [factor["path"]] if isinstance(factor["path"], str) else factor["path"]:
            scenario.with_({path: {"scale": 1}})
