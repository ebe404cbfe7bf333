"""From the ops of a plan to the program of a training step: forwards, then backwards.

    lower.py           ops, nodes and views       tiling.py           how the work is cut
    buffers.py         maps and gradients         emit_forward.py     stages of the forward pass
    program.py         stages and their memory    emit_backward.py    and of the backward pass

HANDLED says for each kind of layer what emits its stages; `refuse` names what cannot be done.
"""

from collections.abc import Callable
from typing import Any

from ..kernels.simd.train import depthwise
from ..models import layers
from ..models.layers import Add, Conv, Depthwise, Dropout, GlobalAveragePool, Layer, Scale
from . import emit_backward, emit_forward
from .buffers import Draft, fill_coefficients, gradient_of, in_blocks, maps_of
from .lower import Graph, Node, Op
from .program import Code
from .training_arrays import Buffers

PRODUCTS = (Conv, layers.Pointwise, layers.Dense)
# kind of layer: what emits its stages, forwards and backwards.  Batch normalisations and
# activations belong to the layer before them.
HANDLED: dict[type[Layer], tuple[Callable[..., None], Callable[..., None]]] = {
    **dict.fromkeys(PRODUCTS, (emit_forward.product, emit_backward.product)),
    Depthwise: (emit_forward.depthwise_convolution, emit_backward.depthwise_convolution),
    GlobalAveragePool: (emit_forward.pool, emit_backward.pool),
    Add: (emit_forward.add, emit_backward.add),
    Scale: (emit_forward.scale, emit_backward.scale),
    Dropout: (emit_forward.dropout, emit_backward.dropout),
}


def refuse(who: str, graph: Graph) -> None:
    """NotImplementedError, which names the layer, for a graph that has no fast step."""
    # whether there are stages for its kinds of layers models/capabilities.py has asked before
    found = {at: why for at, op in enumerate(graph.ops) if (why := _refusal(graph, at, op))}
    for at, why in sorted((found or _crossing(graph)).items()):
        layer = graph.ops[at].layer
        raise NotImplementedError(f"{who}: {layer.name} ({layer.kind}) {why}")


def _refusal(graph: Graph, position: int, op: Op) -> str:
    layer, sources = op.layer, [view.node for view in op.inputs]
    readers = sources[0].readers if sources[0] else []
    if None in sources and not isinstance(layer, Conv):
        return "reads the image"
    if None in sources and any(v.node is None for o in graph.ops[:position] for v in o.inputs):
        return "reads the image, as another layer does"  # which has put its own zeros around it
    if op.node and not op.node.readers and graph.result.node is not op.node:
        return "is read by nobody"
    made = {(kernel, kernel, stride, stride) for kernel, stride, _ in depthwise.forward}
    if isinstance(layer, Depthwise) and (*layer.kernel, *layer.stride) not in made:
        return f"has kernel {layer.kernel} and stride {layer.stride}: no microkernel is made for it"
    if isinstance(layer, GlobalAveragePool) and position != min(readers):
        return "is not the first reader of its map"
    if isinstance(layer, Add) and any(_unusual(node, position) for node in sources if node):
        return "adds a map that is read after it, or first by it in spite of an activation"
    if isinstance(layer, Dropout) and sources[0] and sources[0].pixels > 1:
        return "drops parts of a map"
    if isinstance(layer, Scale | Dropout):
        before = 1 if isinstance(layer, Scale) else 0  # the pooling that its gate is made of
        pooled = all(isinstance(graph.ops[r].layer, GlobalAveragePool) for r in readers[:before])
        gated = [any(v.gate is layer for v in graph.ops[r].inputs) for r in readers[before + 1 :]]
        if readers[before : before + 1] != [position] or not pooled or not all(gated):
            return "multiplies a map that others read as well"
        if graph.result.gate is layer:
            return "is the last layer"
    return ""


def _unusual(node: Node, position: int) -> bool:
    """Whether more than the sum's own gradient would lie in the buffer that an Add shares."""
    first = position == min(node.readers)
    alone = max(node.readers) == position and node.readers.count(position) == 1
    return not alone or (first and node.activation is not None)


def _crossing(graph: Graph) -> dict[int, str]:
    """Ops, by position, that would spoil a gradient: why.

    Both inputs of an Add have the sum's own gradient, in one buffer, and so have the inputs of sums of
    sums.  What reads one of them adds to it there, which must not be before what made another has read
    it, nor by that.
    """
    makers = {op.node: at for at, op in enumerate(graph.ops) if op.node}
    lies: dict[Node, Node] = {}  # -> whose buffer its gradient lies in
    since: dict[Node, int] = {}  # -> the Add that put it there; backwards, so from there down
    for at in reversed(range(len(graph.ops))):
        if isinstance(graph.ops[at].layer, Add):
            own = graph.ops[at].map
            for node in (view.map for view in graph.ops[at].inputs if view.node):
                lies[node], since[node] = lies.get(own, own), at
    found = {}
    for one, buffer in lies.items():
        others = [two for two in lies if lies[two] is buffer and two is not one]
        for at in one.readers:
            for two in others:
                if makers[two] <= at < since[two] and not isinstance(graph.ops[at].layer, Add):
                    name = two.layer.name
                    found[at] = (
                        f"reads {one.layer.name}, whose gradient lies where {name}'s is needed"
                    )
    return found


def emit(graph: Graph, n: int, arrays: Buffers) -> tuple[Code, Any, Any, dict[str, Any]]:
    """Code; logits, their gradient and factors of dropouts as arrays (blocks, pixels, LANES)."""
    draft = Draft(graph, n, arrays)
    ops, program = graph.ops, draft.program
    for op in ops:
        HANDLED[type(op.layer)][0](draft, op, *maps_of(draft, op))
    m, *_ = maps_of(draft, ops[-1])  # the last layer's is the result
    result, gradient = program.buffer(m.blocks * m.plane), gradient_of(draft, m)
    emit_forward.read(draft, "result", m, result)
    program.part()
    for buffer in (result, gradient):
        program.use(buffer)
    emit_backward.complete(draft, m)
    for op in reversed(ops[_lowest(draft) :]):
        HANDLED[type(op.layer)][1](draft, op, *maps_of(draft, op))
    code = program.finish()
    fill_coefficients(draft)
    logits, dlogits = (in_blocks(m, buffer, m.plane) for buffer in (result, gradient))
    dropped = {op.layer.name: maps_of(draft, op)[0] for op in ops if isinstance(op.layer, Dropout)}
    masks = {name: in_blocks(m, m.gate, m.plane) for name, m in dropped.items()}
    return code, logits, dlogits, masks


def _lowest(draft: Draft) -> int:
    """The first op whose arrays are trained: nobody wants a gradient of what is below."""
    for position, op in enumerate(draft.graph.ops):
        parts = (op.layer, op.node.norm if op.node else None)
        if any(f"{p.name}.{a}" in draft.arrays.chosen for p in parts if p for a in p.arrays):
            return position
    return len(draft.graph.ops)
