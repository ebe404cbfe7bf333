"""The TFLite schema: the packages that know it, and what of it a MobileNet needs.

`tflite` is the schema's generated code, `flatbuffers` the library beneath it; both are the extra
"tflite".  A TFLite file is a flatbuffer with the identifier TFL3: tables that point at one another, and
one buffer of bytes for each constant.
"""

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

IDENTIFIER = b"TFL3"


class Packages(NamedTuple):
    """The two packages, imported when they are needed."""

    tflite: Any
    flatbuffers: Any


def packages(path: Path) -> Packages:
    """The extra's packages; ValueError, with the file's name, where they are not installed."""
    try:
        return Packages(import_module("tflite"), import_module("flatbuffers"))
    except ImportError:
        raise ValueError(
            f'{path}: TFLite files need flatbuffers and tflite: pip install "npmobilenet[tflite]"'
        ) from None


# operator -> (table of its options, "" for none; version for float32; for int8, which came later)
OPERATORS: dict[str, tuple[str, int, int]] = {
    "ADD": ("AddOptions", 1, 2),
    "AVERAGE_POOL_2D": ("Pool2DOptions", 1, 2),
    "CONV_2D": ("Conv2DOptions", 1, 3),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", 1, 3),
    "DEQUANTIZE": ("", 1, 2),
    "FULLY_CONNECTED": ("FullyConnectedOptions", 5, 5),
    "HARD_SWISH": ("", 1, 1),
    "LOGISTIC": ("", 1, 2),
    "MAX_POOL_2D": ("Pool2DOptions", 1, 2),
    "MEAN": ("ReducerOptions", 1, 2),
    "MUL": ("MulOptions", 1, 2),
    "PAD": ("PadOptions", 1, 2),
    "QUANTIZE": ("", 1, 1),
    "RELU": ("", 1, 2),
    "RELU6": ("", 1, 2),
    "RESHAPE": ("", 1, 1),
    "SOFTMAX": ("SoftmaxOptions", 1, 2),
}
# what an operator can do itself to its result: our name -> the schema's
FUSED = {None: "NONE", "relu": "RELU", "relu6": "RELU6"}
FUSING = (
    "AddOptions",
    "Conv2DOptions",
    "DepthwiseConv2DOptions",
    "FullyConnectedOptions",
    "MulOptions",
)
