"""How many threads compute."""

from collections.abc import Iterator
from contextlib import contextmanager

from ...kernels.compiling import threads
from ...ops.rungs import refusal


@contextmanager
def computing_threads(count: int) -> Iterator[None]:
    """Numba's kernels on `count` threads while this lasts; 0, or no Numba: as they are.

    ValueError for more threads than there are.
    """
    if not count or refusal():
        yield
        return
    import numba

    before = threads()
    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    if count > most:
        raise ValueError(f"train.threads must be at most {most} here, found {count}")
    numba.set_num_threads(count)
    try:
        yield
    finally:
        numba.set_num_threads(before)
