"""Keras' names of layers, and the ways in which a file's layers find ours."""

import re

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights.families import family_named

KERAS, TUTORIAL_C = family_named("keras"), family_named("tutorial-c")


@pytest.mark.parametrize(
    ("model", "top"),
    [("v1", True), ("v2", True), ("v2", False)]
    + [(f"v3-{size}{kind}", True) for size in ("large", "small") for kind in ("", "-minimalistic")]
    + [("v3-small", False)],
)
def test_names_shapes_and_their_order_are_those_of_keras(keras, model, top):
    settings = {"weights": None, "input_shape": (32, 32, 3), "include_top": top}
    if model.endswith("minimalistic"):
        settings["minimalistic"] = True
    make = {"v1": "MobileNet", "v2": "MobileNetV2", "v3-l": "MobileNetV3Large"}
    made = getattr(keras.applications, make.get(model[:4], "MobileNetV3Small"))(**settings)
    plan = nm.plan(model, dialect="keras", include_top=top)
    empty = {name: np.empty(shape, np.float32) for name, shape in plan.arrays.items()}
    ours = KERAS.outgoing(plan, empty)
    theirs = [(w.path, tuple(w.shape)) for layer in made.layers for w in layer.weights]
    assert [(name, value.shape) for name, value in ours.items()] == theirs


def tensors_of(model="v1", family=KERAS, **settings):
    """A plan, and its arrays as a file of the family names them."""
    dialect = family.dialects[0].name
    plan = nm.plan(model, **({"width": 0.25, "dialect": dialect, "classes": 3} | settings))
    return plan, family.outgoing(plan, nm.init(plan, seed=0))


def renamed(tensors, rename):
    """The same arrays, their layers renamed; rename(layer, parameter's array) -> layer."""
    return {
        f"{rename(name.rpartition('/')[0])}/{name.rpartition('/')[2]}": value
        for name, value in tensors.items()
    }


def assert_all_found(plan, tensors, original, family=KERAS):
    """Every array finds the one that it was renamed from."""
    pairing = family.paired(plan, tensors)
    assert pairing.unmatched == 0, pairing
    names = family.names(plan)
    assert all(tensors[pairing.pairs[ours]] is original[names[ours]] for ours in names)


def with_slashes(layer):
    """A layer of V3 as it was called before Keras 3."""
    layer = re.sub(r"^conv", "Conv", layer).replace("logits", "Logits")
    layer = re.sub(r"squeeze_excite_conv", "squeeze_excite/Conv", layer)
    layer = re.sub(r"_(expand|depthwise|project|squeeze_excite)", r"/\1", layer)
    return re.sub(r"_bn$", "/BatchNorm", layer)


def test_the_slashes_of_older_v3():
    plan, original = tensors_of("v3-small")
    tensors = renamed(original, with_slashes)
    assert "expanded_conv_3/squeeze_excite/Conv_1/kernel" in tensors
    assert {"Conv/BatchNorm/gamma", "expanded_conv/project/BatchNorm/beta"} < tensors.keys()
    assert_all_found(plan, tensors, original)
    nested = renamed(tensors, lambda layer: f"MobilenetV3small/{layer}")
    assert_all_found(plan, nested, original)


@pytest.mark.parametrize("name", ["Logits", "dense_4", "my_head/flowers"])
@pytest.mark.parametrize("prefix", ["", "mobilenet_1.00_224/", "model_1/mobilenetv2/"])
def test_a_head_and_a_prefix_of_any_name(name, prefix):
    plan, original = tensors_of("v2")
    tensors = renamed(original, lambda x: name if x == "predictions" else prefix + x)
    assert_all_found(plan, tensors, original)


def test_a_head_that_is_dense_where_keras_has_a_convolution():
    plan, original = tensors_of("v1")
    kernel = original["conv_preds/kernel"]
    original["conv_preds/kernel"] = kernel[0, 0]
    tensors = renamed(original, lambda x: "dense" if x == "conv_preds" else x)
    assert_all_found(plan, tensors, original)


def test_of_two_heads_none_is_guessed():
    plan, original = tensors_of("v1")
    tensors = renamed(original, lambda x: "head" if x == "conv_preds" else x)
    tensors["before/kernel"] = np.zeros((256, 8), np.float32)
    pairing = KERAS.paired(plan, tensors)
    assert pairing.missing == {
        "classifier.weight": "conv_preds/kernel",
        "classifier.bias": "conv_preds/bias",
    }
    assert set(pairing.unexpected) == {"head/kernel", "head/bias", "before/kernel"}


