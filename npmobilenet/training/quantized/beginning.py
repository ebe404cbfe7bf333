"""Ranges to begin with: what the network of floats puts out for some of the training images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace

import numpy as np

from ...datasets.dataset import Dataset
from ...datasets.loader import batches
from ...models.execute import Run, execute_forward
from ...models.params import dtype_of
from ...ops.checks import Array
from ...predicting.model import Model
from ...quantization.equalising import equalised
from ...quantization.storing import SMALLEST, of_range
from ..config import Config
from ..optimizers import Arrays
from .passes import Passes, last_reader
from .points import Weight

FRACTIONS = np.linspace(
    0.05, 1.0, 96
)  # of a weight's largest number, among which one is looked for


def first_arrays(passes: Passes, model: Model, training: Dataset, config: Config) -> Arrays:
    """A state's arrays before the first step: the model's, perhaps equalised, and those that are added.

    An activation's range is the mean of those of batches; a learnt scale of a weight has the least
    squared error.
    """
    points, how, dtype = passes.points, config.quantize, dtype_of(model.params)
    if how.equalise:
        images = (x.astype(dtype, copy=False) for x in _images(model, training, config))
        model = replace(model, params=equalised(model.plan, model.params, images))
    sums = {name: np.zeros(2) for name in points.free}
    count = 0
    for x in _images(model, training, config):
        count += 1
        for name, y in _outputs(passes, model.params, x.astype(dtype, copy=False)):
            sums[name] += min(0.0, float(y.min())), max(0.0, float(y.max()))
    found: Arrays = {}
    for name in points.free:
        low, high = sums[name] / count
        if how.ranges == "averaged":
            found[f"{name}.range"] = np.array([low, high], dtype)
        else:
            numbers = of_range(low, high, "int8")
            found[f"{name}.scale"] = np.array(numbers.scale, dtype)
            found[f"{name}.zero"] = np.array(numbers.zero_point, dtype)
    if how.ranges == "learnt":
        for name, weight in points.weights.items():
            folded, _ = passes.folded(model.params, name)
            found[f"{name}.weight.scale"] = _least_error(weight, folded, passes).astype(dtype)
    return dict(model.params) | found


def _outputs(passes: Passes, params: Mapping[str, Array], x: Array) -> Iterator[tuple[str, Array]]:
    """The tensors that need a range, not rounded, normalised as in the first step."""
    plan, points = passes.plan, passes.points
    run = Run(params, passes.how.still < 1, None, np.random.default_rng(0))
    values, last = {"image": x}, last_reader(plan)
    for layer in plan.layers:
        y, _ = execute_forward(run, layer, [values[name] for name in layer.inputs])
        values[layer.name] = y
        if points.after.get(layer.name) in points.free:
            yield points.after[layer.name], y
        for source in layer.inputs:
            if last[source] == layer.name:
                values.pop(source, None)


def _images(model: Model, training: Dataset, config: Config) -> Iterator[Array]:
    """Batches of the first epoch, as it will see them, until there are enough."""
    size = min(config.train.batch, config.quantize.images)
    drawn = batches(
        training,
        batch_size=size,
        preprocessing=model.preprocessing,
        seed=config.train.seed,
        epoch=0,
        augmentation=config.augment,
        shuffle=True,
        workers=config.data.workers,
    )
    with closing(drawn):
        for done, batch in enumerate(drawn):
            if done * size >= config.quantize.images:
                break
            yield batch.x


def _least_error(weight: Weight, folded: Array, passes: Passes) -> Array:
    """The scale, of the weight or of each channel, with the least squared error of what is stored."""
    how, flat = passes.how, folded.reshape(-1, weight.channels).astype(np.float64)
    if not how.per_channel:
        flat = flat.reshape(-1, 1)
    reach = np.maximum(np.abs(flat).max(axis=0), SMALLEST * how.greatest)
    scales = FRACTIONS[:, None] * reach / how.greatest
    errors = [
        ((np.clip(np.rint(flat / s), -how.greatest, how.greatest) * s - flat) ** 2).sum(axis=0)
        for s in scales
    ]
    best: Array = scales[np.argmin(errors, axis=0), np.arange(flat.shape[1])]
    return np.maximum(best, SMALLEST)
