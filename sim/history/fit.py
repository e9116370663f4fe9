"""From recorded contacts to a fit: every figure of a scenario with its interval and the number of observations."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sim.errors import InputError, nearest, one_line, shown
from sim.history.arrivals import correlations, variation, volumes_of
from sim.history.choice import Choice
from sim.history.contacts import Contacts, Outcome
from sim.history.days import Window, window_of
from sim.history.durations import Durations, Fitted, are_whole, durations_of, mean_by_days
from sim.history.duty import Duty, duty_of, staffing, wrap_gaps, wrap_of
from sim.history.evidence import Fit, GroupFit, QueueFit
from sim.history.happened import happened_to
from sim.history.kinds import ClassFit, shares_of, stands_for
from sim.history.moments import EPOCH_DAY, local_days_and_seconds
from sim.history.remarks import FEWEST, remarks_on
from sim.history.returns import Links, linked, received, redials_of, transfers_of
from sim.history.survival import Patience, patience_of
from sim.measures.estimate import NULL, Estimate
from sim.scenario.units import DAY

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

EVERYTHING = Choice()
SURE = 0.001  # a daily variation below is none
LONGEST_TALK = 7 * DAY  # s: what is longer is a clock that went wrong


def fit_contacts(contacts: Contacts, choice: Choice = EVERYTHING) -> Fit:
    """Fit a scenario to recorded contacts; InputError where nothing is left to fit."""
    chosen = np.isin(contacts.queue, named_codes(contacts.queues, choice.queues))
    if not chosen.any():
        raise InputError("there is no contact to fit")
    day, second = local_days_and_seconds(contacts.arrived, contacts.zone)
    window = window_of(day[chosen], second[chosen], choice)
    links = linked(contacts)
    row, slot = window.places(day, second)
    row = np.where(chosen, row, -1)
    seen = _Seen(contacts, links, day, row, slot, window, choice.shortest, received(contacts, links))
    counts = np.bincount(contacts.queue[row >= 0], minlength=len(contacts.queues))
    codes = [code for code in range(len(contacts.queues)) if counts[code] >= FEWEST]
    if not codes:
        raise InputError(
            f"{int(counts.sum())} contacts are too few to fit anything; {FEWEST} of one queue are the least"
        )
    names = written_names([contacts.queues[code] for code in codes])
    pooled = _durations(seen, seen.used & contacts.was_answered, contacts.talk)
    if pooled is None:
        raise InputError("no contact has a known time of talk; without one there is nothing to simulate")
    fitted = tuple(_queue(seen, code, name, pooled) for code, name in zip(codes, names, strict=True))
    gap = _wrap_gap(seen) if all(queue.wrap is None for queue in fitted) else None
    ahead = (day - EPOCH_DAY) * DAY + second - contacts.arrived
    wrap = gap.mean.value if gap else 0.0
    kept = np.isin(contacts.queue, codes)
    duty = duty_of(contacts.only(kept), window, (row[kept], slot[kept]), ahead[kept], wrap)
    groups = _groups(duty, codes, names, fitted) if duty else assumed_group(fitted, window.interval)
    remarks = [*window.remarks, *remarks_on(contacts, counts, fitted, duty)]
    pairs = correlations(
        {queue.written: (queue.level, queue.volumes.totals) for queue in fitted}, window.kind
    )
    several = len(np.unique(contacts.queue[seen.used])) > 1
    return Fit(
        contacts.account,
        contacts.zone,
        window,
        fitted,
        groups,
        pairs,
        gap,
        tuple(remarks),
        happened_to(contacts, seen.used, day) if several else None,
        _patience(seen, seen.used) if several else None,
    )


@dataclass(frozen=True)
class _Seen:
    """Contacts with the day of the window and the interval of the day of each: what every figure is made from."""

    contacts: Contacts
    links: Links
    day: Codes
    row: Codes
    slot: Codes
    window: Window
    shortest: float
    received: Mask

    @cached_property
    def used(self) -> Mask:
        return self.row >= 0

    @cached_property
    def whole_seconds(self) -> bool:
        return are_whole(self.contacts.answered) and are_whole(self.contacts.joined)


def named_codes(known: Sequence[str], queues: Sequence[str] | None) -> list[int]:
    """The codes of the queues named, of all where none is."""
    for name in queues or ():
        if name not in known:
            raise InputError(f"there is no queue {shown(name)}{nearest(name, known)}", path="queues")
    return [code for code, name in enumerate(known) if queues is None or name in queues]


def written_names(names: Sequence[str], taken: Sequence[str] = ("all",)) -> tuple[str, ...]:
    """Names as a scenario may have them: on one line, without a dot, none of those taken, no two alike."""
    found: list[str] = []
    for name in names:
        plain = " ".join(re.sub(r"[.\s]+", " ", one_line(name)).split()) or "unnamed"
        plain = f"{plain} contacts" if plain in taken else plain
        unique, number = plain, 2
        while unique in found:
            unique, number = f"{plain} {number}", number + 1
        found.append(unique)
    return tuple(found)


def _queue(seen: _Seen, code: int, name: str, pooled: Durations) -> QueueFit:
    contacts, window = seen.contacts, seen.window
    mine = seen.used & (contacts.queue == code)
    outside = mine & ~seen.received
    volumes = volumes_of(np.where(outside, seen.row, -1), seen.slot, window)
    firsts = seen.row[outside & (seen.links.attempt == 1)]
    level = variation(np.bincount(firsts, minlength=window.days.size).astype(float), window.kind)
    answered = mine & contacts.was_answered
    talk = _durations(seen, answered, contacts.talk)
    short = answered & (contacts.talk < seen.shortest)
    redials = redials_of(contacts, seen.links, mine, seen.day, short)
    unserved = np.isin(contacts.outcome, (Outcome.ABANDONED, Outcome.BLOCKED))
    came = int(outside.sum())
    again = redials.share.value * np.count_nonzero(outside & unserved) / came if redials and came else 0.0
    in_ivr = mine & np.isnan(contacts.joined) & (contacts.outcome == Outcome.ABANDONED)
    with_ivr = _ivr(seen, mine)
    return QueueFit(
        name=contacts.queues[code],
        written=name,
        contacts=int(mine.sum()),
        answered=int(answered.sum()),
        abandoned=int(np.count_nonzero(mine & (contacts.outcome == Outcome.ABANDONED))),
        volumes=volumes,
        level=level if level.value >= SURE or np.isnan(level.value) else level._replace(value=0.0),
        first_attempts=max(1.0 - again - np.count_nonzero(short) / max(int(mine.sum()), 1), 0.0),
        talk=talk or pooled,
        own_talk=talk is not None,
        wrap=_durations(seen, answered, contacts.wrap, 0.0),
        patience=_patience(seen, mine),
        known=float(np.mean(contacts.customer[mine] >= 0)),
        redials=redials,
        transfers=transfers_of(contacts, seen.links, mine),
        ivr=with_ivr,
        ivr_hang_ups=mean_by_days(in_ivr[mine].astype(float), seen.day[mine])
        if with_ivr
        else Estimate(0.0, NULL, NULL),
        left_out=float(np.count_nonzero(short) / max(int(answered.sum()), 1)),
        happened=happened_to(contacts, mine, seen.day),
        classes=_classes(seen, mine),
    )


def _durations(seen: _Seen, mine: Mask, seconds: Array, shortest: float | None = None) -> Durations | None:
    least = seen.shortest if shortest is None else shortest
    with np.errstate(invalid="ignore"):
        mine = mine & (seconds >= least) & (seconds <= LONGEST_TALK)
    return durations_of(seconds[mine], seen.day[mine], seen.slot[mine], seen.whole_seconds)


def _patience(seen: _Seen, mine: Mask, each: float = 1.0) -> Patience | None:
    """From all who joined and whose wait is known; who did not hang up is censored. each: what a hang-up stands for."""
    contacts = seen.contacts
    with np.errstate(invalid="ignore"):
        mine = mine & (contacts.wait >= 0) & (contacts.outcome != Outcome.BLOCKED)
    if not mine.any():
        return None
    hung_up = contacts.outcome[mine] == Outcome.ABANDONED
    return patience_of(contacts.wait[mine], hung_up, seen.whole_seconds, each)


def _classes(seen: _Seen, mine: Mask) -> tuple[ClassFit, ...]:
    contacts = seen.contacts
    hung_up = contacts.outcome == Outcome.ABANDONED
    each = stands_for(contacts.kind[mine], hung_up[mine], contacts.wait[mine])
    shares = shares_of(contacts.kind, mine, seen.slot, seen.day, np.where(hung_up, each, 1.0))
    names = written_names([contacts.kinds[code] for code in shares], ("all", "others"))
    found = []
    for name, (code, share) in zip(names, shares.items(), strict=True):
        own = mine & (contacts.kind == code)
        found.append(ClassFit(name, int(own.sum()), share, _patience(seen, own, each)))
    return tuple(found)


def _ivr(seen: _Seen, mine: Mask) -> Durations | None:
    """Seconds from arrival to joining, where most contacts that joined spent some."""
    before = seen.contacts.joined - seen.contacts.arrived
    before = np.where(seen.received, np.nan, before)
    known = mine & ~np.isnan(before)
    if not known.any() or not np.median(before[known]) > 0:
        return None
    return _durations(seen, mine, before, 0.0)


def _wrap_gap(seen: _Seen) -> Durations | None:
    """Wrap read from the time between contacts, where it is not logged and there are enough."""
    gaps = wrap_gaps(seen.contacts.only(seen.used))
    wrap = wrap_of(gaps)
    if wrap is None:
        return None
    nothing = np.zeros(gaps.size, np.int64)
    found = durations_of(gaps, nothing, nothing, seen.whole_seconds)
    family = Fitted("weibull", wrap.cv, NULL, NULL)  # by quartiles, held against no other
    return found._replace(mean=wrap.mean, families=(family,)) if found else None


def _groups(
    duty: Duty, codes: Sequence[int], names: Sequence[str], queues: Sequence[QueueFit]
) -> tuple[GroupFit, ...]:
    skills = [tuple(names[codes.index(code)] for code in group.queues) for group in duty.groups]
    serves = [[queue.written in own for own in skills] for queue in queues]
    estimates = np.array([group.on_duty for group in duty.groups])
    whole = staffing(estimates, [queue.volumes.mean for queue in queues], serves)
    called = written_names([_group_name(own, len(names)) for own in skills])
    return tuple(
        GroupFit(name, own, group, tuple(row.tolist()))
        for name, own, group, row in zip(called, skills, duty.groups, whole, strict=True)
    )


def _group_name(skills: Sequence[str], queues: int) -> str:
    if len(skills) == queues > 1:
        return "all queues"
    more = len(skills) - 3
    return ", ".join(skills[:3]) + (f" and {more} more" if more > 0 else "") + " agents"


def assumed_group(queues: Sequence[QueueFit], interval: float) -> tuple[GroupFit, ...]:
    """One group for all queues, where no agent is known: the load in erlangs and its square root, rounded up."""
    load = sum(
        queue.volumes.mean
        * (queue.talk.mean.value + (queue.wrap.mean.value if queue.wrap else 0.0))
        / interval
        for queue in queues
    )
    heads = np.ceil(load + np.sqrt(load)).astype(int)
    return (GroupFit("agents", tuple(queue.written for queue in queues), None, tuple(heads.tolist())),)
