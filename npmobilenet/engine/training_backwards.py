"""The stages of a training step, backwards."""

from typing import Any

from ..models.layers import Add, Conv, Dense, Depthwise, GlobalAveragePool, Pointwise
from ..models.layers import Scale as ScaleLayer
from .packing import up
from .training_forwards import Forwards
from .training_graph import Node, Operation, View
from .training_memory import Buffer
from .training_places import SHARES, UNITS, Map


class Backwards(Forwards):
    """Appends the stages of the backward pass."""

    def _start_backward(self) -> None:
        node = self._node(self.result)
        m = self._map(node)
        self.first_slope = self._gradient(m)
        self.stages.use(self.first_slope)
        self._close(node)

    def _close(self, node: Node, pooled: Map | None = None, gate: bool = False) -> None:
        """Complete the gradient of a node whose readers have given theirs, in a stage of its own."""
        if not node.closes and pooled is None and not gate:
            return
        m = self._map(node)
        groups = self._groups(m.blocks)
        sums = Buffer(groups * m.blocks * self.unit.BACKWARD_SUMS)
        had = m.dy is not None
        fields = self._seen("x", View(node)) | {
            "dx": self._gradient(m), "dx_plane": m.plane, "dx_sums": sums, "images": self.n,
            "image": node.shape[0] * node.shape[1], "chunks": groups, "tile": 256,
        }  # fmt: skip
        if had:
            fields |= {"dy": m.dy, "dy_plane": m.plane}
        if pooled:
            fields |= {"z": pooled.dy, "z_plane": pooled.plane}
        if gate:
            fields |= {"x_gate": m.gate, "x_gate_plane": m.gate_plane}
        self._reserve(256 * self.bytes)
        self._add(f"{node.layer.name} close", self.small.close, m.blocks * groups, **fields)
        self._closed(node, sums, groups)

    def _closed(self, node: Node, sums: Buffer, chunks: int) -> None:
        """From the sums of a complete gradient to those of gamma, beta and bias."""
        bias = self.at.grads.get(f"{node.layer.name}.bias", 0)
        if node.norm is None and not bias:
            return
        m = self._map(node)
        fields = self._written(node) | {
            "dx_sums": sums, "chunks": chunks, "g_bias": bias, "weight": 1,
            "channels": node.shape[2], "exact": m.exact,
        }  # fmt: skip
        if node.norm:
            fields |= self._norm(node.norm)
        self._add(f"{node.layer.name} slopes", self.norm.slopes, m.blocks, **fields)

    def _backward(self, position: int, op: Operation) -> None:
        layer = op.layer
        if isinstance(layer, Conv | Pointwise | Dense):
            self._product_backward(position, op)
        elif isinstance(layer, Depthwise):
            self._window_backward(position, op)
        elif isinstance(layer, GlobalAveragePool):
            assert op.node is not None
            source = self._node(op.inputs[0])
            if position != min(source.readers):
                raise NotImplementedError(f"compile_training: {layer.name} is not the first reader")
            self._close(source, self._map(op.node), self._map(source).gated)
        elif isinstance(layer, Add):
            self._add_backward(position, op)
        elif isinstance(layer, ScaleLayer):
            self._gate_backward(op)
        else:
            self._close(self._node(op.inputs[0]), gate=True)

    def _slope_of(self, node: Node) -> dict[str, Any]:
        m = self._map(node)
        assert m.dy is not None, node.layer.name
        return self._written(node) | {
            "dy": m.dy, "dy_plane": m.plane, "plain": node.norm is None, "zeros": self.zeros,
        }  # fmt: skip

    def _given(self, position: int, view: View) -> tuple[dict[str, Any], bool]:
        """Fields of the gradient that an operation gives to its input; whether it is the last to."""
        node = self._node(view)
        m = self._map(node)
        adds = m.dy is not None
        last = view.gate is None and position == min(node.readers) and node.closes
        m.gated = m.gated or view.gate is not None
        fields = {"dx": self._gradient(m), "dx_plane": m.plane, "adds": adds, "closes": last}
        return fields, last

    def _product_backward(self, position: int, op: Operation) -> None:
        layer, node, view = op.layer, op.node, op.inputs[0]
        assert node is not None
        matrix = self._matrix(op)
        fields = self._slope_of(node) | matrix | self._tiles(matrix, "turned_")
        picture, conv = view.node is None, isinstance(layer, Conv)
        if isinstance(layer, Conv):
            fields |= self._geometry(layer, node)
        last, rows = False, matrix["g_rows"]
        pixels, sums = self._pixels(node), Buffer(0)
        share = rows * matrix["vectors"] * self.bytes
        chunks = max(1, min(UNITS, pixels // 512, SHARES // share))
        pieces = -(-matrix["turned_vectors"] // matrix["turned_main"])
        parts = 1 if conv else max(1, min(pieces, UNITS // 2 // chunks))
        if picture:
            chunks = max(1, min(UNITS, pixels // 256))
            fields |= self.picture_fields
            code = self.products.picture_backward
        else:
            turned = Buffer(up(matrix["filters"], self.steps) * rows * 4)
            fields |= self._seen("x", view) | {"turned": turned}
            given, last = self._given(position, view)
            fields |= given
            self._add(f"{layer.name} turn", self.weights.turn, matrix["turned_vectors"],
                      turned=turned, **matrix)  # fmt: skip
            code = self.products.pointwise_backward
        if conv and not picture:
            chunks = min(self.n, UNITS)
            fields["closes"] = False
            code = self.products.windows_backward
        elif last:
            sums = Buffer(chunks * self._map(self._node(view)).blocks * self.unit.BACKWARD_SUMS)
            fields["dx_sums"] = sums
        own = -(-rows // parts // self.lanes) * self.lanes + 4 * self.lanes
        wide = matrix["vectors"] * self.lanes + (rows if conv else 2 * own)
        grain = node.shape[0] * node.shape[1] if conv and not picture else 24
        tile = self._tile(pixels, chunks, 6, wide)
        self._reserve((tile + 1) * (4 * wide + self.bytes) + (tile + 1) * (4 * rows + 64) * picture)
        fields |= {"chunks": chunks, "parts": parts, "grain": grain, "tile": tile}
        whole = matrix["group"] == matrix["group_padded"] and not matrix["filters"] % self.lanes
        if chunks == 1 and whole:  # the only share has the order of the gradient itself
            self._add(f"{layer.name} backward", code, parts, direct=1, **fields)
        else:
            shares = {"g_shares": Buffer(chunks * share), "g_share": share}
            self._add(f"{layer.name} backward", code, chunks * parts, **fields, **shares)
            self._add(f"{layer.name} gather", self.weights.gather, rows // self.lanes,
                      chunks=chunks, **shares, **matrix)  # fmt: skip
        if last and conv:
            self._close(self._node(view))
        elif last:
            self._closed(self._node(view), sums, chunks)

    def _window_backward(self, position: int, op: Operation) -> None:
        layer, node, view = op.layer, op.node, op.inputs[0]
        assert node is not None
        assert isinstance(layer, Depthwise)
        m, taps = self._map(node), self._taps(layer, node)
        groups = self._groups(m.blocks)
        panels = Buffer(m.blocks * taps["depth"] * self.bytes)
        self._add(f"{layer.name} pack", self.weights.pack_taps, m.blocks, panels=panels, **taps)
        share = m.blocks * taps["depth"] * self.bytes
        sums, shares = Buffer(groups * m.blocks * self.unit.BACKWARD_SUMS), Buffer(groups * share)
        given, last = self._given(position, view)
        fields = self._slope_of(node) | self._seen("x", view) | given | self._bands(layer, node)
        fields |= {"panels": panels, "chunks": groups, "g_shares": shares, "dx_sums": sums}
        code = self._window_unit(self.depthwise.backward, layer, node.shape[1])
        self._add(f"{layer.name} backward", code, m.blocks * groups, **fields)
        self._add(f"{layer.name} gather", self.weights.gather_taps, m.blocks,
                  g_shares=shares, g_share=share, chunks=groups, **taps)  # fmt: skip
        if last:
            self._closed(self._node(view), sums, groups)

    def _add_backward(self, position: int, op: Operation) -> None:
        """Both inputs receive the sum's own gradient: the same buffer, where nothing else is in it."""
        assert op.node is not None
        own = self._map(op.node)
        nodes = [self._node(view) for view in op.inputs]
        for node in sorted(nodes, key=lambda node: -min(node.readers)):
            m = self._map(node)
            if m.dy is not None or (position == min(node.readers) and node.activation):
                raise NotImplementedError(f"compile_training: {op.layer.name} adds an unusual map")
            m.dy = own.dy
            if position == min(node.readers):
                self._close(node)

    def _gate_backward(self, op: Operation) -> None:
        node, gate = (self._node(view) for view in op.inputs)
        m, own = self._map(node), self._map(gate)
        groups = self._groups(m.blocks)
        fields = self._seen("x", View(node)) | {
            "dy": m.dy, "dy_plane": m.plane, "y": self._gradient(own), "y_plane": own.plane,
            "image": node.shape[0] * node.shape[1], "images": self.n, "chunks": groups, "tile": 256,
        }  # fmt: skip
        self._reserve(256 * self.bytes)
        self._add(
            f"{op.layer.name} gradient", self.small.gate_gradient, m.blocks * groups, **fields
        )
        self._close(gate)
