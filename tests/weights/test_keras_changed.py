"""A good Keras file whose description is changed: refused in one line, or assumed with a warning."""

import json
from pathlib import Path
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.weights import keras_files
from npmobilenet.weights.description import Settled
from npmobilenet.weights.detect import Asked, Attempt, detect
from npmobilenet.weights.families import family_named
from npmobilenet.weights.keras_settle import described_by
from tests.weights.keras_text import IMAGE, description, layer, model

h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shallow V1 as a whole model."""
    path = tmp_path_factory.mktemp("keras") / "x.h5"
    plan = nm.plan("v1-shallow", width=0.25, classes=4, resolution=(32, 48), dialect="keras")
    nm.export_weights(plan, nm.init(plan, 0), path, "keras")
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(description(plan))
    return path


@pytest.fixture(scope="module")
def network(network_file: Path) -> Attempt:
    """The plan beside its arrays."""
    tensors = keras_files.read(network_file).tensors
    return detect(family_named("keras"), tensors, Asked(resolution=(32, 48)))


def test_the_file_that_is_changed_is_a_good_one(network_file: Path) -> None:
    found = nm.import_weights(network_file, "keras")
    assert found.model.plan.model == "v1-shallow"
    assert found.described["activation"] == "relu6"
    assert found.model.preprocessing.std == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"strides": 0},
        {"strides": [10**400, 1]},
        {"strides": None},
        {"kernel_size": {}},
        {"padding": ["same"]},
        {"padding": 3},
        {"dilation_rate": {"a": 1}},
        {"activation": {"config": [1]}},
        {"activation": 7},
        {"epsilon": "x"},
        {"epsilon": float("nan")},
        {"epsilon": 1e400},
        {"momentum": []},
        {"axis": {}},
        {"max_value": [6]},
        {"rate": "x"},
        {"scale": {}},
        {"scale": [1, 2]},
        {"scale": 1e400},
        {"offset": [[1]] * 7},
    ],
    ids=str,
)
def test_settings_of_other_types_are_one_line(changes: dict[str, Any], network: Attempt) -> None:
    """Every setting of that name in a whole model; what is of no account may pass."""
    document = description(network.plan)
    for part in document["config"]["layers"]:
        part["config"] |= {k: v for k, v in changes.items() if k in part["config"]}

    def settle() -> Settled:
        told = described_by(json.dumps(document), "2.4.0", {})
        assert told.settle
        return told.settle(network.plan, network.pairing.pairs)

    if changes.keys() == {"rate"}:  # of dropout: of no account where nobody trains
        assert settle().plan.resolution == (32, 48)
    elif changes.keys() & {"scale", "offset"}:
        assert settle().unreadable.startswith("layer rescaling")
    else:
        with pytest.raises(ValueError, match=r"layer|model_config: ") as caught:
            settle()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300


def test_layers_of_an_own_class_are_assumed_and_what_stands_before_them_is_read(
    network: Attempt,
) -> None:
    """As a network made of layers made of layers: only its author's program knows what they do."""
    whole = description(network.plan)["config"]["layers"]

    def settled(*before: dict[str, Any]) -> Settled:
        own = layer("Stem", "conv1", before[-1]["name"])  # arrays of that name are in the file
        rest = [dict(x) for x in whole[3:]]
        rest[0] = rest[0] | {"inbound_nodes": [[["conv1", 0, 0, {}]]]}
        told = described_by(json.dumps(model(IMAGE, *before, own, *rest)), "2.4.0", {})
        assert told.settle
        return told.settle(network.plan, network.pairing.pairs)

    found = settled(layer("Rescaling", "scaled", "image", scale=1 / 255))
    assert found.facts == {"resolution": [32, 48], "mean": [0.0], "std": [1.0]}
    assert found.notes[-1].startswith("warning: layer conv1 (Stem) is of a class of its own")
    assert found.plan == network.plan
    assert "layer f (Lambda)" in settled(layer("Lambda", "f", "image")).unreadable


def test_a_model_of_an_own_class_tells_its_size(network: Attempt) -> None:
    document = {
        "class_name": "Mine",
        "config": {},
        "build_config": {"input_shape": [None, 64, 32, 3]},
    }
    told = described_by(json.dumps(document), "3.0.0", {})
    assert told.resolution == (64, 32)
    assert told.settle
    found = told.settle(network.plan, network.pairing.pairs)
    assert found.notes[0].startswith("warning: the file is of a class of its own (Mine)")


def test_a_whole_attribute_of_100_megabytes(network_file: Path) -> None:
    path = network_file.with_name("large.h5")
    path.write_bytes(network_file.read_bytes())
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = "[" * (2**24 + 1)
    with pytest.raises(
        ValueError, match=r"large\.h5: texts of 16.8 MB in one block, larger than any model's"
    ):
        nm.import_weights(path, "keras")


def test_layers_that_stand_in_each_others_place(network: Attempt) -> None:
    """Arrays go by names: a model with two of them exchanged would get the wrong ones."""
    text = json.dumps(description(network.plan)).replace("conv_pw_2_bn", "x")
    text = text.replace("conv_pw_1_bn", "conv_pw_2_bn").replace('"x"', '"conv_pw_1_bn"')
    told = described_by(text, "2.4.0", {})
    assert told.settle
    with pytest.raises(ValueError, match=r"arrays of conv_pw_._bn belong where the model has"):
        told.settle(network.plan, network.pairing.pairs)


def test_several_momenta_are_no_fact(network: Attempt) -> None:
    document = description(network.plan)
    norms = [x for x in document["config"]["layers"] if x["class_name"] == "BatchNormalization"]
    for momentum, fact in ((0.99, {"bn_momentum": 0.01}), (0.9, {})):
        norms[0]["config"]["momentum"] = momentum
        told = described_by(json.dumps(document), "2.4.0", {})
        assert told.settle
        facts = told.settle(network.plan, network.pairing.pairs).facts
        assert {k: v for k, v in facts.items() if k == "bn_momentum"} == fact
