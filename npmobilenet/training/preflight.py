"""What can be known of names and images before the first step is found before it.

The run's folder has checks of its own (run/folder.py).
"""

from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from ..datasets.dataset import Dataset, require_dataset
from ..datasets.file_tree import above, real
from ..datasets.folder import ImageFolder
from ..datasets.subsets import all_megabytes
from ..limits import in_words
from ..models.layers import BatchNorm
from ..models.network_plan import Plan
from ..ops.checks import Array, plain
from ..predicting.model import Model
from ..text import printable, writable
from .config import Config
from .step import Step


def require_names(classes: Sequence[str], source: str) -> None:
    """ValueError where a class's name could not be written into weights, logs and pictures."""
    bad = [name for name in classes if printable(name) != name]
    if bad:
        raise ValueError(
            f"{source}: {len(bad)} of {len(classes)} classes have bytes that are not UTF-8, or control "
            f"characters, in their names, the first is {bad[0]!r}; rename them"
        )


def require_texts(config: Config) -> None:
    """ValueError where a text of the configuration, mostly a path, could not be written as UTF-8."""
    for section, table in config.to_document().items():
        for key, value in table.items():
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and not writable(text):
                    raise ValueError(f"{section}.{key}: {text!r} is not UTF-8; rename it")


def require_apart(folder: Path, *datasets: Dataset | None) -> None:
    """ValueError for a run's folder among the images, where it would be taken for a class of them."""
    for dataset in datasets:
        while inner := getattr(dataset, "dataset", None):
            dataset = inner
        if isinstance(dataset, ImageFolder) and real(dataset.folder) in above(folder / "file"):
            raise ValueError(
                f"{folder}: lies in {dataset.folder}, among the images, and would be taken for some of "
                "them; choose another folder (--output)"
            )


def require_kinds(
    training: Dataset, validation: Dataset | None, config: Config, targets: Array | None
) -> None:
    """TypeError for arguments of `train` that are something else."""
    require_dataset("train: training", training)
    if validation is not None:
        require_dataset("train: validation", validation)
    if not isinstance(config, Config):
        raise TypeError(f"train: config must be a Config, found {type(config).__name__}")
    if targets is not None and not (plain(targets) and targets.dtype.kind == "f"):
        found = getattr(targets, "dtype", type(targets).__name__)
        raise TypeError(f"train: targets must be an array of real numbers, found {found}")


def require_sound(
    model: Model,
    training: Dataset,
    validation: Dataset | None,
    config: Config,
    targets: Array | None,
) -> None:
    """ValueError for what `train` is given and could not learn from, measure on, or write down."""
    require_names(training.classes, "train")
    require_texts(config)
    for what, images in (("training", training), ("validation", validation)):
        if images is not None and not len(images):
            raise ValueError(f"train: there are no {what} images")
    if validation is not None and tuple(validation.classes) != model.classes:
        raise ValueError(
            f"train: the validation images are of {len(validation.classes)} classes, which are not, in "
            f"names and order, the {len(model.classes)} of the training images"
        )
    for name, value in model.params.items():
        if not np.isfinite(value).all():
            raise ValueError(f"train: {name}, to start from, is not finite")
    if targets is None:
        return
    wanted = (len(training), model.plan.classes)
    if targets.shape != wanted:
        raise ValueError(f"train: targets must be {wanted}, found {targets.shape}")
    if not np.isfinite(targets).all():
        raise ValueError("train: targets are not finite; no teacher may say NaN or infinity")


def require_memory(plan: Plan, config: Config, images: int, ranks: int = 1) -> None:
    """ValueError where a step cannot fit into this machine, before any memory is taken.

    Counted is only what the largest layer reads and gives, of the images that are computed at once.
    """
    at_once = -(-min(images, config.train.batch) // (config.train.accumulate * ranks))
    least, there = 4 * at_once * plan.widest, all_megabytes() * 1_000_000
    if 0 < there < least:
        height, width = plan.resolution
        raise ValueError(
            f"train: {at_once} images at once of {height} x {width} pixels need {in_words(least)} and "
            f"more, this machine has {in_words(there)}: a smaller train.batch or model.resolution, or "
            "train.accumulate"
        )


def require_batches(step: Step, training: Dataset, config: Config) -> None:
    """ValueError where a batch of one image gives a normalisation one value a channel: no variance."""
    if min(len(training), config.train.batch) > 1:
        return
    for layer in step.plan.layers:
        learns = isinstance(layer, BatchNorm) and layer.name not in step.frozen
        if learns and prod(layer.input[:-1]) == 1:
            raise ValueError(
                f"{layer.name}: cannot normalise one image of 1 x 1 pixels; there must be more images in "
                f"a batch, found {config.train.batch} of {len(training):,}, or a larger resolution"
            )


def remarks(training: Dataset, config: Config) -> list[str]:
    """What is no error, but may not have been meant."""
    found = []
    if len(training.classes) == 1:
        found.append(f"there is one class, {training.classes[0]}: nothing to choose from")
    if config.train.batch > len(training):
        found.append(
            f"a batch of {config.train.batch:,} is more than the {len(training):,} training images: "
            "each epoch is one step"
        )
    return found
