"""The notebooks run, show today what is kept in them, and their prose quotes no number that they do not show."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import NOTEBOOKS, executed, texts

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def kept(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def numbers(text: str) -> set[float]:
    return {float(number.replace(",", "")) for number in NUMBER.findall(text)}


@each_notebook
def test_a_notebook_runs_and_shows_what_is_kept_in_it(path: Path) -> None:
    assert texts(executed(path)) == texts(kept(path)), "run: make notebooks"


@each_notebook
def test_a_notebook_is_kept_as_it_ran_in_order_and_small(path: Path) -> None:
    cells = [cell for cell in kept(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
    assert path.stat().st_size < 300_000


@each_notebook
def test_every_number_in_the_prose_stands_in_the_code_or_in_what_it_shows(path: Path) -> None:
    notebook = kept(path)
    shown = " ".join(text for cell in texts(notebook) for text in cell)
    code = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    prose = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|\b\d\d:\d\d\b", " ", prose)  # code, addresses, moments of the day
    assert numbers(prose) <= numbers(f"{shown} {code}")


@each_notebook
def test_results_show_themselves_as_tables(path: Path) -> None:
    for cell in kept(path).cells:
        for output in cell.get("outputs", ()):
            told = output.get("data", {})
            if (
                re.match(r"<\w+ ?(?:Result|Comparison)?", told.get("text/plain", ""))
                and "image/png" not in told
            ):
                assert "<table>" in told["text/html"] and " at 0x" not in told["text/plain"]
