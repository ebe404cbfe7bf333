"""In which precision a page holds its weights, and what that changes.

    auto       what the weights' file holds while the page stays under LIMIT, else half precision
    float16    half precision: two bytes a number, 11 significant bits, at most 65,504
    float32    four bytes a number

The page computes in float64 on what is stored, so what rounding does to its answer can be measured.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ops.checks import Array, shown

PRECISIONS = ("auto", "float16", "float32")
LIMIT = 4_000_000  # bytes of a page that is sent by mail without a second thought
TYPES = {"float16": "<f2", "float32": "<f4"}  # little-endian


def check(precision: str) -> None:
    """ValueError for a precision that there is not."""
    if not isinstance(precision, str) or precision not in PRECISIONS:
        raise ValueError(
            f"precision must be one of {', '.join(PRECISIONS)}, found {shown(precision)}"
        )


def rounded_to(params: Mapping[str, Array], precision: str) -> dict[str, Array]:
    """The arrays as the page holds them; what is too large for the precision becomes infinite."""
    with np.errstate(over="ignore"):
        return {name: value.astype(TYPES[precision]) for name, value in params.items()}


def computed_on(stored: Mapping[str, Array]) -> dict[str, Array]:
    """Stored arrays as the page computes with them: the same numbers in float64."""
    return {name: value.astype(np.float64) for name, value in stored.items()}


def same(params: Mapping[str, Array], stored: Mapping[str, Array]) -> bool:
    """Whether storing has changed no number."""
    return all(
        np.array_equal(value, stored[name], equal_nan=True) for name, value in params.items()
    )


def overflows(params: Mapping[str, Array], stored: Mapping[str, Array]) -> bool:
    """Whether a number that was finite no longer is."""
    return any((np.isfinite(v) & ~np.isfinite(stored[name])).any() for name, v in params.items())


def chosen(params: Mapping[str, Array], asked: str, others: int) -> tuple[str, bool]:
    """The precision to store in, "float16" or "float32"; and whether half was due but cannot hold all.

    others: bytes of the page that are not weights.  Half precision is not chosen where a weight is too
    large for it, whoever asks: an infinite weight would make every answer of the page another one.
    """
    check(asked)
    if asked == "float32":
        return "float32", False
    half = rounded_to(params, "float16")
    numbers = sum(value.size for value in params.values())
    fits = others + in_base64(4 * numbers) < LIMIT
    if asked == "auto" and fits and not same(params, half):
        return "float32", False
    return ("float32", True) if overflows(params, half) else ("float16", False)


def in_base64(size: int) -> int:
    """Characters that so many bytes take in base64."""
    return 4 * -(-size // 3)


def encoded(stored: Mapping[str, Array], precision: str) -> dict[str, Any]:
    """The payload's "weights": names and shapes in order, and all numbers after one another."""
    content = b"".join(value.astype(TYPES[precision]).tobytes() for value in stored.values())
    return {
        "precision": precision,
        "arrays": [[name, list(value.shape)] for name, value in stored.items()],
        "data": b64encode(content).decode(),
    }


def floats(values: Array) -> dict[str, Any]:
    """Any other array as JSON: its shape, and float64 in base64."""
    content = np.ascontiguousarray(values, "<f8").tobytes()
    return {"shape": list(values.shape), "data": b64encode(content).decode()}
