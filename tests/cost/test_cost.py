"""Every published or counted number, exactly; and the loops rung, executed, counting itself."""

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npmobilenet as nm
from npmobilenet.cost import Tally, tally_array
from npmobilenet.models.layers import Conv, Dense, Depthwise, Pointwise
from npmobilenet.ops.window import window


@pytest.mark.parametrize(
    ("arguments", "macs"),
    [
        ({}, 568_740_352),
        ({"width": 0.75}, 325_400_448),
        ({"width": 0.5}, 149_497_088),
        ({"width": 0.25}, 41_030_272),
        ({"resolution": 192}, 418_121_728),
        ({"resolution": 160}, 290_675_200),
        ({"resolution": 128}, 186_400_768),
        ({"width": 0.5, "resolution": 160}, 76_524_800),
        ({"model": "v1-full"}, 4_867_293_184),
        ({"dialect": "cifar", "resolution": 32, "classes": 10}, 46_354_432),
    ],
)
def test_multiply_accumulates(arguments: dict[str, Any], macs: int) -> None:
    """V1 at the widths and resolutions of the paper, its full-convolution twin, and at 32 x 32."""
    counted = nm.cost(nm.plan(**{"model": "v1"} | arguments))
    assert counted.macs == macs
    assert counted.flops == 2 * macs
    assert counted.convention == "paper"


def test_parameters() -> None:
    """With and without the running statistics; neither depends on the resolution."""
    for resolution in (224, 128):
        params = nm.cost(nm.plan("v1", resolution=resolution)).params
        assert (params.trainable, params.total) == (4_231_976, 4_253_864)
        assert params.bias == 1000
        assert params.bn_affine == params.bn_stats == 21_888
    cifar = nm.cost(nm.plan("v1", dialect="cifar", resolution=32, classes=10))
    assert cifar.params.trainable == 3_217_226


def test_worked_example() -> None:
    """64 x 7 x 7 to 128 channels: standard, depthwise, pointwise, and their ratio as a fraction."""
    given = {"inputs": ("image",), "input": (7, 7, 64)}
    standard = Conv(name="standard", filters=128, **given)
    depthwise, pointwise = Depthwise(name="dw", **given), Pointwise(name="pw", filters=128, **given)
    assert standard.macs == 3_612_672
    assert (depthwise.macs, pointwise.macs) == (28_224, 401_408)
    assert depthwise.macs + pointwise.macs == 429_632
    ratio = Fraction(depthwise.macs + pointwise.macs, standard.macs)
    assert ratio == Fraction(1, 128) + Fraction(1, 9) == nm.separable_ratio(k=3, n=128)
    assert nm.separable_ratio(k=3, n=64) == Fraction(73, 576)
    assert nm.separable_ratio(k=(3, 5), n=2) == Fraction(17, 30)


@pytest.mark.parametrize(("width", "resolution"), list(product((0.25, 0.5, 1.0), (224, (33, 57)))))
def test_block_ratios_follow_the_formula(width: float, resolution: Any) -> None:
    """1/N + 1/K² equals the ratio of counted MACs and of counted weights, for all 13 blocks."""
    plan = nm.plan("v1", width=width, resolution=resolution)
    found = nm.block_ratios(plan)
    assert [block.name for block in found] == [f"blocks.{n}" for n in range(1, 14)]
    for block in found:
        filters = plan[f"{block.name}.pointwise"].output[-1]
        assert block.formula == block.macs == block.weights == Fraction(filters + 9, 9 * filters)
        assert Fraction(block.separable_macs, block.standard_macs) == block.macs
    full = nm.cost(nm.plan("v1-full", width=width, resolution=resolution))
    standards = [
        layer.macs for layer in full.layers if layer.name.startswith("blocks") and layer.macs
    ]
    assert [block.standard_macs for block in found] == standards


def test_block_ratio_of_a_kernel_that_is_not_square() -> None:
    """A 3 x 5 depthwise filter: 1/N + 1/15."""
    shape = (6, 7, 8)
    dw = Depthwise(name="b.dw", inputs=("image",), input=shape, kernel=(3, 5), stride=(2, 1))
    pw = Pointwise(name="b.pw", inputs=("b.dw",), input=dw.output, filters=4)
    plan = nm.Plan(
        model="two", width=1.0, resolution=(6, 7), channels=8, classes=1, dialect=nm.PAPER,
        divisor=8, include_top=False, layers=(dw, pw),
    )  # fmt: skip
    (block,) = nm.block_ratios(plan)
    assert block.formula == block.macs == block.weights == Fraction(1, 4) + Fraction(1, 15)


