"""Descriptions of Keras models that nobody wrote in good faith: one line, at once."""

import json
from typing import Any

import pytest

from npmobilenet.weights.keras_settle import described_by
from tests.weights.keras_text import IMAGE, graph, layer, model

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


def test_two_layers_of_one_name() -> None:
    with pytest.raises(ValueError, match="model_config: two layers have the same name"):
        graph(layer("ReLU", "a", "image"), layer("ReLU", "a", "image"))
