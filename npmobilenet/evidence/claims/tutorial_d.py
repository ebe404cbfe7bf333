"""Tutorial d: MobileNetV1 in PyTorch for CIFAR-10."""

from __future__ import annotations

from fractions import Fraction

from ... import ops
from ...cost.ratio import separable_ratio
from ...cost.tally import Tally, tally_array
from ...models.layers import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    GlobalAveragePool,
    Pointwise,
)
from ...models.network_plan import plan
from .claim import Finding, Source
from .counting import blocks_of, conv, counted, depthwise, listing, macs_of, of_kind, pointwise

SOURCE = Source("tutorial-d", "Tutorial d: V1 in PyTorch for CIFAR-10")


@SOURCE.claim("A convolution multiplies H x W x K x K x M x N times.")
def cost_of_a_convolution() -> Finding:
    executed, formula = {}, {}
    for channels, filters in ((1, 1), (2, 1), (2, 3)):  # the tutorial's three steps: 3 x 3 outputs
        tally = Tally()
        x, w = (
            tally_array(tally, (1, 5, 5, channels)),
            tally_array(tally, (3, 3, channels, filters)),
        )
        y, _ = ops.conv2d(x, w, padding="valid", rung="loops")
        height, width = y.shape[1:3]
        executed[channels, filters] = tally.multiplications
        formula[channels, filters] = height * width * 3 * 3 * channels * filters
    return Finding(
        {"executed": listing(executed.values()), "formula": listing(formula.values())},
        "The loops, counting their own multiplications on the tutorial's 3 x 3 outputs: "
        "{executed}; the formula: {formula}.",
        {f"{m} channels, {n} filters": executed[m, n] == formula[m, n] for m, n in executed},
    )


@SOURCE.claim("From 64 x 7 x 7 to 128 x 7 x 7 a separable convolution takes over 80 % less.")
def eighty_percent_less() -> Finding:
    shape = (7, 7, 64)
    standard, separable = conv(shape, 128).macs, macs_of(depthwise(shape), pointwise(shape, 128))
    kept = Fraction(separable, standard)
    return Finding(
        {
            "standard": standard,
            "separable": separable,
            "less": float(100 * (1 - kept)),
            "kept": kept,
        },
        "{standard:,} and {separable:,} MACs: {less:.1f} % less; what is kept is {kept} = 1/128 "
        "+ 1/9.",
        {"over 80 %": 1 - kept > Fraction(80, 100) and kept == separable_ratio(k=3, n=128)},
    )


@SOURCE.claim(
    "The depthwise half puts out 64 x 7 x 7; the pointwise half has 128 filters of 64 x 1 x 1."
)
def the_two_halves() -> Finding:
    dw, pw = depthwise((7, 7, 64)), pointwise((7, 7, 64), 128)
    (channels, filters), out = pw.arrays["weight"], dw.output
    return Finding(
        {
            "height": out[0],
            "width": out[1],
            "out": out[2],
            "channels": channels,
            "filters": filters,
        },
        "The depthwise half puts out {out} x {height} x {width}; the pointwise one has "
        "{filters} filters of {channels} numbers.",
        {"depthwise": out == (7, 7, 64), "pointwise": (channels, filters) == (64, 128)},
    )


@SOURCE.claim("But for the first convolution, every layer is a separable convolution.")
def all_separable() -> Finding:
    network = plan("v1")
    kinds = {kind: len(of_kind(network, kind)) for kind in (Conv, Depthwise, Pointwise, Dense)}
    share = 100 * network["classifier"].macs / counted("v1").macs
    weights = counted("v1").params.weights
    return Finding(
        {"standard": kinds[Conv], "dw": kinds[Depthwise], "pw": kinds[Pointwise], "dense": kinds[Dense],
         "share": share, "weights": 100 * network["classifier"].macs / weights},
        "{standard} standard convolution, {dw} depthwise, {pw} pointwise, and {dense} dense "
        "layer at the end, with {share:.2f} % of the MACs and {weights:.1f} % of the weights.",
        {"of the convolutions": kinds[Conv] == 1 and kinds[Depthwise] == kinds[Pointwise],
         "nothing else": kinds[Dense] == 0},
    )  # fmt: skip


