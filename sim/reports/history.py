"""What `ccsim fit` found: every figure with its interval and the number of observations, as tables and as JSON."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.history import arrivals
from sim.history.durations import Durations
from sim.history.evidence import Fit, QueueFit
from sim.history.happened import WITHIN
from sim.history.kinds import ClassFit
from sim.history.survival import ASKED, Patience
from sim.history.writing import choice, title
from sim.measures.estimate import Estimate
from sim.reports.figures import Cell, cell, clean, finite, folded, said
from sim.reports.layout import WIDTH, Table, notebook_html
from sim.reports.results import write_whole
from sim.scenario.schema import Scenario
from sim.scenario.units import say_duration

FORMAT = "ccsim fit 1"
NONE: Cell = ("", "")
EVERYTHING = "all queues"


class FitResult:
    """A fitted scenario with its evidence; `scenario` runs as it stands."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    @property
    def scenario(self) -> Scenario:
        return self.fit.scenario

    def yaml(self) -> str:
        """The scenario as a commented YAML document."""
        return self.fit.yaml

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the YAML document, whole or not at all."""
        path = Path(path)
        if path.suffix.lower() not in (".yaml", ".yml"):
            raise InputError(f"{shown(str(path))} does not end in .yaml")
        write_whole(path, self.fit.yaml.encode())

    def table(self) -> str:
        """The figures in tables, and the remarks."""
        return fit_text(self.fit)

    def __repr__(self) -> str:
        days = self.fit.window.days.size
        return (
            f"<FitResult of {shown(self.fit.account.source)}: {self.fit.contacts:,} contacts of {days} days>"
        )

    def _repr_html_(self) -> str:
        return notebook_html("\n".join(_head(self.fit)), fit_tables(self.fit), fit_remarks(self.fit))

    def to_dict(self) -> dict[str, Any]:
        """The document that `--json` prints."""
        return fit_document(self.fit)

    def plot(self) -> Any:
        """Draw volumes, talk and patience of each queue and the agents on duty, on one sheet; returns an Axes."""
        from sim.reports.fitplots import draw_sheet

        return draw_sheet(self.fit)

    def save_plots(self, place: str | os.PathLike[str]) -> None:
        """Draw on one sheet, a .png, .svg or .pdf file, or every picture by itself into a folder, made if need be."""
        from sim.reports.fitplots import save_pictures
        from sim.reports.plots import save_figure

        place = Path(place)
        if place.suffix and not place.is_dir():
            return save_figure(self.plot(), place)
        try:
            place.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made: {error.strerror or error}", file=str(place)) from None
        save_pictures(self.fit, place)


def fit_text(fit: Fit) -> str:
    """All tables of a fit, each only if it says something."""
    blocks = [folded(_head(fit), WIDTH), *(table.text() for table in fit_tables(fit))]
    sentences = fit_remarks(fit)
    return "\n\n".join([*blocks, *([folded(sentences, WIDTH)] if sentences else [])])


def _head(fit: Fit) -> list[str]:
    return [title(fit), f"{choice(fit)}; {fit.contacts:,} contacts. {fit.account}"]


def fit_tables(fit: Fit) -> list[Table]:
    """What was fitted and from how much; each table only if it says something."""
    tables = [
        _volumes(fit), _happened(fit), _durations(fit), _classes(fit), _patience(fit), _redials(fit), _transfers(fit),
        _agents(fit),
    ]  # fmt: skip
    return [table for table in tables if table]


def fit_remarks(fit: Fit) -> list[str]:
    """What the tables do not say."""
    return [*_wrap_gap(fit), *_correlations(fit), *fit.remarks]


def _counted(number: int) -> Cell:
    return f"{number:,}", ""


def _share(estimate: Estimate | None) -> Cell:
    return NONE if estimate is None or np.isnan(estimate.value) else cell(estimate, 100.0)


def _names(queues: Sequence[QueueFit]) -> list[str]:
    return [clean(queue.written, 60) for queue in queues]


def _volumes(fit: Fit) -> Table:
    span = "a week" if fit.window.weekdays is None else "a day"
    rows = fit.queues
    columns = [
        [_counted(queue.contacts) for queue in rows],
        [cell(arrivals.total(queue.volumes.totals, fit.window.kind)) for queue in rows],
        [_share(queue.level) for queue in rows],
        [(f"{100 * queue.first_attempts:.1f}", "") for queue in rows],
        [_counted(queue.answered) for queue in rows],
        [_counted(queue.abandoned) for queue in rows],
    ]
    heads = ["contacts", f"contacts\n{span}", "days differ\n%", "first\nattempts %", "answered", "hung up"]
    return Table("queue", _names(rows), heads, columns)


def _happened(fit: Fit) -> Table | None:
    """What a run of the scenario can be held against; nothing from counts by interval."""
    rows = [(name, queue.happened) for name, queue in zip(_names(fit.queues), fit.queues, strict=True)]
    if fit.happened:
        rows.append((EVERYTHING, fit.happened))
    found = [own for _, own in rows if own]
    if not found:
        return None
    columns = [
        [_counted(own.contacts) for own in found],
        *([_share(part) for part in parts] for parts in zip(*(own[1:4] for own in found), strict=True)),
        *([cell(part) for part in parts] for parts in zip(*(own[4:] for own in found), strict=True)),
    ]
    heads = [
        "contacts", "had to wait\n%", "hung up\n%", f"answered in\n{WITHIN:g} s %", "wait\ns",
        "wait of the\nanswered s",
    ]  # fmt: skip
    return Table("what happened", [name for name, own in rows if own], heads, columns)


def _classes(fit: Fit) -> Table | None:
    rows = [
        (name, own)
        for name, queue in zip(_names(fit.queues), fit.queues, strict=True)
        for own in queue.classes
    ]
    if not rows:
        return None
    columns = [[_counted(own.known) for _, own in rows], [_share(own.share) for _, own in rows]]
    names = [_class_name(name, own) for name, own in rows]
    return Table("classes", names, ["known of", "of the queue\n%"], columns)


def _class_name(queue: str, own: ClassFit) -> str:
    return f"{queue}, {clean(own.written, 40)}"


def _durations(fit: Fit) -> Table:
    kinds = (("IVR", "ivr"), ("talk", "talk"), ("wrap", "wrap"))
    found = [
        (f"{name} {kind}", part)
        for queue, name in zip(fit.queues, _names(fit.queues), strict=True)
        for kind, key in kinds
        if (part := getattr(queue, key)) is not None
    ]
    parts = [part for _, part in found]
    columns = [
        [_counted(part.contacts) for part in parts],
        [cell(part.mean) for part in parts],
        [cell(part.cv) for part in parts],
        [(part.chosen.family, "") for part in parts],
        [_fitted_cv(part) for part in parts],
        [_apart(part) for part in parts],
        [(_behind(part), "") for part in parts],
        [_share(part.short) if name.endswith(" talk") else NONE for name, part in found],
    ]
    heads = ["n", "mean\ns", "cv", "family", "its cv", "apart by\n%", "AIC of\nthe next", "under 10 s\n%"]
    return Table("duration", [name for name, _ in found], heads, columns)


def _apart(part: Durations) -> Cell:
    return (f"{100 * part.chosen.distance:.1f}", "") if part.counts.size else NONE


def _fitted_cv(part: Durations) -> Cell:
    return f"{part.chosen.cv:.3g}", ""


def _behind(part: Durations) -> str:
    if len(part.families) < 2:
        return ""
    other = part.families[1]
    return f"{other.family} +{other.aic - part.chosen.aic:,.0f}"


def _patience(fit: Fit) -> Table | None:
    rows = [
        row
        for name, queue in zip(_names(fit.queues), fit.queues, strict=True)
        for row in (
            (name, queue.patience),
            *((_class_name(name, own), own.patience) for own in queue.classes),
        )
    ]
    known = [(name, patience) for name, patience in (*rows, (EVERYTHING, fit.patience)) if patience]
    if not known:
        return None
    parts = [patience for _, patience in known]
    columns = [
        [_counted(part.curve.contacts) for part in parts],
        [_counted(part.curve.hung_up) for part in parts],
        *([_share(part.shares.get(moment)) for part in parts] for moment in ASKED),
    ]
    heads = ["n", "hung up", *(f"{say_duration(moment)}\n%" for moment in ASKED)]
    for head, key in (("balk\n%", "balks"), ("never\n%", "never")):
        if any(getattr(part, key) for part in parts):
            columns.append([_share(getattr(part, key)) for part in parts])
            heads.append(head)
    return Table("patience: gone by", [name for name, _ in known], heads, columns)


def _redials(fit: Fit) -> Table | None:
    queues = [queue for queue in fit.queues if queue.redials]
    parts = [queue.redials for queue in queues if queue.redials]
    if not parts:
        return None
    unseen = any(part.came > part.seen for part in parts)
    columns = [
        [_counted(part.asked) for part in parts],
        [(f"{100 * queue.known:.0f}", "") for queue in queues],
        [(f"{100 * part.seen:.1f}", "") for part in parts],
        *([[(f"{100 * part.came:.1f}", "") for part in parts]] if unseen else []),
        [(f"{100 * part.usual:.1f}", "") for part in parts],
        [_share(part.share) for part in parts],
        [cell(part.delay, 1 / 60) for part in parts],
        [(f"{100 * part.distance:.1f}", "") for part in parts],
    ]
    heads = [
        "hung up",
        "customers\nknown %",
        "seen again\nin 1 h %",
        *(["came\n%"] if unseen else []),
        "anyway\n%",
        "redial\n%",
        "after\nmin",
        "apart by\n%",
    ]
    return Table("redials", _names(queues), heads, columns)


def _transfers(fit: Fit) -> Table | None:
    rows = [
        (f"{clean(queue.written, 40)} to {clean(to, 40)}", share, queue.transfers.answered)
        for queue in fit.queues
        if queue.transfers
        for to, share in queue.transfers.to.items()
    ]
    if not rows:
        return None
    columns = [[_counted(answered) for _, _, answered in rows], [_share(share) for _, share, _ in rows]]
    return Table("transfers", [name for name, _, _ in rows], ["answered", "passed on\n%"], columns)


def _agents(fit: Fit) -> Table | None:
    known = [(group, group.estimate) for group in fit.groups if group.estimate]
    if not known:
        return None
    columns = [
        [_counted(found.agents) for _, found in known],
        [_counted(found.contacts) for _, found in known],
        [cell(_hours(found.seen.totals, fit)) for _, found in known],
        [(f"{100 * found.present:.0f}", "") for _, found in known],
        [_counted(found.moments) for _, found in known],
        [(f"{sum(group.staffing) * fit.window.interval / 3600:.1f}", "") for group, _ in known],
        [_counted(max(group.staffing)) for group, _ in known],
    ]
    span = "a week" if fit.window.weekdays is None else "a day"
    heads = [
        "agents", "contacts", f"hours seen\n{span}", "of these at work\nin a rush %", "moments\nof rush",
        f"hours written\n{span}", "at most",
    ]  # fmt: skip
    names = [f"{clean(group.name, 40)}: {clean(', '.join(group.skills), 60)}" for group, _ in known]
    return Table("agents (estimated)", names, heads, columns)


def _hours(totals: Any, fit: Fit) -> Estimate:
    found = arrivals.total(totals, fit.window.kind)
    hours = fit.window.interval / 3600
    return Estimate(found.value * hours, found.low * hours, found.high * hours)


def _wrap_gap(fit: Fit) -> list[str]:
    if fit.wrap_gap is None:
        return []
    quartiles = ", ".join(f"{fit.wrap_gap.quantile(share):.3g}" for share in (0.25, 0.5, 0.75))
    return [
        "Wrap is not on record; assumed is the time to the next contact while three or more waited, the Weibull "
        f"with the quartiles of {fit.wrap_gap.contacts:,} of at most 5 min: {said(fit.wrap_gap.mean, 's')} on average. "
        f"Quartiles: {quartiles} s; long ones are breaks."
    ]


def _correlations(fit: Fit) -> list[str]:
    return [
        f"The days of {clean(a, 40)} and {clean(b, 40)} correlate by {said(found)}, Poisson's part taken off"
        + ("; varies_with is written." if found.value >= arrivals.TOGETHER else ".")
        for a, b, found in fit.correlations
    ]


def fit_document(fit: Fit) -> dict[str, Any]:
    """All figures with their intervals as a JSON document; intervals of the day in lists."""
    window = fit.window
    document = {
        "format": FORMAT,
        "source": fit.account.source,
        "account": str(fit.account),
        "zone": fit.zone,
        "days": [_date(day) for day in window.days],
        "pooled": window.weekdays is not None,
        "interval": window.interval,
        "contacts": fit.contacts,
        "queues": {queue.written: _queue_document(queue) for queue in fit.queues},
        "agents": {
            group.name: {
                "skills": group.skills,
                "staffing": group.staffing,
                "estimate": _plain(group.estimate),
            }
            for group in fit.groups
        },
        "happened": _plain(fit.happened),
        "patience": _patience_document(fit.patience),
        "correlations": [
            {"queues": [a, b], "correlation": _plain(found)} for a, b, found in fit.correlations
        ],
        "wrap_gap": _without(fit.wrap_gap, "edges", "counts"),
        "remarks": fit.remarks,
        "scenario": fit.scenario.document,
    }
    return finite(document)  # type: ignore[no-any-return]


def _queue_document(queue: QueueFit) -> dict[str, Any]:
    plain = {
        field.name: _without(getattr(queue, field.name), "edges", "counts")
        for field in dataclasses.fields(queue)
        if field.name not in ("patience", "classes")
    }
    plain["patience"] = _patience_document(queue.patience)
    plain["classes"] = {
        own.written: _without(own, "written", "patience") | {"patience": _patience_document(own.patience)}
        for own in queue.classes
    }
    return plain


def _patience_document(patience: Patience | None) -> Any:
    if patience is None:
        return None
    curve = patience.curve
    return _without(patience, "curve") | {"contacts": curve.contacts, "hung_up": curve.hung_up}


def _without(value: Any, *names: str) -> Any:
    """Figures as `_plain` has them, but for the arrays that only pictures need."""
    if not hasattr(value, "_asdict"):
        return _plain(value)
    return {name: _plain(part) for name, part in value._asdict().items() if name not in names}


def _plain(value: Any) -> Any:
    """Figures without their classes: named tuples as mappings, arrays as lists, keys as text."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def _date(ordinal: int) -> str:
    from datetime import date

    return date.fromordinal(int(ordinal)).isoformat()
