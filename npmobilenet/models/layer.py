"""What every layer is: where it stands, and which facts a kind of layer states.

Shapes leave out the batch.  `arrays` are trained, `statistics` are running estimates.  `inputs` names
the layers that feed this one; the picture itself is called "image".
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from math import prod
from typing import Any, ClassVar

from ..ops import checks
from ..ops.combine import DROPOUTS

Shape = tuple[int, ...]
Pair = tuple[int, int]

_SHARE = partial(checks.number, expected="within 0..1", holds=lambda value: 0 <= value <= 1)


def _shape(layer: str, name: str, value: object) -> None:
    if not isinstance(value, tuple) or not value or len(value) > 3:
        raise ValueError(f"{layer}: {name} must be one to three sizes, found {checks.shown(value)}")
    for size in value:
        checks.positive(layer, name, size)


def _names(layer: str, name: str, value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{layer}: {name} must be a tuple of names, found {checks.shown(value)}")


def _slope(layer: str, name: str, value: Any) -> None:
    if value is not None:
        checks.number(layer, name, value, "above 0, or None", lambda slope: slope > 0)


# what a setting of that name may be, in whatever kind of layer: (layer, setting, value) raises.  A window
# looks at its kernel, stride and padding itself
SETTINGS: dict[str, Callable[[str, str, Any], object]] = {
    "inputs": _names,
    "input": _shape,
    "filters": checks.positive,
    "groups": checks.positive,
    "units": checks.positive,
    "bias": checks.flag,
    "ceil_mode": checks.flag,
    "count_padding": checks.flag,
    "eps": partial(checks.number, expected="at least 0", holds=lambda value: value >= 0),
    "momentum": _SHARE,
    "rate": _SHARE,
    "mode": partial(checks.choice, known=DROPOUTS),
    "slope": _slope,
}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What every layer has, and what is so for a kind that does not say otherwise."""

    kind: ClassVar[str] = ""
    runs: ClassVar[str] = ""  # the operator, a name of `npmobilenet.ops`
    folds: ClassVar[bool] = False  # a batch normalisation behind it can be put into its weight
    gain: ClassVar[int] = 2  # its weights' initial variance times fan_in: He et al. 2015, for ReLU
    name: str
    inputs: tuple[str, ...]
    input: Shape  # of the first input: (H, W, C), or (C,) after the pooling

    def __post_init__(self) -> None:
        """ValueError or TypeError, naming layer and setting, where one is what no operator takes."""
        if not isinstance(self.name, str):
            raise TypeError(f"a layer's name must be a text, found {checks.shown(self.name)}")
        who = checks.shown_name(self.name)
        for field in fields(self):
            if field.name in SETTINGS:
                SETTINGS[field.name](who, field.name, getattr(self, field.name))

    @property
    def operator(self) -> str:
        """Name of its operator; gradients of inputs, then of `arrays`, are its *_backward's."""
        return self.runs

    @property
    def reads(self) -> tuple[Shape, ...]:
        """Shapes of all inputs."""
        return (self.input,)

    @property
    def output(self) -> Shape:
        """Shape of the result."""
        return self.input

    @property
    def block(self) -> str:
        """The part of the network it belongs to: "stem", "blocks.3", "classifier"."""
        first, _, rest = self.name.partition(".")
        return f"{first}.{rest.partition('.')[0]}" if rest else first.partition("_")[0]

    def group(self, depth: int) -> str:
        """Its name among others' of a part of the network: 1 "blocks", 2 "blocks.3", 3 its own."""
        return self.name if depth > 2 else ".".join(self.block.split(".")[:depth])

    @property
    def arrays(self) -> dict[str, Shape]:
        """Trained arrays: short name and shape."""
        return {}

    @property
    def statistics(self) -> dict[str, Shape]:
        """Running estimates: short name and shape."""
        return {}

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image, as the papers count: convolutions and dense layers."""
        return 0

    @property
    def flops(self) -> int:
        """Two for each MAC; where there are none, one for each element that goes in."""
        return 2 * self.macs or prod(self.input)

    @property
    def fan_in(self) -> int:
        """How many products make one output."""
        return prod(self.arrays["weight"][:-1]) if "weight" in self.arrays else 0

    @property
    def groups(self) -> int:
        """Sets of channels that do not see each other."""
        return 1
