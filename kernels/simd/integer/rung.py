"""Convolutions of bytes called one by one: the stages of a network on NHWC arrays.

A standard convolution reads them as they are; a depthwise one wants blocks, and x is copied into them.
Both leave blocks.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...compiling import threads
from ..isa.lanes import BYTES, LANES
from ..runtime import executor
from ..runtime.work_item import BASES, CALL
from ..runtime.work_stealing import SPACING
from . import pack, product, storing, window

Array = NDArray[Any]
BEYOND = 8 * BYTES  # bytes that microkernels may read past the end


def run(routine: Any, items: int, records: list[dict[str, Any]]) -> None:
    """A stage for each record of fields: integers, and arrays, which stand for their addresses."""
    table, filled = np.zeros(len(records), CALL), np.zeros(len(records), routine.descriptor)
    for record, fields in zip(filled, records, strict=True):
        for name, value in fields.items():
            record[name] = value.ctypes.data if isinstance(value, np.ndarray) else value
    step = filled.itemsize
    table["code"], table["items"], table["calls"] = routine.address, items, 1
    table["descriptor"] = filled.ctypes.data + step * np.arange(len(records))
    members = min(threads(), items)
    counters = np.zeros((1 + (len(records) + 1) * (members + 1)) * SPACING // 8, np.int64)
    bases = np.zeros(members, BASES)
    start = executor.run if members > 1 else executor.run_alone
    start(members, table[:0], table, 0, bases, counters)


def unsigned(x: Array) -> Array:
    """Bytes without a sign, in one piece with some to read behind it; int8 is shifted by 128."""
    memory = np.zeros(x.size + BEYOND, np.uint8)
    np.bitwise_xor(x.view(np.uint8), _flip(x), out=memory[: x.size].reshape(x.shape))
    return memory


def _flip(x: Array) -> np.uint8:
    return np.uint8(128 if x.dtype == np.int8 else 0)


def _side_by_side(found: Array, y: Array) -> None:
    """Blocks (N, blocks, H, W, LANES) of unsigned bytes into y (N, H, W, C)."""
    whole = found.transpose(0, 2, 3, 1, 4).reshape(*y.shape[:3], -1)
    np.bitwise_xor(whole[..., : y.shape[3]], _flip(y), out=y.view(np.uint8))


def _requantised(w: Array, b: Array, zeros: Any, x: Array, out: Any, y: Array) -> dict[str, Any]:
    """Fields of the requantisation; w (..., O) without its zero points."""
    zero = int(zeros[0]) + int(_flip(x))
    bias = b.astype(np.int64) - zero * w.reshape(-1, w.shape[-1]).sum(0, dtype=np.int64)
    return pack.requantised(bias, out, int(_flip(y)))


def convolution(
    x: Array, w: Array, b: Array, zeros: Any, stride: tuple[int, int], out: Any, y: Array
) -> None:
    """y (N, H', W', O) of x (N, H, W, M), padded before, and w (K, L, M, O)."""
    n, height, width, m = x.shape
    k, l, _, filters = w.shape
    _, rows, columns, _ = y.shape
    if not y.size:
        return
    w = w.astype(np.int32) - np.asarray(zeros[1], np.int32)
    fields = _requantised(w, b, zeros, x, out, y)
    whole = l * m % LANES == 0  # a row of the window is one stretch, of whole turns
    quads = product.QUADS if whole else 1
    stretch = pack.up(l * m, 4 * quads)
    turns = np.pad(w.reshape(k, l * m, filters), ((0, 0), (0, stretch - l * m), (0, 0)))
    places = np.add.outer(np.arange(k) * width * m, np.arange(0, stretch, 4 * quads))
    packed, places = pack.blocks(turns.reshape(-1, 4 * quads, filters), places.ravel())
    vectors = pack.up(filters, LANES) // LANES
    panels = pack.panels(packed, min(vectors, 2), vectors // 2 * 2 if vectors > 1 else 1)
    memory, found = unsigned(x), np.empty((n, vectors, rows, columns, LANES), np.uint8)
    fields |= {"x_pixel": stride[1] * m, "x_row": stride[0] * width * m, "turns": len(packed)}
    fields |= {"x_at": places.astype(np.int32), "w": panels, "vectors": vectors}
    band = max(1, rows // 16)
    fields |= {"w_vector": len(packed) * quads * BYTES, "rows": rows, "columns": columns}
    fields |= {"y_plane": rows * columns * LANES, "y_row": columns * LANES, "band": band}
    image = height * width * m
    images = [fields | {"x": memory[i * image :], "y": found[i]} for i in range(n)]
    rounding = pack.rounding_of(out)
    run(product.convolutions(rounding, quads, fields["x_pixel"]), -(-rows // band), images)
    _side_by_side(found, y)


def depthwise(
    x: Array, w: Array, b: Array, zeros: Any, stride: tuple[int, int], out: Any, y: Array
) -> None:
    """y (N, H', W', M) of x (N, H, W, M), padded before, and w (K, L, M)."""
    n, height, width, m = x.shape
    k, l, _ = w.shape
    _, rows, columns, _ = y.shape
    if not y.size:
        return
    rounding, blocks = pack.rounding_of(out), pack.up(m, LANES) // LANES
    w = w.astype(np.int32) - np.asarray(zeros[1], np.int32)
    fields = _requantised(w, b, zeros, x, out, y)
    routine, packed = window.any_windows[rounding], pack.single_taps(w)
    if k == l and stride[0] == stride[1] and (k, stride[0]) in window.KNOWN:
        parts, two, quads = pack.taps(w, stride[0])
        fields["two"] = two
        if parts <= 2:
            routine, packed = window.windows[rounding, k, stride[0], parts], quads
    full = np.pad(x, ((0, 0), (0, 0), (0, 0), (0, blocks * LANES - m)))
    full = full.reshape(n, height, width, blocks, LANES).transpose(0, 3, 1, 2, 4)
    memory = unsigned(np.ascontiguousarray(full))
    found = np.empty((n, blocks, rows, columns, LANES), np.uint8)
    fields |= {"x": memory, "y": found, "w": packed, "w_block": packed.nbytes // blocks}
    fields |= {"x_plane": height * width * LANES, "x_row": width * LANES, "blocks": 1}
    fields |= {"x_pixel": stride[1] * LANES, "x_down": stride[0] * width * LANES}
    fields |= {"y_plane": rows * columns * LANES, "y_row": columns * LANES, "band": rows}
    fields |= {"rows": rows, "columns": columns, "kernel_rows": k, "kernel_columns": l}
    image = blocks * height * width * LANES
    images = [fields | {"x": memory[i * image :], "y": found[i]} for i in range(n)]
    run(routine, blocks, images)
    _side_by_side(found, y)


def pointwise(x: Array, w: Array, b: Array, zeros: Any, out: Any, y: Array) -> None:
    """y (P, O) of x (P, M) and w (M, O)."""
    convolution(x[None, None], w[None, None], b, zeros, (1, 1), out, y[None, None])


def quantize(x: Array, rounding: str, scale: float, zero: int, y: Array) -> None:
    """y, bytes, of real x, float32: the nearest integers of x / scale, plus the zero point."""
    whole = x.size // storing.FOUR
    flip = int(_flip(y))
    given = storing.fields(rounding, scale, zero + flip) | {"flip": flip}
    source, result = x.reshape(-1), y.reshape(-1)
    if whole:
        band = max(1, whole // 16)
        own = given | {"x": source, "y": result, "count": whole, "band": band}
        run(storing.routines[rounding], -(-whole // band), [own])
    if left := x.size - whole * storing.FOUR:  # with zeros behind, and only they are taken
        rest, found = np.zeros(storing.FOUR, np.float32), np.empty(storing.FOUR, y.dtype)
        rest[:left] = source[-left:]
        run(storing.routines[rounding], 1, [given | {"x": rest, "y": found, "count": 1, "band": 1}])
        result[-left:] = found[:left]
