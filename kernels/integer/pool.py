"""Pooling of integers: the mean of the whole map, and the average or the largest of each window.

    mean      total[n, m] = sum_ij (x[n, i, j, m] - zx)          y = requantised(total)
              with one rounding, all in float32:
              y = clamp(round(s sum_ij x[n, i, j, m] + (zero - s zx H W)), low, high)
    average   total[n, i, j, m] = sum_uv x[n, s*i + u - top, t*j + v - left, m]
              y = total / area, to the nearest integer, of two equally near that further from 0
    largest   y[n, i, j, m] = max_uv x[n, s*i + u - top, t*j + v - left, m]

`mean` divides and changes the scale in one multiplication.  The other two keep the scale of x: they look
at no padding, and area is the number of pixels of the window that lie in the map.  (top, left) is the
corner, (s, t) the stride; y is clamped to low and high.
"""

import numpy as np

from ..compiling import Rungs, compiled, prange
from .conv import requantised

# --- loops: the formulas above, in Python's integers -----------------------------------------------


def loops_mean(x, zero, sums):
    N, H, W, M = x.shape
    for n in range(N):
        for m in range(M):
            total = 0
            for i in range(H):
                for j in range(W):
                    total += int(x[n, i, j, m]) - zero
            sums[n, m] = total


def biased(zero, out, pixels):
    """What is added to s times a raw sum: y's zero point, and what x's adds to the sum taken away."""
    return np.float32(out.zero) - np.float32(zero * pixels) * out.scale


def loops_single(sums, bias, out, y):
    N, M = sums.shape
    for n in range(N):
        for m in range(M):
            value = np.rint(np.float32(sums[n, m]) * out.scale[m] + bias[m])
            y[n, m] = int(min(max(value, out.low), out.high))


def inside(first, count, size):
    """The indices of a window that lie in the map."""
    return range(max(first, 0), min(first + count, size))


