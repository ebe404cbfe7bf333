"""The optimisers' compiled rungs give what the formulas on whole arrays give, line by line."""

import numpy as np
import pytest

from npmobilenet.kernels import optimizers
from npmobilenet.training import Adam, AdamW, Optimizer, RmsProp, RmsPropTorch, Sgd

pytest.importorskip("numba")

LINES = 40
OPTIMIZERS = [
    Sgd(), Sgd(nesterov=True), Sgd(dampening=0.3), RmsProp(eps=1e-3), RmsPropTorch(),
    RmsPropTorch(centered=True, momentum=0.5), Adam(), AdamW(), Adam(amsgrad=True, beta2=0.5),
    AdamW(amsgrad=True),
]  # fmt: skip


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.name)
def test_rungs_agree_and_leave_alone_what_is_not_trained(optimizer: Optimizer) -> None:
    """Three steps in float32 over lines that decay, do not, and are not trained."""
    assert optimizer.formula
    rng = np.random.default_rng(0)
    decays = rng.integers(-1, 2, LINES).astype(np.int8)
    w = rng.standard_normal(LINES * optimizers.LINE).astype(np.float32)
    start = [w, *(np.full_like(w, first) for first in optimizer.memory.values())]
    ours, theirs = ([array.copy() for array in start] for _ in range(2))
    for t in (1, 2, 3):
        dw = rng.standard_normal(w.shape).astype(np.float32)
        settings = (decays, 0.01, 0.1, *optimizer.settings(t))
        for arrays, rung in zip((ours, theirs), optimizer.formula, strict=True):
            rung(arrays[0], dw, *arrays[1:], *settings)
    still = np.repeat(decays < 0, optimizers.LINE)
    for before, a, b in zip(start, ours, theirs, strict=True):
        assert np.abs(b - a).max() < 1e-6 * np.abs(a).max()
        assert np.array_equal(b[still], before[still])
        assert not np.isclose(b[~still], before[~still], rtol=0, atol=1e-12).any()


def test_averages_and_sums_of_squares() -> None:
    rng = np.random.default_rng(0)
    a, w = rng.standard_normal((2, LINES * optimizers.LINE)).astype(np.float32)
    b = a.copy()
    optimizers.numpy_average(a, w, 0.9)
    optimizers.numba_average(b, w, 0.9)
    np.testing.assert_allclose(b, a, rtol=2e-6, atol=1e-7)
    decays, sums = np.tile(np.array([-1, 0], np.int8), LINES // 2), np.zeros(16)
    optimizers.numba_squares(w, decays, sums)
    trained = np.repeat(decays == 0, optimizers.LINE)
    assert np.isclose(sums.sum(), np.square(w[trained], dtype=np.float64).sum(), rtol=1e-12)
