"""Planted mistakes: wrong programs, each with the sentence that is true of it.

of("conv2d")        those that can be made there, in the order of their numbers

A module a subject; what programs are made of stands in `parts/`.
"""

from __future__ import annotations

from functools import cache

from .activations import ACTIVATIONS
from .affine import AFFINE
from .batches import BATCHES
from .block import BLOCKS
from .common import COMMON
from .costs import COSTS
from .filters import FILTERS
from .further import FURTHER
from .gradients import GRADIENTS
from .normalisation import NORMAL
from .overwriting import OVERWRITING
from .padding import PADDING
from .record import Mistake, outcome
from .squeezing import SQUEEZING

__all__ = ["MISTAKES", "Mistake", "of", "outcome"]

MISTAKES: tuple[Mistake, ...] = (
    *PADDING, *FILTERS, *BATCHES, *OVERWRITING, *GRADIENTS, *NORMAL, *AFFINE, *ACTIVATIONS, *SQUEEZING,
    *BLOCKS, *COSTS, *FURTHER, *COMMON,
)  # fmt: skip


@cache
def of(exercise: str) -> tuple[Mistake, ...]:
    """The mistakes of an exercise, in the order of their numbers."""
    found = [mistake for mistake in MISTAKES if exercise in mistake.exercises]
    return tuple(sorted(found, key=lambda mistake: mistake.number))
