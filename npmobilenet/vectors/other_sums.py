"""What somebody may have added up instead: other accumulators of an operator.

Nothing here looks at what was found: each alternative is computed, and whoever compares takes those that
equal it in every element.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..ops.checks import Array
from . import rungs
from .other_outputs import of_product
from .other_words import Found
from .sums import WEIGHTED, Case, accumulated, operands

OTHER = {"int8": "uint8", "uint8": "int8"}
SIGNS = {"int8": "unsigned", "uint8": "signed"}  # what a byte is read as instead


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
        yield f"the accumulator keeps {bits} bits and wraps", wrapped(wide, bits)
        yield f"the accumulator keeps {bits} bits and saturates", np.clip(wide, -half, half - 1)


def _sums(case: Case) -> Array:
    sums = accumulated(case)
    assert sums is not None
    return sums


def wrapped(values: Array, bits: int) -> Array:
    half = 1 << (bits - 1)
    return np.asarray((values + half) % (2 * half) - half)


def other_cases(case: Case) -> Iterator[tuple[str, Case]]:
    """The same operator with something else in it."""
    yield from other_inputs(case)
    if any(case.sides) and case.operator in WEIGHTED:
        yield from _other_padding(case)
    if case.weight is not None:
        yield from _other_weights(case)
        yield from _other_biases(case)


def other_inputs(case: Case) -> Iterator[tuple[str, Case]]:
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
            yield f"{what} wraps", given(wrapped(centred, 8), zeros=zeros, pad=0)
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
        parts.append(of_product(x.astype(np.int64) - zero << rungs.FRACTION, by, shift))
    for (text, a), (_, b) in zip(*parts, strict=True):
        yield f"of both operands: {text}", a + b


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
