"""Which pictures there are, by name, and the one that suits when none is named."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

from sim.errors import InputError, nearest, shown


class Picture(NamedTuple):
    """A kind of picture: the module in this room and the function that draws it, and what it shows."""

    module: str
    function: str
    shows: str


# The first one is drawn when none is named
OF_RESULT = {
    "service": Picture("serviceplots", "plot_service", "service level, wait and hang-ups by interval, with margins"),
    "day": Picture("dayplots", "plot_day", "contacts, agents and offered load by interval"),
    "occupancy": Picture("dayplots", "plot_occupancy", "how busy the agents of each group are, by interval"),
    "waits": Picture("spreadplots", "plot_waits", "how long people wait: the share that waits at most so long"),
    "days": Picture("spreadplots", "plot_days", "how the service level differs from day to day"),
    "flow": Picture("flowplots", "plot_flow", "what becomes of all contacts, from arrival to served or lost"),
    "lost": Picture("lostplots", "plot_lost", "who is lost, when and why"),
    "line": Picture("replayplots", "plot_line", "how many wait at every moment of one day"),
}  # fmt: skip
OF_COMPARISON = {
    "plans": Picture("planplots", "plot_plans", "lost customers by plan, with margins of the differences"),
    "differences": Picture("planplots", "plot_differences", "what each plan changes, paired, with margins"),
    "cost": Picture("costplots", "plot_cost", "cost against lost customers"),
}


def check_kind(pictures: Mapping[str, Picture], kind: str) -> None:
    """Refuse a kind that is not there."""
    if kind and kind not in pictures:
        known = "; ".join(f"{name} ({picture.shows})" for name, picture in pictures.items())
        raise InputError(f"there is no kind of picture {shown(kind)}{nearest(kind, pictures)}; use {known}")


def draw(pictures: Mapping[str, Picture], kind: str, of: Any, ax: Any = None, **choices: Any) -> Any:
    """Draw one of these kinds, the first if `kind` is empty, on some Axes or on new ones; returns the Axes."""
    from sim.reports.plots import with_letters

    if isinstance(ax, str):
        raise InputError(f"{shown(ax)} is no Axes; name a kind of picture as plot(kind=…)", path="ax")
    check_kind(pictures, kind)
    picture = pictures[kind or next(iter(pictures))]
    function = getattr(import_module(f"sim.reports.{picture.module}"), picture.function)
    try:
        ax = function(of, ax, **choices)
    except TypeError as error:
        if choices and "unexpected keyword" in str(error):
            raise InputError(
                f"cannot be told {', '.join(choices)}", path=kind or next(iter(pictures))
            ) from None
        raise
    with_letters(ax)
    return ax
