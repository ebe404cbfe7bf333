"""Memory that a plan needs: parameters, what the backward pass keeps, and the peaks of running it.

A run is followed on paper: each layer's call puts arrays into the world (`footprints`), and each array
leaves it when nothing refers to it any more, as in `npmobilenet.models.network`: a forward pass keeps
an output until its last reader has run, or for ever if the tape holds it; a backward pass keeps the
gradient of an output until the layer has taken it.  The image and the parameters are the caller's and
not part of any peak.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.capabilities import require
from ..models.layers import Add
from ..models.network_plan import Plan, check_plan
from ..ops import checks
from ..shown import Shown
from .backward import optimizer_numbers
from .operator_memory import MEMORY, Block, backward_work, forward_work

if TYPE_CHECKING:
    pass

Blocks = dict[str, tuple[Block, ...]]


@dataclass(frozen=True)
class MemoryCost(Shown):
    """Bytes; `str()` of it is a table."""

    plan: Plan
    batch: int
    dtype: str
    optimizer: str
    parameters: int  # trained arrays and running statistics
    gradients: int
    optimizer_state: int
    kept: tuple[tuple[str, int], ...]  # layer, bytes that its cache adds to the tape
    inference_peak: int  # of `infer`
    forward_peak: int  # of a training `forward`
    step_peak: int  # of `forward` and `backward` together

    @property
    def tape(self) -> int:
        """All that a training forward pass keeps for the backward pass."""
        return sum(size for _, size in self.kept)

    @property
    def training(self) -> int:
        """Parameters, optimiser's state and the peak of a step, in which the gradients are."""
        return self.parameters + self.optimizer_state + self.step_peak

    def to_json(self) -> dict[str, Any]:
        """One object for programs; all numbers are bytes."""
        names = ["parameters", "gradients", "optimizer_state", "tape", "inference_peak"]
        names += ["forward_peak", "step_peak", "training"]
        return {
            "model": self.plan.model,
            "batch": self.batch,
            "dtype": self.dtype,
            "optimizer": self.optimizer,
            **{name: getattr(self, name) for name in names},
            "kept": [{"name": name, "bytes": size} for name, size in self.kept],
            "materialised": [
                {"resolution": list(size), "channels": channels, "between_blocks": between}
                for between in (False, True)
                for size, channels in materialised(self.plan, between_blocks=between).items()
            ],
        }

    def sums(self) -> list[tuple[str, int, str]]:
        """What, bytes, remark."""
        return [
            ("parameters", self.parameters, "trained arrays and running statistics"),
            ("gradients", self.gradients, "one number for each trained one"),
            ("optimiser", self.optimizer_state, f"state of {self.optimizer}"),
            ("tape", self.tape, "kept by a training forward pass for the backward pass"),
            ("peak of inference", self.inference_peak, "beside image and parameters"),
            ("peak of a training forward", self.forward_peak, "the same, tape included"),
            ("peak of a training step", self.step_peak, "the same, gradients included"),
            ("training", self.training, "parameters, optimiser's state and that peak"),
        ]

    def __repr__(self) -> str:
        return (
            f"MemoryCost(batch {self.batch}, {self.dtype}, {self.optimizer}: {self.training:,} bytes "
            f"for training, {self.inference_peak:,} at the peak of inference; {self.plan!r})"
        )


def memory_cost(
    plan: Plan, *, batch: int = 1, dtype: str = "float32", optimizer: str = "sgd"
) -> MemoryCost:
    """What running and training a plan on `batch` images takes, on the numba rung.

    dtype: "float32" or "float64"; optimizer: "plain", "sgd" (with momentum) or "adam".  ValueError
    for anything else.  A network of 8-bit integers is never trained: `integer_cost` has its bytes.
    """
    check_plan(plan)
    require(MEMORY, plan)
    batch = checks.positive("memory", "batch", batch)
    if not isinstance(dtype, str) or dtype not in ("float32", "float64"):
        raise ValueError(f"memory: dtype must be float32 or float64, found {checks.shown(dtype)}")
    item = np.dtype(dtype).itemsize
    trained = sum(map(prod, plan.parameters.values()))
    inference, _, _ = _forward(plan, batch, item, train=False)
    forward_peak, tape, remaining = _forward(plan, batch, item, train=True)
    step_peak = max(forward_peak, _backward(plan, batch, item, tape, remaining))
    return MemoryCost(
        plan=plan,
        batch=int(batch),
        dtype=dtype,
        optimizer=optimizer,
        parameters=item * sum(map(prod, plan.arrays.values())),
        gradients=item * trained,
        optimizer_state=item * optimizer_numbers(plan, optimizer),
        kept=tuple(_first_kept(tape)),
        inference_peak=inference,
        forward_peak=forward_peak,
        step_peak=step_peak,
    )


