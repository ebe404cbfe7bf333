"""From an image to the array a network reads: uint8 pixels -> float32 (H, W, C).

    y[i, j, c] = (pixel[i, j, c] / 255 - mean[c]) / std[c]

Everything before that formula is geometry on a Pillow image: turned upright, brought to one or three
channels, resized, cropped. For RGB files `prepare` repeats torchvision's Resize, CenterCrop, ToTensor
and Normalize bit for bit, so that weights trained there see here exactly what they were trained on.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from npmobilenet.ops.checks import LARGEST as LONGEST
from npmobilenet.ops.checks import instance, pair, plain, real, shown, whole

from .converting import MODES, to_channels
from .decode import open_image as open_image

INTERPOLATIONS = tuple(method.name.lower() for method in Image.Resampling)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# pixels of a resized image; of a larger one, a strip, only what the crop keeps is computed
LARGEST = 1 << 24
REACH = 4  # pixels that the widest of Pillow's filters looks to either side
Box = tuple[int, int, int, int]  # left, top, width, height
LEAST = 1e-30  # a deviation by which float32 can be divided


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """What was done to every image; a checkpoint keeps it, so that prediction repeats training.

    resolution     (H, W) of the result
    resize         length in pixels of the shorter side before the central crop;
                   None: straight to `resolution`, nothing cropped, the aspect ratio not kept
    channels       1 (grey) or 3 (RGB)
    mean, std      one number a channel, in units of the range 0..1
    interpolation  "bilinear", "bicubic" or another of Pillow's methods
    """

    resolution: tuple[int, int]
    resize: int | None
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        listed = all(isinstance(v, tuple) for v in (self.resolution, self.mean, self.std))
        if not listed:
            raise TypeError(
                f"preprocessing: resolution {shown(self.resolution)}, mean {shown(self.mean)} and "
                f"std {shown(self.std)} must be tuples"
            )
        sizes = [*self.resolution, *([] if self.resize is None else [self.resize])]
        if len(self.resolution) != 2 or not all(whole(s) and 0 < s <= LONGEST for s in sizes):
            raise ValueError(
                f"preprocessing: resolution {shown(self.resolution)} and resize {shown(self.resize)} "
                "must be whole pixels above zero and below 2^31, resolution a pair (H, W)"
            )
        if not whole(self.channels) or self.channels not in MODES:
            raise ValueError(
                f"preprocessing: channels is {shown(self.channels)}; 1 or 3 are possible"
            )
        if len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ValueError(
                f"preprocessing: {self.channels} channels need as many means and stds, "
                f"not {len(self.mean)} and {len(self.std)}"
            )
        if (
            not all(map(real, self.mean + self.std))
            or max(map(abs, self.mean)) > 1 / LEAST
            or not LEAST <= min(self.std) <= max(self.std) <= 1 / LEAST
        ):
            raise ValueError(
                f"preprocessing: mean {shown(self.mean)} must be finite and std {shown(self.std)} above "
                f"zero, {LEAST:g} to {1 / LEAST:g}, for images are float32"
            )
        known = isinstance(self.interpolation, str) and self.interpolation in INTERPOLATIONS
        if not known:
            raise ValueError(
                f"preprocessing: interpolation is {shown(self.interpolation)}; "
                f"known are {', '.join(INTERPOLATIONS)}"
            )
        plain_numbers = {  # none of NumPy's, which JSON does not take
            "resolution": tuple(map(int, self.resolution)),
            "resize": None if self.resize is None else int(self.resize),
            "channels": int(self.channels),
            "mean": tuple(map(float, self.mean)),
            "std": tuple(map(float, self.std)),
        }
        for name, value in plain_numbers.items():
            object.__setattr__(self, name, value)

    @classmethod
    def imagenet(cls, resolution: int | tuple[int, int]) -> "Preprocessing":
        """ImageNet's usual preparation: 256 before 224, the same proportion at other resolutions."""
        height, width = pair("preprocessing", "resolution", resolution)
        return cls(
            resolution=(height, width),
            resize=round(max(height, width) * 256 / 224),  # no crop sticks out of the image
            channels=3,
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
        )

    def keeps(self, height: int, width: int) -> bool:
        """Whether an image of this size passes `prepare` without being resized or cropped."""
        return (height, width) == self.resolution and self.resize in (None, min(height, width))

    def to_json(self) -> dict[str, Any]:
        """A plain dict of numbers, strings and lists, as `json.dumps` takes it."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Preprocessing":
        """The inverse of `to_json`. Raises ValueError for unknown, missing or misshapen entries."""
        known = {field.name for field in fields(cls)}
        if not isinstance(document, Mapping):
            raise ValueError(
                f"preprocessing: expected an object of {sorted(known)}, found {shown(document)}"
            )
        if unknown := sorted(map(str, set(document) - known)):
            raise ValueError(f"preprocessing: unknown entries {unknown}; known are {sorted(known)}")
        if missing := sorted(known - set(document)):
            raise ValueError(f"preprocessing: entries {missing} are missing")
        try:
            lists = {k: tuple(document[k]) for k in ("resolution", "mean", "std")}
            return cls(**{**document, **lists})
        except TypeError as error:
            raise ValueError(f"preprocessing: cannot read {dict(document)}: {error}") from error


def normalize(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Pixels as a network takes them: y = (pixel / 255 - mean) / std, channel by channel.

    pixels         uint8 (..., H, W, C)
    preprocessing  mean and std, one number a channel, in units of the range 0..1

    Returns float32 (..., H, W, C).
    """
    instance("normalize", "preprocessing", preprocessing, Preprocessing)
    channels = preprocessing.channels
    if not plain(pixels) or pixels.dtype != np.uint8 or pixels.shape[2:][-1:] != (channels,):
        found = f"{pixels.dtype} {pixels.shape}" if plain(pixels) else type(pixels).__name__
        raise TypeError(f"normalize: pixels must be uint8 (..., H, W, {channels}), found {found}")
    y = pixels.astype(np.float32, order="C")
    y /= np.float32(255)
    # a row at once: three channels are too short a loop
    width = pixels.shape[-2]
    rows = y.reshape(*pixels.shape[:-2], width * channels)
    rows -= np.tile(np.asarray(preprocessing.mean, dtype=np.float32), width)
    rows /= np.tile(np.asarray(preprocessing.std, dtype=np.float32), width)
    return y


