"""From the ops of a plan to the program of a training step: forwards, then backwards.

    lower.py           ops, nodes and views       tiling.py           how the work is cut
    buffers.py         maps and gradients         emit_forward.py     stages of the forward pass
    program.py         stages and their memory    emit_backward.py    and of the backward pass

HANDLED says for each kind of layer what emits its stages; `refuse` names what cannot be done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..kernels.simd.isa.lanes import LANES
from ..kernels.simd.train import depthwise
from ..models import layers
from ..models.layers import Layer
from . import emit_backward, emit_forward
from .buffers import Draft, Map, elements_at, fill_coefficients
from .lower import Graph, Node, Op, refusal
from .program import Code

# kind of layer: what emits its stages, forwards and backwards.  Batch normalisations and activations
# belong to the layer before them.
HANDLED: dict[type[Layer], tuple[Callable[[Draft, Op], None], Callable[[Draft, Op], None]]] = {
    layers.Conv: (emit_forward.product, emit_backward.product),
    layers.Pointwise: (emit_forward.product, emit_backward.product),
    layers.Dense: (emit_forward.product, emit_backward.product),
    layers.Depthwise: (emit_forward.depthwise_convolution, emit_backward.depthwise_convolution),
    layers.GlobalAveragePool: (emit_forward.pool, emit_backward.pool),
    layers.Add: (emit_forward.add, emit_backward.add),
    layers.Scale: (emit_forward.scale, emit_backward.scale),
    layers.Dropout: (emit_forward.dropout, emit_backward.dropout),
}


@dataclass(frozen=True)
class Passes:
    """Code of both passes, and arrays of what goes in and comes out: (blocks, pixels, LANES)."""

    code: Code
    result: Any  # the logits
    gradient: Any  # theirs
    masks: dict[str, Any]  # each dropout's factors


def refuse(who: str, graph: Graph) -> None:
    """NotImplementedError, which names the layer, for a graph that has no fast step.

    What kinds of layers and activations there are stages for, models/capabilities.py has asked before.
    """
    for position, op in enumerate(graph.ops):
        if why := _refusal(graph, position, op):
            raise refusal(who, op.layer, why)


def _refusal(graph: Graph, position: int, op: Op) -> str:
    layer, sources = op.layer, [view.node for view in op.inputs]
    readers = sources[0].readers if sources[0] else []
    if None in sources and not isinstance(layer, layers.Conv):
        return "reads the image"
    if None in sources and any(v.node is None for o in graph.ops[:position] for v in o.inputs):
        return "reads the image, as another layer does"  # which has put its own zeros around it
    if op.node and not op.node.readers and graph.result.node is not op.node:
        return "is read by nobody"
    made = {((k, k), (s, s)) for k, s, _ in depthwise.forward}
    if isinstance(layer, layers.Depthwise) and (layer.kernel, layer.stride) not in made:
        return f"has kernel {layer.kernel} and stride {layer.stride}: no microkernel is made for it"
    if isinstance(layer, layers.GlobalAveragePool) and position != min(readers):
        return "is not the first reader of its map"
    if isinstance(layer, layers.Add) and any(_unusual(node, position) for node in sources if node):
        return "adds a map that is read after it, or first by it in spite of an activation"
    if isinstance(layer, layers.Dropout) and sources[0] and sources[0].pixels > 1:
        return "drops parts of a map"
    if isinstance(layer, layers.Scale | layers.Dropout):
        own = readers.index(position)
        before = [type(graph.ops[reader].layer) for reader in readers[:own]]
        gates = [[view.gate for view in graph.ops[r].inputs] for r in readers[own + 1 :]]
        made_of = [layers.GlobalAveragePool] if isinstance(layer, layers.Scale) else []
        if before != made_of or not all(layer in each for each in gates):
            return "multiplies a map that others read as well"
        if graph.result.gate is layer:
            return "is the last layer"
    return ""


def _unusual(node: Node, position: int) -> bool:
    """Whether more than the sum's own gradient would lie in the buffer that an Add shares."""
    first = position == min(node.readers)
    alone = max(node.readers) == position and node.readers.count(position) == 1
    return not alone or (first and node.activation is not None)


def emit(draft: Draft) -> Passes:
    """The program of both passes."""
    ops, program = draft.graph.ops, draft.program
    for op in ops:
        HANDLED[type(op.layer)][0](draft, op)
    out = emit_forward.result(draft)
    program.part()
    for buffer in (out, *(m.gate for m in draft.masks.values() if m.gate)):
        program.use(buffer)
    first = emit_backward.start(draft)
    for op in reversed(ops[_lowest(draft) :]):
        HANDLED[type(op.layer)][1](draft, op)
    code = program.finish()
    fill_coefficients(draft)
    m = draft.map_of(draft.graph.result.map)
    masks = {name: _blocks(own.gate, own) for name, own in draft.masks.items()}
    return Passes(code, _blocks(out, m), _blocks(first, m), masks)


def _blocks(buffer: Any, m: Map) -> Any:
    return elements_at(buffer.address, m.blocks * m.plane).reshape(m.blocks, -1, LANES)


def _lowest(draft: Draft) -> int:
    """The first op whose arrays are trained: nobody wants a gradient of what is below."""
    for position, op in enumerate(draft.graph.ops):
        parts = (op.layer, op.node.norm if op.node else None)
        if any(f"{p.name}.{a}" in draft.arrays.wanted for p in parts if p for a in p.arrays):
            return position
    return len(draft.graph.ops)
