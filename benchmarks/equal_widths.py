"""What channels of equal width are worth before any training: integers of shipped networks as they are.

    python -m benchmarks.equal_widths flowers flower_photos
    python -m benchmarks.equal_widths fashion-mnist FOLDER

The network as it ships and with its channels made equally wide, as quantize.equalise has them, in floats
and in integers of 8 and 4 bits of weights, with one scale for a weight or one for each channel;
calibrated on 128 images it was trained with, measured on the test images.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from npmobilenet.datasets.splits import load_evaluation
from npmobilenet.predicting.calibration import calibration_images, equalised_model, quantized_model
from npmobilenet.predicting.evaluation import evaluate
from npmobilenet.tables import as_text, table
from npmobilenet.weights.by_name import read_weights

COLUMNS = (
    "network",
    ">floats",
    ">8 bits, a channel",
    ">8, a tensor",
    ">4, a channel",
    ">4, a tensor",
)
WAYS: list[dict[str, Any]] = [
    {"weight_bits": bits, "per_channel": own} for bits in (8, 4) for own in (True, False)
]


def rows(name: str, data: str) -> Iterator[tuple[Any, ...]]:
    """How many test images are named right."""
    model = read_weights(name)
    images = list(calibration_images(data, model.preprocessing, 128))
    wide = equalised_model(model, images)
    test = load_evaluation(data, model.classes, model.plan.channels)
    for who, each in ((name, model), (f"{name}, equalised", wide)):
        made = (quantized_model(each, images, rounding="single", **way) for way in WAYS)
        yield who, *(f"{evaluate(one, test).correct:,}" for one in (each, *made))


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("data")
    given = parser.parse_args()
    print(as_text(table(COLUMNS, list(rows(given.network, given.data)))))


if __name__ == "__main__":
    main()
