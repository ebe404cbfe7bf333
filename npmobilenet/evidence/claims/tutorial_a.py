"""Tutorial a: MobileNetV1 in PyTorch, trained on photographs of flowers."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...models.layers import Activation, BatchNorm, Depthwise, Layer
from ...models.network_plan import plan
from .claim import Finding, Source
from .counting import (
    block_of,
    blocks_of,
    counted,
    listing,
    macs_of,
    of_kind,
    params_of,
    rounds,
    savings,
    vgg16,
)

SOURCE = Source("tutorial-a", "Tutorial a: V1 in PyTorch, photographs of flowers")


@SOURCE.claim("A standard convolution costs N + Dk² times what a separable one does.")
def the_factor_is_a_sum() -> Finding:
    found = {n: float(factor) for n, factor in _factors().items()}
    return Finding(
        {
            "filters": listing(found),
            "factors": listing(found.values(), ".2f"),
            "sums": listing(n + 9 for n in found),
        },
        "With N = {filters} filters of 3 x 3 it costs {factors} times as much, which is "
        "N Dk² / (N + Dk²); N + Dk² would be {sums}.",
        {"N + Dk²": all(rounds(factor, str(n + 9)) for n, factor in found.items())},
    )


@SOURCE.claim("With 3 x 3 filters it costs 8 to 9 times as much.")
def eight_to_nine_times() -> Finding:
    found = [float(factor) for factor in savings(plan("v1"))]
    return Finding(
        {"least": min(found), "most": max(found), "blocks": len(found)},
        "In V1's {blocks} blocks {least:.2f} to {most:.2f} times.",
        {"8 or 9, rounded": all(8 <= round(factor) <= 9 for factor in found)},
    )


def _factors() -> dict[int, float]:
    """Filters of V1's blocks -> how much more the standard convolution costs."""
    network = plan("v1")
    filters = [layers[-1].output[-1] for layers in blocks_of(network)]
    return dict(sorted(zip(filters, map(float, savings(network)), strict=True)))


@SOURCE.claim("The first separable block has stride 2 and makes 112 x 112 x 32 of 224 x 224 x 3.")
def first_block() -> Finding:
    network = plan("v1")
    stem, block = network["stem"], block_of(network, 1)
    stride = _strides(block)[0]
    return Finding(
        {"stem": _shapes(stem.input, stem.output), "stride": stride,
         "block": _shapes(block[0].input, block[-1].output)},
        "That is the stem ({stem}), a standard convolution; block 1 has stride {stride} ({block}).",
        {"stride 2": stride == 2,
         "112 x 112 x 32": (block[0].input, block[-1].output) == ((224, 224, 3), (112, 112, 32))},
    )  # fmt: skip


@SOURCE.claim("The second separable block has stride 2 and puts out 56 x 56 x 64.")
def second_block() -> Finding:
    block = block_of(plan("v1"), 2)
    return Finding(
        {"stride": _strides(block)[0], "inside": _shapes(block[0].output),
         "out": _shapes(block[-1].output)},
        "Stride {stride}; {inside} is what its depthwise half puts out, the block {out}.",
        {"stride 2": _strides(block) == [2], "56 x 56 x 64": block[-1].output == (56, 56, 64)},
    )  # fmt: skip


@SOURCE.claim("So it goes on, until the last block, of stride 2, leaves 7 x 7 x 1024.")
def last_block() -> Finding:
    blocks = blocks_of(plan("v1"))
    strides = [_strides(block)[0] for block in blocks]
    return Finding(
        {"strided": listing(n for n, s in enumerate(strides, 1) if s == 2), "count": len(strides),
         "out": _shapes(blocks[-1][-1].output), "last": strides[-1]},
        "Only blocks {strided} of {count} have stride 2, the last has stride {last}; what it "
        "leaves is {out}.",
        {"every block halves": set(strides) == {2}, "the last has stride 2": strides[-1] == 2,
         "7 x 7 x 1024": blocks[-1][-1].output == (7, 7, 1024)},
    )  # fmt: skip


def _strides(block: list[Layer]) -> list[int]:
    return [layer.stride[0] for layer in block if isinstance(layer, Depthwise)]


def _shapes(*shapes: tuple[int, ...]) -> str:
    return " to ".join(" x ".join(map(str, shape)) for shape in shapes)


@SOURCE.claim(
    "A block is a depthwise and a pointwise layer; activation and batch normalisation are optional."
)
def optional_normalisation() -> Finding:
    always = [
        (len([x for x in block if isinstance(x, BatchNorm)]),
         len([x for x in block if isinstance(x, Activation)]))
        for name in ("paper", "tf-slim", "keras", "timm", "paddle")
        for block in blocks_of(plan("v1", dialect=name))
    ]  # fmt: skip
    norms, activations = min(always)
    return Finding(
        {"blocks": len(always), "norms": norms, "activations": activations},
        "In all {blocks} blocks of five families' V1 there are {norms} batch normalisations and "
        "{activations} activations, one pair after each convolution.",
        {"some block goes without": norms == 0 or activations == 0},
    )


