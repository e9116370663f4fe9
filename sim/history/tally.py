"""Count what a reader leaves out, and turn names into codes."""

import secrets
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import InputError
from sim.history.contacts import Account, LeftOut, counted

Array = npt.NDArray[Any]
NOBODY = frozenset(
    ("", "none", "null", "nan", "unknown", "anonymous", "private", "restricted", "unavailable", "withheld")
)
"""What stands in logs for a customer or agent that is not known, in small letters."""


class Tally:
    """Rows left out while a file is read: by reason, with the first line, and whether they are faults."""

    def __init__(self, source: str, form: str) -> None:
        self.source, self.form = source, form
        self.rows = 0
        self.remarks: list[str] = []
        self._gone: dict[str, tuple[int, int | None]] = {}
        self._faulty = 0

    def leave(
        self, reason: str, lines: Array | int | None, count: int | None = None, fault: bool = True
    ) -> None:
        """Count rows left out: at `lines`, or `count` of them whose first stands in line `lines`."""
        if isinstance(lines, np.ndarray):
            count, first = len(lines), (int(lines[0]) if len(lines) else None)
        else:
            first, count = lines, 1 if count is None else count
        if not count:
            return
        before, line = self._gone.get(reason, (0, None))
        known = [number for number in (line, first) if number is not None]
        self._gone[reason] = before + count, min(known, default=None)
        if fault:
            self._faulty += count

    def kept(self, good: Array, lines: Array, reason: str, fault: bool = True) -> Array:
        """`good` back, a mask over rows; those it is False for are counted under `reason`."""
        self.leave(reason, lines[~good], fault=fault)
        return good

    def remark(self, sentence: str, count: int | None = None) -> None:
        """Add a sentence to the account, its `{}` filled with the count; none where the count is 0."""
        if count is None:
            self.remarks.append(sentence)
        elif count:
            self.remarks.append(sentence.format(f"{count:,}"))

    def account(self, contacts: int, noun: str = "contact") -> Account:
        """What is to be told; an InputError where nothing is left or most rows were faulty."""
        gone = tuple(LeftOut(reason, *what) for reason, what in self._gone.items())
        account = Account(self.source, self.form, self.rows, contacts, gone, tuple(self.remarks), noun)
        if not contacts:
            reasons = Account(self.source, self.form, self.rows, 0, gone).reasons
            raise InputError(
                f"no {noun} found in {counted(self.rows, 'row')}{reasons and f' ({reasons})'}: {_REMEDY}"
            )
        if 2 * self._faulty > self.rows:
            raise InputError(f"most of its {self.rows:,} rows make no sense ({account.reasons}): {_REMEDY}")
        return account


_REMEDY = "check the format, the mapping and the columns"


class Names:
    """Codes of names in order of first appearance, growing chunk by chunk; −1 for who is not known."""

    def __init__(self, nobody: frozenset[str] = NOBODY) -> None:
        self._codes: dict[str, int] = {}
        self._nobody = nobody

    def codes(self, texts: Array) -> Array:
        """int32 codes of a column of text."""
        import pandas as pd

        places, found = pd.factorize(np.asarray(texts, object))
        codes = [-1 if name.casefold() in self._nobody else self._code(name) for name in found.tolist()]
        return np.array([*codes, -1], np.int32)[places]

    def _code(self, name: str) -> int:
        return self._codes.setdefault(name, len(self._codes))

    @property
    def names(self) -> tuple[str, ...]:
        """The names, by code."""
        return tuple(self._codes)


class Identities:
    """Keys of people: keyed hashes that cannot be turned back, the key drawn for one reading and forgotten.

    SipHash-2-4 of pandas with a random key; `numbered` then makes plain codes of the hashes, so that the same file
    gives the same table. With `keep` the names are kept as well.
    """

    def __init__(self, keep: bool = False) -> None:
        self.keep = keep
        self._key = secrets.token_hex(8)
        self._kept = Names() if keep else None

    def keys(self, texts: Array) -> Array:
        """uint64 keys of a column of text, 0 for who is not known."""
        import pandas as pd

        if self._kept is not None:
            return (self._kept.codes(texts) + 1).astype(np.uint64)
        places, found = pd.factorize(np.asarray(texts, object))
        hashed = hashes(np.asarray(found, object), self._key)
        hashed[[name.casefold() in NOBODY for name in found]] = 0
        return np.append(hashed, np.uint64(0))[places]

    def numbered(self, keys: Array) -> tuple[Array, int, tuple[str, ...]]:
        """int64 codes of keys in order of first appearance (−1 unknown), how many, and the names if kept."""
        import pandas as pd

        if self._kept is not None:
            return keys.astype(np.int64) - 1, len(self._kept.names), self._kept.names
        known = keys != 0
        codes = np.full(len(keys), -1, np.int64)
        codes[known], found = pd.factorize(keys[known])
        return codes, len(found), ()


def hashes(texts: Array, key: str = "0" * 16) -> Array:
    """uint64 SipHash of each text, never 0."""
    from pandas.util import hash_array

    found = hash_array(texts, hash_key=key, categorize=False) if len(texts) else np.zeros(0, np.uint64)
    found[found == 0] = 1
    return found


def agent_names(names: tuple[str, ...], keep: bool) -> tuple[str, ...]:
    """The names of agents to show: "agent 1", "agent 2" … in order of first appearance unless kept."""
    return names if keep else tuple(f"agent {number}" for number in range(1, len(names) + 1))
