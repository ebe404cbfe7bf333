"""The stages of a training step, backwards: a function for each kind of op.

Where a map has several readers each adds to its gradient; the one that comes last here, the first that
read it, completes it: times the activation's slope, with sums for the normalisation.
"""

from __future__ import annotations

from typing import Any

from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.train import conv, depthwise, elementwise, norm, pack, pointwise
from ..kernels.simd.tuning import GRADIENT_SHARES, TRAIN_ITEMS, TRAIN_UNROLL
from ..models.layers import Conv, Depthwise
from . import tiling
from .allocate import Buffer
from .buffers import Draft, Facts, Map
from .emit_forward import normalisation, packed_taps
from .lower import Node, Op, View
from .pack import up


def start(draft: Draft) -> Buffer:
    """The gradient of the result, from where the pass begins."""
    node = draft.graph.result.map
    first = draft.gradient_of(draft.map_of(node))
    draft.program.use(first)
    complete(draft, node)
    return first


def complete(draft: Draft, node: Node, pooled: Map | None = None, gate: bool = False) -> None:
    """Complete the gradient of a node whose readers have given theirs, in a stage of its own."""
    if not node.closes and pooled is None and not gate:
        return
    m = draft.map_of(node)
    shares = draft.in_images(m.blocks)
    sums = draft.program.buffer(shares * m.blocks * norm.BACKWARD_SUMS)
    facts = draft.seen(View(node)) | tiling.in_tiles(draft) | {
        "dy": m.dy or 0, "dx": draft.gradient_of(m), "sums": sums, "shares": shares, "pooled": 0,
        "pooled_plane": 0,
    }  # fmt: skip
    if pooled:
        facts |= {"pooled": pooled.dy, "pooled_plane": pooled.plane}
    if gate:
        facts |= {"x_gate": m.gate, "x_gate_plane": m.gate_plane}
    draft.stage(f"{node.layer.name} complete", elementwise.complete, m.blocks * shares, facts)
    _coefficients(draft, node, sums, shares)


def _coefficients(draft: Draft, node: Node, sums: Buffer | int, shares: int) -> None:
    """From the sums of a complete gradient to those of gamma, beta and bias."""
    bias = draft.at.grads.get(f"{node.layer.name}.bias", 0)
    m = draft.map_of(node)
    facts: Facts = {"sums": sums, "shares": shares, "g_bias": bias, "gamma": 0}
    if node.norm:
        facts |= normalisation(draft, node, node.norm)
    elif bias:
        facts |= dict.fromkeys(norm.BACKWARD.names, 0) | facts | {
            "channels": node.shape[2], "coefficients": m.coefficients, "blocks": m.blocks,
        }  # fmt: skip
    else:
        return
    draft.stage(f"{(node.norm or node.layer).name} coefficients", norm.backward, m.blocks, facts)


def _given(draft: Draft, op: Op) -> Facts:
    """The gradient of what an op writes, and where that of its input goes: added, or complete then."""
    node, view = op.map, op.inputs[0]
    own = draft.map_of(node)
    assert own.dy is not None, node.layer.name
    facts = draft.written(node) | {"dy": own.dy, "normal": node.norm is not None}
    if view.node is None:
        return facts
    m = draft.map_of(view.node)
    first = draft.graph.ops[min(view.node.readers)] is op
    facts |= draft.seen(view) | {
        "adds": m.dy is not None, "complete": view.gate is None and first and view.node.closes,
        "dx": draft.gradient_of(m), "sums": 0,
    }  # fmt: skip
    m.gated = m.gated or view.gate is not None
    return facts


def product(draft: Draft, op: Op) -> None:
    """Of a pointwise, dense or standard convolution."""
    layer, node, view = op.layer, op.map, op.inputs[0]
    matrix = tiling.matrix(draft, op)
    facts = matrix | _given(draft, op) | {"transposed": 0}
    facts |= tiling.routines(pointwise.outers, matrix)
    facts |= tiling.routines(pointwise.panels, matrix, "t_")
    if view.node:
        size = up(matrix["filters"], TRAIN_UNROLL) * matrix["g_rows"] * 4
        facts["transposed"] = draft.program.buffer(size)
        draft.stage(f"{layer.name} transpose", pack.pack_transposed, matrix["t_vectors"], facts)
    if isinstance(layer, Conv):
        facts |= tiling.window(layer, node) | draft.image
    facts |= _cut(draft, op, matrix)
    last = view.node is not None and facts["complete"]
    if last and not isinstance(layer, Conv):
        shares = facts["shares"] * facts["x_blocks"]
        facts["sums"] = draft.program.buffer(shares * norm.BACKWARD_SUMS)
    code = pointwise.pointwise_backward
    if isinstance(layer, Conv):
        code = conv.map_backward if view.node else conv.image_backward
    _gathered(draft, layer.name, code, facts)
    if last and isinstance(layer, Conv):
        complete(draft, view.map)
    elif last:
        _coefficients(draft, view.map, facts["sums"], facts["shares"])


