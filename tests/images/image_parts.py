"""Images and preprocessings to try things on, and torchvision's transforms as a witness."""

import importlib
import importlib.util
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npmobilenet.images.preprocessing import Preprocessing


def plain(height: int, width: int, resize: int | None, channels: int = 3) -> Preprocessing:
    """Without mean and std: prepare gives pixel / 255."""
    return Preprocessing(
        resolution=(height, width),
        resize=resize,
        channels=channels,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )


def picture(height: int, width: int, seed: int = 0) -> Image.Image:
    """Smooth colours with a little noise, so that every interpolation has something to do."""
    i, j = np.mgrid[:height, :width]
    rgb = np.stack([i * 255 // max(height - 1, 1), j * 255 // max(width - 1, 1), (i * j) % 256], 2)
    noise = np.random.default_rng(seed).integers(0, 40, rgb.shape)
    return Image.fromarray(((rgb + noise) % 256).astype(np.uint8))


@contextmanager
def torchvision_part(name: str) -> Iterator[Any]:
    """torchvision.transforms.NAME alone: an empty package stands in for torchvision itself, so that
    its compiled operators, which need one certain torch, are not loaded.  Skips where it is missing."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.submodule_search_locations is None:
        pytest.skip("torchvision is not installed")
    pytest.importorskip("torch")
    before = {key: m for key, m in sys.modules.items() if key.split(".")[0] == "torchvision"}
    if not before:
        package = types.ModuleType("torchvision")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["torchvision"] = package
    yield importlib.import_module(f"torchvision.transforms.{name}")
    for key in [key for key in sys.modules if key.split(".")[0] == "torchvision"]:
        if key not in before:
            del sys.modules[key]
