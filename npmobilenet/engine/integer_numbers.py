"""The numbers of a quantised plan as the integer kernels read them.

Maps are unsigned bytes: a signed tensor is shifted by 128, its zero point and its bounds too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.simd.integer.joined import DIVIDE
from ..kernels.simd.integer.residual import ADDING
from ..models.layers import Conv, Dense, Depthwise, Layer, Pointwise
from ..ops.integers import scales
from ..ops.integers.numbers import Quantization
from ..quantization.execute import IntegerRun, execute

if TYPE_CHECKING:
    from ..kernels.integer.requantise import Requantise
    from ..quantization import QuantizedPlan, Step


OPERATORS: dict[type[Layer], str] = {
    Conv: "conv2d",
    Depthwise: "depthwise_conv2d",
    Pointwise: "pointwise_conv2d",
    Dense: "dense",
}


@dataclass(frozen=True)
class Tensor:
    """A tensor of one scale."""

    numbers: Quantization

    @property
    def flip(self) -> int:
        """What its elements are shifted by."""
        return 128 if self.numbers.dtype == "int8" else 0

    @property
    def zero(self) -> int:
        """Its zero point, shifted likewise."""
        return self.numbers.zero_point[0] + self.flip


def of_products(quantized: QuantizedPlan, step: Step, channels: int) -> Requantise:
    """How the sums of a convolution or dense layer become its output."""
    (name,) = step.inputs
    x_q, w_q, y_q = (quantized[found] for found in (name, f"{step.name}.weight", step.name))
    operator, how = operator_of(quantized, step), quantized.rounding
    return scales.of_layer(operator, how, x_q, w_q, y_q, step.activation, channels)


def operator_of(quantized: QuantizedPlan, step: Step) -> str:
    """Which operator computes a step: a dense layer may be a convolution."""
    connected = step.name in getattr(quantized, "connected", (step.name,))
    if isinstance(step.layer, Dense) and not connected:
        return "pointwise_conv2d"
    return OPERATORS[type(step.layer)]


def of_gates(quantized: QuantizedPlan, step: Step, channels: int) -> Requantise:
    """The same of a map times its gates."""
    x_q, g_q, y_q = (quantized[found] for found in (*step.inputs, step.name))
    factor, rounding = scales.of_product(x_q, g_q, y_q), quantized.rounding
    bounds = scales.bounds(y_q, step.activation, rounding)
    return scales.requantise(rounding, factor, y_q, bounds, channels)


def of_mean(
    quantized: QuantizedPlan, step: Step, pixels: int, channels: int
) -> tuple[str, int, Requantise]:
    """How a mean is rounded, what its sums begin with, and how they become it."""
    rounding, (name,) = quantized.rounding, step.inputs
    x_q, y_q = quantized[name], quantized[step.name]
    bounds = scales.bounds(y_q, None, rounding)
    if quantized.pooling == "average_pool":
        x = Tensor(x_q)
        numbers = scales.requantise(rounding, 1.0, y_q, bounds, channels)._replace(zero=0)
        return DIVIDE, -x.flip * pixels, numbers
    factor = scales.of_mean(rounding, x_q, y_q, pixels)
    numbers = scales.requantise(rounding, factor, y_q, bounds, channels)
    return rounding, -Tensor(x_q).zero * pixels, numbers


def of_sum(quantized: QuantizedPlan, step: Step, own: str) -> NDArray[np.int32]:
    """The record ADDING of an addition; own: which of its inputs was just computed."""
    rounding, (name,) = quantized.rounding, (*(n for n in step.inputs if n != own), own)[:1]
    a_q, b_q, y_q = (quantized[found] for found in (own, name, step.name))
    multiplier, left, right = scales.of_sum(rounding, a_q, b_q, y_q)
    a, b, y = map(Tensor, (a_q, b_q, y_q))
    low, high = scales.bounds(y_q, step.activation, rounding)
    facts = {"zero": y.zero, "bottom": low + y.flip, "top": high + y.flip}
    facts |= {"a_zero": a.zero, "b_zero": b.zero, "left": left}
    facts |= dict(zip(("a", "b", "sum"), multiplier, strict=True))
    facts |= dict(zip(("a_right", "b_right", "right"), right, strict=True))
    shift = facts["shift"] = facts["right"]
    half = 1 << shift >> 1
    bias = half - a.zero * facts["a"] - b.zero * facts["b"]
    facts["bias"] = (bias + 2**31) % 2**32 - 2**31  # sums wrap
    return np.array([facts[field] for field in ADDING[rounding]], np.int32)


def table(quantized: QuantizedPlan, step: Step) -> NDArray[np.uint8]:
    """What a layer makes of each of the 256 bytes, by its own operator."""
    flip = np.uint8(Tensor(quantized[step.inputs[0]]).flip)
    every = np.arange(256, dtype=np.uint8) ^ flip
    x = every.view(quantized.dtype).reshape(1, 1, 1, 256)
    run: Any = IntegerRun(quantized, {}, "numpy")
    return np.ascontiguousarray(execute(run, step, [x])).view(np.uint8).ravel() ^ flip
