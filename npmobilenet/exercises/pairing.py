"""A forward and a backward pass of anybody's, called one after the other; and what their signatures say.

The backward pass may need a cache, which no process can hand to another: so both are one question.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .observing import copied, described, same

Function = Callable[..., Any]
# name; "positional", "any" or "named", and "rest" for **; whether it has to be given
Parameter = tuple[str, str, bool]
KINDS: dict[Any, str] = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "any",
    inspect.Parameter.KEYWORD_ONLY: "named",
    inspect.Parameter.VAR_KEYWORD: "rest",
}


def parameters(function: Any) -> list[Parameter] | None:
    """Those of a function; None where none are known, as of what is built in C, or *arguments."""
    try:
        found = inspect.signature(function).parameters.values()
    except Exception:
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    return [
        (p.name, KINDS[p.kind], p.default is p.empty and p.kind is not p.VAR_KEYWORD) for p in found
    ]


def both(
    forward: Function | None, backward: Function | None, asked: dict[str, Any]
) -> dict[str, Any]:
    """Call them as `asked` says, and give all arrays by name: y, then dx, dw, ...

    asked["forward"] and asked["backward"], each where that function is to be called: [name, value] of
    "positional" and "named" arguments, and of a backward pass whether a "cache" comes second, behind dy.
    "outputs" names what a forward pass returns, "gradients" what a backward pass does.
    """
    results: dict[str, Any] = {}
    changed: list[str] = []
    cache: Any = None
    if forward is not None:
        returned = _called(forward, asked["forward"], [], changed)
        results |= _outputs(returned, asked["outputs"])
        cache = returned  # of a pass that returns y alone, as a softmax does
        if isinstance(returned, tuple):
            cache = returned[1] if len(returned) > 1 else None
    if backward is not None:
        between = [cache] if asked["backward"]["cache"] else []
        returned = _called(backward, asked["backward"], between, changed)
        results |= _gradients(returned, asked["gradients"])
    return {"outcome": "returned", "results": results, "changed": list(dict.fromkeys(changed))}


def _called(function: Function, how: dict[str, Any], between: list[Any], changed: list[str]) -> Any:
    """What it returns; names of arguments that it changed are added to `changed`."""
    given = [[name, _again(value)] for name, value in how["positional"]]
    named = [[name, _again(value)] for name, value in how["named"]]
    values = [value for _, value in given]
    returned = function(*values[:1], *between, *values[1:], **dict(named))
    before = [*how["positional"], *how["named"]]
    changed += [
        name
        for (name, value), (_, was) in zip([*given, *named], before, strict=True)
        if not same(value, _again(was))
    ]
    return returned


def _again(value: Any) -> Any:
    """A copy; what was a tuple has become a list on its way."""
    return tuple(value) if isinstance(value, list) else copied(value)


def _outputs(returned: Any, names: list[str]) -> dict[str, Any]:
    """y of y, of (y, cache) and of (y, cache, estimates); all of (y, mean, variance)."""
    if not isinstance(returned, tuple):
        return described(returned, names[:1])
    if len(names) == len(returned) and len(names) > 1:
        last = returned[-1]
        if all(hasattr(last, name) for name in names[1:]):
            returned = (returned[0], *(getattr(last, name) for name in names[1:]))
        return described(returned, names)
    return described(returned[0] if returned else None, names[:1])


def _gradients(returned: Any, names: list[str]) -> dict[str, Any]:
    """Each under its name; further ones, of what was not there, are nobody's business."""
    if isinstance(returned, dict):
        found = [returned.get(name, returned.get(name.removeprefix("d"))) for name in names]
    else:
        found = list(returned) if isinstance(returned, tuple | list) else [returned]
        if len(found) < len(names):
            return {names[len(found)]: f"nothing: {len(found)} of {len(names)} gradients"}
        found = found[: len(names)]
    results: dict[str, Any] = {}
    for name, value in zip(names, found, strict=True):
        results |= described(value, [name])
    return results
