"""npmobilenet roofline MODEL."""

import argparse

import numpy as np

from ..cost.machine import measure
from ..cost.roofline import (
    COLUMNS,
    Roofline,
    integer_roofline,
    roofline,
    timed_layers,
    timed_steps,
)
from ..models.folding import fold_batch_norm
from ..models.params import init
from ..quantization.network import stored_images
from ..quantization.quantize import quantize
from .common import add_formats, console, write_table
from .options import add_model, add_plan_options, plan_of
from .values import at_least, figure_option


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_model(parser)
    add_plan_options(parser)
    parser.add_argument("--batch", type=at_least(1), default=1, help="images at a time (1)")
    parser.add_argument(
        "--repeats",
        type=at_least(1),
        default=20,
        help="runs, of which a layer's fastest counts (20)",
    )
    parser.add_argument("--fold", action="store_true", help="fold batch normalisation away first")
    parser.add_argument(
        "--dtype",
        choices=("float32", "int8"),
        default="float32",
        help="float32; int8: of the quantised network, step by step (float32)",
    )
    parser.add_argument(
        "--picture", type=figure_option, metavar="FILE.png", help="draw the roofline"
    )
    add_formats(parser)
    parser.epilog = "example: npmobilenet roofline v2 --resolution 160 --fold --picture v2.png"


def run(options: argparse.Namespace) -> int:
    """Measure the machine and the layers, and print both."""
    network = plan_of(options)
    params = init(network, 0)
    if options.fold:
        network, params = fold_batch_norm(network, params)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.batch, *network.resolution, network.channels), np.float32)
    drawn = not (options.json or options.csv or options.markdown)
    if drawn:
        console().print("measuring this machine, then each layer ...", style="dim")
    machine = measure()
    if options.dtype == "int8":
        quantized, arrays = quantize(network, params, x)
        integers = stored_images(quantized, x)
        times = timed_steps(quantized, arrays, integers, repeats=options.repeats)
        found = integer_roofline(quantized, machine, batch=options.batch, seconds=times)
    else:
        times = timed_layers(network, params, x, repeats=options.repeats)
        found = roofline(network, machine, batch=options.batch, seconds=times)
    if drawn:
        _print(found)
    else:
        write_table(
            options, COLUMNS, found.rows(), found.to_json(), notes=found.verdict(), sums=True
        )
    if options.picture:
        from ..cost.figures import roofline_picture

        roofline_picture(found, options.picture)
        if drawn:
            console().print(f"picture: {options.picture}", soft_wrap=True)
    return 0


def _print(found: Roofline) -> None:
    console().print(str(found.machine), *found.parts(), sep="\n")
