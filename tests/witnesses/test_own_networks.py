"""Five networks that somebody writes as tables, through all that V1 to V3 go through."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.engine.handled import ENGINE, STEP
from npmobilenet.models.capabilities import handles
from tests.models.test_table_files import MIXED
from tests.witnesses.torch_parts import drawn_params

NETWORKS = {
    "mixed, odd sizes, two paddings": MIXED,
    "separable, each channel twice": """
stem = 8
resolution = [33, 28]
classes = 5
dialect = "keras"
rows = [
    {block = "separable", out = 16, multiplier = 2, s = 2},
    {block = "separable", out = 24, k = 5, n = 2, s = 2},
]
""",
    "groups and pools": """
stem = 12
resolution = 40
classes = 4
rows = [
    {block = "convolution", out = 24, groups = 3, k = 5},
    {block = "pool"},
    {block = "convolution", out = 24, k = 1},
    {block = "pool", of = "average", k = 3, s = 2},
    {block = "dense", out = 9, nl = "HS"},
]
[switches]
activation = "swish"
""",
    "fused and universal": """
stem = 16
last = 96
head = 48
head_norm = true
resolution = [48, 64]
classes = 6
dialect = "timm"
rows = [
    {block = "fused", t = 4, out = 16, s = 2},
    {block = "uib", k1 = 3, k2 = 0, t = 2, out = 24, s = 2, n = 2},
    {block = "uib", k1 = 0, k2 = 0, t = 3, out = 24},
    {block = "uib", k1 = 5, k2 = 3, t = 2.5, out = 32},
]
""",
    "gates, on grey images": """
like = "v3"
stem = 8
resolution = 31
classes = 3
width = 1.5
rows = [
    {block = "bneck", k = 3, exp = 16, out = 8, se = true, nl = "HS", s = 1},
    {block = "inverted", t = 3, c = 16, n = 2, s = 2},
    {block = "bneck", k = 5, exp = 40, out = 16, se = true, nl = "RE", s = 2},
]
[switches]
dropout = 0.0
""",
}


def made(name: str, folder: Path) -> nm.Plan:
    file = folder / "own.toml"
    file.write_text(NETWORKS[name], encoding="utf-8")
    return nm.plan(file, channels=1 if "grey" in name else 3)


def images(plan: nm.Plan) -> Any:
    return np.random.default_rng(1).standard_normal((3, *plan.resolution, plan.channels))


def single(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value.astype(np.float32) for name, value in params.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_pytorch_s_logits_statistics_and_gradients(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from tests.witnesses.torch_plan import torch_results

    plan = made(name, tmp_path)
    params, x = drawn_params(plan), images(plan)
    rng = np.random.default_rng(0)
    logits, tape, moved = nm.forward(plan, params, x, train=True, rung="numpy", rng=rng)
    dlogits = np.random.default_rng(2).standard_normal(logits.shape)
    theirs = torch_results(plan, params, x, dlogits, torch.float64)
    ours = {"logits": logits} | moved | nm.backward(plan, dlogits, tape)
    assert ours.keys() == theirs.keys()
    largest = max(np.abs(theirs[key]).max() for key in plan.parameters)
    for key, value in ours.items():
        # a shift that the next normalisation takes out again has a gradient of rounding alone
        size = max(np.abs(theirs[key]).max(), 1e-3 * largest if key in plan.parameters else 0)
        assert np.abs(value - theirs[key]).max() < 1e-10 * size, key


@pytest.mark.parametrize("name", NETWORKS)
def test_engine_step_onnx_and_cost(name: str, tmp_path: Path) -> None:
    plan = made(name, tmp_path)
    params, x = single(drawn_params(plan)), images(plan).astype(np.float32)
    expected = nm.infer(plan, params, x, rung="numpy")
    tolerance = 2e-5 * np.abs(expected).max()
    if handles(ENGINE, plan):
        for threads in (1, 2):
            found = nm.compile(plan, params, 3, threads)(x)
            assert np.abs(found - expected).max() < tolerance
    assert handles(ENGINE, plan) == ("pools" not in name)
    if handles(STEP, plan):
        rng = np.random.default_rng(0)
        logits, tape, moved = nm.forward(plan, params, x, train=True, rung="numpy", rng=rng)
        step = nm.compile_training(plan, params, 3)
        found, statistics = step.forward(x, rng=np.random.default_rng(0))
        assert np.abs(found - logits).max() < 5e-5 * np.abs(logits).max()
        assert all(np.allclose(statistics[key], moved[key], rtol=1e-4, atol=1e-5) for key in moved)
        dlogits = np.random.default_rng(2).standard_normal(logits.shape).astype(np.float32)
        grads, ours = step.backward(dlogits), nm.backward(plan, dlogits, tape)
        assert list(grads) == list(ours)
        for key in ours:
            if key.endswith(".weight"):
                assert np.abs(grads[key] - ours[key]).max() < 2e-4 * np.abs(ours[key]).max(), key
    runtime = pytest.importorskip("onnxruntime")
    nm.export_onnx(plan, params, tmp_path / "own.onnx")
    session = runtime.InferenceSession(tmp_path / "own.onnx")
    (logits,) = session.run(None, {session.get_inputs()[0].name: x.transpose(0, 3, 1, 2)})
    assert np.abs(logits - expected).max() < tolerance
    counted = nm.cost(plan)
    assert counted.macs == sum(layer.macs for layer in plan)
    assert counted.params.total == sum(value.size for value in params.values())
