"""Tutorial b: MobileNetV3 with PaddleClas."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...models.layers import Activation, Depthwise, Pointwise
from ...models.network_plan import plan
from . import tails
from .claim import Finding, Number, Source
from .counting import block_of, blocks_of, counted, listing, macs_of, of_kind, part_of, weights_of

SOURCE = Source("tutorial-b", "Tutorial b: V3 with PaddleClas")

# V3's Table 1, column "input" of its 15 bneck rows: pixels on a side, channels
TABLE_1_INPUT = (
    *((112, 16),) * 2, *((56, 24),) * 2, *((28, 40),) * 3, *((14, 80),) * 4, *((14, 112),) * 2,
    *((7, 160),) * 2,
)  # fmt: skip
# the activations of a block that are not part of squeeze-and-excite
OPEN = ("expand_activation", "depthwise_activation")


@SOURCE.claim("Squeeze-and-excite adds a small number of parameters.")
def few_parameters_of_se() -> Finding:
    share: dict[str, float] = {}
    numbers: dict[str, Number] = {}
    for model, short in (("v3-large", "large"), ("v3-small", "small")):
        whole = counted(model)
        gates = part_of(whole, ".squeeze", ".excite")
        share[short] = gates.params.trainable / whole.params.trainable
        numbers |= {f"{short}": gates.params.trainable, f"{short}_of": whole.params.trainable,
                    f"{short}_share": 100 * share[short],
                    f"{short}_macs": 100 * gates.macs / whole.macs}  # fmt: skip
    return Finding(
        numbers,
        "{large:,} of V3-Large's {large_of:,} ({large_share:.1f} %) and {small:,} of V3-Small's "
        "{small_of:,} ({small_share:.1f} %). What is small is their work: {large_macs:.1f} and "
        "{small_macs:.1f} % of the MACs.",
        {f"V3-{model}: below a tenth": part < 0.1 for model, part in share.items()},
    )


@SOURCE.claim("The new tail greatly reduces the network's parameters.")
def tail_parameters() -> Finding:
    old, new = (weights_of(*stage) for stage in (tails.original(), tails.efficient()))
    return Finding(
        {"old": old, "new": new, "more": new - old},
        "From the 160 channels to the classes the old tail has {old:,} weights, the new one "
        "{new:,}: {more:,} more. It saves work, not parameters.",
        {"fewer": new < old},
    )


@SOURCE.claim("Before the pooling V2's tail has four convolutions where V3's has one.")
def tail_convolutions() -> Finding:
    v2, v3 = plan("v2"), plan("v3-large")
    tail = [x for x in (*block_of(v2, 17), v2["last"]) if isinstance(x, Pointwise | Depthwise)]
    pool = [x.name for x in v3.layers].index("pool")
    last = [x for x in v3.layers[:pool] if x.block == "last" and isinstance(x, Pointwise)]
    return Finding(
        {"v2": len(tail), "v3": len(last)},
        "V2's last block and its 1x1 convolution: {v2}; V3's after its last block: {v3}.",
        {"four": len(tail) == 4, "one": len(last) == 1},
    )


@SOURCE.claim("The column 'input' of V3-Large's table is the shape that a row puts out.")
def input_column() -> Finding:
    blocks = blocks_of(plan("v3-large"))
    printed = [(size, size, channels) for size, channels in TABLE_1_INPUT]
    inputs = sum(block[0].input == row for block, row in zip(blocks, printed, strict=True))
    outputs = sum(block[-1].output == row for block, row in zip(blocks, printed, strict=True))
    return Finding(
        {"rows": len(blocks), "inputs": inputs, "outputs": outputs},
        "Of the {rows} rows of blocks, {inputs} show what goes in; {outputs} of these blocks "
        "put out the same shape, so that there both readings fit.",
        {"the output": outputs == len(blocks)},
    )


@SOURCE.claim("Hard-swish is very close to swish, but its gradient jumps.")
def kinks_of_hard_swish() -> Finding:
    x = np.linspace(-6, 6, 12_001)
    gap = np.abs(ops.hard_swish(x)[0] - ops.swish(x)[0]).max()
    jumps = {}
    for at in (-3.0, 3.0):
        beside = np.array([at - 1e-9, at + 1e-9])
        y = (ops.hard_swish_backward, ops.swish_backward)
        forward = (ops.hard_swish, ops.swish)
        jumps[at] = [
            float(abs(np.diff(b(np.ones(2), f(beside)[1]))[0]))
            for f, b in zip(forward, y, strict=True)
        ]
    hard, smooth = (max(jump[i] for jump in jumps.values()) for i in (0, 1))
    return Finding(
        {"gap": float(gap), "hard": hard, "smooth": round(smooth, 6)},
        "They differ by at most {gap:.2f}. At -3 and 3 hard-swish's gradient jumps by "
        "{hard:.2f}, swish's by {smooth:g}. (The paper found no difference in accuracy, section "
        "5.2.)",
        {
            "close": bool(gap < 0.2),
            "its gradient jumps": hard > 0.1,
            "swish's does not": smooth < 1e-6,
        },
    )


@SOURCE.claim("The front half of the network uses ReLU, the deeper half hard-swish.")
def where_hard_swish_is() -> Finding:
    network = plan("v3-large")
    stem = of_kind(network, Activation)[0].function
    used = [
        {x.function for x in block if isinstance(x, Activation) and x.name.endswith(OPEN)}
        for block in blocks_of(network)
    ]
    relu = [n for n, functions in enumerate(used, 1) if functions == {"relu"}]
    hard = [n for n, functions in enumerate(used, 1) if functions == {"hard_swish"}]
    return Finding(
        {"relu": len(relu), "hard": len(hard), "first": hard[0] if hard else 0, "stem": stem},
        "Of V3-Large's blocks the first {relu} use ReLU, the {hard} from block {first} on "
        "hard-swish; but the stem, in front of them all, uses {stem}.",
        {"blocks": bool(relu) and relu[-1] < hard[0] and len(relu) + len(hard) == len(used),
         "stem": stem == "relu"},
    )  # fmt: skip


@SOURCE.claim("The first convolution makes 16 channels.")
def stem_channels() -> Finding:
    stem = plan("v3-large", dialect="tutorial-b")["stem"]
    return Finding(
        {"filters": stem.output[-1], "size": stem.output[0]},
        "{filters} channels of {size} x {size}.",
        {"16": stem.output[-1] == 16},
    )


@SOURCE.claim("The printed class is the paper's MobileNetV3.")
def printed_class() -> Finding:
    pairs = {
        model: (counted(model, dialect="tutorial-b"), counted(model))
        for model in ("v3-large", "v3-small")
    }
    (large, large_paper), (small, small_paper) = pairs.values()
    return Finding(
        {"large": large.params.trainable, "large_paper": large_paper.params.trainable,
         "large_macs": large.macs, "large_macs_paper": large_paper.macs,
         "small": small.params.trainable, "small_paper": small_paper.params.trainable},
        "PaddleClas' variant: Large has {large:,} parameters and {large_macs:,} MACs (the "
        "paper's {large_paper:,} and {large_macs_paper:,}), Small {small:,} (the paper's "
        "{small_paper:,}). A 1x1 convolution in the first block, squeezes of exp // 4, no bias "
        "in the last convolution, and in Small a head of 1280.",
        {model: a.params == b.params and a.macs == b.macs for model, (a, b) in pairs.items()},
    )  # fmt: skip


@SOURCE.claim("Separable convolutions, of which V3 is made, reduce the parameters greatly.")
def separable_share() -> Finding:
    blocks = blocks_of(plan("v3-large"))
    factors = []
    for block in blocks:
        dw = next(x for x in block if isinstance(x, Depthwise))
        pw = next(x for x in block if x.name.endswith(".project"))
        standard = weights_of(dw) * pw.output[-1]
        factors.append(standard / weights_of(dw, pw))
    return Finding(
        {"least": min(factors), "most": max(factors), "blocks": len(blocks)},
        "In V3-Large's {blocks} blocks the depthwise layer and the projection have {least:.1f} to "
        "{most:.1f} times fewer weights than one standard convolution between the same channels.",
        {"several times": min(factors) > 3},
    )


@SOURCE.claim("The tail ends in a vector of one number a class, 1000 for ImageNet.")
def thousand_classes() -> Finding:
    shapes = {
        name: plan("v3-large", dialect=name).layers[-1].output for name in ("tutorial-b", "paper")
    }
    return Finding(
        {"outputs": listing(shape[0] for shape in shapes.values()),
         "macs": macs_of(plan("v3-large").layers[-1])},
        "PaddleClas' and the paper's classifiers put out {outputs} numbers, for {macs:,} MACs.",
        {"1000": all(shape == (1000,) for shape in shapes.values())},
    )  # fmt: skip
