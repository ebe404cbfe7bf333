"""The maps of a training step and their gradients: where they lie, what a stage has to know of them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..kernels.simd.activation import CLAMP, HARD_SWISH
from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.train import norm
from ..kernels.simd.train.maps import ROUTINES
from ..kernels.simd.tuning import TRAIN_ITEMS
from ..models.layers import Layer
from .allocate import Buffer
from .lower import Graph, Node, View
from .pack import up
from .program import Program
from .training_arrays import Buffers

Facts = dict[str, Any]  # about an op, by the names of the fields of descriptors

# how an activation is computed, and the bounds of its clamp: NaN for none
NAN = float("nan")
ACTIVATIONS = {
    "": (CLAMP, NAN, NAN),
    "relu": (CLAMP, 0.0, NAN),  # lets an infinity pass, which is not inside of (0, infinity)
    "relu6": (CLAMP, 0.0, 6.0),
    "hard_swish": (HARD_SWISH, NAN, NAN),
}


@dataclass(eq=False)
class Map:
    """Where a node lies, and its gradient while there is one."""

    plane: int  # bytes from block to block
    blocks: int
    pixels: int  # of all images
    facts: Facts  # of the map itself and of the arrays that belong to it
    made: Facts = field(default_factory=dict)  # of the op that writes it, for the way back
    dy: Buffer | None = None
    gate: Buffer | None = None  # what multiplies it for one reader
    gate_plane: int = 0
    gated: Layer | None = None  # its gradient waits to be multiplied with the gate


@dataclass
class Draft:
    """A training step in the making, for n images: what all functions that emit it work on."""

    graph: Graph
    n: int
    arrays: Buffers
    program: Program = field(default_factory=Program)
    maps: dict[Node, Map] = field(default_factory=dict)
    masks: dict[str, Map] = field(default_factory=dict)  # what a dropout multiplies, by its name

    def __post_init__(self) -> None:
        widest = max(node.shape[2] for node in (op.node for op in self.graph.ops) if node)
        self.zeros = self.program.buffer(4 * up(widest, 4 * LANES), kept=True)

    def stage(self, name: str, routine: Any, items: int, *facts: Facts) -> None:
        """Append a stage of one routine.  Of the facts it gets those that its descriptor names."""
        known = {key: value for each in facts for key, value in each.items()}
        fields = {key: known[key] for key in routine.descriptor.names}
        self.program.stage(name, items, (routine, fields))

    def map_of(self, node: Node) -> Map:
        """The place of a node, made when it is first asked for."""
        if node not in self.maps:
            blocks, pixels = up(node.shape[2], LANES) // LANES, self.n * node.pixels
            plane = (pixels | 1) * BYTES  # odd: blocks meet in no set of the cache
            coefficients = self.program.buffer(blocks * norm.COEFFICIENTS, kept=True)
            facts = self._arrays_of(node) | {
                "y": self.program.buffer(blocks * plane), "y_plane": plane, "y_blocks": blocks,
                "y_kind": _activation(node)[0], "y_coefficients": coefficients,
                "coefficients": coefficients, "blocks": blocks, "channels": node.shape[2],
                "pixels": pixels, "zeros": self.zeros, "images": self.n,
            }  # fmt: skip
            self.maps[node] = Map(plane, blocks, pixels, facts)
        return self.maps[node]

    def _arrays_of(self, node: Node) -> Facts:
        """Addresses of a node's arrays, their gradients and new statistics: 0 for what it has not."""
        layer, normal = node.layer.name, node.norm.name if node.norm else ""
        names = {"w": f"{layer}.weight", "bias": f"{layer}.bias"}
        names |= {array: f"{normal}.{array}" for array in ("gamma", "beta", "mean", "variance")}
        own = self.arrays
        facts: Facts = {"frozen": normal in own.frozen}
        for before, at in (
            ("", own.trained.at | own.running.at), ("g_", own.grads.at), ("new_", own.moved.at)
        ):  # fmt: skip
            facts |= {before + key: at.get(name, 0) for key, name in names.items()}
        return facts | {"bias": facts["bias"] or self.zeros, "g": facts["g_w"]}

    def gradient_of(self, m: Map) -> Buffer:
        """The place of a map's gradient, made when it is first asked for."""
        m.dy = m.dy or self.program.buffer(m.blocks * m.plane)
        return m.dy

    def seen(self, view: View, name: str = "x") -> Facts:
        """A map as its reader sees it; image: pixels of one."""
        m, parts = self.map_of(view.map), ("", "_plane", "_coefficients", "_blocks", "_kind")
        gate, plane = (m.gate, m.gate_plane) if view.gate else (0, 0)
        facts = {name + part: m.facts["y" + part] for part in parts}
        facts |= {f"{name}_gate": gate, f"{name}_gate_plane": plane}
        return facts | {"image": view.map.pixels, "images": self.n}

    def in_images(self, blocks: int) -> int:
        """Shares of the images, where a work item is one block of some images."""
        return min(self.n, max(1, -(-TRAIN_ITEMS // blocks)))


def _activation(node: Node) -> tuple[int, float, float]:
    """How it is computed: a number of activation.py, or the address of a routine; and its bounds."""
    function = node.activation.function if node.activation else ""
    if function in ACTIVATIONS:
        return ACTIVATIONS[function]
    slope = (node.activation.slope if node.activation else None) or 1 / 6
    bound = 0.5 / slope if function == "hard_sigmoid" else NAN
    return ROUTINES[function].address, -bound, bound


def fill_coefficients(draft: Draft) -> None:
    """Of all maps, once: u = y and dy = du, which a normalisation writes over, and the bounds."""
    for node, m in draft.maps.items():
        rows = elements_at(m.facts["coefficients"].address, m.blocks * norm.COEFFICIENTS)
        rows = rows.reshape(m.blocks, -1, LANES)
        rows[:, [norm.SCALE // BYTES, norm.SLOPE // BYTES]] = 1
        rows[:, norm.LOW // BYTES], rows[:, norm.HIGH // BYTES] = _activation(node)[1:]


def elements_at(address: int, size: int) -> Any:
    """The float32 elements at an address, of so many bytes."""
    return np.ctypeslib.as_array((ctypes.c_float * (size // 4)).from_address(address))
