"""Tutorial c, its second half: MobileNetV2 in TensorFlow 2."""

from __future__ import annotations

from math import prod

from ...models.layers import Activation, Add, Depthwise, Pointwise
from ...models.network_plan import plan
from ...models.rows import V2
from .claim import Finding
from .counting import (
    blocks_of,
    counted,
    listing,
    of_block,
    of_kind,
)
from .tutorial_c import SOURCE

# parameters in the printed summary at alpha 0.75, from Conv to Logits
SUMMARY = (
    744, 760, 5568, 9456, 9456, 9456, 9456, 13008, 32736, 32736, 32736, 39744, 69840, 69840, 90768,
    185520, 185520, 272400, 234240, 961000,
)  # fmt: skip
SUMMARY_TOTALS = (2_264_984, 2_238_984, 26_000)  # total, trainable, non-trainable


@SOURCE.claim("V2 needs much less memory for activations during inference.")
def memory_of_v2() -> Finding:
    def largest(model: str, fused: bool) -> int:
        layers = [x for x in plan(model).layers if len(x.output) == 3]
        ends = {x.block: x for x in layers}.values()
        return max(prod(x.output) for x in (ends if fused else layers))

    sizes = {
        name: [largest(model, name == "fused") for model in ("v1", "v2")]
        for name in ("fused", "plain")
    }
    (v1, v2), (plain_v1, plain_v2) = sizes["fused"], sizes["plain"]
    return Finding(
        {"v1": v1, "v2": v2, "plain_v1": plain_v1, "plain_v2": plain_v2,
         "less": v1 / v2, "more": plain_v2 / plain_v1},
        "If a block's wide inside is never stored whole, the largest tensor shrinks from {v1:,} "
        "to {v2:,} numbers, {less:.1f} times, to the stem's output. Layer by layer it grows "
        "from {plain_v1:,} to {plain_v2:,}, {more:.1f} times.",
        {"block by block": v2 < v1 / 1.5, "layer by layer": plain_v2 < plain_v1 / 1.5},
        cases=True,
    )  # fmt: skip


@SOURCE.claim(
    "ResNet's bottleneck is thin at the ends and thick in the middle, V2's block an hourglass."
)
def thick_and_thin() -> Finding:
    block = blocks_of(plan("v2"))[2]
    ends, middle = block[0].input[-1], max(x.output[-1] for x in block)
    resnet = (256, 64)  # He et al. 2016, figure 5: 1x1 to 64, 3x3, 1x1 to 256
    return Finding(
        {"ends": ends, "middle": middle, "wide": resnet[0], "narrow": resnet[1]},
        "The other way round. ResNet-50: {wide} - {narrow} - {narrow} - {wide}; V2's third "
        "block: {ends} - {middle} - {middle} - {ends}.",
        {"ResNet": resnet[1] > resnet[0], "V2": middle < ends},
    )


@SOURCE.claim("V2 widens, filters, then narrows; the first block, of t = 1, has no 1x1 before.")
def order_in_a_block() -> Finding:
    blocks = blocks_of(plan("v2"))
    orders = [
        [x.name.split(".")[2] for x in b if isinstance(x, Pointwise | Depthwise)] for b in blocks
    ]
    whole = sum(order == ["expand", "depthwise", "project"] for order in orders)
    return Finding(
        {"blocks": len(orders), "whole": whole, "first": len(orders[0])},
        "{whole} of {blocks} blocks expand, filter and project; the first has {first} "
        "convolutions.",
        {
            "the others": whole == len(orders) - 1,
            "the first": orders[0] == ["depthwise", "project"],
        },
    )


@SOURCE.claim("There is a shortcut only where the stride is 1 and the shapes agree.")
def shortcuts() -> Finding:
    agree, adds, blocks = 0, 0, blocks_of(plan("v2"))
    for block in blocks:
        dw = next(x for x in block if isinstance(x, Depthwise))
        possible = dw.stride == (1, 1) and block[0].input == block[-1].output
        present = any(isinstance(x, Add) for x in block)
        agree, adds = agree + (possible == present), adds + present
    return Finding(
        {"adds": adds, "blocks": len(blocks)},
        "So it is: {adds} of V2's {blocks} blocks add their input.",
        {"where": agree == len(blocks)},
    )


