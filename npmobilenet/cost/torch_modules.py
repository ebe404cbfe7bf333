"""What is known of torch.nn's modules: which have MACs, how many, and what their parameters are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import prod
from typing import Any

from .count import Params

# modules without MACs, by the names of their classes in torch.nn
WITHOUT_MACS = """
    ReLU ReLU6 Hardswish Hardsigmoid SiLU Sigmoid LeakyReLU PReLU ELU GELU Mish Softplus Tanh Softmax
    LogSoftmax Hardtanh AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d MaxPool3d AdaptiveAvgPool1d
    AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool2d Flatten Unflatten Identity Dropout Dropout1d
    Dropout2d Dropout3d ZeroPad2d ReflectionPad2d ReplicationPad2d ConstantPad2d Embedding
"""
NORMS = """
    BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d
    LayerNorm GroupNorm RMSNorm
"""
CONVOLUTIONS = {
    "Conv1d": "conv1d",
    "Conv2d": "conv2d",
    "Conv3d": "conv3d",
}  # and the function called

# functions and methods of tensors that multiply nothing, or each number once at most
HARMLESS = """
    __get__ __set__ __getitem__ __setitem__ __len__ __bool__ __iter__ __add__ __radd__ __iadd__ __sub__
    __rsub__ __mul__ __rmul__ __imul__ __truediv__ __neg__ __eq__ __ne__ add add_ sub mul mul_ div mean
    sum max min amax clamp clamp_
    relu relu_ relu6 hardtanh hardtanh_ hardswish hardswish_ hardsigmoid hardsigmoid_ silu silu_
    sigmoid sigmoid_ tanh gelu softmax log_softmax dropout dropout_ batch_norm layer_norm pad _pad
    adaptive_avg_pool2d avg_pool2d max_pool2d _max_pool2d boolean_dispatch
    flatten reshape view permute transpose unsqueeze squeeze contiguous clone detach expand expand_as
    cat concat stack chunk split size dim numel to type float is_floating_point _assert
    zeros zeros_like ones ones_like empty empty_like full full_like arange tensor new_zeros new_ones
    __gt__ __ge__ __lt__ __le__ __and__ __or__ __invert__ ne eq abs exp sqrt rsqrt floor round where
    masked_fill roll repeat unbind narrow movedim swapaxes item requires_grad_ _set_grad_enabled
"""


def import_torch() -> Any:
    """PyTorch, or ImportError in one line."""
    try:
        import torch
    except ImportError:
        raise ImportError('count_module needs PyTorch: pip install "npmobilenet[torch]"') from None
    return torch


@cache
def _classes(names: str) -> tuple[type, ...]:
    """Those of torch.nn that have these names; older versions lack some."""
    nn = import_torch().nn
    return tuple(getattr(nn, name) for name in names.split() if hasattr(nn, name))


def _is(module: Any, names: str) -> bool:
    return isinstance(module, _classes(names))


def _multiplies(module: Any) -> bool:
    return _is(module, f"Linear {' '.join(CONVOLUTIONS)}")


def known(module: Any) -> bool:
    """Whether the module's MACs are known, none for many."""
    return _multiplies(module) or _is(module, f"{WITHOUT_MACS} {NORMS}")


def whole(module: Any) -> bool:
    """Whether what is inside is used without being called."""
    return _is(module, "MultiheadAttention")


def obstacle(module: Any) -> str | None:
    """Why a module cannot be counted, if it cannot."""
    torch = import_torch()
    if isinstance(module, torch.jit.ScriptModule):
        return "is TorchScript, which runs unwatched; count the module that it was made from"
    if any(torch.nn.parameter.is_lazy(parameter) for _, parameter in own(module)):
        return "takes its shape from what it is first called with; call the module once before"
    return None


def leaf(module: Any) -> bool:
    """Whether it is listed as one thing where it is not known."""
    return whole(module) or not any(True for _ in module.children())


def holds_parameters(name: str, child: Any) -> bool:
    """Whether a part is only there for the parameters in it, which are its owner's."""
    return name == "parametrizations" or _is(child, "ParameterList ParameterDict")


def rewritten(module: Any) -> bool:
    """Whether a known module works in a way of its own: a subclass's `forward`, or the object's."""
    original = next(x for x in type(module).__mro__ if x.__module__.startswith("torch.nn."))
    return "forward" in vars(module) or type(module).forward is not original.forward  # type: ignore[attr-defined]


def usual(module: Any) -> list[str]:
    """The functions by one of which a known module multiplies."""
    names = [f for name, f in CONVOLUTIONS.items() if _is(module, name)]
    return names or ["linear"]


def kind(module: Any) -> str:
    """This project's name for the layer, where it has one, else the class in small letters."""
    if _is(module, "Conv2d"):
        if module.groups == module.in_channels == module.out_channels > 1:
            return "depthwise"
        if module.groups == 1 and module.kernel_size == (1, 1):
            return "pointwise"
        return "conv" if module.groups == 1 else "grouped conv"
    if _is(module, "Linear"):
        return "dense"
    if _is(module, "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm"):
        return "batch_norm"
    return type(module).__name__.lower().removeprefix("parametrized")


def macs(module: Any, output: Any) -> int:
    """Every number of the output is a sum of as many products as one filter has weights."""
    if not _multiplies(module) or output is None:
        return 0
    if _is(module, "Linear"):
        return int(output.numel() * module.in_features)
    return int(output.numel() * module.in_channels // module.groups * prod(module.kernel_size))


def own(module: Any) -> Iterator[tuple[str, Any]]:
    """A module's own parameters by name, not those of modules inside it.

    Those that a weight is computed from, and those in lists, are their owner's; a whole has all.
    """
    if whole(module):
        yield from module.named_parameters()
        return
    yield from module.named_parameters(recurse=False)
    for name, child in module.named_children():
        if holds_parameters(name, child):
            for inner, parameter in child.named_parameters():
                yield f"{name}.{inner}", parameter


def params(module: Any, claimed: set[int]) -> Params:
    """A module's own parameters that nobody has claimed yet, in parts; `claimed` are their ids."""
    sizes = {"bias": 0, "weights": 0}
    for name, parameter in own(module):
        if id(parameter) not in claimed:
            claimed.add(id(parameter))
            sizes["bias" if "bias" in name else "weights"] += parameter.numel()
    if _is(module, NORMS):
        statistics = (getattr(module, f"running_{name}", None) for name in ("mean", "var"))
        stats = sum(x.numel() for x in statistics if x is not None)
        return Params(bn_affine=sum(sizes.values()), bn_stats=stats)
    return Params(**sizes)
