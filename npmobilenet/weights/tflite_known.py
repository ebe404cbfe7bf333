"""What a TFLite operator's options say, in our words."""

from __future__ import annotations

from typing import Any

from .tflite_schema import DILATIONS, FUNCTIONS, OPERATORS

_FUNCTIONS = {number: ours for ours, number in FUNCTIONS.items()}
_PADDINGS = {0: "same", 1: "valid"}
_COUNTS = ("StrideH", "StrideW", "FilterHeight", "FilterWidth", "DepthMultiplier")


def option(tflite: Any, where: str, kind: str, operator: Any) -> dict[str, Any]:
    """An operator's options by name; ValueError for what no MobileNet has."""
    table, names = OPERATORS[kind].table, OPERATORS[kind].fields
    if not names:
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
    for name in DILATIONS:
        if values.get(name, 1) != 1:
            raise ValueError(f"{where}: dilation {values[name]}, which no MobileNet has")
    for name in _COUNTS:
        if not 0 < values.get(name, 1) < 2**16:
            raise ValueError(f"{where}: {name} {values[name]} cannot be")
    if values.get("WeightsFormat", 0):
        raise ValueError(f"{where}: weights in a shuffled order, which is not read")
    return values
