"""What a network of 8-bit integers takes, in bytes: weights, biases, scales, and maps while it runs.

A weight is one byte and so is every number of a map; a bias has four, and each scale four more beside the
byte of its zero point.  The memory that maps take turns in, the arena of runtimes for small chips, is at
its largest while some step reads and writes: its inputs, its output and what a later step still reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from ..models.network_plan import Plan, check_plan
from ..ops import checks
from ..quantization.fitting import keeps_scale, shifts
from ..quantization.plan import QuantizedPlan, Step, lowered
from ..quantization.preparing import prepared_plan
from ..shown import Shown

BIAS = 4  # bytes of a number of a bias, which is int32
SCALE = 5  # of a scale, float32, and its zero point


@dataclass(frozen=True)
class IntegerStep:
    """One integer operator: MACs of one image; bytes of its arrays, and of maps for the whole batch."""

    name: str
    type: str
    clamp: str  # "relu", "relu6" or nothing
    output: tuple[int, ...]
    macs: int
    weights: int
    biases: int
    scales: int  # of its arrays and its output
    reads: int  # of the maps that it reads
    writes: int
    live: int  # of all maps that exist while it runs

    @property
    def arrays(self) -> int:
        """What a file holds of it."""
        return self.weights + self.biases + self.scales

    @property
    def moved(self) -> int:
        """What must be carried at least: its arrays once, what it reads and writes."""
        return self.weights + self.biases + self.reads + self.writes


@dataclass(frozen=True)
class IntegerCost(Shown):
    """A network of integers in bytes; `str()` of it is a table."""

    plan: Plan
    batch: int
    dtype: str
    per_channel: bool
    steps: tuple[IntegerStep, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image: of the network of floats too."""
        return sum(step.macs for step in self.steps)

    @property
    def weights(self) -> int:
        """Bytes of all weights, a byte each."""
        return sum(step.weights for step in self.steps)

    @property
    def biases(self) -> int:
        """Bytes of all biases, four a number."""
        return sum(step.biases for step in self.steps)

    @property
    def scales(self) -> int:
        """Bytes of all scales and zero points."""
        return SCALE + sum(step.scales for step in self.steps)  # the image has one

    @property
    def arrays(self) -> int:
        """Weights, biases and scales."""
        return self.weights + self.biases + self.scales

    @property
    def arena(self) -> int:
        """The most bytes of maps that exist at once, the image among them."""
        return max(step.live for step in self.steps)

    @property
    def widest(self) -> IntegerStep:
        """The step at which that is so."""
        return max(self.steps, key=lambda step: step.live)

    def sums(self) -> list[tuple[str, int, str]]:
        """What, bytes, remark."""
        floats = 4 * (self.weights + self.biases // BIAS)
        return [
            ("weights", self.weights, f"{self.dtype}, one byte each"),
            ("biases", self.biases, "int32"),
            ("scales", self.scales, "float32, and zero points"),
            ("all arrays", self.arrays, f"in float32 {floats:,}"),
            ("arena", self.arena, f"maps at {self.widest.name}, the image among them"),
        ]

    def rows(self) -> list[tuple[Any, ...]]:
        """A row of COLUMNS for each step."""
        return [
            (x.name, x.type, x.output, x.macs, x.weights + x.biases, x.writes, x.live)
            for x in self.steps
        ]

    def to_json(self) -> dict[str, Any]:
        """One object for programs; all sizes are bytes."""
        names = ("macs", "weights", "biases", "scales", "arrays", "arena")
        own = ("name", "type", "clamp", *names[:4], "reads", "writes", "live")
        return {
            "model": self.plan.model,
            "batch": self.batch,
            "dtype": self.dtype,
            "per_channel": self.per_channel,
            **{name: getattr(self, name) for name in names},
            "steps": [
                {name: getattr(x, name) for name in own} | {"output": list(x.output)}
                for x in self.steps
            ],
        }

    def __repr__(self) -> str:
        return (
            f"IntegerCost({self.dtype}, batch {self.batch}: {self.arrays:,} bytes of arrays, "
            f"{self.arena:,} of maps at most; {self.plan!r})"
        )


COLUMNS = ("step", "type", "output", ">MACs", ">bytes", ">map bytes", ">live bytes")


def integer_cost(
    plan: Plan | QuantizedPlan, *, batch: int = 1, dtype: str = "int8", per_channel: bool = True
) -> IntegerCost:
    """What a network takes in 8-bit integers, step by step.

    plan         what `npmobilenet.plan` returned, which is folded here; or a `QuantizedPlan`, which knows
                 dtype and per_channel itself
    batch        images at a time
    dtype        "int8" or "uint8", which has one scale a weight
    per_channel  a scale for each output channel of a weight

    Returns an `IntegerCost`.  ValueError where an argument cannot be; NotHandled, which names the layer,
    where one has no integer operator.
    """
    batch = checks.positive("memory", "batch", batch)
    per_channel = checks.flag("memory", "per_channel", per_channel)
    if isinstance(plan, QuantizedPlan):
        dtype, per_channel, pooling = plan.dtype, plan.per_channel, plan.pooling
        folded, steps = plan.plan, plan.steps
    else:
        check_plan(plan)
        if not isinstance(dtype, str) or dtype not in ("int8", "uint8"):
            raise ValueError(f"memory: dtype must be int8 or uint8, found {checks.shown(dtype)}")
        per_channel, pooling = per_channel and dtype == "int8", "mean"
        folded = prepared_plan(plan)
        steps = lowered(folded).steps
    sizes = {"image": batch * prod((*folded.resolution, folded.channels))}
    sizes |= {step.name: batch * prod(step.layer.output) for step in steps}
    last = {source: step.name for step in steps for source in step.inputs}
    alive = {"image"}
    found = []
    for step in steps:
        alive.add(step.name)
        found.append(_step(step, per_channel, pooling, sizes, sum(sizes[x] for x in alive)))
        alive -= {source for source in step.inputs if last[source] == step.name}
    return IntegerCost(folded, int(batch), dtype, per_channel, tuple(found))


def _step(
    step: Step, per_channel: bool, pooling: str, sizes: dict[str, int], live: int
) -> IntegerStep:
    layer, arrays = step.layer, step.layer.arrays
    scales = len(arrays) * (arrays["weight"][-1] if per_channel and arrays else 1)
    scales += (not keeps_scale(step, pooling)) + shifts(step)  # of what comes out
    return IntegerStep(
        step.name,
        getattr(layer, "function", layer.kind),
        step.activation or "",
        layer.output,
        layer.macs,
        prod(arrays.get("weight", (0,))),
        BIAS * prod(arrays.get("bias", (0,))),
        SCALE * scales,
        sum(sizes[source] for source in step.inputs),
        sizes[step.name],
        live,
    )
