"""Weights and biases of a TFLite file: as floats, and in whose layout.

                 ours           TFLite
convolution      (K, L, M, O)   (O, K, L, M)
grouped          (K, L, P, O)   (O, K, L, P)
depthwise        (K, L, M)      (1, K, L, M); of a depth multiplier D (1, K, L, M D)
pointwise        (M, O)         (O, 1, 1, M)
dense            (M, O)         (O, 1, 1, M), or (O, M) where it is FULLY_CONNECTED
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..models.layers import Layer
from ..ops.checks import Array
from .tflite_file import File, Numbers, Operator, Tensor

PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
DEPTHWISE = "DEPTHWISE_CONV_2D"


def depthwise(layer: Layer) -> bool:
    """Whether it is a depthwise convolution there, perhaps with a depth multiplier."""
    return layer.kind == "depthwise" or layer.groups == layer.input[-1] > 1


def outputs_axis(kind: str) -> int:
    """The axis of a weight that counts an operator's outputs, which may have a scale each."""
    return 3 if kind == DEPTHWISE else 0


def to_ours(layer: Layer, value: Array) -> Array:
    """TFLite's filter in our layout; ValueError where its axes cannot be."""
    if value.ndim == 2:
        value = value[:, None, None]
    matrix, alone = layer.kind in ("pointwise", "dense"), depthwise(layer)
    ones = {1, 2} if matrix else {0} if alone else set()
    if value.ndim != 4 or any(value.shape[axis] != 1 for axis in ones):
        raise ValueError(f"no layout of this kind of layer has shape {value.shape}")
    if alone:
        return value[0] if layer.kind == "depthwise" else value.transpose(1, 2, 0, 3)
    value = value.transpose(1, 2, 3, 0)
    return value[0, 0] if matrix else value


def to_theirs(layer: Layer, value: Array, as_conv: bool = True) -> Array:
    """Our weight in TFLite's layout; as_conv: a dense layer as a 1x1 convolution."""
    if layer.kind in ("pointwise", "dense"):
        return value.T[:, None, None] if as_conv else value.T
    if depthwise(layer):
        return value.reshape(1, *value.shape[:2], -1)
    return value.transpose(3, 0, 1, 2)


def floats(file: File) -> Iterator[tuple[str, Array]]:
    """Weights and biases as floats, in the order in which the graph multiplies by them."""
    for operator in file.operators:
        if operator.kind not in PRODUCTS:
            continue
        name = f"operator {operator.index} {operator.kind}"
        weight = _real(file, operator, operator.inputs[1])
        if weight.ndim not in (2, 4):
            raise ValueError(f"{operator}: a weight of shape {weight.shape}")
        yield f"{name}.weight", weight
        outputs = weight.shape[outputs_axis(operator.kind)]
        bias = np.zeros(outputs, np.float32)
        if operator.inputs[2:] not in ((), (-1,)):
            bias = _real(file, operator, operator.inputs[2])
        if bias.shape != (outputs,):
            raise ValueError(f"{operator}: biases of shape {bias.shape}, expected ({outputs},)")
        yield f"{name}.bias", bias


def _real(file: File, operator: Operator, index: int) -> Array:
    """A weight or bias as floats; a bias without numbers of its own has the scale of the sums."""
    tensor = file.constant(index)
    if tensor.data is None:
        raise ValueError(f"{operator}: {tensor} is no constant")
    if tensor.dtype.startswith("float"):
        return tensor.data.astype(np.float32)
    if tensor.numbers is None and tensor.dtype == "int32":
        tensor = replace(tensor, numbers=of_sums(file, operator))
    return dequantised(tensor, operator)


def of_sums(file: File, operator: Operator) -> Numbers | None:
    """How sums of products are stored: scale sx sw; None where the factors have no numbers."""
    image, weight = (file.tensors[x].numbers for x in operator.inputs[:2])
    if image is None or weight is None:
        return None
    with np.errstate(over="ignore", under="ignore"):  # which Quantization refuses
        scale = image.scale[0] * weight.scale
    return Numbers(scale, np.zeros(len(scale), np.int64), 0)


def dequantised(tensor: Tensor, operator: Operator) -> Array:
    """scale (q - zero point), with a scale of each channel where there are several."""
    if tensor.numbers is None:
        raise ValueError(
            f"{operator}: {tensor} holds integers, and no scale says what they stand for"
        )
    assert tensor.data is not None
    scale, zeros, axis = tensor.numbers
    sides = [1] * tensor.data.ndim
    if len(scale) > 1:
        if axis >= len(sides) or tensor.data.shape[axis] != len(scale):
            raise ValueError(f"{operator}: {tensor} has {len(scale)} scales, shape {tensor.shape}")
        sides[axis] = len(scale)
    real = tensor.data - zeros.reshape(sides).astype(np.float64)
    real *= scale.reshape(sides)
    with np.errstate(over="ignore"):  # infinity is refused as in any file
        return real.astype(np.float32)
