"""How Keras and the TensorFlow 2 tutorial name the layers of a plan.  Ours -> theirs, in their order."""

from ..models.network_plan import Plan
from .keras_pairing import pair

__all__ = ["keras_layers", "pair", "tutorial_c_layers"]

# parts of a plan that lie outside the blocks
_AROUND = {
    "v1": {"stem": "conv1", "stem_norm": "conv1_bn", "classifier": "conv_preds"},
    "v2": {
        "stem": "Conv1",
        "stem_norm": "bn_Conv1",
        "last": "Conv_1",
        "last_norm": "Conv_1_bn",
        "classifier": "predictions",
    },
    "v3": {
        "stem": "conv",
        "stem_norm": "conv_bn",
        "last": "conv_1",
        "last_norm": "conv_1_bn",
        "head": "conv_2",
        "classifier": "logits",
    },
    "tutorial-c": {
        "stem": "Conv/Conv2d",
        "stem_norm": "Conv/BatchNorm",
        "last": "Conv_1/Conv2d",
        "last_norm": "Conv_1/BatchNorm",
        "classifier": "Logits",
    },
}
# parts of a block; {} is its number: V1 counts from 1, the others from 0
_INSIDE = {
    "v1": {
        "depthwise": "conv_dw_{}",
        "depthwise_norm": "conv_dw_{}_bn",
        "pointwise": "conv_pw_{}",
        "pointwise_norm": "conv_pw_{}_bn",
    },
    "v2": {
        "expand": "block_{}_expand",
        "expand_norm": "block_{}_expand_BN",
        "depthwise": "block_{}_depthwise",
        "depthwise_norm": "block_{}_depthwise_BN",
        "project": "block_{}_project",
        "project_norm": "block_{}_project_BN",
    },
    "v3": {
        "expand": "expanded_conv_{}_expand",
        "expand_norm": "expanded_conv_{}_expand_bn",
        "depthwise": "expanded_conv_{}_depthwise",
        "depthwise_norm": "expanded_conv_{}_depthwise_bn",
        "squeeze": "expanded_conv_{}_squeeze_excite_conv",
        "excite": "expanded_conv_{}_squeeze_excite_conv_1",
        "project": "expanded_conv_{}_project",
        "project_norm": "expanded_conv_{}_project_bn",
    },
    "tutorial-c": {
        "expand": "inverted_residual_block_{}/expanded_conv/expand/Conv2d",
        "expand_norm": "inverted_residual_block_{}/expanded_conv/expand/BatchNorm",
        "depthwise": "inverted_residual_block_{}/expanded_conv/depthwise",
        "depthwise_norm": "inverted_residual_block_{}/expanded_conv/depthwise/BatchNorm",
        "project": "inverted_residual_block_{}/expanded_conv/project",
        "project_norm": "inverted_residual_block_{}/expanded_conv/project/BatchNorm",
    },
}


def keras_layers(network: Plan) -> dict[str, str]:
    """keras.applications' names: conv_dw_1, block_1_expand, expanded_conv_1_expand, by family."""
    return _named(network, network.family.name)


def tutorial_c_layers(network: Plan) -> dict[str, str]:
    """The tutorial's layers made of layers: inverted_residual_block_1/expanded_conv/expand/Conv2d."""
    if network.family.name != "v2":
        raise ValueError(f"the tutorial has V2 alone, no {network.model}")
    return _named(network, "tutorial-c")


def _named(network: Plan, scheme: str) -> dict[str, str]:
    """A name for every layer with arrays; ValueError for a layer that the scheme does not know."""
    if scheme not in _INSIDE:
        raise ValueError(f"Keras has no names for the family {scheme}")
    found = {}
    for layer in network.layers:
        if not layer.arrays:
            continue
        _, _, inside = layer.name.partition(".")
        number, _, part = inside.partition(".")
        name = _INSIDE[scheme].get(part) if inside else _AROUND[scheme].get(layer.name)
        if name is None:
            raise ValueError(f"Keras has no name for {layer.name} of {network.model}")
        found[layer.name] = _numbered(name, int(number or 0), scheme)
    return found


def _numbered(name: str, number: int, scheme: str) -> str:
    """The name of a part of our block `number`: V1's count from 1; the others' first has no number."""
    if scheme == "v1" or number != 1:
        return name.format(number - (scheme != "v1"))
    return name.replace("block_{}", "expanded_conv") if scheme == "v2" else name.replace("_{}", "")
