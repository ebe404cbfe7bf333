"""The papers' count of a torch.nn.Module of your own: what is known is counted, the rest is listed.

    found = nm.count_module(model, torch.zeros(1, 3, 224, 224))
    found.macs, found.params, found.unknown

The module runs once, in evaluation, with a hook on every module in it.  Convolutions of any number of
groups and dense layers have MACs; normalisation, activations, pooling and padding have none.  A
module that is none of these, and a function that is called outside them and may multiply, is listed in
`unknown` with its parameters: its MACs are missing from the total, and the table says so.  Parameters
are all there are, each once, however many modules share it: a weight that is computed from others
(weight normalisation, pruning) counts as those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..shown import Shown
from . import torch_modules
from .count import LayerCost, Params
from .watching import RunFailed, Watch

if TYPE_CHECKING:
    pass

__all__ = ["ModuleCost", "RunFailed", "Unknown", "count_module"]


@dataclass(frozen=True)
class Unknown:
    """What was met and not counted."""

    name: str  # of the module, or of the function
    type: str  # class of the module, or "function"
    calls: int
    params: int


@dataclass(frozen=True)
class ModuleCost(Shown):
    """A module's cost for the example it was run on; `str()` of it is a table."""

    layers: tuple[LayerCost, ...]
    unknown: tuple[Unknown, ...]
    unused: tuple[str, ...]  # modules with parameters that the run did not call
    others: Params  # parameters of what is unknown or unused

    @property
    def macs(self) -> int:
        """Multiply-accumulates of everything known."""
        return sum(layer.macs for layer in self.layers)

    @property
    def params(self) -> Params:
        """All parameters, each once, in parts, and beside them running statistics."""
        return sum((layer.params for layer in self.layers), self.others)

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

    def __repr__(self) -> str:
        left = "" if self.complete else f"; {len(self.unknown) + len(self.unused)} not counted"
        return f"ModuleCost({self.macs:,} MACs, {self.params.total:,} params{left})"


def count_module(
    module: Any, example: Any = (), keywords: Mapping[str, Any] | None = None
) -> ModuleCost:
    """MACs and parameters of a torch.nn.Module of your own, as the papers count.

    module    a torch.nn.Module; a wrapper of torch.compile or for several devices counts as what it
              wraps.  Module, parameters, buffers and random numbers are left as they were
    example   what it is run on, once: a tensor (N, C, H, W), a tuple of arguments, a dict of keywords.
              MACs are those of the whole example: for one image let N be 1
    keywords  a dict of keywords beside an example that is not one

    Returns a `ModuleCost`: macs, params, layers, and in unknown what was not counted.  TypeError for
    anything else than a torch.nn.Module, and for keywords that are no dict; ValueError, one line, where
    it fails on the example or its shapes are not settled yet; ImportError without PyTorch.
    """
    torch = torch_modules.import_torch()
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"count_module: expected a torch.nn.Module, found {type(module).__name__}")
    module = _unwrapped(module)
    watch = Watch(module)
    for part, name in watch.names.items():
        if (why := torch_modules.obstacle(part)) is not None:
            raise ValueError(f"count_module: {name} ({type(part).__name__}) {why}")
    if keywords is not None and not isinstance(keywords, Mapping):
        raise TypeError(f"count_module: keywords must be a dict, found {type(keywords).__name__}")
    if isinstance(example, Mapping):
        example, keywords = (), {**example, **(keywords or {})}
    watch.run(module, example if isinstance(example, tuple) else (example,), keywords or {})
    return _summed(watch)


def _unwrapped(module: Any) -> Any:
    """The module that torch.compile, DataParallel or DistributedDataParallel was given."""
    parallel = import_module("torch.nn.parallel")
    while True:
        if isinstance(module, parallel.DataParallel | parallel.DistributedDataParallel):
            module = module.module
        elif "_orig_mod" in module._modules:
            module = module._orig_mod
        else:
            return module


def _summed(watch: Watch) -> ModuleCost:
    """Every parameter once, with the first that has it: known modules as they ran, then the others."""
    claimed: set[int] = set()
    layers = [
        LayerCost(
            name=name,
            type=torch_modules.kind(call.module),
            input=call.input,
            output=call.output,
            macs=call.macs,
            params=torch_modules.params(call.module, claimed),
        )
        for name, call in watch.layers.items()
    ]
    unknown, unused, others = [], [], Params()
    for module, name in watch.names.items():
        if name in watch.layers:
            continue
        own = torch_modules.params(module, claimed)
        others += own
        if name in watch.calls:
            calls = watch.calls[name]
            unknown.append(Unknown(name, type(module).__name__, calls, own.trainable))
        elif any(True for _ in torch_modules.own(module)):
            unused.append(name)
    unknown += [
        Unknown(name, "function", calls, 0) for name, calls in watch.functions.items() if calls
    ]
    return ModuleCost(tuple(layers), tuple(unknown), tuple(unused), others)
