"""What somebody may have computed instead of an operator as a whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..ops.checks import Array
from ..ops.integers.numbers import LIMITS
from . import rungs
from .other_outputs import nearest_even, of_output
from .other_sums import other_inputs, other_operands
from .other_words import Found
from .outputs import computed
from .sums import WEIGHTED, Case

ROUNDINGS = {"double": "single", "single": "double"}


def of_whole(case: Case) -> Found:
    """Other outputs of an operator that goes from bytes to bytes at once."""
    for text, changed in other_inputs(case):
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
        for text, rounded in (("to even", nearest_even(value)), ("away from 0", rungs.away(value))):
            what = f"it is computed in float64, and half an integer rounded {text}"
            low, high = LIMITS[y_q.dtype]
            yield what, np.clip(rounded + y_q.zero_point[0], low, high)


REALS: dict[str, Callable[[Array], Array]] = {
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
}


def of_rounding(case: Case) -> Found:
    """All roundings of an operator at once, where it has more than the last."""
    if case.operator in WEIGHTED:
        return
    other = ROUNDINGS[case.rounding]
    yield (
        f"it is rounded as in networks of {other} rounding",
        computed(case.changed(rounding=other)),
    )
    if case.operator == "add":
        for text, sums in other_operands(case):
            yield from (
                (f"of both operands and their sum: {same}", y)
                for same, y in of_output(case, sums)
                if text == f"of both operands: {same}"
            )
