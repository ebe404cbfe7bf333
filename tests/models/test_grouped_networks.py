"""Networks with grouped convolutions, depth multipliers and pools: every way to run them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models.folding import fold_batch_norm
from npmobilenet.models.layers import (
    Activation,
    AveragePool,
    BatchNorm,
    Conv,
    Dense,
    GlobalAveragePool,
    GroupedConv,
    Layer,
    MaxPool,
)

Part = tuple[type[Layer], dict[str, Any]]
CONVOLUTIONS: list[Part] = [
    (Conv, {"filters": 12, "stride": (2, 2), "padding": 1}),
    (GroupedConv, {"filters": 24, "groups": 12, "padding": 1}),  # depth multiplier 2
    (GroupedConv, {"filters": 20, "groups": 4, "stride": (2, 2), "padding": 1, "bias": True}),
    (GroupedConv, {"filters": 20, "groups": 20, "padding": 1}),  # a depthwise convolution
    (GroupedConv, {"filters": 8, "groups": 1, "kernel": (1, 1), "padding": 0}),  # a pointwise one
]
AVERAGED: list[Part] = [
    *CONVOLUTIONS[:2],
    (AveragePool, {"kernel": (2, 2)}),
    (AveragePool, {"kernel": (3, 3), "stride": (1, 1), "padding": 1, "count_padding": True}),
]
POOLED: list[Part] = [
    *CONVOLUTIONS[:2],
    (MaxPool, {"kernel": (3, 3), "padding": 1}),
    (AveragePool, {"kernel": (3, 3), "padding": 1, "ceil_mode": True}),
]
NETWORKS = {"convolutions": CONVOLUTIONS, "averaged": AVERAGED, "pooled": POOLED}


def network(parts: list[Part]) -> nm.Plan:
    """The parts in order, on an image of odd sizes, convolutions normalised and with ReLU6."""
    layers: list[Layer] = []

    def add(kind: type[Layer], name: str, **fields: Any) -> None:
        last = (layers[-1].name, layers[-1].output) if layers else ("image", (21, 18, 3))
        layers.append(kind(name=name, inputs=(last[0],), input=last[1], **fields))

    for number, (kind, fields) in enumerate(parts):
        add(kind, f"part{number}", **fields)
        if "filters" in fields:
            add(BatchNorm, f"part{number}_norm", eps=1e-3, momentum=0.1)
            add(Activation, f"part{number}_activation", function="relu6")
    add(GlobalAveragePool, "pool")
    add(Dense, "classifier", units=5)
    return replace(nm.plan("v1", resolution=(21, 18), classes=5), layers=tuple(layers))


def drawn(plan: nm.Plan) -> tuple[dict[str, Any], Any]:
    """Parameters and statistics that say something, and three images, in float64."""
    rng = np.random.default_rng(0)
    params = nm.init(plan, 0, np.float64)
    for name, array in params.items():
        ends = (0.5, 2.0) if name.endswith((".gamma", ".variance")) else (-0.5, 0.5)
        if not name.endswith(".weight"):
            params[name] = rng.uniform(*ends, array.shape)
    return params, rng.standard_normal((3, 21, 18, 3))


def single(params: dict[str, Any]) -> dict[str, Any]:
    return {name: array.astype(np.float32) for name, array in params.items()}


def torch_network(plan: nm.Plan, params: dict[str, Any]) -> Any:
    """The same as a chain of PyTorch's own modules; its parameters in the order of the plan's."""
    import torch
    from torch import nn

    chain: list[Any] = []
    for layer in plan:
        arrays = {
            n: torch.tensor(params[f"{layer.name}.{n}"]) for n in layer.arrays | layer.statistics
        }
        match layer:
            case Conv() | GroupedConv():
                place = {"stride": layer.stride, "padding": layer.padding, "groups": layer.groups}
                made: Any = nn.Conv2d(
                    layer.input[-1], layer.filters, layer.kernel, bias=layer.bias, **place
                )  # type: ignore[arg-type]
                arrays["weight"] = arrays["weight"].permute(3, 2, 0, 1)
            case BatchNorm():
                made = nn.BatchNorm2d(layer.input[-1], layer.eps, layer.momentum)
                names = {
                    "gamma": "weight",
                    "beta": "bias",
                    "mean": "running_mean",
                    "variance": "running_var",
                }
                arrays = {names[name]: array for name, array in arrays.items()}
            case Activation():
                made = nn.ReLU6()
            case AveragePool():
                given = (
                    layer.kernel,
                    layer.stride,
                    layer.padding if layer.padding != "valid" else 0,
                )
                made = nn.AvgPool2d(*given, layer.ceil_mode, layer.count_padding)
            case MaxPool():
                made = nn.MaxPool2d(
                    layer.kernel, layer.stride, layer.padding, ceil_mode=layer.ceil_mode
                )
            case GlobalAveragePool():
                made = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
            case _:
                made = nn.Linear(layer.input[-1], layer.output[-1])
                arrays["weight"] = arrays["weight"].T
        made.double().load_state_dict(arrays, strict=False)
        chain.append(made)
    return nn.Sequential(*chain)


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_and_gradients_are_pytorch_s(name: str) -> None:
    torch = pytest.importorskip("torch")
    plan = network(NETWORKS[name])
    params, x = drawn(plan)
    theirs = torch_network(plan, params).train()
    expected = theirs(torch.tensor(x).permute(0, 3, 1, 2))
    logits, tape, _ = nm.forward(plan, params, x, train=True, rung="numpy")
    np.testing.assert_allclose(logits, expected.detach().numpy(), rtol=1e-10, atol=1e-10)
    dlogits = np.random.default_rng(1).standard_normal(logits.shape)
    expected.backward(torch.tensor(dlogits))
    grads = nm.backward(plan, dlogits, tape)
    assert len(grads) == len(list(theirs.parameters()))
    for (array, own), parameter in zip(grads.items(), theirs.parameters(), strict=True):
        wanted = parameter.grad.numpy()
        if wanted.ndim == 4:
            wanted = wanted.transpose(2, 3, 1, 0)
        wanted = wanted.T if array == "classifier.weight" else wanted
        np.testing.assert_allclose(own, wanted, rtol=1e-8, atol=1e-9, err_msg=array)


@pytest.mark.parametrize("name", ["convolutions", "averaged"])
def test_engine(name: str) -> None:
    """As the layers one by one; folding too."""
    plan = network(NETWORKS[name])
    params, x = drawn(plan)
    expected = nm.infer(plan, params, x, rung="numpy")
    found = nm.compile(plan, single(params), batch=3)(x.astype(np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    folded = fold_batch_norm(plan, params)
    np.testing.assert_allclose(nm.infer(*folded, x, rung="numpy"), expected, rtol=1e-10, atol=1e-12)


def test_engine_names_the_pool_that_it_has_not() -> None:
    plan = network(POOLED)
    params, _ = drawn(plan)
    with pytest.raises(ValueError, match="compile: part2 is a layer of kind 'max_pool'"):
        nm.compile(plan, single(params))


def test_training_step() -> None:
    """Logits and all gradients as the reference's; what a step moves stays in its groups."""
    pytest.importorskip("numba")
    plan = network(CONVOLUTIONS)
    params, x = drawn(plan)
    logits, tape, moved = nm.forward(plan, params, x, train=True, rung="numpy")
    dlogits = np.random.default_rng(1).standard_normal(logits.shape)
    expected = nm.backward(plan, dlogits, tape)
    step = nm.compile_training(plan, single(params), 3)
    for _ in range(2):  # and once more from what is in memory by now
        found, statistics = step.forward(x.astype(np.float32))
        np.testing.assert_allclose(found, logits, rtol=2e-5, atol=2e-5)
        for name, array in moved.items():
            np.testing.assert_allclose(statistics[name], array, rtol=1e-4, atol=1e-5)
        grads = step.backward(dlogits.astype(np.float32))
        assert list(grads) == list(expected)
        for name, array in expected.items():
            if name != "part2.bias":  # a normalisation follows: nothing but rounding
                scale = np.abs(array).max()
                assert np.abs(grads[name] - array).max() < 2e-5 * scale, name


