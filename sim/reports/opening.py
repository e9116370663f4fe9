"""What lies in a file that this program wrote: a run, a comparison or the store of a sweep, told by its content."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, shown
from sim.reports.archive import HEAD, unpacked
from sim.reports.results import Comparison, Result

if TYPE_CHECKING:
    from sim.reports.sweeps import SweepResult

STORE, ARCHIVE = b"SQLite format 3\0", b"PK\x03\x04"  # what such files begin with


def opened(path: Path) -> "Result | Comparison | SweepResult | None":
    """The result in a file, ready for its report; None where the file is neither a store nor an archive."""
    try:
        with path.open("rb") as file:
            start = file.read(len(STORE))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    if start == STORE:
        from sim.reports.sweeps import SweepResult

        return SweepResult.load(path)
    if not start.startswith(ARCHIVE):
        return None
    read: Callable[[Path], Any] = unpacked(path, _reader)
    found: Result | Comparison = read(path)
    return found


def _reader(archive: zipfile.ZipFile) -> Callable[[Path], Any]:
    """What reads this kind of saved result."""
    if "comparison.json" in archive.namelist():
        return Comparison.load
    kind = json.loads(archive.read(HEAD)).get("kind")
    if kind is not None:
        raise InputError(
            f"holds a {shown(kind)}, of which there is no report; write its plan to a file, and report on the "
            "scenario with --plan FILE"
        )
    return Result.load
