"""Why time does not fall with MACs: each layer's floor on this machine, and its measured time.

A layer must multiply, and must carry its numbers from memory and back.  It can be faster than neither:

    floor = max(flops / peak, bytes / bandwidth)

Which of the two it is depends on the arithmetic intensity, flops / bytes (Williams, Waterman and
Patterson 2009).  A pointwise convolution of M to O channels multiplies each number it loads O times; a
depthwise one K² times; batch normalisation and activations once or twice, with no MAC at all on the
papers' bill.  So what MobileNet saves in multiplications it does not save in carrying.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ..models.capabilities import COST, require
from ..models.execute import FORWARD, Run
from ..models.layers import Layer
from ..models.network_plan import Plan
from ..ops.checks import Array
from ..quantization.execute import IntegerRun, execute
from ..quantization.plan import QuantizedPlan
from ..shown import Shown
from .integers import integer_cost
from .machine import Machine

if TYPE_CHECKING:
    pass

ITEM = 4  # float32


@dataclass(frozen=True)
class RooflineLayer:
    """One layer at one batch size."""

    name: str
    type: str
    macs: int
    flops: int  # also of what the papers do not count
    bytes: int  # read and written at least: inputs, parameters, output, each once
    compute: float  # seconds that the flops take at the machine's peak
    memory: float  # seconds that the bytes take at its bandwidth
    seconds: float | None  # measured

    @property
    def intensity(self) -> float:
        """Flops for each byte."""
        return self.flops / self.bytes

    @property
    def floor(self) -> float:
        """Seconds that nothing can undercut on this machine."""
        return max(self.compute, self.memory)

    @property
    def bound(self) -> str:
        """What sets the floor: "compute" or "memory"."""
        return "compute" if self.compute >= self.memory else "memory"


@dataclass(frozen=True)
class Roofline(Shown):
    """A plan on a machine; `str()` of it is a table."""

    plan: Plan
    batch: int
    machine: Machine
    layers: tuple[RooflineLayer, ...]

    def kinds(self) -> list[dict[str, Any]]:
        """By type of layer: shares of MACs, of bytes, of the floor and of the measured time."""
        totals: dict[str, dict[str, float]] = {}
        for x in self.layers:
            sums = totals.setdefault(x.type, dict.fromkeys(("macs", "bytes", "floor", "time"), 0.0))
            for name, value in zip(sums, (x.macs, x.bytes, x.floor, x.seconds or 0.0), strict=True):
                sums[name] += value
        whole = {name: sum(kind[name] for kind in totals.values()) for name in ("macs", "bytes")}
        whole |= {name: sum(kind[name] for kind in totals.values()) for name in ("floor", "time")}
        return [
            {"type": kind}
            | {name: value / whole[name] if whole[name] else 0.0 for name, value in sums.items()}
            for kind, sums in totals.items()
        ]

    def rows(self) -> list[tuple[Any, ...]]:
        """A row for each layer, times in microseconds."""
        return [
            (
                x.name,
                x.type,
                x.macs,
                x.bytes,
                f"{x.intensity:.2f}",
                x.bound,
                f"{1e6 * x.floor:.1f}",
                "" if x.seconds is None else f"{1e6 * x.seconds:.1f}",
            )
            for x in self.layers
        ]

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        names = ("name", "type", "macs", "flops", "bytes", "intensity", "bound")
        return {
            "model": self.plan.model,
            "batch": self.batch,
            "machine": self.machine.to_json(),
            "kinds": self.kinds(),
            "layers": [
                {name: getattr(x, name) for name in names}
                | {"floor_seconds": x.floor, "seconds": x.seconds}
                for x in self.layers
            ],
        }

    def verdict(self) -> str:
        """The answer in two sentences, with this run's numbers."""
        floor = sum(x.floor for x in self.layers)
        multiplying = 2 * sum(x.macs for x in self.layers) / self.machine.peak
        bound = sum(x.floor for x in self.layers if x.bound == "memory")
        text = (
            f"The MACs alone would take {1e3 * multiplying:.2f} ms at the peak; with what has to be "
            f"carried the floor is {1e3 * floor:.2f} ms, {100 * bound / floor:.0f} % of it in layers "
            "that wait for memory."
        )
        seconds = sum(x.seconds or 0.0 for x in self.layers)
        if seconds:
            idle = sum(x.seconds or 0.0 for x in self.layers if not x.macs)
            text += (
                f"\nMeasured: {1e3 * seconds:.2f} ms, {100 * idle / seconds:.0f} % of it in layers "
                "without a single MAC."
            )
        return text

    def __repr__(self) -> str:
        floor = sum(x.floor for x in self.layers)
        return f"Roofline(batch {self.batch}, floor {1e3 * floor:.2f} ms; {self.plan!r})"


