"""Exported networks in ONNX Runtime, a stranger to this project: it must compute what `infer` does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.models.dialect import ACTIVATIONS
from npmobilenet.models.layers import BatchNorm, Depthwise
from npmobilenet.verify.checks import scaled_error

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.usefixtures("one_thread")
TOLERANCE = 1e-5


def drawn_params(plan: nm.Plan, seed: int = 0) -> dict[str, Any]:
    """Weights of `init`, a little smaller; everything of batch normalisation, and the biases, drawn.

    At full size some random networks double every rounding error from block to block, in ONNX
    Runtime and here alike.
    """
    rng, params = np.random.default_rng(seed), nm.init(plan, seed, np.float64)
    for name, value in params.items():
        if name.endswith((".gamma", ".variance")):
            params[name] = rng.uniform(0.5, 1.5, value.shape)
        elif name.endswith(".weight"):
            params[name] = 0.85 * value
        else:
            params[name] = 0.3 * rng.standard_normal(value.shape)
    return {name: value.astype(np.float32) for name, value in params.items()}


def images(plan: nm.Plan, count: int) -> Any:
    shape = (count, *plan.resolution, plan.channels)
    return np.random.default_rng([count, 1]).standard_normal(shape).astype(np.float32)


def expected(plan: nm.Plan, params: dict[str, Any], x: Any) -> Any:
    """`infer` in float64, which must tell the images apart: a constant would be no evidence."""
    exact = {name: value.astype(np.float64) for name, value in params.items()}
    y = nm.infer(plan, exact, x.astype(np.float64))
    assert len(y) == 1 or scaled_error(y, np.broadcast_to(y[:1], y.shape)) > 10 * TOLERANCE
    return y


def opened(file: Path) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def run(file: Path, x: Any) -> Any:
    """The only output for x, given as the file's layout wants it."""
    (y,) = opened(file).run(None, {"image": np.ascontiguousarray(x)})
    return y


def first(x: Any) -> Any:
    """(N, H, W, C) -> (N, C, H, W)."""
    return x.transpose(0, 3, 1, 2)


# model, dialect, width, image; odd and non-square sizes show a padding on the wrong side
CASES = [
    ("v1", "paper", 0.25, (64, 64)),
    ("v1", "keras", 0.5, (33, 47)),  # (0, 1, 0, 1) around odd sizes
    ("v1", "timm", 0.75, (32, 57)),
    ("v1", "timm-h", 0.25, (32, 32)),
    ("v1", "paddle", 0.35, (46, 31)),
    ("v1", "cifar", 0.5, (32, 32)),
    ("v1", "tutorial-a", 0.25, (16, 13)),  # no batch normalisation, biases, no stride
    ("v1-full", "paper", 0.25, (33, 40)),
    ("v2", "paper", 0.35, (57, 75)),
    ("v2", "keras", 0.75, (64, 64)),
    ("v2", "torchvision", 1.4, (33, 64)),
    ("v2", "timm", 0.5, (45, 32)),
    ("v2", "paddle", 0.35, (64, 31)),
    ("v2", "tutorial-c", 0.75, (40, 40)),
    ("v3-large", "paper", 0.75, (57, 40)),
    ("v3-large", "keras", 0.35, (64, 64)),
    ("v3-large", "torchvision", 0.75, (33, 33)),
    ("v3-large", "timm", 1.25, (32, 46)),
    ("v3-large", "paddle", 0.35, (64, 47)),  # gates of slope 0.2, dropout that counts in evaluation
    ("v3-small", "paper", 1.4, (40, 40)),
    ("v3-small", "keras", 0.75, (33, 64)),
    ("v3-small", "torchvision", 0.5, (64, 64)),
    ("v3-small", "timm-tf", 0.75, (57, 32)),
    ("v3-small", "paddle", 0.35, (37, 50)),
    ("v3-large-minimalistic", "keras", 0.75, (47, 64)),
    ("v3-small-minimalistic", "paper", 0.5, (33, 50)),
]


@pytest.mark.parametrize(("model", "dialect", "width", "size"), CASES)
def test_logits_agree(model: str, dialect: str, width: float, size: Any, tmp_path: Path) -> None:
    """One file, fed with one image and with three."""
    plan = nm.plan(model, width=width, resolution=size, classes=11, dialect=dialect)
    params, file = drawn_params(plan), tmp_path / "a.onnx"
    nm.export_onnx(plan, params, file)
    for count in (1, 3):
        x = images(plan, count)
        assert scaled_error(run(file, first(x)), expected(plan, params, x)) < TOLERANCE


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_every_activation(function: str, tmp_path: Path) -> None:
    """The stem alone, its numbers spread beyond every kink."""
    dialect = replace(nm.CIFAR, name="own", activation=function)
    plan = nm.plan("v1", resolution=(9, 8), dialect=dialect, channels=2, include_top=False)
    plan = replace(plan, layers=plan.layers[:3])
    params, file = drawn_params(plan), tmp_path / "a.onnx"
    params["stem_norm.gamma"] *= 4
    nm.export_onnx(plan, params, file)
    x = images(plan, 2)
    assert scaled_error(run(file, first(x)), first(expected(plan, params, x))) < TOLERANCE


