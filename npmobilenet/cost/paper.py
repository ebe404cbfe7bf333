"""MobileNetV1's own figures (arXiv:1704.04861) beside what is counted here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models.plan import plan
from .count import Cost, cost
from .ratio import block_ratios

if TYPE_CHECKING:
    from rich.console import RenderableType

# Table 2: percentages of mult-adds and of parameters for each type of layer
TABLE_2 = {
    "pointwise": ("Conv 1x1", 94.86, 74.59),
    "depthwise": ("Conv DW 3x3", 3.06, 1.06),
    "conv": ("Conv 3x3", 1.19, 0.02),
    "dense": ("Fully Connected", 0.18, 24.33),
}

# Tables 4, 5, 6, 7 and 9: arguments of `plan`, million mult-adds, million parameters
FIGURES: tuple[tuple[str, str, float, int, float, float], ...] = (
    ("Table 4, Conv MobileNet", "v1-full", 1.0, 224, 4866, 29.3),
    ("Table 4, MobileNet", "v1", 1.0, 224, 569, 4.2),
    ("Table 5, Shallow", "v1-shallow", 1.0, 224, 307, 2.9),
    ("Table 6, 0.75", "v1", 0.75, 224, 325, 2.6),
    ("Table 6, 0.5", "v1", 0.5, 224, 149, 1.3),
    ("Table 6, 0.25", "v1", 0.25, 224, 41, 0.5),
    ("Table 7, 192", "v1", 1.0, 192, 418, 4.2),
    ("Table 7, 160", "v1", 1.0, 160, 290, 4.2),
    ("Table 7, 128", "v1", 1.0, 128, 186, 4.2),
    ("Table 9, 0.5 at 160", "v1", 0.5, 160, 76, 1.32),
)


def shares_beside_paper(counted: Cost) -> list[tuple[str, float, float, float, float, str]]:
    """Rows of Table 2: layer, our share of MACs, printed, our share of weights, printed, remark."""
    shares, rows = counted.shares(), []
    for kind, (name, macs, weights) in TABLE_2.items():
        ours, ours_weights = (round(share, 2) for share in shares[kind])
        remark = "" if (ours, ours_weights) == (macs, weights) else "misprint"
        rows.append((name, ours, macs, ours_weights, weights, remark))
    return rows


def figures_beside_paper() -> list[tuple[str, int, float, int, float]]:
    """Where, MACs counted, millions printed, trainable parameters counted, millions printed."""
    rows = []
    for where, model, width, resolution, macs, params in FIGURES:
        counted = cost(plan(model, width=width, resolution=resolution))
        rows.append((where, counted.macs, macs, counted.params.trainable, params))
    return rows


def ratio_table(counted: Cost) -> RenderableType:
    """separable / standard of each block: the formula and the count, as the same fraction."""
    from ..tables import table

    fields = ("name", "separable_macs", "standard_macs", "formula", "macs", "weights")
    rows = [
        (*(getattr(r, name) for name in fields), f"{float(1 / r.macs):.2f} x")
        for r in block_ratios(counted.plan)
    ]
    numbers = ("separable MACs", "standard MACs", "1/N + 1/Dk²", "of MACs", "of weights", "fewer")
    columns = ("block", *(f">{name}" for name in numbers))
    return table(columns, rows, title="What separating saves, by the formula and by counting")


def shares_table(counted: Cost) -> RenderableType:
    """Table 2 of the paper beside the same percentages counted."""
    from ..tables import table

    rows = [
        (name, f"{a:.2f} %", f"{b:.2f} %", f"{c:.2f} %", f"{d:.2f} %", remark)
        for name, a, b, c, d, remark in shares_beside_paper(counted)
    ]
    columns = ("layer type", ">MACs", ">Table 2", ">weights", ">Table 2", "")
    return table(columns, rows, title="Where the work and the weights are (the paper's Table 2)")


def figures_table() -> RenderableType:
    """The paper's totals beside ours."""
    from ..tables import table

    rows = [
        (where, macs, f"{printed:g} M", params, f"{printed_params:g} M")
        for where, macs, printed, params, printed_params in figures_beside_paper()
    ]
    columns = ("where", ">MACs", ">printed", ">parameters", ">printed")
    return table(columns, rows, title="The paper's totals and ours")


def misprint_note(counted: Cost) -> str:
    """Why Table 2's 1.19 % must be 1.91 %, with the numbers."""
    stem = next(layer for layer in counted.layers if layer.type == "conv")
    column = sum(macs for _, macs, _ in TABLE_2.values())
    return (
        f"Table 2 prints 1.19 % for the 3x3 convolution.  {stem.macs:,} of {counted.macs:,} MACs are "
        f"{100 * stem.macs / counted.macs:.2f} %: two digits are swapped,\nand the printed column "
        f"sums to {column:.2f} % instead of 100."
    )


def paper_parts(counted: Cost) -> list[RenderableType]:
    """What there is to compare for this plan: ratios for any, the paper's tables for V1 itself."""
    parts: list[RenderableType] = []
    if block_ratios(counted.plan):
        parts.append(ratio_table(counted))
    if counted.plan == plan("v1"):
        parts += [shares_table(counted), misprint_note(counted), figures_table()]
    return parts
