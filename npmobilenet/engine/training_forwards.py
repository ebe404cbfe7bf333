"""The stages of a training step, forwards."""

from typing import Any

from ..models.layers import Add, Conv, Dense, Depthwise, GlobalAveragePool, Pointwise
from ..models.layers import Scale as ScaleLayer
from .training_cuts import Cuts
from .training_graph import Node, Operation
from .training_memory import Buffer
from .training_places import UNITS


class Forwards(Cuts):
    """Appends the stages of the forward pass."""

    def _forward(self, op: Operation) -> None:
        layer = op.layer
        if isinstance(layer, Conv | Pointwise | Dense):
            self._product(op)
        elif isinstance(layer, Depthwise):
            self._window(op)
        elif isinstance(layer, GlobalAveragePool):
            assert op.node is not None
            m = self._map(self._node(op.inputs[0]))
            source = self._node(op.inputs[0])
            groups = self._groups(m.blocks)
            fields = self._written(op.node) | self._seen("x", op.inputs[0])
            fields |= {"image": source.shape[0] * source.shape[1], "chunks": groups, "tile": 256}
            self._reserve(256 * self.bytes)
            self._add(layer.name, self.small.pool, m.blocks * groups, **fields)
        elif isinstance(layer, Add):
            assert op.node is not None
            m = self._map(op.node)
            chunks = max(1, min(-(-2 * UNITS // m.blocks), self._pixels(op.node) // 256))
            fields = self._written(op.node) | self._seen("x", op.inputs[0])
            fields |= self._seen("z", op.inputs[1]) | {"chunks": chunks, "tile": 256}
            self._reserve(256 * self.bytes)
            self._add(layer.name, self.small.sums, m.blocks * chunks, **fields)
        elif isinstance(layer, ScaleLayer):
            m, node = self._map(self._node(op.inputs[0])), self._node(op.inputs[1])
            own = self._map(node)
            m.gate, m.gate_plane = Buffer(own.blocks * own.plane), own.plane
            fields = self._seen("x", op.inputs[1]) | {
                "y": m.gate, "y_plane": own.plane, "pixels": self.n, "image": 1, "images": self.n,
            }  # fmt: skip
            self._add(layer.name, self.small.gates, own.blocks, **fields)
        else:  # dropout
            node = self._node(op.inputs[0])
            m = self._map(node)
            if node.shape[:2] != (1, 1):
                raise NotImplementedError(f"compile_training: {layer.name} drops parts of a map")
            m.gate, m.gate_plane = Buffer(m.blocks * m.plane, kept=True), m.plane
            self.masks[layer.name] = m.gate, m.blocks

    def _bias(self, layer: Any) -> dict[str, Any]:
        name = f"{layer.name}.bias"
        return {"bias": self.at.params.get(name, 0), "zeros": self.zeros}

    def _product(self, op: Operation) -> None:
        layer, node, view = op.layer, op.node, op.inputs[0]
        assert node is not None
        matrix = self._matrix(op)
        height, vectors = matrix["height"], matrix["vectors"]
        panels = Buffer(height * vectors * self.bytes)
        self._add(f"{layer.name} pack", self.weights.pack, -(-height // self.lanes),
                  panels=panels, **matrix)  # fmt: skip
        fields = self._written(node) | matrix | self._bias(layer) | {"panels": panels}
        fields |= self._tiles(matrix)
        picture = view.node is None
        if isinstance(layer, Conv):
            fields |= self._geometry(layer, node)
        if picture:
            fields |= self._picture(layer, node)
            code = self.products.picture_forward
        else:
            fields |= self._seen("x", view)
            conv = isinstance(layer, Conv)
            code = self.products.windows_forward if conv else self.products.pointwise_forward
        pixels, rows = self._pixels(node), self.tiles[matrix["main"]]
        pieces = -(-vectors // matrix["main"])
        chunks = max(1, min(2 * UNITS, pixels // 256))
        parts = 1 if chunks >= UNITS // 2 else min(pieces, -(-UNITS // 2 // chunks))
        tile = self._tile(pixels, chunks, rows, matrix["g_rows"] * (2 if picture else 1))
        self._reserve((tile + 1) * (matrix["g_rows"] * 4 + self.bytes) * (2 if picture else 1))
        fields |= {"chunks": chunks, "parts": parts, "grain": rows, "tile": tile}
        self._with_norm(node, code, chunks * parts, fields, chunks, {"grain": rows, "weight": 1})

    def _with_norm(
        self, node: Node, code: Any, units: int, fields: dict[str, Any], chunks: int,
        cut: dict[str, Any],
    ) -> None:  # fmt: skip
        """The stage of a convolution, and that of its batch's statistics."""
        m = self._map(node)
        sums = Buffer(chunks * m.blocks * self.unit.FORWARD_SUMS)
        if node.norm and node.norm.name not in self.frozen:
            fields = fields | {"y_sums": sums}
        self._add(node.layer.name, code, units, **fields)
        if node.norm is None:
            return
        norm = node.norm
        fields = self._written(node) | self._norm(norm) | cut | {"chunks": chunks, "exact": m.exact}
        if norm.name not in self.frozen:
            fields["y_sums"] = sums
        if "per" in fields:
            fields["pixels"] = fields.pop("per")
        self._add(f"{norm.name} statistics", self.norm.statistics, m.blocks, **fields)

    def _picture(self, layer: Any, node: Node) -> dict[str, Any]:
        """The padded picture, which is made first."""
        if not hasattr(self, "picture"):
            top, bottom, left, right = layer.window.sides
            h, w, c = layer.input
            row = 4 * c * (w + left + right)
            image = row * (h + top + bottom)
            self.picture = Buffer(self.n * image + 1024, kept=True)
            self.picture_fields = {
                "picture": self.picture, "picture_image": image, "picture_row": row,
            }  # fmt: skip
            self._add("picture", self.small.picture, self.n,
                      **self.picture_fields, **self._geometry(layer, node))  # fmt: skip
        return self.picture_fields

    def _window(self, op: Operation) -> None:
        layer, node = op.layer, op.node
        assert node is not None
        assert isinstance(layer, Depthwise)
        m = self._map(node)
        taps = self._taps(layer, node)
        panels = Buffer(m.blocks * taps["depth"] * self.bytes)
        self._add(f"{layer.name} pack", self.weights.pack_taps, m.blocks, panels=panels, **taps)
        groups = self._groups(m.blocks)
        fields = self._written(node) | self._seen("x", op.inputs[0]) | self._bias(layer)
        fields |= self._bands(layer, node) | {"panels": panels, "chunks": groups}
        code = self._window_unit(self.depthwise.forward, layer, node.shape[1])
        cut = {"grain": 1, "weight": node.shape[0] * node.shape[1], "per": self.n}
        self._with_norm(node, code, m.blocks * groups, fields, groups, cut)

    def _result(self) -> Buffer:
        """What the last layer gives, activated, for all images."""
        node = self._node(self.result)
        m = self._map(node)
        out = Buffer(m.blocks * m.plane)
        fields = self._seen("x", self.result) | {
            "y": out, "y_plane": m.plane, "pixels": self._pixels(node), "images": self.n,
            "image": node.shape[0] * node.shape[1],
        }  # fmt: skip
        self._add("result", self.small.gates, m.blocks, **fields)
        return out
