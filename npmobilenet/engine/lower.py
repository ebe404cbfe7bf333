"""From layers to ops, for inference and training alike: what is kept in memory, and who reads it.

A node is a map that is kept: the raw result of a convolution, a dense layer, a pooling or a sum.  The
normalisation and the activation that follow belong to it.  A view is a node as a layer reads it: so
normalised and activated, and multiplied where squeeze-and-excite or dropout has a gate for it.

Inference has the normalisation in the weights and stores what the activation gives; training stores the
raw result and makes the rest whenever it is read.
"""

from collections import Counter
from collections.abc import Iterable
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
KEPT = (*CONVOLUTIONS, GlobalAveragePool, Add)
GATES = (Scale, Dropout)


@dataclass(eq=False)
class Node:
    """A kept map: who makes it, what its readers see of it, and who they are."""

    layer: Layer
    norm: BatchNorm | None = None
    activation: Activation | None = None
    readers: list[int] = field(default_factory=list)  # positions of the ops that read it

    @property
    def shape(self) -> Shape:
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
    gate: Layer | None = None  # the Scale or Dropout that multiplies it


@dataclass(frozen=True)
class Op:
    """A layer that is computed by itself."""

    layer: Layer
    inputs: tuple[View, ...]
    node: Node | None  # what it writes; none for a gate


@dataclass(frozen=True)
class Graph:
    """All ops in the order in which they run, and the view that is the result."""

    ops: tuple[Op, ...]
    result: View


def lower(who: str, plan: Plan, alone: Iterable[type[Layer]] = ()) -> Graph:
    """The ops of a plan.  alone: layers that may stand by themselves where they belong to no node.

    NotImplementedError, which begins with `who` and names the layer, for a plan that has none.
    """
    return _Lowering(who, tuple(alone)).of(plan)


class _Lowering:
    def __init__(self, who: str, alone: tuple[type[Layer], ...]) -> None:
        self.who, self.alone = who, alone
        self.readers: Counter[str] = Counter()  # layers that read each layer
        self.views: dict[str, View] = {"image": View(None)}
        self.ops: list[Op] = []

    def of(self, plan: Plan) -> Graph:
        self.readers.update(source for layer in plan.layers for source in layer.inputs)
        for layer in plan.layers:
            if isinstance(layer, BatchNorm | Activation) and self._joins(layer):
                continue
            if isinstance(layer, GATES):
                self.views[layer.name] = self._gated(layer)
            elif isinstance(layer, (*KEPT, *self.alone)):
                self.views[layer.name] = self._kept(layer)
            elif isinstance(layer, BatchNorm | Activation):
                raise self._refusal(layer, "follows nothing that it could be done with")
            else:
                raise self._refusal(layer, "is not known")
        return Graph(tuple(self.ops), self.views[plan.layers[-1].name])

    def _refusal(self, layer: Layer, why: str) -> NotImplementedError:
        return NotImplementedError(f"{self.who}: {layer.name} ({layer.kind}) {why}")

    def _read(self, layer: Layer) -> tuple[View, ...]:
        found = tuple(self.views[source] for source in layer.inputs)
        for view in found:
            if view.node:
                view.node.readers.append(len(self.ops))
        return found

    def _joins(self, layer: BatchNorm | Activation) -> bool:
        """Whether it belongs to the node before it, which nobody else reads; then it does."""
        view = self.views[layer.inputs[0]]
        node = view.node
        if node is None or node.activation or view.gate or self.readers[layer.inputs[0]] > 1:
            return False
        if isinstance(layer, BatchNorm):
            if node.norm or not isinstance(node.layer, CONVOLUTIONS):
                return False
            node.norm = layer
        else:
            node.activation = layer
        self.views[layer.name] = view
        return True

    def _gated(self, layer: Layer) -> View:
        inputs = self._read(layer)
        if any(view.gate for view in inputs) or inputs[0].node is None:
            raise self._refusal(layer, "multiplies what is multiplied already")
        self.ops.append(Op(layer, inputs, None))
        return View(inputs[0].node, layer)

    def _kept(self, layer: Layer) -> View:
        inputs = self._read(layer)
        if any(view.gate for view in inputs) and not isinstance(layer, Pointwise | Dense):
            raise self._refusal(layer, "reads a gated map")
        node = Node(layer)
        self.ops.append(Op(layer, inputs, node))
        return View(node)
