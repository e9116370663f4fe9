"""What a changed scenario knows from the one it was changed from: parts that are the same objects are not read twice.

Documents are never changed once a scenario holds them; overrides copy what they change. So the same object says the
same thing, and what was made of it under the same grid can be taken over as it is.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from sim.scenario.weeks import GRID_KEYS, Grid, grid_of


class Known(NamedTuple):
    """A document as it was written, as it was written out on its grid, and the model that was read from that."""

    written: Mapping[str, Any]
    written_out: Mapping[str, Any]
    grid: Grid | None
    read: BaseModel | None


NOTHING = Known({}, {}, None, None)
_ABSENT = object()


def is_known(here: Mapping[str, Any], there: Any, key: str) -> bool:
    """Whether one mapping holds the same object under a key as another one, or both hold nothing."""
    return isinstance(there, dict) and here.get(key, _ABSENT) is there.get(key, _ABSENT)


def grid_under(document: Mapping[str, Any], model: Any, known: Known) -> Grid:
    """The grid that a document describes, the known one if it says the same of it."""
    if known.grid is None or not all(is_known(document, known.written, key) for key in GRID_KEYS):
        return grid_of(document, model)
    return known.grid


def with_known(written_out: Any, before: Any, read: Any) -> Any:
    """What is written out, with the models in place of those parts of it that they were read from before."""
    if isinstance(read, BaseModel):
        return read if written_out is before else _members_known(written_out, before, vars(read))
    if isinstance(read, tuple) and isinstance(written_out, list | tuple) and _holds_models(read):
        return [*map(with_known, written_out, before, read), *written_out[len(read) :]]
    return _members_known(written_out, before, read) if _holds_models(read) else written_out


def _members_known(written_out: Any, before: Any, read: Mapping[str, Any]) -> Any:
    if not isinstance(written_out, dict):
        return written_out
    return {
        key: with_known(value, before[key], read[key]) if key in before and key in read else value
        for key, value in written_out.items()
    }


def _holds_models(read: Any) -> bool:
    """Whether this is a mapping or a tuple of models, or a mapping of such tuples."""
    if not isinstance(read, dict | tuple) or not read:
        return False
    first = next(iter(read.values() if isinstance(read, dict) else read))
    return isinstance(first, BaseModel) or (isinstance(first, tuple) and _holds_models(first))
