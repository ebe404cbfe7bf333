"""Where the maps of a training step lie, and what a stage has to know of them."""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..models.network_plan import Plan
from .packing import up
from .training_graph import Node, View, operations
from .training_memory import Buffer, Stages

UNITS = 16  # a stage has at least so many units, if it can be cut into so many
CACHE = 640 * 1024  # bytes of a unit's scratch: a part of the second cache
SHARES = 8 * 2**20  # bytes of the shares of one weight's gradient


@dataclass(eq=False)
class Map:
    """Where a node lies, and its gradient while there is one."""

    y: Buffer
    plane: int
    blocks: int
    coefficients: Buffer
    exact: Buffer
    dy: Buffer | None = None
    gate: Buffer | None = None  # what multiplies it for one reader
    gate_plane: int = 0
    gated: bool = False  # its gradient waits to be multiplied with the gate


@dataclass(frozen=True)
class Addresses:
    """Of the arrays of a step, by name: parameters, gradients, new statistics."""

    params: Mapping[str, int]
    grads: Mapping[str, int]
    statistics: Mapping[str, int]


@dataclass
class Places:
    """Maps, gradients and stages of a program for n images."""

    plan: Plan
    n: int
    at: Addresses
    frozen: frozenset[str]
    trained: frozenset[str]
    stages: Stages = field(default_factory=Stages)
    maps: dict[int, Map] = field(default_factory=dict)
    scratch: int = 4096
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        from ..kernels.simd import (
            lanes,
            train_curves,
            train_depthwise,
            train_norm,
            train_products,
            train_small,
            train_tiles,
            train_unit,
            train_weights,
        )

        self.lanes, self.bytes = lanes.LANES, lanes.BYTES
        self.curves = train_curves
        self.tiles, self.steps = lanes.TILES, train_tiles.STEPS
        self.depthwise, self.norm, self.products = train_depthwise, train_norm, train_products
        self.small, self.unit, self.weights = train_small, train_unit, train_weights
        self.zeros = Buffer(8 * self.bytes, kept=True)
        self.operations, self.result = operations(self.plan)
        self.masks: dict[str, tuple[Buffer, int]] = {}  # of each dropout, and its blocks

    def _node(self, view: View) -> Node:
        assert view.node is not None
        return view.node

    def _array(self, buffer: Buffer, m: Map) -> Any:
        """A buffer laid out as a map: (blocks, pixels, LANES)."""
        found = numbers_at(buffer.address, m.blocks * m.plane, m.blocks, self.lanes)
        return found.reshape(m.blocks, -1, self.lanes)

    def _add(self, name: str, code: Any, units: int, **fields: Any) -> None:
        self.names.append(name)
        self.stages.add(code, units, **fields)

    def _pixels(self, node: Node) -> int:
        return self.n * node.shape[0] * node.shape[1]

    def _map(self, node: Node) -> Map:
        """The place of a node, made when it is first asked for."""
        if id(node) not in self.maps:
            blocks = up(node.shape[2], self.lanes) // self.lanes
            plane = (self._pixels(node) | 1) * self.bytes  # odd: blocks meet in no set of the cache
            self.maps[id(node)] = Map(
                Buffer(blocks * plane), plane, blocks,
                Buffer(blocks * self.unit.COEFFICIENTS, kept=True),
                Buffer(blocks * self.unit.EXACT, kept=True),
            )  # fmt: skip
        return self.maps[id(node)]

    def _gradient(self, m: Map) -> Buffer:
        if m.dy is None:
            m.dy = Buffer(m.blocks * m.plane)
        return m.dy

    def _fill_coefficients(self) -> None:
        """Of maps without normalisation: u = y, dy = du."""
        for m in self.maps.values():
            rows = numbers_at(m.coefficients.address, m.coefficients.size, m.blocks, self.lanes)
            rows.reshape(m.blocks, -1, self.lanes)[:, [1, 3]] = 1

    def _seen(self, name: str, view: View) -> dict[str, Any]:
        """The fields of a view."""
        node = self._node(view)
        m = self._map(node)
        kind, low, high = self._kind(node)
        found = {
            "": m.y, "_plane": m.plane, "_coefficients": m.coefficients, "_kind": kind,
            "_low": low, "_high": high, "_blocks": m.blocks,
        }  # fmt: skip
        if view.gate:
            assert m.gate is not None
            found |= {"_gate": m.gate, "_gate_plane": m.gate_plane}
        return {name + k: v for k, v in found.items()}

    def _kind(self, node: Node) -> tuple[int, float, float]:
        u = self.unit
        if node.activation is None:
            return u.NONE, 0.0, 0.0
        function, slope = node.activation.function, node.activation.slope
        if function == "hard_sigmoid":
            return u.HARD_SIGMOID, 1 / 6 if slope is None else slope, 0.0
        kinds = {
            "relu": (u.CLAMP, 0.0, np.inf), "relu6": (u.CLAMP, 0.0, 6.0),
            "hard_swish": (u.HARD_SWISH, 0.0, 0.0),
        }  # fmt: skip
        if function not in kinds:
            return getattr(self.curves, function).address, 0.0, 0.0
        found: tuple[int, float, float] = kinds[function]
        return found

    def _written(self, node: Node) -> dict[str, Any]:
        m = self._map(node)
        return {
            "y": m.y, "y_plane": m.plane, "y_blocks": m.blocks, "y_coefficients": m.coefficients,
            "pixels": self._pixels(node), "image": node.shape[0] * node.shape[1], "images": self.n,
        }  # fmt: skip

    def _groups(self, blocks: int) -> int:
        """Shares of the images, where a unit is one block of some images."""
        return min(self.n, max(1, -(-UNITS // blocks)))


def numbers_at(address: int, size: int, blocks: int, lanes: int) -> Any:
    """The float32 numbers at an address."""
    kind = ctypes.c_float * (size // 4)
    return np.ctypeslib.as_array(kind.from_address(address))
