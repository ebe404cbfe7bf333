"""Networks that the page is held to: shipped ones, one with random statistics, one that has learnt."""

import zlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import npmobilenet as nm
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.ops.checks import Array
from npmobilenet.predicting.model import Model
from npmobilenet.weights.by_name import read_weights


@cache
def network(name: str) -> Model:
    """One of the models below, or a shipped one, by name; whoever takes it must not change it."""
    return MADE[name]() if name in MADE else read_weights(name)


def random_statistics() -> Model:
    """A V2 whose normalisations do something: statistics, gamma, beta and biases are all drawn."""
    return drawn(nm.plan("v2", width=0.35, resolution=96, classes=7))


def paddle() -> Model:
    """A V3 with all that Paddle does otherwise: the slope of its gates, and dropout in evaluation."""
    plan = nm.plan("v3-small", width=0.35, resolution=48, classes=5, dialect=nm.PADDLE)
    return drawn(plan)


def trained() -> Model:
    """A V1 after thirty steps of training on noise that can be learnt."""
    rng = np.random.default_rng(3)
    plan = nm.plan("v1", width=0.25, resolution=(33, 47), classes=3)
    params = nm.init(plan, 0, np.float32)
    for _ in range(30):
        labels = rng.integers(0, 3, 8)
        x = rng.standard_normal((8, 33, 47, 3)).astype(np.float32)
        x[np.arange(8), :, :, labels] += 1
        logits, tape, statistics = nm.forward(plan, params, x, train=True, rng=rng)
        _, cache_ = nm.softmax_cross_entropy(logits, labels)
        grads = nm.backward(plan, nm.softmax_cross_entropy_backward(1.0, cache_), tape)
        params |= {name: params[name] - np.float32(0.05) * grad for name, grad in grads.items()}
        params |= statistics
    return Model(plan, params, ("ash", "birch", "çedar"), preprocessing(plan))


def grouped() -> Model:
    """A network of one's own: filters in groups, several of a channel, both pools."""
    rows: dict[str, Any] = {
        "like": "v1",
        "rows": [
            {"block": "convolution", "out": 8, "s": 2, "k": 3},
            {"block": "pool", "k": 3, "s": 2, "of": "max"},
            {"block": "convolution", "out": 16, "s": 1, "k": 3, "groups": 4},
            {"block": "pool", "k": 2, "s": 2, "of": "average"},
            {"block": "separable", "out": 24, "s": 1, "k": 3, "multiplier": 2},
        ],
    }
    return drawn(nm.plan("grouped", rows=rows, resolution=(33, 47), classes=3))


MADE = {
    "random statistics": random_statistics,
    "paddle": paddle,
    "trained": trained,
    "grouped": grouped,
}


def drawn(plan: Any, seed: int = 0) -> Model:
    """A model of a plan, in float32, in which no array is constant."""
    params = {name: value.astype(np.float32) for name, value in drawn_params(plan, seed).items()}
    names = tuple(f"class no. {k}" for k in range(plan.classes))
    return Model(plan, params, names, preprocessing(plan))


def drawn_params(plan: Any, seed: int = 0) -> dict[str, Array]:
    """Parameters in float64: weights as at the beginning of training, all else drawn too."""
    rng = np.random.default_rng(seed)
    params = nm.init(plan, seed, np.float64)
    for name, value in params.items():
        if name.endswith((".mean", ".beta", ".bias")):
            params[name] = rng.normal(0, 0.1, value.shape)
        elif name.endswith((".variance", ".gamma")):
            params[name] = rng.uniform(0.5, 2, value.shape)
    return params


def preprocessing(plan: Any) -> Preprocessing:
    """ImageNet's numbers, nothing cropped."""
    return replace(Preprocessing.imagenet(plan.resolution), resize=None)


def unpacked(record: Mapping[str, Any]) -> NDArray[np.uint8]:
    """The pixels (H, W, C) of a page's image: sums of differences from left to right, modulo 256."""
    differences = np.frombuffer(zlib.decompress(b64decode(record["packed"])), np.uint8)
    size = [record[axis] for axis in ("height", "width", "channels")]
    return np.cumsum(differences.reshape(size), axis=1, dtype=np.uint8)
