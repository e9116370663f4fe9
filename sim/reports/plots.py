"""What all pictures share: the palette, axes, legends, letters of every script, and files; matplotlib is here alone."""

import math
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from sim.errors import InputError, shown
from sim.reports.figures import clean
from sim.reports.lettering import FOR_BROWSERS, apart, columns, cut, drawn, missing_words, script_of
from sim.reports.results import write_whole

# Okabe and Ito, https://jfly.uni-koeln.de/color/: told apart whatever the colour vision
BLUE, VERMILLION, SKY, GREEN, ORANGE = "#0072B2", "#D55E00", "#56B4E9", "#009E73", "#E69F00"
GREY, PALE = "#7F7F7F", "#BFBFBF"
LINES = (BLUE, VERMILLION, GREEN, "#CC79A7", ORANGE, SKY, "#000000")
MARKS = "osD^vP*X"
STYLES = ("-", "--", "-.", ":")
HATCHES = (
    "",
    "////",
    "----",
    "xxxx",
    "\\\\\\\\",
    "++",
    "||||",
)  # lines alone: dots and rings make an SVG large
DASHED = (0, (6, 4))
DASHES = (DASHED, (0, (2, 2)), (0, (8, 2, 2, 2)))  # of several targets in one picture
ENDINGS = ("png", "svg", "pdf")
FAMILY = re.compile(rb"""(<(?:text|tspan) style="[^">]*?) ?font-family: [^;">]*;?""")
BAND = 0.18  # opacity of a margin's band
INK = {"color": "black", "linewidth": 0.9}


def line_style(number: int, places: int = 0) -> dict[str, Any]:
    """Colour, dashes and mark of the n-th line, told apart in grey too; no marks where there are many places."""
    return {
        "color": LINES[number % len(LINES)],
        "linestyle": STYLES[number % len(STYLES)],
        "marker": MARKS[number % len(MARKS)] if places <= 60 else "",
        "markersize": 4,
        "linewidth": 1.5,
    }


def bar_style(number: int) -> dict[str, Any]:
    """Colour and hatch of the n-th kind of bar, told apart in grey too."""
    return {
        "color": LINES[number % len(LINES)],
        "hatch": HATCHES[number % len(HATCHES)],
        "edgecolor": "white",
        "linewidth": 0.0,
    }


def new_axes(width: float, height: float) -> Any:
    """New axes: by pyplot where figures are shown with it, else on a figure that no list keeps. Sizes in inches."""
    if "matplotlib.pyplot" in sys.modules or "IPython" in sys.modules:
        from matplotlib import pyplot

        return pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()


def panels(ax: Any, sizes: Sequence[float], gap: float, across: bool = False) -> list[Any]:
    """Divide some Axes into panels below (or beside) each other; the Axes themselves keep only their title.

    sizes: in any unit; gap: between two of them, in that unit. Returns the panels, also in `ax.child_axes`.
    """
    ax.set_axis_off()
    whole, start, made = sum(sizes) + gap * (len(sizes) - 1), 0.0, []
    for size in sizes:
        at, extent = start / whole, size / whole
        made.append(ax.inset_axes([at, 0, extent, 1] if across else [0, 1 - at - extent, 1, extent]))
        start += size + gap
    return made


def draw_legend(ax: Any, of: Sequence[Any] = (), title: str = "", below: float = 5.0) -> None:
    """All that has a label in one legend below the chart, where it hides nothing.

    of: the Axes whose labels they are, if others; below: how far down it begins, in letters.
    """
    found = [each.get_legend_handles_labels() for each in of or [ax]]
    shown_ = {
        label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)
    }
    fitting = max(1, 120 // (8 + max(map(columns, shown_), default=1)))
    across = math.ceil(len(shown_) / max(1, math.ceil(len(shown_) / fitting)))  # rows of one length
    # the distance is in letters, so that it clears the axis label whatever the height
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "borderaxespad": below}
    if shown_:
        fonts = {"fontsize": "small", "title_fontsize": "small"}
        ax.legend(shown_.values(), shown_, title=title, ncols=across, frameon=False, **fonts, **place)
    bare(ax)


