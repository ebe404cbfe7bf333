"""Whatever computes, small: operators, engines, training steps, a model; each result is hashed."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.predicting.predictor import predictor
from npmobilenet.training.fused_optimizer import FusedOptimizer
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.step import Step
from npmobilenet.weights import Model

INPUTS = 4  # different ones of each, so that a result of another call does not pass
Subject = Callable[[int], str]


def hashed(*results: Any) -> str:
    """Of arrays and numbers, to the bit."""
    found = hashlib.sha256()
    for result in results:
        found.update(np.ascontiguousarray(result).tobytes())
    return found.hexdigest()


def small() -> tuple[nm.Plan, dict[str, Any]]:
    """A network, and parameters for it."""
    plan = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
    return plan, nm.init(plan, 0)


def images(k: int) -> np.ndarray[Any, Any]:
    """Two of them; other ones for each k."""
    return np.random.default_rng((7, k)).standard_normal((2, 32, 32, 3), np.float32)


def labels(k: int) -> np.ndarray[Any, Any]:
    """One of each image."""
    return np.array([k % 3, (k + 2) % 3])


def operators(k: int) -> str:
    """Some of them, forwards and backwards, each on the compiled rung."""
    x, found = images(k)[:, :12, :12], []
    rng = np.random.default_rng((8, k))
    weights: Mapping[Callable[..., Any], tuple[int, ...]] = {
        nm.conv2d: (3, 3, 3, 8),
        nm.depthwise_conv2d: (3, 3, 3),
        nm.pointwise_conv2d: (3, 5),
    }
    backward = (nm.conv2d_backward, nm.depthwise_conv2d_backward, nm.pointwise_conv2d_backward)
    for (forwards, shape), backwards in zip(weights.items(), backward, strict=True):
        y, kept = forwards(x, rng.standard_normal(shape, np.float32), rung="numba")
        found += [y, *backwards(np.ones_like(y), kept)]
    y, kept = nm.relu6(2 * x, rung="numba")
    found += [y, nm.relu6_backward(np.ones_like(y), kept)]
    y, kept = nm.global_avg_pool(x, rung="numba")
    return hashed(*found, y, nm.global_avg_pool_backward(y, kept))


def _engines(threads: int) -> dict[str, Subject]:
    plan, params = small()
    quantized, arrays = nm.quantize(plan, params, images(9))
    one, all_ = nm.compile(plan, params, 2, 1), nm.compile(plan, params, 2, threads)
    integers = nm.compile(quantized, arrays, 2, threads)
    return {
        "engine on one thread": lambda k: hashed(one(images(k))),
        "engine": lambda k: hashed(all_(images(k))),
        "integers": lambda k: hashed(integers(images(k))),
    }


def _steps(threads: int) -> dict[str, Subject]:
    plan, params = small()
    step = nm.compile_training(plan, params, 2, threads)
    still = nm.compile_training(plan, params, 2, threads)
    plain = Step.of(plan, Sgd())

    def moved(k: int) -> str:
        with step.lock:
            step.load(params)
            moves = FusedOptimizer(step, Sgd())
            losses = [step(images(k), labels(k), rng=np.random.default_rng(k))[0]]
            moves(0.1)
            losses.append(step(images(k), labels(k), rng=np.random.default_rng(k))[0])
            return hashed(*losses, *step.params.values(), *step.grads.values())

    def plainly(k: int) -> str:
        state = plain.start(params)
        rng = np.random.default_rng(k)
        loss, logits = plain(state, images(k), labels(k), lr=0.1, rng=rng)
        return hashed(loss, logits, *state.params.values())

    def loss(k: int) -> str:
        """Of one step that nobody holds: calls take turns."""
        return hashed(*still(images(k), labels(k), rng=np.random.default_rng(k)))

    return {"step that moves": moved, "loss of a step": loss, "plain step": plainly}


def model() -> Model:
    """A model of the network."""
    plan, params = small()
    how = Preprocessing(
        resolution=(32, 32), resize=None, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3
    )
    return Model(plan, params, ("a", "b", "c"), how)


def _models() -> dict[str, Subject]:
    one = model()
    runs = predictor(one, 2)
    pixels = [
        np.random.default_rng((9, k)).integers(0, 256, (40, 40, 3), np.uint8) for k in range(4)
    ]

    def asked(k: int) -> str:
        return hashed(one(pixels[k]).probabilities)  # type: ignore[union-attr]

    return {"predictor": lambda k: hashed(runs(images(k))), "model": asked}


@cache
def subjects(threads: int) -> dict[str, Subject]:
    """All of them, ready to run on so many threads."""
    return {"operators": operators, **_engines(threads), **_steps(threads), **_models()}


def digests(threads: int) -> dict[str, list[str]]:
    """What each of them gives for each of its inputs."""
    return {name: [run(k) for k in range(INPUTS)] for name, run in subjects(threads).items()}


def in_another_process(threads: int) -> tuple[int, dict[str, list[str]]]:
    """The same, and which process that was; a plan and parameters came to it in a pickle."""
    plan, params = pickle.loads(pickle.dumps(small()))
    assert plan == small()[0]
    assert set(params) == set(plan.arrays)
    return os.getpid(), digests(threads)