def prepare(image: Image.Image, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """From an image to what a network takes: resized, cropped at the centre, normalised.  Nothing random.

    image          a Pillow image
    preprocessing  what is done, in which sizes in pixels

    Returns float32 (H, W, C).  An image smaller than the crop is padded with black on all sides, the odd
    pixel right and below.
    """
    return normalize(pixels_of(framed(image, preprocessing)), preprocessing)


def framed(image: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    """An image as a network sees it, before it is normalised.

    image          a Pillow image
    preprocessing  resolution, resize, channels and interpolation of the result

    Returns a Pillow image.  One smaller than the crop is padded with black on all sides, the odd pixel
    right and below.
    """
    image = to_channels(image, preprocessing.channels)
    height, width = preprocessing.resolution
    if preprocessing.resize is None:
        return resized(image, (width, height), preprocessing)
    whole = shorter_side_to(preprocessing.resize, *image.size)
    left, top = centre(whole[0], width), centre(whole[1], height)
    if whole[0] * whole[1] > LARGEST:
        image, left, top = strip(image, whole, (left, top, width, height), preprocessing)
    else:
        image = resized(image, whole, preprocessing)
    # Pillow fills with zeros what lies outside the image: that is the padding
    return image.crop((left, top, left + width, top + height))


def strip(
    image: Image.Image, whole: tuple[int, int], crop: Box, how: Preprocessing
) -> tuple[Image.Image, int, int]:
    """Of an image resized to `whole` (width, height) the part that a crop sees, and where it begins.

    A line of 1 x 12,000 pixels would be made 256 x 3,072,000 to keep 224 of these rows.  crop (left,
    top, width, height) may stick out; the place returned is its left and top within the part.
    """
    first = [max(crop[k], 0) for k in (0, 1)]
    last = [min(crop[k] + crop[k + 2], whole[k]) for k in (0, 1)]
    scale = [image.size[k] / whole[k] for k in (0, 1)]
    # the neighbourhood alone: Pillow keeps a box in float32, exact to the pixel only near 0
    around = [math.ceil(REACH * max(s, 1)) for s in scale]
    begin = [max(math.floor(first[k] * scale[k]) - around[k], 0) for k in (0, 1)]
    end = [min(math.ceil(last[k] * scale[k]) + around[k], image.size[k]) for k in (0, 1)]
    box = [first[k] * scale[k] - begin[k] for k in (0, 1)]
    box += [min(last[k] * scale[k], image.size[k]) - begin[k] for k in (0, 1)]
    near = image.crop((begin[0], begin[1], end[0], end[1]))
    part = near.resize(
        (last[0] - first[0], last[1] - first[1]),
        Image.Resampling[how.interpolation.upper()],
        box=(box[0], box[1], box[2], box[3]),
    )
    return part, crop[0] - first[0], crop[1] - first[1]


def shorter_side_to(size: int, width: int, height: int) -> tuple[int, int]:
    """(width, height) -> (width, height) with the shorter side `size`, the longer rounded down."""
    if width <= height:
        return size, int(size * height / width)
    return int(size * width / height), size


def centre(image: int, crop: int) -> int:
    """First pixel of a central crop along one side; negative where the crop is the longer one."""
    return round((image - crop) / 2) if image >= crop else -((crop - image) // 2)


def resized(image: Image.Image, size: tuple[int, int], how: Preprocessing) -> Image.Image:
    """The image at size (width, height); not resampled if it has that size already."""
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling[how.interpolation.upper()])


def pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 (H, W, C): Pillow leaves the last axis away where C is 1."""
    return np.asarray(image, dtype=np.uint8).reshape(image.height, image.width, -1)
