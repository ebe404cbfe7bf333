"""All exercises, in the order of the steps."""

from __future__ import annotations

from difflib import get_close_matches

from .record import Exercise, Results
from .steps import (
    activations,
    block,
    convolution,
    cost,
    depthwise,
    gradients,
    norm,
    one_number,
    pointwise,
    squeeze,
)

__all__ = ["EXERCISES", "Exercise", "Results", "chosen"]

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for step in (
        one_number, convolution, depthwise, pointwise, cost, gradients, norm, activations, squeeze,
        block,
    )
    for exercise in step.EXERCISES
}  # fmt: skip


def chosen(names: list[str]) -> list[Exercise]:
    """The exercises of those names, or of those steps ("3"); all without a name.

    `_conv2d` may be left out: depthwise, depthwise_backward.  ValueError for another name.
    """
    found: dict[str, Exercise] = {}
    for name in names:
        those = [e for e in EXERCISES.values() if name in (e.name, e.short, str(e.step))]
        if not those:
            near = get_close_matches(
                name, [n for e in EXERCISES.values() for n in (e.name, e.short)]
            )
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(
                f"exercises must be a step from 1 to 6 or one of {', '.join(EXERCISES)}, "
                f"found {name!r}{hint}"
            )
        found |= {exercise.name: exercise for exercise in those}
    return [e for e in EXERCISES.values() if e.name in found] if names else [*EXERCISES.values()]
