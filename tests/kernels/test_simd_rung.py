"""The fourth rung: who gets it, and shapes that do not fill its vectors, tiles and stretches."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")

import npmobilenet as nm
from npmobilenet.kernels import conv, depthwise, pointwise
from npmobilenet.ops.checks import Array
from npmobilenet.ops.rungs import COMMON, choose
from npmobilenet.verify.checks import on_one_thread, scaled_error

MARGIN, MARK = 64, 777.0

OPERATORS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {  # shapes of x and w
    "conv2d": ((1, 4, 4, 3), (3, 3, 3, 5)),
    "depthwise_conv2d": ((1, 4, 4, 3), (3, 3, 3)),
    "pointwise_conv2d": ((1, 4, 4, 3), (3, 5)),
    "dense": ((20, 3), (3, 5)),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_the_default_follows_the_precision(name: str) -> None:
    """float32 runs the highest rung, float64 the highest that has it, which refuses nothing."""
    x, w = (np.ones(shape, np.float32) for shape in OPERATORS[name])
    operator = getattr(nm, name)
    assert operator(x, w)[1].rung == "simd"
    assert operator(x.astype(np.float64), w.astype(np.float64))[1].rung == "numba"
    for dtype in (np.float64, object):
        with pytest.raises(
            ValueError, match=rf"^{name}: rung 'simd' computes in float32 only, x is"
        ):
            operator(x.astype(dtype), w.astype(dtype), rung="simd")


def test_operators_without_the_rung_say_so() -> None:
    """Asked for by name it is refused; left to itself the operator runs the highest it has."""
    with pytest.raises(ValueError, match="must be one of loops, numpy, numba, found 'simd'"):
        nm.global_avg_pool(np.ones((1, 2, 2, 3), np.float32), rung="simd")
    assert choose("any", None, COMMON, x=np.ones(1, np.float32)) == "numba"


def guarded(shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Memory for a result, inside memory that is nobody's."""
    count = int(np.prod(shape))
    memory = np.full(count + 2 * MARGIN, MARK, np.float32)
    return memory, memory[MARGIN : MARGIN + count].reshape(shape)


def compare(module: Any, name: str, given: tuple[Array, ...], settings: Any, shape: Any) -> None:
    """A simd kernel against NumPy in float64; the same bits on one thread; nothing written beyond."""
    expected = np.empty(shape)
    wide = (array.astype(np.float64) for array in given)
    getattr(module, f"numpy_{name}")(*wide, *settings, expected)
    memory, found = guarded(shape)
    getattr(module, f"simd_{name}")(*given, *settings, found)
    assert scaled_error(found, expected) < 1e-5
    assert (memory[:MARGIN] == MARK).all()
    assert (memory[-MARGIN:] == MARK).all()
    alone = np.empty(shape, np.float32)
    on_one_thread(lambda: getattr(module, f"simd_{name}")(*given, *settings, alone))
    assert np.array_equal(found, alone)


def three(module: Any, x: Array, w: Array, dy: Array, *settings: Any) -> None:
    compare(module, "forward", (x, w), settings, dy.shape)
    compare(module, "backward_input", (dy, w), settings, x.shape)
    compare(module, "backward_weight", (x, dy), settings, w.shape)


@pytest.mark.parametrize("pixels", [1, 14, 15, 49, 2500])
@pytest.mark.parametrize(("m", "o"), [(3, 40), (8, 9), (24, 32), (40, 8), (33, 16), (300, 72)])
def test_products(pixels: int, m: int, o: int) -> None:
    """Few and many pixels, channels below, at and beside whole vectors, sums of several stretches."""
    rng = np.random.default_rng(pixels)
    x, w, dy = (rng.standard_normal(s, np.float32) for s in ((pixels, m), (m, o), (pixels, o)))
    three(pointwise, x, w, dy)


