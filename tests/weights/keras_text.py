"""Descriptions of Keras models as text, written by hand: no Keras is needed."""

import json
from typing import Any

import npmobilenet as nm
from npmobilenet.weights.keras_config import read_graph


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
