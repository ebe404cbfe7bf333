"""MobileNetV2's paper (arXiv:1801.04381)."""

from __future__ import annotations

from ...models.layers import Depthwise
from ...models.network_plan import plan
from ...models.rows import V2
from ..spiral import DIMENSIONS, embeddings, share_lost
from .claim import Finding, Source
from .counting import (
    blocks_of,
    counted,
    cut_in_millions,
    in_millions,
    listing,
    macs_of,
    savings,
)

SOURCE = Source("v2", "The paper of MobileNetV2 (arXiv:1801.04381)")

# Table 3: pixels on a side -> channels at most and memory in Kb of 16-bit numbers, V1 and V2
TABLE_3 = {
    112: ((64, 1600), (16, 400)),
    56: ((128, 800), (32, 200)),
    28: ((256, 400), (64, 100)),
    14: ((512, 200), (160, 62)),
    7: ((1024, 199), (320, 32)),
}


@SOURCE.claim("Section 4: there are 19 residual bottleneck layers.")
def nineteen_bottlenecks() -> Finding:
    blocks, rows = len(blocks_of(plan("v2"))), sum(row.n for row in V2)
    return Finding(
        {"blocks": blocks, "rows": rows, "macs": counted("v2").macs},
        "Its own Table 2 repeats its rows {rows} times in all, and the {macs:,} MACs that it "
        "prints as 300 M are those of {blocks} blocks.",
        {"19": blocks == 19},
    )


@SOURCE.claim(
    "Section 3.1: separable layers compute almost Dk² times less: 8 to 9 times for 3 x 3."
)
def almost_nine() -> Finding:
    factors = [float(factor) for factor in savings(plan("v2"))]
    rest = [factor for factor in factors if round(factor) not in (8, 9)]
    return Finding(
        {"least": min(factors), "most": max(factors), "rest": len(rest), "blocks": len(factors)},
        "Below 9 always, but how near depends on the pointwise filters: {least:.1f} to "
        "{most:.1f} times in V2's own blocks, whose projections are narrow; {rest} of {blocks} "
        "are below 8.",
        {"below Dk²": max(factors) < 9, "8 to 9 times": not rest},
    )


@SOURCE.claim("Section 3.3: a block takes h w d' t (d' + k² + d'') multiply-adds.")
def cost_of_a_block() -> Finding:
    equal: dict[str, list[bool]] = {"stride 1": [], "stride 2": [], "t = 1": []}
    for block, row in zip(blocks_of(plan("v2")), [r for r in V2 for _ in range(r.n)], strict=True):
        height, width, into = block[0].input
        dw = next(x for x in block if isinstance(x, Depthwise))
        formula = height * width * into * row.t * (into + 9 + block[-1].output[-1])
        case = "t = 1" if row.t == 1 else f"stride {dw.stride[0]}"
        equal[case].append(formula == macs_of(*block))
    holds = {case: sum(found) for case, found in equal.items()}
    return Finding(
        {"plain": holds["stride 1"], "plain_of": len(equal["stride 1"]),
         "strided": holds["stride 2"], "strided_of": len(equal["stride 2"])},
        "Exact in {plain} of {plain_of} blocks of stride 1 and in {strided} of {strided_of} of "
        "stride 2, which filter and project at a quarter of the pixels; the first block, t = 1, "
        "expands nothing.",
        {case: all(found) for case, found in equal.items()},
        cases=True,
    )  # fmt: skip


@SOURCE.claim("Section 4: multipliers below 1 leave the last convolution as it is.")
def last_convolution() -> Finding:
    readme = {0.35: "1.66", 0.5: "1.95", 0.75: "2.61"}  # the authors' README, million parameters
    kept = {a: counted("v2", width=a).params.weights for a in readme}
    scaled = {a: counted("v2", width=a, dialect="tutorial-c").params.weights for a in readme}
    return Finding(
        {"kept": listing(kept.values(), ","), "scaled": listing(scaled.values(), ",")},
        "At 0.35, 0.5 and 0.75 that gives {kept} weights, as the authors publish; scaled with "
        "the rest it would be {scaled}.",
        {"kept": all(in_millions(kept[a], readme[a]) for a in readme),
         "not scaled": not any(in_millions(scaled[a], readme[a]) for a in readme)},
    )  # fmt: skip


@SOURCE.claim(
    "Section 4: from 96 pixels and 0.35 to 224 and 1.4 the cost ranges from 7 [M] to 585 M."
)
def range_of_costs() -> Finding:
    least = counted("v2", width=0.35, resolution=96).macs
    most = counted("v2", width=1.4, resolution=224).macs
    quarter = counted("v2", width=0.25, resolution=96).macs
    return Finding(
        {"least": least, "most": most, "quarter": quarter},
        "{least:,} to {most:,} MACs. The M after the 7 is missing, and 7 M would be a narrower "
        "network: {quarter:,} at alpha 0.25.",
        {"7 M": cut_in_millions(least, "7"), "585 M": in_millions(most, "585")},
    )


