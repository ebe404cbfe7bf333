"""Fused ops as stages of a program: a function for each kind, which fills in the descriptors.

Everything is known here, and everything is checked before: compiled code checks nothing.
"""

from collections.abc import Callable, Mapping

import numpy as np

from ..kernels.simd.infer import conv, maps
from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.tuning import BAND, EXPANDED_BAND, FEW_TILES, GRAIN
from ..models.layers import Activation
from ..models.network_plan import Plan
from ..ops.checks import Array
from . import pack
from .allocate import Place
from .descriptors import Emission, Fields, size_of
from .fuse import halos
from .fused_op import ALONE, FusedOp, Kind
from .layout import CONTIGUOUS, Layout
from .program import Call, Program


def emit(
    plan: Plan, params: Mapping[str, Array], ops: list[FusedOp], batch: int, threads: int
) -> Program:
    """The program: a trunk that runs for each image, and a head that runs for all of them at once.

    In the head, images are pixels of one row.
    """
    e = Emission(params, threads)
    pools = [n for n, op in enumerate(ops) if op.kind is Kind.POOL]
    ends = [n for n in pools if all(len(later.output) == 1 for later in ops[n:])]
    cut = ends[0] if ends else len(ops) - 1  # where the trunk ends: beyond it are only vectors
    sides = halos(ops)
    image = Layout(1, *plan.resolution, sides.get(None, CONTIGUOUS), 4 * plan.channels)
    e.buffers[None] = e.program.buffer(image)  # its channels stay side by side
    for n, op in enumerate(ops):
        for node in (op.y, op.pooled):
            if node is not None and node not in e.buffers:
                rows, columns, channels = node.shape if n < cut else (1, batch, node.shape[-1])
                around = sides.get(node, CONTIGUOUS)
                found = Layout(pack.up(channels, LANES) // LANES, rows, columns, around, BYTES)
                e.buffers[node] = e.program.buffer(found, kept=n == cut)
    for n, op in enumerate(ops):
        EMIT[op.kind](e, op)
        if n == cut:
            e.program.part()
    return e.program


def _image(e: Emission, op: FusedOp) -> None:
    buffer, found = e.buffers[None], e.layout(None)
    band = max(1, -(-found.rows // (4 * e.threads)))
    fields: Fields = {"y": Place(buffer, found.inside), "y_row": found.row, "rows": found.rows}
    fields |= {"band": band, "count": found.columns * op.output[-1]}
    e.program.stage(op.name, -(-found.rows // band), (maps.image, fields))


def _convolution(e: Emission, op: FusedOp) -> None:
    linear, source, target = op.linear["product"], e.layout(op.x), e.layout(op.y)
    (rows, columns, m, filters), (down, along) = linear.shape, linear.stride
    if op.x is None:  # channels side by side: a row of the window is one stretch
        segments, length, depth = np.arange(rows) * source.row, columns * m, m
    else:
        u, v, block = np.indices((rows, columns, source.blocks)).reshape(3, -1)
        segments = u * source.row + v * source.vector + block * source.plane
        length, depth = LANES, source.blocks * LANES
    vectors = pack.up(filters, LANES) // LANES
    main, split, _ = pack.cut(vectors, (2, 1))

    def order(w: Array) -> Array:
        w = np.pad(w, ((0, 0), (0, 0), (0, depth - m), (0, 0))).reshape(-1, filters)
        return pack.panels(w, LANES, 1, main, split)

    band = max(1, min(8, target.rows // (2 * e.threads)))
    fields = e.packed_weights(linear, rows * columns * depth * vectors * LANES, order)
    fields |= {"x": e.buffers[op.x], "x_pixel": along * source.vector, "x_row": down * source.row}
    fields |= {"segments": len(segments), "segment_at": e.program.table(segments), "length": length}
    fields |= {"vectors": vectors, "band": band} | e.with_table(op.y, "y") | size_of(target)
    e.program.stage(op.name, -(-target.rows // band), (conv.convolution, fields))


def _depthwise(e: Emission, op: FusedOp) -> None:
    """A depthwise convolution, and its means where they are wanted."""
    target = e.layout(op.y)
    routine, fields = e.window_call(op.linear["window"], e.layout(op.x))
    few = op.pooled is None and target.blocks < 4 * e.threads
    band = -(-target.rows // 4) if few else target.rows
    fields |= {"x": e.buffers[op.x], "blocks": 1, "band": band} | e.plane_of(op.y, "y")
    fields |= {"y": Place(e.buffers[op.y], target.inside), "y_row": target.row} | size_of(target)
    means = [e.mean_call(op.y, op.pooled)] if op.pooled else []
    items = target.blocks * -(-target.rows // band)
    e.program.stage(op.name, items, (routine, fields), *means)


def _projected(e: Emission, op: FusedOp) -> Fields:
    """What a product writes, and the residual."""
    added = e.with_table(op.added, "added") if op.added else {}
    return e.with_table(op.y, "y") | size_of(e.layout(op.y)) | added


def _pointwise(e: Emission, op: FusedOp) -> None:
    """A pointwise convolution, or a dense layer."""
    pixels = e.layout(op.y).pixels
    product = e.packed_product(op.linear["product"], pixels)
    tiles = -(-pixels // GRAIN)
    # few pixels: the members share the weights, each reading only some; many: the pixels
    few = tiles < FEW_TILES * e.threads
    if tiles == 1 or (few and product.panels >= 4 * e.threads):
        chunks, pieces = 1, product.panels
    else:
        chunks, pieces = min(tiles, e.threads * (1 if few else 4)), 1
    fields = e.plane_of(op.x, "x") | {"pixel_chunks": chunks, "panel_chunks": pieces}
    e.program.stage(op.name, chunks * pieces, *product.calls(fields | _projected(e, op)))


def _band(e: Emission, op: FusedOp, blocks: int, most: int, height: int = 1) -> Layout:
    """What lies in the scratch between window and product.

    `most` bytes are to be there for a band, `height` times as many rows as it has.
    """
    target = e.layout(op.y)
    row = blocks * target.columns * BYTES * height
    rows = pack.even_band(target.rows, e.threads, most // row)
    return Layout(blocks, rows, target.columns, CONTIGUOUS, BYTES)


def _banded(e: Emission, op: FusedOp, seen: Layout, band: Layout, x: Fields, *before: Call) -> None:
    """A stage of bands: `before`, window into the scratch, product out of it."""
    target, rows = e.layout(op.y), {"band": band.rows}
    routine, window = e.window_call(op.linear["window"], seen)
    window |= {"y_scratch": 1, "y_plane": band.plane, "y_row": band.row, "blocks": band.blocks}
    window |= size_of(target) | rows | x
    fields = {"x_scratch": 1, "x_plane": band.plane, "tall": band.rows} | rows
    product = e.packed_product(op.linear["product"], target.pixels)
    calls = product.calls(fields | _projected(e, op))
    items = -(-target.rows // band.rows)
    e.program.stage(op.name, items, *before, (routine, window), *calls)


def _separable(e: Emission, op: FusedOp) -> None:
    """Depthwise and pointwise, band by band."""
    source = e.layout(op.x)
    band = _band(e, op, source.blocks, BAND)
    e.program.reserve(band.size)
    _banded(e, op, source, band, {"x": e.buffers[op.x]})


def _bottleneck(e: Emission, op: FusedOp) -> None:
    """Expansion of what a band sees, then the band's window and product."""
    window, source = op.linear["window"], e.layout(op.x)
    top, _, left, right = window.sides
    (k, _, m), (down, _) = window.shape, window.stride
    band = _band(e, op, pack.up(m, LANES) // LANES, EXPANDED_BAND, height=down * down + 1)
    tall = (band.rows - 1) * down + k
    seen = Layout(band.blocks, tall, source.columns, (0, 0, left, right), BYTES)
    e.program.reserve(band.size + seen.size)
    fields: Fields = {"y": band.size, "y_plane": seen.plane, "rows": source.rows}  # behind the band
    fields |= {"band": band.rows * down, "tall": tall, "above": top}
    border = {"y_row": seen.row, "left": left * BYTES, "right": right * BYTES}
    border |= fields | {"blocks": seen.blocks}
    fields |= {"y_scratch": 1, "y_at": e.program.pixels(seen), "columns": source.columns}
    product = e.packed_product(op.linear["expand"], source.pixels)
    expand = product.calls(fields | e.plane_of(op.x, "x"))
    _banded(e, op, seen, band, {"x": band.size, "x_scratch": 1}, (maps.border, border), *expand)


def _pool(e: Emission, op: FusedOp) -> None:
    """The means of a map's channels; at the end of the trunk a pixel of the head's input."""
    buffer = e.buffers[op.y]
    means = e.mean_call(op.x, op.y, BYTES if buffer.kept else 0)
    e.program.stage(op.name, buffer.layout.blocks, means)


def _excite(e: Emission, op: FusedOp) -> None:
    """The second product of squeeze-and-excite, and its gates on the map."""
    product = e.packed_product(op.linear["product"], e.layout(op.y).pixels)
    cut = {"pixel_chunks": 1, "panel_chunks": product.panels}
    calls = product.calls(e.plane_of(op.x, "x") | _projected(e, op) | cut)
    scale = e.plane_of(op.y, "gates") | e.plane_of(op.scaled, "x")
    scale |= {"pixels": e.layout(op.scaled).pixels, "main": product.main, "split": product.split}
    scale |= {"vectors": product.split + product.rest}
    e.program.stage(op.name, product.panels, *calls, (maps.scale, scale))


def _activate(e: Emission, op: FusedOp) -> None:
    """An activation that no microkernel has."""
    (layer,), found = op.parts, e.layout(op.x)
    assert isinstance(layer, Activation)
    slope = 1 / 6 if layer.slope is None else layer.slope
    fields = {"pixels": found.pixels, "activation": ALONE[layer.function], "slope": slope}
    fields |= e.with_table(op.x, "x")
    e.program.stage(op.name, found.blocks, (maps.activate, fields))


def _result(e: Emission, op: FusedOp) -> None:
    """The last map, its channels side by side again."""
    pixels = e.layout(op.x).pixels
    band = max(1, -(-pixels // (4 * e.threads)))
    fields = e.with_table(op.x, "x") | {"pixels": pixels, "channels": op.output[-1], "band": band}
    e.program.stage(op.name, -(-pixels // band), (maps.result, fields))


EMIT: dict[Kind, Callable[[Emission, FusedOp], None]] = {
    Kind.IMAGE: _image,
    Kind.CONVOLUTION: _convolution,
    Kind.DEPTHWISE: _depthwise,
    Kind.POINTWISE: _pointwise,
    Kind.SEPARABLE: _separable,
    Kind.BOTTLENECK: _bottleneck,
    Kind.POOL: _pool,
    Kind.EXCITE: _excite,
    Kind.ACTIVATE: _activate,
    Kind.RESULT: _result,
}
