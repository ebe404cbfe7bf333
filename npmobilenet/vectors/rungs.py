"""The NumPy rungs of the integer kernels, one part each, with the types that kernels do not have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..kernels.integer import conv, depthwise, elementwise, pointwise, pool, requantise
from ..ops.checks import Array

HALF = requantise.HALF
FRACTION = elementwise.FRACTION

# (..., sums): into sums
conv_sums: Callable[..., None] = conv.numpy_sums
depthwise_sums: Callable[..., None] = depthwise.numpy_sums
pointwise_sums: Callable[..., None] = pointwise.numpy_sums
product_sums: Callable[..., None] = elementwise.numpy_product
mean_sums: Callable[..., None] = pool.numpy_mean
places: Callable[..., Iterable[Array]] = pool.places

once: Callable[[Array, Any], Array] = requantise.numpy_once
away: Callable[[Array], Array] = requantise.numpy_away
twice: Callable[[Array, Any, Any, Any], Array] = requantise.numpy_twice
shifted: Callable[[Array, Any], Array] = requantise.numpy_shifted
wrapped: Callable[[Array], Array] = requantise.numpy_wrapped
