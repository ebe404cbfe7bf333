"""One batch in parts, in space (ranks) or in time (accumulation): which images are whose.

A batch of n images is cut into ranks x accumulate parts, in order.  Rank r has parts r k to r k + k - 1 of
them, k of `train.accumulate`: 2 ranks with 2 parts each, 4 ranks, and one rank with 4 cut it alike.
"""

from copy import deepcopy
from typing import Any

import numpy as np

from ..images.mixing import Mixture
from ..ops.checks import Array

MIXING = 3  # distinguishes this stream of random numbers from dropout's


def cuts(count: int, parts: int, least: int = 2) -> list[int]:
    """Where each of so many parts of `count` images begins, and where the last one ends.

    Parts differ by one image at most.  A short batch has fewer of them, each of at least `least` images,
    and empty ones at its end: one image alone may be one value a channel, which has no variance.
    """
    used = max(1, min(parts, count // least))
    sizes = [count // used + (part < count % used) for part in range(used)] + [0] * (parts - used)
    return np.cumsum([0, *sizes]).tolist()  # type: ignore[no-any-return]


class Rows(np.random.Generator):
    """Draws for a whole batch, and gives the rows of a part: what is dropped of an image is the same.

    rng          whose numbers; it is left where it is
    count        images of the batch
    first, last  the part's rows
    """

    def __init__(self, rng: np.random.Generator, count: int, first: int, last: int) -> None:
        super().__init__(deepcopy(rng.bit_generator))
        self.count, self.rows = count, slice(first, last)

    def random(self, size: Any = None, *given: Any, **named: Any) -> Any:
        """As `Generator.random`, of shape (last - first, ...)."""
        return super().random((self.count, *size[1:]), *given, **named)[self.rows]


class Share:
    """A rank's rows of each batch, and the images that they are mixed with.

    rank, ranks  which one of how many
    parts        that a rank's share is cut into
    least        images of a part
    """

    def __init__(self, rank: int = 0, ranks: int = 1, parts: int = 1, least: int = 2) -> None:
        self.rank, self.ranks, self.parts, self.least = rank, ranks, parts, least

    def bounds(self, count: int) -> list[int]:
        """Where this rank's parts of a batch of so many begin, and the end of the last one."""
        own = self.rank * self.parts
        return cuts(count, self.ranks * self.parts, self.least)[own : own + self.parts + 1]

    def rows(self, count: int, mixture: Mixture | None) -> Array:
        """Which images of a batch this rank prepares: its own, and after them their partners."""
        bounds = self.bounds(count)
        own = np.arange(bounds[0], bounds[-1])
        if mixture is None:
            return own
        partners = mixture.partner[own]
        return np.concatenate([own, partners]) if self.ranks > 1 else own
