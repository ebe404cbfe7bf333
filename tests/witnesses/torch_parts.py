"""What the tests' PyTorch networks are made of, and how one of them is run beside a plan of ours.

They are witnesses: written from the papers and from what is known of each family, they share neither
rows nor rules of rounding with the package.  Modules have the names of our layers; a convolution with
its padding, normalisation and activation is one `Unit`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import npmobilenet as nm
from npmobilenet.verify.checks import scaled_error


def eights(channels: float) -> int:
    """The nearest multiple of 8, but never less than nine tenths of what was asked for."""
    nearest = max(8, math.floor(channels / 8 + 0.5) * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How one family writes its networks down, as far as all versions are concerned."""

    same: bool = True  # TensorFlow's padding; else k // 2 zeros on every side
    eps: float = 1e-3
    momentum: float = 0.1
    norm: bool = True
    bias: bool = False
    relu: type[nn.Module] = nn.ReLU
    stem_stride: int = 2
    scaled: Callable[[float], int] = eights  # channels, from their product with alpha
    dropout: float = 0.0


class SamePad(nn.Module):
    """TensorFlow's SAME: as many zeros as ceil(size / stride) windows need, the odd one at the end."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Any) -> Any:
        sides = []
        for size in (x.shape[3], x.shape[2]):
            total = max((math.ceil(size / self.stride) - 1) * self.stride + self.kernel - size, 0)
            sides += [total // 2, total - total // 2]
        return F.pad(x, sides)


class Unit(nn.Sequential):
    """Padding, convolution, batch normalisation, activation; each but the second may be absent."""

    def __init__(
        self,
        ways: Ways,
        i: int,
        o: int,
        k: int = 1,
        s: int = 1,
        *,
        groups: int = 1,
        act: type[nn.Module] | None = None,
        norm: bool = True,
        pad: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if k > 1 and (pad or ways.same):
            self.pad = pad or SamePad(k, s)
        around = 0 if pad or ways.same else k // 2
        self.conv = nn.Conv2d(i, o, k, s, around, groups=groups, bias=ways.bias)
        if ways.norm and norm:
            self.norm = nn.BatchNorm2d(o, ways.eps, ways.momentum)
        if act:
            self.act = act()


class SharedDropout(nn.Module):
    """Dropout whose survivors NumPy draws, from the same seed as ours."""

    SEED = 12

    def __init__(self, rate: float, downscale: bool = False) -> None:
        super().__init__()
        self.rate, self.downscale = rate, downscale

    def forward(self, x: Any) -> Any:
        keep = 1 - self.rate
        if not self.training:
            return x * keep if self.downscale else x
        drawn = np.random.default_rng(self.SEED).random(tuple(x.shape))
        survivors = x * torch.tensor(drawn >= self.rate)
        return survivors if self.downscale else survivors / keep


NAMES = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"}


def torch_name(name: str, known: dict[str, Any]) -> str:
    """ "blocks.3.expand_norm.gamma" -> "blocks.3.expand.norm.weight"."""
    layer, _, array = name.rpartition(".")
    if array in NAMES:
        return f"{layer.removesuffix('_norm')}.norm.{NAMES[array]}"
    inside = f"{layer}.conv.{array}"
    return inside if inside in known else name


def to_torch(value: Any, array: str) -> Any:
    """An array in PyTorch's layout, but for the ones in the shape of 1x1 and depthwise filters."""
    if array == "weight":
        value = value.transpose({4: (3, 2, 0, 1), 3: (2, 0, 1), 2: (1, 0)}[value.ndim])
    return torch.tensor(np.ascontiguousarray(value))


def from_torch(value: Any, array: str, shape: tuple[int, ...]) -> Any:
    """The inverse: (O, M, K, L) -> (K, L, M, O), (M, 1, K, L) -> (K, L, M), (O, M, 1, 1) -> (M, O)."""
    value = value.numpy()
    if array != "weight":
        return value
    if len(shape) == 4:
        return value.transpose(2, 3, 1, 0)
    if len(shape) == 3:
        return value[:, 0].transpose(1, 2, 0)
    return value.reshape(value.shape[:2]).T


