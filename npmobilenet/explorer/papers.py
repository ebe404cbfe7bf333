"""What is printed, beside what is counted: for the race, the map, and the linear bottleneck.

All of it is the evidence's: its tables as printed, its verdicts, its spiral.  Only the Chinese is new.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..cost.ratio import block_ratios
from ..cost.separable import separable_cost
from ..evidence import spiral
from ..evidence.v1_report import judged_v1
from ..evidence.verdict import MATCHES, Judged
from ..models.layers import Depthwise
from ..models.network_plan import plan
from .storing import floats

TABLES = ("2", "3", "4")  # shares of the work, one layer made smaller, the whole network
KINDS = {  # Table 2's rows -> our kinds of layers
    "Conv 1 × 1": "pointwise",
    "Conv DW 3 × 3": "depthwise",
    "Conv 3 × 3": "conv",
    "Fully connected": "dense",
}
REASONS = {  # what is wrong with a misprinted cell, for Chinese readers
    ("2", "Conv 3 × 3"): "两位数字颠倒了：印出的一列之和是 99.29 %，改为 1.91 后是 100.01 %",
    ("4", "Conv MobileNet"): "4866 没有计入分类器，而 MobileNet 的 569 计入了：不计入时应为 568",
}


def figures() -> dict[str, Any]:
    """The payload's "papers": V1's blocks, cells of its Tables 2 to 4, marks on the bar of the race."""
    return {"blocks": blocks(), "cells": cells(), "marks": marks()}


def blocks() -> list[dict[str, Any]]:
    """V1's thirteen: sizes as the race has them, MACs both ways, and their quotient as a fraction."""
    network, found = plan("v1"), []
    for ratio in block_ratios(network):
        layer = network[f"{ratio.name}.depthwise"]
        if not isinstance(layer, Depthwise):
            raise TypeError(f"{layer.name} is a {layer.kind}, expected a depthwise layer")
        found.append(
            {
                "name": ratio.name,
                "m": layer.input[-1],
                "n": network[f"{ratio.name}.pointwise"].output[-1],
                "k": layer.kernel[0],
                "df": layer.output[0],
                "stride": layer.stride[0],
                "separable": ratio.separable_macs,
                "standard": ratio.standard_macs,
                "ratio": [ratio.macs.numerator, ratio.macs.denominator],
            }
        )
    return found


def cells() -> list[dict[str, Any]]:
    """Printed figures of V1's Tables 2 to 4 that can be counted, right and misprinted."""
    chosen = (one for one in judged_v1() if one.cell.table in TABLES)
    return [_cell(one) for one in chosen if isinstance(one.counted, Fraction)]


def _cell(one: Judged) -> dict[str, Any]:
    cell = one.cell
    return {
        "table": cell.table,
        "row": cell.row,
        "column": cell.column,
        "kind": KINDS.get(cell.row) if cell.table == "2" else None,
        "printed": cell.printed,
        "counted": one.shown,
        "right": one.verdict == MATCHES,
        "why": [one.why, REASONS.get((cell.table, cell.row), one.why)] if one.why else None,
    }


def marks() -> list[dict[str, Any]]:
    """Sayings about separable / standard: their place on the bar, 0 to 1, and whether they are so."""
    example = separable_cost(k=3, m=64, n=128, df=7)
    one_layer = separable_cost(k=3, m=512, n=512, df=14)
    times = [float(1 / x.macs) for x in block_ratios(plan("v1"))]
    whole = {"separable": 569, "standard": 4866}
    said = [
        (float(example.formula), True,
         f"64 to 128 channels on 7 × 7: {example.formula} = 1/128 + 1/9",
         f"7 × 7 上 64 到 128 个通道：{example.formula} = 1/128 + 1/9"),
        (float(one_layer.macs_ratio), True,
         "V1, Table 3: 462 million become 52.3 million",
         "V1 论文表 3：4.62 亿变为 5230 万"),
        (whole["separable"] / whole["standard"], False,
         "V1, Table 4: 569 of 4866 million; counted with the classifier, as the 569 are, it is 4867",
         "V1 论文表 4：48.66 亿中的 5.69 亿；像 5.69 亿那样计入分类器，应为 48.67 亿"),
        (1 / 8, all(round(x) >= 8 for x in times),
         f"V1, section 3.1: 8 to 9 times less; its blocks {min(times):.2f} to {max(times):.2f}",
         f"V1 论文 3.1 节：减少到 1/8～1/9；各块为 {min(times):.2f} 到 {max(times):.2f} 倍"),
        (1 / (128 + 9), False,
         "a tutorial: N + Dk² times less, for N = 128 that would be 137; it is "
         f"N·Dk² / (N + Dk²) = {float(1 / example.formula):.2f}",
         "一篇教程：减少到 1/(N + Dk²)，N = 128 时为 1/137；实际是 "
         f"N·Dk² / (N + Dk²) = {float(1 / example.formula):.2f}"),
    ]  # fmt: skip
    return [{"at": at, "right": right, "said": [en, zh]} for at, right, en, zh in said]


def spiral_as_json() -> dict[str, Any]:
    """The payload's "spiral": its points, and for each number of dimensions one random matrix.

    "lost" is the share of points that cannot be told apart, over all hundred matrices as the claim
    has it; "here" that of the one matrix (2, n) that is shown.
    """
    found = []
    for n in spiral.DIMENSIONS:
        matrices = spiral.embeddings(n)
        lost, here = spiral.share_lost(matrices), spiral.share_lost(matrices[0])
        found.append({"n": n, "matrix": floats(matrices[0]), "lost": lost, "here": here})
    return {"points": floats(spiral.points()), "embeddings": found}
