"""The optimisers' formulas over one flat buffer: each number is read once and written once.

    sgd      v = momentum v + g      w = w - lr v       with nesterov: w - lr (g + momentum v)
    rmsprop  s = rho s + (1-rho) g²  v = momentum v + lr g / sqrt(s + eps)      w = w - v
    adam     m = b1 m + (1-b1) g     s = b2 s + (1-b2) g²
             w = decay w - rate m / (sqrt(s / correction) + eps)

with g = gradient + decay w.  `decays` has one number for every LINE numbers of the buffer; a negative
one says that they are not trained.
"""

import numpy as np

from .compiling import compiled, prange

LINE = 16


@compiled
def sgd(w, gradients, velocities, decays, lr, momentum, nesterov):
    for line in prange(decays.size):
        decay = decays[line]
        if decay >= 0:
            for q in range(line * LINE, line * LINE + LINE):
                g = gradients[q] + decay * w[q]
                v = momentum * velocities[q] + g
                velocities[q] = v
                w[q] -= lr * (g + momentum * v if nesterov else v)


@compiled
def rmsprop(w, gradients, squares, velocities, decays, lr, rho, rest, momentum, eps):
    for line in prange(decays.size):
        decay = decays[line]
        if decay >= 0:
            for q in range(line * LINE, line * LINE + LINE):
                g = gradients[q] + decay * w[q]
                s = rho * squares[q] + rest * g * g
                v = momentum * velocities[q] + lr * g / np.sqrt(s + eps)
                squares[q], velocities[q] = s, v
                w[q] -= v


@compiled
def adam(
    w, gradients, firsts, seconds, decays, shrinks, b1, rest1, b2, rest2, rate, correction, eps
):
    """shrinks: of AdamW, which multiplies the weights; 1 for Adam, whose decay is in `decays`."""
    for line in prange(decays.size):
        decay, shrink = decays[line], shrinks[line]
        if decay >= 0:
            for q in range(line * LINE, line * LINE + LINE):
                g = gradients[q] + decay * w[q]
                m = b1 * firsts[q] + rest1 * g
                s = b2 * seconds[q] + rest2 * g * g
                firsts[q], seconds[q] = m, s
                w[q] = shrink * w[q] - rate * (m / (np.sqrt(s / correction) + eps))


@compiled
def average(averages, numbers, d, rest):
    """averages = d averages + (1 - d) numbers."""
    for q in prange(averages.size):
        averages[q] = d * averages[q] + rest * numbers[q]


@compiled
def squares_of(gradients, decays, sums):
    """Squares of the trained gradients, summed in as many fixed shares as `sums` has."""
    shares = sums.size
    for share in prange(shares):
        total = 0.0
        for line in range(share * decays.size // shares, (share + 1) * decays.size // shares):
            if decays[line] >= 0:
                for q in range(line * LINE, line * LINE + LINE):
                    total += np.float64(gradients[q]) * gradients[q]
        sums[share] = total


@compiled
def shrink(gradients, factor):
    """gradients times a number."""
    for q in prange(gradients.size):
        gradients[q] *= factor
