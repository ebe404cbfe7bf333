"""A Keras model's description of itself, JSON, as a graph of layers.  Nothing of it is executed.

Keras 2 and 3 spell it differently; models may stand inside models.  All of that ends here: what comes
out is one flat graph, a node for every call of a layer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..text import of_json
from .keras_graph import Graph, Node

LARGEST_TEXT = 2**22  # bytes; MobileNets' descriptions have some hundred thousand
_MOST_NODES = (
    10_000  # a model called twice inside one called twice ...: JSON may stand for any number
)
_WITHOUT_MEANING = ("training", "mask", "name")  # arguments of calls


def read_graph(text: str | bytes, version: str = "", training: str = "") -> Graph:
    """The graph that a model_config describes; `version` is Keras', "2.4.0", `training` the
    training_config beside it, which Keras 3's archives have inside.

    A model of a class of its own describes no layers: the graph has no nodes then.  ValueError, one
    line, for anything that is no such description.
    """
    if max(len(text), len(training)) > LARGEST_TEXT:
        raise ValueError(f"model_config: {len(text):,} bytes, larger than any MobileNet's")
    try:
        document = of_json(text)
        graph = _Reader(version).read(document)
        compiled = of_json(training) if training else document.get("compile_config")
        graph = replace(graph, logits=_from_logits(compiled))
        _ = graph.depths  # there are no circles, and nothing is missing
    except RecursionError:
        raise ValueError("model_config: nested too deeply for a model") from None
    except (KeyError, TypeError, AttributeError, IndexError, ArithmeticError) as error:
        raise ValueError(f"model_config: no description of a model ({error!r:.100})") from None
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"model_config: {reason:.200}") from None
    return graph


def _from_logits(compiled: Any) -> bool:
    """Whether the one loss of a compiled model is binary cross-entropy of a logit."""
    loss = compiled.get("loss") if isinstance(compiled, Mapping) else None
    if isinstance(loss, list) and len(loss) == 1:
        loss = loss[0]
    if not isinstance(loss, Mapping) or not isinstance(loss.get("config"), Mapping):
        return False
    binary = loss.get("class_name") in ("BinaryCrossentropy", "BinaryFocalCrossentropy")
    return binary and loss["config"].get("from_logits") is True


class _Reader:
    """Collects the nodes of one description."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.nodes: dict[str, Node] = {}
        self.inputs: list[str] = []

    def read(self, document: Any) -> Graph:
        """The whole model's graph."""
        if not isinstance(document, Mapping) or not isinstance(document.get("class_name"), str):
            raise ValueError("no description of a model")
        if not _is_model(document):
            shape = document.get("build_config", {}).get("input_shape")
            return Graph({}, "", "", self.version, shape, document["class_name"])
        outputs = self._model(document, "", None)
        if len(self.inputs) != 1 or len(outputs) != 1:
            raise ValueError(
                f"the model has {len(self.inputs)} inputs and {len(outputs)} outputs, "
                "a MobileNet one of each"
            )
        shape = self.nodes[self.inputs[0]].config.get("shape")
        return Graph(self.nodes, self.inputs[0], outputs[0], self.version, shape)

    def _model(self, document: Mapping[str, Any], path: str, fed: list[str] | None) -> list[str]:
        """Add a model's layers; what feeds it (None: it is the outermost) -> its outputs."""
        config = document["config"]
        layers = config if isinstance(config, list) else config["layers"]
        if isinstance(config, list) or "output_layers" not in config:
            return self._sequence(layers, config, path, fed)
        calls = {_name(layer): max(1, len(layer["inbound_nodes"])) for layer in layers}
        if len(calls) != len(layers):
            raise ValueError("two layers have the same name")

        def key(reference: Any) -> str:
            name, index, output = reference[:3]
            if name not in calls:
                raise ValueError(f"refers to a layer {name!r} that is not there")
            if output != 0:
                raise ValueError(f"layer {name!r} has several outputs, in a MobileNet none has")
            return _key(path, name, min(int(index), calls[name] - 1))

        entrances = [key(reference) for reference in _references(config["input_layers"])]
        if fed is not None and len(fed) != len(entrances):
            raise ValueError(f"model {path!r} is fed with {len(fed)} of {len(entrances)} inputs")
        for layer in layers:
            nodes = layer["inbound_nodes"] or [None]
            for index, call in enumerate(nodes):
                here = _key(path, _name(layer), index)
                if here in entrances:
                    self._entrance(here, layer, None if fed is None else fed[entrances.index(here)])
                else:
                    arguments = [*_arguments(call, calls)]
                    sources = [key(x) for is_tensor, x in arguments if is_tensor]
                    self._layer(here, f"{path}{_name(layer)}", layer, sources, arguments)
        return [key(reference) for reference in _references(config["output_layers"])]

    def _sequence(
        self, layers: list[Any], config: Any, path: str, fed: list[str] | None
    ) -> list[str]:
        """A Sequential model: every layer takes what the one before it gives."""
        last = fed
        if layers[0]["class_name"] != "InputLayer":
            first = layers[0]["config"]
            given = config.get("build_input_shape") if isinstance(config, Mapping) else None
            shape = first.get("batch_input_shape") or given or [None] * 4
            layers = [
                {"class_name": "InputLayer", "config": {"name": "input", "shape": shape}},
                *layers,
            ]
        for layer in layers:
            here = _key(path, _name(layer), 0)
            if layer["class_name"] == "InputLayer":
                self._entrance(here, layer, fed[0] if fed else None)
            else:
                self._layer(here, f"{path}{_name(layer)}", layer, last or [], [])
            last = [here]
        return last or []

    def _entrance(self, key: str, layer: Mapping[str, Any], fed: str | None) -> None:
        if fed is None:
            config = layer["config"]
            shape = next(
                (config[k] for k in ("shape", "batch_shape", "batch_input_shape") if k in config),
                None,
            )
            self.inputs.append(key)
            self._add(key, Node(key, "InputLayer", {"shape": shape}, ()))
        else:
            self._add(key, Node(key, "Alias", {}, (fed,)))

    def _layer(
        self,
        key: str,
        name: str,
        layer: Mapping[str, Any],
        sources: list[str],
        arguments: list[tuple[bool, Any]],
    ) -> None:
        """One call of a layer; of a model, all of its layers."""
        if _is_model(layer):
            (inside,) = self._model(layer, f"{key}/", sources)
            self._add(key, Node(name, "Alias", {}, (inside,)))
            return
        kind, config = layer["class_name"], layer["config"]
        if not isinstance(kind, str) or not isinstance(config, Mapping):
            raise ValueError(f"layer {name!r} has no class and settings")
        numbers = tuple(x for is_tensor, x in arguments if not is_tensor)
        first = bool(arguments) and not arguments[0][0]
        if kind == "TFOpLambda":  # Keras 2's calls of TensorFlow
            kind = str(config["function"]).rpartition(".")[2]
        elif kind == "TensorFlowOpLayer":  # the same, in its versions up to 2.3
            constants = config["constants"]
            kind, numbers = str(config["node_def"]["op"]), tuple(constants.values())
            first = "0" in constants
        function = config.get("activation")
        if kind == "Activation" or function in (None, "linear"):
            self._add(key, Node(name, kind, config, tuple(sources), numbers, first))
        else:  # a layer with its activation is two layers
            self._add(f"{key}@", Node(name, kind, config, tuple(sources)))
            self._add(key, Node(name, "Activation", {"activation": function}, (f"{key}@",)))

    def _add(self, key: str, node: Node) -> None:
        if len(self.nodes) >= _MOST_NODES or key in self.nodes:
            raise ValueError(f"layer {key!r} is one too many: no description of a MobileNet")
        self.nodes[key] = node


