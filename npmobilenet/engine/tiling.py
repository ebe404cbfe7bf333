"""How the work of a training step is cut: shares, pieces, tiles and bands, from the shapes alone.

Never from the number of threads: sums over shares are then the same bits for any.
"""

from __future__ import annotations

import math
from typing import Any

from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.tuning import TILES, TRAIN_PIXELS, TRAIN_SCRATCH, TRAIN_TILE, TRAIN_UNROLL
from ..models.layers import Conv, Depthwise
from .buffers import Draft, Facts
from .lower import Node, Op
from .pack import cut, up

MARGIN = 8 * BYTES  # of a scratch: stretches are written in whole vectors


def matrix(op: Op) -> Facts:
    """How an op's weights are cut: the same in every stage that has to do with them.

    Those of a depthwise convolution are panels of one vector, and have no transposed ones.
    """
    *taps, inputs, filters = op.layer.arrays["weight"]
    alone = isinstance(op.layer, Depthwise)
    widths, unroll, item_rows = ((1,), 1, 1) if alone else (TILES, TRAIN_UNROLL, LANES)
    depth = math.prod(taps) * inputs
    # the image's channels lie side by side
    group = depth if alone or op.inputs[0].node is None else inputs
    padded = up(group, LANES)
    rows = depth // group * padded
    vectors, transposed = up(filters, LANES) // LANES, rows // LANES
    main, split, _ = cut(vectors, widths)
    t_main, t_split, _ = cut(transposed, TILES)
    return {
        "depth": depth, "filters": filters, "group": group, "group_padded": padded, "main": main,
        "split": split, "vectors": vectors, "t_main": t_main, "t_split": t_split,
        "t_vectors": transposed, "g_rows": rows, "item_rows": item_rows,
        "height": up(depth if rows == padded else rows, unroll),
    }  # fmt: skip


def routines(table: Any, cut: Facts, which: str = "") -> Facts:
    """The addresses of the routines for both widths of panels; which: "t_", of the transposed weights."""
    main, rest = cut[f"{which}main"], cut[f"{which}vectors"] - cut[f"{which}split"]
    last = table[rest].address if rest else 0
    return {f"{which}many": table[main].address, f"{which}rest": last}


def tile(pixels: int, shares: int, rows: int, channels: int) -> int:
    """Pixels done at once: what fits into the scratch, evenly."""
    share = -(-pixels // shares)
    most = min(192, max(48, TRAIN_SCRATCH // (4 * channels)))
    return up(-(-share // -(-share // most)), rows)


def in_tiles(draft: Draft) -> Facts:
    """Of stages that go through maps a few pixels at a time."""
    draft.program.reserve(TRAIN_TILE * BYTES + MARGIN)
    return {"tile": TRAIN_TILE}


def window(layer: Conv | Depthwise, node: Node) -> Facts:
    """The geometry of a window, x seen through it."""
    seen, (height, width, channels) = layer.window, layer.input
    return {
        "kernel": seen.kernel[0], "kernel_columns": seen.kernel[1], "stride": seen.stride[0],
        "stride_columns": seen.stride[1], "top": seen.sides[0], "left": seen.sides[2],
        "rows": height, "columns": width, "channels": channels, "segment": seen.kernel[1] * channels,
        "y_rows": node.shape[0], "y_columns": node.shape[1], "image": node.pixels,
    }  # fmt: skip


def bands(draft: Draft, layer: Depthwise, node: Node) -> Facts:
    """Geometry, a row among zeros, rows done at once, the key of routines; reserves the scratch."""
    found = window(layer, node)
    k, s, end = found["kernel"], found["stride"], found["left"] + found["columns"]
    padded = max(s * (node.shape[1] - 1) + k, end)
    line = padded * BYTES
    # of dy: zeros left of it, and right of it as far as inputs go
    d_row = ((k - 1) // s + max(node.shape[1], (end - 1) // s + 1)) * BYTES
    band = max(1, min(node.shape[0], TRAIN_SCRATCH // (s * line + d_row)))
    size = (s * band + k) * line + (band + 2 * k + 2) * d_row + (end + s + k * k) * BYTES
    draft.program.reserve(size + MARGIN)
    many, few = TRAIN_PIXELS  # those of them are done at once that leave the least of a row over
    wide = node.shape[1] % many == 0 or node.shape[1] % many < node.shape[1] % few
    routine = k, s, many if wide else few
    return found | {"padded": padded, "d_row": d_row, "band": band, "routine": routine}
