"""The geometry of a sliding window: stride, dilation and padding along height and width.

A window of K taps with dilation d spans d*(K-1) + 1 inputs.  Padded input of size H gives
(H - span) // s + 1 outputs.  Padding is one of

    "same"                        ceil(H/s) outputs, as TensorFlow: the odd zero goes below / right
    "symmetric"                   d*(K-1) // 2 zeros on each side, as PyTorch models are written
    "valid" or 0                  none
    p, (p, q)                     p zeros above and below, q left and right
    (top, bottom, left, right)    as given

"same" and "symmetric" give equal shapes for odd K but, at stride 2 and even sizes, not equal
values: their windows start one pixel apart.
"""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from .checks import LARGEST, Array, Pair, pair, shown, whole

Padding = str | int | tuple[int, int] | tuple[int, int, int, int]
Sides = tuple[int, int, int, int]


@dataclass(frozen=True)
class Window:
    """A resolved window over an input of size (H, W); every number is known."""

    size: Pair
    kernel: Pair
    stride: Pair
    dilation: Pair
    sides: Sides  # zeros above, below, left, right
    hanging: Pair = (0, 0)  # rows below and columns right that ceil_mode added to them

    @property
    def padded(self) -> Pair:
        """Height and width of the padded input."""
        top, bottom, left, right = self.sides
        return self.size[0] + top + bottom, self.size[1] + left + right

    @property
    def output(self) -> Pair:
        """Height and width of the output."""
        spans = _spans(self.kernel, self.dilation)
        rows, columns = (
            (size - span) // step + 1
            for size, span, step in zip(self.padded, spans, self.stride, strict=True)
        )
        return rows, columns

    def ceiled(self) -> "Window":
        """With a last window that may hang over below and right: more zeros there, where it needs them.

        As PyTorch's ceil_mode: it must begin in the image or before it.
        """
        (top, _, left, _), spans = self.sides, _spans(self.kernel, self.dilation)
        ends = []
        for axis, before in enumerate((top, left)):
            step, size = self.stride[axis], self.padded[axis]
            last = -((spans[axis] - size) // step) * step  # where the last one begins
            if last >= self.size[axis] + before:
                last -= step
            ends.append(max(0, last + spans[axis] - size))
        _, bottom, _, right = self.sides
        sides = top, bottom + ends[0], left, right + ends[1]
        return replace(self, sides=sides, hanging=(ends[0], ends[1]))

    def pad(self, operator: str, x: Array) -> Array:
        """x (N, H, W, C) with its zeros around it, contiguous; x itself where none are wanted.

        Number-like objects say themselves what their zero is: `x.flat[0].zero()`.  ValueError where
        the zeros would be more than a memory holds.
        """
        if not any(self.sides):
            return np.ascontiguousarray(x)
        shape = self.fitting(operator, x)
        zero = x.flat[0].zero() if x.dtype == object else 0
        padded = np.full(shape, zero, x.dtype)
        self.crop(padded)[:] = x
        return padded

    def fitting(self, operator: str, x: Array) -> tuple[int, ...]:
        """The shape of x with its zeros around it; ValueError where it is more than a memory holds."""
        shape = (len(x), *self.padded, x.shape[-1])
        if prod(shape[1:]) * max(1, len(x)) > LARGEST:
            raise ValueError(
                f"{operator}: padding {self.sides} makes {prod(shape):,} elements of x {x.shape}, "
                f"at most {LARGEST:,} are possible"
            )
        return shape

    def crop(self, padded: Array) -> Array:
        """The view of a padded array that is not padding."""
        top, _, left, _ = self.sides
        return padded[:, top : top + self.size[0], left : left + self.size[1]]


def window(
    operator: str,
    size: Pair,
    kernel: Pair,
    stride: int | Pair = 1,
    padding: Padding = "same",
    dilation: int | Pair = 1,
    *,
    ceil_mode: bool = False,
) -> Window:
    """Resolve stride, padding and dilation for an input of `size`; ValueError if impossible."""
    stride, dilation = pair(operator, "stride", stride), pair(operator, "dilation", dilation)
    sides = _sides(operator, size, kernel, stride, padding, dilation)
    found = Window(size, kernel, stride, dilation, sides)
    if ceil_mode:
        found = found.ceiled()
    spans = _spans(kernel, dilation)
    if any(have < need for have, need in zip(found.padded, spans, strict=True)):
        raise ValueError(
            f"{operator}: the {kernel[0]}x{kernel[1]} window spans {spans[0]}x{spans[1]} inputs "
            f"(dilation {dilation[0]}x{dilation[1]}) but the padded input is only "
            f"{found.padded[0]}x{found.padded[1]}"
        )
    return found


def _spans(kernel: Pair, dilation: Pair) -> Pair:
    return dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1


def _sides(
    operator: str, size: Pair, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> Sides:
    spans = _spans(kernel, dilation)
    named = padding if isinstance(padding, str) else ""
    if named == "same":
        sides = []
        for length, span, step in zip(size, spans, stride, strict=True):
            outputs = -(-length // step)
            total = max((outputs - 1) * step + span - length, 0)
            sides += [total // 2, total - total // 2]
        return sides[0], sides[1], sides[2], sides[3]
    if named == "symmetric":
        p, q = (spans[0] - 1) // 2, (spans[1] - 1) // 2
        return p, p, q, q
    if named == "valid":
        return 0, 0, 0, 0
    given = tuple(padding) if isinstance(padding, tuple | list) else (padding,)
    zeros = [int(p) for p in given if whole(p) and 0 <= int(p) <= LARGEST]
    if len(zeros) == len(given) in (1, 2):
        p, q = zeros[0], zeros[-1]
        return p, p, q, q
    if len(zeros) == len(given) == 4:
        return zeros[0], zeros[1], zeros[2], zeros[3]
    raise ValueError(
        f'{operator}: padding must be "same", "symmetric", "valid", p, (p, q) or '
        f"(top, bottom, left, right) with no number below 0 or above 2^31 - 1, found {shown(padding)}"
    )
