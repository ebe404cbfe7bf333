"""Running a plan, forwards and backwards.

    logits, tape, statistics = forward(plan, params, x, train=True)
    grads = backward(plan, dlogits, tape)

`params` is one dict of arrays; nothing in it is changed.  The tape holds each layer's cache; a
training forward also returns the new running statistics, to be merged by whoever trains:
`params | statistics`.  `infer` gives the logits alone and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..ops import checks
from ..ops.checks import Array, plain
from ..ops.rungs import RUNGS, choose
from ..shown import NamedArrays
from .capabilities import require
from .execute import BACK_RUNNER, INFERRER, RUNNER, Run, execute_backward, layer_by_layer
from .layers import BatchNorm
from .network_plan import Plan, check_plan
from .params import check_params, dtype_of


class Tape(dict[str, Any]):
    """The cache of each layer by its name, in the order they ran, and the plan that they are of."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __repr__(self) -> str:
        return f"Tape({self.plan!r}, {len(self)} caches)"


def forward(
    plan: Plan,
    params: Mapping[str, Array],
    x: Array,
    *,
    train: bool = False,
    rung: str | None = None,
    rng: np.random.Generator | None = None,
    frozen: Collection[str] = (),
    total: Callable[[Array], Array] | None = None,
) -> tuple[Array, Tape, dict[str, Array]]:
    """Run a plan and keep what its backward pass needs.

    plan    what `npmobilenet.plan` returned
    params  name -> array, shaped as plan.arrays says, as `init` and `load` give them; not changed
    x       (N, H, W, C): images of the plan's resolution and channels, in the dtype of params
    train   True: normalise by the batch and drop out; False: by the running estimates, as `infer`
    rung    which implementation of the operators; None: the fastest of each
    rng     a numpy.random.Generator, which dropout draws from in training
    frozen  names of batch normalisations that use their running estimates in training too, and do not
            move them
    total   where x is a part of a batch and others run the rest: the sum of a float64 array over all of
            them, by which batch normalisations, forwards and backwards, are those of the whole batch

    Returns logits (N, classes), the tape that `backward` takes, and the moved running estimates by
    name, to be merged by whoever trains: params | statistics; none of them in evaluation.  ValueError
    where x or params do not fit the plan, naming what was expected and found.
    """
    check_plan(plan)
    norms = [layer.name for layer in plan.layers if isinstance(layer, BatchNorm)]
    checks.names("forward", "frozen", frozen, norms)
    checks.function("forward", "total", total)
    checks.generator("forward", rng)
    run = Run(params, checks.flag("forward", "train", train), rung, rng, frozen, total)
    tape = Tape(plan)
    return _execute(plan, run, x, tape=tape), tape, NamedArrays(run.statistics)


def infer(plan: Plan, params: Mapping[str, Array], x: Array, *, rung: str | None = None) -> Array:
    """Run a plan in evaluation: nothing is kept for a backward pass.

    plan    what `npmobilenet.plan` returned
    params  name -> array, shaped as plan.arrays says, as `init` and `load` give them
    x       (N, H, W, C): images of the plan's resolution and channels, in the dtype of params
    rung    which implementation of the operators; None: the fastest of each

    Returns logits (N, classes); of a plan without top its last map.  ValueError where x or params do not
    fit the plan, naming what was expected and found.
    """
    return _execute(plan, Run(params, False, rung, None), x)


def intermediates(
    plan: Plan,
    params: Mapping[str, Array],
    x: Array,
    names: Sequence[str] | None = None,
    *,
    rung: str | None = None,
) -> dict[str, Array]:
    """What layers put out in evaluation, by their names.

    plan    what `npmobilenet.plan` returned
    params  name -> array, shaped as plan.arrays says, as `init` and `load` give them
    x       (N, H, W, C): images of the plan's resolution and channels, in the dtype of params
    names   of layers, or of blocks, which stand for their last layer; None: of every layer
    rung    which implementation of the operators; None: the fastest of each

    Returns name -> (N, ...), in the order of names.  The run ends with the last layer asked for.
    ValueError for a name that the plan does not have, and where x or params do not fit the plan.
    """
    check_plan(plan)
    own = {layer.name: layer.name for layer in plan.layers}
    ends = {layer.block: layer.name for layer in plan.layers} | own
    if names is not None:
        checks.names("intermediates", "names", names, ends)
    sources = own if names is None else {name: ends[name] for name in names}
    found: dict[str, Array] = dict.fromkeys(sources.values(), x)
    _execute(plan, Run(params, False, rung, None), x, kept=found)
    return NamedArrays({name: found[source] for name, source in sources.items()})


