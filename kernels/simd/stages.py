"""The steps of a network built from the tiles, and all of them by name."""

from .stage_products import GRAIN, border, convolution, products
from .stage_rest import activate, mean, picture, pool, scale, unblock
from .stage_windows import any_window, windows

__all__ = [
    "GRAIN", "activate", "any_window", "border", "convolution", "every", "mean", "picture", "pool",
    "products", "scale", "unblock", "windows",
]  # fmt: skip

every = (
    *products.values(), convolution, border, *windows.values(), any_window,
    mean, pool, scale, activate, picture, unblock,
)  # fmt: skip
