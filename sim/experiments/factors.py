"""What a sweep varies: each factor with its levels, or with the range or distribution it is drawn from."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest, shown, under
from sim.experiments import draws
from sim.experiments.settings import Level, Setting, Value, as_shown, merged, setting_at
from sim.scenario import files, units
from sim.scenario.plans import CHANGES, is_span
from sim.scenario.schema import Scenario
from sim.scenario.weeks import Grid, span_indices

MOST_LEVELS = 100_000
RANGE = ("from", "to", "steps", "by")
KEYS = ("path", "values", *RANGE, *CHANGES, "distribution", "together", "plans")


@dataclass(frozen=True)
class Factor:
    """Something that is varied: by its levels, or by a setting and what is drawn or read for it.

    numeric: whether its values are numbers (durations in seconds, shares as fractions). unit: s | share | 1/s | "".
    setting, draw: of a factor without levels, what is set and how it is drawn (None where a file has its values).
    """

    name: str
    numeric: bool
    unit: str = ""
    levels: Sequence[Level] = ()
    setting: Setting | None = field(default=None, repr=False)
    draw: draws.Draw | None = field(default=None, repr=False)


def factor_from(name: str, entry: Any, scenario: Scenario, folder: Path) -> Factor:
    """The factor that an entry of `vary` describes; InputError, its path below the entry, where it does not."""
    factor = _entry(name, entry, scenario, folder)
    _must_differ(factor.levels)
    return factor


def _entry(name: str, entry: Any, scenario: Scenario, folder: Path) -> Factor:
    if isinstance(entry, Mapping):
        if "plans" in entry:
            return _of_plans(name, entry, scenario, folder)
        if "together" in entry:
            return _together(name, entry, scenario, folder)
        if "path" in entry:
            rest = {key: value for key, value in entry.items() if key != "path"}
            return _factor(name, setting_at(entry["path"], scenario), rest)
    return _factor(name, setting_at(name, scenario), entry)


def _factor(name: str, setting: Setting, spec: Any) -> Factor:
    """A factor from its setting and its list, range or distribution, which may stand in a change or a span."""
    if isinstance(spec, Mapping) and len(spec) == 1:
        ((key, inner),) = spec.items()
        if key in CHANGES or is_span(key):
            try:
                return _factor(name, narrowed(setting, key), inner)
            except InputError as error:
                raise error.under(key) from None
    if isinstance(spec, list | tuple):
        if how := shared_change(spec):
            return _factor(name, narrowed(setting, how), [one[how] for one in spec])
        return _levelled(name, _read_all(setting, spec), setting)
    if not isinstance(spec, Mapping):
        raise InputError(
            f"{shown(spec)} is a single value: write a list, {shown([spec])}, or put it under set"
        )
    if "distribution" in spec:
        return _drawn(name, setting, draws.of_distribution(spec, setting.number))
    if "values" in spec:
        return _of_values(name, setting, spec)
    if spans := [key for key in spec if is_span(key)]:
        raise InputError(f"{shown(spans[0])} does not stand alone: write one factor for each span, with path")
    _check_keys(spec, RANGE)
    return _ranged(name, setting, spec) if spec else Factor(name, False, setting.unit, setting=setting)


def narrowed(setting: Setting, key: str) -> Setting:
    """The setting of a change, or of a span of the day."""
    if setting.quantity is None:
        raise InputError("only numbers, shares, durations and lists of them can be added to or scaled")
    if setting.change is not None:
        raise InputError(f"cannot stand within {setting.change}: write a span, then one change")
    if key in CHANGES:
        return replace(setting, change=key)
    if setting.span is not None:
        raise InputError(f"cannot stand within {shown(setting.span)}: write one span")
    return replace(setting, span=key)


def shared_change(values: Sequence[Any]) -> str | None:
    """`add` where the list is [{add: 0}, {add: 1}], which is the same as {add: [0, 1]}."""
    keys = {next(iter(one)) if isinstance(one, Mapping) and len(one) == 1 else None for one in values}
    how = next(iter(keys)) if len(keys) == 1 else None
    return how if how in CHANGES else None


def _read_all(setting: Setting, values: Sequence[Any]) -> list[Level]:
    if not values:
        raise InputError("is an empty list: write at least one value")
    if len(values) > MOST_LEVELS:
        raise InputError(f"has {len(values):,} values: write at most {MOST_LEVELS:,}")
    levels = []
    for index, written in enumerate(values):
        with under(f"[{index}]"):
            levels.append(setting.read(written))
    return levels


def _of_values(name: str, setting: Setting, spec: Mapping[str, Any]) -> Factor:
    """A factor of a list, or of a mapping that gives each value a name."""
    _check_keys(spec, ("values",))
    values = spec["values"]
    with under("values"):
        if not isinstance(values, Mapping):
            return _factor(name, setting, values)
        levels = _read_all(setting, list(values.values()))
        named = [Level(key, level.overrides) for key, level in zip(values, levels, strict=True)]
        return _levelled(name, named)


def _levelled(name: str, levels: Sequence[Level], setting: Setting | None = None) -> Factor:
    numeric, made = as_shown(levels)
    return Factor(name, numeric, setting.unit if numeric and setting else "", made, setting)


def _must_differ(levels: Sequence[Level]) -> None:
    """Refuse levels of one value, or that do the same by another name."""
    values: set[Value] = set()
    texts: dict[str, Value] = {}
    for level in levels:
        if level.value in values:
            raise InputError(f"{shown(level.value)} stands here twice: keep one of the two")
        if level.text in texts:
            said = f"{shown(texts[level.text])} and {shown(level.value)} are the same"
            raise InputError(f"{said}: keep one of the two")
        values.add(level.value)
        texts[level.text] = level.value


def _ranged(name: str, setting: Setting, spec: Mapping[str, Any]) -> Factor:
    """A factor of evenly spaced levels, or, without `steps` and `by`, of anything between `from` and `to`."""
    if missing := [key for key in ("from", "to") if key not in spec]:
        raise InputError(f"has no {missing[0]}: write both ends, as in {{from: 2 min, to: 6 min, steps: 5}}")
    low, high = (_number(spec, key, setting.number) for key in ("from", "to"))
    if not low < high:
        raise InputError(f"runs from {shown(spec['from'])} to {shown(spec['to'])}: write the lower end first")
    if "steps" in spec and "by" in spec:
        raise InputError("has both steps and by: write one of the two")
    if "steps" in spec:
        steps = int(_number(spec, "steps", lambda value: units.number(value, 2, True, MOST_LEVELS)))
        numbers = [low + (high - low) * k / (steps - 1) for k in range(steps)]
    elif "by" in spec:
        numbers = _stepped(low, high, _number(spec, "by", setting.number))
    else:
        return _drawn(name, setting, draws.between(low, high, setting.whole))
    fitted = [setting.fitted(number) for number in numbers]
    if len(set(fitted)) < len(fitted):
        most = round(high - low) + 1
        raise InputError(f"only whole numbers fit, {most} of them: write steps: {most} or fewer, or by: 1")
    return _levelled(name, [setting.computed(number) for number in fitted], setting)


def _number(spec: Mapping[str, Any], key: str, read: Callable[[Any], float]) -> float:
    with under(key):
        return read(spec[key])


def _stepped(low: float, high: float, by: float) -> list[float]:
    if not by > 0:
        raise InputError("must be more than 0", path="by")
    steps = (high - low) / by * (1 + 1e-12)  # so that 0.3 is three times 0.1
    if steps >= MOST_LEVELS:
        raise InputError(f"makes more than {MOST_LEVELS:,} values: write a larger step", path="by")
    return [low + k * by for k in range(math.floor(steps) + 1)]


def _drawn(name: str, setting: Setting, draw: draws.Draw) -> Factor:
    return Factor(name, True, setting.unit, setting=setting, draw=draw)


def _together(name: str, entry: Mapping[str, Any], scenario: Scenario, folder: Path) -> Factor:
    """One factor of several in step: the first level of each, the second of each …"""
    _check_keys(entry, ("together", "names"))
    with under("together"):
        factors = _members(entry["together"], scenario, folder)
    steps = list(zip(*(factor.levels for factor in factors), strict=True))
    with under("together"):
        check_apart(factors, scenario.grid)
    if "names" not in entry:
        alike = all(len({level.value for level in step}) == 1 for step in steps)
        made = [Level(step[0].value if alike else _side_by_side(step), merged(step)) for step in steps]
        return _levelled(name, made, factors[0].setting if alike else None)
    names = entry["names"]
    with under("names"):
        if not isinstance(names, list | tuple) or len(names) != len(steps):
            raise InputError(f"{shown(names)} is no list of {len(steps)} names, one for each step")
        read = _read_all(Setting((), None), names)
        made = [Level(one.value, merged(step)) for one, step in zip(read, steps, strict=True)]
        return _levelled(name, made)


def _members(members: Any, scenario: Scenario, folder: Path) -> list[Factor]:
    if not isinstance(members, Mapping) or len(members) < 2:
        raise InputError("is no mapping of at least two paths to lists of as many values")
    factors = []
    for key, spec in members.items():
        with under(key):
            factors.append(_entry(key, spec, scenario, folder))
            if not factors[-1].levels:
                raise InputError("has no list of values to go through in step: write one")
    if len({len(factor.levels) for factor in factors}) > 1:
        said = ", ".join(f"{shown(factor.name)} {len(factor.levels)}" for factor in factors)
        raise InputError(f"the lists differ in length ({said}): write one value of each for each step")
    return factors


def _side_by_side(step: Sequence[Level]) -> str:
    """The values of several levels as text."""
    values = (level.value for level in step)
    return ", ".join(value if isinstance(value, str) else shown(value) for value in values)


def check_apart(factors: Sequence[Factor], grid: Grid) -> None:
    """Refuse factors that set the same thing, or of which a later one would undo an earlier one."""
    every = [(factor.name, *place) for factor in factors for place in sorted(places(factor), key=str)]
    for (name, path, span), (later, other, then) in combinations(every, 2):
        if name == later:
            continue
        if path == other and _intervals(span, grid) & _intervals(then, grid):
            raise InputError(
                f"{shown(name)} and {shown(later)} both set {path}: let one factor do so", path=later
            )
        if path.startswith(f"{other}."):
            said = f"{shown(later)} sets {other} whole and would undo {path} of {shown(name)}"
            raise InputError(f"{said}: write it first", path=later)


def _intervals(span: str | None, grid: Grid) -> set[int]:
    return set(range(grid.count) if span is None else span_indices(span, grid))


def places(factor: Factor) -> set[tuple[str, str | None]]:
    """The (path, span of the day or None) that a factor sets."""
    if factor.setting is not None:
        return {(path, factor.setting.span) for path in factor.setting.paths}
    return {place for level in factor.levels for place in _set_by(level)}


def _set_by(level: Level) -> Iterator[tuple[str, str | None]]:
    for path, value in level.overrides.items():
        spans = [key for key in value if is_span(key)] if isinstance(value, Mapping) else []
        yield from ((path, span) for span in spans or [None])


def _check_keys(spec: Mapping[str, Any], keys: Sequence[str]) -> None:
    for key in spec:
        if key not in keys:
            known = nearest(str(key), KEYS) or f": use {', '.join(keys)}"
            raise InputError(f"unknown key{known}", path=str(key))


def plan_of(scenario: Scenario, plan: Any) -> Scenario:
    """The scenario under one of its plans, which is to be named."""
    if not isinstance(plan, str):
        raise InputError(f"{shown(plan)} is no text: name one of the scenario's plans")
    try:
        return scenario.under(plan)
    except InputError as error:
        raise InputError(error.problem) from None


def _of_plans(name: str, entry: Mapping[str, Any], scenario: Scenario, folder: Path) -> Factor:
    """Whole plans by name: staffings from a file, or some of the scenario's own plans."""
    plans = entry["plans"]
    if isinstance(plans, list | tuple):
        _check_keys(entry, ("plans",))
        levels = []
        for index, plan in enumerate(plans):
            with under(f"plans.[{index}]"):
                plan_of(scenario, plan)
            levels.append(Level(plan, scenario.plans[plan]))
        return _levelled(name, levels)
    _check_keys(entry, ("plans", "sheet"))
    with under("plans"):
        spec = {"file": plans, "sheet": entry.get("sheet")}
        found = files.staffings(folder, spec, scenario.grid, scenario.agents)
    made = {
        plan: {f"agents.{group}.staffing": agents for group, agents in of_groups.items()}
        for plan, of_groups in found.items()
    }
    return _levelled(name, [Level(plan, overrides) for plan, overrides in made.items()])
