"""The integer engine against the operators one by one, in NumPy: to the bit, whatever the machine."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

import npmobilenet as nm
from npmobilenet.engine import emit_integer, fuse
from npmobilenet.engine.integer_engine import IntegerEngine
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.models.layers import Dense
from npmobilenet.models.rows import Bneck, Full, Fused, Separable, Table, Uib
from npmobilenet.ops.checks import Array
from npmobilenet.predicting.predictor import predictor
from npmobilenet.quantization import Quantization, QuantizedPlan, infer, quantize
from npmobilenet.quantization.network import stored_images
from tests.commands import ROOT

NETWORKS = {  # model, width, resolution: odd maps, and channels that fill no vector
    "v1": ("v1", 0.25, 40),
    "v2": ("v2", 0.35, 64),
    "v3-small": ("v3-small", 0.75, 40),
    "v3-large": ("v3-large", 0.5, 33),
    "v4-conv-small": ("v4-conv-small", 0.35, 48),
}
ODD = (  # windows that no microkernel is made for, products beside whole vectors, sums everywhere
    Full(out=24, k=5, s=2),
    Separable(out=17, k=7),
    Uib(k1=5, k2=3, t=3, out=21, n=2, s=2),
    Bneck(k=5, exp=35, out=21, se=True, nl="HS", s=1),
    Fused(k=3, t=2, out=30, n=2, s=2),
    Separable(out=40, k=4, s=2),
)
STORED = {
    "int8": {"dtype": "int8", "per_channel": True},
    "int8 per tensor": {"dtype": "int8", "per_channel": False},
    "uint8": {"dtype": "uint8", "per_channel": False},
}
ROUNDINGS = ("double", "single")


@cache
def quantized(
    network: str, stored: str, classes: int = 10
) -> tuple[QuantizedPlan, dict[str, Array]]:
    """A network of random weights."""
    if network == "odd":
        table = Table(stem=10, rows=ODD, last=50, head=19)
        plan = nm.plan(network, rows=table, like="v3", resolution=(51, 38), classes=classes)
    else:
        model, width, resolution = NETWORKS[network]
        plan = nm.plan(model, width=width, resolution=resolution, classes=classes)
    size = (4, *plan.resolution, plan.channels)
    images = np.random.default_rng(1).standard_normal(size, np.float32)
    return quantize(plan, nm.init(plan, seed=0), images, **STORED[stored])  # type: ignore[arg-type]


def drawn(qplan: QuantizedPlan, count: int) -> Array:
    """Images of all integers."""
    size = (count, *qplan.plan.resolution, qplan.plan.channels)
    drawn = np.random.default_rng(2).integers(0, 256, size).astype(np.uint8)
    return drawn.view(qplan.dtype)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("network", [*NETWORKS, "odd"])
def test_every_integer_is_that_of_the_operators(network: str, stored: str, rounding: str) -> None:
    qplan, arrays = quantized(network, stored)
    qplan = qplan.with_rounding(rounding)
    x = drawn(qplan, 3)
    expected = infer(qplan, arrays, x, rung="numpy")
    assert len(np.unique(expected)) > 8  # not all clamped to the same
    for threads in 1, 2, 4:
        engine = nm.compile(qplan, arrays, batch=3, threads=threads)
        found = engine(x)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(engine(x[1:2]), expected[1:2])


@pytest.mark.parametrize("stored", STORED)
def test_expansions_that_are_made_band_by_band(
    stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of large maps are: what a band sees of one, with the zero point around it."""
    monkeypatch.setattr(fuse, "LARGE", 0)
    monkeypatch.setattr(emit_integer, "EXPANDED_BAND", 1024)
    qplan, arrays = quantized("v2", stored)
    x = drawn(qplan, 3)
    expected = infer(qplan, arrays, x, rung="numpy")
    np.testing.assert_array_equal(nm.compile(qplan, arrays, batch=3, threads=2)(x), expected)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("stored", STORED)
def test_connected_layers_round_once(stored: str, rounding: str) -> None:
    """FULLY_CONNECTED multiplies in float64, a convolution in 31 bits: hundreds of logits tell."""
    qplan, arrays = quantized("v3-large", stored, classes=600)
    names = tuple(layer.name for layer in qplan.plan.layers if isinstance(layer, Dense))
    connected = replace(qplan.with_rounding(rounding), connected=names)
    x = drawn(qplan, 3)
    expected = infer(connected, arrays, x, rung="numpy")
    found = nm.compile(connected, arrays, batch=3)(x)
    np.testing.assert_array_equal(found, expected)


