"""Which row each tap of each window reads: the honest answer, and every wrong one.

    rows (I, K, H)     1 where tap k of window i reads row h, else 0; columns (J, L, W) likewise

With the two, a convolution and both its gradients are a sum of products each, and a mistake about
padding, stride, border or overlap is another pair of matrices in the very same sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ....ops.checks import Array, Pair

Padding = str | int


class OutsideError(IndexError):
    """A window leaves the padded image: the program that is played here would stop."""


@dataclass(frozen=True)
class Line:
    """Windows along one axis: zeros before and after, how many windows, how far apart."""

    size: int
    kernel: int
    step: int
    before: int
    after: int
    outputs: int
    shift: int = 0  # where every window stands too far down

    @property
    def indices(self) -> Array:
        """(I, K): the row that tap k of window i reads; below 0 or from `size` on it is padding."""
        if self.outputs < 0:
            raise OutsideError("there is less than no window")
        windows = np.arange(self.outputs)[:, None] * self.step
        return np.asarray(windows + np.arange(self.kernel) - self.before + self.shift)


Rule = Callable[[int, int, int, Padding], Line]
Border = Callable[[Array, Line], tuple[Array, Array]]
Choice = Callable[[Array], Array]


def honest_line(size: int, kernel: int, stride: int, padding: Padding) -> Line:
    """TensorFlow's "same", or p zeros on both sides."""
    if padding != "same":
        p = int(padding)
        return Line(size, kernel, stride, p, p, (size + 2 * p - kernel) // stride + 1)
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return Line(size, kernel, stride, total // 2, total - total // 2, outputs)


def zeros_outside(at: Array, line: Line) -> tuple[Array, Array]:
    """What is outside reads nothing: (indices, 1 where something is read)."""
    return at, (at >= 0) & (at < line.size)


@dataclass(frozen=True)
class Reads:
    """How the windows of an image are found: one rule for both axes, and what the border is.

    choice: which of the reads count, (I, K, H) -> (I, K, H).  rows, columns: an axis' windows, made
    of those of both axes.  only: the one axis that this is about, the other is honest.  measured: the
    size of the image that the windows are counted by.
    """

    rule: Rule = honest_line
    border: Border = zeros_outside
    choice: Choice = lambda reads: reads
    columns: Callable[[Line, Line], Line] = lambda rows, columns: columns
    rows: Callable[[Line, Line], Line] = lambda rows, columns: rows
    only: str = ""
    measured: Callable[[Pair], Pair] = lambda size: size

    def lines(self, size: Pair, kernel: Pair, stride: int, padding: Padding) -> tuple[Line, Line]:
        """The windows along height and along width."""
        first = honest_line if self.only == "columns" else self.rule
        second = honest_line if self.only == "rows" else self.rule
        measured = self.measured(size)
        height = replace(first(measured[0], kernel[0], stride, padding), size=size[0])
        width = replace(second(measured[1], kernel[1], stride, padding), size=size[1])
        return self.rows(height, width), self.columns(height, width)

    def matrices(
        self,
        size: Pair,
        kernel: Pair,
        stride: int,
        padding: Padding,
        outputs: Pair | None = None,
    ) -> tuple[Array, Array]:
        """rows (I, K, H) and columns (J, L, W).

        outputs: as many windows as dy has, whatever the rule says.
        OutsideError where a window cannot be read at all.
        """
        return _matrices(self, tuple(size), tuple(kernel), stride, padding, outputs)

    def matrix(self, line: Line, size: int) -> Array:
        """Along one axis."""
        at, read = self.border(line.indices, line)
        # a rule that took another size for this axis reads nothing where the image has nothing
        read = read & (at >= 0) & (at < size)
        return self.choice((at[:, :, None] == np.arange(size)) * read[:, :, None].astype(float))


HONEST = Reads()


@lru_cache(4096)  # a proof asks several programs for the same windows, forwards and backwards
def _matrices(
    reads: Reads, size: Pair, kernel: Pair, stride: int, padding: Padding, outputs: Pair | None
) -> tuple[Array, Array]:
    rows, columns = reads.lines(size, kernel, stride, padding)
    if outputs is not None:
        rows = replace(rows, outputs=outputs[0])
        columns = replace(columns, outputs=outputs[1])
    above = HONEST if reads.only == "columns" else reads
    beside = HONEST if reads.only == "rows" else reads
    return above.matrix(rows, size[0]), beside.matrix(columns, size[1])


def correlate(x: Array, w: Array, rows: Array, columns: Array, formula: str = "klmo,nijo") -> Array:
    """The sum over every tap: `formula` names the letters of w and of the result.

    x (N, H, W, M); "klmo,nijo" a convolution, "klm,nijm" a depthwise one.  As np.einsum does, an axis
    of length 1 is repeated.
    """
    w_letters, out = formula.split(",")
    taps = np.einsum("nhwm,ikh->nikwm", x, rows)
    patches = np.einsum("nikwm,jlw->nikjlm", taps, columns)
    return np.asarray(np.einsum(f"nikjlm,{w_letters}->{out}", patches, w))


def correlate_dw(
    dy: Array, x: Array, rows: Array, columns: Array, formula: str = "klmo,nijo"
) -> Array:
    """The gradient of `correlate` for w."""
    w_letters, out = formula.split(",")
    taps = np.einsum("nhwm,ikh->nikwm", x, rows)
    patches = np.einsum("nikwm,jlw->nikjlm", taps, columns)
    return np.asarray(np.einsum(f"nikjlm,{out}->{w_letters}", patches, dy))


def correlate_dx(
    dy: Array, w: Array, rows: Array, columns: Array, formula: str = "klmo,nijo"
) -> Array:
    """The gradient of `correlate` for x."""
    w_letters, out = formula.split(",")
    products = np.einsum(f"{out},{w_letters}->nikjlm", dy, w)
    spread = np.einsum("nikjlm,jlw->nikwm", products, columns)
    return np.asarray(np.einsum("nikwm,ikh->nhwm", spread, rows))
