"""The page of every key of a scenario file, made from its JSON Schema: python docs/keys.py"""

from collections.abc import Iterator, Mapping
from typing import Any

from sim.scenario.meanings import MEANINGS
from sim.scenario.quantities import UNLIMITED
from sim.scenario.schema import Scenario, json_schema
from sim.scenario.units import say_clock, say_duration

INTRODUCTION = """# Every key of a scenario

Made from the schema that `ccsim schema` prints. How things are written: durations carry a unit (`40 s`, `4 min`,
`1.5 h`), shares are `15%` or `0.15`, factors also `110%`, clock times `08:30`. By interval, values are a list with one
for each, or hold from a time until the next: `{"08:00": 31, "09:00": 44}`. What the parts do is in [the
model](../model.md); a commented example comes with `ccsim new`.
"""
TITLES = {"Duration_": "Duration", "Scenario": "The file itself"}
HEAD = "| key | value | default | meaning |\n|---|---|---|---|"
CLOCK = "^[0-9]{1,2}:[0-9]{2}"


def page() -> str:
    """Markdown: a heading for each part of a scenario file, and under it a table of its keys."""
    schema = json_schema()
    asked = Scenario.model_json_schema(by_alias=True)
    parts = {"Scenario": schema, **{name: schema["$defs"][name] for name in MEANINGS if name != "Scenario"}}
    required = {name: asked["$defs"].get(name, asked).get("required", []) for name in parts}
    return INTRODUCTION + "".join(
        section(name, part, [] if name == "Roster" else required[name]) for name, part in parts.items()
    )


def section(name: str, part: Mapping[str, Any], required: list[str]) -> str:
    """One part: its heading, what it says of itself, and its keys."""
    form = next(form for form in (part, *part.get("anyOf", ())) if "properties" in form)
    rows = "\n".join(
        f"| `{key}` | {' or '.join(dict.fromkeys(kinds(value)))} | {default(key, value, required)} | "
        f"{MEANINGS[name][key]} |"
        for key, value in form["properties"].items()
    )
    said = part.get("description") or form["description"]
    return f"\n## {TITLES.get(name, name)}\n\n{said}\n\n{HEAD}\n{rows}\n"


def kinds(value: Mapping[str, Any]) -> Iterator[str]:
    """The kinds of value that a piece of the schema takes, in words."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        title = TITLES.get(name, name)
        yield f"[{title}](#{title.lower()})"
    elif "enum" in value or "const" in value:
        yield " · ".join(
            f"`{str(choice).lower() if choice is True else choice}`"
            for choice in value.get("enum", [value.get("const")])
        )
    elif forms := value.get("anyOf") or value.get("oneOf"):
        if any("%" in form.get("pattern", "") for form in forms):
            yield "share" if "maximum" in forms[0] else "factor"
        else:
            for form in forms:
                yield from kinds(form)
    elif value.get("type") == "array":
        yield "list of " + " or ".join(dict.fromkeys(kinds(value.get("items", {})))).replace("any", "values")
    elif value.get("type") == "object":
        of = value.get("additionalProperties")
        yield "mapping" + (f" of {' or '.join(dict.fromkeys(kinds(of)))}" if isinstance(of, dict) else "")
    elif value.get("type") != "null":
        yield leaf(value)


def leaf(value: Mapping[str, Any]) -> str:
    """A single value, in a word."""
    if "a number with a unit" in value.get("description", ""):
        return "duration"
    if value.get("pattern", "").startswith(CLOCK):
        return "clock time"
    return {"integer": "whole number", "string": "text", "boolean": "true or false"}.get(
        value.get("type", ""), value.get("type", "any")
    )


def default(key: str, value: Mapping[str, Any], required: list[str]) -> str:
    """What holds where the key is left out."""
    if "default" not in value:
        return "required" if key in required else ""
    given = value["default"]
    if given is None or given == [] or given == "":
        return ""
    words = list(kinds(value))
    if "duration" in words and isinstance(given, float):
        return f"`{say_duration(given)}`"
    if "clock time" in words and isinstance(given, float):
        return f"`{say_clock(given)}`"
    if "share" in words or "factor" in words:
        return f"`{given:.0%}`"
    if given == UNLIMITED:
        return "`unlimited`"
    return f"`{str(given).lower() if isinstance(given, bool) else given}`"


if __name__ == "__main__":
    print(page())
