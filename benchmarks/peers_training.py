"""python -m benchmarks.peers_training PEER CASE FILE THREADS: training steps in a process of its own.

It is asked in lines of JSON on standard input and answers in lines on standard output:

    {"do": "load"}                    {"seconds": ...}           with the first step
    {"do": "check", "file": f}        {}                         loss and gradients of the first batch
    {"do": "burst", "seconds": s}     {"steps": [seconds]}
    {"do": "memory"}                  {"peak": bytes}

FILE holds the parameters, under the plan's names, and the batch: "x" and "labels".
A step is forward, loss and backward; nobody's weights move.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import npmobilenet as nm
from npmobilenet.models.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GlobalAveragePool,
    Layer,
    Pointwise,
    Scale,
)

CASES: dict[str, tuple[dict[str, Any], int]] = {
    "v1-cifar": ({"model": "v1", "dialect": "cifar"}, 64),
    "v1-224": ({"model": "v1"}, 8),
    "v2-224": ({"model": "v2"}, 8),
    "v3-small-224": ({"model": "v3-small"}, 8),
    "v1-0.25-128": ({"model": "v1", "width": 0.25, "resolution": 128}, 32),
}
PEERS = {
    "ours": {},
    "ours-1": {},
    "torch": {},
    "torch-channels-last": {},
    "torch-channels-last-thp": {"THP_MEM_ALLOC_ENABLE": "1"},
    "torch-compile": {"THP_MEM_ALLOC_ENABLE": "1"},
}

Step = Callable[[], tuple[float, dict[str, Any]]]


def case_plan(case: str) -> tuple[nm.Plan, int]:
    """The plan of a case, without dropout, and its batch."""
    from dataclasses import replace

    from npmobilenet.models.dialect import Dialect
    from npmobilenet.models.dialects import dialect_named

    asked, batch = CASES[case]
    dialect: Dialect = replace(dialect_named(asked.get("dialect", "paper")), dropout=0.0)
    return nm.plan(**(asked | {"dialect": dialect})), batch


def ours(plan: nm.Plan, arrays: dict[str, Any], threads: int, peer: str) -> Step:
    """This project's step."""
    from npmobilenet.engine.training import compile_training

    params = {name: arrays[name] for name in plan.arrays}
    threads = 1 if peer.endswith("-1") else threads
    step = compile_training(plan, params, len(arrays["x"]), threads)

    def call() -> tuple[float, dict[str, Any]]:
        loss, _ = step(arrays["x"], arrays["labels"])
        return loss, step.grads

    return call