def _forward(
    plan: Plan, batch: int, item: int, *, train: bool
) -> tuple[int, Blocks, tuple[Block, ...]]:
    """Peak, tape (in training), and what else is left at the end: logits and running statistics."""
    values = {"image": Block(0)}  # the caller's
    last_use = {source: layer.name for layer in plan.layers for source in layer.inputs}
    tape: Blocks = {}
    statistics: list[Block] = []
    peak = 0
    for layer in plan.layers:
        work = forward_work(layer, batch, item, train=train)
        peak = max(peak, _total(values.values(), *tape.values(), statistics) + work.peak)
        y, *others = map(Block, work.results)
        statistics += others
        values[layer.name] = y
        if train:
            kept = [values[source] for source in layer.inputs] if work.keeps_inputs else []
            kept += [y] * work.keeps_output + [Block(work.cached)] * (work.cached > 0)
            tape[layer.name] = tuple(kept)
        for source in layer.inputs:
            if last_use[source] == layer.name:
                values.pop(source, None)
    return peak, tape, (values[plan.layers[-1].name], *statistics)


def _backward(plan: Plan, batch: int, item: int, tape: Blocks, remaining: Iterable[Block]) -> int:
    """Peak of a backward pass while the tape and what else the forward pass left are held."""
    last = plan.layers[-1]
    flowing = {last.name: Block(item * batch * prod(last.output))}
    held = [*remaining]
    before: list[Block] = []  # gradients handed on by the layer that has just run
    peak = 0
    for layer in reversed(plan.layers):
        dy = flowing.pop(layer.name)
        wanted = layer.inputs != ("image",)
        work = backward_work(layer, batch, item, wanted=wanted)
        alive = _total(held, flowing.values(), before, [dy], *tape.values())
        peak = max(peak, alive + work.peak)
        count = len(layer.inputs)
        results = [dy, dy] if isinstance(layer, Add) else [*map(Block, work.results)]
        before = results[:count]
        held += results[count:]
        for source, dx in zip(layer.inputs, before, strict=True):
            if source in flowing:  # an output read twice: the sum is a new array
                total = Block(dx.bytes)
                alive = _total(held, flowing.values(), before, [dy, total], *tape.values())
                peak = max(peak, alive)
                flowing[source] = total
            else:
                flowing[source] = dx
    return peak


def _total(*groups: Iterable[Block]) -> int:
    """Bytes of all blocks, each counted once."""
    return sum(block.bytes for block in {block for group in groups for block in group})


def _first_kept(tape: Blocks) -> Iterable[tuple[str, int]]:
    """For each layer the bytes that no earlier layer's cache already holds."""
    seen: set[Block] = set()
    for name, blocks in tape.items():
        new = set(blocks) - seen
        seen |= new
        yield name, sum(block.bytes for block in new)


def materialised(plan: Plan, *, between_blocks: bool) -> dict[tuple[int, int], int]:
    """The most channels that any map of each resolution (H, W) has: V2's Table 3.

    between_blocks=True asks only for what one block hands to the next, as V2's section 5 does: what is
    inside an inverted residual can be computed a few channels at a time, and so can the stem with the
    first block and the last convolution with the pooling, so that their wide maps never stand in
    memory whole.
    """
    ends = {layer.block: layer.name for layer in plan.layers if layer.name.startswith("blocks.")}
    most: dict[tuple[int, int], int] = {}
    for layer in plan.layers:
        pooled = len(layer.output) == 1
        handed_on = ends.get(layer.block) == layer.name or (pooled and "." not in layer.name)
        if handed_on or not between_blocks:
            size = (1, 1) if pooled else (layer.output[0], layer.output[1])
            most[size] = max(most.get(size, 0), layer.output[-1])
    return most
