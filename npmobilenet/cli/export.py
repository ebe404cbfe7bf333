"""npmobilenet export WEIGHTS --to FORMAT --output FILE."""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..weights.families import FAMILIES
from . import export_tflite
from .common import print_json, say, spare
from .options import add_sha256
from .streams import complain

if TYPE_CHECKING:
    from ..weights import Model


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("weights", metavar="WEIGHTS", help="a run's folder or file")
    add_sha256(parser)
    parser.add_argument("--to", required=True, choices=list(FORMATS), help="what to write")
    parser.add_argument("--output", required=True, metavar="FILE", help="where to write it")
    parser.add_argument(
        "--layout",
        choices=("nchw", "nhwc"),
        default="nchw",
        help="onnx: axes of the image, channels first or last (nchw)",
    )
    parser.add_argument(
        "--fold",
        action="store_true",
        help="onnx: put batch normalisation into the convolutions",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="write it even where the family would compute something else with these weights",
    )
    export_tflite.configure(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.epilog = """example: npmobilenet export runs/flowers --to onnx --output flowers.onnx
  npmobilenet export runs/flowers --to tflite --int8 --calibrate flowers/train \\
      --output flowers.tflite"""


def run(options: argparse.Namespace) -> int:
    """Write the file, and say what it is."""
    from ..weights import load
    from ..weights.by_name import check_weights
    from ..weights.native import remarks, weight_file

    check_weights(options.weights, options.sha256)
    model, output = load(options.weights), Path(options.output)
    for remark in remarks(options.weights):
        complain(f"note: {remark}")
    if options.to == "onnx" and output.suffix != ".onnx":
        raise ValueError(f"{output}: the name of an ONNX file ends in .onnx")
    spare(output, weight_file(options.weights))
    inputs, outputs = FORMATS[options.to](model, output, options)
    size = output.stat().st_size
    if options.json:
        about = {"file": str(output), "format": options.to, "inputs": inputs, "outputs": outputs}
        print_json({**about, "bytes": size})
    else:
        ends = " -> ".join(_named(arrays) for arrays in (inputs, outputs))
        say(f"{output}: {options.to}, {size / 1e6:.1f} MB, {ends}")
    return 0


Arrays = dict[str, tuple[str | int, ...]]  # name -> shape


def _onnx(model: "Model", output: Path, options: argparse.Namespace) -> tuple[Arrays, Arrays]:
    """ONNX, with the names of the classes and the preprocessing in its metadata."""
    from ..weights.onnx import export_onnx, signature

    metadata = {
        "classes": json.dumps(model.classes, ensure_ascii=False),
        "preprocessing": json.dumps(model.preprocessing.to_json()),
    }
    settings: dict[str, Any] = {"layout": options.layout, "fold": options.fold}
    export_onnx(model.plan, model.params, output, metadata=metadata, **settings)
    return signature(model.plan, options.layout)


def _weights(family: str) -> Callable[["Model", Path, argparse.Namespace], tuple[Arrays, Arrays]]:
    def write(model: "Model", output: Path, options: argparse.Namespace) -> tuple[Arrays, Arrays]:
        """The arrays as that family keeps them."""
        from ..weights.exporting import export_weights
        from ..weights.onnx import signature

        notes = export_weights(model.plan, model.params, output, family, force=options.force)
        for note in (*notes, *_loading(model, family), _images(model, family)):
            complain(f"note: {note}")
        return signature(model.plan, "nhwc" if family in ("keras", "tutorial-c") else "nchw")

    return write


def _loading(model: "Model", family: str) -> Iterator[str]:
    """Which of a family's models takes the file, where several do and predict otherwise."""
    from ..weights.exporting import edition
    from ..weights.hub import architecture_of

    if family == "timm":
        name = architecture_of(model.plan, edition(model.plan, family))
        yield f"it is for timm.create_model({name!r}, num_classes={model.plan.classes})"


def _images(model: "Model", family: str) -> str:
    """What no file of weights holds: how images are prepared for them."""
    from ..weights.preprocessing import in_words

    inside = family == "keras" and model.plan.family.name == "v3"
    return f"feed it images of {in_words(model.preprocessing)} of pixels 0..1" + (
        "; to Keras' V3 with include_preprocessing=False" if inside else ""
    )


# each writes the model and returns names and shapes of what goes in and what comes out
FORMATS: dict[str, Callable[["Model", Path, argparse.Namespace], tuple[Arrays, Arrays]]] = {
    "onnx": _onnx,
    **{family: _weights(family) for family in FAMILIES},
    "tflite": export_tflite.write,
}


def _named(arrays: Arrays) -> str:
    """image (N, 3, 224, 224)"""
    return ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in arrays.items())
