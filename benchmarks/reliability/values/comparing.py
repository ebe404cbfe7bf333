"""Our results beside PyTorch's: the same NaN, the same infinities, the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from npmobilenet.verify.cases import Case
from npmobilenet.verify.operators import Operator

Array = np.ndarray[Any, Any]
ALLOWED = {"float32": 2e-5, "float64": 1e-11}


def of_torch(operator: Operator, case: Case, dy: Array, dtype: str) -> dict[str, Array]:
    """PyTorch's results and gradients ("d" and the array's name), in a precision."""
    import torch

    kind = getattr(torch, dtype)
    leaves = {
        name: torch.tensor(value.copy(), dtype=kind, requires_grad=True)
        for name, value in case.arrays.items()
    }
    outputs = operator.torch(leaves, _cast(case.settings, dtype))
    outputs["y"].backward(torch.tensor(dy.copy(), dtype=kind))
    found = {name: value.detach().numpy() for name, value in outputs.items()}
    gradients = {
        f"d{name}": leaf.grad.numpy() for name, leaf in leaves.items() if leaf.grad is not None
    }
    return found | gradients


def _cast(settings: dict[str, Any], dtype: str) -> dict[str, Any]:
    return {
        name: value.astype(dtype)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        else value
        for name, value in settings.items()
    }


def of_ours(operator: Operator, case: Case, dy: Array, rung: str | None) -> dict[str, Array]:
    """Ours, of the precision of the case."""
    dtype = next(iter(case.arrays.values())).dtype
    with np.errstate(all="ignore"):
        outputs, cache = operator.run(case.arrays, _cast(case.settings, str(dtype)), rung)
        gradients = operator.gradients(dy, cache)
    return {k: np.asarray(v) for k, v in outputs.items()} | {
        f"d{k}": np.asarray(v) for k, v in gradients.items() if v is not None
    }


def sizes(operator: Operator, case: Case, dy: Array, exact: dict[str, Array]) -> dict[str, Array]:
    """By what errors are measured: of sums of products, by the sums of their absolute values."""
    if operator.name.startswith("batch_norm"):
        return _normalised(case, dy)
    if operator.name == "softmax":
        y, d = exact["y"], np.abs(_finite(dy))
        return {"dlogits": y * (d + (d * y).sum(-1, keepdims=True))}
    if not operator.linear_in:
        return {}
    finite = {name: np.abs(_finite(value)) for name, value in case.arrays.items()}
    return of_torch(operator, Case(finite, case.settings), np.abs(_finite(dy)), "float64")


def _finite(value: Array) -> Array:
    return np.nan_to_num(value.astype(np.float64), posinf=0, neginf=0)


def _normalised(case: Case, dy: Array) -> dict[str, Array]:
    """Of batch normalisation: x is rounded by its own size, however small its differences are."""
    x, d = _finite(case.arrays["x"]), np.abs(_finite(dy))
    gamma, beta = (np.abs(_finite(case.arrays[name])) for name in ("gamma", "beta"))
    axes = tuple(range(x.ndim - 1))
    running = case.settings["mean"], case.settings["variance"]
    mean, variance = (x.mean(axes), x.var(axes)) if case.settings["train"] else running
    scale = 1 / np.sqrt(variance + case.settings["eps"])
    most = (np.abs(x).max(axes) + np.abs(mean)) * scale
    dgamma = d.sum(axes) * most
    dx = gamma * scale * (d + d.mean(axes) + (1 + most) * dgamma / x[..., 0].size)
    y = np.broadcast_to(gamma * most + beta, x.shape)
    return {"y": y, "dx": dx, "dgamma": dgamma, "dbeta": d.sum(axes)}


def different(ours: Array, theirs: Array, size: Array | None, dtype: str) -> str:
    """How two tensors differ; "" where they do not."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, {theirs.shape}"
    for what, one, other in (
        ("NaN", np.isnan(ours), np.isnan(theirs)),
        ("Inf", np.isposinf(ours), np.isposinf(theirs)),
        ("-Inf", np.isneginf(ours), np.isneginf(theirs)),
    ):
        if (one != other).any():
            at = tuple(int(i) for i in np.argwhere(one != other)[0])
            return f"{what} where it is not: {ours[at]:g} and {theirs[at]:g} at {at}"
    finite = np.isfinite(ours)
    if not finite.any():
        return ""
    a, b = ours[finite], theirs[finite]
    tiny = float(np.finfo(dtype).tiny) * 4
    if size is not None and size.shape == ours.shape:
        scale = np.nan_to_num(size[finite], posinf=1e300)
    else:
        scale = np.full(a.shape, np.abs(b).max())
    off = np.abs(a - b) > ALLOWED[dtype] * np.maximum(scale, np.abs(b)) + tiny
    if off.any():
        k = int(np.argmax(off))
        return f"{a[k]:g} and {b[k]:g} (size {scale[k]:g})"
    return ""
