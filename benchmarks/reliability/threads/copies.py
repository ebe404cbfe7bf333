"""Copies and pickles: they do what the original does, or say in our words why there can be none."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.predicting.predictor import predictor
from npmobilenet.training.compiled_step import CompiledStep
from npmobilenet.training.fused_optimizer import FusedOptimizer
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.step import Step

from .subjects import hashed, images, labels, model, small

OURS = "holds addresses and cannot be copied or pickled; "
Made = dict[str, tuple[Any, Callable[[Any], str] | None]]


def _pickled(what: Any) -> Any:
    return pickle.loads(pickle.dumps(what))


MOVES = {"copy.copy": copy.copy, "copy.deepcopy": copy.deepcopy, "pickle": _pickled}


def _made(threads: int) -> Made:
    """Each object, and what is computed with it, to be compared; None: it may not be copied."""
    plan, params = small()
    x = images(0)
    quantized, arrays = nm.quantize(plan, params, images(9))
    step = nm.compile_training(plan, params, 2, threads)
    step(x, labels(0), rng=np.random.default_rng(0))
    plain = Step.of(plan, Sgd())
    engine = nm.compile(plan, params, 2, threads)
    logits, tape, _ = nm.forward(plan, params, x, train=True, rng=np.random.default_rng(0))
    one = model()
    one(np.zeros((40, 40, 3), np.uint8))  # compiled
    made: Made = {
        "plan": (plan, lambda p: hashed(nm.infer(p, params, x))),
        "quantised plan": (quantized, lambda q: hashed(nm.infer(q, arrays, x))),
        "parameters": (params, lambda p: hashed(nm.infer(plan, p, x))),
        "model": (one, lambda m: hashed(m(np.ones((40, 40, 3), np.uint8)).probabilities)),
        "reference predictor": (predictor(one, 2, "reference"), lambda run: hashed(run(x))),
        "tape": (tape, lambda t: hashed(*nm.backward(plan, logits, t).values())),
        "plain step": (plain, lambda s: str(s == plain)),
        "state": (plain.start(params), lambda s: hashed(*s.params.values())),
        "prediction": (one(np.zeros((40, 40, 3), np.uint8)), lambda p: hashed(p.probabilities)),
        "engine": (engine, None),
        "engine of integers": (nm.compile(quantized, arrays, 2, threads), None),
        "compiled predictor": (predictor(one, 2), None),
        "code": (engine.code, None),
        "training step": (step, None),
        "compiled step": (CompiledStep(plain, 2, threads), None),
        "fused optimiser": (FusedOptimizer(step, Sgd()), None),
    }
    for name, (forwards, backwards, shape) in {
        "conv2d": (nm.conv2d, nm.conv2d_backward, (3, 3, 3, 4)),
        "depthwise_conv2d": (nm.depthwise_conv2d, nm.depthwise_conv2d_backward, (3, 3, 3)),
        "pointwise_conv2d": (nm.pointwise_conv2d, nm.pointwise_conv2d_backward, (3, 4)),
        "dense": (nm.dense, nm.dense_backward, (3, 4)),
    }.items():
        given = x[:, 0, 0] if name == "dense" else x
        more = (np.zeros(4, np.float32),) if name == "dense" else ()
        y, kept = forwards(given, np.ones(shape, np.float32), *more)

        def back(kept: Any, backwards: Any = backwards, y: Any = y) -> str:
            return hashed(*backwards(np.ones_like(y), kept))

        made[f"cache of {name}"] = kept, back
    for activation in ("relu", "relu6", "hard_swish", "sigmoid", "swish"):
        y, kept = getattr(nm, activation)(x)

        def back_one(kept: Any, name: str = activation, y: Any = y) -> str:
            return hashed(getattr(nm, f"{name}_backward")(np.ones_like(y), kept))

        made[f"cache of {activation}"] = kept, back_one
    return made


def wrong(threads: int) -> tuple[int, list[str]]:
    """How many were tried, and what went wrong, a line each."""
    bad = []
    made = _made(threads)
    for name, (what, use) in made.items():
        for how, move in MOVES.items():
            try:
                twin = move(what)
            except TypeError as error:
                if use is not None or OURS not in str(error):
                    bad.append(f"{how} of {name}: {error}")
            except Exception as error:
                bad.append(f"{how} of {name}: {type(error).__name__}: {error}")
            else:
                if use is None and how == "copy.copy" and callable(what) and "predictor" in name:
                    continue  # another name for one engine
                if use is None:
                    bad.append(f"{how} of {name}: was taken")
                elif use(twin) != use(what):
                    bad.append(f"{how} of {name}: computes something else")
    return len(made) * len(MOVES), bad
