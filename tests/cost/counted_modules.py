"""Small PyTorch modules to be counted, and a count held against PyTorch's own sum of parameters."""

from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.cost.torch_count import ModuleCost

torch = pytest.importorskip("torch")
nn = torch.nn
IMAGE = torch.zeros(1, 3, 5, 5)
CONV = 25 * 3 * 8 * 9  # MACs of `conv()` on IMAGE


def conv(channels: int = 3) -> Any:
    return nn.Conv2d(channels, 8, 3, padding=1)


class Calls(nn.Module):
    """Runs a function of its parts."""

    def __init__(self, run: Any, **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.run = run

    def forward(self, *inputs: Any, **keywords: Any) -> Any:
        return self.run(self, *inputs, **keywords)


def counted(module: Any, *inputs: Any, **keywords: Any) -> ModuleCost:
    """A count whose parameters are PyTorch's, in sum and in what is printed and written."""
    found = nm.count_module(module, inputs, keywords)
    parameters = sum(p.numel() for p in module.parameters())
    rows = [layer.params for layer in found.layers]
    assert sum(row.trainable for row in rows) == found.params.trainable == parameters
    assert f"{parameters:,} parameters" in str(found)
    document = found.to_json()
    assert document["params"]["trainable"] == parameters
    assert document["params"]["total"] == found.params.total
    return found


def listed(found: ModuleCost) -> list[tuple[str, str, int]]:
    return [(x.name, x.type, x.params) for x in found.unknown]
