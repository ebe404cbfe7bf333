"""What somebody may have computed instead: each alternative is computed, and said only if it is equal.

    of_sums(case)           other accumulators
    of_output(case, sums)   other ways from accumulators to y
    of_words(values)        the right numbers in another order, or read as other numbers

Each yields (what was done instead, its result).  Nothing here looks at what was found: whoever compares
takes those that equal it in every element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..ops.checks import Array
from ..ops.integers.numbers import LIMITS
from ..ops.integers.scales import multipliers, of_products
from . import rungs
from .arithmetic import (
    RULES,
    WEIGHTED,
    Back,
    Case,
    accumulated,
    back_of,
    clamped,
    computed,
    operands,
)

Found = Iterator[tuple[str, Array]]
OTHER = {"int8": "uint8", "uint8": "int8"}
SIGNS = {"int8": "unsigned", "uint8": "signed"}  # what a byte is read as instead
ROUNDINGS = {"double": "single", "single": "double"}


# --- accumulators ----------------------------------------------------------------------------------


def of_sums(case: Case) -> Found:
    """Other accumulators of an operator that has them."""
    for text, changed in other_cases(case):
        yield text, _sums(changed)
    if case.operator == "add":
        yield from other_operands(case)
    sums = _sums(case)
    for bits in (16, 24):
        half = 1 << (bits - 1)
        wide = sums.astype(np.int64)
        yield f"the accumulator keeps {bits} bits and wraps", _wrapped(wide, bits)
        yield f"the accumulator keeps {bits} bits and saturates", np.clip(wide, -half, half - 1)


def _sums(case: Case) -> Array:
    sums = accumulated(case)
    assert sums is not None
    return sums


def _wrapped(values: Array, bits: int) -> Array:
    half = 1 << (bits - 1)
    return np.asarray((values + half) % (2 * half) - half)


def other_cases(case: Case) -> Iterator[tuple[str, Case]]:
    """The same operator with something else in it."""
    yield from _other_inputs(case)
    if any(case.sides) and case.operator in WEIGHTED:
        yield from _other_padding(case)
    if case.weight is not None:
        yield from _other_weights(case)
        yield from _other_biases(case)


def _other_inputs(case: Case) -> Iterator[tuple[str, Case]]:
    names = ("the input", "the second input")
    for k, (x, zero, name) in enumerate(zip(case.inputs, case.zeros, names, strict=False)):

        def given(values: Array, k: int = k, **fields: Any) -> Case:
            inputs = (*case.inputs[:k], values, *case.inputs[k + 1 :])
            return case.changed(inputs=inputs, **fields)

        zeros = (*case.zeros[:k], 0, *case.zeros[k + 1 :])
        dtype = str(x.dtype)
        if zero:
            forgotten = f"the zero point of {name} is not subtracted"
            yield forgotten, case.changed(zeros=zeros)
            if any(case.sides):
                yield f"{forgotten}, and padding is 0", case.changed(zeros=zeros, pad=0)
            centred = x.astype(np.int64) - zero
            what = f"{name} minus its zero point keeps 8 bits and"
            yield f"{what} wraps", given(_wrapped(centred, 8), zeros=zeros, pad=0)
            yield f"{what} saturates", given(np.clip(centred, -128, 127), zeros=zeros, pad=0)
        yield f"bytes of {name} are read as {SIGNS[dtype]}", given(x.view(OTHER[dtype]))
        if x.ndim == 4 and x.shape[1] == x.shape[2] > 1:
            yield f"rows and columns of {name} are exchanged", given(x.swapaxes(1, 2))
        if x.ndim == 4 and max(x.shape[1:3]) > 1:
            n, *size, c = x.shape
            planes = np.moveaxis(x.reshape(n, c, *size), 1, 3)
            yield f"words of {name} are read as n, c, y, x", given(planes)
        if x.shape[-1] > 1:
            yield f"channels of {name} are read last first", given(x[..., ::-1])
    if len(case.inputs) == 2 and case.inputs[0].shape == case.inputs[1].shape:
        yield (
            "the numbers of both inputs are exchanged",
            case.changed(zeros=case.zeros[::-1], x_q=case.x_q[::-1]),
        )


def other_operands(case: Case) -> Found:
    """Sums of operands that were brought to one scale otherwise: with two roundings each has its own."""
    if case.rounding != "double":
        return
    numbers = operands(case)
    parts = []
    for k, (x, zero) in enumerate(zip(case.inputs, case.zeros, strict=True)):
        by, shift = (
            numbers[f"operand_{name}"][k].astype(np.int64) for name in ("multiplier", "shift")
        )
        parts.append(_of_product(x.astype(np.int64) - zero << rungs.FRACTION, by, shift))
    for (text, a), (_, b) in zip(*parts, strict=True):
        yield text, a + b


def _other_padding(case: Case) -> Iterator[tuple[str, Case]]:
    top, bottom, left, right = case.sides
    if case.pad:
        yield "padding is 0, not the zero point of the input", case.changed(pad=0)
    if (top, left) != (bottom, right):
        other = (bottom, top, right, left)
        yield "the odd row and column of padding are on the other side", case.changed(sides=other)
    width = ((0, 0), (top, bottom), (left, right), (0, 0))
    (x,) = case.inputs
    for mode, text in (("edge", "the pixels at the border"), ("wrap", "the opposite border")):
        around = case.changed(inputs=(np.pad(x, width, mode=mode),), sides=(0, 0, 0, 0))  # type: ignore[call-overload]
        yield f"padding repeats {text}", around


def _other_weights(case: Case) -> Iterator[tuple[str, Case]]:
    w, zeros = case.weight, case.weight_zeros
    assert w is not None
    assert zeros is not None
    dtype = str(w.dtype)
    if zeros.any():
        none = case.changed(weight_zeros=np.zeros_like(zeros))
        yield "the zero point of the weights is not subtracted", none
    yield (
        f"bytes of the weights are read as {SIGNS[dtype]}",
        case.changed(weight=w.view(OTHER[dtype])),
    )
    if case.kernel != (1, 1):
        yield "the filter is rotated by 180 degrees", case.changed(weight=w[::-1, ::-1])
        yield "the filter's rows are read last first", case.changed(weight=w[::-1])
        yield "the filter's columns are read last first", case.changed(weight=w[:, ::-1])
        if case.kernel[0] == case.kernel[1]:
            yield (
                "rows and columns of the filter are exchanged",
                case.changed(weight=w.swapaxes(0, 1)),
            )
    outs = w.shape[-1]
    if outs > 1:
        first = np.moveaxis(w.reshape(outs, *w.shape[:-1]), 0, -1)
        yield "weights are read with the output channel first", case.changed(weight=first)
        for step, text in ((1, "previous"), (-1, "next")):
            rolled = case.changed(weight=np.roll(w, step, axis=-1))
            yield f"each output channel has the filter of the {text} one", rolled
    if w.ndim == 4 and case.kernel != (1, 1):
        n, m = w.shape[:2], w.shape[2:]
        inner = w.reshape(m[0], *n, m[1]).transpose(1, 2, 0, 3)
        yield "weights are read with the input channel first", case.changed(weight=inner)


def _other_biases(case: Case) -> Iterator[tuple[str, Case]]:
    bias = case.bias
    assert bias is not None
    yield "the bias is missing", case.changed(bias=np.zeros_like(bias))
    yield "the bias is subtracted", case.changed(bias=-bias)
    yield "the bias is added twice", case.changed(bias=2 * bias)
    yield "the bias keeps 16 bits and wraps", case.changed(bias=bias.astype(np.int16))
    if len(bias) > 1:
        for step, text in ((1, "previous"), (-1, "next")):
            rolled = case.changed(bias=np.roll(bias, step))
            yield f"each output channel has the bias of the {text} one", rolled
        yield (
            "every output channel has the bias of the first",
            case.changed(bias=bias * 0 + bias[0]),
        )


# --- from accumulators to y ------------------------------------------------------------------------


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
        for text, value in _of_product(sums, multiplier, shift):
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


def _of_product(sums: Array, multiplier: Array, shift: Array) -> Found:
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
        yield f"it is multiplied in {name}, half an integer to the even one", _rint(value)
        yield f"it is multiplied in {name}, half an integer away from 0", rungs.away(value)
        yield (
            f"it is multiplied in {name}, half an integer upwards",
            np.floor(value + 0.5).astype(int),
        )


def _rint(value: Array) -> Array:
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


# --- operators without accumulators, and words -----------------------------------------------------


def of_whole(case: Case) -> Found:
    """Other outputs of an operator that goes from bytes to bytes at once."""
    for text, changed in _other_inputs(case):
        x = changed.inputs[0]
        if x.dtype == case.inputs[0].dtype and changed.zeros == case.zeros:
            yield text, computed(changed)
    yield from of_rounding(case)
    if case.activation:
        name = case.activation
        yield f"the bounds of {name} are missing", computed(case.changed(activation=None))
    if case.operator in REALS:
        x_q, y_q = case.x_q[0], case.y_q
        real = (case.inputs[0].astype(np.float64) - x_q.zero_point[0]) * x_q.scale[0]
        value = REALS[case.operator](real) / y_q.scale[0]
        for text, rounded in (("to even", _rint(value)), ("away from 0", rungs.away(value))):
            what = f"it is computed in float64, and half an integer rounded {text}"
            low, high = LIMITS[y_q.dtype]
            yield what, np.clip(rounded + y_q.zero_point[0], low, high)


REALS: dict[str, Callable[[Array], Array]] = {
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
}


def of_rounding(case: Case) -> Found:
    """The whole operator as the other rounding has it, where that is more than another last step."""
    other = ROUNDINGS[case.rounding]
    if case.operator not in WEIGHTED:
        yield (
            f"it is rounded as networks of {other} rounding are",
            computed(replace(case, rounding=other)),
        )


def of_words(values: Array) -> Found:
    """The right words in another order, or taken for other ones."""
    flat = values.reshape(-1)
    if values.ndim == 4:
        _, y, x, c = values.shape
        if y == x > 1:
            yield "its rows and columns are exchanged", values.swapaxes(1, 2)
        if max(y, x) > 1 and c > 1:
            planes = np.ascontiguousarray(values.transpose(0, 3, 1, 2)).reshape(values.shape)
            yield "its words are in the order n, c, y, x", planes
        yield "its rows are last first", values[:, ::-1]
        yield "its columns are last first", values[:, :, ::-1]
    if values.ndim > 1 and values.shape[-1] > 1:
        yield "its channels are last first", values[..., ::-1]
        for step, text in ((1, "late"), (-1, "early")):
            yield f"each word comes one {text}", np.roll(flat, step).reshape(values.shape)
    if values.dtype.itemsize == 1:
        yield "its sign bit is inverted", (values.view(np.uint8) ^ 128).view(values.dtype)
    else:
        yield "the bytes of its words are in the other order", values.byteswap()