@SOURCE.claim(
    "In the paper's Table 1 the number after dw is the kernel's size, s1 and s2 the stride."
)
def number_after_dw() -> Finding:
    layers = of_kind(plan("v1"), Depthwise)
    kernels = {side for layer in layers for side in layer.kernel}
    strides = {side for layer in layers for side in layer.stride}
    printed = {1, 2}  # "Conv dw / s1", "Conv dw / s2"
    return Finding(
        {"kernels": listing(sorted(kernels)), "strides": listing(sorted(strides))},
        "The numbers that follow are 1 and 2: the strides ({strides}). The kernels are all "
        "{kernels}.",
        {"they are kernels": kernels == printed, "they are strides": strides == printed},
    )  # fmt: skip


@SOURCE.claim("The printed model.py is MobileNetV1.")
def printed_model() -> Finding:
    theirs, paper = counted("v1", dialect="tutorial-a"), counted("v1")
    maps = [next(x.output for x in c.layers[::-1] if len(x.output) == 3) for c in (theirs, paper)]
    return Finding(
        {"macs": theirs.macs, "times": theirs.macs / paper.macs, "map": _shapes(maps[0]),
         "params": theirs.params.trainable, "paper": paper.params.trainable},
        "Its blocks take no stride: {macs:,} MACs at 224 pixels, {times:.0f} times the paper's, "
        "and the last map is {map}. Without batch normalisation and with biases it has "
        "{params:,} parameters where V1 has {paper:,}.",
        {"as much work": theirs.macs == paper.macs,
         "as many parameters": theirs.params == paper.params, "the same maps": maps[0] == maps[1]},
    )  # fmt: skip


@SOURCE.claim("MobileNetV1 is 0.9 % less accurate than VGG16 with 1/32 of its parameters.")
def beside_vgg16() -> Finding:
    convolutions, tops = vgg16()
    large, small = params_of([*convolutions, *tops]), counted("v1").params.trainable
    top1 = {"VGG16": 71.5, "V1": 70.6}  # both from the paper's Table 8
    return Finding(
        {"vgg": large, "v1": small, "times": large / small, "less": top1["VGG16"] - top1["V1"]},
        "{vgg:,} and {v1:,} parameters, {times:.1f} times; the paper prints accuracies "
        "{less:.1f} % apart.",
        {"0.9 %": rounds(top1["VGG16"] - top1["V1"], "0.9"), "1/32": 32 <= large / small < 33.5},
    )


@SOURCE.claim("VGG16's computing is cut as drastically.")
def computing_beside_vgg16() -> Finding:
    convolutions, tops = vgg16()
    large, small = macs_of(*convolutions, *tops), counted("v1").macs
    return Finding(
        {"vgg": large, "v1": small, "times": large / small},
        "{vgg:,} and {v1:,} MACs: {times:.1f} times.",
        {"more than ten times": large > 10 * small},
    )


@SOURCE.claim("A depthwise convolution mixes nothing between channels; a standard one mixes all.")
def channels_apart() -> Finding:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((1, 6, 6, 4)), rng.standard_normal((3, 3, 4))
    full = rng.standard_normal((3, 3, 4, 4))
    other = x.copy()
    other[..., 0] += 1  # change one input channel and see which outputs notice
    changed = [
        int(np.any(f(x, k, rung="numpy")[0] != f(other, k, rung="numpy")[0], axis=(0, 1, 2)).sum())
        for f, k in ((ops.depthwise_conv2d, w), (ops.conv2d, full))
    ]
    return Finding(
        {"depthwise": changed[0], "standard": changed[1]},
        "One of 4 input channels changed: {depthwise} output channel of the depthwise convolution "
        "notices, {standard} of the standard one.",
        {"depthwise: one": changed[0] == 1, "standard: all": changed[1] == 4},
    )


@SOURCE.claim("A pointwise convolution needs no sliding window: it maps each pixel linearly.")
def pixel_by_pixel() -> Finding:
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((2, 5, 7, 6)), rng.standard_normal((6, 9))
    same = np.isclose(ops.pointwise_conv2d(x, w, rung="loops")[0], x @ w, rtol=1e-12, atol=1e-12)
    return Finding(
        {"same": int(same.sum()), "all": same.size},
        "The loops over pixels and the matrix product x @ w agree in {same} of {all} numbers.",
        {"y = x @ w": bool(same.all())},
    )


@SOURCE.claim("The width multiplier scales the output channels of the layers.")
def width_scales_channels() -> Finding:
    full, half = plan("v1"), plan("v1", width=0.5)
    pairs = [
        (a.output[-1], b.output[-1])
        for a, b in zip(full.layers, half.layers, strict=True)
        if a.name not in ("classifier",)
    ]
    halved = sum(a == 2 * b for a, b in pairs)
    return Finding(
        {"halved": halved, "layers": len(pairs)},
        "At alpha = 0.5, {halved} of {layers} layers before the classifier have half the channels.",
        {"all": halved == len(pairs)},
    )
