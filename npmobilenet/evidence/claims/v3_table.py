"""The table of MobileNetV3 that Keras' docstring and the authors' README share."""

from __future__ import annotations

from ...cost.count import Cost
from .claim import Finding
from .counting import (
    counted,
    cut_in_millions,
    in_millions,
)

# Model, alpha -> millions of
# multiply-adds and of parameters
V3_TABLE = {
    ("v3-large", 1.0): ("217", "5.4"),
    ("v3-large", 0.75): ("155", "4.0"),
    ("v3-large-minimalistic", 1.0): ("209", "3.9"),
    ("v3-small", 1.0): ("66", "2.9"),
    ("v3-small", 0.75): ("44", "2.4"),
    ("v3-small-minimalistic", 1.0): ("65", "2.0"),
}


def judge_v3_table(dialect: str) -> Finding:
    """The printed rows beside what a dialect counts."""
    found = {case: counted(case[0], width=case[1], dialect=dialect) for case in V3_TABLE}
    parts = {f"{m} {a:g}": _fits(found[m, a], *V3_TABLE[m, a]) for m, a in V3_TABLE}
    small, narrow, plain = (
        found[case]
        for case in (("v3-small", 1.0), ("v3-small", 0.75), ("v3-small-minimalistic", 1.0))
    )
    return Finding(
        {"fit": sum(parts.values()), "rows": len(parts), "small": small.macs,
         "small_params": small.params.trainable, "narrow": narrow.macs,
         "narrow_params": narrow.params.trainable, "plain": plain.macs},
        "{fit} of {rows} rows fit. Printed for Small 66 M and 2.9 M: {small:,} and "
        "{small_params:,}; at 0.75 44 M and 2.4 M: {narrow:,} and {narrow_params:,}; "
        "minimalistic 65 M: {plain:,}.",
        parts,
    )  # fmt: skip


def _fits(found: Cost, macs: str, params: str) -> bool:
    """Rounded MACs; parameters as weights, cut or rounded, or as all that is trained."""
    weights, trained = found.params.weights, found.params.trainable
    return in_millions(found.macs, macs) and (
        in_millions(weights, params)
        or in_millions(trained, params)
        or cut_in_millions(weights, params)
    )
