"""What descriptors of several kinds of stages share: values, packed weights, products, windows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..kernels.simd.infer import depthwise, maps, pointwise
from ..kernels.simd.isa.lanes import BYTES, LANES
from ..kernels.simd.tuning import FEW_PIXELS, TILES, UNROLL
from ..ops.checks import Array
from . import pack
from .allocate import Buffer, Place
from .fused_op import Linear
from .layout import Layout
from .lower import Node
from .program import Call, Program

Fields = dict[str, Any]


def size_of(found: Layout) -> Fields:
    """Rows and columns of a map."""
    return {"rows": found.rows, "columns": found.columns}


@dataclass
class Product:
    """Descriptor of a product's weights: micropanels of `main` vectors up to `split`, one of `rest`."""

    fields: Fields
    main: int
    split: int
    rest: int

    @property
    def panels(self) -> int:
        """How many."""
        return self.split // self.main + (self.rest > 0)

    def routine(self, width: int) -> Any:
        """That of micropanels of so many vectors."""
        return pointwise.products[width]

    def calls(self, fields: Fields) -> list[Call]:
        """A call for each width."""
        calls: list[Call] = []
        for width, first, size in ((self.main, 0, self.split), (self.rest, self.split, self.rest)):
            if size:
                own = {"first": first, "last": first + size, "panels_before": first // self.main}
                calls.append((self.routine(width), self.fields | fields | own))
        return calls


@dataclass
class Emission:
    """What the functions below share."""

    params: Mapping[str, Array]
    threads: int
    program: Program = field(default_factory=Program)
    buffers: dict[Node | None, Buffer] = field(default_factory=dict)  # None: the image

    def layout(self, node: Node | None) -> Layout:
        """How a value lies."""
        return self.buffers[node].layout

    def plane_of(self, node: Node | None, name: str) -> Fields:
        """A value as `name` of a descriptor, and its bytes from block to block."""
        return {name: self.buffers[node], f"{name}_plane": self.layout(node).plane}

    def with_table(self, node: Node | None, name: str) -> Fields:
        """The same with the table of its pixels."""
        return self.plane_of(node, name) | {f"{name}_at": self.program.pixels(self.layout(node))}

    def packed_weights(self, linear: Linear, size: int, order: Callable[[Array], Array]) -> Fields:
        """Weights packed by `order`, which gives `size` elements, the bias behind them; the epilogue."""

        def packed() -> Array:
            w, b = pack.folded_weights(linear, self.params)
            return np.concatenate([order(w), pack.filled_up(b, LANES)])

        place = self.program.weights.later(size + pack.up(linear.shape[-1], LANES), packed)
        code, low, high = linear.epilogue
        bias = Place(place.buffer, place.offset + 4 * size)
        return {"w": place, "bias": bias, "activation": code, "low": low, "high": high}

    def packed_product(self, linear: Linear, pixels: int) -> Product:
        """The weights of a pointwise convolution, cut for so many pixels."""
        depth, filters = pack.up(linear.shape[0], UNROLL), pack.up(linear.shape[1], LANES)
        widths = [v for v in TILES if v <= 2 or pixels >= FEW_PIXELS]
        main, split, rest = pack.cut(filters // LANES, widths)
        order = partial(pack.panels, lanes=LANES, rows=UNROLL, main=main, split=split)
        fields = self.packed_weights(linear, depth * filters, order)
        return Product(fields | {"turns": depth // UNROLL}, main, split, rest)

    def window_call(self, linear: Linear, source: Layout) -> tuple[Any, Fields]:
        """Routine and descriptor of a depthwise convolution that reads a map of this layout."""
        (rows, columns, m), (down, along) = linear.shape, linear.stride
        size = rows * columns * pack.up(m, LANES)
        fields = self.packed_weights(linear, size, partial(pack.taps, lanes=LANES))
        fields |= {"x_plane": source.plane, "x_row": source.row, "x_pixel": along * BYTES}
        fields |= {"x_down": down * source.row, "kernel_rows": rows, "kernel_columns": columns}
        made = depthwise.windows.get((rows, down)) if (rows, down) == (columns, along) else None
        return made or depthwise.any_window, fields

    def mean_call(self, x: Node | None, y: Node | None, y_image: int = 0) -> Call:
        """The means of x's channels into y; y_image: bytes from image to image."""
        fields = self.plane_of(x, "x") | size_of(self.layout(x)) | self.plane_of(y, "y")
        return maps.pool, fields | {"y_image": y_image}
