"""What 8-bit integers cost in accuracy: the shipped networks, and ImageNet's agreement with its floats.

    python -m benchmarks.integer_accuracy --flowers flower_photos --fashion-mnist FOLDER \\
        --imagenet keras_mobilenet_v1_0.25_224_imagenet.h5

Each network is calibrated on images it was trained with and measured on the test images, in floats and in
int8 with a scale a channel.  Folders that are not named are looked for where NPMOBILENET_EXTRA_DATA says;
Fashion-MNIST also where Debian's package has it.  ImageNet's own images are not needed: a network of its
weights answers for the photographs of flowers, and what is counted is how often integers and floats name
the same of the 1,000 classes.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from npmobilenet.datasets.dataset import Dataset
from npmobilenet.datasets.splits import load_evaluation, load_splits
from npmobilenet.predicting.calibration import COUNT, calibration_images, quantized_model
from npmobilenet.predicting.evaluation import evaluate, logits_of
from npmobilenet.predicting.model import Model
from npmobilenet.tables import as_text, table
from npmobilenet.weights import load
from npmobilenet.weights.by_name import read_weights

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FLOWERS = "data/flower_photos"
IMAGENET = "weights/keras_mobilenet_v1_0.25_224_imagenet.h5"


@dataclass(frozen=True)
class Row:
    """One network, one way of making integers of it."""

    network: str
    how: str
    images: int
    floats: int  # right in floats; of agreement all
    integers: int  # right in integers; or the same class as in floats
    goal: int | None  # the fewest that are good enough
    what: str  # "right", or "the same class"

    @property
    def good(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return None if self.goal is None else self.integers >= self.goal


COLUMNS = ("network", "int8", ">images", ">floats", ">integers", ">difference", ">goal", "")


def cells(row: Row) -> tuple[Any, ...]:
    """A row of COLUMNS."""
    points = 100 * (row.integers - row.floats) / row.images
    goal = "" if row.goal is None else f">= {row.goal}"
    met = {None: "", True: "met", False: "MISSED"}[row.good]
    counts = (row.images, row.floats, row.integers)
    return (row.network, f"{row.how}: {row.what}", *counts, f"{points:+.2f} points", goal, met)


WAYS: dict[str, dict[str, Any]] = {
    "per channel": {},
    "per channel, single rounding": {"rounding": "single"},
    "per channel, mse": {"observer": "mse"},
    "per channel, percentile": {"observer": "percentile"},
    "per channel, moving average": {"observer": "moving_average"},
    "per tensor": {"per_channel": False},
    "uint8": {"dtype": "uint8"},
}


def shipped_rows(
    name: str, data: Path, allowed: Callable[[int], int], ways: dict[str, dict[str, Any]]
) -> Iterator[Row]:
    """Rows of a shipped network; allowed: of how many images it may name fewer right, of how many."""
    model = load(name)
    test = load_evaluation(data, model.classes, model.plan.channels)
    images = calibration_images(data, model.preprocessing, COUNT)
    floats = evaluate(model, test)
    for how, settings in ways.items():
        made = evaluate(quantized_model(model, images, **settings), test)
        goal = floats.correct - allowed(floats.count) if how == "per channel" else None
        yield Row(name, how, floats.count, floats.correct, made.correct, goal, "right")


def agreement_rows(weights: Path, data: Path, ways: dict[str, dict[str, Any]]) -> Iterator[Row]:
    """Rows of a network of ImageNet's on photographs of something else."""
    model = read_weights(weights, "keras")
    splits = load_splits(data, model.plan.channels)
    images = calibration_images(data, model.preprocessing, COUNT)
    photographs = splits.validation
    assert photographs is not None
    floats = _classes(model, photographs)
    name = f"{model.plan.model} {model.plan.width:g}, ImageNet"
    for how, settings in ways.items():
        same = int(
            (_classes(quantized_model(model, images, **settings), photographs) == floats).sum()
        )
        yield Row(name, how, len(floats), len(floats), same, None, "the same class")


def _classes(model: Model, dataset: Dataset) -> Any:
    drawn = logits_of(model, dataset, batch_size=32, workers=2)
    return np.concatenate([logits.argmax(axis=1) for logits, _ in drawn])


def rows(
    flowers: Path | None = None,
    fashion: Path | None = None,
    imagenet: Path | None = None,
    *,
    every: bool = False,
) -> Iterator[Row]:
    """All rows whose data are there; every: also the ways that have no goal."""
    flowers, fashion, imagenet = places(flowers, fashion, imagenet)
    ways = WAYS if every else {"per channel": WAYS["per channel"]}
    if fashion:
        yield from shipped_rows("fashion-mnist", fashion, lambda count: count // 100, ways)
    if flowers:
        yield from shipped_rows("flowers", flowers, lambda _: 4, ways)
        if imagenet:
            yield from agreement_rows(imagenet, flowers, ways)


def places(
    flowers: Path | None, fashion: Path | None, imagenet: Path | None
) -> tuple[Path | None, Path | None, Path | None]:
    """Where the data are: as named, or where they usually lie; None of what is not there."""
    extra = os.environ.get("NPMOBILENET_EXTRA_DATA")
    base = Path(extra) if extra else None
    flowers = flowers or (base / FLOWERS if base else None)
    imagenet = imagenet or (base / IMAGENET if base else None)
    fashion = fashion or DEBIAN
    return (
        flowers if flowers and flowers.is_dir() else None,
        fashion if fashion.is_dir() else None,
        imagenet if imagenet and imagenet.is_file() else None,
    )


def main() -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--flowers", type=Path, help="the folder with train/ and val/")
    parser.add_argument("--fashion-mnist", type=Path, help="the folder with its idx files")
    parser.add_argument("--imagenet", type=Path, help="Keras' weights of a network of ImageNet's")
    parser.add_argument("--all", action="store_true", help="other observers, per tensor, uint8 too")
    parser.add_argument("--json", action="store_true", help="a list of JSON objects")
    asked = parser.parse_args()
    found = list(rows(asked.flowers, asked.fashion_mnist, asked.imagenet, every=asked.all))
    if not found:
        parser.error("no data: name folders, or set NPMOBILENET_EXTRA_DATA")
    if asked.json:
        print(json.dumps([asdict(row) | {"good": row.good} for row in found], indent=2))
    else:
        print(as_text(table(COLUMNS, map(cells, found))))
    return int(any(row.good is False for row in found))


if __name__ == "__main__":
    raise SystemExit(main())
