"""Which fonts have the letters of which script, and the package to install where none has."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple


class Script(NamedTuple):
    """A script: the words that names of its letters begin with (Unicode), fonts that have it, and their package."""

    name: str
    prefixes: tuple[str, ...]
    families: tuple[str, ...]
    package: str


SCRIPTS = (
    Script(
        "Chinese, Japanese or Korean",
        ("CJK ", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "HANGUL", "IDEOGRAPHIC", "FULLWIDTH", "BOPOMOFO"),
        ("Noto Sans CJK SC", "Noto Sans SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC",
         "Hiragino Sans GB", "Malgun Gothic"),
        "fonts-noto-cjk",
    ),
    Script("Thai", ("THAI",), ("Noto Sans Thai", "Noto Looped Thai", "Leelawadee UI", "Thonburi"), "fonts-noto-core"),
    Script("Arabic", ("ARABIC",), ("Noto Sans Arabic", "Segoe UI", "Geeza Pro"), "fonts-noto-core"),
    Script("Hebrew", ("HEBREW",), ("Noto Sans Hebrew", "Segoe UI", "Arial Hebrew"), "fonts-noto-core"),
    Script("Devanagari", ("DEVANAGARI",), ("Noto Sans Devanagari", "Nirmala UI"), "fonts-noto-core"),
)  # fmt: skip
SYMBOLS = Script(
    "emoji", (), ("Symbola", "Noto Emoji", "Noto Sans Symbols2", "Segoe UI Symbol"), "fonts-symbola"
)
OTHER = Script("other", (), ("Noto Sans",), "fonts-noto-core")

LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"
RIGHTWARD = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe"  # Hebrew, Arabic and their kin
LAST_RIGHTWARD = re.compile(rf"(?<=[{RIGHTWARD}])(?!\W*[{RIGHTWARD}])")

# What a browser takes, in this order, for text that is kept as text; the first has the widths it was laid out with
FOR_BROWSERS = (
    "DejaVu Sans", "Verdana", "Segoe UI", "Helvetica Neue", "Arial", "Noto Sans", "Noto Sans CJK SC", "PingFang SC",
    "Microsoft YaHei", "Noto Sans Thai", "Leelawadee UI", "Noto Sans Arabic", "Noto Sans Hebrew",
    "Noto Sans Devanagari", "Noto Color Emoji", "Apple Color Emoji", "Segoe UI Emoji", "sans-serif",
)  # fmt: skip


def script_of(letter: str) -> Script:
    """The script of a letter, by its Unicode name; emoji and other symbols are one, what is not listed another."""
    name = unicodedata.name(letter, "")
    if unicodedata.category(letter) in ("So", "Sk"):
        return SYMBOLS
    return next((script for script in SCRIPTS if name.startswith(script.prefixes)), OTHER)


def drawn(text: str) -> set[str]:
    """The letters of a text that need a shape: not spaces, joiners and selectors, which only change others."""
    return {
        letter
        for letter in text
        if not letter.isspace()
        and unicodedata.category(letter) not in ("Cf", "Cc")
        and not 0xFE00 <= ord(letter) <= 0xFE0F
    }


def missing_words(letters: Iterable[str]) -> str:
    """What to do about letters that no installed font has, in a sentence; "" where there are none."""
    by_script: dict[Script, list[str]] = {}
    for letter in sorted(letters):
        by_script.setdefault(script_of(letter), []).append(letter)
    if not by_script:
        return ""
    told = [f"{''.join(found[:6])} ({script.name})" for script, found in by_script.items()]
    packages = " ".join(dict.fromkeys(script.package for script in by_script))
    return (
        f"no installed font has the letters {', '.join(told)}, which are drawn as boxes: install a font that has "
        f"them (Debian, Ubuntu: apt install {packages}), or write an .svg file, which keeps names as text"
    )


def columns(text: str) -> int:
    """How wide a text is, in Latin letters: Chinese, Japanese, Korean and emoji take two, marks above none."""
    return sum(_wide(letter) for letter in text)


def cut(text: str, width: int) -> str:
    """A text of at most so many columns, its end replaced by …; no mark is parted from its letter."""
    if columns(text) <= width:
        return text
    kept, taken = "", 0
    for letter in text:
        taken += _wide(letter)
        if taken > width - 1:
            break
        kept += letter
    return kept.rstrip() + "…"


def apart(name: str) -> str:
    """A name with an unseen mark at both ends where it runs from right to left, so that it turns nothing around it."""
    rightward = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in name)
    return f"{LEFT_TO_RIGHT}{name}{LEFT_TO_RIGHT}" if rightward else name


def in_place(text: str) -> str:
    """A sentence with an unseen mark behind what runs from right to left in it, so that no number after it moves."""
    return LAST_RIGHTWARD.sub(LEFT_TO_RIGHT, text)


def _wide(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
