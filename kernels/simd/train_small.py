"""The small stages of training: pooling, gates, sums of maps, and what closes their gradients."""

import numpy as np
from numba import carray  # type: ignore[attr-defined]

from .lanes import BYTES
from .pieces import copied, share
from .train_maps import activated, masked, scaled, zero
from .train_unit import BACKWARD_SUMS, COEFFICIENTS, unit
from .vector import add, fma, load, mul, splat, store


@unit
def picture(stage, bases, number):
    """An image, as it came, into memory with zeros around."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    count = s.columns * s.channels
    for i in range(s.rows):
        x = b.image + 4 * (number * s.rows + i) * count
        y = s.picture + number * s.picture_image + (i + s.top) * s.picture_row
        y += s.left * s.channels * 4
        copied(x, count, y)


@unit
def pool(stage, bases, number):
    """y[n] = mean of the activated pixels of image n, of one block; y is one pixel an image."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    block, group = number // s.chunks, number % s.chunks
    c = s.x_coefficients + block * COEFFICIENTS
    factor = splat(np.float32(1 / s.image))
    for n in range(share(s.images, group, s.chunks, 1), share(s.images, group + 1, s.chunks, 1)):
        total = splat(np.float32(0))
        for p in range(0, s.image, s.tile):
            count = min(s.tile, s.image - p)
            x = s.x + block * s.x_plane + (n * s.image + p) * BYTES
            activated(x, b.scratch, count, c, s.x_kind, s.x_low, s.x_high)
            some = splat(np.float32(0))
            for q in range(0, count * BYTES, BYTES):
                some = add(some, load(b.scratch + q))
            total = add(total, some)
        store(s.y + block * s.y_plane + n * BYTES, mul(total, factor))


@unit
def gates(stage, bases, block):
    """y = the activated x of one block, kept for all who multiply with it."""
    s = carray(stage, 1)[0]
    activated(s.x + block * s.x_plane, s.y + block * s.y_plane, s.pixels,
              s.x_coefficients + block * COEFFICIENTS, s.x_kind, s.x_low, s.x_high)  # fmt: skip
    if s.x_gate:
        for n in range(s.images):
            at = s.y + block * s.y_plane + n * s.image * BYTES
            scaled(at, s.image, s.x_gate + block * s.x_gate_plane + n * BYTES)


@unit
def sums(stage, bases, number):
    """y = x + z, both as their readers see them, of one block and a share of the pixels."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    block, chunk = number // s.chunks, number % s.chunks
    last = share(s.pixels, chunk + 1, s.chunks, 1)
    for p in range(share(s.pixels, chunk, s.chunks, 1), last, s.tile):
        count, at = min(s.tile, last - p), p * BYTES
        y = s.y + block * s.y_plane + at
        activated(s.x + block * s.x_plane + at, y, count, s.x_coefficients + block * COEFFICIENTS,
                  s.x_kind, s.x_low, s.x_high)  # fmt: skip
        activated(s.z + block * s.z_plane + at, b.scratch, count,
                  s.z_coefficients + block * COEFFICIENTS, s.z_kind, s.z_low, s.z_high)  # fmt: skip
        for q in range(0, count * BYTES, BYTES):
            store(y + q, add(load(y + q), load(b.scratch + q)))


@unit
def close(stage, bases, number):
    """Complete the gradient of x: what lies in dy, times x's gate, plus its pooling's; then mask it.

    One block of some images.  dy: what its readers gave, 0 for nothing; z: the gradient of its mean.
    """
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    block, group = number // s.chunks, number % s.chunks
    totals = s.dx_sums + (group * s.x_blocks + block) * BACKWARD_SUMS
    c = s.x_coefficients + block * COEFFICIENTS
    zero(totals, 4)
    factor = splat(np.float32(1 / s.image))
    for n in range(share(s.images, group, s.chunks, 1), share(s.images, group + 1, s.chunks, 1)):
        pooled = splat(np.float32(0))
        gate = splat(np.float32(1))
        if s.z:
            pooled = mul(load(s.z + block * s.z_plane + n * BYTES), factor)
        if s.x_gate:
            gate = load(s.x_gate + block * s.x_gate_plane + n * BYTES)
        for p in range(0, s.image, s.tile):
            count, at = min(s.tile, s.image - p), (n * s.image + p) * BYTES
            if s.dy:
                dy = s.dy + block * s.dy_plane + at
                for q in range(0, count * BYTES, BYTES):
                    store(b.scratch + q, fma(load(dy + q), gate, pooled))
            else:
                for q in range(0, count * BYTES, BYTES):
                    store(b.scratch + q, pooled)
            masked(b.scratch, s.x + block * s.x_plane + at, s.dx + block * s.dx_plane + at, count,
                   c, s.x_kind, s.x_low, s.x_high, 0, totals)  # fmt: skip


@unit
def gate_gradient(stage, bases, number):
    """y[n] = sum of dy times the activated x over the pixels of image n, of one block."""
    s, b = carray(stage, 1)[0], carray(bases, 1)[0]
    block, group = number // s.chunks, number % s.chunks
    c = s.x_coefficients + block * COEFFICIENTS
    for n in range(share(s.images, group, s.chunks, 1), share(s.images, group + 1, s.chunks, 1)):
        total = splat(np.float32(0))
        for p in range(0, s.image, s.tile):
            count, at = min(s.tile, s.image - p), (n * s.image + p) * BYTES
            x = s.x + block * s.x_plane + at
            activated(x, b.scratch, count, c, s.x_kind, s.x_low, s.x_high)
            dy = s.dy + block * s.dy_plane + at
            some = splat(np.float32(0))
            for q in range(0, count * BYTES, BYTES):
                some = fma(load(dy + q), load(b.scratch + q), some)
            total = add(total, some)
        store(s.y + block * s.y_plane + n * BYTES, total)
