"""Which layer of a Keras file is which of a plan: by names and their spellings, else by order.

What Keras writes under one name today it wrote under others before; a model inside a model puts its
name in front; whoever trains on other classes gives the last layer a name of their own; and who names
nothing gets conv2d_7 and batch_normalization_3.
"""

import re
from collections.abc import Iterable, Mapping

from ..models.network_plan import Plan
from ..ops.checks import Array
from .family import Family, Pairing
from .keras_order import Layers, by_order

_BLOCK = re.compile(r"inverted_residual_block(?:_(\d{1,18}))?/(.*)")
# the tutorial's layers by their classes and attributes, as Keras writes where it stores no names
_TUTORIAL_BLOCK = {
    "conv_bn_re_lu/conv": "expand/Conv2d",
    "conv_bn_re_lu/bn": "expand/BatchNorm",
    "depthwise_conv2d": "depthwise",
    "batch_normalization": "depthwise/BatchNorm",
    "conv2d": "project",
    "batch_normalization_1": "project/BatchNorm",
}
_TUTORIAL_AROUND = {
    "conv_bn_re_lu/conv": "Conv/Conv2d",
    "conv_bn_re_lu/bn": "Conv/BatchNorm",
    "conv_bn_re_lu_1/conv": "Conv_1/Conv2d",
    "conv_bn_re_lu_1/bn": "Conv_1/BatchNorm",
}


def pair(family: Family, network: Plan, tensors: Mapping[str, Array]) -> Pairing:
    """Partners by name in any known spelling, or by order where names are automatic."""
    layers: Layers = {}
    for name, value in tensors.items():
        layer, _, parameter = name.rpartition("/")
        layers.setdefault(layer, {})[parameter] = value
    named = _pairing(family, network, by_spelling(family.layers(network), layers), tensors)
    if named.unmatched and (chosen := by_order(network, layers)):
        ordered = _pairing(family, network, chosen, tensors)
        return min(named, ordered, key=lambda pairing: pairing.unmatched)
    return named


def by_spelling(names: Mapping[str, str], layers: Layers) -> dict[str, str]:
    """Our layer -> the file's, for every one whose name is there in some spelling.

    names: our layer -> the family's name.  The prefix of a model inside a model is whichever finds most;
    the classifier may have any name, if only one layer is left that could be it.
    """
    wanted = dict(zip(names, _keys(names.values()), strict=True))
    best: dict[str, str] = {}
    for prefix in ("", *_prefixes(layers)):
        inner = [name for name in layers if name.startswith(prefix)]
        keys = _keys(name.removeprefix(prefix) for name in inner)
        there = dict(zip(keys, inner, strict=True))
        exact = {ours: prefix + name for ours, name in names.items() if prefix + name in layers}
        found = {ours: there[key] for ours, key in wanted.items() if key in there} | exact
        best = max(best, found, key=len)
        if len(best) == len(names):
            break
    if "classifier" in names and "classifier" not in best:
        taken = set(best.values())
        could_be = [x for x in layers if x not in taken and _could_classify(layers[x])]
        if len(could_be) == 1 and best:
            best["classifier"] = could_be[0]
    return best


def _prefixes(layers: Layers) -> list[str]:
    """What stands before more than half of all names: "mobilenet_1.00_224/", outermost first."""
    counts: dict[str, int] = {}
    for name in layers:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            prefix = "/".join(parts[:depth]) + "/"
            counts[prefix] = counts.get(prefix, 0) + 1
    return sorted((x for x, count in counts.items() if 2 * count > len(layers)), key=len)


def _could_classify(parameters: Mapping[str, Array]) -> bool:
    kernel = parameters.get("kernel")
    return kernel is not None and (kernel.ndim == 2 or kernel.shape[:2] == (1, 1))


def _keys(names: Iterable[str]) -> list[str]:
    """What is equal for all spellings of one name: expanded_conv_1/expand/BatchNorm is
    expanded_conv_1_expand_bn.

    The tutorial's blocks count as many as the program has made before: only their order matters.
    """
    names = list(names)
    numbers = sorted({int(m[1] or 0) for name in names if (m := _BLOCK.fullmatch(name))})
    keys = []
    for name in names:
        if block := _BLOCK.fullmatch(name):
            inside = block[2].removeprefix("expanded_conv/").removeprefix("main_branch/")
            place = numbers.index(int(block[1] or 0))
            name = f"block {place}/{_TUTORIAL_BLOCK.get(inside, inside)}"
        name = _TUTORIAL_AROUND.get(name, name)
        keys.append(re.sub("batch_?norm", "bn", name.lower().replace("/", "_")))
    return keys


def _pairing(
    family: Family, network: Plan, chosen: Mapping[str, str], tensors: Mapping[str, Array]
) -> Pairing:
    """Of partners among layers, partners among arrays."""
    pairs: dict[str, str] = {}
    missing: dict[str, str] = {}
    for ours, usual in family.names(network).items():
        layer, _, array = ours.rpartition(".")
        theirs = f"{chosen[layer]}/{family.suffixes[array]}" if layer in chosen else usual
        (pairs if theirs in tensors else missing)[ours] = theirs
    taken = set(pairs.values())
    return Pairing(pairs, missing, tuple(name for name in tensors if name not in taken))
