"""Right calls of what is compiled: engines and training steps."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import npmobilenet as nm

from . import wrong
from .junk import NAN
from .networks import A_PLAN, PLAN, X_AXES, images, params, quantized, subject, x_kind
from .subjects import Draw, Made, Subject
from .wrong import integers, names, numbers
from .wrong_arrays import arrays, mappings


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
    return engine(), {"x": draw.guards.like(images())}, {"x": x_kind(most=2)}


def _stages(draw: Draw) -> Made:
    good = {"x": images(1), "rounds": 1}
    return (
        engine().time_stages,
        good,
        {"x": x_kind(most=1), "rounds": wrong.junk(lambda v: wrong.whole(v) and v > 0)},
    )


def _integer_engine(draw: Draw) -> Made:
    own = arrays(X_AXES, {"32", "3"}, dtypes=("float32", "int8"))
    return integer_engine(), {"x": draw.guards.like(images())}, {"x": own}


def a_step(draw: Draw) -> Made:
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
        "x": x_kind(most=1, least=2),
        "targets": targets,
        "label_smoothing": numbers(lambda v: 0 <= v <= 1),
    }
    return step(), good, kinds


def _step_forward(draw: Draw) -> Made:
    return step().forward, {"x": draw.guards.like(images())}, {"x": x_kind(most=1, least=2)}


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


def subjects() -> list[Subject]:
    """Everything that is compiled."""
    return [
        subject("compile", _compile, "compile"),
        subject("compile of integers", _compile_integers, "compile"),
        subject("compile_training", _compile_training),
        subject("engine", _engine, "Engine", memory=True),
        subject("engine.time_stages", _stages, "Engine"),
        subject("engine of integers", _integer_engine, "Engine", memory=True),
        subject("step", a_step, "TrainingStep", memory=True),
        subject("step.forward", _step_forward, "TrainingStep", memory=True),
        subject("step.backward", _step_backward, "TrainingStep", memory=True),
        subject("step.backward to one who waits", _step_ready, "TrainingStep"),
        subject("step.backward twice", _step_twice, "TrainingStep"),
        subject("step.load", _step_load, "TrainingStep"),
        subject("step.sized", _step_sized, "TrainingStep"),
    ]
