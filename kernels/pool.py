"""Average pooling: every output is the mean of the window it sees.

    y[n, i, j, m] = 1/area[i, j]  sum_uv  x[n, s*i + u, t*j + v, m]

x is (N, H, W, M), already padded with zeros; (K, L) is the window, (s, t) the stride; area (I, J)
says by how many elements each sum is divided: K*L, or fewer at the border where padding does not
count.  Global average pooling is one window over the whole map:

    y[n, m] = 1/(H*W)  sum_ij  x[n, i, j, m]

Backwards each output shares its gradient evenly among its window:

    dx[n, s*i + u, t*j + v, m] += dy[n, i, j, m] / area[i, j]
"""

import numpy as np

from .compiling import Rungs, compiled, prange
from .conv import dilated, seen

# --- loops: the formulas above, letter by letter -------------------------------------------------


def loops_forward(x, window, stride, area, y):
    N, I, J, M = y.shape
    K, L = window
    s, t = stride
    y[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    for u in range(K):
                        h = s * i + u
                        for v in range(L):
                            q = t * j + v
                            y[n, i, j, m] += x[n, h, q, m]
                    y[n, i, j, m] /= area[i, j]


def loops_backward(dy, window, stride, area, dx):
    N, I, J, M = dy.shape
    K, L = window
    s, t = stride
    dx[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    for u in range(K):
                        h = s * i + u
                        for v in range(L):
                            q = t * j + v
                            dx[n, h, q, m] += dy[n, i, j, m] / area[i, j]


def loops_global_forward(x, y):
    N, H, W, M = x.shape
    y[:] = 0
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for m in range(M):
                    y[n, m] += x[n, i, j, m]
    y /= H * W


def loops_global_backward(dy, dx):
    N, H, W, M = dx.shape
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for m in range(M):
                    dx[n, i, j, m] = dy[n, m] / (H * W)


# --- numpy: one whole-array operation for each place (u, v) of the window ------------------------


def numpy_forward(x, window, stride, area, y):
    _, I, J, _ = y.shape
    y[:] = 0
    for u, v in np.ndindex(*window):
        y += seen(x, u, v, stride, (1, 1), I, J)
    y /= area[:, :, None]


def numpy_backward(dy, window, stride, area, dx):
    _, I, J, _ = dy.shape
    dx[:] = 0
    for u, v in np.ndindex(*window):
        seen(dx, u, v, stride, (1, 1), I, J)[:] += dy / area[:, :, None]


def numpy_global_forward(x, y):
    y[:] = x.mean(axis=(1, 2), dtype=np.float64)


def numpy_global_backward(dy, dx):
    dx[:] = (dy / (dx.shape[1] * dx.shape[2]))[:, None, None]


# --- numba: the loops compiled; each thread owns whole rows of what it writes --------------------


@compiled
def numba_forward(x, window, stride, area, y):
    N, I, J, M = y.shape
    K, L = window
    s, t = stride
    for row in prange(N * I):
        n, i = row // I, row % I
        for j in range(J):
            out = y[n, i, j]
            out[:] = 0
            for u in range(K):
                for v in range(L):
                    pixel = x[n, s * i + u, t * j + v]
                    for m in range(M):
                        out[m] += pixel[m]
            for m in range(M):
                out[m] /= area[i, j]


def numba_backward(dy, window, stride, area, dx):
    """dx is itself a sum over windows: of dy / area, dilated (see `conv.dilated`)."""
    wide = dilated(dy / area[:, :, None], window, stride, (1, 1), dx)
    numba_forward(wide, window, (1, 1), np.ones(dx.shape[1:3], dx.dtype), dx)


@compiled
def numba_global_forward(x, y):
    N, H, W, M = x.shape
    for n in prange(N):
        total = np.zeros(M)  # float64: thousands of pixels may stand in one sum
        for i in range(H):
            for j in range(W):
                pixel = x[n, i, j]
                for m in range(M):
                    total[m] += pixel[m]
        for m in range(M):
            y[n, m] = total[m] / (H * W)


def numba_global_backward(dy, dx):
    """Nothing is summed, and NumPy copies as fast."""
    numpy_global_backward(dy, dx)


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "loops": (loops_forward, loops_backward, loops_global_forward, loops_global_backward),
    "numpy": (numpy_forward, numpy_backward, numpy_global_forward, numpy_global_backward),
    "numba": (numba_forward, numba_backward, numba_global_forward, numba_global_backward),
}
