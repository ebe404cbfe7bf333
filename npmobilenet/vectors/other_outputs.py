"""What somebody may have made of the right accumulators instead: other roundings, numbers and bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.checks import Array
from ..ops.integers.numbers import LIMITS
from ..ops.integers.scales import multipliers, of_products
from . import rungs
from .other_words import Found
from .outputs import RULES, Back, back_of, clamped
from .sums import Case


def of_output(case: Case, sums: Array) -> Found:
    """Other outputs of the same accumulators."""
    back = back_of(case)
    value = RULES[back.rule](sums, back)
    yield from _other_rules(case, sums, back)
    yield from _other_numbers(sums, back)
    yield from _other_ends(case, value, back)


def _fixed(case: Case, back: Back) -> tuple[Array, Array] | None:
    """multiplier and shift, whatever the rule reads."""
    if back.rule == "double":
        assert back.multiplier is not None
        assert back.shift is not None
        return back.multiplier, back.shift
    if back.factor is None or case.w_q is None:
        return None
    dense = case.operator == "dense"
    what = ("double", case.x_q[0], case.w_q, case.y_q, len(back.factor))
    left, multiplier, right = multipliers(of_products(*what, dense=dense))
    return multiplier, right - left


def _other_rules(case: Case, sums: Array, back: Back) -> Found:
    """The quotient becomes an integer otherwise."""
    fixed = _fixed(case, back)
    if fixed is not None:
        multiplier, shift = (part.astype(np.int64) for part in fixed)
        if back.rule != "double":
            twice = back._replace(rule="double", multiplier=fixed[0], shift=fixed[1])
            yield (
                "it is rounded twice, as the rule double",
                clamped(RULES["double"](sums, twice), back),
            )
        for text, value in of_product(sums, multiplier, shift):
            yield text, clamped(value, back)
        real = multiplier / 2.0**31 * 2.0 ** -shift.astype(np.float64)
    elif back.rule == "shift":
        real = 2.0 ** -np.asarray(back.shift, np.float64)
    elif back.rule == "area":
        real = 1.0 / np.asarray(back.multiplier)
    else:
        real = np.asarray(back.factor, np.float64)
    yield from ((text, clamped(value, back)) for text, value in _of_floats(sums, real))
    if case.w_q is not None and back.rule != "single":
        factor = of_products("single", case.x_q[0], case.w_q, case.y_q, sums.shape[-1])
        once = back._replace(rule="single", factor=factor)
        text = "it is multiplied in float32 and rounded once, as the rule single"
        yield text, clamped(RULES["single"](sums, once), back)
    if case.w_q is not None and back.rule != "exact":
        what = (case.x_q[0], case.w_q, case.y_q, sums.shape[-1])
        exact = rungs.away(sums * of_products("double", *what, dense=True))
        yield (
            "it is multiplied in float64 and rounded once, as the rule exact",
            clamped(exact, back),
        )


def of_product(sums: Array, multiplier: Array, shift: Array) -> Found:
    """One rounding of the whole product of 64 bits, or two that are not those of the rule."""
    left, right = np.maximum(-shift, 0), np.maximum(shift, 0)
    product = rungs.wrapped(sums.astype(np.int64) << left) * multiplier
    whole, half = 31 + right, np.int64(1) << (30 + right)
    rest = product & ((np.int64(1) << whole) - 1)
    down = product >> whole
    up = (product + half) >> whole
    yield "it is truncated towards minus infinity, not rounded", down
    yield (
        "it is truncated towards 0, not rounded",
        np.where(product < 0, -(-product >> whole), down),
    )
    yield "it is rounded once, half an integer upwards", up
    yield (
        "it is rounded once, half an integer away from 0",
        np.where(product < 0, -((half - product) >> whole), up),
    )
    yield (
        "it is rounded once, half an integer to the even one",
        up - ((rest == half) & (up & 1 == 1)),
    )
    high, cut = (product + rungs.HALF) >> 31, product >> 31
    ceiling = np.int64(1) << right >> 1
    yield "of the two roundings the second truncates", high >> right
    yield "of the two roundings the first truncates", rungs.shifted(cut, right)
    yield "of the two roundings the second takes half an integer upwards", (high + ceiling) >> right
    yield "the first truncates, the second takes half an integer upwards", (cut + ceiling) >> right


def _of_floats(sums: Array, real: Array) -> Found:
    """In floating point, by the factor that the fixed point stands for."""
    for dtype in (np.float64, np.float32):
        name = np.dtype(dtype).name
        value = np.asarray(sums.astype(dtype) * np.asarray(real, dtype), np.float64)
        yield (
            f"it is multiplied in {name} and truncated towards 0",
            np.trunc(value).astype(np.int64),
        )
        yield (
            f"it is multiplied in {name} and truncated downwards",
            np.floor(value).astype(np.int64),
        )
        yield f"it is multiplied in {name}, half an integer to the even one", nearest_even(value)
        yield f"it is multiplied in {name}, half an integer away from 0", rungs.away(value)
        yield (
            f"it is multiplied in {name}, half an integer upwards",
            np.floor(value + 0.5).astype(int),
        )


def nearest_even(value: Array) -> Array:
    return np.asarray(np.rint(value).astype(np.int64))


def _other_numbers(sums: Array, back: Back) -> Found:
    """By other multipliers, shifts or factors."""
    given = {
        name: values
        for name in ("multiplier", "shift", "factor")
        if (values := getattr(back, name)) is not None
    }
    if back.rule == "area":
        return

    def run(numbers: dict[str, Any]) -> Array:
        changed = back._replace(**numbers)
        return clamped(RULES[back.rule](sums, changed), back)

    if any(len(values) > 1 for values in given.values()):
        for step, text in ((1, "previous"), (-1, "next")):
            rolled = {name: np.roll(values, step) for name, values in given.items()}
            yield f"each output channel has the factor of the {text} one", run(rolled)
        first = {name: values[:1] for name, values in given.items()}
        yield "every output channel has the factor of the first", run(first)
    if "shift" in given:
        shift = given["shift"]
        yield "the result is shifted by one bit too few", run({"shift": shift - 1})
        yield "the result is shifted by one bit too many", run({"shift": shift + 1})
    if "multiplier" in given:
        kept = given["multiplier"] & ~0xFFFF
        yield "the multiplier keeps its upper 16 bits, truncated", run({"multiplier": kept})
        near = np.minimum(given["multiplier"].astype(np.int64) + 0x8000 & ~0xFFFF, 2**31 - 2**16)
        yield "the multiplier keeps its upper 16 bits, rounded", run({"multiplier": near})


def _other_ends(case: Case, value: Array, back: Back) -> Found:
    """The right quotient, but another zero point, other bounds, or another order of the two."""
    low, high = LIMITS[back.dtype]
    zero = back.zero
    whole = back._replace(low=low, high=high)
    if zero:
        yield "the zero point of the output is not added", clamped(value, back._replace(zero=0))
        early = np.clip(value, back.low, back.high) + zero
        order = "it is clamped before the zero point is added"
        yield f"{order}, and wraps", _byte(early, back.dtype)
        yield f"{order}, and saturates", np.clip(early, low, high)
        narrow = np.clip(value, low, high) + zero
        yield f"{order}, to 8 bits, and wraps", _byte(narrow, back.dtype)
        yield (
            f"{order}, to 8 bits, and then within the bounds",
            np.clip(narrow, back.low, back.high),
        )
        subtracted = back._replace(zero=-zero)
        yield "the zero point of the output is subtracted", clamped(value, subtracted)
    yield "what is beyond 8 bits wraps instead of being clamped", _byte(value + zero, back.dtype)
    if (back.low, back.high) != (low, high):
        wrapped = np.clip(_byte(value + zero, back.dtype), back.low, back.high)
        yield "what is beyond 8 bits wraps, and is then clamped", wrapped
    if case.activation:
        name = case.activation
        yield f"the bounds of {name} are missing", clamped(value, whole)
        if back.low != low:
            yield f"the lower bound of {name} is missing", clamped(value, back._replace(low=low))
        if back.high != high:
            yield f"the upper bound of {name} is missing", clamped(value, back._replace(high=high))
    else:
        cut = back._replace(low=max(zero, low))
        yield "it is clamped at the zero point, as by relu", clamped(value, cut)
    if case.activation == "relu6":
        yield "it is clamped at the integers 0 and 6", clamped(value, back._replace(low=0, high=6))
    if back.low == -128:
        yield "it is clamped at -127, not at -128", clamped(value, back._replace(low=-127))


def _byte(value: Array, dtype: str) -> Array:
    return np.asarray((value & 255).astype(np.uint8).view(dtype))
