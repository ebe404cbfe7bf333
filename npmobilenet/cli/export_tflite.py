"""npmobilenet export WEIGHTS --to tflite: floats or integers, and the images to calibrate with."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .streams import complain
from .values import at_least

if TYPE_CHECKING:
    from ..models.network_plan import Plan
    from ..ops.checks import Array
    from ..quantization.plan import QuantizedPlan
    from ..weights import Model

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
        help="images, 128 are looked at, for the ranges of integers: --int8 or --uint8 of floats",
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
    from ..predicting.calibration import calibration_images, quantized_model
    from ..quantization.floats import dequantized

    there = model.quantized.dtype if model.quantized else "float32"
    wanted = options.stored or there
    if options.calibrate and wanted in ("float32", there):
        raise ValueError(
            "--calibrate is for --int8 or --uint8 of weights that are not stored so yet"
        )
    if wanted == there:
        return model.network, model.params
    if model.quantized:
        floats = dequantized(model.quantized, model.params)
        model = replace(model, params=floats, quantized=None)
    if wanted == "float32":
        return model.plan, model.params
    if not options.calibrate:
        raise ValueError(
            f"--{wanted}: the ranges of integers are found by looking at images: --calibrate FOLDER"
        )
    images = calibration_images(options.calibrate, model.preprocessing)
    complain(f"note: calibrated on {sum(map(len, images))} images of {options.calibrate}")
    made = quantized_model(model, images, dtype=wanted)
    return made.network, made.params
