"""What runs a finished program: threads, their memory, and the counters by which they share the work."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiling import lock
from ..kernels.simd.runtime import executor
from ..kernels.simd.runtime.work_item import BASES
from ..kernels.simd.runtime.work_stealing import SPACING
from .pack import aligned, up
from .pinned import Pinned
from .program import Code

_several = lock()  # two teams on the same cores would only wait for each other


class Runner(Pinned):
    """For programs of at most so many stages in a run; whoever calls holds `lock`."""

    def __init__(self, code: Code, threads: int, stages: int) -> None:
        self.threads, self.lock = threads, _several if threads > 1 else lock()
        self._run = executor.run if threads > 1 else executor.run_alone
        line = up(code.scratch, 4096) + 192  # each member's own, apart from the next one's
        self._scratch = aligned(threads * line // 4).reshape(threads, -1)
        self._counters = np.zeros((1 + stages * (threads + 1)) * SPACING // 8, np.int64)
        self.bases = np.zeros(threads, BASES)
        self.bases["scratch"] = [own.ctypes.data for own in self._scratch]
        self.seconds = 0.0  # that the last run took
        self.nbytes = {"bands": self._scratch.nbytes, "counters": self._counters.nbytes}

    def __call__(self, trunk: NDArray[Any], head: NDArray[Any], images: int = 0) -> None:
        """The trunk for each image, then the head."""
        self._counters[:] = 0
        before = time.perf_counter()
        self._run(self.threads, trunk, head, images, self.bases, self._counters)
        self.seconds = time.perf_counter() - before

    def ticks(self, stages: int) -> NDArray[Any]:
        """Of the core's clock, for each of the first stages of the last run."""
        at = np.arange(1, stages + 1) * (self.threads + 1)  # each stage has a stamp there
        return np.diff(self._counters[at * (SPACING // 8) + 1], prepend=self._counters[0])
