"""Cells that are wrong in print, and the argument for each."""

from __future__ import annotations

from .arguments import (
    Argument,
    Evidence,
    Known,
    Place,
    against_itself,
    against_table_2,
    between_resolutions,
    digits_swapped,
    left_over,
    mixed_column,
    next_row_says,
    reprinted,
    same_at_all_resolutions,
    tick_too_many,
)
from .cell import Cell

_SMALL = reprinted("v3", "9", "small 224/1.0", "MAdds")
_LARGE = reprinted("v3", "9", "large 224/1.0", "MAdds")
_CHANNELS, _KB = "MobileNetV2, channels", "MobileNetV2, Kb"
_V1_MACS = "Million mult-adds"
_KERAS_MACS = "Multiply-adds (M)"

MISPRINTS: dict[Place, Argument] = {
    ("v1", "1", "18", "Type / stride"): next_row_says,
    ("v1", "2", "Conv 3 × 3", "Mult-adds"): digits_swapped,
    ("v1", "4", "Conv MobileNet", _V1_MACS): mixed_column("MobileNet"),
    ("v2", "3", "7x7", "MobileNetV1, Kb"): against_itself,
    ("v2", "3", "7x7", _KB): against_itself,
    **{
        ("v2", "3", side, column): against_table_2
        for side in ("56x56", "28x28", "14x14")
        for column in (_CHANNELS, _KB)
    },
    ("v3", "2", "13", "SE"): tick_too_many,
    ("v3", "3", "V3-Large 1.0", "MAdds"): _LARGE,
    ("v3", "3", "V3-Small 1.0", "MAdds"): _SMALL,
    ("v3", "3", "V3-Small 0.75", "MAdds"): left_over,
    ("v3", "9", "small 224/0.75", "MAdds"): left_over,
    ("v3", "9", "small 256/1.0", "MAdds"): left_over,
    ("v3", "9", "small 224/1.25", "Params"): left_over,
    ("v3", "3 before v5", "V3-Large 1.0", "MAdds"): _LARGE,
    ("v3", "3 before v5", "V3-Small 1.0", "MAdds"): _SMALL,
    ("tf", "v1", "MobileNet_v1_0.25_192", "Million MACs"): between_resolutions,
    ("tf", "v1", "MobileNet_v1_0.25_192_quant", "Million MACs"): between_resolutions,
    ("tf", "v3", "Small dm=1 (float)", "Million MACs"): _SMALL,
    ("tf", "v3", "Small dm=1 (8-bit)", "Million MACs"): _SMALL,
    ("keras", "v1 widths", "1.0 MobileNet-224", _KERAS_MACS): reprinted(
        "v1", "6", "1.0 MobileNet-224", _V1_MACS
    ),
    **{
        ("keras", "v1 resolutions", f"1.0 MobileNet-{size}", _KERAS_MACS): same_at_all_resolutions
        for size in (224, 192, 160, 128)
    },
    ("keras", "v3", "mobilenet_v3_small_1.0_224", _KERAS_MACS): _SMALL,
}


def evidence(cell: Cell, known: Known) -> Evidence | None:
    """That a cell is misprinted; None if no argument is known, or if it does not hold."""
    argument = MISPRINTS.get(cell.place)
    return argument(cell, known) if argument else None
