"""Integer operators: worked numbers, what is refused, and when a sum could overflow."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npmobilenet.kernels.integer import requantise, tables
from npmobilenet.ops import integers
from npmobilenet.ops.integers import Quantization, overflow, scales
from npmobilenet.ops.integers.numbers import LIMITS


def q(dtype: str = "int8", scale: float = 0.5, zero: int = 0) -> Quantization:
    return Quantization(dtype, (scale,), (zero,))


def ones(*shape: int, dtype: str = "int8") -> Any:
    return np.ones(shape, dtype)


def test_scales_are_kept_as_float32() -> None:
    assert q(scale=0.1).scale == (float(np.float32(0.1)),)
    assert q(scale=0.1) == q(scale=float(np.float32(0.1)))


def test_two_roundings_differ_from_one() -> None:
    """A factor of 1/8: 11 / 8 = 1.375 is 1 in one step, and in the two of them too; 12 / 8 is a tie."""
    left, multiplier, right = scales.multipliers(1 / 8)
    assert (left[0], multiplier[0], right[0]) == (0, 2**30, 2)
    twice = [requantise.twice(total, 0, 2**30, 2) for total in (3, 4, 11, 12, -4, -12)]
    once = [requantise.once(total, 0.125) for total in (3, 4, 11, 12, -4, -12)]
    assert twice == [1, 1, 2, 2, -1, -2]  # 3 / 2 is 2 first, and 2 / 4 is 1
    assert once == [0, 0, 1, 2, 0, -2]  # 0.375, and ties to even
    assert [requantise.away(total / 8) for total in (3, 4, 11, 12, -4, -12)] == [0, 1, 1, 2, -1, -2]


@given(value=st.integers(-(2**40), 2**40), right=st.integers(0, 31))
def test_a_shift_rounds_ties_away_from_zero(value: int, right: int) -> None:
    found = requantise.shifted(value, right)
    assert abs(2 * (found * 2**right - value)) <= 2**right
    if (2 * value) % 2 ** (right + 1) == 2**right and right:
        assert abs(found * 2**right) > abs(value)


@settings(max_examples=300)
@given(real=st.floats(2.0**-31, 2.0**30))
def test_multipliers_stand_for_their_factor(real: float) -> None:
    left, multiplier, right = (int(part[0]) for part in scales.multipliers(real))
    assert 2**30 <= multiplier < 2**31
    assert min(left, right) == 0
    assert abs(multiplier * 2.0 ** (left - right - 31) / real - 1) <= 2.0**-31


@pytest.mark.parametrize("factor", [2.0**31, 2.0**31 * (1 - 2.0**-40), 1e300, np.inf])
def test_factors_beyond_32_bits_are_refused(factor: float) -> None:
    with pytest.raises(
        ValueError, match=r"^scales: what goes in must be less than 2\^31 times as coarse"
    ):
        scales.multipliers(factor)


def outcome(call: Any, rung: str) -> tuple[str, Any]:
    try:
        return "y", call(rung=rung).tolist()
    except ValueError as error:
        return "refused", str(error)


SCALES = st.sampled_from([1e-45, 1e-38, 1e-9, 1e-3, 1.0, 9.0, 20.0, 1.5e9, 2.0**31 - 1, 1e20, 3e38])


@settings(max_examples=40)
@given(three=st.tuples(SCALES, SCALES, SCALES), dtype=st.sampled_from(["int8", "uint8"]),
       rounding=st.sampled_from(["double", "single"]))  # fmt: skip
def test_scales_far_apart_are_refused_or_right_on_every_rung(
    three: tuple[float, float, float], dtype: str, rounding: str
) -> None:
    low, high = LIMITS[dtype]
    x, a = np.random.default_rng(0).integers(low, high, (2, 1, 3, 3, 4), dtype)
    w = np.random.default_rng(1).integers(low, high, (3, 3, 4, 4), dtype)
    x_q, a_q, y_q = (q(dtype, scale, 3) for scale in three)
    w_q = q(dtype, three[1])
    for name, arguments, rungs in (
        ("conv2d", (x, w, None, x_q, w_q, y_q), 4),
        ("depthwise_conv2d", (x, w[0], None, x_q, w_q, y_q), 4),
        ("pointwise_conv2d", (x, w[0, 0], None, x_q, w_q, y_q), 4),
        ("dense", (x[0, 0], w[0, 0], None, x_q, w_q, y_q), 4),
        ("add", (x, a, x_q, a_q, y_q), 3),
        ("multiply", (x, a[:, 0, 0], x_q, a_q, y_q), 3),
        ("mean", (x, x_q, y_q), 3),
        ("requantize", (x, x_q, y_q), 3),
        ("hard_swish", (x, x_q, y_q), 3),
        ("hard_sigmoid", (x, x_q, a_q, y_q), 3),
        ("softmax", (x[0, 0], x_q, q(dtype, 1 / 256, low)), 3),
    ):
        call = partial(getattr(integers, name), *arguments, rounding=rounding)
        first, *others = (
            outcome(call, rung) for rung in ("loops", "numpy", "numba", "simd")[:rungs]
        )
        assert all(other == first for other in others), name


def test_factors_that_vanish_or_are_full() -> None:
    assert [int(part[0]) for part in scales.multipliers(2.0**-40)] == [0, 0, 0]
    assert [int(part[0]) for part in scales.multipliers(1 - 2.0**-40)] == [1, 2**30, 0]


def test_the_mean_cuts_its_multiplier() -> None:
    """A multiplier divided by 49 has lost its last bits: it is not the one of a factor 1/49."""
    _, (cut,), (right,) = scales.of_mean("double", q(), q(), 49)
    _, (whole,), (further,) = scales.multipliers(1 / 49)
    assert (cut, right) == (2**30 * 2**5 // 49, 4)
    assert (whole, further) == (1402438301, 5)
    assert 2 * cut == whole - 1


def test_hard_swish_is_nearly_hard_swish() -> None:
    x_q, y_q = q(scale=0.0625, zero=-1), q(scale=0.0625, zero=-100)
    x = np.arange(-128, 128).astype(np.int8)
    real = 0.0625 * (x.astype(float) + 1)
    wanted = real * np.clip(real + 3, 0, 6) / 6
    found = integers.dequantize(integers.hard_swish(x, x_q, y_q), y_q)
    assert np.abs(found - np.minimum(wanted, 0.0625 * 227)).max() < 0.0625
    assert tables.bytes_of(np.int8)[200] == -56


def test_softmax_sums_to_one() -> None:
    x = np.array([[10, 0, -10, 3]], np.int8)
    y_q = Quantization("int8", (1 / 256,), (-128,))
    wanted = np.exp(0.25 * x) / np.exp(0.25 * x).sum()
    for rounding in ("double", "single"):
        y = integers.dequantize(integers.softmax(x, q(scale=0.25), y_q, rounding=rounding), y_q)
        np.testing.assert_allclose(y, wanted, atol=1 / 256)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@given(data=st.data())
def test_what_is_quantised_comes_back(dtype: str, data: Any) -> None:
    low, high = LIMITS[dtype]
    kept = Quantization(dtype, (0.03125,), (data.draw(st.integers(low, high)),))
    x = np.array(data.draw(st.lists(st.integers(low, high), min_size=1)), dtype)
    for rounding in ("double", "single"):
        np.testing.assert_array_equal(
            integers.quantize(integers.dequantize(x, kept), kept, rounding=rounding), x
        )
        np.testing.assert_array_equal(integers.requantize(x, kept, kept, rounding=rounding), x)


def test_reals_beyond_every_bound_are_clamped() -> None:
    x = np.array([np.inf, -np.inf, 1e30, -1e30, 3.4e38], np.float64)
    for rounding in ("double", "single"):
        y = integers.quantize(x, q("uint8", 2.0**-10, 7), rounding=rounding)
        assert y.tolist() == [255, 0, 255, 0, 255]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_largest_sum_is_reached_and_not_passed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dtype = ("int8", "uint8")[rng.integers(2)]
    low, high = LIMITS[dtype]
    x_q, w_q = (
        q(dtype, zero=int(rng.integers(low, high + 1))),
        q(dtype, zero=int(rng.choice([low, 3]))),
    )
    w = rng.integers(low, high + 1, (5, 3)).astype(dtype)
    b = rng.integers(-5000, 5000, 3).astype(np.int32)
    found = overflow.largest_sum(w, b, x_q, w_q)
    taps = w.astype(int) - w_q.zero_point[0]
    sums = []
    for o in range(3):
        for worst in (taps[:, o] > 0, taps[:, o] < 0):
            x = np.where(worst, high, low) - x_q.zero_point[0]
            sums += [abs(int(x @ taps[:, o]) + int(b[o])), abs(int(x @ taps[:, o]))]
    assert found == max(sums)


def test_which_layers_could_overflow() -> None:
    """All MobileNets' are far from it: 1280 channels of uint8, all of them at their ends."""
    x_q, w_q = q("uint8", zero=0), q("uint8", zero=0)
    assert not integers.could_overflow(np.full((1280, 1), 255, np.uint8), None, x_q, w_q)
    assert integers.could_overflow(np.full((33026, 1), 255, np.uint8), None, x_q, w_q)
    assert not integers.could_overflow(np.full((33025, 1), 255, np.uint8), None, x_q, w_q)


