"""Maps of a training step and their gradients: where they lie, what stages have to know of them."""

import ctypes
from typing import Any

import numpy as np

from ..kernels.simd.activation import CLAMP, HARD_SWISH
from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.train import norm
from ..kernels.simd.train.maps import ROUTINES
from ..kernels.simd.tuning import TRAIN_ITEMS, TRAIN_TILE
from ..models.layers import Layer
from .allocate import Buffer
from .lower import Graph, Node, Op
from .pack import up
from .program import Program
from .training_arrays import Buffers

MARGIN = 8 * BYTES  # of a scratch: stretches are written in whole vectors
Facts = dict[str, Any]  # about an op, by the names of the fields of descriptors

# how an activation is computed, and the bounds of its clamp: NaN for none
NAN = float("nan")
ACTIVATIONS = {
    "": (CLAMP, NAN, NAN),
    "relu": (CLAMP, 0.0, NAN),  # lets an infinity pass, which is not inside of (0, infinity)
    "relu6": (CLAMP, 0.0, 6.0),
    "hard_swish": (HARD_SWISH, NAN, NAN),
}


class Map:
    """Where a node lies, for n images, and its gradient while there is one."""

    def __init__(self, node: Node, n: int, program: Program) -> None:
        self.node, self.pixels = node, n * node.pixels
        self.blocks: int = up(node.shape[2], LANES) // LANES
        self.plane = plane(self.pixels)  # bytes from block to block
        self.y = program.buffer(self.blocks * self.plane)
        self.coefficients = program.buffer(self.blocks * norm.COEFFICIENTS, kept=True)
        self.dy: Buffer | None = None
        self.gate: Buffer | None = None  # what multiplies it for one reader
        self.facts: Facts = {}  # of the layer that writes it, for both passes


class Draft:
    """A training step in the making, for n images: what all functions that emit it work on."""

    def __init__(self, graph: Graph, n: int, arrays: Buffers) -> None:
        self.graph, self.n, self.arrays, self.program = graph, n, arrays, Program()
        nodes = [op.node for op in graph.ops if op.node]
        self.maps = {node: Map(node, n, self.program) for node in nodes}
        widest = max(node.shape[2] for node in nodes)
        self.program.reserve(TRAIN_TILE * BYTES + MARGIN)  # where nothing is multiplied
        zeros = self.program.buffer(4 * up(widest, 4 * LANES), kept=True)
        planes = dict.fromkeys(("x_gate_plane", "pooled_plane"), plane(n))  # a pixel an image
        self.facts: Facts = {"zeros": zeros, "images": n} | planes  # that any stage may want


def stage(draft: Draft, name: str, routine: Any, items: int, *facts: Facts, **own: Any) -> None:
    """Append a stage of one routine, which gets what its descriptor names; own: its own facts."""
    known = joined(draft.facts, *facts) | own
    draft.program.stage(name, items, (routine, {k: known[k] for k in routine.descriptor.names}))


def joined(*facts: Facts) -> Facts:
    """Facts of several kinds together.  ValueError where two say different things of one name."""
    known: Facts = {}
    for key, value in (item for each in facts for item in each.items()):
        if known.setdefault(key, value) != value:
            raise ValueError(f"{key} is {known[key]} and {value}")
    return known


def plane(pixels: int) -> int:
    """Bytes from block to block; odd in pixels, so that blocks meet in no set of the cache."""
    return int((pixels | 1) * BYTES)


def maps_of(draft: Draft, op: Op) -> list[Map]:
    """What an op writes, unless it is a gate, and what it reads, unless that is the image."""
    nodes = (op.node, *(view.node for view in op.inputs))
    return [draft.maps[node] for node in nodes if node]


def gradient_of(draft: Draft, m: Map) -> Buffer:
    """The place of a map's gradient, made when it is first asked for."""
    m.dy = m.dy or draft.program.buffer(m.blocks * m.plane)
    return m.dy


def seen(m: Map, name: str = "x", gated: bool = False) -> Facts:
    """A map as its reader sees it."""
    return {
        name: m.y, f"{name}_plane": m.plane, f"{name}_blocks": m.blocks,
        f"{name}_coefficients": m.coefficients, f"{name}_kind": _activation(m.node)[0],
        f"{name}_gate": m.gate if gated else 0,
    }  # fmt: skip


def written(m: Map) -> Facts:
    """The map that an op writes; image: pixels of one."""
    return seen(m, "y") | {"pixels": m.pixels, "image": m.node.pixels}


def by_images(draft: Draft, m: Map) -> Facts:
    """A map that is read a few pixels at a time; a work item is one block of some images."""
    return seen(m) | {"image": m.node.pixels, "shares": in_images(draft, m), "tile": TRAIN_TILE}


def in_images(draft: Draft, m: Map) -> int:
    """Shares of the images, where a work item is one block of some images."""
    return min(draft.n, max(1, -(-TRAIN_ITEMS // m.blocks)))


def arrays_of(draft: Draft, layer: Layer) -> Facts:
    """Addresses of a layer's arrays, their gradients (g_NAME) and new statistics (new_NAME)."""
    own = draft.arrays
    facts = {}
    for name in layer.arrays:
        facts[name] = own.trained.at[f"{layer.name}.{name}"]
        facts[f"g_{name}"] = own.grads.at[f"{layer.name}.{name}"]
    for name in layer.statistics:
        facts[name] = own.running.at[f"{layer.name}.{name}"]
        facts[f"new_{name}"] = own.moved.at[f"{layer.name}.{name}"]
    return facts


def _activation(node: Node) -> tuple[int, float, float]:
    """How it is computed: a number of activation.py or the address of a routine; and its bounds."""
    function = node.activation.function if node.activation else ""
    if function in ACTIVATIONS:
        return ACTIVATIONS[function]
    slope = (node.activation.slope if node.activation else None) or 1 / 6
    bound = 0.5 / slope if function == "hard_sigmoid" else NAN
    return ROUTINES[function].address, -bound, bound


def fill_coefficients(draft: Draft) -> None:
    """Of all maps, once: u = y and dy = du, which a normalisation writes over, and the bounds."""
    for node, m in draft.maps.items():
        rows = in_blocks(m, m.coefficients, norm.COEFFICIENTS)
        rows[:, [norm.SCALE // BYTES, norm.SLOPE // BYTES]] = 1
        rows[:, norm.LOW // BYTES], rows[:, norm.HIGH // BYTES] = _activation(node)[1:]


def in_blocks(m: Map, buffer: Any, size: int) -> Any:
    """A buffer with so many bytes for each of a map's blocks, as (blocks, pixels, LANES)."""
    elements = (ctypes.c_float * (m.blocks * size // 4)).from_address(buffer.address)
    return np.ctypeslib.as_array(elements).reshape(m.blocks, -1, LANES)
