"""npmobilenet explore [IMAGE] [--weights FILE | --model MODEL]."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .common import print_json, spare
from .options import MODEL_HELP, add_plan_options, add_weights, model_name, plan_of, weights_of
from .progress import beside
from .streams import complain
from .values import output_option

if TYPE_CHECKING:
    from ..explorer import Page
    from ..weights import Model

DEFAULT = "fashion-mnist"  # a V3: every view has something to show
PLAN = ("width", "divisor", "resolution", "classes", "no_top", "dialect")


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "image",
        nargs="?",
        metavar="IMAGE",
        help="an image file, or the shipped ankle-boot or chelsea (whichever the network can read)",
    )
    which = parser.add_mutually_exclusive_group()
    add_weights(parser, default=DEFAULT, among=which)
    which.add_argument(
        "--model",
        type=model_name,
        metavar="MODEL",
        help="instead of weights, a network with fresh random ones, for its cost and geometry: "
        f"{MODEL_HELP}",
    )
    add_plan_options(parser)
    parser.add_argument(
        "--label", metavar="CLASS", help="whose loss goes backwards, name or number (the predicted)"
    )
    parser.add_argument(
        "--precision",
        choices=("auto", "float16", "float32"),
        default="auto",
        help="of the weights in the page; auto: as in their file while the page stays below 4 MB, "
        "else float16 (auto)",
    )
    parser.add_argument(
        "--no-time", action="store_true", help="do not measure this machine and each layer on it"
    )
    parser.add_argument(
        "-o", "--output", default="explorer.html", metavar="FILE", help="(explorer.html)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = "example: npmobilenet explore chelsea --weights flowers --open"
    usual = {name: parser.get_default(name) for name in PLAN}
    parser.set_defaults(usual=usual, wrong_usage=parser.error)


def run(options: argparse.Namespace) -> int:
    """Write the page, and say how large it is and what the network says of the image."""
    from ..explorer import made, title_of, write

    if options.model is None and (odd := _plan_options(options)):
        options.wrong_usage(
            f"{odd[0]} is of a network with fresh weights: say which, --model MODEL"
        )
    output = _output(options)
    model = _fresh(options) if options.model else weights_of(options)
    with beside(options.json).status("computing once, measuring each layer"):
        page = made(
            model,
            options.image,
            title="" if options.model else title_of(options.weights),
            fresh=options.model is not None,
            label=options.label,
            precision=options.precision,
            time=not options.no_time,
        )
    write(output, page)
    _say(options, output, page)
    if options.open:
        import webbrowser

        webbrowser.open(output.resolve().as_uri())
    return 0


def _plan_options(options: argparse.Namespace) -> list[str]:
    """Those of the options of a plan that were given, as they are written."""
    given = (name for name, value in options.usual.items() if getattr(options, name) != value)
    return [f"--{name.replace('_', '-')}" for name in given]


def _output(options: argparse.Namespace) -> Path:
    """Where the page goes; ValueError before any work where it cannot, or is what is read."""
    from ..weights.native import weight_file

    if not options.output:
        raise ValueError("--output must be the name of a file, found ''")
    try:
        output = output_option(options.output)
    except argparse.ArgumentTypeError as error:
        raise ValueError(str(error)) from None
    spare(output, weight_file(options.weights))
    if options.image:
        spare(output, Path(options.image))
    return output


def _fresh(options: argparse.Namespace) -> "Model":
    """A model with fresh weights, and classes that have only numbers."""
    from ..images.preprocessing import Preprocessing
    from ..models.params import init
    from ..predicting.model import Model

    plan = plan_of(options)
    names = tuple(f"class {k}" for k in range(plan.classes))
    return Model(plan, init(plan, 0), names, Preprocessing.imagenet(plan.resolution))


def _say(options: argparse.Namespace, output: Path, page: "Page") -> None:
    for english, _ in page.remarks:
        complain(f"note: {english}")
    if options.json:
        print_json(_document(output, page))
        return
    kept = "half precision" if page.precision == "float16" else "single precision"
    said = f"{output}: {page.size / 1e6:.1f} MB, weights in {kept}"
    if page.prediction and not options.model:
        name, probability = page.prediction
        said += f"; {name} {probability:.1%}"
    beside(False).print(said, soft_wrap=True)


def _document(output: Path, page: "Page") -> dict[str, Any]:
    named = page.prediction and dict(zip(("class", "probability"), page.prediction, strict=True))
    return {
        "path": str(output),
        "bytes": page.size,
        "precision": page.precision,
        "moved": page.moved,
        "prediction": named,
        "remarks": [english for english, _ in page.remarks],
    }
