"""Every parameter once, whatever holds it; every call counted, however it is made; nothing changed.

What is right is PyTorch's own sum over `module.parameters()`, and products counted by hand.
"""

import warnings
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import pytest

import npmobilenet as nm
from npmobilenet.cost.foreign import ModuleCost, RunFailed, count_module

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional
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
    rows = [layer.params for layer in found.layers] + [found.others]
    assert sum(row.trainable for row in rows) == found.params.trainable == parameters
    assert f"{parameters:,} parameters" in str(found)
    document = found.to_json()
    assert document["params"]["trainable"] == parameters
    assert document["params"]["total"] == found.params.total
    return found


def listed(found: ModuleCost) -> list[tuple[str, str, int]]:
    return [(x.name, x.type, x.params) for x in found.unknown]


# --- parameters ---


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
    assert listed(found) == [("(itself)", "Calls", 200 + 3 + 1)]
    assert (found.macs, found.unused) == (CONV, ())


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


# --- attention: what is not counted is listed ---


def test_attention_is_listed_with_all_its_parameters() -> None:
    """Its output projection is used without being called, and is its own all the same."""
    attention = nn.MultiheadAttention(16, 4, batch_first=True)
    x = torch.zeros(2, 7, 16)
    found = counted(Calls(lambda m, x: m.attention(x, x, value=x), attention=attention), x)
    assert listed(found) == [("attention", "MultiheadAttention", 4 * 16 * 16 + 4 * 16)]
    assert (found.macs, found.unused, found.complete) == (0, (), False)


def test_an_encoder_in_spite_of_its_fast_path() -> None:
    """In evaluation PyTorch would pass its parts by; the dense layers count, attention is listed."""
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    found = counted(nn.TransformerEncoder(layer, 2), torch.zeros(2, 7, 16))
    assert found.macs == 2 * 2 * 7 * (16 * 32 + 32 * 16)
    assert [x.type for x in found.unknown] == ["MultiheadAttention"] * 2
    assert torch.backends.mha.get_fastpath_enabled()


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


# --- calls ---


@dataclass
class Result:
    image: Any
    hidden: Any = None


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
    "none out": (lambda m, x: _nothing(m.conv(x)), (IMAGE,), {}),
    "unbatched": (lambda m, x: m.conv(x), (IMAGE[0],), {}),
}


def _nothing(_: Any) -> None:
    return None


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
    """A learnt vector that is asked for, a part that only looks: both are listed, both were run."""
    vector = Calls(lambda m: m.v, v=nn.Parameter(torch.zeros(8, 1, 1)))
    module = Calls(
        lambda m, x: _nothing(m.look(x)) or m.conv(x) + m.vector(),
        conv=conv(), vector=vector, look=Calls(lambda m, x: None),
    )  # fmt: skip
    found = counted(module, IMAGE)
    assert sorted(listed(found)) == [("look", "Calls", 0), ("vector", "Calls", 8)]
    assert (found.macs, found.unused) == (CONV, ())


def test_a_failure_that_the_module_survives() -> None:
    """What it does afterwards is watched as before."""

    def run(m: Any, x: Any) -> Any:
        with suppress(RuntimeError):
            m.conv(x[:, :2])
        return m.conv(x).flatten(1) @ torch.zeros(200, 1)

    found = counted(Calls(run, conv=conv()), IMAGE)
    assert (found.macs, listed(found)) == (CONV, [("matmul", "function", 0)])


# --- wrappers ---


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
    with pytest.raises(
        ValueError, match=r"^count_module: 1 \(RecursiveScriptModule\) is TorchScript"
    ):
        count_module(nn.Sequential(conv(), scripted), IMAGE)
    with pytest.raises(ValueError, match=r"^count_module: \(itself\) \(RecursiveScriptModule\) is"):
        count_module(scripted, IMAGE)


def test_lazy_modules_are_refused_until_they_know_their_shapes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = nn.Sequential(nn.LazyConv2d(8, 3, padding=1), nn.ReLU())
    with pytest.raises(ValueError, match=r"^count_module: 0 \(LazyConv2d\) takes its shape from"):
        count_module(module, IMAGE)
    module(IMAGE)
    assert counted(module, IMAGE).macs == CONV