def test_onnx(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    for name, parts in NETWORKS.items():
        plan = network(parts)
        params, x = drawn(plan)
        nm.export_onnx(plan, single(params), tmp_path / f"{name}.onnx")
        session = runtime.InferenceSession(tmp_path / f"{name}.onnx")
        images = x.transpose(0, 3, 1, 2).astype(np.float32)
        (found,) = session.run(None, {session.get_inputs()[0].name: images})
        expected = nm.infer(plan, params, x, rung="numpy")
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=name)


def test_cost_is_what_the_loops_do() -> None:
    """Multiplications executed by the loops rung on numbers that count, padding's zeros included."""
    from npmobilenet.cost.operation_count import executed
    from npmobilenet.cost.tally import Tally, tally_array
    from npmobilenet.ops import grouped_conv2d

    for groups, filters in ((1, 4), (2, 4), (4, 4), (4, 8)):
        tally = Tally()
        layer = GroupedConv(
            name="x",
            inputs=("image",),
            input=(5, 4, 4),
            filters=filters,
            groups=groups,
            stride=(2, 1),
        )
        x, w = tally_array(tally, (1, 5, 4, 4)), tally_array(tally, layer.arrays["weight"])
        grouped_conv2d(x, w, groups=groups, stride=(2, 1), rung="loops")
        assert tally.multiplications == layer.macs == executed(layer).forward
    plan = network(CONVOLUTIONS)
    assert nm.cost(plan).macs == sum(
        [
            11 * 9 * 27 * 12,
            11 * 9 * 9 * 24,
            6 * 5 * 9 * 6 * 20,
            6 * 5 * 9 * 20,
            6 * 5 * 20 * 8,
            8 * 5,
        ]
    )
