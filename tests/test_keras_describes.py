"""What a Keras file says of itself decides: its probabilities are Keras' own, from the image on."""

import json
import re

import numpy as np
import pytest
from keras_models import keras_in_float64, randomised, set_floats
from keras_two import in_keras_two
from PIL import Image

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.training.transforms import prepare
from npmobilenet.weights import keras_files
from npmobilenet.weights.detect import Asked, detect
from npmobilenet.weights.families import family_named
from npmobilenet.weights.keras_settle import described_by

h5py = pytest.importorskip("h5py")
# Keras on PyTorch asks NumPy 2 for what only later PyTorch can
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def keras():
    with keras_in_float64() as module:
        set_floats(module, "float32")
        yield module


def v1(keras, *, pre=(), act=None, size=(32, 32), channels=3, eps=1e-3, top="mean", **last):
    """V1's shallow version as somebody writes it for pixels of 0..255; no layer has a name."""
    layers = keras.layers

    def normalised(x):
        x = layers.BatchNormalization(epsilon=eps)(x)
        return (act or layers.ReLU)()(x)

    image = keras.Input((*size, channels))
    x = image
    for layer in pre:
        x = layer(x)
    x = normalised(layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x))
    for block, filters in enumerate((16, 32, 32, 64, 64, 128, 256, 256)):
        strides = 2 if block in (1, 3, 5, 6) else 1
        x = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
        x = normalised(layers.Conv2D(filters, 1, use_bias=False)(normalised(x)))
    pool = {"mean": layers.GlobalAveragePooling2D, "flat": layers.Flatten}
    pool["max"] = layers.GlobalMaxPooling2D
    x = layers.Dropout(0.3)(pool[top]()(x))
    return randomised(
        keras.Model(image, layers.Dense(**{"units": 4, "activation": "softmax"} | last)(x))
    )


def photograph(model):
    """An image of the size that the model takes, and the same as an array of one."""
    _, height, width, channels = model.input_shape
    shape = (height or 32, width or 32, channels)
    pixels = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    return Image.fromarray(pixels if channels == 3 else pixels[..., 0]), pixels[None]


def ours(found, image):
    x = prepare(image, found.model.preprocessing)[None]
    logits = nm.infer(found.model.plan, found.model.params, x, rung="numpy")
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def assert_alike(model, path, outside=lambda x: x, within=2e-6, **given):
    """Our probabilities of an image are Keras'; `outside` is what is done before the model."""
    model.save(path)
    found = nm.import_weights(path, "keras", **given)
    image, pixels = photograph(model)
    theirs = model(outside(pixels.astype(np.float32)), training=False).detach().numpy()
    np.testing.assert_allclose(ours(found, image), theirs, rtol=0, atol=within)
    return found


def test_activation_size_and_epsilon_of_a_96_pixel_network_with_relu(keras, tmp_path):
    model = v1(keras, size=(96, 96), eps=1e-5)
    found = assert_alike(model, tmp_path / "x.h5", lambda x: x / 255, mean=0, std=1)
    assert found.model.plan.resolution == (96, 96)
    assert found.described["resolution"] == [96, 96]
    assert found.described["activation"] == "relu"
    assert found.described["bn_eps"] == 1e-5
    assert found.described["dropout"] == 0.3
    assert found.described["output"] == "softmax"
    assert any(
        "as model_config says: resolution (96, 96), activation relu" in x for x in found.notes
    )


def test_layers_about_pixels_become_preprocessing(keras, tmp_path):
    """Augmentation does nothing in evaluation; Normalization keeps its numbers among the arrays."""
    layers = keras.layers
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(0).random((4, 32, 48, 3), np.float32))
    front = keras.Sequential([layers.RandomFlip("horizontal"), layers.Rescaling(1 / 255)])
    model = v1(keras, pre=(front, normalization), act=lambda: layers.ReLU(6.0), size=(32, 48))
    found = assert_alike(model, tmp_path / "x.keras")
    assert found.model.plan.dialect.activation == "relu6"
    assert found.model.preprocessing.mean == pytest.approx((0.5,) * 3, abs=0.05)
    assert not any("warning" in note for note in found.notes)
    assert any(re.search(r"by sequential\w*/rescaling\w*, normalization", x) for x in found.notes)


