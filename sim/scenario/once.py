"""Pure functions of parts of a scenario, worked out once for the same parts: what many plans have in common."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_BY_VALUE = frozenset((bool, int, float, str, type(None)))


class _Parts(tuple[Any, ...]):
    """What tells parts from others, with the parts themselves, so that none is cleared away and its number reused."""

    parts: tuple[Any, ...]


def once(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a function of positional arguments keep its last `most` results and give them again for the same ones.

    Numbers, text and None are the same by value, mappings and tuples by their members, all else (models above all)
    by being one object: nobody may change any of them, nor what is given. Exceptions are not kept.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @lru_cache(most)
        def kept(known: _Parts) -> R:
            return function(*known.parts)  # type: ignore[call-arg]

        @wraps(function)
        def known(*parts: P.args, **_: P.kwargs) -> R:
            key = _Parts(map(_told_by, parts))
            key.parts = parts
            return kept(key)

        return known

    return decorated


def _told_by(part: Any) -> Any:
    kind = type(part)
    if kind in _BY_VALUE:
        return part
    if kind is dict:
        return (*part, *map(_told_by, part.values()))
    if issubclass(kind, tuple):
        return tuple(map(_told_by, part))
    return "is", id(part)
