"""Attention, recurrent layers, and what a subclass does besides: products counted by hand."""

from typing import Any

import pytest

from tests.cost.counted_modules import CONV, IMAGE, Calls, counted

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional


@pytest.mark.parametrize("weights", [True, False])
def test_attention(weights: bool) -> None:
    """Three dense layers, queries with keys, weights with values, one more; in either of its ways."""
    attention = nn.MultiheadAttention(16, 4, batch_first=True)
    x = torch.zeros(2, 7, 16)
    run = Calls(lambda m, x: m.attention(x, x, value=x, need_weights=weights), attention=attention)
    found = counted(run, x)
    (row,) = (x for x in found.layers if x.macs)
    assert (row.name, row.type, row.params.total) == ("attention", "multiheadattention", 1088)
    assert found.macs == 2 * (4 * 7 * 16 * 16 + 2 * 7 * 7 * 16)
    assert found.complete


@pytest.mark.parametrize("fused", [True, False])
def test_attention_by_hand(fused: bool) -> None:
    """As a function, and letter by letter; queries (2, 4, 5, 8), keys (2, 4, 7, 8), values of 6."""

    def run(m: Any, q: Any, k: Any, v: Any) -> Any:
        if fused:
            return F.scaled_dot_product_attention(q, k, v)
        return (q @ k.mT).softmax(-1) @ v

    shapes = ((2, 4, 5, 8), (2, 4, 7, 8), (2, 4, 7, 6))
    found = counted(Calls(run), *map(torch.zeros, shapes))
    assert (found.macs, found.complete) == (2 * 4 * 5 * 7 * (8 + 6), True)


def test_an_encoder_in_spite_of_its_fast_path() -> None:
    """In evaluation PyTorch would pass its parts by."""
    fast, seen = torch.backends.mha.get_fastpath_enabled, []
    look = Calls(lambda m, x: seen.append(fast()) or x)
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    found = counted(nn.Sequential(look, nn.TransformerEncoder(layer, 2)), torch.zeros(2, 7, 16))
    attention = 4 * 7 * 16 * 16 + 2 * 7 * 7 * 16
    assert found.macs == 2 * 2 * (7 * (16 * 32 + 32 * 16) + attention)
    assert (seen, fast(), found.complete) == ([False], True, True)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("both", [False, True])
def test_recurrent_layers(kind: str, both: bool) -> None:
    """Each of 2 x 5 steps meets every weight once; the second layer reads both directions."""
    module = getattr(nn, kind)(6, 4, num_layers=2, bidirectional=both, batch_first=True)
    found = counted(module, torch.zeros(2, 5, 6))
    weights = sum(p.numel() for name, p in module.named_parameters() if "weight" in name)
    assert (found.macs, found.complete) == (2 * 5 * weights, True)
    cell = getattr(nn, f"{kind}Cell")(6, 4)
    weights = cell.weight_ih.numel() + cell.weight_hh.numel()
    assert counted(cell, torch.zeros(2, 6)).macs == 2 * weights


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_and_dilated_convolutions(dimensions: int, groups: int) -> None:
    """Transposed: a filter for each pixel that goes in; dilated: for each that comes out."""
    x = torch.zeros(2, 4, *(5,) * dimensions)
    transposed = getattr(nn, f"ConvTranspose{dimensions}d")(4, 6, 3, stride=2, groups=groups)
    found = counted(transposed, x)
    assert found.macs == 2 * 5**dimensions * 4 * 6 // groups * 3**dimensions
    dilated = getattr(nn, f"Conv{dimensions}d")(4, 6, 2, dilation=3, groups=groups)
    assert counted(dilated, x).macs == 2 * 2**dimensions * 4 * 6 // groups * 2**dimensions


NORMS = {
    "layer": lambda: nn.LayerNorm(5),
    "group": lambda: nn.GroupNorm(2, 4),
    "instance": lambda: nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
    "rms": lambda: nn.RMSNorm(5),
    "batch": lambda: nn.BatchNorm2d(4),
}


@pytest.mark.parametrize("name", NORMS)
def test_norms_have_parameters_and_no_products(name: str) -> None:
    found = counted(NORMS[name](), torch.zeros(2, 4, 5, 5))
    assert (found.macs, found.complete, len(found.layers)) == (0, True, 1)
    assert found.params.weights == found.params.bias == 0


def test_what_a_subclass_does_besides() -> None:
    """A convolution of another class's own is one; a dense layer with more inside has more."""

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
    assert (found.macs, found.complete) == (3 * (24 + 12 + 8), True)
    found = counted(Standardised(3, 8, 3), IMAGE)
    assert (found.macs, found.complete) == (CONV, True)
    found = counted(Unused(6, 4), torch.zeros(3, 6))
    assert (found.macs, found.complete) == (0, True)
