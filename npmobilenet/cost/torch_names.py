"""What counters call the modules and functions of PyTorch: the names of their rules.

A class is known by itself, not through a subclass; tools that look at classes do the same.
"""

from __future__ import annotations

from typing import Any

# class of torch.nn -> its name to conventions that look at classes
CLASSES = {
    **{f"Conv{n}d": "conv" for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": "transposed conv" for n in (1, 2, 3)},
    "Linear": "dense",
    **{f"BatchNorm{n}d": "batch_norm" for n in (1, 2, 3)},
    **{f"InstanceNorm{n}d": "instance_norm" for n in (1, 2, 3)},
    "GroupNorm": "group_norm",
    "LayerNorm": "layer_norm",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "PReLU": "prelu",
    "ELU": "elu",
    "LeakyReLU": "leaky_relu",
    "GELU": "gelu",
    "Softmax": "softmax",
    **{f"MaxPool{n}d": "max_pool" for n in (1, 2, 3)},
    **{f"AvgPool{n}d": "avg_pool" for n in (1, 2, 3)},
    **{f"AdaptiveMaxPool{n}d": "adaptive_max_pool" for n in (1, 2, 3)},
    **{f"AdaptiveAvgPool{n}d": "adaptive_avg_pool" for n in (1, 2, 3)},
    "Upsample": "upsample",
    "UpsamplingNearest2d": "upsample",
    "UpsamplingBilinear2d": "upsample",
    "LSTM": "lstm",
    "LSTMCell": "lstm",
    "GRU": "gru",
    "GRUCell": "gru",
    "RNN": "rnn",
    "RNNCell": "rnn",
    "MultiheadAttention": "attention",
}
_MATRICES = """
    matmul mm bmm mv dot einsum addmm baddbmm addbmm addmv tensordot chain_matmul inner outer
"""
_ACTIVATIONS = """
    relu relu_ relu6 prelu elu leaky_relu gelu silu hardswish hardsigmoid hardtanh sigmoid tanh
    mish softplus softmax log_softmax selu celu
"""
# function -> the kind of operation, as tables and explanations call it
KINDS = {
    **{f"conv{n}d": "conv" for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": "transposed conv" for n in (1, 2, 3)},
    "linear": "dense",
    **dict.fromkeys(
        _MATRICES.split(),
        "matrix product",
    ),
    "scaled_dot_product_attention": "attention",
    "multi_head_attention_forward": "attention",
    **dict.fromkeys(["lstm", "gru", "rnn_tanh", "rnn_relu"], "recurrent"),
    **dict.fromkeys(["lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"], "recurrent"),
    **{f"{kind}_norm": f"{kind}_norm" for kind in ("batch", "instance", "group", "layer", "rms")},
    **dict.fromkeys(
        _ACTIVATIONS.split(),
        "activation",
    ),
    **{
        f"{kind}_pool{n}d": "pool"
        for kind in ("avg", "max", "adaptive_avg", "adaptive_max")
        for n in (1, 2, 3)
    },
    "interpolate": "upsample",
    "upsample": "upsample",
    "grid_sample": "upsample",
    "embedding": "embedding",
    "embedding_bag": "embedding",
    "bilinear": "bilinear",
    **dict.fromkeys(["add", "mul"], "elementwise"),
}
# place of gamma among a function's arguments
_GAMMA = {"batch_norm": 3, "instance_norm": 3, "group_norm": 2, "layer_norm": 2}
_MODE = 3  # of interpolation


def class_of(module: Any) -> str:
    """How a module's class is known; "" if it is no class of torch.nn itself, or has no rule."""
    kind = type(module)
    if kind.__module__.startswith("timm.models.vision_transformer") or kind.__module__ == (
        "timm.layers.attention"
    ):
        return "timm attention" if kind.__name__ == "Attention" else ""
    if not kind.__module__.startswith("torch.nn.modules."):
        return ""
    name = CLASSES.get(kind.__name__, "")
    if name == "upsample":
        return f"upsample_{module.mode}"
    if name.endswith("_norm"):
        affine = getattr(module, "affine", getattr(module, "elementwise_affine", True))
        return name if affine else f"{name}_plain"
    return name


def operator_of(function: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    """How a trace names what a function calls: its own name, or that of the operator it chooses."""
    if function.startswith("conv") and function in KINDS:
        return KINDS[function]
    if function in _GAMMA:
        place = _GAMMA[function]
        gamma = keywords.get("weight", args[place] if len(args) > place else None)
        return function if gamma is not None else f"{function}_plain"
    if function == "interpolate":
        mode = keywords.get("mode", args[_MODE] if len(args) > _MODE else "nearest")
        rank = args[0].dim() - 2 if args else keywords["input"].dim() - 2
        return f"upsample_{mode}{rank}d" if mode in ("nearest", "bilinear") else mode
    if function.endswith("_cell"):
        return "cell"
    return "grid_sampler" if function == "grid_sample" else function
