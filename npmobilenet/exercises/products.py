"""The products that one output is the sum of, ours and the learner's, read off with unit impulses.

An operator that is linear in w gives, for a w that is 1 in one place and 0 elsewhere, the number that
meets this place.  Asked for every place it tells all its products, whatever its source looks like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..ops.checks import Array
from .cases import Arguments
from .judging import Failure, agrees
from .record import Exercise, Results

LARGEST = 64  # impulses: more products than anybody reads
STEPS = range(1, 5)  # in which outputs are sums of products

Call = Callable[[Arguments], Results | None]
Term = tuple[float, tuple[int, ...]]  # a number, and the place of w that it meets


@dataclass(frozen=True)
class Sum:
    """One output as a sum of products, and what is added besides (a bias)."""

    terms: tuple[Term, ...]
    rest: float
    total: float


@dataclass(frozen=True, eq=False)
class Products:
    """Both sums, of `output` at `at`; each term is a number times an element of `name`."""

    output: str
    result: Array
    at: tuple[int, ...]
    name: str
    array: Array
    expected: Sum
    yours: Sum | None  # None where the learner's function is not linear, or did not run


def products(exercise: Exercise, failure: Failure, call: Call) -> Products | None:
    """The products of the first output that is wrong; None where it is no sum of products."""
    output, at = failure.output, failure.at
    if exercise.step not in STEPS or at is None or output not in exercise.linear_in:
        return None
    name = exercise.linear_in[output][-1]
    array = failure.case.arguments[name]
    if not isinstance(array, np.ndarray) or array.size > LARGEST:
        return None
    arguments = failure.case.arguments

    def ours(given: Arguments) -> Results | None:
        return exercise.reference(**given)

    expected = _summed(ours, arguments, name, output, at)
    yours = _summed(call, arguments, name, output, at)
    if expected is None:
        return None
    return Products(output, failure.expected[output], at, name, array, expected, yours)


def _summed(
    call: Call, arguments: Arguments, name: str, output: str, at: tuple[int, ...]
) -> Sum | None:
    """The output as a sum; None where it is none."""

    def value(array: Array) -> float:
        found = call(arguments | {name: array})
        return float(found[output][at]) if found is not None and output in found else np.nan

    try:
        array = np.asarray(arguments[name], float)
        rest, terms, total = value(np.zeros_like(array)), [], value(array)
        for place in np.ndindex(array.shape):
            impulse = np.zeros_like(array)
            impulse[place] = 1
            if (factor := value(impulse) - rest) != 0:
                terms.append((factor, tuple(place)))
    except IndexError:  # another shape for an impulse than for the case
        return None
    parts = rest + sum(factor * float(array[place]) for factor, place in terms)
    linear = bool(agrees(np.asarray(parts), np.asarray(total)))
    return Sum(tuple(terms), rest, total) if linear else None
