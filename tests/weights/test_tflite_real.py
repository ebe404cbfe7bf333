"""Three real files: what they hold, and that each computes on photographs what LiteRT computes.

They are Apache-2.0 and larger than the repository: the folder of extra data has them.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
import npmobilenet.data
from npmobilenet.data import imagenet_classes
from npmobilenet.images.inputs import opened
from npmobilenet.images.preprocessing import framed, pixels_of
from npmobilenet.weights import Model, import_weights
from npmobilenet.weights.tflite_read import read_file
from tests.foreign import foreign
from tests.weights.tflite_files import ROUNDINGS, litert

foreign("tflite")

# name -> model, width, pixels, dtype, whether each channel has a scale
FILES = {
    "mobilenet_v1_0.25_128_quant": ("v1", 0.25, 128, "uint8", False),
    "mobilenet_v2_1.0_224_quant": ("v2", 1.0, 224, "uint8", False),
    "tf2_mobilenet_v2_1.0_224_ptq": ("v2", 1.0, 224, "int8", True),
}
DATA = Path(npmobilenet.data.__file__).parent
PHOTOGRAPHS = ("photograph.png", "ankle-boot.png")


@pytest.fixture(scope="module", params=FILES)
def name(request: Any) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def path(name: str, extra_data: Path) -> Path:
    return extra_data / "weights" / f"{name}.tflite"


@pytest.fixture(scope="module")
def model(path: Path) -> Model:
    return import_weights(path, "tflite").model


def test_what_it_holds(name: str, path: Path) -> None:
    """Model, width, classes, labels, images: all from the file, whose name says nothing."""
    found = import_weights(path, "tflite")
    kind, width, pixels, dtype, per_channel = FILES[name]
    plan, quantized = found.model.plan, found.model.quantized
    assert (plan.model, plan.width, plan.classes, plan.resolution) == (
        kind,
        width,
        1001,
        (pixels, pixels),
    )
    assert plan.dialect.name == "tf-slim"
    assert quantized is not None
    assert (quantized.dtype, quantized.per_channel) == (dtype, per_channel)
    assert quantized.pooling == ("mean" if per_channel else "average_pool")
    assert ("pixels" in quantized.numbers) == (dtype == "int8")
    assert "softmax" in quantized.numbers
    assert found.model.classes[:2] == ("background", "tench, Tinca tinca")
    assert [label.partition(",")[0] for label in found.model.classes[1:5]] == [
        label.partition(",")[0] for label in imagenet_classes()[:4]
    ]
    assert found.described["normalisation"] == "mean 127.5, std 127.5"
    assert found.model.preprocessing.mean[0] == pytest.approx(0.5, abs=2.1e-3)
    assert not [note for note in found.notes if note.startswith("warning")]


def seen(model: Model) -> Any:
    """The shipped photographs as pixels (N, H, W, C), uint8."""
    pictures = [opened(DATA / file, 3) for file in PHOTOGRAPHS]
    return np.stack([pixels_of(framed(picture, model.preprocessing)) for picture in pictures])


@pytest.mark.parametrize("kernels", ROUNDINGS)
def test_every_tensor_on_photographs(path: Path, model: Model, kernels: str) -> None:
    """All integers of all steps are LiteRT's, in its reference kernels and in XNNPACK."""
    assert model.quantized is not None
    qplan = model.quantized.with_rounding(ROUNDINGS[kernels])
    file = names_of_tensors(path)
    for pixels in seen(model):
        theirs = litert(path, kernels, pixels[None], every=True)
        x = pixels[None]
        if (
            "pixels" in qplan.numbers
        ):  # a QUANTIZE from uint8 to int8: 128 less, and so is the zero point
            x = (x.astype(np.int16) - 128).astype(np.int8)
        ours = nm.intermediates(qplan, model.params, x, [step.name for step in qplan.steps])
        different = [
            step
            for step, y in ours.items()
            if not np.array_equal(theirs[file[step]].reshape(y.shape), y)
        ]
        assert different == []
        assert len(ours) == len(qplan.steps)


def names_of_tensors(path: Path) -> dict[str, str]:
    """Step -> what the file calls its output."""
    file, _ = read_file(path)
    tflite = foreign("tflite")
    graph = tflite.Model.GetRootAs(path.read_bytes(), 0).Subgraphs(0)
    model = import_weights(path, "tflite").model
    assert model.quantized is not None
    own = [op for op in file.operators if op.kind not in ("QUANTIZE", "RESHAPE", "SOFTMAX")]
    assert len(own) == len(model.quantized.steps)
    # steps run in the file's order: a network without branches has one order, residual adds included
    pairs = zip(model.quantized.steps, own, strict=True)
    return {step.name: graph.Tensors(op.output).Name().decode() for step, op in pairs}


def test_photographs_are_named(name: str, model: Model) -> None:
    """The cat is a cat, as integers and as floats."""
    cats = ("tabby, tabby cat", "tiger cat", "Egyptian cat")
    found = nm.predict(model, DATA / "photograph.png")
    assert not isinstance(found, list)
    assert found.top[0].name in cats


def test_as_floats(path: Path, model: Model) -> None:
    """Dequantised it is a network of floats, whose logits are near."""
    floats = import_weights(path, "tflite", dequantize=True).model
    assert floats.quantized is None
    assert model.quantized is not None
    assert floats.plan.layers == model.plan.layers
    x = (seen(model)[:1].astype(np.float32) / 255 - floats.preprocessing.mean) / np.float32(
        floats.preprocessing.std
    )
    x = x.astype(np.float32)
    theirs = nm.infer(floats.plan, floats.params, x)
    ours = nm.infer(model.quantized, model.params, x)
    assert np.corrcoef(theirs[0], ours[0])[0, 1] > 0.9
