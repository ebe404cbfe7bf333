"""A plan as training sees it: nodes that are kept, and views that are made while they are read.

A node is the raw result of a convolution, a dense layer, a pooling or a sum.  The normalisation and the
activation that follow belong to it: what they give is never stored.  A view is a node so seen, with a
gate where squeeze-and-excite or dropout multiplies it.
"""

from dataclasses import dataclass, field

from ..models.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    Layer,
    Pointwise,
    Scale,
    Shape,
)
from ..models.network_plan import Plan

CONVOLUTIONS = (Conv, Depthwise, Pointwise, Dense)


@dataclass(eq=False)
class Node:
    """A kept map: who makes it, and what its readers see of it."""

    layer: Layer
    norm: BatchNorm | None = None
    activation: Activation | None = None
    readers: list[int] = field(default_factory=list)  # positions of the operations that read it

    @property
    def shape(self) -> Shape:
        """(H, W, C), for vectors (1, 1, C)."""
        shape = self.layer.output
        return shape if len(shape) == 3 else (1, 1, *shape)

    @property
    def closes(self) -> bool:
        """Whether its gradient is more than the sum of what its readers give."""
        biased = isinstance(self.layer, CONVOLUTIONS) and "bias" in self.layer.arrays
        return biased or self.norm is not None or self.activation is not None


@dataclass(frozen=True)
class View:
    """A node as a layer sees it; None for the picture."""

    node: Node | None
    gate: Layer | None = None  # the Scale or Dropout that multiplies it


@dataclass(frozen=True)
class Operation:
    """A layer that is computed by itself."""

    layer: Layer
    inputs: tuple[View, ...]
    node: Node | None  # what it writes; none for a gate


def operations(plan: Plan) -> tuple[list[Operation], View]:
    """In the order they run, and the view that is the result.

    NotImplementedError for a plan in which a map is read before it is normalised or activated.
    """
    views: dict[str, View] = {"image": View(None)}
    found: list[Operation] = []

    def refuse(layer: Layer, why: str) -> NotImplementedError:
        return NotImplementedError(f"compile_training: {layer.name} ({layer.kind}) {why}")

    def read(layer: Layer, source: str) -> View:
        view = views[source]
        if view.node:
            view.node.readers.append(len(found))
        return view

    for layer in plan.layers:
        node = views[layer.inputs[0]].node
        if isinstance(layer, BatchNorm | Activation):
            view = views[layer.inputs[0]]
            done = node is None or node.readers or node.activation or view.gate
            if done or (isinstance(layer, BatchNorm) and (node is None or node.norm)):
                raise refuse(layer, "follows no convolution")
            assert node is not None
            if isinstance(layer, BatchNorm):
                if not isinstance(node.layer, CONVOLUTIONS):
                    raise refuse(layer, "follows no convolution")
                node.norm = layer
            else:
                node.activation = layer
            views[layer.name] = view
            continue
        inputs = tuple(read(layer, source) for source in layer.inputs)
        if isinstance(layer, Scale | Dropout):
            if any(view.gate for view in inputs) or node is None:
                raise refuse(layer, "multiplies what is multiplied already")
            found.append(Operation(layer, inputs, None))
            views[layer.name] = View(node, layer)
            continue
        if not isinstance(layer, (*CONVOLUTIONS, Add, GlobalAveragePool)):
            raise refuse(layer, "is not known")
        if any(v.gate for v in inputs) and not isinstance(layer, Pointwise | Dense):
            raise refuse(layer, "reads a gated map")
        if not isinstance(layer, Conv) and any(v.node is None for v in inputs):
            raise refuse(layer, "reads the picture")
        made = Node(layer)
        found.append(Operation(layer, inputs, made))
        views[layer.name] = View(made)
    return found, views[plan.layers[-1].name]
