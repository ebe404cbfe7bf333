"""What is known of torch.nn's modules: which have MACs, how many, and what their parameters are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from .count import Params

NORMS = """
    BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d
    LayerNorm GroupNorm RMSNorm
"""
# and the function that is called
CONVOLUTIONS = {
    **{f"Conv{n}d": f"conv{n}d" for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": f"conv_transpose{n}d" for n in (1, 2, 3)},
}


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


def holds_parameters(name: str, child: Any) -> bool:
    """Whether a part is only there for the parameters in it, which are its owner's."""
    return name == "parametrizations" or _is(child, "ParameterList ParameterDict")


def rewritten(module: Any) -> bool:
    """Whether a known module works in a way of its own: a subclass's `forward`, or the object's."""
    original = next(x for x in type(module).__mro__ if x.__module__.startswith("torch.nn."))
    return "forward" in vars(module) or type(module).forward is not original.forward  # type: ignore[attr-defined]


def usual(module: Any) -> frozenset[str]:
    """The functions by one of which a part multiplies, if it is torch.nn's own and does as that does."""
    if not _multiplies(module) or rewritten(module):
        return frozenset()
    names = [f for name, f in CONVOLUTIONS.items() if _is(module, name)]
    return frozenset(names or ["linear"])


def is_nn(module: Any) -> bool:
    """Whether it is of a class of torch.nn, or a subclass of one that is more than a container."""
    return any(
        base.__module__.startswith("torch.nn.") and base.__name__ not in ("Module", "Sequential")
        for base in type(module).__mro__
    )


def kind(module: Any) -> str:
    """This project's name for the layer, where it has one, else the class in small letters."""
    if _is(module, "Conv2d"):
        if module.groups == module.in_channels == module.out_channels > 1:
            return "depthwise"
        if module.groups == 1 and module.kernel_size == (1, 1):
            return "pointwise"
        return "conv" if module.groups == 1 else "grouped conv"
    if _is(module, " ".join(CONVOLUTIONS)):
        return "transposed conv" if module.transposed else type(module).__name__.lower()
    if _is(module, "Linear"):
        return "dense"
    if _is(module, "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm"):
        return "batch_norm"
    return type(module).__name__.lower().removeprefix("parametrized")


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


def params(module: Any, claimed: set[int]) -> dict[str, int]:
    """A module's own parameters that nobody has claimed yet, in parts; `claimed` are their ids.

    Parts are those of a plan's operations: weights, bias; of a normalisation gamma, beta, mean,
    variance.
    """
    norm = _is(module, NORMS)
    sizes: dict[str, int] = {}
    for name, parameter in own(module):
        if id(parameter) not in claimed:
            claimed.add(id(parameter))
            part = "bias" if "bias" in name else "weights"
            part = {"weights": "gamma", "bias": "beta"}[part] if norm else part
            sizes[part] = sizes.get(part, 0) + parameter.numel()
    for part, buffer in (("mean", "running_mean"), ("variance", "running_var")):
        statistics = getattr(module, buffer, None) if norm else None
        if statistics is not None:
            sizes[part] = statistics.numel()
    return sizes


def in_parts(sizes: Mapping[str, int]) -> Params:
    """The same as a layer's cost has it."""
    return Params(
        sizes.get("weights", 0),
        sizes.get("bias", 0),
        sizes.get("gamma", 0) + sizes.get("beta", 0),
        sizes.get("mean", 0) + sizes.get("variance", 0),
    )
