"""Whole networks against the same network written in plain torch.nn: logits, gradients, statistics.

Batch-norm scale, shift and statistics are drawn, because the defaults would hide a forgotten eps.
float64 must agree to 1e-9.  float32 may be no further from float64 than twice PyTorch's own float32.
"""

from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models.layers import (
    Activation,
    Add,
    BatchNorm,
    Dense,
    Depthwise,
    GlobalAveragePool,
    Pointwise,
)
from npmobilenet.verify.checks import scaled_error

torch = pytest.importorskip("torch")
from tests.witnesses.torch_parts import (  # noqa: E402  (this folder; it needs torch)
    drawn_arrays,
    drawn_params,
    our_results,
    torch_results,
)
from tests.witnesses.torch_v1 import TorchV1  # noqa: E402

F = torch.nn.functional


pytestmark = pytest.mark.usefixtures("one_thread")


def torch_v1(plan: nm.Plan) -> Any:
    return TorchV1(plan.model, plan.dialect.name, plan.width, plan.classes)


CASES = {  # width, image, dialect, images, train
    "paper, odd image": (0.25, (33, 47), "paper", 2, True),
    "paper, running statistics": (0.25, (33, 47), "paper", 1, False),
    "paper, wider": (0.5, (64, 64), "paper", 2, True),
    "cifar": (0.25, (32, 32), "cifar", 3, True),
    "cifar, running statistics": (0.5, (32, 17), "cifar", 1, False),
    # for the loops: small, but of 3 channels and maps of 2 x 1 at the end.  One input channel of a
    # pointwise filter, or one live tap of a depthwise one, only scales what is normalised next: its
    # gradient vanishes but for eps, and what is left of it is rounding
    "cifar, thin": (0.1, (17, 8), "cifar", 3, True),
}
DOUBLE = [rung for rung in nm.RUNGS if rung != "simd"]  # which computes in float32 alone
RUNGS = [(case, rung) for case in CASES for rung in DOUBLE if rung != "loops" or "thin" in case]


@pytest.mark.parametrize(("case", "rung"), RUNGS)
def test_v1_is_the_papers(case: str, rung: str) -> None:
    """Logits, every gradient, the image's too, and new statistics are those of PyTorch."""
    width, resolution, dialect, count, train = CASES[case]
    plan = nm.plan("v1", width=width, resolution=resolution, classes=5, dialect=dialect)
    x, dy = drawn_arrays(plan, count, 1)
    params = drawn_params(plan)
    exact = torch_results(torch_v1(plan), params, x, dy, train, torch.float64)
    ours = our_results(plan, params, x, dy, train, rung)
    assert ours.keys() == exact.keys()
    assert {n: e for n in exact if not (e := scaled_error(ours[n], exact[n])) <= 1e-9} == {}


@pytest.mark.parametrize("seeds", [6, pytest.param(12, marks=pytest.mark.long)])
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("dialect", ["paper", "cifar"])
def test_float32_is_as_good_as_pytorchs(dialect: str, train: bool, seeds: int) -> None:
    """The distance from float64 is at most twice that of PyTorch's own float32.

    The distance is the second smallest of several networks: in any of them, on either side, a ReLU
    whose input is almost 0 may flip, and its gradients then differ by far more than rounding.
    """
    resolution = {"paper": (33, 49), "cifar": (16, 24)}[dialect]
    plan = nm.plan("v1", width=0.25, resolution=resolution, classes=50, dialect=dialect)
    groups = {"logits": ["logits"], "gradients": list(plan.parameters)}
    groups |= {"statistics": list(plan.statistics)} if train else {}
    distances: dict[str, list[float]] = {}
    twin = torch_v1(plan)
    for seed in range(seeds):
        x, dy = drawn_arrays(plan, 4, seed)
        params = drawn_params(plan, seed)
        exact = torch_results(twin, params, x, dy, train, torch.float64)
        single = {name: value.astype(np.float32) for name, value in params.items()}
        given = (single, x.astype(np.float32), dy, train)
        found = {rung: our_results(plan, *given, rung) for rung in ("numpy", "numba")}
        assert all(value.dtype == np.float32 for value in found["numba"].values())
        found["torch"] = torch_results(twin, *given, torch.float32)
        for side, results in found.items():
            for group, names in groups.items():
                worst = max(scaled_error(results[name], exact[name]) for name in names)
                distances.setdefault(f"{side} {group}", []).append(worst)
    usual = {name: sorted(values)[1] for name, values in distances.items()}
    for rung in ("numpy", "numba"):
        for group in groups:
            assert usual[f"{rung} {group}"] <= 2 * usual[f"torch {group}"], (rung, group)


