"""Counting whatever people bring: one function for modules, files, runs and plans.

count(model, torch.zeros(1, 3, 224, 224))        a torch.nn.Module
count("my_net.py:Net", "1x3x96x96")              the same, by where it is written
count("model.onnx")                              a graph
count("runs/first"), count("mobilenet.pth")      a run, a file of weights: of the network in it
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from .cost import cost
from .cost.count import Cost
from .cost.examples import given, require_keywords, shapes
from .cost.onnx_count import count_onnx
from .cost.references import is_reference, referenced
from .cost.torch_count import ModuleCost, count_module
from .models.network_plan import Plan, plan
from .models.registry import MODELS
from .quantization.plan import QuantizedPlan

__all__ = ["count", "network_in", "plan_in"]


def count(
    what: Any, example: Any = (), keywords: Mapping[str, Any] | None = None
) -> ModuleCost | Cost:
    """What something costs: a module run on an example, a graph, or the network in a file of weights.

    what      a torch.nn.Module; "FILE.py:Name" (the file is run) or "package:name", a class that needs
              no arguments, a function that returns a module, or a module; an ONNX file; a run's folder,
              a file of weights of any family, a shipped model's name; a plan, a model's name, or a
              table of rows in TOML
    example   of modules: a tensor, a tuple of arguments, a dict of keywords, or text, "1x3x224x224",
              "1x16:int64", several of them in a tuple; an image of 224 pixels where nothing is said.
              Of an ONNX file: the same, for its inputs in order.  Others have their own size
    keywords  of modules, beside an example that is no dict

    A ModuleCost for modules and graphs; a Cost for what is a plan.  TypeError for anything else;
    ValueError, one line, where it cannot be found, made, read or run; ImportError without PyTorch.
    """
    require_keywords(keywords)
    if isinstance(what, Plan | QuantizedPlan):
        shapes(example)  # what has a size of its own needs none, but nonsense is not passed over
        return cost(what)
    if not isinstance(what, str | PathLike):
        return count_module(what, _example(what, example), keywords)
    name = fspath(what)
    if is_reference(name) and not Path(name).is_dir():
        return count_module(referenced(name), _example(None, example, keywords), keywords)
    sizes = shapes(example)
    if name in MODELS or Path(name).suffix.lower() == ".toml":
        return cost(plan(name))
    if Path(name).suffix.lower() == ".onnx":
        if not Path(name).is_file():
            raise ValueError(f"{name}: no such file")
        return count_onnx(name, sizes)
    return cost(plan_in(name))


def _example(module: Any, example: Any, keywords: Any = None) -> Any:
    """Text becomes tensors; a module itself that is given none is called with none."""
    nothing = isinstance(example, tuple | list) and not example
    return example if nothing and (module is not None or keywords) else given(example)


def plan_in(weights: str, family: str = "") -> Plan:
    """The network in a run's folder, a file of weights, or under a name that weights have.

    family: who wrote the file, one of `weights import`'s; "" finds out.  ValueError, one line.
    """
    network = network_in(weights, family)
    return network.plan if isinstance(network, QuantizedPlan) else network


def network_in(weights: str, family: str = "") -> Plan | QuantizedPlan:
    """`plan_in`, or the quantised plan where the weights are integers."""
    from .weights.by_name import find_weights
    from .weights.families import FAMILIES
    from .weights.hub import in_folder
    from .weights.native import written_by

    path = Path(weights)
    foreign = (path.is_file() and written_by(weights) != "npmobilenet") or in_folder(
        path
    ) is not None
    if family or not foreign:
        return find_weights(weights, family).model.network
    found: dict[Plan, list[str]] = {}
    for name in FAMILIES:
        try:
            model = find_weights(weights, name).model
        except ValueError:
            continue
        if model.quantized:
            return model.quantized
        found.setdefault(model.plan, []).append(name)
    if not found:
        raise ValueError(
            f"{weights}: no family of {', '.join(FAMILIES)} has such a network; say whose file it is, "
            "--from, to be told why"
        )
    return _one(weights, found)


def _one(weights: str, found: Mapping[Plan, list[str]]) -> Plan:
    """The plan, if all families that can read the file agree on what it costs."""
    costs = {(cost(each).macs, cost(each).params) for each in found}
    if len(costs) > 1:
        families = ", ".join(name for names in found.values() for name in names)
        raise ValueError(f"{weights}: may be of {families}; say whose file it is, --from")
    return next(iter(found))
