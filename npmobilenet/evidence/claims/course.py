"""A widely read course on computer vision, Hugging Face's: its page on MobileNet."""

from __future__ import annotations

from math import prod

from ...models.layers import Activation, BatchNorm, Conv, Depthwise, Layer, Pointwise
from ...models.network_plan import Plan, plan
from .claim import Finding, Source
from .counting import blocks_of, counted, dense, listing, macs_of, of_kind, weights_of

SOURCE = Source("course", "A course on computer vision, Hugging Face's, on MobileNet")
MODELS = ("v1", "v2", "v3-large", "v3-small")


@SOURCE.claim("A depthwise convolution puts out fewer channels than it reads.")
def fewer_channels() -> Finding:
    layers = {model: of_kind(plan(model), Depthwise) for model in MODELS}
    fewer = {m: sum(x.output[2] < x.input[2] for x in found) for m, found in layers.items()}
    same = sum(x.output[2] == x.input[2] for found in layers.values() for x in found)
    return Finding(
        {"fewer": listing(fewer.values()), "all": listing(map(len, layers.values())), "same": same},
        "In {fewer} of the {all} depthwise layers of V1, V2, V3-Large and V3-Small; {same} put out as "
        "many as they read. What stride 2 makes smaller is height and width.",
        {model: found > 0 for model, found in fewer.items()},
        cases=True,
    )


@SOURCE.claim("The pointwise convolution after it leaves a smaller set of features.")
def smaller_set() -> Finding:
    after = {model: [_after_depthwise(block) for block in blocks_of(plan(model))]
             for model in MODELS}  # fmt: skip
    fewer = {m: sum(x.output[2] < x.input[2] for x in found) for m, found in after.items()}
    return Finding(
        {"fewer": listing(fewer.values()), "all": listing(map(len, after.values()))},
        "In {fewer} of the {all} blocks of V1, V2, V3-Large and V3-Small. V1's pointwise layers keep the "
        "number of channels or double it; those that make it smaller are the later papers' projections.",
        {model: found == len(after[model]) for model, found in fewer.items()},
        cases=True,
    )


@SOURCE.claim("A linear bottleneck is a depthwise convolution, batch normalisation and ReLU.")
def linear_bottleneck() -> Finding:
    blocks = blocks_of(plan("v2"))
    convolutions = [sum(isinstance(x, Depthwise | Pointwise) for x in block) for block in blocks]
    last = [
        next(x for x in reversed(block) if isinstance(x, Activation | BatchNorm))
        for block in blocks
    ]
    ends = sum(isinstance(x, Activation) for x in last)
    return Finding(
        {"least": min(convolutions), "most": max(convolutions), "ends": ends, "blocks": len(blocks)},
        "V2's blocks have {least} or {most} convolutions; {ends} of {blocks} end in an activation. "
        "Linear is the projection, a pointwise convolution, because nothing follows its normalisation.",
        {"a depthwise convolution alone": max(convolutions) == 1, "ends in ReLU": ends == len(blocks)},
    )  # fmt: skip


@SOURCE.claim("A 1 x 1 convolution can make more channels or fewer.")
def more_or_fewer() -> Finding:
    layers = of_kind(plan("v2"), Pointwise)
    more = sum(x.output[2] > x.input[2] for x in layers)
    fewer = sum(x.output[2] < x.input[2] for x in layers)
    return Finding(
        {"more": more, "fewer": fewer, "all": len(layers)},
        "Of V2's {all}, {more} make more and {fewer} fewer.",
        {"more": more > 0, "fewer": fewer > 0},
    )


@SOURCE.claim("With smaller filters MobileNet needs less memory.")
def less_memory() -> Finding:
    separable, standard = counted("v1"), counted("v1-full")
    kept = {c.plan.model: _kept(c.plan) for c in (separable, standard)}
    return Finding(
        {"weights": separable.params.trainable, "full": standard.params.trainable,
         "maps": kept["v1"], "full_maps": kept["v1-full"]},
        "{weights:,} parameters where the same network of standard convolutions has {full:,}; but its "
        "convolutions put out {maps:,} numbers an image instead of {full_maps:,}, which training keeps.",
        {"parameters": separable.params.trainable < standard.params.trainable,
         "maps": kept["v1"] < kept["v1-full"]},
    )  # fmt: skip


@SOURCE.claim("The printed PyTorch network is MobileNetV1.")
def printed_network() -> Finding:
    paper = counted("v1")
    layers = [x for x in paper.plan.layers if isinstance(x, Conv | Depthwise | Pointwise)]
    classifier = dense(1024, 1000)
    macs = macs_of(*layers, classifier)
    # each convolution has a bias for every channel where V1 has gamma and beta
    params = weights_of(*layers, classifier) + sum(x.output[2] for x in layers) + 1000
    normalised = len(of_kind(paper.plan, BatchNorm))
    return Finding(
        {"macs": macs, "convolutions": len(layers), "normalised": normalised,
         "params": params, "own": paper.params.trainable},
        "Widths and strides are V1's, {macs:,} MACs; but where V1 has {normalised} batch normalisations "
        "after {convolutions} convolutions, each with a ReLU, it prints none, a bias each, and one ReLU "
        "a block: {params:,} parameters instead of {own:,}.",
        {"MACs": macs == paper.macs, "parameters": params == paper.params.trainable},
    )  # fmt: skip


def _after_depthwise(block: list[Layer]) -> Pointwise:
    """The pointwise convolution that follows a block's depthwise one."""
    kinds = [isinstance(x, Depthwise) for x in block]
    return next(x for x in block[kinds.index(True) :] if isinstance(x, Pointwise))


def _kept(network: Plan) -> int:
    """How many numbers the convolutions of a network put out for one image."""
    return sum(
        prod(x.output) for x in network.layers if isinstance(x, Conv | Depthwise | Pointwise)
    )
