"""Right calls of what trains: settings, optimisers, steps, data."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet import images, training

from . import compiled, networks, wrong
from .junk import INF, NAN
from .subjects import Draw, Made, Subject, by_name
from .wrong import Kind, numbers
from .wrong_arrays import arrays

RECORDS = (
    *("Data", "Network", "Train", "Distillation", "Quantize", "Constant", "Cosine", "Exponential"),
    *("Piecewise", "Adam", "AdamW", "RmsProp", "RmsPropTorch", "Sgd"),
)


def _of_hint(hint: Any) -> Kind:
    """What a field of settings cannot be, by its type alone."""
    if hint is bool:
        return wrong.junk(lambda v: None if isinstance(v, bool) else False)
    if hint is int:
        return wrong.junk(lambda v: None if wrong.whole(v) else False)
    if hint is float:
        return numbers(lambda v: True)
    if hint is str:
        return wrong.strings()
    return wrong.junk(lambda v: None if isinstance(v, list | tuple) else False)


def _record(kind: type) -> Callable[[Draw], Made]:
    hints = typing.get_type_hints(kind)
    kinds = {f.name: _of_hint(hints[f.name]) for f in fields(kind) if f.init}
    return lambda draw: (kind, {}, kinds)


def _document(draw: Draw) -> Made:
    def call(document: Any) -> Any:
        return training.Config.from_document(document)

    few = [
        {"train": {"epochs": 0}},
        {"no": {}},
        {"train": {"no": 1}},
        {"train": 3},
        {3: {}},
        {"train": {3: 1}},
    ]
    few += [{"optimizer": {"lr": v}} for v in (NAN, INF, -1, "a", True, None, [1], {})]
    few += [{"model": {"width": v}} for v in ("a", True, None)] + [
        {"train": None},
        {"schedule": {"name": "no"}},
    ]
    empty = wrong.junk(lambda v: isinstance(v, dict) and not v)
    return call, {"document": {}}, {"document": wrong.both(empty, wrong.more(*few))}


@cache
def _gradients() -> dict[str, Any]:
    return {"a": np.ones(3, np.float32), "b": np.ones((2, 2), np.float32)}


def _clipped(draw: Draw) -> Made:
    grads = _gradients()
    spoilt = [
        {"a": None},
        {"a": "text"},
        {"a": [1.0]},
        {"a": np.ones(3, int)},
        {"a": np.ma.ones(3)},
        {3: grads["a"]},
    ]
    spoilt = spoilt[:5]
    kinds = {
        "grads": wrong.both(
            wrong.junk(lambda v: None if isinstance(v, dict) and not v else False),
            wrong.more(*spoilt),
        ),
        "norm": numbers(lambda v: v >= 0),
    }
    return training.clipped, {"grads": grads, "norm": 1.0}, kinds


def _fused(draw: Draw) -> Made:
    good = {"step": compiled.step(), "optimizer": training.Sgd()}
    kinds = {"step": wrong.junk(lambda v: False), "optimizer": wrong.junk(lambda v: False)}
    return (
        training.FusedOptimizer,
        good,
        kinds | {"clip": numbers(lambda v: v >= 0), "ema": numbers(lambda v: 0 <= v < 1)},
    )


def _fused_call(draw: Draw) -> Made:
    def call(lr: Any) -> None:
        step = nm.compile_training(networks.PLAN, networks.params(), 2, 1)
        step(networks.images(), np.array([0, 1]), rng=np.random.default_rng(0))
        training.FusedOptimizer(step, training.Sgd())(lr)

    return call, {"lr": 0.0}, {"lr": numbers(lambda v: v >= 0)}


def _step(draw: Draw) -> Made:
    step = training.Step.of(networks.PLAN, training.Sgd())

    def call(x: Any, targets: Any, lr: Any = 0.1, rng: Any = None) -> Any:
        state = step.start(networks.params())
        return step(state, x, targets, lr=lr, rng=rng or np.random.default_rng(0))

    _, good, kinds = compiled.a_step(draw)
    good = {"x": networks.images(), "targets": good["targets"]}
    x = arrays("N 32 32 3", {"N", "32", "3"}, dtypes=("float32",), together=True)
    return call, good, {"x": x, "targets": kinds["targets"], "lr": numbers(lambda v: v >= 0)}


def _step_of(draw: Draw) -> Made:
    globs = wrong.junk(lambda v: v is None or (isinstance(v, tuple | list) and not len(v)))
    good = {"plan": networks.PLAN, "optimizer": training.Sgd()}
    kinds = {
        "plan": wrong.junk(lambda v: False),
        "optimizer": wrong.junk(lambda v: False),
        "freeze": wrong.both(globs, wrong.more(["no.such"], ["*"], "stem*", [3])),
        "label_smoothing": numbers(lambda v: 0 <= v <= 1),
        "clip": numbers(lambda v: v >= 0),
        "ema": numbers(lambda v: 0 <= v < 1),
    }
    return training.Step.of, good, kinds


WORDS = {
    "document": ("", "config"),
    "share": ("share", "holdout"),
    "grads": ("grads", "gradient"),
    "targets": ("label", "target"),
    "x": ("x ", "x has", "labels"),
    "classes": ("class", "labels"),
    "images": ("image",),
    "labels": ("label",),
    "n": ("n ", "images"),
    "dataset": ("dataset", "data set"),
    "plan": ("plan",),
    "mean": ("mean",),
}


def subjects() -> list[Subject]:
    """Everything that trains."""
    made = {f"training.{name}": _record(getattr(training, name)) for name in RECORDS}
    made |= {
        "Augment": _record(images.Augment),
        "Config.from_document": _document,
        "clipped": _clipped,
    }
    made |= {
        "FusedOptimizer": _fused,
        "FusedOptimizer()": _fused_call,
        "Step": _step,
        "Step.of": _step_of,
    }
    return by_name(made, WORDS)
