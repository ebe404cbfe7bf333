"""What a wrong function tells when it is asked again: whether it is sure, how exactly it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..ops.checks import Array
from .cases import Arguments
from .judging import Failure
from .mistakes.seen import differs, single_precision
from .observing import copied
from .record import Results

TIMES = 5  # the same question again
LITTLE = 1e-10  # of a number: float64 sees such a change, float32 does not
ROUNDING = 1e-4  # of the largest number: no larger are the errors of float32 in such small sums

Call = Callable[[Arguments], Results | None]


def asked_again(failure: Failure, call: Call) -> Failure:
    """The failure with what is seen in further answers; the same where that is nothing.

    call raises UnansweredError (of `diagnosis`) where the function hangs or dies.
    """
    name = failure.output
    if not failure.comparable or not name:
        return failure
    for _ in range(TIMES):
        found = call(failure.case.arguments)
        if found is None or not _same(found.get(name), failure.yours[name]):
            return replace(failure, seen=differs(name))
    if _small(failure) and _blind(failure, call):
        return replace(failure, seen=single_precision(name))
    return failure


def _same(one: Array | None, other: Array) -> bool:
    return one is not None and one.shape == other.shape and bool(np.array_equal(one, other))


def _small(failure: Failure) -> bool:
    """Whether every error is as small as rounding to float32 makes them."""
    for name, expected in failure.expected.items():
        found = failure.yours.get(name)
        if found is None or found.shape != expected.shape:
            return False
        largest = float(np.abs(expected).max(initial=0))
        if float(np.abs(found - expected).max(initial=0)) > ROUNDING * largest:
            return False
    return True


def _blind(failure: Failure, call: Call) -> bool:
    """Whether a change that float64 sees, in the arrays that are multiplied, leaves all numbers alike.

    A bias is not changed: it may be added after the numbers were made float64 again.
    """
    changed = copied(failure.case.arguments)
    for name, array in changed.items():
        inside = array if isinstance(array, dict) else {name: array}
        for inner, value in inside.items():
            if isinstance(value, np.ndarray) and inner != "b":
                value *= 1 + LITTLE
    found = call(changed)
    return found is not None and _same(found.get(failure.output), failure.yours[failure.output])
