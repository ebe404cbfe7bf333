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


class Kind(NamedTuple):
    """An operator that MobileNets are made of.

    inputs    how many it reads, at least and at most
    table     of its options; "": none that count
    fields    of the table that are read
    versions  that are written: of float32, of int8, which came later
    """

    inputs: tuple[int, int]
    table: str = ""
    fields: tuple[str, ...] = ()
    versions: tuple[int, int] = (1, 2)


_FUSED = ("FusedActivationFunction",)
_WINDOW = ("Padding", "StrideH", "StrideW")
DILATIONS = ("DilationHFactor", "DilationWFactor")
_CONV = (*_WINDOW, *DILATIONS, *_FUSED)
_POOL = (*_WINDOW, "FilterHeight", "FilterWidth", *_FUSED)
OPERATORS: dict[str, Kind] = {
    "ADD": Kind((2, 2), "AddOptions", _FUSED),
    "AVERAGE_POOL_2D": Kind((1, 1), "Pool2DOptions", _POOL),
    "CONV_2D": Kind((2, 3), "Conv2DOptions", _CONV, (1, 3)),
    "DEPTHWISE_CONV_2D": Kind(
        (2, 3), "DepthwiseConv2DOptions", (*_CONV, "DepthMultiplier"), (1, 3)
    ),
    "DEQUANTIZE": Kind((1, 1)),
    "DIV": Kind((2, 2), "DivOptions", _FUSED),
    "EXPAND_DIMS": Kind((2, 2)),
    "FULLY_CONNECTED": Kind((2, 3), "FullyConnectedOptions", ("WeightsFormat", *_FUSED), (5, 5)),
    "HARD_SWISH": Kind((1, 1), versions=(1, 1)),
    "LOGISTIC": Kind((1, 1)),
    "MAX_POOL_2D": Kind((1, 1), "Pool2DOptions", _POOL),
    "MEAN": Kind((2, 2), "ReducerOptions"),
    "MUL": Kind((2, 2), "MulOptions", _FUSED),
    "PAD": Kind((2, 2), "PadOptions"),
    "PADV2": Kind((3, 3)),
    "QUANTIZE": Kind((1, 1), versions=(1, 1)),
    "RELU": Kind((1, 1)),
    "RELU6": Kind((1, 1)),
    "RESHAPE": Kind((1, 2), versions=(1, 1)),
    "SOFTMAX": Kind((1, 1), "SoftmaxOptions", ("Beta",)),
    "SQUEEZE": Kind((1, 1)),
    "SUB": Kind((2, 2), "SubOptions", _FUSED),
    "TRANSPOSE": Kind((2, 2)),
}
# what an operator can do itself to its result: our name -> the schema's number
FUNCTIONS: dict[str | None, int] = {None: 0, "relu": 1, "relu6": 3}
