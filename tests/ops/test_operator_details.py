"""What drawn cases rarely meet: kinks, NaN, block borders, lost digits, modes and geometry."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import npmobilenet as nm
from npmobilenet.ops.window import window
from npmobilenet.verify.checks import scaled_error

BOTH = pytest.mark.parametrize("dtype", [np.float64, np.float32])
TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5}


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "sides"),
    [
        (224, 3, 2, (0, 1)),
        (112, 3, 1, (1, 1)),
        (7, 3, 2, (1, 1)),
        (224, 5, 2, (1, 2)),
        (7, 5, 2, (2, 2)),
        (33, 3, 2, (1, 1)),
        (1, 3, 2, (1, 1)),
        (8, 1, 2, (0, 0)),
        (8, 2, 1, (0, 1)),
    ],
)
def test_same_padding_is_tensorflows(
    size: int, kernel: int, stride: int, sides: tuple[int, int]
) -> None:
    """Known sides, and TensorFlow's own formula, written with the remainder instead of ceil."""
    left_over = size % stride
    total = max(kernel - (left_over or stride), 0)
    assert (total // 2, total - total // 2) == sides
    place = window("test", (size, size), (kernel, kernel), stride, "same")
    assert place.sides == sides * 2
    assert place.output == (-(-size // stride),) * 2


def test_same_and_symmetric_differ_by_one_pixel() -> None:
    """Equal shapes at stride 2 and even size, but windows that start one pixel apart."""
    x = np.arange(8.0 * 8).reshape(1, 8, 8, 1)
    w = np.zeros((3, 3, 1))
    w[0, 0] = 1  # shows the top left corner of every window
    same, symmetric = (
        nm.depthwise_conv2d(x, w, stride=2, padding=p)[0] for p in ("same", "symmetric")
    )
    assert np.array_equal(same[0, :, :, 0], x[0, ::2, ::2, 0])
    assert np.array_equal(symmetric[0, 1:, 1:, 0], x[0, 1:-1:2, 1:-1:2, 0])
    assert not symmetric[0, 0].any()


KINKS: dict[str, list[Any]] = {
    "relu": [0.0, -0.0, 1e-30, -1e-30, 5.0],
    "relu6": [0.0, -0.0, 6.0, 5.9999, 6.0001, 3.0],
    "hard_swish": [-3.0, 3.0, 0.0, -2.9999, 2.9999, -4.0, 4.0],
    "hard_sigmoid": [-3.0, 3.0, 0.0, -2.9999, 2.9999, -4.0, 4.0],
}


@BOTH
@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_pytorchs(name: str, dtype: Any) -> None:
    """Exactly at the kinks value and gradient are torch.nn.functional's, at every rung."""
    torch = pytest.importorskip("torch")
    x = np.array(KINKS[name], dtype)
    leaf = torch.tensor(x, requires_grad=True)
    expected = getattr(torch.nn.functional, name.replace("_", ""))(leaf)
    expected.backward(torch.full_like(expected, 2))
    for rung in ({"rung": "numpy"}, {"rung": "numba"}) if "relu" in name else ({},):
        y, cache = getattr(nm, name)(x, **rung)
        dx = getattr(nm, f"{name}_backward")(np.full_like(x, 2), cache)
        assert scaled_error(y, expected.detach().numpy()) <= 2e-7
        # torch's hardsigmoid multiplies by 1/6 in float32 even for float64
        assert np.allclose(dx, leaf.grad.numpy(), rtol=1e-6, atol=0)


@BOTH
@pytest.mark.parametrize("rung", ["numpy", "numba"])
def test_clips_pass_nan_and_take_infinity(rung: str, dtype: Any) -> None:
    """NaN stays NaN both ways, where a plain maximum in compiled code might lose it.

    Infinity is above 0 and has ReLU's slope there, 1; ReLU6 has cut it off.
    """
    x = np.array([np.nan, np.inf, -np.inf, 1], dtype)
    for name, top in (("relu", np.inf), ("relu6", 6)):
        y, cache = getattr(nm, name)(x, rung=rung)
        assert np.array_equal(y, np.array([np.nan, top, 0, 1], dtype), equal_nan=True)
        assert y.dtype == dtype
        dx = getattr(nm, f"{name}_backward")(np.array([np.nan, 1, 1, np.nan], dtype), cache)
        assert np.array_equal(
            dx, np.array([np.nan, top == np.inf, 0, np.nan], dtype), equal_nan=True
        )


@pytest.mark.parametrize("rung", nm.RUNGS)
@pytest.mark.parametrize("channels", [1, 17])
def test_padding_is_zero_and_not_infectious(rung: str, channels: int) -> None:
    """Only windows that see an infinite number become infinite or NaN; padding times w is 0."""
    x = np.zeros((1, 5, 5, channels), np.float32)
    x[0, 0, 0, -1] = np.inf
    with np.errstate(invalid="ignore"):
        y, _ = nm.depthwise_conv2d(x, np.ones((3, 3, channels), np.float32), rung=rung)
    assert np.isinf(y[0, :2, :2, -1]).all()
    assert np.isfinite(y).sum() == 25 * channels - 4


@pytest.mark.parametrize(
    ("dtype", "rung"), [(np.float64, "numba"), (np.float32, "numba"), (np.float32, "simd")]
)
@pytest.mark.parametrize("rows", [1, 3, 4, 7, 15, 31, 33, 129])
@pytest.mark.parametrize(("m", "o"), [(1, 1), (3, 5), (257, 33), (515, 7)])
def test_matrix_product_across_its_blocks(rows: int, m: int, o: int, dtype: Any, rung: str) -> None:
    """Rows that do not fill groups or tiles, sums longer than one stretch: all as x @ w."""
    rng = np.random.default_rng(rows * m)
    x, w, dy = (rng.standard_normal(s).astype(dtype) for s in ((rows, m), (m, o), (rows, o)))
    y, cache = nm.dense(x, w, rung=rung)
    dx, dw = nm.dense_backward(dy, cache)
    x, w, dy = (a.astype(np.float64) for a in (x, w, dy))
    for found, expected in ((y, x @ w), (dx, dy @ w.T), (dw, x.T @ dy)):
        assert np.abs(found - expected).max() <= TOLERANCE[dtype] * max(1, np.abs(expected).max())


@BOTH
@pytest.mark.parametrize("rung", ["numpy", "numba"])
@pytest.mark.parametrize("p", [2, 15, 16, 17, 67])
def test_batch_norm_keeps_its_digits(p: int, rung: str, dtype: Any) -> None:
    """A mean of 10,000 and a deviation of 0.1: E[x²] - E[x]² would have no digit left in float32.

    Pixels fewer than, as many as and more than the 16 shares of the sums.
    """
    rng = np.random.default_rng(p)
    x = (10_000 + 0.1 * rng.standard_normal((p, 3))).astype(dtype)
    exact, one = x.astype(np.float64), np.ones(3, dtype)
    y, _, running = nm.batch_norm(x, one, 0 * one, 0 * one, one, train=True, momentum=1, rung=rung)
    assert np.allclose(running.mean, exact.mean(0), rtol=1e-7)
    assert np.allclose(running.variance, exact.var(0, ddof=1), rtol=1e-6)
    # x itself is a multiple of 2**-10 in float32; so is its mean once it is rounded to that precision
    expected = (exact - exact.mean(0)) / np.sqrt(exact.var(0) + 1e-3)
    assert np.abs(y - expected).max() <= (1e-10 if dtype == np.float64 else 2**-10 / 0.05)


@BOTH
def test_cross_entropy_of_huge_logits(dtype: Any) -> None:
    """Logits of 10,000 neither overflow nor lose the loss, which is their difference."""
    logits = np.array([[1e4, 1e4 - 2, -1e4], [0, 1e4, 0]], dtype)
    loss, cache = nm.softmax_cross_entropy(logits, np.array([1, 0]))
    assert loss == pytest.approx((2 + np.log1p(np.exp(-2)) + 1e4) / 2, rel=1e-6)
    d = nm.softmax_cross_entropy_backward(1.0, cache)
    share = 1 / (1 + np.exp(-2)) / 2
    expected = [[share, -share, 0], [-0.5, 0.5, 0]]
    assert np.allclose(d, expected, atol=1e-6)
    assert d.dtype == dtype
    assert np.allclose(nm.softmax(logits).sum(axis=1), 1)


def test_softmax_backward_keeps_its_digits() -> None:
    """Where one class is almost certain: beside dlogits_k = y_k sum_j y_j (dy_k - dy_j)."""
    rng = np.random.default_rng(0)
    y = nm.softmax(rng.normal(0, 6, (50, 3)).astype(np.float32))
    dy = rng.standard_normal(y.shape).astype(np.float32)
    exact, d = y.astype(np.float64), dy.astype(np.float64)
    right = exact * (exact[:, None, :] * (d[:, :, None] - d[:, None, :])).sum(2)
    assert np.abs(nm.softmax_backward(dy, y) / right - 1).max() < 2e-5
    infinite = np.array([[np.inf, 1, 2]], np.float32)  # as PyTorch has it
    with np.errstate(invalid="ignore"):
        found = nm.softmax_backward(infinite, y[:1])
    assert np.isnan(found[0, 0])
    assert (found[0, 1:] == -np.inf).all()


def test_dropout_modes_seeds_and_statistics() -> None:
    """Survivors have the right share and size, follow the seed alone, and evaluation draws nothing."""
    x = np.ones((100, 1000))

    def once(seed: int, **settings: Any) -> Any:
        return nm.dropout(x, 0.3, np.random.default_rng(seed), **{"train": True} | settings)[0]

    y = once(1)
    assert set(np.unique(y)) == {0, 1 / (1 - 0.3)}
    assert abs((y > 0).mean() - 0.7) < 0.01
    assert np.array_equal(y, once(1))
    assert not np.array_equal(y, once(2))
    assert set(np.unique(once(1, mode="downscale_in_infer"))) == {0, 1}
    assert np.array_equal(nm.dropout(x, 0.3, train=False)[0], x)
    assert np.array_equal(
        nm.dropout(x, 0.3, train=False, mode="downscale_in_infer")[0], x * (1 - 0.3)
    )


def test_pixels_a_stride_skips_have_no_gradient() -> None:
    """dx of a strided pointwise convolution is zero off the grid, and what it should be on it."""
    x, w = np.random.default_rng(0).standard_normal((2, 5, 6, 3)), np.ones((3, 4))
    y, cache = nm.pointwise_conv2d(x, w, stride=(2, 3))
    dx, _ = nm.pointwise_conv2d_backward(np.ones_like(y), cache)
    expected = np.zeros_like(x)
    expected[:, ::2, ::3] = 4
    assert np.array_equal(dx, expected)


@pytest.mark.parametrize("rung", nm.RUNGS)
def test_first_layers_need_no_input_gradient(rung: str) -> None:
    """input_gradient=False gives None for dx, and the same dw and db to the bit."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, 4, 4, 3), np.float32)
    shapes = {"conv2d": (3, 3, 3, 2), "depthwise_conv2d": (3, 3, 3), "pointwise_conv2d": (3, 2)}
    for name, shape in shapes.items():
        w = rng.standard_normal(shape, np.float32)
        y, cache = getattr(nm, name)(x, w, np.ones(shape[-1], np.float32), rung=rung)
        backward = getattr(nm, f"{name}_backward")
        dx, *others = backward(y, cache, input_gradient=False)
        full = backward(y, cache)
        assert dx is None
        assert full[0].shape == x.shape
        assert all(np.array_equal(a, b) for a, b in zip(others, full[1:], strict=True))


def test_a_window_of_padding_alone_has_no_average() -> None:
    """0/0 is refused, but is 0 where padding counts."""
    x = np.ones((1, 3, 3, 1))
    with pytest.raises(ValueError, match=r"avg_pool2d: padding .* nothing but padding"):
        nm.avg_pool2d(x, 2, padding=2)
    assert nm.avg_pool2d(x, 2, padding=2, count_padding=True)[0][0, 0, 0, 0] == 0
    assert nm.avg_pool2d(x, 3, stride=1, padding=1)[0].min() == 1  # borders divide by what they see
    assert nm.avg_pool2d(x, 3, stride=1, padding=1, count_padding=True)[0].min() == 4 / 9


@pytest.mark.parametrize("momentum", [0.0, 0.1, 1.0])
def test_momentum_weighs_the_new_value(momentum: float) -> None:
    """0 keeps the running estimates, 1 replaces them by the batch's, with the unbiased variance."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    x, mean, variance = rng.standard_normal((7, 3)), rng.standard_normal(3), rng.uniform(1, 2, 3)
    one = np.ones(3)
    _, _, running = nm.batch_norm(x, one, one, mean, variance, train=True, momentum=momentum)
    moved, spread = torch.tensor(mean), torch.tensor(variance)
    torch.nn.functional.batch_norm(torch.tensor(x), moved, spread, training=True, momentum=momentum)
    assert np.allclose(running.mean, moved.numpy(), rtol=1e-12)
    assert np.allclose(running.variance, spread.numpy(), rtol=1e-12)
    _, _, kept = nm.batch_norm(x, one, one, mean, variance, train=False, momentum=momentum)
    assert kept.mean is mean
    assert kept.variance is variance


@pytest.mark.parametrize("rung", ["numpy", "numba", "simd"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("stride", [1, 2])
def test_one_channel_and_one_filter(rung: str, channels: int, stride: int) -> None:
    """Multiples of 1/4 add and multiply without rounding, so every rung must agree to the bit."""
    rng = np.random.default_rng(channels)

    def quarters(*shape: int) -> NDArray[np.float32]:
        return (rng.integers(-8, 9, shape) / 4).astype(np.float32)

    x, images = quarters(1, 5, 4, channels), quarters(3, channels)
    for operator, arguments in (
        ("conv2d", (x, quarters(3, 2, channels, 1), quarters(1))),
        ("depthwise_conv2d", (x, quarters(3, 3, channels), quarters(channels))),
        ("depthwise_conv2d", (x, quarters(1, 2, channels), quarters(channels))),
        ("pointwise_conv2d", (x, quarters(channels, 1), quarters(1))),
        ("dense", (images, quarters(channels, 1), quarters(1))),
    ):
        settings = {} if operator == "dense" else {"stride": stride}
        results = []
        for name in ("loops", rung):
            y, cache = getattr(nm, operator)(*arguments, **settings, rung=name)
            results.append([y, *getattr(nm, f"{operator}_backward")(np.round(4 * y) / 4, cache)])
        for expected, found in zip(*results, strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.longdouble])
def test_numbers_of_numpy_are_finite_where_they_are(kind: Any) -> None:
    """An infinite one is not, and a finite one makes no noise, whatever its precision."""
    x = np.ones((2, 3, 3, 4), np.float32)
    four = [np.ones(4, np.float32)] * 4
    with np.errstate(all="raise"):
        nm.batch_norm(x, *four, eps=kind(0.5), train=False)
        for wrong in (kind("inf"), kind("-inf"), kind("nan")):
            with pytest.raises(ValueError, match="eps must be"):
                nm.batch_norm(x, *four, eps=wrong, train=False)


def test_soft_labels_give_the_same_bits_however_they_lie() -> None:
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        logits, other = rng.standard_normal((2, 40, 9)).astype(dtype)
        labels = nm.softmax(other)
        loss, cache = nm.softmax_cross_entropy(logits, labels)
        for laid in (np.asfortranarray(labels), np.ascontiguousarray(labels[::-1])[::-1]):
            found, kept = nm.softmax_cross_entropy(logits, laid)
            assert found == loss
            both = (nm.softmax_cross_entropy_backward(1.0, each) for each in (kept, cache))
            np.testing.assert_array_equal(*both)


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (lambda part: part[:1], r"total must return an array of float64 \(\d+,\)"),
        (lambda part: None, "total must return an array"),
        (
            lambda part: part * np.nan,
            "total must add up what all parts count, 18 and more, found nan",
        ),
        (lambda part: part / 2, "total must add up what all parts count, 18 and more, found 9"),
    ],
)
def test_what_total_returns_is_a_sum_over_all_parts(total: Any, expected: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 3, 4)).astype(np.float32)
    four = [np.ones(4, np.float32)] * 4
    with pytest.raises(ValueError, match=expected):
        nm.batch_norm(x, *four, train=True, total=total)
