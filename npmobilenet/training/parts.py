"""One batch in parts, in space (ranks) or in time (accumulation): which images are whose.

A batch of n images is cut into ranks x accumulate parts, in order.  Rank r has parts r k to r k + k - 1,
k of `train.accumulate`: 2 ranks with 2 parts each, 4 ranks, and one rank with 4 cut it alike.
"""

from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.loader import count_batches

MIXING = 3  # distinguishes this stream of random numbers from dropout's


def drops_last(images: int, batch: int) -> bool:
    """A last batch of one image is left out: one value a channel cannot be normalised."""
    return images > 1 and images % batch == 1


def steps_of(images: int, batch: int) -> int:
    """Steps of an epoch."""
    return count_batches(images, batch, drops_last(images, batch))


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
    """A rank's part of each batch.

    rank, ranks  which one of how many
    parts        in which each computes its own, one after the other
    joined       True: batch normalisation sees what all ranks compute at the same time.  The batch is
                 cut in time first then, and of each cut a rank may have nothing
    """

    def __init__(self, rank: int = 0, ranks: int = 1, parts: int = 1, joined: bool = False) -> None:
        self.rank, self.ranks, self.parts, self.joined = rank, ranks, parts, joined

    def pieces(self, count: int) -> list[tuple[int, int]]:
        """From where to where this rank's parts of a batch of so many go, in their order."""
        if not self.joined:
            own = cuts(count, self.ranks * self.parts)[self.rank * self.parts :]
            return [(a, b) for a, b in pairwise(own[: self.parts + 1]) if b > a]
        found = []
        for a, b in pairwise(cuts(count, self.parts)):
            own = cuts(b - a, self.ranks, 1)
            found += [(a + own[self.rank], a + own[self.rank + 1])] if b > a else []
        return found

    def largest(self, count: int) -> int:
        """Images of the largest part of a batch of so many, on whichever rank."""
        first = Share(0, self.ranks, self.parts, self.joined)
        return max(b - a for a, b in first.pieces(count))

    def rows(self, count: int) -> NDArray[np.int64]:
        """Which images of a batch are this rank's."""
        return np.concatenate([np.arange(0), *(np.arange(a, b) for a, b in self.pieces(count))])