@pytest.mark.long
def test_variants(keras, tmp_path):
    layers, path = keras.layers, tmp_path / "x.h5"
    minus = layers.Rescaling(1 / 127.5, offset=-1)
    for act, name in (("hard_swish", "hard_swish"), ("silu", "swish"), ("relu6", "relu6")):
        model = v1(keras, pre=(minus,), act=lambda a=act: layers.Activation(a), size=(33, 47))
        assert assert_alike(model, path).model.plan.dialect.activation == name
    grey = v1(keras, pre=(layers.Normalization(mean=90.0, variance=1600.0),), channels=1)
    assert assert_alike(grey, path).model.preprocessing.std == pytest.approx((40 / 255,))
    adapted = layers.Normalization()
    adapted.adapt(np.random.default_rng(0).random((4, 32, 32, 3), np.float32))  # to pixels of 0..1
    assert_alike(v1(keras, pre=(adapted,)), path, lambda x: x / 255)
    free = v1(keras, pre=(layers.Resizing(32, 32), minus), size=(None, None))
    found = assert_alike(free, path)
    assert (found.model.plan.resolution, found.model.preprocessing.interpolation) == (
        (32, 32),
        "bilinear",
    )
    flat = v1(keras, pre=(minus,), top="flat")
    assert_alike(flat, path)
    with pytest.raises(ValueError, match=r"layer flatten.* the file says 32 x 32"):
        nm.import_weights(path, "keras", resolution=(64, 64))


