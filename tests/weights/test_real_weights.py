"""Weights that ImageNet was learnt with: brought in, they see what Keras sees, and name what is there."""

import json
from pathlib import Path

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.images.preprocessing import open_image, prepare
from tests.foreign import foreign

# photographs that scikit-image comes with (CC0 and CC BY), and what may be said of each
SEEN = {
    "coffee.png": {"espresso"},
    "chelsea.png": {"tabby", "tiger cat", "Egyptian cat"},
    "motorcycle_left.png": {"moped", "motor scooter"},
}


@pytest.fixture(scope="module")
def keras_file(extra_data: Path) -> Path:
    """MobileNetV1 0.25 at 224, Apache-2.0, as Keras publishes it."""
    return extra_data / "weights" / "keras_mobilenet_v1_0.25_224_imagenet.h5"


@pytest.fixture(scope="module")
def imported(keras_file: Path) -> nm.Model:
    return nm.import_weights(keras_file, "keras").model


@pytest.fixture(scope="module")
def photographs() -> list[Path]:
    folder = Path(foreign("skimage").__file__).parent / "data"
    return [folder / name for name in SEEN]


def test_everything_is_detected(imported: nm.Model) -> None:
    plan = imported.plan
    assert (plan.model, plan.width, plan.classes, plan.channels) == ("v1", 0.25, 1000, 3)
    assert plan.dialect == nm.KERAS.at("v1")
    assert imported.classes[281] == "tabby"


def test_keras_itself_says_the_same(
    keras_file: Path, imported: nm.Model, photographs: list[Path]
) -> None:
    keras = foreign("keras")
    network = keras.applications.MobileNet(alpha=0.25, weights=None)
    network.load_weights(keras_file)
    for path in photographs:
        pixels = keras.utils.img_to_array(keras.utils.load_img(path, target_size=(224, 224)))
        x = keras.applications.mobilenet.preprocess_input(pixels[None].copy())
        theirs = network(x, training=False).detach().numpy()
        same = nm.softmax(nm.infer(imported.plan, imported.params, x))
        assert np.abs(same - theirs).max() <= 2e-5
        # and from the file on, with our own decoding and resizing
        image = prepare(open_image(path, 3), imported.preprocessing)
        ours = nm.softmax(nm.infer(imported.plan, imported.params, image[None]))
        assert np.abs(ours - theirs).max() <= 2e-5


def test_predict_names_what_is_in_photographs(
    imported: nm.Model, photographs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "v1.safetensors"
    nm.save(imported, weights)
    assert main(["predict", *map(str, photographs), "--weights", str(weights), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for line, (name, possible) in zip(found, SEEN.items(), strict=True):
        named = {guess["class"] for guess in line["predictions"]}
        assert len(named) == 5
        assert named & possible, (name, named)


def test_a_background_class_is_no_hindrance(
    imported: nm.Model, photographs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """TensorFlow's checkpoints have 1001 classes: the same network with one more in front."""
    plan = nm.plan(**(imported.plan.asked | {"classes": 1001}))
    params = dict(imported.params)
    params["classifier.weight"] = np.pad(params["classifier.weight"], ((0, 0), (1, 0)))
    params["classifier.bias"] = np.pad(params["classifier.bias"], (1, 0), constant_values=-50)
    nm.export_weights(plan, params, tmp_path / "theirs.h5", "keras")
    model = nm.import_weights(tmp_path / "theirs.h5", "keras").model
    assert model.classes[0] == "background"
    nm.save(model, tmp_path / "ours.safetensors")
    words = ["predict", str(photographs[0]), "--weights", str(tmp_path / "ours.safetensors")]
    assert main(words) == 0
    assert "espresso" in capsys.readouterr().out.splitlines()[1]


def test_out_to_keras_and_back_is_bit_exact(
    keras_file: Path, imported: nm.Model, tmp_path: Path
) -> None:
    back = tmp_path / "back.h5"
    assert nm.export_weights(imported.plan, imported.params, back, "keras") == ()
    again = nm.import_weights(back, "keras").model
    assert all(np.array_equal(again.params[k], v) for k, v in imported.params.items())
