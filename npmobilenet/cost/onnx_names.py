"""What ONNX calls its operators, and how each would look if the modules of torch.nn had made it."""

from __future__ import annotations

# operator -> (its kind in tables, class, function, op, aten): brought.py says who looks at which
OPERATORS: dict[str, tuple[str, str, str, str, str]] = {
    **dict.fromkeys(
        ("Conv", "ConvInteger", "QLinearConv"), ("conv", "conv", "", "conv", "convolution")
    ),
    "ConvTranspose": ("transposed conv", "transposed conv", "", "transposed conv", "convolution"),
    **dict.fromkeys(("Gemm", "QGemm"), ("dense", "dense", "", "linear", "addmm")),
    "BatchNormalization": ("batch_norm", "batch_norm", "", "batch_norm", ""),
    "InstanceNormalization": ("instance_norm", "instance_norm", "", "instance_norm", ""),
    "GroupNormalization": ("group_norm", "group_norm", "", "group_norm", ""),
    "LayerNormalization": ("layer_norm", "layer_norm", "", "layer_norm", ""),
    "SimplifiedLayerNormalization": ("rms_norm", "", "", "rms_norm", ""),
    "RMSNormalization": ("rms_norm", "", "", "rms_norm", ""),
    "Relu": ("relu", "relu", "F.relu", "relu", ""),
    "PRelu": ("prelu", "prelu", "F.prelu", "prelu", ""),
    "Elu": ("elu", "elu", "F.elu", "elu", ""),
    "LeakyRelu": ("leaky_relu", "leaky_relu", "F.leaky_relu", "leaky_relu", ""),
    "Gelu": ("gelu", "gelu", "F.gelu", "gelu", ""),
    "Swish": ("swish", "", "F.silu", "silu", ""),
    "Softmax": ("softmax", "softmax", "F.softmax", "softmax", ""),
    "MaxPool": ("pool", "max_pool", "F.max_pool2d", "max_pool2d", ""),
    "AveragePool": ("pool", "avg_pool", "F.avg_pool2d", "avg_pool2d", ""),
    "GlobalAveragePool": (
        "pool", "adaptive_avg_pool", "F.adaptive_avg_pool2d", "adaptive_avg_pool2d", "",
    ),
    "GlobalMaxPool": ("pool", "adaptive_max_pool", "F.adaptive_max_pool2d", "adaptive_max_pool2d", ""),
    "LSTM": ("lstm", "lstm", "", "lstm", "mkldnn_rnn_layer"),
    "GRU": ("gru", "gru", "", "gru", "addmm"),
    "RNN": ("rnn", "rnn", "", "rnn", "mkldnn_rnn_layer"),
    "Attention": ("attention", "", "", "scaled_dot_product_attention", "attention"),
    "Einsum": ("matrix product", "", "torch.einsum", "einsum", "bmm"),
}  # fmt: skip
# of the two that may multiply by what is stored or by what was computed
STORED = ("dense", "dense", "", "linear", "mm")
COMPUTED = ("matrix product", "", "", "matmul", "bmm")
MATRICES = ("MatMul", "MatMulInteger", "QLinearMatMul")

# standard operators that multiply more than each number once: they are listed, not counted
UNCOUNTED = ("DFT", "STFT", "DeformConv", "Det", "If", "Loop", "Scan", "SequenceMap")
# through which a stored array is still the same array
CARRIERS = ("DequantizeLinear", "QuantizeLinear", "Cast", "Identity", "Transpose", "Reshape", "Squeeze",
            "Unsqueeze")  # fmt: skip
# place among the inputs -> which part of the parameters a stored array is; all others are weights
PARTS: dict[str, dict[int, str]] = {
    **{name: {2: "bias"} for name in ("Conv", "ConvTranspose", "Gemm")},
    "QLinearConv": {8: "bias"},
    "BatchNormalization": {1: "gamma", 2: "beta", 3: "mean", 4: "variance"},
    "InstanceNormalization": {1: "gamma", 2: "beta"},
    "GroupNormalization": {1: "gamma", 2: "beta"},
    "LayerNormalization": {1: "gamma", 2: "beta"},
    "RMSNormalization": {1: "gamma"},
    "SimplifiedLayerNormalization": {1: "gamma"},
    **{name: {3: "bias"} for name in ("LSTM", "GRU", "RNN")},
}
# scales and zero points, by place: of quantisation, no parameters
QUANTISED: dict[str, tuple[int, ...]] = {
    "QLinearConv": (1, 2, 4, 5, 6, 7),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "ConvInteger": (2, 3),
    "MatMulInteger": (2, 3),
    "QGemm": (1, 2, 4, 5, 7, 8),
    "DequantizeLinear": (1, 2),
    "QuantizeLinear": (1, 2),
}
# where the weight is among the inputs, if not second
WEIGHT = {"QLinearConv": 3, "QLinearMatMul": 3, "QGemm": 3}
