"""Say what is wrong with an input in one sentence on one line."""

import difflib
import json
import math
import numbers
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

LONGEST = 60  # characters of a quoted value
WIDEST = 6  # items of a quoted list


class InputError(ValueError):
    """Bad input: one sentence that names the place, the value given and what would be right.

    `problem` is the sentence without its place; `path` the dotted key, `file` and `line` (from 1) where the
    value stands. `str()` joins what is known: `support.yaml, line 12: queues.support.talk: "40" needs …`. Items of
    lists stand in a path as `[0]`, the first one, and are said as `item 1`.
    """

    def __init__(self, problem: str, *, path: str = "", file: str = "", line: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path
        self.file = file
        self.line = line

    def at(self, *, path: str = "", file: str = "", line: int | None = None) -> "InputError":
        """Return a copy with the missing places filled in; what is already known stays.

        A line is taken only with the file it belongs to.
        """
        other_file = bool(self.file and file and self.file != file)
        known_line = self.line is not None or other_file
        return InputError(
            self.problem,
            path=self.path or path,
            file=self.file or file,
            line=self.line if known_line else line,
        )

    def under(self, prefix: str) -> "InputError":
        """Return a copy whose path stands under `prefix`: "mean" under "queues.support.talk"."""
        path = ".".join(part for part in (prefix, self.path) if part)
        return InputError(self.problem, path=path, file=self.file, line=self.line)

    def __str__(self) -> str:
        where = ", ".join(
            part for part in (self.file, f"line {self.line}" if self.line is not None else "") if part
        )
        return one_line(": ".join(part for part in (where, said_path(self.path), self.problem) if part))


@contextmanager
def under(prefix: str) -> Iterator[None]:
    """Within this, the path of an InputError stands under `prefix`."""
    try:
        yield
    except InputError as error:
        raise error.under(prefix) from None


def said_path(path: str) -> str:
    """A dotted path as a person says it, items of lists counted from 1: `events.[0].at` as `events, item 1, at`."""
    said = join = ""
    for part in path.split("."):
        item = re.fullmatch(r"\[([0-9]{1,9})\]", part)
        if item and said:
            join = ", "
        said += join + (f"item {int(item[1]) + 1}" if item else _shortened(part, ""))
        join = ", " if item else "."
    return said


def one_line(text: str) -> str:
    """Return `text` with every character that does not print (line ends among them) escaped."""
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    code = ord(letter)
    return json.dumps(letter)[1:-1] if code < 0x10000 and code != 0x7F else f"\\U{code:08x}"


def shown(value: Any) -> str:
    """Return `value` as it would stand in YAML or JSON, on one line of at most about 60 characters."""
    return one_line(_rendered(value, depth=3))


def _rendered(value: Any, depth: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, dict | list | tuple):
        return _shortened(_collection(value, depth), "")
    text = value if isinstance(value, str) else str(value)
    return _shortened(json.dumps(text[: 2 * LONGEST], ensure_ascii=False)[:-1], '"')


def _number(value: numbers.Real) -> str:
    if isinstance(value, int):
        return str(value) if value.bit_length() < 200 else "a number of more than 60 digits"
    real = float(value)
    if math.isnan(real):
        return ".nan"
    if math.isinf(real):
        return ".inf" if real > 0 else "-.inf"
    return str(int(real)) if isinstance(value, numbers.Integral) else repr(real)


def _collection(value: Any, depth: int) -> str:
    is_map = isinstance(value, dict)
    opening, closing = "{}" if is_map else "[]"
    if depth == 0:
        return f"{opening}…{closing}"
    parts = []
    for item in list(value)[:WIDEST]:
        part = _rendered(item, depth - 1)
        parts.append(f"{part}: {_rendered(value[item], depth - 1)}" if is_map else part)
    return opening + ", ".join(parts + ["…"] * (len(value) > WIDEST)) + closing


def _shortened(text: str, end: str) -> str:
    return (text if len(text) <= LONGEST else text[: LONGEST - 1] + "…") + end


def nearest(word: object, candidates: Iterable[str]) -> str:
    """Return ` (did you mean "staffing"?)` for the candidate closest to `word`, or "" if none is close."""
    names = list(candidates)
    folded = {name.casefold(): name for name in reversed(names)}
    found = difflib.get_close_matches(str(word)[:200].casefold(), list(folded), n=1)
    return f" (did you mean {shown(folded[found[0]])}?)" if found else ""
