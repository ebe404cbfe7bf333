"""Tutorial c, its first half: MobileNetV1.  V2 follows in `tutorial_c_v2`."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from ...cost.count import cost
from ...cost.ratio import block_ratios
from ...models.layers import Conv, GlobalAveragePool, Pointwise
from ...models.network_plan import plan
from . import precision
from .claim import Finding, Source
from .counting import (
    blocks_of,
    conv,
    macs_of,
    of_kind,
    savings,
    weights,
)
from .scaling import scaling_by_alpha, scaling_by_rho

SOURCE = Source("tutorial-c", "Tutorial c: V1 and V2 in TensorFlow 2")


@SOURCE.claim("Separable over standard convolution costs 1/N + 1/Dk², in work and in parameters.")
def one_over_n() -> Finding:
    ratios = block_ratios(plan("v1"))
    first, last = ratios[0], ratios[-1]
    return Finding(
        {"blocks": len(ratios), "first": first.macs, "last": last.macs},
        "Counted layer by layer and as exact fractions, MACs and weights of V1's {blocks} "
        "blocks follow the formula: {first} in the first, {last} in the last.",
        {"work": all(r.formula == r.macs for r in ratios),
         "parameters": all(r.formula == r.weights for r in ratios)},
    )  # fmt: skip


@SOURCE.claim("That is a ninth to an eighth.")
def ninth_to_eighth() -> Finding:
    factors = [float(factor) for factor in savings(plan("v1"))]
    return Finding(
        {"least": min(factors), "most": max(factors)},
        "1/{most:.2f} to 1/{least:.2f} in V1's blocks.",
        {"1/9 to 1/8, rounded": all(8 <= round(factor) <= 9 for factor in factors)},
    )


@SOURCE.claim("MobileNetV1 does without any pooling layer.")
def no_pooling() -> Finding:
    network = plan("v1")
    pools = of_kind(network, GlobalAveragePool)
    sums = sum(prod(pool.input) for pool in pools)
    return Finding(
        {"pools": len(pools), "shape": " x ".join(map(str, pools[0].input)) if pools else "-",
         "share": 100 * sums / cost(network).macs},
        "There is {pools}: an average over {shape} before the classifier, as in the paper's "
        "Table 1. Its additions are {share:.3f} % of the MACs: nothing would be saved.",
        {"none": not pools},
    )  # fmt: skip


@SOURCE.claim(
    "A convolution of stride 2 for max-pooling and convolution: equal parameters, a quarter of "
    "the work."
)
def stride_for_pooling() -> Finding:
    shape, pooled = (56, 56, 64), (28, 28, 64)
    strided, after, before = conv(shape, 64, s=2), conv(shape, 64), conv(pooled, 64)

    def holds(other: Conv) -> bool:
        share = Fraction(strided.macs, other.macs)
        return share == Fraction(1, 4) and weights(strided) == weights(other)

    return Finding(
        {"weights": weights(strided), "strided": strided.macs, "after": after.macs,
         "before": before.macs},
        "From 56 x 56 x 64 to 28 x 28 x 64, {weights:,} weights each way: {strided:,} MACs with "
        "stride 2, {after:,} if a convolution is pooled, but {before:,} if, in the order it is "
        "written, pooling comes first: then the convolution works on the small map already.",
        {"convolution, then pooling": holds(after), "pooling, then convolution": holds(before)},
        cases=True,
    )  # fmt: skip


@SOURCE.claim("The width multiplier changes size and computation by about alpha squared.")
def alpha_squared() -> Finding:
    return scaling_by_alpha()


@SOURCE.claim("The resolution multiplier changes computation by rho squared and no parameters.")
def rho_squared() -> Finding:
    return scaling_by_rho()


@SOURCE.claim("Channels are alpha times the original, rounded to the nearest integer.")
def rounded_channels() -> Finding:
    def holds(model: str, width: float) -> bool:
        full, scaled = plan(model), plan(model, width=width)
        pairs = zip(full.layers, scaled.layers, strict=True)
        convolutions = [(a, b) for a, b in pairs if isinstance(a, Pointwise) and a.name != "last"]
        return all(round(a.output[-1] * width) == b.output[-1] for a, b in convolutions)

    cases = {"V1 at 0.75": ("v1", 0.75), "V1 at 0.7": ("v1", 0.7), "V2 at 0.75": ("v2", 0.75)}
    first, v2 = plan("v1", width=0.7), plan("v2", width=0.75)
    return Finding(
        {"v1": first["blocks.1.pointwise"].output[-1], "exact": 64 * 0.7,
         "v2": v2["blocks.2.project"].output[-1], "exact_v2": 24 * 0.75},
        "V1 cuts: {exact:.1f} become {v1} at 0.7, while at 0.75, 0.5 and 0.25 all rules agree. "
        "V2 takes multiples of 8: {exact_v2:g} become {v2} at 0.75.",
        {case: holds(*arguments) for case, arguments in cases.items()},
        cases=True,
    )  # fmt: skip


@SOURCE.claim("Most of a separable block's computation is in its pointwise half.")
def mostly_pointwise() -> Finding:
    blocks = blocks_of(plan("v1"))
    shares = [macs_of(*(x for x in b if isinstance(x, Pointwise))) / macs_of(*b) for b in blocks]
    return Finding(
        {"least": 100 * min(shares), "most": 100 * max(shares)},
        "{least:.0f} to {most:.0f} % of it in V1's blocks.",
        {"more than half": min(shares) > 0.5},
    )


@SOURCE.claim(
    "ReLU6 makes the model robust at low precision. (V2's paper, section 4, says so too.)"
)
def relu6_is_robust() -> Finding:
    half = {"weights": precision.float16, "stored": precision.float16}
    stored, coarse = {"stored": precision.eight_bits}, {"weights": precision.eight_bit_weights}
    even = precision.errors(uneven=False, half=half, stored=stored)
    uneven = precision.errors(uneven=True, half=half, stored=stored, coarse=coarse)
    found = {
        "float16": even["half"], "float16, strong channels": uneven["half"],
        "8-bit activations": even["stored"], "8-bit activations, strong channels": uneven["stored"],
        "8-bit weights, strong channels": uneven["coarse"],
    }  # fmt: skip
    texts = (f"{name} {100 * a:.2g} and {100 * b:.2g} %" for name, (a, b) in found.items())
    return Finding(
        {"errors": "; ".join(texts), "loud": precision.LOUD, "every": precision.EVERY,
         "halved": sum(b < a / 2 for a, b in found.values()), "cases": len(found)},
        "A separable network of random weights, error of its logits with ReLU and with ReLU6: "
        "{errors}. (Strong: one channel in {every} is {loud:g} times the others.) Error halved "
        "in {halved} of {cases}: the cut at 6 keeps a few strong channels from stretching the "
        "scale of 8-bit activations; float16's steps grow with the number anyway, and weights "
        "are not cut.",
        {name: b < a / 2 for name, (a, b) in found.items()},
        cases=True,
    )  # fmt: skip
