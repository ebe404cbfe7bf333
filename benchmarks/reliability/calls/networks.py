"""Right calls of what plans, runs, compiles, counts and quantises networks."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.models.family import V1
from npmobilenet.models.rows import Separable, Table

from . import wrong
from .subjects import Call, Draw, Subject
from .wrong import Kind, arrays, choices, flags, instance, integers, mappings, names, numbers

Made = tuple[Callable[..., Any], dict[str, Any], dict[str, Kind]]
NAN, INF = wrong.NAN, wrong.INF
PLAN = nm.plan("v1-shallow", width=0.1, resolution=32, classes=5)
GATED = nm.plan("v3-small", width=0.35, resolution=32, classes=5)
A_PLAN = instance(nm.Plan, nm.QuantizedPlan)
X_AXES = "N 32 32 3"
WORDS = {
    "params": ("params", "weight must", "dtype"),
    "x": ("x ", "x has"),
    "d": ("dlogits",),
    "plan": ("plan", "network", "layer", "Plan"),
    "qplan": ("plan",),
    "dlogits": ("dlogits", "dy "),
    "tape": ("tape",),
    "model": ("model", "own"),
}


@cache
def params(plan: nm.Plan = PLAN) -> dict[str, Any]:
    """Parameters of a network."""
    return dict(nm.init(plan, 0))


@cache
def images(count: int = 2) -> Any:
    """Images for it."""
    return np.random.default_rng(0).standard_normal((count, 32, 32, 3)).astype(np.float32)


@cache
def quantized() -> tuple[nm.QuantizedPlan, dict[str, Any]]:
    """The same of 8-bit integers."""
    plan, found = nm.quantize(PLAN, params(), images())
    return plan, dict(found)


def _x(*, most: int | None = None, least: int = 0) -> Kind:
    """Images of the network's size; how many there may be."""
    own = arrays(X_AXES, {"32", "3"}, dtypes=("float32",), together=True)

    def kind(good: Any) -> Any:
        yield from own(good)
        yield wrong.Wrong("channels first", good.transpose(0, 3, 1, 2))
        if most is not None:
            yield wrong.Wrong("too many images", np.concatenate([good] * (most + 1)))
        if least:
            yield wrong.Wrong("too few images", good[: least - 1])

    return kind


def _plan(draw: Draw) -> Made:
    widths = wrong.both(numbers(lambda v: 0 < v <= 16, none=True), wrong.more(17, "0.5", [1.0]))
    known = {*nm.MODELS}
    models = wrong.both(
        wrong.junk(lambda v: isinstance(v, str) and v in known),
        wrong.more("v9", "V1", ["v1"], "v1 ", b"v1", "../v1", "v1.toml"),
    )
    dialects = wrong.junk(lambda v: v is None or isinstance(v, nm.Dialect))
    kinds = {
        "model": models,
        "width": widths,
        "resolution": wrong.pairs(none=True),
        "classes": integers(none=True),
        "channels": integers(),
        "divisor": integers(none=True),
        "dialect": wrong.both(dialects, wrong.more("Keras", "latin", ["paper"])),
        "include_top": flags(),
    }
    return nm.plan, {"model": draw.some("v1", "v2", "v3-small", "v4-conv-small")}, kinds


def _init(draw: Draw) -> Made:
    dtypes = wrong.junk(lambda v: False)
    some = wrong.more(
        *("f2", "i4", "c8", ">f4", "O", "banana", np.int64, np.float16, complex, "U4", "M8[s]")
    )
    kinds = {"plan": A_PLAN, "seed": integers(0), "dtype": wrong.both(dtypes, some)}
    return nm.init, {"plan": PLAN, "seed": 0}, kinds


def _network(function: Callable[..., Any], **more: Kind) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        plan = draw.some(PLAN, GATED)
        rungs = choices(*nm.RUNGS, none=True)
        good = {"plan": plan, "params": params(plan), "x": images(), "rung": "numba"}
        if "train" in more:
            good |= {"train": True, "rng": np.random.default_rng(0), "frozen": ()}
        kinds = {"plan": A_PLAN, "params": mappings(params(plan)), "x": _x(), "rung": rungs}
        return function, good, kinds | more

    return make