def automatic(tensors, first=0):
    """The same arrays under the names that Keras gives to layers without one, from a number on."""
    counts, found = {}, {}

    def rename(layer):
        kernel = tensors.get(f"{layer}/kernel")
        if kernel is None:
            stem = "batch_normalization"
        elif kernel.ndim == 2:
            stem = "dense"
        else:
            stem = "depthwise_conv2d" if kernel.shape[3] == 1 else "conv2d"
        if layer not in found:
            number = counts[stem] = counts.get(stem, first - 1) + 1
            found[layer] = f"{stem}_{number}" if number else stem
        return found[layer]

    return renamed(tensors, rename)


@pytest.mark.parametrize("first", [0, 1, 95])
@pytest.mark.parametrize("model", ["v1", "v2", "v3-large", "v3-small-minimalistic"])
def test_automatic_names_go_by_order(model, first):
    plan, original = tensors_of(model)
    tensors = automatic(original, first)
    assert_all_found(plan, tensors, original)
    by_kind = dict(sorted(tensors.items(), key=lambda item: item[0].rpartition("_")[0]))
    assert_all_found(plan, by_kind, original)


def test_a_convolution_around_a_model_without_names_is_its_last():
    plan, original = tensors_of("v1")
    inside = automatic({k: v for k, v in original.items() if "preds" not in k})
    tensors = {"conv2d/kernel": original["conv_preds/kernel"]}  # first by name, last by place
    tensors |= {"conv2d/bias": original["conv_preds/bias"]}
    tensors |= {f"functional/{name}": value for name, value in inside.items()}
    assert_all_found(plan, tensors, original)


def test_squeeze_and_excite_of_dense_layers_goes_by_order_too():
    plan, original = tensors_of("v3-small")
    for name, value in original.items():
        if re.search("squeeze_excite.*kernel|logits/kernel", name):
            original[name] = value[0, 0]
    assert_all_found(plan, automatic(original), original)


def test_order_needs_the_same_counts():
    plan, original = tensors_of("v1")
    tensors = automatic(original)
    assert KERAS.paired(nm.plan("v2", dialect="keras"), tensors).pairs == {}
    tensors["conv2d_99/kernel"] = np.zeros((1, 1, 8, 8), np.float32)
    pairing = KERAS.paired(plan, tensors)
    assert pairing.pairs == {}
    assert pairing.missing["stem.weight"] == "conv1/kernel"
    assert len(pairing.unexpected) == len(tensors)


def test_names_that_somebody_chose_are_not_taken_by_order():
    plan, original = tensors_of("v2")
    chosen = renamed(original, lambda layer: f"mine_{layer}")
    assert KERAS.paired(plan, chosen).pairs == {}
    assert TUTORIAL_C.paired(plan, original).unmatched > 0


def test_a_bias_is_unexpected_until_the_plan_has_it():
    plan, tensors = tensors_of("v1")
    tensors = automatic(tensors)
    tensors |= {f"conv2d_{k}/bias": np.zeros(1, np.float32) for k in range(1, 14)}
    pairing = KERAS.paired(plan, tensors)
    assert not pairing.missing
    assert set(pairing.unexpected) == {f"conv2d_{k}/bias" for k in range(1, 14)}


def test_the_blocks_of_the_tutorial_count_from_any_number():
    plan, original = tensors_of("v2", TUTORIAL_C)

    def later(layer):
        block = re.match(r"inverted_residual_block(?:_(\d+))?/(.*)", layer)
        return f"inverted_residual_block_{52 + int(block[1] or 0)}/{block[2]}" if block else layer

    tensors = renamed(original, later)
    assert "inverted_residual_block_68/expanded_conv/project/BatchNorm/gamma" in tensors
    assert_all_found(plan, tensors, original, TUTORIAL_C)
    backwards = dict(sorted(tensors.items(), reverse=True))  # 9 would come after 68
    assert_all_found(plan, backwards, original, TUTORIAL_C)


def test_a_model_without_names_in_keras_says_so():
    with pytest.raises(ValueError, match="v1-full"):
        KERAS.layers(nm.plan("v1-full", dialect="keras"))
    with pytest.raises(ValueError, match="V2 alone"):
        TUTORIAL_C.layers(nm.plan("v1"))
