"""From floats to integers: near enough in every way there is, refused in a line where it cannot be."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models.layers import Activation, Dropout
from npmobilenet.quantization import QuantizedPlan, compare
from npmobilenet.quantization.preparing import prepared
from npmobilenet.quantization.quantizing import SOFTMAX

from .networks import images, network, quantized

WAYS: dict[str, dict[str, Any]] = {
    "as LiteRT": {},
    "one scale a weight": {"per_channel": False},
    "uint8": {"dtype": "uint8"},
    "symmetric": {"symmetric": True},
    "uint8 symmetric": {"dtype": "uint8", "symmetric": True},
    "moving average": {"observer": "moving_average", "rate": 0.5},
    "percentile": {"observer": "percentile", "percentile": 100},
    "mse": {"observer": "mse"},
    "one rounding": {"rounding": "single"},
    "average pool": {"pooling": "average_pool"},
}


def signal_to_noise(f: Any, g: Any) -> float:
    return 10 * np.log10(np.sum(f.astype(float) ** 2) / np.sum((f.astype(float) - g) ** 2))


@pytest.mark.parametrize("way", WAYS)
def test_integers_are_near_the_floats(way: str) -> None:
    plan, params = network("v1")
    made, arrays = quantized("v1", **WAYS[way])
    x = images(plan, seed=1)
    assert signal_to_noise(nm.infer(plan, params, x), nm.infer(made, arrays, x)) > 18


@pytest.mark.parametrize("dialect", ["paper", "keras", "torchvision", "paddle"])
@pytest.mark.parametrize("model", ["v2", "v3-small"])
def test_models_and_dialects(model: str, dialect: str) -> None:
    plan, params = network(model, dialect)
    made, arrays = quantized(model, dialect)
    x = images(plan)
    assert signal_to_noise(nm.infer(plan, params, x), nm.infer(made, arrays, x)) > 12


def test_what_prepares_a_network_changes_nothing() -> None:
    """Normalisation without a convolution, slopes of hard sigmoids, dropout that scales."""
    for dialect in ("keras", "paddle"):
        plan, params = network("v3-small", dialect)
        ready, arrays = prepared(plan, params)
        kinds = {type(layer).__name__ for layer in ready}
        assert "BatchNorm" not in kinds
        assert all(x.mode == "inverted" for x in ready if isinstance(x, Dropout))
        assert all(x.slope is None for x in ready if isinstance(x, Activation))
        wanted, found = (
            nm.infer(*both, images(plan)) for both in ((plan, params), (ready, arrays))
        )
        assert np.abs(wanted - found).max() <= 1e-4 * np.abs(wanted).max()


def test_how_they_are_stored() -> None:
    """As LiteRT expects it: weights per channel, symmetric, without -128; biases int32 at sx sw."""
    made, arrays = quantized("v2")
    assert made.dtype == "int8"
    assert made.per_channel
    for step in made:
        if not step.weighted:
            continue
        w, q = arrays[f"{step.name}.weight"], made[f"{step.name}.weight"]
        assert w.dtype == np.int8
        assert w.min() >= -127
        assert len(q.scale) == w.shape[-1]
        assert not any(q.zero_point)
        b = made[f"{step.name}.bias"]
        x = made[step.inputs[0]]
        wanted = np.float32(x.scale[0]) * np.array(q.scale, np.float32)
        np.testing.assert_array_equal(np.array(b.scale, np.float32), wanted)
        assert arrays[f"{step.name}.bias"].dtype == np.int32
    assert made.arrays == {n: (a.shape, str(a.dtype)) for n, a in arrays.items()}


def test_zero_points_of_symmetric_ones() -> None:
    made, _ = quantized("v1", symmetric=True)
    assert {made[name].zero_point for name in ("image", *(s.name for s in made))} == {(0,)}
    made, _ = quantized("v1", dtype="uint8", symmetric=True)
    assert {made[name].zero_point for name in ("image", *(s.name for s in made))} == {(128,)}


def test_activations_are_part_of_what_they_clamp() -> None:
    made, _ = quantized("v1")
    assert made.step("stem").activation == "relu"
    assert made.end("stem") == "stem_activation"
    assert len(made) == sum(s.layer.kind != "activation" for s in made)
    low = made["stem"]
    assert low.zero_point == (-128,)  # ReLU leaves nothing below 0


def test_fewer_bits_lose_more() -> None:
    plan, params = network("v1")
    x, found = images(plan), []
    for bits in (8, 6, 4, 2):
        made, arrays = quantized("v1", weight_bits=bits)
        assert max(np.abs(a.astype(int)).max() for n, a in arrays.items() if "weight" in n) < 2 ** (
            bits - 1
        )
        found.append(signal_to_noise(nm.infer(plan, params, x), nm.infer(made, arrays, x)))
    assert found == sorted(found, reverse=True)
    assert found[0] > found[2] + 10


def test_the_range_of_images_may_be_given() -> None:
    plan, params = network("v1")
    made, _ = nm.quantize(plan, params, images(plan), image_range=(-2, 3.1))
    assert made["image"].scale[0] == pytest.approx(0.02)
    assert made["image"].zero_point == (-28,)


def test_images_in_batches_are_the_same_images() -> None:
    plan, params = network("v1")
    x = images(plan, count=11)
    parts = [x[:3], x[3:4], x[4:]]
    for observer in ("minmax", "percentile", "mse"):
        whole, _ = nm.quantize(plan, params, x, observer=observer)
        apart, _ = nm.quantize(plan, params, iter(parts), observer=observer)
        for name, q in whole.numbers.items():  # floats may differ in their last bits
            np.testing.assert_allclose(q.scale, apart[name].scale, rtol=1e-4)


def test_progress_ends_with_all_images() -> None:
    plan, params = network("v1")
    seen: list[tuple[int, int]] = []
    nm.quantize(plan, params, images(plan), observer="mse", progress=lambda *n: seen.append(n))
    assert seen[-1] == (16, 16)  # two passes
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_softmax_is_part_of_the_network() -> None:
    for dtype in ("int8", "uint8"):
        made, arrays = quantized("v1", dtype=dtype, softmax=True)
        assert made["softmax"] == SOFTMAX[dtype]
        y = nm.intermediates(made, arrays, images(made.plan), ["softmax"])["softmax"]
        shares = nm.ops.integers.dequantize(y, made["softmax"])
        assert np.abs(shares.sum(axis=1) - 1).max() < 0.02


def test_comparison() -> None:
    plan, params = network("v1")
    made, arrays = quantized("v1")
    found = compare(plan, params, made, arrays, images(plan))
    names = [x.name for x in found.tensors]
    assert names == ["image", *(step.name for step in made)]
    assert (found.images, found.tensors[0].cut) == (8, 0.0)
    assert all(x.stored >= x.computed - 0.2 for x in found.tensors)
    assert found.agree >= 7
    worst = [x.stored for x in found.worst(3)]
    assert worst == sorted(x.stored for x in found.tensors)[:3]
    assert "classifier" in str(found)
    assert found.to_json()["tensors"][-1]["computed_db"] == found.tensors[-1].computed


def nothing() -> Any:
    plan, params = network("v1")
    return {"plan": plan, "params": params, "images": images(plan, count=1)}


def changed(**how: Any) -> Callable[[], Any]:
    return lambda: nm.quantize(**(nothing() | how))


def broken(value: float) -> dict[str, Any]:
    _, params = network("v1")
    stem = params["stem.weight"].copy()
    stem[0, 0, 0, 0] = value
    return {"params": params | {"stem.weight": stem}}


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "dtype": (changed(dtype="int4"), "dtype must be one of int8, uint8, found 'int4'"),
    "observer": (changed(observer="max"), "observer must be one of minmax,"),
    "rounding": (changed(rounding="up"), "rounding must be one of double, single"),
    "pooling": (changed(pooling=None), "pooling must be one of mean, average_pool, found None"),
    "per channel of uint8": (changed(dtype="uint8", per_channel=True), "uint8 has one scale"),
    "per_channel": (changed(per_channel="yes"), "per_channel must be True or False"),
    "symmetric": (changed(symmetric=3), "symmetric must be True or False"),
    "bits": (changed(weight_bits=9), "weight_bits must be from 2 to 8, found 9"),
    "bits of uint8": (changed(weight_bits=4, dtype="uint8"), "uint8 has weights of 8 bits"),
    "percentile": (changed(percentile=50), "percentile must be above 50, at most 100, found 50"),
    "rate": (changed(rate=0), "rate must be above 0, at most 1, found 0"),
    "range": (changed(image_range=(1, 2, 3)), "image_range must be two numbers"),
    "range's order": (changed(image_range=(2, 1)), "image_range"),
    "no images": (changed(images=[]), "there are no images"),
    "no array": (changed(images="cat.jpg"), "images must be an array (N, H, W, C) or several"),
    "bytes": (changed(images=np.zeros((1, 32, 32, 3), np.uint8)), "floating-point as the network"),
    "size": (changed(images=np.zeros((1, 9, 32, 3))), "images must be an array (N, 32, 32, 3)"),
    "second": (
        lambda: nm.quantize(**(nothing() | {"images": [np.zeros((1, 32, 32, 3)), 5]})),
        "images[1] must be an array",
    ),
    "NaN image": (changed(images=np.full((1, 32, 32, 3), np.nan)), "not finite"),
    "NaN weight": (lambda: nm.quantize(**(nothing() | broken(np.nan))), "stem.weight has numbers"),
    "overflow": (lambda: nm.quantize(**(nothing() | broken(1e38))), "infinite or NaN on these"),
    "params": (changed(params={}), "missing"),
}


@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value")
@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_one_line(what: str) -> None:
    call, message = REFUSED[what]
    with pytest.raises((ValueError, TypeError), match=re.escape(message)) as found:
        call()
    assert "\n" not in str(found.value)


def test_a_layer_without_an_integer_operator_is_named() -> None:
    plan = nm.plan("v3-small", width=0.35, resolution=32, classes=5)
    odd = [
        replace(layer, function="swish") if layer.name == "head_activation" else layer
        for layer in plan
    ]
    plan = replace(plan, layers=tuple(odd))
    with pytest.raises(ValueError, match=r"head_activation.*swish.*no integer operator"):
        nm.quantize(plan, nm.init(plan, 0), images(plan))


def without(made: QuantizedPlan, *names: str, **numbers: Any) -> dict[str, Any]:
    kept = {n: q for n, q in made.numbers.items() if n not in names}
    return {"plan": made.plan, "numbers": kept | numbers}


ONE = nm.Quantization("int8", (1.0,), (0,))
PLANS: dict[str, tuple[Callable[[Any], dict[str, Any]], str]] = {
    "missing": (lambda m: without(m, "stem"), "no numbers say how stem is stored"),
    "unknown": (lambda m: without(m, leaf=ONE), "'leaf' is stored, which is no tensor"),
    "no record": (lambda m: without(m, stem=0.5), "stem must have a Quantization, found float"),
    "a bias of bytes": (lambda m: without(m, **{"stem.bias": ONE}), "stem.bias must be int32"),
    "another dtype": (
        lambda m: without(m, stem=nm.Quantization("uint8", (1.0,), (0,))),
        "stem must be int8 as the image is",
    ),
    "scales": (
        lambda m: without(m, **{"stem.weight": nm.Quantization("int8", (1.0,) * 3, (0,) * 3)}),
        "stem.weight must have 1 or 8 scales, found 3",
    ),
    "zero points": (
        lambda m: without(m, **{"stem.weight": nm.Quantization("int8", (1.0,) * 8, (1,) * 8)}),
        "zero points must be 0",
    ),
    "rounding": (lambda m: without(m) | {"rounding": "up"}, "rounding must be one of"),
    "connected": (lambda m: without(m) | {"connected": ("stem",)}, "connected"),
    "numbers": (lambda m: {"plan": m.plan, "numbers": [1]}, "numbers must be a dict"),
}


@pytest.mark.parametrize("what", PLANS)
def test_numbers_that_do_not_fit_are_refused(what: str) -> None:
    make, message = PLANS[what]
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        QuantizedPlan(**make(quantized("v1")[0]))
