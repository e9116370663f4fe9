"""The kernel in its other modes: as plain Python, with bounds checks, and after an edit of its sources."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from test_agreement import document, everything

import sim
from sim import jit

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sim"
UNCOMPILED = {"NUMBA_DISABLE_JIT": "1"}

SMALL = everything(2, 2, False, lines=12, warm_up="6 min")
DOCUMENT = """
import json, sys
from test_agreement import document, everything
import sim
print(json.dumps(document(sim.Scenario(**json.load(sys.stdin)), count=3, engine=sys.argv[1])))
"""
RECORDS = """
from random_scenarios import dealt_of
from test_agreement import agrees, everything, whole_floor
from sim import jit
assert jit.disabled
for grain in (0, 1, 10):
    for seed, more in enumerate(({}, {"lines": 8}, {"at_close": "drop", "warm_up": "6 min"})):
        print(agrees(dealt_of(everything(4, 2, grain > 0, **more), grain, seed)).home.size)
    print(agrees(dealt_of(whole_floor(20, 2, grain > 0), 60 * grain)).home.size)
"""


def run(
    program: list[str], cache: Path | str, package_root: Path = ROOT, given: str = "", **flags: str
) -> subprocess.CompletedProcess[str]:
    """A Python process with this package, this cache folder and these flags."""
    path = os.pathsep.join([str(package_root), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": path, "CCSIM_CACHE": str(cache), **flags}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # Python's own cache goes by time and size alone
    command = [sys.executable, *program]
    return subprocess.run(
        command, env=environment, cwd=package_root, input=given, text=True, capture_output=True
    )


def printed(program: str, *arguments: str, **how: Any) -> str:
    done = run(["-W", "error", "-c", program, *arguments], **how)
    assert done.returncode == 0, done.stderr
    return done.stdout


def played(cache: Path | str, engine: str = "compiled", **how: Any) -> dict[str, Any]:
    """The document of the small scenario, from another process."""
    return json.loads(printed(DOCUMENT, engine, cache=cache, given=json.dumps(SMALL), **how))


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """The document of the small scenario, as this process makes it."""
    return json.loads(json.dumps(document(sim.Scenario(**SMALL), count=3)))


# As plain Python


def test_the_kernel_gives_the_same_document_as_plain_python(expected: dict[str, Any]) -> None:
    """So that it can be stepped through: dealing, playing and counting."""
    assert played("/dev/null", **UNCOMPILED) == expected


def test_the_kernel_agrees_with_the_reference_engine_as_plain_python() -> None:
    sizes = printed(RECORDS, cache="/dev/null", **UNCOMPILED).split()
    assert len(sizes) == 12
    assert min(map(int, sizes)) > 60


# With bounds checks


@pytest.mark.slow
def test_no_index_is_out_of_bounds_over_the_agreement_suite(tmp_path: Path) -> None:
    """A bounds-checked build of its own, from a cold cache, over other scenarios than the usual ones."""
    arguments = ["-m", "pytest", str(ROOT / "tests" / "test_agreement.py"), "-p", "no:cacheprovider"]
    checked = run(arguments, tmp_path, NUMBA_BOUNDSCHECK="1", CCSIM_AGREEMENT="300")
    assert checked.returncode == 0, checked.stdout
    assert list(tmp_path.glob("kernels-*/*.nbc"))


@pytest.mark.slow
def test_bounds_checks_see_an_index_that_is_wrong(tmp_path: Path) -> None:
    """Also in the innermost pieces: a ring of free agents that does not go round runs over its end."""
    root = copy_of_package(tmp_path)
    edit(root / "sim/engines/agents.py", "if teams[HEAD, group] == ring.size:", "if teams[HEAD, group] < 0:")
    program = ["-c", DOCUMENT, "compiled"]
    done = run(program, tmp_path / "cache", root, json.dumps(SMALL), NUMBA_BOUNDSCHECK="1")
    assert done.returncode != 0
    assert "IndexError" in done.stderr


# After an edit


def copy_of_package(folder: Path) -> Path:
    shutil.copytree(PACKAGE, folder / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} has changed: {old!r} stands there {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_edited_rule_changes_what_is_played_and_its_undoing_changes_it_back(
    expected: dict[str, Any], tmp_path: Path
) -> None:
    """The rule is in another file than the kernel that it is compiled into."""
    root, cache = copy_of_package(tmp_path), tmp_path / "cache"
    if (warm := jit.cache_folder()) is not None:
        shutil.copytree(warm, cache / warm.name)
    assert played(cache, package_root=root) == expected
    routing = root / "sim/engines/routing.py"
    kept, stamp = routing.read_bytes(), routing.stat()
    edit(routing, "return on_line >= threshold", "return on_line < threshold")
    os.utime(routing, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    edited = played(cache, package_root=root)
    assert edited != expected
    assert edited == played(cache, "reference", package_root=root)
    routing.write_bytes(kept)
    assert played(cache, package_root=root) == expected


def test_an_edit_of_any_source_of_a_kernel_gives_a_new_folder(tmp_path: Path) -> None:
    """Of every file in which a kernel stands, and of every file of ours from which one takes a name."""
    files = sorted(sources_of_kernels())
    engine = {f"engines/{name}.py" for name in ("routing", "compiled", "agents", "lines", "calendar", "work")}
    assert {*engine, "distributions.py", "model/chance.py", "model/centre.py", "model/day.py"} <= set(files)
    program = f"""
from pathlib import Path
from sim import jit
folders = []
for name in [None, *{files}]:
    if name:
        path = Path(jit.__file__).parent / name
        kept = path.read_bytes()
        path.write_bytes(kept + b"#")
    jit.cache_folder.cache_clear()
    folders.append(jit.cache_folder().name)
    if name:
        path.write_bytes(kept)
print(*folders)
"""
    folders = printed(program, cache=tmp_path / "cache", package_root=copy_of_package(tmp_path)).split()
    unseen = [name for name, folder in zip(files, folders[1:], strict=True) if folder == folders[0]]
    assert not unseen, "not part of the key"
    assert len(set(folders)) == len(files) + 1


def sources_of_kernels() -> set[str]:
    """Files, relative to the package, whose text machine code is made from."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        kernels = [n for n in ast.walk(module) if isinstance(n, ast.FunctionDef) and is_kernel(n)]
        if not kernels:
            continue
        found.add(path.relative_to(PACKAGE).as_posix())
        used = names_in(part for kernel in kernels for part in kernel.body)
        for statement in reversed(module.body):  # constants that are made of imported names
            if isinstance(statement, ast.Assign) and used & names_in(statement.targets):
                used |= names_in([statement.value])
        for statement in ast.walk(module):
            if not isinstance(statement, ast.ImportFrom) or not (statement.module or "").startswith("sim."):
                continue
            place = str(statement.module).removeprefix("sim.").replace(".", "/")
            for name in statement.names:
                if (name.asname or name.name) in used:
                    whole = (PACKAGE / place).is_dir()  # a module of a package, not a name of a module
                    found.add(f"{place}/{name.name}.py" if whole else f"{place}.py")
    return found


def is_kernel(function: ast.FunctionDef) -> bool:
    return "kernel" in names_in(function.decorator_list)


def names_in(trees: Iterable[ast.AST]) -> set[str]:
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