COLUMNS = ("layer", "type", ">MACs", ">bytes", ">flops/byte", "bound", ">floor µs", ">measured µs")


def roofline(
    plan: Plan,
    machine: Machine,
    *,
    batch: int = 1,
    seconds: Mapping[str, float] | None = None,
) -> Roofline:
    """Every layer's floor on `machine`; seconds: measured times by layer, as of `timed_layers`."""
    require(COST, plan)
    found = []
    for layer in plan.layers:
        flops, moved = layer_flops(layer, batch), layer_bytes(layer, batch)
        found.append(
            RooflineLayer(
                name=layer.name,
                type=layer.kind,
                macs=batch * layer.macs,
                flops=flops,
                bytes=moved,
                compute=flops / machine.peak,
                memory=moved / machine.bandwidth(moved),
                seconds=None if seconds is None else seconds[layer.name],
            )
        )
    return Roofline(plan, batch, machine, tuple(found))


def integer_roofline(
    quantized: QuantizedPlan,
    machine: Machine,
    *,
    batch: int = 1,
    seconds: Mapping[str, float] | None = None,
) -> Roofline:
    """The same of a network of 8-bit integers, its steps instead of layers, a byte a number.

    machine is what `measure` gives; its peak for bytes follows from that of float32.
    """
    machine, found = machine.of_bytes(), []
    layers = {step.name: step.layer for step in quantized.steps}
    for step in integer_cost(quantized, batch=batch).steps:
        flops, moved = layer_flops(layers[step.name], batch), step.moved
        found.append(
            RooflineLayer(
                name=step.name,
                type=step.type,
                macs=batch * step.macs,
                flops=flops,
                bytes=moved,
                compute=flops / machine.peak,
                memory=moved / machine.bandwidth(moved),
                seconds=None if seconds is None else seconds[step.name],
            )
        )
    return Roofline(quantized.plan, batch, machine, tuple(found))


def timed_steps(
    quantized: QuantizedPlan, arrays: Mapping[str, Array], x: Array, *, repeats: int = 20
) -> dict[str, float]:
    """Seconds of each step of a network of integers, as `timed_layers`; x are its integers."""
    run = IntegerRun(quantized, arrays, None)
    least = dict.fromkeys((step.name for step in quantized.steps), float("inf"))
    for turn in range(repeats + 1):
        values = {"image": x}
        for step in quantized.steps:
            inputs = [values[name] for name in step.inputs]
            started = time.perf_counter()
            values[step.name] = execute(run, step, inputs)
            taken = time.perf_counter() - started
            if turn:
                least[step.name] = min(least[step.name], taken)
    return least


def layer_flops(layer: Layer, batch: int) -> int:
    """Those of a batch."""
    return batch * layer.flops


def layer_bytes(layer: Layer, batch: int) -> int:
    """Inputs, parameters and output, each once, in float32: less cannot be moved."""
    numbers = batch * sum(map(prod, (*layer.reads, layer.output)))
    arrays = layer.arrays | layer.statistics
    return ITEM * (numbers + sum(map(prod, arrays.values())))


def timed_layers(
    plan: Plan, params: Mapping[str, Array], x: Array, *, repeats: int = 20
) -> dict[str, float]:
    """Seconds of each layer of `infer`: its fastest of `repeats` runs after one that compiles."""
    run = Run(params, False, None, None)
    least = dict.fromkeys((layer.name for layer in plan.layers), float("inf"))
    for turn in range(repeats + 1):
        values = {"image": x}
        for layer in plan.layers:
            inputs = [values[name] for name in layer.inputs]
            started = time.perf_counter()
            values[layer.name], _ = FORWARD[type(layer)](run, layer, *inputs)
            taken = time.perf_counter() - started
            if turn:
                least[layer.name] = min(least[layer.name], taken)
    return least
