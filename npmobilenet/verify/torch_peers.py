"""The same operators written with PyTorch, as a witness.  torch is imported only when one is called.

Tensors come and go in this project's layout, (N, H, W, C), and are transposed inside.
"""

from typing import Any

import numpy as np

from ..ops.window import window

Tensors = dict[str, Any]
Settings = dict[str, Any]


def _functional() -> Any:
    import torch.nn.functional as functional

    return functional


def _padded(x: Any, kernel: tuple[int, int], settings: Settings) -> Any:
    """x (N, H, W, C) -> (N, C, H', W') with the zeros that `settings` ask for."""
    size = (x.shape[1], x.shape[2])
    given = {key: settings[key] for key in ("stride", "padding", "dilation") if key in settings}
    top, bottom, left, right = window("torch", size, kernel, **given).sides
    return _functional().pad(x.permute(0, 3, 1, 2), (left, right, top, bottom))


def _convolve(arrays: Tensors, settings: Settings, w: Any, groups: int) -> Tensors:
    x = _padded(arrays["x"], w.shape[2:], settings)
    stride, dilation = settings["stride"], settings.get("dilation", 1)
    w = w.contiguous()  # torch's slow float64 path cannot differentiate a permuted filter
    y = _functional().conv2d(x, w, arrays.get("b"), stride, 0, dilation, groups)
    return {"y": y.permute(0, 2, 3, 1)}


def conv2d(arrays: Tensors, settings: Settings) -> Tensors:
    """w (K, L, M, O) as torch's (O, M, K, L)."""
    return _convolve(arrays, settings, arrays["w"].permute(3, 2, 0, 1), 1)


def depthwise_conv2d(arrays: Tensors, settings: Settings) -> Tensors:
    """w (K, L, M) as torch's (M, 1, K, L), in M groups."""
    w = arrays["w"].permute(2, 0, 1)[:, None]
    return _convolve(arrays, settings, w, len(w))


def pointwise_conv2d(arrays: Tensors, settings: Settings) -> Tensors:
    """w (M, O) as torch's (O, M, 1, 1)."""
    return _convolve(arrays, settings | {"padding": 0}, arrays["w"].T[:, :, None, None], 1)


def dense(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's linear keeps its matrix transposed."""
    return {"y": _functional().linear(arrays["x"], arrays["w"].T, arrays.get("b"))}


def batch_norm(arrays: Tensors, settings: Settings) -> Tensors:
    """torch moves the running estimates in place: it is given copies."""
    x = arrays["x"]
    mean, variance = (x.new_tensor(np.array(settings[name])) for name in ("mean", "variance"))
    y = _functional().batch_norm(
        x.permute(0, 3, 1, 2), mean, variance, arrays["gamma"], arrays["beta"],
        settings["train"], settings["momentum"], settings["eps"],
    )  # fmt: skip
    return {"y": y.permute(0, 2, 3, 1), "mean": mean, "variance": variance}


def grouped_conv2d(arrays: Tensors, settings: Settings) -> Tensors:
    """w (K, L, M/groups, O) as torch's (O, M/groups, K, L)."""
    return _convolve(arrays, settings, arrays["w"].permute(3, 2, 0, 1), settings["groups"])


def max_pool2d(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own."""
    y = _functional().max_pool2d(arrays["x"].permute(0, 3, 1, 2), **settings)
    return {"y": y.permute(0, 2, 3, 1)}


def avg_pool2d(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own where windows hang over.

    With asymmetric padding torch has no such pooling: sums of the padded x over their counts.
    """
    x, size = arrays["x"], settings["kernel_size"]
    if "ceil_mode" in settings:
        given = {name: value for name, value in settings.items() if name != "count_padding"}
        counts = settings["count_padding"]
        y = _functional().avg_pool2d(x.permute(0, 3, 1, 2), **given, count_include_pad=counts)
        return {"y": y.permute(0, 2, 3, 1)}
    area = size[0] * size[1]
    pool = _functional().avg_pool2d
    sums = pool(_padded(x, size, settings), size, settings["stride"]) * area
    counts = area
    if not settings["count_padding"]:
        counts = pool(_padded(x.new_ones(x.shape), size, settings), size, settings["stride"]) * area
    return {"y": (sums / counts).permute(0, 2, 3, 1)}


def global_avg_pool(arrays: Tensors, settings: Settings) -> Tensors:
    """The mean over height and width."""
    return {"y": _functional().adaptive_avg_pool2d(arrays["x"].permute(0, 3, 1, 2), 1)[:, :, 0, 0]}


def relu(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own."""
    return {"y": _functional().relu(arrays["x"])}


def relu6(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own."""
    return {"y": _functional().relu6(arrays["x"])}


def sigmoid(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own."""
    return {"y": arrays["x"].sigmoid()}


def swish(arrays: Tensors, settings: Settings) -> Tensors:
    """torch calls it silu."""
    return {"y": _functional().silu(arrays["x"])}


def hard_sigmoid(arrays: Tensors, settings: Settings) -> Tensors:
    """Written out: the gradient of torch's own hardsigmoid has 1/6 in float32 even for float64."""
    return {"y": (settings["slope"] * arrays["x"] + 0.5).clamp(0, 1)}


def hard_swish(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own."""
    return {"y": _functional().hardswish(arrays["x"])}


def fake_quantize(arrays: Tensors, settings: Settings) -> Tensors:
    """Written out: torch's own rounds halves to even, and knows one precision."""
    x, scale, zero = arrays["x"], arrays["scale"], settings["zero_point"]
    v = x / scale
    size = v.detach().abs()
    whole = (size.floor() + (size - size.floor() >= 0.5)) * v.detach().sign()
    q = whole + zero
    clipped = q.clamp(settings["least"], settings["greatest"])
    straight = v + (whole - v).detach()  # whole, with the gradient of v
    return {"y": straight.where(clipped == q, clipped - zero) * scale}


def dropout(arrays: Tensors, settings: Settings) -> Tensors:
    """torch draws other numbers, so the survivors are drawn here and the scaling done by torch."""
    x, rate = arrays["x"], settings["rate"]
    inverted = settings["mode"] == "inverted"
    if not settings["train"]:
        return {"y": x if inverted else x * (1 - rate)}
    drawn = np.random.default_rng(settings["seed"]).random(tuple(x.shape))
    survivors = x * x.new_tensor(drawn >= rate)
    return {"y": survivors / (1 - rate) if inverted and rate < 1 else survivors}


def softmax_cross_entropy(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own."""
    import torch

    logits, given = arrays["logits"], dict(settings)
    labels = torch.from_numpy(given.pop("labels"))
    if "weight" in given:
        given["weight"] = logits.new_tensor(given["weight"])
    return {"y": _functional().cross_entropy(logits, labels, **given)}


def softmax(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own."""
    return {"y": arrays["logits"].softmax(-1)}


def log_softmax(arrays: Tensors, settings: Settings) -> Tensors:
    """torch's own."""
    return {"y": arrays["logits"].log_softmax(-1)}


def add(arrays: Tensors, settings: Settings) -> Tensors:
    """a + b."""
    return {"y": arrays["a"] + arrays["b"]}


def scale_channels(arrays: Tensors, settings: Settings) -> Tensors:
    """torch broadcasts the gates over height and width by itself."""
    return {"y": arrays["x"] * arrays["g"][:, None, None]}
