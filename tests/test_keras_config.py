"""Descriptions of Keras models as text: spellings, and what nobody wrote in good faith."""

import json
from pathlib import Path
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.weights import keras_files
from npmobilenet.weights.description import Settled
from npmobilenet.weights.detect import Asked, Attempt, detect
from npmobilenet.weights.families import family_named
from npmobilenet.weights.keras_config import read_graph
from npmobilenet.weights.keras_settle import described_by

h5py = pytest.importorskip("h5py")


def layer(kind: str, name: str, *before: str, **config: Any) -> dict[str, Any]:
    """One layer as Keras 2 writes it."""
    calls = [[[source, 0, 0, {}] for source in before]] if before else []
    return {
        "class_name": kind,
        "name": name,
        "config": {"name": name, **config},
        "inbound_nodes": calls,
    }


def model(*layers: dict[str, Any], **ends: Any) -> dict[str, Any]:
    config = {
        "name": "model",
        "layers": list(layers),
        "input_layers": [[layers[0]["name"], 0, 0]],
        "output_layers": [[layers[-1]["name"], 0, 0]],
    }
    return {"class_name": "Functional", "config": config | ends}


IMAGE = layer("InputLayer", "image", batch_input_shape=[None, 32, 48, 3])


def graph(*layers: dict[str, Any], version: str = "2.4.0") -> Any:
    return read_graph(json.dumps(model(IMAGE, *layers)), version)


def operator(name: str, function: str, source: str, y: Any) -> dict[str, Any]:
    """TensorFlow's, called on a tensor and y: a number, or a tensor's name."""
    made = layer("TFOpLambda", name, function=function)
    made["inbound_nodes"] = [[source, 0, 0, {"y": y, "name": None}]]
    return made


@pytest.mark.parametrize(
    ("layers", "function", "slope"),
    [
        ([layer("ReLU", "a", "image", max_value=6.0)], "relu6", 1 / 6),
        ([layer("Activation", "a", "image", activation="relu6")], "relu6", 1 / 6),
        ([layer("Activation", "a", "image", activation="hard_sigmoid")], "hard_sigmoid", 0.2),
        (
            [
                layer(
                    "Activation",
                    "a",
                    "image",
                    activation={"class_name": "function", "config": "relu6"},
                )
            ],
            "relu6",
            1 / 6,
        ),
        (
            [
                layer(
                    "Activation",
                    "a",
                    "image",
                    activation={"class_name": "ReLU", "config": {"max_value": 6}},
                )
            ],
            "relu6",
            1 / 6,
        ),
        (
            [
                operator("b", "__operators__.add", "image", 3.0),
                layer("ReLU", "c", "b", max_value=6.0),
                operator("d", "math.multiply", "c", 1 / 6),
            ],
            "hard_sigmoid",
            1 / 6,
        ),
        (
            [
                operator("b", "__operators__.add", "image", 3.0),
                layer("ReLU", "c", "b", max_value=6.0),
                operator("d", "math.truediv", "c", 6.0),
                layer("Multiply", "e", "d", "image"),
            ],
            "hard_swish",
            1 / 6,
        ),
        (
            [
                operator("b", "__operators__.add", "image", 3.0),
                layer("ReLU", "c", "b", max_value=6.0),
                operator("d", "math.multiply", "image", ["c", 0, 0]),
                operator("e", "math.truediv", "d", 6.0),
            ],
            "hard_swish",
            1 / 6,
        ),
        (
            [
                layer("Activation", "b", "image", activation="sigmoid"),
                operator("c", "math.multiply", "image", ["b", 0, 0]),
            ],
            "swish",
            1 / 6,
        ),
    ],
)
def test_activations_as_layers_and_as_arithmetic(
    layers: list[dict[str, Any]], function: str, slope: float
) -> None:
    made = graph(*layers)
    found = made.function(made.output)
    assert (found.name, found.source) == (function, "image")
    assert found.slope == pytest.approx(slope)


def test_products_that_are_no_activation() -> None:
    other = [
        operator("b", "__operators__.add", "image", 2.0),
        layer("ReLU", "c", "b", max_value=6.0),
        operator("d", "math.multiply", "c", 1 / 6),
    ]
    made = graph(*other)
    assert made.function(made.output) is None
    assert graph(layer("Conv2D", "a", "image")).function("a") is None
    upside_down = layer("TFOpLambda", "d", function="math.truediv")  # 6 / relu6(x + 3)
    upside_down["inbound_nodes"] = [[["_CONSTANT_VALUE", -1, 6.0, {"y": ["c", 0, 0]}]]]
    three_more = operator("b", "__operators__.add", "image", 3.0)
    assert graph(three_more, other[1], upside_down).function("d") is None


def test_hard_sigmoids_slope_by_version() -> None:
    sigmoid = layer("Activation", "a", "image", activation="hard_sigmoid")
    assert graph(sigmoid, version="3.1.0").function("a").slope == pytest.approx(1 / 6)


def test_a_layer_with_its_activation_is_two() -> None:
    made = graph(layer("Conv2D", "a", "image", activation="relu"))
    assert made.function("a").source == "a@"
    assert made.nodes["a@"].kind == "Conv2D"


