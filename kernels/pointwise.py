"""Pointwise (1 x 1) convolution: mixes the channels of one pixel, never looks at its neighbours.

    y[p, o] = sum_m  x[p, m] * w[m, o]                      y = x @ w

x is (P, M), w is (M, O), y is (P, O); p runs over all pixels of all images, so P = N*I*J: M*O*I*J
multiplications per image (MobileNetV1, section 3.1, equation 5).  A dense layer is the same formula
with one "pixel" for each image.

    dx[p, m] = sum_o  dy[p, o] * w[m, o]                    dx = dy @ w.T
    dw[m, o] = sum_p  x[p, m] * dy[p, o]                    dw = x.T @ dy
"""

import numpy as np

from .compiling import compiled, prange

# --- loops: the formulas above, letter by letter -------------------------------------------------


def loops_forward(x, w, y):
    P, O = y.shape
    M = w.shape[0]
    y[:] = 0
    for p in range(P):
        for m in range(M):
            for o in range(O):
                y[p, o] += x[p, m] * w[m, o]


def loops_backward_input(dy, w, dx):
    P, O = dy.shape
    M = w.shape[0]
    dx[:] = 0
    for p in range(P):
        for m in range(M):
            for o in range(O):
                dx[p, m] += dy[p, o] * w[m, o]


def loops_backward_weight(x, dy, dw):
    P, O = dy.shape
    M = dw.shape[0]
    dw[:] = 0
    for p in range(P):
        for m in range(M):
            for o in range(O):
                dw[m, o] += x[p, m] * dy[p, o]


# --- numpy: three matrix products ----------------------------------------------------------------


def numpy_forward(x, w, y):
    np.matmul(x, w, out=y)


def numpy_backward_input(dy, w, dx):
    np.matmul(dy, w.T, out=dx)


def numpy_backward_weight(x, dy, dw):
    np.matmul(x.T, dy, out=dw)


# --- numba: one compiled matrix product, called three times --------------------------------------


def numba_forward(x, w, y):
    numba_product(x, w, y)


def numba_backward_input(dy, w, dx):
    numba_product(dy, np.ascontiguousarray(w.T), dx)


def numba_backward_weight(x, dy, dw):
    numba_product(x.T, dy, dw)


@compiled
def numba_product(a, b, c):
    """c = a @ b, four rows of a by four rows of b at a time.

    One product a[p, k] * b[k, o] needs three numbers from the cache and puts one back: too much
    carrying for one multiplication.  Sixteen at once share their loads:

                              b[k  , o]
                              b[k+1, o]          4 numbers of b, used by 4 rows of a
                              b[k+2, o]
                              b[k+3, o]
        a[p  , k .. k+3]      c[p  , o] += ...   4 numbers of c, read and written once for
        a[p+1, k .. k+3]      c[p+1, o] += ...   4 products each; the 16 numbers of a stay
        a[p+2, k .. k+3]      c[p+2, o] += ...   in registers along the whole row
        a[p+3, k .. k+3]      c[p+3, o] += ...

    k runs in stretches of 128, so that the rows of b in use stay in the second-level cache, and each
    stretch is summed by itself before it is added to c: a short sum rounds less than a long one.  The
    order of every sum is the same for any number of threads: threads own whole groups of rows.
    """
    P, K = a.shape
    O = b.shape[1]
    group = 4 * max(1, min(8, P // 8))  # rows a thread takes at once: 4 .. 32
    for g in prange((P + group - 1) // group):
        first, last = g * group, min(P, g * group + group)
        fours = first + (last - first) // 4 * 4
        part = np.empty((4, O), c.dtype)  # the sums of one stretch
        c[first:last] = 0
        for start in range(0, K, 128):
            stop = min(K, start + 128)
            k4 = start + (stop - start) // 4 * 4
            for p in range(first, fours, 4):
                part[:] = 0
                c0, c1, c2, c3 = part[0], part[1], part[2], part[3]
                for k in range(start, k4, 4):
                    b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
                    a00, a01, a02, a03 = a[p, k], a[p, k + 1], a[p, k + 2], a[p, k + 3]
                    a10, a11, a12, a13 = (
                        a[p + 1, k],
                        a[p + 1, k + 1],
                        a[p + 1, k + 2],
                        a[p + 1, k + 3],
                    )
                    a20, a21, a22, a23 = (
                        a[p + 2, k],
                        a[p + 2, k + 1],
                        a[p + 2, k + 2],
                        a[p + 2, k + 3],
                    )
                    a30, a31, a32, a33 = (
                        a[p + 3, k],
                        a[p + 3, k + 1],
                        a[p + 3, k + 2],
                        a[p + 3, k + 3],
                    )
                    for o in range(O):
                        v0, v1, v2, v3 = b0[o], b1[o], b2[o], b3[o]
                        c0[o] += a00 * v0 + a01 * v1 + a02 * v2 + a03 * v3
                        c1[o] += a10 * v0 + a11 * v1 + a12 * v2 + a13 * v3
                        c2[o] += a20 * v0 + a21 * v1 + a22 * v2 + a23 * v3
                        c3[o] += a30 * v0 + a31 * v1 + a32 * v2 + a33 * v3
                c[p : p + 4] += part
            for p in range(fours, last):  # rows left over of the fours: the same, one at a time
                out = part[0]
                out[:] = 0
                for k in range(start, k4, 4):
                    b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
                    a0, a1, a2, a3 = a[p, k], a[p, k + 1], a[p, k + 2], a[p, k + 3]
                    for o in range(O):
                        out[o] += a0 * b0[o] + a1 * b1[o] + a2 * b2[o] + a3 * b3[o]
                c[p] += out
            for p in range(first, last):  # and what is left over of each row: the plain formula
                for k in range(k4, stop):
                    value, row, out = a[p, k], b[k], c[p]
                    for o in range(O):
                        out[o] += value * row[o]
