"""The counters run here and now on families' own PyTorch models, and say what our conventions say."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.cost.conventions import totals
from tests.foreign import foreign
from tests.witnesses.counters import COUNTERS

torch = pytest.importorskip("torch")


def torchvision(name: str, **settings: Any) -> Callable[[], Any]:
    return lambda: getattr(foreign("torchvision.models"), name)(**settings)


def timm(name: str) -> Callable[[], Any]:
    return lambda: foreign("timm").create_model(name)


def plain(model: str, family: str) -> Callable[[], Any]:
    """V1 in modules of torch.nn."""

    def made() -> Any:
        from tests.witnesses.torch_v1 import TorchV1

        return TorchV1(model, family, 1.0, 10)

    return made


def ours(model: str, dialect: str, resolution: Any = 64, **settings: Any) -> nm.Plan:
    return nm.plan(model, dialect=dialect, resolution=resolution, **settings)


# how their model is made; what it is to us
MODELS: dict[str, tuple[Callable[[], Any], nm.Plan]] = {
    "torchvision v2": (torchvision("mobilenet_v2"), ours("v2", "torchvision")),
    "torchvision v2 0.35": (
        torchvision("mobilenet_v2", width_mult=0.35, num_classes=7),
        ours("v2", "torchvision", (97, 64), width=0.35, classes=7),
    ),
    "torchvision large": (torchvision("mobilenet_v3_large"), ours("v3-large", "torchvision")),
    "torchvision small 1.3": (
        torchvision("mobilenet_v3_small", width_mult=1.3),
        ours("v3-small", "torchvision", 65, width=1.3),
    ),
    "timm v1": (timm("mobilenetv1_100"), ours("v1", "timm", 224)),
    "timm v1 h": (timm("mobilenetv1_100h"), ours("v1", "timm-h")),
    "timm v2": (timm("mobilenetv2_050"), ours("v2", "timm", 97, width=0.5)),
    "timm large": (timm("mobilenetv3_large_100"), ours("v3-large", "timm")),
    "timm small": (timm("mobilenetv3_small_075"), ours("v3-small", "timm", width=0.75)),
    "timm rw": (timm("mobilenetv3_rw"), ours("v3-large", "timm-rw")),
    "timm tf": (timm("tf_mobilenetv3_large_100"), ours("v3-large", "timm-tf")),
    "timm tf minimal": (
        timm("tf_mobilenetv3_small_minimal_100"),
        ours("v3-small-minimalistic", "timm-tf"),
    ),
    "plain v1": (plain("v1", "paper"), ours("v1", "paper", classes=10)),
    "plain v1 with biases": (plain("v1", "tutorial-a"), ours("v1", "tutorial-a", 32, classes=10)),
    "plain full v1": (plain("v1-full", "keras"), ours("v1-full", "keras", (64, 33), classes=10)),
}


def installed(counter: str) -> None:
    """Skip before a model is made in vain."""
    package = {"ptflops-aten": "ptflops", "torch-flops": "torch"}.get(counter, counter)
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


def said(counter: str, model: Any, resolution: tuple[int, int]) -> tuple[int, int]:
    """What a counter says of a model; what it or torch warns of meanwhile is not our business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return COUNTERS[counter](model.eval(), torch.zeros(1, 3, *resolution))


@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize("name", MODELS)
def test_counter_agrees_with_its_convention(name: str, counter: str) -> None:
    installed(counter)
    make, plan = MODELS[name]
    expected = totals(plan, counter)
    found = said(counter, make(), plan.resolution)
    assert found == (expected.ops, expected.params), counter


@pytest.mark.parametrize("counter", COUNTERS)
def test_activations_of_one_s_own_choice(counter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """V1 with SiLU, which some counters know as a function only."""
    installed(counter)
    from tests.witnesses import torch_v1

    ways = replace(torch_v1.FAMILIES["cifar"], relu=torch.nn.SiLU)
    monkeypatch.setitem(torch_v1.FAMILIES, "own", ways)
    dialect = replace(nm.CIFAR, name="own", activation="swish")
    expected = totals(nm.plan("v1", dialect=dialect), counter)
    found = said(counter, torch_v1.TorchV1("v1", "own", 1.0, 10), (32, 32))
    assert found == (expected.ops, expected.params)