@SOURCE.claim("Table 4: at 1.4 it has 6.9 M parameters and 585 M mult-adds.")
def wide_network() -> Finding:
    found = counted("v2", width=1.4)
    return Finding(
        {"params": found.params.total, "trainable": found.params.trainable, "macs": found.macs},
        "{trainable:,} parameters ({params:,} with running statistics) and {macs:,} MACs.",
        {"6.9": in_millions(found.params.total, "6.9") or in_millions(found.params.trainable, "6.9"),
         "585": in_millions(found.macs, "585")},
    )  # fmt: skip


@SOURCE.claim("Table 4: at 1.0 it has 3.4 M parameters and 300 M mult-adds.")
def base_network() -> Finding:
    found = counted("v2")
    weights = found.params.weights
    return Finding(
        {"weights": weights, "macs": found.macs},
        "{weights:,} weights and {macs:,} MACs: both printed numbers are cut.",
        {"rounded": in_millions(weights, "3.4") and in_millions(found.macs, "300"),
         "cut": cut_in_millions(weights, "3.4") and cut_in_millions(found.macs, "300")},
        cases=True,
    )  # fmt: skip


@SOURCE.claim("Table 4: MobileNetV1 has 4.2 M parameters and 575 M mult-adds.")
def v1_beside_it() -> Finding:
    found = counted("v1")
    return Finding(
        {"params": found.params.trainable, "macs": found.macs},
        "{params:,} parameters; {macs:,} MACs, and V1's paper says 569 M.",
        {"4.2": in_millions(found.params.trainable, "4.2"), "575": in_millions(found.macs, "575")},
    )


@SOURCE.claim("Table 3: V1 has at most 64, 128, 256, 512, 1024 channels from 112 to 7 pixels.")
def channels_of_v1() -> Finding:
    found = _channels("v1")
    printed = {size: cells[0][0] for size, cells in TABLE_3.items()}
    return Finding(
        {"found": listing(found.values())},
        "{found} channels.",
        {str(size): found[size] == printed[size] for size in printed},
    )


@SOURCE.claim("Table 3: V2 has at most 16, 32, 64, 160, 320 channels from 112 to 7 pixels.")
def channels_of_v2() -> Finding:
    found = _channels("v2")
    printed = {size: cells[1][0] for size, cells in TABLE_3.items()}
    return Finding(
        {"found": listing(found.values()), "printed": listing(printed.values())},
        "Its blocks put out {found}: the printed {printed} stand one resolution too high in the "
        "middle, as if the first block of a row did not halve the map.",
        {str(size): found[size] == printed[size] for size in printed},
    )


@SOURCE.claim("Table 3: V1's largest tensor at 7 pixels takes 199 Kb.")
def memory_of_v1() -> Finding:
    printed = {size: cells[0][1] for size, cells in TABLE_3.items()}
    kilobytes = {size: 2 * size**2 * channels / 1000 for size, channels in _channels("v1").items()}
    off = {size: abs(kilobytes[size] / memory - 1) for size, memory in printed.items()}
    rest = max(off[size] for size in off if size != 7)
    return Finding(
        {"memory": kilobytes[7], "rest": 100 * rest},
        "7 x 7 x 1024 numbers of 16 bits are {memory:.0f} Kb. (The other cells of the column agree "
        "to {rest:.1f} %.)",
        {"199": off[7] < 0.02},
    )


def _channels(model: str) -> dict[int, int]:
    """Pixels on a side -> most channels that a block puts out."""
    found: dict[int, int] = {}
    for block in blocks_of(plan(model)):
        size, _, channels = block[-1].output
        found[size] = max(channels, found.get(size, 0))
    return found


@SOURCE.claim("Section 3.2: ReLU destroys what lies in few dimensions, and preserves it in many.")
def relu_and_dimensions() -> Finding:
    lost = {n: share_lost(embeddings(n)) for n in DIMENSIONS}
    return Finding(
        {"dimensions": listing(lost), "lost": listing((100 * x for x in lost.values()), ".0f")},
        "The paper's spiral in the plane, embedded by 100 random matrices in {dimensions} "
        "dimensions: after ReLU {lost} % of its points cannot be told from their coordinates, "
        "of which fewer than two are left.",
        {"few": lost[2] > 0.5, "many": lost[30] < 0.01},
    )
