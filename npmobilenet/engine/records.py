"""One step as the record that the compiled part reads: places, sizes, and how the work is cut.

Everything is known here: the compiled part checks nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.layers import Conv, Depthwise
from . import packing
from .memory import CONTIGUOUS, Layout
from .packing import even_band, up
from .steps import ALONE, Step
from .stock import Stock

SCRATCH = 208 * 1024  # bytes of a band between depthwise and pointwise: a part of the second cache
FEW = 64  # pixels: tall tiles then read the weights, which are more than the map, less often
LARGE_SCRATCH = 704 * 1024  # with the expanded rows that it sees


class Recorder:
    """Makes records; `layouts` and `places` say where values lie, `same` which are one and the same."""

    def __init__(
        self,
        layouts: Mapping[str, Layout],
        places: Mapping[str, int],
        same: Mapping[str, str],
        threads: int,
    ):
        from ..kernels.simd import lanes, product, stages, unit

        self.lanes, self.grain, self.stages, self.record = lanes, product.STEPS, stages, unit.STAGE
        self.layouts, self.places, self.same, self.threads = layouts, places, same, threads
        self.stock = Stock()
        self.scratch = 0  # bytes that a member needs

    def value(self, name: str) -> str:
        """The name under which a value lies."""
        while name in self.same:
            name = self.same[name]
        return name

    def _blank(self, units: int, *code: Any) -> NDArray[Any]:
        record = np.zeros((), self.record)
        record["units"], record["records"] = units, 1
        for name, unit in zip(("first", "then"), code, strict=False):
            record[name] = unit.address
        record["added"] = -1
        return record

    def picture(self, channels: int) -> NDArray[Any]:
        """The image into memory, zeros around it."""
        layout = self.layouts["image"]
        band = max(1, -(-layout.rows // (4 * self.threads)))
        record = self._blank(-(-layout.rows // band), self.stages.picture)
        record["rows"], record["columns"], record["channels"] = (
            layout.rows, layout.columns, channels,
        )  # fmt: skip
        record["y"], record["x_row"] = self.places["image"] + layout.inside, layout.row
        record["band"] = band
        return record

    def result(self, last: Step, pixels: int, channels: int) -> NDArray[Any]:
        """What the last step gave, its channels side by side again."""
        layout = self.layouts[last.y]
        band = max(1, -(-pixels // (4 * self.threads)))
        record = self._blank(-(-pixels // band), self.stages.unblock)
        record["x"], record["x_plane"] = self.places[last.y], layout.plane
        record["rows"], record["columns"] = layout.rows, layout.columns
        record["channels"], record["band"] = channels, band
        record["y_at"] = self.stock.table(layout)
        return record

    def of(self, step: Step) -> list[NDArray[Any]]:
        """A step's records."""
        if step.kind == "bottleneck":
            return self.bottleneck(step)
        return [getattr(self, step.kind)(step)]

    def _input(self, record: NDArray[Any], step: Step) -> Layout:
        layout = self.layouts[step.x]
        record["x"], record["x_plane"] = self.places[step.x], layout.plane
        record["x_row"], record["blocks"] = layout.row, layout.blocks
        return layout

    def _output(self, record: NDArray[Any], step: Step) -> Layout:
        layout = self.layouts[step.y]
        record["y"], record["y_plane"] = self.places[step.y], layout.plane
        record["y_at"] = self.stock.table(layout)
        record["rows"], record["columns"] = layout.rows, layout.columns
        return layout

    def _wide(self, record: NDArray[Any], step: Step, rows: int, widths: Iterable[int]) -> int:
        """Weights of the product; returns how many panels."""
        lanes = self.lanes.LANES
        assert step.wide is not None
        assert step.wide_b is not None
        w = step.wide.reshape(-1, step.wide.shape[-1])
        vectors = up(w.shape[1], lanes) // lanes
        main, split, rest = packing.cut(vectors, widths)
        record["vectors"], record["main"], record["split"] = vectors, main, split
        record["wide"] = self.stock.weigh(packing.panels(w, lanes, rows, main, split))
        record["wide_bias"] = self.stock.weigh(packing.vectors_of(step.wide_b, lanes))
        act, low, high = step.wide_activation
        record["wide_activation"], record["wide_low"], record["wide_high"] = act, low, high
        record["turns"] = up(w.shape[0], rows) // rows
        return split // main + (rest > 0)

    def _product(self, record: NDArray[Any], step: Step, *before: Any, after: Any = None) -> int:
        """The units of a product, between others; returns how many panels it has."""
        few = int(record["rows"] * record["columns"]) < FEW
        widths = [v for v in self.lanes.TILES if v <= 2 or not few]
        panels = self._wide(record, step, self.grain, widths)
        products = self.stages.products
        rest = int(record["vectors"] - record["split"])
        units = [*before, products[int(record["main"])], products.get(rest), after]
        for name, unit in zip(("first", "then", "last"), [u for u in units if u], strict=False):
            record[name] = unit.address
        return panels

    def _added(self, record: NDArray[Any], step: Step) -> None:
        if step.added:
            layout = self.layouts[step.added]
            record["added"], record["added_plane"] = self.places[step.added], layout.plane
            record["added_at"] = self.stock.table(layout)

    def _taps(self, record: NDArray[Any], step: Step) -> None:
        assert step.w is not None
        assert step.b is not None
        record["w"] = self.stock.weigh(packing.taps(step.w, self.lanes.LANES))
        record["bias"] = self.stock.weigh(packing.vectors_of(step.b, self.lanes.LANES))
        record["kernel"] = step.w.shape[0]
        record["stride"] = step.window.stride[0] if isinstance(step.window, Depthwise) else 1
        record["activation"], record["low"], record["high"] = step.activation

    def _window(self, step: Step) -> Any:
        """The unit for the kernel and stride of a depthwise convolution."""
        stride = step.window.stride[0] if isinstance(step.window, Depthwise) else 1
        assert step.w is not None
        return self.stages.windows.get((step.w.shape[0], stride), self.stages.any_window)

    def pointwise(self, step: Step) -> NDArray[Any]:
        """A pointwise convolution, or a dense layer."""
        record = self._blank(1)
        self._input(record, step)
        layout = self._output(record, step)
        panels = self._product(record, step)
        self._added(record, step)
        tiles = -(-layout.rows * layout.columns // self.stages.GRAIN)
        # few pixels: the members share the weights, each reading only some; many: the pixels
        few = tiles < 12 * self.threads
        if tiles == 1 or (few and panels >= 4 * self.threads):
            chunks, pieces = 1, panels
        else:
            chunks, pieces = min(tiles, self.threads * (1 if few else 4)), 1
        record["pixel_chunks"], record["panel_chunks"] = chunks, pieces
        record["units"] = chunks * pieces
        return record

    def convolution(self, step: Step) -> NDArray[Any]:
        """A standard convolution."""
        assert isinstance(step.window, Conv)
        assert step.wide is not None
        record = self._blank(1, self.stages.convolution)
        image = self._input(record, step)
        layout = self._output(record, step)
        k, l, m, _ = step.wide.shape  # noqa: E741
        s = step.window.stride[0]
        lanes = self.lanes.LANES
        if step.x == "image":  # channels side by side: a row of the window is one stretch
            segments, length, w = np.arange(k) * image.row, l * m, step.wide
        else:
            full = np.zeros((k, l, image.blocks * lanes, step.wide.shape[-1]))
            full[:, :, :m] = step.wide
            u, v, block = np.indices((k, l, image.blocks)).reshape(3, -1)
            segments = u * image.row + v * image.vector + block * image.plane
            length, w = lanes, full
        record["x_step"] = s * image.vector
        record["segment_at"] = self.stock.tabulate(segments)
        record["segments"], record["length"], record["stride"] = len(segments), length, s
        self._wide(record, replace(step, wide=w), 1, (2, 1))
        record["band"] = max(1, min(8, layout.rows // (2 * self.threads)))
        record["units"] = -(-layout.rows // int(record["band"]))
        return record

    def depthwise(self, step: Step) -> NDArray[Any]:
        """A depthwise convolution, and its means where they are wanted."""
        record = self._blank(1, self._window(step), *([self.stages.mean] if step.pooled else []))
        self._input(record, step)
        layout = self._output(record, step)
        self._taps(record, step)
        record["band"] = layout.rows
        if step.pooled:
            record["pooled"] = self.places[step.pooled]
        elif layout.blocks < 4 * self.threads:
            record["band"] = -(-layout.rows // 4)
        record["units"] = layout.blocks * -(-layout.rows // int(record["band"]))
        return record

    def separable(self, step: Step) -> NDArray[Any]:
        """Depthwise and pointwise, band by band."""
        record = self._blank(1)
        image = self._input(record, step)
        self._band_to_map(record, step, image.blocks, SCRATCH)
        return record

    def _band_to_map(
        self, record: NDArray[Any], step: Step, blocks: int, most: int, height: int = 1
    ) -> int:
        """Window into the scratch and product out of it; returns bytes of the band between them.

        `most` bytes are to be in the scratch for a band, `height` times as many rows as it has.
        """
        layout = self._output(record, step)
        self._taps(record, step)
        self._product(record, step, self._window(step))
        self._added(record, step)
        record["blocks"], record["from_band"] = blocks, 1
        row = blocks * layout.columns * self.lanes.BYTES * height
        band = even_band(layout.rows, self.threads, most // row)
        record["band"], record["units"] = band, -(-layout.rows // band)
        within = Layout(blocks, band, layout.columns, CONTIGUOUS, self.lanes.BYTES)
        record["scratch_plane"] = within.plane
        self.scratch = max(self.scratch, within.size)
        return within.size

    def bottleneck(self, step: Step) -> list[NDArray[Any]]:
        """Expansion of what a band sees, then the band's window and product: one stage, two records."""
        expand = step.expand
        assert expand is not None
        assert isinstance(step.window, Depthwise)
        top, _, left, right = step.window.window.sides
        k, s = step.window.kernel[0], step.window.stride[0]
        wide = self._blank(1)
        self._input(wide, expand)
        lanes = self.lanes.LANES
        blocks = up(expand.output[-1], lanes) // lanes
        narrow = self._blank(0)
        narrow["records"] = 0
        size = self._band_to_map(narrow, step, blocks, LARGE_SCRATCH, height=s * s + 1)
        band = int(narrow["band"])
        height, width = expand.output[:2]
        tall = (band - 1) * s + k
        local = Layout(blocks, tall, width, (0, 0, left, right), self.lanes.BYTES)
        self._product(wide, expand, self.stages.border)
        wide["units"], wide["records"], wide["into_band"] = narrow["units"], 2, 1
        wide["rows"], wide["columns"], wide["height"] = height, width, height
        wide["y"], wide["y_plane"], wide["y_at"] = size, local.plane, self.stock.table(local)
        wide["x_row"], wide["above"], wide["tall"] = local.row, top, tall
        wide["stride_rows"] = band * s
        wide["left"], wide["right"] = left * self.lanes.BYTES, right * self.lanes.BYTES
        narrow["x"], narrow["x_plane"], narrow["x_row"] = size, local.plane, local.row
        narrow["sees_band"], narrow["units"] = 1, 0
        self.scratch = max(self.scratch, size + local.size)
        return [wide, narrow]

    def pool(self, step: Step) -> NDArray[Any]:
        """The means of a map's channels."""
        layout = self.layouts[step.x]
        record = self._blank(layout.blocks, self.stages.pool)
        self._input(record, step)
        record["rows"], record["columns"] = layout.rows, layout.columns
        out = self.layouts[step.y]
        record["y"], record["y_plane"] = self.places[step.y], out.plane
        return record

    def excite(self, step: Step) -> NDArray[Any]:
        """The second product of squeeze-and-excite, and its gates on the map."""
        record = self._blank(1)
        self._input(record, step)
        self._output(record, step)
        record["units"] = self._product(record, step, after=self.stages.scale)
        assert step.scaled is not None
        layout = self.layouts[self.value(step.scaled)]
        record["scaled"] = self.places[self.value(step.scaled)]
        record["scaled_plane"], record["length"] = layout.plane, layout.rows * layout.columns
        record["pixel_chunks"], record["panel_chunks"] = 1, record["units"]
        return record

    def activate(self, step: Step) -> NDArray[Any]:
        """An activation that no tile does."""
        layout = self.layouts[step.x]
        record = self._blank(layout.blocks, self.stages.activate)
        self._input(record, step)
        record["rows"], record["columns"] = layout.rows, layout.columns
        record["activation"], record["low"] = ALONE[step.function], step.slope
        record["y_at"] = self.stock.table(layout)
        return record