def torch_results(
    twin: nn.Module, params: dict[str, Any], x: Any, dy: Any, train: bool, dtype: Any
) -> dict[str, Any]:
    """Logits, gradients and moved statistics of a network given our params, in our names and layout."""
    twin = twin.to(dtype).train(train)
    twin.zero_grad()
    state = dict(twin.named_parameters()) | dict(twin.named_buffers())
    names = {name: torch_name(name, state) for name in params}
    counters = {name for name in state if name.endswith("num_batches_tracked")}
    assert set(names.values()) == state.keys() - counters, "not the same arrays"
    with torch.no_grad():
        for name, value in params.items():
            target = state[names[name]]
            given = to_torch(value, name.rpartition(".")[2])
            assert given.numel() == target.numel(), f"{name}: {value.shape}, {target.shape}"
            target.copy_(given.reshape(target.shape))
    image = torch.tensor(x.transpose(0, 3, 1, 2).copy(), dtype=dtype, requires_grad=True)
    logits = twin(image)
    logits.backward(torch.tensor(dy, dtype=dtype))
    found = {"logits": logits.detach().numpy(), "image": image.grad.numpy().transpose(0, 2, 3, 1)}
    for name, value in params.items():
        array = name.rpartition(".")[2]
        moved = array in ("mean", "variance")
        if not moved or train:
            result = state[names[name]] if moved else state[names[name]].grad
            # a copy: another run of the same twin writes its own statistics there
            found[name] = from_torch(result.detach().clone(), array, value.shape)
    return found


def our_results(
    plan: nm.Plan, params: Any, x: Any, dy: Any, train: bool, rung: str | None = None
) -> dict[str, Any]:
    """The same of a plan."""
    rng = np.random.default_rng(SharedDropout.SEED)
    logits, tape, statistics = nm.forward(plan, params, x, train=train, rung=rung, rng=rng)
    grads = nm.backward(plan, dy.astype(x.dtype), tape, image_gradient=True)
    return {"logits": logits} | statistics | grads


def errors(ours: dict[str, Any], exact: dict[str, Any]) -> dict[str, float]:
    """The scaled error of each result, those of float64 being exact.

    What a linear bottleneck's beta adds to a channel, the next normalisation of a training batch takes
    out again: its gradient is 0 but for rounding, which only gamma's gradient can give a scale.
    """
    assert ours.keys() == exact.keys()
    found = {name: scaled_error(ours[name], exact[name]) for name in exact}
    for name in found:
        if name.endswith("project_norm.beta"):
            scale = np.abs(exact[name.replace(".beta", ".gamma")]).max()
            if np.abs(exact[name]).max() < 1e-9 * scale:
                found[name] = np.abs(ours[name] - exact[name]).max() / scale
    return found


def drawn_params(plan: nm.Plan, seed: int = 0) -> dict[str, Any]:
    """Weights of `init`; everything of batch normalisation, and the biases, drawn.

    The defaults, 0 and 1, would hide a forgotten eps or a bias that is never added.
    """
    rng, params = np.random.default_rng(seed), nm.init(plan, seed, np.float64)
    for name, value in params.items():
        if name.endswith((".gamma", ".variance")):
            params[name] = rng.uniform(0.5, 1.5, value.shape)
        elif not name.endswith(".weight"):
            params[name] = 0.3 * rng.standard_normal(value.shape)
    return params


def drawn_arrays(plan: nm.Plan, count: int, seed: int) -> tuple[Any, Any]:
    """Images and the gradient that comes back from above."""
    rng = np.random.default_rng([seed, count])
    shapes = (count, *plan.resolution, plan.channels), (count, plan.classes)
    return rng.standard_normal(shapes[0]), rng.standard_normal(shapes[1])
