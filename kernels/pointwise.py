"""Pointwise (1 x 1) convolution: mixes the channels of one pixel, never looks at its neighbours.

    y[p, o] = sum_m  x[p, m] * w[m, o]                      y = x @ w

x is (P, M), w is (M, O), y is (P, O); p runs over all pixels of all images, so P = N*I*J: M*O*I*J
multiplications per image (MobileNetV1, section 3.1, equation 5).  A dense layer is the same formula
with one "pixel" for each image.

    dx[p, m] = sum_o  dy[p, o] * w[m, o]                    dx = dy @ w.T
    dw[m, o] = sum_p  x[p, m] * dy[p, o]                    dw = x.T @ dy
"""

import numpy as np

from .compiling import Rungs, compiled, prange

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
    numba_product(x.reshape(-1), x.shape[1], 1, w, y)


def numba_backward_input(dy, w, dx):
    numba_product(dy.reshape(-1), dy.shape[1], 1, np.ascontiguousarray(w.T), dx)


def numba_backward_weight(x, dy, dw):
    numba_product(x.reshape(-1), 1, x.shape[1], dy, dw)


@compiled
def numba_product(a, down, right, b, c):
    """c = a @ b, four rows of a by four rows of b at a time.

    a is flat: its next row is `down` elements away and its next column `right`, so that one compiled
    function serves x and x.T alike.

    One product a[p, k] * b[k, o] needs three elements from the cache and puts one back: too much
    traffic for one multiplication.  Sixteen at once share their loads:

                              b[k  , o]
                              b[k+1, o]          4 elements of b, used by 4 rows of a
                              b[k+2, o]
                              b[k+3, o]
        a[p  , k .. k+3]      c[p  , o] += ...   4 elements of c, read and written once for
        a[p+1, k .. k+3]      c[p+1, o] += ...   4 products each; the 16 elements of a stay
        a[p+2, k .. k+3]      c[p+2, o] += ...   in registers along the whole row
        a[p+3, k .. k+3]      c[p+3, o] += ...

    k runs in blocks of 128 (KC), so that the rows of b in use stay in the L2 cache, and each block
    is summed by itself before it is added to c: a short sum rounds less than a long one.  The
    order of every sum is the same for any number of threads: threads own whole groups of rows.

    Rows are cleared and added element by element: slices would say it shorter, but take Numba twice as
    long to compile.
    """
    K, (P, O) = len(b), c.shape
    group = 4 * max(1, min(8, P // 8))  # rows a thread takes at once: 4 .. 32
    for g in prange((P + group - 1) // group):
        first, last = g * group, min(P, g * group + group)
        fours = first + (last - first) // 4 * 4
        part = np.empty((4, O), c.dtype)  # the sums of one block of k
        for p in range(first, last):
            for o in range(O):
                c[p, o] = 0
        for start in range(0, K, 128):
            stop = min(K, start + 128)
            k4 = start + (stop - start) // 4 * 4
            for p in range(first, fours, 4):
                for row in range(4):
                    for o in range(O):
                        part[row, o] = 0
                c0, c1, c2, c3 = part[0], part[1], part[2], part[3]
                for k in range(start, k4, 4):
                    b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
                    q0 = p * down + k * right
                    q1, q2, q3 = q0 + down, q0 + 2 * down, q0 + 3 * down
                    r, rr, rrr = right, 2 * right, 3 * right
                    a00, a01, a02, a03 = a[q0], a[q0 + r], a[q0 + rr], a[q0 + rrr]
                    a10, a11, a12, a13 = a[q1], a[q1 + r], a[q1 + rr], a[q1 + rrr]
                    a20, a21, a22, a23 = a[q2], a[q2 + r], a[q2 + rr], a[q2 + rrr]
                    a30, a31, a32, a33 = a[q3], a[q3 + r], a[q3 + rr], a[q3 + rrr]
                    for o in range(O):
                        v0, v1, v2, v3 = b0[o], b1[o], b2[o], b3[o]
                        c0[o] += a00 * v0 + a01 * v1 + a02 * v2 + a03 * v3
                        c1[o] += a10 * v0 + a11 * v1 + a12 * v2 + a13 * v3
                        c2[o] += a20 * v0 + a21 * v1 + a22 * v2 + a23 * v3
                        c3[o] += a30 * v0 + a31 * v1 + a32 * v2 + a33 * v3
                for row in range(4):
                    for o in range(O):
                        c[p + row, o] += part[row, o]
            for p in range(fours, last):  # rows left over of the fours: the same, one at a time
                out = part[0]
                for o in range(O):
                    out[o] = 0
                for k in range(start, k4, 4):
                    b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
                    q = p * down + k * right
                    a0, a1 = a[q], a[q + right]
                    a2, a3 = a[q + 2 * right], a[q + 3 * right]
                    for o in range(O):
                        out[o] += a0 * b0[o] + a1 * b1[o] + a2 * b2[o] + a3 * b3[o]
                for o in range(O):
                    c[p, o] += out[o]
            for p in range(first, last):  # and what is left over of each row: the formula itself
                for k in range(k4, stop):
                    value, filters, out = a[p * down + k * right], b[k], c[p]
                    for o in range(O):
                        out[o] += value * filters[o]


# --- simd: the same products, microkernel by microkernel; float32 only ------------------------
# With few pixels, a dense layer's images, each weight is used only that often: what counts then is to
# read (or write) the weights once, row by row, which the compiled rung does.

FEW = 14


def simd_forward(x, w, y):
    if len(x) < FEW:
        numba_forward(x, w, y)
        return
    from .simd.nhwc.product import matrix_product

    matrix_product(x, x.shape[1], 1, w, w.shape[1], 1, len(w), y)


def simd_backward_input(dy, w, dx):
    from .simd.nhwc.product import matrix_product

    matrix_product(dy, dy.shape[1], 1, w, 1, w.shape[1], w.shape[1], dx)  # w.T: strides exchanged


def simd_backward_weight(x, dy, dw):
    if len(x) < FEW:
        numba_backward_weight(x, dy, dw)
        return
    from .simd.nhwc.product import matrix_product

    matrix_product(x, 1, x.shape[1], dy, dy.shape[1], 1, len(x), dw)


# --- the rungs by name, for npmobilenet.ops to choose from

RUNGS: Rungs = {
    "loops": (loops_forward, loops_backward_input, loops_backward_weight),
    "numpy": (numpy_forward, numpy_backward_input, numpy_backward_weight),
    "numba": (numba_forward, numba_backward_input, numba_backward_weight),
    "simd": (simd_forward, simd_backward_input, simd_backward_weight),
}
