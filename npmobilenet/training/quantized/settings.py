"""What a configuration says of quantised training: the section [quantize]."""

from dataclasses import dataclass

from ...ops.checks import shown
from ...quantization.plan import ROUNDINGS
from ...settings import settle

RANGES = ("averaged", "learnt")


@dataclass(frozen=True, kw_only=True)
class Quantize:
    """Training for a network of integers: fake quantisation in every step.

    weights      bits of weights, 2 to 8; 0: a network of floats, and nothing of this section holds
    activations  bits of what layers put out: 8, as integer operators have them
    per_channel  True: a scale for each output channel of a weight; False: one for all of it
    ranges       "averaged": an activation's range is a moving average of each batch's least and greatest
                 number, a weight's reaches to its largest; "learnt": each scale is an array that
                 takes steps, and zero points stay as they began
    rounding     how the network of integers rounds: "single", once, which is what is learnt, and what
                 LiteRT does on x86; or "double", as its reference kernels do
    equalise     True: before the first step, channels between two layers are made equally wide on both
                 sides, which is the same network of floats
    rate         of that average: new = old + rate (batch - old)
    images       to look at before the first step, for ranges to begin with
    still        share of the run's steps, at its end, in which batch normalisations use their running
                 estimates and do not move them, and averaged ranges stay; 1.0: all steps

    ValueError, naming the setting, for what cannot be.
    """

    weights: int = 0
    activations: int = 8
    per_channel: bool = True
    ranges: str = "averaged"
    rounding: str = "single"
    equalise: bool = False
    rate: float = 0.01
    images: int = 128
    still: float = 0.5

    def __post_init__(self) -> None:
        settle(self)
        if self.weights != 0 and not 2 <= self.weights <= 8:
            raise ValueError(f"weights must be 2 to 8 bits, or 0, found {self.weights}")
        if self.activations != 8:
            raise ValueError(
                "activations must be 8 bits, as integer operators have them, found "
                f"{self.activations}"
            )
        if self.ranges not in RANGES:
            raise ValueError(
                f"ranges must be one of {', '.join(RANGES)}, found {shown(self.ranges)}"
            )
        if self.rounding not in ROUNDINGS:
            raise ValueError(
                f"rounding must be one of {', '.join(ROUNDINGS)}, found {shown(self.rounding)}"
            )
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate must be above 0 and at most 1, found {self.rate}")
        if not self.images > 0:
            raise ValueError(f"images must be above 0, found {self.images}")
        if not 0 <= self.still <= 1:
            raise ValueError(f"still must be from 0 to 1, found {self.still}")

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do."""
        return self.weights > 0

    @property
    def greatest(self) -> int:
        """The largest integer of a weight; the least is its negative: 127, or 7 with 4 bits."""
        return int(2 ** (self.weights - 1) - 1)
