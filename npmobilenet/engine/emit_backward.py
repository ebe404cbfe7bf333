"""The stages of a training step, backwards: a function for each kind of op.

Where a map has several readers each adds to its gradient; the one that comes last here, the first that
read it, completes it: times the activation's slope, with sums for the normalisation.
"""

from __future__ import annotations

from typing import Any

from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.train import conv, depthwise, elementwise, norm, pack, pointwise
from ..kernels.simd.tuning import GRADIENT_SHARES, TRAIN_ITEMS, TRAIN_UNROLL
from ..models.layers import Conv
from . import tiling
from .allocate import Buffer
from .buffers import Draft, Facts, Map
from .emit_forward import packed
from .lower import Node, Op, View
from .pack import up


def start(draft: Draft) -> Buffer:
    """The gradient of the result, from where the pass begins."""
    view = draft.graph.result
    first = draft.gradient_of(draft.map_of(view.map))
    draft.program.use(first)
    complete(draft, view)
    return first


def complete(draft: Draft, view: View, pooled: Map | None = None) -> None:
    """Complete the gradient of a node whose readers have given theirs, in a stage of its own.

    pooled: the map of its means, whose gradient comes to it; a gate multiplies what there is.
    """
    if not (view.map.closes or pooled or view.gate):
        return
    m = draft.map_of(view.map)
    shares = draft.in_images(m.blocks)
    sums = draft.program.buffer(shares * m.blocks * norm.BACKWARD_SUMS)
    facts = draft.seen(view) | tiling.in_tiles(draft) | {
        "dy": m.dy or 0, "dx": draft.gradient_of(m), "sums": sums, "shares": shares,
        "pooled": pooled.dy if pooled else 0, "pooled_plane": pooled.plane if pooled else 0,
    }  # fmt: skip
    name = f"{view.map.layer.name} complete"
    draft.stage(name, elementwise.complete, m.blocks * shares, facts)
    _coefficients(draft, view.map, facts)


def _coefficients(draft: Draft, node: Node, given: Facts) -> None:
    """From the sums of a complete gradient to those of gamma, beta and bias."""
    m = draft.map_of(node)
    if node.norm or m.facts["g_bias"]:
        facts = m.facts | {"sums": given["sums"], "shares": given["shares"]}
        name = f"{(node.norm or node.layer).name} coefficients"
        draft.stage(name, norm.backward, m.blocks, facts)


def _given(draft: Draft, op: Op) -> Facts:
    """What is known of an op, with the gradient of what it writes and where that of its input goes."""
    view, own = op.inputs[0], draft.map_of(op.map)
    facts = own.made | {"dy": own.dy, "normal": op.map.norm is not None, "complete": False}
    if view.node:
        m, first = draft.map_of(view.node), draft.graph.ops[min(view.node.readers)] is op
        facts |= {
            "adds": m.dy is not None, "complete": view.gate is None and first and view.node.closes,
            "dx": draft.gradient_of(m), "sums": 0,
        }  # fmt: skip
        m.gated = m.gated or view.gate
    return facts


def product(draft: Draft, op: Op) -> None:
    """Of a pointwise, dense or standard convolution."""
    view, name = op.inputs[0], op.layer.name
    facts = _given(draft, op) | {"transposed": 0}
    facts |= tiling.routines(pointwise.outers, facts)
    facts |= tiling.routines(pointwise.panels, facts, "t_")
    if view.node:
        size = up(facts["filters"], TRAIN_UNROLL) * facts["g_rows"] * 4
        facts["transposed"] = draft.program.buffer(size)
        draft.stage(f"{name} transpose", pack.pack_transposed, facts["t_vectors"], facts)
    facts |= _cut(draft, op, facts)
    if isinstance(op.layer, Conv):
        _gathered(draft, name, conv.map_backward if view.node else conv.image_backward, facts)
        if facts["complete"]:
            complete(draft, view)
        return
    if facts["complete"]:
        shares = facts["shares"] * facts["x_blocks"]
        facts["sums"] = draft.program.buffer(shares * norm.BACKWARD_SUMS)
    _gathered(draft, name, pointwise.pointwise_backward, facts)
    if facts["complete"]:
        _coefficients(draft, view.map, facts)


def _cut(draft: Draft, op: Op, known: Facts) -> Facts:
    """Shares of the pixels, pieces of the input's channels, and the tile; reserves the scratch."""
    rows, filters, pixels = known["g_rows"], known["vectors"] * LANES, known["pixels"]
    pieces, grain, beside = 1, 24, 0
    wide = filters + rows  # elements of a pixel in the scratch
    if op.inputs[0].node is None:  # windows as rows, too
        shares, beside = max(1, min(TRAIN_ITEMS, pixels // 256)), 4 * rows + 64
    elif isinstance(op.layer, Conv):
        shares, grain = min(draft.n, TRAIN_ITEMS), op.map.pixels
    else:
        shares = max(1, min(TRAIN_ITEMS, pixels // 512, GRADIENT_SHARES // (4 * rows * filters)))
        most = -(-known["t_vectors"] // known["t_main"])
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
    # packed again: meanwhile their room was free
    facts = _given(draft, op) | {"panels": packed(draft, op)["panels"]}
    shares, blocks = facts["shares"], facts["y_blocks"]
    share = blocks * facts["depth"] * BYTES
    facts |= {
        "sums": draft.program.buffer(shares * blocks * norm.BACKWARD_SUMS),
        "g_shares": draft.program.buffer(shares * share), "g_share": share,
    }  # fmt: skip
    code, name = depthwise.backward[facts["routine"]], op.layer.name
    draft.stage(f"{name} backward", code, blocks * shares, facts)
    draft.stage(f"{name} gather", pack.gather, facts["depth"], facts)
    if facts["complete"]:
        _coefficients(draft, op.inputs[0].map, facts)


def pool(draft: Draft, op: Op) -> None:
    """Of a global average pool, which is the first reader of its map."""
    source = op.inputs[0].map
    complete(draft, View(source, draft.map_of(source).gated), draft.map_of(op.map))


def add(draft: Draft, op: Op) -> None:
    """Both inputs receive the sum's own gradient: the same buffer, for nothing else is in it."""
    position, own = draft.graph.ops.index(op), draft.map_of(op.map)
    nodes = [view.map for view in op.inputs]
    for node in sorted(nodes, key=lambda node: -min(node.readers)):
        draft.map_of(node).dy = own.dy
        if position == min(node.readers):
            complete(draft, View(node))


def scale(draft: Draft, op: Op) -> None:
    """The gradient of squeeze-and-excite's gates; that of the map waits for the pooling."""
    view, gate = op.inputs
    m, own = draft.map_of(view.map), draft.map_of(gate.map)
    facts = own.facts | draft.seen(view) | tiling.in_tiles(draft) | {
        "dy": m.dy, "y": draft.gradient_of(own), "shares": draft.in_images(m.blocks),
    }  # fmt: skip
    name = f"{op.layer.name} gradient"
    draft.stage(name, elementwise.pool, m.blocks * facts["shares"], facts)
    complete(draft, gate)


def dropout(draft: Draft, op: Op) -> None:
    """Times the factors, and complete."""
    complete(draft, View(op.inputs[0].map, op.layer))
