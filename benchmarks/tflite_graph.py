"""A .tflite file in the making: tensors, constants and operators of one graph.

The schema's classes come with ai-edge-litert; flatbuffers packs them.
"""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from npmobilenet.models.layers import Shape
from npmobilenet.ops.checks import Array


class _Buffer(schema.BufferT):
    """Numbers at an address that vector loads like; the generated class does not align them."""

    def Pack(self, builder: Any) -> Any:
        data = self.data.tobytes()
        builder.StartVector(1, len(data), 16)
        builder.head -= len(data)
        builder.Bytes[builder.head : builder.head + len(data)] = data
        vector = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)


class Graph:
    """Tensors, buffers and operators in the making."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.buffers: list[Any] = [schema.BufferT()]  # the first is empty by convention
        self.tensors: list[Any] = []
        self.codes: list[int] = []
        self.operators: list[Any] = []

    def tensor(self, name: str, shape: Shape) -> int:
        """What an operator will write, (N, *shape)."""
        return self._tensor(name, (self.batch, *shape), schema.TensorType.FLOAT32, 0)

    def array(self, name: str, value: Array) -> int:
        """A constant, float32 or int32."""
        self.buffers.append(_Buffer(np.ascontiguousarray(value)))
        types = {"float32": schema.TensorType.FLOAT32, "int32": schema.TensorType.INT32}
        return self._tensor(name, value.shape, types[str(value.dtype)], len(self.buffers) - 1)

    def number(self, value: float) -> int:
        """A constant that spreads over whatever it meets."""
        return self.array(f"{value:g}", np.array(value, np.float32))

    def _tensor(self, name: str, shape: Shape, kind: int, buffer: int) -> int:
        self.tensors.append(
            schema.TensorT(name=name, shape=list(shape), type=kind, buffer=buffer, hasRank=True)
        )
        return len(self.tensors) - 1

    def operator(
        self, name: str, inputs: list[int], output: int, kind: str = "", **options: Any
    ) -> int:
        """Append an operator by its name in the schema, with options of type `kind`; its output."""
        code = getattr(schema.BuiltinOperator, name)
        if code not in self.codes:
            self.codes.append(code)
        made = schema.OperatorT(opcodeIndex=self.codes.index(code), inputs=inputs, outputs=[output])
        if kind:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            made.builtinOptions = getattr(schema, f"{kind}T")(**options)
        self.operators.append(made)
        return output

    def packed(self, name: str, image: int, result: int) -> bytes:
        """The file: one graph from the tensor `image` to the tensor `result`."""
        subgraph = schema.SubGraphT(
            tensors=self.tensors,
            inputs=[image],
            outputs=[result],
            operators=self.operators,
            name=name,
        )
        codes = [
            # the older field holds codes up to 127 alone
            schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=1)
            for code in self.codes
        ]
        model = schema.ModelT(
            version=3, operatorCodes=codes, subgraphs=[subgraph], buffers=self.buffers
        )
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
