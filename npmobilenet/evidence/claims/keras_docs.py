"""The documentation of Keras."""

from __future__ import annotations

from fractions import Fraction

from ...models.layers import Activation, BatchNorm, Conv, Dense, Depthwise, Pointwise
from ...models.network_plan import plan
from .claim import Finding, Source
from .counting import (
    blocks_of,
    counted,
    depthwise,
    in_millions,
    listing,
    macs_of,
    of_kind,
    pointwise,
    rounds,
    weights_of,
)
from .v3_table import judge_v3_table

SOURCE = Source("keras", "The documentation of Keras")


@SOURCE.claim("MobileNet 1.0 takes 529 million multiply-adds at 224, 192, 160 and 128 pixels.")
def the_same_529() -> Finding:
    found = {
        size: counted("v1", resolution=size, dialect="keras").macs for size in (224, 192, 160, 128)
    }
    return Finding(
        {"macs": listing(found.values(), ",")},
        "{macs} MACs.",
        {str(size): in_millions(macs, "529") for size, macs in found.items()},
    )


@SOURCE.claim(
    "MobileNet 0.75, 0.5, 0.25: 325, 149, 41 million multiply-adds; 2.6, 1.3, 0.5 M parameters."
)
def narrower_v1() -> Finding:
    printed = {0.75: ("325", "2.6"), 0.5: ("149", "1.3"), 0.25: ("41", "0.5")}
    found = {alpha: counted("v1", width=alpha, dialect="keras") for alpha in printed}
    return Finding(
        {"macs": listing((c.macs for c in found.values()), ","),
         "params": listing((c.params.trainable for c in found.values()), ",")},
        "{macs} MACs; {params} parameters.",
        {f"{alpha:g}": in_millions(found[alpha].macs, macs)
         and in_millions(found[alpha].params.trainable, params)
         for alpha, (macs, params) in printed.items()},
    )  # fmt: skip


@SOURCE.claim("MobileNet's depth_multiplier is what the paper calls the resolution multiplier.")
def depth_multiplier() -> Finding:
    one, two = _with_depth_multiplier(1), _with_depth_multiplier(2)
    half = counted("v1", resolution=112)
    full = counted("v1")
    return Finding(
        {"one": one[1], "two": two[1], "times": two[0] / one[0], "rho": full.macs / half.macs,
         "params": half.params.weights},
        "It gives every depthwise layer more filters: at 2 the blocks have {two:,} weights "
        "instead of {one:,} and {times:.1f} times the MACs. The paper's rho shrinks the image: "
        "half of it leaves the {params:,} weights and divides the MACs by {rho:.1f}.",
        {"weights untouched": one[1] == two[1]},
    )  # fmt: skip


def _with_depth_multiplier(multiplier: int) -> tuple[int, int]:
    """MACs and weights of V1's blocks if each input channel had so many depthwise filters."""
    macs = weights = 0
    for block in blocks_of(plan("v1")):
        dw = next(x for x in block if isinstance(x, Depthwise))
        pw = next(x for x in block if isinstance(x, Pointwise))
        height, width, channels = dw.input
        # the filters of one channel lie beside each other: as if the channel came in several times
        filtered = depthwise((height, width, multiplier * channels), s=dw.stride[0])
        mixed = pointwise(filtered.output, pw.filters)
        macs += macs_of(filtered, mixed)
        weights += weights_of(filtered, mixed)
    return macs, weights


@SOURCE.claim("V3's table of multiply-adds and parameters.")
def v3_table() -> Finding:
    return judge_v3_table("keras")


@SOURCE.claim("Depth 55 and 105: all layers of V1 and V2, activations and normalisations included.")
def depth_of_networks() -> Finding:
    printed = {"v1": 55, "v2": 105}
    trained, active = {}, {}
    for model in printed:
        network = plan(model, dialect="keras")
        kinds = {
            kind: len(of_kind(network, kind))
            for kind in (Conv, Depthwise, Pointwise, Dense, BatchNorm)
        }
        trained[model] = sum(kinds.values())
        active[model] = trained[model] + len(of_kind(network, Activation))
    return Finding(
        {"v1": trained["v1"], "v2": trained["v2"], "active1": active["v1"], "active2": active["v2"]},
        "{v1} and {v2} are the layers with parameters: convolutions, normalisations, "
        "classifier; with activations it would be {active1} and {active2}.",
        {"normalisations": trained == printed, "activations": active == printed},
    )  # fmt: skip


@SOURCE.claim("MobileNet has 4.3 M parameters and weighs 16 MB, V2 3.5 M and 14 MB.")
def megabytes() -> Finding:
    totals = {model: counted(model, dialect="keras").params.total for model in ("v1", "v2")}
    mib = {model: Fraction(4 * total, 2**20) for model, total in totals.items()}
    return Finding(
        {"v1": totals["v1"], "v2": totals["v2"], "mib1": float(mib["v1"]), "mib2": float(mib["v2"])},
        "{v1:,} and {v2:,} with running statistics; as float32 {mib1:.1f} and {mib2:.1f} MiB.",
        {"parameters": in_millions(totals["v1"], "4.3") and in_millions(totals["v2"], "3.5"),
         "size": rounds(mib["v1"], "16") and rounds(mib["v2"], "14")},
    )  # fmt: skip
