"""Optimisers as functions: (params, grads, state) in, new params and state out.

    sgd    v = momentum v + g        w = w - lr v               as PyTorch's SGD
    adam   m = b1 m + (1-b1) g       s = b2 s + (1-b2) g²
           w = w - lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps)     Kingma and Ba 2015

with g = gradient + weight_decay w for arrays that decay.  Those are the weights of standard and
pointwise convolutions and of the classifier: biases and batch normalisation have nothing to gain,
and MobileNetV1 (section 3.2) found it "important to put very little or no weight decay (l2
regularization) on the depthwise filters since there are so few parameters in them".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..ops.checks import Array

Arrays = dict[str, Array]


def decays(name: str, value: Array) -> bool:
    """Whether weight decay applies: weights that mix channels, (M, O) or (K, L, M, O)."""
    return name.endswith(".weight") and value.ndim in (2, 4)


@dataclass(frozen=True, kw_only=True)
class Sgd:
    """Stochastic gradient descent with momentum."""

    momentum: float = 0.9
    weight_decay: float = 0.0

    def init(self, trained: Mapping[str, Array]) -> Arrays:
        """Velocities, 0 at first, under the name of the array they belong to."""
        return {f"velocity/{name}": np.zeros_like(value) for name, value in trained.items()}

    def step(
        self, params: Arrays, grads: Mapping[str, Array], state: Arrays, lr: float
    ) -> tuple[Arrays, Arrays]:
        """params and state after one step; neither argument is changed."""
        params, state = dict(params), dict(state)
        for name, gradient in grads.items():
            g = _decayed(self.weight_decay, name, params[name], gradient)
            velocity = self.momentum * state[f"velocity/{name}"] + g
            state[f"velocity/{name}"] = velocity
            params[name] = params[name] - lr * velocity
        return params, state


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam."""

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    def init(self, trained: Mapping[str, Array]) -> Arrays:
        """Both moments, 0 at first, and the number of steps taken."""
        state = {"steps": np.zeros(1, np.int64)}
        for name, value in trained.items():
            state[f"first/{name}"] = np.zeros_like(value)
            state[f"second/{name}"] = np.zeros_like(value)
        return state

    def step(
        self, params: Arrays, grads: Mapping[str, Array], state: Arrays, lr: float
    ) -> tuple[Arrays, Arrays]:
        """params and state after one step; neither argument is changed."""
        params, state = dict(params), dict(state)
        state["steps"] = state["steps"] + 1
        t = int(state["steps"][0])
        for name, gradient in grads.items():
            g = _decayed(self.weight_decay, name, params[name], gradient)
            first = self.beta1 * state[f"first/{name}"] + (1 - self.beta1) * g
            second = self.beta2 * state[f"second/{name}"] + (1 - self.beta2) * g * g
            state[f"first/{name}"], state[f"second/{name}"] = first, second
            root = np.sqrt(second / (1 - self.beta2**t)) + self.eps
            params[name] = params[name] - lr / (1 - self.beta1**t) * (first / root)
        return params, state


Optimizer = Sgd | Adam
OPTIMIZERS: dict[str, type[Sgd] | type[Adam]] = {"sgd": Sgd, "adam": Adam}


def _decayed(rate: float, name: str, value: Array, gradient: Array) -> Array:
    return gradient + rate * value if rate and decays(name, value) else gradient


def learning_rate(schedule: str, peak: float, step: int, steps: int) -> float:
    """The rate of step 0 .. steps-1: "constant", or "cosine", from peak down to almost 0."""
    if schedule == "constant":
        return peak
    if schedule == "cosine":
        return float(peak * 0.5 * (1 + np.cos(np.pi * step / steps)))
    raise ValueError(f"schedule must be constant or cosine, found {schedule!r}")