def test_operators_of_tensorflow_before_2_4() -> None:
    divided = layer(
        "TensorFlowOpLayer", "a", "image", node_def={"op": "RealDiv"}, constants={"1": 255.0}
    )
    told = described_by(json.dumps(model(IMAGE, divided)), "2.3.0", {})
    assert told.resolution == (32, 48)
    made = graph(divided)
    assert made.nodes["a"].numbers == (255.0,)
    assert not made.nodes["a"].number_first


def test_a_call_that_is_not_in_the_file_is_the_last_that_is() -> None:
    """Keras counts calls outside the model as well, and writes those inside alone."""
    made = model(IMAGE, layer("ReLU", "a", "image"), output_layers=[["a", 2, 0]])
    assert read_graph(json.dumps(made)).output == "a"


def test_two_layers_of_one_name() -> None:
    with pytest.raises(ValueError, match="model_config: two layers have the same name"):
        graph(layer("ReLU", "a", "image"), layer("ReLU", "a", "image"))


CIRCLE = (layer("ReLU", "a", "b"), layer("ReLU", "b", "a"))
DEEP: Any = "[" * 100_000


def nested_twice(depth: int) -> dict[str, Any]:
    """A model that calls a model twice, which calls one twice: 2^depth layers of a few lines."""
    inner = model(IMAGE, layer("ReLU", "a", "image"))
    for _ in range(depth):
        inner |= {"name": "inner", "inbound_nodes": [[["image", 0, 0, {}]], [["inner", 0, 0, {}]]]}
        inner["config"]["name"] = "inner"
        inner = model(IMAGE, dict(inner))
    return inner


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        '{"a":' * 50_000,
        "",
        "null",
        "[]",
        "3",
        "{}",
        '{"class_name": "Functional"}',
        '{"class_name": 3, "config": {}}',
        '{"class_name": "Functional", "config": {"layers": [], "output_layers": []}}',
        '{"class_name": "Sequential", "config": {"layers": []}}',
        '{"class_name": "Sequential", "config": {"layers": [3]}}',
        " " * (2**24 + 1),
        json.dumps(model(IMAGE, *CIRCLE)),
        json.dumps(model(IMAGE, layer("ReLU", "a", "nowhere"))),
        json.dumps(model(IMAGE, layer("ReLU", "image", "image"))),
        json.dumps(model(IMAGE, layer("ReLU", "a", "image"), input_layers=[])),
        json.dumps(model(IMAGE, layer("ReLU", "a", "image"), output_layers=[["a", 0, 3]])),
        json.dumps(model(IMAGE, layer("ReLU", "a", "image"), output_layers=[["a", 0, 0]] * 2)),
        json.dumps(model(layer("InputLayer", "image", batch_input_shape=[None, 10**400, 32, 3]))),
        json.dumps(model(layer("InputLayer", "image", batch_input_shape=[None, -3, "x", 3]))),
        json.dumps(model(layer("InputLayer", "image", batch_input_shape={"a": 1}))),
        json.dumps(nested_twice(20)),
    ],
    ids=lambda text: text[:20],
)
def test_hostile_text_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="model_config: ") as caught:
        described_by(text or "x", "3.0.0", {})
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


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


def test_the_file_that_is_changed_is_a_good_one(network_file: Path) -> None:
    found = nm.import_weights(network_file, "keras")
    assert found.model.plan.model == "v1-shallow"
    assert found.described["activation"] == "relu6"
    assert found.model.preprocessing.std == (0.5, 0.5, 0.5)


def description(plan: nm.Plan) -> dict[str, Any]:
    """A plan as a Keras model, written by hand: no Keras is needed."""
    names = nm.weights.FAMILIES["keras"].layers(plan)
    layers = [IMAGE, layer("Rescaling", "rescaling", "image", scale=1 / 127.5, offset=-1.0)]
    for ours in plan.layers:
        before, name = layers[-1]["name"], names.get(ours.name, ours.name)
        if ours.kind in ("conv", "depthwise", "pointwise"):
            kind = "DepthwiseConv2D" if ours.kind == "depthwise" else "Conv2D"
            settings = {
                "kernel_size": [1, 1] if ours.kind == "pointwise" else [3, 3],
                "strides": [*getattr(ours, "stride", (1, 1))],
                "padding": "same",
                "dilation_rate": [1, 1],
                "activation": "linear",
            }
            layers.append(layer(kind, name, before, **settings))
        elif ours.kind == "batch_norm":
            settings = {"axis": [3], "epsilon": 0.001, "momentum": 0.99}
            layers.append(layer("BatchNormalization", name, before, **settings))
        elif ours.kind == "activation":
            layers.append(layer("ReLU", name, before, max_value=6.0, threshold=0.0))
        elif ours.kind == "global_pool":
            layers.append(layer("GlobalAveragePooling2D", name, before))
        elif ours.kind == "dropout":
            layers.append(layer("Dropout", name, before, rate=0.25))
        else:
            layers.append(layer("Dense", name, before, units=4, activation="softmax"))
    return model(*layers)


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
        ValueError, match=r"large\.h5: model_config: 16,777,217 bytes, larger than any"
    ):
        nm.import_weights(path, "keras")
