"""How the work of a training step is cut: shares, pieces, tiles and bands, from the shapes alone.

Never from the number of threads: sums over shares are then the same bits for any.
"""

import math
from typing import Any

from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.tuning import TILES, TRAIN_PIXELS, TRAIN_SCRATCH, TRAIN_UNROLL
from ..models.layers import Conv, Depthwise, Layer
from .buffers import MARGIN, Draft, Facts, Map, arrays_of, joined, seen, written
from .lower import Op
from .pack import cut, up


def described(draft: Draft, op: Op, m: Map, source: Map | None) -> Facts:
    """What both passes have to know of a convolution or a dense layer."""
    layer = op.layer
    parts = [weights(draft, layer, source is None), written(m)]
    if source:
        parts.append(seen(source, gated=op.inputs[0].gate is not None))
    if isinstance(layer, Conv | Depthwise):
        parts.append(window(layer))
    if isinstance(layer, Conv) and source is None:
        parts.append(padded_image(draft, layer))
    if isinstance(layer, Depthwise):
        parts.append(bands(draft, window(layer)))
    return joined(*parts)


def weights(draft: Draft, layer: Layer, image: bool) -> Facts:
    """Addresses of weights, gradients and bias, zeros where there is none, and how they are cut.

    t_...: of the transposed weights.  A depthwise convolution's taps are panels of one vector.
    """
    *window, filters = layer.arrays["weight"]
    depth, taps = math.prod(window), isinstance(layer, Depthwise)
    group = depth if image or taps else window[-1]  # the image's channels lie side by side
    padded = up(group, LANES)
    rows = depth // group * padded
    vectors, transposed = up(filters, LANES) // LANES, rows // LANES
    main, split, _ = cut(vectors, (1,) if taps else TILES)
    t_main, t_split, _ = cut(transposed, TILES)
    height = depth if taps else up(depth if rows == padded else rows, TRAIN_UNROLL)
    arrays = {"bias": draft.facts["zeros"]} | arrays_of(draft, layer)
    return {
        "w": arrays["weight"], "g": arrays["g_weight"], "bias": arrays["bias"], "depth": depth,
        "filters": filters, "group": group, "group_padded": padded, "main": main, "split": split,
        "vectors": vectors, "t_main": t_main, "t_split": t_split, "t_vectors": transposed,
        "g_rows": depth if taps else rows, "height": height, "item_rows": 1 if taps else LANES,
    }  # fmt: skip


def routines(table: Any, cut: Facts, which: str = "") -> Facts:
    """Addresses of the routines for both widths of panels; which: "t_" for transposed weights."""
    widths = cut[f"{which}main"], cut[f"{which}vectors"] - cut[f"{which}split"]
    many, rest = (table[vectors].address if vectors else 0 for vectors in widths)
    return {f"{which}many": many, f"{which}rest": rest}


def tile(draft: Draft, pixels: int, shares: int, rows: int, elements: int, beside: int = 0) -> int:
    """Pixels done at once, evenly.  Reserves a scratch: elements of each, and bytes beside them."""
    share = -(-pixels // shares)
    most = min(192, max(48, TRAIN_SCRATCH // (4 * elements)))
    found = up(-(-share // -(-share // most)), rows)
    draft.program.reserve((found + 1) * (4 * elements + BYTES + beside) + MARGIN)
    return found


def window(layer: Conv | Depthwise) -> Facts:
    """The geometry of a window, x seen through it."""
    kernel, stride, (top, _, left, _) = layer.window.kernel, layer.stride, layer.window.sides
    (height, width, channels), (y_rows, y_columns, _) = layer.input, layer.output
    return {
        "kernel": kernel[0], "kernel_columns": kernel[1], "rows": height, "columns": width,
        "stride": stride[0], "stride_columns": stride[1], "y_rows": y_rows, "y_columns": y_columns,
        "top": top, "left": left, "channels": channels, "segment": kernel[1] * channels,
    }  # fmt: skip


def padded_image(draft: Draft, layer: Conv) -> Facts:
    """Where images lie among zeros."""
    top, bottom, left, right = layer.window.sides
    height, width, channels = layer.input
    row = 4 * channels * (width + left + right)
    size = row * (height + top + bottom)
    place = draft.program.buffer(draft.n * size + 1024, kept=True)
    return {"image_at": place, "image_size": size, "image_row": row}


def bands(draft: Draft, window: Facts) -> Facts:
    """Width of a row among zeros, rows done at once, the routines' key; reserves the scratch."""
    k, s, end = window["kernel"], window["stride"], window["left"] + window["columns"]
    rows, columns = window["y_rows"], window["y_columns"]
    padded = max(s * (columns - 1) + k, end)
    line = padded * BYTES
    # of dy: zeros left of it, and right of it as far as inputs go
    d_row = ((k - 1) // s + max(columns, (end - 1) // s + 1)) * BYTES
    band = max(1, min(rows, TRAIN_SCRATCH // (s * line + d_row)))
    size = (s * band + k) * line + (band + 2 * k + 2) * d_row + (end + s + k * k) * BYTES
    draft.program.reserve(size + MARGIN)
    many, few = TRAIN_PIXELS  # the one of them that leaves the least of a row over
    pixels = many if columns % many == 0 or columns % many < columns % few else few
    return {"padded": padded, "d_row": d_row, "band": band, "kind": (k, s, pixels)}
