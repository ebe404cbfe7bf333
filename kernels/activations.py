"""ReLU and ReLU6 are one operation, a clip; it runs after every convolution, so it has a kernel.

    y[q] = min(max(x[q], low), high)             ReLU: 0, infinity     ReLU6: 0, 6
    dx[q] = dy[q]  where low < x[q] < high, else 0

x, y are flat.  At the kinks the gradient is 0, as in PyTorch; NaN stays NaN (it is neither below
low nor above high).  The mask is read off y, which the next layer keeps anyway: low < x < high exactly
where low < y < high.  A y of infinity was not clipped, for no high is then below it, and passes dy on.
"""

import numpy as np

from .compiling import Rungs, compiled, prange


def numpy_clip(x, low, high, y):
    np.clip(x, low, high, out=y)


def numpy_clip_backward(dy, y, low, high, dx):
    dx[:] = dy
    dx[(y <= low) | ((y >= high) & (y < np.inf))] = 0


@compiled
def numba_clip(x, low, high, y):
    for q in prange(x.size):
        value = x[q]
        y[q] = low if value < low else (high if value > high else value)


@compiled
def numba_clip_backward(dy, y, low, high, dx):
    for q in prange(dy.size):
        if y[q] <= low or high <= y[q] < np.inf:
            dx[q] = 0
        else:
            dx[q] = dy[q]


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "numpy": (numpy_clip, numpy_clip_backward),
    "numba": (numba_clip, numba_clip_backward),
}
