"""Fused ops of a quantised plan as stages: emit_inference.py in bytes.

What differs from float32: a halo is made of zero points, sums are requantised at the end of each
microkernel, and an activation that is more than a clamp is a table, looked up where the bytes were just
written.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..kernels.simd.integer import maps
from ..kernels.simd.integer.pack import up
from ..kernels.simd.isa.lanes import LANES
from ..kernels.simd.tuning import BAND, EXPANDED_BAND, FEW_TILES, GRAIN
from ..ops.checks import Array
from . import pack
from .allocate import Place
from .descriptors import Fields, size_of
from .fuse import halos
from .fused_op import FusedOp, Kind
from .integer_descriptors import IntegerEmission
from .layout import CONTIGUOUS, Layout
from .program import Call, Program

if TYPE_CHECKING:
    from ..quantization import QuantizedPlan


def emit(
    quantized: "QuantizedPlan", arrays: Mapping[str, Array], ops: list[FusedOp], batch: int,
    threads: int,
) -> Program:  # fmt: skip
    """The program: a trunk that runs for each image, and a head that runs for all of them at once."""
    e = IntegerEmission.of(quantized, arrays, threads)
    pools = [n for n, op in enumerate(ops) if op.kind is Kind.POOL]
    ends = [n for n in pools if all(len(later.output) == 1 for later in ops[n:])]
    cut = ends[0] if ends else len(ops) - 1
    sides = halos(ops)
    fills = {op.x: e.read_by(op).zero for op in ops if op.linear}
    around, (rows, columns) = sides.get(None, CONTIGUOUS), quantized.plan.resolution
    image = Layout(1, rows, columns, around, quantized.plan.channels, fills[None])
    e.buffers[None] = e.program.buffer(image)
    for n, op in enumerate(ops):
        for node in (op.y, op.pooled):
            if node is not None and node not in e.buffers:
                rows, columns, channels = node.shape if n < cut else (1, batch, node.shape[-1])
                around = sides.get(node, CONTIGUOUS)
                fill = fills[node] if any(around) else 0
                found = Layout(up(channels, LANES) // LANES, rows, columns, around, LANES, fill)
                e.buffers[node] = e.program.buffer(found, kept=n == cut)
    for n, op in enumerate(ops):
        EMIT[op.kind](e, op)
        if n == cut:
            e.program.part()
    return e.program


def _image(e: IntegerEmission, op: FusedOp) -> None:
    buffer, found = e.buffers[None], e.layout(None)
    band = max(1, -(-found.rows // (4 * e.threads)))
    fields: Fields = {"y": Place(buffer, found.inside), "y_row": found.row, "rows": found.rows}
    fields |= {"band": band, "count": found.columns * op.output[-1], "flip": e.tensor("image").flip}
    e.program.stage(op.name, -(-found.rows // band), (maps.image, fields))


def _convolution(e: IntegerEmission, op: FusedOp) -> None:
    source, target = e.layout(op.x), e.layout(op.y)
    band = max(1, min(8, target.rows // (2 * e.threads)))
    routine, fields = e.convolution_call(op.linear["product"], op.x, source)
    fields |= {"band": band, "y_row": target.row} | e.plane_of(op.y, "y") | size_of(target)
    fields["y"] = Place(e.buffers[op.y], target.inside)
    table = e.table_call(op.y, band, target.blocks)
    e.program.stage(op.name, -(-target.rows // band), (routine, fields), *table)


def _depthwise(e: IntegerEmission, op: FusedOp) -> None:
    """A depthwise convolution, and its means where they are wanted."""
    target = e.layout(op.y)
    routine, fields = e.window_call(op.linear["window"], e.layout(op.x))
    few = op.pooled is None and target.blocks < 4 * e.threads
    band = -(-target.rows // 4) if few else target.rows
    fields |= {"x": e.buffers[op.x], "blocks": 1, "band": band} | e.plane_of(op.y, "y")
    fields |= {"y": Place(e.buffers[op.y], target.inside), "y_row": target.row} | size_of(target)
    table = e.table_call(op.y, band, 1)
    means = [e.mean_call(op.y, op.pooled)] if op.pooled else []
    items = target.blocks * -(-target.rows // band)
    e.program.stage(op.name, items, (routine, fields), *table, *means)


def _projected(e: IntegerEmission, op: FusedOp) -> Fields:
    """What a product writes, and the residual."""
    added = e.adding(op) if op.added else {}
    return e.with_table(op.y, "y") | size_of(e.layout(op.y)) | added


def _pointwise(e: IntegerEmission, op: FusedOp) -> None:
    """A pointwise convolution, or a dense layer."""
    target = e.layout(op.y)
    source, pixels = e.layout(op.x), target.pixels
    product = e.packed_product(op.linear["product"], pixels, source.plane)
    tiles = -(-pixels // GRAIN)
    few = tiles < FEW_TILES * e.threads
    if tiles == 1 or (few and product.panels >= 4 * e.threads):
        chunks, pieces = 1, product.panels
    else:
        chunks, pieces = min(tiles, e.threads * (1 if few else 4)), 1
    fields: Fields = {"x": e.buffers[op.x], "pixel_chunks": chunks, "panel_chunks": pieces}
    e.program.stage(op.name, chunks * pieces, *product.calls(fields | _projected(e, op)))
    if table := e.table_call(op.y, target.rows, 1):
        e.program.stage(f"{op.name} table", target.blocks, *table)


def _banded(
    e: IntegerEmission, op: FusedOp, seen: Layout, band: Layout, x: Fields, *before: Call
) -> None:
    """A stage of bands: `before`, window into the scratch, product out of it."""
    target, rows = e.layout(op.y), {"band": band.rows}
    linear = op.linear["window"]
    routine, window = e.window_call(linear, seen)
    window |= {"y_scratch": 1, "y_plane": band.plane, "y_row": band.row, "blocks": band.blocks}
    window |= size_of(target) | rows | x
    inner = e.scratch_table(linear, band, 0, target.rows, {"height": band.rows} | rows)
    product = e.packed_product(op.linear["product"], target.pixels, band.plane)
    fields = {"x_scratch": 1, "tall": band.rows} | rows
    calls = product.calls(fields | _projected(e, op))
    table = e.table_call(op.y, band.rows, target.blocks)
    items = -(-target.rows // band.rows)
    e.program.stage(op.name, items, *before, (routine, window), *inner, *calls, *table)


def _band(e: IntegerEmission, op: FusedOp, blocks: int, most: int, height: int = 1) -> Layout:
    """What lies in the scratch between window and product."""
    target = e.layout(op.y)
    row = blocks * target.columns * LANES * height
    rows = pack.even_band(target.rows, e.threads, most // row)
    return Layout(blocks, rows, target.columns, CONTIGUOUS, LANES)


def _separable(e: IntegerEmission, op: FusedOp) -> None:
    """Depthwise and pointwise, band by band."""
    source = e.layout(op.x)
    band = _band(e, op, source.blocks, BAND)
    e.program.reserve(band.size + 4 * LANES)
    _banded(e, op, source, band, {"x": e.buffers[op.x]})


def _bottleneck(e: IntegerEmission, op: FusedOp) -> None:
    """Expansion of what a band sees, then the band's window and product."""
    window, source = op.linear["window"], e.layout(op.x)
    top, _, left, right = window.sides
    (k, _, m), (down, _) = window.shape, window.stride
    band = _band(e, op, up(m, LANES) // LANES, EXPANDED_BAND, height=down * down + 1)
    tall = (band.rows - 1) * down + k
    seen = Layout(band.blocks, tall, source.columns, (0, 0, left, right), LANES)
    e.program.reserve(band.size + seen.size + 4 * LANES)
    fields: Fields = {"y": band.size, "y_plane": seen.plane, "rows": source.rows}  # behind the band
    fields |= {"band": band.rows * down, "tall": tall, "above": top}
    border = {"y_row": seen.row, "left": left * LANES, "right": right * LANES}
    border |= fields | {"blocks": seen.blocks, "fill": e.read(window).zero}
    fields |= {"y_scratch": 1, "y_at": e.program.pixels(seen), "columns": source.columns}
    expand = op.linear["expand"]
    product = e.packed_product(expand, source.pixels, source.plane)
    calls = product.calls(fields | {"x": e.buffers[op.x]})
    place = {"band": band.rows * down, "above": top, "height": tall}
    table = e.scratch_table(expand, seen, band.size, source.rows, place)
    before = (maps.border, border), *calls, *table
    _banded(e, op, seen, band, {"x": band.size, "x_scratch": 1}, *before)


def _pool(e: IntegerEmission, op: FusedOp) -> None:
    """The means of a map's channels; at the end of the trunk a pixel of the head's input."""
    buffer = e.buffers[op.y]
    means = e.mean_call(op.x, op.y, LANES if buffer.kept else 0)
    e.program.stage(op.name, buffer.layout.blocks, means)


def _excite(e: IntegerEmission, op: FusedOp) -> None:
    """The second product of squeeze-and-excite, and its gates on the map."""
    product = e.packed_product(op.linear["product"], e.layout(op.y).pixels, e.layout(op.x).plane)
    cut = {"x": e.buffers[op.x], "pixel_chunks": 1, "panel_chunks": product.panels}
    calls = product.calls(cut | _projected(e, op))
    scale = e.plane_of(op.y, "gates") | e.plane_of(op.scaled, "x")
    scale |= {"pixels": e.layout(op.scaled).pixels, "main": product.main, "split": product.split}
    scale |= {"vectors": product.split + product.rest}
    e.program.stage(op.name, product.panels, *calls, e.scale_call(op, scale))


def _activate(e: IntegerEmission, op: FusedOp) -> None:
    """An activation by itself, where no stage before has looked it up."""
    target = e.layout(op.y)
    if table := e.table_call(op.y, target.rows, 1):
        e.program.stage(op.name, target.blocks, *table)


def _result(e: IntegerEmission, op: FusedOp) -> None:
    """The last map, its channels side by side again."""
    pixels = e.layout(op.x).pixels
    band = max(1, -(-pixels // (4 * e.threads)))
    fields = e.with_table(op.x, "x") | {"pixels": pixels, "channels": op.output[-1], "band": band}
    fields |= {"flip": e.tensor(e.written(op.x)).flip}
    e.program.stage(op.name, -(-pixels // band), (maps.result, fields))


EMIT: dict[Kind, Callable[[IntegerEmission, FusedOp], None]] = {
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
