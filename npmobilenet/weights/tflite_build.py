"""A TFLite file in the making: tensors, constants and operators of one graph, packed at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..models.layers import Shape
from ..ops.checks import Array
from ..ops.integers.numbers import Quantization
from .tflite_schema import FUNCTIONS, IDENTIFIER, OPERATORS, Packages

_ALIGNED = 16  # bytes: constants lie where vector loads like them
_VERSION = 3  # of the schema
LARGEST = 2**31 - 2**20  # a flatbuffer's offsets end at 2 GiB


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: Shape
    dtype: str
    buffer: int
    numbers: Quantization | None
    axis: int  # of its scales, where it has several


@dataclass(frozen=True)
class _Operator:
    code: int
    inputs: Sequence[int]
    output: int
    table: str
    options: dict[str, int | float | bool]


class Graph:
    """Tensors and operators in the making; a tensor is known by its number.

    numbers  how tensors are stored, by name; those that are not in it are float32
    """

    def __init__(
        self, found: Packages, batch: int, numbers: Mapping[str, Quantization] | None = None
    ) -> None:
        self.tflite, self.flatbuffers = found
        self.batch = batch
        self.numbers = {} if numbers is None else dict(numbers)
        self.buffers: list[bytes] = [b""]  # the first is empty: of tensors without constants
        self.tensors: list[_Tensor] = []
        self.codes: list[tuple[str, int]] = []
        self.operators: list[_Operator] = []
        self.metadata: dict[str, bytes] = {}
        self._constants: dict[str, int] = {}

    def tensor(self, name: str, shape: Shape, like: int | None = None) -> int:
        """What an operator will write, (N, *shape); stored as its name says, or as another tensor."""
        numbers = self.numbers.get(name) if like is None else self.tensors[like].numbers
        dtype = numbers.dtype if numbers else "float32"
        self.tensors.append(_Tensor(name, (self.batch, *shape), dtype, 0, numbers, 0))
        return len(self.tensors) - 1

    def rename(self, tensor: int, name: str) -> None:
        """Call a tensor otherwise."""
        self.tensors[tensor] = replace(self.tensors[tensor], name=name)

    def array(self, name: str, value: Array, axis: int = 0) -> int:
        """A constant, float32 unless it holds integers; axis is the one of its scales."""
        if name in self._constants:
            return self._constants[name]
        value = np.ascontiguousarray(value)
        if value.dtype.kind == "f":
            if value.size and not np.abs(value).max() <= np.finfo(np.float32).max:
                raise ValueError(f"{name} holds {np.abs(value).max()}, which float32 cannot")
            value = value.astype(np.float32)
        self.buffers.append(value.tobytes())
        numbers, at = self.numbers.get(name), len(self.buffers) - 1
        self.tensors.append(_Tensor(name, value.shape, str(value.dtype), at, numbers, axis))
        self._constants[name] = len(self.tensors) - 1
        return self._constants[name]

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        output: int,
        fused: str | None = None,
        **options: Any,
    ) -> int:
        """Append an operator by its name in the schema; its output.

        fused: "relu" or "relu6" that it computes itself; options as the schema's fields are called.
        """
        table, fields, versions = OPERATORS[name][1:]
        code = name, versions[self.tensors[output].dtype == "int8"]
        if code not in self.codes:
            self.codes.append(code)
        if "FusedActivationFunction" in fields:
            options["FusedActivationFunction"] = FUNCTIONS[fused]
        self.operators.append(_Operator(self.codes.index(code), inputs, output, table, options))
        return output

    def packed(self, name: str, image: int, result: int) -> bytes:
        """The file: one graph from the tensor `image` to the tensor `result`."""
        if (size := sum(map(len, self.buffers))) > LARGEST:
            raise ValueError(f"{size:,} bytes of constants; a TFLite file ends at 2 GiB")
        builder = self.flatbuffers.Builder(1 << 16)
        at = len(self.buffers)
        buffers = [self._buffer(builder, data) for data in (*self.buffers, *self.metadata.values())]
        metadata = [
            self._table(builder, "Metadata", Name=builder.CreateString(key), Buffer=at + k)
            for k, key in enumerate(self.metadata)
        ]
        graph = self._table(
            builder,
            "SubGraph",
            Name=builder.CreateString(name),
            Tensors=_offsets(builder, [self._packed(builder, x) for x in self.tensors]),
            Inputs=_integers(builder, [image]),
            Outputs=_integers(builder, [result]),
            Operators=_offsets(builder, [self._run(builder, x) for x in self.operators]),
        )
        model = self._table(
            builder,
            "Model",
            Version=_VERSION,
            Description=builder.CreateString("npmobilenet"),
            OperatorCodes=_offsets(builder, [self._code(builder, *x) for x in self.codes]),
            Subgraphs=_offsets(builder, [graph]),
            Buffers=_offsets(builder, buffers),
            Metadata=_offsets(builder, metadata),
            SignatureDefs=_offsets(builder, [self._signature(builder, image, result)]),
        )
        builder.Finish(model, IDENTIFIER)
        return bytes(builder.Output())

    def _table(self, builder: Any, name: str, **fields: Any) -> int:
        """Write a table of the schema with these fields; where it lies."""
        getattr(self.tflite, f"{name}Start")(builder)
        for field, value in fields.items():
            getattr(self.tflite, f"{name}Add{field}")(builder, value)
        return int(getattr(self.tflite, f"{name}End")(builder))

    def _buffer(self, builder: Any, data: bytes) -> int:
        if not data:
            return self._table(builder, "Buffer")
        builder.StartVector(1, len(data), _ALIGNED)
        builder.head -= len(data)
        builder.Bytes[builder.head : builder.head + len(data)] = data
        return self._table(builder, "Buffer", Data=builder.EndVector())

    def _packed(self, builder: Any, tensor: _Tensor) -> int:
        fields = {
            "Name": builder.CreateString(tensor.name),
            "Shape": _integers(builder, tensor.shape),
            "Type": getattr(self.tflite.TensorType, tensor.dtype.upper()),
            "Buffer": tensor.buffer,
            "HasRank": True,
        }
        if tensor.numbers:
            scale = np.array(tensor.numbers.scale, np.float32)
            zeros = np.array(tensor.numbers.zero_point, np.int64)
            fields["Quantization"] = self._table(
                builder,
                "QuantizationParameters",
                Scale=builder.CreateNumpyVector(scale),
                ZeroPoint=builder.CreateNumpyVector(zeros),
                # XNNPACK takes depthwise layers of one scale only where the axis is the first
                QuantizedDimension=tensor.axis if len(scale) > 1 else 0,
            )
        return self._table(builder, "Tensor", **fields)

    def _code(self, builder: Any, name: str, version: int) -> int:
        code = getattr(self.tflite.BuiltinOperator, name)
        # the older field is one byte, which older runtimes read
        fields = {"DeprecatedBuiltinCode": min(code, 127), "BuiltinCode": code, "Version": version}
        return self._table(builder, "OperatorCode", **fields)

    def _run(self, builder: Any, operator: _Operator) -> int:
        fields: dict[str, Any] = {
            "OpcodeIndex": operator.code,
            "Inputs": _integers(builder, operator.inputs),
            "Outputs": _integers(builder, [operator.output]),
        }
        if operator.table:
            fields["BuiltinOptionsType"] = getattr(self.tflite.BuiltinOptions, operator.table)
            fields["BuiltinOptions"] = self._table(builder, operator.table, **operator.options)
        return self._table(builder, "Operator", **fields)

    def _signature(self, builder: Any, image: int, result: int) -> int:
        """The names by which a program may ask: image in, logits out."""
        ends = {}
        for side, tensor in (("Inputs", image), ("Outputs", result)):
            name = builder.CreateString(self.tensors[tensor].name)
            ends[side] = _offsets(
                builder, [self._table(builder, "TensorMap", Name=name, TensorIndex=tensor)]
            )
        key = builder.CreateString("serving_default")
        return self._table(builder, "SignatureDef", SignatureKey=key, SubgraphIndex=0, **ends)


def _integers(builder: Any, values: Iterable[int]) -> int:
    return int(builder.CreateNumpyVector(np.array([*values], np.int32)))


def _offsets(builder: Any, tables: Sequence[int]) -> int:
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return int(builder.EndVector())
