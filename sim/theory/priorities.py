"""Several classes of callers, the first always served before the next: waits without abandonment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import InputError
from sim.theory import checks
from sim.theory.windows import log_inverse_b

NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


@dataclass(frozen=True)
class Classes:
    """Figures by class, the highest priority first. Times are seconds."""

    agents: int
    offered_load: float
    within: float
    bounded: tuple[bool, ...]  # a class whose load with all above it fills the agents waits without bound
    delayed_share: float  # the same for every class
    mean_wait: tuple[float, ...]
    mean_delay: tuple[float, ...]  # of those who wait at all
    service_level: tuple[float, ...]  # answered within T
    mean_wait_all: float  # of all callers


def priorities(
    *, arrival_rates: Sequence[float], mean_handle: float, agents: int, within: float = 20.0
) -> Classes:
    """M/M/n with non-preemptive priorities: whoever is on the phone stays, then the highest class goes first.

    Assumes Poisson arrivals (`arrival_rates` a second, highest priority first), exponential handle times of one
    mean (s) for all classes, first come first served within a class, nobody hangs up. A class that the agents cannot
    carry together with those above it waits without bound; those above it are still right: to them the agents are
    then always busy. Sources: Cobham (1954) and Davis (1966) for the means; Kella and Yechiali (1985) for the
    distribution: a caller who waits sits through a geometric number of busy periods of the classes above.
    """
    rates = checks.not_negative("arrival_rates", list(arrival_rates))
    if rates.ndim != 1 or not rates.size or not rates.sum() > 0.0:
        raise InputError("needs one rate a class, one of them above 0", path="arrival_rates")
    mean, t = float(checks.positive("mean_handle", mean_handle)), float(checks.not_negative("within", within))
    n = float(checks.agents(agents))
    pace, load = n / mean, float(rates.sum()) * mean
    delayed = 1.0
    if load < n:
        loss = log_inverse_b(np.array([n]), np.array([load]))[0]
        delayed = float(np.exp(-np.logaddexp(np.log(load / n), np.log((n - load) / n) + loss)))
    below = np.cumsum(rates) / pace
    above = below - rates / pace
    bounded = below < 1.0
    with np.errstate(divide="ignore"):
        delay = np.where(bounded, 1.0 / (pace * np.maximum((1.0 - above) * (1.0 - below), 0.0)), np.inf)
    wait = delayed * delay
    late = [
        delayed * _still(t, pace, a, b) if ok else 1.0 for a, b, ok in zip(above, below, bounded, strict=True)
    ]
    busy = rates > 0.0
    return Classes(
        int(n),
        load,
        t,
        tuple(map(bool, bounded)),
        delayed,
        tuple(map(float, wait)),
        tuple(map(float, delay)),
        tuple(1.0 - share for share in late),
        float(wait[busy] @ rates[busy] / rates.sum()),
    )


def _still(time: float, pace: float, above: float, below: float) -> float:
    """P(wait > time) of a class, of those who wait; `above` and `below` are loads ÷ agents without and with it.

    The transform (1 − σ)·η ÷ (1 − σ·η), η that of the busy period of the classes above, has a cut, which gives a
    mixture of exponentials, and where σ² > above (`below` = σ) a pole, which gives one more.
    """
    if above <= 0.0:
        return float(np.exp(-pace * (1.0 - below) * time))
    root = np.sqrt(above)
    # on the cut η = e^iφ ÷ √above, and the rate of decay is pace·(1 + above − 2·√above·cos φ)
    place = 0.5 * (NODES + 1.0)
    angle = np.pi * place**3  # many nodes near 0, where a pole close to the cut would be felt
    decay = pace * (1.0 + above - 2.0 * root * np.cos(angle))
    eta = np.exp(1j * angle) / root
    density = (1.0 - below) * np.imag(eta / (1.0 - below * eta)) / np.pi
    weights = 1.5 * np.pi * place**2 * WEIGHTS * 2.0 * pace * root * np.sin(angle) / decay
    tail = float(weights @ (density * np.exp(-decay * time)))
    if below > root:  # the pole, at η = 1 ÷ σ
        rate = pace * (1.0 - below) * (1.0 - above / below)
        tail += (below - above / below) / (below * (1.0 - above / below)) * float(np.exp(-rate * time))
    return min(max(tail, 0.0), 1.0)
