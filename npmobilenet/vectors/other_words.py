"""The right words in another order, or taken for other ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..ops.checks import Array

Found = Iterator[tuple[str, Array]]  # what was done instead, and its result


def of_words(values: Array) -> Found:
    """Of any tensor."""
    flat = values.reshape(-1)
    if values.ndim == 4:
        _, y, x, c = values.shape
        if y == x > 1:
            yield "its rows and columns are exchanged", values.swapaxes(1, 2)
        if max(y, x) > 1 and c > 1:
            planes = np.ascontiguousarray(values.transpose(0, 3, 1, 2)).reshape(values.shape)
            yield "its words are in the order n, c, y, x", planes
        yield "its rows are last first", values[:, ::-1]
        yield "its columns are last first", values[:, :, ::-1]
    if values.ndim > 1 and values.shape[-1] > 1:
        yield "its channels are last first", values[..., ::-1]
        for step, text in ((1, "late"), (-1, "early")):
            yield f"each word comes one {text}", np.roll(flat, step).reshape(values.shape)
    if values.dtype.itemsize == 1:
        yield "its sign bit is inverted", (values.view(np.uint8) ^ 128).view(values.dtype)
    else:
        yield "the bytes of its words are in the other order", values.byteswap()
