"""TFLite files of small networks, and what LiteRT makes of them."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.ops.checks import Array
from tests.foreign import foreign

ROUNDINGS = {"reference": "double", "xnnpack": "single"}  # whose kernels round how


def drawn(plan: nm.Plan, seed: int = 0) -> dict[str, Array]:
    """Parameters as training leaves them: no two channels normalised alike."""
    rng, params = np.random.default_rng(seed), dict(nm.init(plan, seed))
    for name, value in params.items():
        kind = name.rpartition(".")[2]
        if kind in ("gamma", "variance"):
            params[name] = rng.uniform(0.8, 1.25, value.shape).astype(np.float32)
        elif kind in ("beta", "mean", "bias"):
            params[name] = rng.normal(0, 0.02, value.shape).astype(np.float32)
    return params


def pictures(plan: nm.Plan, count: int = 1, seed: int = 1) -> Array:
    """Noise (N, H, W, C) from -1 to 1."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (count, *plan.resolution, plan.channels)).astype(np.float32)


def litert(path: Path, kernels: str, x: Array, *, every: bool = False) -> dict[str, Array]:
    """Tensors of a run by name: what comes out, or every one."""
    lite = foreign("ai_edge_litert.interpreter")
    settings: dict[str, Any] = {"num_threads": 1}
    if kernels == "reference":
        settings["experimental_op_resolver_type"] = lite.OpResolverType.BUILTIN_REF
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the memory that all tensors take
        made = lite.Interpreter(str(path), experimental_preserve_all_tensors=every, **settings)
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], x)
    made.invoke()
    wanted = made.get_tensor_details() if every else made.get_output_details()
    found = {}
    for tensor in wanted:
        try:
            found[tensor["name"]] = made.get_tensor(tensor["index"])
        except ValueError:  # nothing was computed for it
            continue
    return found


def integers(qplan: nm.QuantizedPlan, count: int = 1, seed: int = 2) -> Array:
    """Images of noise in integers, both ends in it."""
    plan, limits = qplan.plan, np.iinfo(qplan.dtype)
    shape = (count, *plan.resolution, plan.channels)
    rng = np.random.default_rng(seed)
    return rng.integers(limits.min, limits.max, shape, qplan.dtype, endpoint=True)


def differing(qplan: nm.QuantizedPlan, arrays: Any, path: Path, kernels: str) -> list[str]:
    """Names of the tensors in which LiteRT's integers are not ours; all steps are looked at."""
    x = integers(qplan)
    theirs = litert(path, kernels, x, every=True)
    rounded = qplan.with_rounding(ROUNDINGS[kernels])
    steps = [step.name for step in qplan.steps]
    ours = nm.intermediates(rounded, arrays, x, steps)
    missing = set(steps) - set(theirs)
    assert not missing, missing
    return [
        name
        for name, y in ours.items()
        if not np.array_equal(theirs[name].reshape(y.shape), y) or theirs[name].dtype != y.dtype
    ]
