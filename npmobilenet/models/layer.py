"""What every layer is: where it stands, and which facts a kind of layer states.

Shapes leave out the batch.  `arrays` are trained, `statistics` are running estimates.  `inputs` names
the layers that feed this one; the picture itself is called "image".
"""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

Shape = tuple[int, ...]
Pair = tuple[int, int]


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
