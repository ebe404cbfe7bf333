"""What a call allocates at its worst moment: tracemalloc sees every array that NumPy makes."""

import gc
import tracemalloc
from collections.abc import Callable


def peak(call: Callable[[], object]) -> int:
    """Bytes at the worst moment of a call, after one that compiles."""
    call()
    gc.collect()
    tracemalloc.start()
    try:
        result = call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        del result
