"""Long sums in float32: pooling and products round far less than one running sum would."""

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.ops.checks import Array

needs_numba = pytest.mark.skipif(nm.default_rung() == "numpy", reason="Numba is not installed")


@pytest.mark.parametrize("rung", ["numpy", pytest.param("numba", marks=needs_numba)])
def test_the_mean_of_ten_thousand_pixels(rung: str) -> None:
    """The sum passes 2^23, where float32 has no halves: one running sum drifts by every rounding."""
    x = np.random.default_rng(0).uniform(900, 1100, (2, 100, 101, 5)).astype(np.float32)
    exact = x.mean(axis=(1, 2), dtype=np.float64)
    step = float(np.spacing(np.float32(1000)))  # between neighbouring results
    y, _ = nm.global_avg_pool(x, rung=rung)
    assert y.dtype == np.float32
    assert np.abs(y - exact).max() <= step
    running = np.cumsum(x.reshape(2, -1, 5), axis=1)[:, -1] / np.float32(100 * 101)
    assert np.abs(running - exact).max() > 10 * step  # so that it is told apart


@needs_numba
def test_a_product_over_1280_channels() -> None:
    """V2's classifier: each sum of 1280 products is put together from shorter ones.

    The numpy rung leaves its product to the BLAS that NumPy was built with.
    """
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (64, 1280)).astype(np.float32)
    w = rng.standard_normal((1280, 48)).astype(np.float32)
    exact = x.astype(np.float64) @ w.astype(np.float64)
    running = np.zeros((64, 48), np.float32)
    for k in range(1280):
        running += x[:, k, None] * w[k]

    def rms(found: Array) -> float:
        return float(np.sqrt(np.mean((found - exact) ** 2)))

    pixels, _ = nm.pointwise_conv2d(x.reshape(1, 8, 8, 1280), w, rung="numba")
    dense, _ = nm.dense(x, w, rung="numba")
    assert rms(pixels.reshape(64, 48)) < 0.4 * rms(running)
    assert rms(dense) < 0.4 * rms(running)
