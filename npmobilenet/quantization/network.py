"""Running a network, of floats or of integers: `npmobilenet.infer` and `npmobilenet.intermediates`.

A quantised network takes images as one of floats does, and stores them first; then its answers are real
numbers too.  Given integers, it answers in integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..models import network
from ..models.network_plan import Plan
from ..ops import checks, integers
from ..ops.checks import Array, plain
from ..ops.rungs import RUNGS, choose
from ..shown import NamedArrays
from .execute import IntegerRun, execute
from .fitting import check_arrays
from .plan import QuantizedPlan


def infer(
    plan: Plan | QuantizedPlan, params: Mapping[str, Array], x: Array, *, rung: str | None = None
) -> Array:
    """Run a network in evaluation: nothing is kept for a backward pass.

    plan    what `npmobilenet.plan` returned, or the `QuantizedPlan` of `npmobilenet.quantize`
    params  name -> array, shaped as plan.arrays says, as `init` and `load` give them
    x       (N, H, W, C): images of the plan's resolution and channels, in the dtype of params.  For a
            quantised plan float32 or float64, or integers of its dtype, stored as plan["image"] says
    rung    which implementation of the operators; None: the fastest of each

    Returns logits (N, classes); of a plan without top its last map.  A quantised plan's are float32, or
    integers, stored as plan[plan.output] says, where x are integers.  ValueError where x or params do not
    fit the plan, naming what was expected and found.
    """
    if not isinstance(plan, QuantizedPlan):
        return network.infer(plan, params, x, rung=rung)
    y = None
    for name, values in _run(plan, params, x, rung):
        if name == plan.output:
            y = values
    assert y is not None  # every plan has its answer among its steps
    return y if x.dtype.kind != "f" else integers.dequantize(y, plan[plan.output])


def intermediates(
    plan: Plan | QuantizedPlan,
    params: Mapping[str, Array],
    x: Array,
    names: Sequence[str] | None = None,
    *,
    rung: str | None = None,
) -> dict[str, Array]:
    """What layers put out in evaluation, by their names.

    plan    what `npmobilenet.plan` returned, or a `QuantizedPlan`
    params  name -> array, shaped as plan.arrays says, as `init` and `load` give them
    x       (N, H, W, C): images of the plan's resolution and channels, as `infer` takes them
    names   of layers, or of blocks, which stand for their last layer; None: of every layer.  Of a
            quantised plan "image", its steps, and "softmax" where it has one
    rung    which implementation of the operators; None: the fastest of each

    Returns name -> (N, ...), in the order of names; a quantised plan's are integers.  The run ends with
    the last layer asked for.  ValueError for a name that the plan does not have, and where x or
    params do not fit the plan.
    """
    if not isinstance(plan, QuantizedPlan):
        return network.intermediates(plan, params, x, names, rung=rung)
    known = ["image", *(step.name for step in plan.steps)]
    known += ["softmax"] if "softmax" in plan.numbers else []
    if names is not None:
        checks.names("intermediates", "names", names, known)
    wanted = list(names) if names is not None else known
    found: dict[str, Array] = {}
    for name, values in _run(plan, params, x, rung):
        if name in wanted:
            found[name] = values
        if len(found) == len(set(wanted)):
            break
    return NamedArrays({name: found[name] for name in wanted})


def stored_images(qplan: QuantizedPlan, x: Array) -> Array:
    """Images as the integers that a quantised network reads.

    TypeError or ValueError, in one line, unless x is (N, H, W, C) of the plan's size, in floats or in
    integers of its dtype (uint8 where the network stores its "pixels" itself).
    """
    plan = qplan.plan
    shape = (*plan.resolution, plan.channels)
    if not plain(x):
        raise TypeError(f"{plan.model}: x must be a NumPy array, found {type(x).__name__}")
    if x.ndim != 4 or x.shape[1:] != shape:
        raise ValueError(
            f"{plan.model}: x must have shape (N, {', '.join(map(str, shape))}), found {x.shape}"
        )
    if x.dtype in (np.float32, np.float64):
        return integers.quantize(x, qplan["image"], rounding=qplan.rounding)
    if x.dtype == np.uint8 and "pixels" in qplan.numbers:
        how = {"rounding": qplan.rounding}
        return integers.requantize(x, qplan["pixels"], qplan["image"], **how)
    if x.dtype != np.dtype(qplan.dtype):
        raise TypeError(
            f"{plan.model}: x must be {qplan.dtype}, float32 or float64, found {x.dtype}"
        )
    return x


def _run(
    qplan: QuantizedPlan, arrays: Mapping[str, Array], x: Array, rung: str | None
) -> Iterator[tuple[str, Array]]:
    """(tensor, its integers), of each step as soon as it has run."""
    if rung is not None:
        choose(qplan.plan.model, rung, RUNGS)
    check_arrays(qplan, arrays)
    run = IntegerRun(qplan, arrays, rung)
    values = {"image": stored_images(qplan, x)}
    yield "image", values["image"]
    last = {source: step.name for step in qplan.steps for source in step.inputs}
    for step in qplan.steps:
        y = execute(run, step, [values[name] for name in step.inputs])
        values[step.name] = y
        yield step.name, y
        if step.name == qplan.output and "softmax" in qplan.numbers:
            yield "softmax", integers.softmax(y, qplan[step.name], qplan["softmax"], **run.how)
        for source in step.inputs:
            if last[source] == step.name:
                values.pop(source, None)
