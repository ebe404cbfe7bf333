"""Checked operators on 8-bit integers: what a quantised network computes, to the bit.

    y = operator(x, ..., x_q, ..., y_q, rounding="double" | "single", rung="loops" | "numpy" | ...)

Arrays are int8 or uint8, biases int32; a `Quantization` says which real numbers they stand for.  All
rungs give the same integers: with rounding="double" those of LiteRT's reference kernels, with "single"
those of XNNPACK on x86, which LiteRT runs by itself.
"""

from .activations import hard_sigmoid, hard_swish, softmax
from .elementwise import add, dequantize, multiply, quantize, requantize
from .numbers import Quantization
from .overflow import could_overflow
from .pool import avg_pool2d, max_pool2d, mean
from .products import conv2d, dense, depthwise_conv2d, grouped_conv2d, pointwise_conv2d

__all__ = [
    "Quantization",
    "add",
    "avg_pool2d",
    "conv2d",
    "could_overflow",
    "dense",
    "depthwise_conv2d",
    "dequantize",
    "grouped_conv2d",
    "hard_sigmoid",
    "hard_swish",
    "max_pool2d",
    "mean",
    "multiply",
    "pointwise_conv2d",
    "quantize",
    "requantize",
    "softmax",
]