def test_means_of_two_pixels_lie_between_two_integers() -> None:
    """Sums of 1 and -1 among them, which AVERAGE_POOL_2D rounds away from zero."""
    plan = nm.plan("v1", width=0.25, resolution=(32, 64), classes=40)
    images = np.random.default_rng(1).standard_normal((4, 32, 64, 3), np.float32)
    qplan, arrays = quantize(plan, nm.init(plan, seed=0), images, pooling="average_pool")
    x = drawn(qplan, 24)
    expected = infer(qplan, arrays, x, rung="numpy")
    np.testing.assert_array_equal(nm.compile(qplan, arrays, batch=24, threads=1)(x), expected)


def test_layers_without_a_stage_are_named() -> None:
    rows = Full(out=16), Full(out=16, groups=4)
    plan = nm.plan("grouped", rows=rows, like="v1", resolution=16, classes=3)
    qplan, arrays = quantize(plan, nm.init(plan, seed=0), np.zeros((1, 16, 16, 3), np.float32))
    why = r"compile: blocks\.2\.conv is a layer of kind .grouped_conv.: .* no stage of integers"
    with pytest.raises(NotImplementedError, match=why):
        nm.compile(qplan, arrays)


@st.composite
def networks(draw: st.DrawFn) -> tuple[nm.Plan, dict[str, Any], int, int]:
    """Any model at any size, however it is stored."""
    top = draw(st.booleans())
    plan = nm.plan(
        draw(st.sampled_from(("v1", "v2", "v3-small", "v3-large", "v4-conv-small"))),
        width=draw(st.sampled_from([0.25, 0.35, 0.5, 0.75, 1.0])),
        resolution=(draw(st.integers(17, 60)), draw(st.integers(17, 60))),
        classes=draw(st.integers(1, 40)) if top else None,
        channels=draw(st.integers(1, 4)),
        include_top=top,
    )
    how = dict(STORED[draw(st.sampled_from(sorted(STORED)))])
    how["rounding"] = draw(st.sampled_from(ROUNDINGS))
    how["pooling"] = draw(st.sampled_from(("mean", "average_pool")))
    return plan, how, draw(st.integers(1, 3)), draw(st.integers(1, 3))


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(networks())
def test_any_network(case: tuple[nm.Plan, dict[str, Any], int, int]) -> None:
    plan, how, batch, threads = case
    size = (batch, *plan.resolution, plan.channels)
    images = np.random.default_rng(1).standard_normal(size, np.float32)
    qplan, arrays = quantize(plan, nm.init(plan, seed=0), images, **how)
    x = drawn(qplan, batch)
    expected = infer(qplan, arrays, x, rung="numpy")
    found = nm.compile(qplan, arrays, batch=batch, threads=threads)(x)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("lowest", [True, False])
def test_weights_that_no_signed_byte_holds(lowest: bool) -> None:
    """Zero points at both ends: differences up to 255, and down to -255."""
    qplan, arrays = quantized("v2", "uint8")
    numbers = dict(qplan.numbers)
    for name, found in numbers.items():
        if name.endswith(".weight"):
            zero = (0 if lowest else 255,)
            numbers[name] = Quantization(found.dtype, (found.scale[0] / 2,), zero)
    qplan = replace(qplan, numbers=numbers)
    x = drawn(qplan, 1)
    expected = infer(qplan, arrays, x, rung="numpy")
    np.testing.assert_array_equal(nm.compile(qplan, arrays, threads=1)(x), expected)


@pytest.mark.parametrize("least", [True, False])
def test_images_of_one_extreme(least: bool) -> None:
    qplan, arrays = quantized("v1", "int8")
    x = np.full((1, *qplan.plan.resolution, 3), -128 if least else 127, np.int8)
    expected = infer(qplan, arrays, x, rung="numpy")
    np.testing.assert_array_equal(nm.compile(qplan, arrays, threads=1)(x), expected)


def test_sums_that_wrap_do_so_alike() -> None:
    """Biases at the ends of 32 bits."""
    qplan, arrays = quantized("v1", "int8")
    ends = np.array([2**31 - 1, -(2**31)], np.int32)
    changed = {
        name: np.resize(ends, value.shape) if name.endswith("pointwise.bias") else value
        for name, value in arrays.items()
    }
    x = drawn(qplan, 1)
    for rounding in ROUNDINGS:
        rounded = qplan.with_rounding(rounding)
        expected = infer(rounded, changed, x, rung="numpy")
        np.testing.assert_array_equal(nm.compile(rounded, changed, threads=2)(x), expected)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("stored", STORED)
