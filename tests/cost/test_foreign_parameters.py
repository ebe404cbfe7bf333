"""Every parameter once, whatever holds it: PyTorch's own sum over `module.parameters()`."""

import warnings
from typing import Any

import pytest

from tests.cost.counted_modules import CONV, IMAGE, Calls, conv, counted

torch = pytest.importorskip("torch")
nn = torch.nn


def tied() -> Any:
    module = Calls(lambda m, x: m.b(m.a(x)), a=conv(8), b=conv(8))
    module.b.weight = module.a.weight
    return module


def reused() -> Any:
    a = conv(8)
    return Calls(lambda m, x: m.again(m.a(x)), a=a, again=nn.Sequential(a))


@pytest.mark.parametrize("make", [tied, reused])
def test_shared_weights_are_there_once_and_work_twice(make: Any) -> None:
    found = counted(make(), torch.zeros(1, 8, 5, 5))
    assert found.macs == 2 * 25 * 8 * 8 * 9
    assert found.params.weights == 8 * 8 * 9
    assert found.complete


def test_a_decoder_tied_to_its_embedding() -> None:
    """A table of words is looked up: no product; its transpose makes them all."""
    module = nn.Sequential(nn.Embedding(50, 6, max_norm=0.1), nn.Linear(6, 50, bias=False))
    module[1].weight = module[0].weight
    before = module[0].weight.clone()
    found = counted(module, torch.zeros(1, 4, dtype=torch.long))
    assert torch.equal(module[0].weight, before)  # which looking words up would shorten
    assert (found.macs, found.params.weights, found.complete) == (4 * 6 * 50, 300, True)


def test_parameters_of_a_parent_and_in_lists_are_its_own() -> None:
    """A positional embedding beside the layers, lists, dicts, and what is frozen; buffers are none."""
    module = Calls(
        lambda m, x: m.conv(x) + m.place + m.many[0] + m.named["a"],
        conv=conv(),
        place=nn.Parameter(torch.zeros(8, 5, 5), requires_grad=False),
        many=nn.ParameterList([torch.zeros(1), torch.zeros(2)]),
        named=nn.ParameterDict({"a": nn.Parameter(torch.zeros(1))}),
    )
    module.register_buffer("grid", torch.zeros(1).expand(100))  # which cannot be written
    found = counted(module, IMAGE)
    assert {x.name: x.params.total for x in found.layers}["(itself)"] == 200 + 3 + 1
    assert (found.macs, found.complete) == (CONV, True)


def reparametrised() -> dict[str, Any]:
    """A convolution whose weight is computed from others, in each of PyTorch's ways."""
    from torch.nn.utils import prune

    new, old = nn.utils.parametrizations, nn.utils
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old ways are deprecated, and still about
        found = {
            "weight_norm": new.weight_norm(conv()),
            "spectral_norm": new.spectral_norm(conv()),
            "orthogonal": new.orthogonal(conv()),
            "own": conv(),
            "both": new.weight_norm(new.spectral_norm(conv()), name="bias", dim=None),
            "old_weight_norm": old.weight_norm(conv()),
            "old_spectral_norm": old.spectral_norm(conv()),
            "pruned": prune.l1_unstructured(conv(), "weight", 0.5),
        }
    old.parametrize.register_parametrization(found["own"], "weight", nn.Hardtanh())
    return found


REPARAMETRISED = reparametrised()


@pytest.mark.parametrize("name", REPARAMETRISED)
def test_reparametrised_layers_are_whole(name: str) -> None:
    """One layer with all that its weight is made of, and nothing of that apart; all stays as it was."""
    module = nn.Sequential(REPARAMETRISED[name], nn.ReLU())
    before = {key: value.clone() for key, value in module.state_dict().items()}
    found = counted(module, IMAGE)
    assert [layer.name for layer in found.layers if layer.params.total] == ["0"]
    assert (found.macs, found.complete) == (CONV, True)
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
