"""A TFLite file read with every bound checked: the file may be anybody's.

Nothing in it is believed.  Counts, shapes, types, numbers of tensors and buffers are looked at before
memory is taken; constants are views into the file; an operator may only read what an earlier one wrote,
so that there are no cycles.  ValueError, in one line that names the tensor or the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..models.layers import Shape
from ..ops.checks import Array
from .tflite_file import File, Numbers, Operator, Tensor
from .tflite_known import option
from .tflite_schema import IDENTIFIER, OPERATORS, packages

LARGEST = 2**30  # bytes of a file: ten times the largest MobileNet
MOST = 5000  # tensors, operators, buffers: of each a MobileNet has some hundreds
METADATA = ("npmobilenet", "TFLITE_METADATA")  # which are read
_LONGEST = 2**16  # of a side of a tensor
_ELEMENTS = 2**28  # of a tensor
_AXES = 6  # no more of a tensor, nor inputs of an operator
_DTYPES = {
    "FLOAT32": "<f4", "FLOAT16": "<f2", "INT32": "<i4", "INT64": "<i8", "INT8": "i1", "UINT8": "u1",
}  # fmt: skip
_SHOWN = 60  # bytes of a name


def read_file(path: Path) -> tuple[File, bytes]:
    """The graph of a TFLite file, and its bytes; ValueError, one line with the file's name."""
    tflite, _ = packages(path)
    if (size := path.stat().st_size) > LARGEST:
        raise ValueError(f"{path}: {size / 1e9:.1f} GB, larger than any MobileNet's file")
    content = path.read_bytes()
    if content[4:8] != IDENTIFIER:
        raise ValueError(
            f"{path}: no TFLite file: identifier {content[4:8]!r}, expected {IDENTIFIER!r}"
        )
    reader = Reader(tflite, content)
    try:
        return reader.file(), content
    except ValueError as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from None
    except Exception:  # whatever offsets out of bounds lead the library to
        raise ValueError(
            f"{path}: a damaged TFLite file: {reader.at} lies beyond its end"
        ) from None


