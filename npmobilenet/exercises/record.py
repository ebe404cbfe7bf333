"""What an exercise is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops.checks import Array
from .cases import Arguments, Case, Draw, drawing
from .sizes import Sizes, parse

if TYPE_CHECKING:  # the one room that needs Hypothesis, and only when larger cases are drawn
    from hypothesis.strategies import SearchStrategy

Results = dict[str, Array]
CHAPTERS = {
    1: "convolution", 2: "depthwise", 3: "pointwise", 4: "cost", 5: "batch-normalisation",
    6: "backwards", 7: "v1", 8: "v2", 9: "v3", 10: "dialects",
}  # fmt: skip


def page(chapter: int) -> str:
    """Where that chapter of the book stands: docs/book/02-depthwise.md."""
    return f"docs/book/{chapter:02}-{CHAPTERS[chapter]}.md"


@dataclass(frozen=True, eq=False)
class Exercise:
    """One function that a learner writes."""

    name: str
    step: int
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]  # names of what is returned; "dp" is a dict, with the names of p
    text: str  # the docstring: shapes, formula, one case by hand
    reference: Callable[..., Results]
    fill: Callable[[Sizes], Arguments]  # ValueError where such a case cannot be
    sizes: tuple[Sizes, ...]  # of the small cases, in their order
    draw: Callable[[Draw], Sizes]  # of a larger or fresh one, but its seed
    hints: tuple[str, str, str]
    solution: tuple[str, str]  # file within the package, function
    chapter: int  # of the book
    view: int  # of the explorer
    # output -> the arguments in each of which, alone, it is linear
    linear_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # of a gradient: the exercise whose gradient it is, and what that is given besides
    forward: str = ""
    constants: Callable[[dict[str, Any]], Arguments] = lambda arguments: {}

    @property
    def short(self) -> str:
        """The name without `_conv2d`, as it may be typed."""
        return self.name.replace("_conv2d", "")

    @property
    def signature(self) -> str:
        """As it stands behind `def`."""
        return f"{self.name}({', '.join(self.parameters)})"

    def case(self, text: str) -> Case:
        """The case of that spelling.  ValueError, one line, where it is none of this exercise's."""
        sizes = parse(text, self.sizes[0])
        try:
            return Case(self.fill(sizes), sizes)
        except ValueError as error:
            raise ValueError(f"case: {text!r} cannot be: {error}") from None

    def small(self) -> Iterator[Case]:
        """All small cases, familiar before small."""
        return (Case(self.fill(sizes), sizes) for sizes in self.sizes)

    def larger(self) -> SearchStrategy[Case]:
        """Hypothesis' larger cases."""
        from hypothesis import strategies as st

        @st.composite
        def cases(draw: Callable[..., int]) -> Case:
            return self._drawn(lambda low, high: draw(st.integers(low, high)))

        return cases()

    def fresh(self, rng: np.random.Generator) -> Case:
        """One more case, of normal numbers."""
        return self._drawn(drawing(rng))

    def _drawn(self, draw: Draw) -> Case:
        sizes = replace(self.draw(draw), seed=draw(0, 10**6))
        return Case(self.fill(sizes), sizes)
