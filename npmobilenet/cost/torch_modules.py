"""What is known of torch.nn's modules: which have MACs, how many, and what their parameters are."""

from __future__ import annotations

from typing import Any

from .count import Params

# modules without MACs, by the names of their classes in torch.nn
WITHOUT_MACS = """
    ReLU ReLU6 Hardswish Hardsigmoid SiLU Sigmoid LeakyReLU ELU GELU Tanh Softmax LogSoftmax Hardtanh
    AvgPool2d MaxPool2d AdaptiveAvgPool2d AdaptiveMaxPool2d Flatten Unflatten Identity Dropout Dropout2d
    ZeroPad2d ReflectionPad2d ReplicationPad2d ConstantPad2d
"""

# functions and methods of tensors that multiply nothing, or each number once at most
HARMLESS = """
    __get__ __set__ __getitem__ __len__ __bool__ __add__ __radd__ __iadd__ __sub__ __mul__ __rmul__
    __imul__ __truediv__ add add_ sub mul mul_ div mean sum max min amax clamp clamp_
    relu relu_ relu6 hardtanh hardtanh_ hardswish hardswish_ hardsigmoid hardsigmoid_ silu silu_
    sigmoid sigmoid_ softmax log_softmax dropout dropout_ batch_norm pad _pad
    adaptive_avg_pool2d avg_pool2d max_pool2d _max_pool2d
    flatten reshape view permute transpose unsqueeze squeeze contiguous clone detach expand expand_as
    cat concat stack chunk split size dim numel to type float is_floating_point
"""


def import_torch() -> Any:
    """PyTorch, or ImportError in one line."""
    try:
        import torch
    except ImportError:
        raise ImportError('count_module needs PyTorch: pip install "npmobilenet[torch]"') from None
    return torch


def known(module: Any) -> bool:
    """Whether the module's MACs are known, none for many."""
    nn = import_torch().nn
    return isinstance(
        module,
        (
            nn.Conv1d,
            nn.Conv2d,
            nn.Conv3d,
            nn.Linear,
            nn.BatchNorm1d,
            nn.BatchNorm2d,
            nn.BatchNorm3d,
            *(getattr(nn, name) for name in WITHOUT_MACS.split()),
        ),
    )


def kind(module: Any) -> str:
    """This project's name for the layer, where it has one, else the class in small letters."""
    nn = import_torch().nn
    if isinstance(module, nn.Conv2d):
        if module.groups == module.in_channels == module.out_channels > 1:
            return "depthwise"
        if module.groups == 1 and module.kernel_size == (1, 1):
            return "pointwise"
        return "conv" if module.groups == 1 else "grouped conv"
    if isinstance(module, nn.Linear):
        return "dense"
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        return "batch_norm"
    return type(module).__name__.lower()


def macs(module: Any, output: Any) -> int:
    """Every number of the output is a sum of as many products as one filter has weights."""
    nn = import_torch().nn
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
        return int(output.numel() * module.weight[0].numel())
    return 0


def params(module: Any) -> Params:
    """A known module's parameters, in parts."""
    nn = import_torch().nn
    sizes = {name: p.numel() for name, p in module.named_parameters(recurse=False)}
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        statistics = (module.running_mean, module.running_var)
        stats = sum(x.numel() for x in statistics if x is not None)
        return Params(bn_affine=sum(sizes.values()), bn_stats=stats)
    return Params(weights=sizes.get("weight", 0), bias=sizes.get("bias", 0))