def test_any_window(tmp_path: Path) -> None:
    """No number of the window equals another: none may stand in another's place."""
    plan = nm.plan("v1", resolution=(13, 18), channels=4, include_top=False)
    window = {"kernel": (5, 3), "stride": (2, 3), "padding": (1, 0, 2, 4)}
    layers = tuple(replace(plan.layers[0], bias=bias, **window) for bias in (True, False))
    deep = Depthwise(name="deep", inputs=("image",), input=(13, 18, 4), **window)
    for layer in (*layers, deep):
        single = replace(plan, layers=(layer,))
        params, file = drawn_params(single), tmp_path / "a.onnx"
        nm.export_onnx(single, params, file)
        x = images(single, 2)
        error = scaled_error(run(file, first(x)), first(expected(single, params, x)))
        assert error < TOLERANCE


@pytest.mark.parametrize("model", ["v1", "v2", "v3-small"])
def test_channels_last_takes_and_gives_our_arrays(model: str, tmp_path: Path) -> None:
    """With the top and without; features (N, H, W, C) as `infer` gives them."""
    for top in (True, False):
        plan = nm.plan(model, width=0.35, resolution=(57, 40), include_top=top)
        params, file = drawn_params(plan), tmp_path / "a.onnx"
        nm.export_onnx(plan, params, file, layout="nhwc")
        x = images(plan, 2)
        assert scaled_error(run(file, x), expected(plan, params, x)) < TOLERANCE


def test_features_are_channels_first_as_the_image_is(tmp_path: Path) -> None:
    plan = nm.plan("v2", width=0.35, resolution=(57, 75), include_top=False)
    params, file = drawn_params(plan), tmp_path / "a.onnx"
    nm.export_onnx(plan, params, file)
    (end,) = opened(file).get_outputs()
    assert (end.name, end.shape) == ("features", ["N", 1280, 2, 3])
    x = images(plan, 2)
    assert scaled_error(run(file, first(x)), first(expected(plan, params, x))) < TOLERANCE


@pytest.mark.parametrize(
    ("model", "dialect"),
    [("v1", "keras"), ("v2", "torchvision"), ("v3-large", "paddle"), ("v1", "tutorial-a")],
)
def test_folded_gives_the_same(model: str, dialect: str, tmp_path: Path) -> None:
    """No batch normalisation is left, and ONNX Runtime sees the difference by rounding alone."""
    plan = nm.plan(model, width=0.35, resolution=(33, 47), classes=5, dialect=dialect)
    params, file = drawn_params(plan), tmp_path / "a.onnx"
    nm.export_onnx(plan, params, file, fold=True)
    assert "BatchNormalization" not in {node.op_type for node in onnx.load(file).graph.node}
    x = images(plan, 2)
    assert scaled_error(run(file, first(x)), expected(plan, params, x)) < TOLERANCE


def test_unfolded_keeps_every_batch_normalisation(tmp_path: Path) -> None:
    plan = nm.plan("v2", width=0.35, resolution=32, classes=5)
    nm.export_onnx(plan, nm.init(plan, 0), tmp_path / "a.onnx")
    kept = [
        n for n in onnx.load(tmp_path / "a.onnx").graph.node if n.op_type == "BatchNormalization"
    ]
    assert [node.name for node in kept] == [x.name for x in plan.layers if isinstance(x, BatchNorm)]


@pytest.mark.parametrize("opset", [14, 17, 21])
def test_opsets(opset: int, tmp_path: Path) -> None:
    plan = nm.plan("v3-small", width=0.35, resolution=32, classes=5)
    params, file = drawn_params(plan), tmp_path / "a.onnx"
    nm.export_onnx(plan, params, file, opset=opset)
    model = onnx.load(file)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", opset)]
    assert model.ir_version <= 10  # what runtimes of 2024 read
    x = images(plan, 2)
    assert scaled_error(run(file, first(x)), expected(plan, params, x)) < TOLERANCE


def test_float64_is_rounded_to_float32(tmp_path: Path) -> None:
    """The file is the one of the rounded params, byte for byte: the same export twice is one file."""
    plan = nm.plan("v1", width=0.1, resolution=32, classes=5)
    params = nm.init(plan, 0, np.float64)
    nm.export_onnx(plan, params, tmp_path / "a.onnx")
    rounded = {name: value.astype(np.float32) for name, value in params.items()}
    nm.export_onnx(plan, rounded, str(tmp_path / "b.onnx"))
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]


def test_onnx_runtime_has_nothing_to_remark(tmp_path: Path, capfd: Any) -> None:
    """No warning on standard error when it opens the files, as it writes for doubtful graphs."""
    for layout, fold in (("nchw", False), ("nhwc", True)):
        plan = nm.plan("v3-small", width=0.35, resolution=33, dialect="paddle")
        nm.export_onnx(plan, nm.init(plan, 0), tmp_path / "a.onnx", layout=layout, fold=fold)
        capfd.readouterr()
        opened(tmp_path / "a.onnx")
        assert capfd.readouterr() == ("", "")
