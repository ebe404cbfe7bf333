"""JAX's training step: forward, backward and the optimiser in one function compiled by XLA."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .jax_xla import RULES, network
from .trainer import MOMENTUM, RATE, Trainer


def load(folder: Path, threads: int) -> Trainer:
    """Old parameters give their memory to the new ones; XLA takes every processor."""
    layers = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    arrays = {name: jnp.asarray(value) for name, value in np.load(folder / "layers.npz").items()}
    running = {k: v for k, v in arrays.items() if k.endswith((".mean", ".variance"))}
    params = {k: v for k, v in arrays.items() if k not in running}
    x, labels = (jnp.asarray(np.load(folder / f"{name}.npy")) for name in ("images", "labels"))

    def loss_of(params: Any, running: Any, x: Any, labels: Any) -> Any:
        moved = dict(running)
        rules = RULES | {
            "batch_norm": lambda *given: _batch_norm(moved, *given),
            "depthwise": _depthwise,
        }
        logits = network(layers, params, x, rules)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
        return -chosen.mean(), moved

    slopes = jax.value_and_grad(loss_of, has_aux=True)

    def moved(params: Any, running: Any, velocity: Any, x: Any, labels: Any) -> Any:
        (loss, running), grads = slopes(params, running, x, labels)
        velocity = {name: MOMENTUM * velocity[name] + grad for name, grad in grads.items()}
        params = {name: w - RATE * velocity[name] for name, w in params.items()}
        return (params, running, velocity), loss

    compiled = jax.jit(moved, donate_argnums=(0, 1, 2))
    state = params, running, jax.tree.map(jnp.zeros_like, params)

    def step() -> float:
        nonlocal state
        state, loss = compiled(*state, x, labels)
        jax.block_until_ready(state)
        return float(loss)

    def gradients() -> tuple[float, dict[str, Any]]:
        (loss, _), grads = jax.jit(slopes)(*state[:2], x, labels)
        return float(loss), {name: np.asarray(grad) for name, grad in grads.items()}

    return Trainer(step, gradients)


def _depthwise(layer: dict[str, Any], arrays: Any, x: Any) -> Any:
    """A sum over taps: XLA's convolution in groups takes several times as long on a CPU."""
    name, (down, right) = layer["name"], layer["stride"]
    w, (top, bottom, left, rest) = arrays[f"{name}.weight"], layer["sides"]
    x = jnp.pad(x, ((0, 0), (top, bottom), (left, rest), (0, 0)))
    high, wide = x.shape[1] - w.shape[0] + 1, x.shape[2] - w.shape[1] + 1
    y = sum(
        w[i, j] * x[:, i : i + high : down, j : j + wide : right]
        for i in range(w.shape[0])
        for j in range(w.shape[1])
    )
    return y + arrays.get(f"{name}.bias", 0.0)


def _batch_norm(moved: dict[str, Any], layer: dict[str, Any], arrays: Any, x: Any) -> Any:
    """Of this batch's mean and variance; `moved` receives the new running ones."""
    name, count = layer["name"], x.size // x.shape[-1]
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    for kind, now in (("mean", mean), ("variance", variance * count / (count - 1))):
        old = moved[f"{name}.{kind}"]
        moved[f"{name}.{kind}"] = old + layer["momentum"] * (now - old)
    scale = arrays[f"{name}.gamma"] * lax.rsqrt(variance + layer["eps"])
    return (x - mean) * scale + arrays[f"{name}.beta"]
