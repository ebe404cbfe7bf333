"""State dicts of the tutorials' own PyTorch networks, written again here in other words, come in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npmobilenet as nm

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")

OUT = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
STRIDE = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


class Flowers(torch.nn.Module):
    """Blocks that keep the resolution, biases, no normalisation, one ReLU a block."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 32, 3, 2, 1)
        before = 32
        for number, out in enumerate(OUT, start=1):
            block = torch.nn.Module()
            block.depthwise_conv = torch.nn.Conv2d(before, before, 3, 1, 1, groups=before)
            block.pointwise_conv = torch.nn.Conv2d(before, out, 1)
            setattr(self, f"dw_separable_conv{number}", block)
            before = out
        self.fc = torch.nn.Linear(before, classes)

    def forward(self, x: Any) -> Any:
        x = self.conv1(x).relu()
        for number in range(1, 14):
            block = getattr(self, f"dw_separable_conv{number}")
            x = block.pointwise_conv(block.depthwise_conv(x)).relu()
        return self.fc(x.mean((2, 3)))


class Cifar(torch.nn.Module):
    """Stem of stride 1, normalised and rectified twice a block, average over the last 2 x 2."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 32, 3, 1, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(32)
        self.layers = torch.nn.Sequential()
        before = 32
        for out, stride in zip(OUT, STRIDE, strict=True):
            block = torch.nn.Module()
            block.conv1 = torch.nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False)
            block.bn1 = torch.nn.BatchNorm2d(before)
            block.conv2 = torch.nn.Conv2d(before, out, 1, bias=False)
            block.bn2 = torch.nn.BatchNorm2d(out)
            self.layers.append(block)
            before = out
        self.linear = torch.nn.Linear(before, classes)

    def forward(self, x: Any) -> Any:
        x = self.bn1(self.conv1(x)).relu()
        for block in self.layers:
            x = block.bn1(block.conv1(x)).relu()
            x = block.bn2(block.conv2(x)).relu()
        return self.linear(torch.nn.functional.avg_pool2d(x, 2).flatten(1))


@pytest.mark.parametrize(
    ("family", "network", "size"), [("tutorial-a", Flowers, 16), ("tutorial-d", Cifar, 32)]
)
def test_a_tutorials_state_dict_computes_the_same(
    family: str, network: Any, size: int, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    theirs = network(5).double()
    for name, value in theirs.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif value.dtype.is_floating_point:
            value.mul_(2)  # without normalisation the fresh network's signal all but dies out
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    model = nm.import_weights(tmp_path / "theirs.pth", family, resolution=(size, size)).model
    assert (model.plan.model, model.plan.classes) == ("v1", 5)
    assert model.plan.dialect.name == family
    x = np.random.default_rng(0).standard_normal((2, size, size, 3))
    wanted = theirs.eval()(torch.tensor(x.transpose(0, 3, 1, 2).copy())).detach().numpy()
    found = nm.infer(model.plan, model.params, x)
    assert np.abs(found - wanted).max() <= 1e-9 * np.abs(wanted).max()
    back = tmp_path / "back.pth"
    nm.export_weights(model.plan, model.params, back, family)
    theirs.load_state_dict(torch.load(back, weights_only=True))


def test_class_indices_of_the_flowers_tutorial_name_the_classes(tmp_path: Path) -> None:
    from npmobilenet.names import read_class_names

    path = tmp_path / "class_indices.json"
    path.write_text('{"0": "daisy", "1": "dandelion", "2": "roses"}', encoding="utf-8")
    assert read_class_names(path) == ("daisy", "dandelion", "roses")
