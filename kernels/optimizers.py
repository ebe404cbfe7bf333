"""Optimisers: from gradients dw, rate lr and what is remembered, the next weights w.

    sgd      v = momentum v + share g      w = w - lr v        with nesterov: w - lr (g + momentum v)
    rmsprop  s = rho s + (1-rho) g²  v = momentum v + lr g / sqrt(s + eps)      w = w - v
    rmsprop-torch  the same s        v = momentum v + g / (sqrt(s) + eps)       w = w - lr v
             centered: a = rho a + (1-rho) g, and s - a² in the place of s
    adam     m = b1 m + (1-b1) g     s = b2 s + (1-b2) g²
             w = w - lr (m / c1) / (sqrt(s / c2) + eps)       c1 = 1 - b1^t, c2 = 1 - b2^t at step t
             amsgrad: l = max(l, s), and l in the place of s in the last line
    adamw    the same on (1 - lr weight_decay) w: decay that the moments do not see
    average  a = d a + (1-d) w       the exponential moving average of weights, d its decay

with g = dw + weight_decay w, but in adamw g = dw.

sgd is PyTorch's, with the momentum of Sutskever et al. 2013, whose nesterov is computed from where w is;
share is 1 - dampening, but at the first step 1.  adam is Kingma and Ba's (2015, algorithm 1), amsgrad
Reddi, Kale and Kumar's (2018, algorithm 2), adamw Loshchilov and Hutter's (2019, algorithm 2).  rmsprop
is TensorFlow's, which trained the MobileNets: eps inside the root, the rate inside the momentum, s
beginning at 1.  PyTorch's, rmsprop-torch, differs in all three, and from its first steps on.

w, dw and what is remembered are arrays of as many elements; all but dw change in place.  decays (lines,)
int8 cuts them into lines of equal length, each decayed (1), not decayed (0) or not trained (-1).  The
compiled rung's lines have LINE elements: it is for the flat buffers in which all arrays of a network
lie one after the other, so that each element is read once and written once.
"""

import numpy as np

from .compiling import Rungs, compiled, prange

LINE = 16  # elements: 64 bytes of float32, a cache line

# --- numpy: the formulas on whole arrays ----------------------------------------------------------


def numpy_sgd(w, dw, v, decays, lr, weight_decay, momentum, share, nesterov):
    decays, w, dw, v = _lines(decays, w, dw, v)
    g = np.where(decays > 0, dw + weight_decay * w, dw)
    velocity = momentum * v + share * g
    ahead = g + momentum * velocity if nesterov else velocity
    _move(decays, (v, velocity), (w, w - lr * ahead))


def numpy_rmsprop(w, dw, s, v, decays, lr, weight_decay, rho, momentum, eps):
    decays, w, dw, s, v = _lines(decays, w, dw, s, v)
    g = np.where(decays > 0, dw + weight_decay * w, dw)
    square = rho * s + (1 - rho) * g * g
    velocity = momentum * v + lr * g / np.sqrt(square + eps)
    _move(decays, (s, square), (v, velocity), (w, w - velocity))


def numpy_torch_rmsprop(w, dw, s, v, decays, lr, weight_decay, rho, momentum, eps):
    decays, w, dw, s, v = _lines(decays, w, dw, s, v)
    g = np.where(decays > 0, dw + weight_decay * w, dw)
    square = rho * s + (1 - rho) * g * g
    velocity = momentum * v + g / (np.sqrt(square) + eps)
    _move(decays, (s, square), (v, velocity), (w, w - lr * velocity))


def numpy_centered_rmsprop(w, dw, s, v, a, decays, lr, weight_decay, rho, momentum, eps):
    decays, w, dw, s, v, a = _lines(decays, w, dw, s, v, a)
    g = np.where(decays > 0, dw + weight_decay * w, dw)
    square = rho * s + (1 - rho) * g * g
    mean = rho * a + (1 - rho) * g
    velocity = momentum * v + g / (np.sqrt(np.maximum(square - mean * mean, 0)) + eps)
    _move(decays, (s, square), (v, velocity), (a, mean), (w, w - lr * velocity))


