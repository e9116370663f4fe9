"""The defaults merged under every queue, group and skill of a document as it was written."""

import copy
from collections.abc import Mapping
from typing import Any

from sim.errors import InputError, nearest, shown
from sim.scenario.examples import member_of, members_of
from sim.scenario.known import NOTHING, is_known


def merged(document: Any, known: Mapping[str, Any] = NOTHING.written) -> dict[str, Any]:
    """The document with `defaults` merged under every queue, group and skill; its parts may be those of the document.

    A key that the queue itself gives replaces that of the defaults whole, and null removes it.
    known: a merged document without defaults, whose members need no merging again.
    """
    if not isinstance(document, Mapping):
        raise InputError(f"{shown(document)} is not a mapping of keys to values")
    result = dict(document)
    defaults = result.pop("defaults", None)
    defaults = {} if defaults is None else _mapping(defaults, "defaults")
    for key in defaults:
        if key not in ("queue", "group", "skill"):
            raise InputError(
                f"unknown key{nearest(key, ('queue', 'group', 'skill'))}", path=f"defaults.{key}"
            )
    _members(result, "queues", defaults.get("queue"), "defaults.queue", known)
    groups = _members(result, "agents", defaults.get("group"), "defaults.group", known)
    for name, group in groups.items():
        if "skills" in group and not is_known(group, known.get("agents", {}).get(name), "skills"):
            group["skills"] = _skills(group["skills"], defaults.get("skill"), f"agents.{name}.skills")
    _check_plan_names(result.get("plans"))
    return result


def _check_plan_names(plans: Any) -> None:
    if not isinstance(plans, Mapping):
        return
    for name, overrides in plans.items():
        if not isinstance(name, str) or not name or "." in name:
            said = (
                "holds a dot; write it without"
                if name and isinstance(name, str)
                else "is no text; give it one"
            )
            raise InputError(f"the name of a plan {said}", path=f"plans.{name}")
        if overrides is None:
            raise InputError(
                "null is not a mapping; write {} for a plan that changes nothing", path=f"plans.{name}"
            )


def _mapping(value: Any, path: str, remedy: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{shown(value)} is not a mapping of keys to values{remedy}", path=path)
    return dict(value)


def _members(
    document: dict[str, Any], key: str, default: Any, default_path: str, known: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Queues or groups by name, each over its defaults; a key set to null removes the default."""
    if key not in document:
        return {}
    default = {} if default is None else _mapping(default, default_path)
    members = _mapping(document[key], key, members_of(key))
    for name, member in members.items():
        if not isinstance(name, str) or not name or "." in name or name == "all":
            raise InputError(
                f'{shown(name)} cannot be a name: names are text without a dot, and "all" is taken', path=key
            )
        if is_known(members, known.get(key), name):
            continue
        own = {} if member is None else _mapping(member, f"{key}.{name}", member_of(key))
        members[name] = {k: v for k, v in {**copy.deepcopy(default), **own}.items() if v is not None}
    document[key] = members
    return members


def _skills(value: Any, default: Any, path: str) -> dict[str, Any]:
    """`[support, billing]` as `{support: {}, billing: {}}`."""
    if isinstance(value, str):
        raise InputError(f"{shown(value)} is not a list; write {shown([value])}", path=path)
    if isinstance(value, list | tuple):
        for name in value:
            if not isinstance(name, str):
                raise InputError(f"{shown(name)} is not the name of a queue", path=path)
        if len(set(value)) < len(value):
            raise InputError("a queue stands here twice; name it once", path=path)
        value = {name: {} for name in value}
    default = {} if default is None else _mapping(default, "defaults.skill")
    skills, as_skill = _mapping(value, path), "; write {level: 1}, or nothing for the defaults"
    result = {}
    for name, own in skills.items():
        whole = {**default, **({} if own is None else _mapping(own, f"{path}.{name}", as_skill))}
        result[name] = {key: value for key, value in whole.items() if value is not None}
    return result
