"""Distillation: learning from what finished models say of an image, beside its label.

    target = (1 - share) q + share p                                     Hinton et al. 2015

q is 1 at the label, p the mean of the teachers' probabilities.  A label says "shirt" of an image that
might as well be a T-shirt; p says how much of either it is, and says it of wrongly labelled images too.

Each teacher is asked once about each training image as it is and, where the run flips images, about
its mirror image; what the run shifts or erases afterwards is not shown to the teachers.  So learning
from them costs a few passes over the images before the first step, and nothing in a step.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import ops
from ..datasets.dataset import Dataset
from ..datasets.file_tree import some
from ..datasets.subsets import at_resolution, free_megabytes
from ..images.augment import NONE, Augment
from ..names import same_names
from ..predicting.evaluation import logits_of
from ..predicting.model import Model
from ..predicting.predictor import NotFinite

MIRRORED = Augment(flip=1.0)


def require_teachers(teachers: Mapping[str, Model], classes: Sequence[str]) -> None:
    """ValueError for a teacher that knows other classes than these, or in another order."""
    for name, teacher in teachers.items():
        if not same_names(teacher.classes, classes):
            raise ValueError(
                f"distillation.teachers: {name} knows the classes {some(teacher.classes)}; the data has "
                f"{some(classes)}"
            )


def targets(
    dataset: Dataset,
    teachers: Mapping[str, Model],
    share: float,
    *,
    mirrored: bool,
    workers: int = 0,
) -> NDArray[np.float32]:
    """(n, classes): what to learn of each image; rows add up to 1.

    teachers: by name.  mirrored: ask about the mirror image too.  ValueError for a teacher of other
    classes.
    """
    require_teachers(teachers, dataset.classes)
    views = (NONE, MIRRORED) if mirrored else (NONE,)
    said = np.zeros((len(dataset), len(dataset.classes)))
    for name, teacher in teachers.items():
        sized = at_resolution(dataset, teacher.preprocessing, free_megabytes() // 4)
        for view in views:
            asked = logits_of(teacher, sized, batch_size=64, workers=workers, augmentation=view)
            try:
                said += np.concatenate([ops.softmax(logits) for logits, _ in asked])
            except NotFinite as error:
                raise ValueError(f"distillation.teachers: {name}: {error}") from None
    q = np.eye(len(dataset.classes))[dataset.labels]
    return ((1 - share) * q + share * said / (len(teachers) * len(views))).astype(np.float32)
