"""npmobilenet predict IMAGE ... --weights FILE."""

import argparse
import sys
from pathlib import Path

from ..text import printable
from .common import add_engine, console, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="image files, or folders of them"
    )
    parser.add_argument(
        "--weights", required=True, metavar="FILE", help="a run's folder, a file, a shipped name"
    )
    parser.add_argument("--top", type=int, default=5, help="classes to print for each image (5)")
    parser.add_argument(
        "--picture", metavar="OUT.png", help="draw the images with their classes and probabilities"
    )
    add_engine(parser)
    parser.add_argument(
        "--json", action="store_true", help="one JSON object for each image, a list"
    )
    parser.epilog = "example: npmobilenet predict rose.jpg --weights runs/flowers"


def run(options: argparse.Namespace) -> int:
    """Name the images."""
    import numpy as np

    from .. import fonts
    from ..ops import softmax
    from ..training import panels
    from ..training.predict import predictor
    from ..training.transforms import open_image, prepare
    from ..weights import load

    model = load(options.weights)
    logits = predictor(model, 1, options.engine)
    out, found, pages = console(), [], []
    for path in image_paths(options.images):
        image = open_image(path, model.preprocessing.channels)
        p = softmax(logits(prepare(image, model.preprocessing)[None]))[0]
        ranked = np.argsort(-p, kind="stable")[: options.top]
        top = [{"class": model.classes[k], "probability": float(p[k])} for k in ranked]
        found.append({"file": str(path), "predictions": top})
        if options.picture:
            pages.append(panels.prediction(image, model.classes, p, options.top))
        if not options.json:
            out.print(printable(str(path)), style="bold", markup=False)
            widest = max(20, *(len(str(line["class"])) for line in top))
            for line in top:
                share = float(line["probability"])
                bar = "█" * round(30 * share)
                out.print(f"  {share:7.2%}  {line['class']:{widest}} {bar}", markup=False)
    if pages:
        panels.stacked(pages).save(options.picture)
        if remark := fonts.remark(model.classes):
            print(f"note: {remark}", file=sys.stderr)
    if options.json:
        print_json(found)
    return 0


def image_paths(given: list[str]) -> list[Path]:
    """Files as given; for a folder all image files in it and below, sorted."""
    from ..training.datasets import image_files

    paths: list[Path] = []
    for name in given:
        path = Path(name)
        inside = sorted(Path(file) for file in image_files(path)) if path.is_dir() else [path]
        if not inside:
            raise ValueError(f"{path}: no image files in this folder")
        paths += inside
    return paths
