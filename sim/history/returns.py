"""Customers who come again: redials after hanging up, found by customer within a window, and transfers."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.history.contacts import Contacts, Outcome
from sim.measures.estimate import Estimate

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

WITHIN = 3600.0  # s after a hang-up in which another contact of the customer is a redial
AT_ONCE = 60.0  # s after a transfer in which the customer must be in the other queue
ENOUGH = 30  # hang-ups of known customers


class Links(NamedTuple):
    """What each contact's customer did next: the contact's index (−1: nothing known) and the seconds until then.

    attempt: which attempt in a row of redials the contact is, from 1.
    """

    next: Codes
    delay: Array
    attempt: Codes


class Redials(NamedTuple):
    """Those who hung up and dialled again.

    share: of hang-ups, contacts that would have come anyway (`usual`, as after an answered one) taken off, and those
    after the window added; delay: mean s; distance: Kolmogorov–Smirnov, of the exponential. asked: hang-ups
    of known customers with a whole window before the end of the day; seen: the share of these that came again.
    by_attempt: (hang-ups, share seen to redial) after attempts 1, 2, ….
    """

    share: Estimate
    delay: Estimate
    distance: float
    asked: int
    seen: float
    usual: float
    by_attempt: tuple[tuple[int, float], ...]


class Transfers(NamedTuple):
    """Answered contacts passed on: the share of answered ones, by the queue where the customer is seen next."""

    answered: int
    share: Estimate
    to: dict[str, Estimate]


def linked(contacts: Contacts, within: float = WITHIN) -> Links:
    """The next contact of every contact's customer, and how long after the end of this one it came."""
    count = len(contacts)
    order = np.lexsort((contacts.arrived, contacts.customer))
    order = order[contacts.customer[order] >= 0]
    ended = np.where(contacts.was_answered, contacts.talk_end, contacts.left)
    following, delay = np.full(count, -1), np.full(count, np.inf)
    if order.size > 1:
        this, after = order[:-1], order[1:]
        same = contacts.customer[this] == contacts.customer[after]
        this, after = this[same], after[same]
        following[this] = after
        delay[this] = contacts.arrived[after] - ended[this]
    again = _hung_up(contacts) & (delay >= 0) & (delay <= within)
    return Links(following, np.where(np.isnan(delay), np.inf, delay), _attempts(order, following, again))


def _hung_up(contacts: Contacts) -> Mask:
    return np.isin(contacts.outcome, (Outcome.ABANDONED, Outcome.BLOCKED))


def _attempts(order: Codes, following: Codes, again: Mask) -> Codes:
    """Count up along each customer's contacts while every one is the redial of the one before."""
    attempt = np.ones(following.size, np.int64)
    if order.size:
        fresh = np.insert(~(again[order[:-1]] & (following[order[:-1]] == order[1:])), 0, True)
        places = np.arange(order.size)
        attempt[order] = places - np.maximum.accumulate(np.where(fresh, places, 0)) + 1
    return attempt


def redials_of(
    contacts: Contacts, links: Links, mine: Mask, day: Codes, within: float = WITHIN
) -> Redials | None:
    """The redials of the contacts chosen; None with fewer than `ENOUGH` hang-ups of known customers, or no
    more again than come anyway.

    mine: bool (n,); day: local date ordinals (n,). A hang-up counts if a whole window is left before its day's last
    arrival.
    """
    known = mine & (contacts.customer >= 0)
    ended = np.where(contacts.was_answered, contacts.talk_end, contacts.left)
    _, place = np.unique(day, return_inverse=True)
    last = np.full(place.max() + 1, -np.inf)
    np.maximum.at(last, place, contacts.arrived)
    known &= ended + within <= last[place]
    hung_up = known & _hung_up(contacts)
    served = known & (contacts.outcome == Outcome.ANSWERED)
    asked = int(hung_up.sum())
    came = (links.delay >= 0) & (links.delay <= within)
    if asked < ENOUGH:
        return None
    seen = float(np.mean(came[hung_up]))
    usual = float(np.mean(came[served])) if served.any() else 0.0
    delays = links.delay[hung_up & came]
    if (seen - usual) <= 1.96 * math.sqrt(seen * (1 - seen) / asked):
        return None
    mean, distance = _delay(delays, links.delay[served & came], asked, int(served.sum()), within)
    if mean > within:  # too slow to be told from customers who come anyway
        return None
    reached = -math.expm1(-within / mean)
    net = min((seen - usual) / (1.0 - usual) / reached, 1.0)
    spread = (
        1.96
        * math.sqrt(seen * (1 - seen) / asked + usual * (1 - usual) / max(int(served.sum()), 1))
        / (1.0 - usual)
        / reached
    )
    wide = 1.96 * mean / math.sqrt(delays.size)
    return Redials(
        Estimate(net, max(net - spread, 0.0), min(net + spread, 1.0)),
        Estimate(mean, mean - wide, mean + wide),
        distance,
        asked,
        seen,
        usual,
        _by_attempt(links.attempt[hung_up], came[hung_up]),
    )


