"""One self-contained HTML file from headings, words, tables and pictures: what every kind of report is made of."""

import base64
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from sim.errors import InputError, shown
from sim.reports.layout import Table
from sim.reports.lettering import in_place
from sim.reports.results import write_whole

ENDINGS = (".html", ".htm")


@dataclass(frozen=True)
class Words:
    """Paragraphs; `points` makes them items of a list, those that begin with spaces set in."""

    lines: Sequence[str]
    points: bool = False
    kind: ClassVar[str] = "words"


@dataclass(frozen=True)
class Pairs:
    """Names and what is said of each, a line each."""

    pairs: Mapping[str, str]
    kind: ClassVar[str] = "pairs"


@dataclass(frozen=True)
class Plain:
    """Text laid out in columns, kept as it is, to be unfolded."""

    title: str
    text: str
    kind: ClassVar[str] = "plain"


@dataclass(frozen=True)
class Figures:
    """A table that can be sorted.

    names: the head of the column of names; folded: only the title is seen at first; in_order: names sort as they stand.
    """

    title: str
    table: Table
    names: str
    folded: bool = False
    in_order: bool = False
    kind: ClassVar[str] = "figures"

    @property
    def heads(self) -> list[str]:
        """The heads of all columns, each on one line."""
        return [" ".join(head.split("\n")).strip() for head in (self.names, *self.table.heads)]

    @property
    def rows(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """The name and the cells of each row; a name set in below another is said with it."""
        above = ""
        for name, *cells in zip(self.table.names, *self.table.columns, strict=True):
            own = name.strip()
            if own != name:
                own = f"{above} · {own}"
            else:
                above = own
            yield own, tuple((_minus(value), margin) for value, margin in cells)


def _minus(value: str) -> str:
    """A negative number with a minus as long as the plus."""
    return f"−{value[1:]}" if value.startswith("-") else value


@dataclass(frozen=True)
class Picture:
    """A picture as SVG that is ready to stand in a page, and what it shows in words."""

    svg: str
    title: str
    kind: ClassVar[str] = "picture"


Block = Words | Pairs | Plain | Figures | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; name: of the place, for links."""

    name: str
    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A whole report: title, what was played, the answer in a sentence, its sections.

    warnings: how many there are, told beside the answer.
    """

    title: str
    played: str
    answer: str
    sections: Sequence[Section]
    warnings: int = 0


def page_html(page: Page) -> str:
    """The page as HTML that asks no network for anything; every text in it is escaped."""
    style, script = (_own(f"page.{ending}") for ending in ("css", "js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return str(_template().render(page=page, style=style, script=script, digest=digest))


def write_page(made: Callable[[], Page], path: str | os.PathLike[str]) -> None:
    """Make a page and write it to a .html file, whole or not at all; made: asked only if the name will do."""
    check_ending(path)
    write_whole(Path(path), page_html(made()).encode(errors="backslashreplace"))


def check_ending(path: str | os.PathLike[str]) -> None:
    """Refuse a name that no browser would take for a page."""
    if Path(path).suffix.lower() not in ENDINGS:
        raise InputError(f"{shown(os.fspath(path))} does not end in .html")


def _own(name: str) -> str:
    return files("sim.reports").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["kept"] = lambda text: in_place(text.replace(" ± ", "\xa0±\xa0"))  # a margin by its value
    return made.from_string(_own("page.html"))
