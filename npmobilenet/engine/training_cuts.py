"""How the work of a training step is cut: shares, parts, tiles and bands, from the shapes alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..models.layers import BatchNorm, Conv, Depthwise
from . import packing
from .packing import up
from .training_graph import Node, Operation
from .training_places import CACHE, Places


class Cuts(Places):
    """Fields that several stages of a layer share."""

    def _reserve(self, size: int) -> None:
        self.scratch = max(self.scratch, size + 8 * self.bytes)

    def _geometry(self, layer: Conv | Depthwise, node: Node) -> dict[str, Any]:
        window, (h, w, c) = layer.window, layer.input
        return {
            "kernel": window.kernel[0], "kernel_columns": window.kernel[1],
            "stride": window.stride[0], "stride_columns": window.stride[1],
            "top": window.sides[0], "left": window.sides[2], "rows": h, "columns": w,
            "y_rows": node.shape[0], "y_columns": node.shape[1], "channels": c,
            "segment": window.kernel[1] * c,
        }  # fmt: skip

    def _matrix(self, op: Operation) -> dict[str, Any]:
        """How the weights of a product are cut: the same in every stage that has to do with them."""
        layer = op.layer
        *taps, inputs, filters = layer.arrays["weight"]
        depth = int(np.prod(taps, dtype=int)) * inputs
        picture = op.inputs[0].node is None
        group = depth if picture else inputs
        padded = up(group, self.lanes)
        rows = depth // group * padded
        vectors = up(filters, self.lanes) // self.lanes
        turned = rows // self.lanes
        main, split, _ = packing.cut(vectors, self.tiles)
        turned_main, turned_split, _ = packing.cut(turned, self.tiles)
        return {
            "w": self.at.params[f"{layer.name}.weight"], "g": self.at.grads[f"{layer.name}.weight"],
            "depth": depth, "filters": filters, "group": group, "group_padded": padded,
            "main": main, "split": split, "vectors": vectors,
            "turned_main": turned_main, "turned_split": turned_split, "turned_vectors": turned,
            "g_rows": rows, "height": up(depth if rows == padded else rows, self.steps),
        }  # fmt: skip

    def _tile(self, pixels: int, chunks: int, rows: int, channels: int) -> int:
        """Pixels done at once: what fits into the cache, evenly."""
        share = -(-pixels // chunks)
        most = min(192, max(48, CACHE // (4 * channels)))
        return up(-(-share // -(-share // most)), rows)

    def _tiles(self, matrix: Mapping[str, Any], turned: str = "") -> dict[str, Any]:
        """The codes of the tiles for both widths of panels; turned: of a backward pass, with outers."""

        def codes(units: Any, start: str, name: str) -> dict[str, Any]:
            main, split = matrix[f"{start}main"], matrix[f"{start}split"]
            rest = matrix[f"{start}vectors"] - split
            return {
                f"{name}many": units[main].address, f"{name}rest": units[rest].address if rest else 0,
            }  # fmt: skip

        panels, outers = self.products.panels, self.products.outers
        if not turned:
            return codes(panels, "", "")
        return codes(outers, "", "") | codes(panels, turned, turned)

    def _norm(self, norm: BatchNorm) -> dict[str, Any]:
        p, g, s = self.at.params, self.at.grads, self.at.statistics
        return {
            "gamma": p[f"{norm.name}.gamma"], "beta": p[f"{norm.name}.beta"],
            "mean": p[f"{norm.name}.mean"], "variance": p[f"{norm.name}.variance"],
            "new_mean": s[f"{norm.name}.mean"], "new_variance": s[f"{norm.name}.variance"],
            "g_gamma": g[f"{norm.name}.gamma"], "g_beta": g[f"{norm.name}.beta"],
            "eps": norm.eps, "momentum": norm.momentum, "channels": norm.input[-1],
            "frozen": norm.name in self.frozen, "normal": 1,
        }  # fmt: skip

    def _window_unit(self, units: Mapping[Any, Any], layer: Depthwise, columns: int) -> Any:
        key = (layer.kernel[0], layer.stride[0])
        if layer.kernel != key[:1] * 2 or layer.stride != key[1:] * 2 or (*key, 7) not in units:
            raise NotImplementedError(
                f"compile_training: {layer.name} has kernel {layer.kernel} and stride {layer.stride}"
            )
        return units[(*key, 7 if columns % 7 < columns % 4 or columns % 7 == 0 else 4)]

    def _taps(self, layer: Depthwise, node: Node) -> dict[str, Any]:
        k, l, m = layer.arrays["weight"]  # noqa: E741
        name = f"{layer.name}.weight"
        return {
            "w": self.at.params[name], "g": self.at.grads[name], "depth": k * l, "filters": m,
        }  # fmt: skip

    def _bands(self, layer: Depthwise, node: Node) -> dict[str, Any]:
        """Geometry, the width of a row among zeros, and rows done at once."""
        found = self._geometry(layer, node)
        k, s, left = found["kernel"], found["stride"], found["left"]
        padded = max(s * (node.shape[1] - 1) + k, left + found["columns"])
        line = padded * self.bytes
        # of dy: zeros left of it, and right of it as far as inputs go
        slopes = (k - 1) // s + max(node.shape[1], (left + found["columns"] - 1) // s + 1)
        d_row = slopes * self.bytes
        band = max(1, min(node.shape[0], CACHE // (s * line + d_row)))
        self._reserve((s * band + k) * line + (band + 2 * k + 2) * d_row
                      + (left + found["columns"] + s + k * k) * self.bytes)  # fmt: skip
        return found | {"padded": padded, "d_row": d_row, "band": band}
