"""The graph of a Keras model, and what its layers do in our words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ..ops.checks import real

# layers that hand on what they get: in evaluation, or for it is only about types
_RANDOM = (
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast",
    "RandomBrightness", "RandomHeight", "RandomWidth", "RandomSharpness", "RandomHue",
    "RandomSaturation", "RandomGrayscale", "RandomShear", "RandomPerspective", "RandomColorJitter",
    "RandomColorDegeneration", "RandomErasing", "RandomGaussianBlur", "RandomPosterization",
    "RandomElasticTransform", "RandomInvert", "RandAugment", "AugMix", "MixUp", "CutMix",
)  # fmt: skip
_NOISE = ("GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout2D", "Dropout")
NOTHING_DONE = {
    *_RANDOM, *_NOISE, "Alias", "ActivityRegularization", "Identity", "Cast", "cast", "StopGradient",
}  # fmt: skip
_SHAPE_ONLY = ("Reshape", "Flatten")  # nothing else, where a map is one pixel
ARITHMETIC = {
    "Add": "add", "add": "add", "AddV2": "add",
    "Subtract": "subtract", "subtract": "subtract", "sub": "subtract", "Sub": "subtract",
    "Multiply": "multiply", "multiply": "multiply", "mul": "multiply", "Mul": "multiply",
    "TrueDivide": "divide", "truediv": "divide", "Divide": "divide", "divide": "divide",
    "RealDiv": "divide",
}  # fmt: skip
# activations by Keras' names, those of its operators and TensorFlow's
_FUNCTIONS = {
    "relu": "relu", "Relu": "relu", "relu6": "relu6", "Relu6": "relu6", "ReLU6": "relu6",
    "swish": "swish", "silu": "swish", "Silu": "swish",
    "hard_swish": "hard_swish", "hard_silu": "hard_swish", "HardSilu": "hard_swish",
    "HardSwish": "hard_swish", "sigmoid": "sigmoid", "Sigmoid": "sigmoid",
    "hard_sigmoid": "hard_sigmoid", "HardSigmoid": "hard_sigmoid",
    "softmax": "softmax", "Softmax": "softmax", "linear": "linear",
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """One call of one layer.

    name    of the layer, behind those of the models around it: "base/conv1"
    kind    Keras' class, or the operator's name
    inputs  keys of the nodes that feed it; numbers: constants among its arguments, in their order
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]
    numbers: tuple[Any, ...] = ()
    number_first: bool = False

    def __str__(self) -> str:
        return f"layer {self.name} ({self.kind})"


@dataclass(frozen=True)
class Function:
    """An activation, and what it is applied to; `slope` is a hard sigmoid's."""

    name: str
    source: str
    slope: float = 1 / 6


