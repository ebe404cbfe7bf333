"""How many images each class has, and what of it deserves a warning before training begins."""

from collections.abc import Sequence

import numpy as np

from ..text import displayed
from .dataset import Dataset, require_dataset

UNEVEN = 5  # the largest class has so many times the images of the smallest: worth a word


def class_counts(dataset: Dataset) -> dict[str, int]:
    """How many images each class has.

    dataset  n labelled images

    Returns class -> number of images, in the order of the classes.
    """
    require_dataset("class_counts: dataset", dataset)
    found = np.bincount(dataset.labels, minlength=len(dataset.classes))
    return dict(zip(dataset.classes, map(int, found), strict=True))


def summary(dataset: Dataset) -> str:
    """From the smallest to the largest class, in a line: "500 (daisy) to 800 (dandelion)"."""
    counts = class_counts(dataset)
    small, large = min(counts, key=lambda k: counts[k]), max(counts, key=lambda k: counts[k])
    if counts[small] == counts[large]:
        return f"{counts[small]:,} images in each class"
    ends = (f"{counts[name]:,} ({displayed(name)})" for name in (small, large))
    return f"{' to '.join(ends)} images a class"


def notes(dataset: Dataset | None) -> Sequence[str]:
    """What a data set of files says of itself (`ImageFiles`); a part of one says the same."""
    inner = getattr(dataset, "dataset", dataset)
    return tuple(getattr(inner, "notes", ()))


def warnings(training: Dataset, validation: Dataset | None) -> list[str]:
    """What was passed over, classes without images, classes of very different sizes: a line each."""
    found = list(dict.fromkeys([*notes(training), *notes(validation)]))
    for part, dataset in (("training", training), ("validation", validation)):
        if dataset is None:
            continue
        empty = [name for name, count in class_counts(dataset).items() if count == 0]
        if empty:
            more = ", ..." * (len(empty) > 5)
            found.append(f"no {part} images of: {', '.join(map(displayed, empty[:5]))}{more}")
    counts = class_counts(training)
    some = {name: count for name, count in counts.items() if count}
    if min(some.values()) * UNEVEN <= max(some.values()):
        small, large = min(some, key=lambda k: some[k]), max(some, key=lambda k: some[k])
        found.append(
            f"classes are uneven: {some[large]:,} images of {displayed(large)}, {some[small]:,} of "
            f"{displayed(small)}; accuracy will say little about the small ones, look at each class's "
            "recall"
        )
    return found
