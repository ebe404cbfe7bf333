"""From a trained network of floats to one of 8-bit integers, without training: `npmobilenet.quantize`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..models.capabilities import require
from ..models.network_plan import Plan
from ..models.params import check_params, dtype_of
from ..ops.checks import Array, flag, function, number, shown, whole
from ..ops.integers import could_overflow
from ..ops.integers.numbers import Quantization
from ..shown import NamedArrays
from .calibrating import Images, batched, observed
from .fitting import keeps_scale, shifts
from .handled import QUANTIZED
from .observers import OBSERVERS, MinMax
from .observers import observer as observer_of
from .plan import POOLINGS, ROUNDINGS, Lowered, QuantizedPlan, lowered
from .preparing import prepared
from .storing import of_bias, of_range, of_weight, stored

SOFTMAX = {
    "int8": Quantization("int8", (1 / 256,), (-128,)),
    "uint8": Quantization("uint8", (1 / 256,), (0,)),
}


def quantize(
    plan: Plan,
    params: Mapping[str, Array],
    images: Images,
    *,
    dtype: str = "int8",
    per_channel: bool | None = None,
    symmetric: bool = False,
    weight_bits: int = 8,
    observer: str = "minmax",
    percentile: float = 99.99,
    rate: float = 0.1,
    image_range: tuple[float, float] | None = None,
    softmax: bool = False,
    rounding: str = "double",
    pooling: str = "mean",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[QuantizedPlan, dict[str, Array]]:
    """A network in 8-bit integers, as LiteRT expects them, by looking at some images.

    plan         what `npmobilenet.plan` returned
    params       name -> array, trained; batch normalisation is folded here
    images       to calibrate with: an array (N, H, W, C) as the network reads them, or several such
                 batches; about a hundred, of those it was trained on
    dtype        "int8"; or "uint8", the older files' kind
    per_channel  a scale for each output channel of a weight: None: for int8, and not for uint8, which
                 has none
    symmetric    True: zero points in the middle, half a step of precision for cheaper arithmetic
    weight_bits  from 2 to 8, of int8: fewer bits are kept in bytes too, to see what they would do
    observer     "minmax", "moving_average", "percentile" or "mse": which range a tensor gets
    percentile   of the observer of this name, above 50, at most 100
    rate         of the moving average, above 0, at most 1
    image_range  lowest and highest number that an image may have; None: those of `images`
    softmax      True: the network goes on to probabilities, stored in steps of 1/256
    rounding     "double", as LiteRT's reference kernels round, or "single", as XNNPACK does
    pooling      the global pool as LiteRT's operator "mean", or as "average_pool"
    progress     called with how many images were run, of how many

    Returns a `QuantizedPlan` and its arrays, "NAME.weight" (int8 or uint8) and "NAME.bias" (int32),
    which `infer` and `compile` take.  ValueError, in one line, where an argument cannot be, or a layer
    has no integer operator.  Rules: Jacob et al. 2018, arXiv:1712.05877.
    """
    _check(dtype, observer, rounding, pooling)
    if per_channel is None:
        per_channel = dtype == "int8"
    if flag("quantize", "per_channel", per_channel) and dtype == "uint8":
        raise ValueError("quantize: uint8 has one scale a weight; per_channel is for int8")
    flag("quantize", "symmetric", symmetric)
    flag("quantize", "softmax", softmax)
    if not whole(weight_bits) or not 2 <= weight_bits <= 8:
        raise ValueError(f"quantize: weight_bits must be from 2 to 8, found {shown(weight_bits)}")
    if weight_bits != 8 and dtype != "int8":
        raise ValueError(
            f"quantize: {dtype} has weights of 8 bits, found weight_bits {weight_bits}"
        )
    number("quantize", "percentile", percentile, "above 50, at most 100", lambda p: 50 < p <= 100)
    number("quantize", "rate", rate, "above 0, at most 1", lambda r: 0 < r <= 1)
    function("quantize", "progress", progress, none=False)
    ends = _image_range(image_range)
    check_params(plan, params)
    kind = dtype_of(params)
    ready, arrays = prepared(plan, params)
    require(QUANTIZED, ready)
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            raise ValueError(f"quantize: {name} has numbers that are not finite")
    low = lowered(ready)

    def make(tensor: str) -> MinMax:
        name = "minmax" if tensor == "image" else observer
        return observer_of(name, dtype=dtype, symmetric=symmetric, percentile=percentile, rate=rate)

    seen = observed(ready, arrays, batched(plan, images, kind), low, make, progress)
    ranges = {name: found.range() for name, found in seen.items()}
    if ends is not None:
        ranges["image"] = ends
    activations = {name: of_range(*found, dtype, symmetric) for name, found in ranges.items()}
    weights: dict[str, Any] = {"dtype": dtype, "per_channel": per_channel, "symmetric": symmetric}
    weights |= {"bits": int(weight_bits)}
    numbers, integers = _stored(low, arrays, activations, pooling, weights)
    if softmax:
        numbers["softmax"] = SOFTMAX[dtype]
    made = QuantizedPlan(plan=ready, numbers=numbers, rounding=rounding, pooling=pooling)
    return made, NamedArrays(integers)


def _stored(
    low: Lowered,
    arrays: Mapping[str, Array],
    activations: Mapping[str, Quantization],
    pooling: str,
    how: Mapping[str, Any],
) -> tuple[dict[str, Quantization], dict[str, Array]]:
    """Numbers of all tensors in the order they are made, and the arrays as integers."""
    numbers, integers = {"image": activations["image"]}, {}
    for step in low.steps:
        name, x = step.name, numbers[step.inputs[0]]
        if step.weighted:
            w, b = arrays[f"{name}.weight"], arrays.get(f"{name}.bias")
            numbers[f"{name}.weight"] = w_q = of_weight(w, b, x, **how)
            integers[f"{name}.weight"] = stored(w, w_q)
            if b is not None:
                numbers[f"{name}.bias"] = b_q = of_bias(x, w_q)
                integers[f"{name}.bias"] = stored(b, b_q)
            if could_overflow(integers[f"{name}.weight"], integers.get(f"{name}.bias"), x, w_q):
                raise ValueError(f"quantize: {name} could overflow the 32 bits of its sums")
        if shifts(step):
            numbers[f"{name}.shifted"] = activations[f"{name}.shifted"]
        numbers[name] = x if keeps_scale(step, pooling) else activations[name]
    return numbers, integers


def _check(dtype: str, observer: str, rounding: str, pooling: str) -> None:
    for name, value, known in (
        ("dtype", dtype, ("int8", "uint8")),
        ("observer", observer, OBSERVERS),
        ("rounding", rounding, ROUNDINGS),
        ("pooling", pooling, POOLINGS),
    ):
        if not isinstance(value, str) or value not in known:
            raise ValueError(
                f"quantize: {name} must be one of {', '.join(known)}, found {shown(value)}"
            )


def _image_range(given: tuple[float, float] | None) -> tuple[float, float] | None:
    if given is None:
        return None
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ValueError(f"quantize: image_range must be two numbers, found {shown(given)}")
    low, high = (
        number("quantize", "image_range", end, "two finite numbers", lambda _: True)
        for end in given
    )
    if not low < high:
        raise ValueError(f"quantize: image_range must be (lower, higher), found {shown(given)}")
    return low, high
