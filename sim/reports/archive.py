"""Results in one file: a zip of one JSON document and plain arrays, nothing that could run."""

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import numpy as np

from sim.errors import InputError, shown

FORMAT = 1  # of every document that is written
SAVED = 2  # of every file with arrays; 1: before left_on_announcement
HEAD = "result.json"


def packed(head: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of such a file."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(HEAD, json.dumps({"format": SAVED, **head}, ensure_ascii=False))
        for name, array in arrays.items():
            part = BytesIO()
            np.save(part, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", part.getvalue())
    return written.getvalue()


def parts(archive: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The document and the arrays of such a file; InputError for one of another format."""
    head = json.loads(archive.read(HEAD))
    if head["format"] != SAVED:
        raise InputError(f"is of format {shown(head['format'])}, which this version does not read")
    names = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
    return head, {n: np.load(BytesIO(archive.read(f"{n}.npy")), allow_pickle=False) for n in names}


def unpacked(path: str | os.PathLike[str], read: Callable[[zipfile.ZipFile], Any]) -> Any:
    """What a saved file holds; one sentence for a file that is missing, damaged or something else."""
    try:
        with zipfile.ZipFile(path) as archive:
            return read(archive)
    except InputError as error:
        raise error.at(file=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError, ValueError, TypeError):
        raise InputError(
            "is not a saved result, or damaged; make one with save(path)", file=str(path)
        ) from None
