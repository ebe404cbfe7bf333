"""Counters run on what people bring, and our conventions beside them: to the last operation."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.cost.conventions import CONVENTIONS, totals
from npmobilenet.cost.explain import explain
from tests.witnesses.brought_models import OTHERS, TWELVE, UNet, Words
from tests.witnesses.counters import COUNTERS
from tests.witnesses.test_live_counters import installed, said

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional


class Mixed(nn.Module):
    """Much that the twelve do not have, each in the way that people write it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, groups=1, bias=False)
        self.norms = nn.Sequential(
            nn.InstanceNorm2d(8), nn.InstanceNorm2d(8, affine=True), nn.GroupNorm(2, 8, affine=False),
            nn.BatchNorm2d(8, affine=False),
        )  # fmt: skip
        self.acts = nn.Sequential(
            nn.PReLU(), nn.ELU(), nn.LeakyReLU(), nn.GELU(), nn.Tanh(), nn.Softmax(1)
        )
        self.up = nn.Upsample(scale_factor=2)
        self.pools = nn.Sequential(nn.AvgPool2d(2), nn.MaxPool2d(2), nn.AdaptiveMaxPool2d(3))
        self.grouped = nn.Conv2d(8, 4, 3, padding=1, groups=4)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.activation = F.relu  # held since before anybody can patch it
        self.gru, self.rnn = nn.GRU(4, 5, batch_first=True), nn.RNN(5, 3, 2, batch_first=True)
        self.cell = nn.LSTMCell(3, 2)
        self.last = nn.Linear(2, 2, bias=False)

    def forward(self, image: Any) -> Any:
        x = self.acts(self.norms(self.stem(image)))
        x = self.up(x) * 2 + F.interpolate(x, scale_factor=2, mode="bilinear")
        x = self.grouped(self.pools(x)).flatten(2).transpose(1, 2)
        x = x + self.attention(x, x, x)[0]
        x = torch.add(x, self.activation(x)).mul(F.silu(x))
        x = F.layer_norm(x, (4,)) @ torch.ones(4, 4)
        x = torch.matmul(x, torch.ones(4, 4)) + torch.einsum("nij,jk->nik", x, torch.ones(4, 4))
        x = torch.bmm(x, torch.ones(1, 4, 4)) + F.linear(x, torch.ones(4, 4), torch.ones(4))
        return self.last(self.cell(self.rnn(self.gru(x)[0])[0][:, -1])[0]).softmax(-1)


QUICK: dict[str, tuple[Callable[[], Any], int]] = {
    "U-Net": (UNet, 16),
    "LSTM": (Words, 16),
    "mixed": (Mixed, 16),
}
MODELS = TWELVE | OTHERS


@contextmanager
def no_fast_path() -> Iterator[None]:
    """So that a layer of attention is made of parts, and not one that no counter looks into."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def agrees(make: Callable[[], Any], side: int, counter: str) -> None:
    """What a counter says of a model is what its convention says of it, operations and parameters."""
    installed(counter)
    model = made(make)
    found = nm.count(model, torch.zeros(1, 3, side, side))
    assert found.params.trainable == sum(p.numel() for p in model.parameters())
    assert found.complete, found.to_json()["unknown"]
    expected = totals(found.brought, counter)
    with no_fast_path():
        assert said(counter, made(make), (side, side)) == (expected.ops, expected.params)


def made(make: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make().eval()


@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize("name", QUICK)
def test_small_ones(name: str, counter: str) -> None:
    agrees(*QUICK[name], counter)


@pytest.mark.long
@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize("name", MODELS)
def test_twelve_and_more(name: str, counter: str) -> None:
    agrees(*MODELS[name], counter)


@pytest.mark.long
@pytest.mark.parametrize("name", TWELVE)
def test_explanations_of_the_twelve_add_up(name: str) -> None:
    """From every convention to every other; each line is one size of one kind of operation."""
    make, side = TWELVE[name]
    found = nm.count(made(make), torch.zeros(1, 3, side, side))
    for a in CONVENTIONS:
        for b in CONVENTIONS:
            walk = explain(found.brought, a, b)
            assert walk.a.ops + sum(line.difference for line in walk.ops) == walk.b.ops
            assert walk.a.params + sum(line.difference for line in walk.params) == walk.b.params


def test_the_fast_path_hides_an_encoder_from_pytorch_s_counter() -> None:
    """Without gradients PyTorch runs a whole encoder layer as one operator, which has no rule."""
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True).eval()
    found = nm.count(layer, torch.zeros(1, 5, 16))
    expected = totals(found.brought, "torch-flops").ops
    with warnings.catch_warnings(), no_fast_path():
        warnings.simplefilter("ignore")
        parts = COUNTERS["torch-flops"](layer, torch.zeros(1, 5, 16))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fast = COUNTERS["torch-flops"](layer, torch.zeros(1, 5, 16))[0]
    assert (parts, fast) == (expected, 0)
