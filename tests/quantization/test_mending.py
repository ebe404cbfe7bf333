"""Networks made ready for one scale a tensor: the same function, equally wide channels, right means."""

from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models.layers import Activation
from npmobilenet.quantization import channel_ranges, corrected, equalised, quantize, without_ceiling
from npmobilenet.quantization.equalising import CEILING, ROOM, pairs
from npmobilenet.quantization.floats import dequantized
from npmobilenet.quantization.preparing import prepared


def network(model: str, **asked: Any) -> tuple[nm.Plan, dict[str, Any], Any]:
    """A small one of float64 with statistics of its own, and images."""
    plan = nm.plan(model, width=0.25, resolution=32, classes=5, **asked)
    rng = np.random.default_rng(7)
    params = nm.init(plan, seed=3, dtype=np.float64)
    for name, value in params.items():
        if name.endswith(".variance"):
            params[name] = value * rng.uniform(0.01, 3, value.shape)
        elif name.endswith((".beta", ".mean")):
            params[name] = rng.normal(0, 0.5, value.shape)
    return plan, params, rng.normal(0, 1, (6, 32, 32, 3))


def reaches(plan: nm.Plan, params: Any) -> list[tuple[Any, Any]]:
    """Of each pair of layers, how wide the channels between them are on its two sides."""
    ready, arrays = prepared(plan, params)
    found = []
    for one, two in pairs(ready):
        first, second = arrays[f"{one.name}.weight"], arrays[f"{two.name}.weight"]
        left = np.abs(first).reshape(-1, first.shape[-1]).max(axis=0)
        if second.ndim == 3:
            right = np.abs(second).max(axis=(0, 1))
        else:
            right = np.abs(second).max(axis=(*range(second.ndim - 2), second.ndim - 1))
        found.append((left, right))
    return found


@pytest.mark.parametrize("model", ["v1", "v2", "v3-small"])
def test_without_a_ceiling_channels_become_equally_wide(model: str) -> None:
    plan, params, x = network(model)
    plan = without_ceiling(plan)
    even = equalised(plan, params)
    np.testing.assert_allclose(nm.infer(plan, even, x), nm.infer(plan, params, x), rtol=1e-9)
    found = reaches(plan, even)
    assert len(found) == {"v1": 26, "v2": 34, "v3-small": 14}[model]
    for left, right in found:
        np.testing.assert_allclose(left, right, rtol=5e-3)
    before = reaches(plan, params)
    assert max(np.abs(np.log(left / right)).max() for left, right in before) > 1


def test_a_ceiling_holds_channels_that_reach_it() -> None:
    """The same answers; a channel below 6 stays below, one that reached it is as it was."""
    plan, params, x = network("v2")
    even = equalised(plan, params, x)
    np.testing.assert_allclose(nm.infer(plan, even, x), nm.infer(plan, params, x), rtol=1e-9)
    moved = kept = 0
    for layer in plan.layers:
        if not isinstance(layer, Activation) or layer.function != "relu6":
            continue
        tops = [
            nm.intermediates(plan, p, x, [layer.inputs[0]])[layer.inputs[0]].max(axis=(0, 1, 2))
            for p in (params, even)
        ]
        reached = tops[0] > CEILING
        np.testing.assert_allclose(tops[1][reached], tops[0][reached])
        room = np.maximum(tops[0], ROOM * CEILING)
        assert (tops[1] <= room * (1 + 1e-9)).all()
        moved += int((np.abs(tops[1] / tops[0] - 1) > 0.01).sum())
        kept += int(reached.sum())
    assert moved > 100
    assert kept > 10


def test_with_a_ceiling_and_no_images_nothing_moves_about_it() -> None:
    plan, params, _ = network("v1", dialect="keras")
    even = equalised(plan, params)
    assert all(np.array_equal(even[name], value) for name, value in params.items())


def test_a_dead_channel_does_no_harm() -> None:
    """A filter of zeros before a depthwise layer whose variance is 0, which folding divides by."""
    plan, params, x = network("v1")
    params["stem.weight"][..., 2] = 0
    for name, value in {"gamma": 1, "beta": -1, "mean": 0}.items():
        params[f"stem_norm.{name}"][2] = value
    params["blocks.1.depthwise_norm.variance"][2] = 0
    params["blocks.1.depthwise_norm.mean"][2] = 0
    trained, folded = channel_ranges(plan, params)["blocks.1.depthwise"]
    assert folded[2] / np.median(folded) > 10
    gamma = np.abs(params["blocks.1.depthwise_norm.gamma"][2])
    eps = plan["blocks.1.depthwise_norm"].eps
    assert folded[2] == pytest.approx(trained[2] * gamma / np.sqrt(eps))
    even = equalised(plan, params)
    np.testing.assert_allclose(nm.infer(plan, even, x), nm.infer(plan, params, x), rtol=1e-9)


def test_bias_correction_makes_means_right() -> None:
    """On the images that it saw, the logits' means are those of floats, to half a step of their bias."""
    plan, params, x = network("v1")
    how: dict[str, Any] = {"per_channel": False, "weight_bits": 4}
    qplan, arrays = quantize(plan, params, x, **how)
    mended = corrected(plan, params, qplan, arrays, x)
    differing = {name for name in arrays if not np.array_equal(arrays[name], mended[name])}
    assert differing
    assert all(name.endswith(".bias") for name in differing)
    ready, floats = prepared(plan, params)
    mean = nm.infer(ready, floats, x).mean(axis=0)

    def error(stored: Any) -> float:
        found = nm.infer(ready, dequantized(qplan, stored), x.astype(np.float32)).mean(axis=0)
        return float(np.abs(found - mean).max())

    step = max(qplan["classifier.bias"].scale)
    assert error(mended) < 0.51 * step < 10 * step < error(arrays)


def test_correction_of_another_network_is_refused() -> None:
    plan, params, x = network("v1")
    qplan, arrays = quantize(plan, params, x)
    other, others, _ = network("v2")
    with pytest.raises(ValueError, match="v2 is not the network that was quantised"):
        corrected(other, others, qplan, arrays, x)


def test_ranges_are_counted_from_one() -> None:
    """Trained, and times gamma / sqrt(variance + eps), of every depthwise layer."""
    plan, params, _ = network("v2")
    found = channel_ranges(plan, params)
    assert len(found) == 17
    for name, (trained, folded) in found.items():
        norm = f"{name}_norm"
        factor = params[f"{norm}.gamma"] / np.sqrt(params[f"{norm}.variance"] + plan[norm].eps)
        np.testing.assert_allclose(trained, np.abs(params[f"{name}.weight"]).max(axis=(0, 1)))
        np.testing.assert_allclose(folded, trained * np.abs(factor))
