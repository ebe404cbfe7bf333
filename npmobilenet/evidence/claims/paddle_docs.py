"""The documentation of PaddleClas."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from ...cost.count import Cost
from ...models.network_plan import plan
from .claim import Finding, Source
from .counting import (
    BILLION,
    counted,
    cuts,
)

SOURCE = Source("paddle", "The documentation of PaddleClas")

# PaddleClas' pages: model, scale -> "FLOPs(G)"
TABLE = {
    ("v1", 0.25): "0.07", ("v1", 0.5): "0.28", ("v1", 0.75): "0.63", ("v1", 1.0): "1.11",
    ("v2", 0.25): "0.05", ("v2", 0.5): "0.17", ("v2", 0.75): "0.35", ("v2", 1.0): "0.60",
    ("v2", 2.0): "2.32",
}  # fmt: skip


@SOURCE.claim("FLOPs (G): 1.11 for MobileNetV1, 0.60 for V2.")
def flops_of_paddle() -> Finding:
    found = {case: counted(case[0], width=case[1], dialect="paddle") for case in TABLE}
    factors = [Fraction(p) * BILLION / found[case].macs for case, p in TABLE.items()]
    inner = {case: Fraction(2 * _between(c), BILLION) for case, c in found.items()}
    cut = sum(cuts(inner[case], printed) for case, printed in TABLE.items())
    v1 = found["v1", 1.0]
    return Finding(
        {"macs": v1.macs, "least": float(min(factors)), "most": float(max(factors)), "cut": cut,
         "rows": len(found)},
        "MobileNetV1 has {macs:,} multiply-adds; over V1's and V2's {rows} rows the column is "
        "{least:.2f} to {most:.2f} times ours. Two operations for each multiply-add between stem and "
        "classifier, cut, give {cut} of the {rows} numbers: a rule inferred from them, for the pages "
        "name none.",
        {"as multiply-adds": all(0.9 < factor < 1.1 for factor in factors),
         "as two operations each, stem and classifier left out": cut == len(found)},
        cases=True,
    )  # fmt: skip


def _between(found: Cost) -> int:
    """MACs without the stem and the classifier."""
    return sum(x.macs for x in found.layers if x.name not in ("stem", "classifier"))


@SOURCE.claim(
    "V3's 1x1 after the pooling greatly raises the parameters but hardly the computation."
)
def after_the_pooling() -> Finding:
    found = counted("v3-large", dialect="paddle")
    head = next(x for x in found.layers if x.name == "head")
    weights = prod(plan("v3-large", dialect="paddle")["head"].arrays["weight"])
    share, work = weights / found.params.trainable, head.macs / found.macs
    return Finding(
        {"weights": weights, "share": 100 * share, "work": 100 * work},
        "{weights:,} weights, {share:.0f} % of V3-Large, and {work:.1f} % of its MACs.",
        {"parameters": share > 0.1, "computation": work < 0.01},
    )
