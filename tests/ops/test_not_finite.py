"""NaN and infinity: PyTorch's answer at every rung, and no figures where the logits are not finite."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cli.common import print_json
from npmobilenet.datasets.arrays import ArrayImages
from npmobilenet.images.preprocessing import Preprocessing
from npmobilenet.predicting.evaluation import evaluate
from npmobilenet.weights import Model, save

VALUES = [np.nan, np.inf, -np.inf, 2.0, -1.0, 7.0]
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
PLAN = nm.plan("v1-shallow", width=0.1, resolution=32, classes=3)
HOW = Preprocessing(resolution=(32, 32), resize=None, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)


def rungs(dtype: Any) -> tuple[str, ...]:
    return nm.RUNGS if dtype == np.float32 else nm.RUNGS[:3]


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-5, atol=1e-6)


@DTYPES
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("relu", "relu"), ("relu6", "relu6"), ("sigmoid", "sigmoid"), ("swish", "silu"),
     ("hard_sigmoid", "hardsigmoid"), ("hard_swish", "hardswish")],
)  # fmt: skip
def test_activations(ours: str, theirs: str, dtype: Any) -> None:
    """Results and gradients are PyTorch's; those of NaN itself depend on its array's size there."""
    torch = pytest.importorskip("torch")
    x = np.tile(np.array(VALUES, dtype), 5).reshape(1, 6, 5, 1)
    t = torch.tensor(x, requires_grad=True)
    expected = getattr(torch.nn.functional, theirs)(t)
    expected.backward(torch.ones_like(expected))
    for rung in ("numpy", "numba") if ours.startswith("relu") else (None,):
        with np.errstate(all="ignore"):
            y, cache = getattr(nm, ours)(x, **({"rung": rung} if rung else {}))
            dx = getattr(nm, f"{ours}_backward")(np.ones_like(y), cache)
        same(y, expected)
        given = ~np.isnan(x)
        np.testing.assert_allclose(dx[given], t.grad.numpy()[given], rtol=1e-5, atol=1e-6)


@DTYPES
def test_what_sums(dtype: Any) -> None:
    """Batch normalisation, both poolings, both products: one channel is spoilt, the others are not."""
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 6)).astype(dtype)
    x[0, 1, 2] = VALUES
    nchw = torch.tensor(x).permute(0, 3, 1, 2)
    ones, zeros = np.ones(6, dtype), np.zeros(6, dtype)
    w = np.ones((3, 3, 6), dtype)
    for rung in rungs(dtype):
        common = "numba" if rung == "simd" else rung
        with np.errstate(all="ignore"):
            for train in (True, False):
                running = torch.zeros(6, dtype=nchw.dtype), torch.ones(6, dtype=nchw.dtype)
                y, _, moved = nm.batch_norm(x, ones, zeros, zeros, ones, train=train, rung=common)
                expected = F.batch_norm(nchw, *running, training=train, eps=1e-3)
                same(y, expected.permute(0, 2, 3, 1))
                same(moved.mean, running[0])
                same(moved.variance, running[1])
            same(nm.avg_pool2d(x, 2, rung=common)[0], F.avg_pool2d(nchw, 2).permute(0, 2, 3, 1))
            same(nm.global_avg_pool(x, rung=common)[0], nchw.mean((2, 3)))
            y, _ = nm.depthwise_conv2d(x, w, rung=rung)
            filters = torch.tensor(w).permute(2, 0, 1)[:, None]
            same(y, F.conv2d(nchw, filters, padding=1, groups=6).permute(0, 2, 3, 1))
            y, _ = nm.pointwise_conv2d(x, np.ones((6, 2), dtype), rung=rung)
            same(y, torch.tensor(x) @ torch.ones(6, 2, dtype=nchw.dtype))


def test_softmax_and_loss() -> None:
    """Softmax is PyTorch's everywhere; a class that is ruled out costs nothing and learns nothing."""
    torch = pytest.importorskip("torch")
    z = np.array([[np.nan, 1, 2], [np.inf, 1, 2], [-np.inf, 1, 2], [3, 1, 2]])
    with np.errstate(all="ignore"):
        same(nm.softmax(z), torch.tensor(z).softmax(1))
    ruled_out, labels = z[2:], np.array([2, 0])
    t = torch.tensor(ruled_out, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(t, torch.tensor(labels))
    expected.backward()
    for target in (labels, np.eye(3)[labels]):
        loss, cache = nm.softmax_cross_entropy(ruled_out, target)
        assert loss == pytest.approx(expected.item())
        same(nm.softmax_cross_entropy_backward(1.0, cache), t.grad)
    assert nm.softmax_cross_entropy(ruled_out, np.array([0, 0]))[0] == np.inf


@pytest.mark.parametrize("function", ["relu", "relu6", "hard_swish", "swish"])
def test_compiled_networks_take_infinity_as_the_plain_one_does(function: str) -> None:
    """An infinite pixel: logits and gradients of engine and training step are the executor's."""
    pytest.importorskip("numba")
    bare = nm.Dialect(name="bare", batch_norm=False, conv_bias=True, activation=function)
    plan = nm.plan("v1-shallow", width=0.5, resolution=32, classes=3, dialect=bare)
    params = {name: np.abs(value) for name, value in nm.init(plan, 0).items()}
    rng = np.random.default_rng(0)
    x, dlogits = rng.random((2, 32, 32, 3), np.float32), np.array([[1, -2, 3], [4, 5, -6]], "f4")
    x[0, 5, 5] = np.inf
    step = nm.compile_training(plan, params, 2, 1)
    with np.errstate(all="ignore"):
        logits, tape, _ = nm.forward(plan, params, x)
        grads = nm.backward(plan, dlogits, tape)
    assert np.isinf(logits[0]).all() == (function != "relu6")
    for found in (step.forward(x)[0], nm.compile(plan, params, 2, 1)(x)):
        np.testing.assert_allclose(found, logits, rtol=1e-4)
    for name, found in step.backward(dlogits).items():
        scale = np.abs(grads[name], where=np.isfinite(grads[name]), out=np.zeros_like(grads[name]))
        np.testing.assert_allclose(found, grads[name], rtol=1e-3, atol=1e-5 * scale.max())


@pytest.mark.parametrize(
    ("change", "words"),
    [({"classifier.bias": np.array([0, np.nan, 0], "f4")},
      "2 of 6 logits are not finite; classifier.bias holds numbers that are not"),
     ({"classifier.bias": np.full(3, np.inf, "f4"), "stem.weight": None},
      "6 of 6 logits are not finite; 2 arrays of the weights are not either, first stem.weight"),
     ({"classifier.weight": 1e38}, "logits are not finite")],
)  # fmt: skip
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_nothing_is_said_by_logits_that_are_not_finite(
    engine: str, change: dict[str, Any], words: str, tmp_path: Path, capsys: Any
) -> None:
    """`evaluate` and `predict` fail in one line that names the weights; nothing is printed before."""
    params = nm.init(PLAN, 0)
    params["classifier.weight"] = np.abs(params["classifier.weight"])
    for name, value in change.items():
        params[name] = params[name] * value if isinstance(value, float) else value
        if value is None:
            params[name] = np.full(PLAN.arrays[name], np.nan, np.float32)
    if "classifier.weight" in change:
        params["stem_norm.gamma"] = params["stem_norm.gamma"] * np.float32(1e6)
    model = Model(PLAN, params, ("a", "b", "c"), HOW)
    images = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match=words):
        evaluate(model, ArrayImages(images, [0, 1], model.classes), engine=engine)
    weights, photo = tmp_path / "bad.safetensors", tmp_path / "a" / "1.png"
    save(model, weights)
    for name in model.classes:
        (tmp_path / name).mkdir()
        ArrayImages(images, [0, 1], model.classes).image(0).save(tmp_path / name / "1.png")
    for verb in (["evaluate", str(tmp_path)], ["predict", str(photo)]):
        for form in ([], ["--json"]):
            options = ["--weights", str(weights), "--engine", engine]
            assert main([*verb, *options, *form]) == 1
            said = capsys.readouterr()
            assert "nan" not in said.out.lower()
            assert f"{weights}: " in said.err
            assert "logits are not finite" in said.err
            assert len(said.err.splitlines()) == 1


