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
FEW = 0.1  # of the contacts: customers known of fewer may be unlike the others
ALIKE = 0.95  # customers answered at once known so often as those who waited: redials are seen all the same
DELAYS = (
    0,
    1 / 60,
    1 / 30,
    1 / 12,
    1 / 6,
    1 / 3,
    1 / 2,
    1,
)  # of the window, between which the unseen are reckoned


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
    of known customers with a whole window before the end of the day; seen: the share of these that were seen again;
    came: the share that came again, where some could not be seen because customers who need not wait are not known
    (`usual` likewise). by_attempt: (hang-ups, share seen to redial) after attempts 1, 2, ….
    """

    share: Estimate
    delay: Estimate
    distance: float
    asked: int
    seen: float
    came: float
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
    contacts: Contacts, links: Links, mine: Mask, day: Codes, short: Mask, within: float = WITHIN
) -> Redials | None:
    """The redials of the contacts chosen; None with fewer than `ENOUGH` hang-ups of known customers, or no
    more again than come anyway.

    mine: bool (n,); day: local date ordinals (n,). A hang-up counts if a whole window is left before its day's last
    arrival. short: bool (n,), contacts whose answer was none; what follows these says nothing of what comes anyway.
    """
    known = mine & (contacts.customer >= 0)
    ended = np.where(contacts.was_answered, contacts.talk_end, contacts.left)
    _, place = np.unique(day, return_inverse=True)
    last = np.full(place.max() + 1, -np.inf)
    np.maximum.at(last, place, contacts.arrived)
    known &= ended + within <= last[place]
    hung_up = known & _hung_up(contacts)
    served = known & (contacts.outcome == Outcome.ANSWERED) & ~short
    asked, answered = int(hung_up.sum()), int(served.sum())
    came = (links.delay >= 0) & (links.delay <= within)
    if asked < ENOUGH or not float(np.mean(contacts.customer[mine] >= 0)) >= FEW:
        return None
    visible = _Visible(contacts, mine, within)
    after = visible.followed(links, ended, hung_up, came)
    others = visible.followed(links, ended, served, came)
    seen = float(np.mean(came[hung_up]))
    again = min(float(after.weight.sum()) / asked, 1.0)
    usual = min(float(others.weight.sum()) / answered, 0.99) if answered else 0.0
    error = again / seen * math.sqrt(seen * (1 - seen) / asked) if seen else 0.0
    if again - usual <= 1.96 * error:
        return None
    mean, distance = _delay(after, others, asked / answered if answered else 0.0, within)
    if mean > within:  # too slow to be told from customers who come anyway
        return None
    reached = -math.expm1(-within / mean)
    net = min((again - usual) / (1.0 - usual) / reached, 1.0)
    spread = (
        1.96 * math.hypot(error, math.sqrt(usual * (1 - usual) / max(answered, 1))) / (1.0 - usual) / reached
    )
    wide = 1.96 * mean / math.sqrt(after.delay.size)
    return Redials(
        Estimate(net, max(net - spread, 0.0), min(net + spread, 1.0)),
        Estimate(mean, mean - wide, mean + wide),
        distance,
        asked,
        seen,
        again,
        usual,
        _by_attempt(links.attempt[hung_up], came[hung_up]),
    )


class _Followed(NamedTuple):
    """Delays (s) of contacts that followed some others, and how many each stands for."""

    delay: Array
    weight: Array


class _Visible:
    """How far a customer who comes again is seen to: in some logs only those who have to wait are known.

    Where customers answered at once are known less often than the others, a contact at a delay stands for all that may
    have come then: the contacts of the queue at that delay, over those among them whose customer would be known.
    """

    def __init__(self, contacts: Contacts, mine: Mask, within: float) -> None:
        waited = ~(contacts.wait == 0) | _hung_up(contacts)
        known = contacts.customer >= 0
        first, later = (
            float(known[part].mean()) if part.any() else 0.0 for part in (mine & ~waited, mine & waited)
        )
        self.same = not later or first >= ALIKE * later
        self.mine = mine
        order = np.flatnonzero(mine)
        order = order[np.argsort(contacts.arrived[order], kind="stable")]
        self.arrived = contacts.arrived[order]
        seen = np.where(waited[order], 1.0, 0.0 if self.same else first / later)
        self.known = np.insert(np.cumsum(seen), 0, 0.0)
        self.edges = np.array([edge * within for edge in DELAYS])

    def followed(self, links: Links, ended: Array, chosen: Mask, came: Mask) -> _Followed:
        """The contacts that followed the chosen ones, which ended at `ended`."""
        followed = chosen & came
        delay = links.delay[followed]
        if self.same or not delay.size:
            return _Followed(delay, np.ones(delay.size))
        places = [np.searchsorted(self.arrived, ended[chosen] + edge, "right") for edge in self.edges]
        counts = np.diff([float(each.sum()) for each in places])
        known = np.diff([float(self.known[each].sum()) for each in places])
        bins = np.clip(np.searchsorted(self.edges, delay, "left") - 1, 0, self.edges.size - 2)
        own = np.bincount(bins[self.mine[links.next[followed]]], minlength=counts.size)
        counts, known = counts - own, known - own  # those who came again are known, or would not be here
        weight = np.where(known > 0, counts / np.maximum(known, 1e-9), 1.0)
        return _Followed(delay, np.maximum(weight, 1.0)[bins])


def _delay(after: _Followed, others: _Followed, scale: float, within: float) -> tuple[float, float]:
    """The mean of the exponential behind delays cut off at the window, those of contacts that come anyway taken off.

    others: what followed answered contacts; scale: hang-ups over these. Also its Kolmogorov–Smirnov distance to the
    delays seen.
    """
    usual = scale * float(others.weight.sum())
    total = float(after.weight.sum())
    mean = (float(after.delay @ after.weight) - scale * float(others.delay @ others.weight)) / (total - usual)
    if (
        not mean > 0.0
    ):  # what follows an answer comes later than what follows a hang-up: the delays as they are
        mean = float(after.delay @ after.weight) / total
    mean = _uncut(mean, within)
    order = np.argsort(after.delay)
    fitted = np.expm1(-after.delay[order] / mean) / math.expm1(-within / mean)
    steps = np.insert(np.cumsum(after.weight[order]), 0, 0.0) / total
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
