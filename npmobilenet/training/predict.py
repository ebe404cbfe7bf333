"""What a trained model says: of single images, and of a whole data set."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .. import ops
from ..models.network import infer
from ..ops.checks import Array
from ..weights.native import Model
from .datasets import Dataset
from .loader import batches


@dataclass(frozen=True)
class Scores:
    """How well a model does on `count` images; top1 and top5 are fractions, loss a mean."""

    count: int
    correct: int
    correct5: int
    loss: float

    @property
    def top1(self) -> float:
        """Share of images whose most probable class is right."""
        return self.correct / self.count

    @property
    def top5(self) -> float:
        """Share of images whose class is among the five most probable (or among all, if fewer)."""
        return self.correct5 / self.count


def probabilities(model: Model, x: Array, *, rung: str | None = None) -> Array:
    """Probability of every class, (N, classes), for prepared images x (N, H, W, C)."""
    return ops.softmax(infer(model.plan, model.params, x, rung=rung))


def logits_of(
    model: Model, dataset: Dataset, *, batch_size: int, workers: int
) -> Iterator[tuple[Array, Array]]:
    """Logits and labels of a data set, a batch at a time, in its own order."""
    for batch in batches(
        dataset,
        batch_size=batch_size,
        preprocessing=model.preprocessing,
        seed=0,
        epoch=0,
        augmentation="none",
        shuffle=False,
        workers=workers,
    ):
        yield infer(model.plan, model.params, batch.x), batch.labels


def evaluate(model: Model, dataset: Dataset, *, batch_size: int = 64, workers: int = 2) -> Scores:
    """Score a model on a data set, without augmentation."""
    correct = correct5 = count = 0
    loss = 0.0
    for logits, labels in logits_of(model, dataset, batch_size=batch_size, workers=workers):
        ranked = np.argsort(-logits, axis=1, kind="stable")
        correct += int((ranked[:, 0] == labels).sum())
        correct5 += int((ranked[:, :5] == labels[:, None]).any(axis=1).sum())
        loss += ops.softmax_cross_entropy(logits, labels)[0] * len(labels)
        count += len(labels)
    return Scores(count, correct, correct5, loss / count)
