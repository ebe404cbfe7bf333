"""npmobilenet predict IMAGE ... --weights FILE."""

import argparse
import os
from contextlib import AbstractContextManager
from glob import glob
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from ..text import displayed, visible
from .common import json_text
from .options import add_engine, add_weights, said_of, weights_of
from .progress import beside, counting
from .streams import complain
from .values import at_least, picture_option

if TYPE_CHECKING:
    from PIL import Image
    from rich.console import Console

    from ..predicting.prediction import Prediction
    from ..weights import Model

PATH = 4096  # characters of a path that are shown: all that a system allows
PAGES = 60  # of --picture, fifteen rows of four: of a large folder it would fill the memory


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "images",
        nargs="+",
        metavar="IMAGE",
        help="image files, folders of them, or the shipped ankle-boot and chelsea (a cat)",
    )
    add_weights(parser)
    parser.add_argument(
        "--top", type=at_least(1), default=5, help="classes to print for each image (5)"
    )
    parser.add_argument(
        "--picture",
        type=picture_option,
        metavar="OUT.png",
        help=f"draw the images, {PAGES} at most, with their classes and probabilities",
    )
    add_engine(parser)
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="images that cannot be read are counted, and the exit code is 0 while others can",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object for each image, a list"
    )
    parser.epilog = "example: npmobilenet predict ankle-boot --weights fashion-mnist"


def run(options: argparse.Namespace) -> int:
    """Name the images, each as soon as it is done; one that cannot be read does not stop the others."""
    from .. import fonts
    from ..pictures import keep
    from ..predicting import prediction_sheet
    from ..predicting.prediction import predictions
    from ..ranks.world import Ranks

    model = weights_of(options)
    paths = image_paths(options.images)
    ranks = options.ranks or Ranks()
    own = predictions(model, paths[ranks.rank :: ranks.size], options.top, engine=options.engine)
    found = ranks.in_turn(own, len(paths))
    pages: list[Image.Image] = []
    bad = 0
    bar = beside(options.json)
    show = _Json() if options.json else _Text(model, bar)
    with said_of(options.weights), show, counting(bar, len(paths)) as seen:
        for done, (path, one) in enumerate(zip(paths, found, strict=ranks.first)):
            seen(done)
            if isinstance(one, ValueError):
                bad += 1
                none = f"{path}: no image files in this folder"
                why = visible(none if os.path.isdir(path) else str(one))
                complain(f"npmobilenet predict: {why}")
                show.failed(path, why)
            else:
                show.named(path, one)
                if options.picture and len(pages) < PAGES:
                    pages.append(_page(path, model, one, options.top))
    if pages:
        keep(prediction_sheet.stacked(pages), options.picture)
        if remark := fonts.remark(model.classes):
            complain(f"note: {remark}")
    if options.picture and ranks.first and len(pages) < len(paths):
        complain(f"note: {options.picture} has {len(pages)} of {len(paths)} images")
    if options.skip_bad and bad and ranks.first:
        complain(f"note: {bad:,} of {len(paths):,} images cannot be read")
    return int(ranks.any(bad > (len(paths) - 1 if options.skip_bad else 0)))


def image_paths(given: list[str]) -> list[Path]:
    """Files as given; for a folder all image files in it and below, sorted, or itself if it has none.

    "*.jpg" stands for the files that it fits, which Windows' prompt leaves to the program.
    """
    from ..datasets.file_tree import image_files

    paths: list[Path] = []
    for name in given:
        if not name:  # Path("") would be the current folder
            raise ValueError("IMAGE must be the name of a file or a folder, found ''")
        fitting = [] if os.path.lexists(name) else sorted(glob(name))
        for path in map(Path, fitting or [name]):
            inside = sorted(map(Path, image_files(path))) if os.path.isdir(path) else []
            paths += inside or [path]
    return paths


def _page(path: Path, model: "Model", found: "Prediction", top: int) -> "Image.Image":
    """The image is opened once more: only of those that are drawn is it wanted."""
    from ..images.inputs import opened
    from ..predicting import prediction_sheet

    image = opened(path, model.preprocessing.channels)
    return prediction_sheet.prediction(image, model.classes, found.probabilities, top)


class _Text(AbstractContextManager["_Text"]):
    """A heading for each image, a line for each class; at the end what uncertain means."""

    def __init__(self, model: "Model", out: "Console") -> None:
        self.out, self.classes, self.uncertain = out, model.classes, 0

    def named(self, path: Path, found: "Prediction") -> None:
        self._line(displayed(str(path), PATH), style="bold")
        names = [displayed(name) for name, _ in found.top]
        widest = max(20, *map(cell_len, names))  # a Chinese character is two columns wide
        room = max(10, min(30, self.out.width - widest - 13))
        for name, (_, share) in zip(names, found.top, strict=True):
            bar = " " * (widest - cell_len(name)) + " " + "█" * round(room * share)
            self._line(f"  {share:7.2%}  {name}{bar}".rstrip())
        if found.uncertain:
            self.uncertain += 1
            next_one = f", next {found.second:.2f}" if len(self.classes) > 1 else ""
            self._line(f"  uncertain: {displayed(found.name)} {found.probability:.2f}{next_one}")

    def failed(self, path: Path, why: str) -> None:
        """Standard error has it already."""

    def __exit__(self, *_: object) -> None:
        from ..predicting.metrics import DOUBT

        if self.uncertain:
            count = len(self.classes)
            names = f": {', '.join(map(displayed, self.classes))}" if count <= 10 else ""
            self.out.print(
                f"\nuncertain means that the first class has less than {DOUBT:g}: look for yourself.\n"
                f"Certain or not, the model can only choose among the {count} classes it knows{names}."
            )

    def _line(self, text: str, style: str | None = None) -> None:
        self.out.print(text, style=style, soft_wrap=True)


class _Json(AbstractContextManager["_Json"]):
    """A list, an object for each image, written as they come and valid wherever it ends."""

    def __init__(self) -> None:
        self.before = "[\n"

    def named(self, path: Path, found: "Prediction") -> None:
        self._entry({"file": str(path), **found.to_json()})

    def failed(self, path: Path, why: str) -> None:
        self._entry({"file": str(path), "error": why})

    def __exit__(self, *_: object) -> None:
        print("\n]" if self.before != "[\n" else "[]")

    def _entry(self, entry: dict[str, Any]) -> None:
        print(self.before + indent(json_text(entry), "  "), end="", flush=True)
        self.before = ",\n"
