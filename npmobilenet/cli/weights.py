"""npmobilenet weights import | list | get."""

import argparse
from pathlib import Path
from typing import Any

from ..models.dialect import ACTIVATIONS
from ..models.dialects import DIALECTS
from ..models.plan import MODELS
from . import Help
from .common import at_least, console, print_json, resolution_option


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
    fetch.epilog = (
        "example: npmobilenet weights get keras/mobilenet_0.25_224 \\\n"
        "           --output v1.safetensors"
    )
    parser.epilog = "example: npmobilenet weights import v1.h5 --from keras --output v1.safetensors"


def _import_options(parser: argparse.ArgumentParser) -> None:
    from ..weights.families import FAMILIES

    add = parser.add_argument
    add("file", metavar="FILE", help=".h5, .weights.h5, .keras, .safetensors, .pth or .npz")
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
    add("--json", action="store_true", help="one JSON object")
    parser.epilog = (
        "example: npmobilenet weights import mobilenet_v2-b0353104.pth \\\n"
        "           --from torchvision --output v2.safetensors"
    )


def run(options: argparse.Namespace) -> int:
    """Import, list or get."""
    actions = {"import": _import, "list": _list, "get": _get}
    return actions[options.action](options)


def _import(options: argparse.Namespace) -> int:
    from ..weights.importing import import_weights, read_class_names

    settings = ("model", "width", "dialect", "activation", "divisor", "classes", "resolution")
    names = read_class_names(options.class_names) if options.class_names else None
    found = import_weights(
        options.file,
        options.family,
        class_names=names,
        entry=options.entry,
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

    out = console()
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        task = progress.add_task(options.name)

        def show(here: int, total: int | None) -> None:
            progress.update(task, completed=here, total=total)

        found = import_official(options.name, show)
    return _keep(found, options)


def _keep(found: Any, options: argparse.Namespace) -> int:
    """Write the model, and say what was found."""
    from ..weights import save

    output = Path(options.output)
    if output.suffix != ".safetensors":
        raise ValueError(f"{output}: the name of a weight file ends in .safetensors")
    save(found.model, output)
    network = found.model.plan
    if options.json:
        print_json(
            {
                "file": str(output),
                "model": network.model,
                "width": network.width,
                "resolution": list(network.resolution),
                "classes": network.classes,
                "channels": network.channels,
                "dialect": network.dialect.name,
                "notes": list(found.notes),
            }
        )
    else:
        for note in found.notes:
            print(note)
        print(f"{output}: {output.stat().st_size / 1e6:.1f} MB")
    return 0
