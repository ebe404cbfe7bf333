"""How images come into a TFLite graph: what lies between its input and the first convolution."""

from __future__ import annotations

from dataclasses import dataclass

from .description import Known
from .tflite_file import File
from .tflite_place import Differs

_WHITE = 255  # pixels of eight bits
_NEAR = 0.02  # how far numbers of pixels may be from the usual -1..1 and 0..1


@dataclass(frozen=True)
class Entrance:
    """resolution (H, W) of the images; unreadable: why it cannot be known what happens to pixels."""

    resolution: tuple[int, int] | None
    channels_first: bool
    unreadable: str = ""

    def reaches(self, file: File, tensor: int) -> None:
        """Differs unless the tensor is the image, but for numbers added and multiplied."""
        _scaling(file, tensor)

    def images(self, file: File, channels: int) -> Known:
        """Mean and deviation of pixels 0..1 as the graph's first operators have them, or the scale."""
        return _known(file, channels)


def entrance(file: File) -> Entrance:
    """What the input says of the images; ValueError where it is none."""
    tensor = file.tensors[file.image]
    if len(tensor.shape) != 4:
        raise ValueError(f"{tensor}: shape {tensor.shape}, expected images (N, H, W, C)")
    first = next((x for x in file.operators if tensor.index in x.inputs), None)
    turned = first is not None and first.kind == "TRANSPOSE"
    sides = tensor.shape[2:] if turned else tensor.shape[1:3]
    return Entrance((sides[0], sides[1]), turned)


def _scaling(file: File, tensor: int) -> tuple[float, float]:
    """Factor and summand of what the graph does to its input's numbers before the first layer."""
    factor, summand = 1.0, 0.0
    while tensor != file.image:
        operator = file.maker.get(tensor)
        if operator is None:
            raise Differs(f"{file.tensors[tensor]} stands where a MobileNet reads its image")
        kind, x = operator.kind, operator.inputs[0]
        if kind in ("MUL", "DIV", "ADD", "SUB"):
            constant = file.tensors[operator.inputs[1]]
            value = constant.number() if constant.numbers is None else None
            if value is None or operator.options["FusedActivationFunction"]:
                raise Differs(f"{operator} stands between the image and the first convolution")
            if kind in ("MUL", "DIV"):
                factor *= value if kind == "MUL" else 1 / value if value else 0.0
            else:
                summand += factor * (value if kind == "ADD" else -value)
        elif kind == "TRANSPOSE":
            if file.tensors[operator.inputs[1]].integers() != [0, 2, 3, 1]:
                raise Differs(f"{operator} stands between the image and the first convolution")
        elif kind not in ("QUANTIZE", "DEQUANTIZE"):
            raise Differs(f"{operator} stands where a MobileNet reads its image")
        tensor = x
    return factor, summand


def _first(file: File) -> int:
    """The tensor that the first convolution reads."""
    for operator in file.operators:
        if operator.kind == "CONV_2D":
            x = operator.inputs[0]
            before = file.maker.get(x)
            return before.inputs[0] if before and before.kind in ("PAD", "PADV2") else x
    return file.image


def _known(file: File, channels: int) -> Known:
    """real = factor number + summand; of integers, number = scale (q - zero point).

    A float input that nothing is done to says nothing: its numbers are whatever is put in.
    """
    factor, summand = _scaling(file, _first(file))
    tensor = file.tensors[file.image]
    if tensor.numbers is not None and tensor.dtype in ("int8", "uint8"):
        low = -128 if tensor.dtype == "int8" else 0  # a black pixel
        scale = float(tensor.numbers.scale[0])
        summand += factor * scale * (low - int(tensor.numbers.zero_point[0]))
        factor *= scale
        ends = summand, summand + factor * _WHITE
        usual = ((-1, 1), (0, 1))
        if not any(
            max(abs(e - u) for e, u in zip(ends, pair, strict=True)) < _NEAR for pair in usual
        ):
            return (
                Known()
            )  # the range that was met when it was calibrated, not how pixels are scaled
    elif (factor, summand) == (1.0, 0.0):
        return Known()
    if factor <= 0:
        return Known()
    # u = pixel / 255: real = 255 factor u + summand = (u - mean) / std
    std = 1 / (_WHITE * factor)
    # six digits: finer than a pixel's 255 steps by far, and readable
    return Known(mean=(round(-summand * std, 6),) * channels, std=(round(std, 6),) * channels)
