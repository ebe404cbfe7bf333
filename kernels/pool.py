"""Pooling: every output is the mean, or the largest element, of the window it sees.

    y[n, i, j, m] = 1/area[i, j]  sum_uv  x[n, s*i + u, t*j + v, m]

x is (N, H, W, M), already padded with zeros; (K, L) is the window, (s, t) the stride; area (I, J)
says by how many elements each sum is divided: K*L, or fewer at the border where padding does not
count.  Global average pooling is one window over the whole map:

    y[n, m] = 1/(H*W)  sum_ij  x[n, i, j, m]

Backwards each output shares its gradient evenly among its window:

    dx[n, s*i + u, t*j + v, m] += dy[n, i, j, m] / area[i, j]

Max pooling takes the largest of its window, and of NaNs the last:

    y[n, i, j, m] = max_uv  x[n, s*i + d*u, t*j + e*v, m]

Padding is not looked at, so x is not padded: a window begins at row s*i - top and column t*j - left, with
(top, left) the corner, and what lies outside is passed over.  which[n, i, j, m] keeps the place that was
taken, the first of equals, counted L*u + v; backwards the whole gradient goes there:

    dx[n, the row and column of `which`, m] += dy[n, i, j, m]
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


def loops_max_forward(x, window, stride, dilation, corner, y, which):
    N, I, J, M = y.shape
    _, H, W, _ = x.shape
    K, L = window
    s, t = stride
    d, e = dilation
    top, left = corner
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    which[n, i, j, m] = -1
                    for u in range(K):
                        h = s * i + d * u - top
                        for v in range(L):
                            q = t * j + e * v - left
                            if 0 <= h < H and 0 <= q < W:
                                value = x[n, h, q, m]
                                if which[n, i, j, m] < 0 or value > y[n, i, j, m] or value != value:
                                    y[n, i, j, m] = value
                                    which[n, i, j, m] = L * u + v


def loops_max_backward(dy, which, window, stride, dilation, corner, dx):
    N, I, J, M = dy.shape
    _, L = window
    s, t = stride
    d, e = dilation
    top, left = corner
    dx[:] = 0
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    u, v = which[n, i, j, m] // L, which[n, i, j, m] % L
                    dx[n, s * i + d * u - top, t * j + e * v - left, m] += dy[n, i, j, m]


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


def numpy_max_forward(x, window, stride, dilation, corner, y, which):
    which[:] = -1
    for u, v in np.ndindex(*window):
        rows, columns, place = _inside(x, y, u, v, stride, dilation, corner)
        value, best, taken = x[place], y[:, rows, columns], which[:, rows, columns]
        better = (taken < 0) | (value > best) | np.isnan(value)
        best[better] = value[better]  # views: into y and which themselves
        taken[better] = window[1] * u + v


def numpy_max_backward(dy, which, window, stride, dilation, corner, dx):
    dx[:] = 0
    for u, v in np.ndindex(*window):
        rows, columns, place = _inside(dx, dy, u, v, stride, dilation, corner)
        taken = which[:, rows, columns] == window[1] * u + v
        dx[place] += np.where(taken, dy[:, rows, columns], 0)


def _inside(x, y, u, v, stride, dilation, corner):
    """Of which rows and columns of y place (u, v) lies in x, and where there: slices."""
    ranges, places = [], []
    for axis, tap in enumerate((u, v)):
        step, start = stride[axis], dilation[axis] * tap - corner[axis]  # of the first output
        low = max(0, -(start // step))  # the first that is not above or left of x
        last = (x.shape[1 + axis] - 1 - start) // step
        high = max(low, min(y.shape[1 + axis], last + 1))
        ranges.append(slice(low, high))
        at = start + step * low
        places.append(
            slice(at, at + step * (high - low - 1) + 1, step) if high > low else slice(0, 0)
        )
    return *ranges, (slice(None), *places)


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


@compiled
def numba_max_forward(x, window, stride, dilation, corner, y, which):
    N, I, J, M = y.shape
    _, H, W, _ = x.shape
    K, L = window
    s, t = stride
    d, e = dilation
    top, left = corner
    for row in prange(N * I):
        n, i = row // I, row % I
        for j in range(J):
            best, taken = y[n, i, j], which[n, i, j]
            taken[:] = -1
            for u in range(K):
                h = s * i + d * u - top
                for v in range(L):
                    q = t * j + e * v - left
                    if 0 <= h < H and 0 <= q < W:
                        pixel = x[n, h, q]
                        for m in range(M):
                            if taken[m] < 0 or pixel[m] > best[m] or pixel[m] != pixel[m]:
                                best[m], taken[m] = pixel[m], L * u + v


@compiled
def numba_max_backward(dy, which, window, stride, dilation, corner, dx):
    N, I, J, M = dy.shape
    _, L = window
    s, t = stride
    d, e = dilation
    top, left = corner
    for n in prange(N):  # windows overlap: a thread owns whole images
        dx[n] = 0
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    u, v = which[n, i, j, m] // L, which[n, i, j, m] % L
                    dx[n, s * i + d * u - top, t * j + e * v - left, m] += dy[n, i, j, m]


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "loops": (loops_forward, loops_backward, loops_global_forward, loops_global_backward),
    "numpy": (numpy_forward, numpy_backward, numpy_global_forward, numpy_global_backward),
    "numba": (numba_forward, numba_backward, numba_global_forward, numba_global_backward),
}
MAX_RUNGS: Rungs = {
    "loops": (loops_max_forward, loops_max_backward),
    "numpy": (numpy_max_forward, numpy_max_backward),
    "numba": (numba_max_forward, numba_max_backward),
}
