"""What the processors can multiply at most, measured beside what is compared with it."""

from importlib.util import find_spec


def peak(threads: int, seconds: float = 0.5) -> float | None:
    """Float32 flops a second of a loop that never leaves the registers, all threads at once.

    None where Numba is not installed.
    """
    if find_spec("numba") is None:
        return None
    import numpy as np

    from npmobilenet.cost.machine import ROUNDS, at_once
    from npmobilenet.kernels import peak as kernels

    flops = 2 * kernels.LANES * kernels.ACCUMULATORS * ROUNDS
    call = [lambda: kernels.numba_fma(ROUNDS, np.float32(0))]
    least = at_once([call for _ in range(threads)], seconds)
    return float(sum(flops / times[0] for times in least))
