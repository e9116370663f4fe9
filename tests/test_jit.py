"""Kernels are kept on disk by their sources and flags, and a bad folder costs only the compilation."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """
import numba, os
before = dict(os.environ), {name: str(given) for name, given in vars(numba.config).items()}
from sim import jit
from sim.model import chance
numbers = chance.u(1, chance.stream_key("support"), 7, 812, 0, 0, chance.TALK), chance.unit(5)
after = dict(os.environ), {name: str(given) for name, given in vars(numba.config).items()}
hits = getattr(chance.u, "stats", None)
print(numbers, before == after, jit.cache_folder(), hits and sum(hits.cache_hits.values()), sep="|")
"""


def run(cache: Path | str, root: Path = ROOT, program: str = PROGRAM, **flags: str) -> list[str]:
    environment = {**os.environ, "CCSIM_CACHE": str(cache), "PYTHONPATH": str(root), **flags}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [*done.stdout.strip().split("|"), done.stderr]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    cache = tmp_path_factory.mktemp("kernels")
    return cache, run(cache)


def test_a_kernel_is_compiled_once_and_the_environment_is_left_alone(first: tuple[Path, list[str]]) -> None:
    cache, (numbers, untouched, folder, hits, _) = first
    again = run(cache)
    assert (untouched, hits) == ("True", "0")
    assert again[:4] == [numbers, "True", folder, "1"]
    assert Path(folder).stat().st_mode & 0o777 == 0o700


def test_flags_that_change_code_get_their_own_folder(first: tuple[Path, list[str]]) -> None:
    cache, (numbers, _, folder, _, _) = first
    checked = run(cache, NUMBA_BOUNDSCHECK="1")
    assert (checked[0], checked[3]) == (numbers, "0")
    assert checked[2] != folder


def test_flags_set_while_running_are_seen_too(first: tuple[Path, list[str]]) -> None:
    program = PROGRAM.replace("numbers =", "numba.config.BOUNDSCHECK = 1; numbers =", 1)
    assert run(first[0], program=program)[3] == "0"


def test_an_edit_in_another_file_is_seen(first: tuple[Path, list[str]], tmp_path: Path) -> None:
    cache, (_, _, folder, _, _) = first
    shutil.copytree(ROOT / "sim", tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    assert run(cache, tmp_path)[2] == folder
    edited = tmp_path / "sim" / "distributions.py"
    edited.write_text(edited.read_text() + "\n# edited\n")
    assert run(cache, tmp_path)[2] != folder


def test_a_damaged_file_costs_only_the_compilation(first: tuple[Path, list[str]], tmp_path: Path) -> None:
    cache, (numbers, _, folder, _, _) = first
    shutil.copytree(cache, tmp_path / "copy")
    for path in (tmp_path / "copy" / Path(folder).name).iterdir():
        path.write_bytes(path.read_bytes()[:50])
    assert run(tmp_path / "copy")[0] == numbers
    assert run(tmp_path / "copy")[3] == "1"


@pytest.mark.parametrize("cache", ["/proc/nowhere", "/dev/null", "/dev/null/below"])
def test_an_unusable_folder_costs_only_the_compilation(first: tuple[Path, list[str]], cache: str) -> None:
    numbers, _, folder, _, _ = run(cache)
    assert (numbers, folder) == (first[1][0], "None")


def test_a_folder_that_others_may_write_to_is_not_read(first: tuple[Path, list[str]], tmp_path: Path) -> None:
    shutil.copytree(first[0], tmp_path / "copy")
    (tmp_path / "copy" / Path(first[1][2]).name).chmod(0o777)
    assert run(tmp_path / "copy")[2] == "None"


def test_folders_unused_for_a_month_are_removed_when_a_new_one_is_made(tmp_path: Path) -> None:
    for name, days in (("kernels-old", 31), ("kernels-young", 29), ("other", 99)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, time.time() - days * 86400))
    run(tmp_path, program="from sim import jit; jit.cache_folder()")
    left = {path.name for path in tmp_path.iterdir()}
    assert {"kernels-young", "other"} < left
    assert "kernels-old" not in left


def test_big_kernels_say_once_that_they_are_being_compiled(tmp_path: Path) -> None:
    source = (
        "from sim.jit import kernel\n@kernel(big=True)\ndef one(x): return x\n"
        "@kernel(big=True)\ndef two(x): return x\n"
        "one(1); one(1.0); two(1)"
    )
    (tmp_path / "bigs.py").write_text(source)
    program = f"import sys; sys.path.append({str(tmp_path)!r}); import bigs"
    said = run(tmp_path / "cache", program=program)[-1]
    assert said == "compiling the simulation kernels (once per installation)…\n"
    assert run(tmp_path / "cache", program=program)[-1] == ""
    assert "set CCSIM_CACHE" in run("/dev/null", program=program)[-1]


def test_without_the_jit_a_kernel_is_the_plain_function() -> None:
    program = "from sim import jit; print(jit.disabled, jit.kernel(lean=True)(len) is len)"
    assert run("/dev/null", program=program, NUMBA_DISABLE_JIT="1")[0] == "True True"