@SOURCE.claim("The second pointwise convolution of a block is linear: no ReLU6 follows it.")
def linear_projection() -> Finding:
    network = plan("v2")
    after = [x for x in of_kind(network, Activation) if ".project" in x.name]
    inside = [x for x in of_kind(network, Activation) if x.name.startswith("blocks.")]
    return Finding(
        {"inside": len(inside), "after": len(after), "blocks": len(blocks_of(network))},
        "{inside} activations in V2's {blocks} blocks, {after} of them behind a projection.",
        {"none": bool(inside) and not after},
    )


@SOURCE.claim("The paper expands six times.")
def expansion_of_six() -> Finding:
    factors = [row.t for row in V2]
    blocks = sum(row.n for row in V2 if row.t == 6)
    return Finding(
        {"factors": listing(factors), "blocks": blocks, "all": sum(row.n for row in V2)},
        "t in the rows of its Table 2: {factors}. {blocks} of {all} blocks.",
        {"rows after the first": set(factors[1:]) == {6}, "the first": factors[0] == 6},
    )


@SOURCE.claim("The network fits images of other sizes.")
def other_sizes() -> Finding:
    sizes = (96, 128, 160, 192, 224)
    arrays = [plan("v2", resolution=size).arrays for size in sizes]
    return Finding(
        {"sizes": listing(sizes), "arrays": len(arrays[0])},
        "At {sizes} pixels V2 has the same {arrays} arrays of the same shapes: pooling takes "
        "any map.",
        {"same arrays": all(found == arrays[0] for found in arrays)},
    )


@SOURCE.claim("The printed summary is what the printed code builds at alpha 0.75.")
def printed_summary() -> Finding:
    found = counted("v2", width=0.75, dialect="tutorial-c")
    rows = [of_block(found, name).params.total for name in
            ("stem", *(f"blocks.{n}" for n in range(1, 18)), "last", "classifier")]  # fmt: skip
    equal = sum(a == b for a, b in zip(rows, SUMMARY, strict=True))
    totals = (found.params.total, found.params.trainable, found.params.bn_stats)
    return Finding(
        {"rows": len(rows), "equal": equal, "total": totals[0]},
        "{equal} of {rows} rows agree, and the totals: {total:,}.",
        {"rows": equal == len(SUMMARY), "totals": totals == SUMMARY_TOTALS},
    )


@SOURCE.claim("It is the summary of MobileNetV2 0.75.")
def summary_of_v2() -> Finding:
    found = counted("v2", width=0.75)
    last, theirs = (plan("v2", width=0.75, dialect=d)["last"] for d in ("paper", "tutorial-c"))
    return Finding(
        {"total": found.params.total, "trainable": found.params.trainable,
         "last": last.output[-1], "theirs": theirs.output[-1]},
        "V2 0.75 has {total:,} parameters, {trainable:,} trainable: its last convolution keeps "
        "{last} channels where alpha is below 1, this code's has {theirs}.",
        {"the same totals": (found.params.total, found.params.trainable) == SUMMARY_TOTALS[:2]},
    )  # fmt: skip


@SOURCE.claim("The printed class, at alpha 1, is MobileNetV2 as Keras has it.")
def printed_class() -> Finding:
    theirs, keras = (counted("v2", dialect=name) for name in ("tutorial-c", "keras"))
    eps = [found.plan.dialect.bn_eps for found in (theirs, keras)]
    variance = 0.01
    factor = ((variance + eps[1]) / (variance + eps[0])) ** 0.5
    return Finding(
        {"total": theirs.params.total, "eps": eps[0], "keras": eps[1], "variance": variance,
         "factor": factor},
        "The same {total:,} parameters, but batch normalisation adds {eps:g} where Keras adds "
        "{keras:g}: with Keras' weights a channel of variance {variance:g} would come out "
        "{factor:.3f} times too strong.",
        {"arrays": theirs.plan.arrays == keras.plan.arrays, "epsilon": eps[0] == eps[1]},
    )  # fmt: skip
