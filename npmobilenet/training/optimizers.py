"""Optimisers as functions: (params, grads, state, lr) in, new params and state out.

    sgd, rmsprop, rmsprop-torch, adam, adamw        the formulas are in kernels/optimizers.py

An `Optimizer` is a record: its settings, what it remembers of each element, and which kernels compute.
Here they run on one array after the other and change neither argument; fused_optimizer.py runs their
compiled rungs on the flat buffers of a training step.

Decay spares what `no_decay` names: depthwise filters, biases, batch normalisation.  MobileNetV1
(section 3.2) found it "important to put very little or no weight decay (l2 regularization) on the
depthwise filters since there are so few parameters in them"; the others have nothing to gain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..kernels.optimizers import RUNGS
from ..ops import checks
from ..ops.checks import Array, number, plain, shown
from ..settings import settle
from .name_globs import matches

Arrays = dict[str, Array]
NO_DECAY = ("*.depthwise.weight", "*.gamma", "*.beta", "*.bias")


class Formula(NamedTuple):
    """The kernels of an optimiser: f(w, dw, *memory, decays, lr, weight_decay, *settings), in place.

    Of the average: f(average, w, d).
    """

    numpy: Callable[..., None]
    numba: Callable[..., None]


SGD, RMSPROP, TORCH_RMSPROP, CENTERED_RMSPROP, ADAM, AMSGRAD, AVERAGE = map(
    Formula, RUNGS["numpy"], RUNGS["numba"]
)


def _shapes(arrays: object) -> dict[str, tuple[int, ...]]:
    """Of arrays by name; of what is none there is nothing to compare with."""
    given = arrays if isinstance(arrays, Mapping) else {}
    return {name: getattr(value, "shape", ()) for name, value in given.items()}


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """What all optimisers have.

    lr            the peak of the learning rate, above 0
    weight_decay  w: the gradient of w/2 |weights|² is added to that of the loss
    no_decay      names of arrays that it spares; * stands for anything

    ValueError, naming the setting, for what cannot be.
    """

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
            if (
                field.name in ("momentum", "rho", "beta1", "beta2", "dampening")
                and not 0 <= value < 1
            ):
                raise ValueError(f"{field.name} must be at least 0 and below 1, found {value}")
            if field.name in ("weight_decay", "eps") and not 0 <= value < np.inf:
                raise ValueError(f"{field.name} must be at least 0, found {value}")

    @property
    def formula(self) -> Formula | None:
        """The kernels."""
        return None

    @property
    def memory(self) -> Mapping[str, float]:
        """What is remembered of each element, and what it is before the first step."""
        return {}

    @property
    def counts(self) -> bool:
        """Whether the formula asks how many steps were taken."""
        return False

    def settings(self, t: int) -> tuple[Any, ...]:
        """What the kernels take after lr and weight_decay, at step t, counted from 1."""
        raise NotImplementedError

    def init(self, trained: Mapping[str, Array]) -> Arrays:
        """The state before the first step: "velocity/NAME" ..., and "steps" where they count."""
        shapes = _shapes(trained)
        checks.arrays(f"optimiser {self.name}", "trained", trained, shapes)
        state = {"steps": np.zeros(1, np.int64)} if self.counts else {}
        for kind, first in self.memory.items():
            state |= {f"{kind}/{name}": np.full_like(w, first) for name, w in trained.items()}
        return state

    def step(
        self, params: Arrays, grads: Mapping[str, Array], state: Arrays, lr: float
    ) -> tuple[Arrays, Arrays]:
        """params and state after one step at this rate; neither argument is changed.

        grads: of params by their names, of all or some.  TypeError or ValueError for what does not fit.
        """
        if self.formula is None:
            raise NotImplementedError(f"the optimiser {self.name!r} has no formula")
        who, shapes = f"optimiser {self.name}", _shapes(grads)
        lr = number(who, "lr", lr, "at least 0", lambda v: v >= 0)
        checks.arrays(who, "grads", grads, shapes)
        checks.arrays(who, "params", params, shapes)
        remembered = {f"{kind}/{name}": s for kind in self.memory for name, s in shapes.items()}
        checks.arrays(who, "state", state, remembered)
        if self.counts:
            checks.arrays(who, "state", state, {"steps": (1,)}, "i")
            checks.integer(who, "steps", state["steps"][0], 0)
        params, state = dict(params), dict(state)
        if self.counts:
            state["steps"] = state["steps"] + 1
        settings = self.settings(int(state["steps"][0]) if self.counts else 0)
        for name, dw in grads.items():
            kept = [f"{kind}/{name}" for kind in self.memory]
            params[name] = params[name].copy()
            state |= {key: state[key].copy() for key in kept}
            memory = (state[key] for key in kept)
            decays = np.array([self.decays(name)], np.int8)
            self.formula.numpy(params[name], dw, *memory, decays, lr, self.weight_decay, *settings)
        return params, state

    def decays(self, name: str) -> bool:
        """Whether weight decay applies to the array of that name."""
        return bool(self.weight_decay) and not matches(name, self.no_decay)


@dataclass(frozen=True, kw_only=True)
class Sgd(Optimizer):
    """Stochastic gradient descent with momentum, as PyTorch's: v = momentum v + g; w = w - lr v.

    lr            the peak of the learning rate, above 0
    weight_decay  w: the gradient of w/2 |weights|² is added to that of the loss
    no_decay      names of arrays that it spares; * stands for anything
    momentum      at least 0 and below 1
    nesterov      True: the step is g + momentum v (Sutskever et al. 2013)
    dampening     how much less of each g goes into v, but for the first one; 0 with nesterov

    ValueError, naming the setting, for what cannot be.
    """

    name: ClassVar[str] = "sgd"
    momentum: float = 0.9
    nesterov: bool = False
    dampening: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and self.dampening:
            raise ValueError(f"dampening must be 0 with nesterov, found {self.dampening}")

    @property
    def formula(self) -> Formula:
        return SGD

    @property
    def memory(self) -> Mapping[str, float]:
        return {"velocity": 0}

    @property
    def counts(self) -> bool:
        return self.dampening > 0

    def settings(self, t: int) -> tuple[Any, ...]:
        share = 1 - self.dampening if t > 1 else 1.0
        return self.momentum, share, self.nesterov


@dataclass(frozen=True, kw_only=True)
class RmsProp(Optimizer):
    """RMSProp in TensorFlow's form: s = rho s + (1 - rho) g²; v = momentum v + lr g / sqrt(s + eps).

    lr            the peak of the learning rate, above 0
    weight_decay  w: the gradient of w/2 |weights|² is added to that of the loss
    no_decay      names of arrays that it spares; * stands for anything
    rho           decay of the mean squares, at least 0 and below 1
    momentum      at least 0 and below 1
    eps           at least 0; 1.0 is what the MobileNets' own program gives it

    Mean squares are 1 at first as in TensorFlow: no leap before they are known.  ValueError, naming the
    setting, for what cannot be.
    """

    name: ClassVar[str] = "rmsprop"
    lr: float = 0.045
    rho: float = 0.9
    momentum: float = 0.9
    eps: float = 1.0

    @property
    def formula(self) -> Formula:
        return RMSPROP

    @property
    def memory(self) -> Mapping[str, float]:
        return {"square": 1, "velocity": 0}

    def settings(self, t: int) -> tuple[Any, ...]:
        return self.rho, self.momentum, self.eps


@dataclass(frozen=True, kw_only=True)
class RmsPropTorch(RmsProp):
    """RMSProp in PyTorch's form: v = momentum v + g / (sqrt(s) + eps); w = w - lr v.

    lr            the peak of the learning rate, above 0
    weight_decay  w: the gradient of w/2 |weights|² is added to that of the loss
    no_decay      names of arrays that it spares; * stands for anything
    rho           decay of the mean squares, which PyTorch calls alpha, at least 0 and below 1
    momentum      at least 0 and below 1
    eps           added to the root in the divisor, at least 0
    centered      True: divided by the root of the variance, not of the mean square

    ValueError, naming the setting, for what cannot be.
    """

    name: ClassVar[str] = "rmsprop-torch"
    lr: float = 0.01
    rho: float = 0.99
    momentum: float = 0.0
    eps: float = 1e-8
    centered: bool = False

    @property
    def formula(self) -> Formula:
        return CENTERED_RMSPROP if self.centered else TORCH_RMSPROP

    @property
    def memory(self) -> Mapping[str, float]:
        return {"square": 0, "velocity": 0} | ({"mean": 0} if self.centered else {})


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1).

    lr            the peak of the learning rate, above 0
    weight_decay  w: the gradient of w/2 |weights|² is added to that of the loss
    no_decay      names of arrays that it spares; * stands for anything
    beta1, beta2  decays of the means of gradients and of their squares, at least 0 and below 1
    eps           added to the root in the divisor, at least 0
    amsgrad       True: the root of the largest mean square so far divides (Reddi, Kale and Kumar 2018)

    ValueError, naming the setting, for what cannot be.
    """

    name: ClassVar[str] = "adam"
    decoupled: ClassVar[bool] = False
    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    amsgrad: bool = False

    @property
    def formula(self) -> Formula:
        return AMSGRAD if self.amsgrad else ADAM

    @property
    def memory(self) -> Mapping[str, float]:
        return {"first": 0, "second": 0} | ({"largest": 0} if self.amsgrad else {})

    @property
    def counts(self) -> bool:
        return True

    def settings(self, t: int) -> tuple[Any, ...]:
        corrections = 1 - self.beta1**t, 1 - self.beta2**t
        return self.beta1, self.beta2, self.eps, *corrections, self.decoupled


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with weight decay beside the gradient (Loshchilov and Hutter 2019, arXiv:1711.05101).

    lr            the peak of the learning rate, above 0
    weight_decay  weights become 1 - lr weight_decay of themselves, which the means do not see
    no_decay      names of arrays that it spares; * stands for anything
    beta1, beta2  decays of the means of gradients and of their squares, at least 0 and below 1
    eps           added to the root in the divisor, at least 0
    amsgrad       True: the root of the largest mean square so far divides (Reddi, Kale and Kumar 2018)

    ValueError, naming the setting, for what cannot be.
    """

    name: ClassVar[str] = "adamw"
    decoupled: ClassVar[bool] = True
    weight_decay: float = 0.01


KINDS = (Sgd, RmsProp, RmsPropTorch, Adam, AdamW)
OPTIMIZERS: dict[str, type[Optimizer]] = {kind.name: kind for kind in KINDS}


def clipped(grads: Arrays, norm: float) -> Arrays:
    """Gradients shrunk alike, so that the length of all of them together is at most so much.

    grads  name -> array; not changed
    norm   the longest that is left as it is; 0: any

    Returns name -> array.  As torch.nn.utils.clip_grad_norm_, but that it does not add 1e-6 to the
    length.  ValueError where norm is below 0.
    """
    norm = number("clipped", "norm", norm, "at least 0", lambda v: v >= 0)
    if not isinstance(grads, Mapping):
        raise TypeError(f"clipped: grads must be a dict of arrays, found {shown(grads)}")
    for name, g in grads.items():
        if not plain(g) or g.dtype.kind != "f":
            found = g.dtype if plain(g) else type(g).__name__
            raise TypeError(f"clipped: grads: {name} must be an array of floats, found {found}")
    if not norm:
        return grads
    length = np.sqrt(sum(float(np.square(g, dtype=np.float64).sum()) for g in grads.values()))
    return (
        grads if length <= norm else {name: g * float(norm / length) for name, g in grads.items()}
    )
