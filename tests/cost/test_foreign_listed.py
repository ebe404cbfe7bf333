"""What is not counted is listed: attention, and what a subclass does besides."""

from typing import Any

import pytest

from tests.cost.counted_modules import CONV, IMAGE, Calls, counted, listed

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional


def test_attention_is_listed_with_all_its_parameters() -> None:
    """Its output projection is used without being called, and is its own all the same."""
    attention = nn.MultiheadAttention(16, 4, batch_first=True)
    x = torch.zeros(2, 7, 16)
    found = counted(Calls(lambda m, x: m.attention(x, x, value=x), attention=attention), x)
    assert listed(found) == [("attention", "MultiheadAttention", 4 * 16 * 16 + 4 * 16)]
    assert (found.macs, found.unused, found.complete) == (0, (), False)


def test_an_encoder_in_spite_of_its_fast_path() -> None:
    """In evaluation PyTorch would pass its parts by; the dense layers count, attention is listed."""
    fast, seen = torch.backends.mha.get_fastpath_enabled, []
    look = Calls(lambda m, x: seen.append(fast()) or x)
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    found = counted(nn.Sequential(look, nn.TransformerEncoder(layer, 2)), torch.zeros(2, 7, 16))
    assert found.macs == 2 * 2 * 7 * (16 * 32 + 32 * 16)
    assert [x.type for x in found.unknown] == ["Calls"] + ["MultiheadAttention"] * 2
    assert (seen, fast()) == ([False], True)


def test_what_a_subclass_does_besides_is_listed() -> None:
    """A convolution of another class's own is one; a dense layer with more inside has more listed."""

    class Low(nn.Linear):
        def __init__(self) -> None:
            super().__init__(6, 4)
            self.down, self.up = nn.Linear(6, 2, bias=False), nn.Parameter(torch.zeros(2, 4))

        def forward(self, x: Any) -> Any:
            return super().forward(x) + self.down(x) @ self.up

    class Standardised(nn.Conv2d):
        def forward(self, x: Any) -> Any:
            return F.conv2d(x, self.weight - self.weight.mean(), self.bias, padding=1)

    class Unused(nn.Linear):
        def forward(self, x: Any) -> Any:
            return x

    found = counted(Low(), torch.zeros(3, 6))
    assert (found.macs, listed(found)) == (3 * (24 + 12), [("matmul", "function", 0)])
    found = counted(Standardised(3, 8, 3), IMAGE)
    assert (found.macs, found.complete) == (CONV, True)
    found = counted(Unused(6, 4), torch.zeros(3, 6))
    assert (found.macs, found.complete) == (0, True)
