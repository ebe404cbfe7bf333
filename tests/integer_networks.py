"""A quantised .tflite network, operator by operator: what ours make of it, and what LiteRT's make of it.

Nothing of the importer is used here: a tensor is read where it stands in the file, laid out as our
operators want it, and computed from LiteRT's own inputs or from ours.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from npmobilenet.ops import integers
from npmobilenet.ops.integers import Quantization

from .foreign import foreign
from .litert import FUSED, PADDING, interpreter

Array = Any
_FUSED = {code: name for name, code in FUSED.items()}
_PADDING = {code: name for name, code in PADDING.items()}


class Network:
    """The one graph of a file."""

    def __init__(self, path: Path) -> None:
        self.tflite = foreign("tflite")
        self.bytes = path.read_bytes()
        self.model = self.tflite.Model.GetRootAs(self.bytes, 0)
        self.graph = self.model.Subgraphs(0)
        kinds = vars(self.tflite.BuiltinOperator).items()
        self.names = {code: name for name, code in kinds if not name.startswith("_")}

    def quantization(self, tensor: int) -> Quantization:
        found = self.graph.Tensors(tensor).Quantization()
        kinds = {v: k.lower() for k, v in vars(self.tflite.TensorType).items() if k[0] != "_"}
        scale = tuple(float(s) for s in np.atleast_1d(found.ScaleAsNumpy()))
        zero = tuple(int(z) for z in np.atleast_1d(found.ZeroPointAsNumpy()))
        return Quantization(kinds[self.graph.Tensors(tensor).Type()], scale, zero)

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(self.graph.Tensors(tensor).ShapeAsNumpy().tolist())

    def constant(self, tensor: int) -> Array:
        kept = self.graph.Tensors(tensor)
        data = self.model.Buffers(kept.Buffer()).DataAsNumpy()
        dtype = {9: np.int8, 3: np.uint8, 2: np.int32}[kept.Type()]
        return np.frombuffer(data.tobytes(), dtype).reshape(self.shape(tensor))

    def operators(self) -> Iterator[tuple[str, list[int], int, Any]]:
        """Names, inputs, outputs, and the operators themselves."""
        for k in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(k)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            name = self.names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            inputs = [operator.Inputs(j) for j in range(operator.InputsLength())]
            yield name, inputs, operator.Outputs(0), operator

    def options(self, operator: Any, table: str) -> Any:
        options = getattr(self.tflite, table)()
        options.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
        return options

    def computed(
        self,
        name: str,
        values: dict[int, Array],
        inputs: list[int],
        output: int,
        operator: Any,
        **how: Any,
    ) -> Array:
        """One operator's result by ours."""
        q = self.quantization
        x, x_q, y_q = values[inputs[0]], q(inputs[0]), q(output)
        if name in ("RESHAPE", "SQUEEZE"):
            return x.reshape(self.shape(output))
        if name == "QUANTIZE":
            return integers.requantize(x, x_q, y_q, **how)
        if name == "SOFTMAX":
            return integers.softmax(x, x_q, y_q, **how)
        if name == "MEAN":
            return integers.mean(x, x_q, y_q, **how).reshape(self.shape(output))
        if name == "ADD":
            kept = _FUSED[self.options(operator, "AddOptions").FusedActivationFunction()]
            b = values[inputs[1]]
            return integers.add(x, b, x_q, q(inputs[1]), y_q, activation=kept, **how)
        if name == "AVERAGE_POOL_2D":
            kept = self.options(operator, "Pool2DOptions")
            window = kept.FilterHeight(), kept.FilterWidth()
            return integers.avg_pool2d(x, x_q, y_q, window, rung=how.get("rung"))
        w, w_q, b = self.constant(inputs[1]), q(inputs[1]), self.constant(inputs[2])
        if name == "FULLY_CONNECTED":
            return integers.dense(x.reshape(len(x), -1), w.T.copy(), b, x_q, w_q, y_q, **how)
        table = {"CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions"}[name]
        kept = self.options(operator, table)
        how |= {"stride": (kept.StrideH(), kept.StrideW()), "padding": _PADDING[kept.Padding()]}
        how["activation"] = _FUSED[kept.FusedActivationFunction()]
        if name == "CONV_2D":
            return integers.conv2d(x, w.transpose(1, 2, 3, 0).copy(), b, x_q, w_q, y_q, **how)
        return integers.depthwise_conv2d(x, w[0], b, x_q, w_q, y_q, **how)

    def ours(self, x: Array, **how: Any) -> dict[int, Array]:
        """All tensors, each from ours before it."""
        values = {self.graph.Inputs(0): x}
        for name, inputs, output, operator in self.operators():
            values[output] = self.computed(name, values, inputs, output, operator, **how)
        return values

    def theirs(self, x: Array, kernels: str) -> dict[int, Array]:
        """All tensors that LiteRT keeps."""
        made = interpreter(self.bytes, kernels, experimental_preserve_all_tensors=True)
        made.set_tensor(self.graph.Inputs(0), x)
        made.invoke()
        found = {}
        for _, _, output, _ in self.operators():
            try:
                found[output] = made.get_tensor(output)
            except ValueError:  # inside a delegate
                continue
        return found
