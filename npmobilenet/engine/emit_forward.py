"""The stages of a training step, forwards: a function for each kind of op."""

from __future__ import annotations

from typing import Any

from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.train import conv, depthwise, elementwise, norm, pack, pointwise
from ..kernels.simd.tuning import TILES, TRAIN_ITEMS
from ..models.layers import Conv, Depthwise
from . import tiling
from .allocate import Buffer
from .buffers import Draft, Facts
from .layout import Layout
from .lower import Op


def product(draft: Draft, op: Op) -> None:
    """Of a pointwise, dense or standard convolution."""
    layer, view, facts = op.layer, op.inputs[0], packed(draft, op)
    facts |= tiling.routines(pointwise.panels, facts)
    twice, code = 1, pointwise.pointwise_forward
    if view.node:
        facts |= draft.seen(view)
    if isinstance(layer, Conv):
        facts |= tiling.window(layer, op.map)
        code = conv.map_forward
    if isinstance(layer, Conv) and view.node is None:
        rows, columns, channels = layer.input
        padded = Layout(1, rows, columns, layer.window.sides, 4 * channels)
        place = draft.program.buffer(draft.n * padded.plane + 1024, kept=True)
        facts |= {"image_at": place, "image_size": padded.plane, "image_row": padded.row}
        facts |= {"x_blocks": facts["g_rows"] // LANES}
        draft.stage("image", conv.pad, draft.n, facts)
        twice, code = 2, conv.image_forward  # windows lie in the scratch as rows, too
    rows, most = TILES[facts["main"]], -(-facts["vectors"] // facts["main"])
    shares = max(1, min(2 * TRAIN_ITEMS, facts["pixels"] // 256))
    pieces = 1 if shares >= TRAIN_ITEMS // 2 else min(most, -(-TRAIN_ITEMS // 2 // shares))
    tile = tiling.tile(facts["pixels"], shares, rows, facts["g_rows"] * twice)
    draft.program.reserve((tile + 1) * (facts["g_rows"] * 4 + BYTES) * twice + tiling.MARGIN)
    cut = {"shares": shares, "pieces": pieces, "grain": rows, "tile": tile}
    _with_moments(draft, op, code, shares * pieces, facts | cut)


def depthwise_convolution(draft: Draft, op: Op) -> None:
    """Of a depthwise convolution."""
    layer, m = op.layer, draft.map_of(op.map)
    assert isinstance(layer, Depthwise)
    facts = packed(draft, op) | draft.seen(op.inputs[0]) | tiling.bands(draft, layer, op.map)
    facts |= {"shares": draft.in_images(m.blocks), "grain": op.map.pixels}
    code = depthwise.forward[facts["routine"]]
    _with_moments(draft, op, code, m.blocks * facts["shares"], facts)


def packed(draft: Draft, op: Op) -> Facts:
    """What is known of an op with weights, which a stage puts into panels."""
    facts = draft.map_of(op.map).facts | tiling.matrix(op)
    facts["panels"] = draft.program.buffer(facts["height"] * facts["vectors"] * BYTES)
    items = -(-facts["height"] // facts["item_rows"])
    draft.stage(f"{op.layer.name} pack", pack.pack, items, facts)
    return facts


def _with_moments(draft: Draft, op: Op, code: Any, items: int, facts: Facts) -> None:
    """The stage of a convolution, and that of its batch's moments."""
    m, normal = draft.map_of(op.map), op.map.norm
    m.made, moves = facts, normal and not m.facts["frozen"]
    size = facts["shares"] * m.blocks * norm.FORWARD_SUMS
    sums = draft.program.buffer(size) if moves else 0
    draft.stage(op.layer.name, code, items, facts, {"y_sums": sums})
    if normal:
        own = m.facts | {"sums": sums, "eps": normal.eps, "momentum": normal.momentum}
        draft.stage(f"{normal.name} moments", norm.forward, m.blocks, facts, own)


def pool(draft: Draft, op: Op) -> None:
    """Of a global average pool."""
    facts = draft.map_of(op.map).facts | draft.seen(op.inputs[0]) | tiling.in_tiles(draft)
    facts |= {"shares": draft.in_images(facts["x_blocks"]), "dy": 0}
    draft.stage(op.layer.name, elementwise.pool, facts["x_blocks"] * facts["shares"], facts)


def add(draft: Draft, op: Op) -> None:
    """Of a residual add."""
    m = draft.map_of(op.map)
    shares = max(1, min(-(-2 * TRAIN_ITEMS // m.blocks), m.pixels // 256))
    facts = m.facts | tiling.in_tiles(draft) | {"shares": shares}
    facts |= draft.seen(op.inputs[0]) | draft.seen(op.inputs[1], "z")
    draft.stage(op.layer.name, elementwise.residual, m.blocks * shares, facts)


def scale(draft: Draft, op: Op) -> None:
    """Of squeeze-and-excite's product: the gates, which who reads it multiplies with."""
    m, own = (draft.map_of(view.map) for view in op.inputs)
    m.gate, m.gate_plane = draft.program.buffer(own.blocks * own.plane), own.plane
    facts = own.facts | draft.seen(op.inputs[1]) | {"y": m.gate}
    draft.stage(op.layer.name, elementwise.read, own.blocks, facts)


def dropout(draft: Draft, op: Op) -> None:
    """Of dropout: its factors are gates, drawn before the pass."""
    m = draft.map_of(op.inputs[0].map)
    m.gate, m.gate_plane = draft.program.buffer(m.blocks * m.plane, kept=True), m.plane
    draft.masks[op.layer.name] = m


def result(draft: Draft) -> Buffer:
    """What the last layer gives, activated, for all images."""
    m = draft.map_of(draft.graph.result.map)
    out = draft.program.buffer(m.blocks * m.plane)
    facts = m.facts | draft.seen(draft.graph.result) | {"y": out}
    draft.stage("result", elementwise.read, m.blocks, facts)
    return out
