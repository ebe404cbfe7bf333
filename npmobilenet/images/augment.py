"""Augmentation: the same photograph, a little different every time it is learnt from.

In this order, each only if it is asked for, all decided by one stream of random numbers:

    crop     a random part of the image stretched to the resolution (torchvision's RandomResizedCrop)
    jitter   brightness, contrast, saturation, hue (jitter.py)
    shift    moved by up to so many pixels either way, black behind (RandomCrop with padding)
    flip     left and right exchanged
    erase    a random rectangle grey (Zhong et al. 2020, "Random Erasing Data Augmentation")

What mixes whole batches, mixup and cutmix, is in mixing.py.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..settings import settle
from .converting import to_channels
from .jitter import jittered
from .preprocessing import Preprocessing, framed, normalize, pixels_of, resized

ERASED_AREA, ERASED_RATIO = (0.02, 0.33), (0.3, 3.3)  # those of the paper, and of torchvision


@dataclass(frozen=True, kw_only=True)
class Augment:
    """What is varied, and how much; the defaults vary nothing.

    crop        whether a random part is taken; False: what prediction sees
    scale       of that part: from which to which share of the image's area
    ratio       of that part: from which to which width / height
    flip        probability of being mirrored left and right
    brightness, contrast, saturation
                b: a factor within 1-b..1+b
    hue         h: within -h..h turns of the colour circle
    shift       pixels, at most, in any direction
    erase       probability that a rectangle is blotted out
    mixup, cutmix
                alpha of Beta(alpha, alpha), from which shares are drawn, 0: not at all; with both, each
                batch tosses a coin

    ValueError, naming the setting, for what cannot be.
    """

    crop: bool = False
    scale: tuple[float, ...] = (0.08, 1.0)
    ratio: tuple[float, ...] = (3 / 4, 4 / 3)
    flip: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    shift: int = 0
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        settle(self)
        for name in ("flip", "erase"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be within 0..1, found {getattr(self, name)}")
        for name in ("brightness", "contrast", "saturation", "shift", "mixup", "cutmix"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be at least 0, found {getattr(self, name)}")
        if not 0 <= self.hue <= 0.5:
            raise ValueError(f"hue must be within 0..0.5, found {self.hue}")
        for name, most in (("scale", 1.0), ("ratio", math.inf)):
            pair = getattr(self, name)
            if len(pair) != 2 or not 0 < pair[0] <= pair[1] <= most:
                raise ValueError(f"{name} must be two rising numbers above 0, found {list(pair)}")

    @property
    def jitters(self) -> bool:
        """Whether colours change."""
        return any((self.brightness, self.contrast, self.saturation, self.hue))


NONE = Augment()
FLIP = Augment(flip=0.5)
CROP_FLIP = Augment(crop=True, flip=0.5)
AUGMENTATIONS = {"crop-flip": CROP_FLIP, "flip": FLIP, "none": NONE}


def augment(
    image: Image.Image, preprocessing: Preprocessing, how: Augment, rng: np.random.Generator
) -> NDArray[np.float32]:
    """image -> float32 (H, W, C) as `prepare` gives it, varied as `how` says; `rng` alone decides."""
    if how.crop:
        image = to_channels(image, preprocessing.channels)
        left, top, width, height = random_crop(*image.size, rng, how.scale, how.ratio)
        image = image.crop((left, top, left + width, top + height))
        image = resized(image, preprocessing.resolution[::-1], preprocessing)
    else:
        image = framed(image, preprocessing)
    if how.jitters:
        image = jittered(image, rng, how.brightness, how.contrast, how.saturation, how.hue)
    pixels, box = varied(pixels_of(image), how, rng)
    y = normalize(pixels, preprocessing)
    erase(y, box)
    return y


Box = tuple[int, int, int, int]  # top, left, height, width


def varied(
    pixels: NDArray[np.uint8], how: Augment, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Box | None]:
    """pixels (H, W, C) shifted and flipped, and the rectangle to erase once they are normalised."""
    height, width = pixels.shape[:2]
    if how.shift:
        down, right = (int(k) for k in rng.integers(-how.shift, how.shift + 1, 2))
        pixels = shifted(pixels, down, right)
    if how.flip and rng.random() < how.flip:
        pixels = pixels[:, ::-1]
    box = None
    if how.erase and rng.random() < how.erase:
        box = random_rectangle(height, width, rng)
    return pixels, box


def shifted(pixels: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """pixels (H, W, C) moved down and right (up and left where negative), zeros where nothing was."""
    height, width = pixels.shape[:2]
    down, right = max(-height, min(down, height)), max(-width, min(right, width))
    moved = np.zeros_like(pixels)
    rows, columns = (
        slice(max(down, 0), height + min(down, 0)),
        slice(max(right, 0), width + min(right, 0)),
    )
    from_rows = slice(max(-down, 0), height + min(-down, 0))
    from_columns = slice(max(-right, 0), width + min(-right, 0))
    moved[rows, columns] = pixels[from_rows, from_columns]
    return moved


def erase(y: NDArray[np.float32], box: Box | None) -> None:
    """Set a rectangle of y (H, W, C) to 0, the mean of the normalised pixels; None: nothing."""
    if box is not None:
        top, left, height, width = box
        y[top : top + height, left : left + width] = 0


def random_rectangle(height: int, width: int, rng: np.random.Generator) -> Box | None:
    """A rectangle of 2 to 33 % of the area, by torchvision's rule: ten tries to fit, else None."""
    for _ in range(10):
        area = height * width * rng.uniform(*ERASED_AREA)
        aspect = math.exp(rng.uniform(math.log(ERASED_RATIO[0]), math.log(ERASED_RATIO[1])))
        h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < h < height and 0 < w < width:
            top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
            return top, left, h, w
    return None


def random_crop(
    width: int,
    height: int,
    rng: np.random.Generator,
    scale: tuple[float, ...],
    ratio: tuple[float, ...],
) -> tuple[int, int, int, int]:
    """(left, top, width, height) of a random part of an image, by torchvision's rule.

    Area uniform in scale * width * height, log(width / height) uniform in log(ratio): as likely twice
    as wide as twice as high. Ten tries to fit; then the largest central part of a permitted ratio.
    """
    for _ in range(10):
        area = width * height * rng.uniform(scale[0], scale[1])
        aspect = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
            return left, top, w, h
    w, h = width, height
    if width / height < min(ratio):
        h = round(width / min(ratio))
    elif width / height > max(ratio):
        w = round(height * max(ratio))
    return (width - w) // 2, (height - h) // 2, w, h
