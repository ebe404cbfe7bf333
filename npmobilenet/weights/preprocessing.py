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
from dataclasses import dataclass, replace

from ..models.dialect import VERSIONS
from ..models.dialects import DIALECTS, dialect_at
from ..training.transforms import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

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


_HALF = (0.5, 0.5, 0.5)  # as mean and deviation: 0..1 becomes -1..1

TORCHVISION = Recipe(crop=224 / 256)
TORCHVISION_232 = Recipe(crop=224 / 232)  # of the second edition of its weights
TIMM = Recipe(crop=0.875, rounds_down=True, interpolation="bicubic")
TIMM_RA4 = replace(TIMM, mean=_HALF, std=_HALF)  # weights whose names begin with ra4; all of V1's
TIMM_TF = replace(TIMM_RA4, interpolation="bilinear")
TIMM_MIIL = replace(TIMM, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), interpolation="bilinear")
# keras.utils.load_img picks the nearest pixel unless told otherwise, and stretches
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
