"""Activations and operators as Keras' versions spell them."""

import json
from typing import Any

import pytest

from npmobilenet.weights.keras_config import read_graph
from npmobilenet.weights.keras_settle import described_by
from tests.weights.keras_text import IMAGE, graph, layer, model, operator


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
