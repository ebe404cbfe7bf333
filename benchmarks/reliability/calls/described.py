"""Right calls of what quantises, describes, registers and counts networks."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.models.family import V1
from npmobilenet.models.rows import Separable, Table

from . import wrong
from .junk import INF, NAN
from .networks import A_PLAN, PLAN, X_AXES, images, params, quantized, subject
from .subjects import Draw, Made, Subject
from .wrong import Kind, choices, flags, instance, integers, numbers
from .wrong_arrays import arrays, mappings


def _quantize(draw: Draw) -> Made:
    good = {"plan": PLAN, "params": params(), "images": images()}
    pair = wrong.junk(
        lambda v: None if v is None or (isinstance(v, tuple | list) and len(v) == 2) else False
    )
    few = [
        images()[0],
        images()[..., :2],
        images()[:0],
        images() * NAN,
        [images(), 3],
        ["a"],
        images().astype(int),
    ]
    kinds = {
        "plan": A_PLAN,
        "params": mappings(params()),
        "images": wrong.both(
            wrong.junk(lambda v: None if hasattr(v, "__iter__") else False), wrong.more(*few)
        ),
        "dtype": choices("int8", "uint8"),
        "per_channel": wrong.junk(lambda v: v is None or isinstance(v, bool | np.bool_)),
        "symmetric": flags(),
        "weight_bits": integers(2, 8),
        "observer": choices("minmax", "moving_average", "percentile", "mse"),
        "percentile": numbers(lambda v: 50 < v <= 100),
        "rate": numbers(lambda v: 0 < v <= 1),
        "image_range": wrong.both(
            pair, wrong.more((1, -1), (NAN, 1), ("a", "b"), (-INF, INF), (1, 2, 3))
        ),
        "softmax": flags(),
        "rounding": choices("double", "single"),
        "pooling": choices("mean", "average_pool"),
        "progress": wrong.callables(),
    }
    return nm.quantize, good, kinds


def _integers(function: Callable[..., Any], **more: Kind) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        plan, arrays_ = quantized()
        own = arrays(X_AXES, {"32", "3"}, dtypes=("float32", "int8"))
        good = {"plan": plan, "params": arrays_, "x": images(), "rung": "numba"}
        kinds = {"params": mappings(arrays_), "x": own, "rung": choices(*nm.RUNGS, none=True)}
        return function, good, kinds | more

    return make


def _quantized_plan(draw: Draw) -> Made:
    plan, _ = quantized()
    numbers_ = dict(plan.numbers)
    first = next(iter(numbers_))
    less = {k: v for k, v in numbers_.items() if k != first}
    spoilt = [
        less,
        numbers_ | {first: None},
        numbers_ | {"no.such": numbers_[first]},
        numbers_ | {3: numbers_[first]},
    ]
    kinds = {
        "plan": wrong.both(wrong.junk(lambda v: False), wrong.more(PLAN, plan)),
        "numbers": wrong.both(wrong.junk(lambda v: False), wrong.more(*spoilt)),
        "rounding": choices("double", "single"),
        "pooling": choices("mean", "average_pool"),
        "connected": wrong.both(
            wrong.junk(lambda v: v == () if isinstance(v, tuple) else False),
            wrong.more(("no.such",), ["a"], "stem"),
        ),
    }
    good = {
        "plan": plan.plan,
        "numbers": numbers_,
        "rounding": plan.rounding,
        "pooling": plan.pooling,
    }
    return nm.QuantizedPlan, good, kinds


def _register(draw: Draw) -> Made:
    entry = nm.Entry(V1, Table(stem=8, rows=(Separable(out=16),)))

    def call(name: Any, entry: Any) -> None:
        known = dict(nm.MODELS)
        try:
            nm.register(name, entry)
        finally:
            nm.MODELS.clear()
            nm.MODELS.update(known)

    titles = wrong.both(wrong.strings(), wrong.more("v1", "", "a\nb", "\x00", " a", "x" * 10_000))
    return call, {"name": "mine", "entry": entry}, {"name": titles, "entry": instance(nm.Entry)}


def _entry(draw: Draw) -> Made:
    good = {"family": V1, "table": Table(stem=8, rows=(Separable(out=16),))}
    kinds = {"family": wrong.junk(lambda v: False), "table": wrong.junk(lambda v: False)}
    return nm.Entry, good, kinds | {"assembler": wrong.callables()}


def _family(draw: Draw) -> Made:
    return (
        nm.Family,
        {"name": "mine", "like": "v1"},
        {"name": wrong.strings(), "like": wrong.strings()},
    )


def _dialect(draw: Draw) -> Made:
    good = {field.name: getattr(nm.PAPER, field.name) for field in fields(nm.Dialect)} | {
        "name": "own"
    }
    kinds: dict[str, Kind] = {}
    for name, value in good.items():
        if isinstance(value, bool):
            kinds[name] = flags()
        elif isinstance(value, int):
            kinds[name] = integers(0)
        elif isinstance(value, float):
            kinds[name] = numbers(lambda v: v >= 0)
        elif name == "name":
            kinds[name] = wrong.strings()
        elif isinstance(value, str):
            kinds[name] = wrong.junk(
                lambda v: None if isinstance(v, str) and v in ("same",) else False
            )
    return nm.Dialect, good, kinds


def _cost(function: Callable[..., Any], **more: Kind) -> Callable[[Draw], Made]:
    return lambda draw: (function, {"plan": PLAN}, {"plan": A_PLAN, **more})


def _ratio(draw: Draw) -> Made:
    return nm.separable_ratio, {"k": 3, "n": 64}, {"k": wrong.pairs(), "n": integers()}


def _gradcheck(draw: Draw) -> Made:
    def call(f: Any = nm.relu, b: Any = nm.relu_backward, x: Any = None, **named: Any) -> Any:
        return nm.gradcheck(f, b, np.ones((2, 3)) if x is None else x, **named)

    x = arrays("...", (), dtypes=("float64",), together=True)
    kinds = {
        "f": wrong.callables(),
        "b": wrong.callables(),
        "x": lambda good: (w for w in x(good) if w.what not in ("None",)),
        "names": wrong.junk(lambda v: None if v is None or isinstance(v, tuple | list) else False),
        "tolerance": numbers(lambda v: 1e-9 <= v <= 1),
        "most": integers(),
        "seed": integers(0),
    }
    return call, {"x": np.ones((2, 3))}, kinds


def _count(function: Callable[..., Any]) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        whats = wrong.junk(lambda v: None if isinstance(v, str) or callable(v) else False)
        if function is nm.count:
            return function, {"what": "fashion-mnist"}, {"what": whats}
        torch = importlib.import_module("torch")
        good = {"module": torch.nn.Linear(3, 2), "example": torch.ones(1, 3)}
        return function, good, {"module": whats}

    return make


def subjects() -> list[Subject]:
    """Everything of descriptions."""
    return [
        subject("quantize", _quantize),
        subject("infer of integers", _integers(nm.infer), "infer"),
        subject("intermediates of integers", _integers(nm.intermediates), "intermediates"),
        subject("QuantizedPlan", _quantized_plan),
        subject("register", _register),
        subject("Entry", _entry),
        subject("Family", _family),
        subject("Dialect", _dialect),
        subject("cost", _cost(nm.cost), "cost"),
        subject("block_ratios", _cost(nm.block_ratios)),
        subject("separable_ratio", _ratio),
        subject("gradcheck", _gradcheck),
        subject("count", _count(nm.count)),
        subject("count_module", _count(nm.count_module)),
    ]
