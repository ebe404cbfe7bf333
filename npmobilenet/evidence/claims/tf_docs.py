"""The pages of the authors' TensorFlow code."""

from __future__ import annotations

from .claim import Finding, Source
from .counting import (
    counted,
    cut_in_millions,
    in_millions,
)
from .v3_table import judge_v3_table

SOURCE = Source("tf", "The pages of the authors' TensorFlow code")

# mobilenet_v1.md: alpha -> million MACs at 224, 192, 160 and 128 pixels
V1_TABLE = {
    1.0: ("569", "418", "291", "186"),
    0.75: ("317", "233", "162", "104"),
    0.5: ("150", "110", "77", "49"),
    0.25: ("41", "34", "21", "14"),
}

# mobilenet/README.md: alpha, pixels -> million MACs of V2
V2_TABLE = {
    (1.4, 224): "582", (1.3, 224): "509", (1.0, 224): "300", (1.0, 192): "221", (1.0, 96): "56",
    (0.75, 224): "209", (0.75, 192): "153", (0.75, 96): "39", (0.5, 224): "97", (0.5, 192): "71",
    (0.5, 96): "18", (0.35, 224): "59", (0.35, 192): "43", (0.35, 96): "11",
}  # fmt: skip


@SOURCE.claim("V3's table of multiply-adds and parameters in the README.")
def v3_readme() -> Finding:
    return judge_v3_table("tf-slim")


@SOURCE.claim("mobilenet_v1.py: the base has 567,716,352 MACs and 3,185,088 parameters.")
def docstring_of_v1() -> Finding:
    found = counted("v1", dialect="tf-slim", include_top=False)
    return Finding(
        {"macs": found.macs, "weights": found.params.weights},
        "{macs:,} MACs and {weights:,} weights: convolutions alone.",
        {"MACs": found.macs == 567_716_352, "parameters": found.params.weights == 3_185_088},
    )


@SOURCE.claim("mobilenet_v1.md: million MACs of the 16 checkpoints.")
def table_of_v1() -> Finding:
    parts, wrong = {}, []
    for alpha, row in V1_TABLE.items():
        for size, printed in zip((224, 192, 160, 128), row, strict=True):
            macs = counted("v1", width=alpha, resolution=size, dialect="tf-slim").macs
            agrees = in_millions(macs, printed)
            parts[f"{alpha:g} at {size}"] = agrees
            if not agrees:
                wrong.append(f"{alpha:g} at {size} is {macs:,}, not {printed} M")
    return Finding(
        {
            "agree": sum(parts.values()),
            "cells": len(parts),
            "wrong": "; ".join(wrong) or "none wrong",
        },
        "{agree} of {cells} agree: {wrong}.",
        parts,
    )


@SOURCE.claim("mobilenet/README.md: million MACs of V2's checkpoints.")
def table_of_v2() -> Finding:
    found = {case: counted("v2", width=case[0], resolution=case[1]).macs for case in V2_TABLE}
    cut = sum(cut_in_millions(found[case], printed) for case, printed in V2_TABLE.items())
    rounded = sum(in_millions(found[case], printed) for case, printed in V2_TABLE.items())
    return Finding(
        {"cut": cut, "rounded": rounded, "rows": len(found), "example": found[0.35, 192]},
        "Of {rows} rows {cut} agree when cut and {rounded} when rounded: {example:,} is printed "
        "as 43 M.",
        {"cut": cut == len(found), "rounded": rounded == len(found)},
        cases=True,
    )