X, W = ones(1, 4, 4, 3), ones(3, 3, 3, 2)
REFUSED: list[tuple[Any, str]] = [
    (lambda: integers.conv2d(X, W, None, q("uint8"), q(), q("uint8")), "x must be uint8"),
    (lambda: integers.conv2d(X, W, None, q(), q("uint8"), q()), "w must be uint8"),
    (lambda: integers.conv2d(X, W, None, q(), q(), q("uint8")), "must be of one dtype"),
    (lambda: integers.conv2d(X.astype(float), W, None, q(), q(), q()), "x must be int8"),
    (lambda: integers.conv2d([1], W, None, q(), q(), q()), "x must be a NumPy array, found list"),
    (lambda: integers.conv2d(X[0], W, None, q(), q(), q()), "x must have shape (N, H, W, M)"),
    (lambda: integers.conv2d(X, W[:, :, :2], None, q(), q(), q()), "filters of 2 channels"),
    (lambda: integers.conv2d(X, W, ones(2), q(), q(), q()), "b must be int32 of shape (2,)"),
    (lambda: integers.conv2d(X, W, None, 0.5, q(), q()), "x_q must be a Quantization, found float"),  # type: ignore[arg-type]
    (lambda: integers.conv2d(X, W, None, q("int32"), q(), q()), "x_q must be of int8 or uint8"),
    (
        lambda: integers.conv2d(X, W, None, q(), Quantization("int8", (1.0,) * 3, (0,) * 3), q()),
        "w_q must have one scale or 2, one a channel, found 3",
    ),
    (
        lambda: integers.conv2d(X, W, None, q(), q(), Quantization("int8", (1.0,) * 2, (0,) * 2)),
        "y_q must have one scale, found 2",
    ),
    (lambda: integers.conv2d(X, W, None, q(), q(), q(), rounding="triple"), "double, single"),
    (lambda: integers.conv2d(X, W, None, q(), q(), q(), activation="tanh"), "relu, relu6"),
    (lambda: integers.conv2d(X, W, None, q(), q(), q(), rung="fast"), "rung must be one of"),
    (lambda: integers.conv2d(X, W, None, q(), q(), q(), padding=2**20), "elements of x"),
    (lambda: integers.grouped_conv2d(X, W, None, q(), q(), q(), groups=2), "in 2 groups"),
    (lambda: integers.grouped_conv2d(X, W, None, q(), q(), q(), groups=0), "groups must be"),
    (lambda: integers.depthwise_conv2d(X, ones(3, 3, 2), None, q(), q(), q()), "its own filter"),
    (
        lambda: integers.pointwise_conv2d(X, ones(2, 2), None, q(), q(), q()),
        "filters of 2 channels",
    ),
    (lambda: integers.dense(X, ones(3, 2), None, q(), q(), q()), "x must have shape (N, M)"),
    (lambda: integers.add(X, X[:, :2], q(), q(), q()), "a and b must have one shape"),
    (lambda: integers.multiply(X, X[:, 0], q(), q(), q()), "g must have the shape of x"),
    (lambda: integers.mean(X[0], q(), q()), "x must have shape (N, H, W, M)"),
    (lambda: integers.mean(np.broadcast_to(X[:, :1, :1], (1, 4096, 2048, 3)), q(), q()), "2^23"),
    (lambda: integers.avg_pool2d(X, q(), q(scale=0.25), 2), "y_q must be x_q"),
    (lambda: integers.max_pool2d(X, q(), q(), 2, padding=2), "nothing but padding"),
    (lambda: integers.hard_swish(X, q(scale=200), q()), "x / 128 / y is at most 1"),
    (lambda: integers.softmax(X[0, 0], q(), q()), "scale 1/256"),
    (lambda: integers.quantize(np.array([np.nan]), q()), "found NaN"),
    (lambda: integers.quantize(X, q()), "float32 or float64, found int8"),
    (lambda: integers.dequantize(X, q("uint8")), "x must be uint8"),
    (
        lambda: integers.could_overflow(X.astype(float), None, q(), q()),
        "int8 or uint8, found float64",
    ),
    (lambda: Quantization("int4", (1.0,), (0,)), "dtype must be one of"),
    (lambda: Quantization("int8", (1e-60,), (0,)), "float32 number above 0"),
    (lambda: Quantization("int8", (1e60,), (0,)), "float32 number above 0"),
    (lambda: Quantization("int8", (float("nan"),), (0,)), "float32 number above 0"),
    (lambda: Quantization("int8", (0.0,), (0,)), "float32 number above 0"),
    (lambda: Quantization("int8", (0.5,), (128,)), "from -128 to 127, found 128"),
    (lambda: Quantization("int8", (0.5, 0.5), (0,)), "as many zero points as scales"),
]


@pytest.mark.parametrize(("call", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_is_refused_is_said_in_a_line(call: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    text = str(caught.value)
    assert said in text
    assert "\n" not in text
    assert len(text) < 200
