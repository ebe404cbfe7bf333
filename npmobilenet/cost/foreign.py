"""The papers' count of a torch.nn.Module of your own: what is known is counted, the rest is listed.

    from npmobilenet.cost.foreign import count_module

    found = count_module(model, torch.zeros(1, 3, 224, 224))
    found.macs, found.params, found.unknown

The module runs once, in evaluation, with a hook on every module in it.  Convolutions of any number of
groups and dense layers have MACs; batch normalisation, activations, pooling and padding have none.  A
module that is none of these, and a function that is called outside them and may multiply, is listed in
`unknown` with its parameters: its MACs are missing from the total, and the table says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import torch_modules
from .count import LayerCost, Params

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Unknown:
    """What was met and not counted."""

    name: str  # of the module, or of the function
    type: str  # class of the module, or "function"
    calls: int
    params: int


@dataclass(frozen=True)
class ModuleCost:
    """A module's cost for the example it was run on; `str()` of it is a table."""

    layers: tuple[LayerCost, ...]
    unknown: tuple[Unknown, ...]
    unused: tuple[str, ...]  # modules with parameters that the run did not call

    @property
    def macs(self) -> int:
        """Multiply-accumulates of everything known."""
        return sum(layer.macs for layer in self.layers)

    @property
    def params(self) -> Params:
        """Parameters of everything known, in parts."""
        return sum((layer.params for layer in self.layers), Params())

    @property
    def complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.unknown and not self.unused

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return {
            "macs": self.macs,
            "flops": 2 * self.macs,
            "params": self.params.to_json(),
            "complete": self.complete,
            "unknown": [vars(x) for x in self.unknown],
            "unused": list(self.unused),
            "layers": [
                {"name": x.name, "type": x.type, "macs": x.macs, "params": x.params.total}
                for x in self.layers
            ],
        }

    def parts(self) -> list[RenderableType]:
        """The table that `str()` shows."""
        from ..tables import shape_text, table

        rows = [
            (x.name, x.type, shape_text(x.input), shape_text(x.output), x.macs, x.params.total)
            for x in self.layers
            if x.macs or x.params.total
        ]
        columns = ("layer", "type", "input", "output", ">MACs", ">params")
        found: list[RenderableType] = [table(columns, rows)]
        found.append(f"{self.macs:,} MACs, {self.params.trainable:,} trainable parameters")
        for x in self.unknown:
            found.append(
                f"NOT COUNTED: {x.name} ({x.type}), {x.calls} calls, {x.params:,} parameters"
            )
        found += [f"NOT RUN: {name} has parameters and was not called" for name in self.unused]
        return found

    def __str__(self) -> str:
        from ..tables import as_text

        return as_text(*self.parts())


@dataclass
class _Walk:
    """What the hooks have gathered."""

    layers: dict[str, LayerCost] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    inside: int = 0  # how many modules whose functions need no watching run, one within another
    functions: Counter[str] = field(default_factory=Counter)


def count_module(module: Any, example: Any) -> ModuleCost:
    """Count `module` on `example`, a tensor (N, C, H, W) or a tuple of arguments.

    MACs are those of the whole example: for one image let N be 1.  Module and parameters are left as
    they were.  TypeError for anything else than a torch.nn.Module; ImportError without PyTorch.
    """
    torch = torch_modules.import_torch()
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"count_module: expected a torch.nn.Module, found {type(module).__name__}")
    walk = _Walk()
    names = {child: name or "(itself)" for name, child in module.named_modules()}
    handles = []
    for child, name in names.items():
        if torch_modules.known(child):
            handles.append(child.register_forward_pre_hook(_entering(walk)))
            handles.append(child.register_forward_hook(_leaving(walk, name), always_call=True))
        elif not any(True for _ in child.children()):
            handles.append(child.register_forward_pre_hook(_entering(walk)))
            handles.append(child.register_forward_hook(_met(walk, name, 1), always_call=True))
        elif _own(child):  # the modules inside it are counted, and its own functions watched
            handles.append(child.register_forward_hook(_met(walk, name, 0)))
    training = [child for child in names if child.training]
    try:
        module.eval()
        with torch.no_grad(), _functions(walk):
            module(*(example if isinstance(example, tuple) else (example,)))
    finally:
        for handle in handles:
            handle.remove()
        for child in training:
            child.training = True
    return ModuleCost(tuple(walk.layers.values()), *_rest(walk, names))


def _rest(walk: _Walk, names: dict[Any, str]) -> tuple[tuple[Unknown, ...], tuple[str, ...]]:
    """What is unknown, and what has parameters and was not called."""
    unknown, unused = [], []
    for child, name in names.items():
        params = sum(p.numel() for p in _own(child))
        if name in walk.calls:
            unknown.append(Unknown(name, type(child).__name__, walk.calls[name], params))
        elif params and name not in walk.layers:
            unused.append(name)
    unknown += [Unknown(name, "function", calls, 0) for name, calls in walk.functions.items()]
    return tuple(unknown), tuple(unused)


def _own(module: Any) -> list[Any]:
    """A module's own parameters, not those of modules inside it."""
    return list(module.parameters(recurse=False))


def _entering(walk: _Walk) -> Callable[..., None]:
    def hook(module: Any, inputs: Any) -> None:
        walk.inside += 1

    return hook


def _leaving(walk: _Walk, name: str) -> Callable[..., None]:
    """Count one call; a module that is called twice multiplies twice and has its parameters once."""

    def hook(module: Any, inputs: Any, output: Any) -> None:
        walk.inside -= 1
        if output is None:  # it raised, and the error is on its way
            return
        before = walk.layers.get(name)
        walk.layers[name] = LayerCost(
            name=name,
            type=torch_modules.kind(module),
            input=tuple(inputs[0].shape),
            output=tuple(output.shape),
            macs=torch_modules.macs(module, output) + (before.macs if before else 0),
            params=torch_modules.params(module),
        )

    return hook


def _met(walk: _Walk, name: str, entered: int) -> Callable[..., None]:
    def hook(module: Any, inputs: Any, output: Any) -> None:
        walk.inside -= entered
        walk.calls[name] += 1

    return hook


def _functions(walk: _Walk) -> Any:
    """A context in which functions called outside such modules are noted, unless they are harmless."""
    from torch.overrides import TorchFunctionMode

    harmless = frozenset(torch_modules.HARMLESS.split())

    class Noting(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            name = getattr(func, "__name__", str(func))
            if not walk.inside and name not in harmless:
                walk.functions[name] += 1
            return func(*args, **(kwargs or {}))

    return Noting()
