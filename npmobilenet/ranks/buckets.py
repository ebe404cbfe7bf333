"""Gradients in one flat buffer, summed over all ranks bucket by bucket, while others are still computed.

The backward pass finds the last layer's gradients first.  They lie at the end of the buffer.  So the
buffer is cut into buckets from its end; as soon as all arrays of a bucket are there, its sum begins, and
the pass goes on meanwhile.
"""

import time
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..ops.checks import Array
from .world import Ranks

BYTES = 1 << 20  # of a bucket, at least: fewer would each cost the latency of the network once more


class Buckets:
    """A flat buffer whose arrays become sums over all ranks.

    ranks    who adds up
    numbers  (n,) the buffer
    arrays   its parts by name, views, in the order in which they lie in it
    wanted   names of those that are to be summed
    size     bytes of a bucket, at least

    Of each step: `keep` after each backward pass but the last, `ready` for each array during the last
    one, `finish` after it.  waited is how many seconds that took of the last step.
    """

    def __init__(
        self,
        ranks: Ranks,
        numbers: Array,
        arrays: Mapping[str, Array],
        wanted: Collection[str],
        size: int = BYTES,
    ) -> None:
        self.ranks, self.numbers = ranks, numbers
        self.cuts, self.bucket_of = self._cut(arrays, wanted, size)
        counts = np.bincount(list(self.bucket_of.values()), minlength=len(self.cuts))
        self.counts: list[int] = counts.tolist()
        self.kept: Array | None = None
        self.begun: list[Any] = []
        self.waited = 0.0
        self._begin()

    def _cut(
        self, arrays: Mapping[str, Array], wanted: Collection[str], size: int
    ) -> tuple[list[slice], dict[str, int]]:
        """Buckets from the end of the buffer on, and which one each array is in."""
        start, each = self.numbers.ctypes.data, self.numbers.itemsize
        cuts: list[slice] = []
        bucket_of: dict[str, int] = {}
        last = len(self.numbers)
        named = [name for name in arrays if name in wanted]
        for name in reversed(named):
            first = (arrays[name].ctypes.data - start) // each
            bucket_of[name] = len(cuts)
            if (last - first) * each >= size or name == named[0]:
                cuts.append(slice(first, last))
                last = first
        return cuts, bucket_of

    def _begin(self) -> None:
        self.left, self.begun = list(self.counts), []

    def keep(self) -> None:
        """Remember these gradients, to be added to those of the last pass of the step."""
        if self.kept is None:
            self.kept = self.numbers.copy()
        else:
            self.kept += self.numbers

    def ready(self, name: str) -> None:
        """The gradient of that array is there."""
        if name in self.bucket_of:
            self.left[self.bucket_of[name]] -= 1
        while len(self.begun) < len(self.cuts) and not self.left[len(self.begun)]:
            self._start()

    def _start(self) -> None:
        """The next bucket; all ranks have the same order."""
        part = self.numbers[self.cuts[len(self.begun)]]
        if self.kept is not None:
            part += self.kept[self.cuts[len(self.begun)]]
        self.begun.append(self.ranks.start_sum(part))
        self.ranks.moving.set()

    def finish(self) -> None:
        """Begin what has not begun, and wait for all."""
        before = time.perf_counter()
        while len(self.begun) < len(self.cuts):
            self._start()
        with self.ranks.waiting():
            self.ranks.moving.clear()
            for request in self.begun:
                request.Wait()
        self.waited = time.perf_counter() - before
        self.kept = None
        self._begin()
