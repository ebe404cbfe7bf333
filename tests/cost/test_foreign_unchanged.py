"""Counting changes nothing: modes, buffers, hooks, random numbers, also where the module fails."""

from threading import Event, Thread
from typing import Any

import pytest

from npmobilenet.cost.torch_count import RunFailed, count_module
from tests.cost.counted_modules import CONV, IMAGE, Calls, conv, counted

torch = pytest.importorskip("torch")
nn = torch.nn


def interrupt() -> None:
    raise KeyboardInterrupt


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
            "count: Moody failed on the example, in conv (Conv2d): RuntimeError: Given groups=1"
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
    with pytest.raises(ValueError, match=r"^count: Calls failed on the example: KeyError: 'x'$"):
        count_module(Calls(lambda m, x: {}["x"]), IMAGE)
    try:
        raise OSError("before")
    except OSError:
        assert counted(conv(), IMAGE).macs == CONV
    with pytest.raises(KeyboardInterrupt):
        count_module(Calls(lambda m, x: interrupt()), IMAGE)


@pytest.mark.parametrize("keywords", [[IMAGE], IMAGE, "input", 3])
def test_keywords_are_a_dict(keywords: Any) -> None:
    with pytest.raises(TypeError, match=r"^count: keywords must be a dict, found \w+$"):
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