@SOURCE.claim("The whole network has no pooling layer.")
def no_pooling() -> Finding:
    pools = {
        name: of_kind(plan("v1", dialect=name), GlobalAveragePool)
        for name in ("paper", "tutorial-d")
    }
    sizes = [" x ".join(map(str, pool.input)) for found in pools.values() for pool in found]
    return Finding(
        {"paper": len(pools["paper"]), "code": len(pools["tutorial-d"]), "sizes": " and ".join(sizes)},
        "The paper's Table 1 has {paper}, the tutorial's own code {code} (F.avg_pool2d): "
        "averages over {sizes}.",
        {"none": not any(pools.values())},
    )  # fmt: skip


@SOURCE.claim(
    "Batch normalisation and ReLU follow the depthwise and the pointwise convolution each."
)
def normalised_twice() -> Finding:
    blocks = blocks_of(plan("v1", dialect="tutorial-d"))
    norms = [len([x for x in block if isinstance(x, BatchNorm)]) for block in blocks]
    relus = [len([x for x in block if isinstance(x, Activation)]) for block in blocks]
    return Finding(
        {"blocks": len(blocks), "norms": sum(norms), "relus": sum(relus)},
        "{norms} normalisations and {relus} ReLUs in {blocks} blocks.",
        {"norms": set(norms) == {2}, "ReLUs": set(relus) == {2}},
    )


@SOURCE.claim("The printed class is the paper's network for ten classes.")
def printed_class() -> Finding:
    theirs = counted("v1", dialect="tutorial-d")
    paper = counted("v1", resolution=32, classes=10)
    stems = [of_kind(found.plan, Conv)[0].stride[0] for found in (theirs, paper)]
    return Finding(
        {"params": theirs.params.trainable, "macs": theirs.macs, "paper": paper.macs,
         "stride": stems[0], "times": theirs.macs / paper.macs},
        "The same {params:,} parameters, but the stem has stride {stride}: {macs:,} MACs at 32 "
        "x 32, {times:.1f} times the {paper:,} of the paper's strides.",
        {"parameters": theirs.plan.arrays == paper.plan.arrays, "strides": stems[0] == stems[1]},
    )  # fmt: skip


@SOURCE.claim("An image of 32 x 32 gives torch.Size([1, 10]).")
def shape_of_the_output() -> Finding:
    network = plan("v1", dialect="tutorial-d")
    pool = of_kind(network, GlobalAveragePool)[0]
    out = network.layers[-1].output
    return Finding(
        {"size": pool.input[0], "out": out[0]},
        "The last map is {size} x {size}, so avg_pool2d(out, 2) leaves one pixel; then {out} "
        "logits.",
        {"[1, 10]": out == (10,) and pool.input[:2] == (2, 2)},
    )


@SOURCE.claim("The pretrained model puts out 1024 nodes, behind which a layer 1024 -> 10 is added.")
def pretrained_nodes() -> Finding:
    classifiers = {
        name: of_kind(plan("v1", dialect=name), Dense)[-1]
        for name in ("keras", "timm", "paddle", "tf-slim")
    }
    outputs = {name: layer.output[0] for name, layer in classifiers.items()}
    ours = of_kind(plan("v1", dialect="tutorial-d"), Dense)
    return Finding(
        {"outputs": listing(outputs.values()), "into": ours[0].input[0], "layers": len(ours)},
        "Published pretrained V1 put out {outputs} logits; {into} is the width of the features "
        "that enter the classifier. The code loads no weights, and its {layers} dense layer "
        "replaces the original.",
        {"1024 outputs": set(outputs.values()) == {1024}, "added": len(ours) > 1},
    )
