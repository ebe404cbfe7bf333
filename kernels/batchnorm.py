"""Batch normalisation: each channel is shifted and scaled to mean beta and deviation gamma.

    mean[c]     = 1/P sum_p  x[p, c]
    variance[c] = 1/P sum_p (x[p, c] - mean[c])²
    xhat[p, c]  = (x[p, c] - mean[c]) / sqrt(variance[c] + eps)
    y[p, c]     = gamma[c] * xhat[p, c] + beta[c]

x and y are (P, C), p over all pixels of all images (Ioffe and Szegedy 2015, algorithm 1).  In
evaluation mean and variance are the running estimates instead.  Backwards:

    dbeta[c]    = sum_p dy[p, c]
    dgamma[c]   = sum_p dy[p, c] * xhat[p, c]
    dx[p, c]    = gamma[c] / sqrt(variance[c] + eps)
                  * (dy[p, c] - dbeta[c]/P - xhat[p, c] * dgamma[c]/P)

The last two terms come from mean and variance being functions of x.  In evaluation they are
constants, the terms vanish, and the caller passes zeros for dbeta and dgamma.

All per-channel sums are float64 arrays, whatever x is.  The variance is summed in a second pass,
around the mean: E[x²] - E[x]² would lose its digits where the mean is large.
"""

import numpy as np

from .compiling import Rungs, compiled, prange

# --- loops: the formulas above, letter by letter -------------------------------------------------


def loops_statistics(x, mean, variance):
    P, C = x.shape
    mean[:] = 0
    variance[:] = 0
    for c in range(C):
        for p in range(P):
            mean[c] += x[p, c] / P
        for p in range(P):
            variance[c] += (x[p, c] - mean[c]) ** 2 / P


def loops_normalise(x, mean, variance, gamma, beta, eps, y):
    P, C = x.shape
    for p in range(P):
        for c in range(C):
            xhat = (x[p, c] - mean[c]) / np.sqrt(variance[c] + eps)
            y[p, c] = gamma[c] * xhat + beta[c]


def loops_backward_affine(dy, x, mean, variance, eps, dgamma, dbeta):
    P, C = x.shape
    dgamma[:] = 0
    dbeta[:] = 0
    for p in range(P):
        for c in range(C):
            xhat = (x[p, c] - mean[c]) / np.sqrt(variance[c] + eps)
            dgamma[c] += dy[p, c] * xhat
            dbeta[c] += dy[p, c]


def loops_backward_input(dy, x, mean, variance, gamma, eps, dgamma, dbeta, dx):
    P, C = x.shape
    for p in range(P):
        for c in range(C):
            deviation = np.sqrt(variance[c] + eps)
            xhat = (x[p, c] - mean[c]) / deviation
            dx[p, c] = gamma[c] / deviation * (dy[p, c] - dbeta[c] / P - xhat * dgamma[c] / P)


# --- numpy: every sum over p is one call ---------------------------------------------------------


def numpy_statistics(x, mean, variance):
    np.mean(x, axis=0, dtype=np.float64, out=mean)
    np.mean((x - mean) ** 2, axis=0, out=variance)


def numpy_normalise(x, mean, variance, gamma, beta, eps, y):
    y[:] = gamma * ((x - mean) / np.sqrt(variance + eps)) + beta


def numpy_backward_affine(dy, x, mean, variance, eps, dgamma, dbeta):
    xhat = (x - mean) / np.sqrt(variance + eps)
    np.sum(dy * xhat, axis=0, out=dgamma)
    np.sum(dy, axis=0, dtype=np.float64, out=dbeta)


def numpy_backward_input(dy, x, mean, variance, gamma, eps, dgamma, dbeta, dx):
    deviation = np.sqrt(variance + eps)
    xhat = (x - mean) / deviation
    dx[:] = gamma / deviation * (dy - dbeta / len(x) - xhat * dgamma / len(x))


# --- numba: the passes over all pixels compiled; what is one element a channel stays NumPy --------
# Sums are gathered in 16 fixed shares and added in order: any number of threads gives the same bits.