@dataclass(frozen=True)
class Graph:
    """A model: its nodes by key, where the image comes in and what comes out.

    shape   of the input as the file has it, [None, H, W, C] mostly
    opaque  the class of a model that describes no layers
    logits  whether the loss it was compiled with takes its one output for the logit of a sigmoid
    """

    nodes: dict[str, Node] = field(repr=False)
    input: str
    output: str
    version: str
    shape: Any
    opaque: str = ""
    logits: bool = False

    @cached_property
    def depths(self) -> dict[str, int]:
        """How many nodes lie between each node and the image, on the longest way; ValueError for a
        circle or a node that is not there."""
        before = {key: node.inputs for key, node in self.nodes.items()}
        found: dict[str, int] = {}
        try:
            for key in TopologicalSorter(before).static_order():
                if key not in before:
                    raise ValueError(f"there is no layer {key}")
                found[key] = 1 + max((found[source] for source in before[key]), default=0)
        except CycleError as error:
            raise ValueError(f"layer {error.args[1][0]} feeds itself") from None
        return found

    def skip(self, key: str, *, pixels: bool = True, rates: list[float] | None = None) -> str:
        """The node that does something, from `key` on backwards.

        pixels=False: of a map of one pixel, where shapes alone may change.  rates: collects those of
        dropout on the way.
        """
        while True:
            node = self.nodes[key]
            passed = node.kind in NOTHING_DONE or (not pixels and node.kind in _SHAPE_ONLY)
            linear = node.kind == "Activation" and node.config.get("activation") == "linear"
            if not passed and not linear:
                return key
            if len(node.inputs) != 1:
                raise ValueError(f"{node} has {len(node.inputs)} inputs")
            if node.kind == "Dropout" and rates is not None:
                rates.append(node.config.get("rate", 0))
            key = node.inputs[0]

    def deeper_last(self, key: str) -> tuple[str, str]:
        """The two inputs of an addition or a product: first the one nearer to the image."""
        node = self.nodes[key]
        if len(node.inputs) != 2 or node.numbers:
            raise ValueError(f"{node} has {len(node.inputs)} inputs, expected two")
        one, other = (self.skip(x) for x in node.inputs)
        return (one, other) if self.depths[one] <= self.depths[other] else (other, one)

    def function(self, key: str) -> Function | None:
        """The activation at a node, written as one layer or as arithmetic; None where there is none.

        ValueError for an activation that is none of ours.
        """
        node = self.nodes[key]
        if node.kind in ("Activation", "ReLU", "Softmax", "LeakyReLU", "PReLU", "ELU") or (
            node.kind in _FUNCTIONS and len(node.inputs) == 1
        ):
            name = self._named(node)
            slope = (
                0.2 if name == "hard_sigmoid" and self.version.startswith(("1.", "2.")) else 1 / 6
            )
            return Function(name, node.inputs[0], slope)
        if ARITHMETIC.get(node.kind) in ("multiply", "divide"):
            return self._arithmetic(key)
        return None

    def _named(self, node: Node) -> str:
        config: Any = node.config
        kind = node.kind
        given = config.get("activation", kind)
        if isinstance(given, Mapping):  # a layer, or a function of the file's author
            inner = given.get("config")
            config = inner if isinstance(inner, Mapping) else {}
            given = inner if isinstance(inner, str) else given.get("class_name")
            kind = given if isinstance(given, str) else kind
        if kind == "ReLU":
            return self._relu(node, config)
        if not isinstance(given, str) or given not in _FUNCTIONS:
            raise ValueError(f"{node}: there is no activation {given!r:.60} here")
        return _FUNCTIONS[given]

    @staticmethod
    def _relu(node: Node, config: Mapping[str, Any]) -> str:
        most = config.get("max_value")
        if config.get("negative_slope") or config.get("threshold") or most not in (None, 6):
            settings = {k: config.get(k) for k in ("max_value", "negative_slope", "threshold")}
            raise ValueError(f"{node}: there are ReLU and ReLU6 here, not {settings!r:.100}")
        return "relu6" if most else "relu"

    def _arithmetic(self, key: str) -> Function | None:
        """relu6(x + 3) / 6, the hard sigmoid; x times it, or x * sigmoid(x)."""
        node = self.nodes[key]
        if self._is_sixth(node):
            inner = self.skip(node.inputs[0])
            if source := self._relu6_of_three_more(inner):
                return Function("hard_sigmoid", source)
            both = self.nodes[inner]  # x * relu6(x + 3), the division last
            if ARITHMETIC.get(both.kind) == "multiply" and len(both.inputs) == 2:
                first, second = self.deeper_last(inner)
                if self._relu6_of_three_more(second) == first:
                    return Function("hard_swish", first)
        elif ARITHMETIC[node.kind] == "multiply" and len(node.inputs) == 2:
            source, gate = self.deeper_last(key)
            if ARITHMETIC.get(self.nodes[gate].kind) == "multiply" and not self.nodes[gate].numbers:
                return None
            found = self.function(gate)
            if found and self.skip(found.source) == source and found.slope == 1 / 6:
                name = {"sigmoid": "swish", "hard_sigmoid": "hard_swish"}.get(found.name)
                return Function(name, source) if name else None
        return None

    @staticmethod
    def _is_sixth(node: Node) -> bool:
        by = node.numbers[0] if len(node.numbers) == 1 and len(node.inputs) == 1 else None
        if not real(by) or not by:
            return False
        if ARITHMETIC[node.kind] == "divide":
            return by == 6 and not node.number_first
        return abs(by * 6 - 1) < 1e-6

    def _relu6_of_three_more(self, key: str) -> str:
        """The x of relu6(x + 3), or ""."""
        node = self.nodes[key]
        if node.kind not in ("ReLU", "Activation", "relu6", "Relu6", "ReLU6"):
            return ""
        if self._named(node) != "relu6":
            return ""
        sum_ = self.nodes[self.skip(node.inputs[0])]
        if ARITHMETIC.get(sum_.kind) == "add" and sum_.numbers == (3,) and len(sum_.inputs) == 1:
            return self.skip(sum_.inputs[0])
        return ""
