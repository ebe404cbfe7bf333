"""JAX: the folded network as one function, compiled by XLA for the CPU."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def load(folder: Path, threads: int) -> Callable[[], Any]:
    """The weights are arguments of the function, not constants of it; XLA takes every processor."""
    layers = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    arrays = {name: jnp.asarray(value) for name, value in np.load(folder / "layers.npz").items()}
    images = jnp.asarray(np.load(folder / "images.npy"))
    run = jax.jit(lambda arrays, x: network(layers, arrays, x))
    return lambda: np.asarray(run(arrays, images))


def network(
    layers: list[dict[str, Any]],
    arrays: Mapping[str, Any],
    image: Any,
    rules: Mapping[str, Callable[..., Any]] | None = None,
) -> Any:
    """The layers in order, each fed by those it names; rules: what computes each kind, RULES."""
    rules = RULES if rules is None else rules
    values = {"image": image}
    for layer in layers:
        inputs = [values[source] for source in layer["inputs"]]
        values[layer["name"]] = y = rules[layer["kind"]](layer, arrays, *inputs)
    return y


def _windowed(layer: dict[str, Any], arrays: Mapping[str, Any], x: Any) -> Any:
    w, groups = arrays[f"{layer['name']}.weight"], 1
    if layer["kind"] == "depthwise":
        w, groups = w[:, :, None], x.shape[-1]  # (K, L, 1, M)
    top, bottom, left, right = layer["sides"]
    y = lax.conv_general_dilated(
        x,
        w,
        layer["stride"],
        [(top, bottom), (left, right)],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )
    return y + arrays.get(f"{layer['name']}.bias", 0.0)


def _matrix(layer: dict[str, Any], arrays: Mapping[str, Any], x: Any) -> Any:
    return x @ arrays[f"{layer['name']}.weight"] + arrays.get(f"{layer['name']}.bias", 0.0)


def _activation(layer: dict[str, Any], arrays: Mapping[str, Any], x: Any) -> Any:
    functions: dict[str, Callable[[Any], Any]] = {
        "relu": jax.nn.relu,
        "relu6": jax.nn.relu6,
        "sigmoid": jax.nn.sigmoid,
        "swish": jax.nn.silu,
        "hard_swish": jax.nn.hard_swish,
        "hard_sigmoid": lambda x: jnp.clip(layer["slope"] * x + 0.5, 0, 1),
    }
    return functions[layer["function"]](x)


RULES: dict[str, Callable[..., Any]] = {
    "conv": _windowed,
    "depthwise": _windowed,
    "pointwise": _matrix,
    "dense": _matrix,
    "activation": _activation,
    "global_pool": lambda layer, arrays, x: x.mean((1, 2)),
    "dropout": lambda layer, arrays, x: x * layer["keep"],
    "add": lambda layer, arrays, a, b: a + b,
    "scale": lambda layer, arrays, x, gate: x * gate[:, None, None],
}
