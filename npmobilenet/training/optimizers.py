"""Optimisers as functions: (params, grads, state, lr) in, new params and state out.

    sgd      v = momentum v + g      w = w - lr v       with nesterov: w - lr (g + momentum v)
    rmsprop  s = rho s + (1-rho) g²  v = momentum v + lr g / sqrt(s + eps)      w = w - v
    adam     m = b1 m + (1-b1) g     s = b2 s + (1-b2) g²
             w = w - lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps)
    adamw    the same on (1 - lr weight_decay) w

with g = gradient + weight_decay w, but in adamw, which decays the weights themselves.

sgd, adam and adamw are PyTorch's (Kingma and Ba 2015; Loshchilov and Hutter 2019).  rmsprop is
TensorFlow's, which trained the MobileNets: eps inside the root, the rate inside the momentum, s
beginning at 1.  PyTorch's RMSprop differs in all three, and from its first steps on.

Decay spares what `no_decay` names: depthwise filters, biases, batch normalisation.  MobileNetV1
(section 3.2) found it "important to put very little or no weight decay (l2 regularization) on the
depthwise filters since there are so few parameters in them"; the others have nothing to gain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from ..ops.checks import Array, number
from ..settings import settle
from .name_globs import matches

Arrays = dict[str, Array]
NO_DECAY = ("*.depthwise.weight", "*.gamma", "*.beta", "*.bias")


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """What all have: the peak of the learning rate, and weight decay."""

    name: ClassVar[str] = ""
    lr: float = 0.05
    weight_decay: float = 0.0
    no_decay: tuple[str, ...] = NO_DECAY

    def __post_init__(self) -> None:
        settle(self)
        if not 0 < self.lr < np.inf:
            raise ValueError(f"lr must be above 0, found {self.lr}")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("momentum", "rho", "beta1", "beta2") and not 0 <= value < 1:
                raise ValueError(f"{field.name} must be at least 0 and below 1, found {value}")
            if field.name in ("weight_decay", "eps") and not 0 <= value < np.inf:
                raise ValueError(f"{field.name} must be at least 0, found {value}")

    def init(self, trained: Mapping[str, Array]) -> Arrays:
        """The state before the first step, for the arrays that are trained."""
        raise NotImplementedError

    def step(
        self, params: Arrays, grads: Mapping[str, Array], state: Arrays, lr: float
    ) -> tuple[Arrays, Arrays]:
        """params and state after one step at this rate; neither argument is changed."""
        raise NotImplementedError

    def decays(self, name: str) -> bool:
        """Whether weight decay applies to the array of that name."""
        return bool(self.weight_decay) and not matches(name, self.no_decay)

    def _decayed(self, name: str, value: Array, gradient: Array) -> Array:
        return gradient + self.weight_decay * value if self.decays(name) else gradient


@dataclass(frozen=True, kw_only=True)
class Sgd(Optimizer):
    """Stochastic gradient descent with momentum."""

    name: ClassVar[str] = "sgd"
    momentum: float = 0.9
    nesterov: bool = False

    def init(self, trained: Mapping[str, Array]) -> Arrays:
        """Velocities, 0 at first, under the name of the array they belong to."""
        return {f"velocity/{name}": np.zeros_like(value) for name, value in trained.items()}

    def step(
        self, params: Arrays, grads: Mapping[str, Array], state: Arrays, lr: float
    ) -> tuple[Arrays, Arrays]:
        params, state = dict(params), dict(state)
        for name, gradient in grads.items():
            g = self._decayed(name, params[name], gradient)
            velocity = self.momentum * state[f"velocity/{name}"] + g
            state[f"velocity/{name}"] = velocity
            ahead = g + self.momentum * velocity if self.nesterov else velocity
            params[name] = params[name] - lr * ahead
        return params, state


@dataclass(frozen=True, kw_only=True)
class RmsProp(Optimizer):
    """RMSProp in TensorFlow's form.  eps 1.0 is what the MobileNets' own program gives it."""

    name: ClassVar[str] = "rmsprop"
    lr: float = 0.045
    rho: float = 0.9
    momentum: float = 0.9
    eps: float = 1.0

    def init(self, trained: Mapping[str, Array]) -> Arrays:
        """Mean squares, 1 at first as in TensorFlow: no leap before they are known; velocities 0."""
        state = {f"square/{name}": np.ones_like(value) for name, value in trained.items()}
        velocities = {f"velocity/{name}": np.zeros_like(value) for name, value in trained.items()}
        return state | velocities

    def step(
        self, params: Arrays, grads: Mapping[str, Array], state: Arrays, lr: float
    ) -> tuple[Arrays, Arrays]:
        params, state = dict(params), dict(state)
        for name, gradient in grads.items():
            g = self._decayed(name, params[name], gradient)
            square = self.rho * state[f"square/{name}"] + (1 - self.rho) * g * g
            move = lr * g / np.sqrt(square + self.eps)
            velocity = self.momentum * state[f"velocity/{name}"] + move
            state[f"square/{name}"], state[f"velocity/{name}"] = square, velocity
            params[name] = params[name] - velocity
        return params, state


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Adam."""

    name: ClassVar[str] = "adam"
    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

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
        params, state = dict(params), dict(state)
        state["steps"] = state["steps"] + 1
        t = int(state["steps"][0])
        for name, gradient in grads.items():
            w, g = self._weight_and_gradient(name, params[name], gradient, lr)
            first = self.beta1 * state[f"first/{name}"] + (1 - self.beta1) * g
            second = self.beta2 * state[f"second/{name}"] + (1 - self.beta2) * g * g
            state[f"first/{name}"], state[f"second/{name}"] = first, second
            root = np.sqrt(second / (1 - self.beta2**t)) + self.eps
            params[name] = w - lr / (1 - self.beta1**t) * (first / root)
        return params, state

    def _weight_and_gradient(
        self, name: str, w: Array, gradient: Array, lr: float
    ) -> tuple[Array, Array]:
        return w, self._decayed(name, w, gradient)


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with weight decay that the moments do not see."""

    name: ClassVar[str] = "adamw"
    weight_decay: float = 0.01

    def _weight_and_gradient(
        self, name: str, w: Array, gradient: Array, lr: float
    ) -> tuple[Array, Array]:
        return w * (1 - lr * self.weight_decay) if self.decays(name) else w, gradient


OPTIMIZERS: dict[str, type[Optimizer]] = {kind.name: kind for kind in (Sgd, RmsProp, Adam, AdamW)}


def clipped(grads: Arrays, norm: float) -> Arrays:
    """Gradients shrunk alike until the length of all of them together is at most `norm`; 0: as they are.

    As torch.nn.utils.clip_grad_norm_, but that it does not add 1e-6 to the length.
    """
    norm = number("clipped", "norm", norm, "at least 0", lambda v: v >= 0)
    if not norm:
        return grads
    length = np.sqrt(sum(float(np.square(g, dtype=np.float64).sum()) for g in grads.values()))
    return (
        grads if length <= norm else {name: g * float(norm / length) for name, g in grads.items()}
    )