def _cut(draft: Draft, op: Op, matrix: Facts) -> Facts:
    """Shares of the pixels, pieces of the input's channels, and the tile; reserves the scratch."""
    node = op.map
    rows, filters, pixels = matrix["g_rows"], matrix["vectors"] * LANES, draft.map_of(node).pixels
    pieces, grain, wide, beside = (
        1,
        24,
        filters + rows,
        0,
    )  # wide: elements of a pixel in the scratch
    if op.inputs[0].node is None:  # windows as rows, too
        shares, beside = max(1, min(TRAIN_ITEMS, pixels // 256)), 4 * rows + 64
    elif isinstance(op.layer, Conv):
        shares, grain = min(draft.n, TRAIN_ITEMS), node.pixels
    else:
        shares = max(1, min(TRAIN_ITEMS, pixels // 512, GRADIENT_SHARES // (4 * rows * filters)))
        most = -(-matrix["t_vectors"] // matrix["t_main"])
        pieces = max(1, min(most, TRAIN_ITEMS // 2 // shares))
        wide = filters + up(-(-rows // pieces), LANES) + 4 * LANES
    tile = tiling.tile(pixels, shares, 6, wide)
    draft.program.reserve((tile + 1) * (4 * wide + BYTES + beside) + tiling.MARGIN)
    return {"shares": shares, "pieces": pieces, "grain": grain, "tile": tile}


def _gathered(draft: Draft, name: str, code: Any, facts: Facts) -> None:
    """The stage of the gradients, and that which adds up the shares of dw where there are several."""
    rows, shares, items = facts["g_rows"], facts["shares"], facts["shares"] * facts["pieces"]
    whole = facts["group"] == facts["group_padded"] and not facts["filters"] % LANES
    if shares == 1 and whole:  # the only share has the order of the gradient itself
        order = {"g_share": 0, "g_block": BYTES, "g_row": 4 * facts["filters"]}
        draft.stage(f"{name} backward", code, items, facts, order)
        return
    share = rows * facts["vectors"] * BYTES
    g = draft.program.buffer(shares * share)
    order = {"g": g, "g_share": share, "g_block": rows * BYTES, "g_row": 0}
    draft.stage(f"{name} backward", code, items, facts, order)
    order = {"g_shares": g, "g_share": share, "height": rows}
    draft.stage(f"{name} gather", pack.gather, rows // LANES, facts, order)


def depthwise_convolution(draft: Draft, op: Op) -> None:
    """Of a depthwise convolution."""
    layer, node, view = op.layer, op.map, op.inputs[0]
    assert isinstance(layer, Depthwise)
    taps, blocks = tiling.taps(draft, op), draft.map_of(node).blocks
    shares, share = draft.in_images(blocks), blocks * taps["depth"] * BYTES
    facts = packed_taps(draft, op) | _given(draft, op) | tiling.bands(draft, layer, node) | {
        "sums": draft.program.buffer(shares * blocks * norm.BACKWARD_SUMS), "shares": shares,
        "g_shares": draft.program.buffer(shares * share), "g_share": share,
    }  # fmt: skip
    code = depthwise.backward[tiling.depthwise_kind(layer, node.shape[1])]
    draft.stage(f"{layer.name} backward", code, blocks * shares, facts)
    draft.stage(f"{layer.name} gather", pack.gather, taps["depth"], facts, taps)
    if facts["complete"]:
        _coefficients(draft, view.map, facts["sums"], shares)


def pool(draft: Draft, op: Op) -> None:
    """Of a global average pool, which is the first reader of its map."""
    source = op.inputs[0].map
    complete(draft, source, draft.map_of(op.map), draft.map_of(source).gated)


def add(draft: Draft, op: Op) -> None:
    """Both inputs receive the sum's own gradient: the same buffer, for nothing else is in it."""
    position, own = draft.graph.ops.index(op), draft.map_of(op.map)
    nodes = [view.map for view in op.inputs]
    for node in sorted(nodes, key=lambda node: -min(node.readers)):
        draft.map_of(node).dy = own.dy
        if position == min(node.readers):
            complete(draft, node)


def scale(draft: Draft, op: Op) -> None:
    """The gradient of squeeze-and-excite's gates; that of the map waits for the pooling."""
    node, gate = (view.map for view in op.inputs)
    m, own = draft.map_of(node), draft.map_of(gate)
    shares = draft.in_images(m.blocks)
    facts = draft.seen(View(node)) | tiling.in_tiles(draft) | {
        "dy": m.dy, "y": draft.gradient_of(own), "y_plane": own.plane, "shares": shares,
    }  # fmt: skip
    name = f"{op.layer.name} gradient"
    draft.stage(name, elementwise.pool, m.blocks * shares, facts)
    complete(draft, gate)


def dropout(draft: Draft, op: Op) -> None:
    """Times the factors, and complete."""
    complete(draft, op.inputs[0].map, gate=True)
