"""The stages of a training step, forwards: a function for each kind of op."""

from __future__ import annotations

from typing import Any

from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.train import conv, depthwise, elementwise, norm, pack, pointwise
from ..kernels.simd.tuning import TILES, TRAIN_ITEMS
from ..models.layers import BatchNorm, Conv, Depthwise
from . import tiling
from .allocate import Buffer
from .buffers import Draft, Facts
from .lower import Node, Op


def product(draft: Draft, op: Op) -> None:
    """Of a pointwise, dense or standard convolution."""
    layer, view, node = op.layer, op.inputs[0], op.map
    matrix = tiling.matrix(draft, op)
    panels = draft.program.buffer(matrix["height"] * matrix["vectors"] * BYTES)
    facts = matrix | draft.written(node) | {"panels": panels}
    draft.stage(f"{layer.name} pack", pack.pack, -(-matrix["height"] // LANES), facts)
    facts |= tiling.routines(pointwise.panels, matrix)
    twice, code = 1, pointwise.pointwise_forward
    if view.node:
        facts |= draft.seen(view)
    if isinstance(layer, Conv):
        facts |= tiling.window(layer, node)
        code = conv.map_forward
    if isinstance(layer, Conv) and view.node is None:
        facts |= padded_image(draft, layer, facts) | {"x_blocks": matrix["g_rows"] // LANES}
        twice, code = 2, conv.image_forward  # windows lie in the scratch as rows, too
    rows, most = TILES[matrix["main"]], -(-matrix["vectors"] // matrix["main"])
    shares = max(1, min(2 * TRAIN_ITEMS, facts["pixels"] // 256))
    pieces = 1 if shares >= TRAIN_ITEMS // 2 else min(most, -(-TRAIN_ITEMS // 2 // shares))
    tile = tiling.tile(facts["pixels"], shares, rows, matrix["g_rows"] * twice)
    draft.program.reserve((tile + 1) * (matrix["g_rows"] * 4 + BYTES) * twice + tiling.MARGIN)
    cut = {"shares": shares, "pieces": pieces, "grain": rows, "tile": tile}
    _with_moments(draft, node, code, shares * pieces, facts | cut)


def padded_image(draft: Draft, layer: Conv, window: Facts) -> Facts:
    """The image among zeros, which is made when it is first asked for."""
    if not draft.image:
        top, bottom, left, right = layer.window.sides
        height, width, channels = layer.input
        row = 4 * channels * (width + left + right)
        size = row * (height + top + bottom)
        place = draft.program.buffer(draft.n * size + 1024, kept=True)
        draft.image = {"image_at": place, "image_size": size, "image_row": row}
        draft.stage("image", conv.pad, draft.n, draft.image, window)
    return draft.image


def depthwise_convolution(draft: Draft, op: Op) -> None:
    """Of a depthwise convolution."""
    layer, node = op.layer, op.map
    assert isinstance(layer, Depthwise)
    m = draft.map_of(node)
    facts = draft.written(node) | draft.seen(op.inputs[0]) | tiling.bands(draft, layer, node)
    facts |= packed_taps(draft, op) | {"shares": draft.in_images(m.blocks), "grain": node.pixels}
    code = depthwise.forward[tiling.depthwise_kind(layer, node.shape[1])]
    _with_moments(draft, node, code, m.blocks * facts["shares"], facts)


def packed_taps(draft: Draft, op: Op) -> Facts:
    """The taps of a depthwise convolution, block by block."""
    facts = tiling.taps(draft, op)
    facts["panels"] = draft.program.buffer(facts["vectors"] * facts["depth"] * BYTES)
    draft.stage(f"{op.layer.name} pack", pack.pack, facts["depth"], facts)
    return {"bias": facts["bias"], "panels": facts["panels"]}


def _with_moments(draft: Draft, node: Node, code: Any, items: int, facts: Facts) -> None:
    """The stage of a convolution, and that of its batch's moments."""
    m, normal = draft.map_of(node), node.norm
    sums: Buffer | int = 0
    if normal and normal.name not in draft.frozen:
        sums = draft.program.buffer(facts["shares"] * m.blocks * norm.FORWARD_SUMS)
    draft.stage(node.layer.name, code, items, facts, {"y_sums": sums})
    if normal:
        facts = facts | normalisation(draft, node, normal) | {"sums": sums}
        draft.stage(f"{normal.name} moments", norm.forward, m.blocks, facts)


def normalisation(draft: Draft, node: Node, layer: BatchNorm) -> Facts:
    """What both stages of a batch normalisation have to know."""
    p, g, s, m = draft.at.params, draft.at.grads, draft.at.statistics, draft.map_of(node)
    return {
        "gamma": p[f"{layer.name}.gamma"], "beta": p[f"{layer.name}.beta"],
        "mean": p[f"{layer.name}.mean"], "variance": p[f"{layer.name}.variance"],
        "new_mean": s[f"{layer.name}.mean"], "new_variance": s[f"{layer.name}.variance"],
        "g_gamma": g[f"{layer.name}.gamma"], "g_beta": g[f"{layer.name}.beta"],
        "eps": layer.eps, "momentum": layer.momentum, "frozen": layer.name in draft.frozen,
        "channels": node.shape[2], "coefficients": m.coefficients, "blocks": m.blocks,
        "pixels": m.pixels,
    }  # fmt: skip


def pool(draft: Draft, op: Op) -> None:
    """Of a global average pool."""
    facts = draft.written(op.map) | draft.seen(op.inputs[0]) | tiling.in_tiles(draft)
    facts |= {"shares": draft.in_images(facts["x_blocks"]), "dy": 0}
    draft.stage(op.layer.name, elementwise.pool, facts["x_blocks"] * facts["shares"], facts)


def add(draft: Draft, op: Op) -> None:
    """Of a residual add."""
    m = draft.map_of(op.map)
    shares = max(1, min(-(-2 * TRAIN_ITEMS // m.blocks), m.pixels // 256))
    facts = draft.written(op.map) | tiling.in_tiles(draft) | {"shares": shares}
    facts |= draft.seen(op.inputs[0]) | draft.seen(op.inputs[1], "z")
    draft.stage(op.layer.name, elementwise.residual, m.blocks * shares, facts)


def scale(draft: Draft, op: Op) -> None:
    """Of squeeze-and-excite's product: the gates, which who reads it multiplies with."""
    m, own = (draft.map_of(view.map) for view in op.inputs)
    m.gate, m.gate_plane = draft.program.buffer(own.blocks * own.plane), own.plane
    facts = draft.seen(op.inputs[1]) | {"y": m.gate, "y_plane": own.plane, "pixels": own.pixels}
    draft.stage(op.layer.name, elementwise.read, own.blocks, facts)


def dropout(draft: Draft, op: Op) -> None:
    """Of dropout: its factors are gates, drawn before the pass."""
    m = draft.map_of(op.inputs[0].map)
    m.gate, m.gate_plane = draft.program.buffer(m.blocks * m.plane, kept=True), m.plane
    draft.masks[op.layer.name] = m


def result(draft: Draft) -> Buffer:
    """What the last layer gives, activated, for all images."""
    node = draft.graph.result.map
    m = draft.map_of(node)
    out = draft.program.buffer(m.blocks * m.plane)
    facts = draft.written(node) | draft.seen(draft.graph.result) | {"y": out}
    draft.stage("result", elementwise.read, m.blocks, facts)
    return out
