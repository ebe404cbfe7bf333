"""Every operator's loops, executed on numbers that count themselves, against the formulas of cost."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npmobilenet as nm
from npmobilenet.cost import Tally, tally_array
from npmobilenet.cost.operation_count import average_pool, executed
from npmobilenet.kernels import batchnorm
from npmobilenet.models.layers import (
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    GlobalAveragePool,
    Pointwise,
)
from npmobilenet.ops.window import window

CASES: Counter[str] = Counter()
MANY = settings(max_examples=100)

small = st.integers(1, 4)
pairs = st.tuples(small, small)
sizes = st.tuples(st.integers(3, 6), st.integers(3, 6))
paddings = st.sampled_from(["same", "symmetric", "valid", (1, 2), (0, 1, 2, 1)])


@pytest.fixture(scope="module", autouse=True)
def report() -> Any:
    """Say how many cases were run, with -s."""
    yield
    print(f"\ntally: {sum(CASES.values())} cases: {dict(CASES)}")


def run(name: str, layer: Any, batch: int, operator: Any, backward: Any, **options: Any) -> None:
    """Forward and backward on counting numbers; both counts must be the formula's."""
    tally = Tally()
    arrays = [tally_array(tally, shape) for shape in layer.arrays.values()]
    x = tally_array(tally, (batch, *layer.input))
    y, cache = operator(x, *arrays, rung="loops", **options)
    assert y.shape == (batch, *layer.output)
    formula = executed(layer, batch=batch)
    assert (tally.multiplications, tally.divisions) == (formula.forward, formula.forward_divisions)
    tally.multiplications = tally.divisions = 0
    backward(tally_array(tally, y.shape), cache)
    found = tally.multiplications, tally.divisions
    assert found == (formula.backward, formula.backward_divisions)
    CASES[name] += 1


@MANY
@given(
    sizes=sizes, kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)), stride=pairs,
    padding=paddings, channels=small, filters=small, batch=st.integers(1, 2), bias=st.booleans(),
    depthwise=st.booleans(),
)  # fmt: skip
def test_convolutions(
    sizes: Any, kernel: Any, stride: Any, padding: Any, channels: int, filters: int, batch: int,
    bias: bool, depthwise: bool,
) -> None:  # fmt: skip
    """Standard and depthwise: MACs forwards, twice as many backwards; a bias multiplies nothing."""
    fields = {
        "name": "x", "inputs": ("image",), "input": (*sizes, channels), "kernel": kernel,
        "stride": stride, "padding": padding, "bias": bias,
    }  # fmt: skip
    options = {"stride": stride, "padding": padding}
    if depthwise:
        layer: Any = Depthwise(**fields)
        pair = nm.depthwise_conv2d, nm.depthwise_conv2d_backward
    else:
        layer = Conv(filters=filters, **fields)
        pair = nm.conv2d, nm.conv2d_backward
    run(layer.kind, layer, batch, *pair, **options)
    assert executed(layer, batch=batch).forward == batch * layer.macs


@MANY
@given(pixels=pairs, m=small, o=small, batch=st.integers(1, 3), bias=st.booleans())
def test_products(pixels: Any, m: int, o: int, batch: int, bias: bool) -> None:
    """Pointwise and dense."""
    fields = {"name": "x", "inputs": ("image",), "bias": bias}
    pointwise = Pointwise(input=(*pixels, m), filters=o, **fields)
    run("pointwise", pointwise, batch, nm.pointwise_conv2d, nm.pointwise_conv2d_backward)
    dense = Dense(input=(m,), units=o, **fields)
    run("dense", dense, batch, nm.dense, nm.dense_backward)


@MANY
@given(size=pairs, channels=small, batch=st.integers(1, 3))
def test_global_average_pool(size: Any, channels: int, batch: int) -> None:
    """One division for each mean, and one for each number it goes back to."""
    layer = GlobalAveragePool(name="x", inputs=("image",), input=(*size, channels))
    run("global_pool", layer, batch, nm.global_avg_pool, nm.global_avg_pool_backward)


@MANY
@given(
    size=sizes, kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)), stride=pairs,
    channels=small, batch=st.integers(1, 2),
)  # fmt: skip
def test_average_pool(size: Any, kernel: Any, stride: Any, channels: int, batch: int) -> None:
    """One division for each output, one for each place of a window backwards; no multiplication."""
    tally = Tally()
    x = tally_array(tally, (batch, *size, channels))
    y, cache = nm.avg_pool2d(x, kernel, stride=stride, rung="loops")
    output = window("test", size, kernel, stride, "valid").output
    formula = average_pool(batch, output, channels, kernel)
    assert tally == Tally(divisions=formula.forward_divisions)
    tally.divisions = 0
    nm.avg_pool2d_backward(tally_array(tally, y.shape), cache)
    assert tally == Tally(divisions=formula.backward_divisions)
    CASES["avg_pool"] += 1


@MANY
@given(size=pairs, channels=small, batch=st.integers(1, 3), train=st.booleans())
def test_batch_norm(size: Any, channels: int, batch: int, train: bool) -> None:
    """The loops of batch normalisation; its operator hands them float64 statistics, so they run bare."""
    layer = BatchNorm(name="x", inputs=("i",), input=(*size, channels), eps=1e-3, momentum=0.1)
    tally = Tally()
    pixels = batch * size[0] * size[1]
    x, y, dy, dx = (tally_array(tally, (pixels, channels)) for _ in range(4))
    mean, variance, gamma, beta, dgamma, dbeta = (tally_array(tally, (channels,)) for _ in range(6))
    formula = executed(layer, batch=batch, train=train)
    if train:
        batchnorm.loops_statistics(x, mean, variance)
    batchnorm.loops_normalise(x, mean, variance, gamma, beta, 1e-3, y)
    assert (tally.multiplications, tally.divisions) == (formula.forward, formula.forward_divisions)
    tally.multiplications = tally.divisions = 0
    batchnorm.loops_backward_affine(dy, x, mean, variance, 1e-3, dgamma, dbeta)
    batchnorm.loops_backward_input(dy, x, mean, variance, gamma, 1e-3, dgamma, dbeta, dx)
    found = tally.multiplications, tally.divisions
    assert found == (formula.backward, formula.backward_divisions)
    CASES["batch_norm"] += 1


def test_a_network_s_forward_and_backward_execute_their_macs() -> None:
    """A separable block, layer after layer: 3 times its MACs, without the image's gradient less."""
    tally = Tally()
    x, w = tally_array(tally, (1, 5, 6, 3)), tally_array(tally, (3, 3, 3))
    mixing = tally_array(tally, (3, 4))
    wide, first = nm.depthwise_conv2d(x, w, stride=2, rung="loops")
    y, second = nm.pointwise_conv2d(wide, mixing, rung="loops")
    dwide, _ = nm.pointwise_conv2d_backward(tally_array(tally, y.shape), second)
    nm.depthwise_conv2d_backward(dwide, first, input_gradient=False)
    depthwise, pointwise = 3 * 3 * 3 * 3 * 3, 3 * 4 * 3 * 3
    assert tally.multiplications == 3 * (depthwise + pointwise) - depthwise
