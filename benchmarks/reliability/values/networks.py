"""Engines and training steps on unusual numbers, beside the executor, whose operators are PyTorch's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import npmobilenet as nm

from .exceptions import CANCELLING, NOISE, SQUARES, WIDTHS
from .planting import PLANTS

Array = np.ndarray[Any, Any]
TOLERANCES = {"engine": 1e-3, "step": 1e-2, "gradients": 5e-2}


def plans(few: bool) -> dict[str, nm.Plan]:
    """Networks of each activation; whose channels are multiples of 8, and whose are not."""
    found = {}
    for name in ("relu",) if few else ("relu", "relu6", "hard_swish", "swish"):
        bare = nm.Dialect(name="bare", batch_norm=False, conv_bias=True, activation=name)
        found[f"{name}, without normalisation"] = _plan("v1-shallow", 0.5, bare)
    found["V1"] = _plan("v1-shallow", 0.5)
    found["V1 of odd widths"] = _plan("v1-shallow", 0.35)
    if not few:
        found |= {"V2": _plan("v2", 0.5), "V3": _plan("v3-small", 0.5)}
    return found


def _plan(model: str, width: float, dialect: Any = None) -> nm.Plan:
    return nm.plan(model, width=width, resolution=32, classes=8, dialect=dialect)


def _off(found: Array, wanted: Array, exact: Array, tolerance: float) -> str:
    """How two tensors differ; "" where they do not: by no more than float32 is off the exact one."""
    for what, test in (("NaN", np.isnan), ("Inf", np.isposinf), ("-Inf", np.isneginf)):
        if (test(found) != test(wanted)).any():
            return f"{what}: {int(test(found).sum())} elements, {int(test(wanted).sum())} wanted"
    finite = np.isfinite(wanted)
    a, b = found[finite].astype(np.float64), wanted[finite].astype(np.float64)
    size = float(np.abs(b).max(initial=0))
    most = float(np.abs(a - b).max(initial=0))
    own = float(np.abs(b - exact[finite]).max(initial=0))
    allowed = max(tolerance * size + 1e-30, 4 * own)
    return f"off by {most:g} of {size:g}" if most > allowed else ""


def networks(few: bool) -> Iterator[tuple[str, str]]:
    """(what differs, the exception it is), of an engine's logits, a step's logits and its gradients."""
    for name, plan in plans(few).items():
        params = {k: np.asarray(v) for k, v in nm.init(plan, 0).items()}
        engine, step = nm.compile(plan, params, 2, 1), nm.compile_training(plan, params, 2, 1)
        odd = any(layer.output[-1] % 8 for layer in plan.layers)
        for number, (what, plant) in enumerate(PLANTS.items()):
            rng = np.random.default_rng((11, number))
            x = plant(rng.standard_normal((2, 32, 32, 3)).astype(np.float32), rng)
            dy = rng.standard_normal((2, 8)).astype(np.float32)
            for part, said, noise in _parts(plan, params, engine, step, x, dy):
                infinite = "Inf" in what or "1e30" in what
                exception = WIDTHS[0] if said and odd and infinite else ""
                normalised = any(layer.kind == "batch_norm" for layer in plan.layers)
                if said and normalised and "1e30" in what and part != "engine":
                    exception = SQUARES[0]
                if said and what == "1e4 + x" and part == "gradients":
                    exception = CANCELLING[0]
                if said and not exception and noise:
                    exception = NOISE[0]
                line = f"{name}: {part}, {what} in the image: {said}" if said else ""
                yield line, exception


def _parts(
    plan: nm.Plan, params: dict[str, Array], engine: Any, step: Any, x: Array, dy: Array
) -> Iterator[tuple[str, str, bool]]:
    """(part, how ours differs, whether the executor's float32 keeps no digit of some gradient either)."""

    def passes(params: dict[str, Array], x: Array, dy: Array) -> dict[str, dict[str, Array]]:
        logits, tape, _ = nm.forward(plan, params, x, train=True, rng=np.random.default_rng(0))
        return {
            "engine": {"logits": nm.infer(plan, params, x)},
            "step": {"logits": logits},
            "gradients": dict(nm.backward(plan, dy, tape)),
        }

    def differs(found: dict[str, Array], part: str) -> str:
        for name, value in wanted[part].items():
            if off := _off(found[name], value, exact[part][name], TOLERANCES[part]):
                return f"{name} {off}"
        return ""

    double = {name: value.astype(np.float64) for name, value in params.items()}
    exact = passes(double, x.astype(np.float64), dy.astype(np.float64))
    wanted = passes(params, x, dy)
    logits, _ = step.forward(x, rng=np.random.default_rng(0))
    ours = {"engine": {"logits": engine(x)}, "step": {"logits": logits}}
    ours["gradients"] = dict(step.backward(dy))
    noise = any(
        np.abs(value - exact[part][name]).max() > np.abs(exact[part][name]).max() / 2
        for part in ("step", "gradients")
        for name, value in wanted[part].items()
    )
    for part, found in ours.items():
        yield part, differs(found, part), noise and part != "engine"
