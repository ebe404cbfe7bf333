"""What a Keras file says of itself decides: its probabilities are Keras' own, from the image on."""

import json
import re

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights import keras_files
from npmobilenet.weights.detect import Asked, detect
from npmobilenet.weights.families import family_named
from npmobilenet.weights.keras_settle import described_by
from tests.weights.keras_models import randomised
from tests.weights.keras_pixels import assert_alike, ours, photograph, v1
from tests.weights.keras_two import in_keras_two

h5py = pytest.importorskip("h5py")
pytestmark = [
    pytest.mark.usefixtures("keras_in_float32"),
    # Keras on PyTorch asks NumPy 2 for what only later PyTorch can
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


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
    assert "a grouped convolution, groups 2, is not possible" in refusal("Conv2D", groups=2)
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
