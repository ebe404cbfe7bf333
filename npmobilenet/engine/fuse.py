"""Ops joined so that a value between them never goes to memory: what inference computes at one go.

A convolution takes its normalisation into its weights and its activation with it, a projection its
residual, a depthwise convolution the mean of its output where squeeze-and-excite asks for it.  Depthwise
and pointwise become one op where nothing stands between them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from ..kernels.simd.activation import Activation
from ..kernels.simd.tuning import LARGE, MOST
from ..models import layers
from ..models.network_plan import Plan
from .fused_op import ALONE, FUSED, NONE, FusedOp, Kind, Linear
from .layout import CONTIGUOUS, Sides
from .lower import Graph, Node, Op, View, lower, refusal

PROJECTIONS = (Kind.POINTWISE, Kind.SEPARABLE, Kind.BOTTLENECK)  # what can add a residual


@dataclass
class Fusion:
    """The ops found so far."""

    who: str
    threads: int
    graph: Graph
    ops: list[FusedOp] = field(default_factory=list)
    scaled: set[Node] = field(default_factory=set)


def fuse(who: str, plan: Plan, threads: int) -> list[FusedOp]:
    """The ops of a plan, the image's and the result's too.

    Their kinds are known (models/capabilities.py); NotImplementedError, which begins with `who` and
    names the layer, where one stands where it cannot be computed.
    """
    f = Fusion(who, threads, lower(who, plan, alone=[layers.BatchNorm]))
    image = layers.Layer(name="image", inputs=(), input=(*plan.resolution, plan.channels))
    f.ops.append(FusedOp(kind=Kind.IMAGE, parts=(image,), x=None, y=None))
    for op in f.graph.ops:
        if any(v.node in f.scaled and not isinstance(v.gate, layers.Scale) for v in op.inputs):
            raise refusal(f.who, op.layer, "reads what its gates have changed")
        if View(None) in op.inputs and not isinstance(op.layer, layers.Conv):
            raise refusal(f.who, op.layer, "reads the image, which only a standard convolution can")
        HANDLED[type(op.layer)](f, op)
        _activate(f, op)
    result, last = f.graph.result, plan.layers[-1]
    if result.node is None or _factor(result) != 1:
        raise refusal(f.who, last, "cannot be the last layer")
    result_layer = layers.Layer(name=last.name, inputs=(), input=last.output)
    f.ops.append(FusedOp(kind=Kind.RESULT, parts=(result_layer,), x=result.node, y=result.node))
    halos(f.ops, who)
    return f.ops


def halos(ops: list[FusedOp], who: str = "compile") -> dict[Node | None, Sides]:
    """The zeros around each map; NotImplementedError where its readers want different ones."""
    found: dict[Node | None, Sides] = {}
    for op in ops:
        wanted = [(op.x, op.sides)] if op.linear or op.kind is Kind.POOL else []
        wanted += [(op.scaled, CONTIGUOUS)] if op.scaled else []
        wanted += [(op.y, CONTIGUOUS)] if op.pooled else []
        for node, sides in wanted:
            if found.setdefault(node, sides) != sides:
                why = "wants other zeros around its input than another of its readers"
                raise NotImplementedError(f"{who}: {op.layers[0]} {why}")
    return found


def _factor(view: View) -> float:
    """What a dropout leaves of a value at inference."""
    gate = view.gate
    dropped = isinstance(gate, layers.Dropout) and gate.mode == "downscale_in_infer"
    return 1 - gate.rate if dropped else 1.0  # type: ignore[union-attr]


def _append(f: Fusion, kind: Kind, op: Op, *also: layers.Layer | None, **fields: Any) -> None:
    parts = (op.layer, *(layer for layer in also if layer))
    f.ops.append(FusedOp(kind=kind, parts=parts, x=op.inputs[0].node, y=op.node, **fields))


def _activate(f: Fusion, op: Op) -> None:
    """The activation of a node, where its op did not take it along."""
    layer = op.node.activation if op.node else None
    if layer is None or layer in f.ops[-1].parts:
        return
    if layer.function not in ALONE:
        raise refusal(f.who, layer, "does not follow a convolution")
    f.ops.append(FusedOp(kind=Kind.ACTIVATE, parts=(layer,), x=op.node, y=op.node))


def _linear(op: Op) -> tuple[Linear, layers.Layer | None]:
    """A layer with what follows it, and the activation among that."""
    activation = op.map.activation
    function = activation.function if activation else ""
    linear = Linear(op.layer, op.map.norm, FUSED.get(function, NONE), _factor(op.inputs[0]))
    return linear, activation if function in FUSED else None


def _convolution(f: Fusion, op: Op) -> None:
    """Standard or depthwise, or a normalisation alone, which is a depthwise one of a single tap."""
    linear, activation = _linear(op)
    standard = isinstance(op.layer, layers.Conv)
    kind, place = (Kind.CONVOLUTION, "product") if standard else (Kind.DEPTHWISE, "window")
    _append(f, kind, op, activation, linear={place: linear})


def _pointwise(f: Fusion, op: Op) -> None:
    linear, activation = _linear(op)
    before = f.ops[-1]
    for scale in (f.graph.ops[reader] for reader in op.map.readers[:1]):
        if isinstance(scale.layer, layers.Scale) and scale.inputs[1].node is op.node:
            _excite(f, op, linear, scale)
            return
    _append(f, Kind.POINTWISE, op, activation, linear={"product": linear})
    if before.kind is Kind.DEPTHWISE and before.y is op.inputs[0].node:
        _join_depthwise(f)


def _excite(f: Fusion, op: Op, linear: Linear, scale: Op) -> None:
    """The product that makes the gates of a Scale."""
    gate = op.map.activation
    if gate is None or gate.function != "hard_sigmoid" or not _alone(op.node):
        raise refusal(f.who, scale.layer, "has gates that are not a hard sigmoid's own")
    slope = 1 / 6 if gate.slope is None else gate.slope
    linear = replace(linear, epilogue=(Activation.CLAMP, 0.0, 1.0), slope=slope)
    scaled = scale.inputs[0].node
    _append(f, Kind.EXCITE, op, gate, scale.layer, linear={"product": linear}, scaled=scaled)


def _alone(node: Node | None) -> bool:
    """Whether an op is the only reader of a map."""
    return node is not None and len(node.readers) == 1


def _join_depthwise(f: Fusion) -> None:
    """A pointwise convolution and the depthwise one before it, which it alone reads.

    Not where the weights are more than MOST, nor where the rows cannot be shared out evenly: then the
    pixels are few and the threads had better share the weights.  An expansion before them joins too if
    its result would be more than LARGE elements.
    """
    expand, before, op = f.ops[-3:]
    rows = op.output[0] if len(op.output) == 3 else 1
    even = -(-rows // f.threads) * f.threads <= 1.1 * rows
    if not _alone(before.y) or prod(op.linear["product"].shape) > MOST or not even:
        return
    linear, parts = {**before.linear, **op.linear}, before.parts + op.parts
    op = replace(op, kind=Kind.SEPARABLE, parts=parts, x=before.x, linear=linear)
    f.ops[-2:] = [op]
    follows = expand.kind is Kind.POINTWISE and expand.y is op.x and not expand.added
    if follows and _alone(expand.y) and prod(expand.output) > LARGE:
        linear, parts = {"expand": expand.linear["product"], **linear}, expand.parts + parts
        f.ops[-2:] = [replace(op, kind=Kind.BOTTLENECK, parts=parts, x=expand.x, linear=linear)]


def _pool(f: Fusion, op: Op) -> None:
    last = f.ops[-1]
    if last.kind is Kind.DEPTHWISE and last.y is op.inputs[0].node and not last.pooled:
        f.ops[-1] = replace(last, pooled=op.node, parts=(*last.parts, op.layer))
    else:
        _append(f, Kind.POOL, op)


def _add(f: Fusion, op: Op) -> None:
    last, nodes = f.ops[-1], [view.node for view in op.inputs]
    if last.kind not in PROJECTIONS or last.y not in nodes or not _alone(last.y):
        why = "does not follow a pointwise convolution that it alone reads"
        raise refusal(f.who, op.layer, why)
    other = nodes[1 - nodes.index(last.y)]
    f.ops[-1] = replace(last, y=op.node, added=other, parts=(*last.parts, op.layer))


def _scale(f: Fusion, op: Op) -> None:
    last = f.ops[-1]
    if op.layer not in last.parts or last.scaled is None:
        raise refusal(f.who, op.layer, "does not follow the product that makes its gates")
    f.scaled.add(last.scaled)


def _dropout(f: Fusion, op: Op) -> None:
    """Its factor is in the weights of whoever reads it."""


HANDLED: dict[type[layers.Layer], Callable[[Fusion, Op], None]] = {
    layers.Conv: _convolution,
    layers.Depthwise: _convolution,
    layers.Pointwise: _pointwise,
    layers.Dense: _pointwise,
    layers.BatchNorm: _convolution,
    layers.GlobalAveragePool: _pool,
    layers.Add: _add,
    layers.Scale: _scale,
    layers.Dropout: _dropout,
}