def bare(ax: Any) -> None:
    """No frame above and to the right."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def align_labels(stacked: Sequence[Any]) -> None:
    """The titles of the y axes of panels below each other at one distance from them."""
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    for panel in stacked:
        aside = ScaledTranslation(
            -0.6, 0.0, panel.figure.dpi_scale_trans
        )  # inches, whatever the panel's width
        place = blended_transform_factory(panel.transAxes + aside, panel.transAxes)
        panel.yaxis.set_label_coords(0.0, 0.5, transform=place)


def as_label(name: str, width: int) -> str:
    """A name as a label: cut to a width, no mathematics between dollars, not hidden for a leading underscore.

    One that runs from right to left does so by itself, and leaves the words around it where they are.
    """
    name = apart(cut(clean(name, 400), width)).replace("$", r"\$")
    return f" {name}" if name.startswith("_") else name


def save_figure(axes: Any, path: str | Path) -> None:
    """Write the figure of some Axes to a .png, .svg or .pdf file, whole or not at all.

    Says on stderr which letters no installed font has. SVG keeps text as text, so the reader's fonts draw it.
    """
    path = Path(path)
    ending = path.suffix.lower().removeprefix(".")
    if ending not in ENDINGS:
        raise InputError(f"{shown(str(path))} has no ending that is known: use .png, .svg or .pdf")
    content = figure_bytes(axes, ending)
    write_whole(path, content)
    if ending != "svg" and (said := missing_words(with_letters(axes))):
        print(f"Note: {path}: {said}", file=sys.stderr)


def figure_bytes(axes: Any, ending: str) -> bytes:
    """The figure of some Axes as a PNG, SVG or PDF, the same bytes each time."""
    from matplotlib import rc_context

    dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
    written = BytesIO()
    with (
        rc_context({"svg.hashsalt": "sim", "svg.fonttype": "none"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # said once, in a sentence
        with_letters(axes)
        axes.figure.figure.savefig(written, format=ending, dpi=150, bbox_inches="tight", metadata=dateless)
    return _for_browsers(written.getvalue()) if ending == "svg" else written.getvalue()


def _for_browsers(svg: bytes) -> bytes:
    """An SVG whose texts take the fonts of whoever reads it, said once, not those that were installed here."""
    families = ", ".join(f"'{name}'" if " " in name else name for name in FOR_BROWSERS)
    bare_texts = FAMILY.sub(rb"\1", svg)
    return bare_texts.replace(b"<svg ", f'<svg font-family="{families}" '.encode(), 1)


def with_letters(axes: Any) -> set[str]:
    """Give every text of the figure fonts that have its letters; the letters that no installed font has."""
    missing: set[str] = set()
    for text in _texts(axes):
        families, without = _fonts_for(frozenset(drawn(text.get_text())))
        missing |= without
        if families:
            text.set_fontfamily([_usual(), *families])
    return missing


def _texts(axes: Any) -> Iterator[Any]:
    from matplotlib.text import Text

    figure = axes.figure.figure
    for each in figure.findobj(lambda artist: hasattr(artist, "get_ticklabels")):
        each.get_ticklabels()  # made only when asked for
    yield from figure.findobj(Text)


@cache
def _usual() -> str:
    """The family in use: the first of those wanted that is installed."""
    from matplotlib import font_manager, rcParams

    installed = {font.name for font in font_manager.fontManager.ttflist}
    generic: Any = rcParams
    wanted = [
        name for family in generic["font.family"] for name in (generic.get(f"font.{family}") or [family])
    ]
    return next((name for name in wanted if name in installed), "DejaVu Sans")


@cache
def _fonts_for(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Families that have, together, what the usual font lacks of some letters, and what none has."""
    lacking = {letter for letter in letters if ord(letter) > 0x7F and not _has(_usual(), letter)}
    families: dict[str, None] = {}
    missing = set()
    for letter in sorted(lacking):
        if any(_has(family, letter) for family in families):
            continue
        family = _family_with(letter)
        if family:
            families[family] = None
        else:
            missing.add(letter)
    return tuple(families), frozenset(missing)


@cache
def _family_with(letter: str) -> str:
    """An installed family that has a letter: one meant for its script if there is one, else any; or ""."""
    installed = _installed()
    wanted = [family for family in script_of(letter).families if family in installed]
    others = sorted(installed, key=lambda family: (not family.startswith("Noto Sans"), family))
    return next((family for family in (*wanted, *others) if _has(family, letter)), "")


@cache
def _installed() -> dict[str, str]:
    """Family → file of its upright, regular font, those among them that matplotlib's own list does not know yet."""
    from matplotlib import font_manager

    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            try:
                font_manager.fontManager.addfont(path)
            except (OSError, RuntimeError):  # no outline in it, as in coloured emoji
                continue
    found: dict[str, str] = {}
    for font in font_manager.fontManager.ttflist:
        boxes = "lastresort" in font.name.replace(" ", "").lower()  # has every letter, as a box
        if (
            not boxes
            and font.style == "normal"
            and font.weight in (400, "normal", "regular", "book", "medium", 500)
        ):
            found.setdefault(font.name, font.fname)
    return found


@cache
def _has(family: str, letter: str) -> bool:
    """Whether a font of this family has a shape for a letter."""
    from matplotlib import font_manager

    try:
        path = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=False)
        return bool(font_manager.get_font(path).get_char_index(ord(letter)))
    except (OSError, RuntimeError, ValueError):
        return False
