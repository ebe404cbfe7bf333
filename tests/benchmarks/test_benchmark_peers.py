"""What the benchmarks feed to other engines is the same network: each gives our logits."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from benchmarks.cases import Case, drawn_images, drawn_params, write
from benchmarks.peers import PEERS
from npmobilenet.verify.checks import scaled_error

# symmetric and TensorFlow's padding, gates with both slopes, hard swish, ReLU6, dropout that scales
NETWORKS = [
    ("v1", "timm"),
    ("v1", "keras"),
    ("v2", "paper"),
    ("v3-large", "timm"),
    ("v3-small", "paddle"),
]


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda pair: " ".join(pair))
def folder(request, tmp_path_factory) -> Path:
    """The files of a small case with two images."""
    model, dialect = request.param
    pytest.importorskip("onnx")
    formats = ["layers", "onnx"]
    found: Path = tmp_path_factory.mktemp("case")
    write(Case(model=model, width=0.25, resolution=40, batch=2, dialect=dialect), found, formats)
    return found


@pytest.mark.parametrize("name", ["ours", "numpy", "onnxruntime", "torch", "torch-channels-last"])
def test_logits(folder: Path, name: str) -> None:
    """In this very process, on one thread."""
    peer = PEERS[name]
    if why := peer.missing():
        pytest.skip(why)
    module, _, function = peer.load.partition(":")
    call = getattr(import_module(f"benchmarks.peers.{module}"), function)(folder, 1)
    for _ in range(2):  # a second call finds what the first one left
        assert scaled_error(np.array(call()), np.load(folder / "logits.npy")) < 1e-5


def litert(plan: nm.Plan, params: dict[str, Any], x: Any, path: Path) -> Any:
    """What LiteRT makes of the written file."""
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    nm.export_tflite(plan, params, path, batch=len(x))
    made = interpreter.Interpreter(str(path), num_threads=1)
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], x)
    made.invoke()
    return made.get_tensor(made.get_output_details()[0]["index"])


@pytest.mark.parametrize(("model", "dialect"), NETWORKS)
@pytest.mark.parametrize("resolution", [(64, 64), (57, 44)])
def test_tflite(model: str, dialect: str, resolution: Any, tmp_path: Path) -> None:
    """Even and odd images, both paddings."""
    plan = nm.plan(model, width=0.25, resolution=resolution, classes=7, dialect=dialect)
    params, x = drawn_params(plan), drawn_images(plan, 2)
    found = litert(plan, params, x, tmp_path / "network.tflite")
    assert scaled_error(found, nm.infer(plan, params, x, rung="numpy")) < 2e-5


def test_tflite_without_top(tmp_path: Path) -> None:
    """A feature map keeps its shape."""
    plan = nm.plan("v2", width=0.25, resolution=64, include_top=False)
    params, x = drawn_params(plan), drawn_images(plan, 1)
    found = litert(plan, params, x, tmp_path / "network.tflite")
    expected = nm.infer(plan, params, x, rung="numpy")
    assert found.shape == expected.shape
    assert scaled_error(found, expected) < 2e-5


@pytest.mark.long
@pytest.mark.parametrize("name", ["openvino", "litert", "torch-compile", "jax"])
def test_logits_of_slow_starters(name: str, tmp_path: Path) -> None:
    """In a process of their own, as the benchmark runs them."""
    from benchmarks.inference import prove
    from benchmarks.measuring import Settings, measure

    peer = PEERS[name]
    if why := peer.missing():
        pytest.skip(why)
    case = Case(model="v3-small", width=0.35, resolution=64, batch=2)
    write(case, tmp_path, [peer.needs])
    settings = Settings(rounds=1, seconds=0.0, warm=0.0, patience=0.0)
    (found,) = measure(tmp_path, [peer], settings, prove)
    assert found.failure is None
    assert found.error < 1e-5
