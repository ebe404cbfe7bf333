"""How good predictions are: accuracies, an interval around them, the confusion matrix.

precision of a class = right among those named so        recall = right among those that are so
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ops.checks import Array

# A first class of less is as good as a warning.  Of the images that the shipped models are measured
# on, those above it are named right 97 times in 100, those below 6 to 7 times in 10 (docs/usage.md).
DOUBT = 0.7


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

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of top1: where the true accuracy may well lie, see `wilson`."""
        return wilson(self.correct, self.count)


@dataclass(frozen=True, eq=False)
class Evaluation(Scores):
    """The same, image by image.

    labels, predicted   (n,) the true and the most probable class
    confidence          (n,) the probability of the predicted class
    """

    classes: tuple[str, ...] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    predicted: NDArray[np.int64] = field(repr=False)
    confidence: Array = field(repr=False)

    __eq__, __hash__ = object.__eq__, object.__hash__  # not those of `Scores`, which has no images

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes): how many images of class i (row) were named class j (column)."""
        n = len(self.classes)
        return np.bincount(self.labels * n + self.predicted, minlength=n * n).reshape(n, n)

    @property
    def uncertain(self) -> tuple[int, int]:
        """Images whose most probable class has less than DOUBT, and how many of them are right."""
        doubted = self.confidence < DOUBT
        return int(doubted.sum()), int((self.labels == self.predicted)[doubted].sum())

    def per_class(self) -> list[dict[str, Any]]:
        """Of each class: images, precision, recall; None where there is nothing to divide by."""
        matrix = self.confusion
        right, true, named = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
        return [
            {
                "class": name,
                "images": int(true[k]),
                "precision": float(right[k] / named[k]) if named[k] else None,
                "recall": float(right[k] / true[k]) if true[k] else None,
            }
            for k, name in enumerate(self.classes)
        ]

    def worst(self, count: int) -> list[int]:
        """Indices of wrongly named images, the most confident first."""
        wrong = np.flatnonzero(self.labels != self.predicted)
        order = np.argsort(-self.confidence[wrong], kind="stable")
        return [int(k) for k in wrong[order][:count]]

    def to_json(self) -> dict[str, Any]:
        """All figures as a plain dict; rates are fractions."""
        return {
            "images": self.count,
            "top1": self.top1,
            "top5": self.top5,
            "loss": self.loss,
            "correct": self.correct,
            "interval": list(self.interval),
            "uncertain": dict(zip(("images", "correct"), self.uncertain, strict=True)),
            "classes": self.per_class(),
            "confusion": self.confusion.tolist(),
        }


def wilson(correct: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval of a proportion (1927); with this z it covers 95 %.

    Unlike p ± z sqrt(p (1-p) / n) it stays within 0..1 and is right where p is near 1.
    """
    p, n = correct / count, count
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)