def _is_model(layer: Mapping[str, Any]) -> bool:
    """Whether a layer is a model; the first Sequential ones had a list as their settings."""
    config = layer["config"]
    return isinstance(config, list) or isinstance(config.get("layers"), list)


def _name(layer: Mapping[str, Any]) -> str:
    config = layer["config"]
    name = layer.get("name") or (config.get("name") if isinstance(config, Mapping) else "model")
    if not isinstance(name, str):
        raise ValueError("a layer has no name")
    return name


def _key(path: str, name: str, index: int) -> str:
    return f"{path}{name}" + (f"#{index}" if index else "")


def _references(listed: Any) -> list[Any]:
    """[["input_1", 0, 0], ...]; Keras 3 writes one alone as ["input_1", 0, 0]."""
    if listed and isinstance(listed[0], str):
        return [listed]
    return [*listed.values()] if isinstance(listed, Mapping) else listed


def _arguments(call: Any, layers: Mapping[str, int]) -> Iterator[tuple[bool, Any]]:
    """What a layer is called with: (True, reference to a tensor) or (False, number or numbers)."""
    if isinstance(call, Mapping):  # Keras 3
        yield from _values(call["args"])
        kwargs = {k: v for k, v in call["kwargs"].items() if k not in _WITHOUT_MEANING}
        yield from _values(list(kwargs.values()))
        return
    entries = [call] if call and isinstance(call[0], str) else call or []
    for entry in entries:
        if entry[0] == "_CONSTANT_VALUE":
            yield False, entry[2]
        else:
            yield True, entry
        for name, value in (entry[3] if len(entry) > 3 else {}).items():
            if (
                isinstance(value, list)
                and value
                and isinstance(value[0], str)
                and value[0] in layers
            ):
                yield True, value
            elif name not in _WITHOUT_MEANING:
                yield from _values(value)


def _values(value: Any) -> Iterator[tuple[bool, Any]]:
    """The tensors and numbers in Keras 3's arguments; a list of numbers stays one."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            yield True, value["config"]["keras_history"]
        elif value.get("class_name") == "__numpy__":
            yield False, value["config"]["value"]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield False, value
    elif isinstance(value, list):
        if value and all(isinstance(x, int | float) for x in value):
            yield False, value
        else:
            for x in value:
                yield from _values(x)
