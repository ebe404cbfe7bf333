"""One product, written in every way that PyTorch has: it is counted once, and nothing else is."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cost.counted_modules import Calls, counted

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional


class Product(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Any, weight: Any) -> Any:
        return x @ weight

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        raise NotImplementedError


# (2, 4) by the weight (3, 4) of `m.dense`, whose bias some leave out
WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "module": lambda m, x: m.dense(x),
    "function": lambda m, x: F.linear(x, m.dense.weight),
    "operator": lambda m, x: x @ m.dense.weight.T,
    "the other way round": lambda m, x: m.dense.weight @ x.T,
    "method": lambda m, x: x.matmul(m.dense.weight.mT),
    "mm": lambda m, x: torch.mm(x, m.dense.weight.t()),
    "addmm": lambda m, x: torch.addmm(m.dense.bias, x, m.dense.weight.t()),
    "bmm": lambda m, x: torch.bmm(x[None], m.dense.weight.T[None]),
    "einsum": lambda m, x: torch.einsum("ni,oi->no", x, m.dense.weight),
    "tensordot": lambda m, x: torch.tensordot(x, m.dense.weight, dims=([1], [1])),
    "vmap": lambda m, x: torch.vmap(m.dense)(x),
    "row by row": lambda m, x: torch.stack([torch.mv(m.dense.weight, row) for row in x]),
    "convolution": lambda m, x: F.conv1d(x[:, :, None], m.dense.weight[:, :, None]),
    "a function of one's own": lambda m, x: Product.apply(x, m.dense.weight.T),
    "functional call": lambda m, x: torch.func.functional_call(
        m.dense, {"weight": m.dense.weight * 2}, (x,)
    ),
    "checkpoint": lambda m, x: torch.utils.checkpoint.checkpoint(m.dense, x, use_reentrant=False),
}


@pytest.mark.parametrize("name", WAYS)
def test_one_product(name: str) -> None:
    found = counted(Calls(WAYS[name], dense=nn.Linear(4, 3)), torch.zeros(2, 4))
    assert (found.macs, found.complete) == (2 * 4 * 3, True)


def test_on_no_device() -> None:
    """Shapes alone, without memory: a network larger than the machine."""
    with torch.device("meta"):
        module, image = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), torch.zeros(1, 3, 5, 5)
    assert counted(module, image).macs == 9 * 8 * 27


def test_what_a_hook_multiplies() -> None:
    """Of a container and of a known part: after it has done its own."""
    for module in (nn.Sequential(nn.Linear(4, 4)), nn.Linear(4, 4)):
        module.register_forward_hook(lambda m, x, y: y @ torch.ones(4, 4))
        found = counted(nn.Sequential(module), torch.zeros(2, 4))
        assert (found.macs, found.complete) == (2 * 2 * 4 * 4, True)


@pytest.mark.parametrize(
    ("run", "operator"),
    [
        (lambda m, x: torch.linalg.inv(x), "linalg_inv_ex"),
        (lambda m, x: torch.fft.rfft(x), "_fft_r2c"),
        (lambda m, x: torch.cdist(torch.ones(30, 4), x), "_euclidean_dist"),
        (lambda m, x: torch.sparse.mm(x.to_sparse(), x), "_sparse_addmm"),
        (lambda m, x: x + len(x.tolist()), "tolist"),
    ],
)
def test_what_is_not_counted_is_named(run: Any, operator: str) -> None:
    found = counted(Calls(run), torch.eye(4))
    assert operator in {x.name for x in found.unknown}
    assert not found.complete
