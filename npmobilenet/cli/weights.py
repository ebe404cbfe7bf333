"""npmobilenet weights import | list | get."""

import argparse
from pathlib import Path
from typing import Any

from ..images.preprocessing import INTERPOLATIONS
from ..models.dialect import ACTIVATIONS
from ..models.dialects import DIALECTS
from ..models.registry import MODELS
from ..weights.description import STRETCH
from . import Help
from .common import console, print_json, say, spare
from .options import add_sha256
from .progress import beside
from .streams import complain
from .values import at_least, resolution_option


def configure(parser: argparse.ArgumentParser) -> None:
    """The three things one can do with weights, and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    bring = actions.add_parser(
        "import",
        help="make another framework's file one of our own",
        description="Make another framework's weight file one of our own.",
        formatter_class=Help,
    )
    _import_options(bring)
    known = actions.add_parser("list", help="the official files", formatter_class=Help)
    known.add_argument("--json", action="store_true", help="a list of JSON objects")
    known.epilog = "example: npmobilenet weights list"
    fetch = actions.add_parser(
        "get", help="fetch an official file and import it", formatter_class=Help
    )
    fetch.add_argument("name", metavar="NAME", help="as `weights list` shows it")
    fetch.add_argument("--output", required=True, metavar="FILE", help="where to write it")
    fetch.add_argument("--json", action="store_true", help="one JSON object")
    add_sha256(fetch)
    fetch.epilog = (
        "example: npmobilenet weights get keras/mobilenet_0.25_224 \\\n"
        "           --output v1.safetensors"
    )
    parser.epilog = "example: npmobilenet weights import v1.h5 --from keras --output v1.safetensors"


def _import_options(parser: argparse.ArgumentParser) -> None:
    from ..weights.families import FAMILIES

    add = parser.add_argument
    add(
        "file", metavar="FILE", help=".h5, .weights.h5, .keras, .safetensors, .pth, .npz or .tflite"
    )
    add("--from", dest="family", required=True, choices=list(FAMILIES), help="who wrote it")
    add("--output", required=True, metavar="FILE", help="where to write it")
    add("--model", choices=list(MODELS), help="(as the tensors tell)")
    add("--width", type=float, help="width multiplier alpha (as the tensors tell)")
    add("--classes", type=at_least(1), help="number of classes that is expected")
    add("--divisor", type=at_least(1), default=8, help="of scaled channels (8)")
    add("--dialect", choices=list(DIALECTS), help="(the family's)")
    add(
        "--entry",
        metavar="NAME",
        help="of several sets of weights in a file, state_dict or state_dict_ema (the average)",
    )
    add(
        "--float",
        action="store_true",
        dest="dequantize",
        help="tflite: integers as floats, to go on training (as integers, where the file has them)",
    )
    add("--activation", choices=ACTIVATIONS, help="instead of the dialect's ReLU or ReLU6")
    add(
        "--resolution",
        type=resolution_option,
        metavar="PIXELS",
        help="image size, 192 or 192x160 (the dialect's, mostly 224)",
    )
    add(
        "--class-names",
        metavar="FILE",
        help="a name a line, or JSON (ImageNet's names for 1000 and 1001 classes, else numbers)",
    )
    add_sha256(parser)
    images = parser.add_argument_group(
        "what is done to images", "As the file says, else as is usual in the family."
    )
    add = images.add_argument
    add("--mean", type=float, nargs="+", metavar="M", help="of pixels 0..1: one number, or three")
    add("--std", type=float, nargs="+", metavar="S", help="of pixels 0..1: one number, or three")
    add("--interpolation", choices=INTERPOLATIONS, help="Pillow's filter that resizes")
    cropping = images.add_mutually_exclusive_group()
    cropping.add_argument(
        "--crop", type=float, metavar="SHARE", help="of the shorter side kept by the crop, 0.875"
    )
    cropping.add_argument(
        "--resize",
        type=resize_option,
        metavar="PIXELS",
        help="shorter side before the crop, 256; or stretch: nothing is cropped",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(complain=parser.error)
    parser.epilog = """example: npmobilenet weights import mobilenet_v2-b0353104.pth \\
             --from torchvision --output v2.safetensors
  npmobilenet weights import model.h5 --from keras --output mine.safetensors \\
      --mean 0 --std 1                  # trained on pixels divided by 255
  npmobilenet weights import mobile.tflite --from tflite --float \\
      --output floats.safetensors       # as integers without --float
  npmobilenet weights import model.h5 --from keras --output mine.safetensors \\
      --mean 0.485 0.456 0.406 --std 0.229 0.224 0.225 --resize 256"""


def resize_option(text: str) -> int | str:
    """ "256" -> 256; "stretch"."""
    if text == STRETCH or (text.isascii() and text.isdecimal() and int(text) > 0):
        return text if text == STRETCH else int(text)
    raise argparse.ArgumentTypeError(f"expected pixels or {STRETCH}, found {text!r}")


def run(options: argparse.Namespace) -> int:
    """Import, list or get."""
    actions = {"import": _import, "list": _list, "get": _get}
    return actions[options.action](options)


def _import(options: argparse.Namespace) -> int:
    from ..names import read_class_names
    from ..weights.hub import foreign_file
    from ..weights.importing import import_weights
    from ..weights.preprocessing import known

    images = ["mean", "std", "interpolation", "crop", "resize"]
    try:
        known(**{name: getattr(options, name) for name in images})
    except ValueError as error:
        options.complain(str(error))
    spare(Path(options.output), foreign_file(Path(options.file)))
    settings = ["model", "width", "dialect", "activation", "divisor", "classes", "resolution"]
    settings += images
    names = read_class_names(options.class_names) if options.class_names else None
    found = import_weights(
        options.file,
        options.family,
        class_names=names,
        entry=options.entry,
        dequantize=options.dequantize,
        sha256=options.sha256,
        **{name: getattr(options, name) for name in settings},
    )
    return _keep(found, options)


def _list(options: argparse.Namespace) -> int:
    from ..weights.sources import list_parts, to_json

    if options.json:
        print_json(to_json())
    else:
        console().print(*list_parts(), sep="\n")
    return 0


def _get(options: argparse.Namespace) -> int:
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    from ..weights.importing import import_official
    from ..weights.sources import pin_of, place_of, source_named

    out = beside(options.json)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        task = progress.add_task(options.name)

        def show(here: int, total: int | None) -> None:
            progress.update(task, completed=here, total=total)

        found = import_official(options.name, show, sha256=options.sha256)
    source = source_named(options.name)
    if source.sha256 is None and options.sha256 is None:
        complain(
            f"note: nobody has published a SHA-256 of {source.name}, so nothing of ours has checked it; "
            f"it is {found.model.notes['imported from']['sha256']}, and is held to that from now on "
            f"({pin_of(place_of(source))})"
        )
    return _keep(found, options)


def _keep(found: Any, options: argparse.Namespace) -> int:
    """Write the model, and say what was found."""
    from ..weights import save

    output = Path(options.output)
    if output.suffix != ".safetensors":
        raise ValueError(f"{output}: the name of a weight file ends in .safetensors")
    save(found.model, output)
    if options.json:
        print_json({"file": str(output), **found.to_json()})
    else:
        for note in found.notes:
            (complain if note.startswith("warning: ") else say)(note)
        say(f"{output}: {output.stat().st_size / 1e6:.1f} MB")
    return 0
