"""Right calls of what is asked of plans and models: scores, costs, vectors, comparisons."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet import cost, predicting, quantization, vectors, verify
from npmobilenet.predicting.predictor import predictor

from . import wrong
from .files import CLASSES, PATHS, PLACE, WORDS, model
from .junk import INF, NAN
from .networks import PLAN, images, params, quantized
from .subjects import Draw, Made, Subject, by_name
from .wrong import Kind, choices, flags, integers, names, strings
from .wrong_arrays import arrays, mappings


def _plan_of(draw: Draw) -> Made:
    good = {field.name: getattr(PLAN, field.name) for field in fields(nm.Plan)}
    kinds: dict[str, Kind] = {
        "resolution": wrong.junk(lambda v: None if isinstance(v, tuple) and len(v) == 2 else False),
        "layers": wrong.junk(lambda v: v == () if isinstance(v, tuple) else False),
        "channels": wrong.more("3", None, 0, -1, 1.5, NAN),
    }
    return nm.Plan, good, kinds


def _evaluate(draw: Draw) -> Made:
    from npmobilenet.datasets import ArrayImages

    data = ArrayImages(np.zeros((5, 32, 32, 3), np.uint8), [0, 1, 2, 3, 4], CLASSES)
    workers = wrong.junk(lambda v: bool(wrong.whole(v) and v >= 0))
    kinds = {
        "model": wrong.junk(lambda v: False),
        "dataset": wrong.junk(lambda v: False),
        "workers": workers,
    }
    kinds |= {
        "batch_size": integers(),
        "engine": choices("compiled", "reference"),
        "progress": wrong.callables(),
    }
    return predicting.evaluate, {"model": model(), "dataset": data, "workers": 0}, kinds


def _predictor(draw: Draw) -> Made:
    kinds = {
        "model": wrong.junk(lambda v: False),
        "batch": integers(),
        "engine": choices("compiled", "reference"),
    }
    return predictor, {"model": model(), "batch": 2}, kinds


def _probabilities(draw: Draw) -> Made:
    x = arrays("N 32 32 3", {"32", "3"}, dtypes=("float32", "float64"))
    return (
        predicting.probabilities,
        {"model": model(), "x": images()},
        {"model": wrong.junk(lambda v: False), "x": x},
    )


def _vectors(draw: Draw) -> Made:
    plan, integers_of = quantized()

    def call(**given: Any) -> Any:
        with tempfile.TemporaryDirectory(dir=PLACE) as folder:
            return vectors.write(**{"folder": f"{folder}/new", **given})

    kinds = {
        "qplan": wrong.junk(lambda v: False),
        "arrays": mappings(integers_of),
        "x": arrays("N 32 32 3", {"32", "3"}, dtypes=("float32", "float64", "int8")),
        "folder": wrong.junk(lambda v: None if isinstance(v, str) else False),
        "layers": names(["stem"], none=True),
        "formats": names(["npy", "hex", "h"]),
        "progress": wrong.callables(),
    }
    return (
        call,
        {
            "qplan": plan,
            "arrays": integers_of,
            "x": images(1),
            "layers": ["stem"],
            "formats": ["npy"],
        },
        kinds,
    )


def _random_params(draw: Draw) -> Made:
    return (
        vectors.random_params,
        {"plan": PLAN, "seed": 0},
        {"plan": wrong.junk(lambda v: False), "seed": integers(0)},
    )


def _compare(draw: Draw) -> Made:
    plan, integers_of = quantized()
    good = {
        "plan": PLAN,
        "params": params(),
        "quantized": plan,
        "arrays": integers_of,
        "images": images(),
    }
    kinds = {
        "plan": wrong.junk(lambda v: False),
        "params": mappings(params()),
        "arrays": mappings(integers_of),
    }
    return quantization.compare, good, kinds | {"quantized": wrong.junk(lambda v: False)}


def _costs(function: Callable[..., Any], **more: Kind) -> Callable[[Draw], Made]:
    return lambda draw: (function, {"plan": PLAN}, {"plan": wrong.junk(lambda v: False), **more})


def _totals(draw: Draw) -> Made:
    kinds = {
        "plan": wrong.junk(lambda v: False),
        "name": wrong.both(strings(known=["paper"]), wrong.more("no")),
    }
    return cost.totals, {"plan": PLAN, "name": "paper"}, kinds


def _separable(draw: Draw) -> Made:
    share = wrong.more("a", None, 0, -1, NAN, INF, (), "0")
    good = {"k": 3, "m": 8, "n": 16, "df": 14}
    kinds = {
        "k": wrong.pairs(),
        "m": integers(),
        "n": integers(),
        "df": wrong.pairs(),
        "alpha": share,
        "rho": share,
    }
    return cost.separable_cost, good, kinds


def _check(draw: Draw) -> Made:
    def call(**given: Any) -> Any:
        return verify.check(**{"cases": 1, **given})

    good = {"function": nm.relu, "operator": "relu", "backward": nm.relu_backward}
    kinds = {
        "function": wrong.callables(),
        "operator": wrong.both(strings(known=["relu"]), wrong.more("no")),
        "backward": wrong.callables(none=True),
        "seed": integers(0),
        "cases": wrong.junk(lambda v: bool(wrong.whole(v) and v > 0)),
    }
    return call, good, kinds


def subjects() -> list[Subject]:
    """All of that."""
    return by_name(
        {
            "Plan": _plan_of,
            "evaluate": _evaluate,
            "predictor": _predictor,
            "probabilities": _probabilities,
            "vectors.write": _vectors,
            "vectors.random_params": _random_params,
            "quantization.compare": _compare,
            "training_cost": _costs(cost.training_cost, image_gradient=flags()),
            "memory_cost": _costs(
                cost.memory_cost,
                batch=integers(),
                dtype=choices("float32", "float64"),
                optimizer=wrong.more("no", 3, None),
            ),
            "integer_cost": _costs(
                cost.integer_cost,
                batch=integers(),
                dtype=choices("int8", "uint8"),
                per_channel=flags(),
            ),
            "totals": _totals,
            "separable_cost": _separable,
            "verify.check": _check,
        },
        WORDS,
        PATHS,
    )