def test_real_images_give_real_logits(stored: str, rounding: str) -> None:
    qplan, arrays = quantized("v1", stored)
    qplan = qplan.with_rounding(rounding)
    x = np.random.default_rng(0).standard_normal((2, *qplan.plan.resolution, 3), np.float32)
    halves = (np.arange(-400, 400) + 0.5) * np.float32(qplan["image"].scale[0])
    x.reshape(-1)[: halves.size] = halves
    x.reshape(-1)[-3:] = np.inf, -np.inf, 1e30
    engine = nm.compile(qplan, arrays, batch=2)
    found = engine(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, infer(qplan, arrays, x, rung="numpy"))
    np.testing.assert_array_equal(engine._checked(x), stored_images(qplan, x))
    assert engine(x[:0]).shape == (0, 10)
    x[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="x must hold numbers, found NaN"):
        engine(x)


def test_the_engine_is_small() -> None:
    """Weights and maps are bytes: less than a third of what floats take."""
    qplan, arrays = quantized("v1", "int8", classes=1000)
    engine = nm.compile(qplan, arrays, threads=1)
    plan = nm.plan("v1", width=0.25, resolution=40)
    floats = nm.compile(plan, nm.init(plan, seed=0), threads=1)
    for part in "weights", "maps":
        assert engine.nbytes[part] < floats.nbytes[part] / 2.5, part
    assert len(engine.time_stages(drawn(qplan, 1), rounds=1)) == len(engine.stages)


def test_predictions_run_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the reference executor is asked for; the same logits."""
    qplan, arrays = quantized("v1", "int8")
    half = (0.5,) * 3
    size = qplan.plan.resolution
    prepared = Preprocessing(resolution=size, resize=None, channels=3, mean=half, std=half)
    model = nm.Model(qplan.plan, arrays, tuple("abcdefghij"), prepared, quantized=qplan)
    x = np.random.default_rng(0).standard_normal((2, *qplan.plan.resolution, 3), np.float32)
    made: list[IntegerEngine] = []

    def compiled(*given: Any) -> Any:
        made.append(nm.compile(*given))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr("npmobilenet.predicting.predictor.compile", compiled)
    found, expected = (predictor(model, 2, engine)(x) for engine in ("compiled", "reference"))
    assert [type(each) for each in made] == [IntegerEngine]
    np.testing.assert_array_equal(found, expected)


def test_what_does_not_fit_is_refused() -> None:
    qplan, arrays = quantized("v1", "int8")
    engine = nm.compile(qplan, arrays)
    size = (*qplan.plan.resolution, 3)
    with pytest.raises(ValueError, match=r"engine: x must be float32 or int8 \(N, 40, 40, 3\)"):
        engine(np.zeros((1, *size), np.uint8))
    with pytest.raises(
        ValueError, match="engine: x has 2 images, but it was compiled for at most 1"
    ):
        engine(np.zeros((2, *size), np.int8))
    short = {name: value for name, value in arrays.items() if name != "stem.bias"}
    with pytest.raises(ValueError, match=r"missing stem\.bias"):
        nm.compile(qplan, short)


MACHINES = {
    "8 lanes": {"NPMOBILENET_LANES": "8"},
    "4 lanes": {"NPMOBILENET_LANES": "4"},
    "no VNNI": {"NPMOBILENET_VNNI": "0"},
    "8 lanes, no VNNI": {"NPMOBILENET_LANES": "8", "NPMOBILENET_VNNI": "0"},
    "4 lanes, no VNNI": {"NPMOBILENET_LANES": "4", "NPMOBILENET_VNNI": "0"},
    "SSE2": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+sse2"},
    "AVX without AVX2": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+avx"},
}


@pytest.mark.long
@pytest.mark.parametrize("machine", MACHINES)
def test_other_machines_have_the_same_bits(machine: str) -> None:
    """These tests and those of the rung again, in a process that takes this machine for another."""
    names = [f"tests/engine/test_integer_{name}.py" for name in ("engine", "rung")]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not long", "-p", "no:cacheprovider"]
    env = os.environ | MACHINES[machine]
    done = subprocess.run([*command, *names], env=env, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:]