def pytorch(plan: nm.Plan, arrays: dict[str, Any], threads: int, peer: str) -> Step:
    """PyTorch's, of plain modules."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    network = _network(plan, arrays)
    x = torch.from_numpy(arrays["x"].transpose(0, 3, 1, 2).copy())
    if peer != "torch":
        network = network.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(arrays["labels"])
    run = torch.compile(network) if peer == "torch-compile" else network

    def call() -> tuple[float, dict[str, Any]]:
        for p in network.parameters():
            p.grad = None
        loss = F.cross_entropy(run(x), labels)
        loss.backward()
        return loss.item(), network.gradients()

    return call


def _network(plan: nm.Plan, arrays: dict[str, Any]) -> Any:
    import torch
    from torch import nn
    from torch.nn import functional as F

    functions = {
        "relu": F.relu, "relu6": F.relu6, "hard_swish": F.hardswish, "hard_sigmoid": F.hardsigmoid,
        "swish": F.silu,
    }  # fmt: skip

    class Network(nn.Module):
        """The layers in order."""

        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleDict(
                {
                    layer.name.replace(".", "_"): made
                    for layer in plan.layers
                    if (made := _module(layer, arrays)) is not None
                }
            )

        def forward(self, image: Any) -> Any:
            values = {"image": image}
            last = {source: layer.name for layer in plan.layers for source in layer.inputs}
            for layer in plan.layers:
                a, *b = (values[source] for source in layer.inputs)
                if isinstance(layer, Activation):
                    if layer.function == "hard_sigmoid":
                        y = F.hardsigmoid(a)
                    else:
                        # in place where nothing else reads it, as PyTorch's own models do
                        y = functions[layer.function](a, inplace=True)
                elif isinstance(layer, Add):
                    y = a + b[0]
                elif isinstance(layer, Scale):
                    y = a * b[0][:, :, None, None]
                elif isinstance(layer, GlobalAveragePool):
                    y = a.mean((2, 3))
                elif isinstance(layer, Dropout):
                    y = a
                else:
                    y = self.parts[layer.name.replace(".", "_")](a)
                values[layer.name] = y
                for source in layer.inputs:
                    if last[source] == layer.name:
                        values.pop(source, None)
            return y

        def gradients(self) -> dict[str, Any]:
            """Under the plan's names, in PyTorch's shapes."""
            names = {"weight": "gamma", "bias": "beta"}
            found = {}
            for layer in plan.layers:
                part = (
                    self.parts[key] if (key := layer.name.replace(".", "_")) in self.parts else None
                )
                if part is None:
                    continue
                for name, p in list(part.named_parameters()):
                    short = name.rpartition(".")[2]
                    short = names[short] if isinstance(layer, BatchNorm) else short
                    found[f"{layer.name}.{short}"] = p.grad
            return found

    assert torch is not None
    return Network().train()


def _module(layer: Layer, arrays: dict[str, Any]) -> Any:
    import torch
    from torch import nn

    def of(name: str) -> Any:
        return nn.Parameter(torch.from_numpy(arrays[f"{layer.name}.{name}"].copy()))

    made: Any
    if isinstance(layer, BatchNorm):
        made = nn.BatchNorm2d(layer.input[-1], layer.eps, layer.momentum)
        made.weight, made.bias = of("gamma"), of("beta")
        return made
    if isinstance(layer, Dense):
        made = nn.Linear(layer.input[-1], layer.units, layer.bias)
        made.weight = nn.Parameter(of("weight").detach().T.contiguous())
    elif isinstance(layer, Conv | Depthwise | Pointwise):
        kernel, stride = getattr(layer, "kernel", (1, 1)), getattr(layer, "stride", (1, 1))
        sides = (0, 0, 0, 0) if isinstance(layer, Pointwise) else layer.window.sides
        top, bottom, left, right = sides
        groups = layer.input[-1] if isinstance(layer, Depthwise) else 1
        even = (top, left) == (bottom, right)
        made = nn.Conv2d(
            layer.input[-1], layer.output[-1], kernel, stride, (top, left) if even else 0,
            groups=groups, bias=layer.bias,
        )  # fmt: skip
        w = of("weight").detach()
        if isinstance(layer, Conv):
            w = w.permute(3, 2, 0, 1)
        elif isinstance(layer, Depthwise):
            w = w.permute(2, 0, 1)[:, None]
        else:
            w = w.T[:, :, None, None]
        made.weight = nn.Parameter(w.contiguous())
        if not even:
            if layer.bias:
                made.bias = of("bias")
            return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), made)
    else:
        return None
    if layer.bias:
        made.bias = of("bias")
    return made


def as_ours(name: str, array: Any, layer: Layer) -> Any:
    """A gradient of PyTorch's in the papers' order."""
    if not name.endswith(".weight"):
        return array
    if isinstance(layer, Dense):
        return array.T
    if isinstance(layer, Pointwise):
        return array[:, :, 0, 0].T
    if isinstance(layer, Depthwise):
        return array[:, 0].transpose(1, 2, 0)
    return array.transpose(2, 3, 1, 0)


def _peak() -> int:
    with open("/proc/self/status") as file:
        return next((1024 * int(s.split()[1]) for s in file if s.startswith("VmHWM")), 0)


def main() -> None:
    """Serve until standard input ends."""
    peer, case, file, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    plan, _ = case_plan(case)
    arrays = dict(np.load(file))
    call: Step | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        found: dict[str, Any] = {}
        if asked["do"] == "load":
            started = time.perf_counter()
            make = ours if peer.startswith("ours") else pytorch
            call = make(plan, arrays, int(threads), peer)
            call()
            found["seconds"] = time.perf_counter() - started
        elif asked["do"] == "memory":
            found["peak"] = _peak()
        else:
            assert call is not None
            if asked["do"] == "check":
                loss, grads = call()
                own = {
                    k: v if isinstance(v, np.ndarray)
                    else as_ours(k, v.numpy(), plan[k.rpartition(".")[0]])
                    for k, v in grads.items()
                }  # fmt: skip
                np.savez(asked["file"], loss=loss, **own)
            else:
                steps: list[float] = []
                call()
                started = before = time.perf_counter()
                while not steps or before - started < asked["seconds"]:
                    call()
                    after = time.perf_counter()
                    steps.append(after - before)
                    before = after
                found["steps"] = steps
        answers.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
