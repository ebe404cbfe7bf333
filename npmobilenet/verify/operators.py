"""Every operator as something that can be checked: how a case is drawn, run, and asked of PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..ops.checks import Array
from ..ops.rungs import COMMON, RUNGS
from . import cases, torch_peers
from .cases import Arrays, Case, Choose


@dataclass(frozen=True)
class Operator:
    """How to draw, run and check one operator.

    run(arrays, settings, rung) -> outputs by name, "y" first, and the cache;
    gradients(dy, cache) -> gradient by the names of arrays;
    torch(arrays, settings) -> outputs by name, from and as torch tensors;
    smooth(case) -> where the gradients are by rule those of another function: that one, arrays -> y.
    """

    name: str
    draw: Callable[[Choose, np.random.Generator], Case]
    run: Callable[[Arrays, dict[str, Any], str | None], tuple[Arrays, Any]]
    gradients: Callable[[Any, Any], Arrays]
    torch: Callable[[Any, dict[str, Any]], dict[str, Any]]
    rungs: tuple[str, ...] = COMMON
    linear_in: tuple[str, ...] = ()
    smooth: Callable[[Case], Callable[[Arrays], Array]] | None = None


def _standing_still(case: Case) -> Callable[[Arrays], Array]:
    """Fake quantisation whose rounding errors, and what is clipped to which end, are those of a case.

    Of this function the straight-through rule gives the gradient.
    """
    v, settings = case.arrays["x"] / case.arrays["scale"], case.settings
    zero = settings["zero_point"]
    q = np.rint(v) + zero
    clipped = np.clip(q, settings["least"], settings["greatest"])
    error, inside = np.rint(v) - v, clipped == q

    def function(arrays: Arrays) -> Array:
        moved = arrays["x"] / arrays["scale"] + error
        y: Array = np.where(inside, moved, clipped - zero) * arrays["scale"]
        return y

    return function


def _with_rung(function: Callable[..., Any]) -> Callable[..., tuple[Arrays, Any]]:
    def run(arrays: Arrays, settings: dict[str, Any], rung: str | None) -> tuple[Arrays, Any]:
        y, cache = function(*arrays.values(), **settings, rung=rung)
        return {"y": y}, cache

    return run


def _formula(function: Callable[..., Any]) -> Callable[..., tuple[Arrays, Any]]:
    def run(arrays: Arrays, settings: dict[str, Any], rung: str | None) -> tuple[Arrays, Any]:
        y, cache = function(*arrays.values(), **settings)
        return {"y": np.asarray(y)}, cache

    return run


def _run_batch_norm(
    arrays: Arrays, settings: dict[str, Any], rung: str | None
) -> tuple[Arrays, Any]:
    given: dict[str, Any] = arrays | settings
    y, cache, running = ops.batch_norm(**given, rung=rung)
    return {"y": y, "mean": running.mean, "variance": running.variance}, cache


def _run_dropout(arrays: Arrays, settings: dict[str, Any], rung: str | None) -> tuple[Arrays, Any]:
    given = {name: value for name, value in settings.items() if name != "seed"}
    y, cache = ops.dropout(arrays["x"], rng=np.random.default_rng(settings["seed"]), **given)
    return {"y": y}, cache


def _named(function: Callable[..., Any], *names: str) -> Callable[[Any, Any], Arrays]:
    def gradients(dy: Any, cache: Any) -> Arrays:
        found = function(dy, cache)
        return dict(zip(names, found if isinstance(found, tuple) else (found,), strict=False))

    return gradients


def _loss_gradients(dy: Any, cache: Any) -> Arrays:
    dloss = dy if np.ndim(dy) else float(dy)
    return {"logits": ops.softmax_cross_entropy_backward(dloss, cache)}


def _returned(function: Callable[..., Array]) -> Callable[..., tuple[Arrays, Any]]:
    """Of an operator whose backward pass needs what it returned."""

    def run(arrays: Arrays, settings: dict[str, Any], rung: str | None) -> tuple[Arrays, Any]:
        y = function(*arrays.values(), **settings)
        return {"y": y}, y

    return run


def _operator(
    name: str,
    draw: Callable[[Choose, np.random.Generator], Case],
    arrays: str = "x",
    *,
    linear_in: str = "",
    **others: Any,
) -> Operator:
    """The operator `ops.name`; arrays and linear_in are names with blanks between."""
    function, title = name.partition(" ")[0], name
    others.setdefault("rungs", COMMON)
    wrap = _with_rung if "numba" in others["rungs"] else _formula
    others.setdefault("run", wrap(getattr(ops, function)))
    others.setdefault("gradients", _named(getattr(ops, f"{function}_backward"), *arrays.split()))
    peer = getattr(torch_peers, function)
    return Operator(title, draw, torch=peer, linear_in=tuple(linear_in.split()), **others)


_CLIP: dict[str, Any] = {"rungs": ("numpy", "numba")}
_FORMULA: dict[str, Any] = {"rungs": ("numpy",)}
_NORM: dict[str, Any] = {"run": _run_batch_norm, "arrays": "x gamma beta"}

OPERATORS = {
    operator.name: operator
    for operator in (
        _operator("conv2d", cases.conv, "x w b", linear_in="x w", rungs=RUNGS),
        _operator("depthwise_conv2d", cases.depthwise, "x w b", linear_in="x w", rungs=RUNGS),
        _operator("grouped_conv2d", cases.grouped, "x w b", linear_in="x w"),
        _operator("pointwise_conv2d", cases.pointwise, "x w b", linear_in="x w", rungs=RUNGS),
        _operator("dense", cases.dense, "x w b", linear_in="x w", rungs=RUNGS),
        _operator("batch_norm train", cases.batch_norm(True), **_NORM),
        _operator("batch_norm eval", cases.batch_norm(False), **_NORM, linear_in="x"),
        _operator("avg_pool2d", cases.pool, linear_in="x"),
        _operator("max_pool2d", cases.max_pool),
        _operator("global_avg_pool", cases.bright, linear_in="x"),
        _operator("relu", cases.activation(0), **_CLIP),
        _operator("relu6", cases.activation(0, 6), **_CLIP),
        _operator("sigmoid", cases.activation(), **_FORMULA),
        _operator("swish", cases.activation(), **_FORMULA),
        _operator("hard_sigmoid", cases.activation(slope=(1 / 6, 0.2)), **_FORMULA),
        _operator("hard_swish", cases.activation(-3, 3), **_FORMULA),
        _operator("fake_quantize", cases.fake_quantize, "x scale", smooth=_standing_still, **_CLIP),
        _operator("dropout", cases.dropout, linear_in="x", run=_run_dropout, **_FORMULA),
        _operator("softmax", cases.logits, "logits", run=_returned(ops.softmax), **_FORMULA),
        _operator("log_softmax", cases.logits, "logits", **_FORMULA),
        _operator("softmax_cross_entropy", cases.loss, gradients=_loss_gradients, **_FORMULA),
        _operator("add", cases.add, "a b", linear_in="a b", **_FORMULA),
        _operator("scale_channels", cases.scale, "x g", linear_in="x g", **_FORMULA),
    )
}