def products_with_padding(size: Any, kernel: Any, stride: Any, padding: Any) -> int:
    """Pairs (output, tap) that fall outside the image, counted one by one."""
    place = window("test", size, kernel, stride, padding)
    top, _, left, _ = place.sides
    return sum(
        not (0 <= i * stride[0] + u - top < size[0] and 0 <= j * stride[1] + v - left < size[1])
        for i, j in product(*map(range, place.output))
        for u, v in product(*map(range, kernel))
    )


small = st.integers(1, 5)


@given(
    size=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["same", "symmetric", "valid", (1, 2)]),
    channels=small,
    filters=small,
    kind=st.sampled_from(["conv", "depthwise"]),
)
def test_loops_execute_what_the_formula_says(
    size: Any, kernel: Any, stride: Any, padding: Any, channels: int, filters: int, kind: str
) -> None:
    """Forward, dx and dw each perform `macs` multiplications, those with padding zeros included."""
    settings = {"kernel": kernel, "stride": stride, "padding": padding}
    base = {"name": "x", "inputs": ("image",), "input": (*size, channels)}
    layer = (
        Conv(filters=filters, **base, **settings)
        if kind == "conv"
        else Depthwise(**base, **settings)
    )
    forward = Tally()
    operator = nm.conv2d if kind == "conv" else nm.depthwise_conv2d
    backward = nm.conv2d_backward if kind == "conv" else nm.depthwise_conv2d_backward
    x, w = tally_array(forward, (1, *layer.input)), tally_array(forward, layer.arrays["weight"])
    y, cache = operator(x, w, stride=stride, padding=padding, rung="loops")
    assert y.shape == (1, *layer.output)
    assert forward.multiplications == layer.macs
    per_place = channels * (filters if kind == "conv" else 1)
    expected = products_with_padding(size, kernel, stride, padding) * per_place
    assert forward.with_padding == expected
    dy = tally_array(forward, y.shape)
    forward.multiplications = 0
    backward(dy, cache)
    assert forward.multiplications == 2 * layer.macs
    forward.multiplications = 0
    backward(dy, cache, input_gradient=False)
    assert forward.multiplications == layer.macs


@given(pixels=st.tuples(small, small), m=small, o=small)
def test_loops_of_products_execute_what_the_formula_says(pixels: Any, m: int, o: int) -> None:
    """Pointwise and dense, forwards and both ways back."""
    tally = Tally()
    for layer, operator, backward, shape in (
        (Pointwise(name="p", inputs=("image",), input=(*pixels, m), filters=o),
         nm.pointwise_conv2d, nm.pointwise_conv2d_backward, (1, *pixels, m)),
        (Dense(name="d", inputs=("image",), input=(m,), units=o),
         nm.dense, nm.dense_backward, (1, m)),
    ):  # fmt: skip
        tally.multiplications = 0
        y, cache = operator(tally_array(tally, shape), tally_array(tally, (m, o)), rung="loops")
        assert tally.multiplications == layer.macs
        backward(tally_array(tally, y.shape), cache)
        assert tally.multiplications == 3 * layer.macs
    assert tally.with_padding == 0


@pytest.mark.parametrize("resolution", [64, (64, 96)])
def test_json(resolution: Any) -> None:
    """The document has these keys and its parts add up."""
    plan = nm.plan("v1", width=0.5, resolution=resolution, classes=7)
    document = nm.cost(plan).to_json()
    keys = "model width resolution classes dialect convention macs flops params layers"
    assert list(document) == keys.split()
    assert document["resolution"] == (list(resolution) if isinstance(resolution, tuple) else 64)
    params = document["params"]
    assert list(params) == ["weights", "bias", "bn_affine", "bn_stats", "trainable", "total"]
    assert params["trainable"] == params["weights"] + params["bias"] + params["bn_affine"]
    assert params["total"] == params["trainable"] + params["bn_stats"]
    layers = document["layers"]
    assert all(list(x) == ["name", "type", "input", "output", "macs", "params"] for x in layers)
    assert document["macs"] == sum(layer["macs"] for layer in layers)
    assert document["flops"] == 2 * document["macs"]
    assert params["total"] == sum(layer["params"] for layer in layers)
    assert [layer["name"] for layer in layers] == [layer.name for layer in plan.layers]


def test_printed_table_shows_the_totals() -> None:
    """str() of a cost and a plan's summary state the same totals, in full."""
    plan = nm.plan("v1")
    assert "568,740,352 MACs = 1,137,480,704 flops" in str(nm.cost(plan))
    assert "Total params: 4,253,864" in plan.summary()
    assert "Trainable params: 4,231,976" in plan.summary()
    assert "Non-trainable params: 21,888" in plan.summary()