def residual_plan() -> nm.Plan:
    """V2's inverted residual, and a layer read by three others: what V1 alone never does."""
    shape, wide = (5, 6, 4), (5, 6, 12)
    norm = {"eps": 1e-3, "momentum": 0.1}
    layers = (
        Pointwise(name="in", inputs=("image",), input=(5, 6, 3), filters=4),
        Pointwise(name="expand", inputs=("in",), input=shape, filters=12),
        BatchNorm(name="expand_norm", inputs=("expand",), input=wide, **norm),
        Activation(name="act", inputs=("expand_norm",), input=wide, function="relu6"),
        Depthwise(name="dw", inputs=("act",), input=wide, kernel=(3, 5), bias=True),
        Activation(name="swish", inputs=("dw",), input=wide, function="hard_swish"),
        Pointwise(name="project", inputs=("swish",), input=wide, filters=4, bias=True),
        Add(name="add", inputs=("project", "in"), input=shape),
        Add(name="twice", inputs=("add", "add"), input=shape),
        Add(name="again", inputs=("twice", "in"), input=shape),
        GlobalAveragePool(name="pool", inputs=("again",), input=shape),
        Dense(name="fc", inputs=("pool",), input=(4,), units=3),
    )
    return nm.Plan(
        model="residual", width=1.0, resolution=(5, 6), channels=3, classes=3, dialect=nm.PAPER,
        divisor=8, include_top=True, layers=layers,
    )  # fmt: skip


def torch_residual(p: dict[str, Any], x: Any, mean: Any, variance: Any) -> Any:
    a = x @ p["in.weight"]
    h = a @ p["expand.weight"]
    h = F.batch_norm(
        h.permute(0, 3, 1, 2), mean, variance, p["expand_norm.gamma"], p["expand_norm.beta"],
        True, 0.1, 1e-3,
    )  # fmt: skip
    w = p["dw.weight"].permute(2, 0, 1)[:, None]
    h = F.hardswish(F.conv2d(F.relu6(h), w, p["dw.bias"], padding=(1, 2), groups=12))
    b = h.permute(0, 2, 3, 1) @ p["project.weight"] + p["project.bias"] + a
    return (b + b + a).mean((1, 2)) @ p["fc.weight"] + p["fc.bias"]


@pytest.mark.parametrize("rung", DOUBLE)
def test_outputs_read_more_than_once_gather_their_gradients(rung: str) -> None:
    """A residual network, each sum of gradients against PyTorch's autograd, at every rung."""
    plan, rng = residual_plan(), np.random.default_rng(2)
    params = drawn_params(plan)
    x, dy = rng.standard_normal((2, 5, 6, 3)), rng.standard_normal((2, 3))
    leaves = {name: torch.tensor(value) for name, value in params.items()}
    for name in plan.parameters:
        leaves[name].requires_grad_()
    image = torch.tensor(x, requires_grad=True)
    moved = [leaves[f"expand_norm.{name}"].clone() for name in ("mean", "variance")]
    logits = torch_residual(leaves, image, *moved)
    logits.backward(torch.tensor(dy))
    exact = {name: leaves[name].grad.numpy() for name in plan.parameters}
    exact |= {"logits": logits.detach().numpy(), "image": image.grad.numpy()}
    exact |= {"expand_norm.mean": moved[0].numpy(), "expand_norm.variance": moved[1].numpy()}
    ours = our_results(plan, params, x, dy, True, rung)
    assert {n: e for n in exact if not (e := scaled_error(ours[n], exact[n])) <= 1e-12} == {}


