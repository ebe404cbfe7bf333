"""What training costs: the backward pass layer by layer, the whole step, the optimiser's state.

Every product x*w of a convolution or dense layer sends its gradient both ways, so a layer of c MACs
costs c for the gradient of its input (dy * w) and c for that of its weights (x * dy): the backward
pass is twice the forward one.  That holds for depthwise and grouped convolutions as it stands, since
nothing but those products is there to be differentiated.  The first layer is cheaper: nobody asks for
the gradient of the picture.

The convention is that of the forward count: products of convolutions and dense layers, those with
padding zeros included, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ..models.capabilities import COST, require
from ..models.layers import Layer
from ..models.network_plan import Plan, check_plan
from ..ops.checks import flag, shown
from ..shown import Shown

if TYPE_CHECKING:
    pass

# numbers that an optimiser keeps for each trained number: none without momentum, a velocity, two moments
OPTIMIZER_STATE = {"plain": 0, "sgd": 1, "adam": 2}


COLUMNS = ("layer", "type", ">forward", ">gradient of input", ">of weights", ">step")


@dataclass(frozen=True)
class TrainingLayer:
    """One layer's MACs for one image, in each direction."""

    name: str
    type: str
    forward: int
    input_gradient: int
    weight_gradient: int

    @property
    def backward(self) -> int:
        """Both gradients."""
        return self.input_gradient + self.weight_gradient


@dataclass(frozen=True)
class TrainingCost(Shown):
    """A plan's training step; `str()` of it is a table.  MACs are for one image."""

    plan: Plan
    layers: tuple[TrainingLayer, ...]
    image_gradient: bool

    @property
    def forward(self) -> int:
        """MACs of the forward pass."""
        return sum(layer.forward for layer in self.layers)

    @property
    def backward(self) -> int:
        """MACs of the backward pass."""
        return sum(layer.backward for layer in self.layers)

    @property
    def step(self) -> int:
        """MACs of both."""
        return self.forward + self.backward

    @property
    def flops(self) -> int:
        """Two operations for each multiply-accumulate of the step."""
        return 2 * self.step

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return {
            "model": self.plan.model,
            "dialect": self.plan.dialect.name,
            "image_gradient": self.image_gradient,
            "forward": self.forward,
            "backward": self.backward,
            "step": self.step,
            "flops": self.flops,
            "layers": [
                {
                    "name": x.name,
                    "type": x.type,
                    "forward": x.forward,
                    "input_gradient": x.input_gradient,
                    "weight_gradient": x.weight_gradient,
                }
                for x in self.layers
            ],
        }

    def rows(self) -> list[tuple[Any, ...]]:
        """A row of COLUMNS for each layer that multiplies."""
        return [
            (x.name, x.type, x.forward, x.input_gradient, x.weight_gradient, x.forward + x.backward)
            for x in self.layers
            if x.forward
        ]

    def note(self) -> str:
        """The totals, and PyTorch's own beside them."""
        counter = 2 * self.forward + torch_flop_counter_backward(
            self.plan, image_gradient=self.image_gradient
        )
        return (
            f"{self.forward:,} forward + {self.backward:,} backward = {self.step:,} MACs\n"
            f"= {self.flops:,} flops for one image, {self.step / self.forward:.3f} times the forward "
            f"pass\ntorch.utils.flop_counter of PyTorch 2.13 says {counter:,} flops, "
            f"{counter / self.flops:.2f} times as many: it takes the weight gradient of a depthwise "
            "convolution of M channels for a standard one's, M times the work"
        )

    def __repr__(self) -> str:
        return f"TrainingCost({self.forward:,} + {self.backward:,} MACs; {self.plan!r})"


def training_cost(plan: Plan, *, image_gradient: bool = False) -> TrainingCost:
    """Count forward and backward pass of every layer; image_gradient=True counts that of the picture."""
    image_gradient = flag("training_cost", "image_gradient", image_gradient)
    check_plan(plan)
    require(COST, plan)
    layers = []
    for layer in plan.layers:
        wanted = image_gradient or layer.inputs != ("image",)
        gradients = (layer.macs if wanted else 0, layer.macs)
        layers.append(TrainingLayer(layer.name, layer.kind, layer.macs, *gradients))
    return TrainingCost(plan, tuple(layers), image_gradient)


def optimizer_numbers(plan: Plan, optimizer: str) -> int:
    """How many numbers "plain" descent, "sgd" with momentum or "adam" keeps; a step counter apart."""
    if not isinstance(optimizer, str) or optimizer not in OPTIMIZER_STATE:
        raise ValueError(
            f"optimizer must be one of {', '.join(OPTIMIZER_STATE)}, found {shown(optimizer)}"
        )
    return OPTIMIZER_STATE[optimizer] * sum(map(prod, plan.parameters.values()))


def torch_flop_counter_backward(plan: Plan, *, batch: int = 1, image_gradient: bool = False) -> int:
    """What PyTorch 2.13's `torch.utils.flop_counter` says of a backward pass, in flops.

    Two flops a product.  The gradient of the input it counts as here.  The gradient of a convolution's
    weights it counts as a convolution over x with dy for filters, (all M channels of x) x (all O of
    dy) x window x pixels: right for a standard convolution, M times too much for a depthwise one,
    whose filters see one channel each.
    """
    cost = training_cost(plan, image_gradient=image_gradient)
    products = sum(
        counted.input_gradient + _torch_weight_gradient(layer)
        for layer, counted in zip(plan.layers, cost.layers, strict=True)
    )
    return 2 * batch * products


def _torch_weight_gradient(layer: Layer) -> int:
    """The products of one layer's weight gradient by that rule; depthwise layers have M groups."""
    return layer.macs * layer.groups
