"""What the library refuses it says in one line that commands no terminal, whatever files are called."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet import datasets, training, vectors
from npmobilenet.cost.onnx_count import count_onnx
from npmobilenet.images import Preprocessing
from npmobilenet.names import read_class_names

HARM = "a\nb\x1b[31m\u202e\r.bin"


def model() -> nm.Model:
    plan = nm.plan("v1", width=0.1, resolution=32, classes=2, dialect="keras")
    return nm.Model(plan, nm.init(plan, 0), ("cat", "dog"), Preprocessing.imagenet(32))


def parts() -> tuple[nm.Plan, dict[str, Any]]:
    return model().plan, dict(model().params)


def trained(path: Path) -> Any:
    data = datasets.ArrayImages(np.zeros((2, 8, 8), np.uint8), [0, 1], ("a", "b"))
    config = training.Config.from_document({})
    return training.train(
        model().plan, data, None, model().preprocessing, config, path, resume=True
    )


CALLS: dict[str, Callable[[Path], Any]] = {
    "load": nm.load,
    "load a text": lambda path: nm.load(str(path)),
    "save": lambda path: nm.save(model(), path / path.name),
    "import_weights": lambda path: nm.import_weights(path, "keras"),
    "export_weights": lambda path: nm.export_weights(*parts(), path / path.name, "keras"),
    "export_onnx": lambda path: nm.export_onnx(*parts(), path / path.name),
    "export_tflite": lambda path: nm.export_tflite(*parts(), path / path.name),
    "predict": lambda path: nm.predict(path, np.zeros((8, 8, 3), np.uint8)),
    "predict an image": lambda path: nm.predict(model(), path),
    "predict images": lambda path: nm.predict(model(), [path, path]),
    "explore": lambda path: nm.explore(path),
    "explore an image": lambda path: nm.explore(model(), path, time=False),
    "plan": lambda path: nm.plan(path),
    "load_splits": lambda path: datasets.load_splits(path),
    "load_evaluation": lambda path: datasets.load_evaluation(path, ("cat", "dog")),
    "read_class_names": read_class_names,
    "count_onnx": count_onnx,
    "vectors.check": lambda path: vectors.check(path, path),
    "train": trained,
}


@pytest.mark.parametrize("there", ["missing", "a text", "bytes"])
@pytest.mark.parametrize("name", CALLS)
def test_one_line_that_can_be_printed(name: str, there: str, tmp_path: Path) -> None:
    path = tmp_path / HARM
    if there == "a text":
        path.write_text("a\na\n")
    elif there == "bytes":
        path.write_bytes(bytes(range(256)))
    with pytest.raises((ValueError, OSError)) as error:
        CALLS[name](path)
    said = str(error.value)
    assert "b\\x1b[31m\\u202e\\r.bin" in said or "a\\nb" in repr(said)
    assert said.isprintable()