@pytest.mark.long
@pytest.mark.parametrize("top", [True, False])
def test_applications_and_fine_tuned_ones(keras, tmp_path, top):
    apps, layers = keras.applications, keras.layers
    if top:
        settings = {"weights": None, "classes": 5, "input_shape": (33, 64, 3)}
        assert_alike(randomised(apps.MobileNetV3Small(**settings)), tmp_path / "x.keras")
        model = apps.MobileNet(alpha=0.25, **settings)
        assert_alike(randomised(model), tmp_path / "x.h5", lambda x: x / 127.5 - 1)
        return
    base = apps.MobileNetV2(weights=None, alpha=0.35, input_shape=(96, 96, 3), include_top=False)
    image = keras.Input((96, 96, 3))
    x = base(apps.mobilenet_v2.preprocess_input(layers.RandomFlip()(image)), training=False)
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    model = randomised(keras.Model(image, layers.Dense(3, activation="softmax")(x)))
    found = assert_alike(model, tmp_path / "x.keras", within=1e-4)  # in float32 V2 is deep
    assert found.described["mean"] == [0.5]
    any_size = {"alpha": 0.35, "input_shape": (None, None, 3), "include_top": False}
    anywhere = apps.MobileNetV2(weights=None, **any_size)
    top = [layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    model = randomised(keras.Sequential([keras.Input((48, 48, 3)), anywhere, *top]))
    found = assert_alike(model, tmp_path / "y.keras", lambda x: x / 127.5 - 1, within=1e-4)
    # 48 px come to maps of 3, where "same" would have a zero on each side
    assert found.model.plan.dialect.strided_padding == (0, 1, 0, 1)


def test_a_classifier_right_behind_v3_in_keras_three_and_two(keras, tmp_path):
    """Keras' V3 without its top has no dense layer before the classifier of one's own.

    A model inside a model, operators on pixels and in gates: Keras 2's spelling tells the same.
    """
    settings = {"input_shape": (32, 32, 3), "include_top": False, "include_preprocessing": False}
    base = keras.applications.MobileNetV3Small(weights=None, **settings)
    image = keras.Input((32, 32, 3))
    x = base(keras.applications.mobilenet_v2.preprocess_input(image))
    x = keras.layers.Dropout(0.4)(keras.layers.GlobalAveragePooling2D()(x))
    model = randomised(keras.Model(image, keras.layers.Dense(3, activation="softmax")(x)))
    path = tmp_path / "x.h5"
    new = assert_alike(model, path, within=1e-4)
    assert not new.model.plan.dialect.v3_head
    assert (new.described["dropout"], new.described["mean"]) == (0.4, [0.5])
    with h5py.File(path, "r+") as file:
        document = in_keras_two(json.loads(file.attrs["model_config"]))
        file.attrs["model_config"] = json.dumps(document).encode()
        file.attrs["keras_version"] = "2.4.0"
    old = nm.import_weights(path, "keras")
    assert old.described == new.described
    assert old.model.plan == new.model.plan
    assert old.model.preprocessing == new.model.preprocessing
    model.save_weights(tmp_path / "x.weights.h5")
    alone = nm.import_weights(tmp_path / "x.weights.h5", "keras", resolution=(32, 32))
    assert alone.model.plan.arrays == new.model.plan.arrays


def test_what_no_plan_computes_is_refused_by_name(keras, tmp_path):
    """One file, its description changed: the arrays say nothing of all this."""
    model = v1(keras, pre=(keras.layers.Rescaling(1 / 255),))
    path = tmp_path / "x.h5"
    model.save(path)
    with h5py.File(path) as file:
        text = file.attrs["model_config"]

    source = family_named("keras")
    fitting = detect(source, keras_files.read(path).tensors, Asked(resolution=(32, 32)))

    def refusal(kind, **changes):
        document = json.loads(text)
        layer = [x for x in document["config"]["layers"] if x["class_name"] == kind][-1]
        layer["class_name"] = changes.pop("class_name", kind)
        layer["config"] |= changes
        told = described_by(json.dumps(document), "3.0.0", {})
        try:
            reason = told.settle(fitting.plan, fitting.pairing.pairs).unreadable
        except ValueError as error:
            reason = str(error)
        assert layer["config"]["name"] in reason
        assert len(reason.splitlines()) == 1
        return reason

    assert "dilation_rate [2, 2]" in refusal("DepthwiseConv2D", dilation_rate=[2, 2])
    assert "groups 2" in refusal("Conv2D", groups=2)
    assert "channels_first" in refusal("Conv2D", data_format="channels_first")
    assert "stride (2, 2)" in refusal("Conv2D", strides=[2, 2])
    assert "stride (2, 2), where v1-shallow" in refusal("DepthwiseConv2D", strides=[2, 2])
    assert "padding (0, 0, 0, 0)" in refusal("DepthwiseConv2D", padding="valid")
    assert "there are ReLU and ReLU6 here" in refusal("ReLU", max_value=4.0)
    assert "activation relu6, where" in refusal("ReLU", max_value=6.0)  # in one layer alone
    assert "epsilon 0.01, where" in refusal("BatchNormalization", epsilon=0.01)
    assert "axis 1" in refusal("BatchNormalization", axis=1)
    assert "no activation 'LeakyReLU'" in refusal("ReLU", class_name="LeakyReLU")
    assert "a global average pooling" in refusal(
        "GlobalAveragePooling2D", class_name="GlobalMaxPooling2D"
    )
    assert "a batch normalisation" in refusal("BatchNormalization", class_name="Dense")
    assert "stands before the network" in refusal("Rescaling", class_name="Lambda")
    assert "are no image" in refusal("Rescaling", scale=-1 / 255)
    for old, new, words in (
        ('"softmax"', '"sigmoid"', r"x\.h5: the model ends in sigmoid"),
        ('"Rescaling"', '"Lambda"', r"x\.h5: layer rescaling\w* \(Lambda\) .* --mean and --std"),
    ):
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = text.replace(old, new)
        with pytest.raises(ValueError, match=words):
            nm.import_weights(path, "keras")
    found = nm.import_weights(path, "keras", mean=0, std=1)
    assert found.model.preprocessing.mean == (0, 0, 0)
    assert found.notes[-1].startswith("warning: layer rescaling")
    assert found.notes[-1].endswith("only the scaling that is given is done")


def test_what_is_given_wins_and_is_said(keras, tmp_path):
    model = v1(keras, pre=(keras.layers.Rescaling(1 / 255),))
    model.save(tmp_path / "x.h5")
    given = {"resolution": (64, 64), "activation": "relu6", "mean": 0.5, "std": 0.25, "crop": 0.8}
    found = nm.import_weights(tmp_path / "x.h5", "keras", **given)
    assert found.model.plan.resolution == (64, 64)
    assert found.model.plan.dialect.activation == "relu6"
    made = found.model.preprocessing
    assert (made.mean, made.std, made.resize) == ((0.5,) * 3, (0.25,) * 3, 80)
    warned = [note for note in found.notes if note.startswith("warning: ")]
    assert warned == [
        "warning: mean (0.5) as given, (0) in the file",
        "warning: std (0.25) as given, (1) in the file",
        "warning: resolution (64, 64) as given, (32, 32) in the file",
        "warning: activation relu6 as given, relu in the file",
    ]


def test_one_number_is_both_sides(keras, tmp_path):
    v1(keras).save(tmp_path / "x.h5")
    notes = nm.import_weights(tmp_path / "x.h5", "keras", resolution=32).notes
    assert not any("resolution 32" in note for note in notes)


def test_weights_alone_warn_of_what_is_assumed(keras, tmp_path):
    model = v1(keras)
    path = tmp_path / "x.weights.h5"
    model.save_weights(path)
    found = nm.import_weights(path, "keras", resolution=(32, 32))
    assert found.described == {}
    assert found.notes[-1].startswith("warning: the file does not say how its pixels were scaled")
    assert "--mean 0 --std 1" in found.notes[-1]
    stated = nm.import_weights(path, "keras", resolution=(32, 32), mean=0, std=1)
    assert not any("warning" in note for note in stated.notes)


def test_one_output_with_a_sigmoid_is_two_classes(keras, tmp_path):
    model = v1(keras, pre=(keras.layers.Rescaling(1 / 255),), units=1, activation="sigmoid")
    model.save(tmp_path / "x.h5")
    found = nm.import_weights(tmp_path / "x.h5", "keras", classes=2, class_names=("cat", "dog"))
    image, pixels = photograph(model)
    dog = model(pixels.astype(np.float32), training=False).detach().numpy()[0, 0]
    np.testing.assert_allclose(ours(found, image), [[1 - dog, dog]], rtol=0, atol=2e-6)
    assert any("became two classes" in note for note in found.notes)
    for ending in ("h5", "keras"):  # without a sigmoid, the loss has it
        model.layers[-1].activation = keras.activations.linear
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
        model.save(tmp_path / f"x.{ending}")
        found = nm.import_weights(tmp_path / f"x.{ending}", "keras")
        np.testing.assert_allclose(ours(found, image), [[1 - dog, dog]], rtol=0, atol=2e-6)
        model.compile(loss="mse")
        model.save(tmp_path / f"x.{ending}")
        assert nm.import_weights(tmp_path / f"x.{ending}", "keras").model.plan.classes == 1
    model.save_weights(tmp_path / "x.weights.h5")  # which does not say that it is a sigmoid's
    alone = nm.import_weights(tmp_path / "x.weights.h5", "keras")
    assert "warning: one class alone: its probability is always 1" in alone.notes


def test_the_command_line_says_it_too(keras, tmp_path, capsys):
    v1(keras, size=(48, 32), channels=1).save(tmp_path / "x.h5")
    output = tmp_path / "out.safetensors"
    words = [
        "weights",
        "import",
        str(tmp_path / "x.h5"),
        "--from",
        "keras",
        "--output",
        str(output),
    ]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "as model_config says: resolution (48, 32), activation relu" in told.out
    assert told.err.startswith("warning: the file does not say how its pixels were scaled")
    stated = ["--mean", "0", "--std", "1", "--interpolation", "bicubic", "--resize", "64"]
    assert main([*words, *stated, "--json"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    document = json.loads(told.out)
    assert document["resolution"] == [48, 32]
    assert (document["activation"], document["described"]["activation"]) == ("relu", "relu")
    made = document["preprocessing"]
    assert (made["mean"], made["std"], made["resize"]) == ([0], [1], 64)
    assert nm.load(output).preprocessing.to_json() == made
    assert main([*words, "--resize", "32"]) == 1
    assert "resize must be at least 48" in capsys.readouterr().err
    impossible = ["--crop 0.5 --resize 64", "--resize x", "--crop x", "--crop 2"]
    for wrong in map(str.split, [*impossible, "--mean 1 2", "--std 0", "--mean nan"]):
        with pytest.raises(SystemExit, match="2"):
            main([*words, *wrong])
