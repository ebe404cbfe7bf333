"""Other filters: which weight stands where."""

from __future__ import annotations

import numpy as np

from ....ops.checks import Array


def half_turn(w: Array) -> Array:
    return w[::-1, ::-1]


def transposed(w: Array) -> Array:
    """Rows for columns; a filter that is not square becomes one of the other shape."""
    return w.swapaxes(0, 1)


def transposed_square(w: Array) -> Array:
    """w[v, u], which only a square filter has for every tap."""
    if w.shape[0] != w.shape[1]:
        raise IndexError("w[v, u] leaves the filter")
    return w.swapaxes(0, 1)


def first_only(w: Array) -> Array:
    """Every channel has the first one's."""
    return np.repeat(w[..., :1], w.shape[-1], axis=-1)


def last_only(w: Array) -> Array:
    """Every channel has the last one's."""
    return np.repeat(w[..., -1:], w.shape[-1], axis=-1)


def outputs_and_inputs(w: Array) -> Array:
    """w[..., o, m]: possible where there are as many of both."""
    if w.shape[-1] != w.shape[-2]:
        raise IndexError("w[..., o, m] leaves the filter")
    return w.swapaxes(-1, -2)


def read_as_outputs_and_inputs(w: Array) -> Array:
    """The shape is read as (..., O, M) too, so that the counts change places."""
    return w.swapaxes(-1, -2)


def diagonal(w: Array) -> Array:
    """Output channel o sees input channel o alone; IndexError where there is none."""
    if w.shape[-1] > w.shape[-2]:
        raise IndexError("there is no such input channel")
    return diagonal_or_zero(w)


def diagonal_or_zero(w: Array) -> Array:
    """Output channels without an input channel of their own stay 0."""
    return np.asarray(w * np.eye(*w.shape[-2:]))


def first_input_only(w: Array) -> Array:
    """The sum over input channels ends after the first."""
    return np.asarray(w * (np.arange(w.shape[-2])[:, None] == 0))


def last_input_only(w: Array) -> Array:
    """Each input channel overwrites the one before."""
    return np.asarray(w * (np.arange(w.shape[-2])[:, None] == w.shape[-2] - 1))


def taps(w: Array) -> int:
    """K L."""
    return int(w.shape[0] * w.shape[1])


def products(w: Array) -> int:
    """K L M, whatever follows."""
    return int(np.prod(w.shape[:3]))


def last_filter(w: Array) -> Array:
    """One filter after another overwrites: the last stays."""
    return np.asarray(w * (np.arange(w.shape[-1]) == w.shape[-1] - 1))


def first_filter(w: Array) -> Array:
    """The sum over filters ends after the first."""
    return np.asarray(w * (np.arange(w.shape[-1]) == 0))