@pytest.mark.parametrize("size", [(5, 5), (7, 6), (9, 17)])
@pytest.mark.parametrize("channels", [8, 9, 16, 24, 40])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (1, 2), (3, 1)])
@pytest.mark.parametrize("kernel", [3, 5])
def test_windows(kernel: int, stride: Any, channels: int, size: tuple[int, int]) -> None:
    """Rows shorter and longer than a tile, channels that leave part of a vector, 1 pixel of y."""
    rng = np.random.default_rng(channels)
    rows, columns = ((n - kernel) // s + 1 for n, s in zip(size, stride, strict=True))
    x = rng.standard_normal((2, *size, channels), np.float32)
    w = rng.standard_normal((kernel, kernel, channels), np.float32)
    dy = rng.standard_normal((2, rows, columns, channels), np.float32)
    three(depthwise, x, w, dy, stride, (1, 1))


OTHERS: list[tuple[tuple[int, int], int, tuple[int, int], tuple[int, int]]] = [
    ((3, 5), 16, (1, 1), (1, 1)),
    ((5, 3), 16, (1, 1), (1, 1)),
    ((4, 4), 16, (1, 1), (1, 1)),
    ((3, 3), 16, (1, 3), (1, 1)),
    ((3, 3), 16, (1, 1), (1, 2)),
    ((3, 3), 3, (1, 1), (1, 1)),
]


@pytest.mark.parametrize(("kernel", "channels", "stride", "dilation"), OTHERS)
def test_windows_that_no_microkernel_has(
    kernel: tuple[int, int], channels: int, stride: Any, dilation: Any
) -> None:
    """Sides that differ, even ones, wide steps, gaps, fewer channels than a vector has."""
    rng = np.random.default_rng(channels)
    spans = (d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    rows, columns = ((9 - n) // s + 1 for n, s in zip(spans, stride, strict=True))
    x = rng.standard_normal((2, 9, 9, channels), np.float32)
    w = rng.standard_normal((*kernel, channels), np.float32)
    dy = rng.standard_normal((2, rows, columns, channels), np.float32)
    three(depthwise, x, w, dy, stride, dilation)


@pytest.mark.parametrize("name", ["depthwise", "depthwise_filters"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
def test_mobilenets_windows_have_their_microkernel(
    kernel: int, stride: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many channels as a vector has are enough; another rung would give the same, slowly."""
    from npmobilenet.kernels.simd.isa.lanes import LANES
    from npmobilenet.kernels.simd.nhwc import depthwise as nhwc

    called = []
    monkeypatch.setattr(nhwc, name, lambda *given: called.append(name))
    x, w = np.ones((1, 9, 9, LANES), np.float32), np.ones((kernel, kernel, LANES), np.float32)
    step, size = (stride, stride), (9 - kernel) // stride + 1
    y = np.ones((1, size, size, LANES), np.float32)
    if name == "depthwise":
        depthwise.simd_forward(x, w, step, (1, 1), y)
    else:
        depthwise.simd_backward_weight(x, y, step, (1, 1), w)
    assert called == [name]


@pytest.mark.parametrize(("m", "o"), [(1, 3), (3, 32), (16, 33)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 1)])
def test_convolutions(stride: Any, dilation: Any, m: int, o: int) -> None:
    """Windows of 3 x 2, read where they lie, with and without gaps."""
    rng = np.random.default_rng(m)
    spans = (2 * dilation[0] + 1, dilation[1] + 1)
    size = (9, 33)
    rows, columns = ((n - q) // s + 1 for n, q, s in zip(size, spans, stride, strict=True))
    x = rng.standard_normal((2, *size, m), np.float32)
    w = rng.standard_normal((3, 2, m, o), np.float32)
    dy = rng.standard_normal((2, rows, columns, o), np.float32)
    three(conv, x, w, dy, stride, dilation)


def test_long_sums_are_put_together_from_short_ones() -> None:
    """1280 channels, V2's classifier: far less rounding than in one running sum."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (64, 1280)).astype(np.float32)
    w = rng.standard_normal((1280, 48), np.float32)
    exact = x.astype(np.float64) @ w.astype(np.float64)
    running = np.zeros((64, 48), np.float32)
    for k in range(1280):
        running += x[:, k, None] * w[k]
    y, _ = nm.dense(x, w, rung="simd")
    assert np.square(y - exact).mean() < 0.4**2 * np.square(running - exact).mean()


def test_long_windows_are_packed_into_memory_that_is_still_theirs() -> None:
    """In a process of its own, which memory given back too early would end."""
    code = """
import numpy as np, npmobilenet as nm
rng = np.random.default_rng(0)
for kernel, m, o in ((7, 960, 1), (1, 5000, 8)):
    x = rng.standard_normal((1, kernel, kernel, m)).astype(np.float32)
    w = rng.standard_normal((kernel, kernel, m, o)).astype(np.float32)
    found, plain = (nm.conv2d(x, w, padding="valid", rung=rung)[0] for rung in ("simd", "numpy"))
    assert np.abs(found - plain).max() < 1e-5 * np.abs(plain).max()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