def numpy_adam(w, dw, m, s, decays, lr, weight_decay, b1, b2, eps, c1, c2, decoupled):
    """adamw where `decoupled`."""
    decays, w, dw, m, s = _lines(decays, w, dw, m, s)
    g, kept = _decayed(w, dw, decays, lr, weight_decay, decoupled)
    first = b1 * m + (1 - b1) * g
    second = b2 * s + (1 - b2) * g * g
    move = lr / c1 * (first / (np.sqrt(second / c2) + eps))
    _move(decays, (m, first), (s, second), (w, kept - move))


def numpy_amsgrad(w, dw, m, s, l, decays, lr, weight_decay, b1, b2, eps, c1, c2, decoupled):
    """adam and adamw whose steps never grow because s has become smaller."""
    decays, w, dw, m, s, l = _lines(decays, w, dw, m, s, l)
    g, kept = _decayed(w, dw, decays, lr, weight_decay, decoupled)
    first = b1 * m + (1 - b1) * g
    second = b2 * s + (1 - b2) * g * g
    largest = np.maximum(l, second)
    move = lr / c1 * (first / (np.sqrt(largest / c2) + eps))
    _move(decays, (m, first), (s, second), (l, largest), (w, kept - move))


def _decayed(w, dw, decays, lr, weight_decay, decoupled):
    """g, and w before the move: decay is part of one or the other."""
    if decoupled:
        return dw, np.where(decays > 0, w * (1 - lr * weight_decay), w)
    return np.where(decays > 0, dw + weight_decay * w, dw), w


def numpy_average(a, w, d):
    a[...] = d * a + (1 - d) * w


def _lines(decays, *arrays):
    """decays as (lines, 1), the arrays as (lines, elements of a line)."""
    return decays[:, None], *(array.reshape(decays.size, -1) for array in arrays)


def _move(decays, *pairs):
    """old, new: the old become the new where they are trained."""
    for old, new in pairs:
        np.copyto(old, new, where=decays >= 0)


# --- numba: the same, one element after another ---------------------------------------------------
# Scalars arrive as float64 and are rounded once, as NumPy rounds Python's: so is 1 - rho.


@compiled
def numba_sgd(w, dw, v, decays, lr, weight_decay, momentum, share, nesterov):
    rate, kept, new = w.dtype.type(lr), w.dtype.type(momentum), w.dtype.type(share)
    for line in prange(decays.size):
        if decays[line] >= 0:
            decay = w.dtype.type(weight_decay if decays[line] > 0 else 0)
            for q in range(line * LINE, line * LINE + LINE):
                g = dw[q] + decay * w[q]
                velocity = kept * v[q] + new * g
                v[q] = velocity
                w[q] -= rate * (g + kept * velocity if nesterov else velocity)


@compiled
def numba_rmsprop(w, dw, s, v, decays, lr, weight_decay, rho, momentum, eps):
    rate, kept, small = w.dtype.type(lr), w.dtype.type(momentum), w.dtype.type(eps)
    old, new = w.dtype.type(rho), w.dtype.type(1 - rho)
    for line in prange(decays.size):
        if decays[line] >= 0:
            decay = w.dtype.type(weight_decay if decays[line] > 0 else 0)
            for q in range(line * LINE, line * LINE + LINE):
                g = dw[q] + decay * w[q]
                square = old * s[q] + new * g * g
                velocity = kept * v[q] + rate * g / np.sqrt(square + small)
                s[q], v[q] = square, velocity
                w[q] -= velocity


@compiled
def numba_torch_rmsprop(w, dw, s, v, decays, lr, weight_decay, rho, momentum, eps):
    rate, kept, small = w.dtype.type(lr), w.dtype.type(momentum), w.dtype.type(eps)
    old, new = w.dtype.type(rho), w.dtype.type(1 - rho)
    for line in prange(decays.size):
        if decays[line] >= 0:
            decay = w.dtype.type(weight_decay if decays[line] > 0 else 0)
            for q in range(line * LINE, line * LINE + LINE):
                g = dw[q] + decay * w[q]
                s[q] = old * s[q] + new * g * g
                v[q] = kept * v[q] + g / (np.sqrt(s[q]) + small)
                w[q] -= rate * v[q]


