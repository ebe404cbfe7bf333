"""Files written here give Keras the outputs that they give here."""

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights import keras_files
from npmobilenet.weights.families import family_named
from npmobilenet.weights.importing import import_weights
from tests.weights.keras_models import assert_same_outputs, tutorial_c

h5py = pytest.importorskip("h5py")
# Keras on PyTorch asks NumPy 2 for what only later PyTorch can
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def tutorial(keras):
    """Built once, for it takes seconds; whoever uses it gives it weights or takes what it has."""
    return tutorial_c(keras)


def drawn(plan):
    """Parameters in float64 with statistics at random."""
    rng = np.random.default_rng(0)
    params = nm.init(plan, seed=0, dtype=np.float64)
    for name, value in params.items():
        if not name.endswith("weight"):
            params[name] = rng.uniform(0.5, 1.5, value.shape)
    return params


@pytest.mark.parametrize(
    ("model", "make", "alpha", "top"),
    [
        ("v1", "MobileNet", 0.25, True),
        ("v2", "MobileNetV2", 0.35, True),
        ("v2", "MobileNetV2", 0.5, False),
        ("v3-small", "MobileNetV3Small", 0.75, True),
    ],
)
def test_keras_loads_what_is_written(keras, tmp_path, model, make, alpha, top):
    settings = {"include_top": top} | ({"classes": 5} if top else {})
    plan = nm.plan(model, width=alpha, resolution=(45, 32), dialect="keras", **settings)
    params, family = drawn(plan), family_named("keras")
    family.write(tmp_path / "x.h5", family.outgoing(plan, params))
    settings |= {"weights": str(tmp_path / "x.h5"), "classifier_activation": None}
    theirs = getattr(keras.applications, make)(input_shape=(45, 32, 3), alpha=alpha, **settings)
    assert_same_outputs(theirs, plan, params)


def test_the_tutorial_loads_what_is_written(tutorial, tmp_path):
    """Layers made of layers: Keras wants all trained arrays of each first, then the statistics."""
    plan = nm.plan("v2", width=0.75, resolution=32, classes=6, dialect="tutorial-c")
    params, family = drawn(plan), family_named("tutorial-c")
    family.write(tmp_path / "x.h5", family.outgoing(plan, params))
    tutorial.load_weights(tmp_path / "x.h5")
    assert_same_outputs(tutorial, plan, params)


def test_the_first_files_of_keras_3_had_no_names(tutorial, tmp_path):
    path = tmp_path / "x.weights.h5"
    tutorial.save_weights(path)
    named = import_weights(path, "tutorial-c", resolution=(32, 32)).model
    groups = []
    with h5py.File(path, "a") as file:
        file.visititems(lambda _, item: groups.append(item))
        for group in groups:
            group.attrs.pop("name", None)
    assert "inverted_residual_block_3/main_branch/conv2d/kernel" in keras_files.read(path).tensors
    found = import_weights(path, "tutorial-c", resolution=(32, 32)).model
    assert all(np.array_equal(found.params[k], v) for k, v in named.params.items())


@pytest.mark.parametrize("family", ["keras", "tutorial-c"])
def test_a_number_that_changed_on_the_disk_is_seen(family, tmp_path):
    """HDF5 itself keeps no checksum of arrays."""
    plan, path = (
        nm.plan("v2", width=0.35, resolution=32, classes=2, dialect=family),
        tmp_path / "x.h5",
    )
    nm.export_weights(plan, drawn(plan), path, family)
    assert nm.import_weights(path, family, resolution=(32, 32)).model.plan.classes == 2
    with h5py.File(path, "r+") as file:
        arrays = []
        file.visititems(lambda _, item: arrays.append(item) if hasattr(item, "shape") else None)
        arrays[-1][0] += 1e-9
    with pytest.raises(ValueError, match=r"x\.h5: the arrays are not those that were exported"):
        nm.import_weights(path, family)
