"""What becomes of contacts, in a few kinds that a planner tells apart, and the colours they have in pictures."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sim.reports.plots import BLUE, GREEN, GREY, ORANGE, PALE, SKY, VERMILLION


class Kind(NamedTuple):
    """A kind of ending: its name, the totals it sums, its colour and hatch, and whether the need is lost with it."""

    name: str
    totals: tuple[str, ...]
    colour: str
    hatch: str
    is_lost: bool
    may_redial: bool = False


ENDINGS = (
    Kind("answered", ("answered",), BLUE, "", False),
    Kind("called back", ("callbacks_served",), SKY, "----", False),
    Kind("served by the IVR", ("self_served",), GREEN, "\\\\\\\\", False),
    Kind("still waiting at the end", ("pending",), PALE, "", False),
    Kind("hung up waiting", ("abandoned",), VERMILLION, "////", True, True),
    Kind("turned away: lines full", ("blocked",), ORANGE, "xxxx", True, True),
    Kind("turned away: closed", ("closed",), "#CC79A7", "++", True, True),
    Kind("hung up in the IVR", ("ivr_hang_ups",), GREY, "\\\\\\\\", True),
    Kind("cut off, or not reached again", ("unanswered", "callbacks_failed"), "#000000", "||||", True),
)
ORIGINS = {"redials": ("redials", "switches"), "repeats": ("repeats",), "transfers": ("transfers",)}


def sums(figures: Mapping[str, np.ndarray], totals: tuple[str, ...]) -> np.ndarray:
    """The sum of some totals; figures: total → values."""
    return np.sum([figures[name] for name in totals], axis=0)