def _backward(draw: Draw) -> Made:
    logits, tape, _ = nm.forward(
        PLAN, params(), images(), train=True, rng=np.random.default_rng(0), rung="numpy"
    )
    _, other, _ = nm.forward(GATED, params(GATED), images(), rung="numpy")
    _, three, _ = nm.forward(PLAN, params(), images(3), rung="numpy")
    short = type(tape)(PLAN)
    short.update(list(tape.items())[:-1])
    kinds = {
        "plan": wrong.both(A_PLAN, wrong.more(GATED)),
        "dlogits": arrays("N classes", {"N", "classes"}, dtypes=("float32",), together=True),
        "tape": wrong.both(
            wrong.junk(lambda v: False), wrong.more(other, three, short, dict(tape))
        ),
        "image_gradient": flags(),
        "trained": names(PLAN.parameters, none=True),
        "ready": wrong.callables(none=True),
    }
    return nm.backward, {"plan": PLAN, "dlogits": logits, "tape": tape}, kinds


def _compile(draw: Draw) -> Made:
    kinds = {
        "plan": A_PLAN,
        "params": mappings(params()),
        "batch": integers(),
        "threads": integers(none=True),
    }
    return nm.compile, {"plan": PLAN, "params": params(), "batch": 2, "threads": 1}, kinds


def _compile_training(draw: Draw) -> Made:
    _, good, kinds = _compile(draw)
    kinds["plan"] = wrong.both(A_PLAN, wrong.more(quantized()[0]))
    kinds["frozen"] = names([layer.name for layer in PLAN.layers if layer.kind == "batch_norm"])
    kinds["trained"] = names(PLAN.parameters, none=True, empty=False)
    return nm.compile_training, good, kinds


def _compile_integers(draw: Draw) -> Made:
    plan, arrays = quantized()
    kinds = {"params": mappings(arrays), "batch": integers(), "threads": integers(none=True)}
    return nm.compile, {"plan": plan, "params": arrays, "batch": 2, "threads": 1}, kinds


@cache
def engine() -> Any:
    """A compiled network."""
    return nm.compile(PLAN, params(), 2, 1)


@cache
def integer_engine() -> Any:
    """The same of integers."""
    return nm.compile(*quantized(), 2, 1)


@cache
def step() -> Any:
    """A compiled training step."""
    return nm.compile_training(PLAN, params(), 2, 1)


def _engine(draw: Draw) -> Made:
    return engine(), {"x": draw.guards.like(images())}, {"x": _x(most=2)}


def _stages(draw: Draw) -> Made:
    good = {"x": images(1), "rounds": 1}
    return (
        engine().time_stages,
        good,
        {"x": _x(most=1), "rounds": wrong.junk(lambda v: wrong.whole(v) and v > 0)},
    )


def _integer_engine(draw: Draw) -> Made:
    own = arrays(X_AXES, {"32", "3"}, dtypes=("float32", "int8"))
    return integer_engine(), {"x": draw.guards.like(images())}, {"x": own}


def _step(draw: Draw) -> Made:
    classes = 5
    soft = np.full((2, classes), 1 / classes)
    targets = wrong.both(
        wrong.junk(
            lambda v: (
                isinstance(v, tuple | list)
                and len(v) == 2
                and all(isinstance(i, int) and 0 <= i < classes for i in v)
            )
        ),
        wrong.more(
            [0],
            [0, 5],
            [-1, 0],
            [0.0, 1.0],
            np.zeros((1, 2), int),
            np.ones((2, 5)),
            soft * NAN,
            soft[:1],
            np.zeros(0, int),
            np.array([2**63, 0], np.uint64),
            np.zeros(2, bool),
            np.array(["a", "b"]),
            np.zeros((2, 5), int),
        ),
    )
    good = {
        "x": draw.guards.like(images()),
        "targets": np.array([0, 4]),
        "rng": np.random.default_rng(0),
    }
    kinds = {
        "x": _x(most=1, least=2),
        "targets": targets,
        "label_smoothing": numbers(lambda v: 0 <= v <= 1),
    }
    return step(), good, kinds


def _step_forward(draw: Draw) -> Made:
    return step().forward, {"x": draw.guards.like(images())}, {"x": _x(most=1, least=2)}


