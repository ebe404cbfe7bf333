"""Every rung of every integer operator gives the bits of the loops."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npmobilenet.kernels.integer import requantise, tables
from npmobilenet.ops import integers
from npmobilenet.ops.integers import Quantization
from npmobilenet.ops.rungs import running

from ..integer_cases import CASES

RUNGS = [rung for rung in running() if rung != "loops"]
ROUNDINGS = ("double", "single")
WITH_RUNGS = [name for name in CASES if name not in ("quantize", "dequantize")]
PRODUCTS = ("conv2d", "grouped_conv2d", "depthwise_conv2d", "pointwise_conv2d", "dense")
seeds = st.integers(0, 2**32 - 1)


def rungs_of(operator: str) -> list[str]:
    return [rung for rung in RUNGS if rung != "simd" or operator in PRODUCTS]


def same(run: Any, operator: str) -> None:
    for rounding in ROUNDINGS:
        wanted = run(rounding=rounding, rung="loops")
        for rung in rungs_of(operator):
            found = run(rounding=rounding, rung=rung)
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted, f"{operator} {rounding} {rung}")


@pytest.mark.parametrize("operator", WITH_RUNGS)
@settings(max_examples=5)
@given(seed=seeds)
def test_rungs_agree(operator: str, seed: int) -> None:
    same(CASES[operator](np.random.default_rng(seed)).run, operator)


@pytest.mark.long
@pytest.mark.parametrize("operator", WITH_RUNGS)
@settings(max_examples=300)
@given(seed=seeds)
def test_rungs_agree_often(operator: str, seed: int) -> None:
    same(CASES[operator](np.random.default_rng(seed)).run, operator)


ints = st.integers(-(2**31), 2**31 - 1)
# a fraction that is all ones saturates a product; one half makes ties
fractions = st.one_of(st.just(0.5), st.just(1 - 2**-31), st.floats(0.5, 1, exclude_max=True))


@settings(max_examples=200)
@given(
    sums=st.lists(st.one_of(ints, st.sampled_from([-(2**31), 2**31 - 1, 0, -1, 1])), min_size=1),
    fraction=fractions,
    exponent=st.integers(-31, 16),
    zero=st.sampled_from([-128, 0, 127]),
    kind=st.sampled_from(["double", "single", "exact"]),
)
def test_requantisation(
    sums: list[int], fraction: float, exponent: int, zero: int, kind: str
) -> None:
    """All sums that 32 bits hold, by all factors that a file can have."""
    from npmobilenet.ops.integers import scales

    factor = fraction * 2.0**exponent
    y_q = Quantization("int8", (1.0,), (zero,))
    rounding = "single" if kind == "single" else "double"
    out = scales.requantise(rounding, np.array([factor]), y_q, (-128, 127), 1)
    if kind == "exact":
        out = out._replace(exact=np.array([factor]))
    totals = np.array(sums, np.int32).reshape(-1, 1)
    wanted = np.empty(totals.shape, np.int8)
    (formula,) = requantise.RUNGS["loops"]
    formula(totals, out, wanted)
    for rung in [rung for rung in RUNGS if rung in requantise.RUNGS]:
        (forward,) = requantise.RUNGS[rung]
        found = np.empty(totals.shape, np.int8)
        forward(totals, out, found)
        np.testing.assert_array_equal(found, wanted, rung)


def q(dtype: str, zero: int, scale: float = 0.125) -> Quantization:
    return Quantization(dtype, (scale,), (zero,))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(("dtype", "low", "high"), [("int8", -128, 127), ("uint8", 0, 255)])
def test_zero_points_at_both_ends(dtype: str, low: int, high: int, rounding: str) -> None:
    """All inputs the smallest, the weights too: sums as large as they become."""
    for zero in (low, high):
        x, w = np.full((1, 5, 5, 8), low, dtype), np.full((3, 3, 8, 4), low, dtype)
        x_q, w_q, y_q = q(dtype, zero), q(dtype, high), q(dtype, low)

        def run(x: Any = x, w: Any = w, q: Any = (x_q, w_q, y_q), **more: Any) -> Any:
            return integers.conv2d(x, w, None, *q, stride=2, **more)

        wanted = run(rounding=rounding, rung="loops")
        for rung in RUNGS:
            np.testing.assert_array_equal(run(rounding=rounding, rung=rung), wanted, rung)


@pytest.mark.parametrize("rung", RUNGS)
def test_other_layouts_and_read_only(rung: str) -> None:
    """Arrays with negative strides, transposed, every second element, read-only: the same integers."""
    rng = np.random.default_rng(3)
    x_q, y_q = q("int8", -5), q("int8", 9, 4.0)
    w_q = Quantization("int8", (0.25, 0.5, 1.0), (0, 0, 0))
    x = rng.integers(-128, 128, (2, 6, 5, 4)).astype(np.int8)
    w = rng.integers(-127, 128, (3, 3, 4, 3)).astype(np.int8)
    b = rng.integers(-999, 999, 3).astype(np.int32)
    wanted = integers.conv2d(x, w, b, x_q, w_q, y_q, rung="loops")
    summed = integers.add(x, x, x_q, x_q, y_q, rung="loops")
    ways = np.asfortranarray(x), np.flip(np.flip(x, 0).copy(), 0), np.repeat(x, 2, -1)[..., ::2], x
    for other in ways:
        filters = w.copy()
        filters.flags.writeable = other.flags.writeable = False
        found = integers.conv2d(other, filters, b, x_q, w_q, y_q, rung=rung)
        np.testing.assert_array_equal(found, wanted)
        if rung != "simd":
            found = integers.add(other, other, x_q, x_q, y_q, rung=rung)
            np.testing.assert_array_equal(found, summed)


@pytest.mark.parametrize("rung", ["loops", *RUNGS])
def test_no_images(rung: str) -> None:
    """Of a batch without images nothing is computed, and shapes are as always."""
    x, one = np.empty((0, 4, 4, 8), np.int8), q("int8", 0)
    w = np.ones((8, 3), np.int8)
    assert integers.pointwise_conv2d(x, w, None, one, one, one, rung=rung).shape == (0, 4, 4, 3)
    kernel = np.ones((3, 3, 8), np.int8)
    y = integers.depthwise_conv2d(x, kernel, None, one, one, one, stride=2, rung=rung)
    assert y.shape == (0, 2, 2, 8)
    if rung != "simd":
        assert integers.mean(x, one, one, rung=rung).shape == (0, 8)
        assert integers.add(x, x, one, one, one, rung=rung).shape == x.shape
        assert integers.multiply(x, x[:, 0, 0], one, one, one, rung=rung).shape == x.shape
        assert integers.max_pool2d(x, one, one, 2, rung=rung).shape == (0, 2, 2, 8)
        assert integers.hard_swish(x, one, one, rung=rung).shape == x.shape
        assert integers.requantize(x, one, one, rung=rung).shape == x.shape


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("other", [1.0, 0.5, 0.25, 2.0**-20])
def test_sums_that_lie_between_two_integers(other: float, rounding: str) -> None:
    """Scales that are powers of two: of all pairs of small integers, half and quarter sums are exact.

    The last is half of the smallest step in which sums are made: a sum may lie that near to a half.
    """
    numbers = np.arange(-24, 24, dtype=np.int8)
    a, b = (np.ascontiguousarray(array) for array in np.meshgrid(numbers, numbers))
    fine, one, two = q("int8", 0, other), q("int8", 0, 1.0), q("int8", 3, 2.0)
    for scales in ((fine, one, two), (one, fine, two)):
        wanted = integers.add(a, b, *scales, rounding=rounding, rung="loops")
        for rung in [rung for rung in RUNGS if rung != "simd"]:
            found = integers.add(a, b, *scales, rounding=rounding, rung=rung)
            np.testing.assert_array_equal(found, wanted, rung)


def test_what_16_bits_do_not_hold_is_the_nearest_that_they_do() -> None:
    given = (-(2**15) - 1, -(2**15), 2**15 - 1, 2**15, 2**20)
    assert [tables.saturated(value) for value in given] == [-32768, -32768, 32767, 32767, 32767]
