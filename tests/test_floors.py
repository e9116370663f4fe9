"""The floors of the house: what each module of sim/ may import, read from the sources themselves."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the ground up. A room imports from lower floors and from itself.
FLOORS = [
    {"errors", "jit"},
    {"distributions", "scenario"},
    {"model"},
    {"engines"},
    {"measures", "theory"},
    {"experiments"},
    {"history"},
    {"reports"},
    {"__init__", "__main__", "cli", "verbs"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
TOP = FLOORS[-1]

# Neighbours on one floor that may be asked, in this direction only.
NEIGHBOURS = {("jit", "errors"), ("scenario", "distributions")} | {(a, b) for a in TOP for b in TOP}
# Lower floors that are closed all the same.
CLOSED = {("theory", "engines")}
# Libraries behind a wall: the one module that may import each.
WALLS = {"simpy": "sim.engines.reference", "numba": "sim.jit", "matplotlib": "sim.reports.plots"}
# Libraries imported only inside functions, so that `ccsim --help` stays instant.
LATE = {"pandas"}


class Import(NamedTuple):
    """One imported module: its full name, the line, and whether it is imported only when a function runs."""

    target: str
    line: int
    late: bool


def test_every_module_imports_downward_and_through_the_walls() -> None:
    sources = sources_of(ROOT / "sim")
    assert sources, "no modules found in sim/"
    assert breaches(sources) == []


@pytest.mark.parametrize("module", ["sim", "sim.cli"])
def test_importing_the_package_leaves_the_slow_libraries_alone(module: str) -> None:
    slow = ("scipy.stats", "pandas", "matplotlib")
    code = f"import sys, {module}; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sim.model.day", "from sim.engines import reference"),
        ("sim.model.day", "import sim.engines.reference"),
        ("sim.model.day", "from sim import engines"),
        ("sim.model.day", "from ..engines.reference import run"),
        ("sim.model.day", "from .. import engines"),
        ("sim.model.__init__", "from ..engines import reference"),
        ("sim.model.day", "def deal():\n    from sim.engines import reference"),
        ("sim.model.day", "import importlib\nimportlib.import_module('sim.engines.reference')"),
        ("sim.model.day", "import sim"),
        ("sim.model.day", "from sim import load"),
        ("sim.model.day", "from sim import *"),
        ("sim.model.day", "from sim import cli"),
        ("sim.experiments.compare", "def plot():\n    from sim.reports import plots"),
        ("sim.errors", "from sim import jit"),
        ("sim.jit", "from sim import scenario"),
        ("sim.distributions", "from sim.scenario import units"),
        ("sim.measures.estimate", "from sim.theory import erlang"),
        ("sim.theory.erlang", "from sim.measures import estimate"),
        ("sim.theory.erlang", "from sim.engines import routing"),
        ("sim.engines.compiled", "import simpy"),
        ("sim.engines.compiled", "def run():\n    from simpy.core import Environment"),
        ("sim.engines.compiled", "from numba import njit"),
        ("sim.reports.table", "import matplotlib.pyplot as plt"),
        ("sim.reports.table", "import pandas as pd"),
        ("sim.reports.table", "try:\n    import pandas\nexcept ImportError:\n    pandas = None"),
        ("sim.reports.table", "class Table:\n    import pandas"),
        ("sim.reports.table", "from pandas import DataFrame\ndef show():\n    import pandas"),
        ("sim.helpers", ""),
    ],
)
def test_a_planted_breach_is_found(module: str, source: str) -> None:
    assert len(breaches({module: source})) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sim.__init__", "from sim.experiments import compare\nfrom . import theory"),
        ("sim.__main__", "from sim.cli import main"),
        ("sim.cli", "from sim import load\nimport sim"),
        ("sim.model.day", "from sim.model import chance\nfrom . import chance\nfrom .chance import u"),
        ("sim.model.__init__", "from .day import deal\nfrom ..distributions import quantile"),
        ("sim.model.day", "from sim import distributions, errors\nfrom sim.jit import kernel"),
        ("sim.scenario.schema", "from sim import distributions"),
        ("sim.history.replay", "def replay():\n    from sim.experiments import replicate"),
        ("sim.engines.reference", "import simpy\nfrom simpy.events import Event"),
        ("sim.jit", "import numba"),
        ("sim.reports.plots", "def draw():\n    import matplotlib.pyplot as plt"),
        ("sim.reports.table", "def frame():\n    import pandas as pd"),
        (
            "sim.reports.table",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pandas import DataFrame",
        ),
        ("sim.reports.table", "import simplejson, numpy, scipy.special"),
    ],
)
def test_an_import_within_the_rules_is_let_through(module: str, source: str) -> None:
    assert breaches({module: source}) == []


def breaches(sources: Mapping[str, str]) -> list[str]:
    """All breaches in the given sources (module → text, as of `sources_of`), each as one sentence."""
    found = []
    for module, source in sorted(sources.items()):
        if room_of(module) not in FLOOR_OF:
            found.append(f"{module} stands on no floor: give it one in tests/test_floors.py")
            continue
        for target, line, late in sorted(set(imports(module, source))):
            breach = breach_of(module, target, late)
            if breach:
                found.append(f"{module}, line {line}: {breach}")
    return found


def breach_of(module: str, target: str, late: bool) -> str | None:
    """What is wrong with `module` importing `target`, if anything."""
    library = target.partition(".")[0]
    if library == "sim":
        here, there = room_of(module), room_of(target)
        if there not in FLOOR_OF:
            return f"imports {target}, which stands on no floor"
        down = FLOOR_OF[there] < FLOOR_OF[here] and (here, there) not in CLOSED
        if here != there and not down and (here, there) not in NEIGHBOURS:
            return f"{here} may not import {target}"
    elif library in WALLS and module != WALLS[library]:
        return f"imports {target}; only {WALLS[library]} may"
    elif library in LATE and not late:
        return f"imports {target} at the top; do it inside the function that needs it"
    return None


def room_of(module: str) -> str:
    """The first name below sim: `model` for sim.model.day, `__init__` for sim itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports(module: str, source: str) -> Iterator[Import]:
    """Every import in a source, at the top or late, also `import_module("…")`.

    What stands under `if TYPE_CHECKING:` counts, as late: no one ever waits for it.
    """
    package = module.rpartition(".")[0]

    def walk(node: ast.AST, late: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, late)
        elif isinstance(node, ast.ImportFrom):
            for target in targets(node, package):
                yield Import(target, node.lineno, late)
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                above = package if name.value.startswith(".") else ""
                yield Import(above + name.value, node.lineno, late)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                yield from walk(statement, True)
            for statement in node.orelse:
                yield from walk(statement, late)
            return
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, late or inside)

    yield from walk(ast.parse(source, filename=module), False)


def targets(node: ast.ImportFrom, package: str) -> set[str]:
    """The modules a `from … import …` reaches; `from sim import x` is the room x, or sim itself."""
    base = node.module or ""
    if node.level:
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*above, base] if base else above)
    if base != "sim":
        return {base}
    return {f"sim.{alias.name}" if alias.name in FLOOR_OF else "sim" for alias in node.names}


def called(node: ast.Call) -> str:
    """The last name of what is called: `import_module` for importlib.import_module(…)."""
    return ast.unparse(node.func).rpartition(".")[2]


def sources_of(folder: Path) -> dict[str, str]:
    """Module → text for every Python file in the folder; a package is named sim.model.__init__."""
    return {
        ".".join(path.relative_to(folder.parent).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.py")
    }