@compiled
def numba_centered_rmsprop(w, dw, s, v, a, decays, lr, weight_decay, rho, momentum, eps):
    rate, kept, small = w.dtype.type(lr), w.dtype.type(momentum), w.dtype.type(eps)
    old, new, none = w.dtype.type(rho), w.dtype.type(1 - rho), w.dtype.type(0)
    for line in prange(decays.size):
        if decays[line] >= 0:
            decay = w.dtype.type(weight_decay if decays[line] > 0 else 0)
            for q in range(line * LINE, line * LINE + LINE):
                g = dw[q] + decay * w[q]
                s[q] = old * s[q] + new * g * g
                a[q] = old * a[q] + new * g
                variance = max(s[q] - a[q] * a[q], none)
                v[q] = kept * v[q] + g / (np.sqrt(variance) + small)
                w[q] -= rate * v[q]


@compiled
def numba_adam(w, dw, m, s, decays, lr, weight_decay, b1, b2, eps, c1, c2, decoupled):
    old1, new1, old2, new2 = (
        w.dtype.type(b1), w.dtype.type(1 - b1), w.dtype.type(b2), w.dtype.type(1 - b2)
    )  # fmt: skip
    rate, correction, small = w.dtype.type(lr / c1), w.dtype.type(c2), w.dtype.type(eps)
    for line in prange(decays.size):
        if decays[line] >= 0:
            here = weight_decay if decays[line] > 0 else 0.0
            decay = w.dtype.type(0.0 if decoupled else here)
            shrink = w.dtype.type(1 - lr * here if decoupled else 1.0)
            for q in range(line * LINE, line * LINE + LINE):
                g = dw[q] + decay * w[q]
                first = old1 * m[q] + new1 * g
                second = old2 * s[q] + new2 * g * g
                m[q], s[q] = first, second
                w[q] = shrink * w[q] - rate * (first / (np.sqrt(second / correction) + small))


@compiled
def numba_amsgrad(w, dw, m, s, l, decays, lr, weight_decay, b1, b2, eps, c1, c2, decoupled):
    old1, new1, old2, new2 = (
        w.dtype.type(b1), w.dtype.type(1 - b1), w.dtype.type(b2), w.dtype.type(1 - b2)
    )  # fmt: skip
    rate, correction, small = w.dtype.type(lr / c1), w.dtype.type(c2), w.dtype.type(eps)
    for line in prange(decays.size):
        if decays[line] >= 0:
            here = weight_decay if decays[line] > 0 else 0.0
            decay = w.dtype.type(0.0 if decoupled else here)
            shrink = w.dtype.type(1 - lr * here if decoupled else 1.0)
            for q in range(line * LINE, line * LINE + LINE):
                g = dw[q] + decay * w[q]
                first = old1 * m[q] + new1 * g
                second = old2 * s[q] + new2 * g * g
                m[q], s[q], l[q] = first, second, max(l[q], second)
                w[q] = shrink * w[q] - rate * (first / (np.sqrt(l[q] / correction) + small))


@compiled
def numba_average(a, w, d):
    old, new = a.dtype.type(d), a.dtype.type(1 - d)
    for q in prange(a.size):
        a[q] = old * a[q] + new * w[q]


RUNGS: Rungs = {
    "numpy": (
        numpy_sgd,
        numpy_rmsprop,
        numpy_torch_rmsprop,
        numpy_centered_rmsprop,
        numpy_adam,
        numpy_amsgrad,
        numpy_average,
    ),
    "numba": (
        numba_sgd,
        numba_rmsprop,
        numba_torch_rmsprop,
        numba_centered_rmsprop,
        numba_adam,
        numba_amsgrad,
        numba_average,
    ),
}  # fmt: skip

# --- clipping of flat buffers: NumPy needs no kernels for it ---------------------------------------


@compiled
def numba_squares(dw, decays, sums):
    """Squares of the trained gradients, summed in as many fixed shares as `sums` (float64) has."""
    shares = sums.size
    for share in prange(shares):
        total = 0.0
        for line in range(share * decays.size // shares, (share + 1) * decays.size // shares):
            if decays[line] >= 0:
                for q in range(line * LINE, line * LINE + LINE):
                    total += np.float64(dw[q]) * dw[q]
        sums[share] = total


@compiled
def numba_scale(dw, factor):
    """dw times factor."""
    scale = dw.dtype.type(factor)
    for q in prange(dw.size):
        dw[q] *= scale
