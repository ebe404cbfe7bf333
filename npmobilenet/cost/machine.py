"""What this machine can do at most, measured: multiply-adds in registers, and moving memory.

    machine = measure()
    machine.peak                    # flops a second, all threads at once
    machine.bandwidth(6_422_528)    # bytes a second, for a layer that touches so many

Caches are faster than memory, so bandwidth is measured for several sizes of the data and a layer gets
that of its own.  Each figure is the best of many short runs: another program can only slow a run down.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..kernels import compiling
from ..ops.rungs import need_numba

SIZES = tuple(2**power for power in (18, 20, 22, 24, 26, 28))  # 256 KiB .. 256 MiB
ROUNDS = 50_000  # multiply-adds of one accumulator: less than a millisecond
TRAFFIC = 2**24  # bytes that a run moves at least, small data several times: again milliseconds

Call = Callable[[], object]


@dataclass(frozen=True)
class Machine:
    """Measured limits; everything in float32."""

    threads: int
    lanes: int
    peak: float  # flops a second
    bandwidths: tuple[tuple[int, float], ...]  # (bytes touched, bytes a second), small sizes first

    def bandwidth(self, size: int) -> float:
        """Bytes a second for data of `size` bytes: what was measured for as much or more."""
        fitting = (speed for measured, speed in self.bandwidths if measured >= size)
        return next(fitting, self.bandwidths[-1][1])

    def ridge(self, size: int) -> float:
        """Flops a byte above which multiplying, not moving, is what takes the time."""
        return self.peak / self.bandwidth(size)

    def of_bytes(self) -> Machine:
        """What it can do at most with bytes, from what was measured with float32.

        An instruction multiplies and adds as many vectors, in which a number of 32 bits is a sum of four
        products of bytes where the processor has VNNI, and of two elsewhere.
        """
        from ..kernels.simd.isa.lanes import VNNI

        products = 4 if VNNI else 2
        return replace(self, peak=products * self.peak, lanes=products * self.lanes)

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return asdict(self)

    def __str__(self) -> str:
        moved = ", ".join(
            f"{speed / 1e9:.0f} GB/s for {size / 2**20:g} MiB" for size, speed in self.bandwidths
        )
        return (
            f"{self.threads} threads, vectors of {self.lanes} numbers: {self.peak / 1e9:.0f} GFLOP/s "
            f"from registers; {moved}"
        )


def measure(seconds: float = 4.0) -> Machine:
    """Measure peak and bandwidth on as many threads as Numba uses, in about `seconds` seconds.

    ValueError where Numba does not run.
    """
    need_numba("measuring the machine")
    from ..kernels import peak as kernels

    threads = compiling.threads()
    work = [2 * kernels.LANES * kernels.ACCUMULATORS * ROUNDS]
    work += [12 * _numbers(size, threads) * _rounds(size) for size in SIZES]

    def calls() -> list[Call]:
        triads = [
            _triad(kernels.numba_triad, _numbers(size, threads), _rounds(size)) for size in SIZES
        ]
        return [lambda: kernels.numba_fma(ROUNDS, np.float32(0)), *triads]

    least = at_once([calls() for _ in range(threads)], seconds)
    peak, *bandwidths = (
        sum(amount / times[number] for times in least) for number, amount in enumerate(work)
    )
    return Machine(threads, kernels.LANES, peak, tuple(zip(SIZES, bandwidths, strict=True)))


def _numbers(size: int, threads: int) -> int:
    """Numbers in each of one thread's three arrays, so that all together take `size` bytes."""
    return size // 12 // threads


def _rounds(size: int) -> int:
    return max(1, TRAFFIC // size)


def _triad(kernel: Any, numbers: int, rounds: int) -> Call:
    a, b, c = (np.ones(numbers, np.float32) for _ in range(3))
    return lambda: kernel(a, b, c, np.float32(3), rounds)


def at_once(calls: list[list[Call]], seconds: float) -> list[list[float]]:
    """The shortest time of each call: calls[thread][number], every thread at the same number.

    They take turns of 10 ms, so that a busy stretch of the machine is not the misfortune of one
    number; a thread repeats its call in a turn and waits for the others only between turns.  Calls
    must release the interpreter's lock.
    """
    least = [[float("inf")] * len(mine) for mine in calls]
    turns = max(3, round(seconds / 0.01 / len(calls[0])))
    together, clock = threading.Barrier(len(calls)), time.perf_counter

    def work(thread: int) -> None:
        for turn in range(-1, turns):  # the first one compiles
            for number, call in enumerate(calls[thread]):
                together.wait()
                started = before = clock()
                while before - started < 0.01:
                    call()
                    after = clock()
                    if turn >= 0:
                        least[thread][number] = min(least[thread][number], after - before)
                    before = after

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(len(calls))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return least
