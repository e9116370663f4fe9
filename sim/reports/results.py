"""What a run gives back: estimates by queue, group and interval, as a document, a frame or a picture."""

import json
import math
import os
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError, shown
from sim.experiments.kept import ALL, BETWEEN
from sim.experiments.replicate import Totals, engine_named, prepared
from sim.experiments.select import bonferroni
from sim.measures.estimate import (
    CONFIDENCE,
    Estimate,
    Pool,
    Sample,
    cell_waits,
    difference,
    interval,
    sample_of,
)
from sim.measures.metrics import (
    AGENT_METRICS,
    QUEUE_METRICS,
    TOTALS,
    Waits,
    agent_figures,
    cells_of,
    observed_seconds,
    queue_figures,
)
from sim.model.day import deal
from sim.model.records import frame
from sim.reports.archive import FORMAT as FORMAT
from sim.reports.archive import packed, parts, unpacked
from sim.reports.figures import finite
from sim.scenario.schema import Scenario

OWN_RULE = "own rule"  # what provenance says of a routing rule that only the caller knows


@dataclass
class Result:
    """One plan played: what every metric came to, with margins.

    scenario: the scenario under its plan; seed, count: what was played (`count` replications); provenance:
    version, engine, scenario hash, command, seconds; rule: the user's own routing rule as a C function (address,
    what keeps it there), if one was given: it is not saved.
    """

    scenario: Scenario
    plan: str
    seed: int
    count: int
    totals: Totals
    provenance: dict[str, Any] = field(default_factory=dict)
    rule: tuple[int, Any] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<Result {shown(self.plan)} of {shown(self.scenario.name)}: {_played(self)}>"

    # Samples: a value and what each replication adds to its margin

    @cached_property
    def _queue_figures(self) -> dict[str, np.ndarray]:
        return queue_figures(self.totals.contacts, self.scenario, observed_seconds(self.scenario).sum())

    @cached_property
    def _agent_figures(self) -> dict[str, np.ndarray]:
        return agent_figures(self.totals.agents, self.scenario, by_interval=False)

    @cached_property
    def queue_samples(self) -> dict[str, dict[str, Sample]]:
        """Queue (or `all`) → metric → sample."""
        queues = len(self.scenario.queues)
        one = {name: self._cell_samples(range(q, q + 1)) for q, name in enumerate(self.scenario.queues)}
        return one | {ALL: self._cell_samples(range(queues)) if queues > 1 else next(iter(one.values()))}

    @cached_property
    def class_samples(self) -> dict[str, dict[str, dict[str, Sample]]]:
        """Queue → class, or `others` → metric → sample, for queues that have classes."""
        result: dict[str, dict[str, dict[str, Sample]]] = {}
        for place, queue, name in self._classes:
            result.setdefault(queue, {})[name] = self._cell_samples(range(place, place + 1))
        return result

    @property
    def _classes(self) -> list[tuple[int, str, str]]:
        """Cell, queue and class, for every class of every queue."""
        names = list(self.scenario.queues)
        cells = enumerate(cells_of(self.scenario))
        return [(place, names[cell.queue], cell.name) for place, cell in cells if cell.name]

    def _cell_samples(self, cells: range) -> dict[str, Sample]:
        """Metric → sample, over some cells together."""
        count = self.scenario.grid.count if self.totals.has_intervals else 1
        places = range(cells.start * count, cells.stop * count)
        pool = Pool([cell_waits(batch, places) for batch in self.totals.waits])
        pick = (slice(cells.start, cells.stop),)
        return {m.name: sample_of(m, self._queue_figures, pick, pool) for m in QUEUE_METRICS.values()}

    @cached_property
    def agent_samples(self) -> dict[str, dict[str, Sample]]:
        """Group (or `all`) → metric → sample."""
        places = [*enumerate(self.scenario.agents), (None, ALL)]
        return {
            name: {
                m.name: sample_of(m, self._agent_figures, None if place is None else (place,), None)
                for m in AGENT_METRICS.values()
            }
            for place, name in places
        }

    def queue(self, name: str = ALL) -> dict[str, Estimate]:
        """Every metric of one queue, or of all queues together."""
        return {metric: interval(sample) for metric, sample in self.queue_samples[name].items()}

    def of_class(self, queue: str, name: str) -> dict[str, Estimate]:
        """Every metric of one class of a queue; "others" are its customers of no class."""
        return {metric: interval(sample) for metric, sample in self.class_samples[queue][name].items()}

    def group(self, name: str = ALL) -> dict[str, Estimate]:
        """Every metric of one agent group, or of all groups together."""
        return {metric: interval(sample) for metric, sample in self.agent_samples[name].items()}

    def is_within(self, margins: Mapping[str, float]) -> bool:
        """Whether every queue's, or group's, margin of these metrics is as narrow as that; null is."""
        return not self.too_wide(margins)

    def too_wide(self, margins: Mapping[str, float]) -> list[str]:
        """The margins that are wider than wanted, one sentence each."""
        found = []
        for members in (self.queue_samples, self.agent_samples):
            for name, samples in members.items():
                for metric in margins.keys() & samples.keys():
                    estimate, wanted = interval(samples[metric]), margins[metric]
                    if name == ALL or not math.isfinite(estimate.value) or estimate.margin <= wanted:
                        continue
                    said = f"{name}: {metric} is known to ± {estimate.margin:.3g} after {self.count} replications"
                    need = ""
                    if estimate.margin < math.inf:
                        need = (
                            f"; ± {wanted:g} takes about {self.count * (estimate.margin / wanted) ** 2:.2g}"
                        )
                    found.append(said + need)
        return found

    def interval_figures(self, queue: int | None) -> dict[str, np.ndarray]:
        """Means over replications by interval, without margins: name of total → (intervals,)."""
        queues = slice(len(self.scenario.queues)) if queue is None else [queue]
        sums = self.totals.interval_sums[queues]
        return {name: sums[..., place].sum(axis=0) / self.count for place, name in enumerate(TOTALS)}

    @cached_property
    def _interval_columns(self) -> dict[str, dict[str, np.ndarray]]:
        """Kind → figure → by replication, member and interval; one row, their mean, where no more is kept."""
        kept, seconds = self.totals.has_intervals, observed_seconds(self.scenario)
        contacts = self.totals.contacts_by_interval if kept else self.totals.interval_sums[None] / self.count
        agents = self.totals.agents_by_interval if kept else self.totals.agent_sums[None] / self.count
        return {
            "queue": queue_figures(contacts, self.scenario, seconds),
            "group": agent_figures(agents, self.scenario, by_interval=True),
        }

    def by_interval(self, metric: str, name: str = ALL, kind: str = "queue") -> np.ndarray:
        """Value, low and high of a metric in every interval, float64 (3, intervals); no percentiles.

        kind, name: a "queue" or "group", or all of them. Low and high are NaN where nothing was kept by interval.
        """
        columns = self._interval_columns[kind]
        names = list(self.scenario.queues if kind == "queue" else self.scenario.agents)
        place = slice(0, len(names)) if name == ALL else names.index(name)
        of = (QUEUE_METRICS if kind == "queue" else AGENT_METRICS)[metric]
        spans = range(self.scenario.grid.count)
        return np.array([interval(sample_of(of, columns, (place, span), None)) for span in spans]).T

    @cached_property
    def interval_samples(self) -> list[tuple[str, str, str, dict[str, Sample]]]:
        """(kind, name, start, metric → sample) for every queue, class, group and interval."""
        self._need_intervals()
        queue_columns, agent_columns = (self._interval_columns[kind] for kind in ("queue", "group"))
        grid, result = self.scenario.grid, []
        members = [("queue", name, place) for place, name in enumerate(self.scenario.queues)]
        members += [("class", f"{queue}{BETWEEN}{name}", place) for place, queue, name in self._classes]
        for kind, name, place in members:
            for index in range(grid.count):
                cell = place * grid.count + index
                pool = Pool([cell_waits(batch, range(cell, cell + 1)) for batch in self.totals.waits])
                row = {
                    m.name: sample_of(m, queue_columns, (place, index), pool) for m in QUEUE_METRICS.values()
                }
                result.append((kind, name, grid.label(index), row))
        for place, name in enumerate(self.scenario.agents):
            for index in range(grid.count):
                row = {
                    m.name: sample_of(m, agent_columns, (place, index), None) for m in AGENT_METRICS.values()
                }
                result.append(("group", name, grid.label(index), row))
        return result

    def _need_intervals(self) -> None:
        if not self.totals.has_intervals:
            raise InputError("this result was made without intervals; simulate with by_interval=True")

    # For analysts

    @property
    def all_samples(self) -> dict[tuple[str, str], dict[str, Sample]]:
        """(kind, name) → metric → sample, for every queue, class ("support · vip") and group."""
        classes = {
            ("class", f"{queue}{BETWEEN}{name}"): samples
            for queue, members in self.class_samples.items()
            for name, samples in members.items()
        }
        queues = {("queue", name): samples for name, samples in self.queue_samples.items()}
        return queues | classes | {("group", name): samples for name, samples in self.agent_samples.items()}

    def summary(self) -> Any:
        """DataFrame: queue, class or group × metric → value, low, high."""
        import pandas as pd

        rows = [
            (kind, name, metric, *interval(sample))
            for (kind, name), samples in self.all_samples.items()
            for metric, sample in samples.items()
        ]
        table = pd.DataFrame(rows, columns=["kind", "name", "metric", "value", "low", "high"])
        return table.set_index(["kind", "name", "metric"])

    def intervals(self) -> Any:
        """Tidy DataFrame: kind, name, interval, metric, value, low, high."""
        import pandas as pd

        rows = [
            (kind, name, start, metric, *interval(sample))
            for kind, name, start, samples in self.interval_samples
            for metric, sample in samples.items()
        ]
        return pd.DataFrame(rows, columns=["kind", "name", "interval", "metric", "value", "low", "high"])

    def formulas(self) -> Any:
        """Tidy DataFrame: what Erlang C and A say beside the simulation, by queue, interval and for the day.

        Needs by_interval=True; the reasons are those of `ccsim run --formulas`, by the names of their rules.
        """
        from sim.reports.beside_formulas import formulas_frame

        return formulas_frame(self)

    def replications(self) -> Any:
        """DataFrame of totals: one row per replication and queue."""
        import pandas as pd

        names = list(self.scenario.queues)
        index = pd.MultiIndex.from_product([range(self.count), names], names=["replication", "queue"])
        values = self.totals.contacts[:, : len(names)].reshape(-1, len(TOTALS))
        return pd.DataFrame(values, index=index, columns=list(TOTALS))

    def records(self, replication: int) -> Any:
        """DataFrame, one row per contact of a replication, played again from the seed."""
        if not 0 <= replication < self.count:
            raise InputError(f"replication {shown(replication)} is not one of 0 to {self.count - 1}")
        if self.rule is None and self.provenance.get("routing") == OWN_RULE:
            raise InputError(
                "was played under a routing rule of your own, which is not saved; simulate again"
            )
        plan = prepared(self.scenario, self.rule[0] if self.rule else 0)
        play = engine_named(self.provenance.get("engine", "compiled")).play
        day = deal(plan.centre.demand, self.seed, replication)
        records = play(plan.centre, day, self.seed, replication)
        scenario = self.scenario
        names = list(scenario.queues), list(scenario.agents), list(scenario.class_names)
        return frame(records, replication, *names)

    def plot(self, ax: Any = None, *, kind: str = "", **choices: Any) -> Any:
        """Draw a picture of the run; returns the Axes.

        kind: one of `sim.reports.pictures.OF_RESULT`, by default service, waits and hang-ups by interval. choices:
        what that kind can be told, as in `plot(kind="line", replication=7)`.
        """
        from sim.reports.pictures import OF_RESULT, draw

        return draw(OF_RESULT, kind, self, ax, **choices)

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the report, one HTML file that needs no other: the answer, tables, pictures, assumptions."""
        from sim.reports.page import write_page
        from sim.reports.reported import run_page

        write_page(lambda: run_page(self), path)

    def to_dict(self, by_interval: bool = False) -> dict[str, Any]:
        """The document that `--json` prints."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "scenario": self.scenario.name,
            "plan": self.plan,
            "seed": self.seed,
            "replications": self.count,
            "queues": {name: _estimates(samples) for name, samples in self.queue_samples.items()},
        }
        if self.class_samples:
            document["classes"] = {
                queue: {name: _estimates(samples) for name, samples in members.items()}
                for queue, members in self.class_samples.items()
            }
        document["agents"] = {name: _estimates(samples) for name, samples in self.agent_samples.items()}
        if by_interval:
            document["intervals"] = [
                {**_keys(kind, name), "start": start, **_estimates(samples)}
                for kind, name, start, samples in self.interval_samples
            ]
        document["provenance"] = self.provenance
        return document

    def write(self, path: str | os.PathLike[str], by_interval: bool = False) -> None:
        """Write a workbook (.xlsx), or one table (.csv): the summary, or the intervals if `by_interval`."""
        from sim.reports.workbooks import write_result

        write_result(self, Path(path), by_interval)

    def _repr_html_(self) -> str:
        from sim.reports.tables import result_html

        return result_html(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one file (a zip of arrays and JSON), whole or not at all."""
        write_whole(Path(path), self._packed())

    def _packed(self) -> bytes:
        return packed(self._saved_head(), self._saved_arrays())

    def _saved_head(self) -> dict[str, Any]:
        head = {"plan": self.plan, "seed": self.seed, "count": self.count}
        return head | {
            "document": self.scenario.written_out,
            "provenance": self.provenance,
            "batches": len(self.totals.waits),
        }

    def _saved_arrays(self) -> dict[str, np.ndarray]:
        arrays = {f.name: getattr(self.totals, f.name) for f in fields(Totals) if f.name != "waits"}
        for batch, waits in enumerate(self.totals.waits):
            arrays |= {f"waits_{batch}_codes": waits.codes, f"waits_{batch}_counts": waits.counts}
        return arrays

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Result":
        """Read what `save` wrote; InputError if it is anything else."""
        return unpacked(path, cls._from_zip)

    @classmethod
    def _from_zip(cls, archive: zipfile.ZipFile) -> "Result":
        head, arrays = parts(archive)
        batches = range(head["batches"])
        waits = [Waits(arrays.pop(f"waits_{b}_codes"), arrays.pop(f"waits_{b}_counts")) for b in batches]
        totals = Totals(waits=waits, **arrays)
        scenario = Scenario(**head["document"])
        return cls(scenario, head["plan"], head["seed"], head["count"], totals, head["provenance"])


@dataclass
class Comparison:
    """Every plan against the baseline, on the same days.

    simultaneous: whether the margins of the differences hold for all plans at once.
    """

    results: dict[str, Result]
    simultaneous: bool = False

    def __repr__(self) -> str:
        first, count = self.results[self.baseline], len(self.results)
        plans = f"{count} plan{'s' * (count != 1)} against {shown(self.baseline)}"
        return f"<Comparison of {shown(first.scenario.name)}: {plans}, {_played(first)}>"

    @property
    def baseline(self) -> str:
        """The name of the first plan."""
        return next(iter(self.results))

    def difference(self, plan: str, kind: str = "queue", name: str = ALL) -> dict[str, Estimate]:
        """Metric → difference to the baseline with its paired interval, for a queue, class or group.

        name: of a class "support · vip"; empty if either plan does not have it.
        """
        other, base = self.results[plan].all_samples, self.results[self.baseline].all_samples
        if (kind, name) not in other or (kind, name) not in base:
            return {}
        a, b = other[kind, name], base[kind, name]
        found = {metric: difference(a[metric], b[metric]) for metric in a}
        if not self.simultaneous:
            return found
        wider = bonferroni([sample.freedom for sample in a.values()], len(self.results) - 1)
        return {m: _widened(e, wider.get(a[m].freedom, 1.0)) for m, e in found.items()}

    @property
    def correction(self) -> str:
        """The correction for several comparisons at once, in a sentence; "" where none is made."""
        others = len(self.results) - 1
        if not self.simultaneous or others < 2:
            return ""
        each = f"{100 * (1 - (1 - CONFIDENCE) / others):.4g}%"
        return (
            f"The margins of the differences hold for all {others} plans at once with {100 * CONFIDENCE:g}%, for "
            f"one figure at a time: each alone with {each} (Bonferroni)."
        )

    def summary(self) -> Any:
        """DataFrame: plan × kind × name × metric → value, low, high."""
        import pandas as pd

        return pd.concat({plan: result.summary() for plan, result in self.results.items()}, names=["plan"])

    def differences(self) -> Any:
        """Tidy DataFrame: plan, kind, name, metric, difference to the baseline, low, high."""
        import pandas as pd

        base = self.results[self.baseline]
        rows = [
            (plan, kind, name, metric, *estimate)
            for plan in self.results
            if plan != self.baseline
            for kind, name in base.all_samples
            for metric, estimate in self.difference(plan, kind, name).items()
        ]
        return pd.DataFrame(rows, columns=["plan", "kind", "name", "metric", "difference", "low", "high"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the results of all plans to one file, whole or not at all."""
        written = BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            archive.writestr("comparison.json", json.dumps(list(self.results), ensure_ascii=False))
            for place, result in enumerate(self.results.values()):
                archive.writestr(f"{place}.zip", result._packed())
        write_whole(Path(path), written.getvalue())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Comparison":
        """Read what `save` wrote; InputError if it is anything else."""

        def from_zip(archive: zipfile.ZipFile) -> "Comparison":
            results = {}
            for place, plan in enumerate(json.loads(archive.read("comparison.json"))):
                with zipfile.ZipFile(BytesIO(archive.read(f"{place}.zip"))) as inner:
                    results[plan] = Result._from_zip(inner)
            return cls(results)

        return unpacked(path, from_zip)

    def plot(self, ax: Any = None, *, kind: str = "") -> Any:
        """Draw a picture of the plans; returns the Axes.

        kind: one of `sim.reports.pictures.OF_COMPARISON`, by default lost customers by plan.
        """
        from sim.reports.pictures import OF_COMPARISON, draw

        return draw(OF_COMPARISON, kind, self, ax)

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the report, one HTML file that needs no other: the answer, plans, differences, pictures."""
        from sim.reports.page import write_page
        from sim.reports.reported import comparison_page

        write_page(lambda: comparison_page(self), path)

    def to_dict(self, by_interval: bool = False) -> dict[str, Any]:
        """The document that `ccsim compare --json` prints."""
        first = self.results[self.baseline]
        plans = {}
        for plan, result in self.results.items():
            document = result.to_dict(by_interval)
            for key in ("format", "scenario", "seed", "replications", "provenance"):
                document.pop(key)
            document["difference"] = {
                "queues": {
                    name: _rows(self.difference(plan, "queue", name)) for name in result.queue_samples
                },
                "classes": {
                    queue: {
                        name: _rows(self.difference(plan, "class", f"{queue}{BETWEEN}{name}"))
                        for name in members
                    }
                    for queue, members in result.class_samples.items()
                },
                "agents": {
                    name: _rows(self.difference(plan, "group", name)) for name in result.agent_samples
                },
            }
            if not result.class_samples:
                document["difference"].pop("classes")
            plans[plan] = document
        head = {"correction": self.correction} if self.correction else {}
        return {
            "format": FORMAT, "scenario": first.scenario.name, "seed": first.seed, "replications": first.count,
            "baseline": self.baseline, **head, "plans": plans, "provenance": first.provenance,
        }  # fmt: skip

    def write(self, path: str | os.PathLike[str], by_interval: bool = False) -> None:
        """Write a workbook (.xlsx), with intervals if `by_interval`, or one table (.csv): the summary, or these."""
        from sim.reports.workbooks import write_comparison

        write_comparison(self, Path(path), by_interval)

    def _repr_html_(self) -> str:
        from sim.reports.tables import comparison_html

        return comparison_html(self)


def _played(result: Result) -> str:
    return f"{result.count:,} replication{'s' * (result.count != 1)}, seed {result.seed}"


def _widened(estimate: Estimate, factor: float) -> Estimate:
    half = estimate.margin * factor
    return Estimate(estimate.value, estimate.value - half, estimate.value + half)


def _keys(kind: str, name: str) -> dict[str, str]:
    """What an interval's figures are of: a queue, a queue and a class of it, or a group."""
    if kind != "class":
        return {kind: name}
    queue, _, own = name.rpartition(BETWEEN)
    return {"queue": queue, "class": own}


def _estimates(samples: Mapping[str, Sample]) -> dict[str, Any]:
    return _rows({metric: interval(sample) for metric, sample in samples.items()})


def _rows(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    return {metric: {key: finite(v) for key, v in e._asdict().items()} for metric, e in estimates.items()}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside its place first, then moved there."""
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        return _write_into(path, content)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {error.strerror or error}", file=str(path)) from None


def _write_into(path: Path, content: bytes) -> None:
    """Write to what is no plain file, such as /dev/stdout: never put a file in its place."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=str(path)) from None
