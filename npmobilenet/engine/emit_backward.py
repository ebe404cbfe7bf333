"""The stages of a training step, backwards: a function for each kind of op.

Where a map has several readers each adds to its gradient; the one that comes last here, the first
that read it, completes it: times the activation's slope, with sums for the normalisation.
"""

from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.train import conv, depthwise, elementwise, norm, pack, pointwise
from ..kernels.simd.tuning import GRADIENT_SHARES, TRAIN_ITEMS, TRAIN_UNROLL
from ..models.layers import Conv
from . import tiling
from .allocate import Buffer
from .buffers import Draft, Facts, Map, by_images, gradient_of, in_images, joined, stage
from .emit_forward import normalisation, packed
from .lower import Op
from .pack import up


def complete(draft: Draft, m: Map, pooled: Map | None = None) -> None:
    """Complete a gradient to which all readers have given; pooled: the map's means, if any."""
    if not (m.node.closes or pooled or m.gate):
        return
    facts = by_images(draft, m)
    shares = facts["shares"]
    sums = draft.program.buffer(shares * m.blocks * norm.BACKWARD_SUMS)
    facts |= {
        "x_gate": m.gate or 0, "dy": m.dy or 0, "pooled": pooled.dy if pooled else 0,
        "dx": gradient_of(draft, m), "sums": sums,
    }  # fmt: skip
    stage(draft, f"{m.node.layer.name} complete", elementwise.complete, m.blocks * shares, facts)
    _coefficients(draft, m, sums, shares)


def _coefficients(draft: Draft, m: Map, sums: Buffer, shares: int) -> None:
    """From the sums of a complete gradient to those of gamma, beta and bias."""
    bias = draft.arrays.grads.at.get(f"{m.node.layer.name}.bias", 0)
    if m.node.norm or bias:
        name = f"{(m.node.norm or m.node.layer).name} coefficients"
        # without a normalisation gamma and what belongs to it are 0
        facts: Facts = dict.fromkeys(norm.BACKWARD.names, 0) | normalisation(draft, m)
        facts |= {"sums": sums, "shares": shares, "g_bias": bias}
        stage(draft, name, norm.backward, m.blocks, facts)


def _given(draft: Draft, op: Op, m: Map, source: Map | None, shares: int) -> Facts:
    """Gradients: what an op writes, its weights in shares, its input: added, or complete then."""
    share = m.facts["g_rows"] * m.facts["vectors"] * BYTES
    facts: Facts = {
        "dy": m.dy, "normal": m.node.norm is not None, "shares": shares, "g_share": share,
        "g_shares": draft.program.buffer(shares * share), "complete": False, "transposed": 0,
    }  # fmt: skip
    if source:
        last = draft.graph.ops[min(source.node.readers)] is op
        completes = last and op.inputs[0].gate is None and source.node.closes
        sums = draft.program.buffer(shares * source.blocks * norm.BACKWARD_SUMS)
        facts |= {
            "adds": source.dy is not None, "dx": gradient_of(draft, source),
            "complete": completes, "sums": sums if completes else 0,
        }  # fmt: skip
    return facts


def product(draft: Draft, op: Op, m: Map, source: Map | None = None) -> None:
    """Of a pointwise, dense or standard convolution."""
    cut = _cut(draft, m, source)
    facts = joined(m.facts, cut, _given(draft, op, m, source, cut["shares"]))
    facts |= tiling.routines(pointwise.outers, facts)
    facts |= tiling.routines(pointwise.panels, facts, "t_")
    name, rows, code = op.layer.name, facts["g_rows"], conv.image_backward
    if source:
        code = conv.map_backward if isinstance(op.layer, Conv) else pointwise.pointwise_backward
        facts["transposed"] = draft.program.buffer(up(facts["filters"], TRAIN_UNROLL) * rows * 4)
        stage(draft, f"{name} transpose", pack.pack_transposed, facts["t_vectors"], facts)
    order = {"g": facts["g_shares"], "g_block": rows * BYTES, "g_row": 0}
    whole = facts["group"] == facts["group_padded"] and facts["filters"] % LANES == 0
    alone = whole and facts["shares"] == 1
    if alone:  # the only share has the order of the gradient itself
        order = {"g_share": 0, "g_block": BYTES, "g_row": 4 * facts["filters"]}
    stage(draft, f"{name} backward", code, cut["shares"] * cut["pieces"], facts, **order)
    _finish(draft, op, source, facts, gathers=not alone)


def _cut(draft: Draft, m: Map, source: Map | None) -> Facts:
    """Shares of the pixels, pieces of the input's channels, and the tile; reserves the scratch."""
    rows, filters = m.facts["g_rows"], m.facts["vectors"] * LANES
    pieces, grain, elements, beside = 1, 24, filters + rows, 0
    if source is None:
        shares = max(1, min(TRAIN_ITEMS, m.pixels // 256))
        beside = 4 * rows + 64  # windows as rows, too
    elif isinstance(m.node.layer, Conv):
        shares, grain = min(draft.n, TRAIN_ITEMS), m.node.pixels
    else:
        shares = max(1, min(TRAIN_ITEMS, m.pixels // 512, GRADIENT_SHARES // (4 * rows * filters)))
        panels = -(-m.facts["t_vectors"] // m.facts["t_main"])
        pieces = max(1, min(panels, TRAIN_ITEMS // 2 // shares))
        elements = filters + up(-(-rows // pieces), LANES) + 4 * LANES
    tile = tiling.tile(draft, m.pixels, shares, 6, elements, beside)
    return {"shares": shares, "pieces": pieces, "grain": grain, "tile": tile}


def depthwise_convolution(draft: Draft, op: Op, m: Map, source: Map) -> None:
    name, shares = op.layer.name, in_images(draft, m)
    facts = joined(m.facts, packed(draft, name, m.facts), _given(draft, op, m, source, shares))
    stage(draft, f"{name} backward", depthwise.backward[facts["kind"]], m.blocks * shares, facts)
    _finish(draft, op, source, facts)


def _finish(draft: Draft, op: Op, source: Map | None, facts: Facts, gathers: bool = True) -> None:
    """Add up the shares of dw, and complete the input's gradient where its last reader was this."""
    if gathers:
        rows, items = facts["g_rows"], facts["g_rows"] // facts["item_rows"]
        stage(draft, f"{op.layer.name} gather", pack.gather, items, facts, height=rows)
    if source and facts["complete"] and isinstance(op.layer, Conv):
        complete(draft, source)
    elif source and facts["complete"]:
        _coefficients(draft, source, facts["sums"], facts["shares"])


def pool(draft: Draft, op: Op, m: Map, source: Map) -> None:
    """Of a global average pool, which is the first reader of its map."""
    complete(draft, source, m)


def add(draft: Draft, op: Op, m: Map, *sources: Map) -> None:
    """Both inputs receive the sum's own gradient: the same buffer, for nothing else is in it."""
    for source in sorted(sources, key=lambda source: -min(source.node.readers)):
        source.dy = m.dy
        if draft.graph.ops[min(source.node.readers)] is op:
            complete(draft, source)


def scale(draft: Draft, op: Op, m: Map, gates: Map) -> None:
    """The gradient of squeeze-and-excite's gates; that of the map waits for the pooling."""
    facts = by_images(draft, m)
    facts |= {"dy": m.dy, "y": gradient_of(draft, gates), "y_plane": gates.plane}
    stage(draft, f"{op.layer.name} gradient", elementwise.pool, m.blocks * facts["shares"], facts)
    complete(draft, gates)


def dropout(draft: Draft, op: Op, m: Map) -> None:
    """Times the factors, and complete."""
    complete(draft, m)
