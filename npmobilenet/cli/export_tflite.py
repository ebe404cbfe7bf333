"""npmobilenet export WEIGHTS --to tflite: floats or integers, and the images to calibrate with."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .streams import complain
from .values import at_least

if TYPE_CHECKING:
    from ..models.network_plan import Plan
    from ..ops.checks import Array
    from ..quantization.plan import QuantizedPlan
    from ..weights import Model

MOST = 128  # images to calibrate with: the ranges of more are the same
Ends = tuple[dict[str, tuple[str | int, ...]], dict[str, tuple[str | int, ...]]]


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of this format."""
    group = parser.add_argument_group("tflite")
    kinds = group.add_mutually_exclusive_group()
    kinds.add_argument(
        "--int8",
        dest="stored",
        action="store_const",
        const="int8",
        help="8-bit integers, a scale for each channel of weights: what phones compute fastest",
    )
    kinds.add_argument(
        "--uint8",
        dest="stored",
        action="store_const",
        const="uint8",
        help="the older integers, one scale for each weight",
    )
    kinds.add_argument(
        "--float",
        dest="stored",
        action="store_const",
        const="float32",
        help="float32; of integers the numbers they stand for (as WEIGHTS are)",
    )
    group.add_argument(
        "--calibrate",
        metavar="FOLDER",
        help=f"images, {MOST} are looked at, for the ranges of integers: --int8 or --uint8 of floats",
    )
    group.add_argument(
        "--softmax", action="store_true", help="end with probabilities instead of logits"
    )
    group.add_argument(
        "--batch", type=at_least(1), default=1, metavar="N", help="images at once (1)"
    )


def write(model: "Model", output: Path, options: argparse.Namespace) -> Ends:
    """The file, with the names of the classes and the preprocessing in its metadata."""
    from ..weights.tflite import export_tflite

    if output.suffix != ".tflite":
        raise ValueError(f"{output}: the name of a TFLite file ends in .tflite")
    network, params = _wanted(model, options)
    settings: dict[str, Any] = {"batch": options.batch, "softmax": options.softmax}
    about: dict[str, Any] = {"classes": model.classes, "preprocessing": model.preprocessing}
    result = export_tflite(network, params, output, **settings, **about)
    image = (options.batch, *model.plan.resolution, model.plan.channels)
    last = model.plan.layers[-1].output
    return {"image": image}, {result: (options.batch, *last)}


def _wanted(
    model: "Model", options: argparse.Namespace
) -> "tuple[Plan | QuantizedPlan, dict[str, Array]]":
    """What is written: as the weights are, or made integers or floats."""
    from ..quantization.floats import dequantized
    from ..quantization.quantize import quantize

    there = model.quantized.dtype if model.quantized else "float32"
    wanted = options.stored or there
    if options.calibrate and (wanted == "float32" or wanted == there):
        raise ValueError("--calibrate is for --int8 or --uint8 of weights that are floats")
    if wanted == there:
        return model.network, model.params
    if model.quantized:
        floats = dequantized(model.quantized, model.params)
        if wanted == "float32":
            return model.plan, floats
        model_plan, params = model.plan, floats
    else:
        model_plan, params = model.plan, model.params
    if not options.calibrate:
        raise ValueError(
            f"--{wanted}: the ranges of integers are found by looking at images: --calibrate FOLDER"
        )
    made = model.preprocessing
    ends = [
        (end - mean) / std
        for mean, std in zip(made.mean, made.std, strict=True)
        for end in (0.0, 1.0)  # a black and a white pixel
    ]
    return quantize(
        model_plan,
        params,
        _images(Path(options.calibrate), model),
        dtype=wanted,
        image_range=(min(ends), max(ends)),
    )


def _images(folder: Path, model: "Model") -> "Array":
    """Images of a folder and those below, as the network reads them; of many, spread over all."""
    import numpy as np

    from ..datasets.file_tree import image_files
    from ..images.inputs import opened
    from ..images.preprocessing import prepare

    if not folder.is_dir():
        raise ValueError(f"{folder}: --calibrate takes a folder of images")
    paths = sorted(image_files(folder))
    if not paths:
        raise ValueError(f"{folder}: no image files in this folder")
    step = max(1, len(paths) // MOST)
    chosen = paths[::step][:MOST]
    complain(f"note: calibrated on {len(chosen)} of {len(paths)} images in {folder}")
    made = model.preprocessing
    return np.stack([prepare(opened(path, made.channels), made) for path in chosen])
