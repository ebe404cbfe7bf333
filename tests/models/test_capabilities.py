"""The table of who handles which kind of layer: made anew, and every cell of it tried."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cost.backward import training_cost
from npmobilenet.cost.memory import memory_cost
from npmobilenet.cost.operations import operations
from npmobilenet.engine import handled
from npmobilenet.explorer.layers import described
from npmobilenet.models.capabilities import refusal, require
from npmobilenet.models.capability_table import CONSUMERS, page, samples
from npmobilenet.models.layers import (
    KINDS,
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    GroupedConv,
    Layer,
    Pointwise,
    Scale,
)
from npmobilenet.predicting.predictor import predictor
from npmobilenet.training.compiled_step import taker
from npmobilenet.training.optimizers import Sgd
from npmobilenet.training.step import Step
from npmobilenet.verify import OPERATORS
from npmobilenet.weights.layout import from_keras, from_torch, to_keras, to_torch
from npmobilenet.weights.preprocessing import preprocessing_of

ROOT = Path(__file__).parents[2]
ROWS = samples()


def test_the_page_is_of_this_code() -> None:
    assert (ROOT / "docs/capabilities.md").read_text(encoding="utf-8") == page()


def test_every_kind_has_a_row() -> None:
    assert {type(layer) for layer in ROWS.values()} - {Layer} == {*KINDS}


def tiny(row: str) -> nm.Plan:
    """A stem, the layer of that row where its kind mostly stands, a pooling and a classifier."""
    layers: list[Layer] = []

    def add(kind: type[Layer], name: str, *inputs: str, **fields: Any) -> None:
        made = {layer.name: layer.output for layer in layers}
        inputs = inputs or (layers[-1].name if layers else "image",)
        layers.append(
            kind(name=name, inputs=inputs, input=made.get(inputs[0], (9, 9, 3)), **fields)
        )

    add(Conv, "stem", filters=8, stride=(2, 2))
    add(BatchNorm, "stem_norm", eps=1e-3, momentum=0.1)
    asked = ROWS[row]
    match asked:
        case BatchNorm():  # the first one is of the stem, and folded; this one stands alone
            add(Pointwise, "y", filters=8)
            add(BatchNorm, "x", eps=1e-3, momentum=0.1)
        case Activation():
            add(Activation, "x", function=asked.function)
        case Add():
            add(Depthwise, "d")
            add(Pointwise, "y", filters=8)
            add(Add, "x", "stem_norm", "y")
        case Scale():
            add(Depthwise, "y")
            add(GlobalAveragePool, "mean")
            add(Dense, "excite", units=8)
            add(Activation, "gate", function="hard_sigmoid")
            add(Scale, "x", "y", "gate")
            add(Pointwise, "z", filters=8)
        case Conv():
            add(type(asked), "x", filters=8)
        case GroupedConv():
            add(GroupedConv, "x", filters=12, groups=4)
        case Depthwise():
            add(Depthwise, "x", stride=(2, 2))
            add(Pointwise, "z", filters=8)
        case Pointwise():
            add(Pointwise, "x", filters=8)
        case Dropout() | GlobalAveragePool() | Dense():
            pass
        case _:
            add(type(asked), "x")
    add(GlobalAveragePool, "pool" if row != "global_pool" else "x")
    if isinstance(asked, Dropout):
        add(Dropout, "x", rate=0.5)
    add(Dense, "classifier" if row != "dense" else "x", units=5)
    plan = nm.plan("v1", resolution=9, classes=5)
    return replace(plan, layers=tuple(layers))


def forward(plan: nm.Plan, params: Any, x: Any, _: Path) -> None:
    rng = np.random.default_rng(0)
    assert np.isfinite(nm.forward(plan, params, x, train=True, rng=rng)[0]).all()


def backward(plan: nm.Plan, params: Any, x: Any, _: Path) -> None:
    rng = np.random.default_rng(0)
    tape = nm.models.network.Tape(plan)
    try:
        tape = nm.forward(plan, params, x, train=True, rng=rng)[1]
    except ValueError:  # refused: so must be what is asked of a tape
        tape |= dict.fromkeys(layer.name for layer in plan)
    grads = nm.backward(plan, np.ones((2, 5), np.float32), tape, image_gradient=True)
    assert list(grads) == [*plan.parameters, "image"]


def infer(plan: nm.Plan, params: Any, x: Any, _: Path) -> None:
    assert nm.infer(plan, params, x).shape == (2, 5)


def quantised(plan: nm.Plan, params: Any, x: Any, _: Path) -> None:
    """A hundredth of the largest logit is what eight bits may cost so small a network."""
    integers = nm.infer(*nm.quantize(plan, params, x), x)
    floats = nm.infer(plan, params, x)
    assert 0 < np.abs(integers - floats).max() < 0.05 * np.abs(floats).max()


def engine(plan: nm.Plan, params: Any, x: Any, _: Path) -> None:
    found = nm.compile(plan, params, batch=2)(x)
    np.testing.assert_allclose(found, nm.infer(plan, params, x), rtol=1e-4, atol=1e-5)


def training_step(plan: nm.Plan, params: Any, x: Any, _: Path) -> None:
    pytest.importorskip("numba")
    step = nm.compile_training(plan, params, 2)
    targets = np.eye(5, dtype=np.float32)[[0, 3]]
    step(x, targets, rng=np.random.default_rng(0))


def cost(plan: nm.Plan, *_: Any) -> None:
    assert nm.cost(plan).macs == sum(layer.macs for layer in plan)
    assert training_cost(plan).forward > 0


def memory(plan: nm.Plan, *_: Any) -> None:
    assert memory_cost(plan).step_peak > 0


def weights(plan: nm.Plan, params: Any, _: Any, folder: Path) -> None:
    """There and back again, as PyTorch and as Keras lay it out."""
    require(CONSUMERS["weights"], plan)
    for layer in plan:
        if "weight" in layer.arrays:
            w = params[f"{layer.name}.weight"]
            assert np.array_equal(from_torch(layer, to_torch(layer, w, False)), w)
            assert np.array_equal(from_keras(layer, to_keras(layer, w, False)), w)


def onnx(plan: nm.Plan, params: Any, x: Any, folder: Path) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    nm.export_onnx(plan, params, folder / "x.onnx", layout="nhwc")
    (found,) = runtime.InferenceSession(folder / "x.onnx").run(None, {"image": x})
    np.testing.assert_allclose(found, nm.infer(plan, params, x), rtol=1e-4, atol=1e-5)


def verify(plan: nm.Plan, *_: Any) -> None:
    """tests/ops/test_operators.py performs the checks themselves, of all there are."""
    require(CONSUMERS["verify"], [plan["x"]])
    assert any(name.split()[0] == plan["x"].operator for name in OPERATORS)


def explorer(plan: nm.Plan, *_: Any) -> None:
    """tests/explorer holds the page's own arithmetic against NumPy's."""
    assert [layer["name"] for layer in described(plan, None)] == [layer.name for layer in plan]


TRIED: dict[str, Callable[..., None]] = {
    "forward": forward,
    "backward": backward,
    "infer": infer,
    "quantised": quantised,
    "engine": engine,
    "training step": training_step,
    "cost": cost,
    "memory": memory,
    "weights": weights,
    "ONNX": onnx,
    "verify": verify,
    "explorer": explorer,
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_cell(consumer: str, row: str, tmp_path: Path) -> None:
    """It works, or raises exactly the sentence of the table."""
    plan = tiny(row)
    params = nm.init(plan, 0)
    x = np.random.default_rng(1).standard_normal((2, 9, 9, 3), np.float32)
    sentence = refusal(CONSUMERS[consumer], plan["x"])
    assert bool(sentence) == bool(refusal(CONSUMERS[consumer], ROWS[row]))
    if not sentence:
        TRIED[consumer](plan, params, x, tmp_path)
        return
    with pytest.raises(ValueError, match=r"^\w+: x is") as caught:
        TRIED[consumer](plan, params, x, tmp_path)
    assert str(caught.value) == sentence
    assert not any(tmp_path.iterdir())


@dataclass(frozen=True, kw_only=True)
class Thin(Conv):
    """Whose filters see half of the channels."""

    @property
    def arrays(self) -> dict[str, tuple[int, ...]]:
        return {"weight": (*self.kernel, self.input[-1] // 2, self.filters)}


def test_a_grouped_convolution_is_known_by_its_weight() -> None:
    layer = Thin(name="x", inputs=("image",), input=(8, 8, 4), filters=4)
    for consumer in CONSUMERS.values():
        assert "x is a grouped convolution of 2 groups" in refusal(consumer, layer)


def test_without_stages_the_plain_step_and_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the compiled ones refuse is learnt and predicted all the same, more slowly."""
    pytest.importorskip("numba")
    monkeypatch.setattr(handled, "COMPILED", ())
    step = Step.of(tiny("relu"), Sgd())
    take, remark = taker(step, 4, 1)
    assert take is step
    assert remark.startswith("compile_training: stem is a layer of kind 'conv': the step has no")
    network = tiny("relu")
    model = nm.Model(
        network, nm.init(network, 0), tuple("abcde"), preprocessing_of("paper", "v1", (9, 9))
    )
    x = np.ones((1, 9, 9, 3), np.float32)
    assert np.array_equal(predictor(model, 1)(x), nm.infer(network, model.params, x))


def test_counters_refuse_too() -> None:
    plan = tiny("your own")
    for count in (operations, training_cost, memory_cost, nm.cost):
        with pytest.raises(ValueError, match=r"x is a layer of kind 'Layer': nobody says"):
            count(plan)


class Sharper(Depthwise):
    """A kind of one's own that is nearly one of ours."""


def test_a_subclass_is_another_kind() -> None:
    layer = Sharper(name="x", inputs=("image",), input=(8, 8, 4))
    who, ours = CONSUMERS["infer"], Depthwise(name="x", inputs=("image",), input=(8, 8, 4))
    assert refusal(who, layer) == "infer: x is a layer of kind 'Sharper': no operator runs it"
    assert refusal(who, ours) == ""
