"""Running somebody else's module with a hook on every part of it, and leaving it as it was."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import Any

from ..kernels.compiling import lock
from . import torch_modules

_turn = lock()  # of whoever runs a module; one may count another within its own run


class RunFailed(ValueError, RuntimeError):
    """The module raised when it was run on the example."""


@dataclass
class Call:
    """What a known module did, in all its calls."""

    module: Any
    input: tuple[int, ...]
    output: tuple[int, ...]
    macs: int


class Watch:
    """What the hooks gather.

    inside    the modules that run now, one within another, and of each the functions that it has
              called and that may multiply; None where they need no watching
    layers    the known modules that have run, by name
    calls     of modules that are not known
    functions  that may multiply, called outside all these modules
    """

    def __init__(self, root: Any) -> None:
        self.names = {module: name or "(itself)" for name, module in _parts(root, "", set())}
        self.inside: list[Counter[str] | None] = []
        self.layers: dict[str, Call] = {}
        self.calls: Counter[str] = Counter()
        self.functions: Counter[str] = Counter()
        self.failed: tuple[BaseException | None, str] = (None, "")
        self.handled = sys.exc_info()[1]  # by whoever asks, so no failure of this module
        self.thread = get_ident()  # another one that runs the module meanwhile is not watched

    def run(self, root: Any, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> None:
        """Call it.  RunFailed, one line with the part that raised, where it does.

        Threads that count take turns, for they may count the same module.
        """
        with _turn, _as_it_was(list(root.modules())) as afterwards:
            for module, name in self.names.items():
                self._hook(module, name, afterwards)
            try:
                with self._noting():
                    root(*arguments, **keywords)
            except Exception as error:
                raised, name = self.failed
                where = f", in {name}" if raised is error and name else ""
                reason = (str(error).strip().splitlines() or ["no reason given"])[0]
                raise RunFailed(
                    f"count_module: {type(root).__name__} failed on the example{where}: "
                    f"{type(error).__name__}: {reason}"
                ) from error

    def _hook(self, module: Any, name: str, afterwards: ExitStack) -> None:
        known = torch_modules.known(module)
        if not known and not torch_modules.leaf(module):
            if any(True for _ in torch_modules.own(module)):
                self._after(module, lambda *_: self.calls.update([name]), afterwards)
            return
        watched = known and torch_modules.rewritten(module)

        def entering(*_: Any) -> None:
            if get_ident() == self.thread:
                self.inside.append(Counter() if watched else None)

        def leaving(module: Any, arguments: Any, keywords: Any, output: Any) -> None:
            if get_ident() != self.thread:
                return
            called, error = self.inside.pop(), sys.exc_info()[1]
            if output is None and error is not self.handled:  # it raised, and that is on its way
                if self.failed[0] is not error and name != "(itself)":
                    self.failed = (error, f"{name} ({type(module).__name__})")
            elif known:
                self._count(module, name, (arguments, keywords), output, called)
            else:
                self.calls[name] += 1

        # before others' hooks, of which one may compute the weight
        handle = module.register_forward_pre_hook(entering, prepend=True, with_kwargs=True)
        afterwards.callback(handle.remove)
        self._after(module, leaving, afterwards)

    def _after(self, module: Any, hook: Any, afterwards: ExitStack) -> None:
        handle = module.register_forward_hook(hook, with_kwargs=True, always_call=True)
        afterwards.callback(handle.remove)

    def _count(
        self, module: Any, name: str, inputs: Any, output: Any, called: Counter[str] | None
    ) -> None:
        """One more call of a known module: the products of one filter for each number of the output."""
        macs = torch_modules.macs(module, _tensor(output))
        if called is not None:  # its own way of doing it: once as it should be, and what else?
            usual = torch_modules.usual(module)
            times = sum(called.pop(function, 0) for function in usual)
            called[usual[0]] = max(times - 1, 0)
            self.functions += called
            macs *= min(times, 1)
        call = self.layers.setdefault(name, Call(module, (), (), 0))
        call.input, call.output = _shape(_tensor(inputs)), _shape(_tensor(output))
        call.macs += macs

    def _noting(self) -> Any:
        """A context in which functions called outside known modules are noted, unless harmless."""
        from torch.overrides import TorchFunctionMode

        watch, harmless = self, frozenset(torch_modules.HARMLESS.split())

        class Noting(TorchFunctionMode):
            def __torch_function__(
                self, func: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                name = getattr(func, "__name__", str(func))
                here = watch.inside[-1] if watch.inside else watch.functions
                if here is not None and name not in harmless:
                    here[name] += 1
                return func(*args, **(kwargs or {}))

        return Noting()


def _parts(module: Any, name: str, seen: set[Any]) -> Iterator[tuple[str, Any]]:
    """Every module that is looked at, once, with its name: not what is inside one that is a whole."""
    if module in seen:
        return
    seen.add(module)
    yield name, module
    if not torch_modules.whole(module):
        for key, child in module.named_children():
            if not torch_modules.holds_parameters(key, child):
                yield from _parts(child, f"{name}.{key}" if name else key, seen)


@contextmanager
def _as_it_was(modules: list[Any]) -> Iterator[ExitStack]:
    """In evaluation, eagerly, without gradients; then modes, buffers and random numbers as before."""
    torch = torch_modules.import_torch()
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
        stack.enter_context(torch.random.fork_rng(devices))
        if "torch._dynamo" in sys.modules:  # something may be compiled, and would call no hooks
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        stack.callback(
            torch.backends.mha.set_fastpath_enabled, torch.backends.mha.get_fastpath_enabled()
        )
        torch.backends.mha.set_fastpath_enabled(False)  # it passes the modules inside by
        for module in modules:
            stack.callback(vars(module).__setitem__, "training", module.training)
            stack.callback(_put_back, module, dict(module._buffers), _copies(module))
        # not .eval(): a class may make more of that than a flag
        for module in modules:
            vars(module)["training"] = False
        yield stack


def _copies(module: Any) -> list[tuple[Any, Any]]:
    """(tensor, copy) of what running it may write: buffers, and a table of words kept to a length."""
    written = list(module._buffers.values())
    if getattr(module, "max_norm", None) is not None:
        written += module._parameters.values()
    return [(x, x.clone()) for x in written if x is not None and not x.is_meta]


def _put_back(module: Any, buffers: dict[str, Any], copies: list[tuple[Any, Any]]) -> None:
    module._buffers.clear()
    module._buffers.update(buffers)
    for tensor, copy in copies:
        if tensor.shape != copy.shape:  # an observer's, which gets its size from what it sees
            tensor.resize_(copy.shape)
        if not tensor.equal(copy):  # one that is expanded cannot be written, nor was
            tensor.copy_(copy)


def _tensor(value: Any) -> Any:
    """The first tensor in it: itself, or in a tuple, list, dict or record; None if there is none."""
    if hasattr(value, "shape") and hasattr(value, "numel"):
        return value
    if isinstance(value, Mapping):
        inside: Any = value.values()
    elif isinstance(value, list | tuple):
        inside = value
    else:
        inside = vars(value).values() if hasattr(value, "__dataclass_fields__") else ()
    return next((found for x in inside if (found := _tensor(x)) is not None), None)


def _shape(tensor: Any) -> tuple[int, ...]:
    return () if tensor is None else tuple(tensor.shape)