def numba_statistics(x, mean, variance):
    P, C = x.shape
    shares = np.zeros((min(16, P), C))
    numba_sums(x, shares)
    np.divide(shares.sum(axis=0), P, out=mean)
    shares[:] = 0
    numba_squares(x, mean, shares)
    np.divide(shares.sum(axis=0), P, out=variance)


def numba_normalise(x, mean, variance, gamma, beta, eps, y):
    scale = gamma / np.sqrt(variance + eps)
    numba_scale(x, *two_parts(mean, x.dtype), scale.astype(x.dtype), beta, y)


def numba_backward_affine(dy, x, mean, variance, eps, dgamma, dbeta):
    P, C = x.shape
    products, sums = np.zeros((min(16, P), C)), np.zeros((min(16, P), C))
    numba_products(dy, x, mean, products, sums)
    # 1/sqrt is common to every xhat of a channel, so it is taken out of the sum
    np.divide(products.sum(axis=0), np.sqrt(variance + eps), out=dgamma)
    sums.sum(axis=0, out=dbeta)


def numba_backward_input(dy, x, mean, variance, gamma, eps, dgamma, dbeta, dx):
    """dx = scale * (dy - level - slope * (x - mean)): the formula, its constants gathered."""
    inverse = 1 / np.sqrt(variance + eps)
    constants = gamma * inverse, dbeta / len(x), dgamma * inverse / len(x)
    centre, rest = two_parts(mean, x.dtype)
    numba_gradient(dy, x, centre, rest, *(c.astype(x.dtype) for c in constants), dx)


def two_parts(mean, dtype):
    """A float64 mean as the sum of two values of x's precision.

    x - mean loses nothing as (x - centre) - rest: the first difference, of near values, is exact.
    """
    centre = mean.astype(dtype)
    return centre, (mean - centre).astype(dtype)


@compiled
def numba_sums(x, sums):
    P, C = x.shape
    shares = len(sums)
    for share in prange(shares):
        first, last = share * P // shares, (share + 1) * P // shares
        fours = first + (last - first) // 4 * 4
        out = sums[share]
        for p in range(first, fours, 4):  # four pixels to every reading and writing of the sum
            for c in range(C):
                out[c] += np.float64(x[p, c]) + x[p + 1, c] + x[p + 2, c] + x[p + 3, c]
        for p in range(fours, last):
            for c in range(C):
                out[c] += x[p, c]


@compiled
def numba_squares(x, centre, sums):
    P, C = x.shape
    shares = len(sums)
    for share in prange(shares):
        first, last = share * P // shares, (share + 1) * P // shares
        fours = first + (last - first) // 4 * 4
        out = sums[share]
        for p in range(first, fours, 4):
            for c in range(C):
                a0, a1 = x[p, c] - centre[c], x[p + 1, c] - centre[c]
                a2, a3 = x[p + 2, c] - centre[c], x[p + 3, c] - centre[c]
                out[c] += a0 * a0 + a1 * a1 + a2 * a2 + a3 * a3
        for p in range(fours, last):
            for c in range(C):
                away = x[p, c] - centre[c]
                out[c] += away * away


@compiled
def numba_scale(x, centre, rest, scale, beta, y):
    P, C = x.shape
    for p in prange(P):
        for c in range(C):
            y[p, c] = ((x[p, c] - centre[c]) - rest[c]) * scale[c] + beta[c]


@compiled
def numba_products(dy, x, centre, products, sums):
    P, C = x.shape
    shares = len(sums)
    for share in prange(shares):
        product, total = products[share], sums[share]
        for p in range(share * P // shares, (share + 1) * P // shares):
            for c in range(C):
                total[c] += dy[p, c]
                product[c] += dy[p, c] * (x[p, c] - centre[c])


@compiled
def numba_gradient(dy, x, centre, rest, scale, level, slope, dx):
    P, C = x.shape
    for p in prange(P):
        for c in range(C):
            away = (x[p, c] - centre[c]) - rest[c]
            dx[p, c] = scale[c] * (dy[p, c] - level[c] - slope[c] * away)


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "loops": (loops_statistics, loops_normalise, loops_backward_affine, loops_backward_input),
    "numpy": (numpy_statistics, numpy_normalise, numpy_backward_affine, numpy_backward_input),
    "numba": (numba_statistics, numba_normalise, numba_backward_affine, numba_backward_input),
}
