"""The stages of a training step, forwards: a function for each kind of op."""

from typing import Any

from ..kernels.simd.isa.lanes import BYTES
from ..kernels.simd.train import conv, depthwise, elementwise, norm, pack, pointwise
from ..kernels.simd.tuning import TILES, TRAIN_ITEMS, TRAIN_TILE
from ..models.layers import Conv
from . import buffers, tiling
from .allocate import Buffer
from .buffers import Draft, Facts, Map, seen, stage, written
from .lower import Op


def product(draft: Draft, op: Op, m: Map, source: Map | None = None) -> None:
    """Of a pointwise, dense or standard convolution."""
    facts = m.facts = tiling.described(draft, op, m, source)
    own = packed(draft, op.layer.name, facts) | tiling.routines(pointwise.panels, facts)
    code, elements, beside = pointwise.pointwise_forward, facts["g_rows"], 0
    if isinstance(op.layer, Conv):
        code = conv.map_forward
    if source is None:
        stage(draft, "image", conv.pad, draft.n, facts)
        own["x_blocks"] = facts["t_vectors"]
        # windows lie in the scratch as rows, too
        code, elements, beside = conv.image_forward, 2 * elements, BYTES
    most, grain = -(-facts["vectors"] // facts["main"]), TILES[facts["main"]]
    shares = max(1, min(2 * TRAIN_ITEMS, m.pixels // 256))
    pieces = 1 if shares >= TRAIN_ITEMS // 2 else min(most, -(-TRAIN_ITEMS // 2 // shares))
    tile = tiling.tile(draft, m.pixels, shares, grain, elements, beside)
    own |= {"shares": shares, "pieces": pieces, "grain": grain, "tile": tile}
    _with_moments(draft, m, code, shares * pieces, own)


def depthwise_convolution(draft: Draft, op: Op, m: Map, source: Map) -> None:
    facts = m.facts = tiling.described(draft, op, m, source)
    own = packed(draft, op.layer.name, facts)
    own |= {"shares": buffers.in_images(draft, m), "grain": m.node.pixels}
    _with_moments(draft, m, depthwise.forward[facts["kind"]], m.blocks * own["shares"], own)


def packed(draft: Draft, name: str, facts: Facts) -> Facts:
    """Panels of a layer's weights, and the stage that fills them."""
    panels = draft.program.buffer(facts["height"] * facts["vectors"] * BYTES)
    items = -(-facts["height"] // facts["item_rows"])
    stage(draft, f"{name} pack", pack.pack, items, facts, panels=panels)
    return {"panels": panels}


def _with_moments(draft: Draft, m: Map, code: Any, items: int, own: Facts) -> None:
    """The stage of a convolution, and that of its batch's moments."""
    normal, facts = m.node.norm, normalisation(draft, m)
    size = own["shares"] * m.blocks * norm.FORWARD_SUMS
    sums = draft.program.buffer(size) if normal and not facts["frozen"] else 0
    stage(draft, m.node.layer.name, code, items, m.facts, own, y_sums=sums)
    if normal:
        stage(draft, f"{normal.name} moments", norm.forward, m.blocks, facts, own, sums=sums)


def normalisation(draft: Draft, m: Map) -> Facts:
    """What both stages of a batch normalisation have to know; without one, of a bias alone."""
    layer = m.node.norm
    facts = {"coefficients": m.coefficients, "blocks": m.blocks, "pixels": m.pixels}
    facts["channels"] = m.node.shape[2]
    if layer:
        frozen = layer.name in draft.arrays.frozen
        facts |= {"eps": layer.eps, "momentum": layer.momentum, "frozen": frozen}
        facts |= buffers.arrays_of(draft, layer)
    return facts


def pool(draft: Draft, op: Op, m: Map, source: Map) -> None:
    facts = buffers.by_images(draft, source)
    items = source.blocks * facts["shares"]
    stage(draft, op.layer.name, elementwise.pool, items, facts, y=m.y, y_plane=m.plane, dy=0)


def add(draft: Draft, op: Op, m: Map, x: Map, z: Map) -> None:
    shares = max(1, min(-(-2 * TRAIN_ITEMS // m.blocks), m.pixels // 256))
    facts = seen(x) | seen(z, "z") | written(m) | {"shares": shares, "tile": TRAIN_TILE}
    stage(draft, op.layer.name, elementwise.residual, m.blocks * shares, facts)


def scale(draft: Draft, op: Op, m: Map, gates: Map) -> None:
    """Of squeeze-and-excite's product: the gates, which who reads it multiplies with."""
    m.gate = draft.program.buffer(gates.blocks * gates.plane)
    read(draft, op.layer.name, gates, m.gate)


def dropout(draft: Draft, op: Op, m: Map) -> None:
    """Of dropout: its factors are gates, drawn before the pass."""
    m.gate = draft.program.buffer(m.blocks * m.plane, kept=True)
    draft.program.use(m.gate)


def read(draft: Draft, name: str, m: Map, to: Buffer) -> None:
    """A map, activated, for all images."""
    stage(draft, name, elementwise.read, m.blocks, seen(m), written(m), y=to)
