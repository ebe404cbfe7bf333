"""Keras' own models, saved by Keras in all its formats, give Keras' outputs here."""

from dataclasses import replace

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights import keras_files
from npmobilenet.weights.importing import import_weights
from tests.weights.keras_models import (
    application,
    assert_same_outputs,
    automatic_v1,
    params_from,
    set_floats,
    tutorial_c,
)

# Keras on PyTorch asks NumPy 2 for what only later PyTorch can
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
FORMATS = ("x.h5", "x.weights.h5", "x.keras")


@pytest.fixture
def in_float32(keras):
    """As most files are."""
    set_floats(keras, "float32")
    yield
    set_floats(keras, "float64")


def save(model, path):
    """In the format that the name stands for."""
    if path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)


def inference(plan):
    """What a plan computes: dropout and momentum, which only whole models tell, left out."""
    layers = [layer for layer in plan.layers if layer.kind != "dropout"]
    return [
        replace(layer, inputs=(), **({"momentum": 0.1} if layer.kind == "batch_norm" else {}))
        for layer in layers
    ]


def imported(model, folder, family="keras"):
    """The network read from all formats, to the bit the same."""
    found = []
    for name in FORMATS:
        save(model, folder / name)
        found.append(import_weights(folder / name, family, resolution=model.input_shape[1:3]).model)
    first, *others = found
    for other in others:
        assert inference(other.plan) == inference(first.plan)
        assert all(np.array_equal(first.params[k], other.params[k]) for k in first.params)
    return first


def check(keras, path, model, alpha, size, top):
    """Keras' own model, saved at path, read from there."""
    settings = {"include_top": top} | ({"classes": 7} if top else {})
    theirs = application(keras, model, alpha=alpha, input_shape=(*size, 3), **settings)
    save(theirs, path)
    found = import_weights(path, "keras", resolution=size).model
    expected = nm.plan(model, width=alpha, dialect="keras", resolution=size, **settings)
    assert found.plan.layers == expected.layers
    assert_same_outputs(theirs, found.plan, found.params)


@pytest.mark.parametrize(
    ("model", "alpha", "size", "top", "name"),
    [
        ("v1", 0.37, (45, 38), True, "x.weights.h5"),  # odd and even, no published width
        pytest.param("v1", 0.25, (33, 33), False, "x.keras", marks=pytest.mark.long),
        ("v2", 0.35, (64, 32), True, "x.weights.h5"),
        pytest.param("v2", 1.4, (37, 33), True, "x.h5", marks=pytest.mark.long),
        ("v2", 0.75, (32, 32), False, "x.h5"),
        ("v3-large", 0.75, (33, 48), True, "x.h5"),
        ("v3-small", 1.0, (32, 32), False, "x.keras"),
        ("v3-small-minimalistic", 1.0, (40, 33), True, "x.weights.h5"),
    ],
)
def test_the_outputs_are_those_of_keras(keras, tmp_path, model, alpha, size, top, name):
    check(keras, tmp_path / name, model, alpha, size, top)


@pytest.mark.long
@pytest.mark.parametrize(
    ("size", "name"), [((64, 64), "x.h5"), ((47, 33), "x.weights.h5"), ((96, 45), "x.keras")]
)
@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize(
    ("model", "alpha"),
    [
        *(("v1", alpha) for alpha in (0.25, 0.35, 0.5, 1.0)),
        *(("v2", alpha) for alpha in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)),
        *((f"v3-{size}", alpha) for size in ("large", "small") for alpha in (0.75, 1.0, 1.25)),
        *((f"v3-{size}-minimalistic", 1.0) for size in ("large", "small")),
    ],
)
def test_the_outputs_at_every_width(keras, tmp_path, model, alpha, size, top, name):
    check(keras, tmp_path / name, model, alpha, size, top)


def test_every_format_gives_the_same_bits_under_the_same_names(keras, in_float32, tmp_path):
    model = application(keras, "v1", alpha=0.25, input_shape=(32, 32, 3), classes=4)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)  # its arrays are in the file and no layer's
    wanted = {w.path: w.numpy() for layer in model.layers for w in layer.weights}
    for name in FORMATS:
        save(model, tmp_path / name)
        tensors = keras_files.read(tmp_path / name).tensors
        assert tensors.keys() == wanted.keys()
        assert all(np.array_equal(tensors[k], v) for k, v in wanted.items())
    assert list(keras_files.read(tmp_path / "x.h5").tensors) == list(wanted)
    plan = nm.plan("v1", width=0.25, resolution=32, classes=4, dialect="keras")
    assert_same_outputs(model, plan, params_from(tensors, plan))


def test_a_model_inside_a_model_with_a_head_of_its_own(keras, tmp_path):
    settings = {"input_shape": (32, 32, 3), "include_top": False, "pooling": "avg"}
    base = application(keras, "v2", alpha=0.35, **settings)
    for layer in base.layers[:40]:  # a partly frozen base lists its arrays in another order
        layer.trainable = False
    head = [keras.layers.Dropout(0.2), keras.layers.Dense(3, name="flowers")]
    model = keras.Sequential([keras.Input((32, 32, 3)), base, *head])
    found = imported(model, tmp_path)
    assert (found.plan.width, found.plan.classes) == (0.35, 3)
    assert_same_outputs(model, found.plan, found.params)


def test_the_tutorial_with_the_older_name_of_the_head(keras, tmp_path):
    """V2 in Keras: keras.applications' names, but for the classifier's."""
    base = application(keras, "v2", alpha=0.35, input_shape=(32, 32, 3), include_top=False)
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(4, name="Logits")(x))
    found = imported(model, tmp_path)
    assert_same_outputs(model, found.plan, found.params)


def test_layers_without_names_are_taken_in_order(keras, tmp_path):
    keras.layers.Conv2D(1, 1), keras.layers.Dense(1)  # so that no number begins at nothing
    model = automatic_v1(keras, bias=True)
    found = imported(model, tmp_path)
    assert found.plan.dialect.conv_bias
    # the model pads "same" everywhere, as Keras' own does for even sizes alone
    assert_same_outputs(model, found.plan, found.params)


def test_layers_without_names_inside_a_partly_frozen_model(keras, tmp_path):
    whole = automatic_v1(keras, bias=False)
    base = keras.Model(whole.input, whole.layers[-3].output, name="base")
    for layer in base.layers[:30]:
        layer.trainable = False
    model = keras.Sequential([keras.Input((32, 32, 3)), base, keras.layers.Dense(2)])
    found = imported(model, tmp_path)
    assert not found.plan.dialect.conv_bias
    assert_same_outputs(model, found.plan, found.params)


def test_the_tutorial_of_layers_made_of_layers(keras, tmp_path):
    model = tutorial_c(keras)
    found = imported(model, tmp_path, "tutorial-c")
    assert (found.plan.width, found.plan.classes) == (0.75, 6)
    assert found.plan["last"].output[-1] == 960
    assert_same_outputs(model, found.plan, found.params)


def test_the_weights_of_imagenet(keras, in_float32, extra_data):
    path = extra_data / "weights" / "keras_mobilenet_v1_0.25_224_imagenet.h5"
    plan = nm.plan("v1", width=0.25, resolution=64, dialect="keras")
    params = params_from(keras_files.read(path).tensors, plan)
    settings = {"weights": None, "alpha": 0.25, "classifier_activation": None}
    model = keras.applications.MobileNet(input_shape=(64, 64, 3), **settings)
    model.load_weights(path)
    assert_same_outputs(model, plan, params)
