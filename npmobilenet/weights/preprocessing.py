"""What each family did to the images it was trained on: weights are worth little without it.

A recipe is written for any resolution: how much of the image the central crop keeps, the filter that
resizes, mean and deviation.  `Recipe.at` settles it to the `Preprocessing` of one network.

Where a family's own programs do what `Preprocessing` cannot say:

* PaddleClas resizes with OpenCV, which does not smooth before it makes an image smaller; Pillow does.
* TF-slim crops 87.5 % of both sides first and stretches the rest to the resolution, so that the aspect
  ratio is not kept; here it is.  Of a square image both see the same part.
* Keras shrinks V3's pixels to -1..1 in the network's first layer; here that is part of the
  preprocessing, with the same numbers.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..images.preprocessing import IMAGENET_MEAN, IMAGENET_STD, INTERPOLATIONS, Preprocessing
from ..models.dialect import VERSIONS
from ..models.dialects import DIALECTS, dialect_at
from ..ops.checks import real, shown, whole
from .description import STRETCH, Known

_RGB = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way of preparing images, at whatever resolution.

    crop           resolution / length of the shorter side before the central crop;
                   None: straight to the resolution, nothing cropped, the aspect ratio not kept
    rounds_down    whether that length is rounded down, or to the nearest whole pixel
    mean, std      one number for red, green and blue, in units of the range 0..1
    interpolation  Pillow's name of the filter that resizes
    """

    crop: float | None = None
    rounds_down: bool = False
    mean: _RGB = IMAGENET_MEAN
    std: _RGB = IMAGENET_STD
    interpolation: str = "bilinear"

    def at(self, resolution: tuple[int, int], channels: int = 3) -> Preprocessing:
        """This recipe for images of (H, W) pixels; one channel takes the colours' average.

        The shorter side before the crop follows from the longer of H and W: no crop is larger than
        the image it is taken from.
        """
        resize = None
        if self.crop is not None:
            shorter = max(resolution) / self.crop
            resize = math.floor(shorter) if self.rounds_down else round(shorter)
        mean, std = self.mean, self.std
        return Preprocessing(
            resolution=resolution,
            resize=resize,
            channels=channels,
            mean=(sum(mean) / 3,) if channels == 1 else mean,
            std=(sum(std) / 3,) if channels == 1 else std,
            interpolation=self.interpolation,
        )


_LARGEST = 10  # a mean or deviation of pixels 0..1; more, and pixels of 0..255 are meant
_HALF = (0.5, 0.5, 0.5)  # as mean and deviation: 0..1 becomes -1..1

TORCHVISION = Recipe(crop=224 / 256)
TORCHVISION_232 = Recipe(crop=224 / 232)  # of the second edition of its weights
TIMM = Recipe(crop=0.875, rounds_down=True, interpolation="bicubic")
TIMM_RA4 = replace(TIMM, mean=_HALF, std=_HALF)  # weights whose names begin with ra4; all of V1's
TIMM_TF = replace(TIMM_RA4, interpolation="bilinear")
TIMM_MIIL = replace(TIMM, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), interpolation="bilinear")
# keras.utils.load_img picks the nearest pixel unless asked otherwise, and stretches
KERAS = Recipe(mean=_HALF, std=_HALF, interpolation="nearest")
TF_SLIM = Recipe(crop=0.875, mean=_HALF, std=_HALF)
PADDLE = Recipe(crop=224 / 256)
AS_THEY_ARE = Recipe(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))  # pixels as 0..1, nothing more

RECIPES = {
    "paper": TF_SLIM,  # its authors' own program
    "torchvision": TORCHVISION,
    "timm": TIMM,
    "timm-tf": TIMM_TF,
    "timm-rw": TIMM,
    "timm-h": TIMM_RA4,
    "keras": KERAS,
    "tf-slim": TF_SLIM,
    "paddle": PADDLE,
    "cifar": AS_THEY_ARE,
    "tutorial-a": TORCHVISION,
    "tutorial-a-repaired": TORCHVISION,
    "tutorial-b": PADDLE,
    "tutorial-c": KERAS,  # prints none: TensorFlow's custom
    "tutorial-d": AS_THEY_ARE,  # prints none
    "tutorial-e": KERAS,
}


