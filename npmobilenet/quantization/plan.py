"""A quantised network as data: a folded plan, and how the numbers of each of its tensors are stored.

The integers compute whole operators: a convolution with its bias and the ReLU behind it is one, as in
every runtime for them.  So a plan's layers become fewer `Step`s, and the output of each is called as the
layer that computes it; an activation that is part of a step has no tensor of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from ..models.capabilities import NotHandled, require
from ..models.layers import (
    Activation,
    Add,
    BatchNorm,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    GroupedConv,
    Layer,
    Pointwise,
    Scale,
)
from ..models.network_plan import Plan, check_plan
from ..ops.checks import names, shown
from ..ops.integers.numbers import Quantization
from ..shown import Shown
from .handled import QUANTIZED

ROUNDINGS = ("double", "single")
POOLINGS = ("mean", "average_pool")
FUSED = ("relu", "relu6")  # what an operator can clamp its own result to
WITH_WEIGHTS = (Conv, Depthwise, GroupedConv, Pointwise, Dense)
FUSES = (*WITH_WEIGHTS, Add, Scale)  # what has a clamp


@dataclass(frozen=True, kw_only=True)
class Step:
    """One integer operator.

    layer       the layer of the folded plan that it computes
    activation  "relu" or "relu6" of the layer that alone reads it, else None
    inputs      names of the tensors it reads: "image", or other steps
    """

    layer: Layer
    activation: str | None = None
    inputs: tuple[str, ...]

    @property
    def name(self) -> str:
        """What its output is called: as the layer."""
        return self.layer.name

    @property
    def weighted(self) -> bool:
        """Whether it has a weight, and perhaps a bias."""
        return isinstance(self.layer, WITH_WEIGHTS)


class Lowered(NamedTuple):
    """A folded plan as steps; the name of its answer; step -> the layer whose result is its output."""

    steps: tuple[Step, ...]
    output: str
    ends: dict[str, str]


def lowered(plan: Plan) -> Lowered:
    """The integer operators of a folded plan, in the order they run.

    NotHandled, a ValueError that names the layer, where one has no integer operator.
    """
    require(QUANTIZED, plan)
    for layer in plan.layers:
        if isinstance(layer, BatchNorm):
            raise NotHandled(f"quantize: {layer.name} normalises what no convolution puts out")
    now = resolved(plan)
    readers = Counter(
        now[source]
        for layer in plan.layers
        if not isinstance(layer, Dropout)
        for source in layer.inputs
    )
    steps: dict[str, Step] = {}
    ends: dict[str, str] = {}
    for layer in plan.layers:
        if isinstance(layer, Dropout):
            continue
        inputs = tuple(now[source] for source in layer.inputs)
        before = steps.get(inputs[0])
        if (
            isinstance(layer, Activation)
            and layer.function in FUSED
            and before is not None
            and isinstance(before.layer, FUSES)
            and before.activation is None
            and readers[inputs[0]] == 1
        ):
            steps[before.name] = replace(before, activation=layer.function)
            ends[before.name] = layer.name
            for name, source in now.items():
                now[name] = before.name if source == layer.name else source
        else:
            steps[layer.name] = Step(layer=layer, inputs=inputs)
            ends[layer.name] = layer.name
    return Lowered(tuple(steps.values()), now[plan.layers[-1].name], ends)


def resolved(plan: Plan) -> dict[str, str]:
    """Layer -> whose output its result is, where dropout has nothing to do; "image" is itself."""
    now = {"image": "image"}
    for layer in plan.layers:
        now[layer.name] = now[layer.inputs[0]] if isinstance(layer, Dropout) else layer.name
    return now


@dataclass(frozen=True, kw_only=True)
class QuantizedPlan(Shown):
    """A network of integers as data; its arrays are a dict beside it, as a plan's params are.

    plan       folded: no batch normalisation is in it; activations are layers
    numbers    how tensors are stored: "image", every step's output by its name, "NAME.weight",
               "NAME.bias", "NAME.shifted" (a hard sigmoid's relu6(x + 3)); "softmax" where the
               network ends with one; "NAME.three" and "NAME.sixth" where a hard sigmoid's constants
               3 and 1/6 are stored otherwise than with the greatest integer; "pixels" (uint8) where
               the network itself makes its image of them
    rounding   "double", as LiteRT's reference kernels round, or "single", as XNNPACK does
    pooling    which operator the global pool is: "mean", or "average_pool", which keeps the scale
    connected  names of dense layers that are LiteRT's FULLY_CONNECTED, which rounds once, in float64;
               the others are its CONV_2D of one pixel, as most files have them
    steps      the integer operators, in the order they run

    A tensor's numbers are qplan["stem"], a step qplan.step("stem").  ValueError, in one line, where
    numbers are missing, too many, or not as the operators expect.
    """

    plan: Plan
    numbers: Mapping[str, Quantization]
    rounding: str = "double"
    pooling: str = "mean"
    connected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_plan(self.plan)
        for name, value, known in (
            ("rounding", self.rounding, ROUNDINGS),
            ("pooling", self.pooling, POOLINGS),
        ):
            if not isinstance(value, str) or value not in known:
                raise ValueError(
                    f"QuantizedPlan: {name} must be one of {', '.join(known)}, found {shown(value)}"
                )
        if not isinstance(self.numbers, Mapping):
            found = type(self.numbers).__name__
            raise TypeError(f"QuantizedPlan: numbers must be a dict by name, found {found}")
        object.__setattr__(self, "numbers", dict(self.numbers))
        names(
            "QuantizedPlan",
            "connected",
            self.connected,
            [layer.name for layer in self.plan if isinstance(layer, Dense)],
        )
        object.__setattr__(self, "connected", tuple(self.connected))
        from .fitting import check_numbers

        check_numbers(self)

    def __hash__(self) -> int:
        """Of the plan: the numbers, some hundreds of records, seldom differ alone."""
        return hash((self.plan, self.rounding, self.pooling))

    def __repr__(self) -> str:
        scales = "per channel" if self.per_channel else "per tensor"
        return (
            f"QuantizedPlan({self.dtype} {scales}, {len(self.steps)} steps, {self.rounding} "
            f"rounding; {self.plan!r})"
        )

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The integer operators, in the order they run."""
        return self.lowered.steps

    @cached_property
    def lowered(self) -> Lowered:
        """Steps, the name of the answer, and which layer's result each step puts out."""
        return lowered(self.plan)

    @cached_property
    def _by_name(self) -> dict[str, Step]:
        return {step.name: step for step in self.steps}

    def step(self, name: str) -> Step:
        """The step of that name."""
        if not isinstance(name, str) or name not in self._by_name:
            raise KeyError(f"no step {shown(name)} in the quantised {self.plan.model}")
        return self._by_name[name]

    def __getitem__(self, name: str) -> Quantization:
        """How a tensor is stored."""
        if not isinstance(name, str) or name not in self.numbers:
            raise KeyError(f"no tensor {shown(name)} in the quantised {self.plan.model}")
        return self.numbers[name]

    def __iter__(self) -> Iterator[Step]:
        """The steps, in the order they run."""
        return iter(self.steps)

    def __len__(self) -> int:
        """How many steps there are."""
        return len(self.steps)

    @property
    def dtype(self) -> str:
        """Of the activations: "int8" or "uint8"."""
        return self.numbers["image"].dtype

    @property
    def per_channel(self) -> bool:
        """Whether a weight has a scale for each output channel."""
        weights = (self.numbers[f"{s.name}.weight"] for s in self.steps if s.weighted)
        return any(len(numbers.scale) > 1 for numbers in weights)

    @property
    def output(self) -> str:
        """The name of the tensor that is the network's answer."""
        return self.lowered.output

    def end(self, name: str) -> str:
        """The layer whose result a step puts out: the activation that is part of it, or its own."""
        return self.lowered.ends[self.step(name).name]

    @property
    def arrays(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of every array: "stem.weight" -> ((3, 3, 3, 32), "int8")."""
        found: dict[str, tuple[tuple[int, ...], str]] = {}
        for step in self.steps:
            for short, shape in step.layer.arrays.items():
                name = f"{step.name}.{short}"
                found[name] = shape, self.numbers[name].dtype
        return found

    def with_rounding(self, rounding: str) -> QuantizedPlan:
        """The same network, rounded otherwise."""
        changed: Any = {"rounding": rounding}
        return replace(self, **changed)