class Reader:
    """One file; at: what is being read."""

    def __init__(self, tflite: Any, content: bytes) -> None:
        self.tflite, self.content = tflite, content
        self.at = "the model"
        self.kinds = _names(tflite.BuiltinOperator)
        self.types = _names(tflite.TensorType)
        self.taken = 0  # bytes of constants and scales: several tensors may share them

    def file(self) -> File:
        """All of it."""
        self.model = self.tflite.Model.GetRootAs(self.content, 0)
        if (count := self.model.SubgraphsLength()) != 1:
            raise ValueError(f"{count:,} graphs, a MobileNet has one")
        graph = self.model.Subgraphs(0)
        for what, count in (
            ("tensors", graph.TensorsLength()),
            ("operators", graph.OperatorsLength()),
            ("buffers", self.model.BuffersLength()),
            ("kinds of operator", self.model.OperatorCodesLength()),
            ("metadata", self.model.MetadataLength()),
        ):
            if not 0 <= count <= MOST:
                raise ValueError(f"{count:,} {what}, more than any MobileNet has")
        tensors = tuple(self._tensor(k, graph) for k in range(graph.TensorsLength()))
        self.at = "the graph"
        image = self._end("inputs", graph.InputsLength, graph.InputsAsNumpy, len(tensors))
        result = self._end("outputs", graph.OutputsLength, graph.OutputsAsNumpy, len(tensors))
        operators: list[Operator] = []
        maker: dict[int, Operator] = {}
        for k in range(graph.OperatorsLength()):
            operator = self._operator(k, graph, tensors)
            for x in operator.inputs:
                if x not in (-1, image) and x not in maker and tensors[x].data is None:
                    raise ValueError(
                        f"{operator} reads {tensors[x]}, which nothing before it writes"
                    )
            output = operator.output
            if output in maker or output == image or tensors[output].data is not None:
                raise ValueError(f"{operator} writes what is there already")
            maker[output] = operator
            operators.append(operator)
        return File(tensors, tuple(operators), image, result, dict(self._metadata()), maker)

    def _end(
        self, side: str, count: Callable[[], int], read: Callable[[], Any], tensors: int
    ) -> int:
        found = _whole(count, read, _AXES)
        if found is None or len(found) != 1 or not 0 <= found[0] < tensors:
            listed = f"{count():,}" if found is None else list(found)
            raise ValueError(f"{side} are tensors {listed} of {tensors:,}; a MobileNet has one")
        return found[0]

    def _tensor(self, index: int, graph: Any) -> Tensor:
        self.at = where = f"tensor {index}"
        found = graph.Tensors(index)
        name = self._text(found, 10, found.Name)
        self.at = where = f"{where} ({name})"
        shape = _whole(found.ShapeLength, found.ShapeAsNumpy, _AXES)
        if shape is None:
            raise ValueError(f"{where}: {found.ShapeLength():,} axes, more than any MobileNet's")
        if any(not 0 < side <= _LONGEST for side in shape):
            raise ValueError(f"{where}: shape {shape} is none of a MobileNet's")
        if prod(shape) > _ELEMENTS:
            raise ValueError(f"{where}: {prod(shape):,} elements, more than any MobileNet's")
        kind = self.types.get(found.Type(), str(found.Type()))
        if kind not in _DTYPES:
            raise ValueError(f"{where}: type {kind}; read are {', '.join(_DTYPES)}")
        if found.Sparsity() is not None or found.IsVariable():
            raise ValueError(f"{where}: a sparse or a changing tensor, which no MobileNet has")
        data = self._constant(where, found.Buffer(), shape, np.dtype(_DTYPES[kind]))
        return Tensor(index, name, shape, kind.lower(), data, self._numbers(where, found, shape))

    def _constant(self, where: str, buffer: int, shape: Shape, dtype: Any) -> Array | None:
        if not 0 <= buffer < self.model.BuffersLength():
            raise ValueError(f"{where}: buffer {buffer:,} of {self.model.BuffersLength():,}")
        found = self.model.Buffers(buffer)
        if found.Offset() > 1:
            raise ValueError(f"{where}: its bytes lie outside the flatbuffer, which is not read")
        size, expected = found.DataLength(), prod(shape) * dtype.itemsize
        if not size:
            return None
        if size != expected:
            raise ValueError(f"{where}: {size:,} bytes for shape {shape}, expected {expected:,}")
        self._take(where, size)
        raw: Array = found.DataAsNumpy()
        data: Array = raw.view(dtype).reshape(shape)
        return data

    def _take(self, where: str, size: int) -> None:
        self.taken += size
        if self.taken > 2 * len(self.content):
            raise ValueError(f"{where}: too many tensors share the same bytes")

    def _numbers(self, where: str, found: Any, shape: Shape) -> Numbers | None:
        """Scales and zero points, as far as there are any."""
        given = found.Quantization()
        if given is None or not given.ScaleLength():
            return None
        count, axis = given.ScaleLength(), given.QuantizedDimension()
        if count != 1 and (not 0 <= axis < len(shape) or shape[axis] != count):
            raise ValueError(f"{where}: {count:,} scales along axis {axis} of shape {shape}")
        scale: Array = np.atleast_1d(given.ScaleAsNumpy()).astype(np.float32)
        self._take(where, 4 * count)
        if not (np.isfinite(scale) & (scale > 0)).all():
            raise ValueError(
                f"{where}: a scale must be a finite number above 0, found {min(scale)}"
            )
        zeros: Array = np.zeros(1, np.int64)
        if (points := given.ZeroPointLength()) not in (0, 1, count):
            raise ValueError(f"{where}: {count:,} scales and {points:,} zero points")
        if points:
            self._take(where, 8 * points)
            zeros = np.atleast_1d(given.ZeroPointAsNumpy()).astype(np.int64)
        return Numbers(scale, np.broadcast_to(zeros, (count,)), axis)

    def _operator(self, index: int, graph: Any, tensors: tuple[Tensor, ...]) -> Operator:
        self.at = f"operator {index}"
        found = graph.Operators(index)
        codes = self.model.OperatorCodesLength()
        if not 0 <= found.OpcodeIndex() < codes:
            raise ValueError(
                f"operator {index}: its kind is number {found.OpcodeIndex():,} of {codes}"
            )
        code = self.model.OperatorCodes(found.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = self.kinds.get(number, f"number {number}")
        if kind == "CUSTOM":
            kind = f"CUSTOM {self._text(code, 6, code.CustomCode)}"
        self.at = f"operator {index} ({kind})"
        inputs = _whole(found.InputsLength, found.InputsAsNumpy, _AXES)
        outputs = _whole(found.OutputsLength, found.OutputsAsNumpy, _AXES)
        for x in (*(inputs or ()), *(outputs or ())):
            if not -1 <= x < len(tensors):
                raise ValueError(f"{self.at}: tensor {x:,} of {len(tensors):,}")
        name = tensors[outputs[0]].name if outputs and outputs[0] >= 0 else ""
        self.at = where = f"operator {index} ({kind}, {name})"
        if kind not in OPERATORS:
            raise ValueError(f"{where}: no MobileNet that is known here has this operator")
        least, most = OPERATORS[kind].inputs
        if inputs is None or not least <= len(inputs) <= most or -1 in inputs[:2]:
            raise ValueError(f"{where}: {found.InputsLength():,} inputs, or one that is left out")
        if outputs is None or len(outputs) != 1 or outputs[0] < 0:
            raise ValueError(f"{where}: {found.OutputsLength():,} outputs, expected one")
        options = option(self.tflite, where, kind, found)
        return Operator(index, kind, inputs, outputs[0], options, name)

    def _metadata(self) -> Iterator[tuple[str, bytes]]:
        for k in range(self.model.MetadataLength()):
            self.at = f"metadata {k}"
            found = self.model.Metadata(k)
            name = self._text(found, 4, found.Name)
            if name in METADATA and 0 <= found.Buffer() < self.model.BuffersLength():
                buffer = self.model.Buffers(found.Buffer())
                if 0 < buffer.DataLength() < 2**20:
                    data: Array = buffer.DataAsNumpy()
                    yield name, data.tobytes()

    def _text(self, table: Any, slot: int, read: Callable[[], bytes | None]) -> str:
        """The end of a name; one as long as the file is not copied."""
        offset = table._tab.Offset(slot)
        if not offset or table._tab.VectorLen(offset) > 2**16:
            return ""
        name = read() or b""
        text = name[-_SHOWN:].decode("utf-8", "replace")
        text = "".join(c if c.isprintable() else "?" for c in text)
        return text if len(name) <= _SHOWN else f"...{text}"


def _names(kinds: Any) -> dict[int, str]:
    return {value: name for name, value in vars(kinds).items() if not name.startswith("_")}


def _whole(count: Callable[[], int], read: Callable[[], Any], most: int) -> tuple[int, ...] | None:
    """A vector of whole numbers; None where it has too many."""
    if not (length := count()):
        return ()
    return tuple(map(int, np.atleast_1d(read()))) if length <= most else None
