"""Which numbers meet in one output: read off a linear operator with unit impulses.

    wiring("y", (0, 0, 0, 0), ...)      {(("x", (0, 0, 0, 0)), ("w", (1, 1, 0, 0))): 1.0, ...}

y is a sum of products x·w, each with a weight. With x and w all 0 but for a 1 in one place each, y is the
weight of that one product; so the products of an unknown mistake are seen without reading its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from ..ops.checks import Array
from .cases import Arguments, Case
from .layout import index
from .record import Exercise, Results

MOST = 1_000  # calls: what takes more is no case to look at
DRAWN = 4  # cases of other numbers that the products must explain too
SHOWN = 9  # products of each kind
CLOSE = 1e-9

Cell = tuple[int, ...]
Factors = tuple[tuple[str, Cell], ...]  # an argument and a place in it, for each factor
Wiring = dict[Factors, float]
Call = Callable[[Arguments], Results | None]


def wiring_lines(exercise: Exercise, case: Case, found: Results, call: Call) -> tuple[str, ...]:
    """The products of the first wrong output that are missing, extra or weighed wrongly, in words.

    Empty where the operator is not linear, the case too large, or no wrong number has its place in both.
    """
    right = exercise.reference(**case.arguments)
    wrong = first_wrong(right, found, exercise.linear_in)
    if wrong is None:
        return ()
    output, cell = wrong
    names = exercise.linear_in[output]
    expected = wiring(names, case.arguments, output, cell, lambda a: exercise.reference(**a))
    yours = wiring(names, case.arguments, output, cell, call)
    if expected is None or yours is None:
        return ()
    shapes = {name: np.shape(case.arguments[name]) for name in names}  # type: ignore[arg-type]
    title = index(output, right[output].shape, cell)
    if not all(
        _explains(yours, arguments, _number(call, arguments, output, cell))
        for arguments in (case.arguments, *_drawn(case.arguments, names))
    ):
        kind = " and ".join(names)
        return (f"Your {title} is no sum of products of {kind}: it is not linear in each.",)
    return _lines(title, expected, yours, shapes)


def first_wrong(
    right: Results, found: Results, linear: Mapping[str, tuple[str, ...]]
) -> tuple[str, Cell] | None:
    """The first number that differs, of the outputs that are linear: (output, place)."""
    for name in linear:
        one, other = right.get(name), found.get(name)
        if one is None or other is None or one.ndim != other.ndim:
            continue
        common = tuple(map(slice, map(min, one.shape, other.shape)))
        differ = ~np.isclose(one[common], other[common], rtol=CLOSE, atol=CLOSE, equal_nan=True)
        if differ.any():
            return name, tuple(map(int, np.argwhere(differ)[0]))
    return None


def wiring(
    names: tuple[str, ...], arguments: Arguments, output: str, cell: Cell, call: Call
) -> Wiring | None:
    """Weight of each product of numbers of these arguments in one place of an output.

    The key () is what is there when all of them are 0: a bias.  None where that cannot be read.
    """
    arrays = {name: np.asarray(arguments[name]) for name in names}
    if (calls := sum(array.size for array in arrays.values())) > MOST:
        return None

    def at(changed: dict[str, Array]) -> float | None:
        return _number(call, {**arguments, **changed}, output, cell)

    nothing = {name: np.zeros_like(array) for name, array in arrays.items()}
    base = at(nothing)
    if base is None:
        return None
    (any_numbers,) = _drawn(arrays, names, 1)
    candidates = []
    for name, array in arrays.items():
        # where the others are any numbers, an impulse that changes nothing meets none of them
        none = at(any_numbers | {name: nothing[name]})
        if none is None:
            return None
        met = []
        for c in np.ndindex(array.shape):
            value = at(any_numbers | {name: impulse(array, c)})
            if value is None:
                return None
            met += [c] if _differs(value, none) else []
        candidates.append(met)
    pairs = list(product(*candidates))
    if len(pairs) + calls > MOST:
        return None
    found: Wiring = {(): base} if _differs(base, 0) else {}
    for cells in pairs:
        factors = tuple(zip(names, cells, strict=True))
        value = at({name: impulse(arrays[name], c) for name, c in factors})
        if value is None:
            return None
        if _differs(value, base):
            found[factors] = value - base
    return found


def _number(call: Call, arguments: Arguments, output: str, cell: Cell) -> float | None:
    """What a function gives in that place; None where it gives nothing there."""
    results = call(arguments)
    if results is None or output not in results:
        return None
    array = results[output]
    inside = array.ndim == len(cell) and all(map(int.__lt__, cell, array.shape))
    return float(array[cell]) if inside else None


def _drawn(
    arguments: Mapping[str, Any], names: tuple[str, ...], count: int = DRAWN
) -> list[dict[str, Any]]:
    """The same arguments with other numbers, of both signs, in those arrays."""
    rng = np.random.default_rng(0)
    return [
        {**arguments, **{name: rng.normal(size=np.shape(arguments[name])) for name in names}}
        for _ in range(count)
    ]


def impulse(array: Array, cell: Cell) -> Array:
    """1 in one place of an array of that shape, 0 elsewhere."""
    found = np.zeros(array.shape)
    found[cell] = 1
    return found


def _differs(one: float, other: float) -> bool:
    return not np.isclose(one, other, rtol=CLOSE, atol=CLOSE)


def _explains(found: Wiring, arguments: Arguments, value: float | None) -> bool:
    """Whether those products add up to what was given."""
    if value is None:
        return False
    total, size = 0.0, 1.0
    for factors, weight in found.items():
        numbers = [float(np.asarray(arguments[name])[cell]) for name, cell in factors]
        term = weight * float(np.prod(numbers))
        total, size = total + term, size + abs(term)
    return bool(abs(total - value) <= 1e-7 * size)


def _lines(
    title: str, expected: Wiring, yours: Wiring, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[str, ...]:
    """A sentence, then the products of each kind."""

    def text(factors: Factors) -> str:
        return " · ".join(index(name, shapes[name], cell) for name, cell in factors)

    wanted, had = expected.keys() - {()}, yours.keys() - {()}
    right = sum(not _differs(expected[f], yours[f]) for f in wanted & had)
    many = f"{len(wanted)} product{'s' if len(wanted) != 1 else ''}"
    lines = [f"{title} is a sum of {many}; yours has {right} of them right."]
    kinds = (
        ("missing", [text(f) for f in expected if f in wanted - had]),
        ("extra", [f"{text(f)}{_times(yours[f], 1)}" for f in yours if f in had - wanted]),
        (
            "weighed",
            [
                f"{text(f)}{_times(yours[f], expected[f])}"
                for f in expected
                if f in wanted & had and _differs(expected[f], yours[f])
            ],
        ),
    )
    for kind, products in kinds:
        lines += [f"{kind:<8} {one}" for one in products[:SHOWN]]
        if len(products) > SHOWN:
            lines.append(f"{kind:<8} and {len(products) - SHOWN} more")
    besides = yours.get((), 0.0), expected.get((), 0.0)
    if _differs(*besides):
        lines.append(
            f"besides  {besides[0]:.4g}, which no product makes; expected {besides[1]:.4g}"
        )
    return tuple(lines)


def _times(found: float, expected: float) -> str:
    """How often a product counts, where that is not as expected."""
    if not _differs(found, expected):
        return ""
    return f"  counts {found:.4g} times, not {expected:.4g}"
