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
from ..quantization.quantizing import quantize
from .common import add_formats, console, write_table
from .networks import add_network, network_of
from .options import add_plan_options
from .values import at_least, figure_option


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_network(parser)
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
        help="int8: of the quantised network, step by step (float32, or what a file has)",
    )
    parser.add_argument(
        "--picture", type=figure_option, metavar="FILE.png", help="draw the roofline"
    )
    add_formats(parser)
    parser.epilog = """\
example: npmobilenet roofline v2 --resolution 160 --fold --picture v2.png
         npmobilenet roofline v2 --dtype int8
         npmobilenet roofline flowers-int8.safetensors"""


def run(options: argparse.Namespace) -> int:
    """Measure the machine and the layers, and print both."""
    network, model = network_of(options)
    params = model.params if model else init(network, 0)
    quantized = model.quantized if model else None
    if quantized and options.dtype == "float32":
        options.wrong_usage(f"--dtype: {options.model} is of {quantized.dtype}")
    if options.fold and not quantized:
        network, params = fold_batch_norm(network, params)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.batch, *network.resolution, network.channels), np.float32)
    drawn = not (options.json or options.csv or options.markdown)
    if drawn:
        console().print("measuring this machine, then each layer ...", style="dim")
    machine = measure()
    if options.dtype == "int8" and not quantized:
        quantized, params = quantize(network, params, x)
    if quantized:
        times = timed_steps(quantized, params, stored_images(quantized, x), repeats=options.repeats)
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