def test_json_has_no_nan(capsys: Any) -> None:
    """The backstop of every --json: what no JSON reader would take is not printed."""
    for wrong, right in (
        (np.nan, None),
        ([np.inf], [None]),
        ({"a": [1.5, -np.inf]}, {"a": [1.5, None]}),
    ):
        print_json(wrong)
        assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == right


@pytest.mark.parametrize("rung", ["loops", "numpy", "numba"])
def test_what_is_spoilt_spoils_no_more_than_it_must(rung: str) -> None:
    """The gradient of evaluation does not depend on x, nor that of hard swish on dy where it is 0."""
    if rung == "numba":
        pytest.importorskip("numba")
    x, one = np.full((2, 3), np.nan), np.ones(3)
    _, cache, _ = nm.batch_norm(x, one, one, one, one, train=False, rung=rung)
    dx, dgamma, dbeta = nm.batch_norm_backward(np.ones((2, 3)), cache)
    assert np.isfinite(dx).all()
    assert np.isnan(dgamma).all()
    assert (dbeta == 2).all()
    _, cache = nm.hard_swish(np.array([[-4.0, -3.0, 3.0, 4.0]]))
    dx = nm.hard_swish_backward(np.array([[np.inf, np.nan, -np.inf, np.inf]]), cache)
    assert dx.tolist() == [[0, 0, -np.inf, np.inf]]
