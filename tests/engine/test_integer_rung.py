"""The fourth rung of the integer convolutions against NumPy, kernel beside kernel, to the bit."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

from npmobilenet.kernels.integer import conv, depthwise, pointwise
from npmobilenet.kernels.integer.requantise import Requantise
from npmobilenet.kernels.simd.integer import pack
from npmobilenet.kernels.simd.integer.window import placements
from npmobilenet.ops.integers.scales import multipliers

KINDS = {"conv": conv, "depthwise": depthwise, "pointwise": pointwise}


@st.composite
def cases(draw: st.DrawFn, kind: str) -> tuple[Any, ...]:
    """Arguments of a kernel but for y, and the shape of y."""
    dtype = np.dtype(draw(st.sampled_from(("int8", "uint8"))))
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, m, o = draw(st.integers(1, 2)), draw(st.integers(1, 40)), draw(st.integers(1, 70))
    k, across = draw(st.sampled_from([(3, 3), (5, 5), (1, 1), (3, 1), (2, 4), (7, 7)]))
    s, t = draw(st.sampled_from([(1, 1), (2, 2), (1, 2), (3, 3)]))
    height, width = k + draw(st.integers(0, 5)), across + draw(st.integers(0, 30))
    shape = {"conv": (k, across, m, o), "depthwise": (k, across, m), "pointwise": (m, o)}[kind]
    filters = shape[-1]
    x = rng.integers(low, high + 1, (n, height, width, m)).astype(dtype)
    w = rng.integers(low, high + 1, shape).astype(dtype)
    if draw(st.booleans()):
        x[:], w[:] = low, draw(st.sampled_from((low, high)))
    zeros = draw(st.sampled_from((low, high, low + 100))), np.full(filters, low, np.int32)
    if draw(st.booleans()):
        zeros = zeros[0], rng.integers(low, high + 1, filters).astype(np.int32)
    most = draw(st.sampled_from((1000, 2**31 - 1)))
    b = rng.integers(-most, most, filters).astype(np.int32)
    scale = rng.uniform(1e-4, 2e-3, filters) * draw(st.sampled_from((1, 1e-9, 1e3, 1e9)))
    bounds = low + draw(st.integers(0, 100)), high - draw(st.integers(0, 100))
    single, zero = draw(st.booleans()), draw(st.integers(low, high))
    out = Requantise(single, scale.astype(np.float32), *multipliers(scale), zero, *bounds)
    if kind == "pointwise":
        exact = (
            scale if draw(st.booleans()) else np.full(filters, draw(st.sampled_from((0.5, 1.5))))
        )
        out = out._replace(exact=exact if draw(st.booleans()) else None)
        x = x.reshape(-1, m)
        return (x, w, b, zeros, out), (len(x), o)
    groups = (1,) if kind == "conv" else ()
    rows, columns = (height - k) // s + 1, (width - across) // t + 1
    return (x, w, b, zeros, (s, t), *groups, out), (n, rows, columns, filters)


def outcome(kernels: ModuleType, rung: str, given: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    y = np.full(shape, 77, given[0].dtype)
    kernels.RUNGS[rung][0](*given, y)
    return y


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_fourth_rung_equals_numpy(kind: str, data: st.DataObject) -> None:
    given, shape = data.draw(cases(kind))
    expected, found = (outcome(KINDS[kind], rung, given, shape) for rung in ("numpy", "simd"))
    np.testing.assert_array_equal(found, expected)


@given(st.lists(st.integers(-255, 255), min_size=1, max_size=20))
def test_bytes_add_up_to_the_weight(weights: list[int]) -> None:
    parts = pack.in_bytes(np.array(weights))
    assert sum(part.astype(int) for part in parts).tolist() == weights  # type: ignore[attr-defined]
    assert all(part.dtype == np.int8 for part in parts)
    assert len(parts) == 1 or min(weights) < -128 or max(weights) > 127


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_each_tap_meets_its_pixel(kernel: int, stride: int) -> None:
    """Shifted by s, output s sees tap v at pixel s + v; each tap once, all others zero."""
    for shift, quads in enumerate(placements(kernel, stride)):
        taps = [tap for quad in quads for tap in quad]
        assert [tap for tap in taps if tap >= 0] == list(range(kernel))
        assert taps.index(0) == shift * (stride == 1)
