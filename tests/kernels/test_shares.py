"""Sums over more pixels than drawn cases have, which the compiled rungs cut into shares and unroll."""

import numpy as np
import pytest

pytest.importorskip("numba")

from npmobilenet.kernels import batchnorm, depthwise


@pytest.mark.parametrize("pixels", [1, 15, 16, 17, 16 * 13 + 5, 16 * 24])
def test_statistics_and_gradients_of_many_pixels(pixels: int) -> None:
    """Shares of 1, 13 and 24 pixels, four at a time and what is left; some shares are longer by one."""
    rng = np.random.default_rng(pixels)
    x, dy = rng.standard_normal((2, pixels, 5))
    moments = {}
    for rung in ("numpy", "numba"):
        statistics, _, affine, _ = batchnorm.RUNGS[rung]
        mean, variance, dgamma, dbeta = np.full((4, 5), 77.0)
        statistics(x, mean, variance)
        affine(dy, x, mean, variance, 1e-3, dgamma, dbeta)
        moments[rung] = [mean, variance, dgamma, dbeta]
    np.testing.assert_allclose(moments["numba"], moments["numpy"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 40])
def test_filters_of_many_rows(rows: int) -> None:
    """Of a depthwise convolution: fewer rows than shares, as many, and more."""
    rng = np.random.default_rng(rows)
    x, dy = rng.standard_normal((1, rows + 2, 6, 3)), rng.standard_normal((1, rows, 4, 3))
    found = np.full((2, 3, 3, 3), 77.0)
    for dw, rung in zip(found, ("numpy", "numba"), strict=True):
        depthwise.RUNGS[rung][2](x, dy, (1, 1), (1, 1), dw)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12, atol=1e-13)