def small() -> tuple[nm.Plan, dict[str, Any], Any, Any]:
    plan = nm.plan("v1", width=0.1, resolution=16, classes=4, dialect="cifar")
    x, dy = drawn_arrays(plan, 2, 6)
    return plan, drawn_params(plan), x, dy


@pytest.mark.parametrize("rung", ["numpy", "numba"])
def test_nothing_is_hidden_and_nothing_is_changed(rung: str) -> None:
    """A training pass leaves params, x and dy alone; the tape serves twice, also after other passes."""
    plan, params, x, dy = small()
    before = {name: value.copy() for name, value in (params | {"x": x, "dy": dy}).items()}
    _, tape, statistics = nm.forward(plan, params, x, train=True, rung=rung)
    first = nm.backward(plan, dy, tape, image_gradient=True)
    kept = {name: value.copy() for name, value in first.items()}
    nm.forward(plan, drawn_params(plan, 9), x + 1, train=True, rung=rung)
    nm.infer(plan, params, x[:1] - 1, rung=rung)
    second = nm.backward(plan, dy, tape, image_gradient=True)
    assert list(first) == [*plan.parameters, "image"]
    assert list(statistics) == list(plan.statistics)
    for name, value in kept.items():
        assert np.array_equal(first[name], value), name
        assert np.array_equal(second[name], value), name
    assert list(nm.backward(plan, dy, tape)) == list(plan.parameters)
    for name, value in before.items():
        assert np.array_equal((params | {"x": x, "dy": dy})[name], value), name


@pytest.mark.parametrize("rung", ["numpy", "numba"])
def test_infer_gives_the_bits_of_forward(rung: str) -> None:
    """In evaluation both run the same operators; forward then has no new statistics."""
    plan, params, x, _ = small()
    logits, _, statistics = nm.forward(plan, params, x, rung=rung)
    assert np.array_equal(nm.infer(plan, params, x, rung=rung), logits)
    assert statistics == {}


def test_initial_values_follow_seed_and_name_alone() -> None:
    """Repeatable, different for another seed, and the same array in another network of that name."""
    plan, other = nm.plan("v1", width=0.25), nm.plan("v1", width=0.25, classes=7, dialect="cifar")
    one, again, another = nm.init(plan, 1), nm.init(plan, 1), nm.init(plan, 2)
    assert list(one) == [n for x in plan.layers for n in (f"{x.name}.{a}" for a in (*x.arrays, *x.statistics))]  # fmt: skip # noqa: E501
    elsewhere = nm.init(other, 1)
    for name, value in one.items():
        assert value.dtype == np.float32
        assert np.array_equal(value, again[name])
        if name.endswith(".weight"):
            assert not np.array_equal(value, another[name])
            if not name.startswith("classifier"):
                assert np.array_equal(value, elsewhere[name])
        else:
            assert np.all(value == (1 if name.endswith((".gamma", ".variance")) else 0))
    blocks = [one[f"blocks.{n}.pointwise.weight"] for n in (7, 8)]
    assert blocks[0].shape == blocks[1].shape
    assert not np.array_equal(*blocks)
    fan_in = {"stem": 27, "blocks.13.depthwise": 9, "blocks.13.pointwise": 256, "classifier": 256}
    for name, count in fan_in.items():
        deviation = one[f"{name}.weight"].std() * np.sqrt(count)
        assert deviation == pytest.approx(1 if name == "classifier" else np.sqrt(2), rel=0.1), name
