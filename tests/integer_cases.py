"""Integer operators as cases: drawn from a random generator, run by us, and written for LiteRT."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npmobilenet.ops import integers
from npmobilenet.ops.integers import Quantization
from npmobilenet.ops.integers.numbers import LIMITS

from . import litert
from .integer_drawing import (
    draw_bias,
    draw_dtype,
    draw_q,
    draw_weights,
    draw_window,
    draw_x,
    draw_y,
    f32,
    spread,
)

Array = Any
ACTIVATIONS = (None, "relu", "relu6")


@dataclass(frozen=True)
class Case:
    """One call: run(rounding=, rung=) is ours, model and inputs LiteRT's."""

    run: Callable[..., Array]
    model: Callable[[], bytes]
    inputs: tuple[Array, ...]
    about: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Array, str], Array] | None = None  # what is done with LiteRT's answer

    def theirs(self, kernels: str) -> Array:
        """LiteRT's answer."""
        found = litert.answer(self.model(), self.inputs, kernels)
        return found if self.then is None else self.then(found, kernels)


def _placed(window: dict[str, Any]) -> dict[str, Any]:
    step = window["stride"]
    return {"StrideH": step, "StrideW": step, "Padding": litert.PADDING[window["padding"]]}


def conv2d(rng: np.random.Generator, *, groups: int = 1) -> Case:
    dtype, per_channel = draw_dtype(rng)
    x_q = draw_q(rng, dtype)
    k, size = int(rng.integers(1, 4)), tuple(rng.integers(4, 8, 2).tolist())
    m, o = groups * int(rng.integers(1, 5)), groups * int(rng.integers(1, 6))
    x = draw_x(rng, x_q, (int(rng.integers(1, 3)), *size, m))
    w, w_q = draw_weights(rng, (k, k, m // groups, o), dtype, per_channel)
    b, b_q = draw_bias(rng, o, x_q, w_q, k * k * m)
    y_q, window = draw_y(rng, x_q, w, w_q, x, k * k * m // groups), draw_window(rng)
    activation = ACTIVATIONS[rng.integers(3)]
    how = {**window, "activation": activation}

    def run(**more: Any) -> Array:
        if groups > 1:
            return integers.grouped_conv2d(x, w, b, x_q, w_q, y_q, groups=groups, **how, **more)
        return integers.conv2d(x, w, b, x_q, w_q, y_q, **how, **more)

    def model() -> bytes:
        return litert.single_layer(
            "CONV_2D",
            [(x, x_q)],
            (run(rung="numpy").shape, y_q),
            constants=[(w.transpose(3, 0, 1, 2).copy(), w_q, 0), (b, b_q, 0)],
            options=_placed(window)
            | {"FusedActivationFunction": litert.FUSED[activation]}
            | {"DilationHFactor": 1, "DilationWFactor": 1},
        )

    return Case(run, model, (x,), {"x": x, "q": (x_q, w_q, y_q), **how})


def grouped_conv2d(rng: np.random.Generator) -> Case:
    return conv2d(rng, groups=int(rng.integers(2, 4)))


def depthwise_conv2d(rng: np.random.Generator) -> Case:
    dtype, per_channel = draw_dtype(rng)
    x_q = draw_q(rng, dtype)
    k, size, m = (
        (3, 5)[rng.integers(2)],
        tuple(rng.integers(5, 9, 2).tolist()),
        int(rng.integers(1, 20)),
    )
    x = draw_x(rng, x_q, (int(rng.integers(1, 3)), *size, m))
    w, w_q = draw_weights(rng, (k, k, m), dtype, per_channel)
    b, b_q = draw_bias(rng, m, x_q, w_q, k * k)
    y_q, window = draw_y(rng, x_q, w, w_q, x, k * k), draw_window(rng)
    activation = ACTIVATIONS[rng.integers(3)]
    how = {**window, "activation": activation}

    def run(**more: Any) -> Array:
        return integers.depthwise_conv2d(x, w, b, x_q, w_q, y_q, **how, **more)

    def model() -> bytes:
        return litert.single_layer(
            "DEPTHWISE_CONV_2D",
            [(x, x_q)],
            (run(rung="numpy").shape, y_q),
            constants=[(w[None].copy(), w_q, 3 * (len(w_q.scale) > 1)), (b, b_q, 0)],
            options=_placed(window)
            | {"FusedActivationFunction": litert.FUSED[activation], "DepthMultiplier": 1}
            | {"DilationHFactor": 1, "DilationWFactor": 1},
        )

    return Case(run, model, (x,), {"x": x, "q": (x_q, w_q, y_q), **how})


def pointwise_conv2d(rng: np.random.Generator) -> Case:
    dtype, per_channel = draw_dtype(rng)
    x_q, m, o = draw_q(rng, dtype), int(rng.integers(1, 40)), int(rng.integers(1, 40))
    x = draw_x(rng, x_q, (int(rng.integers(1, 3)), *rng.integers(1, 6, 2).tolist(), m))
    w, w_q = draw_weights(rng, (m, o), dtype, per_channel)
    b, b_q = draw_bias(rng, o, x_q, w_q, m)
    y_q, activation = draw_y(rng, x_q, w, w_q, x, m), ACTIVATIONS[rng.integers(3)]

    def run(**more: Any) -> Array:
        return integers.pointwise_conv2d(x, w, b, x_q, w_q, y_q, activation=activation, **more)

    def model() -> bytes:
        return litert.single_layer(
            "CONV_2D",
            [(x, x_q)],
            ((*x.shape[:3], o), y_q),
            constants=[(w.T[:, None, None].copy(), w_q, 0), (b, b_q, 0)],
            options={"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
            | {"FusedActivationFunction": litert.FUSED[activation]},
        )

    return Case(run, model, (x,), {"x": x, "q": (x_q, w_q, y_q), "activation": activation})


def dense(rng: np.random.Generator) -> Case:
    dtype, per_channel = draw_dtype(rng)
    x_q, m, o = draw_q(rng, dtype), int(rng.integers(1, 60)), int(rng.integers(1, 40))
    x = draw_x(rng, x_q, (int(rng.integers(1, 4)), m))
    w, w_q = draw_weights(rng, (m, o), dtype, per_channel)
    b, b_q = draw_bias(rng, o, x_q, w_q, m)
    y_q, activation = draw_y(rng, x_q, w, w_q, x, m), ACTIVATIONS[rng.integers(3)]

    def run(**more: Any) -> Array:
        return integers.dense(x, w, b, x_q, w_q, y_q, activation=activation, **more)

    def model() -> bytes:
        return litert.single_layer(
            "FULLY_CONNECTED",
            [(x, x_q)],
            ((len(x), o), y_q),
            constants=[(w.T.copy(), w_q, 0), (b, b_q, 0)],
            options={"FusedActivationFunction": litert.FUSED[activation]},
        )

    return Case(run, model, (x,), {"x": x, "q": (x_q, w_q, y_q), "activation": activation})


def add(rng: np.random.Generator) -> Case:
    dtype = ("int8", "uint8")[rng.integers(2)]
    a_q = draw_q(rng, dtype)
    b_q = draw_q(rng, dtype, a_q.scale[0] * (1, 1, 30, 1 / 30)[rng.integers(4)])
    shape = int(rng.integers(1, 3)), *rng.integers(1, 6, 2).tolist(), int(rng.integers(1, 40))
    a, b = draw_x(rng, a_q, shape), draw_x(rng, b_q, shape)
    y_q = draw_q(rng, dtype, (spread(a, a_q) + spread(b, b_q)) / 100)
    activation = ACTIVATIONS[rng.integers(3)]

    def run(**more: Any) -> Array:
        return integers.add(a, b, a_q, b_q, y_q, activation=activation, **more)

    def model() -> bytes:
        options = {"FusedActivationFunction": litert.FUSED[activation]}
        return litert.single_layer("ADD", [(a, a_q), (b, b_q)], (shape, y_q), options=options)

    return Case(run, model, (a, b), {"q": (a_q, b_q, y_q), "activation": activation})


def multiply(rng: np.random.Generator) -> Case:
    dtype = ("int8", "uint8")[rng.integers(2)]
    x_q, g_q = draw_q(rng, dtype), draw_q(rng, dtype)
    shape = int(rng.integers(1, 3)), *rng.integers(1, 6, 2).tolist(), int(rng.integers(1, 40))
    per_channel = bool(rng.integers(2))
    x = draw_x(rng, x_q, shape)
    g = draw_x(rng, g_q, (shape[0], shape[3]) if per_channel else shape)
    y_q = draw_q(rng, dtype, spread(x, x_q) * spread(g, g_q) / 100)
    activation = ACTIVATIONS[rng.integers(3)]
    factors = g[:, None, None] if per_channel else g

    def run(**more: Any) -> Array:
        return integers.multiply(x, g, x_q, g_q, y_q, activation=activation, **more)

    def model() -> bytes:
        options = {"FusedActivationFunction": litert.FUSED[activation]}
        return litert.single_layer("MUL", [(x, x_q), (factors, g_q)], (shape, y_q), options=options)

    return Case(run, model, (x, factors), {"q": (x_q, g_q, y_q), "activation": activation})


def mean(rng: np.random.Generator) -> Case:
    dtype = ("int8", "uint8")[rng.integers(2)]
    x_q = draw_q(rng, dtype)
    shape = int(rng.integers(1, 3)), *rng.integers(1, 10, 2).tolist(), int(rng.integers(1, 40))
    x = draw_x(rng, x_q, shape)
    y_q = draw_q(rng, dtype, x_q.scale[0] * (1, 0.1, 3)[rng.integers(3)])
    if rng.integers(2):  # many means in the middle between two integers
        y_q = Quantization(dtype, (f32(x_q.scale[0] * (1, 0.5)[rng.integers(2)]),), y_q.zero_point)
    keep = bool(rng.integers(2))

    def run(**more: Any) -> Array:
        return integers.mean(x, x_q, y_q, **more)

    def model() -> bytes:
        return litert.single_layer(
            "MEAN",
            [(x, x_q)],
            ((shape[0], *((1, 1) if keep else ()), shape[3]), y_q),
            constants=[(np.array([1, 2], np.int32), None, 0)],
            options={"KeepDims": keep},
        )

    return Case(run, model, (x,), {"q": (x_q, y_q), "shape": shape, "keep": keep})


def _pooled(rng: np.random.Generator, operator: Any, code: str) -> Case:
    dtype = ("int8", "uint8")[rng.integers(2)]
    q = draw_q(rng, dtype)
    k = int(rng.integers(1, 5))
    shape = int(rng.integers(1, 3)), *rng.integers(k, 9, 2).tolist(), int(rng.integers(1, 40))
    x, window, activation = draw_x(rng, q, shape), draw_window(rng), ACTIVATIONS[rng.integers(3)]

    def run(rounding: str = "", **more: Any) -> Array:
        return operator(x, q, q, k, activation=activation, **window, **more)

    def model() -> bytes:
        options = {"FilterHeight": k, "FilterWidth": k, **_placed(window)}
        options["FusedActivationFunction"] = litert.FUSED[activation]
        return litert.single_layer(code, [(x, q)], (run(rung="numpy").shape, q), options=options)

    return Case(run, model, (x,), {"q": q, "shape": shape, "k": k, **window, "act": activation})


def avg_pool2d(rng: np.random.Generator) -> Case:
    return _pooled(rng, integers.avg_pool2d, "AVERAGE_POOL_2D")


def max_pool2d(rng: np.random.Generator) -> Case:
    return _pooled(rng, integers.max_pool2d, "MAX_POOL_2D")


def hard_swish(rng: np.random.Generator) -> Case:
    dtype = ("int8", "uint8")[rng.integers(2)]
    x_q = draw_q(rng, dtype)
    y_q = draw_q(rng, dtype, x_q.scale[0] * (1, 0.2, 4)[rng.integers(3)])
    low, high = LIMITS[dtype]
    x = np.arange(low, high + 1).astype(dtype).reshape(1, 16, 16)

    def run(**more: Any) -> Array:
        return integers.hard_swish(x, x_q, y_q, **more)

    def model() -> bytes:
        return litert.single_layer("HARD_SWISH", [(x, x_q)], (x.shape, y_q))

    return Case(run, model, (x,), {"q": (x_q, y_q)})


def hard_sigmoid(rng: np.random.Generator) -> Case:
    dtype = ("int8", "uint8")[rng.integers(2)]
    low, high = LIMITS[dtype]
    x_q, y_q = draw_q(rng, dtype, 0.06), draw_q(rng, dtype, 1 / 256)
    shifted_q = Quantization(dtype, (f32(6 / 255 * 2 ** rng.uniform(-0.5, 0.2)),), (low,))
    three_q, sixth_q = (Quantization(dtype, (f32(c / 255),), (low,)) for c in (3, 1 / 6))
    x = np.arange(low, high + 1).astype(dtype).reshape(1, 16, 16)
    most = np.full(1, high, dtype)  # either constant

    def run(**more: Any) -> Array:
        return integers.hard_sigmoid(x, x_q, shifted_q, y_q, **more)

    def layer(code: str, value: Array, q: Any, constant_q: Any, result_q: Any, fused: Any) -> bytes:
        options = {"FusedActivationFunction": litert.FUSED[fused]}
        constants = [(most, constant_q, 0)]
        result = (x.shape, result_q)
        return litert.single_layer(code, [(value, q)], result, constants=constants, options=options)

    def then(shifted: Array, kernels: str) -> Array:
        model = layer("MUL", shifted, shifted_q, sixth_q, y_q, None)
        return litert.answer(model, [shifted], kernels)

    def model() -> bytes:
        return layer("ADD", x, x_q, three_q, shifted_q, "relu6")

    return Case(run, model, (x,), {"q": (x_q, shifted_q, y_q)}, then)


def requantize(rng: np.random.Generator) -> Case:
    x_dtype, y_dtype = (("int8", "uint8")[rng.integers(2)] for _ in range(2))
    x_q = draw_q(rng, x_dtype)
    y_q = draw_q(rng, y_dtype, x_q.scale[0] * (1, 0.2, 4)[rng.integers(3)])
    if not rng.integers(4):
        y_q = Quantization(y_dtype, x_q.scale, y_q.zero_point)  # as between an image and a network
    low, high = LIMITS[x_dtype]
    x = np.arange(low, high + 1).astype(x_dtype).reshape(1, 16, 16)

    def run(**more: Any) -> Array:
        return integers.requantize(x, x_q, y_q, **more)

    def model() -> bytes:
        return litert.single_layer("QUANTIZE", [(x, x_q)], (x.shape, y_q))

    return Case(run, model, (x,), {"q": (x_q, y_q)})


def softmax(rng: np.random.Generator) -> Case:
    dtype = ("int8", "uint8")[rng.integers(2)]
    x_q = draw_q(rng, dtype)
    y_q = Quantization(dtype, (1 / 256,), (LIMITS[dtype][0],))
    x = draw_x(rng, x_q, (int(rng.integers(1, 4)), int(rng.integers(1, 1002))))
    differences = x_q.scale[0] * (x.astype(float) - x.max(axis=1, keepdims=True))
    if (
        np.exp(differences).sum(axis=1).max() > 500
    ):  # where they sum to 512, LiteRT ends its process
        x = x[:, :500]

    def run(**more: Any) -> Array:
        return integers.softmax(x, x_q, y_q, **more)

    def model() -> bytes:
        return litert.single_layer("SOFTMAX", [(x, x_q)], (x.shape, y_q), options={"Beta": 1.0})

    return Case(run, model, (x,), {"q": x_q, "shape": x.shape})


def quantize(rng: np.random.Generator) -> Case:
    q = draw_q(rng, ("int8", "uint8")[rng.integers(2)])
    halves = (np.arange(-300, 300) / 2 * q.scale[0]).astype(np.float32)
    x = np.concatenate([halves, (rng.standard_normal(600) * 100 * q.scale[0]).astype(np.float32)])
    x = x.reshape(1, -1)

    def run(rung: str = "", **more: Any) -> Array:
        return integers.quantize(x, q, **more)

    def model() -> bytes:
        return litert.single_layer("QUANTIZE", [(x, None)], (x.shape, q))

    return Case(run, model, (x,), {"q": q})


def dequantize(rng: np.random.Generator) -> Case:
    q = draw_q(rng, ("int8", "uint8")[rng.integers(2)])
    low, high = LIMITS[q.dtype]
    x = np.arange(low, high + 1).astype(q.dtype).reshape(1, 256)

    def run(rounding: str = "", rung: str = "") -> Array:
        return integers.dequantize(x, q)

    def model() -> bytes:
        return litert.single_layer("DEQUANTIZE", [(x, q)], (x.shape, "float32"))

    return Case(run, model, (x,), {"q": q})


CASES: dict[str, Callable[[np.random.Generator], Case]] = {
    draw.__name__: draw
    for draw in (
        conv2d,
        grouped_conv2d,
        depthwise_conv2d,
        pointwise_conv2d,
        dense,
        add,
        multiply,
        mean,
        avg_pool2d,
        max_pool2d,
        hard_swish,
        hard_sigmoid,
        requantize,
        softmax,
        quantize,
        dequantize,
    )
}
