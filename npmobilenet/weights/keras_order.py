"""Partners by order: the k-th convolution is the k-th convolution, where Keras numbered the layers."""

import re
from collections.abc import Mapping
from itertools import product

from ..models.network_plan import Plan
from ..ops.checks import Array

Layers = dict[str, dict[str, Array]]  # the file's: path -> parameter -> array, in the file's order

AUTOMATIC = re.compile(
    r"(conv2d|depthwise_conv2d|batch_normalization(?:_v\d)?|dense)(?:_(\d+))?", re.IGNORECASE
)
_KINDS = {"conv2d": "conv", "depthwise_conv2d": "depthwise", "dense": "dense"}


def by_order(network: Plan, layers: Layers) -> dict[str, str]:
    """Our layer -> the file's, kind by kind; {} unless most names are automatic and all counts agree.

    Squeeze-and-excite, V3's head and the classifier are dense layers in some models and 1x1
    convolutions in others: taken is the reading under which the counts agree.
    """
    theirs: dict[str, list[str]] = {"conv": [], "depthwise": [], "norm": [], "dense": []}
    for name, parameters in _base_first(layers).items():
        if found := kind(name, parameters):
            theirs[found].append(name)
    ours_by_reading = (_ours(network, *reading) for reading in _READINGS)
    for ours in ours_by_reading:
        if all(len(ours[k]) == len(theirs[k]) for k in theirs) and _in_one_place(ours, theirs):
            return {a: b for k in theirs for a, b in zip(ours[k], theirs[k], strict=True)}
    return {}


def kind(name: str, parameters: Mapping[str, Array]) -> str:
    """ "conv", "depthwise", "norm" or "dense"; "" for a layer that no MobileNet has."""
    if "moving_mean" in parameters:
        return "norm"
    if "kernel" not in parameters:
        return ""
    automatic = AUTOMATIC.fullmatch(name.rpartition("/")[2])
    if automatic and (stated := _KINDS.get(automatic[1].lower())):
        return stated
    shape = parameters["kernel"].shape
    if len(shape) == 4:
        return "depthwise" if shape[3] == 1 and shape[:2] != (1, 1) else "conv"
    return "dense" if len(shape) == 2 else ""


# whether squeeze-and-excite, the head and the classifier are convolutions; Keras' own reading first
_TOPS = ((True, True), (True, False), (False, False))
_READINGS = [(squeeze, *top) for squeeze, top in product((True, False), _TOPS)]


def _ours(network: Plan, squeeze: bool, head: bool, classifier: bool) -> dict[str, list[str]]:
    """The plan's layers with arrays, by kind, in the order they run."""
    found: dict[str, list[str]] = {"conv": [], "depthwise": [], "norm": [], "dense": []}
    kinds = {"pointwise": "conv", "batch_norm": "norm"}
    for layer in network.layers:
        if not layer.arrays:
            continue
        of = kinds.get(layer.kind, layer.kind)
        if of == "dense" and {"head": head, "classifier": classifier}.get(layer.name, squeeze):
            of = "conv"
        found[of].append(layer.name)
    return found


def _base_first(layers: Layers) -> Layers:
    """What stands around a model inside a model comes after it: only the classifier may be there."""
    parents = [name.rpartition("/")[0] for name in layers]
    base = max(parents, key=parents.count, default="")
    return dict(sorted(layers.items(), key=lambda item: item[0].rpartition("/")[0] != base))


def _in_one_place(ours: Mapping[str, list[str]], theirs: Mapping[str, list[str]]) -> bool:
    """Whether most names are automatic, and order means something: all layers but the classifier
    stand side by side."""
    names = [
        b for k in theirs for a, b in zip(ours[k], theirs[k], strict=True) if a != "classifier"
    ]
    automatic = [name for name in names if AUTOMATIC.fullmatch(name.rpartition("/")[2])]
    parents = {name.rpartition("/")[0] for name in names}
    return 2 * len(automatic) > len(names) and len(parents) == 1
