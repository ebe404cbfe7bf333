"""A module of somebody else's, counted: the plan's own numbers, and nothing silently zero."""

import warnings
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.cost.torch_count import ModuleCost, count_module
from tests.foreign import foreign

torch = pytest.importorskip("torch")
nn = torch.nn


def count(module: Any, size: tuple[int, int] = (64, 64), batch: int = 1) -> ModuleCost:
    return count_module(module, torch.zeros(batch, 3, *size))


def same(found: ModuleCost, plan: nm.Plan, unknown: tuple[str, ...] = ()) -> None:
    """MACs and all parts of the parameters are the plan's, and only `unknown` was not understood."""
    counted = nm.cost(plan)
    assert found.macs == counted.macs
    assert found.params == counted.params
    assert {x.type for x in found.unknown} <= set(unknown), str(found)
    assert not any(x.params for x in found.unknown)
    assert not found.unused


@pytest.mark.parametrize("model", ["v1", "v1-full", "v1-shallow"])
@pytest.mark.parametrize("family", ["paper", "keras", "timm", "tutorial-a", "cifar"])
def test_v1_twins(model: str, family: str) -> None:
    """Plain modules from the paper's table, in the ways of several families."""
    from tests.witnesses.torch_v1 import TorchV1

    plan = nm.plan(model, dialect=family, width=0.5, resolution=(64, 57), classes=7)
    # the twin's dropout and SAME padding are classes of its own, and so they are named
    same(count(TorchV1(model, family, 0.5, 7), (64, 57)), plan, ("SharedDropout", "SamePad"))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("v2", "mobilenet_v2"),
        ("v3-large", "mobilenet_v3_large"),
        ("v3-small", "mobilenet_v3_small"),
    ],
)
def test_torchvision(model: str, name: str) -> None:
    """torchvision's models; their squeeze-and-excite is made of 1x1 convolutions."""
    module = getattr(foreign("torchvision.models"), name)(weights=None)
    same(count(module, (96, 96)), nm.plan(model, dialect="torchvision", resolution=96))


@pytest.mark.parametrize(
    ("model", "dialect", "name"),
    [
        ("v1", "timm", "mobilenetv1_100"),
        ("v2", "timm", "mobilenetv2_050"),
        ("v3-large", "timm-tf", "tf_mobilenetv3_large_075"),
        ("v3-small", "timm", "mobilenetv3_small_100"),
    ],
)
def test_timm(model: str, dialect: str, name: str) -> None:
    """timm's, with classes of its own for padding and normalisation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = foreign("timm").create_model(name)
    width = int(name.split("_")[-1]) / 100
    plan = nm.plan(model, dialect=dialect, width=width, resolution=96)
    same(count(module, (96, 96)), plan)


@pytest.mark.parametrize("groups", [1, 2, 4, 8])
def test_groups(groups: int) -> None:
    """K·K·(M/g)·N·pixels; a batch of three costs three times as much."""
    layer = nn.Conv2d(8, 16, 3, groups=groups, padding=1, bias=False)
    found = count_module(layer, torch.zeros(3, 8, 5, 6))
    assert found.macs == 3 * 3 * 3 * (8 // groups) * 16 * 5 * 6
    assert found.params.weights == 9 * (8 // groups) * 16


class Gate(nn.Module):
    """Parameters of its own, and children."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(5))
        self.conv = nn.Conv2d(3, 5, 1)

    def forward(self, x: Any) -> Any:
        return self.conv(x) * self.factor[:, None, None]


def test_parameters_of_a_module_s_own_are_a_row_of_its_own() -> None:
    """Around a known one; and a transposed convolution: each pixel meets all of its filter."""
    found = count(nn.Sequential(Gate(), nn.ConvTranspose2d(5, 2, 3)))
    rows = {x.name: (x.type, x.macs, x.params.total) for x in found.layers}
    assert rows == {
        "0": ("gate", 0, 5),
        "0.conv": ("pointwise", 3 * 5 * 64 * 64, 3 * 5 + 5),
        "1": ("transposed conv", 64 * 64 * 5 * 2 * 9, 5 * 2 * 9 + 2),
    }
    assert found.complete


def test_operators_of_which_nothing_is_known_are_listed() -> None:
    """Somebody's own, and PyTorch's own that is no convolution and no product of matrices."""
    from torch import library

    library.define("ours::twice", "(Tensor x) -> Tensor")
    library.impl("ours::twice", "CPU", lambda x: x * 2)
    found = count(nn.Sequential(Own(lambda x: torch.ops.ours.twice(x)), nn.Conv2d(3, 1, 1)))
    assert [(x.name, x.type, x.calls) for x in found.unknown] == [("ours::twice", "function", 1)]
    assert not found.complete
    assert "NOT COUNTED: ours::twice (function), 1 calls" in str(found)
    assert found.to_json()["unknown"][0]["name"] == "ours::twice"
    found = count(Own(torch.fft.rfft2))
    assert [x.name for x in found.unknown] == ["_fft_r2c"]


def test_what_leaves_pytorch_is_listed() -> None:
    """NumPy's products cannot be seen, so it is said that there may be some."""
    found = count(Own(lambda x: torch.from_numpy(x.numpy() * 2)))
    assert "numpy" in {x.name for x in found.unknown}


class Own(nn.Module):
    """Runs a function."""

    def __init__(self, run: Any) -> None:
        super().__init__()
        self.run = run

    def forward(self, x: Any) -> Any:
        return self.run(x)


class Functional(nn.Module):
    """Products that no module makes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.spare = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        y = nn.functional.conv2d(x, self.conv.weight).mean((2, 3)) + 1
        return y @ y.T


def test_functions_that_multiply_are_counted() -> None:
    """F.conv2d and @ have no module; a module whose weight is used elsewhere is not called unused."""
    found = count(Functional())
    rows = {x.name: (x.type, x.macs) for x in found.layers if x.macs}
    assert rows == {"conv2d": ("conv", 62 * 62 * 4 * 3 * 9), "matmul": ("matrix product", 4)}
    assert (found.unknown, found.unused) == ((), ("spare",))
    assert "NOT RUN: spare" in str(found)


def test_a_module_called_twice_has_its_parameters_once() -> None:
    """The MACs of both calls."""
    conv = nn.Conv2d(3, 3, 1, bias=False)
    found = count(nn.Sequential(conv, nn.ReLU(), conv))
    assert found.macs == 2 * 9 * 64 * 64
    assert found.params.weights == 9


def test_the_module_is_left_as_it_was() -> None:
    """Training mode of each part, statistics and hooks; also when it raises."""
    module = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2).eval())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    count(module)
    with pytest.raises(RuntimeError):
        count_module(module, torch.zeros(1, 7, 4, 4))
    assert [part.training for part in module] == [True, True, False]
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module)
    assert count(module).macs == 6 * 64 * 64


def test_refuses_what_is_no_module() -> None:
    with pytest.raises(TypeError, match=r"expected a torch\.nn\.Module, found dict"):
        count_module({}, torch.zeros(1))
