"""Right calls of what plans, runs, compiles, counts and quantises networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import npmobilenet as nm

from . import wrong
from .subjects import Call, Draw, Made, Subject
from .wrong import Kind, choices, flags, instance, integers, names, numbers
from .wrong_arrays import arrays, mappings

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


def x_kind(*, most: int | None = None, least: int = 0) -> Kind:
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
        kinds = {"plan": A_PLAN, "params": mappings(params(plan)), "x": x_kind(), "rung": rungs}
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


def subject(name: str, make: Callable[[Draw], Made], *of: str, memory: bool = False) -> Subject:
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
        subject("plan", _plan),
        subject("init", _init),
        subject("infer", _network(nm.infer)),
        subject("forward", _network(nm.forward, **train)),
        subject("intermediates", _network(nm.intermediates, names=a_name)),
        subject("backward", _backward),
    ]
