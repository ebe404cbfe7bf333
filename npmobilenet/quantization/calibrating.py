"""Running a network on images to see which numbers its tensors take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from ..models.execute import Run, execute_forward
from ..models.network_plan import Plan
from ..ops.checks import Array, plain
from .fitting import shifts
from .observers import MinMax
from .plan import Lowered

BATCH = 8  # images at once: more only take memory
Images = Array | Iterable[Array]


def watched(low: Lowered) -> dict[str, str]:
    """Tensor of the integer network -> the layer of the folded plan whose result it stands for.

    A hard sigmoid's "NAME.shifted" stands for relu6(x + 3) of what that layer puts out.
    """
    found = {"image": "image"}
    for step in low.steps:
        if shifts(step):
            found[f"{step.name}.shifted"] = found[step.inputs[0]]
        found[step.name] = low.ends[step.name]
    return found


def observed(
    plan: Plan,
    params: Mapping[str, Array],
    images: Sequence[Array],
    low: Lowered,
    make: Callable[[str], MinMax],
    progress: Callable[[int, int], None],
) -> dict[str, MinMax]:
    """What was seen of each tensor.

    plan, params  folded, in floats
    images        batches (N, H, W, C)
    make          an observer for a tensor's name
    progress      called with how many images were run, of how many, each pass counted

    ValueError, which names the tensor, where numbers are not finite.
    """
    tensors = watched(low)
    found = {name: make(name) for name in tensors}
    turns = max(seen.passes for seen in found.values())
    total, done = turns * sum(len(batch) for batch in images), 0
    for turn in range(turns):
        for batch in images:
            for name, values in outputs(plan, params, batch, tensors):
                if not np.isfinite(values).all():
                    raise ValueError(f"quantize: {name} becomes infinite or NaN on these images")
                if turn < found[name].passes:
                    found[name].see(values, turn)
            done += len(batch)
            progress(done, total)
    return found


def outputs(
    plan: Plan, params: Mapping[str, Array], x: Array, tensors: Mapping[str, str]
) -> Iterator[tuple[str, Array]]:
    """(tensor, its real numbers), of the tensors in `watched`, each as soon as it is known."""
    wanted: dict[str, list[str]] = {}
    for name, source in tensors.items():
        wanted.setdefault(source, []).append(name)
    run = Run(params, False, None, None)
    values = {"image": x}
    last = {source: layer.name for layer in plan.layers for source in layer.inputs}
    yield from _named(wanted.get("image", ()), x)
    for layer in plan.layers:
        y, _ = execute_forward(run, layer, [values[name] for name in layer.inputs])
        values[layer.name] = y
        yield from _named(wanted.get(layer.name, ()), y)
        for source in layer.inputs:
            if last[source] == layer.name:
                values.pop(source, None)


def _named(names: Iterable[str], y: Array) -> Iterator[tuple[str, Array]]:
    for name in names:
        yield name, np.clip(y + 3, 0, 6) if name.endswith(".shifted") else y


def batched(plan: Plan, images: Images, dtype: np.dtype[np.generic]) -> list[Array]:
    """Images as batches of at most BATCH, in params' dtype.

    ValueError or TypeError, in one line, for what are no images of the plan.
    """
    if isinstance(images, Mapping | str) or not isinstance(images, Iterable):
        raise TypeError(
            "quantize: images must be an array (N, H, W, C) or several of them, found "
            f"{type(images).__name__}"
        )
    shape = (*plan.resolution, plan.channels)
    parts: list[Array] = []
    for k, part in enumerate([images] if isinstance(images, np.ndarray) else images):
        where = "images" if isinstance(images, np.ndarray) else f"images[{k}]"
        if not plain(part) or part.ndim != 4 or part.shape[1:] != shape:
            found = part.shape if plain(part) else type(part).__name__
            raise ValueError(
                f"quantize: {where} must be an array (N, {_inside(shape)}), found {found}"
            )
        if part.dtype.kind != "f":
            raise ValueError(
                f"quantize: {where} must be prepared images, floating-point as the network reads "
                f"them, found {part.dtype}"
            )
        if not np.isfinite(part).all():
            raise ValueError(f"quantize: {where} has numbers that are not finite")
        parts += [part[i : i + BATCH].astype(dtype, copy=False) for i in range(0, len(part), BATCH)]
    if not parts:
        raise ValueError("quantize: there are no images to calibrate with")
    return parts


def _inside(shape: Sequence[int]) -> str:
    return ", ".join(map(str, shape))
