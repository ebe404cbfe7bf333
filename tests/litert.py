"""LiteRT as a witness: files of a single layer, written here, and what its kernels make of them.

    model = single_layer("ADD", inputs=[(a, a_q), (b, b_q)], output=((2, 3), y_q), options={...})
    y = answer(model, [a, b], "reference")

"reference" are the kernels one reads to learn what is right, "xnnpack" those that run by default on a
processor, and "builtin" the ones between, which run what XNNPACK does not.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from npmobilenet.ops.integers import Quantization

from .foreign import foreign

TABLES = {
    "ADD": ("AddOptions", 2),
    "MUL": ("MulOptions", 2),
    "CONV_2D": ("Conv2DOptions", 3),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", 3),
    "FULLY_CONNECTED": ("FullyConnectedOptions", 4),
    "AVERAGE_POOL_2D": ("Pool2DOptions", 2),
    "MAX_POOL_2D": ("Pool2DOptions", 2),
    "MEAN": ("ReducerOptions", 2),
    "SOFTMAX": ("SoftmaxOptions", 2),
    "HARD_SWISH": ("HardSwishOptions", 1),
    "QUANTIZE": ("QuantizeOptions", 2),
    "DEQUANTIZE": ("DequantizeOptions", 2),
    "RELU": ("", 2),
    "RELU6": ("", 2),
}
FUSED = {None: 0, "relu": 1, "relu6": 3}
PADDING = {"same": 0, "valid": 1}

Tensor = tuple[Any, Quantization | None]


def single_layer(
    operator: str,
    inputs: Sequence[Tensor],
    output: tuple[tuple[int, ...], Quantization | str],
    *,
    constants: Sequence[tuple[Any, Quantization | None, int]] = (),
    options: dict[str, Any] | None = None,
) -> bytes:
    """A model of one operator.

    inputs     arrays, of which shapes and dtypes matter, with their quantizations
    output     shape and quantization, or the name of a dtype that has none
    constants  arrays, quantizations, and the axis of their scales: what follows the inputs
    """
    tflite, flatbuffers = foreign("tflite"), foreign("flatbuffers")
    builder = flatbuffers.Builder(1024)

    def table(name: str, **fields: Any) -> int:
        getattr(tflite, f"{name}Start")(builder)
        for field, value in fields.items():
            getattr(tflite, f"{name}Add{field}")(builder, value)
        return int(getattr(tflite, f"{name}End")(builder))

    def vector(values: Any, dtype: Any = np.int32) -> int:
        return int(builder.CreateNumpyVector(np.asarray(values, dtype)))

    def offsets(values: Sequence[int]) -> int:
        builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            builder.PrependUOffsetTRelative(value)
        return int(builder.EndVector())

    def tensor(
        name: str, shape: Any, dtype: str, q: Quantization | None, axis: int = 0, buffer: int = 0
    ) -> int:
        fields = {"Shape": vector(shape), "Name": builder.CreateString(name), "Buffer": buffer}
        if q is not None:
            scale, zero = vector(q.scale, np.float32), vector(q.zero_point, np.int64)
            parts = {"Scale": scale, "ZeroPoint": zero, "QuantizedDimension": axis}
            fields["Quantization"] = table("QuantizationParameters", **parts)
        kind = getattr(tflite.TensorType, dtype.upper())
        return table("Tensor", Type=kind, **fields)

    buffers = [table("Buffer")]
    tensors = [tensor(f"x{k}", x.shape, x.dtype.name, q) for k, (x, q) in enumerate(inputs)]
    for k, (value, q, axis) in enumerate(constants):
        buffers.append(
            table("Buffer", Data=vector(np.frombuffer(value.tobytes(), np.uint8), np.uint8))
        )
        tensors.append(tensor(f"w{k}", value.shape, value.dtype.name, q, axis, len(buffers) - 1))
    shape, kind = output
    dtype, y_q = (kind, None) if isinstance(kind, str) else (kind.dtype, kind)
    tensors.append(tensor("y", shape, dtype, y_q))
    last = len(tensors) - 1
    code, (options_table, version) = getattr(tflite.BuiltinOperator, operator), TABLES[operator]
    layer = {"Inputs": vector(range(last)), "Outputs": vector([last])}
    if options_table:
        layer["BuiltinOptions"] = table(options_table, **(options or {}))
        layer["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, options_table)
    graph = table(
        "SubGraph",
        Tensors=offsets(tensors),
        Inputs=vector(range(len(inputs))),
        Outputs=vector([last]),
        Operators=offsets([table("Operator", **layer)]),
    )
    named = {"DeprecatedBuiltinCode": min(code, 127), "BuiltinCode": code, "Version": version}
    model = table(
        "Model",
        Version=3,
        OperatorCodes=offsets([table("OperatorCode", **named)]),
        Subgraphs=offsets([graph]),
        Buffers=offsets(buffers),
    )
    builder.Finish(model, b"TFL3")
    return bytes(builder.Output())


def interpreter(model: bytes, kernels: str = "reference", **more: Any) -> Any:
    """LiteRT's, with the memory that it needs."""
    litert = foreign("ai_edge_litert.interpreter")
    resolvers = {
        "reference": litert.OpResolverType.BUILTIN_REF,
        "builtin": litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        "xnnpack": litert.OpResolverType.AUTO,
    }
    made = litert.Interpreter(
        model_content=model,
        experimental_op_resolver_type=resolvers[kernels],
        num_threads=1,
        **more,
    )
    made.allocate_tensors()
    return made


def answer(model: bytes, inputs: Sequence[Any], kernels: str = "reference") -> Any:
    """The result of a model of one operator."""
    made = interpreter(model, kernels)
    for detail, value in zip(made.get_input_details(), inputs, strict=True):
        made.set_tensor(detail["index"], np.ascontiguousarray(value))
    made.invoke()
    return made.get_tensor(made.get_output_details()[0]["index"])


def delegated(model: bytes) -> bool:
    """Whether XNNPACK takes the operator: LiteRT then runs a delegate in its place."""
    return any(
        op["op_name"] == "DELEGATE" for op in interpreter(model, "xnnpack")._get_ops_details()
    )
