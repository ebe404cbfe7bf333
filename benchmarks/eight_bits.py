"""Why MobileNets break in eight bits, step by step: how many images are named as in floats, and right.

    python -m benchmarks.eight_bits --flowers flower_photos --fashion-mnist FOLDER \\
        --imagenet keras_mobilenet_v1_0.25_224_imagenet.h5

Each network is calibrated on 128 images that it was trained with (the one of ImageNet on photographs of
flowers), and measured on the test images.  Folders that are not named are looked for where
NPMOBILENET_EXTRA_DATA says; Fashion-MNIST also where Debian's package has it.
--ranges prints instead how wide the channels of the depthwise layers are: the largest absolute weights,
as trained and with batch normalisation folded into them.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from npmobilenet.cli.common import console
from npmobilenet.datasets.dataset import Dataset
from npmobilenet.datasets.splits import load_evaluation, load_splits
from npmobilenet.ops.checks import Array
from npmobilenet.predicting.calibration import (
    COUNT,
    calibration_images,
    equalised_model,
    quantized_model,
)
from npmobilenet.predicting.evaluation import logits_of
from npmobilenet.predicting.model import Model
from npmobilenet.quantization.equalising import without_ceiling
from npmobilenet.quantization.ranges import channel_ranges
from npmobilenet.tables import table
from npmobilenet.weights import load
from npmobilenet.weights.by_name import read_weights

from .hardware import hardware
from .integer_accuracy import places

TENSOR = {"per_channel": False}
FOUR = {"weight_bits": 4}
EQUAL = {"equalise": True}
CORRECTED = {"correct_bias": True}
STEPS: dict[str, dict[str, Any]] = {
    "a scale a channel": {},
    "a scale a tensor": TENSOR,
    "a scale a tensor, uint8": {"dtype": "uint8"},
    "a scale a tensor, moving average": {**TENSOR, "observer": "moving_average"},
    "a scale a tensor, percentile": {**TENSOR, "observer": "percentile"},
    "a scale a tensor, least squared error": {**TENSOR, "observer": "mse"},
    "a scale a tensor, bias corrected": {**TENSOR, **CORRECTED},
    "a scale a tensor, equalised": {**TENSOR, **EQUAL},
    "a scale a tensor, equalised, bias corrected": {**TENSOR, **EQUAL, **CORRECTED},
    "a scale a channel, bias corrected": CORRECTED,
    "a scale a channel, equalised, bias corrected": {**EQUAL, **CORRECTED},
    "4 bits, a scale a channel": FOUR,
    "4 bits, a scale a channel, bias corrected": {**FOUR, **CORRECTED},
    "4 bits, a scale a tensor": {**FOUR, **TENSOR},
    "4 bits, a scale a tensor, equalised, bias corrected": {**FOUR, **TENSOR, **EQUAL, **CORRECTED},
}
FLOATS, NO_CEILING, EVEN = "floats", "floats, ReLU for ReLU6", "floats, equalised"


@dataclass(frozen=True)
class Row:
    """One network, one step."""

    network: str
    step: str
    images: int
    same: int  # named as in floats
    right: int | None  # None: of these images nobody knows the class, for the network


COLUMNS = ("network", "step", ">images", ">as floats", ">right")


def cells(row: Row) -> tuple[Any, ...]:
    """A row of COLUMNS."""
    right = "" if row.right is None else row.right
    return row.network, row.step, row.images, row.same, right


def rows_of(name: str, model: Model, data: Path, test: Dataset, known: bool) -> Iterator[Row]:
    """A network's rows; known: whether the labels are classes of the network's."""
    images = calibration_images(data, model.preprocessing, COUNT)
    floats, labels = answers(model, test)

    def row(step: str, found: Array) -> Row:
        right = int((found == labels).sum()) if known else None
        return Row(name, step, len(labels), int((found == floats).sum()), right)

    yield row(FLOATS, floats)
    yield row(NO_CEILING, answers(replace(model, plan=without_ceiling(model.plan)), test)[0])
    even = equalised_model(model, images)
    yield row(EVEN, answers(even, test)[0])
    for step, how in STEPS.items():
        asked = {name: value for name, value in how.items() if name != "equalise"}
        made = quantized_model(even if "equalise" in how else model, images, **asked)
        yield row(step, answers(made, test)[0])


def answers(model: Model, test: Dataset) -> tuple[Array, Array]:
    """Class by class what the network says of each image, and what the label says."""
    drawn = list(logits_of(model, test, batch_size=32, workers=2))
    return (
        np.concatenate([logits.argmax(axis=1) for logits, _ in drawn]),
        np.concatenate([labels for _, labels in drawn]),
    )


def networks(
    flowers: Path | None, fashion: Path | None, imagenet: Path | None
) -> Iterator[tuple[str, Model, Path, Dataset, bool]]:
    """Of those that are there: name, network, data, test images, whether it knows their classes."""
    if flowers and imagenet:
        model = read_weights(imagenet, "keras")
        photographs = load_splits(flowers, model.plan.channels).validation
        assert photographs is not None
        name = f"ImageNet, {model.plan.model} {model.plan.width:g}"
        yield name, model, flowers, photographs, False
    for name, data in (("flowers", flowers), ("fashion-mnist", fashion)):
        if data:
            model = load(name)
            test = load_evaluation(data, model.classes, model.plan.channels)
            yield name, model, data, test, True


RANGES = ("network", "layer", ">channels", ">trained", ">folded", ">median", ">under half a step")


def range_rows(name: str, model: Model) -> Iterator[tuple[str, ...]]:
    """A row a depthwise layer: its widest channel before and after, the median, and what is lost."""
    for layer, (trained, folded) in channel_ranges(model.plan, model.params).items():
        lost = int((folded < folded.max() / 127 / 2).sum())
        sizes = (trained.max(), folded.max(), np.median(folded))
        yield name, layer, str(len(folded)), *(f"{size:.3g}" for size in sizes), str(lost)


def main() -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--flowers", type=Path, help="the folder with train/ and val/")
    parser.add_argument("--fashion-mnist", type=Path, help="the folder with its idx files")
    parser.add_argument("--imagenet", type=Path, help="Keras' weights of a network of ImageNet's")
    parser.add_argument("--only", default="", help="networks whose names contain this")
    parser.add_argument("--ranges", action="store_true", help="ranges of the channels")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    found = []
    spans: list[tuple[str, ...]] = []
    for name, model, data, test, known in networks(
        *places(asked.flowers, asked.fashion_mnist, asked.imagenet)
    ):
        if asked.only not in name:
            continue
        if asked.ranges:
            spans += range_rows(name, model)
            continue
        for row in rows_of(name, model, data, test, known):
            found.append(row)
            if not asked.json:
                console().print("  ".join(map(str, cells(row))), soft_wrap=True)
    if not found and not spans:
        parser.error("no data: name folders, or set NPMOBILENET_EXTRA_DATA")
    if asked.ranges:
        console().print(table(RANGES, spans))
    elif asked.json:
        print(json.dumps(hardware() | {"rows": [asdict(row) for row in found]}, indent=1))
    else:
        console().print(table(COLUMNS, map(cells, found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
