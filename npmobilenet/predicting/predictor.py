"""From prepared images to logits and probabilities: the one place where a trained model runs."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from .. import ops
from ..engine import compile
from ..engine.handled import ENGINE, INTEGER_ENGINE
from ..models.capabilities import handles
from ..models.params import dtype_of
from ..ops.checks import Array, plain, shown
from ..ops.rungs import default_rung
from ..quantization.network import infer
from .model import ENGINES, Model

BATCH = 8  # images at once where nobody says; the trunk runs image by image, so more gain nothing


class NotFinite(ValueError):
    """Logits of which some are NaN or infinite: nothing can be said by them."""


def predictor(model: Model, batch: int, engine: str = "compiled") -> Callable[[Array], Array]:
    """The function from prepared images x (N, H, W, C), N at most `batch`, to logits (N, classes).

    Every prediction and every evaluation of the project runs its network here.  engine: "compiled" is
    that of `npmobilenet.compile`, where Numba runs, the parameters are float32 or 8-bit integers and it
    has stages for all layers; "reference" is the reference executor.  The function raises NotFinite, a
    ValueError, where logits are.
    """
    require_model(model)
    if not isinstance(engine, str) or engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, found {shown(engine)}")
    dtype, stages = _dtype(model), INTEGER_ENGINE if model.quantized else ENGINE
    run: Callable[[Array], Array] = partial(infer, model.network, model.params)
    compiles = dtype == np.float32 and default_rung() != "numpy" and handles(stages, model.plan)
    if engine == "compiled" and compiles:
        run = compile(model.network, model.params, batch)
    return partial(_finite, model.params, dtype, run)


def _dtype(model: Model) -> np.dtype[Any]:
    """Of the images that its network takes: params', or float32, which a quantised one stores itself."""
    quantized = model.quantized is not None
    return np.dtype(np.float32) if quantized else dtype_of(model.params)


def require_model(model: Model) -> Model:
    """The model; TypeError for what is none."""
    if not isinstance(model, Model):
        raise TypeError(f"model must be a Model, found {type(model).__name__}")
    return model


def _finite(
    params: Mapping[str, Array], dtype: np.dtype[Any], run: Callable[[Array], Array], x: Array
) -> Array:
    """run(x), if all of it is finite; else NotFinite, which says how much of it is not, and why."""
    if not plain(x) or x.dtype not in (np.float32, np.float64):
        kind = x.dtype if plain(x) else type(x).__name__
        raise TypeError(f"predictor: x must be prepared images, float32 or float64, found {kind}")
    with np.errstate(all="ignore"):  # NumPy's warnings on the way to it say less
        logits = run(x.astype(dtype, copy=False))
    wrong = logits.size - int(np.isfinite(logits).sum())
    if wrong:
        broken = [name for name, value in params.items() if not np.isfinite(value).all()]
        found = [f"{name} holds numbers that are not" for name in broken[:1]]
        if len(broken) > 1:
            found = [f"{len(broken)} arrays of the weights are not either, first {broken[0]}"]
        raise NotFinite("; ".join([f"{wrong} of {logits.size} logits are not finite", *found]))
    return logits


def probabilities(model: Model, x: Array, *, engine: str = "compiled") -> Array:
    """Probability of every class, (N, classes), for prepared images x (N, H, W, C)."""
    count = len(x) if plain(x) and x.ndim else 1  # what is no array the predictor refuses
    return ops.softmax(predictor(model, max(1, count), engine)(x))
