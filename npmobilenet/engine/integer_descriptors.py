"""What descriptors of integer stages share: packed weights and their constants, tables, means, sums."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.simd.integer import joined, maps, pack, product, window
from ..kernels.simd.integer.requantise import SINGLE
from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.tuning import FEW_PIXELS, TILES
from ..models.layers import Activation, Add, Layer, Scale
from ..ops.checks import Array
from . import integer_numbers as numbers
from .allocate import Place
from .descriptors import Emission, Fields, Product
from .fused_op import FusedOp, Linear
from .integer_numbers import Tensor
from .layout import Layout
from .lower import Node
from .pack import cut
from .program import LINE, Call, Constants, Program

if TYPE_CHECKING:
    from ..quantization import QuantizedPlan, Step


@dataclass
class IntegerProduct(Product):
    """The same, calls of bytes."""

    rounding: str = SINGLE

    def routine(self, width: int) -> Any:
        """That of micropanels of so many vectors."""
        return product.products[self.rounding, width]


@dataclass(kw_only=True)
class IntegerEmission(Emission):
    """What the functions of emit_integer.py share."""

    quantized: "QuantizedPlan"
    tabled: set[Node] = field(default_factory=set)  # whose activation has been looked up

    @classmethod
    def of(
        cls, quantized: "QuantizedPlan", arrays: Mapping[str, Array], threads: int
    ) -> "IntegerEmission":
        """With a program whose constants are integers."""
        program = Program(weights=Constants(np.int32, beyond=1024))
        return cls(arrays, threads, program, quantized=quantized)

    # --- which tensor is which ---------------------------------------------------------------------

    def step(self, layer: Layer) -> "Step":
        """The integer operator of a layer."""
        return self.quantized.step(layer.name)

    def tensor(self, name: str) -> Tensor:
        """The quantization of a tensor."""
        return Tensor(self.quantized.numbers[name])

    def read(self, linear: Linear | Layer) -> Tensor:
        """What a layer reads."""
        layer = linear.layer if isinstance(linear, Linear) else linear
        return self.tensor(self.step(layer).inputs[0])

    def read_by(self, op: FusedOp) -> Tensor:
        """What the first layer of an op reads."""
        return self.read(next(iter(op.linear.values())))

    def written(self, node: Node | None) -> str:
        """The name of what a node holds in the end."""
        assert node is not None
        after = node.activation
        return after.name if after and after.name in self.quantized.numbers else node.layer.name

    # --- constants ---------------------------------------------------------------------------------

    def constant(self, array: NDArray[Any]) -> Place:
        """An array of bytes or int32, among the weights."""
        flat = np.ascontiguousarray(array).ravel().view(np.uint8)
        whole = np.pad(flat, (0, -flat.size % LINE)).view(np.int32)
        return self.program.weights.later(whole.size, lambda: whole)

    def channels(self, linear: Linear) -> tuple[NDArray[Any], str, Fields]:
        """Weights without their zero point, which rounding, and the fields of requantisation."""
        step, name = self.step(linear.layer), linear.layer.name
        w_q, x = self.quantized[f"{name}.weight"], self.read(linear)
        w = self.params[f"{name}.weight"].astype(np.int32) - np.asarray(w_q.zero_point, np.int32)
        filters = w.shape[-1]
        bias = self.params.get(f"{name}.bias", np.zeros(filters, np.int32)).astype(np.int64)
        bias = bias - x.zero * w.reshape(-1, filters).sum(0, dtype=np.int64)
        out = numbers.of_products(self.quantized, step, filters)
        return w, pack.rounding_of(out), self.requantised(bias, out, self.tensor(name))

    def requantised(self, bias: Any, out: Any, y: Tensor) -> Fields:
        """Fields of a requantisation, its constants among the weights."""
        fields = pack.requantised(bias, out, y.flip)
        return fields | {"constants": self.constant(fields["constants"])}

    # --- weights -----------------------------------------------------------------------------------

    def packed_product(self, linear: Linear, pixels: int, plane: int = 0) -> IntegerProduct:
        """The weights of a pointwise convolution, cut for so many pixels; plane: of what it reads."""
        w, rounding, fields = self.channels(linear)
        depth, filters = w.shape
        turns = pack.up(depth, LANES) // LANES
        w = np.pad(w, ((0, turns * LANES - depth), (0, 0))).reshape(turns, LANES, filters)
        vectors = pack.up(filters, LANES) // LANES
        widths = [v for v in TILES if v <= 2 or pixels >= FEW_PIXELS]
        main, split, rest = cut(vectors, widths)
        quads, offsets = pack.blocks(w, np.arange(turns) * plane)
        fields |= self._walk(quads, offsets, main, split)
        fields["turns"] = self.program.table(pack.turns(quads, turns, main, split))
        return IntegerProduct(fields, main, split, rest, rounding)

    def _walk(self, quads: NDArray[Any], offsets: NDArray[Any], main: int, split: int) -> Fields:
        """Where the turns of a product read, and their micropanels."""
        turns, depth = quads.shape[:2]
        packed = self.constant(pack.panels(quads, main, split))
        fields: Fields = {"w": packed, "w_vector": turns * depth * BYTES, "turns": turns}
        return fields | {"x_at": self.program.table(offsets)}

    def convolution_call(self, linear: Linear, x: Node | None, source: Layout) -> Call:
        """A standard convolution of a map, or of the image, whose channels are side by side."""
        w, rounding, fields = self.channels(linear)
        (rows, columns, m, filters), (down, along) = w.shape, linear.stride
        if x is None:  # a row of the window is one stretch, of quads
            quads_in_turn, stretch = 1, pack.up(columns * m, 4)
            w = np.pad(
                w.reshape(rows, columns * m, filters), ((0, 0), (0, stretch - columns * m), (0, 0))
            )
            w = w.reshape(-1, 4, filters)
            offsets = np.add.outer(np.arange(rows) * source.row, np.arange(0, stretch, 4))
        else:
            quads_in_turn, blocks = product.QUADS, source.blocks
            w = np.pad(w, ((0, 0), (0, 0), (0, blocks * LANES - m), (0, 0)))
            w = w.reshape(-1, LANES, filters)
            u, v, block = np.indices((rows, columns, blocks))
            offsets = u * source.row + v * source.vector + block * source.plane
        vectors = pack.up(filters, LANES) // LANES
        main, split, _ = cut(vectors, (2, 1))
        quads, offsets = pack.blocks(w, offsets.ravel())
        fields |= self._walk(quads, offsets, main, split) | {"vectors": vectors}
        fields |= {"x": self.buffers[x], "x_pixel": along * source.vector}
        fields |= {"x_row": down * source.row}
        return product.convolutions(rounding, quads_in_turn, fields["x_pixel"]), fields

    def window_call(self, linear: Linear, source: Layout) -> Call:
        """A depthwise convolution that reads a map of this layout."""
        w, rounding, fields = self.channels(linear)
        (rows, columns, _), (down, along) = w.shape, linear.stride
        routine, packed = window.any_windows[rounding], None
        if rows == columns and down == along and (rows, down) in window.KNOWN:
            parts, two, packed = pack.taps(w, down)
            fields["two"] = self.program.table(two)
            routine = window.windows.get((rounding, rows, down, parts))
        if packed is None or routine is None:
            routine, packed = window.any_windows[rounding], pack.single_taps(w)
        fields |= {"w": self.constant(packed), "w_block": packed.nbytes // source.blocks}
        fields |= {"x_plane": source.plane, "x_row": source.row, "x_pixel": along * LANES}
        fields |= {"x_down": down * source.row, "kernel_rows": rows, "kernel_columns": columns}
        return routine, fields

    # --- without weights ---------------------------------------------------------------------------

    def _table(self, layer: Layer) -> Place:
        """256 bytes: what a layer makes of each."""
        found = numbers.table(self.quantized, self.step(layer))
        return self.constant(found)

    def table_call(self, node: Node | None, band: int, blocks: int) -> list[Call]:
        """The activation of a node that is more than a clamp, of bands of rows, so many blocks."""
        if node is None or node in self.tabled or self.written(node) == node.layer.name:
            return []
        self.tabled.add(node)
        assert node.activation is not None
        found = self.layout(node)
        fields: Fields = {"x": Place(self.buffers[node], found.inside), "x_row": found.row}
        fields |= {"x_plane": found.plane, "table": self._table(node.activation)}
        fields |= {"rows": found.rows, "columns": found.columns, "blocks": blocks, "band": band}
        return [(maps.lookup, fields)]

    def scratch_table(
        self, linear: Linear, found: Layout, start: int, rows: int, place: Fields
    ) -> list[Call]:
        """The same for what a layer has left in the scratch, from byte `start` on."""
        readers = [step.layer for step in self.quantized.steps if linear.layer.name in step.inputs]
        if len(readers) != 1 or not isinstance(readers[0], Activation):
            return []
        fields: Fields = {"x": start + found.inside, "x_row": found.row, "x_plane": found.plane}
        fields |= {"table": self._table(readers[0]), "x_scratch": 1, "rows": rows}
        return [(maps.lookup, fields | {"columns": found.columns, "blocks": found.blocks} | place)]

    def adding(self, op: FusedOp) -> Fields:
        """The map that an op adds."""
        layer = next(part for part in op.parts if isinstance(part, Add))
        own = op.linear["product"].layer.name
        record = numbers.of_sum(self.quantized, self.step(layer), own)
        return self.with_table(op.added, "added") | {"adding": self.constant(record)}

    def mean_call(self, x: Node | None, y: Node | None, y_image: int = 0) -> Call:
        """The means of x's channels into y; y_image: bytes from image to image."""
        assert x is not None
        assert y is not None
        step, pixels = self.step(y.layer), x.pixels
        kind, bias, out = numbers.of_mean(self.quantized, step, pixels, LANES)
        fields = self.requantised(np.full(LANES, bias), out, self.tensor(y.layer.name))
        fields |= self.plane_of(x, "x") | self.plane_of(y, "y")
        return joined.means[kind], fields | {"pixels": pixels, "y_image": y_image}

    def scale_call(self, op: FusedOp, fields: Fields) -> Call:
        """The gates that an op has made on the map that they scale."""
        layer = next(part for part in op.parts if isinstance(part, Scale))
        step = self.step(layer)
        out = numbers.of_gates(self.quantized, step, LANES)
        fields |= self.requantised(np.zeros(LANES), out, self.tensor(layer.name))
        assert op.y is not None
        activation = op.y.activation if self.written(op.y) != op.y.layer.name else None
        fields["table"] = self._table(activation) if activation else 0
        zeros = [self.tensor(name).zero for name in step.inputs]
        facts = self.constant(np.array(zeros, np.int32))
        return joined.scales[self.quantized.rounding], fields | {"facts": facts}
