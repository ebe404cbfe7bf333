"""MobileNetV1's two multipliers: what papers and tutorials say of them is judged here once."""

from __future__ import annotations

from .claim import Finding
from .counting import counted, listing


def scaling_by_alpha() -> Finding:
    """V1 at the paper's widths against alpha²."""
    full, alphas = counted("v1"), (0.75, 0.5, 0.25)
    small = {alpha: counted("v1", width=alpha) for alpha in alphas}
    macs = [found.macs / full.macs / alpha**2 for alpha, found in small.items()]
    params = [
        found.params.trainable / full.params.trainable / alpha**2 for alpha, found in small.items()
    ]
    return Finding(
        {"alphas": listing(alphas), "macs": listing(macs, ".2f"), "params": listing(params, ".2f")},
        "At alpha = {alphas} the MACs are {macs} times alpha², the parameters {params} times: "
        "depthwise layers, and above all the classifier, shrink only by alpha.",
        {"MACs, within a fifth": max(macs) < 1.2, "parameters, within a fifth": max(params) < 1.2},
    )


def scaling_by_rho() -> Finding:
    """V1 at the paper's resolutions against rho²."""
    full = counted("v1")
    small = {size: counted("v1", resolution=size) for size in (192, 160, 128)}
    off = [abs(c.macs / full.macs / (size / 224) ** 2 - 1) for size, c in small.items()]
    params = {c.params.trainable for c in small.values()}
    return Finding(
        {"sizes": listing(small), "off": 100 * max(off), "params": max(params)},
        "At {sizes} pixels the MACs are rho² times those at 224 to within {off:.1f} %; the "
        "parameters are {params:,} at all of them.",
        {"rho²": max(off) < 0.01, "parameters": params == {full.params.trainable}},
    )
