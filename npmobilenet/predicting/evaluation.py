"""What a trained model says of a whole data set, and how good that is."""

from collections.abc import Callable, Generator
from contextlib import closing

import numpy as np

from .. import ops
from ..datasets.dataset import Dataset
from ..datasets.loader import batches
from ..datasets.subsets import part_of
from ..images.augment import NONE, Augment
from ..ops.checks import Array, function
from ..ranks.world import Ranks
from .metrics import Evaluation
from .model import Model
from .predictor import predictor, require_model


def logits_of(
    model: Model,
    dataset: Dataset,
    *,
    batch_size: int,
    workers: int,
    engine: str = "compiled",
    augmentation: Augment = NONE,
) -> Generator[tuple[Array, Array], None, None]:
    """Logits and labels of a data set, a batch at a time, in its own order."""
    drawn = batches(  # complains at once of arguments that cannot be
        dataset,
        batch_size=batch_size,
        preprocessing=require_model(model).preprocessing,
        workers=workers,
        augmentation=augmentation,
    )
    logits = predictor(model, min(batch_size, max(len(dataset), 1)), engine)
    for batch in drawn:
        yield logits(batch.x), batch.labels


def evaluate(
    model: Model,
    dataset: Dataset,
    *,
    batch_size: int = 64,
    workers: int = 2,
    engine: str = "compiled",
    progress: Callable[[int], None] = lambda done: None,
    ranks: Ranks | None = None,
) -> Evaluation:
    """Score a model on a data set, without augmentation.

    engine as in `predictor`.  progress is called with the number of images seen, after each batch;
    what it raises ends the evaluation.  ranks: who has a part of the images each, in their order; all get
    the scores of all.
    """
    function("evaluate", "progress", progress, none=False)
    ranks = ranks or Ranks()
    own = dataset
    if ranks.size > 1:
        own = part_of(dataset, np.arange(*ranks.slice(len(dataset))))
    with ranks.agreeing(), ranks.alone():
        mine = _scored(
            model, own, batch_size=batch_size, workers=workers, engine=engine, progress=progress
        )
    scored = [part for part in ranks.gather(mine) if part is not None]
    if not scored:
        raise ValueError("evaluate: there are no images to score")
    correct5, loss = sum(part[0] for part in scored), sum(part[1] for part in scored)
    columns = zip(*(part[2] for part in scored), strict=True)
    labels, predicted, confidence = (np.concatenate(column) for column in columns)
    correct, count = int((predicted == labels).sum()), len(labels)
    return Evaluation(
        count, correct, correct5, loss / count, model.classes, labels, predicted, confidence
    )


Scored = tuple[int, float, tuple[Array, Array, Array]]


def _scored(
    model: Model,
    dataset: Dataset,
    *,
    batch_size: int,
    workers: int,
    engine: str,
    progress: Callable[[int], None],
) -> Scored | None:
    """Right among five, summed loss, and labels, predicted classes and confidence; None of no images."""
    parts: list[tuple[Array, Array, Array]] = []
    correct5 = count = 0
    loss = 0.0
    drawn = logits_of(model, dataset, batch_size=batch_size, workers=workers, engine=engine)
    with closing(drawn):  # its threads end here, whatever `progress` raises
        for logits, labels in drawn:
            ranked = np.argsort(-logits, axis=1, kind="stable")
            correct5 += int((ranked[:, :5] == labels[:, None]).any(axis=1).sum())
            loss += ops.softmax_cross_entropy(logits, labels)[0] * len(labels)
            count += len(labels)
            parts.append((labels, ranked[:, 0], ops.softmax(logits).max(axis=1)))
            progress(count)
    if not parts:
        return None
    labels, predicted, confidence = (np.concatenate(part) for part in zip(*parts, strict=True))
    return correct5, loss, (labels, predicted, confidence)
