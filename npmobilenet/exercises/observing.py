"""What can be seen of a call from outside: what came back, and what has become of the arguments."""

from __future__ import annotations

import inspect
from numbers import Real
from typing import Any

import numpy as np

MOST = 2 * 10**6  # numbers in an answer: no case has so many


def copied(value: Any) -> Any:
    """The same in arrays of its own."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def same(one: Any, other: Any) -> bool:
    """Whether both are the same, to the bit."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(one[key], other[key]) for key in one)
        )
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        alike = one.shape == other.shape and one.dtype == other.dtype
        return alike and one.tobytes() == other.tobytes()
    return type(one) is type(other) and bool(one == other)


def spoil(sizes: Any, poison: float) -> None:
    """Fill memory of those sizes, in bytes, which an np.empty of the same size then finds."""
    for size in set(sizes):
        kept = [np.full(size // 8, poison) for _ in range(8)]
        del kept


def described(returned: Any, outputs: list[str]) -> dict[str, Any]:
    """Output -> its array, or a text that says what is there instead."""
    if len(outputs) == 1:
        return {outputs[0]: _value(returned)}
    if not isinstance(returned, tuple | list) or len(returned) != len(outputs):
        many = f" of {len(returned)}" if isinstance(returned, tuple | list) else ""
        return {"": f"{_kind(returned)}{many}"}
    found: dict[str, Any] = {}
    for name, value in zip(outputs, returned, strict=True):
        if name == "dp" and isinstance(value, dict):
            found |= {str(key): _value(inner) for key, inner in value.items()}
        else:
            found[name] = _value(value)
    return found


def _value(value: Any) -> Any:
    if type(value) is np.ndarray and value.dtype.kind in "fiu":
        if value.size > MOST:
            return f"an array of shape {value.shape}"
        return np.ascontiguousarray(value).reshape(value.shape)
    if isinstance(value, np.floating | np.integer):
        return np.asarray(value)
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            return np.asarray(float(value))
        except OverflowError:
            return "a number too large for a float"
    return _kind(value)


def _kind(value: Any) -> str:
    """ "a list", "an array of objects", "None"."""
    if value is None:
        return "None"
    if inspect.iscoroutine(value):
        value.close()  # or Python would warn that nobody waited for it
    if isinstance(value, np.ndarray):
        known = {"O": "objects", "U": "texts", "S": "bytes", "V": "records"}
        what = known.get(value.dtype.kind, str(value.dtype))
        name = "array" if type(value) is np.ndarray else type(value).__name__
        return f"{_a(name)} of {what}"
    return _a(type(value).__name__)


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiouAEIOU' else 'a'} {word}"
