"""Running somebody else's module with a hook on every part of it, and leaving it as it was."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from threading import get_ident
from typing import Any

from ..kernels.compiling import lock
from . import torch_modules
from .torch_trace import Frame, Trace, shape, tensors

_turn = lock()  # of whoever runs a module; one may count another within its own run


class RunFailed(ValueError, RuntimeError):
    """The module raised when it was run on the example."""


class Watch:
    """A module and its parts, and what happens in them.

    names   part -> its name, of all parts that are looked at
    trace   what happened (torch_trace.py)
    silent  parts that gave out a tensor though nothing that happened in them was seen -> calls
    """

    def __init__(self, root: Any) -> None:
        self.names = {module: name or "(itself)" for name, module in _parts(root, "", set())}
        self.trace = Trace()
        self.silent: Counter[str] = Counter()
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
                with self.trace.watching():
                    root(*arguments, **keywords)
            except Exception as error:
                raised, name = self.failed
                where = f", in {name}" if raised is error and name else ""
                reason = (str(error).strip().splitlines() or ["no reason given"])[0]
                raise RunFailed(
                    f"count: {type(root).__name__} failed on the example{where}: "
                    f"{type(error).__name__}: {reason}"
                ) from error

    def _hook(self, module: Any, name: str, afterwards: ExitStack) -> None:
        usual = torch_modules.usual(module)

        def entering(*_: Any) -> None:
            if get_ident() == self.thread:
                self.trace.enter(name, module, usual)

        def leaving(module: Any, arguments: Any, keywords: Any, output: Any) -> None:
            if get_ident() != self.thread:
                return
            frame, error = self.trace.leave(), sys.exc_info()[1]
            if output is None and error is not self.handled:  # it raised, and that is on its way
                if self.failed[0] is not error and name != "(itself)":
                    self.failed = (error, f"{name} ({type(module).__name__})")
                return
            given, made = [next(tensors(x), None) for x in ((arguments, keywords), output)]
            frame.input, frame.output, frame.done = shape(given), shape(made), True
            if self._nothing_seen(frame) and not any(
                made is x for x in (*tensors((arguments, keywords)), *module.parameters(), None)
            ):
                self.silent[name] += 1

        # before others' hooks, of which one may compute the weight
        handle = module.register_forward_pre_hook(entering, prepend=True, with_kwargs=True)
        afterwards.callback(handle.remove)
        handle = module.register_forward_hook(leaving, with_kwargs=True, always_call=True)
        afterwards.callback(handle.remove)

    def _nothing_seen(self, frame: Frame) -> bool:
        inside = [x for x in self.trace.frames if x.number > frame.number and x is not frame]
        return not frame.dispatched and not inside


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
