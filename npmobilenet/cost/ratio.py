"""The papers' cost formula, separable / standard = 1/N + 1/Dk², as exact fractions.

Standard, K x K from M to N channels on a map of D x D:        K K M N D D
Depthwise and then pointwise:                          K K M D D + M N D D

The quotient is 1/N + 1/K² for MACs and for weights alike (MobileNetV1, section 3.1).  M and D drop
out: only how many filters there are, and how large, decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod

from ..models.layers import Depthwise, Pointwise
from ..models.network_plan import Plan, check_plan
from ..ops import checks


def separable_ratio(*, k: int | tuple[int, int], n: int) -> Fraction:
    """1/N + 1/(Ku Kv): a separable block's cost over the standard convolution's, exactly.

    k  the filter's size in pixels: (Ku, Kv), or one number for both
    n  N, how many filters the pointwise half has

    Returns a Fraction, of MACs and of weights alike: k=3, n=64 give 73/576.  ValueError, naming the
    argument, for what is no positive integer.  (MobileNetV1, arXiv:1704.04861, section 3.1.)
    """
    area = prod(checks.pair("separable_ratio", "k", k))
    n = checks.positive("separable_ratio", "n", n)
    return Fraction(1, n) + Fraction(1, area)


@dataclass(frozen=True)
class BlockRatio:
    """One separable block: what the formula says, and what counting its layers gives.

    name            of the block
    formula         1/N + 1/(Ku Kv)
    macs            MACs of the depthwise and pointwise layers, over those of a standard convolution
    weights         the same of weights
    separable_macs  MACs for one image of the two layers
    standard_macs   MACs for one image of the standard convolution in their place
    """

    name: str
    formula: Fraction
    macs: Fraction
    weights: Fraction
    separable_macs: int
    standard_macs: int


def block_ratios(plan: Plan) -> list[BlockRatio]:
    """Formula and count, side by side, for every depthwise layer whose map a pointwise layer then mixes.

    plan  what `npmobilenet.plan` returned

    Returns a list of `BlockRatio`, in the order of the layers.  TypeError where plan is none.
    (MobileNetV1, arXiv:1704.04861, section 3.1; its Table 1 has 13 such blocks.)
    """
    check_plan(plan)
    found = []
    convolutions = [layer for layer in plan.layers if layer.arrays and layer.macs]
    for dw, pw in pairwise(convolutions):
        if not (isinstance(dw, Depthwise) and isinstance(pw, Pointwise)):
            continue
        dw_weights, pw_weights = prod(dw.arrays["weight"]), prod(pw.arrays["weight"])
        standard_weights = prod(dw.arrays["weight"]) * pw.filters
        standard_macs = standard_weights * prod(pw.output[:2])
        found.append(
            BlockRatio(
                name=dw.name.rpartition(".")[0],
                formula=separable_ratio(k=dw.kernel, n=pw.filters),
                macs=Fraction(dw.macs + pw.macs, standard_macs),
                weights=Fraction(dw_weights + pw_weights, standard_weights),
                separable_macs=dw.macs + pw.macs,
                standard_macs=standard_macs,
            )
        )
    return found
