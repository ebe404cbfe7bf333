"""From layers to ops, for inference and training alike: what is kept in memory, and who reads it.

A node is a map that is kept: the raw result of a convolution, a dense layer, a pooling or a sum.  The
normalisation and the activation that follow belong to it.  A view is a node as a layer reads it: so
normalised and activated, and multiplied where squeeze-and-excite or dropout has a gate for it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..models import layers
from ..models.network_plan import Plan

CONVOLUTIONS = (layers.Conv, layers.Depthwise, layers.Pointwise, layers.Dense)
KEPT = (*CONVOLUTIONS, layers.GlobalAveragePool, layers.Add)
GATES = (layers.Scale, layers.Dropout)
JOINING = (layers.BatchNorm, layers.Activation)


@dataclass(eq=False)
class Node:
    """A kept map: who makes it, what its readers see of it, and who they are."""

    layer: layers.Layer
    norm: layers.BatchNorm | None = None
    activation: layers.Activation | None = None
    readers: list[int] = field(default_factory=list)  # positions of the ops that read it

    @property
    def shape(self) -> layers.Shape:
        """(H, W, C), for vectors (1, 1, C)."""
        shape = self.layer.output
        return shape if len(shape) == 3 else (1, 1, *shape)

    @property
    def pixels(self) -> int:
        """Of one image."""
        return self.shape[0] * self.shape[1]

    @property
    def closes(self) -> bool:
        """Whether its gradient is more than the sum of what its readers give."""
        biased = isinstance(self.layer, CONVOLUTIONS) and "bias" in self.layer.arrays
        return biased or self.norm is not None or self.activation is not None


@dataclass(frozen=True)
class View:
    """A node as a layer sees it; None for the image."""

    node: Node | None
    gate: layers.Layer | None = None  # the Scale or Dropout that multiplies it

    @property
    def map(self) -> Node:
        """The node of a view that is not the image's."""
        assert self.node is not None
        return self.node


@dataclass(frozen=True)
class Op:
    """A layer that is computed by itself."""

    layer: layers.Layer
    inputs: tuple[View, ...]
    node: Node | None  # what it writes; none for a gate

    @property
    def map(self) -> Node:
        """What an op writes that is no gate."""
        assert self.node is not None
        return self.node


@dataclass(frozen=True)
class Graph:
    """All ops of a plan in the order in which they run, and the view that is the result."""

    plan: Plan
    ops: tuple[Op, ...]
    result: View


def refusal(who: str, layer: layers.Layer, why: str) -> NotImplementedError:
    """What is raised where a layer stands where it cannot be compiled."""
    return NotImplementedError(f"{who}: {layer.name} ({layer.kind}) {why}")


def lower(who: str, plan: Plan, alone: Iterable[type[layers.Layer]] = ()) -> Graph:
    """The ops of a plan.  alone: layers that may stand by themselves where they belong to no node.

    NotImplementedError, which begins with `who` and names the layer, for a plan that has none.
    """
    kept = (*KEPT, *alone)
    read = Counter(source for layer in plan.layers for source in layer.inputs)
    views: dict[str, View] = {"image": View(None)}
    ops: list[Op] = []
    for layer in plan.layers:
        inputs = tuple(views[source] for source in layer.inputs)
        if isinstance(layer, JOINING) and read[layer.inputs[0]] == 1 and _joins(layer, inputs[0]):
            views[layer.name] = inputs[0]
            continue
        for view in inputs:
            if view.node:
                view.node.readers.append(len(ops))
        gated = any(view.gate for view in inputs)
        if isinstance(layer, GATES):
            if gated or inputs[0].node is None:
                raise refusal(who, layer, "multiplies what is multiplied already")
            node, views[layer.name] = None, View(inputs[0].node, layer)
        elif isinstance(layer, kept):
            if gated and not isinstance(layer, layers.Pointwise | layers.Dense):
                raise refusal(who, layer, "reads a gated map")
            node = Node(layer)
            views[layer.name] = View(node)
        else:
            raise refusal(who, layer, "follows nothing that it could be done with")
        ops.append(Op(layer, inputs, node))
    return Graph(plan, tuple(ops), views[plan.layers[-1].name])


def _joins(layer: layers.Layer, view: View) -> bool:
    """Whether it belongs to the node that it alone reads; then it does."""
    node = view.node
    if node is None or node.activation or view.gate:
        return False
    if isinstance(layer, layers.Activation):
        node.activation = layer
    elif isinstance(layer, layers.BatchNorm):
        if node.norm or not isinstance(node.layer, CONVOLUTIONS):
            return False
        node.norm = layer
    return True
