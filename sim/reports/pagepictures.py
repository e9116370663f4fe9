"""Pictures for a report: the plots of a result as SVG that takes the page's colours, intervals to be pointed at."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from sim.errors import InputError
from sim.history.backtest import MODES, Backtest
from sim.reports.figures import clean
from sim.reports.page import Picture, Words
from sim.reports.pictures import OF_COMPARISON, OF_RESULT

if TYPE_CHECKING:
    from sim.reports.results import Comparison, Result
    from sim.reports.sweeps import SweepResult

SVG, LINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
BY_INTERVAL = ("service", "day", "occupancy")  # kinds whose intervals say their figures when pointed at
MOST_LETTERS = 2_200_000  # of the SVG of one page
POINTED = "intervals"  # the id of what is pointed at
FINE, FINER = (
    re.compile(rf"(?<=\.[0-9]{{{n}}})[0-9]+") for n in (2, 1)
)  # decimals of a point that nobody sees
GAPS = re.compile(r"(?<=[A-Za-z])\s+|\s+(?=[A-Za-z])")  # in a path, around its letters
LONG = 300  # letters of a path
SPACE = re.compile(r">\s+<")
COLOUR = re.compile(r"#([0-9a-fA-F]{6})\b")


def run_pictures(
    result: "Result", kinds: Iterable[str] = tuple(OF_RESULT), words: Sequence[str] = ()
) -> Iterator[Picture]:
    """The pictures of a run, without those that have nothing to draw; words: on each interval, when pointed at."""
    for kind in kinds:
        own = f"{kind}-{clean(result.plan, 20)}"
        said = words if kind in BY_INTERVAL else ()
        yield from _drawn(partial(result.plot, kind=kind), OF_RESULT[kind].shows, own, said)


def comparison_pictures(comparison: "Comparison") -> Iterator[Picture]:
    """The pictures of a comparison."""
    for kind, picture in OF_COMPARISON.items():
        yield from _drawn(partial(comparison.plot, kind=kind), picture.shows, f"plans-{kind}")


def sweep_pictures(result: "SweepResult", shown: Mapping[str, Mapping[str, Any]]) -> Iterator[Picture]:
    """The pictures of a sweep; shown: what each shows → the arguments of its `plot`."""
    for number, (title, arguments) in enumerate(shown.items()):
        yield from _drawn(partial(result.plot, **arguments), title, f"sweep-{number}")


def backtest_pictures(backtest: Backtest) -> Iterator[Picture]:
    """What was predicted against what happened, a picture for each mode."""
    from sim.reports.backtestplots import plot_backtest

    for mode, contacts in MODES.items():
        if mode in backtest.intervals:
            draw = partial(plot_backtest, backtest, mode=mode)
            yield from _drawn(draw, f"predicted against happened, {contacts}", f"backtest-{mode}")


def with_room(pictures: Iterable[Picture]) -> Iterator[Picture | Words]:
    """Pictures as long as the page stays small enough to be sent, and which of them are left out."""
    room, left_out = MOST_LETTERS, []
    for picture in pictures:
        if len(picture.svg) <= room:
            room -= len(picture.svg)
            yield picture
        else:
            left_out.append(picture.title)
    if left_out:
        yield Words([f"Too large for this page, and drawn by --plot: {'; '.join(left_out)}."])


def _drawn(draw: Callable[[], Any], shows: str, name: str, words: Sequence[str] = ()) -> Iterator[Picture]:
    from sim.reports.plots import figure_bytes

    try:
        axes = draw()
    except InputError:  # says that there is nothing to draw
        return
    if words:
        _point_at(axes, len(words))
    title = shows[:1].upper() + shows[1:]
    yield Picture(for_page(figure_bytes(axes, "svg"), title, name, words), title)


def _point_at(axes: Any, count: int) -> None:
    """Lay one bar over all intervals of each panel whose axis of time has one place for each."""
    figure = axes.figure.figure
    for panel in dict.fromkeys([*figure.axes, *(child for one in figure.axes for child in one.child_axes)]):
        if panel.axison and panel.get_xlim() == (0, count):
            panel.axvspan(0, count, gid=POINTED, color="black", linewidth=0, zorder=50)


def for_page(written: bytes, title: str, name: str, words: Sequence[str] = ()) -> str:
    """An SVG file as an element of a page: named for those who do not see it, ids its own, colours by the theme.

    name: of the picture within the page; words: what is said of each interval pointed at.
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(written)
    for part in list(root):
        if part.tag in (f"{{{SVG}}}metadata", "metadata"):
            root.remove(part)
    own = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "picture"
    for element in list(root.iter()):
        _made_own(element, own, words)
    _make_clear(root)
    width = float(root.get("width", "600pt").removesuffix("pt"))
    # as wide as drawn, so that letters are as large as the page's; on a phone somewhat less, and to be pushed
    root.set("style", f"max-width: {width:.0f}pt; min-width: {0.72 * width:.0f}pt")
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    root.set("role", "img")
    root.set("aria-label", title)
    return SPACE.sub("><", ElementTree.tostring(root, encoding="unicode"))


def _made_own(element: ElementTree.Element, own: str, words: Sequence[str]) -> None:
    """Ids that no other picture of the page has, colours that the page may change, a line on each interval."""
    given = element.get("id", "")
    if given:
        element.set("id", f"{own}-{given}")
    if element.get(LINK, "").startswith("#"):
        element.set(LINK, f"#{own}-{element.attrib[LINK][1:]}")
    for key in ("clip-path", "style"):
        if value := element.get(key):
            value = value.replace("url(#", f"url(#{own}-")
            element.set(key, COLOUR.sub(_themed, value) if key == "style" else value)
    if path := element.get("d"):
        element.set("d", _short(path))
    if given == POINTED:
        _divide(element, words)


def _divide(bar: ElementTree.Element, words: Sequence[str]) -> None:
    """Make the bar over all intervals into one for each, unseen, that says something when pointed at."""
    (path,) = (part.attrib["d"] for part in bar.iter() if "d" in part.attrib)
    points = [float(number) for number in re.findall(r"-?[0-9.]+", path)]
    left, right, top, bottom = min(points[::2]), max(points[::2]), min(points[1::2]), max(points[1::2])
    for part in list(bar):
        bar.remove(part)
    bar.attrib = {"class": "hover"}
    step = (right - left) / len(words)
    for place, said in enumerate(words):
        shape = f"M{left + place * step:.2f} {top:.1f}h{step:.2f}V{bottom:.1f}h{-step:.2f}z"
        one = ElementTree.SubElement(bar, f"{{{SVG}}}path", {"d": shape})
        ElementTree.SubElement(one, f"{{{SVG}}}title").text = said


def _short(path: str) -> str:
    """A path in fewer letters: to 0.1 points where it is long, and no more space than it needs."""
    path = (FINE if len(path) < LONG else FINER).sub("", path)
    return GAPS.sub("", path)


def _themed(found: re.Match[str]) -> str:
    """A colour as the page has it, or as it is on white paper."""
    return f"var(--c{found[1].lower()}, {found[0].lower()})"


def _make_clear(root: ElementTree.Element) -> None:
    """Take away the white paper behind a figure: the first patch of the figure."""
    patch = root.find(f".//{{{SVG}}}g/{{{SVG}}}g")
    if patch is not None and patch.get("id", "").endswith("patch_1"):
        for path in patch:
            path.set("style", "fill: none")
