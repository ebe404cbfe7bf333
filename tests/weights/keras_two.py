"""A model's description in Keras 2's spelling, made of Keras 3's."""

from typing import Any

_OPERATORS = {
    "TrueDivide": "math.truediv",
    "Subtract": "math.subtract",
    "Multiply": "math.multiply",
    "Add": "__operators__.add",
}


def in_keras_two(model: dict[str, Any]) -> dict[str, Any]:
    """{"class_name": "Functional", "config": ...} as Keras 2.4 writes it."""
    config = dict(model["config"])
    config["layers"] = [_layer(layer) for layer in config["layers"]]
    for ends in ("input_layers", "output_layers"):
        if ends in config:
            config[ends] = [config[ends]]
    return {"class_name": model["class_name"], "config": config}


def _layer(layer: dict[str, Any]) -> dict[str, Any]:
    kind, config = layer["class_name"], layer["config"]
    made = {"class_name": kind, "config": config}
    operator = kind in _OPERATORS and config.keys() == {"name"}  # layers have more settings
    if "layers" in config:
        made = in_keras_two(layer)
    elif operator:
        made = {
            "class_name": "TFOpLambda",
            "config": {"name": config["name"], "function": _OPERATORS[kind]},
        }
    else:
        renamed = {"batch_shape": "batch_input_shape"}
        made["config"] = {renamed.get(k, k): v for k, v in config.items() if k != "module"}
    if "name" in layer:
        made["name"] = layer["name"]
        made["inbound_nodes"] = [_call(call, operator) for call in layer["inbound_nodes"]]
    return made


def _call(call: dict[str, Any], operator: bool) -> list[Any]:
    arguments = call["args"][0] if isinstance(call["args"][0], list) else call["args"]
    tensors = [x["config"]["keras_history"] for x in arguments if isinstance(x, dict)]
    if not operator:
        return [[*tensor, {}] for tensor in tensors]
    others = [x for x in arguments if not isinstance(x, dict)] or tensors[1:]
    return [*tensors[0], {"y": others[0], "name": None}]
