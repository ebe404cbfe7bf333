"""The quantised networks that benchmarks.integers measures, as TFLite files and as our own."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import npmobilenet as nm
from npmobilenet.data import PICTURES
from npmobilenet.images.decode import open_image
from npmobilenet.models.network_plan import Plan
from npmobilenet.ops.checks import Array
from npmobilenet.quantization import QuantizedPlan, quantize
from npmobilenet.quantization.plan import lowered
from npmobilenet.weights.tflite import export_tflite
from npmobilenet.weights.tflite_read import read_file
from npmobilenet.weights.tflite_walk import walk

PHOTOGRAPHS = 4
SETTINGS = {
    "int8": {"dtype": "int8", "per_channel": True},
    "uint8": {"dtype": "uint8", "per_channel": False},
}


@dataclass(frozen=True)
class Network:
    """A file and what it says: plan and arrays; floats: the params that it was made of, if it was."""

    name: str
    path: Path
    quantized: QuantizedPlan
    arrays: dict[str, Array]
    floats: tuple[Plan, dict[str, Array]] | None = None

    def images(self, count: int = PHOTOGRAPHS) -> Array:
        """Photographs, and one of noise, as the file's own integers."""
        rows, columns = self.quantized.plan.resolution
        found = [*photographs((columns, rows), count)]
        found.append(np.random.default_rng(0).integers(0, 256, found[0].shape).astype(np.uint8))
        pixels = np.stack(found)
        return pixels if self.quantized.dtype == "uint8" else (pixels ^ 128).view(np.int8)

    def tensors(self) -> dict[str, int]:
        """Name of each step -> number of the tensor in the file that is its result."""
        file, _ = read_file(self.path)
        places, ends = walk(self.quantized.plan, file).places, lowered(self.quantized.plan).ends
        return {step.name: places[ends[step.name]].tensor for step in self.quantized.steps}


def photographs(size: tuple[int, int], count: int) -> Iterator[Array]:
    """Pixels of this size: those of NPMOBILENET_EXTRA_DATA, the package's own where there are none."""
    extra = os.environ.get("NPMOBILENET_EXTRA_DATA")
    folder = Path(extra) / "data/flower_photos" if extra else Path()
    paths = sorted(folder.glob("*/*.jpg"))[::97] if extra else []
    for path in [PICTURES["chelsea"], *paths][:count]:
        yield np.asarray(open_image(path, 3).resize(size), np.uint8)


def real() -> Iterator[Network]:
    """The quantised files of NPMOBILENET_EXTRA_DATA."""
    extra = os.environ.get("NPMOBILENET_EXTRA_DATA")
    for path in sorted((Path(extra) / "weights").glob("*.tflite")) if extra else []:
        model = nm.import_weights(path, "tflite").model
        if model.quantized is not None:
            yield Network(path.stem, path, model.quantized, dict(model.params))


def exported(
    folder: Path, model: str, stored: str, resolution: int = 224, width: float = 1.0
) -> Network:
    """A network of random weights, calibrated on the photographs, and its file."""
    plan = nm.plan(model, width=width, resolution=resolution)
    params = nm.init(plan, seed=0)
    pixels = np.stack([*photographs((resolution, resolution), PHOTOGRAPHS)])
    images = (pixels / np.float32(127.5) - 1).astype(np.float32)
    quantized, arrays = quantize(plan, params, images, **SETTINGS[stored])  # type: ignore[arg-type]
    name = f"{model} {width}/{resolution} {stored}"
    path = folder / f"{name.replace(' ', '_').replace('/', '_')}.tflite"
    export_tflite(quantized, arrays, path)
    return Network(name, path, quantized, arrays, (plan, params))
