"""Read YAML or JSON text into plain data and remember on which line every key stands."""

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown

BYTES = 20_000_000  # the largest document read
VALUES = 200_000  # the most values, aliases unfolded
YAML_BYTES = 2_000_000  # as much YAML as is read in half a minute; JSON is quicker
DEPTH = 100  # the deepest nesting
_ELSEWHERE = "keep long columns in a CSV file"

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Source:
    """A document: its data, the line (from 1) of each key and list item by path, and where it came from."""

    data: dict[str, Any]
    lines: dict[Place, int]
    file: str
    folder: Path

    def line_of(self, path: Place) -> int | None:
        """Return the line of the key or item at `path`, or of its nearest parent that the text has."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def line_at(self, path: str) -> int | None:
        """The line of a dotted path, whose keys may hold dots themselves, or of its nearest parent.

        A key that a queue, group or skill takes over from `defaults` is found there.
        """
        place, rest = self._follow((), path.split("."))
        kind = {"queues": "queue", "agents": "group"}.get(str(place[0])) if place else None
        if rest and kind and len(place) == 2:
            inherited = self._follow(("defaults", kind), rest)[0]
        elif rest and kind == "group" and place[2:] and place[2] == "skills":
            inherited = self._follow(("defaults", "skill"), rest if len(place) > 3 else rest[1:])[0]
        else:
            return self.line_of(place)
        return self.line_of(inherited if len(inherited) > 2 else place)

    def _follow(self, place: Place, parts: list[str]) -> tuple[Place, list[str]]:
        """How far the text goes along dotted parts from `place`, and the parts that are left."""
        while parts:
            for length in range(len(parts), 0, -1):
                key: str | int = ".".join(parts[:length])
                if re.fullmatch(r"\[[0-9]{1,9}\]", str(key)):
                    key = int(str(key)[1:-1])
                if (*place, key) in self.lines:
                    place, parts = (*place, key), parts[length:]
                    break
            else:
                break
        return place, parts


def read(path: str | os.PathLike[str]) -> Source:
    """Read a YAML or JSON file, or stdin for "-"; anything that is not a mapping raises an InputError."""
    if str(path) == "-":
        stdin = getattr(sys.stdin, "buffer", sys.stdin)
        return parse(stdin.read(BYTES + 1), "stdin", Path.cwd())
    return parse(read_bytes(Path(path), BYTES), str(path), Path(path).parent)


def parse(text: str | bytes, file: str = "", folder: Path | None = None) -> Source:
    """Turn YAML 1.2 or JSON text into a Source; every failure is an InputError with file and line."""
    try:
        if len(text) > BYTES:
            raise InputError(f"the file is larger than {BYTES // 10**6} MB: {_ELSEWHERE}")
        text = decode(text) if isinstance(text, bytes) else text.removeprefix("\ufeff")
        if not text.strip():
            raise InputError('the file is empty: "ccsim new NAME" writes one to start from')
        data, lines = _json(text) or _yaml(text)
    except InputError as problem:
        raise problem.at(file=file) from None
    return Source(data, lines, file, folder or Path())


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """Return the bytes of a file (of the first `most` + 1), or raise an InputError that names it."""
    try:
        with path.open("rb") as stream:
            return stream.read(-1 if most is None else most + 1)
    except FileNotFoundError:
        meant = nearest(path.name, sorted(other.name for other in path.parent.glob("*")))
        raise InputError(f"no such file{meant}: check the name and the folder", file=str(path)) from None
    except (OSError, ValueError) as problem:  # ValueError: a NUL in the name
        reason = getattr(problem, "strerror", None) or str(problem)
        raise InputError(f"cannot be read ({reason}): name a file that can", file=str(path)) from None


def decode(raw: bytes) -> str:
    """Return UTF-8 text, with or without a byte order mark; else an InputError with the line."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw[:4]:
        raise InputError("the file is not UTF-8 but looks like UTF-16: save it as UTF-8")
    if raw.startswith(b"PK\x03\x04"):
        raise InputError("the file is a workbook or ZIP archive, not text: name a text file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        byte = f"0x{raw[problem.start]:02x}"
        raise InputError(f"the file is not UTF-8 (byte {byte}): save it as UTF-8", line=line) from None


_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],]|\n|[^\s{}\[\],:"]+')


def _json(text: str) -> tuple[dict[str, Any], dict[Place, int]] | None:
    """The data and lines of a JSON object, or None where the text is something else and YAML may say more."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data, _json_lines(text)


def _json_lines(text: str) -> dict[Place, int]:
    """The line of every key and item in text that is known to be JSON; a repeated key is an InputError."""
    lines: dict[Place, int] = {(): 1}
    line, at_key = 1, False
    open_maps: list[bool] = []  # of each open container: is it a mapping
    path: list[Any] = []  # of each open container: the key or index reached
    for token in _TOKEN.findall(text):
        if token == "\n":
            line += 1
        elif token in ("}", "]"):
            open_maps.pop()
            path.pop()
        elif token == ",":
            at_key = open_maps[-1]
        elif at_key:
            path[-1] = _clean(json.loads(token), line, allowed="")
            _note(lines, tuple(path), line)
            at_key = False
        else:
            if open_maps and not open_maps[-1]:
                path[-1] += 1
                lines[tuple(path)] = line
            if token.startswith('"'):
                _clean(json.loads(token), line)
            elif token in ("{", "["):
                at_key = token == "{"
                open_maps.append(at_key)
                path.append(-1)
                _check_depth(path, line)
    return lines


_VERSION = re.compile(r"\A(?:[ \t]*(?:#.*)?\r?\n)*%YAML[ \t]+(\S+)")
_TAG = "tag:yaml.org,2002:"
_TEXTS = ("str", "timestamp", "value")  # a date stays text
_CORE = (*_TEXTS, "null", "bool", "int", "float")
# What ruamel.yaml says, and what a planner can do about it; the first that is found is used
_SAID = {
    "but found another document": 'the file holds more than one document: remove the line "---" or "..."',
    "expected '<document start>'": "the text goes on where it had ended: check brackets and indentation",
    "undefined alias": 'text that starts with "*" refers to an anchor that is not there: put it in quotes',
    "mapping values are not allowed": 'a key cannot stand here: check indentation, or quote text with ": "',
    "could not find expected ':'": 'the line is neither "key: value" nor part of the one above: add ":"',
    "expected <block end>": "the indentation does not fit the lines above: start it in the same column",
    "expected ',' or '}'": 'the "{" opened here is not closed, or a comma is missing: add "}" or ","',
    "expected ',' or ']'": 'the "[" opened here is not closed, or a comma is missing: add "]" or ","',
    "found unexpected": "a quote is opened here and never closed: add the closing quote",
    "that cannot start any token": "text cannot start with this character: put it in quotes",
    "escape": 'a "\\" in double quotes starts an escape: write "\\\\" or use single quotes',
}


def _yaml(text: str) -> tuple[dict[str, Any], dict[Place, int]]:
    version = _VERSION.match(text)
    if version and version[1] != "1.2":
        line = text.count("\n", 0, version.start(1)) + 1
        raise InputError(f"only YAML 1.2 is read: remove this line (%YAML {version[1]})", line=line)
    loader, root = _compose(text)
    if root is None:
        raise InputError('the file holds nothing but comments: "ccsim new NAME" writes one to start from')
    line = root.start_mark.line + 1
    if root.id != "mapping":
        raise InputError('the file is not a mapping of keys: start with one, as in "queues:"', line=line)
    walk = _Walk(loader)
    return walk.value(root, (), line), {(): line, **walk.lines}


def _compose(text: str) -> tuple[Any, Any]:
    """The loader and the root of the node tree (None if there is none)."""
    from ruamel.yaml import YAML, reader

    if len(text) > YAML_BYTES:
        raise InputError(f"the file holds more than {YAML_BYTES // 10**6} MB of YAML: {_ELSEWHERE}")
    loader = YAML(typ="safe", pure=True)
    loader.composer.warn_double_anchors = False  # a later anchor of the same name is legal
    try:
        return loader, loader.compose(text)
    except RecursionError:
        raise InputError(
            f"the file is nested more than {DEPTH} levels deep: check the brackets and aliases"
        ) from None
    except reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1
        raise InputError("a control character stands in the text: remove it", line=line) from None
    except Exception as problem:  # ruamel lets slip ValueError, IndexError and others
        raise _yaml_error(text, problem) from None


def _yaml_error(text: str, problem: Exception) -> InputError:
    """One sentence for a message of ruamel.yaml, with the line where the mistake begins."""
    mark = getattr(problem, "problem_mark", None)
    line = mark.line + 1 if mark else None
    rows = text.split("\n")
    if mark and mark.line < len(rows) and re.match(r" *\t", rows[mark.line]):
        return InputError("a tab is used for indentation: use spaces", line=line)
    said = str(getattr(problem, "problem", None) or problem)
    sentence = next((ours for theirs, ours in _SAID.items() if theirs in said), "")
    context = getattr(problem, "context_mark", None)
    if context and ("opened here" in sentence or "neither" in sentence):
        line = context.line + 1
    return InputError(
        sentence or f"this is not YAML ({said.splitlines()[0] if said else 'unknown'})", line=line
    )


class _Walk:
    """One pass over a node tree: builds plain data, notes lines, counts what aliases unfold to."""

    def __init__(self, loader: Any) -> None:
        self.constructor = loader.constructor
        self.lines: dict[Place, int] = {}
        self.count = 0

    def value(self, node: Any, path: Place, line: int) -> Any:
        self.count += 1
        if self.count > VALUES:
            raise InputError(
                f"the file holds more than {VALUES:,} values, aliases (*) unfolded: write fewer", line=line
            )
        _check_depth(path, line)
        if node.id == "scalar":
            return self.scalar(node, line)
        if str(node.tag) not in (f"{_TAG}map", f"{_TAG}seq"):
            raise _tag_error(node, line)
        return self.mapping(node, path) if node.id == "mapping" else self.sequence(node, path)

    def mapping(self, node: Any, path: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self.key(key_node, line)
            _note(self.lines, (*path, key), line)
            data[key] = self.value(value_node, (*path, key), line)
        return data

    def sequence(self, node: Any, path: Place) -> list[Any]:
        data = []
        for index, item in enumerate(node.value):
            line = item.start_mark.line + 1
            self.lines[*path, index] = line
            data.append(self.value(item, (*path, index), line))
        return data

    def key(self, node: Any, line: int) -> str:
        """A key as text: 40 becomes "40", and its reader will say that it needs a unit."""
        tag = str(node.tag)
        if node.id != "scalar":
            raise InputError("a key is a list or a mapping: write text before the colon", line=line)
        if tag == f"{_TAG}merge":
            raise InputError(
                '"<<" does not merge here: repeat the keys, or put them under "defaults"', line=line
            )
        if tag == f"{_TAG}null":
            raise InputError('a key is missing before the ":": write one', line=line)
        if tag.removeprefix(_TAG) not in _CORE:
            raise _tag_error(node, line)
        return _clean(node.value, line, allowed="")

    def scalar(self, node: Any, line: int) -> Any:
        tag = str(node.tag).removeprefix(_TAG)
        if tag not in _CORE:
            raise _tag_error(node, line)
        if tag in _TEXTS:
            return _clean(node.value, line)
        try:
            return self.constructor.construct_object(node)
        except Exception:  # ValueError, KeyError and more, as in "!!int x"
            problem = InputError(f"{shown(node.value)} is not of the type {tag}: put it in quotes", line=line)
            raise problem from None


def _tag_error(node: Any, line: int) -> InputError:
    tag = str(node.tag).replace(_TAG, "!!")
    return InputError(
        f'the tag {shown(tag)} is not read: remove it, or put text that starts with "!" in quotes', line=line
    )


def _note(lines: dict[Place, int], place: Place, line: int) -> None:
    if place in lines:
        problem = f"duplicate key {shown(place[-1])}, first on line {lines[place]}: keep one of the two"
        raise InputError(problem, path=".".join(map(str, place)), line=line)
    lines[place] = line


def _check_depth(path: list | Place, line: int) -> None:
    if len(path) > DEPTH:
        raise InputError(
            f"the file is nested more than {DEPTH} levels deep: check the brackets and aliases", line=line
        )


def _clean(text: str, line: int, allowed: str = "\t\r\n") -> str:
    """Text without control characters or lone surrogates, which no table or JSON document could show."""
    if any((letter < " " and letter not in allowed) or "\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(f"{shown(text)} holds a character that does not print: remove it", line=line)
    return text
