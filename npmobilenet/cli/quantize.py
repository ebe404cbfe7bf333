"""npmobilenet quantize WEIGHTS --calibrate DATA --output FILE."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .common import add_formats, console, print_json, spare, write_table
from .options import add_sha256, weights_of
from .progress import beside, counting
from .streams import complain
from .values import at_least, between, output_option

if TYPE_CHECKING:
    from ..quantization.comparing import Comparison
    from ..weights import Model

EXAMPLES = """\
example: npmobilenet quantize flowers --calibrate photos -o int8.safetensors
         npmobilenet quantize runs/mine --calibrate photos --layers
         npmobilenet predict rose.jpg --weights int8.safetensors"""
COMPARED = 32  # calibration images on which both networks are laid side by side


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from ..quantization.observers import OBSERVERS
    from ..weights.families import FAMILIES

    add = parser.add_argument
    add("weights", metavar="WEIGHTS", help="a run's folder, a file, a shipped or an official name")
    add(
        "--calibrate",
        required=True,
        metavar="DATA",
        help="what training takes, of which the training images are used; or a folder of images",
    )
    add(
        "-o",
        "--output",
        type=output_option,
        metavar="FILE",
        help="the weight file to write (none: it is only measured)",
    )
    add("--images", type=at_least(1), default=128, help="how many to calibrate with (128)")
    add("--dtype", choices=("int8", "uint8"), default="int8", help="of all tensors (int8)")
    add(
        "--per-tensor",
        action="store_true",
        help="one scale a weight, as uint8 always has, not one a channel",
    )
    add(
        "--equalise",
        action="store_true",
        help="first make channels between two layers equally wide, for one scale a weight",
    )
    add(
        "--correct-bias",
        action="store_true",
        help="take off each bias what rounding the weights does to the mean of a channel",
    )
    add("--symmetric", action="store_true", help="zero points of activations in the middle")
    add(
        "--weight-bits",
        type=at_least(2),
        default=8,
        metavar="BITS",
        help="int8: fewer, kept in bytes too, to see what they would do (8)",
    )
    add(
        "--observer",
        choices=OBSERVERS,
        default="minmax",
        help="which range a tensor gets, of all that was seen (minmax)",
    )
    add(
        "--percentile",
        type=between(50, 100.0001),
        default=99.99,
        help="of the observer percentile (99.99)",
    )
    add(
        "--rounding",
        choices=("double", "single"),
        default="double",
        help="as LiteRT's reference kernels, or as XNNPACK (double)",
    )
    add(
        "--pooling",
        choices=("mean", "average_pool"),
        default="mean",
        help="which of LiteRT's operators the global pool is (mean)",
    )
    add("--layers", action="store_true", help="every tensor, not the worst five")
    add("--workers", type=at_least(0), default=2, help="decoding threads (2)")
    add(
        "--from",
        dest="family",
        choices=list(FAMILIES),
        metavar="FAMILY",
        help="who wrote WEIGHTS, if not npmobilenet",
    )
    add("--class-names", metavar="NAMES", help="with --from: names of its classes")
    add_sha256(parser)
    add_formats(parser)
    parser.epilog = EXAMPLES
    parser.set_defaults(wrong_usage=parser.error)


def run(options: argparse.Namespace) -> int:
    """Calibrate, write the file, and say what integers cost."""
    from ..predicting.calibration import equalised_model
    from ..quantization.comparing import COLUMNS, compare
    from ..weights import save
    from ..weights.native import weight_file

    if options.dtype == "uint8" and options.weight_bits != 8:
        options.wrong_usage("--weight-bits is for int8")
    if options.weight_bits > 8:
        options.wrong_usage("--weight-bits must be from 2 to 8")
    model = weights_of(options).floats(str(options.weights))
    if options.output:
        spare(options.output, weight_file(options.weights))
    images = _images(options, model)
    if options.equalise:
        model = equalised_model(model, images)
    made = _quantized(options, model, images)
    if options.output:
        save(made, options.output)
    assert made.quantized is not None
    some = _first(images, COMPARED)
    found = compare(model.plan, model.params, made.quantized, made.params, some)
    facts = _facts(options, model, made)
    if options.json:
        print_json({**facts, **found.to_json()})
    elif options.csv or options.markdown:
        write_table(options, COLUMNS, found.rows(), facts)
    else:
        _show(options, found, facts)
    return 0


def _images(options: argparse.Namespace, model: "Model") -> list[Any]:
    from ..predicting.calibration import calibration_images

    with counting(beside(options.json), options.images) as seen:
        found = calibration_images(
            options.calibrate,
            model.preprocessing,
            options.images,
            workers=options.workers,
            progress=seen,
        )
    count = sum(map(len, found))
    if count < min(options.images, 32):
        complain(f"note: only {count} images to calibrate with; about a hundred are better")
    return found


def _quantized(options: argparse.Namespace, model: "Model", images: list[Any]) -> "Model":
    from ..predicting.calibration import quantized_model

    how: dict[str, Any] = {"dtype": options.dtype, "symmetric": options.symmetric}
    how |= {"per_channel": False} if options.per_tensor else {}
    how |= {"weight_bits": options.weight_bits, "observer": options.observer}
    how |= {"percentile": options.percentile, "rounding": options.rounding}
    how |= {"correct_bias": options.correct_bias}
    count = sum(map(len, images))
    with counting(beside(options.json), count) as seen:

        def progress(done: int, total: int) -> None:
            seen(done * count // total)

        return quantized_model(model, images, pooling=options.pooling, progress=progress, **how)


def _first(images: list[Any], count: int) -> Any:
    """Some of the images, evenly: they come class by class."""
    import numpy as np

    every = np.concatenate(images)
    return every[np.linspace(0, len(every) - 1, min(count, len(every))).astype(int)]


def _facts(options: argparse.Namespace, model: "Model", made: "Model") -> dict[str, Any]:
    """What was made, in figures."""
    quantized = made.quantized
    assert quantized is not None
    before, after = (sum(a.nbytes for a in m.params.values()) for m in (model, made))
    return {
        "file": str(options.output) if options.output else None,
        "file_bytes": Path(options.output).stat().st_size if options.output else None,
        "model": model.plan.model,
        "dtype": quantized.dtype,
        "per_channel": quantized.per_channel,
        "observer": options.observer,
        "equalised": options.equalise,
        "bias_corrected": options.correct_bias,
        "rounding": quantized.rounding,
        "pooling": quantized.pooling,
        "weight_bytes": after,
        "weight_bytes_before": before,
    }


def _show(options: argparse.Namespace, found: "Comparison", facts: dict[str, Any]) -> None:
    out = console()
    out.print(*found.parts(tensors=options.layers), sep="\n")
    before, after = facts["weight_bytes_before"], facts["weight_bytes"]
    scales = "a scale a channel" if facts["per_channel"] else "a scale a tensor"
    out.print(
        f"{facts['dtype']}, {scales}: {after:,} bytes of weights and biases, {before:,} before",
        soft_wrap=True,
    )
    if not options.layers:
        out.print("left out, and with --layers: the other tensors", soft_wrap=True)
    if facts["file"]:
        out.print(f"{facts['file']}: {facts['file_bytes'] / 1e6:.2f} MB", soft_wrap=True)
