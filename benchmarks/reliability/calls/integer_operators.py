"""Right calls of the operators on 8-bit integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from npmobilenet.ops import integers as ops
from npmobilenet.ops.integers import Quantization

from . import wrong
from .junk import INF, NAN
from .subjects import Call, Draw, Given, Subject
from .wrong import Kind, choices, integers, paddings, pairs
from .wrong_arrays import arrays

ALL = ("loops", "numpy", "numba", "simd")


def _numbers(draw: Draw, dtype: str, channels: int = 1) -> Quantization:
    scales = draw.rng.uniform(0.01, 0.2, channels)
    zero = (
        0
        if channels > 1
        else int(draw.rng.integers(*((-20, 20) if dtype == "int8" else (100, 150))))
    )
    return Quantization(dtype, tuple(scales.tolist()), (zero,) * channels)


def _is(dtype: str, *others: Quantization) -> Kind:
    """A quantization of bytes of that dtype with one scale."""
    other = "uint8" if dtype == "int8" else "int8"
    values = [Quantization("int32", (0.1,), (0,)), Quantization(other, (0.1,), (100,))]
    values += [Quantization(dtype, (0.1,) * 77, (0,) * 77), *others]
    return wrong.both(
        wrong.junk(lambda v: False), wrong.more(*values, Quantization, ("int8", (0.1,), (0,)))
    )


def _weights(dtype: str) -> Kind:
    values = [Quantization("int32", (0.1,), (0,)), Quantization(dtype, (0.1,) * 77, (0,) * 77)]
    return wrong.both(wrong.junk(lambda v: False), wrong.more(*values))


def _rounding(kinds: dict[str, Kind], good: dict[str, Any], draw: Draw) -> None:
    good["rounding"], kinds["rounding"] = draw.some("double", "single"), choices("double", "single")


def _activation(kinds: dict[str, Kind], good: dict[str, Any], draw: Draw) -> None:
    good["activation"] = draw.some(None, "relu", "relu6")
    kinds["activation"] = choices("relu", "relu6", none=True)


def _rung(
    kinds: dict[str, Kind], good: dict[str, Any], draw: Draw, offered: tuple[str, ...]
) -> None:
    good["rung"], kinds["rung"] = draw.rung(offered), choices(*offered, none=True)


def _layer(
    name: str, axes: str, shape: Callable[[Draw], Any], x_axes: str
) -> Callable[[Draw], Given]:
    def make(draw: Draw) -> Given:
        good: dict[str, Any] = {}
        kinds: dict[str, Kind] = {}
        _rung(kinds, good, draw, ALL)
        groups = draw.some(1, 2) if name == "grouped_conv2d" else 1
        draw.m, draw.o = draw.m * groups, draw.o * groups
        dtype = draw.some("int8", "uint8")
        sizes = (draw.n, draw.h, draw.w, draw.m) if "H" in x_axes else (draw.n, draw.m)
        w_shape = shape(draw)
        if name == "grouped_conv2d":
            w_shape = (*w_shape[:2], draw.m // groups, draw.o)
            good["groups"], kinds["groups"] = groups, wrong.both(integers(), wrong.more(7, 2**31))
        filters = w_shape[-1]
        good |= {"x": draw.integers(dtype, *sizes), "w": draw.integers(dtype, *w_shape)}
        good["b"] = draw.some(None, draw.integers("int32", filters))
        per = filters if dtype == "int8" else 1
        good |= {
            "x_q": _numbers(draw, dtype),
            "w_q": _numbers(draw, dtype, per),
            "y_q": _numbers(draw, dtype),
        }
        last = axes.split()[-1]
        shared = {"M", "P"} | ({last} if good["b"] is not None or per > 1 else set())
        kinds |= {
            "x": arrays(x_axes, {"M"}, dtypes=(dtype,)),
            "w": arrays(axes, shared, dtypes=(dtype,)),
        }
        if good["b"] is not None:
            kinds["b"] = arrays(last, {last}, dtypes=("int32",), none=True)
        kinds |= {"x_q": _is(dtype), "w_q": _weights(dtype), "y_q": _is(dtype)}
        if "H" in x_axes and name != "pointwise_conv2d":
            good |= {
                "stride": draw.some(1, 2, (1, 2)),
                "padding": draw.some("same", "symmetric", (2, 3)),
            }
            if draw.k > 2:
                good["padding"] = "same"
            kinds |= {"stride": pairs(), "padding": paddings()}
        _rounding(kinds, good, draw)
        _activation(kinds, good, draw)
        return good, kinds

    return make


def _maps(
    *names: str, axes: str = "...", rungs: tuple[str, ...] = ALL[:3], activated: bool = True
) -> Callable[[Draw], Given]:
    def make(draw: Draw) -> Given:
        good: dict[str, Any] = {}
        kinds: dict[str, Kind] = {}
        _rung(kinds, good, draw, rungs)
        dtype = draw.some("int8", "uint8")
        shape = (draw.n, draw.h, draw.w, draw.m) if axes != "N C" else (draw.n, draw.m)
        for name in names:
            good[name] = draw.integers(dtype, *shape)
            kinds[name] = arrays(axes, {"..."} if len(names) > 1 else (), dtypes=(dtype,))
            good[f"{name}_q"], kinds[f"{name}_q"] = _numbers(draw, dtype), _is(dtype)
        good["y_q"], kinds["y_q"] = _numbers(draw, dtype), _is(dtype)
        _rounding(kinds, good, draw)
        if activated:
            _activation(kinds, good, draw)
        return good, kinds

    return make


def _multiply(draw: Draw) -> Given:
    good, kinds = _maps("x", "g")(draw)
    if draw.rng.random() < 0.5:
        return good, kinds
    good["g"] = draw.integers(str(good["x"].dtype), draw.n, draw.m)
    kinds["x"] = arrays("N H W C", {"N", "C"}, dtypes=(str(good["x"].dtype),))
    kinds["g"] = arrays("N C", {"N", "C"}, dtypes=(str(good["x"].dtype),))
    return good, kinds


def _mean(draw: Draw) -> Given:
    good, kinds = _maps("x", axes="N H W C", activated=False)(draw)
    return good, kinds


def _pool(draw: Draw) -> Given:
    good, kinds = _maps("x", axes="N H W C")(draw)
    good |= {
        "y_q": good["x_q"],
        "kernel_size": draw.some(1, 2, (3, 2)),
        "stride": draw.some(None, 1, 2),
    }
    good["padding"] = draw.some("valid", "same")
    kinds |= {"kernel_size": pairs(), "stride": pairs(none=True), "padding": paddings()}
    del good["rounding"], kinds["rounding"]
    return good, kinds


def _hard_swish(draw: Draw) -> Given:
    return _maps("x", activated=False)(draw)


def _hard_sigmoid(draw: Draw) -> Given:
    good, kinds = _hard_swish(draw)
    dtype = str(good["x"].dtype)
    good["shifted_q"], kinds["shifted_q"] = _numbers(draw, dtype), _is(dtype)
    optional = wrong.junk(lambda v: v is None)
    return good, kinds | {"three_q": optional, "sixth_q": optional}


def _softmax(draw: Draw) -> Given:
    good, kinds = _maps("x", axes="N C", activated=False)(draw)
    dtype = str(good["x"].dtype)
    good["y_q"] = Quantization(dtype, (1 / 256,), (-128 if dtype == "int8" else 0,))
    return good, kinds


def _quantize(draw: Draw) -> Given:
    q = _numbers(draw, draw.some("int8", "uint8"))
    good = {
        "x": draw.floats(draw.n, draw.h, draw.m),
        "q": q,
        "rounding": draw.some("double", "single"),
    }
    nans = wrong.more(np.full((2, 3), NAN, np.float32))
    kinds = {
        "x": wrong.both(arrays("...", (), empty=True), nans),
        "rounding": choices("double", "single"),
    }
    return good, kinds | {"q": wrong.junk(lambda v: False)}


def _dequantize(draw: Draw) -> Given:
    q = _numbers(draw, draw.some("int8", "uint8"))
    good = {"x": draw.integers(q.dtype, draw.n, draw.h, draw.m), "q": q}
    return good, {
        "x": arrays("...", (), dtypes=(q.dtype,), empty=True),
        "q": wrong.junk(lambda v: False),
    }


def _overflow(draw: Draw) -> Given:
    w = draw.integers("int8", draw.k, draw.k, draw.m, draw.o)
    good = {
        "w": w,
        "b": draw.integers("int32", draw.o),
        "x_q": _numbers(draw, "int8"),
        "w_q": _numbers(draw, "int8", draw.o),
    }
    kinds = {
        "w": arrays("...", (), dtypes=("int8", "uint8")),
        "b": arrays("O", {"O"}, dtypes=("int32",), none=True),
    }
    junk = wrong.both(wrong.junk(lambda v: False), wrong.more(Quantization("int32", (0.1,), (0,))))
    return good, kinds | {"x_q": junk, "w_q": junk}


def _record(draw: Draw) -> Given:
    good = {"dtype": "int8", "scale": (0.5, 0.1), "zero_point": (3, 4)}
    few = [
        (),
        (0.1,),
        (0.1,) * 3,
        [0.1, 0.1],
        (0, 1.0),
        (-1.0, 1.0),
        (NAN, 1.0),
        (INF, 1.0),
        ("1", 1.0),
        (1e-60, 1.0),
        (1e60, 1.0),
        (True, 1.0),
    ]
    zeros = [
        (1,),
        (1,) * 3,
        (128, 0),
        (-129, 0),
        (0.0, 0),
        ("1", 0),
        (None, 0),
        (True, 0),
        (10**30, 0),
    ]

    def pair_of(*types: type, fits: Callable[[Any], bool]) -> Kind:
        """Judged where it is a pair of these; whatever else there is is refused."""
        return wrong.junk(
            lambda v: (
                None
                if isinstance(v, tuple)
                and len(v) == 2
                and all(type(i) in types for i in v)
                and fits(v)
                else False
            )
        )

    scales = pair_of(int, float, fits=lambda v: min(v) > 0)
    small = pair_of(int, fits=lambda v: max(map(abs, v)) < 128)
    kinds = {
        "dtype": choices("int8", "uint8", "int32"),
        "scale": wrong.both(scales, wrong.more(*few)),
        "zero_point": wrong.both(small, wrong.more(*zeros)),
    }
    return good, kinds


MADE: dict[str, Callable[[Draw], Given]] = {
    "conv2d": _layer("conv2d", "K L M O", lambda d: (d.k, d.k, d.m, d.o), "N H W M"),
    "grouped_conv2d": _layer(
        "grouped_conv2d", "K L P O", lambda d: (d.k, d.k, d.m, d.o), "N H W M"
    ),
    "depthwise_conv2d": _layer("depthwise_conv2d", "K L M", lambda d: (d.k, d.k, d.m), "N H W M"),
    "pointwise_conv2d": _layer("pointwise_conv2d", "M O", lambda d: (d.m, d.o), "N H W M"),
    "dense": _layer("dense", "M O", lambda d: (d.m, d.o), "N M"),
    "add": _maps("a", "b"),
    "multiply": _multiply,
    "requantize": _maps("x"),
    "mean": _mean,
    "avg_pool2d": _pool,
    "max_pool2d": _pool,
    "hard_swish": _hard_swish,
    "hard_sigmoid": _hard_sigmoid,
    "softmax": _softmax,
    "quantize": _quantize,
    "dequantize": _dequantize,
    "could_overflow": _overflow,
    "Quantization": _record,
}
WORDS = {
    "x_q": ("x_q", "quantizations", "scale of x", "must be int8", "must be uint8"),
    "y_q": ("y_q", "quantization"),
    "w_q": ("w_q", "quantization"),
    "padding": ("padding", "padded"),
    "kernel_size": ("kernel_size", "window"),
    "zero_point": ("zero_point", "zero point"),
    "groups": ("groups", "groups"),
}


def _subject(name: str) -> Subject:
    def make(draw: Draw) -> Call:
        good, kinds = MADE[name](draw)
        return Call(getattr(ops, name), good, kinds, WORDS)

    return Subject(
        f"integers.{name}",
        make,
        ("Quantization",) if name == "Quantization" else (),
        memory=True,
        compiled=True,
    )


def subjects() -> list[Subject]:
    """All of `npmobilenet.ops.integers`."""
    return [_subject(name) for name in MADE]
