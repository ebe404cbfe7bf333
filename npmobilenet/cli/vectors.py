"""npmobilenet vectors MODEL -o DIR, and npmobilenet vectors check DIR --theirs DIR2."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models.dialects import DIALECTS
from ..models.registry import MODELS
from . import vectors_text
from .common import console, print_json
from .options import add_sha256
from .progress import beside, counting
from .streams import complain
from .values import at_least, resolution_option

if TYPE_CHECKING:
    from ..ops.checks import Array
    from ..predicting.model import Model
    from ..quantization.plan import QuantizedPlan

USAGE = """npmobilenet vectors MODEL -o DIR [--images IMAGE ...] [options]
       npmobilenet vectors check DIR --theirs DIR2 [--json]"""
EXAMPLES = """\
example: npmobilenet vectors flowers --images rose.jpg -o golden
         npmobilenet vectors v2 --width 0.35 --resolution 96 --layers blocks.3 \\
             -o block
         npmobilenet vectors check block --theirs simulated"""
OF_FLOATS = ("dtype", "per_tensor", "pooling")  # options of a network that is not quantised yet
OF_NAMES = ("width", "resolution", "classes", "dialect")  # of a network with random weights


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from ..weights.families import FAMILIES

    parser.usage = USAGE
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a quantised network's file, a .tflite file, or one of floats: a run's folder, a file, a "
        f"shipped name; or, with random weights, {', '.join(MODELS)}; or the word check",
    )
    parser.add_argument("folder", nargs="?", metavar="DIR", help="of check: the vectors")
    add = parser.add_argument_group("writing").add_argument
    add("-o", "--output", type=Path, metavar="DIR", help="a new folder to write")
    add(
        "--images",
        nargs="+",
        default=["random"],
        metavar="IMAGE",
        help="image files, folders of them, or the word random: pixels of noise (random)",
    )
    add("--count", type=at_least(1), metavar="N", help="how many random images (1)")
    add("--seed", type=at_least(0), default=0, help="of random images and weights (0)")
    add(
        "--layers",
        nargs="+",
        metavar="NAME",
        help="of layers, or of blocks, which are all their layers: stem, blocks.3 (all)",
    )
    add(
        "--formats",
        nargs="+",
        choices=("npy", "hex", "h"),
        default=["npy", "hex", "h"],
        help="NumPy's files, words for $readmemh, headers for C; npy or hex is needed (all three)",
    )
    add(
        "--rounding",
        choices=("double", "single"),
        help="as LiteRT's reference kernels, or as XNNPACK (as MODEL says, or double)",
    )
    add("--from", dest="family", choices=list(FAMILIES), metavar="FAMILY", help="who wrote MODEL")
    add_sha256(parser)
    group = parser.add_argument_group("a MODEL of floats, which is quantised for these images")
    group.add_argument("--dtype", choices=("int8", "uint8"), help="of all tensors (int8)")
    group.add_argument("--per-tensor", action="store_true", default=None, help="one scale a weight")
    group.add_argument("--pooling", choices=("mean", "average_pool"), help="the global pool (mean)")
    group = parser.add_argument_group("a MODEL with random weights")
    group.add_argument("--width", type=float, help="width multiplier alpha (1.0)")
    group.add_argument(
        "--resolution", type=resolution_option, metavar="PIXELS", help="(mostly 224)"
    )
    group.add_argument("--classes", type=int, help="number of classes (the dialect's)")
    group.add_argument("--dialect", choices=list(DIALECTS), help="which family's version (paper)")
    add = parser.add_argument_group("checking").add_argument
    add(
        "--theirs",
        type=Path,
        metavar="DIR2",
        help="files .npy or .hex at the same places as in DIR, of all tensors or of some",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = EXAMPLES
    parser.set_defaults(wrong_usage=parser.error)


def run(options: argparse.Namespace) -> int:
    """Write vectors, or check some; 1 where they differ."""
    return _check(options) if options.model == "check" else _write(options)


def _check(options: argparse.Namespace) -> int:
    from ..vectors import check
    from ..vectors.document import read_manifest

    if not options.folder or not options.theirs:
        options.wrong_usage(
            "check wants the vectors and what lies beside them: check DIR --theirs DIR2"
        )
    folder = Path(options.folder)
    with counting(beside(options.json), len(read_manifest(folder)["layers"])) as seen:
        found = check(folder, options.theirs, progress=seen)
    for name in found.others[:3]:
        complain(f"note: {options.theirs / name}: not looked at, the manifest does not name it")
    if len(found.others) > 3:
        complain(f"note: and {len(found.others) - 3} more files")
    if options.json:
        print_json(found.to_json())
    else:
        console().print(*vectors_text.checked(found), sep="\n", soft_wrap=True)
    return int(not found.equal)


def _write(options: argparse.Namespace) -> int:
    from ..vectors import write
    from ..vectors.writing import chosen

    if options.output is None:
        options.wrong_usage("-o DIR is needed: where vectors are written")
    if options.folder or options.theirs:
        options.wrong_usage(
            "a second folder and --theirs are for the word check: check DIR --theirs DIR2"
        )
    if options.count and options.images != ["random"]:
        options.wrong_usage("--count is for --images random")
    model, notes = _model(options)
    x, pictures = _images(options, model)
    network, arrays = _integers(options, model, x)
    about: dict[str, Any] = {"made_by": _version(), "model": network.plan.model, "weights": notes}
    about |= {"images": pictures, "seed": options.seed}
    steps = chosen(network, options.layers)
    how: dict[str, Any] = {"layers": options.layers, "formats": options.formats, "about": about}
    with counting(beside(options.json), len(steps)) as seen:
        document = write(network, arrays, x, options.output, progress=seen, **how)
    if options.json:
        print_json(vectors_text.summary(options.output, document))
    else:
        console().print(*vectors_text.written(options.output, document), sep="\n", soft_wrap=True)
    return 0


def _version() -> str:
    from .. import __version__

    return f"npmobilenet {__version__}"


def _model(options: argparse.Namespace) -> tuple["Model", str]:
    """The model, and where its weights come from."""
    from ..weights.by_name import find_weights

    given = [name for name in OF_NAMES if getattr(options, name) is not None]
    if options.model in MODELS and not Path(options.model).exists():
        return _random(
            options
        ), f"random, npmobilenet.vectors.random_params with seed {options.seed}"
    if given:
        options.wrong_usage(f"--{given[0]} is for a MODEL with random weights: {', '.join(MODELS)}")
    family = options.family or ("tflite" if options.model.endswith(".tflite") else "")
    found = find_weights(options.model, family, sha256=options.sha256)
    for note in found.notes:
        complain(f"note: {note}")
    return found.model, str(options.model)


def _random(options: argparse.Namespace) -> "Model":
    from ..images.preprocessing import Preprocessing
    from ..models.network_plan import plan
    from ..predicting.model import Model
    from ..vectors import random_params

    network = plan(options.model, **{name: getattr(options, name) for name in OF_NAMES})
    classes = tuple(f"class {k}" for k in range(network.classes))
    images = Preprocessing.imagenet(network.resolution)
    return Model(network, random_params(network, options.seed), classes, images)


def _images(options: argparse.Namespace, model: "Model") -> tuple["Array", list[str]]:
    """What the network reads, and what the manifest says of it."""
    import numpy as np

    from ..images.inputs import opened
    from ..images.preprocessing import normalize, prepare
    from .predict import image_paths

    how = model.preprocessing
    if options.images == ["random"]:
        shape = (options.count or 1, *model.plan.resolution, model.plan.channels)
        pixels = np.random.default_rng(options.seed).integers(0, 256, shape, np.uint8)
        return np.stack([normalize(image, how) for image in pixels]), ["random"] * len(pixels)
    paths = image_paths(options.images)
    x = [prepare(opened(path, how.channels), how) for path in paths]
    return np.stack(x), [str(path) for path in paths]


def _integers(
    options: argparse.Namespace, model: "Model", x: "Array"
) -> tuple["QuantizedPlan", dict[str, "Array"]]:
    """The network in integers: as it is, or made of floats."""
    from ..predicting.calibration import quantized_model

    given = {
        name: getattr(options, name) for name in OF_FLOATS if getattr(options, name) is not None
    }
    if model.quantized is not None:
        if given:
            name = next(iter(given)).replace("_", "-")
            options.wrong_usage(f"--{name} is for a MODEL of floats; this one is of integers")
        network = model.quantized
        if options.rounding and options.rounding != network.rounding:
            network = network.with_rounding(options.rounding)
        return network, model.params
    if given.pop("per_tensor", None):
        given["per_channel"] = False
    complain(f"note: quantised for {len(x)} image{'s' * (len(x) > 1)}, those of --images")
    made = quantized_model(model, [x], rounding=options.rounding or "double", **given)
    assert made.quantized is not None
    return made.quantized, made.params
