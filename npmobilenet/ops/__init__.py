"""The checked operators: each validates its arguments, pads, chooses a rung and calls a kernel.

    y, cache = operator(x, ..., rung="loops" | "numpy" | "numba" | "simd")
    gradients = operator_backward(dy, cache)

A forward call returns its result and a cache: what the backward call needs, and nothing hidden.
A backward call may be made twice and gives the same answer twice.  Activations are (N, H, W, C).
"""

from . import integers
from .activations import (
    hard_sigmoid,
    hard_sigmoid_backward,
    hard_swish,
    hard_swish_backward,
    relu,
    relu6,
    relu6_backward,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    swish,
    swish_backward,
)
from .batchnorm import Statistics, batch_norm, batch_norm_backward
from .combine import (
    add,
    add_backward,
    dropout,
    dropout_backward,
    scale_channels,
    scale_channels_backward,
)
from .convolution import (
    conv2d,
    conv2d_backward,
    depthwise_conv2d,
    depthwise_conv2d_backward,
    grouped_conv2d,
    grouped_conv2d_backward,
)
from .faking import fake_quantize, fake_quantize_backward
from .loss import (
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from .pointwise import dense, dense_backward, pointwise_conv2d, pointwise_conv2d_backward
from .pool import (
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool,
    global_avg_pool_backward,
    max_pool2d,
    max_pool2d_backward,
)
from .rungs import RUNGS, default_rung

__all__ = [
    "RUNGS",
    "Statistics",
    "add",
    "add_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "conv2d",
    "conv2d_backward",
    "default_rung",
    "dense",
    "dense_backward",
    "depthwise_conv2d",
    "depthwise_conv2d_backward",
    "dropout",
    "dropout_backward",
    "fake_quantize",
    "fake_quantize_backward",
    "global_avg_pool",
    "global_avg_pool_backward",
    "grouped_conv2d",
    "grouped_conv2d_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_swish",
    "hard_swish_backward",
    "integers",
    "log_softmax",
    "log_softmax_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "pointwise_conv2d",
    "pointwise_conv2d_backward",
    "relu",
    "relu6",
    "relu6_backward",
    "relu_backward",
    "scale_channels",
    "scale_channels_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "swish",
    "swish_backward",
]
