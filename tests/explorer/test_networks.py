"""Whole networks in the page: every layer's values, every parameter's gradient, on the weights as stored.

The page gets what `explore` would write into it, its layers, weights and pixels, and computes in float64.
Python decodes the same weights and pixels by itself and asks NumPy.
"""

from base64 import b64decode
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.explorer import payload
from npmobilenet.ops.checks import Array
from npmobilenet.verify.checks import scaled_error

from .browser import received
from .networks import network, unpacked

WITHIN = 1e-9  # of the largest number of the tensor
NETWORKS = ("fashion-mnist", "random statistics", "trained", "paddle", "grouped")

COMPUTE = """async (told_) => {
  const params = finish(parametersOf(told_.weights));
  const x = imageOf(told_.image, await pixelsOf(told_.image), told_.preprocessing);
  const forward = finish(forwardPass(told_.layers, params, x));
  const logits = forward.values[told_.layers.at(-1).name];
  const { loss, dlogits, probabilities } = lossAndGradient(logits, told_.label);
  const backward = finish(backwardPass(told_.layers, forward, dlogits));
  globalThis.computed = { values: forward.values, ...backward, image: { image: backward.image } };
  return { loss, probabilities: [...probabilities] };
}"""


@pytest.mark.parametrize("name", NETWORKS)
def test_network(arithmetic: Any, name: str) -> None:
    check(arithmetic, name)


@pytest.mark.long
def test_flowers(arithmetic: Any) -> None:
    check(arithmetic, "flowers")


@pytest.mark.long
@pytest.mark.parametrize("precision", ["float16", "float32"])
def test_either_precision(arithmetic: Any, precision: str) -> None:
    check(arithmetic, "random statistics", precision)


def check(page: Any, name: str, precision: str = "auto") -> dict[str, float]:
    """Compare everything; the worst scaled error of the layers' values, the gradients, the image's."""
    model = network(name)
    told = payload.told(model, None, title=name, label=0, precision=precision, time=False).document
    params, x = stored(told["weights"]), image(told)
    expected = nm.intermediates(model.plan, params, x, rung="numpy")
    logits, tape, _ = nm.forward(model.plan, params, x, rung="numpy")
    loss, cache = nm.softmax_cross_entropy(logits, np.array([0]))
    dlogits = nm.softmax_cross_entropy_backward(1.0, cache)
    grads = nm.backward(model.plan, dlogits, tape, image_gradient=True)

    answer = page.evaluate(COMPUTE, told)
    assert answer["loss"] == pytest.approx(loss, rel=WITHIN)
    assert answer["probabilities"] == pytest.approx(nm.softmax(logits)[0].tolist(), abs=WITHIN)
    parts = {"image": {"image": grads.pop("image")}, "values": expected, "grads": grads}
    worst = {}
    for part, wanted in parts.items():
        found = computed(page, part)
        assert set(wanted) <= set(found)
        errors = {key: scaled_error(found[key], value) for key, value in wanted.items()}
        for key, error in errors.items():
            assert error <= WITHIN, f"{name}: {part} of {key} is off by {error}"
        worst[part] = max(errors.values())
    _flowing(page, model, expected)
    return worst


def _flowing(page: Any, model: Any, values: Mapping[str, Array]) -> None:
    """Each layer's output has a gradient of its shape; the sum over a bias' pixels is its gradient."""
    flowing, grads = computed(page, "flowing"), computed(page, "grads")
    assert {name: flow.shape for name, flow in flowing.items()} == {
        layer.name: values[layer.name].shape for layer in model.plan.layers
    }
    for key, gradient in grads.items():
        layer, _, array = key.rpartition(".")
        if array in ("beta", "bias"):
            total = flowing[layer].reshape(-1, gradient.size).sum(axis=0)
            assert scaled_error(gradient, total) <= WITHIN


def computed(page: Any, part: str) -> dict[str, Array]:
    """Arrays by name of what the page has computed."""
    answers = page.evaluate("(part) => allTold(computed[part])", part)
    return {name: received(answer) for name, answer in answers.items()}


def stored(weights: Mapping[str, Any]) -> dict[str, Array]:
    """The page's weights in float64."""
    kind = {"float16": "<f2", "float32": "<f4"}[weights["precision"]]
    numbers = np.frombuffer(b64decode(weights["data"]), kind).astype(np.float64)
    sizes = [prod(shape) for _, shape in weights["arrays"]]
    parts = np.split(numbers, np.cumsum(sizes)[:-1])
    named = zip(weights["arrays"], parts, strict=True)
    return {name: part.reshape(shape) for (name, shape), part in named}


def image(told: Mapping[str, Any]) -> Array:
    """The page's image as the network sees it, (1, H, W, C)."""
    how = told["preprocessing"]
    return (unpacked(told["image"])[None] / 255 - how["mean"]) / how["std"]