def recipe_of(family: str, version: str) -> Recipe:
    """The usual recipe of a family's "v1", "v2" or "v3"; family is the name of a dialect.

    ValueError for an unknown family or version, or a family that has not this version.
    """
    if family not in DIALECTS:
        raise ValueError(
            f"preprocessing: family must be one of {', '.join(DIALECTS)}, found {family!r}"
        )
    if version not in VERSIONS:
        raise ValueError(
            f"preprocessing: version must be one of {', '.join(VERSIONS)}, found {version!r}"
        )
    dialect_at(family, version)
    return TIMM_RA4 if (family, version) == ("timm", "v1") else RECIPES[family]


def preprocessing_of(
    family: str, version: str, resolution: tuple[int, int], channels: int = 3
) -> Preprocessing:
    """What the images of a family's networks go through, at (H, W) pixels; see `recipe_of`.

    Single weight files may differ: `sources.Source.preprocessing` knows which.
    """
    return recipe_of(family, version).at(resolution, channels)


def known(
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    interpolation: str | None = None,
    crop: float | None = None,
    resize: int | str | None = None,
) -> Known:
    """Parts of a preprocessing as somebody states them; see `Known`.  ValueError for what cannot be.

    mean and std are one number, or one a channel.
    """
    if crop is not None and resize is not None:
        raise ValueError("preprocessing: crop and resize exclude each other")
    if crop is not None and (not real(crop) or not 0.01 <= crop <= 1):
        raise ValueError(
            f"preprocessing: crop must be at least 0.01 and at most 1, found {shown(crop)}"
        )
    if resize not in (None, STRETCH) and (not whole(resize) or int(resize) < 1):
        raise ValueError(
            f'preprocessing: resize must be pixels or "{STRETCH}", found {shown(resize)}'
        )
    if interpolation not in (None, *INTERPOLATIONS):
        raise ValueError(
            f"preprocessing: interpolation must be one of {', '.join(INTERPOLATIONS)}, "
            f"found {shown(interpolation)}"
        )
    return Known(
        mean=_colours("mean", mean),
        std=_colours("std", std),
        interpolation=interpolation,
        crop=crop,
        resize=resize,
    )


def prepared(
    usual: Recipe, facts: Known, resolution: tuple[int, int], channels: int
) -> Preprocessing:
    """The usual recipe at (H, W) pixels, but for the facts that are known; see `recipe_of`."""
    if facts.crop is not None:
        usual = replace(usual, crop=facts.crop)
    made = usual.at(resolution, channels)
    if facts.resize == STRETCH:
        made = replace(made, resize=None)
    elif facts.resize is not None:
        if int(facts.resize) < max(resolution):
            raise ValueError(
                f"preprocessing: resize must be at least {max(resolution)}, the longer side of the "
                f"images, found {facts.resize}"
            )
        made = replace(made, resize=int(facts.resize))
    return replace(
        made,
        mean=made.mean if facts.mean is None else _of_channels("mean", facts.mean, channels),
        std=made.std if facts.std is None else _of_channels("std", facts.std, channels),
        interpolation=facts.interpolation or made.interpolation,
    )


def in_words(made: Preprocessing) -> str:
    """How images are prepared, as a message says it: size, cropping, filter, mean and deviation."""
    cropped = f"shorter side {made.resize} and centre crop" if made.resize else "resized straight"
    return (
        f"{made.resolution[0]} x {made.resolution[1]}, {cropped}, {made.interpolation}, "
        f"mean {made.mean}, std {made.std}"
    )


def _colours(name: str, value: float | Sequence[float] | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    numbers: list[Any] = [value] if real(value) else [*value] if isinstance(value, Iterable) else []
    if len(numbers) not in (1, 3) or not all(map(real, numbers)):
        raise ValueError(f"preprocessing: {name} must be one number or three, found {shown(value)}")
    if name == "std" and min(numbers) <= 0:
        raise ValueError(f"preprocessing: std must be above 0, found {shown(value)}")
    if max(map(abs, numbers)) > _LARGEST:
        raise ValueError(
            f"preprocessing: {name} is of pixels 0..1, found {shown(value)}; of pixels 0..255, divide by "
            "255"
        )
    return tuple(float(x) for x in numbers)


def _of_channels(name: str, value: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if len(value) == channels:
        return value
    if len(value) == 1:
        return value * channels
    raise ValueError(
        f"preprocessing: {name} has {len(value)} numbers, the images {channels} channel"
    )
