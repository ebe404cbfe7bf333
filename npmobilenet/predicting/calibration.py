"""From a model of floats to one of 8-bit integers, and which images it is calibrated with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets.dataset import Dataset
from ..datasets.file_tree import image_files
from ..datasets.loader import batches
from ..datasets.splits import load_splits
from ..datasets.subsets import part_of
from ..images.inputs import opened
from ..images.preprocessing import Preprocessing, prepare
from ..ops.checks import Array, positive, shown
from ..quantization.correcting import corrected
from ..quantization.equalising import equalised
from ..quantization.quantizing import quantize
from .model import Model
from .predictor import require_model

COUNT = 128  # images to calibrate with: from a hundred on, ranges hardly move


def calibration_images(
    path: str | PathLike[str],
    preprocessing: Preprocessing,
    count: int = COUNT,
    *,
    workers: int = 2,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Array]:
    """Images to calibrate with, prepared, in batches: the training part of a data set, spread evenly.

    path           what training takes (`npmobilenet.datasets.load_splits`): a folder with train/ or with
                   a subfolder a class, lists, idx files, or "fashion-mnist-sample"; or any folder of
                   images, in which nothing needs a class
    preprocessing  the model's
    count          at most so many
    progress       called with how many are read

    Returns arrays (N, H, W, C).  ValueError, in one line, where there are no images or one cannot be
    read.
    """
    count = positive("calibrate", "count", count)
    if not isinstance(path, str | PathLike) or not str(path):
        raise ValueError(f"calibrate: path must be the name of a folder, found {shown(path)}")
    folder = Path(path)
    if folder.is_dir() and not (folder / "train").is_dir() and not _labelled(folder):
        return _of_files(sorted(image_files(folder)), folder, preprocessing, count, progress)
    dataset: Dataset = load_splits(folder, preprocessing.channels, validation=False).train
    dataset = part_of(dataset, _spread(len(dataset), count))
    found, done = [], 0
    for batch in batches(dataset, batch_size=32, preprocessing=preprocessing, workers=workers):
        found.append(batch.x)
        done += len(batch.x)
        progress(done)
    return found


def _labelled(folder: Path) -> bool:
    """Whether it is more than a heap of images: a data set that training takes."""
    try:
        load_splits(folder, validation=False)
    except ValueError:
        return False
    return True


def _of_files(
    files: list[str],
    folder: Path,
    preprocessing: Preprocessing,
    count: int,
    progress: Callable[[int], None],
) -> list[Array]:
    if not files:
        raise ValueError(f"{folder}: there are no images to calibrate with")
    found = []
    for done, place in enumerate(_spread(len(files), count), start=1):
        image = opened(files[place], preprocessing.channels)
        found.append(prepare(image, preprocessing)[None])
        progress(done)
    return found


def _spread(size: int, count: int) -> Any:
    """`count` of `size` places, evenly: a data set has one class after the other."""
    return np.unique(np.linspace(0, size - 1, min(size, int(count))).round().astype(np.int64))


def image_range(preprocessing: Preprocessing) -> tuple[float, float]:
    """The lowest and the highest number that an image can have: of black and of white."""
    ends = [
        ((pixel - mean) / std)
        for mean, std in zip(preprocessing.mean, preprocessing.std, strict=True)
        for pixel in (0.0, 1.0)
    ]
    return min(ends), max(ends)


def equalised_model(model: Model, images: Any) -> Model:
    """The model with channels that one scale suits (`npmobilenet.quantization.equalised`)."""
    return replace(model, params=equalised(model.plan, model.params, images), extra={})


def quantized_model(model: Model, images: Any, *, correct_bias: bool = False, **how: Any) -> Model:
    """The model in 8-bit integers: `npmobilenet.quantize` of what it is made of, with the same classes.

    model         of floats
    images        as `calibration_images` gives them
    correct_bias  True: what rounding the weights does to the mean of a channel is taken off its bias
                  (`npmobilenet.quantization.corrected`), measured on these images
    how           as `npmobilenet.quantize` takes it; image_range is that of the model's preprocessing

    Returns a `Model` that is predicted with, evaluated and saved as any other; it has no state of an
    optimiser.  ValueError as `quantize`.
    """
    model = require_model(model).floats("quantize")
    how = {"image_range": image_range(model.preprocessing)} | how
    quantized, arrays = quantize(model.plan, model.params, images, **how)
    if correct_bias:
        arrays = corrected(model.plan, model.params, quantized, arrays, images)
    return replace(model, plan=quantized.plan, params=arrays, quantized=quantized, extra={})
