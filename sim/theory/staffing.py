"""How many agents: the smallest number that meets targets, and the three square-root regimes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, nearest, shown
from sim.theory import checks
from sim.theory.checks import Array
from sim.theory.erlang import erlang_a, erlang_c
from sim.theory.figures import DEFINITIONS, Figures
from sim.theory.limited import erlang_k
from sim.theory.patience import erlang_g

if TYPE_CHECKING:
    from sim.distributions import Distribution

TARGETS = (
    "service_level", "abandonment_rate", "asa", "mean_wait", "delayed_share", "occupancy", "blocked_share",
)  # fmt: skip


def smallest_agents(
    *,
    arrival_rate: Any,
    mean_handle: Any,
    mean_patience: Any = None,
    patience: "Distribution | None" = None,
    never_hangs_up: float = 0.0,
    balks: float = 0.0,
    max_waiting: Any = None,
    within: Any = 20.0,
    definition: str = "offered",
    **targets: Any,
) -> Any:
    """The smallest number of agents with which every target is met: an int, or an array of them.

    Targets, one or more: `service_level` at least (in the `definition` of docs/model.md), and at most
    `abandonment_rate`, `asa`, `mean_wait` (s), `delayed_share`, `occupancy`, `blocked_share`. The formula is
    erlang_k with `max_waiting`, erlang_g with `patience` or shares that balk or never hang up, erlang_a with
    `mean_patience`, else erlang_c; its assumptions hold. A line that grows without bound meets no target.

    Found by bisection, as each figure is monotone in the number of agents n. Without a limit on the line one more
    agent multiplies the density of the offered wait V at x by e^(−x ÷ handle), and its mass at 0 by more (1 ÷ B
    rises in n): V falls in the likelihood-ratio order. Delay, abandonment, mean wait and the service levels
    `offered` and `early_abandons_met` are means of monotone functions of V; weighting by who stays keeps that order,
    so `asa` and `answered` follow; `early_abandons_excluded` is met ÷ (met + waiting longer than T), of which the
    first rises and the second falls. Occupancy of Erlang B and C falls as the throughput is concave in n
    (Messerli 1972). Not proved, but held on grids of loads from 0.05 to 150 erlangs (tests/test_theory_monotone.py):
    the occupancy with exponential patience, and all figures with a limited line, with and without exponential
    patience. Neither proved nor tested on a grid: the occupancy with any other patience.
    """
    formula = _formula(mean_patience, patience, never_hangs_up, balks, max_waiting)
    wanted = _wanted(targets, definition)
    _check_known(wanted, mean_patience, patience, max_waiting)
    rate, mean = checks.positive("arrival_rate", arrival_rate), checks.positive("mean_handle", mean_handle)
    given = {"arrival_rate": rate, "mean_handle": mean, "within": checks.not_negative("within", within)}
    if mean_patience is not None:
        given["mean_patience"] = checks.positive("mean_patience", mean_patience)
    if max_waiting is not None:
        given["max_waiting"] = checks.agents(max_waiting, least=0, name="max_waiting")
    names = [*given, *wanted]
    shape, flat = checks.together(*given.values(), *wanted.values())
    columns = dict(zip(names, flat, strict=True))

    def met(n: Array, places: Array) -> Array:
        known = {name: columns[name][places] for name in given}
        return _met(formula(agents=n, **known), {name: columns[name][places] for name in wanted}, definition)

    return checks.shaped(_smallest(met, columns["arrival_rate"] * columns["mean_handle"]), shape)


def _formula(
    mean_patience: Any, patience: Any, never_hangs_up: Any, balks: Any, max_waiting: Any
) -> Callable[..., Figures]:
    """The formula for what is given."""
    if mean_patience is not None and patience is not None:
        raise InputError("is given beside patience; keep one of the two", path="mean_patience")
    if max_waiting is not None:
        if patience is not None or never_hangs_up:
            raise InputError("goes with mean_patience or endless patience only", path="max_waiting")
        return lambda **known: erlang_k(balks=balks, **known)
    if patience is None and not never_hangs_up and not balks:
        return erlang_c if mean_patience is None else erlang_a
    if mean_patience is not None:
        raise InputError(
            "with balks or never_hangs_up, write patience as a distribution", path="mean_patience"
        )
    return lambda **known: erlang_g(patience=patience, never_hangs_up=never_hangs_up, balks=balks, **known)


def _wanted(targets: dict[str, Any], definition: str) -> dict[str, Array]:
    """The targets that are given, each one that some number of agents reaches."""
    if definition not in DEFINITIONS:
        near = nearest(definition, DEFINITIONS)
        problem = f"there is no service level {shown(definition)}{near}: use {', '.join(DEFINITIONS)}"
        raise InputError(problem, path="definition")
    found = {}
    for name, given in targets.items():
        if name not in TARGETS:
            raise InputError(
                f"there is no target {shown(name)}{nearest(name, TARGETS)}: use {', '.join(TARGETS)}"
            )
        if given is not None:
            timed = name in ("asa", "mean_wait")
            found[name] = checks.positive(name, given) if timed else checks.share(name, given, open_ends=True)
    if not found:
        raise InputError(f"no target is given: give one or more of {', '.join(TARGETS)}")
    return found


def _check_known(wanted: dict[str, Array], mean_patience: Any, patience: Any, max_waiting: Any) -> None:
    """Refuse targets of what the formula does not have: every number of agents would meet them."""
    if "abandonment_rate" in wanted and mean_patience is None and patience is None:
        raise InputError(
            "nobody hangs up without patience; give mean_patience or patience", path="abandonment_rate"
        )
    if "blocked_share" in wanted and max_waiting is None:
        raise InputError("nobody is blocked where all may wait; give max_waiting", path="blocked_share")


def _met(figures: Figures, wanted: dict[str, Array], definition: str) -> Array:
    """Whether every target is met, by place."""
    good = np.array(figures.bounded, bool)
    for name, limit in wanted.items():
        if name == "service_level":
            good &= np.asarray(figures.service_level_by(definition)) >= limit
        else:
            good &= np.asarray(getattr(figures, name)) <= limit
    return good


def _smallest(met: Callable[[Array, Array], Array], load: Array) -> Array:
    """The smallest n ≥ 1 that meets the targets, by doubling and bisection from the offered load."""
    low = np.zeros(load.size)
    high = np.maximum(np.ceil(load), 1.0)
    step = np.maximum(np.ceil(np.sqrt(load)), 1.0)
    open_places = np.arange(load.size)
    while open_places.size:
        if (high[open_places] > checks.MOST_AGENTS).any():
            raise InputError(f"no number of agents up to {checks.MOST_AGENTS:,} meets the targets")
        fails = open_places[~met(high[open_places], open_places)]
        low[fails], high[fails] = high[fails], high[fails] + step[fails]
        step[fails] *= 2.0
        open_places = fails
    open_places = np.flatnonzero(high - low > 1.0)
    while open_places.size:
        middle = np.floor(0.5 * (low[open_places] + high[open_places]))
        good = met(middle, open_places)
        high[open_places[good]], low[open_places[~good]] = middle[good], middle[~good]
        open_places = np.flatnonzero(high - low > 1.0)
    return high.astype(int)


# The three regimes of large centres: n = load + slack.


def halfin_whitt(beta: Any) -> Any:
    """The delayed share of M/M/n with n = load + β·√load as the load grows, β > 0.

    Source: Halfin and Whitt (1981): 1 ÷ (1 + β·Φ(β) ÷ φ(β)).
    """
    from scipy.special import log_ndtr

    b = checks.positive("beta", beta)
    with np.errstate(over="ignore"):
        return _plain(1.0 / (1.0 + b * np.exp(log_ndtr(b) + 0.5 * b * b + 0.5 * np.log(2.0 * np.pi))))


def garnett(beta: Any, patience_to_handle: Any) -> Any:
    """The delayed share of M/M/n+M with n = load + β·√load as the load grows; β of either sign.

    `patience_to_handle` is mean patience ÷ mean handle time. Source: Garnett, Mandelbaum and Reiman (2002).
    """
    b, root = _finite(beta), np.sqrt(checks.positive("patience_to_handle", patience_to_handle))
    return _plain(1.0 / (1.0 + np.exp(_log_hazard(b * root) - _log_hazard(-b)) / root))


def garnett_abandonment(beta: Any, patience_to_handle: Any, load: Any) -> Any:
    """The share that hangs up from M/M/n+M with n = load + β·√load: of the order of 1 ÷ √n.

    Source: Garnett, Mandelbaum and Reiman (2002).
    """
    b, root = _finite(beta), np.sqrt(checks.positive("patience_to_handle", patience_to_handle))
    a = checks.positive("load", load)
    n = a + b * np.sqrt(a)
    if (n <= 0.0).any():
        raise InputError("leaves no agent at this load; take a larger one", path="beta")
    excess = np.exp(_log_hazard(b * root)) - b * root
    return _plain(np.asarray(garnett(b, root**2)) * excess / root / np.sqrt(n))


def staff_quality_driven(load: Any, spare: Any) -> Any:
    """Agents with a fixed share to spare, load·(1 + spare): delays become exponentially rare as the load grows."""
    a, more = checks.positive("load", load), checks.positive("spare", spare)
    return _plain(_up(a * (1.0 + more)))


def staff_balanced(load: Any, delayed_share: Any, patience_to_handle: Any = None) -> Any:
    """Agents by the square-root rule, load + β·√load, such that this share is delayed (quality and efficiency).

    β solves the function of Garnett, or of Halfin and Whitt where nobody hangs up. For the exact number take
    `smallest_agents`; they seldom differ by more than one.
    """
    a, share = checks.positive("load", load), checks.share("delayed_share", delayed_share, open_ends=True)
    ratio = None if patience_to_handle is None else checks.positive("patience_to_handle", patience_to_handle)
    arrays = [a, share] + ([] if ratio is None else [ratio])
    shape, flat = checks.together(*arrays)
    low, high = np.full(flat[0].size, 0.0 if ratio is None else -40.0), np.full(flat[0].size, 40.0)
    for _ in range(80):
        middle = 0.5 * (low + high)
        more = np.asarray(halfin_whitt(middle) if ratio is None else garnett(middle, flat[2])) > flat[1]
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return checks.shaped(np.maximum(_up(flat[0] + high * np.sqrt(flat[0])), 1), shape)


def staff_efficiency_driven(load: Any, abandonment_rate: Any) -> Any:
    """Agents for the rest, load·(1 − abandonment): everybody waits, about the time by which that share is gone.

    Source: Whitt (2004), Zeltyn and Mandelbaum (2005).
    """
    a, gone = (
        checks.positive("load", load),
        checks.share("abandonment_rate", abandonment_rate, open_ends=True),
    )
    return _plain(np.maximum(_up(a * (1.0 - gone)), 1))


def _log_hazard(x: Array) -> Array:
    """The log of φ(x) ÷ Φ(−x), the hazard of the normal distribution."""
    from scipy.special import log_ndtr

    return -0.5 * x * x - 0.5 * np.log(2.0 * np.pi) - log_ndtr(-x)


def _finite(beta: Any) -> Array:
    values = np.asarray(beta, float)
    if not np.isfinite(values).all():
        raise InputError("is not a finite number", path="beta")
    return values


def _up(agents: Array) -> Array:
    """Rounded up to whole agents, whatever the last bits say."""
    return np.ceil(agents * (1.0 - 1e-12)).astype(int)


def _plain(values: Any) -> Any:
    return values if np.ndim(values) else np.asarray(values).item()
