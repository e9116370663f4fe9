"""Plans in words: what each of them changes, and only that."""

from collections.abc import Iterator, Mapping
from typing import Any

from sim.scenario.schema import Scenario

MOST = 160  # letters of one value


def plan_words(scenario: Scenario) -> Iterator[str]:
    """A line for each plan: its paths, and what becomes of the value there."""
    for name, overrides in scenario.plans.items():
        said = (part for path, value in overrides.items() for part in _changed(scenario, path, value))
        yield f"{name}: {'; '.join(said) or 'as written above'}"


def _changed(scenario: Scenario, path: str, value: Any) -> list[str]:
    """What a plan changes at a path: of a mapping, or a list of mappings, only the keys that differ."""
    if value is None or not isinstance(value, dict | list) or _is_change(value) or _is_by_span(value):
        return [f"{path} {change_in_words(value)}"]
    return list(_differing(path, _at(scenario.document, path), value)) or [f"{path} unchanged"]


def _at(document: Any, path: str) -> Any:
    for key in path.split("."):
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _differing(path: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, list) and len(new) == 1:
        old = [old]
    if _is_plain(old) and _is_plain(new):
        for key in [*new, *(key for key in old if key not in new)]:
            if key in new and new[key] is not None:
                yield from _differing(f"{path}.{key}", old.get(key), new[key])
            elif old.get(key) is not None:
                yield f"{path}.{key} removed"
    elif (
        isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and all(map(_is_plain, new))
    ):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differing(f"{path}.[{place}]", before, after)
    else:
        yield f"{path} {change_in_words(new)}"


def _is_plain(value: Any) -> bool:
    """Whether it is a mapping of keys, not of times to values."""
    return isinstance(value, Mapping) and bool(value) and not any(":" in str(key) for key in value)


def _is_change(value: Any) -> bool:
    return isinstance(value, dict) and list(value) in (["add"], ["scale"])


def _is_by_span(value: Any) -> bool:
    """Whether each span of the day has a change of its own."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all("-" in str(key) and isinstance(one, dict) for key, one in value.items())
    )


def change_in_words(value: Any) -> str:
    if value is None:
        return "removed"
    if _is_change(value):
        ((kind, amount),) = value.items()
        if kind == "scale":
            return f"× {amount}"
        return f"{'' if str(amount).startswith('-') else '+'}{amount}"
    if _is_by_span(value):
        return ", ".join(f"{change_in_words(one)} in {key}" for key, one in value.items())
    said = _flow(value)
    return f"= {said if len(said) <= MOST else said[: MOST - 1] + '…'}"


def _flow(value: Any) -> str:
    """A value as it would stand on one line of the file."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return " ".join(str(value).split())