def _step_backward(draw: Draw) -> Made:
    def call(d: Any) -> Any:
        step().forward(images(), rng=np.random.default_rng(0))
        return step().backward(d)

    d = arrays("two classes", {"two", "classes"})
    return call, {"d": draw.guards.like(np.ones((2, 5), np.float32))}, {"d": d}


def _step_ready(draw: Draw) -> Made:
    def call(ready: Any) -> Any:
        step().forward(images(), rng=np.random.default_rng(0))
        return step().backward(np.ones((2, 5), np.float32), ready)

    return call, {"ready": None}, {"ready": wrong.callables(none=True)}


def _step_twice(draw: Draw) -> Made:
    def call(again: Any) -> Any:
        step().forward(images(), rng=np.random.default_rng(0))
        step().backward(np.ones((2, 5), np.float32))
        return step().backward(np.ones((2, 5), np.float32)) if again else None

    return call, {"again": None}, {"again": wrong.more(1, 2)}


def _step_load(draw: Draw) -> Made:
    return step().load, {"params": params()}, {"params": mappings(params())}


def _step_sized(draw: Draw) -> Made:
    return step().sized, {"batch": 2}, {"batch": integers()}


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


def _tape_free(name: str, make: Callable[[Draw], Made], *of: str, memory: bool = False) -> Subject:
    def call(draw: Draw) -> Call:
        function, good, kinds = make(draw)
        more = {
            "f": ("f ", "f_"),
            "b": ("f_backward", "gradient"),
            "x": WORDS["x"] + ("array", "f"),
        }
        words = WORDS | (more if name == "gradcheck" else {})
        words |= {"ready": ("ready",), "again": ("backward",), "targets": ("label", "target")}
        words |= {
            "what": ("count", "what", "file"),
            "module": ("count", "module"),
            "images": ("images", "image"),
        }
        words |= {"n": ("n ",), "k": ("k ",), "names": ("names", "name")}
        return Call(function, good, kinds, words, ("what", "path", "model", "file", "folder"))

    return Subject(name, call, of or (name,), memory=memory)


def subjects() -> list[Subject]:
    """Everything of networks."""
    flag, a_name = flags(), names([layer.name for layer in PLAN.layers], none=True)
    train = {"train": flag, "frozen": names(["stem_norm"]), "total": wrong.callables(none=True)}
    return [
        _tape_free("plan", _plan),
        _tape_free("init", _init),
        _tape_free("infer", _network(nm.infer)),
        _tape_free("forward", _network(nm.forward, **train)),
        _tape_free("intermediates", _network(nm.intermediates, names=a_name)),
        _tape_free("backward", _backward),
        _tape_free("compile", _compile, "compile"),
        _tape_free("compile of integers", _compile_integers, "compile"),
        _tape_free("compile_training", _compile_training),
        _tape_free("engine", _engine, "Engine", memory=True),
        _tape_free("engine.time_stages", _stages, "Engine"),
        _tape_free("engine of integers", _integer_engine, "Engine", memory=True),
        _tape_free("step", _step, "TrainingStep", memory=True),
        _tape_free("step.forward", _step_forward, "TrainingStep", memory=True),
        _tape_free("step.backward", _step_backward, "TrainingStep", memory=True),
        _tape_free("step.backward to one who waits", _step_ready, "TrainingStep"),
        _tape_free("step.backward twice", _step_twice, "TrainingStep"),
        _tape_free("step.load", _step_load, "TrainingStep"),
        _tape_free("step.sized", _step_sized, "TrainingStep"),
        _tape_free("quantize", _quantize),
        _tape_free("infer of integers", _integers(nm.infer), "infer"),
        _tape_free("intermediates of integers", _integers(nm.intermediates), "intermediates"),
        _tape_free("QuantizedPlan", _quantized_plan),
        _tape_free("register", _register),
        _tape_free("Entry", _entry),
        _tape_free("Family", _family),
        _tape_free("Dialect", _dialect),
        _tape_free("cost", _cost(nm.cost), "cost"),
        _tape_free("block_ratios", _cost(nm.block_ratios)),
        _tape_free("separable_ratio", _ratio),
        _tape_free("gradcheck", _gradcheck),
        _tape_free("count", _count(nm.count)),
        _tape_free("count_module", _count(nm.count_module)),
    ]