def _delay(delays: Array, others: Array, asked: int, served: int, within: float) -> tuple[float, float]:
    """The mean of the exponential behind delays cut off at the window, those of contacts that come anyway taken off.

    others: delays after `served` answered contacts. Also its Kolmogorov–Smirnov distance to the delays seen.
    """
    usual = asked / served * others.size if served else 0.0
    kept = delays.size - usual
    mean = (float(delays.sum()) - (usual * float(others.mean()) if others.size else 0.0)) / kept
    mean = _uncut(max(mean, 1e-3), within)
    times = np.sort(delays)
    fitted = np.expm1(-times / mean) / math.expm1(-within / mean)
    steps = np.arange(times.size + 1) / times.size
    return mean, float(max(np.max(np.abs(fitted - steps[1:])), np.max(np.abs(fitted - steps[:-1]))))


def _uncut(mean: float, within: float) -> float:
    """The mean of an exponential whose part below `within` has this mean; at most ten windows."""
    from scipy.optimize import brentq

    def below(whole: float) -> float:
        return whole - within / math.expm1(within / whole) if within / whole < 500 else whole

    if mean >= below(10.0 * within):
        return 10.0 * within
    return float(brentq(lambda whole: below(whole) - mean, mean, 10.0 * within))


def _by_attempt(attempt: Codes, came: Mask) -> tuple[tuple[int, float], ...]:
    """How many hung up at each attempt, and which share was seen again, as long as there are enough."""
    counts = np.bincount(attempt)[1:]
    again = np.bincount(attempt, came)[1:]
    enough = np.minimum.accumulate(counts >= ENOUGH)
    return tuple((int(n), float(c / n)) for n, c in zip(counts[enough], again[enough], strict=True))


def transfers_of(contacts: Contacts, links: Links, mine: Mask) -> Transfers | None:
    """Where the answered among the contacts chosen were passed on to; None if none was."""
    passed = mine & (contacts.outcome == Outcome.TRANSFERRED)
    answered = int(np.count_nonzero(mine & contacts.was_answered))
    if not passed.any():
        return None
    arrived_at = _received(contacts, links, passed)
    codes, counts = np.unique(contacts.queue[arrived_at], return_counts=True)
    to = {
        contacts.queues[code]: _share(int(count), answered) for code, count in zip(codes, counts, strict=True)
    }
    return Transfers(answered, _share(int(passed.sum()), answered), to)


def received(contacts: Contacts, links: Links) -> Mask:
    """Which contacts are the far end of a transfer, and so not arrivals from outside: bool (n,)."""
    found = np.zeros(len(contacts), bool)
    found[_received(contacts, links, contacts.outcome == Outcome.TRANSFERRED)] = True
    return found


def _received(contacts: Contacts, links: Links, passed: Mask) -> Codes:
    at = np.flatnonzero(passed & (links.next >= 0) & (np.abs(links.delay) <= AT_ONCE))
    following = links.next[at]
    return following[contacts.queue[following] != contacts.queue[at]]


def _share(count: int, of: int) -> Estimate:
    """A share with its 95% interval by Wilson's formula."""
    share, z = count / of, 1.96
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    spread = z / (1 + z**2 / of) * math.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return Estimate(share, max(middle - spread, 0.0), min(middle + spread, 1.0))