def divided(total, area):
    """total / area to the nearest integer, of two equally near that further from 0."""
    return (abs(total) + area // 2) // area * (1 if total >= 0 else -1)


def loops_window(x, window, stride, corner, limits, y, pool):
    N, H, W, M = x.shape
    (K, L), (s, t), (top, left) = window, stride, corner
    _, I, J, _ = y.shape
    for n in range(N):
        for i in range(I):
            for j in range(J):
                for m in range(M):
                    seen = []
                    for h in inside(s * i - top, K, H):
                        for q in inside(t * j - left, L, W):
                            seen.append(int(x[n, h, q, m]))
                    y[n, i, j, m] = min(max(pool(seen), limits[0]), limits[1])


def loops_average(x, window, stride, corner, limits, y):
    loops_window(x, window, stride, corner, limits, y, lambda seen: divided(sum(seen), len(seen)))


def loops_largest(x, window, stride, corner, limits, y):
    loops_window(x, window, stride, corner, limits, y, max)


# --- numpy: each place of the window is a part of the map ------------------------------------------


def numpy_mean(x, zero, sums):
    np.sum(x, axis=(1, 2), dtype=np.int32, out=sums)
    sums -= np.int32(zero * x.shape[1] * x.shape[2])


def numpy_single(sums, bias, out, y):
    value = np.rint(sums.astype(np.float32) * out.scale + bias)
    y[...] = np.clip(value, out.low, out.high)


def places(x, window, stride, corner, y, beyond):
    """The windows, one place after the other; `beyond` is what stands where the map does not reach."""
    N, H, W, M = x.shape
    (K, L), (s, t), (top, left) = window, stride, corner
    _, I, J, _ = y.shape
    around = np.full((N, s * (I - 1) + K, t * (J - 1) + L, M), beyond, np.int32)
    rows, columns = min(H, around.shape[1] - top), min(W, around.shape[2] - left)
    around[:, top : top + rows, left : left + columns] = x[:, :rows, :columns]
    for u in range(K):
        for v in range(L):
            yield around[:, u : u + s * (I - 1) + 1 : s, v : v + t * (J - 1) + 1 : t]


def numpy_average(x, window, stride, corner, limits, y):
    total, area = np.zeros(y.shape, np.int32), np.zeros((1, *y.shape[1:3], 1), np.int32)
    ones = np.ones((1, *x.shape[1:3], 1), np.int32)
    for place in places(x, window, stride, corner, y, 0):
        total += place
    for place in places(ones, window, stride, corner, y, 0):
        area += place
    value = (np.abs(total) + area // 2) // area * np.sign(total)
    y[...] = np.clip(value, *limits)


def numpy_largest(x, window, stride, corner, limits, y):
    value = np.full(y.shape, -(2**31), np.int32)
    for place in places(x, window, stride, corner, y, -(2**31)):
        np.maximum(value, place, out=value)
    y[...] = np.clip(value, *limits)


# --- numba: the loops compiled ---------------------------------------------------------------------


def numba_mean(x, zero, sums):
    numba_totals(x, np.int32(zero), sums)


@compiled
def numba_totals(x, zero, sums):
    N, H, W, M = x.shape
    for n in prange(N):
        total = sums[n]
        total[:] = 0
        for i in range(H):
            for j in range(W):
                pixel = x[n, i, j]
                for m in range(M):
                    total[m] += np.int32(pixel[m]) - zero


def numba_average(x, window, stride, corner, limits, y):
    numba_averages(x, window, stride, corner, limits, np.zeros(y.shape, np.int32), y)


@compiled
def numba_averages(x, window, stride, corner, limits, sums, y):
    N, H, W, M = x.shape
    K, L = window
    s, t = stride
    top, left = corner
    low, high = limits
    _, I, J, _ = y.shape
    for row in prange(N * I):
        n, i = row // I, row % I
        first, last = max(s * i - top, 0), min(s * i - top + K, H)
        for j in range(J):
            begin, end = max(t * j - left, 0), min(t * j - left + L, W)
            total = sums[n, i, j]
            for h in range(first, last):
                for q in range(begin, end):
                    for m in range(M):
                        total[m] += np.int32(x[n, h, q, m])
            area = np.int32((last - first) * (end - begin))
            for m in range(M):
                value = (abs(total[m]) + area // 2) // area
                value = value if total[m] >= 0 else -value
                y[n, i, j, m] = min(max(value, low), high)


@compiled
def numba_largest(x, window, stride, corner, limits, y):
    N, H, W, M = x.shape
    K, L = window
    s, t = stride
    top, left = corner
    low, high = limits
    _, I, J, _ = y.shape
    for row in prange(N * I):
        n, i = row // I, row % I
        for j in range(J):
            value = y[n, i, j]
            value[:] = low
            for h in range(max(s * i - top, 0), min(s * i - top + K, H)):
                for q in range(max(t * j - left, 0), min(t * j - left + L, W)):
                    for m in range(M):
                        value[m] = max(value[m], x[n, h, q, m])
            for m in range(M):
                value[m] = min(np.int32(value[m]), high)


def mean_of(summed, once, rung):
    """The mean of a rung: its sums with two roundings, or raw ones with one."""
    twice = requantised(summed, rung)

    def forward(x, zero, out, y):
        if not out.single:
            twice(x, zero, out, y)
            return
        sums = np.empty(y.shape, np.int32)
        summed(x, 0, sums)
        once(sums, biased(zero, out, x.shape[1] * x.shape[2]), out, y)

    return forward


RUNGS: Rungs = {
    "loops": (mean_of(loops_mean, loops_single, "loops"), loops_average, loops_largest),
    "numpy": (mean_of(numpy_mean, numpy_single, "numpy"), numpy_average, numpy_largest),
    "numba": (mean_of(numba_mean, numpy_single, "numba"), numba_average, numba_largest),
}
