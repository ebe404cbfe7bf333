"""What happens while a module runs: which functions are called in which part, and what they come down to.

Two of PyTorch's own means look on.  A function mode is told of each function before it runs; a dispatch
mode of each operator of aten that it comes down to, and only there is what it multiplies counted
(torch_products.py).  So nothing that multiplies is missed, however it is written.
"""

from __future__ import annotations

import dis
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from . import torch_names, torch_products

LEAVES = (
    "numpy",
    "__array__",
    "tolist",
)  # methods after which PyTorch does not see what is computed


@dataclass(frozen=True)
class AtenCall:
    """One operator that multiplies, or a softmax: sizes, and of attention how many scores it has."""

    name: str
    products: int
    inputs: int
    outputs: int
    scores: int = 0
    added: int = 0  # numbers of the array to which products are added


@dataclass
class Event:
    """One function that was called."""

    number: int  # the how manieth
    function: str
    spelled: str  # as what counters could have patched it, "F.relu"; "" if they could not
    op: str
    bias: bool
    inputs: int = 0
    outputs: int = 0
    rows: int = 0
    input: tuple[int, ...] = ()
    output: tuple[int, ...] = ()
    aten: list[AtenCall] = field(default_factory=list)

    @property
    def products(self) -> int:
        """Of all that it came down to."""
        return sum(call.products for call in self.aten)


@dataclass
class Frame:
    """One call of one part, while it runs and afterwards.

    usual: of a part that is torch.nn's own, the functions it multiplies with; what happens before one
    of them is called makes the weight out of others, and is no part of the network.
    """

    name: str
    module: Any
    usual: frozenset[str]
    within: Frame | None
    number: int
    events: list[Event] = field(default_factory=list)
    dispatched: int = 0
    input: tuple[int, ...] = ()
    output: tuple[int, ...] = ()
    done: bool = False

    @property
    def preparing(self) -> bool:
        """Whether the weight is still being made."""
        return bool(self.usual) and not any(e.function in self.usual for e in self.events)


