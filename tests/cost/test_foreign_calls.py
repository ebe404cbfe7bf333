"""Every call counted, however it is made and through every wrapper: products counted by hand."""

import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from npmobilenet.cost.torch_count import count_module
from tests.cost.counted_modules import CONV, IMAGE, Calls, conv, counted, listed

torch = pytest.importorskip("torch")
nn = torch.nn


@dataclass
class Result:
    image: Any
    hidden: Any = None


def nothing(_: Any) -> None:
    return None


CALLS: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {
    "keyword": (lambda m, x: m.act(input=m.conv(input=x)), (IMAGE,), {}),
    "keyword only": (
        lambda m, *, pixels, scale: m.conv(pixels) * scale,
        (),
        {"pixels": IMAGE, "scale": 2},
    ),
    "both": (lambda m, x, *, twice: m.conv(x) + twice, (IMAGE,), {"twice": 1}),
    "dict in": (lambda m, batch: m.conv(batch["x"]), ({"x": IMAGE},), {}),
    "list in": (lambda m, images: m.conv(images[1]), ([None, IMAGE],), {}),
    "tuple out": (lambda m, x: (m.conv(x), None), (IMAGE,), {}),
    "dict out": (lambda m, x: {"y": m.conv(x)}, (IMAGE,), {}),
    "dataclass out": (lambda m, x: Result(m.conv(x)), (IMAGE,), {}),
    "none out": (lambda m, x: nothing(m.conv(x)), (IMAGE,), {}),
    "unbatched": (lambda m, x: m.conv(x), (IMAGE[0],), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_of_any_shape(name: str) -> None:
    run, inputs, keywords = CALLS[name]
    found = counted(Calls(run, conv=conv(), act=nn.ReLU()), *inputs, **keywords)
    assert (found.macs, found.complete) == (CONV, True)
    assert found.layers[0].input[-3:] == (3, 5, 5)
    assert found.layers[0].output[-3:] == (8, 5, 5)


def test_a_dict_as_example_is_keywords() -> None:
    module = Calls(lambda m, *, x: m.conv(x), conv=conv())
    assert count_module(module, {"x": IMAGE}).macs == CONV
    assert count_module(conv(), IMAGE).macs == CONV


def test_parts_without_inputs_and_without_outputs() -> None:
    """A learnt vector that is asked for is a row with its parameters; a part that only looks is none."""
    vector = Calls(lambda m: m.v, v=nn.Parameter(torch.zeros(8, 1, 1)))
    module = Calls(
        lambda m, x: nothing(m.look(x)) or m.conv(x) + m.vector(),
        conv=conv(), vector=vector, look=Calls(lambda m, x: None),
    )  # fmt: skip
    found = counted(module, IMAGE)
    (vector,) = (row for row in found.layers if row.name == "vector")
    assert (vector.type, vector.macs, vector.params.total) == ("calls", 0, 8)
    assert (found.macs, found.complete) == (CONV, True)


def test_a_failure_that_the_module_survives() -> None:
    """What it does afterwards is watched as before."""

    def run(m: Any, x: Any) -> Any:
        with suppress(RuntimeError):
            m.conv(x[:, :2])
        return m.conv(x).flatten(1) @ torch.zeros(200, 1)

    found = counted(Calls(run, conv=conv()), IMAGE)
    assert (found.macs, listed(found)) == (CONV + 200, [])


def test_wrappers_are_looked_through() -> None:
    """One for several devices, one that keeps the original as torch.compile does."""
    plain = nn.Sequential(conv(), nn.ReLU())
    compiled = Calls(lambda m, x: None, _orig_mod=plain)
    for module in (nn.DataParallel(plain), compiled, nn.DataParallel(compiled)):
        found = counted(module, IMAGE)
        assert (found.macs, found.layers[0].name) == (CONV, "0")


@pytest.mark.long  # importing what compiles takes seconds
def test_compiled_modules_are_looked_through() -> None:
    """As a whole, in part, or in place; nothing is compiled for it."""
    plain = nn.Sequential(conv(), nn.ReLU())
    whole, part = (torch.compile(module, backend="eager") for module in (plain, plain[0]))
    for module in (whole, nn.Sequential(part, plain[1])):
        found = counted(module, IMAGE)
        assert (found.macs, found.complete) == (CONV, True)
    plain[0].compile(backend="eager")
    assert counted(plain, IMAGE).macs == CONV


def test_scripted_parts_are_refused() -> None:
    """They run as one thing that nobody can look into."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(nn.Sequential(conv(8), nn.ReLU()))
    with pytest.raises(ValueError, match=r"^count: 1 \(RecursiveScriptModule\) is TorchScript"):
        count_module(nn.Sequential(conv(), scripted), IMAGE)
    with pytest.raises(ValueError, match=r"^count: \(itself\) \(RecursiveScriptModule\) is"):
        count_module(scripted, IMAGE)


def test_lazy_modules_are_refused_until_they_know_their_shapes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = nn.Sequential(nn.LazyConv2d(8, 3, padding=1), nn.ReLU())
    with pytest.raises(ValueError, match=r"^count: 0 \(LazyConv2d\) takes its shape from"):
        count_module(module, IMAGE)
    module(IMAGE)
    assert counted(module, IMAGE).macs == CONV
