"""What can be known of names and images before the first step is found before it.

The run's folder has checks of its own (folder.py).
"""

import os
import unicodedata
from collections.abc import Sequence

from .config import Config
from .datasets import ArrayImages, Dataset

# categories of characters that a class cannot be called by: controls, ends of lines, and halves of
# pairs, which stand for bytes that are not UTF-8
UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")


def require_names(classes: Sequence[str], source: str) -> None:
    """ValueError where a class's name could not be written into weights, logs and pictures."""
    bad = [name for name in classes if any(unicodedata.category(c) in UNPRINTABLE for c in name)]
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
                if isinstance(text, str) and any("\ud800" <= c <= "\udfff" for c in text):
                    raise ValueError(f"{section}.{key}: {text!r} is not UTF-8; rename it")


def require_images(dataset: Dataset, what: str) -> None:
    """ValueError where there are none, or where a file that is one of them is missing."""
    if not len(dataset):
        raise ValueError(f"there are no {what} images")
    if not isinstance(dataset, ArrayImages):
        missing = [name for name in dataset.names if not os.path.isfile(name)]
        if missing:
            raise ValueError(
                f"{missing[0]}: no such file; {len(missing):,} of {len(dataset):,} {what} images are "
                "missing"
            )


def require_validation(training: Dataset, validation: Dataset | None) -> None:
    """ValueError where it could not be measured: without images, or of other classes."""
    if validation is None:
        return
    if not len(validation):
        raise ValueError("there are no validation images")
    if tuple(validation.classes) != tuple(training.classes):
        raise ValueError(
            f"the validation images are of {len(validation.classes)} classes, which are not, in names "
            f"and order, the {len(training.classes)} of the training images"
        )


def remarks(training: Dataset, config: Config) -> list[str]:
    """What is no error, but may not have been meant."""
    if config.train.batch <= len(training):
        return []
    return [
        f"a batch of {config.train.batch:,} is more than the {len(training):,} training images: each "
        "epoch is one step"
    ]
