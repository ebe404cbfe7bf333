"""MobileNetV4-Conv beside timm's modules: parameters, logits, all gradients; and each way to run it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.weights.families import FAMILIES
from tests.foreign import foreign

SIZES = ["small", *(pytest.param(size, marks=pytest.mark.long) for size in ("medium", "large"))]
TIMM = FAMILIES["timm"]


def drawn(network: Any, rng: np.random.Generator) -> None:
    """Statistics, scales and shifts that say something, in place."""
    import torch

    for name, array in [*network.named_parameters(), *network.named_buffers()]:
        if array.ndim == 1:
            ends = (-0.3, 0.3) if name.endswith(("mean", "bias")) else (0.5, 1.5)
            array.data.copy_(torch.tensor(rng.uniform(*ends, array.shape)))


@pytest.mark.parametrize("size", SIZES)
def test_timm_s_numbers(size: str) -> None:
    torch = pytest.importorskip("torch")
    plan = nm.plan(f"v4-conv-{size}", dialect="timm", resolution=64)
    network = foreign("timm").create_model(f"mobilenetv4_conv_{size}").double()
    assert nm.cost(plan).params.trainable == sum(p.numel() for p in network.parameters())
    rng = np.random.default_rng(0)
    drawn(network, rng)
    names = TIMM.names(plan)

    def ours(theirs: dict[str, Any]) -> dict[str, Any]:
        found = {o: theirs[t].numpy() for o, t in names.items() if t in theirs}
        return {name: np.array(TIMM.incoming(plan, name, value)) for name, value in found.items()}

    params = ours(network.state_dict())
    assert list(params) == list(plan.arrays)
    x = rng.standard_normal((2, 64, 64, 3))
    for train in (False, True):
        expected = network.train(train)(torch.tensor(x.transpose(0, 3, 1, 2)))
        logits, tape, _ = nm.forward(plan, params, x, train=train, rung="numpy")
        scale = np.abs(logits).max()
        assert np.abs(logits - expected.detach().numpy()).max() < 1e-11 * scale
    dlogits = rng.standard_normal(logits.shape)
    network.zero_grad()
    expected.backward(torch.tensor(dlogits))
    theirs = ours({name: p.grad for name, p in network.named_parameters()})
    largest = max(np.abs(value).max() for value in theirs.values())
    for name, value in nm.backward(plan, dlogits, tape).items():
        # a shift that a normalisation takes out again has a gradient of rounding alone
        assert np.abs(value - theirs[name]).max() < 1e-9 * max(
            np.abs(theirs[name]).max(), 1e-3 * largest
        )


@pytest.mark.parametrize("size", SIZES)
def test_engine_step_and_onnx(size: str, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    pixels = 64 if size == "small" else 160
    plan = nm.plan(f"v4-conv-{size}", resolution=pixels, classes=10, dialect="timm")
    params = nm.init(plan, 0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, pixels, pixels, 3)).astype(np.float32)
    expected = nm.infer(plan, params, x, rung="numpy")
    tolerance = 1e-4 * np.abs(expected).max()
    assert np.abs(nm.compile(plan, params, 2)(x) - expected).max() < tolerance
    logits, tape, _ = nm.forward(plan, params, x, train=True, rung="numpy")
    step = nm.compile_training(plan, params, 2)
    found, _ = step.forward(x)
    assert np.abs(found - logits).max() < 1e-3 * np.abs(logits).max()
    dlogits = rng.standard_normal(logits.shape).astype(np.float32)
    grads, ours = step.backward(dlogits), nm.backward(plan, dlogits, tape)
    double = {name: value.astype(np.float64) for name, value in params.items()}
    _, tape, _ = nm.forward(plan, double, x.astype(np.float64), train=True, rung="numpy")
    exact = nm.backward(plan, dlogits.astype(np.float64), tape)
    weights = [name for name in ours if name.endswith(".weight")]
    of_step, of_reference = (
        max(np.abs(found[n] - exact[n]).max() / np.abs(exact[n]).max() for n in weights)
        for found in (grads, ours)
    )
    # a hundred normalisations of few values multiply rounding: as much as in the plain step
    assert of_step < 3 * of_reference + 1e-3
    runtime = pytest.importorskip("onnxruntime")
    nm.export_onnx(plan, params, tmp_path / "v4.onnx")
    session = runtime.InferenceSession(tmp_path / "v4.onnx")
    (logits,) = session.run(None, {session.get_inputs()[0].name: x.transpose(0, 3, 1, 2)})
    assert np.abs(logits - expected).max() < tolerance
