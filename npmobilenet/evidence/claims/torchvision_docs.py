"""The documentation of torchvision."""

from __future__ import annotations

from fractions import Fraction

from .claim import Finding, Source
from .counting import (
    BILLION,
    counted,
    listing,
    rounds,
)

SOURCE = Source("torchvision", "The documentation of torchvision")


@SOURCE.claim("mobilenet_v2 takes 0.30 GFLOPS, mobilenet_v3_large 0.22, mobilenet_v3_small 0.06.")
def gflops() -> Finding:
    printed = {"v2": "0.30", "v3-large": "0.22", "v3-small": "0.06"}
    found = {model: counted(model, dialect="torchvision") for model in printed}
    as_macs = all(rounds(Fraction(found[m].macs, BILLION), p) for m, p in printed.items())
    as_flops = all(rounds(Fraction(found[m].flops, BILLION), p) for m, p in printed.items())
    return Finding(
        {"macs": listing((c.macs for c in found.values()), ","),
         "flops": listing((c.flops for c in found.values()), ",")},
        "Billions of multiply-adds: {macs}. As operations, an addition and a multiplication "
        "each, it is {flops}.",
        {"as multiply-adds": as_macs, "as operations": as_flops},
        cases=True,
    )  # fmt: skip


@SOURCE.claim("num_params: 3,504,872, 5,483,032 and 2,542,856.")
def num_params() -> Finding:
    printed = {"v2": 3_504_872, "v3-large": 5_483_032, "v3-small": 2_542_856}
    found = {m: counted(m, dialect="torchvision").params.trainable for m in printed}
    return Finding(
        {"params": listing(found.values(), ",")},
        "{params}, trained parameters without running statistics.",
        {model: found[model] == params for model, params in printed.items()},
    )
