"""Mixup and cutmix: two images in one, and a target that is partly either class.

    mixup    x = lam a + (1 - lam) b                               Zhang et al. 2018
    cutmix   a rectangle of a, 1 - lam of its area, shows b        Yun et al. 2019
    both     q = lam q_a + (1 - lam) q_b,     lam from Beta(alpha, alpha)

b is another image of the same batch.  So which two meet depends on the batch, that is on seed, epoch
and step, and on nothing else.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ops import checks
from .augment import Augment, Box

Floats = NDArray[np.float32]
MOST_CLASSES = 2**20  # of targets that are made here


def mixed(
    x: Floats,
    labels: NDArray[np.int64] | Floats,
    classes: int,
    how: Augment,
    rng: np.random.Generator,
) -> tuple[Floats, NDArray[np.int64] | Floats]:
    """A batch with its images mixed in pairs, mixup or CutMix, where asked for.

    x        (N, H, W, C): images
    labels   (N,) integers, or targets (N, classes) themselves
    classes  how many there are
    how      an `Augment`: its mixup and cutmix
    rng      a numpy.random.Generator, which all is drawn from

    Returns x and labels as given, or mixed images and targets (N, classes).
    """
    checks.array("mixed", "x", x, "N H W C")
    checks.instance("mixed", "how", how, Augment)
    checks.instance("mixed", "rng", rng, np.random.Generator)
    classes = checks.integer("mixed", "classes", classes, 1, most=MOST_CLASSES)
    _require_labels(labels, len(x), classes)
    mixture = drawn(len(x), x.shape[1:3], how, rng)
    if mixture is None:
        return x, labels
    return mixture.mix(x, labels, x[mixture.partner], labels[mixture.partner], classes)


def _require_labels(labels: NDArray[np.int64] | Floats, count: int, classes: int) -> None:
    """Integers below the number of classes, or targets."""
    numbers = checks.plain(labels) and labels.dtype.kind in "iu" and labels.shape == (count,)
    targets = checks.plain(labels) and labels.dtype.kind == "f" and labels.shape == (count, classes)
    if not numbers and not targets:
        found = f"{labels.dtype} {labels.shape}" if checks.plain(labels) else type(labels).__name__
        raise ValueError(
            f"mixed: labels must be integers ({count},) or floats ({count}, {classes}), found {found}"
        )
    if numbers and count and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            f"mixed: labels must be from 0 to {classes - 1}, found {labels.min()}..{labels.max()}"
        )


def _one_hot(labels: NDArray[np.int64] | Floats, classes: int) -> Floats:
    """Targets as they are, labels as rows that are 1 at their class."""
    if labels.ndim == 2:
        return np.asarray(labels, np.float32)
    rows = np.zeros((len(labels), classes), np.float32)
    rows[np.arange(len(labels)), labels] = 1
    return rows


class Mixture(NamedTuple):
    """How one batch is mixed: with whom each image, lam of it, and for CutMix where the other shows."""

    partner: NDArray[np.int64]
    lam: float
    box: Box | None

    def mix(
        self,
        x: Floats,
        labels: NDArray[np.int64] | Floats,
        others: Floats,
        their_labels: NDArray[np.int64] | Floats,
        classes: int,
    ) -> tuple[Floats, Floats]:
        """Images and targets of some of the batch, from these and, row by row, their partners'."""
        lam = self.lam
        if self.box is None:
            x = np.float32(lam) * x + np.float32(1 - lam) * others
        else:
            top, left, height, width = self.box
            x = x.copy()
            part = (slice(None), slice(top, top + height), slice(left, left + width))
            x[part] = others[part]
            lam = 1 - height * width / (x.shape[1] * x.shape[2])  # what is seen of it after all
        q, r = (_one_hot(one, classes) for one in (labels, their_labels))
        return x, np.float32(lam) * q + np.float32(1 - lam) * r


def drawn(
    count: int, size: tuple[int, ...], how: Augment, rng: np.random.Generator
) -> Mixture | None:
    """How a batch of so many images of that height and width is mixed; None: not at all."""
    if not (how.mixup or how.cutmix):
        return None
    cut = bool(how.cutmix) and (not how.mixup or rng.random() < 0.5)
    alpha = how.cutmix if cut else how.mixup
    lam = float(rng.beta(alpha, alpha))
    partner = rng.permutation(count)
    return Mixture(partner, lam, rectangle(size[0], size[1], 1 - lam, rng) if cut else None)


def rectangle(height: int, width: int, area: float, rng: np.random.Generator) -> Box:
    """A part of the image's own shape around a random pixel, cut off at the borders."""
    h, w = round(height * math.sqrt(area)), round(width * math.sqrt(area))
    i, j = int(rng.integers(height)), int(rng.integers(width))
    top, left = max(i - h // 2, 0), max(j - w // 2, 0)
    return top, left, min(i - h // 2 + h, height) - top, min(j - w // 2 + w, width) - left
