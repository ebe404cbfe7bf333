"""A TFLite file as records, read with every bound checked: the file may be anybody's.

Nothing in it is believed: counts, shapes, types, numbers of tensors and buffers are looked at before they
are used, constants are views into the file, and an operator may only read what an earlier one wrote, so
that there are no cycles.  ValueError, in one line that names the tensor or the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isfinite, prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..models.layers import Shape
from ..ops.checks import Array
from .tflite_known import OPTIONS, option
from .tflite_schema import IDENTIFIER, packages

LARGEST = 2**30  # bytes of a file: ten times the largest MobileNet
MOST = 5000  # tensors, operators, buffers: of each a MobileNet has some hundreds
_LONGEST = 2**16  # of a side of a tensor
_ELEMENTS = 2**28  # of a tensor
_DTYPES = {
    "FLOAT32": "<f4", "FLOAT16": "<f2", "INT32": "<i4", "INT64": "<i8", "INT8": "i1", "UINT8": "u1",
}  # fmt: skip
_SHOWN = 60  # characters of a name


class Numbers(NamedTuple):
    """How a tensor is stored: as many zero points as scales; axis is theirs where they are several."""

    scale: Array
    zero_point: Array
    axis: int


@dataclass(frozen=True)
class Tensor:
    """One tensor; data is there if it is a constant."""

    index: int
    name: str
    shape: Shape
    dtype: str
    data: Array | None = field(repr=False)
    numbers: Numbers | None = field(repr=False)

    def __str__(self) -> str:
        return f"tensor {self.index} ({self.name})"


@dataclass(frozen=True)
class Operator:
    """One operator; an input of -1 is left out."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    output: int
    options: dict[str, Any]
    writes: str  # the name of its output

    def __str__(self) -> str:
        return f"operator {self.index} ({self.kind}, {self.writes})"


@dataclass(frozen=True)
class File:
    """The graph of a file, and its metadata by name."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    metadata: dict[str, bytes] = field(repr=False)
    maker: dict[int, Operator] = field(repr=False)  # tensor -> the operator that writes it


def read_file(path: Path) -> tuple[File, bytes]:
    """The graph of a TFLite file, and its bytes; ValueError, one line with the file's name."""
    tflite, _ = packages(path)
    if (size := path.stat().st_size) > LARGEST:
        raise ValueError(f"{path}: {size / 1e9:.1f} GB, larger than any MobileNet's file")
    content = path.read_bytes()
    try:
        if content[4:8] != IDENTIFIER:
            raise ValueError(
                f"no TFLite file: identifier {content[4:8]!r}, expected {IDENTIFIER!r}"
            )
        return _Reader(tflite, content).file(), content
    except ValueError as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from None
    except Exception as error:  # whatever offsets out of bounds lead the library to
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: a damaged TFLite file ({reason:.100})") from None


