"""Mixup and cutmix: two images in one, and a target that is partly either class.

    mixup    x = lam a + (1 - lam) b                               Zhang et al. 2018
    cutmix   a rectangle of a, 1 - lam of its area, shows b        Yun et al. 2019
    both     q = lam q_a + (1 - lam) q_b,     lam from Beta(alpha, alpha)

b is another image of the same batch.  So which two meet depends on the batch, that is on seed, epoch
and step, and on nothing else.
"""

import math

import numpy as np
from numpy.typing import NDArray

from .augment import Augment, Box

Floats = NDArray[np.float32]


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
    if not (how.mixup or how.cutmix):
        return x, labels
    cut = bool(how.cutmix) and (not how.mixup or rng.random() < 0.5)
    alpha = how.cutmix if cut else how.mixup
    lam = float(rng.beta(alpha, alpha))
    partner = rng.permutation(len(x))
    if cut:
        top, left, height, width = rectangle(x.shape[1], x.shape[2], 1 - lam, rng)
        x = x.copy()
        part = (slice(None), slice(top, top + height), slice(left, left + width))
        x[part] = x[partner][part]
        lam = 1 - height * width / (x.shape[1] * x.shape[2])  # what is seen of it after all
    else:
        x = np.float32(lam) * x + np.float32(1 - lam) * x[partner]
    q = np.eye(classes, dtype=np.float32)[labels] if labels.ndim == 1 else labels
    return x, np.float32(lam) * q + np.float32(1 - lam) * q[partner]


def rectangle(height: int, width: int, area: float, rng: np.random.Generator) -> Box:
    """A part of the image's own shape around a random pixel, cut off at the borders."""
    h, w = round(height * math.sqrt(area)), round(width * math.sqrt(area))
    i, j = int(rng.integers(height)), int(rng.integers(width))
    top, left = max(i - h // 2, 0), max(j - w // 2, 0)
    return top, left, min(i - h // 2 + h, height) - top, min(j - w // 2 + w, width) - left
