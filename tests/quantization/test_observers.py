"""Which range a tensor gets, by each of the four rules, on numbers that can be counted by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npmobilenet.ops import integers
from npmobilenet.quantization.observers import OBSERVERS, MinMax, observer
from npmobilenet.quantization.storing import of_bias, of_range, of_weight, restored, stored


def seen(name: str, *batches: Any, **how: Any) -> tuple[float, float]:
    """The range after these batches, in as many passes as the observer wants."""
    settings = {"dtype": "int8", "symmetric": False, "percentile": 99.0, "rate": 0.5} | how
    found = observer(name, **settings)
    for turn in range(found.passes):
        for batch in batches:
            found.see(np.asarray(batch, np.float32), turn)
    return found.range()


def test_from_least_to_greatest() -> None:
    assert seen("minmax", [1.0, 2.0], [-0.5, 4.0]) == (-0.5, 4.0)


def test_zero_is_always_inside() -> None:
    for name in OBSERVERS:
        low, high = seen(name, np.linspace(3.0, 4.0, 100))
        assert low <= 0 <= high


def test_the_moving_average_follows_its_rate() -> None:
    """First batch as it is, then halfway to the next, and halfway to the one after that."""
    assert seen("moving_average", [-1.0, 4.0], [-3.0, 8.0], [-2.0, 2.0]) == (-2.0, 4.0)


def test_a_percentile_leaves_outliers_out() -> None:
    numbers = np.concatenate([np.linspace(-1, 1, 10_000), [50.0]])
    low, high = seen("percentile", numbers, percentile=99.0)
    assert high == pytest.approx(0.98, abs=0.05)
    assert low == pytest.approx(-0.98, abs=0.05)
    low, high = seen("percentile", numbers, percentile=100.0)
    assert (low, high) == pytest.approx((-1.0, 50.0), abs=0.05)


def stored_error(numbers: Any, ends: tuple[float, float]) -> float:
    q = of_range(*ends, "int8")
    return float(np.mean((integers.dequantize(integers.quantize(numbers, q), q) - numbers) ** 2))


def test_least_error_is_less_than_that_of_everything() -> None:
    rng = np.random.default_rng(0)
    numbers = np.concatenate([rng.standard_normal(1_000_000), [20.0]]).astype(np.float32)
    ends = seen("mse", numbers)
    assert ends[1] < 15
    assert stored_error(numbers, ends) < 0.8 * stored_error(numbers, seen("minmax", numbers))


def test_numbers_that_are_all_zero() -> None:
    for name in OBSERVERS:
        assert seen(name, np.zeros(9)) == (0.0, 0.0)
    q = of_range(0.0, 0.0, "uint8")
    assert (
        integers.dequantize(integers.quantize(np.zeros(3, np.float32), q), q).tolist() == [0.0] * 3
    )


@given(
    ends=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    dtype=st.sampled_from(["int8", "uint8"]),
    symmetric=st.booleans(),
)
def test_a_range_holds_its_ends_and_zero(
    ends: tuple[float, float], dtype: str, symmetric: bool
) -> None:
    low, high = min(ends), max(ends)
    q = of_range(low, high, dtype, symmetric)
    (scale,), (zero,) = q.scale, q.zero_point
    real = np.array([low, 0.0, high], np.float64)
    found = integers.dequantize(integers.quantize(real, q), q)
    assert found[1] == 0
    assert np.abs(found - real).max() <= scale * 1.01 + 1e-30
    assert zero in ((0, 128) if symmetric else range(-128, 256))


@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(2, 8))
def test_weights_come_back_within_half_a_step(seed: int, per_channel: bool, bits: int) -> None:
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((3, 3, 4, 5)) * 10.0 ** rng.uniform(-3, 3, 5)
    x = of_range(-1.0, 3.0, "int8")
    how: dict[str, Any] = {"dtype": "int8", "per_channel": per_channel, "symmetric": False}
    q = of_weight(w, None, x, bits=bits, **how)
    assert len(q.scale) == (5 if per_channel else 1)
    assert set(q.zero_point) == {0}
    whole = stored(w, q)
    assert np.abs(whole.astype(int)).max() == 2 ** (bits - 1) - 1
    assert (np.abs(restored(whole, q) - w) <= np.array(q.scale) * 0.501).all()


def test_a_bias_that_dwarfs_its_weights_still_fits() -> None:
    """Its scale is x's times w's: with such small weights 1000 would not fit into 32 bits."""
    w, b, x = np.full((4, 2), 1e-9), np.array([1000.0, 0.0]), of_range(0.0, 1e-3, "int8")
    q = of_weight(w, b, x, dtype="int8", per_channel=True, symmetric=False)
    whole = stored(b, of_bias(x, q))
    assert 2**29 < whole[0] <= 2**30 + 1000
    assert restored(whole, of_bias(x, q))[0] == pytest.approx(1000.0, rel=1e-4)


def test_all_names_make_an_observer() -> None:
    for name in OBSERVERS:
        made = observer(name, dtype="uint8", symmetric=True, percentile=99.9, rate=0.1)
        assert isinstance(made, MinMax)
        assert type(made).__name__.lower()[:2] == name.replace("mse", "mean")[:2]