# --- nothing is changed ---


class Moody(nn.Module):
    """Draws numbers, counts its calls in a buffer, makes much of eval(), and may raise."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = conv(), nn.BatchNorm2d(8)
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("last", torch.zeros(1))
        self.merged = False

    def train(self, mode: bool = True) -> Any:
        self.merged = not mode
        return super().train(mode)

    def forward(self, x: Any, fail: bool = False) -> Any:
        self.calls += 1
        self.last = x.sum().reshape(1) + torch.rand(1)
        if fail:
            self.conv(x[:, :1])
        return self.norm(self.conv(x))


@pytest.mark.parametrize("fail", [False, True])
def test_everything_is_left_as_it_was(fail: bool) -> None:
    module = Moody()
    module.norm.training = False
    seen: list[Any] = []
    module.register_forward_hook(lambda *_: seen.append(1))
    buffers, state = dict(module._buffers), torch.get_rng_state()
    if fail:
        with pytest.raises(RunFailed) as raised:
            count_module(module, IMAGE, {"fail": True})
        assert str(raised.value).startswith(
            "count_module: Moody failed on the example, in conv (Conv2d): RuntimeError: Given groups=1"
        )
        assert "\n" not in str(raised.value)
    else:
        assert counted(module, IMAGE).macs == CONV
    assert [part.training for part in module.modules()] == [True, True, False]
    assert not module.merged
    assert all(module._buffers[name] is value for name, value in buffers.items())
    assert module.calls == module.last == 0
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()
    assert len(module._forward_hooks) == 1
    for part in module.modules():
        kept = [len(hooks) for name, hooks in vars(part).items() if "_hooks" in name and hooks]
        assert kept == ([1] if part is module else [])
    assert all(p.grad is None and p.requires_grad for p in module.parameters())


def test_a_failure_outside_every_part_and_while_another_is_handled() -> None:
    """No part is blamed; and who counts inside an `except` gets a count."""
    with pytest.raises(
        ValueError, match=r"^count_module: Calls failed on the example: KeyError: 'x'$"
    ):
        count_module(Calls(lambda m, x: {}["x"]), IMAGE)
    try:
        raise OSError("before")
    except OSError:
        assert counted(conv(), IMAGE).macs == CONV
    with pytest.raises(KeyboardInterrupt):
        count_module(Calls(lambda m, x: _interrupt()), IMAGE)


@pytest.mark.parametrize("keywords", [[IMAGE], IMAGE, "input", 3])
def test_keywords_are_a_dict(keywords: Any) -> None:
    with pytest.raises(TypeError, match=r"^count_module: keywords must be a dict, found \w+$"):
        count_module(conv(), (), keywords)


def test_buffers_that_grow_are_small_again() -> None:
    """As those of the observers that look for a quantisation's range, channel by channel."""

    def observe(m: Any, x: Any) -> Any:
        m.least.resize_(8).copy_(m.conv.weight.amin((1, 2, 3)))
        return m.conv(x)

    module = Calls(observe, conv=conv())
    module.register_buffer("least", torch.empty(0))
    assert counted(module, IMAGE).macs == CONV
    assert module.least.shape == (0,)


def test_threads_count_one_module_in_turns_and_another_may_run_it() -> None:
    plain, started, rested = nn.Sequential(conv(), nn.ReLU()), Event(), Event()
    assert plain.training

    def run(m: Any, x: Any) -> Any:
        started.set()
        rested.wait(10)
        return m.plain(x)

    module, found = Calls(run, plain=plain), []
    threads = [Thread(target=lambda: found.append(counted(module, IMAGE))) for _ in range(3)]
    for thread in threads:
        thread.start()
    started.wait(10)
    plain(IMAGE)
    rested.set()
    for thread in threads:
        thread.join()
    assert [(count.macs, count.complete) for count in found] == [(CONV, True)] * 3
    assert plain.training
    assert not plain[0]._forward_hooks


def _interrupt() -> None:
    raise KeyboardInterrupt
