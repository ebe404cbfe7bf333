"""The count of a torch.nn.Module of your own: what it multiplies, and every parameter once.

    found = nm.count(model, torch.zeros(1, 3, 224, 224))
    found.macs, found.params, found.unknown

The module runs once, in evaluation, and everything that it calls is looked at, down to the operators
that really run.  So products of convolutions and matrices are counted however they are written, as a
module, a function or an operator; attention and recurrent layers are among them.  An operator of which
nothing is known is listed in `unknown`: what it may multiply is missing from the total, and the table
says so.  Parameters are all there are, each once, however many modules share it: a weight that is
computed from others (weight normalisation, pruning) counts as those, and computing it counts nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..shown import Shown
from . import torch_modules
from .brought import Brought
from .count import LayerCost, Params
from .examples import require_keywords
from .torch_modules import in_parts
from .torch_modules import own as own_of
from .torch_operations import operations_in
from .watching import RunFailed, Watch

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
    """A cost for the example that was run; `str()` of it is a table.

    brought: its operations, which every convention can count (npmobilenet.cost.totals, explain).
    """

    brought: Brought
    unknown: tuple[Unknown, ...] = ()
    unused: tuple[str, ...] = ()  # parts with parameters that the run did not call

    @property
    def layers(self) -> tuple[LayerCost, ...]:
        """Every part or function that multiplies or has parameters, in the order of what happened."""
        kept: dict[str, LayerCost] = {}
        for x in self.brought.operations:
            place, params, macs = x.layer, in_parts(x.params), x.sizes["products"]
            if (before := kept.get(place.name)) is not None:
                macs, params = macs + before.macs, params + before.params
            if before is not None or macs or params.total or x.seen.get("class"):
                kept[place.name] = LayerCost(
                    place.name, place.kind, place.input, place.output, macs, params
                )
        return tuple(kept.values())

    @property
    def macs(self) -> int:
        """Products of all convolutions and matrices."""
        return sum(x.sizes["products"] for x in self.brought.operations)

    @property
    def params(self) -> Params:
        """All parameters, each once, in parts, and beside them running statistics."""
        return sum((in_parts(x.params) for x in self.brought.operations), Params())

    @property
    def complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.unknown and not self.unused

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return {
            "name": self.brought.name,
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
        raise TypeError(f"count: expected a torch.nn.Module, found {type(module).__name__}")
    module = _unwrapped(module)
    watch = Watch(module)
    for part, name in watch.names.items():
        if (why := torch_modules.obstacle(part)) is not None:
            raise ValueError(f"count: {name} ({type(part).__name__}) {why}")
    require_keywords(keywords)
    if isinstance(example, Mapping):
        example, keywords = (), {**example, **(keywords or {})}
    watch.run(module, example if isinstance(example, tuple) else (example,), keywords or {})
    return _summed(watch, type(module).__name__)


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


def _summed(watch: Watch, name: str) -> ModuleCost:
    """Operations, and of what nothing is known."""
    found = operations_in(watch)
    ran = {frame.name for frame in watch.trace.frames if frame.done}
    own = Counter[str]()
    for part, x in found:
        own[part] += in_parts(x.params).trainable
    parts = {name: module for module, name in watch.names.items()}
    unknown = [
        Unknown(part, type(parts[part]).__name__, calls, own[part])
        for part, calls in watch.silent.items()
    ]
    functions = Counter[str]()
    for (_, function), calls in watch.trace.unknown.items():
        functions[function] += calls
    unknown += [Unknown(function, "function", calls, 0) for function, calls in functions.items()]
    used = watch.trace.used  # a part's weight may be used without the part's being called
    unused = [
        part
        for part, module in parts.items()
        if part not in ran and own[part] and not any(id(p) in used for _, p in own_of(module))
    ]
    return ModuleCost(Brought(name, tuple(x for _, x in found)), tuple(unknown), tuple(unused))