class Trace:
    """Frames as they were entered, and what was met of which nothing is known."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.stack: list[Frame] = []
        self.unknown: Counter[tuple[str, str]] = Counter()  # (part, operator) -> calls
        self.used: set[int] = set()  # ids of the arrays that another was made of
        self._event: Event | None = None
        self._number = 0

    def enter(self, name: str, module: Any, usual: frozenset[str]) -> None:
        """A part begins."""
        within = self.stack[-1] if self.stack else None
        frame = Frame(name, module, usual, within, self._next())
        self.frames.append(frame)
        self.stack.append(frame)

    def leave(self) -> Frame:
        """A part has ended, or failed."""
        return self.stack.pop()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def watching(self) -> ExitStack:
        """A context in which everything that this thread calls is noted."""
        stack = ExitStack()
        for mode in _modes(self):
            stack.enter_context(mode)
        return stack

    def call(self, func: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """A function, called and noted if something came of it."""
        name = getattr(func, "__name__", str(func))
        if not self.stack or self._event is not None:
            return func(*args, **keywords)
        frame = self.stack[-1]
        event = Event(
            self._next(), name, self._spelled(func, name), torch_names.operator_of(name, args, keywords),
            _bias(name, args, keywords),
        )  # fmt: skip
        unknown = Counter(self.unknown)
        self._event = event
        try:
            output = func(*args, **keywords)
        finally:
            self._event = None
        made = next(tensors(output), None)
        if made is not None:
            self.used.update(map(id, tensors((args, keywords))))
        if frame.preparing and name not in frame.usual:
            self.unknown = unknown
            return output
        if name in LEAVES:
            self.unknown[frame.name, name] += 1
        if event.aten or name in torch_names.KINDS:
            given = next(tensors((args, keywords)), None)
            event.input, event.output = shape(given), shape(made)
            event.inputs, event.outputs = size(given), size(made)
            axis = keywords.get("dim", args[1] if len(args) > 1 else -1)
            if name == "softmax" and isinstance(axis, int) and given is not None:
                event.rows = event.inputs // max(given.shape[axis], 1)
            frame.events.append(event)
        return output

    def _spelled(self, func: Any, name: str) -> str:
        """What a counter that patches functions would have had to patch; "" where it is passed by.

        That is so of an operator (x @ y, x + y), and of a function that a module holds since before.
        """
        import torch

        caller = sys._getframe(
            3
        )  # who called the mode; of a builtin that is who wrote the operator
        if dis.opname[caller.f_code.co_code[caller.f_lasti]].startswith("BINARY_OP"):
            return ""
        if any(func is value for value in vars(self.stack[-1].module).values()):
            return ""
        if vars(torch.nn.functional).get(name) is func:
            return f"F.{name}"
        return f"torch.{name}" if getattr(torch, name, None) is func else f"Tensor.{name}"

    def dispatch(
        self, operator: Any, args: tuple[Any, ...], keywords: dict[str, Any], out: Any
    ) -> None:
        """An operator of aten, after it has run."""
        if not self.stack:
            return
        frame = self.stack[-1]
        frame.dispatched += 1
        name = torch_products.name_of(operator)
        made = next(tensors(out), None)
        products = torch_products.products(name, args, made) if made is not None else None
        if products is None and name not in ("_softmax", "_safe_softmax"):
            if not torch_products.harmless(operator):
                self.unknown[frame.name, name] += 1
            return
        call = _aten(name, products or 0, args, made)
        if self._event is not None:
            self._event.aten.append(call)
        elif products and not frame.preparing:  # what is called from C++
            event = Event(self._next(), name, "", name, False, call.inputs, call.outputs)
            event.input, event.output = shape(next(tensors(args), None)), shape(made)
            event.aten.append(call)
            frame.events.append(event)


def _modes(trace: Trace) -> tuple[Any, Any]:
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    class Functions(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            return trace.call(func, args, kwargs or {})

    class Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            output = func(*args, **(kwargs or {}))
            trace.dispatch(func, args, kwargs or {}, output)
            return output

    return Functions(), Operators()  # type: ignore[no-untyped-call]


def _bias(name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """Whether a convolution or dense layer is called with a bias."""
    if torch_names.KINDS.get(name) not in ("conv", "transposed conv", "dense"):
        return False
    return keywords.get("bias", args[2] if len(args) > 2 else None) is not None


def _aten(name: str, products: int, args: tuple[Any, ...], output: Any) -> AtenCall:
    given = list(tensors(args))
    added = 0
    if name in ("addmm", "baddbmm", "addbmm", "addmv"):
        added, given = given[0].numel(), given[1:]
    scores = 0
    if name.startswith("_scaled_dot_product"):
        scores = given[0].numel() // given[0].shape[-1] * given[1].shape[-2]
    elif name in ("bmm", "baddbmm"):
        scores = output.numel()
    return AtenCall(name, products, given[0].numel() if given else 0, output.numel(), scores, added)


def tensors(value: Any) -> Iterator[Any]:
    """Every tensor in it: itself, or in a tuple, list, dict or record, one within another."""
    if hasattr(value, "shape") and hasattr(value, "numel"):
        yield value
        return
    if isinstance(value, dict):
        inside: Any = value.values()
    elif isinstance(value, list | tuple):
        inside = value
    elif hasattr(value, "items") and hasattr(value, "keys"):
        inside = [v for _, v in value.items()]
    else:
        inside = vars(value).values() if hasattr(value, "__dataclass_fields__") else ()
    for one in inside:
        yield from tensors(one)


def shape(tensor: Any) -> tuple[int, ...]:
    """A tensor's shape; () of none."""
    return () if tensor is None else tuple(tensor.shape)


def size(tensor: Any) -> int:
    """How many numbers a tensor has; 0 of none."""
    return 0 if tensor is None else int(tensor.numel())
