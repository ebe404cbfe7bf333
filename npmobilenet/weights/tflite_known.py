"""Which TFLite operators MobileNets are made of, and what their options say."""

from __future__ import annotations

from typing import Any

_WINDOW = ("Padding", "StrideH", "StrideW")
_DILATED = ("DilationHFactor", "DilationWFactor")
_FUSED = ("FusedActivationFunction",)
# operator -> the table of its options and which fields of it count
OPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ADD": ("AddOptions", _FUSED),
    "AVERAGE_POOL_2D": ("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth", *_FUSED)),
    "CONV_2D": ("Conv2DOptions", (*_WINDOW, *_DILATED, *_FUSED)),
    "DEPTHWISE_CONV_2D": (
        "DepthwiseConv2DOptions",
        (*_WINDOW, *_DILATED, *_FUSED, "DepthMultiplier"),
    ),
    "DEQUANTIZE": ("", ()),
    "DIV": ("DivOptions", _FUSED),
    "EXPAND_DIMS": ("", ()),
    "FULLY_CONNECTED": ("FullyConnectedOptions", ("WeightsFormat", *_FUSED)),
    "HARD_SWISH": ("", ()),
    "LOGISTIC": ("", ()),
    "MAX_POOL_2D": ("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth", *_FUSED)),
    "MEAN": ("", ()),
    "MUL": ("MulOptions", _FUSED),
    "PAD": ("", ()),
    "PADV2": ("", ()),
    "QUANTIZE": ("", ()),
    "RELU": ("", ()),
    "RELU6": ("", ()),
    "RESHAPE": ("", ()),
    "SOFTMAX": ("SoftmaxOptions", ("Beta",)),
    "SQUEEZE": ("", ()),
    "SUB": ("SubOptions", _FUSED),
    "TRANSPOSE": ("", ()),
}
_FUNCTIONS = {0: None, 1: "relu", 3: "relu6"}
_PADDINGS = {0: "same", 1: "valid"}


def option(tflite: Any, where: str, kind: str, operator: Any) -> dict[str, Any]:
    """An operator's options by name, in our words; ValueError for what no MobileNet has."""
    table, names = OPTIONS[kind]
    if not table:
        return {}
    found = operator.BuiltinOptions()
    if found is None or operator.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, table):
        raise ValueError(f"{where}: has no {table}")
    read = getattr(tflite, table)()
    read.Init(found.Bytes, found.Pos)
    values = {name: getattr(read, name)() for name in names}
    for name, known in (("FusedActivationFunction", _FUNCTIONS), ("Padding", _PADDINGS)):
        if name in values:
            if values[name] not in known:
                raise ValueError(f"{where}: {name} {values[name]} is none of a MobileNet's")
            values[name] = known[values[name]]
    for name in _DILATED:
        if values.get(name, 1) != 1:
            raise ValueError(f"{where}: dilation {values[name]}, which no MobileNet has")
    for name in ("StrideH", "StrideW", "FilterHeight", "FilterWidth", "DepthMultiplier"):
        if not 0 < values.get(name, 1) < 2**16:
            raise ValueError(f"{where}: {name} {values[name]} cannot be")
    if values.get("WeightsFormat", 0):
        raise ValueError(f"{where}: weights in a shuffled order, which is not read")
    return values