def _execute(
    plan: Plan,
    run: Run,
    x: Array,
    *,
    tape: Tape | None = None,
    kept: dict[str, Array] | None = None,
) -> Array:
    """Run the layers in order; the tape takes their caches, `kept` the outputs it has names for."""
    check_plan(plan)
    if run.rung is not None:
        choose(plan.model, run.rung, RUNGS)
    check_params(plan, run.params, rung=run.rung)
    _check_image(plan, run.params, x)
    wanted = set(kept or ())
    ends = [place for place, layer in enumerate(plan.layers, start=1) if layer.name in wanted]
    layers = plan.layers[: max(ends)] if ends else plan.layers
    require(INFERRER if tape is None else RUNNER, layers)
    result = x
    for layer, y, cache in layer_by_layer(run, layers, x):
        if tape is not None:
            tape[layer.name] = cache
        del cache  # what no later layer reads is kept by the tape alone
        if kept is not None and layer.name in wanted:
            kept[layer.name] = y
        if layer is layers[-1]:
            result = y
        del y
    return result


def backward(
    plan: Plan,
    dlogits: Array,
    tape: Tape,
    *,
    image_gradient: bool = False,
    trained: Collection[str] | None = None,
    ready: Callable[[str, Array], object] | None = None,
) -> dict[str, Array]:
    """Gradients of every trained array, by the names that params has.

    plan            what `forward` ran
    dlogits         (N, classes): the loss's derivative by the logits, in their dtype
    tape            what that `forward` returned; may be used again, and gives the same answer
    image_gradient  True: the gradient of x too, (N, H, W, C), under "image"
    trained         names of the arrays whose gradients are wanted; None: all.  The pass ends with the
                    lowest layer that has one of them
    ready           called with the name and the gradient of each array, as soon as it is there

    Returns name -> gradient, shaped as the array.  ValueError where the tape is another plan's, dlogits
    are shaped otherwise than the logits, or a name is not one of the plan's.
    """
    check_plan(plan)
    whole = isinstance(tape, Tape) and list(tape) == [layer.name for layer in plan.layers]
    if not whole or tape.plan != plan:
        raise ValueError(f"{plan.model}: this tape is not of a forward pass of this plan")
    require(BACK_RUNNER, plan)
    checks.function("backward", "ready", ready)
    shape = plan.layers[-1].output
    if not plain(dlogits) or dlogits.shape[1:] != shape:
        found = f"{dlogits.dtype} {dlogits.shape}" if plain(dlogits) else checks.shown(dlogits)
        sizes = ", ".join(map(str, shape))
        raise ValueError(f"backward: dlogits must be an array (N, {sizes}), found {found}")
    if trained is not None:
        checks.names("backward", "trained", trained, plan.parameters)
    grads: dict[str, Array] = {}
    flowing: dict[str, Array] = {plan.layers[-1].name: dlogits}  # gradient of each layer's output
    names = [name for name in plan.parameters if trained is None or name in trained]
    wanted_names = set(names)
    image_gradient = checks.flag("backward", "image_gradient", image_gradient)
    lowest = 0 if image_gradient else _lowest(plan, names)
    for layer in reversed(plan.layers[lowest:]):
        wanted = image_gradient or layer.inputs != ("image",)
        dinputs, darrays = execute_backward(
            layer, flowing.pop(layer.name), tape[layer.name], wanted
        )
        for name, darray in zip(layer.arrays, darrays, strict=True):
            grads[f"{layer.name}.{name}"] = darray
            if ready and f"{layer.name}.{name}" in wanted_names:
                ready(f"{layer.name}.{name}", darray)
        for source, dinput in zip(layer.inputs, dinputs, strict=True):
            if dinput is not None:  # an output read twice receives the sum of both gradients
                flowing[source] = flowing[source] + dinput if source in flowing else dinput
    if image_gradient:
        grads["image"] = flowing["image"]
    named = {name: grads[name] for name in (*names, *(["image"] * image_gradient))}
    return NamedArrays(named)


def _lowest(plan: Plan, names: Collection[str]) -> int:
    """Index of the first layer that has one of the named arrays; the number of layers if none has."""
    wanted = set(names)
    having = (
        index
        for index, layer in enumerate(plan.layers)
        if any(f"{layer.name}.{array}" in wanted for array in layer.arrays)
    )
    return next(having, len(plan.layers))


def _check_image(plan: Plan, params: Mapping[str, Array], x: Array) -> None:
    expected = (*plan.resolution, plan.channels)
    if not checks.plain(x) or x.ndim != 4 or x.shape[1:] != expected:
        raise ValueError(
            f"{plan.model}: x must have shape (N, {', '.join(map(str, expected))}), "
            f"found {getattr(x, 'shape', type(x).__name__)}"
        )
    dtype = dtype_of(params)
    if x.dtype != dtype:
        raise ValueError(f"{plan.model}: x is {x.dtype} but the parameters are {dtype}")