class _Reader:
    def __init__(self, tflite: Any, content: bytes) -> None:
        self.tflite, self.content = tflite, content
        self.model = tflite.Model.GetRootAs(content, 0)
        self.kinds = _names(tflite.BuiltinOperator)
        self.types = _names(tflite.TensorType)
        self.taken = 0  # bytes of constants: several tensors may share them

    def file(self) -> File:
        """All of it."""
        model = self.model
        if model.SubgraphsLength() != 1:
            raise ValueError(f"{model.SubgraphsLength()} graphs, a MobileNet has one")
        graph = model.Subgraphs(0)
        for what, count in (
            ("tensors", graph.TensorsLength()),
            ("operators", graph.OperatorsLength()),
            ("buffers", model.BuffersLength()),
            ("kinds of operator", model.OperatorCodesLength()),
            ("metadata", model.MetadataLength()),
        ):
            if count > MOST:
                raise ValueError(f"{count:,} {what}, more than any MobileNet has")
        tensors = tuple(self._tensor(k, graph.Tensors(k)) for k in range(graph.TensorsLength()))
        ends = []
        for side, values in (
            ("inputs", graph.InputsAsNumpy()),
            ("outputs", graph.OutputsAsNumpy()),
        ):
            found = tuple(map(int, np.atleast_1d(values)))
            if len(found) != 1 or not 0 <= found[0] < len(tensors):
                raise ValueError(f"{side} are tensors {list(found[:4])}; a MobileNet has one")
            ends.append(found)
        operators: list[Operator] = []
        maker: dict[int, Operator] = {}
        for k in range(graph.OperatorsLength()):
            operator = self._operator(k, graph.Operators(k), tensors)
            for x in operator.inputs:
                if x >= 0 and x not in maker and x not in ends[0] and tensors[x].data is None:
                    raise ValueError(
                        f"{operator} reads {tensors[x]}, which nothing before it writes"
                    )
            known = operator.output in maker or operator.output in ends[0]
            if known or tensors[operator.output].data is not None:
                raise ValueError(f"{operator} writes what is there already")
            maker[operator.output] = operator
            operators.append(operator)
        metadata = dict(self._metadata())
        return File(tensors, tuple(operators), ends[0], ends[1], metadata, maker)

    def _tensor(self, index: int, found: Any) -> Tensor:
        name = self._text(found, 10, found.Name)
        where = f"tensor {index} ({name})"
        shape = tuple(map(int, np.atleast_1d(found.ShapeAsNumpy()))) if found.ShapeLength() else ()
        if len(shape) > 6 or any(not 0 < side <= _LONGEST for side in shape):
            raise ValueError(f"{where}: shape {shape[:8]} is none of a MobileNet's")
        if prod(shape) > _ELEMENTS:
            raise ValueError(f"{where}: {prod(shape):,} elements, more than any MobileNet's")
        kind = self.types.get(found.Type(), str(found.Type()))
        if kind not in _DTYPES:
            raise ValueError(f"{where}: type {kind}; read are {', '.join(_DTYPES)}")
        if found.Sparsity() is not None or found.IsVariable():
            raise ValueError(f"{where}: a sparse or a changing tensor, which no MobileNet has")
        data = self._constant(where, found.Buffer(), shape, np.dtype(_DTYPES[kind]))
        return Tensor(index, name, shape, kind.lower(), data, _numbers(where, found, shape))

    def _constant(self, where: str, buffer: int, shape: Shape, dtype: Any) -> Array | None:
        if not 0 <= buffer < self.model.BuffersLength():
            raise ValueError(f"{where}: buffer {buffer} of {self.model.BuffersLength()}")
        found = self.model.Buffers(buffer)
        if found.Offset() > 1:
            raise ValueError(f"{where}: its bytes lie outside the flatbuffer, which is not read")
        size = found.DataLength()
        if not size:
            return None
        expected = prod(shape) * dtype.itemsize
        if size != expected:
            raise ValueError(f"{where}: {size:,} bytes for shape {shape}, expected {expected:,}")
        self.taken += size
        if self.taken > 2 * len(self.content):
            raise ValueError(f"{where}: too many tensors share the same bytes")
        raw: Array = found.DataAsNumpy()
        data: Array = raw.view(dtype).reshape(shape)
        return data

    def _operator(self, index: int, found: Any, tensors: tuple[Tensor, ...]) -> Operator:
        if not 0 <= found.OpcodeIndex() < self.model.OperatorCodesLength():
            raise ValueError(
                f"operator {index}: no kind of operator has number {found.OpcodeIndex()}"
            )
        code = self.model.OperatorCodes(found.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = self.kinds.get(number, f"number {number}")
        inputs, outputs = (
            tuple(map(int, np.atleast_1d(values))) if count else ()
            for count, values in (
                (found.InputsLength(), found.InputsAsNumpy()),
                (found.OutputsLength(), found.OutputsAsNumpy()),
            )
        )
        for x in (*inputs, *outputs):
            if not -1 <= x < len(tensors):
                raise ValueError(f"operator {index} ({kind}): tensor {x} of {len(tensors)}")
        names = "".join(tensors[x].name for x in outputs[:1] if x >= 0)
        where = f"operator {index} ({kind}, {names})"
        if kind not in OPTIONS:
            raise ValueError(f"{where}: no MobileNet that is known here has this operator")
        if len(outputs) != 1 or outputs[0] < 0 or not 0 < len(inputs) < 4 or inputs[0] < 0:
            raise ValueError(f"{where}: {len(inputs)} inputs and {len(outputs)} outputs")
        options = option(self.tflite, where, kind, found)
        return Operator(index, kind, inputs, outputs[0], options, names)

    def _metadata(self) -> Iterator[tuple[str, bytes]]:
        for k in range(self.model.MetadataLength()):
            found = self.model.Metadata(k)
            if 0 <= found.Buffer() < self.model.BuffersLength():
                buffer = self.model.Buffers(found.Buffer())
                if 0 < buffer.DataLength() < 2**20:
                    data: Array = buffer.DataAsNumpy()
                    yield self._text(found, 4, found.Name), data.tobytes()

    def _text(self, table: Any, slot: int, read: Callable[[], bytes | None]) -> str:
        """A name, shortened; one as long as the file is not copied."""
        offset = table._tab.Offset(slot)
        if not offset or table._tab.VectorLen(offset) > 2**16:
            return ""
        text = (read() or b"").decode("utf-8", "replace")
        text = "".join(c if c.isprintable() else "?" for c in text)
        return text if len(text) <= _SHOWN else f"...{text[-_SHOWN:]}"


def _names(kinds: Any) -> dict[int, str]:
    return {value: name for name, value in vars(kinds).items() if not name.startswith("_")}


def _numbers(where: str, found: Any, shape: Shape) -> Numbers | None:
    """Scales and zero points, as far as there are any."""
    given = found.Quantization()
    if given is None or not given.ScaleLength():
        return None
    count, axis = given.ScaleLength(), given.QuantizedDimension()
    if count > 1 and (not 0 <= axis < len(shape) or shape[axis] != count):
        raise ValueError(f"{where}: {count} scales along axis {axis} of shape {shape}")
    scale = np.atleast_1d(given.ScaleAsNumpy()).astype(np.float32)
    if not all(isfinite(s) and s > 0 for s in scale):
        raise ValueError(f"{where}: a scale must be a finite number above 0, found {min(scale)}")
    zeros = np.zeros(count, np.int64)
    if given.ZeroPointLength():
        zeros = np.atleast_1d(given.ZeroPointAsNumpy()).astype(np.int64)
    if len(zeros) not in (1, count):
        raise ValueError(f"{where}: {count} scales and {len(zeros)} zero points")
    return Numbers(scale, np.broadcast_to(zeros, (count,)), axis)
