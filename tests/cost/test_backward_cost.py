"""Backward passes and training steps, counted; beside what PyTorch's own counter says of them."""

import warnings
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm
from npmobilenet.cli import main
from npmobilenet.cost import Tally, tally_array
from npmobilenet.cost.backward import (
    optimizer_numbers,
    torch_flop_counter_backward,
    training_cost,
)
from npmobilenet.models.layers import Conv, Depthwise
from npmobilenet.training.optimizers import OPTIMIZERS
from tests.foreign import foreign

# PyTorch 2.13's torch.utils.flop_counter, forward and backward of two images of 224 x 224
COUNTER = [
    ("v1", "timm", 23_821_602_816),
    ("v2", "torchvision", 24_559_401_984),
    ("v3-large", "torchvision", 23_554_418_688),
    ("v3-small", "torchvision", 7_805_437_440),
]


@pytest.mark.parametrize(("model", "dialect", "reported"), COUNTER)
def test_torch_s_totals_by_its_own_rule(model: str, dialect: str, reported: int) -> None:
    """Its rule over our plan gives its total, to the last flop; the right total is far below."""
    plan = nm.plan(model, dialect=dialect)
    right = training_cost(plan)
    forward = 2 * 2 * right.forward
    assert forward + torch_flop_counter_backward(plan, batch=2) == reported
    assert 2 * right.flops < reported / 3


def test_the_right_total() -> None:
    """Thrice the forward MACs but for the gradient of the picture, which the stem need not give."""
    plan = nm.plan("v1", dialect="timm")
    found = training_cost(plan)
    assert found.forward == 568_740_352
    assert found.step == 3 * 568_740_352 - plan["stem"].macs
    assert 2 * found.flops == 6_781_532_160  # two images
    assert training_cost(plan, image_gradient=True).step == 3 * 568_740_352


def test_each_depthwise_gradient_is_counted_m_times_by_torch() -> None:
    """All that is too much is one gradient of each depthwise layer, M - 1 times over."""
    plan = nm.plan("v2", dialect="torchvision")
    excess = sum(
        (layer.input[-1] - 1) * layer.macs for layer in plan.layers if layer.kind == "depthwise"
    )
    found = training_cost(plan)
    assert torch_flop_counter_backward(plan) == 2 * (found.backward + excess)


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("kind", [Conv, Depthwise])
def test_loops_execute_what_is_counted(kind: Any, wanted: bool) -> None:
    """Each gradient of a strided, padded convolution costs its forward MACs, by execution."""
    base = {"name": "x", "inputs": ("image",), "input": (6, 5, 3), "stride": (2, 1)}
    layer = kind(**base, **({"filters": 4} if kind is Conv else {}))
    operator = nm.conv2d if kind is Conv else nm.depthwise_conv2d
    backward = nm.conv2d_backward if kind is Conv else nm.depthwise_conv2d_backward
    tally = Tally()
    x, w = tally_array(tally, (1, 6, 5, 3)), tally_array(tally, layer.arrays["weight"])
    y, cache = operator(x, w, stride=(2, 1), rung="loops")
    tally.multiplications = 0
    backward(tally_array(tally, y.shape), cache, input_gradient=wanted)
    plan = nm.Plan(
        model="one", width=1.0, resolution=(6, 5), channels=3, classes=1, dialect=nm.PAPER,
        divisor=8, include_top=False, layers=(layer,),
    )  # fmt: skip
    assert training_cost(plan, image_gradient=wanted).backward == tally.multiplications


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_optimizer_state(optimizer: str) -> None:
    """As many numbers as this project's optimisers really keep, their step counter apart."""
    plan = nm.plan("v3-small", width=0.35, resolution=32, classes=3)
    params = nm.init(plan, 0)
    trained = {name: params[name] for name in plan.parameters}
    state = OPTIMIZERS[optimizer]().init(trained)
    kept = sum(value.size for name, value in state.items() if name != "steps")
    assert kept == optimizer_numbers(plan, optimizer)
    assert optimizer_numbers(plan, "plain") == 0
    with pytest.raises(ValueError, match=r"one of plain, sgd, adam, found 'lion'"):
        optimizer_numbers(plan, "lion")


def live_count(module: Any, resolution: int, batch: int) -> int:
    """What torch.utils.flop_counter says of a forward and backward pass."""
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    x = torch.from_numpy(np.zeros((batch, 3, resolution, resolution), np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with FlopCounterMode(display=False) as counter:
            module(x).sum().backward()
    return int(counter.get_total_flops())


@pytest.mark.parametrize("model", ["v1", "v1-full"])
def test_torch_s_counter_live(model: str) -> None:
    """The counter itself, run on a network of plain torch.nn modules."""
    pytest.importorskip("torch")
    from tests.witnesses.torch_v1 import TorchV1

    plan = nm.plan(model, width=0.5, resolution=64, classes=10)
    found = live_count(TorchV1(model, "paper", 0.5, 10), 64, 2)
    forward = 4 * training_cost(plan).forward
    assert found == forward + torch_flop_counter_backward(plan, batch=2)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("v2", "mobilenet_v2"),
        ("v3-large", "mobilenet_v3_large"),
        ("v3-small", "mobilenet_v3_small"),
    ],
)
def test_torch_s_counter_live_on_torchvision(model: str, name: str) -> None:
    """And on torchvision's own models, squeeze-and-excite written as 1x1 convolutions."""
    module = getattr(foreign("torchvision.models"), name)(weights=None)
    plan = nm.plan(model, dialect="torchvision", resolution=96)
    forward = 4 * training_cost(plan).forward
    assert live_count(module, 96, 2) == forward + torch_flop_counter_backward(plan, batch=2)


def test_table_and_json(capsys: Any) -> None:
    """Both say both totals; the layers add up."""
    found = training_cost(nm.plan("v1", dialect="timm"))
    text = " ".join(str(found).split())
    assert "3,390,766,080 flops" in text
    assert "says 11,910,801,408 flops, 3.51 times as many" in text
    assert main(["cost", "v1", "--dialect", "timm", "--training", "--csv"]) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["layer", "type", "forward", "gradient of input", "of weights", "step"]
    assert sum(int(row[-1]) for row in rows[1:-1]) == int(rows[-1][-1]) == found.step
    document = found.to_json()
    assert document["step"] == sum(
        x["forward"] + x["input_gradient"] + x["weight_gradient"] for x in document["layers"]
    )
    assert document["flops"] == 2 * document["step"]
